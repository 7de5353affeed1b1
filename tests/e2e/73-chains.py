#!/usr/bin/env python3
"""Random chains: the program's walk, hop by hop to the event, against the second model of chain_oracle.py.
CHAINS=N walks so many (in whole: the seeds 1 to N), CHAINS=SEED,N those from SEED."""
import collections
import glob
import json
import os
import random
import re

import chain_oracle as oracle
from harness import ROOT, Folder, bad, good, main, offer_text, part, run, say, share_of, true

NOW = 1790000000
KINDS = ("redirect", "meta", "js", "tracker", "lander", "form", "shortlink", "app")
TRACKERS = {"keitaro": "trk.example", "bemob": "go.bemob.example", "binom": "binom.example", "redtrack": "rt.example",
            "voluum": "vol.example", "generic": "any.example"}
INCOMING = {"keitaro": "subid={%s}&status=sale&payout=12.5&currency=usd", "bemob": "cid={%s}&payout=12.5&txid=7",
            "binom": "cnv_id={%s}&payout=12.5&cnv_status=sale", "redtrack": "clickid={%s}&sum=12.5&type=Purchase",
            "voluum": "cid={%s}&payout=12.5&txid=7&et=sale", "generic": "click_id={%s}&status=sale&payout=12.5"}


# ---- the tables ----

def strings(text):
    return re.findall(r'"([^"]*)"', text)


def tables():
    """What the trackers' adapters say of macros and parameters."""
    out = {}
    for path in glob.glob(os.path.join(ROOT, "adapters", "trackers", "*_urls.c")):
        with open(path, encoding="utf-8") as f:
            text = re.sub(r"/\*.*?\*/", "", f.read(), flags=re.S)
        part_of = lambda name: (re.search(name + r"\[\] = \{(.*?)\};", text, re.S) or [0, ""])[1]
        out[os.path.basename(path)[:-7]] = {
            "macros": dict(re.findall(r'\{ "([^"]+)", MACRO_(\w+) \}', part_of("macros"))),
            "external": strings(part_of("external_params")), "returns": strings(part_of("return_params")), "calls": strings(part_of("postback_params")),
            "lander": re.search(r'lander_query = "(\w+)=', text).group(1),
            "raw_underscore": "raw_underscore = true" in text}
    return out


def field_names(tracker):
    """The parameters of a tracker mapping's fields."""
    with open(os.path.join(ROOT, "mappings", tracker + ".yaml"), encoding="utf-8") as f:
        text = f.read()
    out = {}
    for field in ("click_id", "ttclid", "event_id"):
        found = re.search(r"^  %s: *\[([^\]]*)\]" % field, text, re.M)
        out[field] = [n.strip() for n in found.group(1).split(",")] if found else []
    return out


# ---- chains ----

TEXTS = ("1", "de", "a%20b", "a+b", "x%2By", "caf%C3%A9", "50%25", "A-b_c.d~e", "a%26b%3D1", "R%C3%B6te", "%41bc", "")
NAMES = ("currency", "region", "copyid", "param1", "notes", "timestamp", "sub1", "Sub2", "z", "utm_source", "reg", "a%20b")
LISTS = ("ttclid", "event_id", "subid", "external_id", "cid", "clickid", "sub1", "currency", "z", "click_id")
"""failure -> its argument, by a random generator"""
ARGUMENTS = {
    "drop": lambda r: some(r, LISTS), "keep_only": lambda r: some(r, LISTS, 3), "truncate": lambda r: r.choice((5, 9, 20, 100, 255, 400)),
    "rename": lambda r: {n: r.choice(("tt", "s1", "a b", "external_id", "subid")) for n in some(r, LISTS)},
    "duplicate": lambda r: some(r, LISTS) if r.random() < .5 else {n: r.choice(("x", "a b", "0")) for n in some(r, LISTS)},
    "host": lambda r: r.choice(("lander.example", "m.example", "trk.example", "go.bemob.example")), "literal": lambda r: some(r, LISTS),
}
EITHER = ("uppercase_keys", "lowercase", "double_encode", "decode", "base64", "encrypt", "plus_to_space", "space_to_plus")  # true or names
ARGUMENTS.update({n: lambda r: True if r.random() < .6 else some(r, LISTS) for n in EITHER})


