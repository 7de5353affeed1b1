"""Bad requests: each gets its exact answer, nothing that was answered 200 is lost, and nothing
personal or secret is kept in the clear."""

import resource

from harness import *

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}
GOOD = "&ttclid=E.C.P.x&status=sale&payout=1&currency=usd"


def verdicts(rows, serve, folder, what):
    """Each row: name, query, verdict, code, first warning's code or None.  Then: all are in the store."""
    before = folder.rows("SELECT count(*) AS n FROM conversions")[0]["n"]
    for name, query, verdict, code, warning in rows:
        status, v = serve.verdict(query)
        equal("%s: %s" % (what, name),
              (status, v["verdict"], v.get("code"), v["warnings"][0][:4] if v["warnings"] else None),
              (200, verdict, code, warning))
    kept = folder.rows("SELECT verdict, code FROM conversions ORDER BY id LIMIT -1 OFFSET ?", before)
    equal("%s: all are in the store, in order" % what, [(r["verdict"], r["code"]) for r in kept],
          [(r[2], r[3]) for r in rows])


@part
def refused():
    folder = Folder()
    serve = Serve(folder)
    q = "subid=r1" + GOOD
    for name, target, status, code in (
            ("unknown offer", "/postback/nope?key=%s&%s" % (KEY, q), 404, "R002"),
            ("offer in another case", "/postback/NUTRA-DE?key=%s&%s" % (KEY, q), 404, "R002"),
            ("no offer", "/postback/?key=%s&%s" % (KEY, q), 404, "R002"),
            ("no key", "/postback/nutra-de?" + q, 401, "R001"),
            ("an empty key", "/postback/nutra-de?key=&" + q, 401, "R001"),
            ("a wrong key", "/postback/nutra-de?key=%sx&%s" % (KEY, q), 401, "R001"),
            ("the key's beginning", "/postback/nutra-de?key=%s&%s" % (KEY[:-1], q), 401, "R001"),
            ("the key in upper case", "/postback/nutra-de?key=%s&%s" % (KEY.upper(), q), 401, "R001"),
            ("201 parameters", "/postback/nutra-de?key=%s&%s" % (KEY, "&".join(
                "p%d=1" % i for i in range(200))), 413, "R003")):
        a = serve.get(target)
        equal("%s: status and code" % name, (a.status, a.body[:14]), (status, "refused[%s]:" % code))
        a = serve.get(target, Accept="application/json")
        equal("%s: as JSON" % name, (a.status, a.json()["verdict"], a.json()["code"]),
              (status, "refused", code))
        hasnt("%s: the key is not shown" % name, a.body, KEY, KEY[:-1])
    a = serve.get("/postback/nutra-de?key=%s&%s" % (KEY, q + "&x=" + "y" * 17000))
    equal("a URL of 17 KB: 414", (a.status, a.body),
          (414, "The URL is longer than 16384 bytes, the limit of this server.\n"))
    equal("a URL of 40 KB: 414", serve.get("/postback/nutra-de?" + "y" * 40000).status, 414)
    target = "/postback/nutra-de?key=" + KEY
    a = request(serve.port, "POST", target, "x=" + "y" * 65535, FORM)
    equal("a body of 65,537 bytes: 413", (a.status, a.body),
          (413, "The body is larger than 65536 bytes, the limit of this server.\n"))
    a = request(serve.port, "POST", target, b"y" * 900000, FORM)
    equal("a body of 900 KB: 413", a.status, 413)
    equal("nothing of it is kept", folder.rows("SELECT count(*) AS n FROM postbacks")[0]["n"], 0)
    a = request(serve.port, "POST", target, ("subid=full" + GOOD + "&x=").ljust(65536, "y"), FORM)
    equal("a body of 65,536 bytes is taken", (a.status, a.body), (200, "OK"))
    equal("and kept whole", len(folder.rows("SELECT params FROM postbacks")[0]["params"]), 65536)
    equal("200 parameters are taken", serve.get("/postback/nutra-de?key=%s&%s" % (KEY, "&".join(
        "p%d=1" % i for i in range(199)))).status, 200)


