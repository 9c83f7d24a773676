#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# framealloc gpu-demo: every word is right, the steady state makes no driver
# calls, the validation layer is silent, and wrong options are refused. The
# example of an engine's loop runs, too.

. "$(dirname "$0")/build/common.sh"
need python3

# What the driver leaks cannot be told by its name, for it is unloaded then; and
# the threads of the validation layer are not instrumented.
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0"
printf 'race:libVkLayer\nrace:libvulkan_lvp\n' >"$work/tsan"
export TSAN_OPTIONS="${TSAN_OPTIONS:+$TSAN_OPTIONS:}suppressions=$work/tsan"

demo() {
    "$FA_BUILDDIR/tools/framealloc" gpu-demo "$@"
}

for wrong in '--frames=0' '--frames=x' '--no-such' 'extra'; do
    ! demo "$wrong" >/dev/null 2>&1 || fail "$wrong was accepted"
done
! demo --device 'no such device' >/dev/null 2>"$work/errors" ||
    fail 'a device that is not there was found'
grep -q mesa-vulkan-drivers "$work/errors" || fail 'no cure is told'

if ! demo --frames 1 >/dev/null 2>&1; then
    [ "${FA_GPU_REQUIRE_VULKAN:-0}" != 1 ] || fail "$(demo --frames 1 2>&1)"
    echo 'no Vulkan device here'
    exit 77
fi
demo --frames 60 --vertices 1000 --validate --json >"$work/demo.json" \
    2>"$work/errors" || fail "$(cat "$work/errors")"
python3 - "$work/demo.json" <<'END' || fail 'see above'
import json
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    demo = json.load(file)
assert demo["verified"] == 60 * 1000 * 4, demo
assert demo["wrong"] == 0 and demo["messages"] == 0, demo
assert demo["warm_driver_calls"] == 0, demo
assert demo["device"], demo
END
demo --frames 5 | grep -q 'words compared' || fail 'no report'
"$FA_BUILDDIR/examples/08-gpu-engine" >"$work/engine" 2>&1 ||
    fail "examples/08-gpu-engine: $(cat "$work/engine")"
echo 'good'
