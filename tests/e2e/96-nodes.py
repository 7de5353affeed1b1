"""Several servers on one PostgreSQL: a postback that comes to two is one event; what a killed server was sending is taken over, with its
outcome unknown; a refused token pauses all who have it; a clock that is wrong changes nothing; twins are told.
NODES=2000: so many postbacks to both at once (make test: 200); KILLS=50: so many senders killed (3)."""
import atexit
import http.server
import random
import threading

from harness import *
from postgres_server import Postgres

sys.path.insert(0, os.path.join(ROOT, "tests", "fault"))

SALE = "subid=%s&external_id=E.C.P.%s&status=sale&payout=1&currency=usd"
NODES = int(os.environ.get("NODES", 200))
KILLS = int(os.environ.get("KILLS", 3))


def node(db, endpoint, name, **more):
    return Folder(endpoint, extra='store: {url: "%s"}\nnode: %s\n' % (db.url(), name), **more)


class Database:
    """One of several in one PostgreSQL, which lives as long as this file."""
    server = None
    count = 0

    def __init__(self):
        if not Database.server:
            Database.server = Postgres()
            children.remove(Database.server)
            atexit.register(Database.server.kill)
        Database.count += 1
        self.name = "n%d" % Database.count
        Database.server.database(self.name)

    def url(self):
        return Database.server.url(self.name)

    def rows(self, sql):
        return Database.server.rows(sql, self.name)

    def change(self, sql):
        Database.server.psql(sql, self.name)


def cluster(count=2, *faults, name="node-%d"):
    db = Database()
    sandbox = Sandbox(*faults)
    folders = [node(db, sandbox.endpoint, name % n if "%" in name else name) for n in range(count)]
    return db, sandbox, [Serve(f) for f in folders]


def states(db):
    return dict(db.rows("SELECT state, count(*) FROM deliveries GROUP BY state"))


def all_sent(db, seconds=30):
    return wait_until("everything to be delivered", lambda: set(states(db)) <= {"3"} and states(db), seconds)


def end(servers):
    for s in servers:
        equal("%s ends" % s.folder.path.rsplit("-", 1)[0], s.stop(), 0)


# ---- the same at the same moment ----

