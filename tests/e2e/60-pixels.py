"""Several pixels: test codes beside real events, a dead token, a pixel that is not configured."""
from harness import *

SALE = "subid=%s&external_id=E.C.P.%s&status=sale&payout=1&currency=usd"
TOKENED = "{token: {file: ./keys/tiktok}}"


def two(sandbox, **pixels):
    f = Folder(sandbox.endpoint, offers=(), pixels=pixels)
    f.write("offers/first.yaml", offer_text("first", PIXEL))
    f.write("offers/second.yaml", offer_text("second", PIXEL2))
    return f


def by_pixel(sandbox, pixel):
    return [(e["event_id"], e["test_event_code"]) for e in sandbox.events(pixel=pixel)]


@part
def two_pixels():
    sandbox = Sandbox()
    f = two(sandbox, **{PIXEL: TOKENED, PIXEL2: TOKENED})
    serve = Serve(f)
    for i in range(20):
        for offer in ("first", "second"):
            equal("%d to %s" % (i, offer), serve.fire(SALE % ("p%d" % i, "p%d" % i), offer).status, 200)
    wait_until("delivery", lambda: sandbox.stats()["unique"] == 40)
    ids = [("p%d" % i, None) for i in range(20)]
    equal("each pixel has its own events", (sorted(by_pixel(sandbox, PIXEL)), sorted(by_pixel(sandbox, PIXEL2))),
          (sorted(ids), sorted(ids)))
    equal("the same event_id at two pixels is no duplicate", f.rows(
        "SELECT verdict, count(*) AS n FROM conversions GROUP BY verdict"), [{"verdict": "queued", "n": 40}])


@part
def test_codes():
    # the sandbox is away at first, so that everything waits and could be gathered into one request
    port = free_port()
    f = Folder("http://127.0.0.1:%d%s" % (port, TRACK), offers=(), pixels={
        PIXEL: "{token: {file: ./keys/tiktok}, test_event_code: TEST123}", PIXEL2: TOKENED})
    f.write("offers/first.yaml", offer_text("first", PIXEL))
    f.write("offers/second.yaml", offer_text("second", PIXEL2))
    serve = Serve(f)
    for i in range(10):
        serve.fire(SALE % ("t%d" % i, "t%d" % i), "first")
        serve.fire(SALE % ("t%d" % i, "t%d" % i), "second")
    f.config(f.endpoint, pixels={PIXEL: TOKENED, PIXEL2: TOKENED})
    serve.reload()
    for i in range(10):
        serve.fire(SALE % ("r%d" % i, "r%d" % i), "first")
    f.config(f.endpoint, pixels={PIXEL: "{token: {file: ./keys/tiktok}, test_event_code: TEST456}", PIXEL2: TOKENED})
    serve.reload()
    for i in range(10):
        serve.fire(SALE % ("u%d" % i, "u%d" % i), "first")
    sandbox = Sandbox(port=port)
    wait_until("delivery", lambda: sandbox.stats()["unique"] == 40, 40)
    events = sandbox.events()
    codes = {}
    for e in events:
        codes.setdefault((e["event_source_id"], e["event_id"][0]), set()).add(e["test_event_code"])
    equal("every event goes with the code it was taken with", codes, {
        (PIXEL, "t"): {"TEST123"}, (PIXEL, "r"): {None}, (PIXEL, "u"): {"TEST456"}, (PIXEL2, "t"): {None}})
    requests = {}
    for e in events:
        requests.setdefault(e["request_id"], set()).add((e["event_source_id"], e["test_event_code"]))
    equal("no request mixes two codes or two pixels", [k for k, v in requests.items() if len(v) > 1], [])
    equal("the ledger has the codes", {(r["t"], r["n"]) for r in f.rows(
        "SELECT test_code AS t, count(*) AS n FROM ledger GROUP BY test_code")}, {("TEST123", 10), (None, 20), ("TEST456", 10)})
    equal("exit 0", serve.stop(), 0)


