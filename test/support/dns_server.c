/*
 * dns_server.c - see the header
 *
 * A message is a header of 12 bytes, one question (name as labels, type,
 * class), and answers; RFC 1035, section 4. Over TCP its length goes before it.
 */
#include "test/support/dns_server.h"

#include "reactor/list.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    MAX_RULES = 32,
    MAX_MESSAGE = 1024,
    MAX_TCP = 65535,
    HEADER = 12,
    MAX_NAME = 256
};

struct rule {
    char name[MAX_NAME];
    enum dns_type type;
    enum dns_answer answer;
    const char *addresses;
};

struct peer {
    struct weir_link link;
    weir_io io;
    struct dns_server *server;
    size_t filled;
    unsigned char bytes[2 + MAX_MESSAGE];
};

/* An answer that waits for its time; over UDP only. */
struct late {
    struct weir_link link;
    weir_timer timer;
    struct dns_server *server;
    struct sockaddr_in to;
    size_t length;
    unsigned char bytes[MAX_MESSAGE];
};

struct dns_server {
    weir_loop *loop;
    weir_io udp, tcp;
    struct weir_link peers, late;
    char address[32];
    struct rule rules[MAX_RULES];
    size_t rule_count;
    unsigned delay, drop, questions, tcp_questions;
    unsigned asked;   /* the type that the last question was for */
    unsigned delayed; /* the type whose answers are late; 0: all */
    bool cutting;
};

/* ---------------------------------------------------------------- messages */

/* The question's name with dots; gives where the question ends, 0 for one that
 * makes no sense. */
static size_t read_question(const unsigned char *message, size_t length,
                            char *name, unsigned *type)
{
    size_t at = HEADER, out = 0;

    while (at < length && message[at]) {
        size_t label = message[at++];

        if (label > 63 || at + label > length || out + label + 1 >= MAX_NAME)
            return 0;
        if (out)
            name[out++] = '.';
        memcpy(name + out, message + at, label);
        out += label;
        at += label;
    }
    name[out] = '\0';
    if (at + 5 > length)
        return 0;
    *type = (unsigned)message[at + 1] << 8 | message[at + 2];
    return at + 5;
}

static size_t add_address(unsigned char *at, unsigned type, const char *text)
{
    static const unsigned char head[] = { 0xc0, HEADER, 0, 0,  0, 1,
                                          0,    0,      0, 60, 0, 0 };
    size_t size = type == DNS_A ? 4 : 16;

    memcpy(at, head, sizeof head);
    at[3] = (unsigned char)type;
    at[11] = (unsigned char)size;
    if (inet_pton(type == DNS_A ? AF_INET : AF_INET6, text, at + sizeof head) !=
        1)
        abort(); /* the test is wrong */
    return sizeof head + size;
}

static size_t add_addresses(unsigned char *message, size_t length,
                            unsigned type, const char *addresses)
{
    while (*addresses) {
        char text[INET6_ADDRSTRLEN];
        size_t size = strcspn(addresses, ",");

        snprintf(text, sizeof text, "%.*s", (int)size, addresses);
        length += add_address(message + length, type, text);
        message[7]++;
        addresses += size + (addresses[size] == ',');
    }
    return length;
}

/* 10.0.0.0 and so on upwards. */
static size_t add_many(unsigned char *message, size_t length, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        char text[INET_ADDRSTRLEN];

        snprintf(text, sizeof text, "10.0.%u.%u", i >> 8 & 255, i & 255);
        length += add_address(message + length, DNS_A, text);
    }
    message[6] = (unsigned char)(count >> 8);
    message[7] = (unsigned char)count;
    return length;
}

static const struct rule *find_rule(const struct dns_server *server,
                                    const char *name, unsigned type)
{
    static const struct rule unknown = { .answer = DNS_NXDOMAIN };
    static const struct rule no_data = { .answer = DNS_NODATA };
    const struct rule *found = &unknown;

    for (size_t i = 0; i < server->rule_count; i++) {
        const struct rule *rule = &server->rules[i];

        if (strcasecmp(rule->name, name) != 0)
            continue;
        if (rule->type == DNS_ANY || (unsigned)rule->type == type)
            return rule;
        found = &no_data;
    }
    return found;
}

static unsigned code_of(enum dns_answer answer)
{
    switch (answer) {
    case DNS_NXDOMAIN:
        return 3;
    case DNS_SERVFAIL:
        return 2;
    case DNS_NOTIMP:
        return 4;
    case DNS_REFUSED:
        return 5;
    default:
        return 0;
    }
}

/* Turns a question into its answer, in place. Gives the length, 0 when there
 * is to be none. */
