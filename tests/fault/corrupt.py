#!/usr/bin/env python3
"""Damages copies of a small store in seeded ways and asks `clickbaton store verify` about each.

    tests/fault/corrupt.py [CASES [SEED [FIRST]]]
    tests/fault/corrupt.py pages         # every page over every other one: some 4,000 cases

A case is right when verify says what is damaged, or when the store is whole all the same: Python's own sqlite3
reads every row of every table exactly as before.  What a cut log can't show (it ends exactly where an earlier commit
ended, so it is a whole older store) is counted apart.  BUILD names the folder of the programs.
"""
import hashlib
import os
import random
import re
import resource
import shutil
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, os.environ.get("BUILD", "build"))
BINARY, LEDGER = os.path.join(BUILD, "clickbaton"), os.path.join(BUILD, "fault", "ledger")
with open(BINARY, "rb") as program:
    SANITIZED = re.search(rb"__[at]san_init", program.read()) is not None
DB, WAL = "clickbaton.db", "clickbaton.db-wal"
PAGE, FRAME = 4096, 4096 + 24
MEMORY = 200 << 20
SECONDS = 20


def content(folder):
    """A hash of every row of every table, as Python reads them; None when it can't."""
    h = hashlib.sha256()
    db = sqlite3.connect(os.path.join(folder, DB), timeout=1)
    db.text_factory = bytes
    try:
        names = [r[0] for r in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")]
        for name in names:
            rows = db.execute('SELECT * FROM "%s"' % name.decode()).fetchall()
            for row in sorted(rows, key=repr):
                h.update(repr((name, row)).encode())
        h.update(repr(db.execute("SELECT name, sql FROM sqlite_schema ORDER BY name").fetchall()).encode())
        return h.hexdigest()
    except sqlite3.Error:
        return None
    except UnicodeDecodeError:
        return None
    finally:
        db.close()


def put(folder, files):
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    for name, data in files.items():
        with open(os.path.join(folder, name), "wb") as f:
            f.write(data)


def get(folder):
    files = {}
    for name in (DB, WAL):
        path = os.path.join(folder, name)
        if os.path.exists(path):
            with open(path, "rb") as f:
                files[name] = f.read()
    return files


def commits(wal):
    """The lengths of the log after each of its commits."""
    out, at = [0, 32], 32
    while at + FRAME <= len(wal):
        pages = struct.unpack(">I", wal[at + 4:at + 8])[0]
        at += FRAME
        if pages:
            out.append(at)
    return out


# ---- kinds of damage: each gives (what, files) ----

def choose(rng, files):
    """A file of the store, by its size."""
    names = sorted(files)
    return rng.choices(names, [len(files[n]) for n in names])[0]


def flips(count):
    def damage(rng, files):
        name = choose(rng, files)
        data = bytearray(files[name])
        places = [rng.randrange(len(data) * 8) for _ in range(count)]
        for bit in places:
            data[bit // 8] ^= 1 << (bit % 8)
        return "%s: bits %s" % (name, places), {**files, name: bytes(data)}
    return damage


def zeroed(rng, files):
    name = choose(rng, files)
    data = bytearray(files[name])
    at = rng.randrange((len(data) + 511) // 512) * 512
    data[at:at + 512] = bytes(len(data[at:at + 512]))
    return "%s: zeros at %d" % (name, at), {**files, name: bytes(data)}


def cut(rng, files):
    name = choose(rng, files)
    size = rng.randrange(len(files[name]))
    return "%s: cut at %d" % (name, size), {**files, name: files[name][:size]}


def two_pages(rng, files):
    """A file, its bytes, and the places and the length of two of its pages (of the log: frames)."""
    name = choose(rng, files)
    data, first, step = bytearray(files[name]), 0, PAGE
    if name == WAL:
        first, step = 32, FRAME
    a, b = rng.sample(range((len(data) - first) // step), 2)
    return name, data, first + a * step, first + b * step, step


def swapped(rng, files):
    name, data, a, b, step = two_pages(rng, files)
    data[a:a + step], data[b:b + step] = data[b:b + step], data[a:a + step]
    return "%s: %d and %d swapped" % (name, a, b), {**files, name: bytes(data)}


def doubled(rng, files):
    """A page written to the wrong place."""
    name, data, a, b, step = two_pages(rng, files)
    data[a:a + step] = data[b:b + step]
    return "%s: %d over %d" % (name, b, a), {**files, name: bytes(data)}


KINDS = [("one bit", flips(1), 40), ("two bits", flips(2), 10), ("eight bits", flips(8), 10), ("a zeroed sector", zeroed, 15),
         ("cut off", cut, 10), ("two pages swapped", swapped, 10), ("a page misplaced", doubled, 5)]


def limits():
    if not SANITIZED:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def verify(folder):
    p = subprocess.run([BINARY, "store", "verify", folder], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                       timeout=SECONDS * (5 if SANITIZED else 1), preexec_fn=limits)
    return p.returncode, (p.stdout + p.stderr).decode("utf-8", "replace")


def make_templates(folder):
    """One store that was killed, half of it in its log; and the same, closed."""
    put(folder, {})
    subprocess.run([LEDGER, folder, "100", "250"], check=True)
    killed = get(folder)
    db = sqlite3.connect(os.path.join(folder, DB))
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    closed = get(folder)
    out = []
    for files in (killed, closed):
        files = {n: d for n, d in files.items() if d}
        put(folder, files)
        code, text = verify(folder)
        if code != 0:
            raise SystemExit("the store is not whole before it is damaged: %s" % text)
        if get(folder) != files:
            raise SystemExit("verify has changed the store")
        put(folder, files)
        rows = content(folder)
        if rows is None:
            raise SystemExit("Python can't read the store before it is damaged")
        out.append((files, rows))
    data = bytearray(closed[DB])
    data[data.index(b"E.C.P.") + 20] ^= 1
    put(folder, {DB: bytes(data)})
    if same_content(folder, out[1][1]):
        raise SystemExit("the oracle does not see a changed value")
    return out


def same_content(folder, before):
    rows = content(folder)
    return rows is not None and rows == before


def judge(folder, files, before, original):
    """("found" | "whole" | "older" | "MISSED" | "BAD", text)"""
    put(folder, files)
    try:
        code, text = verify(folder)
    except subprocess.TimeoutExpired:
        return "BAD", "it hangs"
    if code == 1 and re.search(r"^(damaged|unfinished): \w+", text, re.M):
        return "found", text
    if code != 0:
        return "BAD", "exit %d: %s" % (code, text)
    put(folder, files)
    if same_content(folder, before):
        return "whole", text
    wal = files.get(WAL, b"")
    if len(wal) in commits(original.get(WAL, b"")) and original.get(WAL, b"").startswith(wal) and files[DB] == original[DB]:
        return "older", text
    return "MISSED", text


def every_page(folder, files, before):
    """How many cases, and how many were wrong."""
    data, tried, bad = files[DB], 0, 0
    pages = range(0, len(data), PAGE)
    for to in pages:
        for of in pages:
            damaged = {DB: data[:to] + data[of:of + PAGE] + data[to + PAGE:]}
            if damaged == files:
                continue
            tried += 1
            verdict, text = judge(folder, damaged, before, files)
            if verdict in ("MISSED", "BAD"):
                bad += 1
                print("page %d over page %d: %s: %s" % (of // PAGE + 1, to // PAGE + 1, verdict, text[:600]), flush=True)
    return tried, bad


def main():
    if sys.argv[1:] == ["pages"]:
        with tempfile.TemporaryDirectory(prefix="clickbaton-corrupt-") as base:
            folder = os.path.join(base, "store")
            tried, bad = every_page(folder, *make_templates(folder)[1])
        print("every page over every other: %d cases, %d wrong" % (tried, bad))
        sys.exit(1 if bad else 0)
    cases = int(sys.argv[1]) if len(sys.argv) > 1 else 10000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    first = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    shared = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    base = tempfile.mkdtemp(prefix="clickbaton-corrupt-", dir=shared)
    counts, bad, start, names = {}, 0, time.monotonic(), [k[0] for k in KINDS]
    try:
        folder = os.path.join(base, "store")
        templates = make_templates(folder)
        for i in range(first, first + cases):
            rng = random.Random("%d %d" % (seed, i))
            files, before = templates[i % 2]
            kind, damage, _ = rng.choices(KINDS, [k[2] for k in KINDS])[0]
            what, damaged = damage(rng, files)
            if damaged == files:
                verdict, text = "whole", ""
            else:
                verdict, text = judge(folder, damaged, before, files)
            counts[kind, verdict] = counts.get((kind, verdict), 0) + 1
            if verdict in ("MISSED", "BAD"):
                bad += 1
                print("case %d of seed %d: %s: %s\n%s" % (i, seed, what, verdict, text[:600]), flush=True)
                if bad <= 3:
                    put(os.path.join(tempfile.gettempdir(), "clickbaton-corrupt-%d-%d" % (seed, i)), damaged)
    finally:
        shutil.rmtree(base, ignore_errors=True)
    print("%-20s %7s %7s %7s %7s" % ("seed %d" % seed, "damaged", "whole", "older", "missed"))
    for kind in names:
        n = [counts.get((kind, v), 0) for v in ("found", "whole", "older")]
        print("%-20s %7d %7d %7d %7d" % tuple([kind] + n + [counts.get((kind, "MISSED"), 0) + counts.get((kind, "BAD"), 0)]))
    print("%d cases in %.0f s, %d wrong" % (cases, time.monotonic() - start, bad))
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
