"""`spill: on`: while PostgreSQL is away postbacks and clicks are kept in the data folder, answered 200, and handed on later, in order, each once.
Seeded: SEED=7; ROUNDS=100: so many rounds of kills and outages (make test-postgres, which runs all parts: 20)."""
import atexit
import functools
import random
import shutil
import threading
import urllib.parse

from harness import *
from postgres_server import Postgres

SALE = "subid=%s&external_id=E.C.P.%s&status=%s&payout=%s&currency=usd&tid=t-%s"
SEED = int(os.environ.get("SEED", 7))
ROUNDS = int(os.environ.get("ROUNDS", 20))
PAGE = {"Origin": "https://lander.example"}


def store(db, more="spill: on"):
    return 'store: {url: "%s"%s}\n' % (db.url(), more and ", " + more)


def folder(db, endpoint="http://127.0.0.1:9" + TRACK, more="spill: on", **options):
    return Folder(endpoint, extra=store(db, more), **options)


@functools.cache
def common():
    """For parts that leave it running."""
    db = Postgres().database()
    children.remove(db)
    atexit.register(db.kill)
    return db


def sale(serve, id, status="sale", payout="1"):
    return serve.fire(SALE % (id, id, status, payout, id)).status


def waiting(serve):
    for line in request(serve.admin, "GET", "/metrics").body.splitlines():
        if line.startswith("clickbaton_spill_waiting "):
            return int(float(line.split()[1]))
    return None


def file_rows(f, sql, name="spill.db"):
    import sqlite3
    db = sqlite3.connect("file:%s?mode=ro" % f.at("data/" + name), uri=True)
    try:
        return db.execute(sql).fetchall()
    finally:
        db.close()


def away(serve):
    wait_until("the server to know", lambda: "database is away" in " ".join(serve.ready()[1]["warnings"]), 15)


def cut_off(id, **options):
    """A server that has taken one postback, and then its database went."""
    db = Postgres().database()
    f = folder(db, **options)
    serve = Serve(f)
    equal("before", sale(serve, id), 200)
    db.stop()
    away(serve)
    return db, f, serve


def empty(serve, seconds=30):
    wait_until("the spill to be empty", lambda: serve.ready()[0] == 200 and waiting(serve) == 0, seconds)


@part
def it_is_kept_and_handed_on():
    sandbox = Sandbox()
    db = common()
    f = folder(db, sandbox.endpoint)
    serve = Serve(f)
    equal("before", serve.verdict(SALE % ("k0", "k0", "sale", "1", "k0"))[1]["verdict"], "queued")
    db.stop()
    away(serve)
    equal("a click", request(serve.port, "POST", "/click/nutra-de", "subid=k1&ttclid=E.C.P.k1&event_id=ev-1", PAGE).status, 204)
    start = time.time()
    status, answer = serve.verdict("subid=k1&status=sale&payout=2&currency=usd&tid=1&email=Someone%40Example.com")
    equal("a postback", (status, answer["verdict"], answer["code"]), (200, "accepted", "W098"))
    equal("a repeat of one from before", sale(serve, "k0"), 200)
    equal("rejected after it", sale(serve, "k1", "rejected"), 200)
    equal("what nobody understands", sale(serve, "k2", "no-such-word"), 200)
    equal("a body that can't be read", request(serve.port, "POST", "/postback/nutra-de?key=" + KEY, "{broken", {"Content-Type": "application/json"}).status, 200)
    status, ready = serve.ready()
    equal("ready", (status, ready["ready"], ready["problems"]), (200, True, []))
    has("with a warning", " ".join(ready["warnings"]), "W098", "(6 wait)", "is it running?")
    equal("metrics", waiting(serve), 6)
    kept = b"".join(open(f.at("data/" + n), "rb").read() for n in os.listdir(f.at("data")) if n.startswith("spill.db"))
    true("no plain address, no key on the disk", b"Example.com" not in kept and b"example.com" not in kept and KEY.encode() not in kept)
    equal("nobody else may read it", oct(os.stat(f.at("data/spill.db")).st_mode & 0o777), "0o600")
    kept_by = time.time()
    serve.kill()
    serve = Serve(f)
    away(serve)
    has("what the last run kept is told", serve.err(), "W098", "waiting=6")
    db.start()
    empty(serve)
    rows = db.rows("SELECT click_id, verdict, code, at FROM postbacks ORDER BY id")
    equal("each once, in order, decided as ever", [r[:3] for r in rows],
          [["k0", "1", ""], ["k1", "1", ""], ["k0", "2", "D001"], ["k1", "3", "I006"], ["k2", "4", "Q002"], ["", "4", "Q015"]])
    true("the time of arrival stays", all(start - 0.1 < int(r[3]) / 1000 < kept_by + 0.1 for r in rows[1:]), rows)
    wait_until("the events to be delivered", lambda: len(sandbox.events()) == 2)
    equal("by what the click says", sorted(e["event_id"] for e in sandbox.events()), ["ev-1", "k0"])
    equal("then as before", serve.verdict(SALE % ("k3", "k3", "sale", "1", "k3"))[1]["verdict"], "queued")
    equal("no warning is left", [w for w in serve.ready()[1]["warnings"] if "W098" in w], [])
    equal("it ends", serve.stop(), 0)


