"""A day without TikTok, and what comes after: a store full of events that wait, the real server, the
sandbox behind a proxy that counts.

    python3 tests/fault/outage.py [EVENTS]      100,000; `make outage`: 1,000,000

Shows when the server is ready, how much memory it takes, in which order and how fast it drains, and how
long postbacks wait for their answer meanwhile."""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(1, HERE)
from upstream import *  # noqa: E402

FILL = os.path.join(os.path.dirname(BINARY), "tests/fault/outage_fill")
IN_FLIGHT = 4  # requests of a pixel side by side: what may overtake what


class Counter(Proxy):
    """Remembers per request: when, which pixel, which numbers."""

    def __init__(self, *arguments, **more):
        self.requests = []
        super().__init__(*arguments, **more)

    def _whole(self, c, step, token, request, body):
        pixel = re.search(rb'"event_source_id":"([^"]*)"', body[:200]).group(1)
        with self.lock:
            self.requests.append((time.monotonic(), pixel, step.do,
                                  [int(n) for n in re.findall(rb'"event_id":"o-(\d+)"', body)],
                                  body.count(b'"event_id":"live-')))
        if step.do != "pass":
            return do(c, step)
        c.sendall(self._pass_on(request))
        return True


def memory(pid, what):
    with open("/proc/%d/status" % pid) as f:
        return int(re.search(what + r":\s+(\d+) kB", f.read()).group(1)) / 1024


class Visitors:
    """Postbacks at a steady rate meanwhile, and how long each waits for its answer."""

    def __init__(self, serve, rate, connections=2):
        self.serve, self.pause, self.stopping = serve, connections / rate, False
        self.waits, self.other, self.lock, self.n = [], [], threading.Lock(), 0
        self.threads = [threading.Thread(target=self._run, daemon=True) for _ in range(connections)]
        for t in self.threads:
            t.start()

    def _run(self):
        c = http.client.HTTPConnection("127.0.0.1", self.serve.port, timeout=30)
        while not self.stopping:
            with self.lock:
                self.n += 1
                id = "live-%d" % self.n
            start = time.monotonic()
            a = ask(c, "GET", "/postback/nutra-de?key=%s&%s" % (KEY, ONE_PIXEL % (id, id)))
            with self.lock:
                self.waits.append(time.monotonic() - start)
                if a.status != 200:
                    self.other.append(a.status)
            time.sleep(max(0, self.pause - (time.monotonic() - start)))

    def stop(self):
        self.stopping = True
        for t in self.threads:
            t.join(30)
        self.waits.sort()
        return self.n

    def within(self, part):
        return self.waits[int(len(self.waits) * part)] * 1000


def most_in_a_second(times):
    times, most, first = sorted(times), 0, 0
    for i, t in enumerate(times):
        while times[first] <= t - 1:
            first += 1
        most = max(most, i - first + 1)
    return most


def out_of_order(requests):
    """Events that came after younger ones of their pixel, further than what was side by side."""
    by_pixel, wrong = {}, 0
    for _, pixel, _, numbers, _ in requests:
        by_pixel.setdefault(pixel, []).append(numbers)
    for list_ in by_pixel.values():
        highest = []
        for numbers in list_:
            if not numbers:
                continue
            bar = max(highest[:-IN_FLIGHT], default=-1)
            wrong += sum(1 for n in numbers if n < bar)
            highest.append(max(numbers))
    return wrong


