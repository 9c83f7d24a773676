#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# The command line of `framealloc replay`: exit codes, messages, and that both
# reports are complete. Figures are not looked at.

program=tools/framealloc
trace=${srcdir:-.}/bench/traces/neverball.fatrace.xz
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
passed=0
failed=0

# expect STATUS TEXT ARGUMENT...: exit code and a piece of what is printed.
expect() {
    status=$1
    text=$2
    shift 2
    "$program" "$@" >"$work/out" 2>&1
    got=$?
    if [ $got -eq "$status" ] && grep -qF -e "$text" "$work/out"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "framealloc $*: status $got instead of $status, or no \"$text\":"
        cat "$work/out"
    fi
}

expect 2 'no command'
expect 2 'no command "play"' play
expect 0 'Usage: framealloc' --help
expect 0 'framealloc ' --version
expect 0 'Usage: framealloc replay' replay --help
expect 2 'no trace is given' replay
expect 2 'no option "--fames"' replay --fames 3 "$trace"
expect 2 'is missing behind "--frames"' replay --frames
expect 2 '--frames does not take "0"' replay --frames 0 "$trace"
expect 2 '--replays does not take "-1"' replay --replays -1 "$trace"
expect 2 '--only does not take "malloc"' replay --only malloc "$trace"
expect 2 'one trace at a time' replay "$trace" "$trace"
expect 1 'cannot open the trace' replay "$work/nothing"
expect 1 'it is a directory' replay "$work"
expect 1 'byte 0: this is not a fatrace' replay "$0"

if xz -dc "$trace" >"$work/plain" 2>/dev/null; then
    head -c 5000 "$work/plain" >"$work/cut"
    expect 1 'byte 5000: the trace ends here' replay "$work/cut"
    set -- replay --frames 70 --replays 1
    expect 0 'Lifetimes come from the recording' "$@" "$work/plain"
    expect 0 'the replayer itself' "$@" --only libc "$work/plain"
    expect 0 'frames-only   ' "$@" --only frames-only "$work/plain"
    expect 0 'Median frame: framealloc ' "$@" "$work/plain"
    expect 0 'since there are fewer than 120' "$@" "$work/plain"
    expect 0 '"name": "framealloc"' "$@" --json "$work/plain"
    expect 0 '"max_lifetime_frames": 0' "$@" --json "$work/plain"
fi

echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
