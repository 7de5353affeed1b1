"""/metrics: exact numbers after known traffic, held against the store; what scrapers do to a server; the
dashboard, the alert rules and the page of the docs against a real answer."""
import random
from itertools import pairwise

from exports import aged
from harness import *
from metrics_text import Scrape

sys.path.append("/usr/lib/python3/dist-packages")  # Debian's python3-prometheus-client: the second reader
import prometheus_client.openmetrics.parser as second_open  # noqa: E402
import prometheus_client.parser as second_plain  # noqa: E402

OPEN = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
PROMTOOL = shutil.which("promtool") or os.path.join(ROOT, "tests/tools/promtool")
SALE = "subid=%s&external_id=%s&status=sale&payout=12.50&currency=usd&tid=%s"
PRICELESS = offer_text("price.less_1").replace("  sale:", "  trial:     {event: StartTrial}\n  sale:").replace(
    "events:", "stages: {trial: [trial]}\nevents:") + 'consent: {from: "{consent}", granted: ["1"], otherwise: drop}\n'


def scrape(serve, openmetrics=False):
    a = request(serve.admin, "GET", "/metrics", headers={"Accept": OPEN} if openmetrics else {})
    if a.status != 200:
        raise RuntimeError("/metrics: %r" % a)
    return Scrape(a.body, openmetrics)


def promtool(*words, stdin=None):
    p = subprocess.run([PROMTOOL, *words], input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT)
    return p.returncode, p.stdout


def by_code(scrape_, name):
    return scrape_.table(name, "result", "code")


class Ids:
    """Ids as trackers and TikTok make them; none may be in any answer of /metrics."""

    def __init__(self, seed=5):
        self.dice, self.all = random.Random(seed), []

    def __call__(self, start=""):
        id = start + "".join(self.dice.choice("abcdefghijkmnpqrstuvwxyz0123456789") for _ in range(14))
        self.all.append(id)
        return id

    def sale(self, status="sale", **more):
        ids = (self(), self("E.C.P."), self("t"))
        self.last = ids[0]
        query = SALE % ids
        for k, v in dict(status=status, **more).items():
            query = re.sub("%s=[^&]*" % k, "%s=%s" % (k, v), query) if k + "=" in query else query + "&%s=%s" % (k, v)
        return query


def nobodys_id(name, ids, *scrapes):
    text = "\n".join(s.text for s in scrapes)
    hasnt(name + ": no id, key, token or address in it", text, *ids.all, KEY, TOKEN, "127.0.0.1", "203.0.113", "E.C.P.")


def never_down(name, before, after):
    a, b = before.counters(), after.counters()
    equal(name + ": no counter has gone down or away", {k: (v, b.get(k)) for k, v in a.items() if b.get(k, -1) < v}, {})


@part
def known_traffic():
    sandbox = Sandbox("--fault", "first=1:503,first=1:code=40062")
    folder = Folder(sandbox.endpoint, offers=("nutra-de",))
    folder.write("offers/price.yaml", PRICELESS)
    serve, ids = Serve(folder), Ids()
    zero = scrape(serve)
    equal("offers of the configuration have their series from the start",
          sorted(k[1] for k in zero.samples if k[0] == "clickbaton_postbacks_total"),
          sorted((("offer", o), ("verdict", v)) for o in ("nutra-de", "price.less_1")
                 for v in ("queued", "duplicate", "ignored", "quarantined")))
    equal("and nothing has happened", (zero.table("clickbaton_postbacks_total", "offer"), zero.table("clickbaton_refused_total", "code"),
                                       zero.value("clickbaton_ack_duration_seconds_count")), ({}, {}, 0))
    equal("a sale", serve.verdict(ids.sale())[1]["verdict"], "queued")
    wait_until("the first event to be given up", lambda: scrape(serve).value("clickbaton_lost_total", reason="dead") == 1)
    for i in range(3):
        serve.get("/click/nutra-de?key=%s&subid=%s&ttclid=%s&ip=203.0.113.9&ua=Mozilla" % (KEY, ids(), ids("E.C.P.")))
    request(serve.port, "POST", "/click/price.less_1", "subid=%s&ttclid=%s&consent=1" % (ids(), ids("E.C.P.")),
            {"Origin": "https://lander.example", "Content-Type": "application/x-www-form-urlencoded"})
    again = ids.sale()
    said = [serve.verdict(q, o)[1]["verdict"] for q, o in (
        (again, "nutra-de"), (again, "nutra-de"), (again, "nutra-de"), (ids.sale("trash"), "nutra-de"), (ids.sale("wat"), "nutra-de"),
        (ids.sale("wat"), "price.less_1"), (ids.sale(consent=1), "price.less_1"), (ids.sale("trial", consent=1), "price.less_1"),
        (ids.sale(consent=0), "price.less_1"))]
    equal("verdicts", said, ["queued", "duplicate", "duplicate", "ignored", "quarantined", "quarantined", "queued", "queued", "ignored"])
    refusals = [serve.fire("subid=1", key="wrong").status, serve.fire("subid=1", key="wrong").status,
                serve.fire("subid=1", "nobody").status, request(serve.port, "PUT", "/postback/nutra-de?key=" + KEY).status,
                serve.get("/click/nutra-de?subid=1&ttclid=T", Origin="https://elsewhere.example").status,
                serve.get("/click/nutra-de?key=" + KEY).status]
    equal("refusals", refusals, [401, 401, 404, 405, 403, 400])
    raw(serve.port, b"GET / HTTP/1.1\r\nHost : a\r\n\r\n")
    m = wait_until("deliveries", lambda: [m for m in [scrape(serve)] if m.value("clickbaton_store_events", state="delivered") == 3
                                         and by_code(m, "clickbaton_delivery_events_total").get(("delivered", "0")) == 3])[0]
    numbers(m, serve, folder, sandbox)
    formats(m, serve, folder)
    reloads(m, serve, folder, ids)


