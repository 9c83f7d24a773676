#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
"""Compares the findings of framealloc check with the marks of the corpus.

corpus.py REPORT.json FOLDER...

A mark stands directly above its function: "bad: FA606", "bad: FA611 FA601"
where either code is right, or "good". What lies between the end of the case
before and a mark belongs to the case that follows: its helpers.
"""

import collections
import json
import os
import re
import sys

MARK = re.compile(r"^/\* (?:bad: (FA\d+(?: FA\d+)*)|(good)) \*/$")
Case = collections.namedtuple("Case", "file first last line codes here")


def read_cases(path):
    cases, here, mark = [], set(), None
    first = 1
    with open(path, encoding="utf-8") as source:
        for number, text in enumerate(source, 1):
            text = text.rstrip("\n")
            if text == "/* The cases. */":
                first, here = number, set()
            found = MARK.match(text)
            if found:
                mark = (number, (found[1] or "").split())
            if text.endswith("/* here */"):
                here.add(number)
            if text == "}" and mark:
                cases.append(Case(path, first, number, *mark, here))
                first, here, mark = number + 1, set(), None
    return cases


def is_inside(finding, case):
    return (case.first <= finding["line"] <= case.last and
            os.path.realpath(finding["file"]) == os.path.realpath(case.file))


def is_found(finding, case):
    """In its lines, or, if it is a helper's, with a step of its path there."""
    places = [finding] + finding["notes"]
    return (finding["code"] in case.codes and
            any(is_inside(place, case) for place in places))


def score(name, cases, findings):
    bad = [case for case in cases if case.codes]
    good = [case for case in cases if not case.codes]
    expected = collections.Counter()
    found = collections.Counter()
    exact = 0
    missed = []
    for case in bad:
        expected[case.codes[0]] += 1
        hits = [f for f in findings if is_found(f, case)]
        if hits:
            found[case.codes[0]] += 1
            exact += any(hit["line"] in case.here for hit in hits)
        else:
            missed.append(case)
    false = [(f, case) for f in findings for case in good
             if is_inside(f, case) and f["level"] != "hint"]
    print(f"{name}:")
    for code in sorted(expected):
        print(f"  {code}  {found[code]:2} of {expected[code]:2}")
    for case in missed:
        print(f"  {case.file}:{case.line}: missed {' '.join(case.codes)}")
    for finding, case in false:
        print(f"  {finding['file']}:{finding['line']}: false "
              f"{finding['level']}: {finding['message']} [{finding['code']}]")
    count = sum(found.values())
    share = 100 * count / max(1, len(bad))
    errors = sum(f["level"] == "error" for f, _ in false)
    print(f"  found {count} of {len(bad)} ({share:.1f} %), {exact} of "
          f"{sum(bool(case.here) for case in bad)} on the marked line; "
          f"{errors} false errors and {len(false) - errors} false warnings "
          f"in {len(good)} correct functions")
    return share >= 95 and errors == 0 and len(false) - errors <= 2


def main():
    with open(sys.argv[1], encoding="utf-8") as report:
        findings = [f for f in json.load(report)["findings"]
                    if f["status"] != "suppressed"]
    is_good = True
    for folder in sys.argv[2:]:
        cases = []
        for name in sorted(os.listdir(folder)):
            if name.endswith((".c", ".cc")):
                cases += read_cases(os.path.join(folder, name))
        is_good &= score(os.path.basename(folder), cases, findings)
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
