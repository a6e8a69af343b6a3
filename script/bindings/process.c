/*
 * process.c - the process: its environment, identity, clocks, signals
 *
 * A signal watcher exists for each signal that a script listens to, and never
 * keeps the process alive. Numbers that come in groups (times, usage) go
 * through memory that both sides see.
 */
#include "bindings.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#ifdef __APPLE__
#include <mach-o/dyld.h>
#include <mach/mach.h>
#endif

extern char **environ;

#ifndef NSIG
#define NSIG 65
#endif

enum { USAGE_NUMBERS = 16 };

/* The monotonic clock: as [seconds, nanoseconds], and in one. */
static struct {
    double seconds, nanoseconds;
    uint64_t total;
} clock_numbers;

static double usage_numbers[USAGE_NUMBERS];

static struct {
    JSObjectRef on_signal; /* protected; NULL before the first watcher */
    weir_signal *watchers[NSIG];
} signals;

static JSValueRef number(JSContextRef ctx, double value)
{
    return JSValueMakeNumber(ctx, value);
}

static JSValueRef outcome(JSContextRef ctx, int result)
{
    return number(ctx, result < 0 ? -errno : result);
}

static JSValueRef text(JSContextRef ctx, const char *value)
{
    return script_from_utf8(ctx, value, (size_t)-1);
}

/* -------------------------------------------------------- the environment */

/* getenv(name): undefined when it is not set. */
SCRIPT_NATIVE(getenv_native)
{
    char *name = script_utf8(ctx, argc, argv, 0, NULL);
    const char *value = name ? getenv(name) : NULL;

    free(name);
    return value ? text(ctx, value) : JSValueMakeUndefined(ctx);
}

/* setenv(name, value): without a value it is unset. */
SCRIPT_NATIVE(setenv_native)
{
    char *name = script_utf8(ctx, argc, argv, 0, NULL);
    char *value = script_utf8(ctx, argc, argv, 1, NULL);
    JSValueRef result = outcome(ctx, value ? setenv(name ? name : "", value, 1)
                                           : unsetenv(name ? name : ""));

    free(value);
    free(name);
    return result;
}

/* environment(): the names. */
SCRIPT_NATIVE(environment)
{
    JSObjectRef names = JSObjectMakeArray(ctx, 0, NULL, NULL);
    unsigned count = 0;

    for (char **each = environ; each && *each; each++) {
        const char *equals = strchr(*each, '=');

        if (equals && equals != *each)
            JSObjectSetPropertyAtIndex(
                ctx, names, count++,
                script_from_utf8(ctx, *each, (size_t)(equals - *each)), NULL);
    }
    return names;
}

/* --------------------------------------------------------- where it stands */

SCRIPT_NATIVE(cwd)
{
    char *path = getcwd(NULL, 0);
    JSValueRef result = path ? text(ctx, path) : number(ctx, -errno);

    free(path);
    return result;
}

SCRIPT_NATIVE(chdir_native)
{
    char *path = script_utf8(ctx, argc, argv, 0, NULL);
    JSValueRef result = outcome(ctx, chdir(path ? path : ""));

    free(path);
    return result;
}

/* execPath(): undefined where the system does not tell. */
SCRIPT_NATIVE(exec_path)
{
    char path[4096];
#ifdef __APPLE__
    uint32_t size = sizeof path;

    if (_NSGetExecutablePath(path, &size) == 0)
        return text(ctx, path);
#else
    ssize_t length = readlink("/proc/self/exe", path, sizeof path);

    if (length > 0)
        return script_from_utf8(ctx, path, (size_t)length);
#endif
    return JSValueMakeUndefined(ctx);
}

/* umask(mask): without a mask it is only read. */
SCRIPT_NATIVE(umask_native)
{
    int mask = script_int(ctx, argc, argv, 0, -1);
    mode_t old;

    if (mask >= 0)
        return number(ctx, umask((mode_t)mask));
    old = umask(0);
    (void)umask(old);
    return number(ctx, old);
}

/* --------------------------------------------------------------- identity */

enum id { PID, PPID, UID, EUID, GID, EGID };

/* id(which) */
SCRIPT_NATIVE(id)
{
    switch ((enum id)script_int(ctx, argc, argv, 0, PID)) {
    case PPID:
        return number(ctx, getppid());
    case UID:
        return number(ctx, getuid());
    case EUID:
        return number(ctx, geteuid());
    case GID:
        return number(ctx, getgid());
    case EGID:
        return number(ctx, getegid());
    case PID:
        break;
    }
    return number(ctx, getpid());
}

