"""Consent: what is sent and kept of a visitor who agrees, refuses or says nothing, and that a refusal takes back what
TikTok does not have yet, whatever happens in between."""
import hashlib

from harness import *

ORIGIN = "https://lander.example"
MAIL = "jane@example.com"
HASHES = [hashlib.sha256(s.encode()).hexdigest() for s in (MAIL, "+491701234567")]
IP, AGENT = "93.184.216.34", "Mozilla/5.0 (Linux)"
PERSON = "&email=%s&phone=0170+1234567&ip=%s&ua=%s" % (urllib.parse.quote(MAIL), IP, urllib.parse.quote(AGENT))
CONSENT = 'consent: {from: "{consent}", granted: ["1", yes], otherwise: %s}\n'
OFFERS = {"drops": CONSENT % "drop", "anonymous": CONSENT % "anonymize, keep: [ttclid, external_id]", "limits": CONSENT % "limited",
          "silent": CONSENT % "drop, missing: granted", "constant": CONSENT.replace("{consent}", "yes") % "drop", "plain": ""}


def sale(id, consent=None, person=PERSON):
    return ("subid=%s&external_id=E.C.P.%s&status=sale&payout=12.50&currency=eur&tid=t%s" % (id, id, id) + person +
            ("" if consent is None else "&consent=" + consent))


def put(folder, endpoint=None):
    for name, rule in OFFERS.items():
        folder.write("offers/%s.yaml" % name, offer_text(name, more=rule))
    folder.config(endpoint or folder.endpoint)
    return folder


def said(serve, what, offer="drops", page=False, **more):
    """A click registration: by the page, or with the key."""
    query = urllib.parse.urlencode(dict(subid=what, ttclid="E.C.P." + what, **more))
    if not page:
        return serve.get("/click/%s?key=%s&%s" % (offer, KEY, query)).status
    return request(serve.port, "POST", "/click/" + offer, query,
                   {"Origin": ORIGIN, "Content-Type": "application/x-www-form-urlencoded"}).status


def report(serve, query, offer="drops"):
    """A postback, and the verdict on it."""
    return serve.verdict(query, offer)[1]["verdict"]


def refuse(serve, id, offer="drops", page=True):
    equal("%s refuses" % id, said(serve, id, offer, page, consent="0"), 204)


def dump(folder):
    """All rows of the file, by the sqlite3 command: an eye that is not ours."""
    p = subprocess.run(["sqlite3", "-batch", "-readonly", folder.at("data/clickbaton.db"), ".dump"], stdout=subprocess.PIPE)
    if p.returncode:
        raise RuntimeError("sqlite3 ended with %d" % p.returncode)
    return p.stdout.decode("utf-8", "replace")


def about(folder, id):
    """The rows of the dump that hold the id."""
    return "\n".join(line for line in dump(folder).split("\n") if id in line)


def nothing_personal(name, folder, id):
    rows = about(folder, id)
    true("%s: the rows are there" % name, rows.count("INSERT INTO") >= 2, rows)
    hasnt("%s: no match key in them" % name, rows, IP, "Mozilla", *HASHES)


def ledger(folder, id):
    return folder.rows("SELECT * FROM ledger WHERE click_id = ? ORDER BY id", id)


def states(folder, id):
    return [r["state"] for r in ledger(folder, id)]


def sent(sandbox, id):
    return [e for e in sandbox.events() if e["event_id"] == id]


