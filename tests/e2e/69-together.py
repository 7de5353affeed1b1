"""Features that were built one by one, where they meet: pixels, the life of a conversion, consent, values, rates,
chains, the store, and the verbs that look at all of it."""
import glob
import random
import sqlite3

from harness import *

CRM, OFFLINE = "7010000000000000001", "7020000000000000002"
TOKENED = "{token: {file: ./keys/tiktok}}"
BOTH = {PIXEL: TOKENED, PIXEL2: TOKENED}
ALL = dict(BOTH, **{'"%s"' % CRM: "{token: {file: ./keys/tiktok}, event_source: crm}",
                    '"%s"' % OFFLINE: "{token: {file: ./keys/tiktok}, event_source: offline}"})
HEAD = """version: 1
offer: %s
extends: generic
page_url: https://lander.example/
origins: [https://lander.example]
value_currency: USD
"""
RATES = """version: 1
base: EUR
source: by hand
days:
  %s: {USD: %s, GBP: 0.8}
"""


def day(ago=0):
    return time.strftime("%Y-%m-%d", time.gmtime(time.time() - ago * 86400))


def put(folder, name, more, pixel="pixel: " + PIXEL):
    return folder.write("offers/%s.yaml" % name, HEAD % name + pixel + "\n" + more)


def verdict(serve, query, offer):
    """The verdict's word or code, and the codes of its warnings."""
    v = serve.verdict(query, offer)[1]
    return v.get("code") or v["verdict"], [w.split()[0] for w in v["warnings"]]


def sent(sandbox, **query):
    return sorted((e["event"], e["event_source_id"], e["event_id"]) for e in sandbox.events(**query))


def delivered(sandbox, n):
    wait_until("%d events" % n, lambda: sandbox.stats()["unique"] == n)


def translated(folder, offer, query, *more, code=0):
    r = run("translate", folder.at("offers/%s.yaml" % offer), query, "--json", "-c", folder.at("clickbaton.yaml"), *more)
    equal("translate %s: exit %d" % (short(query, 60), code), (r.code, r.err if r.code > 1 else ""), (code, ""))
    return json.loads(r.out)


# ---- several pixels ----

LIFE = """test_event_code: %s
events:
  lead: Lead
  sale: [{event: Purchase, value: payout, repeatable: true}, {event: Sold, pixel: C9EXAMPLEPIXEL01}]
  rebill: {event: Purchase, value: payout, repeatable: true}
  rejected: ignore
transitions:
  sale: [new, lead]
  rebill: [sale]
user: {external_id: "{click_id}", email: "{param.email}"}
"""
TABLE = 'pixel: {table: {anna: %s, ben: [%s, %s]}, by: "{param.buyer}"}' % (PIXEL, PIXEL, PIXEL2)


@part
def pixels_and_the_life_of_a_conversion():
    sandbox = Sandbox()
    f = Folder(sandbox.endpoint, offers=(), pixels=BOTH)
    put(f, "one", LIFE % "TEST1", TABLE)
    put(f, "two", LIFE.replace("test_event_code: %s\n", ""), TABLE)
    serve = Serve(f)
    one = [  # query, verdict, warnings, events by then
        ("click_id=a&ttclid=E.1&status=lead&buyer=anna", "queued", [], 1),
        ("click_id=a&ttclid=E.1&status=lead&buyer=ben", "queued", ["W075"], 2),
        ("click_id=a&ttclid=E.1&status=lead&buyer=anna", "D001", [], 2),
        ("click_id=a&ttclid=E.1&status=lead&buyer=carl", "Q026", [], 2),
        ("click_id=a&ttclid=E.1&status=sale&payout=5&currency=usd&txid=1&buyer=anna", "queued", [], 4),
        ("click_id=a&ttclid=E.1&status=sale&payout=5&currency=usd&txid=1&buyer=ben", "queued", ["W075"] * 2, 5),
        ("click_id=a&ttclid=E.1&status=sale&payout=4&currency=usd&txid=1&buyer=ben", "D002", [], 5),
        ("click_id=a&ttclid=E.1&status=sale&payout=5&currency=usd&txid=2&buyer=ben", "queued", ["W075"], 7),
        ("click_id=a&ttclid=E.1&status=rebill&payout=5&currency=usd&txid=2&buyer=ben", "D007", [], 7),
        ("click_id=a&ttclid=E.1&status=rebill&payout=5&currency=usd&txid=3&buyer=anna", "queued", [], 8),
        ("click_id=a&ttclid=E.1&status=rejected&buyer=ben", "I006", [], 8),
        ("click_id=b&ttclid=E.2&status=rebill&payout=5&currency=usd&txid=9&buyer=ben", "I007", [], 8),
    ]
    for offer in ("one", "two"):
        for query, want, warned, count in one:
            query = query.replace("click_id=", "click_id=" + offer[0]).replace("ttclid=E", "ttclid=E." + offer)
            code, warnings = verdict(serve, query, offer)
            equal("%s: %s" % (offer, query), (code, [w for w in warnings if w == "W075"]), (want, warned))
            equal("%s: events by then" % offer, len(f.rows("SELECT 1 FROM ledger WHERE offer = ?", offer)), count)
        if offer == "one":
            delivered(sandbox, 8)
            equal("all of them are test events", {e["test_event_code"] for e in sandbox.events()}, {"TEST1"})
            equal("what TikTok has", sent(sandbox), [
                ("Lead", PIXEL, "oa"), ("Lead", PIXEL2, "oa"), ("Purchase", PIXEL, "oa.1"), ("Purchase", PIXEL, "oa.2"),
                ("Purchase", PIXEL, "oa.3"), ("Purchase", PIXEL2, "oa.1"), ("Purchase", PIXEL2, "oa.2"), ("Sold", PIXEL2, "oa")])
    equal("the codes in the ledger", f.rows("SELECT offer, test_code AS c, count(*) AS n FROM ledger GROUP BY 1, 2 ORDER BY 1"),
          [{"offer": "one", "c": "TEST1", "n": 8}, {"offer": "two", "c": None, "n": 8}])
    equal("exit 0", serve.stop(), 0)


