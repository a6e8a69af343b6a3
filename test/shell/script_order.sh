#!/bin/sh
# script_order.sh - random programs run in Node's order
#
# The programs are those of test/js/order/, and outcomes.txt has a hash of
# what each logs on Node. Timeouts race with the clock on a machine that is busy:
# a program that differs is run again with longer ones.
# shellcheck source=test/shell/tap
. "$(dirname "$0")/tap"

program=build/weir
order=test/js/order
if ! has "$program"; then
    skip 'random programs run in the order of Node' 'build/weir is missing'
    finish
fi

# is_as_recorded "CAUSE SEED HASH"
is_as_recorded() {
    # shellcheck disable=SC2086 # cause, seed, hash
    set -- $1
    for due in 20 60 200 200 400; do
        found=$(ORDER_DUE=$due timeout 60 "$program" "$order/run.js" "$1" "$2" 1)
        [ "$found" = "$1 $2 $3" ] && return 0
    done
    echo "$program $order/run.js $1 $2 log"
    return 1
}

# are_as_recorded CAUSE
are_as_recorded() {
    grep "^$1 " "$order/outcomes.txt" >"$tmp/recorded"
    last=$(tail -n 1 "$tmp/recorded" | cut -d ' ' -f 2)
    timeout 60 "$program" "$order/run.js" "$1" 1 "$last" >"$tmp/found"
    grep -vxF -f "$tmp/found" "$tmp/recorded" >"$tmp/different"
    while read -r line; do
        is_as_recorded "$line" || return 1
    done <"$tmp/different"
}

causes=$(cut -d ' ' -f 1 "$order/outcomes.txt" | uniq)
for cause in $causes; do
    check "random programs that begin with: $cause, run in Node's order" \
        are_as_recorded "$cause"
done
finish
