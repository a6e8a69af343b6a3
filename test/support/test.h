/*
 * test.h - what every test program begins with
 *
 * cmocka and the headers that it needs, a fixture that opens a loop for a test
 * and closes it behind it, a trace in which callbacks note what they did, and
 * random numbers that come again when the seed does.
 *
 * The trace is how order is tested: each callback appends a letter, and the
 * test compares the word. A word that is wrong says at a glance what happened.
 */
#ifndef WEIR_TEST_H
#define WEIR_TEST_H

#include "faults.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#if defined(__has_include)
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#endif
#endif

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* Under Valgrind everything takes some thirty times as long: there a loop of
 * many rounds does a part of them. */
static inline size_t test_rounds(size_t plain, size_t part)
{
#ifdef RUNNING_ON_VALGRIND
    if (RUNNING_ON_VALGRIND)
        return plain / part;
#endif
    (void)part;
    return plain;
}

/* ------------------------------------------------------------------ trace */

struct test_trace {
    char text[4096];
    size_t length;
};

extern struct test_trace trace;

static inline void trace_clear(void)
{
    trace.length = 0;
    trace.text[0] = '\0';
}

static inline void trace_add(char letter)
{
    if (trace.length + 1 < sizeof trace.text) {
        trace.text[trace.length++] = letter;
        trace.text[trace.length] = '\0';
    }
}

/* Adds the first letter of what an object's `data` points to. */
#define TRACE(object) trace_add(*(const char *)(object)->data)

#define assert_trace(word) assert_string_equal(trace.text, word)

/* ---------------------------------------------------------------- fixture */

/* The loop of the test that is running; NULL after test_destroy_loop(). */
extern weir_loop *the_loop;

int test_open_loop(void **state);
int test_close_loop(void **state);

/* For a test that destroys the loop itself, in its middle. */
void test_destroy_loop(void);

#define TEST_ON_LOOP(function)                                                 \
    cmocka_unit_test_setup_teardown(function, test_open_loop, test_close_loop)

/* ----------------------------------------------------------------- memory */

/* Has nothing to give; what the C library's gave may be given back. */
extern const weir_allocator test_no_memory;

/* ----------------------------------------------------------------- random */

struct test_random {
    uint64_t seed, state;
};

/* Begins a sequence. WEIR_TEST_SEED in the environment replaces the seed, to
 * see again what a failed run has printed. */
void test_seed(struct test_random *random, uint64_t seed);

/* A seed that no run had before. */
uint64_t test_new_seed(void);

uint64_t test_random(struct test_random *random);

/* Below `limit`, which is not 0. */
uint64_t test_below(struct test_random *random, uint64_t limit);

/* True once in `times`. */
bool test_once_in(struct test_random *random, uint64_t times);

/* ------------------------------------------------------------ descriptors */

/* How many descriptors the process has open. */
unsigned test_open_descriptors(void);

/* Two connected stream sockets of AF_UNIX, non-blocking. */
void test_socketpair(int fds[2]);

/* A pipe, non-blocking: fds[0] is for reading. */
void test_pipe(int fds[2]);

void test_close_pair(int fds[2]);

/* Writes `count` bytes, which must fit. */
void test_fill(int fd, size_t count);

/* Reads until nothing is left; how many bytes that were. */
size_t test_drain(int fd);

#endif
