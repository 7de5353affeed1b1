"""Kinds of events, pixels by list and table, test codes per offer, advice, and one line to switch the event."""
from harness import *

SET, SHOPS = "7010000000000000001", "7020000000000000002"
TOKENED = "{token: {file: ./keys/tiktok}}"
OF = "{token: {file: ./keys/tiktok}, event_source: %s}"
SALE = "subid=%s&external_id=E.C.P.%s&status=sale&payout=1&currency=usd"
AT = "1790000000"


def example(name):
    with open(os.path.join(ROOT, "examples/offers", name + ".yaml")) as f:
        return f.read()


def all_kinds(endpoint):
    """A server for every kind of events, with the offers of examples/."""
    f = Folder(endpoint, offers=("nutra-de",), pixels={PIXEL: TOKENED, PIXEL2: TOKENED, '"%s"' % SET: OF % "crm",
                                                      SHOPS: OF % "offline"})
    for name in ("crm-leads", "offline-shops", "shop-any", "casino-br"):
        f.write("offers/%s.yaml" % name, example(name))
    return f


CRM = "lead_id=73%s&status=qualified&email=Ada%%40Lovelace.example&consent=1&ttclid=E.C.P.x&ip=8.8.8.8&page_url=https://l.example/"
SHOP = "receipt=R-%s&type=purchase&amount=1.234,50&sku=SOFA-2&shop=B3&phone=0151%%2012345678&ttclid=E.C.P.x"


# ---- kinds of events ----

@part
def three_kinds():
    # the sandbox is away at first, so that everything waits and could be gathered into one request
    port = free_port()
    f = all_kinds("http://127.0.0.1:%d%s" % (port, TRACK))
    r = run("check", cwd=f.path)
    equal("check takes them all", r.code, 0)
    serve = Serve(f)
    for i in range(5):
        for offer, query in (("nutra-de", SALE % ("w%d" % i, "w%d" % i)), ("crm-leads", CRM % i), ("offline-shops", SHOP % i)):
            status, v = serve.verdict(query, offer)
            equal("%s %d: queued, without a warning" % (offer, i), (status, v["verdict"], [w for w in v["warnings"] if "W032" not in w]),
                  (200, "queued", []))
    sandbox = Sandbox(port=port)
    wait_until("delivery", lambda: sandbox.stats()["unique"] == 15, 40)
    frames = {}
    for e in sandbox.events():
        frames.setdefault(e["request_id"], set()).add((e["event_source"], e["event_source_id"]))
    equal("no request mixes two kinds", [k for k, v in frames.items() if len(v) > 1], [])
    equal("each kind with its own id", set.union(*frames.values()), {("web", PIXEL), ("crm", SET), ("offline", SHOPS)})
    equal("the sandbox refused nothing", list(sandbox.stats()["codes"]), ["0"])
    crm = next(e for e in sandbox.events(pixel=SET) if e["event_id"] == "730")
    equal("a crm event", (crm["event"], crm["lead"], sorted(crm["user"]), "page" in crm, crm["properties"]["value"]),
          ("QualifiedLead", {"lead_id": "730", "lead_event_source": "CRM"}, ["email"], False, 60))
    shop = next(e for e in sandbox.events(pixel=SHOPS) if e["event_id"] == "R-0")
    equal("an offline event", (shop["event"], sorted(shop["user"]), "page" in shop, "lead" in shop, shop["properties"]["shop_id"]),
          ("Purchase", ["phone"], False, False, "B3"))
    hasnt("no plain e-mail in the store", f.stored_bytes().lower(), b"ada@lovelace", b"ada%40lovelace")
    status, v = serve.verdict(CRM.replace("lead_id", "click_id") % 9, "crm-leads")
    equal("a crm event without its lead id is kept", (status, v["verdict"], v["code"]), (200, "quarantined", "Q028"))
    equal("exit 0", serve.stop(), 0)


