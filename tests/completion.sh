#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# Completion in bash, as the shell asks for it.

. "$(dirname "$0")/build/common.sh"
need bash

# offers EXPECTED WORD...: the last word is being typed.
offers() {
    expected=$1
    shift
    found=$(bash --norc -c '
        . "$1"
        shift
        COMP_WORDS=("$@")
        COMP_CWORD=$(($# - 1))
        _framealloc
        echo ${COMPREPLY[*]}' bash "$FA_SRCDIR/tools/completion/framealloc" \
        "$FA_BUILDDIR/tools/framealloc" "$@") || fail "bash failed: $*"
    [ "$found" = "$expected" ] ||
        fail "after \"$*\": \"$found\", not \"$expected\""
}

offers 'replay' rep
offers '--help --version' -
offers '' no-such
offers '--frames --help --json --only --replays' replay -
offers '--frames' replay --fr
offers '' replay --frames ''
offers 'libc jemalloc mimalloc framealloc frames-only' replay --only ''
offers 'frames-only' replay --json --only frames-
offers '--frames' gpu-demo --fra
offers '--svg' physics-demo --s
offers '' physics-demo --svg ''
offers '--help --json' doctor --
offers 'show diff validate' snapshot ''
offers 'validate' snapshot v
offers '' snapshot show ''
offers '--help' --h

# Every command of the help is offered, and nothing else.
commands=$("$FA_BUILDDIR/tools/framealloc" --help |
    sed -n 's/^  \([a-z][a-z-]*\) .*/\1/p' | tr '\n' ' ')
offers "$commands--help --version" ''
echo good
