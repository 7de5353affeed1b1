"""serve, as it should go: postbacks by every method, clicks, delivery."""
from harness import *

ADDED = ("event_source", "event_source_id", "test_event_code", "request_id", "received", "merged",
         "dropped")
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}
PAGE = {"Origin": "https://lander.example", "User-Agent": "Mozilla/5.0 (test)"}


def pair(**more):
    sandbox = Sandbox()
    folder = Folder(sandbox.endpoint, **more)
    return sandbox, folder, Serve(folder)


def delivered(sandbox, event_id, event="Purchase"):
    """The event that the sandbox has, without what it adds."""
    found = wait_until("event %s" % event_id, lambda: sandbox.events(event_id=event_id, event=event))
    return {k: v for k, v in found[0].items() if k not in ADDED}


def translated(folder, url, at, *more):
    r = run("translate", "offers/nutra-de.yaml", url, "--at", str(at), "-c", "clickbaton.yaml", *more,
            cwd=folder.path)
    return r.out


@part
def methods():
    sandbox, folder, serve = pair()
    q = "external_id=E.C.P.%s&status=sale&payout=12.50&currency=usd&subid=%s"
    a = serve.fire(q % ("get", "get1"))
    equal("GET", (a.status, a.body), (200, "OK"))
    has("GET: plain text", a.headers["Content-Type"], "text/plain")
    a = request(serve.port, "HEAD", "/postback/nutra-de?key=%s&%s" % (KEY, q % ("head", "head1")))
    equal("HEAD", (a.status, a.body), (200, ""))
    a = request(serve.port, "POST", "/postback/nutra-de", "key=%s&%s" % (KEY, q % ("form", "form1")), FORM)
    equal("POST form", (a.status, a.body), (200, "OK"))
    body = {"key": KEY, "subid": "json1", "external_id": "E.C.P.json", "status": "sale", "payout": 12.50,
            "currency": "usd"}
    a = request(serve.port, "POST", "/postback/nutra-de", json.dumps(body), JSON)
    equal("POST JSON", (a.status, a.body), (200, "OK"))
    a = request(serve.port, "POST", "/postback/nutra-de?key=" + KEY, q % ("mixed", "mixed1"), FORM)
    equal("POST with the key in the URL", (a.status, a.body), (200, "OK"))
    a = request(serve.port, "POST", "/postback/nutra-de?key=%s&%s" % (KEY, q % ("bare", "bare1")))
    equal("POST without a body", (a.status, a.body), (200, "OK"))
    for name in ("get", "head", "form", "json", "mixed", "bare"):
        event = delivered(sandbox, name + "1")
        equal("%s: delivered" % name, (event["user"]["ttclid"], event["properties"]["value"],
                                      event["properties"]["currency"]), ("E.C.P." + name, 12.5, "USD"))
    equal("the store has each with its method",
          [(r["click_id"], r["m"]) for r in folder.rows(
              "SELECT click_id, (SELECT text FROM names n WHERE n.id = method) AS m FROM postbacks ORDER BY id")],
          [("get1", "GET"), ("head1", "HEAD"), ("form1", "POST"), ("json1", "POST"), ("mixed1", "POST"),
           ("bare1", "POST")])
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"):
        a = request(serve.port, method, "/postback/nutra-de?key=" + KEY)
        equal("%s: 405 with Allow" % method, (a.status, a.headers["Allow"]), (405, "GET, HEAD, POST"))
    c = http.client.HTTPConnection("127.0.0.1", serve.port, timeout=20)
    answers = [ask(c, "GET", "/postback/nutra-de?key=%s&subid=k%d&ttclid=T&status=sale&payout=1" % (KEY, i)).status
               for i in range(50)]
    c.close()
    equal("50 on one connection", answers, [200] * 50)
    equal("serve: exit 0", serve.stop(), 0)
    equal("sandbox: exit 0", sandbox.stop(), 0)


