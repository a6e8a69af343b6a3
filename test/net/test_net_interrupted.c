/*
 * test_net_interrupted.c - calls interrupted, cut short, or told "not now"
 *
 * None of it is an error: the story must be told as well as ever.
 */
#include "story_test.h"

/* A kernel that is interrupted at every other call. */
static unsigned interruptions;

#define INTERRUPTED(type, name, parameters, arguments)                         \
    static type interrupted_##name parameters                                  \
    {                                                                          \
        static bool again;                                                     \
                                                                               \
        again = !again;                                                        \
        if (again) {                                                           \
            interruptions++;                                                   \
            errno = EINTR;                                                     \
            return -1;                                                         \
        }                                                                      \
        return faults_kernel()->name arguments;                                \
    }

INTERRUPTED(ssize_t, read, (int fd, void *to, size_t size), (fd, to, size))
INTERRUPTED(ssize_t, write, (int fd, const void *from, size_t size),
            (fd, from, size))
INTERRUPTED(ssize_t, recv, (int fd, void *to, size_t size, int flags),
            (fd, to, size, flags))
INTERRUPTED(ssize_t, send, (int fd, const void *from, size_t size, int flags),
            (fd, from, size, flags))
INTERRUPTED(ssize_t, sendmsg, (int fd, const struct msghdr *message, int flags),
            (fd, message, flags))
INTERRUPTED(int, ACCEPT, (ACCEPT_PARAMETERS), (ACCEPT_ARGUMENTS))

#ifdef WEIR_BACKEND_EPOLL
static int interrupted_wait(int epoll, struct epoll_event *ready, int count,
                            int timeout)
{
    static bool again;

    again = !again;
    if (again) {
        interruptions++;
        errno = EINTR;
        return -1;
    }
    return virtual_wait(epoll, ready, count, timeout);
}
#endif

/* POSIX: it goes on by itself. */
static int interrupted_connect(int fd, const struct sockaddr *name,
                               socklen_t size)
{
    int result = connect(fd, name, size);

    if (result < 0 && errno != EINPROGRESS)
        return result;
    interruptions++;
    errno = EINTR;
    return -1;
}

static int interrupted_close(int fd)
{
    close(fd);
    interruptions++;
    errno = EINTR;
    return -1;
}

static int interrupted_open(const char *path, int flags, ...)
{
    static bool again;

    again = !again;
    if (again) {
        interruptions++;
        errno = EINTR;
        return -1;
    }
    return open(path, flags);
}

/* A story in a changed world: `change` puts it into the seam. */
static void tell_in(enum place place, void (*change)(void))
{
    unsigned descriptors = open_descriptors();

    memset(&story, 0, sizeof story);
    story.place = place;
    faults_restore();
    assert_int_equal(open_virtual_loop(NULL), 0);
    change();
    if (place == AT_NAME)
        start_name_server();
    begin_story();
    run_to_the_end();
    if (place == AT_NAME)
        dns_server_stop(dns);
    test_destroy_loop();
    faults_restore();
    assert_true(told_well());
    assert_int_equal(story.closed, story.opened);
    assert_int_equal(story.callbacks, story.writes);
    assert_int_equal(open_descriptors(), descriptors);
}

static void interrupt_everything(void)
{
    weir_sys.read = interrupted_read;
    weir_sys.write = interrupted_write;
    weir_sys.recv = interrupted_recv;
    weir_sys.send = interrupted_send;
    weir_sys.sendmsg = interrupted_sendmsg;
    weir_sys.ACCEPT = interrupted_ACCEPT;
    weir_sys.connect = interrupted_connect;
    weir_sys.close = interrupted_close;
    weir_sys.open = interrupted_open;
#ifdef WEIR_BACKEND_EPOLL
    weir_sys.epoll_wait = interrupted_wait;
#endif
}

