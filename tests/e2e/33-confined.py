#!/usr/bin/env python3
"""What serve gives up before it listens, seen from outside; what a reload can't reach then; what systemd is told; and the
shipped unit's sandbox."""
import ctypes
import struct

from harness import *

libc = ctypes.CDLL(None, use_errno=True)
LANDLOCK = libc.syscall(444, None, 0, 1) > 0  # the kernel here has it


def threads(pid):
    """The interesting lines of every thread's status."""
    out = []
    for name in os.listdir("/proc/%d/task" % pid):
        with open("/proc/%d/task/%s/status" % (pid, name)) as f:
            lines = dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)
        out.append((lines["NoNewPrivs"], lines["Seccomp"]))
    return out


def without(*calls):
    """An older kernel: these system calls are not there (a seccomp filter of the parent's)."""
    def install():
        code = [(0x20, 0, 0, 0)]  # the call's number
        for number in calls:
            code += [(0x15, 0, 1, number), (0x06, 0, 0, 0x00050000 | 38)]  # ENOSYS
        code.append((0x06, 0, 0, 0x7FFF0000))
        filters = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *c) for c in code))
        program = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(code), ctypes.addressof(filters)))
        if libc.prctl(38, 1, 0, 0, 0) != 0 or libc.prctl(22, 2, program, 0, 0) != 0:
            os._exit(99)
    return install


@part
def given_up():
    folder = Folder()
    serve = Serve(folder)
    equal("every thread: no new privileges, system calls are filtered", sorted(set(threads(serve.pid))), [("1", "2")])
    true("and there are several", len(threads(serve.pid)) >= 4, threads(serve.pid))
    found = re.search(r"msg=\"confined: .*\" landlock=(\S+) seccomp=on no_new_privileges=on core_dumps=(\S+)\n", serve.err())
    if true("the log says what is in force", found, serve.err()):
        equal("Landlock where the kernel has it", found.group(1) != "off", LANDLOCK)
        equal("no core dumps", found.group(2), "on" if SANITIZED else "off")
    mode = os.stat("/proc/%d/environ" % serve.pid)
    equal("its memory belongs to root alone", mode.st_uid, os.geteuid() if SANITIZED else 0)
    if os.geteuid() == 0:
        has("root is warned of", serve.err(), "code=W095 msg=\"serve runs as root")
    equal("it works", serve.fire("subid=1&status=trash").status, 200)
    folder.write("offers/more.yaml", offer_text("more"))
    folder.write("shared/base.yaml", offer_text("base"))
    serve.reload()
    equal("a reload finds new files below the configuration", serve.fire("subid=2&status=trash", "more").status, 200)
    equal("exit 0", serve.stop(), 0)
    serve = Serve(folder, options=("--unconfined",))
    equal("--unconfined: nothing is given up", sorted(set(threads(serve.pid))), [("0", "0")])
    has("and the log says so", serve.err(), "msg=\"not confined (--unconfined)")
    equal("exit 0", serve.stop(), 0)


@part
def elsewhere():
    """A reload that names a folder which was not configured at the start."""
    folder, other = Folder(), Folder(offers=("moved",))
    real = Folder(offers=("linked",))
    os.symlink(real.at("offers/linked.yaml"), folder.at("offers/linked.yaml"))
    serve = Serve(folder)
    equal("an offer behind a link", serve.fire("subid=1&status=trash", "linked").status, 200)
    serve.reload()
    equal("also after a reload", serve.fire("subid=2&status=trash", "linked").status, 200)
    text = folder.read("clickbaton.yaml").decode()
    folder.write("clickbaton.yaml", text.replace("offers: ./offers", "offers: " + other.at("offers")))
    if LANDLOCK:
        serve.reload(failed=True)
        has("is told with its folder", serve.err(), 'code=C068 msg="serve can\'t read there since its start; restart it, and it '
            'can" folder="%s"' % other.at("offers"))
        equal("the rules before stay", serve.fire("subid=3&status=trash").status, 200)
        serve.stop()
        serve = Serve(folder)
    else:
        serve.reload()
    equal("a restart reads there", serve.fire("subid=4&status=trash", "moved").status, 200)
    equal("exit 0", serve.stop(), 0)


@part
def old_kernel():
    """Without Landlock everything works, and the log says that it is not there."""
    folder, other = Folder(), Folder(offers=("moved",))
    serve = Serve(folder, preexec=without(444, 445, 446))
    has("no Landlock: said", serve.err(), "landlock=off seccomp=on")
    equal("no Landlock: it works", serve.fire("subid=1&status=trash").status, 200)
    text = folder.read("clickbaton.yaml").decode()
    folder.write("clickbaton.yaml", text.replace("offers: ./offers", "offers: " + other.at("offers")))
    serve.reload()
    equal("no Landlock: a reload may name any folder", serve.fire("subid=2&status=trash", "moved").status, 200)
    equal("exit 0", serve.stop(), 0)


# ---- systemd ----

