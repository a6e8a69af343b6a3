/*
 * weir/blocking.h - waiting for one socket
 *
 * For programs whose interface blocks. These wait for this one socket while
 * the loop stands still; its timers and other sockets go on afterwards. Nothing
 * is called back meanwhile: callbacks of writes, drain, end and error come from
 * the loop. `timeout` is ms as of poll(2): -1 waits however long, 0 not at all.
 * -ETIMEDOUT changes nothing. -ENOTCONN while there is no connection, -EBADF
 * after weir_socket_destroy(), or what has ended the connection.
 */
#ifndef WEIR_BLOCKING_H
#define WEIR_BLOCKING_H

#include <weir/net.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Reads what has come; waits if nothing has. Gives how much, at least 1, or 0
 * at the end of the stream. Pausing makes no difference. -EINVAL for a NULL or
 * a size of 0, -EBUSY while a pipe reads. */
WEIR_API ssize_t weir_socket_read_wait(weir_socket *socket, void *bytes,
                                       size_t size, int timeout);

/* Waits until everything that was written is with the kernel. -EBUSY when
 * something is held back by weir_socket_cork(). */
WEIR_API int weir_socket_flush_wait(weir_socket *socket, int timeout);

#ifdef __cplusplus
}
#endif

#endif
