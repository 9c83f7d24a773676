#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# The comparison with the baseline notices changes: the core is linked once
# more, with one source that was compiled from a changed copy.

. "$(dirname "$0")/abi.sh"
need "${CC%% *}"

source=src/context/limit.c
header=framealloc/budget.h
map=libframealloc.map
objects=$(find "$FA_BUILDDIR/src" -path '*/.libs/libframealloc_la-*.o' \
    ! -name '*-limit.o')
[ -n "$objects" ] || skip 'the objects of the core are not here'
describe "$FA_BUILDDIR/.libs/libframealloc.so" "$work/before.abi"

fresh_copy() {
    rm -rf "$work/include"
    cp -R "$FA_SRCDIR/include" "$work/include"
    cp "$FA_SRCDIR/$source" "$work/limit.c"
    cp "$FA_SRCDIR/src/$map" "$work/$map"
    chmod -R u+w "$work"
}

# change FILE SCRIPT: sed, which must find something.
change() {
    sed "$2" "$work/$1" >"$work/changed"
    ! cmp -s "$work/$1" "$work/changed" || fail "$1 has changed: $2"
    mv "$work/changed" "$work/$1"
}

is_as_before() {
    # shellcheck disable=SC2015,SC2086 # either may fail; lists of files
    $CC -w -std=c11 -g -O2 -fPIC -fvisibility=hidden -D_GNU_SOURCE \
        -DHAVE_CONFIG_H -I"$FA_BUILDDIR" -I"$work/include" \
        -I"$FA_SRCDIR/src" -c "$work/limit.c" -o "$work/limit.o" &&
        $CC -shared -Wl,-soname,libframealloc.so.0 \
            -Wl,--version-script="$work/$map" -o "$work/libframealloc.so" \
            $objects "$work/limit.o" || fail 'the copy cannot be built'
    describe "$work/libframealloc.so" "$work/after.abi"
    compare "$work/before.abi" "$work/after.abi" >"$work/report" 2>&1
}

must_notice() {
    ! is_as_before || fail "not noticed: $1"
    grep -q "$2" "$work/report" || {
        cat "$work/report"
        fail "the report does not name $2: $1"
    }
    echo "noticed: $1"
}

fresh_copy
is_as_before || { cat "$work/report"; fail 'an unchanged copy differs'; }

more='s/uint64_t id, fa_budget_usage \*out/uint64_t id, fa_budget_usage *out, int more/'
change "include/$header" "$more"
change limit.c 's/^ *fa_budget_usage \*out)/fa_budget_usage *out, int more)/'
must_notice 'one more parameter' fa_budget_read

# The type is defined in this source only.
fresh_copy
change "include/$header" \
    's/^FA_BEGIN_DECLS/&\
struct fai_budget;/
    s/uint64_t id, fa_budget_usage \*out/&, struct fai_budget *more/'
change limit.c 's/^ *fa_budget_usage \*out)/\
    fa_budget_usage *out, struct fai_budget *more)/'
must_notice 'one more parameter of a private type' fai_budget

fresh_copy
change "include/$header" 's/^    uint64_t soft_bytes;$/uint64_t inserted;&/'
must_notice 'a member in the middle of a structure' inserted

fresh_copy
change "include/$header" \
    's/^    fa_budget_decide_fn decide;/& uint64_t appended;/'
must_notice 'a member at the end of a structure' appended

fresh_copy
change "include/$header" 's/FA_BUDGET_WARN = 1/FA_BUDGET_WARN = 9/'
must_notice 'another number in an enumeration' FA_BUDGET_WARN

fresh_copy
change "$map" '/fa_budget_read;/d'
must_notice 'a function that is gone' fa_budget_read

fresh_copy
# shellcheck disable=SC2016 # of sed
change limit.c '$a\
__attribute__((__visibility__("default"))) int fa_budget_more(void);\
int fa_budget_more(void) { return 1; }'
change "$map" 's/^ *fa_budget_read;/&fa_budget_more;/'
must_notice 'a function that is new' fa_budget_more
