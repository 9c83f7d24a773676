#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# The installed manual: man finds each public function under its name, apropos
# finds all pages by the word framealloc or by a function, and mandoc has
# nothing to say about any of them.

. "$(dirname "$0")/common.sh"
need make sed

man=$work/man
unset MAKEFLAGS MFLAGS MAKELEVEL
make -s -C "$FA_BUILDDIR" install-man install-man-links \
    man1dir="$man/man1" man3dir="$man/man3" man7dir="$man/man7" DESTDIR= \
    >"$work/log" 2>&1 || { cat "$work/log"; fail 'the manual is not installed'; }

for page in man1/framealloc.1 man7/framealloc.7; do
    [ -s "$man/$page" ] || fail "there is no $page"
done
sed -n 's/^ *\(fa_[a-z0-9_]*\);$/\1/p' "$FA_SRCDIR"/*/*.map >"$work/functions"
[ -s "$work/functions" ] || fail 'the version scripts name nothing'
while read -r name; do
    [ -s "$man/man3/$name.3" ] || fail "there is no page for $name"
done <"$work/functions"

if command -v mandoc >/dev/null 2>&1; then
    mandoc -T lint -W warning "$man"/man[17]/* "$FA_SRCDIR"/doc/*.3 || fail lint
fi

# Those of mandoc, under the names of Debian and of others.
database=$(command -v makewhatis || command -v mmakewhatis) ||
    skip 'no makewhatis here'
apropos=$(command -v mapropos || command -v apropos)
"$database" "$man" || fail makewhatis
find_page() {
    "$apropos" -M "$man" "$1" 2>/dev/null | grep -qE -e "$2" ||
        fail "apropos $1 does not name $2"
}
find_page framealloc 'framealloc ?\(1\)'
find_page framealloc 'framealloc ?\(7\)'
for name in fa_frame_alloc fa_pool_free fa_ctx_drain fa_gpu_create; do
    find_page $name "$name.*\(3\)"
done
found=$("$apropos" -M "$man" -s 3 framealloc | wc -l)
pages=$(find "$man/man3" -type f | wc -l)
[ "$found" -eq "$pages" ] ||
    fail "apropos framealloc finds $found pages of section 3, not $pages"
echo good
