"""The store in PostgreSQL: everything that works on SQLite gives the same answers there; what may be wrong with a database is said;
while it is away postbacks are answered 503, and it comes back by itself."""
import threading

from harness import *
from postgres_server import PASSWORD, Postgres, no_secret
from same_words import by_name, unlike, volatile

SALE = "subid=%s&external_id=E.C.P.%s&status=%s&payout=%s&currency=usd&tid=t-%s"
FIXED = "stages:\n  sale: [sale, approved, approv3d]\nevents:"
BINOM = """version: 1
offer: binom-de
extends: binom
pixel: %s
value_currency: USD
events:
  sale: {event: Purchase, value: payout}
  lead: {event: Lead}
""" % PIXEL


def store(url, password=True):
    text = "store: {url: \"%s\"%s}\n" % (url, ", password: {file: ./keys/database}" if password else "")
    return text


def folder_on(url, endpoint="http://127.0.0.1:9" + TRACK, password=None, **more):
    f = Folder(endpoint, extra=store(url, password is not None), **more)
    if password is not None:
        f.write("keys/database", password + "\n", 0o600)
    return f


# ---- the same answers ----

def browser(serve, path):
    """The inspector's JSON, logged in by a ticket."""
    ticket = json.loads(run("inspect", "--json", cwd=serve.folder.path).out)["token"]
    head = {"Content-Type": "application/json", "Origin": "http://127.0.0.1:%d" % serve.admin, "Sec-Fetch-Site": "same-origin"}
    login = request(serve.admin, "POST", "/api/login", json.dumps({"token": ticket}), head)
    cookie = login.headers["Set-Cookie"].split(";")[0]
    return request(serve.admin, "GET", path, headers=dict(head, Cookie=cookie))


def sums(serve):
    """/metrics without what is a time or a machine's."""
    lines = request(serve.admin, "GET", "/metrics").body.splitlines()
    wanted = re.compile(r"clickbaton_(postbacks|clicks|events|outbox|delivered|queued|quarantined|dead)[a-z_]*(\{[^}]*\})? ")
    return sorted(l for l in lines if wanted.match(l) and not re.search("seconds|bytes|_bucket|oldest|time", l))


def drained(serve, delivered, dead=1):
    wait_until("the outbox to be empty", lambda: [serve.ready()[1]["outbox"][k] for k in ("waiting", "sending", "delivered", "dead")] == [0, 0, delivered, dead])


def said(serve, query, offer="nutra-de"):
    status, answer = serve.verdict(query, offer)
    return status, json.loads(volatile(json.dumps(answer)))


