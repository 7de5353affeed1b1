"""What the machine does to a running server: its clock jumps, its file descriptors run out.

Usage: machine.py [PART]..."""
import http.client
import json
import os
import resource
import socket
import sys
import time

from faults import Control, build_shim, harness
from serving import SALE, Serve
from harness import equal, has, part, true, wait_until

HOUR, YEAR = 3600, 365 * 24 * 3600
NOW = int(time.time())


def ledger(folder):
    return {r["click_id"]: r for r in folder.rows("SELECT * FROM ledger")}


def raw_deliveries(folder):
    return folder.rows("SELECT d.*, e.created FROM deliveries d JOIN events e ON e.id = d.event")


class Live:
    """The inspector's live view."""

    def __init__(self, serve):
        token = json.loads(harness.run("inspect", "--json", cwd=serve.folder.path).out)["token"]
        self.c = http.client.HTTPConnection("127.0.0.1", serve.admin, timeout=20)
        self.c.request("POST", "/api/login", json.dumps({"token": token}), {"Content-Type": "application/json"})
        login = self.c.getresponse()
        login.read()
        self.c.request("GET", "/api/live", headers={"Cookie": login.headers["Set-Cookie"].split(";")[0]})
        self.r = self.c.getresponse()

    def sees(self, text):
        """Within some seconds; a silent stream beats every ten."""
        end = time.monotonic() + 8
        line = b"-"
        while line and text.encode() not in line and time.monotonic() < end:
            line = self.r.readline()
        return text.encode() in line