def without_sanitizers(function):
    """The library that sets the clock has its own malloc."""
    return function if SANITIZED else part(function)


@without_sanitizers
def a_clock_that_was_wrong_before_the_database_was_heard():
    """This machine's clock is all that there is then; the times are put right as they are handed on."""
    sys.path.insert(0, os.path.join(ROOT, "tests", "fault"))
    from faults import Control
    import serving
    sandbox = Sandbox()
    db = common().database("clock")
    f = Folder(sandbox.endpoint, extra='store: {url: "%s", spill: on}\n' % db.url("clock"))
    Serve(f).stop()  # makes the tables
    db.stop()
    control = Control()
    control.clock_ns = 300 * 10**9
    serve = serving.Serve(f, control)
    equal("a click", request(serve.port, "POST", "/click/nutra-de", "subid=w1&ttclid=E.C.P.w1", PAGE).status, 204)
    equal("a click that says when it was", request(serve.port, "POST", "/click/nutra-de", "subid=w2&ttclid=E.C.P.w2&click_time=%d" % (time.time() - 1000), PAGE).status, 204)
    fired = {"w1": time.time()}
    equal("a postback", sale(serve, "w1"), 200)
    kept = file_rows(f, "SELECT at FROM entries ORDER BY serial")
    true("kept by this machine's clock", all(290 < a / 1000 - time.time() < 310 for a, in kept), kept)
    for id, seconds in ("w3", 297), ("w4", 293), ("w5", -5000):  # it is set, a bit; and by what nobody believes at once
        control.clock_ns = seconds * 10**9
        fired[id] = time.time()
        equal("kept", sale(serve, id), 200)
    db.start()
    empty(serve)
    off = [round(float(r[0])) for r in db.rows("SELECT at - extract(epoch FROM clock_timestamp()) FROM clicks ORDER BY click_id", "clock")]
    true("the click's time is the database's; what was said stays", len(off) == 2 and -30 < off[0] <= 1 and -1040 < off[1] < -990, off)
    rows = db.rows("SELECT 'p', at FROM postbacks UNION ALL SELECT 'e', created FROM events", "clock")
    true("the postbacks' and the events'", len(rows) == 8 and all(-30 < int(r[1]) / 1000 - time.time() < 1 for r in rows), rows)
    off = {id: int(at) / 1000 - fired[id] for id, at in db.rows("SELECT click_id, at FROM postbacks", "clock")}
    true("each by the clock that it had", len(off) == 4 and all(-0.2 < by < 1 for by in off.values()), off)
    wait_until("the events to be delivered", lambda: len(sandbox.events()) == 4)
    equal("it ends", serve.stop(), 0)


def corpus():
    """Postbacks with everything that reading, hashing and deciding does; and what their click knows."""
    yield "subid=c1&status=sale&payout=12.5&currency=usd&tid=t1&email=a%40example.org&phone=%2B49+151+23456789", {}
    yield "subid=c2&amp;status=sale&amp;payout=1&amp;currency=eur", {}                      # W001
    yield "subid=c3&status=sale&payout=1&currency=usd&sub_id_1={macro}&x=%zz&y=%ff%00", {}  # damaged, unexpanded
    yield "subid=someone%40example.org&status=sale&payout=3&currency=usd", {}               # W051
    yield "subid=c5&status=lead", {}
    yield "subid=c5&status=sale&payout=2&currency=usd&tid=t5", {}
    yield "subid=c5&status=sale&payout=2&currency=usd&tid=t5", {}
    yield "subid=c5&status=rejected", {}
    yield "subid=c6&status=what-is-this", {}
    yield "subid=c7&status=sale&payout=abc&currency=usd", {}
    yield "status=sale&payout=1&currency=usd", {}
    yield "subid=c8&status=sale&payout=1&currency=usd&status=lead", {}
    yield "", {"body": "{broken", "type": "application/json"}
    yield "", {"body": '{"subid":"c9","status":"sale","payout":"7.25","currency":"usd","fields":{"email":"b@example.org"}}', "type": "application/json"}
    yield "", {"body": "subid=c10&status=sale&payout=1%2C5&currency=usd&ip=192.0.2.1&ua=Mozilla", "type": "application/x-www-form-urlencoded"}
    yield "subid=c11&status=sale&payout=1&currency=usd&time=1790000000", {}
    yield "subid=c1&status=sale&payout=12.5&currency=usd&tid=t1b&email=c%40example.org%7Cd%40example.org", {}