@part
def verdicts():
    sandbox, folder, serve = pair()
    q = "subid=v1&external_id=E.C.P.v&status=sale&payout=12.50&currency=usd"
    queued = {"verdict": "queued", "reason": "", "warnings": []}
    equal("Accept: application/json", serve.verdict(q), (200, queued))
    a = serve.fire(q + "&verbose=1")
    again = a.json()
    again["reason"] = re.sub(r"\(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\)", "(TIME)", again["reason"])
    equal("verbose=1 again: duplicate", (a.status, again), (200, {
        "verdict": "duplicate", "code": "D001",
        "reason": 'Purchase with event_id "v1" was accepted before (TIME)', "warnings": []}))
    equal("its Content-Type", a.headers["Content-Type"], "application/json")
    a = serve.fire(q)
    equal("a duplicate is OK without words", (a.status, a.body), (200, "OK"))
    status, v = serve.verdict("subid=v1&status=trash")
    equal("ignored", (status, v["verdict"], v["code"]), (200, "ignored", "I006"))
    has("ignored: the rule's line", v["reason"], "offers/nutra-de.yaml:12")
    status, v = serve.verdict("subid=v2&ttclid=T&status=wat")
    equal("quarantined", (status, v["verdict"], v["code"], v["reason"]),
          (200, "quarantined", "Q002", 'no stage of the mapping lists the word "wat"'))
    status, v = serve.verdict("subid=v3&external_id=E.C.P.v3&status=sale&payout=9&currency={currency}")
    equal("queued with warnings", (v["verdict"], [w[:4] for w in v["warnings"]]), ("queued", ["W020", "W031"]))
    for n, id in (("rebill 1", "r1"), ("rebill 2", "r2"), ("rebill 2 again", "r2")):
        status, v = serve.verdict("subid=v1&external_id=E.C.P.v&status=rebill&payout=3&currency=usd&tid=" + id)
        equal(n, v["verdict"], "duplicate" if "again" in n else "queued")
    equal("each rebill is an event of its own",
          [delivered(sandbox, "v1." + id)["event_id"] for id in ("r1", "r2")], ["v1.r1", "v1.r2"])
    rows = folder.rows("SELECT verdict, count(*) AS n FROM conversions GROUP BY verdict ORDER BY verdict")
    equal("the store has every one", {r["verdict"]: r["n"] for r in rows},
          {"queued": 4, "duplicate": 3, "ignored": 1, "quarantined": 1})
    equal("events", folder.rows("SELECT count(*) AS n FROM ledger")[0]["n"], 4)
    wait_until("the counts of /readyz",
               lambda: serve.ready()[1]["outbox"] == {"waiting": 0, "sending": 0, "delivered": 4, "dead": 0, "withdrawn": 0})
    status, ready = serve.ready()
    equal("/readyz", (status, ready["ready"], ready["problems"], ready["warnings"]), (200, True, [], []))
    equal("/readyz since start", ready["since_start"],
          {"postbacks": 9, "queued": 4, "duplicate": 3, "ignored": 1, "quarantined": 1, "clicks": 0})
    equal("what the sandbox got", sandbox.stats()["unique"], 4)
    equal("and no repeat", (sandbox.stats()["merged"], sandbox.stats()["dropped"]), (0, 0))


@part
def same_as_translate():
    sandbox, folder, serve = pair()
    click = "subid=t1&ttclid=E.C.P.CtsBJ&event_id=ev-t1&ip=203.0.113.9&ua=Mozilla%2F5.0"
    a = request(serve.port, "GET", "/click/nutra-de?key=%s&%s" % (KEY, click))
    equal("a click by GET", (a.status, a.body), (204, ""))
    cases = (("t1", "ev-t1", "subid=t1&status=sale&payout=12%2C50&currency=usd&tid=77"
              "&email=Jo%40Example.com&phone=0170+1234567&consent=1", ["--click", "?" + click]),
             ("t2", "t2", "subid=t2&external_id=E.C.P.t2&status=lead&quality=verified&consent=yes", []),
             ("t3", "t3", "subid=t3&external_id=E.C.P.t3&status=sale&payout=99&currency=eur", []),
             ("t4", "t4", "subid=t4&external_id=E.C.P.t4&status=sale&payout=999&currency=usd&consent=0"
              "&email=jo%40example.com", []))
    for name, event_id, query, more in cases:
        a = serve.fire(query)
        event = delivered(sandbox, event_id, "Lead" if "lead" in query else "Purchase")
        said = translated(folder, "?" + query, event["event_time"], *more)
        equal("%s: what was delivered is what translate prints" % name, [event],
              json.loads(said)["data"])
        body = folder.rows("SELECT body FROM ledger WHERE event_id = ?", event_id)[0]["body"]
        equal("%s: byte for byte in the ledger" % name, said,
              '{"event_source":"web","event_source_id":"%s","data":[%s]}\n' % (PIXEL, body))
    email = delivered(sandbox, "ev-t1")["user"]["email"]
    true("the e-mail went as a hash", re.fullmatch("[0-9a-f]{64}", email), email)


