# reference.awk - a page of the reference, made from the comments of a header.
#
#   awk -v header=net/net.h -f docs/reference.awk HEADERS > docs/net.md
#
# HEADERS are all the public ones, since their pages link to each other; `header`
# is the one whose page is written. What may stand in a comment is told in
# docs/internals.md. What cannot be understood is an error with its file and
# line, and exit status 1.
#
# First all headers are read into items: a section, a text, or an entry, which
# is a comment and the declarations below it. Then the items of `header` are
# written, a comment as blocks: paragraphs, items of lists, tables, code. Only
# the part that is called "the page" knows of Markdown; manual pages would be
# another such part.
#
# For every awk that follows POSIX: mawk, gawk, BWK's, busybox'.

FNR == 1 {
    finish_reading()
    begin_reading(FILENAME)
}
{ read_line($0) }
END {
    finish_reading()
    reading = header
    if (!(header in title))
        problem(1, "there is no first comment that says: weir/x.h - title")
    name_entries()
    put_page()
    if (complaints)
        close(complaints)
    exit complaints != ""
}

# Of other headers nothing is said: only their names matter here.
function problem(line, what)
{
    if (reading != header)
        return
    complaints = "cat 1>&2"
    print header ":" line ": " what | complaints
}

# ------------------------------------------------------------------ reading

