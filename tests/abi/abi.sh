#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# Read by the other scripts of this folder: the binary interface of a library
# as a text, and what is different in two of them.
#
# Only what the public headers define is in the text: types of sources and of
# other libraries, whose versions differ, are names without contents.

. "$(dirname "$0")/../build/common.sh"
need abidw abidiff readelf
need_plain_build
case $($CC -dumpmachine) in
x86_64-*) ;;
*) skip 'the baselines are of x86-64' ;;
esac

# By this label abidw knows that the types are private, and keeps their names;
# it would leave out the parameters that have them otherwise. Its own option
# --headers-dir looks at the last part of a path only, and src/lifetime/handle.h
# is not framealloc/handle.h.
cat >"$work/ours" <<'END'
[suppress_type]
  label = Artificial private types suppression specification
  source_location_not_regexp = .*include/framealloc/.*
  drop = yes
END

# describe LIBRARY TEXT
describe() {
    readelf -S "$1" | grep -q '\.debug_info' ||
        skip "$1 has no debug information"
    abidw --suppr "$work/ours" --exported-interfaces-only \
        --drop-undefined-syms --no-corpus-path --no-comp-dir-path \
        --no-show-locs --no-architecture --no-elf-needed \
        --no-parameter-names --out-file "$2" "$1"
}

# compare OLD NEW: false, with a report, when they differ in anything.
compare() {
    abidiff --no-show-locs "$1" "$2"
}
