/*
 * main.c - the `weir` command
 *
 *   weir [options] script.js [arguments]
 *
 * Its options are read here; what they mean is internal/main.js's business.
 */
#include "script/bindings/bindings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { BAD_OPTION = 9 }; /* as Node's */

struct command {
    const char *mode; /* "file", "eval", "print", "check", "stdin" */
    const char *code; /* of -e and -p */
    const char *script;
    char **arguments;
    int count;
};

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
        command->mode = "check";
    } else if (is(option, "-e", "--eval")) {
        command->mode = "eval";
        command->code = value_of(argv, at);
    } else if (is(option, "-p", "--print") || !strcmp(option, "-pe")) {
        command->mode = "print";
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
    if (!command->code && argv[at] && strcmp(argv[at], "-") != 0)
        command->script = argv[at++];
    else if (!command->code) {
        command->mode = command->mode && !strcmp(command->mode, "check")
                            ? "check"
                            : "stdin";
        at += argv[at] != NULL;
    }
    if (!command->mode)
        command->mode = "file";
    command->arguments = argv + at;
    while (argv[at + command->count])
        command->count++;
    return true;
}

static void set_text(script *s, JSObjectRef object, const char *name,
                     const char *text)
{
    if (text)
        script_set(s, object, name,
                   script_from_utf8(s->context, text, (size_t)-1));
}

static JSObjectRef options_of(script *s, const struct command *command,
                              const char *argv0)
{
    JSObjectRef options = JSObjectMake(s->context, NULL, NULL);
    JSObjectRef list = JSObjectMakeArray(s->context, 0, NULL, NULL);

    for (int i = 0; i < command->count; i++)
        JSObjectSetPropertyAtIndex(
            s->context, list, (unsigned)i,
            script_from_utf8(s->context, command->arguments[i], (size_t)-1),
            NULL);
    set_text(s, options, "mode", command->mode);
    set_text(s, options, "code", command->code);
    set_text(s, options, "script", command->script);
    set_text(s, options, "argv0", argv0);
    script_set(s, options, "arguments", list);
    return options;
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

int main(int argc, char **argv)
{
    struct command command = { 0 };
    weir_loop *loop;
    script *s;
    int result;

    (void)argc;
    if (!parse(&command, argv))
        return 0;
    raise_limit();
    result = weir_loop_create(&loop);
    if (result == 0)
        result = script_open(&s, loop, script_bindings, script_binding_count);
    if (result < 0) {
        fprintf(stderr, "weir: cannot start: %s\n", weir_error_text(result));
        return 1;
    }
    script_start(s, options_of(s, &command, argv[0]));
    result = script_finish(s);
    weir_loop_destroy(loop);
    fflush(stdout);
    _Exit(result);
}