def numbers(m, serve, folder, sandbox):
    equal("postbacks by offer and verdict", m.table("clickbaton_postbacks_total", "offer", "verdict"),
          {("nutra-de", "queued"): 2, ("nutra-de", "duplicate"): 2, ("nutra-de", "ignored"): 1, ("nutra-de", "quarantined"): 1,
           ("price.less_1", "queued"): 2, ("price.less_1", "ignored"): 1, ("price.less_1", "quarantined"): 1})
    equal("the same in the store", m.table("clickbaton_postbacks_total", "offer", "verdict"),
          {(r["offer"], r["verdict"]): r["n"] for r in folder.rows("SELECT offer, verdict, count(*) AS n FROM conversions GROUP BY 1, 2")})
    equal("clicks by offer", m.table("clickbaton_clicks_total", "offer"), {"nutra-de": 3, "price.less_1": 1})
    equal("events by offer, name and value", m.table("clickbaton_events_total", "offer", "event", "valued"),
          {("nutra-de", "Purchase", "yes"): 2, ("price.less_1", "Purchase", "yes"): 1, ("price.less_1", "StartTrial", "no"): 1})
    equal("and their zeros beside them", m.value("clickbaton_events_total", offer="price.less_1", event="StartTrial", valued="yes"), 0)
    equal("refused by offer and code", m.table("clickbaton_refused_total", "offer", "code"),
          {("nutra-de", "R001"): 2, ("(none)", "R002"): 1, ("(none)", "R007"): 1, ("nutra-de", "R006"): 1, ("nutra-de", "R004"): 1})
    equal("not read", m.table("clickbaton_http_unread_total", "listener", "reason"), {("public", "malformed"): 1})
    equal("answers given", m.value("clickbaton_ack_duration_seconds_count"), 14)
    true("and how long they took", 0 < m.value("clickbaton_ack_duration_seconds_sum") < 14 * 20)
    equal("requests in transactions", m.value("clickbaton_commit_requests_sum"), 14)
    true("each with a commit, and those of the sender", m.value("clickbaton_commit_duration_seconds_count") >
         m.value("clickbaton_commit_requests_count") > 0)
    equal("lost", m.table("clickbaton_lost_total", "reason"), {"quarantined": 2, "dead": 1})
    equal("dropped by rule", m.table("clickbaton_dropped_by_rule_total", "reason"), {"ignored": 2, "duplicate": 2})
    equal("what became of events", by_code(m, "clickbaton_delivery_events_total"),
          {("retry", "http 503"): 1, ("dead", "40062"): 1, ("delivered", "0"): 3})
    requests = by_code(m, "clickbaton_delivery_requests_total")
    equal("requests to TikTok that were not accepted", {k: v for k, v in requests.items() if k[0] != "accepted"},
          {("unknown", "http 503"): 1, ("refused", "40062"): 1})
    equal("as many as the sandbox has seen", sum(requests.values()), sandbox.stats()["requests"])
    equal("and as the store has attempts", sum(requests.values()), folder.rows("SELECT count(*) AS n FROM attempts")[0]["n"])
    equal("each with its time", m.value("clickbaton_delivery_request_duration_seconds_count"), sum(requests.values()))
    equal("delivered ones with their latency", m.value("clickbaton_delivery_latency_seconds_count"), 3)
    counted = folder.rows("SELECT state, count(*) AS n FROM deliveries GROUP BY state")
    equal("events that are done, as in the store", m.table("clickbaton_store_events", "state"),
          {{3: "delivered", 4: "dead"}[r["state"]]: r["n"] for r in counted})
    equal("the outbox is empty", (m.table("clickbaton_outbox_events", "state"), m.value("clickbaton_outbox_oldest_age_seconds")), ({}, 0))
    equal("rows", [m.value("clickbaton_store_" + t) for t in ("clicks", "postbacks", "quarantined_postbacks")], [4, 10, 2])
    size = os.path.getsize(folder.at("data/clickbaton.db"))
    true("size of the store", 0 < m.value("clickbaton_store_size_bytes", file="db") <= size, size)
    disk = os.statvfs(folder.path)
    equal("size of the disk", m.value("clickbaton_disk_size_bytes"), disk.f_blocks * disk.f_frsize)
    true("free on it", abs(m.value("clickbaton_disk_free_bytes") - disk.f_bavail * disk.f_frsize) < 2e9)
    system(m, serve)


