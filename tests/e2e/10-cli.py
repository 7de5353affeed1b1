"""The command line: translate, check, help, misuse."""
from harness import *

AT = "1795182893"
SALE = "?subid=2t4ch5&external_id=E.C.P.abc&status=sale&payout=12.50&currency=usd&tid=9"
BODY = {"event_source": "web", "event_source_id": PIXEL,
        "data": [{"event": "Purchase", "event_time": int(AT), "event_id": "2t4ch5",
                  "user": {"ttclid": "E.C.P.abc"},
                  "properties": {"currency": "USD", "value": 12.5, "content_type": "product",
                                 "contents": [{"content_id": "plain", "quantity": 1, "price": 12.5}],
                                 "order_id": "9"},
                  "page": {"url": "https://lander.example/nutra"}}]}
PLAIN = """version: 1
offer: plain
extends: keitaro
pixel: %s
page_url: https://lander.example/nutra
value_currency: USD
events:
  sale:     {event: Purchase, value: payout}
  rejected: ignore
properties:
  content_type: product
  contents: [{content_id: plain, quantity: 1, price: value}]
  order_id: "{txid}"
""" % PIXEL


def offer(text=PLAIN):
    f = Folder()
    return f, f.write("plain.yaml", text)


def lines(text):
    return [line for line in text.split("\n") if line]


@part
def translate_prints_the_body():
    _, path = offer()
    r = run("translate", path, SALE, "--at", AT)
    equal("translate: exit 0", r.code, 0)
    equal("translate: one line on stdout", r.out.count("\n"), 1)
    equal("translate: the body", json.loads(r.out), BODY)
    equal("translate: nothing on stderr", r.err, "")
    for name, url in (("a whole URL", "https://trk.example/postback" + SALE),
                      ("a query without ?", SALE[1:]), ("a path and a query", "/x/y" + SALE)):
        same = run("translate", path, url, "--at", AT)
        equal("translate: %s gives the same bytes" % name, (same.code, same.out), (0, r.out))
    again = run("translate", path, SALE, "--at=" + AT)
    equal("translate: --at=N", again.out, r.out)
    options_first = run("translate", "--at", AT, path, "--", SALE)
    equal("translate: options first, then --", options_first.out, r.out)


@part
def translate_json():
    _, path = offer()
    r = run("translate", path, SALE, "--at", AT, "--json")
    got = json.loads(r.out)
    equal("--json: exit 0", r.code, 0)
    equal("--json: the keys", list(got), ["verdict", "reason", "warnings", "consent", "bodies", "fields"])
    equal("--json: verdict and reason", (got["verdict"], got["reason"], got["warnings"]),
          ("queued", "", []))
    equal("--json: bodies", got["bodies"], [BODY])
    f = got["fields"]
    equal("--json: a field from a parameter", {k: f["click_id"][k] for k in ("value", "from", "name")},
          {"value": "2t4ch5", "from": "param", "name": "subid"})
    has("--json: its line in the mapping", f["click_id"]["at"], "keitaro.yaml (built in):")
    equal("--json: a derived field", f["event_id"],
          {"value": "2t4ch5", "from": "derived", "name": "click_id"})
    equal("--json: the stage", (f["stage"]["value"], f["stage"]["from"]), ("sale", "mapping"))
    equal("--json: no others",
          sorted(f), sorted(["click_id", "ttclid", "event_id", "status", "payout", "currency",
                             "txid", "stage"]))
    r = run("translate", path, "?subid=1&status=trash", "--json")
    got = json.loads(r.out)
    equal("--json: ignored has a code, exit 1", (r.code, got["verdict"], got["code"], got["bodies"]),
          (1, "ignored", "I001", []))
    r = run("translate", path, "?subid=1&ttclid=a&status=nonsense", "--json")
    got = json.loads(r.out)
    equal("--json: quarantined has a code and a reason, exit 1",
          (r.code, got["verdict"], got["code"], got["reason"]),
          (1, "quarantined", "Q002", 'no stage of the mapping lists the word "nonsense"'))
    r = run("translate", path, "?subid=a%22b%01%FF&external_id=E.C&status=sale&payout=1&currency=usd",
            "--json", "--at", AT)
    got = json.loads(r.out)
    equal("--json: quotes, control bytes and broken UTF-8 still make JSON",
          got["fields"]["click_id"]["value"], 'a"b\x01\ufffd')