@part
def decisions():
    sandbox = Sandbox()
    folder = put(Folder(sandbox.endpoint))
    serve = Serve(folder)
    rows = [  # id, offer, the postback's word, the click's, decision, where from, keys of `user`, limited
        ("d1", "drops", "1", None, "granted", '"1" from the postback', True, None),
        ("d2", "drops", None, "yes", "granted", '"yes" from the registered click', True, None),
        ("d3", "anonymous", "0", None, "anonymized", '"0" from the postback', ["external_id", "ttclid"], None),
        ("d4", "anonymous", None, None, "anonymized", "no answer", ["external_id", "ttclid"], None),
        ("d5", "limits", "no", "1", "limited", '"no" from the postback, "1" from the registered click', True, True),
        ("d6", "silent", None, None, "granted", "no answer", True, None),
        ("d7", "plain", "0", None, None, None, True, None),
    ]
    for id, offer, word, click, decision, source, keys, limited in rows:
        if click:
            equal(id + ": the click", said(serve, id, offer, consent=click), 204)
        status, v = serve.verdict(sale(id, word), offer)
        equal(id + ": queued", (status, v["verdict"], v.get("code")), (200, "queued", None))
    wait_until("their delivery", lambda: len(sandbox.events()) == len(rows))
    wait_until("its record", lambda: not folder.rows("SELECT 1 FROM ledger WHERE state <> 'delivered'"))
    every = ["email", "external_id", "ip", "phone", "ttclid", "user_agent"]
    for id, offer, word, click, decision, source, keys, limited in rows:
        e = sent(sandbox, id)[0]
        equal(id + ": what TikTok has of the visitor", sorted(e["user"]), every if keys is True else keys)
        equal(id + ": limited_data_use", e.get("limited_data_use"), limited)
        r = ledger(folder, id)[0]
        equal(id + ": the ledger", (r["state"], r["consent"], r["consent_said"]), ("delivered", decision, source))
        equal(id + ": the amounts", (r["currency"], r["original_value"], r["original_currency"]), ("USD", "12.5", "EUR"))
        equal(id + ": the value is the one sent", float(r["value"]), e["properties"]["value"])
    nothing = [("n1", "drops", "0", None, "I003", '"0" from the postback'), ("n2", "drops", None, None, "I004", "neither the postback"),
               ("n3", "drops", "1", "0", "I003", '"1" from the postback, "0" from the registered click'),
               ("n4", "constant", None, "no", "I003", '"yes" from the postback, "no" from the registered click'),
               ("n5", "silent", "0", None, "I003", '"0" from the postback')]
    for id, offer, word, click, code, why in nothing:
        if click:
            equal(id + ": the click", said(serve, id, offer, consent=click, ip=IP, ua=AGENT, page_url="https://lander.example/?e=1"), 204)
        status, v = serve.verdict(sale(id, word) + "&page_url=https%%3A%%2F%%2Fl.example%%2F%%3Fx%%3D%s" % HASHES[0], offer)
        equal(id + ": ignored", (status, v["verdict"]), (200, "ignored"))
        row = folder.rows("SELECT code, reason, params FROM conversions WHERE click_id = ?", id)[0]
        has(id + ": the reason", row["code"] + " " + row["reason"], code, why)
        has(id + ": what it was about is kept", row["params"], "subid=" + id, "payout=12.50", "status=sale")
        hasnt(id + ": no match key is kept", row["params"], IP, "Mozilla", *HASHES)
        if click:
            nothing_personal(id, folder, "E.C.P." + id)
    row = folder.rows("SELECT params FROM conversions WHERE click_id = 'd3'")[0]["params"]
    hasnt("anonymized: what is not sent is not kept", row, IP, "Mozilla", *HASHES)
    has("granted: hashes are kept for a replay", folder.rows("SELECT params FROM conversions WHERE click_id = 'd1'")[0]["params"], *HASHES)
    status, v = serve.verdict(sale("q1", "0", ""), "limits")
    row = folder.rows("SELECT code, reason FROM conversions WHERE click_id = 'q1'")[0]
    equal("limited without an address: quarantined", (v["verdict"], row["code"]), ("quarantined", "Q024"))
    equal("nothing else was sent", len(sandbox.events()), len(rows))
    equal("exit 0", serve.stop(), 0)


@part
def translate_tells():
    folder = put(Folder())
    path = folder.at("offers/anonymous.yaml")
    v = json.loads(run("translate", path, "?" + sale("x", "1"), "--click", "?subid=x&consent=0", "--json").out)
    equal("--json", v["consent"], {"decision": "anonymized", "postback": "1", "click": "0"})
    has("the warning", json.dumps(v["warnings"]), "W070", "the refusal counts")
    v = json.loads(run("translate", folder.at("offers/plain.yaml"), "?" + sale("x", "0"), "--json").out)
    equal("--json, not asked", v["consent"], {"decision": "not asked"})
    has("--explain", run("translate", path, "?" + sale("x"), "--explain").out, "consent anonymized: no answer")
    test = '  - {given: "?subid=x&ttclid=T&status=sale&payout=1&currency=usd%s", expect: {consent: %s}}\n'
    folder.write("offers/anonymous.yaml", offer_text("anonymous", more=OFFERS["anonymous"] + "tests:\n" +
                                                     test % ("&consent=1", "granted") + test % ("", "anonymized")))
    equal("mapping tests may expect it", run("check", path).code, 0)
    folder.write("offers/anonymous.yaml", offer_text("anonymous", more=OFFERS["anonymous"] + "tests:\n" + test % ("", "granted")))
    r = run("check", path)
    has("and say what it is", r.out + r.err, '- consent: granted\n  + consent: anonymized')