@part
def clicks_with_the_key():
    sandbox, folder, serve = pair()
    a = request(serve.port, "POST", "/click/nutra-de?key=" + KEY, "subid=c1&ttclid=E.C.P.c1&event_id=ev-c1", FORM)
    equal("a click by form", (a.status, a.body), (204, ""))
    a = request(serve.port, "POST", "/click/nutra-de", json.dumps(
        {"key": KEY, "subid": "c2", "ttclid": "E.C.P.c2", "event_id": "ev-c2"}), JSON)
    equal("a click by JSON", a.status, 204)
    a = request(serve.port, "HEAD", "/click/nutra-de?key=%s&subid=c3&ttclid=E.C.P.c3" % KEY)
    equal("a click by HEAD", a.status, 204)
    for n, event_id in (("c1", "ev-c1"), ("c2", "ev-c2"), ("c3", "c3")):
        serve.fire("subid=%s&status=sale&payout=1&currency=usd" % n)
        equal("%s: its ttclid and event_id" % n, delivered(sandbox, event_id)["user"]["ttclid"], "E.C.P." + n)
    serve.fire("external_id=E.C.P.c1&status=lead")
    equal("found by ttclid alone", delivered(sandbox, "ev-c1", "Lead")["user"]["ttclid"], "E.C.P.c1")
    for name, target, code in (("no key", "/click/nutra-de?subid=c9&ttclid=T", "R001"),
                               ("a wrong key", "/click/nutra-de?subid=c9&ttclid=T&key=nope", "R001")):
        a = request(serve.port, "GET", target)
        equal("click, %s: 401" % name, (a.status, a.body[:13]), (401, "refused[%s]" % code))
    a = request(serve.port, "GET", "/click/nutra-de?key=%s&foo=1" % KEY)
    equal("a click without an id: 400", (a.status, a.body[:13]), (400, "refused[R004]"))
    a = request(serve.port, "GET", "/click/nope?key=%s&subid=1" % KEY)
    equal("a click of an unknown offer: 404", a.status, 404)
    equal("a refused click is not kept", folder.rows("SELECT count(*) AS n FROM clicks")[0]["n"], 3)
    equal("/readyz counts clicks", serve.ready()[1]["since_start"]["clicks"], 3)


@part
def clicks_of_pages():
    sandbox, folder, serve = pair()
    pre = request(serve.port, "OPTIONS", "/click/nutra-de", headers={
        "Origin": "https://lander.example", "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type"})
    equal("preflight: 204", pre.status, 204)
    equal("preflight: the origin", pre.headers["Access-Control-Allow-Origin"], "https://lander.example")
    has("preflight: POST", pre.headers["Access-Control-Allow-Methods"], "POST")
    has("preflight: Content-Type", pre.headers["Access-Control-Allow-Headers"], "Content-Type")
    equal("preflight: varies", pre.headers["Vary"], "Origin")
    pre = request(serve.port, "OPTIONS", "/click/nutra-de", headers={"Origin": "https://evil.example"})
    equal("preflight of a stranger: no permission", pre.headers["Access-Control-Allow-Origin"], None)

    a = request(serve.port, "POST", "/click/nutra-de", "subid=p1&ttclid=E.C.P.p1&event_id=ev-p1",
                dict(PAGE, **{"Content-Type": "text/plain;charset=UTF-8",
                              "Referer": "https://lander.example/nutra?a=1"}))
    equal("a beacon with text/plain: 204", (a.status, a.body), (204, ""))
    equal("a beacon: its origin may read", a.headers["Access-Control-Allow-Origin"], "https://lander.example")
    a = request(serve.port, "POST", "/click/nutra-de", json.dumps({"subid": "p2", "ttclid": "E.C.P.p2"}),
                dict(PAGE, **{"Content-Type": "text/plain;charset=UTF-8"}))
    equal("a beacon with JSON as text/plain: 204", a.status, 204)
    a = request(serve.port, "GET", "/click/nutra-de?subid=p3&ttclid=E.C.P.p3",
                headers={"Referer": "https://lander.example/x"})
    equal("a page that sends only its Referer: 204", a.status, 204)
    for origin in ("https://evil.example", "http://lander.example", "https://lander.example.evil.example",
                   "https://lander.example:8443", "null"):
        a = request(serve.port, "POST", "/click/nutra-de", "subid=p9&ttclid=E.C.P.p9", {"Origin": origin})
        equal("origin %s: 403" % origin, (a.status, a.body[:13]), (403, "refused[R006]"))
        equal("origin %s: no permission" % origin, a.headers["Access-Control-Allow-Origin"], None)
    a = request(serve.port, "POST", "/click/nutra-de", "subid=p9&ttclid=E&key=wrong", PAGE)
    equal("a page with a wrong key: 401", a.status, 401)

    row = folder.rows("SELECT * FROM clicks WHERE click_id = 'p1'")[0]
    equal("a page's click has what the connection says",
          (row["ip"], row["user_agent"], row["page_url"], row["keyed"]),
          ("127.0.0.1", "Mozilla/5.0 (test)", "https://lander.example/nutra?a=1", 0))
    a = request(serve.port, "POST", "/click/nutra-de", "subid=p4&ttclid=E.C.P.p4&ip=198.51.100.7",
                dict(PAGE, **{"X-Forwarded-For": "203.0.113.99, 198.51.100.44"}))
    equal("behind our proxy: what the proxy saw, not what the page says",
          folder.rows("SELECT ip FROM clicks WHERE click_id = 'p4'")[0]["ip"], "198.51.100.44")
    for n, forged in enumerate(("<script>", "x" * 5000, "jane@example.com", "")):
        request(serve.port, "POST", "/click/nutra-de", "subid=q%d&ttclid=E.C.P.q%d" % (n, n),
                dict(PAGE, **{"X-Forwarded-For": forged}))
    equal("what is no address is not kept as one", {r["ip"] for r in folder.rows(
        "SELECT ip FROM clicks WHERE click_id LIKE 'q%'")}, {"127.0.0.1"})

    serve.fire("subid=p1&status=sale&payout=1&currency=usd")
    event = delivered(sandbox, "ev-p1")
    equal("its conversion has the page's ids", (event["user"]["ttclid"], event["event_id"]),
          ("E.C.P.p1", "ev-p1"))
    equal("and the page's browser", event["user"]["user_agent"], "Mozilla/5.0 (test)")


