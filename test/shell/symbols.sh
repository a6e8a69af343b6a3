#!/bin/sh
# symbols.sh - what the libraries show to the linker.
# shellcheck source=test/shell/tap
. "$(dirname "$0")/tap"

if [ "$(uname -s)" = Darwin ] || ! has nm; then
    skip 'the libraries show only what they should' 'no ELF or no nm'
    finish
fi

# The names in a list of symbols, without version and type.
names() { awk 'NF >= 3 { sub(/@.*/, "", $3); print $3 }' | sort -u; }

# Functions that the public headers declare: what stands before the first
# parenthesis of each declaration that begins with WEIR_API.
declared() {
    cat reactor/reactor.h reactor/runtime.h net/net.h net/blocking.h | awk '
        /^WEIR_API/ { text = "" ; on = 1 }
        on { text = text " " $0 }
        on && /;/ {
            sub(/\(.*/, "", text)
            n = split(text, words, /[ *]+/)
            print words[n]
            on = 0
        }' | sort -u
}
# Linker-made names (_init, _fini, __bss_start ...) are not ours.
exported() {
    nm -D --defined-only build/libweir.so | names |
        grep -Ev '^(_init|_fini|_edata|_end|__bss_start)$'
}
declared >"$tmp/declared"
exported >"$tmp/exported"

check 'the headers declare functions with WEIR_API' \
    grep -x weir_loop_create "$tmp/declared"
check 'the shared library shows only weir_ symbols' \
    nothing_from grep -v '^weir_' "$tmp/exported"
check 'every function that a header declares is in the shared library' \
    nothing_from comm -23 "$tmp/declared" "$tmp/exported"
check 'the shared library shows nothing that no header declares' \
    nothing_from comm -13 "$tmp/declared" "$tmp/exported"

in_archive() { nm -g --defined-only build/libweir.a 2>/dev/null | names; }
check 'the static library has no global symbol without weir_' \
    nothing_from eval 'in_archive | grep -v "^weir_"'
in_archive >"$tmp/archive"
check 'every function that a header declares is in the static library' \
    nothing_from comm -23 "$tmp/declared" "$tmp/archive"

# The same of the library with the engine, where there is one: what it has of
# weir's own comes from the other.
if [ -f build/libweir-script.so ]; then
    in_header() {
        sed -n 's/^WEIR_API .*\(weir_[a-z_]*\)(.*/\1/p' script/script.h | sort -u
    }
    of_script() {
        nm "$@" --defined-only | names |
            grep -Ev '^(_init|_fini|_edata|_end|__bss_start)$'
    }
    in_header >"$tmp/declared-script"
    of_script -D build/libweir-script.so >"$tmp/script-shared"
    of_script -g build/libweir-script.a >"$tmp/script-static"
    for how in shared static; do
        check "the $how library of scripts shows what its header declares" \
            diff "$tmp/declared-script" "$tmp/script-$how"
    done
fi

version=$(sed -n 's/^#define WEIR_VERSION *"\(.*\)"/\1/p' reactor/reactor.h)
dynamic() {
    { readelf -d "$1" 2>/dev/null || objdump -p "$1"; } |
        sed -n "s/.*$2.*\(lib[^] ]*\.so[^] ]*\).*/\1/p"
}
right_soname() {
    dynamic build/libweir.so SONAME
    [ "$(dynamic build/libweir.so SONAME)" = "libweir.so.${version%.*}" ]
}
check "the soname is libweir.so.${version%.*}" right_soname
right_links() {
    ls -l build/libweir.so*
    [ -f "build/libweir.so.$version" ] &&
        [ "$(readlink build/libweir.so)" = "libweir.so.${version%.*}" ] &&
        [ "$(readlink "build/libweir.so.${version%.*}")" = \
            "libweir.so.$version" ]
}
check 'the shared library has its version in its name, and two links to it' \
    right_links

reactor_alone() {
    ${CC:-cc} -std=c11 -D_GNU_SOURCE -Ibuild/include net/examples/timers.c \
        build/obj/reactor/*.o -pthread -o "$tmp/alone" &&
        "$tmp/alone" && dynamic "$tmp/alone" NEEDED >"$tmp/needed" &&
        nothing_from grep -Ev '^lib(c|pthread)\.' "$tmp/needed"
}
check 'the reactor links and runs with nothing but the C library' \
    reactor_alone
finish
