"""What becomes of events when TikTok, or the way to it, fails: the real server against the sandbox
behind a proxy that does the wrong thing at every moment.

    python3 tests/fault/upstream.py [PART...]      all parts take about two minutes

Every part prints what it measured as lines that begin with `#`."""
import email.utils
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[1:1] = [os.path.join(HERE, "..", "e2e"), os.path.join(HERE, "..", "support")]
from fault_proxy import *  # noqa: E402
from harness import *      # noqa: E402

ONE_PIXEL = "subid=%s&external_id=T-%s&status=sale&payout=1&currency=usd"
ANY_PIXEL = ONE_PIXEL + "&pixel=%s"
NOT_JSON = "the answer is not TikTok's JSON, so the outcome is not known"
proxies = []


def proxy(*arguments, **more):
    p = Proxy(*arguments, **more)
    proxies.append(p)
    return p


def close_proxies():
    while proxies:
        proxies.pop().close()


@contextlib.contextmanager
def certificates_of(path):
    before = os.environ.pop("SSL_CERT_FILE", None)
    if path:
        os.environ["SSL_CERT_FILE"] = path
    try:
        yield
    finally:
        os.environ.pop("SSL_CERT_FILE", None)
        if before is not None:
            os.environ["SSL_CERT_FILE"] = before


def url(port, https=False):
    return "http%s://127.0.0.1:%d%s" % ("s" if https else "", port, TRACK)


def attempts(f, pixel=None):
    """[(http_status, code, message, events)] in their order."""
    sql = ("SELECT http_status AS s, code AS c, message AS m, (SELECT group_concat(event_id) FROM tries t JOIN "
           "events e ON e.id = t.event WHERE t.attempt = a.id) AS e FROM attempts a%s ORDER BY id" %
           (" WHERE (SELECT text FROM names n WHERE n.id = a.pixel) = ?" if pixel else ""))
    return [(r["s"], r["c"], r["m"], sorted((r["e"] or "").split(",")))
            for r in f.rows(sql, *((pixel,) if pixel else ()))]


def ledger(f):
    return {r["event_id"]: r for r in f.rows("SELECT * FROM ledger")}


def states(f):
    return {r["state"]: r["n"] for r in f.rows("SELECT state, count(*) AS n FROM ledger GROUP BY state")}


def all_delivered(f, count, seconds=30):
    return wait_until("%d delivered" % count, lambda: states(f) == {"delivered": count}, seconds, 0.05)


def log_line(serve, *parts):
    """The log has a line with all of these."""
    return any(all(p in line for p in parts) for line in serve.err().splitlines())


# ---- the way there ----

class Way:
    """One fault at the first request of a server of its own.

    unknown: nobody can tell whether the other side has taken it (None: a matter of microseconds).  taken: it has.  words: of the
    attempt.  mend: what ends the fault (else it is over after the first time)."""

    def __init__(self, name, step, unknown, words, taken=False, mend=None, tls=None, wait=15, first_time=False):
        self.name, self.step, self.unknown, self.words, self.taken = name, step, unknown, words, taken
        self.mend, self.tls, self.wait, self.first_time = mend, tls, wait, first_time

    def start(self, sandbox, ca):
        self.proxy = proxy(sandbox.port, [self.step] if isinstance(self.step, Step) else [], tls=self.tls,
                           listening=self.step != "refuse")
        port = self.proxy.port
        self.full = None
        if self.step == "refuse":
            port = self.proxy.port = free_port()
        if self.step == "full":
            self.full = Full()
            port = self.full.port
        self.folder = Folder(self.step if isinstance(self.step, str) and ":" in self.step
                             else url(port, self.tls is not None))
        with certificates_of(ca):
            self.serve = Serve(self.folder)
        self.id = re.sub(r"\W+", "-", self.name)

    def begin(self):
        equal("%s: answered 200" % self.name, self.fire("a"), 200)

    def fire(self, letter):
        id = "%s-%s" % (self.id, letter)
        return self.serve.fire(ONE_PIXEL % (id, id)).status

    def strike(self):
        """The fault is over or goes on; what /readyz and the log say of it."""
        if self.first_time:
            return
        # The attempt is told a moment after it is written, and until the next one, a second later.
        status, ready = wait_until("the attempt of " + self.name, lambda: [
            (status, ready) for status, ready in [self.serve.ready()] if len(attempts(self.folder)) > (not ready["warnings"])], self.wait)[0]
        self.struck = time.monotonic()
        if self.unknown is None:
            self.unknown = attempts(self.folder)[0][2].startswith("no answer: ")
        a = attempts(self.folder)[0]
        equal("%s: no answer counts" % self.name, a[:2] + (a[3],), (0 if a[0] == 0 else a[0], -1, [self.id + "-a"]))
        true("%s: the ledger says %r" % (self.name, self.words), re.search(self.words, a[2]), a[2])
        equal("%s: intake is ready all the same" % self.name, (status, ready["ready"], ready["problems"]), (200, True, []))
        has("%s: /readyz warns, with the words" % self.name, " ".join(ready["warnings"]),
            "pixel %s is retried later (since 20" % PIXEL, a[2][:60])
        true("%s: so does the log" % self.name,
             log_line(self.serve, "level=warning", "event=%s" % ("outcome-unknown" if self.unknown else "retry"),
                      "pixel=" + PIXEL), self.serve.err())
        row = ledger(self.folder)[self.id + "-a"]
        equal("%s: the event waits" % self.name, (row["state"], row["unknown_since"] is not None),
              ("waiting", self.unknown))
        true("%s: tried" % self.name, row["attempts"] == 1 or self.mend, row["attempts"])

    def end(self, sandbox):
        for letter in "bc":
            equal("%s: answered 200 meanwhile" % self.name, self.fire(letter), 200)
        if self.mend:
            before = len(self.proxy.log)
            equal("%s: nothing was sent" % self.name, before, 0)
            self.mend(self)
        mended = time.monotonic() if self.mend or self.first_time else self.struck
        all_delivered(self.folder, 3)
        self.took = time.monotonic() - mended
        ids = [self.id + "-" + x for x in "abc"]
        got = self.proxy.passed_on()
        equal("%s: who got what how often" % self.name, [got.get(i, 0) for i in ids],
              [1 + (self.taken and not self.first_time), 1, 1])
        rows = ledger(self.folder)
        equal("%s: marked unknown where it was, and nowhere else" % self.name,
              [rows[i]["unknown_since"] is not None for i in ids], [self.unknown, False, False])
        equal("%s: exit 0" % self.name, self.serve.stop(), 0)
        hasnt("%s: no token in the log" % self.name, self.serve.err(), TOKEN)
        if self.full:
            self.full.close()