@part
def notify():
    folder = Folder()
    where = folder.at("notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.bind(where)
        s.settimeout(10)
        os.environ["NOTIFY_SOCKET"] = where
        os.environ["WATCHDOG_USEC"] = "4000000"
        try:
            serve = Serve(folder)
        finally:
            del os.environ["NOTIFY_SOCKET"], os.environ["WATCHDOG_USEC"]
        equal("ready", s.recv(200), b"READY=1\nSTATUS=taking postbacks")
        equal("then signs of life", s.recv(200), b"WATCHDOG=1")
        serve.reload()
        said = [s.recv(200)]
        while not said[-1].startswith(b"READY"):
            said.append(s.recv(200))
        said = [x for x in said if x != b"WATCHDOG=1"]
        true("a reload begins", re.fullmatch(rb"RELOADING=1\nMONOTONIC_USEC=\d+", said[0]), said)
        equal("and ends", said[1:], [b"READY=1\nSTATUS=reloaded"])
        folder.write("offers/nutra-de.yaml", b"offer: [")
        serve.signal(signal.SIGHUP)
        while (last := s.recv(200)).startswith((b"WATCHDOG", b"RELOADING")):
            pass
        equal("one that fails is not called one", last,
              b"READY=1\nSTATUS=the last reload failed; the rules before it are in force")
        equal("exit 0", serve.stop(), 0)
        while (last := s.recv(200)) == b"WATCHDOG=1":
            pass
        equal("it says that it ends", last, b"STOPPING=1")


@part
def the_unit():
    path = os.path.join(ROOT, "examples", "clickbaton.service")
    p = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=20", "--no-pager", path],
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
    found = re.search(r"Overall exposure level for clickbaton.service: (\d+\.\d+)", p.stdout)
    if true("systemd-analyze judges the unit", found, p.stdout):
        true("its exposure is at most 2.0", p.returncode == 0 and float(found.group(1)) <= 2.0, found.group(1))
        say("# exposure level: " + found.group(1))
    p = subprocess.run(["systemd-analyze", "verify", "--man=no", path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                       text=True, timeout=60)
    complaints = [line for line in p.stdout.splitlines() if "clickbaton.service" in line and "not executable" not in line]
    equal("and knows every line of it", complaints, [])


def unit_lines(key):
    with open(os.path.join(ROOT, "examples", "clickbaton.service")) as f:
        return re.findall(r"^%s=(.*)$" % key, f.read(), re.M)


def numbers():
    """System calls of this machine, name to number."""
    text = subprocess.run(["cc", "-E", "-dM", "-x", "c", "-"], input="#include <sys/syscall.h>\n", text=True,
                          stdout=subprocess.PIPE, check=True).stdout
    return {name: int(n) for name, n in re.findall(r"^#define __NR_(\w+) (\d+)$", text, re.M)}


def members(name):
    """The calls of a set such as @system-service, sets within it included."""
    if not name.startswith("@"):
        return {name}
    text = subprocess.run(["systemd-analyze", "syscall-filter", name], stdout=subprocess.PIPE, text=True, check=True).stdout
    words = [line.strip() for line in text.splitlines()[1:] if line.strip() and not line.strip().startswith("#")]
    return set().union(*[members(w) for w in words])


def allowed_by_unit():
    allowed = set()
    for line in unit_lines("SystemCallFilter"):
        named = set().union(*[members(w) for w in line.lstrip("~").split()])
        allowed = allowed - named if line.startswith("~") else allowed | named
    return allowed


@part
def works_behind_the_units_filter():
    """The whole of a server's life with only the system calls that the unit allows, without root, in one folder."""
    known = numbers()
    allow = sorted(known[name] for name in allowed_by_unit() | {"execve"} if name in known)
    true("the unit allows calls, and not all", 100 < len(allow) < len(known) - 50, (len(allow), len(known)))
    sandbox = Sandbox()
    folder = Folder(sandbox.endpoint)

    def filtered():
        code = [(0x20, 0, 0, 0)]
        for number in allow:
            code += [(0x15, 0, 1, number), (0x06, 0, 0, 0x7FFF0000)]
        code.append((0x06, 0, 0, 0x00050000 | 1))  # EPERM
        filters = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *c) for c in code))
        program = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(code), ctypes.addressof(filters)))
        if libc.prctl(38, 1, 0, 0, 0) != 0 or libc.prctl(22, 2, program, 0, 0) != 0:
            os._exit(99)

    os.environ["ASAN_OPTIONS"] = "detect_leaks=0"  # its leak check needs ptrace
    try:
        serve = Serve(folder, preexec=filtered)
    finally:
        del os.environ["ASAN_OPTIONS"]
    has("it confines itself further", serve.err(), "landlock=%s" % ("v" if LANDLOCK else "off"), "seccomp=on")
    equal("a postback", serve.verdict("subid=1&ttclid=T&status=sale&payout=1&currency=usd")[1]["verdict"], "queued")
    wait_until("its delivery", lambda: sandbox.stats()["unique"] == 1)
    serve.reload()
    equal("after a reload", serve.fire("subid=2&status=trash").status, 200)
    equal("health", serve.ready()[0], 200)
    hasnt("nothing is complained of", serve.err(), "level=error", "ulimit")
    equal("exit 0", serve.stop(), 0)


main()
