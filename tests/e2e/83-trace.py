"""`trace`: every kind of id through a real server and the sandbox; the rows are found again by sqlite3 alone."""
import hashlib

from harness import *

T1 = "E.C.P.CtsBabcdEF" + "a1-_" * 60  # as it is shown: its begin and length
T2 = "E.C.P.CtsBabcdEF" + "b2-_" * 60  # the same first 16 characters
T3 = "E.C.P.CtsBzzzzzz" + "c3-_" * 60
MAIL = "jane.doe@example.com"
ORDERS = """version: 1
offer: shop
extends: keitaro
pixel: %s
page_url: https://lander.example/shop
value_currency: USD
events:
  sale:   {event: Purchase, value: payout}
  refund: ignore
transitions:
  refund: [sale]
properties:
  order_id: "{param.order}"
""" % PIXEL
TEXTS = ("click_id", "ttclid", "event_id", "txid")


def trace(folder, *words, **more):
    return run("trace", *words, cwd=folder.path, **more)


def story(folder, id, code=0):
    r = trace(folder, "--json", "--", id)
    equal("%s: exit %d, silent" % (short(ascii(id), 40), code), (r.code, r.err), (code, ""))
    return json.loads(r.out)


def by_views(folder, id, prefix=False):
    """Ids of postbacks and events that have the id, and of the conversions that they belong to, by SQL alone."""
    same = "substr(%s, 1, " + str(len(id)) + ") = ?1" if prefix else "%s = ?1"
    test = same % "ttclid" if prefix else " OR ".join(same % c for c in TEXTS)
    pbs = folder.rows("SELECT id, offer, click_id, ttclid FROM conversions WHERE " + test, id)
    evs = [e for e in folder.rows("SELECT id, postback, offer, click_id, ttclid, event_id, body FROM ledger")
           if (e["ttclid"] or "").startswith(id) and prefix or not prefix and
           id in (e["click_id"], e["ttclid"], e["event_id"],
                  json.loads(e["body"]).get("properties", {}).get("order_id"))]
    keys = {(r["offer"], r["click_id"], None if r["click_id"] else r["ttclid"]) for r in pbs + evs}
    of = lambda r: (r["offer"], r["click_id"], None if r["click_id"] else r["ttclid"]) in keys
    return (sorted(r["id"] for r in folder.rows("SELECT id, offer, click_id, ttclid FROM conversions") if of(r)),
            sorted(r["id"] for r in folder.rows("SELECT id, offer, click_id, ttclid FROM ledger") if of(r)))


def rows_of(s):
    return (sorted(p["id"] for p in s["postbacks"]),
            sorted(e["id"] for p in s["postbacks"] for e in p["events"]))


def filled():
    sandbox = Sandbox()
    folder = Folder(sandbox.endpoint)
    folder.write("offers/shop.yaml", ORDERS)
    serve = Serve(folder)
    page = {"Origin": "https://lander.example", "Content-Type": "text/plain"}
    request(serve.port, "POST", "/click/nutra-de", "subid=k1&ttclid=%s&event_id=ev-1&country=DE" % T1, page)
    serve.get("/click/nutra-de?key=%s&subid=k2&ttclid=%s&event_id=ev-2" % (KEY, T2))
    serve.fire("subid=k1&status=lead&quality=verified&currency=usd")
    serve.fire("subid=k1&status=sale&payout=12.50&currency=eur&tid=t-9")
    serve.fire("subid=k1&status=sale&payout=12.50&currency=eur&tid=t-9")
    serve.fire("subid=k1&status=trash")
    serve.fire("subid=k2&status=sale&payout=7&currency=usd&tid=t-10")
    serve.fire("subid=k3&external_id=%s&status=whatever" % T3)
    serve.fire("subid=s1&ttclid=%s&status=sale&payout=5&currency=usd&tid=t-11&order=SO%%2F%%22x%%22%%5C7" % T3, "shop")
    serve.fire("subid=s2&ttclid=x2&status=sale&payout=6&currency=usd&tid=SO-8&order=SO-8", "shop")
    serve.fire("subid=s3&ttclid=x3&status=refund", "shop")
    serve.fire("subid=%s&ttclid=x4&status=sale&payout=6&currency=usd" % MAIL, "shop")
    wait_until("six deliveries", lambda: folder.rows(
        "SELECT count(*) AS n FROM ledger WHERE state = 'delivered'")[0]["n"] == 6)
    return sandbox, folder, serve


