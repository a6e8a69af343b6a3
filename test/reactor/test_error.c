/*
 * test_error.c - every error has a name and a text
 */
#include "test/support/test.h"

#include <errno.h>
#include <limits.h>
#include <sys/wait.h>
#include <unistd.h>

static bool is_known(int error)
{
    const char *text = weir_error_text(error);

    return strcmp(weir_error_name(error), "UNKNOWN") != 0 &&
           strcmp(text, "unknown error") != 0 && strlen(text) > 3;
}

static void every_error_of_a_lookup_has_a_name_and_a_text(void **state)
{
    (void)state;
    for (int error = WEIR_ENOTFOUND; error >= WEIR_ENOSERVER; error--) {
        assert_true(is_known(error));
        assert_int_equal(weir_error_name(error)[0], 'E');
    }
    assert_string_equal(weir_error_name(WEIR_ENOTFOUND), "ENOTFOUND");
    assert_string_equal(weir_error_name(WEIR_ENODATA), "ENODATA");
    assert_string_equal(weir_error_name(WEIR_EDNSTIMEOUT), "EDNSTIMEOUT");
    assert_string_equal(weir_error_name(WEIR_ENOSERVER), "ENOSERVER");
}

/* What the manual pages of the calls behind the seam know, and what a socket
 * can be told by the network (SO_ERROR, from ICMP). */
static void
every_errno_that_a_call_of_weir_can_give_has_a_name_and_a_text(void **state)
{
    static const int errors[] = {
        EACCES,          EADDRINUSE,   EADDRNOTAVAIL,
        EAFNOSUPPORT,    EAGAIN,       EALREADY,
        EBADF,           EBUSY,        ECANCELED,
        ECONNABORTED,    ECONNREFUSED, ECONNRESET,
        EDESTADDRREQ,    EEXIST,       EFAULT,
        EHOSTDOWN,       EHOSTUNREACH, EINPROGRESS,
        EINTR,           EINVAL,       EIO,
        EISCONN,         EISDIR,       ELOOP,
        EMFILE,          EMSGSIZE,     ENAMETOOLONG,
        ENETDOWN,        ENETRESET,    ENETUNREACH,
        ENFILE,          ENOBUFS,      ENODEV,
        ENOENT,          ENOMEM,       ENOPROTOOPT,
        ENOSPC,          ENOSYS,       ENOTCONN,
        ENOTDIR,         ENOTSOCK,     ENOTSUP,
        EOPNOTSUPP,      ENXIO,        EOVERFLOW,
        EPERM,           EPIPE,        EPROTO,
        EPROTONOSUPPORT, EPROTOTYPE,   ERANGE,
        EROFS,           ESHUTDOWN,    ESPIPE,
        ESRCH,           ETIMEDOUT,    ETXTBSY,
        EXDEV,           ENOTTY,       EDQUOT,
        ESOCKTNOSUPPORT, EMLINK,       EILSEQ,
        ENOTEMPTY,
#ifdef ENONET
        ENONET,
#endif
    };

    (void)state;
    for (size_t i = 0; i < COUNT(errors); i++)
        if (!is_known(-errors[i]))
            fail_msg("no name for %s", strerror(errors[i]));
}

static void the_names_are_those_of_errno(void **state)
{
    (void)state;
    assert_string_equal(weir_error_name(-EADDRINUSE), "EADDRINUSE");
    assert_string_equal(weir_error_text(-EADDRINUSE), "address already in use");
    assert_string_equal(weir_error_name(-ECONNRESET), "ECONNRESET");
    assert_string_equal(weir_error_name(-EWOULDBLOCK), "EAGAIN");
}

static void names_are_told_apart(void **state)
{
    (void)state;
    for (int a = -1; a > -140; a--) {
        for (int b = a - 1; b > -140; b--) {
            if (is_known(a) && is_known(b))
                assert_string_not_equal(weir_error_name(a), weir_error_name(b));
        }
    }
}

static void what_is_no_error_is_ok(void **state)
{
    (void)state;
    assert_string_equal(weir_error_name(0), "OK");
    assert_string_equal(weir_error_name(17), "OK");
    assert_string_equal(weir_error_name(INT_MAX), "OK");
    assert_non_null(weir_error_text(0));
}

static void a_number_without_a_name_is_unknown(void **state)
{
    static const int odd[] = { -2000, -3000, -3009, -999999, INT_MIN };

    (void)state;
    for (size_t i = 0; i < COUNT(odd); i++) {
        assert_string_equal(weir_error_name(odd[i]), "UNKNOWN");
        assert_string_equal(weir_error_text(odd[i]), "unknown error");
    }
}

static void check_hands_on_what_is_no_error(void **state)
{
    (void)state;
    assert_int_equal(weir_check(0), 0);
    assert_int_equal(weir_check(42), 42);
}

static void check_ends_the_program_with_a_line_that_tells_all(void **state)
{
    char line[256];
    ssize_t size = 0, got;
    int fds[2], status;
    pid_t child;

    (void)state;
    assert_int_equal(pipe(fds), 0);
    fflush(NULL);
    child = fork();
    if (child == 0) {
        dup2(fds[1], 2);
        close(fds[0]);
        close(fds[1]);
        weir_check(-ECONNREFUSED);
        _exit(0);
    }
    close(fds[1]);
    while ((got = read(fds[0], line + size, sizeof line - 1 - (size_t)size)) >
           0)
        size += got;
    line[size] = '\0';
    close(fds[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 1);
    assert_non_null(strstr(line, "test_error.c:"));
    assert_non_null(strstr(line, ": -ECONNREFUSED: ECONNREFUSED: "
                                 "connection refused\n"));
}

static void the_version_is_that_of_the_header(void **state)
{
    char numbers[32];

    (void)state;
    snprintf(numbers, sizeof numbers, "%d.%d.%d", WEIR_VERSION_MAJOR,
             WEIR_VERSION_MINOR, WEIR_VERSION_PATCH);
    assert_string_equal(weir_version(), WEIR_VERSION);
    assert_string_equal(weir_version(), numbers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_error_of_a_lookup_has_a_name_and_a_text),
        cmocka_unit_test(
            every_errno_that_a_call_of_weir_can_give_has_a_name_and_a_text),
        cmocka_unit_test(the_names_are_those_of_errno),
        cmocka_unit_test(names_are_told_apart),
        cmocka_unit_test(what_is_no_error_is_ok),
        cmocka_unit_test(a_number_without_a_name_is_unknown),
        cmocka_unit_test(check_hands_on_what_is_no_error),
        cmocka_unit_test(check_ends_the_program_with_a_line_that_tells_all),
        cmocka_unit_test(the_version_is_that_of_the_header),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
