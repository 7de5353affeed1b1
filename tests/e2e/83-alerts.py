#!/usr/bin/env python3
"""Alerts of a running server: what fires and is over, to whom it is told, what a restart changes, and receivers that
hang, say no or die, which hinder nobody."""
import http.server

from harness import *


class Hooks(http.server.ThreadingHTTPServer):
    """Takes what webhooks and bots are sent."""
    daemon_threads = True

    def __init__(self, status=200, hang=False):
        super().__init__(("127.0.0.1", 0), Hook)
        self.status, self.hang, self.got = status, hang, []
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_):
        pass


class Hook(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((self.path, json.loads(body)))
        if self.server.hang:
            time.sleep(30)
        self.send_response(self.server.status)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")


BOT = "12345:the-bots-own-secret"


def folder_with(alerts, endpoint="http://127.0.0.1:9" + TRACK, **more):
    f = Folder(endpoint, extra="alerts:\n" + alerts, **more)
    f.write("keys/telegram", BOT + "\n", 0o600)
    return f


def listed(f):
    r = run("alert", "list", "--json", cwd=f.path)
    return r.code, json.loads(r.out) if r.out else r.err


def states(f):
    return sorted((e["code"], e["state"], e["offer"] or "") for e in listed(f)[1]["active"])


def control(f, path, body):
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(20)
        s.connect(f.at("data/control"))
        s.sendall(b"POST %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s"
                  % (path.encode(), len(body), body))
        answer = b""
        while piece := s.recv(65536):
            answer += piece
    return int(answer.split()[1]), json.loads(answer.split(b"\r\n\r\n", 1)[1])


@part
def from_the_start_to_the_end():
    """A refused token: told to all, said once, kept over a restart, and over when the token is right."""
    sandbox_folder = Folder()
    sandbox_folder.write("token", TOKEN + "\n", 0o600)
    sandbox = Sandbox("--token-file", sandbox_folder.at("token"))
    hooks = Hooks()
    f = folder_with("""  to:
    - webhook: {url: "http://127.0.0.1:%d/hook/of/mine"}
    - telegram: {token: {file: ./keys/telegram}, chat: "-100123", endpoint: "http://127.0.0.1:%d"}
    - command: [./page.sh, "a b"]
""" % (hooks.port, hooks.port), sandbox.endpoint)
    f.write("page.sh", "#!/bin/sh\ncat >> \"$(dirname \"$0\")/paged\"\n", 0o755)
    f.write("keys/tiktok", "another-token-0123456789\n", 0o600)
    serve = Serve(f)
    equal("nothing is wrong: exit 0", listed(f)[0], 0)
    serve.fire("subid=1&ttclid=T1&status=sale&payout=1&currency=usd")
    wait_until("the pixel to be paused", lambda: "paused" in str(serve.ready()[1]["warnings"]))
    code, now = listed(f)
    equal("it fires: exit 1", code, 1)
    equal("the paused pixel", [(e["code"], e["state"], e["severity"], e["event"]) for e in now["active"]],
          [("A007", "firing", "severe", PIXEL)])
    has("with the first action", now["active"][0]["first_action"], "token", "SIGHUP")
    wait_until("all three", lambda: len(hooks.got) == 2 and os.path.exists(f.at("paged")) and f.read("paged").endswith(b"\n"))
    by_path = dict(hooks.got)
    hook = by_path["/hook/of/mine"]
    equal("the webhook's JSON", (hook["version"], hook["kind"], hook["code"], hook["event"]), (1, "fired", "A007", PIXEL))
    equal("the command's is the same", json.loads(f.read("paged")), hook)
    bot = by_path["/bot%s/sendMessage" % BOT]
    equal("the bot's chat", bot["chat_id"], "-100123")
    has("the bot's text", bot["text"], "clickbaton ALERT A007", "pixel %s is paused" % PIXEL, "first: ")
    has("readyz mentions it", str(serve.ready()[1]["warnings"]), "alert: A007 pixel %s is paused" % PIXEL)
    has("so does /metrics", request(serve.admin, "GET", "/metrics").body, 'clickbaton_alerts_active{code="A007"} 1\n',
        'clickbaton_alerts_active{code="A001"} 0\n')
    for what, text in (("the log", serve.err()), ("readyz", str(serve.ready())), ("the list", str(now)),
                       ("the store", f.stored_bytes().decode("latin1"))):
        hasnt("%s holds no secret" % what, text, BOT, "another-token", "/hook/of/mine")
    for pid in os.listdir("/proc"):
        if pid.isdigit():
            with contextlib.suppress(OSError), open("/proc/%s/cmdline" % pid, "rb") as c:
                if BOT.encode() in c.read():
                    bad("no secret among arguments", pid)
    listed(f)
    equal("it is told once", len(hooks.got), 2)
    equal("exit 0", serve.stop(), 0)
    serve = Serve(f)
    wait_until("the pixel to be paused again", lambda: "paused" in str(serve.ready()[1]["warnings"]))
    equal("after a restart it still fires", states(f), [("A007", "firing", "")])
    equal("and is not told again", len(hooks.got), 2)
    f.write("keys/tiktok", TOKEN + "\n", 0o600)
    serve.reload()
    wait_until("the delivery", lambda: sandbox.stats()["unique"] == 1)
    equal("it may come back within five minutes", states(f), [("A007", "firing", "")])
    equal("exit 0 again", serve.stop(), 0)


@part
def told_by_reconcile():
    f = folder_with("  offers: {nutra-de: {divergence: 15}}\n")
    serve = Serve(f)
    fact = {"offer": "nutra-de", "with": "crm", "theirs": 120, "ours": 100}
    for name, body in (("no JSON", b"x"), ("no offer", json.dumps(dict(fact, offer="nope")).encode()),
                       ("another source", json.dumps(dict(fact, **{"with": "friend"})).encode()),
                       ("a negative count", json.dumps(dict(fact, ours=-1)).encode()),
                       ("a fraction", json.dumps(dict(fact, ours=1.5)).encode()),
                       ("a huge count", json.dumps(dict(fact, ours=1e300)).encode()),
                       ("an endless name", json.dumps(dict(fact, offer="a" * 5000)).encode()), ("a list", b"[1]")):
        status, answer = control(f, "/alert-fact", body)
        equal("%s: 400" % name, status, 400)
        true("%s: why" % name, len(answer["error"]) > 10, answer)
    equal("nothing fires", states(f), [])
    equal("a fact", control(f, "/alert-fact", json.dumps(fact).encode()), (200, {}))
    wait_until("it to fire", lambda: states(f) == [("A008", "firing", "nutra-de")])
    text = run("alert", "list", cwd=f.path)
    has("as text", text.out, "A008 firing    nutra-de: the crm has 120 conversions, clickbaton 100: 17 % apart\n    since ",
        "\n    first: run `clickbaton reconcile`")
    equal("its exit code", text.code, 1)
    control(f, "/alert-fact", json.dumps(dict(fact, theirs=101)).encode())
    equal("known to be well again it is still held for five minutes", states(f), [("A008", "firing", "nutra-de")])
    equal("exit 0", serve.stop(), 0)
    book = f.read("data/alerts").decode()
    has("what is known is kept", book, "\ndivergence 101 100 ")
    for damaged in (book + "active A001 1\n", "x" * 100):
        f.write("data/alerts", damaged)
        serve = Serve(f)
        has("a damaged file is said and left", serve.err(), "some alerts of before are not known")
        equal("and the server works", serve.fire("subid=1&status=trash").status, 200)
        equal("exit 0", serve.stop(), 0)


@part
def from_the_counts():
    """What stands in the store's hourly counts reaches the rules."""
    f = folder_with("  rules: {quarantined: 40}\n")
    serve = Serve(f)
    for i in range(30):
        serve.fire("subid=%d&status=%s" % (i, "sale&payout=1&currency=usd" if i % 2 else "unheard-of"))
    equal("a share over its limit is pending", states(f), [("A004", "pending", "nutra-de")])
    has("with its numbers", listed(f)[1]["active"][0]["text"], "15 of 30 postbacks in this hour were not understood (50 %)")
    for i in range(30):
        serve.get("/postback/nutra-de?key=wrong&subid=%d" % i)
    has("refusals count as well", str(listed(f)[1]["active"]), "30 of 60 postbacks in this hour had a wrong key")
    equal("exit 0", serve.stop(), 0)


@part
def receivers_that_fail():
    """One is down, one hangs, one answers 500, one never ends: the others get theirs, and nobody else waits."""
    hanging, failing, well = Hooks(hang=True), Hooks(status=500), Hooks()
    f = folder_with("""  to:
    - webhook: {url: "http://127.0.0.1:9/"}
    - webhook: {url: "http://127.0.0.1:%d/"}
    - webhook: {url: "http://127.0.0.1:%d/"}
    - command: [/bin/sleep, "1000"]
    - webhook: {url: "http://127.0.0.1:%d/"}
""" % (hanging.port, failing.port, well.port))
    serve = Serve(f)
    control(f, "/alert-fact", json.dumps({"offer": "nutra-de", "with": "tracker", "theirs": 1, "ours": 100}).encode())
    wait_until("the one that works", lambda: well.got)
    start = time.monotonic()
    for i in range(50):
        equal("postback %d" % i, serve.fire("subid=%d&status=trash" % i).status, 200) if i == 49 else \
            serve.fire("subid=%d&status=trash" % i)
    true("nobody waits for receivers", time.monotonic() - start < (10 if SANITIZED else 3), time.monotonic() - start)
    wait_until("the log to tell what fails", lambda: "it answered 500" in serve.err())
    has("in a line", serve.err(), 'msg="an alert was not delivered, it is tried again" to="webhook 127.0.0.1" why="it answered 500: ok"')
    start = time.monotonic()
    equal("exit 0", serve.stop(), 0)
    true("the end does not wait either", time.monotonic() - start < (12 if SANITIZED else 6), time.monotonic() - start)


def children(pid):
    with open("/proc/%d/task/%d/children" % (pid, pid)) as c:
        return [int(p) for p in c.read().split()]


def gone(pid):
    try:
        return ") Z " in open("/proc/%d/stat" % pid).read()
    except OSError:
        return True


@part
def the_courier():
    f = folder_with("""  to: [{command: [./page.sh]}]
""")
    f.write("page.sh", "#!/bin/sh\ncat >> \"$(dirname \"$0\")/paged\"\n", 0o755)
    serve = Serve(f)
    equal("one process more, its minder", len(children(serve.pid)), 1)
    minder = children(serve.pid)[0]
    courier = lambda: (wait_until("a courier", lambda: children(minder)), children(minder)[0])[1]
    first = courier()
    for pid in (minder, first):
        os.kill(pid, signal.SIGTERM)
        os.kill(pid, signal.SIGINT)
    time.sleep(0.1)
    equal("the terminal's signals are the server's", (children(serve.pid), children(minder)), ([minder], [first]))
    os.kill(first, signal.SIGKILL)
    wait_until("it to be noticed", lambda: "died and is started again" in serve.err())
    has("why", serve.err(), 'why="it was ended by signal 9" in_a_row=1')
    hasnt("one death is no alert", serve.err(), "A013")
    control(f, "/alert-fact", json.dumps({"offer": "nutra-de", "with": "crm", "theirs": 1, "ours": 100}).encode())
    wait_until("the next one to deliver", lambda: os.path.exists(f.at("paged")) and f.read("paged").endswith(b"\n"))
    told = json.loads(f.read("paged"))
    equal("what fires", told["code"], "A008")
    true("with an id", re.fullmatch("[0-9a-f]{12}", told["id"]), told)
    for n in (2, 3):
        os.kill(courier(), signal.SIGKILL)
        wait_until("death %d to be noticed" % n, lambda: "in_a_row=%d" % n in serve.err())
    has("three in a row are", serve.err(), "code=A013 ")
    equal("it fires", sorted(s[0] for s in states(f)), ["A008", "A013"])
    has("and says what goes on", str(listed(f)[1]["active"]),
        "the process that delivers them dies again and again (3 times; it was ended by signal 9); it is started again")
    wait_until("it to be told by the next one", lambda: b'"A013"' in f.read("paged"))
    last = courier()
    os.kill(minder, signal.SIGKILL)
    wait_until("its minder's death to be noticed", lambda: "has ended; restart serve" in serve.err())
    wait_until("the courier to go with it", lambda: gone(last))
    equal("the server goes on", serve.fire("subid=1&status=trash").status, 200)
    r = run("alert", "test", cwd=f.path)
    equal("a test says so: exit 4", r.code, 4)
    has("and why", r.err, "the process that delivers alerts has ended; restart serve")
    equal("exit 0", serve.stop(), 0)
    serve = Serve(f)
    minder = children(serve.pid)[0]
    last = courier()
    serve.kill()
    wait_until("both to die with a killed server", lambda: gone(minder) and gone(last))
    good("they die with a killed server")
    plain = Folder()
    serve = Serve(plain)
    equal("without receivers there is none", children(serve.pid), [])
    serve.stop()


@part
def tests_and_reloads():
    hooks = Hooks()
    f = folder_with("""  to:
    - webhook: {url: "http://127.0.0.1:%d/"}
    - command: [/bin/false]
  quiet: 00:00-23:59
  zone: Europe/Berlin
""" % hooks.port)
    for name, server in (("by itself", None), ("by the server", Serve)):
        running = server(f) if server else None
        hooks.got.clear()
        r = run("alert", "test", cwd=f.path)
        equal("%s: exit 1" % name, r.code, 1)
        equal("%s: each receiver" % name, r.out, "delivered     webhook 127.0.0.1: it answered 200: ok\n"
              "NOT delivered command /bin/false: it ended with exit status 1\n")
        equal("%s: who sends is said" % name, r.err,
              "" if server else "no server runs here, so this program delivers the test itself\n")
        equal("%s: a test" % name, [b["kind"] for _, b in hooks.got], ["test"])
    has("as JSON", run("alert", "test", "--json", cwd=f.path).out,
        '[{"name":"webhook 127.0.0.1","delivered":true,"text":"it answered 200: ok"},{"name":"command')
    control(f, "/alert-fact", json.dumps({"offer": "nutra-de", "with": "crm", "theirs": 1, "ours": 100}).encode())
    hooks.got.clear()
    equal("in quiet hours it fires", states(f), [("A008", "firing", "nutra-de")])
    equal("and is not told", hooks.got, [])
    text = f.read("clickbaton.yaml").decode()
    f.write("clickbaton.yaml", text.replace("/bin/false", "/bin/true").replace("quiet: 00:00-23:59\n", "remind: 6h\n"))
    running.reload()
    has("receivers stay as they are until a restart", running.err(), '"`alerts.to` has changed; it takes effect with a restart"')
    listed(f)
    wait_until("what was held back", lambda: hooks.got)
    equal("in one message", [(b["kind"], b["text"]) for _, b in hooks.got],
          [("summary", "A008 nutra-de: the crm has 1 conversions, clickbaton 100: 99 % apart")])
    has("alert test says that they differ", run("alert", "test", cwd=f.path).out, "/bin/true: it ended with exit status 1")
    equal("exit 0", running.stop(), 0)
    r = run("alert", "list", cwd=f.path)
    equal("a list without a server: exit 4", r.code, 4)
    has("and why", r.err, "no server runs on")
    r = run("alert", "lst", cwd=f.path)
    equal("misuse: exit 2", r.code, 2)
    has("did you mean", r.err, 'there is no part "lst"; did you mean "list"?')
    plain = Folder()
    r = run("alert", "test", cwd=plain.path)
    equal("nobody is told: exit 3", r.code, 3)
    has("what to write", r.err, "nobody is told: `alerts: to:` in clickbaton.yaml names no receiver (docs/alerts.md)")


def sold(clicks, **more):
    """An order list of a CRM, or a tracker's export."""
    return "click_id,status,offer\n" + "".join("%s,paid,%s\n" % (c, more.get("offer", "Nutra Germany")) for c in clicks)


@part
def reconcile_tells():
    """`reconcile --tell`: a CRM that has more fires A008 at the webhook, a good file ends it."""
    hooks = Hooks()
    sandbox = Sandbox()
    f = folder_with("""  to: [{webhook: {url: "http://127.0.0.1:%d/"}}]\n""" % hooks.port, sandbox.endpoint)
    f.write("offers/second.yaml", offer_text("second", PIXEL))
    serve = Serve(f)
    clicks = ["k%d" % i for i in range(20)]
    for c in clicks:
        serve.fire("subid=%s&ttclid=T%s&status=sale&payout=1&currency=usd" % (c, c))
    wait_until("the deliveries", lambda: sandbox.stats()["unique"] == 20)
    f.write("tracker.csv", sold(clicks))
    f.write("crm.csv", sold(clicks + ["m%d" % i for i in range(5)]))
    f.write("good.csv", sold(clicks))
    tell = lambda *words, **how: run("reconcile", "--tracker", "tracker.csv", "--tell", *words, cwd=f.path, **how)
    r = tell("--crm", "crm.csv")
    equal("past the tolerance: exit 1, nothing on stderr", (r.code, r.err), (1, ""))
    has("what was told", r.out, "\ntold the server, whose alert A008 looks at it\n  nutra-de: the tracker has 20, clickbaton 20\n"
        "  nutra-de: the crm has 25, clickbaton 20\n")
    wait_until("the message", lambda: hooks.got)
    said = hooks.got[0][1]
    equal("at the webhook", {k: said[k] for k in ("kind", "code", "severity", "offer", "event", "text")},
          {"kind": "fired", "code": "A008", "severity": "warning", "offer": "nutra-de", "event": "crm",
           "text": "the crm has 25 conversions, clickbaton 20: 20 % apart"})
    has("with the first action", said["first_action"], "clickbaton reconcile")
    r = tell("--crm", "good.csv", "--json")
    equal("a good file: exit 0", (r.code, r.err), (0, ""))
    equal("as JSON", json.loads(r.out)["told"], [{"offer": "nutra-de", "with": w, "theirs": 20, "ours": 20, "error": None} for w in ("tracker", "crm")])
    equal("of no offer", json.loads(r.out)["of_no_offer"], 0)
    equal("it is held for five minutes", states(f), [("A008", "firing", "nutra-de")])
    equal("without --tell nothing is told", json.loads(run("reconcile", "--tracker", "tracker.csv", "--json", cwd=f.path).out)["told"], None)
    who_is_whose(f, tell, clicks)
    line_of_cron(f, clicks)
    serve.stop()
    r = tell("--crm", "good.csv")
    equal("no server: exit 4", r.code, 4)
    equal("no server: said", r.err, "clickbaton reconcile: --tell: no server runs on data, so nobody was told: it is the server that alerts. Start "
          "`clickbaton serve`, or leave --tell out\n")
    has("no server: the report comes all the same", r.out, "  nutra-de: the crm has 20, clickbaton 20  NOT TOLD\n", "Within the tolerance of 5.00 %.")
    # Five minutes without it, as its own book counts them.
    book = re.sub(r"(?m)^(active A008 \d+ \d+) (\d+)", lambda m: "%s %d" % (m.group(1), int(m.group(2)) - 400), f.read("data/alerts").decode())
    f.write("data/alerts", book)
    hooks.got.clear()
    serve = Serve(f)
    listed(f)
    crm = lambda: [b for _, b in hooks.got if b["event"] == "crm"]  # the tracker's may have fired for a moment, too
    wait_until("the recovery", crm)
    equal("it is told that it is over", [(b["kind"], b["code"], b["offer"], b["until"] is not None) for b in crm()],
          [("recovered", "A008", "nutra-de", True)])
    equal("exit 0", serve.stop(), 0)


def line_of_cron(f, clicks):
    """The line in docs/reconcile.md, run as cron does: by sh, with nearly no environment."""
    with open(os.path.join(ROOT, "docs/reconcile.md"), encoding="utf-8") as d:
        line, = re.findall(r"^    10 6 \* \* \*  (.*--tell.*)$", d.read(), re.M)
    at = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(time.time() - 60))
    for name, head in (("keitaro.csv", "Sub ID,Postback datetime"), ("orders.csv", "click id,time")):
        f.write("exports/" + name, head + "\n" + "".join("%s,%s\n" % (c, at) for c in clicks))
    f.write("bin/clickbaton", "#!/bin/sh\nexec %s \"$@\"\n" % BINARY, 0o755)
    line = line.replace("/etc/clickbaton", f.path).replace("/srv/exports", f.at("exports"))
    before = f.read("data/alerts")
    time.sleep(1.1)  # its book has times in seconds
    p = subprocess.run(["/bin/sh", "-c", line], env={"PATH": "/usr/bin:/bin:" + f.at("bin")}, capture_output=True, text=True)
    equal("the line for cron", (p.returncode, p.stdout, p.stderr), (0, "", ""))
    wait_until("that it has told the server", lambda: f.read("data/alerts") != before)


