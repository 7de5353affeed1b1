#!/usr/bin/env python3
"""The pure model of a chain and the same chain by real servers, a real HTTP client, a real serve and a
real sandbox: they must agree, hop by hop, on every example; and what a live run leaves behind."""
import contextlib
import glob
import json
import os
import re
import signal
import socket
import subprocess
import tempfile

from harness import BINARY, ROOT, Folder, bad, equal, has, hasnt, main, part, run, true

AT = "1790000000"
CHAINS = sorted(glob.glob(os.path.join(ROOT, "examples", "chains", "*.yaml")))


def simulate(path, *more, env=None):
    r = run("simulate", path, "--json", "--at", AT, *more)
    return r.code, json.loads(r.out), r.err


def without_times(query):
    return "&".join(p for p in query.split("&") if not p.startswith("click_ts="))


@part
def every_example():
    true("there are at least 12 examples", len(CHAINS) >= 12, CHAINS)
    kept = broken = 0
    for path in CHAINS:
        name = os.path.basename(path)
        code, model, _ = simulate(path)
        live_code, live, err = simulate(path, "--live")
        equal("%s: no complaint" % name, err, "")
        equal("%s: the same exit code" % name, live_code, code)
        equal("%s: hop by hop the same" % name, live["hops"], model["hops"])
        equal("%s: the same verdict" % name, (live["verdict"], live["code"], live["broken_at"], live["reason"]),
              (model["verdict"], model["code"], model["broken_at"], model["reason"]))
        equal("%s: the same postback" % name, live["postback"], model["postback"])
        equal("%s: no differences" % name, live["live"]["differences"], [])
        equal("%s: what the model says comes is delivered" % name, live["live"]["delivered"], len(model["events"]))
        if model["events"]:
            equal("%s: serve takes it" % name, live["live"]["serve"]["verdict"], "queued")
        kept, broken = kept + (code == 0), broken + (code == 1)
    print("# %d chains, %d kept and %d broken, agree live and in the model" % (len(CHAINS), kept, broken))
    true("some are kept, some broken", kept >= 6 and broken >= 6, (kept, broken))


HOPS = {
    "redirect 301": "{name: x, kind: redirect, status: 301, to: 'https://next.example/a?own=1'}",
    "redirect 307": "{name: x, kind: redirect, status: 307, to: 'https://next.example/a?own=1'}",
    "relative": "{name: x, kind: redirect, to: '../b?own=1'}",
    "meta": "{name: x, kind: meta, to: 'https://next.example/a?q=%26%22%3C'}",
    "double meta": "{name: x, kind: meta, double: true, to: 'https://next.example/a?own=1'}",
    "js": "{name: x, kind: js, to: \"https://next.example/a?q='%22%3C/script%3E\"}",
    "form": "{name: x, kind: form, to: 'https://next.example/a?sub={ttclid}&amp=1&lt=2'}",
    "shortlink": "{name: x, kind: shortlink, to: 'https://next.example/a'}",
    "app": "{name: x, kind: app, to: 'myshop://open/product'}",
    "port": "{name: x, kind: redirect, to: 'https://next.example:8443/a'}",
    "no path": "{name: x, kind: redirect, to: 'https://next.example'}",
    "fragment": "{name: x, kind: redirect, fragment: true, to: 'https://next.example/a'}",
    "fragment first": "{name: x, kind: redirect, fragment_first: true, to: 'https://next.example/a'}",
    "html entities": "{name: x, kind: redirect, html_entities: true, to: 'https://next.example/a?x=1&currency=usd'}",
    "second question mark": "{name: x, kind: redirect, second_question_mark: true, to: 'https://next.example/a?x=1'}",
    "decoded": "{name: x, kind: redirect, decode: true, to: 'https://next.example/a'}",
    "encoded twice": "{name: x, kind: redirect, double_encode: true, to: 'https://next.example/a'}",
    "stays on its host": "{name: x, kind: redirect, relative: true, to: 'https://next.example/a'}",
    "trailing slash": "{name: x, kind: redirect, trailing_slash: true, to: 'https://next.example/a'}",
    "to http": "{name: x, kind: redirect, downgrade: true, to: 'https://next.example/a'}",
    "other host": "{name: x, kind: redirect, host: www.next.example, to: 'https://next.example/a'}",
}


