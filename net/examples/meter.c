/*
 * meter - how fast bytes flow through a pipe
 *
 *     cat big.iso | meter > copy.iso
 *
 * Links the reactor alone: no sockets, no c-ares. Watches two descriptors in
 * turn, a timer for the display, and Ctrl-C for the summary.
 */
#include <weir/reactor.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static weir_io input, output;
static weir_timer display;
static weir_signal interrupt;
static char bytes[64 * 1024];
static size_t filled, written;
static uint64_t total, shown, began, status;

static void show(weir_timer *timer)
{
    (void)timer;
    fprintf(stderr, "\r%8.1f MB  %8.1f MB/s ", (double)total / 1e6,
            (double)(total - shown) / 1e6);
    shown = total;
}

static void finish(weir_loop *loop, const char *failed)
{
    if (failed)
        perror(failed);
    status = failed != NULL;
    fprintf(stderr, "\r%8.1f MB in %.2f s          \n", (double)total / 1e6,
            (double)(weir_loop_update_now(loop) - began) / 1e3);
    weir_loop_stop(loop);
}

static void on_interrupt(weir_signal *signal, int number)
{
    (void)number;
    finish(signal->loop, NULL);
}

static void on_readable(weir_io *io, unsigned events)
{
    ssize_t n = read(weir_io_fd(io), bytes, sizeof bytes);

    (void)events;
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        finish(io->loop, n < 0 ? "meter: input" : NULL);
    if (n <= 0)
        return;
    filled = (size_t)n, written = 0;
    weir_io_stop(&input);
    weir_check(weir_io_start(&output, WEIR_WRITABLE));
}

static void on_writable(weir_io *io, unsigned events)
{
    ssize_t n = write(weir_io_fd(io), bytes + written, filled - written);

    (void)events;
    if (n < 0 && errno != EAGAIN && errno != EINTR)
        finish(io->loop, "meter: output");
    if (n < 0)
        return;
    total += (uint64_t)n;
    if ((written += (size_t)n) < filled)
        return;
    weir_io_stop(&output);
    weir_check(weir_io_start(&input, WEIR_READABLE));
}

int main(int argc, char **argv)
{
    bool help = argc == 2 && !strcmp(argv[1], "--help");
    weir_loop *loop;

    if (argc > 1) {
        fputs("usage: ... | meter | ...\n", help ? stdout : stderr);
        return help ? 0 : 2;
    }
    weir_check(weir_loop_create(&loop));
    weir_check(weir_io_init(&input, loop, STDIN_FILENO, on_readable));
    weir_check(weir_io_init(&output, loop, STDOUT_FILENO, on_writable));
    weir_check(weir_timer_init(&display, loop, show));
    weir_check(weir_signal_init(&interrupt, loop, on_interrupt));
    weir_check(weir_signal_start(&interrupt, SIGINT));
    weir_check(weir_timer_start_repeating(&display, 1000));
    weir_check(weir_io_start(&input, WEIR_READABLE));
    began = weir_loop_update_now(loop);
    weir_check(weir_loop_run(loop));
    weir_signal_stop(&interrupt);
    return weir_loop_destroy(loop) < 0 || status;
}
