/*
 * test_script_life.c - scripts are made, run, finished and destroyed
 */
#include "embed.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

/* The first engine of a process needs one for itself. */
static void without_a_descriptor_there_is_no_script(void **state)
{
    struct rlimit before, none;
    int lowest = dup(0);

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    close(lowest);
    none = before;
    none.rlim_cur = (rlim_t)lowest;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    assert_int_equal(weir_script_create(&the_script, the_loop, NULL), -EMFILE);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    start();
    assert_int_equal(number("1"), 1);
}

static void a_text_is_run_and_gives_its_value(void **state)
{
    (void)state;
    start();
    assert_int_equal(number("const a = 40; a + 2"), 42);
    assert_int_equal(number("a"), 40); /* declarations are global */
}

static void a_file_is_the_main_module_and_gives_its_exports(void **state)
{
    char path[] = "/tmp/weir-embed-XXXXXX";
    int fd = mkstemp(path);
    const char *text = "module.exports = { main: require.main === module,\n"
                       "    argv: process.argv.slice(1).join() }";
    const char *const arguments[] = { "a", "b", NULL };
    const weir_script_options options = { .arguments = arguments };
    weir_value exports, value;

    (void)state;
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    assert_int_equal(weir_script_create(&the_script, the_loop, &options), 0);
    assert_int_equal(weir_script_run_file(the_script, path, 0, &exports), 0);
    unlink(path);
    assert_int_equal(exports.type, WEIR_OBJECT);
    assert_int_equal(weir_script_get(the_script, &exports, "main", &value), 0);
    assert_true(value.boolean);
    assert_int_equal(weir_script_get(the_script, &exports, "argv", &value), 0);
    assert_memory_equal(value.text, path, strlen(path));
    assert_string_equal(value.text + strlen(path), ",a,b");
    weir_value_unref(&value);
    weir_value_unref(&exports);
}

static void a_text_that_is_only_checked_does_not_run(void **state)
{
    weir_value value;

    (void)state;
    take_errors = true;
    start();
    assert_int_equal(weir_script_run_text(the_script, "t", "var x = 1", 9,
                                          WEIR_SCRIPT_CHECK, NULL),
                     0);
    assert_int_equal(weir_script_get(the_script, NULL, "x", &value), 0);
    assert_int_equal(value.type, WEIR_UNDEFINED);
    assert_int_equal(weir_script_run_text(the_script, "t", "var = 1", 7,
                                          WEIR_SCRIPT_CHECK, NULL),
                     WEIR_THROWN);
    assert_int_equal(told.errors, 1);
}

static void ticks_and_jobs_have_run_when_a_run_returns(void **state)
{
    (void)state;
    start();
    (void)run("order = ''; process.nextTick(() => order += 'tick ');"
              "Promise.resolve().then(() => order += 'job ');"
              "order += 'end '; 0");
    assert_text("order", "end tick job ");
}

static void what_has_time_is_for_the_loop(void **state)
{
    (void)state;
    start();
    (void)run("done = 0; setTimeout(() => done++, 5);"
              "setImmediate(() => done++); 0");
    assert_int_equal(number("done"), 0);
    assert_int_equal(weir_loop_run(the_loop), 0);
    assert_int_equal(number("done"), 2);
}

static void finishing_tells_before_exit_and_exit(void **state)
{
    (void)state;
    start();
    (void)run("let again = true; process.on('beforeExit', () => {"
              "    if (again) setTimeout(() => {}, 1); again = false; });"
              "process.on('exit', (code) => { process.exitCode = code + 2; });"
              "process.exitCode = 3; 0");
    assert_int_equal(finish(), 5);
    assert_int_equal(told.exits, 0); /* nobody called process.exit() */
    assert_int_equal(finish(), 5);   /* and again */
}

static void stop(weir_timer *timer)
{
    weir_loop_stop(timer->data);
}

static void a_loop_that_is_stopped_ends_the_script_with_exit(void **state)
{
    weir_timer timer;

    (void)state;
    start();
    weir_timer_init(&timer, the_loop, stop);
    timer.data = the_loop;
    weir_timer_start(&timer, 1);
    (void)run("process.on('exit', () => { process.exitCode = 4; });"
              "process.on('beforeExit', () => { process.exitCode = 9; });"
              "setInterval(() => {}, 1000); 0");
    assert_int_equal(finish(), 4);
}

static void nothing_runs_in_a_script_that_is_over(void **state)
{
    weir_value value = weir_value_number(1);

    (void)state;
    start();
    assert_int_equal(finish(), 0);
    assert_int_equal(weir_script_run_text(the_script, "t", "1", 1, 0, &value),
                     -ECANCELED);
    assert_int_equal(value.type, WEIR_UNDEFINED);
    assert_int_equal(weir_script_get(the_script, NULL, "x", &value),
                     -ECANCELED);
}

static void
a_second_script_is_refused_until_the_first_is_destroyed(void **state)
{
    weir_script *second;

    (void)state;
    start();
    assert_int_equal(weir_script_create(&second, the_loop, NULL), -EBUSY);
    assert_null(second);
    assert_int_equal(number("1"), 1); /* the first minds nothing */
    weir_script_destroy(the_script);
    start();
    assert_int_equal(number("2"), 2);
}

static void *create_elsewhere(void *result)
{
    weir_loop *loop;
    weir_script *script;

    if (weir_loop_create(&loop) == 0) {
        *(int *)result = weir_script_create(&script, loop, NULL);
        weir_loop_destroy(loop);
    }
    return NULL;
}

