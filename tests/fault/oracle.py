"""What must be true of a store, found without the program: a copy of its files, read by Python's SQLite,
against what was sent and answered."""
import os
import re
import shutil
import sqlite3

import hours

NUMBER = re.compile(r"(?:^|&)req=(\d+)(?:&|$)")
COUNTS = ("clicks", "postbacks", "waiting", "sending", "delivered", "dead", "quarantined", "withdrawn")


class Snapshot:
    """The rows of a store as its files are now; scratch: a folder for the copy."""

    def __init__(self, data, scratch):
        self.rows, self.clicks, self.events = [], [], []
        self.counts = self.index = None  # index: postbacks in its runs, runs that were merged
        self.hours, self.counted = {}, {}  # counts by the hour: as they are kept, and of the rows
        self.sound = "ok"
        base = os.path.join(data, "clickbaton.db")
        copy = os.path.join(scratch, "copy.db")
        if not os.path.exists(base):
            return  # it was never begun
        for tail in ("", "-wal", "-journal"):
            if os.path.exists(base + tail):
                shutil.copyfile(base + tail, copy + tail)
        db = sqlite3.connect(copy)
        try:
            self._read(db)
        except sqlite3.DatabaseError as e:
            self.sound = "%s: %s" % (type(e).__name__, e)
        finally:
            db.close()
            for tail in ("", "-wal", "-shm", "-journal"):
                if os.path.exists(copy + tail):
                    os.unlink(copy + tail)

    def _read(self, db):
        self.sound = db.execute("PRAGMA quick_check").fetchone()[0]
        if not db.execute("SELECT 1 FROM pragma_table_info('counts') WHERE name = 'withdrawn'").fetchall():
            return  # it died while it made its tables
        self.rows = db.execute("SELECT id, params, click_id, verdict, code FROM conversions").fetchall()
        self.clicks = db.execute("SELECT click_id, ttclid FROM clicks").fetchall()
        self.events = db.execute("SELECT id, postback, event_id, event, state, pixel FROM ledger").fetchall()
        self.counts = db.execute("SELECT %s FROM counts" % ", ".join(COUNTS)).fetchone()
        if db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'hours'").fetchall():
            self.hours, self.counted = hours.told(db), hours.counted(db)
        self.index = db.execute("SELECT postbacks, (SELECT count(*) FROM runs WHERE level > 0) FROM indexed").fetchone()

    def sending(self):
        return [e[2] for e in self.events if e[4] == "sending"]

    def delivered(self):
        return {e[2] for e in self.events if e[4] == "delivered"}


def problems_of(snap, script, delivered):
    """Sentences, sorted by word: lost, doubled, nobody's, wrong.  delivered: ids that were before."""
    if snap.sound != "ok":
        return [("lost", "the store is damaged: %s" % snap.sound)]
    return _postbacks(snap, script) + _clicks(snap, script) + _events(snap, script, delivered) + _counts(snap)


def _postbacks(snap, script):
    out, by_number = [], {}
    for row in snap.rows:
        found = NUMBER.search(row[1] or "")
        number = int(found.group(1)) if found else -1
        if not 0 <= number < len(script.sent) or script.sent[number].id != row[2]:
            out.append(("nobody's", "a postback that nobody sent: %r" % (row,)))
        elif number in by_number:
            out.append(("doubled", "request %d is there twice" % number))
        by_number[number] = row
    queued = {e[1]: e[2] for e in snap.events}
    for r in script.sent:
        if r.kind == "click" or r.status != 200:
            continue
        row = by_number.get(r.number)
        if row is None:
            out.append(("lost", "postback %d (%s, answered 200 %s) is not there" % (r.number, r.id, r.verdict)))
        elif r.verdict and (row[3], row[4]) != (r.verdict, r.code):
            out.append(("wrong", "postback %d was answered %s %s, stored is %s %s"
                        % (r.number, r.verdict, r.code, row[3], row[4])))
        elif row[3] == "queued" and queued.get(row[0]) != r.id:
            out.append(("lost", "postback %d is queued and has no event" % r.number))
    return out + _answers(script)


EXPECTED = {"sale": "queued", "repeat": "duplicate", "ignored": "ignored", "bad": "quarantined", "by-click": "queued"}


