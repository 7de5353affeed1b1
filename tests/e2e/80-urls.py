#!/usr/bin/env python3
"""`clickbaton urls`: what it prints, pasted into a tracker whose macros are then filled by a table of
this test's own, comes back as the right event; and the trackers' pages show what it prints."""
import json
import os
import re
import urllib.parse

from harness import ROOT, Folder, equal, has, hasnt, main, part, run, true

NOW = 1790000000
TTCLID = "E.C.P.CtsBJpAaoVfUlxm3vbwyEgR2Mi4-" + "aB3_xY9-" * 33 + "v2.0"
BROWSER = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15"

# What each tracker's documentation says of its macros, typed from there and not from the program's
# tables: (macro, what it gives).
COMMON = {"ttclid": TTCLID, "payout": "12.50", "currency": "EUR", "txid": "T-77",
          "click_time": str(NOW - 7200), "ip": "8.8.4.4", "ua": BROWSER}
TRACKERS = {
    "keitaro": dict(
        id="o2q6e42hs08jq", id_shape=r"[0-9a-z]{13}",
        macros={"{subid}": "id", "{external_id}": "ttclid", "{status}": "status",
                "{revenue}": "payout", "{currency}": "currency", "{tid}": "txid",
                "{date:U}": "click_time", "{ip}": "ip", "{user_agent}": "ua"},
        own=r"\{sub_id_([1-9]|1[0-5])\}",
        words={"lead": "lead", "sale": "sale", "rejected": "rejected", "rebill": "rebill"}),
    "bemob": dict(
        id="AMDT2idsBZnMWZjKDBbemx", id_shape=r"[0-9A-Za-z]{22}",
        macros={"{clickId}": "id", "{externalId}": "ttclid", "{payout}": "payout",
                "{status}": "status"},
        own=None,
        words={"new": "lead", "confirm": "sale", "decline": "rejected", "charge": "chargeback"}),
    "binom": dict(
        id="81e60haa86o0b7", id_shape=r"[0-9a-z]{14}",
        macros={"{clickid}": "id", "{externalid}": "ttclid", "{payout}": "payout",
                "{cnv_currency}": "currency", "{cnv_status}": "status", "{cnv_status2}": "nothing",
                "{ip}": "ip"},
        own=r"\{t([1-9]|[12][0-9]|30)\}",
        words={"lead": "lead", "sale": "sale", "reject": "rejected"}),
    "redtrack": dict(
        id="69870d56e7319caefb38eaee", id_shape=r"[0-9a-f]{24}",
        macros={"{clickid}": "id", "{ref_id}": "ttclid", "{offer_payout}": "payout"},
        own=r"\{sub([1-9]|1[0-9]|20)\}", words=None),
    "voluum": dict(
        id="c384EFV6JHQODRN70575OK6UG5", id_shape=r"c[0-9A-Z]{25}",
        macros={"{click.id}": "id", "{externalid}": "ttclid", "{payout}": "payout", "{ip}": "ip",
                "{useragent}": "ua"},
        own=r"\{var([1-9]|10)\}", words=None),
    "generic": dict(
        id="abcdefgh01234567", id_shape=r"[0-9a-z]{16}",
        macros={"{click_id}": "id", "{ttclid}": "ttclid", "{status}": "status",
                "{payout}": "payout", "{currency}": "currency", "{txid}": "txid"},
        own=None, words={"lead": "lead", "approved": "sale", "trash": "rejected"}),
}
TIKTOK = {"__CLICKID__", "__CAMPAIGN_ID__", "__AID__", "__CID__"}

EVERYTHING = """version: 1
offer: everything
extends: %s
pixel: C9EXAMPLEPIXEL00
page_url: https://lander.example/x
value_currency: USD
payout_currency: EUR
events:
  lead:       {event: Lead, value: {tiers: {raw: 10, verified: 30}, by: "{param.quality}", default: raw}}
  sale:       {event: Purchase, value: payout}
  rebill:     {event: Subscribe, value: payout, repeatable: true}
  rejected:   ignore
  chargeback: ignore
user:
  external_id: "{click_id}"
  email: "{param.email}"
"""


def page_offers():
    """The example offer of each tracker's page."""
    for name in TRACKERS:
        text = open(os.path.join(ROOT, "docs/trackers/%s.md" % name)).read()
        block = re.search(r"^    version: 1\n    offer:.*\n(?:(?:    .*)?\n)*", text, re.M).group(0)
        yield name, text, re.sub(r"^    ", "", block, flags=re.M)


