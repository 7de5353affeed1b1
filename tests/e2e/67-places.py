#!/usr/bin/env python3
"""Where mistakes are told: each of the seeded ones gives one diagnostic and no other, at its line and
column, with the caret under it and something to do; and many in one file are told in one run.  A row replaces one text of one file; the mark ¶ stands where the caret has to be."""
import datetime

from harness import *

TODAY = datetime.datetime.now(datetime.timezone.utc).date()

GOOD = {
    "clickbaton.yaml": """version: 1
listen: 127.0.0.1:8080
admin: 127.0.0.1:9090
data: ./data
offers: ./offers
mappings: ./mappings
key: {file: ./keys/postback}
tiktok:
  endpoint: https://business-api.tiktok.com/open_api/v1.3/event/track/
  pixels:
    C9EXAMPLEPIXEL00: {token: {file: ./keys/tiktok}, event_source: web}
retention: {clicks: 45d, ledger: 90d, ip: 30d}
limits: {url_bytes: 8192, parameters: 100}
""",
    "mappings/own.yaml": """version: 1
tracker: own
extends: generic
fields:
  click_id: [cid]
  status: [st]
  payout: [sum]
  currency: [cur]
  txid: [order]
  click_time: {from: [ts], as: unix, zone: "+02:00"}
stages:
  sale: [ok, paid]
  rejected: [bad]
  trial: [started]
default_stage: sale
decimal: point
""",
    "mappings/models.yaml": """version: 1
value_models:
  lead-quality:
    value: {tiers: {raw: 10, verified: 30}, by: "{param.quality}", default: raw}
    currency: USD
  by-country: {value: {table: {DE: 12.50, AT: 80%}, by: "{param.country}", default: payout}}
""",
    "mappings/rates.yaml": """version: 1
base: EUR
source: a bank
days:
  %s: {USD: 1.08, GBP: 0.85}
""" % TODAY,
    "offers/good.yaml": """version: 1
offer: good
extends: own
pixel: C9EXAMPLEPIXEL00
page_url: https://lander.example/nutra
origins: [https://lander.example]
value_currency: USD
payout_currency: EUR
without_rate: quarantine
rate_max_age: 30d
value_models: ../mappings/models.yaml
events:
  lead:     {event: Lead, value: {model: lead-quality}}
  sale:     {event: Purchase, value: payout, min: 1, max: 500}
  trial:    [{event: StartTrial, value: 5, currency: GBP}, Contact]
  rebill:   {event: Purchase, value: payout, repeatable: true}
  rejected: ignore
properties:
  content_type: product
  contents: [{content_id: good, quantity: 1, price: value}]
  order_id: "{txid|upper}"
user:
  email: "{param.email}"
  phone: {from: "{param.phone}", country: DE}
  external_id: "{click_id}"
consent: {from: "{param.consent}", granted: ["1", yes], otherwise: anonymize, keep: [ttclid]}
tests:
  - name: a sale
    given: "?cid=2t4ch5&ttclid=E.C.P.abc&st=ok&sum=12.50&cur=usd&order=9&consent=1"
    at: %s
    expect: {verdict: queued, event: Purchase, properties.value: 12.5}
""" % datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
    "chains/good.yaml": """version: 1
chain: good
start: "https://trk.example/nutra?external_id=__CLICKID__&ttclid=__CLICKID__"
hops:
  - {name: tracker, kind: tracker, tracker: keitaro, to: "https://lander.example/?subid={subid}&ttclid={external_id}"}
  - {name: lander, kind: lander, script: true, to: "https://trk.example/?_lp=1&subid={subid}"}
  - {name: offer, kind: redirect, status: 302, drop: [ttclid], to: "https://offer.example/o?sub1={subid}"}
expect: {verdict: kept}
""",
}
CONFIG, TRACKER, MODELS, RATES, OFFER, CHAIN = GOOD
ERROR, WARNING = "error", "warning"


def folder_with(files):
    folder = Folder(offers=())
    for name, text in files.items():
        folder.write(name, text)
    return folder


def check(folder, name):
    more = ["-c", CONFIG, CHAIN] if name == CHAIN else []
    return run("check", *more, cwd=folder.path, seconds=60)


