"""Postbacks and clicks on several kept connections at once, and an exact record of what was answered,
also when the server dies in the middle of it."""
import json
import selectors
import socket
import time

CONNECTIONS = 8


class Request:
    """kind: sale, repeat, ignored, bad, click or by-click.  status: of the answer as far as it was read,
    None: none.  verdict and code: of a whole answer."""

    def __init__(self, number, kind, id, ttclid, cents, target):
        self.number, self.kind, self.id, self.ttclid, self.cents = number, kind, id, ttclid, cents
        self.target = target
        self.status = self.verdict = self.code = None


class Script:
    """What is sent in one life of a store: requests with numbers and ids of their own."""

    def __init__(self, dice, offer, key):
        self.dice, self.offer, self.key = dice, offer, key
        self.sent = []  # by number
        self.sold, self.clicked = [], []  # answered 200 and queued; answered 204, without a sale yet

    def go_on(self, other):
        """Where another script has ended."""
        self.sent, self.sold, self.clicked = list(other.sent), list(other.sold), list(other.clicked)

    def _add(self, kind, id, ttclid, cents, path, query):
        number = len(self.sent)
        r = Request(number, kind, id, ttclid, cents, "/%s/%s?key=%s&req=%d&subid=%s%s" % (
            path, self.offer, self.key, number, id, query))
        self.sent.append(r)
        return r

    def next(self):
        x = self.dice.random()
        id = "i%d" % len(self.sent)
        ttclid = "E.C.P." + id
        cents = self.dice.randint(1, 50000)
        sale = "&status=sale&payout=%d.%02d&currency=usd" % divmod(cents, 100)
        if x < 0.08 and self.sold:
            old = self.dice.choice(self.sold)
            return self._add("repeat", old.id, old.ttclid, cents, "postback", "&external_id=" + old.ttclid + sale)
        if x < 0.14 and self.clicked:
            click = self.clicked.pop(self.dice.randrange(len(self.clicked)))
            return self._add("by-click", click.id, click.ttclid, cents, "postback", sale)
        if x < 0.22:
            return self._add("click", id, ttclid, 0, "click", "&ttclid=" + ttclid)
        if x < 0.26:
            return self._add("ignored", id, ttclid, 0, "postback", "&external_id=" + ttclid + "&status=rejected")
        if x < 0.30:
            return self._add("bad", id, ttclid, 0, "postback",
                             "&external_id=" + ttclid + "&status=sale&payout=much&currency=usd")
        return self._add("sale", id, ttclid, cents, "postback", "&external_id=" + ttclid + sale)

    def answered(self, r):
        if r.kind == "click" and r.status == 204:
            self.clicked.append(r)
        elif r.kind in ("sale", "by-click") and r.verdict == "queued":
            self.sold.append(r)


class Connection:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=5)
        self.socket.setblocking(False)
        self.request, self.input = None, b""

    def send(self, r):
        self.request, self.input = r, b""
        self.socket.send(("GET %s HTTP/1.1\r\nHost: x\r\nAccept: application/json\r\n\r\n" % r.target).encode())

    def read(self):
        """None: not yet.  True: the answer is whole.  False: the connection has ended."""
        more = self.socket.recv(65536)
        self.input += more
        head, end, body = self.input.partition(b"\r\n\r\n")
        if self.request and b"\r\n" in self.input:
            self.request.status = int(self.input.split(b" ", 2)[1])
        if end:
            length = 0
            for line in head.split(b"\r\n"):
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            if self.request.status == 204 or len(body) >= length:
                if self.request.status == 200:
                    answer = json.loads(body)
                    self.request.verdict, self.request.code = answer.get("verdict"), answer.get("code")
                return True
        return None if more else False


def run(port, script, seconds, most, act=None, act_after=0, least=0):
    """Send for so many seconds at most, or so many requests.  act() is called once, act_after seconds from
    the start and not before `least` answers have come; then what is still to come is read.  Ends early when
    the server does."""
    start, count, live, answers = time.monotonic(), 0, 0, 0
    waiting = selectors.DefaultSelector()

    def feed(c):
        nonlocal count
        if count >= most or time.monotonic() > start + seconds:
            return False
        count += 1
        c.send(script.next())
        return True

    def end(c):
        nonlocal live
        waiting.unregister(c.socket)
        c.socket.close()
        live -= 1

    connections = []
    try:
        for _ in range(CONNECTIONS):
            try:
                connections.append(Connection(port))
            except OSError:
                break
        for c in connections:
            waiting.register(c.socket, selectors.EVENT_READ, c)
            live += 1
        for c in connections:
            try:
                if not feed(c):
                    end(c)
            except OSError:
                end(c)
        while live and time.monotonic() < start + seconds + 10:
            left = act_after - (time.monotonic() - start) if act and answers >= least else 0.5
            for key, _ in waiting.select(max(0, left)):
                c = key.data
                try:
                    done = c.read()
                    if done:
                        answers += 1
                        script.answered(c.request)
                        c.request = None
                        done = None if feed(c) else False
                    if done is False:
                        end(c)
                except OSError:
                    end(c)
            if act and answers >= least and time.monotonic() - start >= act_after:
                act()
                act = None
    finally:
        if act:
            act()
        waiting.close()
        for c in connections:
            c.socket.close()
    return count
