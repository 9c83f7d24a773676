#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# The libraries export what their version scripts list and nothing else, each
# name with a version.

. "$(dirname "$0")/common.sh"
need nm awk

compare() {
    library=$FA_BUILDDIR/.libs/$1 map=$FA_SRCDIR/$2
    [ -e "$library" ] || { echo "$1 is not built"; return; }
    awk '/^[A-Z0-9_.]+ \{/ { node = $1 }
         /^ *fa_[a-z0-9_]+;/ { sub(/;/, "", $1); print $1 "@@" node }
    ' "$map" | sort >"$work/map"
    # The nodes themselves are absolute symbols.
    nm -D --defined-only --with-symbol-versions "$library" |
        awk '$2 != "A" { print $3 }' | sort >"$work/library"
    [ -s "$work/library" ] || fail "$1 exports nothing"
    diff -u "$work/map" "$work/library" ||
        fail "$1: - is in the map only, + in the library only"
}

compare libframealloc.so src/libframealloc.map
compare libframealloc-jemalloc.so src/libframealloc-jemalloc.map
compare libframealloc-physics.so physics/libframealloc-physics.map
compare libframealloc-gpu.so gpu/libframealloc-gpu.map
