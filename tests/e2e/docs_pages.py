"""README.md and docs/**/*.md taken apart: commands, what is shown below them, options, links, URLs."""
import glob
import os
import re

from harness import ROOT

# What begins a command.  A line of an indented block, or inline code.
WORDS = ("clickbaton|build/clickbaton|curl|make|sqlite3|systemctl|journalctl|kill|apt|apt-get|sudo|runuser|openssl|ssh|cp|mv|rm|"
         "python3|promtool|printf|chown|chmod|install|tail|tar|rsync|df|du|dmesg|timedatectl|cd|cat|node|dpkg|mkdir")
COMMAND = re.compile(r"(?:\$ )?((?:\(umask 077; |[A-Za-z_]+=\$\()?(?:%s)(?:[ )].*)?)$" % WORDS)
# Written from tables that other tests hold (79-explain); of it only what stands in its sentences counts here.
MADE = "docs/diagnostics.md"


class Command:
    def __init__(self, page, line, text, shown=None):
        self.page, self.line, self.text, self.shown = page, line, text, shown

    def __str__(self):
        return "%s:%d: %s" % (self.page, self.line, self.text)


def names():
    found = glob.glob(os.path.join(ROOT, "docs/**/*.md"), recursive=True)
    return ["README.md"] + sorted(os.path.relpath(p, ROOT) for p in found)


def text_of(page):
    with open(os.path.join(ROOT, page), encoding="utf-8") as f:
        return f.read()


def bare(line):
    """A command without the remark behind it."""
    return re.sub(r"\s+#\s.*$", "", line).strip()


def blocks(text):
    """(first line's number, its lines without the indentation) of each indented or fenced block."""
    out, block, start, fenced = [], [], 0, False
    for n, line in enumerate(text.split("\n") + [""], 1):
        fence = line.startswith("```")
        inside = not fence and (fenced or line.startswith("    "))
        if inside:
            start = start or n
            block.append(line if fenced else line[4:])
        elif block and (line.strip() or fence or n > len(text.split("\n"))):
            out.append((start, block))
            block, start = [], 0
        elif block:
            block.append("")
        fenced ^= fence
    return out


def sentences(text):
    """(line's number, paragraph) of what is no block; cells and items of lists are paragraphs of their own."""
    out, fenced = [], False
    for n, line in enumerate(text.split("\n"), 1):
        fenced ^= line.startswith("```")
        if fenced or line.startswith(("    ", "```")) or not line.strip():
            out.append((0, ""))
        elif line.startswith(("|", "-", "#")) or not out or not out[-1][0]:
            out.append((n, line))
        else:
            out[-1] = (out[-1][0], out[-1][1] + "\n" + line)
    return [p for p in out if p[0]]


def codes(text):
    """(line's number, text) of all inline code."""
    for n, paragraph in sentences(text):
        for found in re.finditer(r"`([^`]+)`", paragraph):
            yield n + paragraph[:found.start()].count("\n"), re.sub(r"\s*\n\s*", " ", found.group(1))


def commands_of_block(page, start, lines):
    i = 0
    while i < len(lines):
        found, first = COMMAND.match(lines[i].rstrip("\\").rstrip()), i
        if found and re.match(r"\S+ (=|\|)|cat:|kill:", found.group(1)):
            found = None
        if not found:
            i += 1
            continue
        text = bare(found.group(1))
        while lines[i].rstrip().endswith("\\"):
            i += 1
            text += " " + bare(lines[i].rstrip("\\"))
        i += 1
        shown = None
        if lines[first].startswith("$ "):
            shown = []
            while i < len(lines) and not lines[i].startswith("$ ") and lines[i]:
                shown.append(lines[i])
                i += 1
        yield Command(page, start + first, re.sub(r"\s+", " ", text.rstrip("\\")), shown)


def commands(page):
    text = text_of(page)
    out = []
    for start, lines in [] if page == MADE else blocks(text):
        out += commands_of_block(page, start, lines)
    for n, code in codes(text):
        found = COMMAND.match(code)
        if found and (" " in code or code in ("make",)):
            out.append(Command(page, n, bare(found.group(1))))
    return out


def options(page):
    """(line's number, option) of those that stand in inline code without the word clickbaton."""
    for n, code in codes(text_of(page)):
        if not COMMAND.match(code):
            for found in re.finditer(r"(?<![\w-])--[a-z][a-z-]*[a-z]", code):
                yield n, found.group(0)


def anchors(text):
    """Of the headings, as GitHub makes them."""
    out = []
    for heading in re.findall(r"^#+ (.*)$", "\n".join(p for _, p in sentences(text)), re.M):
        heading = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        out.append(re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-"))
    return set(out)


def links(page):
    """(line's number, target) of all links and pictures."""
    for n, paragraph in sentences(text_of(page)):
        plain = re.sub(r"`[^`]*`", lambda m: "`" + "\n" * m.group(0).count("\n"), paragraph)
        for found in re.finditer(r"\]\(([^)\s]+)\)", plain):
            yield n + plain[:found.start()].count("\n"), found.group(1)


def urls(page):
    """(line's number, URL) of everything that is one, a remark's full stop taken off."""
    for n, line in enumerate(text_of(page).split("\n"), 1):
        for found in re.finditer(r"https?://[^\s`\"'<>|\\]+", line):
            url = re.split(r"[)\]](?![\w/])", found.group(0))[0] if "](" in line else found.group(0)
            yield n, url.rstrip(".,;:)]}*") if not url.endswith("}") and not url.endswith("...") else url
