/*
 * user_clock.c - how long a server is in user space, by the processor's clock
 *
 * Preloaded (LD_PRELOAD) into a server that does nothing else per message than
 * receive, send and wait. Each of these calls notes the time at which it is
 * entered and left; what lies between leaving one and entering the next is the
 * server's own. The kernel's division into user and system time samples at its
 * timer ticks, and says nothing about a fraction of a microsecond in a process
 * that is mostly asleep.
 *
 * SIGUSR1 begins the count, and ends it (`load --mark`); SIGTERM writes, to the
 * file that USER_CLOCK_FILE names, and ends the process:
 *
 *   user_ns=N    for a message, which is a call that received bytes
 *   clock_ns=N   in all, to be divided by the messages that the load counted:
 *                a runtime receives other things too, such as its own wake-ups
 *   waits=N      none: its calls were not seen, and the others mean nothing
 *
 * Only the thread that began the program counts. Interrupts that come meanwhile
 * are counted, in every server alike. A stretch of more than 50 us is another
 * process's turn and is not; but a runtime has turns of its own which are that
 * long, when it collects garbage. With USER_CLOCK_PAUSES set, the thread's own
 * clock is read after every wait and after every long stretch, and tells how
 * much of the stretch the thread had the processor. That is then counted, with
 * all system calls in it that are not among those below.
 */
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define INLINE static inline __attribute__((always_inline))

enum { NOT_OURS_NS = 50000 };

typedef long system_call(long number, ...);
typedef int set_action(int number, const struct sigaction *action,
                       struct sigaction *before);

static volatile sig_atomic_t counting;
static uint64_t left_at, in_user, messages, waits, began, not_ours;
static struct timespec began_at;
static double tick_ns;
static bool count_pauses;
static uint64_t known_at, known_cpu; /* the thread's clock, when last read */

/* The plainest of the ways in which a thread can have a variable: no call. */
static __thread bool first_thread __attribute__((tls_model("initial-exec")));

INLINE uint64_t ticks(void)
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

/* What time the thread has had, at which tick. */
static void read_thread_clock(void)
{
    struct timespec cpu;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu);
    known_cpu = (uint64_t)cpu.tv_sec * 1000000000 + (uint64_t)cpu.tv_nsec;
    known_at = ticks();
}

/* How much of a long stretch was ours: all that passed since the clock was read
 * and that it does not account for was others'. */
static uint64_t ours_of(uint64_t stretch)
{
    uint64_t at = known_at, cpu = known_cpu;
    double others;

    read_thread_clock();
    others = (double)(known_at - at) - (double)(known_cpu - cpu) / tick_ns;
    if (others < 0)
        others = 0;
    return others < (double)stretch ? stretch - (uint64_t)others : 0;
}

INLINE void enter(void)
{
    uint64_t now = ticks();

    if (!first_thread || !counting || !left_at)
        return;
    if (now - left_at < not_ours)
        in_user += now - left_at;
    else if (count_pauses)
        in_user += ours_of(now - left_at);
}

INLINE void leave(void)
{
    if (first_thread)
        left_at = ticks();
}

static void leave_wait(void)
{
    if (first_thread && counting) {
        waits++;
        if (count_pauses)
            read_thread_clock();
    }
    leave();
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
    read_thread_clock();
    counting = !counting;
    left_at = 0;
}

static void report(int number)
{
    const char *name = getenv("USER_CLOCK_FILE");
    FILE *file = name ? fopen(name, "w") : NULL;
    double ns =
        ns_since(&began_at) / (double)(ticks() - began) * (double)in_user;

    (void)number;
    if (!file)
        _exit(1);
    fprintf(file, "user_ns=%.1f clock_ns=%.0f waits=%llu\n",
            messages ? ns / (double)messages : 0, ns,
            (unsigned long long)waits);
    _exit(fclose(file) == 0 ? 0 : 1);
}