def system(m, serve):
    with open("/proc/%d/statm" % serve.pid) as f:
        resident = int(f.read().split()[1]) * os.sysconf("SC_PAGESIZE")
    true("resident memory", 0.5 < m.value("process_resident_memory_bytes") / resident < 2, resident)
    true("open files", abs(m.value("process_open_fds") - len(os.listdir("/proc/%d/fd" % serve.pid))) <= 6)
    true("processor time", 0 < m.value("process_cpu_seconds_total") < 100)
    true("start", 0 <= time.time() - m.value("process_start_time_seconds") < 300)
    has("the version", run("version").out, dict(m.families["clickbaton_build_info"].samples[0][1])["version"])
    equal("ready", [m.value("clickbaton_" + n) for n in ("ready", "store_unsynced", "intake_waiting_requests", "clock_doubted")], [1, 0, 0, 0])


def formats(m, serve, folder):
    """Both formats, read by two readers each, and promtool's opinion."""
    code, out = promtool("check", "metrics", stdin=m.text)
    equal("promtool check metrics", (code, out), (0, ""))
    o = scrape(serve, True)
    for name, mine, families in (("text", m, second_plain.text_string_to_metric_families(m.text)),
                                 ("OpenMetrics", o, second_open.text_string_to_metric_families(o.text))):
        seen = {(s.name, tuple(sorted(s.labels.items()))): s.value for f in families for s in f.samples}
        equal(name + ": another reader sees the same", seen, mine.samples)
    moving = re.compile("process_|clickbaton_http_|_bytes")
    for _ in range(5):  # housekeeping may commit between the two
        both = [{k: v for k, v in x.samples.items() if not moving.match(k[0])} for x in (scrape(serve), scrape(serve, True))]
        if both[0] == both[1]:
            break
    equal("both formats say the same", sorted(set(both[0].items()) ^ set(both[1].items())), [])
    a = request(serve.admin, "GET", "/metrics", headers={"Accept": OPEN})
    equal("its type", a.headers["Content-Type"], "application/openmetrics-text; version=1.0.0; charset=utf-8")
    a = request(serve.admin, "HEAD", "/metrics")
    equal("HEAD", (a.status, a.headers["Content-Type"], a.body), (200, "text/plain; version=0.0.4; charset=utf-8", ""))
    equal("POST", request(serve.admin, "POST", "/metrics").status, 405)
    equal("not on the public listener", serve.get("/metrics").status, 404)
    documented(m, o)


def documented(m, o):
    """docs/metrics.md has the same rows."""
    with open(os.path.join(ROOT, "docs/metrics.md")) as f:
        rows = dict((r[0], r[1:]) for r in re.findall(r"^\| `(\w+)` \| (\w+) \| (\w*) \| ([\w, ]*?) ?\| (.+) \|$", f.read(), re.M))
    want = {}
    for name, family in m.families.items():
        opened = o.families.get(name) or o.families[re.sub("_(total|info)$", "", name)]
        want[name] = (family.type, opened.unit, family.help.replace("\\\\", "\\"))
    equal("docs/metrics.md: every metric with type, unit and help",
          {n: (r[0], r[1], r[3]) for n, r in rows.items()}, want)
    for name, family in m.families.items():
        used = {label for _, labels, _ in family.samples for label in labels} - {"le"}
        equal("docs/metrics.md: labels of " + name, used and set(rows[name][2].split(", ")) or used, used)


