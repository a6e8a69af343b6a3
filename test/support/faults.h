/*
 * faults.h - a system that fails when it is told to
 *
 * Stands in the seam of sys.h and in the allocator. Every call that weir makes
 * is counted, and one of them, or all from one on, fails with an errno that
 * this call can have. A test runs an operation with the first call failing,
 * then the second, and so on until it runs through: each must end in an error
 * that is told, with nothing leaked, or in success.
 *
 *     struct fault fault = { 0 };
 *
 *     for (fault.nth = 1; faults_next(&fault);)
 *         ... do it; faults_struck() tells whether something was made fail ...
 *     faults_restore();
 */
#ifndef WEIR_FAULTS_H
#define WEIR_FAULTS_H

#include "reactor/sys.h"

#include <weir/reactor.h>

struct fault {
    unsigned nth;     /* 1: the next call fails */
    bool onward;      /* and all that come after it */
    unsigned variant; /* which of the errnos that the call can have */
    const char *only; /* count only this call, such as "socket", or "malloc" */
};

/* Takes the seam and the allocator and fails as `fault` says from here on.
 * With nth 0 it only counts. */
void faults_arm(const struct fault *fault);

/* For the sweep: arms `fault` as it is the first time, with nth one higher
 * each time after. False, and disarmed, when the round before went through
 * without a failure: there is no further call to make fail. */
bool faults_next(struct fault *fault);

/* Calls counted and calls made fail since arming. */
unsigned faults_calls(void);
unsigned faults_struck(void);

/* The name of the call that failed last, and its errno; for messages. */
const char *faults_what(void);
int faults_errno(void);

/* Allocations made through the fault injector and not released. */
size_t faults_live(void);

/* The same where nothing may be live. Newer c-ares (1.34) loses the message
 * that it looks at when memory runs out just then: that is released and not
 * counted. */
size_t faults_leaked(void);

/* Nothing fails any more, but allocations are still the injector's: for
 * tearing down what was built while armed. */
void faults_disarm(void);

/* Every system call is the kernel's and the allocator the C library's again.
 * Also undoes what a test itself has put into weir_sys. */
void faults_restore(void);

/* The seam's accept, which takes flags where the system's does:
 *     static int mine(ACCEPT_PARAMETERS) { return ACCEPT(ACCEPT_ARGUMENTS); }
 *     weir_sys.ACCEPT = mine; */
#ifdef WEIR_SYS_ACCEPT4
#define ACCEPT accept4
#define ACCEPT_PARAMETERS                                                      \
    int fd, struct sockaddr *name, socklen_t *size, int flags
#define ACCEPT_ARGUMENTS fd, name, size, flags
#else
#define ACCEPT            accept
#define ACCEPT_PARAMETERS int fd, struct sockaddr *name, socklen_t *size
#define ACCEPT_ARGUMENTS  fd, name, size
#endif

/* The table as it was when the program started: the kernel. */
const struct weir_sys *faults_kernel(void);

#endif
