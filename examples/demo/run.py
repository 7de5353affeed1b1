#!/usr/bin/env python3
"""make demo: the main job on a machine of your own.

Starts a sandbox of TikTok's Events API and a server on free loopback ports in a temporary folder, registers
clicks as a landing page would, fires postbacks as the five trackers send them, waits for the delivery and shows
what became of each; then walks a redirect chain that keeps the ids and one that drops them.  Exit 0 only when everything is as it must be.

KEEP=1 puts a made-up week before it (history.py), leaves both running until Ctrl-C, and says what to try: docs/getting-started.md.
With --quick it leaves out the chains.
"""
import http.client, json, os, re, secrets, shutil, signal, subprocess, sys, tempfile, time, urllib.parse

sys.dont_write_bytecode = True  # this folder is installed as it is
import history

HERE = os.path.dirname(os.path.abspath(__file__))
KEEP = os.environ.get("KEEP", "") not in ("", "0")
CLICKBATON = os.path.abspath(os.environ.get("CLICKBATON", "build/clickbaton"))
KEY = secrets.token_hex(16)


def ttclid(n):
    """A made-up one of the real length and alphabet."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    x, out = 2463534242 + n * 7919, ""
    for _ in range(300):
        x = (x * 1103515245 + 12345) & 0x7FFFFFFF
        out += letters[(x >> 16) % 64]
    return "E.C.P." + out


class Row:
    """One postback, and what must become of it."""

    def __init__(self, tracker, what, offer, query, verdict, event=None, event_id=None, clid=None, value=None, body=None):
        self.__dict__.update(locals())


T = [ttclid(i) for i in range(7)]
CLICKS = [  # as web pages and trackers register them: offer, parameters, from a page?
    ("nutra-de", {"subid": "o2q6e42hs08jq", "ttclid": T[0], "event_id": "ev-5f0c1a", "consent": "1"}, True),
    ("loan-pl", {"clickid": "81e60haa86o0b7", "ttclid": T[2], "event_id": "ev-77aa01"}, False),
    ("loan-pl", {"clickid": "93c7bd0aa86o0b9", "ttclid": T[6], "event_id": "ev-93c7bd"}, False),
]
ROWS = [
    Row("Keitaro", "lead", "nutra-de", f"subid=o2q6e42hs08jq&status=lead&quality=verified&currency=usd", "queued", "Lead", "ev-5f0c1a", T[0], 30),
    Row("Keitaro", "sale, ttclid only at the click", "nutra-de", f"subid=o2q6e42hs08jq&status=sale&payout=12.50&currency=usd&tid=9", "queued", "Purchase", "ev-5f0c1a", T[0], 12.5),
    Row("Keitaro", "the same sale again", "nutra-de", f"subid=o2q6e42hs08jq&status=sale&payout=12.50&currency=usd&tid=9", "duplicate"),
    Row("Keitaro", "trash", "nutra-de", f"subid=o2q6e42hs08jq&status=trash", "ignored"),
    Row("Keitaro", "damaged by an HTML page", "nutra-de", f"subid=1dad2cg1br22spja1&external_id={T[1]}&status=sale&payout=20%C2%A4cy=usd&tid=10", "queued", "Purchase", "1dad2cg1br22spja1", T[1], 20),
    Row("BeMob", "confirm", "sweeps-us", f"cid=AMDT2idsBZnMWZjKDBbemx&externalId={T[3]}&payout=4.20&status=confirm", "queued", "Purchase", "AMDT2idsBZnMWZjKDBbemx", T[3], 4.2),
    Row("BeMob", "decline", "sweeps-us", f"cid=AMDT2idsBZnMWZjKDBbemx&externalId={T[3]}&payout=0&status=decline", "ignored"),
    Row("Binom", "approved, 80 % of it", "loan-pl", f"clickid=81e60haa86o0b7&externalid={{externalid}}&payout=7&cnv_currency=usd&cnv_status=approved", "queued", "Purchase", "ev-77aa01", T[2], 5.6),
    Row("Binom", "a status nobody knows", "loan-pl", f"clickid=93c7bd0aa86o0b9&cnv_status=buy_button", "quarantined"),
    Row("RedTrack", "Purchase", "keto-us", f"clickid=69870d56e7319caefb38eaee&ref_id={T[4]}&sum=19.90&type=Purchase&status=Approved&order_id=1001", "queued", "Purchase", "69870d56e7319caefb38eaee", T[4], 19.9),
    Row("RedTrack", "Upsell by POST", "keto-us", "", "queued", "Purchase", "69870d56e7319caefb38eaee.1002", T[4], 9,
        body=f"clickid=69870d56e7319caefb38eaee&ref_id={T[4]}&sum=9.00&type=Upsell&order_id=1002"),
    Row("Voluum", "conversion", "vpn-fr", f"cid=c384EFV6JHQODRN70575OK6UG5&externalid={T[5]}&payout=10.00&txid=120", "queued", "Subscribe", "c384EFV6JHQODRN70575OK6UG5", T[5], 36.89),
    Row("Voluum", "a payout nobody can read", "vpn-fr", f"cid=c384EFV6JHQODRN70575OK6UG5&externalid={T[5]}&payout=1,234&txid=121", "quarantined"),
]


def start(folder, words, log):
    """Start a verb and wait for the line that says where it listens.  Ctrl-C in the terminal is ours alone: we end it in its turn."""
    process = subprocess.Popen([CLICKBATON, *words], cwd=folder, stdout=subprocess.PIPE, stderr=open(os.path.join(folder, log), "w"), text=True, start_new_session=True)
    line = process.stdout.readline()
    return process, re.findall(r"http://([0-9.]+:\d+)", line)


def call(address, method, path, body=None, headers={}):
    connection = http.client.HTTPConnection(address, timeout=10)
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def prepare(folder, sandbox_address):
    shutil.copytree(os.path.join(HERE, "..", "offers"), os.path.join(folder, "offers"))
    shutil.copy(os.path.join(HERE, "..", "value-models.yaml"), folder)  # that two of them share
    os.mkdir(os.path.join(folder, "keys"), 0o700)
    for name, secret in (("postback", KEY), ("tiktok", secrets.token_hex(20))):
        with os.fdopen(os.open(os.path.join(folder, "keys", name), os.O_WRONLY | os.O_CREAT, 0o600), "w") as f:
            f.write(secret + "\n")
    with open(os.path.join(HERE, "clickbaton.yaml")) as f:
        config = f.read().replace("127.0.0.1:8081", sandbox_address)
    with open(os.path.join(folder, "clickbaton.yaml"), "w") as f:
        f.write(config)
    if KEEP:
        history.write(os.path.join(folder, "week.jsonl"), time.time())
        subprocess.run([CLICKBATON, "store", "import", "week.jsonl", "./data"], cwd=folder, check=True, stdout=subprocess.DEVNULL)


def register_clicks(public):
    for offer, fields, from_page in CLICKS:
        query = urllib.parse.urlencode(fields)
        if from_page:
            status, text = call(public, "POST", f"/click/{offer}", query, {"Origin": "https://lander.example", "User-Agent": "Mozilla/5.0 (Linux; Android 14)", "Content-Type": "application/x-www-form-urlencoded"})
        else:
            status, text = call(public, "GET", f"/click/{offer}?key={KEY}&{query}")
        assert status == 204, (status, text)


def fire(public, row):
    path = f"/postback/{row.offer}?key={KEY}&{row.query}"
    headers = {"Accept": "application/json"}
    if row.body:
        status, text = call(public, "POST", path, row.body, {**headers, "Content-Type": "application/x-www-form-urlencoded"})
    else:
        status, text = call(public, "GET", path, None, headers)
    row.status, row.answer = status, json.loads(text)


def delivered(sandbox_address, wanted):
    """The events that the sandbox has accepted, by (event, event_id), once all wanted are there."""
    for _ in range(150):
        events = json.loads(call(sandbox_address, "GET", "/events")[1])["events"]
        if len(events) >= wanted:
            break
        time.sleep(0.1)
    return {(e["event"], e["event_id"]): e for e in events}, len(events)


def judge(row, events):
    """The cells of a row, and whether all is as it must be."""
    good = row.status == 200 and row.answer["verdict"] == row.verdict
    if not row.event:
        return [row.answer["verdict"], "", "", "", row.answer["reason"]], good
    e = events.get((row.event, row.event_id), {})
    same_clid = e.get("user", {}).get("ttclid") == row.clid
    same_value = e.get("properties", {}).get("value") == row.value
    good = good and same_clid and same_value
    value = f"{e['properties']['value']} {e['properties']['currency']}" if same_value else "WRONG"
    notes = "; ".join(w.split(" ")[0] for w in row.answer["warnings"])
    return [row.answer["verdict"], f"{row.event} {value}", "kept" if same_clid else "LOST", row.event_id if e else "LOST",
            ("accepted, " + e["request_id"] if e else "NOT DELIVERED") + (f" ({notes})" if notes else "")], good


def table(rows):
    head = ["tracker", "postback", "verdict", "event", "ttclid", "event_id", "TikTok's answer, or why"]
    widths = [max(len(r[i]) for r in [head] + rows) for i in range(len(head) - 1)]
    for r in [head] + rows:
        print("  ".join(c.ljust(w) for c, w in zip(r, widths)) + "  " + r[-1])


CHAINS = os.path.join(HERE, "..", "chains")


def show(what, words, shown, code, folder=None):
    """A verb and what it prints; the lines when it ended with that code, else none."""
    print(f"\n{what}\n$ clickbaton {shown}")
    p = subprocess.run([CLICKBATON, *words], capture_output=True, text=True, cwd=folder)
    lines = (p.stdout + p.stderr).rstrip().split("\n")
    for line in lines:
        print("  " + (line if len(line) <= 170 else line[:167] + "..."))
    return lines if p.returncode == code else []


def show_chain(what, name, code, *more, folder=None):
    """A chain through `simulate`."""
    return show(what, ["simulate", os.path.join(CHAINS, name), *more], " ".join(["simulate", f"examples/chains/{name}", *more]), code, folder)


INVITATION = """
KEEP=1: the server and the sandbox run until you press Ctrl-C here; then the folder below is removed.  The week before today is made up.

  the inspector: open this link in a browser of this machine, within an hour
    {link}
  another link, later
    {bin} inspect -c {conf}
  the folder with clickbaton.yaml and offers/
    {folder}

