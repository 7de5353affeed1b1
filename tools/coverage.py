#!/usr/bin/env python3
"""make coverage: which branches of core/ the tests take, per file and in all, by gcov.

A file that is compiled into one object counts once; a branch counts when it was taken at least once by
any test.  What only happens when memory ends counts as well: nothing is left out.  With --missing the
branches that nobody took are listed, file by file.  Ends with 1 below --least PERCENT."""
import argparse
import gzip
import json
import os
import subprocess
import sys
import tempfile


def notes(build, under):
    for folder, _, names in os.walk(os.path.join(build, under)):
        for name in sorted(names):
            if name.endswith(".gcno"):
                yield os.path.join(folder, name)


def read(gcno):
    """gcov's JSON of one object file."""
    with tempfile.TemporaryDirectory() as folder:
        p = subprocess.run(["gcov", "--branch-probabilities", "--json-format", os.path.abspath(gcno)], cwd=folder,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        found = [n for n in os.listdir(folder) if n.endswith(".json.gz")]
        if p.returncode or not found:
            sys.exit("gcov %s: %s" % (gcno, p.stdout))
        out = []
        for name in found:
            with gzip.open(os.path.join(folder, name)) as f:
                out.append(json.load(f))
        return out


def measure(build, under):
    """{file: {line: [lines taken 0/1, [times each branch was taken]]}}"""
    out = {}
    for gcno in notes(build, under):
        for data in read(gcno):
            for f in data["files"]:
                if not f["file"].startswith(under + "/"):
                    continue
                lines = out.setdefault(f["file"], {})
                for line in f["lines"]:
                    # an inline function of a header is in many objects: the best of each branch
                    counts = [b["count"] for b in line["branches"] if not b["throw"]]
                    at = (line["line_number"], line.get("function_name", ""))
                    old = lines.get(at, [0, [0] * len(counts)])
                    if len(old[1]) != len(counts):
                        old[1] = (old[1] + [0] * len(counts))[:max(len(old[1]), len(counts))]
                        counts = (counts + [0] * len(old[1]))[:len(old[1])]
                    lines[at] = [max(old[0], line["count"]), [max(a, b) for a, b in zip(old[1], counts)]]
    return out


def main():
    a = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    a.add_argument("build")
    a.add_argument("--under", default="core")
    a.add_argument("--least", type=float, default=0)
    a.add_argument("--missing", action="store_true")
    a = a.parse_args()
    files = measure(a.build, a.under)
    taken_in_all = branches_in_all = 0
    print("%-40s %8s %8s %9s" % ("file", "branches", "taken", "percent"))
    for name in sorted(files):
        lines = files[name]
        branches = [n for _, counts in lines.values() for n in counts]
        taken = sum(1 for n in branches if n)
        taken_in_all, branches_in_all = taken_in_all + taken, branches_in_all + len(branches)
        if branches:
            print("%-40s %8d %8d %8.1f%%" % (name, len(branches), taken, 100 * taken / len(branches)))
        if a.missing:
            with open(name) as f:
                text = f.read().split("\n")
            for (number, _), (_, counts) in sorted(lines.items()):
                if counts and not all(counts):
                    print("    %s:%d: %d of %d: %s" % (name, number, sum(1 for n in counts if not n), len(counts),
                                                      text[number - 1].strip()))
    if not branches_in_all:
        sys.exit("no branches: was it compiled with --coverage, and did the tests run?")
    percent = 100 * taken_in_all / branches_in_all
    print("%-40s %8d %8d %8.1f%%" % ("in all", branches_in_all, taken_in_all, percent))
    if percent < a.least:
        sys.exit("coverage: %.1f %% of the branches, less than %g %%" % (percent, a.least))


main()