@part
def a_source_and_its_pixel():
    f = all_kinds("http://127.0.0.1:9" + TRACK)
    f.config(f.endpoint, pixels={PIXEL: TOKENED, PIXEL2: TOKENED, SET: TOKENED, SHOPS: OF % "crm"})
    r = run("check", cwd=f.path)
    equal("offer and pixel disagree: exit 3", r.code, 3)
    has("both places are named", r.err, "offers/crm-leads.yaml:10:8: error[C010]: the offer sends crm events, but clickbaton.yaml:12 "
        "says that %s takes web events" % SET, "offers/offline-shops.yaml:10:8: error[C010]: the offer sends offline events, but "
        "clickbaton.yaml:13 says that %s takes crm events" % SHOPS, "write the same event_source into both")
    serve = Serve(f, start=False)
    equal("serve does not start", serve.wait(), 3)
    has("and says the same", serve.err(), "error[C010]", "clickbaton.yaml:12")
    for word, wanted in (("crmm", 'error[M024]: `event_source` can\'t be "crmm"'),
                         ("app", "error[C012]: app events are for companies that TikTok has put onto a list"),
                         ("[crm]", "error[M002]")):
        f.config(f.endpoint, pixels={PIXEL: OF % word})
        r = run("check", cwd=f.path)
        equal("event_source: %s: exit 3" % word, r.code, 3)
        has("event_source: %s" % word, r.err, "clickbaton.yaml:10:", wanted)
    f.config(f.endpoint, pixels={PIXEL: TOKENED, SET: OF % "crm"})
    f.write("offers/any.yaml", offer_text("any", '"{param.pixel}"'))
    for name in ("crm-leads", "offline-shops", "casino-br"):
        os.remove(f.at("offers/%s.yaml" % name))
    r = run("translate", "offers/any.yaml", "?%s&pixel=%s" % (SALE % ("a", "a"), SET), "-c", "clickbaton.yaml", cwd=f.path)
    equal("a template can't send web events to an event set", r.code, 1)
    has("and it says why", r.err, "quarantined[Q012]", "is configured for crm events, and the offer sends web events")


@part
def translate_prints_the_frame():
    f = Folder()
    for name, query, frame in (("crm-leads", CRM % 1, {"event_source": "crm", "event_source_id": SET}),
                               ("offline-shops", SHOP % 1, {"event_source": "offline", "event_source_id": SHOPS})):
        path = os.path.join(ROOT, "examples/offers", name + ".yaml")
        r = run("translate", path, "?" + query, "--at", AT)
        body = json.loads(r.out)
        equal("%s: the frame" % name, {k: v for k, v in body.items() if k != "data"}, frame)
        equal("%s: --json has the same body" % name, json.loads(run("translate", path, "?" + query, "--at", AT, "--json").out)["bodies"], [body])
    f.write("offers/nutra-de.yaml", offer_text("nutra-de", PIXEL, "test_event_code: TEST777\n"))
    q = "?" + SALE % ("a", "a")
    r = run("translate", "offers/nutra-de.yaml", q, "--at", AT, cwd=f.path)
    has("a test code of the offer is in the frame", r.out, '{"event_source":"web","event_source_id":"%s","test_event_code":"TEST777","data":[' % PIXEL)
    f.write("offers/nutra-de.yaml", offer_text("nutra-de"))
    f.config(f.endpoint, pixels={PIXEL: "{token: {file: ./keys/tiktok}, test_event_code: TEST123}"})
    r = run("translate", "offers/nutra-de.yaml", q, "--at", AT, cwd=f.path)
    hasnt("without a configuration nobody knows the pixel's", r.out, "test_event_code")
    r = run("translate", "offers/nutra-de.yaml", q, "--at", AT, "-c", "clickbaton.yaml", cwd=f.path)
    has("with one it is there", r.out, '"test_event_code":"TEST123"')


@part
def explain():
    """What was done to each field names the pixel's row and the lead."""
    r = run("translate", os.path.join(ROOT, "examples/offers/casino-br.yaml"), "?subid=2t&external_id=E.C.P.a&status=reg&buyer=ben", "--at", AT, "--explain")
    equal("explain: both pixels, by their row", re.findall(r"^  pixel +(\S+) +(.*?)  \(\S*casino-br.yaml:8\)$", r.out, re.M),
          [(PIXEL, "the row ben of the table"), (PIXEL2, "the row ben of the table")])
    has("explain: which event goes where", r.out, "event  CompleteRegistration to %s, event_id 2t," % PIXEL, "event  CompleteRegistration to %s, event_id 2t," % PIXEL2)
    r = run("translate", os.path.join(ROOT, "examples/offers/crm-leads.yaml"), "?" + CRM % 1, "--at", AT, "--explain")
    equal("explain: one pixel, and the lead", re.findall(r"^  (pixel|lead\S+) +(\S+) +(.*?)  \(", r.out, re.M),
          [("lead.lead_id", "731", "{param.lead_id}"), ("lead.lead_event_source", "CRM", "{param.crm|default:CRM}"), ("pixel", SET, "as the mapping says")])
    has("explain: one pixel needs no name", r.out, "event  QualifiedLead, event_id 731,")


