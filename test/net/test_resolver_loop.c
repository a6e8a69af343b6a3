/*
 * test_resolver_loop.c - names: when an answer is told, and what may go wrong
 */
#include "resolver_test.h"

/* ------------------------------------------------------- when it is told */

static void a_lookup_knows_its_host_loop_and_data(void **state)
{
    struct outcome outcome = { 0 };
    weir_lookup *lookup;

    (void)state;
    assert_int_equal(start(&lookup, "a.test", NULL, &outcome), 0);
    assert_string_equal(weir_lookup_host(lookup), "a.test");
    assert_ptr_equal(weir_lookup_loop(lookup), the_loop);
    assert_ptr_equal(weir_lookup_data(lookup), &outcome);
    weir_lookup_cancel(lookup);
}

/* on_lookup() checks it for all of them; here are those that c-ares or we
 * could answer at once. */
static void the_callback_never_comes_from_inside_the_call(void **state)
{
    static const char *const hosts[] = { "192.0.2.1", "localhost", "a..b",
                                         "x.invalid", "1.2.3.4.test" };

    (void)state;
    for (size_t i = 0; i < COUNT(hosts); i++) {
        struct outcome outcome = { 0 };

        assert_int_equal(start(NULL, hosts[i], NULL, &outcome), 0);
        assert_int_equal(outcome.calls, 0);
        assert_int_equal(weir_loop_run(the_loop), 0);
        assert_int_equal(outcome.calls, 1);
    }
}

static struct outcome second;

static void then_look_up_again(weir_lookup *lookup, struct outcome *outcome)
{
    (void)lookup, (void)outcome;
    assert_int_equal(start(NULL, "a.test", NULL, &second), 0);
}

/* Whatever cache c-ares has. */
static void every_lookup_asks_anew(void **state)
{
    struct outcome outcome;

    (void)state;
    set("a.test", DNS_A, DNS_ADDRESSES, "192.0.2.1");
    for (unsigned i = 1; i <= 3; i++) {
        outcome = look_up("a.test", AF_INET);
        assert_only(&outcome, "192.0.2.1");
        assert_int_equal(dns_server_questions(server), i);
    }
}

static void a_lookup_may_begin_in_the_callback_of_another(void **state)
{
    struct outcome first = { .then = then_look_up_again };

    (void)state;
    second = (struct outcome){ 0 };
    set("a.test", DNS_A, DNS_ADDRESSES, "192.0.2.1");
    assert_int_equal(start(NULL, "a.test", NULL, &first), 0);
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_only(&first, "192.0.2.1");
    assert_only(&second, "192.0.2.1");
}

static void then_cancel_itself(weir_lookup *lookup, struct outcome *outcome)
{
    (void)outcome;
    weir_lookup_cancel(lookup);
    weir_lookup_unref(lookup);
    weir_lookup_ref(lookup);
}

static void a_callback_may_cancel_its_own_lookup(void **state)
{
    struct outcome outcome = { .then = then_cancel_itself };

    (void)state;
    assert_int_equal(start(NULL, "nobody.test", NULL, &outcome), 0);
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_int_equal(outcome.calls, 1);
}

static void then_cancel_other(weir_lookup *lookup, struct outcome *outcome)
{
    (void)lookup;
    if (outcome->other)
        weir_lookup_cancel(outcome->other);
}

static void a_callback_may_cancel_another_lookup(void **state)
{
    static const char *const hosts[] = { "192.0.2.1", "silent.test" };

    (void)state;
    set("silent.test", DNS_ANY, DNS_SILENCE, NULL);
    for (size_t i = 0; i < COUNT(hosts); i++) {
        struct outcome first = { .then = then_cancel_other }, other = { 0 };

        assert_int_equal(start(NULL, "192.0.2.2", NULL, &first), 0);
        assert_int_equal(start(&first.other, hosts[i], NULL, &other), 0);
        assert_int_equal(weir_loop_run(the_loop), 0);
        assert_int_equal(first.calls, 1);
        assert_int_equal(other.calls, 0);
    }
}