def reloads(m, serve, folder, ids):
    start = m.value("clickbaton_config_last_reload_success_timestamp_seconds")
    good_text = folder.read("offers/nutra-de.yaml")
    folder.write("offers/nutra-de.yaml", "version: 1\noffer: nutra-de\nextends: nothing\n")
    serve.reload(failed=True)
    failed = scrape(serve)
    equal("a reload that fails", (failed.value("clickbaton_config_last_reload_successful"), failed.table("clickbaton_config_reloads_total", "result"),
                                  failed.value("clickbaton_config_last_reload_success_timestamp_seconds")), (0, {"failure": 1}, start))
    folder.write("offers/nutra-de.yaml", good_text.replace(b"events:", b"stages:\n  sale: [sale, approved, wat]\nevents:", 1))
    folder.write("offers/new.yaml", offer_text("later"))
    serve.reload()
    fine = scrape(serve)
    equal("one that does not", (fine.value("clickbaton_config_last_reload_successful"), fine.table("clickbaton_config_reloads_total", "result")),
          (1, {"failure": 1, "success": 1}))
    true("its time", time.time() - 60 < fine.value("clickbaton_config_last_reload_success_timestamp_seconds") <= time.time() + 1 and
         fine.value("clickbaton_config_last_reload_success_timestamp_seconds") > start)
    equal("a new offer has its series", fine.value("clickbaton_postbacks_total", offer="later", verdict="queued"), 0)
    never_down("a reload", m, fine)
    r = run("replay", "-c", folder.at("clickbaton.yaml"), "--yes", "--offer", "nutra-de")
    equal("a replay", r.code, 0)
    run("replay", "-c", folder.at("clickbaton.yaml"), "--dead", "--yes")
    after = wait_until("what was replayed to be delivered", lambda: [s for s in [scrape(serve)] if s.value("clickbaton_store_events", state="delivered") == 5])[0]
    equal("what was lost and is back", after.table("clickbaton_recovered_total", "reason"), {"quarantined": 1, "dead": 1})
    equal("what was lost stays counted", after.table("clickbaton_lost_total", "reason"), {"quarantined": 2, "dead": 1})
    equal("and is gone from the gauges", (after.value("clickbaton_store_quarantined_postbacks"), after.table("clickbaton_store_events", "state")),
          (1, {"delivered": 5}))
    never_down("a replay", fine, after)
    nobodys_id("all of it", ids, m, failed, fine, after)
    equal("serve: exit 0", serve.stop(), 0)


