/*
 * main.c - the `weir` command
 *
 *   weir [options] script.js [arguments]
 *
 * The first client of <weir/script.h>: a script on a loop, until nothing is
 * alive. What is a process's own is here, and in no library.
 */
#include <weir/script.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { BAD_OPTION = 9 }; /* as Node's */

struct command {
    const char *code;   /* of -e and -p */
    const char *script; /* NULL: standard input */
    char **arguments;
    unsigned flags;
};

/*
 * Before main(), since it has to be before the first descriptor of ours: one of
 * the three that we were started without would otherwise be the number of the
 * loop's own or of a connection, and printing would go there. And a reader that
 * has gone is to be an error of write(), not a reason to die without a word.
 */
__attribute__((constructor)) static void prepare_descriptors(void)
{
    for (int fd = 0; fd <= 2; fd++) {
        /* The lowest number that is free is the one that is missing. */
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF &&
            open("/dev/null", O_RDWR) < 0)
            _exit(1);
    }
    signal(SIGPIPE, SIG_IGN);
}

static void usage(FILE *to)
{
    fputs("usage: weir [options] script.js [arguments]\n"
          "       weir [options] -e CODE | -p EXPRESSION [arguments]\n"
          "       weir [options] - [arguments]   the script comes from stdin\n"
          "\n"
          "Runs a program written for Node's net.\n"
          "\n"
          "  -e, --eval CODE    run CODE\n"
          "  -p, --print EXPR   run EXPR and print what it gives\n"
          "  -c, --check        only say whether the script's syntax is right\n"
          "  -v, --version      print weir's version\n"
          "  -h, --help         print this\n"
          "\n"
          "Reference: docs/script.md. Examples: script/examples/README.md.\n",
          to);
}

static void bad_option(const char *option, const char *why)
{
    fprintf(stderr, "weir: %s: %s\n", option, why);
    usage(stderr);
    exit(BAD_OPTION);
}

/* The value of "-e CODE" or "--eval=CODE"; moves *at over it. */
static const char *value_of(char **argv, int *at)
{
    const char *equals = strchr(argv[*at], '=');

    if (!strncmp(argv[*at], "--", 2) && equals)
        return equals + 1;
    if (!argv[*at + 1])
        bad_option(argv[*at], "an argument is missing");
    return argv[++*at];
}

static bool is(const char *text, const char *brief, const char *full)
{
    size_t length = strlen(full);

    return !strcmp(text, brief) || !strcmp(text, full) ||
           (!strncmp(text, full, length) && text[length] == '=');
}

/* False when all is done already. */
static bool parse_option(struct command *command, char **argv, int *at)
{
    const char *option = argv[*at];

    if (is(option, "-h", "--help")) {
        usage(stdout);
        return false;
    }
    if (is(option, "-v", "--version")) {
        printf("weir v%s\n", weir_version());
        return false;
    }
    if (is(option, "-c", "--check")) {
        command->flags |= WEIR_SCRIPT_CHECK;
    } else if (is(option, "-e", "--eval")) {
        command->code = value_of(argv, at);
    } else if (is(option, "-p", "--print") || !strcmp(option, "-pe")) {
        command->flags |= WEIR_SCRIPT_PRINT;
        command->code = value_of(argv, at);
    } else {
        bad_option(option, "no such option");
    }
    return true;
}

static bool parse(struct command *command, char **argv)
{
    int at = 1;

    for (; argv[at] && argv[at][0] == '-' && argv[at][1]; at++) {
        if (!strcmp(argv[at], "--")) {
            at++;
            break;
        }
        if (!parse_option(command, argv, &at))
            return false;
    }
    if (!command->code && argv[at]) {
        if (strcmp(argv[at], "-") != 0)
            command->script = argv[at];
        at++;
    }
    command->arguments = argv + at;
    return true;
}

/* As many descriptors as the system lets us have: connections are what this is
 * for. Node does the same. */
static void raise_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

/* At once: nothing of the engine is taken apart, which would take as long as
 * making it and give nothing that the end of the process does not. */
static void leave(weir_script *script, int code, void *data)
{
    (void)script, (void)data;
    fflush(stdout);
    _Exit(code);
}

static int run(weir_script *script, const struct command *command)
{
    if (command->code)
        return weir_script_run_text(script, "[eval]", command->code,
                                    strlen(command->code), command->flags,
                                    NULL);
    return weir_script_run_file(script, command->script, command->flags, NULL);
}

int main(int argc, char **argv)
{
    struct command command = { 0 };
    weir_script_options options = { .signals = true, .exit = leave };
    weir_script *script;
    weir_loop *loop;
    int result, status = 1;

    (void)argc;
    if (!parse(&command, argv))
        return 0;
    options.argv0 = argv[0];
    options.arguments = (const char *const *)command.arguments;
    raise_limit();
    result = weir_loop_create(&loop);
    if (result == 0)
        result = weir_script_create(&script, loop, &options);
    if (result == 0)
        result = run(script, &command);
    if (result < 0) {
        fprintf(stderr, "weir: cannot start: %s\n", weir_error_text(result));
        return 1;
    }
    result = weir_script_finish(script, &status);
    if (result < 0)
        fprintf(stderr, "weir: waiting for events: %s\n",
                weir_error_text(result));
    weir_loop_destroy(loop);
    leave(script, status, NULL);
}
