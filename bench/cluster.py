#!/usr/bin/env python3
"""make bench-cluster: what several servers on one PostgreSQL do, beside the SQLite default, bare COPY and bare INSERT in the same run.

Real `clickbaton serve`, HTTP and fsync; everything shares this machine's cores, so a figure is worth the ratios in its row.
bench/CLUSTER.md is written.

QUICK=1: every part with small numbers, and only whether it works; no file is written.
ONLY="intake failover": these parts alone; no file is written either.
CLICKS=10000000: so many clicks for the look-ups.  CLUSTER_DIR: on which disk."""
import contextlib
import datetime
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import cluster_db as db
import cluster_failover
import machine
import run
from cluster_db import QUICK, Broken, need

with contextlib.suppress(ImportError):
    import cluster_days

ONLY = os.environ.get("ONLY", "").split()
DISK = os.environ.get("CLUSTER_DIR", "/var/tmp")
ROUNDS, SECONDS = (1, 1) if QUICK else (3, 3)
CLICKS = int(os.environ.get("CLICKS") or (20000 if QUICK else 10000000))
BACKLOG = (1000, 20000) if QUICK else (10000, 1000000)
GROUPS = (64, 256)


# ---- intake ----

def stored(server, nodes):
    """Every answered postback is there, once, with its event; those on their way at a phase's end may be."""
    answered, flying = sum(n.folder.answered for n in nodes), sum(n.folder.in_flight for n in nodes)
    rows, events = server.ask("SELECT count(*) FROM postbacks WHERE verdict = 1"), server.ask("SELECT count(*) FROM events")
    need(answered <= rows <= answered + flying, "%d postbacks were answered 200, the store holds %d" % (answered, rows))
    need(rows == events == server.ask("SELECT count(*) FROM event_keys"), "%d postbacks made %d events" % (rows, events))