@part
def every_kind_of_hop():
    """No conversion: only the way.  The campaign's name has blanks, '+' and letters beyond ASCII."""
    for name, hop in HOPS.items():
        f = Folder()
        path = f.write("chain.yaml", """version: 1
chain: hops
start: "https://first.example/dir/page?ttclid=__CLICKID__&name=__CAMPAIGN_NAME__&text=__CID_NAME__"
hops:
  - %s
  - {name: y, kind: redirect, to: "https://last.example/z?t={ttclid}"}
  - {name: z, kind: lander}
""" % hop)
        code, model, err = simulate(path)
        live_code, live, live_err = simulate(path, "--live")
        equal("%s: the same hops" % name, live["hops"], model["hops"])
        equal("%s: the same end" % name, (live_code, live["live"]["differences"]), (code, []))
        equal("%s: three hops" % name, len(model["hops"]), 3)


COOKIES = """version: 1
chain: cookies
start: "https://trk.example/c?external_id=__CLICKID__"
hops:
  - {name: tracker, kind: tracker, tracker: keitaro, to: "https://lander.example/?subid={subid}", %s}
  - {name: lander, kind: lander, to: "https://%s/click"}
  - {name: again, kind: tracker, tracker: keitaro, to: "https://offer.example/?sub1={subid}"}
conversion: {network: "https://trk.example/KEY/postback?subid={sub1}&status=sale&payout=1&currency=usd", postback: offers/nutra-de.yaml}
"""


@part
def cookies():
    """A link without the click id works by the tracker's cookie, on the same host only."""
    f = Folder()
    for name, failure, host, verdict in (("the cookie is kept", "status: 302", "trk.example", "kept"),
                                         ("no cookie is kept", "lose_cookies: true", "trk.example", "broken"),
                                         ("another domain", "status: 302", "track.other.example", "broken")):
        path = f.write("chain.yaml", COOKIES % (failure, host))
        code, model, _ = simulate(path)
        live_code, live, _ = simulate(path, "--live")
        equal("%s: %s" % (name, verdict), (model["verdict"], live["verdict"]), (verdict, verdict))
        equal("%s: the same hops" % name, live["hops"], model["hops"])


OWN = """version: 1
chain: own
start: "https://trk.example/c?external_id=__CLICKID__"
hops:
  - {name: tracker, kind: tracker, tracker: keitaro, to: "https://offer.example/?sub1={subid}"}
  - {name: offer, kind: lander}
conversion: {network: "https://trk.example/KEY/postback?subid={sub1}&status=won&payout=1&currency=usd", postback: own/offer.yaml}
"""
FLOW = """{version: 1, "offer": nutra-de, extends: ./mine.yaml, key: {file: ./secret}, pixel: C9EXAMPLEPIXEL00,
page_url: "https://lander.example/nutra", value_currency: USD, events: {sale: {event: Purchase, value: payout}},
properties: {description: "a: b, [c], # e \\" \\\\ \\n\\tf"}}"""


