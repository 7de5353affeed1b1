"""make bench-reconcile: `clickbaton reconcile` on ROWS (a million) conversions in a tracker's export, a CRM's and the ledger, with the
time it takes and the most memory it has; the answer is checked.  Needs some 1.6 GB in TMPDIR for a while."""
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time

ROWS = int(os.environ.get("ROWS", "1000000"))
BUILD = os.environ.get("BUILD", "build")


def measured(words, cwd):
    start = time.monotonic()
    p = subprocess.Popen(words, cwd=cwd, stdout=subprocess.PIPE)
    out = p.stdout.read()
    _, status, usage = os.wait4(p.pid, 0)
    return os.waitstatus_to_exitcode(status), out, time.monotonic() - start, usage


def main():
    folder = tempfile.mkdtemp(prefix="clickbaton-reconcile-")
    try:
        start = time.monotonic()
        subprocess.run([os.path.join(BUILD, "bench/fill_ledger"), folder, str(ROWS)], check=True)
        os.makedirs(folder + "/offers")
        with open(folder + "/clickbaton.yaml", "w") as f:
            f.write("version: 1\nlisten: 127.0.0.1:0\nadmin: 127.0.0.1:0\ndata: ./data\noffers: ./offers\nkey: {file: ./key}\n"
                    "tiktok:\n  pixels:\n    C9EXAMPLEPIXEL00: {token: {file: ./key}}\n")
        fd = os.open(folder + "/key", os.O_WRONLY | os.O_CREAT, 0o600)
        os.write(fd, b"k3y-of-the-postbacks-0123456789abcdef\n")
        os.close(fd)
        size = sum(os.path.getsize(folder + "/" + n) for n in ("tracker.csv", "crm.csv", "data/clickbaton.db"))
        print("%d rows each: %.2f GB, filled in %.0f s" % (ROWS, size / 1e9, time.monotonic() - start), flush=True)
        bad = False
        if os.environ.get("COLD"):
            for n in ("tracker.csv", "crm.csv", "data/clickbaton.db"):
                fd = os.open(folder + "/" + n, os.O_RDONLY)
                os.fsync(fd)
                os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
                os.close(fd)
        for what, more in (("tracker and crm", ["--crm", "crm.csv"]), ("tracker alone", [])):
            code, out, took, use = measured([os.path.abspath(os.path.join(BUILD, "clickbaton")), "reconcile", "--tracker", "tracker.csv", "--json"] + more, folder)
            report = json.loads(out)
            got = {(c["of"], c["code"]): c["count"] for c in report["causes"]}
            hundredth = ROWS // 100
            want = {("tracker", "F001"): hundredth, ("tracker", "F016"): hundredth, ("ledger", "F013"): hundredth}
            if more:
                want.update({("crm", "F001"): hundredth, ("crm", "F014"): hundredth})
            bad |= got != want or code != 0
            print("%-16s %5.1f s (%.1f s of CPU, %.2f GB read from disk), %3.0f MB at most, exit %d: %s" % (
                what, took, use.ru_utime + use.ru_stime, use.ru_inblock * 512 / 1e9, use.ru_maxrss / 1024, code, "as it must be" if got == want else "WRONG: %s" % got), flush=True)
        return 1 if bad else 0
    finally:
        shutil.rmtree(folder)


sys.exit(main())
