/*
 * test_dial_race.c - connecting by name: lookups, attempts, and who wins
 *
 * Names come from a name server of ours. What the hosts behind them do is
 * written into `hosts`: connect() is ours, and either fails at once or hands
 * out one end of a pair of sockets whose buffer is full. Such a descriptor is
 * "in progress" until the test drains the other end. With a clock of ours on
 * top, RFC 8305's times are exact, and cost none.
 */
#include "test/support/net_test.h"

#include "test/support/virtual_clock.h"
#include "test/support/dns_server.h"

#include <arpa/inet.h>

enum { PORT = 7 };

static struct side s;
static struct dns_server *dns, *second_dns;

/* ------------------------------------------------------------------- time */

static uint64_t begun;

static uint64_t passed(void)
{
    return virtual_ms() - begun;
}

/* At a whole tick, so that times are exact. */
static void start_the_clock(void)
{
    spend(MS - virtual.now % MS);
    weir_loop_update_now(the_loop);
    begun = virtual_ms();
}

/* For a test in which c-ares is to run out of patience, on its own clock: time
 * passes by itself, so many times as slowly. */
static uint64_t slowness, real_start;

static int passing_clock(clockid_t which, struct timespec *now)
{
    virtual.now = (begun + (net_now() - real_start) / slowness) * MS;
    return virtual_gettime(which, now);
}

static void let_time_pass(uint64_t slowly)
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
static void run_to(uint64_t time)
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

static void set_hosts(const char *first, int first_error, ...)
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

static struct host *host_of(const struct sockaddr *name)
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

static int scripted_connect(int fd, const struct sockaddr *name, socklen_t size)
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

static int scripted_getsockopt(int fd, int level, int option, void *value,
                               socklen_t *size)
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

static void answer(struct host *host)
{
    test_drain(host->end);
}

static void refuse(struct host *host, int error)
{
    host->late_error = error;
    test_drain(host->end);
}

/* Whether weir has closed its end. */
static bool let_go(struct host *host)
{
    char byte;

    test_drain(host->end);
    return recv(host->end, &byte, 1, 0) == 0;
}

/* ---------------------------------------------------------- what was told */

static char attempts[512]; /* "0:192.0.2.1 250!192.0.2.2": begun, failed */
static char found[512];    /* addresses of lookup events */
static weir_socket_events events;

static void add(char *text, const char *format, ...)
{
    size_t length = strlen(text);
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text + length, sizeof attempts - length, format, arguments);
    va_end(arguments);
}

static void on_attempt(weir_socket *socket, int status,
                       const weir_address *address)
{
    char ip[WEIR_ADDRESS_TEXT];

    weir_address_host(address, ip, sizeof ip);
    assert_int_equal(weir_address_port(address), PORT);
    add(attempts, "%s%u%c%s", *attempts ? " " : "", (unsigned)passed(),
        status ? '!' : ':', ip);
    side_events.attempt(socket, status, address);
}

