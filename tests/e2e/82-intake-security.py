#!/usr/bin/env python3
"""Who may send, over real HTTP: keys and their rotation, signatures, addresses, limits, what is believed of
a payout and a click; what is refused is counted and shown without secrets; nothing is ever fetched.

Signatures are made by Python's hmac, and once by openssl as docs/configuration.md says."""
import base64
import hashlib
import hmac
import resource

from harness import *

OLD, THIRD = "0ld-key-of-the-postbacks-0123456789abc", "third-key-0123456789abcdef"
SECRET, OLD_SECRET = "signing-secret-0123456789abcdef", "former-secret-0123456789abcdef"
HOOK, OLD_HOOK = b"0123456789abcdef0123456789abcdef", b"fedcba9876543210fedcba9876543210"
JSON = {"Content-Type": "application/json", "Accept": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
PAGE = {"Origin": "https://lander.example"}
SALE = "subid=%s&external_id=E.C.P.%s&status=sale&payout=12.50&currency=usd"


def sale(name):
    return SALE % (name, name)


def folder_with(key="{file: ./keys/postback}", offers=("nutra-de",), more=None, **config):
    """A folder; more: lines for an offer's file."""
    f = Folder(offers=offers, **config)
    f.write("keys/old", OLD + "\n", 0o600)
    f.write("keys/third", THIRD + "\n", 0o600)
    f.write("keys/signing", SECRET + "\n", 0o600)
    f.write("keys/signing-old", OLD_SECRET + "\n", 0o600)
    f.write("keys/hook", "whsec_%s\n" % base64.b64encode(HOOK).decode(), 0o600)
    f.write("keys/hook-old", "whsec_%s\n" % base64.b64encode(OLD_HOOK).decode(), 0o600)
    set_key(f, key)
    for name, lines in (more or {}).items():
        f.write("offers/%s.yaml" % name, offer_text(name, more=lines))
    return f


def set_key(folder, key):
    text = folder.read("clickbaton.yaml").decode()
    folder.write("clickbaton.yaml", re.sub(r"(?m)^key: .*$", "key: " + key, text))


def verdict(answer):
    v = json.loads(answer.body)
    return answer.status, v["verdict"], v.get("code", ""), [w[:4] for w in v["warnings"]]


def ask_json(serve, target, headers=None):
    return verdict(request(serve.port, "GET", target, headers=dict(headers or {}, Accept="application/json")))


def refused(serve):
    return json.loads(request(serve.admin, "GET", "/refused").body)


def counts(serve):
    return {(c["offer"], c["code"]): c["count"] for c in refused(serve)["counts"]}


def told(serve):
    """Warnings of /readyz, but for pixels: there is no sandbox in most of these tests."""
    return [w for w in serve.ready()[1]["warnings"] if not w.startswith("pixel ")]


def stored(folder):
    return [r["click_id"] for r in folder.rows("SELECT click_id FROM postbacks ORDER BY id")]


# ---- keys ----

@part
def two_keys_count_while_one_is_replaced():
    f = folder_with("{file: ./keys/postback, previous: ./keys/old}", ("nutra-de", "own"),
                    {"own": "key: {file: ../keys/third}\n"})
    s = Serve(f)
    postback = lambda offer, key, name: ask_json(s, "/postback/%s?key=%s&%s" % (offer, key, sale(name)))
    equal("the present key", postback("nutra-de", KEY, "k1"), (200, "queued", "", []))
    equal("the previous key, with a warning", postback("nutra-de", OLD, "k2"), (200, "queued", "", ["W091"]))
    for name, key in (("another key", THIRD), ("half of it", KEY[:10]), ("twice", KEY + KEY), ("none", ""),
                      ("a NUL behind it", KEY + "%00"), ("long", "x" * 9000), ("both", KEY + "," + OLD)):
        equal(name + ": 401", postback("nutra-de", key, "k3")[:3], (401, "refused", "R001"))
    equal("an offer's own key", postback("own", THIRD, "k4"), (200, "queued", "", []))
    for key in (KEY, OLD):
        equal("the common one does not count there", postback("own", key, "k5")[:3], (401, "refused", "R001"))
    equal("an unknown offer with the right key", postback("nope", KEY, "k6")[:3], (404, "refused", "R002"))
    equal("an unknown offer with a wrong key", postback("nope", "x", "k6")[:3], (404, "refused", "R002"))
    a = request(s.port, "GET", "/click/nutra-de?key=%s&subid=k7&ttclid=T" % OLD)
    equal("a click with the previous key", a.status, 204)
    equal("what was taken", stored(f), ["k1", "k2", "k4"])
    equal("/readyz tells", told(s), ["nutra-de: 2 requests of the last day used the previous key"])
    equal("refusals are counted", counts(s), {("nutra-de", "R001"): 7, ("own", "R001"): 2, (None, "R002"): 2})

    r = run("urls", "offers/nutra-de.yaml", "-c", "clickbaton.yaml", cwd=f.path)
    has("urls tells", r.out, "- the previous key counts as well; 1 postback of the last day used it: paste the present one there")
    equal("urls beside a clickbaton.yaml takes that one", run("urls", "offers/nutra-de.yaml", cwd=f.path).out, r.out)
    os.rename(f.at("keys/old"), f.at("keys/gone"))
    away = run("urls", "offers/nutra-de.yaml", cwd=f.path)
    os.rename(f.at("keys/gone"), f.at("keys/old"))
    equal("one that can't be used leaves the URLs", (away.code, away.err),
          (0, "clickbaton urls: clickbaton.yaml can't be used (clickbaton check says why), so what it locks is left out\n"))
    has("they are there", away.out, "/postback/nutra-de?key=YOUR-KEY")
    r = run("urls", "offers/own.yaml", "-c", "clickbaton.yaml", cwd=f.path)
    has("urls names the offer's key", r.out, "- YOUR-KEY is the first line of ../keys/third here: the offer has a key of its own")
    hasnt("and nothing of the common one", r.out, "previous")
    hasnt("no key in it", r.out + r.err, KEY, OLD, THIRD)
    d = json.loads(run("doctor", "--json", cwd=f.path).out)["findings"]
    equal("doctor tells", [(x["offer"], x["level"], x["text"]) for x in d if x["check"] == "rotation"],
          [("nutra-de", "warning", "1 postback of the last day used the previous key")])

    set_key(f, "{file: ./keys/postback}")
    s.reload()
    equal("taken out: refused", postback("nutra-de", OLD, "k8")[:3], (401, "refused", "R001"))
    equal("the present one goes on", postback("nutra-de", KEY, "k9")[:2], (200, "queued"))
    equal("serve: exit 0", s.stop(), 0)
    for secret in (KEY, OLD, THIRD):
        hasnt("no key in the log", s.err() + s.out(), secret)
        true("no key in the store", secret.encode() not in f.stored_bytes())


def memory_holds(pid, text):
    with open("/proc/%d/maps" % pid) as maps, open("/proc/%d/mem" % pid, "rb", 0) as mem:
        for line in maps:
            bounds, rights = line.split()[:2]
            if rights[0] != "r" or "[v" in line:
                continue
            start, end = (int(x, 16) for x in bounds.split("-"))
            if end - start > 1 << 32:  # a sanitizer's shadow
                continue
            with contextlib.suppress(OSError):
                mem.seek(start)
                if text in mem.read(end - start):
                    return True
    return False


@part
def a_replaced_secret_is_wiped():
    f = folder_with("{file: ./keys/postback, previous: ./keys/old}",
                    extra="signature: {scheme: parameters, secret: {file: ./keys/signing}, required: false}\n",
                    more={"nutra-de": "key: {file: ../keys/third}\n"})
    s = Serve(f)
    secrets = (OLD.encode(), SECRET.encode(), THIRD.encode())
    equal("in memory while they count", [memory_holds(s.pid, x) for x in secrets], [True] * 3)
    set_key(f, "{file: ./keys/postback}")
    f.write("keys/signing", OLD_SECRET, 0o600)
    f.write("offers/nutra-de.yaml", offer_text("nutra-de"))
    s.reload()
    equal("gone after the reload", [memory_holds(s.pid, x) for x in secrets], [False] * 3)


@part
def wrong_files():
    """(configuration, offer, what must be said); no secret may be shown."""
    cases = (
        ("key: {file: ./keys/postback, previous: ./keys/postback}", "", ["warning[C056]"]),
        ("key: {file: ./keys/postback, previous: ./keys/none}", "", ["error[C001]"]),
        ("key: {file: ./keys/postback, files: [a, b]}", "", ["error[C003]", "clickbaton.yaml:6:1"]),
        ("key: {files: [./keys/postback, ./keys/old]}", "", ["error[C003]"]),
        ("key: {previous: ./keys/old}", "", ["error[M003]"]),
        ("key: {file: ./keys/postback, secret: %s}" % OLD, "", ["error[C003]"]),
        ("key: %s" % OLD, "", ["error[C003]"]),
        ("key: {file: 5a%s7b}" % OLD, "", ["clickbaton.yaml:6:13: error[C003]", "looks like the secret itself"]),
        ("key: {file: ./keys/postback, previous: 5a%s7b}" % OLD, "", ["clickbaton.yaml:6:40: error[C003]"]),
        ("key: {file: ./keys/postback}", "key: {file: 5a%s7b}\n" % OLD, ["offers/nutra-de.yaml:", "error[C003]"]),
        ("signature: {scheme: webhook, secret: {file: whsec_5a%s7b}}" % SECRET, "", ["error[C003]"]),
        ("key: [%s]" % OLD, "", ["error[C003]"]),
        ("signature: %s" % SECRET, "", ["error[C003]"]),
        ("signature: {scheme: parameters, secret: %s}" % SECRET, "", ["error[C003]"]),
        ("signature: {scheme: parameters, secret: {value: %s}}" % SECRET, "", ["error[C003]"]),
        ("signature: {scheme: hmac, secret: {file: ./keys/signing}}", "", ["error[M024]"]),
        ("signature: {scheme: parameters}", "", ["error[M003]", "secret"]),
        ("signature: {secret: {file: ./keys/signing}}", "", ["error[M003]", "scheme"]),
        ("signature: {scheme: webhook, secret: {file: ./keys/signing}}", "", ["error[C057]"]),
        ("signature: {scheme: webhook, secret: {file: ./keys/hook}, tolerance: soon}", "", ["error[C007]"]),
        ("signature: {scheme: webhook, secret: {file: ./keys/hook}, tolerance: 0s}", "", ["error[C007]"]),
        ("signature: {scheme: webhook, secret: {file: ./keys/hook}, required: maybe}", "", ["error[M002]"]),
        ("signature: {scheme: webhook, secret: {file: ./keys/hook, previous: ./keys/hook}}", "", ["warning[C056]"]),
        ("allow: []", "", ["error[C055]", "nobody could send"]),
        ("allow: [tracker.example]", "", ["error[C055]", "is not an IP address or network"]),
        ("allow: 203.0.113.5/24", "", ["error[C055]", "names a host inside"]),
        ("allow: {a: b}", "", ["error[M002]"]),
        ("trusted_proxies: [0.0.0.0/0]", "", ["warning[C058]"]),
        ("trusted_proxies: [10.0.0.0/8, proxy]", "", ["error[C055]"]),
        ("limits: {postbacks_per_second_per_address: -1}", "", ["error[M002]"]),
        ("limits: {clicks_per_second_per_address: many}", "", ["error[M002]"]),
        ("limits: {postbacks_per_second_per_offer: 1.5}", "", ["error[M002]"]),
        ("", "key: {file: ../keys/none}", ["error[C001]"]),
        ("", "key: %s" % THIRD, ["error[C003]", "offers/nutra-de.yaml"]),
        ("", "signature: {scheme: webhook, secret: {file: ../keys/signing}}", ["error[C057]"]),
        ("", "signature: none\nallow: 1.2.3", ["error[C055]"]),
        ("", "payout: {min: 5, max: 1}", ["error[M067]"]),
        ("", "payout: {min: -5}", ["error[M009]"]),
        ("", "payout: {}", ["error[M067]"]),
        ("", "payout: {least: 5}", ["error[M001]"]),
        ("", "payout: 5", ["error[M002]"]),
        ("", "require_click: perhaps", ["error[M002]"]),
        ("", "event_source: offline\nrequire_click: true", ["error[M068]"]),
    )
    for config, offer, wanted in cases:
        f = folder_with(more={"nutra-de": offer + "\n"})
        if config.startswith("key:"):
            set_key(f, config[5:])
        else:
            f.write("clickbaton.yaml", f.read("clickbaton.yaml").decode() + config + "\n")
        r = run("check", cwd=f.path)
        name = (config or offer)[:70].replace("\n", "; ").replace(OLD, "...").replace(SECRET, "...")
        equal("check %s: exit" % name, r.code, 3 if any("error" in w for w in wanted) else 0)
        has("check %s" % name, r.err, *wanted)
        hasnt("check %s: no secret" % name, r.out + r.err, OLD, SECRET, THIRD, KEY,
              base64.b64encode(HOOK).decode())
        f.remove()
    f = folder_with(more={"nutra-de": "allow: [0.0.0.0/0, '::/0']\nsignature: none\npayout: {max: 5}\nrequire_click: on\n"})
    equal("what is right is taken", run("check", cwd=f.path).code, 0)


# ---- signatures over the parameters ----

def encoded(text):
    return "".join(chr(b) if chr(b).isalnum() and b < 128 or chr(b) in "-._~" else "%%%02X" % b for b in text.encode())


def signed_text(offer, pairs):
    """By the page's words, not by the program's."""
    return "%s?%s" % (offer, "&".join(sorted("%s=%s" % (encoded(n), encoded(v)) for n, v in pairs
                                             if n not in ("key", "sig"))))


def sign(pairs, secret=SECRET, offer="nutra-de"):
    return hmac.new(secret.encode(), signed_text(offer, pairs).encode(), hashlib.sha256).hexdigest()


def pairs_of(name, **more):
    return [("subid", name), ("external_id", "E.C.P." + name), ("status", "sale"), ("payout", "12.50"),
            ("currency", "usd")] + list(more.items())


def query(pairs, sig=None, key=KEY):
    pairs = [("key", key)] + pairs + ([("sig", sig)] if sig is not None else [])
    return urllib.parse.urlencode(pairs)


@part
def signed_parameters():
    f = folder_with(extra="signature: {scheme: parameters, secret: {file: ./keys/signing, previous: ./keys/signing-old}}\n",
                    offers=("nutra-de", "free"), more={"free": "signature: none\n"})
    s = Serve(f)
    get = lambda q, offer="nutra-de": ask_json(s, "/postback/%s?%s" % (offer, q))
    p = pairs_of("p1")
    equal("signed", get(query(p, sign(p))), (200, "queued", "", []))
    p = pairs_of("p2")
    equal("in another order", get(query(p[::-1], sign(p))), (200, "queued", "", []))
    equal("upper case", get(query(p, sign(p).upper()))[:2], (200, "duplicate"))
    p = pairs_of("p3", note="a b&c=d/ä~+", **{"x.y[z]": "%41", "empty": ""})
    equal("odd bytes", get(query(p, sign(p)))[:2], (200, "queued"))
    p = pairs_of("p4")
    a = request(s.port, "POST", "/postback/nutra-de?key=" + KEY,
                urllib.parse.urlencode(p + [("sig", sign(p))]), dict(FORM, Accept="application/json"))
    equal("as a form", verdict(a), (200, "queued", "", []))
    p = [("subid", "p5"), ("external_id", "E.C.P.p5"), ("status", "sale"), ("payout", "12.50"), ("currency", "usd"),
         ("a.b.0", "x"), ("t", "true")]
    body = {"subid": "p5", "external_id": "E.C.P.p5", "status": "sale", "payout": 12.50, "currency": "usd",
            "a": {"b": ["x"]}, "t": True, "sig": ""}
    body["sig"] = sign(p)
    text = json.dumps(body).replace("12.5,", "12.50,")
    equal("as JSON: the digits as they were written",
          verdict(request(s.port, "POST", "/postback/nutra-de?key=" + KEY, text, JSON)), (200, "queued", "", []))
    p = pairs_of("p6")
    equal("the previous secret", get(query(p, sign(p, OLD_SECRET))), (200, "queued", "", ["W094"]))
    equal("an offer that wants none", get(query(pairs_of("p7")), "free"), (200, "queued", "", []))

    bad_one = pairs_of("q1")
    right = sign(bad_one)
    equal("not signed", get(query(bad_one))[:3], (401, "refused", "R010"))
    for name, q in (("another secret", query(bad_one, sign(bad_one, "x"))), ("empty", query(bad_one, "")),
                    ("cut", query(bad_one, right[:63])), ("longer", query(bad_one, right + "0")),
                    ("no hex", query(bad_one, "g" + right[1:])),
                    ("a changed value", query([(n, "99" if n == "payout" else v) for n, v in bad_one], right)),
                    ("one more", query(bad_one + [("tid", "9")], right)), ("one less", query(bad_one[:-1], right)),
                    ("verbose added", query(bad_one, right) + "&verbose=1"),
                    ("for another offer", query(bad_one, sign(bad_one, offer="free")))):
        equal(name + ": 401", get(q)[:3], (401, "refused", "R011"))
    equal("signed, but the key is wrong", get(query(bad_one, right, "nope"))[:3], (401, "refused", "R001"))
    a = request(s.port, "GET", "/postback/nutra-de?" + query(bad_one, "00"))
    equal("in plain words", (a.status, a.body), (401, "refused[R011]: the signature is wrong: sig= does not fit "
                                                 "the parameters with the shared secret\n"))
    equal("what was kept", stored(f), ["p1", "p2", "p2", "p3", "p4", "p5", "p6", "p7"])
    equal("/readyz tells of the previous secret", told(s),
          ["nutra-de: 1 request of the last day used the previous signing secret"])
    d = json.loads(run("doctor", "--json", cwd=f.path).out)["findings"]
    equal("doctor tells", [(x["offer"], x["text"]) for x in d if x["check"] == "rotation"],
          [("nutra-de", "1 postback of the last day used the previous signing secret")])
    has("urls tells", run("urls", "offers/nutra-de.yaml", "-c", "clickbaton.yaml", cwd=f.path).out,
        '- every postback must be signed (docs/configuration.md, "Signed postbacks"): sig= over the sorted parameters; '
        "a tracker that can't sign is refused with 401")
    hasnt("no secret, no signature in the log", s.err(), SECRET, OLD_SECRET, right)
    true("none in the store", not any(x in f.stored_bytes() for x in (SECRET.encode(), sign(pairs_of("p1")).encode())))


@part
def the_line_of_the_documentation():
    with open(os.path.join(ROOT, "docs", "configuration.md"), encoding="utf-8") as d:
        lines = [l.strip() for l in d if "openssl dgst" in l]
    equal("a line with openssl for each scheme", len(lines), 2)
    f = folder_with(extra="signature: {scheme: parameters, secret: {file: ./keys/signing}}\n")
    out = subprocess.run(["sh", "-c", lines[0]], cwd=f.path, capture_output=True, text=True, timeout=20).stdout
    sig = re.search(r"([0-9a-f]{64})\s*$", out).group(1)
    text = re.search(r"printf '%s' '([^']+)'", lines[0]).group(1)
    offer, _, q = text.partition("?")
    equal("openssl and this test agree", sig, hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest())
    s = Serve(f)
    equal("its signature is taken", ask_json(s, "/postback/%s?key=%s&%s&sig=%s" % (offer, KEY, q, sig)),
          (200, "queued", "", ["W021"]))
    hook(lines[1])


def hook(line):
    """The lines of the documentation for Standard Webhooks."""
    with open(os.path.join(ROOT, "docs", "configuration.md"), encoding="utf-8") as d:
        secret = [l.strip() for l in d if l.startswith("    secret=$(")]
    f = folder_with(extra="signature: {scheme: webhook, secret: {file: ./keys/hook}}\n")
    id, ts, body = "msg_doc", str(int(time.time())), hook_body("doc")
    out = subprocess.run(["sh", "-c", secret[0] + "\n" + line], cwd=f.path, capture_output=True, text=True, timeout=20,
                         env={**os.environ, "id": id, "time": ts, "body": body.decode()}).stdout.strip()
    s = Serve(f)
    a = request(s.port, "POST", "/postback/nutra-de?key=" + KEY, body,
                {"Content-Type": "application/json", "Accept": "application/json", "webhook-id": id,
                 "webhook-timestamp": ts, "webhook-signature": "v1," + out})
    equal("the webhook's lines sign what is taken", (a.status, a.json()["verdict"]), (200, "queued"))


@part
def a_signed_time_ends():
    f = folder_with(extra="signature: {scheme: parameters, secret: {file: ./keys/signing}, tolerance: 60s}\n")
    s = Serve(f)
    now = int(time.time())
    send = lambda p: ask_json(s, "/postback/nutra-de?" + query(p, sign(p)))
    p = pairs_of("t1", sig_ts=str(now))
    equal("now", send(p), (200, "queued", "", []))
    equal("again: answered, not handled", send(p), (200, "duplicate", "R013", []))
    equal("again without words", request(s.port, "GET", "/postback/nutra-de?" + query(p, sign(p))).body, "OK")
    equal("signed anew a second later: the ledger knows it", send(pairs_of("t1", sig_ts=str(now - 1)))[:3],
          (200, "duplicate", "D001"))
    for name, ts in (("a minute ago, almost", now - 50), ("a minute ahead, almost", now + 50)):
        equal(name, send(pairs_of("t%d" % ts, sig_ts=str(ts)))[:2], (200, "queued"))
    for ts in (now - 70, now + 70, 0, -1, "x", "9" * 30, "%d.5" % now, "%d000" % now, " %d" % now):
        equal("sig_ts=%s: 401" % ts, send(pairs_of("t9", sig_ts=str(ts)))[:3], (401, "refused", "R012"))
    p = pairs_of("t8")
    equal("without a time it does not end", [send(p)[1] for _ in range(2)], ["queued", "duplicate"])
    equal("what was kept", stored(f), ["t1", "t1", "t%d" % (now - 50), "t%d" % (now + 50), "t8", "t8"])
    equal("the repeat is counted", counts(s)[("nutra-de", "R013")], 2)


# ---- Standard Webhooks ----

def hook_headers(body, id="msg_1", ts=None, secrets=(HOOK,), **more):
    ts = str(int(time.time()) if ts is None else ts)
    text = ("%s.%s." % (id, ts)).encode() + body
    sigs = ["v1," + base64.b64encode(hmac.new(x, text, hashlib.sha256).digest()).decode() for x in secrets]
    return dict(JSON, **{"webhook-id": id, "webhook-timestamp": ts, "webhook-signature": " ".join(sigs)}, **more)


def hook_body(name, **more):
    return json.dumps(dict({"subid": name, "external_id": "E.C.P." + name, "status": "sale", "payout": 12.5,
                            "currency": "usd"}, **more)).encode()


@part
def standard_webhooks():
    f = folder_with(more={"nutra-de": "signature: {scheme: webhook, secret: {file: ../keys/hook, previous: ../keys/hook-old}}\n"})
    s = Serve(f)
    at = "/postback/nutra-de?key=" + KEY
    post = lambda body, headers, more="": verdict(request(s.port, "POST", at + more, body, headers))
    now = int(time.time())

    b = hook_body("w1")
    equal("signed", post(b, hook_headers(b)), (200, "queued", "", []))
    equal("the same again: 200, not handled", post(b, hook_headers(b)), (200, "duplicate", "R013", []))
    equal("its retry later, signed anew", post(b, hook_headers(b, ts=now + 2)), (200, "duplicate", "R013", []))
    b2 = hook_body("w2")
    equal("its id with another body", post(b2, hook_headers(b2)), (200, "queued", "", ["W092"]))
    b = hook_body("w3")
    h = hook_headers(b, "msg_3", secrets=(b"x" * 32, HOOK))
    equal("several signatures, one fits", post(b, h), (200, "queued", "", []))
    b = hook_body("w4")
    h = hook_headers(b, "msg_4")
    h["webhook-signature"] = "v1a,AAAA v2,x " + h["webhook-signature"]
    equal("versions that are not known are passed over", post(b, h), (200, "queued", "", []))
    b = hook_body("w5")
    equal("the previous secret", post(b, hook_headers(b, "msg_5", secrets=(OLD_HOOK,))), (200, "queued", "", ["W094"]))
    b = hook_body("w6", payout=3)
    equal("what is in the URL is not signed and left out", post(b, hook_headers(b, "msg_6"), "&payout=999&tid=x&verbose=1"),
          (200, "queued", "", ["W093"]))
    equal("the signed payout counts", f.rows("SELECT value FROM ledger WHERE event_id = 'w6'"), [{"value": "3"}])
    c = b"subid=w7&external_id=T7&status=lead"
    equal("a form is signed as well, an id may have dots",
          post(c, dict(hook_headers(c, "evt.7"), **{"Content-Type": FORM["Content-Type"]})), (200, "queued", "", []))

    b = hook_body("v1")
    good = hook_headers(b, "msg_v")
    equal("no signature at all", post(b, JSON)[:3], (401, "refused", "R010"))
    for gone in ("webhook-id", "webhook-timestamp", "webhook-signature"):
        equal("without " + gone, post(b, {k: v for k, v in good.items() if k != gone})[:3], (401, "refused", "R010"))
    for name, h, body in (
            ("another body", good, b.replace(b"12.5", b"99.5")), ("a blank more", good, b + b" "),
            ("another id", dict(good, **{"webhook-id": "msg_x"}), b),
            ("another time", dict(good, **{"webhook-timestamp": str(now + 5)}), b),
            ("another secret", hook_headers(b, "msg_v", secrets=(b"y" * 32,)), b),
            ("hex instead", dict(good, **{"webhook-signature": "v1," + hmac.new(HOOK, b, hashlib.sha256).hexdigest()}), b),
            ("no version", dict(good, **{"webhook-signature": good["webhook-signature"][3:]}), b),
            ("an id with a blank", hook_headers(b, "a b"), b), ("a long id", hook_headers(b, "a" * 201), b)):
        equal(name + ": 401", post(body, h)[:3], (401, "refused", "R011"))
    for ts in (now - 400, now + 400, "x", "-5", ""):
        h = hook_headers(b, "msg_v", ts=ts)
        equal("time %s: 401" % ts, post(b, h)[:3], (401, "refused", "R010" if ts == "" else "R012"))
    equal("what was kept", stored(f), ["w1", "w2", "w3", "w4", "w5", "w6", "w7"])
    equal("an honest one all the same", post(b, good), (200, "queued", "", []))


@part
def a_message_whose_first_try_failed_is_handled():
    f = folder_with(extra="signature: {scheme: webhook, secret: {file: ./keys/hook}}\n")
    s = Serve(f)
    b = hook_body("r1")
    h = hook_headers(b, "msg_r")
    at = "/postback/nutra-de?key=" + KEY
    limits = resource.prlimit(s.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(s.pid, resource.RLIMIT_FSIZE, (1, limits[1]))
    a = request(s.port, "POST", at, b, h)
    equal("the disk takes nothing: 503", (a.status, verdict(a)[1:3]), (503, ("refused", "R005")))
    resource.prlimit(s.pid, resource.RLIMIT_FSIZE, limits)
    again = lambda: verdict(request(s.port, "POST", at, b, h))
    equal("the same message is handled then",
          wait_until("the store to recover", lambda: (lambda v: v if v[0] == 200 else None)(again())),
          (200, "queued", "", []))
    equal("and then not twice", again(), (200, "duplicate", "R013", []))
    equal("one row", stored(f), ["r1"])


@part
def optional_signatures():
    f = folder_with(extra="signature: {scheme: webhook, secret: {file: ./keys/hook}, required: false}\n")
    s = Serve(f)
    b = hook_body("o1")
    at = "/postback/nutra-de?key=" + KEY
    equal("unsigned is taken", verdict(request(s.port, "POST", at, b, JSON)), (200, "queued", "", []))
    equal("by GET too", ask_json(s, at + "&" + sale("o2")), (200, "queued", "", []))
    equal("wrongly signed is not", verdict(request(s.port, "POST", at, b, hook_headers(b, secrets=(b"n" * 32,))))[:3],
          (401, "refused", "R011"))
    equal("half signed is not", verdict(request(s.port, "POST", at, b, dict(JSON, **{"webhook-id": "x"})))[:3],
          (401, "refused", "R010"))
    b = hook_body("o3")
    equal("rightly signed is", verdict(request(s.port, "POST", at, b, hook_headers(b))), (200, "queued", "", []))


# ---- addresses ----

def from_address(*lines):
    """A request head with these X-Forwarded-For lines."""
    return "".join("X-Forwarded-For: %s\r\n" % l for l in lines)


def raw_get(serve, target, head=""):
    data = raw(serve.port, ("GET %s HTTP/1.1\r\nHost: x\r\n%sConnection: close\r\n\r\n" % (target, head)).encode())
    return int(data.split()[1]), data.partition("\r\n\r\n")[2]


@part
def only_listed_addresses():
    f = folder_with(offers=("nutra-de", "open", "six"), extra="allow: [203.0.113.0/24, 2001:db8:7::/48]\n",
                    more={"open": "allow: [0.0.0.0/0, '::/0']\n", "six": "allow: 2001:db8::/64\n"})
    s = Serve(f)
    target = lambda offer="nutra-de": "/postback/%s?key=%s&%s" % (offer, KEY, sale("a"))
    for lines, offer, want in (
            (["203.0.113.7"], "nutra-de", 200), (["203.0.114.7"], "nutra-de", 403),
            (["203.0.113.7:4711"], "nutra-de", 200), (["2001:db8:7:1::5"], "nutra-de", 200),
            (["2001:db8:8::5"], "nutra-de", 403), (["203.0.113.7, 198.51.100.1"], "nutra-de", 403),
            (["198.51.100.1, 203.0.113.7"], "nutra-de", 200), (["198.51.100.1, 203.0.113.7, 127.0.0.1"], "nutra-de", 200),
            # the caller's own line first, the proxy's behind it
            (["203.0.113.7", "198.51.100.1"], "nutra-de", 403), (["198.51.100.1", "203.0.113.7"], "nutra-de", 200),
            ([], "nutra-de", 403), (["203.0.113.7, x"], "nutra-de", 403), ([""], "nutra-de", 403),
            (["203.0.113.7" + ", 127.0.0.1" * 40], "nutra-de", 403), (["198.51.100.1"], "open", 200), ([], "open", 200),
            (["2001:db8::9"], "six", 200), (["203.0.113.7"], "six", 403), (["2001:db8:7:1::5"], "six", 403)):
        status, body = raw_get(s, target(offer), from_address(*lines))
        equal("%s from %s" % (offer, short(str(lines), 50)), status, want)
        if want == 403:
            has("and why", body, "refused[R008]: calls from ", " are not allowed here (allow:)")
    has("behind a proxy that says nothing", raw_get(s, target())[1], "127.0.0.1", "X-Forwarded-For")
    for hostile in ("," * 4000, "203.0.113.7," * 300 + "9", "\x01", "203.0.113.7\x00", "a" * 6000, "%31", "::" * 1000):
        status, _ = raw_get(s, target(), from_address(hostile))
        true("a hostile X-Forwarded-For %r" % short(hostile, 20), status in (400, 403), status)
    a = request(s.port, "GET", "/click/nutra-de?key=%s&subid=c&ttclid=T" % KEY)
    equal("a click with the key: the same", a.status, 403)
    a = request(s.port, "POST", "/click/nutra-de", "subid=c&ttclid=T", dict(PAGE, **{"X-Forwarded-For": "198.51.100.9"}))
    equal("a page's click: visitors are everywhere", a.status, 204)
    has("urls tells", run("urls", "offers/nutra-de.yaml", "-c", "clickbaton.yaml", cwd=f.path).out,
        "- postbacks are taken from 2 listed networks only (allow:)")
    equal("still well", raw_get(s, target(), from_address("203.0.113.7"))[0], 200)


@part
def trusted_proxies():
    for proxies, line, want in (("[127.0.0.1/32]", "203.0.113.7", "203.0.113.7"),
                                ("[]", "203.0.113.7", "127.0.0.1"),
                                ("10.0.0.0/8", "203.0.113.7", "127.0.0.1"),
                                ("[127.0.0.0/8, 10.0.0.0/8]", "203.0.113.7, 10.1.2.3", "203.0.113.7"),
                                ("[127.0.0.0/8]", "203.0.113.7, 10.1.2.3", "10.1.2.3")):
        f = folder_with(extra="trusted_proxies: %s\n" % proxies)
        s = Serve(f)
        request(s.port, "POST", "/click/nutra-de", "subid=t&ttclid=T", dict(PAGE, **{"X-Forwarded-For": line}))
        equal("%s: %s" % (proxies, line), f.rows("SELECT ip FROM clicks")[0]["ip"], want)
        s.stop()


# ---- limits ----

def statuses(serve, n, target, method="GET", headers=None):
    c = http.client.HTTPConnection("127.0.0.1", serve.port, timeout=20)
    out = [ask(c, method, target, headers=headers) for _ in range(n)]
    c.close()
    return out


def refused_part(answers):
    """(taken, refused) in a burst: the first ones are taken; a few more as time goes by."""
    codes = [a.status for a in answers]
    return sum(x in (200, 204) for x in codes), codes.count(429)


@part
def rates_are_limited():
    f = folder_with(offers=("nutra-de", "other"), extra="limits: {postbacks_per_second_per_address: 2, "
                    "clicks_per_second_per_address: 1, postbacks_per_second_per_offer: 4}\n")
    s = Serve(f)
    postback = "/postback/%s?key=" + KEY + "&subid=1&status=trash"
    who = lambda a: {"X-Forwarded-For": a}
    begun = time.monotonic()
    got = statuses(s, 40, postback % "nutra-de", headers=who("203.0.113.1"))
    more = int((time.monotonic() - begun) * 2) + 1
    taken, over = refused_part(got)
    true("an address may save up ten seconds' worth", 20 <= taken <= 20 + more and taken + over == 40, (taken, over))
    last = [a for a in got if a.status == 429][-1]
    equal("429 in plain words", (last.headers["Retry-After"], last.body),
          ("1", "refused[R009]: too many postbacks come from this address: come back in 1 second\n"))
    a = request(s.port, "GET", postback % "nutra-de", headers=dict(who("203.0.113.1"), Accept="application/json"))
    equal("and as JSON", (a.headers["Content-Type"], verdict(a)[:3]), ("application/json", (429, "refused", "R009")))
    equal("another address goes on", request(s.port, "GET", postback % "nutra-de", headers=who("203.0.113.2")).status, 200)
    got = [s.get("/postback/nutra-de?key=wrong", **who("203.0.113.%d" % (n % 200 + 3))).status for n in range(60)]
    equal("strangers do not use up the offer's limit", set(got), {401})
    begun = time.monotonic()
    got = [request(s.port, "GET", postback % "nutra-de", headers=who("198.51.100.%d" % n)).status for n in range(60)]
    more = int((time.monotonic() - begun) * 4) + 25
    true("an offer's limit counts all addresses", 5 <= got.count(200) <= more and got.count(200) + got.count(429) == 60, got)
    equal("another offer goes on", request(s.port, "GET", postback % "other", headers=who("198.51.100.1")).status, 200)

    click = "/click/nutra-de?subid=1&ttclid=T"
    six = lambda n: dict(PAGE, **{"X-Forwarded-For": "2001:db8:5:6::%x" % n})
    begun = time.monotonic()
    got = [request(s.port, "GET", click, headers=six(n)).status for n in range(30)]
    more = int(time.monotonic() - begun) + 1
    true("IPv6 by /64", 10 <= got.count(204) <= 10 + more and got.count(204) + got.count(429) == 30, got)
    equal("another /64 goes on", request(s.port, "GET", click, headers=dict(PAGE, **{
        "X-Forwarded-For": "2001:db8:5:7::1"})).status, 204)
    keyed = statuses(s, 30, "/click/nutra-de?key=%s&subid=1&ttclid=T" % KEY, headers=who("203.0.113.77"))
    equal("clicks with the key are not a page's", {a.status for a in keyed}, {204})
    equal("nobody is limited for a proxy's address",
          {a.status for a in statuses(s, 30, click, headers=PAGE)}, {204})
    true("counted", counts(s)[("nutra-de", "R009")] >= 60, counts(s))

    f.write("clickbaton.yaml", re.sub(r"(?m)^limits: .*$", "", f.read("clickbaton.yaml").decode()))
    s.reload()
    got = refused_part(statuses(s, 60, postback % "nutra-de", headers=who("203.0.113.1")))
    equal("postbacks have no limit unless one is set", got, (60, 0))
    got = refused_part(statuses(s, 260, click, headers=dict(PAGE, **{"X-Forwarded-For": "203.0.113.50"})))
    true("pages have: 20 a second, 200 at once", 200 <= got[0] <= 230 and got[1] >= 30, got)


# ---- what is believed ----

@part
def payouts_and_clicks_that_are_not_believed():
    f = folder_with(offers=("bounds", "known"), more={"bounds": "payout: {min: 1, max: 500}\n",
                                                      "known": "require_click: true\n"})
    s = Serve(f)
    send = lambda offer, q: ask_json(s, "/postback/%s?key=%s&%s" % (offer, KEY, q))
    base = "subid=%s&external_id=E.C.P.b&status=sale&currency=%s&payout=%s"
    for name, currency, payout, want in (("b1", "usd", "1", "queued"), ("b2", "usd", "500", "queued"),
                                         ("b3", "usd", "500.01", "Q029"), ("b4", "usd", "0.999999", "Q029"),
                                         ("b5", "eur", "499.99", "queued"), ("b6", "usd", "R$ 600,00", "Q029"),
                                         ("b7", "usd", "0", "Q029"), ("b8", "usd", "1e9", "Q003"),
                                         ("b9", "usd", "", "queued")):
        got = send("bounds", base % (name, currency, urllib.parse.quote(payout)))
        equal("payout %s %s" % (payout, currency), got[2] or got[1], want)
    a = request(s.port, "GET", "/postback/bounds?key=%s&%s" % (KEY, base % ("b10", "usd", "900")),
                headers={"Accept": "application/json"}).json()
    equal("in plain words", a["reason"],
          'the payout "900" lies above 500, the most that the offer takes (offers/bounds.yaml:%d)'
          % (offer_text("bounds").count("\n") + 1))
    equal("an ignored stage is not asked", send("bounds", "subid=b1&status=trash&payout=9999")[:2], (200, "ignored"))

    equal("a click that nobody registered", send("known", sale("n1")), (200, "quarantined", "Q030", []))
    equal("an earlier postback does not make it known",
          (send("known", "subid=n1&external_id=E.C.P.n1&status=trash")[1], send("known", "external_id=E.C.P.n1&status=sale&payout=1&currency=usd")[2]),
          ("ignored", "Q030"))
    request(s.port, "GET", "/click/known?key=%s&subid=n1&ttclid=E.C.P.n1" % KEY)
    equal("once it is registered", send("known", sale("n1"))[:2], (200, "queued"))
    equal("by its ttclid", send("known", "external_id=E.C.P.n1&status=lead")[:2], (200, "queued"))
    equal("of another offer it does not count", (request(s.port, "GET", "/click/bounds?key=%s&subid=n2&ttclid=T2" % KEY).status,
                                                send("known", sale("n2"))[2]), (204, "Q030"))
    rows = f.rows("SELECT p.params FROM postbacks p JOIN conversions c USING (id) WHERE c.code = 'Q030' ORDER BY p.id")
    has("its parameters are kept, to be translated again", str(rows[0]["params"]), "subid=n1", "status=sale", "payout=12.50")
    equal("no event of what is quarantined", folder_events(f), {"b1", "b2", "b5", "b9", "n1"})
    r = run("translate", "offers/known.yaml", "?" + sale("x"), "--json", "--at", "1790000000", cwd=f.path)
    equal("translate says so, too", json.loads(r.out)["code"], "Q030")
    r = run("translate", "offers/known.yaml", "?" + sale("x"), "--click", "?subid=x&ttclid=T", "--json", "--at", "1790000000", cwd=f.path)
    equal("and with a click", json.loads(r.out)["verdict"], "queued")


def folder_events(folder):
    return {r["event_id"] for r in folder.rows("SELECT event_id FROM ledger")}


# ---- what was refused ----

@part
def refusals_are_shown_without_secrets():
    f = folder_with()
    s = Serve(f)
    odd = "jane%40example.com=1&4915112345678=2&" + KEY + "&" + "n" * 40 + "=3&a%00b=4&<script>=5&ok_name=6&x.y[0]=7&=8"
    head = {"X-Forwarded-For": "203.0.113.77"}
    request(s.port, "GET", "/postback/nutra-de?key=wrong&subid=s&email=jane%40example.com&" + odd, headers=head)
    request(s.port, "GET", "/postback/jane%40example.com?key=" + KEY, headers={"X-Forwarded-For": "2001:db8:1:2::3"})
    request(s.port, "POST", "/click/nutra-de", "subid=1&ttclid=T", {"Origin": "https://evil.example"})
    request(s.port, "GET", "/click/nutra-de?key=%s&foo=1" % KEY)
    request(s.port, "GET", "/postback/nutra-de?key=%s&%s" % (KEY, "&".join("p%d=1" % i for i in range(300))))
    last = refused(s)["last"]
    true("times", all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", e.pop("at")) for e in last))
    names = ["key", "subid", "email"] + ["(unusual)"] * 6 + ["ok_name", "x.y[0]"]
    equal("the last ones, newest first", last[1:], [
        {"offer": "nutra-de", "code": "R004", "address": "127.0.0.0/24", "parameters": ["key", "foo"]},
        {"offer": "nutra-de", "code": "R006", "address": "127.0.0.0/24", "parameters": ["subid", "ttclid"]},
        {"offer": None, "code": "R002", "address": "2001:db8:1::/48", "parameters": ["key"]},
        {"offer": "nutra-de", "code": "R001", "address": "203.0.113.0/24", "parameters": names}])
    equal("of many names the first 20", (last[0]["code"], len(last[0]["parameters"]), last[0]["parameters"][-1]),
          ("R003", 21, "..."))
    equal("counted", counts(s), {("nutra-de", "R001"): 1, ("nutra-de", "R003"): 1, ("nutra-de", "R004"): 1,
                                ("nutra-de", "R006"): 1, (None, "R002"): 1})
    raw(s.port, b"GET /postback/nutra-de HTTP/1.1\r\nHost: x\r\nA b: c\r\nConnection: close\r\n\r\n")
    raw(s.port, b"GET /postback/nutra-de?%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % (b"a" * 17000))
    equal("what the listener itself refuses", {k: v for k, v in refused(s)["before_reading"].items() if k != "too_slow"},
          {"malformed": 1, "too_large": 1})
    for i in range(150):
        s.get("/postback/offer-%d?key=x" % i)
    r = refused(s)
    equal("a hundred are kept, names of offers that do not exist are not", (len(r["last"]), {e["offer"] for e in r["last"]}),
          (100, {None}))
    equal("one count for them", counts(s)[(None, "R002")], 151)
    page = request(s.admin, "GET", "/refused").body
    hasnt("no secret, no personal data", page + s.err(), KEY, "jane", "203.0.113.77", "49151", "wrong")
    lines = [l for l in s.err().splitlines() if 'msg="refused"' in l]
    equal("the log: one line for each code a minute", sorted(re.search(r"code=(\S+)", l).group(1) for l in lines),
          ["R001", "R002", "R003", "R004", "R006"])
    has("what such a line says", "\n".join(lines), 'level=warning msg="refused" code=R001 offer="nutra-de" from=203.0.113.0/24 since_last_line=1')
    equal("the public listener does not show it", request(s.port, "GET", "/refused").status, 404)


# ---- no address is ever fetched ----

RECORDER = r"""
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int log_fd;

__attribute__((constructor)) static void start(void) /* before the program confines itself */
{
    log_fd = open(getenv("CONNECTS"), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
}

static void note(const char *what, const char *who, int port)
{
    char line[400];
    int n = snprintf(line, sizeof(line), "%s %s %d\n", what, who, port);

    if (write(log_fd, line, (size_t)n) != n)
        abort();
}

static void note_address(const char *what, const struct sockaddr *to)
{
    char text[64] = "";

    if (to && to->sa_family == AF_INET) {
        const struct sockaddr_in *a = (const struct sockaddr_in *)to;
        note(what, inet_ntop(AF_INET, &a->sin_addr, text, sizeof(text)), ntohs(a->sin_port));
    } else if (to && to->sa_family == AF_INET6) {
        const struct sockaddr_in6 *a = (const struct sockaddr_in6 *)to;
        note(what, inet_ntop(AF_INET6, &a->sin6_addr, text, sizeof(text)), ntohs(a->sin6_port));
    }
}

int connect(int fd, const struct sockaddr *to, socklen_t len)
{
    int (*real)(int, const struct sockaddr *, socklen_t);
    *(void **)&real = dlsym(RTLD_NEXT, "connect");
    note_address("connect", to);
    return real(fd, to, len);
}

ssize_t sendto(int fd, const void *p, size_t n, int flags, const struct sockaddr *to, socklen_t len)
{
    ssize_t (*real)(int, const void *, size_t, int, const struct sockaddr *, socklen_t);
    *(void **)&real = dlsym(RTLD_NEXT, "sendto");
    note_address("sendto", to);
    return real(fd, p, n, flags, to, len);
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **out)
{
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    note("resolve", node ? node : "-", 0);
    return real(node, service, hints, out);
}
"""

TRAP = "http://127.0.0.1:%d/%s"


def tempting_offer(url, pixel=PIXEL):
    """An offer with the URL wherever one can stand."""
    return offer_text("trap", pixel).replace("https://lander.example/nutra", url % "page").replace(
        "https://lander.example", (url % "").rstrip("/")) + """fields:
  page_url: [page]
  referrer: [ref]
value_models:
  net: {value: 1, currency: USD}
tests:
  - given: "?subid=1&status=trash&page=%s"
    expect: {verdict: ignored}
""" % (url % "given")


@part
def nothing_is_ever_fetched():
    f = Folder()
    f.write("recorder.c", RECORDER)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", f.at("recorder.so"), f.at("recorder.c"), "-ldl"], check=True, timeout=60)
    sandbox = Sandbox()
    with socket.create_server(("127.0.0.1", 0)) as trap:
        url = TRAP % (trap.getsockname()[1], "%s")
        f.write("offers/nutra-de.yaml", tempting_offer(url))
        os.rename(f.at("offers/nutra-de.yaml"), f.at("offers/trap.yaml"))
        f.config(sandbox.endpoint, extra="mappings: ./mappings\n")
        os.mkdir(f.at("mappings"))
        f.write("chain.yaml", """version: 1
chain: trap
start: "%s?external_id=__CLICKID__"
hops:
  - {name: tracker, kind: tracker, tracker: keitaro, to: "%s?subid={subid}&ttclid={external_id}"}
  - {name: lander, kind: lander, script: true, to: "%s?sub1={subid}"}
conversion:
  network: "%s?subid={sub1}&status=sale&payout=1&currency=usd"
  postback: offers/trap.yaml
""" % (url % "a", url % "b", url % "c", url % "d"))
        os.environ.update(LD_PRELOAD=f.at("recorder.so"), CONNECTS=f.at("connects"), ASAN_OPTIONS=os.environ.get(
            "ASAN_OPTIONS", "") + ":verify_asan_link_order=0")
        try:
            use_everything(f, url, sandbox)
        finally:
            [os.environ.pop(n, None) for n in ("LD_PRELOAD", "CONNECTS")]
        trap.settimeout(0.2)
        caught = None
        with contextlib.suppress(TimeoutError, socket.timeout):
            caught = trap.accept()[0].recv(200)
        equal("nobody called the address that stood everywhere", caught, None)
        seen = set(f.read("connects").decode().split("\n")) - {""}
        equal("the configured endpoint is all that was called", seen,
              {"connect 127.0.0.1 %d" % sandbox.port})
        os.unlink(f.at("connects"))
        os.environ.update(LD_PRELOAD=f.at("recorder.so"), CONNECTS=f.at("connects"))
        try:  # these two start servers of their own and call them
            run("simulate", "chain.yaml", "--live", cwd=f.path)
            run("doctor", cwd=f.path)
        finally:
            [os.environ.pop(n, None) for n in ("LD_PRELOAD", "CONNECTS")]
        lines = f.read("connects").decode().splitlines()
        true("live runs and the doctor call their own servers", lines and all(
            re.fullmatch(r"connect 127\.0\.0\.1 \d+", l) for l in lines), sorted(set(lines)))
        equal("and not that address", [l for l in lines if l.endswith(" %d" % trap.getsockname()[1])], [])


def use_everything(f, url, sandbox):
    """Every verb that does not promise to ask somebody, and a server with URLs in every field."""
    u = urllib.parse.quote(url % "x", safe="")
    every = "&".join("%s=%s" % (n, u) for n in (
        "subid", "external_id", "ttclid", "event_id", "payout_url", "page", "ref", "ip", "ua", "email", "phone", "callback",
        "url", "webhook", "redirect", "tid", "quality", "pixel"))
    c, offer = ["-c", "clickbaton.yaml"], "offers/trap.yaml"
    for words in (["check"], ["check", offer], ["check", "chain.yaml"], ["translate", *c, offer, "?" + every + "&status=sale"],
                  ["translate", *c, offer, (url % "y") + "?" + every, "--click", "?" + every, "--explain"],
                  ["simulate", "chain.yaml"], ["simulate", "chain.yaml", "--json"], ["urls", *c, offer, "--host", "pb.example"],
                  ["snippet", offer, "--host", url % ""], ["schema"], ["explain", "M001"], ["version"], ["coverage", *c], ["report", *c, "--html", "r.html"], ["top", *c, "--frames", "1"],
                  ["rates", "check"], ["diff", *c, offer, offer], ["init", "new", "--tracker", "keitaro", "--offer", "n", "--page",
                   url % "p", "--host", "pb.example", "--tracker-host", "trk.example", "--pixel", PIXEL]):
        r = run(*words, cwd=f.path)
        true("%s ran" % " ".join(words[:2]), r.code in (0, 1, 2, 3, 4), r)
    s = Serve(f)
    del os.environ["LD_PRELOAD"]  # this test's own requests are not meant
    headers = {"X-Forwarded-For": url % "", "Referer": url % "r", "Origin": url % "o", "User-Agent": url % "ua"}
    for target in ("/postback/trap?key=%s&status=sale&payout=3&currency=usd&" % KEY + every,
                   "/click/trap?key=%s&" % KEY + every, "/click/trap?" + every, "/postback/%s" % u):
        request(s.port, "GET", target, headers=headers)
    request(s.port, "GET", "/click/trap?subid=n&ttclid=T&page_url=" + u, headers=dict(headers, Origin=(url % "").rstrip("/")))
    request(s.port, "POST", "/postback/trap?key=" + KEY, json.dumps({"subid": "j", "ttclid": "T", "status": "sale", "payout": 1,
            "currency": "usd", "page": url % "json", "$ref": url % "ref", "xml": "<!ENTITY x SYSTEM '%s'>" % (url % "e")}), JSON)
    wait_until("the deliveries", lambda: sandbox.stats()["unique"] >= 1)
    s.reload()
    wait_until("nothing left", lambda: s.ready()[1]["outbox"]["waiting"] + s.ready()[1]["outbox"]["sending"] == 0)
    os.environ["LD_PRELOAD"] = f.at("recorder.so")
    s.stop()


main()
