"""Chain files: the examples come to what they say, in words and as JSON; bad ones are named with
their place; and --matrix agrees with chain files that really have the failure at that hop."""
from harness import *

CHAINS = os.path.join(ROOT, "examples", "chains")
EXAMPLES = sorted(os.listdir(CHAINS))
AT = "1790000000"
KEYS = {"verdict", "code", "reason", "broken_at", "ttclid", "event_id", "click_id", "hops", "warnings",
        "network", "postback", "event", "events"}
HOP_KEYS = {"name", "kind", "url", "status", "ttclid", "event_id", "click_id", "lost", "changed", "advice"}
STATES = {"kept", "lost", "changed", "truncated", "absent"}
HEAD = 'version: 1\nchain: c\nstart: "https://trk.example/nutra?external_id=__CLICKID__"\n'
HOP = '{kind: redirect, to: "https://b.example/"}'


def text_of(name):
    with open(os.path.join(CHAINS, name), encoding="utf-8") as f:
        return f.read()


def expected(name):
    """verdict, at, code of an example; empty when not said."""
    line = re.search(r"^expect: \{(.*)\}$", text_of(name), re.M).group(1)
    said = dict(item.split(": ") for item in line.split(", "))
    return said["verdict"], said.get("at", ""), said.get("code", "")


def simulate(name, *more, **named):
    return run("simulate", os.path.join("examples", "chains", name), *more, "--at", AT, cwd=ROOT, **named)


def workshop():
    """A folder with the offers where chain files can stand in chains/."""
    f = Folder()
    shutil.copytree(os.path.join(ROOT, "examples", "offers"), f.at("offers"), dirs_exist_ok=True)
    os.mkdir(f.at("chains"))
    return f


def try_text(f, text, *more):
    f.write("chains/c.yaml", text)
    return run("simulate", "chains/c.yaml", *more, cwd=f.path)


# ---- the examples ----

@part
def check_understands_chains():
    chains = [os.path.join("examples/chains", n) for n in EXAMPLES]
    offers = sorted(os.path.join("examples/offers", n) for n in os.listdir(os.path.join(ROOT, "examples/offers")))
    r = run("check", *chains, cwd=ROOT)
    equal("all chains pass check", (r.code, r.err), (0, ""))
    has("check counts them", r.out, ", %d chains, " % len(chains))
    both = run("check", *chains, *offers, cwd=ROOT)
    again = run("check", *offers, *chains, cwd=ROOT)
    equal("offers beside chains that name them, in any order", (both.code, both.out), (0, again.out))
    has("each is counted once", both.out, "ok: %d offer mappings, %d chains, " % (len(offers), len(chains)))
    one = run("check", chains[0], cwd=ROOT)
    has("one chain is one", one.out, ", 1 chain, ")
    true("enough examples", len(chains) >= 20, len(chains))


@part
def check_says_what_is_not_so():
    f = workshop()
    good = text_of("keitaro.yaml")
    for name, expect, words in (
            ("verdict", "{verdict: broken}", 'the verdict should be "broken", but is "kept"'),
            ("code", "{verdict: kept, code: H011}", 'the code should be "H011", but is ""'),
            ("hop", "{verdict: kept, at: lander}", 'the hop that drops the baton should be "lander", but is "none"')):
        f.write("chains/c.yaml", good.replace("expect: {verdict: kept}", "expect: " + expect))
        r = run("check", "chains/c.yaml", cwd=f.path)
        equal("another %s: exit 1" % name, (r.code, r.out), (1, ""))
        has("another %s: said" % name, r.err, "chains/c.yaml:14:9: error[M019]: ", words)
    f.write("chains/bad.yaml", good.replace("kind: lander", "kind: landr"))
    f.write("chains/c.yaml", good)
    r = run("check", "chains/bad.yaml", "chains/c.yaml", cwd=f.path)
    equal("a bad file beside a good one: exit 3", (r.code, r.out), (3, ""))
    true("one error", r.err.count("error[") == 1, r.err)
    f.write("offers/nutra-de.yaml", offer_text("nutra-de").replace("value: payout", "valu: payout"))
    r = run("check", "chains/c.yaml", cwd=f.path)
    equal("a bad offer: exit 3", r.code, 3)
    has("a bad offer: named", r.err, "offers/nutra-de.yaml:10:31: error[M001]")
    f.write("chains/c.yaml", re.sub("(?m)^expect:.*\n", "", text_of("whitelist-redirect.yaml")))
    f.write("offers/nutra-de.yaml", offer_text("nutra-de"))
    r = run("check", "chains/c.yaml", cwd=f.path)
    equal("nothing expected: only read", (r.code, r.out), (0, "ok: 1 offer mapping, 1 chain, 0 tests passed\n"))


