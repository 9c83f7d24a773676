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

# commands FILE...: the database of these files.
commands() {
    separator='['
    for file; do
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

# analyse CONFIG FILE...: report.json. Exit status 1 means findings.
analyse() {
    config=$1
    shift
    commands "$@" >"$work/compile_commands.json"
    status=0
    # The flags are words.
    # shellcheck disable=SC2086
    $FA_CHECK check -p "$work" --config "$here/$config" --cache none \
        ${FA_CHECK_FLAGS-} --output "json:$work/report.json" \
        >"$work/log" 2>&1 || status=$?
    if [ $status -gt 1 ]; then
        cat "$work/log" >&2
        echo "framealloc check ends with $status" >&2
        exit 1
    fi
}

result=0
analyse corpus.toml "$here"/corpus/*.c "$here"/heldout/*.c \
    "$here"/corpus/*.cc "$here"/heldout/*.cc
"$here/corpus.py" "$work/report.json" "$here/corpus" "$here/heldout" ||
    result=1
# Arenas of others, with roles from a table.
analyse foreign/foreign.toml "$here"/foreign/*.c
"$here/corpus.py" "$work/report.json" "$here/foreign" || result=1
exit $result
