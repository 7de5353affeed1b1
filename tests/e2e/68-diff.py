#!/usr/bin/env python3
"""`clickbaton diff`: a changed mapping against a running server's store and against lines, with sums
counted here by hand."""
import json
import random
from decimal import Decimal

from harness import *

SALE = "subid=%s&external_id=E.C.P.%s&status=sale&payout=%s&currency=usd&tid=%s"


def changed(folder, old, new):
    text = folder.read("offers/nutra-de.yaml").decode()
    true("the change applies: " + old, old in text)
    return folder.write("new/nutra-de.yaml", text.replace(old, new))


def diff(folder, *more, data="data", new="new/nutra-de.yaml"):
    return run("diff", "offers/nutra-de.yaml", new, "--against", data, *more, cwd=folder.path)


@part
def a_running_server():
    folder = Folder()
    serve = Serve(folder)
    rnd = random.Random(7)
    amounts = []
    for i in range(60):
        amount = "%d.%02d" % (rnd.randrange(1, 40), rnd.randrange(100))
        equal("sale", serve.fire(SALE % ("c%d" % i, i, amount, i)).status, 200)
        amounts.append(Decimal(amount))
    serve.fire(SALE % ("c1", 1, "99.99", "again"))
    serve.fire("subid=c2&status=trash")
    serve.fire("subid=c3&status=what")
    changed(folder, "value: payout, min: 0.01, max: 500", "value: payout, min: 0.01, max: 500, percent: 50")
    r = diff(folder, "--json")
    d = json.loads(r.out)
    equal("it says that something differs", r.code, 1)
    equal("postbacks, changed, skipped", (d["postbacks"], d["changed"], d["skipped"]), (63, 60, 0))
    for side in ("old", "new"):
        equal("verdicts, " + side, d["verdicts"][side],
              {"queued": 60, "duplicate": 1, "ignored": 1, "quarantined": 1})
    half = sum((a / 2).quantize(Decimal("0.01"), "ROUND_HALF_EVEN") for a in amounts)
    total = json.loads(r.out, parse_float=Decimal, parse_int=Decimal)["totals"]
    equal("sums", total, [{"event": "Purchase", "pixel": PIXEL, "currency": "USD",
                           "old": {"count": 60, "value": sum(amounts)},
                           "new": {"count": 60, "value": half}}])
    first = d["changes"][0]
    equal("the first change", (first["click_id"], first["events"][0]["sent_by"],
                               [f["path"] for f in first["events"][0]["fields"]]),
          ("c0", "both", ["properties.value", "properties.contents.0.price"]))
    equal("its amounts", first["events"][0]["fields"][0],
          {"path": "properties.value", "old": str(amounts[0].normalize()) if amounts[0] % 1 else str(int(amounts[0])),
           "new": format((amounts[0] / 2).quantize(Decimal("0.01"), "ROUND_HALF_EVEN").normalize(), "f")})
    equal("a change for each sale", len(d["changes"]), 60)
    r = diff(folder)
    equal("20 are shown", r.out.count("\npostback ") + 1, 20)
    has("the rest is counted", r.out, "... and 40 more; --show 60 shows all",
        "63 postbacks, 60 of them differ")
    equal("--show 0", diff(folder, "--show", "0").out.splitlines()[0], "... and 60 more; --show 60 shows all")
    equal("nothing new was stored", folder.rows("SELECT count(*) n FROM postbacks")[0]["n"], 63)
    r = diff(folder, new="offers/nutra-de.yaml")
    equal("the same mapping", (r.code, r.out.splitlines()[0]), (0, "63 postbacks, 0 of them differ"))
    serve.stop()


@part
def what_happened_to_each():
    folder = Folder()
    serve = Serve(folder)
    request(serve.port, "POST", "/click/nutra-de?key=" + KEY + "&subid=a1&ttclid=E.C.P.one&event_id=ev-1")
    serve.fire("subid=a1&status=sale&payout=5&currency=usd")
    serve.fire("subid=a2&external_id=E.C.P.two&status=lead&email=bob@example.com")
    serve.fire("subid=a3&external_id=E.C.P.three&status=trash")
    serve.stop()
    changed(folder, "  rejected: ignore", "  rejected: Contact")
    text = folder.read("new/nutra-de.yaml").decode().replace("{event: Lead, value", "{event: CompleteRegistration, value")
    folder.write("new/nutra-de.yaml", text.replace('  email: "{param.email}"\n', ""))
    d = json.loads(diff(folder, "--json").out)
    equal("which", [c["click_id"] for c in d["changes"]], ["a2", "a3"])
    lead, trash = d["changes"]
    equal("another event", [(e["event"], e["sent_by"]) for e in lead["events"]],
          [("Lead", "old"), ("CompleteRegistration", "new")])
    equal("ignored before", (trash["old"]["verdict"], trash["old"]["code"], trash["new"]["verdict"]),
          ("ignored", "I001", "queued"))
    r = diff(folder)
    has("in words", r.out, "click a2\n  Lead, event_id a2: the new mapping does not send it\n"
        "  CompleteRegistration, event_id a2: only the new mapping sends it\n",
        "  verdict: ignored I001 -> queued\n")
    hasnt("no e-mail", r.out, "bob@example.com")