function begin_reading(path)
{
    reading = path
    sub(/.*\//, "", path)
    included = path
    sub(/\.h$/, ".md", path)
    page_of[included] = path
    hidden = grouped = 0
}

function finish_reading()
{
    if (in_comment)
        problem(comment_line, "a comment without an end")
    else if (declaration != "")
        problem(declaration_line, "a declaration without an end")
    drop_comment()
    in_comment = in_extern = 0
    declaration = ""
}

function read_line(line)
{
    if (in_comment)
        read_comment(line)
    else if (declaration != "")
        read_declaration(line)
    else if (macro != "")
        read_macro(line)
    else if (line ~ /^[ \t]*$/)
        flush_comment()
    else if (index(line, "/*") == 1)
        begin_comment(line)
    else if (line ~ /^#[ \t]*define[ \t]/)
        begin_macro(line)
    else if (line ~ /^#/)
        drop_comment()
    else if (line == "extern \"C\" {")
        in_extern = 1
    else if (line == "}" && in_extern)
        in_extern = 0
    else
        begin_declaration(line)
}

# -------- comments

function begin_comment(line)
{
    flush_comment()
    in_comment = 1
    comment_line = FNR
    comment = ""
    read_comment(" *" substr(line, 3))
}

function read_comment(line,    end)
{
    end = index(line, "*/")
    if (end) {
        if (substr(line, end + 2) ~ /[^ \t]/)
            problem(FNR, "something behind a comment")
        line = substr(line, 1, end - 1)
        in_comment = 0
    }
    if (line !~ /^ (\*|$)/)
        problem(FNR, "a line of a comment that does not begin with \" * \"")
    sub(/^ \*? ?/, "", line)
    sub(/[ \t]+$/, "", line)
    comment = comment line "\n"
    if (!in_comment)
        end_comment()
}

function end_comment()
{
    gsub(/^\n+|\n+$/, "", comment)
    if (comment ~ /^---+ [^\n]*$/) {
        sub(/^-+ /, "", comment)
        hidden = comment ~ /^private/
        add("section", comment_line, \
            toupper(substr(comment, 1, 1)) substr(comment, 2))
        comment = ""
    } else if (!(reading in title)) {
        begin_page()
    }
}

# The first comment: the title, and the introduction.
function begin_page(    line)
{
    line = comment
    sub(/\n.*/, "", line)
    if (line !~ /^weir\/[a-z_]+\.h - ./)
        problem(comment_line, "not the first line of a header: weir/x.h - title")
    sub(/ - /, ": ", line)
    title[reading] = line
    sub(/^[^\n]*\n*/, "", comment)
    if (comment != "")
        introduction[reading] = items + 1
    flush_comment()
}

# No declaration directly below: a text of the section.
function flush_comment()
{
    if (comment != "")
        add("text", comment_line, comment)
    comment = ""
    grouped = 0
}

# Above a line of the preprocessor: for who reads the header.
function drop_comment()
{
    comment = ""
    grouped = 0
}

# -------- declarations

function begin_macro(line,    words)
{
    macro_line = FNR
    split(line, words, /[ \t(]+/)
    macro_name = words[1] == "#" ? words[3] : words[2]
    macro = ""
    read_macro(line)
}

function read_macro(line)
{
    macro = macro line "\n"
    if (line ~ /\\$/)
        return
    if (macro_name ~ /_H$/ || macro_name == "WEIR_API")
        drop_comment()
    else
        declare(macro_name, macro_line, macro)
    macro = ""
}

function begin_declaration(line)
{
    declaration_line = FNR
    declaration = bare = ""
    depth = in_remark = 0
    read_declaration(line)
}

function read_declaration(line,    code)
{
    if (depth == 0 && line ~ /^[ \t]*$/ || line ~ /^#/) {
        problem(declaration_line, "a declaration that is not understood")
        declaration = ""
        drop_comment()
        return
    }
    declaration = declaration line "\n"
    code = without_remarks(line)
    depth += gsub(/[{(]/, "&", code) - gsub(/[})]/, "&", code)
    bare = bare code " "
    if (depth == 0 && code ~ /;[ \t]*$/)
        end_declaration()
}

# A line of a declaration without the comments in it.
function without_remarks(line,    code, at)
{
    while (line != "") {
        at = index(line, in_remark ? "*/" : "/*")
        if (!in_remark)
            code = code substr(line, 1, at ? at - 1 : length(line))
        if (!at)
            break
        line = substr(line, at + 2)
        in_remark = !in_remark
    }
    return code
}

function end_declaration(    names)
{
    gsub(/[ \t]+/, " ", bare)
    sub(/^WEIR_API /, "", bare)
    names = declared(bare)
    if (names == "" && !hidden)
        problem(declaration_line, "a declaration that is not understood")
    else
        declare(names, declaration_line, declaration)
    declaration = ""
}

# The names that a declaration has an entry under, one blank between them; ""
# when it is none of those that this program knows.
function declared(code,    tag, name)
{
    if (match(code, /^(typedef )?(struct|union|enum) weir_[a-z_0-9]+ \{/)) {
        split(substr(code, 1, RLENGTH), tag, " ")
        name = tag[1] == "typedef" ? tag[3] : tag[2]
        if (code ~ /^(typedef )?enum /)
            constants_of(code, name)
    } else if (code ~ /^enum \{/) {
        return constants_of(code, "")
    } else if (code ~ /\{/) {
        return ""
    } else if (match(code, /\(\*weir_[a-z_0-9]+\)/)) {
        name = substr(code, RSTART + 2, RLENGTH - 3)
    } else {
        name = code
        sub(/[ []?[(;[].*/, "", name)
        sub(/.*[ *]/, "", name)
    }
    return name ~ /^weir_[a-z_0-9]+$/ ? name : ""
}

# The constants of an enum; those of one with a name are found in its entry.
function constants_of(code, type,    list, count, i, names)
{
    sub(/^[^{]*\{/, "", code)
    sub(/\}.*/, "", code)
    count = split(code, list, ",")
    for (i = 1; i <= count; i++) {
        gsub(/=.*| /, "", list[i])
        if (list[i] != "" && type == "")
            names = names (names == "" ? "" : " ") list[i]
        else if (list[i] != "")
            enum_of[list[i]] = type
    }
    return names
}

# Adds a declaration to its entry: one that begins here, below a comment or a
# blank line, or the one that the line before belongs to.
function declare(names, line, text)
{
    if (hidden)
        return
    if (!grouped || comment != "")
        add("entry", line, comment)
    comment = ""
    grouped = 1
    parts[items]++
    part_names[items, parts[items]] = names
    part_text[items, parts[items]] = text
    if (bare_forward(text))
        forward[reading, names] = text
    else if (names ~ /^weir_[a-z_0-9]+$/)
        defined[reading, names] = items
}

function bare_forward(text)
{
    return text ~ /^typedef (struct|union) weir_[a-z_0-9]+ weir_[a-z_0-9]+;\n$/
}

function add(what, line, text)
{
    if (hidden)
        return
    kind[++items] = what
    of[items] = reading
    at_line[items] = line
    content[items] = text
}

# ------------------------------------------------------------------- naming

# Which names have an entry, and its anchor. A struct that is declared first and
# defined further down has its entry there.
function name_entries(    i)
{
    for (i = 1; i <= items; i++) {
        if (kind[i] == "section")
            heading[i] = content[i]
        else if (kind[i] == "entry")
            name_entry(i)
        if (heading[i] != "")
            set_anchor(i)
        else if (content[i] != "")
            check_place(i)
    }
}

function name_entry(i,    k, list, count, n)
{
    for (k = 1; k <= parts[i]; k++) {
        if (elsewhere(i, k))
            continue
        count = split(part_names[i, k], list, " ")
        for (n = 1; n <= count; n++)
            entry_of[list[n]] = i
        add_names(i, count > 3 ? list[1] " ... " list[count] : \
                  part_names[i, k])
    }
    if (heading[i] == "")
        kind[i] = "text"
    else if (content[i] == "" && of[i] == header)
        problem(at_line[i], heading[i] " has no comment")
}

# A reader of the page would take it for the entry's.
function check_place(i)
{
    if (of[i] == header && of[i - 1] == header && kind[i - 1] == "entry")
        problem(at_line[i], "a text of the section behind an entry")
}

function elsewhere(i, k,    name)
{
    name = part_names[i, k]
    return bare_forward(part_text[i, k]) && ((of[i], name) in defined)
}

function add_names(i, names)
{
    if (names !~ / \.\.\. /)
        gsub(/ /, ", ", names)
    heading[i] = heading[i] (heading[i] == "" ? "" : ", ") names
}

# ------------------------------------------------------------ what is printed

# The declarations of an entry, as C.
function code_of(i,    k, text)
{
    for (k = 1; k <= parts[i]; k++)
        if (!elsewhere(i, k)) {
            if ((of[i], part_names[i, k]) in forward && \
                part_text[i, k] !~ /^typedef/)
                text = text forward[of[i], part_names[i, k]] "\n"
            text = text as_c(part_text[i, k])
        }
    return text
}

# Without WEIR_API, on one line if that has room for it; without what is private.
function as_c(text,    line)
{
    if (text ~ /^#/) {
        gsub(/[ \t]+\\\n/, " \\\n", text)
    } else if (text !~ /\{/) {
        line = text
        sub(/^WEIR_API /, "", line)
        if (line != text)
            gsub(/\n         /, "\n", text)
        sub(/^WEIR_API /, "", text)
        gsub(/\n +/, " ", line)
        if (length(line) <= 81)
            text = line
    } else {
        text = without_private(text)
    }
    return text
}

function without_private(text,    lines, count, i, code, on)
{
    count = split(text, lines, "\n")
    on = 1
    for (i = 1; i < count; i++) {
        if (lines[i] ~ /^\}/ || lines[i] ~ /^ *\/\* public \*\/$/)
            on = 1
        if (on)
            code = code lines[i] "\n"
        if (lines[i] ~ /^ *\/\* private \*\/$/)
            on = 0
    }
    return code
}

# Splits a comment into blocks: block_kind[1..blocks] and block[]. An item's
# later paragraphs and code are those whose block_depth is 1.
function split_blocks(text,    lines, count, i, dent, after)
{
    blocks = in_item = 0
    after = "blank"
    count = split(text, lines, "\n")
    for (i = 1; i <= count; i++) {
        match(lines[i], /^ */)
        dent = RLENGTH
        after = split_line(lines[i], dent, after)
    }
}

# Gives what the line was, for the next one.
function split_line(line, dent, after)
{
    if (line == "")
        return after == "code" || after == "code blank" ? "code blank" : "blank"
    if (in_item && dent < item_dent && line !~ /^ *- /)
        in_item = 0
    if (line ~ /^ ? ? ?- /) {
        in_item = 1
        item_dent = dent + 2
        tight[blocks + 1] = after == "item"
        return add_block("item", substr(line, dent + 3))
    }
    if (dent >= 4 + (in_item ? item_dent : 0)) {
        line = substr(line, 5 + (in_item ? item_dent : 0))
        if (after ~ /^code/)
            return extend_block("code", (after == "code" ? "" : "\n") "\n" line)
        return add_block("code", line)
    }
    line = substr(line, dent + 1)
    if (after == "table" && block[blocks] !~ /\|$/)
        return extend_block("table", " " line)
    if (line ~ /^\|/)
        return after == "table" ? extend_block("table", "\n" line) : \
            add_block("table", line)
    if (after == "paragraph" && block_depth[blocks] == in_item || \
        after == "item" && in_item)
        return extend_block(after, "\n" line)
    return add_block("paragraph", line)
}

function add_block(what, text)
{
    block_kind[++blocks] = what
    block[blocks] = text
    block_depth[blocks] = in_item
    return what
}

function extend_block(what, text)
{
    block[blocks] = block[blocks] text
    return what
}

# ------------------------------------------------------------------ the page

function put_page(    i)
{
    print "<!-- Made from " header " by docs/reference.awk, by `make docs`:"
    print "     change the comments of the header. -->"
    print ""
    print "# " title[header]
    put_introduction()
    put_contents()
    for (i = 1; i <= items; i++)
        if (of[i] == header && i != introduction[header])
            put_item(i)
}

function put_introduction()
{
    if (header in introduction)
        put_item(introduction[header])
    print "\nThis is the reference of [`" header "`](../" header "), made from its"
    print "comments and in its order."
}

# As GitHub makes it from a heading.
function set_anchor(i,    text)
{
    text = tolower(heading[i])
    gsub(/[^a-z0-9_ -]/, "", text)
    gsub(/ /, "-", text)
    if ((of[i], text) in anchors && of[i] == header)
        problem(at_line[i], "a second heading that is \"" heading[i] "\"")
    anchors[of[i], text] = 1
    anchor[i] = text
}

# Only where there are sections: the other pages are short.
function put_contents(    i, sections, entries)
{
    for (i = 1; i <= items; i++) {
        if (of[i] != header || heading[i] == "")
            continue
        if (kind[i] == "section") {
            printf "%s", sections++ ? "\n" : "\n## Contents\n\n"
            printf "- [%s](#%s)", heading[i], anchor[i]
            entries = 0
        } else if (sections) {
            printf "%s\n  [%s](#%s)", entries++ ? " ·" : "", \
                in_backquotes(heading[i]), anchor[i]
        }
    }
    if (sections)
        print ""
}

function in_backquotes(names)
{
    gsub(/, /, "`, `", names)
    return "`" names "`"
}

# An entry's declaration stands behind the first paragraph, which says what it
# is.
function put_item(i,    n)
{
    this = i
    if (kind[i] == "section") {
        print "\n## " heading[i]
        return
    }
    split_blocks(content[i])
    n = 1
    if (kind[i] == "entry") {
        print "\n### " heading[i]
        if (blocks && block_kind[1] == "paragraph")
            put_block(n++)
        put_code(code_of(i), "c", "")
    }
    while (n <= blocks)
        put_block(n++)
}

function put_block(n,    what, text, indent)
{
    what = block_kind[n]
    text = block[n]
    indent = block_depth[n] ? "  " : ""
    if (what == "code") {
        put_code(text "\n", text ~ /[;{}]/ ? "c" : "", indent)
        return
    }
    split("", linked)
    text = as_markdown(text)
    gsub(/\n/, "\n" indent, text)
    if (what == "item")
        print (tight[n] ? "- " : "\n- ") text
    else
        print "\n" indent text
}

function put_code(text, language, indent)
{
    gsub(/\n/, "\n" indent, text)
    gsub(/\n +\n/, "\n\n", text)
    printf "\n%s```%s\n%s%s```\n", indent, language, indent, text
}

# Names, errors and constants in backquotes, with links; nothing else has a
# meaning that was not meant.
function as_markdown(text,    out, part)
{
    while (text != "") {
        part = first_part(text)
        text = substr(text, length(part) + 1)
        out = out put_part(part)
    }
    return guarded(out)
}

# The longest beginning of a text that is written in one way.
function first_part(text,    rest)
{
    if (match(text, /^`[^`]*`/) || \
        match(text, /^[a-z_\/]+\.(md|h|c)(#[a-z0-9_-]+)?/) || \
        match(text, /^-E[A-Z][A-Z0-9]+/))
        return substr(text, 1, RLENGTH)
    if (match(text, /^(weir|WEIR)_[A-Za-z0-9_*]+/)) {
        rest = substr(text, RLENGTH + 1)
        return substr(text, 1, RLENGTH + length(arguments(rest)))
    }
    if (match(text, /^[A-Za-z0-9_]+\(\)/) || match(text, /^[A-Za-z0-9_]+/) || \
        match(text, /^[^A-Za-z0-9_`<*\\\/-]+/))
        return substr(text, 1, RLENGTH)
    return substr(text, 1, 1)
}

# The parentheses that a text begins with, and what is in them.
function arguments(text,    i, open, c)
{
    if (text !~ /^\(/)
        return ""
    for (i = 1; i <= length(text); i++) {
        c = substr(text, i, 1)
        open += (c == "(") - (c == ")")
        if (open == 0)
            return substr(text, 1, i)
    }
    return ""
}

function put_part(part)
{
    if (part == "`")
        problem(at_line[this], "a backquote without another one")
    if (part == "<")
        return "&lt;"
    if (part == "*" || part == "\\")
        return "\\" part
    if (part ~ /^[a-z_\/]+\.(md|h|c)(#.*)?$/)
        return put_path(part)
    if (part ~ /^(weir|WEIR)_/)
        return put_name(part)
    if (part ~ /^-E[A-Z]/ || part ~ /\(\)$/ || part ~ /^[A-Z0-9]+_[A-Z0-9_]+$/ || \
        part ~ /^E[A-Z][A-Z0-9][A-Z0-9]+$/ || part ~ /^SIG[A-Z]+$/)
        return "`" part "`"
    return part
}

# A document, one of the public headers, which are pages, or another file.
function put_path(path,    name, text)
{
    name = path
    sub(/^docs\//, "", name)
    text = name
    sub(/#.*/, "", text)
    if (name != path)
        return "[" text "](" name ")"
    sub(/^weir\//, "", name)
    if (name in page_of)
        return "[" path "](" page_of[name] ")"
    if (path ~ /^(reactor|net|script|test|bench)\//)
        return "[`" path "`](../" path ")"
    return path
}

# A link once in each block, and not to the item itself.
function put_name(part,    name, i, page)
{
    name = part
    sub(/[(*].*/, "", name)
    if (name in enum_of)
        name = enum_of[name]
    if (part ~ /\*/ || !(name in entry_of))
        return "`" part "`"
    i = entry_of[name]
    if (i == this || (i in linked))
        return "`" part "`"
    linked[i] = 1
    page = of[i]
    sub(/.*\//, "", page)
    page = of[i] == header ? "" : page_of[page]
    return "[`" part "`](" page "#" anchor[i] ")"
}

# What would begin a list, a heading or a quotation at the beginning of a line.
function guarded(text)
{
    text = "\n" text
    gsub(/\n#/, "\n\\#", text)
    gsub(/\n>/, "\n\\>", text)
    gsub(/\n\+ /, "\n\\+ ", text)
    return substr(text, 2)
}
