#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
"""Are the examples of framealloc explain what they say?

Each file of tools/check/explain compiles without a warning. Where the
analyser is built, its bad part is reported by this code and no other, and its
good part not at all. FA_CC and FA_CHECK are the compiler and the program,
FA_SRCDIR the source folder, FA_CPPFLAGS flags for libraries.
"""

import json
import os
import subprocess
import sys

TOP = os.environ["FA_SRCDIR"]
FOLDER = os.path.join(TOP, "tools/check/explain")
# They are about the analysis, not about a function.
NOT_RUN = {"FA091", "FA093"}
# The analyser does not find these yet.
NOT_FOUND = {"FA203", "FA301", "FA602", "FA620"}


def command(path):
    compiler = os.environ.get("FA_CC", "cc").split()
    kind = ["-std=gnu11"]
    if path.endswith("FA614.c"):
        kind = ["-x", "c++", "-std=c++17"]
    return (compiler + kind + ["-Wall", "-Wno-deprecated-declarations",
                               "-I" + os.path.join(TOP, "include")] +
            os.environ.get("FA_CPPFLAGS", "").split() +
            ["-fsyntax-only", path])


def compiles(path):
    result = subprocess.run(command(path), capture_output=True, text=True,
                            check=False)
    if "chipmunk" in result.stderr and "No such file" in result.stderr:
        return True
    print(result.stderr, end="")
    return result.returncode == 0 and not result.stderr


def part_lines(path):
    with open(path, encoding="utf-8") as source:
        lines = source.read().split("\n")
    return lines.index("/* bad */") + 1, lines.index("/* good */") + 1


def findings_of(path, code):
    """None: this program has no analyser."""
    result = subprocess.run(
        os.environ["FA_CHECK"].split() +
        ["check", "--config", os.path.join(TOP, "tools/check/explain/explain.toml"),
         "--cache", "none", "--format", "json"] +
        (["--warn", code] if code in OFF else []) + ["--"] + command(path),
        capture_output=True, text=True, check=False)
    if result.returncode > 1:
        print(result.stderr, end="")
        return None
    return json.loads(result.stdout)["findings"]


OFF = {"FA203", "FA301", "FA602", "FA620"}


def is_right(path, code):
    findings = findings_of(path, code)
    if findings is None:
        print(f"{code}: not analysed")
        return False
    bad, good = part_lines(path)
    in_bad = {f["code"] for f in findings if bad < f["line"] < good}
    others = [f for f in findings if not bad < f["line"] < good]
    if in_bad != {code}:
        print(f"{code}: its bad part is reported as {sorted(in_bad)}")
    for finding in others:
        print(f"{code}: line {finding['line']} of its good part: "
              f"{finding['message']} [{finding['code']}]")
    return in_bad == {code} and not others


def codes_of_registry():
    with open(os.path.join(TOP, "tools/check/codes.h"),
              encoding="utf-8") as registry:
        return {f"FA{int(line.split('(')[1].split(',')[0]):03}"
                for line in registry
                if line.lstrip().startswith("CODE(") and
                line.split("(")[1][0].isdigit()}


def main():
    wrong = 0
    names = {name[:-2] for name in os.listdir(FOLDER) if name.endswith(".c")}
    for code in sorted(names ^ codes_of_registry()):
        print(f"{code}: has a file, or an entry in codes.h, but not both")
        wrong += 1
    for code in sorted(names):
        path = os.path.join(FOLDER, code + ".c")
        if not compiles(path):
            print(f"{code}: does not compile cleanly")
            wrong += 1
        elif "FA_CHECK" in os.environ and code not in NOT_RUN | NOT_FOUND:
            wrong += not is_right(path, code)
    print(f"{len(names)} examples, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
