"""A second, independent model of redirect chains, written from the rules that the chain files promise
and from what browsers and servers do, to hold the program's own against.  Nothing here is fast or
complete: it knows what 73-chains.py generates.

The program makes ids up.  The right ttclid and event_id are therefore given, and so is the list of
the click ids that its trackers hand out, in their order."""
import base64
import functools
import html
import re
import zlib
from urllib.parse import quote, unquote_to_bytes

URL = re.compile(r"(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.S)
CARRYING = ("redirect", "meta", "js", "shortlink", "app")
STATUS = {"redirect": 302, "tracker": 302, "shortlink": 301}
INHERITS = ("redirect", "tracker", "shortlink")  # those that answer with a Location
IP, UA = "198.51.100.7", "Mozilla/5.0 (Linux; Android 14; Pixel 8)"
ANYTHING, ANEW = "ANYTHINGANYTHINGANYTHING", "one-more-event-id"  # stand for what encrypt makes, and for a second made-up event_id
CLICKED = 7200  # seconds before the conversion


# ---- URLs ----

class Url:
    def __init__(self, text):
        self.scheme, self.host, self.path, self.query, self.fragment = URL.fullmatch(text).groups()

    @property
    def name(self):
        """The host without its port: what cookies go by."""
        return (self.host or "").partition(":")[0]

    def __str__(self):
        out = (self.scheme + ":" if self.scheme is not None else "") + ("//" + self.host if self.host is not None else "")
        out += self.path + ("?" + self.query if self.query is not None else "")
        return out + ("#" + self.fragment if self.fragment is not None else "")


def resolve(base, ref):
    """RFC 3986, 5.2; dot segments are not generated."""
    b, r = Url(base), Url(ref)
    if r.scheme is None:
        r.scheme = b.scheme
        if r.host is None:
            r.host = b.host
            if not r.path:
                r.path = b.path
                r.query = b.query if r.query is None else r.query
            elif not r.path.startswith("/"):
                r.path = (b.path or "/").rsplit("/", 1)[0] + "/" + r.path
    return str(r)


def decode(text):
    return unquote_to_bytes(text.replace("+", " ").encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")


def encode(value):
    return quote(value.encode("utf-8", "surrogateescape"), safe="")


def items(query):
    """Raw (name, value or None, the whole item); empty items are nothing."""
    out = []
    for item in (query or "").split("&"):
        if item:
            name, equals, value = item.partition("=")
            out.append((name, value if equals else None, item))
    return out


def pairs(query):
    return [(decode(n), decode(v or "")) for n, v, _ in items(query)]


def first(query, name):
    """The decoded value of the first parameter of that name, None without."""
    return next((v for n, v in pairs(query) if n == name), None)


def fill(template, macro):
    """{x} by macro(x): its text as it stands in a URL; None leaves it literally."""
    def one(match):
        text = macro(match.group(1))
        return match.group(0) if text is None else text
    return re.sub(r"\{([^{}]*)\}", one, template)


# ---- what goes wrong at a hop ----

def cut(value, n):
    return value.encode("utf-8", "surrogateescape")[:n].decode("utf-8", "surrogateescape")


VALUES = {  # (decoded value, name, argument) -> decoded value
    "lowercase": lambda v, n, a: "".join(c.lower() if c < "\x80" else c for c in v),
    "truncate": lambda v, n, a: cut(v, a),
    "double_encode": lambda v, n, a: encode(v),
    "base64": lambda v, n, a: base64.urlsafe_b64encode(v.encode("utf-8", "surrogateescape")).rstrip(b"=").decode(),
    "literal": lambda v, n, a: "{%s}" % n,
    "plus_to_space": lambda v, n, a: v.replace("+", " "),
    "encrypt": lambda v, n, a: ANYTHING + "".join("ABCDEFGHIJKLMNOP"[int(c, 16)] for c in "%08x" % zlib.crc32(v.encode("utf-8", "replace"))),
    "space_to_plus": lambda v, n, a: v,  # only the spelling
}
STORED = ("lowercase", "truncate", "plus_to_space")


def value_after(kind, argument, name, value):
    made_up = ANYTHING in value or ANEW in value  # 32 letters or more that nobody can tell
    if made_up and (kind == "base64" or kind == "truncate" and argument < 32):
        kind = "encrypt"
    if made_up and kind in ("lowercase", "truncate"):
        return value
    return VALUES[kind](value, name, argument)


def names_of(argument):
    return argument if isinstance(argument, (list, dict)) else None


def query_items(query, change):
    """change(raw name, raw value or None, item) -> item, or None to leave it out."""
    out = [change(*i) for i in items(query)]
    return "&".join(i for i in out if i is not None)


def change_values(url, kind, argument):
    names = names_of(argument)

    def one(name, value, item):
        if names is not None and decode(name) not in names:
            return item
        old = decode(value or "")
        new = value_after(kind, argument, decode(name), old)
        if kind == "space_to_plus" and value:
            return name + "=" + value.replace("%20", "+")
        return item if new == old else name + "=" + encode(new)
    url.query = query_items(url.query, one)


def html_entities(text):
    """As a browser reads text that nobody has escaped: the longest name of the old list, without ';'."""
    def one(match):
        for end in range(len(match.group(1)), 1, -1):
            name = match.group(1)[:end]
            character = html.entities.html5.get(name)
            if character:
                return encode(character) + match.group(1)[end:]
        return match.group(0)
    return re.sub(r"&([A-Za-z0-9]+)", one, text)


def fail(kind, argument, url):
    """url, an Url, after one failure."""
    names = names_of(argument)
    had = url.query is not None
    if kind in VALUES and had:
        change_values(url, kind, argument)
    elif kind == "decode" and had:
        def raw(name, value, item):
            if value is None or names is not None and decode(name) not in names:
                return item
            got = decode(value)
            got = "".join(encode(c) if c <= " " or c == "\x7f" else c for c in got)
            return item if decode(value) == value else name + "=" + got
        again = Url(str(url.path) + "?" + query_items(url.query, raw))
        url.query = again.query
        if again.fragment is not None:  # a '#' that is no longer encoded
            url.fragment = again.fragment + ("#" + url.fragment if url.fragment is not None else "")
    elif kind in ("drop", "keep_only") and had:
        url.query = query_items(url.query, lambda n, v, i: i if (decode(n) in names) == (kind == "keep_only") else None) or None
    elif kind == "rename" and had:
        url.query = query_items(url.query, lambda n, v, i: i if decode(n) not in names else
                                encode(names[decode(n)]) + ("=" + v if v is not None else ""))
    elif kind == "uppercase_keys" and had:
        def upper(name, value, item):
            if names is not None and decode(name) not in names or decode(name).upper() == decode(name):
                return item
            return encode(decode(name).upper()) + ("=" + value if value is not None else "")
        url.query = query_items(url.query, upper)
    elif kind == "html_entities" and had:
        url.query = html_entities(url.query)
    elif kind == "second_question_mark":
        url.query = url.query + "?utm_source=link" if url.query else "utm_source=link"
    elif kind in ("fragment", "fragment_first") and had:
        glue = {"fragment": "&", "fragment_first": "?"}[kind]
        before = url.fragment if url.fragment else "top" if kind == "fragment_first" else ""
        url.fragment = before + glue + url.query if before else url.query
        url.query = None
    elif kind == "strip_query":
        url.query = None
    elif kind == "trailing_slash":
        url.query = None
        url.path = url.path if url.path.endswith("/") else url.path + "/"
    elif kind == "duplicate" and had:
        more = ["%s=%s" % (n, encode(names[decode(n)])) if isinstance(names, dict) else i
                for n, v, i in items(url.query) if decode(n) in names]
        url.query = "&".join([url.query] + more)
    elif kind == "relative":
        url.scheme = url.host = None
        url.path = url.path or "/"
    elif kind == "downgrade" and url.scheme == "https":
        url.scheme = "http"
    elif kind == "host" and url.host is not None:
        url.host = argument + "".join(re.findall(r":\d+$", url.host))
    elif kind == "ascii_only" and had:
        url.query = re.split(r"[^\x00-\x7f]|%[89A-Fa-f][0-9A-Fa-f]", url.query)[0]
    return url


# ---- what has become of a value ----

def relation(value, right):
    """"kept", "changed", "truncated", or "" when value has nothing to do with right."""
    if value == right:
        return "kept"
    if len(right) < 8 and value.lower() != right.lower():
        again = (decode(value), decode(decode(value)), value.replace(" ", "+"), value.strip())
        return "changed" if right in again or value in (decode(right), right.replace("+", " ")) else ""
    if len(value) >= 8 and right.lower().startswith(value.lower()) and len(value) < len(right):
        return "truncated"
    forms = [value, decode(value), decode(decode(value)), value.replace(" ", "+")]
    wants = [right, decode(right), right.replace("+", " ")]
    if unbase64(value) == right:
        return "changed"
    if right in value and len(right) >= 8 or any(w.lower() == f.lower() for w in wants for f in forms):
        return "changed"
    return ""


def unbase64(value):
    try:
        return base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)).decode()
    except ValueError:
        return ""


