"""What the end-to-end tests share: a folder with a configuration, the real programs on free loopback
ports, HTTP by http.client and by bare sockets, waiting with a bound, and checks that say what differs.

Whatever is started is ended by its pid when the test ends, however it ends."""
import atexit
import contextlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import urllib.parse

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BINARY = os.path.abspath(os.environ.get("CLICKBATON", os.path.join(ROOT, "build", "clickbaton")))


def sanitized():
    """Of what costs a sanitizer memory and time nothing is measured."""
    with contextlib.suppress(OSError), open(BINARY, "rb") as f:
        return re.search(rb"__[at]san_init", f.read()) is not None
    return False


SANITIZED = sanitized()
KEY = "k3y-of-the-postbacks-0123456789abcdef"
TOKEN = "t0ken-of-the-events-api-0123456789abcdef"
PIXEL, PIXEL2 = "C9EXAMPLEPIXEL00", "C9EXAMPLEPIXEL01"
TRACK = "/open_api/v1.3/event/track/"

# ---- checks ----

passed, failed = 0, 0


def say(line):
    print(line, flush=True)


def short(value, limit=900):
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= limit else text[:limit] + "... (%d in all)" % len(text)


def good(name):
    global passed
    passed += 1
    say("ok " + name)


def bad(name, why):
    global failed
    failed += 1
    say("FAILED %s: %s" % (name, short(str(why)).replace("\n", "\n    ")))


def true(name, condition, why="it is not so"):
    good(name) if condition else bad(name, why)
    return bool(condition)


def equal(name, got, want):
    return true(name, got == want, "got %s\nwanted %s" % (short(got), short(want)))


def has(name, text, *parts):
    """Every part stands in text."""
    missing = [p for p in parts if p not in text]
    return true(name, not missing, "no %s in %s" % (missing, short(text)))


def hasnt(name, text, *parts):
    there = [p for p in parts if p in text]
    return true(name, not there, "%s in %s" % (there, short(text)))


SHARE = int(os.environ.get("E2E_SHARE", "1"))


def share_of(rows):
    """All of a long list of runs that differ in their text alone; with E2E_SHARE=n in the environment every
    n-th of them: the sanitizers, where a run costs four times as much, take a part of what the plain
    build takes whole."""
    return rows[::SHARE]


parts = []


def part(function):
    """A test function; an exception in it is one failed check."""
    parts.append(function)
    return function


def slow(function):
    """A part that waits long for what must not come, and so belongs to `make test-postgres` alone, which says SLOW=1."""
    return part(function) if os.environ.get("SLOW") else function


def main():
    """Run the parts in order (or those named on the command line); never returns."""
    wanted = sys.argv[1:]
    if not os.access(BINARY, os.X_OK):
        bad("the program", "%s is not there: make, or set CLICKBATON" % BINARY)
    else:
        for function in parts:
            if wanted and function.__name__ not in wanted:
                continue
            try:
                function()
            except Exception as e:
                last = traceback.extract_tb(e.__traceback__)[-1]
                bad(function.__name__, "%s: %s (%s:%d)" % (type(e).__name__, e,
                                                           os.path.basename(last.filename),
                                                           last.lineno))
            finally:
                end_all()
    say("%d passed, %d failed" % (passed, failed))
    sys.exit(1 if failed else 0)


def wait_until(what, condition, seconds=20, every=0.02):
    """The first true answer of condition; a TimeoutError that says what was waited for."""
    end = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > end:
            raise TimeoutError("waited %g s for %s" % (seconds, what))
        time.sleep(every)


# ---- folders ----

folders = []


