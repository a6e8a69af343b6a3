/*
 * stream.c - what a proxy's CPU time is for carrying so many bytes
 *
 *   stream BYTES COMMAND...
 *
 * Starts the proxy, `COMMAND... 0 127.0.0.1:PORT`, and is both of its ends: it
 * waits for "listening on ADDRESS:PORT", connects there, and accepts what the
 * proxy connects to. One process sends the bytes and then its end; another
 * takes them in, compares every one, and closes when the end has come. Prints
 * one line:
 *
 *   bytes=N seconds=S cpu_s=S user_s=S system_s=S
 *
 * The proxy's CPU time is that of all its threads, from before the first
 * connection until both ends are closed: starting up does not count. The sum is
 * the kernel's exact clock, which one process may read of another; how it
 * divides into user and system time is known to 10 ms only.
 *
 * Uses no line of weir. Anything wrong ends it with status 1 and a text; the
 * proxy is ended in any case.
 */
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    PERIOD = 8191, /* of the pattern: a prime, so that no loss goes unseen */
    CHUNK = 256 * 1024,
    PATIENCE = 120 /* seconds for the whole */
};

static char pattern[PERIOD + CHUNK];
static char buffer[CHUNK];
static pid_t proxy;

_Noreturn static void fail(const char *what, int error)
{
    fprintf(stderr, "stream: %s%s%s\n", what, error ? ": " : "",
            error ? strerror(error) : "");
    if (proxy > 0)
        kill(proxy, SIGKILL);
    exit(1);
}

static void on_alarm(int number)
{
    (void)number;
    fail("it takes too long", 0);
}

static void make_pattern(void)
{
    uint32_t random = 2463534242;

    for (size_t i = 0; i < PERIOD; i++) {
        random ^= random << 13; /* Marsaglia's xorshift */
        random ^= random >> 17;
        random ^= random << 5;
        pattern[i] = (char)random;
    }
    for (size_t i = PERIOD; i < sizeof pattern; i++)
        pattern[i] = pattern[i - PERIOD];
}

/* ------------------------------------------------------------- connections */

static struct sockaddr_in loopback(unsigned port)
{
    return (struct sockaddr_in){ .sin_family = AF_INET,
                                 .sin_port = htons((uint16_t)port),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static int new_socket(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        fail("socket", errno);
    return fd;
}

static int listen_anywhere(unsigned *port)
{
    struct sockaddr_in address = loopback(0);
    socklen_t length = sizeof address;
    int fd = new_socket();

    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0 ||
        listen(fd, 1) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &length) < 0)
        fail("listen", errno);
    *port = ntohs(address.sin_port);
    return fd;
}

static int connect_to(unsigned port)
{
    struct sockaddr_in address = loopback(port);
    int fd = new_socket();

    if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
        fail("connect", errno);
    return fd;
}

/* --------------------------------------------------------------- the proxy */

