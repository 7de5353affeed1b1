"""report: two weeks of a made-up ledger, counted here in another way; findings; the page in Chromium; mistakes."""
import collections
import fcntl
import html.parser
import math
import pty
import random
import stat
import struct
import termios

import ledger_text
from harness import *

HOUR, DAY = 3600, 86400
UNTIL = 1795392000  # 2026-11-23T00:00:00Z
SINCE, BEFORE = UNTIL - 7 * DAY, UNTIL - 14 * DAY
BOUNDS = [100, 250, 500, 1000, 2500, 5000, 10000, 30000, 60000, 300000, 900000, 3600000, 21600000, 86400000]
HOSTILE = "<script>alert('x')</script>\x1b[31m&\u202e\"" + "w" * 60
SEED = int(os.environ.get("SEED", "6"))


class Ledger:
    """An export of our own making, and the same rows for the oracle."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.clicks, self.postbacks, self.attempts, self.events = [], [], [], []

    def click(self, at, offer, ttclid):
        n = len(self.clicks) + 1
        self.clicks.append(dict(offer=offer, at=at, keyed=0, click_id="k%d" % n,
                                **({"ttclid": "E.C.P.%d" % n} if ttclid else {})))

    def postback(self, at, offer, stage, verdict, code=None, warnings=()):
        n = len(self.postbacks) + 1
        self.postbacks.append(dict(at=at * 1000 + 7, offer=offer, tracker="keitaro", method="GET",
                                   **({"stage": stage} if stage else {}), verdict=verdict, **({"code": code} if code else {}), click_id="c%d" % n,
                                   address="127.0.0.1", params="subid=c%d" % n,
                                   **({"warnings": "".join(w + " words\n" for w in warnings)} if warnings else {})))
        return n

    def event(self, postback, name, keys, took=None, answers=((200, 0, 3),), value=None):
        """answers: (status, code, state) of each attempt; the last state is the event's."""
        p, n, tries = self.postbacks[postback - 1], len(self.events) + 1, []
        at = p["at"]
        for status, code, state in answers:
            end = took if state == 3 else 50
            self.attempts.append(dict(at=at + max(0, end - 40), took_ms=min(end, 40),
                                      pixel=PIXEL, http_status=status, code=-1 if code is None else code,
                                      message="m", _state=state, _event=n))
            tries.append(len(self.attempts))
        state = answers[-1][2] if answers else 1
        row = dict(postback=postback, created=at, offer=p["offer"], pixel=PIXEL, event=name,
                   event_id="e%d" % n, click_id=p["click_id"])
        if value:
            row.update(value_micros=str(value[0]), currency=value[1], original_value_micros=str(value[0] * 2),
                       original_currency="EUR")
        user = {k: "x" for k in keys}
        row.update(state=state, due=at, attempts=len(tries), **({"tries": tries} if tries else {}),
                   body=json.dumps({"event": name, "event_id": "e%d" % n, "user": user}, separators=(",", ":")))
        row["_keys"], row["_took"] = keys, took
        self.events.append(row)

    def text(self):
        return ledger_text.text(self.clicks, self.postbacks, self.attempts, self.events)


def latency(r):
    return r.choice([30, 100, 101, 400, 900, 2000, 2500, 4000, 70000])


