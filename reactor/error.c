/*
 * error.c - every error has a name and a text
 *
 * The texts are ours and not strerror()'s: the same on every system and in
 * every locale, and short enough to stand behind the name of a call.
 */
#include <weir/reactor.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct error_entry {
    int error;
    const char *name;
    const char *text;
};

#define E(name, text)                                                          \
    {                                                                          \
        -name, #name, text                                                     \
    }

static const struct error_entry entries[] = {
    E(E2BIG, "argument list too long"),
    E(EACCES, "permission denied"),
    E(EADDRINUSE, "address already in use"),
    E(EADDRNOTAVAIL, "address not available"),
    E(EAFNOSUPPORT, "address family not supported"),
    E(EAGAIN, "resource temporarily unavailable"),
    E(EALREADY, "already in progress"),
    E(EBADF, "bad file descriptor"),
    E(EBUSY, "resource busy or locked"),
    E(ECANCELED, "operation canceled"),
    E(ECONNABORTED, "software caused connection abort"),
    E(ECONNREFUSED, "connection refused"),
    E(ECONNRESET, "connection reset by peer"),
    E(EDESTADDRREQ, "destination address required"),
    E(EDQUOT, "disk quota exceeded"),
    E(EEXIST, "file already exists"),
    E(EFAULT, "bad address in system call argument"),
    E(EFBIG, "file too large"),
    E(EHOSTDOWN, "host is down"),
    E(EHOSTUNREACH, "host is unreachable"),
    E(EILSEQ, "illegal byte sequence"),
    E(EINPROGRESS, "operation in progress"),
    E(EINTR, "interrupted system call"),
    E(EINVAL, "invalid argument"),
    E(EIO, "i/o error"),
    E(EISCONN, "socket is already connected"),
    E(EISDIR, "illegal operation on a directory"),
    E(ELOOP, "too many symbolic links encountered"),
    E(EMFILE, "too many open files"),
    E(EMLINK, "too many links"),
    E(EMSGSIZE, "message too long"),
    E(ENAMETOOLONG, "name too long"),
    E(ENETDOWN, "network is down"),
    E(ENETRESET, "network dropped connection on reset"),
    E(ENETUNREACH, "network is unreachable"),
    E(ENFILE, "file table overflow"),
    E(ENOBUFS, "no buffer space available"),
    E(ENODEV, "no such device"),
    E(ENOENT, "no such file or directory"),
    E(ENOMEM, "not enough memory"),
#ifdef ENONET
    E(ENONET, "machine is not on the network"),
#endif
    E(ENOPROTOOPT, "protocol not available"),
    E(ENOSPC, "no space left on device"),
    E(ENOSYS, "function not implemented"),
    E(ENOTCONN, "socket is not connected"),
    E(ENOTDIR, "not a directory"),
    E(ENOTEMPTY, "directory not empty"),
    E(ENOTSOCK, "socket operation on non-socket"),
    E(ENOTSUP, "operation not supported on socket"),
    E(ENOTTY, "inappropriate ioctl for device"),
#if EOPNOTSUPP != ENOTSUP
    E(EOPNOTSUPP, "operation not supported on socket"),
#endif
    E(ENXIO, "no such device or address"),
    E(EOVERFLOW, "value too large for defined data type"),
    E(EPERM, "operation not permitted"),
    E(EPIPE, "broken pipe"),
    E(EPROTO, "protocol error"),
    E(EPROTONOSUPPORT, "protocol not supported"),
    E(EPROTOTYPE, "protocol wrong type for socket"),
    E(ERANGE, "value out of range"),
    E(EROFS, "read-only file system"),
    E(ESHUTDOWN, "cannot send after transport endpoint shutdown"),
    E(ESOCKTNOSUPPORT, "socket type not supported"),
    E(ESPIPE, "invalid seek"),
    E(ESRCH, "no such process"),
    E(ETIMEDOUT, "connection timed out"),
    E(ETXTBSY, "text file is busy"),
    E(EXDEV, "cross-device link not permitted"),
    { WEIR_ENOTFOUND, "ENOTFOUND", "name does not exist" },
    { WEIR_ENODATA, "ENODATA", "name has no address" },
    { WEIR_EDNSTIMEOUT, "EDNSTIMEOUT", "no name server answered in time" },
    { WEIR_ESERVFAIL, "ESERVFAIL", "name server failed" },
    { WEIR_EREFUSED, "EREFUSED", "name server refused to answer" },
    { WEIR_EBADNAME, "EBADNAME", "not a valid host name" },
    { WEIR_EBADRESP, "EBADRESP", "name server's answer is malformed" },
    { WEIR_ENOSERVER, "ENOSERVER", "no name server to ask" },
};

static const struct error_entry *find(int error)
{
    static const struct error_entry ok = { 0, "OK", "success" };
    static const struct error_entry unknown = { 0, "UNKNOWN", "unknown error" };

    if (error >= 0)
        return &ok;
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++)
        if (entries[i].error == error)
            return &entries[i];
    return &unknown;
}

const char *weir_error_name(int error)
{
    return find(error)->name;
}

const char *weir_error_text(int error)
{
    return find(error)->text;
}

int weir_check_result(int result, const char *expression, const char *file,
                      int line)
{
    if (result >= 0)
        return result;
    fprintf(stderr, "%s:%d: %s: %s: %s\n", file, line, expression,
            weir_error_name(result), weir_error_text(result));
    exit(1);
}

const char *weir_version(void)
{
    return WEIR_VERSION;
}
