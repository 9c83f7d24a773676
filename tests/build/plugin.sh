#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# A C program with the default module loads plugins in C++, whose operator new
# and delete must be of one allocator. A program without libstdc++ of its own
# is the hard case: the module decides then which library is looked at first.

. "$(dirname "$0")/common.sh"
need "${CC%% *}" "$PKG_CONFIG"
need_plain_build
need_jemalloc

build framealloc "$work/host" "$here/plugin_host.c"
ran=0
for cxx in g++ clang++; do
    command -v $cxx >/dev/null 2>&1 || continue
    for flags in '' '-static-libstdc++' '-fno-sized-deallocation' '-O0'; do
        # shellcheck disable=SC2086 # empty is no flag
        $cxx -std=c++17 -O2 $flags -fPIC -shared \
            -o "$work/plugin.so" "$here/plugin.cc"
        run "$work/host" "$work/plugin.so" || fail "$cxx $flags"
        ran=$((ran + 1))
    done
done
[ $ran -gt 0 ] || skip 'no C++ compiler here'
echo "$ran plugins"
