/*
 * test.c - the fixture, random numbers and descriptors of the tests
 */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct test_trace trace;
weir_loop *the_loop;

/* test/run's TEST: only the tests with that in their names. cmocka wants a
 * pattern for all of a name, in which a blank of the text is an underscore. */
__attribute__((constructor)) static void choose_tests(void)
{
    static char pattern[128];
    const char *text = getenv("WEIR_TEST_FILTER");

    if (!text || !*text)
        return;
    snprintf(pattern, sizeof pattern, "*%s*", text);
    for (char *c = pattern; *c; c++)
        if (*c == ' ')
            *c = '_';
    cmocka_set_test_filter(pattern);
}

int test_open_loop(void **state)
{
    (void)state;
    trace_clear();
    return weir_loop_create(&the_loop);
}

int test_close_loop(void **state)
{
    int result;

    (void)state;
    faults_restore();
    result = weir_loop_destroy(the_loop);
    the_loop = NULL;
    return result;
}

void test_destroy_loop(void)
{
    assert_int_equal(weir_loop_destroy(the_loop), 0);
    the_loop = NULL;
}

/* ----------------------------------------------------------------- memory */

static void *allocate_nothing(void *context, size_t size)
{
    (void)context, (void)size;
    return NULL;
}

static void *reallocate_nothing(void *context, void *memory, size_t size)
{
    (void)context, (void)memory, (void)size;
    return NULL;
}

static void give_back(void *context, void *memory)
{
    (void)context;
    free(memory);
}

const weir_allocator test_no_memory = { allocate_nothing, reallocate_nothing,
                                        give_back, NULL };

/* ----------------------------------------------------------------- random */

void test_seed(struct test_random *random, uint64_t seed)
{
    const char *wanted = getenv("WEIR_TEST_SEED");

    if (wanted)
        seed = strtoull(wanted, NULL, 0);
    random->seed = random->state = seed;
}

uint64_t test_new_seed(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000003u + (uint64_t)now.tv_nsec;
}

/* splitmix64: any seed is good, also 0. */
uint64_t test_random(struct test_random *random)
{
    uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

uint64_t test_below(struct test_random *random, uint64_t limit)
{
    return test_random(random) % limit;
}

bool test_once_in(struct test_random *random, uint64_t times)
{
    return test_below(random, times) == 0;
}

/* ------------------------------------------------------------ descriptors */

unsigned test_open_descriptors(void)
{
    unsigned count = 0;

    for (int fd = 0; fd < 1024; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static void set_non_blocking(int fd)
{
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
}

void test_socketpair(int fds[2])
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    set_non_blocking(fds[0]);
    set_non_blocking(fds[1]);
}

void test_pipe(int fds[2])
{
    assert_int_equal(pipe(fds), 0);
    set_non_blocking(fds[0]);
    set_non_blocking(fds[1]);
}

void test_close_pair(int fds[2])
{
    close(fds[0]);
    close(fds[1]);
}

void test_fill(int fd, size_t count)
{
    while (count > 0) {
        static const char zeroes[4096];
        size_t part = count < sizeof zeroes ? count : sizeof zeroes;

        assert_int_equal(write(fd, zeroes, part), part);
        count -= part;
    }
}

size_t test_drain(int fd)
{
    char buffer[4096];
    size_t total = 0;
    ssize_t got;

    while ((got = read(fd, buffer, sizeof buffer)) > 0)
        total += (size_t)got;
    return total;
}
