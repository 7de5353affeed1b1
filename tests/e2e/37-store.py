"""The store verbs: a store of an earlier release, damage, export and import, backups under load, retention and space."""
import gzip
import threading

from exports import aged, spoilt
from harness import *

FIXTURE = os.path.join(ROOT, "tests", "fixtures", "store-2.db.gz")
AGENT = "Mozilla/5.0 (retention)"


def sale(n, prefix="s"):
    return "subid=%s%d&external_id=E.C.P.%s%020d&status=sale&payout=2.50&currency=usd&tid=t%d&ip=93.184.216.34&ua=Mozilla" % (
        prefix, n, prefix, n, n)


def whole(name, path, *more):
    r = run("store", "verify", path, *more)
    return equal("%s: verify" % name, (r.code, r.err), (0, "")) and has("%s: it says so" % name, r.out, "whole")


def with_fixture(**more):
    folder = Folder(**more)
    os.makedirs(folder.at("data"), exist_ok=True)
    with gzip.open(FIXTURE) as f:
        folder.write("data/clickbaton.db", f.read(), 0o600)
    return folder


def content(path, tables):
    """Rows as columns by name, without the checksums."""
    db = sqlite3.connect(path)
    db.text_factory = bytes
    db.row_factory = sqlite3.Row
    try:
        return {t: [{k: r[k] for k in r.keys() if k in tables[t]} for r in db.execute("SELECT * FROM %s ORDER BY 1, 2" % t)]
                for t in tables}
    finally:
        db.close()


def columns(path):
    db = sqlite3.connect(path)
    names = ["clicks", "postbacks", "events", "deliveries", "attempts", "tries", "names"]
    out = {t: [r[1] for r in db.execute("PRAGMA table_info(%s)" % t)] for t in names}
    db.close()
    return out


@part
def a_store_of_an_earlier_release():
    sandbox = Sandbox()
    folder = with_fixture(endpoint=sandbox.endpoint)
    folder.write("offers/drops.yaml", offer_text("drops"))
    path = folder.at("data/clickbaton.db")
    names = columns(path)
    before = content(path, names)
    r = run("store", "verify", folder.at("data"))
    equal("an old store is not called damaged", r.code, 4)
    has("and it says what to do", r.err, "its schema version is 2", "start `clickbaton serve` once")

    # Killed while it starts, at whatever it is then.  tests/unit/test_store_upgrade.c kills the upgrade at each statement.
    kept = {t: names[t] for t in ("clicks", "postbacks", "events")}
    for delay in (0.006, 0.012, 0.02):
        copy = with_fixture()
        serve = Serve(copy, start=False)
        time.sleep(delay)
        serve.kill()
        Serve(copy).stop()
        whole("killed after %g ms, and started" % (delay * 1000), copy.at("data"))
        equal("killed after %g ms, and started: its rows" % (delay * 1000), content(copy.at("data/clickbaton.db"), kept),
              {t: before[t] for t in kept})

    serve = Serve(folder)
    wait_until("the old events", lambda: len(sandbox.events()) >= 5)
    wait_until("their reports", lambda: folder.rows("SELECT delivered FROM counts")[0]["delivered"] == 15)
    equal("delivered", sorted({e["event_id"] for e in sandbox.events()}), ["c%d" % n for n in range(20, 25)])
    equal("what was known is a duplicate", serve.verdict(sale(0, "c").replace("c0", "c1") + "&event_id=ev-1")[1]["verdict"], "duplicate")
    equal("what is new is queued", serve.verdict(sale(900))[1]["verdict"], "queued")
    whole("beside the server", folder.at("data"))
    equal("it ends", serve.stop(), 0)
    whole("after it", folder.at("data"))
    equal("the clicks are the same", content(path, names)["clicks"], before["clicks"])


@part
def damage_is_found():
    folder = with_fixture()
    Serve(folder).stop()
    path = folder.at("data/clickbaton.db")
    data = bytearray(folder.read("data/clickbaton.db"))
    at = data.index(b"jane") if b"jane" in data else data.index(b"E.C.P.upgrade3")
    data[at] ^= 1
    folder.write("data/clickbaton.db", bytes(data), 0o600)
    r = run("store", "verify", folder.at("data"))
    equal("a bit in a value: exit", r.code, 1)
    has("where it is", r.out, "the checksum of this row is wrong")
    j = json.loads(run("store", "verify", "--json", path).out)
    true("as JSON", j["whole"] is False and j["count"] == len(j["findings"]) > 0 and
         {"where", "row", "text", "unfinished"} == set(j["findings"][0]), j)
    folder.write("data/clickbaton.db", b"", 0o600)
    equal("an empty file", run("store", "verify", folder.at("data")).code, 1)
    r = run("store", "verify", folder.at("nothing"))
    equal("nothing there", (r.code, r.out), (4, ""))
    has("says so", r.err, "No such file or directory; name a data folder or a copy of its clickbaton.db")


