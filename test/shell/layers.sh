#!/bin/sh
# layers.sh - folders include only what stands below them, JavaScript requires
# only that, and the public headers stand alone.
# shellcheck source=test/shell/tap
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

# The JavaScript of script/lib has floors too, and a list of them. Any engine can
# read the files.
js=
for engine in build/weir node; do
    has $engine && js=$engine && break
done
floors() { $js test/shell/floors.js "${1:-script/lib}"; }

# planted FILE LINE PATTERN: with the line at the end of the file, a line that
# matches the pattern is printed.
planted() {
    rm -rf "${tmp:?}/lib" && cp -R script/lib "$tmp/lib"
    echo "$2" >>"$tmp/lib/$1.js"
    floors "$tmp/lib" >"$tmp/found" && return 1
    cat "$tmp/found"
    grep -q "$3" "$tmp/found"
}

sentence='what JavaScript requires is on its floor or below, circles in one module'
if [ -n "$js" ]; then
    check "$sentence" floors
    check 'a require of a higher floor is found' planted internal/core \
        "require('internal/errors');" \
        '^internal/core (core) requires internal/errors (errors)$'
    # shellcheck disable=SC2016 # JavaScript's dollar
    check 'and one in a function, and one in a template' eval \
        'planted internal/streams/flags "const f = () => require(\"net\");" \
            "(streams) requires net (net)$" &&
        planted buffer "f(\`a \${require(\"stream\")}\`);" \
            "(events) requires stream (streams)$"'
    check 'and a global that loads a higher floor' planted internal/net/native \
        'function f() { process.exit(); }' '(net) requires process (process)$'
    check 'a require of what is not written there is found' eval \
        'planted dns "const f = (id) => require(id);" "not written there" &&
        planted dns "const f = require;" "not written there"'
    check 'a circle of two modules on one floor is found' \
        planted internal/dns/errors "require('net');" '^a circle: .*net'
    check 'a module on no floor is found' \
        planted internal/nowhere '' 'nowhere is on no floor'
else
    skip "$sentence" 'no engine'
fi

# A program loads what it uses. What is behind `process` in the list was loaded
# because the list was asked for.
cat >"$tmp/list.js" <<'END'
const list = process.moduleLoadList.map((each) => each.slice(13));
console.log(list.slice(0, list.indexOf('process')).join('\n'));
END
cat >"$tmp/echo.js" <<'END'
const net = require('net');
const server = net.createServer((socket) => {
    socket.on('data', (bytes) => socket.write(bytes));
    socket.on('error', () => {});
});
server.listen(0, '127.0.0.1', () => {
    const client = net.connect(server.address().port, '127.0.0.1');
    client.on('data', () => client.end());
    client.on('close', () => server.close());
    client.write('once');
});
server.on('close', () => require('./list'));
END
loads_least() {
    build/weir -e "$(cat "$tmp/list.js")" >"$tmp/.loaded"
    {
        printf 'internal/%s\n' primordials core boot boot/globals lazy loader \
            validators errors
        echo path
    } | sort >"$tmp/.expected"
    sort "$tmp/.loaded" | diff "$tmp/.expected" -
}
spared='fs|dns|titanium|tcp|timers|stream|string_decoder|inspect|stack'
spared="$spared|process|console|util|assert"
echo_loads_little() {
    build/weir "$tmp/echo.js" >"$tmp/.loaded"
    cat "$tmp/.loaded"
    [ "$(wc -l <"$tmp/.loaded")" -le 42 ] && grep -qx net "$tmp/.loaded" &&
        ! grep -Ex "(internal/)?($spared)(/.*)?|internal/(errors|boot)/[^g].*" \
            "$tmp/.loaded"
}
if has build/weir; then
    check 'a start loads nine modules' loads_least
    check 'an echo server and its client load net and what it stands on' \
        echo_loads_little
else
    skip 'a start loads nine modules' 'no engine'
fi

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
