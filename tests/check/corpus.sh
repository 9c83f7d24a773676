#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# Runs framealloc check over the corpus and prints how much it finds and how
# often it is wrong. "make check-corpus" calls this in the build folder: the
# program is FA_CHECK, the source folder FA_SRCDIR, FA_CPPFLAGS the flags for
# libraries that the cases use. FA_CHECK_FLAGS are further options.

set -eu
here=$FA_SRCDIR/tests/check
work=check-corpus.dir
rm -rf "$work"
mkdir "$work"

commands() {
    separator='['
    for file in "$here"/corpus/*.c "$here"/heldout/*.c \
        "$here"/corpus/*.cc "$here"/heldout/*.cc; do
        case $file in
        *.cc) compiler='c++ -std=c++17' ;;
        *) compiler='cc -std=gnu11' ;;
        esac
        printf '%s\n{"directory": "%s", "file": "%s", "command": "%s"}' \
            "$separator" "$here" "$file" \
            "$compiler -I$FA_SRCDIR/include $FA_CPPFLAGS -c $file"
        separator=','
    done
    printf '\n]\n'
}

commands >"$work/compile_commands.json"
status=0
# Shellcheck: the flags are words.
# shellcheck disable=SC2086
$FA_CHECK check -p "$work" --config "$here/corpus.toml" --cache none \
    ${FA_CHECK_FLAGS-} --output "json:$work/report.json" >"$work/log" 2>&1 ||
    status=$?
# 1: there are findings.
if [ $status -gt 1 ]; then
    cat "$work/log" >&2
    echo "framealloc check ends with $status" >&2
    exit 1
fi
"$here/corpus.py" "$work/report.json" "$here/corpus" "$here/heldout"
