"""Every command and every URL in README.md and docs/ is run: beside a running server, in a folder that has what the pages name.
A command must end with 0, or with the code that a page says (EXITS); what is shown below `$ ...` must be what comes.  What can't
be run stands in NOT_RUN with its reason, and something else is checked of it.  An entry that no page has any more fails.

python3 tests/e2e/92-docs-commands.py PAGE.md: what is found on that page, for whoever writes one."""
import concurrent.futures
import fnmatch
import http.server
import select

import docs_pages as docs
from harness import *

SALE = "subid=%s&external_id=E.C.P.%s&status=%s&payout=12.5&currency=usd&tid=t-%s"
TIKTOK_ID = "E.C.P.CtsBabcdEFa1-_" + "a1-_" * 59
OFFER = "offers/nutra-de.yaml"
POSTBACK = "'?subid=k9&status=sale&payout=12.50&currency=usd&tid=9'"

# A verb alone, or with placeholders, and what is run for it.
FILLED = {
    "clickbaton follow URL": "clickbaton follow 'http://SITE/nutra?external_id=__CLICKID__' --allow-private",
    "clickbaton follow 'THE LINK OF THE AD'": "clickbaton follow 'http://SITE/nutra?external_id=__CLICKID__' --allow-private",
    "clickbaton follow": "clickbaton follow http://SITE/ --allow-private",
    "clickbaton follow 'https://trk.example/nutra?external_id=__CLICKID__&ttclid=__CLICKID__'":
        "clickbaton follow 'http://SITE/nutra?external_id=__CLICKID__&ttclid=__CLICKID__' --allow-private",
    "clickbaton urls": "clickbaton urls " + OFFER,
    "clickbaton urls OFFER": "clickbaton urls " + OFFER,
    "clickbaton urls OFFER-FILE": "clickbaton urls " + OFFER,
    "clickbaton urls FILE": "clickbaton urls " + OFFER,
    "clickbaton urls offers/NAME.yaml": "clickbaton urls " + OFFER,
    "clickbaton urls -c clickbaton.yaml": "clickbaton urls -c clickbaton.yaml " + OFFER,
    "clickbaton snippet": "clickbaton snippet " + OFFER,
    "clickbaton snippet OFFER": "clickbaton snippet " + OFFER,
    "clickbaton snippet FILE --event NAME": "clickbaton snippet %s --event Lead" % OFFER,
    "clickbaton init": "clickbaton init fresh-1 --tracker keitaro --offer one --page https://lander.example/a",
    "clickbaton init [FOLDER]": "clickbaton init fresh-2 --tracker generic --offer two --page https://lander.example/b",
    "clickbaton check [-c FILE] [MAPPING...]": "clickbaton check -c clickbaton.yaml && clickbaton check " + OFFER,
    "clickbaton check FILE": "clickbaton check " + OFFER,
    "clickbaton translate": "clickbaton translate %s %s" % (OFFER, POSTBACK),
    "clickbaton translate OFFER URL": "clickbaton translate %s %s" % (OFFER, POSTBACK),
    "clickbaton translate FILE URL --explain": "clickbaton translate %s %s --explain" % (OFFER, POSTBACK),
    "clickbaton translate OFFER - --history": "echo %s | clickbaton translate %s - --history" % (POSTBACK, OFFER),
    "clickbaton diff OLD NEW --against DATA": "clickbaton diff %s %s --against data" % (OFFER, OFFER),
    "clickbaton explain [CODE...]": "clickbaton explain M012",
    "clickbaton explain CODE": "clickbaton explain W020",
    "clickbaton simulate": "clickbaton simulate chains/my-offer.yaml",
    "clickbaton simulate CHAIN-FILE": "clickbaton simulate chains/my-offer.yaml",
    "clickbaton simulate --json": "clickbaton simulate --json chains/my-offer.yaml",
    "clickbaton rates [import FILE]": "clickbaton rates import eurofxref-hist-90d.xml -o -",
    "clickbaton rates import": "clickbaton rates import eurofxref-hist-90d.xml -o -",
    "clickbaton rates import FILE -o mappings/rates.yaml": "clickbaton rates import eurofxref-hist-90d.xml -o -",
    "clickbaton schema [KIND]": "clickbaton schema offer",
    "clickbaton trace": "clickbaton trace k1",
    "clickbaton trace ID": "clickbaton trace k1",
    "clickbaton trace --json": "clickbaton trace k1 --json",
    "clickbaton reconcile": "clickbaton reconcile --tracker keitaro.csv",
    "clickbaton reconcile --tracker FILE": "clickbaton reconcile --tracker keitaro.csv",
    "clickbaton sandbox": "UNTIL_TOLD clickbaton sandbox --listen 127.0.0.1:0",
    "clickbaton serve": "UNTIL_TOLD clickbaton serve -c other/clickbaton.yaml",
    "clickbaton serve [-c FILE]": "UNTIL_TOLD clickbaton serve -c other/clickbaton.yaml",
    "clickbaton doctor [--online]": "clickbaton doctor",
    "clickbaton store import ledger.jsonl ./data": "clickbaton store import ledger.jsonl ./restored",
    "sqlite3 clickbaton.db .recover": "cd copy && sqlite3 clickbaton.db .recover",
    "sqlite3 -readonly data/clickbaton.db": "sqlite3 -readonly data/clickbaton.db 'SELECT count(*) FROM conversions'",
    "sqlite3 data/clickbaton.db \"VACUUM INTO '/backup/clickbaton.db'\"": "sqlite3 data/clickbaton.db \"VACUUM INTO '/backup/vacuumed.db'\"",
    "printf '%s' \"$id.$time.$body\" | openssl dgst -sha256 -mac HMAC -macopt hexkey:$secret -binary | base64":
        "secret=$(cut -c7- keys/hook | base64 -d | od -An -vtx1 | tr -d ' \\n'); id=1 time=2 body=3; "
        "printf '%s' \"$id.$time.$body\" | openssl dgst -sha256 -mac HMAC -macopt hexkey:$secret -binary | base64",
    "(umask 077; openssl rand -hex 16 > keys/postback)": "(umask 077; openssl rand -hex 16 > keys/made)",
    "kill -TERM $(cat data/lock)": "kill -TERM $(cat stopped/data/lock)",
    "chown -R clickbaton data keys": "chown -R $(id -u) copy",
}

