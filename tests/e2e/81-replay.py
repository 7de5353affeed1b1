"""`clickbaton replay`: quarantined postbacks and dead events once more, beside a running server and
without one, with kills, refusals, filters, a rate; and what a dry run says is what is then sent."""
import pty
import random

from harness import *

SALE = "subid=%s&external_id=E.C.P.%s&status=%s&payout=12.5&currency=usd&tid=t-%s"
FIXED = "stages:\n  sale: [sale, approved, approv3d]\nevents:"
HOUR = 3600 * 1000
OLD = "0ld-key-of-the-postbacks-0123456789abc"


def unclear(id, word="approv3d"):
    return SALE % (id, id, word, id)


def fix(folder, offer="nutra-de", more=""):
    folder.write("offers/%s.yaml" % offer, offer_text(offer, more=more).replace("events:", FIXED))


def replay(folder, *words, **more):
    return run("replay", "-c", folder.at("clickbaton.yaml"), *words, **more)


def totals(r):
    return json.loads(r.out.splitlines()[-1])["total"]


def sent(sandbox):
    return sorted(e["event_id"] for e in sandbox.events())


def change(folder, sql, *values):
    """The store as its owner would change it, with no server on it."""
    folder.edited = True
    db = sqlite3.connect(folder.at("data/clickbaton.db"))
    db.execute(sql, values)
    db.commit()
    db.close()


def dump(folder):
    p = subprocess.run(["sqlite3", "-batch", "-readonly", folder.at("data/clickbaton.db"), ".dump"],
                       stdout=subprocess.PIPE, check=True)
    return p.stdout


def verdicts(folder):
    return {r["click_id"] or r["params"]: (r["verdict"], r["code"])
            for r in folder.rows("SELECT * FROM conversions")}


@part
def beside_a_server():
    sandbox = Sandbox()
    f = Folder(sandbox.endpoint)
    serve = Serve(f)
    equal("the socket is its owner's alone", oct(os.stat(f.at("data/control")).st_mode), "0o140600")
    for i in range(4):
        equal("q%d is kept" % i, serve.verdict(unclear("q%d" % i))[1]["verdict"], "quarantined")
    serve.fire(SALE % ("ok", "ok", "sale", "ok"))
    r = replay(f)
    equal("without a better mapping nothing happens", (r.code, r.out), (1,
          "4 quarantined postbacks: 0 became 0 events; 0 duplicates, 0 ignored\n"
          "4 stay quarantined:\n       4  Q002 unknown status word\n"))
    has("what is meant is said", r.err, "replaying quarantined postbacks (--dead: ")
    fix(f)
    r = replay(f)
    equal("a server with the old files is no one to ask", (r.code, r.out), (3, ""))
    has("and how to reload it", r.err, "pid %d" % serve.pid, "kill -HUP %d" % serve.pid)
    serve.reload()
    wait_until("the first sale", lambda: sent(sandbox) == ["ok"])
    dry = replay(f, "--dry-run")
    bodies = [json.loads(line) for line in dry.out.splitlines()]
    equal("a dry run shows what would be sent", (dry.code, [b["data"][0]["event_id"] for b in bodies]),
          (0, ["q0", "q1", "q2", "q3"]))
    has("and what it comes to", dry.err, "4 would become 4 events, worth 50 USD; 0 duplicates, 0 ignored")
    time.sleep(0.2)
    equal("it sends nothing", (sent(sandbox), len(f.rows("SELECT 1 FROM ledger"))), (["ok"], 1))
    r = replay(f)
    equal("then it is done", (r.code, r.out),
          (0, "4 quarantined postbacks: 4 became 4 events, worth 50 USD; 0 duplicates, 0 ignored\n"))
    wait_until("the events", lambda: len(sent(sandbox)) == 5)
    stored = [r["body"] for r in f.rows("SELECT body FROM ledger WHERE event_id <> 'ok' ORDER BY id")]
    shown = [re.search(r'"data":\[(.*)\]\}$', line).group(1) for line in dry.out.splitlines()]
    equal("byte for byte what the dry run showed", stored, shown)
    arrived = [int(r["at"]) // 1000 for r in f.rows("SELECT at FROM postbacks WHERE code IS NULL AND "
               "click_id <> 'ok' ORDER BY id")]
    equal("at the time they came", [b["data"][0]["event_time"] for b in bodies], arrived)
    row = f.rows("SELECT * FROM conversions WHERE click_id = 'q2'")[0]
    equal("the ledger has it as it is now", (row["verdict"], row["code"], row["reason"], row["stage"], row["txid"]),
          ("queued", None, None, "sale", "t-q2"))
    true("and what it was", re.fullmatch(r'Q002 was its verdict until \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ, when it was '
         r'replayed: no stage of the mapping lists the word "approv3d"\n', row["warnings"]), row["warnings"])
    equal("twice is once", (replay(f).out, len(sent(sandbox))),
          ("nothing to replay: no quarantined postback matches\n", 5))
    equal("the postback that comes again is a duplicate", serve.verdict(unclear("q1"))[1]["verdict"], "duplicate")
    equal("exit 0", serve.stop(), 0)
    true("the socket is gone", not os.path.exists(f.at("data/control")))


