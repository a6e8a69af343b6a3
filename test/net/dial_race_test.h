/*
 * dial_race_test.h - hosts that answer when the test wants it, and a clock
 *
 * Names come from a name server of ours. What the hosts behind them do is
 * written into `hosts`: connect() is ours, and either fails at once or hands
 * out one end of a pair of sockets whose buffer is full. Such a descriptor is
 * "in progress" until the test drains the other end. With a clock of ours on
 * top, RFC 8305's times are exact, and cost none.
 */
#ifndef WEIR_DIAL_RACE_TEST_H
#define WEIR_DIAL_RACE_TEST_H

#include "test/support/net_test.h"

#include "test/support/virtual_clock.h"
#include "test/support/dns_server.h"

#include <arpa/inet.h>

enum { PORT = 7 };

static struct side s;
static struct dns_server *dns, *second_dns;

/* ------------------------------------------------------------------- time */

static uint64_t begun;

static inline uint64_t passed(void)
{
    return virtual_ms() - begun;
}

/* At a whole tick, so that times are exact. */
static inline void start_the_clock(void)
{
    spend(MS - virtual.now % MS);
    weir_loop_update_now(the_loop);
    begun = virtual_ms();
}

/* For a test in which c-ares is to run out of patience, on its own clock: time
 * passes by itself, so many times as slowly. */
static uint64_t slowness, real_start;

static inline int passing_clock(clockid_t which, struct timespec *now)
{
    virtual.now = (begun + (net_now() - real_start) / slowness) * MS;
    return virtual_gettime(which, now);
}

static inline void let_time_pass(uint64_t slowly)
{
    slowness = slowly;
    real_start = net_now();
    weir_sys.clock_gettime = passing_clock;
#ifdef WEIR_BACKEND_EPOLL
    weir_sys.epoll_wait = faults_kernel()->epoll_wait;
#else
    weir_sys.kevent = faults_kernel()->kevent;
#endif
}

/* Turns the loop until so many ms after the beginning, or until its end. */
static inline void run_to(uint64_t time)
{
    while (passed() < time && weir_loop_alive(the_loop))
        assert_true(weir_loop_run_once(the_loop, (int)(time - passed())) >= 0);
    for (int i = 0; i < 10; i++)
        assert_true(weir_loop_run_once(the_loop, 0) >= 0);
}

/* ------------------------------------------------------------------ hosts */

static struct host {
    const char *ip;
    int error; /* of connect(); 0: in progress until answer() or refuse() */
    int late_error;
    int fd, end; /* the attempt's descriptor, and our end of it; 0: none */
    weir_address local; /* what the descriptor was bound to */
} hosts[8];

static inline void set_hosts(const char *first, int first_error, ...)
{
    va_list more;
    size_t count = 0;

    memset(hosts, 0, sizeof hosts);
    va_start(more, first_error);
    for (const char *ip = first; ip; ip = va_arg(more, const char *)) {
        hosts[count].ip = ip;
        hosts[count].error = count ? va_arg(more, int) : first_error;
        count++;
    }
    va_end(more);
}

static inline struct host *host_of(const struct sockaddr *name)
{
    char ip[INET6_ADDRSTRLEN];

    if (name->sa_family == AF_INET)
        inet_ntop(AF_INET, &((const struct sockaddr_in *)name)->sin_addr, ip,
                  sizeof ip);
    else
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)name)->sin6_addr, ip,
                  sizeof ip);
    for (size_t i = 0; i < COUNT(hosts); i++)
        if (hosts[i].ip && !strcmp(hosts[i].ip, ip))
            return &hosts[i];
    fail_msg("nobody knows %s", ip);
    return NULL;
}

static inline int scripted_connect(int fd, const struct sockaddr *name,
                                   socklen_t size)
{
    struct host *host = host_of(name);
    static const char zeroes[1000];
    int pair[2];

    (void)size;
    if (host->error) {
        errno = host->error;
        return -1;
    }
    host->local.length = sizeof host->local.name;
    assert_int_equal(
        getsockname(fd, &host->local.name.any, &host->local.length), 0);
    test_socketpair(pair);
    while (send(pair[0], zeroes, sizeof zeroes, MSG_NOSIGNAL) > 0)
        ;
    assert_int_equal(dup2(pair[0], fd), fd);
    close(pair[0]);
    host->fd = fd;
    host->end = pair[1];
    errno = EINPROGRESS;
    return -1;
}

