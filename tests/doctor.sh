#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# framealloc doctor: what it says where all is well, under limits, with options
# that nobody knows, and with libraries that are broken, of another version, or
# crash.

. "$(dirname "$0")/build/common.sh"
need "${CC%% *}" python3
need_plain_build # Sanitizers need address space.
unset FRAMEALLOC_OPTIONS LD_PRELOAD

# Without libtool's script, which would put its folder before ours.
program=$FA_BUILDDIR/tools/.libs/framealloc
[ -x "$program" ] || program=$FA_BUILDDIR/tools/framealloc
mkdir "$work/lib"
export LD_LIBRARY_PATH="$work/lib:$FA_BUILDDIR/.libs"

# doctor STATUS [ARGUMENT...]: into the files text and errors.
doctor() {
    expected=$1
    shift
    status=0
    "$program" doctor "$@" >"$work/text" 2>"$work/errors" || status=$?
    [ "$status" -eq "$expected" ] || {
        cat "$work/text" "$work/errors"
        fail "doctor $*: exit status $status, not $expected"
    }
}

says() {
    # Advice is broken into lines.
    tr '\n' ' ' <"$work/text" | tr -s ' ' | grep -qE -e "$1" || {
        cat "$work/text"
        fail "it does not say: $1"
    }
}

doctor 0
for topic in environment library heap memory gpu physics check; do
    grep -qx "$topic" "$work/text" || fail "there is no topic $topic"
done
says 'FRAMEALLOC_OPTIONS not set'
says 'framealloc-core own:'
says "$(awk '/Max address space/ { print $4 }' /proc/self/limits)"
says 'trial a frame, a pool and the heap have served'
! grep -q '^X' "$work/text" || fail 'something does not work here'
if [ "$FA_JEMALLOC" = yes ]; then
    says 'framealloc jemalloc:'
    ! grep -q '^! plugins' "$work/text" || says 'Link plugins to framealloc-core'
    LD_PRELOAD=libframealloc-jemalloc.so.0 doctor 0
    says 'framealloc-core jemalloc:'
fi

doctor 0 --json
python3 - "$work/text" <<'END' || fail 'see above'
import json
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    report = json.load(file)
assert report["worst"] in ("fine", "warning"), report
facts = {(f["topic"], f["name"]): f for f in report["facts"]}
assert facts["library", "version"]["value"] == report["framealloc"]
assert facts["memory", "trial"]["level"] == "fine"
for fact in report["facts"]:
    assert (fact["level"] == "fine") == (fact["advice"] == ""), fact
END

doctor 2 --no-such-option
doctor 2 extra
[ ! -s "$work/text" ] || fail 'a report in spite of a wrong option'
doctor 0 --help
says 'Usage: framealloc doctor'

# Address space for the program and not for arenas, and for hardly anything.
# shellcheck disable=SC3045 # all shells of Linux have ulimit -v
(ulimit -v 60000 && doctor 0) || fail 'with 60 MB'
says '! address space 59 MiB'
says 'room for the arenas of 0 threads'
# shellcheck disable=SC3045
(ulimit -v 10000 && doctor 1) || fail 'with 10 MB'
says 'X trial .* was refused'
says 'ulimit -v unlimited'

export FRAMEALLOC_OPTIONS='guard=1,quard=2,strict=2'
doctor 1
says 'X FRAMEALLOC_OPTIONS FA011: "quard=2"'
says 'guard level 1'
says 'framealloc\(7\) lists the keys'
unset FRAMEALLOC_OPTIONS

# Libraries of others.
cc_library() {
    $CC -shared -fPIC -o "$work/lib/$1" -x c - || fail "cannot build $1"
}
echo 'const char *cpVersionString = "6.1.9"; void cpArbiterIgnore(void) {}' |
    cc_library libchipmunk.so.7
echo '#include <stdlib.h>
__attribute__((constructor)) static void crash(void) { abort(); }' |
    cc_library libvulkan.so.1
echo 'not a library' >"$work/lib/libframealloc-gpu.so.0"
doctor 1
says 'X Chipmunk 6\.1\.9'
says 'needs Chipmunk2D 7\.0'
says 'X GPU module cannot be loaded: .*libframealloc-gpu\.so\.0'
if grep -q '^[ !X] Vulkan.*built without' "$work/text"; then
    echo 'built without Vulkan'
else
    says 'X Vulkan died by signal 6'
fi
rm "$work/lib/"*
echo 'const char *cpVersionString = "7.0.9";' | cc_library libchipmunk.so.7
doctor 1
says 'X Chipmunk 7\.0\.9, Munk2D'
echo good
