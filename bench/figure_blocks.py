# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
"""The blocks of figures that the documents show, as lines of text.

Where nothing has been measured, a block says so.
"""

import glob
import json
import os
import re
import statistics

import results

OURS = "framealloc"
GROUPS = {
    "frames": [
        "frame-64",
        "frame-64-touch",
        "frame-sized",
        "frame-mixed",
        "frame-mixed-touch",
    ],
    "boundary": [
        "batch",
        "batch-touch",
        "frame-empty",
        "frame-8mib",
        "frame-8mib-objects",
    ],
    "pools": ["pool-pair", "pool-fifo", "pool-random"],
    "threads": ["remote-alloc", "remote-free", "remote-stream", "threads-2"],
    "heap": [
        "heap-8kib",
        "heap-1mib",
        "heap-256kib-touch",
        "heap-1mib-touch",
        "heap-16mib-touch",
    ],
    "operations": [
        "ctx-current",
        "tag-push-pop",
        "checkpoint-rollback",
        "alloc-release",
        "batch-8x125",
    ],
}
LATENCY_COLUMNS = ["p50", "p90", "p99", "p99.9", "p99.99", "p99.999", "max"]
NOTHING = ["", "Not measured yet: run `make bench-publish`.", ""]


def markdown(head, rows, column="---:"):
    """A table, numbers to the right."""
    lines = ["", "| " + " | ".join(head) + " |"]
    lines.append("|---" + ("|" + column) * (len(head) - 1) + "|")
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return lines + [""]


def is_ours(variant):
    return variant == OURS or variant.startswith(OURS + ",")