static size_t answer(struct dns_server *server, unsigned char *message,
                     size_t length, bool tcp)
{
    char name[MAX_NAME];
    unsigned type;
    size_t end = read_question(message, length, name, &type);
    const struct rule *rule;

    server->questions++;
    server->tcp_questions += tcp;
    server->asked = end ? type : 0;
    if (!end || (server->drop && server->drop--))
        return 0;
    rule = find_rule(server, name, type);
    message[2] = 0x81; /* a response; recursion was desired, */
    message[3] = (unsigned char)(0x80 | code_of(rule->answer)); /* and is had */
    memset(message + 6, 0, 6);
    switch (rule->answer) {
    case DNS_SILENCE:
        return 0;
    case DNS_TRUNCATED:
        if (tcp)
            return add_addresses(message, end, type, rule->addresses);
        message[2] |= 2;
        return end;
    case DNS_MANY:
        if (tcp)
            return add_many(message, end, (unsigned)atoi(rule->addresses));
        message[2] |= 2;
        return end;
    case DNS_ADDRESSES:
        return add_addresses(message, end, type, rule->addresses);
    case DNS_MALFORMED:
        return add_addresses(message, end, type,
                             type == DNS_A ? "192.0.2.1" : "2001:db8::1") -
               2;
    default:
        return end;
    }
}

/* ----------------------------------------------------------------- sockets */

static void send_late(weir_timer *timer)
{
    struct late *late = weir_container_of(timer, struct late, timer);

    (void)sendto(weir_io_fd(&late->server->udp), late->bytes, late->length, 0,
                 (struct sockaddr *)&late->to, sizeof late->to);
    weir_link_remove(&late->link);
    free(late);
}

static void send_later(struct dns_server *server, const unsigned char *message,
                       size_t length, const struct sockaddr_in *to)
{
    struct late *late = calloc(1, sizeof *late);

    if (!late)
        abort();
    late->server = server;
    late->to = *to;
    late->length = length;
    memcpy(late->bytes, message, length);
    weir_list_append(&server->late, &late->link);
    (void)weir_timer_init(&late->timer, server->loop, send_late);
    weir_timer_unref(&late->timer);
    weir_timer_start(&late->timer, server->delay);
}

static void on_question(weir_io *io, unsigned events)
{
    struct dns_server *server = io->data;
    unsigned char message[MAX_MESSAGE];
    struct sockaddr_in from;
    socklen_t size = sizeof from;
    ssize_t length = recvfrom(weir_io_fd(io), message, sizeof message / 2, 0,
                              (struct sockaddr *)&from, &size);
    size_t reply;

    (void)events;
    if (length < HEADER)
        return;
    reply = answer(server, message, (size_t)length, false);
    if (reply && server->delay &&
        (!server->delayed || server->delayed == server->asked))
        send_later(server, message, reply, &from);
    else if (reply)
        (void)sendto(weir_io_fd(io), message, reply, 0,
                     (struct sockaddr *)&from, size);
}

static void close_peer(struct peer *peer)
{
    int fd = weir_io_fd(&peer->io);

    weir_io_stop(&peer->io);
    weir_link_remove(&peer->link);
    close(fd);
    free(peer);
}

/* The questions that have come whole. Their answers go into the socket's
 * buffer, see on_connection(). */
static void answer_peer(struct peer *peer)
{
    while (peer->filled >= 2) {
        size_t length = (size_t)peer->bytes[0] << 8 | peer->bytes[1];
        static unsigned char reply[2 + MAX_TCP];
        size_t size;

        if (length > MAX_MESSAGE / 2 || peer->filled < 2 + length)
            return;
        memcpy(reply + 2, peer->bytes + 2, length);
        peer->filled -= 2 + length;
        memmove(peer->bytes, peer->bytes + 2 + length, peer->filled);
        size = answer(peer->server, reply + 2, length, true);
        reply[0] = (unsigned char)(size >> 8);
        reply[1] = (unsigned char)size;
        if (size && send(weir_io_fd(&peer->io), reply, size + 2, 0) < 0)
            return;
    }
}

static void on_peer(weir_io *io, unsigned events)
{
    struct peer *peer = weir_container_of(io, struct peer, io);
    ssize_t got = recv(weir_io_fd(io), peer->bytes + peer->filled,
                       sizeof peer->bytes - peer->filled, 0);

    (void)events;
    if (got <= 0) {
        close_peer(peer);
        return;
    }
    peer->filled += (size_t)got;
    answer_peer(peer);
}

/* FIN, then RST: on Linux that is EPIPE to who writes then, not ECONNRESET. */
static void cut(int fd)
{
    struct linger none = { .l_onoff = 1 };

    (void)shutdown(fd, SHUT_WR);
    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
    close(fd);
}

