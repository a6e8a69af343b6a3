#!/bin/sh
# bench_report.sh - bench/report/make: from raw lines to tables, JSON and a page
# that needs nothing else, with gnuplot and without.
# shellcheck source=test/shell/tap
. "$(dirname "$0")/tap"

raw=test/js/fixtures/bench.raw
name=2026-01-02-0304
if [ ! -x build/weir ] && ! has node; then
    skip 'bench/report makes a report' 'neither build/weir nor node is here'
    finish
fi
export PLOTS="$tmp/plots"

check 'a report is made from raw lines' \
    eval 'bench/report/make $raw "$tmp/out" >"$tmp/tables"'
check 'the tables are on stdout' grep -q '^== Echo, 64 B, 64' "$tmp/tables"
check 'the JSON is named for the date of the run' [ -s "$tmp/out/$name.json" ]
check 'and so is the page' [ -s "$tmp/out/$name.html" ]

elsewhere() { grep -oE '(src|href)="?[^#" ]*:[^" ]*' "$tmp/out/$name.html"; }
check 'the page loads nothing from elsewhere' nothing_from elsewhere

if has gnuplot; then
    check 'its pictures are drawn' \
        [ "$(grep -c '<svg role="img"' "$tmp/out/$name.html")" -gt 10 ]
    missing_drawings() {
        for script in "$tmp"/plots/*.gp; do
            [ -s "${script%.gp}.svg" ] || echo "$script"
        done
    }
    check 'gnuplot draws every script' nothing_from missing_drawings
else
    skip 'its pictures are drawn' 'no gnuplot'
fi

cp "$tmp/out/$name.json" "$tmp/first.json"
cp "$tmp/tables" "$tmp/first"
check 'the same report is made from its JSON again' eval \
    'bench/report/make "$tmp/first.json" "$tmp/again" >"$tmp/tables" &&
    cmp "$tmp/first" "$tmp/tables" &&
    cmp "$tmp/first.json" "$tmp/again/$name.json"'

# A PATH without gnuplot: what the script needs, and the engine.
mkdir "$tmp/bin"
for tool in sh dirname tail cat mkdir awk git node; do
    has $tool && ln -s "$(command -v $tool)" "$tmp/bin/$tool"
done
without_gnuplot() {
    PATH="$tmp/bin" bench/report/make $raw "$tmp/bare" >/dev/null
}
check 'without gnuplot it says so, and the page has tables' eval \
    'without_gnuplot 2>"$tmp/said" && grep "make bench-deps" "$tmp/said" &&
    ! grep -q "<svg" "$tmp/bare/$name.html" &&
    grep -q "<table" "$tmp/bare/$name.html"'

echo 'part=echo round=1 rate=3' >"$tmp/strange"
check 'a line that cannot be read ends it, with its number' eval \
    '! bench/report/make "$tmp/strange" "$tmp/none" 2>"$tmp/said" >&2 &&
    grep "line 1: a measurement without peer" "$tmp/said"'
finish