@part
def values():
    folder = Folder(offers=("nutra-de",))
    folder.write("offers/timed.yaml", offer_text("timed").replace("extends: keitaro", "extends: generic"))
    serve = Serve(folder)
    verdicts((
        ("twice with two values", "subid=a&subid=b" + GOOD, "quarantined", "Q004", None),
        ("twice with one value", "subid=a1&subid=a1" + GOOD, "queued", None, "W006"),
        ("no parameter at all", "", "quarantined", "Q006", None),
        ("only empty ones", "subid=&status=&payout=", "quarantined", "Q006", None),
        ("an empty payout", "subid=e1&ttclid=T&status=sale&payout=", "queued", None, "W022"),
        ("an unknown word", "subid=e2&status=banana", "quarantined", "Q002", None),
        ("blanks around an id", "subid=+e3+" + GOOD, "queued", None, "W050"),
    ), serve, folder, "parameters")
    macros = ("{subid}", "%7Bsubid%7D", "%257Bsubid%257D", "{{subid}}", "${subid}", "%23{subid}",
              "__CLICKID__", "[subid]", "[[[subid]]]", "[=subid=]", "[REPLACE]", "REPLACE", "OPTIONAL",
              "%23%23subid%23%23", "%23subid%23", "%25subid%25", "%3Csubid%3E", "undefined", "null",
              "NaN", "{clickid}_1", "{click")
    verdicts([(m, "subid=%s&status=sale&payout=1" % m, "quarantined", "Q006", "W020") for m in macros],
             serve, folder, "macro")
    good = [(a, n) for n, a in enumerate(("1.234,56", "R%24+197,00", "12,50", "1+234.56", "+5",
                                          "1%C2%A0234,56", "0"))]
    verdicts([(a, "subid=g%d&ttclid=T&status=lead&quality=raw&payout=%s&currency=usd" % (n, a),
               "queued", None, None) for a, n in good], serve, folder, "an amount that is not used")
    bad = ("1e3", "nan", "inf", "-5", "12345678901234567890", "1000000000001", "0x10", "1,234", "12.5.3",
           "%D9%A1", "five")
    verdicts([(a, "subid=m&ttclid=T&status=sale&payout=%s&currency=usd" % a, "quarantined", "Q003", None)
              for a in bad], serve, folder, "amount")
    for text, sent in (("12,50", 12.5), ("1.234,56", 1234.56), ("R%24+197,00", 197), ("0.01", 0.01)):
        r = run("translate", "offers/nutra-de.yaml", "?subid=1&ttclid=T&status=sale&currency=usd&payout="
                + text, cwd=folder.path)
        equal("amount %s is read as" % text, json.loads(r.out)["data"][0]["properties"]["value"],
              min(sent, 500))
    verdicts([(c, "subid=c&ttclid=T&status=sale&payout=1&currency=" + c, "quarantined", "Q009", None)
              for c in ("XAU", "ZZZ", "BTC", "US", "%E2%82%AC", "123")], serve, folder, "currency")
    now = int(time.time())
    verdicts([(name, "click_id=t%d&ttclid=T&status=sale&payout=1&currency=usd&time=%s" % (n, t)) + rest
              for n, (name, t, rest) in enumerate((
                  ("a minute ahead", now + 60, ("queued", None, None)),
                  ("an hour ahead", now + 3600, ("queued", None, "W024")),
                  ("in the year 5000", "5000-01-01T00:00:00Z", ("queued", None, "W024")),
                  ("eight days old", now - 8 * 86400, ("queued", None, "W025")),
                  ("29 days old", now - 29 * 86400, ("quarantined", "Q005", None)),
                  ("in 1970", "1970-01-01T00:00:01Z", ("quarantined", "Q005", None)),
                  ("zero", 0, ("quarantined", "Q013", None)),
                  ("before 1970", -1, ("quarantined", "Q013", None)),
                  ("no time", "yesterday", ("quarantined", "Q013", None)),
                  ("twenty digits", "99999999999999999999", ("quarantined", "Q013", None)),
                  ("the 31st of February", "2026-02-31T00:00:00Z", ("quarantined", "Q013", None)),
                  ("milliseconds", (now - 60) * 1000, ("queued", None, None))))],
             _Offer(serve, "timed"), folder, "time")


class _Offer:
    """The verdicts of another offer."""

    def __init__(self, serve, offer):
        self.verdict = lambda query: serve.verdict(query, offer)


