"""docs/cluster.md, followed line by line (SLOW=1), and examples/cluster: its files are read by those whom they are for, and used: three real servers behind nginx and behind HAProxy, one of them
killed, one drained, one whose database lets it in no more; a tracker is answered 200 as long as one of them takes postbacks.
The balancers are SLOW=1, too (make test-postgres installs HAProxy)."""
import itertools
import ssl
import threading

import docs_pages as docs
from harness import *
from postgres_server import BINARIES, PASSWORD, Postgres, as_postgres

os.environ["PATH"] += ":/usr/sbin"
SALE = "subid=%s&external_id=E.C.P.%s&status=sale&payout=1&currency=usd"
EXAMPLES = os.path.join(ROOT, "examples", "cluster")


def example(name, *changes):
    """Its text, with what is another machine's in it replaced; each change is found."""
    with open(os.path.join(EXAMPLES, name), encoding="utf-8") as f:
        text = f.read()
    for old, new in changes:
        if old not in text:
            raise RuntimeError("%s: no %r" % (name, old))
        text = text.replace(old, new)
    return text


def judged(*command):
    p = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return p.returncode, p.stdout


# ---- read by whom they are for ----

@slow
def the_databases_files():
    hba, conf = example("pg_hba.conf"), example("postgresql.conf", ("listen_addresses = '10.0.0.21'", "listen_addresses = ''"), ("ssl = on", "ssl = off"))
    db = Postgres(hba=hba + "local all all trust\n")  # ours alone comes by the socket
    equal("pg_hba.conf has no line that PostgreSQL can't read (it has no TLS here)", set(db.psql("SELECT error FROM pg_hba_file_rules WHERE error IS"
          " NOT NULL").stdout.splitlines()) - {"hostssl record cannot match because SSL is disabled"}, set())
    equal("all of its lines are there", db.psql("SELECT count(*) FROM pg_hba_file_rules").stdout.strip(),
          str(1 + len([l for l in hba.splitlines() if l.strip() and not l.startswith("#")])))
    db.put("clickbaton.conf", conf)
    db.settings("include 'clickbaton.conf'")
    wanted = [l.split("=")[0].strip() for l in conf.splitlines() if "=" in l.split("#")[0]]
    rows = db.psql("SELECT name, coalesce(error, '') FROM pg_file_settings WHERE sourcefile LIKE '%clickbaton.conf'").stdout.splitlines()
    equal("postgresql.conf: every setting is read", [r.split("|")[0] for r in rows], wanted)
    equal("and right, but for what needs a restart", {r.split("|")[1] for r in rows} - {"", "setting could not be applied"}, set())
    db.stop()
    db.put("clickbaton.conf", conf.replace("shared_buffers = 2GB", "shared_buffers = 32MB").replace("'ANY 1 (db2, db3)'", "''"))
    db.start()
    equal("with which it starts", db.psql("SHOW wal_log_hints").stdout.strip(), "on")


@part
def the_units_drop_in():
    folder = tempfile.mkdtemp(prefix="clickbaton-unit-")
    try:
        os.makedirs(folder + "/clickbaton.service.d")
        with open(os.path.join(ROOT, "examples/clickbaton.service"), encoding="utf-8") as f:
            unit = f.read().replace("/usr/bin/clickbaton", "/bin/true")
        with open(folder + "/clickbaton.service", "w", encoding="utf-8") as f:
            f.write(unit)
        shutil.copy(os.path.join(EXAMPLES, "clickbaton-cluster.conf"), folder + "/clickbaton.service.d/cluster.conf")
        code, out = judged("systemd-analyze", "verify", "--man=no", folder + "/clickbaton.service")
        ours = [l for l in out.splitlines() if folder in l or "clickbaton" in l]
        equal("systemd-analyze verify", ours, [])
        with open(folder + "/clickbaton.service.d/cluster.conf", "a") as f:
            f.write("Restartt=always\n")
        has("it does read the drop-in", judged("systemd-analyze", "verify", "--man=no", folder + "/clickbaton.service")[1], "Restartt")
    finally:
        shutil.rmtree(folder)