def same_way(f, sandbox, take):
    """The main job, from the first check to a kill: what everybody answers, by take(what, answer)."""
    def verb(*words, keep=lambda r: (r.code, volatile(r.out))):
        take(" ".join(words), keep(run(*words, cwd=f.path)))

    f.write("offers/binom-de.yaml", BINOM)
    verb("check")
    serve = Serve(f)
    page = {"Origin": "https://lander.example", "Content-Type": "text/plain"}
    for n in range(3):
        take("click", request(serve.port, "POST", "/click/nutra-de", "subid=c%d&ttclid=E.C.P.c%d&event_id=ev-%d&ttp=p%d" % (n, n, n, n), page).status)
    for n in range(5):
        take("sale", said(serve, SALE % ("c%d" % n, "c%d" % n, "sale", "12.5", n)))
    take("again", said(serve, SALE % ("c1", "c1", "sale", "12.5", 1)))
    take("a lead", said(serve, SALE % ("c1", "c1", "lead", "0", 1)))
    take("rejected", said(serve, SALE % ("c2", "c2", "rejected", "0", 1)))
    take("not understood", said(serve, SALE % ("q1", "q1", "approv3d", "7", 9)))
    take("binom", said(serve, "clickid=b1&external_id=E.C.P.b1&status=sale&payout=3&currency=usd", offer="binom-de"))
    take("bytes that are no text", said(serve, "subid=%ff%00x&external_id=E.C.P.%fe&status=sale&payout=1&currency=usd"))
    drained(serve, 7)
    take("sent", sorted((e["event_id"], e["event"]) for e in sandbox.events()))
    for id in ("c1", "ev-1", "E.C.P.c2", "t-3", "q1", "nothing-has-this"):
        verb("trace", id)
        verb("trace", id, "--json")
    verb("report", "--json")
    verb("coverage", "--json")
    verb("tail", "--once", "--json", "-n", "100")
    verb("top", "--json", "--frames", "1", keep=lambda r: (r.code, json.loads(volatile(r.out))["offers"] if "offers" in r.out else r.out))
    f.write("tracker.csv", "subid,status,revenue,currency,conversion time,tid\n" + "".join(
        "c%d,sale,12.5,USD,%s,t-%d\n" % (n, time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime()), n) for n in range(4)))
    verb("reconcile", "--tracker", "tracker.csv", "--json")
    verb("diff", "offers/nutra-de.yaml", "offers/nutra-de.yaml", "--against", "clickbaton.yaml", "--json")
    take("metrics", sums(serve))
    for path in ("/api/conversions?limit=100", "/api/health", "/api/trace?id=c1"):
        a = browser(serve, path)
        take(path, (a.status, by_name(a.body) if path == "/api/health" else volatile(a.body)))
    f.write("offers/nutra-de.yaml", offer_text("nutra-de").replace("events:", FIXED))
    serve.reload()
    verb("replay", "--dry-run", "--json")
    verb("replay", "--json")
    drained(serve, 8)
    take("sent after the replay", sorted(e["event_id"] for e in sandbox.events()))
    serve.stop()
    verb("replay", "--dead", "--json")  # without a server
    serve = Serve(f)
    take("again after a restart", said(serve, SALE % ("c3", "c3", "sale", "12.5", 3)))
    take("a click that it remembers", said(serve, "subid=c0&status=lead"))
    drained(serve, 9)
    serve.kill()
    serve = Serve(f)
    take("again after a kill", said(serve, SALE % ("c4", "c4", "sale", "12.5", 4)))
    take("new after a kill", said(serve, SALE % ("c9", "c9", "sale", "2", 9)))
    drained(serve, 10)
    take("sent in the end", sorted(e["event_id"] for e in sandbox.events()))
    take("ready", (serve.ready()[0], {k: v for k, v in serve.ready()[1]["outbox"].items()}))
    serve.stop()


@part
def the_same_answers_on_both():
    taken = []
    db = Postgres().database()
    for extra in ("", store(db.url(), False)):
        sandbox = Sandbox()
        answers = []
        f = Folder(sandbox.endpoint, extra=extra)
        if extra:
            r = run("store", "init", cwd=f.path)
            equal("store init", (r.code, r.out), (0, "postgresql://%s:%d/clickbaton: its tables were made (schema 1)\n" % (db.folder, db.port)))
        same_way(f, sandbox, lambda what, answer: answers.append((what, answer)))
        taken.append(answers)
    equal("as many answers", len(taken[0]), len(taken[1]))
    for (what, one), (_, other) in zip(*taken):
        true("on PostgreSQL as on SQLite: " + what, one == other and one not in (None, [], ""), unlike(one, other))
    equal("nothing of it in a file", os.path.exists(f.at("data/clickbaton.db")), False)
    equal("in the database", db.rows("SELECT count(*) FROM postbacks")[0], [str(sum(1 for w, a in taken[1] if w != "ready" and isinstance(a, tuple) and a[0] == 200 and isinstance(a[1], dict)))])


