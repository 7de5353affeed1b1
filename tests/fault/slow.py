#!/usr/bin/env python3
"""Clients that misuse the public endpoint, and what a normal postback feels of them.

    slow.py                      every attack against a server of its own, with 10,000 connections
    slow.py -H -c 4000 -l 60     one of them: -H slow heads, -B slow bodies, -X slow reading of answers, -I idle, -K idle after
                                 one answer, -F header floods, -P pipelining, -D half-closed, -N new connections without end
    slow.py -u http://127.0.0.1:8080/postback/nutra-de?key=... -H
                                 the same against a server that runs already (loopback only)

Figures are printed in the manner of slowhttptest: connections that are pending, connected, closed by the server, in error, and whether
the service was available.  A normal postback is sent on a connection of its own every few milliseconds before and during
each attack: p50 and p99 of both, and their ratio.  Only asyncio and the standard library."""
import argparse
import asyncio
import contextlib
import multiprocessing
import os
import resource
import socket
import sys
import time
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "e2e"))


def percentile(values, p):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * p / 100))] if values else float("nan")


def rss_kb(pid):
    with open("/proc/%d/status" % pid) as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmRSS"))


# ---- the normal client: a process of its own, so that it feels the server and not the attacker ----

def probe_main(port, target, pause, pipe):
    """Until told to end: a postback on a new connection, its time in ms; (times, failures) on request."""
    times, failures, n = [], [], 0
    while True:
        if pipe.poll():
            word = pipe.recv()
            pipe.send((times, failures))
            times, failures = [], []
            if word == "end":
                return
        n += 1
        start = time.monotonic()
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=15) as s:
                s.sendall(("GET %s&subid=probe-%d-%d HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
                           % (target, os.getpid(), n)).encode())
                answer = b""
                while more := s.recv(4096):
                    answer += more
            if answer.startswith(b"HTTP/1.1 200"):
                times.append((time.monotonic() - start) * 1000)
            else:
                failures.append(answer[:40])
        except OSError as e:
            failures.append(type(e).__name__)
        time.sleep(pause)


class Probe:
    def __init__(self, port, target, pause=0.005):
        self.pipe, other = multiprocessing.Pipe()
        self.process = multiprocessing.Process(target=probe_main, args=(port, target, pause, other), daemon=True)
        self.process.start()

    def read(self, word="more"):
        self.pipe.send(word)
        return self.pipe.recv()

    def end(self):
        self.read("end")
        self.process.join()


# ---- attackers ----