def listen_again(way):
    way.proxy.listen()


def right_certificate(good):
    def mend(way):
        way.proxy.tls = good
        way.serve.reload()
    return mend


def right_endpoint(way):
    way.folder.config(url(way.proxy.port))
    way.serve.reload()


def plain_ways():
    out = [Way("refused", "refuse", False, r"^not sent: .*(Failed|Could).* connect", mend=listen_again),
           Way("no such name", "https://no-such-host.invalid" + TRACK, False,
               r"^not sent: Could not resolve host: no-such-host\.invalid", mend=right_endpoint, wait=25),
           Way("dripped answer", Step(ANSWER, "drip", seconds=0.001), False, "", taken=True, first_time=True),
           Way("closed after a whole answer", Step(AFTER, "close"), False, "", taken=True, first_time=True),
           Way("reset after a whole answer", Step(AFTER, "reset"), False, "", taken=True, first_time=True)]
    lost = r"^no answer: (.*reset by peer|Empty reply|.*transfer closed|.*unexpected eof|the connection of the "
    lost += r"request before|Send failure|Recv failure)|^not sent: Failed to connect"
    for at in (ACCEPT, HEAD, BODY, UNTAKEN, TAKEN, ANSWER_HEAD, ANSWER):
        taken = at in (TAKEN, ANSWER_HEAD, ANSWER)
        unknown = None if at == ACCEPT else True
        out.append(Way("reset at " + at, Step(at, "reset"), unknown, lost, taken))
        out.append(Way("closed at " + at, Step(at, "close"), unknown, r"^(no answer: |HTTP 200: )", taken))
    for at in (UNTAKEN, TAKEN):
        out.append(Way("garbage at " + at, Step(at, "garbage"), True,
                       r"^no answer: Received HTTP/0\.9 when not allowed", at == TAKEN))
        out.append(Way("web page at " + at, answer(200, "<html>Welcome</html>", at), True, NOT_JSON, at == TAKEN))
        out.append(Way("empty 200 at " + at, answer(200, "", at), True, NOT_JSON, at == TAKEN))
        out.append(Way("half a JSON at " + at, answer(200, '{"code":0,"mess', at), True, NOT_JSON, at == TAKEN))
        out.append(Way("502 page at " + at, answer(502, "<html>502 Bad Gateway</html>", at), True, "^HTTP 502: " + NOT_JSON,
                       at == TAKEN))
    return out


