#!/usr/bin/env python3
"""make test-cluster-serve: as run.py, with three real servers in place of the programs that stand for them, and a sandbox that
says what TikTok was sent.  A tracker gives a postback to another server until one answers 200, as a load balancer does.
Clocks of two servers are minutes wrong, retention removes clicks, addresses and browsers, and now and then the sandbox refuses, or takes
events and resets the connection.  In the end nothing is helped: leases of the killed end by themselves.

    CLICKBATON=build/clickbaton tests/cluster/serve.py build/tests/cluster [ROUNDS] [SEED]
    the environment: as of run.py; SPILL=1: servers that keep what comes while the database is away"""
import collections
import http.client
import json
import os
import signal
import sqlite3
import sys
import threading
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "../e2e")]
import harness  # noqa: E402
import proof  # noqa: E402
import run  # noqa: E402
from servers import Clock  # noqa: E402

TRACKERS = 6
CLOCKS = (0, 7, -11)  # minutes by which their clocks are ahead
TIKTOK_FAULTS = "503:0.01,429:0.01,reset-after:0.01"
SPILL = ", spill: on" if os.environ.get("SPILL") else ""
KEPT = """store: {url: "%s"%s}
node: node-%d
retention: {clicks: 10m, ledger: 90d, ip: 30s}
"""
POSTBACK = "/postback/nutra-de?key=%s&subid=%s&external_id=E.C.P.%s&status=sale&payout=1&currency=usd&tid=%s&ip=9.9.9.9&ua=Mozilla"


class Node(harness.Serve):
    role = "receive"

    def __init__(self, test, number):
        self.number, self.host = number, test.hosts[number]
        self.address = test.addresses[number]
        before = (test.net.inside(self.host) if test.net else []) + test.clocks[number].before
        super().__init__(test.folders[number], seconds=60, before=before)