def alike(row):
    """But for times; and for two warnings about personal data, of which only the hash was kept."""
    row = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME", "|".join(row))
    return re.sub(r"(W051 [^/]*|W020 email[^/]*|W027 email[^/]*) / ", "", row)


COLUMNS = ("SELECT offer, tracker, method, stage, verdict, code, click_id, event_id, txid, content_type, params, ttclid, reason, replace(warnings, E'\\n', ' / ')"
           " FROM postbacks ORDER BY id")
BODIES = "SELECT event, event_id, click_id, ttclid, value, currency, original_value, plain_id, body FROM events ORDER BY id"


@slow
def the_same_as_at_once():
    """The same requests with the database there and away: the same rows."""
    taken = []
    for away_first in (False, True):
        db = Postgres().database()
        f = folder(db)
        f.write("keys/postback2", "b" * 24 + "\n", 0o600)
        serve = Serve(f)
        if away_first:
            db.stop()
            away(serve)
        for n in (1, 3, 5):
            equal("a click", request(serve.port, "POST", "/click/nutra-de", "subid=c%d&ttclid=E.C.P.c%d&event_id=ev-%d&ttp=p&country=DE" % (n, n, n), PAGE).status, 204)
        for query, how in corpus():
            head = {"Content-Type": how["type"]} if how else {}
            equal("200", request(serve.port, "POST" if how else "GET", "/postback/nutra-de?key=%s&%s" % (KEY, query), how.get("body"), head).status, 200)
        if away_first:
            kept = b"".join(open(f.at("data/" + n), "rb").read() for n in os.listdir(f.at("data")) if n.startswith("spill.db"))
            hits = [w for w in (b"example.org", b"23456789", KEY.encode()) if w in kept]
            equal("no personal data on the disk meanwhile, no key", hits, [])
            db.start()
            empty(serve)
        taken.append(([alike(r) for r in db.rows(COLUMNS)], [re.sub(r'"event_time":\d+', "", "|".join(r)) for r in db.rows(BODIES)]))
        equal("it ends", serve.stop(), 0)
    true("there are rows", len(taken[0][0]) >= 17 and len(taken[0][1]) >= 6, (len(taken[0][0]), len(taken[0][1])))
    for n in range(2):
        for one, other in zip(taken[0][n], taken[1][n]):
            equal("the same row", other, one)
        equal("as many", len(taken[1][n]), len(taken[0][n]))


@slow
def away_at_the_start_and_killed():
    db = Postgres().database()
    db.stop()
    f = folder(db)
    serve = Serve(f)
    away(serve)
    equal("kept", [sale(serve, "s%d" % n) for n in range(5)], [200] * 5)
    serve.kill()
    f.config("http://127.0.0.1:9" + TRACK)
    serve = Serve(f)
    has("another store, which is a file: the log says so", serve.err(), "code=W098", "nothing is handed on", "holds 5 postbacks", "taken for another database")
    has("and it is not forgotten", " ".join(serve.ready()[1]["warnings"]), "W098 5 postbacks", db.folder, "set `store:` to that")
    equal("it takes what comes", (serve.ready()[0], sale(serve, "s-file"), waiting(serve)), (200, 200, 5))
    has("trace", run("trace", "s3", cwd=f.path).err, "1 with this id wait in", "`store:` again")
    has("doctor", run("doctor", cwd=f.path).out, "W098 5 postbacks and clicks wait in data/spill.db since", "set it back until it has them")
    equal("store stats", json.loads(run("store", "stats", "--json", cwd=f.path).out)["spill"]["waiting"], 5)
    equal("it ends", serve.stop(), 0)
    f.config("http://127.0.0.1:9" + TRACK, extra=store(db))
    serve = Serve(f)
    away(serve)
    has("what the last run kept is told", serve.err(), "W098", "waiting=5")
    equal("and goes behind it", sale(serve, "s5"), 200)
    equal("six wait", waiting(serve), 6)
    r = run("trace", "s3", cwd=f.path)
    has("trace says that it waits", r.err, "1 with this id wait in", "spill.db since", "W098")
    equal("and can't say more", r.code, 4)
    r = run("doctor", cwd=f.path)
    has("doctor", r.out, "W098 6 postbacks and clicks wait in data/spill.db since")
    db.start()
    empty(serve)
    equal("each once, in order", [r[0] for r in db.rows("SELECT click_id FROM postbacks ORDER BY id")], ["s%d" % n for n in range(6)])
    r = run("store", "stats", "--json", cwd=f.path)
    equal("store stats", json.loads(r.out)["spill"], {"waiting": 0, "oldest": None, "bytes": 0, "set aside": 0})
    hasnt("trace is silent", run("trace", "s3", cwd=f.path).err, "spill.db")
    equal("its disk space is given back", os.path.getsize(f.at("data/spill.db")) < 2 << 20, True)
    equal("it ends", serve.stop(), 0)


