#!/usr/bin/env python3
"""The `tests:` of mappings as `check` runs them: every way to expect, the difference in words, as JSON
and as JUnit's XML, and --update, which must change nothing but what was expected."""
import json
import os
import pty
import stat
import xml.etree.ElementTree as ET

from harness import *

HEAD = """version: 1
offer: f
extends: keitaro
pixel: C9X
page_url: https://a.example/x
value_currency: USD
events:
  lead: Lead
  sale: [{event: Purchase, value: payout}, Contact]
tests:
"""
SALE = "?subid=a&external_id=E.C&status=sale&payout=12.50&currency=usd"
GOOD = HEAD + """  - name: flat
    given: "%s"
    expect: {verdict: queued, events: 2, event: Purchase, properties.value: 12.5, user.ttclid: E.C, code: absent}
  - name: as a tree
    given: "%s"
    expect:
      verdict: queued
      user: {ttclid: E.C, email: absent}
      properties: {value: 12.500, currency: USD}
      event_id: present
      events:
        - {event: Purchase, pixel: C9X, properties.value: "12.5"}
        - {event: Contact, properties: absent}
      warnings: []
  - name: warnings in any order
    given: "?subid=a&external_id=E.C&tid={tid}&status=sale&payout=5"
    expect: {warnings: [W031, W020]}
  - name: at a time
    given: "%s"
    at: 2026-01-01T00:00:00Z
    expect: {event_time: 1767225600}
  - name: long ago
    at: "1767225600"
    given: "%s&conversion_time=1764000000"
    expect: {verdict: quarantined, code: Q005}
""" % (SALE, SALE, SALE, SALE)


def checked(folder, text, *more):
    folder.write("f.yaml", text)
    return run("check", "f.yaml", *more, cwd=folder.path)


@part
def every_way_to_expect():
    folder = Folder()
    r = checked(folder, GOOD)
    equal("all pass", (r.code, r.out.splitlines()[0] if r.out else "", without_advice(r.err)), (0, "ok: 1 offer mapping, 5 tests passed", []))
    for old, new, wanted, got in (
            ("events: 2", "events: 3", "events: 3", "events: 2"),
            ("properties.value: 12.5,", "properties.value: 12.51,", "properties.value: 12.51", "properties.value: 12.5"),
            ("code: absent", "code: Q001", "code: Q001", "code: absent"),
            ("email: absent", "email: present", "user.email: present", "user.email: absent"),
            ("{event: Contact, properties: absent}", "{event: Lead}", "events.1.event: Lead", "events.1.event: Contact"),
            ("warnings: []", "warnings: [W020]", "warnings: W020", "warnings: none"),
            ("[W031, W020]", "[W031]", "warnings: W031", "warnings: W020, W031"),
            ("event_time: 1767225600", "event_time: 1767225601", "event_time: 1767225601", "event_time: 1767225600")):
        true("the example has " + old, old in GOOD)
        r = checked(folder, GOOD.replace(old, new))
        equal(new + ": the code", r.code, 1)
        has(new + ": the difference", r.err, "\n  - %s\n  + %s\n" % (wanted, got), "error[M019]: test ")
    r = checked(folder, GOOD.replace("        - {event: Contact, properties: absent}\n", ""))
    has("a list has a length", r.err, "  - events: 1\n  + events: 2\n")
    r = checked(folder, GOOD.replace("{event_time: 1767225600}", "{}"))
    has("a test that can't fail", r.err, "expects nothing, so it can't fail", "clickbaton check --update")
    r = checked(folder, GOOD.replace("at: 2026-01-01T00:00:00Z", "at: yesterday"))
    equal("a time that is none", r.code, 3)
    has("says so", r.err, 'error[M002]: "yesterday" is not a time')


def on_a_terminal(*words, cwd, **env):
    """What stderr shows on a terminal."""
    outer, inner = pty.openpty()
    p = subprocess.Popen([BINARY, *words], cwd=cwd, stdout=subprocess.DEVNULL, stderr=inner,
                         env={**{k: v for k, v in os.environ.items() if k != "NO_COLOR"}, **env})
    os.close(inner)
    out = b""
    with contextlib.suppress(OSError):  # the end of a terminal
        while True:
            out += os.read(outer, 65536)
    os.close(outer)
    p.wait(30)
    return out.decode().replace("\r\n", "\n")


@part
def in_colour():
    folder = Folder()
    plain = checked(folder, GOOD.replace("events: 2", "events: 3")).err
    hasnt("into a file: no colour", plain, "\x1b")
    shown = on_a_terminal("check", "f.yaml", cwd=folder.path)
    has("on a terminal: red and green", shown, "\n\x1b[31m  - events: 3\x1b[0m\n\x1b[32m  + events: 2\x1b[0m\n")
    bare = re.sub(r"\x1b\[\d+m", "", shown)
    true("on a terminal: the same words", bare.startswith(plain), bare)
    equal("two lines are painted", shown.count("\x1b[0m"), 2)
    hasnt("NO_COLOR", on_a_terminal("check", "f.yaml", cwd=folder.path, NO_COLOR="1"), "\x1b")