def seeded(name, old, new, where):
    """The file with its mistake, and line and column of the mark."""
    text = GOOD[name]
    if old:
        assert text.count(old) == 1, "%r stands %d times in %s" % (old, text.count(old), name)
    text = text.replace(old, new) if old else text + new
    if where:
        bare = where.replace("¶", "")
        assert text.count(bare) == 1, "%r stands %d times in %s" % (bare, text.count(bare), name)
        text = text.replace(bare, where)
    before, after = text.split("¶")
    line = before.count("\n") + 1
    column = len(before[before.rfind("\n") + 1:].encode()) + 1
    return before + after, line, column


BLOCK = re.compile(r"^(\S+?):(\d+):(\d+): (error|warning|note)\[([A-Z]\d{3})\]: (.*)\n((?: .*\n)*)", re.M)


def mistake(what, name, old, new, code, text, hint, level=ERROR, where=None, also=()):
    """also: codes of what follows from the mistake."""
    bad_text, line, column = seeded(name, old, new, where)
    folder = folder_with({**GOOD, name: bad_text})
    r = check(folder, name)
    blocks = [b for b in BLOCK.findall(r.err) if b[3] != "note" or b[4] == code]  # no advice
    folder.remove()
    said = [(f, int(n), int(c), l, k) for f, n, c, l, k, _, _ in blocks]
    place = os.path.relpath(said[0][0]) if said else ""
    if not equal(what + ": what is said", [(place,) + said[0][1:]] + [s[4] for s in said[1:]] if said else r.err,
                 [(name, line, column, level, code)] + list(also)):
        say("    " + r.err.replace("\n", "\n    "))
        return
    rest = blocks[0][6].split("\n")
    shown = bad_text.split("\n")[line - 1].replace("\u2028", "?")
    shown = re.sub(r"\b[0-9a-f]{32}\b", "*" * 32, shown)  # secrets are masked
    caret = len(shown.encode()[:column - 1].decode())
    true(what + ": line and caret",
         rest[0] == "%5d | %s" % (line, shown) and rest[1].startswith("      | " + " " * caret + "^"), rest)
    has(what + ": why", blocks[0][5], text)
    has(what + ": what to do", "\n".join(rest[2:]), hint)
    equal(what + ": exit code", r.code, 3 if level == ERROR and code != "M019" else 1 if "M019" in (code,) + also else 0)


@part
def the_files_are_good():
    folder = folder_with(GOOD)
    r = check(folder, OFFER)
    equal("all files: nothing but advice", (r.code, set(re.findall(r"\w+\[(\w+)\]:", r.err))), (0, {"M050"}))
    has("all files: the sum", r.out, "ok: 1 offer mapping, 1 test passed\n")
    r = check(folder, CHAIN)
    equal("the chain", (r.code, r.err), (0, ""))


@part
def form_of_the_file():
    for row in (
            ("a tab", OFFER, "  sale:     {event", "¶\tsale:     {event", "Y009", "a tab", "use spaces"),
            ("a key twice", OFFER, "  order_id: ", "  order_id: \"{txid}\"\n  ¶order_id: ", "Y002", "\"order_id\"", "the first one is in line"),
            ("a key twice at the top", OFFER, "tests:\n", "¶pixel: C9OTHER\ntests:\n", "Y002", "\"pixel\"", "the first one is in line 4"),
            ("a quote is not closed", OFFER, 'email: "{param.email}"', 'email: "{param.email}', "Y001", "(it begins in line 23)", "after a closing quote", ERROR, '{from: "¶{param.phone}'),
            ("the last quote is not closed", OFFER, "    expect: ", "    click: ¶\"?cid=1\n    expect: ", "Y001", "a quoted text is not closed", "add the closing quote"),
            ("a brace is not closed", OFFER, "max: 500}", "max: 500", "Y001", "in a map in braces", "close the \"{\"", ERROR, "  trial¶:    ["),
            ("a bracket is not closed", OFFER, "contents: [{content_id: good, quantity: 1, price: value}]", "contents: [{content_id: good, quantity: 1, price: value}", "Y001", "in a list in brackets", "close the \"[\"", ERROR, "  ¶order_id:"),
            ("a colon without quotes", OFFER, "name: a sale", "name: a sale¶: kept", "Y001", "\": \" cannot stand here", "in quotes"),
            ("a line too far left", OFFER, "  phone: {", " ¶phone: {", "Y001", "fits neither the map nor the list", "in the same column"),
            ("an anchor", OFFER, "value_currency: USD", "value_currency: ¶&usd USD", "Y003", "anchors", "write the value out"),
            ("a template that begins with %", OFFER, "content_type: product", "content_type: ¶%p", "Y001", "cannot begin", "in quotes"),
            ("a tag", OFFER, "offer: good", "offer: ¶!!str good", "Y004", "tags", "leave it out"),
            ("a second document", OFFER, "version: 1\noffer: good", "version: 1\n¶---\noffer: good", "Y007", "a second document", "a file of its own"),
            ("a list for a key", OFFER, "properties:\n", "properties:\n  ? ¶[a]\n  : 1\n", "Y008", "a key is not plain text", "name: value"),
            ("an invisible line end", OFFER, "name: a sale", "name: a¶\u2028 sale", "Y010", "invisible", "plain UTF-8"),
            ("a brace is not closed in the configuration", CONFIG, "{clicks: 45d, ledger: 90d, ip: 30d}", "{clicks: 45d, ledger: 90d, ip: 30d", "Y001", "in a map in braces", "close the \"{\"", ERROR, "limits¶:")):
        mistake(*row)


