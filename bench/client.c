/*
 * client.c - many connections to an echo server, and a check of every byte
 *
 * Uses no line of weir, so that it measures every server alike and does not
 * share its mistakes.
 *
 * The idea: every connection sends the same endless pattern, each from another
 * place. A message is then a pointer into the pattern, whatever its size, and
 * an echo is right when it is equal to the pattern at the place where the
 * stream is: one memcmp(), nothing to generate and nothing to store. The
 * pattern's period is a prime, so that a message which is lost, sent twice or
 * sent to the wrong connection does not look like the next one.
 */
#include "client.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    PERIOD = 8191,
    /* The most that is sent or received at once: no more, so that it is still
     * in the cache when it is compared. */
    CHUNK = 64 * 1024,
    STEP = 100, /* connections opened at once; see client_open() */
    BATCH = 1024,
    SOURCES = 200,
    PATIENCE = 15000 /* ms without any echo until we give up */
};

static char pattern[PERIOD + CHUNK];
static char buffer[CHUNK];

void client_fail(const char *what, int error)
{
    fprintf(stderr, "load: %s%s%s\n", what, error ? ": " : "",
            error ? strerror(error) : "");
    exit(1);
}

void *client_allocate(size_t size)
{
    void *memory = calloc(1, size);

    if (!memory)
        client_fail("starting", errno);
    return memory;
}

static void make_pattern(void)
{
    uint32_t random = 2463534242;

    for (size_t i = 0; i < PERIOD; i++) {
        random ^= random << 13; /* Marsaglia's xorshift */
        random ^= random >> 17;
        random ^= random << 5;
        pattern[i] = (char)random;
    }
    for (size_t i = PERIOD; i < sizeof pattern; i++)
        pattern[i] = pattern[i - PERIOD];
}

const char *peer_pattern(const struct peer *peer, uint64_t position)
{
    return pattern + (peer->start + position) % PERIOD;
}

/* As many descriptors as the system lets us have. */
static void raise_limit(unsigned wanted)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        client_fail("getrlimit", errno);
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
        client_fail("setrlimit", errno);
    if (limit.rlim_cur < wanted)
        client_fail("the limit of descriptors (ulimit -Hn) is too low", 0);
}

void client_init(struct client *client, const char *host, const char *port,
                 unsigned room, size_t size)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
                              .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV };
    struct addrinfo *found;
    int result = getaddrinfo(host, port, &hints, &found);

    if (result != 0)
        client_fail(gai_strerror(result), 0);
    *client = (struct client){ .room = room,
                               .size = size,
                               .events = EPOLLIN | EPOLLOUT | EPOLLET };
    memcpy(&client->server, found->ai_addr, found->ai_addrlen);
    client->server_length = found->ai_addrlen;
    freeaddrinfo(found);
    raise_limit(room + 16);
    make_pattern();
    client->epoll = epoll_create1(EPOLL_CLOEXEC);
    client->peers = client_allocate(room * sizeof *client->peers);
    if (client->epoll < 0)
        client_fail("epoll_create1", errno);
}

/* ------------------------------------------------------------- connecting */

/* An address to connect from: 127.0.0.2, 127.0.0.3, ... once the ports of the
 * default one are used up. Only IPv4's loopback has so many. */
static void bind_source(const struct client *client, int fd)
{
    struct sockaddr_in source = { .sin_family = AF_INET };
    int on = 1;

    if (client->sources == 0)
        return;
    source.sin_addr.s_addr = htonl(INADDR_LOOPBACK + client->sources);
    /* Without this the port is chosen now, for all destinations. */
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&source, sizeof source) < 0)
        client_fail("bind", errno);
}

/* Before connecting: afterwards it is too late for the window. The kernel makes
 * the server's buffer as large as some twenty segments, and a segment of
 * loopback has 64 KiB: so that it buffers no more than on a network, ours have
 * a network's size. */
static void set_buffers(const struct client *client, int fd)
{
    const int *size = &client->buffers, segment = 1448;

    if (*size == 0)
        return;
    if (setsockopt(fd, SOL_SOCKET, SO_SNDBUF, size, sizeof *size) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, size, sizeof *size) < 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof segment) < 0)
        client_fail("setsockopt", errno);
}

static int connect_once(const struct client *client)
{
    int fd = socket(client->server.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int on = 1;
    int error;

    if (fd < 0)
        client_fail("socket", errno);
    bind_source(client, fd);
    set_buffers(client, fd);
    if (connect(fd, (const struct sockaddr *)&client->server,
                client->server_length) == 0) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        return fd;
    }
    error = errno;
    close(fd);
    return -error;
}

int client_connect_one(struct client *client)
{
    int fd;

    while ((fd = connect_once(client)) == -EADDRNOTAVAIL) {
        if (client->server.ss_family != AF_INET || client->sources == SOURCES)
            break;
        client->sources++;
    }
    return fd;
}

