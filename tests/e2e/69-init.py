#!/usr/bin/env python3
"""`clickbaton init`: a folder that check accepts, for every tracker and for whoever types what."""
import os
import pty
import re
import select
import stat
import time

from harness import *

FLAGS = ["--tracker", "keitaro", "--offer", "nutra-de", "--page", "https://lander.example/nutra?a=b"]


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


@part
def every_tracker():
    folder = Folder()
    for tracker in ("keitaro", "bemob", "binom", "redtrack", "voluum", "generic"):
        for currency in ("USD", "JPY", "BHD"):
            name = "%s-%s" % (tracker, currency)
            r = run("init", name, "--tracker", tracker, "--offer", "first", "--page",
                    "https://Lander.example:8443/a", "--currency", currency, cwd=folder.path)
            equal("init " + name, (r.code, r.err), (0, ""))
            r = run("check", "-c", name + "/clickbaton.yaml", cwd=folder.path)
            equal("check " + name, (r.code, r.out), (0, "ok: 1 offer mapping, 2 tests passed\n"))
    has("origin in small letters", folder.read("bemob-USD/offers/first.yaml").decode(),
        'origins: ["https://lander.example:8443"]')


@part
def what_is_written():
    folder = Folder()
    folder.write("token", "real-token-0123456789\n", 0o600)
    r = run("init", "my", *FLAGS, "--pixel", "C9REAL", "--token-file", "token", "--test-event-code",
            "TEST42", "--host", "pb.example", "--tracker-host", "trk.example", cwd=folder.path)
    equal("init", r.code, 0)
    has("a test code is not left unmentioned", r.err, "my/clickbaton.yaml:14:61: warning[C011]: all events to C9REAL are test events (TEST42)")
    has("what comes next", r.out, "  my/clickbaton.yaml\n  my/offers/nutra-de.yaml\n  my/keys/postback\n  my/keys/tiktok\n"
        "  my/schema.json\n",
        "\n  cd my\n", " doctor\n", " urls offers/nutra-de.yaml --host pb.example --tracker-host trk.example\n", " serve\n")
    has("what to paste", r.out, "https://trk.example/", "https://pb.example/postback/nutra-de?key=YOUR-KEY&",
        '<script async src="https://pb.example/lander.js" data-offer="nutra-de"', "YOUR-KEY is the line of keys/postback")
    hasnt("no sandbox, no secrets", r.out, "sandbox --listen", "real-token", "There is no token",
          folder.read("my/keys/postback").decode())
    equal("modes", [mode(folder.at("my/" + n)) for n in ("keys", "keys/postback", "keys/tiktok")],
          [0o700, 0o600, 0o600])
    true("a key of 128 random bits", re.fullmatch(r"[0-9a-f]{32}", folder.read("my/keys/postback").decode()))
    equal("the token", folder.read("my/keys/tiktok"), b"real-token-0123456789")
    has("the configuration", folder.read("my/clickbaton.yaml").decode(),
        "endpoint: https://business-api.tiktok.com/open_api/v1.3/event/track/\n",
        "C9REAL: {token: {file: ./keys/tiktok}, test_event_code: TEST42}")
    hasnt("no marks are left", folder.read("my/clickbaton.yaml").decode() + folder.read("my/offers/nutra-de.yaml").decode(), "@")
    before = folder.read("my/keys/postback")
    r = run("init", "my", *FLAGS, cwd=folder.path)
    equal("a second time", (r.code, r.err), (1, "clickbaton init: my/clickbaton.yaml is there already, and nothing "
                                                "is overwritten; name another folder\n"))
    equal("the key stays", folder.read("my/keys/postback"), before)
    os.remove(folder.at("my/clickbaton.yaml"))
    equal("one file is enough to refuse", run("init", "my", *FLAGS, cwd=folder.path).code, 1)
    true("and nothing was written", not os.path.exists(folder.at("my/clickbaton.yaml")))


@part
def the_folder_of_rates():
    folder = Folder()
    equal("init", run("init", "my", *FLAGS, cwd=folder.path).code, 0)
    folder.write("my/ecb.csv", "Date, USD, RON, \n25 November 2026, 1.16, 5.09, \n")
    r = run("rates", "import", "ecb.csv", cwd=folder.at("my"))
    equal("rates import needs no -o", (r.code, r.out[:20]), (0, "mappings/rates.yaml:"))
    os.remove(folder.at("my/mappings/rates.yaml"))
    os.rmdir(folder.at("my/mappings"))
    r = run("check", cwd=folder.at("my"))
    equal("a folder that is not there", r.code, 0)
    has("is warned of", r.err, "warning[C001]: `mappings`: there is no folder mappings, so the built-in rates count")


