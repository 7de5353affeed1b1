"""What the machine does to a running server: its clock jumps, its file descriptors run out.

Usage: machine.py [PART]..."""
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
    post("before")
    wait_until("an unknown outcome", lambda: folder.rows("SELECT 1 FROM deliveries WHERE unknown_since > 0"), 20)
    for name, seconds in (("an hour back", -HOUR), ("to 1970", -NOW + 1000), ("past 2038", int(2.2e9) - NOW),
                          ("ten years on", 10 * YEAR)):
        control.clock_ns = seconds * 10**9
        wait_until("the jump to be seen", lambda: serve.err().count("clock has jumped") == len(taken) // 2 + 1, 5)
        post(name.replace(" ", "-"))
        status, ready = serve.ready()
        equal("%s: it goes on taking postbacks" % name, status, 200)
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