def kit(path, *options):
    r = run("urls", path, "--json", *options)
    if r.code != 0:
        raise RuntimeError(repr(r))
    return json.loads(r.out)


def pairs_of(url):
    """The query's pairs, split as a tracker does before it fills anything."""
    return [tuple(p.split("=", 1)) for p in url.split("?", 1)[1].split("&")]


def fill(tracker, url, status, own="", leave=()):
    """The URL as the tracker calls it: every macro it knows, filled and encoded."""
    values = dict(COMMON, id=tracker["id"], status=status, nothing="")

    def one(found):
        macro = found.group(0)
        if macro in leave:
            return macro
        if macro in tracker["macros"]:
            return urllib.parse.quote(values[tracker["macros"][macro]], safe="")
        if tracker["own"] and re.fullmatch(tracker["own"], macro):
            return own
        raise KeyError("%s is no macro of the tracker's" % macro)
    return re.sub(r"\{[^{}]*\}", one, url)


def translate(path, url):
    r = run("translate", path, url, "--json", "--at", NOW)
    return json.loads(r.out)


def currency_of(tracker, offer_text):
    """What the payout is in: the macro's, else what the offer says."""
    if "currency" in tracker["macros"].values():
        return COMMON["currency"]
    said = re.search(r"payout_currency: (\w+)", offer_text) or re.search(r"value_currency: (\w+)", offer_text)
    return said.group(1)


def check_event(name, tracker, offer_text, url, stage, answer):
    f = answer["fields"]
    macros = {tracker["macros"].get(v) for _, v in pairs_of(url)}
    rule = re.search(r"^  %s: +(.*)" % stage, offer_text.split("\nevents:\n")[1], re.M)
    ignored = rule is None or rule.group(1).startswith("ignore")
    equal(name + ": verdict", (answer["verdict"], f["stage"]["value"]),
          ("ignored" if ignored else "queued", stage))
    equal(name + ": click id", f["click_id"]["value"], tracker["id"])
    equal(name + ": ttclid to the byte", f["ttclid"]["value"], TTCLID)
    equal(name + ": currency", f["currency"]["value"], currency_of(tracker, offer_text))
    if "txid" in macros:
        equal(name + ": txid", f["txid"]["value"], COMMON["txid"])
    if ignored:
        return
    event = answer["bodies"][0]["data"][0]
    equal(name + ": event", event["event"], re.search(r"event: (\w+)", rule.group(1)).group(1))
    equal(name + ": ttclid in the event", event["user"]["ttclid"], TTCLID)
    if "payout" in rule.group(1):
        equal(name + ": payout", f["payout"]["value"], COMMON["payout"])
        true(name + ": a value", event["properties"]["value"] > 0, event)
    if "ip" in macros:
        equal(name + ": the visitor's address", event["user"]["ip"], COMMON["ip"])
    if "ua" in macros:
        equal(name + ": the visitor's browser", event["user"]["user_agent"], BROWSER)
    if "click_time" in macros:
        equal(name + ": time of the click", f["click_time"]["value"], COMMON["click_time"])
        equal(name + ": which is not the conversion's", event["event_time"], NOW)


def cases(tracker, out):
    """(stage, status word, URL) for everything that the tracker may call."""
    for p in out["postbacks"]:
        if p["stage"]:
            yield p["stage"], "", p["url"]
        else:
            for word, stage in tracker["words"].items():
                yield stage, word, p["url"]


def check_all(title, tracker, path, text):
    out = kit(path)
    true(title + ": has postbacks", out["postbacks"], out)
    for stage, word, url in cases(tracker, out):
        name = "%s, %s" % (title, word or stage)
        if not word and "txid=REPLACE" in url:
            answer = translate(path, fill(tracker, url, word))
            equal(name + ": not edited, it is kept", (answer["verdict"], answer.get("code")),
                  ("quarantined", "Q010"))
            true(name + ": urls says so", any("Q010" in r for r in out["remarks"]), out["remarks"])
            url = url.replace("txid=REPLACE", "txid=T-77")
        elif "txid=REPLACE" in url:
            url = url.replace("txid=REPLACE", "txid=T-77")
        answer = translate(path, fill(tracker, url, word))
        check_event(name, tracker, text, url, stage, answer)
        hasnt(name + ": no warning about a macro", " ".join(
            w for w in answer["warnings"] if "REPLACE" not in w), "W020", "W040", "W041", "W042")


