"""One store from its first file to its orderly end, with the deaths in between: the server with the shim in
it, what is sent to it, the disk, and the oracle after each death."""
import collections
import os
import shutil
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
import burst
import disk
import harness
import oracle
import shim as shims
from harness import KEY, Folder, Program, request

LIBRARY = os.path.abspath(os.environ.get("CRASH_SHIM", os.path.join(
    os.path.dirname(harness.BINARY), "tests", "fault", "crash_shim.so")))
GROWN_SCALE, GROWN_LEFT = 5, 120  # longer loads in a grown store; postbacks until its index is written


class Point:
    """where: kill (from outside), load, start, fresh or end (at a call).  power: a mode of disk.py or None.
    least: answers that come before it is killed from outside, however slow the machine is."""

    def __init__(self, where, kind=None, left=0, when=0, power=None, moment=0.0, least=0):
        self.where, self.kind, self.left, self.when = where, kind, left, when
        self.power, self.moment, self.least = power, moment, least

    def mask(self):
        return shims.mask_of(self.kind) if self.kind else shims.ALL

    def __str__(self):
        how = "SIGKILL %.0f ms into the load" % (self.moment * 1000) if self.where == "kill" else \
            "%s: %s call %d%s" % (self.where, shims.WHEN[self.when], self.left,
                                  " of " + self.kind if self.kind else "")
        return how + (", power failure (%s)" % self.power if self.power else "")


class Server(Program):
    def __init__(self, folder, environment):
        self.log, self.name, self.folder = folder.at("serve"), "serve", folder
        start = time.monotonic()
        with open(self.log + ".out", "wb") as out, open(self.log + ".err", "ab") as err:
            self.process = harness.subprocess.Popen(
                [harness.BINARY, "serve", "-c", "clickbaton.yaml", "--unconfined"], stdin=harness.subprocess.DEVNULL, stdout=out,
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

    def load(self, seconds, most, act=None, after=0.0, least=0):
        return burst.run(self.server.port, self.script, seconds, most, act, after, least)

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
            self.load(20 if point.least else 0.3 * self.scale, 400 * self.scale, self.server.kill,
                      point.moment * self.scale, point.least)
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
        check([("wrong", "its orderly end is %s: %s" % (code, self.server.err()[-300:]))] if code else [])

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
