#!/usr/bin/env python3
"""make bench-cluster: what the PostgreSQL engine does, against the SQLite engine and bare COPY in the same run.

Private servers in a temporary folder, reached by Unix sockets, with fsync on.  At the level of the engine: N processes that make groups of
calls as N receivers do (bench/bench_group.c).  Figures of a shared machine are worth their ratios alone; the load is told.

QUICK=1: every measurement with small numbers, and only whether it worked; no file is written.
ONLY="intake lookups": these alone (intake latency lookups sending backlog quorum failover).
CLICKS=10000000: so many clicks for the look-ups.  CLUSTER_DIR: on which disk.
"""
import contextlib
import datetime
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import machine

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.abspath(os.environ.get("BUILD") or os.path.join(ROOT, "build"))
GROUP = os.environ.get("BENCH_GROUP") or os.path.join(BUILD, "bench", "bench_group")
QUICK = os.environ.get("QUICK", "") not in ("", "0")
ONLY = os.environ.get("ONLY", "").split()
SECONDS = 1 if QUICK else 6
ROUNDS = 1 if QUICK else 3
CLICKS = int(os.environ.get("CLICKS") or (20000 if QUICK else 1000000))
SOME_CLICKS = 5000 if QUICK else 200000
BACKLOGS = (0, 20000) if QUICK else (0, 100000, 1000000)
BIN = sorted(os.path.join("/usr/lib/postgresql", v, "bin") for v in os.listdir("/usr/lib/postgresql"))[-1]
# As docs/SCALING.md advises for a machine of this size.
CONF = """
listen_addresses = ''
shared_buffers = 1GB
max_wal_size = 4GB
checkpoint_timeout = 15min
wal_compression = on
max_connections = 100
log_checkpoints = off
synchronous_commit = on
"""


class Broken(Exception):
    """A measurement that did not work: its number would mean nothing."""


def as_postgres(words):
    if os.getuid() != 0:
        return words
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] + words


