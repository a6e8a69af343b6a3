#!/bin/sh
# tree.sh - what is in the tree, and how its files are written.
# shellcheck source=test/scripts/tap
. "$(dirname "$0")/tap"

if ! git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
    skip 'the tree is as it should be' 'not a git checkout'
    finish
fi

# What is in git, or would be after `git add .`; not what was just deleted.
ours() {
    git ls-files --cached --others --exclude-standard -- "$@" | sort -u |
        while read -r file; do [ -f "$file" ] && echo "$file"; done
}

strangers_at_the_top() {
    ours | sed 's|/.*||' | sort -u | grep -Ev \
        '^(Makefile|reactor|net|script|test|bench|docs|README\.md|LICENSE|\..*)$'
}
check 'the top has nothing but the folders, Makefile, README.md and LICENSE' \
    nothing_from strangers_at_the_top

check 'no product is in git' \
    nothing_from eval "ours | grep -E '\.(o|a|so|d|dylib)$|^build/'"

# Characters, not bytes: a comment may have a non-ASCII name in it.
long_lines() {
    ours '*.c' '*.h' | while read -r file; do
        LC_ALL=C.UTF-8 grep -nH -E '^.{81,}' "$file" | cut -c1-110
    done
}
check 'no line of C is longer than 80 columns' nothing_from long_lines

# Text files only (-I); this file's own pattern is no blank at an end.
blanks() { ours | tr '\n' '\0' | xargs -0 grep -InH -E '[[:blank:]]+$'; }
check 'no line ends with a blank' nothing_from blanks

tabs() { ours '*.c' '*.h' | tr '\n' '\0' | xargs -0 grep -nH "$(printf '\t')"; }
check 'C is indented with spaces' nothing_from tabs

returns() { ours | tr '\n' '\0' | xargs -0 grep -IlE "$(printf '\r')\$"; }
check 'no line ends with a carriage return' nothing_from returns

unfinished() {
    ours '*.c' '*.h' '*.sh' '*.md' Makefile | while read -r file; do
        [ -s "$file" ] && [ -n "$(tail -c1 "$file")" ] && echo "$file"
    done
}
check 'every file ends with a newline' nothing_from unfinished

not_executable() {
    ours 'test/scripts/*.sh' test/run test/deps test/check-macos .ci/run |
        while read -r file; do [ -x "$file" ] || echo "$file"; done
}
check 'every script can be executed' nothing_from not_executable
finish
