"""A data folder that is read-only, full or taken; a port in use; and nothing lost in any of them."""
import resource

from harness import *

SALE = "subid=%s&external_id=E.C.P.%s&status=sale&payout=1&currency=usd"


def fails_to_start(name, folder, code, *words, **more):
    start = time.monotonic()
    p = Serve(folder, start=False, **more)
    got = p.wait(20)
    equal("%s: exit %d" % (name, code), (got, p.out()), (code, ""))
    has("%s: said" % name, p.err(), *words)
    true("%s: at once" % name, time.monotonic() - start < 8)


def as_nobody():
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)


@part
def read_only():
    f = Folder()
    os.mkdir(f.at("data"))
    drop = as_nobody if os.geteuid() == 0 else None  # rights mean nothing to root
    if drop:
        for base, dirs, names in os.walk(f.path):
            for n in [base] + [os.path.join(base, x) for x in names]:
                os.chown(n, 65534, 65534)
        subprocess.run(["chmod", "a+x", f.path], check=True)
    os.chmod(f.at("data"), 0o555)
    fails_to_start("a data folder without write rights", f, 4, "data", "Permission denied",
                   "start it as the owner of this folder", "chown -R", preexec=drop)
    os.chmod(f.at("data"), 0o700)
    os.chmod(f.at("keys/tiktok"), 0o600 if drop else 0)
    if drop:
        os.chown(f.at("keys/tiktok"), 0, 0)
    fails_to_start("a key of somebody else's", f, 3, "C001", "keys/tiktok: Permission denied",
                   "run this as the user that serve runs as", preexec=drop)
    os.chmod(f.at("keys/tiktok"), 0o600)
    if drop:
        os.chown(f.at("keys/tiktok"), 65534, 65534)
    serve = Serve(f, preexec=drop)
    equal("with rights it starts", serve.fire(SALE % ("ro1", "ro1")).status, 200)
    equal("and ends with 0", serve.stop(), 0)
    os.chmod(f.at("data/clickbaton.db"), 0o400)
    fails_to_start("a store file without write rights", f, 4, "data", preexec=drop)
    os.chmod(f.at("data/clickbaton.db"), 0o600)
    serve = Serve(f, preexec=drop)
    equal("what was stored is still there", len(f.rows("SELECT 1 FROM ledger")), 1)
    serve.stop()


@part
def not_a_folder():
    f = Folder()
    f.write("data", "a file\n")
    fails_to_start("a file where the data folder should be", f, 4, "data")
    os.remove(f.at("data"))
    f.write("data/clickbaton.db", "this is no database, but it is long enough to look at " * 40)
    fails_to_start("another file in the store's place", f, 4, "clickbaton.db")
    with open(f.at("data/clickbaton.db"), "rb") as file:
        true("it is left as it was", file.read().startswith(b"this is no database"))
    os.remove(f.at("data/clickbaton.db"))
    db = sqlite3.connect(f.at("data/clickbaton.db"))
    db.execute("CREATE TABLE mine(a)")
    db.commit()
    db.close()
    fails_to_start("a database of some other program", f, 4, "clickbaton.db", "some other program")
    os.remove(f.at("data/clickbaton.db"))
    serve = Serve(f)
    serve.stop()
    db = sqlite3.connect(f.at("data/clickbaton.db"))
    db.execute("PRAGMA user_version = 99")
    db.commit()
    db.close()
    fails_to_start("a store of a newer version", f, 4, "schema version is 99", "newer clickbaton")


@part
def two_at_once():
    f = Folder()
    first = Serve(f)
    second = Folder()
    second.config(second.endpoint)
    shutil.rmtree(second.at("data"), ignore_errors=True)
    os.symlink(f.at("data"), second.at("data"))
    fails_to_start("two serve on one data folder", second, 4, "data")
    equal("the first one goes on", first.fire(SALE % ("two", "two")).status, 200)
    f2 = Folder(listen="127.0.0.1:%d" % first.port)
    fails_to_start("a port in use", f2, 4, "listen", "127.0.0.1:%d" % first.port, "already in use")
    f3 = Folder(admin="127.0.0.1:%d" % first.port)
    fails_to_start("an admin port in use", f3, 4, "admin", "already in use")
    f4 = Folder(listen="127.0.0.1:%d" % free_port())
    f4.config(f4.endpoint, listen="192.0.2.77:8080")
    fails_to_start("an address that is not here", f4, 4, "192.0.2.77:8080")
    equal("the first one still goes on", first.fire(SALE % ("two", "two")).status, 200)
    equal("and ends with 0", first.stop(), 0)
    again = Serve(f)
    equal("then the folder is free again", len(f.rows("SELECT 1 FROM conversions")), 2)
    again.stop()


def fill_until_refused(serve, prefix, limit=6000):
    """Ids answered 200 until none is taken for two seconds (housekeeping may make room once more), and
    the last answer."""
    taken, since = [], None
    c = http.client.HTTPConnection("127.0.0.1", serve.port, timeout=30)
    for i in range(limit):
        id = "%s%d" % (prefix, i)
        a = ask(c, "GET", "/postback/nutra-de?key=%s&%s&pad=%s" % (KEY, SALE % (id, id), "x" * 4000))
        if a.status == 200:
            taken.append(id)
            since = None
        elif since is None:
            since = time.monotonic()
        elif time.monotonic() - since > 2:
            return taken, a
        else:
            time.sleep(0.05)
    return taken, None


