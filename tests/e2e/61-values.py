"""Values against Python's decimal: random offers (every form of a value, percent, lifetime, cost,
limits, models, currencies with 0, 2 and 3 decimals, random rates) and random postbacks, compared byte
for byte with values_oracle.py.  By hand: 61-values.py [CASES [SEED]]."""
import random

import values_oracle
from harness import *

CASES = int(sys.argv[1]) if len(sys.argv) > 1 else 4000
SEED = int(sys.argv[2]) if len(sys.argv) > 2 else 20260528
sys.argv[1:] = []
AT = 1790000000
CURRENCIES = sorted(values_oracle.TAKEN) + ["GEL", "XBT"]  # the last two TikTok does not take
STAGES = {"lead": "Lead", "sale": "Purchase", "rebill": "Subscribe", "refund": "Download",
          "chargeback": "Contact"}
WORDS = ["DE", "at", "Us", "br", "raw", "x-1", "wörter"]


class Maker:
    def __init__(self, rng):
        self.rng = rng

    def maybe(self, chance):
        return self.rng.random() < chance

    def amount(self, most=9, places=6):
        """Often small and with ties behind the last place that is sent; seldom huge."""
        digits = self.rng.randint(0, most) if self.maybe(0.97) else 12
        units = self.rng.randrange(10 ** digits)
        n = self.rng.randint(0, places)
        fraction = "%0*d" % (n, self.rng.randrange(10 ** n)) if n else ""
        if fraction and self.maybe(0.4):
            fraction = (fraction[:self.rng.randint(0, 3)] + "5")[:places]
        return "%d.%s" % (units, fraction) if fraction else str(units)

    def above_zero(self, *arguments):
        while True:
            text = self.amount(*arguments)
            if text.strip("0."):
                return text

    def percent(self):
        kind = self.rng.randrange(4)
        if kind == 0:
            return str(self.rng.randint(1, 100))
        if kind == 1:
            return "%d.5" % self.rng.randint(0, 99)
        if kind == 2:
            return self.above_zero(2, 6)
        return self.rng.choice(["33.333333", "66.666667", "99.999999", "0.000001", "250", "12.5"])

    def said(self):
        """A value's or an entry's amount."""
        return self.rng.choice([self.amount, lambda: "payout", lambda: self.percent() + "%"])()

    def rule(self):
        parts = {}
        form = self.rng.randrange(3)
        if form == 0:
            parts["value"] = self.said()
        else:
            names = self.rng.sample(WORDS, self.rng.randint(1, len(WORDS)))
            parts["value"] = {name: self.said() for name in names}
            parts["tiers"] = form == 1
            if self.maybe(0.7):
                parts["default"] = self.rng.choice(names) if form == 1 else self.said()
        amounts = list(parts["value"].values()) if form else [parts["value"]]
        if form == 2 and "default" in parts:
            amounts.append(parts["default"])
        if self.maybe(0.4) and any(a[0].isdigit() and a[-1] != "%" for a in amounts):
            parts["currency"] = self.rng.choice(CURRENCIES)
        if self.maybe(0.4):
            parts["percent"] = self.percent()
        if self.maybe(0.3):
            keep = self.rng.choice([str(self.rng.randint(1, 100)), "85.5", "33.333333", "99.999999", "50"])
            parts["lifetime"] = (self.rng.randint(2, 60), keep)
        if self.maybe(0.4):
            parts["minus"] = (self.above_zero(3) if self.maybe(0.3) else None,
                              self.rng.choice(CURRENCIES) if self.maybe(0.6) else None)
        if self.maybe(0.2):
            parts["min"] = self.amount(2)
        if self.maybe(0.2):
            low = parts.get("min", "0")
            parts["max"] = str(values_oracle.Decimal(low) + values_oracle.Decimal(self.amount(4)))
        return parts

    def rate(self):
        """Two of them stay a ratio of whole numbers below 2^63, whatever their decimals."""
        while True:
            text = self.above_zero(self.rng.choice([0, 1, 1, 3, 5]), self.rng.choice([2, 4, 6, 9]))
            if len(text.split(".")[0]) <= 8:
                return text

    def rates(self):
        """{day: {currency: rate}}; not every currency has every day, some only days to come, some none."""
        days = self.rng.sample(range(AT - 400 * 86400, AT + 100 * 86400, 86400), self.rng.randint(1, 4))
        table = {}
        for day in days:
            table[day - day % 86400] = {
                c: self.rate() for c in CURRENCIES if c != "EUR" and (len(days) == 1 or self.maybe(0.8))}
            table[day - day % 86400]["EUR"] = "1"
        if self.maybe(0.3):
            for day in table.values():
                day.pop("XBT", None)
        return table

    def postback(self):
        p = {"stage": self.rng.choice(list(STAGES))}
        if self.maybe(0.9):
            p["payout"] = self.amount(9, 8) if self.maybe(0.95) else self.rng.choice(["x", "1e3", "5000000000000"])
        if self.maybe(0.7):
            p["currency"] = self.rng.choice(CURRENCIES)
            if self.maybe(0.3):
                p["currency"] = p["currency"].lower()
        if self.maybe(0.8):
            p["cost"] = self.amount(2, 7) if self.maybe(0.97) else "-1"
        if self.maybe(0.8):
            p["word"] = self.rng.choice(WORDS + ["none of them", " DE ", "RAW"])
        return p


