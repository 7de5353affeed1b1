"""The counts by the hour, counted once more from the rows by what the documentation says of them (docs/store.md), not by
the program."""
import collections
import json
import time

VERDICTS = {1: "queued", 2: "duplicate", 3: "ignored", 4: "quarantined"}
STATES = {3: "delivered", 4: "dead", 5: "withdrawn"}
BUCKETS = ((100, "to 0.1 s"), (250, "to 0.25 s"), (500, "to 0.5 s"), (1000, "to 1 s"), (2500, "to 2.5 s"),
           (5000, "to 5 s"), (10000, "to 10 s"), (30000, "to 30 s"), (60000, "to 1 min"), (300000, "to 5 min"),
           (900000, "to 15 min"), (3600000, "to 1 h"), (21600000, "to 6 h"), (86400000, "to 1 d"))
KEYS = {"ttclid", "email", "phone", "external_id", "ip", "user_agent", "ttp", "first_name", "last_name", "city", "state",
        "zip_code", "country", "locale"}


def hour(ms):
    return time.strftime("%Y-%m-%dT%H:00:00Z", time.gmtime(ms // 1000 // 3600 * 3600))


def told(db):
    """What the store says; how an answer that did not deliver was meant is in no row, so those are one."""
    out = collections.Counter()
    for at, offer, kind, name, what, n in db.execute("SELECT hour, offer, kind, name, what, n FROM hours"):
        if kind == "answers" and what != "delivered":
            what = "not delivered"
        out[at, offer, kind, name, what] += n
    return {k: n for k, n in out.items() if n}


def counted(db):
    """What the rows come to."""
    names = {None: None, 0: None, **dict(db.execute("SELECT id, text FROM names"))}
    out = collections.Counter()
    for offer, at, ttclid in db.execute("SELECT offer, at, ttclid FROM clicks"):
        out[hour(at * 1000), names[offer], "clicks", None, "all"] += 1
        out[hour(at * 1000), names[offer], "clicks", None, "with ttclid"] += ttclid is not None
    for at, offer, stage, verdict, code, warnings in db.execute(
            "SELECT at, offer, stage, verdict, code, warnings FROM postbacks"):
        at, offer = hour(at), names[offer]
        out[at, offer, "postbacks", names[stage], VERDICTS[verdict]] += 1
        if code:
            out[at, offer, "reasons", names[code], VERDICTS[verdict]] += 1
        for word in {line[:4] for line in (warnings or "").split("\n") if line[:1] == "W"}:
            out[at, offer, "warnings", word, "postbacks"] += 1
    _events(db, names, out)
    return {k: n for k, n in out.items() if n}


def _events(db, names, out):
    answers = collections.defaultdict(list)
    for event, at, took, status, code in db.execute(
            "SELECT event, at, took_ms, http_status, code FROM tries JOIN attempts ON id = attempt ORDER BY attempt"):
        answers[event].append((at, took, "%d" % code if code >= 0 else "http %d" % status if status else "none"))
    for id, created, offer, name, state, value, currency, original, original_currency, body in db.execute(
            "SELECT e.id, created, offer, e.event, state, value, currency, original_value, original_currency, body"
            " FROM events e JOIN deliveries d ON d.event = e.id"):
        at, offer, name = hour(created), names[offer], names[name]
        out[at, offer, "events", name, "made"] += 1
        if state in STATES:
            out[at, offer, "events", name, STATES[state]] += 1
        out[at, offer, "valued", name, "with a value" if currency else "without"] += 1
        for kind, amount, unit in (("values", value, currency), ("originals", original, original_currency)):
            if unit:
                out[at, offer, kind, name, names[unit]] += amount
        for key in KEYS & set(json.loads(body).get("user", {})):
            out[at, offer, "keys", name, key] += 1
        for n, (when, took, answer) in enumerate(answers[id], 1):
            arrived = state == 3 and n == len(answers[id])
            out[hour(when), offer, "answers", answer, "delivered" if arrived else "not delivered"] += 1
            if arrived:
                late = when + took - created
                out[at, offer, "latency", name, next((w for most, w in BUCKETS if late <= most), "above")] += 1


def differ(says, rows):
    """Sentences."""
    return ["%s says %d, the rows say %d" % (" ".join(str(w) for w in k if w is not None), says.get(k, 0), rows.get(k, 0))
            for k in sorted(set(says) | set(rows), key=str) if says.get(k, 0) != rows.get(k, 0)]
