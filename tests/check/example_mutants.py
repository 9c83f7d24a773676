#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
"""How many broken versions of the examples does framealloc check find?

Each operator below breaks the examples at every place where it fits. A mutant
counts when a run with guard=2 faults, or reports a misuse that the example
does not report. Of those, the analyser must report nine in ten.

"make check-examples-mutants" calls this in the build folder: FA_COMPILE and
FA_LINK compile and link, FA_LIBS maps an example to its libraries, FA_CHECK
is the program, FA_SRCDIR the source folder. Arguments are names of operators
or examples; without any, all are tried.
"""

import collections
import concurrent.futures
import json
import os
import re
import subprocess
import sys
import tempfile

TOP = os.environ["FA_SRCDIR"]
END = re.compile(r"^\s*fa_end_frame\((.*)\);(?:\s*/\*.*\*/)?$")
BEGIN = re.compile(r"^\s*(?:fa_frame \*\w+ = )?fa_begin_frame\((.*)\);$")
ALLOC = re.compile(r"^\s*(?:.*\*)?(\w+) =\s+fa_frame_(?!checkpoint|used|rollback)"
                   r"\w+\(.*\);$")
FREE = re.compile(r"^\s*fa_(?:free|pool_delete|heap_free|task_free)\(.*\);$")
PRELUDE = """
static void *escaped_;
static fa_ctx *first_ctx_;

static inline void
look_(void)
{
    if (escaped_ != NULL && *(volatile char *)escaped_ == 1)
        escaped_ = NULL;
}

static inline fa_ctx *
share_(fa_ctx *ctx)
{
    if (first_ctx_ == NULL)
        first_ctx_ = ctx;
    return first_ctx_;
}
"""


def functions(lines):
    """(first, last) of each body: the lines of its braces."""
    start = None
    for i, line in enumerate(lines):
        if line == "{":
            start = i
        elif line == "}" and start is not None:
            yield start, i
            start = None


def frames(lines):
    """(begin, end, function) for what is opened and closed in one body."""
    for first, last in functions(lines):
        begins = [i for i in range(first, last) if BEGIN.match(lines[i])]
        ends = [i for i in range(first, last) if END.match(lines[i])]
        if begins and ends:
            yield begins[0], ends[-1], (first, last)


def statements(lines, first, last):
    """Lines before which a statement of the outermost level can stand."""
    for i in range(first, last):
        before = lines[i - 1].rstrip()
        if (re.match(r"^    [^ }/*#]", lines[i]) and
                re.search(r"[;}](?:\s*/\*.*\*/)?$", before) and
                not lines[i].startswith("    else")):
            yield i


def returned(lines, function):
    kind = lines[function[0] - 2]
    for i in range(function[0] - 1, 0, -1):
        if re.match(r"^\w+\(", lines[i]):
            kind = lines[i - 1]
            break
    return "return;" if kind.split()[-1] == "void" else "return 0;"


def drop_end(lines):
    for i, line in enumerate(lines):
        if END.match(line):
            yield lines[:i] + lines[i + 1:]


def end_early(lines):
    for begin, end, _ in frames(lines):
        for i in statements(lines, begin + 1, end):
            yield lines[:i] + [lines[end]] + lines[i:end] + lines[end + 1:]


def early_return(lines):
    for begin, end, function in frames(lines):
        leave = "    if (getenv(\"HOME\") != (char *)1)\n        "
        leave += returned(lines, function)
        for i in statements(lines, begin + 1, end + 1):
            yield lines[:i] + [leave] + lines[i:]


def pool_to_frame(lines):
    for i, line in enumerate(lines):
        if "fa_pool_new(" in line:
            new = re.sub(r"fa_pool_new\(([^,]*),", r"fa_frame_new(fa_ctx_frame"
                         r"(\1),", line)
            yield lines[:i] + [new] + lines[i + 1:]
        elif re.search(r"fa_heap_alloc\([^,]*,", line):
            new = re.sub(r"fa_heap_alloc\(([^,]*),", r"fa_frame_alloc("
                         r"fa_ctx_frame(\1),", line)
            yield lines[:i] + [new] + lines[i + 1:]


def escape(lines):
    for i, line in enumerate(lines):
        found = ALLOC.match(line)
        if not found:
            continue
        new = lines[:i + 1] + [f"    escaped_ = {found[1]};"] + lines[i + 1:]
        ends = [k for k, text in enumerate(new) if END.match(text)]
        for k in reversed(ends):
            new.insert(k + 1, "    look_();")
        if ends:
            yield new


def swap_arenas(lines):
    """What was allocated before a mark is now behind it; what was a group's
    is another group's."""
    for i, line in enumerate(lines):
        if "fa_frame_checkpoint(" in line:
            for k in range(i - 1, max(i - 6, 0), -1):
                if ALLOC.match(lines[k]):
                    yield (lines[:k] + lines[k + 1:i + 1] + [lines[k]] +
                           lines[i + 1:])
        if re.search(r"\(level, 1000\)", line):
            at = next(k for k in range(i, len(lines))
                      if "&room) != FA_OK" in lines[k]) + 2
            new = lines[:at] + ["        map = load_items(room, 1000);",
                                "        fa_group_destroy(room);"]
            yield new + lines[at:]


def double_free(lines):
    for i, line in enumerate(lines):
        if FREE.match(line):
            yield lines[:i] + ["    {", line, line, "    }"] + lines[i + 1:]


def use_after_free(lines):
    for i, line in enumerate(lines):
        if FREE.match(line):
            what = re.search(r"([^,(]*)\);$", line)[1].strip()
            use = f"    if (({what}) != NULL) *(volatile char *)({what}) = 1;"
            yield lines[:i] + ["    {", line, use, "    }"] + lines[i + 1:]