@slow
def switched_off():
    db, f, serve = cut_off("o0")
    equal("kept", [sale(serve, "o1"), sale(serve, "o2")], [200, 200])
    equal("it ends", serve.stop(), 0)
    f.config("http://127.0.0.1:9" + TRACK, extra=store(db, "spill: off"))
    serve = Serve(f)
    equal("nothing new is kept", sale(serve, "o3"), 503)
    status, ready = serve.ready()
    equal("not ready", status, 503)
    has("and what waits is told", " ".join(ready["warnings"]), "W098 2 postbacks and clicks of this server's spill are not in the database yet")
    db.start()
    empty(serve)
    equal("it was handed on", sale(serve, "o4"), 200)
    equal("before what is new", [r[0] for r in db.rows("SELECT click_id FROM postbacks ORDER BY id")], ["o0", "o1", "o2", "o4"])
    serve.stop()
    equal("off, and nothing is there: no file is made", [n for n in os.listdir(folder_off(db).at("data")) if "spill" in n], [])


def folder_off(db):
    f = folder(db, more="")
    serve = Serve(f)
    serve.stop()
    return f


@slow
def another_database_for_good():
    """What docs/postgresql.md says for a database that is gone."""
    one = Postgres().database()
    one.database("other")
    f = folder(one)
    serve = Serve(f)
    equal("before", sale(serve, "g0"), 200)
    one.psql("ALTER DATABASE clickbaton ALLOW_CONNECTIONS false", "other")
    one.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'clickbaton'", "other")
    away(serve)
    equal("kept", sale(serve, "g1"), 200)
    serve.stop()
    subprocess.run(["sqlite3", f.at("data/spill.db"), "UPDATE meta SET value = 0 WHERE key = 'known'"], check=True)
    f.config("http://127.0.0.1:9" + TRACK, extra='store: {url: "%s", spill: on}\n' % one.url("other"))
    serve = Serve(f)
    empty(serve)
    equal("all goes into the new one", one.rows("SELECT click_id FROM postbacks", "other"), [["g1"]])
    equal("it ends", serve.stop(), 0)


@slow
def another_database():
    one = Postgres().database()
    two = one.database("other")
    f = folder(one)
    serve = Serve(f)
    equal("before", sale(serve, "m0"), 200)
    one.psql("ALTER DATABASE clickbaton ALLOW_CONNECTIONS false", "other")
    one.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'clickbaton'", "other")
    away(serve)
    equal("kept", sale(serve, "m1"), 200)
    equal("it ends", serve.stop(), 0)
    f.config("http://127.0.0.1:9" + TRACK, extra='store: {url: "%s", spill: on}\n' % one.url("other"))
    serve = Serve(f)
    wait_until("it to be told", lambda: "taken for another database" in " ".join(serve.ready()[1]["warnings"]), 10)
    has("which one", " ".join(serve.ready()[1]["warnings"]), one.folder, "/clickbaton")
    equal("what is new waits behind it", sale(serve, "m2"), 200)
    time.sleep(2.5)
    equal("nothing is handed on", [r[0] for r in one.rows("SELECT count(*) FROM postbacks", "other")], ["0"])
    equal("it ends", serve.stop(), 0)
    one.psql("ALTER DATABASE clickbaton ALLOW_CONNECTIONS true", "other")
    f.config("http://127.0.0.1:9" + TRACK, extra=store(one))
    serve = Serve(f)
    empty(serve)
    equal("each once", [r[0] for r in one.rows("SELECT click_id FROM postbacks ORDER BY id")], ["m0", "m1", "m2"])
    equal("it ends", serve.stop(), 0)