@part
def pages():
    folder = Folder()
    for name, _, text in page_offers():
        path = folder.write("page-%s.yaml" % name, text)
        check_all("page of " + name, TRACKERS[name], path, text)


@part
def everything():
    folder = Folder()
    for name, tracker in TRACKERS.items():
        text = EVERYTHING % name
        check_all("everything, " + name, tracker,
                  folder.write("%s.yaml" % name, text), text)


@part
def shapes():
    for name, t in TRACKERS.items():
        true("the test's click id of " + name, re.fullmatch(t["id_shape"], t["id"]), t["id"])


@part
def ad_links():
    folder = Folder()
    for name, t in TRACKERS.items():
        out = kit(folder.write("%s.yaml" % name, EVERYTHING % name), "--tracker-host", "trk.example")
        link = out["ad_link"]
        macros = [v for _, v in pairs_of(link) if "_" in v]
        true(name + ": the ad's link has TikTok's macros, two underscores on each side",
             macros and all(m in TIKTOK for m in macros), link)
        equal(name + ": __CLICKID__ once", link.count("__CLICKID__"), 1)
        true(name + ": the tracker's host", link.startswith("https://trk.example/"), link)
        source = [k for k, v in pairs_of(link) if v == "__CLICKID__"][0]
        true(name + ": the source's settings name that parameter",
             any(source in line and "__CLICKID__" in line for line in out["source_setup"]), out)
        singles = [w for line in out["source_setup"] for w in re.findall(r"_*[A-Z]+_[A-Z_]*", line)]
        true(name + ": TikTok's macros in the settings", set(singles) <= TIKTOK, singles)


@part
def landers():
    folder = Folder()
    for name, t in TRACKERS.items():
        path = folder.write("%s.yaml" % name, EVERYTHING % name)
        out = kit(path)
        true(name + ": the lander is the offer's page",
             out["lander"].startswith("https://lander.example/x?"), out["lander"])
        known = dict(t["macros"], **({"{clickid}": "id"} if name == "voluum" else {}))
        page = fill(dict(t, macros=known), out["lander"], "")
        # What the page was called with is a registration, and a postback with the click id alone
        # then has the ttclid.
        r = run("translate", path, "?%s=%s&status=sale&payout=5" % (pairs_of(page)[0][0], t["id"]),
                "--click", "?" + page.split("?", 1)[1], "--json", "--at", NOW)
        answer = json.loads(r.out)
        equal(name + ": a click registered from the lander's URL",
              (answer["verdict"], answer["fields"]["ttclid"]),
              ("queued", {"value": TTCLID, "from": "click", "name": "ttclid"}))
        click = out["click"]
        filled = re.sub(r"\{(\w+)\}", lambda m: urllib.parse.quote(
            {"click_id": t["id"], "ttclid": TTCLID, "event_id": "ev-1", "ip": COMMON["ip"],
             "user_agent": BROWSER, "page_url": "https://lander.example/x?a=b"}[m.group(1)], safe=""),
            click)
        r = run("translate", path, "?%s=%s&status=sale&payout=5" % (pairs_of(page)[0][0], t["id"]),
                "--click", filled, "--json", "--at", NOW)
        event = json.loads(r.out)["bodies"][0]["data"][0]
        equal(name + ": a click that a server registers",
              (event["event_id"], event["user"]["ttclid"], event["user"]["ip"],
               event["user"]["user_agent"], event["page"]["url"]),
              ("ev-1", TTCLID, COMMON["ip"], BROWSER, "https://lander.example/x?a=b"))


@part
def macros_left_as_they_stand():
    """A macro that the tracker does not know comes literally: a warning, never a wrong event."""
    folder = Folder()
    for name, t in TRACKERS.items():
        path = folder.write("%s.yaml" % name, EVERYTHING % name)
        sale = [p["url"] for p in kit(path)["postbacks"] if p["stage"] in (None, "sale")][0]
        word = next((w for w, s in (t["words"] or {}).items() if s == "sale"), "")
        for macro, meaning in t["macros"].items():
            if meaning == "nothing":
                continue
            answer = translate(path, fill(t, sale, word, leave=(macro,)))
            title = "%s leaves %s" % (name, macro)
            true(title + ": warned", any("W020" in w and macro in w for w in answer["warnings"]),
                 answer["warnings"])
            hasnt(title + ": it is in no event", json.dumps(answer["bodies"]), macro,
                  urllib.parse.quote(macro))
            if meaning == "ttclid":
                true(title + ": no ttclid in the event", not answer["bodies"] or "ttclid" not in
                     answer["bodies"][0]["data"][0]["user"], answer)
            if meaning == "payout":
                true(title + ": no value out of nothing", answer["verdict"] == "quarantined" or
                     "value" not in answer["bodies"][0]["data"][0].get("properties", {}), answer)