static void a_script_in_another_thread_is_refused(void **state)
{
    pthread_t thread;
    int result = 0;

    (void)state;
    start();
    weir_script_destroy(the_script);
    the_script = NULL;
    assert_int_equal(pthread_create(&thread, NULL, create_elsewhere, &result),
                     0);
    pthread_join(thread, NULL);
    assert_int_equal(result, -EBUSY);
}

static void bad_arguments_are_refused_at_the_call(void **state)
{
    weir_script *script;

    (void)state;
    assert_int_equal(weir_script_create(NULL, the_loop, NULL), -EINVAL);
    assert_int_equal(weir_script_create(&script, NULL, NULL), -EINVAL);
    start();
    assert_int_equal(weir_script_run_file(NULL, "x", 0, NULL), -EINVAL);
    assert_int_equal(weir_script_run_file(the_script, "x", 64, NULL), -EINVAL);
    assert_int_equal(weir_script_run_text(the_script, NULL, "", 0, 0, NULL),
                     -EINVAL);
    assert_int_equal(weir_script_run_text(the_script, "t", NULL, 0, 0, NULL),
                     -EINVAL);
    assert_int_equal(weir_script_finish(NULL, NULL), -EINVAL);
    weir_script_destroy(NULL);
}

/* Everything that a script can hold, open when it goes. */
static const char busy[] =
    "const net = require('net');"
    "const server = net.createServer((socket) => {"
    "    socket.on('error', () => {}); socket.write(Buffer.alloc(4e6));"
    "    socket.write(new Uint8Array(3e6)); socket.write('x'.repeat(1e6));"
    "}).listen(0, '127.0.0.1', () => {"
    "    const client = net.connect(server.address().port, '127.0.0.1');"
    "    client.once('data', () => { client.pause(); state = 'busy'; }); });"
    "setInterval(() => {}, 1e6); setImmediate(() => setImmediate(() => {}));"
    "process.on('SIGUSR2', () => {});"
    "require('dns').resolve4('a.invalid', () => {});"
    "new (require('dns').Resolver)().resolve4('b.invalid', () => {});"
    "state = 'started'; 0";

static void turn_until_busy(void)
{
    weir_value value;

    for (int i = 0; i < 1000; i++) {
        bool is_busy;

        assert_true(weir_loop_run_once(the_loop, 100) >= 0);
        value = run("state");
        is_busy = strcmp(value.text, "busy") == 0;
        weir_value_unref(&value);
        if (is_busy)
            return;
    }
    fail_msg("it did not come to that");
}

static void a_destroyed_script_leaves_nothing_on_the_loop(void **state)
{
    (void)state;
    start();
    (void)run(busy);
    turn_until_busy();
    weir_script_destroy(the_script);
    the_script = NULL;
    /* Sockets say their last to nobody, and then the loop has nothing left. */
    assert_int_equal(weir_loop_run(the_loop), 0);
}

static void scripts_follow_each_other_without_a_trace(void **state)
{
    const size_t rounds = test_rounds(40, 10);
    unsigned descriptors = 0;

    (void)state;
    for (size_t i = 0; i < rounds; i++) {
        start();
        assert_text("typeof state", "undefined");
        (void)run(busy);
        turn_until_busy();
        weir_script_destroy(the_script);
        the_script = NULL;
        if (i % 2 == 1) /* half of them meet what the last has left */
            assert_int_equal(weir_loop_run(the_loop), 0);
        if (i == 1)
            descriptors = test_open_descriptors();
    }
    assert_int_equal(test_open_descriptors(), descriptors);
}

static void signals_are_the_programs_unless_scripts_ask_and_may(void **state)
{
    struct sigaction before, after;

    (void)state;
    assert_int_equal(sigaction(SIGUSR2, NULL, &before), 0);
    start();
    (void)run("process.on('SIGUSR2', () => {}); 0");
    assert_int_equal(sigaction(SIGUSR2, NULL, &after), 0);
    assert_ptr_equal(after.sa_handler, before.sa_handler);
    assert_int_equal(sigaction(SIGPIPE, NULL, &after), 0);
    assert_ptr_equal(after.sa_handler, SIG_DFL);
}

static void a_script_that_may_hears_signals(void **state)
{
    const weir_script_options options = { .signals = true };

    (void)state;
    assert_int_equal(weir_script_create(&the_script, the_loop, &options), 0);
    (void)run("heard = 0; setInterval(() => {}, 1e6).unref;"
              "process.on('SIGUSR2', () => { heard++; process.exit(6); }); 0");
    raise(SIGUSR2);
    assert_int_equal(finish(), 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(without_a_descriptor_there_is_no_script), /* the first */
        TEST(a_text_is_run_and_gives_its_value),
        TEST(a_file_is_the_main_module_and_gives_its_exports),
        TEST(a_text_that_is_only_checked_does_not_run),
        TEST(ticks_and_jobs_have_run_when_a_run_returns),
        TEST(what_has_time_is_for_the_loop),
        TEST(finishing_tells_before_exit_and_exit),
        TEST(a_loop_that_is_stopped_ends_the_script_with_exit),
        TEST(nothing_runs_in_a_script_that_is_over),
        TEST(a_second_script_is_refused_until_the_first_is_destroyed),
        TEST(a_script_in_another_thread_is_refused),
        TEST(bad_arguments_are_refused_at_the_call),
        TEST(a_destroyed_script_leaves_nothing_on_the_loop),
        TEST(scripts_follow_each_other_without_a_trace),
        TEST(signals_are_the_programs_unless_scripts_ask_and_may),
        TEST(a_script_that_may_hears_signals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
