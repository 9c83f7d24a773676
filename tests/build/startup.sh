#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# A program that links the core and does not use it pays at most 200 KiB of
# memory for that. The time is shown, not judged: it depends on what else the
# machine does.

. "$(dirname "$0")/common.sh"
need "${CC%% *}" "$PKG_CONFIG"
need_plain_build

least_rss() {
    for _ in 1 2 3 4 5 6 7 8 9; do
        run "$1" rss
    done | sort -n | head -n 1
}

$CC -O2 -o "$work/plain" "$here/startup.c"
build framealloc-core "$work/linked" "$here/startup.c" -Wl,--no-as-needed
# The kernel may take pages of either back meanwhile: the lowest of some counts.
for _ in 1 2 3 4 5; do
    kib=$(($(least_rss "$work/linked") - $(least_rss "$work/plain")))
    [ "$kib" -gt 200 ] || break
done
us=$(run "$work/plain" "$work/plain" "$work/linked")
echo "start-up: $us us, $kib KiB more"
[ "$kib" -le 200 ] || fail 'more than 200 KiB'