@part
def the_page_is_true():
    folder = put(Folder())
    page = open(os.path.join(ROOT, "docs/consent.md"), encoding="utf-8").read()
    rule = re.search(r"^    consent:\n(?:      .*\n)+", page, re.M).group(0).replace("\n    ", "\n")[4:]
    path = folder.write("offers/page.yaml", offer_text("page", more=rule))
    r = run("check", path)
    equal("docs/consent.md: its rule", (r.code, without_advice(r.err)), (0, []))
    v = json.loads(run("translate", path, "?" + sale("x", "no"), "--json").out)
    equal("does what is said", (v["consent"]["decision"], sorted(v["bodies"][0]["data"][0]["user"])), ("anonymized", ["external_id", "ttclid"]))
    keys = re.findall(r"`(\w+)`", re.search(r"- `keep` takes (.*?)\. When", page, re.S).group(1))
    equal("the names for keep are", len(keys), 14)
    path = folder.write("offers/page.yaml", offer_text("page", more=CONSENT % ("anonymize, keep: [%s]" % ", ".join(keys))))
    equal("all taken", run("check", path).code, 0)


@part
def before_it_is_sent():
    folder = put(Folder())  # nobody listens there
    serve = Serve(folder)
    for id in ("w1", "w2", "w3"):
        equal(id + " agrees", said(serve, id, page=True, consent="1", page_url="https://lander.example/?utm=" + id), 204)
        equal(id + ": queued", report(serve, sale(id)), "queued")
    report(serve, sale("plain1"), "plain")
    wait_until("an attempt", lambda: folder.rows("SELECT 1 FROM attempts"))
    has("before: their keys are there", about(folder, "E.C.P.w1"), *HASHES)
    refuse(serve, "w1")
    refuse(serve, "w2", page=False)
    equal("without the key nobody refuses for another site", request(serve.port, "GET", "/click/drops?subid=w3&consent=0").status, 401)
    equal("nor with a foreign origin", request(serve.port, "POST", "/click/drops", "subid=w3&consent=0", {
        "Origin": "https://evil.example", "Content-Type": "application/x-www-form-urlencoded"}).status, 403)
    for id in ("w1", "w2"):
        r = wait_until("the end of what is under way", lambda: [r for r in ledger(folder, id) if r["state"] == "withdrawn"], 60)[0]
        equal(id + ": its body is empty", r["body"], "{}")
        has(id + ": the note", r["note"], "the visitor withdrew consent")
        equal(id + ": what it was stays", (r["event_id"], r["ttclid"], r["original_value"], r["consent"]), (id, "E.C.P." + id, "12.5", "granted"))
        nothing_personal(id, folder, id)
        equal(id + ": again, the same conversion", report(serve, sale(id, "1")), "ignored")
        equal(id + ": and another one", report(serve, sale(id, "1").replace("&tid=t", "&tid=u").replace("status=sale", "status=rebill")), "ignored")
    nothing_personal("after more conversions", folder, "E.C.P.w1")
    true("another visitor waits", states(folder, "w3") in (["waiting"], ["sending"]), states(folder, "w3"))
    serve.kill()
    sandbox = Sandbox()
    folder.config(sandbox.endpoint)
    serve = Serve(folder)
    wait_until("the others", lambda: len(sandbox.events()) == 2, 60)
    wait_until("/readyz to count", lambda: serve.ready()[1]["outbox"]["delivered"] == 2)
    equal("killed and started again: TikTok gets the others", sorted(e["event_id"] for e in sandbox.events()), ["plain1", "w3"])
    equal("/readyz counts", serve.ready()[1]["outbox"], {"waiting": 0, "sending": 0, "delivered": 2, "dead": 0, "withdrawn": 2})
    equal("exit 0", serve.stop(), 0)
    data = folder.read("data/clickbaton.db")
    equal("closed: no byte of theirs in the file", [data.count(b"utm=w1"), data.count(b"utm=w2")], [0, 0])
    true("of the one who agreed there is", data.count(b"utm=w3") > 0)


