#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# The analyser's front end as a program: messages, formats and exit statuses,
# with the engine of tests/front_engine.c.

set -eu
. "${srcdir:-.}/tests/front-lib.sh"

cat >a.c <<'EOF'
update(void)
{
    char *p = take();
    end();
	*p = 1; /* @606 `p` is used after its frame */
    /* @note 3 allocated here */
    /* @note 4 the frame ends here */
}
EOF
cat >clean.c <<'EOF'
draw(void)
{
}
EOF
printf '[{"directory": "%s", "file": "a.c", "command": "cc -Iq -c a.c"},
 {"directory": ".", "file": "clean.c", "command": "cc -c clean.c"}]' \
    "$folder" >compile_commands.json

run 1 check
cat >want <<'EOF'
a.c:5:2: error: `p` is used after its frame [FA606]
     5 | 	*p = 1; /* @606 `p` is used after its frame */
       | 	^
  a.c:3:1: note: allocated here
     3 |     char *p = take();
       | ^
  a.c:4:1: note: the frame ends here
     4 |     end();
       | ^
  help: copy what must live longer to a pool or the heap

1 error, 0 warnings, 0 hints; 0 suppressed, 0 in the baseline.
2 units (0 cached, 0 failed), 2 functions: 2 relevant, 0 over budget.
EOF
cmp -s want out || { fail 'text differs'; diff want out >&2 || :; }
is_silent err

# Colours only where they are asked for.
run 1 check --color always
[ "$(grep -c "$(printf '\033')" out)" -gt 5 ] || fail 'no colours'
run 1 check --color always --output text:x.txt
! grep -q "$(printf '\033')" x.txt || fail 'colours in a file'
run 2 check --color blue
says err '--color does not know "blue"'

run 1 check --format compact a.c
says out 'a.c:5:2: error: `p` is used after its frame [FA606]'
run 0 check clean.c
run 0 check --format=compact -A FA606
run 0 check --skip fa606
run 0 check --only FA601
run 0 check --threading
run 1 check --dirtymem
run 0 check --warn 606
run 1 check --warn 606 -W
run 1 check --warn 606 --fail-on warning
run 1 check -j2 -p compile_commands.json
run 1 check -fcompact -- cc -Ix a.c -o a.o
run 1 check a.c -- -Ix

for format in json jsonl; do
    run 1 check --format $format
    says err '1 error, 0 warnings'
    cp out $format
    run 1 check -j4 --format $format
    cmp -s $format out || fail "$format is not the same again"
done
python3 -c 'import json
d = json.load(open("json"))
f = d["findings"][0]
assert f["code"] == "FA606" and f["line"] == 5 and len(f["notes"]) == 2, f
assert d["summary"]["errors"] == 1, d
lines = [json.loads(x) for x in open("jsonl")]
assert [x["type"] for x in lines] == ["finding", "summary"], lines
' || fail 'JSON'

run 1 check --output json:x.json -o compact:x.txt
says x.txt 'error: `p`'
says x.json '"FA606"'
run 2 check --output json:/nonexistent/x
says err 'framealloc check: /nonexistent/x: No such file or directory'

# What the engine is asked for.
export FRONT_ENGINE=1
run 0 check --steps 7 --frame-lag 3 -j 5 --cache none clean.c
says err 'jobs 5 steps 7 lag 3 cache none libclang any'
says err "unit $folder/clean.c:"
run 0 check clean.c -- -DX -O2
says err "unit $folder/clean.c: [-DX]"
says err "cache $folder/cache/framealloc/check"
unset FRONT_ENGINE

# Wrong usage.
bad() {
    run 2 check "$@"
    is_silent out
}
bad --dirtmem
says err 'there is no option "--dirtmem"; did you mean "--dirtymem"?'
bad --zzzzzzzz
says err 'framealloc check: there is no option "--zzzzzzzz". Try framealloc'
bad -q
says err 'there is no option "-q"'
bad --jobs
says err '--jobs needs a value: N'
bad --jobs=0
says err '--jobs: "0" is not a number from 1 to 1024'
bad -j x
bad --verbose=1
says err '--verbose takes no value'
bad --deny FA999
says err '--deny: there is no code or category "FA999"'
bad --only FA606,FA1
says err '--only: there is no code "FA1"'
bad --format yaml
says err 'there is no format "yaml"; there are text, compact, json'
bad --output json
says err '--output: "json" is not FORMAT:FILE'
bad --min-severity off
says err '--min-severity: "off" is not hint, warning or error'
bad --fix=all
says err '--fix does not know "all"'
bad missing.c
says err 'missing.c: the compilation database has no command for it'
bad missing.c -- -Ix
says err 'framealloc check: missing.c: No such file or directory'
bad -p nowhere
says err 'framealloc check: nowhere: No such file or directory'
bad --libclang /nonexistent
says err '/nonexistent: there is no libclang'

# Nothing analysed, or not all of it.
mkdir empty broken
echo '[]' >empty/compile_commands.json
run 3 check -p empty
says err 'nothing to analyse: there are no files of C or C++'
run 3 check -- cc -c x.o
echo '// nothing' >none.c
run 3 check none.c -- -DX
says err 'nothing was analysed: no unit has a function with a body'
echo '/* @trouble x */' >broken.c
run 3 check broken.c clean.c -- -DX
says out 'broken.c: error: the file was not analysed: it says so [FA091]'
says out '2 units (0 cached, 1 failed)'
echo '{' >broken/compile_commands.json
bad -p broken
says err 'broken/compile_commands.json:'
(cd empty && rm compile_commands.json && run 2 check &&
    says err 'there is no compile_commands.json here; name its folder') ||
    failed=1
if [ "$(id -u)" -ne 0 ]; then
    mkdir locked
    chmod 0 locked
    bad -p locked
    says err 'Permission denied'
fi

# The other subcommands.
run 0 explain FA606 601
says out 'FA606: memory of a frame that has ended is used'
run 2 explain FA999
says err 'framealloc explain: there is no code "FA999"'
run 2 explain
run 0 list
says out 'FA551'
run 0 list --category threading
says out 'FA201'
lacks out FA606
run 2 list nothing
says err 'there is no category "nothing"'
run 0 check --help
says out '--deny WHAT'
run 0 check --version
says out 'framealloc check 0.'

exit $failed
