"""Several servers on one PostgreSQL look like one: what each says of all rows is what one server on SQLite says of the same postbacks; who looks
on misses nothing; a server that is killed and started again goes on with what it had.  KILLS=20: so many kills (make test: 1).  `make test` runs
the first and the last of these with two servers; make test-postgres all of it."""
import atexit
import shutil
import threading

from harness import *
from browser import Browser, Stream
from postgres_server import Postgres
from same_words import by_name, unlike, volatile

SALE = "subid=%s&external_id=E.C.P.%s&status=sale&payout=1&currency=usd"
KILLS = int(os.environ.get("KILLS", 2 if os.environ.get("SLOW") else 1))
NODES = 3 if os.environ.get("SLOW") else 2
postgres = Postgres()
children.remove(postgres)
atexit.register(postgres.kill)
count = 0


class Database:
    def __init__(self):
        global count
        count += 1
        self.name = "any%d" % count
        postgres.database(self.name)
        self.url = postgres.url(self.name)

    def rows(self, sql):
        return postgres.rows(sql, self.name)

    def states(self):
        return dict(self.rows("SELECT state, count(*) FROM deliveries GROUP BY state"))

    def folder(self, endpoint, name="node-1", more="", **others):
        return Folder(endpoint, extra="store: {url: '%s'}\nnode: %s\n%s" % (self.url, name, more), **others)


# ---- killed and started again ----

@part
def what_it_had_goes_on_at_once():
    db, sandbox = Database(), Sandbox("--fault", "first=%d:stall=60" % KILLS)
    serve = Serve(db.folder(sandbox.endpoint))
    equal("it is taken", [serve.fire(SALE % (i, i)).status for i in ("k1", "k2", "k3")], [200] * 3)
    for n in range(KILLS):
        wait_until("a request to be under way", lambda: db.states().get("2"))
        serve.kill()
        before = sum(int(r[0]) for r in db.rows("SELECT attempts FROM deliveries"))
        serve = Serve(serve.folder)
        wait_until("the next run to have it back", lambda: sum(int(r[0]) for r in db.rows("SELECT attempts FROM deliveries")) > before, 10)
        has("it says so", serve.err(), "events were in flight when the server ended; they are sent again")
    wait_until("all to be delivered", lambda: db.states() == {"3": "3"}, 20)
    equal("each is there", sorted(e["event_id"] for e in sandbox.events() if e["event_id"] in ("k1", "k2", "k3"))[0], "k1")
    equal("what was tried again had an unknown outcome", db.rows("SELECT count(*) FROM deliveries WHERE attempts > 1 AND unknown_since IS NULL"), [["0"]])
    equal("no number is held by the dead", db.rows("SELECT count(*) FROM writers WHERE until > clock_timestamp()"), [["2"]])
    true("none is left over for two minutes", all(not r[0] for r in db.rows("SELECT lease FROM deliveries")))
    equal("it ends", serve.stop(), 0)


@slow
def a_folder_that_was_copied_is_another():
    """As a machine that was cloned with its data folder and name: what the first one has is its own."""
    db, sandbox = Database(), Sandbox("--fault", "first=1:stall=10")
    a = Serve(db.folder(sandbox.endpoint, "twin"))
    equal("it is taken", a.fire(SALE % ("t1", "t1")).status, 200)
    wait_until("the request to be under way", lambda: db.states() == {"2": "1"})
    other = db.folder(sandbox.endpoint, "twin")
    shutil.copytree(a.folder.at("data"), other.at("data"), ignore=shutil.ignore_patterns("control"))
    b = Serve(other)
    equal("it is taken there", b.fire(SALE % ("t2", "t2")).status, 200)
    wait_until("that to be delivered", lambda: db.states() == {"2": "1", "3": "1"}, 5)
    wait_until("the other to have looked", lambda: db.rows("SELECT count(*) FROM writers WHERE sends = 1") == [["2"]], 5)
    time.sleep(0.5)
    equal("the first one has it still", db.rows("SELECT state, attempts FROM deliveries ORDER BY state"), [["2", "0"], ["3", "1"]])
    hasnt("nothing was taken over", a.err() + b.err(), "in flight")
    for s in (a, b):
        equal("it ends", s.stop(), 0)


# ---- who looks on ----

class Tail:
    def __init__(self, folder):
        self.p = subprocess.Popen([BINARY, "tail", "--json", "-n", "0"], cwd=folder.path, stdout=subprocess.PIPE, text=True)
        self.ids = []
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.p.stdout:
            self.ids.append(json.loads(line)["txid"])

    def end(self):
        self.p.send_signal(signal.SIGINT)
        return self.p.wait(20)


