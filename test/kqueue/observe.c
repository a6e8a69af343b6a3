/*
 * observe.c - what a system's kqueue does, in what we rely on, line by line
 *
 *     cc -o observe test/kqueue/observe.c && ./observe
 *
 * For owners of a Mac or a BSD: what it prints there is the specification of
 * the double in emulate.c, which is all that our tests have on Linux. observed/
 * has what was recorded: double (compared by `make check-kqueue`), and one file
 * for each system on which somebody has run it.
 *
 * Each line begins with what was done, and tells the events that came: filter,
 * +EOF, +ERROR, data (exact for errors and backlogs, else whether there is any)
 * and fflags by its errno's name.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/event.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int queue;

static void must(bool holds, const char *what)
{
    if (holds)
        return;
    perror(what);
    exit(1);
}

static const char *error_name(long number)
{
    static const struct {
        int number;
        const char *name;
    } names[] = {
        { EBADF, "EBADF" },           { ENOENT, "ENOENT" },
        { EPIPE, "EPIPE" },           { EINVAL, "EINVAL" },
        { EPERM, "EPERM" },           { ENODEV, "ENODEV" },
        { ECONNRESET, "ECONNRESET" }, { ECONNREFUSED, "ECONNREFUSED" },
        { ENOTCONN, "ENOTCONN" },     { EOPNOTSUPP, "EOPNOTSUPP" },
    };
    static char other[24];

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].number == number)
            return names[i].name;
    snprintf(other, sizeof other, "errno %ld", number);
    return other;
}

static const char *filter_name(int filter)
{
    return filter == EVFILT_READ    ? "read"
           : filter == EVFILT_WRITE ? "write"
                                    : "user";
}

/* ------------------------------------------------------------ asking it */

static struct kevent change_of(int fd, int filter, int flags, void *udata)
{
    struct kevent change;

    EV_SET(&change, (uintptr_t)fd, (short)filter, (unsigned short)flags, 0, 0,
           udata);
    return change;
}

/* What a change alone comes to: 0 or a negative errno. */
static int change(int fd, int filter, int flags)
{
    struct kevent one = change_of(fd, filter, flags, NULL);

    return kevent(queue, &one, 1, NULL, 0, NULL) < 0 ? -errno : 0;
}

static void print_event(const struct kevent *event, bool exact)
{
    printf(" %s", filter_name(event->filter));
    if (event->flags & EV_ERROR) {
        printf("+ERROR %s",
               event->data ? error_name((long)event->data) : "none");
        return;
    }
    if (event->flags & EV_EOF)
        printf("+EOF");
    if (exact)
        printf(" %ld", (long)event->data);
    else if (event->filter == EVFILT_READ)
        printf(event->data ? " some" : " none");
    if (event->flags & EV_EOF && event->fflags)
        printf(" (%s)", error_name((long)event->fflags));
}

static int by_filter(const void *a, const void *b)
{
    const struct kevent *left = a, *right = b;

    return right->filter - left->filter;
}

/* Prints what comes within 100 ms; read before write, whichever was first. */
static void observe(const char *what, bool exact)
{
    const struct timespec limit = { 0, 100 * 1000 * 1000 };
    struct kevent events[8];
    int count = kevent(queue, NULL, 0, events, 8, &limit);

    printf("%s:", what);
    if (count < 0)
        printf(" %s", error_name(errno));
    else if (count == 0)
        printf(" nothing");
    qsort(events, count < 0 ? 0 : (size_t)count, sizeof *events, by_filter);
    for (int i = 0; i < count; i++)
        print_event(&events[i], exact);
    printf("\n");
}

static void report(const char *what, int result)
{
    printf("%s: %s\n", what, result < 0 ? error_name(-result) : "done");
}

/* Each test has a queue of its own. */
static void begin(void)
{
    if (queue > 0)
        close(queue);
    queue = kqueue();
    must(queue >= 0, "kqueue");
}

