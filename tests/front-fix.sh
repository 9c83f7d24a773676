#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# check --fix, its diff, and check --profile.

set -eu
# shellcheck source=tests/front-lib.sh
. "${srcdir:-.}/tests/front-lib.sh"

# 30 lines; those with a finding are 3, 4, 12 and the last, without an end.
{
    echo 'update(void)'
    echo '{'
    echo '    old(1); /* @104 old() */ '
    echo '    old(old); /* @104 old() */ '
    for i in 5 6 7 8 9 10 11; do echo "    line($i);"; done
    echo '    old(2); /* @104 old() */ '
    for i in 13 14 15 16 17 18 19 20 21 22 23 24 25 26; do
        echo "    line($i);"
    done
    echo '    use(p); /* @606 `p` is gone */'
    echo '}'
    printf 'old(3); /* @104 old() */ '
} >plain.c
cp plain.c a.c
printf '[{"directory": "%s", "file": "a.c", "command": "cc -c a.c"}]' \
    "$folder" >compile_commands.json
cp a.c before.c

# is_diff DIFF FILE: what diff says of before.c and the file.
is_diff() {
    diff -U3 before.c "$2" | tail -n +3 >want || :
    tail -n +3 "$1" | cmp -s - want || {
        fail "$1 is another diff"
        tail -n +3 "$1" | diff want - >&2 || :
    }
}

export FRONT_FIX='old new'
run 1 check --fix --dry-run
cmp -s a.c before.c || fail 'a dry run changes the file'
says out '--- a/a.c'
cp out fix.diff
says fix.diff ' update(void)'
cp a.c patched.c
patch -s patched.c fix.diff || fail 'the diff cannot be applied'
is_diff fix.diff patched.c
[ "$(grep -c '^@@' fix.diff)" -eq 3 ] || {
    fail 'hunks'
    cat fix.diff >&2
}
chmod 640 a.c
run 1 check --fix
says err '4 edits in 1 file'
cmp -s a.c patched.c || {
    fail 'the diff and the edit differ'
    diff a.c patched.c >&2 || :
}
[ "$(stat -c %a a.c)" = 640 ] || fail 'another mode'
says a.c '    new(old);'
unset FRONT_FIX

# Suppressions.
cp before.c a.c
run 1 check --fix=suppress --dry-run
cmp -s a.c before.c || fail 'a dry run changes the file'
cp a.c patched.c
patch -s patched.c out || fail 'the diff of suppressions'
is_diff out patched.c
run 1 check --fix=suppress
cmp -s a.c patched.c || fail 'the diff and the edit differ'
says a.c '    /* fa-ignore: FA606 not reviewed */'
run 0 check
says out '0 errors, 0 warnings, 0 hints; 5 suppressed'
run 0 check --fix=suppress
says err '0 edits in 0 files'

# A file that cannot be written.
cp before.c a.c
if [ "$(id -u)" -ne 0 ]; then
    chmod a-w .
    run 2 check --fix=suppress >/dev/null 2>&1 || :
    chmod u+w .
    cmp -s a.c before.c || fail 'half an edit'
fi

# show is check of one file with the diff behind it.
export FRONT_FIX='old new'
run 1 show a.c
unset FRONT_FIX
says out '`p` is gone [FA606]'
says out '+++ b/a.c'
run 2 show
says err 'Usage: framealloc show FILE'

# Codes that are off speak where a profile shows cost.
cat >a.c <<'EOF'
update(void)
{
    loop(); /* @602 a loop allocates */
    thread(); /* @203 a thread has no budget */
    grow(); /* @301 no bound */
    keep(); /* @620 promoted */
}
EOF
cat >cheap.json <<'EOF'
{"frame": 10, "summary": {"spills": 0, "budget_refusals": 0},
 "threads": [{"name": "main", "budget": {"limit": 1}}],
 "tags": [{"path": "ai", "alloc_kind": "frame", "alloc_count": 1000,
           "promotion_rate": 0.5}]}
EOF
cat >dear.json <<'EOF'
[{"frame": 10, "summary": {"spills": 3, "budget_refusals": 1},
 "threads": [{"name": "loader", "budget": null}],
 "tags": [{"path": "ai", "alloc_kind": "frame", "alloc_count": 20000,
           "promotion_rate": 0.75},
          {"path": "net", "alloc_kind": "frame", "alloc_count": null,
           "promotion_rate": null}]}]
EOF
run 0 check
lacks out FA602
run 0 check --only FA602
says out 'a loop allocates [FA602]'
run 0 check --profile cheap.json
lacks out '[FA'
run 0 check --profile dear.json
says out 'a loop allocates: tag "ai" allocates 2000 objects per frame [FA602]'
says out 'a thread has no budget: thread "loader" runs without one [FA203]'
says out 'frames outgrew their arena 3 times, and 1 requests were refused'
says out 'tag "ai" retains 0.75 of its objects [FA620]'
run 0 check --profile dear.json -A FA602
lacks out FA602
run 1 check -W --profile dear.json
FRAMEALLOC_OPTIONS=guard=0 "$writer" 3 2 >real.json
run 0 check --profile real.json
says out 'runs without one [FA203]'
run 2 check --profile gone.json
says err 'framealloc check: gone.json: No such file or directory'
echo '{}' >bad.json
run 2 check --profile bad.json
says err 'framealloc check: bad.json: is no snapshot'
echo '{' >bad.json
run 2 check --profile bad.json
says err 'bad.json:'

exit $failed
