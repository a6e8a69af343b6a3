/*
 * libuv_expert.c - the servers on libuv, as one writes them who counts
 *
 * What it does otherwise than libuv.c:
 *
 *   - uv_try_write() first, which makes no request and no callback. Only what
 *     the kernel did not take gets a request, with the bytes in the same piece
 *     of memory; until that is written, nothing more is read.
 *   - All connections read into one buffer, since nothing stays in it. It is
 *     as large as the raw loop's, so that much comes with one read.
 *   - No uv_shutdown() where nothing waits and both directions end: closing
 *     sends the FIN.
 *   - No-delay on the listening socket, from which Linux hands it down.
 *   - A connection is the handle and 24 bytes.
 */
#include "bench/peers/peer.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

struct connection {
    uv_tcp_t tcp;
    union {
        struct connection *other; /* where its bytes go: echo, to itself */
        struct peer_link link;
        struct peer_http http;
    };
    bool finished; /* proxy: our FIN is out */
};

/* What a try did not take: a copy, or a piece of a message. */
struct rest {
    uv_write_t write;
    struct connection *source; /* is read again when it is written; or NULL */
    struct peer_message *message;
    char bytes[];
};

static struct peer peer;
static struct peer_link guests;
static char read_buffer[512 * 1024];

static struct connection *connection_of(void *handle)
{
    return PEER_OF(handle, struct connection, tcp);
}

static uv_stream_t *stream_of(struct connection *c)
{
    return (uv_stream_t *)&c->tcp;
}

/* ----------------------------------------------------------------- closing */

static void on_closed(uv_handle_t *handle)
{
    free(connection_of(handle));
}

static void close_one(struct connection *c)
{
    if (!uv_is_closing((uv_handle_t *)&c->tcp))
        uv_close((uv_handle_t *)&c->tcp, on_closed);
}

static void close_connection(struct connection *c)
{
    if (peer.workload == PEER_PROXY)
        close_one(c->other);
    if (peer.workload == PEER_FANOUT && !uv_is_closing((uv_handle_t *)&c->tcp))
        peer_remove(&c->link);
    close_one(c);
}

static void on_shutdown(uv_shutdown_t *request, int status)
{
    struct connection *c = connection_of(request->handle);

    free(request);
    if (status == UV_ECANCELED)
        return; /* closed meanwhile */
    c->finished = true;
    if (status < 0 || c->other->finished)
        close_connection(c);
}

/* While something waits to be written nothing is read, and so the end comes
 * behind everything. */
static void on_end(struct connection *c)
{
    uv_shutdown_t *request;

    if (peer.workload != PEER_PROXY || c->finished) {
        close_connection(c);
        return;
    }
    request = peer_allocate(sizeof *request);
    if (uv_shutdown(request, stream_of(c->other), on_shutdown) < 0) {
        free(request);
        close_connection(c);
    }
}

/* ----------------------------------------------------------------- writing */

static void alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    (void)handle;
    (void)suggested;
    buffer->base = read_buffer;
    buffer->len = sizeof read_buffer;
}

static void read_on(struct connection *c);

static void on_rest_written(uv_write_t *write, int status)
{
    struct connection *c = connection_of(write->handle);
    struct rest *rest = PEER_OF(write, struct rest, write);

    if (rest->message)
        peer_message_unref(rest->message);
    if (status < 0 && status != UV_ECANCELED)
        close_connection(c);
    else if (status == 0 && rest->source &&
             !uv_is_closing((uv_handle_t *)&rest->source->tcp))
        read_on(rest->source);
    free(rest);
}

/* Either a copy of the bytes, or they are in the message. */
static void write_rest(struct connection *source, struct connection *to,
                       const char *bytes, size_t length,
                       struct peer_message *message)
{
    struct rest *rest = peer_allocate(sizeof *rest + (message ? 0 : length));
    uv_buf_t buffer = uv_buf_init(rest->bytes, (unsigned)length);

    rest->source = source;
    rest->message = message;
    if (message) {
        message->references++;
        buffer.base = (char *)(uintptr_t)bytes;
    } else {
        memcpy(rest->bytes, bytes, length);
    }
    if (uv_write(&rest->write, stream_of(to), &buffer, 1, on_rest_written) <
        0) {
        if (message)
            peer_message_unref(message);
        free(rest);
        close_connection(to);
    } else if (source) {
        uv_read_stop(stream_of(source));
    }
}

/* False when that is not possible any more, and the connection is closing. */
static bool try_write(struct connection *to, const char *bytes, size_t length,
                      size_t *sent)
{
    uv_buf_t buffer = { .base = (char *)(uintptr_t)bytes, .len = length };
    int result = uv_try_write(stream_of(to), &buffer, 1);

    if (result < 0 && result != UV_EAGAIN) {
        close_connection(to);
        return false;
    }
    *sent = result < 0 ? 0 : (size_t)result;
    return true;
}