@part
def clock_that_comes_back():
    """Four jumps, postbacks before, during and after each, some with an unknown outcome behind them."""
    sandbox = harness.Sandbox("--fault", "first=2:reset-after")  # their outcome is unknown
    control = Control()
    folder = harness.Folder(sandbox.endpoint)
    serve = Serve(folder, control)
    taken = []

    def post(id):
        equal("the clock: %s is taken" % id, serve.fire(SALE % (id, id)).status, 200)
        taken.append(id)
    live = Live(serve)
    post("before")
    true("the clock: the live view shows what comes", live.sees('"before"'))
    wait_until("an unknown outcome", lambda: folder.rows("SELECT 1 FROM deliveries WHERE unknown_since > 0"), 20)
    for name, seconds in (("an hour back", -HOUR), ("to 1970", -NOW + 1000), ("past 2038", int(2.2e9) - NOW),
                          ("ten years on", 10 * YEAR)):
        control.clock_ns = seconds * 10**9
        wait_until("the jump to be seen", lambda: serve.err().count("clock has jumped") == len(taken) // 2 + 1, 5)
        post(name.replace(" ", "-"))
        status, ready = serve.ready()
        equal("%s: it goes on taking postbacks" % name, status, 200)
        true("%s: and shows them live" % name, live.sees('"%s"' % taken[-1]))
        has("%s: /readyz says it" % name, " ".join(ready["warnings"]), "clock has jumped", "delivery waits")
        time.sleep(0.3)
        equal("%s: nothing goes out meanwhile" % name, ledger(folder)[taken[-1]]["state"], "waiting")
        control.clock_ns = 0
        wait_until("the clock to be back", lambda: serve.err().count("clock has come back") == len(taken) // 2, 5)
        post("after-" + taken[-1])
    wait_until("delivery", lambda: all(r["state"] == "delivered" for r in ledger(folder).values()), 30)
    equal("the clock: nothing is lost or dead", sorted(ledger(folder)), sorted(taken))
    got = [e["event_id"] for e in sandbox.events()]
    equal("the clock: everything is there once", sorted(got), sorted(taken))
    created = [d["created"] for d in raw_deliveries(folder)]
    true("the clock: nothing has a time of a jump", all(abs(c / 1000 - time.time()) < 300 for c in created), created)
    times = [e.get("event_time", 0) for e in (x.get("body", x) for x in sandbox.events())]
    true("the clock: neither at TikTok", all(not t or abs(t - time.time()) < 300 for t in times), times)
    equal("the clock: exit 0", serve.stop(), 0)
    control.remove()


def quarantined(folder, serve, ids, more=""):
    """Postbacks that no stage lists, and then a mapping that does."""
    for id in ids:
        equal("%s is kept" % id, serve.fire((SALE % (id, id)).replace("sale", "approv3d") + more).status, 200)
    folder.write("offers/nutra-de.yaml", harness.offer_text("nutra-de").replace(
        "events:", "stages:\n  sale: [sale, approved, approv3d]\nevents:"))
    serve.reload()


def replay(folder, *words):
    return harness.run("replay", "-c", folder.at("clickbaton.yaml"), *words)


@part
def replay_while_the_clock_is_away():
    """What the server replays goes by the time that it believes, too: it is not due when the jump would have it."""
    sandbox = harness.Sandbox()
    control = Control()
    folder = harness.Folder(sandbox.endpoint)
    serve = Serve(folder, control)
    quarantined(folder, serve, ["r1"])
    control.clock_ns = 10 * YEAR * 10**9
    wait_until("the jump to be seen", lambda: "clock has jumped" in serve.err(), 5)
    equal("replay in a jump", (replay(folder).code, len(folder.rows("SELECT 1 FROM ledger"))), (0, 1))
    control.clock_ns = 0
    wait_until("delivery", lambda: [e["event_id"] for e in sandbox.events()] == ["r1"], 10)
    true("replay in a jump: nothing has its time",
         all(abs(d[k] / 1000 - time.time()) < 300 for d in raw_deliveries(folder) for k in ("created", "due")))
    equal("replay in a jump: exit 0", serve.stop(), 0)
    control.remove()


def goes_on_after_a_restart(what, folder, serve, control):
    """A server whose sync has failed ends with 4; the next one replays."""
    equal("%s: exit 4" % what, serve.process.send_signal(15) or serve.process.wait(20), 4)
    harness.children.remove(serve)
    serve = Serve(folder, control.fresh())
    equal("%s: after the restart it goes on" % what, (replay(folder).code, len(folder.rows("SELECT 1 FROM ledger"))), (0, 1))
    serve.stop()
    control.remove()


@part
def replay_after_a_failed_sync():
    """Housekeeping, which has a handle of its own, could not sync: nobody writes by the other one any more."""
    control = Control()
    folder = harness.Folder()
    serve = Serve(folder, control)
    quarantined(folder, serve, ["u1"])
    time.sleep(0.3)  # housekeeping of that
    control.set("fsync", 3)  # two are the commit's: the log begins anew; nothing is queued, so the sender is quiet
    equal("a failed sync: the commit before it", serve.fire((SALE % ("u2", "u2")).replace("sale", "trash")).status, 200)
    wait_until("housekeeping to fail", lambda: serve.ready()[0] == 503, 5)
    has("a failed sync: it was housekeeping", serve.err(), "housekeeping failed")
    control.armed = 0
    before = folder.rows("SELECT * FROM postbacks")
    r = replay(folder)
    equal("a failed sync: replay is refused", (r.code, r.out), (4, ""))
    has("a failed sync: and says why", r.err, "could not be synced", "restart")
    equal("a failed sync: nothing is changed", (folder.rows("SELECT * FROM postbacks"),
                                                len(folder.rows("SELECT 1 FROM ledger"))), (before, 0))
    goes_on_after_a_restart("a failed sync", folder, serve, control)


@part
def replay_that_can_not_sync():
    """Its own commit is the one that fails: the server says so at once, and not with the next postback."""
    control = Control()
    folder = harness.Folder()
    serve = Serve(folder, control)
    quarantined(folder, serve, ["v1"])
    time.sleep(0.3)  # housekeeping of that
    control.set("fsync", 1)
    r = replay(folder)
    control.armed = 0
    equal("a sync of replay that fails", (r.code, r.out), (4, ""))
    has("a sync of replay that fails: said", r.err, "could not be synced", "restart")
    equal("a sync of replay that fails: not ready at once", serve.ready()[0], 503)
    has("a sync of replay that fails: in the log", serve.err(), "level=error", "the store takes nothing")
    equal("a sync of replay that fails: 503", serve.fire(SALE % ("v2", "v2")).status, 503)
    goes_on_after_a_restart("a sync of replay that fails", folder, serve, control)


@part
def replay_without_memory():
    """Every N-th malloc of the server fails while it replays: the same answer, or an error, and never another verdict."""
    control = Control()
    folder = harness.Folder()
    serve = Serve(folder, control)
    more = "&email=a%40b.de&phone=01512345678&ip=84.1.2.3&ua=Agent"
    quarantined(folder, serve, ["m1", "m2"], more=more)
    order = {"dead": False, "dry": True, "anyway": False, "status": "", "ids": [1, 2],
             "rules": json.loads(ask_control(folder, "GET", "/status")[1])["rules"]}
    right = ask_control(folder, "POST", "/replay", json.dumps(order))
    equal("replay without memory: with memory", (right[0], right[1].count(b'"verdict":"queued"')), (200, 2))
    other, errors, n = [], 0, 0
    while n < 2000:
        n += 1
        control.set("malloc", n)
        got = ask_control(folder, "POST", "/replay", json.dumps(order))
        failed, control.armed = control.failed, 0
        errors += got[0] is None or got[0] >= 500  # None: not even the connection
        if got[0] is not None and got[0] < 500 and got != right:
            other.append((n, got))
        if not failed:
            break
    equal("replay without memory: the same or an error, %d calls, %d errors" % (n, errors), other[:3], [])
    true("replay without memory: there were errors", errors > 3, errors)
    equal("replay without memory: exit 0", serve.stop(), 0)
    control.remove()


@part
def clock_that_was_ahead():
    """A server ran a year ahead; the clock is put right while it is down.  What waits is not due in a year."""
    sandbox = harness.Sandbox("--fault", "first=1:500")
    control = Control()
    folder = harness.Folder(sandbox.endpoint)
    control.clock_ns = YEAR * 10**9
    serve = Serve(folder, control)
    equal("ahead: taken", serve.fire(SALE % ("ahead", "ahead")).status, 200)
    serve.kill()
    due = raw_deliveries(folder)[0]["due"]
    true("ahead: it is due in a year", due / 1000 > time.time() + YEAR - HOUR, due)
    control.fresh().clock_ns = 0
    serve = Serve(folder, control)
    # Its event_time lies a year ahead, and TikTok's answer to that is no: a dead letter that says so.
    row = wait_until("an end", lambda: [r for r in ledger(folder).values() if r["state"] == "dead"], 20)[0]
    has("ahead: after the start with the right clock it is sent at once", row["note"], "event_time")
    equal("ahead: what comes then", serve.fire(SALE % ("right", "right")).status, 200)
    wait_until("delivery", lambda: ledger(folder)["right"]["state"] == "delivered", 20)
    equal("ahead: is delivered", [e["event_id"] for e in sandbox.events()], ["right"])
    equal("ahead: exit 0", serve.stop(), 0)
    control.fresh().clock_ns = -NOW * 10**9
    serve = Serve(folder, control, start=False)
    equal("1970: it does not start: exit 4", serve.wait(20), 4)
    has("1970: and says why", serve.err(), "before 2026", "timedatectl")
    control.remove()


def ask_control(folder, method, path, body=None):
    """Status and body of the control socket's answer; (None, error) without one."""
    c = http.client.HTTPConnection("control", timeout=20)
    c.sock = socket.socket(socket.AF_UNIX)
    try:
        c.sock.settimeout(20)
        c.sock.connect(folder.at("data/control"))
        c.request(method, path, body)
        r = c.getresponse()
        return r.status, r.read()
    except (OSError, http.client.HTTPException) as e:
        return None, type(e).__name__
    finally:
        c.close()


def cpu_seconds(pid):
    with open("/proc/%d/stat" % pid) as f:
        fields = f.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@part
def descriptors():
    """More connections than the process may have files: the others wait, nothing spins, and it recovers."""
    folder = harness.Folder()
    serve = harness.Serve(folder, preexec=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (80, 80)))
    equal("descriptors: before", serve.fire(SALE % ("d0", "d0")).status, 200)
    open_ones = []
    for _ in range(300):
        s = socket.socket()
        s.setblocking(False)
        s.connect_ex(("127.0.0.1", serve.port))
        open_ones.append(s)
    time.sleep(0.5)
    before, start = cpu_seconds(serve.pid), time.monotonic()
    time.sleep(1.5)
    used = (cpu_seconds(serve.pid) - before) / (time.monotonic() - start)
    true("descriptors: it does not spin", used < 0.2, "%.0f %% of a processor" % (used * 100))
    equal("descriptors: the admin listener still answers", serve.ready()[0], 200)
    true("descriptors: it holds fewer than it may", len(os.listdir("/proc/%d/fd" % serve.pid)) < 80)
    for s in open_ones:
        s.close()
    wait_until("postbacks to be taken", lambda: serve.fire(SALE % ("d1", "d1")).status == 200, 20)
    harness.good("descriptors: postbacks are taken as soon as the connections are closed")
    equal("descriptors: exit 0", serve.stop(), 0)


if __name__ == "__main__":
    build_shim()
    harness.main()
