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
    size_t size;      /* of a message */
    struct peer *peers;
    unsigned count, room;
};

/* Prints a message and the text of errno (0: none) and exits. */
_Noreturn void client_fail(const char *what, int error);

/* Room for `room` connections to a numeric host and port. */
void client_init(struct client *client, const char *host, const char *port,
                 unsigned room, size_t size);

/* Opens connections until there are `count`; each has echoed one message. */
void client_open(struct client *client, unsigned count);

/* Sends `messages` on every connection and waits for all the echoes. */
void client_round(struct client *client, unsigned messages);

/* Sends FIN on the last connection, waits for the server's, closes. */
void client_close_last(struct client *client);

/* Closes all connections at once, without leaving a TIME_WAIT behind. */
void client_reset_all(struct client *client);

/* Sends what is due, as far as the kernel takes it. */
void peer_flush(struct peer *peer);

/* Takes in what has come, and compares it with what was sent. */
void peer_receive(struct peer *peer);

#endif
