"""Seeded mistakes: a good folder passes check without a word, and every single slip in it is told with
its code, its place and a remedy.  Then two letters of each key of the example offers are swapped, at
random: each time check must ask whether the right key was meant.  SEED repeats a run."""
import concurrent.futures
import random

from harness import *

SEED = int(os.environ.get("SEED", "1"))
TODAY = time.strftime("%Y-%m-%d", time.gmtime())
BASE = {
    "clickbaton.yaml": """\
version: 1
listen: 127.0.0.1:0
admin: 127.0.0.1:0
data: ./data
offers: ./offers
mappings: ./mappings
key: {file: ./keys/postback}
tiktok:
  endpoint: http://127.0.0.1:9/open_api/v1.3/event/track/
  pixels:
    C9EXAMPLEPIXEL00: {token: {file: ./keys/tiktok}}
    C9EXAMPLEPIXEL01: {token: {file: ./keys/tiktok}}
retention: {clicks: 45d, ledger: 90d, ip: 30d}
limits: {url_bytes: 16384, body_bytes: 65536}
""",
    "mappings/mine.yaml": """\
version: 1
tracker: mine
fields:
  click_id: [cid, clickid]
  ttclid: [ttclid]
  status: [status]
  payout: [payout, sum]
  currency: [currency]
  cost: [cost]
  txid: [txid]
  consent: [consent]
  country: [country]
  click_time: {from: [click_ts], as: unix, zone: "+02:00"}
stages:
  lead: [lead, pending]
  sale: [sale, approved, paid]
  rebill: [rebill]
  rejected: [trash]
default_stage: sale
decimal: point
""",
    "mappings/rates.yaml": """\
version: 1
base: EUR
source: European Central Bank
days:
  %s: {USD: 1.25, GBP: 0.80}
also:
  - source: State Bank of Vietnam
    base: USD
    days:
      %s: {VND: 25400}
""" % (TODAY, TODAY),
    "offers/nutra.yaml": """\
version: 1
offer: nutra
extends: mine
pixel: C9EXAMPLEPIXEL00
page_url: https://lander.example/nutra
origins: [https://lander.example]
value_currency: USD
payout_currency: EUR
without_rate: quarantine
rate_max_age: 30d
value_models:
  net: {value: payout, percent: 80, minus: "{cost|default:0.50}"}
events:
  lead:     {event: Lead, value: {tiers: {raw: 10, good: 30}, by: "{param.quality}", default: raw}}
  sale:     {event: Purchase, value: {model: net}, min: 0.01, max: 500}
  rebill:   {event: Subscribe, value: {table: {DE: 12.50, AT: 80%}, by: "{country}", default: 5}, repeatable: true}
  rejected: ignore
properties:
  content_type: product
  contents: [{content_id: nutra, quantity: 1, price: value}]
  order_id: "{txid}"
  description: "{param.title|trim|default:none}"
user:
  email: "{param.email}"
  phone: {from: "{param.phone}", country: DE}
  external_id: "{click_id}"
consent: {from: "{consent}", granted: ["1", yes], otherwise: anonymize, missing: granted, keep: [ttclid]}
tests:
  - name: a sale
    given: "?cid=1&ttclid=E.C.P.abc&status=sale&payout=10&currency=usd&title=x&cost=1"
    expect: {verdict: queued, event: Purchase, properties.value: 7, user.ttclid: E.C.P.abc}
""",
    "offers/second.yaml": """\
version: 1
offer: second
extends: mine
pixel: C9EXAMPLEPIXEL01
page_url: https://lander.example/second
value_currency: USD
events:
  sale: {event: Purchase, value: payout}
properties: {content_type: product, contents: [{content_id: second, quantity: 1, price: value}]}
""",
    "chains/nutra.yaml": """\
version: 1
chain: nutra
start: "https://trk.example/nutra?external_id=__CLICKID__&ttclid=__CLICKID__"
hops:
  - {name: tracker, kind: tracker, tracker: keitaro, to: "https://lander.example/nutra?subid={subid}&ttclid={external_id}"}
  - {name: lander, kind: lander, script: true, to: "https://offer.example/o?sub1={subid}"}
conversion:
  network: "https://trk.example/KEY/postback?subid={sub1}&status=sale&payout=12.5&currency=usd"
  postback: offer.yaml
expect: {verdict: kept}
""",
    "chains/offer.yaml": """\
version: 1
offer: chained
extends: keitaro
pixel: C9EXAMPLEPIXEL00
page_url: https://lander.example/nutra
origins: [https://lander.example]
value_currency: USD
events: {sale: {event: Purchase, value: payout}}
properties: {content_type: product, contents: [{content_id: nutra, quantity: 1, price: value}]}
""",
}
CONFIG, TRACKER, RATES, OFFER, SECOND, CHAIN = (
    "clickbaton.yaml", "mappings/mine.yaml", "mappings/rates.yaml", "offers/nutra.yaml", "offers/second.yaml",
    "chains/nutra.yaml")

