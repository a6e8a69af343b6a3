/*
 * emulate.c - kqueue for tests on Linux, made of epoll
 *
 * It exists so that backend_kqueue.c runs under the whole test suite, with
 * Valgrind and the sanitizers, on machines that have no kqueue and no
 * libkqueue. It is a test double: small, slow, and strict where real kqueues
 * are strict.
 *
 *      kqueue's descriptor = epoll --+-- epoll of EVFILT_READ   (EPOLLIN)
 *                                    +-- epoll of EVFILT_WRITE  (EPOLLOUT)
 *                                    +-- eventfd for EVFILT_USER
 *
 * The idea is that each filter has an epoll set of its own. So the two filters
 * of a descriptor are registered, fire and clear apart, as with kqueue: data
 * that arrives gives no edge for writing. Which filter is told first changes
 * from call to call. The outer set makes the kqueue's descriptor pollable.
 *
 * As with kqueue:
 *   - close() of a descriptor removes its filters, whoever else still has the
 *     file open. That is why close() is replaced here, see below.
 *   - EV_ADD of what is there already changes `udata` and looks anew whether
 *     the condition holds; whether EV_CLEAR is set stays as it was first.
 *   - EV_DELETE of what is not there is ENOENT.
 *   - Without EV_RECEIPT a failed change is an event with EV_ERROR where there
 *     is room, and otherwise ends the call. With it, every change answers.
 *   - EV_ADD of EVFILT_WRITE on a pipe that nobody reads is EPIPE.
 *   - EV_EOF: on EVFILT_READ nothing more comes, on EVFILT_WRITE nothing more
 *     goes, also because of our own shutdown(). `fflags` is the socket's error.
 *   - A kqueue is not inherited by fork(): EBADF in the child.
 *
 * Limits:
 *   - `fflags` only says whether there is an error, the number is ECONNRESET:
 *     reading SO_ERROR would take it away from the program.
 *   - `data` is the number of bytes for EVFILT_READ, and 0 for the others.
 *     Behind urgent data there is one more, since Linux does not say how many.
 *   - A number that dup2() or close_range() closes is not noticed.
 *   - Regular files are EPERM; kqueue would take them.
 *   - A socket that is neither connected nor connecting is at its end (Linux
 *     says EPOLLHUP); kqueue would be silent.
 *   - At most CHUNK events of a filter are given at once.
 *   - Timeouts are rounded up to whole milliseconds.
 *   - Only triggering EVFILT_USER may be done in a signal handler.
 */
#include "sys/event.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef EVFILT_USER
#define EVFILT_USER (-10)
#endif

enum { MAX_FD = 1 << 17, MAX_USER = 4, CHUNK = 1024, READ = 0, WRITE = 1 };

struct knote {
    void *udata;
    bool active, clear;
};

struct filter {
    int epoll;
    struct knote *notes; /* by descriptor */
    int size;
};

struct user {
    uintptr_t ident;
    void *udata;
    bool active, clear, triggered; /* triggered: atomic */
};

struct queue {
    struct queue *next;
    int fd, eventfd;
    pid_t owner;
    unsigned turn;
    struct filter filters[2];
    struct user users[MAX_USER];
};

/* By the kqueue's descriptor; a slot is read by signal handlers, without the
 * lock. The lock is for close() in other threads, which goes through all. */
static struct queue *queues[MAX_FD], *all;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static int real_close(int fd)
{
    return (int)syscall(SYS_close, fd);
}

static struct queue *find(int fd)
{
    struct queue *queue = NULL;

    if (fd >= 0 && fd < MAX_FD)
        queue = __atomic_load_n(&queues[fd], __ATOMIC_ACQUIRE);
    return queue && queue->owner == getpid() ? queue : NULL;
}

/* ------------------------------------------------- creating and closing */

static void release(struct queue *queue)
{
    int fds[] = { queue->filters[READ].epoll, queue->filters[WRITE].epoll,
                  queue->eventfd };

    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++)
        if (fds[i] >= 0)
            real_close(fds[i]);
    free(queue->filters[READ].notes);
    free(queue->filters[WRITE].notes);
    free(queue);
}