def tls_ways(certificates):
    good = certificates.server("good")
    mend = right_certificate(good)
    out = [Way("TLS: all is right", PASS, False, "", taken=True, first_time=True, tls=good),
           Way("TLS: expired", PASS, False, "^not sent: SSL certificate problem: certificate has expired",
               mend=mend, tls=certificates.server("expired", days=-1)),
           Way("TLS: wrong host", PASS, False, "^not sent: SSL: no alternative certificate subject name matches",
               mend=mend, tls=certificates.server("other", san="DNS:other.example")),
           Way("TLS: self-signed", PASS, False, "^not sent: SSL certificate problem: self-signed certificate",
               mend=mend, tls=certificates.server("self", self_signed=True)),
           Way("TLS: an authority that nobody knows", PASS, False,
               "^not sent: SSL certificate problem: unable to get local issuer certificate",
               mend=mend, tls=certificates.server("foreign", ca="ca2")),
           Way("TLS: version 1.1", PASS, False, "^not sent: .*(protocol version|unsupported protocol|no protocols)",
               mend=mend, tls=certificates.old_protocol()),
           Way("TLS: taken, then reset", Step(TAKEN, "reset"), True, "^no answer: ", taken=True, tls=good),
           Way("TLS: half an answer", Step(ANSWER, "close"), True, "^no answer: ", taken=True, tls=good),
           Way("TLS: reset before the request", Step(GREETED, "reset"), None, "^(no answer|not sent): ", tls=good)]
    for do_ in ("reset", "close", "garbage"):
        for at in (HELLO, HALF_HELLO):
            out.append(Way("TLS: %s at %s" % (do_, at), Step(at, do_), False, "^not sent: ", tls=good))
    return out


def stalls(certificates):
    good = certificates.server("good")
    out = [Way("stall before accept", "full", False, "^not sent: .*([Tt]imed out|[Tt]imeout)", mend=right_endpoint)]
    for at in (HELLO, HALF_HELLO):
        out.append(Way("stall in the TLS handshake, " + at, Step(at, "stall"), False,
                       "^not sent: .*(timed out|timeout)", tls=good))
    for at in (ACCEPT, HEAD, BODY, UNTAKEN, TAKEN, ANSWER_HEAD, ANSWER):
        out.append(Way("stall at " + at, Step(at, "stall"), True, "^no answer: .*timed out", wait=40,
                       taken=at in (TAKEN, ANSWER_HEAD, ANSWER)))
    out.append(Way("an answer that drips for ever", Step(ANSWER, "drip", seconds=0.5), True,
                   "^no answer: .*timed out", taken=True, wait=40))
    return out


def go(ways, ca=None):
    sandbox = Sandbox()
    start = time.monotonic()
    for w in ways:
        w.start(sandbox, ca)
    for together in ([[w] for w in ways] if max(w.wait for w in ways) < 40 else [ways]):
        for w in together:
            w.begin()
        for w in sorted(together, key=lambda w: w.wait):
            w.strike()
    for w in ways:
        w.end(sandbox)
    close_proxies()
    sandbox.stop()
    for w in ways:
        say("# %s: event %s, lost 0, doubled %d, all delivered %.1f s after the fault's end"
            % (w.name, "unknown" if w.unknown else "known", w.proxy.passed_on().get(w.id + "-a", 0) - 1, w.took))
    say("# %d faults in %.1f s" % (len(ways), time.monotonic() - start))


@part
def the_way_there():
    go(plain_ways())


@part
def tls():
    f = Folder()
    c = Certificates(f.at("tls"))
    go(tls_ways(c), c.ca)
    # without the test's authority nothing is trusted that it signed
    s = Sandbox()
    p = proxy(s.port, tls=c.server("good"))
    g = Folder(url(p.port, True))
    with certificates_of(None):
        serve = Serve(g)
    serve.fire(ONE_PIXEL % ("untrusted", "u"))
    wait_until("the refusal", lambda: attempts(g), 15)
    has("the system's certificates do not vouch for the test's", attempts(g)[0][2],
        "not sent: SSL certificate problem: ")
    equal("nothing was sent", p.log, [])
    serve.stop()
    with certificates_of(g.at("no-such-file.pem")):
        serve = Serve(g)
    wait_until("the refusal", lambda: len(attempts(g)) > 1, 15)
    has("SSL_CERT_FILE that is not there", attempts(g)[-1][2], "not sent: error setting certificate file: ", "no-such-file.pem")
    serve.stop()
    with certificates_of(c.ca):
        serve = Serve(g)
    all_delivered(g, 1)
    good("with SSL_CERT_FILE it is delivered")
    equal("exit 0", serve.stop(), 0)
    close_proxies()


@part
def stalling():
    f = Folder()
    c = Certificates(f.at("tls"))
    go(stalls(c), c.ca)


# ---- what TikTok says ----

