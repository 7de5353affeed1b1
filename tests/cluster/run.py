#!/usr/bin/env python3
"""make test-cluster: receivers and senders (load.c) on a cluster of three PostgreSQL servers, each machine in a network namespace of its
own, while harm.py kills, freezes and promotes, fills disks, cuts links.  Then proof.py: whatever was answered 200 is there, each key is
one event, each is delivered, none was sent twice unless its first outcome could not be known, every count is the sum of its rows.

    tests/cluster/run.py BUILD/tests/cluster [ROUNDS] [SEED]        a seed repeats the same faults (not the same moments)
    in the environment: FAULTS="kill_primary cut_receiver": these alone; LIMIT=900 (seconds): no fault begins later;
    KEEP=1: after a failure all of it stays until the program is ended; PLAIN=1: no network namespaces"""
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
import harm  # noqa: E402
import net as network  # noqa: E402
import proof  # noqa: E402
from servers import NAMES, Cluster, Failure  # noqa: E402

HOSTS = ("r1", "r2", "r3")
MACHINES = NAMES + HOSTS + ("tiktok", "trackers")


class Process:
    """A receiver or sender; a new one takes the place of one that was killed."""
    serial = 0

    def __init__(self, test, role, host):
        Process.serial += 1
        self.role, self.host, self.name = role, host, "%s%d" % (role[0], Process.serial)
        self.path = os.path.join(test.folder, self.name)
        args = [test.load, role, test.cluster.url(), self.name] + ([str(test.seed + Process.serial)] if role == "receive" else [])
        with open(self.path, "wb") as out, open(self.path + ".err", "wb") as err:
            self.process = subprocess.Popen((test.net.inside(host) if test.net else []) + args, stdin=subprocess.DEVNULL, stdout=out,
                                            stderr=err)
        self.killed = False

    def kill(self):
        self.killed = True
        self.process.kill()

    def lines(self):
        with open(self.path, errors="replace") as f:
            text = f.read()
        return text[:text.rfind("\n") + 1].splitlines()  # one that was killed may have written half a line


class Test:
    servers, roles = False, ("receive", "send")

    def __init__(self, programs, rounds, seed, net):
        only = os.environ.get("FAULTS", "").split()
        self.faults = [f for f in harm.FAULTS if (net or not f.net) and (not f.servers if not self.servers else not f.engine) and
                       (not only or f.run.__name__ in only)]
        self.load, self.rounds, self.seed, self.net, self.hosts = os.path.abspath(os.path.join(programs, "load")), rounds, seed, net, list(HOSTS)
        self.dice = random.Random(seed)
        self.cluster = Cluster(net, os.path.abspath(os.path.join(programs, "clock.so")))
        self.folder = tempfile.mkdtemp(prefix="clickbaton-load.")
        self.all, self.running = [], []
        self.took = []
        self.done = collections.Counter()

    def begin(self, role, host):
        p = Process(self, role, host)
        self.all.append(p)
        self.running.append(p)
        return p

    def those(self, role):
        return [p for p in self.running if p.role == role]

    def pick(self, role):
        return self.dice.choice(self.those(role))

    def replace(self, processes, between=lambda: None):
        for p in processes:
            p.kill()
            p.process.wait()
        between()
        for p in processes:
            self.running.remove(p)
            self.begin(p.role, p.host)

    # ---- the run ----

    def start(self):
        for host in self.hosts:
            self.begin("receive", host)
        for host in self.hosts[:2]:
            self.begin("send", host)

    def check(self):
        for p in self.running:
            if p.process.poll() is not None:
                with open(p.path + ".err") as f:
                    raise Failure("%s ended by itself (%d): %s" % (p.name, p.process.returncode, f.read()))

    def one_fault(self, i, fault):
        begin = time.monotonic()
        try:
            fault.run(self)
        finally:
            if self.net:
                self.net.heal()
        self.done[fault.run.__name__] += 1
        self.check()
        print("%4d %-34s %.1f s" % (i + 1, fault.run.__name__, time.monotonic() - begin), flush=True)
        time.sleep(self.dice.random() * 0.4)

    def run(self):
        self.start()
        time.sleep(1)
        bag = []
        limit = time.monotonic() + float(os.environ.get("LIMIT", "inf"))
        for i in range(self.rounds):
            if time.monotonic() > limit:
                self.rounds = i
                break
            if not bag:  # each as often as another
                bag = list(self.faults)
                self.dice.shuffle(bag)
            self.one_fault(i, bag.pop())
        time.sleep(1)
        self.finish()

    def finish(self):
        """Whoever was killed has its lease until it ends: here, at once."""
        for p in self.running:
            p.process.terminate()
        for p in self.running:
            p.process.wait(60)
        self.cluster.primary.sql("UPDATE deliveries SET lease = clock_timestamp() - interval '1 s' WHERE state = 2")
        self.running = []
        p = self.begin("drain", self.hosts[0])
        if p.process.wait(120) != 0:
            with open(p.path + ".err") as f:
                raise Failure("the last sender: %s" % f.read())

    def end(self):
        for p in self.all:
            p.process.kill()

    # ---- what must be true ----

    def ask(self, text):
        return int(self.cluster.primary.sql(text, 300))

    def read_words(self):
        """What they have written."""
        acked, failures, said = collections.Counter(), collections.Counter(), collections.defaultdict(list)
        for p in self.all:
            batch, mine, told = None, {}, True
            for line in p.lines():
                word = line.split(" ")
                if word[0] == "A":
                    acked[(word[1], word[2])] += 1
                elif word[0] == "S":
                    batch, told = word[3], False
                    mine[(word[1], batch)] = proof.HandOut(batch, int(word[2]))
                    said[word[1]].append(mine[(word[1], batch)])
                elif word[0] == "R":
                    mine[(word[1], word[2])].told = told = True
                elif word[0] == "F":
                    failures[word[1].rstrip(":")] += 1
                else:
                    raise Failure("%s wrote %r" % (p.name, line))
            for (_, of), h in mine.items():
                h.last_of_killed = p.killed and of == batch and not h.told
        return acked, failures, said

    def judge(self):
        bad = proof.rows_agree(self.ask)
        acked, failures, said = self.read_words()
        rows = set(tuple(r.split("|")) for r in self.cluster.primary.sql("SELECT txid, 'e' || substr(click_id, 2) FROM postbacks", 300)
                   .splitlines())
        events = proof.read_events(self.cluster.primary.sql)
        got = {id: len(handouts) for id, handouts in said.items()}
        requests = {id: h[0].batch for id, h in said.items()}
        bad += list(proof.lost(acked, rows, events)) + list(proof.doubled(events, got)) + list(proof.mistaken(events, got, requests))
        bad += list(proof.untold(events, said)) + proof.controls(acked, rows, events, got, requests)
        bad += proof.controls_of_untold(events, said)
        silent = [h.batch for id, handouts in said.items() for h in handouts
                  if h.last_of_killed and id in events and events[id].request == h.batch]
        print("%d postbacks answered 200, %d events, %d of them sent again after an unknown outcome; %d senders were killed between "
              "their commit and their word of it (%d deliveries); %d failed calls (%s)" % (
                  sum(acked.values()), len(events), sum(n - 1 for n in got.values()), len(set(silent)), len(silent), sum(failures.values()),
                  ", ".join("%s %d" % f for f in sorted(failures.items()))))
        return bad


