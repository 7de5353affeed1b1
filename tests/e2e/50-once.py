"""10,000 postbacks through serve to a sandbox that misbehaves: each arrives exactly once as a distinct
event."""
from harness import *

COUNT = 10000
FAULTS = ("429=1:0.04,500:0.02,502:0.015,503:0.015,code=40100:0.03,code=50002:0.015,reset:0.02,"
          "reset-after:0.03,cut:0.015,garbage:0.015,html:0.015,stall=1:0.015,stall-after=1:0.015")


def say_what_is_late(f):
    """Ten pixels that fail now and then must not take minutes: what the late ones have tried."""
    for late in f.rows("SELECT pixel, state, count(*) AS n, min(due) AS due FROM ledger "
                       "WHERE state IN ('waiting', 'sending') GROUP BY pixel, state"):
        say("# late: %s" % late)
        for row in f.rows("SELECT at, took_ms, http_status, code, message FROM attempts JOIN names "
                          "ON names.id = attempts.pixel WHERE text = '%s' ORDER BY attempts.id DESC LIMIT 15" % late["pixel"]):
            say("#   %s" % row)


@part
def ten_thousand():
    sandbox = Sandbox("--fault", FAULTS, "--seed", "20261131")
    offers = ["offer%d" % i for i in range(10)]
    f = Folder(sandbox.endpoint, offers=offers, pixels={
        PIXEL[:-2] + "%02d" % i: "{token: {file: ./keys/tiktok}}" for i in range(10)})
    for i, offer in enumerate(offers):
        f.write("offers/%s.yaml" % offer, offer_text(offer, PIXEL[:-2] + "%02d" % i))
    serve = Serve(f)
    start = time.monotonic()
    load = Load(serve, "x", 12, COUNT, offers, pause=0.01)
    repeats = Load(serve, "x", 1, 500, offers)  # trackers send again what they have sent
    taken, again = load.wait(), repeats.wait()
    fired = time.monotonic() - start
    equal("every postback was answered 200", (len(taken), load.other, len(again), repeats.other), (COUNT, [], 500, []))
    ids = ["x-%d" % i for i in range(1, COUNT + 1)]
    try:
        wait_until("the ledger to have all delivered", lambda: f.rows(
            "SELECT count(*) AS n FROM ledger WHERE state IN ('waiting', 'sending')")[0]["n"] == 0, 240, 0.25)
    except TimeoutError:
        say_what_is_late(f)
        raise
    took = time.monotonic() - start
    states = f.rows("SELECT state, count(*) AS n FROM ledger GROUP BY state")
    equal("the ledger", states, [{"state": "delivered", "n": COUNT}])
    equal("the repeats are duplicates", f.rows(
        "SELECT verdict, count(*) AS n FROM conversions GROUP BY verdict ORDER BY verdict"),
        [{"verdict": "duplicate", "n": 500}, {"verdict": "queued", "n": COUNT}])
    stats = sandbox.stats()
    events = sandbox.events()
    equal("distinct events at the API", stats["unique"], COUNT)
    got = [e["event_id"] for e in events]
    equal("each of them once, and no other", (len(got), set(ids) - set(got), set(got) - set(ids)),
          (COUNT, set(), set()))
    wrong = [e["event_id"] for e in events if e["user"]["ttclid"] != "E.C.P." + e["event_id"]]
    equal("each with its own ttclid", wrong, [])
    faults = stats["faults"]
    true("many requests failed", sum(faults.values()) >= 30, faults)
    true("most kinds of faults struck", sum(1 for n in faults.values() if n) >= 8, faults)
    say("# %d postbacks in %.1f s, all delivered after %.1f s, in %d requests of which %d were taken; sent again "
        "because the outcome was not known: %d; faults %s" % (COUNT + 500, fired, took, stats["requests"],
        stats["accepted_requests"], stats["merged"] + stats["dropped"], json.dumps(faults)))
    wait_until("/readyz", lambda: serve.ready()[1]["outbox"] == {"waiting": 0, "sending": 0, "delivered": COUNT, "dead": 0, "withdrawn": 0})
    good("/readyz agrees")
    equal("exit 0", (serve.stop(), sandbox.stop()), (0, 0))


@part
def every_fault_once():
    kinds = ("429=1", "429=none", "500", "502", "503", "code=40100", "code=50000", "code=50002", "reset",
             "reset-after", "cut", "garbage", "html", "stall=1", "stall-after=1", "code=20001")
    running = []
    for kind in kinds:
        sandbox = Sandbox("--fault", "first=1:" + kind)
        f = Folder(sandbox.endpoint)
        serve = Serve(f)
        for i in range(3):
            equal("%s: taken" % kind, serve.fire(
                "subid=f%d&external_id=T%d&status=sale&payout=1&currency=usd" % (i, i)).status, 200)
        running.append((kind, sandbox, f, serve))
    for kind, sandbox, f, serve in running:
        wait_until(kind, lambda: f.rows("SELECT 1 FROM ledger WHERE state = 'delivered' LIMIT 3") ==
                   [{"1": 1}] * 3, 30)
        equal("first request %s: all delivered, distinct" % kind,
              (sorted(e["event_id"] for e in sandbox.events()), sandbox.stats()["unique"]), (["f0", "f1", "f2"], 3))
        attempts = f.rows("SELECT count(*) AS n FROM attempts")[0]["n"]
        least = 1 if kind == "code=20001" else 2  # a partial success, of all three if they went together
        true("first request %s: the attempts are recorded" % kind, attempts >= least, attempts)
        equal("first request %s: exit 0" % kind, serve.stop(), 0)


@part
def a_refused_event():
    sandbox = Sandbox("--fault", "first=1:code=40062")
    f = Folder(sandbox.endpoint)
    serve = Serve(f)
    sale = "subid=%s&external_id=T-%s&status=sale&payout=1&currency=usd"
    serve.fire(sale % ("bad", "bad"))
    row = wait_until("the dead letter", lambda: f.rows("SELECT * FROM ledger WHERE state = 'dead'"))[0]
    equal("what TikTok refuses for good is a dead letter", row["event_id"], "bad")
    has("its note says why", row["note"], "40062 PII_NOT_HASHED")
    serve.fire(sale % ("good", "good"))
    wait_until("the next one", lambda: [e["event_id"] for e in sandbox.events()] == ["good"])
    good("the next one goes on")
    equal("/readyz counts it", wait_until("the count", lambda: serve.ready()[1]["outbox"]["dead"]), 1)
    status, v = serve.verdict(sale % ("bad", "bad"))
    equal("it is still known", v["verdict"], "duplicate")
    equal("exit 0", serve.stop(), 0)
    serve = Serve(f)
    time.sleep(0.5)
    equal("a restart does not send it again", sandbox.stats()["requests"], 2)


main()