@part
def lines():
    folder = Folder()
    changed(folder, "max: 500", "max: 10")
    rows = [SALE % ("l1", "x", "12", "1"), "", "?" + SALE % ("l1", "x", "12", "1"),
            "https://pb.example/postback/nutra-de?key=K&" + SALE % ("l2", "y", "9.5", "2")]
    folder.write("lines.txt", "\n".join(rows) + "\n")
    d = json.loads(diff(folder, "--json", data="lines.txt").out)
    equal("lines", (d["postbacks"], d["changed"], d["verdicts"]["new"]["duplicate"]), (3, 1, 1))
    equal("numbers of lines", [c["postback"] for c in d["changes"]], [1])
    r = run("diff", "offers/nutra-de.yaml", "new/nutra-de.yaml", "--against", "-", "--at", "1790000000",
            stdin="\n".join(rows), cwd=folder.path)
    has("from stdin", r.out, "postback 1 of 2026-09-21T14:13:20Z, click l1\n  Purchase, event_id l1\n"
        "    - properties.value: 12\n    + properties.value: 10\n")
    folder.write("lines.txt", SALE % ("l\x1b[2J1", "x", "12", "1") + "\n")
    hasnt("no escape reaches the terminal", diff(folder, data="lines.txt").out, "\x1b")


@part
def mistakes():
    folder = Folder()
    new = changed(folder, "max: 500", "max: 10")
    r = run("diff", "offers/nutra-de.yaml", new, cwd=folder.path)
    equal("no --against", r.code, 2)
    has("says so", r.err, "it needs --against: a data folder, or a file of lines")
    for option, word in (("--since", "yesterday"), ("--show", "-3"), ("--at", "-1")):
        equal("%s %s" % (option, word), diff(folder, option, word).code, 2)
    r = diff(folder, data="nowhere")
    equal("no data", (r.code, r.err), (4, "clickbaton diff: nowhere: No such file or directory\n"))
    os.makedirs(folder.at("empty"))
    r = diff(folder, data="empty")
    equal("no store in the folder", r.code, 4)
    has("says so", r.err, "empty/clickbaton.db")
    folder.write("empty/clickbaton.db", b"\0" * 5000)
    equal("a store that is none", diff(folder, data="empty").code, 4)
    folder.write("new/nutra-de.yaml", "version: 1\noffer: x\n")
    r = diff(folder, data="lines.txt")
    equal("a mapping with errors", r.code, 3)
    has("all of them", r.err, "M003")
    changed(folder, "max: 500", "max: 10")
    folder.write("lines.txt", "a=" + "x" * 70000 + "\n")
    r = diff(folder, data="lines.txt")
    equal("a line without an end", (r.code, r.err),
          (1, "clickbaton diff: lines.txt: line 1 is longer than 65536 bytes\n"))
    folder.write("lines.txt", "?" + "&".join("a%d=1" % i for i in range(300)) + "\n?" + SALE % ("m", "m", "50", 1))
    d = json.loads(diff(folder, "--json", data="lines.txt").out)
    equal("what can't be read is counted", (d["postbacks"], d["skipped"], d["changed"]), (2, 1, 1))


@part
def large_postbacks():
    """More of them than fit into memory at once."""
    folder = Folder()
    serve = Serve(folder)
    body = json.dumps(dict({"q%d" % i: "\u00e4" * 300 for i in range(100)}), ensure_ascii=False).encode()
    statuses = {request(serve.port, "POST", "/postback/nutra-de?key=%s&subid=l%d&external_id=E.%d&status=sale&payout=5&currency=usd"
                        % (KEY, i, i), body, {"Content-Type": "application/json"}).status for i in range(400)}
    equal("taken", statuses, {200})
    serve.stop()
    r = run("diff", folder.at("offers/nutra-de.yaml"), folder.at("offers/nutra-de.yaml"), "--against", folder.at("data"))
    equal("compared", (r.code, r.out.splitlines()[:1]), (0, ["400 postbacks, 0 of them differ"]))


@part
def a_mapping_that_asks_for_no_past():
    folder = Folder()
    text = offer_text("nutra-de")
    for stage in ("lead:  ", "rebill:", "rejected:"):
        text = "".join(l for l in text.splitlines(True) if not l.strip().startswith(stage.strip()))
    folder.write("offers/nutra-de.yaml", text)
    folder.write("new/nutra-de.yaml", text.replace("value: payout", "value: payout, percent: 50"))
    rows = [SALE % ("n%d" % (i % 40), i % 40, "10", i) for i in range(120)]
    folder.write("lines.txt", "\n".join(rows) + "\n")
    d = json.loads(diff(folder, "--json", data="lines.txt").out)
    equal("each event once, on both sides", [d["verdicts"][side] for side in ("old", "new")],
          [{"queued": 40, "duplicate": 80, "ignored": 0, "quarantined": 0}] * 2)
    equal("and their sums", [(d["totals"][0][side]["count"], d["totals"][0][side]["value"]) for side in ("old", "new")],
          [(40, 400), (40, 200)])
    folder.write("lines.txt", "\n".join([rows[1], rows[1] + "&event_id=own"]) + "\n")
    d = json.loads(diff(folder, "--json", data="lines.txt").out)
    equal("also under a former id", d["verdicts"]["new"]["duplicate"], 1)


main()