static inline int scripted_getsockopt(int fd, int level, int option,
                                      void *value, socklen_t *size)
{
    for (size_t i = 0; i < COUNT(hosts); i++) {
        if (hosts[i].fd == fd && hosts[i].late_error && option == SO_ERROR) {
            *(int *)value = hosts[i].late_error;
            hosts[i].fd = -1; /* the number may be used again */
            return 0;
        }
    }
    return getsockopt(fd, level, option, value, size);
}

static inline void answer(struct host *host)
{
    test_drain(host->end);
}

static inline void refuse(struct host *host, int error)
{
    host->late_error = error;
    test_drain(host->end);
}

/* Whether weir has closed its end. */
static inline bool let_go(struct host *host)
{
    char byte;

    test_drain(host->end);
    return recv(host->end, &byte, 1, 0) == 0;
}

/* ---------------------------------------------------------- what was told */

static char attempts[512]; /* "0:192.0.2.1 250!192.0.2.2": begun, failed */
static char found[512];    /* addresses of lookup events */
static weir_socket_events events;

static inline void add(char *text, const char *format, ...)
{
    size_t length = strlen(text);
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text + length, sizeof attempts - length, format, arguments);
    va_end(arguments);
}

static inline void on_attempt(weir_socket *socket, int status,
                              const weir_address *address)
{
    char ip[WEIR_ADDRESS_TEXT];

    weir_address_host(address, ip, sizeof ip);
    assert_int_equal(weir_address_port(address), PORT);
    add(attempts, "%s%u%c%s", *attempts ? " " : "", (unsigned)passed(),
        status ? '!' : ':', ip);
    side_events.attempt(socket, status, address);
}

static inline void on_lookup(weir_socket *socket, int status,
                             const weir_address *address, const char *host)
{
    char ip[WEIR_ADDRESS_TEXT] = "";

    assert_string_equal(host, "name.test");
    assert_int_equal(status != 0, address == NULL);
    if (address)
        weir_address_host(address, ip, sizeof ip);
    else
        snprintf(ip, sizeof ip, "%s", weir_error_name(status));
    add(found, "%s%s", *found ? " " : "", ip);
    side_events.lookup(socket, status, address, host);
}

static inline void make_socket(struct side *side)
{
    side_init(side);
    assert_int_equal(weir_socket_create(&side->socket, the_loop, &events, side),
                     0);
}

/* ---------------------------------------------------------------- fixture */

static inline int setup(void **state)
{
    weir_resolver_options options = { 0 };

    if (open_virtual_loop(state) < 0)
        return -1;
    dns = dns_server_start(the_loop);
    second_dns = NULL;
    options.servers = dns_server_address(dns);
    assert_int_equal(weir_resolver_configure(the_loop, &options), 0);
    events = side_events;
    events.attempt = on_attempt;
    events.lookup = on_lookup;
    attempts[0] = found[0] = '\0';
    memset(hosts, 0, sizeof hosts);
    make_socket(&s);
    weir_sys.connect = scripted_connect;
    weir_sys.getsockopt = scripted_getsockopt;
    start_the_clock();
    return 0;
}

static inline int teardown(void **state)
{
    for (size_t i = 0; i < COUNT(hosts); i++)
        if (hosts[i].end)
            close(hosts[i].end);
    memset(hosts, 0, sizeof hosts);
    faults_restore();
    if (dns)
        dns_server_stop(dns);
    if (second_dns)
        dns_server_stop(second_dns);
    return test_close_loop(state);
}

#define TEST(function)                                                         \
    cmocka_unit_test_setup_teardown(function, setup, teardown)

static inline void set_name(const char *ipv6, const char *ipv4)
{
    if (ipv6)
        dns_server_set(dns, "name.test", DNS_AAAA, DNS_ADDRESSES, ipv6);
    if (ipv4)
        dns_server_set(dns, "name.test", DNS_A, DNS_ADDRESSES, ipv4);
}

static inline void dial(const weir_connect_options *options)
{
    assert_int_equal(
        weir_socket_connect_host(s.socket, "name.test", PORT, options), 0);
}

/* Two name servers, of which the second is asked when the first has been
 * silent for so many real ms: so one answer comes late. */
static inline void use_two_servers(unsigned patience)
{
    char servers[128];
    weir_resolver_options options = { .servers = servers, .timeout = patience };

    second_dns = dns_server_start(the_loop);
    snprintf(servers, sizeof servers, "%s,%s", dns_server_address(dns),
             dns_server_address(second_dns));
    assert_int_equal(weir_resolver_configure(the_loop, &options), 0);
}

#endif