# ---- three servers behind one ----

class Balancer(Program):
    """nginx or HAProxy in the foreground, in a folder of its own."""

    def __init__(self, command, folder):
        self.log = os.path.join(folder, "balancer")
        self.name = command[0]
        with open(self.log + ".out", "wb") as out, open(self.log + ".err", "ab") as err:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        self.pid = self.process.pid
        children.append(self)


class Trackers:
    """New connections with TLS, GET and POST by turns; what is answered is what the balancer says."""

    def __init__(self, port, count=4):
        self.port, self.answers, self.slowest, self.stopping = port, {}, 0.0, False
        self.context = ssl.create_default_context()
        self.context.check_hostname, self.context.verify_mode = False, ssl.CERT_NONE
        self.number, self.lock = itertools.count(), threading.Lock()
        self.threads = [threading.Thread(target=self._run, daemon=True) for _ in range(count)]

    def start(self):
        for t in self.threads:
            t.start()

    def ask(self, method, target, body=None):
        c = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=30, context=self.context)
        try:
            return ask(c, method, target, body, {"Content-Type": "application/x-www-form-urlencoded"} if body else {})
        finally:
            c.close()

    def one(self, n):
        id = "b%d" % n
        target, query = "/postback/nutra-de?key=" + KEY, SALE % (id, id)
        try:
            return id, (self.ask("POST", target, query) if n % 2 else self.ask("GET", target + "&" + query)).status
        except (OSError, http.client.HTTPException) as e:
            return id, type(e).__name__

    def _run(self):
        while not self.stopping:
            begun = time.monotonic()
            id, status = self.one(next(self.number))
            with self.lock:
                self.answers[id] = status
                self.slowest = max(self.slowest, time.monotonic() - begun)
            time.sleep(0.01)

    def more(self, count=60):
        want = len(self.answers) + count
        wait_until("more answers", lambda: len(self.answers) >= want, 40)

    def bad(self):
        with self.lock:
            return {id: s for id, s in self.answers.items() if s != 200}

    def stop(self):
        self.stopping = True
        for t in self.threads:
            t.join(60)


def certificate(folder):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=pb.example",
                    "-keyout", folder + "/privkey.pem", "-out", folder + "/fullchain.pem"], check=True, stderr=subprocess.DEVNULL)
    with open(folder + "/both.pem", "w") as out:
        for name in ("fullchain.pem", "privkey.pem"):
            with open(os.path.join(folder, name)) as f:
                out.write(f.read())


def nodes(text, servers):
    for n, s in enumerate(servers):
        text = text.replace("10.0.0.1%d:8080" % (n + 1), "127.0.0.1:%d" % s.port)
    return text


