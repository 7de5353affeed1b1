#!/usr/bin/env python3
"""make bench: what clickbaton does per second, per event and per megabyte, as one table.

Everything is measured in one run on loopback and on a real disk: translation alone; durable postbacks
(translated, committed with fsync, answered 200) beside nginx `return 204` under the same load; the
answer's latency at half of that rate; memory with a million clicks; a start with a million events in
the outbox; and intake with delivery going on.  The table goes to stdout and to bench/RESULTS.md.

QUICK=1: every measurement with small numbers, and only whether it worked: every answer good, every
answered postback in the store as a queued event.  No file is written and no time is judged.
ONLY="million translate": these measurements alone (disk translate postbacks million with_delivery); no file
is written either.
"""
import contextlib
import datetime
import http.client
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import types

import machine

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.abspath(os.environ.get("BUILD") or os.path.join(ROOT, "build"))
CLICKBATON = os.path.join(BUILD, "clickbaton")
NGINX = shutil.which("nginx") or "/usr/sbin/nginx"
QUICK = os.environ.get("QUICK", "") not in ("", "0")
ONLY = os.environ.get("ONLY", "").split()

FULL = types.SimpleNamespace(rounds=5, seconds=4, warm=2, close_seconds=4, latency_seconds=4,
                             disk_seconds=1, translations=100000, clicks=1000000,
                             backlog=1000000, watched_seconds=8)
SMOKE = types.SimpleNamespace(rounds=1, seconds=1, warm=0, close_seconds=1, latency_seconds=1,
                              disk_seconds=0.2, translations=2000, clicks=20000, backlog=20000,
                              watched_seconds=1)
SIZE = SMOKE if QUICK else FULL
CONNECTIONS = 64

KEY = "5f0c1a77aa01e3b98d2467c0f1a2b3c4"
TRACK = "/open_api/v1.3/event/track/"
CLID = "E.C.P." + "AbCdEfGhIjKlMnOpQrStUvWxYz-0123456789_" * 8       # of the usual length, and the id
AGENT = ("Mozilla%2F5.0%20(Linux%3B%20Android%2014%3B%20SM-S918B)%20AppleWebKit%2F537.36%20(KHTML%2C%20"
         "like%20Gecko)%20Chrome%2F126.0.0.0%20Mobile%20Safari%2F537.36")
# What Keitaro's macros make of the URL in docs/trackers/keitaro.md; "@" is replaced by the request's id.
POSTBACK = ("/postback/nutra-de?key=" + KEY + "&subid=@&external_id=" + CLID + "@&status=sale&payout=12.50"
            "&currency=usd&tid=t@&consent=1&ip=198.51.100.7&ua=" + AGENT)
CLICK = ("/click/nutra-de?key=" + KEY + "&subid=@&ttclid=" + CLID + "@&event_id=ev-@&consent=1"
         "&ip=198.51.100.7&ua=" + AGENT)
POSTBACK_OF_CLICK = ("/postback/nutra-de?key=" + KEY + "&subid=@&status=sale&payout=12.50"
                     "&currency=usd&tid=t@&consent=1")


class Broken(Exception):
    """A measurement that did not work: its number would mean nothing."""


def need(condition, why):
    if not condition:
        raise Broken(why)


# ---- programs ----

@contextlib.contextmanager
def running(words, folder, log):
    """A program with its stdout to read; ended by its pid, killed when it does not end."""
    with open(os.path.join(folder, log), "ab") as errors:
        process = subprocess.Popen(words, cwd=folder, stdout=subprocess.PIPE, stderr=errors, text=True)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def first_line(process, folder, log):
    line = process.stdout.readline()
    if not line:
        with open(os.path.join(folder, log)) as f:
            raise Broken("%s did not start: %s" % (process.args[:2], f.read()[-500:]))
    return line


def ports_in(line):
    return [int(p) for p in re.findall(r"http://127\.0\.0\.1:(\d+)", line)]


