/*
 * loader.c - what require() asks of the file system
 *
 * Three questions, all of them answered at once and without an Error object:
 * most of a search through node_modules is paths that do not exist, and a
 * number is all that the search wants to know of those.
 */
#include "bindings.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The path in argument 0, NULL when none can have that name. */
static char *path_of(JSContextRef ctx, size_t argc, const JSValueRef argv[])
{
    size_t length;
    char *path = script_utf8(ctx, argc, argv, 0, &length);

    if (path && strlen(path) == length)
        return path;
    free(path);
    return NULL;
}

static JSValueRef failure(JSContextRef ctx, int error)
{
    return JSValueMakeNumber(ctx, -error);
}

/* Makes room for at least one byte more than there are. */
static int grow(char **bytes, size_t *room)
{
    size_t wanted = *room ? *room * 2 : 4096;
    char *larger = realloc(*bytes, wanted);

    if (!larger)
        return ENOMEM;
    *bytes = larger;
    *room = wanted;
    return 0;
}

/* Whoever shares a standard stream with us may have made it non-blocking. */
static void wait_for(int fd, short events)
{
    struct pollfd one = { .fd = fd, .events = events };

    poll(&one, 1, -1);
}

/* Reads to the end, whatever the size was said to be: pipes and /proc say 0,
 * and a file may grow. Gives an errno. */
static int read_all(int fd, char **bytes, size_t *length)
{
    struct stat info;
    size_t room = 0;

    *bytes = NULL;
    *length = 0;
    /* One byte more, so that the end is seen without growing. */
    if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_size > 0) {
        room = (size_t)info.st_size + 1;
        *bytes = malloc(room);
        if (!*bytes)
            return ENOMEM;
    }
    for (;;) {
        ssize_t got;

        if (*length == room && grow(bytes, &room))
            return ENOMEM;
        got = read(fd, *bytes + *length, room - *length);
        if (got == 0)
            return 0;
        if (got > 0)
            *length += (size_t)got;
        else if (errno == EAGAIN)
            wait_for(fd, POLLIN);
        else if (errno != EINTR)
            return errno;
    }
}

static JSValueRef text_of(JSContextRef ctx, int fd)
{
    char *bytes;
    size_t length;
    int error = read_all(fd, &bytes, &length);
    JSValueRef result =
        error ? failure(ctx, error) : script_from_utf8(ctx, bytes, length);

    free(bytes);
    return result;
}

/* readText(path): the file as a string, or a negative errno. Standard input
 * for the number 0 in place of a path. */
SCRIPT_NATIVE(read_text)
{
    JSValueRef result;
    char *path;
    int fd;

    if (script_int(ctx, argc, argv, 0, -1) == STDIN_FILENO)
        return text_of(ctx, STDIN_FILENO);
    path = path_of(ctx, argc, argv);
    if (!path)
        return failure(ctx, ENOENT);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    free(path);
    if (fd < 0)
        return failure(ctx, errno);
    result = text_of(ctx, fd);
    close(fd);
    return result;
}

enum { FILE_KIND, DIRECTORY_KIND };

/* kind(path): a directory or what else there is, or a negative errno. */
SCRIPT_NATIVE(kind)
{
    char *path = path_of(ctx, argc, argv);
    struct stat info;
    int result = path ? stat(path, &info) : -1;
    int error = path ? errno : ENOENT;

    free(path);
    if (result < 0)
        return failure(ctx, error);
    return JSValueMakeNumber(ctx, S_ISDIR(info.st_mode) ? DIRECTORY_KIND
                                                        : FILE_KIND);
}

/* realpath(path): without symbolic links, or a negative errno. */
SCRIPT_NATIVE(real_path)
{
    char *path = path_of(ctx, argc, argv);
    char *real = path ? realpath(path, NULL) : NULL;
    int error = path ? errno : ENOENT;
    JSValueRef result =
        real ? script_from_utf8(ctx, real, (size_t)-1) : failure(ctx, error);

    free(real);
    free(path);
    return result;
}

void script_bind_loader(script *s, JSObjectRef target)
{
    script_function(s, target, "readText", read_text);
    script_function(s, target, "kind", kind);
    script_function(s, target, "realpath", real_path);
    script_set_number(s, target, "DIRECTORY", DIRECTORY_KIND);
    script_set_number(s, target, "FILE", FILE_KIND);
}