@part
def dead_token():
    keys = Folder()
    right = keys.write("right", "the-right-token-0123456789\n", 0o600)
    sandbox = Sandbox("--token-file", right)
    f = Folder(sandbox.endpoint, offers=(), pixels={PIXEL: "{token: {file: ./keys/old}}",
                                                   PIXEL2: "{token: {file: ./keys/right}}"})
    f.write("keys/right", "the-right-token-0123456789\n", 0o600)
    f.write("keys/old", "the-revoked-token-0123456789\n", 0o600)
    f.write("offers/first.yaml", offer_text("first", PIXEL))
    f.write("offers/second.yaml", offer_text("second", PIXEL2))
    serve = Serve(f)
    for i in range(10):
        serve.fire(SALE % ("d%d" % i, "d%d" % i), "first")
        serve.fire(SALE % ("d%d" % i, "d%d" % i), "second")
    wait_until("the other pixel", lambda: sandbox.stats()["unique"] == 10)
    equal("the other pixel is not held back", sorted(by_pixel(sandbox, PIXEL2)), [("d%d" % i, None) for i in range(10)])
    ready = wait_until("/readyz", lambda: [w for w in serve.ready()[1]["warnings"] if "paused" in w])
    has("/readyz: which pixel, why, what to do", ready[0], PIXEL, "token", "SIGHUP")
    equal("/readyz: ready all the same", serve.ready()[0], 200)
    has("the log says it loudly", serve.err(), "level=error", PIXEL)
    before = sandbox.stats()["requests"]
    for i in range(10, 20):
        serve.fire(SALE % ("d%d" % i, "d%d" % i), "first")
    time.sleep(1.5)
    equal("a paused pixel sends nothing", sandbox.stats()["requests"], before)
    equal("and drops nothing", f.rows("SELECT state, count(*) AS n FROM ledger WHERE pixel = ? GROUP BY state", PIXEL),
          [{"state": "waiting", "n": 20}])
    serve.reload()  # with the token as it was
    wait_until("to be paused again", lambda: sandbox.stats()["requests"] > before and
               [w for w in serve.ready()[1]["warnings"] if "paused" in w])
    good("a reload without a new token: paused again")
    f.write("keys/old", "the-right-token-0123456789\n", 0o600)
    serve.reload()
    wait_until("delivery", lambda: sandbox.stats()["unique"] == 30)
    equal("a new token and SIGHUP: all are delivered", sorted(i for i, _ in by_pixel(sandbox, PIXEL)),
          sorted("d%d" % i for i in range(20)))
    wait_until("/readyz to be calm", lambda: [w for w in serve.ready()[1]["warnings"] if not w.startswith("alert: ")] == [])  # those look once a minute
    good("/readyz has nothing to say any more")
    hasnt("no token in the log", serve.err(), "the-right-token", "the-revoked-token")
    hasnt("no token in the store", f.stored_bytes(), b"the-right-token", b"the-revoked-token")
    equal("exit 0", serve.stop(), 0)


@part
def token_dies_over_a_restart():
    keys = Folder()
    right = keys.write("right", TOKEN + "\n", 0o600)
    sandbox = Sandbox("--token-file", right)
    f = Folder(sandbox.endpoint)
    f.write("keys/tiktok", "the-revoked-token-0123456789\n", 0o600)
    serve = Serve(f)
    serve.fire(SALE % ("a", "a"))
    wait_until("the pause", lambda: [w for w in serve.ready()[1]["warnings"] if "paused" in w])
    equal("a paused pixel does not hinder the end: exit 0", serve.stop(), 0)
    f.write("keys/tiktok", TOKEN + "\n", 0o600)
    serve = Serve(f)
    wait_until("delivery", lambda: sandbox.stats()["unique"] == 1)
    good("a restart with a new token delivers")


@part
def pixel_by_template():
    sandbox = Sandbox()
    f = Folder(sandbox.endpoint, pixels={PIXEL: TOKENED, PIXEL2: TOKENED})
    f.write("offers/any.yaml", offer_text("any", '"{param.pixel}"'))
    serve = Serve(f)
    for pixel in (PIXEL, PIXEL2):
        equal("a configured pixel", serve.fire(SALE % ("x", "x") + "&pixel=" + pixel, "any").status, 200)
    status, v = serve.verdict(SALE % ("y", "y") + "&pixel=C9STRANGEPIXEL00", "any")
    equal("a strange one is quarantined", (status, v["verdict"], v["code"]), (200, "quarantined", "Q012"))
    status, v = serve.verdict(SALE % ("y", "y"), "any")
    equal("none is quarantined", (status, v["verdict"], v["code"]), (200, "quarantined", "Q012"))
    wait_until("delivery", lambda: sandbox.stats()["unique"] == 2)
    equal("each at its pixel", (by_pixel(sandbox, PIXEL), by_pixel(sandbox, PIXEL2)), ([("x", None)], [("x", None)]))


@part
def pixel_taken_away():
    port = free_port()
    endpoint = "http://127.0.0.1:%d%s" % (port, TRACK)
    f = Folder(endpoint, offers=(), pixels={PIXEL: TOKENED, PIXEL2: TOKENED})
    f.write("offers/first.yaml", offer_text("first", PIXEL))
    f.write("offers/second.yaml", offer_text("second", PIXEL2))
    serve = Serve(f)
    serve.fire(SALE % ("z", "z"), "second")
    os.remove(f.at("offers/second.yaml"))
    f.config(endpoint, pixels={PIXEL: TOKENED})
    serve.reload()
    sandbox = Sandbox(port=port)
    serve.fire(SALE % ("z", "z"), "first")
    wait_until("the other pixel", lambda: sandbox.stats()["unique"] == 1, 30)
    equal("events of a pixel that was taken away wait", f.rows("SELECT state FROM ledger WHERE pixel = ?", PIXEL2),
          [{"state": "waiting"}])
    ready = wait_until("/readyz", lambda: [w for w in serve.ready()[1]["warnings"] if "not configured" in w])
    has("/readyz says so", ready[0], PIXEL2)
    f.config(endpoint, pixels={PIXEL: TOKENED, PIXEL2: TOKENED})
    serve.reload()
    wait_until("delivery", lambda: sandbox.stats()["unique"] == 2, 30)
    good("and go when it is back")
    wait_until("/readyz to be calm", lambda: [w for w in serve.ready()[1]["warnings"] if not w.startswith("alert: ")] == [])  # those look once a minute
    good("/readyz has nothing to say any more")
    equal("exit 0", serve.stop(), 0)


main()