@part
def the_same_postback_to_two():
    db, sandbox, servers = cluster()
    start = threading.Barrier(2)
    said = [[], []]

    def fire(n):
        connection = http.client.HTTPConnection("127.0.0.1", servers[n].port, timeout=30)
        for i in range(NODES):
            id = "same-%d" % i
            start.wait(60)
            a = ask(connection, "GET", "/postback/nutra-de?key=%s&%s" % (KEY, SALE % (id, id)), headers={"Accept": "application/json"})
            said[n].append((a.status, json.loads(a.body)["verdict"]))

    threads = [threading.Thread(target=fire, args=(n,)) for n in range(2)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    both = [sorted(pair) for pair in zip(*said)]
    equal("of two that come at once one is queued", [b for b in both if b != [(200, "duplicate"), (200, "queued")]], [])
    all_sent(db)
    stats = sandbox.stats()
    equal("each is sent once", (stats["accepted"], stats["unique"]), (NODES, NODES))
    equal("rows: events, postbacks, waiting by the counts", db.rows(
        "SELECT (SELECT count(*) FROM events), (SELECT count(*) FROM postbacks), (SELECT sum(delivered) FROM writers),"
        " (SELECT sum(waiting) + sum(sending) FROM writers)"), [[str(NODES), str(2 * NODES), str(NODES), "0"]])
    equal("both have written", len(db.rows("SELECT DISTINCT (id >> 15) & 63 FROM postbacks")), 2)
    for s in servers:
        equal("nothing is wrong at a node", (s.ready()[0], s.ready()[1]["warnings"]), (200, []))
    end(servers)
    equal("a server that ends gives its numbers back", db.rows("SELECT count(*) FROM writers WHERE until > clock_timestamp()"), [["0"]])


# ---- killed in the middle of a request ----

def expire(db):
    """Two minutes, quickly: as if the database's clock had gone on."""
    db.change("UPDATE deliveries SET lease = lease - interval '3 minutes' WHERE state = 2")


@part
def a_sender_that_is_killed():
    """Its requests hang; TikTok has taken every other one of them."""
    dice = random.Random(7)
    db, sandbox, servers = cluster(2, "--fault", "stall-after:0.5,stall:0.5", "--seed", "3")
    sent = []
    for n in range(KILLS):
        victim, other = servers
        for i in range(dice.randint(1, 5)):
            id = "kill-%d-%d" % (n, i)
            equal("%s is taken" % id, victim.fire(SALE % (id, id)).status, 200)
            sent.append(id)
        wait_until("a request to be under way", lambda: states(db).get("2", "0") != "0")
        victim.kill()
        servers = [other, Serve(victim.folder)]
    for s in servers:
        s.kill()
    expire(db)
    before = sandbox.stats()
    good_one = Sandbox()
    for s in servers:
        s.folder.config(good_one.endpoint, extra='store: {url: "%s"}\n' % db.url())
    servers = [Serve(s.folder) for s in servers]
    all_sent(db, 40)
    first, second = ({e["event_id"] for e in box.events()} for box in (sandbox, good_one))
    equal("every one is delivered", sorted(first | second), sorted(sent))
    equal("once by those who ended well", good_one.stats()["accepted"], len(second))
    rows = db.rows("SELECT e.event_id, d.attempts, d.unknown_since IS NOT NULL FROM events e JOIN deliveries d ON d.event = e.id")
    again = {id for id, attempts, unknown in rows if attempts != "1"}
    equal("what was sent twice was known to have an unknown outcome", [r for r in rows if r[1] != "1" and r[2] != "t"], [])
    true("some were", again, rows)
    true("TikTok had some of them before", first, before)
    equal("each of these was sent again only with its outcome unknown", sorted((first & second) - again), [])
    end(servers)


@slow
def a_lease_that_is_taken_over():
    """The dead server's work goes to the other while that runs, not only at a start; who is slow keeps what it has."""
    db, sandbox, (a, b) = cluster(2, "--fault", "first=1:stall=60")
    b.signal(signal.SIGSTOP)
    equal("it is taken", a.fire(SALE % ("slow", "slow")).status, 200)
    wait_until("the request to be under way", lambda: states(db) == {"2": "1"})
    a.kill()
    b.signal(signal.SIGCONT)
    time.sleep(1)
    equal("nobody takes it while its lease lasts", states(db), {"2": "1"})
    expire(db)
    all_sent(db, 15)
    has("the other says so", b.err(), "not heard of any more", "events=1")
    equal("one try of the two ended unknown", db.rows("SELECT attempts, unknown_since IS NOT NULL FROM deliveries"), [["2", "t"]])
    equal("it arrived", [e["event_id"] for e in sandbox.events()], ["slow"])
    equal("b ends", b.stop(), 0)


# ---- what one learns the other knows ----

@slow
def a_refused_token_pauses_both():
    token = Folder()
    token.write("good", "another-token-that-is-right-00000000\n", 0o600)
    db, sandbox, servers = cluster(2, "--token-file", token.at("good"))
    a, b = servers
    equal("it is taken", a.fire(SALE % ("p1", "p1")).status, 200)
    paused = lambda s: [w for w in s.ready()[1]["warnings"] if "is paused until its token is replaced" in w]
    wait_until("both to be paused", lambda: paused(a) and paused(b), 10)
    requests = sandbox.stats()["requests"]
    for s in servers:
        s.fire(SALE % ("p-%d" % s.port, "p2"))
    time.sleep(1.5)
    equal("neither asks again", sandbox.stats()["requests"], requests)
    b.reload()  # with the same token: it is tried once more, for both, and refused
    wait_until("one more request", lambda: sandbox.stats()["requests"] > requests, 10)
    wait_until("both to be paused again", lambda: paused(a) and paused(b), 10)
    b.folder.write("keys/tiktok", "another-token-that-is-right-00000000\n", 0o600)
    b.reload()
    all_sent(db)
    true("the old token is still paused", paused(a) and not paused(b), (a.ready(), b.ready()))
    a.folder.write("keys/tiktok", "another-token-that-is-right-00000000\n", 0o600)
    a.reload()
    wait_until("a to go on", lambda: not paused(a), 10)
    equal("nothing was lost", len(sandbox.events()), 3)
    true("no token in the database", not re.search("right-000|" + TOKEN, "".join(str(r) for r in db.rows("SELECT * FROM gates"))))
    end(servers)


@slow
def a_failure_is_waited_for_by_both():
    db, sandbox, servers = cluster(2, "--fault", "503")
    for i in range(25):
        servers[i % 2].fire(SALE % ("w-%d" % i, "w-%d" % i))
        time.sleep(0.1)
    gate = db.rows("SELECT failures FROM gates")
    count = sandbox.stats()["requests"]
    # Alone each would have tried at 0, 1, 3 s; both know of the other's failures within a quarter of a second.
    true("two servers try hardly more often than one", 2 <= count <= 8, (count, gate))
    true("how often it has failed is known to both", int(gate[0][0]) >= 2, gate)
    end(servers)


# ---- alerts ----

class Hook(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_POST(self):
        self.server.got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()


@part
def one_of_them_tells_what_all_find():
    hooks = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    hooks.got = []
    threading.Thread(target=hooks.serve_forever, daemon=True).start()
    sandbox_folder = Folder()
    sandbox_folder.write("token", "another-token-0123456789\n", 0o600)
    sandbox = Sandbox("--token-file", sandbox_folder.at("token"))
    db = Database()
    servers = []
    for n in range(2):
        f = node(db, sandbox.endpoint, "node-%d" % n)
        f.write("clickbaton.yaml", f.read("clickbaton.yaml").decode() + 'alerts:\n  to:\n    - webhook: {url: "http://127.0.0.1:%d/%d"}\n' % (hooks.server_port, n))
        servers.append(Serve(f))
    a, b = servers
    equal("taken", a.fire(SALE % ("al-1", "al-1")).status, 200)
    firing = lambda s: [e["code"] for e in json.loads(run("alert", "list", "--json", cwd=s.folder.path).out)["active"]]
    for s in servers:
        wait_until("the refused token to be found", lambda: firing(s) == ["A007"])
    wait_until("a message", lambda: hooks.got)
    firing(b), firing(a), firing(b)
    time.sleep(0.3)
    equal("one of them has told it", [(m["kind"], m["code"]) for m in hooks.got], [("fired", "A007")])
    a.kill()
    db.change("UPDATE writers SET until = clock_timestamp() - interval '1 s' WHERE node = 'node-0'")  # a minute later
    wait_until("the other to tell what still is", lambda: firing(b) == ["A007"] and len(hooks.got) == 2)
    equal("as new", [(m["kind"], m["code"]) for m in hooks.got], [("fired", "A007")] * 2)
    equal("it ends", b.stop(), 0)
    hooks.shutdown()


# ---- clocks and names ----

@slow
def a_clock_that_is_five_minutes_wrong():
    from faults import Control
    import serving
    db, sandbox, (a,) = cluster(1)
    control = Control()
    control.clock_ns = 300 * 10**9
    b = serving.Serve(node(db, sandbox.endpoint, "node-b"), control)
    wait_until("it to be told", lambda: any("W096" in w for w in b.ready()[1]["warnings"]), 10)
    has("which clock, and by how much", " ".join(b.ready()[1]["warnings"]), "W096 this machine's clock is ", " seconds ahead of the database's")
    equal("the right one says nothing", a.ready()[1]["warnings"], [])
    for n, s in enumerate((a, b, a, b)):
        equal("%d is taken" % n, s.fire(SALE % ("c-%d" % n, "c-%d" % n)).status, 200)
    all_sent(db)
    times = db.rows("SELECT abs(created / 1000 - extract(epoch FROM clock_timestamp())) < 20, abs((id >> 21) + 1577836800 - created / 1000) <= 1,"
                    " due = created FROM events e JOIN deliveries d ON d.event = e.id")
    equal("created, ids and due are the database's", times, [["t", "t", "t"]] * 4)
    equal("attempts, too", db.rows("SELECT count(*) FROM attempts WHERE abs(at / 1000 - extract(epoch FROM clock_timestamp())) > 20"), [["0"]])
    seen = [e for e in sandbox.events()]
    true("TikTok sees the right time", all(abs(e["event_time"] - time.time()) < 20 for e in seen), seen)
    control.clock_ns = -300 * 10**9  # set the other way while it runs
    wait_until("it to be told", lambda: any("seconds behind the database's" in w for w in b.ready()[1]["warnings"]), 10)
    equal("it goes on", b.fire(SALE % ("c-5", "c-5")).status, 200)
    all_sent(db)
    hasnt("no jump", b.err(), "has jumped")
    control.clock_ns = 0
    wait_until("the warning to end", lambda: b.ready()[1]["warnings"] == [], 10)
    end([a, b])


@slow
def two_of_one_name():
    db, sandbox, servers = cluster(2, name="the-same")
    for n, s in enumerate(servers):
        wait_until("it to be told", lambda: any(w.startswith("W097") for w in s.ready()[1]["warnings"]), 15)
        equal("both work", s.fire(SALE % ("n-%d" % n, "n-%d" % n)).status, 200)
    all_sent(db)
    has("in the log", servers[0].err(), "code=W097")
    equal("the first ends", servers[0].stop(), 0)
    wait_until("the warning to end", lambda: servers[1].ready()[1]["warnings"] == [], 15)
    end(servers[1:])


main()
