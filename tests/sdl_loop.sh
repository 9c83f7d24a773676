#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# The game loop of examples/02-sdl-loop.c without a display: 10,000 frames, fewer
# by FA_TEST_SCALE, each of which has the right pixels.

. "$(dirname "$0")/build/common.sh"

frames=$((10000 / ${FA_TEST_SCALE:-1}))
SDL_VIDEODRIVER=dummy "$FA_BUILDDIR/examples/02-sdl-loop" $frames \
    >"$work/output" || fail "$(cat "$work/output")"
echo "$frames frames of 16 jobs, 0 wrong, SDL in pools" |
    diff - "$work/output" || fail 'it printed something else'
