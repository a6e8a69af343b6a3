#!/bin/sh
# tree.sh - what is in the tree, and how its files are written.
# shellcheck source=test/shell/tap
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

# Versions differ in what they make of the same settings: 14 is Debian 12's.
format='C is laid out as clang-format has it'
if clang-format --version 2>/dev/null | grep -q 'version 14\.'; then
    # shellcheck disable=SC2046 # names without blanks
    check "$format" clang-format --dry-run -Werror $(ours '*.c' '*.h')
else
    skip "$format" 'clang-format 14 is missing'
fi

# `if (x) {`, one line that is a statement, `}`: here and in all of the builtins
# as in C. An else, or a body of several lines, keeps the braces of both.
needless_braces() {
    ours 'script/lib/*.js' | while read -r file; do
        awk -v file="$file" '
            function indent(line) { match(line, /^ */); return RLENGTH }
            before ~ /^ *(if|for|while) \(.*\) \{$/ && body ~ /;$/ &&
                body !~ /^ *(const|let|if|for|while) / && /^ *\}$/ &&
                indent($0) == indent(before) { print file ": " NR - 2 }
            { before = body; body = $0 }' "$file"
    done
}
check 'a body of one line has no braces in the builtins' \
    nothing_from needless_braces

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
    ours 'test/shell/*.sh' test/run test/deps test/check-macos .ci/run |
        while read -r file; do [ -x "$file" ] || echo "$file"; done
}
check 'every script can be executed' nothing_from not_executable
finish