/* Ticks to nanoseconds, roughly: exact enough to tell another's turn. */
__attribute__((constructor)) static void start(void)
{
    const struct timespec pause = { .tv_nsec = 10000000 };

    first_thread = true;
    count_pauses = getenv("USER_CLOCK_PAUSES") != NULL;
    clock_gettime(CLOCK_MONOTONIC, &began_at);
    began = ticks();
    nanosleep(&pause, NULL);
    tick_ns = ns_since(&began_at) / (double)(ticks() - began);
    not_ours = (uint64_t)(NOT_OURS_NS / tick_ns);
    signal(SIGUSR1, begin_or_end);
    signal(SIGTERM, report);
}

/* ------------------------------------ found in place of the C library's own */

#pragma GCC visibility push(default)

/* Node sets every signal back when it starts, and takes SIGUSR1 for its
 * debugger. Our two stay ours. */
int sigaction(int number, const struct sigaction *restrict action,
              struct sigaction *restrict before)
{
    static set_action *next;

    if (!next)
        *(void **)&next = dlsym(RTLD_NEXT, "sigaction");
    if (number != SIGUSR1 && number != SIGTERM)
        return next(number, action, before);
    if (before)
        memset(before, 0, sizeof *before);
    return 0;
}

/* Calls of the kernel, and not of the C library's functions: those are below,
 * and would call themselves. */
static system_call *kernel(void)
{
    static system_call *next;

    if (!next)
        *(void **)&next = dlsym(RTLD_NEXT, "syscall");
    return next;
}

/* Bun waits with a call that the C library has had for a short time only. */
long syscall(long number, ...)
{
    bool wait = number == SYS_epoll_pwait;
    long arguments[6], result;
    va_list list;

#ifdef SYS_epoll_pwait2
    wait = wait || number == SYS_epoll_pwait2;
#endif
    va_start(list, number);
    for (int i = 0; i < 6; i++)
        arguments[i] = va_arg(list, long);
    va_end(list);
    if (wait)
        enter();
    result = kernel()(number, arguments[0], arguments[1], arguments[2],
                      arguments[3], arguments[4], arguments[5]);
    if (wait)
        leave_wait();
    return result;
}

/* Three for which what lies before enter() is the server's time: inline. */
INLINE int wait_for(int epoll, struct epoll_event *events, int room,
                    int timeout, const sigset_t *mask)
{
    long count;

    enter();
    count = kernel()(SYS_epoll_pwait, epoll, events, room, timeout, mask, 8);
    leave_wait();
    return (int)count;
}

INLINE long receive(long number, int fd, void *into, size_t size, int flags)
{
    long length;

    enter();
    length = kernel()(number, fd, into, size, flags, NULL, NULL);
    messages += first_thread && counting && length > 0;
    leave();
    return length;
}

INLINE long send_by(long number, int fd, const void *from, size_t size,
                    int flags)
{
    long length;

    enter();
    length = kernel()(number, fd, from, size, flags, NULL, 0);
    leave();
    return length;
}

int epoll_wait(int epoll, struct epoll_event *events, int room, int timeout)
{
    return wait_for(epoll, events, room, timeout, NULL);
}

int epoll_pwait(int epoll, struct epoll_event *events, int room, int timeout,
                const sigset_t *mask)
{
    return wait_for(epoll, events, room, timeout, mask);
}

ssize_t recv(int fd, void *buffer, size_t size, int flags)
{
    return receive(SYS_recvfrom, fd, buffer, size, flags);
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
    return receive(SYS_recvmsg, fd, message, (size_t)flags, 0);
}

ssize_t read(int fd, void *buffer, size_t size)
{
    return receive(SYS_read, fd, buffer, size, 0);
}

ssize_t readv(int fd, const struct iovec *pieces, int count)
{
    return receive(SYS_readv, fd, (void *)pieces, (size_t)count, 0);
}

ssize_t send(int fd, const void *bytes, size_t size, int flags)
{
    return send_by(SYS_sendto, fd, bytes, size, flags);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    return send_by(SYS_sendmsg, fd, message, (size_t)flags, 0);
}

ssize_t write(int fd, const void *bytes, size_t size)
{
    return send_by(SYS_write, fd, bytes, size, 0);
}

ssize_t writev(int fd, const struct iovec *pieces, int count)
{
    return send_by(SYS_writev, fd, pieces, (size_t)count, 0);
}

#pragma GCC visibility pop
