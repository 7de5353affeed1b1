"""How long nobody is answered when the primary is killed, frozen, or vanishes from the network: bench/cluster.py's part `failover`.

Three real receivers on three PostgreSQL servers (a commit waits for one standby), a few hundred postbacks a second, which a client
posts again to the same node until it is answered 200.  A manager, which here is this program, asks the primary every 0.1 s and takes it for dead
when it has not answered for a second (detecting), promotes the standby that has most (promoting); from then on until
a node answers is its own (reconnecting).  Managers that people run wait longer: Patroni's default is 30 s."""
import collections
import contextlib
import http.client
import os
import shutil
import socket
import statistics
import struct
import threading
import time

import cluster_db as db
import run
from cluster_db import QUICK, need

CLIENTS = 3          # of each node
LONGEST_S = 90       # no node may need longer
SSL_REQUEST = struct.pack("!ii", 8, 80877103)  # "PostgreSQL: Message Formats": answered N or S by who lives


class Load:
    """Clients that note when they were answered 200."""

    def __init__(self, nodes):
        self.stopping, self.answered = False, [[] for _ in nodes]
        self.ids, self.said = [], [collections.Counter() for _ in nodes]
        self.prefix = run.fresh_prefix()
        self.threads = [threading.Thread(target=self.client, args=(n, node.port, c), daemon=True)
                        for n, node in enumerate(nodes) for c in range(CLIENTS)]
        for t in self.threads:
            t.start()

    def client(self, n, port, c):
        serial, connection = 0, None
        while not self.stopping:
            serial += 1
            id = "%s-%d-%d-%d" % (self.prefix, n, c, serial)
            target = run.POSTBACK.replace("@", id)
            while not self.stopping:
                try:
                    connection = connection or http.client.HTTPConnection("127.0.0.1", port, timeout=60)
                    connection.request("GET", target)
                    answer = connection.getresponse()
                    answer.read()
                    self.said[n][answer.status] += 1
                    if answer.status == 200:
                        self.answered[n].append(time.monotonic())
                        self.ids.append(id)
                        break
                    time.sleep(0.02)
                except (OSError, http.client.HTTPException) as e:
                    self.said[n][type(e).__name__] += 1
                    connection = None
                    time.sleep(0.02)
            time.sleep(0.005)

    def gap(self, n, since, until):
        """The longest time without an answer 200 of a node."""
        times = [t for t in list(self.answered[n]) if since - 1 <= t <= until]
        return max(b - a for a, b in zip(times, times[1:]))

    def stop(self):
        self.stopping = True
        for t in self.threads:
            t.join(70)
            need(not t.is_alive(), "a client is not answered")


def lives(cluster, server):
    """Does it answer within a second?"""
    with contextlib.suppress(OSError), contextlib.closing(
            socket.socket(socket.AF_INET if cluster.network else socket.AF_UNIX)) as s:
        s.settimeout(1)
        s.connect((db.address(server), server.port) if cluster.network else "%s/.s.PGSQL.%d" % (server.folder, server.port))
        s.sendall(SSL_REQUEST)
        return s.recv(1) in (b"N", b"S")
    return False


# ---- what happens to a primary ----

def kill(cluster, server):
    """All of its processes at once: the kernel closes its connections, as it does when the database crashes."""
    server.kill()


def freeze(cluster, server):
    """Nothing of it goes on, and its connections stay."""
    server.freeze()


def vanish(cluster, server):
    """Its address answers nobody any more: power, or a cable."""
    cluster.network.there(server, False)


# How often: what waits for a limit of time is nearly the same each time.
FAULTS = (("killed", kill, 5), ("frozen", freeze, 3), ("off the network", vanish, 3))


def once(cluster, load, nodes, fault):
    """Seconds: (detecting, promoting, and of each node: reconnecting, all together without an answer)."""
    began = time.monotonic()
    fault(cluster, cluster.primary)
    while lives(cluster, cluster.primary):
        time.sleep(0.1)
    dead = time.monotonic()
    old, _ = cluster.failover(fenced=False)
    writable = time.monotonic()
    back = {}
    while len(back) < nodes:
        need(time.monotonic() < writable + LONGEST_S, "%s: after %d s only the nodes %s answer again; they said %s"
             % (fault.__name__, LONGEST_S, sorted(back), load.said))
        time.sleep(0.02)
        for n in range(nodes):  # what is answered now is of the new primary
            if n not in back and load.answered[n] and load.answered[n][-1] > writable:
                back[n] = load.answered[n][-1]
    time.sleep(1)
    end = time.monotonic()
    out = dead - began, writable - dead, [max(0, back[n] - writable) for n in range(nodes)], [load.gap(n, began, end) for n in range(nodes)]
    if fault is vanish:
        old.kill()
        cluster.network.there(old, True)
    cluster.rebuild(old)
    return out


def show(table, name, runs):
    detecting, promoting, reconnecting, gaps = zip(*runs)
    gaps, reconnecting = [g for r in gaps for g in r], [g for r in reconnecting for g in r]
    table.row("primary %s, %d times, three receivers: a node without an answer 200" % (name, len(runs)), gaps, "%.2f", " s",
              "detecting %.2f s, promoting %.2f s, reconnecting %.2f s (medians); worst %.2f, %.2f, %.2f s"
              % (*map(statistics.median, (detecting, promoting, reconnecting)), *map(max, (detecting, promoting, reconnecting))))


def check(cluster, load):
    """Whatever was answered 200 is there, and one event."""
    stored = set(cluster.primary.sql("SELECT txid FROM postbacks", "clickbaton").split())
    lost = [i for i in load.ids if "t" + i not in stored]
    need(not lost, "%d postbacks were answered 200 and are not there: %s" % (len(lost), lost[:3]))
    events, twice = (cluster.primary.ask("SELECT count(%s) FROM events" % w) for w in ("*", "DISTINCT event_id"))
    need(events == twice, "%d events have %d ids" % (events, twice))


def run_all(table, bench, network):
    with contextlib.closing(db.Cluster(bench.where, network)) as cluster, run.closed_port() as nowhere:
        cluster.primary.anew()
        with db.receivers(bench.where, 3, cluster.url("clickbaton"), nowhere) as nodes:
            load = Load(nodes)
            time.sleep(1 if QUICK else 3)
            need(all(load.answered), "not every receiver answers: %s" % load.said)
            for name, fault, times in FAULTS:
                if fault is not vanish or network:
                    show(table, name, [once(cluster, load, len(nodes), fault) for _ in range(1 if QUICK else times)])
            load.stop()
            check(cluster, load)
            table.row("postbacks answered 200 meanwhile, each found, each one event", len(load.ids))


def measure(table, bench):
    if os.getuid() == 0 and shutil.which("ip"):
        with db.Network() as network:
            return run_all(table, bench, network)
    print("  (a link can be cut by root alone, with iproute2: not measured)")
    return run_all(table, bench, None)
