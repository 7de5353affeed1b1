"""What must be true in the end, of the database's rows (asked with psql), of what trackers were answered and of what TikTok got.  Each
check has a control: the same is done to a copy what it is there to find, and it must say so.  In each run, so that none of them is
one that can't fail.

CHECKS: what, a query that must give 0, and what makes it give more, in a transaction that is rolled back."""
import collections

ONE = "(SELECT event FROM deliveries ORDER BY event LIMIT 1)"
ANSWERS = ("(SELECT t.event, count(DISTINCT a.request_id) AS answers FROM tries t JOIN attempts a ON a.id = t.attempt"
           " WHERE a.http_status = 200 AND a.code = 0 GROUP BY t.event)")


def hours(kind, slot, rows):
    """Sums by the hour and slot that are not those of the rows."""
    return ("SELECT count(*) FROM (SELECT hour, slot, sum(n) AS n FROM tallies WHERE kind = %d AND %s GROUP BY 1, 2) t FULL JOIN"
            " (SELECT at / 3600000 * 3600 AS hour, slot, count(*) AS n FROM (%s) r GROUP BY 1, 2) r USING (hour, slot)"
            " WHERE coalesce(t.n, 0) <> coalesce(r.n, 0)" % (kind, slot, rows))


def writer(column):
    return "UPDATE writers SET %s = %s + 1 WHERE number = (SELECT min(number) FROM writers)" % (column, column)


CHECKS = (
    ("keys with two events",
     "SELECT count(*) FROM (SELECT 1 FROM events GROUP BY pixel, event, event_id HAVING count(*) > 1) x",
     "CREATE TEMP TABLE x ON COMMIT DROP AS SELECT * FROM events ORDER BY id DESC LIMIT 1; UPDATE x SET id = id + 1; INSERT INTO events"
     " SELECT * FROM x"),
    ("events without a key of their own",
     "SELECT count(*) FROM events e WHERE NOT EXISTS (SELECT 1 FROM event_keys k WHERE k.event = e.id AND NOT plain)",
     "DELETE FROM event_keys WHERE event = " + ONE),
    ("keys without an event",
     "SELECT count(*) FROM event_keys k WHERE NOT EXISTS (SELECT 1 FROM events e WHERE e.id = k.event)",
     "INSERT INTO event_keys VALUES('00000000-0000-0000-0000-000000000000', 1, false)"),
    ("events without a delivery",
     "SELECT count(*) FROM events e WHERE NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.event = e.id)",
     "DELETE FROM deliveries WHERE event = " + ONE),
    ("events that are not delivered",
     "SELECT count(*) FROM deliveries WHERE state <> 3", "UPDATE deliveries SET state = 1 WHERE event = " + ONE),
    ("leases that somebody holds still",
     "SELECT count(*) FROM deliveries WHERE owner IS NOT NULL OR lease IS NOT NULL",
     "UPDATE deliveries SET owner = 1, lease = clock_timestamp() WHERE event = " + ONE),
    ("delivered events that not one answer of TikTok's, and only one, says so of",
     "SELECT count(*) FROM deliveries d LEFT JOIN %s x USING (event) WHERE d.state = 3 AND answers IS DISTINCT FROM 1" % ANSWERS,
     "DELETE FROM tries WHERE event = " + ONE),
    ("events with more answers than attempts",
     "SELECT count(*) FROM deliveries d JOIN (SELECT t.event, count(DISTINCT a.request_id) AS n FROM tries t JOIN attempts a ON"
     " a.id = t.attempt WHERE a.http_status > 0 GROUP BY 1) x USING (event) WHERE n > d.attempts",
     "UPDATE deliveries SET attempts = 0 WHERE event = " + ONE),
    ("postbacks that said queued more or less often than there are events",
     "SELECT abs((SELECT count(*) FROM postbacks WHERE verdict = 1) - (SELECT count(*) FROM events))",
     "UPDATE postbacks SET verdict = 2 WHERE id = (SELECT min(id) FROM postbacks WHERE verdict = 1)"),
    ("duplicates of nothing",
     "SELECT count(*) FROM postbacks p WHERE verdict = 2 AND NOT EXISTS (SELECT 1 FROM events e WHERE e.click_hash = p.click_hash"
     " AND e.click_id = p.click_id)",
     "UPDATE postbacks SET verdict = 2, click_id = 'nobody', click_hash = 1 WHERE id = (SELECT min(id) FROM postbacks)"),
    ("postbacks beside their count",
     "SELECT abs((SELECT sum(postbacks) FROM writers) - (SELECT count(*) FROM postbacks))", writer("postbacks")),
    ("delivered beside their count",
     "SELECT abs((SELECT sum(delivered) FROM writers) - (SELECT count(*) FROM deliveries WHERE state = 3))", writer("delivered")),
    ("waiting, sending or dead by the counts",
     "SELECT abs(sum(waiting)) + abs(sum(sending)) + abs(sum(dead)) FROM writers", writer("sending")),
    ("clicks beside their count",
     "SELECT abs((SELECT sum(clicks) FROM writers) - (SELECT count(*) FROM clicks))", writer("clicks")),
    ("hours of events beside the rows", hours(5, "slot = 1", "SELECT created AS at, 1::bigint AS slot FROM events"),
     "UPDATE tallies SET n = n + 1 WHERE ctid = (SELECT ctid FROM tallies WHERE kind = 5 AND slot = 1 LIMIT 1)"),
    ("hours of deliveries beside the rows",
     hours(5, "slot = 3", "SELECT created AS at, 3::bigint AS slot FROM events e JOIN deliveries d ON d.event = e.id WHERE state = 3"),
     "UPDATE tallies SET n = n - 1 WHERE ctid = (SELECT ctid FROM tallies WHERE kind = 5 AND slot = 3 LIMIT 1)"),
    ("hours of postbacks, by verdict, beside the rows", hours(2, "true", "SELECT at, verdict AS slot FROM postbacks"),
     "UPDATE postbacks SET verdict = 4 WHERE id = (SELECT min(id) FROM postbacks)"),
)