# ---- several pixels ----

@part
def two_pixels_two_tokens():
    right = Folder().write("right", "the-right-token-0123456789\n", 0o600)
    sandbox = Sandbox("--token-file", right)
    f = Folder(sandbox.endpoint, offers=(), pixels={PIXEL: "{token: {file: ./keys/first}}", PIXEL2: "{token: {file: ./keys/second}}"})
    f.write("keys/first", "the-right-token-0123456789\n", 0o600)
    f.write("keys/second", "the-other-token-0123456789\n", 0o600)
    f.write("offers/both.yaml", offer_text("both", "[%s, %s]" % (PIXEL, PIXEL2)))
    serve = Serve(f)
    for i in range(10):
        serve.fire(SALE % ("b%d" % i, "b%d" % i), "both")
    wait_until("the first pixel", lambda: sandbox.stats()["unique"] == 10)
    wait_until("the second to be paused", lambda: [w for w in serve.ready()[1]["warnings"] if "paused" in w and PIXEL2 in w])
    equal("each pixel goes with its own token", {e["event_source_id"] for e in sandbox.events()}, {PIXEL})
    equal("both are queued", f.rows("SELECT pixel, count(*) AS n FROM ledger GROUP BY pixel ORDER BY pixel"),
          [{"pixel": PIXEL, "n": 10}, {"pixel": PIXEL2, "n": 10}])
    f.write("keys/second", "the-right-token-0123456789\n", 0o600)
    serve.reload()
    wait_until("delivery", lambda: sandbox.stats()["unique"] == 20)
    by = {p: sorted((e["event_id"], json.dumps({k: v for k, v in e.items() if k in ("event", "event_time", "user", "properties", "page")})) for e in sandbox.events(pixel=p)) for p in (PIXEL, PIXEL2)}
    equal("the same events, byte for byte, at both", by[PIXEL], by[PIXEL2])
    status, v = serve.verdict(SALE % ("b1", "b1"), "both")
    equal("a repeat is a duplicate at both", (status, v["verdict"], v["code"]), (200, "duplicate", "D001"))
    equal("exit 0", serve.stop(), 0)


@part
def a_pixel_that_comes_later():
    """What one pixel had is not sent to it again, only to the new one."""
    sandbox = Sandbox()
    f = Folder(sandbox.endpoint, offers=(), pixels={PIXEL: TOKENED, PIXEL2: TOKENED})
    f.write("offers/o.yaml", offer_text("o", PIXEL))
    serve = Serve(f)
    serve.fire(SALE % ("l", "l"), "o")
    wait_until("the first", lambda: sandbox.stats()["unique"] == 1)
    f.write("offers/o.yaml", offer_text("o", "[%s, %s]" % (PIXEL, PIXEL2)))
    serve.reload()
    status, v = serve.verdict(SALE % ("l", "l"), "o")
    equal("partly known: queued, with a word", (status, v["verdict"], [w for w in v["warnings"] if "W075" in w]),
          (200, "queued", ['W075 Purchase with event_id "l" was accepted for %s before, and is not sent there again' % PIXEL]))
    wait_until("the second", lambda: sandbox.stats()["unique"] == 2)
    equal("each pixel has it once", sorted((e["event_source_id"], e["event_id"]) for e in sandbox.events()), [(PIXEL, "l"), (PIXEL2, "l")])
    equal("the sandbox saw no duplicate", [e["dropped"] + e["merged"] for e in sandbox.events()], [0, 0])
    status, v = serve.verdict(SALE % ("l", "l"), "o")
    equal("now both are known", (v["verdict"], v["code"]), ("duplicate", "D001"))
    equal("exit 0", serve.stop(), 0)