SCRIPT_NATIVE(getgroups_native)
{
    gid_t groups[256];
    int count = getgroups(256, groups);
    JSObjectRef list = JSObjectMakeArray(ctx, 0, NULL, NULL);

    for (int i = 0; i < count; i++)
        JSObjectSetPropertyAtIndex(ctx, list, (unsigned)i,
                                   number(ctx, groups[i]), NULL);
    return list;
}

/* lookUp(name, isGroup): a number; undefined when there is no such one. */
SCRIPT_NATIVE(look_up)
{
    char *name = script_utf8(ctx, argc, argv, 0, NULL);
    JSValueRef result = JSValueMakeUndefined(ctx);

    if (script_bool(ctx, argc, argv, 1)) {
        struct group *group = name ? getgrnam(name) : NULL;

        if (group)
            result = number(ctx, group->gr_gid);
    } else {
        struct passwd *user = name ? getpwnam(name) : NULL;

        if (user)
            result = number(ctx, user->pw_uid);
    }
    free(name);
    return result;
}

/* setId(which, id) */
SCRIPT_NATIVE(set_id)
{
    unsigned value = (unsigned)script_number(ctx, argc, argv, 1, 0);

    switch (script_int(ctx, argc, argv, 0, PID)) {
    case UID:
        return outcome(ctx, setuid(value));
    case EUID:
        return outcome(ctx, seteuid(value));
    case GID:
        return outcome(ctx, setgid(value));
    case EGID:
        return outcome(ctx, setegid(value));
    default:
        return number(ctx, -EINVAL);
    }
}

/* ------------------------------------------------------- clocks and usage */

/* readClock(): into the numbers. */
SCRIPT_NATIVE(read_clock)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    clock_numbers.seconds = (double)now.tv_sec;
    clock_numbers.nanoseconds = (double)now.tv_nsec;
    clock_numbers.total =
        (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
    return JSValueMakeUndefined(ctx);
}

/* When the process began, in seconds since boot; 0 where that is not told. The
 * name in /proc/self/stat, in brackets, may hold anything. */
static double began(void)
{
#ifdef __linux__
    char line[1024];
    const char *rest = NULL;
    FILE *file = fopen("/proc/self/stat", "re");

    if (file && fgets(line, sizeof line, file))
        rest = strrchr(line, ')');
    if (file)
        fclose(file);
    /* Field 22; the bracket closes the second. */
    for (int field = 2; rest && field < 22; field++) {
        rest = strchr(rest, ' ');
        rest += rest != NULL;
    }
    if (rest)
        return strtod(rest, NULL) / (double)sysconf(_SC_CLK_TCK);
#endif
    return 0;
}

/* uptime(): seconds since the process, not this binding, began. */
SCRIPT_NATIVE(uptime)
{
#ifdef CLOCK_BOOTTIME
    const clockid_t since_boot = CLOCK_BOOTTIME;
#else
    const clockid_t since_boot = CLOCK_MONOTONIC;
#endif
    static double start;
    struct timespec now;
    double seconds;

    clock_gettime(since_boot, &now);
    seconds = (double)now.tv_sec + (double)now.tv_nsec / 1e9;
    if (start == 0)
        start = began();
    if (start == 0)
        start = seconds - (double)clock() / CLOCKS_PER_SEC;
    return number(ctx, seconds - start);
}

static double microseconds(struct timeval time)
{
    return (double)time.tv_sec * 1e6 + (double)time.tv_usec;
}

/* readUsage(): into the numbers. */
SCRIPT_NATIVE(read_usage)
{
    struct rusage usage;

    if (getrusage(RUSAGE_SELF, &usage) < 0)
        return number(ctx, -errno);
    const double numbers[USAGE_NUMBERS] = {
        microseconds(usage.ru_utime),   microseconds(usage.ru_stime),
#ifdef __APPLE__
        (double)usage.ru_maxrss / 1024,
#else
        (double)usage.ru_maxrss,
#endif
        (double)usage.ru_ixrss,         (double)usage.ru_idrss,
        (double)usage.ru_isrss,         (double)usage.ru_minflt,
        (double)usage.ru_majflt,        (double)usage.ru_nswap,
        (double)usage.ru_inblock,       (double)usage.ru_oublock,
        (double)usage.ru_msgsnd,        (double)usage.ru_msgrcv,
        (double)usage.ru_nsignals,      (double)usage.ru_nvcsw,
        (double)usage.ru_nivcsw,
    };
    memcpy(usage_numbers, numbers, sizeof numbers);
    return number(ctx, 0);
}