@part
def what_waits():
    """A refused token, a consent taken back, a pixel taken out, a store that fails."""
    sandbox = Sandbox("--fault", "code=40105")
    folder = Folder(sandbox.endpoint)
    folder.write("offers/price.yaml", PRICELESS)
    serve, ids = Serve(folder), Ids(6)
    serve.fire(ids.sale(consent=1), "price.less_1")
    keeps = ids.last
    m = wait_until("the pause", lambda: [m for m in [scrape(serve)] if m.value("clickbaton_pixel_paused", pixel=PIXEL) == 1])[0]
    equal("a paused pixel does not count as one that backs off", m.value("clickbaton_pixel_backing_off", pixel=PIXEL), 0)
    equal("by its code", by_code(m, "clickbaton_delivery_requests_total"), {("token_refused", "40105"): 1})
    m = wait_until("it to be counted as waiting", lambda: [m for m in [scrape(serve)] if m.table("clickbaton_outbox_events", "state") == {"waiting": 1}
                                                          and m.value("clickbaton_outbox_oldest_age_seconds") > 0])[0]
    true("its age", m.value("clickbaton_outbox_oldest_age_seconds") < 120)
    equal("a refusal of the visitor", serve.get("/click/price.less_1?key=%s&subid=%s&consent=0" % (KEY, keeps)).status, 204)
    m = wait_until("the event to be withdrawn", lambda: [m for m in [scrape(serve)] if m.table("clickbaton_store_events", "state") == {"withdrawn": 1}])[0]
    equal("dropped by rule, not lost", (m.table("clickbaton_dropped_by_rule_total", "reason"), m.table("clickbaton_lost_total", "reason")),
          ({"withdrawn": 1}, {}))
    serve.fire(ids.sale())
    serve.fire(ids.sale("wat"), "price.less_1")
    folder.write("offers/price.yaml", PRICELESS.replace("trial: [trial]", "trial: [trial], rejected: [rejected, trash, wat]"))
    serve.reload()
    wait_until("the pause again", lambda: by_code(scrape(serve), "clickbaton_delivery_requests_total") == {("token_refused", "40105"): 2})
    r = run("replay", "-c", folder.at("clickbaton.yaml"), "--yes")
    equal("a replay that queues nothing is counted at once", (r.code, scrape(serve).table("clickbaton_recovered_total", "reason")), (0, {"quarantined": 1}))
    folder.config(sandbox.endpoint, pixels={PIXEL2: "{token: {file: ./keys/tiktok}}"})
    for name in ("nutra-de.yaml", "price.yaml"):
        folder.write("offers/" + name, folder.read("offers/" + name).replace(PIXEL.encode(), PIXEL2.encode()))
    serve.reload()
    m = wait_until("the pixel to be missed", lambda: [m for m in [scrape(serve)] if m.value("clickbaton_outbox_pixel_missing") == 1])[0]
    equal("its gauge is gone, the new one's there", [k[1][0][1] for k in m.samples if k[0] == "clickbaton_pixel_paused"], [PIXEL2])
    equal("a locked store", locked(folder, serve, ids), 503)
    m = scrape(serve)
    equal("503 by offer", m.value("clickbaton_refused_total", offer="nutra-de", code="R005"), 1)
    equal("a commit has failed, and it is not ready", (m.value("clickbaton_commit_failures_total") >= 1, m.value("clickbaton_ready")), (True, 0))
    nobodys_id("what waits", ids, m)
    equal("serve: exit 0", serve.stop(), 0)


def locked(folder, serve, ids):
    db = sqlite3.connect(folder.at("data/clickbaton.db"), isolation_level=None)
    try:
        db.execute("BEGIN IMMEDIATE")
        return serve.fire(ids.sale()).status
    finally:
        db.rollback()
        db.close()


def stored(folder):
    """What the store holds, counted by Python's SQLite: {(metric, labels): number}, zeros left out."""
    out = {}
    for name, sql in (
            ("clickbaton_postbacks_total", "SELECT offer, verdict, count(*) AS n FROM conversions GROUP BY 1, 2"),
            ("clickbaton_store_events", "SELECT CASE state WHEN 3 THEN 'delivered' WHEN 4 THEN 'dead' WHEN 5 THEN 'withdrawn' END AS s, "
                                        "count(*) AS n FROM deliveries WHERE state > 2 GROUP BY 1"),
            ("clickbaton_outbox_events", "SELECT 'waiting' AS s, count(*) AS n FROM deliveries WHERE state = 1 GROUP BY 1"),
            ("clickbaton_store_clicks", "SELECT count(*) AS n FROM clicks"),
            ("clickbaton_store_postbacks", "SELECT count(*) AS n FROM conversions"),
            ("clickbaton_store_quarantined_postbacks", "SELECT count(*) AS n FROM conversions WHERE verdict = 'quarantined'")):
        for row in folder.rows(sql):
            *labels, n = row.values()
            if n:
                out[name, tuple(labels)] = n
    return out


def told(m, names):
    """The same of an answer."""
    by = {"clickbaton_postbacks_total": ("offer", "verdict"), "clickbaton_store_events": ("state",), "clickbaton_outbox_events": ("state",)}
    out = {}
    for name in names:
        for key, n in m.table(name, *by.get(name, ())).items() if name in by else [((), m.value(name))]:
            if n:
                out[name, key if isinstance(key, tuple) else (key,)] = n
    return out


