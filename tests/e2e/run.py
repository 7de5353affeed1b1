"""Runs every end-to-end test file, two at a time, and sums up.  CLICKBATON names the program."""
import concurrent.futures
import glob
import os
import re
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SECONDS = 600  # a file that takes longer hangs


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
    files = sorted(glob.glob(os.path.join(HERE, "[0-9][0-9]-*.py")))
    passed = failed = 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
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
