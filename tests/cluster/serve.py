#!/usr/bin/env python3
"""make test-cluster-serve: as run.py, with three real servers in place of the programs that stand for them, and a sandbox that
says what TikTok was sent.  A tracker gives a postback to another server until one answers 200, as a load balancer does.

    CLICKBATON=build/clickbaton tests/cluster/serve.py - [ROUNDS] [SEED]"""
import collections
import os
import signal
import sys
import threading
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "../e2e")]
import harness  # noqa: E402
from run import Failure, Test, main  # noqa: E402

NODES, TRACKERS = 3, 6


class Servers(Test):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.sandbox = harness.Sandbox()
        extra = 'store: {url: "%s"}\nnode: node-%%d\n' % self.cluster.url()
        self.folders = [harness.Folder(self.sandbox.endpoint, extra=extra % n) for n in range(NODES)]
        self.kept, self.refused, self.stopping = [], collections.Counter(), False
        self.threads = [threading.Thread(target=self.tracker, args=(n,), daemon=True) for n in range(TRACKERS)]

    def start(self):
        self.running = [harness.Serve(f, seconds=60) for f in self.folders]
        for t in self.threads:
            t.start()

    def tracker(self, n):
        """Two hundred new conversions a second for all, so that several have the same at the same moment."""
        serial = 0
        while not self.stopping:
            serial += 1
            id, txid, node = "e%d" % (time.time() * 1000 // 50 * 10 + serial % 10), "t%d-%d" % (n, serial), n + serial
            while not self.stopping:
                node += 1
                try:
                    answer = self.running[node % NODES].fire("subid=%s&external_id=E.C.P.%s&status=sale&payout=1&currency=usd&tid=%s" % (id, id, txid))
                    if answer.status == 200:
                        self.kept.append((txid, id))
                        break
                    self.refused[answer.status] += 1
                except (OSError, harness.http.client.HTTPException) as e:
                    self.refused[type(e).__name__] += 1
                time.sleep(0.05)

    def pick(self, role):
        return self.dice.choice(self.running)

    def replace(self, node):
        """It starts again; postbacks that come meanwhile go to the others."""
        node.kill()
        self.running[self.running.index(node)] = harness.Serve(node.folder, seconds=60)

    def check(self):
        for node in self.running:
            if not node.running():
                raise Failure("a server has ended by itself: %s" % node.err()[-1500:])

    def finish(self):
        self.stopping = True
        for t in self.threads:
            t.join(60)
        end = time.monotonic() + 120
        while self.ask("SELECT count(*) FROM deliveries WHERE state < 3"):
            if time.monotonic() > end:
                raise Failure("events wait still after two minutes")
            self.cluster.primary.sql("UPDATE deliveries SET lease = clock_timestamp() - interval '1 s' WHERE state = 2 AND lease <"
                                     " clock_timestamp() + interval '100 s'")
            time.sleep(1)
        for node in self.running:
            node.signal(signal.SIGTERM)
        for node in self.running:
            if node.process.wait(60) != 0:
                raise Failure("a server ended with %d: %s" % (node.process.returncode, node.err()[-1500:]))

    def end(self):
        self.stopping = True
        harness.end_all()

    def judge(self):
        bad = self.rows_agree()
        rows = set(tuple(r.split("|")) for r in self.cluster.primary.sql("SELECT txid, click_id FROM postbacks", 300).splitlines())
        events = dict(r.split("|") for r in self.cluster.primary.sql(
            "SELECT event_id, attempts FROM events e JOIN deliveries d ON d.event = e.id", 300).splitlines())
        for txid, id in self.kept:
            if (txid, id) not in rows:
                bad.append("postback %s of %s was answered 200 and is not there" % (txid, id))
            if id not in events:
                bad.append("postback %s was answered 200 and event %s is not there" % (txid, id))
        stats = self.sandbox.stats()
        again = sum(int(n) - 1 for n in events.values())
        if stats["unique"] != len(events):
            bad.append("the sandbox knows %d events, the store %d" % (stats["unique"], len(events)))
        if stats["accepted"] - stats["unique"] > again:
            bad.append("%d events came to the sandbox again, and only %d times the store did not know what came of one" % (
                stats["accepted"] - stats["unique"], again))
        print("%d postbacks answered 200, %d events, sent again after an unknown outcome: %d (came twice: %d); refused: %s" % (
            len(self.kept), len(events), again, stats["accepted"] - stats["unique"], dict(self.refused)))
        return bad


sys.exit(main(Servers))