@part
def bytes_in_queries():
    sandbox = Sandbox()
    folder = Folder(sandbox.endpoint, offers=())
    folder.write("offers/nutra-de.yaml", offer_text("nutra-de").replace("content_type: product",
                                                                      'content_type: "{param.ct|default:product}"'))
    serve = Serve(folder)
    verdicts((
        ("a % without digits", "subid=x%zz" + GOOD, "queued", None, "W005"),
        ("a % at the end", "ttclid=E.C&status=sale&payout=1&currency=usd&subid=%", "queued", None, "W005"),
        ("NUL", "subid=nul%00x" + GOOD.replace("ttclid=", "ttclid=N"), "queued", None, "W008"),
        ("a line end", "subid=lf%0Ax" + GOOD, "queued", None, "W008"),
        ("not UTF-8", "subid=u%ff%fe" + GOOD, "queued", None, "W007"),
        ("NUL as a name", "%00=1&subid=n1" + GOOD, "queued", None, "W008"),
        ("NUL in an amount", "subid=n2&ttclid=T&status=sale&payout=5%00&currency=usd", "queued", None, "W008"),
        ("a property that TikTok knows no such value of", "subid=odd&ct=banana" + GOOD, "queued", None, "W030"),
        ("a status that is not UTF-8", "subid=u2&ttclid=T&status=%fe", "quarantined", "Q002", "W007"),
    ), serve, folder, "bytes")
    target = "/postback/nutra-de?verbose=1&key="
    a = raw(serve.port, ("GET " + target + KEY + "&subid=").encode() + b"\xff\xfe&status=sale HTTP/1.1\r\n"
            b"Host: x\r\nConnection: close\r\n\r\n")
    has("bytes above 127 as they are", a, "HTTP/1.1 200", "W007 subid")
    for name, data in (("NUL in the request line", b"GET /postback/nutra-de?a=\0 HTTP/1.1\r\nHost: x\r\n\r\n"),
                       ("a blank in it", b"GET /postback/nutra-de?a=b c HTTP/1.1\r\nHost: x\r\n\r\n")):
        has("%s: 400" % name, raw(serve.port, data), "HTTP/1.1 400 ")
    verdicts((("a good one after all that", "subid=after" + GOOD, "queued", None, None),), serve, folder, "bytes")
    wait_until("every event to end", lambda: not folder.rows(
        "SELECT 1 FROM ledger WHERE state IN ('waiting', 'sending')"))
    equal("all of them are delivered", folder.rows("SELECT DISTINCT state FROM ledger"), [{"state": "delivered"}])
    equal("none was refused", list(sandbox.stats()["codes"]), ["0"])


@part
def bodies():
    folder = Folder()
    serve = Serve(folder)
    target = "/postback/nutra-de?verbose=1&key=" + KEY
    deep = '{"a":' * 1000 + "1" + "}" * 1000
    rows = (
        ("a list", "[1]", "Q015", 'the JSON body must be an object like {"subid":"..."}'),
        ("a string", '"x"', "Q015", 'the JSON body must be an object like {"subid":"..."}'),
        ("a number", "1", "Q015", 'the JSON body must be an object like {"subid":"..."}'),
        ("1,000 levels", deep, "Q015", "the JSON body is nested more than 16 levels deep"),
        ("1,000 lists", '{"a":' + "[" * 1000 + "]" * 1000 + "}", "Q015",
         "the JSON body is nested more than 16 levels deep"),
        ("cut", '{"subid":"1', "Q015", "the JSON body is not valid at offset 9: a string is not closed"),
        ("something behind", '{"a":1}x', "Q015",
         "the JSON body is not valid at offset 7: something follows the object"),
        ("half a surrogate pair", '{"a":"\\ud800"}', "Q015",
         "the JSON body is not valid at offset 12: the first half of a surrogate pair stands alone"),
        ("NaN", '{"a":NaN}', "Q015", "the JSON body is not valid at offset 5: expected a value: a string in "
         "quotes, a number, true, false, null, { or ["),
        ("a long name", '{"' + "n" * 2000 + '":1}', "Q015",
         "a name in the JSON body is longer than 1000 bytes, with the names around it"),
        ("an exponent", '{"subid":"q","ttclid":"T","payout":1e3,"currency":"usd"}', "Q003",
         'the payout "1e3" is written with an exponent'),
        ("a name twice", '{"subid":"d","subid":"e"}', "Q004",
         'the parameter "subid" came twice with different values, and nobody can say which one counts'),
        ("twice, in URL and body", '{"verbose":"2"}', "Q004",
         'the parameter "verbose" came twice with different values, and nobody can say which one counts'),
        ("empty", "{}", "Q006", "the postback has no click id, no event id and no ttclid, so nothing says "
         "whose conversion this is"))
    for name, body, code, reason in rows:
        a = request(serve.port, "POST", target, body, JSON)
        equal("JSON, %s" % name, (a.status, a.json()["verdict"], a.json()["code"], a.json()["reason"]),
              (200, "quarantined", code, reason))
    kept = folder.rows("SELECT * FROM conversions ORDER BY id")
    equal("all are in the store", [r["code"] for r in kept], [r[2] for r in rows])
    has("an unreadable body is kept for people", urllib.parse.unquote(kept[5]["params"]),
        '[body]={"subid":"1')
    a = request(serve.port, "POST", target, ('{"subid":"big%s","ttclid":"T","x":"%s"}' % ("1", "é" * 30000)).encode(),
                JSON)
    row = folder.rows("SELECT * FROM conversions ORDER BY id DESC LIMIT 1")[0]
    equal("60 KB of letters are kept whole", (a.status, urllib.parse.unquote(row["params"])[-30000:]),
          (200, "é" * 30000))
    a = request(serve.port, "POST", target, b"x=" + b"\xff" * 65534, FORM)
    equal("64 KB of bytes that are not UTF-8", (a.status, a.json()["verdict"]), (200, "quarantined"))
    kept = folder.rows("SELECT params FROM conversions ORDER BY id DESC LIMIT 1")[0]["params"]
    equal("are kept whole", kept.count("%FF"), 65534)
    a = request(serve.port, "POST", target, b"\xff" * 65536, FORM)
    equal("64 KB of them as a name: too much, and said so", (a.status, a.json()["code"], a.json()["reason"]),
          (413, "R003", "the postback needs more memory than a request may have"))
    for i in range(200):  # the arena of a request has room for each, whatever it holds
        size = 65536 - 327 * i
        a = request(serve.port, "POST", target, (b'{"ua":"' + b"\xc3\xa9" * 32768)[:size - 2] + b'"}', JSON)
        if a.status != 200:
            bad("a JSON body of %d bytes" % size, a)
            return
    good("200 JSON bodies of up to 64 KB")