/* ----------------------------------------------------------------- cancel */

static void a_cancelled_lookup_is_not_told_and_holds_nothing(void **state)
{
    unsigned before = test_open_descriptors();
    struct outcome outcome = { 0 };
    weir_lookup *lookup;

    (void)state;
    set("a.test", DNS_ANY, DNS_SILENCE, NULL);
    assert_int_equal(start(&lookup, "a.test", NULL, &outcome), 0);
    assert_true(test_open_descriptors() > before);
    weir_lookup_cancel(lookup);
    assert_false(weir_loop_alive(the_loop));
    assert_int_equal(test_open_descriptors(), before);
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_int_equal(outcome.calls, 0);
}

static void cancelling_one_lookup_leaves_the_others_alone(void **state)
{
    struct outcome outcome = { 0 }, cancelled = { 0 };
    weir_lookup *lookup;

    (void)state;
    set("a.test", DNS_A, DNS_ADDRESSES, "192.0.2.1");
    assert_int_equal(start(&lookup, "a.test", NULL, &cancelled), 0);
    assert_int_equal(start(NULL, "a.test", NULL, &outcome), 0);
    weir_lookup_cancel(lookup);
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_int_equal(cancelled.calls, 0);
    assert_only(&outcome, "192.0.2.1");
}

static void the_last_answer_takes_what_was_cancelled_with_it(void **state)
{
    unsigned before = test_open_descriptors();
    struct outcome outcome = { 0 }, cancelled = { 0 };
    weir_lookup *lookup;

    (void)state;
    set("a.test", DNS_A, DNS_ADDRESSES, "192.0.2.1");
    set("silent.test", DNS_ANY, DNS_SILENCE, NULL);
    assert_int_equal(start(&lookup, "silent.test", NULL, &cancelled), 0);
    assert_int_equal(start(NULL, "a.test", NULL, &outcome), 0);
    weir_lookup_cancel(lookup);
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_only(&outcome, "192.0.2.1");
    assert_int_equal(test_open_descriptors(), before);
}

static void a_lookup_that_has_its_answer_can_still_be_cancelled(void **state)
{
    struct outcome outcome = { 0 };
    weir_lookup *lookup;

    (void)state;
    assert_int_equal(start(&lookup, "192.0.2.1", NULL, &outcome), 0);
    weir_lookup_cancel(lookup);
    assert_false(weir_loop_alive(the_loop));
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_int_equal(outcome.calls, 0);
}

/* --------------------------------------------------- the loop and lookups */

static void a_lookup_keeps_the_loop_going(void **state)
{
    struct outcome outcome = { 0 };

    (void)state;
    dns_server_set_delay(server, 5);
    set("a.test", DNS_A, DNS_ADDRESSES, "192.0.2.1");
    assert_int_equal(start(NULL, "a.test", NULL, &outcome), 0);
    assert_true(weir_loop_alive(the_loop));
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_only(&outcome, "192.0.2.1");
    assert_false(weir_loop_alive(the_loop));
}

static void an_unreferenced_lookup_does_not_hold_the_loop(void **state)
{
    struct outcome outcome = { 0 };
    weir_lookup *lookup;

    (void)state;
    set("a.test", DNS_ANY, DNS_SILENCE, NULL);
    assert_int_equal(start(&lookup, "a.test", NULL, &outcome), 0);
    weir_lookup_unref(lookup);
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_int_equal(outcome.calls, 0);
    weir_lookup_ref(lookup);
    assert_true(weir_loop_alive(the_loop));
    weir_lookup_cancel(lookup);
}

static void then_start_another(weir_lookup *lookup, struct outcome *outcome)
{
    weir_lookup *another;

    assert_int_equal(weir_lookup_start(&another, weir_lookup_loop(lookup),
                                       "192.0.2.1", NULL, on_lookup, NULL),
                     -ECANCELED);
    if (outcome->other) /* this is the last one */
        assert_int_equal(
            weir_resolver_configure(weir_lookup_loop(lookup), NULL),
            -ECANCELED);
}

