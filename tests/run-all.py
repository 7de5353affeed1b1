#!/usr/bin/env python3
"""make test: every test there is, each part with its time and its processes' CPU time; the last line counts all of them.

Half of the parts wait (for timers, retries, a browser) and half of them compute: they run side by side
in lanes, what computes with lower priority; none of it measures time.  A part's output comes in one
piece when it has ended: everything of a part that failed."""
import os
import re
import signal
import subprocess
import sys
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CORES = len(os.sched_getaffinity(0))
MAKE = [os.environ.get("MAKE", "make"), "--no-print-directory"]
# One build for the sanitizers and the fuzzers; it is clang's, whose warnings are errors there as well.
SANITIZED = ["CC=clang", "BUILD=build-fuzz", "SAN=fuzzer-no-link,address,undefined", "CFLAGS=-O1 -gline-tables-only"]
THREADS = ["BUILD=build-tsan", "SAN=thread", "CFLAGS=-O1"]
LOW = 5  # of those that compute beside those that wait

begin, lock, passed, failed, running, ending = time.monotonic(), threading.Lock(), 0, 0, set(), False
sanitized = threading.Event()  # the sanitizers' build is there, or failed


def counted(out, code):
    """Lines "N passed, N failed" summed; a command without one counts as one test."""
    found = re.findall(r"^(\d+) passed, (\d+) failed$", out, re.M)
    if not found:
        return int(code == 0), int(code != 0)
    p, f = (sum(int(n[i]) for n in found) for i in (0, 1))
    return p, f or int(code != 0)


def part(name, *arguments, nice=0, env=()):
    """make with these arguments."""
    global passed, failed
    if ending:
        return
    start = time.monotonic()
    process = subprocess.Popen(MAKE + list(arguments), cwd=ROOT, env=dict(os.environ, **dict(env)), text=True,
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               errors="replace", preexec_fn=lambda: os.nice(nice))
    running.add(process)
    out = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    running.discard(process)
    p, f = counted(out, process.returncode)
    shown = out if process.returncode else "".join(re.findall(r"^(?:FAILED|ok fuzz).*\n", out, re.M))
    with lock:
        passed, failed = passed + p, failed + f
        now = time.monotonic()
        print("== %s: %d passed, %d failed, %.0f s, %.0f of CPU (%.0f s since the start)\n%s" % (
            name, p, f, now - start, usage.ru_utime + usage.ru_stime, now - begin, shown), end="", flush=True)


def lanes(*functions):
    """All at once, to the end of the last."""
    threads = [threading.Thread(target=f, daemon=True) for f in functions]
    for t in threads:
        t.start()
    for t in threads:
        t.join()


def end(number, frame):
    global ending
    ending = True
    for process in list(running):
        process.terminate()
    sys.exit(128 + number)


# ---- the parts ----

def waiting():
    part("end to end", "e2e", env={"JOBS": "3"})
    part("browser", "web")
    sanitized.wait()
    # Left out: what mostly waits (a courier, scrapers, terminals), and what is about texts, schemas, pages and packages.
    part("sanitizers: end to end", *SANITIZED, "e2e", env={"JOBS": "3", "E2E_SHARE": "8", "LEAVE_OUT": "68 77 79 83-a 85 86 87 89 90 91 92 93 95 96 97 98"})
    part("fuzz, a smoke", "fuzz", "S=4", "SEED=1", nice=LOW)
    part("package", "package")
    part("benchmark, a smoke", "bench", env={"QUICK": "1"})


def computing():
    part("structure", "structure", nice=LOW)
    part("build with clang and the sanitizers", "-j%d" % CORES, "sanitized", nice=LOW)
    sanitized.set()
    # Left out: two that go through years of counts and through many stores, with code that others run here as well.
    part("sanitizers: unit", *SANITIZED, "unit", "WITHOUT=test_alert_days test_store_wear", nice=LOW,
         env={"FEW_ENGINES": "1"})
    part("build with the thread sanitizer", "-j%d" % CORES, *THREADS, "all", nice=LOW)
    part("thread sanitizer: end to end", *THREADS, "e2e", "ONLY=20 40 41 87", nice=LOW)


def checking():
    sanitized.wait()
    part("unit", "-j%d" % CORES, "unit", nice=LOW)
    part("valgrind: unit", "valgrind", nice=LOW, env={"FEW_ENGINES": "1"})


def main():
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    part("build", "-j%d" % CORES, "all")
    lanes(waiting, computing, checking)
    part("demo", "demo")
    print("%d passed, %d failed" % (passed, failed), flush=True)
    return 1 if failed or not passed else 0


sys.exit(main())
