#!/bin/sh
# peers.sh - the bench's servers do what their workloads say: the yardstick and
# ours, which are always here, and what the table says of all.
# shellcheck source=test/shell/tap
. "$(dirname "$0")/tap"

table() { grep -v -e '^#' -e '^ *$' bench/peers/table; }

seven_fields() { nothing_from awk -F '|' 'NF && !/^#/ && NF != 7' bench/peers/table; }
check "every line of the peers' table has its seven fields" seven_fields

commands_exist() {
    table | sed 's/ *| */|/g' | cut -d'|' -f4 | tr ' ' '\n' |
        grep '^bench/' | sort -u >"$tmp/files"
    [ -s "$tmp/files" ] || return 1
    while read -r file; do
        [ -f "$file" ] || echo "$file"
    done <"$tmp/files" >"$tmp/gone"
    nothing_from cat "$tmp/gone"
}
check 'every file that the table starts is there' commands_exist

every_source_is_listed() {
    for source in bench/peers/*.c; do
        name=$(basename "$source" .c | tr _ -)
        case $name in peer | hand-over) continue ;; esac
        table | grep -q "^$name *|.*build/bench/peer-$name " || echo "$name"
    done >"$tmp/unlisted"
    nothing_from cat "$tmp/unlisted"
}
check 'every server in C stands in the table' every_source_is_listed

if [ "$(uname -s)" != Linux ] || [ ! -x build/weir ]; then
    skip 'servers do what their workloads say' 'needs Linux and the weir command'
    finish
fi
for name in raw weir; do
    check "peer-$name can be built" \
        make -s --no-print-directory "build/bench/peer-$name"
done
for name in raw weir weir-js; do
    check "$name does what each of its workloads says" bench/peers/try "$name"
done
refuses_nonsense() {
    for arguments in '' echo 'echo x' 'echo 70000' 'proxy 0' 'proxy 0 x' \
        'ech 0' 'http idle 0'; do
        # shellcheck disable=SC2086 # a list of arguments
        timeout 5 build/bench/peer-weir $arguments >"$tmp/out" 2>"$tmp/err"
        [ $? -eq 2 ] && [ ! -s "$tmp/out" ] && grep -q 'echo bulk sink' "$tmp/err" ||
            { echo "peer-weir $arguments"; return 1; }
    done
}
check 'arguments that make no sense are refused, with what there is' \
    refuses_nonsense
finish
