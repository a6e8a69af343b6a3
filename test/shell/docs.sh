#!/bin/sh
# docs.sh - the documentation says what the headers say: nothing is missing,
# nothing is invented, links lead somewhere, programs compile.
# shellcheck source=test/shell/tap
. "$(dirname "$0")/tap"

pages='README.md docs/*.md'
reference() { echo "docs/$(basename "$1" .h).md"; }

headers="reactor/reactor.h reactor/runtime.h net/net.h net/blocking.h"

# ------------------------------------------------------------ what is made

# generate AWK HEADER [ALL]: the page of a header.
# shellcheck disable=SC2086 # a command with its option, a list of files
generate() { LC_ALL=C $1 -v header="$2" -f docs/reference.awk ${3:-$headers}; }
as_made() {
    generate awk "$1" >"$tmp/.page" && diff -u "$(reference "$1")" "$tmp/.page"
}
for header in $headers; do
    check "$(reference $header) is what $header gives, and each name has a comment" \
        as_made $header
done

# Any awk will do.
all_pages() { for header in $headers; do generate "$1" "$header"; done; }
all_pages awk >"$tmp/pages"
for one in mawk gawk 'gawk --posix' original-awk 'busybox awk'; do
    if has "${one%% *}" && $one 'BEGIN { exit 0 }' 2>"$tmp/.awk"; then
        check "$one makes the same pages" eval \
            'all_pages "$one" | cmp - "$tmp/pages"'
    fi
done

# refuses LINE WHAT TEXT: of a header with the text in it the generator says in
# which line it has which fault.
refuses() {
    printf '/*\n * weir/x.h - a title\n */\n\n%b\n' "$3" >"$tmp/x.h"
    generate awk "$tmp/x.h" "$tmp/x.h" >"$tmp/.page" 2>"$tmp/.fault" && return 1
    cat "$tmp/.fault"
    grep -qF "$tmp/x.h:$1: $2" "$tmp/.fault"
}
check 'a declaration without a comment is a fault of the header' \
    refuses 5 'weir_x has no comment' 'void weir_x(void);'
check 'a comment that does not end is one' \
    refuses 5 'a comment without an end' '/* About\n * it.\nvoid weir_x(void);'
check 'a declaration that does not end is one' \
    refuses 6 'a declaration without an end' '/* It. */\nvoid weir_x(void)'
check 'what is no declaration is one' \
    refuses 6 'a declaration that is not understood' '/* It. */\nweir\n\nis;'
check 'two entries with one anchor are one' refuses 9 'a second heading' \
    '/* A. */\nvoid weir_x(void);\n\n/* B. */\n#define WEIR_X 1'
check 'a text that would be taken for the entry before it is one' \
    refuses 8 'a text of the section' '/* A. */\nvoid weir_x(void);\n\n/* B. */\n'
check 'a backquote without another is one' refuses 6 'a backquote' \
    '/* The `x. */\nvoid weir_x(void);'

# ---------------------------------------------------------- what headers say

# A header without comments and preprocessor lines.
bare() {
    awk '{ text = text $0 "\n" }
    END {
        while ((start = index(text, "/*")) > 0) {
            rest = substr(text, start + 2)
            end = index(rest, "*/")
            if (!end)
                break
            text = substr(text, 1, start - 1) substr(rest, end + 2)
        }
        printf "%s", text
    }' "$1" | grep -v '^#'
}

# One space between words, none inside of parentheses: prototypes in one form.
one_form() {
    tr '\n' ' ' | sed 's/[[:space:]][[:space:]]*/ /g; s/( /(/g; s/ )/)/g'
}

# The prototypes of a header, one a line.
prototypes() {
    bare "$1" | awk '/^WEIR_API/ { on = 1 } on { printf "%s ", $0 }
        on && /;/ { on = 0; print "" }' |
        sed 's/^WEIR_API //; s/[[:space:]][[:space:]]*/ /g; s/( /(/g; s/; *$/;/'
}
functions() { prototypes "$1" | sed 's/(.*//; s/.*[ *]//' | sort -u; }