static void lookups_of_a_destroyed_loop_are_told_ECANCELED(void **state)
{
    struct outcome left = { .then = then_start_another };
    struct outcome asked = { .then = then_start_another };
    struct outcome known = { .then = then_start_another }, cancelled = { 0 };
    weir_lookup *lookup;

    (void)state;
    set("a.test", DNS_ANY, DNS_SILENCE, NULL);
    assert_int_equal(start(NULL, "a.test", NULL, &left), 0);
    assert_int_equal(configure(dns_server_address(server), 1000, 1), 0);
    assert_int_equal(start(NULL, "a.test", NULL, &asked), 0);
    assert_int_equal(start(&known.other, "192.0.2.1", NULL, &known), 0);
    assert_int_equal(start(&lookup, "a.test", NULL, &cancelled), 0);
    weir_lookup_cancel(lookup);
    destroy_all();
    assert_int_equal(left.calls, 1);
    assert_fails(&left, -ECANCELED);
    assert_int_equal(asked.calls, 1);
    assert_fails(&asked, -ECANCELED);
    assert_int_equal(known.calls, 1);
    assert_fails(&known, -ECANCELED);
    assert_int_equal(cancelled.calls, 0);
}

static void *look_up_on_a_thread(void *argument)
{
    struct outcome *outcome = argument;
    weir_loop *own;

    if (weir_loop_create(&own) < 0)
        return NULL;
    for (int i = 0; i < 20; i++) {
        struct dns_server *names = dns_server_start(own);
        weir_resolver_options options = { NULL, 2000, 1 };
        weir_lookup *lookup;

        if (!names)
            break;
        options.servers = dns_server_address(names);
        dns_server_set(names, "a.test", DNS_A, DNS_ADDRESSES, "192.0.2.1");
        if (weir_resolver_configure(own, &options) == 0 &&
            weir_lookup_start(&lookup, own, "a.test", NULL, on_lookup,
                              outcome) == 0)
            (void)weir_loop_run(own);
        dns_server_stop(names);
    }
    (void)weir_loop_destroy(own);
    return NULL;
}

static void loops_of_several_threads_look_names_up_at_once(void **state)
{
    struct outcome outcomes[3] = { { 0 } };
    pthread_t threads[3];

    (void)state;
    for (size_t i = 0; i < COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, look_up_on_a_thread,
                                        &outcomes[i]),
                         0);
    for (size_t i = 0; i < COUNT(threads); i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(outcomes[i].calls, 20);
        assert_only(&outcomes[i], "192.0.2.1");
    }
}

/* Stands before c-ares' own, which is called with weir's lock held: while
 * `slow` it is held most of the time. */
static _Atomic bool slow;

int ares_library_init(int flags)
{
    static int (*real)(int);

    if (!real)
        real = (int (*)(int))(uintptr_t)dlsym(RTLD_NEXT, "ares_library_init");
    if (slow)
        (void)poll(NULL, 0, 2);
    return real(flags);
}

static void *open_channels(void *unused)
{
    (void)unused;
    while (slow) {
        weir_loop *own;

        if (weir_loop_create(&own) < 0)
            break;
        (void)weir_resolver_configure(own, NULL);
        (void)weir_loop_destroy(own);
    }
    return NULL;
}

/* In a child: 0 when a loop of its own can look a name up. A lock that it
 * waits for does not come; the alarm ends it then. */
static int look_up_in_child(void)
{
    struct outcome outcome = { 0 };
    weir_lookup *lookup;
    weir_loop *own;

    alarm(5);
    if (weir_loop_create(&own) < 0 || weir_resolver_configure(own, NULL) < 0 ||
        weir_lookup_start(&lookup, own, "192.0.2.1", NULL, on_lookup,
                          &outcome) < 0 ||
        weir_loop_run(own) < 0 || weir_loop_destroy(own) < 0)
        return 1;
    return outcome.calls != 1;
}