class Many:
    """One server with many pixels, each with a script of its own and a token of its own."""

    def __init__(self, scripts, events=3):
        """scripts: {pixel: (script, event ids or a number)}; all events wait when start is called."""
        self.sandbox = Sandbox()
        self.pixels = list(scripts)
        self.tokens = {p: "token-of-%s-0123456789" % p for p in scripts}
        self.folder = Folder()
        self.folder.write("offers/nutra-de.yaml", offer_text("nutra-de", '"{param.pixel}"'))
        for p in scripts:
            self.folder.write("keys/" + p, self.tokens[p] + "\n", 0o600)
        self.proxy = proxy(self.sandbox.port, scripts={self.tokens[p]: scripts[p] for p in scripts})
        self.config("http://127.0.0.1:9" + TRACK)
        self.serve = Serve(self.folder)
        self.ids = {}

    def config(self, endpoint):
        self.folder.config(endpoint, pixels={p: "{token: {file: ./keys/%s}}" % p for p in self.pixels})

    def fire(self, pixel, ids):
        c = http.client.HTTPConnection("127.0.0.1", self.serve.port, timeout=30)
        for id in ids:
            a = ask(c, "GET", "/postback/nutra-de?key=%s&%s" % (KEY, ANY_PIXEL % (id, id, pixel)))
            if a.status != 200:
                bad("postback %s" % id, a)
            self.ids.setdefault(pixel, []).append(id)
        c.close()

    def start(self):
        """The right endpoint: everything that waits goes out at once, one batch a pixel."""
        equal("the server ends", self.serve.stop(), 0)
        self.config(url(self.proxy.port))
        self.serve = Serve(self.folder)
        self.started = time.monotonic()

    def requests(self, pixel):
        return len(self.proxy.times(self.tokens[pixel]))

    def rows(self, pixel):
        rows = self.folder.rows("SELECT * FROM ledger WHERE pixel = ? ORDER BY id", pixel)
        return [(r["event_id"], r["state"], r["note"], r["unknown_since"] is not None) for r in rows]

    def said(self, pixel):
        """Attempts since the start."""
        return [a for a in attempts(self.folder, pixel) if "127.0.0.1 port 9" not in a[2]]


def codes():
    """[(code, verdict, name)]: the table of replies.c, both ends of each range."""
    with open(os.path.join(ROOT, "adapters/tiktok/replies.c")) as f:
        rows = re.findall(r'\{ (\d+), (\d+), REPLY_(\w+), "([^"]*)"', f.read().split("For answers without")[0])
    out = {}
    for first, last, verdict, name in rows:
        for code in (int(first), int(last)):
            out.setdefault(code, (verdict, name))
    return [(c, v, n) for c, (v, n) in sorted(out.items())]