@part
def over_restarts():
    """Orderly and killed: what is in the store is told exactly from the first answer on; counters begin at 0, and the lives add up."""
    sandbox = Sandbox("--fault", "first=2:code=40062")
    folder = Folder(sandbox.endpoint)
    ids, sums = Ids(11), {}
    for life, end in enumerate(("stop", "kill", "stop")):
        serve = Serve(folder)
        first = wait_until("the store to be looked at", lambda: scrape(serve))
        before = stored(folder)
        gauges = {k: n for k, n in before.items() if "_total" not in k[0] and "outbox" not in k[0]}
        equal("life %d: the gauges at its first answer" % life, told(first, {k[0] for k in gauges}), gauges)
        equal("life %d: counters begin at 0" % life, told(first, ["clickbaton_postbacks_total"]), {})
        for i in range(12):
            serve.fire(ids.sale("wat" if i % 4 == 0 else "trash" if i % 4 == 1 else "sale"), "nutra-de")
        last = ids.sale()
        serve.fire(last)
        serve.fire(last)
        serve.get("/click/nutra-de?key=%s&subid=%s&ttclid=%s" % (KEY, ids(), ids("E.C.P.")))
        serve.fire("subid=1", key="wrong")
        wait_until("all to be delivered", lambda: not folder.rows("SELECT 1 FROM deliveries WHERE state < 3"))
        want = stored(folder)
        rest = {k: n for k, n in want.items() if k[0] != "clickbaton_postbacks_total"}
        m = wait_until("a look behind that", lambda: [m for m in [scrape(serve)] if told(m, {k[0] for k in rest}) == rest])
        good("life %d: every gauge of the store is what Python counts there" % life)
        for k, n in told(m[0], ["clickbaton_postbacks_total"]).items():
            sums[k] = sums.get(k, 0) + n
        equal("life %d: the lives' counters add up to the store" % life, sums, {k: n for k, n in want.items() if k[0] == "clickbaton_postbacks_total"})
        equal("life %d: refusals are its own" % life, m[0].table("clickbaton_refused_total", "code"), {"R001": 1})
        equal("life %d: promtool check metrics" % life, promtool("check", "metrics", stdin=m[0].text), (0, ""))
        serve.kill() if end == "kill" else equal("serve: exit 0", serve.stop(), 0)


@part
def beside_retention_and_reloads():
    """Scrapes while old rows are removed and files are read again: each is whole, no counter goes down, postbacks are answered."""
    sandbox = Sandbox()
    first = Folder(sandbox.endpoint)
    serve, ids = Serve(first), Ids(12)
    for _ in range(300):
        serve.fire(ids.sale("trash"))
    serve.stop()
    old = aged(run("store", "export", first.at("data")).out, 100)
    folder = Folder(sandbox.endpoint, extra="retention: {clicks: 45d, ledger: 60d, ip: 30d}\n")
    run("store", "import", "-", folder.at("data"), stdin=old)
    silent(folder)
    equal("old rows are there", folder.rows("SELECT count(*) AS n FROM conversions")[0]["n"], 301)
    serve = Serve(folder)
    stop, scrapers = threading.Event(), [[] for _ in range(4)]

    def on(answers):
        while not stop.is_set():
            answers.append(scrape(serve))
    threads = [threading.Thread(target=on, args=(answers,)) for answers in scrapers]
    for t in threads:
        t.start()
    took = []
    for i in range(40):
        start = time.monotonic()
        equal_quietly("a postback meanwhile", serve.fire(ids.sale()).status, 200)
        took.append(time.monotonic() - start)
        if i % 10 == 5:
            serve.reload()
    wait_until("retention", lambda: scrape(serve).value("clickbaton_retention_removed_total", what="postbacks") == 300)
    stop.set()
    for t in threads:
        t.join()
    true("no postback waits for them", sorted(took)[36] < (5 if SANITIZED else 1), sorted(took)[-4:])
    # Each scraper's own answers follow one another; those of two may overlap.
    for answers in scrapers:
        less = ["%s: %s after %s" % (k, b.get(k), v) for a, b in pairwise([m.counters() for m in answers]) for k, v in a.items() if b.get(k, -1) < v]
        equal("no counter goes down", less[:5], [])
    m = wait_until("a look behind that", lambda: [m for m in [scrape(serve)] if m.value("clickbaton_store_postbacks") == 41])[0]
    equal("what is left", folder.rows("SELECT count(*) AS n FROM conversions")[0]["n"], 41)
    equal("reloads", m.table("clickbaton_config_reloads_total", "result"), {"success": 4})
    equal("serve: exit 0", serve.stop(), 0)


def equal_quietly(name, got, want):
    if got != want:
        equal(name, got, want)


class Hung:
    """A scraper that asks and does not read, or does not even ask to the end."""

    def __init__(self, port, whole):
        self.s = socket.socket()
        self.s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        self.s.connect(("127.0.0.1", port))
        self.s.sendall(b"GET /metrics HTTP/1.1\r\nHost: a\r\n" + (b"\r\n" if whole else b"X"))