/* Not by exit(), at which Valgrind would take what the parent's other thread
 * had for lost. */
static void end_child(int result)
{
    kill(getpid(), result == 0 ? SIGKILL : SIGTERM);
}

static void a_forked_child_may_look_up_on_a_loop_of_its_own(void **state)
{
    pthread_t thread;
    bool right = true;

    (void)state;
#ifdef __SANITIZE_ADDRESS__
    print_message("# its allocator's locks stay held in a child: skipped\n");
    return;
#endif
    slow = true;
    assert_int_equal(pthread_create(&thread, NULL, open_channels, NULL), 0);
    for (int i = 0; i < 10 && right; i++) {
        int status;
        pid_t child = fork();

        if (child == 0)
            end_child(look_up_in_child());
        assert_true(child > 0);
        assert_int_equal(waitpid(child, &status, 0), child);
        right = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    }
    slow = false;
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(right);
}

/* ----------------------------------------------------------------- faults */

#ifdef WEIR_BACKEND_EPOLL
static int refuse_to_watch(int epoll, int operation, int fd,
                           struct epoll_event *event)
{
    if (operation == EPOLL_CTL_ADD) {
        errno = ENOSPC;
        return -1;
    }
    return epoll_ctl(epoll, operation, fd, event);
}

static void a_socket_that_cannot_be_watched_fails_the_lookup(void **state)
{
    struct outcome outcome;

    (void)state;
    set("a.test", DNS_A, DNS_ADDRESSES, "192.0.2.1");
    weir_sys.epoll_ctl = refuse_to_watch;
    outcome = look_up("a.test", AF_INET);
    assert_fails(&outcome, -ENOSPC);
    weir_sys.epoll_ctl = epoll_ctl;
    outcome = look_up("a.test", AF_INET);
    assert_only(&outcome, "192.0.2.1");
}
#endif

/* A loop, a server and a lookup; its status, or what failed on the way to it.
 * Then once more on the same loop with memory enough. */
static int look_up_in_want(const struct fault *fault, const char *host,
                           const weir_lookup_options *options, int expected,
                           unsigned *struck)
{
    struct outcome outcome = { 0 }, again = { 0 };
    weir_resolver *resolver;
    int result;

    faults_arm(&(struct fault){ 0 });
    assert_int_equal(weir_loop_create(&the_loop), 0);
    server = dns_server_start(the_loop);
    assert_non_null(server);
    set("a.test", DNS_A, DNS_ADDRESSES, "192.0.2.1,192.0.2.2");
    set("a.test", DNS_AAAA, DNS_ADDRESSES, "2001:db8::1");
    set("long.test", DNS_ANY, DNS_TRUNCATED, "192.0.2.1");
    set("refused.test", DNS_ANY, DNS_REFUSED, NULL);
    faults_arm(fault);
    result = configure(dns_server_address(server), 2000, 1);
    if (result == 0)
        result = weir_resolver_create(&resolver, the_loop, NULL);
    if (result == 0)
        result = start(NULL, host, options, &outcome);
    if (result == 0) {
        assert_int_equal(weir_loop_run(the_loop), 0);
        assert_int_equal(outcome.calls, 1);
        result = outcome.status;
    }
    *struck = faults_struck();
    faults_disarm();
    assert_int_equal(configure(dns_server_address(server), 2000, 1), 0);
    assert_int_equal(start(NULL, host, options, &again), 0);
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_int_equal(again.status, expected);
    destroy_all();
    assert_int_equal(faults_leaked(), 0);
    return result;
}