class Folder:
    """A temporary folder with clickbaton's configuration, on the disk that is measured."""

    def __init__(self, where, more=""):
        """more: the end of the configuration; it begins among the pixels."""
        self.more = more
        self.path = tempfile.mkdtemp(prefix="run-", dir=where)
        self.answered = self.in_flight = 0
        os.mkdir(self.at("keys"), 0o700)
        os.mkdir(self.at("offers"))
        shutil.copy(os.path.join(ROOT, "examples", "offers", "nutra-de.yaml"), self.at("offers"))
        for name in ("postback", "tiktok"):
            with os.fdopen(os.open(self.at("keys/" + name), os.O_WRONLY | os.O_CREAT, 0o600), "w") as f:
                f.write(KEY + "\n")

    def at(self, name):
        return os.path.join(self.path, name)

    @contextlib.contextmanager
    def serve(self, endpoint_port, under=()):
        """clickbaton serve.  The process has .port and .started: seconds from exec to listening.  under: the
        words of a program that runs it."""
        with open(self.at("clickbaton.yaml"), "w") as f:
            f.write("version: 1\nlisten: 127.0.0.1:0\nadmin: 127.0.0.1:0\ndata: ./data\n"
                    "offers: ./offers\nkey: {file: ./keys/postback}\ntiktok:\n"
                    "  endpoint: http://127.0.0.1:%d%s\n"
                    "  pixels:\n    C9EXAMPLEPIXEL00: {token: {file: ./keys/tiktok}}\n"
                    % (endpoint_port, TRACK) + self.more)
        began = time.monotonic()
        with running([*under, CLICKBATON, "serve", *(["--unconfined"] if under else [])], self.path,
                     "serve.log") as process:
            line = first_line(process, self.path, "serve.log")
            process.started = time.monotonic() - began
            process.began = began
            process.port, process.admin = ports_in(line)[:2]
            yield process
        need(process.returncode == 0, "serve ended with %s" % process.returncode)

    def rows(self, question):
        """One row of numbers out of the store."""
        with contextlib.closing(sqlite3.connect("file:%s?mode=ro" % self.at("data/clickbaton.db"),
                                                uri=True, timeout=30)) as db:
            return db.execute(question).fetchone()

    def check_nothing_lost(self):
        """Every answered postback is in the store, understood, with an event of its own.  Those that
        wrk had on their way when its time was up may be there too, unanswered."""
        # One statement, so one state of the store: the last of those may be written just now.
        stored, queued, why, events = self.rows(
            "SELECT count(*), sum(verdict = 1), max(reason), (SELECT count(*) FROM events) FROM postbacks")
        need(self.answered <= stored <= self.answered + self.in_flight,
             "%d postbacks were answered 200, the store holds %d" % (self.answered, stored))
        need(queued == events == stored,
             "%d postbacks made %d events, %d were queued; %s" % (stored, events, queued, why))
        return self.answered

    def remove(self):
        shutil.rmtree(self.path)


@contextlib.contextmanager
def nginx(where):
    """nginx with two workers on a port of its own; yields the port."""
    folder = tempfile.mkdtemp(prefix="nginx-", dir=where)
    about = subprocess.run([NGINX, "-V"], capture_output=True, text=True).stderr
    temps = ["%s_temp_path %s/%s;" % (m, folder, m)
             for m in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
             if "without-http_%s_module" % m not in about]
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    with open(os.path.join(folder, "nginx.conf"), "w") as f:
        f.write("daemon off; worker_processes 2; pid %s/pid; error_log %s/error.log;\n"
                "events { worker_connections 1024; }\n"
                "http { %s access_log off; keepalive_requests 1000000000;\n"
                "server { listen 127.0.0.1:%d reuseport backlog=1024; location / { return 204; } } }\n"
                % (folder, folder, " ".join(temps), port))
    with running([NGINX, "-e", "error.log", "-p", folder, "-c", "nginx.conf"], folder, "log") as p:
        for _ in range(200):
            with socket.socket() as s:
                if s.connect_ex(("127.0.0.1", port)) == 0:
                    break
            need(p.poll() is None, "nginx did not start")
            time.sleep(0.02)
        yield port