@part
def each_buyer_his_own():
    sandbox = Sandbox()
    f = all_kinds(sandbox.endpoint)
    f.write("offers/open.yaml", offer_text("open", '{from: "{param.pixel}", allow: [%s]}' % PIXEL2))
    serve = Serve(f)
    reg = "subid=%s&external_id=E.C.P.x&status=reg&buyer=%s"
    for click, buyer, wanted in (("c1", "anna", ("queued", "")), ("c2", "ben", ("queued", "")), ("c3", "BEN", ("queued", "")),
                                 ("c4", "carl", ("quarantined", "Q026")), ("c5", "", ("quarantined", "Q026")),
                                 ("c6", "%7Bsub_id_3%7D", ("quarantined", "Q026"))):
        status, v = serve.verdict(reg % (click, buyer), "casino-br")
        equal("buyer %r" % buyer, (status, v["verdict"], v.get("code", "")), (200,) + wanted)
    for pixel, wanted in ((PIXEL2, ("queued", "")), (PIXEL, ("quarantined", "Q027")), ("C9STRANGE", ("quarantined", "Q027"))):
        status, v = serve.verdict(SALE % ("d" + pixel, "d") + "&pixel=" + pixel, "open")
        equal("pixel %s" % pixel, (status, v["verdict"], v.get("code", "")), (200,) + wanted)
    has("the quarantine names the word", json.dumps(f.rows("SELECT reason FROM conversions WHERE code = 'Q026'")), "carl")
    wait_until("delivery", lambda: sandbox.stats()["unique"] == 6)
    equal("anna's, ben's and both of ben's", sorted((e["event_id"], e["event_source_id"]) for e in sandbox.events()),
          [("c1", PIXEL), ("c2", PIXEL), ("c2", PIXEL2), ("c3", PIXEL), ("c3", PIXEL2), ("dC9EXAMPLEPIXEL01", PIXEL2)])
    equal("exit 0", serve.stop(), 0)


@part
def pixels_that_are_not_there():
    f = Folder()
    for name, pixel, places in (
            ("in a list", "[%s, C9MISSING]" % PIXEL, ["4:27"]),
            ("in a table", '{table: {anna: C9MISSING, ben: [%s, C9ABSENT]}, by: "{param.b}", default: C9GONE}' % PIXEL, ["4:23", "4:58", "4:96"]),
            ("in an allow-list", '{from: "{param.p}", allow: [C9MISSING]}', ["4:8"])):
        if "allow" in pixel:
            pixel = '{from: "{param.p}", allow: [C9MISSING]}'
        f.write("offers/nutra-de.yaml", offer_text("nutra-de", pixel))
        r = run("check", cwd=f.path)
        equal("%s: exit 3" % name, r.code, 3)
        equal("%s: each at its place" % name, re.findall(r"offers/nutra-de.yaml:(\d+:\d+): error\[C006\]", r.err), places)
    f.write("offers/nutra-de.yaml", offer_text("nutra-de").replace("event: Lead,", "event: Lead, pixel: C9MISSING,"))
    r = run("check", cwd=f.path)
    equal("of one event: exit 3", r.code, 3)
    has("of one event: at its place", r.err, "offers/nutra-de.yaml:9:34: error[C006]: the pixel C9MISSING is not configured (tiktok.pixels)")
    f.write("offers/nutra-de.yaml", offer_text("nutra-de", "[%s]" % ", ".join("C%d" % i for i in range(20))))
    has("twenty pixels", run("check", cwd=f.path).err, "error[M051]: an event can go to 16 pixels at most; this list has 20")


# ---- test codes ----

@part
def test_codes_per_offer():
    port = free_port()
    f = Folder("http://127.0.0.1:%d%s" % (port, TRACK), offers=(), pixels={PIXEL: TOKENED})
    f.write("offers/real.yaml", offer_text("real"))
    f.write("offers/trial.yaml", offer_text("trial", PIXEL, "test_event_code: TEST777\n"))
    r = run("check", cwd=f.path)
    equal("check: a warning, and exit 0", (r.code, "1 warning" in r.out), (0, True))
    has("check: what it means", r.err, "offers/trial.yaml:21:18: warning[C011]: all events of trial are test events (TEST777), which TikTok does not count")
    serve = Serve(f)
    has("serve's log says so", serve.err(), "warning[C011]", "TEST777")
    for i in range(10):
        serve.fire(SALE % ("r%d" % i, "r%d" % i), "real")
        serve.fire(SALE % ("t%d" % i, "t%d" % i), "trial")
    sandbox = Sandbox(port=port)
    wait_until("delivery", lambda: sandbox.stats()["unique"] == 20, 40)
    codes, requests = {}, {}
    for e in sandbox.events():
        codes.setdefault(e["event_id"][0], set()).add(e["test_event_code"])
        requests.setdefault(e["request_id"], set()).add(e["test_event_code"])
    equal("one pixel, two offers", codes, {"r": {None}, "t": {"TEST777"}})
    equal("test events never share a request with real ones", [k for k, v in requests.items() if len(v) > 1], [])
    equal("exit 0", serve.stop(), 0)
    f.write("offers/trial.yaml", offer_text("trial", PIXEL, 'test_event_code: "{param.test_event_code}"\n'))
    r = run("check", cwd=f.path)
    equal("a template is refused: exit 3", r.code, 3)
    has("and why", r.err, "error[M053]: `test_event_code` can't be a template: whoever calls the postback URL could turn real events into test events")
    f.write("offers/trial.yaml", offer_text("trial"))
    f.config(f.endpoint, pixels={PIXEL: '{token: {file: ./keys/tiktok}, test_event_code: "TEST 1"}'})
    has("a wrong code of a pixel", run("check", cwd=f.path).err, 'clickbaton.yaml:10:71: error[M053]: "TEST 1" is not a test event code')


