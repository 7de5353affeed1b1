"""The inspector's server side: who comes in, every route with exact answers, the live view, and readers that
hang.  Hostile values come out as JSON that Python's own parser reads back byte for byte."""
import contextlib
import shlex

import ledger_text
from harness import *
from browser import JSON, Browser, Stream, equal_quietly, ticket

YAML = {"Content-Type": "application/yaml"}
PASSWORD = "correct-horse-battery-staple"
CSP = ("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
       "frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
SALE = "subid=%s&external_id=E.C.P.%s&status=sale&payout=12.50&currency=usd"


def begun(folder):
    """A server there, and who has logged in."""
    serve = Serve(folder)
    return folder, serve, Browser(serve)


def rows_of(browser, query=""):
    return browser.json("/api/conversions" + query)["rows"]


def delivered(browser, click):
    return [r for r in rows_of(browser) if r["click_id"] == click and r["events"]
            and r["events"][0]["state"] == "delivered"]


@part
def the_verb():
    f = Folder()
    r = run("inspect", cwd=f.path)
    equal("no server: exit 4", (r.code, r.out), (4, ""))
    has("no server: what to do", r.err, "no server runs on ", "start it: clickbaton serve")
    serve = Serve(f)
    r = run("inspect", cwd=f.path)
    found = re.fullmatch(r"http://127\.0\.0\.1:(\d+)/#token=([0-9a-f]{64})\n", r.out)
    true("a link", r.code == 0 and found and int(found[1]) == serve.admin, r)
    j = run("inspect", "--json", cwd=f.path)
    got = json.loads(j.out)
    equal("--json", (sorted(got), got["seconds"], got["url"].split("#")[0]),
          (["seconds", "token", "url"], 3600, "http://127.0.0.1:%d/" % serve.admin))
    true("every link is another", got["token"] not in r.out)
    r = run("inspect", "-c", f.at("nothing.yaml"))
    equal("a configuration that is not there: exit 3", (r.code, r.out), (3, ""))
    f.write("clickbaton.yaml", f.read("clickbaton.yaml").decode() + "nonsense: 1\n")
    equal("a configuration with errors has a server to look into", run("inspect", cwd=f.path).code, 0)
    hasnt("no token in the log", serve.err() + serve.out(), got["token"], found[2])


@part
def who_comes_in():
    lasts = 8 if SANITIZED else 2  # a session; under sanitizers all is slower
    f = Folder(extra="inspector: {session: %ds, hosts: [inspector.example.com]}\n" % lasts)
    serve = Serve(f)
    anybody = Browser(serve, login=False)
    for target in ("/api/state", "/api/live", "/api/conversions", "/api/conversion/1", "/api/trace?id=x",
                   "/api/health", "/api/alerts"):
        a = anybody.get(target)
        equal("no cookie: %s" % target, (a.status, list(a.json())), (401, ["error"]))
    for target, headers in (("/api/replay", JSON), ("/api/simulate", YAML), ("/api/logout", JSON)):
        equal("no cookie: %s" % target, anybody.post(target, "{}", headers).status, 401)
    has("it says what to do", anybody.get("/api/state").body, "clickbaton inspect")
    for name, cookie in (("made up", "clickbaton_%d=%s" % (serve.admin, "0" * 64)), ("empty", "clickbaton_%d=" % serve.admin),
                         ("huge", "clickbaton_%d=%s" % (serve.admin, "f" * 4000)), ("no name", "x")):
        equal("a cookie that is %s" % name, anybody.get("/api/state", Cookie=cookie).status, 401)
    for path in ("/livez", "/readyz", "/refused"):
        equal("open as before: " + path, anybody.get(path).status, 200)
        equal("also under another name: " + path, anybody.get(path, Host="probe.internal").status, 200)

    wrong = anybody.login({"token": "0" * 64})
    equal("a token that is none", (wrong.status, "Set-Cookie" in wrong.headers), (401, False))
    has("it says what to do", wrong.body, "clickbaton inspect")
    equal("a password, and none is configured", anybody.login({"password": ""}).status, 401)
    for name, body in (("no JSON", "{"), ("nothing", "{}"), ("both", '{"token":"a","password":"b"}'), ("a number", '{"token":1}'),
                       ("a list", "[]"), ("no body", ""), ("deep", "[" * 30000)):
        equal("login with %s" % name, anybody.post("/api/login", body).status, 400)

    one = Browser(serve)
    equal("the cookie", re.sub(r"=[0-9a-f]{64};", "=X;", one.set_cookie),
          "clickbaton_%d=X; Path=/; HttpOnly; SameSite=Strict; Max-Age=%d" % (serve.admin, lasts))
    equal("a session", one.get("/api/state").status, 200)
    other = one.cookie.replace("clickbaton_%d" % serve.admin, "clickbaton_1")
    equal("the cookie of another port", one.get("/api/state", Cookie=other).status, 401)
    equal("among others", one.get("/api/state", Cookie="a=b; %s; c=d" % one.cookie).status, 200)
    stream = Stream(one)
    equal("a stream begins with the state", stream.next()[0], "state")
    equal("a session that ends ends its stream", stream.until("bye"), {})
    equal("and that is its end", stream.next(), None)
    wait_until("the session to end", lambda: one.get("/api/state").status == 401)

    two, three = Browser(serve), Browser(serve)
    equal("two at once", (two.get("/api/state").status, three.get("/api/state").status), (200, 200))
    out = two.post("/api/logout", "{}")
    has("logout", out.headers["Set-Cookie"], "=; ", "Max-Age=0")
    equal("logged out, the other is not", (out.status, two.get("/api/state").status, three.get("/api/state").status), (204, 401, 200))


@part
def other_sites():
    f, serve, me = begun(Folder(extra="inspector: {hosts: [inspector.example.com]}\n"))
    here = "127.0.0.1:%d" % serve.admin
    for host, status in ((here, 200), ("localhost:1", 401), ("[::1]:%d" % serve.admin, 200), ("evil.example", 403),
                         ("127.0.0.1.nip.io:%d" % serve.admin, 403), ("inspector.example.com", 401), ("", 403), ("a b", 403),
                         ("evil.example:%d" % serve.admin, 403), ("x.inspector.example.com", 403)):
        equal("Host %r" % host, me.get("/api/state", Host=host).status, status)
    for target in ("/", "/inspector.js", "/inspector.css", "/api/login", "/nope"):
        equal("another name: %s" % target, me.get(target, Host="evil.example").status, 403)
    has("no Host at all", raw(serve.admin, b"GET / HTTP/1.0\r\n\r\n"), " 403 ")
    proxied = Browser(serve, login=False, host="inspector.example.com")
    equal("behind a proxy", proxied.login({"token": ticket(serve)}, Origin="https://inspector.example.com").status, 204)
    has("its cookie is for TLS alone", proxied.set_cookie, "clickbaton=", "; Secure")
    equal("and works there", proxied.get("/api/state", Origin="https://inspector.example.com").status, 200)

    for headers, status in (({"Origin": "http://" + here}, 200), ({"Sec-Fetch-Site": "same-origin"}, 200), ({"Sec-Fetch-Site": "none"}, 200),
                            ({"Origin": "https://evil.example"}, 403), ({"Origin": "null"}, 403), ({"Sec-Fetch-Site": "cross-site"}, 403),
                            ({"Sec-Fetch-Site": "same-site"}, 403), ({"Origin": "http://127.0.0.1:1"}, 403)):
        equal("with %s" % headers, me.ask("GET", "/api/state", headers=headers).status, status)
        equal("login with %s" % headers, me.post("/api/login", {"token": "x"}, dict(JSON, **headers)).status, 401 if status == 200 else 403)
    order = {"postbacks": [1], "dry": True}
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "application/jsonp", "text/json"):
        equal("POST of %r" % kind, me.post("/api/replay", order, {"Content-Type": kind}).status, 400)
    equal("POST of JSON", me.post("/api/replay", order, {"Content-Type": "Application/JSON; charset=utf-8"}).status, 200)
    equal("a chain as text/plain", me.post("/api/simulate", "x", {"Content-Type": "text/plain"}).status, 400)
    a = me.ask("OPTIONS", "/api/replay", headers={"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"})
    equal("no CORS for anybody", (a.status, [h for h in a.headers if h.startswith("Access-Control")]), (405, []))
    for method, target in (("POST", "/api/state"), ("GET", "/api/replay"), ("DELETE", "/api/conversion/1"), ("PUT", "/"), ("HEAD", "/api/live")):
        equal("%s %s" % (method, target), me.ask(method, target).status, 405)
    equal("HEAD is GET without a body", (lambda a: (a.status, a.body))(me.ask("HEAD", "/api/state")), (200, ""))
    for target in ("/nope", "/api", "/api/", "/api/conversion/", "/api/statex", "/../etc/passwd", "/inspector.js/x"):
        equal("not there: %s" % target, me.get(target).status, 404)
    guards = {"Content-Security-Policy": CSP, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
              "X-Frame-Options": "DENY", "Cross-Origin-Resource-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin"}
    for target in ("/", "/api/state", "/nope", "/api/conversions?limit=0"):
        a = me.get(target)
        equal("guards of %s" % target, {k: a.headers[k] for k in guards}, guards)
    a = Browser(serve, login=False).get("/api/state")
    equal("guards of a refusal", {k: a.headers[k] for k in guards}, guards)


