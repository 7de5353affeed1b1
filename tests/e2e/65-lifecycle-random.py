"""Random lives of conversions through a server, with group commits, parallel connections and a SIGKILL in the middle,
against a model that was written from docs/lifecycle.md.  The order of the store's rows is the order in which they
happened; the model is given them in that order and must come to the same verdicts, codes, warnings and events.
LIFE_CLICKS=12000 LIFE_SEED=7: more of them, others."""
import random

from harness import *

CLICKS = int(os.environ.get("LIFE_CLICKS", "400"))
SEED = int(os.environ.get("LIFE_SEED", "20261126"))
CASES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cases", "lifecycle")
BACK = ("rejected", "refund", "chargeback")

# What the mappings of tests/cases/lifecycle say.  events: stage -> [(event, repeatable, value)], None: no rule,
# [] ignored.  after: `transitions:`.
KEITARO = dict(lead="lead", reg="lead", hold="lead", sale="sale", approved="sale", paid="sale", rebill="rebill",
               rejected="rejected", trash="rejected", refund="refund", chargeback="chargeback")
LEAD, SALE = ("Lead", False, "fixed"), ("Purchase", False, "payout")
MORE = ("Purchase", True, "payout")
OFFERS = {
    "plain": dict(words=KEITARO, after={}, events=dict(lead=[LEAD], sale=[SALE], rebill=[MORE], rejected=[])),
    "strict": dict(words=dict(KEITARO, hold="hold"),
                   after=dict(lead=["new"], hold=["new", "lead"], sale=["new", "lead", "hold"], rebill=["sale"],
                              rejected=["new", "lead", "hold", "sale", "rebill"], refund=["sale", "rebill"],
                              chargeback=["sale", "rebill", "refund"]),
                   events=dict(lead=[LEAD], hold=[], sale=[SALE], rebill=[MORE], rejected=[])),
    "upsell": dict(words=KEITARO, after={}, events=dict(lead=[LEAD], sale=[MORE], rejected=[])),
    "casino": dict(words=dict(KEITARO, reg="registration", hold="hold", trial="trial", paid="paid", dep="deposit"),
                   after=dict(sale=["lead", "hold", "registration"]),
                   events=dict(registration=[("CompleteRegistration", False, None)], hold=[], sale=[SALE],
                               deposit=[MORE], trial=[("StartTrial", False, None)],
                               paid=[("Subscribe", False, "payout")], lead=[LEAD])),
    "refunds": dict(words=KEITARO, after={}, events=dict(sale=[SALE], refund=[("Refund", True, None)],
                                                          chargeback=[("Chargeback", False, None)])),
    "twins": dict(words=dict(KEITARO, dep="deposit"), after={}, events=dict(sale=[SALE], deposit=[SALE])),
}


