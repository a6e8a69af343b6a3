/*
 * write_test.h - a socket that writes, and the end that reads
 *
 * The plain other end does not read until the test wants it to, so that what
 * waits is under control. Each test runs over TCP and over UNIX.
 */
#ifndef WEIR_WRITE_TEST_H
#define WEIR_WRITE_TEST_H

#include "test/support/net_test.h"

static struct side a;
static int fd; /* the other end */

static inline int open_pair(void **state)
{
    if (test_open_loop(state))
        return -1;
    fd = net_raw(NET_KIND(state), &a);
    return 0;
}

static inline int close_pair(void **state)
{
    if (fd >= 0)
        close(fd);
    fd = -1;
    return test_close_loop(state);
}

/* No event may come from inside what stands between these two. */
#define INSIDE  (a.busy = '(')
#define OUTSIDE (a.busy = 0)

static inline int write_text(const char *text)
{
    int result;

    INSIDE;
    result = weir_socket_write(a.socket, text, strlen(text), side_wrote, &a);
    OUTSIDE;
    return result;
}

static inline int write_quiet(const char *text)
{
    return weir_socket_write(a.socket, text, strlen(text), NULL, NULL);
}

/* ------------------------------------------------------ a kernel that fails */

static int fail_once; /* errno of the next send; 0: none */

static inline ssize_t failing_send(int to, const void *bytes, size_t size,
                                   int flags)
{
    errno = fail_once;
    if (fail_once == EAGAIN || fail_once == EINTR)
        fail_once = 0;
    if (errno)
        return -1;
    return faults_kernel()->send(to, bytes, size, flags);
}

/* -------------------------------------------------------------------- tests */

#define TEST(function)                                                         \
    { #function " (TCP)", function, open_pair, close_pair,                     \
      (void *)&net_kinds[NET_TCP] },                                           \
    {                                                                          \
#function " (UNIX)", function, open_pair, close_pair,                  \
            (void *)&net_kinds[NET_UNIX]                                       \
    }

#endif