@part
def consent_and_pixels():
    """A refusal while one pixel has the event and another one waits for its token."""
    keys = Folder()
    sandbox = Sandbox("--token-file", keys.write("right", TOKEN + "\n", 0o600))
    f = Folder(sandbox.endpoint, offers=(), pixels={PIXEL: TOKENED, PIXEL2: "{token: {file: ./keys/late}}"})
    f.write("keys/late", "revoked-token-0123456789abcdef\n", 0o600)
    base = 'events: {sale: {event: Purchase, value: payout}}\nuser: {external_id: "{click_id}", email: "{param.email}"}\n'
    for name, rule in (("drops", "otherwise: drop"), ("bare", "otherwise: anonymize"), ("limits", "otherwise: limited")):
        put(f, name, base + 'consent: {from: "{consent}", granted: ["1"], %s}\n' % rule, "pixel: [%s, %s]" % (PIXEL, PIXEL2))
    serve = Serve(f)
    sale = "click_id=%s&ttclid=E.C.P.%s&status=sale&payout=12.50&currency=usd&email=jane@x.de&ip=8.8.8.8&consent=%s"
    rows = [("g", "drops", "1"), ("n", "drops", "0"), ("b", "bare", "0"), ("c", "bare", "1"), ("l", "limits", "0")]
    for id, offer, said in rows:
        equal("%s says %s to %s" % (id, said, offer), verdict(serve, sale % (id, id, said), offer)[0], "I003" if id == "n" else "queued")
    wait_until("the first pixel", lambda: f.rows("SELECT count(*) AS n FROM ledger WHERE state = 'delivered'")[0]["n"] == 4)
    for id, offer in (("g", "drops"), ("b", "bare"), ("c", "bare")):
        equal(id + " refuses", serve.get("/click/%s?key=%s&click_id=%s&ttclid=E.C.P.%s&consent=0" % (offer, KEY, id, id)).status, 204)
    states = {(r["click_id"], r["pixel"]): (r["state"], r["consent"], r["body"] == "{}") for r in f.rows("SELECT * FROM ledger")}
    waits = [k for k in states if k[1] == PIXEL2 and states[k][0] == "sending"]
    equal("delivered stays so, emptied; what waits is withdrawn; what was anonymous or limited goes on",
          {k: v for k, v in states.items() if k not in waits}, {
              ("g", PIXEL): ("delivered", "granted", True), ("g", PIXEL2): ("withdrawn", "granted", True),
              ("c", PIXEL): ("delivered", "granted", True), ("c", PIXEL2): ("withdrawn", "granted", True),
              ("b", PIXEL): ("delivered", "anonymized", False), ("b", PIXEL2): ("waiting", "anonymized", False),
              ("l", PIXEL): ("delivered", "limited", False), ("l", PIXEL2): ("waiting", "limited", False)})
    f.write("keys/late", TOKEN + "\n", 0o600)
    serve.reload()
    delivered(sandbox, 6)
    equal("the second pixel gets the two others", [e[2] for e in sent(sandbox, pixel=PIXEL2)], ["b", "l"])
    by = {(e["event_id"], e["event_source_id"]): e for e in sandbox.events()}
    equal("both pixels get the same", [(sorted(by[i, p]["user"]), by[i, p].get("limited_data_use")) for i in "bl" for p in (PIXEL, PIXEL2)],
          [(["ttclid"], None)] * 2 + [(["email", "external_id", "ip", "ttclid"], True)] * 2)
    equal("/readyz", wait_until("its counts", lambda: serve.ready()[1]["outbox"]["delivered"] == 6 and serve.ready()[1]["outbox"]),
          {"waiting": 0, "sending": 0, "delivered": 6, "dead": 0, "withdrawn": 2})
    coverage(f)
    for offer in ("drops", "bare", "limits"):
        r = run("diff", f.at("offers/%s.yaml" % offer), f.at("offers/%s.yaml" % offer), "--against", f.at("data"), "--json")
        d = json.loads(r.out)
        equal("diff of %s with itself: nothing" % offer, (r.code, d["changes"]), (0, []))
    equal("exit 0", serve.stop(), 0)


def covered(f):
    """What `coverage` says, an entry for each offer and event."""
    d = json.loads(run("coverage", "--json", cwd=f.path).out)
    return [dict(e, offer=o["offer"]) for o in d["offers"] for e in o["events"]]


def coverage(f):
    """Emptied bodies can't be counted by key; the others are what the ledger has."""
    got = {g["offer"]: (g["count"], g["keys"]["ttclid"]["events"], g["keys"]["email"]["events"]) for g in covered(f)}
    kept = {}
    for r in f.rows("SELECT offer, body FROM ledger WHERE body <> '{}'"):
        user = json.loads(r["body"])["user"]
        n = kept.setdefault(r["offer"], [0, 0, 0])
        kept[r["offer"]] = [n[0] + 1, n[1] + 1, n[2] + ("email" in user)]
    equal("coverage counts what the bodies say", {k: list(v) for k, v in got.items()}, kept)


# ---- the ledger against what TikTok got ----