Try next, in another terminal, from where you are now.  loan-pl has a postback that nobody understood: "{word}".
  {bin} trace {id} -c {conf}   # its story
  {bin} report -c {conf}   # the week, and what stands out
  printf 'stages:\\n  lead: [{word}]\\n' >> {folder}/offers/loan-pl.yaml && kill -HUP $(cat {folder}/data/lock)   # it is a lead
  {bin} replay --since 24h -c {conf}   # what has waited is sent
  {bin} tail -n 20 -c {conf}   # conversions as they come, until Ctrl-C
docs/getting-started.md walks through it with pictures."""


def keep(folder, serve):
    """Say what there is to see, and wait for Ctrl-C.  True when the server ran until then."""
    shown = os.path.relpath(CLICKBATON)
    conf = os.path.join(folder, "clickbaton.yaml")
    link = subprocess.run([CLICKBATON, "inspect", "-c", conf], capture_output=True, text=True)
    row = next(r for r in ROWS if history.WORD in r.query)
    print(INVITATION.format(bin=CLICKBATON if shown.startswith("..") else shown, conf=conf, folder=folder, word=history.WORD,
                            link=link.stdout.strip() or link.stderr.strip(), id=urllib.parse.parse_qs(row.query)["clickid"][0]), flush=True)
    try:
        serve.wait()
    except KeyboardInterrupt:
        print()
        return link.returncode == 0
    print("\nthe server has ended by itself")
    return False


def interrupted(*_):
    raise KeyboardInterrupt


def main():
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, interrupted)
    folder = tempfile.mkdtemp(prefix="clickbaton-demo-")
    processes, good = [], False
    try:
        sandbox, (sandbox_address,) = start(folder, ["sandbox", "--listen", "127.0.0.1:0"], "sandbox.log")
        processes.append(sandbox)
        prepare(folder, sandbox_address)
        checked = subprocess.run([CLICKBATON, "check"], cwd=folder, capture_output=True, text=True)
        print(f"$ clickbaton check\n{checked.stdout}{checked.stderr}")
        serve, (public, admin) = start(folder, ["serve"], "serve.log")
        processes.append(serve)
        print(f"server on http://{public}, sandbox of the Events API on http://{sandbox_address}\n")
        register_clicks(public)
        for row in ROWS:
            fire(public, row)
        wanted = len({(r.event, r.event_id) for r in ROWS if r.event})
        events, count = delivered(sandbox_address, wanted)
        judged = [judge(r, events) for r in ROWS]
        table([[r.tracker, r.what, *cells] for r, (cells, _) in zip(ROWS, judged)])
        notes = {w.split(" ")[0]: w for r in ROWS for w in r.answer["warnings"]}
        print("\n" + "\n".join(notes[code] for code in sorted(notes)))
        good = all(ok for _, ok in judged) and count == wanted and checked.returncode == 0
        first = next(r for r in ROWS if r.value == 12.5)
        print(f"\nThe second row in full.  The postback:\n  GET /postback/{first.offer}?key=...&{first.query}\nThe event that TikTok got:")
        print("  " + json.dumps({k: v for k, v in events.get((first.event, first.event_id), {}).items() if k in ("event", "event_time", "event_id", "user", "properties", "page")}))
        if "--quick" not in sys.argv:
            good = show_chain("Before a cent is spent: a chain that keeps the baton, with real servers on this machine.", "keitaro.yaml", 0, "--live") != [] and good
            dropped = show_chain("And one that drops it; --keep leaves its hops for `trace`.", "lander-forgets-subid.yaml", 1, "--keep", folder=folder)
            id = dropped[-1].split(" ")[-1] if dropped else "none"
            traced = show("At which hop was that?", ["trace", id], f"trace {id}", 0, folder)
            good = any(line.startswith("simulated") and line.endswith("the baton drops at hop lander") for line in traced) and good
        if good and KEEP:
            good = keep(folder, serve)
    except KeyboardInterrupt:
        good = False
        print("\ninterrupted")
    finally:
        for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(name, signal.SIG_IGN)
        for p in reversed(processes):
            p.terminate()
            good = p.wait(timeout=20) == 0 and good
        if not good:
            for log in ("serve.log", "sandbox.log"):
                if os.path.exists(os.path.join(folder, log)):
                    sys.stderr.write(f"---- {log}\n{open(os.path.join(folder, log)).read()[-3000:]}\n")
        shutil.rmtree(folder, ignore_errors=True)
    print("\ndemo: everything is as it must be" if good else "\ndemo: SOMETHING IS WRONG, see above")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