@part
def what_the_request_knew():
    """Which key it came with, and how it was damaged, is no more to be seen in what is stored: the lines stay."""
    f = Folder()
    f.write("keys/old", "0ld-key-of-the-postbacks-0123456789abc\n", 0o600)
    f.write("clickbaton.yaml", f.read("clickbaton.yaml").replace(
        b"{file: ./keys/postback}", b"{file: ./keys/postback, previous: ./keys/old}"))
    serve = Serve(f)
    target = "/postback/nutra-de?key=0ld-key-of-the-postbacks-0123456789abc&"
    equal("by the previous key, and damaged", request(serve.port, "GET", target.replace("?", "?amp;sub7=1&amp;") +
                                                      unclear("k") + "&sub9=1&sub9=1").status, 200)
    was = f.rows("SELECT warnings FROM conversions")[0]["warnings"].splitlines()
    fix(f)
    serve.reload()
    equal("replayed", replay(f).code, 0)
    lines = f.rows("SELECT warnings FROM conversions")[0]["warnings"].splitlines()
    codes = [line[:4] for line in was]
    true("it had them", {"W001", "W091"} <= set(codes), codes)
    equal("every one is still there", [line for line in was if line not in lines], [])
    equal("and what is found once more is there once", [line for line in lines if lines.count(line) > 1], [])
    has("urls counts it", run("urls", "offers/nutra-de.yaml", "-c", "clickbaton.yaml", cwd=f.path).out,
        "1 postback of the last day used it")
    serve.stop()


@part
def without_a_server():
    sandbox = Sandbox()
    f = Folder(sandbox.endpoint)
    serve = Serve(f)
    for id in ("a", "b", "a"):
        serve.fire(unclear(id))
    serve.kill()  # its socket stays, and nobody listens
    true("a stale socket", os.path.exists(f.at("data/control")))
    fix(f)
    change(f, "UPDATE postbacks SET at = at - ? WHERE id = 2", 30 * 24 * HOUR)
    before = dump(f)
    dry = replay(f, "--dry-run", "--json")
    equal("a dry run changes nothing", dump(f), before)
    equal("its rows", [(d["id"], d["was"], d["verdict"], d["code"], len(d["bodies"])) for d in
                       map(json.loads, dry.out.splitlines()[:-1])],
          [(1, "Q002", "queued", "", 1), (2, "Q002", "quarantined", "Q005", 0),
           (3, "Q002", "duplicate", "D001", 0)])
    equal("its total", totals(dry), {"rows": 3, "queued": 1, "duplicate": 1, "ignored": 0, "quarantined": 1,
                                     "left": 0, "events": 1, "values": {"USD": 12.5}})
    r = replay(f, "--json")
    equal("the run gives the same", (r.code, totals(r)), (dry.code, totals(dry)))
    equal("in the store", [(r["verdict"], r["code"]) for r in f.rows("SELECT verdict, code FROM conversions")],
          [("queued", None), ("quarantined", "Q005"), ("duplicate", "D001")])
    has("past 28 days it stays, and says why", f.rows("SELECT reason FROM conversions WHERE id = 2")[0]["reason"],
        "the conversion is 30 days old")
    serve = Serve(f)
    wait_until("the server sends it", lambda: sent(sandbox) == ["a"])
    equal("exit 0", serve.stop(), 0)
    db = sqlite3.connect(f.at("data/clickbaton.db"))
    equal("the count of the quarantined", db.execute("SELECT quarantined FROM counts").fetchone()[0],
          db.execute("SELECT count(*) FROM postbacks WHERE verdict = 4").fetchone()[0])
    db.close()


