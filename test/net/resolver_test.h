/*
 * resolver_test.h - for the tests of names
 *
 * Every test asks a name server of its own on 127.0.0.1 (or none), never the
 * one of this machine.
 */
#ifndef WEIR_RESOLVER_TEST_H
#define WEIR_RESOLVER_TEST_H

#include "test/support/lookup_test.h"

/* Ours stands before it, and its first argument differs by version. */
#define ares_timeout ares_timeout_of_the_library
#include <ares.h>
#undef ares_timeout
#include <dlfcn.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

enum { SHORT = 30 };

/* tcpmux, which nobody runs. A port that a test has just given back may be
 * another program's by now. */
#define NOBODY "127.0.0.1:1"

#endif
