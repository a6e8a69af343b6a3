/*
 * weir/blocking.h - waiting for one socket
 *
 * For programs whose interface blocks; a program of callbacks needs neither.
 * These wait for this one socket while the loop stands still; its timers and
 * other sockets go on afterwards, and timers that became due meanwhile fire
 * late. Nothing is called back from inside of them: callbacks of writes,
 * `drain`, `end` and `error` come from the loop, in its next turn. A signal
 * that the program handles does not end the wait.
 *
 * `timeout` is ms as of poll(2): -1 waits however long, 0 not at all.
 * -ETIMEDOUT changes nothing: what was queued is still queued. Other errors of
 * both: -ENOTCONN while there is no connection; what has ended the connection,
 * or -EBADF when nothing but weir_socket_destroy() has; -EBADF in a forked
 * child whose parent's the loop is.
 */
#ifndef WEIR_BLOCKING_H
#define WEIR_BLOCKING_H

#include <weir/net.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Reads what has come; waits if nothing has. Gives how much, at least 1 and not
 * more than `size`, or 0 at the end of the stream, which `end` tells as well.
 *
 * Pausing makes no difference, and neither does having no table of events. What
 * was told by `data` before does not come again.
 *
 * -EINVAL for a NULL or a size of 0, -EBUSY while a pipe reads, -EBADF also
 * while weir_socket_close() is throwing away what comes. */
WEIR_API ssize_t weir_socket_read_wait(weir_socket *socket, void *bytes,
                                       size_t size, int timeout);

/* Waits until everything that was written is with the kernel. 0 at once when
 * nothing waits, also after weir_socket_end().
 *
 * -EBUSY when something is held back by weir_socket_cork(), -EINVAL for NULL.
 * When the connection breaks, what broke it; `error` follows. */
WEIR_API int weir_socket_flush_wait(weir_socket *socket, int timeout);

#ifdef __cplusplus
}
#endif

#endif