class Click:
    """One click of one offer: what docs/lifecycle.md makes of each of its postbacks."""

    def __init__(self, offer, id):
        self.o, self.id, self.all, self.sent = OFFERS[offer], id, [], {}
        self.plain = {}  # of events that have an id of their own: the one they would have without

    @property
    def rows(self):
        return self.all[-100:]  # older ones are not looked at

    def repeatable(self, stage):
        return any(r for _, r, _ in self.o["events"].get(stage) or [])

    def transactions(self):
        return {r["tid"] for r in self.rows if r["verdict"] == "queued" and r["tid"] and self.repeatable(r["stage"])}

    def moved(self):
        return [r for r in self.rows if r["verdict"] != "quarantined" and r["code"] not in ("I005", "I007")]

    def alone(self, stage, tid):
        return tid != "" and (self.repeatable(stage) or tid in self.transactions())

    def last(self, stage, tid):
        if self.alone(stage, tid):
            rows = [r for r in self.moved() if r["tid"] == tid]
        else:
            rows = [r for r in self.moved() if r["tid"] not in self.transactions()]
        return rows[-1] if rows else None

    def refused(self, stage, tid):
        allowed = self.o["after"].get(stage)
        if allowed is None:
            return None
        last = self.last(stage, tid)
        if last is None and self.alone(stage, tid):  # a new transaction
            ends = {r["tid"] if r["tid"] in self.transactions() else "": r["stage"] for r in self.moved()}
            if ends:
                return None if set(ends.values()) & set(allowed) else "I005"
        if last is None:
            return None if "new" in allowed else "I007"
        return None if last["stage"] == stage or last["stage"] in allowed else "I005"

    def taken_back(self, stage, tid):
        if stage not in BACK:
            return False
        rows = [r for r in self.rows if r["verdict"] == "queued" and r["stage"] not in BACK]
        if tid in self.transactions():
            return any(r["tid"] == tid for r in rows)
        return any(r["tid"] not in self.transactions() for r in rows)

    def difference(self, p, stage, event, repeatable, first, at):
        """The weightiest; when the first is out of sight, none."""
        if first["n"] < self.rows[0]["n"]:
            other = [r for r in self.rows if p["tid"] and r["tid"] == p["tid"] and r["verdict"] == "queued" and
                     any(e == event and r2 != repeatable for e, r2, _ in self.o["events"].get(r["stage"]) or [])]
            if not other:
                return "D001"
            first = other[-1]
        other = first["repeatable"] != repeatable
        if other:
            return "D005"
        if not repeatable and first["tid"] and p["tid"] and first["tid"] != p["tid"]:
            return "D003"
        if p["payout"] and (not first["payout"] or float(first["payout"]) != float(p["payout"])):
            return "D002"
        last = self.last(stage, p["tid"])
        if last and last["n"] > first["n"] and last["stage"] != stage:
            return "D004"
        if p["tid"] and not first["tid"]:
            return "D006"
        if first["stage"] != stage or first["word"] != p["word"]:
            return "D007"
        return "D008" if at - first["at"] > 48 * 3600 else "D001"

    def postback(self, p, n, at):
        """(verdict, code, warned, [new events])"""
        stage = self.o["words"][p["word"]]
        row = dict(p, stage=stage, n=n, at=at, code="", verdict="queued")
        out = self.decide(p, row, stage, at)
        row["verdict"], row["code"] = out[0], out[1]
        self.all.append(row)
        return out

    def decide(self, p, row, stage, at):
        refused = self.refused(stage, p["tid"])
        rules = self.o["events"].get(stage)
        if refused:
            return "ignored", refused, False, []
        if not rules:
            code = "I006" if self.taken_back(stage, p["tid"]) else "I002" if rules is None else "I001"
            return "ignored", code, False, []
        (event, repeatable, value), = rules
        if repeatable and not p["tid"]:
            return "quarantined", "Q010", False, []
        last = self.last(stage, p["tid"])
        tail = "." + p["tid"]
        ids = [p["own"], self.id] if p["own"] else [self.id]  # the second: as it came before without
        keys = [(event, id + tail if repeatable else id) for id in ids]
        twins = any(e == event and r != repeatable for rs in self.o["events"].values() for e, r, _ in rs or [])
        if twins and p["tid"]:  # one transaction is one event
            if not repeatable:
                keys += [(event, id + tail) for id in ids]
            else:
                same = [r for r in self.sent.values() if not r["repeatable"] and r["event"] == event and
                        r["tid"] == p["tid"] and r["n"] >= self.rows[0]["n"]]
                keys += [(event, r["own"] or self.id) for r in same[-1:]]
        for k in keys:
            first = self.sent.get(k) or (None if p["own"] else self.plain.get(k))
            if first:
                return "duplicate", self.difference(p, stage, event, repeatable, first, at), False, []
        row.update(repeatable=repeatable, event=event)
        self.sent[keys[0]] = row
        if p["own"]:
            self.plain.setdefault((event, self.id + tail if repeatable else self.id), row)
        warned = bool(last) and last["stage"] in BACK and stage not in BACK
        amount = p["payout"] if value == "payout" else "10" if value == "fixed" else ""
        return "queued", "", warned, [(event, keys[0][1], amount)]


class Fire:
    """Postbacks of all clicks in random order on several kept connections."""

    def __init__(self, rng, clicks):
        self.rng, self.lock, self.answered, self.n = rng, threading.Lock(), [], 0
        self.lives = []
        for i, (offer, id) in enumerate(clicks):
            words = list(OFFERS[offer]["words"])
            common = [w for w in words if OFFERS[offer]["events"].get(OFFERS[offer]["words"][w]) is not None]
            self.lives.append((offer, id, words, common))

    def next(self):
        with self.lock:
            offer, id, words, common = self.rng.choice(self.lives)
            word = self.rng.choice(common if self.rng.random() < 0.7 else words)
            tid = self.rng.choice(["", "1", "1", "2", "3"])
            payout = self.rng.choice(["", "5", "5", "5.00", "7"])
            own = self.rng.choice(["", "", "", "a-", "b-"]) if id.endswith("5") else ""
            self.n += 1
            return self.n, "/postback/%s?key=%s&subid=%s&ttclid=T.%s&status=%s%s%s%s&n=%d" % (
                offer, KEY, id, id, word, "&tid=" + tid if tid else "", "&payout=" + payout if payout else "",
                "&event_id=" + own + id if own else "", self.n)

    def run(self, port, count, connections, kill=None):
        """kill: called once, in the middle."""
        left = [count]

        def work():
            c = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            while True:
                with self.lock:
                    left[0] -= 1
                    if left[0] < 0:
                        return
                    dead = kill and left[0] == count // 2
                if dead:
                    kill()
                n, target = self.next()
                try:
                    if ask(c, "GET", target).status == 200:
                        with self.lock:
                            self.answered.append(n)
                except (OSError, http.client.HTTPException):
                    if kill:
                        return
                    raise

        threads = [threading.Thread(target=work) for _ in range(connections)]
        for t in threads:
            t.start()
        for t in threads:
            t.join(300)