@part
def examples_as_said():
    for name in EXAMPLES:
        verdict, at, code = expected(name)
        r = simulate(name)
        equal(name + ": exit", r.code, 0 if verdict == "kept" else 1)
        equal(name + ": nothing on stderr", r.err, "")
        true(name + ": no escape bytes in a pipe", "\x1b" not in r.out, "an escape byte")
        last = r.out.rstrip("\n").split("\n")[-1]
        true(name + ": the verdict is the last line",
             last.startswith("kept: ") if verdict == "kept" else last.startswith("broken[%s]: " % code), last)
        if at:
            has(name + ": names the hop", last, '"%s"' % at)
        true(name + ": a story in its first lines", all(l.startswith("# ") for l in text_of(name).split("\n")[:2]))
        equal(name + ": the same again", simulate(name).out, r.out)


@part
def examples_as_json():
    for name in EXAMPLES:
        verdict, at, code = expected(name)
        r = simulate(name, "--json")
        j = json.loads(r.out)
        equal(name + ": exit and stderr", (r.code, r.err), (0 if verdict == "kept" else 1, ""))
        equal(name + ": keys", set(j), KEYS)
        equal(name + ": keys of hops", [set(h) for h in j["hops"]], [HOP_KEYS] * len(j["hops"]))
        equal(name + ": verdict, code", (j["verdict"], j["code"]), (verdict, code))
        if at:
            equal(name + ": hop", j["broken_at"], at)
        equal(name + ": reason", bool(j["reason"]), verdict == "broken")
        true(name + ": states", all(h[k] in STATES for h in j["hops"] for k in ("ttclid", "event_id", "click_id")))
        true(name + ": types", all(isinstance(h["status"], int) and isinstance(h["lost"], list) and
                                   isinstance(h["changed"], list) and isinstance(h["url"], str) for h in j["hops"]))
        equal(name + ": event is the first", j["event"], j["events"][0] if j["events"] else None)
        if verdict == "kept":
            equal(name + ": the event's ids", (j["event"]["user"]["ttclid"], j["event"]["event_id"]),
                  (j["ttclid"], j["event_id"] or j["event"]["event_id"]))
        true(name + ": a ttclid of the real length", len(j["ttclid"]) == 306 and j["ttclid"].startswith("E.C.P."))
        other = json.loads(simulate(name, "--json", "--seed", "5").out)
        equal(name + ": another seed, the same verdict", (other["verdict"], other["code"], other["broken_at"]),
              (j["verdict"], j["code"], j["broken_at"]))
        true(name + ": another seed, another ttclid", other["ttclid"] != j["ttclid"])


# ---- the matrix against real files ----

def hop_regions(text):
    """(begin, end) of each hop's text."""
    starts = [m.start() for m in re.finditer(r"^  - ", text, re.M)]
    end = re.search(r"^conversion:", text, re.M).start()
    return list(zip(starts, starts[1:] + [end]))


def with_failure(text, i, key, value, verdict):
    """The file with one more failure at hop i; None when it is there already."""
    begin, end = hop_regions(text)[i]
    hop = text[begin:end].rstrip("\n")
    if re.search(r"[{,] *%s: |^    %s: " % (key, key), hop, re.M):
        return None
    more = "%s, %s: %s}" % (hop[:-1], key, value) if hop.endswith("}") and "{" in hop.split("\n")[0] else \
        "%s\n    %s: %s" % (hop, key, value)
    text = text[:begin] + more + "\n" + text[end:]
    return re.sub(r"(?m)^expect:.*$", "expect: {verdict: %s}" % verdict, text)


def argument(row, hop, ids):
    """The failure's argument as a chain file has it; None when the hop has no id to harm."""
    if row["with"] not in ("IDS", "RENAMED", "OTHER"):
        return row["with"]
    query = urllib.parse.urlsplit(hop["url"]).query
    names = [n for n, v in urllib.parse.parse_qsl(query, keep_blank_values=True) if v and v in ids]
    if not names:
        return None
    if row["with"] == "IDS":
        return "[%s]" % ", ".join(names)
    word = "x_" if row["with"] == "RENAMED" else "other_"
    return "{%s}" % ", ".join("%s: %s%s" % (n, word, n) for n in dict.fromkeys(names))


