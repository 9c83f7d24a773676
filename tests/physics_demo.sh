#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# framealloc physics-demo: the JSON is JSON in spite of Chipmunk's banner, the
# picture is XML and shows the bodies, and wrong options are refused.

. "$(dirname "$0")/build/common.sh"
need python3
need_plain_build # Sanitizers have a malloc of their own.

demo() {
    "$FA_BUILDDIR/tools/framealloc" physics-demo "$@"
}

demo --frames 30 --json --svg "$work/scene.svg" >"$work/demo.json" \
    2>"$work/errors" || fail "$(cat "$work/errors")"
python3 - "$work/demo.json" "$work/scene.svg" <<'END' || fail 'see above'
import json
import sys
import xml.etree.ElementTree as tree

with open(sys.argv[1], encoding="utf-8") as file:
    demo = json.load(file)
rows = {row["name"]: row for row in demo["rows"]}
assert list(rows) == ["raw", "naive+persist", "framealloc+persist"], rows
assert all(row["p50_us"] > 0 for row in rows.values()), rows
assert rows["naive+persist"]["mallocs_per_frame"] > 100, rows
extra = (
    rows["framealloc+persist"]["mallocs_per_frame"]
    - rows["raw"]["mallocs_per_frame"]
)
assert extra < 1, rows
assert demo["events"]["persist"] > 1000, demo
circles = tree.parse(sys.argv[2]).iter("{http://www.w3.org/2000/svg}circle")
assert len(list(circles)) == 1000
END

demo --frames 30 2>/dev/null | grep -q 'framealloc+persist' ||
    fail 'the table has no row of ours'
for wrong in '--frames=0' '--frames=x' '--no-such' 'extra'; do
    ! demo "$wrong" >/dev/null 2>&1 || fail "$wrong was accepted"
done
! demo --frames 20 --svg /no/such/folder/scene.svg >/dev/null 2>&1 ||
    fail 'a picture that cannot be written is a failure'
echo 'good'