# ---- as YAML ----

def value_yaml(parts):
    value = parts["value"]
    if not isinstance(value, dict):
        return value
    entries = ", ".join('"%s": %s' % entry for entry in value.items())
    default = ', default: "%s"' % parts["default"] if parts.get("default") else ""
    return '{%s: {%s}, by: "{param.word}"%s}' % ("tiers" if parts["tiers"] else "table", entries, default)


def beside_yaml(parts):
    out = {key: parts[key] for key in ("currency", "percent", "min", "max") if key in parts}
    if "lifetime" in parts:
        out["lifetime"] = "{months: %d, keep: %s}" % parts["lifetime"]
    if "minus" in parts:
        said, named = parts["minus"]
        said = said or '"{param.cost}"'
        out["minus"] = "{from: %s, currency: %s}" % (said, named) if named else said
    return out


def flow(pairs):
    return "{" + ", ".join("%s: %s" % pair for pair in pairs.items()) + "}"


def offer_yaml(name, offer, rules, rng):
    """Some values by way of a model, whose keys are split at random between it and the rule."""
    text = ["version: 1", "offer: " + name, "extends: generic", "pixel: " + PIXEL,
            "page_url: https://l.example/", "decimal: point"]
    text += ["%s: %s" % (key, offer[key]) for key in ("value_currency", "payout_currency") if offer.get(key)]
    models, events = {}, []
    for stage, parts in rules.items():
        rule, beside = {"event": STAGES[stage]}, beside_yaml(parts)
        if rng.random() < 0.4:
            kept = {key: beside.pop(key) for key in list(beside) if rng.random() < 0.5}
            models["m-" + stage] = {"value": value_yaml(parts), **kept}
            rule["value"] = "{model: m-%s}" % stage
        else:
            rule["value"] = value_yaml(parts)
        events.append("  %s: %s" % (stage, flow({**rule, **beside})))
    models = ["  %s: %s" % (model, flow(keys)) for model, keys in models.items()] or ["  unused: {value: 5}"]
    own_file = rng.random() < 0.5
    text += ["value_models: ../models/%s.yaml" % name] if own_file else ["value_models:"] + models
    shared = "version: 1\nvalue_models:\n" + "\n".join(models) + "\n" if own_file else None
    return "\n".join(text + ["events:"] + events) + "\n", shared


def rates_yaml(table):
    days = ["  %s: %s" % (time.strftime("%Y-%m-%d", time.gmtime(day)),
                          flow({c: r for c, r in rates.items() if c != "EUR"}))
            for day, rates in table.items()]
    return "version: 1\nbase: EUR\nsource: made up\ndays:\n" + "\n".join(days) + "\n"


