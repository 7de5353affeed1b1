"""Every verb with every N-th call of a kind failing, once and from then on, until it runs through untouched.

Of each run is asked: it ends by itself in time and by no signal; the exit code is a documented one; the answer
is the untouched run's, or there is none and stderr says why; no file is half written, changed or left behind.

Usage: failing.py [--few N] [--seed N] [--verb NAME]... [--kind KIND]... [-v]
With --few each loop is thinned out (a smoke for `make test`); the figures at the end are of what was run."""
import argparse
import concurrent.futures
import contextlib
import http.server
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import threading
import time

from faults import KINDS, Control, build_shim, harness

SECONDS = 60
TEXTS = harness.ROOT
FIXED = "1795694400"  # 2026-11-26T12:00:00Z

# Days around now: what the template writes lies on the first.
DAY = {n: time.strftime("%Y-%m-%d", time.gmtime(time.time() + n * 86400)) for n in (-5, 0, 2)}

ISO = rb"\d{4}-\d\d-\d\d[T ][0-9:]+(\.\d+)?Z?"  # moments

POSTBACK = "?subid=2t4ch5&external_id=E.C.P.abc&status=sale&payout=12.50&currency=eur&tid=9&email=a%40b.example"
CLICK = "?subid=2t4ch5&ttclid=E.C.P.abc&event_id=ev-1"

ECB = """<?xml version="1.0" encoding="UTF-8"?>
<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01" xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">
<gesmes:subject>Reference rates</gesmes:subject><gesmes:Sender><gesmes:name>European Central Bank</gesmes:name></gesmes:Sender>
<Cube><Cube time="2026-11-25"><Cube currency="USD" rate="1.0835"/><Cube currency="PLN" rate="4.31"/><Cube currency="BRL" rate="6.2"/></Cube></Cube>
</gesmes:Envelope>
"""


class Page(http.server.BaseHTTPRequestHandler):
    """A chain of two for `follow`."""

    def do_GET(self):
        if self.path.startswith("/a"):
            self.send_response(302)
            self.send_header("Location", "/b?" + self.path.partition("?")[2])
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        body = b"<html><body><a href='/c'>Order</a><form></form></body></html>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        """A receiver of alerts."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"fine")

    def log_message(self, *_):
        pass


class QuietServer(http.server.ThreadingHTTPServer):
    def handle_error(self, *_):
        pass  # a client that is made to fail


page = QuietServer(("127.0.0.1", 0), Page)
threading.Thread(target=page.serve_forever, daemon=True).start()


def make_folder():
    f = harness.Folder(more_offers())
    f.write("chain.yaml", open(os.path.join(TEXTS, "examples/chains/keitaro.yaml"), "rb").read()
            .replace(b"../offers/", b"offers/"))
    for name in ("nutra-de", "keto-us"):
        f.write("offers/%s.yaml" % name, open(os.path.join(TEXTS, "examples/offers/%s.yaml" % name), "rb").read())
    return f


def more_offers():
    return "http://127.0.0.1:9" + harness.TRACK


# Verbs that play servers themselves: libmicrohttpd 0.9.75 ends the process (MHD_PANIC) when epoll_ctl fails,
# and asks again at once, for ever, when accept does and it has no connection (serving.py).
STAGE = ("poll", "accept")


class Verb:
    def __init__(self, name, *arguments, stdin="", writes=False, cost=1, wipe=None, report=None, without=(), store=None, served=False):
        self.name, self.arguments, self.stdin, self.writes = name, list(arguments), stdin, writes
        self.cost = cost        # a run of it is so many times slower: fewer points in the smoke
        self.wipe = wipe        # what may differ between two untouched runs
        self.without = without  # kinds at which a library does something of its own
        self.report = report    # a file of its own for what was found, also of a failure
        self.served = served    # a server runs on the template's store, whose configuration `-c` is
        self.store = store      # it writes to the store of this folder, which must be whole, and as if nothing had
                                # failed when the same command has run once more


