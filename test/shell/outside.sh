#!/bin/sh
# outside.sh - a program that is not in this tree can be built with weir, as
# the README says and after `make install`.
# shellcheck source=test/shell/tap
. "$(dirname "$0")/tap"

tree=$PWD
quiet_make() { make -s --no-print-directory "$@"; }
version=$(sed -n 's/^#define WEIR_VERSION *"\(.*\)"/\1/p' reactor/reactor.h)

# A server and a client in one: says what it received, and ends by itself.
cat >"$tmp/app.c" <<'END'
#include <weir/net.h>

#include <stdio.h>
#include <string.h>

static weir_server *server;

static void on_data(weir_socket *socket, const void *bytes, size_t length)
{
    printf("%.*s\n", (int)length, (const char *)bytes);
    weir_socket_end(socket);
    weir_server_close(server);
}

static const weir_socket_events listening = { .data = on_data };
static const weir_socket_events silent = { .data = NULL };

static void on_connection(weir_server *from, weir_socket *socket)
{
    (void)from;
    weir_socket_set_events(socket, &listening);
}

int main(void)
{
    weir_loop *loop;
    weir_socket *client;
    weir_address address = weir_address_loopback(0);

    if (strcmp(weir_version(), WEIR_VERSION))
        return 1;
    weir_check(weir_loop_create(&loop));
    weir_check(weir_server_create(&server, loop, on_connection, NULL));
    weir_check(weir_server_listen(server, &address, NULL));
    weir_check(weir_server_address(server, &address));
    weir_check(weir_socket_create(&client, loop, &silent, NULL));
    weir_check(weir_socket_connect(client, &address, NULL));
    weir_check(weir_socket_write(client, "hello", 5, NULL, NULL));
    weir_check(weir_loop_run(loop));
    return weir_loop_destroy(loop);
}
END

says_hello() {
    said=$(timeout 10 "$@") || return 1
    echo "$said"
    [ "$said" = hello ]
}

as_readme_says() (
    cd "$tmp" || exit 1
    # shellcheck disable=SC2046 # a list of options
    ${CC:-cc} app.c -I"$tree/build/include" "$tree/build/libweir.a" \
        $(quiet_make -C "$tree" print-libs) -o app && says_hello ./app
)
check 'a program outside of the tree is one command of gcc away' as_readme_says

strictly() (
    cd "$tmp" || exit 1
    ${CC:-cc} -std=c11 -Wall -Wextra -Werror -pedantic -c app.c \
        -I"$tree/build/include" -o strict.o
)
check 'the same program needs no extension of C' strictly

root=$tmp/root/usr
installs() {
    quiet_make install DESTDIR="$tmp/root" PREFIX=/usr || return 1
    # The weir command and its library are there where its engine is.
    (cd "$root" && find . ! -type d ! -path ./bin/weir ! -name '*script*' |
        sort) >"$tmp/list"
    cat >"$tmp/expected" <<END
./include/weir/blocking.h
./include/weir/net.h
./include/weir/reactor.h
./include/weir/runtime.h
./lib/libweir.a
./lib/libweir.so
./lib/libweir.so.${version%.*}
./lib/libweir.so.$version
END
    diff "$tmp/expected" "$tmp/list"
}
if [ "$(uname -s)" = Linux ]; then
    check 'make install puts the headers and the libraries under DESTDIR' \
        installs

    with_shared() (
        cd "$tmp" || exit 1
        ${CC:-cc} app.c -I"$root/include" -L"$root/lib" -lweir -o shared &&
            LD_LIBRARY_PATH=$root/lib says_hello ./shared
    )
    check 'a program links with what is installed and runs' with_shared

    links_shared() {
        LD_LIBRARY_PATH=$root/lib ldd "$tmp/shared" |
            grep "libweir.so.${version%.*} => $root/lib/"
    }
    check 'it runs with the shared library that is installed' links_shared

    with_static() (
        cd "$tmp" || exit 1
        # shellcheck disable=SC2046 # a list of options
        ${CC:-cc} app.c -I"$root/include" "$root/lib/libweir.a" \
            $(quiet_make -C "$tree" print-libs) -o static &&
            says_hello ./static
    )
    check 'the installed static library does as well' with_static

    # The library with the engine, where there is one.
    cat >"$tmp/embed.c" <<'END'
#include <weir/script.h>

int main(void)
{
    const char *text = "'hel' + 'lo'";
    weir_loop *loop;
    weir_script *script;
    weir_value value;

    weir_check(weir_loop_create(&loop));
    weir_check(weir_script_create(&script, loop, NULL));
    weir_check(weir_script_run_text(script, "text", text, strlen(text),
                                    WEIR_SCRIPT_PRINT, &value));
    weir_value_unref(&value);
    weir_script_destroy(script);
    return weir_loop_destroy(loop);
}
END
    embeds_static() (
        cd "$tmp" || exit 1
        # shellcheck disable=SC2046 # a list of options
        ${CC:-cc} embed.c -I"$root/include" "$root/lib/libweir-script.a" \
            "$root/lib/libweir.a" \
            $(quiet_make -C "$tree" print-script-libs) -o embed &&
            says_hello ./embed
    )
    embeds_shared() (
        cd "$tmp" || exit 1
        ${CC:-cc} embed.c -I"$root/include" -L"$root/lib" -lweir-script \
            -lweir -o embed-shared &&
            LD_LIBRARY_PATH=$root/lib says_hello ./embed-shared
    )
    for how in static shared; do
        sentence="a program runs JavaScript with the $how library"
        if [ -f "$root/include/weir/script.h" ]; then
            check "$sentence" embeds_$how
        else
            skip "$sentence" 'no JavaScriptCore'
        fi
    done
else
    skip 'a program links with what is installed' 'written for Linux'
fi
finish
