# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
"""Compares the verdicts of `framealloc snapshot validate` with those of the
published schema, on a snapshot and on each change of one of its members.

usage: snapshot_schema.py PROGRAM SCHEMA SNAPSHOT FOLDER
"""
import copy
import json
import subprocess
import sys

import jsonschema

GONE = object()
VALUES = [GONE, None, True, 0, 1, -1, 2.5, -0.5, "", "FA510", "frame",
          "2026-03-01T00:00:00Z", [], [1], ["FA510"], [{}], {},
          {"limit": 1, "used": 0, "percent": 0.5}]


def places(value, path=()):
    """Paths of all values; of a list, only the first and last elements."""
    yield path
    if isinstance(value, dict):
        for key in value:
            yield from places(value[key], path + (key,))
    elif isinstance(value, list) and value:
        for i in {0, len(value) - 1}:
            yield from places(value[i], path + (i,))


def changed(root, path, value):
    if not path:
        return value
    root = copy.deepcopy(root)
    parent = root
    for step in path[:-1]:
        parent = parent[step]
    if value is GONE:
        del parent[path[-1]]
    else:
        parent[path[-1]] = value
    return root


def main():
    program, schema_file, good_file, folder = sys.argv[1:]
    with open(schema_file, encoding="utf-8") as file:
        schema = json.load(file)
    with open(good_file, encoding="utf-8") as file:
        good = json.load(file)
    # With advice and a budget, which the snapshot does not have.
    good["threads"][0]["budget"] = {"limit": 5, "used": 1, "percent": 20.0}
    good["tags"][0]["diagnostics"] = ["FA501"]
    good["diagnostics"] = [{"code": "FA501", "tag": None, "message": "x",
                            "observed": 1.5, "threshold": 1}]
    kind = jsonschema.validators.validator_for(schema)
    kind.check_schema(schema)
    validator = kind(schema)
    cases = [good, changed(good, ("unknown",), {"x": 1})]
    for path in places(good):
        cases += [changed(good, path, value) for value in VALUES
                  if path or value is not GONE]
    names = []
    for i, case in enumerate(cases):
        names.append(f"{folder}/{i}.json")
        with open(names[-1], "w", encoding="utf-8") as file:
            json.dump(case, file)
    said = set()
    for i in range(0, len(names), 500):
        done = subprocess.run(
            [program, "snapshot", "validate", *names[i:i + 500]], check=False,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        said |= set(done.stdout.splitlines())
    bad = 0
    valid = 0
    for name, case in zip(names, cases):
        # jansson takes objects and lists only as a whole text.
        wanted = validator.is_valid(case)
        valid += wanted
        if wanted != (f"{name}: valid" in said):
            bad += 1
            print(f"{name}: the schema says {wanted}: {str(case)[:300]}")
    print(f"schema: {len(cases)} files, {valid} valid, {bad} disagree")
    return bad != 0 or valid < 2 or valid == len(cases)


sys.exit(main())
