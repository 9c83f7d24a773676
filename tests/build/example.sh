#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# example.sh MODULE NAME: examples/NAME.c, which checks what it shows, is built
# with nothing but what pkg-config says about the module, and runs. For
# installed systems, with FA_ROOT and FA_LIBDIR empty.

. "$(dirname "$0")/common.sh"
need "${CC%% *}" "$PKG_CONFIG"

build "$1" "$work/example" "$here/../../examples/$2.c"
run "$work/example" >"$work/output" 2>&1 || fail "$2: $(cat "$work/output")"
echo "$1: $2"
