#!/usr/bin/env python3
"""Keys and tokens in the memory of a running server: those that a reload has replaced are gone, those in force stand where
they are needed and nowhere else; none is in its arguments, environment, log, store or health page."""
import uuid

from harness import *

ROOT_USER = os.geteuid() == 0
LENGTH = 32


def secret():
    return "s3cret" + uuid.uuid4().hex


def memory(pid):
    """All bytes that the process can read, mapping by mapping."""
    with open("/proc/%d/maps" % pid) as maps, open("/proc/%d/mem" % pid, "rb", 0) as mem:
        for line in maps:
            at, rights, rest = line.split(None, 2)
            if rights[0] != "r" or "[vvar" in rest or "[vsyscall]" in rest:
                continue
            start, end = (int(x, 16) for x in at.split("-"))
            if end - start > 1 << 30:  # a sanitizer's shadow
                continue
            with contextlib.suppress(OSError):
                mem.seek(start)
                yield rest.split()[-1] if len(rest.split()) > 3 else "", mem.read(end - start)


def counts(pid, words):
    """How often each word, or its first or last two thirds, stands in memory: a cut copy counts as well."""
    found = {w: 0 for w in words}
    cut = {w: 0 for w in words}
    for _, data in memory(pid):
        for w in words:
            third = len(w) // 3
            found[w] += data.count(w.encode())
            cut[w] += max(data.count(w[:-third].encode()), data.count(w[third:].encode()))
    return found, cut


def crowd(port, key):
    """Sixty clients at once, each gone after its answer: their memory goes back to the heap."""
    head = "POST /postback/nutra-de%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s"
    clients = [socket.create_connection(("127.0.0.1", port), timeout=20) for _ in range(60)]
    for i, s in enumerate(clients):
        body = "key=%s&subid=crowd%d&status=trash&x=%s" % (key, i, "y" * (200 * i))
        s.sendall((head % (("", len(body), body) if i % 2 else
                           ("?key=%s&subid=crowd%d&status=trash" % (key, i), 0, ""))).encode())
    answers = [read_all(s) for s in clients]
    for s in clients:
        s.close()
    return sorted(set(a[9:12] for a in answers))


def everything(port, key, n):
    """Postbacks and clicks that carry the key in each way that there is."""
    good = "&ttclid=E.C.P.abc&status=sale&payout=1&currency=usd"
    kept = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answers = []
    for i in range(20):
        a = "a%d-%d" % (n, i)
        answers += [
            ask(kept, "GET", "/postback/nutra-de?key=%s&subid=%s%s" % (key, a, good)).status,
            request(port, "GET", "/postback/nutra-de?key=%s&subid=b%s%s" % (key, a, good), headers={"Connection": "close"}).status,
            request(port, "POST", "/postback/nutra-de", "key=%s&subid=c%s%s" % (key, a, good), form).status,
            request(port, "POST", "/postback/nutra-de", "key=%s&subid=d%s%s&x=%s" % (key, a, good, "y" * 30000), form).status,
            request(port, "POST", "/postback/nutra-de", json.dumps({"key": key, "subid": "e" + a, "ttclid": "T"}),
                    {"Content-Type": "application/json"}).status,
            request(port, "POST", "/postback/nutra-de?key=" + key, '{"key":"%s","x":' % key,
                    {"Content-Type": "application/json"}).status,
            request(port, "GET", "/click/nutra-de?key=%s&subid=f%s&ttclid=T" % (key, a)).status,
            request(port, "GET", "/postback/nobody?key=%s" % key).status,
        ]
        if i == 0:
            has("chunks", raw(port, b"", pieces=[
                ("POST /postback/nutra-de HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n"
                 "Content-Type: application/x-www-form-urlencoded\r\n\r\n4\r\nkey=\r\n%x\r\n%s\r\n" % (len(key), key)).encode(),
                b"f\r\n&subid=chunked1\r\n0\r\n\r\n"]), "HTTP/1.1 200")
    kept.close()
    return answers