@part
def parameters_of_the_offer():
    folder = Folder()
    for name, t in TRACKERS.items():
        path = folder.write("%s.yaml" % name, EVERYTHING % name)
        out = kit(path)
        for p in out["postbacks"]:
            got = dict(pairs_of(p["url"]))
            for param in ("quality", "email"):
                value = got.get(param, "")
                true("%s, %s: a macro or REPLACE" % (name, param),
                     re.fullmatch(t["own"], value) if t["own"] else value == "REPLACE", p["url"])
                true("%s, %s: said in words" % (name, param),
                     any(r.startswith(param + ":") and value in r for r in out["remarks"]), out)
            true(name + ": no macro twice", len({v for v in got.values() if v[0] == "{"}) ==
                 len([v for v in got.values() if v[0] == "{"]), got)
        for stage, word, url in cases(t, out):
            if stage != "lead":
                continue
            url = url.replace("quality=REPLACE", "quality=verified")
            given = re.sub(r"quality=\{[^}]*\}", "quality=verified", url)
            event = translate(path, fill(t, given, word))["bodies"][0]["data"][0]
            equal(name + ": the quality decides the value", event["properties"]["value"], 30)
    text = EVERYTHING % "voluum"
    many = text.replace('  email: "{param.email}"\n', "") + "properties:\n  description: \"" + \
        " ".join("{param.p%d}" % i for i in range(12)) + "\"\n"
    url = kit(folder.write("many.yaml", many))["postbacks"][0]["url"]
    has("more parameters than macros: the rest is left to the user", url, "p6={var10}", "p7=REPLACE")


@part
def own_trackers_and_names():
    folder = Folder()
    folder.write("mine.yaml", "version: 1\ntracker: mine\nextends: generic\nfields:\n"
                 "  click_id: [my_click]\n  ttclid: [tt]\n")
    path = folder.write("own.yaml", EVERYTHING % "mine.yaml")
    out = kit(path)
    equal("a tracker of one's own", out["tracker"], "mine")
    has("gets generic's URL by its own names", out["postbacks"][0]["url"], "my_click={click_id}",
        "tt={ttclid}", "status={status}")
    has("also at the lander", out["lander"], "my_click={click_id}&tt={ttclid}")
    answer = translate(path, fill(TRACKERS["generic"], out["postbacks"][0]["url"], "sale"))
    equal("and they arrive", (answer["verdict"], answer["fields"]["ttclid"]["value"]),
          ("queued", TTCLID))
    # A tracker mapping without an adapter and without anything to extend.
    folder.write("bare.yaml", "version: 1\ntracker: bare\nfields:\n  click_id: [c]\n"
                 "  status: [s]\nstages:\n  sale: [won]\n")
    bare = folder.write("bare-offer.yaml", "version: 1\noffer: bare\nextends: bare.yaml\n"
                        "pixel: C9EXAMPLEPIXEL00\nevents:\n  sale: Purchase\n")
    out = kit(bare)
    equal("only what the mapping reads", out["postbacks"][0]["url"],
          "https://YOUR-HOST/postback/bare?key=YOUR-KEY&c={click_id}&s={status}")
    has("no page_url: the lander's place is marked", out["lander"], "https://YOUR-LANDER/?c={click_id}")
    # Words that the offer moved or added.
    text = (EVERYTHING % "voluum").replace("events:\n", "stages:\n  lead: [sale, install]\n  trial: [tri]\n"
                                           "  empty: []\nevents:\n  trial: StartTrial\n  empty: ignore\n")
    path = folder.write("words.yaml", text)
    out = kit(path)
    ets = {p["stage"]: dict(pairs_of(p["url"]))["et"] for p in out["postbacks"]}
    true("a word that leads elsewhere is not used", ets["sale"] != "sale", ets)
    equal("a stage of one's own", ets["trial"], "tri")
    true("a stage without a word", "empty" not in ets and any(r.startswith("empty: no URL") for r in out["remarks"]), out)
    for stage, url in ((p["stage"], p["url"]) for p in out["postbacks"]):
        answer = translate(path, fill(TRACKERS["voluum"], url.replace("REPLACE", "1"), ""))
        equal("words, %s" % stage, answer["fields"]["stage"]["value"], stage)