def parsed(params):
    q = dict(urllib.parse.parse_qsl(params))
    return dict(word=q["status"], tid=q.get("tid", ""), payout=q.get("payout", ""), own=q.get("event_id", ""),
                n=int(q["n"]))


def described(events):
    return sorted((e["event"], e["event_id"], "%g" % e["properties"]["value"] if "value" in e.get("properties", {})
                   else "", e["user"]["ttclid"][2:]) for e in events)


def compare(f, sandbox, answered):
    rows = f.rows("SELECT c.id, p.at / 1000 AS at, c.offer, c.click_id, c.verdict, c.code, c.params, c.warnings "
                  "FROM conversions c JOIN postbacks p ON p.id = c.id ORDER BY c.id")
    clicks, wrong, sent, seen = {}, [], [], set()
    for r in rows:
        p = parsed(r["params"])
        seen.add(p["n"])
        click = clicks.setdefault((r["offer"], r["click_id"]), Click(r["offer"], r["click_id"]))
        verdict, code, warned, events = click.postback(p, r["id"], r["at"])
        sent += [(e, id, "%g" % float(a) if a else "", r["click_id"]) for e, id, a in events]
        got = (r["verdict"], r["code"] or "", "W074" in (r["warnings"] or ""))
        if verdict == "duplicate" and any(x["own"] for x in click.all):  # which of several is named as the first?
            code = got[1] if got[1].startswith("D") else code
        if got != (verdict, code, warned):
            wrong.append((got, (verdict, code, warned), r["offer"], r["click_id"], [
                (x["word"], x["tid"], x["payout"], x["verdict"], x["code"]) for x in click.rows]))
    equal("%d postbacks of %d clicks: verdicts, codes, warnings" % (len(rows), len(clicks)), wrong[:3], [])
    equal("every answered postback is in the store", sorted(set(answered) - seen), [])
    wait_until("the deliveries", lambda: not f.rows(
        "SELECT 1 FROM ledger WHERE state IN ('waiting', 'sending') LIMIT 1"), 120, 0.1)
    bodies = [json.loads(r["body"]) for r in f.rows("SELECT body FROM ledger WHERE state = 'delivered'")]
    equal("%d events: exactly the model's, each once" % len(sent), described(bodies), sorted(sent))
    equal("and TikTok has them", sandbox.stats()["unique"], len(sent))
    if len(sent) < 5000:  # the sandbox keeps no more
        equal("as they are", described(sandbox.events()), sorted(sent))
    codes = {}
    for r in rows:
        codes[r["code"] or r["verdict"]] = codes.get(r["code"] or r["verdict"], 0) + 1
    say("# seed %d: %s" % (SEED, ", ".join("%s %d" % c for c in sorted(codes.items()))))
    return codes


@part
def random_lives():
    rng = random.Random(SEED)
    sandbox = Sandbox("--fault", "500:0.02,reset-after:0.02", "--seed", str(SEED))
    f = Folder(sandbox.endpoint, offers=())
    os.makedirs(f.at("offers"), exist_ok=True)
    for name in OFFERS:
        with open(os.path.join(CASES, name + ".yaml")) as m:
            f.write("offers/%s.yaml" % name, m.read())
    serve = Serve(f)
    offers = sorted(OFFERS)
    clicks = [(offers[i % len(offers)], "r%d" % i) for i in range(CLICKS)]
    fire = Fire(rng, clicks)
    fire.run(serve.port, CLICKS * 4, 16)
    fire.run(serve.port, CLICKS, 16, kill=serve.kill)
    serve = Serve(f)
    fire.run(serve.port, CLICKS * 4, 16)
    codes = compare(f, sandbox, fire.answered)
    if CLICKS >= 400:
        wanted = {"queued", "D001", "D002", "D003", "D004", "D005", "D006", "D007", "I001", "I002", "I005", "I006",
                  "I007", "Q010"}
        equal("all of them occur", sorted(wanted - set(codes)), [])
    equal("exit 0", serve.stop(), 0)


@part
def one_click_at_once():
    """All connections on one click: whatever the order and the groups, one event."""
    sandbox = Sandbox()
    f = Folder(sandbox.endpoint, offers=())
    os.makedirs(f.at("offers"), exist_ok=True)
    with open(os.path.join(CASES, "plain.yaml")) as m:
        f.write("offers/plain.yaml", m.read())
    serve = Serve(f)
    fire = Fire(random.Random(SEED), [("plain", "crowd")])
    fire.run(serve.port, 600, 32)
    equal("all answered", len(fire.answered), 600)
    compare(f, sandbox, fire.answered)
    equal("exit 0", serve.stop(), 0)


main()
