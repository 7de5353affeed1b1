"""Three PostgreSQL servers of one cluster: streaming replication, a commit waits for one of the two standbys
(synchronous_standby_names = 'ANY 1 (...)'), fsync on.  Each in a network namespace of its own, where net.py can make some, and its data
on a file system of its own (in memory: it is killed, and loses no power).  Else on sockets in one folder, without TCP.  What the test
itself asks of a server goes by its socket, whatever is cut.

A failover here is what a failover manager must do, in this order: no standby receives from the old primary any more (it is dead, or
told nothing more), the standby that has received most of both is promoted, the other follows it.  Whatever a client was told is on
one standby at least, so it is on the one that has most; what the old one still takes, alive and cut off, no standby confirms."""
import os
import pwd
import shutil
import signal
import subprocess
import struct
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
NAMES = ("a", "b", "c")
CLOCKS = {"a": 0, "b": 2, "c": -2}  # seconds by which they are ahead: a promotion is a step of the database's clock
BIN = subprocess.run([os.path.join(HERE, "../support/postgres.sh"), "--find"], check=True, text=True,
                     stdout=subprocess.PIPE).stdout.strip()
CONF = """
listen_addresses = ''
unix_socket_directories = '%(folder)s'
port = %(port)d
fsync = on
synchronous_commit = on
synchronous_standby_names = 'ANY 1 (a, b, c)'
wal_log_hints = on
wal_keep_size = 64MB
max_wal_size = 96MB
min_wal_size = 16MB
max_wal_senders = 10
hot_standby = on
wal_sender_timeout = 3s
wal_receiver_timeout = 3s
wal_retrieve_retry_interval = 200ms
max_connections = 100
shared_buffers = 32MB
jit = off
deadlock_timeout = 200ms
tcp_user_timeout = 10s
logging_collector = off
log_line_prefix = '%%m [%%p] '
"""


def as_postgres():
    """The server refuses to run as root."""
    if os.getuid() != 0:
        return []
    try:
        user = pwd.getpwnam("postgres")
    except KeyError:
        user = pwd.getpwnam("nobody")
    return ["setpriv", "--reuid=%d" % user.pw_uid, "--regid=%d" % user.pw_gid, "--clear-groups"]


class Failure(Exception):
    pass


def run(*command, timeout=60, check=True, inside=()):
    out = subprocess.run(list(inside) + as_postgres() + list(command), cwd="/", text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, timeout=timeout)
    if check and out.returncode != 0:
        raise Failure("%s: %s" % (" ".join(command), out.stdout[-2000:]))
    return out


def tree(pid):
    """A process and its children, the newest first."""
    out = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open("/proc/%s/stat" % entry) as f:
                    fields = f.read().rsplit(")", 1)[1].split()
            except (OSError, IndexError):
                continue
            if int(fields[1]) == pid:
                out.append(int(entry))
    return sorted(out, reverse=True) + [pid]


def send(pids, number):
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass


class Clock:
    """Of a program: before it there stands what makes its wall clock wrong (clock.c)."""

    def __init__(self, library, folder, name, seconds=0):
        self.path = os.path.join(folder, name + ".clock")
        self.before = ["env", "LD_PRELOAD=" + library, "CLOCK_FILE=" + self.path]
        self.set(seconds)

    def set(self, seconds):
        """In place: programs have it mapped."""
        with open(self.path, "r+b" if os.path.exists(self.path) else "wb") as f:
            f.write(struct.pack("q", int(seconds * 10**9)))