@part
def ledger_against_the_sandbox():
    sandbox = Sandbox()
    f = Folder(sandbox.endpoint, offers=(), pixels=ALL, extra="mappings: ./mappings\n")
    f.write("mappings/rates.yaml", RATES % (day(), "1.25"))
    user = 'user: {external_id: "{click_id}", email: "{param.email}"}\n'
    put(f, "web", 'events:\n  lead: {event: Lead, value: {table: {DE: 12.50, AT: payout, US: 80%%}, by: "{country}", default: 5}, currency: EUR}\n'
        '  sale: {event: Purchase, value: payout, minus: "{cost}", min: 0.50}\n'
        'consent: {from: "{consent}", granted: ["1"], otherwise: anonymize, missing: granted}\n'.replace("%%", "%") + user)
    put(f, "crm", "event_source: crm\nevents: {sale: {event: Purchase, value: payout}}\nlead: {lead_id: \"{param.lead}\"}\n" + user, 'pixel: "%s"' % CRM)
    put(f, "shops", "event_source: offline\nevents: {sale: {event: Purchase, value: payout}}\nuser: {email: \"{param.email}\"}\n", 'pixel: "%s"' % OFFLINE)
    for name in ("crm", "shops"):
        text = f.read("offers/%s.yaml" % name).decode()
        f.write("offers/%s.yaml" % name, text.replace("page_url: https://lander.example/\norigins: [https://lander.example]\n", ""))
    serve = Serve(f)
    rows = [  # id, offer, query, sent value, original, its currency, consent
        ("1", "web", "status=lead&country=DE", "15.62", "12.5", "EUR", "granted"),
        ("2", "web", "status=lead&country=us&payout=10&currency=gbp&consent=1", "12.5", "10", "GBP", "granted"),
        ("3", "web", "status=lead&country=AT&payout=7.77&currency=usd&consent=0", "7.77", "7.77", "USD", "anonymized"),
        ("4", "web", "status=sale&payout=10&currency=eur&cost=2", "10", "10", "EUR", "granted"),
        ("5", "web", "status=sale&payout=1&currency=usd&cost=4", "0.5", "1", "USD", "granted"),
        ("6", "crm", "status=sale&payout=4900&currency=usd&lead=17", "4900", "4900", "USD", None),
        ("7", "shops", "status=sale&payout=0.8&currency=gbp", "1.25", "0.8", "GBP", None),
    ]
    for id, offer, query, *_ in rows:
        equal(id + ": queued", verdict(serve, "click_id=%s&ttclid=E.C.P.%s&email=a@x.de&%s" % (id, id, query), offer)[0], "queued")
    delivered(sandbox, len(rows))
    ledger = {r["click_id"]: r for r in f.rows("SELECT * FROM ledger")}
    events = {e["event_id"]: e for e in sandbox.events()}
    for id, offer, _, value, original, currency, consent in rows:
        r, e = ledger[id], events[id]
        equal(id + ": the ledger", (r["offer"], r["value"], r["currency"], r["original_value"], r["original_currency"], r["consent"]),
              (offer, value, "USD", original, currency, consent))
        equal(id + ": the sandbox", (e["properties"]["value"], e["properties"]["currency"], e["event_source_id"]), (float(value), "USD", r["pixel"]))
    equal("coverage: by offer and event", {(g["offer"], g["event"]): (g["count"], g["value"]["events"], g["keys"]["email"]["events"]) for g in covered(f)},
          {("web", "Lead"): (3, 3, 2), ("web", "Purchase"): (2, 2, 2), ("crm", "Purchase"): (1, 1, 1), ("shops", "Purchase"): (1, 1, 1)})
    equal("exit 0", serve.stop(), 0)


# ---- rates that change under a running server ----

@part
def rates_are_reloaded():
    sandbox = Sandbox()
    f = Folder(sandbox.endpoint, offers=(), extra="mappings: ./mappings\n")
    f.write("mappings/rates.yaml", RATES % (day(), "1.25"))
    rules = ('events:\n  sale: {event: Purchase, value: {table: {DE: 10, AT: payout}, by: "{param.geo}"}, currency: EUR, minus: "{cost}"}\n'
             '  rebill: {event: Purchase, value: payout, minus: "{cost}", repeatable: true}\nuser: {external_id: "{click_id}"}\n')
    put(f, "strict", "rate_max_age: 30d\n" + rules)
    put(f, "soft", "rate_max_age: 30d\nwithout_rate: send_without_value\n" + rules)
    serve = Serve(f)
    sale, rebill = "click_id=%s&ttclid=E.%s&status=sale&geo=DE&cost=1", "click_id=%s&ttclid=E.%s&status=rebill&payout=10&currency=eur&cost=1&txid=%s"

    def value(id):
        return f.rows("SELECT value, original_value AS o, original_currency AS c FROM ledger WHERE event_id = ?", id)

    equal("by the first rates", (verdict(serve, sale % ("a", "a"), "strict")[0], value("a")),
          ("queued", [{"value": "11.25", "o": "10", "c": "EUR"}]))
    f.write("mappings/rates.yaml", RATES % (day(), "1.5"))
    equal("without a reload as before", (verdict(serve, sale % ("b", "b"), "strict")[0], value("b")[0]["value"]), ("queued", "11.25"))
    serve.reload()
    equal("by the new ones", (verdict(serve, sale % ("c", "c"), "strict")[0], value("c")[0]["value"]), ("queued", "13.5"))
    equal("a repeated postback has another value now, and is a duplicate all the same", verdict(serve, sale % ("a", "a"), "strict")[0], "D001")
    equal("rebills are each by their day's", [(verdict(serve, rebill % ("c", "c", t), "strict")[0], value("c." + t)[0]["value"]) for t in "12"],
          [("queued", "13.5")] * 2)
    f.write("mappings/rates.yaml", "version: 1\nbase: EUR\ndays: {%s: {USD: much}}\n" % day())
    serve.reload(failed=True)
    has("/readyz tells", " ".join(serve.ready()[1]["warnings"]), "reload")
    equal("a broken file changes nothing", (verdict(serve, sale % ("d", "d"), "strict")[0], value("d")[0]["value"]), ("queued", "13.5"))
    f.write("mappings/rates.yaml", RATES % (day(60), "1.25"))
    serve.reload()
    equal("rates too old: quarantined", verdict(serve, sale % ("e", "e"), "strict")[0], "Q023")
    equal("or sent without a value", verdict(serve, sale % ("f", "f"), "soft"), ("queued", ["W067"]))
    equal("what it was about is kept", value("f"), [{"value": None, "o": "10", "c": "EUR"}])
    equal("a rebill, too", (verdict(serve, rebill % ("e", "e", "7"), "strict")[0], verdict(serve, rebill % ("f", "f", "7"), "soft")), ("Q023", ("queued", ["W067"])))
    f.write("mappings/rates.yaml", RATES % (day(), "2"))
    serve.reload()
    equal("/readyz is calm", serve.ready()[1]["warnings"], [])
    equal("the quarantined one comes again", (verdict(serve, sale % ("e", "e"), "strict")[0], value("e")[-1]["value"]), ("queued", "18"))
    equal("the one that went out without a value can't get one", verdict(serve, sale % ("f", "f"), "soft")[0], "D001")
    delivered(sandbox, 9)
    equal("exit 0", serve.stop(), 0)