@part
def pages_add_but_do_not_overwrite():
    sandbox, folder, serve = pair()

    def click(query, page=False):
        a = request(serve.port, "GET", "/click/nutra-de?" + query + ("" if page else "&key=" + KEY),
                    headers=PAGE if page else {})
        return a.status

    def kept(id):
        row = folder.rows("SELECT * FROM clicks WHERE click_id = ?", id)
        return len(row), row[0]["ttclid"], row[0]["event_id"]

    equal("keyed first", click("subid=o1&ttclid=E.C.P.keyed"), 204)
    equal("then the page", click("subid=o1&ttclid=E.C.P.page&event_id=ev-page", True), 204)
    equal("the page added event_id, and did not touch ttclid", kept("o1"), (1, "E.C.P.keyed", "ev-page"))
    click("subid=o2&ttclid=E.C.P.first&event_id=ev-first", True)
    click("subid=o2&ttclid=E.C.P.second&event_id=ev-second", True)
    equal("the first page's words stay", kept("o2"), (1, "E.C.P.first", "ev-first"))
    click("subid=o2&ttclid=E.C.P.keyed")
    equal("a keyed call overwrites a page", kept("o2"), (1, "E.C.P.keyed", "ev-first"))
    click("subid=o2&ttclid=E.C.P.again", True)
    equal("and a page never overwrites that", kept("o2"), (1, "E.C.P.keyed", "ev-first"))
    serve.fire("subid=o2&status=sale&payout=1&currency=usd")
    equal("the event has it", delivered(sandbox, "ev-first")["user"]["ttclid"], "E.C.P.keyed")


@part
def other_paths():
    sandbox, folder, serve = pair(offers=("nutra-de", "other"))
    a = serve.get("/")
    equal("/: 404 that says where postbacks go", (a.status, "/postback/OFFER" in a.body), (404, True))
    equal("/postback: 404", serve.get("/postback").status, 404)
    a = serve.get("/postback/?key=" + KEY)
    equal("/postback/: 404", (a.status, a.body), (404, "refused[R002]: the path names no offer: /postback/OFFER\n"))
    equal("/postback/other", serve.fire("subid=1&ttclid=T&status=sale&payout=1&currency=usd", "other").status, 200)
    equal("a trailing slash", serve.get("/postback/other/?key=%s&subid=2&status=trash" % KEY).status, 200)
    equal("/livez", request(serve.admin, "GET", "/livez").status, 200)
    equal("/readyz by HEAD", request(serve.admin, "HEAD", "/readyz").status, 200)
    equal("/readyz by POST", request(serve.admin, "POST", "/readyz").status, 405)
    equal("/nothing on the admin listener", request(serve.admin, "GET", "/nothing").status, 404)
    equal("no health on the public listener", serve.get("/readyz").status, 404)
    folder.write("keys/own", "the-own-key-of-this-offer\n", 0o600)
    folder.write("offers/own.yaml", offer_text("own", more="key: {file: ../keys/own}\n"))
    serve.reload()
    q = "/postback/own?subid=own1&ttclid=T&status=sale&payout=1&currency=usd&key="
    equal("an offer with its own key", serve.get(q + "the-own-key-of-this-offer").status, 200)
    equal("refuses the common one", serve.get(q + KEY).status, 401)


main()
