#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# The order of the jemalloc module's dependencies: core, libc, libstdc++,
# jemalloc. See src/local.mk for what goes wrong otherwise.

. "$(dirname "$0")/common.sh"
need readelf
need_plain_build
need_jemalloc

needed=$(readelf -dW "$FA_BUILDDIR/.libs/libframealloc-jemalloc.so" |
    sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | grep -v '^ld-linux' | tr '\n' ' ')
case $needed in
'libframealloc.so.0 libc.so.6 libstdc++.so.6 libjemalloc.so.2 ') ;;
*) fail "the order is: $needed" ;;
esac
echo "$needed"
