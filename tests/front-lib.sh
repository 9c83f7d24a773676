# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
# shellcheck shell=sh disable=SC2034
#
# What the tests of the analyser's front end share: a folder, and statements
# about a run of tests/front. To be read by them; $failed is their status.

program=$PWD/tests/front
writer=$PWD/tests/snapshot_writer
folder=$(mktemp -d)
trap 'chmod -R u+rwx "$folder" && rm -rf "$folder"' EXIT
cd "$folder" || exit
export XDG_CACHE_HOME="$folder/cache" NO_COLOR=1
failed=0

fail() {
    echo "front: $1" >&2
    failed=1
}

# run STATUS ARGUMENT...: what it prints is in out and err.
run() {
    wanted=$1
    shift
    status=0
    "$program" "$@" >out 2>err || status=$?
    [ $status -eq "$wanted" ] || {
        fail "status $status instead of $wanted: $*"
        cat out err >&2
    }
}

# says FILE TEXT: a line of it has the text.
says() {
    grep -qF -- "$2" "$1" || {
        fail "$1 has no \"$2\""
        cat "$1" >&2
    }
}

# lacks FILE TEXT
lacks() {
    ! grep -qF -- "$2" "$1" || {
        fail "$1 has \"$2\""
        cat "$1" >&2
    }
}

is_silent() {
    [ ! -s "$1" ] || {
        fail "$1 is not empty"
        cat "$1" >&2
    }
}