static void open_one(struct client *client)
{
    struct peer *peer = &client->peers[client->count];
    struct epoll_event event = { .events = client->events, .data.ptr = peer };
    int fd = client_connect_one(client);

    if (fd < 0)
        client_fail("connect", -fd);
    *peer = (struct peer){ .fd = fd };
    peer->start = client->count * 61 % PERIOD;
    client->count++;
    if (epoll_ctl(client->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
        client_fail("epoll_ctl", errno);
}

void client_connect(struct client *client, unsigned count)
{
    while (client->count < count)
        open_one(client);
}

/* ------------------------------------------------------- sending, receiving */

void peer_flush(struct peer *peer)
{
    while (peer->sent < peer->due) {
        uint64_t left = peer->due - peer->sent;
        size_t length = left < CHUNK ? (size_t)left : CHUNK;
        ssize_t sent = send(peer->fd, peer_pattern(peer, peer->sent), length,
                            MSG_NOSIGNAL | MSG_DONTWAIT);

        if (sent < 0 && errno == EAGAIN)
            return; /* the edge of EPOLLOUT brings us back */
        if (sent < 0)
            client_fail("send", errno);
        peer->sent += (uint64_t)sent;
    }
}

void peer_receive(struct peer *peer)
{
    ssize_t length;

    do {
        length = recv(peer->fd, buffer, sizeof buffer, MSG_DONTWAIT);
        if (length < 0 && errno == EAGAIN)
            return;
        if (length < 0)
            client_fail("recv", errno);
        if (length == 0)
            client_fail("the server closed a connection", 0);
        if (peer->received + (uint64_t)length > peer->sent)
            client_fail("more came back than was sent", 0);
        if (memcmp(buffer, peer_pattern(peer, peer->received),
                   (size_t)length) != 0)
            client_fail("wrong bytes came back", 0);
        peer->received += (uint64_t)length;
        /* What comes when all is there is not for us: the end, perhaps. */
    } while (length == sizeof buffer && peer->received < peer->sent);
}

void peer_wait(const struct peer *peer)
{
    struct pollfd readable = { .fd = peer->fd, .events = POLLIN };

    if (poll(&readable, 1, PATIENCE) == 0)
        client_fail("nothing comes any more", 0);
}

void peer_wait_for_end(const struct peer *peer)
{
    ssize_t length;

    peer_wait(peer);
    length = recv(peer->fd, buffer, sizeof buffer, 0);
    if (length < 0)
        client_fail("recv", errno);
    if (length > 0)
        client_fail("more came than was sent", 0);
}

/* Waits until the connections from number `first` on have all their echoes. */
static void wait_for_echoes(struct client *client, unsigned first)
{
    struct epoll_event events[BATCH];
    unsigned waiting = 0;

    for (unsigned i = first; i < client->count; i++)
        waiting += client->peers[i].received < client->peers[i].due;
    while (waiting > 0) {
        int count = epoll_wait(client->epoll, events, BATCH, PATIENCE);

        if (count == 0)
            client_fail("no echo for 15 s", 0);
        for (int i = 0; i < count; i++) {
            struct peer *peer = events[i].data.ptr;
            bool waited = peer->received < peer->due;

            peer_flush(peer);
            peer_receive(peer);
            waiting -= waited && peer->received == peer->due;
        }
    }
}

static void round_from(struct client *client, unsigned first, unsigned messages)
{
    for (unsigned i = first; i < client->count; i++) {
        client->peers[i].due += messages * client->size;
        peer_flush(&client->peers[i]);
    }
    wait_for_echoes(client, first);
}

void client_round(struct client *client, unsigned messages)
{
    round_from(client, 0, messages);
}

/* A server that accepts more slowly than we connect would lose handshakes once
 * its backlog is full, and the kernel tries again only after a second. So we go
 * in steps that fit into any backlog, and wait for the echoes in between. */
void client_open(struct client *client, unsigned count)
{
    while (client->count < count) {
        unsigned first = client->count;

        client_connect(client, count - first < STEP ? count : first + STEP);
        round_from(client, first, 1);
    }
}

/* --------------------------------------------------------------- closing */

void client_close_all(struct client *client)
{
    for (unsigned i = 0; i < client->count; i++)
        if (shutdown(client->peers[i].fd, SHUT_WR) < 0)
            client_fail("shutdown", errno);
    while (client->count > 0) {
        const struct peer *peer = &client->peers[--client->count];

        peer_wait_for_end(peer);
        close(peer->fd);
    }
}

void client_reset_all(struct client *client)
{
    const struct linger at_once = { .l_onoff = 1, .l_linger = 0 };

    while (client->count > 0) {
        int fd = client->peers[--client->count].fd;

        setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        close(fd);
    }
}

void client_end(struct client *client)
{
    client_reset_all(client);
    close(client->epoll);
    free(client->peers);
}
