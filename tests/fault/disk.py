"""What a power failure leaves of a folder, from the journal that crash_journal.c has kept of it.

On the disk is for certain what an fsync of that file (a name: of its folder) covered.  Of everything
later each piece may be there or not: writes in any order, down to single sectors; names in the order
in which they were made, for that is what file systems with a journal of their own promise."""
import os
import struct

SECTOR = 512
HEADER = struct.Struct("<I4sQQqqIIII")
MAGIC = 0x4a435243
MODES = ("none", "some", "torn", "prefix")


class Record:
    """One change: W write, T truncate, C create, U unlink, R rename; S is a sync."""

    def __init__(self, place, fields, texts):
        (_, op, self.ino, self.other_ino, self.at, self.old_size, *_) = fields
        self.place, self.op = place, op.rstrip(b"\0").decode()
        self.path, self.other = texts[0].decode(), texts[1].decode()
        self.before, self.after = texts[2], texts[3]


def read_journal(path):
    """Its records.  A last one that was cut off by the kill is taken out: its change was not begun."""
    with open(path, "rb") as f:
        data = f.read()
    records, at = [], 0
    while at + HEADER.size <= len(data):
        fields = HEADER.unpack_from(data, at)
        if fields[0] != MAGIC:
            raise ValueError("%s: no record at %d" % (path, at))
        end = at + HEADER.size
        if end + sum(fields[6:]) > len(data):
            break
        texts = []
        for n in fields[6:]:
            texts.append(data[end:end + n])
            end += n
        records.append(Record(at, fields, texts))
        at = end
    if at < len(data):
        os.truncate(path, at)
    return records


# ---- bytes ----

def write_into(content, at, data):
    if data and len(content) < at:
        content.extend(bytes(at - len(content)))
    if data:
        content[at:at + len(data)] = data


def resize(content, size):
    if len(content) > size:
        del content[size:]
    else:
        content.extend(bytes(size - len(content)))


def undo(content, r):
    if r.op == "W":
        write_into(content, r.at, r.before)
        if r.at + len(r.after) > r.old_size:
            resize(content, r.old_size)
    else:
        resize(content, r.old_size)
        write_into(content, min(r.at, r.old_size), r.before)


def redo(content, r, sectors=None):
    """Make the change again; a write of some sectors only when they are given."""
    if r.op == "T":
        resize(content, r.at)
    elif sectors is None:
        write_into(content, r.at, r.after)
    else:
        for start, end in sectors:
            write_into(content, r.at + start, r.after[start:end])


def sectors_of(r, dice):
    """Some of the sectors that a write touches, as ranges within it."""
    out, start = [], 0
    while start < len(r.after):
        end = min(len(r.after), start + SECTOR - (r.at + start) % SECTOR)
        if dice.random() < 0.5:
            out.append((start, end))
        start = end
    return out


def survives(records, mode, dice):
    """(record, sectors or None) of those that reached the disk all the same, in order."""
    if mode == "none":
        return []
    if mode == "prefix":
        n = dice.randint(0, len(records))
        kept = [(r, None) for r in records[:n]]
        if kept and kept[-1][0].op == "W":
            kept[-1] = (kept[-1][0], sectors_of(kept[-1][0], dice))
        return kept
    share = dice.random()
    out = []
    for r in records:
        if dice.random() < share:
            out.append((r, sectors_of(r, dice) if mode == "torn" and r.op == "W" else None))
    return out


# ---- the folder ----