@part
def passwords():
    f = Folder(extra="inspector: {password: {file: ./keys/inspector}}\n")
    f.write("keys/inspector", PASSWORD + "\n", 0o600)
    serve = Serve(f)
    me = Browser(serve, login=False)
    equal("the password", me.login({"password": PASSWORD}).status, 204)
    equal("a session", me.get("/api/state").status, 200)
    thief = Browser(serve, login=False)
    for n, guess in enumerate(("", "x", PASSWORD[:-1], PASSWORD + "x", PASSWORD.upper(), " " + PASSWORD, "a" * 60000, "\u0000", "7", "8")):
        equal("guess %d" % n, thief.login({"password": guess}).status, 401)
    a = thief.login({"password": "9"})
    equal("then that address may not", (a.status, 1 <= int(a.headers["Retry-After"]) <= 60), (429, True))
    equal("not even rightly", thief.login({"password": PASSWORD}).status, 429)
    owner = Browser(serve, login=False)
    equal("another address may", owner.login({"password": PASSWORD}, x_forwarded_for="192.0.2.7").status, 204)
    for n in range(100):
        thief.login({"password": "9"}, x_forwarded_for="2001:db8:%x::1, 127.0.0.9" % n)
    equal("all strangers together have a limit", thief.login({"password": "9"}, x_forwarded_for="198.51.100.1").status, 429)
    equal("who was right before has not", owner.login({"password": PASSWORD}, x_forwarded_for="192.0.2.7").status, 204)
    equal("what a client claims behind a proxy counts for nothing",
          thief.login({"password": PASSWORD}, x_forwarded_for="192.0.2.7, 198.51.100.2").status, 429)
    equal("who can ask the server comes in all the same", Browser(serve).get("/api/state").status, 200)
    equal("and who is in stays", me.get("/api/state").status, 200)
    f.write("keys/inspector", "another-" + PASSWORD + "\n", 0o600)
    serve.reload()
    equal("another password ends the sessions", me.get("/api/state").status, 401)
    hasnt("no password in the log", serve.err() + serve.out(), PASSWORD)

    f.write("keys/inspector", PASSWORD, 0o644)
    r = run("check", "-c", "clickbaton.yaml", cwd=f.path)
    has("a password that everybody can read", r.err + r.out, "error[C002]")
    for name, lines, code in (("a password in the file itself", "inspector: {password: %s}" % PASSWORD, "C003"), ("a host with a scheme", "inspector: {hosts: ['https://i.example/']}", "C050"),
                              ("a host with a port", "inspector: {hosts: i.example:80}", "C050"), ("a pattern", "inspector: {hosts: ['*.example']}", "C050"),
                              ("no duration", "inspector: {session: 0s}", "C007"), ("an unknown key", "inspector: {passwort: x}", "M001"), ("no map", "inspector: yes", "M002")):
        f.config(f.endpoint, extra=lines + "\n")
        r = run("check", "-c", "clickbaton.yaml", cwd=f.path)
        true(name, r.code == 3 and "error[%s]" % code in r.out + r.err and PASSWORD not in r.out + r.err, r)
    f.config(f.endpoint, admin="0.0.0.0:0")
    has("a listener for everybody", run("check", "-c", "clickbaton.yaml", cwd=f.path).err, "warning[C051]", "docs/inspector.md")
    f.config(f.endpoint)
    hasnt("one on loopback", run("check", "-c", "clickbaton.yaml", cwd=f.path).err, "C051")


