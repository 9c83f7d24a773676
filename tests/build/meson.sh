#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# A project of Meson finds the installation below FA_ROOT by dependency(),
# which asks pkg-config.

. "$(dirname "$0")/common.sh"
need meson ninja "${CC%% *}" "$PKG_CONFIG"

mkdir "$work/project"
cp "$here/consumer.c" "$work/project"
cat >"$work/project/meson.build" <<'END'
project('consumer', 'c', default_options: ['buildtype=release'])
foreach module : ['framealloc', 'framealloc-core']
  executable(module, 'consumer.c',
    dependencies: dependency(module, version: '>=0.1'))
endforeach
assert(not dependency('framealloc', version: '>=99', required: false).found())
END

pkg --exists framealloc # Exports where pkg-config looks.
# shellcheck disable=SC2015 # either may fail
CFLAGS="${FA_SANITIZER_FLAGS:-}" meson setup "$work/build" "$work/project" \
    -Db_lundef=false >"$work/log" 2>&1 &&
    ninja -C "$work/build" >>"$work/log" 2>&1 || {
    cat "$work/log"
    fail 'the project is not built'
}

heap=own
[ "${FA_JEMALLOC:-yes}" != yes ] || heap=jemalloc
[ "$(run "$work/build/framealloc")" = $heap ] || fail "heap is not $heap"
[ "$(run "$work/build/framealloc-core")" = own ] || fail 'core: another heap'
