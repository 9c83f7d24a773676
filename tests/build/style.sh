#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# The style checks of dev/; see CONTRIBUTING.md.

. "$(dirname "$0")/common.sh"
need perl
bad=

for check in "$FA_SRCDIR"/dev/check-*; do
    "$check" || bad="$bad $(basename "$check")"
done
# The format is checked where there is the right version of clang-format.
"$FA_SRCDIR/dev/format" --check || [ $? -eq 77 ] || bad="$bad format"
[ -z "$bad" ] || fail "$bad"