@part
def filters():
    f = Folder(offers=("nutra-de", "other"))
    serve = Serve(f)
    serve.fire(unclear("f1"))
    serve.fire(unclear("f2"), "other")
    serve.fire("subid=f3&external_id=E.C.P.f3&status=sale&payout=-1&currency=usd")
    serve.fire(unclear("f4", "hold-on"))
    serve.fire("status=sale&payout=1&currency=usd")
    serve.stop()
    change(f, "UPDATE postbacks SET at = ? WHERE id = 1", 1782000000000)
    fix(f)
    fix(f, "other")

    def chosen(*words):
        r = replay(f, "--dry-run", "--json", *words)
        return [json.loads(line)["id"] for line in r.out.splitlines()[:-1]]

    equal("all", chosen(), [1, 2, 3, 4, 5])
    equal("--offer", chosen("--offer", "other"), [2])
    equal("--code", (chosen("--code", "Q003"), chosen("--code", "Q006"), chosen("--code", "Q001")), ([3], [5], []))
    has("a tracker that no offer has", replay(f, "--tracker", "keitero", "--dry-run").err,
        'no offer here has the tracker "keitero"; did you mean "keitaro"?')
    equal("--tracker", (chosen("--tracker", "keitaro"), chosen("--tracker", "binom")), ([1, 2, 3, 4, 5], []))
    equal("--status", (chosen("--status", "hold-on"), chosen("--status", "SALE")), ([4], [1, 2, 3, 5]))
    equal("--since, an age", chosen("--since", "1d"), [2, 3, 4, 5])
    equal("--until, a date", (chosen("--until", "2026-06-22"), chosen("--until", "2026-06-20")), ([1], []))
    equal("--since, a time", (chosen("--since", "2026-06-21T00:00:00Z", "--until", "1782000001"),
                              chosen("--since", "1782000001", "--until", "2d")), ([1], []))
    equal("by ids of any kind", (chosen("f4"), chosen("E.C.P.f1", "f3"), chosen("t-f2", "--offer", "nutra-de")),
          ([4], [1, 3], []))
    r = replay(f, "f1", "nobody")
    equal("an id that nothing has", (r.code, r.out), (1, ""))
    has("is named", r.err, 'no quarantined postback has the id "nobody"; nothing was done')
    for words, said in ((["--offer", "othr"], 'did you mean "other"?'), (["--code", "D001"], "such as Q002"),
                        (["--since", "yesterday"], "--since takes an age"), (["--dead", "--quarantined"], "two runs"),
                        (["--dead", "--code", "Q002"], "TikTok's code"), (["--rate", "-1"], "--rate"),
                        (["--rate", "0"], "1 at least; without it there is no limit"),
                        (["--since", "1h", "--until", "2h"], "--until 2h lies before --since 1h")):
        r = replay(f, *words)
        equal("replay %s: misuse" % " ".join(words), (r.code, r.out), (2, ""))
        has("replay %s: said" % " ".join(words), r.err, said)
    good = offer_text("nutra-de")
    f.write("offers/nutra-de.yaml", good.replace("lead:", "laed:"))
    before = dump(f)
    r = replay(f)
    equal("a mapping with an error: exit 3", (r.code, r.out), (3, ""))
    has("its diagnostics", r.err, "offers/nutra-de.yaml:9", "error[M")
    os.remove(f.at("offers/nutra-de.yaml"))
    r = replay(f)
    equal("an offer that is gone", (r.code, r.out.splitlines()[1:]), (1, ["4 stay quarantined:",
          '       4  the offer "nutra-de" is not configured any more']))
    r = run("replay", "-c", Folder().at("clickbaton.yaml"))
    equal("no store: exit 4", (r.code, r.out), (4, ""))
    has("no store: said", r.err, "data/clickbaton.db: there is no store")


