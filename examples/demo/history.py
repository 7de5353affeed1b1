"""A week that never was, for `make demo KEEP=1`: an export of a ledger, which `clickbaton store import` makes a store of.

So the inspector's charts, `report` and `trace` have something to show.  The same seed is the same week; it ends
where the demo begins.  As in real weeks: most is delivered at the first try, for an hour TikTok answers 503, one
event is refused, and since this morning the lender behind loan-pl says "buy_button", which no mapping knows.
"""
import datetime, hashlib, heapq, json, math, random, urllib.parse

HOURS, PER_DAY = 7 * 24 - 4, 70  # with its clicks in the seven days that charts and reports show
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
PIXEL = "C9EXAMPLEPIXEL00"
WORD = "buy_button"
OFFERS = {  # tracker, how its postback is written, page, parameters of a lead and of a sale, [payouts], what a lead is worth, does it register clicks
    "nutra-de": ("keitaro", "subid={id}&external_id={clid}", "nutra", "&status=lead&currency=usd&consent=1", "&status=sale&payout={payout}&currency=usd&tid={tx}&consent=1", [22, 24.5, 29], 10, True),
    "sweeps-us": ("bemob", "cid={id}&externalId={clid}", "sweeps-us", None, "&payout={payout}&status=confirm", [2.8, 3.4, 4.2], 2, False),
    "loan-pl": ("binom", "clickid={id}&externalid={clid}", "loan-pl", "&cnv_status=lead", "&payout={payout}&cnv_currency=usd&cnv_status=approved", [7, 11], 5, True),
    "keto-us": ("redtrack", "clickid={id}&ref_id={clid}", "keto-us", None, "&sum={payout}&type=Purchase&status=Approved&order_id={tx}", [19.9, 39.8], 3, False),
}
CONTENT = {"nutra-de": {"content_id": "nutra-de", "content_name": "Nutra DE"}}


