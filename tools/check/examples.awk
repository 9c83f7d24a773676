# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# Makes C of the files in explain/: for each code what its comment says, what
# both examples need, and the examples.

function escape(line) {
    gsub(/[\\"]/, "\\\\&", line)
    return line
}

# Blank lines wait until something follows.
function put(line) {
    if (line == "") {
        blanks = blanks "\n"
        return
    }
    if (!has_text)
        blanks = ""
    gsub(/\n/, "     \"\\n\"\n", blanks)
    printf "%s     \"%s\\n\"\n", blanks, escape(line)
    blanks = ""
    has_text = 1
}

# The next of the four texts of an entry.
function go_on(to) {
    printf "     \"\",\n"
    part = to
    blanks = ""
    has_text = 0
}

function end_entry() {
    if (part != "")
        printf "     \"\"},\n"
}

BEGIN {
    print "/* Made by examples.awk of the files in explain/. */"
    print "#include \"check/examples.h\"\n"
    print "const struct check_example check_examples[] = {"
}

FNR == 1 {
    end_entry()
    code = FILENAME
    sub(/^.*FA0?/, "", code)
    sub(/\.c$/, "", code)
    printf "    {%s,\n", code
    part = "licence"
    blanks = ""
    has_text = 0
}

/^\/\* SPDX-/ { next }
part == "licence" && /^\/\*$/ { part = "text"; next }
part == "text" && /^ \*\/$/ { go_on("both"); next }
part == "text" { sub(/^ \* ?/, ""); put($0); next }
part == "both" && /^\/\* bad \*\/$/ { go_on("bad"); next }
part == "bad" && /^\/\* good \*\/$/ { go_on("good"); next }
{ put($0) }

END {
    end_entry()
    print "    {0, \"\", \"\", \"\", \"\"}};"
}