@part
def clicks_and_consent():
    """What was learnt meanwhile counts: a click registered later, a refusal, an event on its way."""
    rule = 'consent: {from: "{consent}", granted: ["1"], otherwise: drop, missing: granted}\n'
    sandbox = Sandbox()
    f = Folder(sandbox.endpoint)
    f.write("offers/nutra-de.yaml", offer_text("nutra-de", more=rule))
    serve = Serve(f)
    person = "&email=a@b.de&phone=01512345678&ip=84.1.2.3"
    serve.fire("subid=late&status=approv3d&payout=5&currency=usd")
    serve.fire(unclear("refused") + person)
    serve.fire(unclear("granted") + person)
    serve.fire(unclear("sent"))
    serve.fire("subid=unread&status=sale&payout=1%C3%28&currency=usd")
    request(serve.port, "POST", "/postback/nutra-de?key=" + KEY, b'{"broken"', {"Content-Type": "application/json"})
    serve.get("/click/nutra-de?key=%s&subid=late&ttclid=E.C.P.late&event_id=ev-late&ip=84.1.2.3&ua=Agent" % KEY)
    serve.get("/click/nutra-de?key=%s&subid=refused&consent=0" % KEY)
    serve.fire(SALE % ("sent", "sent", "sale", "sent"))
    wait_until("one is sent", lambda: sent(sandbox) == ["sent"])
    fix(f, more=rule)
    serve.reload()
    dry = replay(f, "--dry-run")
    r = replay(f)
    equal("what stays", (r.code, r.out), (1,
          "6 quarantined postbacks: 2 became 2 events, worth 17.50 USD; 1 duplicate, 1 ignored\n"
          "2 stay quarantined:\n       1  Q003 the payout can't be read\n"
          "       1  its body could not be read, and no mapping changes that\n"))
    wait_until("the events", lambda: sent(sandbox) == ["ev-late", "granted", "sent"])
    bodies = {r["event_id"]: r["body"] for r in f.rows("SELECT event_id, body FROM ledger")}
    equal("a click registered later gives its ids", json.loads(bodies["ev-late"])["user"]["ttclid"], "E.C.P.late")
    equal("and its address", json.loads(bodies["ev-late"])["user"]["ip"], "84.1.2.3")
    true("hashes that were kept are sent", {"email", "phone"} <= set(json.loads(bodies["granted"])["user"]), bodies)
    equal("the dry run knew", [re.search(r'"data":\[(.*)\]\}$', l).group(1) for l in dry.out.splitlines()],
          [bodies["ev-late"], bodies["granted"]])
    row = f.rows("SELECT * FROM conversions WHERE click_id = 'refused'")[0]
    equal("who refused meanwhile is not sent", (row["verdict"], row["code"]), ("ignored", "I003"))
    hasnt("and nothing of him is kept", row["params"], "email", "phone")
    serve.get("/click/nutra-de?key=%s&subid=granted&consent=0" % KEY)
    hasnt("a refusal finds what replay has understood",
          f.rows("SELECT params FROM conversions WHERE click_id = 'granted'")[0]["params"], "email", "phone")
    serve.stop()


@part
def locks_of_the_offer():
    """What require_click and payout bounds held back: once the click is registered, the bound widened."""
    bounds = "payout: {min: 5, max: 100}\nrequire_click: true\n"
    sandbox = Sandbox()
    f = Folder(sandbox.endpoint)
    f.write("offers/nutra-de.yaml", offer_text("nutra-de", more=bounds))
    f.write("keys/old", OLD, 0o600)
    f.write("clickbaton.yaml", f.read("clickbaton.yaml").decode().replace(
        "key: {file: ./keys/postback}", "key: {file: ./keys/postback, previous: ./keys/old}"))
    serve = Serve(f)
    reg = "/click/nutra-de?key=%s&subid=%s&ttclid=E.C.P.%s&event_id=ev-%s"
    for id, payout in (("early", 12.5), ("never", 12.5), ("large", 200)):
        a = serve.fire("subid=%s&status=sale&payout=%s&currency=usd&tid=t-%s" % (id, payout, id),
                       key=OLD if id == "early" else KEY, Accept="application/json").json()
        equal("%s: no click yet" % id, (a["verdict"], a["code"]), ("quarantined", "Q030"))
    none = ("3 quarantined postbacks: 0 became 0 events; 0 duplicates, 0 ignored\n"
            "3 stay quarantined:\n       3  Q030 the click is not known\n")
    r = replay(f)
    equal("nobody has registered it", (r.code, r.out), (1, none))
    for id in ("early", "large"):
        equal("the click comes", request(serve.port, "GET", reg % (KEY, id, id, id)).status, 204)
    dry = replay(f, "--dry-run")
    equal("a dry run: the one that was early", [json.loads(l)["data"][0]["event_id"] for l in dry.out.splitlines()],
          ["ev-early"])
    r = replay(f)
    equal("the early one becomes an event", (r.code, r.out), (1,
          "3 quarantined postbacks: 1 became 1 event, worth 12.50 USD; 0 duplicates, 0 ignored\n"
          "2 stay quarantined:\n       1  Q030 the click is not known\n"
          "       1  Q029 the payout lies outside of the offer's bounds\n"))
    wait_until("it is sent", lambda: sent(sandbox) == ["ev-early"])
    user = sandbox.events()[0]["user"]
    equal("with its click's ttclid", user["ttclid"], "E.C.P.early")
    rows = {r["click_id"]: (r["verdict"], r["code"]) for r in f.rows("SELECT click_id, verdict, code FROM conversions")}
    equal("the ledger", rows, {"early": ("queued", None), "never": ("quarantined", "Q030"),
                               "large": ("quarantined", "Q029")})
    found = [x["text"] for x in json.loads(run("doctor", "--json", cwd=f.path).out)["findings"] if x["check"] == "rotation"]
    equal("that the previous key is in use is not forgotten", found, ["1 postback of the last day used the previous key"])
    a = serve.fire("subid=early&status=sale&payout=12.5&currency=usd&tid=t-early", Accept="application/json").json()
    equal("the tracker's own repeat is a duplicate", a["verdict"], "duplicate")
    f.write("offers/nutra-de.yaml", offer_text("nutra-de", more=bounds.replace("100", "500")))
    serve.reload()
    r = replay(f, "--code", "Q029")
    equal("a wider bound lets the large one through", (r.code, r.out),
          (0, "1 quarantined postback: 1 became 1 event, worth 200 USD; 0 duplicates, 0 ignored\n"))
    wait_until("it is sent, too", lambda: sent(sandbox) == ["ev-early", "ev-large"])
    equal("exit 0", serve.stop(), 0)


