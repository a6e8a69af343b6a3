/*
 * sys/event.h - kqueue's interface, for the emulation in ../emulate.c
 *
 * Names and layouts are FreeBSD's, the values are macOS's; only what the
 * emulation knows is here.
 */
#ifndef TEST_KQUEUE_SYS_EVENT_H
#define TEST_KQUEUE_SYS_EVENT_H

#include <stdint.h>
#include <time.h>

#define EVFILT_READ  (-1)
#define EVFILT_WRITE (-2)
#ifndef WEIR_SYS_PORTABLE /* OpenBSD before 7.8, NetBSD before 10 */
#define EVFILT_USER (-10)
#endif

/* Actions. */
#define EV_ADD    0x0001
#define EV_DELETE 0x0002

/* Flags. */
#define EV_CLEAR   0x0020
#define EV_RECEIPT 0x0040
#define EV_ERROR   0x4000
#define EV_EOF     0x8000

/* macOS' socket option, see ../xnu.c. */
#ifdef WEIR_SYS_PORTABLE
#define SO_NOSIGPIPE 0x1022
#endif

/* `fflags` of EVFILT_USER. */
#define NOTE_TRIGGER 0x01000000

struct kevent {
    uintptr_t ident;
    int16_t filter;
    uint16_t flags;
    uint32_t fflags;
    int64_t data;
    void *udata;
};

#define EV_SET(event, ident_, filter_, flags_, fflags_, data_, udata_)         \
    do {                                                                       \
        struct kevent *event_ = (event);                                       \
        event_->ident = (ident_);                                              \
        event_->filter = (filter_);                                            \
        event_->flags = (flags_);                                              \
        event_->fflags = (fflags_);                                            \
        event_->data = (data_);                                                \
        event_->udata = (udata_);                                              \
    } while (0)

#ifdef __cplusplus
extern "C" {
#endif

int kqueue(void);
int kevent(int kqueue, const struct kevent *changes, int change_count,
           struct kevent *events, int event_count,
           const struct timespec *timeout);

#ifdef __cplusplus
}
#endif

#endif