# ---- init's folder grown up: own mappings, shared values, own key, several pixels ----

MODELS = 'version: 1\nvalue_models:\n  lead: {value: {tiers: {soi: 1, doi: 2}, by: "{param.step}", default: soi}, currency: EUR}\n'
CHAIN = """version: 1
chain: own
start: "https://trk.example/x?external_id=__CLICKID__"
hops:
  - {name: tracker, kind: tracker, tracker: keitaro, to: "https://lander.example/x?subid={subid}&ttclid={external_id}"}
  - {name: lander, kind: lander, script: true, to: "https://offer.example/o?sub1={subid}"}
conversion:
  network: "https://trk.example/KEY/postback?subid={sub1}&status=sale&payout=12.5&currency=eur"
  postback: ../offers/first.yaml
expect: {verdict: kept}
"""
DIRECT = """version: 1
chain: direct
start: "https://lander.example/x?ttclid=__CLICKID__"
hops:
  - {name: form, kind: form, to: "https://offer.example/o?id=17"}
conversion:
  network: "https://pb.example/postback/%s?key=K&%s"
  postback: ../offers/%s.yaml
expect: {verdict: broken, code: H011}
"""


def grown():
    f = Folder()
    equal("init", run("init", "my", "--tracker", "keitaro", "--offer", "first", "--page", "https://lander.example/x",
                      "--pixel", PIXEL, cwd=f.path).code, 0)
    f.path = f.at("my")
    text = f.read("offers/first.yaml").decode()
    more = ("value_models: ../shared/models.yml\nkey: {file: ../keys/own}\ntest_event_code: TEST7\n"
            'pixel: {table: {anna: %s}, by: "{param.buyer}", default: [%s, %s]}\n' % (PIXEL2, PIXEL, PIXEL2))
    text = text.replace("extends: keitaro", "extends: mine").replace("pixel: %s\n" % PIXEL, more)
    text = re.sub(r"  lead: +Lead .*", "  lead: {event: Lead, value: {model: lead}}", text)
    f.write("offers/first.yaml", text)
    f.write("keys/own", "an-own-key-0123456789abcdef\n", 0o600)
    f.write("shared/models.yml", MODELS)
    f.write("mappings/mine.yaml", "version: 1\ntracker: mine\nextends: ./deep/er.yml\n")
    f.write("mappings/deep/er.yml", "version: 1\ntracker: er\nextends: keitaro\n")
    f.write("mappings/rates.yaml", RATES % (day(), "1.5"))
    config = f.read("clickbaton.yaml").decode().replace("127.0.0.1:8080", "127.0.0.1:%d" % free_port())
    config = config.replace("127.0.0.1:9090", "127.0.0.1:%d" % free_port())
    f.write("clickbaton.yaml", config.replace("    %s:" % PIXEL, "    %s: {token: {file: ./keys/tiktok}}\n    %s:" % (PIXEL2, PIXEL)))
    f.write("chains/own.yaml", CHAIN)
    return f


@part
def a_folder_with_everything():
    f = grown()
    r = run("check", "--json", cwd=f.path)
    d = json.loads(r.out)
    equal("check", (r.code, d["errors"]), (0, 0))
    r = run("check", "chains/own.yaml", "offers/first.yaml", "shared/models.yml", "mappings/mine.yaml", "mappings/rates.yaml", "-c", "clickbaton.yaml", cwd=f.path)
    equal("check of each file", (r.code, "error" in r.err), (0, False))
    for where, chain in (("", "chains/own.yaml"), ("chains", "own.yaml")):
        for more in ([], ["--live"]):
            r = run("simulate", chain, "--json", "-c", os.path.relpath(f.at("clickbaton.yaml"), f.at(where)), *more, cwd=f.at(where))
            d = json.loads(r.out)
            equal("simulate %s %s" % (chain, more), (r.code, d["verdict"], [e["properties"]["value"] for e in d["events"]]), (0, "kept", [18.75] * 2))
            hasnt("a mapping that extends keitaro is keitaro's", json.dumps(d["warnings"]), "H014")
        equal("delivered to both pixels", (d["live"]["delivered"], d["live"]["differences"]), (2, []))
    r = run("doctor", "--json", cwd=f.path)
    found = {x["check"]: x for x in json.loads(r.out)["findings"]}
    equal("doctor", (r.code, found["conversion"]["level"], found["tests"]["level"]), (0, "ok", "ok"))
    has("as a sale", found["conversion"]["text"], "came back as Purchase at a sandbox")
    equal("nothing of the live runs is left", glob.glob(os.path.join(tempfile.gettempdir(), "clickbaton-live-*/offers/first.yaml")), [])