def postgres(tool, *words):
    done = subprocess.run(as_postgres([os.path.join(BIN, tool), *words]), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise Broken("%s: %s" % (tool, done.stdout[-400:]))
    return done.stdout


class Server:
    """One PostgreSQL with a folder and a socket of its own."""

    def __init__(self, folder, name):
        self.socket = os.path.join(folder, name)
        self.data = os.path.join(self.socket, "data")
        os.mkdir(self.socket, 0o755)
        if os.getuid() == 0:
            shutil.chown(self.socket, "postgres")
        self.name = name

    def first(self, more=""):
        postgres("initdb", "-D", self.data, "-U", "clickbaton", "-A", "trust", "-E", "UTF8", "--locale=C")
        with open(self.data + "/postgresql.conf", "a") as f:
            f.write(CONF + "unix_socket_directories = '%s'\n" % self.socket + more)
        self.start()
        return self

    def follow(self, primary):
        postgres("pg_basebackup", "-h", primary.socket, "-U", "clickbaton", "-D", self.data, "-R", "-c", "fast", "-X", "stream")
        with open(self.data + "/postgresql.auto.conf", "a") as f:
            f.write("primary_conninfo = 'host=%s user=clickbaton application_name=%s'\n" % (primary.socket, self.name))
            f.write("unix_socket_directories = '%s'\nsynchronous_standby_names = ''\n" % self.socket)
        self.start()
        return self

    def start(self):
        postgres("pg_ctl", "-D", self.data, "-l", self.data + "/server.log", "-w", "-t", "60", "start")

    def stop(self):
        subprocess.run(as_postgres([os.path.join(BIN, "pg_ctl"), "-D", self.data, "-m", "immediate", "stop"]),
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)

    def kill(self):
        with open(self.data + "/postmaster.pid") as f:
            pid = int(f.readline())
        os.kill(pid, signal.SIGKILL)

    def cpu(self):
        """Seconds of all its processes, also of those that have ended."""
        with open(self.data + "/postmaster.pid") as f:
            postmaster = int(f.readline())
        ticks = 0
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open("/proc/%s/stat" % pid) as f:
                    fields = f.read().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if int(pid) == postmaster:
                ticks += sum(map(int, fields[11:15]))
            elif int(fields[1]) == postmaster:
                ticks += sum(map(int, fields[11:13]))
        return ticks / os.sysconf("SC_CLK_TCK")

    def url(self, database):
        return "postgresql:///%s?host=%s&user=clickbaton" % (database, self.socket)

    def sql(self, database, text):
        return postgres("psql", "-h", self.socket, "-U", "clickbaton", "-d", database, "-Atqc", text).strip()

    def anew(self, database="clickbaton"):
        """An empty database of that name."""
        self.sql("postgres", "DROP DATABASE IF EXISTS %s" % database)
        self.sql("postgres", "CREATE DATABASE %s" % database)
        self.sql("postgres", "CHECKPOINT")
        return self.url(database)


@contextlib.contextmanager
def servers():
    folder = tempfile.mkdtemp(prefix="clickbaton-cluster-", dir=os.environ.get("CLUSTER_DIR", "/var/tmp"))
    os.chmod(folder, 0o755)
    made = []

    def make(name):
        made.append(Server(folder, name))
        return made[-1]
    try:
        yield make, folder
    finally:
        for server in made:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


# ---- processes that make groups ----

def fill(place, count):
    subprocess.run([GROUP, place, "fill", "0", str(count)], check=True)


def together(place, work, workers, group, clicks=0, rate=0, seconds=SECONDS, meanwhile=None):
    """So many processes at once: their answers, and the sum."""
    words = [[GROUP, place, work, str(seconds), str(group), str(clicks), str(w), str(rate)] for w in range(workers)]
    running = [subprocess.Popen(w, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for w in words]
    try:
        for p in running:
            if p.stdout.readline() != "ready\n":
                raise Broken("%s did not start" % work)
        for p in running:
            p.stdin.write("go\n")
            p.stdin.flush()
        if meanwhile:
            meanwhile()
        answers = [json.loads(p.communicate()[0] or "null") for p in running]
    finally:
        for p in running:
            p.kill()
            p.wait()
    if not all(answers):
        raise Broken("%s: a process failed" % work)
    return {"rate": sum(a["done"] / a["seconds"] for a in answers), "p50": max(a["p50"] for a in answers),
            "p99": max(a["p99"] for a in answers), "max": max(a["max"] for a in answers), "done": sum(a["done"] for a in answers),
            "trips": sum(a["trips"] for a in answers) / workers, "cpu": sum(a["cpu_us"] for a in answers) / workers,
            "found": sum(a["found"] for a in answers), "duplicates": sum(a["duplicates"] for a in answers)}


def best(runs):
    return sorted(runs, key=lambda r: r["rate"])[len(runs) // 2]


# ---- the measurements ----

class Table:
    def __init__(self):
        self.rows = []

    def row(self, what, figure, of=""):
        self.rows.append((what, figure, of))
        print("%-74s %-18s %s" % (what, figure, of), flush=True)


def events_of(server, database="clickbaton"):
    return int(server.sql(database, "SELECT count(*) FROM events"))


def of_sqlite(folder, work, group, clicks, rate=0):
    place = tempfile.mkdtemp(prefix="sqlite-", dir=folder)
    if clicks:
        fill(place, clicks)
    out = together(place, work, 1, group, clicks, rate)
    shutil.rmtree(place)
    return out


def intake(table, make, folder, server):
    for group in (64, 256):
        base = best([of_sqlite(folder, "postbacks", group, SOME_CLICKS) for _ in range(ROUNDS)])
        ceiling = best([together(server.anew(), "copy", 1, group) for _ in range(ROUNDS)])
        table.row("SQLite, groups of %d: durable postbacks/s" % group, "%.0f" % base["rate"], "group p99 %.1f ms, CPU %.0f us each" % (base["p99"], base["cpu"]))
        table.row("bare COPY of 1 KB rows, groups of %d: rows/s" % group, "%.0f" % ceiling["rate"])
        for workers in (1, 2, 3):
            runs = []
            for _ in range(ROUNDS):
                place = server.anew()
                fill(place, SOME_CLICKS)
                before = server.cpu()
                out = together(place, "postbacks", workers, group, SOME_CLICKS)
                time.sleep(0.2)  # its backends end
                out["server"] = (server.cpu() - before) / out["done"] * 1e6
                if events_of(server) != out["done"] - out["duplicates"]:
                    raise Broken("%d events of %d postbacks, %d duplicates" % (events_of(server), out["done"], out["duplicates"]))
                runs.append(out)
            out = best(runs)
            table.row("PostgreSQL, %d receiver%s, groups of %d: durable postbacks/s" % (workers, "s" * (workers > 1), group), "%.0f" % out["rate"],
                      "%.2f of SQLite, %.2f of COPY; group p99 %.1f ms; %.1f trips a group; CPU each: receiver %.0f us, database %.0f us"
                      % (out["rate"] / base["rate"], out["rate"] / ceiling["rate"], out["p99"], out["trips"], out["cpu"], out["server"]))


def latency(table, make, folder, server):
    """A group of 8 every 10 ms: far from the limit."""
    base = of_sqlite(folder, "postbacks", 8, SOME_CLICKS, rate=100)
    table.row("SQLite, 800 postbacks/s in groups of 8: p50, p99", "%.2f, %.2f ms" % (base["p50"], base["p99"]))
    for workers in (1, 3):
        place = server.anew()
        fill(place, SOME_CLICKS)
        out = together(place, "postbacks", workers, 8, SOME_CLICKS, rate=100)
        table.row("PostgreSQL, %d receivers with 800/s each: p50, p99" % workers, "%.2f, %.2f ms" % (out["p50"], out["p99"]),
                  "p99 %.1f times SQLite's" % (out["p99"] / base["p99"]))


def lookups(table, make, folder, server):
    place = server.anew()
    begun = time.monotonic()
    fill(place, CLICKS)
    took = time.monotonic() - begun
    size = int(server.sql("clickbaton", "SELECT pg_total_relation_size('clicks')"))
    table.row("%d clicks put, in groups of 1,000: clicks/s" % CLICKS, "%.0f" % (CLICKS / took), "%.0f bytes each with indexes" % (size / CLICKS))
    for group in (1, 64, 256):
        for workers in (1, 2):
            out = together(place, "lookups", workers, group, CLICKS)
            if out["found"] != out["done"]:
                raise Broken("%d of %d clicks found" % (out["found"], out["done"]))
            table.row("click look-ups/s among them, %d in a trip, %d process%s" % (group, workers, "es" * (workers > 1)), "%.0f" % out["rate"])


def sending(table, make, folder, server):
    """Take and report of what waits, as senders do it, without the network."""
    for workers in (1, 2):
        place = server.anew()
        fill(place, SOME_CLICKS)
        together(place, "postbacks", 2, 256, SOME_CLICKS)
        waiting = events_of(server)
        out = together(place, "drain", workers, 500, seconds=300)
        left = server.sql("clickbaton", "SELECT count(*) FROM deliveries WHERE state <> 3")
        if out["done"] != waiting or left != "0":
            raise Broken("%d of %d events were sent, %s are left" % (out["done"], waiting, left))
        table.row("events taken and reported by %d sender%s, 500 at a time: /s" % (workers, "s" * (workers > 1)), "%.0f" % out["rate"],
                  "%.1f trips a batch" % out["trips"])


def backlog(table, make, folder, server):
    """Does intake, or asking what is due, slow down as events wait?"""
    base = None
    for waiting in BACKLOGS:
        place = server.anew()
        fill(place, SOME_CLICKS)
        while waiting and events_of(server) < waiting:
            together(place, "postbacks", 2, 256, SOME_CLICKS * 10)
        out = together(place, "postbacks", 1, 64, SOME_CLICKS)
        base = base or out
        took = []
        for _ in range(5):
            begun = time.monotonic()
            postgres("psql", "-h", server.socket, "-U", "clickbaton", "-d", "clickbaton", "-Atqc", "SELECT 1")
            took.append(time.monotonic() - begun)
        table.row("intake with %d events waiting: /s" % waiting, "%.0f" % out["rate"], "%.2f of that with none; p99 %.1f ms" % (out["rate"] / base["rate"], out["p99"]))


def quorum(table, make, folder, server):
    place = server.anew()
    fill(place, SOME_CLICKS)
    alone = together(place, "postbacks", 2, 256, SOME_CLICKS)
    primary = make("primary").first()
    standbys = [make(n).follow(primary) for n in ("b", "c")]
    primary.sql("postgres", "ALTER SYSTEM SET synchronous_standby_names = 'ANY 1 (b, c)'")
    primary.sql("postgres", "SELECT pg_reload_conf()")
    place = primary.anew()
    fill(place, SOME_CLICKS)
    out = together(place, "postbacks", 2, 256, SOME_CLICKS)
    table.row("three servers, any one standby before each answer, 2 receivers: /s", "%.0f" % out["rate"],
              "%.2f of one server; group p99 %.1f ms (%.1f)" % (out["rate"] / alone["rate"], out["p99"], alone["p99"]))
    return primary, standbys


def failover(table, make, folder, server):
    primary, standbys = quorum(table, make, folder, server)
    place = primary.anew()
    fill(place, SOME_CLICKS)
    both = "postgresql:///clickbaton?host=%s&user=clickbaton&connect_timeout=2" % ",".join(s.socket for s in [primary] + standbys)
    seconds = 3 if QUICK else 12

    def fail():
        time.sleep(seconds / 3)
        primary.kill()
        ahead = max(standbys, key=lambda s: int(s.sql("postgres", "SELECT pg_last_wal_receive_lsn() - '0/0'").split(".")[0]))
        postgres("pg_ctl", "-D", ahead.data, "-w", "promote")
        fail.now = ahead
    out = together(both, "through", 2, 64, SOME_CLICKS, seconds=seconds, meanwhile=fail)
    want = out["done"] - out["done"] // 50
    got = events_of(fail.now)
    if abs(got - want) > 2 * 2:
        raise Broken("%d postbacks acknowledged, so %d events; %d are there" % (out["done"], want, got))
    table.row("primary killed under load, standby promoted: time without a commit", "%.2f s" % (out["max"] / 1000),
              "%d acknowledged: each there, once" % out["done"])


ALL = {"intake": intake, "latency": latency, "lookups": lookups, "sending": sending, "backlog": backlog, "failover": failover}


def main():
    table, load = Table(), os.getloadavg()[0]
    with servers() as (make, folder):
        server = make("one").first()
        for name, measure in ALL.items():
            if not ONLY or name in ONLY:
                measure(table, make, folder, server)
    if QUICK or ONLY:
        return 0
    with open(os.path.join(ROOT, "bench", "CLUSTER.md"), "w") as f:
        f.write("# Figures of the PostgreSQL engine\n\nMeasured %s UTC, everything on one machine; its load before the run was %.1f. Again: `make bench-cluster`\n\n"
                % (datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M"), load))
        f.write("- machine: %s\n- %s\n\n" % (machine.hardware(folder="/var/tmp") if hasattr(machine, "hardware") else "see bench/RESULTS.md", postgres("postgres", "--version").strip()))
        f.write("| what | figure | |\n|---|---|---|\n")
        for row in table.rows:
            f.write("| %s | %s | %s |\n" % row)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Broken as why:
        print("bench-cluster: %s" % why, file=sys.stderr)
        sys.exit(1)