@part
def translate_click():
    _, path = offer()
    url = "?subid=2t4ch5&status=sale&payout=12.50&currency=usd"
    r = run("translate", path, url, "--at", AT, "--click",
            "?subid=2t4ch5&ttclid=E.C.P.Click&event_id=ev-1&ip=203.0.113.9&ua=Mozilla%2F5.0", "--json")
    got = json.loads(r.out)
    event = got["bodies"][0]["data"][0]
    equal("--click: its ttclid and event_id",
          (event["user"]["ttclid"], event["event_id"]), ("E.C.P.Click", "ev-1"))
    equal("--click: its address and browser", (event["user"]["ip"], event["user"]["user_agent"]),
          ("203.0.113.9", "Mozilla/5.0"))
    equal("--click: where the field came from", got["fields"]["ttclid"]["from"], "click")
    r = run("translate", path, url, "--click", "?foo=1")
    equal("--click without an id: exit 1", r.code, 1)
    has("--click without an id: the reason", r.err, "refused[R004]", "--click")


@part
def translate_explain():
    _, path = offer()
    r = run("translate", path, SALE, "--at", AT, "--explain")
    rows = lines(r.out)
    equal("--explain: the body comes first", json.loads(rows[0]), BODY)
    table = {}
    for row in rows[1:]:
        table.setdefault(row.split()[0], row)
    has("--explain: ttclid", table["ttclid"], "parameter external_id", "keitaro.yaml (built in):", "E.C.P.abc")
    has("--explain: the derived event_id", table["event_id"], "derived click_id", "2t4ch5")
    has("--explain: the rule", rows[-1], "Purchase, event_id 2t4ch5, value 12.5 USD",
        "by the rule at ", "plain.yaml:8")
    r = run("translate", path, SALE, "--at", AT, "--explain", "--json")
    equal("--explain --json: stdout is JSON alone", json.loads(r.out)["verdict"], "queued")
    steps = json.loads(r.out)["steps"]
    equal("--explain --json: what was done to the value", [(s["value"], s["done"]) for s in steps if s["field"] == "properties.value"],
          [("12.5", "12.50 USD is what parameter payout says")])
    r = run("translate", path, "?subid=%1B%5B31mred&ttclid=a&status=sale&payout=1", "--explain")
    hasnt("--explain: no escape sequence reaches the terminal", r.out.split("\n", 1)[1] + r.err, "\x1b")
    r = run("translate", path, "?subid=a%E2%80%AEb%C2%9Bc&ttclid=a&status=sale&payout=1", "--explain")
    hasnt("--explain: nothing turns the direction of writing", r.out.split("\n", 1)[1] + r.err, "\u202e", "\x9b")
    has("--explain: they are shown as question marks", r.out, "a?b?c")