# What does not end with 0, and the words of a page that say so.
EXITS = {
    "clickbaton simulate examples/chains/lander-forgets-subid.yaml": (1, "Exit code 0: kept. 1: broken."),
    "clickbaton diff offers/nutra-de.yaml new/nutra-de.yaml --against data": (1, "Exit code 1 says that something differs."),
}

if subprocess.run(["sqlite3", ":memory:", ".recover"], capture_output=True).returncode:
    EXITS["sqlite3 clickbaton.db .recover"] = (1, "Debian 12's (3.40.1) is built without it")

# What is not run, why, and what is looked at instead.
NOT_RUN = [
    ("clickbaton store * postgresql://*", "there is no such server; tests/e2e/97-store-copy.py runs it with one of its own", None),
    ("sqlite3 data/spill.db*", "nothing was kept there; tests/e2e/94-spill.py changes and reads such a file", None),
    ("make", "it compiles, and installs packages", "target"),
    ("make *", "it compiles, installs packages or takes minutes", "target"),
    ("sudo make *", "it would change this machine; tests/e2e/85-packaging.py installs and uninstalls into a folder", "target"),
    ("python3 tests/*", "a part of the tests themselves, or minutes long", "script"),
    ("promtool test rules *", "tests/e2e/86-metrics.py runs it, with the promtool that tests/tools has", "metrics"),
    ("sudo apt install *", "it would change this machine; tests/package.sh builds the package, unpacks it and runs what is in it", "package"),
    ("apt remove clickbaton", "it would change this machine; no test removes the package", None),
    ("sudo clickbaton init . --host pb.example", "it would write /etc; tests/e2e/69-init.py runs init into folders of its own", "init"),
    ("sudo chown -R clickbaton: /etc/clickbaton", "there is no user clickbaton here", "user"),
    ("sudo install -d -o clickbaton *", "there is no user clickbaton here", "user"),
    ("sudo sed -i *", "it would change /etc", None),
    ("sudo -u clickbaton clickbaton *", "there is no user clickbaton here; the verb is run without sudo", "verb"),
    ("runuser -u clickbaton -- clickbaton *", "there is no user clickbaton here; the verb is run without runuser", "verb"),
    ("chown clickbaton: *", "there is no user clickbaton here", "user"),
    ("chown -R clickbaton: *", "there is no user clickbaton here", "user"),
    ("cd /etc/clickbaton", "it is the package's folder", "package"),
    ("timedatectl *", "it would set the clock of this machine; no test does", None),
    ("systemctl *", "no systemd runs here; the unit is checked by tests/e2e/33-confined.py", "unit"),
    ("sudo systemctl *", "no systemd runs here; the unit is checked by tests/e2e/33-confined.py", "unit"),
    ("journalctl -u clickbaton *", "no systemd runs here", "unit"),
    ("ssh -L 9090:127.0.0.1:9090 SERVER", "there is no other machine", None),
]

