#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# Checks the models with spin. Each one must hold as it is, and must fail with
# each of the bugs that can be seeded in it.
#
# usage: run.sh SOURCE_DIR [CC]

set -eu
models=$(cd "$1/tests/models" && pwd)
cc=${2:-cc}
out=_models

if ! command -v spin >/dev/null 2>&1; then
    echo 'models: skipped, there is no spin here'
    [ "${CI:-}" != true ]
    exit
fi

# errors MODEL FLAG...: how many errors an exhaustive search finds.
errors() {
    model=$1
    shift
    rm -rf "$out/work"
    mkdir -p "$out/work"
    (
        cd "$out/work"
        spin -a "$@" "$models/$model.pml" >spin.log
        # shellcheck disable=SC2086 # a compiler and its options
        $cc -w -O2 -DSAFETY -DCOLLAPSE -DVECTORSZ=4096 -o pan pan.c
        ./pan -m1000000 >pan.log
    )
    if grep -q 'max search depth too small\|out of memory' \
        "$out/work/pan.log"; then
        echo "models: $model: the search was not exhaustive" >&2
        exit 1
    fi
    sed -n 's/.*errors: *\([0-9]*\).*/\1/p' "$out/work/pan.log"
}

check() {
    model=$1
    found=$(errors "$model")
    states=$(sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1/p' \
        "$out/work/pan.log")
    echo "$model: $found errors in $states states"
    [ "$found" = 0 ] || exit 1
    sed -n 's/^ \*   -D\(BUG_[A-Z_]*\) .*/\1/p' "$models/$model.pml" |
        while read -r bug; do
            found=$(errors "$model" "-D$bug")
            echo "$model, $bug: $found errors"
            [ "$found" != 0 ] || {
                echo "models: $bug is not found" >&2
                exit 1
            }
        done
}

check barrier
check remote
check transfer
check queue
rm -rf "$out"