@slow
def a_row_that_commits_late():
    """A third writer's transaction is open while others commit: its rows have lower ids, and come at last all the same."""
    db, sandbox = Database(), Sandbox()
    servers = [Serve(db.folder(sandbox.endpoint, "node-%d" % n)) for n in range(2)]
    tail, stream = Tail(servers[0].folder), Stream(Browser(servers[0]))
    stream.until("state")
    fire = lambda s, id: equal("%s is taken" % id, s.fire(SALE % (id, id) + "&tid=" + id).status, 200)
    wait_until("the tail to look", lambda: fire(servers[0], "t%d" % time.monotonic_ns()) or tail.ids)
    # As another node would: a number, ids of the moment in which it began, all of it visible later.
    slow = postgres.session(db.name)
    slow.write("BEGIN; INSERT INTO writers SELECT 40, 1, 'slow', clock_timestamp() + interval '60 s', 0, id, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 9, 0, 1"
               " FROM (SELECT ((floor(extract(epoch FROM clock_timestamp()))::bigint - 1577836800) << 21) + (40 << 15) AS id) x;"
               "INSERT INTO postbacks(id, at, offer, verdict, txid) SELECT last_postback, (extract(epoch FROM clock_timestamp()) * 1000)::bigint,"
               " 'nutra-de', 3, 'late' FROM writers WHERE number = 40;\n")
    wait_until("it to be open", lambda: db.rows("SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction' AND application_name = 'psql'") == [["1"]])
    time.sleep(1.1)
    fire(servers[1], "early")  # at the other node: its id is higher, and it is visible first
    shown = stream.until("row", lambda r: r["txid"] == "early" and r["events"][0]["state"] == "delivered")
    wait_until("the tail to show it", lambda: "early" in tail.ids)
    equal("the late one is not there yet", (shown["verdict"], "late" in tail.ids), ("queued", False))
    slow.write("COMMIT;\n")
    late = stream.until("row", lambda r: r["txid"] == "late")
    true("it has the lower id", late["id"] < shown["id"], (late["id"], shown["id"]))
    wait_until("the tail to show it", lambda: "late" in tail.ids)
    again = Stream(stream.browser, last=stream.last)
    equal("who comes back is told of it again", again.until("row", lambda r: r["txid"] == "late")["id"], late["id"])
    equal("once", tail.ids.count("late"), 1)
    equal("the tail ends", tail.end(), 0)
    again.close(), stream.close()
    for s in servers:
        equal("it ends", s.stop(), 0)


# ---- what each says ----

VERBS = [
    ("trace", "w1"), ("trace", "w1", "--json"), ("trace", "E.C.P.w2"), ("trace", "t-w3", "--json"), ("trace", "nothing-has-this"),
    ("report",), ("report", "--json"), ("coverage", "--json"), ("top", "--json", "--frames", "1"),
    ("tail", "--once", "--json", "-n", "100"), ("tail", "--once", "--verdict", "quarantined"), ("replay", "--dry-run", "--json"),
    ("reconcile", "--tracker", "tracker.csv", "--json"), ("reconcile", "--tracker", "tracker.csv", "--tell"),
    ("diff", "offers/nutra-de.yaml", "offers/nutra-de.yaml", "--against", "clickbaton.yaml", "--json"),
]
PAGES = ["/api/conversions?limit=100", "/api/conversions?verdict=quarantined&limit=10", "/api/health", "/api/trace?id=w1", "/api/state"]
GAUGES = re.compile(r"clickbaton_(store_(clicks|postbacks|quarantined_postbacks|events)|outbox_events)\b")
COUNTERS = re.compile(r"clickbaton_(postbacks|clicks|events|refused|lost|dropped_by_rule|recovered|delivery_events)_total\b")


def samples(serve, wanted):
    lines = request(serve.admin, "GET", "/metrics").body.splitlines()
    return {l.rsplit(" ", 1)[0]: float(l.rsplit(" ", 1)[1]) for l in lines if wanted.match(l)}


def words_of(serve, words):
    r = run(*words, cwd=serve.folder.path)
    text = volatile(r.out.replace(serve.folder.path, "DIR"))
    if words[0] == "top" and "offers" in text:
        text = json.dumps(json.loads(text)["offers"])
    if words[0] == "tail":  # of one second, and of two servers: in no order
        text = "\n".join(sorted(text.splitlines()))
    return r.code, text, volatile(r.err.replace(serve.folder.path, "DIR"))