@part
def framing():
    folder = Folder(extra="limits: {request_seconds: 2, parameters: 20, body_bytes: 1000}\n")
    serve = Serve(folder)
    post = ("POST /postback/nutra-de?verbose=1&key=%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" % KEY).encode()
    has("a chunked body", raw(serve.port, post + b"Transfer-Encoding: chunked\r\n\r\n6\r\nsubid=\r\n"
                              b"1b\r\nchunked&status=trash&a=bcde\r\n0\r\n\r\n"),
        "HTTP/1.1 200", '"verdict":"ignored"')
    equal("what it said", folder.rows("SELECT click_id FROM conversions ORDER BY id DESC LIMIT 1"),
          [{"click_id": "chunked"}])
    has("a chunked body past the limit: 413", raw(serve.port, post + b"Transfer-Encoding: chunked\r\n\r\n"
        + b"100\r\n" + b"y" * 256 + b"\r\n100\r\n" + b"y" * 256 + b"\r\n200\r\n" + b"y" * 512 + b"\r\n0\r\n\r\n"),
        "HTTP/1.1 413")
    for name, head, status in (
            ("Content-Length beside Transfer-Encoding", b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", 400),
            ("Transfer-Encoding beside Content-Length", b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", 400),
            ("two lengths", b"Content-Length: 5\r\nContent-Length: 6\r\n", 400),
            ("a length that is none", b"Content-Length: five\r\n", 400),
            ("a negative length", b"Content-Length: -5\r\n", 400),
            ("a blank before the colon", b"Content-Length : 5\r\n", 400),
            ("a folded line", b"X-A: b\r\n c\r\n", 400),
            ("an unknown coding", b"Transfer-Encoding: gzip\r\n", 501),
            ("a header of 40 KB", b"X-A: " + b"b" * 40000 + b"\r\n", 431),
            ("3,000 header lines", b"A: b\r\n" * 3000, 431)):
        has("%s: %d" % (name, status), raw(serve.port, post + head + b"\r\n0\r\n\r\n"), "HTTP/1.1 %d " % status)
    before = folder.rows("SELECT count(*) AS n FROM postbacks")[0]["n"]
    equal("none of them is kept", before, 1)
    for name, data in (("garbage", b"\x16\x03\x01\x02\x00\x01\xfc\x03\x03" * 40 + b"\r\n\r\n"), ("nothing", b""),
                       ("an unfinished line", b"GET /postback")):
        raw(serve.port, data, seconds=0.2)
        equal("after %s it still answers" % name, serve.fire("subid=f&status=trash").status, 200)

    start = time.monotonic()
    with socket.create_connection(("127.0.0.1", serve.port), timeout=20) as s:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            for i in range(200):
                s.sendall(b"GET /postback/nutra-de?key= HTTP/1.1\r\nX-Slow: "[i % 48:i % 48 + 1])
                time.sleep(0.05)
                if i > 20 and not _open(s):
                    break
    took = time.monotonic() - start
    true("a client that drips bytes is cut after request_seconds", 1.5 < took < 5, "%.1f s" % took)
    start = time.monotonic()
    raw(serve.port, post + b"Content-Length: 100\r\n\r\nsubid=")
    took = time.monotonic() - start
    true("a body that does not end is cut as well", 1.5 < took < 5, "%.1f s" % took)

    one = "GET /postback/nutra-de?key=%s&subid=pipe%%d&status=trash&verbose=%%d HTTP/1.1\r\nHost: x\r\n%%s\r\n" % KEY
    data = "".join(one % (i, i % 2, "Connection: close\r\n" if i == 19 else "") for i in range(20))
    answers = raw(serve.port, data.encode())
    equal("20 requests in one packet get 20 answers", answers.count("HTTP/1.1 200 OK"), 20)
    equal("in their order", re.findall(r'\r\n\r\n(OK|\{"verdict":"ignored")', answers),
          ["OK", '{"verdict":"ignored"'] * 10)
    equal("and are kept in that order", [r["click_id"] for r in folder.rows(
        "SELECT click_id FROM conversions WHERE click_id LIKE 'pipe%' ORDER BY id")],
        ["pipe%d" % i for i in range(20)])
    with socket.create_connection(("127.0.0.1", serve.port), timeout=20) as s:
        s.sendall((one % (77, 1, "")).encode())
    wait_until("a postback of a client that left at once", lambda: folder.rows(
        "SELECT 1 FROM conversions WHERE click_id = 'pipe77'"))
    good("a postback of a client that left at once is kept")


def _open(s):
    s.setblocking(False)
    try:
        return s.recv(4096) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        s.setblocking(True)


@part
def many_connections():
    sandbox = Sandbox()
    folder = Folder(sandbox.endpoint)

    def few_files():
        resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100))

    serve = Serve(folder, preexec=few_files)
    has("few open files: said", serve.err(), "this process may open 100 files", "connections=50")
    idle = []
    try:
        for _ in range(200):
            idle.append(socket.create_connection(("127.0.0.1", serve.port), timeout=5))
        time.sleep(0.2)
        equal("200 idle connections: the admin listener answers", serve.ready()[0], 200)
        idle[0].sendall(("GET /postback/nutra-de?key=%s&subid=idle%s HTTP/1.1\r\nHost: x\r\n\r\n"
                         % (KEY, GOOD)).encode())
        has("200 idle connections: one of them gets its answer", idle[0].recv(100).decode(), "HTTP/1.1 200")
        wait_until("the delivery", lambda: sandbox.stats()["unique"] == 1)
        good("200 idle connections: its event is delivered")
        folder.write("offers/more.yaml", offer_text("more"))
        serve.reload()
        good("200 idle connections: files can be read again")
    finally:
        for s in idle:
            s.close()
    wait_until("an answer after they are gone", lambda: _try(serve))
    good("it answers once they are gone")
    equal("exit 0", serve.stop(), 0)