@part
def a_first_conversion():
    folder = Folder()
    equal("init", run("init", "my", *FLAGS, cwd=folder.path).code, 0)
    text = folder.read("my/clickbaton.yaml").decode()
    sandbox = Sandbox()
    folder.write("my/clickbaton.yaml", text.replace("127.0.0.1:8081", "127.0.0.1:%d" % sandbox.port)
                 .replace("127.0.0.1:8080", "127.0.0.1:0").replace("127.0.0.1:9090", "127.0.0.1:0"))
    folder.path = folder.at("my")
    serve = Serve(folder)
    key = folder.read("keys/postback").decode()
    a = serve.fire("subid=x1&external_id=E.C.P.first&status=sale&payout=7&currency=usd", key=key)
    equal("the postback", (a.status, a.body), (200, "OK"))
    event = wait_until("the event", sandbox.events)[0]
    equal("the event", (event["event"], event["event_id"], event["user"]["ttclid"]), ("Purchase", "x1", "E.C.P.first"))
    serve.stop()


@part
def mistakes():
    folder = Folder()
    for option, value, words in (
            ("--tracker", "kietaro", "keitaro, bemob"), ("--tracker", "../../etc/passwd", "keitaro, bemob"),
            ("--tracker", "rates", "keitaro, bemob"), ("--offer", "a b", "letters, digits"),
            ("--offer", "../x", "letters, digits"), ("--offer", "x" * 65, "at most 64"), ("--offer", "", "letters"),
            ("--offer", "-", "digit first"), ("--offer", "Null", "not \"null\""), ("--pixel", "null", "letters and digits"),
            ("--page", "http://lander.example", "begins with https://"), ("--page", "https:///x", "begins with"),
            ("--page", 'https://a/"\nkey: x', "without blanks"), ("--page", "https://a/{x}", "without blanks"),
            ("--pixel", "C9 X", "letters and digits"), ("--pixel", "X: y", "letters and digits"),
            ("--currency", "usd", "three capital letters"), ("--currency", "XAU", "one that TikTok takes"),
            ("--host", "https://pb.example", "a host name"), ("--tracker-host", "a b", "a host name"),
            ("--test-event-code", "a}\nx", "letters and digits")):
        r = run("init", "bad", *FLAGS, option, value, cwd=folder.path)
        equal("%s %r" % (option, value), r.code, 2)
        has("%s %r says why" % (option, value), r.err, option, words)
    r = run("init", "bad", "--tracker", "keitaro", cwd=folder.path)
    equal("nobody to ask", (r.code, r.err.splitlines()[0]),
          (2, "clickbaton init: it needs --offer (nobody can be asked: this is no terminal)"))
    folder.write("open", "secret-token\n", 0o644)
    for name, code in (("open", "C002"), ("nowhere", "C001")):
        r = run("init", "bad", *FLAGS, "--token-file", name, cwd=folder.path)
        equal("token file " + name, r.code, 3)
        has("token file %s says why" % name, r.err, code)
        hasnt("and not the token", r.err + r.out, "secret-token")
    true("nothing was made", not os.path.exists(folder.at("bad")))
    folder.write("file", "x")
    r = run("init", "file/my", *FLAGS, cwd=folder.path)
    equal("a folder in a file", r.code, 4)
    equal("a name that is a file", run("init", "file", *FLAGS, cwd=folder.path).code, 4)


def converse(folder, answers):
    """(exit code, what the terminal showed): each answer is given when its question stands there."""
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(folder.path)
        os.execv(BINARY, [BINARY, "init", "asked"])
    shown, at, end = b"", 0, time.monotonic() + 20
    for question, answer in answers:
        while question.encode() not in shown[at:] and time.monotonic() < end:
            if select.select([fd], [], [], 0.2)[0]:
                shown += os.read(fd, 4096)
        at = len(shown)
        time.sleep(0.05)
        os.write(fd, answer.encode() + b"\n")
    while True:
        try:
            more = os.read(fd, 4096)
        except OSError:
            break
        if not more:
            break
        shown += more
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown.decode("utf-8", "replace")


@part
def a_conversation():
    folder = Folder()
    code, shown = converse(folder, [
        ("Which tracker?", "kietaro"), ("keitaro, bemob", "binom"), ("short name", "shop-fr"),
        ("landing page", "lander.example"), ("begins with https://", "https://lander.example/x"),
        ("pixel's code", "C9TYPED"), ("currency", ""), ("host name", ""), ("domain", ""),
        ("token", "typed-token-0123456789")])
    equal("it ends well", code, 0)
    hasnt("the token is not shown", shown, "typed-token")
    equal("the token is kept", folder.read("asked/keys/tiktok"), b"typed-token-0123456789")
    has("the offer", folder.read("asked/offers/shop-fr.yaml").decode(), "extends: binom", "pixel: C9TYPED")
    r = run("check", "-c", "asked/clickbaton.yaml", cwd=folder.path)
    equal("check", (r.code, r.out), (0, "ok: 1 offer mapping, 2 tests passed\n"))


main()