@slow
def what_changes_meanwhile():
    """A mapping that knows a word by now, an offer that is gone, one entry that the database can't take, one that is damaged."""
    db, f, serve = cut_off("w0", offers=("nutra-de", "gone-de"))
    equal("kept", [serve.fire(SALE % (id, id, word, "1", id), offer).status for id, word, offer in (
        ("w1", "approv3d", "nutra-de"), ("w2", "sale", "gone-de"), ("w3", "sale", "nutra-de"), ("w4", "sale", "nutra-de"), ("w5", "sale", "nutra-de"))], [200] * 5)
    os.remove(f.at("offers/gone-de.yaml"))
    f.write("offers/nutra-de.yaml", offer_text("nutra-de").replace("events:", "stages:\n  sale: [sale, approv3d]\nevents:"))
    serve.stop()
    import sqlite3
    file = sqlite3.connect(f.at("data/spill.db"))
    file.execute("UPDATE entries SET at = at + 1 WHERE CAST(params AS TEXT) LIKE '%w3%'")
    file.commit()
    file.close()
    db.start()
    db.psql("ALTER TABLE postbacks ADD CONSTRAINT never CHECK (click_id <> 'w4')", "clickbaton")
    serve = Serve(f)
    wait_until("the others to go on", lambda: waiting(serve) == 0 and serve.ready()[0] == 200, 40)
    equal("rows", db.rows("SELECT click_id, offer, verdict, code FROM postbacks ORDER BY id"),
          [["w0", "nutra-de", "1", ""], ["w1", "nutra-de", "1", ""], ["", "gone-de", "4", "R002"], ["w5", "nutra-de", "1", ""]])
    has("told", " ".join(serve.ready()[1]["warnings"]), "W099 2 entries of the spill can't be handed on")
    has("and why", serve.err(), "code=W099", "23514")
    equal("they are kept", sorted(r[0].decode() if isinstance(r[0], bytes) else r[0] for r in file_rows(f, "SELECT aside FROM entries ORDER BY serial"))[0], "its checksum does not fit")
    has("doctor", run("doctor", cwd=f.path).out, "W099 2 entries of data/spill.db can't be handed on")
    # As docs/postgresql.md says.
    db.psql("ALTER TABLE postbacks DROP CONSTRAINT never", "clickbaton")
    serial = file_rows(f, "SELECT serial FROM entries WHERE aside LIKE '%23514%'")[0][0]
    url = "http://127.0.0.1:%d/postback/nutra-de?key=%s" % (serve.port, KEY)
    subprocess.run('sqlite3 data/spill.db "SELECT params FROM entries WHERE serial = %d" | curl -sS --fail --data @- "%s"' % (serial, url), shell=True, cwd=f.path, check=True, stdout=subprocess.DEVNULL)
    equal("sent again by hand", db.rows("SELECT click_id, verdict, method FROM postbacks WHERE click_id = 'w4'"), [["w4", "1", "POST"]])
    subprocess.run(["sqlite3", f.at("data/spill.db"), "DELETE FROM entries WHERE serial = %d AND aside IS NOT NULL" % serial], check=True)
    has("one is left", run("doctor", cwd=f.path).out, "W099 1 entry of data/spill.db can't be handed on")
    f.write("offers/gone-de.yaml", offer_text("gone-de") if os.path.exists(f.at("offers/gone-de.yaml")) else offer_text("nutra-de").replace("offer: nutra-de", "offer: gone-de"))
    serve.reload()
    equal("replay", run("replay", cwd=f.path).code, 0)
    equal("what was of the offer that is back", db.rows("SELECT click_id, verdict FROM postbacks WHERE offer = 'gone-de'"), [["w2", "1"]])
    equal("it ends", serve.stop(), 0)


@slow
def no_more_than_may():
    db = Postgres().database()
    db.stop()
    f = folder(db, more="spill: on, spill_max: 1")
    serve = Serve(f)
    away(serve)
    long = "&filler=" + "x" * 12000
    answers = [serve.fire(SALE % ("f%d" % n, "f%d" % n, "sale", "1", n) + long) for n in range(100)]
    full = [a.status for a in answers].index(503)
    true("a megabyte is kept", 70 < full < 88, full)
    equal("and no more", {a.status for a in answers[full:]}, {503})
    true("with Retry-After", answers[-1].headers["Retry-After"])
    status, ready = serve.ready()
    equal("not ready", status, 503)
    has("and says why", " ".join(ready["problems"]), "spill_max")
    wait_until("somebody to try it again", lambda: serve.ready()[0] == 200, 15)
    has("which is told", " ".join(serve.ready()[1]["warnings"]), "W098", "spill_max")
    equal("it is full still", (serve.fire(SALE % ("f-x", "f-x", "sale", "1", 1) + long).status, serve.ready()[0]), (503, 503))
    db.start()
    empty(serve)
    equal("what was answered 200 is there", [r[0] for r in db.rows("SELECT click_id FROM postbacks ORDER BY id")], ["f%d" % n for n in range(full)])
    equal("it ends", serve.stop(), 0)


