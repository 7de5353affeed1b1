"""A browser at the inspector: a session, and the live view."""
from harness import *

JSON = {"Content-Type": "application/json"}


class Browser:
    """A session; headers as a browser sends them."""

    def __init__(self, serve, login=True, host=None):
        self.serve, self.cookie, self.host = serve, None, host
        if login:
            equal_quietly("login", self.login({"token": ticket(serve)}).status, 204)

    def ask(self, method, target, body=None, headers=None):
        h = dict(headers or {})
        if self.cookie and "Cookie" not in h:
            h["Cookie"] = self.cookie
        if self.host and "Host" not in h:
            h["Host"] = self.host
        return request(self.serve.admin, method, target, body, h)

    def get(self, target, **headers):
        return self.ask("GET", target, headers=named(headers))

    def json(self, target):
        a = self.get(target)
        if a.status != 200:
            raise RuntimeError("%s: %r" % (target, a))
        return json.loads(a.body)

    def post(self, target, value, headers=JSON):
        return self.ask("POST", target, value if isinstance(value, (str, bytes)) else json.dumps(value), headers)

    def login(self, value, **headers):
        a = self.post("/api/login", value, dict(JSON, **named(headers)))
        if a.status == 204:
            self.set_cookie = a.headers["Set-Cookie"]
            self.cookie = self.set_cookie.split(";")[0]
        return a


def equal_quietly(name, got, want):
    if got != want:
        equal(name, got, want)


def ticket(serve):
    r = run("inspect", "--json", cwd=serve.folder.path)
    return json.loads(r.out)["token"]


class Stream:
    """A live view: its events as they come."""

    def __init__(self, browser, last=None, seconds=20):
        self.browser = browser
        self.c = http.client.HTTPConnection("127.0.0.1", browser.serve.admin, timeout=seconds)
        headers = {"Cookie": browser.cookie, "Accept": "text/event-stream"}
        if last:
            headers["Last-Event-ID"] = last
        self.c.request("GET", "/api/live", headers=headers)
        self.r = self.c.getresponse()
        self.status, self.last, self.end = self.r.status, None, time.monotonic() + 60

    def next(self):
        """(event, data) or None at the end."""
        event, data = "message", None
        while True:
            line = self.r.readline().decode()
            if time.monotonic() > self.end: # a silent stream beats
                raise TimeoutError("the stream says nothing more")
            if not line:
                return None
            line = line.rstrip("\n")
            if line.startswith("event: "):
                event = line[7:]
            elif line.startswith("data: "):
                data = line[6:]
            elif line.startswith("id: "):
                self.last = line[4:]
            elif not line and data is not None:
                return event, json.loads(data)

    def until(self, event, condition=lambda d: True):
        while True:
            got = self.next()
            if got is None:
                raise RuntimeError("the stream has ended")
            if got[0] == event and condition(got[1]):
                return got[1]

    def close(self):
        self.r.close()
        self.c.close()