@part
def scrapers():
    """520 offers, 50 scrapers that hang and 8 that never stop: postbacks are answered and delivered."""
    sandbox = Sandbox()
    offers = ["offer-%03d" % i for i in range(520)]
    folder = Folder(sandbox.endpoint, offers=offers)
    serve, ids = Serve(folder), Ids(7)
    for offer in offers[-3:] + offers[:2]:
        serve.fire(ids.sale(), offer)
    m = scrape(serve)
    equal("as many offers as there may be", len({dict(k[1])["offer"] for k in m.samples if k[0] == "clickbaton_clicks_total"}), 500)
    equal("the rest counts together", m.table("clickbaton_postbacks_total", "offer", "verdict"),
          {("offer-000", "queued"): 1, ("offer-001", "queued"): 1, ("(other)", "queued"): 3})
    equal("a stranger's offer", (serve.fire("subid=1", "of-a-stranger").status, scrape(serve).table("clickbaton_refused_total", "offer", "code")),
          (404, {("(none)", "R002"): 1}))
    alone = measure(serve, ids, 60)
    hung = [Hung(serve.admin, i % 5 != 0) for i in range(50)]
    stop, threads, count = threading.Event(), [], []
    for _ in range(8):
        threads.append(threading.Thread(target=scrape_on, args=(serve, stop, count)))
        threads[-1].start()
    try:
        wait_until("scrapes to be under way", lambda: len(count) >= 8)
        crowd = measure(serve, ids, 120)
    finally:
        stop.set()
        for t in threads:
            t.join()
    say("# answers alone: median %.1f ms, most %.1f ms; with scrapers: median %.1f ms, most %.1f ms; %d scrapes of %d KB meanwhile"
        % (*alone, *crowd, len(count), len(m.text) / 1024))
    true("the median of answers is not another one", crowd[0] < alone[0] * 4 + 50, (alone, crowd))
    equal("/livez answers beside them", request(serve.admin, "GET", "/livez").status, 200)
    wait_until("all events to be delivered", lambda: sandbox.stats()["unique"] == 185, 60)
    equal("none twice", sandbox.stats()["merged"], 0)
    equal("and scrapers were answered", set(count), {200})
    for h in hung:
        h.s.close()
    equal("serve: exit 0", serve.stop(), 0)