@part
def every_kind_of_id():
    sandbox, folder, serve = filled()
    kinds = [("k1", "click_id"), ("ev-1", "event_id"), (T1, "ttclid"), ("t-9", "txid"), ('SO/"x"\\7', "order_id"),
             ("SO-8", "txid"), ("k3", "click_id"), (T3, "ttclid"), ("  k2\n", "click_id")]
    for id, matched in kinds:
        s = story(folder, id)
        equal("%s: found by" % short(ascii(id), 30), s["matched"], matched)
        equal("%s: the rows that sqlite3 finds" % short(ascii(id), 30), rows_of(s), by_views(folder, id.strip()))
        equal("%s: no meaning, no more" % short(ascii(id), 30), (s["meaning"], s["more"]), ("", False))
    equal("%s: sees both offers" % T3[:16], sorted({p["offer"] for p in story(folder, T3)["postbacks"]}), ["nutra-de", "shop"])
    for id in (T1[:16], T1[:17], T3[:40], T1[:-1]):
        s = story(folder, id)
        equal("the first %d characters" % len(id), (s["matched"], rows_of(s)),
              ("ttclid_prefix", by_views(folder, id, True)))
    equal("two conversions with one beginning", sorted(c["click_id"] for c in story(folder, T1[:16])["clicks"]), ["k1", "k2"])
    has("grouped", trace(folder, T1[:16]).out, "2 conversions found by the beginning of the ttclid:\n\noffer nutra-de, click k1\n",
        "\n\noffer nutra-de, click k2\n")
    s = story(folder, MAIL)
    hashed = hashlib.sha256(MAIL.encode()).hexdigest()
    equal("an e-mail address is looked for by its hash", (s["id"], s["matched"], len(s["postbacks"])), (hashed, "click_id", 1))
    hasnt("and not shown", trace(folder, MAIL).out + json.dumps(s), "jane", "doe")
    equal("that hash itself", rows_of(story(folder, hashed)), rows_of(s))
    serve.stop()
    equal("without a server it is the same", rows_of(story(folder, "k1")), by_views(folder, "k1"))