# What, in which file, what is replaced by what; the code, the text at which the caret must stand (its first
# place in the changed file; None: the file as a whole), and words of the remedy.
MISTAKES = [
    ("an unknown key of an offer", OFFER, "page_url:", "page_ulr:", "M001", "page_ulr", 'did you mean "page_url"?'),
    ("an unknown key of an event", OFFER, "min: 0.01", "mim: 0.01", "M001", "mim", 'did you mean "min"?'),
    ("an unknown key beside tiers", OFFER, ", default: raw", ", defualt: raw", "M001", "defualt", 'did you mean "default"?'),
    ("an unknown key of a match key", OFFER, "country: DE", "contry: DE", "M001", "contry", 'did you mean "country"?'),
    ("an unknown key of consent", OFFER, "missing: g", "mising: g", "M001", "mising", 'did you mean "missing"?'),
    ("an unknown key of a model", OFFER, "percent: 80", "precent: 80", "M001", "precent", 'did you mean "percent"?'),
    ("an unknown key of a test", OFFER, "- name:", "- nmae:", "M001", "nmae", 'did you mean "name"?'),
    ("an unknown path of an expectation", OFFER, "user.ttclid", "user.ttcild", "M001", "user.ttcild", 'did you mean "user.ttclid"?'),
    ("an unknown key of a tracker mapping", TRACKER, "default_stage", "defaultstage", "M001", "defaultstage", 'did you mean "default_stage"?'),
    ("an unknown key of a time", TRACKER, "zone:", "zoen:", "M001", "zoen", 'did you mean "zone"?'),
    ("an unknown key of the configuration", CONFIG, "retention:", "retenton:", "M001", "retenton", 'did you mean "retention"?'),
    ("an unknown key of tiktok", CONFIG, "endpoint:", "endpiont:", "M001", "endpiont", 'did you mean "endpoint"?'),
    ("an unknown key of a pixel", CONFIG, "C9EXAMPLEPIXEL01: {", "C9EXAMPLEPIXEL01: {test_event_cod: X, ", "M001", "test_event_cod", 'did you mean "test_event_code"?'),
    ("an unknown limit", CONFIG, "url_bytes", "url_byte", "M001", "url_byte", 'did you mean "url_bytes"?'),
    ("an unknown key of rates", RATES, "base: EUR", "bas: EUR", "M001", "bas:", 'did you mean "base"?'),
    ("an unknown key of a chain", CHAIN, "hops:", "hopps:", "M001", "hopps", 'did you mean "hops"?'),
    ("an unknown key of a hop", CHAIN, "script: true", "scirpt: true", "M001", "scirpt", 'did you mean "script"?'),
    ("a list where a word belongs", OFFER, "offer: nutra", "offer: [nutra]", "M002", "[nutra]", "without brackets"),
    ("a word where a map belongs", SECOND, "events:\n  sale: {event: Purchase, value: payout}", "events: Purchase", "M002", "Purchase", "{key: value}"),
    ("nothing where a text belongs", OFFER, "pixel: C9EXAMPLEPIXEL00", 'pixel: ""', "M002", '""', "write a value"),
    ("quotes forgotten around a template", OFFER, 'email: "{param.email}"', "email: {param.email}", "M002", "{param.email}", 'put it in quotes: "{param.email}"'),
    ("yes and no that are neither", OFFER, "repeatable: true", "repeatable: maybe", "M002", "maybe", "true or false"),
    ("a missing pixel", OFFER, "pixel: C9EXAMPLEPIXEL00\n", "", "M003", "version", "pixel"),
    ("a missing name of the event", OFFER, "{event: Purchase, value: {model: net}", "{value: {model: net}", "M003", "{value: {model: net}", "event: Purchase"),
    ("a table without by", OFFER, ', by: "{country}"', "", "M003", "{table:", 'by: "{param.country}"'),
    ("tiers without by", OFFER, ', by: "{param.quality}"', "", "M003", "{tiers:", 'by: "{param.quality}"'),
    ("consent without granted", OFFER, ' granted: ["1", yes],', "", "M003", '{from: "{consent}"', "granted:"),
    ("a test without a postback", OFFER, "    given: \"?cid=1&ttclid=E.C.P.abc&status=sale&payout=10&currency=usd&title=x&cost=1\"\n", "", "M003", "name: a sale", "given:"),
    ("a newer version", OFFER, "version: 1", "version: 2", "M004", "2", "version: 1"),
    ("an unknown field", TRACKER, "click_id:", "clik_id:", "M005", "clik_id", 'did you mean "click_id"?'),
    ("an unknown field in a template", OFFER, '"{txid}"', '"{txnid}"', "M006", '"{txnid}"', 'did you mean "txid"?'),
    ("an unknown filter", OFFER, "|trim|", "|trimm|", "M006", '"{param.title|trimm', 'did you mean "trim"?'),
    ("a default without its text", OFFER, "|default:none}", "|default}", "M006", '"{param.title', "|default:text"),
    ("an unclosed brace", OFFER, '"{param.email}"', '"{param.email"', "M006", '"{param.email"', "}"),
    ("a secret of the URL in a template", OFFER, '"{param.email}"', '"{param.key}"', "M006", '"{param.key}"', "secrets"),
    ("a stage that does not exist", OFFER, "  sale:     {event", "  sales:     {event", "M007", "sales", 'did you mean "sale"?'),
    ("a stage in capitals", OFFER, "  rejected: ignore", "  Rejected: ignore", "M007", "Rejected", "rejected"),
    ("a default stage that does not exist", TRACKER, "default_stage: sale", "default_stage: sael", "M024", "sael", 'did you mean "sale"?'),
    ("an event in small letters", OFFER, "event: Purchase", "event: purchase", "M008", "purchase", "Purchase"),
    ("an event that is almost one", SECOND, "event: Purchase", "event: Purchas", "warning[M008]", "Purchas", 'did you mean "Purchase"?'),
    ("an event that can't be one", SECOND, "event: Purchase", 'event: "1st sale!"', "M008", '"1st', "standard events"),
    ("an old event", SECOND, "event: Purchase", "event: PlaceAnOrder", "warning[M020]", "PlaceAnOrder", "custom"),
    ("a negative amount", OFFER, "min: 0.01", "min: -1", "M009", "-1", "12.50"),
    ("an amount with its currency", OFFER, "max: 500", "max: 500 USD", "M009", "500 USD", "12.50"),
    ("payout misspelt", SECOND, "value: payout", "value: payuot", "M009", "payuot", 'did you mean "payout"?'),
    ("a tracker mapping that is not there", SECOND, "extends: mine", "extends: mien", "M010", "mien", 'did you mean "mine"?'),
    ("a tracker mapping that extends itself", TRACKER, "tracker: mine", "tracker: mine\nextends: mine", "M011", "mine\nfields", "itself"),
    ("an unknown property", OFFER, "content_type: product", "content_typ: product", "M012", "content_typ", 'did you mean "content_type"?'),
    ("an unknown part of contents", OFFER, "quantity: 1", "quantiti: 1", "M012", "quantiti", 'did you mean "quantity"?'),
    ("the value among the properties", OFFER, '  order_id: "{txid}"', "  value: 5", "M012", "value: 5", "event's rule"),
    ("an unknown match key", OFFER, "  email:", "  emial:", "M013", "emial", 'did you mean "email"?'),
    ("a match key that is sent by itself", OFFER, "  email:", "  ttclid:", "M013", "ttclid: \"{param.email", "is sent by itself"),
    ("a currency that is none", OFFER, "value_currency: USD", "value_currency: EURO", "M014", "EURO", "three letters"),
    ("a currency that TikTok does not take", SECOND, "value_currency: USD", "value_currency: XOF", "M014", "XOF", "USD"),
    ("a word for two stages", TRACKER, "rejected: [trash]", "rejected: [trash, Paid]", "M015", "Paid", "one stage only"),
    ("a pixel's name instead of its code", OFFER, "pixel: C9EXAMPLEPIXEL00", "pixel: My Pixel", "M016", "My Pixel", "Events Manager"),
    ("an origin with a path", OFFER, "[https://lander.example]", "[https://lander.example/nutra]", "M017", "https://lander.example/nutra]", "without a slash"),
    ("a page without its scheme", OFFER, "page_url: https://", "page_url: ", "M017", "lander.example/nutra", "https://"),
    ("two offers of one name", SECOND, "offer: second", "offer: nutra", "M018", "nutra", "its own name"),
    ("a name with blanks", OFFER, "offer: nutra\n", "offer: nutra de\n", "M018", "nutra de", "letters"),
    ("a wrong expectation", OFFER, "properties.value: 7", "properties.value: 8", "M019", "8, user", "the verdict is queued"),
    ("a test that expects nothing", OFFER, "{verdict: queued, event: Purchase, properties.value: 7, user.ttclid: E.C.P.abc}", "{}", "M019", "{}", "--update"),
    ("one event twice at a stage", SECOND, "{event: Purchase, value: payout}", "[Purchase, {event: Purchase, value: payout}]", "M021", "{event: Purchase", "another event"),
    ("a fixed value without a currency", SECOND, "value_currency: USD\nevents:\n  sale: {event: Purchase, value: payout}", "events:\n  sale: {event: Purchase, value: 5}", "M022", "5}", "value_currency: USD"),
    ("a payout whose currency nobody knows", SECOND, "value_currency: USD\n", "", "warning[M022]", "payout}", "value_currency: USD"),
    ("min above max", OFFER, "min: 0.01, max: 500", "min: 500, max: 0.01", "M022", "500, max", "swap them"),
    ("0 percent", OFFER, "percent: 80", "percent: 0", "M022", "0, minus", "leave `value` out"),
    ("min without a value", SECOND, "value: payout", "min: 1", "M022", "min: 1", "value: payout"),
    ("a table without entries", OFFER, "{DE: 12.50, AT: 80%}", "{}", "M022", "{}", "table:"),
    ("an entry of a table twice", OFFER, "AT: 80%", "de: 80%", "M022", "de: 80%", "keep one"),
    ("a table that chooses by nothing", OFFER, '"{country}"', '"DE"', "M022", '"DE"', "by:"),
    ("tiers and a table at once", OFFER, "default: raw}", "default: raw, table: {DE: 5}}", "M022", "table: {DE: 5}", "keep one"),
    ("a country by its name", OFFER, "country: DE", "country: Germany", "M023", "Germany", "two letters"),
    ("a word of TikTok's that is none", OFFER, "content_type: product", "content_type: prodcut", "M024", "prodcut", 'did you mean "product"?'),
    ("a default that is no tier", OFFER, "default: raw", "default: rwa", "M024", "rwa", "tiers"),
    ("what to do without consent, misspelt", OFFER, "otherwise: anonymize", "otherwise: anonymise", "M024", "anonymise", 'did you mean "anonymize"?'),
    ("a value model that does not exist", OFFER, "{model: net}", "{model: nett}", "M030", "nett", 'did you mean "net"?'),
    ("a rule and its model say the same", OFFER, "{model: net}", "{model: net}, percent: 50", "M031", "percent: 50", "take it out"),
    ("a model that names a model", OFFER, "  net: {value: payout, percent: 80, minus: \"{cost|default:0.50}\"}", "  net: {value: payout}\n  two: {value: {model: net}}", "M032", "model: net", "write the value out"),
    ("a file of models that is not there", SECOND, "events:", "value_models: ../no.yaml\nevents:", "M033", "../no.yaml", ""),
    ("a lifetime of one month", SECOND, "value: payout", "value: payout, lifetime: {months: 1, keep: 85}", "M034", "1, keep", "lifetime"),
    ("an age of rates in hours", OFFER, "rate_max_age: 30d", "rate_max_age: 3h", "M035", "3h", "30d"),
    ("a match key to keep that is none", OFFER, "keep: [ttclid]", "keep: [ttclick]", "M038", "ttclick", 'did you mean "ttclid"?'),
    ("nothing is kept", OFFER, "keep: [ttclid]", "keep: []", "M039", "[]", "ttclid"),
    ("keep without anonymize", OFFER, "otherwise: anonymize", "otherwise: drop", "warning[M040]", "keep", "anonymize"),
    ("repeatable without a transaction id", TRACKER, "  txid: [txid]\n", "", "M066", "repeatable", "fields: {txid: [txid]}", OFFER),
    ("a pixel that is not configured", SECOND, "PIXEL01", "PIXEL0l", "C006", "C9EXAMPLEPIXEL0l", 'did you mean "C9EXAMPLEPIXEL0'),
    ("a key file that is not there", CONFIG, "./keys/postback", "./keys/postbcak", "C001", "./keys/postbcak", "relative to this file"),
    ("a secret that everybody can read", CONFIG, "./keys/postback", "./keys/open", "C002", "./keys/open", "chmod 600"),
    ("a secret in the configuration", CONFIG, "key: {file: ./keys/postback}", "key: s3cret-s3cret-s3cret", "C003", "key", "mode 600"),
    ("a token in the configuration", CONFIG, "C9EXAMPLEPIXEL01: {token: {file: ./keys/tiktok}}", "C9EXAMPLEPIXEL01: {token: s3cret-s3cret-s3cret}", "C003", "token: s3", "mode 600"),
    ("a secret in a mapping", SECOND, "events:", "key: s3cret-s3cret-s3cret\nevents:", "C003", "key: s3", "mode 600"),
    ("an address without a host", CONFIG, "listen: 127.0.0.1:0", "listen: 8080", "C004", "8080", "127.0.0.1:8080"),
    ("plain http to the outside", CONFIG, "http://127.0.0.1:9/", "http://business-api.tiktok.com/", "C005", "http://business", "sandbox"),
    ("a duration in words", CONFIG, "clicks: 45d", "clicks: forever", "C007", "forever", "45d"),
    ("no offer in the folder", CONFIG, "offers: ./offers", "offers: ./keys", "C008", None, "offer mapping", "keys"),
    ("a key that can be guessed", CONFIG, "./keys/postback", "./keys/short", "warning[C009]", "./keys/short", "openssl"),
    ("a number beyond its limits", CONFIG, "url_bytes: 16384", "url_bytes: 1", "M002", "1, body", "default"),
    ("rates without USD", RATES, "{USD: 1.25, GBP: 0.80}", "{GBP: 0.80}", "C033", "USD", "USD"),
    ("no rate for the payout's currency", OFFER, "payout_currency: EUR", "payout_currency: KZT", "C035", "payout, percent", "add KZT to rates.yaml"),
    ("a rate of 0", RATES, "USD: 1.25", "USD: 0", "C032", "0, GBP", "USD: 1.16"),
    ("rates that are old", RATES, TODAY + ": {USD", "2020-01-01: {USD", "warning[C035]", "payout, percent", "renew rates.yaml", OFFER),
    ("a day that no calendar has", RATES, TODAY + ": {USD", "2026-02-30: {USD", "C031", "2026-02-30", "2026-05-28"),
    ("a rate that is no number", RATES, "GBP: 0.80", 'GBP: "0,80"', "M009", '"0,80"', "12.50"),
    ("an unclosed quote", OFFER, '"{param.email}"', '"{param.email}', "Y001", "{param.phone}", ""),
    ("an unclosed bracket", OFFER, "[https://lander.example]", "[https://lander.example", "Y001", ": USD", ""),
    ("a key twice", OFFER, "value_currency: USD", "value_currency: USD\nvalue_currency: EUR", "Y002", "value_currency: EUR", "line 7"),
    ("a key twice in a flow map", SECOND, "value: payout", "value: payout, event: Lead", "Y002", "event: Lead", ""),
    ("an anchor", OFFER, "pixel: C9", "pixel: &p C9", "Y003", "&p", "write the value out"),
    ("a tag", OFFER, "offer: nutra", "offer: !!str nutra", "Y004", "!!str", "quotes"),
    ("a second document", OFFER, "events:", "---\nevents:", "Y007", "---", "file of its own"),
    ("a tab as indent", SECOND, "  sale:", "\tsale:", "Y009", "\tsale", "use spaces"),
    ("a byte that is not UTF-8", OFFER, "offer: nutra", "offer: nutra\udcfc", "Y010", "\udcfc", "UTF-8"),
    ("a hop of no kind", CHAIN, "kind: lander", "kind: landr", "M024", "landr", 'did you mean "lander"?'),
    ("a tracker that nobody knows", CHAIN, "tracker: keitaro", "tracker: keitarro", "M024", "keitarro", 'did you mean "keitaro"?'),
    ("a chain's offer that is not there", CHAIN, "postback: offer.yaml", "postback: ofer.yaml", "C001", "ofer.yaml", "looked for"),
    ("a chain that does not come to what it says", CHAIN, "{verdict: kept}", "{verdict: broken}", "M019", "{verdict: broken}", "correct the chain"),
]


