"""Match keys through the running server to the sandbox, hashes by hashlib; and `coverage`, counted beside."""
import hashlib

from harness import *

OFFER = """version: 1
offer: leads
extends: generic
pixel: %s
page_url: https://lander.example/
origins: [https://lander.example]
value_currency: USD
events:
  lead: Lead
  sale: {event: Purchase, value: payout}
user:
  email: {from: ["{param.email}", "{param.emails}"], split: ","}
  phone: "{param.phone}"
  external_id: ["{click_id}", "{param.crm}"]
  first_name: "{param.first}"
  zip_code: "{param.zip}"
  country: "{country}"
""" % PIXEL
PAGE = {"Origin": "https://lander.example", "Content-Type": "text/plain"}
KEYS = ["ttclid", "email", "phone", "external_id", "ip", "user_agent", "ttp", "first_name", "last_name", "city",
        "state", "zip_code", "country", "locale"]


def sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()


def started(endpoint="http://127.0.0.1:9" + TRACK):
    folder = Folder(endpoint)
    folder.write("offers/leads.yaml", OFFER)
    return folder, Serve(folder)


def coverage(folder, *words):
    return run("coverage", *words, cwd=folder.path)


@part
def keys_reach_the_api_hashed():
    sandbox = Sandbox()
    folder, serve = started(sandbox.endpoint)
    equal("the click", request(serve.port, "POST", "/click/leads",
                               "click_id=k1&ttclid=E.C.P.k1&country=DE&ttp=T1", PAGE).status, 204)
    body = {"click_id": "k1", "status": "lead", "emails": [" Jane.Doe+x@Example.com\n", "jane.doe+x@example.com"],
            "phone": 15112345678, "crm": "User_7", "first": "Zoë-Ann", "zip": "10115"}
    a = request(serve.port, "POST", "/postback/leads?key=" + KEY, json.dumps(body), {"Content-Type": "application/json"})
    equal("JSON with an array, a number, a name", a.status, 200)
    serve.fire("click_id=k2&status=lead&ttclid=E.C.P.k2&phone=0151%2012345678&email=" + "AB" * 32
               + ",+%3cBob%3e%20%3Cbob@x.de%3E,a@b.c", "leads")
    serve.fire("click_id=k3&status=lead&ttclid=E.C.P.k3&phone=07911+123456&country=gb", "leads")
    users = {e["event_id"]: e["event"]["user"] if "event" in e and isinstance(e["event"], dict) else e["user"]
             for e in wait_until("three events", lambda: len(sandbox.events()) == 3 and sandbox.events())}
    equal("the click's country made the phone, equal e-mails are one",
          {k: users["k1"].get(k) for k in ("email", "phone", "external_id", "first_name", "zip_code", "country", "ttp")},
          {"email": sha256("jane.doe+x@example.com"), "phone": sha256("+4915112345678"),
           "external_id": [sha256("k1"), sha256("User_7")], "first_name": sha256("zoëann"),
           "zip_code": sha256("10115"), "country": "de", "ttp": "T1"})
    equal("a hash in upper case passes, one unusable is left out",
          (users["k2"].get("email"), "phone" in users["k2"]), (["ab" * 32, sha256("a@b.c")], False))
    equal("the postback's country", users["k3"]["phone"], sha256("+447911123456"))
    serve.stop()
    stored = folder.stored_bytes().lower()
    for plain in (b"jane", b"doe", b"zo\xc3\xab", b"15112345678", b"bob@", b"a@b.c", b"10115", b"07911", b"7911"):
        true("nothing plain is stored: %r" % plain, plain not in stored)
    kept = folder.rows("SELECT params FROM conversions ORDER BY id")[0]["params"]
    has("kept as the hash that the event has", kept, "phone=" + sha256("+4915112345678"))


