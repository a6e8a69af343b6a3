/*
 * pair_test.h - a socket that is connected when its test begins
 *
 * Its peer is a plain descriptor, which reads and writes what the test wants
 * it to, and when. Each test runs over TCP and over UNIX, or over one of them.
 */
#ifndef WEIR_PAIR_TEST_H
#define WEIR_PAIR_TEST_H

#include "test/support/net_test.h"

static struct side a;
static int fd; /* the peer */

static inline int open_pair(void **state)
{
    if (test_open_loop(state))
        return -1;
    fd = net_raw(NET_KIND(state), &a);
    return 0;
}

static inline void close_peer(void)
{
    if (fd >= 0)
        close(fd);
    fd = -1;
}

static inline int close_pair(void **state)
{
    close_peer();
    return test_close_loop(state);
}

#define TEST_TCP(function)                                                     \
    {                                                                          \
#function " (TCP)", function, open_pair, close_pair,                   \
            (void *)&net_kinds[NET_TCP]                                        \
    }
#define TEST_UNIX(function)                                                    \
    {                                                                          \
#function " (UNIX)", function, open_pair, close_pair,                  \
            (void *)&net_kinds[NET_UNIX]                                       \
    }
#define TEST(function) TEST_TCP(function), TEST_UNIX(function)

#endif
