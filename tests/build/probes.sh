#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# Each static probe that framealloc(7) lists is in the library as it is
# installed, at every place with as many arguments as the page says; and no
# other one is.

. "$(dirname "$0")/common.sh"
need readelf awk
[ "${FA_USDT:-yes}" = yes ] || skip 'built without static probes'

core=${FA_ROOT:-}${FA_LIBDIR:?}/libframealloc.so
page=$FA_SRCDIR/doc/framealloc.7

# "name count" of each place.
readelf -nW "$core" | awk '
    /Provider:/ { is_ours = $NF == "framealloc" }
    $1 == "Name:" { name = $2 }
    $1 == "Arguments:" && is_ours { print name, NF - 1 }' |
    sort -u >"$work/found"

# .It Ic name Ar argument ...
awk '/^\.Sh/ { is_list = $2 == "PROBES" }
    is_list && /^\.It Ic/ { print $3, NF - 4 }' "$page" | sort -u >"$work/listed"

[ -s "$work/listed" ] || fail "$page lists no probes"
diff "$work/listed" "$work/found" ||
    fail 'framealloc(7), marked <, and the library, marked >, differ'
cat "$work/found"