@slow
def much_is_handed_on_before_what_is_new():
    """With `spill: off` a postback that comes meanwhile is not kept waiting until all of it is done."""
    db, f, serve = cut_off("b0")
    equal("kept", {sale(serve, "b%d" % n) for n in range(1, 1601)}, {200})
    equal("it ends", serve.stop(), 0)
    db.start()
    db.psql("ALTER TABLE postbacks ADD CONSTRAINT slow CHECK (pg_sleep(0.005) IS NOT NULL)", "clickbaton")
    f.config("http://127.0.0.1:9" + TRACK, extra=store(db, "spill: off"))
    serve = Serve(f)
    start = time.monotonic()
    equal("told to come again", sale(serve, "b-new"), 503)
    true("in seconds", 2 < time.monotonic() - start < 12, time.monotonic() - start)
    true("much waits still", waiting(serve) > 0)
    empty(serve, 60)
    equal("then it is taken", sale(serve, "b-new"), 200)
    equal("each once", db.rows("SELECT count(*), count(DISTINCT click_id) FROM postbacks"), [["1602", "1602"]])
    equal("it ends", serve.stop(), 0)


def keep_at_each(db, servers, id):
    """Each keeps one while the database is away, and hands it on."""
    db.stop()
    for s in servers:
        away(s)
        equal("kept", sale(s, "%s-%d" % (id, s.port)), 200)
    db.start()
    for s in servers:
        empty(s)


@slow
def a_copied_folder_takes_nothing_from_the_original():
    db = Postgres().database()
    a = Serve(folder(db))
    equal("it is taken", sale(a, "z1"), 200)
    other = folder(db)
    shutil.copytree(a.folder.at("data"), other.at("data"), ignore=shutil.ignore_patterns("control"))
    b = Serve(other)
    equal("it is taken there", sale(b, "z2"), 200)
    equal("and here", (sale(a, "z3"), waiting(a)), (200, 0))
    keep_at_each(db, (a, b), "z4")
    for s in a, b:
        equal("nothing is in the way of anything", [w for w in s.ready()[1]["warnings"] if "W098" in w], [])
        equal("it ends", s.stop(), 0)
    equal("each once", sorted(r[0] for r in db.rows("SELECT click_id FROM postbacks")), sorted(["z1", "z2", "z3", "z4-%d" % a.port, "z4-%d" % b.port]))


@slow
def a_folder_copied_while_something_waits():
    """The copy and the original have the same postbacks under the same mark: what comes then must not get under it twice."""
    db, f, a = cut_off("y1")
    equal("kept", sale(a, "y2"), 200)
    a.kill()
    other = folder(db)
    shutil.copytree(f.at("data"), other.at("data"), ignore=shutil.ignore_patterns("control"))
    a, b = Serve(f), Serve(other)
    hasnt("the original is none", a.err(), "was copied here")
    has("the copy is known for one", b.err(), "code=W098", "spill.db was copied here from another folder", "waiting=1")
    away(a)
    equal("the original goes on", sale(a, "y3"), 200)
    equal("the copy does not", sale(b, "y4"), 503)
    wait_until("it to say so", lambda: b.ready()[0] == 503)
    has("it says why", " ".join(b.ready()[1]["problems"]), "spill.db was copied here from another folder while postbacks waited in it")
    db.start()
    for s in a, b:
        empty(s)
        equal("then both do", sale(s, "y5-%d" % s.port), 200)
    keep_at_each(db, (a, b), "y6")
    for s in a, b:
        equal("it ends", s.stop(), 0)
    equal("each once", sorted(r[0] for r in db.rows("SELECT click_id FROM postbacks")),
          sorted(["y1", "y2", "y3"] + ["y%d-%d" % (n, s.port) for n in (5, 6) for s in (a, b)]))


@slow
def it_hangs():
    """A database that keeps its connections and answers nobody: who asks first waits for its patience, others do not."""
    db = Postgres().database()
    f = folder(db)
    serve = Serve(f)
    equal("before", sale(serve, "h1"), 200)
    db.freeze()
    start = time.monotonic()
    equal("200", sale(serve, "h2"), 200)
    true("after its patience", 5 < time.monotonic() - start < 20, time.monotonic() - start)
    slowest = 0
    for n in range(100):
        start = time.monotonic()
        equal("kept", sale(serve, "h3-%d" % n), 200)
        slowest = max(slowest, time.monotonic() - start)
        time.sleep(0.1)
    true("nobody waits for a database that is known to be away", slowest < 1, slowest)
    db.thaw()
    empty(serve)
    equal("each once", db.rows("SELECT count(*), count(DISTINCT click_id) FROM postbacks"), [["102", "102"]])
    equal("it ends", serve.stop(), 0)


def failover(more):
    """30 seconds without a database, under load: nothing lost, nothing doubled."""
    field = Field(2, more)
    for s in field.senders:
        s.start()
    time.sleep(3)
    field.db.crash()
    time.sleep(30)
    field.db.start()
    time.sleep(5)
    field.end()
    done = field.judge()
    refused = sum(s.refused for s in field.senders)
    print("failover of 30 s, %s: %d of %d acknowledged, %d answered 503" % (more, *done, refused))
    if "on" in more:
        equal("answered 503", refused, 0)
    else:
        true("some were answered 503", refused > 100, refused)


