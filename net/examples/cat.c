/*
 * cat - standard input and output, tied to a connection
 *
 * Half-close aware, as nc -N is: the end of input is sent as FIN, and what the
 * other side still has to say is printed until its own end. Input is read only
 * while the socket takes it.
 */
#include <weir/net.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HIGH_WATER = 256 * 1024 };

static weir_io input;
static weir_socket *connection;
static int status;

static void on_input(weir_io *io, unsigned events)
{
    char bytes[64 * 1024];
    ssize_t n = read(weir_io_fd(io), bytes, sizeof bytes);

    (void)events;
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0 ||
        weir_socket_write(connection, bytes, (size_t)n, NULL, NULL) < 0) {
        weir_io_stop(io);
        weir_socket_end(connection);
    } else if (weir_socket_buffered(connection) > HIGH_WATER) {
        weir_io_stop(io);
    }
}

static void read_input(weir_socket *socket)
{
    /* Only input that has not ended; a write that fails ends it too. */
    if (weir_socket_get_state(socket) != WEIR_SOCKET_READ_ONLY)
        weir_check(weir_io_start(&input, WEIR_READABLE));
}

/* Output may block: there is nothing else to do until it has gone. */
static void on_data(weir_socket *socket, const void *bytes, size_t length)
{
    if (fwrite(bytes, 1, length, stdout) == length && !fflush(stdout))
        return;
    perror("cat: output");
    status = 1;
    weir_socket_destroy(socket);
}

static void on_error(weir_socket *socket, int error)
{
    char text[256];

    (void)error;
    weir_socket_error_text(socket, text, sizeof text);
    fprintf(stderr, "cat: %s\n", text);
    status = 1;
}

static void on_close(weir_socket *socket, bool had_error)
{
    (void)socket, (void)had_error;
    weir_io_stop(&input);
}

static const weir_socket_events events = {
    .connect = read_input,
    .data = on_data,
    .drain = read_input,
    .error = on_error,
    .close = on_close,
};

int main(int argc, char **argv)
{
    bool help = argc == 2 && !strcmp(argv[1], "--help");
    char *end = "";
    unsigned long port = argc == 3 ? strtoul(argv[2], &end, 10) : 0;
    weir_loop *loop;

    if (argc != 3 || *end || !*argv[2] || port > 65535) {
        fprintf(help ? stdout : stderr,
                "usage: cat HOST PORT\n"
                "Sends its input there, prints what comes back.\n");
        return help ? 0 : 2;
    }
    weir_check(weir_loop_create(&loop));
    weir_check(weir_io_init(&input, loop, STDIN_FILENO, on_input));
    weir_check(weir_socket_create(&connection, loop, &events, NULL));
    weir_socket_set_half_open(connection, true);
    weir_check(
        weir_socket_connect_host(connection, argv[1], (unsigned)port, NULL));
    weir_check(weir_loop_run(loop));
    weir_check(weir_loop_destroy(loop));
    return status;
}
