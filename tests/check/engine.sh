#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# The analyser with its real engine: what it says and how it ends when
# something is not as it should be, and what its cache keeps. Without libclang
# only the message about that is tested.

set -u
FA_SRCDIR=$(cd "${srcdir:-.}" && pwd)
tool=$(pwd)/tools/framealloc
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
bad=0

fail() {
    echo "failed: $1"
    [ ! -e log ] || cat log
    bad=1
}

# expect STATUS TEXT ARGUMENTS...
expect() {
    wanted=$1 text=$2
    shift 2
    "$tool" check --no-config "$@" >log 2>&1
    status=$?
    [ $status -eq "$wanted" ] || fail "$* ends with $status, not $wanted"
    grep -q -- "$text" log || fail "$* does not say \"$text\""
}

cat >bug.h <<'END'
#include <framealloc/framealloc.h>
int score(fa_allocator *allocator);
END
cat >bug.c <<'END'
#include "bug.h"
int
score(fa_allocator *allocator)
{
    int *best = fa_frame_new(fa_begin_frame(allocator), int);
    fa_end_frame(allocator);
    return best != NULL ? *best : 0;
}
END
printf 'int nothing;\nint none(void) { return nothing; }\n' >plain.c
printf '#include "missing.h"\n' >broken.c
flags="-- -I$FA_SRCDIR/include"

# shellcheck disable=SC2086 # flags are words
{
    expect 2 'cannot load libclang' --cache none --libclang /nonexistent/x \
        bug.c $flags
    expect 1 FA606 --cache none bug.c $flags
    if grep -q 'there is no libclang' log; then
        echo "no libclang"
        exit 77
    fi
    grep -q 'bug.c:7:27: error' log || fail 'the place of the use is wrong'
    expect 3 'no function uses framealloc' --cache none plain.c $flags
    expect 3 "'missing.h' file not found" --cache none broken.c bug.c $flags
    grep -q FA606 log || fail 'a broken file hides what is wrong with another'
    expect 0 '9 over budget' --cache none --steps 5 bug.c $flags
    expect 1 '(0 cached' --cache "$work/cache" bug.c $flags
    expect 1 '(1 cached' --cache "$work/cache" bug.c $flags
    grep -q FA606 log || fail 'the cache loses what was found'
    sed 's/fa_begin_frame(allocator)/fa_ctx_frame(fa_ctx_current(allocator))/' \
        bug.c >other.c
    echo '/* changed */' >>bug.h
    expect 1 '(0 cached' --cache "$work/cache" bug.c $flags
    printf 'not a module' >"$(ls "$work"/cache/*.ir | head -n 1)"
    expect 1 FA606 --cache "$work/cache" bug.c $flags
    mkdir locked && chmod 500 locked
    expect 1 FA606 --cache "$work/locked/deep" bug.c $flags
}
exit $bad
