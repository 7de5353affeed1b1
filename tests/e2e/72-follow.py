"""follow: real chains on loopback, whose servers misbehave."""
import base64
import gzip
import http.server
import pty

from harness import *

HELD = threading.Event()  # set when the test ends: what hangs lets go


class Site(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Page)
        self.port = self.server_address[1]
        self.seen = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address):
        pass  # clients leave early here

    def url(self, target, host="127.0.0.1"):
        return "http://%s:%d%s" % (host, self.port, target)


class Page(http.server.BaseHTTPRequestHandler):
    def log_message(self, *arguments):
        pass

    def answer(self, status=200, body=b"<p>the lander", **headers):
        body = body if isinstance(body, bytes) else body.encode()
        self.send_response(status)
        for name, value in {"Content_Type": "text/html", **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def go(self, to, status=302):
        self.answer(status, b"moved", Location=to)

    def raw(self, data):
        self.wfile.write(data if isinstance(data, bytes) else data.encode("latin-1"))
        self.wfile.flush()

    def do_GET(self):
        self.server.seen.append((self.path, dict(self.headers)))
        path, _, query = self.path.partition("?")
        name = path.strip("/").split("/")[0]
        self.close_connection = True
        values = urllib.parse.parse_qs(query)
        routes[name](self, query, values.get("ttclid", [""])[0], values)


def html(text):
    return lambda p, q, t, v: p.answer(body=text.replace("QUERY", q).replace("AMP", q.replace("&", "&amp;")))


def to(target, status=302):
    """QUERY, @@: the query and the ttclid that came."""
    return lambda p, q, t, v: p.go(target.replace("QUERY", q).replace("@@", t), status)


def sends(data, hold=0):
    def run(p, q, t, v):
        p.raw(data(q) if callable(data) else data)
        HELD.wait(hold)
    return run


def drip(p, q, t, v):
    p.raw("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 9999\r\n\r\n")
    while not HELD.wait(0.1):
        p.raw("x")


def drip_head(p, q, t, v):
    p.raw("HTTP/1.1 200 OK\r\nX: ")
    while not HELD.wait(0.1):
        p.raw("x")


def cookie_wall(p, q, t, v):
    if "seen=1" in p.headers.get("Cookie", ""):
        return p.go("/lander?" + q)
    p.answer(302, Set_Cookie="seen=1; Path=/", Location="/cookie?" + q)


def squeezed(body):
    return lambda p, q, t, v: p.answer(body=gzip.compress(body.replace(b"QUERY", q.encode())), Content_Encoding="gzip")


BOMB = gzip.compress(b"\0" * (100 << 20), 1)
WORDS = "<p>" + "a page with enough to read on it. " * 30
routes = {
    "lander": html("<h1>hello"),
    "keep": to("/lander?QUERY"),
    "two": to("/keep?QUERY"),
    "three": to("/two?QUERY"),
    "four": to("/three?QUERY"),
    "rel": to("lander?QUERY"),
    "dots": to("../a/./../lander/x?QUERY"),
    "host": lambda p, q, t, v: p.go("//localhost:%d/lander?%s" % (p.server.port, q)),
    "meta": html("<meta http-equiv=refresh content=\"0;url='/lander?AMP'\">"),
    "meta2": html("<META HTTP-EQUIV='Refresh' CONTENT='1; URL=/meta?AMP'>"),
    "metaslow": html("<meta http-equiv=refresh content='300;url=/lander'>" + WORDS),
    "noquotes": html("<meta http-equiv=refresh content=0;url=/lander?QUERY>"),
    "refresh": lambda p, q, t, v: p.answer(Refresh="0; url=/lander?" + q),
    "js1": html("<script>window.location.href = \"/lander?QUERY\";</script>"),
    "js2": html("<script>setTimeout(function () { top.location.replace('/lander?QUERY') }, 10)</script>"),
    "js3": html("<body onload=\"location='/lander?AMP'\">"),
    "js4": html("<script>location.assign('\\/lander\\x3fQUERY')</script>"),
    "computed": html("<script>location = '/lander?' + Math.random()</script>"),
    "lander-js": html("<script>location = '/lander?' + Math.random()</script>" + WORDS),
    "onclick": html("<script>function go() { location = '/elsewhere' }</script>" + WORDS),
    "form": html("<form action=/go><input name=a></form>"),
    "loop": to("/loop?QUERY"),
    "ping": to("/pong?QUERY"),
    "pong": to("/ping?QUERY"),
    "endless": lambda p, q, t, v: p.go("/endless/%d?%s" % (len(p.server.seen), q)),
    "silent": sends("", 30),
    "then-silent": to("/silent?QUERY"),
    "drip": drip,
    "drip-head": drip_head,
    "stalled-body": sends(lambda q: "HTTP/1.1 302 Found\r\nLocation: /lander?%s\r\nContent-Length: 10\r\n\r\n" % q, 30),
    "big": lambda p, q, t, v: p.answer(body=b"<p class='x'>text &amp; more</p><!-- - -->" * (5 * 1024 * 1024 // 41)),
    "gzip": squeezed(b"<meta http-equiv=refresh content='0;url=/lander?QUERY'>"),
    "bomb": lambda p, q, t, v: p.answer(body=BOMB, Content_Encoding="gzip"),
    "badzip": lambda p, q, t, v: p.answer(body=b"no gzip", Content_Encoding="gzip"),
    "closed-port": to("http://127.0.0.1:1/?QUERY"),
    "bad-port": to("http://127.0.0.1:99999/?QUERY"),
    "no-host": to("http:///x?QUERY"),
    "user": to("http://user:secret@127.0.0.1/?QUERY"),
    "backslash": to("http:\\\\127.0.0.1/?QUERY"),
    "control": sends(lambda q: "HTTP/1.1 302 Found\r\nLocation: /x\x1b[31m\x01?%s\r\n\r\n" % q),
    "20k": to("/lander?QUERY&x=" + "y" * 20000),
    "40k": to("/lander?QUERY&x=" + "y" * 40000),
    "javascript": to("javascript:alert(1)"),
    "data": to("data:text/html,<h1>x"),
    "app": to("snssdk1233://open?QUERY"),
    "intent": html("<script>location='intent://x?QUERY#Intent;end'</script>"),
    "cookie": cookie_wall,
    "cookie-loop": lambda p, q, t, v: p.answer(302, Set_Cookie="a=1", Location="/cookie-loop?" + q),
    "slash": lambda p, q, t, v: p.go("/slash/", 301) if p.path.split("?")[0] == "/slash" else p.answer(),
    "strip": to("/lander"),
    "own": to("/lander?subid=abc123"),
    "whitelist": lambda p, q, t, v: p.go("/lander?utm_source=" + v.get("utm_source", [""])[0]),
    "cut": lambda p, q, t, v: p.go("/lander?ttclid=" + t[:255]),
    "lower": lambda p, q, t, v: p.go("/lander?ttclid=" + t.lower()),
    "double": lambda p, q, t, v: p.go("/lander?ttclid=" + t.replace(".", "%252E")),
    "glue": to("/lander?ttclid=@@?a=1"),
    "amp": to("/lander?a=1&amp;ttclid=@@"),
    "hash": to("/lander#QUERY"),
    "base64": lambda p, q, t, v: p.go("/lander?t=" + base64.b64encode(t.encode()).decode()),
    "inside": to("/lander?u=https%3A%2F%2Fx%2F%3Fttclid%3D@@"),
    "upper-key": to("/lander?TTCLID=@@"),
    "rename": to("/lander?sub1=@@"),
    "macro": to("/lander?QUERY&sub=%7Bclickid%7D"),
    "twice": to("/lander?ttclid=other&QUERY"),
    "gone": lambda p, q, t, v: p.answer(404, "gone"),
    "error": lambda p, q, t, v: p.answer(503, "busy"),
    "no-http": sends("hello\r\n"),
    "hang-up": lambda p, q, t, v: None,
    "headers": sends("HTTP/1.1 200 OK\r\n" + "X: %s\r\n" % ("y" * 1000) * 200 + "\r\n"),
    "two-locations": sends(lambda q: "HTTP/1.1 302 Found\r\nLocation: /lander?%s\r\nLocation: /strip\r\n\r\n" % q),
    "trailer": sends("HTTP/1.1 302 Found\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nmoved\r\n0\r\n"
                     "Location: /strip\r\n\r\n"),
    "timers": html("<script>" + 'setTimeout(""' * 79500 + ";location='/lander?QUERY'</script>"),
    "32k": to("/lander?" + "y" * 32700),
    "text": lambda p, q, t, v: p.answer(body="<meta http-equiv=refresh content='0;url=/strip'>", Content_Type="text/plain"),
}


def follow(site, target, *more, private=True, seconds=60):
    r = run("follow", site.url(target) if target.startswith("/") else target, "--json",
            *(["--allow-private"] if private else []), *more, seconds=seconds)
    r.json = json.loads(r.out) if r.out else {}
    return r


def codes(r):
    return [h["code"] for h in r.json["hops"] if h["code"]]


def warned(r):
    return [w.split()[0] for w in r.json["warnings"]]


def kinds(r):
    return " ".join(h["kind"] for h in r.json["hops"])


def walk(site, target, exit, hops, harm="", warnings="", states=None, more=()):
    """One chain: exit code, kinds of its hops, codes of what is wrong, codes of the warnings."""
    r = follow(site, target, *more)
    got = (r.code, kinds(r), " ".join(codes(r)), " ".join(warned(r)))
    equal("follow %s" % target, got, (exit, hops, harm, warnings))
    if states:
        equal("follow %s: states" % target, " ".join(h["ttclid"] for h in r.json["hops"]), states)
    equal("follow %s: the verdict" % target, r.json["verdict"], "broken" if exit else "kept")
    return r


@part
def chains_that_keep_it():
    site = Site()
    for name in ("keep", "rel", "dots", "host", "two-locations", "stalled-body"):
        walk(site, "/" + name, 0, "redirect end")
    walk(site, "/cookie", 0, "redirect redirect end", warnings="H040")
    for status in (301, 302, 303, 307, 308):
        routes["status"] = to("/lander?QUERY", status)
        walk(site, "/status?utm_source=x&b=%20", 0, "redirect end", states="kept kept")
    for name in ("meta", "noquotes", "gzip"):
        walk(site, "/" + name + "?a=1", 0, "meta end")
    walk(site, "/meta2?a=1&b=2", 0, "meta meta end", warnings="H040")
    walk(site, "/refresh", 0, "refresh end")
    for name in ("js1", "js2", "js3", "js4"):
        walk(site, "/" + name + "?a=1&b=2", 0, "script end")
    r = walk(site, "/four", 0, "redirect redirect redirect redirect end", warnings="H040")
    has("follow /four: counts as simulate does", r.json["warnings"][0], "5 hops from the ad to the last page: two are")
    walk(site, "/trailer", 0, "end")
    walk(site, "/timers", 0, "script end")
    for name in ("lander", "onclick", "text"):
        walk(site, "/" + name, 0, "end")
    walk(site, "/form", 0, "end", warnings="H083")
    walk(site, "/metaslow", 0, "end", warnings="H085")
    walk(site, "/lander-js", 0, "end", warnings="H081")
    walk(site, "/upper-key", 0, "redirect end", warnings="H071 H074")
    walk(site, "/rename", 0, "redirect end", warnings="H074")
    walk(site, "/amp", 0, "redirect end", warnings="H074")
    walk(site, "/macro", 0, "redirect end", warnings="H073")
    walk(site, "/twice", 0, "redirect end", warnings="H072")
    walk(site, "/20k", 0, "redirect end", warnings="H044")


@part
def chains_that_drop_it():
    site = Site()
    for name, code, state in (("strip", "H060", "lost"), ("whitelist", "H062", "lost"), ("own", "H063", "lost"),
                              ("lower", "H064", "changed"), ("double", "H065", "changed"),
                              ("hash", "H066", "lost"), ("base64", "H067", "changed"),
                              ("glue", "H068", "changed"), ("inside", "H069", "changed"),
                              ("cut", "H070", "truncated")):
        r = walk(site, "/%s?utm_source=x" % name, 1, "redirect end", code)
        equal("follow %s: its state" % name, r.json["hops"][0]["ttclid"], state)
        equal("follow %s: at hop 1" % name, (r.json["code"], r.json["broken_at"]), (code, 1))
    r = walk(site, "/slash", 1, "redirect end", "H061", states="lost absent")
    has("follow /slash: says the address", r.json["reason"], "/slash/?...")
    r = follow(site, "/whitelist?utm_source=x&b=2")
    equal("follow: lost, changed, added", [r.json["hops"][0][k] for k in ("lost", "changed", "added")],
          [["b", "ttclid"], [], []])
    r = follow(site, "/own?subid=7")
    equal("follow: changed", r.json["hops"][0]["changed"], ["subid"])


@part
def chains_that_never_end():
    site = Site()
    walk(site, "/loop", 1, "redirect", "H042")
    walk(site, "/ping", 1, "redirect redirect", "H042")
    walk(site, "/cookie-loop", 1, "redirect redirect", "H042")
    walk(site, "/endless", 1, " ".join(["redirect"] * 20), "H043", "H040")
    walk(site, "/two", 1, "redirect", "H043", more=("--max-hops", "1"))


@part
def servers_that_misbehave():
    site = Site()
    start = time.monotonic()
    walk(site, "/silent", 5, "end", "H076", more=("--timeout", "1"))
    walk(site, "/drip-head", 5, "end", "H076", more=("--timeout", "1"))
    walk(site, "/then-silent", 1, "redirect end", "H076", more=("--timeout", "1"))
    walk(site, "/drip", 0, "end", warnings="H076", more=("--timeout", "1"))
    true("follow: timeouts hold", time.monotonic() - start < 8)
    start = time.monotonic()
    walk(site, "/big", 0, "end", warnings="H082")
    walk(site, "/bomb", 0, "end", warnings="H082")
    true("follow: large pages are quick", time.monotonic() - start < 6, time.monotonic() - start)
    walk(site, "/badzip", 0, "end", warnings="H082")
    walk(site, "/no-http", 5, "end", "H079")
    walk(site, "/hang-up", 5, "end", "H079")
    r = walk(site, "/headers", 5, "end", "H079")
    has("follow /headers: says so", r.json["reason"], "128 KB")
    walk(site, "/gone", 1, "end", "H084")
    walk(site, "/error", 1, "end", "H084")
    walk(site, "/computed", 1, "end", "H081")
    walk(site, "http://%s.example/" % ("a" * 70), 5, "end", "H079")  # no label is that long: no DNS is asked
    walk(site, "https://127.0.0.1:%d/" % site.port, 5, "end", "H078")


@part
def targets_that_no_browser_opens():
    site = Site()
    walk(site, "/closed-port", 1, "redirect end", "H079")
    for name in ("bad-port", "no-host", "user", "40k"):
        walk(site, "/" + name, 1, "redirect", "H077")
    walk(site, "/backslash", 1, "redirect end", "H077")
    r = walk(site, "/32k#" + "f" * 200, 1, "redirect", "H077", "H044")
    has("follow /32k: says why", r.json["reason"], "sends on to an address that is longer than 32 KB")
    r = walk(site, "/control", 1, "redirect end", "H077")
    hasnt("follow /control: JSON is plain", r.out, "\x1b", "\x01")
    r = run("follow", site.url("/control"), "--allow-private")
    hasnt("follow /control: nothing reaches the terminal", r.out + r.err, "\x1b", "\x01")
    for name in ("javascript", "data", "app"):
        walk(site, "/" + name, 1, "redirect", "H080")
    walk(site, "/intent", 1, "script", "H080")


@part
def private_addresses():
    site = Site()
    for host in ("127.0.0.1", "localhost", "0x7f.1", "2130706433", "127.1", "0"):
        r = follow(site, site.url("/keep", host), private=False)
        equal("guard: %s" % host, (r.code, codes(r)), (5, ["H075"]))
    r = follow(site, "http://[::ffff:127.0.0.1]:%d/" % site.port, private=False)
    equal("guard: IPv4 in IPv6", (r.code, codes(r)), (5, ["H075"]))
    has("guard: a plain sentence", r.json["reason"], "is a loopback address", "--allow-private")
    equal("guard: nothing was asked", site.seen, [])


@part
def what_a_server_sees():
    site = Site()
    follow(site, "/meta2?x=__CAMPAIGN_ID__&y=__CID_NAME__&sub=__CLICKID__&n=%20")
    first, second = site.seen[0], site.seen[1]
    query = urllib.parse.parse_qs(first[0].partition("?")[2])
    equal("follow: a macro filled, no ttclid appended", sorted(query), ["n", "sub", "x", "y"])
    true("follow: a long ttclid", re.fullmatch(r"E\.C\.P\.[A-Za-z0-9_-]{300}", query["sub"][0]), query["sub"])
    true("follow: a campaign's id", query["x"][0].isdigit(), query["x"])
    has("follow: as a phone", first[1]["User-Agent"], "iPhone", "Safari")
    has("follow: asks for HTML", first[1]["Accept"], "text/html")
    equal("follow: comes from TikTok", first[1]["Referer"], "https://www.tiktok.com/")
    equal("follow: a page is the referrer of where it sends", second[1]["Referer"], site.url(first[0]))
    site.seen.clear()
    follow(site, "/keep?a=1#frag")
    equal("follow: a redirect keeps the referrer", site.seen[1][1]["Referer"], "https://www.tiktok.com/")
    true("follow: ttclid appended", site.seen[0][0].startswith("/keep?a=1&ttclid=E.C.P."), site.seen[0][0])
    hasnt("follow: no fragment sent", site.seen[0][0] + site.seen[1][0], "frag")
    site.seen.clear()
    r = follow(site, "/keep?ttclid=E.C.P.mine-1234567")
    equal("follow: the link's own ttclid", (site.seen[0][0], r.json["ttclid"]),
          ("/keep?ttclid=E.C.P.mine-1234567", "E.C.P.mine-1234567"))
    r = follow(site, "/keep", "--ttclid", "a b+c/%41")
    equal("follow: --ttclid", (r.code, r.json["ttclid"], site.seen[-1][0]),
          (0, "a b+c/%41", "/lander?ttclid=a%20b%2Bc%2F%2541"))
    one, two, other = (follow(site, "/lander", *more).json["ttclid"] for more in ((), (), ("--seed", "2")))
    equal("follow: the same ttclid each time", (one == two, one == other), (True, False))
    r = follow(site, "/lander?x=__NO_SUCH_THING__")
    equal("follow: a macro that TikTok does not have", sorted(warned(r)), ["H045", "H073"])
    site.seen.clear()
    follow(site, "/cookie")
    equal("follow: cookies as a browser", [s[1].get("Cookie") for s in site.seen], [None, "seen=1", "seen=1"])
    run("follow", site.url("/lander"), "--allow-private", "--user-agent", "me/1")
    equal("follow: --user-agent", site.seen[-1][1]["User-Agent"], "me/1")


@part
def as_curl_goes():
    site = Site()
    for target in ("/keep?a=1", "/rel", "/dots", "/host", "/four", "/strip", "/own", "/twice", "/glue", "/amp",
                   "/cookie", "/20k", "/hash", "/macro"):
        r = follow(site, target + ("&" if "?" in target else "?") + "ttclid=E.C.P.mine-1234567")
        p = subprocess.run(["curl", "-sL", "-c", os.devnull, "--noproxy", "*", "-o", os.devnull, "-w",
                            "%{url_effective} %{num_redirects}", r.json["hops"][0]["url"]],
                           stdout=subprocess.PIPE, text=True, timeout=30)
        url, count = p.stdout.rsplit(" ", 1)
        last = r.json["hops"][-1]["url"]
        equal("as curl: %s" % target, (last.partition("#")[0], len(r.json["hops"]) - 1),
              (url.partition("#")[0], int(count)))


@part
def on_a_terminal():
    site = Site()
    plain = run("follow", site.url("/lower"), "--allow-private")
    hasnt("table: no colour into a pipe", plain.out, "\x1b")
    has("table: what it says", plain.out, "changed", "H064", "broken[H064] at hop 1", "E.C.P.", "...(306)")
    true("table: URLs are short", max(len(line) for line in plain.out.split("\n")) < 200)

    def in_terminal(env):
        pid, fd = pty.fork()
        if pid == 0:
            os.environ.update(env)
            os.execv(BINARY, [BINARY, "follow", site.url("/lower"), "--allow-private"])
        out = b""
        with contextlib.suppress(OSError):
            while True:
                data = os.read(fd, 65536)
                if not data:
                    break
                out += data
        os.close(fd)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), out.decode()

    code, out = in_terminal({"NO_COLOR": ""})
    has("terminal: colour", out, "\x1b[31m")
    equal("terminal: exit", code, 1)
    hasnt("terminal: NO_COLOR", in_terminal({"NO_COLOR": "1"})[1], "\x1b")


@part
def misuse():
    for name, words in (("no URL", []), ("no scheme", ["trk.example/x"]), ("ftp", ["ftp://h/"]),
                        ("javascript", ["javascript:alert(1)"]), ("no host", ["http:///"]),
                        ("user", ["http://u:p@h/"]), ("port", ["http://h:65536/"]),
                        ("too long", ["http://h/" + "x" * 33000]), ("blank in host", ["http://a b/"]),
                        ("hops", ["http://h/", "--max-hops", "21"]), ("no hops", ["http://h/", "--max-hops", "0"]),
                        ("timeout", ["http://h/", "--timeout", "0"]), ("option", ["http://h/", "--jsn"]),
                        ("ttclid", ["http://h/", "--ttclid", "x" * 1001])):
        r = run("follow", *words)
        equal("misuse: %s" % name, (r.code, r.out), (2, ""))
    has("misuse: says which", run("follow", "trk.example/x").err, "https://")
    r = run("follow", "--help")
    equal("help: exit 0", r.code, 0)
    has("help: examples", r.out, "clickbaton follow 'https://", "--allow-private")


try:
    main()
finally:
    HELD.set()