@part
def the_whole_story():
    sandbox, folder, serve = filled()
    s = story(folder, "k1")
    click, = s["clicks"]
    equal("the click", {k: click[k] for k in ("offer", "click_id", "ttclid", "event_id", "keyed", "refused", "country")},
          {"offer": "nutra-de", "click_id": "k1", "ttclid": T1, "event_id": "ev-1", "keyed": False, "refused": False, "country": "DE"})
    line = lambda word: 1 + [l.strip().split(":")[0] for l in folder.read("offers/nutra-de.yaml").decode().split("\n")].index(word)
    equal("verdicts, codes and rules in their order", [(p["stage"], p["verdict"], p["code"], p["rule"]["line"]) for p in s["postbacks"]],
          [("lead", "queued", "", line("lead")), ("sale", "queued", "", line("sale")),
           ("sale", "duplicate", "D001", line("sale")), ("rejected", "ignored", "I006", line("rejected"))])
    true("the rule's file", all(p["rule"]["file"].endswith("offers/nutra-de.yaml") for p in s["postbacks"]))
    sale = s["postbacks"][1]
    equal("parameters as they came, without the key", sale["params"],
          [["subid", "k1"], ["status", "sale"], ["payout", "12.50"], ["currency", "eur"], ["tid", "t-9"]])
    event, = sale["events"]
    row, = folder.rows("SELECT * FROM ledger WHERE id = ?", event["id"])
    for name in ("event", "pixel", "event_id", "state", "value", "currency", "original_value", "original_currency"):
        equal("the event's %s as in the ledger" % name, event[name], row[name])
    equal("its times", (event["created"], event["due"]), (row["time"], row["due"]))
    equal("its body", event["body"], json.loads(row["body"]))
    tried, = event["attempts"]
    sent = folder.rows("SELECT a.* FROM attempts a JOIN tries ON attempt = a.id WHERE event = ?", event["id"])[0]
    equal("TikTok's answer", [tried[k] for k in ("took_ms", "http_status", "code", "message", "request_id")],
          [sent[k] for k in ("took_ms", "http_status", "code", "message", "request_id")])
    true("its request id is one", len(tried["request_id"]) > 8)
    out = trace(folder, "k1").out
    has("in words", out, "offer nutra-de, click k1\n", "  click, registered by the page\n    click_id k1, ttclid " + T1[:40] + "...(256), event_id ev-1",
        "postback %d, tracker keitaro, stage sale: queued\n" % sale["id"],
        "rule        %s:%d\n" % (sale["rule"]["file"], sale["rule"]["line"]), "parameters  subid = k1\n",
        "event %d: Purchase for pixel %s, event_id ev-1, " % (event["id"], PIXEL), " (of 12.5 EUR): delivered\n",
        "attempt 1: HTTP 200, TikTok's code 0 \"OK\"", "request id " + tried["request_id"], "duplicate D001: ", "ignored I006: ")
    order = [out.index(w) for w in ("click, registered", "stage lead", "stage sale: queued", "duplicate D001", "ignored I006")]
    equal("in the order in which it happened", order, sorted(order))
    pb, = story(folder, "k3")["postbacks"]
    equal("of what no rule decided there is none", (pb["verdict"], pb["code"], pb["rule"], pb["events"]), ("quarantined", "Q002", None, []))
    has("and no click", trace(folder, "k3").out, "no click was registered for it")
    pb, = story(folder, "s3")["postbacks"]
    equal("what `transitions` decided has its line", (pb["code"], pb["rule"]["line"]), ("I007", 1 + ORDERS.split("\n").index("  refund: [sale]")))
    folder.write("offers/nutra-de.yaml", b"# one line more\n" + folder.read("offers/nutra-de.yaml"))
    equal("the rule is where it stands now", story(folder, "k1")["postbacks"][1]["rule"]["line"], sale["rule"]["line"] + 1)
    os.unlink(folder.at("offers/shop.yaml"))
    equal("an offer that is gone has no rule", story(folder, "s2")["postbacks"][0]["rule"], None)
    serve.stop()


def timeless(text):
    text = re.sub(r"\d{4}-\d\d-\d\dT[0-9:.]+Z", "TIME", text)
    return re.sub(r"request id \w+", "request id ID", re.sub(r"\d+ ms", "N ms", text))


@part
def the_page_shows_what_is_printed():
    sandbox = Sandbox()
    folder = Folder(sandbox.endpoint)
    serve = Serve(folder)
    request(serve.port, "POST", "/click/nutra-de", "subid=k1&ttclid=%s&event_id=ev-1&country=DE" % T1,
            {"Origin": "https://lander.example", "Content-Type": "text/plain"})
    serve.fire("subid=k1&status=sale&payout=12.50&currency=usd&tid=t-9")
    wait_until("the delivery", lambda: folder.rows("SELECT state FROM ledger")[0]["state"] == "delivered")
    serve.fire("subid=k1&status=trash")
    with open(os.path.join(ROOT, "docs", "trace.md"), encoding="utf-8") as f:
        shown = re.search(r"^    \$ clickbaton trace k1\n((?:    .*\n)+)", f.read(), re.M).group(1)
    equal("docs/trace.md", timeless(trace(folder, "k1").out), timeless(re.sub(r"^    ", "", shown, flags=re.M)))
    serve.stop()


