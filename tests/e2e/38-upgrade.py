"""A store of an older version: what the first start says while it brings it up to date, to the log and to systemd,
and that a kill in the middle costs nothing."""
import contextlib

from harness import *

CONVERSIONS = 12000 // SHARE
SCHEMA = 9
HOURS = "SELECT hour, offer, kind, name, what, n FROM hours ORDER BY 1, 2, 3, 4, 5, slot"
SUMS = ("clicks", "postbacks", "events", "deliveries", "attempts", "tries", "counts", "late_clicks", "indexed", "runs")


def ledger():
    """An export of conversions over three days: a thousand to a request, each tenth refused for good."""
    at, newest = 1790000000000, 0
    rows = [[], [], [], []]
    for n in range(1, CONVERSIONS + 1):
        now, attempt = at + n * 3 * 86400000 // CONVERSIONS, (n - 1) // 1000 + 1
        ids = {"offer": "nutra-de", "click_id": "c%d" % n, "ttclid": "E.C.P.%032d" % n}
        newest = now
        rows[0].append(dict(row="click", id=n, at=now // 1000, keyed=1, **ids))
        rows[1].append(dict(row="postback", id=n, at=now, tracker="keitaro", stage="sale", verdict=1, txid="t%d" % n,
                            params="subid=c%d&status=sale&payout=12.5&tid=t%d" % (n, n), warnings="W028 w\n", **ids))
        if len(rows[2]) < attempt:
            rows[2].append(dict(row="attempt", id=attempt, at=now + 1000, took_ms=30, pixel=PIXEL, http_status=200, code=0))
        body = {"event": "Purchase", "event_id": "e%d" % n, "user": {"ttclid": ids["ttclid"], "ip": "203.0.113.9"}}
        rows[3].append(dict(row="event", id=n, postback=n, created=now, pixel=PIXEL, event="Purchase", event_id="e%d" % n,
                            value_micros="12500000", currency="USD", original_value_micros="11000000",
                            original_currency="EUR", state=3 if n % 10 else 4, due=now, attempts=1, tries=[attempt],
                            body=json.dumps(body, separators=(",", ":")), **ids))
    first = dict(row="ledger", version=1, newest=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(newest // 1000)), whole=1,
                 last_click=CONVERSIONS, last_postback=CONVERSIONS, last_event=CONVERSIONS, last_attempt=len(rows[2]),
                 gone_postback=0, gone_attempt=0)
    last = dict(row="end", clicks=CONVERSIONS, postbacks=CONVERSIONS, attempts=len(rows[2]), events=CONVERSIONS)
    return "".join(json.dumps(r) + "\n" for r in [first] + sum(rows, []) + [last])


def older(path, version):
    """The store in path as this version of the schema (3 or 7) had it."""
    drop = [("counts", "clicks_before"), ("counts", "ledger_before")]
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("BEGIN")
        db.execute("DROP INDEX events_of")
        if version == 3:
            for what in ("VIEW hours", "TABLE tallies", "INDEX tries_of", "TABLE late_postbacks"):
                db.execute("DROP " + what)
            drop += [("indexed", c) for c in ("plain_clicks", "plain_postbacks", "plain_events")]
            drop += [("counts", c) for c in ("last_click", "last_postback", "last_event", "last_attempt", "gone_postback",
                                             "gone_attempt")]
            drop += [(table, "sum") for table in SUMS] + [("runs", "last")]
            db.execute("DELETE FROM meta WHERE key = 'sum'")
            # ttclids were kept in another way: it is made anew of the rows
            db.execute("DELETE FROM runs")
            db.execute("DELETE FROM run_chunks")
            db.execute("UPDATE indexed SET clicks = 0, postbacks = 0, events = 0")
        else:
            db.execute("DELETE FROM tallies")
        for table, column in drop:
            db.execute("ALTER TABLE %s DROP COLUMN %s" % (table, column))
        db.execute("UPDATE meta SET value = ? WHERE key = 'schema'", (version,))
        db.execute("PRAGMA user_version = %d" % version)
        db.execute("COMMIT")


class Systemd:
    """A socket of its kind."""

    def __init__(self, folder):
        self.socket, self.where = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM), folder.at("notify")
        self.socket.bind(self.where)
        self.socket.settimeout(30)

    def start(self, folder):
        os.environ["NOTIFY_SOCKET"] = self.where
        try:
            return Serve(folder, start=False)
        finally:
            del os.environ["NOTIFY_SOCKET"]

    def next(self):
        return self.socket.recv(500).decode()

    def forget(self):
        """What was said before."""
        self.socket.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while self.next():
                pass
        self.socket.settimeout(30)


made = None


def store(version):
    """A folder with an older store, and the counts by the hour that it had."""
    global made
    folder = Folder()
    if not made:
        made = tempfile.mkdtemp(prefix="clickbaton-e2e-old-")
        atexit.register(shutil.rmtree, made, True)
        r = run("store", "import", folder.write("ledger.jsonl", ledger()), os.path.join(made, "data"))
        equal("the store is made", r.code, 0) or bad("import", r)
    shutil.copytree(os.path.join(made, "data"), folder.at("data"))
    hours = folder.rows(HOURS)
    older(folder.at("data/clickbaton.db"), version)
    return folder, hours


STARTING = r"EXTEND_TIMEOUT_USEC=120000000\nSTATUS=bringing the store up to date: (tables|adding checksums|counting), " \
           r"(\d+) of (\d+) rows"


def up_to_date(folder, serve, systemd, hours, name):
    """It ends with READY=1; everything is as if it had never been old."""
    said = []
    while not (said and said[-1].startswith("READY=1")):
        said.append(systemd.next())
    true(name + ": systemd hears that it goes on, then that it is ready",
         len(said) >= 2 and all(re.fullmatch(STARTING, m) for m in said[:-1]), said)
    equal(name + ": and what it does", said[-1], "READY=1\nSTATUS=taking postbacks")
    has(name + ": so does the log", serve.err(), 'level=info msg="bringing the store up to date; nothing is taken until that '
        'is done" at="', ' msg="the store is up to date" seconds=')
    equal(name + ": the schema is today's", folder.rows("PRAGMA user_version"), [{"user_version": SCHEMA}])
    equal(name + ": the hours are what they were", folder.rows(HOURS) == hours and len(hours) > 100, True)
    equal(name + ": the log is short", os.path.getsize(folder.at("data/clickbaton.db-wal")) < 90 << 20, True)
    equal(name + ": it serves, and ends", (serve.wait_line("listening on") is not None, serve.stop()), (True, 0))


@part
def an_old_store():
    folder, hours = store(3)
    systemd = Systemd(folder)
    up_to_date(folder, systemd.start(folder), systemd, hours, "checksums and counts")
    systemd.forget()
    serve = systemd.start(folder)
    equal("once: the next start says only that it is ready", systemd.next(), "READY=1\nSTATUS=taking postbacks")
    equal("and ends", (serve.stop(), "up to date" in serve.err().split("ending:")[-1]), (0, False))


@part
def killed_in_the_middle():
    """At the first word that systemd hears: there is more to do than a moment's work."""
    for version in (3, 7):
        folder, hours = store(version)
        systemd, stage = Systemd(folder), None
        for delay in (0.08, 0.02, 0, 0, 0):
            serve = systemd.start(folder)
            first = systemd.next()
            time.sleep(delay)
            serve.kill()
            stage = folder.rows("SELECT (SELECT value FROM meta WHERE key = 'filling') AS filling,"
                                " (SELECT count(*) FROM sqlite_schema WHERE name = 'tallies') AS made")[0]
            counted = stage["made"] and folder.rows("SELECT count(*) AS n FROM tallies")[0]["n"]
            if first.startswith("EXTEND") and not counted:
                break
            folder.remove()
            folder, hours = store(version)
            systemd = Systemd(folder)
        say("# killed where filling is %s, tallies made: %d" % (stage["filling"], stage["made"]))
        true("version %d: it was killed before it was done" % version, not counted, stage)
        r = run("store", "verify", "data", cwd=folder.path)
        if version == 3:
            true("half of it is no store for others", r.code in (0, 4), r)
        systemd.forget()
        up_to_date(folder, systemd.start(folder), systemd, hours, "version %d, after a kill" % version)


main()