@part
def keys_that_nobody_knows():
    for row in (
            ("an unknown key", OFFER, "events:\n", "¶evnets:\n", "M001", 'unknown key "evnets" in an offer mapping', 'did you mean "events"?'),
            ("an unknown key of an event", OFFER, "value: payout, min: 1", "¶valu: payout, min: 1", "M001", '"valu"', 'did you mean "value"?', ERROR, None, ("M022",)),
            ("an unknown key of a content", OFFER, "quantity: 1", "¶quantitiy: 1", "M012", "silently drop", 'did you mean "quantity"?'),
            ("an unknown property", OFFER, "content_type: product", "¶contenttype: product", "M012", '"contenttype"', 'did you mean "content_type"?'),
            ("value among the properties", OFFER, "content_type: product", "¶value: 5", "M012", '"value"', "come from the event's rule"),
            ("an unknown match key", OFFER, "email: \"", "¶e_mail: \"", "M013", '"e_mail"', 'did you mean "email"?'),
            ("ttclid among the match keys", OFFER, "email: \"", "¶ttclid: \"", "M013", '"ttclid"', "`fields:`"),
            ("an unknown key of a match key", OFFER, "country: DE}", "¶contry: DE}", "M001", '"contry"', 'did you mean "country"?'),
            ("an unknown key of consent", OFFER, "granted: [", "¶granted_words: [x], granted: [", "M001", '"granted_words"', "one of: from, granted, otherwise"),
            ("an unknown key of a test", OFFER, "    expect:", "    ¶clik: \"?a=1\"\n    expect:", "M001", '"clik"', 'did you mean "click"?'),
            ("an unknown field", TRACKER, "  status:", "  ¶statsu:", "M005", '"statsu"', 'did you mean "status"?'),
            ("an unknown key of a tracker mapping", TRACKER, "decimal:", "¶decimals:", "M001", '"decimals" in a tracker mapping', 'did you mean "decimal"?'),
            ("an offer's key in a tracker mapping", TRACKER, "decimal: point", "decimal: point\n¶pixel: C9X", "M001", '"pixel" in a tracker mapping', ""),
            ("an unknown key of a field", TRACKER, "as: unix", "¶form: unix", "M001", '"form"', "from"),
            ("an unknown key of the configuration", CONFIG, "admin:", "¶admn:", "M001", '"admn"', 'did you mean "admin"?'),
            ("an unknown key of a pixel", CONFIG, "event_source", "¶event_sorce", "M001", '"event_sorce"', 'did you mean "event_source"?'),
            ("an unknown key of retention", CONFIG, "ip: 30d", "¶ips: 30d", "M001", '"ips"', 'did you mean "ip"?'),
            ("an unknown limit", CONFIG, "url_bytes", "¶url_byte", "M001", '"url_byte"', 'did you mean "url_bytes"?'),
            ("an unknown key of a model", MODELS, "    currency: USD", "    ¶curency: USD", "M001", '"curency"', 'did you mean "currency"?'),
            ("an unknown key of rates", RATES, "source: a bank", "¶sorce: a bank", "M001", '"sorce"', 'did you mean "source"?'),
            ("an unknown key of a hop", CHAIN, "status: 302", "¶stats: 302", "M001", '"stats"', 'did you mean "status"?'),
            ("an unknown key of a chain", CHAIN, "hops:\n", "¶auto_ttclick: true\nhops:\n", "M001", '"auto_ttclick"', 'did you mean "auto_ttclid"?')):
        mistake(*row)


