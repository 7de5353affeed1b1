"""The machines of a cluster test: each a network namespace with one address, all on one bridge.  What goes from one to another can be
dropped (one way, too), lost in part, slowed down, or its connections reset.  No packet of it leaves these namespaces.

enter() puts the whole program into namespaces of its own (mounts, processes, network) with a private /run, where all of its files
go: when it ends, however it ends, killed too, the kernel takes all of it away."""
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading

CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWNET = 0x00020000, 0x20000000, 0x40000000  # linux/sched.h
MS_REC, MS_PRIVATE, PR_SET_PDEATHSIG = 0x4000, 0x40000, 1
LOSS = 30  # of a hundred packets
libc = ctypes.CDLL(None, use_errno=True)


def call(what, result):
    if result != 0:
        raise OSError(ctypes.get_errno(), "%s: %s" % (what, os.strerror(ctypes.get_errno())))


def mount(what, where, kind, flags=0, options=None):
    call("mount %s" % where, libc.mount(what.encode(), where.encode(), kind and kind.encode(), ctypes.c_ulong(flags),
                                        options and options.encode()))


def look_after(child, end=signal.SIGKILL):
    """Until it has ended, and then we do.  The first process of a namespace has all that lose their parents."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: os.kill(child, end))
    while True:
        try:
            pid, status = os.wait()
        except InterruptedError:
            continue
        if pid == child:
            os._exit(os.waitstatus_to_exitcode(status) % 256)


def enter():
    """None: the rest of this program runs inside.  Else why it does not."""
    tools = [t for t in ("ip", "nft", "ss", "nsenter") if not shutil.which(t)]
    if os.getuid() != 0:
        return "only root may make network namespaces"
    if tools:
        return "%s not installed (iproute2, nftables, util-linux)" % " and ".join(tools)
    probe = subprocess.run(["unshare", "--mount", "--net", "--pid", "--fork", "--mount-proc", "true"], text=True, stderr=subprocess.PIPE)
    if probe.returncode != 0:
        return "this system permits none: %s" % probe.stderr.strip()
    sys.stdout.flush()
    call("unshare", libc.unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET))
    child = os.fork()
    if child:
        look_after(child)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    mount("none", "/", None, MS_REC | MS_PRIVATE)
    mount("proc", "/proc", "proc")
    mount("none", "/run", "tmpfs", 0, "mode=755")
    worker = os.fork()
    if worker:
        look_after(worker)
    os.environ["TMPDIR"] = tempfile.tempdir = "/run/tmp"
    os.mkdir("/run/tmp")
    os.chmod("/run/tmp", 0o1777)
    return None


RULES = """
table bridge baton {
    set cut { type ipv4_addr . ipv4_addr; }
    set lossy { type ipv4_addr . ipv4_addr; }
    chain forward {
        type filter hook forward priority 0; policy accept;
        ether type ip ip saddr . ip daddr @cut drop
        ether type ip ip saddr . ip daddr @lossy numgen random mod 100 < %d drop
    }
}
""" % LOSS
# The server takes plain HTTP to loopback alone: what a machine sends to this port of its own goes to another one's.
FORWARD = """
table ip baton {
    chain output { type nat hook output priority -100; ip daddr 127.0.0.1 tcp dport %(port)d dnat to %(to)s:%(port)d; }
    chain postrouting { type nat hook postrouting priority 100; oifname "eth0" ip saddr 127.0.0.0/8 masquerade; }
}
"""


def run(command, text=None):
    out = subprocess.run(command, input=text, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=30)
    if out.returncode != 0:
        raise OSError("%s: %s" % (" ".join(command), out.stdout.strip()))
    return out.stdout


class Net:
    def __init__(self, names):
        self.addresses = {name: "10.77.0.%d" % n for n, name in enumerate(names, 1)}
        self.slowed, self.kind = set(), None
        lines = ["link set lo up", "link add hub type bridge", "addr add 10.77.0.254/24 dev hub", "link set hub up"]
        for name in names:
            run(["ip", "netns", "add", name])
            lines += ["link add v-%s type veth peer name eth0 netns %s" % (name, name), "link set v-%s master hub up" % name]
        run(["ip", "-batch", "-"], "\n".join(lines) + "\n")
        for name, address in self.addresses.items():
            run(["ip", "-n", name, "-batch", "-"], "link set lo up\naddr add %s/24 dev eth0\nlink set eth0 up\n" % address)
        run(["nft", "-f", "-"], RULES)

    def __getitem__(self, name):
        return self.addresses[name]

    def inside(self, name):
        """What goes before a command that is to run there."""
        return ["nsenter", "--net=/run/netns/%s" % name, "--"]

    def thread(self, name, work, *arguments):
        """A thread of this program whose connections begin there."""
        def enter_and_run():
            fd = os.open("/run/netns/%s" % name, os.O_RDONLY)
            call("setns", libc.setns(fd, CLONE_NEWNET))
            os.close(fd)
            work(*arguments)
        return threading.Thread(target=enter_and_run, daemon=True)

    def forward(self, name, to, port):
        run(self.inside(name) + ["sh", "-c", "for i in all eth0; do echo 1 >/proc/sys/net/ipv4/conf/$i/route_localnet; done"])
        run(self.inside(name) + ["nft", "-f", "-"], FORWARD % {"to": self[to], "port": port})

    # ---- links ----

    def pairs(self, ways):
        return ", ".join("%s . %s" % (self[x], self[y]) for x, y in ways)

    def drop(self, ways, into="cut"):
        """ways: of (from, to)."""
        run(["nft", "add element bridge baton %s { %s }" % (into, self.pairs(ways))])

    def cut(self, one, others):
        self.drop([w for o in others for w in ((one, o), (o, one))])

    def lose(self, one, others):
        self.drop([w for o in others for w in ((one, o), (o, one))], "lossy")

    def slow(self, name):
        """A fifth of a second more each way, or where the kernel has no netem, a narrow line with a queue before it."""
        for where in (["-n", name], []):
            dev = "eth0" if where else "v-" + name
            add = ["tc"] + where + ["qdisc", "add", "dev", dev, "root"]
            try:
                run(add + ["netem", "delay", "200ms", "50ms"])
                self.kind = "netem"
            except OSError:
                run(add + ["tbf", "rate", "400kbit", "burst", "4kb", "latency", "600ms"])
                self.kind = "tbf"
        self.slowed.add(name)

    def reset(self, name, peer):
        """Every connection that is open between them; both hear of it."""
        return run(["ip", "netns", "exec", name, "ss", "-K", "-H", "-t", "dst", self[peer]])

    def heal(self):
        run(["nft", "flush set bridge baton cut; flush set bridge baton lossy"])
        for name in self.slowed:
            run(["tc", "-n", name, "qdisc", "del", "dev", "eth0", "root"])
            run(["tc", "qdisc", "del", "dev", "v-" + name, "root"])
        self.slowed = set()