def two_weeks(seed):
    """nutra-de loses its values on Friday the 20th and has a new word; crypto goes silent on Saturday."""
    l, r = Ledger(seed), random.Random(seed)
    for day in range(14):
        start = BEFORE + day * DAY
        for i in range(60):
            at = start + r.randrange(DAY)
            l.click(at, "nutra-de", r.random() < 0.9)
            keys = ["ttclid", "external_id"] + (["email"] if r.random() < 0.3 else [])
            lost = day >= 11 and r.random() < 0.8
            p = l.postback(at, "nutra-de", "lead", 1, warnings=["W021", "W028"] if r.random() < 0.2 else [])
            value = None if lost or r.random() < 0.02 else (r.randrange(1, 30000000), "USD")
            l.event(p, "Lead", keys, latency(r), value=value)
        for i in range(12):
            l.postback(start + r.randrange(DAY), "nutra-de", "sale", 2, "D001")
            l.postback(start + r.randrange(DAY), "nutra-de", "rejected", 3, "I001")
        for i in range(35 if day >= 12 else 0):
            l.postback(start + r.randrange(DAY), "nutra-de", "", 4, r.choice(["Q002", "Q002", "Q003"]))
        for i in range(25 if day < 12 else 0):
            p = l.postback(start + r.randrange(DAY), "crypto", "sale", 1)
            l.event(p, "Purchase", ["ttclid"], latency(r), value=(r.randrange(1, 90000000), r.choice(["USD", "BRL"])),
                    answers=[(200, 40100, 1)] * (i % 3) + [(200, 0, 3)])
        for i in range(20):
            l.click(start + r.randrange(DAY), "crypto", True)
    for i in range(3):
        p = l.postback(SINCE + 5 * DAY + i, "nutra-de", "sale", 1)
        l.event(p, "Purchase", [], answers=[(503, None, 1), (200, 40002, 4)][i == 0:])
    p = l.postback(SINCE + 4 * DAY, "nutra-de", "sale", 1)
    l.event(p, "Purchase", [], 4000, answers=[(200, 40105, 1), (200, 0, 3)], value=(10, "USD"))
    p = l.postback(SINCE + 6 * DAY, "nutra-de", "sale", 1)
    l.event(p, "Purchase", [], answers=[])  # still waits
    p = l.postback(SINCE + DAY, HOSTILE, "sale", 1)
    l.event(p, HOSTILE[:90], ["ttclid"], 30, value=(1, "USD"))
    return l


# ---- the oracle ----

def permille(n, of):
    if of <= 0 or n <= 0:
        return None if of <= 0 else 0
    share = (2000 * n + of) // (2 * of)
    return min(max(share, 1), 999) if n < of else share


def share_text(n, of):
    p = permille(n, of)
    return None if p is None else p / 1000


def percentile(took, p):
    if not took:
        return None
    ms = sorted(took)[math.ceil(p * len(took) / 100) - 1]
    return next((b for b in BOUNDS if ms <= b), "over")


def money(micros):
    whole, part = divmod(micros, 1000000)
    return ("%d.%06d" % (whole, part)).rstrip("0").rstrip(".")


def flow(events, now):
    put = len(events)
    by = collections.Counter(e["state"] for e in events)
    values = collections.Counter()
    for e in events:
        if "currency" in e:
            values[e["currency"]] += int(e["value_micros"])
    took = [e["_took"] for e in events if e["state"] == 3]
    return dict(made=put, delivered=(by[3], share_text(by[3], put)), given_up=(by[4], share_text(by[4], put)),
                waiting_over_an_hour=(by[1], share_text(by[1], put)),
                without_value=(sum("currency" not in e for e in events),
                               share_text(sum("currency" not in e for e in events), put)),
                values={c: money(n) for c, n in values.items()},
                keys={k: (n, share_text(n, put)) for k, n in
                      collections.Counter(k for e in events for k in e["_keys"]).items()},
                latency={"p%d" % p: percentile(took, p) for p in (50, 90, 95, 99)})


def check_flow(name, got, events):
    for when, low, high in (("now", SINCE, UNTIL), ("before", BEFORE, SINCE)):
        want = flow([e for e in events if low * 1000 <= e["created"] < high * 1000], when)
        equal("%s, %s: made" % (name, when), got["made"][when], want["made"])
        for k in ("delivered", "given_up", "waiting_over_an_hour", "without_value"):
            equal("%s, %s: %s" % (name, when, k), (got[k][when], got[k]["share_" + when]), want[k])
        equal("%s, %s: values" % (name, when), {c: v[when] for c, v in got["values"].items() if v[when] != "0"}, want["values"])
        equal("%s, %s: keys" % (name, when), {k: (v[when], v["share_" + when]) for k, v in got["keys"].items() if v[when]},
              want["keys"])
        equal("%s, %s: latency" % (name, when), {k: v for k, v in got["latency_ms"][when].items() if k != "buckets"},
              want["latency"])