@slow
def what_is_old_goes():
    db = Postgres().database()
    f = folder_on(db.url())
    f.config("http://127.0.0.1:9" + TRACK, extra=store(db.url(), False) + "retention: {clicks: 2s, ledger: 2s, ip: 1s}\n")
    serve = Serve(f)
    serve.fire(SALE % ("o1", "o1", "rejected", "1", 1) + "&ip=192.0.2.77")
    equal("the visitor's address is there", db.rows("SELECT count(*) FROM postbacks WHERE params LIKE '%192.0.2.77%'"), [["1"]])
    request(serve.port, "POST", "/click/nutra-de", "subid=o2&ttclid=E.C.P.o2", {"Origin": "https://lander.example"})
    serve.stop()
    time.sleep(3)
    serve = Serve(f)
    left = lambda: db.rows("SELECT (SELECT count(*) FROM clicks), (SELECT count(*) FROM postbacks), (SELECT count(*) FROM postbacks WHERE params LIKE '%192.0.2.77%')")[0]
    wait_until("clicks and addresses to go", lambda: left() == ["0", "1", "0"])
    good("old clicks and addresses are removed; the postback's table has today's, too")
    serve.fire(SALE % ("o9", "o9", "rejected", "1", 1))  # today, or the clock itself would be doubted
    serve.stop()
    # As if the first had come 100 days ago: its table is old as a whole.
    old = time.strftime("%Y%m%d", time.gmtime(time.time() - 100 * 86400))
    day = (int(time.time()) - 1577836800) // 86400 - 100
    db.psql("UPDATE meta SET value = 1 WHERE key = 'span';" + "".join(
        "CREATE TABLE {0}_{1}(LIKE {0} INCLUDING ALL); ALTER TABLE {0} ATTACH PARTITION {0}_{1} FOR VALUES FROM ({2}) TO ({3});".format(
            table, old, (day * 86400) << 21, ((day + 1) * 86400) << 21) for table in ("postbacks", "events", "tries", "attempts")) +
        "UPDATE postbacks SET id = %d + (id & 2097151), at = %d WHERE id = (SELECT min(id) FROM postbacks)" % ((day * 86400 + 60) << 21, (1577836800 + day * 86400 + 60) * 1000), "clickbaton")
    serve = Serve(f)
    wait_until("the old table to go", lambda: db.rows("SELECT (SELECT count(*) FROM postbacks), to_regclass('postbacks_%s') IS NULL" % old)[0] == ["1", "t"])
    good("the old table is dropped")
    serve.stop()


