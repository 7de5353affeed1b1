"""The texts of `explain`: one for every code, in order, and every example in them really brings its
code about.  With names of files (`79-explain.py warnings.md`): only those."""
import concurrent.futures
import http.server
import pty

from harness import *

TEXTS = os.path.join(ROOT, "cli", "explain", "texts")
FILES = {"yaml.md": "Y", "mapping.md": "M", "configuration.md": "C", "warnings.md": "W",
         "quarantine.md": "Q", "verdicts.md": "IDR", "chains.md": "H", "follow.md": "H", "reconcile.md": "F",
         "alerts.md": "A"}
KINDS = ("offer", "tracker", "file", "rates", "models", "configuration", "postback", "click", "before", "chain",
         "request", "import", "site")
AT = "1790000000"  # 2026-09-21
OFFER = {
    "version": "version: 1\n", "offer": "offer: example\n", "extends": "extends: keitaro\n",
    "pixel": "pixel: %s\n" % PIXEL, "page_url": "page_url: https://lander.example/page\n",
    "value_currency": "value_currency: USD\n",
    "events": "events:\n  lead: Lead\n  sale: {event: Purchase, value: payout}\n  rejected: ignore\n",
    "user": 'user:\n  external_id: "{click_id}"\n',
}
CONFIGURATION = {
    "version": "version: 1\n", "listen": "listen: 127.0.0.1:0\n", "admin": "admin: 127.0.0.1:0\n",
    "data": "data: ./data\n", "offers": "offers: ./offers\n", "mappings": "mappings: ./mappings\n",
    "key": "key: {file: ./keys/postback}\n",
    "tiktok": "tiktok:\n  endpoint: http://127.0.0.1:9%s\n  pixels:\n    %s: {token: {file: ./keys/tiktok}}\n"
              % (TRACK, PIXEL),
}
GOOD = "?subid=2t4ch5&ttclid=E.C.P.abc&status=sale&payout=12.50&currency=usd"
# Codes that no few lines can show: what brings them about, and the test that does.
ELSEWHERE = {
    "Y006": "tests/unit/test_yaml.c",
    "Y010": "tests/unit/test_yaml.c",
    "Q015": "tests/e2e/30-bad-requests.py",
    "D008": "tests/unit/test_lifecycle.c",
    "R005": "tests/e2e/32-bad-storage.py",
    "W092": "tests/e2e/82-intake-security.py",
    "W093": "tests/e2e/82-intake-security.py",
    "W094": "tests/e2e/82-intake-security.py",
    "R009": "tests/e2e/82-intake-security.py",
    "R012": "tests/e2e/82-intake-security.py",
    "R013": "tests/e2e/82-intake-security.py",
    "C068": "tests/e2e/33-confined.py",
    "W095": "tests/e2e/33-confined.py",
    "C076": "tests/e2e/98-operations.py",
    "C077": "tests/e2e/98-operations.py",
    "C085": "tests/e2e/98-operations.py",
    "W096": "tests/e2e/96-nodes.py",
    "W097": "tests/e2e/96-nodes.py",
    "W098": "tests/e2e/94-spill.py",
    "W099": "tests/e2e/94-spill.py",
    **{"A%03d" % n: "tests/unit/test_alert_days.c" for n in (1, 2, 3, 4, 5, 10, 14)},
    **{"A%03d" % n: "tests/unit/test_alert.c" for n in (6, 7, 8, 9, 11, 12, 13, 15)},
    "H019": "cli/simulate/live.c",  # a mistake of ours, which no file brings about
    "H064": "tests/e2e/72-follow.py",
    "H065": "tests/e2e/72-follow.py",
    "H070": "tests/e2e/72-follow.py",
    "H075": "tests/e2e/72-follow.py",
    "H076": "tests/e2e/72-follow.py",
    "H082": "tests/e2e/72-follow.py",
    **{"F%03d" % n: "tests/e2e/83-reconcile.py" for n in (*range(1, 21), *range(30, 41))},
}


# ---- reading the texts ----

def read(name):
    """[(code, {kind: lines}, prose, remedy)]; ValueError where the file leaves the format."""
    with open(os.path.join(TEXTS, name), encoding="utf-8") as f:
        text = f.read()
    entries = []
    for block in re.split(r"(?m)^(?=# )", text):
        if not block:
            continue
        head = re.match(r"# ([A-Z]\d{3})\n", block)
        if not head:
            raise ValueError("%s: a head that is no code: %r" % (name, short(block, 60)))
        entries.append(entry(name, head.group(1), block[head.end():]))
    return entries