# A page whose commands go one after the other, and the test that runs all of them.
OWN_TEST = {"docs/getting-started.md": "tests/e2e/91-getting-started.py", "docs/cluster.md": "tests/e2e/99-cluster.py"}

# Options that are none of ours.
FOREIGN = {"--web": "Prometheus' --web.listen-address", "--urgent": "a program of yours", "--system": "adduser", "--group": "adduser"}


def everything():
    """The first place of each command, by its text."""
    found = {}
    for page in [p for p in docs.names() if p not in OWN_TEST]:
        for c in docs.commands(page):
            found.setdefault(c.text, c)
    return found


# ---- the prepared folder ----

class Site(http.server.BaseHTTPRequestHandler):
    """The landing page at the end of the ad's link."""
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<p>hello</p>")

    def log_message(self, *_):
        pass


def bank():
    day = time.strftime("%Y-%m-%d", time.gmtime())
    return ('<?xml version="1.0" encoding="UTF-8"?><gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01" '
            'xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref"><gesmes:subject>Reference rates</gesmes:subject>'
            '<gesmes:Sender><gesmes:name>European Central Bank</gesmes:name></gesmes:Sender><Cube><Cube time="%s">'
            '<Cube currency="USD" rate="1.16"/><Cube currency="JPY" rate="180.2"/></Cube></Cube></gesmes:Envelope>' % day)


def exports(f):
    """Files of a tracker and of a shop with the conversions that the ledger has."""
    now = time.time()
    stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(now))
    f.write("keitaro.csv", "Sub ID,TID,Status,Revenue,Currency,Postback datetime\nk1,t-k1,sale,12.5,USD,%s\n" % stamp)
    for name in ("bemob", "binom", "redtrack"):
        f.write(name + ".csv", "Click ID,Transaction ID,Status,Payout,Currency,Time\nk1,t-k1,approved,12.5,USD,%s\n" % stamp)
    f.write("voluum.csv", "Click ID,Transaction ID,Revenue,Currency,Postback Timestamp\nk1,t-k1,12.5,USD,%s\n" % stamp)
    f.write("orders.csv", "click id,order id,status,amount,currency,time\nk1,t-k1,paid,12.5,USD,%s\n" % stamp)
    f.write("export.csv", "Sub ID 1,Order no.,Payout,Currency,Time\nk1,t-k1,12.5,USD,%s\n" % stamp)


