"""A store in PostgreSQL: export, import, verify and stats on both engines, and a running installation that moves there."""
import fcntl
import gzip

from exports import aged, spoilt
from harness import *

FIXTURE = os.path.join(ROOT, "tests", "fixtures", "store-2.db.gz")


class Postgres:
    """A private server, gone with its standard input; a new database for each url()."""

    def __init__(self):
        self.process = subprocess.Popen([os.path.join(ROOT, "tests/support/postgres.sh"), "sh", "-c",
                                         'echo "$CLICKBATON_TEST_PG"; cat'], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.base, self.count = self.process.stdout.readline().strip(), 0
        atexit.register(self.end)

    def end(self):
        if self.process.poll() is None:
            self.process.stdin.close()
            self.process.wait(timeout=30)

    def psql(self, url, sql):
        r = subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", url, "-c", sql], capture_output=True, text=True, timeout=60)
        if r.returncode != 0:
            raise RuntimeError(r.stderr)
        return r.stdout.strip()

    def url(self):
        self.count += 1
        self.psql(self.base, "CREATE DATABASE copy%d" % self.count)
        return self.base.replace("/postgres?", "/copy%d?" % self.count)


postgres = Postgres()


def old_store(folder, name="data"):
    os.makedirs(folder.at(name), exist_ok=True)
    with gzip.open(FIXTURE) as f:
        folder.write(name + "/clickbaton.db", f.read(), 0o600)
    equal("brought up to date", run("store", "compact", folder.at(name)).code, 0)


def rows_of(url):
    return [json.loads(l) for l in run("store", "export", url).out.splitlines()]


def whole(name, place):
    r = run("store", "verify", place)
    return equal("%s: verify" % name, (r.code, r.err), (0, "")) and has("%s: it says so" % name, r.out, ": whole")


@part
def there_and_back():
    folder, url = Folder(), postgres.url()
    old_store(folder)
    ledger = run("store", "export", folder.at("data")).out
    r = run("store", "import", "-", url, stdin=ledger)
    equal("into a database", (r.code, r.out), (0, ""))
    equal("exported again it is the same, byte for byte", run("store", "export", url).out, ledger)
    whole("the database", url)
    r = run("store", "import", "-", url, stdin=ledger)
    equal("not into a store", r.code, 4)
    has("says so", r.err, "a store is there already; take an empty database")
    equal("and nothing was changed", run("store", "export", url).out, ledger)
    for what in ("--offer=drops", "--until=2020-01-01", "--since=2026-01-01"):
        option, value = what.split("=")
        equal(what, run("store", "export", option, value, url).out, run("store", "export", option, value, folder.at("data")).out)

    equal("into a folder", run("store", "import", "-", folder.at("back"), stdin=run("store", "export", url).out).code, 0)
    equal("the same there", run("store", "export", folder.at("back")).out, ledger)
    equal("copied into a folder", run("store", "copy", url, folder.at("copied")).code, 0)
    equal("the same there, too", run("store", "export", folder.at("copied")).out, ledger)

    figures, other = json.loads(run("store", "stats", "--json", url).out), json.loads(run("store", "stats", "--json", folder.at("data")).out)
    same = ("rows", "events", "postbacks", "times", "postbacks of offers", "events of offers")
    equal("the same figures", {k: figures[k] for k in same}, {k: other[k] for k in same})
    true("and of the database", figures["database"]["size, bytes"] > 1000000, figures["database"])
    hours = "SELECT count(*), sum(n) FROM tallies"
    equal("the same counts by the hour", postgres.psql(url, hours).split("|")[1], str(folder.rows(hours)[0]["sum(n)"]))

    # What is sending when the copy is made is taken back by whoever comes first.
    sending = re.sub(r'"state":1', '"state":2', ledger, count=1)
    lent = postgres.url()
    equal("with one that is being sent", run("store", "import", "-", lent, stdin=sending).code, 0)
    equal("its lease is over", postgres.psql(lent, "SELECT count(*) FROM deliveries WHERE state = 2 AND lease < clock_timestamp()"), "1")
    equal("the same", run("store", "export", lent).out, sending)


@part
def what_is_refused():
    folder, url = Folder(), postgres.url()
    old_store(folder)
    good = run("store", "export", folder.at("data")).out.splitlines()
    for name, lines, why in spoilt(good):
        r = run("store", "import", "-", url, stdin="\n".join(lines) + "\n")
        equal(name, r.code, 1)
        has(name + ": where, and why", r.err, "stdin:", why, "nothing was imported")
        equal(name + ": nothing is there", [(r["row"]) for r in rows_of(url)], ["ledger", "end"])
    equal("then a good one", run("store", "import", "-", url, stdin="\n".join(good) + "\n").code, 0)

    r = run("store", "verify", "postgresql://u:secret@127.0.0.1:1/x")
    equal("a password on the command line", r.code, 2)
    has("says why", r.err, "can be read by everybody on this machine", "PGPASSFILE")
    hasnt("and does not repeat it", r.err, "secret")
    equal("in a parameter", run("store", "stats", "postgresql://h/x?password=secret").code, 2)
    r = run("store", "export", "postgresql://127.0.0.1:1/x")
    equal("nobody there", (r.code, r.out), (4, ""))
    has("where", r.err, "postgresql://127.0.0.1:1/x")
    r = run("store", "export", postgres.url())
    equal("an empty database", r.code, 4)
    has("says so", r.err, "there is no store in it")
    equal("from folder to folder", run("store", "copy", folder.at("data"), folder.at("x")).code, 2)
    r = run("store", "copy", folder.at("nothing"), url)
    equal("from nowhere", r.code, 4)

    postgres.psql(url, "DELETE FROM deliveries WHERE event = (SELECT max(event) FROM deliveries)")
    r = run("store", "verify", url)
    equal("damage", r.code, 1)
    has("is named", r.out, "damaged: events ", ": it has no state: its row in deliveries is gone")
    j = json.loads(run("store", "verify", "--json", url).out)
    true("as JSON", j["whole"] is False and j["count"] == len(j["findings"]) > 0, j)


@part
def a_running_installation_moves():
    sandbox, url = Sandbox(), postgres.url()
    folder = Folder(endpoint=sandbox.endpoint)
    serve = Serve(folder)
    load = Load(serve, "m", connections=4, pause=0.002)
    wait_until("some load", lambda: len(load.taken) > 100)

    # Killed in the middle, and run again; the server runs on.
    for delay in (0.05, 0.15, 0.3):
        p = subprocess.Popen([BINARY, "store", "copy", folder.at("data"), url], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(delay)
        p.kill()
        p.wait()
    r = run("store", "copy", folder.at("data"), url)
    equal("beside the server it is not finished", r.code, 1)
    has("it says what to do", r.err, "stop it and run this once more")
    before = len(load.taken)
    r = run("store", "import", "-", url, stdin="{}\n")
    has("nothing else goes in", r.err, "filled in part by `clickbaton store copy`; run that again")
    wait_until("more load", lambda: len(load.taken) > before + 100)
    r = run("store", "copy", folder.at("data"), url)
    added = int(re.search(r"(\d+) added", r.err).group(1))
    known = int(re.search(r"(\d+) rows were there already", r.err).group(1))
    true("only what is new is written", added > 100 and known > 100, r.err)

    load.stop()
    sent = {e["event_id"] for e in sandbox.events()}
    equal("the server ends", serve.stop(), 0)
    r = run("store", "copy", folder.at("data"), url)
    equal("the last copy", r.code, 0)
    has("it says so", r.err, "the copy is finished", "is closed")
    whole("the database", url)
    equal("it is the same store", run("store", "export", url).out, run("store", "export", folder.at("data")).out)
    hours = "SELECT sum(n) FROM tallies"
    equal("hours as they were", postgres.psql(url, hours), str(folder.rows(hours)[0]["sum(n)"]))
    equal("the writers' counts", postgres.psql(url, "SELECT sum(postbacks) FROM writers"), str(folder.rows("SELECT postbacks FROM counts")[0]["postbacks"]))

    # Each acknowledged one is there once; what TikTok has is not sent again, what it has not waits here and nowhere else.
    events = [r for r in rows_of(url) if r["row"] == "event"]
    ids = [e["event_id"] for e in events]
    equal("none twice", len(ids), len(set(ids)))
    equal("none lost", set(load.taken) - set(ids), set())
    sent |= {e["event_id"] for e in sandbox.events()}
    equal("delivered ones are those that TikTok has", {e["event_id"] for e in events if e["state"] == 3} - sent, set())
    equal("what waits was not sent with a known outcome",
          [e["event_id"] for e in events if e["state"] < 3 and e["event_id"] in sent and not e.get("unknown_since")], [])

    # The server goes on in the database: what waited is sent, a repeat is a duplicate, a new one is taken.
    moved = Folder(endpoint=sandbox.endpoint, extra="store: '%s'\n" % url)
    serve = Serve(moved)
    equal("a repeat is known", serve.verdict("subid=%s&external_id=E.C.P.%s&status=sale&payout=1&currency=usd" % (ids[0], ids[0]))[1]["verdict"], "duplicate")
    more = Load(serve, "n", connections=2, count=40).wait()
    equal("new ones are taken", len(more), 40)
    acknowledged = set(load.taken) | set(more)
    wait_until("all are delivered", lambda: acknowledged <= {e["event_id"] for e in sandbox.events()}, seconds=30)
    wait_until("and recorded", lambda: postgres.psql(url, "SELECT count(*) FROM deliveries WHERE state < 3") == "0", seconds=30)
    equal("it ends", serve.stop(), 0)
    times = {}
    for e in sandbox.events():
        times[e["event_id"]] = times.get(e["event_id"], 0) + 1
    unknown = {e["event_id"] for e in events if e.get("unknown_since")}
    equal("each is delivered once", {i: n for i, n in times.items() if n != 1 and i not in unknown}, {})
    whole("after it", url)

    closed = Serve(folder, start=False)
    equal("the old store is closed", closed.wait() != 0, True)
    has("and says where it went", closed.err(), "this store was moved to", "set `store:` to that")
    r = run("store", "copy", folder.at("data"), url)
    true("a copy that is finished is not begun again", r.code != 0 and "a store is there already" in r.err, r.err)


@part
def what_retention_has_removed():
    """Counts of hours whose rows are gone come along, and it is known that they are gone."""
    sandbox, url = Sandbox(), postgres.url()
    first = Folder(endpoint=sandbox.endpoint)
    serve = Serve(first)
    for n in range(30):
        serve.get("/click/nutra-de?key=%s&subid=r%d&ttclid=E.C.P.r%020d" % (KEY, n, n))
        serve.fire("subid=r%d&status=sale&payout=1&currency=usd" % n)
    wait_until("delivery", lambda: first.rows("SELECT delivered FROM counts")[0]["delivered"] == 30)
    serve.stop()
    folder = Folder(endpoint=sandbox.endpoint, extra="retention: {clicks: 45d, ledger: 90d, ip: 30d}\n")
    run("store", "import", "-", folder.at("data"), stdin=aged(run("store", "export", first.at("data")).out, 60))
    silent(folder)
    serve = Serve(folder)
    wait_until("retention", lambda: "retention: what is old was removed" in serve.err())
    equal("the clicks are gone", folder.rows("SELECT count(*) AS n FROM clicks")[0]["n"], 0)
    equal("their count is not", folder.rows("SELECT sum(n) AS n FROM tallies WHERE kind = 1 AND slot = 0")[0]["n"], 30)
    equal("beside the server", run("store", "copy", folder.at("data"), url).code, 1)
    load = Load(serve, "h", connections=2, count=40).wait()
    equal("once more", run("store", "copy", folder.at("data"), url).code, 1)
    equal("the server ends", serve.stop(), 0)
    equal("the last copy", run("store", "copy", folder.at("data"), url).code, 0)
    whole("the source", folder.at("data"))
    whole("the database", url)
    equal("since when", postgres.psql(url, "SELECT key, value FROM meta WHERE key IN ('clicks_before', 'ledger_before') ORDER BY key").split(),
          ["%s|%d" % (k, v) for k, v in sorted(folder.rows("SELECT clicks_before, ledger_before FROM counts")[0].items())])
    hours = "SELECT hour, kind, slot, sum(n) AS n FROM tallies GROUP BY hour, kind, slot ORDER BY hour, kind, slot"
    equal("the same hours", postgres.psql(url, hours).split(), ["%d|%d|%d|%d" % (r["hour"], r["kind"], r["slot"], r["n"]) for r in folder.rows(hours)])
    equal("all were taken", len(load), 40)
    postgres.psql(url, "DELETE FROM meta WHERE key = 'clicks_before'")
    has("without it the hours would be named", run("store", "verify", url).out, "clicks (0) says 30, the rows say 0")


@part
def hours_that_the_rows_do_not_bear_out():
    folder, url = Folder(), postgres.url()
    old_store(folder)
    equal("into a database", run("store", "import", "-", url, stdin=run("store", "export", folder.at("data")).out).code, 0)
    hours = lambda: [l.split(" offer ")[1] for l in run("store", "verify", url).out.splitlines() if l.startswith("damaged: hours: ")]
    one = "(hour, offer, kind, name, slot, writer) = (SELECT hour, offer, kind, name, slot, writer FROM tallies WHERE kind = %d ORDER BY n DESC LIMIT 1)"
    for kind in range(1, 12):
        postgres.psql(url, "UPDATE tallies SET n = n + 1 WHERE " + one % kind)
    equal("each kind of count that is too high is named", hours(), [
        "nutra-de: clicks (0) says 13, the rows say 12", "nutra-de: postbacks sale (1) says 11, the rows say 10",
        "nutra-de: reasons D001 (2) says 2, the rows say 1", "nutra-de: warnings W032 (0) says 12, the rows say 11",
        "nutra-de: events Purchase (1) says 11, the rows say 10", "nutra-de: latency Purchase (0) says 11, the rows say 10",
        "nutra-de: valued Purchase (1) says 11, the rows say 10", "nutra-de: values Lead (USD) says 150000001, the rows say 150000000",
        "nutra-de: originals Lead (USD) says 150000001, the rows say 150000000", "nutra-de: answers 0 (3) says 11, the rows say 10",
        "nutra-de: keys Purchase (ttclid) says 11, the rows say 10"])
    for kind in range(1, 12):
        postgres.psql(url, "UPDATE tallies SET n = n - 1 WHERE " + one % kind)
    whole("as it was", url)
    postgres.psql(url, "DELETE FROM tallies WHERE kind = 10 AND name = 'Purchase' AND slot = 3")
    equal("a count that is gone", hours(), ["nutra-de: keys Purchase (external_id) says 0, the rows say 10"])
    postgres.psql(url, "INSERT INTO tallies SELECT hour, offer, 10, name, 3, writer, n FROM tallies WHERE kind = 10 AND name = 'Purchase' AND slot = 0 AND offer = 'nutra-de'")
    whole("as it was", url)

    changes = [ # of a row; what verify says; the way back
        ("UPDATE postbacks SET warnings = 'W099 x' WHERE id = 1", ["warnings W032 (0) says 11, the rows say 10", "warnings W099 (0) says 0, the rows say 1"]),
        ("UPDATE events SET value = value + 7 WHERE id = 1", ["values Purchase (USD) says 129900000, the rows say 129900007"]),
        ("UPDATE events SET original_value = 0 WHERE id = 1", ["originals Purchase (EUR) says 125000000, the rows say 112500000"]),
        ("UPDATE events SET currency = 'EUR' WHERE id = 1", ["values Purchase (EUR) says 0, the rows say 12990000", "values Purchase (USD) says 129900000, the rows say 116910000"]),
        ("UPDATE events SET body = replace(body, 'external_id', 'external_ix') WHERE id = 1", ["keys Purchase (external_id) says 10, the rows say 9"]),
        ("UPDATE events SET body = replace(body, '\"user_agent\"', '\"user_agenx\"')", []),  # retention: ip takes it out
        ("UPDATE events SET body = '{}' WHERE id = 1", []),  # a visitor's refusal
        ("UPDATE attempts SET took_ms = took_ms + 200 WHERE id = (SELECT min(attempt) FROM tries WHERE event = 1)",
         ["latency Purchase (0) says 10, the rows say 9", "latency Purchase (1) says 0, the rows say 1"]),
        ("UPDATE attempts SET code = 40002 WHERE id = (SELECT min(attempt) FROM tries WHERE event = 1)",
         ["answers 0 (3) says 10, the rows say 9", "answers 40002 (3) says 0, the rows say 1"]),
        # Two have tried it: which of them delivered is in no row.
        ("UPDATE deliveries SET unknown_since = 1, attempts = 2 WHERE event = 1; UPDATE attempts SET code = 40002 WHERE id = (SELECT min(attempt)"
         " FROM tries WHERE event = 1)", []),
    ]
    for sql, want in changes:
        postgres.psql(url, "CREATE TABLE IF NOT EXISTS was_p AS SELECT * FROM postbacks; CREATE TABLE IF NOT EXISTS was_e AS SELECT * FROM events;"
                           "CREATE TABLE IF NOT EXISTS was_a AS SELECT * FROM attempts; CREATE TABLE IF NOT EXISTS was_d AS SELECT * FROM deliveries; " + sql)
        equal(sql, hours(), ["nutra-de: " + w for w in want])
        postgres.psql(url, "".join("DELETE FROM %s; INSERT INTO %s SELECT * FROM was_%s;" % (t, t, t[0]) for t in ("postbacks", "events", "attempts", "deliveries")))
    whole("as it was", url)


def ledger(*rows, last=9):
    head = {"row": "ledger", "version": 1, "newest": "2026-01-01T00:00:00Z", "whole": 1, "last_click": last, "last_postback": last,
            "last_event": last, "last_attempt": last, "gone_postback": 0, "gone_attempt": 0}
    end = {"row": "end", "clicks": len(rows), "postbacks": 0, "attempts": 0, "events": 0}
    return "".join(json.dumps(r, separators=(",", ":")) + "\n" for r in [head, *rows, end])


def click(id, **more):
    return dict({"row": "click", "id": id, "offer": "nutra-de", "at": 1795000000 + id, "keyed": 0}, **more)


@part
def a_click_whose_ids_another_has_now():
    """Between two copies retention has removed a click, and one before it was given its click_id; one behind a page of others."""
    url, folders = postgres.url(), []
    many = [click(n, click_id="m%d" % n) for n in range(3, 900)]
    for rows in ([click(1, ttclid="E.C.P.t1"), click(2, ttclid="E.C.P.t2")] + many + [click(900, click_id="A"), click(901, click_id="B")],
                 [click(1, ttclid="E.C.P.t1", click_id="A"), click(2, ttclid="E.C.P.t2", click_id="m5")] + many[:2] + many[3:] +
                 [click(900, click_id="m5000"), click(901, click_id="B")]):
        f = Folder()
        folders.append(f)
        text = ledger(*rows, last=2000)
        r = run("store", "import", "-", f.at("data"), stdin=text)
        equal("a folder with them", r.code, 0)
        with open(f.at("data/lock"), "r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            r = run("store", "copy", f.at("data"), url)
            equal("copied", (r.code, "the server of" in r.err), (1, True))
        equal("it is the same", [r for r in rows_of(url) if r["row"] == "click"], rows)
    has("what was changed", r.err, "897 rows were there already, 0 added, 3 changed, 1 removed")
    equal("the last copy", run("store", "copy", folders[1].at("data"), url).code, 0)
    whole("the database", url)
    equal("and is found", postgres.psql(url, "SELECT count(*), count(DISTINCT key) FROM clicks"), "900|900")

    twice = Folder()
    r = run("store", "import", "-", twice.at("data"), stdin=ledger(click(3, click_id="A"), click(4, click_id="x"), click(7, click_id="A")))
    equal("two with the same ids, by hand", r.code, 0)
    r = run("store", "copy", twice.at("data"), postgres.url())
    equal("are refused", r.code, 1)
    has("by name, and what to do", r.err, "the clicks 3 and 7 have the same offer and click_id (or, without one, ttclid)",
        "`clickbaton store export`, leave one of the two lines out, and import the rest")


main()