@part
def translate_lines():
    _, path = offer()
    urls = ["?subid=a&ttclid=A&status=sale&payout=1&currency=usd", "", "  ", "?subid=b&status=trash\r",
            "?subid=" + "x" * 70000, "?subid=c&ttclid=C&status=sale&payout=nope",
            "?subid=d&ttclid=D&status=sale&payout=2&currency=usd"]
    r = run("translate", path, "-", "--json", "--at", AT, stdin="\n".join(urls))
    got = [json.loads(line) for line in lines(r.out)]
    equal("-: one object per line, in order, blank lines left out",
          [(g["verdict"], g.get("code")) for g in got],
          [("queued", None), ("ignored", "I001"), ("refused", "R003"), ("quarantined", "Q003"),
           ("queued", None)])
    equal("-: exit 1 when one is not translated", r.code, 1)
    r = run("translate", path, "-", "--at", AT, stdin="\n".join([urls[0], urls[6]]) + "\n")
    equal("-: bodies in order, exit 0",
          (r.code, [json.loads(x)["data"][0]["event_id"] for x in lines(r.out)]), (0, ["a", "d"]))
    r = run("translate", path, "-", stdin="")
    equal("-: nothing in, nothing out", (r.code, r.out, r.err), (0, "", ""))
    r = run("translate", path, "-", "--json", stdin=b"?subid=a\0b&ttclid=A&status=sale\n\xff\xfe\n")
    equal("-: NUL and other bytes give objects all the same",
          [json.loads(x)["verdict"] != "" for x in lines(r.out)], [True, True])
    many = run("translate", path, "-", "--at", AT,
               stdin="".join("?subid=n%d&ttclid=T%d&status=sale&payout=1&currency=usd\n" % (i, i)
                             for i in range(3000)))
    equal("-: 3,000 lines in order", [json.loads(x)["data"][0]["event_id"] for x in lines(many.out)],
          ["n%d" % i for i in range(3000)])


@part
def translate_bounds():
    f, path = offer()
    just = "?subid=a&ttclid=A&status=sale&payout=1&currency=usd&x="
    r = run("translate", path, just + "y" * (16384 - len(just)), "--at", AT)
    equal("a URL of 16,384 bytes is taken", r.code, 0)
    r = run("translate", path, just + "y" * (16385 - len(just)), "--at", AT)
    equal("a URL of 16,385 bytes: exit 1", r.code, 1)
    has("a URL of 16,385 bytes: the reason", r.err,
        "refused[R003]: the URL has 16385 bytes; at most 16384 are taken")
    r = run("translate", path, "?" + "&".join("p%d=1" % i for i in range(201)))
    equal("201 parameters: exit 1", r.code, 1)
    has("201 parameters: the reason", r.err, "200")
    for at in ("-1", "9223372036854775807", "99999999999999", "1e9", "",
               "99999999999999999999999"):
        r = run("translate", path, SALE, "--at=" + at)
        equal("--at=%s: exit 2" % at, (r.code, r.out), (2, ""))
    for at in ("0", "253402300799"):
        equal("--at %s is taken" % at, run("translate", path, SALE, "--at", at).code, 0)
    with open("/dev/full", "wb") as full:
        p = subprocess.run([BINARY, "translate", path, SALE], stdout=full, stderr=subprocess.PIPE,
                           timeout=30)
    equal("a full disk behind stdout: exit 4", p.returncode, 4)
    r = run("translate", f.at("nothing.yaml"), SALE)
    equal("no such mapping: exit 3", (r.code, r.out), (3, ""))
    has("no such mapping: said", r.err, "nothing.yaml: error[C001]: No such file or directory")
    broken = f.write("broken.yaml", PLAIN.replace("events:", "evnets:"))
    r = run("translate", broken, SALE)
    equal("a broken mapping: exit 3, nothing on stdout", (r.code, r.out), (3, ""))
    has("a broken mapping: did you mean", r.err, 'error[M001]: unknown key "evnets"',
        'did you mean "events"?')


@part
def check_good():
    f = Folder(offers=("nutra-de", "second"))
    r = run("check", cwd=f.path)
    equal("check: exit 0", r.code, 0)
    equal("check: the summary", r.out, "ok: 2 offer mappings, 0 tests passed\n")
    equal("check -c", run("check", "-c", f.at("clickbaton.yaml")).out, r.out)
    path = f.write("with-tests.yaml", PLAIN + """tests:
  - given: "%s"
    expect: {verdict: queued, event: Purchase, properties.value: 12.5, user.ttclid: E.C.P.abc}
  - given: "?subid=1&status=trash"
    expect: {verdict: ignored, code: I001}
""" % SALE)
    r = run("check", path)
    equal("check FILE: its tests", (r.code, r.out), (0, "ok: 1 offer mapping, 2 tests passed\n"))
    keitaro = os.path.join(ROOT, "mappings", "keitaro.yaml")
    r = run("check", path, f.at("offers/second.yaml"), keitaro)
    equal("check of several files", (r.code, r.out),
          (0, "ok: 2 offer mappings, 1 tracker mapping, 2 tests passed\n"))
    shipped = sorted(os.path.join(ROOT, "mappings", n) for n in os.listdir(os.path.join(ROOT, "mappings"))
                     if n.endswith(".yaml") and n != "rates.yaml")
    r = run("check", *shipped)
    equal("check: every tracker mapping that is shipped", (r.code, r.err), (0, ""))


