#!/usr/bin/env python3
"""Each command of docs/getting-started.md does what the page says; so does each that `make demo KEEP=1` prints.  Its pictures: tests/web/walk.js."""
import importlib.util, os, re, shutil, signal, socket, subprocess, sys, tempfile, threading, time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CLICKBATON = os.path.abspath(os.environ.get("CLICKBATON", os.path.join(ROOT, "build/clickbaton")))
PAGE = open(os.path.join(ROOT, "docs/getting-started.md")).read()
COMMANDS = [line[4:] for line in re.findall(r"^    (?! ).*$", PAGE, re.M)] + re.findall(r"^`(build/clickbaton tail [^`]*)`", PAGE, re.M)
passed = failed = 0
done = set()


def check(name, good, detail=""):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    print(f"ok {name}" if good else f"FAILED {name}: {str(detail)[-1500:]}")


def take(start):
    """The command of the page that begins so; every one must be taken."""
    found = [c for c in COMMANDS if c.startswith(start)]
    check(f"the page has: {start}", len(found) == 1, found)
    done.update(found)
    return found[0] if found else "false"


def shell(line, cwd=ROOT, seconds=60):
    p = subprocess.run(["bash", "-c", line], cwd=cwd, capture_output=True, text=True, timeout=seconds, stdin=subprocess.DEVNULL)
    return p.returncode, p.stdout + p.stderr