class Servers(run.Test):
    servers, roles = True, ("receive",)

    def __init__(self, *arguments):
        super().__init__(*arguments)
        net = self.net
        self.addresses = [(net[h], 8080) if net else ("127.0.0.1", harness.free_port()) for h in self.hosts]
        self.tiktok = (net["tiktok"], 8081) if net else ("127.0.0.1", harness.free_port())
        where = harness.Folder()
        self.sandbox = harness.Program(["sandbox", "--quiet", "--rate", "1000000", "--allow-remote", "--seed", str(self.seed), "--fault",
                                        TIKTOK_FAULTS, "--listen", "%s:%d" % self.tiktok], where.at("sandbox"),
                                       before=net.inside("tiktok") if net else ())
        self.sandbox.wait_line("listening on (http)")
        for host in self.hosts if net else ():
            net.forward(host, "tiktok", 8081)
        endpoint = "http://127.0.0.1:%d%s" % (self.tiktok[1], harness.TRACK)
        self.folders = [harness.Folder(endpoint, listen="%s:%d" % a, extra=KEPT % (self.cluster.url(), SPILL, n))
                        for n, a in enumerate(self.addresses)]
        self.clocks = [Clock(self.cluster.library, self.folder, h, minutes * 60) for h, minutes in zip(self.hosts, CLOCKS)]
        self.kept, self.clicked, self.refused, self.stopping = [], [], collections.Counter(), False
        self.got, self.requests, self.gaps = {}, {}, []
        make = net.thread if net else lambda where, work, *a: threading.Thread(target=work, args=a, daemon=True)
        self.threads = [make("trackers", self.tracker, n) for n in range(TRACKERS)]
        self.reader = threading.Thread(target=self.read_tiktok, daemon=True)

    def start(self):
        self.running = [Node(self, n) for n in range(len(self.hosts))]
        for t in self.threads + [self.reader]:
            t.start()

    # ---- trackers ----

    def give(self, target, node, answers):
        """To one after another until it has one of these answers."""
        while not self.stopping:
            node += 1
            c = http.client.HTTPConnection(*self.addresses[node % len(self.addresses)], timeout=3)
            try:
                c.request("GET", target)
                a = c.getresponse()
                a.read()
                if a.status in answers:
                    return True
                self.refused[a.status] += 1
            except (OSError, http.client.HTTPException) as e:
                self.refused[type(e).__name__] += 1
            finally:
                c.close()
            time.sleep(0.05)
        return False

    def tracker(self, n):
        """Forty new conversions a second for all, so that several have the same at the same moment; every fourth with its click."""
        serial = 0
        while not self.stopping:
            serial += 1
            id, txid = "e%d" % (time.time() * 10 // 1 * 4 + serial % 4), "t%d-%d" % (n, serial)
            if serial % 4 == 0 and self.give("/click/nutra-de?key=%s&subid=%s&ttclid=E.C.P.%s&ip=9.9.9.9" % (harness.KEY, id, id),
                                             n + serial, (204,)):
                self.clicked.append((time.time(), id))
            if self.give(POSTBACK % (harness.KEY, id, id, txid), n + serial, (200,)):
                self.kept.append((time.time(), txid, id))
            time.sleep(0.08)

    # ---- the servers ----

    def those(self, role):
        return self.running

    def at(self, host):
        return next(node for node in self.running if node.host == host)

    def replace(self, nodes, between=lambda: None):
        """They start again; postbacks that come meanwhile go to the others."""
        for node in nodes:
            node.kill()
        between()
        for node in nodes:
            self.running[node.number] = Node(self, node.number)

    def restart(self, node):
        if node.stop(60) != 0:
            raise run.Failure("a server that was told to end gave %d: %s" % (node.process.returncode, node.err()[-1500:]))
        self.running[node.number] = Node(self, node.number)

    def reload(self):
        for node in self.running:
            node.folder.write("offers/nutra-de.yaml", harness.offer_text("nutra-de", more="# %d\n" % time.time()))
            node.reload()

    def set_clock(self, node, minutes):
        self.clocks[node.number].set(minutes * 60)

    def check(self):
        for node in self.running:
            if not node.running():
                raise run.Failure("a server has ended by itself: %s" % node.err()[-1500:])

    def one_fault(self, i, fault):
        begin, promoted = time.time() - 0.1, len(self.took)
        super().one_fault(i, fault)
        if len(self.took) > promoted:
            at = [begin] + [t for t, _, _ in self.kept[-4000:] if t > begin] + [time.time()]
            self.gaps.append(max(b - a for a, b in zip(at, at[1:])))

    def finish(self):
        """Healthy again, trackers go on until each has what it has begun answered.  Then whatever waits is sent, and leases of
        those that were killed end, without help."""
        time.sleep(5)
        self.stopping = True
        for t in self.threads:
            t.join(60)
        end = time.monotonic() + 300
        while self.spilled() or self.ask("SELECT count(*) FROM deliveries WHERE state < 3"):
            if time.monotonic() > end:
                raise run.Failure("after five minutes %d wait in spills, and in the database: %s" % (
                    self.spilled(), self.cluster.primary.sql("SELECT * FROM deliveries WHERE state < 3 LIMIT 5")))
            time.sleep(1)
        for node in self.running:
            node.signal(signal.SIGTERM)
        for node in self.running:
            if node.process.wait(60) != 0:
                raise run.Failure("a server ended with %d: %s" % (node.process.returncode, node.err()[-1500:]))
        self.reader.join(60)

    def spilled(self):
        """How many wait at servers, and not yet in the database."""
        n = 0
        for path in [f.at("data/spill.db") for f in self.folders]:
            if os.path.exists(path):
                db = sqlite3.connect("file:%s?mode=ro" % path, uri=True, timeout=10)
                n += db.execute("SELECT count(*) FROM entries").fetchone()[0]
                db.close()
        return n

    def end(self):
        self.stopping = True
        harness.end_all()

    # ---- TikTok ----

    def tiktok_says(self, target):
        c = http.client.HTTPConnection(*self.tiktok, timeout=30)
        try:
            c.request("GET", target)
            return json.loads(c.getresponse().read())
        finally:
            c.close()

    def read_tiktok(self):
        """It keeps the newest 10,000; what comes again is counted at the first."""
        while not self.stopping:
            self.read_events(4000)
            time.sleep(5)

    def read_events(self, most):
        for e in self.tiktok_says("/events?limit=%d" % most)["events"]:
            self.got[e["event_id"]] = 1 + e["merged"] + e["dropped"]
            self.requests[e["event_id"]] = e["request_id"]

    # ---- what must be true ----

    def judge(self):
        sql = self.cluster.primary.sql
        self.read_events(10000)
        bad = proof.rows_agree(self.ask)
        acked = {(txid, id) for _, txid, id in self.kept}
        rows = set(tuple(r.split("|")) for r in sql("SELECT txid, click_id FROM postbacks", 300).splitlines())
        events = proof.read_events(sql)
        bad += list(proof.lost(acked, rows, events)) + list(proof.doubled(events, self.got))
        bad += list(proof.mistaken(events, self.got, self.requests)) + proof.controls(acked, rows, events, self.got, self.requests)
        clicks = set(sql("SELECT click_id FROM clicks", 300).splitlines())
        young = [id for at, id in self.clicked if at > time.time() - 500]
        bad += ["click %s was answered 204 and is not there" % id for id in young if id not in clicks]
        stats = self.tiktok_says("/stats")
        if stats["accepted"] != sum(self.got.values()) or stats["unique"] != len(self.got):
            bad.append("TikTok took %d of %d events, and the test has read of %d of %d" % (
                stats["accepted"], stats["unique"], sum(self.got.values()), len(self.got)))
        verified = harness.run("store", "verify", self.cluster.socket_url(self.cluster.primary), seconds=600)
        if verified.code != 0:
            bad.append("store verify: %s" % (verified.out + verified.err)[-1500:])
        again = collections.Counter(n for n in self.got.values())
        print("%d postbacks and %d clicks answered, %d events; at TikTok: %s; attempts whose outcome nobody knew: %d; refused: %s; "
              "faults of the sandbox: %s" % (
                  len(self.kept), len(self.clicked), len(events), ", ".join("%d came %s" % (c, "once" if n == 1 else "%d times" % n)
                                                                             for n, c in sorted(again.items())),
                  sum(e.attempts - e.known for e in events.values()), dict(self.refused), stats["faults"]))
        run.quantiles("promoted, until a tracker was answered 200 again", self.gaps)
        return bad


if __name__ == "__main__":
    sys.exit(run.main(Servers))
