#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# Builds each fuzzer with libFuzzer and AddressSanitizer, and runs it for
# FA_FUZZ_SECONDS (30) from its committed corpus. Inputs that it finds on the
# way go to _fuzz/NAME, the one that breaks a promise to _fuzz.
#
# usage: run.sh SOURCE_DIR LIBRARY_SOURCE...

set -eu
top=$1
shift
seconds=${FA_FUZZ_SECONDS:-30}
out=_fuzz

if ! command -v clang >/dev/null 2>&1; then
    echo 'fuzz: skipped, there is no clang here'
    [ "${CI:-}" != true ]
    exit
fi
flags="-std=c11 -D_GNU_SOURCE -DFA_LIBFUZZER -g -O1 -fsanitize=fuzzer,address
    -fno-omit-frame-pointer -I$top/include -I$top/src -I$top/tests
    -I$top/tools"

# build NAME SOURCE...: paths are those of the source tree; $libs is linked.
libs=
build() {
    name=$1
    shift
    for file; do
        set -- "$@" "$top/$file"
        shift
    done
    # shellcheck disable=SC2086 # a list of flags
    clang $flags -o "$out/fuzz_$name" "$top/tests/fuzz/fuzz_$name.c" "$@" $libs
}

# fuzz NAME LENGTH: a broken promise ends the script.
fuzz() {
    mkdir -p "$out/$1"
    echo "== fuzz_$1, $seconds s"
    "$out/fuzz_$1" -max_total_time="$seconds" -max_len="$2" -timeout=20 \
        -rss_limit_mb=4096 -print_final_stats=1 \
        -artifact_prefix="$out/$1-" "$out/$1" \
        "$top/tests/fuzz/corpus/$1" >"$out/$1.log" 2>&1 || {
        tail -n 60 "$out/$1.log"
        exit 1
    }
    sed -n 's/^stat::number_of_executed_units: */   inputs: /p' "$out/$1.log"
}

mkdir -p "$out"
library=
for file; do
    case $file in
    *.c) library="$library $file" ;;
    esac
done
# shellcheck disable=SC2086 # a list of files
build ops tests/model_heap.c tests/model_frame.c tests/model_tag.c $library
# shellcheck disable=SC2086
build options $library
# shellcheck disable=SC2086
build offset tests/offset_model.c gpu/offset.c $library
build trace tools/trace.c tools/trace_source.c tools/trace_unpack_none.c \
    tools/plan.c tools/intent.c
front=
for name in code command config database path profile report settings source \
    suppress text toml; do
    front="$front tools/check/$name.c"
done
has_jansson=$(pkg-config --exists jansson && echo yes || echo no)
if [ "$has_jansson" = yes ]; then
    libs=-ljansson
    # shellcheck disable=SC2086
    build front tests/front_engine.c $front $library
fi
fuzz ops 4096
fuzz options 512
fuzz offset 4096
fuzz trace 65536
[ "$has_jansson" = no ] || fuzz front 4096
