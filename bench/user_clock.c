/*
 * user_clock.c - how long a server is in user space, by the processor's clock
 *
 * Preloaded (LD_PRELOAD) into a server that calls recv(), send() and
 * epoll_wait() and nothing else per message. Each of the three notes the time
 * at which it is entered and left; what lies between leaving one and entering
 * the next is the server's own. The kernel's division into user and system time
 * samples at its timer ticks, and says nothing about a fraction of a
 * microsecond in a process that is mostly asleep.
 *
 * SIGUSR1 begins the count, and ends it (`load --mark`); SIGTERM writes
 * "user_ns=N.N", for a message, to the file that USER_CLOCK_FILE names and ends
 * the process. A message is a recv() that brought bytes. Interrupts that come
 * meanwhile are counted, in every server alike; a stretch of more than 50 us is
 * another process's turn and is not.
 */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { NOT_OURS_NS = 50000 };

static volatile sig_atomic_t counting;
static uint64_t left_at, in_user, messages, began, not_ours;
static struct timespec began_at;

static inline uint64_t ticks(void)
{
#if defined __x86_64__ || defined __i386__
    return __builtin_ia32_rdtsc();
#elif defined __aarch64__
    uint64_t now;

    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(now));
    return now;
#else
#error "no cheap clock is known for this processor"
#endif
}

static inline void enter(void)
{
    uint64_t now = ticks();

    if (counting && left_at && now - left_at < not_ours)
        in_user += now - left_at;
}

static inline void leave(void)
{
    left_at = ticks();
}

static double ns_since(const struct timespec *then)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - then->tv_sec) * 1e9 +
           (double)(now.tv_nsec - then->tv_nsec);
}

static void begin_or_end(int number)
{
    (void)number;
    counting = !counting;
    left_at = 0;
}

static void report(int number)
{
    const char *name = getenv("USER_CLOCK_FILE");
    FILE *file = name ? fopen(name, "w") : NULL;
    double tick_ns = ns_since(&began_at) / (double)(ticks() - began);

    (void)number;
    if (!file)
        _exit(1);
    fprintf(file, "user_ns=%.1f\n",
            messages ? (double)in_user * tick_ns / (double)messages : 0);
    _exit(fclose(file) == 0 ? 0 : 1);
}

/* Ticks to nanoseconds, roughly: exact enough to tell another's turn. */
__attribute__((constructor)) static void start(void)
{
    const struct timespec pause = { .tv_nsec = 10000000 };

    clock_gettime(CLOCK_MONOTONIC, &began_at);
    began = ticks();
    nanosleep(&pause, NULL);
    not_ours = (uint64_t)((double)(ticks() - began) / ns_since(&began_at) *
                          NOT_OURS_NS);
    signal(SIGUSR1, begin_or_end);
    signal(SIGTERM, report);
}

/* The three are found in place of the C library's. */
#pragma GCC visibility push(default)

int epoll_wait(int epoll, struct epoll_event *events, int room, int timeout)
{
    long count;

    enter();
    /* Not through the C library's epoll_wait(), which is this function. */
    count = syscall(SYS_epoll_pwait, epoll, events, room, timeout, NULL, 8);
    leave();
    return (int)count;
}

ssize_t recv(int fd, void *buffer, size_t size, int flags)
{
    long length;

    enter();
    length = syscall(SYS_recvfrom, fd, buffer, size, flags, NULL, NULL);
    messages += counting && length > 0;
    leave();
    return length;
}

ssize_t send(int fd, const void *bytes, size_t size, int flags)
{
    long length;

    enter();
    length = syscall(SYS_sendto, fd, bytes, size, flags, NULL, 0);
    leave();
    return length;
}

#pragma GCC visibility pop
