"""Life of serve: reload, an orderly end, a restart.  What was answered 200 is never lost and never sent
as a second event.  Ends that are not orderly: 41-crash.py."""
from harness import *

SALE = "subid=%s&external_id=E.C.P.%s&status=sale&payout=1&currency=usd"


def delivered_ids(sandbox):
    return [e["event_id"] for e in sandbox.events()]


@part
def the_number_of_the_process():
    """data/lock names who runs, for `kill -HUP $(cat data/lock)`; afterwards nobody."""
    folder = Folder()
    serve = Serve(folder)

    def lock():
        with open(folder.at("data/lock")) as f:
            return f.read()
    equal("data/lock while it runs", lock(), "%d\n" % serve.pid)
    second = Serve(folder, start=False)
    equal("a second one: exit 4", second.wait(), 4)
    has("a second one: says who is there", second.err(), "pid %d" % serve.pid)
    equal("and leaves the number alone", lock(), "%d\n" % serve.pid)
    equal("exit 0", serve.stop(), 0)
    equal("data/lock afterwards", lock(), "")


@part
def reload():
    sandbox = Sandbox()
    f = Folder(sandbox.endpoint)
    serve = Serve(f)
    status, v = serve.verdict("subid=h1&external_id=T&status=sale&payout=1&currency=usd")
    equal("before", v["verdict"], "queued")
    good_text = f.read("offers/nutra-de.yaml").decode()

    f.write("offers/nutra-de.yaml", good_text.replace("  sale:     {event: Purchase, value: payout, min: 0.01, "
                                                      "max: 500}", "  sale:     ignore"))
    f.write("offers/second.yaml", offer_text("second"))
    serve.reload()
    equal("a good reload: the new rule", serve.verdict("subid=h2&ttclid=T&status=sale")[1]["verdict"], "ignored")
    equal("a good reload: the new offer", serve.fire(SALE % ("h3", "h3"), "second").status, 200)
    equal("/readyz says nothing", serve.ready()[1]["warnings"], [])

    f.write("offers/nutra-de.yaml", good_text.replace("events:", "evnets:"))
    f.write("offers/second.yaml", "a: [")
    serve.reload(failed=True)
    has("a broken reload: the file and its problem are in the log", serve.err(),
        "offers/nutra-de.yaml:8:1: error[M001]", "offers/second.yaml:")
    equal("a broken reload: the rules before it serve",
          serve.verdict("subid=h4&ttclid=T&status=sale")[1]["verdict"], "ignored")
    equal("a broken reload: so do the other offers", serve.fire(SALE % ("h5", "h5"), "second").status, 200)
    status, ready = serve.ready()
    equal("a broken reload: /readyz stays 200", (status, ready["ready"]), (200, True))
    has("a broken reload: /readyz says so", " ".join(ready["warnings"]), "the last reload failed",
        "clickbaton check")

    for name, breakage in (("a token that all can read", lambda: os.chmod(f.at("keys/tiktok"), 0o644)),
                           ("no configuration", lambda: os.rename(f.at("clickbaton.yaml"), f.at("away")))):
        f.write("offers/nutra-de.yaml", good_text)
        f.write("offers/second.yaml", offer_text("second"))
        breakage()
        serve.reload(failed=True)
        equal("%s: the old rules serve" % name,
              serve.verdict("subid=h6&ttclid=T&status=sale")[1]["verdict"], "ignored")
    os.rename(f.at("away"), f.at("clickbaton.yaml"))
    os.chmod(f.at("keys/tiktok"), 0o600)
    serve.reload()
    equal("repaired: the files' rules serve",
          serve.verdict("subid=h7&external_id=E.C.P.h7&status=sale&payout=1&currency=usd")[1]["verdict"], "queued")
    equal("repaired: /readyz says nothing", serve.ready()[1]["warnings"], [])
    f.write("keys/postback", "another-key-0123456789abcdef\n", 0o600)
    serve.reload()
    equal("a new key: the old one is refused", serve.fire("subid=h8&status=trash").status, 401)
    equal("a new key: it is taken", serve.fire("subid=h8&status=trash", key="another-key-0123456789abcdef").status, 200)
    f.write("keys/postback", KEY + "\n", 0o600)
    serve.reload()
    load = Load(serve, "storm", 4)
    for _ in range(20):
        serve.reload()
    taken = load.stop()
    equal("20 reloads under load: every answer is 200", load.other, [])
    wait_until("their delivery", lambda: set(taken) <= set(delivered_ids(sandbox)), 30)
    good("20 reloads under load: every one is delivered")
    equal("exit 0", serve.stop(), 0)