@part
def routes():
    f, serve, me = begun(Folder(Sandbox().endpoint))
    empty = me.json("/api/conversions")
    equal("nothing yet", empty, {"rows": [], "next": None})
    request(serve.port, "GET", "/click/nutra-de?key=%s&subid=a1&ttclid=E.C.P.a1&event_id=ev-a1" % KEY)
    serve.fire(SALE % ("a1", "a1") + "&tid=77&email=jane@example.com")
    serve.fire(SALE % ("a1", "a1") + "&tid=77&email=jane@example.com")
    serve.fire("subid=a2&status=trash")
    serve.fire("subid=a3&status=nonsense")
    wait_until("the delivery", lambda: delivered(me, "a1"))
    rows = rows_of(me)
    equal("the list, newest first", [(r["id"], r["click_id"], r["verdict"], r["code"], r["stage"], len(r["events"])) for r in rows],
          [(4, "a3", "quarantined", "Q002", "", 0), (3, "a2", "ignored", "I001", "rejected", 0), (2, "a1", "duplicate", "D001", "sale", 0), (1, "a1", "queued", "", "sale", 1)])
    first = rows[-1]
    equal("the keys of a row", list(first), ["id", "at", "offer", "tracker", "stage", "verdict", "code", "reason", "click_id", "ttclid", "event_id",
                                              "txid", "warnings", "events"])
    e = first["events"][0]
    equal("its event", {k: e[k] for k in ("event", "event_id", "pixel", "state", "value", "currency", "answer", "note")},
          {"event": "Purchase", "event_id": "ev-a1", "pixel": PIXEL, "state": "delivered", "value": "12.5", "currency": "USD",
           "answer": {"http_status": 200, "code": 0, "message": "OK"}, "note": ""})
    true("its latency", 0 <= e["latency_ms"] < 20000, e)
    true("its time", re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d\d\dZ", first["at"]))
    equal("nobody's data", "jane" in json.dumps(rows), False)
    for query, ids in (("?verdict=queued", [1]), ("?code=Q002", [4]), ("?stage=sale", [2, 1]), ("?offer=nutra-de&limit=2", [4, 3]), ("?before=3", [2, 1]),
                       ("?offer=nothing", []), ("?tracker=keitaro", [4, 3, 2, 1]), ("?since=1h", [4, 3, 2, 1]), ("?until=1h", []), ("?after=2", [4, 3])):
        equal("conversions" + query, [r["id"] for r in rows_of(me, query)], ids)
    equal("a page ends where the next begins", me.json("/api/conversions?limit=3")["next"], 2)
    for query in ("?limit=0", "?limit=201", "?limit=x", "?verdict=none", "?since=soon", "?before=-1", "?before=99999999999999999999"):
        a = me.get("/api/conversions" + query)
        equal("conversions" + query, (a.status, list(a.json())), (400, ["error"]))

    c = me.json("/api/conversion/1")
    equal("a conversion", (len(c["postbacks"]), c["postbacks"][0]["id"], c["click"]["click_id"], c["again"]["verdict"]), (1, 1, "a1", "queued"))
    body = c["again"]["bodies"][0]["data"][0]
    equal("again: the body is what was sent", (body["event_id"], body["user"]["ttclid"], body["properties"]["value"]), ("ev-a1", "E.C.P.a1", 12.5))
    sent = [e["body"] for p in c["postbacks"] for e in p["events"]]
    equal("again: what was sent", sent, [body])
    equal("again: where a field comes from", {k: c["again"]["fields"]["event_id"][k] for k in ("value", "from")}, {"value": "ev-a1", "from": "click"})
    true("again: its steps", any(s["field"] == "user.ttclid" for s in c["again"]["steps"]))
    with contextlib.closing(sqlite3.connect(f.at("data/clickbaton.db"), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")  # nobody can write
        equal("again: it only reads", me.json("/api/conversion/1")["again"], c["again"])
    has("curl", c["curl"], "curl -sS 'http://127.0.0.1:%d/postback/nutra-de?key=KEY&subid=a1&" % serve.port)
    hasnt("no key in it", json.dumps(c), KEY, TOKEN)
    text = re.sub(r"(?m)^tests:.*\Z", "", offer_text("nutra-de")) + "tests:\n" + c["test"] + me.json("/api/conversion/4")["test"]
    f.write("with-tests.yaml", text)
    r = run("check", "with-tests.yaml", cwd=f.path)
    equal("its test is one that `check` runs", (r.code, "2 tests" in r.out + r.err or r), (0, True))
    equal("a conversion by curl", subprocess.run(c["curl"].replace("key=KEY", "key=" + KEY), shell=True, stdout=subprocess.PIPE).stdout, b"OK")
    for target, status in (("/api/conversion/0", 400), ("/api/conversion/x", 400), ("/api/conversion/1/2", 400), ("/api/conversion/999", 404)):
        equal(target, me.get(target).status, status)

    t = me.json("/api/trace?id=a1")
    equal("trace", (t["matched"], [p["id"] for p in t["postbacks"]][:2]), ("click_id", [1, 2]))
    equal("trace is what `trace` prints", json.loads(run("trace", "a1", "--json", cwd=f.path).out)["postbacks"][0]["id"], 1)
    t = me.json("/api/trace?id=nobody")
    true("trace of nobody", t["postbacks"] == [] and t["meaning"], t)
    equal("trace of nothing", me.get("/api/trace").status, 400)
    equal("trace of too much", me.get("/api/trace?id=" + "x" * 2001).status, 400)
    equal("alerts", sorted(me.json("/api/alerts")), ["active", "courier", "history", "receivers"])
    state = me.json("/api/state")
    equal("state", list(state), ["version", "now", "offers", "banner", "outbox", "since_start", "refused"])
    equal("its offers", state["offers"], [{"name": "nutra-de", "tracker": "keitaro", "pixels": [PIXEL], "events": ["Lead", "Purchase"]}])
    equal("its counts", state["since_start"], {"postbacks": 5, "queued": 1, "duplicate": 2, "ignored": 1, "quarantined": 1, "clicks": 1})


@part
def health():
    f, serve, me = begun(Folder(Sandbox().endpoint))
    for n in range(3):
        serve.fire(SALE % ("h%d" % n, "h%d" % n) + "&email=jane@example.com")
    serve.fire(SALE % ("h0", "h0"))
    serve.fire("subid=h4&status=nonsense")
    serve.fire("subid=h5&status=trash")
    request(serve.port, "GET", "/click/nutra-de?key=%s&subid=c1&ttclid=E.C.P.c1" % KEY)
    wait_until("the deliveries", lambda: len(delivered(me, "h0") + delivered(me, "h1") + delivered(me, "h2")) == 3)
    h = me.json("/api/health")
    offer = h["offers"][0]
    total = {k: sum(p[k] for p in offer["points"]) for k in ("clicks", "received", "queued", "duplicate", "ignored", "quarantined")}
    equal("by offer", (offer["offer"], total), ("nutra-de", {"clicks": 1, "received": 6, "queued": 3, "duplicate": 1, "ignored": 1, "quarantined": 1}))
    event = offer["events"][0]
    total = {k: sum(p[k] for p in event["points"]) for k in ("put", "delivered", "dead", "withdrawn", "valued")}
    equal("by event", (event["event"], total), ("Purchase", {"put": 3, "delivered": 3, "dead": 0, "withdrawn": 0, "valued": 3}))
    p = event["points"]
    equal("latencies", (sum(sum(x["latency"]) for x in p), {len(x["latency"]) for x in p}), (3, {15}))
    equal("values", sum(float(x["values"].get("USD", "0")) for x in p), 37.5)
    equal("match keys", sum(x["keys"].get("email", 0) for x in p), 3)
    equal("reasons", {(r["code"], r["verdict"], r["n"]) for r in offer["reasons"]}, {("Q002", "quarantined", 1), ("I001", "ignored", 1), ("D001", "duplicate", 1)})
    true("with titles", all(r["title"] for r in offer["reasons"]))
    equal("answers are called as in the report", [a["title"] for a in offer["answers"]],
          [a["title"] for a in json.loads(run("report", "--json", cwd=f.path).out)["total"]["answers"]])
    equal("answers", [(a["code"], a["delivered"], a["again"], a["dead"]) for a in offer["answers"]], [("0", 3, 0, 0)])
    equal("by day", me.json("/api/health?step=86400&since=7d")["step"], 86400)
    equal("of another offer", me.json("/api/health?offer=nothing")["offers"], [])
    for query in ("?step=60", "?since=x", "?since=2020-01-01T00:00:00Z", "?since=1h&until=2h"):
        equal("health" + query, me.get("/api/health" + query).status, 400)


@part
def an_imported_ledger():
    """Outcomes of attempts by TikTok's answer; and a row whose parameters nobody has encoded, which must not reach a shell."""
    f, at = Folder(), time.time() - 600
    p = [ledger_text.postback(at, params="subid=c1'$(touch reached)'"), ledger_text.postback(at + 1, params="subid=c2")]
    codes = ((503, -1), (200, 40100), (200, 40002), (200, 0))
    tries = [dict(at=int(at * 1000) + 20 + n, took_ms=1, pixel=PIXEL, http_status=h, code=c, message="m") for n, (h, c) in enumerate(codes)]
    events = [ledger_text.event(1, p[0], PIXEL, 4, [1, 2, 3]), ledger_text.event(2, p[1], PIXEL, 3, [4])]
    equal("a ledger to begin with", run("store", "import", "-", f.at("data"), stdin=ledger_text.text((), p, tries, events)).code, 0)
    serve = Serve(f)
    me = Browser(serve)
    answers = me.json("/api/health")["offers"][0]["answers"]
    equal("answers: delivered, again, dead", sorted((a["code"], a["delivered"], a["again"], a["dead"]) for a in answers),
          [("0", 1, 0, 0), ("40002", 0, 0, 1), ("40100", 0, 1, 0), ("http 503", 0, 1, 0)])
    curl = me.json("/api/conversion/1")["curl"]
    equal("its curl has one argument", (len(shlex.split(curl)), curl.count("'")), (3, 2))
    serve.stop()


@part
def replay_and_simulate():
    box = Sandbox()
    f, serve, me = begun(Folder(box.endpoint))
    serve.fire("subid=r1&external_id=E.C.P.r1&status=geld&payout=3&currency=usd")
    serve.fire(SALE % ("r2", "r2"))
    dry = me.post("/api/replay", {"postbacks": [1, 2, 99], "dry": True}).json()["results"]
    equal("dry: as it is", [(r["id"], r.get("verdict"), r.get("code"), bool(r.get("left"))) for r in dry],
          [(1, "quarantined", "Q002", False), (2, None, None, True), (99, None, None, True)])
    f.write("offers/nutra-de.yaml", offer_text("nutra-de", more="stages: {sale: [geld]}\n"))
    serve.reload()
    equal("again: by the new mapping", me.json("/api/conversion/1")["again"]["verdict"], "queued")
    r = me.post("/api/replay", {"postbacks": [1], "dry": True}).json()["results"][0]
    equal("dry: by the new mapping", (r["before"], r["verdict"], r["bodies"][0]["data"][0]["event_id"]), ("Q002", "queued", "r1"))
    equal("dry: nothing was changed", rows_of(me)[-1]["verdict"], "quarantined")
    r = me.post("/api/replay", {"postbacks": [1]}).json()["results"][0]
    equal("done", (r["before"], r["verdict"], r["bodies"]), ("Q002", "queued", []))
    wait_until("the delivery", lambda: delivered(me, "r1"))
    equal("TikTok has it once", len([e for e in box.events() if e["event_id"] == "r1"]), 1)
    equal("once more: nothing is left to do", bool(me.post("/api/replay", {"postbacks": [1]}).json()["results"][0].get("left")), True)
    for name, value in (("no ids", {"postbacks": []}), ("both", {"postbacks": [1], "events": [1]}), ("neither", {}), ("texts", {"postbacks": ["1"]}),
                        ("zero", {"postbacks": [0]}), ("halves", {"postbacks": [1.5]}), ("101", {"postbacks": list(range(1, 102))}),
                        ("no list", {"postbacks": 1}), ("no truth", {"postbacks": [1], "dry": "yes"}), ("no JSON", "{")):
        equal("replay with " + name, me.post("/api/replay", value).status, 400)

    with open(os.path.join(ROOT, "examples/chains/keitaro.yaml")) as chain:
        text = chain.read()
    a = me.post("/api/simulate", text, YAML)
    named_offer = re.search(r"postback: (\S+)", text)[1]
    equal("simulate: the offer is found by its file", (a.status, named_offer.endswith("/nutra-de.yaml")), (200, True))
    equal("simulate: as the verb prints it", list(a.json())[:4], ["verdict", "code", "reason", "broken_at"])
    equal("simulate: kept", a.json()["verdict"], "kept")
    with open(os.path.join(ROOT, "examples/chains/lander-forgets-subid.yaml")) as chain:
        broken = me.post("/api/simulate", chain.read(), YAML)
    want = json.loads(run("simulate", "examples/chains/lander-forgets-subid.yaml", "--json", cwd=ROOT).out)
    got = broken.json()
    equal("simulate: a broken chain, as the verb says it", [got[k] for k in ("verdict", "code", "reason", "broken_at")],
          [want[k] for k in ("verdict", "code", "reason", "broken_at")])
    equal("simulate: broken", (got["verdict"], [h["ttclid"] for h in got["hops"]]), ("broken", [h["ttclid"] for h in want["hops"]]))
    a = me.post("/api/simulate", re.sub(r"postback: \S+", "postback: /etc/passwd", text), YAML)
    equal("simulate: an offer that is not in force", (a.status, [p["code"] for p in a.json()["problems"]]), (400, ["C001"]))
    hasnt("simulate: no file is read", a.body, "root:")
    a = me.post("/api/simulate", "version: 1\nchain: x\nhopss: []\n", YAML)
    true("simulate: problems say where", a.status == 400 and any(p["where"] == "3:1" and p["code"] == "M001" and p["remedy"] for p in a.json()["problems"]), a)
    for name, chain in (("nothing", ""), ("no YAML", "\x00\xff"), ("deep", "a: " + "[" * 5000)):
        a = me.ask("POST", "/api/simulate", chain.encode("latin-1"), dict(YAML))
        equal("simulate: " + name, (a.status, bool(a.json()["problems"])), (400, True))
    equal("simulate: too much", me.post("/api/simulate", "x" * 70000, YAML).status, 413)


@part
def what_became_of_them():
    box = Sandbox("--fault", "first=1:code=40062")
    f = Folder(box.endpoint)
    f.write("offers/asks.yaml", offer_text("asks", more='consent: {from: "{param.consent}", granted: ["1"], otherwise: drop}\n'))
    f, serve, me = begun(f)
    ids = lambda query: [r["id"] for r in rows_of(me, query)]
    stream = Stream(me)
    serve.fire(SALE % ("s1", "s1"))
    dead = stream.until("row", lambda r: r["events"] and r["events"][0]["state"] == "dead")
    equal("refused by TikTok", (dead["click_id"], dead["events"][0]["answer"]["code"]), ("s1", 40062))
    serve.fire(SALE % ("s2", "s2"))
    wait_until("the delivery", lambda: delivered(me, "s2"))
    box.kill()
    click = "/click/asks?key=%s&subid=s4&ttclid=E.C.P.s4&consent=%d"
    serve.fire("subid=s3&status=nonsense&payout=2&currency=usd")
    serve.get(click % (KEY, 1))
    serve.fire(SALE % ("s4", "s4") + "&consent=1", offer="asks")
    serve.fire(SALE % ("s5", "s5"))
    serve.get(click % (KEY, 0))
    wait_until("what is taken back", lambda: ids("?state=withdrawn") == [4])
    stream.until("state", lambda s: s["outbox"]["withdrawn"] == 1) # by which the page knows
    for query, want in (("?state=refused", [1]), ("?state=dead", [1]), ("?state=delivered", [2]), ("?state=waiting", [5]), ("?state=withdrawn&offer=asks", [4]),
                        ("?state=refused&offer=asks", []), ("?state=delivered&verdict=quarantined", []), ("?state=refused&since=1h", [1]),
                        ("?state=refused&until=1h", []), ("?state=waiting&before=5", []), ("?state=waiting&after=4", [5]), ("?state=", [5, 4, 3, 2, 1])):
        equal("conversions" + query, ids(query), want)
    for value in ("none", "REFUSED", "sending", "dead%20", "refused%00", "__proto__", "1", "refused,waiting", "x" * 3000):
        a = me.get("/api/conversions?state=" + value)
        equal("state=%s" % value[:20], (a.status, a.json()), (400, {"error": "`state` is waiting, delivered, refused or withdrawn"}))
    equal("sent again", me.post("/api/replay", {"events": [dead["events"][0]["id"]]}).json()["results"][0].get("left"), None)
    stream.until("state", lambda s: s["outbox"]["dead"] == 0)
    equal("then it is on its way", (ids("?state=refused"), ids("?state=waiting")), ([], [5, 1]))
    f.write("offers/nutra-de.yaml", offer_text("nutra-de", more="stages: {sale: [nonsense]}\n"))
    serve.reload()
    me.post("/api/replay", {"postbacks": [3]})
    equal("a replayed one stands where it came", ids("?state=waiting"), [5, 3, 1])
    page, pages = me.json("/api/conversions?state=waiting&limit=1"), []
    while page["rows"]:
        pages.append([r["id"] for r in page["rows"]])
        page = me.json("/api/conversions?state=waiting&limit=1&before=%d" % page["next"]) if page["next"] else {"rows": []}
    equal("page by page", pages, [[5], [3], [1]])
    true("a view of SQL says the same", sorted(r["postback"] for r in f.rows("SELECT postback FROM ledger WHERE state IN ('waiting', 'sending')")) == [1, 3, 5])
    stream.close()


@part
def live():
    box = Sandbox()
    f = Folder(box.endpoint)
    serve = Serve(f)
    me, other = Browser(serve), Browser(serve)
    stream, second = Stream(me), Stream(other)
    equal("the first event is the state", (stream.next()[0], second.next()[0]), ("state", "state"))
    serve.fire(SALE % ("l1", "l1"))
    for name, s in (("one", stream), ("two", second)):
        row = s.until("row", lambda r: r["click_id"] == "l1")
        equal("inspector %s sees the postback" % name, (row["verdict"], row["offer"]), ("queued", "nutra-de"))
        if row["events"][0]["state"] != "delivered":
            row = s.until("row", lambda r: r["events"] and r["events"][0]["state"] == "delivered")
        equal("inspector %s sees its delivery" % name, (row["click_id"], row["events"][0]["answer"]["code"]), ("l1", 0))
    state = stream.until("state", lambda s: s["outbox"]["delivered"] == 1)
    equal("and the counts", state["since_start"]["queued"], 1)
    serve.fire(SALE % ("l2", "l2"))
    stream.until("row", lambda r: r["click_id"] == "l2" and r["events"][0]["state"] == "delivered")
    last = wait_id(stream)
    stream.close()
    for n in range(3):
        serve.fire(SALE % ("m%d" % n, "m%d" % n))
    second.until("row", lambda r: r["click_id"] == "m2" and r["events"][0]["state"] == "delivered") # so they were told already
    second.close()
    wait_until("the deliveries", lambda: all(delivered(me, "m%d" % n) for n in range(3)))
    back = Stream(me, last)
    equal("who comes back gets what he missed, in its order", [back.until("row")["click_id"] for _ in range(3)], ["m0", "m1", "m2"])
    back.close()
    again = Stream(me, "%d.0" % (len(rows_of(me)) + 5))
    equal("who says more than there is begins now", again.next()[0], "state")
    again.close()
    for made_up in ("x", "-1.-1", "9999999.9999999", "1", "1.x", "99999999999999999999.1"):
        s = Stream(me, made_up)
        equal("Last-Event-ID %s: from now on" % made_up, s.next()[0], "state")
        s.close()
    f.write("offers/nutra-de.yaml", "version: 1\noffer: nutra-de\n")
    watch = Stream(me)
    serve.reload(failed=True)
    state = watch.until("state", lambda s: s["banner"])
    equal("a failed reload is a banner", [(b["kind"], b["level"]) for b in state["banner"]], [("reload", "error")])
    equal("the end of the server", (serve.signal(signal.SIGTERM), watch.until("bye"))[1], {})
    equal("is the end of the stream", watch.next(), None)
    equal("and an orderly one", serve.wait(), 0)


@part
def many_events_of_one_click():
    """A subscription's click: each of its rows is looked for among the events of all."""
    f, serve, me = begun(Folder())
    for n in range(210):
        serve.fire("subid=sub&external_id=E.C.P.%s&status=rebill&payout=1.25&currency=usd&tid=t%d" % ("s" * 400, n))
    a = me.get("/api/conversions?limit=200")
    equal("200 rows of one click", a.status, 200)
    equal("each with its own event", {(r["verdict"], len(r["events"]), r["events"][0]["value"]) for r in json.loads(a.body)["rows"]},
          {("queued", 1, "1.25")})


@part
def more_than_a_batch():
    """Who comes back after rows that do not fit into one batch is told that there are more."""
    f, serve, me = begun(Folder())
    for n in range(80):
        equal_quietly("a long id is taken", serve.fire("subid=b%02d%s&external_id=E.C.P.%d&status=sale" % (n, "x" * 6000, n)).status, 200)
    wait_until("all of them", lambda: len(rows_of(me)) >= 50)
    back, seen = Stream(me, "1.0"), []
    while not seen or seen[-1] not in ("skipped", "end"):
        got = back.next()
        seen.append(got[0] if got else "end")
    true("some rows, and then that there are more", seen.count("row") > 20 and seen[-1] == "skipped", seen)
    back.close()


def wait_id(stream):
    """The id that ends the batch."""
    while not stream.last or stream.last.split(".")[0] < "2":
        line = stream.r.readline().decode()
        if line.startswith("id: "):
            stream.last = line[4:].strip()
    return stream.last


@part
def readers_that_hang():
    f, serve, me = begun(Folder(Sandbox().endpoint))
    sockets = []
    head = ("GET /api/live HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: %s\r\n\r\n" % me.cookie.replace("_%d" % serve.admin, "")).encode()
    statuses = []
    for n in range(40):
        s = socket.create_connection(("127.0.0.1", serve.admin), timeout=10)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.sendall(head)
        statuses.append(s.recv(12)[9:12].decode())
        sockets.append(s)
    equal("32 live views, the others are told so", (statuses.count("200"), statuses.count("503")), (32, 8))
    load = Load(serve, "hang", connections=4, count=600)
    slowest = 0
    for n in range(30):
        began = time.monotonic()
        equal_quietly("/livez", request(serve.admin, "GET", "/livez").status, 200)
        equal_quietly("/readyz", request(serve.admin, "GET", "/readyz").status, 200)
        slowest = max(slowest, time.monotonic() - began)
    true("health answers beside 32 readers that hang", slowest < (5 if SANITIZED else 1), slowest)
    equal("every postback is taken", len(load.wait()), 600)
    wait_until("and delivered", lambda: serve.ready()[1]["outbox"]["delivered"] == 600)
    for n, s in enumerate(sockets):
        if n % 2:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        s.close()
    def one_more():
        s = Stream(me)
        s.status == 200 or s.close()
        return s.status == 200 and s
    equal("who has gone makes room", wait_until("a place", one_more).next()[0], "state")
    began = time.monotonic()
    equal("an orderly end", serve.stop(), 0)
    true("in good time", time.monotonic() - began < 8, time.monotonic() - began)


HOSTILE = ["<script>alert(1)</script>", "\"'><img src=x onerror=alert(1)>", "\x1b[2J\x1b]0;title\x07\x1b[31m", "a" * 10000,
           "line\r\nSet-Cookie: x=y\n\nevent: bye\ndata: {}", "</textarea><svg/onload=alert(1)>", "{{constructor.constructor('x')()}}", "\u202eevil\u2066",
           "\x00\x01\x7f", "javascript:alert(1)", "'; DROP TABLE postback; --", "$(reboot)`reboot`", "\u2028\u2029", "]]>"]


@part
def hostile_values():
    f, serve, me = begun(Folder())
    stream = Stream(me)
    stream.next()
    quote = urllib.parse.quote
    for n, value in enumerate(HOSTILE):
        v = quote(value)
        body = "subid=%s&external_id=%s&status=%s&payout=%s&currency=%s&%s=1" % ((v,) * 5 + (quote(value[:50]),))
        a = request(serve.port, "POST", "/postback/nutra-de?key=" + KEY, body, {"Content-Type": "application/x-www-form-urlencoded"})
        equal_quietly("hostile value %d is taken" % n, a.status, 200)
    serve.get("/postback/nutra-de?key=%s&subid=%%ff%%fe%%c3&external_id=%%80&status=%%e2%%28%%a1" % KEY)
    count, copies = len(HOSTILE) + 1, []
    rows = [stream.until("row") for _ in range(count)]
    equal("the stream is not broken by any of them", [r["id"] for r in rows], list(range(1, count + 1)))
    equal("the list has the same", [r["id"] for r in rows_of(me)], list(range(count, 0, -1)))
    for n, value in enumerate(HOSTILE):
        a = me.get("/api/conversion/%d" % (n + 1))
        c = json.loads(a.body)
        hasnt("no byte below a blank, %d" % n, a.body, *(chr(i) for i in range(32) if i != 10))
        params = dict(map(tuple, c["postbacks"][0]["params"]))
        equal("value %d comes back as it was" % n, params.get("status"), value)
        words = shlex.split(c["curl"])
        equal("its curl goes as it came, %d" % n, (len(words), words[3:4], "\n" in c["curl"]), (5, ["--data-raw"], False))
        copies.append((n + 1, c["curl"], c["test"], params))
        true("a trace of it, %d" % n, me.get("/api/trace?id=" + quote(value[:900])).status == 200)
    a = json.loads(me.get("/api/conversion/%d" % count).body)
    true("bytes that are no UTF-8 are still JSON", a["postbacks"][0]["id"] == count)
    for value in HOSTILE:
        v = quote(value)
        for target in ("/api/conversions?state=", "/api/conversions?state=refused&offer=", "/api/conversions?offer=", "/api/conversions?code=", "/api/health?offer=", "/api/conversions?verdict=", "/api/conversion/"):
            status = me.get(target + v).status
            if status not in (200, 400, 404):
                bad("a hostile parameter", "%s%s: %d" % (target, v[:60], status))
    good("hostile parameters")
    copies_that_work(serve, f, me, copies)
    stream.close()


def copies_that_work(serve, f, me, copies):
    """Pasted into a shell, and into a mapping's `tests:`."""
    at = me.json("/api/conversion/%d" % (len(HOSTILE) + 1))
    f.write("with-copies.yaml", re.sub(r"(?m)^tests:.*\Z", "", offer_text("nutra-de")) + "tests:\n" + "".join(c[2] for c in copies) + at["test"])
    r = run("check", "with-copies.yaml", cwd=f.path)
    equal("copied tests of hostile values pass", (r.code, "%d tests" % (len(copies) + 1) in r.out + r.err or r), (0, True))
    big = "x" * 20000 # more than a URL may have
    request(serve.port, "POST", "/postback/nutra-de?key=" + KEY, "subid=big&status=%s&note=a%%27b%%22%%24(id)%%60id%%60%%25%%0a" % big,
            {"Content-Type": "application/x-www-form-urlencoded"})
    last = rows_of(me)[0]["id"]
    c = me.json("/api/conversion/%d" % last)
    copies = copies[:8] + [(last, c["curl"], c["test"], dict(map(tuple, c["postbacks"][0]["params"])))]
    for n, curl, _, params in copies:
        out = subprocess.run(["sh", "-c", curl.replace("key=KEY", "key=" + KEY)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        newest = rows_of(me)[0]
        again = dict(map(tuple, me.json("/api/conversion/%d" % newest["id"])["postbacks"][0]["params"]))
        equal("row %d by curl in a shell is the same postback" % n, (out.stdout, newest["id"] > n, again), (b"OK", True, params))


main()