@part
def keys_that_are_missing():
    for row in (
            ("no version", OFFER, "version: 1\n", "¶", "M003", "`version:` is missing", "version: 1"),
            ("no pixel", OFFER, "pixel: C9EXAMPLEPIXEL00\n", "", "M003", "`pixel:` is missing", "Events Manager", ERROR, "¶version: 1"),
            ("no events", OFFER, GOOD[OFFER][GOOD[OFFER].index("events:"):GOOD[OFFER].index("properties:")], "", "M003", "`events:` is missing", "events: {sale:", ERROR, "¶version: 1"),
            ("an event without its name", OFFER, "{event: Purchase, value: payout, min", "¶{value: payout, min", "M003", "`event:` is missing", "{event: Purchase"),
            ("a test without a postback", OFFER, "    given: ", "    click: ", "M003", "`given:` is missing", "given: \"?", ERROR, "¶name: a sale"),
            ("consent without granted", OFFER, "granted: [\"1\", yes], ", "", "M003", "`granted:` is missing", "list the words", ERROR, "consent: ¶{from"),
            ("a tracker mapping without a name", TRACKER, "tracker: own\n", "", "M003", "`tracker:` is missing", "tracker: keitaro", ERROR, "¶version: 1"),
            ("a pixel without a token", CONFIG, "token: {file: ./keys/tiktok}, ", "", "M003", "`token:` is missing", "{token: {file:", ERROR, "PIXEL00: ¶{event_source"),
            ("no key", CONFIG, "key: {file: ./keys/postback}\n", "", "M003", "`key:` is missing", "openssl rand", ERROR, "¶version: 1"),
            ("rates without days", RATES, GOOD[RATES][GOOD[RATES].index("days:"):], "", "M003", "`days:` is missing", "write days:", ERROR, "¶version: 1"),
            ("a hop without a target", CHAIN, ', to: "https://trk.example/?_lp=1&subid={subid}"', "", "M003", "`to:` is missing", "where it sends", ERROR, "- ¶{name: lander"),
            ("a hop without a kind", CHAIN, "kind: redirect, status", "status", "M003", "`kind:` is missing", "kind: redirect", ERROR, "- ¶{name: offer"),
            ("a tracker hop without its tracker", CHAIN, "tracker: keitaro, ", "", "M003", "`tracker:` is missing", "tracker: keitaro", ERROR, "- ¶{name: tracker"),
            ):
        mistake(*row)


