"""`clickbaton reconcile`: exports of all five trackers and a CRM against a store that a real server has filled, with
known damage; the table and the causes are computed here by Python from what was done.  And bad files."""
import collections
import csv
import datetime
import hashlib
import io
import zoneinfo

from harness import *

BASE = datetime.datetime(2025, 10, 24, tzinfo=datetime.timezone.utc)  # clocks go back on the 26th
STEP = 37 * 60
UTC = datetime.timezone.utc
KINDS = {0: "dead", 1: "dead", 5: "missing", 6: "missing", 9: "quarantined", 12: "ignored", 15: "other click",
         18: "repeat", 21: "no ttclid", 24: "only here", 27: "twice in file", 30: "taken back", 33: "amount",
         36: "test", 37: "test", 40: "lead", 41: "lead", 44: "missing", 60: "pending", 63: "gone from crm", 47: "by rule", 50: "second sale"}
COUNT, WAITING = 104, 2


class Conversion:
    def __init__(self, i):
        self.i, self.kind = i, KINDS.get(i, "ok" if i < COUNT - WAITING else "waiting")
        self.click, self.txid = "clk%04dAb" % (i - (self.kind == "second sale")), "ord-%d" % (7000 + i)
        self.amount = 1000 + i * 13 % 700  # cents
        self.currency = "EUR" if i % 4 == 0 else "USD"
        self.offer = "tests" if self.kind == "test" else "nutra-de"
        self.at = BASE + datetime.timedelta(seconds=STEP * (i + 1))
        self.status = {"ignored": "trash", "taken back": "rejected", "lead": "lead", "pending": "hold"}.get(self.kind, "sale")
        self.email = "Buyer%d@Shop.example" % i
        self.postbacks = []

    def query(self, **change):
        q = {"subid": self.click, "external_id": "E.C.P.%04d" % self.i, "status": self.status, "tid": self.txid,
             "payout": "%d.%02d" % divmod(self.amount, 100), "currency": self.currency.lower(), "email": self.email}
        if self.kind == "no ttclid":
            del q["external_id"]
        q.update(change)
        return urllib.parse.urlencode(q)

    def fired(self):
        return {"missing": [], "pending": [], "quarantined": [self.query(status="weird")],
                "by rule": [self.query(status="trash")], "other click": [self.query(subid="zzz%d" % self.i)], "repeat": [self.query(), self.query()],
                "taken back": [self.query(status="sale"), self.query(status="rejected")]}.get(self.kind, [self.query()])

    def in_file(self):
        """Amount in cents of each of its rows in the tracker's file."""
        return {"only here": [], "twice in file": [self.amount] * 2, "amount": [self.amount + 150]}.get(self.kind, [self.amount])


def filled():
    """A folder whose store holds the conversions, spread over four days."""
    sandbox = Sandbox("--fault", "first=2:code=40062")
    f = Folder(sandbox.endpoint, pixels={PIXEL: "{token: {file: ./keys/tiktok}}",
                                         PIXEL2: "{token: {file: ./keys/tiktok}, test_event_code: TEST123}"})
    f.write("offers/tests.yaml", offer_text("tests", PIXEL2))
    serve = Serve(f)
    all_ = [Conversion(i) for i in range(COUNT)]
    times = []
    for c in all_:
        if c.kind == "waiting" and sandbox.running():
            wait_until("the deliveries", lambda: not f.rows("SELECT 1 FROM ledger WHERE state IN ('waiting', 'sending') LIMIT 1"))
            sandbox.stop()
        for n, query in enumerate(c.fired()):
            serve.fire(query, c.offer)
            times.append(c.at + datetime.timedelta(seconds=20 * n))
        if c.kind == "dead":
            wait_until("a dead letter", lambda: len(f.rows("SELECT 1 FROM ledger WHERE state = 'dead'")) == c.i + 1)
    serve.fire(all_[3].query(), key="wrong")
    serve.fire(all_[3].query(), key="wrong")
    refused = run("reconcile", "--tracker", f.write("one.csv", "subid\nclk0000Ab\n"), "--json", cwd=f.path)
    equal("what a running server has refused is told", [(c["detail"], c["count"]) for c in json.loads(refused.out)["causes"]
                                                         if c["code"] == "F002"], [("R001", 2)])
    serve.stop()
    f.edited = True
    db = sqlite3.connect(f.at("data/clickbaton.db"))
    for (id_,), at in zip(db.execute("SELECT id FROM postbacks ORDER BY id").fetchall(), times):
        ms = int(at.timestamp() * 1000)
        db.execute("UPDATE postbacks SET at = ? WHERE id = ?", (ms, id_))
        db.execute("UPDATE events SET created = ? WHERE postback = ?", (ms, id_))
    db.commit()
    db.close()
    return f, all_


