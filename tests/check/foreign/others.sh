#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# Breaks sources that others have written, and sees what framealloc check
# says: the demos of Chipmunk and the sources of jansson. They are fetched as
# source packages into the build folder. Without network it is skipped (77).
# "make check-others" calls this; FA_CHECK is the program, FA_SRCDIR the
# source folder.

set -eu
work=$PWD/check-others.dir
mkdir -p "$work/lists/partial"

fetch() {
    keys=/usr/share/keyrings/debian-archive-keyring.gpg
    echo "deb-src [signed-by=$keys] http://deb.debian.org/debian bookworm main" \
        >"$work/sources.list"
    set -- -qq -o "Dir::Etc::sourcelist=$work/sources.list" \
        -o Dir::Etc::sourceparts=/dev/null -o "Dir::State::lists=$work/lists"
    timeout 300 apt-get "$@" update &&
        (cd "$work" && timeout 300 apt-get "$@" source --download-only \
            chipmunk jansson)
}

if [ ! -d "$work/chipmunk" ] || [ ! -d "$work/jansson" ]; then
    if ! fetch >"$work/log" 2>&1; then
        echo 'others.sh: the sources cannot be fetched' >&2
        exit 77
    fi
    for name in chipmunk jansson; do
        rm -rf "${work:?}/$name"
        mkdir "$work/$name"
        tar -C "$work/$name" --strip-components=1 -xf \
            "$work/$name"_*.orig.tar.gz
    done
    # Which ./configure would make; its defines are in others.py.
    : >"$work/jansson/src/jansson_private_config.h"
fi
exec "$FA_SRCDIR/tests/check/foreign/others.py" "$work"
