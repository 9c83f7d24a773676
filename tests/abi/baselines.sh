#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# The binary interface of each library is that of its baseline, the file
# NAME.abi here. With --update the baselines are written; CONTRIBUTING.md tells
# when. Before the first release of a series, X.Y.0, this renews its headers in
# the folder X.Y too.

. "$(dirname "$0")/abi.sh"
bad=0

for name in libframealloc libframealloc-jemalloc libframealloc-physics \
    libframealloc-gpu; do
    library=$FA_BUILDDIR/.libs/$name.so
    if [ ! -e "$library" ]; then
        echo "$name is not built"
        # A machine that must check all of them has to build all of them.
        [ "${CI:-}" != true ] || bad=1
        continue
    fi
    describe "$library" "$work/$name.abi"
    if [ "${1:-}" = --update ]; then
        cp "$work/$name.abi" "$here/$name.abi"
    elif compare "$here/$name.abi" "$work/$name.abi"; then
        echo "$name is as its baseline"
    else
        echo "$name: see above"
        bad=1
    fi
done

version=$(sed -n 's/^#define FA_VERSION  *"\(.*\)"/\1/p' \
    "$FA_SRCDIR/include/framealloc/version.h")
case ${1:-}:$version in
--update:*.0)
    kept=$here/${version%.0}
    rm -rf "$kept"
    cp -R "$FA_SRCDIR/include" "$kept"
    ;;
esac
[ $bad -eq 0 ] || fail 'if this is meant: make update-abi, and tell it in NEWS'
