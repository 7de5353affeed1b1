"""Operating several servers on one PostgreSQL: two versions at once, upgraded and taken back one after the other under load; a
password that is changed while they run; a disk of the database that is full.  SLOW=1: backups beside them, restored."""
import contextlib
import threading

import harness
from harness import *
from postgres_server import PASSWORD, Postgres, as_postgres, no_secret

SALE = "subid=%s&external_id=E.C.P.%s&status=sale&payout=1&currency=usd"
NODES = 3 if os.environ.get("SLOW") else 2
OURS = harness.BINARY
ADDED, TAKEN = (os.path.join(os.path.dirname(OURS), "versions", name) for name in ("added", "taken"))
SENTENCE = "C076 a newer version of clickbaton has changed the store's schema"


@contextlib.contextmanager
def version(path):
    """What is started inside is that program."""
    harness.BINARY = path
    try:
        yield
    finally:
        harness.BINARY = OURS


def start(folder, path):
    with version(path):
        return Serve(folder)


def init(folder, path, *options):
    with version(path):
        return run("store", "init", *options, cwd=folder.path)


def node(db, endpoint, name, url=None, more=""):
    return Folder(endpoint, extra='store: {url: "%s"%s}\nnode: %s\n' % (url or db.url(), more, name))


class Traffic:
    """Trackers behind a balancer: a postback goes to the next server when one is gone or says 503, and is answered 200 by one."""

    def __init__(self, servers, trackers=4, pause=0.005):
        self.servers, self.pause = servers, pause
        self.answered, self.left, self.passed_on, self.longest = [], [], 0, 0.0
        self.lock, self.next, self.stopping = threading.Lock(), 0, False
        self.threads = [threading.Thread(target=self._run, daemon=True) for _ in range(trackers)]
        for t in self.threads:
            t.start()

    def _ask(self, server, id):
        try:
            return server.fire(SALE % (id, id)).status
        except (OSError, http.client.HTTPException):
            return 0

    def _run(self):
        while not self.stopping:
            with self.lock:
                self.next += 1
                n = self.next
            id, begun, statuses = "u%d" % n, time.monotonic(), []
            servers = list(self.servers)
            for i in range(len(servers)):
                statuses.append(self._ask(servers[(n + i) % len(servers)], id))
                if statuses[-1] == 200:
                    break
            with self.lock:
                self.longest = max(self.longest, time.monotonic() - begun)
                self.passed_on += len(statuses) - 1
                (self.answered if statuses[-1] == 200 else self.left).append(id)
            time.sleep(self.pause)

    def some(self, count=40 if os.environ.get("SLOW") else 15):
        """So many more are answered."""
        want = len(self.answered) + count
        wait_until("postbacks to be answered", lambda: len(self.answered) >= want)

    def stop(self):
        self.stopping = True
        for t in self.threads:
            t.join(60)
        return self.answered


def all_sent(db, name="clickbaton", seconds=30):
    return wait_until("everything to be delivered", lambda: db.rows("SELECT count(*) FROM deliveries WHERE state <> 3", name) == [["0"]], seconds)


def each_once(db, sandbox, answered):
    all_sent(db)
    equal("every answered postback is stored", sorted(set(answered) - {r[0] for r in db.rows("SELECT click_id FROM postbacks")}), [])
    stats = sandbox.stats()
    count = int(db.rows("SELECT count(*) FROM events")[0][0])
    true("every one is delivered, once", stats["accepted"] == stats["unique"] == count and count >= len(set(answered)), (stats, count, len(answered)))
    equal("none was sent twice", db.rows("SELECT count(*) FROM deliveries WHERE attempts <> 1"), [["0"]])


def meta(db):
    return dict(db.rows("SELECT key, value FROM meta WHERE key IN ('version', 'least')"))


def warned(server):
    return any(w.startswith(SENTENCE) for w in server.ready()[1]["warnings"])


