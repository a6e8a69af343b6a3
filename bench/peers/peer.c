/*
 * peer.c - arguments, listening, HTTP and messages for the servers beside it
 */
#include "bench/peers/peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

void peer_fail(const char *what)
{
    perror(what);
    exit(1);
}

void *peer_allocate(size_t size)
{
    void *memory = malloc(size);

    if (!memory)
        peer_fail("malloc");
    return memory;
}

/* ------------------------------------------------------------- starting up */

/* As many descriptors as the system lets us have. */
static void raise_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        peer_fail("getrlimit");
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
        peer_fail("setrlimit");
}

struct sockaddr_in peer_loopback(unsigned port)
{
    return (struct sockaddr_in){ .sin_family = AF_INET,
                                 .sin_port = htons((uint16_t)port),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

_Noreturn static void usage(const char *program, const char *known)
{
    fprintf(stderr,
            "usage: %s WORKLOAD PORT [TARGET]\n"
            "WORKLOAD: one of: %s. PORT 0: any. TARGET (proxy): "
            "127.0.0.1:PORT\n",
            program, known);
    exit(2);
}

static bool has_word(const char *words, const char *word)
{
    size_t length = strlen(word);

    for (const char *at = words; (at = strstr(at, word)); at++)
        if ((at == words || at[-1] == ' ') &&
            (at[length] == ' ' || !at[length]))
            return length > 0;
    return false;
}

static bool parse_port(const char *text, unsigned *port)
{
    char *end;
    unsigned long number = strtoul(text, &end, 10);

    *port = (unsigned)number;
    return text[0] >= '0' && text[0] <= '9' && !*end && number <= 65535;
}

static bool parse_target(const char *text, struct sockaddr_in *target)
{
    const char *colon = strrchr(text, ':');
    char host[INET_ADDRSTRLEN];
    unsigned port;

    if (!colon || (size_t)(colon - text) >= sizeof host ||
        !parse_port(colon + 1, &port))
        return false;
    memcpy(host, text, (size_t)(colon - text));
    host[colon - text] = 0;
    *target = peer_loopback(port);
    return inet_pton(AF_INET, host, &target->sin_addr) == 1;
}

struct peer peer_arguments(int argc, char **argv, const char *known,
                           const char *version)
{
    static const char *const names[] = {
        [PEER_ECHO] = "echo",   [PEER_SINK] = "sink", [PEER_FANOUT] = "fanout",
        [PEER_PROXY] = "proxy", [PEER_HTTP] = "http", [PEER_BULK] = "bulk",
        [PEER_IDLE] = "idle",
    };
    struct peer peer = { .workload = PEER_ECHO };

    if (argc == 2 && !strcmp(argv[1], "--version")) {
        puts(version);
        exit(0);
    }
    if (argc < 3 || argc > 4 || !has_word(known, argv[1]) ||
        !parse_port(argv[2], &peer.port))
        usage(argv[0], known);
    while (strcmp(names[peer.workload], argv[1]) != 0)
        peer.workload++;
    if (argc == 3 ? peer.workload == PEER_PROXY
                  : !parse_target(argv[3], &peer.target))
        usage(argv[0], known);
    raise_limit();
    return peer;
}

int peer_listen(unsigned port)
{
    struct sockaddr_in address = peer_loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1;

    if (fd < 0)
        peer_fail("socket");
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0)
        peer_fail("setsockopt");
    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0)
        peer_fail("bind");
    if (listen(fd, PEER_BACKLOG) < 0)
        peer_fail("listen");
    return fd;
}

void peer_announce(int listener)
{
    struct sockaddr_in address;
    socklen_t length = sizeof address;

    if (getsockname(listener, (struct sockaddr *)&address, &length) < 0)
        peer_fail("getsockname");
    printf("listening on 127.0.0.1:%u\n", ntohs(address.sin_port));
    fflush(stdout);
}

/* -------------------------------------------------------------------- HTTP */

/* What there is of a line, after so many more bytes of it. */
static unsigned char line_after(unsigned char line, const char *bytes,
                                size_t length)
{
    if (length == 0)
        return line;
    return line == 0 && length == 1 && bytes[0] == '\r' ? 1 : 2;
}

size_t peer_http_requests(struct peer_http *http, const char *bytes,
                          size_t length)
{
    const char *end = bytes + length, *lf;
    size_t requests = 0;

    while ((lf = memchr(bytes, '\n', (size_t)(end - bytes)))) {
        bool blank = line_after(http->line, bytes, (size_t)(lf - bytes)) < 2;

        /* A blank line before a request is to be ignored (RFC 9112, 2.2). */
        requests += blank && http->begun;
        http->begun = !blank;
        http->line = 0;
        bytes = lf + 1;
    }
    http->line = line_after(http->line, bytes, (size_t)(end - bytes));
    return requests;
}

const char *peer_http_answers(size_t *requests, size_t *length)
{
    enum { BATCH = 64 };
    static const char answer[] = "HTTP/1.1 200 OK\r\n"
                                 "Content-Type: text/plain\r\n"
                                 "Content-Length: 13\r\n"
                                 "\r\n"
                                 "Hello, world!";
    static char answers[BATCH * (sizeof answer - 1)];
    size_t count = *requests < BATCH ? *requests : BATCH;

    if (!answers[0])
        for (size_t i = 0; i < sizeof answers; i++)
            answers[i] = answer[i % (sizeof answer - 1)];
    *requests -= count;
    *length = count * (sizeof answer - 1);
    return answers;
}

/* ----------------------------------------------------------------- fan-out */

struct peer_message *peer_message_copy(const void *bytes, size_t length)
{
    struct peer_message *message = peer_allocate(sizeof *message + length);

    message->references = 1;
    message->length = length;
    memcpy(message->bytes, bytes, length);
    return message;
}

void peer_message_unref(struct peer_message *message)
{
    if (--message->references == 0)
        free(message);
}