@part
def check_one_diagnostic():
    f = Folder()
    f.write("one.yaml", PLAIN.replace("events:", "evnets:", 1).replace("  sale:", "# no\n  sale:"))
    r = run("check", "one.yaml", cwd=f.path)
    equal("check: exit 3", r.code, 3)
    wanted = ('one.yaml:7:1: error[M001]: unknown key "evnets" in an offer mapping\n'
              "    7 | evnets:\n"
              "      | ^^^^^^\n"
              '  did you mean "events"?\n')
    has("check: a whole diagnostic, with its line, caret and suggestion", r.err, wanted)
    equal("check: nothing on stdout", r.out, "")


@part
def check_failing_test():
    f = Folder()
    text = PLAIN + 'tests:\n  - name: wrong\n    given: "%s"\n    expect: {event: Lead}\n' % SALE
    f.write("fails.yaml", text)
    r = run("check", "fails.yaml", cwd=f.path)
    line = text.count("\n")
    equal("check: a failing test alone is exit 1", r.code, 1)
    equal("check: what should be and what is", r.err,
          'fails.yaml:%d:21: error[M019]: test "wrong": 1 of 1 expectations is not met\n'
          "   %d |     expect: {event: Lead}\n"
          "      |                     ^^^^\n"
          "  - event: Lead\n  + event: Purchase\n  the verdict is queued; warnings: none\n"
          "  correct the rule or the expectation\n"
          "check: 1 error, 0 warnings, 1 of 1 tests failed\n" % (line, line))
    f.write("both.yaml", text.replace("page_url: https", "page_url: ftp"))
    r = run("check", "both.yaml", cwd=f.path)
    equal("check: with an error beside it exit 3", r.code, 3)


@part
def check_everything_in_one_run():
    f = Folder(offers=("a", "b"))
    f.write("keys/tiktok", "tok", 0o644)
    f.write("clickbaton.yaml", """version: 1
listen: 8080
admn: 127.0.0.1:0
data: ./data
offers: ./offers
key: s3cret-that-stands-here
tiktok:
  endpoint: http://api.example/x
  pixels:
    %s: {token: another-s3cret}
    %s: {token: {file: ./keys/tiktok}, test_event_cod: X}
retention: {clicks: forever}
limits: {url_bytes: 1e9, body_byte: 3}
""" % (PIXEL, PIXEL2))
    f.write("offers/a.yaml", offer_text("a", pixel="C9UNKNOWNPIXEL99").replace("Lead,", "Leed,"))
    f.write("offers/b.yaml", offer_text("b").replace("extends: keitaro", "extends: keitarro"))
    f.write("offers/c.yaml", "a: [1\n")
    r = run("check", cwd=f.path)
    equal("every problem: exit 3", r.code, 3)
    has("every problem of the configuration", r.err,
        'clickbaton.yaml:2:9: error[C004]: listen: "8080"', 'clickbaton.yaml:3:1: error[M001]',
        'did you mean "admin"?', "clickbaton.yaml:6:1: error[C003]", "clickbaton.yaml:8:13: error[C005]",
        "clickbaton.yaml:10:24: error[C003]", "clickbaton.yaml:11:38: error[C002]", "chmod 600",
        'did you mean "test_event_code"?', "error[C007]", 'did you mean "body_bytes"?',
        "`url_bytes` must be a whole number from 256 to 16384")
    has("every problem of the offers", r.err, "offers/a.yaml:4:", "error[C006]", "offers/b.yaml:3:",
        "error[M010]", "offers/c.yaml:", "error[Y001]")
    hasnt("a secret that stands in the configuration is not shown", r.err, "s3cret-that-stands-here",
          "another-s3cret")