@part
def replaced_secrets_are_gone():
    sandbox = Sandbox()
    folder = Folder(sandbox.endpoint)
    old = {n: secret() for n in ("key", "token", "own")}
    new = {n: secret() for n in ("key", "token", "own")}
    folder.write("keys/postback", old["key"] + "\n", 0o600)
    folder.write("keys/tiktok", old["token"] + "\n", 0o600)
    folder.write("keys/own", old["own"] + "\n", 0o600)
    folder.write("offers/own.yaml", offer_text("own", more="key: {file: ../keys/own}\n"))
    serve = Serve(folder, options=() if ROOT_USER else ("--unconfined",))
    equal("postbacks with the old key", sorted(set(everything(serve.port, old["key"], 1))), [200, 204, 404])
    equal("from a crowd", crowd(serve.port, old["key"]), ["200"])
    equal("with the offer's own", serve.fire("subid=own1&status=trash", "own", old["own"]).status, 200)
    equal("with a wrong one", serve.fire("subid=own1", "own", old["key"]).status, 401)
    wait_until("their delivery", lambda: sandbox.stats()["unique"] >= 40)
    found, _ = counts(serve.pid, old.values())
    true("the reader of memory finds what is in force", all(found.values()), found)
    in_force = dict(zip(old, found.values()))
    say("# in force, before a reload: %s" % in_force)
    for name in ("postback", "tiktok", "own"):
        folder.write("keys/" + name, new[{"postback": "key", "tiktok": "token", "own": "own"}[name]] + "\n", 0o600)
    serve.reload()
    equal("postbacks with the new key", sorted(set(everything(serve.port, new["key"], 2))), [200, 204, 404])
    equal("with the offer's own, now", serve.fire("subid=own2&status=trash", "own", new["own"]).status, 200)
    wait_until("their delivery", lambda: sandbox.stats()["unique"] >= 80)
    time.sleep(0.2)
    found, cut = counts(serve.pid, list(old.values()) + list(new.values()))
    equal("of the old secrets there is none", [found[old[n]] for n in old], [0, 0, 0])
    equal("nor a part of one", [cut[old[n]] for n in old], [0, 0, 0])
    say("# in force, after it: key %d, token %d, own key %d" % tuple(found[new[n]] for n in new))
    equal("the common key and the own one stand there once", [found[new["key"]], found[new["own"]]], [1, 1])
    equal("the token twice: as read, and as the sender has it", found[new["token"]], 2)
    words = [w.encode() for w in list(old.values()) + list(new.values())]
    for where, data in (("arguments", read_proc(serve.pid, "cmdline")), ("environment", read_proc(serve.pid, "environ")),
                        ("log", (serve.err() + serve.out()).encode()), ("store", folder.stored_bytes()),
                        ("health page", request(serve.admin, "GET", "/readyz").body.encode())):
        equal("none in its %s" % where, [w for w in words if w in data], [])
    equal("exit 0", serve.stop(), 0)


def read_proc(pid, name):
    with open("/proc/%d/%s" % (pid, name), "rb") as f:
        return f.read()


@part
def credentials():
    """{credential: NAME} instead of {file: PATH}."""
    folder = Folder()
    folder.write("handed/postback", KEY + "\n", 0o400)
    folder.write("handed/tiktok", TOKEN + "\n", 0o400)
    folder.write("offers/own.yaml", offer_text("own", more="key: {credential: postback-own}\n"))
    folder.write("handed/postback-own", "own-key-of-the-offer-0123\n", 0o400)
    text = folder.read("clickbaton.yaml").decode()
    folder.write("clickbaton.yaml", text.replace("{file: ./keys/postback}", "{credential: postback}")
                 .replace("{file: ./keys/tiktok}", "{credential: tiktok}"))
    r = run("check", cwd=folder.path)
    equal("without the folder of credentials: exit 3", r.code, 3)
    has("and said so", r.err, 'clickbaton.yaml:6:19: error[C067]: no credential "postback": CREDENTIALS_DIRECTORY is not set',
        'error[C067]: no credential "tiktok"', 'offers/own.yaml:', 'no credential "postback-own"')
    os.environ["CREDENTIALS_DIRECTORY"] = folder.at("handed")
    try:
        r = run("check", cwd=folder.path)
        equal("with it: right", (r.code, without_advice(r.err)), (0, []))
        serve = Serve(folder)
        equal("its key counts", [serve.fire("subid=1&status=trash").status, serve.fire("subid=1", key="x").status,
                                 serve.fire("subid=2&status=trash", "own", "own-key-of-the-offer-0123").status], [200, 401, 200])
        folder.write("handed/postback", "another-key-0123456789\n", 0o400)
        serve.reload()
        equal("a reload reads it again", serve.fire("subid=3&status=trash", key="another-key-0123456789").status, 200)
        equal("exit 0", serve.stop(), 0)
        for name, code, words in (("absent", "C001", "No such file"), ("../keys/postback", "C067", "is not a credential's name"),
                                  (".hidden", "C067", "is not a credential's name"), ("a/b", "C067", "is not a credential's name")):
            folder.write("clickbaton.yaml", text.replace("{file: ./keys/postback}", "{credential: %s}" % name))
            r = run("check", cwd=folder.path)
            equal("%s: exit 3" % name, r.code, 3)
            has("%s: why" % name, r.err, "error[%s]" % code, words)
        folder.write("clickbaton.yaml", text.replace("{file: ./keys/postback}", "{credential: postback, file: ./keys/postback}"))
        has("both at once", run("check", cwd=folder.path).err, 'unknown key "file" in key')
        folder.write("handed/loose", KEY + "\n", 0o644)
        folder.write("clickbaton.yaml", text.replace("{file: ./keys/postback}", "{credential: loose}"))
        has("one that everybody can read", run("check", cwd=folder.path).err, "error[C002]")
    finally:
        del os.environ["CREDENTIALS_DIRECTORY"]


main()
