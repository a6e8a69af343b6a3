#!/bin/sh
# compatibility.sh - docs/compatibility.md is true as far as a script can see:
# each row names a test, and each test that is named exists.
# shellcheck source=test/shell/tap
. "$(dirname "$0")/tap"

test/documents/rows >"$tmp/rows"

documents() { cut -f1 "$tmp/rows" | sort -u | tr '\n' ' '; }
check 'all five documents have a table' \
    [ "$(documents)" = '000 001 002 003 004 ' ]

without_test() { awk -F'\t' '$3 == "-" { print $1, "row", $2 }' "$tmp/rows"; }
check 'every row names a test' nothing_from without_test

# exists FILE NAME
exists() {
    case $1:$2 in
    run:program\ *) [ -e "test/documents/programs/${2#program }.js" ] ;;
    run:*) sed "s/'\\\\''/'/g" test/documents/run | grep -qF -- "'$2'" ;;
    *) sed "s/\\\\'/'/g" "test/js/$1" | grep -qF -- "'$2'" ;;
    esac
}
missing() {
    cut -f3,4 "$tmp/rows" | grep -v '^-' | sort -u |
        while IFS="$(printf '\t')" read -r file name; do
            exists "$file" "$name" 2>/dev/null || echo "$file: $name"
        done
}
check 'every test that a row names exists' nothing_from missing

# And the other way round, for the files that are about the documents alone.
not_named() {
    for file in test_manual.js test_iotjs.js test_chapter.js test_tcp.js \
        test_titanium.js test_titanium_blocking.js test_titanium_stream.js \
        test_titanium_data.js; do
        sed "s/\\\\'/'/g" "test/js/$file" |
            sed -n "s/^test\(\.weir\)\{0,1\}('\(.*\)', *\(async \)\{0,1\}.*/\2/p
                s/^test\(\.weir\)\{0,1\}('\(.*\)',\$/\2/p" |
            while read -r name; do
                awk -F'\t' -v file="$file" -v name="$name" \
                    '$3 == file && $4 == name { found = 1 }
                    END { exit !found }' "$tmp/rows" || echo "$file: $name"
            done
    done
}
check 'every test of a document'\''s own file stands in a row' \
    nothing_from not_named
finish
