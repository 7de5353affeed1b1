"""What bench/cluster.py measures with: private PostgreSQL servers with fsync on, real receivers on them, load, and figures.

One server is reached by its socket; the cluster of three is tests/cluster's (its own sockets, and where this may be done, addresses
of a network namespace, so that a server can vanish from the network as a machine does)."""
import concurrent.futures
import contextlib
import ctypes
import http.client
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [os.path.join(ROOT, "bench"), os.path.join(ROOT, "tests", "cluster")]
import run  # noqa: E402
import servers  # noqa: E402
from run import QUICK, Broken, need  # noqa: E402,F401

GROUP = os.environ.get("BENCH_GROUP") or os.path.join(run.BUILD, "bench", "bench_group")
TICK = os.sysconf("SC_CLK_TCK")
# As docs/SCALING.md advises for a machine of this size; the last word on a setting counts.
CONF = """
shared_buffers = 1GB
max_wal_size = 4GB
min_wal_size = 256MB
checkpoint_timeout = 15min
wal_compression = on
random_page_cost = 1.1
autovacuum_naptime = 15s
"""
ORIGINAL = servers.CONF
NETWORK = "10.77.77."
spent = 0.0  # seconds of CPU of all databases that have ended


def cpu_of(*pids, ended=False):
    """Seconds; ended: with those of children that have ended."""
    ticks = 0
    for pid in pids:
        with contextlib.suppress(OSError), open("/proc/%d/stat" % pid) as f:
            ticks += sum(map(int, f.read().rsplit(")", 1)[1].split()[11:15 if ended else 13]))
    return ticks / TICK


class Database(servers.Server):
    def first(self, name="clickbaton"):
        servers.run(os.path.join(servers.BIN, "initdb"), "-D", self.data, "-U", "clickbaton", "-A", "trust", "-E", "UTF8", "--locale=C")
        self.write("postgresql.conf", servers.CONF % {"folder": self.folder, "port": self.port} + "synchronous_standby_names = ''\n")
        self.start()
        return self

    def cpu(self):
        """Of all its processes, also of those that have ended."""
        all_of = self.processes()
        return cpu_of(*all_of[:-1]) + cpu_of(all_of[-1], ended=True) if all_of else 0

    def url(self, database="clickbaton"):
        return "postgresql:///%s?host=%s&port=%d&user=clickbaton" % (database, self.folder, self.port)

    def sql(self, text, database="postgres", timeout=300):
        out = servers.run(os.path.join(servers.BIN, "psql"), "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-d",
                          "host=%s port=%d user=clickbaton dbname=%s" % (self.folder, self.port, database), "-c", text, timeout=timeout)
        return out.stdout.strip()

    def ask(self, text, database="clickbaton"):
        return int(self.sql(text, database) or 0)

    def anew(self, database="clickbaton"):
        """An empty database of that name."""
        for text in ("DROP DATABASE IF EXISTS %s WITH (FORCE)", "CREATE DATABASE %s", "CHECKPOINT -- %s"):
            self.sql(text % database)
        return self.url(database)

    def end(self):
        global spent
        spent += self.cpu()
        self.thaw()
        self.kill()


@contextlib.contextmanager
def single(where):
    """One server of its own."""
    servers.CONF = ORIGINAL + CONF
    folder = tempfile.mkdtemp(prefix="clickbaton-one.", dir=where)
    if os.getuid() == 0:
        os.chown(folder, *(int(w.split("=")[1]) for w in servers.as_postgres()[1:3]))
    server = Database(folder, "one", 5500).first()
    try:
        yield server
    finally:
        server.end()
        shutil.rmtree(folder, ignore_errors=True)


servers.Server = Database


