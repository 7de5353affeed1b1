"""The server with every N-th call of a kind failing, once and from then on: while it starts, and while it works.

Of each is asked: it goes on, or ends with exit code 4 and a sentence; a postback that was answered 200 is in the
store, once; what was answered 503 and sent again is one event; no event is delivered twice unless the outcome of
the first time was unknown; afterwards the server takes postbacks again by itself, but for a sync that failed: then
it answers 503 until it is started anew.

Usage: serving.py [--few N] [--seed N] [--kind KIND]... [-v]"""
import argparse
import collections
import contextlib
import http.client
import json
import os
import random
import signal
import subprocess
import threading
import time

from faults import KINDS, Control, build_shim, harness

SALE = "subid=%s&external_id=E.C.P.%s&status=sale&payout=1&currency=usd"


# What a library does by itself, and we can't mend from outside.
SKIPPED = {
    ("start", "poll"): "libmicrohttpd 0.9.75 ends the process (MHD_PANIC) when epoll_ctl fails",
    ("work", "poll"): "the same",
    ("on", "accept"): "libmicrohttpd 0.9.75 asks again at once, as long as it has no connection whose end it "
                      "could wait for; serve keeps descriptors back, so that its own limit is never met",
}


class Serve(harness.Serve):
    """With the shim."""

    def __init__(self, folder, control, start=True):
        environment = control.environment(folder.at("trace"))
        before = dict(os.environ)
        os.environ.update(environment)
        try:
            super().__init__(folder, start=start)
        finally:
            os.environ.clear()
            os.environ.update(before)

    def ask(self, method, target, body=None, headers=None, port=None):
        """Status, or what went wrong with the connection."""
        try:
            return harness.request(port or self.port, method, target, body, headers, seconds=40).status
        except TimeoutError:
            return "timeout"
        except (OSError, http.client.HTTPException) as e:
            return type(e).__name__


class World:
    """A folder, a server on it, a sandbox behind, and what was promised so far."""

    def __init__(self, sandbox, control):
        self.folder = harness.Folder(sandbox.endpoint)
        self.sandbox, self.control = sandbox, control
        self.taken, self.refused, self.unknown = [], [], []
        self.clicks = 0
        self.number = 0
        self.serve = None

    def start(self):
        self.control.fresh()
        self.serve = Serve(self.folder, self.control)

    def post(self, id, form=False):
        target = "/postback/nutra-de?key=" + harness.KEY
        if form:
            status = self.serve.ask("POST", target, SALE % (id, id),
                                    {"Content-Type": "application/x-www-form-urlencoded"})
        else:
            status = self.serve.ask("GET", target + "&" + SALE % (id, id))
        (self.taken if status == 200 else self.refused if status == 503 else self.unknown).append(id)
        return status

    def round(self):
        """What a server does in its life, in small.  Gives all statuses."""
        out = []
        self.number += 1
        name = "%s-%d" % (os.path.basename(self.folder.path), self.number)
        out.append(self.serve.ask("GET", "/click/nutra-de?key=%s&subid=%s-a&ttclid=E.C.P.%s-a&ttp=x" % (
            harness.KEY, name, name)))
        out.append(self.post(name + "-a"))
        out.append(self.post(name + "-b", form=True))
        out.append(self.serve.ask("GET", "/readyz", port=self.serve.admin))
        self.serve.signal(signal.SIGHUP)
        time.sleep(0.03)
        out.append(self.post(name + "-c"))
        return out

    def recovered(self):
        """A new postback is taken, within the time that a sender's second try needs."""
        end = time.monotonic() + 15
        while time.monotonic() < end:
            self.number += 1
            if self.post("%s-%d-r" % (os.path.basename(self.folder.path), self.number)) == 200:
                return True
            if not self.serve.running():
                return False
            time.sleep(0.05)
        return False

    def settled(self):
        """Everything is delivered."""
        return self.folder.rows("SELECT count(*) AS n FROM ledger WHERE state IN ('waiting', 'sending')")[0]["n"] == 0

    def check(self, name):
        """After the end: the promises, and the ledger against what the sandbox has seen."""
        rows = collections.Counter(r["click_id"] for r in self.folder.rows("SELECT click_id FROM conversions"))
        events = {r["event_id"]: r for r in self.folder.rows("SELECT * FROM ledger")}
        sent = set(self.taken) | set(self.refused) | set(self.unknown)
        harness.equal(name + ": none that was answered 200 is missing", [i for i in self.taken if not rows[i]], [])
        harness.equal(name + ": none is there that nobody sent", [i for i in rows if i not in sent], [])
        harness.equal(name + ": each of them once", [i for i in self.taken if rows[i] != 1], [])
        harness.equal(name + ": each has its event", [i for i in self.taken if i not in events], [])
        harness.equal(name + ": none is dead", [e for e, r in events.items() if r["state"] != "delivered"], [])
        again = collections.Counter(e["event_id"] for e in self.sandbox.events(limit=100000)
                                    if e["event_id"] in events)
        harness.equal(name + ": TikTok has each once", [i for i in self.taken if again[i] != 1], [])


