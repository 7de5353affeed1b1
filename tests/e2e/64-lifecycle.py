"""The life of a conversion: every case of tests/cases/lifecycle through a server over HTTP to the sandbox, and the
table of docs/lifecycle.md held against the cases."""
import hashlib
from glob import glob

from harness import *

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
CASES = os.path.join(ROOT, "tests", "cases", "lifecycle")


def read_cases():
    """[(name, mapping, [("wait", seconds) or (postback, verdict, code, events, warnings)])]"""
    out = []
    with open(os.path.join(CASES, "cases.txt")) as f:
        for line in f:
            line = line.strip()
            if not line or line.startswith("#"):
                continue
            if line.startswith("case: "):
                out.append([line[6:], None, []])
            elif line.startswith("mapping: "):
                out[-1][1] = line[9:]
            elif line.startswith("wait "):
                out[-1][2].append(("wait", int(line[5:-1]) * 3600))
            else:
                postback, outcome = line.split(" => ")
                words = outcome.split()
                code = words[1] if len(words) > 1 and re.fullmatch(r"[QID]\d{3}", words[1]) else ""
                out[-1][2].append((postback.strip(), words[0], code, [w for w in words if ":" in w],
                                   [w for w in words if re.fullmatch(r"W\d{3}", w)]))
    return out


def filled(text, c):
    tt = "tt." + hashlib.sha256(("T." + c).encode()).hexdigest()[:32]
    return text.replace("tt({c})", tt).replace("{c}", c)


def sent_text(event):
    p = event.get("properties", {})
    text = "%s:%s" % (event["event"], event["event_id"])
    return text + ("=%g" % p["value"] if "value" in p else "")


def started(sandbox, mappings):
    f = Folder(sandbox.endpoint, offers=())
    os.makedirs(f.at("offers"), exist_ok=True)
    for name in mappings:
        with open(os.path.join(CASES, name + ".yaml")) as m:
            f.write("offers/%s.yaml" % name, m.read())
    return f, Serve(f)


@part
def the_mappings_are_good():
    for name in sorted(glob(os.path.join(CASES, "*.yaml"))):
        r = run("check", name)
        equal("check %s" % os.path.basename(name), (r.code, [l for l in r.err.splitlines() if "note[" not in l]), (0, []))


@part
def every_case():
    cases = read_cases()
    sandbox = Sandbox()
    f, serve = started(sandbox, sorted({c[1] for c in cases}))
    ids = {name: "case%d-%s" % (i, name) for i, (name, _, _) in enumerate(cases)}
    # step by step, all cases side by side, so that waiting is done once
    wanted, done = {name: [] for name in ids}, {name: 0 for name in ids}
    while any(done[name] < len(steps) for name, _, steps in cases):
        waiting = []
        for name, mapping, steps in cases:
            while done[name] < len(steps):
                step, n = steps[done[name]], done[name]
                done[name] += 1
                if step[0] == "wait":
                    waiting.append((ids[name], step[1]))
                    break
                postback, verdict, code, events, warnings = step
                if postback.startswith("@"):
                    postback = "subid={c}&ttclid=T.{c}" + postback[1:]
                status, v = serve.verdict(filled(postback, ids[name]), mapping)
                got = [w[:4] for w in v["warnings"] if w.startswith("W074")]
                equal("%s, postback %d (%s)" % (name, n + 1, v["reason"]),
                      (status, v["verdict"], v.get("code", ""), got), (200, verdict, code, warnings))
                wanted[name] += [filled(e, ids[name]) for e in events]
        if waiting:  # nobody waits two days for a test: what has come is made older, while nothing runs
            wait_until("the deliveries", lambda: not f.rows(
                "SELECT 1 FROM ledger WHERE state IN ('waiting', 'sending') LIMIT 1"))
            equal("stopped", serve.stop(), 0)
            f.edited = True
            db = sqlite3.connect(f.at("data/clickbaton.db"))
            for id, seconds in waiting:
                db.execute("UPDATE postbacks SET at = at - ? WHERE click_id = ?", (seconds * 1000, id))
            db.commit()
            db.close()
            serve = Serve(f)
    total = sum(len(w) for w in wanted.values())
    wait_until("%d events" % total, lambda: sandbox.stats()["unique"] >= total)
    events = sandbox.events()
    for name, id in ids.items():
        own = [sent_text(e) for e in events if e["user"].get("ttclid") == "T." + id]
        equal("%s: what TikTok got" % name, sorted(own), sorted(wanted[name]))
    equal("and nothing else", (len(events), sandbox.stats()["merged"], sandbox.stats()["dropped"]), (total, 0, 0))
    equal("exit 0", (serve.stop(), sandbox.stop()), (0, 0))


def rows_of_the_table():
    with open(os.path.join(ROOT, "docs", "lifecycle.md")) as f:
        for line in f:
            cells = [c.strip() for c in line.strip().strip("|").split("|")]
            if len(cells) == 5 and re.fullmatch(r"`[a-z0-9-]+`", cells[0]):
                yield [cells[0].strip("`")] + cells[1:]