@part
def two_inits_at_once():
    db = Postgres().database()
    f = folder_on(db.url())
    results = []
    threads = [threading.Thread(target=lambda: results.append(run("store", "init", cwd=f.path))) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    equal("all are content", [r.code for r in results], [0] * 4)
    equal("one has made the tables", sorted(("made" in r.out, "nothing to do" in r.out) for r in results), [(False, True)] * 3 + [(True, False)])
    equal("once", db.rows("SELECT key, value FROM meta ORDER BY key"), [["least", "1"], ["version", "1"]])


# ---- while it is away ----

def refused(serve, id):
    start = time.monotonic()
    a = serve.fire(SALE % (id, id, "sale", "1", id))
    return a.status, a.headers["Retry-After"], time.monotonic() - start


@slow
def it_is_away_at_the_start():
    db = Postgres().database()
    db.stop()
    f = folder_on(db.url())
    serve = Serve(f)
    status, after, took = refused(serve, "a1")
    equal("a postback: 503, with Retry-After", (status, bool(after)), (503, True))
    true("at once", took < 2, took)
    status, ready = serve.ready()
    equal("it is not ready", status, 503)
    has("and says why", " ".join(ready["problems"]), "the store does not take postbacks", "is it running?", db.folder)
    equal("/livez", request(serve.admin, "GET", "/livez").status, 200)
    has("the log", serve.err(), "postbacks are answered 503")
    r = run("trace", "a1", cwd=f.path)
    equal("a verb says so as well", (r.code, "is it running?" in r.err), (4, True))
    db.start()
    start = time.monotonic()
    wait_until("it to be ready", lambda: serve.ready()[0] == 200, 10)
    true("within two seconds of the database", time.monotonic() - start < 3, time.monotonic() - start)
    equal("and takes postbacks", serve.verdict(SALE % ("a1", "a1", "sale", "1", 1))[1]["verdict"], "queued")
    equal("which are stored", db.rows("SELECT click_id FROM postbacks"), [["a1"]])
    has("the log says so", serve.err(), "the store takes postbacks again")
    serve.stop()


@part
def it_goes_away_later():
    sandbox = Sandbox()
    db = Postgres().database()
    f = folder_on(db.url(), sandbox.endpoint)
    serve = Serve(f)
    for way in ("stop", "crash"):
        equal("before it goes", serve.verdict(SALE % (way, way, "sale", "1", way))[0], 200)
        getattr(db, way)()
        wait_until("nobody to be told that it is ready", lambda: serve.ready()[0] == 503, 5)  # without a postback, too
        status, after, took = refused(serve, way + "-2")
        equal("%s: 503, with Retry-After" % way, (status, bool(after)), (503, True))
        true("at once", took < 2, took)
        has("the page's banner", " ".join(serve.ready()[1]["problems"]), "the store does not take postbacks")
        time.sleep(1.5)
        equal("it stays so", serve.ready()[0], 503)
        db.start()
        start = time.monotonic()
        wait_until("it to be ready", lambda: serve.ready()[0] == 200, 10)
        true("within two seconds of the database", time.monotonic() - start < 3, time.monotonic() - start)
        equal("the same postback again", serve.verdict(SALE % (way + "-2", way + "-2", "sale", "1", way + "-2"))[1]["verdict"], "queued")
    wait_until("all to be delivered", lambda: len(sandbox.events()) == 4)
    equal("each once", sorted(e["event_id"] for e in sandbox.events()), ["crash", "crash-2", "stop", "stop-2"])
    serve.stop()


@slow
def it_hangs():
    """A database that keeps its connections and answers nobody."""
    db = Postgres().database()
    f = folder_on(db.url())
    serve = Serve(f)
    equal("before", serve.verdict(SALE % ("h1", "h1", "sale", "1", 1))[0], 200)
    db.freeze()
    status, _, took = refused(serve, "h2")
    equal("503", status, 503)
    true("after its patience", 5 < took < 20, took)
    has("it says so", serve.err(), "has not answered for 12 seconds; the connection was given up")
    equal("the admin listener answers meanwhile", request(serve.admin, "GET", "/livez", seconds=5).status, 200)
    db.thaw()
    wait_until("it to be ready", lambda: serve.ready()[0] == 200, 15)
    equal("the same postback again", serve.verdict(SALE % ("h2", "h2", "sale", "1", 2))[0], 200)
    equal("is there once", db.rows("SELECT count(*) FROM events WHERE click_id = 'h2'"), [["1"]])
    serve.stop()


@slow
def a_lock_is_held():
    db = Postgres().database()
    f = folder_on(db.url())
    serve = Serve(f)
    equal("before", serve.verdict(SALE % ("l1", "l1", "sale", "1", 1))[0], 200)
    holder = db.hold("BEGIN; LOCK TABLE postbacks; SELECT pg_sleep(60)")
    wait_until("the lock", lambda: db.rows("SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted AND relation = 'postbacks'::regclass") == [["1"]])
    status, _, took = refused(serve, "l2")
    equal("503 in place of waiting", (status, 3 < took < 9), (503, True))
    has("it says so", serve.err(), "somebody holds a lock")
    db.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()")
    holder.wait(20)
    wait_until("it to be ready", lambda: serve.ready()[0] == 200, 10)
    equal("afterwards", serve.verdict(SALE % ("l2", "l2", "sale", "1", 2))[0], 200)
    serve.stop()


# ---- what may be wrong ----

def certificate(folder, name, authority=None):
    """A key and a certificate for that host, signed by the authority (a name), or an authority itself."""
    def openssl(*words):
        subprocess.run(["openssl", *words], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder)
    if authority is None:
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=%s" % name,
                "-keyout", name + ".key", "-out", name + ".pem")
        return
    with open(os.path.join(folder, "san"), "w") as f:
        f.write("subjectAltName=DNS:%s\n" % name)
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=%s" % name, "-keyout", name + ".key",
            "-out", name + ".csr")
    openssl("x509", "-req", "-in", name + ".csr", "-CA", authority + ".pem", "-CAkey", authority + ".key", "-CAcreateserial", "-days", "2",
            "-extfile", "san", "-out", name + ".pem")