@part
def crm_and_offline_in_chains():
    f = Folder(offers=(), pixels=ALL)
    events = 'events: {sale: {event: Purchase, value: payout}}\nuser: {email: "{param.email}"}\n'
    for name, source, pixel, more in (("crm", "crm", CRM, 'lead: {lead_id: "{param.lead}"}\n'), ("shops", "offline", OFFLINE, "")):
        text = HEAD.replace("page_url: https://lander.example/\norigins: [https://lander.example]\n", "") % name
        f.write("offers/%s.yaml" % name, text + 'pixel: "%s"\nevent_source: %s\n%s%s' % (pixel, source, more, events))
        f.write("chains/%s.yaml" % name, DIRECT % (name, "click_id={id}&lead=99&email=a@x.de&status=sale&payout=5&currency=usd", name))
        for live in ([], ["--live"]):
            r = run("simulate", "chains/%s.yaml" % name, "--json", "-c", "clickbaton.yaml", *live, cwd=f.path)
            d = json.loads(r.out)
            equal("%s %s: a event without ttclid" % (name, live), [(e["event"], "ttclid" in e["user"], "email" in e["user"]) for e in d["events"]],
                  [("Purchase", False, True)])
        equal(name + ": delivered to its event set", (d["live"]["delivered"], d["live"]["differences"], d["live"]["serve"]["verdict"]), (1, [], "queued"))
        equal(name + ": check walks the chain", run("check", "chains/%s.yaml" % name, "-c", "clickbaton.yaml", cwd=f.path).code, 0)
    for name in ("crm", "shops"):  # keys that a tracker's own postback has, too
        text = f.read("offers/%s.yaml" % name).decode()
        f.write("offers/%s.yaml" % name, text.replace("{param.lead}", "{click_id}").replace("{param.email}", "{param.email|default:a@x.de}"))
    r = run("doctor", "--json", cwd=f.path)
    found = [(x["offer"], x["level"]) for x in json.loads(r.out)["findings"] if x["check"] in ("conversion", "landing page")]
    equal("the doctor asks them for no landing page, and their conversion comes without a ttclid", (r.code, found), (0, [("crm", "ok"), ("shops", "ok")]))


# ---- what is stored translates to what was sent ----

REPLAY = """without_rate: send_without_value
events:
  lead: {event: Lead, value: {table: {berlin: 12.5, paris: 80%%}, by: "{param.city}", default: 5}}
  sale: [{event: Purchase, value: payout, minus: "{cost}", min: 0.01}, {event: Bought, value: 80%%, pixel: C9EXAMPLEPIXEL01}]
  rebill: {event: Purchase, value: payout, repeatable: true}
properties:
  content_type: product
  contents: [{content_id: "{param.sku|default:none}", content_name: "{param.item}", quantity: "{param.n|default:1}", price: value}]
  order_id: "{txid}"
  description: "{param.city}"
user:
  email: {from: ["{param.email}", "{param.emails}", "{param.mail2|lower}"], split: ",;"}
  phone: {from: ["{param.phone}", "{param.phones}"], split: ",", country: "%s"}
  external_id: ["{click_id}", "{param.crm|upper}"]
  first_name: "{param.first}"
  last_name: "{param.last}"
  zip_code: "{param.zip}"
  city: "{param.city}"
  state: "{param.state}"
  country: "{country}"
  locale: "{param.lang}"
"""
JOINED = """events:
  lead: Lead
  sale: {event: Purchase, value: payout}
  rebill: {event: Purchase, value: payout, repeatable: true}
user:
  email: "{param.user}@{param.host}"
  phone: "+{param.cc}{param.number}"
  first_name: "{param.first} {param.last}"
  external_id: "{click_id}"
"""
ASK = 'consent: {from: "{consent}", granted: ["1"], otherwise: %s}\n'
OFFERS = {"web": (REPLAY % "{country}", "[%s, %s]" % (PIXEL, PIXEL2)), "geo": (REPLAY % "{param.geo|default:DE}", PIXEL),
          "bare": (REPLAY % "{country}" + ASK % "anonymize, keep: [ttclid, external_id, phone]", PIXEL),
          "limits": (REPLAY % "{country}" + ASK % "limited", PIXEL), "joined": (JOINED, PIXEL)}