# ---- the good folder, and what check says ----

def folder(changed=None):
    f = Folder(offers=())
    f.write("keys/open", KEY + "\n", 0o644)
    f.write("keys/short", "short\n", 0o600)
    for name, text in {**BASE, **(changed or {})}.items():
        f.write(name, text.encode("utf-8", "surrogateescape"))
    return f


def told(text):
    """[(level[code], file, line, col, hint)] of what check prints; notes are left out."""
    out = []
    for m in re.finditer(r"(?m)^(\S+?):(?:(\d+):(?:(\d+):)?)? (error|warning)\[(\w+)\]: .*\n"
                         r"(?: *\d+ \| .*\n *\| .*\n)?((?:  .*\n)*)", text):
        out.append(("%s[%s]" % (m.group(4), m.group(5)), m.group(1), int(m.group(2) or 0), int(m.group(3) or 0),
                    m.group(6).strip()))
    return out


def place(text, mark):
    """Line and column (in bytes, from 1) of the first place of mark."""
    at = text.index(mark)
    start = text.rfind("\n", 0, at) + 1
    return text.count("\n", 0, at) + 1, len(text[start:at].encode("utf-8", "surrogateescape")) + 1


def check_of(name, changed):
    f = folder({name: changed})
    try:
        return run("check", *([name] if name.startswith("chains/") else []), cwd=f.path)
    finally:
        f.remove()


