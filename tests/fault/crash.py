"""Kills the real server under load at points of all kinds, makes power failures of some of them, starts it
again, and holds what is there against what was answered.

    crash.py [POINTS [SEED]]      1,000 points; CLICKBATON names the program, CRASH_SHIM the shim

A life is one store from its first file to its orderly end, with some twenty points in it.  Each point:
load, death, (the disk of a power failure,) the oracle on a copy of the files, a restart, all delivered."""
import collections
import os
import random
import shutil
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import burst
import disk
import doctor
import harness
import oracle
import shim as shims
from harness import KEY, Folder, Program, Sandbox, bad, good, request, say, true

LIBRARY = os.path.abspath(os.environ.get("CRASH_SHIM", os.path.join(
    os.path.dirname(harness.BINARY), "tests", "fault", "crash_shim.so")))
POINTS_OF_A_LIFE = 19  # at most
GROWN_EVERY, GROWN_POINTS = 9, 7  # lives; at most so many points in them
GROWN_SCALE, GROWN_LEFT = 5, 120  # longer loads there; postbacks until its index is written
LOAD_KINDS = ("write log", "sync log", "client", "upstream", "reply", "write db", "sync db")
WORDS = ("lost", "doubled", "nobody's", "wrong")


class Point:
    """where: kill (from outside), load, start, fresh or end (at a call).  power: a mode of disk.py or None."""

    def __init__(self, where, kind=None, left=0, when=0, power=None, moment=0.0):
        self.where, self.kind, self.left, self.when = where, kind, left, when
        self.power, self.moment = power, moment

    def mask(self):
        return shims.mask_of(self.kind) if self.kind else shims.ALL

    def __str__(self):
        how = "SIGKILL %.0f ms into the load" % (self.moment * 1000) if self.where == "kill" else \
            "%s: %s call %d%s" % (self.where, shims.WHEN[self.when], self.left,
                                  " of " + self.kind if self.kind else "")
        return how + (", power failure (%s)" % self.power if self.power else "")