@part
def check_files():
    f = Folder()
    for name, path, words in (
            ("/dev/zero", "/dev/zero", "not a file"), ("a folder", f.path, "not a file"),
            ("nothing", f.at("nothing.yaml"), "No such file or directory")):
        r = run("check", path, seconds=20)
        equal("check %s: exit 3" % name, r.code, 3)
        has("check %s: said" % name, r.err, "error[C001]: " + words)
        equal("translate %s: exit 3" % name, run("translate", path, SALE, seconds=20).code, 3)
        r = run("check", "-c", path, seconds=20)
        equal("check -c %s: exit 3" % name, r.code, 3)
        equal("serve -c %s: exit 3" % name, run("serve", "-c", path, seconds=20).code, 3)
    os.mkfifo(f.at("pipe.yaml"))
    r = run("check", f.at("pipe.yaml"), seconds=20)
    equal("check of a pipe does not wait for it", r.code, 3)
    f.write("large.yaml", b"# " + b"x" * 1100000)
    r = run("check", "large.yaml", cwd=f.path)
    equal("check of a large file", (r.code, "larger than 1024 KB" in r.err), (3, True))
    f.write("empty.yaml", "")
    r = run("check", "empty.yaml", cwd=f.path)
    has("check of an empty file: what is missing", r.err, "`version:` is missing", "`offer:` is missing",
        "`pixel:` is missing", "`events:` is missing")
    r = run("check", cwd=f.at("offers"))
    has("check without clickbaton.yaml", r.err, "clickbaton.yaml: error[C001]: No such file or directory")
    f.config(f.endpoint, pixels={PIXEL: "{token: {file: /dev/zero}}"})
    r = run("check", cwd=f.path, seconds=20)
    equal("a token in /dev/zero: exit 3", (r.code, "not a file" in r.err), (3, True))


def leaves(node, path=""):
    if isinstance(node, (dict, list)):
        for k, v in node.items() if isinstance(node, dict) else enumerate(node):
            yield from leaves(v, "%s.%s" % (path, k) if path else str(k))
    else:
        yield path


@part
def every_field_is_explained():
    for name, postback, click in (
            ("nutra-de", "subid=a&external_id=E.C&status=sale&payout=12,50&currency=eur&tid=9&email=a@b.de&phone=0151%2011111111&consent=1&ip=8.8.8.8",
             "subid=a&event_id=ev&ttp=x&user_agent=Moz&page_url=https://l.example/x?ttclid=E.C&referrer=https://tiktok.com/"),
            ("shop-any", "click_id=a&ttclid=E.C&type=add_to_cart&event_id=c-1&amount=24.80&currency=usd&sku=MUG-1&name=Mug&quantity=2&price=12.40", None),
            ("crm-leads", "lead_id=7301234567890123456&consent=1&status=qualified&email=a@b.de&phone=%2B4915111111111", None),
            ("vpn-fr", "cid=a&ttclid=E.C&et=renewal&payout=9.99&txid=t-7", "cid=a&ttclid=E.C&event_id=ev-9")):
        r = run("translate", os.path.join(ROOT, "examples/offers", name + ".yaml"), "?" + postback, "--explain", "--json", "--at", AT,
                *(["--click", "?" + click] if click else []))
        d = json.loads(r.out)
        steps = {s["field"] for s in d["steps"]}
        equal(name + ": an event comes", (d["verdict"], len(d["bodies"])), ("queued", 1))
        for event in d["bodies"][0]["data"] if d["bodies"] else []:
            equal(name + ": every field has its step", [l for l in leaves(event) if l not in steps and l.rsplit(".", 1)[0] not in steps], [])
        hasnt(name + ": no personal data", r.out, "a@b.de", "11111111")


