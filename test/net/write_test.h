/*
 * write_test.h - a socket that writes, and a kernel that fails
 *
 * The peer does not read until the test wants it to, so that what waits is
 * under control.
 */
#ifndef WEIR_WRITE_TEST_H
#define WEIR_WRITE_TEST_H

#include "pair_test.h"

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

#endif