class Disk:
    """root: the folder; journal and side: as the shim was given them."""

    def __init__(self, root, journal, side):
        self.root, self.journal, self.side = root, journal, side
        self.lost = {"writes": 0, "names": 0}

    def trim(self):
        """After a kill: the journal says what was done.  The change of the last record may have been made,
        or not, or (a kill can end a write between two pages) in part."""
        records = read_journal(self.journal)
        path = self._files().get(records[-1].ino) if records and records[-1].op in "WT" else None
        if path is None:
            return
        last = records[-1]
        with open(path, "rb") as f:
            f.seek(last.at)
            done = f.read(len(last.after))
            size = f.seek(0, os.SEEK_END)
        if (last.op == "T" and size == last.at) or (last.op == "W" and done == last.after):
            return
        with open(self.journal, "r+b") as f:
            f.truncate(last.place)
            f.seek(last.place)
            if last.op == "W":
                f.write(HEADER.pack(MAGIC, b"W", last.ino, 0, last.at, last.old_size, 0, 0, len(last.before),
                                    len(done)) + last.before + done)

    def fail(self, mode, dice):
        """Leave in the folder what a power failure leaves.  mode: one of MODES."""
        self.trim()
        records = read_journal(self.journal)
        synced = {}
        for r in records:
            if r.op == "S":
                synced[r.ino] = max(synced.get(r.ino, 0), r.at)
        self._check_complete(records)
        self._contents(records, synced, mode, dice)
        self._names([r for r in records if r.op in "CUR" and r.place >= self._folder_synced(r, synced)],
                    mode, dice)
        for base, _, names in os.walk(self.root):
            for name in names:
                if name.endswith("-shm"):
                    os.unlink(os.path.join(base, name))
        for name in os.listdir(self.side):
            os.unlink(os.path.join(self.side, name))
        os.truncate(self.journal, 0)

    def _folder_synced(self, r, synced):
        """Up to where in the journal the folder of this name is on the disk."""
        folder = os.path.dirname(r.path)
        return synced.get(os.stat(folder).st_ino, 0) if os.path.isdir(folder) else 0

    def _files(self):
        """Every file by its number, also those that have lost their name."""
        out = {}
        for top in (self.side, self.root):
            for base, _, names in os.walk(top):
                for name in names:
                    path = os.path.join(base, name)
                    out[os.lstat(path).st_ino] = path
        return out

    def _check_complete(self, records):
        """The journal knows every change: undone and made again, each file is as it was found."""
        for ino, path in self._files().items():
            mine = [r for r in records if r.op in "WT" and r.ino == ino]
            if not mine:
                continue
            with open(path, "rb") as f:
                found = f.read()
            content = bytearray(found)
            for r in reversed(mine):
                undo(content, r)
            for r in mine:
                redo(content, r)
            if bytes(content) != found:
                raise ValueError("%s: the journal of the shim does not explain its bytes" % path)

    def _contents(self, records, synced, mode, dice):
        for ino, path in self._files().items():
            late = [r for r in records
                    if r.op in "WT" and r.ino == ino and r.place >= synced.get(ino, 0)]
            if not late:
                continue
            with open(path, "r+b") as f:
                content = bytearray(f.read())
                for r in reversed(late):
                    undo(content, r)
                kept = survives(late, mode, dice)
                for r, sectors in kept:
                    redo(content, r, sectors)
                self.lost["writes"] += len(late) - len(kept)
                f.seek(0)
                f.write(content)
                f.truncate()

    def _names(self, late, mode, dice):
        """Undo the last of the names that no sync of their folder covers."""
        keep = 0 if mode == "none" else dice.randint(0, len(late))
        for r in reversed(late[keep:]):
            self.lost["names"] += 1
            kept = os.path.join(self.side, str(r.ino))
            if r.op == "C" and os.path.isdir(r.path):
                for name in os.listdir(r.path):
                    os.unlink(os.path.join(r.path, name))
                os.rmdir(r.path)
            elif r.op == "C" and os.path.exists(r.path):
                os.unlink(r.path)
            elif r.op == "U" and not os.path.exists(r.path) and os.path.isdir(os.path.dirname(r.path)):
                os.link(kept, r.path)
            elif r.op == "R" and os.path.exists(r.other):
                os.rename(r.other, r.path)
                if r.other_ino:
                    os.link(os.path.join(self.side, str(r.other_ino)), r.other)