@part
def while_it_is_sent():
    for fault, end in (("first=1:stall=3", None), ("first=1:stall-after=3", "TikTok may have it"), ("first=1:500", None)):
        sandbox = Sandbox("--fault", fault)
        folder = put(Folder(sandbox.endpoint))
        serve = Serve(folder)
        name = fault.split(":")[1]
        report(serve, sale("f1", "1"))
        if name == "500":
            wait_until("the answer", lambda: folder.rows("SELECT 1 FROM attempts"))
        else:
            wait_until("it to be under way", lambda: sandbox.stats() and states(folder, "f1") == ["sending"])
        refuse(serve, "f1")
        if name != "500":
            equal(name + ": it can't be called back", states(folder, "f1"), ["sending"])
            equal(name + ": but its body is empty at once", ledger(folder, "f1")[0]["body"], "{}")
        wait_until(name + " to end", lambda: states(folder, "f1") == ["withdrawn"])
        nothing_personal(name, folder, "E.C.P.f1")
        report(serve, sale("g1", "1"))
        wait_until("another one", lambda: sent(sandbox, "g1"), 60)
        time.sleep(1.5)  # the first retry would come within a second and a bit
        equal(name + ": no second try", len(sent(sandbox, "f1")), 1 if end else 0)
        equal(name + ": one attempt is on record", [r["attempts"] for r in ledger(folder, "f1")], [1])
        equal(name + ": exit 0", serve.stop(), 0)
        end_all()


@part
def killed_while_it_is_sent():
    sandbox = Sandbox("--fault", "first=1:stall=60")
    folder = put(Folder(sandbox.endpoint))
    serve = Serve(folder)
    report(serve, sale("k1", "1"))
    wait_until("it to be under way", lambda: states(folder, "k1") == ["sending"])
    refuse(serve, "k1", page=False)
    serve.kill()
    serve = Serve(folder)
    equal("it is withdrawn", states(folder, "k1"), ["withdrawn"])
    report(serve, sale("k2", "1"))
    wait_until("another one", lambda: sent(sandbox, "k2"), 60)
    equal("and never sent", sent(sandbox, "k1"), [])
    nothing_personal("killed", folder, "E.C.P.k1")
    equal("exit 0", serve.stop(), 0)


@part
def after_it_was_sent():
    sandbox = Sandbox()
    folder = put(Folder(sandbox.endpoint))
    serve = Serve(folder)
    report(serve, sale("s1", "1"), "anonymous")
    wait_until("its delivery", lambda: states(folder, "s1") == ["delivered"])
    refuse(serve, "s1", "anonymous")
    r = ledger(folder, "s1")[0]
    equal("it stays delivered, without its keys", (r["state"], r["body"], r["note"]), ("delivered", "{}", None))
    nothing_personal("delivered", folder, "E.C.P.s1")
    equal("the same conversion is a duplicate", report(serve, sale("s1", "1"), "anonymous"), "duplicate")
    equal("another one follows `otherwise`", report(serve, sale("s1", "1").replace("status=sale", "status=lead"), "anonymous"), "queued")
    wait_until("its delivery", lambda: states(folder, "s1") == ["delivered"] * 2)
    e = sent(sandbox, "s1")[-1]
    equal("anonymous", sorted(e["user"]), ["external_id", "ttclid"])
    refuse(serve, "s1", "anonymous")
    equal("refused again: what was made under the refusal stays", ledger(folder, "s1")[1]["body"] != "{}", True)
    equal("exit 0", serve.stop(), 0)