@contextlib.contextmanager
def closed_port():
    """A port where connections are refused: it is taken, and nobody listens."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        yield s.getsockname()[1]


@contextlib.contextmanager
def sandbox(folder, port=0):
    with running([CLICKBATON, "sandbox", "--quiet", "--rate", "100000", "--listen",
                  "127.0.0.1:%d" % port], folder.path, "sandbox.log") as process:
        yield ports_in(first_line(process, folder.path, "sandbox.log"))[0]


def sandbox_accepted(connection):
    connection.request("GET", "/stats")
    return json.loads(connection.getresponse().read())["unique"]


# ---- load ----

serial = 0


def fresh_prefix():
    """Of the ids of one phase: no two phases share an id."""
    global serial
    serial += 1
    return "b%03d" % serial


def wrk(port, seconds, threads, close=False, template=POSTBACK, prefix=None, known=0, folder=None, connections=CONNECTIONS):
    """Requests per second.  Postbacks of ours are counted in folder."""
    words = ["wrk", "-t%d" % threads, "-c%d" % connections, "-d%ds" % seconds, "--timeout", "10s",
             "-s", os.path.join(ROOT, "bench", "unique.lua")]
    words += ["-H", "Connection: close"] if close else []
    words += ["http://127.0.0.1:%d" % port, "--", template, prefix or fresh_prefix(), str(threads), str(known)]
    done = subprocess.run(words, capture_output=True, text=True)
    result = re.search(r"^result (\d+) (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)$", done.stdout, re.M)
    need(result, "wrk: %s" % (done.stdout + done.stderr)[-500:])
    requests, micros, *errors = map(int, result.groups())
    need(requests and not any(errors), "wrk: %d requests; errors (connect, read, write, timeout, status)"
         " %s" % (requests, errors))
    if folder:
        folder.answered += requests
        folder.in_flight += connections
    return requests * 1e6 / micros


def load(port, rate, seconds, template, prefix, connections=CONNECTIONS):
    """Requests at a rate, or with a rate out of reach as fast as it goes: microseconds of
    (p50, p90, p99, p99.9, the longest).  Every one was answered well."""
    done = subprocess.run([os.path.join(BUILD, "bench", "bench_load"), str(port), str(rate), str(seconds),
                           str(connections), template, prefix], capture_output=True, text=True)
    result = re.search(r"^load (\d+) (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)$", done.stdout, re.M)
    need(done.returncode == 0 and result, "bench_load: %s" % done.stderr.strip())
    sent, good, *times = map(int, result.groups())
    need(sent == good == rate * seconds, "%d of %d answers were good" % (good, sent))
    return times


class Memory:
    """The most that a process had resident while we looked, in MB."""

    def __init__(self, pid):
        self.pid, self.most, self.stop = pid, 0, threading.Event()
        self.thread = threading.Thread(target=self.watch)

    def read(self, name):
        with open("/proc/%d/status" % self.pid) as f:
            return int(re.search(name + r":\s*(\d+) kB", f.read()).group(1)) / 1024

    def watch(self):
        while not self.stop.wait(0.1):
            self.most = max(self.most, self.read("VmRSS"))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()


# ---- measurements: each gives rows to the table ----

class Row:
    """values: of the rounds.  least, aim: None, or bounds; below: smaller is better."""

    def __init__(self, name, values, form="%.2f", unit="", least=None, aim=None, below=False, note=""):
        self.name, self.values, self.form, self.unit = name, list(values), form, unit
        self.least, self.aim, self.below, self.note = least, aim, below, note
        need(self.values and all(v > 0 for v in self.values), name + ": no value")
        self.median = statistics.median(self.values)

    def show(self, value):
        if self.form == "%d":
            return format(round(value), ",") + self.unit
        return self.form % value + self.unit

    def target(self):
        if self.least is None:
            return ""
        words = ("at most " if self.below else "at least ") + self.show(self.least)
        return words + (", aim " + self.show(self.aim) if self.aim is not None else "")

    def missed(self, bound):
        short = self.median - bound if self.below else bound - self.median
        return "missed by " + self.show(short) if short > 0 else ""

    def verdict(self):
        if self.least is None:
            return ""
        if self.missed(self.least):
            return self.missed(self.least)
        if self.aim is None:
            return "reached"
        return "reached; aim " + (self.missed(self.aim) or "reached")

    def cells(self):
        spread = self.show(min(self.values)) + " - " + self.show(max(self.values))
        return [self.name, self.target(), self.show(self.median),
                spread if len(self.values) > 1 else "", self.verdict()]


def measure_disk(bench):
    path, rates = os.path.join(bench.where, "fsync"), []
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for _ in range(SIZE.rounds):
        count, began = 0, time.monotonic()
        while time.monotonic() < began + SIZE.disk_seconds:
            os.write(fd, b"x" * 4096)
            os.fdatasync(fd)
            count += 1
        rates.append(count / (time.monotonic() - began))
    os.close(fd)
    os.unlink(path)
    yield Row("this disk alone: 4 KB appended + fdatasync, per second", rates, "%d")


def measure_translate(bench):
    times = []
    for _ in range(SIZE.rounds):
        done = subprocess.run([os.path.join(BUILD, "bench", "bench_translate"), str(SIZE.translations)],
                              cwd=ROOT, capture_output=True, text=True)
        found = re.search(r"^translate_us ([0-9.]+)$", done.stdout, re.M)
        need(done.returncode == 0 and found, "bench_translate: " + done.stderr)
        times.append(float(found.group(1)))
    yield Row("translate, per event, one thread", times, "%.2f", " us", 5, 2, below=True)


def choose_threads(bench, port):
    """As many threads of wrk as give nginx its best; the same for both from then on."""
    wrk(port, 1, 1)
    rates = {t: wrk(port, max(SIZE.warm, 1), t) for t in ((1,) if QUICK else (1, 2))}
    bench.threads = max(rates, key=rates.get)


def alternate(ours, theirs, rounds):
    """One after the other; who is first changes, so that neither always has the machine as the other left it."""
    pairs = []
    for i in range(rounds):
        pair = [f() for f in ((theirs, ours) if i % 2 else (ours, theirs))]
        pairs.append(pair[::-1] if i % 2 else pair)
    return [a for a, _ in pairs], [b for _, b in pairs]


def measure_postbacks(bench):
    """Rows of the kept and the fresh connections, and of the latency, all on one growing store."""
    folder = Folder(bench.where)
    with closed_port() as nowhere, nginx(bench.where) as other, folder.serve(nowhere) as process:
        choose_threads(bench, other)
        if SIZE.warm:
            wrk(process.port, SIZE.warm, bench.threads, folder=folder)
        for close, seconds, name, least, aim in (
                (False, SIZE.seconds, "64 kept connections", 0.25, 0.40),
                (True, SIZE.close_seconds, "a new connection per request, 64 at a time", 0.6, 0.9)):
            ours, theirs = alternate(
                lambda: wrk(process.port, seconds, bench.threads, close, folder=folder),
                lambda: wrk(other, seconds, bench.threads, close), SIZE.rounds)
            yield Row("durable postbacks/s, " + name, ours, "%d")
            yield Row("nginx `return 204`, two workers, the same load", theirs, "%d")
            yield Row("ratio of the two", [a / b for a, b in zip(ours, theirs)], "%.2f", "", least, aim)
            if not close:
                bench.rate, bench.nginx_rate = statistics.median(ours), statistics.median(theirs)
        yield from measure_latency(folder, process.port, max(1, int(bench.rate / 2)))
        bench.stored += folder.check_nothing_lost()
    folder.remove()


def measure_latency(folder, port, rate):
    times = []
    for _ in range(SIZE.rounds):
        times.append([t / 1000 for t in load(port, rate, SIZE.latency_seconds, POSTBACK, fresh_prefix())])
        folder.answered += rate * SIZE.latency_seconds
    p50, p90, p99, p999, longest = zip(*times)
    yield Row("p99 of the answer at %s/s, half of that rate" % format(rate, ","), p99, "%.2f", " ms", 10,
              below=True)
    yield Row("p50 of it", p50, "%.2f", " ms")
    yield Row("p99.9 of it", p999, "%.2f", " ms")


def measure_million(bench):
    """Memory with the clicks, then a start with the backlog: one store carries both."""
    folder, clicks, prefix = Folder(bench.where), SIZE.clicks, fresh_prefix()
    many = format(clicks, ",")
    with closed_port() as nowhere:
        with folder.serve(nowhere) as process:
            began = time.monotonic()
            load(process.port, clicks, 1, CLICK, prefix)
            yield Row("clicks/s registered, until %s are stored" % many,
                      [clicks / (time.monotonic() - began)], "%d")
            need(folder.rows("SELECT count(*) FROM clicks")[0] == clicks, "clicks are missing")
            with Memory(process.pid) as memory:
                rate = wrk(process.port, SIZE.watched_seconds, bench.threads, folder=folder,
                           template=POSTBACK_OF_CLICK, prefix=prefix, known=clicks)
            yield Row("resident memory with %s clicks, 64 connections under load" % many, [memory.most],
                      "%.1f", " MB", 32, below=True)
            yield Row("the most it ever had until then", [memory.read("VmHWM")], "%.1f", " MB")
            yield Row("durable postbacks/s of those clicks, in no order", [rate], "%d")
            missing = SIZE.backlog - folder.rows("SELECT count(*) FROM events")[0]
            if missing > 0:
                load(process.port, missing, 1, POSTBACK, fresh_prefix())
                folder.answered += missing
            bench.stored += folder.check_nothing_lost()
    waiting, = folder.rows("SELECT count(*) FROM events e LEFT JOIN deliveries d ON d.event = e.id "
                           "WHERE d.state IS NULL OR d.state = 1")
    need(waiting >= SIZE.backlog, "only %d events wait" % waiting)
    yield from measure_start(folder, waiting)
    folder.remove()


def measure_start(folder, waiting):
    with sandbox(folder) as port:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        with folder.serve(port) as process:
            accepted = 0
            while accepted == 0 and time.monotonic() < process.began + 60:
                accepted = sandbox_accepted(connection)
                time.sleep(0.002)
            first = time.monotonic()
            need(accepted, "no event was delivered within a minute")
            yield Row("start with a backlog of %s events, until it listens" % format(waiting, ","),
                      [process.started], "%.2f", " s", 2, below=True)
            yield Row("the same, until the sandbox has the first event", [first - process.began], "%.2f",
                      " s")
            while accepted < waiting and time.monotonic() < first + 5:
                time.sleep(0.05)
                accepted = sandbox_accepted(connection)
            yield Row("events/s delivered from the backlog",
                      [accepted / (time.monotonic() - process.began - process.started)], "%d")


def measure_with_delivery(bench):
    folder = Folder(bench.where)
    with sandbox(folder) as port, folder.serve(port) as process:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        rates, delivered = [], []
        for _ in range(SIZE.rounds):
            before, began = sandbox_accepted(connection), time.monotonic()
            rates.append(wrk(process.port, SIZE.seconds, bench.threads, folder=folder))
            delivered.append((sandbox_accepted(connection) - before) / (time.monotonic() - began))
        bench.stored += folder.check_nothing_lost()
    yield Row("durable postbacks/s, 64 kept connections, delivering to a sandbox meanwhile", rates, "%d")
    yield Row("events/s delivered meanwhile", delivered, "%d")
    if bench.nginx_rate:
        yield Row("ratio of the intake to nginx above", [r / bench.nginx_rate for r in rates], "%.2f")
    folder.remove()


MEASUREMENTS = (measure_disk, measure_translate, measure_postbacks, measure_million, measure_with_delivery)



def chosen():
    names = [m.__name__.replace("measure_", "") for m in MEASUREMENTS]
    need(set(ONLY) <= set(names), "ONLY can be: " + " ".join(names))
    return [m for m, name in zip(MEASUREMENTS, names) if not ONLY or name in ONLY]


# ---- output ----

HEAD = ["figure", "target", "median", "min - max", "verdict"]


def table(rows, head=None):
    cells = [head or HEAD] + [r.cells() for r in rows]
    widths = [max(len(r[i]) for r in cells) for i in range(len(cells[0]))]
    lines = ["| " + " | ".join(c.ljust(w) for c, w in zip(r, widths)) + " |" for r in cells]
    lines.insert(1, "|" + "|".join("-" * (w + 2) for w in widths) + "|")
    return "\n".join(lines) + "\n"


def notes(bench):
    return ("A durable postback is translated, committed with fsync and answered 200. Both servers get the same "
            "requests (a Keitaro sale, a URL of %d bytes, each with a click id of its own) from the same generator, wrk "
            "with %d thread%s (what gives nginx its best), on the cores that they run on, in turn. "
            "The Events API is a closed port on loopback, so that the cores are not shared with the other side "
            "of the network, except where a sandbox is named: that runs on the same cores too. "
            "Latency is measured at a constant rate from the moment a request was due. The backlog's start "
            "finds its files in the page cache. Nothing was lost: each of the %s answered postbacks was "
            "found in a store as one queued event.\n"
            % (len(POSTBACK) + 3 * 11, bench.threads, "s" if bench.threads > 1 else "",
               format(bench.stored, ",")))


class Cores:
    """How much of the processor went to programs that are none of the benchmark's."""

    def __init__(self):
        self.began, self.busy, self.own = time.monotonic(), self.read(), self.read_own()

    @staticmethod
    def read():
        with open("/proc/stat") as f:
            user, nice, system, _, _, irq, soft, steal = map(int, f.readline().split()[1:9])
        return (user + nice + system + irq + soft + steal) / os.sysconf("SC_CLK_TCK")

    @staticmethod
    def read_own():
        return sum(os.times()[:4])      # ours, and those of all children that have ended

    def others(self):
        """A share of all cores, 0 to 1; the kernel's threads (writing to the disk) are in it."""
        spent = (self.read() - self.busy) - (self.read_own() - self.own)
        return max(0.0, spent / (time.monotonic() - self.began) / os.cpu_count())


