#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# Each public header compiles alone, as C11 and as C++17, without a warning;
# those that end in .hpp as C++17, also without exceptions and type information.

. "$(dirname "$0")/common.sh"
bad=0
sdl_cflags=$("${PKG_CONFIG:-pkg-config}" --cflags sdl2 2>/dev/null)

# Headers of modules include those of other libraries, which may be missing.
is_complete() {
    sed -n 's/^#include <\(.*\)>/\1/p' "$FA_SRCDIR/include/$1" |
        while read -r needed; do
            # shellcheck disable=SC2086 # compilers and flags are several words
            printf '#include <%s>\n' "$needed" |
                $2 -x "$3" -std="$4" -I"$FA_SRCDIR/include" $sdl_cflags -E - \
                    >/dev/null 2>&1 || { echo "$1 needs $needed"; exit 1; }
        done
}

compile() {
    compiler=$1 language=$2 standard=$3
    command -v "${compiler%% *}" >/dev/null 2>&1 || return 0
    for header in "$FA_SRCDIR"/include/*.h "$FA_SRCDIR"/include/*/*.h \
        "$FA_SRCDIR"/include/*/*.hpp; do
        case $language:$header in c:*.hpp) continue ;; esac
        name=${header#"$FA_SRCDIR"/include/}
        is_complete "$name" "$compiler" "$language" "$standard" || continue
        posix=
        sdl=
        [ "$name" != framealloc/sdl.h ] || sdl=$sdl_cflags
        # The header of libuv itself needs more than C11 has.
        [ "$name" != framealloc/uv.h ] || posix=-D_POSIX_C_SOURCE=200809L
        # The type is there because an empty unit is a warning, too.
        printf '#include <%s>\ntypedef int fa_unit;\n' "$name" >"$work/one.c"
        for flag in -DFA_VARIANT -DFRAMEALLOC_JEMALLOC -DFA_NO_INLINE \
            -fno-exceptions -fno-rtti; do
            case $language:$flag in c:-fno-*) continue ;; esac
            # shellcheck disable=SC2086 # compilers and flags are several words
            $compiler -x "$language" -std="$standard" -Wall -Wextra -Wpedantic \
                -Wshadow -Werror -O1 -I"$FA_SRCDIR/include" $posix $sdl $flag \
                -c "$work/one.c" -o "$work/one.o" && continue
            echo "failed: $compiler -std=$standard $flag $name"
            bad=1
        done
    done
}

for cc in "$CC" gcc clang; do
    [ -e "$work/cc-${cc%% *}" ] || compile "$cc" c c11
    : >"$work/cc-$(basename "${cc%% *}")"
done
for cxx in "${CXX:-}" g++ clang++; do
    [ -e "$work/cc-${cxx%% *}" ] || compile "$cxx" c++ c++17
    : >"$work/cc-$(basename "${cxx%% *}")"
done
exit $bad