@part
def values_of_the_wrong_kind():
    for row in (
            ("a quote forgotten", OFFER, 'email: "{param.email}"', 'email: ¶{param.email}', "M002", "this is a map", 'put it in quotes: "{param.email}"'),
            ("a quote forgotten in a property", OFFER, '"{txid|upper}"', '¶{txid}', "M002", "this is a map", 'put it in quotes: "{txid}"'),
            ("a list where a map belongs", OFFER, "consent: {from", "consent: ¶[yes] #", "M002", "must be a map (key: value), but this is a list", ""),
            ("a text where a list belongs", OFFER, "contents: [{content_id: good, quantity: 1, price: value}]", "contents: ¶good", "M002", "must be a list [a, b], but this is text", ""),
            ("yes or no", OFFER, "repeatable: true", "repeatable: ¶sometimes", "M002", "true or false", ""),
            ("an amount with a comma", OFFER, "max: 500}", "max: ¶\"500,00\"}", "M009", "must be an amount", "12.50"),
            ("a negative amount", OFFER, "min: 1", "min: ¶-1", "M009", "must be an amount", "12.50"),
            ("a word for a value", OFFER, "value: payout, min", "value: ¶revenue, min", "M009", '"revenue"', "payout"),
            ("a word for a number", OFFER, "quantity: 1", "quantity: ¶one", "M009", "a whole number", "12.50"),
            ("a content type that TikTok does not know", OFFER, "content_type: product", "content_type: ¶item", "M024", '"item"', "one of: product"),
            ("an empty value", OFFER, "content_type: product", "content_type:¶", "M002", "this is empty", ""),
            ("a version of the future", OFFER, "version: 1", "version: ¶2", "M004", "not known", "version: 1"),
            ("an origin with a path", OFFER, "origins: [https://lander.example]", "origins: [¶https://lander.example/]", "M017", "not an origin", "without a slash"),
            ("a page without a scheme", OFFER, "page_url: https://lander", "page_url: ¶lander", "M017", "not a URL", "a whole URL"),
            ("a pixel that is none", OFFER, "pixel: C9EXAMPLEPIXEL00", "pixel: ¶C9-EXAMPLE", "M016", '"C9-EXAMPLE"', "letters and digits"),
            ("a country", OFFER, "country: DE", "country: ¶Germany", "M023", '"Germany"', "two letters"),
            ("a currency", OFFER, "value_currency: USD", "value_currency: ¶Dollar", "M014", '"Dollar"', "three letters"),
            ("a currency that TikTok does not take", OFFER, "value_currency: USD", "value_currency: ¶BTC", "M014", "does not take BTC", "take USD"),
            ("a word for consent", OFFER, "otherwise: anonymize", "otherwise: ¶anonymise", "M024", '"anonymise"', 'did you mean "anonymize"?'),
            ("a match key to keep", OFFER, "keep: [ttclid]", "keep: [¶ttcid]", "M038", '"ttcid"', 'did you mean "ttclid"?'),
            ("an age of rates", OFFER, "rate_max_age: 30d", "rate_max_age: ¶month", "M035", '"month"', "30d"),
            ("a time of a test", OFFER, "    at: ", "    at: ¶soon #", "M002", '"soon"', "Unix seconds"),
            ("a decimal mark", TRACKER, "decimal: point", "decimal: ¶dot", "M024", '"dot"', "one of: point, comma"),
            ("a form of a time", TRACKER, "as: unix", "as: ¶epoch", "M024", '"epoch"', "unix"),
            ("a time zone", TRACKER, 'zone: "+02:00"', "zone: ¶Berlin", "M002", '"Berlin"', "+02:00"),
            ("an address without a port", CONFIG, "listen: 127.0.0.1:8080", "listen: ¶127.0.0.1", "C004", "127.0.0.1", "127.0.0.1:8080"),
            ("plain http to elsewhere", CONFIG, "endpoint: https://business", "endpoint: ¶http://business", "C005", "http", ""),
            ("a duration", CONFIG, "ip: 30d", "ip: ¶30 days", "C007", '"30 days"', "45d"),
            ("a limit", CONFIG, "parameters: 100", "parameters: ¶100000", "M002", "from 1 to 1000", ""),
            ("a rate of 0", RATES, "GBP: 0.85", "GBP: ¶0", "C032", "can't be 0", ""),
            ("a rate with a comma", RATES, "GBP: 0.85", "GBP: ¶\"0,85\"", "M009", "a rate", "write it like 12.50"),
            ("a day that is none", RATES, str(TODAY), "¶28.05.2026", "C031", '"28.05.2026"', "2026-05-28"),
            ("a status of a hop", CHAIN, "status: 302", "status: ¶200", "M024", '"200"', "301"),
            ("a kind of hop", CHAIN, "kind: lander", "kind: ¶page", "M024", '"page"', "lander"),
            ("a tracker of a hop", CHAIN, "tracker: keitaro", "tracker: ¶keitarro", "M024", '"keitarro"', 'did you mean "keitaro"?'),
            ("a target that is none", CHAIN, 'to: "https://lander.example/?subid', 'to: ¶"https:///?subid', "M017", "the URL", "https://lander.example"),
            ):
        mistake(*row)


