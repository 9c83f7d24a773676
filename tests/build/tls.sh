#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# The core can be loaded by dlopen() at any time: at most 64 bytes of static
# TLS, no dependency but libc, never unloaded.

. "$(dirname "$0")/common.sh"
need readelf awk
need_plain_build

core=$FA_BUILDDIR/.libs/libframealloc.so

bytes=$(readelf -lW "$core" | awk '$1 == "TLS" { print $6 }')
[ $((${bytes:-0})) -le 64 ] || fail "static TLS is $((bytes)) bytes"

needed=$(readelf -dW "$core" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
for name in $needed; do
    case $name in
    libc.so.* | ld-linux*) ;;
    *) fail "the core needs $name" ;;
    esac
done

readelf -dW "$core" | grep -q 'FLAGS_1.*NODELETE' || fail 'not nodelete'
echo "static TLS: $((${bytes:-0})) bytes; needed: $(echo "$needed" | tr '\n' ' ')"