class Attack:
    """connections clients at rate a second, for seconds; every client does what `one` does."""

    def __init__(self, options, port, target):
        self.o, self.port, self.target = options, port, target
        self.pending = self.connected = self.closed = self.error = self.answered = self.peak = 0
        self.held, self.when_up = [], lambda: None

    async def connect(self):
        self.pending += 1
        try:
            r, w = await asyncio.open_connection("127.0.0.1", self.port, limit=4096)
        except OSError:
            self.error += 1
            raise
        finally:
            self.pending -= 1
        self.connected += 1
        self.count()
        return r, w

    def count(self):
        self.peak = max(self.peak, self.connected)
        if self.peak >= self.o.connections * 0.98:
            self.when_up()
            self.when_up = lambda: None

    async def client(self):
        try:
            r, w = await self.connect()
        except OSError:
            return
        started = time.monotonic()
        try:
            await self.one(r, w)
        except (ConnectionError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
            pass
        finally:
            if time.monotonic() < self.end:
                self.closed += 1
                self.held.append(time.monotonic() - started)
            self.connected -= 1
            with contextlib.suppress(Exception):
                w.close()

    def left(self):
        return self.end - time.monotonic()

    async def drip(self, r, w, piece):
        """A piece every interval, until the server closes."""
        while self.left() > 0:
            w.write(piece())
            await w.drain()
            if await self.gone(r, self.o.interval):
                return

    async def gone(self, r, seconds):
        try:
            data = await asyncio.wait_for(r.read(4096), max(0.01, min(seconds, self.left())))
        except (TimeoutError, asyncio.TimeoutError):
            return False
        self.answered += data.startswith(b"HTTP/1.1")
        return data == b"" or await self.gone(r, seconds)

    async def keep(self):
        """Connections that are closed are replaced, so that the pressure stays."""
        running, step, begun = set(), 0.05, 0
        while self.left() > 0:
            for _ in range(max(1, int(self.o.rate * step))):
                if len(running) >= self.o.connections or (begun >= self.o.connections and not self.o.again):
                    break
                begun += 1
                task = asyncio.ensure_future(self.client())
                running.add(task)
                task.add_done_callback(running.discard)
            await asyncio.sleep(step)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def run(self):
        self.end = time.monotonic() + self.o.seconds
        asyncio.run(self.keep())


class Heads(Attack):
    """-H: a head that never ends."""
    async def one(self, r, w):
        w.write(b"GET %s HTTP/1.1\r\nHost: x\r\n" % self.target.encode())
        await self.drip(r, w, lambda: b"X-%d: y\r\n" % int(time.monotonic() * 1000))


class Bodies(Attack):
    """-B: a body that never ends."""
    async def one(self, r, w):
        w.write(b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                b"Content-Length: 4096\r\n\r\nsubid=" % self.target.encode())
        await self.drip(r, w, lambda: b"y")


class Readers(Attack):
    """-X: many requests in one packet on a connection with a tiny window, answers read byte by byte."""
    async def connect(self):
        self.pending += 1
        s = socket.socket()
        s.setblocking(False)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        try:
            await asyncio.get_event_loop().sock_connect(s, ("127.0.0.1", self.port))
        except OSError:
            self.error += 1
            s.close()
            raise
        finally:
            self.pending -= 1
        self.connected += 1
        self.count()
        return s, s

    async def one(self, s, _):
        s.setblocking(False)
        data = b"GET /lander.js HTTP/1.1\r\nHost: x\r\n\r\n" * 20
        with contextlib.suppress(BlockingIOError):
            s.send(data)
        while self.left() > 0:
            await asyncio.sleep(min(self.o.interval, max(0.01, self.left())))
            try:
                if s.recv(16) == b"":
                    return
            except BlockingIOError:
                pass


class Idle(Attack):
    """-I: connections that say nothing."""
    async def one(self, r, w):
        await self.gone(r, self.o.seconds)


class Kept(Attack):
    """-K: connections that are kept after one answer."""
    async def one(self, r, w):
        w.write(b"GET %s&subid=kept HTTP/1.1\r\nHost: x\r\n\r\n" % self.target.encode())
        await r.readuntil(b"\r\n\r\n")
        self.answered += 1
        await self.gone(r, self.o.seconds)


class Floods(Attack):
    """-F: heads with many, long, folded, NUL and bare LF lines, as fast as they go."""
    kinds = (b"A: b\r\n" * 3000, b"X: " + b"y" * 60000 + b"\r\n", b"X: a\r\n b\r\n", b"X: a\0b\r\n", b"X: a\nY: b\n",
             b"X-%s: y\r\n" % (b"n" * 30000), b"X: \r\r\r\r\n", b": y\r\n" * 500)

    async def one(self, r, w):
        kind = self.kinds[(self.closed + self.pending) % len(self.kinds)]
        w.write(b"GET %s HTTP/1.1\r\nHost: x\r\n%s\r\n" % (self.target.encode(), kind))
        await w.drain()
        data = await r.read(4096)
        self.answered += data.startswith(b"HTTP/1.1")


class Pipes(Attack):
    """-P: hundreds of postbacks in one packet, over and over."""
    async def one(self, r, w):
        request = "GET %s&subid=p%%d HTTP/1.1\r\nHost: x\r\n\r\n" % self.target
        n = 0
        while self.left() > 0:
            w.write("".join(request % (n + i) for i in range(300)).encode())
            n += 300
            await w.drain()
            got = 0
            while got < 300:
                data = await r.read(65536)
                if not data:
                    return
                got += data.count(b"HTTP/1.1 ")
            self.answered += got


class Halves(Attack):
    """-D: clients that close their sending half at once, after a whole head, or within one."""
    async def one(self, r, w):
        n = self.pending + self.closed
        if n % 3 == 1:
            w.write(b"GET %s&subid=half HTTP/1.1\r\nHost: x\r\n\r\n" % self.target.encode())
        elif n % 3 == 2:
            w.write(b"GET %s HTTP/1.1\r\nHo" % self.target.encode())
        await w.drain()
        w.write_eof()
        await self.gone(r, self.o.seconds)


class New(Attack):
    """-N: new connections without end, each closed at once."""
    async def one(self, r, w):
        if self.closed % 2:
            w.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


ATTACKS = {"H": ("slow heads", Heads), "B": ("slow bodies", Bodies), "X": ("slow reading", Readers),
           "I": ("idle from the start", Idle), "K": ("idle after an answer", Kept), "F": ("header floods", Floods),
           "P": ("pipelining", Pipes), "D": ("half-closed", Halves), "N": ("new connections", New)}


def attack_main(letter, options, port, target, pipe):
    wanted = options.connections + 200
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, wanted), hard))
    a = ATTACKS[letter][1](options, port, target)
    a.when_up = lambda: pipe.send("up")
    pipe.send("ready")
    pipe.recv()
    a.run()
    pipe.send({"peak": a.peak, "closed": a.closed, "error": a.error, "answered": a.answered,
               "held": max(a.held) if a.held else 0})


