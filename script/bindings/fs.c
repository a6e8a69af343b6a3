/*
 * fs.c - system calls on files
 *
 * Each native is one system call, made at once: files on local disks do not
 * block in a way that a loop could wait for, and the callback and promise forms
 * of fs.js only tell later what was done now. A call that fails gives its
 * negative errno; what stat finds goes into numbers that both sides see.
 */
#include "bindings.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef __APPLE__
#define TIME(status, which) ((status)->st_##which##timespec)
#else
#define TIME(status, which) ((status)->st_##which##tim)
#endif

enum { STAT_NUMBERS = 14, STAT_BIRTHTIME = 13 };

/* What the last stat found; fs.js names the places. */
static double stat_numbers[STAT_NUMBERS];

static JSValueRef number(JSContextRef ctx, double value)
{
    return JSValueMakeNumber(ctx, value);
}

/* The result of a system call that gives -1 and errno. */
static JSValueRef outcome(JSContextRef ctx, ssize_t result)
{
    return number(ctx, result < 0 ? -errno : (double)result);
}

/* --------------------------------------------------------- on descriptors */

SCRIPT_NATIVE(open_native)
{
    char *path = script_utf8(ctx, argc, argv, 0, NULL);
    int flags = script_int(ctx, argc, argv, 1, O_RDONLY);
    mode_t mode = (mode_t)script_int(ctx, argc, argv, 2, 0666);
    JSValueRef result;
    int fd;

    do
        fd = open(path ? path : "", flags | O_CLOEXEC, mode);
    while (fd < 0 && errno == EINTR);
    result = outcome(ctx, fd);
    free(path);
    return result;
}

/* Linux closes the descriptor even when it was interrupted. */
SCRIPT_NATIVE(close_native)
{
    int result = close(script_int(ctx, argc, argv, 0, -1));

    if (result < 0 && errno == EINTR)
        result = 0;
    return outcome(ctx, result);
}

/* A descriptor that another process made non-blocking is still to be used as
 * if it were not: the caller has no callback to come back in. */
static bool try_again(int fd, short events)
{
    struct pollfd wait = { .fd = fd, .events = events };

    if (errno == EINTR)
        return true;
    if (errno != EAGAIN)
        return false;
    (void)poll(&wait, 1, -1);
    return true;
}

/* The part of an array that (array, offset, length) at `index` mean. */
static bool part(JSContextRef ctx, size_t argc, const JSValueRef argv[],
                 size_t index, uint8_t **bytes, size_t *length)
{
    size_t available;
    double offset = script_number(ctx, argc, argv, index + 1, 0);
    double wanted = script_number(ctx, argc, argv, index + 2, 0);

    if (!script_bytes(ctx, argc, argv, index, bytes, &available))
        return false;
    if (offset < 0 || wanted < 0 || offset + wanted > (double)available)
        return false;
    if (*bytes)
        *bytes += (size_t)offset;
    *length = (size_t)wanted;
    return true;
}

/* read(fd, array, offset, length, position): -1 is where the file stands. */
SCRIPT_NATIVE(read_native)
{
    int fd = script_int(ctx, argc, argv, 0, -1);
    double position = script_number(ctx, argc, argv, 4, -1);
    uint8_t *bytes;
    size_t length;
    ssize_t result;

    if (!part(ctx, argc, argv, 1, &bytes, &length))
        return number(ctx, -EINVAL);
    do
        result = position < 0 ? read(fd, bytes, length)
                              : pread(fd, bytes, length, (off_t)position);
    while (result < 0 && try_again(fd, POLLIN));
    return outcome(ctx, result);
}

/* write(fd, array, offset, length, position) */
SCRIPT_NATIVE(write_native)
{
    int fd = script_int(ctx, argc, argv, 0, -1);
    double position = script_number(ctx, argc, argv, 4, -1);
    uint8_t *bytes;
    size_t length;
    ssize_t result;

    if (!part(ctx, argc, argv, 1, &bytes, &length))
        return number(ctx, -EINVAL);
    do
        result = position < 0 ? write(fd, bytes, length)
                              : pwrite(fd, bytes, length, (off_t)position);
    while (result < 0 && try_again(fd, POLLOUT));
    return outcome(ctx, result);
}