@part
def the_good_folder():
    f = folder()
    for words in ((), (CHAIN,), (TRACKER, RATES)):
        r = run("check", *words, cwd=f.path)
        equal("the good folder: check %s" % " ".join(words), (r.code, told(r.err)), (0, []))


@part
def seeded_mistakes():
    true("enough mistakes", len(MISTAKES) >= 100, len(MISTAKES))
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        jobs = []
        for row in share_of(MISTAKES):
            name, file, old, new = row[:4]
            text = BASE[file]
            if text.count(old) < 1:
                bad(name, "%s has no %r" % (file, old))
                continue
            changed = text.replace(old, new, 1)
            jobs.append((row, changed, pool.submit(check_of, file, changed)))
        for row, changed, job in jobs:
            one_mistake(row, changed, job.result())


def one_mistake(row, changed, r):
    name, file, _, _, code, mark, remedy = row[:7]
    where = row[7] if len(row) > 7 else file
    code = code if "[" in code else "error[%s]" % code
    text = changed if where == file else BASE.get(where, "")
    if isinstance(mark, tuple):  # its column is not told, since the line is not shown
        line, col = place(text, mark[0])[0], mark[1]
    else:
        line, col = place(text, mark) if mark is not None else (0, 0)
    got = told(r.err)
    equal(name, [g[:4] for g in got], [(code, where, line, col)])
    true(name + ": a remedy", got and got[0][4] and remedy in got[0][4], r.err)
    equal(name + ": exit", r.code, 0 if code.startswith("warning") else 1 if "M019" in code else 3)
    hasnt(name + ": no secret is shown", r.err, "s3cret")



