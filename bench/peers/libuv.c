/*
 * libuv.c - the servers on libuv, as its guide and its users write them
 *
 * A buffer from malloc() for each read, handed on to uv_write() with a request
 * of its own and freed when that is done. Who has too much waiting is not read
 * from until it is sent. The end is a uv_shutdown(), behind what waits. For the
 * other way of writing it see libuv_expert.c.
 */
#include "bench/peers/peer.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

struct connection {
    uv_tcp_t tcp;
    struct connection *other; /* where its bytes go: echo, to itself */
    struct peer_link link;
    struct peer_http http;
    bool paused, finished; /* finished: our FIN is out */
};

struct write_request {
    uv_write_t write;
    uv_buf_t buffer;              /* freed with it, if it has a base; */
    struct peer_message *message; /* or this */
};

static struct peer peer;
static struct peer_link guests;

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
    if (uv_is_closing((uv_handle_t *)&c->tcp))
        return;
    if (c->link.next)
        peer_remove(&c->link);
    uv_close((uv_handle_t *)&c->tcp, on_closed);
}

static void close_both(struct connection *c)
{
    struct connection *other = c->other;

    c->other = NULL;
    close_one(c);
    if (other && other != c) {
        other->other = NULL;
        close_one(other);
    }
}

static void on_shutdown(uv_shutdown_t *request, int status)
{
    struct connection *c = connection_of(request->handle);

    free(request);
    if (status == UV_ECANCELED)
        return; /* closed meanwhile */
    c->finished = true;
    if (status < 0 || !c->other || c->other->finished)
        close_both(c);
}

/* The end of `c` is that of where its bytes go. */
static void pass_end_on(struct connection *c)
{
    uv_shutdown_t *request = peer_allocate(sizeof *request);

    if (uv_shutdown(request, stream_of(c->other), on_shutdown) < 0) {
        free(request);
        close_both(c);
    }
}

/* ----------------------------------------------------------------- writing */

static void alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    (void)handle;
    *buffer = uv_buf_init(peer_allocate(suggested), (unsigned)suggested);
}

static void on_read(uv_stream_t *stream, ssize_t length,
                    const uv_buf_t *buffer);

/* The one whose bytes were written may be read from again. */
static void resume_source(struct connection *c)
{
    struct connection *source = c->other;

    if (source && source->paused &&
        uv_stream_get_write_queue_size(stream_of(c)) == 0) {
        source->paused = false;
        uv_read_start(stream_of(source), alloc, on_read);
    }
}

static void on_written(uv_write_t *write, int status)
{
    struct write_request *request = PEER_OF(write, struct write_request, write);
    struct connection *c = connection_of(write->handle);

    free(request->buffer.base);
    if (request->message)
        peer_message_unref(request->message);
    free(request);
    if (status == 0)
        resume_source(c);
    else if (status != UV_ECANCELED)
        close_both(c);
}

/* `owned` or `message` is freed when the bytes are written. */
static void write_bytes(struct connection *c, const char *bytes, size_t length,
                        char *owned, struct peer_message *message)
{
    struct write_request *request = peer_allocate(sizeof *request);
    uv_buf_t buffer = uv_buf_init((char *)(uintptr_t)bytes, (unsigned)length);

    request->buffer = uv_buf_init(owned, 0);
    request->message = message;
    if (uv_write(&request->write, stream_of(c), &buffer, 1, on_written) < 0) {
        free(owned);
        if (message)
            peer_message_unref(message);
        free(request);
        close_both(c);
    }
}

/* ----------------------------------------------------------------- reading */

static void to_others(struct connection *from, const char *bytes, size_t length)
{
    struct peer_message *message = peer_message_copy(bytes, length);
    struct peer_link *next;

    for (struct peer_link *l = guests.next; l != &guests; l = next) {
        struct connection *c = PEER_OF(l, struct connection, link);

        next = l->next;
        if (c == from)
            continue;
        message->references++;
        write_bytes(c, message->bytes, length, NULL, message);
    }
    peer_message_unref(message);
}

static void answer(struct connection *c, const char *bytes, size_t length)
{
    size_t requests = peer_http_requests(&c->http, bytes, length);

    while (requests > 0) {
        const char *answers = peer_http_answers(&requests, &length);

        write_bytes(c, answers, length, NULL, NULL);
    }
}

static void pause_if_full(struct connection *c)
{
    if (!c->other ||
        uv_stream_get_write_queue_size(stream_of(c->other)) <= PEER_HIGH_WATER)
        return;
    c->paused = true;
    uv_read_stop(stream_of(c));
}

static void on_bytes(struct connection *c, char *bytes, size_t length)
{
    switch (peer.workload) {
    case PEER_FANOUT:
        to_others(c, bytes, length);
        break;
    case PEER_HTTP:
        answer(c, bytes, length);
        break;
    case PEER_SINK:
        break;
    default:
        write_bytes(c->other, bytes, length, bytes, NULL);
        pause_if_full(c);
        return;
    }
    free(bytes);
    pause_if_full(c);
}

static void on_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
    struct connection *c = connection_of(stream);

    if (length > 0) {
        on_bytes(c, buffer->base, (size_t)length);
        return;
    }
    free(buffer->base);
    if (length == UV_EOF && c->other)
        pass_end_on(c);
    else if (length < 0)
        close_both(c);
}

/* --------------------------------------------------------------- accepting */

static struct connection *create(uv_loop_t *loop)
{
    struct connection *c = peer_allocate(sizeof *c);

    *c = (struct connection){ 0 };
    uv_tcp_init(loop, &c->tcp);
    return c;
}

static void on_connected(uv_connect_t *request, int status)
{
    struct connection *upstream = connection_of(request->handle);

    free(request);
    if (status < 0) {
        if (status != UV_ECANCELED)
            close_both(upstream);
        return;
    }
    uv_tcp_nodelay(&upstream->tcp, 1);
    uv_read_start(stream_of(upstream), alloc, on_read);
    uv_read_start(stream_of(upstream->other), alloc, on_read);
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
        close_both(c);
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
    uv_tcp_nodelay(&c->tcp, 1);
    if (peer.workload == PEER_PROXY) {
        connect_upstream(c);
        return;
    }
    if (peer.workload == PEER_FANOUT)
        peer_insert(&guests, &c->link);
    else if (peer.workload != PEER_SINK)
        c->other = c;
    uv_read_start(stream_of(c), alloc, on_read);
}

int main(int argc, char **argv)
{
    struct sockaddr_in address;
    uv_tcp_t server;
    uv_os_fd_t fd;
    int error;

    peer = peer_arguments(argc, argv, "echo sink fanout proxy http",
                          uv_version_string());
    peer_list(&guests);
    signal(SIGPIPE, SIG_IGN); /* libuv writes without MSG_NOSIGNAL */
    address = peer_loopback(peer.port);
    uv_tcp_init(uv_default_loop(), &server);
    error = uv_tcp_bind(&server, (struct sockaddr *)&address, 0);
    if (!error)
        error = uv_listen((uv_stream_t *)&server, PEER_BACKLOG, on_connection);
    if (error) {
        fprintf(stderr, "libuv: %s\n", uv_strerror(error));
        return 1;
    }
    uv_fileno((uv_handle_t *)&server, &fd);
    peer_announce(fd);
    return uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}