def page_of(serve, browser, path):
    a = browser.get(path)
    if path == "/api/health":
        return a.status, by_name(a.body)
    if path == "/api/state":
        state = json.loads(a.body)
        return a.status, state["offers"], state["outbox"]["delivered"], state["outbox"]["dead"]
    rows = re.split(r'(?=\{"id":0,"at")', volatile(a.body))  # of one second, and of two servers: in no order
    return a.status, rows[:1], sorted(r.rstrip(",]}") for r in rows[1:])


def take_all(servers):
    """The same to one or to several, in turn; what follows from another comes a second later."""
    page = {"Origin": "https://lander.example", "Content-Type": "text/plain"}
    queries = [[SALE % ("w%d" % n, "w%d" % n) + "&tid=t-w%d" % n for n in range(7)],
               [SALE % ("w1", "w1") + "&tid=t-w1", SALE.replace("sale", "rejected") % ("w2", "w2") + "&tid=t-w2", "subid=w1&status=lead",
                "subid=q1&status=what-is-this&payout=3", "subid=%ff%00x&external_id=E.C.P.%fe&status=sale&payout=1&currency=usd"]]
    for n in range(3):
        equal("a click", request(servers[n % len(servers)].port, "POST", "/click/nutra-de", "subid=w%d&ttclid=E.C.P.w%d&event_id=ev-%d" % (n, n, n), page).status, 204)
    n, said = 0, []
    for group in queries:
        for q in group:
            status, answer = servers[n % len(servers)].verdict(q)
            said.append((status, json.loads(volatile(json.dumps(answer)))))
            n += 1
        if len(servers) > 1 and group is queries[0]:
            time.sleep(1.1)
    return said


@part
def every_node_says_what_one_server_says():
    taken = []
    db = Database()
    for several in (False, True):
        sandbox = Sandbox()
        folders = [db.folder(sandbox.endpoint, "node-%d" % n) for n in range(NODES)] if several else [Folder(sandbox.endpoint)]
        servers = [Serve(f) for f in folders]
        said = take_all(servers)
        for s in servers:
            wait_until("all to be sent", lambda: samples(s, GAUGES).get('clickbaton_store_events{state="delivered"}') == 9)
            s.folder.write("tracker.csv", "subid,status,revenue,currency,conversion time,tid\n" + "".join(
                "w%d,sale,1,USD,%s,t-w%d\n" % (n, time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime()), n) for n in range(9)))
        each = []
        for s in servers:
            browser = Browser(s)
            each.append([("the answers", said)] + [(" ".join(w), words_of(s, w)) for w in VERBS] + [(p, page_of(s, browser, p)) for p in PAGES] +
                        [("gauges", samples(s, GAUGES))])
        sums = {}
        for s in servers:
            for k, n in samples(s, COUNTERS).items():
                sums[k] = sums.get(k, 0) + n
        for s in servers:
            equal("doctor is content", run("doctor", cwd=s.folder.path).code, 0)
        taken.append((each, sums))
        for s in servers:
            equal("it ends", s.stop(), 0)
    (one,), counted = taken[0]
    for n, node in enumerate(taken[1][0]):
        for (what, want), (_, got) in zip(one, node):
            true("node %d says what one server says: %s" % (n, what), want == got and want not in (None, {}, []), unlike(want, got))
    equal("sums of counters over the nodes", {k: v for k, v in taken[1][1].items() if v}, {k: v for k, v in counted.items() if v})


# ---- rows that nobody has put ----

