#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# The names of mappings that framealloc(7) lists are in /proc/self/smaps, each
# at the memory that it is said to be of. Not every kernel has names.

. "$(dirname "$0")/common.sh"
need "${CC%% *}" "$PKG_CONFIG"

build framealloc-core "$work/names" "$here/names.c" -D_GNU_SOURCE
run "$work/names" || {
    status=$?
    [ $status -ne 77 ] || skip 'the kernel has no CONFIG_ANON_VMA_NAME'
    fail "exit status $status"
}