def rows_agree(ask):
    """ask: a query's one number.  What is wrong, and how many controls were not seen."""
    bad = []
    for what, text, breaks in CHECKS:
        n = ask(text)
        if n:
            bad.append("%d %s" % (n, what))
        if ask("BEGIN; %s; %s; ROLLBACK" % (breaks, text)) <= n:
            bad.append("the check for %s does not see one that was made" % what)
    return bad


EVENTS = ("SELECT e.event_id, d.attempts, coalesce(x.known, 0), coalesce(x.delivered, '') FROM events e JOIN deliveries d ON d.event = e.id"
          " LEFT JOIN (SELECT t.event, count(DISTINCT a.request_id) FILTER (WHERE a.http_status > 0) AS known, max(a.request_id) FILTER"
          " (WHERE a.http_status = 200 AND a.code = 0) AS delivered FROM tries t JOIN attempts a ON a.id = t.attempt GROUP BY 1) x"
          " ON x.event = e.id")


class Event:
    """attempts: how often it was handed out; known: of how many of these TikTok's answer was heard; request: that which took it."""

    def __init__(self, attempts, known, request):
        self.attempts, self.known, self.request = int(attempts), int(known), request


def read_events(sql):
    return {r[0]: Event(*r[1:]) for r in (line.split("|") for line in sql(EVENTS, 300).splitlines())}


# ---- each gives what is wrong, as text ----

def lost(acked, rows, events):
    """acked: (txid, event_id) that were answered 200; rows: those that the database has."""
    for txid, id in acked:
        if (txid, id) not in rows:
            yield "postback %s of %s was answered 200 and is not there" % (txid, id)
        if id not in events:
            yield "postback %s was answered 200 and its event %s is not there" % (txid, id)


def doubled(events, got):
    """got: how often an event came to TikTok.  Once; more often only when the record has attempts of which nobody heard an answer."""
    for id in events:
        if not got.get(id):
            yield "event %s is delivered by the store, and never came to TikTok" % id
    for id, n in got.items():
        e = events.get(id)
        if not e:
            yield "event %s came to TikTok, and is not in the store" % id
        elif n - 1 > e.attempts - e.known:
            yield "event %s came %d times: %d attempts, an answer to %d" % (id, n, e.attempts, e.known)