@part
def what_does_not_fit_together():
    for row in (
            ("an event in the wrong case", OFFER, "{event: Purchase, value: payout, min", "{event: ¶purchase, value: payout, min", "M008", "case-sensitive", "write Purchase"),
            ("an event that does not exist", OFFER, "{event: Purchase, value: payout, min", "{event: ¶Purchas, value: payout, min", "M008", "not a standard event", 'did you mean "Purchase"?', WARNING, None, ("M019",)),
            ("a name that can't be an event", OFFER, "{event: Purchase, value: payout, min", "{event: ¶1st sale, value: payout, min", "M008", "can't be the name", ""),
            ("an old name", OFFER, "{event: Purchase, value: payout, min", "{event: ¶CompletePayment, value: payout, min", "M020", "old name", "the name that TikTok uses now", "note"),
            ("ignore in a list", OFFER, ", Contact]", ", ¶ignore]", "M008", '"ignore"', "alone"),
            ("an event twice", OFFER, ", Contact]", ", ¶StartTrial]", "M021", "sends StartTrial already", "another event"),
            ("a stage that no mapping has", OFFER, "  trial:    [", "  ¶trail:    [", "M007", '"trail"', 'did you mean "trial"?'),
            ("a stage in the wrong case", OFFER, "  trial:    [", "  ¶Trial:    [", "M007", '"Trial"', "trial"),
            ("no stage", OFFER, "  rejected: ignore", "  rejected: ¶[]", "M002", "needs an event", "`ignore`"),
            ("min above max", OFFER, "min: 1, max", "min: ¶1000, max", "M022", "larger than", ""),
            ("min without a value", OFFER, "value: payout, min: 1, max", "¶min: 1, max", "M022", "without a `value`", "value: payout"),
            ("0 percent", OFFER, "min: 1, max", "percent: ¶0, min: 1, max", "M022", "always be 0", "leave `value` out"),
            ("a currency beside a payout", OFFER, "min: 1, max", "¶currency: USD, min: 1, max", "M022", "belongs to a fixed value", "payout_currency"),
            ("a model that is not there", OFFER, "model: lead-quality", "model: ¶lead-qualiti", "M030", '"lead-qualiti"', 'did you mean "lead-quality"?'),
            ("a model's key said twice", OFFER, "{model: lead-quality}", "{model: lead-quality}, ¶currency: EUR", "M031", "already", "take it out"),
            ("a file of models that is not there", OFFER, "../mappings/models.yaml", "¶../mappings/modells.yaml", "M033", "can't be read", "modells.yaml"),
            ("a tier that is not there", MODELS, "default: raw", "default: ¶row", "M024", '"row"', "name one of the tiers"),
            ("a tier twice", MODELS, "verified: 30", "verified: 30, ¶Raw: 5", "M022", '"Raw"', "keep one"),
            ("tiers that nothing chooses", MODELS, ', by: "{param.quality}"', "", "M003", "`by:` is missing", "by: \"{param.quality}\"", ERROR, "value: ¶{tiers"),
            ("consent that keeps nothing", OFFER, "keep: [ttclid]", "keep: ¶[]", "M039", "is empty", "drop"),
            ("keep without anonymize", OFFER, "otherwise: anonymize, keep", "otherwise: drop, ¶keep", "M040", "changes nothing", "otherwise: anonymize", WARNING),
            ("a country for an e-mail", OFFER, 'email: "{param.email}"', 'email: {from: "{param.email}", ¶country: DE}', "M002", "`country` does not belong to email", "only phone"),
            ("a match key that is the same for all", OFFER, 'email: "{param.email}"', 'email: ¶me@example.com', "M006", "the same for every visitor", "{param.NAME}"),
            ("an unknown filter", OFFER, '"{txid|upper}"', '¶"{txid|uper}"', "M006", '"uper"', 'did you mean "upper"?', ERROR),
            ("an unknown field in a template", OFFER, '"{txid|upper}"', '¶"{tid}"', "M006", '"tid"', 'did you mean "txid"?'),
            ("a parameter without param.", OFFER, '"{param.email}"', '¶"{email}"', "M006", '"email"', "{param.email}"),
            ("a template that is not closed", OFFER, '"{txid|upper}"', '¶"{txid"', "M006", "is not closed", "close it with }"),
            ("a secret in a template", OFFER, '"{txid|upper}"', '¶"{param.key}"', "M006", "a secret", "another name"),
            ("a tracker mapping that is not there", OFFER, "extends: own", "extends: ¶owm", "M010", '"owm"', "looked in"),
            ("a circle", TRACKER, "extends: generic", "extends: ¶own", "M011", "in a circle", "must not extend itself"),
            ("a word for two stages", TRACKER, "rejected: [bad]", "rejected: [bad, ¶Paid]", "M015", "listed for sale already", "one stage only"),
            ("a default stage that is not there", TRACKER, "default_stage: sale", "default_stage: ¶sold", "M024", '"sold"', ""),
            ("a form for what is no time", TRACKER, "txid: [order]", "txid: {from: [order], ¶as: unix}", "M002", "`as` does not belong to txid", "only time and click_time"),
            ("a pixel that is not configured", OFFER, "pixel: C9EXAMPLEPIXEL00", "pixel: ¶C9EXAMPLEPIXEL01", "C006", "C9EXAMPLEPIXEL01", 'did you mean "C9EXAMPLEPIXEL00"?', ERROR, None, ("M019",)),
            ("a name that can't be in a URL", OFFER, "offer: good", "offer: ¶good offer", "M018", '"good offer"', "letters, digits"),
            ("repeatable without a transaction id", OFFER, "events:\n", "fields: {txid: []}\nevents:\n", "M066", "needs a transaction id", "fields: {txid: [txid]}", ERROR, "payout, ¶repeatable: true"),
            ("an offer that converts without a rate", OFFER, "currency: GBP}", "currency: CHF}", "C035", "CHF", "add CHF to rates.yaml", ERROR, "value: ¶5, currency: CHF"),
            ("a test that fails", OFFER, "properties.value: 12.5", "properties.value: ¶12.51", "M019", "1 of 3 expectations is not met", "- properties.value: 12.51\n  + properties.value: 12.5\n"),
            ("a test that expects nothing", OFFER, "    expect: {verdict: queued, event: Purchase, properties.value: 12.5}", "    expect: ¶{}", "M019", "expects nothing", "--update"),
            ("a hop's key of another kind", CHAIN, "script: true", "script: true, ¶double: true", "M002", "belongs to a meta refresh", ""),
            ("two hops of one name", CHAIN, "{name: offer", "¶{name: lander", "M002", "two hops", "a name of its own", WARNING),
            ("a secret in the configuration", CONFIG, "key: {file: ./keys/postback}", "¶key: 0123456789abcdef0123456789abcdef", "C003", "", "{file: ./keys/name}"),
            ("a secret's file that is not there", CONFIG, "./keys/postback", "¶./keys/postbak", "C001", "No such file", "relative to this file"),
            ):
        mistake(*row)