def drain(events, pixels, rate, seconds, away=0):
    """away: seconds for which TikTok goes on to answer 503."""
    sandbox = Sandbox()
    over = [0.0]
    counter = Counter(sandbox.port, scripts={TOKEN: lambda body, n: answer(503, "<html>away</html>")
                                             if time.monotonic() < over[0] else None})
    proxies.append(counter)
    names = ["C9OUTAGE%06d" % p for p in range(pixels)]
    f = Folder(url(counter.port), pixels={p: "{token: {file: ./keys/tiktok}}" for p in names})
    f.write("offers/nutra-de.yaml", offer_text("nutra-de", names[0]))
    start = time.monotonic()
    subprocess.run([FILL, f.at("data"), str(events), str(pixels)], check=True)
    filled = time.monotonic() - start
    size = os.path.getsize(f.at("data/clickbaton.db")) / 1e6
    name = "%d events of %d pixels" % (events, pixels)
    over[0] = time.monotonic() + away
    start = time.monotonic()
    serve = Serve(f)
    wait_until("/readyz", lambda: serve.ready()[0] == 200)
    ready = time.monotonic() - start
    visitors = Visitors(serve, rate)
    start = time.monotonic()
    wait_until("%s at the sandbox" % name, lambda: sandbox.stats()["unique"] >= events, seconds, 0.05)
    took = time.monotonic() - start - away
    live = visitors.stop()
    high = memory(serve.pid, "VmHWM")
    wait_until("the rest", lambda: serve.ready()[1]["outbox"] == {
        "waiting": 0, "sending": 0, "delivered": events + live, "dead": 0, "withdrawn": 0}, 60)
    stats = sandbox.stats()
    passed = [r for r in counter.requests if r[2] == "pass"]
    times = [0] * events
    for r in passed:
        for n in r[3]:
            times[n] += 1
    equal(name + ": each arrived once, and so did what came meanwhile",
          (times.count(1), sum(r[4] for r in passed), stats["unique"], stats["merged"] + stats["dropped"]),
          (events, live, events + live, 0))
    equal(name + ": every postback meanwhile was answered 200", visitors.other, [])
    true(name + ": ready within 2 s", ready < 2, ready)
    true(name + ": at most 64 MB", high < 64 or SANITIZED, high)
    most = most_in_a_second([r[0] for r in counter.requests])
    true(name + ": at most 1,000 requests in any second", most <= 1000, most)
    wrong = out_of_order(passed)
    true(name + ": oldest first", wrong == 0, wrong)
    equal(name + ": exit 0", (serve.stop(), sandbox.stop()), (0, 0))
    say("# %s (store %.0f MB, filled in %.1f s): ready after %.2f s; drained in %.1f s by %d requests (%.0f events/s), at "
        "most %d in a second; memory at most %.1f MB; out of order %d; %d postbacks meanwhile answered within %.1f ms "
        "(median), %.1f ms (99 %%), %.1f ms (all)" % (name, size, filled, ready, took, len(passed), events / took, most, high,
        wrong, live, visitors.within(0.5), visitors.within(0.99), visitors.waits[-1] * 1000))
    close_proxies()
    return counter


@part
def a_day():
    drain(EVENTS, 1, 100, 600)


@part
def all_pixels():
    drain(EVENTS, 1000, 100, 600)


@part
def no_storm():
    """1,000 pixels that all find TikTok away: they come back one by one."""
    away = 12
    counter = drain(20000, 1000, 100, 120, away)
    tries = {}
    for t, pixel, what, _, _ in counter.requests:
        if what != "pass":
            tries.setdefault(pixel, []).append(t)
    # 1, 2, 4 and 8 s between tries, each times 0.8 to 1.2
    most = max(len(t) for t in tries.values())
    true("no pixel tried more than five times in %d s" % away, most <= 5, most)
    close = [b - a for t in tries.values() for a, b in zip(t, t[1:]) if b - a < 0.75]
    equal("none sooner than its wait", close, [])
    after = sorted(r[0] for r in counter.requests if r[2] == "pass")
    say("# 1,000 pixels, TikTok away for %d s: %d tries in all; afterwards the first %d requests came within %.1f s" % (
        away, sum(len(t) for t in tries.values()), len(after), after[-1] - after[0]))


EVENTS = 100000

if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1].isdigit():
        EVENTS = int(sys.argv.pop(1))
    parts[:] = [a_day, all_pixels, no_storm]
    main()
