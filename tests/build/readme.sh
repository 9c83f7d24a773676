#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# What the documents promise: the first program in README has at most 15 lines,
# compiles with nothing but what pkg-config says, and runs; framealloc(7) shows
# the same program, and knows every key of FRAMEALLOC_OPTIONS; fa_diag(3) knows
# every number of the registry.

. "$(dirname "$0")/common.sh"
need "${CC%% *}" "$PKG_CONFIG"

# What stands between two lines of a file, the first time.
between() {
    sed -n "/$2/,/$3/{p;/$3/q}" "$1" | sed '1d;$d'
}

readme=$FA_SRCDIR/README
manual=$FA_SRCDIR/doc/framealloc.7
between "$readme" '^\[first program: begin\]' '^\[first program: end\]' \
    >"$work/first.c"
lines=$(wc -l <"$work/first.c")
{ [ "$lines" -gt 0 ] && [ "$lines" -le 15 ]; } ||
    fail "the program of README has $lines lines"

build framealloc "$work/first" "$work/first.c" -Wall -Wextra -Werror
run "$work/first" >"$work/output" || fail 'the program of README failed'
printf 'frame %d\n' 1 2 3 | cmp -s - "$work/output" ||
    fail "the program of README said: $(cat "$work/output")"

between "$manual" '^\.Bd -literal' '^\.Ed' >"$work/manual.c"
cmp -s "$work/first.c" "$work/manual.c" ||
    fail 'framealloc(7) shows another program than README'

keys=$(grep -o 'KEY([a-z_]*,' "$FA_SRCDIR/src/context/options.c" |
    sed 's/KEY(//; s/,//' | grep -v '^name$')
[ -n "$keys" ] || fail 'no keys in options.c'
for key in $keys; do
    grep -q "^\.It $key Ta" "$manual" ||
        fail "framealloc(7) does not know the key $key"
done

numbers=$(sed -n 's/^ *FA_DIAG(\([0-9]*\), \([A-Z]*\),.*/\1:\2/p' \
    "$FA_SRCDIR/include/framealloc/diag.h")
[ -n "$numbers" ] || fail 'no numbers in diag.h'
for entry in $numbers; do
    item=$(printf 'FA%03d' "${entry%%:*}")
    severity=$(echo "${entry#*:}" | tr '[:upper:]' '[:lower:]')
    grep -A1 "^\.It $item\$" "$FA_SRCDIR/doc/fa_diag.3" |
        grep -q "^$severity:" || fail "fa_diag(3) does not know $item"
done
echo "$lines lines"