@part
def an_offer_that_extends_a_file():
    """With a key of its own, and a tracker mapping beside it: as it works where it is."""
    f = Folder()
    f.write("own/mine.yaml", "version: 1\ntracker: mine\nextends: keitaro\nstages: {sale: [won]}\n")
    f.write("own/secret", "0123456789abcdef0123\n", 0o600)
    path = f.write("chain.yaml", OWN)
    plain = f.read("offers/nutra-de.yaml").decode() + "key:\n  file: ./secret\n"
    for name, text in (("a path", plain.replace("extends: keitaro", "extends: ./mine.yaml")),
                       ("on the next line", plain.replace("extends: keitaro", "extends:\n  ./mine.yaml  # ours")),
                       ("in quotes", plain.replace("extends: keitaro", 'extends: "\\x2e/mine\\u002Eyaml"')),
                       ("folded", plain.replace("extends: keitaro", "extends: >-\n  ./mine.yaml")),
                       ("one flow", FLOW)):
        f.write("own/offer.yaml", text)
        code, live, err = simulate(path, "--live")
        equal("extends %s: delivered" % name, (code, live["live"]["delivered"], live["live"]["differences"]), (0, 1, []))


DIRECT = """version: 1
chain: direct
start: "https://offer.example/?aff_sub=__CLICKID__"
hops:
  - {name: offer, kind: lander}
conversion:
  network: "https://events.example/%s?key=KEY&ttclid={aff_sub}&status=approved&payout=25.00&txid=7001%s"
  postback: offers/shop-any.yaml
"""


@part
def where_the_postback_goes():
    """To the path as it is written, and only the key's value is another."""
    f = Folder(offers=("nutra-de", "shop-any"))
    code, live, _ = simulate(f.write("chain.yaml", DIRECT % ("postback/shop-any", "")), "--live")
    equal("path: the right one", (code, live["live"]["delivered"], live["live"]["differences"]), (0, 1, []))
    code, live, _ = simulate(f.write("chain.yaml", DIRECT % ("postback/shop-amy", "")), "--live")
    equal("path: another offer's is found out by the model", (code, live["code"], live["live"]["differences"]), (1, "H021", []))
    text = (DIRECT % ("postback/shop-any", "")).replace("key=KEY&", "")
    code, live, _ = simulate(f.write("chain.yaml", text), "--live")
    has("path: without a key", json.dumps(live["live"]["differences"]), "serve answers 401")


@part
def a_pixel_out_of_the_postback():
    """It goes into the run's configuration: nothing in it may become YAML."""
    f = Folder(offers=("nutra-de", "shop-any"))
    f.write("offers/shop-any.yaml", re.sub("(?m)^pixel: .*$", 'pixel: "{param.px}"', f.read("offers/shop-any.yaml").decode()))
    for name, px, delivered in (("a good one", "C9EXAMPLEPIXEL07", True),
                                ("lines", "A%3A%20%7B%7D%0Alisten%3A%200.0.0.0%3A0%0A%23", False),
                                ("a quote", "A%22%3A", False), ("long", "A" * 65, False)):
        path = f.write("chain.yaml", DIRECT % ("postback/shop-any", "&px=" + px))
        r = run("simulate", path, "--json", "--at", AT, "--live")
        hasnt("pixel, %s: no broken configuration" % name, r.err, "did not start", "yaml")
        live = json.loads(r.out)["live"]
        equal("pixel, %s: delivered" % name, live["delivered"] > 0, delivered)


# ---- who else is there ----

def children_of(pid):
    with contextlib.suppress(OSError):
        return [int(n) for n in open("/proc/%d/task/%d/children" % (pid, pid)).read().split()]
    return []


def sockets(pid):
    found = set()
    with contextlib.suppress(OSError):
        for fd in os.listdir("/proc/%d/fd" % pid):
            with contextlib.suppress(OSError):
                found.add(os.readlink("/proc/%d/fd/%s" % (pid, fd)))
    return {name for name in found if name.startswith("socket:")}


def listening(pid):
    """Ports that the process itself listens on."""
    own = sockets(pid)
    rows = [line.split() for line in open("/proc/net/tcp").read().splitlines()[1:]]
    return [int(r[1].split(":")[1], 16) for r in rows if r[3] == "0A" and "socket:[%s]" % r[9] in own]


def stranger(port, header):
    s = socket.create_connection(("127.0.0.1", port), 10)
    s.sendall(("GET /?ttclid=mine HTTP/1.1\r\nHost: first.example\r\n%sConnection: close\r\n\r\n" % header).encode())
    return s