# ---- what must come out ----

OUTCOME = {"dead": "F010", "missing": "F001", "quarantined": "F003", "ignored": "F006", "taken back": "F015",
           "waiting": "F011", "test": "F012", "pending": "F006", "by rule": "F004", "second sale": "F020"}
DETAIL = {"dead": "40062", "quarantined": "Q002", "by rule": "I001", "second sale": "D003"}
NOT_EXPECTED = ("ignored", "taken back", "pending", "by rule")


def expected(all_, zone, crm=None):
    days = collections.defaultdict(lambda: collections.Counter())
    causes = collections.Counter()
    for c in all_:
        day = c.at.astimezone(zone).strftime("%Y-%m-%d")
        here = c.kind not in ("missing", "pending")
        d = days[day, c.offer if here else "Offer %s" % c.offer]
        rows = len(c.in_file())
        said = (c.at - datetime.timedelta(seconds=5)).astimezone(zone).strftime("%Y-%m-%d")  # by the file's clock
        days[said, c.offer if here else "Offer %s" % c.offer]["in_tracker"] += bool(rows)
        if rows == 2:
            causes["tracker", "F005", None] += 1
        if c.kind in OUTCOME:
            causes["tracker", OUTCOME[c.kind], DETAIL.get(c.kind)] += 1
        if c.kind == "other click":
            causes["tracker", "F009", None] += 1
        if c.kind in ("amount", "lead"):
            causes["tracker", "F016", None] += 1
        if c.kind == "only here":
            causes["ledger", "F013", "delivered"] += 1
        if c.kind == "no ttclid":
            causes["ledger", "F017", None] += 1
        d["received"] += len(c.fired())
        d["unique"] += len(c.fired()) - (c.kind in ("repeat", "second sale"))
        d["ignored"] += c.kind in ("ignored", "taken back", "by rule")
        d["quarantined"] += c.kind == "quarantined"
        d["waiting"] += c.kind == "waiting"
        d["dead"] += c.kind == "dead"
        d["delivered"] += here and c.kind not in ("ignored", "quarantined", "waiting", "dead", "by rule", "second sale")
        if crm is not None:
            d["in_crm"] += c in crm
    return {k: {n: v for n, v in d.items() if v} for k, d in days.items() if any(d.values())}, dict(causes)


def got(report):
    days = {(d["day"], d.get("offer") or d.get("named_by_file")): {k: v for k, v in d.items() if isinstance(v, int) and v}
            for d in report["days"]}
    causes = {(c["of"], c["code"], c["detail"]): c["count"] for c in report["causes"]}
    return days, causes


# ---- exports ----

def table(rows, separator=",", quote=csv.QUOTE_MINIMAL, end="\n"):
    out = io.StringIO()
    csv.writer(out, delimiter=separator, quoting=quote, lineterminator=end).writerows(rows)
    return out.getvalue()