def some(r, of, most=2):
    return r.sample(of, r.randint(1, most))


class Maker:
    """One random chain, hop by hop, with what the visitor's browser shows by then at hand."""

    def __init__(self, world, seed):
        r = self.r = random.Random(seed)
        self.world = world
        self.main = r.choice(list(TRACKERS))
        self.other = r.choice(list(TRACKERS))
        self.gentle = r.random() < .6  # a chain as somebody would build it, so that some arrive
        self.kinds = self.pick_kinds()
        self.start = self.make_start()
        w = self.walk = world.walk(self.start, self.main)
        self.hops = []
        for i, kind in enumerate(self.kinds):
            hop = self.make_hop(i, kind)
            self.hops.append(hop)
            w.step(hop, {})  # only to know where the visitor is
        self.network, self.asks = self.make_network()

    def pick_kinds(self):
        r = self.r
        if self.gentle:
            before = [r.choice(("redirect", "meta", "js", "shortlink", "app")) for _ in range(r.choice((0, 0, 1, 2)))]
            middle = ["tracker"] + r.choice(([], ["lander"], ["redirect", "lander"], ["lander", "tracker"], ["lander", "form"]))
            after = [r.choice(KINDS) for _ in range(r.choice((0, 0, 1, 2)))]
            kinds = before + middle + after
        else:
            kinds = [r.choice(KINDS) for _ in range(r.randint(1, 8))]
        out = []
        for kind in kinds[:8]:
            out.append((kind, self.host_of(kind)))
        return out

    def host_of(self, kind):
        r = self.r
        if kind == "tracker":
            self.tracker = self.main if r.random() < .75 else self.other
            return TRACKERS[self.tracker]
        if kind == "lander":
            return r.choice(("lander.example", "lander.example", "lander.example", "lander2.example"))
        return r.choice(("r1.example", "r2.example", "m.example:8443", TRACKERS[self.main]))

    def make_start(self):
        r, t = self.r, self.world.tables[self.main]
        items = [(t["external"][0] if r.random() < .9 else "source") + "=__CLICKID__"]
        items += ["ttclid=__CLICKID__"] if r.random() < .6 and "ttclid=__CLICKID__" not in items else []
        items += ["campaign=__CAMPAIGN_ID__"] if r.random() < .5 else []
        items += ["event_id=" + r.choice(("ev-7F3a9c2b", "EV%20a%2Bb.1234", "e7"))] if r.random() < .25 else []
        items += [self.extra() for _ in range(r.choice((0, 0, 1, 3)))]
        r.shuffle(items)
        kind, host = self.kinds[0]
        fragment = r.choice(("#start", "#ttclid=__CLICKID__")) if r.random() < .1 else ""
        return "https://%s%s?%s%s" % (host, r.choice(("", "/", "/go/a", "/a%20b/")), "&".join(items), fragment)

    def extra(self):
        return self.r.choice(NAMES) + "=" + self.r.choice(TEXTS)

    def macro_items(self, hop):
        """What somebody would write into the target of a tracker."""
        r, t = self.r, self.world.tables[hop["tracker"]]
        click = [m for m, s in t["macros"].items() if s == "CLICK_ID"]
        external = [m for m, s in t["macros"].items() if s == "EXTERNAL_ID"]
        items = []
        if self.gentle or r.random() < .7:
            items.append("%s={%s}" % (r.choice(self.world.fields[self.main]["click_id"] + t["returns"][:1] * 3), r.choice(click)))
        if self.gentle or r.random() < .6:
            items.append("ttclid={%s}" % r.choice(external))
        for _ in range(r.choice((0, 0, 1, 2))):
            m = r.choice(list(t["macros"]) + ["nothing", "_" + click[0], "sub_id_2", "var1", "sub3", "t4", click[0] + ":x"])
            items.append("m%d={%s}" % (len(items), m.replace("*", "1") if m != "date" else "date:U"))
        return items

    def passing_items(self, all_of_them):
        """{x} of what stands in the URL here."""
        r = self.r
        query = oracle.Url(self.walk.here).query
        names = [n for n in dict.fromkeys(n for n, _ in oracle.pairs(query)) if re.fullmatch(r"[A-Za-z0-9_.]+", n)]
        items = ["%s={%s}" % (n if r.random() < .9 else "s" + n, n) for n in names if r.random() < (.9 if all_of_them else .3)]
        return items + (["gone={gone}"] if r.random() < .05 else [])

    def make_hop(self, i, kind_host):
        r, (kind, host) = self.r, kind_host
        hop = {"kind": kind}
        if r.random() < .3:
            hop["name"] = "hop of %s" % host
        if kind == "tracker":
            hop["tracker"] = next(t for t, h in TRACKERS.items() if h == host)
            t = self.world.tables[hop["tracker"]]
            if r.random() < .1:
                slot = next(m for m, s in t["macros"].items() if s == "EXTERNAL_ID")
                hop["params"] = {slot: r.choice(("ttclid", "source", "z"))}
            if r.random() < .1:
                hop["register"] = True
        elif kind == "lander":
            hop["script"] = r.random() < .75
            if hop["script"] and r.random() < .3:
                hop["decorate"] = True
            if r.random() < .1:
                hop["event_id"] = r.choice(("pixel-1234567", "p-{z}-{ttclid}", "{event_id}"))
        elif kind == "meta" and r.random() < .3:
            hop["double"] = True
        elif kind in ("redirect", "shortlink") and r.random() < .4:
            hop["status"] = r.choice((301, 302, 303, 307, 308))
        last = i + 1 == len(self.kinds)
        if last and kind == "lander" and r.random() < .4:
            return hop
        hop["to"] = self.make_target(hop, kind, "offer.example" if last else self.kinds[i + 1][1])
        for name in self.make_failures():
            hop[name] = ARGUMENTS.get(name, lambda _: True)(r)
        return hop

    def make_target(self, hop, kind, host):
        r = self.r
        items = self.macro_items(hop) if kind == "tracker" else self.passing_items(kind in ("lander", "form"))
        if r.random() < .3:
            items.append(self.extra())
        r.shuffle(items)
        path = r.choice(("/", "/", "", "/o", "/o/p.php", "/a%20b"))
        if r.random() < .03 and kind != "tracker":
            path = r.choice(("/x{z}/", "/x-{sub1}"))
        fragment = r.choice(("#top", "#a=1", "#ttclid={ttclid}", "#x?event_id=ev-fragment")) if r.random() < .08 else ""
        if r.random() < .06:  # relative: it stays where it is
            return (path or "/") + ("?" + "&".join(items) if items else "") + fragment
        scheme = "https" if r.random() < .97 else "http"
        return "%s://%s%s%s%s" % (scheme, host, path, "?" + "&".join(items) if items else "", fragment)

    def make_failures(self):
        r = self.r
        many = r.choice((0, 0, 0, 0, 0, 0, 0, 1) if self.gentle else (0, 0, 1, 1, 2))
        return r.sample(oracle.FAILURES, many)

    def make_network(self):
        r, w = self.r, self.walk
        pairs = oracle.pairs(oracle.Url(w.here).query)
        plain = [n for n, _ in pairs if re.fullmatch(r"[A-Za-z0-9_]+", n)]
        known = [n for n, v in pairs if v == w.right["click_id"] and n in plain]
        name = r.choice(known) if known and r.random() < .9 else r.choice(plain or ["subid"])
        asked = [h["tracker"] for h in self.hops if h["kind"] == "tracker"]
        if asked and r.random() < .75:
            tracker = r.choice(asked)
            self.offer = tracker
            path = "/KEY/postback" if tracker == "keitaro" else "/click" if tracker == "binom" else "/postback"
            return "https://%s%s?%s" % (TRACKERS[tracker], path, INCOMING[tracker] % name), tracker
        self.offer = self.main
        items = ["%s={%s}" % (self.world.fields[self.main]["click_id"][0], name)]
        items += ["ttclid={ttclid}"] if r.random() < .5 else []
        items += ["event_id={event_id}"] if r.random() < .3 and self.world.fields[self.main]["event_id"] else []
        return "https://cb.example/postback/nutra-de?key=K3&%s&%s" % ("&".join(items), SALE[self.main]), None


