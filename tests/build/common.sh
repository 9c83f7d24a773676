#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# Read by the other scripts of this folder: places, tools and how to skip.
#
# A test prints what it found wrong and exits with 1; with 77, and the reason,
# when it cannot run here.

set -eu
unset LIBRARY_PATH

: "${CC:=gcc}" "${PKG_CONFIG:=pkg-config}"
# shellcheck disable=SC2034 # for the scripts that read this
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

skip() {
    echo "skipped: $*"
    exit 77
}

fail() {
    echo "failed: $*"
    exit 1
}

need() {
    for tool in "$@"; do
        command -v "$tool" >/dev/null 2>&1 || skip "no $tool here"
    done
}

# Sanitizers bring libraries and TLS of their own.
need_plain_build() {
    [ -z "${FA_SANITIZERS:-}" ] || skip 'built with sanitizers'
}

need_jemalloc() {
    [ "${FA_JEMALLOC:-yes}" = yes ] || skip 'built without jemalloc'
}

# What pkg-config says about a module of the installation below FA_ROOT, which
# is empty for the system's own.
pkg() {
    if [ -n "${FA_LIBDIR:-}" ]; then
        PKG_CONFIG_LIBDIR=${FA_ROOT:-}$FA_LIBDIR/pkgconfig
        PKG_CONFIG_SYSROOT_DIR=${FA_ROOT:-}
        # Told even where the prefix is /usr, because of FA_ROOT.
        PKG_CONFIG_ALLOW_SYSTEM_CFLAGS=1
        PKG_CONFIG_ALLOW_SYSTEM_LIBS=1
        export PKG_CONFIG_LIBDIR PKG_CONFIG_SYSROOT_DIR \
            PKG_CONFIG_ALLOW_SYSTEM_CFLAGS PKG_CONFIG_ALLOW_SYSTEM_LIBS
    fi
    $PKG_CONFIG "$@"
}

# build MODULE OUTPUT SOURCE [FLAG...]: a program, with nothing but pkg-config.
build() {
    module=$1 output=$2 source=$3
    shift 3
    # shellcheck disable=SC2046,SC2086 # lists of flags
    $CC ${FA_SANITIZER_FLAGS:-} -O2 "$@" -o "$output" "$source" \
        $(pkg --cflags --libs "$module")
}

# Runs a program with the libraries of the installation.
run() {
    if [ -n "${FA_LIBDIR:-}" ]; then
        LD_LIBRARY_PATH=${FA_ROOT:-}$FA_LIBDIR "$@"
    else
        "$@"
    fi
}