SMALL = """version: 1
offer: small
extends: own
pixel: C9EXAMPLEPIXEL00
page_url: https://lander.example/nutra
events:
  sale: {event: Purchase}
"""


def small(what, old, new, code, text, hint, level=ERROR):
    """A mistake in an offer that says no more than it must."""
    GOOD["offers/small.yaml"] = SMALL
    mistake(what, "offers/small.yaml", old, new, code, text, hint, level)
    del GOOD["offers/small.yaml"]


@part
def impossible_combinations():
    folder = folder_with({**GOOD, "offers/small.yaml": SMALL})
    r = check(folder, OFFER)
    equal("the small offer is good", (r.code, set(re.findall(r"\w+\[(\w+)\]:", r.err))), (0, {"M050"}))
    small("a value without a currency", "{event: Purchase}", "{event: Purchase, value: ¶12.50}",
          "M022", "a value without a currency", "value_currency: USD")
    small("a payout that may come without a currency", "{event: Purchase}", "{event: Purchase, value: ¶payout}",
          "M022", "a postback without a currency will be quarantined", "value_currency: USD", WARNING)
    small("a value in a currency that TikTok does not take", "{event: Purchase}", "{event: Purchase, value: ¶5, currency: BTC}",
          "M014", "TikTok does not take BTC", "value_currency: USD")
    small("two offers of one name", "offer: small", "offer: ¶good",
          "M018", 'the offer "good" is defined in offers/good.yaml already', "its own name")
    small("a misspelt extends", "extends: own", "¶extend: own", "M001", '"extend"', 'did you mean "extends"?')
    small("an offer that extends an offer", "extends: own", "extends: ¶./good.yaml", "M010", "an offer mapping", "a tracker mapping")
    small("rates that nothing needs", "events:\n", "¶without_rate: quarantine\nevents:\n",
          "M036", "nothing is converted", "value_currency: USD", WARNING)


@part
def places_without_a_line():
    for what, do, said in (
            ("no offers folder", lambda f: os.rename(f.at("offers"), f.at("offer")), ("offers: error[C001]: No such file", "put an offer mapping there")),
            ("a folder without offers", lambda f: os.rename(f.at(OFFER), f.at("offers/good.txt")), ("offers: error[C008]", "put an offer mapping there")),
            ("a key that all can read", lambda f: os.chmod(f.at("keys/postback"), 0o644), ("clickbaton.yaml:7:13: error[C002]", "chmod 600")),
            ("a key that can be guessed", lambda f: f.write("keys/postback", "short", 0o600), ("clickbaton.yaml:7:13: warning[C009]", "openssl rand -hex 16")),
            ("no configuration", lambda f: os.remove(f.at(CONFIG)), ("clickbaton.yaml: error[C001]: No such file", "check its path")),
            ("a folder in place of a file", lambda f: (os.remove(f.at(OFFER)), os.mkdir(f.at(OFFER))), ("offers/good.yaml: error[C001]: not a file", "check its path"))):
        folder = folder_with(GOOD)
        do(folder)
        r = check(folder, OFFER)
        equal(what + ": said once", len(re.findall(r"(error|warning)\[", r.err)), 1)
        has(what, r.err, *said)