def entry(name, code, text):
    where, prose, remedy, blocks, lines = "prose", [], [], {}, None
    for line in text.split("\n"):
        label = re.fullmatch(r"Example (\w+):", line)
        if label:
            where = label.group(1)
            if where not in KINDS or where in blocks:
                raise ValueError("%s: %s: an example of what? %s" % (name, code, line))
            blocks[where] = lines = []
        elif line.startswith("To do:"):
            where, remedy = "remedy", [line[6:].strip()]
        elif line.startswith("    ") or (not line and where in blocks):
            if where not in blocks:
                raise ValueError("%s: %s: indented without `Example ...:`: %r" % (name, code, line))
            lines.append(line[4:])
        elif not line.strip():
            continue
        elif where == "prose":
            prose.append(line)
        elif where == "remedy":
            remedy.append(line)
        else:
            raise ValueError("%s: %s: neither prose nor example: %r" % (name, code, line))
    blocks = {k: "\n".join(v).rstrip("\n") + "\n" for k, v in blocks.items()}
    return code, blocks, " ".join(prose), " ".join(remedy)


def codes():
    with open(os.path.join(ROOT, "core", "base", "codes.c"), encoding="utf-8") as f:
        return re.findall(r'^    \{ "([A-Z]\d{3})",', f.read(), re.M)


# ---- bringing a code about ----

def replaced(base, text):
    """The base with the top-level keys of text in place of its own."""
    if text is None:
        return "".join(base.values())
    out = dict(base)
    for gone in re.findall(r"(?m)^# (\w+):", text):  # commented out
        out.pop(gone, None)
    for piece in re.split(r"(?m)^(?=[^\s#-])", text):
        if piece.strip():
            out[piece.split(":")[0]] = piece if piece.endswith("\n") else piece + "\n"
    return "".join(out.values())


def found(*results):
    """The codes in what programs and servers said: error[M001], "code":"Q001", "W001 ttclid: ..."."""
    text = "\n".join(r if isinstance(r, str) else r.out + "\n" + r.err for r in results)
    return set(re.findall(r'["\[]([A-Z]\d{3})["\] ]', text))


def folder_of(blocks):
    f = Folder(offers=())
    f.write("keys/open", KEY + "\n", 0o644)
    f.write("keys/short", "short\n", 0o600)
    base = dict(OFFER)
    os.mkdir(f.at("mappings"))
    os.mkdir(f.at("offers"))
    if "tracker" in blocks:
        name = re.search(r"(?m)^tracker: *(\S+)", blocks["tracker"])
        name = name.group(1) if name else "example"
        f.write("mappings/%s.yaml" % name, blocks["tracker"])
        base["extends"] = "extends: %s\n" % name
    if "rates" in blocks:
        f.write("mappings/rates.yaml", blocks["rates"])
    if "models" in blocks:
        f.write("models.yaml", blocks["models"])
        base["value_models"] = "value_models: ../models.yaml\n"
    f.write("clickbaton.yaml", replaced(CONFIGURATION, blocks.get("configuration")))
    f.write("offers/example.yaml", replaced(base, blocks.get("offer")))
    if "file" in blocks:
        f.write("file.yaml", blocks["file"])
    if "chain" in blocks:
        f.write("offer.yaml", replaced(base, blocks.get("offer")))
        f.write("chain.yaml", blocks["chain"])
    if "import" in blocks:
        f.write("import", blocks["import"])
    return f


def checked(f, blocks):
    if "file" in blocks:
        yield run("check", "--json", "file.yaml", cwd=f.path)
        return
    if "import" in blocks:
        yield run("rates", "import", "import", "-o", "mappings/rates.yaml", cwd=f.path)
        return
    yield run("check", "--json", cwd=f.path)
    if "models" in blocks:
        yield run("check", "--json", "models.yaml", cwd=f.path)
    for name in os.listdir(f.at("mappings")):
        yield run("check", "--json", "mappings/" + name, cwd=f.path)


def translated(f, blocks):
    click = blocks.get("click", "").strip()
    yield run("translate", "-c", "clickbaton.yaml", "offers/example.yaml", "-", "--json", "--at", AT,
              *(["--click", click] if click else []), stdin=blocks["postback"], cwd=f.path)


def served(f, blocks):
    """Clicks, earlier postbacks, postbacks and requests at a real server."""
    server = Serve(f, start=False)
    try:
        server.port = int(server.wait_line(r"listening on http://127\.0\.0\.1:(\d+)")[0])
        keyed = lambda verb, line: "/%s/example?key=%s&verbose=1&%s" % (verb, KEY, line.strip().lstrip("?"))
        for line in blocks.get("click", "").splitlines():
            answer = server.get(keyed("click", line))
            if answer.status != 204:
                raise RuntimeError("the click: %r" % answer)
        for kind in ("before", "postback"):
            for line in blocks.get(kind, "").splitlines():
                answer = server.get(keyed("postback", line))
                if kind == "postback":
                    yield answer.body
        for line in blocks.get("request", "").splitlines():
            method, target, header = re.fullmatch(r"(\w+) (\S+)(?: (.*))?", line).groups()
            headers = dict([header.split(": ", 1)]) if header else {}
            answer = request(server.port, method, target.replace("YOUR-KEY", KEY), None, headers)
            yield answer.body
    finally:
        server.stop()