def best(values, right):
    found = {relation(v, right) for v in values}
    return next((s for s in ("kept", "truncated", "changed") if s in found), "lost")


def compare(before, after):
    """Names that are lost and names whose value is changed, in the order of the URL before."""
    b, a = pairs(Url(before).query), pairs(Url(after).query)
    names = list(dict.fromkeys(n for n, _ in b))
    value = {False: dict(reversed(b)), True: dict(reversed(a))}
    return ([n for n in names if n not in value[True]],
            [n for n in names if n in value[True] and value[True][n] != value[False][n]])


# ---- the walk ----

UNUSABLE = re.compile(r"^\s*$|^\{[^}]*\}([?\u00a1-\u00ff].*)?$|^__\w+__$|^(REPLACE|OPTIONAL|undefined|null)$")


def base36(n):
    digits = ""
    while n or not digits:
        n, d = divmod(n, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[d] + digits
    return digits


def usable(value):
    return value is not None and not UNUSABLE.match(decode(value) if "%7B" in value else value)


class Walk:
    """trackers: their tables by name (see 73-chains.py); ids: tracker -> the click ids that it hands out,
    by how many there are in all before; event_id: what the first landing script makes up."""

    def __init__(self, start, offer, trackers, ttclid, ids, event_id, now):
        self.offer, self.trackers, self.ids, self.new_event_id, self.now = offer, trackers, ids, event_id, now
        self.right = {"ttclid": ttclid, "event_id": "", "click_id": ""}
        self.asked = []     # trackers, in the order of the chain
        self.clicks = {}    # click id -> its tracker, ext, params
        self.cookies = {}   # host -> click id
        self.storage = {}   # host -> what the landing script keeps there
        self.made = 0       # event_ids that the landing script has made up of nothing
        self.document = ""  # the page before
        self.server = []    # clicks registered at clickbaton
        self.astray = False  # a relative target keeps visitors on another host
        self.by_link = False  # only a link has named the event_id so far: the first page decides
        self.two_ids = False  # two pages gave the pixel different ones: TikTok counts two
        self.hops = []
        self.here = start

    # -- a tracker --

    def visit_tracker(self, hop, url):
        t, query, host = self.trackers[hop["tracker"]], Url(url).query, Url(url).name
        known = [v for p in t["returns"] for n, v in pairs(query) if n == p]
        known += [self.cookies[host]] if host in self.cookies and "lose_cookies" not in hop else []
        click = next((k for k in known if k in self.clicks and self.clicks[k]["tracker"] == hop["tracker"]), None)
        if click is None:
            click = self.ids[hop["tracker"]][len(self.clicks)]
            self.clicks[click] = self.new_click(hop, t, host, query)
            self.right["click_id"] = self.right["click_id"] or click
        if "lose_cookies" not in hop:
            self.cookies[host] = click
        if hop.get("register"):
            self.register({"click_id": click, "ttclid": self.clicks[click]["ext"]}, True)
        return click

    def new_click(self, hop, t, host, query):
        slots = hop.get("params", {})
        stored = [(n, self.damage(hop, n, v)) for n, v in pairs(query)]
        value = {n: v for n, v in reversed(stored)}
        own = next((m for m, s in t["macros"].items() if s == "EXTERNAL_ID" and m in slots), None)
        froms = [slots[own]] if own else t["external"]
        ext = next((value[n] for n in froms if value.get(n)), "")
        named = set(slots.values()) | {n for n in value if self.source(t, n) == "PARAM"}
        return {"tracker": hop["tracker"], "host": host, "ext": ext, "params": value, "slots": slots,
                "hands_on": [ext] + [value[n] for n in sorted(named) if n in value]}

    @staticmethod
    def damage(hop, name, value):
        for kind, argument in hop.items():
            names = names_of(argument)
            if kind in STORED and (names is None or name in names):
                value = value_after(kind, argument, name, value)
        return value

    @staticmethod
    def source(t, name):
        family = next((f for f in t["macros"] if f.endswith("*") and re.fullmatch(re.escape(f[:-1]) + r"\d+", name)), name)
        return t["macros"].get(family)

    def macro(self, name, click):
        """As the click's tracker fills it; None: no macro of its."""
        c = self.clicks[click]
        t = self.trackers[c["tracker"]]
        raw = t["raw_underscore"] and name.startswith("_")
        bare = (name[1:] if raw else name).partition(":")[0]
        source = self.source(t, bare)
        if source is None:
            return None
        value = {"CLICK_ID": click, "EXTERNAL_ID": c["ext"], "IP": IP, "USER_AGENT": UA,
                 "PARAM": c["params"].get(c["slots"].get(bare, bare), ""),
                 "CLICK_UNIX": str(self.now - CLICKED), "COST": "0.25", "OTHER": "x"}.get(source, "")
        return value if raw else encode(value)

    # -- a landing page --

    def visit_lander(self, hop, page):
        url = Url(page)
        pixel = fill(hop["event_id"], lambda x: first(url.query, x) or "") if "event_id" in hop else None
        if pixel:
            self.page_says(pixel)
        if not hop.get("script"):
            return
        mine = self.storage.setdefault(url.name, {})
        if "lose_cookies" in hop:
            mine.clear()
        self.find_visit(mine, page, url)
        self.page_says(mine["event_id"])
        if "%s://%s" % (url.scheme, url.host) in self.offer["origins"] and ("ttclid" in mine or "click_id" in mine):
            self.register(dict(mine), False)

    def page_says(self, event_id):
        """What its pixel sends."""
        if self.by_link or not self.right["event_id"]:
            self.right["event_id"] = event_id
        self.by_link = False
        self.two_ids |= event_id != self.right["event_id"]

    def find_visit(self, mine, page, url):
        """As web/lander.js: '?', '#' and "&amp;" all begin a parameter, also those of the page before."""
        before = Url(self.document) if self.document else None
        same_origin = before and (before.scheme, before.host) == (url.scheme, url.host)
        said = pairs(re.sub("[?#]|&amp;", "&", page + "?" + (self.document if same_origin else "")))

        def read(names):
            values = (v.strip() for name in names for n, v in said if n == name)
            return next((v for v in values if usable(v) and len(v) <= 1000 and not re.search("[\x00-\x1f\x7f]", v)), "")

        ttclid, event_id, click = read(["ttclid"]), read(["event_id"]), read(self.offer["lander"])
        if ttclid:
            same = mine.get("ttclid") == ttclid
        elif event_id:
            same = mine.get("event_id") == event_id
        else:
            same = not click or mine.get("click_id") in (click, None) or "ttclid" in mine
        if not (same and "event_id" in mine):
            mine.clear()
            mine["event_id"] = event_id or self.make_event_id(ttclid, click)
        mine.update({k: v for k, v in (("ttclid", ttclid), ("click_id", click)) if v})
        late = read(["rtkcid", "rtkclickid-store", "_subid", "bcid"])
        if late:
            mine.setdefault("click_id", late)

    def make_event_id(self, ttclid, click):
        own = click if len(click) > 7 else ""
        if re.fullmatch("[A-Za-z0-9_-]*[A-Za-z][A-Za-z0-9_-]*", own):
            return own
        if ANYTHING in ttclid + own:
            return "ev-" + (ttclid or own)  # made of what nobody can know
        if ttclid or own:
            return "ev-" + "".join(base36(functools.reduce(lambda h, c: (h * k + ord(c)) % 35046933135337, ttclid or own, 7))
                                   for k in (257, 251))
        self.made += 1
        return ANEW if self.right["event_id"] or self.made > 1 else self.new_event_id

    def register(self, said, keyed):
        """A page may add, never overwrite; a keyed call may."""
        said = {k: v for k, v in said.items() if usable(v)}
        mine = next((c for c in self.server if said.get("click_id") and c.get("click_id") == said["click_id"]), None)
        if mine is None and "ttclid" in said:  # the same visit, if one of the two has no click id
            mine = next((c for c in reversed(self.server) if c.get("ttclid") == said["ttclid"] and
                         not ("click_id" in said and "click_id" in c)), None)
        if mine is None:
            self.server.append(said)
        else:
            mine.update({k: v for k, v in said.items() if keyed or k not in mine})

    def decorate(self, page, to):
        """Adds what the link does not name."""
        mine, url = self.storage[Url(page).name], Url(to)
        if (Url(page).scheme, url.scheme) == ("https", "http"):
            return str(url)  # no ids in the clear
        for field, name in (("ttclid", "ttclid"), ("event_id", "event_id"), ("click_id", self.offer["lander"][0])):
            if field in mine and first(url.query, name) is None:
                url.query = (url.query + "&" if url.query else "") + name + "=" + encode(mine[field])
        return str(url)

    # -- hops --

    def named(self, query):
        """A link may name the event_id, before any page does."""
        value = first(query, "event_id")
        if usable(value) and not self.right["event_id"]:
            self.right["event_id"] = value
            self.by_link = True

    def step(self, hop, nxt):
        """nxt: the hop behind it, {} for none."""
        page = re.sub("[^\\x00-\\x7f]+", lambda m: encode(m.group()), self.here)  # as browsers ask
        kind, asked = hop["kind"], Url(page)
        asked.fragment = None
        self.asked += [hop["tracker"]] if kind == "tracker" else []
        click = self.visit_tracker(hop, str(asked)) if kind == "tracker" else None
        if kind == "lander":
            self.visit_lander(hop, page)
        self.named(asked.query)
        self.here = leaves = self.target(hop, page, asked, click) if "to" in hop else page
        self.named(Url(leaves).query)
        lost, changed = compare(str(asked), leaves)
        if kind in INHERITS and Url(leaves).fragment is None and Url(page).fragment is not None:
            self.here = leaves + "#" + Url(page).fragment
        self.hops.append({"kind": kind, "url": leaves if "to" in hop else str(asked), "status": hop.get("status", STATUS.get(kind, 200)),
                          "lost": lost, "changed": changed, **self.states(self.here, nxt)})
        if self.hops[-1]["status"] == 200 or "to" not in hop:
            self.document = str(asked)

    def target(self, hop, page, asked, click):
        kind = hop["kind"]
        if kind == "tracker":
            url = Url(fill(hop["to"], lambda x: self.macro(x, click)))
        else:
            came = lambda x: first(asked.query, x)
            later = self.right if hop.get("script") else ()  # the script fills these three if they did not come
            url = Url(fill(hop["to"], lambda x: None if came(x) is None and x in later else encode(came(x) or "")))
        failures = [(k, a) for k, a in hop.items() if k in FAILURES]
        if kind in CARRYING and asked.query:
            glue = "&"
            own = {n for n, _ in pairs(url.query)}
            carried = "&".join(i for n, v, i in items(asked.query) if decode(n) not in own)
            if "second_question_mark" in hop and url.query and carried:
                glue, failures = "?", [f for f in failures if f[0] != "second_question_mark"]
            if carried:
                url.query = url.query + glue + carried if url.query else carried
        meant = resolve(str(asked), str(url))
        for k, a in failures:
            url = fail(k, a, url)
        if "relative" in hop and Url(resolve(str(asked), str(url))).name != Url(meant).name:
            self.astray = True
        if hop.get("script"):
            known = self.storage[asked.name]
            url = Url(fill(str(url), lambda x: encode(known.get(x, ""))))
        if hop.get("decorate"):
            url = Url(self.decorate(page, str(url)))
        return resolve(str(asked), str(url))

    def states(self, leaves, nxt):
        url = Url(leaves)
        values, behind = [v for _, v in pairs(url.query)], []
        if nxt.get("kind") == "lander" and nxt.get("script"):
            behind = [v for _, v in pairs((url.fragment or "").partition("?")[2] or url.fragment)]
        cookie = self.cookies.get(url.name)
        sites = self.storage.values()
        more = {"ttclid": [v for c in self.clicks.values() for v in c["hands_on"]] + [s.get("ttclid", "") for s in sites],
                "event_id": [s.get("event_id", "") for s in sites], "click_id": [cookie] if cookie else []}
        def state(k):
            if not self.right[k]:
                return "absent"
            if best(values, self.right[k]) == "lost" and self.right[k] in behind:
                return "kept"  # the script looks there when the query has none
            return best(values + more[k], self.right[k])
        return {k: state(k) for k in more}

    # -- the conversion --

    def tracker_of(self, url):
        """Whose URL the network calls; None for clickbaton's own."""
        of_host = [c["tracker"] for c in self.clicks.values() if c["host"] == url.name]
        others = [] if url.path.startswith("/postback/") else self.asked[-1:]
        return next(iter(of_host + others), None)

    def convert(self, network):
        """The URL that the network calls, what comes to clickbaton, and the event's ids; None for what
        does not come."""
        query = Url(self.here).query
        network = fill(network, lambda x: encode(first(query, x) or ""))
        url = Url(network)
        tracker = self.sender = self.tracker_of(url)
        read = {f: next((v for p in self.offer[f] for n, v in pairs(url.query) if n == p and usable(v)), "")
                for f in ("click_id", "ttclid", "event_id")}
        if not tracker:
            return network, read, self.event(read)
        calls = self.trackers[tracker]["calls"]
        known = [v for p in calls for n, v in pairs(url.query) if n == p and v][:1] if calls else [read["click_id"]]
        click = next((k for k in known if k in self.clicks and self.clicks[k]["tracker"] == tracker), None)
        if click is None:
            return network, None, None
        postback = {"click_id": click, "ttclid": self.clicks[click]["ext"]}
        return network, postback, self.event(postback)

    def event(self, postback):
        mine = {k: v for k, v in postback.items() if usable(v)}
        if not mine:
            return None
        click = next((c for c in self.server if "click_id" in mine and c.get("click_id") == mine["click_id"]), None)
        click = click or next((c for c in reversed(self.server) if "ttclid" in mine and c.get("ttclid") == mine["ttclid"]), {})
        ttclid = mine.get("ttclid") or click.get("ttclid") or ""
        click_id = mine.get("click_id") or click.get("click_id") or ""
        event_id = mine.get("event_id") or click.get("event_id") or click_id or ANEW
        if not (ttclid or click_id):
            return None
        return {"ttclid": ttclid, "event_id": event_id}

    def verdict(self, event):
        right = event and event["ttclid"] == self.right["ttclid"] and self.right["event_id"] in ("", event["event_id"])
        return "kept" if right and not self.two_ids and not self.astray else "broken"


FAILURES = ("drop", "keep_only", "rename", "uppercase_keys", "lowercase", "truncate", "double_encode", "decode",
            "html_entities", "second_question_mark", "fragment", "fragment_first", "strip_query", "trailing_slash",
            "duplicate", "relative", "downgrade", "host", "lose_cookies", "base64", "encrypt", "literal",
            "plus_to_space", "space_to_plus", "ascii_only")