static bool nest(struct queue *queue, int fd)
{
    struct epoll_event event = { .events = EPOLLIN };

    return fd >= 0 && epoll_ctl(queue->fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

int kqueue(void)
{
    struct queue *queue = calloc(1, sizeof *queue);
    int error;

    if (!queue)
        return -1;
    queue->owner = getpid();
    queue->fd = epoll_create1(0);
    queue->eventfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    queue->filters[READ].epoll = epoll_create1(EPOLL_CLOEXEC);
    queue->filters[WRITE].epoll = epoll_create1(EPOLL_CLOEXEC);
    if (queue->fd >= 0 && queue->fd < MAX_FD && nest(queue, queue->eventfd) &&
        nest(queue, queue->filters[READ].epoll) &&
        nest(queue, queue->filters[WRITE].epoll)) {
        pthread_mutex_lock(&lock);
        queue->next = all;
        all = queue;
        __atomic_store_n(&queues[queue->fd], queue, __ATOMIC_RELEASE);
        pthread_mutex_unlock(&lock);
        return queue->fd;
    }
    error = errno;
    if (queue->fd >= 0)
        real_close(queue->fd);
    release(queue);
    errno = error;
    return -1;
}

static void forget(struct filter *filter, int fd)
{
    struct epoll_event unused = { 0 };

    if (fd >= filter->size || !filter->notes[fd].active)
        return;
    filter->notes[fd].active = false;
    epoll_ctl(filter->epoll, EPOLL_CTL_DEL, fd, &unused);
}

/* Takes a queue out of the tables, and gives it back. */
static struct queue *unlist(int fd)
{
    struct queue *queue = queues[fd];
    struct queue **link = &all;

    if (!queue)
        return NULL;
    while (*link != queue)
        link = &(*link)->next;
    *link = queue->next;
    __atomic_store_n(&queues[fd], NULL, __ATOMIC_RELEASE);
    return queue;
}

/*
 * Takes the C library's place in the whole program. Removing on close() is
 * what sets kqueue apart most, and nobody would tell us otherwise. A child
 * after fork() still shares the epoll sets and must leave them alone.
 */
__attribute__((visibility("default"))) int close(int fd)
{
    struct queue *closed = NULL;

    if (fd >= 0 && fd < MAX_FD) {
        pthread_mutex_lock(&lock);
        for (struct queue *queue = all; queue; queue = queue->next) {
            if (queue->owner != getpid())
                continue;
            forget(&queue->filters[READ], fd);
            forget(&queue->filters[WRITE], fd);
        }
        closed = unlist(fd);
        pthread_mutex_unlock(&lock);
    }
    if (closed)
        release(closed);
    return real_close(fd);
}

/* --------------------------------------------------------------- changes */

static bool make_room(struct filter *filter, int fd)
{
    int size = filter->size ? filter->size : 64;
    struct knote *grown;

    while (size <= fd)
        size *= 2;
    if (size == filter->size)
        return true;
    grown = realloc(filter->notes, (size_t)size * sizeof *grown);
    if (!grown)
        return false;
    memset(grown + filter->size, 0,
           (size_t)(size - filter->size) * sizeof *grown);
    filter->notes = grown;
    filter->size = size;
    return true;
}

static short polled(int fd, short events)
{
    struct pollfd watched = { .fd = fd, .events = events };

    return poll(&watched, 1, 0) > 0 ? watched.revents : 0;
}

static bool is_broken_pipe(int fd)
{
    struct stat status;

    return fstat(fd, &status) == 0 && S_ISFIFO(status.st_mode) &&
           polled(fd, POLLOUT) & POLLERR;
}

static int change_filter(struct queue *queue, const struct kevent *change)
{
    bool reading = change->filter == EVFILT_READ;
    struct filter *filter = &queue->filters[reading ? READ : WRITE];
    struct epoll_event event = { 0 };
    int fd = (int)change->ident;
    struct knote *note;

    if (change->ident >= MAX_FD)
        return EBADF;
    if (!make_room(filter, fd))
        return ENOMEM;
    note = &filter->notes[fd];
    if (change->flags & EV_DELETE) {
        if (!note->active)
            return fcntl(fd, F_GETFD) < 0 ? EBADF : ENOENT;
        forget(filter, fd);
        return 0;
    }
    if (!note->active && !(change->flags & EV_ADD))
        return ENOENT;
    if (!note->active && !reading && is_broken_pipe(fd))
        return EPIPE;
    if (!note->active)
        note->clear = change->flags & EV_CLEAR;
    event.data.fd = fd;
    event.events = reading ? EPOLLIN | EPOLLRDHUP : EPOLLOUT;
    if (note->clear)
        event.events |= EPOLLET;
    if (epoll_ctl(filter->epoll, note->active ? EPOLL_CTL_MOD : EPOLL_CTL_ADD,
                  fd, &event) < 0)
        return errno;
    note->active = true;
    note->udata = change->udata;
    return 0;
}

static struct user *find_user(struct queue *queue, uintptr_t ident)
{
    for (int i = 0; i < MAX_USER; i++)
        if (queue->users[i].active && queue->users[i].ident == ident)
            return &queue->users[i];
    return NULL;
}

static struct user *add_user(struct queue *queue, uintptr_t ident)
{
    for (int i = 0; i < MAX_USER; i++) {
        struct user *user = &queue->users[i];

        if (user->active)
            continue;
        *user = (struct user){ .ident = ident, .active = true };
        return user;
    }
    return NULL;
}

/* No lock, and nothing that a signal handler may not call. */
static int change_user(struct queue *queue, const struct kevent *change)
{
    struct user *user = find_user(queue, change->ident);
    uint64_t one = 1;

    if (!user && change->flags & EV_ADD) {
        user = add_user(queue, change->ident);
        if (!user)
            return ENOMEM;
        user->clear = change->flags & EV_CLEAR;
    }
    if (!user)
        return ENOENT;
    if (change->flags & EV_DELETE) {
        user->active = false;
        return 0;
    }
    user->udata = change->udata;
    if (change->fflags & NOTE_TRIGGER) {
        __atomic_store_n(&user->triggered, true, __ATOMIC_SEQ_CST);
        (void)!write(queue->eventfd, &one, sizeof one);
    }
    return 0;
}

static int change_one(struct queue *queue, const struct kevent *change)
{
    int error;

    switch (change->filter) {
    case EVFILT_USER:
        return change_user(queue, change);
    case EVFILT_READ:
    case EVFILT_WRITE:
        pthread_mutex_lock(&lock);
        error = change_filter(queue, change);
        pthread_mutex_unlock(&lock);
        return error;
    }
    return EINVAL;
}

/* Gives the number of answers, or -1 with errno. */
static int apply(struct queue *queue, const struct kevent *changes, int count,
                 struct kevent *events, int room)
{
    int answers = 0;

    for (int i = 0; i < count; i++) {
        int error = change_one(queue, &changes[i]);

        if (!error && !(changes[i].flags & EV_RECEIPT))
            continue;
        if (answers == room) {
            if (!error)
                continue;
            errno = error;
            return -1;
        }
        events[answers] = changes[i];
        events[answers].flags = EV_ERROR;
        events[answers++].data = error;
    }
    return answers;
}

/* --------------------------------------------------------------- waiting */

/* What was shut down here can only be asked for: TCP tells its state, and a
 * UNIX socket refuses to send nothing at all. */
static bool write_side_shut(int fd)
{
    struct tcp_info info;
    socklen_t size = sizeof info;

    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0)
        return info.tcpi_state != TCP_ESTABLISHED &&
               info.tcpi_state != TCP_CLOSE_WAIT &&
               info.tcpi_state != TCP_SYN_SENT;
    return send(fd, "", 0, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 && errno == EPIPE;
}

static void translate(struct kevent *out, int which, uint32_t events, int fd,
                      const struct knote *note)
{
    uint32_t end = EPOLLHUP | EPOLLERR | (which == READ ? EPOLLRDHUP : 0u);
    int available = 0;

    EV_SET(out, (uintptr_t)fd, which == READ ? EVFILT_READ : EVFILT_WRITE,
           note->clear ? EV_CLEAR : 0, 0, 0, note->udata);
    if (events & end || (which == WRITE && write_side_shut(fd)))
        out->flags |= EV_EOF;
    if (events & EPOLLERR)
        out->fflags = ECONNRESET;
    if (which == READ && ioctl(fd, FIONREAD, &available) == 0)
        out->data = available + (polled(fd, POLLPRI) & POLLPRI ? 1 : 0);
}

static int harvest(struct queue *queue, int which, struct kevent *out, int room)
{
    struct filter *filter = &queue->filters[which];
    struct epoll_event events[CHUNK];
    int count = 0;

    if (room <= 0)
        return 0;
    pthread_mutex_lock(&lock);
    count = epoll_wait(filter->epoll, events, room < CHUNK ? room : CHUNK, 0);
    for (int i = 0; i < count; i++) {
        int fd = events[i].data.fd;

        translate(&out[i], which, events[i].events, fd, &filter->notes[fd]);
    }
    pthread_mutex_unlock(&lock);
    return count < 0 ? 0 : count;
}

static int harvest_users(struct queue *queue, struct kevent *out, int room)
{
    uint64_t value, one = 1;
    bool again = false;
    int count = 0;

    if (read(queue->eventfd, &value, sizeof value) < 0)
        return 0;
    for (int i = 0; i < MAX_USER; i++) {
        struct user *user = &queue->users[i];

        if (!user->active ||
            !__atomic_load_n(&user->triggered, __ATOMIC_SEQ_CST))
            continue;
        again = again || !user->clear || count == room;
        if (count == room)
            continue;
        if (user->clear)
            __atomic_store_n(&user->triggered, false, __ATOMIC_SEQ_CST);
        EV_SET(&out[count++], user->ident, EVFILT_USER,
               user->clear ? EV_CLEAR : 0, 0, 0, user->udata);
    }
    if (again)
        (void)!write(queue->eventfd, &one, sizeof one);
    return count;
}

/* In each call another filter is first, also when there is no room for both:
 * no program may rely on an order. */
static int harvest_all(struct queue *queue, struct kevent *out, int room)
{
    int first = queue->turn++ % 2 ? WRITE : READ;
    int count = harvest_users(queue, out, room);

    count += harvest(queue, first, out + count, room - count);
    count += harvest(queue, !first, out + count, room - count);
    return count;
}

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int wait_for_events(struct queue *queue, struct kevent *out, int room,
                           const struct timespec *timeout)
{
    int64_t limit = -1, end = 0;

    if (timeout) {
        limit = (int64_t)timeout->tv_sec * 1000 +
                (timeout->tv_nsec + 999999) / 1000000;
        end = now_ms() + limit + 1;
    }
    for (;;) {
        struct epoll_event unused[3];
        int count = epoll_wait(queue->fd, unused, 3, (int)limit);

        if (count <= 0)
            return count;
        count = harvest_all(queue, out, room);
        if (count > 0 || limit == 0)
            return count;
        if (timeout && (limit = end - now_ms()) <= 0)
            limit = 0;
    }
}

int kevent(int kqueue, const struct kevent *changes, int change_count,
           struct kevent *events, int event_count,
           const struct timespec *timeout)
{
    struct queue *queue = find(kqueue);
    int answers;

    if (!queue) {
        errno = EBADF;
        return -1;
    }
    answers = apply(queue, changes, change_count, events, event_count);
    if (answers != 0 || event_count == 0)
        return answers;
    return wait_for_events(queue, events, event_count, timeout);
}
