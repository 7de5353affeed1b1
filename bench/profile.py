#!/usr/bin/env python3
"""make bench-profile: where the instructions of one postback go, and its system calls.

The whole server under callgrind with 64 connections, kept or (CLOSE=1) a new one per request; only what
happens while they send is counted.  Instructions are the same on a busy machine, time is not: this is to be
held against a run of before.  Under callgrind one thread runs at a time, so groups are a little smaller
than they are in life.

A function's own instructions count for the library or the folder that it is in; those of the C library and
of OpenSSL for who called them.  STORE=n: so many clicks are registered before.  TOP=n: n functions as well.  OUT=FOLDER: callgrind's files are kept.
"""
import collections
import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import run

SECONDS = int(os.environ.get("SECONDS", "0")) or 20
CLOSE = os.environ.get("CLOSE", "") not in ("", "0")
TOP = int(os.environ.get("TOP", "0"))
SERVED = ("libc", "libcrypto", "libpthread", "ld-linux-x86-64", "libm")


def group_of(path_object, path_file):
    """Of a function: the library, or the folder below ours."""
    library = re.match(r"([\w-]+?)[-.0-9]*\.so", os.path.basename(path_object))
    if library:
        return library.group(1)
    if "clickbaton" not in os.path.basename(path_object):
        return "(loader and kernel)"
    path = os.path.relpath(path_file, run.ROOT) if path_file.startswith("/") else path_file
    parts = path.split("/")
    if parts[0] not in ("core", "adapters", "cli"):
        return "(other)"
    return "/".join(parts[:2])


class Profile:
    """Sums of callgrind's files: by group and by function."""

    def __init__(self):
        self.groups, self.lent = collections.Counter(), collections.Counter()
        self.functions, self.total = collections.Counter(), 0

    def read(self, path):
        names = {"ob": {}, "fl": {}, "fn": {}}
        where = {"ob": "", "fl": "", "fn": ""}
        called = {}
        calls = False

        def name(kind, text):
            number, _, rest = text.partition(" ")
            if rest:
                names[kind][number] = rest
            return names[kind].get(number, text)

        with open(path, errors="replace") as f:
            for line in f:
                key, _, value = line.rstrip("\n").partition("=")
                if key == "ob":
                    where["ob"] = name("ob", value)
                elif key == "fl":
                    where["fl"] = name("fl", value)
                elif key in ("fi", "fe"):
                    name("fl", value)
                elif key == "fn":
                    where["fn"] = name("fn", value)
                    called = {}
                elif key == "cob":
                    called["ob"] = name("ob", value)
                elif key in ("cfi", "cfl"):
                    called["fl"] = name("fl", value)
                elif key == "cfn":
                    called["fn"] = name("fn", value)
                elif key == "calls":
                    calls = True
                elif line[:1] in "+-*0123456789":
                    cost = int(line.split()[1])
                    self.add(where, called if calls else None, cost)
                    if calls:
                        called, calls = {}, False

    def add(self, where, called, cost):
        group = group_of(where["ob"], where["fl"])
        if called is None:
            self.total += cost
            self.groups[group] += cost
            self.functions[(where["fn"].split("'")[0], group)] += cost
        else:
            target = group_of(called.get("ob", where["ob"]), called.get("fl", where["fl"]))
            if target in SERVED and group not in SERVED:
                self.lent[group] += cost


@contextlib.contextmanager
def silent_port():
    """Takes a connection and never answers: so nothing is tried again while we count."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen(64)
        yield s.getsockname()[1]


def control(pid, *words):
    subprocess.run(["callgrind_control", *words, str(pid)], check=True, stdout=subprocess.DEVNULL)


def postbacks(folder):
    return folder.rows("SELECT postbacks FROM counts")[0]


def commits(process):
    with urllib.request.urlopen("http://127.0.0.1:%d/metrics" % process.admin) as page:
        return int(re.search(r"^clickbaton_commit_requests_count (\d+)", page.read().decode(), re.M).group(1))


def print_profile(profile, requests):
    rows = [(g, n, profile.lent[g]) for g, n in profile.groups.items() if g not in SERVED]
    rest = profile.total - sum(own + lent for _, own, lent in rows)
    rows.append(("(C library, of itself)", rest, 0))
    print("| of one postback | own | C library for it | together | share |")
    print("|---|---|---|---|---|")
    for name, own, lent in sorted(rows, key=lambda r: -(r[1] + r[2])):
        share = 100 * (own + lent) / profile.total
        if share >= 0.1:
            print("| %s | %s | %s | %s | %.1f %% |" % (name, format(own // requests, ","), format(lent // requests, ","),
                                                     format((own + lent) // requests, ","), share))
    print("| all | | | %s | |" % format(profile.total // requests, ","))
    for (function, group), cost in profile.functions.most_common(TOP):
        print("%8d %5.1f %%  %s (%s)" % (cost // requests, 100 * cost / profile.total, function, group))


def profile(bench):
    folder = run.Folder(bench.where)
    out = folder.at("callgrind.out")
    words = ["valgrind", "--tool=callgrind", "--instr-atstart=no", "--separate-threads=yes",
             "--callgrind-out-file=" + out + ".%p"]
    with silent_port() as nowhere, folder.serve(nowhere, words) as process:
        store = int(os.environ.get("STORE", "0"))
        if store:
            run.load(process.port, store, 1, run.CLICK, "clk")
        run.wrk(process.port, 3, 1, CLOSE, folder=folder)
        control(process.pid, "-i", "on")
        before, groups = postbacks(folder), commits(process)
        run.wrk(process.port, SECONDS, 1, CLOSE, folder=folder)
        requests, groups = postbacks(folder) - before, commits(process) - groups
        control(process.pid, "-i", "off")
    folder.check_nothing_lost()
    profile = Profile()
    for name in os.listdir(folder.path):
        if name.startswith("callgrind.out.%d" % process.pid):
            profile.read(folder.at(name))
    if os.environ.get("OUT"):
        for name in os.listdir(folder.path):
            if name.startswith("callgrind.out"):
                shutil.copy(folder.at(name), os.environ["OUT"])
    run.need(profile.total and requests, "callgrind has counted nothing")
    print("%d postbacks in groups of %.1f, %s; instructions of each:\n"
          % (requests, requests / max(groups, 1), "a new connection each" if CLOSE else "64 kept connections"))
    print_profile(profile, requests)
    folder.remove()


def system_calls(bench):
    """Of the server alone, per postback."""
    folder = run.Folder(bench.where)
    with silent_port() as nowhere, folder.serve(nowhere) as process:
        run.wrk(process.port, 1, 1, CLOSE, folder=folder)
        table = folder.at("calls")
        tracer = subprocess.Popen(["strace", "-f", "-c", "-o", table, "-p", str(process.pid)], stderr=subprocess.DEVNULL)
        time.sleep(1)
        before = postbacks(folder)
        run.wrk(process.port, 4, 1, CLOSE, folder=folder)
        requests = postbacks(folder) - before
        tracer.send_signal(signal.SIGINT)
        tracer.wait()
        print("\nsystem calls of %d postbacks, of each:\n" % requests)
        for line in open(table):
            found = re.match(r"\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)$", line)
            if found and found.group(2) != "total" and int(found.group(1)) * 200 > requests:
                print("  %6.2f %s" % (int(found.group(1)) / requests, found.group(2)))
    folder.remove()


def main():
    bench = run.prepare()
    try:
        profile(bench)
        system_calls(bench)
    except run.Broken as e:
        print("bench-profile: %s" % e, file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(bench.where, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