class Child:
    """A command that goes on, and what it has said."""

    def __init__(self, words, cwd, env={}):
        self.text = ""
        self.process = subprocess.Popen(words, cwd=cwd, env={**os.environ, **env}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.text += line

    def says(self, pattern, seconds=60):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = re.search(pattern, self.text, re.M)
            if found or self.process.poll() is not None:
                return found or re.search(pattern, self.text, re.M)
            time.sleep(0.02)

    def stop(self, number=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(timeout=40)


def alive(pid):
    try:
        os.kill(pid, 0)
        return True
    except ProcessLookupError:
        return False


def demo():
    code, out = shell("env -u MAKEFLAGS make -n demo KEEP=1")
    check("KEEP reaches the demo through make", code == 0 and re.search(r"^KEEP='1' CLICKBATON=\S+ python3 examples/demo/run.py$", out, re.M), out)
    take("make demo KEEP=1")
    for value, kept in (("", False), ("0", False), ("1", True)):
        code, out = shell(f"KEEP='{value}' python3 -B -c 'import run; print(run.KEEP)'", os.path.join(ROOT, "examples/demo"))
        check(f"KEEP={value or 'nothing'}: {'kept' if kept else 'not kept'}", out.strip() == str(kept), out)
    child = Child([sys.executable, "-u", "examples/demo/run.py", "--quick"], ROOT, {"KEEP": "1", "CLICKBATON": CLICKBATON})
    try:
        check("the demo runs on and says what to try", child.says(r"with pictures\.$"), child.text)
        folder = re.search(r"^    (/\S+)$", child.text, re.M).group(1)
        server = int(open(os.path.join(folder, "data/lock")).read())
        walk(child, folder)
    finally:
        code = child.stop(signal.SIGINT)
    check("Ctrl-C: exit 0, nothing is left", (code, alive(server), os.path.exists(folder)) == (0, False, False), child.text)


def ends_by_itself():
    """A server that is gone is told, and is no success."""
    child = Child([sys.executable, "-u", "examples/demo/run.py", "--quick"], ROOT, {"KEEP": "1", "CLICKBATON": CLICKBATON})
    check("a second demo beside it", child.says(r"with pictures\.$"), child.text)
    folder = re.search(r"^    (/\S+)$", child.text, re.M).group(1)
    os.kill(int(open(os.path.join(folder, "data/lock")).read()), signal.SIGKILL)
    code = child.process.wait(timeout=40)
    check("a server that dies: said, exit 1, nothing is left", code == 1 and child.says("the server has ended by itself") and not os.path.exists(folder), child.text)


def walk(child, folder):
    ours = lambda line: line.replace("build/clickbaton", CLICKBATON).replace("FOLDER", folder)
    printed = re.findall(r"^  (\S.*?)   # \w.*$", child.text.split("Try next")[1], re.M)
    check("five lines to copy, each with what it does", len(printed) == 5, printed)
    page = [ours(c) for c in COMMANDS]
    for line in printed:
        for part in line.split(" && "):
            same = part.replace(os.path.relpath(CLICKBATON, ROOT), CLICKBATON) if part.startswith(os.path.relpath(CLICKBATON, ROOT)) else part
            check(f"what the demo prints is on the page: {same.replace(folder, 'FOLDER')}", same.replace(" -n 20", "") in page, page)
    code, out = shell(ours(take("build/clickbaton inspect -c")))
    check("a link into the inspector", code == 0 and re.fullmatch(r"http://127\.0\.0\.1:\d+/#token=[0-9a-f]{64}\n", out), out)
    code, out = shell(ours("build/clickbaton store verify -c FOLDER/clickbaton.yaml"))
    check("the made-up week is a whole store", code == 0 and out.rstrip().endswith("whole"), out)
    code, out = shell(ours("build/clickbaton replay --dry-run --since 24h -c FOLDER/clickbaton.yaml"))
    check("seven wait, six for one word", code == 1 and re.search(r"^7 quarantined postbacks: 0 would become 0 events", out, re.M) and re.search(r"^ +6  Q002 ", out, re.M), out)
    check("the two lines", shell(ours(take("printf "))) == (0, ""))
    code, out = shell(ours(take("build/clickbaton check -c")))
    check("check accepts them", code == 0, out)
    check("reloaded", shell(ours(take("kill -HUP"))) == (0, ""))
    replayed(ours, folder)
    code, out = shell(ours(take("build/clickbaton report -c")))
    check("the review of the week", code == 0 and "Signal health, the 7 days" in out and not re.search(r" x\d{2,}$", out, re.M), out)
    tail = Child(ours(take("build/clickbaton tail -c")).split(), ROOT)
    check("tail shows the newest", tail.says(r"c384EFV6JHQODRN70575OK6UG5|vpn-fr"), tail.text)
    check("and goes on until Ctrl-C", tail.process.poll() is None and tail.stop(signal.SIGINT) in (0, 130), tail.process.returncode)


def replayed(ours, folder):
    line = ours(take("build/clickbaton replay --since 24h -c"))
    for _ in range(100):  # the server reads its files on its own time; until then replay refuses
        code, out = shell(line)
        if code != 3:
            break
        time.sleep(0.05)
    check("six become events, the payout that nobody can read stays", code == 1 and "7 quarantined postbacks: 6 became 6 events, worth 30 USD" in out and re.search(r"^ +1  Q003 ", out, re.M), out)
    line = ours(take("build/clickbaton trace "))
    for _ in range(200):
        code, out = shell(line)
        if "delivered" in out:
            break
        time.sleep(0.05)
    check("trace finds it, delivered", code == 0 and re.search(r"event_id ev-93c7bd, 5 USD: delivered$", out, re.M) and "request id" in out, out)


def free_ports(n):
    taken = [socket.create_server(("127.0.0.1", 0)) for _ in range(n)]
    ports = [s.getsockname()[1] for s in taken]
    for s in taken:
        s.close()
    return ports


def own_folder(base):
    """Part 7: `clickbaton` is a command, the ports are free ones."""
    os.mkdir(os.path.join(base, "bin"))
    os.symlink(CLICKBATON, os.path.join(base, "bin/clickbaton"))
    os.environ["PATH"] = os.path.join(base, "bin") + ":" + os.environ["PATH"]
    code, out = shell(take("clickbaton init "), base)
    check("init writes a folder", code == 0 and "YOUR-KEY" in out and "/postback/nutra-de?key=" in out, out)
    my = os.path.join(base, take("cd my").split()[1])
    numbers = dict(zip(("8080", "9090", "8081"), free_ports(3)))
    conf = os.path.join(my, "clickbaton.yaml")
    text = open(conf).read()
    for was, port in numbers.items():
        check(f"init's folder uses port {was}", f"127.0.0.1:{was}" in text, text)
        text = text.replace(f"127.0.0.1:{was}", f"127.0.0.1:{port}")
    with open(conf, "w") as f:
        f.write(text)
    code, out = shell(take("clickbaton urls "), my)
    check("urls says what to paste", code == 0 and "https://pb.example/postback/nutra-de?key=YOUR-KEY&" in out and "https://trk.example/" in out, out)
    code, out = shell(take("clickbaton doctor"), my)
    check("doctor: nothing has failed, a conversion went the whole way", code == 0 and ", 0 failed" in out and "ok      conversion" in out, out)
    sandbox = Child(take("clickbaton sandbox").replace("8081", str(numbers["8081"])).split(), my)
    server = None
    try:
        check("the stand-in for TikTok", sandbox.says("listening on"), sandbox.text)
        server = Child(take("clickbaton serve").split(), my)
        check("serve", server.says(r"listening on"), server.text)
        code, out = shell(take("clickbaton inspect"), my) if len([c for c in COMMANDS if c == "clickbaton inspect"]) == 1 else (1, "no inspect")
        check("inspect", code == 0 and out.startswith(f"http://127.0.0.1:{numbers['9090']}/#token="), out)
    finally:
        ended = [c.stop() for c in (server, sandbox) if c]
    check("both end well", ended == [0, 0], ended)


def week():
    """The made-up week is the same each time, in order, and nothing in it is from the future."""
    spec = importlib.util.spec_from_file_location("history", os.path.join(ROOT, "examples/demo/history.py"))
    history = importlib.util.module_from_spec(spec)
    sys.dont_write_bytecode = True
    spec.loader.exec_module(history)
    for now in (1790000000, 1790041234.5, 1795710700):
        rows = list(history.Week(now).export())
        check(f"the week before {now} is the same again", rows == list(history.Week(now).export()))
        times = [r["at"] for r in rows if r["row"] == "postback"]
        clicks = [1000 * r["at"] for r in rows if r["row"] == "click"]
        check("in order, within seven days, none after", times == sorted(times) and max(times) <= now * 1000 and min(times + clicks) > (now - 7 * 86400) * 1000, (times[0], times[-1], min(clicks)))
        check("six of ten postbacks at least are events", len([r for r in rows if r["row"] == "event"]) > 0.6 * len(times) > 200)


def pictures():
    shown = re.findall(r"\]\(images/(walk-\S+?\.png)\)", PAGE)
    there = sorted(f for f in os.listdir(os.path.join(ROOT, "docs/images")) if f.startswith("walk-"))
    check("every picture of the walk is on the page, in order", shown == there and len(there) == 8, (shown, there))
    size = sum(os.path.getsize(os.path.join(ROOT, "docs/images", f)) for f in there)
    check("together under 600 kB", size < 600000, size)
    readme = open(os.path.join(ROOT, "README.md")).read()
    check("README links the page first", re.findall(r"\]\(([^)]+)\)", readme)[0] == "docs/getting-started.md")
    check("and in its list first", re.search(r"## Read on\n\n- \[(\S+)\]", readme).group(1) == "docs/getting-started.md")


base = tempfile.mkdtemp(prefix="clickbaton-start-")
try:
    pictures()
    week()
    demo()
    ends_by_itself()
    own_folder(base)
finally:
    shutil.rmtree(base, ignore_errors=True)
check("nothing is left beside the demo's files", sorted(os.listdir(os.path.join(ROOT, "examples/demo"))) == ["clickbaton.yaml", "history.py", "run.py"])
check("every command of the page was run", set(COMMANDS) == done, set(COMMANDS) ^ done)
print(f"{passed} passed, {failed} failed")
sys.exit(1 if failed else 0)