def make_net():
    why = "PLAIN=1" if os.environ.get("PLAIN") else network.enter()
    if not why:
        try:
            return network.Net(MACHINES)
        except OSError as e:
            why = str(e)
            subprocess.run(["ip", "link", "set", "lo", "up"])
    print("no network namespaces: %s.  All of it runs on this machine's sockets; %d kinds of faults of links, disks and partitions are "
          "left out" % (why, len({f.run for f in harm.FAULTS if f.net})), flush=True)
    return None


def quantiles(what, took):
    took = sorted(took)
    if took:
        print("%s: %d times, median %.2f s, longest %.2f s" % (what, len(took), took[len(took) // 2], took[-1]))


def main(kind=Test):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    programs, rounds = sys.argv[1], int(sys.argv[2] if len(sys.argv) > 2 else 12)
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.SystemRandom().randrange(1 << 31)
    net = make_net()
    begin = time.monotonic()
    test = kind(programs, rounds, seed, net)
    print("seed %d, %d faults of %d kinds" % (seed, rounds, len({f.run for f in test.faults})), flush=True)
    bad = ["the run was not finished"]
    try:
        test.run()
        bad = test.judge()
    except (Failure, subprocess.SubprocessError, OSError) as e:
        bad = ["%s: %s" % (type(e).__name__, e)]
    finally:
        if bad and os.environ.get("KEEP"):
            print("FAILED %s\nkept: %s and %s, until this program ends" % ("; ".join(bad[:5]), test.cluster.folder, test.folder), flush=True)
            signal.pause()
        test.end()
        test.cluster.close()
        subprocess.run(["rm", "-rf", test.folder])
    quantiles("promoted, until another server took writes", test.took)
    print("%s%s; %.0f s" % (", ".join("%s %d" % d for d in sorted(test.done.items())), "; slowed by " + net.kind if net and net.kind else "",
                            time.monotonic() - begin))
    for line in bad[:20]:
        print("FAILED %s" % line)
    print("%d passed, %d failed" % (test.rounds if not bad else 0, len(bad)))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