@part
def export_and_import():
    folder = with_fixture()
    serve = Serve(folder)
    for n in range(40):
        serve.fire(sale(n))
    r = run("store", "export", "-c", folder.at("clickbaton.yaml"), "-o", folder.at("live.jsonl"))
    equal("beside the server", (r.code, r.out, r.err), (0, "", ""))
    equal("no copy is left", [n for n in os.listdir(folder.at("data")) if "tmp" in n], [])
    equal("it ends", serve.stop(), 0)
    r = run("store", "export", folder.at("data"))
    lines = [json.loads(line) for line in r.out.splitlines()]
    # The server may have tried to deliver in between: the rows that do not change with that are the same.
    live = [json.loads(line) for line in folder.read("live.jsonl").decode().splitlines()]
    kinds = ("click", "postback")
    equal("the same as without it", [l for l in live if l["row"] in kinds], [l for l in lines if l["row"] in kinds])
    equal("events too", [l["id"] for l in live if l["row"] == "event"], [l["id"] for l in lines if l["row"] == "event"])
    equal("the first line", (lines[0]["row"], lines[0]["version"]), ("ledger", 1))
    counted = {k: sum(l["row"] == k[:-1] for l in lines) for k in ("clicks", "postbacks", "attempts", "events")}
    equal("the last line counts", lines[-1], dict(row="end", **counted))
    hasnt("no secrets", r.out, KEY, TOKEN)
    folder.write("ledger.jsonl", r.out)

    other = folder.at("other")
    i = run("store", "import", folder.at("ledger.jsonl"), other)
    equal("imported", (i.code, i.out), (0, ""))
    whole("the imported store", other)
    equal("exported again it is the same, byte for byte", run("store", "export", other).out, r.out)
    i = run("store", "import", folder.at("ledger.jsonl"), other)
    equal("not into a store", i.code, 4)
    has("not into a store: says so", i.err, "a store is there already; import into an empty folder")

    some = run("store", "export", "--offer", "drops", folder.at("data")).out
    offers = {json.loads(l).get("offer") for l in some.splitlines() if json.loads(l)["row"] in ("click", "postback", "event")}
    equal("of one offer", offers, {"drops"})
    equal("a part can be imported", run("store", "import", "-", folder.at("part"), stdin=some).code, 0)
    equal("before everything", len(run("store", "export", "--until", "2020-01-01", folder.at("data")).out.splitlines()), 2)
    equal("--since is no time", run("store", "export", "--since", "yesterday", folder.at("data")).code, 2)

    good = r.out.splitlines()
    for name, bad_lines, why in spoilt(good):
        i = run("store", "import", "-", folder.at("bad"), stdin="\n".join(bad_lines) + "\n")
        equal(name, i.code, 1)
        has(name + ": where, and why", i.err, "stdin:", why, "nothing was imported")
        equal(name + ": nothing is left", sorted(os.listdir(folder.at("bad"))), ["lock"])
    i = run("store", "import", "-", folder.at("bad"), stdin=b"x" * (9 << 20))
    has("an endless line", i.err, "stdin:1:1: error: the line is longer than 8388608 bytes")


def backup_command(folder, target):
    subprocess.run(["sqlite3", folder.at("data/clickbaton.db"), ".backup '%s'" % target], check=True, timeout=60)


def backup_vacuum(folder, target):
    subprocess.run(["sqlite3", folder.at("data/clickbaton.db"), "VACUUM INTO '%s'" % target], check=True, timeout=60)


def backup_export(folder, target):
    r = run("store", "export", "-c", folder.at("clickbaton.yaml"), "-o", target + ".jsonl")
    equal("export under load", (r.code, r.err), (0, ""))
    equal("import", run("store", "import", target + ".jsonl", os.path.dirname(target)).code, 0)


@part
def backups_under_load():
    folder = Folder()
    serve = Serve(folder)
    acknowledged, stop = [], threading.Event()

    def load():
        n = 0
        while not stop.is_set():
            if serve.fire(sale(n, "b")).status == 200:
                acknowledged.append("b%d" % n)
            n += 1
    thread = threading.Thread(target=load)
    thread.start()
    try:
        for name, backup in ((".backup", backup_command), ("VACUUM INTO", backup_vacuum), ("export", backup_export)):
            copy = Folder()
            os.makedirs(copy.at("data"))
            wait_until("some load", lambda: len(acknowledged) > 50)
            before, target = set(acknowledged), copy.at("data/clickbaton.db")
            backup(folder, target)
            whole(name, target)
            has_ids = {r["click_id"] for r in copy.rows("SELECT click_id FROM postbacks")}
            equal(name + ": all that was acknowledged before is in it", before - has_ids, set())
            again = Serve(copy)
            equal(name + ": it starts, and knows them", again.verdict(sale(0, "b"))[1]["verdict"], "duplicate")
            equal(name + ": it ends", again.stop(), 0)
            whole(name + ", after that", copy.at("data"))
    finally:
        stop.set()
        thread.join()
    whole("the store itself", folder.at("data"))
    equal("the server ends", serve.stop(), 0)


