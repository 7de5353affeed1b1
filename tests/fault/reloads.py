"""Reloads under load leak nothing: reloads.py [N [SEED]] (1000 of them).

A server with twenty offers is told to reload again and again (SIGHUP) while postbacks come without a pause; between two
reloads the offers change, one comes and goes, the key is rotated.  What the process has in open files, threads
and memory after a tenth of the reloads it has at the end, too; every postback is answered 200."""
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from harness import *

OFFERS = 20
BYTES_A_RELOAD = 4096  # more than that, on average, is a leak: one catalog of twenty offers takes 100 times as much
SLACK = 2 << 20        # what malloc may keep


class Repeats:
    """The same few postbacks over and over, so that nothing but the reloads can make the server grow."""

    def __init__(self, serve, connections=3):
        self.port, self.stopping, self.answers, self.lock = serve.port, False, {}, threading.Lock()
        self.threads = [threading.Thread(target=self._run, args=(n,), daemon=True) for n in range(connections)]
        for t in self.threads:
            t.start()

    def _run(self, number):
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        n = 0
        while not self.stopping:
            n += 1
            a = ask(c, "GET", "/postback/offer%02d?key=%s&subid=r%d-%d&ttclid=E.C.P.x&status=sale&payout=1&currency=usd"
                    % (n % (OFFERS - 1), KEY, number, n % 50))
            with self.lock:
                self.answers[a.status] = self.answers.get(a.status, 0) + 1
        c.close()

    def stop(self):
        self.stopping = True
        for t in self.threads:
            t.join(60)


def has_now(serve):
    """What the process holds when nobody is connected."""
    def read():
        with open("/proc/%d/status" % serve.pid) as f:
            rss = int(re.search(r"^RssAnon:\s*(\d+) kB", f.read(), re.M).group(1)) << 10
        return {"files": len(os.listdir("/proc/%d/fd" % serve.pid)),
                "threads": len(os.listdir("/proc/%d/task" % serve.pid)), "memory": rss}
    last = read()
    for _ in range(100):  # connections end a moment after their clients
        time.sleep(0.05)
        now = read()
        if (now["files"], now["threads"]) == (last["files"], last["threads"]) and _ >= 4:
            return now
        last = now
    return last


def change(folder, rng, n):
    """Another catalog than before; the offers that are asked for are in all of them."""
    name = "offer%02d" % rng.randrange(OFFERS - 1)
    folder.write("offers/%s.yaml" % name, offer_text(name).replace("max: 500", "max: %d" % (100 + n % 900)))
    last = "offers/offer%02d.yaml" % (OFFERS - 1)
    if n % 2:
        os.unlink(folder.at(last))
    else:
        folder.write(last, offer_text("offer%02d" % (OFFERS - 1)))
    if n % 7 == 3:
        folder.write("offers/broken.yaml", "a: [")
    elif n % 7 == 4:
        os.unlink(folder.at("offers/broken.yaml"))


def reload(serve, count, bad_file):
    """SIGHUP and the line about its end; the log is not read again from its beginning."""
    serve.signal(signal.SIGHUP)
    want = "reload failed" if bad_file else 'msg="reloaded"'

    def look():
        with open(serve.log + ".err", "rb") as f:
            f.seek(count[0])
            text = f.read().decode("utf-8", "replace")
        if want not in text:
            return False
        count[0] += len(text.encode())
        return True
    wait_until("reload", look, 30, 0.002)


def reloads(total, seed=1):
    say("# %d reloads, seed %d" % (total, seed))
    rng = random.Random(seed)
    folder = Folder(offers=["offer%02d" % n for n in range(OFFERS)])
    serve = Serve(folder)
    place, warm, before = [len(serve.err())], max(total // 10, 3), None
    start = time.monotonic()
    for phase in (range(warm), range(warm, total)):
        load = Repeats(serve)
        for n in phase:
            change(folder, rng, n)
            reload(serve, place, n % 7 == 3)
        load.stop()
        equal("%d reloads under load: every answer is 200" % len(phase), set(load.answers), {200})
        now = has_now(serve)
        say("# after %d reloads: %d files, %d threads, %.1f MB; %d postbacks, %.1f s" % (
            phase[-1] + 1, now["files"], now["threads"], now["memory"] / 1e6, sum(load.answers.values()),
            time.monotonic() - start))
        if before:
            for what in ("files", "threads"):
                equal("as many %s as before" % what, now[what], before[what])
            grown = now["memory"] - before["memory"]
            if not SANITIZED:  # those keep what was freed, and look for leaks at the end
                true("no more memory than before", grown <= SLACK + BYTES_A_RELOAD * len(phase), "%d bytes more" % grown)
        before = now
    equal("exit 0", serve.stop(), 0)


def main_of(total, seed):
    @part
    def under_load():
        reloads(total, seed)
    sys.argv[1:] = []
    main()


if __name__ == "__main__":
    main_of(int(sys.argv[1]) if len(sys.argv) > 1 else 1000, int(sys.argv[2]) if len(sys.argv) > 2 else 1)