static void put(int fd, const char *text)
{
    must(write(fd, text, strlen(text)) == (ssize_t)strlen(text), "write");
}

static void take(int fd)
{
    char bytes[64];

    must(read(fd, bytes, sizeof bytes) >= 0, "read");
}

/* ------------------------------------------------------------ descriptors */

static int listen_at(struct sockaddr_in *address)
{
    socklen_t size = sizeof *address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    memset(address, 0, sizeof *address);
    address->sin_family = AF_INET;
    address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    must(fd >= 0 && bind(fd, (struct sockaddr *)address, size) == 0 &&
             getsockname(fd, (struct sockaddr *)address, &size) == 0 &&
             listen(fd, 8) == 0,
         "listen");
    return fd;
}

static int connect_to(const struct sockaddr_in *address, bool waits)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (!waits)
        must(fcntl(fd, F_SETFL, O_NONBLOCK) == 0, "fcntl");
    must(connect(fd, (const struct sockaddr *)address, sizeof *address) == 0 ||
             !waits,
         "connect");
    return fd;
}

static void tcp_pair(int pair[2])
{
    struct sockaddr_in address;
    int listener = listen_at(&address);

    pair[0] = connect_to(&address, true);
    pair[1] = accept(listener, NULL, NULL);
    must(pair[1] >= 0, "accept");
    close(listener);
}

static void reset(int fd)
{
    struct linger linger = { 1, 0 };

    must(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger) == 0,
         "SO_LINGER");
    close(fd);
}

/* ----------------------------------------------------------- observations */

static void changes(void)
{
    struct kevent list[2], answers[2];
    int ends[2];

    begin();
    must(pipe(ends) == 0, "pipe");
    report("delete what is not there", change(ends[0], EVFILT_READ, EV_DELETE));
    report("add to a number that is closed", change(999, EVFILT_READ, EV_ADD));
    list[0] = change_of(ends[0], EVFILT_READ, EV_ADD | EV_RECEIPT, NULL);
    list[1] = change_of(999, EVFILT_READ, EV_ADD | EV_RECEIPT, NULL);
    printf("receipts of one that works and one that fails:");
    for (int i = 0, n = kevent(queue, list, 2, answers, 2, NULL); i < n; i++)
        print_event(&answers[i], false);
    printf("\n");
    put(ends[1], "x");
    list[0] = change_of(ends[0], EVFILT_READ, EV_ADD | EV_CLEAR, &ends);
    must(kevent(queue, list, 1, answers, 1, NULL) == 1, "kevent");
    printf("adding again changes udata: %s\n",
           answers[0].udata == &ends ? "yes" : "no");
    close(ends[0]);
    close(ends[1]);
}

static void edges(void)
{
    int ends[2];

    begin();
    tcp_pair(ends);
    report("read and write of one socket",
           change(ends[0], EVFILT_READ, EV_ADD | EV_CLEAR) |
               change(ends[0], EVFILT_WRITE, EV_ADD | EV_CLEAR));
    observe("  an idle socket", false);
    observe("  and again", false);
    put(ends[1], "x");
    observe("  data comes", false);
    observe("  and again, unread", false);
    put(ends[1], "y");
    observe("  more data", false);
    take(ends[0]);
    shutdown(ends[1], SHUT_WR);
    observe("  the peer's end", false);
    shutdown(ends[0], SHUT_WR);
    observe("  our own end", false);
    close(ends[0]);
    close(ends[1]);
}

static void ends_of_connections(void)
{
    int ends[2];

    begin();
    tcp_pair(ends);
    put(ends[1], "x");
    shutdown(ends[1], SHUT_WR);
    change(ends[0], EVFILT_READ, EV_ADD | EV_CLEAR);
    observe("data and end, told together", false);
    change(ends[0], EVFILT_WRITE, EV_ADD | EV_CLEAR);
    observe("  writing goes on", false);
    reset(ends[1]);
    observe("  then a reset", false);
    close(ends[0]);
    begin();
    tcp_pair(ends);
    change(ends[0], EVFILT_READ, EV_ADD | EV_CLEAR);
    reset(ends[1]);
    observe("a reset alone", false);
    close(ends[0]);
    must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0, "socketpair");
    begin();
    change(ends[0], EVFILT_READ, EV_ADD | EV_CLEAR);
    close(ends[1]);
    observe("a UNIX socket's peer closes", false);
    close(ends[0]);
}