@part
def retention_and_space():
    sandbox = Sandbox()
    folder = Folder(endpoint=sandbox.endpoint)
    serve = Serve(folder)
    for n in range(150):
        serve.get("/click/nutra-de?key=%s&subid=r%d&ttclid=E.C.P.r%020d" % (KEY, n, n), User_Agent=AGENT)
        serve.fire(sale(n, "r"))
    serve.fire("subid=q1&status=what-is-this&ip=93.184.216.34")
    wait_until("delivery", lambda: folder.rows("SELECT delivered FROM counts")[0]["delivered"] == 150)
    serve.stop()
    export = run("store", "export", folder.at("data")).out
    has("there is an address in it", export, "93.184.216.34", "Mozilla")

    young = Folder(endpoint=sandbox.endpoint, extra="retention: {clicks: 45d, ledger: 90d, ip: 30d}\n")
    run("store", "import", "-", young.at("data"), stdin=aged(export, 35))
    silent(young)
    serve = Serve(young)
    wait_until("retention", lambda: "retention: what is old was removed" in serve.err())
    has("what it did", serve.err(), "clicks=0 postbacks=0 events=0")
    equal("as a duplicate it is still known", serve.verdict(sale(7, "r"))[1]["verdict"], "duplicate")
    serve.stop()
    rest = run("store", "export", "--until", "20d", young.at("data")).out
    hasnt("no address, no browser", rest, "93.184.216.34", "Mozilla")
    has("the ledger is there", rest, "E.C.P.r%020d" % 149, "what-is-this")
    whole("after ip", young.at("data"))

    old = Folder(endpoint=sandbox.endpoint, extra="retention: {clicks: 45d, ledger: 90d, ip: 30d}\n")
    run("store", "import", "-", old.at("data"), stdin=aged(export, 100))
    silent(old)
    serve = Serve(old)
    wait_until("retention", lambda: "retention: what is old was removed" in serve.err())
    has("what it did", serve.err(), "clicks=%d postbacks=151 events=150" % folder.rows("SELECT count(*) AS n FROM clicks")[0]["n"])
    before = json.loads(run("store", "stats", "--json", old.at("data")).out)["disk"]
    true("there is free space", before["free in the file, bytes"] > 50000, before)
    r = run("store", "compact", old.at("data"))
    equal("compact beside a server", (r.code, r.err), (0, ""))
    has("compact beside a server: says so", r.out, "the server gives its free space back")
    after = json.loads(run("store", "stats", "--json", old.at("data")).out)["disk"]
    equal("none is left", after["free in the file, bytes"], 0)
    equal("a repeat is new now", serve.verdict(sale(7, "r"))[1]["verdict"], "queued")
    serve.stop()
    whole("after all", old.at("data"))
    stats = json.loads(run("store", "stats", "--json", old.at("data")).out)
    equal("stats", stats["rows"], {"clicks": 0, "postbacks": 2, "events": 1, "attempts": stats["rows"]["attempts"]})
    true("the file is smaller", stats["disk"]["file, bytes"] < before["file, bytes"] - 50000, (before, stats))

    made_before = Folder(endpoint=sandbox.endpoint, extra="retention: {clicks: 1d, ledger: 1d, ip: 1d}\n")
    os.makedirs(made_before.at("data"))
    with gzip.open(FIXTURE) as f:
        made_before.write("data/clickbaton.db", f.read(), 0o600)
    serve = Serve(made_before)
    r = run("store", "compact", made_before.at("data"))
    equal("beside a server, a file of before", (r.code, r.out), (4, ""))
    has("says what to do", r.err, "stop the server and run `clickbaton store compact` once")
    serve.stop()
    equal("compact without a server", run("store", "compact", made_before.at("data")).code, 0)
    whole("after compact", made_before.at("data"))
    serve = Serve(made_before)
    equal("from then on beside one", run("store", "compact", made_before.at("data")).code, 0)
    serve.stop()
    has("for people", run("store", "stats", old.at("data")).out, "  postbacks  ", "oldest postback", "nutra-de")
    equal("a wrong part", run("store", "verfy").code, 2)
    has("did you mean", run("store", "verfy").err, 'did you mean "verify"?')


@part
def seeded_damage():
    """Some of tests/fault/corrupt.py's cases; all with `make corrupt`."""
    build = os.path.dirname(BINARY)
    p = subprocess.run([sys.executable, os.path.join(ROOT, "tests", "fault", "corrupt.py"), "40"], stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, env=dict(os.environ, BUILD=build), timeout=120)
    true("40 damaged stores", p.returncode == 0, p.stdout.decode("utf-8", "replace"))


main()