class Prepared:
    def __init__(self):
        self.sandbox = Sandbox()
        self.f = f = Folder(self.sandbox.endpoint, extra="mappings: ./mappings\nalerts:\n  to:\n    - command: [/bin/true]\n"
                            "inspector:\n  password: {file: ./keys/inspector}\n")
        for name in ("bin", "build", "backup", "copy", "mappings"):
            os.makedirs(f.at(name))
        for name in ("bin", "build"):
            os.symlink(BINARY, f.at(name + "/clickbaton"))
        os.symlink(os.path.join(ROOT, "examples"), f.at("examples"))
        shutil.copy(os.path.join(ROOT, "mappings/rates.yaml"), f.at("mappings/rates.yaml"))
        f.write("chains/my-offer.yaml", docs.text_of("examples/chains/keitaro.yaml"))
        f.write("new/nutra-de.yaml", offer_text("nutra-de").replace("value: payout, min: 0.01", "value: 3, min: 0.01"))
        for name, secret in (("signing", "s" * 32), ("hook", "whsec_" + "QUJD" * 11), ("inspector", "p" * 24)):
            f.write("keys/" + name, secret + "\n", 0o600)
        for tracker in TRACKERS:
            f.write("offers/%s-page.yaml" % tracker, re.sub(r"^offer: .*", "offer: %s-page" % tracker, page_offer(tracker), flags=re.M))
        f.write("eurofxref-hist-90d.xml", bank())
        exports(f)
        other = Folder(self.sandbox.endpoint)
        stopped = Folder(self.sandbox.endpoint)
        os.symlink(stopped.path, f.at("stopped"))
        self.to_stop = Serve(stopped)
        os.symlink(other.path, f.at("other"))
        self.site = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
        threading.Thread(target=self.site.serve_forever, daemon=True).start()
        self.serve = s = Serve(f)
        request(s.port, "POST", "/click/nutra-de", "subid=k1&ttclid=%s" % TIKTOK_ID, {"Origin": "https://lander.example"})
        for id, word in (("k1", "sale"), ("k2", "lead"), ("k3", "no-such-word")):
            equal("postback of " + id, s.fire(SALE % (id, id, word, id)).status, 200)
        wait_until("two deliveries", lambda: f.rows("SELECT count(*) AS n FROM ledger WHERE state = 'delivered'")[0]["n"] == 2)
        f.write("offers/nutra-de.yaml", offer_text("nutra-de").replace("events:", "stages:\n  sale: [no-such-word]\nevents:"))
        s.reload()
        equal("an export to begin with", run("store", "export", "-o", "ledger.jsonl", cwd=f.path).code, 0)
        for copy in ("copy/clickbaton.db", "backup/clickbaton.db"):
            subprocess.run(["sqlite3", f.at("data/clickbaton.db"), "VACUUM INTO '%s'" % f.at(copy)], check=True)

    def shell(self, text):
        """What is run for a command: our ports, folders and keys in the place of the pages'."""
        text = FILLED.get(text, text)
        if re.match(r"clickbaton (tail|top)\b(?!.*--frames)", text):
            text = "UNTIL_TOLD " + text
        for old, new in (("127.0.0.1:9090", "127.0.0.1:%d" % self.serve.admin), ("127.0.0.1:8080", "127.0.0.1:%d" % self.serve.port),
                         ("/backup/", self.f.at("backup/")), ("http://SITE", "http://127.0.0.1:%d" % self.site.server_port),
                         ("key=KEY&", "key=%s&" % KEY), ("=CLICKID&", "=k2&")):
            text = text.replace(old, new)
        return text

    def run(self, text, before=""):
        """To its end; what goes on (UNTIL_TOLD) until it has said something and gets Ctrl-C."""
        text, start = self.shell(text), time.monotonic()
        p = subprocess.Popen(["bash", "-c", before + text.replace("UNTIL_TOLD ", "exec ")], cwd=self.f.path, stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             env=dict(os.environ, PATH=self.f.at("bin") + ":" + os.environ["PATH"]))
        first = b""
        if text.startswith("UNTIL_TOLD"):
            select.select([p.stdout], [], [], 5)
            first = os.read(p.stdout.fileno(), 1)
            p.send_signal(signal.SIGINT)
        out, err = p.communicate(timeout=60)
        if os.environ.get("TIMES"):
            say("# %.2f s %s" % (time.monotonic() - start, text))
        return Result(p.returncode, (first + out).decode("utf-8", "replace"), err.decode("utf-8", "replace"))


# ---- commands ----

def why_not(text):
    return next((row for row in NOT_RUN if fnmatch.fnmatchcase(text, row[0])), None)


