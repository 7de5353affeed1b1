"""What intake feels while old rows are removed, and while free space goes back to the disk.  sweep.py, with in the environment

ROWS=n RATE=n: a store of ROWS postbacks and events (300,000) of a hundred days ago; a constant load of RATE postbacks a second
(a fifth of what the machine takes, by default) before, while retention removes all of them, and while `store compact`
gives the space back.  Everything is answered 200; the times are printed, for bench/RESULTS.md has the bound."""
import os
import re
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from harness import *
from soak import load, most_it_takes

ROWS = int(os.environ.get("ROWS", "300000"))
ALL = "retention: {clicks: 3000d, ledger: 3000d, ip: 3000d}\n"
STEP = 5  # seconds


def older(folder, days):
    """Its export, so much older; a stream of bytes, since it is large."""
    by = days * 86400
    times = re.compile(r'"(at|created|due)":(\d+)')

    def back(m):
        n = int(m[2])
        return '"%s":%d' % (m[1], n - by * 1000 if n > 10**11 else n - by if n > 10**8 else n)
    p = subprocess.Popen([BINARY, "store", "export", folder.at("data")], stdout=subprocess.PIPE, text=True)
    for line in p.stdout:
        yield times.sub(back, line)
    p.wait()


def filled():
    """A folder with ROWS old conversions, which stay for now."""
    sandbox = Sandbox()
    young = Folder(sandbox.endpoint)
    serve = Serve(young)
    for n in range(0, ROWS, 50000):
        load(serve.port, min(50000, ROWS - n), 1, "old%d-" % n)
    wait_until("delivery", lambda: serve.ready()[1]["outbox"]["delivered"] >= ROWS, 300, 0.5)
    equal("exit 0", serve.stop(), 0)
    old = Folder(sandbox.endpoint, extra=ALL)
    p = subprocess.Popen([BINARY, "store", "import", "-", old.at("data")], stdin=subprocess.PIPE, text=True)
    for line in older(young, 100):
        p.stdin.write(line)
    p.stdin.close()
    equal("%d conversions of a hundred days ago" % ROWS, p.wait(), 0)
    young.remove()
    folders.remove(young)
    return old, sandbox


def during(name, serve, rate, over):
    """Loads of STEP seconds until over() has become true; their percentiles."""
    all_of, sent_all, n = [], 0, 0
    while True:
        last = over()
        sent, answered, times = load(serve.port, rate, STEP, "%s%d-" % (name[:3], n))
        equal("%s: all answered 200" % name, answered, sent)
        all_of.append(times)
        sent_all += sent
        n += 1
        if last:
            break
    worst = {k: max(t[k] for t in all_of) for k in ("p50", "p99", "p999", "max")}
    say("# %s: %d postbacks in %d times %d s; the worst of them: p50 %.2f p99 %.2f p99.9 %.2f max %.1f ms"
        % (name, sent_all, n, STEP, *(worst[k] for k in ("p50", "p99", "p999", "max"))))
    return worst


@part
def sweep():
    folder, sandbox = filled()
    serve = Serve(folder)
    rate = int(os.environ.get("RATE") or most_it_takes(serve.port) / 5)
    say("# %d postbacks a second" % rate)
    wait_until("the outbox to be empty", lambda: serve.ready()[1]["outbox"]["waiting"] == 0, 120, 0.5)
    during("before", serve, rate, lambda n=[0]: n.append(1) or len(n) > 3)
    serve.stop()
    folder.config(sandbox.endpoint)  # 45, 90 and 30 days
    serve = Serve(folder)
    during("retention", serve, rate, lambda: "what is old was removed" in serve.err())
    found = re.search(r"clicks=\d+ postbacks=(\d+) events=(\d+)", serve.err())
    equal("what it removed", found and found.groups(), (str(ROWS), str(ROWS)))
    compact = subprocess.Popen([BINARY, "store", "compact", folder.at("data")], stdout=subprocess.PIPE, text=True)
    during("compact", serve, rate, lambda: compact.poll() is not None)
    equal("compact: exit 0", compact.wait(), 0)
    say("# " + compact.stdout.read().strip().replace("\n", "\n# "))
    equal("exit 0", serve.stop(120), 0)


if __name__ == "__main__":
    main()