@part
def strangers():
    """Another program that finds the port of the chain's servers gets nothing, and changes nothing."""
    f = Folder()
    hops = "".join("  - {name: h%d, kind: redirect, to: 'https://n%d.example/'}\n" % (i, i) for i in range(49))
    path = f.write("chain.yaml", 'version: 1\nchain: many\nstart: "https://first.example/?ttclid=__CLICKID__"\n'
                   "hops:\n" + hops + "  - {name: z, kind: lander}\n")
    code, model, _ = simulate(path)
    headers = [""] + ["X-Clickbaton-Live: %s\r\n" % v for v in ("", "0", "0" * 32, "0" * 33)]
    answers = []
    for _ in range(200):
        p = subprocess.Popen([BINARY, "simulate", path, "--live", "--json", "--at", AT], stdout=subprocess.PIPE, text=True)
        while p.poll() is None and not sockets(p.pid):
            pass
        with contextlib.suppress(ProcessLookupError):
            p.send_signal(signal.SIGSTOP)  # so that they come before its own visitor
        came = [stranger(port, h) for port in listening(p.pid)[:1] for h in headers]
        with contextlib.suppress(ProcessLookupError):
            p.send_signal(signal.SIGCONT)
        live = json.loads(p.communicate(timeout=60)[0])
        for s in came:
            with s, contextlib.suppress(OSError):
                s.settimeout(10)
                answers.append(s.recv(100).decode().split("\r\n")[0])
        if (live["hops"], live["live"]["differences"]) != (model["hops"], []):
            bad("strangers: the run is as without them", live["live"]["differences"])
            return
        if len(answers) >= 10:
            break
    gone = "HTTP/1.1 404 Not Found"
    true("strangers: were there", answers.count(gone) >= 5, answers)
    true("strangers: are sent away", set(answers) <= {"", gone, "HTTP/1.1 503 Service Unavailable"}, set(answers))


def ours(folder):
    return [n for n in os.listdir(folder) if n.startswith("clickbaton-live-")]


def interrupt(env, number, folder):
    """A run that a signal hits while both of its programs run: (exit code, their pids)."""
    for _ in range(100):
        p = subprocess.Popen([BINARY, "simulate", CHAINS[0], "--live"], env=env, stdout=subprocess.DEVNULL)
        pids = []
        while p.poll() is None and len(pids) < 2:
            pids = children_of(p.pid)
        with contextlib.suppress(ProcessLookupError):
            p.send_signal(number)
        code = p.wait(60)
        if len(pids) == 2 and code == -number:
            return code, pids
        equal("no folder after a run that ended before its signal", ours(folder), [])
    return None, []


@part
def nothing_is_left():
    with tempfile.TemporaryDirectory() as t:
        env = dict(os.environ, TMPDIR=t)
        p = subprocess.run([BINARY, "simulate", CHAINS[0], "--live"], env=env, capture_output=True, text=True, timeout=60)
        equal("no folder after a run", ours(t), [])
        has("it says that both agree", p.stdout, "the live run and the model agree")
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
            code, pids = interrupt(env, number, t)
            equal("%s ends a run" % number.name, code, -number)
            equal("%s: no folder is left" % number.name, ours(t), [])
            equal("%s: no program is left" % number.name, [n for n in pids if os.path.exists("/proc/%d" % n)], [])
        for name, folder, words in (("no such folder", "/nonexistent", "No such file"),
                                    ("too long", "/" + "x" * 300, "TMPDIR is too long")):
            p = subprocess.run([BINARY, "simulate", CHAINS[0], "--live"], env=dict(os.environ, TMPDIR=folder),
                               capture_output=True, text=True, timeout=60)
            equal("%s: exit 4" % name, p.returncode, 4)
            has("%s: it says so" % name, p.stderr, words)


main()