def check_offer(name, got, l, offer):
    mine = lambda rows: [x for x in rows if offer is None or x["offer"] == offer]
    for when, low, high in (("now", SINCE, UNTIL), ("before", BEFORE, SINCE)):
        clicks = [c for c in mine(l.clicks) if low <= c["at"] < high]
        posts = [p for p in mine(l.postbacks) if low * 1000 <= p["at"] < high * 1000]
        equal("%s, %s: clicks" % (name, when), (got["clicks"][when], got["clicks_with_ttclid"][when]),
              (len(clicks), sum("ttclid" in c for c in clicks)))
        equal("%s, %s: received" % (name, when), got["received"][when], len(posts))
        for i, verdict in enumerate(("queued", "duplicate", "ignored", "quarantined"), 1):
            n = sum(p["verdict"] == i for p in posts)
            equal("%s, %s: %s" % (name, when, verdict), (got[verdict][when], got[verdict]["share_" + when]),
                  (n, share_text(n, len(posts))))
        equal("%s, %s: reasons" % (name, when), {x["code"]: x[when] for x in got["reasons"] if x[when]},
              dict(collections.Counter(p["code"] for p in posts if "code" in p)))
        warned = collections.Counter(w.split()[0] for p in posts for w in p.get("warnings", "").splitlines())
        equal("%s, %s: warnings" % (name, when), {x["code"]: x[when] for x in got["warnings"] if x[when]}, dict(warned))
        answers = collections.Counter()
        for a in l.attempts:
            if (offer is None or l.events[a["_event"] - 1]["offer"] == offer) and low * 1000 <= a["at"] < high * 1000:
                answers[str(a["code"]) if a["code"] >= 0 else "http %d" % a["http_status"], a["_state"]] += 1
        told = {}
        for x in got["answers"]:
            for key, state in (("delivered", 3), ("tried_again", 1), ("given_up", 4)):
                if x[key][when]:
                    told[x["code"], state] = x[key][when]
        equal("%s, %s: answers" % (name, when), told, dict(answers))
    check_flow(name, got["events"], mine(l.events))


made = {}


def store():
    """A folder with the two weeks in its store, once."""
    if "folder" not in made:
        print("seed", SEED)
        l = two_weeks(SEED)
        folder = Folder(offers=("nutra-de", "crypto"))
        folders.remove(folder)  # it outlives a part
        atexit.register(folder.remove)
        i = run("store", "import", "-", folder.at("data"), stdin=l.text())
        equal("the ledger is imported", (i.code, "imported" in i.err), (0, True))
        made.update(folder=folder, ledger=l)
    return made["folder"], made["ledger"]


def report(*words, cwd=None):
    return run("report", "--until", "2026-11-23", *words, cwd=cwd or store()[0].path)


