"""Kills the real server under load at points of all kinds, makes power failures of some of them, starts it
again, and holds what is there against what was answered.

    crash.py [POINTS [SEED]]      1,000 points; CLICKBATON names the program, CRASH_SHIM the shim

A life (life.py) is one store with up to some twenty points in it.  Each point: load, death, (the disk of a
power failure,) the oracle on a copy of the files, a restart, all delivered."""
import collections
import os
import random
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import disk
import doctor
import model
import shim as shims
from life import LIBRARY, End, Grown, Life, Point, Problem, harness

Sandbox, bad, good, say, true = harness.Sandbox, harness.bad, harness.good, harness.say, harness.true
POINTS_OF_A_LIFE = 19  # at most
GROWN_EVERY, GROWN_POINTS = 9, 7  # lives; at most so many points in them
LOAD_KINDS = ("write log", "sync log", "client", "upstream", "reply", "write db", "sync db")
WORDS = ("lost", "doubled", "nobody's", "wrong")


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


class Run:
    """short: without grown stores, which take half a minute to make."""

    def __init__(self, seed, short=False):
        self.seed, self.dice, self.short = seed, random.Random(seed), short
        self.plan, self.sandbox = Plan(random.Random(seed)), Sandbox()
        self.ready = collections.defaultdict(list)  # by group: seconds, number of the point
        self.died, self.trouble = collections.Counter(), collections.Counter()
        self.totals = collections.Counter()
        self.done, self.grown, self.merged = 0, None, set()  # merged: how many merges a grown store had done
        self.first_calls = None

    def first_starts(self, limit):
        """Killed after every call of the first start of all, with the disk as it is and as a power failure
        leaves it; the next start goes on with that, and then the power fails once more."""
        for mode in (None, "none"):
            for n in range(1, limit):
                if not self._life((Point("fresh", left=n, when=shims.AFTER, power=mode),
                                   Point("kill", power="none", moment=0.01)), True, False):
                    self.first_calls = n - 1
                    break

    def points(self, count):
        while self.done < count:
            grown = not self.short and self.totals["lives"] % GROWN_EVERY == GROWN_EVERY - 1
            n = min(count - self.done, self.dice.randint(1, GROWN_POINTS if grown else POINTS_OF_A_LIFE))
            power = self.dice.random() < 0.5
            self._life((self.plan.at_index(power) if grown and i == 0 else self.plan.point(power, i == 0)
                        for i in range(n)), power, grown)

    def _life(self, points, power, grown):
        """False: one of the points was never reached, the life was without trouble otherwise."""
        self.totals["lives"] += 1
        all_reached = True
        if grown and not self.grown:
            self.grown = Grown(self.sandbox, self._fresh_dice())
        life, point = Life(self.sandbox, self._fresh_dice(), power, grown=self.grown if grown else None), None
        try:
            for point in points:
                self.done += 1
                reached, died = life.point(point)
                self.died[died or "from outside"] += 1
                if not reached:
                    self.plan.survived(point, power)
                all_reached = all_reached and reached
                self.ready[group(point)].append((life.ready[-1], self.done))
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
        return all_reached

    def control(self, name, wanted, **weaken):
        """A server that is not as careful must be found out, by power failures alone, soon."""
        for n in range(1, 6):
            life = Life(self.sandbox, self._fresh_dice(), True, weaken)
            try:
                for _ in range(4):
                    life.point(Point("kill", power="none", least=20))
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
                life.point(Point("kill", least=150))
            end = life.close()
            left = doctor.unseen(end, End.problems)
            harness.equal("the oracle sees each of %d changes" % doctor.COUNT, left, [])
        finally:
            life.clean()

    def disk_model(self, count):
        harness.equal("the disk of a power failure is what was synced, in %d random programs" % count,
                      model.check(LIBRARY, range(self.seed, self.seed + count)), [])

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
    if run.first_calls:
        say("# a first start is %d calls: killed after each of them, and its power fails" % run.first_calls)
    for (where, kind, power), most in sorted(run.plan.most.items(), key=str):
        say("# %s%s, %s: up to call %d, %d times to the end of it" % (
            where, ", " + kind if kind else "", "power failures" if power else "kills", most,
            run.plan.rounds[where, kind, power]))
    say("# " + died_at(run))
    say("# %d requests and %d events in %d lives; sent again because the outcome was not known: %d"
        % (t["requests"], t["events"], t["lives"], t["again"]))
    if run.merged:
        say("# grown stores had merged this many runs of their index when they were looked at: %s" % sorted(run.merged))
    say("# | fault | tried | lost | doubled | other | start until /readyz 200: median, most (point) | command |")
    for name in sorted(run.ready):
        times = sorted(run.ready[name])
        lost, doubled, *other = (run.trouble[name, w] for w in WORDS)
        say("# | %s | %d | %d | %d | %d | %.0f ms, %.0f ms (%d) | `make soak-crash POINTS=%d SEED=%d` |" % (
            name, len(times), lost, doubled, sum(other), times[len(times) // 2][0] * 1000, times[-1][0] * 1000,
            times[-1][1], run.done, run.seed))


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 20261120
    start = time.monotonic()
    run = Run(seed)
    try:
        if count >= 500:
            run.first_starts(200)
        run.points(count)
        run.doctor()
        run.disk_model(100)
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
