/*
 * hand_over.c - a listening socket and the line that says where, for programs
 * that do not say it themselves
 *
 *   hand-over PORT COMMAND...
 *
 * Listens, and becomes COMMAND, which finds the listening socket as descriptor
 * 3: the process number is then the server's own, and no port has to be guessed
 * for programs that do not take 0. The line comes when the server has started
 * and waits, from a process that is nobody's child any more and ends with that:
 * sleeping, and no processor time used for a while.
 */
#include "bench/peers/peer.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LISTENER = 3, LOOK_EVERY = 20, QUIET = 5 /* looks in a row */ };

/* Processor time of a process that sleeps; 0 of one that does not, -1 of one
 * that is gone. */
static long time_asleep(pid_t pid)
{
    char path[32], text[512];
    unsigned long user, system;
    const char *rest = NULL;
    FILE *file;
    char state;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    file = fopen(path, "r");
    if (!file)
        return -1;
    if (fgets(text, sizeof text, file))
        rest = strrchr(text, ')'); /* its name may have blanks in it */
    fclose(file);
    if (!rest ||
        sscanf(rest + 1, " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
               &state, &user, &system) != 3)
        return -1;
    return state == 'S' ? (long)(user + system) + 1 : 0;
}

/* False when it is gone. */
static bool wait_until_quiet(pid_t pid)
{
    struct timespec pause = { .tv_nsec = LOOK_EVERY * 1000 * 1000 };
    long before = 0;

    for (int quiet = 0; quiet < QUIET;) {
        long now;

        nanosleep(&pause, NULL);
        now = time_asleep(pid);
        if (now < 0)
            return false;
        quiet = now > 0 && now == before ? quiet + 1 : 0;
        before = now;
    }
    return true;
}

/* In a process of its own: announces `server`, and ends. */
static void start_announcer(pid_t server, int listener)
{
    pid_t child = fork();

    if (child < 0)
        peer_fail("fork");
    if (child > 0) {
        waitpid(child, NULL, 0);
        return;
    }
    if (fork() == 0 && wait_until_quiet(server))
        peer_announce(listener);
    _exit(0);
}

int main(int argc, char **argv)
{
    char *end = NULL;
    unsigned long port = argc > 2 ? strtoul(argv[1], &end, 10) : 65536;
    int listener;

    if (port > 65535 || !argv[1][0] || *end) {
        fprintf(stderr, "usage: hand-over PORT COMMAND...\n");
        return 2;
    }
    listener = peer_listen((unsigned)port);
    if (listener != LISTENER) {
        if (dup2(listener, LISTENER) < 0)
            peer_fail("dup2");
        close(listener);
    } else if (fcntl(listener, F_SETFD, 0) < 0) {
        peer_fail("fcntl");
    }
    start_announcer(getpid(), LISTENER);
    execvp(argv[2], argv + 2);
    peer_fail(argv[2]);
}