HBA = """local all all trust
host nopassword all 127.0.0.1/32 trust
host all all 127.0.0.1/32 scram-sha-256
"""


def says(name, url, sentence, password=PASSWORD, code=4, verb=("store", "init")):
    """The verb's message has the sentence, and no secret; a server starts, and says the same at /readyz."""
    f = folder_on(url, password=password)
    r = run(*verb, cwd=f.path)
    equal(name + ": exit code", r.code, code)
    has(name + ": the sentence", r.err, sentence)
    true(name + ": without a secret", no_secret(r.err), r.err)
    return f


@slow
def a_role_is_not_let_in():
    db = Postgres(hba=HBA, tcp=True).database()
    db.role_password(PASSWORD)
    f = folder_on(db.tcp(), password=PASSWORD)
    r = run("store", "init", cwd=f.path)
    equal("with the right password", (r.code, r.err), (0, ""))
    says("a wrong password", db.tcp(), "the password or the role is wrong", password="not this one, p4ssword")
    says("no password", db.tcp(), "it wants a password, and the configuration names none", password=None)
    says("no such role", db.tcp(user="nobody-of-that-name"), "the password or the role is wrong")
    says("no such role, by the socket", db.url(user="nobody-of-that-name"), "it does not let this role in")
    says("no such database", db.tcp("nothing"), "there is no such database")
    db.psql("CREATE ROLE weak LOGIN")
    db.psql("CREATE DATABASE bare OWNER clickbaton")
    says("a role that may not make tables", db.url("bare", user="weak"), "the role may not do this in it")
    says("before the first init, a reader", db.url("bare"), "there is no store in it; start the server or run `clickbaton store init` first",
         verb=("trace", "x"))
    db.psql("REVOKE CONNECT ON DATABASE bare FROM PUBLIC")
    says("a role that may not connect", db.url("bare", user="weak"), "the role may not connect to this database")
    serve = Serve(folder_on(db.tcp(), password="not this one, p4ssword"))
    has("a server starts, and says the same", " ".join(serve.ready()[1]["problems"]), "the password or the role is wrong")
    equal("503", refused(serve, "x")[0], 503)
    serve.stop()
    true("nothing of the password in its log", no_secret(serve.err()), serve.err())
    db.psql("ALTER ROLE clickbaton CONNECTION LIMIT 0")
    db.psql("ALTER ROLE clickbaton NOSUPERUSER", check=False)


