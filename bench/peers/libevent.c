/*
 * libevent.c - the servers on libevent's bufferevents, as its book has them
 *
 * What is read is moved to the output, not copied; with too much there, reading
 * stops until the write callback says that it is sent. HTTP is libevent's own
 * evhttp, the answer in the manner of its users: headers added, body printed.
 *
 * libevent reads 4 KiB at a time (EVBUFFER_MAX_READ in 2.1, not to be changed
 * from outside) and asks with FIONREAD before each read how much there is.
 */
#include "bench/peers/peer.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

struct connection {
    struct bufferevent *bev;
    struct connection *other; /* where its bytes go: echo, to itself */
    struct peer_link link;
    bool ended;    /* their FIN is in: ours follows when all is written */
    bool finished; /* and that is done */
};

static struct peer peer;
static struct peer_link guests;

/* ----------------------------------------------------------------- closing */

static void close_one(struct connection *c)
{
    if (peer.workload == PEER_FANOUT)
        peer_remove(&c->link);
    bufferevent_free(c->bev);
    free(c);
}

static void close_connection(struct connection *c)
{
    if (peer.workload == PEER_PROXY)
        close_one(c->other);
    close_one(c);
}

/* `c` has ended, and all its bytes are written to the other side. */
static void pass_end_on(struct connection *c)
{
    c->finished = true;
    if (c->other->finished)
        close_connection(c);
    else
        shutdown(bufferevent_getfd(c->other->bev), SHUT_WR);
}

/* ----------------------------------------------------------------- carrying */

static struct evbuffer *output_of(struct connection *c)
{
    return bufferevent_get_output(c->bev);
}

static void on_event(struct bufferevent *bev, short events, void *data);
static void on_carry(struct bufferevent *bev, void *data);

/* All that was waiting at `c` is sent. Only asked for when it matters. */
static void on_drained(struct bufferevent *bev, void *data)
{
    struct connection *c = data, *source = c->other;

    bufferevent_setcb(bev, on_carry, NULL, on_event, c);
    if (source->ended)
        pass_end_on(source);
    else
        bufferevent_enable(source->bev, EV_READ);
}

static void wait_until_drained(struct connection *c)
{
    bufferevent_setcb(c->bev, on_carry, on_drained, on_event, c);
}

static void on_carry(struct bufferevent *bev, void *data)
{
    struct connection *c = data;

    bufferevent_write_buffer(c->other->bev, bufferevent_get_input(bev));
    if (evbuffer_get_length(output_of(c->other)) > PEER_HIGH_WATER) {
        bufferevent_disable(bev, EV_READ);
        wait_until_drained(c->other);
    }
}

static void on_event(struct bufferevent *bev, short events, void *data)
{
    struct connection *c = data;

    if (events & BEV_EVENT_CONNECTED) {
        bufferevent_enable(bev, EV_READ);
        bufferevent_enable(c->other->bev, EV_READ);
    } else if (events & BEV_EVENT_ERROR || !c->other) {
        close_connection(c);
    } else if (events & BEV_EVENT_EOF) {
        c->ended = true;
        if (evbuffer_get_length(output_of(c->other)) == 0)
            pass_end_on(c);
        else
            wait_until_drained(c->other);
    }
}

/* --------------------------------------------------------- sink and fan-out */

static void on_sink(struct bufferevent *bev, void *data)
{
    struct evbuffer *input = bufferevent_get_input(bev);

    (void)data;
    evbuffer_drain(input, evbuffer_get_length(input));
}

/* The outputs share the input's memory by reference. */
static void on_fanout(struct bufferevent *bev, void *data)
{
    struct evbuffer *message = evbuffer_new();

    evbuffer_add_buffer(message, bufferevent_get_input(bev));
    for (struct peer_link *l = guests.next; l != &guests; l = l->next) {
        struct connection *c = PEER_OF(l, struct connection, link);

        if (c != data)
            evbuffer_add_buffer_reference(output_of(c), message);
    }
    evbuffer_free(message);
}

/* --------------------------------------------------------------- accepting */

static const bufferevent_data_cb on_data[] = { [PEER_ECHO] = on_carry,
                                               [PEER_PROXY] = on_carry,
                                               [PEER_SINK] = on_sink,
                                               [PEER_FANOUT] = on_fanout };

static struct connection *create(struct event_base *base, evutil_socket_t fd)
{
    struct connection *c = peer_allocate(sizeof *c);

    *c = (struct connection){ 0 };
    c->bev = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
    if (!c->bev)
        peer_fail("bufferevent_socket_new");
    bufferevent_setcb(c->bev, on_data[peer.workload], NULL, on_event, c);
    return c;
}

static void connect_upstream(struct connection *c)
{
    struct connection *upstream = create(bufferevent_get_base(c->bev), -1);

    c->other = upstream;
    upstream->other = c;
    bufferevent_disable(c->bev, EV_READ);
    if (bufferevent_socket_connect(upstream->bev,
                                   (struct sockaddr *)&peer.target,
                                   sizeof peer.target) < 0)
        close_connection(c);
}

static void on_connection(struct evconnlistener *listener, evutil_socket_t fd,
                          struct sockaddr *address, int length, void *data)
{
    struct connection *c = create(evconnlistener_get_base(listener), fd);

    (void)address;
    (void)length;
    (void)data;
    if (peer.workload == PEER_PROXY) {
        connect_upstream(c);
        return;
    }
    if (peer.workload == PEER_FANOUT)
        peer_insert(&guests, &c->link);
    else if (peer.workload == PEER_ECHO)
        c->other = c;
    bufferevent_enable(c->bev, EV_READ);
}

/* -------------------------------------------------------------------- HTTP */

static void on_request(struct evhttp_request *request, void *data)
{
    struct evbuffer *body = evbuffer_new();

    (void)data;
    evhttp_add_header(evhttp_request_get_output_headers(request),
                      "Content-Type", "text/plain");
    evbuffer_add_printf(body, "Hello, world!");
    evhttp_send_reply(request, HTTP_OK, "OK", body);
    evbuffer_free(body);
}

static void serve_http(struct event_base *base, int fd)
{
    struct evhttp *http = evhttp_new(base);

    if (!http || evhttp_accept_socket(http, fd) < 0)
        peer_fail("evhttp");
    evhttp_set_allowed_methods(http, EVHTTP_REQ_GET);
    evhttp_set_gencb(http, on_request, NULL);
}

int main(int argc, char **argv)
{
    struct event_base *base;
    int fd;

    peer = peer_arguments(argc, argv, "echo sink fanout proxy http",
                          event_get_version());
    peer_list(&guests);
    signal(SIGPIPE, SIG_IGN);    /* libevent writes without MSG_NOSIGNAL */
    fd = peer_listen(peer.port); /* no-delay is handed down */
    base = event_base_new();
    if (!base)
        peer_fail("event_base_new");
    if (peer.workload == PEER_HTTP)
        serve_http(base, fd);
    else if (!evconnlistener_new(base, on_connection, NULL,
                                 LEV_OPT_CLOSE_ON_FREE, 0, fd))
        peer_fail("evconnlistener_new");
    peer_announce(fd);
    return event_base_dispatch(base);
}
