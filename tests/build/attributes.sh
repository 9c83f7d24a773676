#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# What ordinary tools find by the attributes of the headers, by framealloc.cfg
# and by fa_model.h: in attributes_bad.c the lines that name the tool and no
# others, in attributes_good.c and in the examples nothing.

. "$(dirname "$0")/common.sh"
include=$FA_SRCDIR/include
doc=$FA_SRCDIR/doc
bad=0
tried=

# Lines of attributes_bad.c that a tool must complain about.
expected() {
    sed -n "/[;{}] \/\* \(.* \)*$1 .*\*\/\$/=" "$here/attributes_bad.c"
}

# lines NAME COMMAND...: where a command complains in attributes_bad.c.
lines() {
    "$@" "$here/attributes_bad.c" 2>&1 |
        sed -nE 's/^.*attributes_bad\.c:([0-9]+):[0-9]+: ?(warning|error):.*/\1/p' |
        sort -n -u
}

# tool NAME COMMAND...
tool() {
    name=$1
    shift
    command -v "$1" >/dev/null 2>&1 || return 0
    tried="$tried $name"
    expected "$name" >"$work/expected"
    [ -s "$work/expected" ] || fail "no line is for $name"
    lines "$@" >"$work/found"
    if ! cmp -s "$work/expected" "$work/found"; then
        echo "$name, lines of attributes_bad.c: expected and found"
        diff "$work/expected" "$work/found" || bad=1
    fi
    silent "$name" "$@" "$here/attributes_good.c"
}

# silent NAME COMMAND...: no complaint.
silent() {
    name=$1
    shift
    if ! "$@" >"$work/output" 2>&1 || [ -s "$work/output" ]; then
        echo "$name complains:"
        cat "$work/output"
        bad=1
    fi
}

# Examples that need nothing but the library.
examples() {
    grep -L -E '#include <(SDL|uv|cjson|expat|vulkan|chipmunk|framealloc/)' \
        "$FA_SRCDIR"/examples/*.c
}

compile="-std=gnu11 -Wall -Wextra -I$include -c -o $work/object"
model="-std=gnu11 --analyze -Xclang -analyzer-output=text
    -include $doc/fa_model.h -I$include"
frames="-std=gnu11 -Wall -Wextra -Wthread-safety -I$include -fsyntax-only
    -DFRAMEALLOC_THREAD_SAFETY_ANALYSIS"

# shellcheck disable=SC2086 # lists of flags
if command -v gcc >/dev/null 2>&1 && [ "$(gcc -dumpversion)" -ge 11 ]; then
    tool gcc gcc $compile -O0
    tool gcc-O2 gcc $compile -O2
    tool strict gcc $compile -O2 -DFRAMEALLOC_STRICT_DEALLOC
    tool strict gcc $compile -O0 -DFRAMEALLOC_STRICT_DEALLOC
    silent 'gcc -fanalyzer' gcc $compile -O0 -fanalyzer \
        "$here/attributes_good.c"
    silent 'gcc -O2 -fanalyzer' gcc $compile -O2 -fanalyzer \
        "$here/attributes_good.c"
    for file in $(examples); do
        silent "gcc -O0, $file" gcc $compile -O0 "$file"
        silent "gcc strict, $file" gcc $compile -O2 \
            -DFRAMEALLOC_STRICT_DEALLOC "$file"
    done
fi
for clang in clang clang-14 clang-19; do
    command -v $clang >/dev/null 2>&1 || continue
    # shellcheck disable=SC2086 # lists of flags
    tool frames $clang $frames
    # shellcheck disable=SC2086
    tool model $clang $model
    for file in $(examples); do
        # shellcheck disable=SC2086
        silent "$clang model, $file" $clang $model "$file"
    done
done
if command -v cppcheck >/dev/null 2>&1; then
    cppcheck="cppcheck --quiet --std=c11 --language=c -DFA_NO_INLINE
        --enable=warning,performance,portability -I$include
        --library=$doc/framealloc.cfg --template={file}:{line}:1:warning:{id}"
    # shellcheck disable=SC2086
    tool cppcheck $cppcheck
    # shellcheck disable=SC2086,SC2046
    silent 'cppcheck, examples' $cppcheck $(examples)
fi
[ -n "$tried" ] || skip 'no gcc, clang or cppcheck here'
exit $bad