def verbs():
    offer = "offers/nutra-de.yaml"
    lines = "".join("%s\n" % (POSTBACK + "&n=%d" % i) for i in range(5))
    return [
        Verb("version", "version"),
        Verb("explain", "explain", "M012", "W021"),
        Verb("schema", "schema", "offer"),
        Verb("urls", "urls", offer, "--json", "-c", "clickbaton.yaml"),
        Verb("snippet", "snippet", offer, "--host", "https://pb.example"),
        Verb("rates", "rates", "-c", "clickbaton.yaml", "--at", "2026-11-20"),
        Verb("rates-amount", "rates", "12.50", "EUR", "USD", "--at", "2026-11-20"),
        Verb("rates-import", "rates", "import", "ecb.xml", "-o", "mappings/rates.yaml", writes=True),
        Verb("translate", "translate", offer, POSTBACK, "--click", CLICK, "--at", FIXED, "--explain"),
        Verb("translate-lines", "translate", offer, "-", "--json", "--history", "--at", FIXED, stdin=lines),
        Verb("check", "check", "-c", "clickbaton.yaml"),
        Verb("check-json", "check", offer, "chain.yaml", "--json"),
        Verb("check-junit", "check", "-c", "clickbaton.yaml", "--junit", "out.xml", writes=True, report="out.xml",
             wipe=rb'(time|timestamp)="[^"]*"'),
        Verb("check-update", "check", "failing.yaml", "--update", writes=True),
        Verb("simulate", "simulate", "chain.yaml", "--at", FIXED, "--json"),
        Verb("simulate-matrix", "simulate", "chain.yaml", "--at", FIXED, "--matrix", cost=2),
        Verb("simulate-live", "simulate", "chain.yaml", "--live", "--at", FIXED, cost=30, without=STAGE,
             wipe=rb"127\.0\.0\.1:\d+"),
        Verb("follow", "follow", "http://127.0.0.1:%d/a?ttclid=__CLICKID__" % page.server_address[1],
             "--allow-private", "--seed", "1", "--timeout", "5", cost=2, wipe=rb" +\d+ ms"),
        Verb("diff", "diff", offer, "failing.yaml", "--against", "lines.txt", "--at", FIXED),
        Verb("diff-store", "diff", offer, "failing.yaml", "--against", "data", "--since", "9999d"),
        Verb("coverage", "coverage", "-c", "clickbaton.yaml", "--since", "9999d", "--json", wipe=rb'"since":\d+'),
        Verb("doctor", "doctor", "-c", "clickbaton.yaml", "--json", cost=60, without=STAGE,
             wipe=rb"127\.0\.0\.1:\d+|[0-9.]+ [KMGT]B|\d+ (s|ms)\b"),
        Verb("store-verify", "store", "verify", "data", cost=2),
        Verb("store-stats", "store", "stats", "data", "--json", wipe=rb'\d+'),
        Verb("store-export", "store", "export", "data", cost=2),
        Verb("store-export-file", "store", "export", "data", "-o", "out.jsonl", writes=True, cost=2),
        Verb("store-import", "store", "import", "ledger.jsonl", "fresh", writes=True, cost=4, store="fresh"),
        Verb("store-compact", "store", "compact", "data", writes=True, cost=4, store="data", wipe=rb"[0-9.]+ [KMG]?B"),
        Verb("replay-dry", "replay", "-c", "clickbaton.yaml", "--dry-run", "--json", cost=2, wipe=rb'"at":"[^"]*"'),
        Verb("replay", "replay", "-c", "clickbaton.yaml", "--yes", "--json", writes=True, cost=4, store="data",
             wipe=rb'"at":"[^"]*"'),
        Verb("trace", "trace", "c3", "--json"),
        Verb("trace-text", "trace", "E.C.P.q2"),
        Verb("trace-nothing", "trace", "nobody"),
        Verb("reconcile", "reconcile", "--tracker", "tracker.csv", "--crm", "crm.csv", "--since", DAY[-5], "--json",
             wipe=rb'"(until|now|at)":"[^"]*"'),
        Verb("reconcile-html", "reconcile", "--tracker", "tracker.csv", "--since", DAY[-5], "--html", "out.html",
             writes=True, cost=2, wipe=ISO),
        Verb("report", "report", "--since", DAY[-5], "--until", DAY[2], "--json"),
        Verb("report-html", "report", "--since", DAY[-5], "--until", DAY[2], "--html", "out.html", writes=True,
             cost=2, wipe=ISO),
        Verb("tail", "tail", "-n", "5", "--once", "--json"),
        Verb("tail-text", "tail", "-n", "5", "--once"),
        Verb("init", "init", "new", "--tracker", "keitaro", "--offer", "nutra-xx", "--page",
             "https://lander.example/nutra", "--pixel", "C9EXAMPLEPIXEL00", "--host", "pb.example",
             "--tracker-host", "trk.example", writes=True),
        Verb("alert-test", "alert", "test", "-c", "alerts.yaml", "--json", cost=20),
        Verb("alert-test-text", "alert", "test", "-c", "alerts.yaml", cost=20),
        Verb("alert-list", "alert", "list", "--json", served=True),
        Verb("alert-list-text", "alert", "list", served=True),
        Verb("inspect", "inspect", served=True, wipe=rb"token=[0-9a-f]+|\d\d:\d\d(:\d\d)?"),
    ]


