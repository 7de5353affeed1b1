"""Every link and URL in README.md and docs/: pages and headings are there, what is ours answers as the pages say, what is not ours is
an address that one may write down (its form, and hosts that belong to nobody but for those in OUTSIDE).  Nothing leaves this machine."""
import docs_pages as docs
from harness import *

TRACKERS = ("bemob", "binom", "generic", "keitaro", "redtrack", "voluum")
# Hosts that are somebody's, and why a page names them.
OUTSIDE = {"www.ecb.europa.eu": "exchange rates", "github.com": "Standard Webhooks", "business-api.tiktok.com": "the Events API"}
# Hosts that stand for yours or for nobody's.
NOBODY = re.compile(r"([\w-]+\.)*(example|example\.com)(:\d+)?$|YOUR-(HOST|TRACKER)$|127\.0\.0\.1(:\d+)?$|host$|x$|\{host\}$")
# Fragments that are no whole URL: what a sentence or a deliberately broken example says.
PIECES = {"https://", "http://", "https://...", "http://[nutra/?ttclid={ttclid}"}


def page_offer(tracker):
    text = docs.text_of("docs/trackers/%s.md" % tracker)
    block = re.search(r"^    version: 1\n    offer:.*\n(?:(?:    .*)?\n)*", text, re.M).group(0)
    return re.sub(r"^    ", "", block, flags=re.M)


@part
def links():
    heads = {page: docs.anchors(docs.text_of(page)) for page in docs.names()}
    seen = 0
    for page in docs.names():
        for n, target in docs.links(page):
            path, _, heading = target.partition("#")
            if re.match(r"https?://", target):
                continue
            seen += 1
            there = os.path.normpath(os.path.join(os.path.dirname(page), path)) if path else page
            if not os.path.exists(os.path.join(ROOT, there)):
                bad("%s:%d: a link" % (page, n), "there is no " + there)
            elif heading and heading not in heads.get(there, ()):
                bad("%s:%d: a link" % (page, n), "%s has no heading #%s" % (there, heading))
    true("links were looked at", seen > 150, seen)


@part
def outside():
    hosts = set()
    for page in docs.names():
        for n, url in docs.urls(page):
            if url.rstrip(",") in PIECES:
                continue
            host = re.split(r"[/?#]", url.split("://", 1)[1])[0]
            hosts.add(host)
            if host not in OUTSIDE and not NOBODY.match(host):
                bad("%s:%d: %s" % (page, n, url), "a host that may be somebody's: take one below .example, or name it in OUTSIDE")
    equal("OUTSIDE: no page has these any more", sorted(set(OUTSIDE) - hosts), [])
    true("hosts were looked at", len(hosts) > 10, hosts)


@part
def ours():
    """Each public URL that a page shows, with the server's host and key in it, by a tracker's page with that page's own mapping."""
    sandbox = Sandbox()
    f = Folder(sandbox.endpoint)
    for tracker in TRACKERS:
        f.write("offers/%s-page.yaml" % tracker, re.sub(r"^offer: .*", "offer: %s-page" % tracker, page_offer(tracker), flags=re.M))
    serve, asked = Serve(f), {"postback": 0, "click": 0, "lander.js": 0}
    for page in docs.names():
        text = docs.text_of(page)
        for found in re.finditer(r"https://(?:YOUR-HOST|pb\.example)(/([\w.]+)[^\n`\"']*)", text):
            target, kind = found.group(1), found.group(2)
            if not true("%s: %s: there is such an endpoint" % (page, short(found.group(0), 60)), kind in asked):
                continue
            tracker = os.path.basename(page)[:-3] if "/trackers/" in page else None
            if "sig=..." in target:  # held by tests/e2e/82-intake-security.py
                continue
            target = re.sub(r"key=(YOUR-KEY|\.\.\.)", "key=" + KEY, target)
            if tracker:
                target = target.replace("/nutra-de?", "/%s-page?" % tracker)
            target = urllib.parse.quote(re.sub(r"\{[^}]*\}", "x", target), safe="/?&=,.:;%$!")
            status = serve.get(target).status
            asked[kind] += 1
            equal("%s: %s" % (page, short(found.group(0), 100)), status, 204 if kind == "click" else 200)
    true("postbacks, clicks and the script were asked for", asked["postback"] > 15 and asked["click"] > 5 and asked["lander.js"] > 3, asked)
    serve.stop()