def make_dead(sandbox_options, ids):
    """Dead events, each by a request of its own."""
    sandbox = Sandbox("--fault", "first=%d:code=40062" % len(ids), *sandbox_options)
    f = Folder(sandbox.endpoint)
    serve = Serve(f)
    for n, id in enumerate(ids, 1):
        serve.fire(SALE % (id, id, "sale", id))
        wait_until("dead letter %d" % n, lambda: len(f.rows("SELECT 1 FROM ledger WHERE state = 'dead'")) == n)
    return sandbox, f, serve


def by_terminal(folder, answer, *words):
    """replay with a terminal on stdin and stderr; (exit code, what the terminal showed, stdout)."""
    master, slave = pty.openpty()
    p = subprocess.Popen([BINARY, "replay", "-c", folder.at("clickbaton.yaml")] + list(words),
                         stdin=slave, stderr=slave, stdout=subprocess.PIPE)
    os.close(slave)
    shown = b""
    while b"[y/N] " not in shown:
        shown += os.read(master, 4096)
    os.write(master, answer)
    out = p.stdout.read()
    code = p.wait(30)
    with contextlib.suppress(OSError):
        while True:
            more = os.read(master, 4096)
            if not more:
                break
            shown += more
    os.close(master)
    return code, shown.decode(), out.decode()