def harmless(text):
    """Whether it may be run at all: what reaches for this machine or another one must stand in NOT_RUN."""
    text = FILLED.get(text, text)
    if re.search(r"\b(sudo|ssh|apt|apt-get|dpkg|systemctl|journalctl|runuser|make|python3 tests|node|rm|mv|dd|mkfs)\b(?![-.:/])", re.sub(r"'[^']*'", "''", text)):
        return False
    return "curl" not in text or "--unix-socket" in text or all(
        re.match(r"(127\.0\.0\.1|SITE)", h) for h in re.findall(r"https?://([^\s'\"]*)", text))


# In this order, and one after the other: what changes what others see.
ALONE = ("clickbaton alert", "kill -TERM", "clickbaton rates import", "kill -HUP", "TOKEN=", "curl -sS -c", "curl -sS -b", "clickbaton replay",
         "clickbaton store compact", "curl --unix", "sqlite3 data/clickbaton.db \".backup", "clickbaton store verify /backup", "(umask")


@part
def commands():
    found = everything()
    true("commands are found", len(found) > 150, len(found))
    for page, test in OWN_TEST.items():
        if os.path.exists(os.path.join(ROOT, page)):
            has("%s runs the commands of %s" % (test, page), docs.text_of(test), page)
    here = Prepared()
    runnable = [c for c in found.values() if not why_not(c.text) and true("%s: may be run" % c, harmless(c.text), "name it in NOT_RUN")]
    one_by_one = [c for word in ALONE for c in runnable if c.text.startswith(word)]
    login = "TOKEN=$(clickbaton inspect --json | python3 -c 'import json,sys; print(json.load(sys.stdin)[\"token\"])'); "
    done = []
    for c in one_by_one:
        reloads = here.serve.err().count('msg="reloaded"')
        done.append((c, here.run(c.text, login if "$TOKEN" in c.text else "")))
        if c.text.startswith("kill -HUP"):
            wait_until("the reload", lambda: here.serve.err().count('msg="reloaded"') > reloads)
    here.serve.fire(SALE % ("k4", "k4", "another-word", "k4"))  # for those that look at what is quarantined
    rest = {here.shell(c.text): c for c in runnable if c not in one_by_one}
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        done += pool.map(lambda c: (c, here.run(c.text)), share_of(list(rest.values())))
    for c, r in done:
        equal(str(c), (r.code, r.err if r.code != EXITS.get(c.text, (0,))[0] else ""), (EXITS.get(c.text, (0,))[0], ""))
        if c.text.startswith("curl"):
            hasnt("%s: no refusal" % c, r.out, '"error"')
    equal("kill -TERM on the pages ends a server in order", here.to_stop.wait(), 0)
    here.serve.stop()
    for what, table in (("FILLED", FILLED), ("EXITS", EXITS)):
        equal("no page has these of %s any more" % what, [t for t in table if t not in found and t not in FILLED.values()], [])
    for text, (code, words) in EXITS.items():
        true("a page says that `%s` ends with %d" % (text, code), any(words in docs.text_of(p) for p in docs.names()), words)


def target_is_there(text):
    makefile = docs.text_of("Makefile")
    for word in text.replace("sudo ", "").split()[1:]:
        name = word.split("=")[0]
        if "=" in word and not re.search(r"\$\(%s\)|\$\(or \$\(%s\)" % (name, name), makefile):
            return "no variable " + name
        if "=" not in word and not re.search(r"^(\S+ )*%s( \S+)*:(?!=)" % re.escape(name), makefile, re.M):
            return "no target " + name
    return ""


def script_is_there(text):
    words = text.split()[1:]
    if not os.path.exists(os.path.join(ROOT, words[0])):
        return "no such file"
    beside = sorted(os.listdir(os.path.join(ROOT, os.path.dirname(words[0]))))
    script = "".join(docs.text_of(os.path.join(os.path.dirname(words[0]), n)) for n in beside if n.endswith((".py", ".c", ".h")))
    for word in words[1:]:
        if re.match(r"[a-z_]+$|--[a-z]", word) and not re.search(r"\b%s\b" % word.lstrip("-"), script.replace("-", "_") + script):
            return "%s has no %s" % (words[0], word)
    return ""


