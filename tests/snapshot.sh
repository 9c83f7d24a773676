#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# framealloc snapshot on good, broken and cut files. Where python3 has
# jsonschema, its verdicts by doc/snapshot.schema.json must be the same.

program=tools/framealloc
top=${srcdir:-.}
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
passed=0
failed=0
# Red zones of guard modes would change figures.
FRAMEALLOC_OPTIONS=guard=0
export FRAMEALLOC_OPTIONS

# expect STATUS TEXT ARGUMENT...: exit code and a piece of what is printed.
expect() {
    status=$1
    text=$2
    shift 2
    "$program" snapshot "$@" >"$work/out" 2>&1
    got=$?
    if [ $got -eq "$status" ] &&
        { [ -z "$text" ] || grep -qF -e "$text" "$work/out"; }; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "framealloc snapshot $*: status $got instead of $status," \
            "or no \"$text\":"
        head -n 5 "$work/out"
    fi
}

# breaks TEXT SCRIPT: the good file, changed by sed, violates a rule.
breaks() {
    sed "$2" "$work/good.json" >"$work/broken.json"
    expect 1 "broken.json: $1" validate "$work/broken.json"
}

if "$program" snapshot --help 2>&1 | grep -q 'cannot read JSON'; then
    "$program" snapshot show x >/dev/null 2>&1
    [ $? -eq 2 ] || exit 1
    echo 'this build is without jansson'
    exit 77
fi

tests/snapshot_writer 3 2 >"$work/good.json" || exit 1
tests/snapshot_writer 4 2 >"$work/more.json" || exit 1
tests/snapshot_writer 64 63 >"$work/large.json" || exit 1

expect 2 'is missing'
expect 2 'there is no draw' draw
expect 2 'no file is given' show
expect 2 'diff takes two files' diff "$work/good.json"
expect 0 'Usage: framealloc snapshot' --help
expect 2 'No such file' show "$work/none.json"
expect 0 'good.json: valid' validate "$work/good.json" "$work/large.json"
expect 0 'large.json: valid' validate "$work/good.json" "$work/large.json"
expect 0 'frame 1, 2' show "$work/good.json"
expect 0 'worker "2"?' show "$work/good.json"
expect 0 'summary' show "$work/large.json"
expect 0 '' diff "$work/good.json" "$work/good.json"
expect 1 'new: worker "3"?' diff "$work/good.json" "$work/more.json"
expect 1 'gone: worker "3"?' diff "$work/more.json" "$work/good.json"
expect 1 'summary frame_bytes: 672 -> 896 (+224)' \
    diff "$work/good.json" "$work/more.json"

breaks '$.version: must be 1' 's/"version": 1/"version": 2/'
breaks '$.timestamp: must be a date' 's/"timestamp": "2/"timestamp": "x/'
breaks '$.frame: must be an integer' 's/"frame": 1/"frame": -1/'
breaks '$.duration_us: must be there' '/"duration_us"/d'
breaks '$.summary.pool_bytes: must be there' '/^    "pool_bytes"/d'
breaks '$.threads[2].is_idle: must be true' '/"id": "3"/s/false/0/'
breaks '$.threads[0].budget.limit: must be an integer, at least 1' \
    '/"id": "1"/s/"budget": null/"budget": {"limit": 0}/'
breaks '$.tags[1].alloc_kind: must be frame' \
    '/u00220.u0022/s/"frame"/"stack"/'
breaks '$.tags[0].diagnostics[1]: must be a number as FA510' \
    '/untagged/s/\[\]/["FA501", "A501"]/'
breaks '$.transfers: must be an object' 's/"transfers": {/"transfers": 1, "x": {/'

: >"$work/empty.json"
expect 1 'empty.json:1:' validate "$work/empty.json"
printf '{"version": 1, "version": 1}' >"$work/twice.json"
expect 1 'duplicate' validate "$work/twice.json"
echo '[]' >"$work/list.json"
expect 1 '$: must be an object' validate "$work/list.json"

# Cut at any place, a snapshot is broken, but for the final newline.
size=$(wc -c <"$work/good.json")
cut=1
while [ $cut -lt $((size - 1)) ]; do
    head -c $cut "$work/good.json" >"$work/cut-$cut.json"
    cut=$((cut + 53))
done
"$program" snapshot validate "$work"/cut-*.json >"$work/out" 2>"$work/err"
if [ $? -ne 1 ] || [ -s "$work/out" ]; then
    echo "cut files are taken for valid:"
    cat "$work/out"
    failed=$((failed + 1))
fi

if python3 -c 'import jsonschema' 2>/dev/null; then
    mkdir "$work/changed"
    python3 "$top/tests/snapshot_schema.py" "$program" \
        "$top/doc/snapshot.schema.json" "$work/good.json" "$work/changed" ||
        failed=$((failed + 1))
else
    echo 'python3 is without jsonschema: the schema is not compared'
fi

echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