def measured(nodes, connections, database=None):
    """Rates of the rounds, then milliseconds at half of that; microseconds of CPU and requests of a group."""
    db.storm(nodes, 1 if QUICK else 2, connections)  # tables, plans and memory are there
    rates, cpu, groups = [], [], []
    for _ in range(ROUNDS):
        done, commits = [sum(db.metric(n, "clickbaton_commit_requests_" + w) for n in nodes) for w in ("sum", "count")]
        own, other = db.cpu_of(*(n.pid for n in nodes)), database.cpu() if database else 0
        rates.append(db.storm(nodes, SECONDS, connections))
        done, commits = [sum(db.metric(n, "clickbaton_commit_requests_" + w) for n in nodes) - was
                         for w, was in (("sum", done), ("count", commits))]
        cpu.append(((db.cpu_of(*(n.pid for n in nodes)) - own) / done * 1e6, ((database.cpu() if database else 0) - other) / done * 1e6))
        groups.append(done / commits)
    rate = sorted(rates)[len(rates) // 2]
    late = [db.steady(nodes, rate / 2, SECONDS, connections) for _ in range(ROUNDS)]
    middle = [sorted(c)[len(rates) // 2] for c in (*zip(*cpu), groups)]
    return rates, late, middle


def show_intake(table, what, figures, base=None):
    rates, late, (own, other, group) = figures
    rate = sorted(rates)[len(rates) // 2]
    of = "%.2f of SQLite; " % (rate / base["rate"]) if base else ""
    of += "groups of %.0f; CPU of each: receiver %.0f us" % (group, own) + (", database %.0f us" % other if other else "")
    table.row(what + ": durable postbacks/s", rates, of=of)
    p99 = table.row("the same, p99 at half of that rate", [t[1] for t in late], "%.2f", " ms",
                    "p50 %.2f ms" % sorted(t[0] for t in late)[len(late) // 2] +
                    ("; %.1f times SQLite's p99 at half of its own" % (sorted(t[1] for t in late)[len(late) // 2] / base["p99"]) if base else ""))
    return {"rate": rate, "p99": p99}


def bare(table, server):
    """What nothing that keeps rows in PostgreSQL can do faster on these cores."""
    for work in ("copy", "insert"):
        for group in GROUPS:
            for workers in (1, 2):
                url, runs = server.anew(), []
                for _ in range(ROUNDS):
                    runs.append(db.costing(server, lambda: db.together(url, work, workers, group, seconds=min(SECONDS, 2))))
                runs.sort(key=lambda r: r["rate"])
                table.row("bare %s of 1 KB rows in groups of %d, %d connection%s: rows/s" % (work.upper(), group, workers, "s" * (workers > 1)),
                          [r["rate"] for r in runs], of="one table, one index; CPU of each: client %.1f us, database %.1f us"
                          % (runs[len(runs) // 2]["cpu"], runs[len(runs) // 2]["server"]))


def engine(table, server):
    """The engine alone, in groups of one size: what a postback costs, without HTTP and translation."""
    clicks = 5000 if QUICK else 200000
    for group in (8, *GROUPS):
        url = server.anew()
        db.fill(url, 0, clicks)
        out = db.costing(server, lambda: db.together(url, "postbacks", 2, group, clicks, SECONDS))
        need(server.ask("SELECT count(*) FROM events") == out["done"] - out["duplicates"], "events are missing")
        table.row("the engine alone, groups of %d, two processes: postbacks/s" % group, out["rate"],
                  of="%.1f trips a group; CPU of each: process %.0f us, database %.0f us" % (out["trips"], out["cpu"], out["server"]))


def rows_alone(table, server):
    """The rows of so many postbacks written once more by one statement a table: what of the cost is rows, and what is indexes."""
    total = server.ask("SELECT count(*) FROM postbacks")
    for what, like in (("without any index", ""), ("with their indexes", " INCLUDING INDEXES")):
        took = 0
        for name in ("postbacks", "events", "deliveries", "event_keys"):
            server.sql("CREATE TABLE again_%s (LIKE %s%s)" % (name, name, like), "clickbaton")
            before = server.cpu()
            server.sql("INSERT INTO again_%s SELECT * FROM %s" % (name, name), "clickbaton")
            took += server.cpu() - before
            server.sql("DROP TABLE again_%s" % name, "clickbaton")
        table.row("rows of a postback alone, in one statement, %s: CPU of the database" % what, took / total * 1e6, "%.1f", " us")
    indexes = server.ask("SELECT count(*) FROM pg_indexes WHERE tablename IN ('postbacks_0', 'events_0', 'deliveries', 'event_keys')")
    table.row("indexes of these four tables", indexes, of="a row is in those alone that it has a value for")


def intake(table, bench):
    with run.closed_port() as nowhere:
        with db.receivers(bench.where, 1, None, nowhere) as nodes:
            base = show_intake(table, "SQLite, one server, 64 connections", measured(nodes, 64))
            nodes[0].folder.check_nothing_lost()
        with db.single(bench.where) as server:
            bare(table, server)
            engine(table, server)
            rows_alone(table, server)
            for count, connections in ((1, 64), (2, 64), (3, 64), (3, 192)):
                with db.receivers(bench.where, count, server.anew(), nowhere) as nodes:
                    show_intake(table, "PostgreSQL, %d receiver%s, %d connections in all" % (count, "s" * (count > 1), connections),
                                measured(nodes, connections, server), base)
                stored(server, nodes)
        with contextlib.closing(db.Cluster(bench.where)) as cluster:
            for count in (1, 3):
                url = cluster.url("clickbaton") if cluster.primary.anew() else ""
                with db.receivers(bench.where, count, url, nowhere) as nodes:
                    show_intake(table, "three PostgreSQL, each commit on any one standby, %d receiver%s, 64 connections"
                                % (count, "s" * (count > 1)), measured(nodes, 64, cluster), base)
                stored(cluster.primary, nodes)


# ---- what waits ----

def waiting_of(server):
    return server.ask("SELECT count(*) FROM deliveries WHERE state < 3")


def top_up(url, server, least):
    """So many events wait, or a few more."""
    have = waiting_of(server)
    if have < least:
        db.together(url, "postbacks", 2, 256, 0, 600, (least - have) * 51 // 50)


def intake_beside(table, url, server):
    """Does intake cost more as events wait?"""
    sample, base = 2000 if QUICK else 10000, None
    for least in (0, *BACKLOG):
        top_up(url, server, least)
        have = waiting_of(server)
        out = db.costing(server, lambda: db.together(url, "postbacks", 1, 64, 0, 600, sample))
        base = base or out
        table.row("intake with %s events waiting, groups of 64: CPU of the database" % format(have, ","), out["server"], "%.0f", " us",
                  "%.2f of that with none; process %.0f us; group p99 %.1f ms" % (out["server"] / base["server"], out["cpu"], out["p99"]))


def deliver(bench, url, server, count, port, seconds, nodes_do=None):
    """Events a second that so many servers deliver of what waits; CPU of each: server, database; what nodes_do gives."""
    sandbox = db.Sandbox(port)

    def more_than(had):
        end = time.monotonic() + 60
        while sandbox.stats()["unique"] <= had:
            need(time.monotonic() < end, "nothing is delivered within a minute")
            time.sleep(0.01)
        return sandbox.stats()["unique"]
    with db.receivers(bench.where, count, url, port) as nodes:
        first, began = more_than(sandbox.stats()["unique"]), time.monotonic()
        own, other = db.cpu_of(*(n.pid for n in nodes)), server.cpu()
        extra = nodes_do(nodes) if nodes_do else time.sleep(seconds)
        done, took = more_than(first) - first, time.monotonic() - began
        return done / took, (db.cpu_of(*(n.pid for n in nodes)) - own) / done * 1e6, (server.cpu() - other) / done * 1e6, extra


def senders(table, bench):
    """A backlog: what intake feels of it, and how fast 1, 2, 3 servers deliver it."""
    with db.single(bench.where) as server, run.sandbox(run.Folder(bench.where)) as port:
        url, sandbox = server.anew(), db.Sandbox(port)
        db.fill(url, 0, 2)  # its tables
        intake_beside(table, url, server)
        total = waiting_of(server)
        seconds = 0.1 if QUICK else 8
        for count in (1, 2, 3):
            top_up(url, server, total // 3)
            rate, own, other, _ = deliver(bench, url, server, count, port, seconds)
            table.row("events/s delivered by %d server%s out of %s that wait" % (count, "s" * (count > 1), format(total, ",")), rate,
                      of="CPU of each: servers %.0f us, database %.0f us; the sandbox shares the cores" % (own, other))

        def meanwhile(nodes):
            late = [db.steady(nodes, 200 if QUICK else 1000, 1 if QUICK else 5) for _ in range(1 if QUICK else 3)]
            end = time.monotonic() + 300
            while waiting_of(server):
                need(time.monotonic() < end, "events wait still after five minutes")
                time.sleep(0.2)
            return late
        top_up(url, server, total // 3)
        late = deliver(bench, url, server, 3, port, 0, meanwhile)[3]
        table.row("intake's p99 at 1,000/s meanwhile, three servers that deliver the rest", [t[1] for t in late], "%.2f", " ms",
                  "p50 %.2f ms" % sorted(t[0] for t in late)[len(late) // 2])
        stats, events = sandbox.stats(), server.ask("SELECT count(*) FROM events")
        need(stats["unique"] == stats["accepted"] == events, "%d events, the sandbox has %d, %d times" % (events, stats["unique"], stats["accepted"]))
        table.row("the sandbox got each event once: events", events)


def limit(table, bench):
    """Three senders and a few events for each of very many pixels, so that each request carries a few: more requests than the Events API
    would take in a second."""
    pixels = ["C9LIMIT%013d" % n for n in range(300 if QUICK else 4000)]
    words = [run.CLICKBATON, "sandbox", "--quiet", "--listen", "127.0.0.1:0"]
    with db.single(bench.where) as server, run.running(words, bench.where, "sandbox.log") as process:
        port, url, seen = run.ports_in(run.first_line(process, bench.where, "sandbox.log"))[0], server.anew(), []
        db.together(url, "postbacks", 1, 250, 0, 600, len(pixels) * 3, len(pixels))
        total, sandbox, end = waiting_of(server), db.Sandbox(port), time.monotonic() + 120
        with db.receivers(bench.where, 3, url, port, pixels):
            while not seen or seen[-1][2] < total:
                need(time.monotonic() < end, "events wait still after two minutes")
                stats = sandbox.stats()
                seen.append((time.monotonic(), stats["requests"], stats["accepted"]))
                time.sleep(0.01)
        stats = sandbox.stats()
    most = max(max(n for t, n, _ in seen if t <= at + 1) - first for at, first, _ in seen)
    need(set(stats["codes"]) == {"0"} and stats["accepted"] == stats["unique"] == total, "the sandbox says %s, %d events" % (stats, total))
    need(most <= 1000, "%d requests came in a second" % most)
    table.row("most requests in any second at the sandbox, three servers, %s pixels with events" % format(len(pixels), ","), most,
              of="the Events API allows 1,000; %s requests with %.1f events each, none was refused%s"
              % (format(stats["requests"], ","), stats["accepted"] / stats["requests"],
                 "" if most > 800 else "; this machine was too busy to come to the limit"))


# ---- what grows with the number of nodes ----

def growth(table, bench):
    seconds = 1 if QUICK else 6
    with run.closed_port() as nowhere, db.single(bench.where) as server:
        for count in (1, 2) if QUICK else (1, 2, 4, 8):
            with db.receivers(bench.where, count, server.anew(), nowhere) as nodes:
                time.sleep(1 if QUICK else 4)
                commits = "SELECT sum(xact_commit + xact_rollback) FROM pg_stat_database WHERE datname = 'clickbaton'"
                own, other, polls = db.cpu_of(*(n.pid for n in nodes)), server.cpu(), server.ask(commits)
                time.sleep(seconds)
                own, other, polls = db.cpu_of(*(n.pid for n in nodes)) - own, server.cpu() - other, server.ask(commits) - polls
                connections = server.ask("SELECT count(*) - 1 FROM pg_stat_activity WHERE datname = 'clickbaton'")
                table.row("%d server%s without traffic: connections to the database" % (count, "s" * (count > 1)), connections,
                          of="%.1f transactions/s; CPU: each server %.2f %%, database %.2f %% of a core"
                          % (polls / seconds, own / seconds / count * 100, other / seconds * 100))
                own, other = db.cpu_of(*(n.pid for n in nodes)), server.cpu()
                rate = 400 if QUICK else 2000
                p50, p99, _ = db.steady(nodes, rate, seconds)
                done = sum(n.folder.answered for n in nodes)
                own, other = db.cpu_of(*(n.pid for n in nodes)) - own, server.cpu() - other
                table.row("the same with %s postbacks/s in all: CPU of the database for each" % format(rate, ","), other / done * 1e6, "%.0f", " us",
                          "receivers %.0f us; p50 %.2f ms, p99 %.2f ms" % (own / done * 1e6, p50, p99))
            stored(server, nodes)


# ---- clicks ----

def lookups(table, bench):
    with db.single(bench.where) as server:
        url, have = server.anew(), 0
        for clicks in (CLICKS // 10, CLICKS):
            began, before = time.monotonic(), server.cpu()
            db.fill(url, have, clicks - have)
            took, cost = time.monotonic() - began, (server.cpu() - before) / (clicks - have) * 1e6
            server.sql("CHECKPOINT")
            many, have = format(clicks, ","), clicks
            table.row("clicks/s put in groups of 1,000 until there are %s" % many, (clicks - clicks // 10 * (clicks == CLICKS)) / took,
                      of="%.0f bytes each with indexes; CPU of the database %.0f us" % (
                          server.ask("SELECT pg_total_relation_size('clicks')") / clicks, cost))
            for group, workers in ((1, 1), (64, 1), (256, 2)):
                out = db.costing(server, lambda: db.together(url, "lookups", workers, group, clicks, SECONDS))
                need(out["found"] == out["done"], "%d of %d clicks found" % (out["found"], out["done"]))
                table.row("click look-ups/s among %s, %d in a trip, %d process%s" % (many, group, workers, "es" * (workers > 1)), out["rate"],
                          of="CPU of the database for each %.1f us; p99 of a trip %.2f ms" % (out["server"], out["p99"]))
            out = db.costing(server, lambda: db.together(url, "postbacks", 1, 64, clicks, 600, 2000 if QUICK else 20000))
            table.row("intake with %s clicks, groups of 64: CPU of the database" % many, out["server"], "%.0f", " us", "process %.0f us" % out["cpu"])
        if "cluster_days" in globals():
            cluster_days.traces(table, server, url, CLICKS)


PARTS = {"intake": intake, "senders": senders, "limit": limit, "growth": growth, "failover": cluster_failover.measure, "lookups": lookups}


# ---- output ----

NOTES = """Everything ran on this machine: load, receivers, database, standbys and sandbox share its cores, and one disk. So rates of several
receivers say what they cost one another, not what several machines would do; the processor time of each postback is what travels. It is user and
system time of the named processes, with those that have ended. SQLite's row is `make bench`'s measurement at the same connections in this run.
Each postback of `intake`, `senders` and `growth` came by HTTP from wrk (as fast as it is answered) or bench_load (at a constant rate, timed from the moment it was due), was translated,
committed with fsync and answered 200; afterwards each was found in the database as one event. "The engine alone" and "intake with" are the same groups made by
bench/bench_group without HTTP. p99 of several receivers is the worst one's.
"""


def write(table, began, cores):
    now, text = datetime.datetime.now(datetime.timezone.utc), run.table(table.rows, table.HEAD)
    others = cores.others() - db.spent / (time.monotonic() - began) / os.cpu_count()
    version = subprocess.run([os.path.join(db.servers.BIN, "postgres"), "--version"], stdout=subprocess.PIPE, text=True).stdout.strip()
    print(text)
    if QUICK or ONLY:
        return
    with open(os.path.join(run.ROOT, "bench", "CLUSTER.md"), "w") as f:
        f.write("# Figures of several servers\n\nMeasured %s UTC in %.1f minutes; meanwhile the kernel's threads and other programs used %.0f %% of the "
                "cores. Again: `make bench-cluster`\n\n- machine: %s\n- software: %s; %s\n\n%s\n%s"
                % (now.strftime("%Y-%m-%d %H:%M"), (time.monotonic() - began) / 60, max(0, others) * 100,
                   machine.hardware(DISK), version, machine.libraries(run.CLICKBATON), text, NOTES))


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    need(set(ONLY) <= set(PARTS), "ONLY can be: " + " ".join(PARTS))
    began, cores, table = time.monotonic(), run.Cores(), db.Table()
    where = tempfile.mkdtemp(prefix="clickbaton-cluster-", dir=DISK)
    os.chmod(where, 0o755)
    bench = run.types.SimpleNamespace(where=where)
    try:
        for name, measure in PARTS.items():
            if not ONLY or name in ONLY:
                start = time.monotonic()
                measure(table, bench)
                print("  (%s: %.0f s)" % (name, time.monotonic() - start), file=sys.stderr, flush=True)
    finally:
        shutil.rmtree(where, ignore_errors=True)
    write(table, began, cores)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (Broken, db.servers.Failure) as why:
        print("bench-cluster: %s" % why, file=sys.stderr)
        sys.exit(1)