@part
def dead_letters():
    sandbox, f, serve = make_dead([], ["d1", "d2", "d3", "d4"])
    was = f.rows("SELECT * FROM ledger ORDER BY id")
    r = replay(f, "--dead", "--dry-run", "d1", "d2")
    equal("a dry run of dead events", (r.code, [re.search(r'"data":\[(.*)\]\}$', l).group(1) for l in r.out.splitlines()]),
          (0, [w["body"] for w in was[:2]]))
    has("its total", r.err, "2 of 2 dead events would be sent again, worth 25 USD")
    equal("changes nothing", f.rows("SELECT * FROM ledger ORDER BY id"), was)
    equal("by TikTok's code", (totals(replay(f, "--dead", "--dry-run", "--json", "--code", "40062"))["rows"],
                               totals(replay(f, "--dead", "--dry-run", "--json", "--code", "40100"))["rows"]), (4, 0))
    r = replay(f, "--dead", "d1")
    equal("one again", (r.code, r.out), (0, "1 of 1 dead event will be sent again, worth 12.50 USD\n"))
    wait_until("it is delivered", lambda: sent(sandbox) == ["d1"])
    row = wait_until("the ledger", lambda: f.rows("SELECT * FROM ledger WHERE event_id = 'd1' AND state = 'delivered'"))[0]
    equal("the same event", (row["body"], row["attempts"]), (was[0]["body"], 2))
    equal("both attempts are on record", [a["code"] for a in f.rows("SELECT code FROM tries JOIN attempts ON id = attempt "
          "WHERE event = ? ORDER BY attempt", row["id"])], [40062, 0])
    serve.stop()

    change(f, "UPDATE deliveries SET unknown_since = ? WHERE event = 2", int(time.time() * 1000) - 47 * HOUR - 1000)
    change(f, "UPDATE events SET created = created - ? WHERE id = 3", 49 * HOUR)
    for column, table in (("unknown_since", "deliveries"), ("created", "events")):
        key = "event" if table == "deliveries" else "id"
        was = f.rows("SELECT %s AS v FROM %s WHERE %s = 4" % (column, table, key))[0]["v"]
        change(f, "UPDATE %s SET %s = ? WHERE %s = 4" % (table, column, key), int(time.time() * 1000) + 365 * 24 * HOUR)
        has("%s of a clock that was ahead: nobody knows how old it is" % column, replay(f, "--dead").err,
            "3 of the 3 dead events may already be at TikTok")
        change(f, "UPDATE %s SET %s = ? WHERE %s = 4" % (table, column, key), was)
    r = replay(f, "--dead")
    equal("what TikTok may have is not sent unasked", (r.code, r.out), (1, ""))
    has("but said", r.err, "2 of the 3 dead events may already be at TikTok", "48 hours", "--yes", "Nothing was done")
    equal("nothing is changed", len(f.rows("SELECT 1 FROM ledger WHERE state = 'dead'")), 3)
    code, shown, out = by_terminal(f, b"n\n", "--dead")
    has("a terminal is asked", shown, "Send these 2 anyway? (n: only the other 1 are sent) [y/N] ", "[##")
    equal("no: only the others", (code, out), (1, "1 of 3 dead events will be sent again, worth 12.50 USD\n"
          "2 stay as they are:\n       2  TikTok may have it, and would count a repeat after 48 hours\n"))
    code, shown, out = by_terminal(f, b"\x04", "--dead", "d2")
    equal("no answer: nothing", (code, out, "Nothing was done." in shown), (1, "", True))
    code, shown, out = by_terminal(f, b"y\n", "--dead", "d2")
    equal("yes: that too", (code, out), (0, "1 of 1 dead event will be sent again, worth 12.50 USD\n"))
    row = f.rows("SELECT * FROM ledger WHERE event_id = 'd2'")[0]
    equal("its 48 hours begin anew", (row["state"], row["unknown_since"]), ("waiting", None))
    has("the note says since when and why", row["note"], "waits again since ", "as replay was told; before that: ", "40062")
    change(f, "UPDATE events SET body = replace(body, ?, ?) WHERE id = 3", '"event_time":1', '"event_time":0')
    r = replay(f, "--dead", "--yes")
    equal("past 28 days it stays dead", (r.code, r.out.splitlines()[0]), (1, "0 of 1 dead event will be sent again"))
    has("and it is said", r.err, "1 of them is older than 28 days and stay")
    serve = Serve(f)
    wait_until("the rest is delivered", lambda: sent(sandbox) == ["d1", "d2", "d4"])
    equal("each once", sandbox.stats()["unique"], 3)
    serve.stop()


@part
def dead_and_refused():
    """Withdrawn events are not dead: replay never finds them, also when the refusal comes in between."""
    rule = 'consent: {from: "{consent}", granted: ["1"], otherwise: drop, missing: granted}\n'
    sandbox = Sandbox("--fault", "first=1:code=40062")
    f = Folder(sandbox.endpoint)
    f.write("offers/nutra-de.yaml", offer_text("nutra-de", more=rule))
    serve = Serve(f)
    serve.fire(SALE % ("w", "w", "sale", "w"))
    row = wait_until("the dead letter", lambda: f.rows("SELECT * FROM ledger WHERE state = 'dead'"))[0]
    serve.get("/click/nutra-de?key=%s&subid=w&consent=0" % KEY)
    equal("withdrawn", f.rows("SELECT state FROM ledger")[0]["state"], "withdrawn")
    order = {"dead": True, "dry": False, "anyway": True, "rules": "0" * 16, "status": "", "ids": [row["id"], 999]}
    a = control(f, "POST", "/replay", json.dumps(order))
    equal("an order from before the refusal", (a.status, [r["left"] for r in a.json()["rows"]]),
          (200, ["it is not dead any more"] * 2))
    for body, said in (("", "no order"), ("{}", "no order"), ("[1]", "no order"), ("x" * 5000, "no order"),
                       (json.dumps(dict(order, ids=[1.5e300])), "no order"), (json.dumps(dict(order, ids=[0])), "no order"),
                       (json.dumps(dict(order, ids=list(range(1, 102)))), "no order"),
                       (json.dumps(dict(order, dead=False, rules="0123")), "no order"),
                       (json.dumps(dict(order, dead=False)), "other files in force")):
        a = control(f, "POST", "/replay", body)
        equal("refused: %s" % short(body, 40), a.status, 400)
        has("said: %s" % short(body, 40), a.json()["error"], said)
    equal("too long an order", control(f, "POST", "/replay", "x" * (1 << 20) + "x").status, 413)
    equal("another path", control(f, "GET", "/replay").status, 400)
    equal("nothing of it was sent", (sent(sandbox), f.rows("SELECT state FROM ledger")[0]["state"]), ([], "withdrawn"))
    equal("the server goes on", serve.fire(SALE % ("x", "x", "sale", "x")).status, 200)
    serve.stop()


