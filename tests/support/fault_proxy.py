"""A TCP proxy between the server and the sandbox that does the wrong thing at a chosen moment.

Each connection and each request takes the next step of a script; after the last all goes through.
Steps of a request are taken from the script of its Access-Token, if that has one, so that every pixel
of one server can have faults of its own.  `log` says what reached the other side and what came back.
It duplicates nothing: a request is passed on once or not at all."""
import json
import os
import re
import socket
import ssl
import struct
import subprocess
import threading
import time
from dataclasses import dataclass, field

# Moments of a connection, then of a request.
ACCEPT, HELLO, HALF_HELLO, GREETED = "accept", "hello", "half-hello", "greeted"
HEAD, BODY, UNTAKEN, TAKEN, ANSWER_HEAD, ANSWER, AFTER = (
    "head", "body", "untaken", "taken", "answer-head", "answer", "after")
OF_CONNECTION = (ACCEPT, HELLO, HALF_HELLO, GREETED)
GARBAGE = b"\x16\x03\x01\x00\x05 this is no HTTP \xff\xfe\x00\r\n\r\n"


@dataclass
class Step:
    """At a moment: stall (for seconds, or until the other side leaves), reset, close, garbage (then
    close), drip (a byte every `seconds`), answer (a reply of its own), pass."""
    at: str = TAKEN
    do: str = "pass"
    status: int = 200
    body: object = b""
    headers: dict = field(default_factory=dict)
    seconds: float = 3600


def answer(status, body=b"", at=UNTAKEN, **headers):
    """A reply of our own in place of the other side's (at=TAKEN: which has taken the request)."""
    return Step(at, "answer", status, body, {k.replace("_", "-"): v for k, v in headers.items()})


def says(code, message="m", status=200, at=UNTAKEN, **headers):
    """A reply in TikTok's form."""
    return answer(status, json.dumps({"code": code, "message": message, "request_id": "r-1"}), at,
                  Content_Type="application/json", **headers)


PASS = Step()


