#!/usr/bin/env python3
"""The pure model of a chain and the same chain by real servers, a real HTTP client, a real serve and a
real sandbox: they must agree, hop by hop, on every example; and what a live run leaves behind."""
import glob
import json
import os
import signal
import subprocess
import tempfile
import time

from harness import BINARY, ROOT, Folder, equal, has, main, part, run, true

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


@part
def an_offer_that_extends_a_file():
    """With a key of its own, and a tracker mapping beside it: as it works where it is."""
    f = Folder()
    f.write("own/mine.yaml", "version: 1\ntracker: mine\nextends: keitaro\nstages: {sale: [won]}\n")
    f.write("own/secret", "0123456789abcdef0123\n", 0o600)
    f.write("own/offer.yaml", f.read("offers/nutra-de.yaml").decode().replace("extends: keitaro", "extends: ./mine.yaml")
            + "key:\n  file: ./secret\n")
    path = f.write("chain.yaml", """version: 1
chain: own
start: "https://trk.example/c?external_id=__CLICKID__"
hops:
  - {name: tracker, kind: tracker, tracker: keitaro, to: "https://offer.example/?sub1={subid}"}
  - {name: offer, kind: lander}
conversion: {network: "https://trk.example/KEY/postback?subid={sub1}&status=won&payout=1&currency=usd", postback: own/offer.yaml}
""")
    code, live, err = simulate(path, "--live")
    equal("delivered", (code, live["live"]["delivered"], live["live"]["differences"]), (0, 1, []))


def ours(folder):
    return [n for n in os.listdir(folder) if n.startswith("clickbaton-live-")]


@part
def nothing_is_left():
    with tempfile.TemporaryDirectory() as t:
        env = dict(os.environ, TMPDIR=t)
        p = subprocess.run([BINARY, "simulate", CHAINS[0], "--live"], env=env, capture_output=True, text=True, timeout=60)
        equal("no folder after a run", ours(t), [])
        has("it says that both agree", p.stdout, "the live run and the model agree")
        p = subprocess.Popen([BINARY, "simulate", CHAINS[0], "--live"], env=env, stdout=subprocess.DEVNULL)
        time.sleep(0.02)
        p.send_signal(signal.SIGTERM)
        true("a signal ends it", p.wait(60) in (-signal.SIGTERM, 0, 1), p.returncode)
        equal("no folder after a signal", ours(t), [])
        left = subprocess.run(["pgrep", "-P", str(p.pid)], capture_output=True, text=True).stdout
        equal("no program is left", left, "")
        p = subprocess.run([BINARY, "simulate", CHAINS[0], "--live"], env=dict(os.environ, TMPDIR="/nonexistent"),
                           capture_output=True, text=True, timeout=60)
        equal("no place for its files: exit 4", p.returncode, 4)
        has("and it says where", p.stderr, "/nonexistent")


main()