def valid(offer, parts):
    """Mappings that check refuses are no case: a fixed value that has no currency TikTok takes."""
    amounts = list(parts["value"].values()) if isinstance(parts["value"], dict) else [parts["value"]]
    if isinstance(parts["value"], dict) and not parts["tiers"] and "default" in parts:
        amounts.append(parts["default"])
    fixed = any(a != "payout" and a[-1] != "%" for a in amounts)
    own = parts.get("currency") or offer.get("payout_currency")
    return bool(offer.get("value_currency")) or not fixed or own in values_oracle.TAKEN


# ---- compared ----

def answer(line):
    """What the program says, in the oracle's terms."""
    got = json.loads(line)
    if got["verdict"] != "queued":
        return got.get("code")
    value = re.search(r'"properties":\{"currency":"(\w+)","value":([0-9.]+)', line)
    return (value.group(2), value.group(1)) if value else None


def expected(rules, offer, p, rates):
    try:
        return values_oracle.Rule(**rules[p["stage"]]).sent(offer, p, rates, AT)
    except values_oracle.Quarantined as e:
        return str(e)
    except values_oracle.NoValue:
        return None


def query(p):
    names = {"stage": "status"}
    pairs = [("click_id", "c1"), ("ttclid", "E.C.P.abc")] + [(names.get(k, k), v) for k, v in p.items()]
    return "?" + urllib.parse.urlencode(pairs)


def one_offer(folder, n, count, seen):
    rng = random.Random("%d/%d" % (SEED, n))
    maker = Maker(rng)
    offer = {}
    if maker.maybe(0.75):
        offer["value_currency"] = rng.choice(sorted(values_oracle.TAKEN))
    if maker.maybe(0.4):
        offer["payout_currency"] = rng.choice(CURRENCIES)
    rules = {}
    for stage in STAGES:
        while stage not in rules or not valid(offer, rules[stage]):
            rules[stage] = maker.rule()
    rates = maker.rates()
    text, models = offer_yaml("o%d" % n, offer, rules, rng)
    path = folder.write("offers/o%d.yaml" % n, text)
    folder.write("mappings/rates.yaml", rates_yaml(rates))
    if models:
        folder.write("models/o%d.yaml" % n, models)
    postbacks = [maker.postback() for _ in range(count)]
    r = run("translate", path, "-", "--json", "-c", folder.at("clickbaton.yaml"), "--at", AT,
            stdin="\n".join(query(p) for p in postbacks) + "\n")
    lines = r.out.splitlines()
    if len(lines) != count:
        return "%d answers to %d postbacks\n%s\n%s" % (len(lines), count, r.err, text)
    for p, line in zip(postbacks, lines):
        want, got = expected(rules, offer, p, rates), answer(line)
        kind = want if isinstance(want, str) else "none" if want is None else "value"
        seen[kind] = seen.get(kind, 0) + 1
        if got != want:
            return "seed %d, offer %d: %s\ngot %s, wanted %s\n%s%s%s\n%s" % (
                SEED, n, query(p), got, want, text, models or "", rates_yaml(rates), line)
    return None