def money(cents, mark="."):
    return "%d%s%02d" % (cents // 100, mark, cents % 100)


def export(all_, headers, zone, form, words, mark=".", extra=()):
    """Rows of a tracker: columns are click, txid, status, amount, currency, time, offer, and what we must not read."""
    out = [list(headers) + [h for h, _ in extra]]
    for c in all_:
        for amount in c.in_file():
            at = c.at.astimezone(zone) - datetime.timedelta(seconds=5)
            values = {"click": c.click, "txid": c.txid, "status": words.get(c.status, c.status), "amount": money(amount, mark),
                      "currency": c.currency, "time": at.strftime(form), "offer": "Offer %s" % c.offer}
            out.append([values[v] for v in headers.values()] + [v for _, v in extra])
    return out


BERLIN, NY = zoneinfo.ZoneInfo("Europe/Berlin"), zoneinfo.ZoneInfo("America/New_York")
TRACKERS = {
    "keitaro": ({"Conversion ID": "txid", "Sub ID": "click", "TID": "txid", "Status": "status", "Revenue": "amount", "Currency": "currency",
                 "Postback datetime": "time", "Offer": "offer"}, UTC, "%Y-%m-%d %H:%M:%S", {}, ".", ",", "UTC",
                (("External ID", "E.C.P.x"), ("Click datetime", "2020-01-01 00:00:00"), ("Sub ID 1", "other"))),
    "voluum": ({"Postback Timestamp": "time", "External ID": "txid", "Click ID": "click", "Transaction ID": "txid", "Revenue": "amount",
                "Conversion type": "status", "Offer name": "offer", "Payout currency": "currency"}, NY, "%Y-%m-%d %I:%M:%S %p",
               {"sale": "Purchase"}, ".", ",", "America/New_York", (("Visit Timestamp", "2020-01-01 01:00:00 AM"),)),
    "redtrack": ({"clickid": "click", "created_at": "time", "type": "status", "payout": "amount", "transaction_id": "txid", "offer": "offer",
                  "currency": "currency"}, UTC, "%Y-%m-%dT%H:%M:%SZ", {"sale": "Approved", "trash": "Declined", "rejected": "Declined", "hold": "Pending"},
                 ".", ",", "UTC", ()),
    "bemob": ({"Click ID": "click", "Conversion Timestamp": "time", "Payout": "amount", "Currency": "currency", "Transaction ID": "txid",
               "Status": "status", "Offer": "offer"}, BERLIN, "%d.%m.%Y %H:%M:%S",
              {"sale": "confirm", "trash": "decline", "rejected": "decline", "hold": "new"}, ",", ";", "Europe/Berlin", ()),
    "binom": ({"ClickID": "click", "Conversion time": "time", "Pay": "amount", "Cnv Currency": "currency", "Cnv Status": "status",
               "TxID": "txid", "Offer": "offer"}, UTC, "%d/%m/%Y %H:%M", {"sale": "approved"}, ".", "\t", "UTC", ()),
}


def near(days, causes, report, name):
    """Rows of the hour that clocks show twice are read as its first one, which may be the day before."""
    equal(name + ": the table", got(report)[0], days)
    equal(name + ": the causes", got(report)[1], causes)


@part
def five_trackers_and_a_crm():
    f, all_ = filled()
    for name, (headers, zone, form, words, mark, separator, tz, extra) in TRACKERS.items():
        f.write(name + ".csv", table(export(all_, headers, zone, form, words, mark, extra), separator))
        r = run("reconcile", "--tracker", name + ".csv", "--tz", tz, "--json", cwd=f.path)
        report = json.loads(r.out or "{}")
        if not equal(name + ": exit 1, nothing on stderr", (r.code, r.err), (1, "")):
            continue
        near(*expected(all_, zone), report, name)
        rows = [c for c in all_ if c.in_file() and c.kind not in NOT_EXPECTED]
        lost = [c for c in rows if c.kind in ("dead", "missing", "quarantined", "second sale")]
        equal(name + ": expected, lost", (report["tracker"]["expected"], report["tracker"]["lost"]), (len(rows), len(lost)))
        equal(name + ": the gap", round(report["tracker_gap_percent"], 6), round(100 * len(lost) / len(rows), 6))
        equal(name + ": not one row was left out", (report["tracker"]["not_read"], report["tracker"]["problems"], report["shift_seconds"]), (0, {}, 0))
        by = {m["currency"]: m for m in report["revenue"]["by_currency"]}
        for cur in ("EUR", "USD"):
            sum_ = sum(c.in_file()[0] for c in all_ if c.in_file() and c.kind not in NOT_EXPECTED[:3] and c.currency == cur)
            equal("%s: sum of %s" % (name, cur), by[cur]["tracker"], ("%.2f" % (sum_ / 100)).rstrip("0").rstrip("."))
        true(name + ": 20 samples", len(report["sample"]) == 20 and all(s["id"].startswith("clk") for s in report["sample"]))
    hasnt("no e-mail is shown", json.dumps(report), "@")
    crm_rows(f, all_)
    pages_of_docs()
    page(f, all_)
    options(f, all_)
    periods(f, all_)
    bad_files(f)


def pages_of_docs():
    """docs/reconcile.md has every cause with its title, every header with its mark, and options that there are."""
    with open(os.path.join(ROOT, "docs/reconcile.md"), encoding="utf-8") as d, open(os.path.join(ROOT, "core/csv/columns.def"), encoding="utf-8") as c, \
            open(os.path.join(ROOT, "core/base/codes.c"), encoding="utf-8") as k:
        docs, columns, codes = d.read(), c.read(), k.read()
    titles = dict(re.findall(r'\{ "(F0[012]\d)", "([^"]+)"', codes))
    equal("docs: the causes", dict(re.findall(r"^\| (F\d{3}) \| ([^|]+) \|", docs, re.M)), titles)
    rows = re.findall(r'^COLUMN\((\w+), "([^"]+)", .*?, (CODE|GUESS)\)', columns, re.M)
    for column in sorted({r[0] for r in rows}):
        equal("docs: headers of " + column, re.search(r"^\| %s \| (.*) \|$" % column.lower(), docs, re.M).group(1),
              ", ".join(("**%s**" if m == "CODE" else "%s") % h for c, h, m in rows if c == column))
    help_ = run("reconcile", "--help").out
    has("docs: options", help_, *set(re.findall(r"(?<![\w-])--(?!dead|json)[a-z][a-z-]*", docs)))


def crm_rows(f, all_):
    """Orders by number, by click id, and by e-mail alone."""
    keitaro = TRACKERS["keitaro"]
    crm = [c for c in all_ if c.kind not in ("gone from crm", "lead", "pending")]
    rows = [["Order number", "click_id", "E-Mail", "Total", "Currency", "State", "Paid at"]]
    for c in crm:
        by_mail = c.i % 3 == 2 and c.kind not in ("missing", "other click", "only here", "quarantined", "by rule", "second sale")
        rows.append(["" if by_mail else c.txid, c.click if c.i % 3 == 1 and c.kind != "other click" else "", " %s " % c.email.upper() if by_mail else "",
                     money(c.amount, ","), c.currency, "cancelled" if c.status in ("trash", "rejected") else "paid",
                     c.at.astimezone(NY).strftime("%m/%d/%Y %I:%M %p")])
    rows.append(["ord-999", "", "", "5,00", "USD", "paid", "10/25/2025 09:00 AM"])
    f.write("crm.csv", table(rows, ";"))
    r = run("reconcile", "--tracker", "keitaro.csv", "--crm", "crm.csv", "--crm-tz", "America/New_York", "--json", "--tolerance", "50", cwd=f.path)
    if not equal("crm: within 50 %", (r.code, r.err), (0, "")):
        return
    report = json.loads(r.out)
    days, causes = expected(all_, UTC, crm)
    days[("2025-10-25", None)] = {"in_crm": 1}
    for c in crm:  # what is nowhere else has no name of an offer in this file
        if c.kind == "missing":
            key = (c.at.strftime("%Y-%m-%d"), "Offer nutra-de")
            days[key]["in_crm"] -= 1
            if not days[key]["in_crm"]:
                del days[key]["in_crm"]
            key = (c.at.strftime("%Y-%m-%d"), None)
            days.setdefault(key, {}).setdefault("in_crm", 0)
            days[key]["in_crm"] += 1
    count = collections.Counter((OUTCOME[c.kind], DETAIL.get(c.kind)) for c in crm if c.kind in OUTCOME)
    for (code, detail), n in count.items():
        causes["crm", code, detail] = n
    causes["crm", "F014", None] = 2  # ord-999, and what the tracker's file lacks
    causes["ledger", "F019", None] = sum(c.kind in ("gone from crm", "lead") for c in all_)
    equal("crm: the table", got(report)[0], days)
    equal("crm: the causes", got(report)[1], causes)
    equal("crm: columns", report["crm"]["columns"], {"click_id": "click_id", "txid": "Order number", "status": "State", "amount": "Total",
                                                    "currency": "Currency", "time": "Paid at", "email": "E-Mail"})
    hasnt("crm: no e-mail, not even hashed", r.out, "shop.example", "SHOP.EXAMPLE", hashlib.sha256(b"buyer2@shop.example").hexdigest())
    text = run("reconcile", "--tracker", "keitaro.csv", "--crm", "crm.csv", "--crm-tz", "America/New_York", cwd=f.path)
    equal("as text: exit 1 past 5 %", (text.code, text.err), (1, ""))
    has("as text: cause, first check, id", text.out, "F001 in the file, but no postback of it came", "clickbaton trace clk0005Ab",
        "F010 given up: 40062", "first: ", "in crm", "sample of 20 (--seed 1)", "The gap is larger than the tolerance of 5.00 %.")


def page(f, all_):
    """--html: one file, nothing fetched, everything escaped."""
    f.write("evil.csv", "Sub ID,Offer,Date\n<script>alert(1)</script>,\"\"\"><img src=x onerror=alert(1)>\",2025-10-24 12:00:00\nclk0005Ab,x,2025-10-24 13:00:00\n")
    for file, more in (("keitaro.csv", ["--crm", "crm.csv", "--crm-tz", "America/New_York"]), ("evil.csv", [])):
        r = run("reconcile", "--tracker", file, "--html", "out.html", *more, cwd=f.path)
        html = f.read("out.html").decode()
        true("%s as a page" % file, r.code == 1 and html.startswith("<!doctype html>") and html.rstrip().endswith("</html>"), r)
        hasnt("%s: nothing is fetched, nothing runs" % file, html.lower(), "<script", "<img", "<a ", "http://", "https://", "url(", "<link", "@import")
        has("%s: causes and examples" % file, html, "F001 in the file, but no postback of it came", "clickbaton trace clk0005Ab")
    r = run("reconcile", "--tracker", "keitaro.csv", "--html", "nowhere/out.html", cwd=f.path)
    equal("--html into no folder: exit 4", (r.code, r.out), (4, ""))


def options(f, all_):
    rows = [["Date", "Sub ID 1", "Bill, no."]] + [[c.at.strftime("%Y-%m-%d %H:%M:%S"), c.click, c.txid] for c in all_ if c.in_file()]
    f.write("odd.csv", table(rows))
    r = run("reconcile", "--tracker", "odd.csv", "--json", cwd=f.path)
    equal("unknown columns: exit 3", (r.code, r.out), (3, ""))
    has("unknown columns: code, those that are there", r.err, "odd.csv: error[F032]: no column with click_id or txid was found", '"Sub ID 1"', '"Bill, no."')
    r = run("reconcile", "--tracker", "odd.csv", "--columns", "click_id=Sub ID 1,txid=Bill, no.", "--json", cwd=f.path)
    equal("--columns, with a comma in a header", json.loads(r.out)["tracker"]["columns"], {"click_id": "Sub ID 1", "txid": "Bill, no.", "time": "Date"})
    r = run("reconcile", "--tracker", "odd.csv", "--columns", "click_id=Sub ID 2", cwd=f.path)
    equal("--columns with a header that is not there: exit 3", r.code, 3)
    has("--columns: did you mean", r.err, 'error[F038]: there is no column "Sub ID 2" for click_id; did you mean "Sub ID 1"?')
    for words, why in ((("--tz", "Mars/Olympus"), "--tz Mars/Olympus is no zone"), (("--tz", "../../etc/passwd"), "is no zone"),
                       (("--since", "soon"), "--since and --until take"), (("--tolerance", "x"), "--tolerance takes percent"),
                       (("--window", "400d"), "--window takes"), (("--currency", "dollars"), "three letters"), (("--sample", "-1"), "--sample takes"),
                       (("--decimal", "dot"), "--decimal takes"), (("--dates", "x"), "--dates takes"), (("--encoding", "ebcdic"), "--encoding takes")):
        r = run("reconcile", "--tracker", "keitaro.csv", *words, cwd=f.path)
        equal("%s: exit 2" % " ".join(words), (r.code, r.out), (2, ""))
        has("%s: why" % " ".join(words), r.err, why)
    f.write("old.csv", b"Sub ID,Date,Offer\nclk-of-old,2024-01-01 10:00:00,\xd0\xa8\xd0\xa8\xff\n")
    report = json.loads(run("reconcile", "--tracker", "old.csv", "--json", cwd=f.path).out)
    equal("older than the ledger: F018; a byte that is no UTF-8: F039", ([c["code"] for c in report["causes"] if c["of"] == "tracker"], report["tracker"]["problems"]),
          (["F018"], {"F039": 1}))
    equal("no --tracker: exit 2", run("reconcile", cwd=f.path).code, 2)
    one, two = (run("reconcile", "--tracker", "keitaro.csv", "--json", "--sample", "7", "--seed", "42", cwd=f.path).out for _ in range(2))
    other = run("reconcile", "--tracker", "keitaro.csv", "--json", "--sample", "7", "--seed", "43", cwd=f.path).out
    equal("the same seed, the same sample", one, two)
    true("another seed, another sample", json.loads(one)["sample"] != json.loads(other)["sample"])


def periods(f, all_):
    """A wrong zone is found out, and each period has its own rows."""
    headers, _, form, words, mark, separator, _, extra = TRACKERS["keitaro"]
    for zone, name, shift in ((zoneinfo.ZoneInfo("Asia/Kolkata"), "kolkata", 5.5), (zoneinfo.ZoneInfo("America/Bogota"), "bogota", -5)):
        f.write(name + ".csv", table(export(all_, headers, zone, form, words)))
        report = json.loads(run("reconcile", "--tracker", name + ".csv", "--json", cwd=f.path).out)
        equal("%s read as UTC: the shift is found" % name, report["shift_seconds"], int(shift * 3600))
        true("%s: F008" % name, any(c["code"] == "F008" for c in report["causes"]))
        report = json.loads(run("reconcile", "--tracker", name + ".csv", "--tz", zone.key, "--json", cwd=f.path).out)
        equal("%s with --tz: none, and the table" % name, (report["shift_seconds"], got(report)), (0, expected(all_, zone)))
    text = run("reconcile", "--tracker", "kolkata.csv", cwd=f.path).out
    has("in words", text, "F008 all times are off by the same hours: the file is 5:30 hours ahead")
    day = [c for c in all_ if c.at.strftime("%Y-%m-%d") == "2025-10-25"]
    report = json.loads(run("reconcile", "--tracker", "keitaro.csv", "--since", "2025-10-25", "--until", "2025-10-26", "--json", cwd=f.path).out)
    days, causes = expected(day, UTC)
    equal("one day: the table", got(report)[0], days)
    equal("one day: the causes", got(report)[1], causes)
    equal("one day: the others", report["tracker"]["outside"], sum(len(c.in_file()) for c in all_ if c not in day))
    # 23:59 in the tracker, 00:01 here.
    late = [c for c in all_ if c.at.strftime("%H:%M") > "23:20" or c.at.strftime("%H:%M") < "00:37"][0]
    edge = (late.at + datetime.timedelta(seconds=-2)).strftime("%Y-%m-%d %H:%M:%S")
    report = json.loads(run("reconcile", "--tracker", "keitaro.csv", "--until", edge, "--json", cwd=f.path).out)
    equal("at the edge: said so, not missing", [c["count"] for c in report["causes"] if (c["of"], c["code"]) == ("tracker", "F007")], [1])
    report = json.loads(run("reconcile", "--tracker", "keitaro.csv", "--offer", "tests", "--json", cwd=f.path).out)
    equal("--offer: its rows here", {d.get("offer") for d in report["days"] if d["received"]}, {"tests"})


def bad_files(f):
    good_ = "Sub ID;Status;Revenue;Date\nclk0003Ab;sale;10,39;2025-10-24 02:28:00\n"
    fine = {
        "BOM": b"\xef\xbb\xbf" + good_.encode(), "UTF-16LE": b"\xff\xfe" + good_.encode("utf-16-le"), "UTF-16BE": b"\xfe\xff" + good_.encode("utf-16-be"),
        "UTF-16 without a mark": good_.encode("utf-16-le"), "CRLF": good_.replace("\n", "\r\n").encode(), "CR": good_.replace("\n", "\r").encode(),
        "no line end": good_.rstrip("\n").encode(), "sep=": b"sep=;\r\n" + good_.encode(), "empty lines": ("\n\n" + good_ + "\n\n").encode(),
        "quoted": good_.replace("sale", '"sa""le\nof ; two lines"').encode(), "all quoted": "\n".join(";".join('"%s"' % c for c in l.split(";")) for l in good_.split("\n") if l).encode(),
        "1251": good_.replace("Status", "\u0421\u0442\u0430\u0442\u0443\u0441").replace("sale", "\u043f\u0440\u043e\u0434\u0430\u0436\u0430").encode("cp1251"),
        "1252": good_.replace("sale", "bestätigt für Zoë").encode("cp1252"),
    }
    for name, data in fine.items():
        f.write("x.csv", data)
        r = run("reconcile", "--tracker", "x.csv", "--json", cwd=f.path)
        report = json.loads(r.out) if r.out else {"tracker": {}}
        t = report["tracker"]
        equal("%s: read" % name, (t.get("rows"), t.get("not_read"), t.get("problems"), t.get("expected"), t.get("delivered")), (1, 0, {}, 1, 1))
        equal("%s: its time and amount" % name, (t.get("oldest"), report.get("revenue", {}).get("by_currency", [{}])[0].get("tracker") if r.out else r.err),
              ("2025-10-24T02:28:00Z", "10.39"))
    broken = {
        "an empty file": (b"", 3, "error[F030]: the file is empty"), "a header alone": (b"Sub ID,Date\n", 3, "error[F030]: there is no row"),
        "a spreadsheet": (b"PK\x03\x04" + bytes(range(256)) * 40, 3, "error[F031]: this is a spreadsheet"),
        "garbage": (bytes(range(1, 255)) * 40 + b"\0", 3, "error[F031]"), "a web page": (b"<!DOCTYPE html><html>login", 3, "error[F031]: this is a web page"),
        "a line of 10 MB": (b"Sub ID,Date\n" + b"x" * (10 << 20), 3, "error[F035]: the row that begins in line 2 is longer than 1 MB"),
        "10,000 columns": (b"Sub ID," * 10000 + b"\n", 3, "error[F035]: line 1 has more than 512 columns"),
        "unclear dates": (b"Sub ID,Date\n" + b"a,03/04/2025\n" * 20, 3, "error[F037]: \"03/04/2025\" has two readings: say --dates dmy or mdy"),
        "ragged": (b"Sub ID,Date\n" + b"a,2025-10-24,x,y\n" * 20, 3, "x.csv:2:1: error[F033]: this row has 4 columns, the first one 2"),
    }
    for name, (data, code, why) in broken.items():
        f.write("x.csv", data)
        r = run("reconcile", "--tracker", "x.csv", cwd=f.path)
        equal("%s: exit %d" % (name, code), (r.code, r.out), (code, ""))
        has("%s: why" % name, r.err, why)
    f.write("x.csv", b"Sub ID,Revenue,Date\nclk0003Ab,\"1,234\",03/04/2025\nclk0004Ab,\"1,234.50\",13/04/2025\n,Total,\nclk0005Ab,x,2025-10-24 03:00\n" + b"clk0007Ab,1,2025-10-24\n" * 40 + b"b,\"open\n")
    r = run("reconcile", "--tracker", "x.csv", "--json", cwd=f.path)
    t = json.loads(r.out)["tracker"]
    equal("habits are learned; what is mended is told with its place", (t["problems"], t["oldest"], [(p["code"], p["line"], p["column"]) for p in t["first_problems"]]),
          ({"F036": 1, "F040": 1, "F034": 1, "F033": 1}, "2025-04-03T00:00:00Z", [("F040", 4, 1), ("F036", 5, 11), ("F034", 46, 3), ("F033", 46, 1)]))
    for path, why in (("data", "this is a folder"), ("nowhere.csv", "No such file")):
        r = run("reconcile", "--tracker", path, cwd=f.path)
        equal("%s: exit 4" % path, (r.code, r.out), (4, ""))
        has("%s: why" % path, r.err, "clickbaton reconcile: %s: %s" % (path, why))
    for name, text, words, err in (
            ("none.csv", "", (), "none.csv: error[F030]: the file is empty\n  export it again, for a period with conversions\n"),
            ("bin.csv", bytes(range(256)) * 20, (), "bin.csv: error[F031]: this is a file with zero bytes, no CSV\n  export it as CSV\n"),
            ("noid.csv", "Status,Revenue\nsale,1\n", (), "noid.csv: error[F032]: no column with click_id or txid was found; the columns here are "
             "\"Status\", \"Revenue\"\n  name it with --columns\n"),
            ("endless.csv", "Sub ID\n" + "x" * 1100000, (), "endless.csv: error[F035]: the row that begins in line 2 is longer than 1 MB\n"
             "  a quote or line end is missing: export it again\n"),
            ("twice.csv", "Sub ID,TID\na,b\n", ("--columns", "click_id=Sub ID,click_id=TID"), "twice.csv: error[F038]: click_id is said twice\n"
             "  write COLUMN=HEADER, with headers as they stand in the file\n"),
            ("wrong.csv", "Sub ID,TID\na,\nb,\nc,3\n", ("--columns", "click_id=TID"), "wrong.csv:2:1: error[F040]: this row has no id\n"
             "wrong.csv:3:1: error[F040]: this row has no id\nclickbaton reconcile: wrong.csv: 2 of 3 rows can't be read: nothing was compared; the columns that "
             "were taken: click_id=\"TID\" txid=\"TID\"\n  are these the right ones? --columns names others\n")):
        f.write(name, text)
        r = run("reconcile", "--tracker", name, *words, cwd=f.path)
        equal("%s: what, where, what to do" % name, (r.code, r.out, r.err), (3, "", err))
    f.write("few.csv", "Sub ID,sub id\nclk0005Ab,other\n")
    has("what misses, and headers that stand twice", run("reconcile", "--tracker", "few.csv", cwd=f.path).out,
        "  columns: click_id=\"Sub ID\"\n  no column with a status: every row counts as approved\n  no column with an amount: revenue is not compared\n"
        "  no column with a time: rows stand on the day of their postback, and --since and --until leave none out\n"
        "  more than one column is called \"Sub ID\": the first was taken; --columns \"click_id=2\" takes the next\n")
    f.write("x.csv", "Sub ID\njoe@person.example\n=cmd|'/c calc'!A1\n<script>alert(1)</script>\n\x1b[31mred\n" + "x" * 5000 + "\n")
    r = run("reconcile", "--tracker", "x.csv", cwd=f.path)
    hasnt("hostile ids: no escape reaches the terminal, no address is shown", r.out, "\x1b", "joe@person")
    os.rename(f.at("data"), f.at("elsewhere"))
    equal("no store: exit 4", run("reconcile", "--tracker", "x.csv", cwd=f.path).code, 4)
    equal("no configuration: exit 3", run("reconcile", "--tracker", "x.csv", "-c", "none.yaml", cwd=f.path).code, 3)


@part
def more_dead_than_are_looked_up():
    """Codes of dead events are asked for one by one: past 20,000 the report says that it has not."""
    f = Folder()
    n, at = 20050, int(time.time() * 1000) - 3600000
    rows = [{"row": "ledger", "version": 1, "newest": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at // 1000)), "whole": 1,
             "last_click": 0, "last_postback": n, "last_attempt": 1, "last_event": n, "gone_postback": 0, "gone_attempt": 0}]
    rows += [{"row": "postback", "id": i, "at": at, "offer": "nutra-de", "tracker": "keitaro", "method": "GET", "stage": "sale", "verdict": 1,
              "click_id": "c%d" % i, "event_id": "c%d" % i, "params": "subid=c%d" % i} for i in range(1, n + 1)]
    rows += [{"row": "attempt", "id": 1, "at": at, "took_ms": 1, "pixel": PIXEL, "http_status": 200, "code": 40002, "message": "no", "request_id": "r"}]
    rows += [{"row": "event", "id": i, "postback": i, "created": at, "offer": "nutra-de", "pixel": PIXEL, "event": "Purchase", "event_id": "c%d" % i,
              "click_id": "c%d" % i, "state": 4, "due": at, "attempts": 1, "tries": [1], "body": "{}", "note": "40002 no"} for i in range(1, n + 1)]
    rows += [{"row": "end", "clicks": 0, "postbacks": n, "attempts": 1, "events": n}]
    f.write("all.jsonl", "".join(json.dumps(r) + "\n" for r in rows))
    r = run("store", "import", "all.jsonl", "data", cwd=f.path)
    equal("imported", r.code, 0)
    f.write("t.csv", "subid\n" + "".join("c%d\n" % i for i in range(1, n + 1)))
    r = run("reconcile", "--tracker", "t.csv", "--json", cwd=f.path)
    equal("what was looked up, and what was not", [(c["code"], c["detail"], c["count"]) for c in json.loads(r.out)["causes"] if c["code"] == "F010"],
          [("F010", "40002", 20000), ("F010", "of more than 20000 the code was not looked up: clickbaton trace", 50)])


main()