@slow
def failover_with_spill():
    failover("spill: on")


@slow
def failover_without():
    failover("spill: off")


# ---- commits that are not answered ----

class Wire:
    """Between server and database, on a socket of its own.  While `cuts` is set, now and then what the server sends goes through to the
    database, and instead of an answer the connection ends: most often that was a COMMIT."""
    name = "wire"

    def __init__(self, db, seed):
        self.folder = tempfile.mkdtemp(prefix="clickbaton-wire-")
        self.to = os.path.join(db.folder, ".s.PGSQL.5432")
        self.cuts, self.done, self.random = 0, 0, random.Random(seed)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(os.path.join(self.folder, ".s.PGSQL.5432"))
        self.listener.listen(50)
        threading.Thread(target=self.accept, daemon=True).start()

    def url(self):
        return "postgresql://clickbaton@/clickbaton?host=%s" % self.folder

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            server = socket.socket(socket.AF_UNIX)
            try:
                server.connect(self.to)
            except OSError:
                client.close()
                continue
            ends = (client, server)
            threading.Thread(target=self.carry, args=(ends, client, server, True), daemon=True).start()
            threading.Thread(target=self.carry, args=(ends, server, client, False), daemon=True).start()

    def carry(self, ends, come, go, asks):
        silent = False
        try:
            while True:
                data = come.recv(1 << 20)
                if not data:
                    break
                # A group's rows and its COMMIT come together; what is asked before is short.
                if asks and len(data) > 900 and self.random.random() < self.cuts:
                    ends[0].shutdown(socket.SHUT_RD)  # nothing more to the server
                    ends[0].close()
                    silent = True
                go.sendall(data)
                if silent:
                    self.done += 1
                    time.sleep(0.05)  # the database does it
                    break
        except OSError:
            pass
        for end in ends:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


@slow
def commits_without_an_answer():
    db = Postgres().database()
    wire = Wire(db, SEED)
    f = Folder("http://127.0.0.1:9" + TRACK, extra='store: {url: "%s", spill: on}\n' % wire.url())
    place = {"serve": Serve(f)}
    place["port"] = place["serve"].port
    senders = [Sender("d-" + k, place, k == "o") for k in "oab"]
    wire.cuts = 0.3
    for s in senders:
        s.start()
    time.sleep(3)
    db.crash()  # what waits then is handed on over the same wire
    time.sleep(1)
    db.start()
    time.sleep(2)
    place["serve"].kill()
    place["serve"] = Serve(f)
    place["port"] = place["serve"].port
    time.sleep(2)
    for s in senders:
        s.go = False
    for s in senders:
        s.join(60)
    wire.cuts = 0
    empty(place["serve"])
    true("answers were cut off", wire.done > 10, wire.done)
    acknowledged = {id for s in senders for id in s.sales}
    rows = dict(db.rows("SELECT click_id, count(*) FROM postbacks GROUP BY click_id"))
    true("postbacks were acknowledged", len(acknowledged) > 100, len(acknowledged))
    equal("answered 503", sum(s.refused for s in senders), 0)
    equal("acknowledged and not there", sorted(acknowledged - set(rows)), [])
    equal("there twice", {id: n for id, n in rows.items() if n != "1"}, {})
    equal("one event each", db.rows("SELECT count(*) - count(DISTINCT click_id) FROM events"), [["0"]])
    equal("it ends", place["serve"].stop(), 0)


# ---- kills and outages, at random ----

class Sender(threading.Thread):
    """Fires one after the other at whatever runs in this folder; never the same twice.  In order: a click, then its postback without a ttclid."""
    def __init__(self, name, place, ordered):
        super().__init__(daemon=True)
        self.name, self.place, self.ordered = name, place, ordered
        self.clicks, self.sales, self.sent = set(), [], []
        self.refused = 0
        self.go = True

    def once(self, method, target, body=None, headers={}):
        connection = http.client.HTTPConnection("127.0.0.1", self.place["port"], timeout=60)
        try:
            status = ask(connection, method, target, body, headers).status
            self.refused += status == 503
            return status
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            connection.close()

    def run(self):
        n = 0
        while self.go:
            n += 1
            id = "%s-%05d" % (self.name, n)
            if self.ordered and self.once("POST", "/click/nutra-de", "subid=%s&ttclid=E.C.P.%s&event_id=ev-%s" % (id, id, id), PAGE) == 204:
                self.clicks.add(id)
            self.sent.append(id)
            if self.once("GET", "/postback/nutra-de?key=%s&subid=%s&status=sale&payout=1&currency=usd%s" % (
                    KEY, id, "" if self.ordered else "&external_id=E.C.P." + id)) == 200:
                self.sales.append(id)
            time.sleep(0.002 if self.ordered else 0.01)