@part
def a_setting_that_needs_a_restart():
    f = Folder()
    serve = Serve(f)
    f.config(f.endpoint, listen="127.0.0.1:%d" % free_port())
    serve.reload()
    equal("it serves where it did", serve.fire("subid=1&status=trash").status, 200)
    has("a reload can't move the listener: said", serve.err(), "listen", "restart")
    f.config(f.endpoint)
    serve.reload()
    equal("put back: what is there is compared with the files before it", serve.err().count("restart"), 2)


@part
def term_under_load():
    sandbox = Sandbox()
    f = Folder(sandbox.endpoint)
    taken, other, codes, slowest = [], [], [], 0
    for n in range(6):
        serve = Serve(f)
        load = Load(serve, "term%d" % n, 16)
        wait_until("load", lambda: len(load.taken) > 200)
        start = time.monotonic()
        codes.append(serve.stop())
        slowest = max(slowest, time.monotonic() - start)
        taken += load.stop()
        other += load.other
        states = {r["state"] for r in f.rows("SELECT DISTINCT state FROM ledger")}
        if "sending" in states:
            bad("SIGTERM: nothing is left as being sent", states)
    equal("SIGTERM under load: exit 0", codes, [0] * 6)
    true("SIGTERM under load: at once", slowest < 5, "%.1f s" % slowest)
    kinds = {w for _, w in other}
    true("SIGTERM under load: no answer but 200, 503 or a closed connection",
         kinds <= {503, "ConnectionRefusedError", "ConnectionResetError", "RemoteDisconnected", "BrokenPipeError"},
         kinds)
    stored = [r["click_id"] for r in f.rows("SELECT click_id FROM conversions")]
    equal("SIGTERM under load: every 200 is in the store", set(taken) - set(stored), set())
    equal("SIGTERM under load: whatever is stored was answered", set(stored) - set(taken), set())
    has("SIGTERM: said", serve.err(), "ending")
    serve = Serve(f)
    wait_until("delivery after the restart", lambda: set(delivered_ids(sandbox)) == set(stored), 30)
    good("after a restart all are delivered")
    equal("none of them twice", (sandbox.stats()["unique"], sandbox.stats()["merged"] + sandbox.stats()["dropped"]),
          (len(stored), 0))
    serve.signal(signal.SIGINT)
    equal("SIGINT ends it as well: exit 0", serve.wait(), 0)


@part
def restart_delivers_what_waited():
    port = free_port()
    f = Folder("http://127.0.0.1:%d%s" % (port, TRACK))
    serve = Serve(f)
    for i in range(20):
        serve.fire(SALE % ("w%d" % i, "w%d" % i))
    wait_until("/readyz to say that it is retried", lambda: [w for w in serve.ready()[1]["warnings"]
                                                          if "is retried later" in w])
    good("with TikTok away: /readyz says that the pixel is retried later")
    equal("with TikTok away: ready all the same", serve.ready()[0], 200)
    equal("exit 0", serve.stop(), 0)
    equal("all wait", f.rows("SELECT state, count(*) AS n FROM ledger GROUP BY state"), [{"state": "waiting", "n": 20}])
    sandbox = Sandbox(port=port)
    serve = Serve(f)
    wait_until("delivery", lambda: len(delivered_ids(sandbox)) == 20, 40)
    equal("a restart delivers what waited", sorted(delivered_ids(sandbox)), sorted("w%d" % i for i in range(20)))
    wait_until("the ledger", lambda: f.rows("SELECT state, count(*) AS n FROM ledger GROUP BY state")
               == [{"state": "delivered", "n": 20}])
    good("the ledger says delivered")
    equal("a repeat days later would be a duplicate", serve.verdict(SALE % ("w3", "w3"))[1]["verdict"], "duplicate")
    equal("exit 0", serve.stop(), 0)
    status = sandbox.stop()
    serve = Serve(f)
    equal("without the sandbox it starts as well", serve.fire(SALE % ("w99", "w99")).status, 200)
    equal("exit 0", (status, serve.stop()), (0, 0))


main()
