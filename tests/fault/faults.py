"""The other side of tests/fault/failing_shim.c: what shall fail, and how often it was called."""
import errno
import mmap
import os
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "e2e"))
import harness

# Bits of the shim's enum kind, and with which errno a call of this kind fails.
KINDS = {
    "malloc": (1, errno.ENOMEM), "read": (2, errno.EIO), "write": (4, errno.ENOSPC), "fsync": (8, errno.EIO),
    "open": (16, errno.EMFILE), "connect": (32, errno.ETIMEDOUT), "accept": (64, errno.EMFILE),
    "recv": (128, errno.ECONNRESET), "send": (256, errno.EPIPE), "socket": (512, errno.ENOBUFS),
    "thread": (1024, errno.EAGAIN), "mmap": (2048, errno.ENOMEM), "name": (4096, errno.EROFS),
    "stat": (8192, errno.EIO), "lock": (16384, errno.ENOLCK), "close": (32768, errno.EIO),
    "poll": (65536, errno.ENOMEM), "random": (131072, errno.ENOSYS), "dirsync": (262144, errno.EIO),
}
FIELDS = {"armed": ("I", 0), "kinds": ("I", 4), "at": ("Q", 8), "on": ("I", 16), "error": ("i", 20),
          "count": ("Q", 24), "failed": ("Q", 32), "clock_ns": ("q", 40), "pid": ("i", 48)}
SIZE = 56


def build_shim():
    """Path of the shim; compiled when there is none for this text."""
    out = os.environ.get("FAILING_SHIM") or os.path.join(os.path.dirname(harness.BINARY), "failing_shim.so")
    source = os.path.join(HERE, "failing_shim.c")
    newest = max(os.path.getmtime(os.path.join(HERE, name)) for name in ("failing_shim.c", "wall_clock.h"))
    if not os.path.exists(out) or os.path.getmtime(out) < newest:
        subprocess.run([os.environ.get("CC", "cc"), "-std=gnu11", "-O1", "-g", "-Wall", "-Wextra", "-Werror",
                        "-fPIC", "-shared", "-o", out, source, "-ldl"], check=True)
    return out


class Control:
    """One control file; attributes are its fields."""

    def __init__(self):
        fd, path = tempfile.mkstemp(prefix="clickbaton-fault-")
        os.ftruncate(fd, SIZE)
        object.__setattr__(self, "path", path)
        object.__setattr__(self, "map", mmap.mmap(fd, SIZE))
        os.close(fd)

    def __getattr__(self, name):
        kind, at = FIELDS[name]
        return struct.unpack_from(kind, self.map, at)[0]

    def __setattr__(self, name, value):
        kind, at = FIELDS[name]
        struct.pack_into(kind, self.map, at, value)

    def set(self, kind=None, at=0, on=False, error=None):
        """Fail the at-th call of a kind from now; without a kind nothing is counted."""
        self.armed = 0
        self.count = self.failed = 0
        if kind:
            self.kinds, usual = KINDS[kind]
            self.at, self.on, self.error = at, int(on), usual if error is None else error
            self.armed = 1

    def fresh(self):
        """For another process."""
        self.armed = self.pid = 0
        return self

    def environment(self, trace=None):
        env = dict(os.environ, LD_PRELOAD=build_shim(), FAULT_CONTROL=self.path)
        if trace:
            env["FAULT_TRACE"] = trace
        return env

    def remove(self):
        self.map.close()
        os.unlink(self.path)