# ---- the event to optimise for is one line ----

STANDARD = ("AddPaymentInfo AddToCart AddToWishlist ApplicationApproval CompleteRegistration Contact CustomizeProduct Download "
            "FindLocation InitiateCheckout Lead Purchase Schedule Search StartTrial SubmitApplication Subscribe ViewContent").split()


@part
def one_line_switches_the_event():
    """In every example: another event on the stage's line, and the bodies differ in `event` alone."""
    f = Folder()
    flipped, files = 0, sorted(os.listdir(os.path.join(ROOT, "examples/offers")))
    for name in files:
        text = example(name[:-5])
        given = [json.loads(g) for g in re.findall(r'given: ("(?:[^"\\]|\\.)*")', text)]
        lines = f.write("lines.txt", "\n".join(given) + "\n")
        before = translate_all(os.path.join(ROOT, "examples/offers", name), lines)
        stages = {j["fields"]["stage"]["value"] for j in before if j["verdict"] == "queued"}
        true("%s: tests of queued events" % name, stages)
        for stage in sorted(stages):
            line = next(l for l in text.split("\n") if re.match(r"  %s: +(\{event: )?[A-Z]" % stage, l))
            old = re.search(r": +(?:\{event: )?([A-Za-z]+)", line).group(1)
            new = next(e for e in STANDARD if e != old and e not in text)
            changed = text.replace(line, line.replace(old, new, 1))
            equal("%s, %s: one line" % (name, stage), sum(a != b for a, b in zip(text.split("\n"), changed.split("\n"))), 1)
            after = translate_all(f.write("offers/flipped.yaml", changed), lines)
            for a, b in zip(before, after):
                if a["verdict"] != "queued" or a["fields"]["stage"]["value"] != stage:
                    equal("%s, %s: another stage's is as before" % (name, stage), b["bodies"], a["bodies"])
                    continue
                wanted = json.loads(json.dumps(a["bodies"]))
                for body in wanted:
                    equal("%s: the event was there" % name, body["data"][0]["event"], old)
                    body["data"][0]["event"] = new
                equal("%s, %s: %s to %s, nothing else" % (name, stage, old, new), b["bodies"], wanted)
                flipped += 1
    true("%d events of %d files were switched" % (flipped, len(files)), flipped > 25 and len(files) >= 11)


def translate_all(path, lines):
    with open(lines) as stdin:
        r = run("translate", path, "-", "--json", "--at", AT, stdin=stdin.read())
    return [json.loads(l) for l in r.out.splitlines()]


# ---- what `check`, `snippet` and `urls` say ----

@part
def advice():
    f = Folder()
    r = run("check", cwd=f.path)
    equal("check: notes are no warnings", (r.code, r.out), (0, "ok: 1 offer mapping, 0 tests passed\n"))
    equal("check: a sale and a rebill are one piece of advice", r.err.splitlines(), [
        "offers/nutra-de.yaml:%d:13: note[M050]: Purchase: TikTok recommends description, content_ids, which this offer does not send; "
        "Video Shopping Ads need content_type, content_ids, contents together" % n for n in (10,)])
    j = json.loads(run("check", "--json", cwd=f.path).out)
    equal("check --json: apart from the problems", (j["ok"], j["diagnostics"], [(d["level"], d["code"], d["line"]) for d in j["advice"]]),
          (True, [], [("note", "M050", 10)]))
    equal("translate does not repeat them", run("translate", "offers/nutra-de.yaml", "?" + SALE % ("a", "a"), "--at", AT, cwd=f.path).err, "")
    f.write("offers/bad.yaml", offer_text("bad", "C9-X"))
    hasnt("beside an error they would only be in the way", run("check", cwd=f.path).err, "M050")
    f = Folder(offers=["o%02d" % i for i in range(60)])
    f.write("offers/z.yaml", offer_text("z").replace("value_currency: USD", "value_currency: USDT"))
    has("many notes hide no error", run("check", cwd=f.path).err, "offers/z.yaml:7:17: error[M014]")