class Server:
    """net, library: of net.py and clock.c; without them it is on a socket in folder, and its clock is right."""

    def __init__(self, folder, name, port, net=None, library=None):
        self.folder, self.name, self.port, self.net = folder, name, port, net
        self.disk = os.path.join(folder, name)
        self.data = os.path.join(self.disk, "data")
        self.follows, self.diverged = None, False
        self.clock = Clock(library, folder, name, CLOCKS[name]) if library else None
        os.mkdir(self.disk)
        if net:
            subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2g", "tmpfs", self.disk], check=True)
        if as_postgres():
            os.chown(self.disk, *owner(folder))

    def pid(self):
        try:
            with open(os.path.join(self.data, "postmaster.pid")) as f:
                pid = int(f.readline())
            os.kill(pid, 0)
            return pid
        except (OSError, ValueError):
            return None

    def processes(self):
        pid = self.pid()
        return tree(pid) if pid else []

    def inside(self):
        """What goes before the command that starts it: its network, and a clock of its own."""
        return (self.net.inside(self.name) if self.net else []) + (self.clock.before if self.clock else [])

    def start(self):
        for tries in range(5):
            out = run(os.path.join(BIN, "pg_ctl"), "-D", self.data, "-l", self.disk + ".log", "-w", "-t", "60", "start", check=False,
                      timeout=90, inside=self.inside())
            if out.returncode == 0:
                return self.wait_ready()
            time.sleep(0.3)  # what is left of one that was killed may still have its memory
        with open(self.disk + ".log", errors="replace") as f:
            raise Failure("%s does not start: %s" % (self.name, f.read()[-1500:]))

    def wait_ready(self, seconds=60):
        end = time.monotonic() + seconds
        while True:
            try:
                return self.sql("SELECT 1", timeout=5)
            except (Failure, subprocess.TimeoutExpired) as e:
                if time.monotonic() > end:
                    raise Failure("%s does not come up: %s" % (self.name, e))
                time.sleep(0.05)

    def kill(self):
        """Power off: nobody of it says a word any more."""
        pids = self.processes()
        if pids:
            send(pids[-1:], signal.SIGSTOP)  # it starts nobody in between
            pids = self.processes()
            send(pids[:-1], signal.SIGKILL)
            send(pids[-1:], signal.SIGKILL)
        for pid in pids:
            while alive(pid):
                time.sleep(0.005)
        try:  # a dead process that nobody has asked for yet looks as if it ran
            os.remove(os.path.join(self.data, "postmaster.pid"))
        except FileNotFoundError:
            pass

    def freeze(self):
        send(reversed(self.processes()), signal.SIGSTOP)

    def thaw(self):
        send(reversed(self.processes()), signal.SIGCONT)

    def conninfo(self, name, host=None):
        return "host=%s port=%d user=clickbaton application_name=%s connect_timeout=3" % (host or self.folder, self.port, name)

    def primary_conninfo(self, primary):
        """By the network, where there is one."""
        return primary.conninfo(self.name, primary.net and primary.net[primary.name])

    def configure(self, primary=None):
        self.write("postgresql.conf", CONF % {"folder": self.folder, "port": self.port} +
                   ("listen_addresses = '%s'\n" % self.net[self.name] if self.net else ""))
        self.follows = primary
        if primary:
            self.write("standby.signal", "")
            self.write("postgresql.auto.conf", "primary_conninfo = '%s'\n" % self.primary_conninfo(primary))

    def copy(self, primary):
        run(os.path.join(BIN, "pg_basebackup"), "-D", self.data, "-d", primary.conninfo("copy"), "-c", "fast", "-X", "stream", timeout=120)

    # ---- its disk ----

    def fill_disk(self):
        """Nothing more fits: the file system is made as small as it is full."""
        for tries in range(20):
            v = os.statvfs(self.disk)
            used = (v.f_blocks - v.f_bfree) * v.f_frsize // 1024 + tries * 64
            if subprocess.run(["mount", "-o", "remount,size=%dk" % used, self.disk], stderr=subprocess.DEVNULL).returncode == 0:
                return
        raise Failure("%s grows faster than it can be filled" % self.disk)

    def free_disk(self):
        subprocess.run(["mount", "-o", "remount,size=2g", self.disk], check=True)

    def sql(self, text, timeout=30):
        out = run(os.path.join(BIN, "psql"), "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-d",
                  "host=%s port=%d user=clickbaton dbname=postgres connect_timeout=3" % (self.folder, self.port), "-c", text,
                  timeout=timeout)
        return out.stdout.strip()

    def follow(self, primary):
        """A standby that runs: receive from another (from nobody: None)."""
        self.sql("ALTER SYSTEM SET primary_conninfo = '%s'" % (self.primary_conninfo(primary) if primary else ""))
        self.sql("SELECT pg_reload_conf()")
        self.follows = primary

    def received(self):
        return int(self.sql("SELECT greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) - '0/0'::pg_lsn").split(".")[0])

    def timeline(self):
        return self.sql("SELECT substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)")

    def receives(self):
        return self.sql("SELECT count(*) FROM pg_stat_wal_receiver WHERE status = 'streaming'") != "0"

    def write(self, name, text, mode="w"):
        path = os.path.join(self.data, name)
        with open(path, mode) as f:
            f.write(text)
        shutil.chown(path, *owner(self.data))

    def become_standby(self, primary):
        """A server that does not run: rewound, or where that can't be, copied anew."""
        how = "rewound"
        primary.sql("CHECKPOINT")  # until then its control file names the old timeline, and pg_rewind would see nothing to do
        out = run(os.path.join(BIN, "pg_rewind"), "-D", self.data, "--source-server", primary.conninfo("rewind") + " dbname=postgres",
                  check=False, timeout=120)
        if out.returncode != 0 or self.diverged:
            how = "copied"
            if out.returncode != 0:
                print("     %s could not be rewound: %s" % (self.name, out.stdout.strip().splitlines()[-6:]), flush=True)
            shutil.rmtree(self.data)
            self.copy(primary)
        self.configure(primary)
        self.start()
        return how


