#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
"""Breaks the sources that others.sh has fetched.

others.py FOLDER

Each operator inserts one mistake at a place where it fits. What is reported in
the file as it was is not counted; and an error there is a false one.
"""

import collections
import concurrent.futures
import glob
import json
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ADD = re.compile(r"^\s+(?:cp\w+ \*)?(\w+) = cpSpaceAdd\w+\(space, .*\);$")
FREE = re.compile(r"^\s+jsonp_free\(([\w>.-]+)\);$")
MOST = 4  # of one operator in one file


def insert(lines, at, *more):
    return lines[:at] + list(more) + lines[at:]


def end_early(lines):
    """The space is freed before what is in it is set."""
    for i, line in enumerate(lines[:-1]):
        found = ADD.match(line)
        if found and re.match(rf"^\s+cp\w+\({found[1]}, ", lines[i + 1]):
            yield insert(lines, i + 1, "\tcpSpaceFree(space);")


def escape(lines):
    """What is in it is stored in a global, and the space is freed."""
    for i, line in enumerate(lines):
        found = ADD.match(line)
        if not found:
            continue
        end = next((k for k in range(i, len(lines))
                    if re.match(r"^\treturn space;|^\}", lines[k])), None)
        if end is None or lines[end] == "}":
            continue
        new = lines[:end] + ["\tcpSpaceFree(space);", "\treturn 0;"]
        new += lines[end + 1:]
        new = insert(new, i + 1, f"\tescaped_ = {found[1]};")
        first = max(k for k, text in enumerate(new)
                    if text.startswith("#include"))
        yield insert(new, first + 1, "static void *escaped_;")


def end_twice(lines):
    for i, line in enumerate(lines):
        if re.match(r"^\tcpSpaceFree\(space\);$", line):
            yield insert(lines, i, line)


def double_free(lines):
    for i, line in enumerate(lines):
        if FREE.match(line):
            yield lines[:i] + ["{", line, line, "}"] + lines[i + 1:]


def use_after_free(lines):
    for i, line in enumerate(lines):
        found = FREE.match(line)
        if found:
            use = f"*(volatile char *)({found[1]}) = 0;"
            yield lines[:i] + ["{", line, use, "}"] + lines[i + 1:]


def wrong_free(lines):
    """What is allocated in a function is freed there by free()."""
    for i, line in enumerate(lines):
        found = FREE.match(line)
        if not found:
            continue
        for k in range(i, max(i - 40, 0), -1):
            if lines[k] == "{" or lines[k].endswith(") {") and \
                    not lines[k].startswith(" "):
                break
            if re.search(rf"\b{re.escape(found[1])} = jsonp_(malloc|strdup)\(",
                         lines[k]):
                new = list(lines)
                new[i] = line.replace("jsonp_free", "free")
                yield new
                break


def commands(top):
    for path in sorted(glob.glob(top + "/chipmunk/demo/[A-Z]*.c")):
        if "Chipmunk" not in os.path.basename(path):
            yield path, ["-I" + top + "/chipmunk/include",
                         "-I" + top + "/chipmunk/demo"]
    for path in sorted(glob.glob(top + "/chipmunk/src/*.c")):
        if "Hasty" not in path:  # clang does not take it
            yield path, ["-I" + top + "/chipmunk/include"]
    for path in sorted(glob.glob(top + "/jansson/src/*.c")):
        yield path, ["-DHAVE_STDINT_H=1", "-DHAVE_UNISTD_H=1",
                     "-DHAVE_SYS_TYPES_H=1", "-DHAVE_SYS_TIME_H=1",
                     "-I" + top + "/jansson/src"]


def findings_of(path, flags):
    result = subprocess.run(
        os.environ["FA_CHECK"].split() +
        ["check", "--config", os.path.join(HERE, "others.toml"), "--cache",
         "none", "--format", "json", "--", "cc", "-std=gnu11", "-w"] + flags +
        ["-c", path], capture_output=True, text=True, check=False)
    # 3: a file that uses no arena.
    if result.returncode > 1 and "no function uses" not in result.stderr:
        sys.exit(f"{path}: {result.stderr}")
    return [f for f in json.loads(result.stdout)["findings"]
            if f["level"] != "hint"]


def keys(findings):
    return collections.Counter((f["code"], f["function"]) for f in findings)


def try_one(work):
    path, flags, lines, before, name, number = work
    stem = os.path.basename(path)[:-2]
    mutant = os.path.join(os.path.dirname(path), f"m-{stem}-{name}-{number}.c")
    with open(mutant, "w", encoding="utf-8") as out:
        out.write("\n".join(lines) + "\n")
    new = keys(findings_of(mutant, flags)) - before
    if new:
        os.remove(mutant)
    return mutant, name, bool(new)


def main():
    top = sys.argv[1]
    for old in glob.glob(top + "/*/*/m-*.c"):
        os.remove(old)
    false, works = 0, []
    for path, flags in commands(top):
        with open(path, encoding="utf-8", errors="replace") as source:
            lines = source.read().split("\n")
        findings = findings_of(path, flags)
        for finding in findings:
            if finding["level"] == "error":
                print(f"  {path}:{finding['line']}: false error: "
                      f"{finding['message']} [{finding['code']}]")
                false += 1
        for operator in (end_early, escape, end_twice, double_free,
                         use_after_free, wrong_free):
            for i, changed in enumerate(operator(lines)):
                if i < MOST:
                    works.append((path, flags, changed, keys(findings),
                                  operator.__name__, i))
    tried, found = collections.Counter(), collections.Counter()
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for mutant, name, is_found in pool.map(try_one, works):
            tried[name] += 1
            found[name] += is_found
            if not is_found:
                print(f"  missed {os.path.basename(mutant)}")
    for name in sorted(tried):
        print(f"  {name:15} {found[name]:3} of {tried[name]:3}")
    total, hits = sum(tried.values()), sum(found.values())
    print(f"{total} mutants of others' code, {hits} reported "
          f"({100 * hits / max(1, total):.1f} %); {false} false errors")
    return 0 if hits >= 0.9 * total and total > 0 and false == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
