# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
"""Raw results of the benchmarks: reading them, and the figure of a row.

The figure of a row is the lowest median of its passes. A pass is a process;
what a busy neighbour does to a machine slows a whole pass, never speeds one
up. The median over all passes is kept beside it.
"""

import csv
import os
import statistics


class Row:
    """One way of doing one workload in one process, over all passes."""

    def __init__(self):
        self.passes = []  # (ns, low, high)

    @property
    def best(self):
        return min(self.passes)[0]

    @property
    def spread(self):
        """Quartiles of the rounds of the best pass."""
        return min(self.passes)[1:]

    @property
    def median(self):
        return statistics.median(p[0] for p in self.passes)


def read_tsv(path):
    """Comments (name to value) and lines (dictionaries) of a result file."""
    comments, lines = {}, []
    if not os.path.exists(path):
        return comments, lines
    with open(path, encoding="utf-8") as file:
        text = []
        for line in file:
            if line.startswith("# "):
                name, _, value = line[2:].rstrip("\n").partition(": ")
                comments.setdefault(name, value)
            elif line.strip():
                text.append(line)
    lines = list(csv.DictReader(text, delimiter="\t"))
    return comments, lines


def micro_rows(lines):
    """(process, variant, workload) to Row."""
    rows = {}
    for line in lines:
        key = (line["process"], line["variant"], line["workload"])
        row = rows.setdefault(key, Row())
        row.passes.append(
            (float(line["ns"]), float(line["low"]), float(line["high"]))
        )
    return rows


def ratio(workload, ours, other):
    """Ours as a multiple of another row.

    Two threads meet in one of several ways that a process keeps, so that the
    best passes of two rows need not belong together: there the medians.
    """
    if workload.startswith("remote-"):
        return ours.median / other.median
    return ours.best / other.best


def duration(ns):
    """A time in its own unit, with three digits that count."""
    for unit, factor in (("ms", 1e6), ("us", 1e3)):
        if ns >= factor:
            return digits(ns / factor) + " " + unit
    return digits(ns) + " ns"


def digits(value):
    if value >= 99.95:
        return f"{value:,.0f}"
    if value >= 9.995:
        return f"{value:.1f}"
    return f"{value:.2f}"
