"""Runs every end-to-end test file, JOBS (2) at a time, and sums up.  CLICKBATON names the program.

Files named as arguments: those alone (72-follow.py, or 72).  LEAVE_OUT="NN NN": all but these."""
import concurrent.futures
import glob
import os
import re
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SECONDS = 600  # a file that takes longer hangs
# Those that take longest begin first, so that none of them is left alone at the end.
LONG = ("50", "36", "85", "86", "83-a", "87", "89", "92", "77", "63", "67-m", "30", "32", "51", "81", "82", "41-c", "40", "73", "62", "60", "75", "69-t", "72", "74", "65-e", "79")


def run(path):
    """(name, output, passed, failed, seconds)"""
    name, start = os.path.basename(path), time.monotonic()
    p = subprocess.Popen([sys.executable, path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        out, _ = p.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        p.terminate()
        try:
            out, _ = p.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            p.kill()
            out, _ = p.communicate()
        out += "\nFAILED %s: did not end within %d s\n" % (name, SECONDS)
    found = re.findall(r"^(\d+) passed, (\d+) failed$", out, re.M)
    passed, failed = (int(n) for n in found[-1]) if found else (out.count("\nok "), out.count("FAILED "))
    if p.returncode != 0 and failed == 0:
        failed = 1
    return name, out, passed, failed, time.monotonic() - start


def main():
    wanted, leave = tuple(sys.argv[1:]), tuple(os.environ.get("LEAVE_OUT", "").split())
    files = [os.path.basename(p) for p in sorted(glob.glob(os.path.join(HERE, "[0-9][0-9]-*.py")))]
    files = [n for n in files if n.startswith(wanted or n) and not (leave and n.startswith(leave))]
    files.sort(key=lambda n: min([i for i, prefix in enumerate(LONG) if n.startswith(prefix)] or [len(LONG)]))
    files = [os.path.join(HERE, n) for n in files]
    passed = failed = 0
    with concurrent.futures.ThreadPoolExecutor(int(os.environ.get("JOBS", "2"))) as pool:
        for name, out, p, f, seconds in pool.map(run, files):
            print("%s %s: %d checks, %d failed, %.1f s" % ("FAILED" if f else "ok", name, p + f, f, seconds))
            for line in out.split("\n"):
                shown = line.startswith(("FAILED", "# ", "    ")) or (f and not p)
                if shown:
                    print(line)
            sys.stdout.flush()
            passed, failed = passed + p, failed + f
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed or not files else 0


sys.exit(main())