@part
def help_and_misuse():
    for verb in ("init", "serve", "check", "translate", "doctor", "diff", "explain", "simulate", "follow", "urls", "snippet", "coverage", "rates", "replay", "trace", "reconcile", "inspect", "alert", "report", "tail", "top", "store", "sandbox", "schema", "version"):
        for word in ("--help", "-h"):
            r = run(verb, word)
            equal("%s %s: stdout, exit 0" % (verb, word),
                  (r.code, r.err, "usage: clickbaton " + verb in r.out), (0, "", True))
        has("%s --help begins with examples" % verb, r.out.split("usage:")[0], "  clickbaton " + verb)
        r = run(verb, "--halp")
        equal("%s --halp: stderr, exit 2" % verb, (r.code, r.out), (2, ""))
        has("%s --halp: did you mean" % verb, r.err, "did you mean --help?",
            "try: clickbaton %s --help" % verb)
    for words in (["--help"], ["-h"], ["help"]):
        r = run(*words)
        equal("%s: stdout, exit 0" % words[0], (r.code, r.err), (0, ""))
        has("%s: every verb" % words[0], r.out, "init", "serve", "check", "translate", "doctor", "diff", "explain", "simulate", "follow", "urls", "snippet", "coverage", "rates", "replay", "trace", "reconcile", "inspect", "alert", "report", "tail", "top", "store", "sandbox", "schema", "version")
    r = run()
    equal("no verb: usage on stderr, exit 2", (r.code, r.out, "usage: clickbaton VERB" in r.err),
          (2, "", True))
    r = run("servr")
    equal("a wrong verb: exit 2", (r.code, r.out), (2, ""))
    has("a wrong verb: did you mean", r.err, 'there is no verb "servr"; did you mean "serve"?')
    for words in (["version"], ["--version"]):
        r = run(*words)
        true("%s" % words[0], r.code == 0 and re.fullmatch(r"clickbaton \d+\.\d+\.\d+\n", r.out), r)
    for words, text in (
            (["translate"], "usage: clickbaton translate OFFER-FILE URL|-"),
            (["translate", "a"], "usage: clickbaton translate OFFER-FILE URL|-"),
            (["translate", "a", "b", "c"], 'unexpected argument "c"'),
            (["translate", "--jsn", "a", "b"], "did you mean --json?"),
            (["translate", "a", "b", "--at", "x"], '--at needs a whole number, not "x"'),
            (["translate", "a", "b", "--click"], "--click needs URL"),
            (["translate", "--json=1", "a", "b"], "--json takes no value"),
            (["check", "--confg", "x"], "did you mean --config?"),
            (["serve", "x"], 'unexpected argument "x"'),
            (["version", "x"], 'unexpected argument "x"'),
            (["rates", "imprt", "x"], "usage: clickbaton rates"),
            (["rates", "import"], "usage: clickbaton rates import FILE|-"),
            (["rates", "import", "a", "b"], "usage: clickbaton rates import FILE|-"),
            (["rates", "import", "a", "--days", "0"], "--days needs a number from 1 to 1000"),
            (["rates", "x", "EUR", "USD"], 'the amount "x" is not a number'),
            (["rates", "1", "EURO", "USD"], "a currency is three letters"),
            (["rates", "1", "EUR", "USD", "--at", "today"], "--at needs a day such as 2026-11-20"),
            (["sandbox", "--falt", "x"], "did you mean --fault?"),
            (["sandbox", "--fault", "492"], 'did you mean "429"?'),
            (["sandbox", "--fault", "429:2"], "probability"),
            (["sandbox", "--rate", "-1"], "--rate needs"),
            (["sandbox", "--listen", "nowhere"], "has no port"),
            (["sandbox", "--listen", "0.0.0.0:0"], "no loopback address")):
        r = run(*words)
        equal("%s: stderr, exit 2" % " ".join(words), (r.code, r.out, text in r.err), (2, "", True))


main()