def simulated(f, blocks):
    yield run("simulate", "chain.yaml", "--json", "--at", AT, cwd=f.path)
    yield run("check", "--json", "chain.yaml", cwd=f.path)




class Site(http.server.ThreadingHTTPServer):
    """The pages of `Example site:`, one a line: PATH STATUS [Header: value | body].  {query} and {ttclid}
    are what the request had, {host} is the site's own host and port."""
    daemon_threads = True

    def __init__(self, text):
        super().__init__(("127.0.0.1", 0), Page)
        self.pages = [re.fullmatch(r"(\S+) (\d{3})(?: (.*))?", line).groups() for line in text.splitlines()]
        self.host = "127.0.0.1:%d" % self.server_address[1]
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_):
        pass


class Page(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        path, _, query = self.path.partition("?")
        page = [p for p in self.server.pages if p[0] == path] or [(path, "404", "nothing here")]
        ttclid = urllib.parse.parse_qs(query).get("ttclid", [""])[0]
        text = page[0][2] or ""
        for name, value in (("query", query), ("ttclid", ttclid), ("host", self.server.host)):
            text = text.replace("{%s}" % name, value)
        header = re.fullmatch(r"([A-Z][\w-]+): (.*)", text)
        body = b"" if header else text.encode()
        self.close_connection = True
        self.send_response(int(page[0][1]))
        self.send_header("Content-Type", "text/html")
        if header:
            self.send_header(*header.groups())
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def followed(f, blocks):
    """From the first page of the site, with the ttclid that TikTok appends."""
    site = Site(blocks["site"])
    try:
        yield run("follow", "http://%s%s?ttclid=__CLICKID__" % (site.host, site.pages[0][0]), "--json",
                  "--allow-private", "--timeout", "2")
    finally:
        site.shutdown()
        site.server_close()


def brought(blocks):
    """The codes that came."""
    f = folder_of(blocks)
    got = set()
    try:
        if "site" in blocks:
            ways = [followed]
        elif "chain" in blocks:
            ways = [simulated]
        elif "before" in blocks or "request" in blocks:
            ways = [served]
        elif "postback" in blocks:
            ways = [translated]
        else:
            ways = [checked]
        for way in ways:
            for result in list(way(f, blocks)):  # to its end: it may have a server to stop
                got |= found(result)
        return got
    finally:
        f.remove()


# ---- the parts ----

asked = [a for a in sys.argv[1:] if a.endswith(".md")]
sys.argv[1:] = [a for a in sys.argv[1:] if not a.endswith(".md")]
there = [n for n in FILES if os.path.exists(os.path.join(TEXTS, n)) and (not asked or n in asked)]
# Whose texts must be there.
DEMANDED = list(FILES) if not asked else asked


def of_file(name):
    """The codes that belong into a file, in their order."""
    mine = [c for c in codes() if c[0] in FILES[name]]
    if FILES[name] == "H":
        mine = [c for c in mine if (c >= "H060") == (name == "follow.md")]
    return mine


@part
def the_base_is_good():
    f = folder_of({})
    r = run("check", "--json", cwd=f.path)
    equal("the base of the examples passes check",
          (r.code, [d for d in json.loads(r.out)["diagnostics"] if d["level"] != "note"]), (0, []))
    r = run("translate", "-c", "clickbaton.yaml", "offers/example.yaml", GOOD, "--json", "--at", AT, cwd=f.path)
    equal("a postback of it is queued without a word", (r.code, found(r)), (0, set()))


@part
def every_code_has_its_text():
    for name in DEMANDED:
        if not true("%s is there" % name, name in there, "no such file"):
            continue
        entries = read(name)
        equal("%s has every code, in order" % name, [e[0] for e in entries], of_file(name))
        for code, blocks, prose, _ in entries:
            true("%s: its text" % code, 20 < len(prose) < 700, "%d letters" % len(prose))
            equal("%s: an example, or known to have none" % code, bool(blocks), code not in ELSEWHERE)
            if code in ELSEWHERE:
                with open(os.path.join(ROOT, ELSEWHERE[code]), encoding="utf-8") as f:
                    has("%s: %s brings it about" % (code, ELSEWHERE[code]), f.read(), code)


@part
def every_example_brings_its_code_about():
    work = [(code, blocks) for name in there for code, blocks, _, _ in read(name) if blocks]
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        jobs = [(code, pool.submit(brought, blocks)) for code, blocks in work]
        for code, job in jobs:
            try:
                got = job.result()
                true("%s: its example brings it about" % code, code in got,
                     "what came: %s" % (sorted(got) or "nothing"))
            except Exception as e:
                bad("%s: its example" % code, "%s: %s" % (type(e).__name__, e))


@part
def the_verb():
    if asked:
        return
    title, remedy = re.search(r'"M012", "([^"]+)",\s*"([^"]+)"', source("core", "base", "codes.c")).groups()
    entry_of = {e[0]: e for e in read("mapping.md")}["M012"]
    for word in ("M012", "m012"):
        r = run("explain", word)
        equal("explain %s: exit 0" % word, (r.code, r.err), (0, ""))
        lines = r.out.split("\n")
        equal("explain %s: code and title first" % word, lines[0], "M012: " + title)
        has("explain %s: cause, example, remedy" % word, r.out,
            "\nExample offer:\n" + "".join("    %s\n" % l for l in entry_of[1]["offer"].splitlines()),
            "\nWhat to do: %s\n" % remedy)
        has("explain %s: the cause" % word, " ".join(lines), entry_of[2])
    r = run("explain", "Y002", "m019")
    equal("several codes, in the order that was asked", re.findall(r"(?m)^([A-Z]\d{3}): ", r.out), ["Y002", "M019"])
    has("what to do beyond one line", r.out, "\nwhen what comes is right, `clickbaton check --update` writes it down.\n")
    r = run("explain")
    equal("explain alone: every code once", sorted(re.findall(r"(?m)^  ([A-Z]\d{3})  \S", r.out)), sorted(codes()))
    has("explain alone: groups", r.out, "The form of a file\n  Y001  ", "\n\nReal chains\n  H060  ")
    for word, near in (("M0012", "; did you mean M001?"), ("M12", "; did you mean M012?"), ("x999", "\n"),
                       ("", "\n"), ("\N{EURO SIGN}" * 300, "\n"), ("M0120000", "\n")):
        r = run("explain", word)
        equal("explain %s: exit 1, nothing on stdout" % short(word, 9), (r.code, r.out), (1, ""))
        has("explain %s: said" % short(word, 9), r.err, 'clickbaton explain: there is no code "%s"%s' % (word, near),
            "all of them: clickbaton explain\n")
    r = run("explain", "M999", "M001")
    equal("one unknown of two: the other is explained, exit 1", (r.code, r.out[:6]), (1, "M001: "))
    r = run("explain", "--markdown", "M001")
    equal("--markdown with a code: misuse", (r.code, r.out), (2, ""))
    with open("/dev/full", "wb") as full:
        p = subprocess.run([BINARY, "explain", "M012"], stdout=full, stderr=subprocess.PIPE, timeout=30)
    equal("a full disk behind stdout: exit 4", p.returncode, 4)


@part
def the_page():
    if asked:
        return
    r = run("explain", "--markdown")
    equal("explain --markdown: exit 0", (r.code, r.err), (0, ""))
    true("docs/diagnostics.md is what explain --markdown prints (make docs)", r.out == source("docs", "diagnostics.md"))
    equal("the page has every code once", sorted(re.findall(r"(?m)^### ([A-Z]\d{3}): ", r.out)), sorted(codes()))
    has("docs/mapping.md leads there", source("docs", "mapping.md"), "](diagnostics.md)")


@part
def check_leads_there_on_a_terminal():
    if asked:
        return
    f = folder_of({"offer": "page_ulr: https://lander.example/page\npixel: a b\n"})
    words = [BINARY, "check", "offers/example.yaml"]
    last = "clickbaton explain %s says more\n"
    first, second = pty_run(words, f.path)
    equal("check on a terminal: exit 3", first, 3)
    true("check on a terminal: the first code's explanation is named last", second.endswith(last % "M016"), second[-200:])
    hasnt("check into a pipe: it is not", run("check", "offers/example.yaml", cwd=f.path).err, "says more")
    hasnt("check without errors on a terminal: it is not", pty_run(words, folder_of({}).path)[1], "says more")


def source(*names):
    with open(os.path.join(ROOT, *names), encoding="utf-8") as f:
        return f.read()


def pty_run(words, cwd):
    """Exit code, and what a terminal behind stderr shows."""
    outer, inner = pty.openpty()
    p = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=inner, cwd=cwd)
    os.close(inner)
    out = b""
    with contextlib.suppress(OSError):  # Linux: the end of a terminal
        while True:
            more = os.read(outer, 65536)
            if not more:
                break
            out += more
    os.close(outer)
    return p.wait(30), out.decode("utf-8", "replace").replace("\r\n", "\n")


main()
