#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# A program that is built with nothing but what pkg-config says runs, and has
# the heap that the module promises. Also run on an installed system, with
# FA_ROOT and FA_LIBDIR empty.

. "$(dirname "$0")/common.sh"
need "${CC%% *}" "$PKG_CONFIG"

expect() {
    module=$1 heap=$2
    build "$module" "$work/consumer" "$here/consumer.c"
    name=$(run "$work/consumer") || fail "$module: the program failed"
    [ "$name" = "$heap" ] || fail "$module: heap is $name, not $heap"
    echo "$module: $name"
}

if [ "${FA_JEMALLOC:-yes}" = yes ]; then
    expect framealloc jemalloc
    pkg --exists framealloc-jemalloc
    build framealloc-jemalloc "$work/consumer" "$here/consumer.c"
    [ "$(run "$work/consumer")" = jemalloc ] || fail 'framealloc-jemalloc'
else
    expect framealloc own
fi
expect framealloc-core own

# Some versions of pkg-config put the root before variables, too.
includedir=$(pkg --variable=includedir framealloc-core)
includedir=${FA_ROOT:-}${includedir#"${FA_ROOT:-}"}
version=$(sed -n 's/^#define FA_VERSION  *"\(.*\)"/\1/p' \
    "$includedir/framealloc/version.h")
[ "$(pkg --modversion framealloc)" = "$version" ] ||
    fail "version of framealloc.pc is not $version"