def mistaken(events, got, requests):
    """requests: which request of TikTok's brought an event, where that is known."""
    for id, e in events.items():
        if got.get(id) == 1 and id in requests and requests[id] != e.request:
            yield "event %s is delivered by request %s in the store, and came with %s" % (id, e.request, requests[id])


def untold(events, said):
    """said: what a sender has written of what it did: event_id -> its hand-outs.  The one that the store calls the delivery must be
    among them; its sender has reported it, or was killed while it did, with this as its last word."""
    for id, e in events.items():
        mine = [h for h in said.get(id, ()) if h.batch == e.request]
        if not mine:
            yield "event %s is delivered by %s in the store, and no sender has written that it sent that" % (id, e.request)
        elif not mine[0].told and not mine[0].last_of_killed:
            yield "event %s is delivered by %s in the store, and its sender did not say so, and lived on" % (id, e.request)
    for id, handouts in said.items():
        for h in handouts:
            if h.told and (id not in events or events[id].request != h.batch):
                yield "event %s was reported delivered by %s for certain, and the store does not have that" % (id, h.batch)
            if h.told and any(later.before > h.before for later in handouts):
                yield "event %s was delivered for certain by %s, and sent again" % (id, h.batch)
        for before, n in collections.Counter(h.before for h in handouts).items():
            if n > 1:
                yield "event %s was handed out %d times at once" % (id, n)


class HandOut:
    """before: attempts that had ended when it was handed out."""

    def __init__(self, batch, before):
        self.batch, self.before, self.told, self.last_of_killed = batch, before, False, False


def seen(check, *arguments):
    return next(iter(check(*arguments)), None) is not None


def with_(table, key, value):
    """A copy with one other value (None: without it)."""
    out = dict(table)
    out.pop(key, None)
    if value is not None:
        out[key] = value
    return out


def controls(acked, rows, events, got, requests):
    """Those checks that do not see what was made for them."""
    if not acked:
        return ["nothing was answered 200"]
    txid, id = next(iter(acked))
    single = next((i for i, n in got.items() if n == 1 and i in events and events[i].attempts == events[i].known), None)
    e = events[id]
    tries = (
        ("a lost postback", seen(lost, acked, rows - {(txid, id)}, events)),
        ("a lost event", seen(lost, acked, rows, with_(events, id, None))),
        ("an event that never came", seen(doubled, events, with_(got, id, None))),
        ("an event that nobody knows", seen(doubled, with_(events, id, None), got)),
        ("an event that came twice", single and seen(doubled, events, with_(got, single, 2))),
        ("an event that came three times after one unknown outcome", seen(doubled, with_(events, id, Event(2, 1, e.request)),
                                                                         with_(got, id, 3))),
        ("an event that came twice after an unknown outcome must not be an offence",
         not seen(doubled, {id: Event(2, 1, e.request)}, {id: 2})),
        ("another request's event", seen(mistaken, {id: e}, {id: 1}, {id: "another"})),
    )
    return ["the check for %s does not see it" % what for what, found in tries if not found]


def controls_of_untold(events, said):
    id = next((i for i in events if len(said.get(i, ())) == 1 and said[i][0].told), None)
    if not id:
        return ["no sender has reported anything"]
    e, h = events[id], said[id][0]
    silent, killed, other = HandOut(h.batch, 0), HandOut(h.batch, 0), HandOut("another", 1)
    killed.last_of_killed = True
    tries = (
        ("a delivery that no sender wrote of", seen(untold, {id: e}, {})),
        ("a delivery whose sender lived on and did not say so", seen(untold, {id: e}, {id: [silent]})),
        ("one whose sender was killed at it must not be an offence", not seen(untold, {id: e}, {id: [killed]})),
        ("a report that the store does not have", seen(untold, {id: Event(1, 1, "another")}, {id: [h]})),
        ("an event sent again after it was delivered for certain", seen(untold, {id: e}, {id: [h, other]})),
        ("an event handed out twice at once", seen(untold, {id: e}, {id: [h, silent]})),
    )
    return ["the check for %s does not see it" % what for what, found in tries if not found]