def _answers(script):
    """Each answer is the one that this request must get, whatever was killed before it."""
    return [("wrong", "%s %d (%s) was answered %s %s" % (r.kind, r.number, r.id, r.verdict, r.code))
            for r in script.sent if r.verdict and r.verdict != EXPECTED[r.kind]] + [
        ("wrong", "%s %d was answered %d" % (r.kind, r.number, r.status)) for r in script.sent
        if r.status not in (None, 204 if r.kind == "click" else 200, 503)]


def _clicks(snap, script):
    there = dict(snap.clicks)
    sent = {r.id: r.ttclid for r in script.sent if r.kind == "click"}
    out = [("lost", "click %s (answered 204) is not there" % r.id) for r in script.sent
           if r.kind == "click" and r.status == 204 and there.get(r.id) != r.ttclid]
    out += [("nobody's", "a click that nobody sent: %r" % (c,)) for c in snap.clicks if sent.get(c[0]) != c[1]]
    if len(there) != len(snap.clicks):
        out.append(("doubled", "a click is there twice"))
    return out


def _events(snap, script, delivered):
    out, seen = [], set()
    sent = {r.id for r in script.sent if r.kind in ("sale", "by-click")}
    postbacks = {row[0]: row for row in snap.rows}
    for _, postback, event_id, event, state, pixel in snap.events:
        row = postbacks.get(postback)
        if event_id not in sent:
            out.append(("nobody's", "an event that nobody sent: %s" % event_id))
        if (event_id, event, pixel) in seen:
            out.append(("doubled", "event %s is there twice" % event_id))
        seen.add((event_id, event, pixel))
        if row is None or row[3] != "queued" or row[2] != event_id:
            out.append(("wrong", "event %s belongs to postback %r" % (event_id, row)))
        if state not in ("waiting", "sending", "delivered"):
            out.append(("lost", "event %s is %s" % (event_id, state)))
    out += [("lost", "event %s was delivered, and the store has forgotten it" % id)
            for id in sorted(delivered - snap.delivered())]
    return out


def _counts(snap):
    """The counts that are kept are those of the rows."""
    if snap.counts is None:
        return []
    states = [e[4] for e in snap.events]
    want = (len(snap.clicks), len(snap.rows), states.count("waiting"), states.count("sending"),
            states.count("delivered"), states.count("dead"),
            [r[3] for r in snap.rows].count("quarantined"), states.count("withdrawn"))
    out = [] if want == snap.counts else [("wrong", "counts are %s, rows %s" % (snap.counts, want))]
    return out + [("wrong", sentence) for sentence in hours.differ(snap.hours, snap.counted)]


def deliveries(snap, got, script, unknown, before=frozenset()):
    """The sandbox's events against the store's at the end, when nothing waits.  unknown: how often an event
    was on its way when the server died, by id: so often it may have come once more.  before: ids that were
    delivered before the sandbox began."""
    out, seen = [], set()
    want = {r.id: r for r in script.sent if r.kind in ("sale", "by-click")}
    for e in got:
        id = e["event_id"]
        r = want.get(id)
        if r is None or id in seen:
            out.append(("nobody's" if r is None else "doubled", "the sandbox has %s" % id))
            continue
        seen.add(id)
        if e["user"].get("ttclid") != r.ttclid:
            out.append(("wrong", "%s came with ttclid %s, not %s" % (id, e["user"].get("ttclid"), r.ttclid)))
        if round(e["properties"]["value"] * 100) != r.cents:
            out.append(("wrong", "%s came with value %s, not %d cents" % (id, e["properties"]["value"], r.cents)))
        if e["merged"] + e["dropped"] > unknown.get(id, 0):
            out.append(("doubled", "%s came %d times, though its outcome was unknown only %d times"
                        % (id, 1 + e["merged"] + e["dropped"], unknown.get(id, 0))))
    stored = {e[2] for e in snap.events} - before
    out += [("lost", "%s is in the store and never came to the sandbox" % id) for id in sorted(stored - seen)]
    out += [("nobody's", "%s came to the sandbox and is not in the store" % id) for id in sorted(seen - stored)]
    return out