# ---- folders ----

def template():
    """What all verbs read, with a store that holds something."""
    f = make_folder()
    f.write("ecb.xml", ECB)
    f.write("mappings/rates.yaml", open(os.path.join(TEXTS, "mappings/rates.yaml"), "rb").read())
    f.write("tracker.csv", "Time,Sub ID,Status,Revenue,Currency\n" + "".join(
        "%s 10:00:00,c%d,sale,1.00,USD\n" % (DAY[0], i) for i in range(8)))
    f.write("crm.csv", "order;date;click_id;amount;currency\n" + "".join(
        "o%d;%s 10:00;c%d;1,00;EUR\n" % (i, DAY[0], i) for i in range(7)))
    f.write("lines.txt", "".join("%s\n" % POSTBACK for _ in range(3)))
    f.config(f.endpoint, extra="mappings: ./mappings\n")
    f.write("alerts.yaml", f.read("clickbaton.yaml").decode() + "alerts:\n  to:\n  - webhook: {url: 'http://127.0.0.1:%d/'}\n"
            "  - command: [/bin/sh, '-c', 'exec cat > /dev/null']\n" % page.server_address[1])
    f.write("failing.yaml", harness.offer_text("nutra-zz", more='tests:\n  - given: "%s"\n    expect: {verdict: '
                                               'queued, event: Lead}\n' % POSTBACK))
    serve = harness.Serve(f)
    for i in range(6):
        serve.fire("subid=c%d&external_id=E.C.P.%d&status=sale&payout=1&currency=usd" % (i, i))
    for i in range(5):
        serve.fire("subid=q%d&external_id=E.C.P.q%d&status=approv3d&payout=1&currency=usd" % (i, i))
    serve.stop()
    f.write("offers/nutra-de.yaml", harness.offer_text("nutra-de").replace(
        "events:", "stages:\n  sale: [sale, approved, approv3d]\nevents:"))
    f.write("ledger.jsonl", subprocess.run([harness.BINARY, "store", "export", f.at("data")], check=True,
                                           stdout=subprocess.PIPE).stdout)
    for name in ("serve.err", "serve.out"):
        os.unlink(f.at(name))
    return f


def tree(path):
    """{name: bytes} of everything below, the store and secrets (whose bytes are random) by their names alone."""
    out = {}
    for base, dirs, names in os.walk(path):
        for n in dirs:
            if n != "fresh":
                out[os.path.relpath(os.path.join(base, n), path) + "/"] = b""
        for n in names:
            full = os.path.join(base, n)
            rel = os.path.relpath(full, path)
            if rel.startswith(("data/", "fresh/clickbaton.db")) or rel == "fresh/lock":
                continue  # store_fault looks into them
            with open(full, "rb") as file:
                data = file.read()
            out[rel] = b"%d" % len(data) if "keys/" in rel else data
    return out


def ledger(folder):
    """What the store holds, but for times."""
    if not os.path.exists(os.path.join(folder, "clickbaton.db")):
        return None
    out = {}
    with contextlib.closing(sqlite3.connect("file:%s?mode=ro" % os.path.join(folder, "clickbaton.db"), uri=True)) as db:
        for sql in ("SELECT id, click_id, verdict, code, params FROM conversions ORDER BY id",
                    "SELECT id, postback, event_id, state, attempts, body FROM ledger ORDER BY id"):
            out[sql] = db.execute(sql).fetchall()
    return out