def share(n, of):
    """As coverage rounds it."""
    s = (n * 1000 + of // 2) // of
    return max(s, 1) / 1000 if n else 0, n


def expected(bodies, clicks):
    """Counts of a list of events, by Python."""
    of = len(bodies)
    users = [b["user"] for b in bodies]
    strong = [bool({"ttclid", "email", "phone"} & set(u)) for u in users]
    some = [not s and ("external_id" in u or "ttp" in u or {"ip", "user_agent"} <= set(u))
            for s, u in zip(strong, users)]
    return {"count": of, "keys": {k: sum(k in u for u in users) for k in KEYS},
            "value": sum("value" in b.get("properties", {}) for b in bodies),
            "event_id_of_click": sum(b["event_id"] in clicks for b in bodies),
            "estimate": {"strong": sum(strong), "some": sum(some), "weak": of - sum(strong) - sum(some)}}


def events_of(group):
    return {"count": group["count"], "keys": {k: v["events"] for k, v in group["keys"].items()},
            "value": group["value"]["events"], "event_id_of_click": group["event_id_of_click"]["events"],
            "estimate": {k: v["events"] for k, v in group["estimate"].items()}}


@part
def coverage_counts_beside_a_server():
    folder, serve = started()
    r = coverage(folder)
    equal("no event: exit 1", (r.code, r.err), (1, ""))
    has("no event: it says so", r.out, "0 events since ")
    for i in range(30):
        if i % 3 == 0:
            request(serve.port, "POST", "/click/leads", "click_id=v%d&ttclid=E.C.P.v%d&event_id=ev%d" % (i, i, i), PAGE)
        if i % 5 == 0:
            request(serve.port, "POST", "/click/leads", "click_id=v%d&ttclid=E.C.P.x%d" % (i, i), PAGE)
        query = "click_id=v%d&status=%s" % (i, "lead" if i % 4 else "sale&payout=5&currency=usd")
        query += "&email=v%d@x.de" % i if i % 2 else ""
        query += "&phone=%%2B4915112345%03d" % i if i % 7 == 0 else ""
        equal("postback %d" % i, serve.verdict(query, "leads")[1]["verdict"], "queued")
    serve.fire("subid=n1&external_id=E.C.P.n1&status=sale&payout=1&currency=usd")
    rows = folder.rows("SELECT offer, event, body FROM ledger ORDER BY id")
    clicks = {"ev%d" % i for i in range(0, 30, 3)} | {"v%d" % i for i in range(0, 30, 5) if i % 3}
    r = coverage(folder, "--json")
    got = json.loads(r.out)
    equal("--json: exit 0, nothing on stderr", (r.code, r.err, got["count"]), (0, "", 31))
    equal("--json: offers in the order of their names", [o["offer"] for o in got["offers"]], ["leads", "nutra-de"])
    has("--json: whose number it is", got["estimate_is"], "own estimate, not TikTok's Event Match Quality")
    for offer in got["offers"]:
        bodies = [(row["event"], json.loads(row["body"])) for row in rows if row["offer"] == offer["offer"]]
        equal("%s: all events" % offer["offer"], events_of(offer), expected([b for _, b in bodies], clicks))
        for event in offer["events"]:
            equal("%s, %s" % (offer["offer"], event["event"]), events_of(event),
                  expected([b for name, b in bodies if name == event["event"]], clicks))
    leads = got["offers"][0]
    equal("shares are rounded to a tenth of a percent", [leads["keys"][k]["share"] for k in ("email", "phone")],
          [share(15, 30)[0], share(5, 30)[0]])
    equal("what to add first", leads["add_first"], ["ttclid", "phone", "ip", "user_agent", "ttp"])
    r = coverage(folder, "--offer", "nutra-de")
    want = """nutra-de, Purchase: 1 event
  ttclid                         #################### 100.0 %  1
  email                          ....................   0.0 %  0
  phone                          ....................   0.0 %  0
  external_id                    #################### 100.0 %  1
"""
    equal("one offer, as text", (r.code, r.out[:len(want)]), (0, want))
    has("one offer: the estimate and the advice", r.out, "  estimate: strong 100.0 %, some   0.0 %, weak   0.0 %\n",
        "  add first   email: let the form or the network send it", "  then        phone: ",
        "This is clickbaton's own estimate, not TikTok's Event Match Quality")
    hasnt("one offer: not the other", r.out, "leads")
    r = coverage(folder, "--offer", "nutra-d")
    equal("no such offer: exit 1", r.code, 1)
    has("no such offer: did you mean", r.err, 'no offer is called "nutra-d"; did you mean "nutra-de"?')
    has("several events of an offer have a sum", coverage(folder).out, "leads, all events: 30 events\n",
        "leads, Lead: 22 events\n", "leads, Purchase: 8 events\n", "31 events since ")
    equal("the server goes on", serve.verdict("click_id=last&status=lead&ttclid=T", "leads")[1]["verdict"], "queued")
    serve.stop()


@part
def coverage_looks_back():
    folder, serve = started()
    serve.fire("click_id=old&status=lead&ttclid=T1&email=a@b.c", "leads")
    serve.fire("click_id=new&status=lead&ttclid=T2", "leads")
    serve.stop()
    db = sqlite3.connect(folder.at("data/clickbaton.db"))
    db.execute("UPDATE events SET created = created - 3 * 86400000 WHERE event_id = 'old'")
    db.commit()
    db.close()
    for age, emails, count in (("7d", 1, 2), ("2d", 0, 1), ("4d", 1, 2)):
        got = json.loads(coverage(folder, "--json", "--since", age).out)
        equal("--since " + age, (got["count"], got["offers"][0]["keys"]["email"]["events"]), (count, emails))
    for age in ("x", "7", "-1d", ""):
        r = coverage(folder, "--since", age)
        equal("--since %r: exit 2" % age, (r.code, r.out), (2, ""))
        has("--since %r: what it takes" % age, r.err, "--since takes an age like 7d or 36h")
    os.rename(folder.at("data"), folder.at("elsewhere"))
    r = coverage(folder)
    equal("no store: exit 4", (r.code, r.out), (4, ""))
    has("no store: the folder is named", r.err, "clickbaton coverage: ", "data")
    r = run("coverage", "-c", "none.yaml", cwd=folder.path)
    equal("no configuration: exit 3", (r.code, r.out), (3, ""))
    has("no configuration: its code", r.err, "none.yaml: error[C001]")


@part
def taken_back():
    """Of a delivered event whose visitor refused later there is no body any more: it says nothing of the others."""
    sandbox = Sandbox()
    folder = Folder(sandbox.endpoint)
    folder.write("offers/asks.yaml", offer_text("asks", more='consent: {from: "{consent}", granted: ["1"], otherwise: drop}\n'))
    serve = Serve(folder)
    for id in ("t1", "t2"):
        serve.fire("subid=%s&external_id=E.C.P.%s&status=sale&payout=5&currency=usd&consent=1" % (id, id), "asks")
    wait_until("their delivery", lambda: len(folder.rows("SELECT 1 FROM ledger WHERE state = 'delivered'")) == 2)
    equal("one refuses", serve.get("/click/asks?key=%s&subid=t1&consent=0" % KEY).status, 204)
    group = json.loads(coverage(folder, "--json").out)["offers"][0]
    equal("the other one is counted", (group["count"], group["keys"]["ttclid"]["events"], group["value"]["events"]), (1, 1, 1))
    serve.stop()


main()