SCRIPT_NATIVE(fsync_native)
{
    return outcome(ctx, fsync(script_int(ctx, argc, argv, 0, -1)));
}

SCRIPT_NATIVE(ftruncate_native)
{
    return outcome(ctx, ftruncate(script_int(ctx, argc, argv, 0, -1),
                                  (off_t)script_number(ctx, argc, argv, 1, 0)));
}

/* ------------------------------------------------------------------- stat */

static double milliseconds(int64_t seconds, long nanoseconds)
{
    return (double)seconds * 1000 + (double)nanoseconds / 1e6;
}

/* Linux tells a file's birth by statx() only. */
static double birthtime(int fd, const char *path, bool follow,
                        const struct stat *status)
{
#ifdef __APPLE__
    (void)fd, (void)path, (void)follow;
    return milliseconds(status->st_birthtimespec.tv_sec,
                        status->st_birthtimespec.tv_nsec);
#elif defined(STATX_BTIME)
    struct statx extended;
    int flags = (path ? 0 : AT_EMPTY_PATH) | (follow ? 0 : AT_SYMLINK_NOFOLLOW);

    (void)status;
    if (statx(path ? AT_FDCWD : fd, path ? path : "", flags, STATX_BTIME,
              &extended) < 0 ||
        !(extended.stx_mask & STATX_BTIME))
        return 0;
    return milliseconds(extended.stx_btime.tv_sec,
                        (long)extended.stx_btime.tv_nsec);
#else
    (void)fd, (void)path, (void)follow;
    return milliseconds(status->st_ctime, 0);
#endif
}

static void keep_stat(const struct stat *status)
{
    const double numbers[STAT_BIRTHTIME] = {
        (double)status->st_dev,
        (double)status->st_mode,
        (double)status->st_nlink,
        (double)status->st_uid,
        (double)status->st_gid,
        (double)status->st_rdev,
        (double)status->st_blksize,
        (double)status->st_ino,
        (double)status->st_size,
        (double)status->st_blocks,
        milliseconds(TIME(status, a).tv_sec, TIME(status, a).tv_nsec),
        milliseconds(TIME(status, m).tv_sec, TIME(status, m).tv_nsec),
        milliseconds(TIME(status, c).tv_sec, TIME(status, c).tv_nsec),
    };

    memcpy(stat_numbers, numbers, sizeof numbers);
}

/* stat(path, follow) */
SCRIPT_NATIVE(stat_native)
{
    char *path = script_utf8(ctx, argc, argv, 0, NULL);
    bool follow = script_bool(ctx, argc, argv, 1);
    struct stat status;
    JSValueRef result =
        outcome(ctx, fstatat(AT_FDCWD, path ? path : "", &status,
                             follow ? 0 : AT_SYMLINK_NOFOLLOW));

    if (JSValueToNumber(ctx, result, NULL) == 0) {
        keep_stat(&status);
        stat_numbers[STAT_BIRTHTIME] = birthtime(-1, path, follow, &status);
    }
    free(path);
    return result;
}

SCRIPT_NATIVE(fstat_native)
{
    int fd = script_int(ctx, argc, argv, 0, -1);
    struct stat status;

    if (fstat(fd, &status) < 0)
        return number(ctx, -errno);
    keep_stat(&status);
    stat_numbers[STAT_BIRTHTIME] = birthtime(fd, NULL, true, &status);
    return number(ctx, 0);
}

/* --------------------------------------------------------------- on paths */

/* A native of one path and at most one number. */
#define PATH_NATIVE(name, call)                                                \
    SCRIPT_NATIVE(name)                                                        \
    {                                                                          \
        char *path = script_utf8(ctx, argc, argv, 0, NULL);                    \
        int value = script_int(ctx, argc, argv, 1, 0);                         \
        JSValueRef result = outcome(ctx, call(path ? path : "", value));       \
                                                                               \
        free(path);                                                            \
        return result;                                                         \
    }

