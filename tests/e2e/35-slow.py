#!/usr/bin/env python3
"""Clients that misuse the endpoint, for a moment each (tests/fault/slow.py does it with ten thousand): a normal postback gets
its answer beside every one of them, and memory stays bounded.  And hundreds of requests in one packet."""
import concurrent.futures
import sys

from harness import *

sys.path.insert(0, os.path.join(ROOT, "tests", "fault"))
import slow  # noqa: E402

GOOD = "&ttclid=E.C.P.abc&status=trash"


def misuse(letter):
    """One attack against a server of its own, with more connections than there may be: the normal client has to be let in."""
    folder = Folder(extra="limits: {request_seconds: 1, connections: 200}\n")
    serve = Serve(folder)
    o = slow.options_of(["-c", "30" if letter in "PX" else "260", "-r", "4000", "-l", "0.6", "-i", "0.2", "--before", "0.1"])
    found = slow.attack(letter, o, serve.port, "/postback/nutra-de?key=%s%s" % (KEY, GOOD), serve.pid, lambda line: None)
    found["after"] = serve.fire("subid=quiet&status=trash").status
    found["exit"], found["errors"] = serve.stop(), [line for line in serve.err().splitlines() if "level=error" in line]
    return letter, found


@part
def attacks():
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        for letter, found in pool.map(misuse, slow.ATTACKS):
            name = slow.ATTACKS[letter][0]
            equal("%s: every normal postback is answered" % name, (found["failed"], found["why"]), (0, []))
            true("%s: there was an attack" % name, found["peak"] > (0 if letter in "NF" else 25), found)
            true("%s: memory stays below 64 MB" % name, SANITIZED or found["rss_mb"] < 64, found["rss_mb"])
            equal("%s: answers after it, ends in order, no complaint" % name,
                  (found["after"], found["exit"], found["errors"]), (200, 0, []))


@part
def an_end_in_a_flood():
    """Malformed requests come in while it ends.  ROUNDS=100: more of them."""
    for n in range(int(os.environ.get("ROUNDS", "4"))):
        serve, over = Serve(Folder()), threading.Event()

        def flood(kind):
            while not over.is_set():
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", serve.port), 2) as c:
                    c.sendall(b"GET /postback/nutra-de?key=%s HTTP/1.1\r\nHost: x\r\n%s\r\n" % (KEY.encode(), kind))
                    c.settimeout(1)
                    c.recv(4096)

        threads = [threading.Thread(target=flood, args=(kind,)) for kind in slow.Floods.kinds * 2]
        for t in threads:
            t.start()
        time.sleep(0.3)
        code = serve.stop()
        over.set()
        for t in threads:
            t.join()
        equal("round %d: exit 0" % n, code, 0)


@part
def a_crowd_that_stays():
    """All connections are taken by clients that keep theirs without a word; others come in within seconds."""
    folder = Folder(extra="limits: {connections: 64}\n")
    serve = Serve(folder)
    idle = []
    for _ in range(64):
        s = socket.create_connection(("127.0.0.1", serve.port), timeout=10)
        s.sendall(("GET /postback/nutra-de?key=%s&subid=i%s HTTP/1.1\r\nHost: x\r\n\r\n" % (KEY, GOOD)).encode())
        idle.append(s)
    for s in idle:
        s.recv(1000)
    start = time.monotonic()
    equal("one more is served", serve.fire("subid=late&status=trash").status, 200)
    took = time.monotonic() - start
    true("soon: they would be kept for a minute", took < 5, "%.1f s" % took)
    gone = 0
    for s in idle:
        s.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            gone += s.recv(10) == b""
    true("only some had to go", 0 < gone < 60, gone)
    for s in idle:
        s.close()
    equal("exit 0", serve.stop(), 0)


@part
def one_packet():
    """500 requests at once: some are answered at once, most sleep until they are on disk; the order stays."""
    folder = Folder()
    serve = Serve(folder)
    kinds = (("/postback/nutra-de?key=%s&subid=p%%d&verbose=1%s" % (KEY, GOOD), "200"), ("/postback/nobody?key=%s&n=%%d" % KEY, "404"),
             ("/postback/nutra-de?key=wrong&n=%d", "401"), ("/click/nutra-de?key=%s&subid=c%%d&ttclid=T" % KEY, "204"), ("/other/%d", "404"))
    wanted, data = [], ""
    for i in range(500):
        path, status = kinds[i * i % 7 % 5]
        data += "GET %s HTTP/1.1\r\nHost: x\r\n%s\r\n" % (path % i, "Connection: close\r\n" if i == 499 else "")
        wanted.append(status)
    answers = raw(serve.port, data.encode())
    equal("500 answers in the order of their requests", re.findall(r"^HTTP/1\.1 (\d+) ", answers, re.M), wanted)
    equal("the postbacks are kept in that order", [int(r["click_id"][1:]) for r in folder.rows(
        "SELECT click_id FROM conversions WHERE click_id LIKE 'p%' ORDER BY id")],
        [i for i in range(500) if i * i % 7 % 5 == 0])
    with socket.create_connection(("127.0.0.1", serve.port), timeout=20) as s:
        s.sendall(data.encode())
        s.shutdown(socket.SHUT_WR)
        equal("the same from a client that has closed its half", re.findall(r"^HTTP/1\.1 (\d+) ", read_all(s), re.M), wanted)
    with socket.create_connection(("127.0.0.1", serve.port), timeout=20) as s:
        for i in range(0, len(data), 7):
            s.sendall(data[i:i + 7].encode())
        equal("and in pieces of seven bytes", re.findall(r"^HTTP/1\.1 (\d+) ", read_all(s), re.M), wanted)
    equal("exit 0", serve.stop(), 0)


@part
def chunks():
    """Bodies in chunks that are more frame than body."""
    folder = Folder(extra="limits: {request_seconds: 1}\n")
    serve = Serve(folder)
    head = ("POST /postback/nutra-de?key=%s&subid=c%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
            % (KEY, GOOD)).encode()
    for name, body, statuses in (
            ("60,000 chunks of a byte", b"1\r\n&\r\n" * 60000 + b"0\r\n\r\n", ("200",)),
            ("more than the limit, byte by byte", b"1\r\n&\r\n" * 66000 + b"0\r\n\r\n", ("413",)),
            ("an extension of a megabyte", b"1;" + b"x" * 1000000 + b"\r\n&\r\n0\r\n\r\n", ("500",)),  # the library's own words
            ("a size of a megabyte", b"0" * 1000000 + b"1\r\n&\r\n0\r\n\r\n", ("500",)),
            ("a negative size", b"-1\r\n&\r\n0\r\n\r\n", ("400",)),
            ("a size in words", b"one\r\n&\r\n0\r\n\r\n", ("400",)),
            ("no size", b"\r\n&\r\n0\r\n\r\n", ("400",)),
            ("a size past 2^64", b"10000000000000001\r\n&\r\n0\r\n\r\n", ("400", "413")),
            ("bytes behind a chunk", b"1\r\n&&&\r\n0\r\n\r\n", ("400",)),
            ("trailers of a megabyte", b"1\r\n&\r\n0\r\n" + b"X: y\r\n" * 170000 + b"\r\n", ("200", "400", "413", "431"))):
        answer = raw(serve.port, head + body)
        true("%s: %s" % (name, " or ".join(statuses)), answer[9:12] in statuses, answer[:200])
    true("memory stays bounded", SANITIZED or slow.rss_kb(serve.pid) < 40000, slow.rss_kb(serve.pid))
    equal("it still answers", serve.fire("subid=after&status=trash").status, 200)
    equal("exit 0", serve.stop(), 0)


main()