static void on_lookup(weir_socket *socket, int status,
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

static void make_socket(struct side *side)
{
    side_init(side);
    assert_int_equal(weir_socket_create(&side->socket, the_loop, &events, side),
                     0);
}

/* ---------------------------------------------------------------- fixture */

static int setup(void **state)
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

static int teardown(void **state)
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

static void set_name(const char *ipv6, const char *ipv4)
{
    if (ipv6)
        dns_server_set(dns, "name.test", DNS_AAAA, DNS_ADDRESSES, ipv6);
    if (ipv4)
        dns_server_set(dns, "name.test", DNS_A, DNS_ADDRESSES, ipv4);
}

static void dial(const weir_connect_options *options)
{
    assert_int_equal(
        weir_socket_connect_host(s.socket, "name.test", PORT, options), 0);
}

/* Two name servers, of which the second is asked when the first has been
 * silent for so many real ms: so one answer comes late. */
static void use_two_servers(unsigned patience)
{
    char servers[128];
    weir_resolver_options options = { .servers = servers, .timeout = patience };

    second_dns = dns_server_start(the_loop);
    snprintf(servers, sizeof servers, "%s,%s", dns_server_address(dns),
             dns_server_address(second_dns));
    assert_int_equal(weir_resolver_configure(the_loop, &options), 0);
}

/* --------------------------------------------------------------- looking up */

static void a_host_is_reached_by_its_name(void **state)
{
    weir_address address;
    int listener = net_listener(NET_TCP, &address), peer;

    (void)state;
    faults_restore();
    events.attempt = side_events.attempt; /* the port is another */
    make_socket(&s);
    set_name(NULL, "127.0.0.1");
    assert_int_equal(weir_socket_connect_host(s.socket, "name.test",
                                              weir_address_port(&address),
                                              NULL),
                     0);
    assert_side(&s, "");
    assert_true(weir_socket_write(s.socket, "hello", 5, side_wrote, &s) >= 0);
    RUN_UNTIL(strchr(s.log, 'D'));
    assert_side(&s, "LACwD");
    peer = accept(listener, NULL, NULL);
    raw_expect(peer, "hello");
    close(peer);
    close(listener);
}

/* The loop's own asks nobody any more, so only this one knows the name. */
static weir_resolver *make_resolver(void)
{
    weir_resolver_options options = { .servers = dns_server_address(dns) };
    weir_resolver_options nobody = { .servers = "127.0.0.1:1" };
    weir_resolver *resolver;

    assert_int_equal(weir_resolver_configure(the_loop, &nobody), 0);
    assert_int_equal(weir_resolver_create(&resolver, the_loop, &options), 0);
    return resolver;
}

static void a_host_is_asked_of_the_resolver_that_is_given(void **state)
{
    weir_connect_options options = { .resolver = make_resolver() };

    (void)state;
    set_hosts("192.0.2.1", 0, NULL);
    set_name(NULL, "192.0.2.1");
    dial(&options);
    RUN_UNTIL(strchr(s.log, 'A'));
    answer(&hosts[0]);
    RUN_UNTIL(strchr(s.log, 'C'));
    weir_resolver_destroy(options.resolver);
}

static void a_resolver_of_another_loop_is_EINVAL(void **state)
{
    weir_connect_options options = { 0 };
    weir_loop *other;

    (void)state;
    assert_int_equal(weir_loop_create(&other), 0);
    assert_int_equal(weir_resolver_create(&options.resolver, other, NULL), 0);
    assert_int_equal(
        weir_socket_connect_host(s.socket, "name.test", PORT, &options),
        -EINVAL);
    assert_int_equal(weir_socket_get_state(s.socket), WEIR_SOCKET_NEW);
    assert_int_equal(weir_loop_destroy(other), 0);
}

static void a_resolver_may_be_destroyed_while_it_is_asked(void **state)
{
    weir_connect_options options = { .resolver = make_resolver() };
    unsigned before = test_open_descriptors();

    (void)state;
    set_hosts("192.0.2.1", 0, NULL);
    set_name(NULL, "192.0.2.1");
    dial(&options);
    weir_resolver_destroy(options.resolver);
    RUN_UNTIL(strchr(s.log, 'A'));
    answer(&hosts[0]);
    RUN_UNTIL(strchr(s.log, 'C'));
    weir_socket_destroy(s.socket);
    RUN_UNTIL(s.closed);
    assert_int_equal(test_open_descriptors(), before + 1); /* the other end */
}

static void a_socket_may_end_while_its_destroyed_resolver_is_asked(void **state)
{
    weir_connect_options options = { .resolver = make_resolver() };

    (void)state;
    dns_server_set(dns, "name.test", DNS_ANY, DNS_SILENCE, NULL);
    dial(&options);
    weir_resolver_destroy(options.resolver);
    weir_socket_destroy(s.socket);
    RUN_UNTIL(s.closed);
    assert_side(&s, "x");
}

static void
a_loop_may_be_destroyed_while_a_destroyed_resolver_is_asked(void **state)
{
    weir_connect_options options = { .resolver = make_resolver() };

    (void)state;
    dns_server_set(dns, "name.test", DNS_ANY, DNS_SILENCE, NULL);
    dial(&options);
    weir_resolver_destroy(options.resolver);
    dns_server_stop(dns);
    dns = NULL;
    test_destroy_loop();
    assert_side(&s, "x");
}

static void each_address_is_told_before_the_first_attempt(void **state)
{
    (void)state;
    set_hosts("192.0.2.1", 0, "192.0.2.2", 0, "192.0.2.3", 0, NULL);
    set_name(NULL, "192.0.2.1,192.0.2.2,192.0.2.3");
    dial(NULL);
    run_to(0);
    assert_side(&s, "LLLA");
    answer(&hosts[0]);
    run_to(0);
    assert_side(&s, "LLLAC");
}

static void assert_lookup_fails(int error, const char *name)
{
    RUN_UNTIL(s.closed);
    assert_side(&s, "L!x");
    assert_int_equal(s.error, error);
    assert_true(s.had_error);
    assert_string_equal(found, name);
    assert_string_equal(attempts, "");
}

static void a_name_that_does_not_exist_is_told_as_lookup_and_error(void **state)
{
    (void)state;
    dial(NULL);
    assert_lookup_fails(WEIR_ENOTFOUND, "ENOTFOUND");
}

static void a_name_without_addresses_is_told_as_such(void **state)
{
    (void)state;
    dns_server_set(dns, "name.test", DNS_ANY, DNS_NODATA, "");
    dial(NULL);
    assert_lookup_fails(WEIR_ENODATA, "ENODATA");
}

static void what_went_wrong_says_more_than_no_address(void **state)
{
    (void)state;
    dns_server_set(dns, "name.test", DNS_AAAA, DNS_SERVFAIL, "");
    dns_server_set(dns, "name.test", DNS_A, DNS_NODATA, "");
    dial(NULL);
    assert_lookup_fails(WEIR_ESERVFAIL, "ESERVFAIL");
}

static void check_lookup_call(struct side *side, char event)
{
    const char *call;

    if (event != '!')
        return;
    assert_int_equal(weir_socket_failure(side->socket, &call, NULL),
                     WEIR_ENOTFOUND);
    assert_string_equal(call, "lookup");
}

static void a_lookup_that_fails_names_its_call(void **state)
{
    (void)state;
    s.hook = check_lookup_call;
    dial(NULL);
    assert_lookup_fails(WEIR_ENOTFOUND, "ENOTFOUND");
}

static void writes_fail_with_what_the_lookup_failed_with(void **state)
{
    (void)state;
    dial(NULL);
    assert_true(weir_socket_write(s.socket, "x", 1, side_wrote, &s) >= 0);
    run_to(0);
    assert_side(&s, "LW!x");
    assert_int_equal(s.last_status, WEIR_ENOTFOUND);
}

static void only_the_family_that_is_asked_for_is_looked_up(void **state)
{
    weir_connect_options ipv4 = { .family = AF_INET };

    (void)state;
    set_hosts("192.0.2.1", 0, "2001:db8::1", 0, NULL);
    set_name("2001:db8::1", "192.0.2.1");
    dial(&ipv4);
    run_to(0);
    assert_int_equal(dns_server_questions(dns), 1);
    assert_string_equal(attempts, "0:192.0.2.1");
    assert_string_equal(found, "192.0.2.1");
    answer(&hosts[0]);
    run_to(10);
    assert_side(&s, "LAC");
}

static void an_ipv6_socket_needs_an_ipv6_address(void **state)
{
    weir_connect_options ipv6 = { .family = AF_INET6 };

    (void)state;
    set_name(NULL, "192.0.2.1");
    dial(&ipv6);
    assert_lookup_fails(WEIR_ENODATA, "ENODATA");
}

/* --------------------------------------------------------- when to begin */

static void ipv4_waits_50_ms_for_the_answer_of_ipv6(void **state)
{
    (void)state;
    set_hosts("192.0.2.1", 0, NULL);
    dns_server_set(dns, "name.test", DNS_AAAA, DNS_SILENCE, "");
    set_name(NULL, "192.0.2.1");
    dial(NULL);
    run_to(49);
    assert_string_equal(found, "192.0.2.1");
    assert_string_equal(attempts, "");
    run_to(50);
    assert_string_equal(attempts, "50:192.0.2.1");
    answer(&hosts[0]);
    run_to(50);
    assert_side(&s, "LAC");
}

static void ipv4_does_not_wait_when_there_is_no_ipv6_address(void **state)
{
    (void)state;
    set_hosts("192.0.2.1", 0, NULL);
    set_name(NULL, "192.0.2.1");
    dial(NULL);
    run_to(0);
    assert_string_equal(attempts, "0:192.0.2.1");
}

/* In slow motion, so that the answer comes well within the 50 ms. */
static void an_ipv6_answer_within_50_ms_goes_first(void **state)
{
    (void)state;
    set_hosts("192.0.2.1", 0, "2001:db8::1", 0, NULL);
    set_name("2001:db8::1", "192.0.2.1");
    dns_server_delay_type(dns, DNS_AAAA, 20);
    let_time_pass(10);
    dial(NULL);
    RUN_UNTIL(strchr(s.log, 'A'));
    assert_string_equal(found, "192.0.2.1 2001:db8::1");
    assert_side(&s, "LLA");
    assert_non_null(strstr(attempts, ":2001:db8::1"));
}

/* ------------------------------------------------------------- the race */

/* Field note 18: Node gave up each attempt after 250 ms, and never reached a
 * host that is 300 ms away. */
static void a_host_that_is_slow_to_answer_is_not_given_up(void **state)
{
    (void)state;
    set_hosts("192.0.2.1", 0, "192.0.2.2", 0, NULL);
    set_name(NULL, "192.0.2.1,192.0.2.2");
    dial(NULL);
    run_to(249);
    assert_string_equal(attempts, "0:192.0.2.1");
    run_to(299);
    assert_string_equal(attempts, "0:192.0.2.1 250:192.0.2.2");
    assert_false(let_go(&hosts[0]));
    answer(&hosts[0]);
    run_to(300);
    assert_side(&s, "LLAAC");
    assert_true(let_go(&hosts[1]));
    assert_true(weir_socket_write(s.socket, "hello", 5, NULL, NULL) >= 0);
    raw_expect(hosts[0].end, "hello");
}

static void the_first_to_answer_wins_and_the_others_are_closed(void **state)
{
    (void)state;
    set_hosts("192.0.2.1", 0, "192.0.2.2", 0, "192.0.2.3", 0, "192.0.2.4", 0,
              NULL);
    set_name(NULL, "192.0.2.1,192.0.2.2,192.0.2.3,192.0.2.4");
    dial(NULL);
    run_to(600);
    assert_string_equal(attempts, "0:192.0.2.1 250:192.0.2.2 500:192.0.2.3");
    answer(&hosts[1]);
    run_to(2000);
    assert_side(&s, "LLLLAAAC");
    assert_true(let_go(&hosts[0]));
    assert_false(let_go(&hosts[1]));
    assert_true(let_go(&hosts[2]));
    assert_int_equal(hosts[3].fd, 0);
}

/* Field note 8: both become writable in one batch, and the second one's event
 * is stale. */
static void two_that_answer_at_once_make_one_connection(void **state)
{
    (void)state;
    set_hosts("192.0.2.1", 0, "192.0.2.2", 0, NULL);
    set_name(NULL, "192.0.2.1,192.0.2.2");
    dial(NULL);
    run_to(251);
    answer(&hosts[0]);
    answer(&hosts[1]);
    run_to(251);
    assert_side(&s, "LLAAC");
    assert_true(let_go(&hosts[0]) != let_go(&hosts[1]));
}

static void the_families_take_turns_beginning_with_ipv6(void **state)
{
    (void)state;
    set_hosts("192.0.2.1", 0, "192.0.2.2", 0, "192.0.2.3", 0, "2001:db8::1", 0,
              "2001:db8::2", 0, NULL);
    set_name("2001:db8::1,2001:db8::2", "192.0.2.1,192.0.2.2,192.0.2.3");
    dial(NULL);
    run_to(1000);
    assert_string_equal(attempts, "0:2001:db8::1 250:192.0.2.1 500:2001:db8::2 "
                                  "750:192.0.2.2 1000:192.0.2.3");
    answer(&hosts[4]);
    run_to(1000);
    assert_non_null(strchr(s.log, 'C'));
}

static void a_dead_family_costs_250_ms(void **state)
{
    (void)state;
    set_hosts("192.0.2.1", 0, "2001:db8::1", 0, NULL);
    set_name("2001:db8::1", "192.0.2.1");
    dial(NULL);
    run_to(250);
    assert_string_equal(attempts, "0:2001:db8::1 250:192.0.2.1");
    answer(&hosts[0]);
    run_to(250);
    assert_non_null(strchr(s.log, 'C'));
    assert_true(let_go(&hosts[1]));
}

static void an_attempt_that_fails_moves_on_at_once(void **state)
{
    (void)state;
    set_hosts("192.0.2.1", 0, "192.0.2.2", 0, "192.0.2.3", 0, NULL);
    set_name(NULL, "192.0.2.1,192.0.2.2,192.0.2.3");
    dial(NULL);
    run_to(100);
    refuse(&hosts[0], ECONNREFUSED);
    run_to(349);
    assert_string_equal(attempts, "0:192.0.2.1 100!192.0.2.1 100:192.0.2.2");
    run_to(350);
    assert_string_equal(attempts, "0:192.0.2.1 100!192.0.2.1 100:192.0.2.2 "
                                  "350:192.0.2.3");
    answer(&hosts[1]);
    run_to(350);
    assert_side(&s, "LLLABAAC");
    assert_int_equal(weir_socket_failure(s.socket, NULL, NULL), 0);
}

/* Field note 18. */
static void no_route_to_a_family_costs_no_time(void **state)
{
    (void)state;
    set_hosts("192.0.2.1", 0, "2001:db8::1", ENETUNREACH, "2001:db8::2",
              ENETUNREACH, NULL);
    set_name("2001:db8::1,2001:db8::2", "192.0.2.1");
    dial(NULL);
    run_to(0);
    answer(&hosts[0]);
    run_to(0);
    assert_non_null(strstr(attempts, "0:192.0.2.1"));
    assert_non_null(strstr(attempts, "0!2001:db8::1"));
    assert_non_null(strchr(s.log, 'C'));
}

static void a_failure_late_in_the_race_leaves_the_others_running(void **state)
{
    (void)state;
    set_hosts("192.0.2.1", 0, "192.0.2.2", 0, NULL);
    set_name(NULL, "192.0.2.1,192.0.2.2");
    dial(NULL);
    run_to(300);
    refuse(&hosts[1], ECONNREFUSED);
    run_to(1000);
    assert_side(&s, "LLAAB");
    refuse(&hosts[0], ETIMEDOUT);
    run_to(1000);
    assert_side(&s, "LLAABB!x");
    assert_int_equal(s.error, -ECONNREFUSED);
}

static void the_delay_between_attempts_can_be_chosen(void **state)
{
    weir_connect_options options = { .attempt_delay = 100 };

    (void)state;
    set_hosts("192.0.2.1", 0, "192.0.2.2", 0, "192.0.2.3", 0, NULL);
    set_name(NULL, "192.0.2.1,192.0.2.2,192.0.2.3");
    dial(&options);
    run_to(1000);
    assert_string_equal(attempts, "0:192.0.2.1 100:192.0.2.2 200:192.0.2.3");
}

static void a_delay_below_10_ms_is_10_ms(void **state)
{
    weir_connect_options options = { .attempt_delay = 1 };

    (void)state;
    set_hosts("192.0.2.1", 0, "192.0.2.2", 0, NULL);
    set_name(NULL, "192.0.2.1,192.0.2.2");
    dial(&options);
    run_to(1000);
    assert_string_equal(attempts, "0:192.0.2.1 10:192.0.2.2");
}

/* The delay has long passed since the last attempt. */
static void an_address_that_is_found_late_is_tried_at_once(void **state)
{
    weir_connect_options options = { .attempt_delay = 10 };

    (void)state;
    use_two_servers(50);
    set_hosts("192.0.2.1", 0, "2001:db8::1", 0, NULL);
    set_name("2001:db8::1", NULL);
    dns_server_set(dns, "name.test", DNS_A, DNS_SILENCE, "");
    dns_server_set(second_dns, "name.test", DNS_A, DNS_ADDRESSES, "192.0.2.1");
    let_time_pass(1);
    dial(&options);
    RUN_UNTIL(strstr(found, "192.0.2.1"));
    assert_side(&s, "LALA");
    answer(&hosts[0]);
    RUN_UNTIL(strchr(s.log, 'C'));
    assert_true(let_go(&hosts[1]));
}

/* Only the other family's addresses can be reached from it. */
static void a_local_address_leaves_out_the_other_family(void **state)
{
    weir_address local = weir_address_loopback(0);
    weir_connect_options options = { .local = &local };

    (void)state;
    set_hosts("192.0.2.1", 0, "2001:db8::1", 0, NULL);
    set_name("2001:db8::1", "192.0.2.1");
    dial(&options);
    run_to(0);
    assert_int_equal(hosts[1].fd, 0);
    assert_non_null(strstr(attempts, "0:192.0.2.1"));
    answer(&hosts[0]);
    run_to(0);
    assert_non_null(strchr(s.log, 'C'));
}

static void a_local_port_alone_holds_for_both_families(void **state)
{
    weir_address free_port, local;
    weir_connect_options options = { .local = &local };
    unsigned port;

    (void)state;
    close(net_listener(NET_TCP, &free_port));
    port = weir_address_port(&free_port);
    local = weir_address_any(port);
    set_hosts("192.0.2.1", 0, "2001:db8::1", 0, NULL);
    set_name("2001:db8::1", "192.0.2.1");
    dial(&options);
    run_to(250);
    assert_string_equal(attempts, "0:2001:db8::1 250:192.0.2.1");
    assert_int_equal(weir_address_family(&hosts[0].local), AF_INET);
    assert_int_equal(weir_address_port(&hosts[0].local), port);
    assert_int_equal(weir_address_family(&hosts[1].local), AF_INET6);
    assert_int_equal(weir_address_port(&hosts[1].local), port);
}

static void an_address_found_early_waits_for_its_turn(void **state)
{
    (void)state;
    set_hosts("192.0.2.1", 0, "2001:db8::1", 0, NULL);
    set_name("2001:db8::1", "192.0.2.1");
    dial(NULL);
    run_to(249);
    assert_string_equal(attempts, "0:2001:db8::1");
}

static void a_name_found_when_all_attempts_have_failed_is_tried(void **state)
{
    (void)state;
    use_two_servers(50);
    set_hosts("192.0.2.1", 0, "2001:db8::1", ECONNREFUSED, NULL);
    set_name("2001:db8::1", NULL);
    dns_server_set(dns, "name.test", DNS_A, DNS_SILENCE, "");
    dns_server_set(second_dns, "name.test", DNS_A, DNS_ADDRESSES, "192.0.2.1");
    let_time_pass(1);
    dial(NULL);
    RUN_UNTIL(strstr(found, "192.0.2.1"));
    answer(&hosts[0]);
    RUN_UNTIL(strchr(s.log, 'C'));
    assert_side(&s, "LABLAC");
}

/* ---------------------------------------------------- when all have failed */

static void assert_all_fail(int ipv6_error, int ipv4_error, int told,
                            const char *about)
{
    const char *call;
    weir_address address, wanted;

    set_hosts("2001:db8::1", ipv6_error, "192.0.2.1", ipv4_error, NULL);
    dial(NULL);
    weir_address_ip(&wanted, about, PORT);
    RUN_UNTIL(weir_socket_get_state(s.socket) == WEIR_SOCKET_CLOSED);
    assert_int_equal(weir_socket_failure(s.socket, &call, &address), told);
    assert_string_equal(call, "connect");
    assert_true(weir_address_equal(&address, &wanted));
    run_to(0);
    assert_true(s.closed);
    assert_int_equal(s.error, told);
}

static void the_error_of_a_host_counts_more_than_that_of_the_way(void **state)
{
    (void)state;
    set_name("2001:db8::1", "192.0.2.1");
    assert_all_fail(ENETUNREACH, ECONNREFUSED, -ECONNREFUSED, "192.0.2.1");
    make_socket(&s);
    assert_all_fail(ECONNREFUSED, ENETUNREACH, -ECONNREFUSED, "2001:db8::1");
    make_socket(&s);
    assert_all_fail(ECONNREFUSED, ETIMEDOUT, -ECONNREFUSED, "2001:db8::1");
}

static void a_connect_timeout_holds_while_names_are_looked_up(void **state)
{
    weir_connect_options options = { .timeout = 300 };

    (void)state;
    dns_server_set(dns, "name.test", DNS_ANY, DNS_SILENCE, "");
    dial(&options);
    run_to(299);
    assert_side(&s, "");
    run_to(300);
    assert_side(&s, "!x");
    assert_int_equal(s.error, -ETIMEDOUT);
    assert_false(weir_loop_alive(the_loop));
}

static void a_connect_timeout_ends_the_whole_race(void **state)
{
    weir_connect_options options = { .timeout = 300 };

    (void)state;
    set_hosts("192.0.2.1", 0, "192.0.2.2", 0, "192.0.2.3", 0, NULL);
    set_name(NULL, "192.0.2.1,192.0.2.2,192.0.2.3");
    dial(&options);
    run_to(300);
    assert_side(&s, "LLLAA!x");
    assert_int_equal(s.error, -ETIMEDOUT);
    assert_true(let_go(&hosts[0]));
    assert_true(let_go(&hosts[1]));
    assert_false(weir_loop_alive(the_loop));
}

static void nothing_of_a_race_outlives_it(void **state)
{
    weir_connect_options options = { .timeout = 5000 };
    uint64_t now;

    (void)state;
    set_hosts("192.0.2.1", 0, "192.0.2.2", 0, NULL);
    set_name(NULL, "192.0.2.1,192.0.2.2");
    dial(&options);
    run_to(10);
    answer(&hosts[0]);
    run_to(10);
    assert_side(&s, "LLAC");
    weir_socket_destroy(s.socket);
    now = virtual.now;
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_int_equal(virtual.now, now);
    run_to(6000);
    assert_side(&s, "LLACx");
}

/* ----------------------------------------------------- ending in its middle */

static char end_at;
static unsigned end_after; /* so many such events were told before */
static void (*end_with)(weir_socket *);

static void end_in_event(struct side *side, char event)
{
    if (event == end_at && end_after-- == 0)
        end_with(side->socket);
}

static void assert_ends(char event, unsigned after, const char *log)
{
    static void (*const ways[])(weir_socket *) = { weir_socket_destroy,
                                                   weir_socket_reset,
                                                   weir_socket_close };

    for (size_t i = 0; i < COUNT(ways); i++) {
        set_hosts("192.0.2.1", 0, "192.0.2.2", 0, "2001:db8::1", ECONNREFUSED,
                  NULL);
        make_socket(&s);
        s.hook = end_in_event;
        end_at = event;
        end_after = after;
        end_with = ways[i];
        dial(NULL);
        assert_true(weir_socket_write(s.socket, "x", 1, side_wrote, &s) >= 0);
        begun = virtual_ms();
        run_to(1000);
        assert_side(&s, log);
        assert_false(s.had_error);
        assert_false(weir_loop_alive(the_loop));
        for (size_t k = 0; k < COUNT(hosts); k++) {
            if (hosts[k].end) {
                assert_true(let_go(&hosts[k]));
                close(hosts[k].end);
                hosts[k].end = 0;
            }
        }
    }
}

static void a_socket_may_end_in_any_event_of_a_race(void **state)
{
    (void)state;
    set_name("2001:db8::1", "192.0.2.1,192.0.2.2");
    assert_ends('L', 0, "LWx"); /* the answer of IPv6 comes first */
    assert_ends('A', 0, "LAWx");
    assert_ends('B', 0, "LABWx");
    assert_ends('L', 1, "LABLWx");
    assert_ends('L', 2, "LABLLWx");
    assert_ends('A', 1, "LABLLAWx");
    assert_ends('A', 2, "LABLLAAWx");
}

static void a_socket_may_end_while_its_name_is_looked_up(void **state)
{
    (void)state;
    dns_server_set(dns, "name.test", DNS_ANY, DNS_SILENCE, "");
    dial(NULL);
    run_to(1);
    assert_int_equal(dns_server_questions(dns), 2);
    weir_socket_destroy(s.socket);
    assert_side(&s, "");
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_side(&s, "x");
}

static void a_socket_may_end_before_its_lookup_has_begun_to_turn(void **state)
{
    (void)state;
    set_name("2001:db8::1", "192.0.2.1");
    dial(NULL);
    weir_socket_destroy(s.socket);
    run_to(10);
    assert_side(&s, "x");
}

static void a_socket_may_end_with_one_of_two_lookups_done(void **state)
{
    (void)state;
    set_hosts("192.0.2.1", 0, NULL);
    dns_server_set(dns, "name.test", DNS_AAAA, DNS_SILENCE, "");
    set_name(NULL, "192.0.2.1");
    dial(NULL);
    run_to(20);
    assert_side(&s, "L");
    weir_socket_destroy(s.socket);
    run_to(100);
    assert_side(&s, "Lx");
    assert_false(weir_loop_alive(the_loop));
}

/* c-ares cannot give up one query: the other socket's must not go with it. */
static void one_socket_given_up_does_not_disturb_another(void **state)
{
    static struct side other;

    (void)state;
    set_hosts("192.0.2.1", 0, "2001:db8::1", 0, NULL);
    set_name("2001:db8::1", "192.0.2.1");
    make_socket(&other);
    dial(NULL);
    assert_int_equal(
        weir_socket_connect_host(other.socket, "name.test", PORT, NULL), 0);
    weir_socket_destroy(s.socket);
    run_to(0);
    assert_side(&s, "x");
    answer(&hosts[1]);
    run_to(0);
    assert_non_null(strchr(other.log, 'C'));
    net_finish(&other);
}

static void a_loop_destroyed_during_a_lookup_closes_the_socket(void **state)
{
    (void)state;
    dns_server_set(dns, "name.test", DNS_ANY, DNS_SILENCE, "");
    dial(NULL);
    run_to(1);
    dns_server_stop(dns);
    dns = NULL;
    test_destroy_loop();
    assert_true(s.closed);
    assert_string_equal(s.log + s.logged - 1, "x");
}

static void a_loop_destroyed_during_a_race_closes_all_of_it(void **state)
{
    (void)state;
    set_hosts("192.0.2.1", 0, "192.0.2.2", 0, NULL);
    dns_server_set(dns, "name.test", DNS_AAAA, DNS_SILENCE, "");
    set_name(NULL, "192.0.2.1,192.0.2.2");
    dial(NULL);
    run_to(310);
    assert_side(&s, "LLAA");
    dns_server_stop(dns);
    dns = NULL;
    test_destroy_loop();
    assert_true(s.closed);
    assert_true(let_go(&hosts[0]));
    assert_true(let_go(&hosts[1]));
}

static void
a_loop_destroyed_with_an_answer_on_its_way_is_no_attempt(void **state)
{
    (void)state;
    dns_server_set(dns, "name.test", DNS_AAAA, DNS_SILENCE, "");
    set_name(NULL, "192.0.2.1");
    dial(NULL);
    run_to(20); /* IPv4 waits for IPv6 */
    dns_server_stop(dns);
    dns = NULL;
    test_destroy_loop();
    assert_true(s.closed);
    assert_string_equal(attempts, "");
}

static void
an_unreferenced_socket_looks_up_without_keeping_the_loop(void **state)
{
    (void)state;
    dns_server_set(dns, "name.test", DNS_ANY, DNS_SILENCE, "");
    weir_socket_unref(s.socket);
    dial(NULL);
    assert_false(weir_loop_alive(the_loop));
}

static void localhost_is_reached_whichever_family_listens(void **state)
{
    weir_address address;
    int listener = net_listener(NET_TCP, &address);

    (void)state;
    faults_restore();
    weir_socket_set_events(s.socket, &side_events);
    assert_int_equal(weir_socket_connect_host(s.socket, "localhost",
                                              weir_address_port(&address),
                                              NULL),
                     0);
    RUN_UNTIL(strchr(s.log, 'C'));
    assert_int_equal(dns_server_questions(dns), 0);
    close(listener);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_host_is_reached_by_its_name),
        TEST(a_host_is_asked_of_the_resolver_that_is_given),
        TEST(a_resolver_of_another_loop_is_EINVAL),
        TEST(a_resolver_may_be_destroyed_while_it_is_asked),
        TEST(a_socket_may_end_while_its_destroyed_resolver_is_asked),
        TEST(a_loop_may_be_destroyed_while_a_destroyed_resolver_is_asked),
        TEST(each_address_is_told_before_the_first_attempt),
        TEST(a_name_that_does_not_exist_is_told_as_lookup_and_error),
        TEST(a_name_without_addresses_is_told_as_such),
        TEST(what_went_wrong_says_more_than_no_address),
        TEST(a_lookup_that_fails_names_its_call),
        TEST(writes_fail_with_what_the_lookup_failed_with),
        TEST(only_the_family_that_is_asked_for_is_looked_up),
        TEST(an_ipv6_socket_needs_an_ipv6_address),
        TEST(ipv4_waits_50_ms_for_the_answer_of_ipv6),
        TEST(ipv4_does_not_wait_when_there_is_no_ipv6_address),
        TEST(an_ipv6_answer_within_50_ms_goes_first),
        TEST(a_host_that_is_slow_to_answer_is_not_given_up),
        TEST(the_first_to_answer_wins_and_the_others_are_closed),
        TEST(two_that_answer_at_once_make_one_connection),
        TEST(the_families_take_turns_beginning_with_ipv6),
        TEST(a_dead_family_costs_250_ms),
        TEST(an_attempt_that_fails_moves_on_at_once),
        TEST(no_route_to_a_family_costs_no_time),
        TEST(a_failure_late_in_the_race_leaves_the_others_running),
        TEST(the_delay_between_attempts_can_be_chosen),
        TEST(a_delay_below_10_ms_is_10_ms),
        TEST(an_address_that_is_found_late_is_tried_at_once),
        TEST(a_local_address_leaves_out_the_other_family),
        TEST(a_local_port_alone_holds_for_both_families),
        TEST(an_address_found_early_waits_for_its_turn),
        TEST(a_name_found_when_all_attempts_have_failed_is_tried),
        TEST(the_error_of_a_host_counts_more_than_that_of_the_way),
        TEST(a_connect_timeout_holds_while_names_are_looked_up),
        TEST(a_connect_timeout_ends_the_whole_race),
        TEST(nothing_of_a_race_outlives_it),
        TEST(a_socket_may_end_in_any_event_of_a_race),
        TEST(a_socket_may_end_while_its_name_is_looked_up),
        TEST(a_socket_may_end_before_its_lookup_has_begun_to_turn),
        TEST(a_socket_may_end_with_one_of_two_lookups_done),
        TEST(one_socket_given_up_does_not_disturb_another),
        TEST(a_loop_destroyed_during_a_lookup_closes_the_socket),
        TEST(a_loop_destroyed_during_a_race_closes_all_of_it),
        TEST(a_loop_destroyed_with_an_answer_on_its_way_is_no_attempt),
        TEST(an_unreferenced_socket_looks_up_without_keeping_the_loop),
        TEST(localhost_is_reached_whichever_family_listens),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