static void connecting(void)
{
    struct sockaddr_in address;
    int listener = listen_at(&address), fd;

    begin();
    change(listener, EVFILT_READ, EV_ADD);
    fd = connect_to(&address, false);
    change(fd, EVFILT_WRITE, EV_ADD | EV_CLEAR);
    usleep(20000);
    observe("a listener and its client", true);
    close(fd);
    close(listener);
    begin();
    fd = connect_to(&address, false);
    change(fd, EVFILT_READ, EV_ADD | EV_CLEAR);
    change(fd, EVFILT_WRITE, EV_ADD | EV_CLEAR);
    observe("a connection that is refused", false);
    close(fd);
}

static void pipes_and_files(void)
{
    FILE *file = tmpfile();
    int ends[2], copy;

    begin();
    must(pipe(ends) == 0, "pipe");
    change(ends[0], EVFILT_READ, EV_ADD | EV_CLEAR);
    close(ends[1]);
    observe("a pipe that nobody writes", false);
    close(ends[0]);
    must(pipe(ends) == 0, "pipe");
    close(ends[0]);
    report("writing to a pipe that nobody reads",
           change(ends[1], EVFILT_WRITE, EV_ADD | EV_CLEAR));
    close(ends[1]);
    must(file != NULL, "tmpfile");
    report("a regular file", change(fileno(file), EVFILT_READ, EV_ADD));
    fclose(file);
    begin();
    must(pipe(ends) == 0, "pipe");
    copy = dup(ends[0]);
    change(ends[0], EVFILT_READ, EV_ADD | EV_CLEAR);
    close(ends[0]);
    put(ends[1], "x");
    observe("closed, while a copy is open", false);
    close(copy);
    close(ends[1]);
}

static void urgent_data(void)
{
    int ends[2];

    begin();
    tcp_pair(ends);
    must(send(ends[1], "xyz", 3, MSG_OOB) == 3, "send");
    change(ends[0], EVFILT_READ, EV_ADD | EV_CLEAR);
    usleep(20000);
    observe("two bytes before the urgent one", true);
    close(ends[0]);
    close(ends[1]);
}

static void the_queue_itself(void)
{
    struct pollfd one = { .events = POLLIN };
    int ends[2], status;

    begin();
    must(pipe(ends) == 0, "pipe");
    change(ends[0], EVFILT_READ, EV_ADD | EV_CLEAR);
    put(ends[1], "x");
    one.fd = queue;
    printf("poll() of the queue: %s\n",
           poll(&one, 1, 100) > 0 ? "readable" : "nothing");
    fflush(stdout);
    if (fork() == 0)
        _exit(change(ends[0], EVFILT_READ, EV_ADD) == -EBADF ? 0 : 1);
    must(wait(&status) > 0, "wait");
    printf("the queue in a child: %s\n", status == 0 ? "EBADF" : "works");
#ifdef EVFILT_USER
    begin();
    change(1, EVFILT_USER, EV_ADD | EV_CLEAR);
    for (int i = 0; i < 2; i++) {
        struct kevent trigger;

        EV_SET(&trigger, 1, EVFILT_USER, 0, NOTE_TRIGGER, 0, NULL);
        must(kevent(queue, &trigger, 1, NULL, 0, NULL) == 0, "trigger");
    }
    observe("triggered twice", false);
    observe("  and again", false);
#else
    printf("EVFILT_USER: there is none\n");
#endif
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    changes();
    edges();
    ends_of_connections();
    connecting();
    pipes_and_files();
    urgent_data();
    the_queue_itself();
    return 0;
}