class Cluster(servers.Cluster):
    """network: receivers reach it by addresses of its own, each of which can vanish."""

    def __init__(self, where, network=None):
        servers.CONF = ORIGINAL + CONF + ("listen_addresses = '*'\n" if network else "")
        os.environ["CLUSTER_DIR"] = where
        self.network = network
        try:
            with network.inside() if network else contextlib.nullcontext():
                super().__init__()
        except BaseException:
            self.close()
            raise
        for s in self.servers if network else ():
            s.write("pg_hba.conf", "host all all %s0/24 trust\n" % NETWORK, "a")
            s.sql("SELECT pg_reload_conf()")
            network.there(s, True)

    def url(self, database="postgres"):
        if not self.network:
            return super().url().replace("/postgres?", "/%s?" % database)
        return "postgresql://clickbaton@%s/%s?sslmode=disable" % (
            ",".join("%s:%d" % (address(s), s.port) for s in self.servers), database)

    def cpu(self):
        total = 0
        for s in self.servers:
            all_of = s.processes()
            total += cpu_of(*all_of[:-1]) + cpu_of(*all_of[-1:], ended=True)
        return total

    def rebuild(self, old):
        old.thaw()
        old.kill()
        with self.network.inside() if self.network else contextlib.nullcontext():
            old.become_standby(self.primary)
        self.wait_streaming(2)

    def close(self):
        global spent
        spent += self.cpu()
        super().close()


def address(server):
    return NETWORK + str(server.port - 5490)