static void on_connection(weir_io *io, unsigned events)
{
    struct dns_server *server = io->data;
    int fd = accept(weir_io_fd(io), NULL, NULL);
    int room = 4 * MAX_TCP;
    struct peer *peer;

    (void)events;
    if (fd < 0)
        return;
    if (server->cutting) {
        cut(fd);
        return;
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    (void)fcntl(fd, F_SETFL, O_NONBLOCK);
    peer = calloc(1, sizeof *peer);
    if (!peer)
        abort();
    peer->server = server;
    weir_list_append(&server->peers, &peer->link);
    (void)weir_io_init(&peer->io, server->loop, fd, on_peer);
    weir_io_unref(&peer->io);
    if (weir_io_start(&peer->io, WEIR_READABLE) < 0)
        close_peer(peer);
}

/* ------------------------------------------------------ starting, stopping */

static int bound(int type, struct sockaddr_in *address)
{
    socklen_t size = sizeof *address;
    int fd = socket(AF_INET, type, 0);

    if (fd < 0)
        return -1;
    (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
    (void)fcntl(fd, F_SETFL, O_NONBLOCK);
    if (bind(fd, (struct sockaddr *)address, size) == 0 &&
        (type == SOCK_DGRAM || listen(fd, 16) == 0) &&
        getsockname(fd, (struct sockaddr *)address, &size) == 0)
        return fd;
    close(fd);
    return -1;
}

/* One port for both, so the port that TCP got must be free for UDP too: mostly
 * it is. */
static bool open_sockets(int *tcp, int *udp, struct sockaddr_in *address)
{
    for (int attempt = 0; attempt < 10; attempt++) {
        memset(address, 0, sizeof *address);
        address->sin_family = AF_INET;
        address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        *tcp = bound(SOCK_STREAM, address);
        if (*tcp < 0)
            continue;
        *udp = bound(SOCK_DGRAM, address);
        if (*udp >= 0)
            return true;
        close(*tcp);
    }
    return false;
}

static bool watch(struct dns_server *server, weir_io *io, int fd,
                  weir_io_cb *cb)
{
    (void)weir_io_init(io, server->loop, fd, cb);
    io->data = server;
    weir_io_unref(io);
    return weir_io_start(io, WEIR_READABLE) == 0;
}

struct dns_server *dns_server_start(weir_loop *loop)
{
    struct dns_server *server;
    struct sockaddr_in address;
    int tcp, udp;

    if (!open_sockets(&tcp, &udp, &address))
        return NULL;
    server = calloc(1, sizeof *server);
    if (!server)
        abort();
    server->loop = loop;
    weir_list_init(&server->peers);
    weir_list_init(&server->late);
    snprintf(server->address, sizeof server->address, "127.0.0.1:%u",
             (unsigned)ntohs(address.sin_port));
    if (!watch(server, &server->udp, udp, on_question) ||
        !watch(server, &server->tcp, tcp, on_connection))
        abort();
    return server;
}

void dns_server_stop(struct dns_server *server)
{
    while (!weir_list_empty(&server->peers))
        close_peer(weir_container_of(server->peers.next, struct peer, link));
    while (!weir_list_empty(&server->late)) {
        struct late *late =
            weir_container_of(server->late.next, struct late, link);

        weir_timer_stop(&late->timer);
        weir_link_remove(&late->link);
        free(late);
    }
    weir_io_stop(&server->udp);
    weir_io_stop(&server->tcp);
    close(weir_io_fd(&server->udp));
    close(weir_io_fd(&server->tcp));
    free(server);
}

const char *dns_server_address(const struct dns_server *server)
{
    return server->address;
}

void dns_server_set(struct dns_server *server, const char *name,
                    enum dns_type type, enum dns_answer kind,
                    const char *addresses)
{
    struct rule *rule = &server->rules[server->rule_count++];

    if (server->rule_count > MAX_RULES)
        abort();
    snprintf(rule->name, sizeof rule->name, "%s", name);
    rule->type = type;
    rule->answer = kind;
    rule->addresses = addresses;
}

void dns_server_set_delay(struct dns_server *server, unsigned delay)
{
    server->delay = delay;
}

void dns_server_delay_type(struct dns_server *server, enum dns_type type,
                           unsigned delay)
{
    server->delayed = (unsigned)type;
    server->delay = delay;
}

void dns_server_drop(struct dns_server *server, unsigned count)
{
    server->drop = count;
}

void dns_server_cut_connections(struct dns_server *server)
{
    server->cutting = true;
}

unsigned dns_server_questions(const struct dns_server *server)
{
    return server->questions;
}

unsigned dns_server_tcp_questions(const struct dns_server *server)
{
    return server->tcp_questions;
}