static int unlink_path(const char *path, int unused)
{
    (void)unused;
    return unlink(path);
}

static int rmdir_path(const char *path, int unused)
{
    (void)unused;
    return rmdir(path);
}

static int mkdir_path(const char *path, int mode)
{
    return mkdir(path, (mode_t)mode);
}

static int chmod_path(const char *path, int mode)
{
    return chmod(path, (mode_t)mode);
}

PATH_NATIVE(access_native, access)
PATH_NATIVE(chmod_native, chmod_path)
PATH_NATIVE(mkdir_native, mkdir_path)
PATH_NATIVE(rmdir_native, rmdir_path)
PATH_NATIVE(unlink_native, unlink_path)

/* A native of two paths. */
#define TWO_PATHS_NATIVE(name, call)                                           \
    SCRIPT_NATIVE(name)                                                        \
    {                                                                          \
        char *from = script_utf8(ctx, argc, argv, 0, NULL);                    \
        char *to = script_utf8(ctx, argc, argv, 1, NULL);                      \
        JSValueRef result =                                                    \
            outcome(ctx, call(from ? from : "", to ? to : ""));                \
                                                                               \
        free(from);                                                            \
        free(to);                                                              \
        return result;                                                         \
    }

TWO_PATHS_NATIVE(rename_native, rename)
TWO_PATHS_NATIVE(symlink_native, symlink)

/* These give a string, or a negative errno. */
static JSValueRef text_or_errno(JSContextRef ctx, const char *text)
{
    return text ? script_from_utf8(ctx, text, (size_t)-1) : number(ctx, -errno);
}

SCRIPT_NATIVE(realpath_native)
{
    char *path = script_utf8(ctx, argc, argv, 0, NULL);
    char *real = realpath(path ? path : "", NULL);
    JSValueRef result = text_or_errno(ctx, real);

    free(real);
    free(path);
    return result;
}

SCRIPT_NATIVE(mkdtemp_native)
{
    char *path = script_utf8(ctx, argc, argv, 0, NULL);
    JSValueRef result = text_or_errno(ctx, path ? mkdtemp(path) : NULL);

    free(path);
    return result;
}

SCRIPT_NATIVE(readlink_native)
{
    char *path = script_utf8(ctx, argc, argv, 0, NULL);
    char target[4096];
    ssize_t length = readlink(path ? path : "", target, sizeof target);
    JSValueRef result = length < 0
                            ? number(ctx, -errno)
                            : script_from_utf8(ctx, target, (size_t)length);

    free(path);
    return result;
}

/* What kind an entry is, as the S_IFMT bits of its mode; some file systems
 * leave it out of the folder. */
static mode_t kind_of(DIR *folder, const struct dirent *entry)
{
    struct stat status;

    if (entry->d_type != DT_UNKNOWN)
        return (mode_t)DTTOIF(entry->d_type);
    if (fstatat(dirfd(folder), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) < 0)
        return 0;
    return status.st_mode & S_IFMT;
}

static JSValueRef list_folder(JSContextRef ctx, DIR *folder)
{
    JSObjectRef list = JSObjectMakeArray(ctx, 0, NULL, NULL);
    struct dirent *entry;
    unsigned count = 0;

    while ((entry = readdir(folder)) != NULL) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
            continue;
        JSObjectSetPropertyAtIndex(
            ctx, list, count++,
            script_from_utf8(ctx, entry->d_name, (size_t)-1), NULL);
        JSObjectSetPropertyAtIndex(ctx, list, count++,
                                   number(ctx, kind_of(folder, entry)), NULL);
    }
    return list;
}