class Caller:
    """Postbacks and clicks by chance."""

    def __init__(self, seed):
        self.r = random.Random(seed)

    def mail(self):
        m = self.r.choice(["jane", "Bob.Smith+x", "a_b", "MAX", "o'neil"]) + "@" + self.r.choice(["example.com", "X.de", "mail.co.uk"])
        return self.r.choice([m, " " + m + "\n", m.upper(), "Jane <%s>" % m, "mailto:" + m, "ab" * 32, "AB" * 32, "not-a-mail",
                              m + ",", "", "{email}", "undefined", m.replace("@", "%40")])

    def phone(self):
        return self.r.choice(["015112345678", "+49 (0)151 1234-5678", "004915112345678", " 4915112345678", "07911 123456", "cd" * 32,
                              "+447911123456", "12", "213-373-4253", "1.5e10", "+7 8 916 123-45-67", "15112345678", "{phone}"])

    def choices(self, i):
        of = self.r.choice
        page = "l.example/?%sttclid=E.C.P.page%d" % (of(["a=1&", "e=jane@x.de&", "ttclid={x}&"]), i)
        name = ["Zoë-Ann", "JANE", "O'Neil", "Дмитрий", "dr anna", "ef" * 32, "x@y.de"]
        return [("ttclid", .7, lambda: "E.C.P.%d" % i), ("payout", .9, lambda: of(["12.50", "1.234,5", "7", "0"])),
                ("currency", .8, lambda: of(["usd", "EUR", "jpy", "XYZ", "VND"])), ("cost", .5, lambda: of(["1", "0.333", "200"])),
                ("email", .5, self.mail), ("emails", .4, lambda: ",".join(self.mail() for _ in range(of(range(1, 13))))),
                ("mail2", .2, self.mail), ("phone", .5, self.phone), ("phones", .3, lambda: ",".join(self.phone() for _ in "123")),
                ("crm", .4, lambda: of(["User_7", "7@x.de", " u 8 ", "a%20b", "A&B=c?d=e"])), ("first", .5, lambda: of(name)),
                ("last", .4, lambda: of(name)), ("zip", .4, lambda: of(["10115", "SW1A 1AA", "90210-1234"])),
                ("city", .5, lambda: of(["Berlin", "Paris", "São Paulo", "x@y.de"])), ("state", .3, lambda: of(["CA", "California"])),
                ("country", .4, lambda: of(["DE", "gb", "US", "xx"])), ("geo", .4, lambda: of(["DE", "gb", "ru"])),
                ("lang", .2, lambda: of(["en_US", "de"])), ("ip", .6, lambda: of(["93.184.216.34", "10.0.0.1", "2606:2800:220:1::1"])),
                ("user_agent", .4, lambda: "Mozilla/5.0 (X; a+b)"), ("page_url", .4, lambda: of(["https://" + page, page, "https://l.example/a"])),
                ("referrer", .3, lambda: of(["https://r.example/", "https://r.example/?m=jane@x.de"])),
                ("consent", .7, lambda: of(["1", "0", "{consent}"])), ("sku", .5, lambda: of(["S&2", "ü", "50%", "a%20b", "x?y=1", "¤cy=EUR"])),
                ("item", .4, lambda: of(["a;b", "{x}", "jane@x.de", "a+b", "tab\there", "x&amp;y"])), ("n", .3, lambda: of(["2", "x"])),
                ("cc", .8, lambda: of(["49", "44"])), ("number", .8, lambda: of(["15112345678", "7911123456"])),
                ("user", .8, lambda: of(["jane", "bob"])), ("host", .8, lambda: of(["x.de", "Y.com"]))]

    def postback(self, i, offer):
        d = {"click_id": self.r.choice(["k%d" % i] * 5 + ["p%d@x.de" % i, "+49151%07d" % i]),
             "status": self.r.choice(["lead", "sale", "rebill"]), "txid": "t%d" % i}
        d.update((name, make()) for name, share, make in self.choices(i)
                 if self.r.random() < share and (offer == "joined" or name not in ("cc", "number", "user", "host")))
        return d

    def click(self, i):
        of = self.r.choice
        all = [("ttclid", .5, "E.C.P.c%d" % i), ("country", .7, of(["DE", "GB", "US"])), ("event_id", .5, "ev%d" % i),
               ("ttp", .5, "ttp%d" % i), ("page_url", .5, "https://lander.example/p?x=%d" % i), ("ip", .5, "8.8.8.8"),
               ("user_agent", .5, "UA/1"), ("consent", .6, of(["1", "0"])), ("referrer", .3, "https://ref.example/")]
        return dict([("click_id", "k%d" % i)] + [(k, v) for k, share, v in all if self.r.random() < share])

    def fire(self, serve, offer, d):
        how, target = self.r.choice(["get", "form", "json"]), "/postback/%s?key=%s" % (offer, KEY)
        if how == "get":
            return request(serve.port, "GET", target + "&" + urllib.parse.urlencode(d)).status
        if how == "form":
            return request(serve.port, "POST", target, urllib.parse.urlencode(d), {"Content-Type": "application/x-www-form-urlencoded"}).status
        d = dict(d)
        for name in ("emails", "phones"):
            if name in d and self.r.random() < .7:
                d[name] = [int(p) if re.fullmatch("[1-9][0-9]*", p) else p for p in d[name].split(",")]
        return request(serve.port, "POST", target, json.dumps(d), {"Content-Type": "application/json"}).status


def click_of(f, row):
    """The click as the store has it, as an option of translate."""
    found = f.rows("SELECT c.* FROM clicks c JOIN names n ON n.id = c.offer WHERE n.text = ? AND c.click_id = ? ORDER BY c.id DESC",
                   row["offer"], row["click_id"])
    names = ("click_id", "event_id", "ttp", "ip", "consent", "page_url", "ttclid", "user_agent", "referrer", "country")
    return ["--click", "?" + urllib.parse.urlencode({k: found[0][k] for k in names if found[0][k]})] if found else []


