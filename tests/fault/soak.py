"""A long life at half the maximum rate: flat memory, open files, threads and p99.  soak.py, with in the environment

    HOURS=2    how long (0.05 by default)
    RATE=n     postbacks a second; by default half of what this machine takes, measured first for some seconds,
               or less if the disk has no room for that many (then it says so)

A sandbox takes the events meanwhile.  Every minute (or tenth of the run) a line; at the end the last quarter is held
against the second one: memory by its slope as well, what is open as it is, p99 by its median.  Every postback must
be answered 200, and every event be delivered once."""
import os
import statistics
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from harness import *

LOADER = os.path.join(os.path.dirname(BINARY), "bench", "bench_load")
HOURS = float(os.environ.get("HOURS", "0.05"))
CONNECTIONS = 64
BYTES_AN_EVENT = 2       # of memory: the filters of the index grow with what it holds
BYTES_A_POSTBACK = 1600  # of disk, its index and its ledger row included, measured
TEMPLATE = "/postback/nutra-de?key=" + KEY + "&subid=@&external_id=E.C.P.@&status=sale&payout=12.50&currency=usd&tid=t@"


def load(port, rate, seconds, prefix):
    """(sent, good, {percentile: ms}) of a constant rate."""
    p = subprocess.run([LOADER, str(port), str(rate), str(seconds), str(CONNECTIONS), TEMPLATE, prefix],
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    found = re.search(r"^load (\d+) (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)$", p.stdout, re.M)
    if not found:
        raise RuntimeError("bench_load: " + short(p.stdout + p.stderr))
    sent, good, p50, p90, p99, p999, most = map(int, found.groups())
    return sent, good, {"p50": p50 / 1000, "p99": p99 / 1000, "p999": p999 / 1000, "max": most / 1000}


def most_it_takes(port):
    """Postbacks a second: a rate out of reach, as fast as they are answered."""
    start, n = time.monotonic(), 30000
    load(port, n, 1, "warm")
    start = time.monotonic()
    load(port, 3 * n, 1, "most")
    return 3 * n / (time.monotonic() - start)


def rate_for(port, folder, seconds):
    if "RATE" in os.environ:
        return int(os.environ["RATE"])
    half = most_it_takes(port) / 2
    room = os.statvfs(folder.path)
    room = room.f_bavail * room.f_frsize / 2 / BYTES_A_POSTBACK / seconds
    say("# half of the most is %d postbacks a second" % half + (
        "; the disk has room for %d" % room if room < half else ""))
    return int(min(half, room))


def held(pid):
    with open("/proc/%d/status" % pid) as f:
        memory = int(re.search(r"^RssAnon:\s*(\d+) kB", f.read(), re.M).group(1)) / 1024
    return {"memory": memory, "files": len(os.listdir("/proc/%d/fd" % pid)),
            "threads": len(os.listdir("/proc/%d/task" % pid))}


def slope(values):
    """Of the least squares' line: per step."""
    n, mean = len(values), statistics.fmean(values)
    middle = (n - 1) / 2
    return sum((i - middle) * (v - mean) for i, v in enumerate(values)) / max(sum((i - middle) ** 2 for i in range(n)), 1)


def verdict(lines, a_step):
    """The last quarter against the second; a_step: events of one step."""
    quarter = max(len(lines) // 4, 1)
    early, late = lines[quarter:2 * quarter], lines[-quarter:]

    def medians(what):
        return statistics.median(x[what] for x in early), statistics.median(x[what] for x in late)
    was, now = medians("memory")
    half = [x["memory"] for x in lines[len(lines) // 2:]]
    index = BYTES_AN_EVENT * a_step * len(half) / 1e6  # half a run lies between the two quarters' middles
    grows = slope(half) * len(half)
    true("memory is flat: %.1f MB in the second quarter, %.1f MB in the last, %.2f MB by the slope of the last half, "
         "of which the index may have %.1f MB" % (was, now, grows, index),
         now - index <= was * 1.1 + 4 and grows - index <= now * 0.1 + 4)
    for what in ("files", "threads"):
        was, now = medians(what)
        equal("%s in the last quarter as in the second" % what, now, was)
    was, now = medians("p99")
    true("p99 is flat: %.2f ms in the second quarter, %.2f ms in the last" % (was, now), now <= was * 1.5 + 2)


def steps(seconds):
    """Of a minute; of a tenth of a shorter run, in whole seconds."""
    step = int(min(60, max(seconds / 20, 1)))
    return step, max(int(seconds / step), 8)


@part
def soak():
    seconds = HOURS * 3600
    sandbox = Sandbox()
    folder = Folder(sandbox.endpoint)
    serve = Serve(folder)
    rate, (step, count) = rate_for(serve.port, folder, seconds), steps(seconds)
    say("# %d postbacks a second for %d times %d s" % (rate, count, step))
    lines, sent_all, start = [], 0, time.monotonic()

    def outbox():
        o = serve.ready()[1]["outbox"]
        return o if o["waiting"] + o["sending"] == 0 else None
    wait_until("the outbox to be empty", outbox, 120, 0.2)
    time.sleep(2.5)  # it counts once a second
    before = wait_until("the outbox to be empty", outbox)["delivered"]
    for n in range(count):
        sent, answered, times = load(serve.port, rate, step, "s%d-" % n)
        sent_all += sent
        if sent != answered:
            bad("step %d" % n, "%d of %d were answered 200" % (answered, sent))
        time.sleep(0.3)  # its connections are gone
        lines.append({**times, **held(serve.pid)})
        say("# %5d s: %.1f MB, %d files, %d threads, p50 %.2f p99 %.2f p99.9 %.2f max %.1f ms, sandbox %.1f MB"
            % (time.monotonic() - start, *(lines[-1][k] for k in ("memory", "files", "threads", "p50", "p99", "p999", "max")),
               held(sandbox.pid)["memory"]))
    good("%d postbacks, all answered 200" % sent_all)
    verdict(lines, rate * step)
    wait_until("the outbox to be empty", outbox, 300, 0.2)
    time.sleep(2.5)
    o = wait_until("the outbox to be empty", outbox)
    equal("all of them delivered", (o["delivered"] - before, o["dead"]), (sent_all, 0))
    equal("exit 0", serve.stop(60), 0)


if __name__ == "__main__":
    main()
