#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# The code of the guides compiles without a warning and runs; of modules that
# are not built it is passed over. A block of code
# in doc/*.md begins with one of
#
#   ```c         a whole program; a block ```text that follows at once is what
#                it prints
#   ```c file    declarations and functions for the later blocks of the guide
#   ```c frame   statements that have the names allocator, ctx and frame; each
#                such block runs in a frame of its own

. "$(dirname "$0")/common.sh"
need "${CC%% *}" "$PKG_CONFIG" perl

count=0
for guide in "$FA_SRCDIR"/doc/*.md; do
    name=$(basename "$guide" .md)
    grep -q '^```c' "$guide" || continue
    perl "$here/guides.pl" "$guide" "$work/$name" ||
        fail "$name.md: see above"
    for program in "$work/$name"-*.c; do
        [ -e "$program" ] || continue
        built=${program%.c}
        module=framealloc-core
        if grep -q 'framealloc/physics' "$program"; then
            module=framealloc-physics
            pkg --exists $module 2>/dev/null || continue
        fi
        if grep -q 'framealloc/gpu' "$program"; then
            module=framealloc-gpu
            pkg --exists $module 2>/dev/null || continue
        fi
        build $module "$built" "$program" -std=c11 -D_GNU_SOURCE -Wall \
            -Wextra -Werror -Wno-unused-variable -Wno-unused-function \
            -pthread || fail "$name.md: $(basename "$program") does not compile"
        # Red zones of guard modes would change figures.
        (cd "$work" && FRAMEALLOC_OPTIONS=guard=0 run "$built") >"$built.output" ||
            fail "$name.md: $(basename "$program") failed: $(cat "$built.output")"
        [ ! -e "$built.expected" ] ||
            diff "$built.expected" "$built.output" ||
            fail "$name.md: $(basename "$program") printed something else"
        count=$((count + 1))
    done
done
[ "$count" -gt 0 ] || fail 'no guide has code'
echo "$count programs"
