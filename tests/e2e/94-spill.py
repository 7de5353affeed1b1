"""`spill: on`: while PostgreSQL is away postbacks and clicks are kept in the data folder, answered 200, and handed on later, in order, each once.
Seeded: SEED=7; ROUNDS=100: so many rounds of kills and outages (make test: 3)."""
import random
import threading
import urllib.parse

from harness import *
from postgres_server import Postgres

SALE = "subid=%s&external_id=E.C.P.%s&status=%s&payout=%s&currency=usd&tid=t-%s"
SEED = int(os.environ.get("SEED", 7))
ROUNDS = int(os.environ.get("ROUNDS", 3))
PAGE = {"Origin": "https://lander.example"}


def store(db, more="spill: on"):
    return 'store: {url: "%s"%s}\n' % (db.url(), more and ", " + more)


def folder(db, endpoint="http://127.0.0.1:9" + TRACK, more="spill: on", **options):
    return Folder(endpoint, extra=store(db, more), **options)


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


def empty(serve, seconds=30):
    wait_until("the spill to be empty", lambda: serve.ready()[0] == 200 and waiting(serve) == 0, seconds)


@part
def it_is_kept_and_handed_on():
    sandbox = Sandbox()
    db = Postgres().database()
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
    time.sleep(1.5)
    db.start()
    empty(serve)
    rows = db.rows("SELECT click_id, verdict, code, at FROM postbacks ORDER BY id")
    equal("each once, in order, decided as ever", [r[:3] for r in rows],
          [["k0", "1", ""], ["k1", "1", ""], ["k0", "2", ""], ["k1", "3", "I006"], ["k2", "4", "Q002"], ["", "4", "Q015"]])
    true("the time of arrival stays", all(start - 0.5 < int(r[3]) / 1000 < start + 1.4 for r in rows[1:]), rows)
    wait_until("the events to be delivered", lambda: len(sandbox.events()) == 2)
    equal("by what the click says", sorted(e["event_id"] for e in sandbox.events()), ["ev-1", "k0"])
    equal("then as before", serve.verdict(SALE % ("k3", "k3", "sale", "1", "k3"))[1]["verdict"], "queued")
    equal("no warning is left", [w for w in serve.ready()[1]["warnings"] if "W098" in w], [])
    equal("it ends", serve.stop(), 0)


main()