@part
def matrix():
    f = workshop()
    for name in EXAMPLES:
        kept = expected(name)[0] == "kept"
        words = simulate(name, "--matrix")
        r = simulate(name, "--matrix", "--json")
        equal(name + ": exits of the matrix", (words.code, r.code), (0, 0) if kept else (1, 1))
        rows = json.loads(r.out)
        equal(name + ": a line per row, or why it is broken anyway", len(words.out.splitlines()), len(rows) if kept else 1)
        true(name + ": keys of rows", all(set(x) == {"failure", "with", "survives", "breaks_at", "why"} for x in rows))
        true(name + ": rows agree with themselves", all(x["survives"] == (not x["breaks_at"]) and x["why"] for x in rows))
        true(name + ": no escape bytes in a pipe", "\x1b" not in words.out + words.err)
        if kept:
            real_files(f, name, rows)


def real_files(f, name, rows):
    plain = json.loads(simulate(name, "--json").out)
    ids = {plain[k] for k in ("ttclid", "event_id", "click_id")} - {""}
    text, paths, skipped = text_of(name), [], 0
    for n, row in enumerate(rows):
        for i, hop in enumerate(plain["hops"]):
            value = argument(row, hop, ids)
            if value is None:
                continue
            verdict = "broken" if hop["name"] in row["breaks_at"] else "kept"
            changed = with_failure(text, i, row["failure"], value, verdict)
            if changed is None:
                skipped += 1
                continue
            paths.append("chains/%s-%d-%s-%d.yaml" % (name[:-5], n, row["failure"], i))
            f.write(paths[-1], changed)
    r = run("check", *paths, cwd=f.path, seconds=600)
    equal("%s: the matrix and %d files that have the failure" % (name, len(paths)), (r.code, r.err), (0, ""))
    true(name + ": hardly one is left out", len(paths) > 20 and skipped <= 3, (len(paths), skipped))


# ---- bad input ----

@part
def wrong_files():
    f = workshop()
    long_url = "https://b.example/?" + "x" * 20000
    for name, text, place, words in (
            ("an unknown kind", HEAD + "hops: [{kind: redirct, to: /}]\n", "4:15: error[M024]", 'did you mean "redirect"?'),
            ("an unknown key", HEAD + "hops: [%s]\nhosp: 1\n" % HOP, "5:1: error[M001]", 'did you mean "hops"?'),
            ("60 hops", HEAD + "hops: [%s]\n" % ", ".join([HOP] * 60), "4:7: error[M002]", "`hops` has 60 entries; 1 to 50 are taken"),
            ("a URL of 20 KB", HEAD + 'hops: [{kind: redirect, to: "%s"}]\n' % long_url, "4:29: error[M017]", "longer than 16 KB"),
            ("a start of 20 KB", 'version: 1\nchain: c\nstart: "%s"\nhops: [%s]\n' % (long_url, HOP), "3:8: error[M017]", "longer than 16 KB"),
            ("a script as the start", 'version: 1\nchain: c\nstart: "javascript:alert(1)"\nhops: [%s]\n' % HOP, "3:8: error[M017]", "is not a whole http or https URL"),
            ("data as the start", 'version: 1\nchain: c\nstart: "data:text/html,x"\nhops: [%s]\n' % HOP, "3:8: error[M017]", "is not a whole http or https URL"),
            ("control bytes in a host", HEAD + 'hops: [{kind: redirect, to: "https://b\\x1b[31m.example/"}]\n', "4:29: error[M017]", "control character"),
            ("a line end in a host", HEAD + 'hops: [{kind: redirect, to: "https://b\\r\\n.example/"}]\n', "4:29: error[M017]", "control character"),
            ("no offer", HEAD + 'hops: [%s]\nconversion: {network: "https://n.example/", postback: offers/none.yaml}\n' % HOP,
             "5:55: error[C001]", "looked for chains/offers/none.yaml and offers/none.yaml"),
            ("an expected hop that is not there", HEAD + "hops: [%s]\nexpect: {verdict: broken, at: x}\n" % HOP, "5:31: error[M024]", 'no hop is called "x"'),
            ("a failure that names nothing", HEAD + "hops: [{kind: redirect, to: /, drop: true}]\n", "4:38: error[M002]", "`drop` must name parameters")):
        for verb in ("simulate", "check"):
            f.write("chains/c.yaml", text)
            r = run(verb, "chains/c.yaml", cwd=f.path)
            equal("%s: %s ends with 3" % (name, verb), (r.code, r.out), (3, ""))
            has("%s: %s says where and what" % (name, verb), r.err, "chains/c.yaml:%s: " % place, words)
    r = run("simulate", "chains/none.yaml", cwd=f.path)
    equal("no file: exit 3", (r.code, r.out), (3, ""))
    has("no file: named", r.err, "chains/none.yaml: error[C001]: No such file or directory")
    equal("a folder", run("simulate", "chains", cwd=f.path).code, 3)