# ---- two letters swapped in each key of the examples ----

OPEN = {"tiers", "table", "value_models", "stages"}  # below these the user's own words are keys


def keys_of(text):
    """[(byte offset, key, the keys above it)] of YAML as the examples write it."""
    out, block, offset = [], [], 0
    for line in text.split("\n"):
        body = re.match(r" *(?:- )*", line).end()
        head = re.match(r"([\w.]+):(?= |$)", line[body:])
        if line.strip() and not line.lstrip().startswith("#"):
            while block and block[-1][0] >= body:
                block.pop()
            above = [k for _, k in block]
            if head:
                out.append((offset + body, head.group(1), above))
                block.append((body, head.group(1)))
                above = above + [head.group(1)]
            flow_keys(line, body + (head.end() if head else 0), offset, above, out)
        offset += len(line) + 1
    return out


def flow_keys(line, at, offset, above, out):
    """Those inside of {...} on one line."""
    depth, stack, quote = 0, list(above), None
    base = len(stack)
    while at < len(line):
        c = line[at]
        if quote:
            quote = None if c == quote else quote
        elif c in "\"'":
            quote = c
        elif c == "#" and line[at - 1] == " ":
            return
        elif c in "{[":
            depth += 1
        elif c in "}]":
            depth -= 1
        if not quote and c in "{," and depth:
            found = re.match(r" *([\w.]+):(?= )", line[at + 1:])
            if found:
                while stack[base:] and stack[-1][0] >= depth:
                    stack.pop()
                names = [s if isinstance(s, str) else s[1] for s in stack]
                out.append((offset + at + 1 + found.start(1), found.group(1), names))
                stack.append((depth, found.group(1)))
        at += 1


