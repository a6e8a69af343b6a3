/*
 * stdio.c - the three descriptors that a process is given
 *
 * They are shared with whoever started us, so they are never made non-blocking:
 * that would change them for the others, too. Writing waits until all is
 * written, as Node does on Linux for files, terminals and pipes. Reading waits
 * in the loop until there is something to read, and then reads once, which does
 * not block.
 */
#include "bindings.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

static struct {
    JSObjectRef on_readable; /* protected; NULL before the first start */
    weir_io io;
    bool unreferenced;
} input;

/* What the terminal was before its first raw mode. */
static struct {
    struct termios before;
    int fd;
    bool saved;
} terminal;

static JSValueRef number(JSContextRef ctx, double value)
{
    return JSValueMakeNumber(ctx, value);
}

SCRIPT_NATIVE(is_tty)
{
    return JSValueMakeBoolean(ctx, isatty(script_int(ctx, argc, argv, 0, -1)));
}

/* kind(fd): "tty", "pipe", "socket", "file", or undefined when it is closed. */
SCRIPT_NATIVE(kind)
{
    int fd = script_int(ctx, argc, argv, 0, -1);
    const char *name = "file";
    struct stat status;

    if (fstat(fd, &status) < 0)
        return JSValueMakeUndefined(ctx);
    if (isatty(fd))
        name = "tty";
    else if (S_ISFIFO(status.st_mode))
        name = "pipe";
    else if (S_ISSOCK(status.st_mode))
        name = "socket";
    return script_from_utf8(ctx, name, (size_t)-1);
}

/* ---------------------------------------------------------------- writing */

static int write_all(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t written = write(fd, bytes, length);

        if (written >= 0) {
            bytes += written;
            length -= (size_t)written;
        } else if (errno == EAGAIN) {
            /* Somebody else has made it non-blocking. */
            struct pollfd wait = { .fd = fd, .events = POLLOUT };

            (void)poll(&wait, 1, -1);
        } else if (errno != EINTR) {
            return -errno;
        }
    }
    return 0;
}

/* write(fd, text or bytes): all of it, or a negative errno. */
SCRIPT_NATIVE(write_native)
{
    int fd = script_int(ctx, argc, argv, 0, -1);
    size_t length = 0;
    uint8_t *bytes;
    char *text;
    int result;

    if (script_bytes(ctx, argc, argv, 1, &bytes, &length))
        return number(ctx, write_all(fd, (const char *)bytes, length));
    text = script_utf8(ctx, argc, argv, 1, &length);
    if (!text)
        return number(ctx, -EINVAL);
    result = write_all(fd, text, length);
    free(text);
    return number(ctx, result);
}

/* ---------------------------------------------------------------- reading */

static void on_readable(weir_io *io, unsigned events)
{
    (void)io, (void)events;
    script_call(script_get(), input.on_readable, 0, NULL);
}

static void forget_input(script *s)
{
    if (!input.on_readable)
        return;
    weir_io_stop(&input.io);
    script_unprotect(s, input.on_readable);
    input.on_readable = NULL;
}

/* watch(fd, function): calls it whenever there is something to read. */
SCRIPT_NATIVE(watch)
{
    script *s = script_get();
    int result;

    if (!input.on_readable) {
        result = weir_io_init(&input.io, s->loop,
                              script_int(ctx, argc, argv, 0, -1), on_readable);
        if (result < 0 || argc < 2)
            return number(ctx, result < 0 ? result : -EINVAL);
        if (input.unreferenced)
            weir_io_unref(&input.io);
        input.on_readable = (JSObjectRef)argv[1];
        script_protect(s, input.on_readable);
    }
    result = weir_io_start(&input.io, WEIR_READABLE);
    if (result < 0)
        forget_input(s);
    return number(ctx, result);
}

SCRIPT_NATIVE(unwatch)
{
    if (input.on_readable)
        weir_io_stop(&input.io);
    return JSValueMakeUndefined(ctx);
}

/* reference(wanted): whether reading holds the process. */
SCRIPT_NATIVE(reference)
{
    input.unreferenced = !script_bool(ctx, argc, argv, 0);
    if (!input.on_readable)
        return JSValueMakeUndefined(ctx);
    if (input.unreferenced)
        weir_io_unref(&input.io);
    else
        weir_io_ref(&input.io);
    return JSValueMakeUndefined(ctx);
}

/* ---------------------------------------------------------------- terminals */

/* windowSize(fd): columns * 65536 + rows, or a negative errno. */
SCRIPT_NATIVE(window_size)
{
    struct winsize size;

    if (ioctl(script_int(ctx, argc, argv, 0, -1), TIOCGWINSZ, &size) < 0)
        return number(ctx, -errno);
    return number(ctx, (double)size.ws_col * 65536 + size.ws_row);
}

static int restore_terminal(void)
{
    if (!terminal.saved)
        return 0;
    terminal.saved = false;
    return tcsetattr(terminal.fd, TCSANOW, &terminal.before) < 0 ? -errno : 0;
}

/* Each key is to be read as it is pressed; output is left as it was. */
static int make_raw(int fd)
{
    struct termios raw;

    if (tcgetattr(fd, &raw) < 0)
        return -errno;
    if (!terminal.saved) {
        terminal.before = raw;
        terminal.fd = fd;
    }
    raw.c_iflag &= (tcflag_t) ~(BRKINT | ICRNL | INPCK | ISTRIP | IXON);
    raw.c_oflag |= ONLCR;
    raw.c_cflag |= CS8;
    raw.c_lflag &= (tcflag_t) ~(ECHO | ICANON | IEXTEN | ISIG);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    if (tcsetattr(fd, TCSADRAIN, &raw) < 0)
        return -errno;
    terminal.saved = true;
    return 0;
}

/* setRawMode(fd, wanted) */
SCRIPT_NATIVE(set_raw_mode)
{
    int fd = script_int(ctx, argc, argv, 0, -1);

    return number(ctx, script_bool(ctx, argc, argv, 1) ? make_raw(fd)
                                                       : restore_terminal());
}

void script_bind_stdio(script *s, JSObjectRef target)
{
    script_function(s, target, "isTTY", is_tty);
    script_function(s, target, "kind", kind);
    script_function(s, target, "write", write_native);
    script_function(s, target, "watch", watch);
    script_function(s, target, "unwatch", unwatch);
    script_function(s, target, "reference", reference);
    script_function(s, target, "windowSize", window_size);
    script_function(s, target, "setRawMode", set_raw_mode);
}

void script_unbind_stdio(script *s)
{
    forget_input(s);
    input.unreferenced = false;
    (void)restore_terminal();
}
