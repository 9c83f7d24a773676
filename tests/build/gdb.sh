#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# The script for gdb, loaded by gdb itself from where it is installed: what it
# says of memory that is alive and dead, of frames and contexts; and that static
# probes are hit and have their arguments.

. "$(dirname "$0")/common.sh"
need gdb "${CC%% *}" "$PKG_CONFIG" readelf
need_plain_build

library=$(readlink -f "${FA_ROOT:-}${FA_LIBDIR:?}/libframealloc.so")
gdb -batch -nx -ex 'python print(f"{1}")' 2>/dev/null | grep -q '^1$' ||
    skip 'gdb has no Python'
readelf -S "$library" | grep -q '\.debug_info' ||
    skip 'built without debug information'
build framealloc-core "$work/program" "$here/gdb.c" -g -O0
run gdb -batch -nx -ex run "$work/program" 2>&1 |
    grep -q 'exited normally' || skip 'gdb cannot run programs here'

# Where gdb looks: the stage is part of the name of the library.
script=$FA_ROOT$FA_DATADIR/gdb/auto-load$FA_LIBDIR/$(basename "$library")-gdb.py
[ -f "$script" ] || fail "there is no $script"
mkdir -p "$work/auto$(dirname "$library")"
cp "$script" "$work/auto$(dirname "$library")"

cat >"$work/commands" <<EOF
set auto-load scripts-directory $work/auto
add-auto-load-safe-path $work/auto
set print pretty off
set breakpoint pending on
break stop
run
up
echo ---\n
framealloc first
framealloc second + 63
framealloc second + 64
framealloc object + 1
framealloc block
framealloc in_group
framealloc &foreign
print frame
print ctx
PROBE
continue
up
echo ---\n
framealloc first
framealloc object
framealloc block
framealloc in_group
print ctx
EOF
at='/^PROBE/d'
# shellcheck disable=SC2016 # names of gdb
[ "${FA_USDT:-yes}" != yes ] || at='s/^PROBE/break -probe-stap framealloc:spill\
commands\
printf "spill %d %d\\n", $_probe_argc, $_probe_arg2 >= $_probe_arg1\
delete 2\
continue\
end/'
sed -i "$at" "$work/commands"

FRAMEALLOC_OPTIONS=guard=0 run gdb -batch -nx -x "$work/commands" \
    "$work/program" >"$work/output" 2>&1 || true
sed -n '/^---/,$p' "$work/output" |
    grep -E '^(---|0x|\$|spill)' |
    sed 's/0x[0-9a-f]*/ADDRESS/g' >"$work/found"

spill='spill 3 1'
[ "${FA_USDT:-yes}" = yes ] || spill=
cat >"$work/expected" <<EOF
---
ADDRESS: arena of context 1, frame 2, tag "untagged", alive
ADDRESS: arena of context 1, frame 2, tag "physics", alive
ADDRESS: arena of context 1, frame 2, dead
ADDRESS: object of 64 bytes at ADDRESS of context 1, tag "physics", alive
ADDRESS: heap block of 100000 bytes at ADDRESS of context 1, tag "physics", alive
ADDRESS: arena of group, frame 1, tag "untagged", alive
ADDRESS: not memory of framealloc
\$1 = ADDRESS: frame 2, open, 128 bytes used, of context 1
\$2 = ADDRESS: context 1, tag "untagged", frame 2, open, 128 bytes used
${spill}
---
ADDRESS: arena of context 1, frame 2, dead
ADDRESS: object of 64 bytes at ADDRESS of context 1, tag "physics", dead
ADDRESS: heap block of 100000 bytes at ADDRESS of context 1, tag "physics", dead
ADDRESS: arena of group, frame 1, dead
\$3 = ADDRESS: context 1, tag "untagged", frame 2, ended
EOF
sed -i '/^$/d' "$work/expected"
diff "$work/expected" "$work/found" || {
    cat "$work/output"
    fail 'gdb says something else: expected <, found >'
}