def full_disk(name, folder, serve, make_room):
    taken, refusal = fill_until_refused(serve, "full")
    true("%s: it fills up" % name, refusal, "%d were taken" % len(taken))
    if not refusal:
        return
    equal("%s: 503 with Retry-After" % name, (refusal.status, refusal.headers["Retry-After"]), (503, "5"))
    has("%s: said so" % name, refusal.body, "refused[R005]", "send it again")
    # Housekeeping may make room for one more in between: asked until it is refused again.
    answers = []

    def refused_again():
        answers.append(serve.fire("subid=json&status=trash&pad=" + "x" * 12000, Accept="application/json"))
        answers.append(serve.ready())
        return answers[-2].status == 503 and answers[-1][0] == 503
    wait_until("another refusal", refused_again, 20, 0.01)
    a, (status, ready) = answers[-2:]
    equal("%s: as JSON" % name, (a.status, a.json()["verdict"], a.json()["code"]), (503, "refused", "R005"))
    equal("%s: /readyz is 503" % name, (status, ready["ready"]), (503, False))
    has("%s: /readyz says why" % name, " ".join(ready["problems"]), "the store does not take postbacks")
    equal("%s: it is alive" % name, request(serve.admin, "GET", "/livez").status, 200)
    has("%s: the log says it" % name, serve.err(), "level=error", "the store takes nothing")
    make_room()
    if name == "a full disk":
        wait_until("/readyz without any postback", lambda: serve.ready()[0] == 200, 15, 0.2)
        good("%s: /readyz asks for another try by itself" % name)
    wait_until("postbacks to be taken again", lambda: serve.fire(SALE % ("room", "room")).status == 200, 30, 0.2)
    good("%s: with room again it goes on by itself" % name)
    wait_until("/readyz", lambda: serve.ready()[0] == 200, 10)
    equal("%s: the log says it once" % name, serve.err().count("takes postbacks again"),
          serve.err().count("takes nothing"))
    good("%s: /readyz is 200 again" % name)
    true("%s: a line a minute, not one a try" % name, serve.err().count("housekeeping failed") <= 1, serve.err())
    ids = [r["click_id"] for r in folder.rows("SELECT click_id FROM conversions WHERE click_id LIKE 'full%' "
                                              "ORDER BY id")]
    equal("%s: the store has exactly those that were answered 200" % name, ids, taken)
    equal("%s: exit 0" % name, serve.stop(), 0)
    db = sqlite3.connect(folder.at("data/clickbaton.db"))
    equal("%s: the store is sound" % name, db.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
    db.close()


@part
def full_by_mount():
    f = Folder()
    os.mkdir(f.at("data"))
    made = os.geteuid() == 0 and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "clickbaton-e2e", f.at("data")],
        stderr=subprocess.DEVNULL).returncode == 0
    if not made:
        return  # not allowed here; full_by_limit is the same without a mount
    f.mounted = True
    f.write("data/ballast", b"x" * 1000000)
    serve = Serve(f)
    full_disk("a full disk", f, serve, lambda: os.remove(f.at("data/ballast")))


@part
def full_by_limit():
    f = Folder()
    limit = 1500000

    def limited():
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))

    serve = Serve(f, preexec=limited)
    full_disk("a file size limit", f, serve,
              lambda: resource.prlimit(serve.pid, resource.RLIMIT_FSIZE,
                                       (resource.RLIM_INFINITY, resource.RLIM_INFINITY)))


@part
def folder_gone():
    f = Folder()
    serve = Serve(f)
    equal("a postback", serve.fire(SALE % ("gone", "gone")).status, 200)
    p = Serve(f, start=False)  # the lock also holds against the same configuration
    equal("the same configuration twice: exit 4", p.wait(20), 4)
    equal("serve: exit 0", serve.stop(), 0)


@part
def another_program_locks():
    f = Folder()
    serve = Serve(f)
    equal("before", serve.fire(SALE % ("l1", "l1")).status, 200)
    db = sqlite3.connect(f.at("data/clickbaton.db"), isolation_level=None)
    db.execute("BEGIN IMMEDIATE")
    a = serve.fire(SALE % ("l2", "l2"))
    equal("while somebody else writes to the store: 503", (a.status, a.headers["Retry-After"]), (503, "5"))
    has("/readyz says why", " ".join(serve.ready()[1]["problems"]), "locked")
    db.execute("ROLLBACK")
    equal("afterwards it goes on", serve.fire(SALE % ("l2", "l2")).status, 200)
    db.execute("BEGIN")
    db.execute("SELECT count(*) FROM ledger").fetchall()
    equal("a reader hinders nobody", [serve.fire(SALE % ("m%d" % i, "m%d" % i)).status for i in range(20)], [200] * 20)
    db.close()
    equal("the store has exactly those that were answered 200", [r["click_id"] for r in f.rows(
        "SELECT click_id FROM conversions ORDER BY id")], ["l1", "l2"] + ["m%d" % i for i in range(20)])
    equal("exit 0", serve.stop(), 0)


main()