class Blocks:
    """All blocks, from the results in one folder."""

    def __init__(self, folder, here):
        self.folder = folder
        self.here = here
        self.comments, lines = self.read("micro.tsv")
        self.rows = results.micro_rows(lines)
        self.gate = results.read_tsv(os.path.join(here, "gate.tsv"))[1]
        self.ratios = results.read_tsv(os.path.join(here, "ratio.tsv"))[1]
        self.parity_rows = results.read_tsv(os.path.join(here, "parity.tsv"))[1]
        self.facts = {
            line["fact"]: line for line in self.read("facts.tsv")[1]
        }

    def read(self, name):
        return results.read_tsv(os.path.join(self.folder, name))

    def named(self):
        blocks = {
            "machine": self.machine,
            "losses": self.losses,
            "targets": self.targets,
            "steady": self.steady,
            "startup": self.startup,
            "latency": self.latency,
            "latency-frames": self.latency_frames,
            "parity": self.parity,
            "readme": self.readme,
            "replay": self.replay,
            "machine-plain": self.machine_plain,
            "losses-plain": self.losses_plain,
        }
        for name, workloads in GROUPS.items():
            blocks[name] = lambda w=workloads: self.group(w)
        return blocks

    # Access to the rows.

    def row(self, variant, workload):
        """A row of any process; limit rows are those of our process."""
        if variant == "limit" or is_ours(variant):
            return self.rows.get((OURS, variant, workload))
        for key, row in self.rows.items():
            if key[1:] == (variant, workload):
                return row
        return None

    def variants(self, workloads):
        """Variants that have one of the workloads, the fastest first."""
        best = {}
        for process, variant, workload in self.rows:
            if workload not in workloads:
                continue
            if variant == "limit" and process != OURS:
                continue
            rank = (workloads.index(workload), self.best(variant, workload))
            best[variant] = min(best.get(variant, rank), rank)
        return sorted(best, key=lambda variant: best[variant])

    def best(self, variant, workload):
        row = self.row(variant, workload)
        return row.best if row else None

    def time(self, variant, workload):
        best = self.best(variant, workload)
        return results.duration(best) if best is not None else "-"

    # Blocks.

    def machine(self):
        if not self.comments:
            return NOTHING
        return [""] + [
            f"- {name}: {value}" for name, value in self.comments.items()
        ] + [""]

    def group(self, workloads):
        variants = self.variants(workloads)
        if not variants:
            return NOTHING
        rows = []
        for variant in variants:
            name = f"**{variant}**" if is_ours(variant) else variant
            rows.append([name] + [self.time(variant, w) for w in workloads])
        return markdown(["per operation"] + workloads, rows)

    def losses(self):
        """Everything where somebody else is faster than we are."""
        rows = []
        for process, variant, workload in self.rows:
            if variant == "limit" or is_ours(variant):
                continue
            ours = self.best(OURS, workload)
            other = self.rows[(process, variant, workload)].best
            if ours and other < ours * 0.98:
                rows.append((ours / other, workload, variant, ours, other))
        if not self.rows:
            return NOTHING
        if not rows:
            return ["", "In no row of this run.", ""]
        return markdown(
            ["workload", "faster", "its time", "ours", "we take"],
            [
                [w, v, results.duration(o), results.duration(u), f"{r:.2f} x"]
                for r, w, v, u, o in sorted(rows, reverse=True)
            ],
        )

    def target_ratio(self, line):
        ours = self.rows.get((OURS, line["variant"], line["workload"]))
        other = self.rows.get(
            (line["process"], line["of"], line["reference"])
        )
        if not ours or not other:
            return None
        return results.ratio(line["workload"], ours, other)

    def instructions(self, workload, variant):
        for line in self.gate:
            if (line["workload"], line["variant"]) == (workload, variant):
                return line
        return None

    def targets(self):
        if not self.rows:
            return NOTHING
        rows, seen = [], set()
        for line in self.ratios:
            key = (line["workload"], line["variant"])
            seen.add(key)
            gate = self.instructions(*key)
            ratio = self.target_ratio(line)
            rows.append(
                [
                    line["row"],
                    self.time(line["variant"], line["workload"]),
                    f"{ratio:.3f}" if ratio is not None else "-",
                    line["limit"],
                    gate["measured"] if gate else "",
                    gate["limit"] if gate else "",
                ]
            )
        for gate in self.gate:
            key = (gate["workload"], gate["variant"])
            if key not in seen:
                time = self.time(gate["variant"], gate["workload"])
                rows.append(
                    [gate["row"], time, "", "", gate["measured"], gate["limit"]]
                )
        return markdown(
            ["row", "time", "ratio", "at most", "instructions", "at most"], rows
        )

    def steady(self):
        lines = self.read("steady.tsv")[1]
        if not lines:
            return NOTHING
        return markdown(
            ["workload", "page faults", "system calls"],
            [[r["workload"], r["faults"], r["calls"]] for r in lines],
        )

    def startup(self):
        lines = self.read("startup.tsv")[1]
        if not lines:
            return NOTHING
        head = ["", "without", "linked", "difference", "unit"]
        keys = ["what", "plain", "linked", "difference", "unit"]
        return markdown(head, [[r[key] for key in keys] for r in lines])

    def latency_lines(self, what):
        """Subject to its lines of one kind, over all passes."""
        subjects = {}
        for line in self.read("latency.tsv")[1]:
            if line["what"] == what:
                subjects.setdefault(line["subject"], []).append(line)
        return subjects

    def latency_rows(self, what):
        rows = []
        for subject, lines in self.latency_lines(what).items():
            cells = []
            for column in LATENCY_COLUMNS:
                values = [float(line[column]) for line in lines]
                value = statistics.median(values)
                cells.append(results.duration(value))
            rows.append((float(lines[0]["p50"]), [subject] + cells))
        return [row for _, row in sorted(rows)]

    def latency(self):
        out = []
        for what in ("operation", "control", "frame", "frame-end"):
            rows = self.latency_rows(what)
            if rows:
                out += markdown([what] + LATENCY_COLUMNS, rows)
        return out or NOTHING

    def latency_frames(self):
        kinds = ["first-frame", "growth-frame", "spike-frame"]
        kinds += ["frame-after-trim"]
        columns = [self.latency_lines(kind) for kind in kinds]
        faults = self.latency_lines("faults-per-1000-frames")
        memory = self.latency_lines("resident-bytes")
        if not memory:
            return NOTHING
        rows = []
        for subject in memory:
            cells = [self.event(column.get(subject)) for column in columns]
            cells.append(self.middle(faults[subject], "p50"))
            mib = self.number(memory[subject], "p50") / (1 << 20)
            rows.append([subject] + cells + [results.digits(mib)])
        head = ["frame (slowest operation)"] + kinds
        return markdown(head + ["faults/1000 frames", "MiB"], rows)

    @staticmethod
    def number(lines, column):
        return statistics.median(float(line[column]) for line in lines)

    def middle(self, lines, column):
        return results.digits(self.number(lines, column))

    def event(self, lines):
        if not lines:
            return "-"
        total = results.duration(self.number(lines, "p50"))
        return f"{total} ({results.duration(self.number(lines, 'max'))})"

    # Expressions of bench/parity.tsv and of README.

    def key_value(self, text):
        """"variant/workload" or "variant/workload*1000", in ns."""
        key, _, factor = text.strip().partition("*")
        variant, _, workload = key.rpartition("/")
        best = self.best(variant, workload)
        return best * float(factor or 1) if best is not None else None

    def expression(self, match):
        text = match.group(1)
        if text.startswith("fact "):
            fact = self.facts.get(text[5:])
            return f"{fact['value']} {fact['unit']}" if fact else "-"
        if text.startswith("instructions "):
            workload, _, variant = text[13:].partition("/")
            gate = self.instructions(workload, variant or OURS)
            return gate["measured"] if gate else "-"
        left, colon, right = text.partition(":")
        value = self.key_value(left)
        if colon:
            other = self.key_value(right)
            if value is None or not other:
                return "-"
            return f"{results.digits(value / other)}x"
        return results.duration(value) if value is not None else "-"

    def evaluate(self, text):
        return re.sub(r"\{([^}]+)\}", self.expression, text)

    def parity(self):
        if not self.rows:
            return NOTHING
        return markdown(
            ["", "claim", "finding", "ours", "command"],
            [
                [
                    line["id"],
                    line["claim"],
                    line["finding"],
                    self.evaluate(line["ours"]),
                    f"`{line['command']}`" if line["command"] else "",
                ]
                for line in self.parity_rows
            ],
            "---",
        )

    def readme(self):
        """Plain text, for README."""
        if not self.rows:
            return ["", "    Not measured yet: run make bench-publish.", ""]
        lines = [
            ("64 bytes from a frame, inline", "frame-64", OURS),
            ("16 to 256 bytes from a frame", "frame-mixed", OURS),
            ("the same through a call", "frame-mixed", OURS + ", call"),
            ("begin and end an empty frame", "frame-empty", OURS),
            ("pool, allocate and free", "pool-pair", OURS),
            ("pool, 1000 in random order", "pool-random", OURS),
            ("free on another thread", "remote-free", OURS),
            ("1 MiB from the heap, and free", "heap-1mib", OURS),
            ("8 MiB touched per frame", "frame-8mib", OURS),
        ]
        peers = ["limit", "glibc", "jemalloc", "mimalloc", "tcmalloc"]
        head = f"    {'':<31}{'ours':>9}"
        out = ["", head + "".join(f"{peer:>9}" for peer in peers)]
        for name, workload, variant in lines:
            cells = [self.short(variant, workload)]
            cells += [self.short(peer, workload) for peer in peers]
            out.append(f"    {name:<31}" + "".join(f"{c:>9}" for c in cells))
        return out + [""]

    def machine_plain(self):
        if not self.comments:
            return ["", "    Not measured yet.", ""]
        return [""] + [
            f"    {name}: {value}" for name, value in self.comments.items()
        ] + [""]

    def losses_plain(self):
        """The losses table without a format, for README."""
        table = [
            [cell.strip() for cell in line.strip("|").split("|")]
            for line in self.losses()
            if line.startswith("|") and "---" not in line
        ]
        if not table:
            return ["    " + line if line else "" for line in self.losses()]
        return [""] + [
            f"    {w:<24}{v:<23}{other:>9}{ours:>9}{r:>9}"
            for w, v, other, ours, r in table
        ] + [""]

    def replay(self):
        """Replays of recorded games, from the tool's own output."""
        out = [""]
        pattern = os.path.join(self.folder, "replay-*.json")
        for path in sorted(glob.glob(pattern)):
            with open(path, encoding="utf-8") as file:
                run = json.load(file)
            out += self.replayed(run)
        return out if len(out) > 1 else ["", "    Not measured yet.", ""]

    @staticmethod
    def replayed(run):
        lines = [
            f"    {run['trace']['name']} ({run['frames']} frames, "
            f"{run['replays']} replays)",
            f"    {'':<22}{'p50 us':>9}{'p99 us':>9}{'p99.9 us':>10}"
            f"{'total ms':>10}{'faults':>8}{'RSS KiB':>9}",
        ]
        for row in run["rows"]:
            if row["name"] == "none" or not row["is_run"]:
                continue
            lines.append(
                f"    {row['name']:<22}{row['p50_us']:>9.2f}"
                f"{row['p99_us']:>9.2f}{row['p99_9_us']:>10.2f}"
                f"{row['total_ms']:>10.2f}{row['page_faults']:>8}"
                f"{row['peak_rss_kib']:>9}"
            )
        return lines + [""]

    def short(self, variant, workload):
        return self.time(variant, workload).replace(" ", "")