@part
def the_table():
    """What comes, what is sent and the verdicts of each row are the case's; only the reason is prose."""
    rows = {r[0]: r for r in rows_of_the_table()}
    cases = read_cases()
    equal("a row for each case, in their order", list(rows), [c[0] for c in cases])
    for name, mapping, steps in cases:
        if name not in rows:
            continue
        verdicts, sent = [], []
        for step in steps:
            if step[0] == "wait":
                continue
            _, verdict, code, events, warnings = step
            verdicts.append(" ".join([code or verdict] + warnings))
            for e in events:
                event, rest = e.split(":", 1)
                sent.append(event + (" " + rest.split("=")[1] if "=" in rest else ""))
        equal("%s: verdicts" % name, rows[name][3], ", ".join(verdicts))
        equal("%s: sent" % name, rows[name][2], ", ".join(sent))
        true("%s: as many postbacks" % name, len(rows[name][1].split(" → ")) == len(steps), rows[name][1])
        true("%s: why" % name, len(rows[name][4]) > 20, rows[name][4])


@part
def mapping_tests_with_a_past():
    f = Folder(offers=())
    base = """version: 1
offer: o
extends: keitaro
pixel: %s
page_url: https://l.example/
value_currency: USD
payout_currency: USD
transitions: {sale: [new, lead]}
events: {lead: Lead, sale: {event: Purchase, value: payout}, rejected: ignore}
tests:
  - name: a rejection ends it
    before: ["?subid=1&ttclid=T&status=lead", "?subid=1&ttclid=T&status=rejected"]
    given: "?subid=1&ttclid=T&status=sale&payout=5"
    expect: {verdict: ignored, code: I005}
  - name: one postback can stand alone
    before: "?subid=1&ttclid=T&status=sale&payout=5"
    given: "?subid=1&ttclid=T&status=sale&payout=6"
    expect: {verdict: %s, code: D002}
"""
    path = f.write("offers/o.yaml", base % (PIXEL, "duplicate"))
    r = run("check", path)
    equal("both pass", (r.code, "2" in r.out), (0, True))
    path = f.write("offers/o.yaml", base % (PIXEL, "queued"))
    r = run("check", path)
    equal("a wrong expectation fails", r.code, 1)
    has("and says what came", r.out + r.err, "M019", "- verdict: queued", "+ verdict: duplicate")
    path = f.write("offers/o.yaml", base.replace("?subid=1&ttclid=T&status=lead", "?&&status=%%zz") % (PIXEL, "duplicate"))
    r = run("check", path)
    true("an odd earlier postback does no harm", r.code in (0, 1), r)


@part
def translate_with_history():
    lines = "".join("subid=h&ttclid=T&status=%s\n" % s for s in ("sale&payout=5", "rejected", "sale&payout=5"))
    offer = os.path.join(CASES, "plain.yaml")
    alone = [json.loads(l) for l in run("translate", offer, "-", "--json", stdin=lines).out.splitlines()]
    equal("without it each line is alone", [v["verdict"] for v in alone], ["queued", "ignored", "queued"])
    past = [json.loads(l) for l in run("translate", offer, "-", "--json", "--history", stdin=lines).out.splitlines()]
    equal("with it they follow each other", [(v["verdict"], v.get("code")) for v in past],
          [("queued", None), ("ignored", "I006"), ("duplicate", "D004")])
    r = run("translate", offer, "?subid=h", "--history")
    equal("it needs lines", (r.code, "needs the postbacks as lines" in r.err), (2, True))
    r = run("translate", offer, "-", "--history", "--explain",
            stdin="subid=h&ttclid=T&status=lead\nttclid=T&status=sale&payout=5\n")
    has("a click id from before is told", r.out, "of the click that an earlier postback with this ttclid named")
    start = time.monotonic()
    many = run("translate", offer, "-", "--json", "--history", seconds=120,
               stdin="".join("subid=m%d&ttclid=T%d&status=sale&payout=5\n" % (i % 15000, i % 15000) for i in range(30000)))
    verdicts = re.findall(r'"verdict":"(\w+)"', many.out)
    equal("30,000 lines", (verdicts.count("queued"), verdicts.count("duplicate")), (15000, 15000))
    true("in reasonable time", time.monotonic() - start < 60, time.monotonic() - start)


@part
def a_diff_with_a_past():
    f = Folder(offers=())
    with open(os.path.join(CASES, "plain.yaml")) as m:
        old = m.read()
    f.write("old.yaml", old)
    f.write("new.yaml", old + "transitions: {sale: [new, lead], rebill: [sale]}\n")
    f.write("lines.txt", "".join("?subid=%s&ttclid=T&status=%s\n" % s for s in (
        ("a", "rejected"), ("a", "sale&payout=5"), ("b", "sale&payout=7&tid=1"), ("b", "sale&payout=8&tid=1"),
        ("c", "rebill&payout=9&tid=1"), ("b", "rebill&payout=7&tid=1"))))
    r = run("diff", "old.yaml", "new.yaml", "--against", "lines.txt", "--json", cwd=f.path)
    d = json.loads(r.out)
    equal("what transitions would have refused", [
        (c["postback"], c["old"]["verdict"], c["new"]["verdict"], c["new"]["code"]) for c in d["changes"]],
          [(2, "queued", "ignored", "I005"), (5, "queued", "ignored", "I007")])
    equal("and what both sides have sent", {k: d["verdicts"][k]["queued"] for k in ("old", "new")}, {"old": 3, "new": 1})


main()