def replace(servers, n, path):
    """One node after the other: SIGTERM, then the other program in the same folder."""
    old = servers[n]
    equal("%s ends in order" % old.folder.node, old.stop(), 0)
    servers[n] = start(old.folder, path)


# ---- two versions at once ----

def some_nodes(db, sandbox, count, path=OURS):
    folders = [node(db, sandbox.endpoint, "node-%d" % (n + 1)) for n in range(count)]
    for n, f in enumerate(folders):
        f.node = "node-%d" % (n + 1)
    return [start(f, path) for f in folders]


@part
def upgraded_one_after_the_other():
    db, sandbox = Postgres().database(), Sandbox()
    servers = some_nodes(db, sandbox, NODES)
    equal("the schema", meta(db), {"version": "1", "least": "1"})
    traffic = Traffic(servers)
    traffic.some()
    r = init(servers[0].folder, ADDED)
    equal("the new version's store init, beside them", (r.code, r.out.split(": ", 1)[1]), (0, "its tables were brought from schema 1 to 2\n"))
    equal("what was there may go on", meta(db), {"version": "2", "least": "1"})
    traffic.some()
    for s in servers:
        wait_until("the old ones to say so", lambda: warned(s), 5)
        equal("and to be ready", s.ready()[0], 200)
    equal("once in the log", servers[0].err().count("code=C076"), 1)
    has("doctor says so", run("doctor", "-c", admin_config(servers[0]), cwd=servers[0].folder.path).out, SENTENCE)
    for n in range(NODES):
        replace(servers, n, ADDED)
        traffic.some()
    equal("the new ones have nothing to say", [s.ready()[1]["warnings"] for s in servers], [[]] * NODES)
    replace(servers, 1, OURS)
    wait_until("one that was taken back to say so", lambda: warned(servers[1]), 5)
    r = init(servers[1].folder, OURS)
    equal("the old version's store init", (r.code, r.out.split(": ", 1)[1]),
          (0, "nothing to do, its tables are a newer version's (schema 2, this one knows 1), and this one may use them\n"))
    equal("its other verbs", run("trace", "u1", cwd=servers[1].folder.path).code, 0)
    traffic.some()
    answered = traffic.stop()
    equal("no postback found nobody", traffic.left, [])
    true("some were passed on", traffic.passed_on > 0, traffic.passed_on)
    each_once(db, sandbox, answered)
    refused_for_who_is_older(db, sandbox, servers)
    for s in servers:
        equal("%s ends" % s.folder.node, s.stop(), 0)


def admin_config(server):
    """Its configuration with the address that it was given."""
    text = server.folder.read("clickbaton.yaml").decode()
    server.folder.write("doctor.yaml", text.replace("admin: 127.0.0.1:0", "admin: 127.0.0.1:%d" % server.admin))
    return "doctor.yaml"


def refused_for_who_is_older(db, sandbox, servers):
    """Node 2 is of the first version, the others of the second; the third is not for the first."""
    for words, r in (("store init", init(servers[0].folder, TAKEN)), ("serve", serve_to_the_end(node(db, sandbox.endpoint, "node-4"), TAKEN))):
        equal("%s: exit code" % words, r.code, 4)
        has(words, r.err, "schema 3 is for programs that know 2 or more, and older servers run: node-2 (knows 1); upgrade or stop them first",
            "clickbaton explain C077")
    equal("nothing was changed", meta(db), {"version": "2", "least": "1"})