@part
def pages_and_their_pixel():
    f = Folder(pixels={p: "{token: {file: ./keys/tiktok}}" for p in (PIXEL, PIXEL2, "C9C", "C9D", "C9L")})
    table = "{table: {anna: %s, ben: [%s, C9C]}, by: \"{param.buyer}\", default: C9D}" % (PIXEL, PIXEL2)
    for pixel, words in (("[%s, %s]" % (PIXEL, PIXEL2), "the page must load the pixel that the server's events go to: %s and %s" % (PIXEL, PIXEL2)),
                         (table, "the page must load the pixel that the server's events go to: by {param.buyer}: anna %s, ben %s and C9C; else C9D" % (PIXEL, PIXEL2)),
                         ('"{param.pixel}"', "the page must load the pixel that the server's events go to: what {param.pixel} gives")):
        f.write("offers/nutra-de.yaml", offer_text("nutra-de", pixel))
        r = run("snippet", "offers/nutra-de.yaml", cwd=f.path)
        equal("snippet: which pixel", (r.code, r.err), (0, "snippet: warning: %s\n" % words))
        has("urls: the same", run("urls", "nutra-de.yaml", cwd=f.at("offers")).out, "- %s\n" % words)
        true("urls --json: the same", words in json.loads(run("urls", "nutra-de.yaml", "--json", cwd=f.at("offers")).out)["remarks"])
    f.write("offers/nutra-de.yaml", offer_text("nutra-de").replace("event: Lead,", "event: Lead, pixel: C9L,"))
    equal("snippet: one event's own", run("snippet", "offers/nutra-de.yaml", cwd=f.path).err,
          "snippet: warning: Lead of the stage lead has its own pixel: C9L\n")
    crm = os.path.join(ROOT, "examples/offers/crm-leads.yaml")
    r = run("snippet", crm)
    has("snippet: crm events belong to no page", r.err, "the offer sends crm events, which no page can fire and which carry no ttclid")
    r = run("urls", crm)
    has("urls: only the URL that the CRM calls", r.out, "\n1. Postback URL: ", "/postback/crm-leads?key=YOUR-KEY&lead_id=")
    hasnt("urls: no ad link, no page", r.out, "__CLICKID__", "lander.js", "origins")
    has("urls: a type's word as the mapping spells it", run("urls", os.path.join(ROOT, "examples/offers/saas-trial.yaml")).out, "&type=Trial&")
    r = run("snippet", crm, "--event", "Lead")
    equal("snippet --event: refused", (r.code, "the offer sends crm events, which no page can fire" in r.err), (2, True))


CHAIN = """version: 1
chain: direct
start: "https://offer.example/?aff_sub=__CLICKID__"
hops:
  - {name: offer, kind: lander}
conversion:
  network: "https://events.example/postback/shop-any?key=KEY&ttclid={aff_sub}&status=approved&payout=25.00&txid=7001&buyer=ben"
  postback: offers/shop-any.yaml
"""


@part
def a_live_chain_with_two_pixels():
    f = Folder(offers=())
    for pixel in ("[%s, %s]" % (PIXEL, PIXEL2), '{table: {anna: %s, ben: [C9C, %s]}, by: "{param.buyer}"}' % (PIXEL, PIXEL2)):
        f.write("offers/shop-any.yaml", re.sub("(?m)^pixel: .*$", lambda m: "pixel: " + pixel, example("shop-any")))
        r = run("simulate", f.write("chain.yaml", CHAIN), "--live", "--json", "--at", AT)
        live = json.loads(r.out)["live"]
        equal("both are delivered, as the model says: %s" % pixel, (r.code, live["delivered"], live["differences"]), (0, 2, []))


main()