class Field:
    """A database, and servers on it that are killed and started again."""
    def __init__(self, servers, more="spill: on"):
        self.db = Postgres().database()
        self.random = random.Random(SEED)
        self.places = []
        for n in range(servers):
            f = folder(self.db, more=more)
            self.places.append({"folder": f, "serve": Serve(f), "n": n})
            self.places[n]["port"] = self.places[n]["serve"].port
        self.senders = [Sender("n%d-%s" % (p["n"], k), p, k == "o") for p in self.places for k in "oabc"]
        self.kinds = {}

    def pause(self, most):
        time.sleep(self.random.uniform(0, most))

    def restart(self):
        place = self.random.choice(self.places)
        place["serve"].kill()
        self.pause(0.2)
        place["serve"] = Serve(place["folder"])
        place["port"] = place["serve"].port

    def outage(self, how):
        getattr(self.db, how)()
        self.pause(1.5)
        if self.random.random() < 0.6:
            self.restart()
        self.pause(1)
        self.db.start()
        if self.random.random() < 0.6:  # while it is handed on
            self.pause(0.7)
            self.restart()

    def cut(self):
        for _ in range(self.random.randint(1, 8)):
            self.db.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'clickbaton'")
            self.pause(0.15)

    def flap(self):
        for _ in range(3):
            self.db.crash()
            self.pause(0.3)
            self.db.start()
            self.pause(0.8)

    def round(self):
        kind, way = ("outage, crash", lambda: self.outage("crash")) if not self.kinds else self.random.choice([("outage, orderly", lambda: self.outage("stop")), ("outage, crash", lambda: self.outage("crash")),
                                        ("kill", self.restart), ("cut connections", self.cut), ("flapping", self.flap)])
        self.kinds[kind] = self.kinds.get(kind, 0) + 1
        way()
        self.pause(0.8)

    def end(self, seconds=60):
        for s in self.senders:
            s.go = False
        for s in self.senders:
            s.join(60)
        for p in self.places:
            empty(p["serve"], seconds)

    def judge(self):
        posted, events = {}, {}
        for id, row in self.db.rows("SELECT click_id, id FROM postbacks ORDER BY id"):
            posted.setdefault(id, []).append(int(row))
        for click, event, row in self.db.rows("SELECT click_id, event_id, id FROM events"):
            events.setdefault(click, []).append(event)
        acknowledged = [id for s in self.senders for id in s.sales]
        sent = {id for s in self.senders for id in s.sent}
        true("postbacks were acknowledged", len(acknowledged) > 20, (len(acknowledged), len(sent)))
        equal("acknowledged and not there", [id for id in acknowledged if id not in posted], [])
        equal("there twice", [id for id, rows in posted.items() if len(rows) != 1], [])
        equal("never sent", [id for id in posted if id not in sent], [])
        equal("one event each", [id for id in posted if len(events.get(id, [])) != 1], [])
        clicks = {id for s in self.senders for id in s.clicks}
        stored = {r[0] for r in self.db.rows("SELECT click_id FROM clicks")}
        equal("clicks acknowledged and not there", clicks - stored, set())
        equal("postbacks that have not found the click before them", [id for id in acknowledged if id in clicks and events[id] != ["ev-" + id]], [])
        # Ids: seconds, the writer, a running number.  One of an ordered sender is behind those before it.
        for s in (s for s in self.senders if s.ordered):
            ids = [posted[id][0] for id in s.sent if id in posted]
            wrong = [(a, b) for a, b in zip(ids, ids[1:]) if a >> 21 > b >> 21 or (a >> 15 == b >> 15 and a > b)]
            equal("out of their order", wrong, [])
        return len(acknowledged), len(sent)


def rounds(servers, count, more="spill: on"):
    field = Field(servers, more)
    for s in field.senders:
        s.start()
    for _ in range(count):
        field.round()
    field.end()
    kept = sum(int(re.search(r"^clickbaton_spill_kept_total (\d+)", request(p["serve"].admin, "GET", "/metrics").body, re.M).group(1)) for p in field.places)
    done = field.judge()
    if "on" in more:
        equal("answered 503", sum(s.refused for s in field.senders), 0)
    print("%d rounds (%s): %d of %d acknowledged, %d kept by those that run last" % (
        count, ", ".join("%s %d" % k for k in sorted(field.kinds.items())), *done, kept))
    for p in field.places:
        equal("it ends", p["serve"].stop(), 0)
    r = run("store", "verify", field.db.url())
    true("the store is whole", r.code == 0, r.out + r.err)


@slow
def killed_at_random():
    rounds(2, ROUNDS)


main()