class Proxy:
    def __init__(self, upstream, script=(), scripts=None, tls=None, listening=True):
        """upstream: a port on loopback.  script: steps for whoever comes; scripts: {token: steps, or
        a function of (body, how many requests it has seen) that gives a step}.  tls: an SSLContext."""
        self.upstream, self.tls = upstream, tls
        self.script, self.scripts = list(script), {k: v if callable(v) else list(v)
                                                   for k, v in (scripts or {}).items()}
        self.seen = {}      # token: requests
        self.log = []       # (time, token, step's at, do, ids that were passed on)
        self.connections = 0
        self.lock = threading.Lock()
        self.open = set()
        self.listener = None
        self.ending = False
        self.port = 0
        if listening:
            self.listen()

    # ---- listening ----

    def listen(self, backlog=128):
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(("127.0.0.1", self.port))
        self.port = s.getsockname()[1]
        s.listen(backlog)
        self.listener = s
        threading.Thread(target=self._accept, args=(s,), daemon=True).start()

    def refuse(self):
        """Nobody listens any more, and whoever is connected is cut off; listen() ends it."""
        s, self.listener = self.listener, None
        if s:
            s.shutdown(socket.SHUT_RDWR)
            s.close()
        self.cut()

    def cut(self):
        with self.lock:
            for c in list(self.open):
                reset(c)

    def close(self):
        self.ending = True
        self.refuse()

    def _accept(self, s):
        while not self.ending:
            try:
                c, _ = s.accept()
            except OSError:
                return
            c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.lock:
                self.connections += 1
                self.open.add(c)
            threading.Thread(target=self._serve, args=(c,), daemon=True).start()

    # ---- steps ----

    def _step(self, token=None, body=b""):
        """The next of a connection (token None) or of a request; PASS when that is not at hand."""
        with self.lock:
            script = self.scripts.get(token, self.script)
            if token is not None:
                self.seen[token] = self.seen.get(token, 0) + 1
                if callable(script):
                    return script(body, self.seen[token]) or PASS
            if callable(script) or not script or (script[0].at in OF_CONNECTION) != (token is None):
                return PASS
            return script.pop(0)

    def _serve(self, c):
        try:
            step = self._step()
            c = self._greet(c, step) or c
            while step.do == "pass" and self._one(c):
                pass
        except (OSError, ssl.SSLError, EOFError):
            pass
        finally:
            with self.lock:
                self.open.discard(c)
            try:
                c.close()
            except OSError:
                pass

    def _greet(self, c, step):
        if step.at == ACCEPT and step.do != "pass":
            do(c, step)
            return c
        if not self.tls:
            return c
        if step.at in (HELLO, HALF_HELLO) and step.do != "pass":
            hello = c.recv(65536)
            if step.at == HALF_HELLO:
                flight = server_flight(self.tls, hello)
                c.sendall(flight[:len(flight) // 2])
            do(c, step)
            return c
        with self.lock:
            self.open.discard(c)
        c = self.tls.wrap_socket(c, server_side=True)
        with self.lock:
            self.open.add(c)
        if step.at == GREETED:
            do(c, step)
        return c

    # ---- a request ----

    def _one(self, c):
        """True: the connection goes on."""
        head = b""
        while b"\r\n\r\n" not in head:
            more = c.recv(65536)
            if not more:
                return False
            head += more
        head, _, body = head.partition(b"\r\n\r\n")
        length = int(re.search(rb"(?i)\ncontent-length: *(\d+)", head).group(1))
        token = re.search(rb"(?i)\naccess-token: *(\S*)", head).group(1).decode()
        early = self._early(token)
        if early and early.at == HEAD:
            return self._end(c, early, token, ())
        half = length // 2 if early else length
        while len(body) < half:
            more = c.recv(min(65536, half - len(body)))
            if not more:
                return False
            body += more
        if early:
            return self._end(c, early, token, ())
        step = self._step(token, body)
        return self._whole(c, step, token, head + b"\r\n\r\n" + body, body)

    def _early(self, token):
        """A step that strikes before the whole request is there."""
        with self.lock:
            script = self.scripts.get(token, self.script)
            if callable(script) or not script or script[0].at not in (HEAD, BODY):
                return None
            self.seen[token] = self.seen.get(token, 0) + 1
            return script.pop(0)

    def _whole(self, c, step, token, request, body):
        ids = ()
        reply = b""
        if step.at != UNTAKEN:
            reply = self._pass_on(request)
            ids = tuple(re.findall(rb'"event_id":"([^"]*)"', body))
        if step.at == ANSWER_HEAD:
            c.sendall(reply[:reply.index(b"\r\n\r\n") // 2])
        elif step.at == ANSWER and step.do != "drip":
            c.sendall(reply[:reply.index(b"\r\n\r\n") + 4 + 5])
        elif step.at == AFTER or step.do == "pass":
            c.sendall(reply)
        if step.do == "drip":
            self._note(step, token, ids)
            for i in range(len(reply)):
                c.sendall(reply[i:i + 1])
                time.sleep(step.seconds)
            return True
        if step.do == "pass":
            self._note(step, token, ids)
            return True
        return self._end(c, step, token, ids)

    def _end(self, c, step, token, ids):
        self._note(step, token, ids)
        return do(c, step)

    def _note(self, step, token, ids):
        with self.lock:
            self.log.append((time.monotonic(), token, step.at, step.do, ids))

    def _pass_on(self, request):
        with socket.create_connection(("127.0.0.1", self.upstream), timeout=30) as s:
            s.sendall(request)
            reply = b""
            while True:
                end = reply.find(b"\r\n\r\n")
                if end >= 0:
                    n = int(re.search(rb"(?i)\ncontent-length: *(\d+)", reply[:end]).group(1))
                    if len(reply) >= end + 4 + n:
                        return reply
                more = s.recv(65536)
                if not more:
                    return reply
                reply += more

    # ---- what it saw ----

    def passed_on(self):
        """{event_id: how often the other side got it}"""
        with self.lock:
            out = {}
            for _, _, _, _, ids in self.log:
                for i in ids:
                    out[i.decode()] = out.get(i.decode(), 0) + 1
            return out

    def times(self, token):
        with self.lock:
            return [t for t, k, _, _, _ in self.log if k == token]


def reset(c):
    try:
        c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        c.close() if not isinstance(c, ssl.SSLSocket) else socket.socket(fileno=c.detach()).close()
    except OSError:
        pass


def do(c, step):
    """Carry a step out; True: the connection goes on."""
    if step.do == "stall":
        c.settimeout(step.seconds)
        while c.recv(65536):
            pass
    elif step.do == "reset":
        reset(c)
    elif step.do == "garbage":
        c.sendall(GARBAGE)
    elif step.do == "answer":
        body = step.body if isinstance(step.body, bytes) else step.body.encode()
        head = "HTTP/1.1 %d Scripted\r\n" % step.status
        for k, v in {"Content-Length": len(body), **step.headers}.items():
            head += "%s: %s\r\n" % (k, v) if v is not None else ""
        c.sendall(head.encode() + b"\r\n" + body)
        return "Content-Length" not in step.headers
    elif step.do == "pass":
        return True
    return False


# ---- before accept ----

class Full:
    """A listener that accepts nobody and whose queue is full: connecting takes for ever."""

    def __init__(self):
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.socket.listen(0)
        self.port = self.socket.getsockname()[1]
        self.inside = []
        for _ in range(3):
            s = socket.socket()
            s.setblocking(False)
            s.connect_ex(("127.0.0.1", self.port))
            self.inside.append(s)

    def close(self):
        for s in self.inside + [self.socket]:
            s.close()


# ---- TLS ----

def server_flight(context, hello):
    """What a server answers to a ClientHello."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    incoming.write(hello)
    side = context.wrap_bio(incoming, outgoing, server_side=True)
    try:
        side.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


class Certificates:
    """Made when asked for: an authority of the test's own, and what it signs, in a folder."""

    def __init__(self, folder):
        self.folder = folder
        os.makedirs(folder, exist_ok=True)
        self.ca = self._authority("ca")

    def _run(self, *arguments):
        subprocess.run(("openssl",) + arguments, check=True, cwd=self.folder, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)

    def _authority(self, name):
        self._run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                  "-keyout", name + ".key", "-out", name + ".pem", "-days", "2", "-subj",
                  "/CN=Test authority " + name)
        return os.path.join(self.folder, name + ".pem")

    def server(self, name, san="IP:127.0.0.1,DNS:localhost", ca="ca", days=2, self_signed=False):
        """An SSLContext of a server with such a certificate."""
        self._run("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                  name + ".key", "-out", name + ".csr", "-subj", "/CN=" + name)
        with open(os.path.join(self.folder, name + ".ext"), "w") as f:
            f.write("subjectAltName=%s\n" % san)
        if ca != "ca" and not os.path.exists(os.path.join(self.folder, ca + ".pem")):
            self._authority(ca)
        signer = ("-signkey", name + ".key") if self_signed else (
            "-CA", ca + ".pem", "-CAkey", ca + ".key", "-CAcreateserial")
        self._run("x509", "-req", "-in", name + ".csr", "-out", name + ".pem", "-days", str(days),
                  "-extfile", name + ".ext", *signer)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(os.path.join(self.folder, name + ".pem"),
                                os.path.join(self.folder, name + ".key"))
        return context

    def old_protocol(self, name="old"):
        """A server that speaks TLS 1.1 and nothing newer."""
        context = self.server(name)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
        context.set_ciphers("ALL:@SECLEVEL=0")
        return context
