"""tail and top beside a running server: what comes, what becomes of it, restarts, pipes, terminals, hostile values."""
import fcntl
import pty
import select
import sqlite3
import struct
import termios

import ledger_text
from harness import *

HOSTILE = "%1b%5b2J%1b%5d0;x%07%c2%9b31m%e2%80%ae%3Cscript%3E"


class Follower:
    """tail or top with its output in a pipe."""

    def __init__(self, folder, *words):
        self.p = subprocess.Popen([BINARY, *words], cwd=folder.path, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  env=dict(os.environ, NO_COLOR="1"))
        children.append(self)
        self.name, self.text = words[0], ""
        os.set_blocking(self.p.stdout.fileno(), False)

    def read(self):
        data = self.p.stdout.read()
        self.text += data.decode("utf-8", "replace") if data else ""
        return self.text

    def wait_for(self, text, seconds=20):
        return wait_until("%s to say %r" % (self.name, text), lambda: text in self.read() and self.text, seconds)

    def interrupt(self, number=signal.SIGINT):
        """Exit code and stderr."""
        self.p.send_signal(number)
        code = self.p.wait(20)
        self.read()
        err = self.p.stderr.read().decode()
        children.remove(self)
        no_sanitizer_word(self.name, err)
        return code, err

    def kill(self):
        self.p.kill()
        self.p.wait()
        children.remove(self)


def rows(text):
    return [json.loads(line) for line in text.splitlines()]