/* readdir(path): name, kind, name, kind, ... */
SCRIPT_NATIVE(readdir_native)
{
    char *path = script_utf8(ctx, argc, argv, 0, NULL);
    DIR *folder = opendir(path ? path : "");
    JSValueRef result;

    if (folder) {
        result = list_folder(ctx, folder);
        closedir(folder);
    } else {
        result = number(ctx, -errno);
    }
    free(path);
    return result;
}

/* -------------------------------------------------------------- constants */

static const script_constant kinds[] = {
    SCRIPT_CONSTANT(S_IFMT),  SCRIPT_CONSTANT(S_IFREG),
    SCRIPT_CONSTANT(S_IFDIR), SCRIPT_CONSTANT(S_IFCHR),
    SCRIPT_CONSTANT(S_IFBLK), SCRIPT_CONSTANT(S_IFIFO),
    SCRIPT_CONSTANT(S_IFLNK), SCRIPT_CONSTANT(S_IFSOCK),
};

static const script_constant others[] = {
    SCRIPT_CONSTANT(O_RDONLY),    SCRIPT_CONSTANT(O_WRONLY),
    SCRIPT_CONSTANT(O_RDWR),      SCRIPT_CONSTANT(O_CREAT),
    SCRIPT_CONSTANT(O_EXCL),      SCRIPT_CONSTANT(O_NOCTTY),
    SCRIPT_CONSTANT(O_TRUNC),     SCRIPT_CONSTANT(O_APPEND),
    SCRIPT_CONSTANT(O_DIRECTORY), SCRIPT_CONSTANT(O_NOFOLLOW),
    SCRIPT_CONSTANT(O_SYNC),      SCRIPT_CONSTANT(O_DSYNC),
    SCRIPT_CONSTANT(O_NONBLOCK),  SCRIPT_CONSTANT(S_IRWXU),
    SCRIPT_CONSTANT(S_IRUSR),     SCRIPT_CONSTANT(S_IWUSR),
    SCRIPT_CONSTANT(S_IXUSR),     SCRIPT_CONSTANT(S_IRWXG),
    SCRIPT_CONSTANT(S_IRGRP),     SCRIPT_CONSTANT(S_IWGRP),
    SCRIPT_CONSTANT(S_IXGRP),     SCRIPT_CONSTANT(S_IRWXO),
    SCRIPT_CONSTANT(S_IROTH),     SCRIPT_CONSTANT(S_IWOTH),
    SCRIPT_CONSTANT(S_IXOTH),     SCRIPT_CONSTANT(F_OK),
    SCRIPT_CONSTANT(R_OK),        SCRIPT_CONSTANT(W_OK),
    SCRIPT_CONSTANT(X_OK),
};

static void set_kinds(script *s, JSObjectRef target)
{
    script_set_constants(s, target, kinds, SCRIPT_COUNT(kinds));
}

/* constants(): an object of their own, made for who asks. */
SCRIPT_NATIVE(constants_native)
{
    JSObjectRef object = JSObjectMake(ctx, NULL, NULL);

    set_kinds(script_get(), object);
    script_set_constants(script_get(), object, others, SCRIPT_COUNT(others));
    return object;
}

void script_bind_fs(script *s, JSObjectRef target)
{
    static const script_native natives[] = {
        { "open", open_native },         { "close", close_native },
        { "read", read_native },         { "write", write_native },
        { "fsync", fsync_native },       { "ftruncate", ftruncate_native },
        { "stat", stat_native },         { "fstat", fstat_native },
        { "access", access_native },     { "chmod", chmod_native },
        { "mkdir", mkdir_native },       { "rmdir", rmdir_native },
        { "unlink", unlink_native },     { "rename", rename_native },
        { "symlink", symlink_native },   { "readlink", readlink_native },
        { "realpath", realpath_native }, { "mkdtemp", mkdtemp_native },
        { "readdir", readdir_native },   { "constants", constants_native },
    };

    script_functions(s, target, natives, SCRIPT_COUNT(natives));
    set_kinds(s, target);
    script_share(s, target, "statNumbers", stat_numbers, sizeof stat_numbers);
}