static void signals_at_every_call_change_nothing(void **state)
{
    (void)state;
    interruptions = 0;
    for (enum place place = AT_PORT; place <= AT_PROXY; place++)
        tell_in(place, interrupt_everything);
    assert_true(interruptions > 50);
}

#ifdef WEIR_BACKEND_EPOLL
/* A kernel that hands over a few bytes at a time. It keeps its word about
 * edges: what it holds back is told again, by a MOD behind weir's back. */
static struct epoll_event interests[256];
static int interests_epoll;

static int noting_control(int epoll, int operation, int fd,
                          struct epoll_event *event)
{
    int result = epoll_ctl(epoll, operation, fd, event);

    if (result == 0 && operation != EPOLL_CTL_DEL && fd < 256) {
        interests[fd] = *event;
        interests_epoll = epoll;
    }
    return result;
}

static void edge_again(int fd)
{
    assert_in_range(fd, 0, 255);
    assert_int_equal(
        epoll_ctl(interests_epoll, EPOLL_CTL_MOD, fd, &interests[fd]), 0);
}

static size_t piece;

static ssize_t short_recv(int fd, void *to, size_t size, int flags)
{
    ssize_t n = recv(fd, to, size < piece ? size : piece, flags);

    if (n == (ssize_t)piece && piece < size)
        edge_again(fd);
    return n;
}

static ssize_t short_send(int fd, const void *from, size_t size, int flags)
{
    ssize_t n = send(fd, from, size < piece ? size : piece, flags);

    if (n >= 0 && (size_t)n < size)
        edge_again(fd);
    return n;
}

static ssize_t short_sendmsg(int fd, const struct msghdr *message, int flags)
{
    return short_send(fd, message->msg_iov->iov_base, message->msg_iov->iov_len,
                      flags);
}

/* sendmsg() sends less than all its pieces: that is short as well. */
static ssize_t short_gather(int fd, const struct msghdr *message, int flags)
{
    ssize_t n = short_sendmsg(fd, message, flags);

    if (n >= 0 && message->msg_iovlen > 1)
        edge_again(fd);
    return n;
}

static void shorten_everything(void)
{
    weir_sys.recv = short_recv;
    weir_sys.send = short_send;
    weir_sys.sendmsg = short_gather;
    weir_sys.epoll_ctl = noting_control;
}

static void pieces_of_any_size_change_nothing(void **state)
{
    (void)state;
    for (piece = 1; piece <= 8; piece++)
        for (enum place place = AT_PORT; place <= AT_PROXY; place++)
            tell_in(place, shorten_everything);
}

/* "Not now" at every other call, with the edge that follows in such a case. */
static ssize_t late_recv(int fd, void *to, size_t size, int flags)
{
    static bool again;

    again = !again;
    if (again) {
        edge_again(fd);
        errno = EAGAIN;
        return -1;
    }
    return recv(fd, to, size, flags);
}

static ssize_t late_send(int fd, const void *from, size_t size, int flags)
{
    static bool again;

    again = !again;
    if (again) {
        edge_again(fd);
        errno = EAGAIN;
        return -1;
    }
    return send(fd, from, size, flags);
}

static ssize_t late_sendmsg(int fd, const struct msghdr *message, int flags)
{
    static bool again;

    again = !again;
    if (again) {
        edge_again(fd);
        errno = EAGAIN;
        return -1;
    }
    return sendmsg(fd, message, flags);
}

static void delay_everything(void)
{
    weir_sys.recv = late_recv;
    weir_sys.send = late_send;
    weir_sys.sendmsg = late_sendmsg;
    weir_sys.epoll_ctl = noting_control;
}

static void a_kernel_that_says_not_now_changes_nothing(void **state)
{
    (void)state;
    for (enum place place = AT_PORT; place <= AT_PROXY; place++)
        tell_in(place, delay_everything);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(signals_at_every_call_change_nothing),
#ifdef WEIR_BACKEND_EPOLL
        TEST(pieces_of_any_size_change_nothing),
        TEST(a_kernel_that_says_not_now_changes_nothing),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