def control(folder, method, path, body=None):
    c = http.client.HTTPConnection("control", timeout=20)
    c.sock = socket.socket(socket.AF_UNIX)
    c.sock.settimeout(20)
    c.sock.connect(folder.at("data/control"))
    try:
        return ask(c, method, path, body)
    finally:
        c.close()


@part
def without_a_socket():
    f = Folder()
    f.write("data/control", "a file of somebody")
    serve = Serve(f)
    has("a server without its socket says so", serve.err(), "replay and others can't ask this server",
        "data/control: something else than a socket is there")
    equal("and takes postbacks", serve.verdict(unclear("s"))[1]["verdict"], "quarantined")
    r = replay(f)
    equal("replay can't ask it, and can't write beside it", (r.code, r.out), (4, ""))
    has("it says who holds the store", r.err, "already using this data folder (pid %d)" % serve.pid)
    equal("the file stays", (serve.stop(), f.read("data/control")), (0, b"a file of somebody"))
    equal("without the server it works", replay(f, "--dry-run").code, 1)


def copies(folder, count, first=1):
    """More quarantined postbacks like the first, each of its own click, as intake would have kept them."""
    folder.edited = True
    db = sqlite3.connect(folder.at("data/clickbaton.db"))
    columns = [c[1] for c in db.execute("PRAGMA table_info(postbacks)") if c[1] not in ("id", "params")]
    db.execute("WITH RECURSIVE n(i) AS (SELECT %d UNION ALL SELECT i + 1 FROM n WHERE i < %d) INSERT INTO postbacks(id, "
               "params, %s) SELECT (SELECT max(id) FROM postbacks) + i, replace(params, 'first', 'r' || i), %s FROM n, "
               "postbacks WHERE id = 1" % (first, first + count - 1, ",".join(columns), ",".join(columns)))
    db.execute("UPDATE counts SET postbacks = postbacks + %d, quarantined = quarantined + %d" % (count, count))
    db.commit()
    db.close()


KEPT = 12000  # postbacks of the kills