static void write_bytes(struct connection *source, struct connection *to,
                        const char *bytes, size_t length)
{
    size_t sent;

    if (try_write(to, bytes, length, &sent) && sent < length)
        write_rest(source, to, bytes + sent, length - sent, NULL);
}

/* ----------------------------------------------------------------- reading */

/* Copied when the first one does not take all of it. */
static void to_others(struct connection *from, const char *bytes, size_t length)
{
    struct peer_message *message = NULL;
    struct peer_link *next;
    size_t sent;

    for (struct peer_link *l = guests.next; l != &guests; l = next) {
        struct connection *c = PEER_OF(l, struct connection, link);

        next = l->next;
        if (c == from || !try_write(c, bytes, length, &sent) || sent == length)
            continue;
        if (!message)
            message = peer_message_copy(bytes, length);
        write_rest(NULL, c, message->bytes + sent, length - sent, message);
    }
    if (message)
        peer_message_unref(message);
}

static void answer(struct connection *c, const char *bytes, size_t length)
{
    size_t requests = peer_http_requests(&c->http, bytes, length);

    while (requests > 0 && !uv_is_closing((uv_handle_t *)&c->tcp)) {
        const char *answers = peer_http_answers(&requests, &length);

        write_bytes(c, c, answers, length);
    }
}

/* What there was instead of bytes. */
static void on_nothing(struct connection *c, ssize_t length)
{
    if (length == UV_EOF)
        on_end(c);
    else if (length < 0)
        close_connection(c);
}

/* Echo and proxy. */
static void on_carry(uv_stream_t *stream, ssize_t length,
                     const uv_buf_t *buffer)
{
    struct connection *c = connection_of(stream);

    if (length > 0)
        write_bytes(c, c->other, buffer->base, (size_t)length);
    else
        on_nothing(c, length);
}

static void on_sink(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
    (void)buffer;
    if (length <= 0)
        on_nothing(connection_of(stream), length);
}

static void on_fanout(uv_stream_t *stream, ssize_t length,
                      const uv_buf_t *buffer)
{
    if (length > 0)
        to_others(connection_of(stream), buffer->base, (size_t)length);
    else
        on_nothing(connection_of(stream), length);
}

static void on_http(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
    if (length > 0)
        answer(connection_of(stream), buffer->base, (size_t)length);
    else
        on_nothing(connection_of(stream), length);
}

static const uv_read_cb on_bytes[] = {
    [PEER_ECHO] = on_carry,    [PEER_SINK] = on_sink, [PEER_PROXY] = on_carry,
    [PEER_FANOUT] = on_fanout, [PEER_HTTP] = on_http,
};

static void read_on(struct connection *c)
{
    uv_read_start(stream_of(c), alloc, on_bytes[peer.workload]);
}

/* --------------------------------------------------------------- accepting */

static struct connection *create(uv_loop_t *loop)
{
    struct connection *c = peer_allocate(sizeof *c);

    memset(c, 0, sizeof *c);
    uv_tcp_init(loop, &c->tcp);
    return c;
}

static void on_connected(uv_connect_t *request, int status)
{
    struct connection *upstream = connection_of(request->handle);

    free(request);
    if (status == UV_ECANCELED)
        return;
    if (status < 0) {
        close_connection(upstream);
        return;
    }
    uv_tcp_nodelay(&upstream->tcp, 1);
    read_on(upstream);
    read_on(upstream->other);
}

static void connect_upstream(struct connection *c)
{
    uv_connect_t *request = peer_allocate(sizeof *request);
    struct connection *upstream = create(c->tcp.loop);

    upstream->other = c;
    c->other = upstream;
    if (uv_tcp_connect(request, &upstream->tcp, (struct sockaddr *)&peer.target,
                       on_connected) < 0) {
        free(request);
        close_connection(c);
    }
}

static void on_connection(uv_stream_t *server, int status)
{
    struct connection *c;

    if (status < 0)
        return;
    c = create(server->loop);
    if (uv_accept(server, stream_of(c)) < 0) {
        close_one(c);
        return;
    }
    switch (peer.workload) {
    case PEER_PROXY:
        connect_upstream(c);
        return;
    case PEER_FANOUT:
        peer_insert(&guests, &c->link);
        break;
    case PEER_HTTP:
        c->http = (struct peer_http){ 0 };
        break;
    default:
        c->other = c;
    }
    read_on(c);
}

int main(int argc, char **argv)
{
    uv_tcp_t server;
    int error, fd;

    peer = peer_arguments(argc, argv, "echo sink fanout proxy http",
                          uv_version_string());
    peer_list(&guests);
    signal(SIGPIPE, SIG_IGN); /* libuv writes without MSG_NOSIGNAL */
    fd = peer_listen(peer.port);
    uv_tcp_init(uv_default_loop(), &server);
    error = uv_tcp_open(&server, fd);
    if (!error)
        error = uv_listen((uv_stream_t *)&server, PEER_BACKLOG, on_connection);
    if (error) {
        fprintf(stderr, "libuv: %s\n", uv_strerror(error));
        return 1;
    }
    peer_announce(fd);
    return uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}