@part
def stored_postbacks_translate_to_what_was_sent():
    f = Folder(offers=(), pixels=BOTH)
    for name, (rules, pixel) in OFFERS.items():
        put(f, name, rules, "pixel: " + pixel)
    serve, caller, bad_ones, n = Serve(f), Caller(int(os.environ.get("SEED", "7"))), [], int(os.environ.get("POSTBACKS", "120"))
    for i in range(n):
        offer = caller.r.choice(sorted(OFFERS))
        d = caller.postback(i, offer)
        if d["click_id"].startswith("k") and caller.r.random() < .6:
            serve.get("/click/%s?key=%s&%s" % (offer, KEY, urllib.parse.urlencode(caller.click(i))))
        if caller.fire(serve, offer, d) != 200:
            bad_ones.append((i, "not taken"))
    bodies = {}
    for e in f.rows("SELECT * FROM ledger ORDER BY id"):
        bodies.setdefault(e["postback"], {}).setdefault(e["pixel"], []).append(e["body"])
    rows = f.rows("SELECT v.*, p.at FROM conversions v JOIN postbacks p USING(id) ORDER BY id")
    for p in rows:
        r = run("translate", f.at("offers/%s.yaml" % p["offer"]), p["params"], "--at", p["at"] // 1000, "--json",
                "-c", f.at("clickbaton.yaml"), *click_of(f, p))
        v = json.loads(r.out)
        if (v["verdict"], v.get("code")) != (p["verdict"], p["code"]):
            bad_ones.append((p["id"], p["offer"], p["verdict"], p["code"], v["verdict"], v.get("code"), p["params"]))
        for pixel, list in bodies.get(p["id"], {}).items():
            if '"event_source_id":"%s"' % pixel not in r.out or '"data":[%s]' % ",".join(list) not in r.out:
                bad_ones.append((p["id"], p["offer"], pixel, list, v["bodies"], p["params"]))
    true("enough were sent", sum(p["verdict"] == "queued" for p in rows) > n // 2 and len(rows) == n)
    equal("the same bytes", bad_ones[:1], [])
    for plain in (b"jane", b"bob.smith", b"15112345678", b"zo\xc3\xab"):
        true("nobody's data is stored: %r" % plain, plain not in f.stored_bytes().lower())
    for offer in sorted(OFFERS):
        path = f.at("offers/%s.yaml" % offer)
        equal("diff of %s with itself" % offer, run("diff", path, path, "--against", f.at("data"), "-c", f.at("clickbaton.yaml")).code, 0)
    equal("exit 0", serve.stop(), 0)


# ---- tests of mappings ----

TESTED = """events:
  lead: Lead
  sale: {event: Purchase, value: payout}
  rejected: ignore
transitions: {sale: [new, lead]}
user: {external_id: "{click_id}"}
tests:
  - name: anna and ben
    given: "?click_id=1&ttclid=T&status=sale&payout=5&currency=usd&buyer=ben"
    expect: {verdict: queued, events: 2, pixel: C9EXAMPLEPIXEL00, pixels: C9EXAMPLEPIXEL00 C9EXAMPLEPIXEL01}
  - name: no sale after a rejection
    before: ["?click_id=1&ttclid=T&status=lead&buyer=ben", "?click_id=1&ttclid=T&status=rejected&buyer=ben"]
    given: "?click_id=1&ttclid=T&status=sale&payout=5&currency=usd&buyer=ben"
    expect: {verdict: %s, code: %s}
  - name: the second pixel alone
    before: ["?click_id=1&ttclid=T&status=lead&buyer=anna"]
    given: "?click_id=1&ttclid=T&status=lead&buyer=ben"
    expect: {verdict: queued, events: 1, pixels: %s}
  - name: nothing new for anna
    before: ["?click_id=1&ttclid=T&status=lead&buyer=ben"]
    given: "?click_id=1&ttclid=T&status=lead&buyer=anna"
    expect: {verdict: duplicate, code: D001}
"""


@part
def mapping_tests_with_a_past_and_pixels():
    f = Folder(offers=(), pixels=BOTH)
    path = put(f, "tested", TESTED % ("ignored", "I005", PIXEL2), TABLE)
    d = json.loads(run("check", path, "--json", "-c", f.at("clickbaton.yaml")).out)
    equal("all pass", [(t["name"], t["passed"], t["verdict"].split(":")[0]) for t in d["cases"]],
          [("anna and ben", True, "queued"), ("no sale after a rejection", True, "ignored I005"), ("the second pixel alone", True, "queued"),
           ("nothing new for anna", True, "duplicate D001")])
    right = f.read("offers/tested.yaml")
    equal("no errors", d["errors"], 0)
    put(f, "tested", TESTED % ("queued", "absent", PIXEL), TABLE)
    r = run("check", path, "-c", f.at("clickbaton.yaml"))
    equal("two fail", (r.code, "2 of 4 tests failed" in r.err), (1, True))
    run("check", path, "--update", "-c", f.at("clickbaton.yaml"))
    equal("--update writes what the past and the pixels made of it", f.read("offers/tested.yaml"), right)
    equal("and then all pass", run("check", path, "-c", f.at("clickbaton.yaml")).code, 0)


# ---- a store of the version before ----

def make_old(path):
    """Take from a store what the schemas since have added; the version's own steps are the only way back up."""
    db = sqlite3.connect(path)
    db.executescript("DROP VIEW ledger; DROP VIEW hours; DROP TABLE tallies; DROP INDEX tries_of; DROP INDEX events_of;" + "".join("ALTER TABLE %s DROP COLUMN %s;" % c for c in (
        ("counts", "withdrawn"), ("clicks", "country"), ("events", "value"), ("events", "currency"), ("events", "original_value"),
        ("events", "original_currency"), ("events", "consent"), ("events", "consent_said"), ("events", "plain_id"), ("deliveries", "withdrawn")) +
        tuple((t, "sum") for t in ("clicks", "postbacks", "events", "deliveries", "attempts", "tries", "counts", "indexed", "runs", "late_clicks")) +
        tuple(("counts", "last_" + k) for k in ("click", "postback", "event", "attempt")) +
        (("counts", "gone_postback"), ("counts", "gone_attempt"), ("counts", "clicks_before"), ("counts", "ledger_before"), ("runs", "last")) +
        tuple(("indexed", "plain_" + k) for k in ("clicks", "postbacks", "events"))) +
        "DELETE FROM meta WHERE key = 'sum'; DROP TABLE IF EXISTS late_postbacks;" +
        "CREATE VIEW ledger AS SELECT e.id, body FROM events e; UPDATE meta SET value = 1 WHERE key = 'schema'; PRAGMA user_version = 1;")
    db.close()


@part
def a_store_of_version_1():
    sandbox = Sandbox()
    f = Folder(sandbox.endpoint, offers=(), pixels=BOTH)
    path = put(f, "web", 'events: {sale: {event: Purchase, value: payout}, rejected: ignore}\nuser: {email: "{param.email}"}\n'
               'consent: {from: "{consent}", granted: ["1"], otherwise: drop}\n')
    serve = Serve(f)
    sale = "click_id=%s&ttclid=E.%s&status=%s&payout=5&currency=usd&email=a@x.de&consent=1"
    equal("a click", serve.get("/click/web?key=%s&click_id=a&ttclid=E.a&consent=1" % KEY).status, 204)
    equal("a sale", verdict(serve, sale % ("a", "a", "sale"), "web")[0], "queued")
    delivered(sandbox, 1)
    equal("exit 0", serve.stop(), 0)
    make_old(f.at("data/clickbaton.db"))
    for verb in (["coverage"], ["diff", path, path, "--against", "data"]):
        r = run(*verb, cwd=f.path)
        equal(verb[0] + ": not before serve has been there", r.code > 1, True)
        has(verb[0] + " says what to do", r.err, "schema version is 1", "start `clickbaton serve` once")
    has("the doctor says it, too", run("doctor", cwd=f.path).out, "schema version is 1")
    serve = Serve(f)
    equal("of the old one nothing is known of value and consent", [(r["value"], r["currency"], r["consent"], r["state"]) for r in f.rows("SELECT * FROM ledger")],
          [(None, None, None, "delivered")])
    equal("it is a duplicate still", verdict(serve, sale % ("a", "a", "sale"), "web")[0], "D001")
    equal("it can be taken back", verdict(serve, sale % ("a", "a", "rejected"), "web")[0], "I006")
    equal("new ones are written beside it", verdict(serve, sale % ("b", "b", "sale"), "web")[0], "queued")
    delivered(sandbox, 2)
    equal("coverage counts both", [(g["count"], g["value"]["events"], g["event_id_of_click"]["events"]) for g in covered(f)], [(2, 2, 1)])
    equal("diff reads both", run("diff", path, path, "--against", "data", cwd=f.path).code, 0)
    equal("the old one is refused", serve.get("/click/web?key=%s&click_id=a&ttclid=E.a&consent=0" % KEY).status, 204)
    equal("its body is emptied", f.rows("SELECT body FROM ledger WHERE click_id = 'a'"), [{"body": "{}"}])
    has("the doctor counts them", run("doctor", cwd=f.path).out, "1 clicks and 4 postbacks", "2 were delivered")
    equal("exit 0", serve.stop(), 0)


# ---- the verbs ----

@part
def verbs():
    names = re.findall(r"^  (\w+)  ", run("--help").out, re.M)
    true("there are the verbs", len(names) >= 16, names)
    for name in names:
        r = run(name, "--help")
        equal(name + " --help", (r.code, r.err, r.out.startswith("  "), "\nusage: clickbaton %s" % name in r.out,
                                 "  --help                 this text\n" in r.out), (0, "", True, True, True))
        r = run(name, "--nonsense")
        equal(name + " --nonsense", (r.code, r.out), (2, ""))
        has(name + " says why", r.err, "clickbaton %s: unknown option --nonsense" % name, "--help")
        if " --json" in run(name, "--help").out.split("options:")[1]:
            has("--json is in the usage of " + name, run(name, "--help").out.split("options:")[0], "--json")
    examples = os.path.join(ROOT, "examples")
    for path in sorted(glob.glob(examples + "/**/*.yaml", recursive=True)):
        if path.endswith("clickbaton.yaml"):
            continue
        r = run("check", path, "--json")
        d = json.loads(r.out)
        equal("check --json " + os.path.relpath(path, examples), (r.code, d["errors"], r.err), (0, 0, ""))
    for path in sorted(glob.glob(examples + "/offers/*.yaml")):
        for verb in (["urls", path, "--json"], ["translate", path, "?click_id=1", "--json"], ["translate", path, "?click_id=1", "--json", "--explain"]):
            true(" ".join(verb[:1] + verb[2:]) + " " + os.path.basename(path), isinstance(json.loads(run(*verb).out), dict))


@part
def what_init_writes_is_by_the_schema():
    import warnings
    warnings.simplefilter("ignore")
    import jsonschema
    import yaml
    schema = json.loads(run("schema").out)
    f = Folder()
    for i, tracker in enumerate(("keitaro", "bemob", "binom", "redtrack", "voluum", "generic")):
        more = ["--test-event-code", "TEST1", "--currency", "EUR"] if i % 2 else []
        equal("init " + tracker, run("init", tracker, "--tracker", tracker, "--offer", "o-" + tracker, "--page", "https://l.example/" + tracker,
                                     *more, cwd=f.path).code, 0)
        equal("its schema.json", json.loads(f.read(tracker + "/schema.json")), schema)
        for name in ("clickbaton.yaml", "offers/o-%s.yaml" % tracker):
            problems = [e.message for e in jsonschema.Draft7Validator(schema).iter_errors(yaml.safe_load(f.read(tracker + "/" + name)))]
            equal(tracker + "/" + name, problems, [])
        r = run("check", "--json", cwd=f.at(tracker))
        equal(tracker + ": check", (r.code, json.loads(r.out)["errors"]), (0, 0))


main()