@slow
def what_leaves_older_ones_behind():
    db, sandbox = Postgres().database(), Sandbox()
    servers = some_nodes(db, sandbox, 3, ADDED)
    replace(servers, 1, OURS)
    refused_for_who_is_older(db, sandbox, servers)
    traffic = Traffic(servers)
    traffic.some()
    r = init(servers[0].folder, TAKEN, "--older-may-stop")
    equal("unless told", (r.code, r.out.split(": ", 1)[1]), (0, "its tables were brought from schema 2 to 3\n"))
    equal("by whom it may be used", meta(db), {"version": "3", "least": "2"})
    wait_until("the old one to take nothing", lambda: servers[1].ready()[0] == 503, 10)
    has("and to say why", " ".join(servers[1].ready()[1]["problems"]), "its schema is version 3, for programs that know 2 or more, and this "
        "clickbaton knows 1: use the newer program")
    traffic.some()
    replace(servers, 1, ADDED)
    for n in range(3):
        replace(servers, n, TAKEN)
    traffic.some()
    answered = traffic.stop()
    equal("no postback found nobody (two of three were there)", traffic.left, [])
    each_once(db, sandbox, answered)
    servers[2].stop()
    for words in (("store", "init"), ("serve",), ("trace", "u1")):
        r = run(*words, cwd=servers[2].folder.path)
        equal("no way back to the first, %s: exit code" % words[0], r.code, 4)
        has("it says so", r.err, "for programs that know 2 or more, and this clickbaton knows 1: use the newer program")
    equal("the second may", init(servers[2].folder, ADDED).code, 0)
    for s in servers[:2]:
        equal("%s ends" % s.folder.node, s.stop(), 0)


def serve_to_the_end(folder, path):
    with version(path):
        return run("serve", cwd=folder.path)


@slow
def a_reader_is_in_the_way():
    """A backup that reads all tables: what the step must have for itself it does not wait for with everybody behind it."""
    db, sandbox = Postgres().database(), Sandbox()
    servers = some_nodes(db, sandbox, 2)
    traffic = Traffic(servers)
    traffic.some()
    holder = db.hold("BEGIN; SELECT count(*) FROM postbacks; SELECT pg_sleep(4)")
    wait_until("the reader", lambda: db.rows("SELECT count(*) FROM pg_locks WHERE mode = 'AccessShareLock' AND relation = 'postbacks'::regclass")[0][0] != "0")
    begun = time.monotonic()
    equal("it waits", init(servers[0].folder, ADDED).code, 0)
    true("for the reader", time.monotonic() - begun > 2, time.monotonic() - begun)
    holder.wait(20)
    answered = traffic.stop()
    equal("everybody was answered meanwhile", traffic.left, [])
    true("within two seconds", traffic.longest < 2, traffic.longest)
    each_once(db, sandbox, answered)


# ---- another password ----

HBA = "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
NEXT = "the-next p4ssword"


def cut(db):
    """All of its connections are made anew."""
    db.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'clickbaton'")


def takes(server, id):
    wait_until("%s to be taken" % id, lambda: server.fire(SALE % (id, id)).status == 200, 10)
    good("%s is taken" % id)


@part
def the_password_is_another():
    db = Postgres(hba=HBA, tcp=True).database()
    db.role_password(PASSWORD)
    f = node(db, "http://127.0.0.1:9" + TRACK, "a", db.tcp(), ", password: {file: ./keys/database}")
    f.write("keys/database", PASSWORD + "\n", 0o600)
    serve = Serve(f)
    takes(serve, "p1")
    f.write("keys/database", "no-such p4ssword\n", 0o600)
    serve.reload()
    refused = lambda: [w for w in serve.ready()[1]["warnings"] if w.startswith("C085 the database refuses the store's new password")]
    true("a wrong one is told", refused() and "the password or the role is wrong" in refused()[0], serve.ready())
    has("in the log", serve.err(), "code=C085", "the one before stays in force")
    equal("nothing else has happened", serve.fire(SALE % ("p2", "p2")).status, 200)
    serve.reload()
    true("it is told again with the next reload", refused() and serve.err().count("code=C085") == 2, serve.err())
    cut(db)
    takes(serve, "p3")
    db.role_password(NEXT)
    f.write("keys/database", NEXT + "\n", 0o600)
    serve.reload()
    equal("the right one ends that", refused(), [])
    has("the log", serve.err(), "the store's new password is right; it is used from the next connection on")
    equal("connections are as before", serve.fire(SALE % ("p4", "p4")).status, 200)
    cut(db)
    takes(serve, "p5")
    equal("the inspector's page", request(serve.admin, "GET", "/").status, 200)
    hasnt("nobody is told of a restart", serve.err(), "`store` has changed")
    true("no secret in the log", no_secret(serve.err()), serve.err())
    equal("rows", db.rows("SELECT count(*) FROM postbacks"), [["5"]])
    serve.stop()