SALE = {"keitaro": "status=sale&payout=12.5&currency=usd", "bemob": "status=confirm&payout=12.5", "binom": "status=sale&payout=12.5",
        "redtrack": "type=Purchase&payout=12.5", "voluum": "et=sale&payout=12.5", "generic": "status=sale&payout=12.5"}


def yaml(start, hops, network, offer):
    lines = ["version: 1", "chain: random", "start: " + json.dumps(start), "hops:"]
    lines += ["  - " + json.dumps(h, ensure_ascii=False) for h in hops]
    if network:
        lines += ["conversion:", "  network: " + json.dumps(network), "  postback: %s.yaml" % offer]
    return "\n".join(lines) + "\n"


# ---- the two models side by side ----

class World:
    def __init__(self):
        self.folder = Folder(offers=())
        self.tables = tables()
        self.fields = {t: field_names(t) for t in TRACKERS}
        for t in TRACKERS:
            self.folder.write(t + ".yaml", offer_text("nutra-de").replace("extends: keitaro", "extends: " + t))
        self.ids, self.macros = {}, {}
        for t, table in self.tables.items():
            click = next(m for m, s in table["macros"].items() if s == "CLICK_ID")
            hops = [{"kind": "tracker", "tracker": t, "to": "https://t%d.example/?id={%s}" % (i, click)} for i in range(8)]
            out = self.simulate(yaml("https://t.example/?a=1", hops, None, None))
            self.ids[t] = [oracle.first(oracle.Url(h["url"]).query, "id") for h in out["hops"]]
        macros = ("CLICKID", "CAMPAIGN_ID")
        start = "https://a.example/?" + "&".join("%s=__%s__" % (m, m) for m in macros)
        out = self.simulate(yaml(start, [{"kind": "redirect", "to": "https://b.example/"}], None, None))
        self.macros = {"__%s__" % n: v for n, v in oracle.pairs(oracle.Url(out["hops"][0]["url"]).query)}
        self.ttclid = out["ttclid"]

    def simulate(self, text):
        path = self.folder.write("chain.yaml", text)
        result = run("simulate", path, "--json", "--at", NOW)
        if not result.out.startswith("{"):
            raise ValueError("exit %d\n%s\n%s" % (result.code, result.err, text))
        out = json.loads(result.out)
        if result.code != (out["verdict"] != "kept"):
            raise ValueError("exit %d, but %s" % (result.code, out["verdict"]))
        return out

    def walk(self, start, offer, event_id="00000000-0000-4000-8000-000000000000"):
        for macro, value in self.macros.items():
            start = start.replace(macro, value)
        fields = dict(self.fields[offer], origins=["https://lander.example"])
        given = self.tables[offer]["lander"]  # the name that the tracker gives to landers goes first
        fields["lander"] = sorted(fields["click_id"], key=lambda n: n != given)
        return oracle.Walk(start, fields, self.tables, self.ttclid, self.ids, event_id, NOW)

    def differ(self, start, hops, network, offer):
        """(what the two models disagree about, "" when they agree; the program's answer)"""
        got = self.simulate(yaml(start, hops, network, offer))
        w = self.walk(start, offer, got["event_id"])
        for i, hop in enumerate(hops):
            w.step(hop, hops[i + 1] if i + 1 < len(hops) else {})
        for i, (mine, its) in enumerate(zip(w.hops, got["hops"])):
            for key in ("kind", "status", "url", "lost", "changed", "ttclid", "event_id", "click_id"):
                if not same(its[key], mine[key]):
                    return "hop %d: %s is %r, wanted %r" % (i + 1, key, its[key], mine[key]), got
        for key, right in w.right.items():
            if not same(got[key], right):
                return "the right %s is %r, wanted %r" % (key, got[key], right), got
        called, postback, event = w.convert(network)
        if not same(got["network"], called):
            return "network: %r, wanted %r" % (got["network"], called), got
        if bool(got["postback"]) != (postback is not None):
            return "postback: %r, wanted %r" % (got["postback"], postback), got
        if w.sender not in (None, offer):
            return "", got  # a postback in another tracker's words
        e = got["event"] and {"ttclid": got["event"]["user"].get("ttclid", ""), "event_id": got["event"]["event_id"]}
        if bool(e) != bool(event) or e and not all(same(e[k], event[k]) for k in e):
            return "event: %r, wanted %r" % (e, event), got
        return ("" if got["verdict"] == w.verdict(event) else "verdict: " + got["verdict"]), got