class Plan:
    """Which points: where and how is dice, the number of the call goes 1, 2, 3, ... for each, until there
    are not so many; under load further and further apart, for there are always more."""

    def __init__(self, dice):
        self.dice, self.next = dice, collections.Counter()
        self.rounds, self.most = collections.Counter(), collections.Counter()

    def point(self, power, first):
        where = self.dice.choices(("kill", "load", "start", "end"), (25, 40, 20, 15))[0]
        if first:
            where = "fresh"
        mode = self.dice.choice(disk.MODES) if power and self.dice.random() < 0.85 else None
        moment = 0.005 + self.dice.random() * 0.07
        if where == "kill":
            return Point(where, power=mode, moment=moment)
        kind = self.dice.choice(LOAD_KINDS) if where == "load" else None
        key = where, kind, bool(power)
        self.next[key] += 1 if where != "load" else self.dice.randint(1, 2 + self.next[key] // 4)
        self.most[key] = max(self.most[key], self.next[key])
        return Point(where, kind, self.next[key], self.dice.choice((shims.BEFORE, shims.HALF, shims.AFTER)),
                     mode, moment)

    def at_index(self, power):
        """About where a grown store writes its index."""
        return Point("load", "write log", self.dice.randint(50, 2500), shims.HALF,
                     self.dice.choice(disk.MODES) if power else None)

    def survived(self, point, power):
        """There were not so many calls: from the first again."""
        self.next[point.where, point.kind, power] = 0
        self.rounds[point.where, point.kind, power] += 1


class Server(Program):
    def __init__(self, folder, environment):
        self.log, self.name, self.folder = folder.at("serve"), "serve", folder
        start = time.monotonic()
        with open(self.log + ".out", "wb") as out, open(self.log + ".err", "ab") as err:
            self.process = harness.subprocess.Popen(
                [harness.BINARY, "serve", "-c", "clickbaton.yaml"], stdin=harness.subprocess.DEVNULL, stdout=out,
                stderr=err, cwd=folder.path, env={**os.environ, **environment})
        self.pid, self.started, self.port = self.process.pid, start, None
        harness.children.append(self)

    def wait_ready(self, seconds=60):
        """Seconds from the start to /readyz 200; None: it ended before."""
        while True:
            found = harness.re.search(r"listening on http://127\.0\.0\.1:(\d+), admin on http://127\.0\.0\.1:(\d+)",
                                      self.out())
            if found:
                break
            if not self.running():
                return None
            if time.monotonic() > self.started + seconds:
                raise TimeoutError("serve is not ready after %d s" % seconds)
            time.sleep(0.002)
        self.port = int(found.group(1))
        try:
            while request(int(found.group(2)), "GET", "/readyz").status != 200:
                time.sleep(0.002)
        except (OSError, harness.http.client.HTTPException):
            self.process.wait(10)
            return None
        return time.monotonic() - self.started


class Problem(Exception):
    """problems: (word, sentence) pairs."""

    def __init__(self, problems):
        super().__init__("; ".join("%s: %s" % p for p in problems[:5]) +
                         ("; and %d more" % (len(problems) - 5) if len(problems) > 5 else ""))
        self.words = {p[0] for p in problems}


def check(problems):
    if problems:
        raise Problem(problems)


class Life:
    """grown: a store to go on with, in place of a new one."""

    def __init__(self, sandbox, dice, power, weaken=None, grown=None):
        self.sandbox, self.dice, self.power = sandbox, dice, power
        request(sandbox.port, "POST", "/reset")
        self.folder = Folder(sandbox.endpoint)
        self.scale = GROWN_SCALE if grown else 1
        self.beside = tempfile.mkdtemp(prefix="clickbaton-crash-")
        self.shim = shims.Shim(LIBRARY, self.beside, self.folder.path)
        self.shim.weaken(**(weaken or {}))
        self.disk = disk.Disk(self.folder.path, self.shim.journal, self.shim.side)
        self.script = burst.Script(dice, "nutra-de", KEY)
        self.unknown, self.delivered = collections.Counter(), set()
        self.server, self.ready = None, []
        self.before, self.growth = set(), None
        if grown:
            shutil.copytree(grown.data, self.folder.at("data"))
            self.script.go_on(grown.script)
            self.before = self.delivered = grown.delivered
        self.begun = len(self.script.sent)

    def note_growth(self, snap):
        """How far its index is: sorted runs written, runs merged (docs/DESIGN.md, "Store")."""
        self.growth = snap.index or self.growth

    def start(self):
        self.server = Server(self.folder, self.shim.environment(self.power))
        return self.server.wait_ready()

    def load(self, seconds, most, act=None, after=0.0):
        return burst.run(self.server.port, self.script, seconds, most, act, after)

    # ---- one death ----

    def die(self, point):
        """Run into the point, whatever is running before it; the process is gone afterwards.  False: there
        were not so many calls, and it was killed a little later."""
        self.shim.arm(0, 0, 0)
        reached = True
        if point.where in ("start", "fresh"):
            if self.server:
                self.load(0.05, 80, self.server.kill, 0.01 + self.dice.random() * 0.03)
                self.after_death(point.power)
            self.shim.arm(point.mask(), point.left, point.when)
            if self.start() is not None:
                reached = False
                self.load(0.3, 200)
        elif point.where == "load":
            self.shim.arm(point.mask(), point.left, point.when)
            self.load(0.5 * self.scale, 400 * self.scale)
            reached = self.shim.died() is not None
        elif point.where == "end":
            self.load(0.3, 200, lambda: self.end(point), point.moment)
            self.server.process.wait(30)
            reached = self.shim.died() is not None
        else:
            self.load(0.3 * self.scale, 400 * self.scale, self.server.kill, point.moment * self.scale)
        self.gone(point)
        return reached

    def end(self, point):
        self.shim.arm(point.mask(), point.left, point.when)
        self.server.signal(harness.signal.SIGTERM)

    def gone(self, point):
        """It is dead in the way it should be: by the shim, by us, or ended in order."""
        code = self.server.wait() if self.shim.died() else self.server.kill()
        if code != -9 and not (code == 0 and point.where == "end"):
            check([("wrong", "it ended with %s: %s" % (code, harness.short(self.server.err()[-600:])))])

    def after_death(self, mode):
        """What the failure leaves, and what the oracle says of it."""
        self.shim.disarm()
        if mode:
            self.disk.fail(mode, self.dice)
        elif self.power:
            self.disk.trim()
        snap = oracle.Snapshot(self.folder.at("data"), self.beside)
        check(oracle.problems_of(snap, self.script, self.delivered))
        self.unknown.update(snap.sending())
        return snap

    # ---- and after it ----

    def settle(self):
        """A new process; all that was accepted is delivered."""
        took = self.start()
        if took is None:
            check([("lost", "it does not start again: %s" % harness.short(self.server.err()[-600:]))])
        self.ready.append(took)
        db = harness.sqlite3.connect("file:%s?mode=ro" % self.folder.at("data/clickbaton.db"), uri=True, timeout=10)
        try:
            harness.wait_until("all to be delivered", lambda: not db.execute(
                "SELECT 1 FROM deliveries WHERE state < 3 LIMIT 1").fetchall(), 30, 0.003)
            self.delivered = {r[0] for r in db.execute("SELECT event_id FROM ledger WHERE state = 'delivered'")}
        finally:
            db.close()

    def point(self, point):
        if point.where not in ("start", "fresh") and self.server is None:
            self.settle()
        reached = self.die(point)
        died = self.shim.died()
        self.note_growth(self.after_death(point.power))
        self.settle()
        return reached, died

    def close_orderly(self):
        self.shim.disarm()
        code = self.server.stop()
        check([("wrong", "its orderly end is %s" % code)] if code else [])

    def close(self):
        """The orderly end: exit 0, and the sandbox has each event."""
        self.close_orderly()
        end = End(self)
        check(end.problems())
        return end

    def clean(self):
        if self.server:
            self.server.kill()
        self.folder.remove()
        shutil.rmtree(self.beside, ignore_errors=True)


class End:
    """What is there when a life has ended: store and sandbox."""

    def __init__(self, life):
        self.snap, self.got = oracle.Snapshot(life.folder.at("data"), life.beside), life.sandbox.events()
        self.script, self.delivered, self.unknown, self.before = life.script, life.delivered, life.unknown, life.before

    def problems(self):
        return oracle.problems_of(self.snap, self.script, self.delivered) + oracle.deliveries(
            self.snap, self.got, self.script, self.unknown, self.before)

    def again(self):
        return sum(e["merged"] + e["dropped"] for e in self.got)


class Grown:
    """A store whose index will write its fourth sorted run in the next few postbacks, and then merge them."""

    def __init__(self, sandbox, dice):
        life = Life(sandbox, dice, False)
        self.data = os.path.join(tempfile.mkdtemp(prefix="clickbaton-grown-"), "data")
        self.script, self.folders = life.script, os.path.dirname(self.data)
        try:
            life.settle()
            first = self._fill(life, 0)
            self._fill(life, self._fill(life, first))
            start, count = len(life.script.sent), first - GROWN_LEFT
            while len(life.script.sent) < start + count:
                life.load(10, min(1000, start + count - len(life.script.sent)))
            life.close_orderly()
            life.settle()
            life.close_orderly()
            self.delivered = life.delivered
            shutil.copytree(life.folder.at("data"), self.data)
        finally:
            life.clean()

    @staticmethod
    def _fill(life, after):
        """Load until a run is written; how many postbacks the index has then."""
        while True:
            life.load(10, 1000)
            n = life.folder.rows("SELECT postbacks FROM indexed")[0]["postbacks"]
            if n > after:
                return n

    def remove(self):
        shutil.rmtree(self.folders, ignore_errors=True)


class Run:
    """short: without grown stores, which take half a minute to make."""

    def __init__(self, seed, short=False):
        self.seed, self.dice, self.short = seed, random.Random(seed), short
        self.plan, self.sandbox = Plan(random.Random(seed)), Sandbox()
        self.ready = collections.defaultdict(list)  # by group: seconds
        self.died, self.trouble = collections.Counter(), collections.Counter()
        self.totals = collections.Counter()
        self.done, self.grown, self.merged = 0, None, set()  # merged: how many merges a grown store had done

    def points(self, count):
        while self.done < count:
            grown = not self.short and self.totals["lives"] % GROWN_EVERY == GROWN_EVERY - 1
            self._life(min(count - self.done, self.dice.randint(1, GROWN_POINTS if grown else POINTS_OF_A_LIFE)),
                       self.dice.random() < 0.5, grown)

    def _life(self, count, power, grown):
        self.totals["lives"] += 1
        if grown and not self.grown:
            self.grown = Grown(self.sandbox, self._fresh_dice())
        life, point = Life(self.sandbox, self._fresh_dice(), power, grown=self.grown if grown else None), None
        try:
            for n in range(count):
                point = self.plan.at_index(power) if grown and n == 0 else self.plan.point(power, n == 0)
                self.done += 1
                reached, died = life.point(point)
                self.died[died or "from outside"] += 1
                if not reached:
                    self.plan.survived(point, power)
                self.ready[group(point)].append(life.ready[-1])
                good("point %d: %s" % (self.done, point))
                if grown:
                    self.merged.add(life.growth[1])
            point = None
            end = life.close()
            rows, events = len(end.script.sent) - life.begun, len(end.got)
            self.totals.update(requests=rows, events=events, again=end.again())
            good("life %d%s: %d requests, all %d events delivered" % (
                self.totals["lives"], " of a grown store" if grown else "", rows, events))
        except (Problem, TimeoutError, ValueError) as e:
            for word in getattr(e, "words", ["wrong"]):
                self.trouble[group(point) if point else "at the end", word] += 1
            bad("life %d, point %d (%s), seed %d" % (self.totals["lives"], self.done, point, self.seed), e)
        finally:
            life.clean()

    def control(self, name, wanted, **weaken):
        """A server that is not as careful must be found out, by power failures alone, soon."""
        for n in range(1, 6):
            life = Life(self.sandbox, self._fresh_dice(), True, weaken)
            try:
                for _ in range(4):
                    life.point(Point("kill", power="none", moment=0.03 + self.dice.random() * 0.03))
                life.close()
            except Problem as e:
                return true("%s is found out" % name, wanted in e.words, e)
            finally:
                life.clean()
        return bad("%s is found out" % name, "%d power failures and nobody has noticed" % (n * 4))

    def _fresh_dice(self):
        """For what depends on time: so that the plan does not."""
        return random.Random(self.dice.random())

    def doctor(self):
        """A life whose end is changed in one place at a time."""
        life = Life(self.sandbox, self._fresh_dice(), False)
        try:
            for _ in range(3):
                life.point(Point("kill", moment=0.08))
            end = life.close()
            left = doctor.unseen(end, End.problems)
            harness.equal("the oracle sees each of %d changes" % doctor.COUNT, left, [])
        finally:
            life.clean()

    def close(self):
        if self.grown:
            self.grown.remove()

    def controls(self):
        self.control("a disk whose fsync does nothing", "lost", no_sync=True)
        self.control("PRAGMA synchronous = OFF", "lost", synchronous=1)
        self.control("PRAGMA synchronous = NORMAL", "lost", synchronous=2)


def group(point):
    how = "SIGKILL" if point.where == "kill" else "death at a call"
    return how + (" and power failure" if point.power else "")


def died_at(run):
    return "died at: " + ", ".join("%s %d" % p for p in sorted(run.died.items(), key=lambda p: -p[1]))


def report(run):
    t = run.totals
    for (where, kind, power), most in sorted(run.plan.most.items(), key=str):
        say("# %s%s, %s: up to call %d, %d times to the end of it" % (
            where, ", " + kind if kind else "", "power failures" if power else "kills", most,
            run.plan.rounds[where, kind, power]))
    say("# " + died_at(run))
    say("# %d requests and %d events in %d lives; sent again because the outcome was not known: %d"
        % (t["requests"], t["events"], t["lives"], t["again"]))
    if run.merged:
        say("# grown stores had merged this many runs of their index when they were looked at: %s" % sorted(run.merged))
    say("# | fault | tried | lost | doubled | other | start until /readyz 200: median, most | command |")
    for name in sorted(run.ready):
        times = sorted(run.ready[name])
        lost, doubled = run.trouble[name, "lost"], run.trouble[name, "doubled"]
        other = sum(run.trouble[name, w] for w in WORDS[2:])
        say("# | %s | %d | %d | %d | %d | %.0f ms, %.0f ms | `make soak-crash POINTS=%d SEED=%d` |" % (
            name, len(times), lost, doubled, other, times[len(times) // 2] * 1000, times[-1] * 1000, run.done, run.seed))


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 20261120
    start = time.monotonic()
    run = Run(seed)
    try:
        run.points(count)
        run.doctor()
        run.controls()
    finally:
        run.close()
    report(run)
    say("# %d points with seed %d in %.0f s" % (run.done, seed, time.monotonic() - start))
    harness.end_all()
    say("%d passed, %d failed" % (harness.passed, harness.failed))
    return 1 if harness.failed else 0


if __name__ == "__main__":
    sys.exit(main())