def swapped(key, pick):
    """Two neighbours that differ, swapped; None when there are none."""
    at = [i for i in range(len(key) - 1)
          if key[i].lower() != key[i + 1].lower() and (key[i] + key[i + 1]).isalpha()]
    if not at:
        return None
    i = pick.choice(at)
    return key[:i] + key[i + 1] + key[i] + key[i + 2:]


@part
def the_reader_of_keys():
    text = 'a: 1\nb:\n  c: {d: 2, e: {f: "x, y: z"}, g: [{h: 1}]} # {i: 1}\nz:\n  - j: 1\n    k.l: {m: 1}\n"n": 1\n'
    equal("the test's own reader of keys", [(text[o:o + len(k)], k, a) for o, k, a in keys_of(text)],
          [(k, k, a) for k, a in (
              ("a", []), ("b", []), ("c", ["b"]), ("d", ["b", "c"]), ("e", ["b", "c"]), ("f", ["b", "c", "e"]),
              ("g", ["b", "c"]), ("h", ["b", "c", "g"]), ("z", []), ("j", ["z"]), ("k.l", ["z"]), ("m", ["z", "k.l"]))])


def examples():
    for folder_name in ("examples/offers", "mappings", "examples/chains"):
        for name in sorted(os.listdir(os.path.join(ROOT, folder_name))):
            if name.endswith(".yaml"):
                with open(os.path.join(ROOT, folder_name, name), encoding="utf-8") as f:
                    yield folder_name, name, f.read()