@part
def misuse():
    for arguments in ((), ("a.yaml", "b.yaml"), ("--live", "--matrix", "a.yaml"), ("--nothing", "a.yaml"),
                      ("--at", "-5", "a.yaml"), ("--at", "x", "a.yaml"), ("--seed", "x", "a.yaml")):
        r = run("simulate", *arguments, cwd=ROOT)
        equal("simulate %s: exit 2" % " ".join(arguments), (r.code, r.out), (2, ""))
        true("simulate %s: said" % " ".join(arguments), r.err.startswith("clickbaton simulate: "), r.err)
    r = run("simulate", "--help", cwd=ROOT)
    equal("--help", (r.code, r.err), (0, ""))


@part
def strange_chains():
    f = workshop()
    for name, hops, code, words in (
            ("a script as a target", '{name: r, kind: redirect, to: "javascript:alert(1)"}', 1,
             ("broken[H008]: the browser can't go on: its target (javascript:alert(1)?external_id=", "is no web address")),
            ("data as a target", '{name: r, kind: meta, to: "data:text/html,x"}', 1, ("broken[H008]: ", "is no web address")),
            ("a loop", '{name: r, kind: redirect, to: "https://b.example/"}, {name: s, kind: redirect, to: "https://trk.example/nutra"}', 0,
             ("H042 s sends the visitor to an address where he was before (r): a loop",)),
            ("50 hops", ", ".join([HOP] * 50), 0, ("H043 50 hops: browsers give up after 20 redirects in a row",)),
            ("9,000 bytes", '{name: r, kind: redirect, to: "https://b.example/?x=%s"}' % ("x" * 9000), 0,
             ("H044 the URL behind r has ", "many servers refuse more than 8,000 (414)"))):
        r = try_text(f, HEAD + "hops: [%s]\n" % hops)
        equal("%s: exit" % name, (r.code, r.err), (code, ""))
        has("%s: said" % name, r.out, *words)
        r = try_text(f, HEAD + "hops: [%s]\n" % hops, "--json")
        equal("%s: as JSON" % name, json.loads(r.out)["verdict"], "broken" if code else "kept")
        try_text(f, HEAD + "hops: [%s]\n" % hops, "--matrix", "--json")


@part
def no_escapes():
    f = workshop()
    esc = r"\e[31m\e]0;t\a\x9b"
    chain = ('version: 1\nchain: "c%s"\nstart: "https://trk.example/a?external_id=__CLICKID__&n%s=%s#%s"\nhops:\n'
             '  - {name: "r%s", kind: redirect, drop: ["external_id"], to: "https://b.example/%s?q%s=%s"}\n'
             '  - {name: "t%s", kind: tracker, tracker: keitaro, to: "https://o.example/?s={subid}&{x%s}={y%s}"}\n'
             '  - {name: "l%s", kind: lander, script: true, to: "https://o.example/%s"}\n'
             'conversion: {network: "https://trk.example/pb?subid=%s&{%s}", postback: ../offers/nutra-de.yaml}\n'
             )
    url = "%1b]0;t%07"
    raw = chain % ((esc,) * 15)
    chain = chain % (esc, url, url, url, esc, url, url, url, esc, url, url, esc, url, url, url)
    r = try_text(f, raw)
    equal("control bytes in URLs are refused", r.code, 3)
    has("and it says so", r.err, "M017", "holds a control character")
    true("and none is printed", not re.search(r"[\x00-\x09\x0b-\x1f\x7f\x80-\x9f]", r.out + r.err))
    for options in ((), ("--matrix",)):
        r = try_text(f, chain, *options)
        equal("a chain of escapes %s: exit" % (options,), r.code, 1)
        true("none of them is printed %s" % (options,),
             not re.search(r"[\x00-\x09\x0b-\x1f\x7f\x80-\x9f]", r.out + r.err),
             [hex(ord(c)) for c in re.findall(r"[\x00-\x09\x0b-\x1f\x7f\x80-\x9f]", r.out + r.err)][:5])
    r = try_text(f, chain, "--json")
    true("nor in JSON", not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", r.out))
    json.loads(r.out)
    json.loads(try_text(f, chain, "--matrix", "--json").out)
    f.write("chains/c.yaml", chain + "expect: {verdict: kept}\n")
    r = run("check", "chains/c.yaml", cwd=f.path)
    equal("check of it: exit 1", r.code, 1)
    true("nor by check", not re.search(r"[\x00-\x09\x0b-\x1f\x7f\x80-\x9f]", r.out + r.err))


main()
