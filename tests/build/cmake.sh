#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# A project of CMake finds the installation below FA_ROOT by find_package(),
# with its modules; a module that is not there and a version that is too new
# are refused, and the message says what to do.

. "$(dirname "$0")/common.sh"
need cmake "${CC%% *}"

libdir=${FA_ROOT:-}${FA_LIBDIR:-$(pkg --variable=libdir framealloc-core)}
[ -e "$libdir/cmake/framealloc/framealloc-config.cmake" ] ||
    fail "there is no $libdir/cmake/framealloc/framealloc-config.cmake"

# Only what is installed, and whose headers are here too.
modules=
[ ! -e "$libdir/libframealloc-gpu.so" ] || modules=gpu
[ ! -e "$libdir/libframealloc-physics.so" ] || modules="$modules physics"

configure() {
    rm -rf "$work/build"
    CFLAGS="${FA_SANITIZER_FLAGS:-}" cmake -S "$here" -B "$work/build" \
        -DCMAKE_BUILD_TYPE=Release \
        -Dframealloc_DIR="$libdir/cmake/framealloc" "$@" >"$work/log" 2>&1
}

# shellcheck disable=SC2015 # either may fail
configure -DVERSION=0.1 -DCOMPONENTS="$(echo "$modules" | tr -s ' ' ';')" &&
    cmake --build "$work/build" >>"$work/log" 2>&1 || {
    cat "$work/log"
    fail 'the project is not built'
}

heap=own
[ "${FA_JEMALLOC:-yes}" != yes ] || heap=jemalloc
for program in default $modules; do
    # Chipmunk says hello first.
    run "$work/build/$program" >"$work/output" || fail "$program failed"
    name=$(tail -n 1 "$work/output")
    [ "$name" = $heap ] || fail "$program: heap is $name, not $heap"
    echo "$program: $name"
done
[ "$(run "$work/build/core")" = own ] || fail 'core has another heap'

! configure -DVERSION=99 || fail 'version 99 was found'
! configure -DCOMPONENTS=nothing || fail 'a component "nothing" was found'
tr -s '\n ' '  ' <"$work/log" | grep -q 'install libframealloc-nothing-dev' || {
    cat "$work/log"
    fail 'the message does not say what to install'
}