def own_status(code):
    return {0: 200, 2: 200, 4: 401 if 40100 <= code < 40200 else 400, 5: 500, 6: 503}[code // 10000]


@part
def every_code():
    """In HTTP 200 and in a status of its own; the code decides, never the status."""
    table = codes()
    true("the table was read", len(table) > 40, table)
    scripts, cases = {}, {}
    for n, (code, verdict, name) in enumerate(table):
        for status in sorted({200, own_status(code), 401, 503}):
            pixel = "C9CODE%02dX%d" % (n, status)
            at = TAKEN if verdict in ("ACCEPTED", "UNKNOWN") else UNTAKEN
            scripts[pixel] = [says(code, "m", status, at)]
            cases[pixel] = (code, verdict, name, status)
    m = Many(scripts)
    for pixel in cases:
        m.fire(pixel, [pixel + "-" + x for x in "abc"])
    m.start()
    paused = [p for p in cases if cases[p][1] == "TOKEN_DEAD"]
    wait_until("all but the paused to be delivered",
               lambda: states(m.folder).get("delivered") == 3 * (len(cases) - len(paused)), 60, 0.2)
    took = time.monotonic() - m.started
    warnings = wait_until("/readyz to tell of every paused pixel", lambda: (
        lambda w: w if len(w) == len(paused) else None)(m.serve.ready()[1]["warnings"]))
    for p in paused:
        code, verdict, name, status = cases[p]
        equal("%d in HTTP %d: waits, nothing unknown" % (code, status), m.rows(p),
              [(p + "-" + x, "waiting", "TikTok %d %s: m" % (code, name), False) for x in "abc"])
        true("%d in HTTP %d: /readyz says so" % (code, status), any(
            "pixel %s is paused until its token is replaced (then: SIGHUP): TikTok %d %s: m" % (p, code, name) == w
            for w in warnings), warnings)
        true("%d in HTTP %d: an error in the log" % (code, status), log_line(
            m.serve, "level=error", "event=pixel-paused-until-reload", "pixel=%s " % p), "no line")
        equal("%d in HTTP %d: one request, no more" % (code, status), m.requests(p), 1)
    m.serve.reload()
    all_delivered(m.folder, 3 * len(cases))
    good("paused pixels go on after SIGHUP")
    twice = m.proxy.passed_on()
    for p, (code, verdict, name, status) in cases.items():
        said, rows = m.said(p), m.rows(p)
        # INVALID_PARAMS and its like: the batch of three is halved, one and two, and nobody is bad;
        # what failed before may wait apart
        requests = {"ACCEPTED": (1,), "REFUSED": (3,), "BAD_EVENT": (3,), "TOKEN_DEAD": (2,)}.get(verdict, (2, 3, 4))
        true("%d in HTTP %d: requests" % (code, status), m.requests(p) in requests, m.requests(p))
        equal("%d in HTTP %d: unknown" % (code, status), {r[3] for r in rows}, {verdict == "UNKNOWN"})
        equal("%d in HTTP %d: how often TikTok got each" % (code, status),
              [twice[p + "-" + x] for x in "abc"], [2 if verdict == "UNKNOWN" else 1] * 3)
        if verdict not in ("REFUSED", "BAD_EVENT"):
            equal("%d in HTTP %d: the ledger's first attempt" % (code, status), said[0],
                  (status, code, "m", [p + "-" + x for x in "abc"]))
    say("# %d codes in %d answers: lost 0, doubled without an unknown outcome 0; those that are retried were all "
        "delivered %.1f s after the first answer" % (len(table), len(cases), took))
    equal("exit 0", m.serve.stop(), 0)
    close_proxies()


@part
def too_many_requests():
    """429 with and without Retry-After, and other answers of things in between."""
    def soon(seconds):
        return email.utils.formatdate(time.time() + seconds, usegmt=True)

    page = "<html>slow down</html>"
    # name: (answer, earliest and latest second of the next request; None: not while we look)
    cases = {
        "none": (answer(429, page), 0.7, 2),
        "2": (answer(429, page, Retry_After="2"), 1.9, 3.5),
        "date": (None, 2, 5),
        "zero": (answer(429, page, Retry_After="0"), 0.7, 2),
        "past": (answer(429, page, Retry_After="Thu, 01 Jan 1970 00:00:00 GMT"), 0.7, 2),
        "minus": (answer(429, page, Retry_After="-5"), 0.7, 2),
        "words": (answer(429, page, Retry_After="soon"), 0.7, 2),
        "fraction": (answer(429, page, Retry_After="1e3"), 0.7, 2),
        "twice": (answer(429, page, Retry_After="2, 900"), 0.7, 2),
        "huge": (answer(429, page, Retry_After="99999999999999999999"), None, None),
        "day": (answer(429, page, Retry_After="86400"), None, None),
        "json": (says(40100, "slow", 429, Retry_After="2"), 1.9, 3.5),
        "503": (answer(503, page, Retry_After="2"), 1.9, 3.5),
        "500": (answer(500, page), 0.7, 2),
        "504": (answer(504, page), 0.7, 2),
        "400": (answer(400, "Bad Request"), 0.7, 2),
        "403": (answer(403, page), 0.7, 2),
        "404": (answer(404, page), 0.7, 2),
        "401": (answer(401, page), 0.7, 2),
        "302": (answer(302, "", Location="http://127.0.0.1:1/"), 0.7, 2),
        "303": (answer(303, "", Location="http://127.0.0.1:1/"), 0.7, 2),
        "204": (answer(204, ""), 0.7, 2),
        "large": (answer(200, "x" * 70000), 0.7, 2),
        "deep": (answer(200, '{"code":' + "[" * 5000), 0.7, 2),
    }
    unknown = {"503", "500", "504", "303", "204", "large", "deep"}
    pixels = {name: "C9WAIT" + name.upper() for name in cases}
    m = Many({pixels[n]: [cases[n][0] or answer(429, page)] for n in cases})
    for n in cases:
        m.fire(pixels[n], [pixels[n] + "-a", pixels[n] + "-b"])
    m.proxy.scripts[m.tokens[pixels["date"]]] = [answer(429, page, Retry_After=soon(4))]
    m.start()
    waits = [n for n in cases if cases[n][1] is None]
    wait_until("those that do not wait for long", lambda: states(m.folder).get("delivered") == 2 * (len(cases) - len(waits)), 30)
    for n, (_, first, last) in cases.items():
        p, times = pixels[n], m.proxy.times(m.tokens[pixels[n]])
        equal("%s: unknown" % n, {r[3] for r in m.rows(p)}, {n in unknown})
        if first is None:
            equal("%s: still waits" % n, ({r[1] for r in m.rows(p)}, len(times)), ({"waiting"}, 1))
            continue
        true("%s: sent again" % n, len(times) in (2, 3), len(times))
        true("%s: the second in its time" % n, first <= times[1] - times[0] <= last, times[1] - times[0])
    m.serve.reload()
    all_delivered(m.folder, 2 * len(cases))
    good("a reload ends every wait")
    say("# %d answers of things in between, 429 with 11 forms of Retry-After: lost 0, doubled 0" % len(cases))
    equal("exit 0", m.serve.stop(), 0)
    close_proxies()


def judge(named):
    """A TikTok that refuses requests with events that begin with `bad`."""
    def look(body, _):
        ids = re.findall(rb'"event_id":"([^"]*)"', body)
        for i, id in enumerate(ids):
            if b"bad" in id:
                return says(40002, "data.%d.user.email: not a hash" % i if named else "Invalid parameters.")
        return PASS
    return look


def bad_events(sizes, large):
    scripts, wanted = {}, {}
    for named in (True, False):
        for n in sizes:
            for bad_at in [(i,) for i in range(n)] + ([(0, n - 1), (n // 2 - 1, n // 2)] if n > 2 else []):
                pixel = "C9BAD%s%dX%s" % ("N" if named else "U", n, "X".join(map(str, bad_at)))
                scripts[pixel] = judge(named)
                wanted[pixel] = (n, bad_at, named)
        for bad_at in large:
            pixel = "C9BAD%s1000X%s" % ("N" if named else "U", "X".join(map(str, bad_at)))
            scripts[pixel] = judge(named)
            wanted[pixel] = (1000, bad_at, named)
    m = Many(scripts)
    for pixel, (n, bad_at, named) in wanted.items():
        m.fire(pixel, ["%s-%s%d" % (pixel, "bad" if i in bad_at else "ok", i) for i in range(n)])
    m.start()
    alone = [p for p, (n, bad_at, named) in wanted.items() if n == len(bad_at) and not named]
    total = sum(n for n, _, _ in wanted.values())
    dead = sum(len(b) for p, (_, b, _) in wanted.items() if p not in alone)
    wait_until("all to be decided", lambda: (lambda s: s.get("delivered") == total - dead - len(alone) and
                                             s.get("dead", 0) == dead)(states(m.folder)), 60, 0.2)
    took = time.monotonic() - m.started
    for pixel, (n, bad_at, named) in wanted.items():
        rows = m.rows(pixel)
        wrong = [r for i, r in enumerate(rows) if i not in bad_at and r[1] != "delivered"]
        name = "%s of %d, %s" % (" and ".join(map(str, bad_at)), n, "named" if named else "not named")
        equal(name + ": all others are delivered", (wrong, len(rows)), ([], n))
        for i in bad_at:
            state = "waiting" if pixel in alone else "dead"
            true(name + ": the bad one is " + state, rows[i][1] == state and not rows[i][3] and
                 re.match(r"TikTok 40002 PARAM_ERROR: " + (r"data\.\d+\.user\.email: not a hash$" if named
                                                           else r"Invalid parameters\.$"), rows[i][2]), rows[i])
    more = {i: n for i, n in m.proxy.passed_on().items() if n != 1}
    equal("none reached TikTok twice", more, {})
    wait_until("who is refused alone and not by name waits, and /readyz says so", lambda:
               "TikTok refuses every event with code 40002 and names none" in " ".join(m.serve.ready()[1]["warnings"]))
    for p in alone:
        m.fire(p, [p + "-other"])
    wait_until("the others to show whose fault it is", lambda: states(m.folder).get("dead", 0) == dead + len(alone), 150)  # its own wait
    equal("then it is dead", {m.rows(p)[0][1] for p in alone}, {"dead"})
    say("# %d batches with bad events (%d events): the others delivered, %d dead, none lost or doubled; %.1f s"
        % (len(wanted), total, dead + len(alone), took))
    equal("exit 0", m.serve.stop(), 0)
    close_proxies()


@part
def bad_at_every_place():
    bad_events(range(1, 17), [(0,), (1,), (499,), (500,), (998,), (999,), (0, 999), (249, 750)])


# ---- tokens, pixels ----

@part
def dead_token_mid_run():
    """It pauses its pixel only, drops nothing, and goes on with a new token after SIGHUP."""
    a, b = PIXEL, PIXEL2
    m = Many({a: [PASS, PASS, says(40105, "Access token is incorrect or has been revoked.")], b: []})
    m.start()
    dead = m.tokens[a]
    for i in range(2):
        m.fire(a, ["a%d" % i])
        wait_until("a%d" % i, lambda: states(m.folder) == {"delivered": i + 1})
    m.fire(a, ["a2"])
    wait_until("the pause", lambda: m.serve.ready()[1]["warnings"])
    with m.proxy.lock:  # whoever comes with it again is refused again
        m.proxy.scripts[dead] = lambda body, n: says(40105, "Access token is incorrect or has been revoked.")
    for i in range(5):
        m.fire(a, ["a%d" % (3 + i)])
        m.fire(b, ["b%d" % i])
    wait_until("the other pixel", lambda: states(m.folder) == {"delivered": 7, "waiting": 6})
    equal("the other pixel goes on, this one waits", {r[1] for r in m.rows(b)}, {"delivered"})
    equal("/readyz", m.serve.ready()[1]["warnings"], [
        "pixel %s is paused until its token is replaced (then: SIGHUP): TikTok 40105 INVALID_ACCESS_TOKEN: "
        "Access token is incorrect or has been revoked." % a])
    m.serve.reload()
    wait_until("the same token to be refused once more", lambda: m.requests(a) == 4)
    time.sleep(0.3)
    equal("a reload with the same token: one request, the pause again", (m.requests(a), states(m.folder)),
          (4, {"delivered": 7, "waiting": 6}))
    m.tokens[a] = "the-new-token-0123456789"
    m.folder.write("keys/" + a, m.tokens[a] + "\n", 0o600)
    start = time.monotonic()
    m.serve.reload()
    all_delivered(m.folder, 13)
    took = time.monotonic() - start
    equal("none twice", set(m.proxy.passed_on().values()), {1})
    equal("no warning is left", wait_until("/readyz", lambda: m.serve.ready()[1])["warnings"], [])
    hasnt("no token in the log", m.serve.err(), dead, m.tokens[a])
    say("# a dead token: its pixel's 6 events waited, the other's 5 went on; all delivered %.2f s after SIGHUP" % took)
    equal("exit 0", m.serve.stop(), 0)
    close_proxies()


@part
def refused_whole():
    """40002 for every event, none named: the request is wrong (a pixel of another kind, say)."""
    wrong = [True]
    m = Many({PIXEL: lambda body, n: says(40002, "Invalid parameters.", 400) if wrong[0] else PASS, PIXEL2: []})
    m.fire(PIXEL, ["w%d" % i for i in range(40)])
    m.fire(PIXEL2, ["other"])
    m.start()
    wait_until("the refusals", lambda: len(m.said(PIXEL)) >= 40)
    equal("none is dead", states(m.folder), {"waiting": 40, "delivered": 1})
    equal("79 requests at most for 40 events", m.requests(PIXEL) <= 79 + 127, True)
    has("/readyz", m.serve.ready()[1]["warnings"][0], "pixel %s is retried later (since 20" % PIXEL,
        "TikTok refuses every event with code 40002 and names none: is the pixel right, and its kind of events?")
    true("the log", log_line(m.serve, "level=warning event=refused-whole pixel=%s events=40" % PIXEL), m.serve.err())
    wrong[0] = False
    start = time.monotonic()
    all_delivered(m.folder, 41, 40)
    say("# 40 events refused whole: 0 dead, all delivered %.1f s after the pixel was right" % (time.monotonic() - start))
    equal("none twice", set(m.proxy.passed_on().values()), {1})
    equal("exit 0", m.serve.stop(), 0)
    close_proxies()


# ---- time ----

def shift(folder, hours):
    """Everything in the store happened so many hours earlier."""
    ms = int(hours * 3600000)
    folder.edited = True
    with sqlite3.connect(folder.at("data/clickbaton.db")) as db:
        db.execute("UPDATE deliveries SET due = due - ?1, unknown_since = unknown_since - ?1", (ms,))
        db.execute("UPDATE events SET created = created - ?", (ms,))
        db.execute("UPDATE attempts SET at = at - ?", (ms,))
    db.close()


@part
def forty_eight_hours():
    """An unknown outcome ends 47 hours later; a known failure goes on, until it is 28 days old."""
    scripts = {"C9UNKNOWN": [Step(TAKEN, "reset")], "C9KNOWN": [answer(403, "no")],
               "C9LATER": [Step(TAKEN, "reset")], "C9OLD": [answer(403, "no")], "C9OLDOK": [answer(403, "no")]}
    m = Many(scripts)
    for p in scripts:
        m.fire(p, [p])
    m.start()
    wait_until("the first answers", lambda: len([1 for p in scripts if m.said(p)]) == 5)
    m.proxy.refuse()
    equal("exit 0", m.serve.stop(), 0)
    shift(m.folder, 46.9)
    m.proxy.listen()
    with m.proxy.lock:
        m.proxy.scripts = {t: [] for t in m.tokens.values()}
        m.proxy.scripts[m.tokens["C9UNKNOWN"]] = [Step(TAKEN, "reset")] * 9
        m.proxy.scripts[m.tokens["C9KNOWN"]] = [answer(403, "no")] * 9
        m.proxy.scripts[m.tokens["C9OLD"]] = [answer(403, "no")] * 9
        m.proxy.scripts[m.tokens["C9OLDOK"]] = [answer(403, "no")] * 9
    m.serve = Serve(m.folder)
    wait_until("46.9 hours later it is repeated", lambda: m.rows("C9LATER")[0][1] == "delivered")
    good("46.9 hours after an unknown outcome it is repeated, TikTok knows it")
    wait_until("the others", lambda: all(len(m.said(p)) >= 2 for p in scripts))
    equal("exit 0", m.serve.stop(), 0)
    shift(m.folder, 0.2)
    m.serve = Serve(m.folder)
    row = wait_until("47.1 hours", lambda: [r for r in m.rows("C9UNKNOWN") if r[1] == "dead"])[0]
    true("47.1 hours after: a dead letter, named so", re.match(
        r"given up: TikTok may have it since 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ, no answer told, and it may no longer "
        r"recognise a repeat$", row[2]), row)
    before = m.requests("C9UNKNOWN")
    true("known failures go on", {m.rows(p)[0][1] for p in ("C9KNOWN", "C9OLD", "C9OLDOK")} <= {"waiting", "sending"},
         states(m.folder))
    equal("exit 0", m.serve.stop(), 0)
    shift(m.folder, 25 * 24)
    with m.proxy.lock:
        m.proxy.scripts[m.tokens["C9KNOWN"]] = []
    m.serve = Serve(m.folder)
    wait_until("27 days", lambda: m.rows("C9KNOWN")[0][1] == "delivered")
    good("27 days after: still tried, delivered")
    equal("exit 0", m.serve.stop(), 0)
    shift(m.folder, 2 * 24)
    with m.proxy.lock:
        m.proxy.scripts[m.tokens["C9OLDOK"]] = []
    m.serve = Serve(m.folder)
    row = wait_until("29 days", lambda: [r for r in m.rows("C9OLD") if r[1] == "dead"])[0]
    equal("29 days after: refused once more, a dead letter", row[2],
          "given up: not delivered within 28 days, and TikTok uses nothing older; the last answer: HTTP 403: refused by "
          "something before TikTok")
    wait_until("the log to say so", lambda: log_line(m.serve, "level=error", "event=given-up-too-old", "pixel=C9OLD "))
    good("an error in the log")
    wait_until("one that is taken is delivered, however old", lambda: m.rows("C9OLDOK")[0][1] == "delivered")
    good("one that TikTok takes is delivered, however old")
    equal("what was given up was not sent again", m.requests("C9UNKNOWN"), before)
    equal("how often TikTok got the unknown one: each time unknown", m.proxy.passed_on()["C9UNKNOWN"], before)
    say("# 48-hour rule: repeated at 46.9 h, dead letter at 47.1 h; known failures: tried at 27 days, dead at 29")
    equal("exit 0", m.serve.stop(), 0)
    close_proxies()


# ---- the store and the sender ----

@part
def failing_take():
    """A take that fails does not cost the postbacks of its group their 200."""
    f = Folder("http://127.0.0.1:9" + TRACK, pixels={p: "{token: {file: ./keys/tiktok}}" for p in (PIXEL, PIXEL2)})
    f.write("offers/other.yaml", offer_text("other", PIXEL2))
    serve = Serve(f)
    equal("a postback", serve.fire(ONE_PIXEL % ("gone", "gone")).status, 200)
    wait_until("it was tried", lambda: attempts(f))
    f.edited = True
    with sqlite3.connect(f.at("data/clickbaton.db"), timeout=10) as db:
        db.execute("DELETE FROM events WHERE event_id = 'gone'")
    db.close()
    wait_until("the take to fail", lambda: log_line(serve, "event=take-failed", "is to be sent and is gone"), 30)
    load = Load(serve, "y", 8, 3000, ("other",), pause=0.01)
    while load.next < 3000:  # each wakes the pixel whose take fails
        serve.fire(ONE_PIXEL % ("z%d" % load.next, "z"))
        time.sleep(0.01)
    load.wait()
    failures = serve.err().count("event=take-failed")
    true("takes failed meanwhile", failures >= 3, failures)
    equal("each postback was answered 200", (len(load.taken), load.other), (3000, []))
    equal("the store is well", serve.ready()[1]["problems"], [])
    say("# %d failing takes beside 3,000 postbacks: none answered 503" % failures)
    equal("exit 0", serve.stop(), 0)


if __name__ == "__main__":
    main()
