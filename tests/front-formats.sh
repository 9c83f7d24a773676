#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# All formats of the analyser: what other programs read must be well-formed
# whatever the sources hold, and say the same thing twice.

set -eu
# shellcheck source=tests/front-lib.sh
. "${srcdir:-.}/tests/front-lib.sh"
case ${srcdir:-.} in
/*) ;;
*) srcdir=$OLDPWD/${srcdir:-.} ;;
esac

mkdir -p 'src ,dir'
# Bytes that are no UTF-8, quotes, entities, escapes, controls.
printf 'update(void)\n{\n\tuse(p); /* @606 `<p>` & "q" is \\ used: 50%%, \303\251 \377 */\n/* @note 1 it is <here> */\n    keep(p); // \033[31m @601 kept \033[0m \342\202\254 */\n    old(); /* @104 old() */\n    \303\251; use(q); /* @606 second */\n}\n' \
    >'src ,dir/a.c'
printf 'quiet(void)\n{\n    use(p); /* @606 quiet */ // fa-ignore: FA606 "why" <>\n    \303\251; use(p); /* @602 off */\n}\n' >b.c
printf '/* @trouble */ int x;\n' >ok.c
cat >compile_commands.json <<EOF
[{"directory": "$folder", "file": "src ,dir/a.c", "command": "cc -c x"},
 {"directory": "$folder", "file": "b.c", "command": "cc -c b.c"},
 {"directory": "$folder", "file": "ok.c", "command": "cc -c ok.c"}]
EOF

formats='text compact json jsonl sarif junit checkstyle codeclimate github html'
for format in $formats; do
    run 1 check -f $format
    cp out "$format"
    run 1 check -f $format -j 7
    cmp -s out "$format" || fail "$format differs from run to run"
    run 1 check -o "$format:file"
    cmp -s file "$format" || fail "$format differs in a file"
    says out '2 errors, 2 warnings, 0 hints; 1 suppressed'
done
grep -q "$(printf '\033')" text && fail 'an escape of the source gets through'

python3 - "$srcdir/tests/sarif-2.1.0.json" <<'EOF' || fail 'a format'
import json
import sys
import xml.dom.minidom
from html.parser import HTMLParser


def load(name):
    return json.load(open(name, encoding="utf-8"))


sarif = load("sarif")
try:
    import jsonschema
    schema = load(sys.argv[1])
    jsonschema.Draft7Validator.check_schema(schema)
    jsonschema.Draft7Validator(schema).validate(sarif)
    broken = json.loads(json.dumps(sarif))
    broken["runs"][0]["results"][0]["extra"] = 1
    assert not jsonschema.Draft7Validator(schema).is_valid(broken)
except ImportError:
    print("front-formats: without python3-jsonschema", file=sys.stderr)
run = sarif["runs"][0]
rules = run["tool"]["driver"]["rules"]
assert len(rules) > 40 and rules == sorted(rules, key=lambda r: r["id"])
for result in run["results"]:
    assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
second, = [r for r in run["results"] if r["message"]["text"][:6] == "second"]
place = second["locations"][0]["physicalLocation"]["region"]
assert place == {"startLine": 7, "startColumn": 8}, place
by_rule = {r["ruleId"]: r for r in reversed(run["results"])
           if "suppressions" not in r}
flow = by_rule["FA606"]["codeFlows"][0]["threadFlows"][0]["locations"]
assert [s["location"]["message"]["text"][:3] for s in flow] == ["it ", "`<p"]
place = by_rule["FA601"]["locations"][0]["physicalLocation"]
assert place["artifactLocation"]["uri"] == "src%20%2Cdir/a.c", place
quiet = [r for r in run["results"] if "suppressions" in r]
assert quiet[0]["suppressions"][0]["justification"] == '"why" <>'
assert run["invocations"][0]["executionSuccessful"] is True

prints = [r["partialFingerprints"]["framealloc/v1"] for r in run["results"]]
assert len(set(prints)) == len(prints)

junit = xml.dom.minidom.parse("junit").documentElement
suite = junit.getElementsByTagName("testsuite")[0]
for name, tag in (("tests", "testcase"), ("failures", "failure"),
                  ("errors", "error"), ("skipped", "skipped")):
    count = len(suite.getElementsByTagName(tag))
    assert int(suite.getAttribute(name)) == count, (name, count)
assert suite.getAttribute("failures") == "2"
style = xml.dom.minidom.parse("checkstyle").documentElement
assert style.tagName == "checkstyle"
errors = style.getElementsByTagName("error")
assert len(errors) == 4, len(errors)
assert errors[0].getAttribute("source") == "framealloc.FA606"
assert "<p>` & \"q\" is \\ used: 50%, \u00e9 \ufffd" in \
    errors[0].getAttribute("message")

issues = load("codeclimate")
assert len(issues) == 4
for issue in issues:
    assert issue["location"]["path"] == "src ,dir/a.c"
    assert issue["location"]["lines"]["begin"] > 0
    assert issue["severity"] in ("minor", "major", "critical")
    assert len(issue["fingerprint"]) == 32

lines = open("github", encoding="utf-8", errors="replace").read().splitlines()
assert len(lines) == 4
assert lines[0].startswith("::error file=src %2Cdir/a.c,line=3,col=2,"
                           "title=FA606::`<p>` & \"q\" is \\ used: 50%25"), lines

findings = load("json")["findings"]
assert [f["message"] for f in findings if f["code"] == "FA601"] == \
    ["kept \x1b[0m \u20ac"]
assert len(findings) == 5
assert [json.loads(x)["type"] for x in open("jsonl", encoding="utf-8")] == \
    ["finding"] * 5 + ["summary"]


class Page(HTMLParser):
    """All elements are closed, and nothing comes from elsewhere."""
    stack = []

    def handle_starttag(self, tag, attrs):
        assert tag not in ("script", "link", "img", "iframe"), tag
        if tag not in ("meta", "br"):
            self.stack.append(tag)

    def handle_endtag(self, tag):
        assert self.stack.pop() == tag, tag


page = Page(convert_charrefs=True)
page.feed(open("html", encoding="utf-8").read())
page.close()
assert page.stack == []
EOF

# A file that was not analysed is there in all of them.
echo '/* @trouble x */' >ok.c
for format in $formats; do
    run 3 check -f $format
    says out ok.c
done
run 3 check -f junit
says out 'errors="1"'
run 3 check -f sarif
says out '"executionSuccessful": false'

# States against the baseline; what is gone stays in SARIF as absent.
echo '' >ok.c
run 0 baseline
sed -i '/@601/d' 'src ,dir/a.c'
printf 'again(void)\n{\n    use(r); /* @606 new */\n}\n' >>b.c
run 1 check --baseline -f sarif
for state in new unchanged absent; do
    says out "\"baselineState\": \"$state\""
done
run 0 check --baseline -f codeclimate -A FA606
[ "$(cat out)" = '[]' ] || fail 'an empty list'
run 0 check -f junit b.c --only FA610
says out 'tests="1" failures="0"'

exit $failed