@part
def nothing_found():
    folder = Folder()
    serve = Serve(folder)
    s = story(folder, "never", 1)
    equal("an empty story", (s["matched"], s["clicks"], s["postbacks"]), ("", [], []))
    has("nothing stored at all", s["meaning"], "No click, postback or event has this id.\nNo postback is stored at all (0 clicks)")
    r = trace(folder, "never")
    equal("exit 1", (r.code, r.err), (1, ""))
    equal("the words are the meaning", r.out, s["meaning"] + "\n")
    has("what to check first", r.out, "1. The tracker's own postback log", "curl http://127.0.0.1:0/refused",
        "5. Is it older than that? Postbacks and events stay for 90 days (retention: ledger), clicks for 45")
    serve.fire("subid=k1&status=sale&payout=1&currency=usd&ttclid=" + T1)
    serve.fire("subid=k2&status=sale&payout=1&currency=usd", key="wrong-key-wrong-key-wrong-key-wrong")
    has("how far the store goes", story(folder, "k2", 1)["meaning"], "Stored are 0 clicks and 1 postbacks, the oldest of 20")
    for id, said in ((T1[:15], "too short: at least 16 characters are needed, these are 15."), ("E.C.P.", "these are 6."),
                     ("{subid}", "This id is the unexpanded macro {x}: whoever sent it has not filled it in"),
                     ("__CLICKID__", "unexpanded macro"), ("https://x.example/?subid=k1", "This is a whole URL"),
                     ("?subid=k1&a=2", "whole URL or query"), ("E.C.P.CtsBab...", "was cut by whoever showed it"),
                     ("E.C.P%2eCts", "is percent-encoded"), ("nobody@example.com", "looked for by its hash")):
        has("%s: %s" % (id, said), story(folder, id, 1)["meaning"], said)
    equal("15 characters find nothing, 16 do", (trace(folder, T1[:15]).code, trace(folder, T1[:16]).code), (1, 0))
    equal("upper and lower case are two", trace(folder, "K1").code, 1)
    serve.stop()