def measure(serve, ids, n):
    """(median, most) ms of n postbacks one after the other, each answered 200."""
    took = []
    for _ in range(n):
        query = ids.sale()
        start = time.monotonic()
        status = serve.fire(query, "offer-007").status
        took.append((time.monotonic() - start) * 1000)
        if status != 200:
            raise RuntimeError("a postback was answered %d" % status)
    return sorted(took)[n // 2], max(took)


def scrape_on(serve, stop, count):
    while not stop.is_set():
        count.append(request(serve.admin, "GET", "/metrics").status)


# ---- what stands in examples/: nothing of the program runs here, so the sanitizers have nothing to see ----


def plainly(function):
    return function if SANITIZED else part(function)

def exported():
    """Names of series, and the labels of each metric, as docs/metrics.md has them (held against an answer above)."""
    with open(os.path.join(ROOT, "docs/metrics.md")) as f:
        rows = re.findall(r"^\| `(\w+)` \| (\w+) \| \w* \| ([\w, ]*?) ?\|", f.read(), re.M)
    out = {}
    for name, kind, labels in rows:
        labels = set(filter(None, labels.split(", ")))
        for n, more in ([(name, set())] if kind != "histogram" else
                        [(name + "_bucket", {"le"}), (name + "_sum", set()), (name + "_count", set())]):
            out[n] = labels | more | {"job", "instance"}
    return out


def known_names(where, expression, series):
    """Every metric in a query exists, and has the labels that are asked of it."""
    for name, matchers in re.findall(r"\b((?:clickbaton|process)_\w+)(?:\{([^}]*)\})?", expression):
        if name not in series:
            bad(where, "there is no metric " + name)
        wrong = [l for l in re.findall(r"(\w+)\s*(?:=~|!=|!~|=)", matchers) if l not in series.get(name, {l})]
        if wrong:
            bad(where, "%s has no label %s" % (name, wrong))
    return set(re.findall(r"\b(?:clickbaton|process)_\w+", expression))


@plainly
def rules():
    import yaml
    with open(os.path.join(ROOT, "examples/prometheus/rules.yml")) as f:
        alerts = [r for g in yaml.safe_load(f)["groups"] for r in g["rules"]]
    series = exported()
    for r in alerts:
        true(r["alert"] + " asks for metrics", known_names(r["alert"], r["expr"], series) or "up{" in r["expr"])
        equal(r["alert"] + " says what to do", sorted(r["annotations"]), ["action", "summary"])
    equal("promtool check config, and the rules in it", promtool("check", "config", "examples/prometheus/prometheus.yml")[0], 0)
    fires, silent = set(), set()
    for name in ("minutes", "days"):
        with open(os.path.join(ROOT, "tests/prometheus/%s.test.yml" % name)) as f:
            for t in yaml.safe_load(f)["tests"]:
                for a in t["alert_rule_test"]:
                    (fires if a["exp_alerts"] else silent).add(a["alertname"])
    names = {r["alert"] for r in alerts}
    equal("each alert is tested to fire and to be silent", (fires, silent), (names, names))
    tests = ["tests/prometheus/minutes.test.yml", "tests/prometheus/days.test.yml"]
    code, out = promtool("test", "rules", *tests)
    equal("promtool test rules", (code, out.count("SUCCESS"), "FAILED" in out), (0, 2, False))
    controls(alerts, tests)
    with open(os.path.join(ROOT, "docs/metrics.md")) as f:
        equal("docs/metrics.md explains each alert", set(re.findall(r"^\| `(Clickbaton\w+)` \|", f.read(), re.M)), names)


def controls(alerts, tests):
    """Rules that never fire, and rules that always do, are found out for each alert."""
    for what, expression in (("never fire", "vector(1) > 2"), ("always fire", "vector(1)")):
        folder = Folder()
        text = json.dumps({"groups": [{"name": "broken", "rules": [dict(r, expr=expression) for r in alerts]}]})
        folder.write("examples/prometheus/rules.yml", text)
        for t in tests:
            with open(os.path.join(ROOT, t)) as f:
                folder.write(t, f.read())
        code, out = promtool("test", "rules", *[folder.at(t) for t in tests])
        equal("rules that %s are found out" % what, (code != 0, set(re.findall(r"alertname: (\w+)", out))), (True, {r["alert"] for r in alerts}))


@plainly
def dashboard():
    with open(os.path.join(ROOT, "examples/grafana/clickbaton.json")) as f:
        board = json.load(f)
    series, queries, used = exported(), [], set()
    panels = [p for p in board["panels"] if p["type"] != "row"]
    for p in panels:
        equal("%s: its source is the variable" % p["title"], {p["datasource"]["uid"]} | {t["datasource"]["uid"] for t in p["targets"]}, {"${datasource}"})
        true("%s: has a description and queries" % p["title"], p.get("description") and p["targets"])
        for t in p["targets"]:
            used |= known_names(p["title"], t["expr"], series)
            queries.append(t["expr"])
    variables = {v["name"]: v for v in board["templating"]["list"]}
    equal("variables", (sorted(variables), variables["datasource"]["type"], variables["datasource"]["query"]),
          (["datasource", "instance", "job", "offer"], "datasource", "prometheus"))
    cells = [(x, y) for p in board["panels"] for x in range(p["gridPos"]["x"], p["gridPos"]["x"] + p["gridPos"]["w"])
             for y in range(p["gridPos"]["y"], p["gridPos"]["y"] + p["gridPos"]["h"])]
    equal("no panel lies on another, or past the edge", (len(cells), max(x for x, _ in cells)), (len(set(cells)), 23))
    equal("ids are unique", len({p["id"] for p in board["panels"]}), len(board["panels"]))
    base = {re.sub("_(bucket|sum|count)$", "", n) for n in used}
    wanted = {re.sub("_(bucket|sum|count)$", "", n) for n in series if n.startswith("clickbaton_")}
    equal("every metric of clickbaton's is somewhere in it", wanted - base, set())
    shared = r"\bsum(?: by \([a-z, ]*\))? ?\(clickbaton_(?:store_(?:clicks|postbacks|quarantined|events)|outbox_|pixel_|alerts_active)"
    equal("what several servers have together is not summed up", [q for q in queries if re.search(shared, q)], [])
    for a, b in (("$__rate_interval", "5m"), ("$__range", "1d"), ("$__interval", "1m")):
        queries = [q.replace(a, b) for q in queries]
    folder = Folder()
    path = folder.write("queries.yml", json.dumps({"groups": [{"name": "q", "rules": [
        {"record": "q:%d" % i, "expr": q} for i, q in enumerate(queries)]}]}))
    code, out = promtool("check", "rules", path)
    equal("every query is PromQL", (code, "%d rules found" % len(queries) in out), (0, True))


main()
