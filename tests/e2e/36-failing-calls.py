"""A smoke of tests/fault/ (make fault runs all of it): stdout that can't be written, for every verb; some calls
that fail, for some verbs; a failed sync, a jumping clock, and no more descriptors, for the server."""
from harness import *

FAULT = os.path.join(ROOT, "tests", "fault")


def script(name, *arguments, seconds=120):
    p = subprocess.run([sys.executable, os.path.join(FAULT, name)] + list(arguments), stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, timeout=seconds, text=True)
    found = re.findall(r"^(\d+) passed, (\d+) failed$", p.stdout, re.M)
    if not found or found[-1][1] != "0" or found[-1][0] == "0" or p.returncode != 0:
        bad("%s %s" % (name, " ".join(arguments)), p.stdout[-3000:])
    else:
        good("%s %s: %s checks" % (name, " ".join(arguments), found[-1][0]))


@part
def stdout_is_full():
    """No verb gives 0 for an answer that did not arrive."""
    f = Folder()
    f.write("chain.yaml", open(os.path.join(ROOT, "examples/chains/keitaro.yaml"), "rb").read()
            .replace(b"../offers/", b"offers/"))
    f.write("lines.txt", "?subid=a&status=sale&payout=1\n")
    offer = "offers/nutra-de.yaml"
    serve = Serve(f)
    serve.fire("subid=a&external_id=E.C.P.a&status=sale&payout=1&currency=usd")
    serve.stop()
    for arguments in (["--help"], ["--version"], ["version"], ["check"], ["check", "--json"],
                      ["check", "--junit", "-"], ["translate", offer, "?subid=a&ttclid=E.C.P.a&status=sale&payout=1"],
                      ["translate", offer, "?subid=a", "--json"], ["simulate", "chain.yaml"],
                      ["simulate", "chain.yaml", "--matrix"], ["simulate", "--failures", "chain.yaml"],
                      ["follow", "http://127.0.0.1:9/", "--allow-private"], ["explain", "M012"],
                      ["explain", "--markdown"], ["urls", offer], ["snippet", offer], ["rates"],
                      ["rates", "1", "EUR", "USD"], ["coverage"], ["report"], ["report", "--json"], ["tail"], ["top", "--frames", "1"], ["diff", offer, offer, "--against", "lines.txt"],
                      ["schema"], ["translate", "--help"]):
        with open("/dev/full", "w") as full:
            p = subprocess.run([BINARY] + arguments, stdin=subprocess.DEVNULL, stdout=full, stderr=subprocess.PIPE,
                               cwd=f.path, text=True)
        equal("%s > /dev/full: exit 4" % " ".join(arguments[:3]), p.returncode, 4)
        equal("%s > /dev/full: said once" % " ".join(arguments[:3]), p.stderr.count("the output can't be written"), 1)
    with open("/dev/full", "w") as full:
        p = subprocess.run([BINARY, "init", "new", "--tracker", "keitaro", "--offer", "x", "--page",
                            "https://l.example/", "--host", "p.example", "--tracker-host", "t.example"],
                           stdin=subprocess.DEVNULL, stdout=full, stderr=subprocess.PIPE, cwd=f.path, text=True)
    equal("init > /dev/full: exit 4", (p.returncode, "can't be written" in p.stderr), (4, True))


@part
def input_breaks_off():
    """A pipe from a folder: reading gives an error at once."""
    f = Folder()
    folder = os.open(f.path, os.O_RDONLY | os.O_DIRECTORY)
    p = subprocess.run([BINARY, "translate", f.at("offers/nutra-de.yaml"), "-"], stdin=folder,
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    os.close(folder)
    equal("stdin that can't be read: exit 4, and said", (p.returncode, "stdin can't be read" in p.stderr), (4, True))


@part
def a_file_nearby():
    """clickbaton.yaml names the rates and mappings: one that can't be read is said, not passed over."""
    f = Folder()
    os.remove(f.at("clickbaton.yaml"))
    os.mkdir(f.at("clickbaton.yaml"))
    r = run("translate", "offers/nutra-de.yaml", "?subid=a&status=sale&payout=1", cwd=f.path)
    equal("a folder in the configuration's place: exit 3", (r.code, "clickbaton.yaml" in r.err), (3, True))


@part
def calls():
    if SANITIZED:
        return  # their own malloc; the plain build runs it
    script("failing.py", "--few", "2", *sum((["--verb", v] for v in (
        "translate", "check-update", "rates-import", "schema", "init")), []),
        *sum((["--kind", k] for k in ("malloc", "write", "fsync")), []))
    script("failing.py", "--few", "2", *sum((["--verb", v] for v in (
        "trace", "reconcile", "report", "tail", "alert-list", "inspect")), []),
        *sum((["--kind", k] for k in ("malloc", "read")), []))
    script("serving.py", "--only", "work", "--kind", "fsync", "--few", "1")
    script("machine.py", "clock_that_comes_back", "replay_while_the_clock_is_away", "replay_after_a_failed_sync",
           "replay_that_can_not_sync", "replay_without_memory")


main()