class Network:
    """A namespace in which servers listen, at addresses of their own, and a link to it."""
    NAME = LINK = "cb-%d" % os.getpid()

    def __enter__(self):
        self.ip("netns", "add", self.NAME)
        self.ip("link", "add", self.LINK, "type", "veth", "peer", "name", "inside", "netns", self.NAME)
        self.ip("addr", "add", NETWORK + "1/24", "dev", self.LINK)
        self.ip("link", "set", self.LINK, "up")
        for link in ("lo", "inside"):
            self.ip("-n", self.NAME, "link", "set", link, "up")
        self.ip("-n", self.NAME, "addr", "add", NETWORK + "2/24", "dev", "inside")
        return self

    def __exit__(self, *_):
        self.ip("link", "del", self.LINK)
        self.ip("netns", "del", self.NAME)

    @staticmethod
    def ip(*words):
        done = subprocess.run(["ip", *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        need(done.returncode == 0, "ip %s: %s" % (" ".join(words), done.stdout))

    def there(self, server, is_there):
        self.ip("-n", self.NAME, "addr", "add" if is_there else "del", address(server) + "/32", "dev", "inside")

    @contextlib.contextmanager
    def inside(self):
        """What this thread starts meanwhile is in the namespace."""
        libc = ctypes.CDLL(None, use_errno=True)
        with open("/proc/self/ns/net") as own, open("/run/netns/" + self.NAME) as other:
            need(libc.setns(other.fileno(), 0x40000000) == 0, "setns: errno %d" % ctypes.get_errno())
            try:
                yield
            finally:
                libc.setns(own.fileno(), 0x40000000)


# ---- receivers ----

@contextlib.contextmanager
def receivers(where, count, url, port, pixels=()):
    """So many real servers on one store (url None: one, on SQLite), their events going to that port.  Each is a process with .folder,
    .port, .admin, .pid."""
    with contextlib.ExitStack() as stack:
        nodes = []
        for n in range(count):
            more = "".join("    %s: {token: {file: ./keys/tiktok}}\n" % p for p in pixels)
            folder = run.Folder(where, more + ('store: {url: "%s"}\nnode: node-%d\n' % (url, n + 1) if url else ""))
            process = stack.enter_context(folder.serve(port))
            process.folder = folder
            nodes.append(process)
        yield nodes


def metric(node, name):
    """The sum of its samples."""
    with urllib.request.urlopen("http://127.0.0.1:%d/metrics" % node.admin, timeout=30) as page:
        return sum(float(v) for v in re.findall(r"^%s(?:\{[^}]*\})? (\S+)$" % name, page.read().decode(), re.M))


# ---- load ----

def at_once(work, items):
    with concurrent.futures.ThreadPoolExecutor(len(items)) as pool:
        return list(pool.map(work, items))


def storm(nodes, seconds, connections=run.CONNECTIONS):
    """As fast as they answer, connections shared by all: postbacks a second."""
    share = max(1, connections // len(nodes))
    jobs = [(node, run.fresh_prefix()) for node in nodes]
    return sum(at_once(lambda job: run.wrk(job[0].port, seconds, 1, folder=job[0].folder, prefix=job[1], connections=share), jobs))


def steady(nodes, rate, seconds, connections=run.CONNECTIONS, template=run.POSTBACK):
    """At a constant rate: milliseconds of (p50, p99, longest), the worst node's."""
    each, share = max(1, int(rate / len(nodes))), max(1, connections // len(nodes))
    jobs = [(node, run.fresh_prefix()) for node in nodes]
    times = at_once(lambda job: run.load(job[0].port, each, seconds, template, job[1], share), jobs)
    for node in nodes:
        node.folder.answered += each * seconds
    return tuple(max(t[i] for t in times) / 1000 for i in (0, 2, 4))


class Sandbox:
    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def stats(self):
        self.connection.request("GET", "/stats")
        return json.loads(self.connection.getresponse().read())


# ---- processes that make groups, without HTTP ----

worker = 0


def fill(place, first, count):
    """Clicks, by two processes."""
    half = count // 2
    parts = [(first, half), (first + half, count - half)] if place.startswith("postgresql:") else [(first, count)]
    at_once(lambda p: subprocess.run([GROUP, place, "fill", str(p[0]), str(p[1])], check=True), parts)


def together(place, work, workers, group, clicks=0, seconds=5, most=0, pixels=1):
    """So many processes at once: the sum of their answers, or the mean of what is of one postback or group.  most: so many postbacks, of
    so many pixels in turn."""
    global worker
    running = []
    try:
        for _ in range(workers):
            worker += 1  # none has the ids of another
            words = [GROUP, place, work, str(seconds), str(group), str(clicks), str(worker), str(most // workers), str(pixels)]
            running.append(subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        for p in running:
            need(p.stdout.readline() == "ready\n", "%s did not start" % work)
        for p in running:
            p.stdin.write("go\n")
            p.stdin.flush()
        answers = [json.loads(p.communicate()[0] or "null") for p in running]
    finally:
        for p in running:
            p.kill()
            p.wait()
    need(all(answers), "%s: a process failed" % work)
    done = sum(a["done"] for a in answers)
    return {"rate": sum(a["done"] / a["seconds"] for a in answers), "p99": max(a["p99"] for a in answers), "done": done,
            "trips": sum(a["trips"] for a in answers) / workers, "cpu": sum(a["cpu_us"] * a["done"] for a in answers) / done,
            "found": sum(a["found"] for a in answers), "duplicates": sum(a["duplicates"] for a in answers)}


def costing(server, work):
    """What work() gives, with "server": microseconds of the database's CPU for each that is done."""
    before = server.cpu()
    out = work()
    time.sleep(0.1 if QUICK else 0.5)  # its backends end
    out["server"] = (server.cpu() - before) / out["done"] * 1e6
    return out


# ---- figures ----

class Figure(run.Row):
    def cells(self):
        return [c for i, c in enumerate(super().cells()) if i in (0, 2, 3)] + [self.note]


class Table:
    HEAD = ["figure", "median", "min - max", "of what"]

    def __init__(self):
        self.rows = []

    def row(self, what, values, form="%d", unit="", of=""):
        """values: of the rounds."""
        figure = Figure(what, values if isinstance(values, (list, tuple)) else [values], form, unit, note=of)
        self.rows.append(figure)
        print("  %s: %s  %s" % (what, figure.show(figure.median), of), file=sys.stderr, flush=True)
        return figure.median