@part
def text_and_json():
    folder = Folder()
    for name in TRACKERS:
        path = folder.write("%s.yaml" % name, EVERYTHING % name)
        out, r = kit(path, "--host", "pb.example"), run("urls", path, "--host", "https://pb.example/")
        equal(name + ": exit 0, nothing on stderr", (r.code, r.err), (0, ""))
        urls = [out["ad_link"], out["lander"], out["click"]] + [p["url"] for p in out["postbacks"]]
        equal(name + ": each URL alone on its line, the same as JSON's",
              sorted(l for l in r.out.split("\n") if l.startswith("http")), sorted(urls))
        for line in out["remarks"] + out["undocumented"] + out["source_setup"]:
            has(name + ": in words", r.out, "- " + line + "\n")
        equal(name + ": the landing line, as snippet prints it", out["landing"] + "\n",
              run("snippet", path, "--host", "https://pb.example").out)
        true(name + ": alone on its line", out["landing"] in r.out.split("\n"), out["landing"])
        has(name + ": it knows the lander's click id", out["landing"],
            'data-click-id="%s ' % pairs_of(out["lander"])[0][0])
        true(name + ": what the pages need is said", any("origins:" in x for x in out["remarks"]), out["remarks"])
        true(name + ": something is not documented", out["undocumented"], out)
        for u in urls:
            hasnt(name + ": a URL has no blank", u, " ")
        equal(name + ": the keys of the object", list(out),
              ["offer", "tracker", "ad_link", "source_setup", "lander", "postback_place", "postbacks",
               "remarks", "click", "landing", "undocumented"])
    odd = (EVERYTHING % "keitaro").replace("{param.email}", '{param.e\\em\\x7f\\x9f}')
    r = run("urls", folder.write("odd.yaml", odd))
    equal("an offer with odd names: exit 0", r.code, 0)
    has("its names: shown without control bytes", r.out, "- e?m??: the offer reads it")
    hasnt("not a control byte", r.out + r.err, "\x1b", "\x7f", "\x9f")
    has("no rule, no URL", run("urls", folder.write("v.yaml", (EVERYTHING % "voluum").replace(
        "  lead:  ", "  refund:"))).out, "- lead: no URL, since the offer has no rule for this stage")


@part
def mistakes():
    folder = Folder()
    r = run("urls", folder.write("bad.yaml", "version: 1\noffer: x\nextends: keitarro\n"))
    equal("a bad offer: exit 3", (r.code, r.out), (3, ""))
    has("its problems on stderr", r.err, "bad.yaml:3:", "built in are", "keitaro")
    r = run("urls", folder.at("nothing.yaml"))
    equal("no offer: exit 3", (r.code, r.out), (3, ""))
    good = folder.write("good.yaml", EVERYTHING % "keitaro")
    for words in (["urls"], ["urls", good, "x"], ["urls", good, "--host", "a b"], ["urls", good, "--host", ""],
                  ["urls", good, "--host", "a/b"], ["urls", good, "--hots", "x"],
                  ["urls", good, "--tracker-host", "x?y"]):
        r = run(*words)
        equal("%s: exit 2" % words[1:], (r.code, r.out), (2, ""))
    r = run("urls", "-c", folder.at("clickbaton.yaml"), good)
    hasnt("the key is never printed", r.out + r.err, "k3y-of-the-postbacks")
    has("its place is", r.out, "key=YOUR-KEY")


@part
def documentation():
    """The pages show what `urls` prints for their example offer."""
    folder = Folder()
    for name, page, text in page_offers():
        out = kit(folder.write("%s.yaml" % name, text))
        lines = [l.strip() for l in page.split("\n")]
        wanted = [out["ad_link"], out["lander"], out["click"]] + [p["url"] for p in out["postbacks"]]
        true("%s.md shows the landing line" % name, out["landing"] in lines, out["landing"])
        for url in wanted:
            true("%s.md shows %s" % (name, url[:70]), url in lines, url)
        # No other URL of ours than those: networks' own formats are marked by their macro.
        for line in lines:
            if re.match(r"https://(YOUR-HOST|YOUR-TRACKER|lander\.example)\S*[?]", line) and \
                    line not in wanted:
                true("%s.md: another URL is a network's or an older version's" % name,
                     "network's click id macro" in line or "click.php" in line, line)
        plain = " ".join(page.split())
        for line in out["undocumented"] + out["source_setup"]:
            has("%s.md says" % name, plain.replace("`", ""), line.replace("`", ""))


main()
