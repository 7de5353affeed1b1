"""Is disk.py right?  A program of a few lines writes, truncates and syncs one file at random, and keeps a copy
of what it has synced.  It dies at a call; the disk of a power failure that spares nothing is that copy."""
import os
import random
import shutil
import subprocess
import sys
import tempfile

import disk
import shim as shims

PROGRAM = r"""
import os, random, sys
dice, fd = random.Random(int(sys.argv[2])), os.open(sys.argv[1] + "/disk/x.db", os.O_RDWR | os.O_CREAT, 0o600)
copy = open(sys.argv[1] + "/synced", "wb", buffering=0)
for _ in range(60):
    x = dice.random()
    if x < 0.7:
        os.pwrite(fd, bytes([dice.randrange(256)]) * dice.randint(1, 9000), dice.randint(0, 20000))
    elif x < 0.85:
        os.ftruncate(fd, dice.randint(0, 20000))
    else:
        os.fsync(fd)
        copy.truncate(0)
        os.pwrite(copy.fileno(), os.pread(fd, os.fstat(fd).st_size, 0), 0)
os.kill(os.getpid(), 9)
"""


def read(path):
    with open(path, "rb") as f:
        return f.read()


def wrong(library, seed):
    """What differs for this seed; None: nothing."""
    dice, folder = random.Random(seed), tempfile.mkdtemp(prefix="clickbaton-model-")
    try:
        root = os.path.join(folder, "disk")
        os.mkdir(root)
        shim = shims.Shim(library, folder, root)
        shim.arm(shims.mask_of("write db", "truncate"), dice.randint(2, 60), dice.randint(1, 3))
        subprocess.run([sys.executable, "-c", PROGRAM, folder, str(seed)],
                       env={**os.environ, **shim.environment(True)})
        power = disk.Disk(root, shim.journal, shim.side)
        os.rename(os.path.join(root, "x.db"), os.path.join(shim.side, "x.db"))  # its name is not what is asked
        # What is in the side folder goes with the failure: so by another name, which is the file's still.
        kept = os.path.join(folder, "kept")
        os.link(os.path.join(shim.side, "x.db"), kept)
        power.fail("none", dice)
        got, want = read(kept), read(os.path.join(folder, "synced"))
        return None if got == want else "seed %d, died at %s: %d bytes, synced were %d" % (
            seed, shim.died(), len(got), len(want))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def check(library, seeds):
    """Sentences about what is wrong."""
    return [w for w in (wrong(library, s) for s in seeds) if w]