def start_loop(kinds, full, sandbox, generator):
    """The N-th call while it starts: it listens all the same, or ends with 4 (3 for the files) and says why."""
    control = Control()
    tried, bad = {}, []
    for kind in kinds:
        if ("start", kind) in SKIPPED:
            continue
        n, step = 1, 1
        tried[kind] = 0
        while True:
            for on in (False, True):
                world = World(sandbox, control)
                control.fresh().set(kind, n, on)
                serve = Serve(world.folder, control, start=False)
                state = wait_start(serve, control)
                count = control.count
                tried[kind] += 1
                why = None
                if state == "listening":
                    control.armed = 0
                    code = end(serve)
                    if code != 0 and not (kind == "fsync" and code == 4):
                        why = "listening, then exit %s" % code
                elif state == "hang":
                    serve.kill()
                    why = "neither listens nor ends"
                elif serve.process.returncode not in (3, 4) or not serve.err().strip():
                    why = "exit %s: %s" % (serve.process.returncode, harness.short(serve.err(), 200))
                else:
                    control.armed = 0
                    world.control.fresh()
                    again = Serve(world.folder, control)
                    if again.stop() != 0:
                        why = "after that it does not start again"
                if why:
                    bad.append((kind, n, on, why))
                if serve in harness.children:
                    harness.children.remove(serve)
                world.folder.remove()
                harness.folders.remove(world.folder)
            if n > count and state == "listening":
                break
            if not full:
                step = max(1, generator.randint(count // 4, count // 2)) if count > 3 else 1
                if tried[kind] >= 6:
                    break
            elif n > 150:
                step = max(1, int(n * 0.05 * generator.uniform(0.5, 1.5)))
            n += step
    control.remove()
    for kind, n, on, why in bad[:10]:
        harness.bad("start, %s %d %s" % (kind, n, "on" if on else "once"), why)
    harness.equal("the start with failing calls: %d runs" % sum(tried.values()), len(bad), 0)
    return tried


def wait_start(serve, control):
    end_at = time.monotonic() + 15
    while time.monotonic() < end_at:
        if "listening on" in serve.out():
            return "listening"
        if not serve.running():
            return "ended"
        time.sleep(0.005)
    return "hang"


def end(serve):
    serve.signal(signal.SIGTERM)
    try:
        return serve.process.wait(20)
    except subprocess.TimeoutExpired:
        serve.process.kill()
        return "no end"


def work_loop(kind, full, few, sandbox, generator, verbose):
    """One server, one call after the other."""
    control = Control()
    world = World(sandbox, control)
    world.start()
    world.round()
    control.set(kind)
    world.round()
    time.sleep(0.1)
    total = control.count
    limit = 400 if full else few
    tried = 0
    n = 1
    name = "at work, %s" % kind
    while n <= max(total, 1):
        for on in (False, True):
            if on and ("on", kind) in SKIPPED:
                continue
            control.set(kind, n, on)
            said = len(world.serve.err())
            statuses = world.round()
            tried += 1
            failed = control.failed
            control.armed = 0
            if verbose:
                print("#  ", kind, n, on, failed, statuses, flush=True)
            if "timeout" in statuses:
                harness.bad(name, "call %d %s: an answer that never came: %s" % (n, "on" if on else "once", statuses))
            if kind == "fsync" and (failed or control.failed):
                # 503 until the restart, and after it everything is there.
                time.sleep(0.15)  # housekeeping may be what has failed
                status = world.post("%s-%d-u" % (os.path.basename(world.folder.path), world.number))
                ready = world.serve.ready()
                harness.equal(name + " %d: 503, and not ready" % n, (status, ready[0]), (503, 503))
                harness.has(name + " %d: says why" % n, " ".join(ready[1]["problems"]), "could not be synced",
                            "restart")
                harness.has(name + " %d: in the log" % n, world.serve.err()[said:], "level=error",
                            "could not be synced")
                harness.equal(name + " %d: exit 4" % n, end(world.serve), 4)
                harness.children.remove(world.serve)
                world.start()
                harness.true(name + " %d: after a restart it takes postbacks" % n, world.recovered())
                continue
            if not world.recovered():
                why = "ended with %s" % world.serve.process.poll() if not world.serve.running() else "takes nothing"
                harness.bad(name, "call %d %s: afterwards the server %s: %s %s" % (
                    n, "on" if on else "once", why, statuses, harness.short(world.serve.err()[-500:])))
                if not world.serve.running():
                    harness.children.remove(world.serve)
                else:
                    world.serve.kill()
                world.start()
        n += 1 if full and n < limit else max(1, int(max(total, 4) / limit * generator.uniform(0.5, 1.5)))
    with contextlib.suppress(TimeoutError):
        harness.wait_until("delivery", world.settled, 60, 0.1)
    harness.equal(name + ": exit 0", world.serve.stop(), 0)
    world.check("%s (%d runs, %d calls a round, %d answered 200, %d 503, %d without an answer)" % (
        name, tried, total, len(world.taken), len(world.refused), len(world.unknown)))
    control.remove()
    world.folder.remove()
    harness.folders.remove(world.folder)
    return tried


@contextlib.contextmanager
def shimmed(control):
    before = dict(os.environ)
    os.environ.update(control.environment())
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def sandbox_ask(port, body):
    """Its code; "busy" when it says so; "none" without a whole answer."""
    try:
        a = harness.request(port, "POST", harness.TRACK, body, {"Content-Type": "application/json",
                                                                "Access-Token": "secret-token"})
        return "busy" if a.status == 503 else a.json()["code"]
    except (OSError, http.client.HTTPException, ValueError, KeyError):
        return "none"


def sandbox_loop(kinds, full, generator):
    """The sandbox: an answer is right or is none, it goes on afterwards, and what it said it took it has, once."""
    tried = {}
    for kind in kinds:
        if ("work", kind) in SKIPPED or ("on", kind) in SKIPPED:
            continue
        control = Control()
        with shimmed(control.fresh()):
            sandbox = harness.Sandbox()
        number, taken, maybe, wrong = 0, [], [], []

        def event():
            nonlocal number
            number += 1
            name = "%s-%d" % (kind, number)
            body = {"event_source": "web", "event_source_id": "C9EXAMPLEPIXEL00", "data": [
                {"event": "Lead", "event_time": int(time.time()), "event_id": name, "user": {"ttclid": "E.C.P." + name},
                 "page": {"url": "https://lander.example/"}}]}
            code = sandbox_ask(sandbox.port, json.dumps(body))
            (taken if code == 0 else maybe).append(name)
            return code
        harness.equal("sandbox, %s: untouched" % kind, event(), 0)
        control.set(kind)
        event()
        total = control.count
        tried[kind] = 0
        n = 1
        while n <= total:
            for on in (False, True):
                control.set(kind, n, on)
                first = event()
                control.armed = 0
                tried[kind] += 1
                if first not in (0, "busy", "none", 50000) or not sandbox.running():
                    wrong.append((n, on, first))
                second = event()
                if second == "none":  # the connection that failed may have been this one's
                    second = event()
                if second != 0:
                    wrong.append((n, on, "afterwards", second))
                if not sandbox.running():
                    break
            n += 1 if full and n < 300 else max(1, int(total / (60 if full else 3) * generator.uniform(0.5, 1.5)))
        harness.equal("sandbox, %s: %d runs" % (kind, tried[kind]), wrong[:5], [])
        got = collections.Counter(e["event_id"] for e in sandbox.events(limit=100000))
        stats = sandbox.stats()  # without memory an event is counted and not shown
        harness.true("sandbox, %s: what it took it has counted" % kind,
                     len(taken) <= stats["unique"] <= number, (len(taken), number, stats))
        harness.equal("sandbox, %s: and has once" % kind,
                      [i for i in taken if got[i] != 1 and (kind != "malloc" or got[i])], [])
        harness.equal("sandbox, %s: and nothing else" % kind, [i for i in got if i not in taken and i not in maybe], [])
        harness.equal("sandbox, %s: exit 0" % kind, sandbox.stop(), 0)
        control.remove()
    return tried


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kind", action="append")
    parser.add_argument("--few", type=int, help="a smoke: so many calls of a kind")
    parser.add_argument("--only", choices=["start", "work", "sandbox"])
    parser.add_argument("-v", action="store_true")
    o = parser.parse_args()
    o.full = o.few is None
    build_shim()
    print("# seed %d" % o.seed)
    generator = random.Random(o.seed)
    sandbox = harness.Sandbox()
    begin = time.monotonic()
    kinds = o.kind or list(KINDS)
    if o.only in (None, "sandbox"):
        tried = sandbox_loop(kinds, o.full, generator)
        print("# sandbox: %s" % ", ".join("%s %d" % t for t in tried.items()), flush=True)
    if o.only in (None, "start"):
        tried = start_loop(kinds, o.full, sandbox, generator)
        print("# start: %s" % ", ".join("%s %d" % t for t in tried.items()), flush=True)
    if o.only in (None, "work"):
        for kind in kinds:
            if ("work", kind) in SKIPPED:
                continue
            to = harness.Sandbox("--fault", "reset:0.3") if kind == "connect" else sandbox  # so that it connects
            print("# %s: %d rounds" % (kind, work_loop(kind, o.full, o.few, to, generator, o.v)), flush=True)
    print("# %.1f s" % (time.monotonic() - begin))
    harness.say("%d passed, %d failed" % (harness.passed, harness.failed))
    return 1 if harness.failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