def iso(ms):
    return datetime.datetime.fromtimestamp(ms / 1000, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


class Week:
    def __init__(self, now, seed=6):
        self.now, self.dice = int(now * 1000), random.Random(seed)
        self.rows = {"click": [], "postback": [], "attempt": [], "event": []}
        self.later = []  # (ms, postbacks that follow)

    def text(self, n, letters=LETTERS):
        return "".join(self.dice.choices(letters, k=n))

    def add(self, row, **columns):
        made = {"row": row, "id": len(self.rows[row]) + 1, **{k: v for k, v in columns.items() if v not in (None, "")}}
        self.rows[row].append(made)
        return made

    def moments(self):
        """When conversions came, oldest first: few at night, more in the evening, none in the last five minutes."""
        out = []
        for _ in range(HOURS * PER_DAY // 24):
            at = self.now - self.dice.uniform(300, HOURS * 3600) * 1000
            while self.dice.random() > 0.55 + 0.45 * math.sin((at / 3600e3 % 24 - 11) / 24 * 2 * math.pi):
                at = self.now - self.dice.uniform(300, HOURS * 3600) * 1000
            out.append(int(at))
        return sorted(out)

    def attempt(self, at, good=True, status=200, code=0, message="OK"):
        request = datetime.datetime.fromtimestamp(at / 1000, datetime.timezone.utc).strftime("%Y%m%d%H%M%S") + self.text(16, "0123456789ABCDEF")
        took = int(min(4000, self.dice.lognormvariate(4.9, 0.5)))
        return self.add("attempt", at=at, took_ms=took, pixel=PIXEL, http_status=status, code=code, message=message, request_id=request if status == 200 else None)

    def tries(self, at):
        """The requests for an event, and its state: 3 delivered, 4 dead."""
        first = at + self.dice.randint(5, 900)
        if self.slow <= at < self.slow + 3600e3:
            return [self.attempt(first, status=503, code=-1, message="upstream connect error"), self.attempt(first + self.dice.randint(20, 240) * 1000)], 3
        if self.refused and at > self.refused:
            self.refused = None
            return [self.attempt(first, code=40002, message="Invalid value for field 'page.url'")], 4
        return [self.attempt(first)], 3

    def event(self, postback, name, value, original, order):
        offer, at, event_id = postback["offer"], postback["at"], postback["event_id"]
        tries, state = self.tries(at)
        content = {**CONTENT.get(offer, {"content_id": offer}), "quantity": 1, "price": value}
        body = {"event": name, "event_time": at // 1000, "event_id": event_id,
                "user": {"external_id": hashlib.sha256(postback["click_id"].encode()).hexdigest(), "ttclid": postback["ttclid"]},
                "properties": {"currency": "USD", "value": value, "content_type": "product", "contents": [content], **({"order_id": order} if order else {})},
                "page": {"url": f"https://lander.example/{OFFERS[offer][2]}"}}
        micros = lambda v: str(round(v * 1000000))
        return self.add("event", postback=postback["id"], created=at, offer=offer, pixel=PIXEL, event=name, event_id=event_id, click_id=postback["click_id"], ttclid=postback["ttclid"],
                        value_micros=micros(value), currency="USD", original_value_micros=micros(original), original_currency="USD",
                        **({"consent": "granted", "consent_said": '"1"'} if offer == "nutra-de" else {}), plain_id=postback["click_id"] if event_id != postback["click_id"] else None,
                        state=state, due=at, attempts=len(tries), tries=[t["id"] for t in tries], body=json.dumps(body, separators=(",", ":")),
                        **({"note": "40002 " + tries[0]["message"]} if state == 4 else {}))

    def postback(self, at, offer, click_id, ttclid, event_id, stage, words, tx="", **more):
        query = OFFERS[offer][1].format(id=click_id, clid=ttclid) + words
        return self.add("postback", at=at, offer=offer, tracker=OFFERS[offer][0], method="GET", stage=stage, **{"verdict": 1, **more}, click_id=click_id, ttclid=ttclid,
                        event_id=event_id, txid=tx, address="203.0.113.7", params=query)

    def follow(self, at, *what, **more):
        heapq.heappush(self.later, (at, len(self.rows["postback"]), what, more))

    def up_to(self, at):
        while self.later and self.later[0][0] <= at:
            then, _, what, more = heapq.heappop(self.later)
            self.postback(then, *what, **more)

    def conversion(self, at):
        dice = self.dice
        offer = dice.choices(list(OFFERS), [5, 4, 2, 2])[0]
        _, _, page, lead, sale, payouts, worth, registers = OFFERS[offer]
        click_id, ttclid = self.text(14, LETTERS[26:62]), "E.C.P." + self.text(180)
        event_id = click_id
        if registers:
            event_id = "ev-" + self.text(6, "0123456789abcdef")
            self.add("click", offer=offer, at=(at - dice.randint(60, 7200) * 1000) // 1000, keyed=0, click_id=click_id, ttclid=ttclid, event_id=event_id, consent="1",
                     ip="203.0.113.%d" % dice.randint(1, 254), page_url=f"https://lander.example/{page}", user_agent="Mozilla/5.0 (Linux; Android 14; Pixel 8)")
        if lead and dice.random() < 0.6:
            known = self.event(self.postback(at, offer, click_id, ttclid, event_id, "lead", lead), "Lead", worth, worth, "")
            if offer == "nutra-de" and dice.random() < 0.25:
                self.follow(at + 40000, offer, click_id, ttclid, "", "rejected", "&status=trash", verdict=3, code="I006",
                            reason=f'the offer ignores the stage "rejected" (offers/nutra-de.yaml:15); what was sent at "lead" ({iso(known["created"])}) stays: TikTok takes no event back')
            return
        payout, tx = dice.choice(payouts), str(dice.randint(10000, 99999)) if "{tx}" in sale else ""
        words = sale.format(payout="%.2f" % payout, tx=tx)
        value = round(payout * 0.8, 2) if offer == "loan-pl" else payout
        self.event(self.postback(at, offer, click_id, ttclid, event_id, "sale", words, tx), "Purchase", value, payout, tx)
        if dice.random() < 0.07:
            self.follow(at + 30000, offer, click_id, ttclid, event_id, "sale", words, tx, verdict=2, code="D001", reason=f'Purchase with event_id "{event_id}" was accepted before ({iso(at)})')

    def unknown_word(self, at):
        click_id, ttclid = self.text(14, LETTERS[26:62]), "E.C.P." + self.text(180)
        self.postback(at, "loan-pl", click_id, ttclid, click_id, "", f"&cnv_status={WORD}", verdict=4, code="Q002", reason=f'no stage of the mapping lists the word "{WORD}"')

    def export(self):
        self.slow, self.refused = self.now - 52 * 3600e3, self.now - 30 * 3600e3
        strange = [self.now - m * 60000 for m in (290, 205, 130, 64, 21)]
        for at in sorted(self.moments() + strange):
            self.up_to(at)
            (self.unknown_word if at in strange else self.conversion)(at)
        self.up_to(self.now)
        last = {"last_" + k: len(v) for k, v in self.rows.items()}
        newest = max(p["at"] for p in self.rows["postback"])
        yield {"row": "ledger", "version": 1, "newest": iso(newest), "whole": 1, **last, "gone_postback": 0, "gone_attempt": 0}
        for rows in self.rows.values():
            yield from rows
        yield {"row": "end", "clicks": len(self.rows["click"]), "postbacks": len(self.rows["postback"]), "attempts": len(self.rows["attempt"]), "events": len(self.rows["event"])}


def write(path, now):
    with open(path, "w") as f:
        for row in Week(now).export():
            f.write(json.dumps(row, separators=(",", ":")) + "\n")