# Names of types: of structs, of functions, of enums.
types() {
    bare "$1" | sed -n '
        s/^typedef .*[ *]\(weir_[a-z_0-9]*\)(.*/\1/p
        s/^typedef .*[ *]\(weir_[a-z_0-9]*\);.*/\1/p
        s/^} \(weir_[a-z_0-9]*\);.*/\1/p' | sort -u
}

constants() {
    bare "$1" | grep -o '\<WEIR_[A-Z_0-9]*\>' | grep -vx WEIR_API | sort -u
}

# "type member" for each public struct: one that is written as
# typedef struct weir_x { ... } weir_x; (the others are private inside).
members() {
    bare "$1" | awk '
        /^typedef struct weir_[a-z_]* \{/ { type = $3; next }
        /^} / { type = "" }
        type == "" { next }
        /union \{|struct \{/ { next }
        { line = line " " $0 }
        !/;/ { next }
        {
            if (match(line, /\(\*[a-z_]+\)/)) {
                print type, substr(line, RSTART + 2, RLENGTH - 3)
            } else {
                sub(/;.*/, "", line)
                count = split(line, parts, ",")
                for (i = 1; i <= count; i++) {
                    n = split(parts[i], words, /[ *}]+/)
                    if (words[n] != "")
                        print type, words[n]
                }
            }
            line = ""
        }'
}

# ------------------------------------------------------------- what docs say

# The headings of level 3 and above are names, or sections that explain.
headings() { sed -n 's/^### *//p' "$1" | grep -o '\<weir_[a-z_0-9]*\>' | sort -u; }

# The text below a heading that has the name in it.
section() {
    awk -v name="$2" '
        /^##/ { on = 0 }
        /^### / {
            count = split($0, words, /[ ,]+/)
            for (i = 2; i <= count; i++)
                if (words[i] == name)
                    on = 1
        }
        on' "$1"
}

# The code blocks of a page, or those of them that are C.
code() { awk '/^```/ { on = !on; next } on' "$1"; }
prose() { awk '/^ *```/ { on = !on; next } !on' "$1"; }

