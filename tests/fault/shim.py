"""The page that crash_shim.c shares with us (crash_shim.h), and how it is loaded."""
import mmap
import os
import struct

KINDS = ("write log", "write db", "write other", "sync log", "sync db", "sync other", "truncate", "create",
         "unlink", "rename", "client", "upstream", "reply")
BEFORE, HALF, AFTER = 1, 2, 3
WHEN = {BEFORE: "before", HALF: "half of", AFTER: "after"}
ALL = (1 << len(KINDS)) - 1
FIELDS = struct.Struct("<IIIIiI%dQ" % len(KINDS))


def mask_of(*names):
    return sum(1 << KINDS.index(n) for n in names)


class Shim:
    """folder: where the page, the journal and the side folder live; on the file system of root."""

    def __init__(self, library, folder, root):
        self.library, self.root = library, root
        self.control, self.journal, self.side = (os.path.join(folder, n) for n in ("control", "journal", "side"))
        os.makedirs(self.side, exist_ok=True)
        with open(self.control, "wb") as f:
            f.write(bytes(FIELDS.size))
        with open(self.control, "r+b") as f:
            self.page = mmap.mmap(f.fileno(), FIELDS.size)

    def environment(self, journal):
        out = {"LD_PRELOAD": self.library, "CRASH_CONTROL": self.control, "CRASH_ROOT": self.root}
        if journal:
            out.update(CRASH_JOURNAL=self.journal, CRASH_SIDE=self.side)
            open(self.journal, "ab").close()
        # The sanitizer wants to be the first library; the second is good enough.
        asan = os.environ.get("ASAN_OPTIONS", "")
        out["ASAN_OPTIONS"] = asan + (":" if asan else "") + "verify_asan_link_order=0"
        return out

    def _put(self, at, value):
        struct.pack_into("<i", self.page, at, value)

    def arm(self, mask, left, when):
        self._put(0, mask)
        self._put(4, when)
        self._put(20, 0)
        self._put(16, left)

    def disarm(self):
        self._put(16, 0)

    def weaken(self, no_sync=False, synchronous=0):
        self._put(8, int(no_sync))
        self._put(12, synchronous)

    def died(self):
        """The kind of call it died at; None: at none."""
        kind = struct.unpack_from("<I", self.page, 20)[0]
        return KINDS[kind - 1] if kind else None

    def seen(self):
        return dict(zip(KINDS, FIELDS.unpack_from(self.page)[6:]))