def swap_runs(pick):
    """(what, argument of check, the file's folder and text, the key that must be meant, its place)."""
    for folder_name, name, text in examples():
        for offset, key, above in keys_of(text):
            own = any(a in OPEN for a in above) or (above and above[0] == "days") or key == "x" \
                or (above and above[-1] in ("pixels", "params", "rename"))
            wrong = None if own else swapped(key, pick)
            if wrong:
                yield (folder_name, name, text[:offset] + wrong + text[offset + len(key):], key,
                       place(text[:offset] + "\0" + text[offset:], "\0"), wrong)


def swap_check(f, number, row):
    folder_name, name, text = row[:3]
    path = f.write("%s/swap-%d-%s" % (folder_name, number, name), text)
    try:
        return run("check", os.path.relpath(path, f.path), cwd=f.path)
    finally:
        os.unlink(path)


@part
def swapped_letters():
    pick = random.Random(SEED)
    say("# SEED=%d" % SEED)
    f = Folder()
    for folder_name in ("examples", "mappings"):
        shutil.copytree(os.path.join(ROOT, folder_name), f.at(folder_name))
    rows = list(swap_runs(pick))
    true("enough keys", len(rows) > 300, len(rows))
    rows = share_of(rows)
    missed = []
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        jobs = [(row, pool.submit(swap_check, f, n, row)) for n, row in enumerate(rows)]
        for row, job in jobs:
            r, (_, name, _, key, at, wrong) = job.result(), row
            met = [t for t in told(r.err) if t[2:4] == at and 'did you mean "%s"?' % key in t[4]]
            if not met or r.code == 0:
                missed.append("%s:%d:%d: %s for %s: exit %d, %s" % (name, at[0], at[1], wrong, key, r.code,
                                                                   short(r.err, 300)))
    true("each of %d keys with two letters swapped is caught, and the right one is named" % len(rows), not missed,
         "%d are not (SEED=%d):\n%s" % (len(missed), SEED, "\n".join(missed[:int(os.environ.get("MISSED", "12"))])))


main()