class Folder:
    """A temporary folder with clickbaton.yaml, keys, and the offer nutra-de."""

    def __init__(self, endpoint="http://127.0.0.1:9" + TRACK, offers=("nutra-de",), **more):
        self.path = self.made = tempfile.mkdtemp(prefix="clickbaton-e2e-")  # a test may go on in a folder inside
        folders.append(self)
        self.mounted = False
        self.write("keys/postback", KEY + "\n", 0o600)
        self.write("keys/tiktok", TOKEN + "\n", 0o600)
        for name in offers:
            self.write("offers/%s.yaml" % name, offer_text(name))
        self.config(endpoint, **more)

    def config(self, endpoint, listen="127.0.0.1:0", admin="127.0.0.1:0", pixels=None, extra=""):
        self.endpoint = endpoint
        pixels = pixels or {PIXEL: "{token: {file: ./keys/tiktok}}"}
        self.write("clickbaton.yaml", "version: 1\nlisten: %s\nadmin: %s\ndata: ./data\n"
                   "offers: ./offers\nkey: {file: ./keys/postback}\ntiktok:\n  endpoint: %s\n"
                   "  pixels:\n%s%s" % (listen, admin, endpoint,
                                        "".join("    %s: %s\n" % p for p in pixels.items()), extra))

    def at(self, name):
        return os.path.join(self.path, name)

    def write(self, name, text, mode=0o644):
        path = self.at(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        data = text if isinstance(text, bytes) else text.encode()
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        with os.fdopen(fd, "wb") as f:
            f.write(data)
        os.chmod(path, mode)
        return path

    def read(self, name):
        with open(self.at(name), "rb") as f:
            return f.read()

    edited = False  # a test that writes into the store behind the program's back says so

    def verify(self):
        """Whatever a test was about: every row, checksum, index and count of the store it leaves is in order."""
        if not self.edited and os.path.exists(self.at("data/clickbaton.db")):
            r = run("store", "verify", "data", cwd=self.path)
            if r.code != 0:
                bad("store verify after the server's orderly end", short(r.out + r.err))

    def remove(self):
        if self.mounted:
            subprocess.run(["umount", self.at("data")], stderr=subprocess.DEVNULL)
        shutil.rmtree(self.made, ignore_errors=True)

    # ---- the store, as any user would open it ----

    def rows(self, sql, *arguments):
        """Rows as dicts.  The file is opened for reading only."""
        db = sqlite3.connect("file:%s?mode=ro" % self.at("data/clickbaton.db"), uri=True, timeout=10)
        try:
            db.row_factory = sqlite3.Row
            db.text_factory = lambda b: b.decode("utf-8", "surrogateescape")
            return [dict(r) for r in db.execute(sql, arguments)]
        finally:
            db.close()

    def stored_bytes(self):
        """All bytes of the store, the log and the index files included."""
        out = b""
        for base, _, names in os.walk(self.at("data")):
            for name in sorted(names):
                if os.path.isfile(os.path.join(base, name)):  # not the control socket
                    with open(os.path.join(base, name), "rb") as f:
                        out += f.read()
        return out


def offer_text(name, pixel=PIXEL, more=""):
    """The offer of the design's section 5, without its tests."""
    return """version: 1
offer: %s
extends: keitaro
pixel: %s
page_url: https://lander.example/nutra
origins: [https://lander.example]
value_currency: USD
events:
  lead:     {event: Lead, value: {tiers: {raw: 10, verified: 30, qualified: 60}, by: "{param.quality}", default: raw}}
  sale:     {event: Purchase, value: payout, min: 0.01, max: 500}
  rebill:   {event: Purchase, value: payout, repeatable: true}
  rejected: ignore
properties:
  content_type: product
  contents: [{content_id: %s, content_name: Nutra DE, quantity: 1, price: value}]
  order_id: "{txid}"
user:
  email: "{param.email}"
  phone: {from: "{param.phone}", country: DE}
  external_id: "{click_id}"
%s""" % (name, pixel, name, more)


# ---- programs ----

children = []
SANITIZER = re.compile(r"(ERROR: \w+Sanitizer|runtime error:|WARNING: ThreadSanitizer)[^\n]*")


def no_sanitizer_word(what, text):
    found = SANITIZER.search(text)
    if found:
        bad("no sanitizer finding in " + what, text[found.start():found.start() + 3000])


class Result:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    def __repr__(self):
        return "exit %s, stdout %r, stderr %r" % (self.code, short(self.out), short(self.err))


def run(*arguments, stdin=None, cwd=None, seconds=60):
    """The program with these arguments, to its end."""
    data = stdin if isinstance(stdin, bytes) else stdin.encode() if stdin is not None else b""
    p = subprocess.run([BINARY] + [a if isinstance(a, bytes) else str(a) for a in arguments],
                       input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=cwd,
                       timeout=seconds)
    result = Result(p.returncode, p.stdout.decode("utf-8", "replace"),
                    p.stderr.decode("utf-8", "replace"))
    no_sanitizer_word("`%s`" % " ".join(short(str(a), 60) for a in arguments), result.err)
    return result


def without_advice(err):
    """The lines of stderr that are no remarks about parameters."""
    return [line for line in err.splitlines() if "note[M050]" not in line]


def everybodys_binary():
    """A copy where a program that gave up root's rights can run it, wherever the checkout lies."""
    global copied
    if not copied:
        folder = tempfile.mkdtemp(prefix="clickbaton-binary-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        os.chmod(folder, 0o755)
        copied = shutil.copy(BINARY, os.path.join(folder, "clickbaton"))
    return copied


copied = None


class Program:
    """One of ours in the background; its output goes to files.  before: a command that ends by running another."""

    def __init__(self, arguments, log, cwd=None, preexec=None, before=()):
        binary = everybodys_binary() if preexec else BINARY
        self.log = log
        self.name = os.path.basename(log)
        with open(log + ".out", "wb") as out, open(log + ".err", "ab") as err:
            self.process = subprocess.Popen(list(before) + [binary] + arguments, stdin=subprocess.DEVNULL,
                                            stdout=out, stderr=err, cwd=cwd, preexec_fn=preexec)
        self.pid = self.process.pid
        children.append(self)

    def out(self):
        with open(self.log + ".out", "rb") as f:
            return f.read().decode("utf-8", "replace")

    def err(self):
        with open(self.log + ".err", "rb") as f:
            return f.read().decode("utf-8", "replace")

    def running(self):
        return self.process.poll() is None

    def wait_line(self, pattern, seconds=30):
        """Groups of the first match in what it has printed."""
        def look():
            found = re.search(pattern, self.out())
            if not found and not self.running():
                raise RuntimeError("%s ended with %s: %s" % (self.name, self.process.returncode,
                                                            short(self.err())))
            return found
        return wait_until("%s to say where it listens" % self.name, look, seconds).groups()

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, seconds=30):
        """Its exit code."""
        self.process.wait(seconds)
        if self in children:
            children.remove(self)
            no_sanitizer_word(self.name, self.err())
        return self.process.returncode

    def stop(self, seconds=30):
        """SIGTERM, and its exit code."""
        if self.running():
            self.signal(signal.SIGTERM)
        return self.wait(seconds)

    def kill(self):
        if self.running():
            self.signal(signal.SIGKILL)
        return self.wait()


class Serve(Program):
    def __init__(self, folder, preexec=None, seconds=30, start=True, options=(), before=()):
        self.folder = folder
        super().__init__(["serve", "-c", "clickbaton.yaml"] + list(options), folder.at("serve"),
                         cwd=folder.path, preexec=preexec, before=before)
        if start:
            found = self.wait_line(r"listening on http://[\d.]+:(\d+), "
                                   r"admin on http://127\.0\.0\.1:(\d+)", seconds)
            self.port, self.admin = int(found[0]), int(found[1])

    def wait(self, seconds=30):
        code = super().wait(seconds)
        if code == 0:
            self.folder.verify()
        return code

    def ready(self):
        """/readyz: (status, its JSON)."""
        a = request(self.admin, "GET", "/readyz")
        return a.status, json.loads(a.body)

    def get(self, target, **headers):
        return request(self.port, "GET", target, headers=named(headers))

    def fire(self, query, offer="nutra-de", key=KEY, **headers):
        """A postback by GET."""
        return self.get("/postback/%s?key=%s&%s" % (offer, key, query), **headers)

    def verdict(self, query, offer="nutra-de"):
        """A postback by GET; (status, the verdict's JSON)."""
        a = self.fire(query, offer, Accept="application/json")
        return a.status, json.loads(a.body)

    def reload(self, failed=False):
        """SIGHUP, until it is done."""
        word = "reload failed" if failed else 'msg="reloaded"'
        before = self.err().count(word)
        self.signal(signal.SIGHUP)
        wait_until("the reload", lambda: self.err().count(word) > before)


def silent(folder):
    """A server on a store without a postback of the last two weeks: it removes nothing, and takes one."""
    serve = Serve(folder)
    has("it says why nothing is removed", serve.err(), "nothing is removed for a day: since the newest postback in the store came",
        "is the clock right?")
    before = folder.rows("SELECT * FROM counts")
    serve.fire("subid=q2&status=what-is-this")
    time.sleep(1.2)  # its first step comes a second after the start
    after = folder.rows("SELECT * FROM counts")
    equal("nothing is removed", [after[0][n] - before[0][n] for n in ("clicks", "postbacks", "delivered")], [0, 1, 0])
    hasnt("and nothing said", serve.err(), "what is old was removed")
    serve.stop()


class Sandbox(Program):
    def __init__(self, *options, folder=None, port=0):
        self.folder = folder or Folder()
        super().__init__(["sandbox", "--quiet", "--rate", "1000000", "--listen",
                          "127.0.0.1:%d" % port] + list(options),
                         self.folder.at("sandbox"))
        self.port = int(self.wait_line(r"listening on http://127\.0\.0\.1:(\d+)")[0])
        self.endpoint = "http://127.0.0.1:%d%s" % (self.port, TRACK)

    def json(self, target):
        return json.loads(request(self.port, "GET", target, seconds=30).body)

    def stats(self):
        return self.json("/stats")

    def events(self, **query):
        out = self.json("/events" + ("?" + urllib.parse.urlencode(query) if query else ""))
        return out if isinstance(out, list) else out["events"]


def end_all():
    """Programs that a test has left, and its folders."""
    for p in list(children):
        p.kill()
    while folders:
        folders.pop().remove()


atexit.register(end_all)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
for number in (signal.SIGHUP, signal.SIGQUIT):  # ignored when we run in the background, and so by our programs
    signal.signal(number, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


# ---- HTTP ----

class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body.decode("utf-8", "replace")

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return "%s %r" % (self.status, short(self.body))


def named(headers):
    """User_Agent="x" as a header's name."""
    return {k.replace("_", "-"): v for k, v in headers.items()}


def request(port, method, target, body=None, headers=None, seconds=20):
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
    try:
        return ask(c, method, target, body, headers)
    finally:
        c.close()


def ask(connection, method, target, body=None, headers=None):
    """On a kept connection."""
    connection.request(method, target, body, headers or {})
    r = connection.getresponse()
    return Answer(r.status, r.headers, r.read())


def raw(port, data, seconds=20, pieces=None):
    """Bytes as they are; everything that comes back until the other side closes or is silent."""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as s:
        for piece in pieces or [data]:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                s.sendall(piece)
        return read_all(s)


def read_all(s):
    out = b""
    with contextlib.suppress(TimeoutError, socket.timeout, ConnectionResetError):
        while True:
            more = s.recv(65536)
            if not more:
                break
            out += more
    return out.decode("utf-8", "replace")


# ---- load ----

class Load:
    """Postbacks with ids of their own on kept connections, from threads, until stop or the end."""

    def __init__(self, serve, prefix, connections=8, count=None, offers=("nutra-de",), pause=0):
        self.port, self.prefix, self.count, self.offers = serve.port, prefix, count, offers
        self.pause = pause
        self.taken, self.other, self.lock, self.next = [], [], threading.Lock(), 0
        self.stopping = False
        self.threads = [threading.Thread(target=self._run, daemon=True) for _ in range(connections)]
        for t in self.threads:
            t.start()

    def _id(self):
        with self.lock:
            if self.stopping or self.next == self.count:
                return None, None
            self.next += 1
            return "%s-%d" % (self.prefix, self.next), self.offers[self.next % len(self.offers)]

    def _run(self):
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        while True:
            id, offer = self._id()
            if id is None:
                return
            if self.pause:
                time.sleep(self.pause)
            try:
                a = ask(c, "GET", "/postback/%s?key=%s&subid=%s&external_id=E.C.P.%s&status=sale"
                        "&payout=1&currency=usd" % (offer, KEY, id, id))
            except (OSError, http.client.HTTPException) as e:
                with self.lock:
                    self.other.append((id, type(e).__name__))
                if self.stopping or self.count is None:
                    return
                c.close()
                continue
            with self.lock:
                self.taken.append(id) if a.status == 200 else self.other.append((id, a.status))

    def stop(self):
        self.stopping = True
        return self.wait()

    def wait(self):
        """Ids that were answered 200."""
        for t in self.threads:
            t.join(120)
        return self.taken