@part
def for_programs():
    folder = Folder()
    bad = GOOD.replace("events: 2", "events: 3").replace("name: as a tree", 'name: "<a> & \\"b\\" \\x1b[2J ü"')
    r = checked(folder, bad, "--json", "--junit", "out.xml")
    d = json.loads(r.out)
    equal("the sums", (r.code, d["ok"], d["errors"], d["tests"]), (1, False, 1, {"passed": 4, "failed": 1}))
    equal("offers", d["offers"], [{"name": "f", "file": "f.yaml"}])
    equal("a failure", d["cases"][0]["failures"],
          [{"path": "events", "expected": "3", "got": "2", "line": 13, "col": 39}])
    equal("which passed", [c["passed"] for c in d["cases"]], [False, True, True, True, True])
    equal("its diagnostics", [(x["level"], x["code"], x["file"], x["line"]) for x in d["diagnostics"]],
          [("error", "M019", "f.yaml", 13)])
    root = ET.fromstring(folder.read("out.xml"))
    equal("JUnit's sums", (root.tag, root.get("tests"), root.get("failures")), ("testsuites", "5", "1"))
    cases = root.findall("testsuite/testcase")
    equal("its names", [c.get("name") for c in cases],
          ["flat", '<a> & "b" ?[2J ü', "warnings in any order", "at a time", "long ago"])
    has("its failure", cases[0].find("failure").text, "- events: 3\n+ events: 2")
    r = checked(folder, GOOD, "--junit", "-")
    equal("on stdout, alone", ET.fromstring(r.out).get("failures"), "0")
    r = checked(folder, GOOD.replace("event: Purchase, value", "event: purchase, value"), "--junit", "-")
    root = ET.fromstring(r.out)
    equal("files with errors", (r.code, root.find("testsuite[@name='files']").get("errors")), (3, "1"))
    equal("its place", root.find("testsuite[@name='files']/testcase").get("line"), "9")
    equal("two for one stdout", checked(folder, GOOD, "--json", "--junit", "-").code, 2)
    equal("a file that can't be", checked(folder, GOOD, "--junit", "no/such/file").code, 4)
    r = run("check", "--json", cwd=folder.path)
    equal("a whole configuration", (r.code, json.loads(r.out)["ok"]), (0, True))


@part
def update():
    folder = Folder()
    text = HEAD + """  - name: many        # a comment
    given: "%s"
    expect: {event: Lead, properties.value: 13, user: {ttclid: "X.C"}, events: [{event: 'P'}, {event: "Contact"}], warnings: [W020]} # keep
  -   given: "?subid=a&external_id=E.C&status=trash"
      expect: {  }
  - given: "%s"
    expect:
      verdict:   ignored   # why
      reason: nothing
      properties.currency: "EUR"
# the end, without a newline""" % (SALE, SALE)
    folder.write("f.yaml", text)
    os.chmod(folder.at("f.yaml"), 0o640)
    r = run("check", "f.yaml", "--update", cwd=folder.path)
    equal("it is done", (r.code, r.out), (0, "9 expectations rewritten with what came; look at the change before you keep it\n"))
    want = text.replace("{event: Lead, properties.value: 13, user: {ttclid: \"X.C\"}, events: [{event: 'P'}, {event: \"Contact\"}], warnings: [W020]}",
                        "{event: Purchase, properties.value: 12.5, user: {ttclid: E.C}, events: [{event: Purchase}, {event: \"Contact\"}], warnings: []}")
    want = want.replace("{  }", "{verdict: ignored, code: I002}").replace("ignored   #", "queued   #")
    want = want.replace("reason: nothing", "reason: absent").replace('"EUR"', "USD")
    equal("every other byte stays", folder.read("f.yaml").decode(), want)
    equal("and the mode", stat.S_IMODE(os.stat(folder.at("f.yaml")).st_mode), 0o640)
    equal("now they pass", run("check", "f.yaml", cwd=folder.path).code, 0)
    r = run("check", "f.yaml", "--update", cwd=folder.path)
    equal("nothing to do", (r.code, r.out.splitlines()[0]), (0, "ok: 1 offer mapping, 3 tests passed"))
    for what, bad in (("a length", HEAD + '  - given: "%s"\n    expect:\n      events:\n        - {event: Purchase}\n' % SALE),
                      ("two lines", HEAD + '  - given: "%s"\n    expect:\n      event: "Le\n        ad"\n' % SALE),
                      ("a block", HEAD + '  - given: "%s"\n    expect:\n      event: |\n        Lead\n' % SALE),
                      ("a list of two lines", HEAD + '  - given: "%s"\n    expect:\n      warnings:\n        - W020\n' % SALE),
                      ("a test that can't run", HEAD + '  - given: "%s"\n    click: "?x=1"\n    expect: {event: Lead}\n' % SALE)):
        folder.write("f.yaml", bad)
        r = run("check", "f.yaml", "--update", cwd=folder.path)
        equal(what + ": refused", r.code, 1)
        has(what + ": says so", r.err, "change it by hand")
        equal(what + ": untouched", folder.read("f.yaml").decode(), bad)
    bad = text.replace("offer: f", "offer: f\nofer: g")
    folder.write("f.yaml", bad)
    equal("a file with other errors", run("check", "f.yaml", "--update", cwd=folder.path).code, 3)
    equal("is not touched", folder.read("f.yaml").decode(), bad)


main()