@part
def kills():
    """SIGKILL of replay, of the server, Ctrl-C: nothing lost, nothing twice, and the same command goes on."""
    seed = int(os.environ.get("SEED", "20261126"))
    rng = random.Random(seed)
    say("# seed %d" % seed)
    sandbox = Sandbox()
    f = Folder(sandbox.endpoint)
    serve = Serve(f)
    serve.fire(unclear("first"))
    serve.stop()
    copies(f, KEPT - 1)
    fix(f)
    words = ["replay", "-c", "clickbaton.yaml"]
    state = lambda: f.rows("SELECT (SELECT count(*) FROM events) AS events, (SELECT count(*) FROM postbacks WHERE "
                           "verdict = 1) AS queued, (SELECT count(*) FROM postbacks WHERE verdict = 4) AS kept")[0]
    torn, counts = 0, []
    for i in range(8):
        serve = Serve(f) if i % 2 else None
        p = Program(words + ["--rate", rng.choice(("3000", "40000"))], f.at("replay"), cwd=f.path)
        last = counts[-1] if counts else 0
        wait_until("a group", lambda: state()["queued"] > last or not p.running(), every=0.002)
        time.sleep(rng.uniform(0, 0.05))
        victim = serve if serve and i % 4 == 1 else p
        victim.kill()
        if victim is serve and p.wait() != 0:
            has("the server's end is said", p.err(), "the same command goes on with the rest")
        elif serve:
            serve.stop()
        s = state()
        counts.append(s["queued"])
        torn += s["events"] != s["queued"] or s["queued"] + s["kept"] != KEPT
    equal("no group is torn", torn, 0)
    say("# done after each kill: %s" % counts)
    p = Program(words + ["--rate", "40"], f.at("replay"), cwd=f.path)
    before = state()["queued"]
    wait_until("a slow one", lambda: state()["queued"] >= before + 10, every=0.01)
    p.signal(signal.SIGINT)
    equal("Ctrl-C: exit 1", p.wait(), 1)
    true("at once", state()["queued"] <= before + 60, (before, state()))
    has("how far it came, and how to go on", p.err(), "stopped after ", " of %d; what is done is done, and the same "
        "command goes on with the rest" % (KEPT - before))
    serve = Serve(f)
    r = replay(f)
    equal("the rest", (r.code, state()), (0, {"events": KEPT, "queued": KEPT, "kept": 0}))
    wait_until("all are delivered", lambda: sandbox.stats()["unique"] >= KEPT)
    stats = sandbox.stats()
    equal("each once", (stats["unique"], stats["keys"]), (KEPT, KEPT))
    found = f.rows("SELECT count(*) AS n, count(DISTINCT event_id) AS ids FROM ledger")[0]
    equal("in the ledger", (found["n"], found["ids"]), (KEPT, KEPT))
    serve.stop()
    serve = Serve(f)
    r = serve.get("/click/nutra-de?key=%s&subid=r77&consent=1" % KEY)
    equal("the store is sound", sqlite3.connect(f.at("data/clickbaton.db")).execute("PRAGMA integrity_check").fetchall(), [("ok",)])
    serve.stop()


@part
def rate():
    f = Folder()
    serve = Serve(f)
    serve.fire(unclear("first"))
    serve.stop()
    copies(f, 17)
    fix(f)
    start = time.monotonic()
    r = replay(f, "--rate", "20")
    took = time.monotonic() - start
    equal("18 at 20 a second", r.code, 0)
    true("take 0.9 seconds", 0.85 <= took < 3, took)
    stamps = [x["created"] for x in f.rows("SELECT created FROM events ORDER BY created")]
    most = max(sum(1 for s in stamps if t <= s < t + 1000) for t in stamps)
    true("never more than 20 in a second", most <= 20, most)


@part
def walk_through():
    """docs/replay.md, command by command, with what it says is printed."""
    page = open(os.path.join(ROOT, "docs/replay.md"), encoding="utf-8").read()
    page = page.split("## Dead events")[0]
    sandbox = Sandbox()
    f = Folder(sandbox.endpoint)
    serve = Serve(f)
    for id in ("w1", "w2", "w3"):
        serve.fire(unclear(id))
    edit = re.search(r"^    stages:\n      .*\n", page, re.M)
    blocks = [(m.start(), m.group(0)) for m in re.finditer(r"^    \$ .*\n(?:    .*\n)*", page, re.M)]
    equal("the page has its commands", (len(blocks), bool(edit)), (5, True))
    edited, path = False, dict(os.environ, PATH=os.path.dirname(BINARY) + ":" + os.environ["PATH"])
    for at, block in blocks:
        if at > edit.start() and not edited:
            stages = edit.group(0).replace("\n    ", "\n")[4:]
            f.write("offers/nutra-de.yaml", offer_text("nutra-de").replace("events:", stages + "events:"))
            edited = True
        for command, want in re.findall(r"^    \$ (.*)\n((?:    [^$].*\n)*)", block, re.M):
            p = subprocess.run(["sh", "-c", command], cwd=f.path, env=path, capture_output=True, text=True, timeout=60)
            got = p.stdout + "".join(l + "\n" for l in p.stderr.splitlines()
                                     if not l.startswith("replaying quarantined") and "note[" not in l and l)
            if command.startswith("clickbaton check"):
                equal("$ " + command, p.returncode, 0)
                continue
            pattern = "".join(re.escape(l[4:]).replace(r"\.\.\.", ".*") + "\n" for l in want.splitlines()
                              if not l.startswith("    replaying quarantined"))  # of stderr
            true("$ " + command, re.fullmatch(pattern, got), "got %s\nwanted %s" % (got, want))
            if command.startswith("kill"):
                wait_until("the reload", lambda: 'msg="reloaded"' in serve.err())
    wait_until("three sales", lambda: sent(sandbox) == ["w1", "w2", "w3"])
    good("and TikTok has them")
    serve.stop()


main()