LEAST, MOST = "-9223372036854775808", "9223372036854775807"
HOSTILE = """
INSERT INTO postbacks(id, at, offer, verdict) SELECT i, a, 'nutra-de', v FROM (VALUES ({id} + 1, {least}, 0), ({id} + 2, {most}, 99), ({id} + 3, 0, {least}),
 ({id} + 4, {now}, -1), (-5, {now}, 1)) x(i, a, v);
INSERT INTO postbacks(id, at, offer, tracker, stage, verdict, code, reason, warnings, params, click_id, click_hash, txid) VALUES({id} + 5, {now}, '', '', '', 4,
 repeat('Q', 100000), repeat('x', 100000), repeat(E'W999\\n', 50000), '%', 'w1', 1, E'\\U0010FE00\\U0010FEFF\x1b[2J');
INSERT INTO events(id, postback, created, offer, pixel, event, event_id, body, value, currency, original_value, original_currency) SELECT {id} + 10 + n,
 CASE n WHEN 0 THEN {least} ELSE {id} + 5 END, CASE n WHEN 1 THEN {least} WHEN 2 THEN {most} ELSE {now} END, 'nutra-de', '{pixel}', 'Purchase', NULL,
 CASE n WHEN 0 THEN 'no JSON' WHEN 1 THEN repeat('[', 20000) WHEN 2 THEN '' ELSE '{{"event_time":-1,"user":[]}}' END,
 CASE n WHEN 0 THEN {least} ELSE {most} END, 'USD', {least}, repeat('U', 5000) FROM generate_series(0, 5) n;
INSERT INTO deliveries(event, pixel, state, due, attempts, unknown_since, note, owner, lease) SELECT {id} + 10 + n, '{pixel}', CASE n WHEN 0 THEN 0 WHEN 1 THEN 99
 WHEN 2 THEN 5 WHEN 3 THEN 4 ELSE 3 END, {least}, {most}, {least}, repeat('n', 50000), {least}, 'infinity' FROM generate_series(0, 5) n;
INSERT INTO attempts(id, at, took_ms, pixel, http_status, code, message) VALUES({id} + 30, {most}, {least}, '{pixel}', {most}, {least}, repeat('m', 100000));
INSERT INTO tries SELECT {id} + 10 + n, a FROM generate_series(0, 5) n, (VALUES ({id} + 30), ({least}), ({most})) x(a) WHERE a = {id} + 30;
INSERT INTO clicks(id, key, offer, at, keyed, click_id, click_hash) VALUES({id} + 40, gen_random_uuid(), 'nutra-de', {least}, {most}, 'w1', 7),
 ({least}, gen_random_uuid(), '', {most}, -1, NULL, NULL);
INSERT INTO tallies(hour, offer, kind, name, slot, writer, n) SELECT h, 'nutra-de', k, 'Purchase', s, 63, n FROM (VALUES ({least}), ({most}), ({now} / 1000 / 3600 * 3600),
 (1)) a(h), (VALUES (0), (2), (5), (6), (8), (10), (11), (99), ({least})) b(k), (VALUES ({least}), ({most}), (77)) c(s), (VALUES ({most})) d(n);
INSERT INTO writers SELECT n, 1, repeat('w', 5000), clock_timestamp() + interval '60 s', {most}, {most}, {least}, {most}, {least}, 0, 0, 0, 0, 0, 0, 0, {most}, 1, 1
 FROM (VALUES (9999), ({least})) x(n);
INSERT INTO gates(pixel, token, until, failures, why, version) VALUES('{pixel}', 0, {least}, {most}, repeat('y', 50000), {least})
 ON CONFLICT (pixel) DO UPDATE SET until = {least}, failures = {most}, why = repeat('y', 50000);
INSERT INTO meta VALUES('clicks_before', {least}), ('ledger_before', {most}) ON CONFLICT (key) DO UPDATE SET value = {least};
"""


@slow
def rows_that_nobody_has_put():
    """Whoever may write to the database can write anything: it is shown as what it is or refused, and ends no server."""
    db, sandbox = Database(), Sandbox()
    serve = Serve(db.folder(sandbox.endpoint))
    equal("a server", [serve.fire(SALE % (i, i)).status for i in ("w1", "w2")], [200, 200])
    wait_until("both to be sent", lambda: db.states() == {"3": "2"})
    top = int(db.rows("SELECT max(id) FROM postbacks")[0][0])
    postgres.psql(HOSTILE.format(id=top, least=LEAST, most=MOST, now=int(time.time() * 1000), pixel=PIXEL), db.name)
    serve.folder.write("tracker.csv", "subid,status,revenue,currency,conversion time,tid\nw1,sale,1,USD,2026-11-26 10:00:00,t-w1\n")
    for words in VERBS + [("store", "export", db.url), ("store", "verify", db.url),
                          ("store", "stats", db.url), ("tail", "--once", "-n", "50")]:
        r = run(*words, cwd=serve.folder.path)
        true("%s: an answer" % " ".join(words[:3]), r.code in (0, 1, 3, 4) and (r.out or r.err or words[0] == "tail"), (r.code, r.err[-300:]))
        true("%s: nothing that a terminal obeys" % " ".join(words[:2]), not re.search("[\x00-\x08\x0b-\x1f\x7f]", r.out if words[:2] != ("store", "export") else ""))
    b = Browser(serve)
    for path in PAGES:
        a = b.get(path)
        true("%s: an answer" % path, a.status in (200, 503) and json.loads(a.body) is not None, a.status)
    equal("metrics", request(serve.admin, "GET", "/metrics").status, 200)
    serve.kill()
    serve = Serve(serve.folder)
    equal("it starts with them, and takes more", serve.fire(SALE % ("w9", "w9")).status, 200)
    wait_until("that to be sent", lambda: any(e["event_id"] == "w9" for e in sandbox.events()), 30)
    equal("it ends", serve.stop(), 0)


main()