def nginx(servers, folder, port):
    text = nodes(example("nginx.conf", ("listen 443 ssl", "listen 127.0.0.1:%d ssl" % port), ("/etc/letsencrypt/live/pb.example", folder),
                         ("/var/log/nginx", folder)), servers)
    temporary = "".join("%s_temp_path %s/%s;\n" % (n, folder, n) for n in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    path = os.path.join(folder, "nginx.conf")
    with open(path, "w", encoding="utf-8") as f:
        f.write("daemon off;\npid %s/pid;\nerror_log %s/error.log;\nevents {}\nhttp {\n%s%s}\n" % (folder, folder, temporary, text))
    code, out = judged("nginx", "-t", "-c", path, "-e", folder + "/error.log")
    true("nginx -t", code == 0 and "warn" not in out, out)
    return Balancer(["nginx", "-c", path, "-e", folder + "/error.log"], folder)


def haproxy(servers, folder, port):
    text = nodes(example("haproxy.cfg", ("bind :443", "bind 127.0.0.1:%d" % port), ("/etc/haproxy/certs/pb.example.pem", folder + "/both.pem"),
                         ("    user haproxy\n    group haproxy\n", ""), ("maxconn 4000", "maxconn 400"), ("check port 9090 ", "check ")), servers)
    for s in servers:
        text = text.replace("127.0.0.1:%d" % s.port, "127.0.0.1:%d port %d" % (s.port, s.admin), 1)
    path = os.path.join(folder, "haproxy.cfg")
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    code, out = judged("haproxy", "-c", "-f", path)
    true("haproxy -c", code == 0 and "WARNING" not in out, out)
    return Balancer(["haproxy", "-db", "-f", path], folder)


def cluster():
    db, sandbox = Postgres().database(), Sandbox()
    db.psql("CREATE ROLE third SUPERUSER LOGIN")
    servers = []
    for n in range(3):
        url = db.url(user="third" if n == 2 else "clickbaton")
        servers.append(Serve(Folder(sandbox.endpoint, extra='store: {url: "%s"}\nnode: node-%d\n' % (url, n + 1))))
    return db, sandbox, servers


def behind(balancer):
    db, sandbox, servers = cluster()
    folder, port = tempfile.mkdtemp(prefix="clickbaton-balancer-"), free_port()
    certificate(folder)
    os.chmod(folder, 0o755)
    front = balancer(servers, folder, port)
    t = Trackers(port)

    def up():
        with contextlib.suppress(OSError, http.client.HTTPException):
            return t.ask("GET", "/postback/nutra-de?key=" + KEY + "&" + SALE % ("first", "first")).status == 200
    wait_until("the balancer to be there", up)
    try:
        equal("what is nobody's business", [t.ask("GET", p).status for p in ("/", "/metrics", "/readyz", "/api/health")], [404] * 4)
        equal("a wrong key", t.ask("GET", "/postback/nutra-de?key=wrong&" + SALE % ("x", "x")).status, 401)
        equal("the landing script", t.ask("GET", "/lander.js").status, 200)
        equal("a URL of 15 KB", t.ask("GET", "/postback/nutra-de?key=" + KEY + "&" + SALE % ("long", "long") + "&note=" + "x" * 15000).status, 200)
        equal("a body of 60 KB", t.ask("POST", "/postback/nutra-de?key=" + KEY, SALE % ("large", "large") + "&note=" + "x" * 60000).status, 200)
        in_turn(db, t, servers)
        judge(db, sandbox, t)
        for s in servers[1:]:
            equal("%s ends" % s.name, s.stop(), 0)
        front.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def in_turn(db, t, servers):
    """One server after the other can't take anything, and the others can."""
    t.start()
    t.more()
    servers[0].kill()
    t.more()
    equal("one is killed", t.bad(), {})
    servers[0] = again(servers[0])
    t.more()
    old = servers[1]
    old.signal(signal.SIGTERM)
    t.more()
    equal("one ends in order", (t.bad(), old.wait()), ({}, 0))
    servers[1] = again(old)
    db.psql("ALTER ROLE third NOLOGIN")
    db.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'third'")
    wait_until("it to be without its database", lambda: servers[2].ready()[0] == 503)
    t.more(150)
    equal("one has lost its database", t.bad(), {})
    servers[0].kill()
    t.more()
    equal("and another is killed", t.bad(), {})
    db.psql("ALTER ROLE third LOGIN")
    wait_until("it to be back", lambda: servers[2].ready()[0] == 200)
    t.more()
    t.stop()
    equal("all of %d were answered 200" % len(t.answers), t.bad(), {})
    true("none had to wait for more than ten seconds", t.slowest < 10, t.slowest)


def again(server):
    """On its ports."""
    port, admin = server.port, server.admin
    text = server.folder.read("clickbaton.yaml").decode()
    text = re.sub(r"^listen: .*$", "listen: 127.0.0.1:%d" % port, text, flags=re.M)
    server.folder.write("clickbaton.yaml", re.sub(r"^admin: .*$", "admin: 127.0.0.1:%d" % admin, text, flags=re.M))
    return Serve(server.folder)


def judge(db, sandbox, t):
    wait_until("everything to be delivered", lambda: db.rows("SELECT count(*) FROM deliveries WHERE state <> 3") == [["0"]] or
               db.psql("UPDATE deliveries SET lease = clock_timestamp() WHERE state = 2 AND lease < clock_timestamp() + interval '100 s'", "clickbaton") is None, 60)
    stored = {r[0] for r in db.rows("SELECT event_id FROM events")}
    equal("each is an event", sorted(set(t.answers) - stored), [])
    equal("once", db.rows("SELECT count(*) FROM (SELECT 1 FROM events GROUP BY event_id HAVING count(*) > 1) x"), [["0"]])
    stats = sandbox.stats()
    again = int(db.rows("SELECT sum(attempts - 1) FROM deliveries WHERE unknown_since IS NOT NULL")[0][0] or 0)
    true("and delivered once, but for what a killed server was sending", stats["unique"] == len(stored) and stats["accepted"] - stats["unique"] <= again,
         (stats, again))
    asked = db.rows("SELECT count(*) FROM postbacks WHERE verdict = 2")[0][0]
    say("# %d postbacks; %s were asked of a second server that knew them; the slowest answer after %.1f s" % (len(t.answers), asked, t.slowest))


@slow
def behind_nginx():
    behind(nginx)


@slow
def behind_haproxy():
    behind(haproxy)


@part
def what_nginx_reads():
    """Without servers: the file as it is."""
    folder = tempfile.mkdtemp(prefix="clickbaton-balancer-")
    try:
        certificate(folder)
        path = os.path.join(folder, "nginx.conf")
        text = example("nginx.conf", ("/etc/letsencrypt/live/pb.example", folder), ("/var/log/nginx", folder), ("listen 443 ssl", "listen 127.0.0.1:%d ssl" % free_port()))
        with open(path, "w", encoding="utf-8") as f:
            f.write("pid %s/pid;\nevents {}\nhttp {\n%s}\n" % (folder, text))
        code, out = judged("nginx", "-t", "-c", path, "-e", folder + "/error.log")
        true("nginx -t", code == 0 and "warn" not in out, out)
    finally:
        shutil.rmtree(folder)


# ---- the page ----

NEW_PASSWORD = "another p4ssword"


class Page:
    """Three database servers and three nodes on this machine; what the page's commands are here."""

    def __init__(self):
        self.sandbox, self.backup = Sandbox(), tempfile.mkdtemp(prefix="clickbaton-backup-")
        os.chmod(self.backup, 0o777)
        self.dbs, self.nodes, self.folders = [Postgres(admin="postgres", tcp=True)], [], []
        self.done = []

    def database(self, text, words="", db=None, fails=False):
        """As postgres on db1 (or another), without a terminal: what it asks for comes from words."""
        db = db or self.dbs[0]
        self.done.append(text)
        for old, new in (("host=db1.example", "host=127.0.0.1 port=%d" % self.dbs[0].port), ("/backup/", self.backup + "/"),
                         ("/var/lib/postgresql/15/main", db.data)):
            text = text.replace(old, new)
        env = dict(os.environ, PATH=BINARIES[-1] + ":" + os.environ["PATH"], PGHOST=db.folder, PGPORT=str(db.port), PGUSER="postgres")
        p = subprocess.run(["bash", "-c", text], input=words, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd="/", timeout=60,
                           preexec_fn=lambda: (os.setsid(), as_postgres()))
        equal(text.split(" -d ")[0][:80], p.returncode, 0) or say(p.stderr)
        return p.stdout

    def node(self, text, n=0, codes=(0,)):
        self.done.append(text)
        f = self.folders[n]
        text = text.replace("/etc/clickbaton/clickbaton.yaml", "clickbaton.yaml").replace("/backup/", self.backup + "/")
        if self.nodes:
            text = text.replace("node1.example:9090", "127.0.0.1:%d" % self.nodes[n].admin)
        p = subprocess.run(["bash", "-c", text], cwd=f.path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60,
                           env=dict(os.environ, PATH=os.path.dirname(BINARY) + ":" + os.environ["PATH"]))
        true(text[:80], p.returncode in codes, p.stdout + p.stderr)
        return p.stdout

    def settings(self, db):
        """The examples' files, with this machine's addresses, and without TLS."""
        hba = example("pg_hba.conf", ("hostssl", "host   "), (" peer ", " trust "))
        db.put("pg_hba.conf", re.sub(r"10\.0\.0\.\d+/32", "127.0.0.1/32", hba) + "local all all trust\n")
        conf = example("postgresql.conf", ("'10.0.0.21'", "'127.0.0.1'"), ("ssl = on", "ssl = off"), ("shared_buffers = 2GB", "shared_buffers = 32MB"))
        if db is not self.dbs[0]:
            conf = conf.replace("'ANY 1 (db2, db3)'", "''")  # nobody follows it yet
        db.put("clickbaton.conf", conf)
        db.settings("include 'clickbaton.conf'")

    def configuration(self, url):
        for n, f in enumerate(self.folders):
            text = example("clickbaton.yaml", ("10.0.0.11:8080", "127.0.0.1:0"), ("10.0.0.11:9090", "127.0.0.1:%d" % f.admin), ("/var/lib/clickbaton", "./data"),
                           ("/etc/clickbaton/offers", "./offers"), ("tiktok:\n", "node: node%d\ntiktok:\n  endpoint: %s\n" % (n + 1, self.sandbox.endpoint)))
            f.write("clickbaton.yaml", re.sub(r"url: .*", "url: " + url, text))

    def url(self):
        return "postgresql://clickbaton@%s/clickbaton" % ",".join("127.0.0.1:%d" % d.port for d in self.dbs)

    def fire(self, id, n=0):
        wait_until("%s to be taken by node %d" % (id, n + 1), lambda: self.nodes[n].fire(SALE % (id, id)).status == 200, 30)
        good("%s is taken" % id)

    def start(self):
        self.nodes = [Serve(f) for f in self.folders]


def page_commands():
    """Of its blocks, and those of psql in its sentences."""
    text = docs.text_of("docs/cluster.md")
    found = [l.strip() for _, lines in docs.blocks(text) for l in lines if l.strip()]
    return found + [c for _, c in docs.codes(text) if c.startswith("psql -")]


@slow
def the_page():
    p = Page()
    commands = {c.split(" -d ")[0] if c.startswith("pg_base") else c: c for c in page_commands()}
    p.database("createuser --pwprompt clickbaton", (PASSWORD + "\n") * 2)
    p.database("createuser --pwprompt --replication replicator", "r\nr\n")
    p.database("createdb -O clickbaton -E UTF8 -T template0 clickbaton")
    p.settings(p.dbs[0])
    p.dbs[0].stop()
    p.dbs[0].start()
    copy = commands["pg_basebackup"]
    for name in ("db2", "db3"):
        made = lambda db: p.database(copy.replace("db2", name), "r\n", db)
        db = Postgres(admin="postgres", tcp=True, made_by=made, settings="synchronous_standby_names = ''")
        p.dbs.append(db)
    p.done.append(copy)
    watch = next(c for c in commands if "pg_stat_replication" in c)
    wait_until("both standbys", lambda: p.dbs[0].psql("SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'"
                                                            " AND flush_lsn IS NOT NULL").stdout.strip() == "2")
    shown = p.database(watch)
    true("both stream, and either confirms", shown.count("streaming") == 2 and shown.count("quorum") == 2, shown)
    nodes_of(p)
    what_changes(p, commands)
    a_restored_backup(p, commands)
    not_here = {"haproxy -c -f /etc/haproxy/haproxy.cfg", "nginx -t"}  # behind_haproxy, behind_nginx
    equal("nothing on the page was left out", sorted(set(commands.values()) - set(p.done) - not_here), [])
    equal("nothing was run that is not on the page", sorted(set(p.done) - set(commands.values()) - {copy.replace("db2", "db3")}), [])
    shutil.rmtree(p.backup)


def nodes_of(p):
    keys = tempfile.mkdtemp(prefix="clickbaton-credentials-")
    atexit.register(shutil.rmtree, keys, ignore_errors=True)
    for name, text in (("postback", KEY), ("tiktok", TOKEN), ("database", PASSWORD)):
        with open(os.open(os.path.join(keys, name), os.O_WRONLY | os.O_CREAT, 0o600), "w") as f:
            f.write(text + "\n")
    os.environ["CREDENTIALS_DIRECTORY"] = p.keys = keys
    p.folders = [Folder(p.sandbox.endpoint) for _ in range(3)]
    for f in p.folders:
        f.admin = free_port()
    p.configuration(p.url())
    p.node("clickbaton check -c /etc/clickbaton/clickbaton.yaml")
    has("store init", p.node("clickbaton store init -c /etc/clickbaton/clickbaton.yaml"), "its tables were made")
    p.done.append("systemctl enable --now clickbaton")
    p.start()
    has("doctor", p.node("clickbaton doctor -c /etc/clickbaton/clickbaton.yaml", codes=(0, 1)), "it runs and is ready")
    has("readyz", p.node("curl -s http://node1.example:9090/readyz"), '"ready":true')
    for n in range(3):
        p.fire("p%d" % n, n)
    has("trace, at another node", p.node("clickbaton trace p0".replace("p0", "ID").replace("ID", "p0"), 2), "event_id p0")
    p.done[-1] = "clickbaton trace ID"


def what_changes(p, commands):
    p.database(next(c for c in commands if "password clickbaton" in c), (NEW_PASSWORD + "\n") * 2)
    with open(p.keys + "/database", "w") as f:
        f.write(NEW_PASSWORD + "\n")
    for s in p.nodes:
        s.reload()
        has("the new password", s.err(), "the store's new password is right")
    p.done.append("systemctl restart clickbaton")
    for n in range(3):
        equal("node %d ends" % n, p.nodes[n].stop(), 0)
        p.nodes[n] = Serve(p.folders[n])
        p.fire("r%d" % n, n)
    p.database(next(c for c in commands if c.startswith("pg_dump")))
    p.node("clickbaton store export -c /etc/clickbaton/clickbaton.yaml -o /backup/ledger.jsonl")
    p.fire("after-the-backup")
    promote = next(c for c in commands if "pg_promote" in c)
    p.dbs[0].crash()
    more = max(p.dbs[1:], key=lambda d: [int(x, 16) for x in d.psql("SELECT pg_last_wal_receive_lsn()").stdout.strip().split("/")])
    p.database(promote, db=more)
    for n in range(3):
        p.fire("promoted%d" % n, n)
    p.dbs.sort(key=lambda d: d is not more)
    wait_until("what was kept meanwhile to be handed on", lambda: not [w for s in p.nodes for w in s.ready()[1]["warnings"] if w.startswith("W098")], 30)
    equal("nothing is lost", int(p.dbs[0].rows("SELECT count(DISTINCT click_id) FROM postbacks")[0][0]), 10)


def a_restored_backup(p, commands):
    for s in p.nodes:
        equal("a node ends", s.stop(), 0)
    create, = (c for c in commands if c.startswith("createdb") and c.endswith("restored"))
    p.database(create)
    p.database(next(c for c in commands if c.startswith("pg_restore")))
    p.database(next(c for c in commands if "unknown_since" in c))
    p.database(next(c for c in commands if "RENAME" in c))
    p.node("clickbaton store verify -c /etc/clickbaton/clickbaton.yaml")
    p.start()
    p.fire("restored", 1)
    equal("what was there before the backup is there", int(p.dbs[0].rows("SELECT count(DISTINCT click_id) FROM postbacks")[0][0]), 7)
    for s in p.nodes:
        equal("a node ends", s.stop(), 0)


main()
