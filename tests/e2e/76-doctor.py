#!/usr/bin/env python3
"""`clickbaton doctor`: what it says of a good installation of every tracker, and of each thing that is
not as it should be."""
import json
import os
import time

from harness import *


def made(tracker="keitaro", *more):
    """A folder as `init` makes it, with free ports."""
    folder = Folder()
    r = run("init", "my", "--tracker", tracker, "--offer", "first", "--page", "https://lander.example/x",
            *more, cwd=folder.path)
    equal("init " + tracker, r.code, 0)
    folder.path = folder.at("my")
    change(folder, "clickbaton.yaml", "127.0.0.1:8080", "127.0.0.1:%d" % free_port())
    change(folder, "clickbaton.yaml", "127.0.0.1:9090", "127.0.0.1:%d" % free_port())
    return folder


def change(folder, name, old, new):
    text = folder.read(name).decode()
    true("%s has %s" % (name, old), old in text)
    folder.write(name, text.replace(old, new), os.stat(folder.at(name)).st_mode & 0o777)


def doctor(folder, *more):
    """(exit code, {(level, check): [finding]}, all findings)."""
    r = run("doctor", "--json", *more, cwd=folder.path)
    d = json.loads(r.out)
    found = {}
    for f in d["findings"]:
        found.setdefault((f["level"], f["check"]), []).append(f)
    levels = [f["level"] for f in d["findings"]]
    equal("its counts", (d["ok"], d["warnings"], d["failed"]),
          (levels.count("ok"), levels.count("warning"), levels.count("failed")))
    for f in d["findings"]:
        if f["level"] == "failed" and f["check"] in ("key", "rates", "files", "tests"):
            true("a remedy for " + f["check"], f.get("remedy"))
    return r.code, found, d["findings"]


def one(found, level, check, *words):
    true("%s: %s" % (check, level), (level, check) in found, sorted(found))
    if (level, check) in found:
        has("%s says" % check, " ".join(f["text"] + " " + f.get("remedy", "") for f in found[level, check]), *words)


@part
def every_tracker():
    for tracker in ("keitaro", "bemob", "binom", "redtrack", "voluum", "generic"):
        folder = made(tracker)
        code, found, _ = doctor(folder)
        equal(tracker + ": nothing has failed", code, 0)
        one(found, "ok", "conversion", "came back as Purchase at a sandbox, with its ttclid")
        one(found, "ok", "value", "Purchase has value and currency")
        one(found, "ok", "match keys", "ttclid, external_id")
        one(found, "ok", "tests", "its 2 tests pass")
        one(found, "warning", "endpoint", "not to TikTok", "https://business-api.tiktok.com/")
        one(found, "warning", "server", "no server answers", "start it: clickbaton serve")
        one(found, "ok", "store", "there is none yet")
    r = run("doctor", cwd=folder.path)
    has("in words", r.out, "ok      files        1 offer mapping, no errors\n", "\noffer first\nok ", " 0 failed\n",
        "                     to do: start it: clickbaton serve\n")
    hasnt("no colour in a file", r.out, "\x1b")


@part
def a_running_server():
    folder = made()
    change(folder, "clickbaton.yaml", "http://127.0.0.1:8081/", "http://127.0.0.1:%d/" % free_port())  # nobody is there
    serve = Serve(folder)
    key = folder.read("keys/postback").decode()
    serve.fire("subid=a&external_id=E.x&status=what", offer="first", key=key)
    serve.fire("subid=b&external_id=E.y&status=sale&payout=1&currency=usd", offer="first", key=key)
    change(folder, "clickbaton.yaml", "admin: 127.0.0.1:%s" % folder.read("clickbaton.yaml").decode().split("admin: 127.0.0.1:")[1].split(" ")[0],
           "admin: 127.0.0.1:%d" % serve.admin)
    wait_until("the pixel waits, and its event", lambda: "retried later" in str(serve.ready())
               and serve.ready()[1]["outbox"]["waiting"] == 1)
    for _ in range(5):  # while a try is under way it is not waiting for the next
        code, found, _ = doctor(folder)
        if ("warning", "server") in found:
            break
    one(found, "ok", "server", "it runs and is ready")
    one(found, "ok", "store", "0 clicks and 2 postbacks")
    one(found, "ok", "outbox", "1 event waits, 0 were delivered")
    one(found, "warning", "quarantine", "1 postback is kept and not sent", "clickbaton replay --dry-run")
    equal("code", code, 0)
    one(found, "warning", "server", "is retried later (since ", "not sent: ")
    true("nothing was refused", ("warning", "refused") not in found, found)
    serve.fire("subid=c&status=sale", offer="first", key="wrong")
    serve.fire("subid=c&status=sale", offer="frist", key=key)
    one(doctor(folder)[1], "warning", "refused", "first: 1 refused since the server's start, R001",
        "an offer that does not exist: 1 refused", "R002", "clickbaton explain R002",
        "curl http://127.0.0.1:%d/refused" % serve.admin)
    equal("nothing of the doctor's came to the store", folder.rows("SELECT count(*) n FROM postbacks")[0]["n"], 2)
    serve.stop()