@part
def hostile_ids():
    folder = Folder()
    serve = Serve(folder)
    evil = ["\x1b[2J\x1b]0;owned\x07", "<script>alert(1)</script>", "'; DROP TABLE postbacks; --", "%s%n%1000000d", "\u202eabc",
            "\r\n\r\nX: y", "../../etc/passwd", '{"id":1}', "é" * 20, "x" * 10240, "\x9b31m", "\x7f\x01\x02"]
    for n, id in enumerate(evil):
        value = urllib.parse.quote(id, safe="")
        form = "subid=%s&status=sale&payout=1&currency=usd&ttclid=t%d&tid=%s&extra=%s" % (value, n, value, value)
        a = request(serve.port, "POST", "/postback/nutra-de?key=" + KEY, form, {"Content-Type": "application/x-www-form-urlencoded"})
        equal("taken: %d" % n, a.status, 200)
    for id in evil:
        r = trace(folder, "--", id)
        true("%s: harmless in a terminal" % short(ascii(id), 40), re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", r.out + r.err) is None)
        s = story(folder, id, r.code)
        equal("%s: the rows" % short(ascii(id), 40), (bool(s["postbacks"]), rows_of(s)), (r.code == 0, by_views(folder, id.strip(" \t\r\n\v\f"))))
    bytes_id = run("trace", b"\xff\xfe\x00".rstrip(b"\0"), cwd=folder.path)
    equal("bytes that are no text", (bytes_id.code, bytes_id.err), (1, ""))
    for n in range(len(evil)):
        s = story(folder, "t%d" % n)
        equal("found by its ttclid, and what came is told exactly: %d" % n, dict(map(tuple, s["postbacks"][0]["params"]))["extra"],
              evil[n])
    for words in ([], ["a", "b"], [""], ["  "], ["--jason", "a"]):
        equal("misuse %r" % words, trace(folder, *words).code, 2)
    serve.stop()


@part
def errors_of_the_store():
    folder = Folder()
    r = trace(folder, "x")
    equal("nothing was stored yet", r.code, 4)
    has("it says so", r.err, "clickbaton trace: ", "nothing was stored here yet: start `clickbaton serve` first")
    equal("no such configuration", trace(folder, "x", "-c", "no.yaml").code, 3)
    serve = Serve(folder)
    serve.fire("subid=k1&status=sale&payout=1&currency=usd&ttclid=" + T1)
    serve.stop()
    folder.write("offers/bad.yaml", "version: 1\noffer: bad\nevnets: {}\n")
    r = trace(folder, "k1")
    equal("a mapping that can't be read", (r.code, "M" in r.err), (3, True))
    os.unlink(folder.at("offers/bad.yaml"))
    folder.edited = True
    db = sqlite3.connect(folder.at("data/clickbaton.db"))
    db.execute("PRAGMA locking_mode = EXCLUSIVE")
    db.execute("BEGIN EXCLUSIVE")
    r = trace(folder, "k1")
    db.rollback()
    db.close()
    true("somebody else's lock is no crash", r.code in (0, 4), r)
    db = sqlite3.connect(folder.at("data/clickbaton.db"))
    version = db.execute("PRAGMA user_version").fetchone()[0]
    db.execute("PRAGMA user_version = 99")
    db.commit()
    r = trace(folder, "k1")
    equal("a newer store", r.code, 4)
    has("named", r.err, "its schema version is 99")
    db.execute("PRAGMA user_version = %d" % version)
    db.commit()
    db.execute("UPDATE postbacks SET params = x'00ff22', click_id = 'k1' WHERE id = 1")
    db.execute("UPDATE events SET body = '{\"a\":01}' WHERE id = 1")
    db.commit()
    s = story(folder, "k1")
    equal("a body that is no JSON comes as a text", s["postbacks"][0]["events"][0]["body"], '{"a":01}')
    db.execute("DELETE FROM postbacks")
    db.commit()
    s = story(folder, "k1")
    equal("of a postback that is gone the event is left", (s["postbacks"][0]["gone"], len(s["postbacks"][0]["events"]), s["postbacks"][0]["at"]),
          (True, 1, None))
    has("in words", trace(folder, "k1").out, "postback 1, of which only the event is left\n  event 1: Purchase")
    db.close()
    size = os.path.getsize(folder.at("data/clickbaton.db"))
    with open(folder.at("data/clickbaton.db"), "r+b") as f:
        f.seek(4096)
        f.write(b"\xa5" * (size - 4096))
    for end in ("-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(folder.at("data/clickbaton.db" + end))
    r = trace(folder, "k1")
    equal("a damaged file", r.code, 4)
    has("said", r.err, "clickbaton.db", "damaged")
    with open(folder.at("data/clickbaton.db"), "r+b") as f:
        f.write(b"nothing")
    equal("no database", trace(folder, "k1").code, 4)


CHAIN = os.path.join(ROOT, "examples/chains/%s.yaml")


def simulate(folder, chain, *words):
    return run("simulate", CHAIN % chain, "--keep", *words, cwd=folder.path)


@part
def hops_of_a_simulation():
    """`simulate --keep` leaves its hops where `trace` finds them, alone and beside what really came."""
    sandbox = Sandbox()
    folder = Folder(sandbox.endpoint)
    r = simulate(folder, "lander-forgets-subid")
    equal("no data folder yet: exit 4", r.code, 4)
    has("what to do", r.err, "--keep: ", "data: No such file or directory; start `clickbaton serve` once, it makes the data folder")
    serve = Serve(folder)
    r = simulate(folder, "lander-forgets-subid", "--json")
    broken = json.loads(r.out)
    equal("a broken chain: exit 1, and its id is said", (r.code, r.err), (1, "kept: clickbaton trace %s\n" % broken["click_id"]))
    for id in (broken["click_id"], broken["ttclid"], broken["ttclid"][:16], broken["event_id"], " %s\n" % broken["click_id"]):
        s = story(folder, id)
        equal("%s: nothing but a simulation" % short(id, 20), (s["matched"], s["clicks"], s["postbacks"], s["walks_problem"]), ("simulation", [], [], ""))
        w, = s["walks"]
        equal("%s: its verdict" % short(id, 20), [w[k] for k in ("chain", "live", "verdict", "code", "reason", "broken_at", "ttclid", "event_id", "click_id")],
              ["lander-forgets-subid", False] + [broken[k] for k in ("verdict", "code", "reason", "broken_at", "ttclid", "event_id", "click_id")])
        equal("%s: its hops, of URLs the host alone" % short(id, 20), w["hops"],
              [dict(h, url="/".join(h["url"].split("/")[:3])) for h in broken["hops"]])
    text = trace(folder, broken["click_id"]).out
    has("in words", text, ", the chain lander-forgets-subid: the baton drops at hop lander\n    H010 no postback comes",
        "\n   2  lander         lander     200    kept      kept      lost      https://offer.example\n      not passed on: subid, ttclid\n"
        "      H001 click_id is lost: this hop's target does not carry it. What to change: add subid={subid} to its target\n",
        "\nNo click, postback or event has this id: it is of a simulation, which sends nothing.\n")
    kept = json.loads(simulate(folder, "keitaro", "--json").out)
    equal("the postback of one", serve.get("/postback/nutra-de?key=%s&%s" % (KEY, kept["postback"])).status, 200)
    s = story(folder, kept["click_id"])
    equal("both: what came and the hops before it", (s["matched"], len(s["postbacks"]), [(w["chain"], w["verdict"]) for w in s["walks"]]),
          ("click_id", 1, [("tiktok-keitaro-lander-offer", "kept")]))
    true("the hops first", trace(folder, kept["click_id"]).out.startswith("simulated 2"))
    two = [subprocess.Popen([BINARY, "simulate", CHAIN % "bemob", "--keep", "--seed", str(n % 2)], cwd=folder.path, stdout=subprocess.DEVNULL,
                            stderr=subprocess.PIPE) for n in range(6)]
    equal("several at once", [(p.wait(), p.stderr.read().count(b"kept: ")) for p in two], [(0, 1)] * 6)
    equal("a file for each walk, none left over", len(os.listdir(folder.at("data/walks"))), 4)
    bad_walks(folder, serve, broken, kept)
    serve.stop()


def bad_walks(folder, serve, broken, kept):
    for n in range(60):
        simulate(folder, "binom", "--seed", n) if n > 55 else folder.write("data/walks/%016x.json" % n, "{}")
        os.utime(folder.at("data/walks/%016x.json" % n), (1e9, 1e9)) if n <= 55 else None
    equal("what is too old is removed with the next one", sorted(n for n in os.listdir(folder.at("data/walks")) if n.startswith("00000000000000")), [])
    folder.write("data/walks/0123456789abcdef.json", "{\"chain\": ")
    os.symlink("/etc/passwd", folder.at("data/walks/0123456789abcdee.json"))
    os.mkfifo(folder.at("data/walks/0123456789abcded.json"))
    s = story(folder, kept["click_id"])
    equal("damaged ones hide nothing", [w["verdict"] for w in s["walks"]], ["kept"])
    has("and one is named", s["walks_problem"], "data/walks/0123456789abcde")
    for name in ("f", "e", "d"):
        os.unlink(folder.at("data/walks/0123456789abcde%s.json" % name))
    folder.write("evil.yaml", "version: 1\nchain: \"\\e[31mred jane@example.com\"\nstart: \"https://trk.example/?a=s3cret\"\nhops:\n"
                 "  - {name: \"\\e]0;x\\a\", kind: redirect, to: \"https://o.example/s3cret\"}\n  - {name: end, kind: lander}\n")
    r = run("simulate", "evil.yaml", "--keep", cwd=folder.path)
    if r.code in (0, 1):
        id = r.err.split(" ")[-1].strip()
        hasnt("a hostile chain is shown harmlessly", trace(folder, id).out + json.dumps(story(folder, id)), "\x1b", "s3cret", "jane", "\x07")
    else:
        equal("a hostile chain is refused", r.code, 3)
    shutil.rmtree(folder.at("data/walks"))
    folder.write("data/walks", "")
    r = simulate(folder, "keitaro")
    equal("it can't be written: exit 4", r.code, 4)
    has("why, and the walk is shown all the same", r.err + r.out, "--keep: data/walks/", "Not a directory", "kept: the event carries")
    has("trace says that it can't be read", trace(folder, kept["click_id"]).out, "A kept simulation can't be read: data/walks: Not a directory")
    equal("with --matrix: exit 2", simulate(folder, "keitaro", "--matrix").code, 2)
    equal("another configuration that has errors: exit 3", simulate(folder, "keitaro", "-c", "none.yaml").code, 3)


main()