@part
def follows():
    sandbox = Sandbox()
    folder = Folder(endpoint=sandbox.endpoint, offers=("nutra-de", "crypto"))
    server = Serve(folder)
    for i in range(1, 4):
        server.verdict("subid=old%d&status=sale&payout=1.5&currency=usd&tid=%d" % (i, i))
    people, programs = Follower(folder, "tail", "-n", "2"), Follower(folder, "tail", "--json", "-n", "1")
    people.wait_for("old3")
    programs.wait_for("old3")
    hasnt("-n 2 shows two", people.text, "old1")
    bad = Follower(folder, "tail", "--verdict", "quarantined", "-n", "0", "--json")
    purchases = Follower(folder, "tail", "--event", "Purchase", "--offer", "crypto", "-n", "0", "--json")
    wait_until("the pages before", lambda: len(rows(programs.read())) >= 1)
    time.sleep(0.4)
    server.verdict("subid=fresh&status=sale&payout=12,50&currency=eur&tid=9")
    server.verdict("subid=fresh&status=sale&payout=12,50&currency=eur&tid=9")
    server.verdict("subid=odd&status=" + HOSTILE)
    server.verdict("subid=lead&status=lead", offer="crypto")
    server.verdict("subid=paid&status=sale&payout=3&currency=usd&tid=10", offer="crypto")
    people.wait_for("paid")
    for f in (people, programs, purchases):
        wait_until("the delivery", lambda: re.search("delivered.*paid|paid.*delivered", f.read()))
    bad.wait_for("odd")
    got = [r for r in rows(programs.text) if r["click_id"] == "fresh"]
    stored = folder.rows("SELECT * FROM conversions WHERE click_id = 'fresh' ORDER BY id")
    equal("a row as JSON: as it came", [(got[0][k]) for k in ("id", "offer", "tracker", "stage", "verdict", "code", "click_id",
                                                              "ttclid", "event_id", "txid")],
          [stored[0]["id"], "nutra-de", "keitaro", "sale", "queued", "", "fresh", "", "fresh", "9"])
    equal("its members", list(got[0]), ["id", "at", "offer", "tracker", "stage", "verdict", "code", "reason", "click_id", "ttclid",
                                        "event_id", "txid", "warnings", "events"])
    true("its time", re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", got[0]["at"]), got[0]["at"])
    last = [r for r in got if r["verdict"] == "queued"][-1]["events"]
    event = last[0]
    equal("its event", (len(last), event["event"], event["event_id"], event["pixel"], event["state"], event["currency"],
                        event["answer"]), (1, "Purchase", "fresh", PIXEL, "delivered", "USD",
                                           {"http_status": 200, "code": 0, "message": "OK"}))
    body = json.loads(folder.rows("SELECT body FROM ledger WHERE event_id = 'fresh'")[0]["body"])
    equal("its value, exact", event["value"], "%g" % body["properties"]["value"])
    true("its latency", isinstance(event["latency_ms"], int) and 0 <= event["latency_ms"] < 60000, event)
    equal("the duplicate", [(r["verdict"], r["code"], r["events"]) for r in got if r["id"] == stored[1]["id"]],
          [("duplicate", "D001", [])])
    equal("--verdict", [(r["click_id"], r["verdict"]) for r in rows(bad.read())], [("odd", "quarantined")])
    equal("--event and --offer", {r["click_id"] for r in rows(purchases.text)}, {"paid"})
    true("nothing that a terminal obeys", not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", people.text), people.text)
    has("but the word is told", people.text, "<script>")
    order = [people.text.index(w) for w in ("old2", "old3", "fresh", "odd", "lead", "paid")]
    equal("the newest is at the bottom", order, sorted(order))
    equal("the server ends beside its readers", server.stop(), 0)
    server = Serve(folder)
    server.verdict("subid=again&status=sale&payout=3&currency=usd&tid=11")
    people.wait_for("again")
    wait_until("the delivery after a restart", lambda: re.search("delivered.*again", people.read()))
    programs.wait_for('"again"')
    server.kill()
    server = Serve(folder)
    server.verdict("subid=killed&status=sale&payout=3&currency=usd&tid=12")
    people.wait_for("killed")
    programs.wait_for(chr(34) + "killed" + chr(34))
    equal("Ctrl-C: 0, silent", people.interrupt(), (0, ""))
    equal("SIGTERM: 0, silent", programs.interrupt(signal.SIGTERM), (0, ""))
    ids = [r["id"] for r in rows(programs.text)]
    equal("every conversion since the first, none left out", sorted(set(ids)),
          [r["id"] for r in folder.rows("SELECT id FROM conversions ORDER BY id")][2:])
    bad.interrupt(), purchases.interrupt()


@part
def refused():
    """Events that TikTok refuses, and one that is tried again."""
    sandbox = Sandbox("--fault", "429:1.0")
    folder = Folder(endpoint=sandbox.endpoint)
    server = Serve(folder)
    follower, people = Follower(folder, "tail", "--json"), Follower(folder, "tail")
    time.sleep(0.4)
    server.verdict("subid=busy&status=sale&payout=3&currency=usd&tid=1")
    wait_until("a first attempt", lambda: any(e["answer"] for r in rows(follower.read()) for e in r["events"]))
    wait_until("a second attempt is told as well",
               lambda: sum(e["answer"] is not None for r in rows(follower.read()) for e in r["events"]) > 1)
    e = [e for r in rows(follower.text) for e in r["events"] if e["answer"]][0]
    equal("tried again", (e["state"], e["latency_ms"], e["answer"]["http_status"]), ("waiting", None, 429))
    people.wait_for("tried again")
    frame = json.loads(run("top", "--frames", "1", "--json", cwd=folder.path).out)
    equal("top: it waits", (frame["waiting"] + frame["sending"], frame["offers"][0]["waiting"],
                            frame["offers"][0]["events"][0]["waiting"]), (1, 1, 1))
    true("top: since when", frame["oldest"] and frame["offers"][0]["waiting_since"], frame)
    true("top: what TikTok says", [a["again"] >= 1 and a["delivered"] == 0 for a in frame["answers"]] == [True], frame)
    follower.interrupt(), people.interrupt()


@part
def by_what_became_of_them():
    sandbox = Sandbox("--fault", "first=1:code=40062")
    folder = Folder(endpoint=sandbox.endpoint)
    server = Serve(folder)
    people, programs = Follower(folder, "tail", "--state", "refused"), Follower(folder, "tail", "--state", "refused", "--json")
    good_ones, waiting = Follower(folder, "tail", "--state", "delivered", "--event", "Purchase", "--json"), Follower(folder, "tail", "--state", "waiting", "--json")
    time.sleep(0.4)
    server.verdict("subid=bad&status=sale&payout=3&currency=usd&tid=1")
    people.wait_for("40062")
    programs.wait_for('"bad"')
    server.verdict("subid=good&status=sale&payout=3&currency=usd&tid=2")
    server.verdict("subid=odd&status=" + HOSTILE)
    server.verdict("subid=lead&status=lead")
    good_ones.wait_for('"good"')
    wait_until("the deliveries", lambda: folder.rows("SELECT count(*) n FROM ledger WHERE state = 'delivered'")[0]["n"] == 2)
    time.sleep(0.6)
    equal("refused: for people its conversion, then its event", [re.sub(r"^[\d:.]{12} +", "", line)[:44].split() for line in people.read().splitlines()],
          [["nutra-de", "keitaro", "sale", "queued"], ["nutra-de", "Purchase", "dead"]])
    equal("for programs", [(r["click_id"], [e["state"] for e in r["events"]]) for r in rows(programs.read())], [("bad", ["dead"])])
    equal("delivered, of one name", [(r["click_id"], [e["state"] for e in r["events"]]) for r in rows(good_ones.read())], [("good", ["delivered"])])
    true("waiting: as it came", all(e["state"] in ("waiting", "sending") for r in rows(waiting.read()) for e in r["events"]), waiting.text)
    for f in (people, programs, good_ones, waiting):
        equal("Ctrl-C: 0, silent", f.interrupt(), (0, ""))
    for words, want in ((("--state", "refused"), ["bad"]), (("--state", "dead"), ["bad"]), (("--state", "delivered"), ["good", "lead"]), (("--state", "waiting"), []),
                        (("--state", "withdrawn"), []), (("--state", "delivered", "--event", "Lead"), ["lead"]), (("--state", "refused", "--event", "Lead"), []),
                        (("--state", "delivered", "-n", "1"), ["lead"]), (("--state", "refused", "--since", "1h"), ["bad"])):
        r = run("tail", "--once", "--json", *words, cwd=folder.path)
        equal("tail " + " ".join(words), (r.code, [x["click_id"] for x in rows(r.out)]), (0, want))


@part
def pipes():
    folder = Folder(endpoint=Sandbox().endpoint)
    server = Serve(folder)
    for i in range(30):
        server.verdict("subid=c%d&status=sale&payout=3&currency=usd&tid=%d" % (i, i))
    for words in (("tail", "-n", "30"), ("tail", "--json", "-n", "30"), ("top",), ("top", "--json", "--interval", "1s")):
        p = subprocess.Popen([BINARY, *words], cwd=folder.path, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        p.stdout.readline()
        p.stdout.close()  # as `head -1` does
        equal("%s: the reader is gone: 0" % " ".join(words), (p.wait(20), p.stderr.read().decode()), (0, ""))
        p.stderr.close()
    for words in (("tail", "-n", "30"), ("top",)):
        end, ours = os.pipe()
        os.close(end)
        p = subprocess.run([BINARY, *words], cwd=folder.path, stdout=ours, stderr=subprocess.PIPE, timeout=20)
        os.close(ours)
        equal("%s: nobody has ever read: 0" % words[0], (p.returncode, p.stderr), (0, b""))
    r = subprocess.run("exec %s tail -n 3 > /dev/full" % BINARY, shell=True, cwd=folder.path, stderr=subprocess.PIPE)
    equal("tail: a full disk: 4", (r.returncode, b"can't be written" in r.stderr), (4, True))
    since = Follower(folder, "tail", "--since", "1h", "--json")
    wait_until("all since then", lambda: len({r["id"] for r in rows(since.read())}) == 30)
    since.interrupt()
    frames = Follower(folder, "top", "--interval", "1s", "--json")
    wait_until("two frames", lambda: frames.read().count("\n") >= 2)
    for i in range(30, 40):
        server.verdict("subid=c%d&status=sale&payout=3&currency=usd&tid=%d" % (i, i))
    wait_until("what came", lambda: frames.read().endswith("\n") and rows(frames.text)[-1]["offers"][0]["delivered"] == 40)
    frames.interrupt()
    first, last = rows(frames.text)[0], rows(frames.text)[-1]
    o = last["offers"][0]
    equal("top: the last frame", {k: o[k] for k in ("offer", "received", "queued", "duplicate", "ignored", "quarantined", "made",
                                                    "delivered", "given_up", "waiting", "waiting_since")},
          dict(offer="nutra-de", received=40, queued=40, duplicate=0, ignored=0, quarantined=0, made=40, delivered=40,
               given_up=0, waiting=0, waiting_since=None))
    ms = lambda f: time.mktime(time.strptime(f["at"][:19], "%Y-%m-%dT%H:%M:%S")) * 1000 + int(f["at"][20:23])
    equal("top: no rate at first", first["offers"][0]["per_minute"], None)
    equal("top: then exactly what came in the time", o["per_minute"], int(10 * 600000 // (ms(last) - ms(first))) / 10)
    equal("top: events", [(e["event"], e["made"], e["delivered"]) for e in o["events"]], [("Purchase", 40, 40)])


class Terminal:
    def __init__(self, folder, *words, columns=100, lines=30, env=()):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            try:
                os.chdir(folder.path)
                os.execve(BINARY, [BINARY, *words], {**os.environ, "TERM": "xterm", **dict(env)})
            finally:
                os._exit(127)
        self.text = ""
        self.resize(columns, lines)

    def resize(self, columns, lines):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def read(self, seconds=0.05):
        while select.select([self.fd], [], [], seconds)[0]:
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                break
            if not data:
                break
            self.text += data.decode("utf-8", "replace")
        return self.text

    def frame(self):
        """The lines of the last whole frame, without escape sequences; [] before there is one."""
        whole = self.read().split("\x1b[H")[1:]
        whole = [f for f in whole if f.endswith("\x1b[J") or "\x1b[J" in f]
        return [re.sub("\x1b\\[[0-9;?]*[a-zA-Z]", "", line).rstrip("\r") for line in whole[-1].split("\n")] if whole else []

    def end(self):
        """Ctrl-C typed; the exit code."""
        os.write(self.fd, b"\x03")
        code = []
        def gone():
            self.read()
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            code.append(os.waitstatus_to_exitcode(status)) if pid else None
            return pid
        wait_until("it to end", gone)
        os.close(self.fd)
        return code[0]


@part
def terminals():
    folder = Folder(endpoint=Sandbox().endpoint)
    server = Serve(folder)
    for i in range(30):
        server.verdict("subid=c%d&status=sale&payout=3&currency=usd&tid=%d" % (i, i))
    server.verdict("subid=odd&status=" + HOSTILE)
    wait_until("the delivery", lambda: folder.rows("SELECT count(*) n FROM ledger WHERE state = 'delivered'")[0]["n"] == 30)
    top = Terminal(folder, "top", "--interval", "1s", columns=130)
    wait_until("a frame", lambda: "Purchase" in "".join(top.frame()))
    wait_until("a frame as wide as the window", lambda: "ignored" in "".join(top.frame()))
    has("its columns", "".join(top.frame()), "/min", "recv", "queued", "quar", "events", "deliv", "waiting", "p50", "p95")
    true("not wider than the window", all(len(line) <= 130 for line in top.frame()), top.frame())
    has("a screen of its own", top.text, "\x1b[?1049h", "\x1b[?25l")
    top.resize(80, 5)
    wait_until("a narrow frame", lambda: top.frame() and all(len(line) <= 80 for line in top.frame()) and
               "ignored" not in "".join(top.frame()) and len(top.frame()) == 5)
    has("what matters stays", top.frame()[4], "/min", "recv", "quar", "events", "deliv", "waiting")
    top.resize(40, 9)
    wait_until("a very narrow frame", lambda: top.frame() and all(len(line) <= 40 for line in top.frame()))
    equal("what matters most stays", (top.frame()[4].split(), top.frame()[6].split()),
          (["offer,", "event", "quar", "deliv", "waiting"], ["Purchase", "100", "%", "0"]))
    equal("Ctrl-C: 0", top.end(), 0)
    has("the screen is given back", top.text[-40:], "\x1b[?25h\x1b[?1049l")
    tail = Terminal(folder, "tail", "-n", "3", columns=90)
    wait_until("the conversions", lambda: "odd" in tail.read())
    has("painted", tail.text, "\x1b[32mdelivered", "\x1b[31mquarantined")
    hasnt("but not by what came in", tail.text, "\x1b[2J", "\x1b]0", "\u009b")
    plain = [re.sub("\x1b\\[[0-9]*m", "", line).rstrip("\r") for line in tail.text.split("\n")]
    true("not wider than the window", all(len(line) <= 90 for line in plain), max(plain, key=len))
    true("90 columns are enough for one line", any(re.match(r"[\d:.]{12}  nutra-de +keitaro +quarantined odd", line) for line in plain), plain)
    equal("tail, Ctrl-C: 0", tail.end(), 0)
    narrow = Terminal(folder, "tail", "-n", "3", columns=40, env={"NO_COLOR": "1"})
    wait_until("the conversions", lambda: "Q002" in narrow.read())
    lines = narrow.text.replace("\r", "").split("\n")
    true("not wider than a narrow window", all(len(line) <= 40 for line in lines), max(lines, key=len))
    equal("a narrow window loses nothing: whose, what, which, in what time",
          [re.sub(r"^[\d:.]{12}", "TIME", re.sub(r"\d+ ms", "N ms", line)) for line in lines[:4]],
          ["TIME  nutra-de       queued", "    keitaro sale c28 W021", "TIME    Purchase     delivered", "    USD 3.00 in N ms c28"])
    narrow.end()
    tail = Terminal(folder, "tail", "-n", "3", env={"NO_COLOR": "1"})
    wait_until("the conversions", lambda: "odd" in tail.read())
    hasnt("NO_COLOR", tail.text, "\x1b")
    tail.end()
    tail = Terminal(folder, "tail", "-n", "3", "--once", env={"TERM": "dumb"})
    wait_until("the conversions", lambda: "odd" in tail.read())
    hasnt("a terminal that can't: no colours", tail.text, "\x1b")
    os.waitpid(tail.pid, 0)
    os.close(tail.fd)
    dumb = Terminal(folder, "top", "--frames", "1", env={"TERM": "dumb"})
    wait_until("a table", lambda: "Purchase" in dumb.read())
    hasnt("a terminal that can't: plain tables", dumb.text, "\x1b")
    os.waitpid(dumb.pid, 0)
    os.close(dumb.fd)


@part
def a_backlog():
    """What waits since hours is shown, although nothing has come since."""
    folder, at = Folder(), time.time() - 5 * 3600
    p = ledger_text.postback(at)
    tries = [dict(at=int(at * 1000) + 9, took_ms=1, pixel=PIXEL, http_status=503, code=-1, message="no")]
    i = run("store", "import", "-", folder.at("data"), stdin=ledger_text.text((), [p], tries, [ledger_text.event(1, p, PIXEL, 1, [1])]))
    equal("a ledger to begin with", i.code, 0)
    frame = json.loads(run("top", "--frames", "1", "--json", cwd=folder.path).out)
    hour = time.strftime("%Y-%m-%dT%H:00:00.000Z", time.gmtime(at))
    equal("top: what waits since long", [(o["offer"], o["received"], o["waiting"], o["waiting_since"],
                                          [(e["event"], e["waiting"]) for e in o["events"]]) for o in frame["offers"]],
          [("nutra-de", 0, 1, hour, [("Purchase", 1)])])


@part
def more_than_it_shows():
    """A table that can't be made is said, and no success."""
    folder = Folder()
    Serve(folder).stop()
    hour = int(time.time()) // 3600 * 3600
    db = sqlite3.connect(folder.at("data/clickbaton.db"))
    with db:
        for i in range(5001):
            name = db.execute("INSERT INTO names(text) VALUES (?)", ("o%d" % i,)).lastrowid
            db.execute("INSERT INTO tallies(hour, offer, kind, name, slot, n, sum) VALUES (?, ?, 1, 0, 0, 1, 0)", (hour, name))
    db.close()
    for words in (("top", "--frames", "1"), ("top", "--frames", "1", "--json"), ("report",)):
        r = run(*words, cwd=folder.path)
        equal("%s of too many offers: 4" % " ".join(words), (r.code, r.out, r.err), (4, "",
              "clickbaton %s: there are more than 5000 offers and events: name one with --offer\n" % words[0]))
    r = run("top", "--frames", "1", "--json", "--offer", "o17", cwd=folder.path)
    equal("one of them is shown", (r.code, [(o["offer"], o["clicks"]) for o in json.loads(r.out)["offers"]]), (0, [("o17", 1)]))


@part
def another_store():
    """Another store is put into the folder while tail and top look on, as a restore does."""
    folder = Folder()
    server = Serve(folder)
    for i in range(5):
        server.verdict("subid=old%d&status=sale&payout=3&currency=usd&tid=%d" % (i, i))
    tail, top = Follower(folder, "tail"), Follower(folder, "top", "--interval", "1s", "--json")
    tail.wait_for("old4")
    wait_until("a frame", lambda: '"received":5' in top.read())
    server.stop()
    os.rename(folder.at("data"), folder.at("away"))
    server = Serve(folder)
    time.sleep(0.6)  # tail has noticed by then, or never will
    server.verdict("subid=anew&status=sale&payout=3&currency=usd&tid=1")
    tail.wait_for("anew")
    wait_until("top: what the other store has", lambda: [o["received"] for o in rows(top.read()[:top.text.rfind("\n") + 1])[-1]["offers"]] == [1])
    equal("Ctrl-C: 0, silent", (tail.interrupt(), top.interrupt()), ((0, ""), (0, "")))


@part
def mistakes():
    folder = Folder()
    for words, said in ((("tail", "--verdict", "quarantene"), 'did you mean "quarantined"?'),
                        (("tail", "--state", "gone"), '--state takes waiting, delivered, refused or withdrawn, not "gone"'), (("tail", "--state", ""), "--state takes"),
                        (("tail", "-n", "10001"), "-n takes a number from 0 to 10000"), (("tail", "-n", "x"), "needs a whole number"),
                        (("tail", "--since", "today"), "--since takes an age"), (("tail", "--jason"), "did you mean --json?"),
                        (("top", "--interval", "0s"), "--interval takes a time from 1s to 1h"), (("top", "x"), "unexpected argument"),
                        (("top", "--frames", "-1"), "--frames takes a number")):
        r = run(*words, cwd=folder.path)
        equal("%s: 2" % " ".join(words), (r.code, r.out, said in r.err), (2, "", True))
    for verb in ("tail", "top"):
        r = run(verb, cwd=folder.path)
        equal("%s: no store: 4" % verb, (r.code, r.out, "start `clickbaton serve` first" in r.err), (4, "", True))
        r = run(verb, "-c", "none.yaml", cwd=folder.path)
        equal("%s: no configuration: 3" % verb, (r.code, "none.yaml" in r.err), (3, True))


main()