@slow
def connections_are_all_taken():
    db = Postgres(settings="max_connections = 4\nsuperuser_reserved_connections = 0\nmax_wal_senders = 0\nautovacuum = off").database()
    run("store", "init", cwd=folder_on(db.url()).path)
    holders = []

    def all_taken():
        """One more, unless there is no room for the question; one that came while it was asked was refused itself."""
        if "too many clients" in db.psql("SELECT 1", check=False).stderr:
            return True
        holders.append(subprocess.Popen(["psql", "-h", db.folder, "-U", "clickbaton", "-d", "postgres", "-X"], stdin=subprocess.PIPE,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        time.sleep(0.1)
        return False
    wait_until("all to be taken", all_taken)
    says("connection limit", db.url(), "all of its connections are taken", password=None)
    for h in holders:
        h.stdin.close()
        h.wait(10)


@slow
def schemas_of_other_versions():
    db = Postgres().database()
    f = folder_on(db.url())
    run("store", "init", cwd=f.path)
    db.psql("UPDATE meta SET value = 99", "clickbaton")
    for words in (("store", "init"), ("trace", "x"), ("serve",)):
        r = run(*words, cwd=f.path)
        equal("newer, %s: exit code" % words[0], r.code, 4)
        has("newer, %s" % words[0], r.err, "its schema is version 99, this clickbaton knows 1: use the newer program")
    for value in ("0", "-1", "-9223372036854775808"):
        db.psql("UPDATE meta SET value = %s WHERE key = 'version'" % value, "clickbaton")
        for words in (("store", "init"), ("trace", "x")):
            r = run(*words, cwd=f.path)
            equal("no version, %s: exit code" % words[0], r.code, 4)
            has("no version, %s" % words[0], r.err, "its table `meta` is none of clickbaton's")


@slow
def it_can_only_be_read():
    db = Postgres(settings="wal_level = replica\nmax_wal_senders = 4").database()
    f = folder_on(db.url())
    run("store", "init", cwd=f.path)
    db.psql("INSERT INTO clicks(id, key, offer, at, keyed) VALUES (1, gen_random_uuid(), 'nutra-de', 1, 0)", "clickbaton")
    standby = Postgres(copy_of=db)
    says("a standby", standby.url(), "it can only be read (a standby?)", password=None)
    reader = folder_on(standby.url(), offers=())
    reader.write("offers/binom-de.yaml", BINOM)
    has("which can be read", run("doctor", cwd=reader.path).out, "0 clicks and 0 postbacks in postgresql://%s:5432/clickbaton" % standby.folder)
    serve = Serve(folder_on("postgresql://clickbaton@/clickbaton?host=%s,%s&port=%d,%d" % (standby.folder, db.folder, standby.port, db.port)))
    equal("both in one URL: it finds the primary", serve.verdict(SALE % ("s1", "s1", "sale", "1", 1))[0], 200)
    db.crash()
    wait_until("it to be away", lambda: serve.ready()[0] == 503, 5)
    standby.tool("pg_ctl", "-D", standby.data, "promote")
    wait_until("it to go on with the one that was promoted", lambda: serve.ready()[0] == 200, 10)
    equal("and writes there", serve.verdict(SALE % ("s2", "s2", "sale", "1", 2))[0], 200)
    serve.stop()


class Silent(threading.Thread):
    """A port that takes connections; it says nothing, or answers as a web server does."""

    def __init__(self, answer=None):
        super().__init__(daemon=True)
        self.s, self.answer, self.open = socket.create_server(("127.0.0.1", 0)), answer, []
        self.port = self.s.getsockname()[1]
        self.start()

    def run(self):
        while True:
            c, _ = self.s.accept()
            self.open.append(c)
            if self.answer:
                c.recv(4096)
                c.sendall(self.answer)
                c.close()


class Stopping(Silent):
    """A way to a database, until its machine stands still: what is open is cut, what is new is taken and never answered."""

    def __init__(self, to):
        self.to, self.still = to, False
        super().__init__()

    def run(self):
        while True:
            c, _ = self.s.accept()
            self.open.append(c)
            if not self.still:
                there = socket.create_connection(("127.0.0.1", self.to))
                for a, b in ((c, there), (there, c)):
                    threading.Thread(target=self.hand_on, args=(a, b), daemon=True).start()

    def hand_on(self, a, b):
        with contextlib.suppress(OSError):
            while data := a.recv(65536):
                b.sendall(data)
        for s in (a, b):
            with contextlib.suppress(OSError):
                s.shutdown(socket.SHUT_RDWR)

    def stop(self):
        self.still, cut, self.open = True, self.open, []
        for c in cut:
            with contextlib.suppress(OSError):
                c.shutdown(socket.SHUT_RDWR)


@part
def the_one_that_was_lost_is_asked_last():
    db = Postgres(tcp=True).database()
    way = Stopping(db.port)
    serve = Serve(folder_on("postgresql://clickbaton@127.0.0.1:%d,127.0.0.1:%d/clickbaton" % (way.port, db.port)))
    equal("by the first", (serve.verdict(SALE % ("w1", "w1", "sale", "1", 1))[0], len(way.open) > 0), (200, True))
    way.stop()
    wait_until("an answer by the second", lambda: serve.verdict(SALE % ("w2", "w2", "sale", "1", 2))[0] == 200)
    equal("none has waited for the first", len(way.open), 0)
    serve.stop()


@slow
def what_answers_is_no_database():
    web = Silent(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    says("HTTP", "postgresql://clickbaton@127.0.0.1:%d/clickbaton" % web.port, "what answers there is not PostgreSQL", password=None)
    says("HTTP, and no TLS is asked for", "postgresql://clickbaton@127.0.0.1:%d/clickbaton?sslmode=disable" % web.port,
         "what answers there is not PostgreSQL", password=None)
    nobody = Silent()
    start = time.monotonic()
    says("a host that never answers", "postgresql://clickbaton@127.0.0.1:%d/clickbaton?connect_timeout=2" % nobody.port, "it does not answer",
         password=None)
    true("it is not waited for for long", time.monotonic() - start < 6, time.monotonic() - start)
    says("a closed port", "postgresql://clickbaton@127.0.0.1:%d/clickbaton" % free_port(), "nobody listens there", password=None)
    says("no socket", "postgresql://clickbaton@/clickbaton?host=/nowhere", "there is no socket", password=None)
    says("a name that is none", "postgresql://clickbaton@db.invalid/clickbaton?sslmode=verify-full", "its host's name is not known", password=None)


@slow
def tls():
    place = Folder()
    for name, authority in (("authority", None), ("stranger", None), ("localhost", "authority"), ("elsewhere.example", "authority")):
        certificate(place.path, name, authority)
    os.chmod(place.path, 0o755)
    plain = Postgres(tcp=True).database()
    here = "?sslmode=verify-full&sslrootcert=%s"
    ca = place.at("authority.pem")
    says("TLS is demanded and not there", plain.tcp(host="localhost", more=here % ca), "it has no TLS", password=None)
    db = Postgres(tcp=True).database()
    for name in ("localhost", "elsewhere.example"):
        for end in ("key", "pem"):
            db.put("%s.%s" % (name, end), open(place.at("%s.%s" % (name, end))).read())
    with open(os.path.join(db.data, "postgresql.conf"), "a") as f:
        f.write("ssl = on\nssl_cert_file = 'localhost.pem'\nssl_key_file = 'localhost.key'\n")
    db.stop()
    db.start()
    f = folder_on(db.tcp(host="localhost", more="?sslmode=verify-full&sslrootcert=keys/ca.pem"))
    f.write("keys/ca.pem", open(ca).read())
    r = run("store", "init", cwd=f.path)
    equal("by its authority, relative to the configuration", (r.code, r.err), (0, ""))
    serve = Serve(f)  # confined: it reads the certificates after it has given up its rights
    equal("a server by TLS", serve.verdict(SALE % ("t1", "t1", "sale", "1", 1))[0], 200)
    equal("it is encrypted", db.rows("SELECT DISTINCT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING(pid) WHERE application_name = 'clickbaton'"), [["t"]])
    db.stop()
    wait_until("it to be away", lambda: serve.ready()[0] == 503, 5)
    db.start()
    wait_until("it to be back", lambda: serve.ready()[0] == 200, 10)
    equal("and again after a restart of the database", serve.verdict(SALE % ("t2", "t2", "sale", "1", 2))[0], 200)
    serve.stop()
    says("signed by nobody who is trusted", db.tcp(host="localhost", more=here % place.at("stranger.pem")), "is signed by nobody who is trusted here",
         password=None)
    with open(os.path.join(db.data, "postgresql.conf"), "a") as g:
        g.write("ssl_cert_file = 'elsewhere.example.pem'\nssl_key_file = 'elsewhere.example.key'\n")
    db.stop()
    db.start()
    says("another host's", db.tcp(host="localhost", more=here % ca), "is another host's", password=None)


# ---- the configuration ----

@part
def urls_that_are_refused():
    rows = (
        ("mysql://db.example/x", "C070", "takes postgresql://USER@HOST:5432/NAME"),
        ("host=db.example dbname=x", "C070", "takes postgresql://USER@HOST:5432/NAME"),
        ("postgresql://u@db.example", "C070", "names no database"),
        ("postgresql://u@db.example:port:x/y", "C070", "has no port \"port:x\""),
        ("postgresql://u@db.example:70000/y", "C070", "has no port \"70000\""),
        ("postgresql://u@[::1/y", "C070", "can't read the store's URL"),
        ("postgresql://db.example/x?options=-csynchronous_commit%3Doff", "C071", "\"options\" may not stand in the store's URL: set it at the role"),
        ("postgresql://db.example/x?service=prod", "C071", "write here what the service file says"),
        ("postgresql://db.example/x?passfile=/etc/pass", "C071", "write password: {file: PATH} beside url:"),
        ("postgresql://db.example/x?ssl_mode=require", "C071", "libpq has no parameter \"ssl_mode\""),
        ("postgresql://db.example/x?sslrootcert=keys/nobody.pem", "C073", "nobody.pem can't be read"),
        ("postgresql://db.example/x?sslmode=require", "C072", "sslmode=require: whoever answers"),
        ("postgresql://10.0.0.7/x?sslmode=verify-ca", "C072", "sslmode=verify-ca: whoever answers"),
        ("postgresql://localhost,db.example/x?sslmode=prefer", "C072", "sslmode=prefer"),
        ("postgresql://db.example/x", None, ""), ("postgres://u@127.0.0.1:5433/x?sslmode=disable", None, ""),
        ("postgresql://u@/x?host=/run/postgresql", None, ""), ("postgresql://u@db1.example,db2.example:5433/x?target_session_attrs=primary", None, ""),
        ("postgresql://db.example/x?sslrootcert=system", None, ""),
    )
    for url, code, sentence in rows:
        r = run("check", cwd=folder_on(url).path)
        warning = code == "C072"
        equal("%s: exit code" % url, r.code, 3 if code and not warning else 0)
        found = re.findall(r"\[(C07\d)\]", r.err + r.out)
        equal("%s: code" % url, found[:1], [code] if code else [])
        has("%s: sentence" % url, r.err + r.out, sentence)


@part
def a_password_is_never_shown():
    for text in ("store: postgresql://u:s3cret-word@db.example/x\n", "store: {url: \"postgresql://u:s3cret-word@db.example/x\"}\n",
                 "store: postgresql://u@db.example/x?password=s3cret-word\n", "store: host=db.example password=s3cret-word\n",
                 "store: postgresql://u:s3cret/wor?d@db.example/x\n", "store: mysql://u:s3cret-word@db.example/x\n",
                 "store: postgresql://u@db.example/x?sslpassword=s3cret-word\n",
                 "store:\n  url: postgresql://u@db.example/x\n  password: s3cret-word\n"):
        f = Folder(extra=text)
        for words in (("check",), ("serve",), ("store", "init")):
            r = run(*words, cwd=f.path)
            equal("%s, %s: exit code" % (words[0], text.strip()), r.code, 3)
            has("%s: C003" % text.strip(), r.err + r.out, "[C003]", "the store's password stands in the configuration itself")
            hasnt("%s: not shown" % text.strip(), r.err + r.out, "s3cret")
    f = folder_on("postgresql://u@db.example/x", password=PASSWORD)
    f.write("keys/database", PASSWORD, 0o644)
    r = run("check", cwd=f.path)
    has("a file that everybody can read", r.err, "[C002]")
    r = run("check", cwd=Folder(extra="store: {password: {file: ./keys/postback}}\n").path)
    has("no URL", r.err, "[M003]", "url")


@part
def what_is_of_a_file_alone():
    f = folder_on("postgresql://u@127.0.0.1:9/x")
    for what, instead in (("compact", "autovacuum"),):
        r = run("store", what, cwd=f.path)
        equal("store %s: exit code" % what, r.code, 1)
        has("store %s" % what, r.err, "this is for the file of SQLite, and the store is postgresql://127.0.0.1:9/x", instead)
    db = Postgres().database()
    serve = Serve(folder_on(db.url()))
    r = run("serve", cwd=serve.folder.path)
    equal("a second server in the same folder: exit code", r.code, 4)
    has("it says so", r.err, "another clickbaton is already using this data folder (pid %d)" % serve.pid)
    serve.stop()
    f = Folder()
    r = run("store", "init", cwd=f.path)
    equal("store init of SQLite", (r.code, r.out), (0, "%s/clickbaton.db: it is there, and of this version\n" % "data"))


main()