@part
def not_run():
    found = everything()
    unit = docs.text_of("examples/clickbaton.service")
    package = docs.text_of("tests/package.sh")
    for pattern, why, instead in NOT_RUN:
        those = [c for c in found.values() if why_not(c.text) and why_not(c.text)[0] == pattern]
        true("NOT_RUN: a page has `%s`" % pattern, those, "no page has it any more: take it out")
        true("NOT_RUN: `%s` has a reason" % pattern, len(why) > 10)
        for c in those:
            if instead == "target":
                equal("%s: it is in the Makefile" % c, target_is_there(c.text), "")
            elif instead == "script":
                equal("%s: it is there" % c, script_is_there(c.text), "")
            elif instead == "verb":
                bare = "clickbaton " + c.text.rsplit("clickbaton ", 1)[1]
                true("%s: run without it" % c, bare in found and not why_not(bare), bare)
            elif instead == "package":
                has("%s: the package is unpacked, and has it" % c, package, "run deb", "dpkg-deb -x", "etc/clickbaton")
            elif instead == "user":
                has("%s: the package makes that user" % c, package, "sysusers.d/clickbaton.conf")
            elif instead == "init":
                has("%s: init is run" % c, docs.text_of("tests/e2e/69-init.py"), '"init"')
            elif instead == "unit":
                has("%s: the unit knows it" % c, unit, "ExecReload=" if "reload" in c.text else "ExecStart=")
    for test in ("tests/package.sh", "tests/e2e/86-metrics.py", "tests/e2e/85-packaging.py", "tests/e2e/33-confined.py"):
        true("%s is there" % test, os.path.exists(os.path.join(ROOT, test)))
    has("86-metrics.py runs promtool", docs.text_of("tests/e2e/86-metrics.py"), "tests/prometheus", '"rules"')


# ---- what is shown ----

def timeless(text):
    """Without what differs from run to run."""
    for pattern, word in ((r"\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME"), (r"[0-9a-f]{64}", "HEX"), (r"(127\.0\.0\.1):\d+", r"\1:PORT")):
        text = re.sub(pattern, word, text)
    return [line.rstrip() for line in text.split("\n") if line.strip()]


def shows(c, out):
    """Each line that a page shows is there, in its order; `...` at the end of one: what follows; alone: lines left out."""
    left = timeless(out)
    skipping = False
    for line in timeless("\n".join(c.shown)):
        if line.strip() == "...":
            skipping = True
            continue
        fits = lambda l: l.startswith(line[:-3]) if line.endswith("...") else l == line
        at = next((i for i, l in enumerate(left) if fits(l)), None)
        if at is None or (at and not skipping):
            return "%r is not what comes: %s" % (line, left[:at or 3])
        left, skipping = left[at + 1:], False
    return "lines that the page has not: %s" % left if left and not skipping else ""


def quarantine_mended(f, serve):
    """docs/replay.md: three sales with a word that nobody knows."""
    for i in range(3):
        serve.fire(SALE % ("r%d" % i, "r%d" % i, "approv3d", i))


def word_added(f, serve):
    f.write("offers/nutra-de.yaml", offer_text("nutra-de").replace("events:", "stages:\n  sale: [approv3d]\nevents:"))


def reloaded(f, serve):
    wait_until("the reload", lambda: 'msg="reloaded"' in serve.err())


def covered(f, serve):
    """docs/matching.md: 812 purchases, 780 with a ttclid, 255 with an e-mail address, 617 of registered clicks."""
    c = http.client.HTTPConnection("127.0.0.1", serve.port, timeout=20)
    for i in range(617):
        ask(c, "GET", "/click/nutra-de?key=%s&subid=c%d&ttclid=E.C.P.%06d&event_id=e%d" % (KEY, i, i, i))
    for i in range(812):
        mail = "&email=u%d@example.com" % i if i >= 537 and i < 792 else ""
        ttclid = "&external_id=E.C.P.%06d" % i if i < 780 else ""
        ask(c, "GET", "/postback/nutra-de?key=%s&subid=c%d%s&status=sale&payout=12.5&currency=usd%s" % (KEY, i, ttclid, mail))
    c.close()