/* In the child: never returns. */
static void become(char **command, int count, unsigned target, int output)
{
    char to[32], **arguments = calloc((size_t)count + 3, sizeof *arguments);

    if (!arguments)
        fail("starting the proxy", errno);
    snprintf(to, sizeof to, "127.0.0.1:%u", target);
    memcpy(arguments, command, (size_t)count * sizeof *arguments);
    arguments[count] = "0";
    arguments[count + 1] = to;
    dup2(output, STDOUT_FILENO);
    /* Should we be killed, it shall not stay. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execvp(arguments[0], arguments);
    fail(arguments[0], errno);
}

/* Gives the port on which it listens. */
static unsigned start_proxy(char **command, int count, unsigned target)
{
    char line[256];
    const char *colon;
    int ends[2];
    FILE *output;

    if (pipe(ends) < 0)
        fail("pipe", errno);
    proxy = fork();
    if (proxy < 0)
        fail("fork", errno);
    if (proxy == 0)
        become(command, count, target, ends[1]);
    close(ends[1]);
    output = fdopen(ends[0], "r");
    if (!output || !fgets(line, sizeof line, output) ||
        strncmp(line, "listening on ", 13) != 0 ||
        !(colon = strrchr(line, ':')))
        fail("the proxy does not say where it listens", 0);
    /* Left open: what it writes must not fail. */
    return (unsigned)strtoul(colon + 1, NULL, 10);
}

struct usage {
    double seconds, cpu, user, system;
};

static double read_clock(clockid_t clock)
{
    struct timespec time;

    if (clock_gettime(clock, &time) < 0)
        fail("clock_gettime", errno);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static struct usage usage_of(pid_t pid)
{
    double tick = (double)sysconf(_SC_CLK_TCK);
    unsigned long user, system;
    char path[32], text[512];
    const char *rest = NULL;
    clockid_t clock;
    FILE *file;

    if (clock_getcpuclockid(pid, &clock) != 0)
        fail("the proxy has ended", 0);
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    file = fopen(path, "r");
    if (file && fgets(text, sizeof text, file))
        rest = strrchr(text, ')'); /* its name may have blanks in it */
    if (!rest || sscanf(rest + 1,
                        " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u"
                        " %lu %lu",
                        &user, &system) != 2)
        fail(path, errno);
    fclose(file);
    return (struct usage){ read_clock(CLOCK_MONOTONIC), read_clock(clock),
                           (double)user / tick, (double)system / tick };
}

/* ---------------------------------------------------------------- the ends */

static void send_all(int fd, uint64_t bytes)
{
    uint64_t sent = 0;

    while (sent < bytes) {
        size_t room = bytes - sent < CHUNK ? (size_t)(bytes - sent) : CHUNK;
        ssize_t n = send(fd, pattern + sent % PERIOD, room, MSG_NOSIGNAL);

        if (n < 0)
            fail("send", errno);
        sent += (uint64_t)n;
    }
    if (shutdown(fd, SHUT_WR) < 0)
        fail("shutdown", errno);
    if (recv(fd, buffer, 1, 0) != 0)
        fail("the proxy did not hand the other side's end on", 0);
}

static void receive_all(int fd, uint64_t bytes)
{
    uint64_t received = 0;
    ssize_t n;

    while ((n = recv(fd, buffer, sizeof buffer, 0)) > 0) {
        if (received + (uint64_t)n > bytes)
            fail("more came out than went in", 0);
        if (memcmp(buffer, pattern + received % PERIOD, (size_t)n) != 0)
            fail("wrong bytes came out", 0);
        received += (uint64_t)n;
    }
    if (n < 0)
        fail("recv", errno);
    if (received < bytes)
        fail("the end came too early", 0);
    close(fd);
}

static void carry(int listener, unsigned port, uint64_t bytes)
{
    int out = connect_to(port);
    pid_t sender = fork();
    int status, fd;

    if (sender < 0)
        fail("fork", errno);
    if (sender == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        proxy = 0; /* our parent ends it */
        send_all(out, bytes);
        _exit(0);
    }
    close(out);
    fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0)
        fail("accept", errno);
    receive_all(fd, bytes);
    if (waitpid(sender, &status, 0) < 0 || status != 0)
        fail("the sending end failed", 0);
}

int main(int argc, char **argv)
{
    uint64_t bytes = argc > 2 ? strtoull(argv[1], NULL, 10) : 0;
    struct usage before, after;
    unsigned target, port;
    int listener;

    if (bytes == 0) {
        fprintf(stderr, "usage: stream BYTES COMMAND...\n"
                        "See the beginning of bench/stream.c.\n");
        return 2;
    }
    signal(SIGALRM, on_alarm);
    alarm(PATIENCE);
    make_pattern();
    listener = listen_anywhere(&target);
    port = start_proxy(argv + 2, argc - 2, target);
    before = usage_of(proxy);
    carry(listener, port, bytes);
    after = usage_of(proxy);
    kill(proxy, SIGTERM);
    waitpid(proxy, NULL, 0);
    printf("bytes=%llu seconds=%.3f cpu_s=%.4f user_s=%.2f system_s=%.2f\n",
           (unsigned long long)bytes, after.seconds - before.seconds,
           after.cpu - before.cpu, after.user - before.user,
           after.system - before.system);
    return 0;
}