# What pages say of the admin listener's paths, with and without a session.
ADMIN = {"/livez": 200, "/readyz": 200, "/refused": 200, "/metrics": 200, "/": 200}


@part
def admin():
    sandbox = Sandbox()
    f = Folder(sandbox.endpoint)
    serve = Serve(f)
    for query in ("subid=k1&status=sale&payout=1&currency=usd", "subid=k2&status=no-such-word"):
        serve.fire(query)
    # The table of endpoints in docs/configuration.md and every `/path` in the pages.
    table = re.findall(r"^\| admin: `(/\w*)`", docs.text_of("docs/configuration.md"), re.M)
    equal("docs/configuration.md lists the admin listener's paths", sorted(table), sorted(ADMIN))
    for path, status in ADMIN.items():
        equal("admin %s" % path, request(serve.admin, "GET", path).status, status)
    for page in docs.names():
        for n, code in docs.codes(docs.text_of(page)):
            found = re.fullmatch(r"(?:GET )?(?:http://127\.0\.0\.1:9090)?(/(?:livez|readyz|refused|metrics)\S*)", code)
            if found:
                equal("%s:%d: %s" % (page, n, code), request(serve.admin, "GET", found.group(1)).status, 200)
    # The table of docs/inspector.md, logged out and logged in.
    rows = re.findall(r"^\| `(GET|POST) (/api/\S+?)`", docs.text_of("docs/inspector.md"), re.M)
    true("docs/inspector.md has a table of requests", len(rows) == 11, rows)
    token = json.loads(run("inspect", "--json", cwd=f.path).out)["token"]
    login = request(serve.admin, "POST", "/api/login", json.dumps({"token": token}), {"Content-Type": "application/json"})
    equal("POST /api/login", login.status, 204)
    cookie = {"Cookie": login.headers["Set-Cookie"].split(";")[0]}
    chain = docs.text_of("examples/chains/keitaro.yaml")
    bodies = {"/api/replay": (json.dumps({"postbacks": [2], "dry": True}), "application/json", 200),
              "/api/simulate": (chain, "application/yaml", 200), "/api/login": (json.dumps({"token": "no"}), "application/json", 401),
              "/api/logout": ("{}", "application/json", 204)}
    for method, path in sorted(rows, key=lambda r: r[1] == "/api/logout"):
        target = path.replace("/ID", "/1").replace("?id=", "?id=k1")
        body, kind, status = bodies.get(path, (None, None, 200))
        head = {"Content-Type": kind} if kind else {}
        if path == "/api/live":
            said = raw(serve.admin, ("GET /api/live HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nCookie: %s\r\n\r\n" % (serve.admin, cookie["Cookie"])).encode(), seconds=0.3)
            has("GET /api/live: a stream of events", said, "200 OK", "text/event-stream", "event: state")
            continue
        if path not in ("/api/login", "/api/logout"):
            equal("%s %s without a session" % (method, path), request(serve.admin, method, target, body, head).status, 401)
        equal("%s %s" % (method, path), request(serve.admin, method, target, body, dict(head, **cookie)).status, status)
    serve.stop()


@part
def socket_and_sandbox():
    """The sandbox's own addresses, as docs/configuration.md has them."""
    sandbox = Sandbox()
    text = docs.text_of("docs/configuration.md")
    for path in re.findall(r"`GET (/\S+)` (?:lists|counts)|`GET (/\S+)` counts", text):
        path = path[0] or path[1]
        equal("sandbox %s" % path, request(sandbox.port, "GET", path).status, 200)
    has("docs/configuration.md names both", text, "`GET /events?pretty`", "`GET /stats`")


if __name__ == "__main__":
    main()