@part
def what_is_wrong():
    folder = made("keitaro", "--test-event-code", "TEST1")
    change(folder, "clickbaton.yaml", "http://127.0.0.1:8081/", "https://business-api.tiktok.com/")
    one(doctor(folder)[1], "failed", "token", "the example pixel of `clickbaton init`", "Events Manager")
    change(folder, "clickbaton.yaml", "C9EXAMPLEPIXEL00", "C9REALPIXEL00000")
    change(folder, "offers/first.yaml", "C9EXAMPLEPIXEL00", "C9REALPIXEL00000")
    one(doctor(folder)[1], "failed", "token", "the placeholder of `clickbaton init`", "Generate Access Token")
    folder.write("keys/postback", "short", 0o600)
    folder.write("keys/tiktok", "C9REALPIXEL00000", 0o600)
    change(folder, "offers/first.yaml", "properties.value: 12}", "properties.value: 13}")
    change(folder, "offers/first.yaml", "origins:", "# origins:")
    code, found, _ = doctor(folder)
    one(found, "warning", "key", "short enough to be guessed", "openssl rand")
    one(found, "warning", "token", "it is the pixel's code", "Generate Access Token")
    one(found, "warning", "test code", "gets test events only", "remove test_event_code")
    one(found, "ok", "endpoint", "https://business-api.tiktok.com/")
    one(found, "failed", "tests", "1 of its 2 tests fail", "clickbaton check")
    one(found, "warning", "landing page", "no page may register clicks")
    equal("code", code, 1)
    folder.write("keys/tiktok", "with blanks in it 12345678", 0o600)
    one(doctor(folder)[1], "warning", "token", "characters that no token has")
    folder.write("keys/tiktok", "0123456789abcdef0123456789abcdef01234567", 0o600)
    old = time.time() - 400 * 86400
    os.utime(folder.at("keys/tiktok"), (old, old))
    one(doctor(folder)[1], "warning", "token", "400 days old", "40105")
    r = run("doctor", cwd=folder.path)
    hasnt("no token is shown", r.out + r.err, "0123456789abcdef")


@part
def broken_installations():
    folder = made()
    folder.write("data/clickbaton.db", b"x" * 9000)
    code, found, _ = doctor(folder)
    equal("a store that is none", code, 1)
    one(found, "failed", "store", "clickbaton.db")
    change(folder, "offers/first.yaml", "events:", "evnts:")
    r = run("doctor", cwd=folder.path)
    equal("a mapping with errors", r.code, 3)
    has("says so", r.out, "failed  files", "in the configuration or the mappings")
    has("and where", r.err, 'did you mean "events"?')
    os.remove(folder.at("clickbaton.yaml"))
    r = run("doctor", cwd=folder.path)
    equal("no configuration", r.code, 3)
    has("names it", r.err, "clickbaton.yaml", "C001")
    equal("an argument too much", run("doctor", "x", cwd=folder.path).code, 2)


@part
def an_offer_with_needs_of_its_own():
    folder = made()
    change(folder, "offers/first.yaml", "pixel: C9EXAMPLEPIXEL00", 'pixel: "{param.px}"')
    change(folder, "offers/first.yaml", "tests:", "others:")
    text = folder.read("offers/first.yaml").decode()
    folder.write("offers/first.yaml", text[:text.index("others:")])
    code, found, _ = doctor(folder)
    equal("a warning", code, 0)
    one(found, "warning", "conversion", "becomes no event", "simulate --live")
    one(found, "warning", "tests", "no tests of its own", "docs/mapping.md")


@part
def online():
    folder = made()
    sandbox = Sandbox()
    change(folder, "clickbaton.yaml", "127.0.0.1:8081", "127.0.0.1:%d" % sandbox.port)
    code, found, _ = doctor(folder, "--online")
    equal("code", code, 0)
    one(found, "ok", "endpoint", "it answers (HTTP ")
    equal("nothing was sent to it", sandbox.stats()["events"] if "events" in sandbox.stats() else len(sandbox.events()), 0)
    sandbox.stop()
    code, found, _ = doctor(folder, "--online")
    equal("code when it is gone", code, 1)
    one(found, "failed", "endpoint", "it can't be reached", "clickbaton sandbox")


main()