ANYTHING = oracle.encode(oracle.ANYTHING)


def same(got, wanted):
    """What is made up anew may be anything."""
    if not isinstance(wanted, str) or ANYTHING not in wanted and oracle.ANEW not in wanted:
        return got == wanted
    pattern = re.sub(ANYTHING + "[A-P]*X*", "[^&#?]+", re.escape(wanted))
    pattern = re.sub(re.escape(re.escape(oracle.ANEW)) + "X*", "[^&#?]+", pattern)
    return re.fullmatch(pattern, got) is not None


def smaller(world, start, hops, network, offer):
    """Leaves out hops at the end, failures and other keys as long as the two differ in the same way."""
    def about(fewer):
        try:
            return world.differ(start, fewer, network, offer)[0].split(" is ")[0].split(":")[0]
        except (ValueError, KeyError, IndexError):
            return ""
    why, again = about(hops), True
    while again:
        ways = [hops[:-1]] if len(hops) > 1 else []
        ways += [hops[:i] + [{k: v for k, v in hop.items() if k != key}] + hops[i + 1:]
                 for i, hop in enumerate(hops) for key in hop if key not in ("kind", "tracker", "to")]
        again = next((w for w in ways if about(w) == why), None)
        hops = again or hops
    return hops


@part
def random_chains():
    world, seen = World(), collections.Counter()
    asked = [int(n) for n in os.environ.get("CHAINS", "400").split(",")]
    first, count = asked if len(asked) == 2 else (1, len(share_of(range(asked[0]))))
    for seed in range(first, first + count):
        m = Maker(world, seed)
        what = m.start, m.hops, m.network, m.offer
        try:
            why, got = world.differ(*what)
        except (ValueError, KeyError) as e:
            bad("chain %d" % seed, "%s: %s" % (type(e).__name__, e))
            continue
        if why:
            hops = smaller(world, *what)
            why = world.differ(m.start, hops, m.network, m.offer)[0] or why
            bad("chain %d" % seed, (why + "\n" + yaml(m.start, hops, m.network, m.offer)).replace(world.ttclid, "TTCLID"))
            continue
        good("chain %d: %d hops, %s" % (seed, len(m.hops), got["verdict"]))
        seen[got["verdict"]] += 1
        seen["%d hops" % len(m.hops)] += 1
        seen["network asks " + (m.asks or "clickbaton itself")] += 1
        seen["fragments"] += any("#" in h["url"] for h in got["hops"])
        for hop in m.hops:
            seen[hop["kind"]] += 1
            seen[hop.get("tracker", "")] += 1
            for key in hop:
                seen[key] += 1
    for key in ("", "kind", "name", "to"):
        del seen[key]
    say("# %d of %d kept; " % (seen["kept"], count) + ", ".join("%s %d" % c for c in sorted(seen.items())))
    never = [n for n in KINDS + tuple(TRACKERS) + oracle.FAILURES + ("kept", "broken", "fragments") if not seen[n]]
    true("every kind, tracker and failure was there", not never or count < 400, "never: %s" % never)


main()
