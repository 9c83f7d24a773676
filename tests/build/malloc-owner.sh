#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# A program with the default module keeps the malloc of libc.

. "$(dirname "$0")/common.sh"
need "${CC%% *}" "$PKG_CONFIG"
need_plain_build
need_jemalloc

for flag in -Wl,--as-needed -Wl,--no-as-needed; do
    build framealloc "$work/owner" "$here/malloc_owner.c" -D_GNU_SOURCE $flag
    run "$work/owner" >"$work/owners" || fail 'the program failed'
    [ "$(wc -l <"$work/owners")" -eq 7 ] || fail 'functions are missing'
    if grep -v '/libc\.so\.6$' "$work/owners"; then
        fail 'these are not from libc'
    fi
    readelf -dW "$work/owner" | grep -q 'NEEDED.*libframealloc-jemalloc' ||
        fail "$flag: the linker dropped the module"
done