@part
def secrets_in_files():
    """They are found, and not shown."""
    secret = "0123456789abcdef0123456789abcdef"
    for what, name, old, new, place in (
            ("an offer", OFFER, "tests:\n", "key: %s\ntests:\n" % secret, "offers/good.yaml:27:1"),
            ("the configuration", CONFIG, "{file: ./keys/postback}", secret, "clickbaton.yaml:7:1"),
            ("a pixel", CONFIG, "{file: ./keys/tiktok}", secret, "clickbaton.yaml:11:24")):
        folder = folder_with({**GOOD, name: GOOD[name].replace(old, new)})
        r = check(folder, name)
        has("a secret in %s: place and remedy" % what, r.err, place + ": error[C003]: ", "{file: ./keys/name}")
        hasnt("a secret in %s: not shown" % what, r.err, secret[:16])
        equal("a secret in %s: exit 3" % what, r.code, 3)


@part
def expired_rates():
    old = GOOD[RATES].replace(str(TODAY), "2025-01-02")
    folder = folder_with({**GOOD, RATES: old})
    r = check(folder, OFFER)
    equal("too old for the offer: places and codes", [(os.path.relpath(b[0]),) + b[1:5] for b in BLOCK.findall(r.err) if b[3] != "note"],
          [(OFFER, "14", "38", WARNING, "C035"), (OFFER, "15", "41", WARNING, "C035"), (RATES, "5", "3", WARNING, "C034")])
    has("too old for the offer", r.err, "days old, and rate_max_age forbids to use it\n", "  renew rates.yaml (docs/currency.md)\n",
        "  renew them: clickbaton rates import eurofxref-hist-90d.xml -o mappings/rates.yaml")
    folder = folder_with({**GOOD, RATES: old, OFFER: GOOD[OFFER].replace("rate_max_age: 30d\n", "")})
    r = check(folder, OFFER)
    equal("old: places and codes", [b[:5] for b in BLOCK.findall(r.err) if b[3] != "note"],
          [(OFFER, "13", "38", WARNING, "C034"), (OFFER, "14", "41", WARNING, "C034"), (RATES, "5", "3", WARNING, "C034")])


@part
def all_in_one_run():
    """Many mistakes of one file are all told at once, in the order of the file."""
    text, want = GOOD[OFFER], []
    for old, new, code in (
            ("C9EXAMPLEPIXEL00", "C9-EXAMPLE", "M016"),
            ("page_url: https://", "page_url: ", "M017"), ("example]\n", "example/]\n", "M017"),
            ("value_currency: USD", "value_currency: Dollar", "M014"),
            ("payout_currency: EUR", "payout_currency: Euro", "M014"),
            ("without_rate: quarantine", "without_rate: keep", "M024"), ("rate_max_age: 30d", "rate_max_age: 30", "M035"),
            ("{model: lead-quality}", "{model: lead}", "M030"), ("Purchase, value: payout, min", "purchase, value: payout, min", "M008"),
            ("Contact]", "StartTrial]", "M021"), ("repeatable: true", "repeatable: often", "M002"),
            ("content_type: product", "content_typ: product", "M012"), ("content_id: good", "contentid: good", "M012"), ("quantity: 1", "quantity: one", "M009"),
            ("{txid|upper}", "{txid|uper}", "M006"), ('"{param.email}"', "{param.email}", "M002"),
            ("country: DE", "country: D", "M023"), ("otherwise: anonymize", "otherwise: anonymise", "M024"),
            ("keep: [ttclid]", "keep: [ttcid]", "M038"), ("    given:", "    givn:", "M001")):
        assert text.count(old) == 1, old
        text = text.replace(old, new)
        want.append(code)
    folder = folder_with({**GOOD, OFFER: text})
    r = check(folder, OFFER)
    got = [(int(n), code) for n, code in re.findall(r"^\S+good.yaml:(\d+):\d+: error\[(\w+)\]", r.err, re.M)]
    equal("twenty mistakes, twenty errors", [code for _, code in got if code != "M003"], want)
    equal("in the order of the file", got, sorted(got, key=lambda g: g[0]))
    has("with their number", r.err, "check: %d errors" % len(got))


main()