/* rss(): bytes, as the kernel counts them at this moment. */
SCRIPT_NATIVE(rss)
{
#ifdef __APPLE__
    struct mach_task_basic_info info;
    mach_msg_type_number_t count = MACH_TASK_BASIC_INFO_COUNT;

    if (task_info(mach_task_self(), MACH_TASK_BASIC_INFO, (task_info_t)&info,
                  &count) != KERN_SUCCESS)
        return number(ctx, 0);
    return number(ctx, (double)info.resident_size);
#else
    FILE *file = fopen("/proc/self/statm", "re");
    unsigned long pages = 0;

    if (!file)
        return number(ctx, 0);
    if (fscanf(file, "%*u %lu", &pages) != 1)
        pages = 0;
    fclose(file);
    return number(ctx, (double)pages * (double)sysconf(_SC_PAGESIZE));
#endif
}

/* heap(): what the engine says of its heap; undefined where it does not. */
SCRIPT_NATIVE(heap)
{
    extern JSObjectRef JSGetMemoryUsageStatistics(JSContextRef)
        __attribute__((weak));

    return JSGetMemoryUsageStatistics ? JSGetMemoryUsageStatistics(ctx)
                                      : JSValueMakeUndefined(ctx);
}

/* ---------------------------------------------------------------- signals */

static void on_signal(weir_signal *watcher, int which)
{
    script *s = script_get();
    JSValueRef argument = number(s->context, which);

    (void)watcher;
    script_call(s, signals.on_signal, 1, &argument);
}

/* setSignalCallback(function): called with a signal's number. */
SCRIPT_NATIVE(set_signal_callback)
{
    if (argc < 1 || signals.on_signal)
        return script_throw(ctx, exception, "setSignalCallback: one, once");
    signals.on_signal = (JSObjectRef)argv[0];
    script_protect(script_get(), signals.on_signal);
    return JSValueMakeUndefined(ctx);
}

SCRIPT_NATIVE(start_signal)
{
    int which = script_int(ctx, argc, argv, 0, 0);
    weir_signal *watcher;
    int result;

    if (which <= 0 || which >= NSIG)
        return number(ctx, -EINVAL);
    if (signals.watchers[which])
        return number(ctx, 0);
    watcher = calloc(1, sizeof *watcher);
    if (!watcher)
        return number(ctx, -ENOMEM);
    weir_signal_init(watcher, script_get()->loop, on_signal);
    weir_signal_unref(watcher);
    result = weir_signal_start(watcher, which);
    if (result < 0)
        free(watcher);
    else
        signals.watchers[which] = watcher;
    return number(ctx, result);
}

static void stop_signal(int which)
{
    if (!signals.watchers[which])
        return;
    weir_signal_stop(signals.watchers[which]);
    free(signals.watchers[which]);
    signals.watchers[which] = NULL;
}

SCRIPT_NATIVE(stop_signal_native)
{
    int which = script_int(ctx, argc, argv, 0, 0);

    if (which > 0 && which < NSIG)
        stop_signal(which);
    return JSValueMakeUndefined(ctx);
}

SCRIPT_NATIVE(kill_native)
{
    return outcome(ctx, kill(script_int(ctx, argc, argv, 0, 0),
                             script_int(ctx, argc, argv, 1, SIGTERM)));
}

SCRIPT_NATIVE(abort_native)
{
    /* The engine or a script may have taken it; here it is to end us. */
    signal(SIGABRT, SIG_DFL);
    abort();
}