def alive(pid):
    try:
        with open("/proc/%d/stat" % pid) as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def owner(path):
    st = os.stat(path)
    return st.st_uid, st.st_gid


class Cluster:
    def __init__(self, net=None, library=None):
        self.net = net
        self.folder = tempfile.mkdtemp(prefix="clickbaton-cluster.", dir=None if net else os.environ.get("CLUSTER_DIR", "/tmp"))
        if os.getuid() == 0:
            os.chown(self.folder, int(as_postgres()[1].split("=")[1]), int(as_postgres()[2].split("=")[1]))
        os.chmod(self.folder, 0o755)
        self.library = library and shutil.copy(library, self.folder)  # where the server may read it, wherever the checkout lies
        self.servers = [Server(self.folder, name, 5501 + i, net, self.library) for i, name in enumerate(NAMES)]
        self.primary = p = self.servers[0]
        run(os.path.join(BIN, "initdb"), "-D", p.data, "-U", "clickbaton", "-A", "trust", "-E", "UTF8", "--locale=C", "-k", "-N", "--wal-segsize=4")
        p.configure()
        p.write("pg_hba.conf", "host all all 10.77.0.0/24 trust\nhost replication all 10.77.0.0/24 trust\n", "a")
        p.start()
        for s in self.standbys():
            s.copy(p)
            s.configure(p)
            s.start()
        self.wait_streaming(2)
        self.timeline = p.timeline()
        for s in self.servers if library else ():
            if abs(float(s.sql("SELECT extract(epoch FROM clock_timestamp())")) - time.time() - CLOCKS[s.name]) > 1:
                raise Failure("the clock of %s is not as wrong as it should be" % s.name)

    def url(self):
        if self.net:
            return "postgresql://clickbaton@%s/postgres?sslmode=disable&connect_timeout=2" % ",".join(
                "%s:%d" % (self.net[s.name], s.port) for s in self.servers)
        return self.socket_url(*self.servers)

    def socket_url(self, *servers):
        return "postgresql:///postgres?host=%s&port=%s&user=clickbaton" % (
            ",".join([self.folder] * len(servers)), ",".join(str(s.port) for s in servers))

    def standbys(self):
        return [s for s in self.servers if s is not self.primary]

    def wait_streaming(self, count=2, seconds=60):
        end = time.monotonic() + seconds
        while True:
            try:
                if int(self.primary.sql("SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming' AND sync_state = 'quorum'")) >= count:
                    return
            except Failure:  # it recovers from a kill of one of its processes, and may have told nobody yet
                pass
            if time.monotonic() > end:
                raise Failure("%s has not %d standbys that stream" % (self.primary.name, count))
            time.sleep(0.05)

    def failover(self, fenced=True, promote=lambda best: best.sql("SELECT pg_promote(true, 30)")):
        """The primary is dead, or is made so (unless it lives on, cut off); how long it took until another takes writes."""
        old = self.primary
        begin = time.monotonic()
        if fenced:
            old.kill()
        standbys = self.standbys()
        for s in standbys:
            s.follow(None)
        while any(s.receives() for s in standbys):
            time.sleep(0.02)
        best = max(standbys, key=lambda s: s.received())
        promote(best)
        took = time.monotonic() - begin
        # One that is killed in the middle of its promotion may come up as primary on the old timeline, beside the old primary's own log:
        # the same numbers for other things, and pg_rewind would see no difference.
        now = best.timeline()
        old.diverged = now == self.timeline
        self.primary, self.timeline = best, now
        best.follows = None
        for s in standbys:
            if s is not best:
                s.follow(best)
        return old, took

    def close(self):
        for s in self.servers:
            s.thaw()
            s.kill()
            if self.net:
                subprocess.run(["umount", s.disk])
        shutil.rmtree(self.folder, ignore_errors=True)