@part
def by_the_ttclid_alone():
    """A postback without a click id belongs to the click that an earlier one named; so does that click's refusal."""
    sandbox = Sandbox()
    folder = put(Folder(sandbox.endpoint))
    serve = Serve(folder)
    for id, answer in (("a1", "0"), ("a2", "1")):
        equal(id + ": the click is registered by its id alone",
              serve.get("/click/silent?key=%s&subid=%s&consent=%s" % (KEY, id, answer)).status, 204)
        report(serve, sale(id).replace("status=sale", "status=lead"), "silent")
    nameless = [report(serve, sale(id).split("&", 1)[1], "silent") for id in ("a1", "a2")]
    equal("its refusal and its yes count", nameless, ["ignored", "queued"])
    equal("the decision on record", [r["consent_said"] for r in ledger(folder, "a2")], ['"1" from the registered click'] * 2)
    wait_until("the deliveries", lambda: len(sandbox.events()) == 2)
    equal("nothing of the one who refused", sent(sandbox, "a1"), [])
    nothing_personal("a1", folder, "E.C.P.a1")
    equal("exit 0", serve.stop(), 0)


@part
def what_cannot_be_read():
    """A body that is no JSON: nobody can say what it answers, so no more is kept than after a refusal."""
    folder = put(Folder())
    serve = Serve(folder)
    body = '{"ip": "93.184.216.35", "ua": "Opera", oops'
    for offer in ("drops", "anonymous", "limits", "plain"):
        r = request(serve.port, "POST", "/postback/%s?key=%s&subid=u-%s&consent=1&ip=%s" % (offer, KEY, offer, IP), body,
                    {"Content-Type": "application/json", "Accept": "application/json"})
        equal(offer + ": quarantined", (r.status, r.json()["verdict"], r.json()["code"]), (200, "quarantined", "Q015"))
        kept = folder.rows("SELECT params FROM conversions WHERE offer = ?", offer)[0]["params"]
        has(offer + ": what it was about is kept", kept, "subid=u-" + offer)
        if offer in ("drops", "anonymous"):
            hasnt(offer + ": nothing of the visitor is", kept, IP, "93.184.216.35", "Opera", "body")
        else:
            has(offer + ": the rest, too", kept, IP, "Opera", "%5Bbody%5D=")
    equal("exit 0", serve.stop(), 0)


@part
def who_may_say_what():
    folder = put(Folder())
    serve = Serve(folder)

    def verdict(id):
        verdict.n += 1
        return report(serve, sale(id, "1", "").replace("&tid=t", "&tid=%d." % verdict.n).replace("sale", "rebill"))
    verdict.n = 0
    equal("a click that nobody knows yet can be refused", said(serve, "p0", consent="0"), 204)
    equal("its conversion says yes", verdict("p0"), "ignored")
    said(serve, "p1", page=True, consent="1", page_url="https://lander.example/a")
    refuse(serve, "p1")
    equal("a page's refusal overwrites its yes", verdict("p1"), "ignored")
    said(serve, "p1", page=True, page_url="https://lander.example/b")
    equal("no answer changes nothing", verdict("p1"), "ignored")
    equal("and brings nothing back", folder.rows("SELECT page_url, user_agent, ip FROM clicks WHERE click_id = 'p1'"),
          [{"page_url": None, "user_agent": None, "ip": None}])
    said(serve, "p1", page=True, consent="yes")
    equal("a later yes counts", verdict("p1"), "queued")
    refuse(serve, "p2", page=False)
    said(serve, "p2", page=True, consent="1")
    equal("a page's yes does not undo the refusal of a keyed call", verdict("p2"), "ignored")
    serve.kill()
    serve = Serve(folder)
    said(serve, "p2", page=True, consent="1")
    equal("nor after a restart", verdict("p2"), "ignored")
    said(serve, "p2", consent="1")
    equal("a keyed yes does", verdict("p2"), "queued")
    equal("any other word is a refusal", (said(serve, "p3", consent="1"), said(serve, "p3", consent="withdrawn"), verdict("p3")), (204, 204, "ignored"))
    equal("a macro is not", (said(serve, "p4", consent="1"), said(serve, "p4", consent="{consent}"), verdict("p4")), (204, 204, "queued"))
    equal("an offer that does not ask takes none", (said(serve, "p5", "plain", consent="0"), report(serve, sale("p5"), "plain")), (204, "queued"))
    serve.stop()


main()
