#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# .fa.toml, suppressions and the baseline, as a user meets them.

set -eu
# shellcheck source=tests/front-lib.sh
. "${srcdir:-.}/tests/front-lib.sh"

mkdir src lib
cat >src/a.c <<'EOF'
update(void)
{
    use(p); /* @606 `p` is gone */
    keep(p); /* @601 `p` is kept */
}
EOF
cat >lib/b.c <<'EOF'
helper(void)
{
    *q = 1; /* @606 `q` is gone */
}
EOF
cat >compile_commands.json <<EOF
[{"directory": "$folder", "file": "src/a.c", "command": "cc -c src/a.c"},
 {"directory": "$folder", "file": "lib/b.c", "command": "cc -c lib/b.c"}]
EOF

# init writes a file that loads, and replaces none.
run 0 init
says out '.fa.toml is written'
run 1 check
says out '2 errors, 1 warning'
run 2 init
says err 'framealloc init: .fa.toml: File exists; --force replaces it'
run 0 init --force

# Found from below; patterns are relative to it.
cat >.fa.toml <<'EOF'
[global]
exclude = ["lib"]
deny_warnings = true
[lints]
FA606 = "hint"
[roles]
palloc = "frame(1)"
[tags]
known_tags = ["ai"]
module_tags = { "src/ai" = ["ai", "path"] }
EOF
(cd src && FRONT_ENGINE=1 run 1 check &&
    says out 'a.c:4:5: error: `p` is kept [FA601]' &&
    says out '1 error, 0 warnings, 1 hint' &&
    says err 'role palloc = frame(1)' && says err 'tag ai' &&
    says err 'tag path of src/ai' && lacks err 'lib/b.c'; exit $failed) ||
    failed=1
run 1 check --no-config
says out '2 errors, 1 warning'
run 1 check -D FA606
says out '2 errors'
run 2 check --config none.toml
says err 'framealloc check: none.toml: No such file or directory'

# Files that build on others; the last word is that of the file itself.
mv .fa.toml base.toml
printf 'extends = "base.toml"\n[lints]\nFA606 = "error"\n' >.fa.toml
run 1 check
says out '2 errors, 0 warnings'
printf 'extends = [".fa.toml"]\n' >.fa.toml
run 2 check
says err '.fa.toml:1:12: files extend each other too deeply'
printf 'extends = "gone.toml"\n' >.fa.toml
run 2 check
says err '.fa.toml:1:1: gone.toml: No such file or directory'

# Mistakes, with their place.
bad() {
    printf "$1" >.fa.toml
    run 2 check
    printf '%s\n' "$2" >want
    cmp -s want err || {
        fail "another message than $2"
        cat err >&2
    }
}
bad '\n[globl]\n' '.fa.toml:2:2: there is no key "globl"; did you mean "global"?'
bad '[global]\nexcluded = []\n' \
    '.fa.toml:2:1: there is no key "excluded" in [global]; did you mean "exclude"?'
bad '[lints]\nFA999 = "deny"\n' '.fa.toml:2:1: there is no key "FA999" in [lints]'
bad '[lints.levels]\nFA999 = "deny"\n' \
    '.fa.toml:2:1: there is no code or category "FA999"'
bad '[lints]\nFA606 = "loud"\n' \
    '.fa.toml:2:1: "loud" is not off, hint, warning or error, nor allow, warn or deny'
bad '[limits]\nsteps = "x"\n' '.fa.toml:2:1: "steps" must be a number'
bad '[roles]\nf = "nonsense"\n' '.fa.toml:2:1: f: it is not a role'
bad '[global\n' '.fa.toml:1:8: "]" is expected'
rm .fa.toml

# Suppressions.
cp src/a.c plain.c
sed -i '3s/$/ \/\/ fa-ignore: FA606 it is copied/' src/a.c
run 1 check
says out '1 error, 1 warning, 0 hints; 1 suppressed'
run 1 check --format json
says out '"reason": "it is copied"'
says out '"status": "suppressed"'
sed -i '4s/$/ \/\/ fa-ignore: FA609/' src/a.c
run 1 check
says out 'src/a.c:4:37: warning: nothing here is FA609 [FA092]'
run 1 check --skip FA609
lacks out 'FA092'
sed -i '1i // fa-ignore-file: FA601' src/a.c
printf '[global]\nrequire_reason = true\n' >.fa.toml
run 1 check
says out 'src/a.c:1:1: warning: the comment gives no reason [FA092]'
says out '`p` is kept [FA601]'
rm .fa.toml
cp plain.c src/a.c

# The baseline.
run 2 check --baseline
says err 'there is no baseline; framealloc baseline writes it'
run 2 baseline src
says err 'name no files'
run 0 baseline
says out '.fa-baseline.json: 3 new, 0 kept, 0 gone'
cp .fa-baseline.json first.json
run 0 check --baseline
says out '0 errors, 0 warnings, 0 hints; 0 suppressed, 3 in the baseline, 0 stale'
run 2 baseline
says err '.fa-baseline.json is there; --update changes it'
# Lines that move are the same findings.
sed -i '1i /* a line */' src/a.c
sed -i 's/^    use/  	use/' src/a.c
run 0 check --baseline
sed -i 's/^ *\*q/*q/' lib/b.c
run 0 check --baseline
# A second one like the first is new.
sed -i '4p' src/a.c
run 1 check --baseline
says out 'src/a.c:5:4: error: `p` is gone [FA606]'
run 1 baseline --update
says err 'framealloc baseline: 1 new: cure them'
cmp -s first.json .fa-baseline.json || fail 'a refused update changes it'
run 0 baseline --update --accept-new
says out '1 new, 3 kept, 0 gone'
run 0 check --baseline
# One that is gone.
sed -i '/@601/d' src/a.c
run 0 check --baseline
says out 'src/a.c: FA601 in update is in the baseline, and gone'
says out '1 stale'
run 0 check --baseline=.fa-baseline.json lib
lacks out 'and gone'
run 0 baseline --update
says out '0 new, 3 kept, 1 gone'
python3 -c 'import json
d = json.load(open(".fa-baseline.json"))
assert d["version"] == 1 and len(d["findings"]) == 3, d
assert all(len(f["fingerprint"]) == 32 for f in d["findings"]), d
assert len({f["fingerprint"] for f in d["findings"]}) == 3, d
' || fail 'the file of the baseline'
echo '{' >.fa-baseline.json
run 2 check --baseline
says err '.fa-baseline.json:'
echo '{"version": 2, "findings": []}' >.fa-baseline.json
run 2 check --baseline
says err 'is no baseline of version 1'
rm .fa-baseline.json
printf '/* @trouble x */\n' >>lib/b.c
run 3 baseline
says err 'framealloc baseline: not all was analysed'
[ ! -e .fa-baseline.json ] || fail 'half a baseline'

exit $failed