@part
def numbers():
    folder, l = store()
    r = report("--json")
    got = json.loads(r.out)
    equal("something is broken: 1", (r.code, r.err), (1, ""))
    equal("the period", got["period"], {"since": "2026-11-16T00:00:00Z", "until": "2026-11-23T00:00:00Z",
                                        "before": "2026-11-09T00:00:00Z", "zone": "UTC", "step": DAY})
    check_offer("all", got["total"], l, None)
    equal("the offers", [o["offer"] for o in got["offers"]], sorted(["crypto", "nutra-de", HOSTILE]))
    for o in got["offers"]:
        check_offer(o["offer"][:8], o, l, o["offer"])
        for e in o["by_event"]:
            check_flow(o["offer"][:8] + " " + e["event"][:8], e,
                       [x for x in l.events if x["offer"] == o["offer"] and x["event"] == e["event"]])
    days = [sum(SINCE + d * DAY <= p["at"] // 1000 < SINCE + (d + 1) * DAY and p["verdict"] == 4 for p in l.postbacks)
            for d in range(7)]
    equal("over time", [d["quarantined"] for d in got["over_time"]], days)
    one = json.loads(report("--json", "--offer", "crypto").out)
    check_offer("crypto alone", one["total"], l, "crypto")
    equal("crypto alone: no other", [o["offer"] for o in one["offers"]], ["crypto"])


@part
def findings():
    folder, l = store()
    got = json.loads(report("--json").out)["findings"]
    equal("what stands out", [(f["id"], f["level"], f["offer"], f["event"]) for f in got],
          [("token", "broken", "", ""), ("no_events", "broken", "crypto", "Purchase"), ("without_value", "broken", "nutra-de", "Lead"),
           ("quarantined", "broken", "nutra-de", ""), ("given_up", "warning", "nutra-de", "")])
    titles = [f["title"] for f in got]
    equal("a refused token", titles.pop(0), "TikTok refused a token: 40105, INVALID_ACCESS_TOKEN: the token is wrong or revoked")
    got.pop(0)
    equal("silence is told with its day", titles[0], "crypto: no Purchase event since Sat 21 Nov 2026, while clicks go on")
    now = [e for e in l.events if e["event"] == "Lead" and e["created"] >= SINCE * 1000]
    before = [e for e in l.events if e["event"] == "Lead" and e["created"] < SINCE * 1000]
    n, b = sum("currency" not in e for e in now), sum("currency" not in e for e in before)
    percent = lambda p: ("%.1f" % (p / 10)).removesuffix(".0") + " %"
    equal("a share that rose, from, to and since", titles[1],
          "nutra-de: Lead events without value rose from %s to %s since Fri 20 Nov 2026"
          % (percent(permille(b, len(before))), percent(permille(n, len(now)))))
    equal("with its numbers", got[1]["text"], "%d of %d have no value; in the 7 days before %d of %d."
          % (n, len(now), b, len(before)))
    true("each says what to do first", all(f["first"] for f in got))
    has("the remedy is that of the code", got[2]["first"],
        "list the word under a stage of the mapping; then clickbaton replay --offer nutra-de")
    r = report("--fail-on", "never")
    equal("--fail-on never: 0", r.code, 0)
    quiet = run("report", "--until", "2026-11-16", "--since", "7d", cwd=folder.path)
    equal("a week without a finding: 0", (quiet.code, "nothing stands out" in quiet.out), (0, True))
    equal("--fail-on warning: a week without one", run("report", "--until", "2026-11-16", "--fail-on", "warning", cwd=folder.path).code, 0)
    none = run("report", "--since", "2020-01-01", "--until", "2020-01-08", "--fail-on", "warning", cwd=folder.path)
    equal("nothing at all is a warning", (none.code, "WARNING  not one postback arrived" in none.out), (1, True))


@part
def text():
    r = report()
    lines = r.out.splitlines()
    true("100 columns", all(len(line) <= 100 for line in lines), max(lines, key=len))
    true("no blank at a line's end", not any(line.endswith(" ") for line in lines))
    true("no control character, no mark that turns writing", not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", r.out))
    equal("the first line", lines[0],
          "Signal health, the 7 days up to Mon 23 Nov 2026 00:00 (UTC), against the 7 days before")
    has("findings first", r.out.split("Completeness")[0], "  BROKEN   TikTok refused a token: 40105", "  BROKEN   crypto: no Purchase event since Sat 21 Nov 2026",
        "           First: ")
    got = json.loads(report("--json").out)["total"]
    def line(name, x):
        both = [("%.1f" % (x["share_" + w] * 100)).removesuffix(".0") + " %" for w in ("now", "before")]
        return r"^  +%s +%s +%s +%s +%s( |$)" % (name, format(x["now"], ","), both[0], format(x["before"], ","), both[1])
    for name in ("queued", "duplicate", "ignored", "quarantined"):
        true("line of %s" % name, re.search(line(name, got[name]), r.out, re.M), r.out)
    has("codes with their remedies", r.out, "  Q002 unknown status word", "       to do: list the word under a stage of the mapping",
        "  W028 unknown tier", "40100 REQUEST_TOO_FREQUENT: too many requests", "http 503 not TikTok's own answer")
    shifted = report("--tz", "America/New_York")
    has("clocks of a place", shifted.out.splitlines()[0], "up to Mon 23 Nov 2026 00:00 (America/New_York)")
    zone = json.loads(report("--tz", "+05:30", "--json").out)["period"]
    equal("clocks of an offset", (zone["until"], zone["zone"]), ("2026-11-22T19:00:00Z", "+05:30"))
    for until, utc in (("2026-11-22T10:00:00", "2026-11-22T08:00:00Z"), ("2026-11-22T10:00:00Z", "2026-11-22T10:00:00Z"),
                       ("2026-11-22T10:00:00-03:00", "2026-11-22T13:00:00Z"), ("1795348800", "2026-11-22T12:00:00Z")):
        got = json.loads(run("report", "--until", until, "--tz", "+02:00", "--json", cwd=store()[0].path).out)["period"]
        equal("--until %s: a time without a zone is of --tz" % until, got["until"], utc)
    for columns in (80, 40):
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        p = subprocess.Popen([BINARY, "report", "--until", "2026-11-23"], cwd=store()[0].path, stdout=slave)
        os.close(slave)
        seen = b""
        while True:
            try:
                data = os.read(master, 65536)
            except OSError:
                break
            seen += data
        os.close(master)
        equal("in a window of %d columns: the same exit code" % columns, p.wait(20), r.code)
        lines = seen.decode().replace("\r", "").splitlines()
        true("%d columns" % columns, len(lines) > 60 and all(len(line) <= columns for line in lines), max(lines, key=len))
        equal("what was before is shown where there is room", any(line.endswith("    before") for line in lines), columns == 80)


class Page(html.parser.HTMLParser):
    """Tags that are closed as they were opened, ids that are there once, and what refers to them."""
    VOID = {"meta", "br"}

    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.refs, self.tags, self.problems = [], [], [], collections.Counter(), []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags[tag] += 1
        for name, value in attributes:
            self.ids += [value] if name == "id" else []
            self.refs += value.split() if name == "aria-labelledby" else []
            if name.startswith("on") or name in ("src", "href", "style"):
                self.problems.append((tag, name))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        self.open.pop()

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.problems.append(("end of", tag))


@part
def page():
    folder, l = store()
    r = report("--html", "week.html", "--fail-on", "never")
    equal("--html writes beside the text", (r.code, r.err, "Completeness" in r.out), (0, "", True))
    text = folder.read("week.html").decode()
    p = Page(text)
    equal("well-formed: nothing left open, no script, no reference outside", (p.open, p.problems, p.tags["script"]), ([], [], 0))
    equal("ids are there once", [i for i, n in collections.Counter(p.ids).items() if n > 1], [])
    equal("what labels a picture is there", [x for x in p.refs if x not in p.ids], [])
    figures = text.count("<figure")
    true("each chart has its table", figures >= 8 and text.count("<details>") >= figures, figures)
    hasnt("nothing hostile", text, "<script", "\x1b", "\u202e")
    has("but told", text, "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;\ufffd[31m&amp;\ufffd&quot;www")
    got = json.loads(report("--json").out)["total"]["events"]["values"]["USD"]["now"]
    whole, _, rest = got.partition(".")
    has("exact money", text, "USD %s.%s" % (format(int(whole), ","), rest.ljust(2, "0")))
    cut = "The first and the last day of a chart may not be whole."
    hasnt("whole days", text, cut)
    for since, until in (("7d", "2026-11-22T18:00:00Z"), ("2026-11-16T06:00:00Z", "2026-11-23"), ("2026-11-16", "2026-11-22T18:00:00Z")):
        run("report", "--since", since, "--until", until, "--html", "cut.html", cwd=folder.path)
        has("days that are not whole are said to be so", folder.read("cut.html").decode(), cut)
    os.chmod(folder.at("week.html"), 0o600)
    report("--html", "week.html")
    equal("a page that is there is replaced, its mode stays", oct(os.stat(folder.at("week.html")).st_mode & 0o777), "0o600")
    r = report("--html", "nowhere/x.html")
    equal("a page that can't be written: 4, and where", (r.code, r.err.count("nowhere/x.html")), (4, 1))
    os.mkfifo(folder.at("pipe"))
    reader = subprocess.Popen(["cat", folder.at("pipe")], stdout=subprocess.PIPE)
    r = report("--html", "pipe")
    out, _ = reader.communicate(timeout=20)
    equal("a pipe is written to, and stays one", (r.code, out.startswith(b"<!doctype html>"), stat.S_ISFIFO(os.stat(folder.at("pipe")).st_mode)),
          (1, True, True))


@part
def mistakes():
    folder, l = store()
    for words, said in ((("--since", "yesterday"), "--since takes an age (7d, 36h), a date or a time"),
                        (("--until", "x"), "--until takes"),
                        (("--since", "2026-11-24"), "nothing can be between --since 2026-11-24 and 2026-11-23"),
                        (("--since", "500d"), "longer than 400 days"),
                        (("--tz", "Mars/Olympus"), "is no zone"), (("--tz", "../../etc/passwd"), "is no zone"),
                        (("--fail-on", "bad"), "--fail-on takes broken, warning or never"),
                        (("--jsn",), "did you mean --json?")):
        r = run("report", "--until", "2026-11-23", *words, cwd=folder.path)
        equal("report %s: 2" % " ".join(words), (r.code, r.out, said in r.err), (2, "", True))
    r = report("--offer", "nutra-dee")
    has("an offer that is none", r.err, 'no offer is called "nutra-dee"; did you mean "nutra-de"?')
    r = run("report", cwd=Folder().path)
    equal("no store: 4", (r.code, r.out, r.err != ""), (4, "", True))
    r = run("report", "-c", "none.yaml", cwd=folder.path)
    equal("no configuration: 3", (r.code, "none.yaml" in r.err), (3, True))


if __name__ == "__main__":
    main()