def store_fault(verb, path, code):
    """After a run: the store is whole; once more without a failure, and it holds what it should.  (why, ledger)"""
    folder = os.path.join(path, verb.store)
    if os.path.exists(os.path.join(folder, "clickbaton.db")):
        whole = subprocess.run([harness.BINARY, "store", "verify", folder], stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True)
        if whole.returncode != 0 and "damaged:" in whole.stdout:  # "unfinished": what was never acknowledged
            return "store verify: " + whole.stdout[-400:], None
    again = subprocess.run([harness.BINARY] + verb.arguments, cwd=path, stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if code != 0 and again.returncode != 0:
        return "the same once more: exit %d, %s" % (again.returncode, again.stderr[-400:]), None
    whole = subprocess.run([harness.BINARY, "store", "verify", folder], stdout=subprocess.DEVNULL)
    return None if whole.returncode == 0 else "damaged after the second run", ledger(folder)


# ---- one run ----

class Bench:
    """A worker's own folder and control file."""

    def __init__(self, source):
        self.source = source
        self.control = Control()
        self.path = None

    def folder(self, fresh):
        if fresh:
            self.remove()
        if not self.path:
            self.path = tempfile.mkdtemp(prefix="clickbaton-failing-")
            shutil.copytree(self.source, self.path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("control"))
        return self.path

    def run(self, verb, kind, at, on):
        path = self.folder(verb.writes)
        trace = path + ".trace"
        if os.path.exists(trace):
            os.unlink(trace)
        temp = path + ".tmp"
        os.makedirs(temp, exist_ok=True)
        self.control.fresh().set(kind, at, on)
        env = self.control.environment(trace)
        env["TMPDIR"] = temp
        arguments = verb.arguments + (["-c", os.path.join(self.source, "clickbaton.yaml")] if verb.served else [])
        p = subprocess.Popen([harness.BINARY] + arguments, cwd=path, env=env, stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            out, err = p.communicate(verb.stdin.encode(), SECONDS)
            code = p.returncode
        except subprocess.TimeoutExpired:
            p.kill()
            out, err = p.communicate()
            code = "hang"
        except BrokenPipeError:
            code, out, err = p.wait(), b"", p.stderr.read()
        run = Run(code, out, err, self.control.count, self.control.failed)
        if verb.wipe:
            run.out = re.sub(verb.wipe, b"*", run.out)
        run.files = tree(path) if verb.writes else None
        if run.files is not None and verb.wipe:
            run.files = {k: re.sub(verb.wipe, b"*", v) for k, v in run.files.items()}
        run.why, run.ledger = store_fault(verb, path, code) if verb.store and code != "hang" else (None, None)
        run.left = sorted(os.listdir(temp))
        if run.left:
            shutil.rmtree(temp, ignore_errors=True)
        if run.failed and os.path.exists(trace):
            with open(trace) as file:
                run.trace = file.read()
        return run

    def remove(self):
        if not self.path:
            return
        for suffix in ("", ".tmp"):
            shutil.rmtree(self.path + suffix, ignore_errors=True)
        if os.path.exists(self.path + ".trace"):
            os.unlink(self.path + ".trace")
        self.path = None

    def close(self):
        self.control.remove()
        self.remove()


class Run:
    trace = ""

    def __init__(self, code, out, err, count, failed):
        self.code, self.out, self.err, self.count, self.failed = code, out, err, count, failed


# Libraries that end the process by themselves when they have no memory: pattern of the stack, reason.
EXCUSED = [
    (r"libc\.so\.6\(regcomp\+", "glibc 2.36's regcomp frees twice when it has no memory; only `schema` "
     "and `init` (its schema.json) compile patterns, before they have written anything of it"),
]


def fault_of(verb, kind, untouched, run, before):
    """What is wrong with a run in which something failed; None."""
    if run.code == "hang":
        return "does not end"
    if run.code < 0 or run.code >= 128:
        for pattern, _ in EXCUSED:
            if re.search(pattern, run.trace, re.S):
                return None
        return "ended by signal %s" % (-run.code)
    if run.code not in (0, 1, 2, 3, 4, 5):
        return "exit code %s" % run.code
    if run.left:
        return "left behind in TMPDIR: %s" % run.left
    if run.why:
        return run.why
    if run.ledger != untouched.ledger:
        return "the store holds something else"
    if run.files is not None and run.files != before and run.files != untouched.files:
        names = [n for n in set(run.files) | set(before) if run.files.get(n) != before.get(n)]
        if names != [verb.report] or not run.files[verb.report].endswith(b"</testsuites>\n"):
            return "files are neither as before nor as after: %s" % sorted(names)
    if run.code == untouched.code:
        if run.out != untouched.out and verb.name != "doctor":
            return "same exit code %s, other output" % run.code
        if run.files is not None and run.files != untouched.files:
            return "same exit code %s, files not written" % run.code
        return None
    if verb.name == "doctor" and run.code == 1 and b'"level":"failed"' in run.out:
        return None  # it says of its own servers that they failed, and which
    if verb.name == "follow" and run.code in (1, 5) and re.search(rb"H07\d no answer", run.out):
        return None  # to it that is how the world is
    if verb.name == "store-verify" and kind == "read" and run.code == 1 and b"damaged: " in run.out:
        return None  # what can't be read may as well be damaged
    if verb.name == "store-import" and kind == "read" and run.code == 1 and b"nothing was imported" in run.err:
        return None  # the same, of what it has just written
    if verb.name == "check-update" and run.code == 1 and b"change it by hand" in run.err:
        return None  # the tests fail as they did, and nothing was written
    if not run.err.strip():
        return "exit %s and not a word" % run.code
    if run.code in (4, 5, 3):
        return None
    return "exit %s, a wrong answer" % run.code


def stack(trace):
    """The frames of ours by name, of others the library."""
    out = []
    for line in trace.splitlines():
        found = re.search(r"clickbaton\(\+(0x[0-9a-f]+)\)", line)
        if found:
            name, at = subprocess.run(["addr2line", "-f", "-e", harness.BINARY, found[1]], stdout=subprocess.PIPE,
                                      text=True).stdout.split("\n")[:2]
            out.append("%s %s" % (name, os.path.basename(at)))
        elif "failing_shim" not in line:
            found = re.search(r"([^/]*)\(([^+]*)", line)
            out.append("%s:%s" % (found[1], found[2]) if found else line)
    return " < ".join(out[:14])


def points(total, full, cost, generator, few):
    """Which N: all up to some, then a growing step with jitter."""
    dense, growth = (400, 1.04) if full else (0, 0)
    if full:
        dense = max(40, dense // cost)
        n = 1
        out = []
        while n <= total:
            out.append(n)
            n = n + 1 if n < dense else n + max(1, int(n * (growth - 1) * generator.uniform(0.5, 1.5)))
        return out
    few = max(1, few // cost)
    ends = {1, total} if few > 2 else set()
    return sorted(ends | {generator.randint(1, total) for _ in range(few)}) if total else []


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--verb", action="append")
    parser.add_argument("--kind", action="append")
    parser.add_argument("--few", type=int, help="a smoke: so many points of a kind and verb")
    parser.add_argument("-j", type=int, default=2)
    parser.add_argument("-v", action="store_true")
    o = parser.parse_args()
    o.full = o.few is None
    build_shim()
    print("# seed %d" % o.seed, flush=True)
    source = template()
    benches = [Bench(source.path) for _ in range(o.j)]
    pool = concurrent.futures.ThreadPoolExecutor(o.j)
    generator = random.Random(o.seed)
    figures, server = {}, None
    start = time.monotonic()

    def with_bench(*arguments):
        bench = benches.pop()
        try:
            return bench.run(*arguments)
        finally:
            benches.append(bench)

    for verb in verbs():
        if o.verb and verb.name not in o.verb:
            continue
        if verb.served and not server:
            server = harness.Serve(source)
        before = tree(source.path) if verb.writes else None
        if before is not None and verb.wipe:
            before = {k: re.sub(verb.wipe, b"*", v) for k, v in before.items()}
        bad = {}
        tried = {}
        for kind in o.kind or KINDS:
            if kind in verb.without:
                continue
            untouched = with_bench(verb, kind, 0, False)
            if not harness.true("%s runs untouched" % verb.name, untouched.code in (0, 1) and not untouched.left,
                                "%s %s %s" % (untouched.code, untouched.out, untouched.err)):
                break
            total = untouched.count
            jobs = [(n, on) for n in points(total, o.full, verb.cost, generator, o.few) for on in (False, True)]
            if not o.full and o.few <= 12 and verb.cost > 20:
                jobs = jobs[:1]
            results = list(pool.map(lambda j: (j, with_bench(verb, kind, *j)), jobs))
            tried[kind] = (len(jobs), total)
            for (n, on), run in results:
                if run.failed == 0:
                    continue
                why = fault_of(verb, kind, untouched, run, before)
                if why:
                    bad.setdefault(why, []).append((kind, n, on, run))
        figures[verb.name] = tried
        for why, runs in bad.items():  # one report a reason
            kind, n, on, run = runs[0]
            where = stack(run.trace) if o.v else ""
            harness.bad("%s: %s" % (verb.name, why), "%d times; first %s %d %s\nstderr %s\nstdout %s\n%s" % (
                len(runs), kind, n, "on" if on else "once", harness.short(run.err.decode("utf-8", "replace"), 300),
                harness.short(run.out.decode("utf-8", "replace"), 100), where))
            if o.v:
                for kind, n, on, run in runs[1:8]:
                    print("      also %s %d %s: %s" % (kind, n, "on" if on else "once", run.err[:100]))
        runs = sum(t[0] for t in tried.values())
        if not bad and runs:
            harness.good("%s: %d runs" % (verb.name, runs))
        print("#   %s" % ", ".join("%s %d of %d" % (k, t[0] // 2, t[1]) for k, t in tried.items() if t[1]),
              flush=True)
    total = sum(t[0] for v in figures.values() for t in v.values())
    print("# %d runs in %.1f s" % (total, time.monotonic() - start))
    if server:
        server.stop()
    for b in benches:
        b.close()
    harness.say("%d passed, %d failed" % (harness.passed, harness.failed))
    return 1 if harness.failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