/* signals(): an object of names and numbers. */
SCRIPT_NATIVE(signal_table)
{
    static const script_constant table[] = {
        { "SIGHUP", SIGHUP },       { "SIGINT", SIGINT },
        { "SIGQUIT", SIGQUIT },     { "SIGILL", SIGILL },
        { "SIGTRAP", SIGTRAP },     { "SIGABRT", SIGABRT },
        { "SIGIOT", SIGIOT },       { "SIGBUS", SIGBUS },
        { "SIGFPE", SIGFPE },       { "SIGKILL", SIGKILL },
        { "SIGUSR1", SIGUSR1 },     { "SIGSEGV", SIGSEGV },
        { "SIGUSR2", SIGUSR2 },     { "SIGPIPE", SIGPIPE },
        { "SIGALRM", SIGALRM },     { "SIGTERM", SIGTERM },
        { "SIGCHLD", SIGCHLD },     { "SIGCONT", SIGCONT },
        { "SIGSTOP", SIGSTOP },     { "SIGTSTP", SIGTSTP },
        { "SIGTTIN", SIGTTIN },     { "SIGTTOU", SIGTTOU },
        { "SIGURG", SIGURG },       { "SIGXCPU", SIGXCPU },
        { "SIGXFSZ", SIGXFSZ },     { "SIGVTALRM", SIGVTALRM },
        { "SIGPROF", SIGPROF },     { "SIGWINCH", SIGWINCH },
        { "SIGIO", SIGIO },         { "SIGSYS", SIGSYS },
#ifdef SIGPOLL
        { "SIGPOLL", SIGPOLL },
#endif
#ifdef SIGPWR
        { "SIGPWR", SIGPWR },
#endif
#ifdef SIGSTKFLT
        { "SIGSTKFLT", SIGSTKFLT },
#endif
#ifdef SIGINFO
        { "SIGINFO", SIGINFO },
#endif
    };
    JSObjectRef object = JSObjectMake(ctx, NULL, NULL);

    script_set_constants(script_get(), object, table, SCRIPT_COUNT(table));
    return object;
}

/* ---------------------------------------------------------------- binding */

#if defined(__x86_64__)
#define ARCH "x64"
#elif defined(__aarch64__)
#define ARCH "arm64"
#elif defined(__i386__)
#define ARCH "ia32"
#elif defined(__arm__)
#define ARCH "arm"
#elif defined(__riscv)
#define ARCH "riscv64"
#elif defined(__powerpc64__)
#define ARCH "ppc64"
#elif defined(__s390x__)
#define ARCH "s390x"
#else
#define ARCH "unknown"
#endif

#if defined(__APPLE__)
#define PLATFORM "darwin"
#elif defined(__FreeBSD__)
#define PLATFORM "freebsd"
#elif defined(__OpenBSD__)
#define PLATFORM "openbsd"
#else
#define PLATFORM "linux"
#endif

/* engineVersion(): of the GTK port; macOS has the system's own. */
SCRIPT_NATIVE(engine_version)
{
    extern unsigned jsc_get_major_version(void) __attribute__((weak));
    extern unsigned jsc_get_minor_version(void) __attribute__((weak));
    extern unsigned jsc_get_micro_version(void) __attribute__((weak));
    char version[64];

    if (!jsc_get_major_version || !jsc_get_minor_version ||
        !jsc_get_micro_version)
        return text(ctx, "system");
    snprintf(version, sizeof version, "%u.%u.%u", jsc_get_major_version(),
             jsc_get_minor_version(), jsc_get_micro_version());
    return text(ctx, version);
}

void script_bind_process(script *s, JSObjectRef target)
{
    static const script_native natives[] = {
        { "getenv", getenv_native },
        { "setenv", setenv_native },
        { "environment", environment },
        { "cwd", cwd },
        { "chdir", chdir_native },
        { "execPath", exec_path },
        { "umask", umask_native },
        { "id", id },
        { "getgroups", getgroups_native },
        { "lookUp", look_up },
        { "setId", set_id },
        { "readClock", read_clock },
        { "uptime", uptime },
        { "readUsage", read_usage },
        { "rss", rss },
        { "heap", heap },
        { "setSignalCallback", set_signal_callback },
        { "startSignal", start_signal },
        { "stopSignal", stop_signal_native },
        { "kill", kill_native },
        { "abort", abort_native },
        { "signals", signal_table },
        { "engineVersion", engine_version },
    };
    static const script_constant constants[] = {
        SCRIPT_CONSTANT(PID),  SCRIPT_CONSTANT(PPID), SCRIPT_CONSTANT(UID),
        SCRIPT_CONSTANT(EUID), SCRIPT_CONSTANT(GID),  SCRIPT_CONSTANT(EGID),
    };

    script_functions(s, target, natives, SCRIPT_COUNT(natives));
    script_set_constants(s, target, constants, SCRIPT_COUNT(constants));
    script_set(s, target, "arch", text(s->context, ARCH));
    script_set(s, target, "platform", text(s->context, PLATFORM));
    script_set(s, target, "version", text(s->context, weir_version()));
    script_share(s, target, "clockNumbers", &clock_numbers,
                 sizeof clock_numbers);
    script_share(s, target, "usageNumbers", usage_numbers,
                 sizeof usage_numbers);
}

void script_unbind_process(script *s)
{
    for (int which = 1; which < NSIG; which++)
        stop_signal(which);
    if (signals.on_signal)
        script_unprotect(s, signals.on_signal);
    signals.on_signal = NULL;
}
