#!/usr/bin/env python3
"""make bench-days: what look-ups cost in a ledger of 90 days in PostgreSQL: bench/cluster.py's part `lookups` calls it, too.

ROWS=10000000: so many rows of the ledger, half postbacks and half events (as a part of bench-cluster, 2,000,000).  CLICKS, DAYS likewise.
SPANS="1 7": the same once for each number of days that a table has; 0: as the store makes them.  CLUSTER_DIR: on which disk.
10,000,000 rows with as many clicks need 25 GB, and are filled in by COPY.
"""
import json
import os
import subprocess
import sys
import tempfile
import time

import cluster_db as db
from cluster_db import QUICK, Broken, need

PROGRAM = os.environ.get("BENCH_DAYS") or os.path.join(db.run.BUILD, "bench", "bench_days")
DAYS = int(os.environ.get("DAYS") or 90)
TRIES = 3 if QUICK else 20
MOST_MS = 50  # of a trace


def rows_of(default):
    return int(os.environ.get("ROWS") or (20000 if QUICK else default))


def days(*words):
    """Its lines: [(what, way, figures)]."""
    out = subprocess.run([PROGRAM, *map(str, words)], stdout=subprocess.PIPE, text=True, check=False)
    need(out.returncode == 0, "bench_days %s ended with %d" % (words[1], out.returncode))
    lines = [json.loads(line) for line in out.stdout.splitlines()]
    return [(line["what"], line["way"], line) for line in lines]


def forget(server):
    """The database starts anew, and the kernel forgets its files."""
    server.sql("CHECKPOINT")
    server.kill()
    os.sync()
    for folder, _, names in os.walk(server.data):
        for name in names:
            fd = os.open(os.path.join(folder, name), os.O_RDONLY | os.O_NOFOLLOW)
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(fd)
    server.start()
    server.wait_ready()


def fill(table, server, url, conversions, clicks, span):
    began, before = time.monotonic(), server.cpu()
    days(url, "fill", conversions, DAYS, span, clicks)
    tables = server.ask("SELECT count(*) FROM pg_inherits WHERE inhparent = 'events'::regclass")
    table.row("%s rows of the ledger over %d days, in %d tables: filled in" % (format(conversions * 2, ","), DAYS, tables),
              time.monotonic() - began, "%.0f", " s", "CPU of the database %.0f s; database %.1f GB" % (
                  server.cpu() - before, server.ask("SELECT pg_database_size('clickbaton')") / 1e9))
    return tables


def traces(table, server, url, clicks, span=0, conversions=0):
    conversions = conversions or rows_of(2000000) // 2
    tables = fill(table, server, url, conversions, clicks, span)
    slow = []
    found = days(url, "trace", conversions, clicks, TRIES)
    for what, way, line in found:
        if way == "new":
            kept = next(o for w, y, o in found if w == what and y == "kept")
            table.row("%d tables, trace by %s: a new connection" % (tables, what), line["ms"], "%.1f", " ms",
                      "CPU of the database %.1f ms; one that is kept %.1f ms (%.1f ms CPU)" % (line["cpu_us"] / 1e3, kept["ms"], kept["cpu_us"] / 1e3))
            slow += ["%s %.0f ms" % (what, line["ms"])] if line["ms"] > MOST_MS else []
    forget(server)
    first = days(url, "trace", conversions, clicks, 1)[0][2]
    table.row("%d tables, trace by click id right after a restart, nothing in memory" % tables, first["ms"], "%.0f", " ms",
              "it reads the catalog, too")
    for what, _, line in days(url, "calls", conversions, clicks, TRIES):
        table.row("%d tables, %s" % (tables, what), line["ms"], "%.2f", " ms", "CPU of the database %.2f ms" % (line["cpu_us"] / 1e3))
    if slow:
        print("  slower than %d ms: %s" % (MOST_MS, ", ".join(slow)), file=sys.stderr)
    return slow


class Table:
    def row(self, what, value, form="%d", unit="", of=""):
        print("%-72s %10s  %s" % (what, form % value + unit, of), flush=True)


def main():
    rows = rows_of(10000000)
    clicks = int(os.environ.get("CLICKS") or rows)
    with tempfile.TemporaryDirectory(prefix="clickbaton-days.", dir=os.environ.get("CLUSTER_DIR", "/var/tmp")) as where:
        os.chmod(where, 0o755)
        for span in map(int, os.environ.get("SPANS", "0").split()):
            with db.single(where) as server:
                print("load %.1f" % os.getloadavg()[0], flush=True)
                traces(Table(), server, server.anew(), clicks, span, rows // 2)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Broken as why:
        print("bench-days: %s" % why, file=sys.stderr)
        sys.exit(1)