def _try(serve):
    try:
        return serve.fire("subid=many&status=trash").status == 200
    except OSError:
        return False


@part
def nothing_in_the_clear():
    folder = Folder()
    own = "the-own-key-of-another-offer"
    folder.write("keys/own", own + "\n", 0o600)
    folder.write("offers/own.yaml", offer_text("own", more="key: {file: ../keys/own}\n"))
    serve = Serve(folder)
    mail, phone, phone2 = "Jane.Roe@example.com", "0170 1234567", "+4917012345678"
    secrets = [KEY, TOKEN, own, mail, mail.lower(), urllib.parse.quote(mail), phone, phone2, "49170123456",
               "1701234567", "Roevsky"]
    quoted = urllib.parse.quote
    serve.fire("subid=s1&ttclid=T&status=sale&payout=1&currency=usd&email=%s&phone=%s&last_name=Roevsky"
               % (quoted(mail), quoted(phone)))
    serve.fire("subid=s2&ttclid=T&status=banana&email=%s&phone=%s" % (quoted(mail), quoted(phone2)))
    serve.fire("subid=s3&ttclid=T&status=sale&payout=%s&sub1=%s&sub2=%s" % (quoted(mail), quoted(mail),
                                                                        quoted(phone2)))
    serve.fire("subid=s4&ttclid=T&status=%s&currency=%s" % (quoted(mail), quoted(phone2)))
    serve.fire("subid=s5&ttclid=T&status=sale&payout=1&currency=%s" % quoted(mail))
    serve.fire("subid=s6&ttclid=T&status=sale&payout=1&currency=usd&time=%s" % quoted(mail))
    serve.fire("subid=s7&subid=%s" % quoted(mail))
    serve.fire("subid=s8&key=%s&ttclid=T" % own)
    serve.fire("%s=1&subid=s9" % quoted(mail))
    serve.fire("subid=%s&ttclid=T&status=sale&payout=1&currency=usd&tid=%s" % (quoted(mail), quoted(mail)))
    serve.fire("subid=s12&ttclid=T&status=%s" % quoted("x" * 45 + mail))
    serve.get("/postback/own?key=%s&subid=s10&status=trash" % own)
    serve.get("/postback/own?key=%s&subid=s11&status=trash" % KEY)
    serve.get("/postback/nutra-de?key=%s&email=%s" % (own, quoted(mail)))
    target = "/postback/nutra-de?key=" + KEY
    for body in ('{"email":"%s","phone":"%s","subid":"j1","status":"sale"}' % (mail, phone2),
                 '{"user":{"email":"%s","phone":"%s"},"subid":"j2"}' % (mail, phone),
                 '{"key":"%s","email":"%s","x":' % (KEY, mail), '{"key":"%s","x":' % KEY,
                 '{"phone":"%s","x":' % phone2, '[{"email":"%s"}]' % mail, "%s %s" % (mail, phone2)):
        a = request(serve.port, "POST", target, body, JSON)
        equal("body %s...: taken" % body[:12], a.status, 200)
    other = "John.Doe@example.net"
    secrets += [other, other.lower(), quoted(other)]
    click = "ttclid=T77&event_id=%s&consent=%s&subid=%s" % (quoted(other), quoted(other), quoted(other))
    equal("a click whose id is an e-mail address", serve.get("/click/nutra-de?key=%s&%s" % (KEY, click)).status, 204)
    status, v = serve.verdict("status=sale&payout=1&currency=usd&subid=" + quoted(other))
    equal("is found by it", (status, v["verdict"], [w[:5] for w in v["warnings"] if "ttclid" in w]),
          (200, "queued", []))
    for query in ("subid=k1&ttclid=T&email=%s&phone=%s" % (quoted(mail), quoted(phone2)),
                  "subid=k2&ttclid=T&page_url=%s" % quoted("https://lander.example/?email=" + mail),
                  "subid=k3&ttclid=T&referrer=%s" % quoted("https://x.example/?e=" + quoted(mail))):
        a = request(serve.port, "GET", "/click/nutra-de?key=%s&%s" % (KEY, query))
        equal("click %s: taken" % query[:8], a.status, 204)
    request(serve.port, "POST", "/click/nutra-de", "subid=k4&ttclid=T", {
        "Origin": "https://lander.example", "Referer": "https://lander.example/thanks?email=" + quoted(mail)})
    serve.signal(signal.SIGHUP)
    wait_until("the reload", lambda: "reloaded" in serve.err())
    for where, data in (("the store, its log included", folder.stored_bytes()),
                        ("the log of serve", (serve.err() + serve.out()).encode()),
                        ("/readyz", request(serve.admin, "GET", "/readyz").body.encode())):
        found = [s for s in secrets if s.encode() in data]
        equal("nothing personal and no secret in " + where, found, [])
    equal("the store has them all", folder.rows("SELECT count(*) AS n FROM conversions")[0]["n"], 20)
    hashed = __import__("hashlib").sha256(mail.lower().encode()).hexdigest().encode()
    true("the e-mail is there as its hash", hashed in folder.stored_bytes())
    equal("serve: exit 0", serve.stop(), 0)
    found = [s for s in secrets if s.encode() in folder.stored_bytes()]
    equal("nor after it has ended", found, [])
    modes = [oct(os.stat(folder.at("data/" + n)).st_mode & 0o077) for n in os.listdir(folder.at("data"))]
    equal("the store's files are for their owner alone", set(modes) - {"0o0"}, set())


main()