def attack(letter, options, port, target, pid=None, say=print):
    """One attack with the normal postback before and beside it; a dict of figures."""
    name = ATTACKS[letter][0]
    if letter == "P":  # work, not waiting: a few are as much as a processor can do
        options = argparse.Namespace(**dict(vars(options), connections=min(50, options.connections)))
    probe = Probe(port, target)
    time.sleep(options.before)
    calm, calm_failed = probe.read()
    base = rss_kb(pid) if pid else 0
    here, there = multiprocessing.Pipe()
    p = multiprocessing.Process(target=attack_main, args=(letter, options, port, target, there), daemon=True)
    p.start()
    here.recv()
    here.send("go")
    rss, end = base, time.monotonic() + options.seconds
    here.poll(options.seconds * 0.6)  # "up", or as far as it got
    under, failed = [], probe.read()[1]  # latencies of the build-up are not those of the attack
    while time.monotonic() < end:
        time.sleep(0.1)
        rss = max(rss, rss_kb(pid)) if pid else 0
    under, more = probe.read()
    failed += more
    while isinstance(result := here.recv(), str):
        pass
    p.join()
    probe.end()
    result.update(name=name, rss_mb=rss / 1024, base_mb=base / 1024, failed=len(failed) + len(calm_failed),
                  calm=(percentile(calm, 50), percentile(calm, 99)), attacked=(percentile(under, 50), percentile(under, 99)),
                  probes=len(under), why=sorted(set(map(str, failed)))[:3])
    say("%-20s connections %d  connected %d  closed by server %d  error %d  answered %d  longest held %.1f s  service available: %s"
        % (name, options.connections, result["peak"], result["closed"], result["error"], result["answered"], result["held"],
           "YES" if under and not failed else "NO %s" % result["why"]))
    say("%-20s p50 %.2f ms -> %.2f ms (%.1fx)  p99 %.2f ms -> %.2f ms (%.1fx)  of %d postbacks%s"
        % ("", result["calm"][0], result["attacked"][0], result["attacked"][0] / result["calm"][0], result["calm"][1],
           result["attacked"][1], result["attacked"][1] / result["calm"][1], len(under),
           "  memory %.1f MB -> %.1f MB" % (result["base_mb"], result["rss_mb"]) if pid else ""))
    return result


def options_of(argv=()):
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for letter, (name, _) in ATTACKS.items():
        p.add_argument("-" + letter, action="append_const", dest="attacks", const=letter, help=name)
    p.add_argument("-c", dest="connections", type=int, default=10000)
    p.add_argument("-r", dest="rate", type=float, default=2000, help="new connections a second")
    p.add_argument("-i", dest="interval", type=float, default=2, help="seconds between two pieces")
    p.add_argument("-l", dest="seconds", type=float, default=25, help="of each attack")
    p.add_argument("-u", dest="url", help="a postback URL on loopback with its key; default: a server of its own")
    p.add_argument("--before", type=float, default=3, help="seconds of calm before each attack")
    p.add_argument("--once", dest="again", action="store_false", help="connections that were closed are not made again")
    p.add_argument("--limits", default="connections: 12000", help="the own server's `limits:`")
    return p.parse_args(argv)


def main():
    o = options_of(sys.argv[1:])
    if o.url:
        url = urllib.parse.urlsplit(o.url)
        if url.hostname not in ("127.0.0.1", "localhost"):
            sys.exit("slow.py: only loopback addresses")
        port, target, serve = url.port, "%s?%s" % (url.path, url.query), None
    else:
        import harness
        folder = harness.Folder(extra="limits: {%s}\n" % o.limits)
        serve = harness.Serve(folder)
        port, target = serve.port, "/postback/nutra-de?key=%s&ttclid=E.C.P.abc&status=trash" % harness.KEY
    bad = 0
    for letter in o.attacks or ATTACKS:
        result = attack(letter, o, port, target, serve.pid if serve else None)
        bad += result["failed"] > 0
    if serve:
        print("exit code of serve: %s" % serve.stop())
        print(serve.err(), end="")
    print("%d attacks, %d with failures" % (len(o.attacks or ATTACKS), bad))
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
