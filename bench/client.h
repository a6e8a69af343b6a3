/*
 * client.h - many connections to an echo server, and a check of every byte
 *
 * What the load generator's modes share: opening connections, sending
 * messages, taking the echoes in. See client.c.
 */
#ifndef BENCH_CLIENT_H
#define BENCH_CLIENT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* One connection. A stream is endless; messages are a matter of counting: the
 * bytes to `due` shall be sent, those to `sent` are with the kernel, those to
 * `received` have come back. */
struct peer {
    int fd;
    uint32_t start; /* where in the pattern its stream begins */
    uint64_t due, sent, received;
};

struct client {
    int epoll;
    struct sockaddr_storage server;
    socklen_t server_length;
    unsigned sources; /* how many source addresses are used up */
    uint32_t events;  /* for epoll; by edge, reading and writing */
    int buffers;      /* SO_SNDBUF and SO_RCVBUF; 0: the kernel's own */
    size_t size;      /* of a message */
    struct peer *peers;
    unsigned count, room;
};

/* Prints a message and the text of errno (0: none) and exits. */
_Noreturn void client_fail(const char *what, int error);

/* calloc(), or the program ends. */
void *client_allocate(size_t size);

/* Room for `room` connections to a numeric host and port. */
void client_init(struct client *client, const char *host, const char *port,
                 unsigned room, size_t size);

/* Opens connections until there are `count`; no byte is sent. Not more than a
 * hundred at a time: all that wait to be accepted must fit into a backlog. */
void client_connect(struct client *client, unsigned count);

/* The same, and each has echoed one message. */
void client_open(struct client *client, unsigned count);

/* Sends `messages` on every connection and waits for all the echoes. */
void client_round(struct client *client, unsigned messages);

/* What a stream has to be at a place in it; a period can be read at least. */
const char *peer_pattern(const struct peer *peer, uint64_t position);

/* Sends FIN on all connections, waits for the server's, closes. */
void client_close_all(struct client *client);

/* Closes all connections at once, without leaving a TIME_WAIT behind. */
void client_reset_all(struct client *client);

/* The same, and gives back what client_init() took. */
void client_end(struct client *client);

/* Connects; gives the descriptor or a negative errno. One of the mode's own
 * making, outside of `peers`. */
int client_connect_one(struct client *client);

/* Sends what is due, as far as the kernel takes it. */
void peer_flush(struct peer *peer);

/* Takes in what has come, and compares it with what was sent. */
void peer_receive(struct peer *peer);

/* Until there is something to receive. */
void peer_wait(const struct peer *peer);

/* Waits for the other side's FIN, which must be the next that comes. */
void peer_wait_for_end(const struct peer *peer);

#endif