def together(p):
    """Both outputs as a terminal has them: what is told first, the result, what is told last."""
    first, _, rest = p.stderr.decode().partition("\n")
    return first + "\n" + p.stdout.decode() + rest


# page: what is there at its beginning; what happens before its n-th command with a `$`, and after it
SESSION = {
    "docs/replay.md": (quarantine_mended, {2: word_added}, {3: reloaded}),
    "docs/matching.md": (covered, {}, {}),
    "docs/inspector.md": (lambda f, s: None, {}, {}),
}
ELSEWHERE = {"docs/trace.md": "tests/e2e/83-trace.py", "README.md": "tests/e2e/90-docs.py"}


def shown_on(page):
    return [c for start, lines in docs.blocks(docs.text_of(page)) for c in docs.commands_of_block(page, start, lines) if c.shown is not None]


@part
def sessions():
    for page in docs.names():
        if page in ELSEWHERE:
            has("%s is held by %s" % (page, ELSEWHERE[page]), docs.text_of(ELSEWHERE[page]), page)
            continue
        those = shown_on(page) if page != docs.MADE else []
        if not those or not true("%s: there is a session for what it shows" % page, page in SESSION):
            continue
        begin, before, after = SESSION[page]
        sandbox = Sandbox()
        f = Folder(sandbox.endpoint)
        serve = Serve(f)
        begin(f, serve)
        os.makedirs(f.at("bin"))
        os.symlink(BINARY, f.at("bin/clickbaton"))
        env = dict(os.environ, PATH=f.at("bin") + ":" + os.environ["PATH"])
        for n, c in enumerate(those):
            before.get(n, lambda *_: None)(f, serve)
            p = subprocess.run(["bash", "-c", c.text], cwd=f.path, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, timeout=60)
            after.get(n, lambda *_: None)(f, serve)
            equal("%s: what it shows is what comes" % c, shows(c, together(p)) if c.shown else "", "")
        serve.stop()


# ---- options ----

def help_of(words):
    return run(*words, "--help").out


@part
def options():
    verbs = re.findall(r"^  ([a-z]+)  ", run("--help").out, re.M)
    subs = {"store": ["verify", "export", "import", "compact", "stats", "init"]}
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        asked = [(v,) for v in verbs] + [(v, s) for v in subs for s in subs[v]]
        texts = dict(zip(asked, pool.map(help_of, asked)))
    has_option = lambda text, o: re.search(r"(?<![\w-])%s(?![\w-])" % re.escape(o), text)
    for c in everything().values():
        found = re.search(r"^(?:.*[ (/])?clickbaton ([a-z]+)(?: ([a-z]+))?(.*)", re.sub(r"^(ch|sys|apt|journal|install|sudo (sys|apt|ch|inst)).*", "", c.text))
        if not found:
            continue
        verb, sub = found.group(1), found.group(2)
        if not true("%s: there is such a verb" % c, verb in verbs, verb):
            continue
        text = texts[(verb, sub)] if (verb, sub) in texts else texts[(verb,)]
        wrong = [o for o in re.findall(r"(?<![\w-])--[a-z][a-z-]*", found.group(3).split("|")[0]) if not has_option(text, o) and o != "--help"]
        equal("%s: --help has its options" % c, wrong, [])
    all_of_them, used = "\n".join(texts.values()), set()
    for page in docs.names():
        for n, o in docs.options(page):
            used.add(o)
            if not has_option(all_of_them, o) and o not in FOREIGN:
                bad("%s:%d: %s" % (page, n, o), "no verb has it")
    good("options that pages name are there")
    equal("FOREIGN: no page has these any more", [o for o in FOREIGN if not o in used], [])


TRACKERS = ("bemob", "binom", "generic", "keitaro", "redtrack", "voluum")


def page_offer(tracker):
    text = docs.text_of("docs/trackers/%s.md" % tracker)
    block = re.search(r"^    version: 1\n    offer:.*\n(?:(?:    .*)?\n)*", text, re.M).group(0)
    return re.sub(r"^    ", "", block, flags=re.M)


if __name__ == "__main__":
    main()
