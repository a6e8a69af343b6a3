/*
 * raw_epoll.c - the yardstick: an echo server on epoll with nothing in between
 *
 * What a message costs at the least: one share of an epoll_wait(), a recv(), a
 * send(). Everything that a library adds is measured against this. There is no
 * state per connection at all: the kernel hands the descriptor back with the
 * event, and all connections share one buffer.
 *
 * Three things it cannot leave out without being wrong:
 *
 *   - An edge comes once. A read that fills less than the buffer has emptied
 *     the socket, so the next bytes make the next edge; unless a FIN or an
 *     error lies behind those bytes, which will make none. The event says so
 *     (EPOLLRDHUP, EPOLLHUP, EPOLLERR), and then it reads on until the end.
 *   - A send() that takes only a part. It waits for that one peer, with all
 *     others standing: a yardstick need not be fair. The load generator reads
 *     all the time, so that it never comes to this.
 *   - An accept() that fails. It is told and left at that.
 */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BATCH = 1024, BUFFER_SIZE = 512 * 1024, BACKLOG = 4096 };

static char buffer[BUFFER_SIZE];

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static void watch(int epoll, int fd, uint32_t events)
{
    struct epoll_event event = { .events = events, .data.fd = fd };

    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0)
        fail("epoll_ctl");
}

static void accept_all(int epoll, int listener)
{
    int fd;

    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >=
           0)
        watch(epoll, fd, EPOLLIN | EPOLLRDHUP | EPOLLET);
    if (errno != EAGAIN)
        perror("accept");
}

/* The part that send() did not take. False when the peer is gone. */
static int send_rest(int fd, const char *bytes, size_t length)
{
    struct pollfd writable = { .fd = fd, .events = POLLOUT };

    while (length > 0) {
        ssize_t sent;

        poll(&writable, 1, -1);
        sent = send(fd, bytes, length, MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN)
            return 0;
        if (sent > 0) {
            bytes += sent;
            length -= (size_t)sent;
        }
    }
    return 1;
}

/* False when the connection is over. */
static int send_all(int fd, size_t length)
{
    ssize_t sent = send(fd, buffer, length, MSG_NOSIGNAL);

    if (sent == (ssize_t)length)
        return 1;
    if (sent < 0) {
        if (errno != EAGAIN)
            return 0;
        sent = 0;
    }
    return send_rest(fd, buffer + sent, length - (size_t)sent);
}

static void echo(int fd, uint32_t events)
{
    for (;;) {
        ssize_t length = recv(fd, buffer, sizeof buffer, 0);

        if (length <= 0) {
            if (length < 0 && errno == EAGAIN)
                return;
            break;
        }
        if (!send_all(fd, (size_t)length))
            break;
        if (length < (ssize_t)sizeof buffer && events == EPOLLIN)
            return;
    }
    close(fd); /* never dup'ed: this takes it out of the epoll set as well */
}

static int listen_on(unsigned port)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t length = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1;

    if (fd < 0)
        fail("socket");
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0)
        fail("bind");
    if (listen(fd, BACKLOG) < 0)
        fail("listen");
    if (getsockname(fd, (struct sockaddr *)&address, &length) < 0)
        fail("getsockname");
    printf("listening on 127.0.0.1:%u\n", ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

/* As many descriptors as the system lets us have. */
static void raise_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        fail("getrlimit");
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
        fail("setrlimit");
}

int main(int argc, char **argv)
{
    static struct epoll_event events[BATCH];
    unsigned long port = argc == 2 ? strtoul(argv[1], NULL, 10) : 65536;
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    int listener;

    if (port > 65535) {
        fprintf(stderr, "usage: raw_epoll PORT\n");
        return 2;
    }
    if (epoll < 0)
        fail("epoll_create1");
    raise_limit();
    listener = listen_on((unsigned)port);
    watch(epoll, listener, EPOLLIN | EPOLLET);
    for (;;) {
        int count = epoll_wait(epoll, events, BATCH, -1);

        if (count < 0 && errno != EINTR)
            fail("epoll_wait");
        for (int i = 0; i < count; i++) {
            if (events[i].data.fd == listener)
                accept_all(epoll, listener);
            else
                echo(events[i].data.fd, events[i].events);
        }
    }
}
