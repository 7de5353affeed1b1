"""Several servers on one PostgreSQL look like one: what each says of all rows is what one server on SQLite says of the same postbacks; who looks
on misses nothing; a server that is killed and started again goes on with what it had.  KILLS=20: so many kills (make test: 2)."""
import atexit
import shutil
import threading

from harness import *
from browser import Browser, Stream
from postgres_server import Postgres

SALE = "subid=%s&external_id=E.C.P.%s&status=sale&payout=1&currency=usd"
KILLS = int(os.environ.get("KILLS", 2))
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


@part
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


@part
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
    slow.write("BEGIN; INSERT INTO writers SELECT 40, 1, 'slow', clock_timestamp() + interval '60 s', 0, id, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 9, 0"
               " FROM (SELECT ((extract(epoch FROM clock_timestamp())::bigint - 1577836800) << 21) + (40 << 15) AS id) x;"
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


main()