def results(bench, text, minutes, others):
    now = datetime.datetime.now(datetime.timezone.utc)
    return ("# Figures\n\nMeasured %s UTC in %.1f minutes; meanwhile the kernel's threads and other programs "
            "used %.0f %% of the cores. Again: `make bench`\n\n%s\n%s\n%s"
            % (now.strftime("%Y-%m-%d %H:%M"), minutes, others * 100, bench.machine, text, notes(bench)))


def prepare():
    for program in (CLICKBATON, os.path.join(BUILD, "bench", "bench_load"), NGINX):
        need(os.access(program, os.X_OK), "%s is not there; run: make bench" % program)
    need(shutil.which("wrk"), "wrk is not there; run: make bench")
    where = tempfile.mkdtemp(prefix="bench-", dir=os.environ.get("BENCH_DIR") or BUILD)
    kind = machine.filesystem(where)
    if kind in ("tmpfs", "ramfs"):
        shutil.rmtree(where)
        raise Broken("the folder to measure in is on %s, which has no disk; set BENCH_DIR" % kind)
    return types.SimpleNamespace(where=where, threads=1, rate=0, nginx_rate=0, stored=0,
                                 machine=machine.describe(where, CLICKBATON, NGINX))


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    began, cores, rows, bench = time.monotonic(), Cores(), [], None
    try:
        bench = prepare()
        for measure in chosen():
            with contextlib.closing(measure(bench)) as steps:
                for row in steps:
                    rows.append(row)
                    print("  %s: %s" % (row.name, row.show(row.median)), file=sys.stderr, flush=True)
    except Broken as e:
        print("bench: %s" % e, file=sys.stderr)
        return 1
    finally:
        if bench:
            shutil.rmtree(bench.where, ignore_errors=True)
    text = table(rows)
    print(text)
    others = cores.others()
    if others > 0.15:
        print("bench: other programs used %.0f %% of the cores meanwhile: the figures are too low"
              % (others * 100), file=sys.stderr)
    text = results(bench, text, (time.monotonic() - began) / 60, others)
    if not QUICK and not ONLY:
        with open(os.path.join(ROOT, "bench", "RESULTS.md"), "w") as f:
            f.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