@part
def values_are_exact():
    folder = Folder(offers=())
    folder.config("http://127.0.0.1:9" + TRACK, extra="mappings: ./mappings\n")
    seen, wrong, each = {}, None, 80
    for n in range((CASES + each - 1) // each):
        wrong = one_offer(folder, n, each, seen)
        if wrong:
            break
    say("# %d cases: %s" % (sum(seen.values()), ", ".join("%s %d" % kv for kv in sorted(seen.items()))))
    true("%d values are what exact fractions say" % seen.get("value", 0), not wrong, wrong)
    for kind in ("Q003", "Q008", "Q009", "Q011", "Q020", "Q021", "none"):
        true("among them %s" % kind, seen.get(kind))


# ---- the page, and models in files ----

WORKED = {"USD": "1.25", "GBP": "0.8"}


@part
def the_page_counts_right():
    """Each row of the worked examples in docs/mapping.md."""
    folder = Folder(offers=())
    folder.config("http://127.0.0.1:9" + TRACK, extra="mappings: ./mappings\n")
    folder.write("mappings/rates.yaml", rates_yaml({AT - AT % 86400: WORKED}))
    with open(os.path.join(ROOT, "docs/mapping.md")) as f:
        table = f.read().split("\nWorked out,", 1)[1].split("\n\n", 2)[1]
    rows, rule = table.splitlines()[2:], None
    for row in rows:
        cells = [c.strip() for c in row.strip("|").split(" | ")]
        rule = rule if cells[0] == "the same" else cells[0].strip("`")
        path = folder.write("worked.yaml", "version: 1\noffer: w\nextends: generic\npixel: %s\n"
                            "page_url: https://l.example/\nvalue_currency: USD\n"
                            "events: {sale: {event: Purchase, %s}}\n" % (PIXEL, rule))
        r = run("translate", path, "?click_id=c&ttclid=E.C.P.x&status=sale&" + cells[1].strip("`"), "--json",
                "-c", folder.at("clickbaton.yaml"), "--at", AT)
        want = re.findall(r"\*\*([0-9.]+)\*\*", cells[2])[-1]
        equal("%s of %s" % (rule, cells[1]), answer(r.out) if r.code == 0 else r, (want, "USD"))
    true("the page has its rows", len(rows) >= 7)


MODELS = "version: 1\nvalue_models: {lead: {value: 2.40, currency: USD}}\n"
USER = """version: 1
offer: %s
extends: keitaro
pixel: C9EXAMPLEPIXEL00
page_url: https://l.example/
value_currency: USD
value_models: %s
events: {sale: {event: Purchase, value: {model: lead}}}
"""


@part
def a_file_of_models_is_shared():
    folder = Folder(offers=())
    folder.write("shared/models.yml", MODELS)
    folder.write("offers/models.yaml", MODELS)
    for name, path in (("a", "../shared/models.yml"), ("b", "models.yaml"), ("c", "../shared/models.yml")):
        folder.write("offers/%s.yaml" % name, USER % (name, path))
    r = run("check", "-c", folder.at("clickbaton.yaml"))
    equal("models beside, above and among the offers", (r.code, r.out, without_advice(r.err)),
          (0, "ok: 3 offer mappings, 0 tests passed\n", []))
    r = run("translate", "offers/a.yaml", "?subid=s&ttclid=E.C.P.x&status=sale", "--json", "--at", AT, cwd=folder.path)
    equal("and counted by", answer(r.out), ("2.4", "USD"))
    r = run("check", folder.write("elsewhere/d.yaml", USER % ("d", folder.at("shared/models.yml"))))
    equal("by an absolute path", (r.code, without_advice(r.err)), (0, []))
    r = run("check", "shared/models.yml", cwd=folder.path)
    equal("a file of models by itself", (r.code, r.out), (0, "ok: 0 offer mappings, 1 file of value models, 0 tests passed\n"))
    folder.write("shared/models.yml", MODELS.replace("USD", "DOLLAR"))
    r = run("check", "-c", folder.at("clickbaton.yaml"))
    equal("one mistake, said once", (r.code, r.err.count("M014"), r.err.count("is not a currency code")), (3, 1, 1))
    has("where it stands", r.err, "shared/models.yml:2:")
    folder.write("offers/models.yaml", "version: 1\nvalue_models: {lead: {valeu: 5}}\n")
    r = run("check", "-c", folder.at("clickbaton.yaml"))
    has("a bad file among the offers", r.err, "offers/models.yaml:2:", 'did you mean "value"?')


@part
def a_file_of_models_is_not_there():
    folder = Folder(offers=())
    secret = folder.write("keys/other", "t0p-secret-of-ours\n", 0o600)
    rows = (("../no.yaml", "M033", "looked for"), ("../keys/other", "M033", "a path beside this file"),
            (secret, "M033", "a path beside this file"), ("..", "M033", "a path beside"),
            ("../keys.yaml", "M033", "not a file"), ("[a]", "M002", "must be a map"))
    os.mkdir(folder.at("keys.yaml"))
    for path, code, words in rows:
        r = run("check", folder.write("offers/x.yaml", USER % ("x", path)))
        true("value_models: %s" % os.path.basename(path), r.code == 3 and code in r.err and words in r.err, r)
        hasnt("no secret is shown", r.out + r.err, "t0p-secret")


main()