static void sweep(const char *host, const weir_lookup_options *options,
                  int expected)
{
    for (int onward = 0; onward < 2; onward++) {
        struct fault fault = { .onward = onward, .only = "malloc" };
        unsigned struck;

        do {
            int result;

            fault.nth++;
            result = look_up_in_want(&fault, host, options, expected, &struck);
            if (result != expected && result != -ENOMEM)
                print_error("# %s, allocation %u, onward %d: %s\n", host,
                            fault.nth, onward, weir_error_name(result));
            assert_true(result == expected || result == -ENOMEM);
            assert_true(struck || result == expected);
        } while (struck);
    }
    faults_restore();
}

static int restore(void **state)
{
    (void)state;
    faults_restore();
    return 0;
}

static void out_of_memory_is_told_and_leaks_nothing(void **state)
{
    weir_lookup_options options = { .family = AF_INET };

    (void)state;
    sweep("a.test", NULL, 0);
    sweep("a.test", &options, 0);
    sweep("long.test", &options, 0);
    sweep("nobody.test", NULL, WEIR_ENOTFOUND);
    sweep("refused.test", &options, WEIR_EREFUSED);
}

static void out_of_memory_is_told_for_names_nobody_is_asked(void **state)
{
    weir_lookup_options options = { .dns_only = true };

    (void)state;
    sweep("192.0.2.1", NULL, 0);
    sweep("localhost", NULL, 0);
    sweep("a.localhost", NULL, 0);
    sweep("a.localhost", &options, 0);
}

static void out_of_memory_while_destroying_leaks_nothing(void **state)
{
    (void)state;
    for (unsigned nth = 1; nth < 200; nth++) {
        struct fault fault = { .nth = nth, .onward = true, .only = "malloc" };
        struct outcome outcome = { 0 };
        unsigned struck;

        faults_arm(&(struct fault){ 0 });
        assert_int_equal(weir_loop_create(&the_loop), 0);
        server = dns_server_start(the_loop);
        assert_non_null(server);
        set("a.test", DNS_ANY, DNS_SILENCE, NULL);
        assert_int_equal(configure(dns_server_address(server), 2000, 1), 0);
        faults_arm(&fault);
        if (start(NULL, "a.test", NULL, &outcome) == 0) {
            struck = faults_struck();
            destroy_all();
            assert_int_equal(outcome.calls, 1);
            assert_true(outcome.status == -ECANCELED);
        } else {
            struck = faults_struck();
            destroy_all();
        }
        assert_int_equal(faults_leaked(), 0);
        if (!struck)
            break;
    }
    faults_restore();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_lookup_knows_its_host_loop_and_data),
        TEST(the_callback_never_comes_from_inside_the_call),
        TEST(every_lookup_asks_anew),
        TEST(a_lookup_may_begin_in_the_callback_of_another),
        TEST(a_callback_may_cancel_its_own_lookup),
        TEST(a_callback_may_cancel_another_lookup),
        TEST(a_cancelled_lookup_is_not_told_and_holds_nothing),
        TEST(cancelling_one_lookup_leaves_the_others_alone),
        TEST(the_last_answer_takes_what_was_cancelled_with_it),
        TEST(a_lookup_that_has_its_answer_can_still_be_cancelled),
        TEST(a_lookup_keeps_the_loop_going),
        TEST(an_unreferenced_lookup_does_not_hold_the_loop),
        TEST(lookups_of_a_destroyed_loop_are_told_ECANCELED),
        TEST(loops_of_several_threads_look_names_up_at_once),
        cmocka_unit_test(a_forked_child_may_look_up_on_a_loop_of_its_own),
#ifdef WEIR_BACKEND_EPOLL
        TEST(a_socket_that_cannot_be_watched_fails_the_lookup),
#endif
        cmocka_unit_test_teardown(out_of_memory_is_told_and_leaks_nothing,
                                  restore),
        cmocka_unit_test_teardown(
            out_of_memory_is_told_for_names_nobody_is_asked, restore),
        cmocka_unit_test_teardown(out_of_memory_while_destroying_leaks_nothing,
                                  restore),
    };

    return cmocka_run_group_tests_name("resolver", tests, NULL, NULL);
}