not_described() {
    functions "$1" >"$tmp/expected"
    types "$1" >>"$tmp/expected"
    headings "$(reference "$1")" >"$tmp/found"
    sort -u "$tmp/expected" | comm -23 - "$tmp/found"
}
invented() {
    { functions "$1"; types "$1"; bare "$1" | grep -o '\<weir_[a-z_]*\>'
      sed -n 's/^# *define \(weir_[a-z_]*\)(.*/\1/p' "$1"; } |
        sort -u >"$tmp/expected"
    headings "$(reference "$1")" | comm -23 - "$tmp/expected"
}
differing_prototypes() {
    code "$(reference "$1")" | one_form >"$tmp/code"
    prototypes "$1" | while read -r prototype; do
        grep -qF "$prototype" "$tmp/code" || echo "$prototype"
    done
}
not_mentioned() {
    constants "$1" | while read -r constant; do
        grep -qw "$constant" "$(reference "$1")" || echo "$constant"
    done
}
# A member is described in the text, or by a comment behind or above it.
members_not_mentioned() {
    members "$1" | while read -r type member; do
        section "$(reference "$1")" "$type" | awk -v member="$member" '
            BEGIN { word = "(^|[^a-z_])" member "([^a-z_]|$)" }
            /^```/ { on = !on; next }
            $0 ~ word && (!on || /\/\*/ || last ~ /\*\/$/) { found = 1 }
            { last = $0 }
            END { exit !found }' || echo "$type: $member"
    done
}

for header in $headers; do
    page=$(reference $header)
    members $header >"$tmp/members"
    case $header in
    */runtime.h | */blocking.h) least=2 structs= ;;
    *) least=30 structs=yes ;;
    esac
    check "$header declares functions and structs that this script can read" \
        sh -c "[ $(functions $header | wc -l) -ge $least ] &&
            { [ -z '$structs' ] || [ -s $tmp/members ]; }"
    check "every function and type of $header has a heading in $page" \
        nothing_from not_described $header
    check "every heading of $page is a name that $header has" \
        nothing_from invented $header
    check "$page gives every prototype as $header does" \
        nothing_from differing_prototypes $header
    check "every constant of $header is mentioned in $page" \
        nothing_from not_mentioned $header
    check "every member of a public struct of $header is described in $page" \
        nothing_from members_not_mentioned $header
done

# Whatever looks like a call or a constant of ours, anywhere in the pages that
# are for users; docs/decisions.md may speak of what is inside.
strangers() {
    { for header in $headers script/script.h; do
        bare "$header" | grep -o '\<[Ww][Ee][Ii][Rr]_[A-Za-z_0-9]*\>'
        sed -n 's/^# *define \([A-Za-z_]*\).*/\1/p' "$header"
    done; } | sort -u >"$tmp/ours"
    for file in README.md docs/guide.md docs/reactor.md docs/runtime.md \
        docs/net.md docs/blocking.md docs/embedding.md; do
        [ -e "$file" ] || continue
        { grep -o '\<weir_[a-z_0-9]*(' "$file" | tr -d '('
          grep -o '\<WEIR_[A-Z_0-9]*[A-Z0-9]\>' "$file"; } | sort -u |
            comm -23 - "$tmp/ours" | sed "s|^|$file: |"
    done
}
check 'the pages name no function and no constant that does not exist' \
    nothing_from strangers

# -------------------------------------------------------------------- links

# The anchors that a page has: headings as GitHub turns them into names.
anchors() {
    prose "$1" | sed -n 's/^##* *//p' | tr '[:upper:]' '[:lower:]' |
        sed 's/[^a-z0-9_ -]//g; s/ /-/g'
}
doubled_anchors() {
    for file in $pages; do
        [ -e "$file" ] && anchors "$file" | sort | uniq -d | sed "s|^|$file: |"
    done
}
broken_links() {
    for file in $pages; do
        [ -e "$file" ] || continue
        prose "$file" | grep -o '](\([^)]*\))' | sed 's/^](//; s/)$//' |
            sort -u | while read -r link; do
            case $link in *://* | mailto:*) continue ;; esac
            path=${link%%#*}
            anchor=${link#"$path"}
            target=$file
            [ -n "$path" ] && target=$(dirname "$file")/$path
            if [ ! -e "$target" ]; then
                echo "$file: $link"
            elif [ -n "$anchor" ]; then
                anchors "$target" | grep -qxF -- "${anchor#\#}" ||
                    echo "$file: $link (no such heading)"
            fi
        done
    done
}
check 'every link inside of the documentation leads somewhere' \
    nothing_from broken_links
check 'no page has two headings of one name' nothing_from doubled_anchors

# ----------------------------------------------------------------- programs

# Each C block with a main() into a file of its own, named after its line.
extract() {
    awk -v stem="$tmp/$(basename "$1" .md)" '
        /^```/ && on {
            if (text ~ /int main/)
                printf "%s", text >(stem "-line-" line ".c")
            on = 0
        }
        on { text = text $0 "\n" }
        /^```c$/ { on = 1; text = ""; line = NR + 1 }' "$1"
}
for file in docs/guide.md README.md docs/embedding.md; do
    if [ -e $file ]; then
        extract $file
    else
        skip "the programs of $file compile" "there is no $file"
    fi
done

libs=$(make -s --no-print-directory print-libs)
script_libs=$(make -s --no-print-directory print-script-libs)
compiles() {
    case $(cat "$1") in
    *weir/script.h*) with="build/libweir-script.a build/libweir.a $script_libs" ;;
    *) with="build/libweir.a $libs" ;;
    esac
    # shellcheck disable=SC2086 # a list of options
    ${CC:-cc} -Wall -Wextra -Werror -std=c11 -D_GNU_SOURCE "$1" \
        -Ibuild/include $with -o "${1%.c}"
}
for file in "$tmp"/*-line-*.c; do
    [ -e "$file" ] || continue
    name=$(basename "$file" .c)
    if grep -q 'weir/script\.h' "$file" && ! [ -f build/libweir-script.a ]; then
        skip "the program at line ${name##*-} of ${name%%-*}.md compiles" \
            'no JavaScriptCore'
        continue
    fi
    check "the program at line ${name##*-} of ${name%%-*}.md compiles and links" \
        compiles "$file"
done
finish
