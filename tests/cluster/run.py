#!/usr/bin/env python3
"""make test-cluster: receivers and senders on a cluster of three PostgreSQL servers, while processes are killed, the primary
dies or freezes, standbys are promoted, links of the replication are cut.  Then: whatever was answered 200 is there, each key
is one event, each is delivered, none was sent twice unless its first outcome could not be known, every count is the sum.

    tests/cluster/run.py LOAD [ROUNDS] [SEED]        a seed repeats the same faults (not the same moments)
    FAULTS="kill_primary cut_one_link" in the environment: these alone; SECONDS=900: no fault begins later"""
import collections
import os
import random
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from servers import Cluster, Failure, send, tree  # noqa: E402

RECEIVERS, SENDERS = 3, 2


class Process:
    """A receiver or sender; a new one takes the place of one that was killed."""
    serial = 0

    def __init__(self, load, folder, url, role, seed):
        Process.serial += 1
        self.role, self.name = role, "%s%d" % (role[0], Process.serial)
        self.path = os.path.join(folder, self.name)
        args = [load, role, url, self.name] + ([str(seed + Process.serial)] if role == "receive" else [])
        with open(self.path, "wb") as out, open(self.path + ".err", "wb") as err:
            self.process = subprocess.Popen(args, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        self.killed = False

    def kill(self):
        self.killed = True
        self.process.kill()
        self.process.wait()

    def lines(self):
        with open(self.path, errors="replace") as f:
            text = f.read()
        return text[:text.rfind("\n") + 1].splitlines()  # one that was killed may have written half a line


class Test:
    def __init__(self, load, rounds, seed, only):
        self.faults = [f for f in self.FAULTS if f.__name__ in only] or list(self.FAULTS)
        self.load, self.rounds, self.seed = load, rounds, seed
        self.dice = random.Random(seed)
        self.cluster = Cluster()
        self.folder = tempfile.mkdtemp(prefix="clickbaton-load.")
        self.all, self.running = [], []
        self.took = []
        self.done = collections.Counter()

    def begin(self, role):
        p = Process(self.load, self.folder, self.cluster.url(), role, self.seed)
        self.all.append(p)
        self.running.append(p)
        return p

    def pick(self, role):
        return self.dice.choice([p for p in self.running if p.role == role])

    # ---- faults ----

    def kill_receiver(self):
        self.replace(self.pick("receive"))

    def kill_sender(self):
        self.replace(self.pick("send"))

    def replace(self, p):
        p.kill()
        self.running.remove(p)
        self.begin(p.role)

    def kill_primary(self):
        old, took = self.cluster.failover()
        self.took.append(took)
        time.sleep(self.dice.random() * 0.5)
        self.done[old.become_standby(self.cluster.primary)] += 1
        self.cluster.wait_streaming(2)

    def freeze_and_promote(self):
        """The primary does not answer, and is fenced after a while."""
        self.cluster.primary.freeze()
        time.sleep(self.dice.random())
        self.kill_primary()

    def freeze_primary(self):
        self.cluster.primary.freeze()
        time.sleep(self.dice.random() * 2)
        self.cluster.primary.thaw()

    def restart_primary(self):
        """The same machine comes back before anybody promotes another."""
        self.cluster.primary.kill()
        self.cluster.primary.start()
        self.cluster.wait_streaming(2)

    def kill_backend(self):
        """One of the database's own processes is killed: all connections end, and it recovers."""
        pids = tree(self.cluster.primary.pid())[:-1]
        send([self.dice.choice(pids)], signal.SIGKILL)
        self.cluster.primary.wait_ready()
        self.cluster.wait_streaming(2)

    def end_connection(self):
        self.cluster.primary.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'clickbaton'"
                                 " ORDER BY random() LIMIT 2")

    def kill_standby(self):
        s = self.dice.choice(self.cluster.standbys())
        s.kill()
        time.sleep(self.dice.random())
        s.start()
        self.cluster.wait_streaming(2)

    def cut(self, servers):
        """Their receiving processes stand still: the link is there, and nothing comes through."""
        pids = [int(p) for s in servers for p in s.sql("SELECT pid FROM pg_stat_wal_receiver").split()]
        send(pids, signal.SIGSTOP)
        time.sleep(self.dice.random() * 2)
        send(pids, signal.SIGCONT)
        self.cluster.wait_streaming(2)

    def cut_one_link(self):
        self.cut([self.dice.choice(self.cluster.standbys())])

    def cut_both_links(self):
        self.cut(self.cluster.standbys())

    def die_alone(self, standbys, between=lambda self: None):
        """These have nothing more of the primary when it dies, not even what was on its way to them."""
        for s in standbys:
            s.follow(None)
        while any(s.receives() for s in standbys):
            time.sleep(0.02)
        time.sleep(0.3 + self.dice.random())
        between(self)
        self.kill_primary()

    def cut_one_and_kill_primary(self):
        """One standby lags: the other must be the one that is promoted."""
        self.die_alone([self.dice.choice(self.cluster.standbys())])

    def cut_both_and_kill_primary(self):
        """Commits that wait for a standby are on none."""
        self.die_alone(self.cluster.standbys())

    def cancel_commits(self):
        for _ in range(3):
            self.cluster.primary.sql("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
            time.sleep(0.1)

    def cancel_commits_and_kill_primary(self):
        """Somebody cancels commits that wait: the database says COMMIT, with a warning.  They are on no other server, so nobody
        may have been told that they are durable."""
        self.die_alone(self.cluster.standbys(), Test.cancel_commits)

    FAULTS = (kill_receiver, kill_receiver, kill_sender, kill_sender, kill_primary, kill_primary, freeze_and_promote, freeze_primary,
              restart_primary, kill_backend, end_connection, kill_standby, cut_one_link, cut_both_links,
              cut_one_and_kill_primary, cut_both_and_kill_primary, cancel_commits_and_kill_primary)

    # ---- the run ----

    def run(self):
        for role, count in (("receive", RECEIVERS), ("send", SENDERS)):
            for _ in range(count):
                self.begin(role)
        time.sleep(1)
        bag = []
        limit = time.monotonic() + float(os.environ.get("SECONDS", "inf"))
        for i in range(self.rounds):
            if time.monotonic() > limit:
                self.rounds = i
                break
            if not bag:  # each as often as another
                bag = list(self.faults)
                self.dice.shuffle(bag)
            fault = bag.pop()
            begin = time.monotonic()
            fault(self)
            self.done[fault.__name__] += 1
            for p in self.running:
                if p.process.poll() is not None:
                    raise Failure("%s ended by itself (%d): %s" % (p.name, p.process.returncode, open(p.path + ".err").read()))
            print("%4d %-26s %.1f s" % (i + 1, fault.__name__, time.monotonic() - begin), flush=True)
            time.sleep(self.dice.random() * 0.5)
        time.sleep(1)
        for p in self.running:
            p.process.terminate()
        for p in self.running:
            p.process.wait(60)
        self.drain()

    def drain(self):
        """Whoever was killed has its lease until it ends: here, at once."""
        self.cluster.primary.sql("UPDATE deliveries SET lease = clock_timestamp() - interval '1 s' WHERE state = 2")
        self.running = []
        p = self.begin("drain")
        if p.process.wait(120) != 0:
            raise Failure("the last sender: %s" % open(p.path + ".err").read())

    # ---- what must be true ----

    def ask(self, text):
        return int(self.cluster.primary.sql(text))

    def judge(self):
        bad = []
        acked, acks, failures = collections.Counter(), 0, collections.Counter()
        sent, told = collections.defaultdict(list), set()
        for p in self.all:
            last = {}
            for line in p.lines():
                word = line.split(" ")
                if word[0] == "A":
                    acks += 1
                    acked[(word[1], word[2])] += 1
                elif word[0] == "S":
                    last[word[1]] = [p, False, int(word[2])]
                    sent[word[1]].append(last[word[1]])
                elif word[0] == "R":
                    last[word[1]][1] = True
                    told.add(word[1])
                elif word[0] == "F":
                    failures[word[1].rstrip(":")] += 1
                else:
                    bad.append("%s wrote %r" % (p.name, line))
        rows = set(tuple(r.split("|")) for r in self.cluster.primary.sql("SELECT txid, 'e' || substr(click_id, 2) FROM postbacks", 300).splitlines())
        events = dict(r.split("|") for r in self.cluster.primary.sql("SELECT event_id, state FROM events e JOIN deliveries d ON d.event = e.id", 300).splitlines())
        for txid, event_id in acked:
            if (txid, event_id) not in rows:
                bad.append("postback %s of %s was answered 200 and is not there" % (txid, event_id))
            if event_id not in events:
                bad.append("postback %s was answered 200 and event %s is not there" % (txid, event_id))
        checks = (
            ("keys with two events", "SELECT count(*) FROM (SELECT 1 FROM events GROUP BY pixel, event, event_id HAVING count(*) > 1) x"),
            ("events without a key of their own", "SELECT count(*) FROM events e WHERE NOT EXISTS (SELECT 1 FROM event_keys k WHERE k.event = e.id AND NOT plain)"),
            ("keys without an event", "SELECT count(*) FROM event_keys k WHERE NOT EXISTS (SELECT 1 FROM events e WHERE e.id = k.event)"),
            ("events without a delivery", "SELECT count(*) FROM events e WHERE NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.event = e.id)"),
            ("events that are not delivered", "SELECT count(*) FROM deliveries WHERE state <> 3"),
            ("postbacks that said queued more or less often than there are events",
             "SELECT (SELECT count(*) FROM postbacks WHERE verdict = 1) - (SELECT count(*) FROM events)"),
            ("postbacks beside their count", "SELECT (SELECT sum(postbacks) FROM writers) - (SELECT count(*) FROM postbacks)"),
            ("delivered beside their count", "SELECT (SELECT sum(delivered) FROM writers) - (SELECT count(*) FROM deliveries WHERE state = 3)"),
            ("waiting, sending or dead by the counts", "SELECT abs(sum(waiting)) + abs(sum(sending)) + abs(sum(dead)) FROM writers"),
            ("clicks beside their count", "SELECT (SELECT sum(clicks) FROM writers) - (SELECT count(*) FROM clicks)"),
            ("events beside their hours", "SELECT (SELECT sum(n) FROM tallies WHERE kind = 5 AND slot = 1) - (SELECT count(*) FROM events)"),
            ("deliveries beside their hours", "SELECT (SELECT sum(n) FROM tallies WHERE kind = 5 AND slot = 3) - (SELECT count(*) FROM events)"),
            ("postbacks beside their hours", "SELECT (SELECT sum(n) FROM tallies WHERE kind = 2) - (SELECT count(*) FROM postbacks)"),
        )
        for what, text in checks:
            n = self.ask(text)
            if n:
                bad.append("%d %s" % (n, what))
        again = 0
        for event_id, times in sent.items():
            if event_id not in events:
                bad.append("event %s was sent and is not there" % event_id)
            again += len(times) - 1
            times.sort(key=lambda t: t[2])
            for earlier, later in zip(times, times[1:]):
                if earlier[1]:
                    bad.append("event %s was delivered for certain by %s, and sent again by %s" % (event_id, earlier[0].name, later[0].name))
                if earlier[2] == later[2]:
                    bad.append("event %s was handed out twice, to %s and %s" % (event_id, earlier[0].name, later[0].name))
        for event_id in events:
            if event_id not in told:
                bad.append("event %s is delivered by the store, and nobody has reported it" % event_id)
        print("%d postbacks answered 200, %d events, %d of them sent again after an unknown outcome; %d failed calls (%s)" % (
            acks, len(events), again, sum(failures.values()), ", ".join("%s %d" % f for f in sorted(failures.items()))))
        return bad


def main():
    load, rounds = sys.argv[1], int(sys.argv[2] if len(sys.argv) > 2 else 12)
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.SystemRandom().randrange(1 << 31)
    print("seed %d, %d faults" % (seed, rounds), flush=True)
    begin = time.monotonic()
    test = Test(load, rounds, seed, os.environ.get("FAULTS", "").split())
    bad = ["the run was not finished"]
    try:
        test.run()
        bad = test.judge()
    except (Failure, subprocess.TimeoutExpired) as e:
        bad = [str(e)]
    finally:
        for p in test.all:
            p.process.kill()
        if bad:
            print("kept: %s and %s" % (test.folder, test.cluster.folder) if os.environ.get("KEEP") else "KEEP=1 keeps the files")
        if not (bad and os.environ.get("KEEP")):
            test.cluster.close()
            subprocess.run(["rm", "-rf", test.folder])
    took = sorted(test.took)
    if took:
        print("%d promotions; until another server took writes: median %.2f s, longest %.2f s" % (
            len(took), took[len(took) // 2], took[-1]))
    print("%s; %.0f s" % (", ".join("%s %d" % d for d in sorted(test.done.items())), time.monotonic() - begin))
    for line in bad[:20]:
        print("FAILED %s" % line)
    print("%d passed, %d failed" % (test.rounds if not bad else 0, len(bad)))
    return 1 if bad else 0


sys.exit(main())