@slow
def the_password_while_the_database_is_away():
    db = Postgres(hba=HBA, tcp=True).database()
    db.role_password(PASSWORD)
    f = node(db, "http://127.0.0.1:9" + TRACK, "a", db.tcp(), ", password: {file: ./keys/database}")
    f.write("keys/database", PASSWORD + "\n", 0o600)
    serve = Serve(f)
    db.role_password(NEXT)
    db.stop()
    f.write("keys/database", NEXT + "\n", 0o600)
    serve.reload()
    has("it is said", serve.err(), "the store's new password could not be tried; it is used from the next connection on")
    db.start()
    takes(serve, "w1")
    serve.stop()


# ---- a pool before it ----

class Pool(Program):
    """PgBouncer (Debian 12 has 1.18), before a database."""

    def __init__(self, db, mode):
        folder = tempfile.mkdtemp(prefix="clickbaton-pool-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        os.chmod(folder, 0o777)
        self.log, self.name, self.port = os.path.join(folder, "pool"), "pgbouncer", free_port()
        with open(folder + "/users", "w") as f:
            f.write('"clickbaton" "x"\n')
        with open(folder + "/ini", "w") as f:
            f.write("[databases]\nclickbaton = host=%s port=%d dbname=clickbaton user=clickbaton\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = %d\n"
                    "unix_socket_dir =\nauth_type = any\nauth_file = %s/users\npool_mode = %s\n" % (db.folder, db.port, self.port, folder, mode))
        with open(self.log + ".err", "wb") as err:
            self.process = subprocess.Popen(["pgbouncer", folder + "/ini"], stdin=subprocess.DEVNULL, stdout=err, stderr=err, preexec_fn=as_postgres, cwd="/")
        self.pid = self.process.pid
        children.append(self)
        wait_until("the pool", lambda: "process up" in self.err())

    def url(self):
        return "postgresql://clickbaton@127.0.0.1:%d/clickbaton" % self.port


@slow
def behind_a_pool():
    db, sandbox = Postgres().database(), Sandbox()
    pool = Pool(db, "session")
    servers = [start(node(db, sandbox.endpoint, "pool-%d" % n, pool.url()), OURS) for n in range(2)]
    traffic = Traffic(servers)
    traffic.some(300)
    answered = traffic.stop()
    equal("in session mode: all are answered", traffic.left, [])
    each_once(db, sandbox, answered)
    equal("verbs work", run("trace", "u1", cwd=servers[0].folder.path).code, 0)
    for s in servers:
        s.stop()
    pool.kill()
    pool = Pool(db, "transaction")
    servers = [start(node(db, sandbox.endpoint, "pool-%d" % n, pool.url()), OURS) for n in range(2)]
    wait_until("in transaction mode: one of them to take nothing", lambda: 503 in [s.ready()[0] for s in servers], 10)
    has("and to say why", " ".join(p for s in servers for p in s.ready()[1]["problems"]), "a pool stands before it that gives one session to several programs: "
        "pool_mode = session")
    for s in servers:
        s.kill()


# ---- the disk ----

@slow
def its_disk_is_full():
    db = Postgres()
    small = os.path.join(db.folder, "small")
    os.mkdir(small)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40m,mode=777", "tmpfs", small]).returncode != 0:
        raise RuntimeError("this part needs root: it mounts a file system of 40 MB")
    try:
        os.mkdir(small + "/space")
        shutil.chown(small + "/space", "postgres")
        db.psql("CREATE TABLESPACE small LOCATION '%s/space'" % small)
        db.psql("CREATE DATABASE clickbaton TABLESPACE small")
        serve = Serve(node(db, "http://127.0.0.1:9" + TRACK, "a"))
        takes(serve, "d1")
        with contextlib.suppress(OSError), open(small + "/filler", "wb") as f:
            while True:
                f.write(b"x" * 65536)
                f.flush()
        answers = [serve.fire(SALE % ("d-%d" % n, "d-%d" % n) + "&note=" + "x" * 8000).status for n in range(300)]
        true("503, and nothing else, in the end", set(answers) <= {200, 503} and 503 in answers, sorted(set(answers)))
        has("it says why", " ".join(serve.ready()[1]["problems"]), "its disk is full")
        os.unlink(small + "/filler")
        wait_until("it to be ready", lambda: serve.ready()[0] == 200, 15)
        takes(serve, "d2")
        equal("what was answered 200 is there, and nothing else", db.rows("SELECT count(*) FROM postbacks"), [[str(answers.count(200) + 2)]])
        serve.stop()
    finally:
        db.kill()
        subprocess.run(["umount", small])


# ---- backup and restore ----

def tool(db, name, *arguments):
    db.tool(name, "-h", db.folder, "-p", str(db.port), "-U", "clickbaton", *arguments)


def verified(f, what):
    r = run("store", "verify", cwd=f.path)
    equal("%s: store verify" % what, (r.code, r.err), (0, ""))


def holds(db, name, answered, what):
    """All that was answered before it began."""
    equal("%s: has what was answered before it" % what, sorted(set(answered) - {r[0] for r in db.rows("SELECT click_id FROM postbacks", name)}), [])
    equal("%s: and an event for each" % what, db.rows("SELECT count(*) FROM postbacks p WHERE NOT EXISTS (SELECT 1 FROM events e WHERE"
                                                     " e.postback = p.id)", name), [["0"]])


@slow
def backups_beside_load():
    """pg_dump, store export, and pg_basebackup with its log, each beside servers that take postbacks; restored, verified, served from."""
    archive = tempfile.mkdtemp(prefix="clickbaton-archive-")
    atexit.register(shutil.rmtree, archive, ignore_errors=True)
    os.chmod(archive, 0o777)
    db = Postgres(settings="wal_level = replica\nmax_wal_senders = 4\narchive_mode = on\narchive_command = 'cp %%p %s/%%f'" % archive).database()
    sandbox = Sandbox()
    servers = some_nodes(db, sandbox, 2)
    traffic = Traffic(servers)
    traffic.some(300)
    out = os.path.join(archive, "dump")
    before = list(traffic.answered)
    tool(db, "pg_dump", "-Fc", "-f", out, "clickbaton")
    exported_before = list(traffic.answered)
    r = run("store", "export", "-o", "export.jsonl", cwd=servers[0].folder.path)
    equal("store export beside them", (r.code, r.err), (0, ""))
    based_before = list(traffic.answered)
    copy = Postgres(copy_of=db, recovery="restore_command = 'cp %s/%%f %%p'\narchive_mode = off" % archive)
    traffic.some(100)
    answered = traffic.stop()
    equal("no postback found nobody", traffic.left, [])
    true("they went on meanwhile", len(before) < len(exported_before) < len(based_before) < len(answered), len(answered))
    each_once(db, sandbox, answered)
    db.psql("SELECT pg_switch_wal()")
    wait_until("the log to be in the archive", lambda: db.psql("SELECT last_archived_wal >= pg_walfile_name(pg_switch_wal()) FROM pg_stat_archiver").stdout.strip() == "t", 20, 0.3)
    for s in servers:
        s.kill()
    tool(db, "createdb", "dumped")
    tool(db, "pg_restore", "-d", "dumped", out)
    holds(db, "dumped", before, "pg_dump")
    f = node(db, sandbox.endpoint, "d", db.url("dumped"))
    verified(f, "pg_dump")
    restored = start(f, OURS)
    equal("what is restored is served from", restored.fire(SALE % ("u1", "u1")).status, 200)
    equal("and knows what it has", restored.verdict(SALE % ("u1", "u1"))[1]["verdict"], "duplicate")
    takes(restored, "after-the-dump")
    restored.stop()
    tool(db, "createdb", "imported")
    f = node(db, sandbox.endpoint, "i", db.url("imported"))
    r = run("store", "import", servers[0].folder.at("export.jsonl"), cwd=f.path)
    equal("store import", r.code, 0)
    holds(db, "imported", exported_before, "store export")
    verified(f, "store export")
    db.crash()
    copy.start(wait=False)
    wait_until("the copy to have read the log", lambda: copy.psql("SELECT NOT pg_is_in_recovery()", check=False).stdout.strip() == "t")
    holds(copy, "clickbaton", answered, "pg_basebackup and the log")
    equal("every event is delivered there, too", copy.rows("SELECT count(*) FROM deliveries WHERE state <> 3"), [["0"]])
    f = node(copy, sandbox.endpoint, "c")
    verified(f, "pg_basebackup")
    restored = start(f, OURS)
    takes(restored, "after-the-copy")
    all_sent(copy)
    equal("nothing was sent once more", sandbox.stats()["accepted"] - sandbox.stats()["unique"], 0)
    restored.stop()


DOUBT = "UPDATE deliveries SET unknown_since = least(unknown_since, extract(epoch FROM timestamptz '%s') * 1000) WHERE state IN (1, 2)"


@slow
def an_older_state_is_restored():
    """What waited when the backup began was delivered afterwards: it is sent again within 48 hours of the backup, and not later."""
    db, sandbox = Postgres().database(), Sandbox()
    f = node(db, "http://127.0.0.1:9" + TRACK, "a")
    serve = start(f, OURS)
    for n in range(5):
        takes(serve, "w%d" % n)
    serve.stop()
    out = os.path.join(db.folder, "dump")
    tool(db, "pg_dump", "-Fc", "-f", out, "clickbaton")
    f.config(sandbox.endpoint, extra='store: {url: "%s"}\n' % db.url())
    serve = start(f, OURS)
    all_sent(db)
    takes(serve, "later")
    all_sent(db)
    serve.stop()
    for hours, sent_again in ((1, 5), (49, 0)):
        name = "back%d" % hours
        tool(db, "createdb", name)
        tool(db, "pg_restore", "-d", name, out)
        db.psql(DOUBT % time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(time.time() - hours * 3600)), name)
        f = node(db, sandbox.endpoint, name, db.url(name))
        requests = sandbox.stats()["accepted"]
        serve = start(f, OURS)
        wait_until("nothing to wait", lambda: db.rows("SELECT count(*) FROM deliveries WHERE state < 3", name) == [["0"]])
        equal("a backup of %d hours ago: sent again" % hours, sandbox.stats()["accepted"] - requests, sent_again)
        equal("the others are dead", db.rows("SELECT count(*) FROM deliveries WHERE state = 4", name), [[str(5 - sent_again)]])
        if not sent_again:
            has("and say why", db.rows("SELECT min(note) FROM deliveries", name)[0][0], "TikTok may have it since", "may no longer recognise a repeat")
        equal("by the same ids", len({e["event_id"] for e in sandbox.events()}), 6)
        equal("the counts are right", run("store", "verify", cwd=f.path).code, 0)
        equal("a postback after the backup is not known", serve.verdict(SALE % ("later", "later"))[1]["verdict"], "queued")
        all_sent_or_dead = lambda: db.rows("SELECT count(*) FROM deliveries WHERE state < 3", name) == [["0"]]
        wait_until("it to be sent", all_sent_or_dead)
        serve.stop()


main()
