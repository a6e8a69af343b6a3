#!/bin/sh
# layers.sh - folders include only what stands below them, and the public
# headers stand alone.
# shellcheck source=test/scripts/tap
. "$(dirname "$0")/tap"

# includes FILE...: "file: what is included", as it is written.
includes() {
    for file in "$@"; do
        [ -e "$file" ] || continue
        sed -n 's/^ *# *include *\([<"][^>"]*[>"]\).*/\1/p' "$file" |
            sed "s|^|$file: |"
    done
}

# strangers FOLDER PATTERN: what of FOLDER's includes is neither one of its own
# files, nor of the system, nor matches the pattern.
strangers() {
    includes "$1"/*.[ch] | while read -r file what; do
        name=$(echo "$what" | tr -d '<>"')
        case $what in
        \"*) [ -e "$1/$name" ] && continue ;;
        \<weir/*) ;;
        *) continue ;;
        esac
        echo "$what" | grep -Eq "$2" || echo "$file $what"
    done
}

check 'reactor includes nothing of net or script' \
    nothing_from strangers reactor '^<weir/(reactor|runtime)\.h>$'
check 'reactor does not know c-ares' \
    sh -c '! grep -n "include *<ares" reactor/*.[ch]'
check 'net includes nothing but itself and reactor' \
    nothing_from strangers net \
    '^("reactor/[a-z_]*\.h"|<weir/(reactor|net|blocking)\.h>)$'

# Whatever way it is written, with a path or without.
from_script() { includes reactor/*.[ch] net/*.[ch] net/examples/*.c | grep script/; }
check 'no file below script includes it' nothing_from from_script

# script/ has floors of its own, each a folder: host (the engine) below bindings
# below what lies in script/ itself; weir's public headers are below all.
check "script's host includes nothing of script but itself, and of weir the loop" \
    nothing_from strangers script/host '^<weir/(reactor|runtime)\.h>$'
check "script's bindings include only the host's and weir's public headers" \
    nothing_from strangers script/bindings \
    '^("script/host/[a-z_]*\.h"|<weir/(reactor|runtime|net|blocking)\.h>)$'
# main.c is what a user can write. The rest of script/ stands above both floors.
of_the_command() {
    includes script/main.c | grep -v ' <weir/script\.h>$' | grep 'weir/\|"'
}
check 'the weir command includes of weir only <weir/script.h>' \
    nothing_from of_the_command
public="reactor runtime net blocking"
[ -f build/include/weir/script.h ] && public="$public script"
check 'the host names no binding' nothing_from sh -c \
    'grep -nE "script_(un)?bind_[a-z]+" script/host/*.[ch] | grep -v bind_core'

# Neither our private headers nor c-ares: an example is what a user can write.
of_examples() {
    includes net/examples/*.[ch] script/examples/*.c | grep -Ev \
        ': <(weir/(reactor|net)|[a-z0-9]+|(sys|net|netinet|arpa)/[a-z]+)\.h>$' |
        grep -v '^script/.* <weir/script\.h>$'
    includes net/examples/*.[ch] script/examples/*.c | grep '<\(ares\|valgrind\|cmocka\)'
}
check 'examples include only <weir/...> and the C library' \
    nothing_from of_examples

headers() {
    for header in "$@"; do echo "#include <weir/$header.h>"; done
}
as_c() {
    headers "$@" | ${CC:-cc} -std=c11 -Wall -Wextra -Werror -pedantic \
        -Wconversion -Wshadow -Wstrict-prototypes -Ibuild/include \
        -fsyntax-only -xc -
}
cxx=
for c in ${CXX:+"$CXX"} c++ g++ clang++; do
    has "$c" && cxx=$c && break
done
as_cxx() {
    headers "$@" | $cxx -std=c++11 -Wall -Wextra -Werror -pedantic \
        -Wconversion -Wshadow -Ibuild/include -fsyntax-only -xc++ -
}

for header in $public; do
    check "<weir/$header.h> compiles alone, as C11 without extensions" \
        as_c $header
done
check 'the headers compile together in either order, and twice' \
    eval 'as_c reactor net && as_c net reactor && as_c net net reactor'
for header in $public; do
    sentence="<weir/$header.h> compiles alone as C++"
    if [ -n "$cxx" ]; then
        check "$sentence" as_cxx $header
    else
        skip "$sentence" 'no C++ compiler'
    fi
done
sentence='the headers compile together as C++, and its linker finds weir'
if [ -n "$cxx" ]; then
    cat >"$tmp/app.cc" <<'END'
#include <weir/net.h>
#include <weir/reactor.h>

int main()
{
    weir_loop *loop = nullptr;
    weir_address address = weir_address_loopback(1);

    if (weir_loop_create(&loop) || weir_address_port(&address) != 1)
        return 1;
    return weir_loop_run(loop) || weir_loop_destroy(loop);
}
END
    links_in_cxx() {
        # shellcheck disable=SC2046 # a list of options
        $cxx -std=c++11 -Wall -Wextra -Werror -Ibuild/include "$tmp/app.cc" \
            build/libweir.a $(make -s --no-print-directory print-libs) \
            -o "$tmp/app" && "$tmp/app"
    }
    check "$sentence" links_in_cxx
else
    skip "$sentence" 'no C++ compiler'
fi
finish