def who_is_whose(f, tell, clicks):
    """Rows that no postback was found for are of the offer that their name's other rows are of."""
    facts = lambda *words: [(t["offer"], t["with"], t["theirs"], t["ours"]) for t in json.loads(tell("--json", *words).out)["told"]]
    untold = lambda *words: json.loads(tell("--json", *words).out)["of_no_offer"]
    gone = ["g%d" % i for i in range(3)]
    f.write("tracker.csv", sold(clicks) + "".join("%s,paid,%s\n" % (g, o) for g, o in zip(gone, ("Nutra Germany", "second", "somebody else's"))))
    equal("by name: of those found, of clickbaton's own, of nobody", (facts(), untold()),
          ([("nutra-de", "tracker", 21, 20), ("second", "tracker", 1, 0)], 1))
    has("in words", tell().out, "  1 more are of no offer that is known here: give the file a column")
    equal("--offer: the others are its, as in the report", (facts("--offer", "nutra-de"), untold("--offer", "nutra-de")), ([("nutra-de", "tracker", 23, 20)], 0))
    f.write("tracker.csv", sold(clicks[:15]))
    equal("delivered that the file lacks", facts("--window", "0s"), [("nutra-de", "tracker", 15, 20)])
    f.write("tracker.csv", "click_id\n" + "".join(c + "\n" for c in clicks[:15] + gone * 9))
    equal("without names: all that are found are one offer's; the larger of both differences", facts("--window", "0s"), [("nutra-de", "tracker", 18, 23)])
    f.write("offers/new.yaml", offer_text("new", PIXEL))
    f.write("tracker.csv", sold(clicks) + "n1,paid,new\n")
    r = tell()
    equal("the server has other offers: exit 4", r.code, 4)
    equal("which, and what to do", r.err, "clickbaton reconcile: --tell: the server did not take the numbers of new: there is no offer new; it runs "
          "with other offers than this configuration: reload it (SIGHUP)\n")
    has("the others are told", r.out, "  new: the tracker has 1, clickbaton 0  NOT TOLD\n  nutra-de: the tracker has 20, clickbaton 20\n")
    os.remove(f.at("offers/new.yaml"))
    f.write("offers/bad.yaml", "version: 9\n")
    equal("an offer that can't be read: exit 3", tell().code, 3)
    os.remove(f.at("offers/bad.yaml"))
    f.write("tracker.csv", sold(clicks))


main()
