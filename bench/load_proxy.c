/*
 * load_proxy.c - both ends of a proxy, and a check of what it carries
 *
 * A proxy has to know its target when it starts, so it is started from here:
 * COMMAND, with our address in the place of {target}, must print "listening on
 * ADDRESS:PORT". Each connection that we make to it is joined with one that it
 * makes to us. One end streams, the other compares every byte; at last the
 * first sends its end, which must come out at the other with nothing lost
 * before it, and the other's end must come back. Units are bytes that came out.
 *
 * Both ends are on one core, in one process; a proxy that is faster than the
 * two waits for them, and its CPU time is what counts.
 */
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BATCH = 64, PATIENCE = 5000, BLOCK = 64 * 1024, TURN = 8 };

struct pair {
    struct peer in, out; /* we send into the proxy, and it to us */
};

struct proxy {
    pid_t pid;
    int listener, epoll;
    char target[32], port[16];
    struct pair *pairs;
    unsigned count;
};

/* For the end of this program, whatever the reason. */
static pid_t started;

static void end_proxy(void)
{
    if (started > 0)
        kill(started, SIGTERM);
}

/* ---------------------------------------------------------------- starting */

static void listen_anywhere(struct proxy *proxy)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t length = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 ||
        listen(fd, SOMAXCONN) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &length) < 0)
        client_fail("listen", errno);
    proxy->listener = fd;
    snprintf(proxy->target, sizeof proxy->target, "127.0.0.1:%u",
             ntohs(address.sin_port));
}

/* In the child: never returns. */
static void become(struct proxy *proxy, char **command, int output)
{
    for (char **word = command; *word; word++)
        if (strcmp(*word, "{target}") == 0)
            *word = proxy->target;
    dup2(output, STDOUT_FILENO);
    /* Should we be killed, it shall not stay. */
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    execvp(command[0], command);
    client_fail(command[0], errno);
}

static void start(struct proxy *proxy, char **command)
{
    char line[256];
    const char *colon;
    int ends[2];
    FILE *output;

    if (pipe(ends) < 0 || (proxy->pid = fork()) < 0)
        client_fail("fork", errno);
    if (proxy->pid == 0)
        become(proxy, command, ends[1]);
    started = proxy->pid;
    atexit(end_proxy);
    close(ends[1]);
    output = fdopen(ends[0], "r");
    if (!output || !fgets(line, sizeof line, output) ||
        strncmp(line, "listening on ", 13) != 0 ||
        !(colon = strrchr(line, ':')))
        client_fail("the proxy does not say where it listens", 0);
    /* The pipe is left open: what the proxy writes must not fail. */
    snprintf(proxy->port, sizeof proxy->port, "%lu",
             strtoul(colon + 1, NULL, 10));
}

static void watch(struct proxy *proxy, struct peer *peer, uint32_t events)
{
    struct epoll_event event = { .events = events, .data.ptr = peer };

    if (epoll_ctl(proxy->epoll, EPOLL_CTL_ADD, peer->fd, &event) < 0)
        client_fail("epoll_ctl", errno);
}

/* One pair after the other: so it is known which belongs to which. */
static void join_all(struct proxy *proxy, struct client *client, unsigned count)
{
    proxy->epoll = client->epoll;
    proxy->pairs = client_allocate(count * sizeof *proxy->pairs);
    for (unsigned i = 0; i < count; i++) {
        struct pair *pair = &proxy->pairs[i];

        pair->in.start = pair->out.start = i * 61;
        pair->in.fd = client_connect_one(client);
        if (pair->in.fd < 0)
            client_fail("connect", -pair->in.fd);
        pair->out.fd = accept4(proxy->listener, NULL, NULL, SOCK_CLOEXEC);
        if (pair->out.fd < 0)
            client_fail("accept", errno);
        pair->out.sent = UINT64_MAX; /* see take_in() */
        watch(proxy, &pair->in, EPOLLOUT);
        watch(proxy, &pair->out, EPOLLIN);
    }
    proxy->count = count;
}

/* ---------------------------------------------------------------- streaming */

static struct pair *pair_of(const struct proxy *proxy, const struct peer *peer)
{
    return &proxy->pairs[((const char *)peer - (const char *)proxy->pairs) /
                         (ptrdiff_t)sizeof(struct pair)];
}

static void send_on(struct peer *peer)
{
    peer_flush(peer);
    for (int i = 0; i < TURN && peer->sent == peer->due; i++) {
        peer->due += BLOCK;
        peer_flush(peer);
    }
}

static void take_in(struct pair *pair)
{
    peer_receive(&pair->out);
    if (pair->out.received > pair->in.sent)
        client_fail("more came out than went in", 0);
}

static void run_until(struct proxy *proxy, uint64_t end)
{
    struct epoll_event events[BATCH];

    do {
        int count = epoll_wait(proxy->epoll, events, BATCH, PATIENCE);

        if (count == 0)
            client_fail("nothing has moved for 5 s", 0);
        for (int i = 0; i < count; i++) {
            struct peer *peer = events[i].data.ptr;
            struct pair *pair = pair_of(proxy, peer);

            if (peer == &pair->in)
                send_on(peer);
            else
                take_in(pair);
        }
    } while (now() < end);
}

static uint64_t bytes_out(const struct proxy *proxy)
{
    uint64_t bytes = 0;

    for (unsigned i = 0; i < proxy->count; i++)
        bytes += proxy->pairs[i].out.received;
    return bytes;
}

/* ------------------------------------------------------------------ the end */

/* What was sent comes out, then the end; and the end of the other direction
 * comes back. */
static void end_pair(struct pair *pair)
{
    if (shutdown(pair->in.fd, SHUT_WR) < 0)
        client_fail("shutdown", errno);
    pair->out.sent = pair->in.sent;
    while (pair->out.received < pair->out.sent) {
        peer_wait(&pair->out);
        take_in(pair);
    }
    peer_wait_for_end(&pair->out);
    close(pair->out.fd);
    peer_wait_for_end(&pair->in);
    close(pair->in.fd);
}

void load_proxy(const struct options *options)
{
    struct stretch stretch = stretch_of(options);
    struct proxy proxy = { .count = 0 };
    struct client client;
    uint64_t bytes;

    listen_anywhere(&proxy);
    start(&proxy, options->command);
    client_init(&client, options->host, proxy.port, 1, BLOCK);
    join_all(&proxy, &client, options->connections);
    stretch.pid = proxy.pid;
    run_until(&proxy, in_seconds(options->warmup));
    stretch_begin(&stretch);
    bytes = bytes_out(&proxy);
    run_until(&proxy, in_seconds(options->seconds));
    stretch_end(&stretch);
    bytes = bytes_out(&proxy) - bytes;
    for (unsigned i = 0; i < proxy.count; i++)
        end_pair(&proxy.pairs[i]);
    printf("connections=%u size=%d", options->connections, BLOCK);
    stretch_print(&stretch, bytes);
    putchar('\n');
    close(proxy.listener);
    free(proxy.pairs);
    client_end(&client);
}