def drop_attach(lines):
    """All threads use the context of the first."""
    if not any("pthread_create" in line for line in lines):
        return
    new = [re.sub(r"fa_ctx_current\(((?:[^()]|\([^()]*\))*)\)",
                  r"share_(fa_ctx_current(\1))", line) for line in lines]
    for i, line in enumerate(lines):
        if new[i] == line:
            continue
        one = list(lines)
        one[i] = new[i].replace("share_(", "(first_ctx_ != NULL ? first_ctx_ : ",
                                1)
        main = next((k for k, text in enumerate(one)
                     if "fa_allocator_create(" in text), None)
        if main is None or "fa_ctx_current" not in line:
            continue
        name = re.search(r"fa_allocator_create\(.*?&(.*?)\)", one[main])[1]
        one.insert(main + 2, f"    first_ctx_ = fa_ctx_current({name});")
        yield one


def drop_join(lines):
    """The frame ends while its workers run."""
    for i, line in enumerate(lines):
        if re.match(r"^\s*pthread_barrier_wait\(&\w+->end\);$", line):
            yield lines[:i] + lines[i + 1:]


OPERATORS = [drop_end, end_early, early_return, pool_to_frame, escape,
             swap_arenas, double_free, use_after_free, drop_attach, drop_join]
Mutant = collections.namedtuple("Mutant", "name operator example lines")


def run(words, **more):
    try:
        return subprocess.run(words, capture_output=True, text=True,
                              errors="replace", check=False, **more)
    except subprocess.TimeoutExpired:
        return None


def misuses(program):
    """Codes that a run reports, with the signal that ends it, if one does."""
    environment = dict(os.environ, FRAMEALLOC_OPTIONS="guard=2")
    result = run([program], timeout=60, env=environment)
    if result is None:
        return None
    found = set(re.findall(r"\bFA\d{3}\b", result.stderr + result.stdout))
    if result.returncode < 0:
        found.add(f"signal {-result.returncode}")
    return found


def build(source, program, example):
    result = run(os.environ["FA_COMPILE"].split() +
                 ["-w", "-c", source, "-o", program + ".o"])
    if result.returncode != 0:
        return False
    libraries = dict(part.split("=", 1)
                     for part in os.environ["FA_LIBS"].split(";"))
    libs = libraries.get(example, libraries["*"]).split()
    return run(os.environ["FA_LINK"].split() +
               ["-o", program, program + ".o"] + libs).returncode == 0


def reports(source):
    result = run(os.environ["FA_CHECK"].split() +
                 ["check", "--no-config", "--cache", "none", "--format",
                  "json", "--"] + os.environ["FA_COMPILE"].split() +
                 ["-c", source])
    if result.returncode > 1:
        sys.exit(result.stderr)
    return {(f["code"], f["function"])
            for f in json.loads(result.stdout)["findings"]
            if f["level"] != "hint"}


def write(folder, name, lines):
    includes = max(i for i, line in enumerate(lines)
                   if line.startswith("#include"))
    text = (lines[:includes + 1] + ["#include <stdlib.h>"] +
            PRELUDE.split("\n") + lines[includes + 1:])
    path = os.path.join(folder, name + ".c")
    with open(path, "w", encoding="utf-8") as out:
        out.write("\n".join(text) + "\n")
    return path


def examine(folder, mutant, before):
    """None: it does not count. Else what the run and the analyser say."""
    source = write(folder, mutant.name, mutant.lines)
    program = os.path.join(folder, mutant.name)
    if not build(source, program, mutant.example):
        return None
    faults = misuses(program)
    if not faults or faults <= before["faults"]:
        return None
    return faults - before["faults"], reports(source) - before["reports"]


def mutants_of(example):
    with open(os.path.join(TOP, "examples", example + ".c"),
              encoding="utf-8") as source:
        lines = source.read().rstrip("\n").split("\n")
    yield Mutant(example, None, example, lines)
    for operator in OPERATORS:
        for i, changed in enumerate(operator(lines)):
            name = operator.__name__
            if not sys.argv[1:] or {name, example} & set(sys.argv[1:]):
                yield Mutant(f"{example}-{name}-{i}", name, example, changed)


def main():
    examples = os.environ["FA_EXAMPLES"].split()
    counted, killed = collections.Counter(), collections.Counter()
    tried = 0
    with tempfile.TemporaryDirectory(dir=".") as folder, \
            concurrent.futures.ThreadPoolExecutor(2) as pool:
        for example in examples:
            original, *mutants = mutants_of(example)
            source = write(folder, example, original.lines)
            program = os.path.join(folder, example)
            if not build(source, program, example):
                sys.exit(f"{example} does not build")
            before = {"faults": misuses(program) or set(),
                      "reports": reports(source)}
            results = pool.map(lambda m: (m, examine(folder, m, before)),
                               mutants)
            for mutant, result in results:
                tried += 1
                if result is None:
                    continue
                counted[mutant.operator] += 1
                killed[mutant.operator] += bool(result[1])
                if not result[1]:
                    print(f"  missed {mutant.name}: "
                          f"{', '.join(sorted(result[0]))}", flush=True)
    for name in sorted(counted):
        print(f"  {name:15} {killed[name]:3} of {counted[name]:3}")
    total, found = sum(counted.values()), sum(killed.values())
    print(f"{tried} mutants, {total} of which fault; the analyser reports "
          f"{found} of those ({100 * found / max(1, total):.1f} %)")
    return 0 if found >= 0.9 * total and (total >= 60 or sys.argv[1:]) else 1


if __name__ == "__main__":
    sys.exit(main())
