"""What is done to the cluster.  A fault is a function of the test (run.py, serve.py); when it returns the links are whole and three
databases run again.  net: it needs the network of net.py; servers: real servers (serve.py); engine: the programs of load.c alone."""
import collections
import signal
import time

from servers import Failure, send, tree

Fault = collections.namedtuple("Fault", "run net servers engine")
FAULTS = []


def fault(times=1, net=False, servers=False, engine=False):
    def keep(f):
        FAULTS.extend([Fault(f, net, servers, engine)] * times)
        return f
    return keep


def hold(t, most=1.5):
    time.sleep(t.dice.random() * most)


# ---- receivers and senders ----

@fault(times=2)
def kill_receiver(t):
    t.replace([t.pick("receive")])


@fault(times=2, engine=True)
def kill_sender(t):
    t.replace([t.pick("send")])


@fault()
def kill_two_receivers(t):
    t.replace(t.dice.sample(t.those("receive"), 2))


@fault()
def freeze_receiver(t):
    pid = t.pick("receive").process.pid
    send([pid], signal.SIGSTOP)
    hold(t, 3)
    send([pid], signal.SIGCONT)


@fault(servers=True)
def restart_receiver(t):
    t.restart(t.pick("receive"))


@fault(servers=True)
def reload_mappings(t):
    t.reload()


@fault(servers=True)
def set_a_clock(t):
    t.set_clock(t.pick("receive"), t.dice.uniform(-20, 20))


# ---- databases ----

def promote(t, **how):
    old, took = t.cluster.failover(**how)
    t.took.append(took)
    return old


def rejoin(t, old):
    hold(t, 0.5)
    t.done[old.become_standby(t.cluster.primary)] += 1
    t.cluster.wait_streaming()


@fault(times=2)
def kill_primary(t):
    rejoin(t, promote(t))


@fault()
def freeze_and_promote(t):
    """The primary does not answer, and is fenced after a while."""
    t.cluster.primary.freeze()
    hold(t, 1)
    kill_primary(t)


@fault()
def freeze_primary(t):
    t.cluster.primary.freeze()
    hold(t, 2)
    t.cluster.primary.thaw()


@fault()
def restart_primary(t):
    """The same machine comes back before anybody promotes another."""
    t.cluster.primary.kill()
    t.cluster.primary.start()
    t.cluster.wait_streaming()


@fault()
def kill_backend(t):
    """One of the database's own processes is killed: all connections end, and it recovers."""
    send([t.dice.choice(tree(t.cluster.primary.pid())[:-1])], signal.SIGKILL)
    t.cluster.primary.wait_ready()
    t.cluster.wait_streaming()


@fault()
def end_connection(t):
    t.cluster.primary.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'clickbaton'"
                          " ORDER BY random() LIMIT 2")


@fault()
def kill_standby(t):
    s = t.dice.choice(t.cluster.standbys())
    s.kill()
    hold(t, 1)
    s.start()
    t.cluster.wait_streaming()


@fault()
def kill_primary_and_standby(t):
    """Who is to promote must hear both standbys: what was acknowledged may be on the dead one alone."""
    s = t.dice.choice(t.cluster.standbys())
    for server in t.dice.sample([s, t.cluster.primary], 2):
        server.kill()
    hold(t, 0.5)
    s.start()
    rejoin(t, promote(t))


@fault()
def kill_primary_and_receiver(t):
    p = t.pick("receive")
    t.cluster.primary.kill()
    t.replace([p])
    rejoin(t, promote(t))


@fault()
def kill_at_promotion(t):
    def in_the_middle(best):
        best.sql("SELECT pg_promote(false)")
        hold(t, 0.2)
        best.kill()
        best.start()
        if best.sql("SELECT pg_is_in_recovery()") == "t":
            best.sql("SELECT pg_promote(true, 30)")
    rejoin(t, promote(t, promote=in_the_middle))


@fault(times=2, net=True)
def fill_a_disk(t):
    server = t.dice.choice(t.cluster.servers)
    server.fill_disk()
    hold(t, 2)
    server.free_disk()
    for tries in range(5):  # it ends where its log finds no room, some moments later, too
        if not server.pid():
            t.done["ended with a full disk"] += 1
            server.start()
        try:
            server.wait_ready(10)
            break
        except Failure:
            if server.pid():
                raise
    t.cluster.wait_streaming()


# ---- links between databases ----

@fault()
def stop_the_log(t):
    """The receiving processes of the standbys stand still: the link is there, and nothing comes through."""
    standbys = t.dice.sample(t.cluster.standbys(), t.dice.randint(1, 2))
    pids = [int(p) for s in standbys for p in s.sql("SELECT pid FROM pg_stat_wal_receiver").split()]
    send(pids, signal.SIGSTOP)
    hold(t, 2)
    send(pids, signal.SIGCONT)
    t.cluster.wait_streaming()


def names(servers):
    return [s.name for s in servers]


def healed(t, most=2.0):
    hold(t, most)
    t.net.heal()


@fault(net=True)
def cut_one_standby(t):
    t.net.cut(t.cluster.primary.name, [t.dice.choice(t.cluster.standbys()).name])
    healed(t, 4)
    t.cluster.wait_streaming()


@fault(net=True)
def cut_both_standbys(t):
    """Nothing can be acknowledged."""
    t.net.cut(t.cluster.primary.name, names(t.cluster.standbys()))
    healed(t)
    t.cluster.wait_streaming()


@fault(net=True)
def cut_confirmations(t):
    """The log comes to the standbys, and nobody hears of it."""
    t.net.drop([(s.name, t.cluster.primary.name) for s in t.cluster.standbys()])
    healed(t)
    t.cluster.wait_streaming()


@fault(net=True)
def kill_who_commits(t):
    """A commit that waits for a standby is made all the same when whoever gave it is dead."""
    t.net.cut(t.cluster.primary.name, names(t.cluster.standbys()))
    time.sleep(0.3 + t.dice.random() * 0.5)
    t.replace([t.pick(role) for role in t.roles], lambda: healed(t, 0.5))
    t.cluster.wait_streaming()


@fault(net=True)
def cut_standbys_and_kill_primary(t):
    """Commits that wait for a standby are on none when it dies."""
    t.net.cut(t.cluster.primary.name, names(t.cluster.standbys()))
    hold(t)
    t.cluster.primary.kill()
    t.net.heal()
    rejoin(t, promote(t))


def die_alone(t, standbys, between=lambda t: None):
    """These have nothing more of the primary when it dies, not even what was on its way to them."""
    for s in standbys:
        s.follow(None)
    while any(s.receives() for s in standbys):
        time.sleep(0.02)
    time.sleep(0.2 + t.dice.random() * 0.5)
    between(t)
    kill_primary(t)


@fault()
def lag_one_and_kill_primary(t):
    """One standby lags: the other must be the one that is promoted."""
    die_alone(t, [t.dice.choice(t.cluster.standbys())])


def cancel_commits(t, server=None):
    for _ in range(3):
        (server or t.cluster.primary).sql("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
        time.sleep(0.1)


@fault()
def cancel_commits_and_kill_primary(t):
    """Somebody cancels commits that wait: the database says COMMIT, with a warning.  They are on no other server, so nobody
    may have been told that they are durable."""
    die_alone(t, t.cluster.standbys(), cancel_commits)


# ---- links of receivers ----

@fault(net=True)
def cut_receiver(t):
    t.net.cut(t.dice.choice(t.hosts), [t.cluster.primary.name])
    healed(t)


@fault(net=True)
def cut_receiver_from_all(t):
    t.net.cut(t.dice.choice(t.hosts), names(t.cluster.servers))
    healed(t)


@fault(net=True)
def cut_receivers_for_long(t):
    """Longer than they wait for an answer."""
    t.net.cut(t.cluster.primary.name, t.hosts)
    time.sleep(13)
    t.net.heal()


@fault(net=True)
def drop_what_goes_to_primary(t):
    t.net.drop([(t.dice.choice(t.hosts), t.cluster.primary.name)])
    healed(t)


@fault(net=True)
def drop_what_primary_answers(t):
    """It commits, and nobody hears of it."""
    t.net.drop([(t.cluster.primary.name, t.dice.choice(t.hosts))])
    healed(t)


@fault(net=True)
def drop_answers_and_kill_primary(t):
    t.net.drop([(t.cluster.primary.name, h) for h in t.hosts])
    hold(t, 0.5)
    t.cluster.primary.kill()
    t.net.heal()
    rejoin(t, promote(t))


@fault(net=True)
def lose_packets(t):
    t.net.lose(t.cluster.primary.name, t.hosts + names(t.cluster.standbys()))
    healed(t)
    t.cluster.wait_streaming()


@fault(net=True)
def slow_link(t):
    t.net.slow(t.dice.choice(t.hosts + [t.cluster.primary.name]))
    healed(t)
    t.cluster.wait_streaming()


@fault(net=True)
def reset_connections(t):
    t.net.reset(t.dice.choice(t.hosts), t.cluster.primary.name)


# ---- an old primary that lives on ----

def split(t, with_it, only_it):
    """The primary is cut off from its standbys, and from all receivers but these, and lives on; another is promoted.  What the
    old one takes is confirmed by nobody."""
    old = t.cluster.primary
    t.net.cut(old.name, names(t.cluster.standbys()) + [h for h in t.hosts if h not in with_it])
    for host in with_it if only_it else ():
        t.net.cut(host, names(t.cluster.standbys()))
    promote(t, fenced=False)
    hold(t, 3)
    t.done["commits that waited at a primary that was cut off"] += int(
        old.sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"))
    if t.dice.random() < 0.3:
        cancel_commits(t, old)
    old.kill()
    t.net.heal()
    rejoin(t, old)


@fault(times=2, net=True)
def split_brain(t):
    split(t, [t.dice.choice(t.hosts)], t.dice.random() < 0.5)


@fault(net=True)
def split_brain_with_all_receivers(t):
    split(t, t.hosts, t.dice.random() < 0.5)


@fault(net=True)
def primary_alone(t):
    split(t, [], False)


# ---- TikTok and the trackers ----

@fault(net=True, servers=True)
def cut_tiktok(t):
    t.net.cut("tiktok", t.dice.sample(t.hosts, t.dice.randint(1, len(t.hosts))))
    healed(t)


@fault(times=2, net=True, servers=True)
def drop_what_tiktok_answers(t):
    """It has the events, and nobody knows; whoever sent them is killed in half of these."""
    host = t.dice.choice(t.hosts)
    t.net.drop([("tiktok", host)])
    hold(t)
    if t.dice.random() < 0.5:
        t.replace([t.at(host)])
    t.net.heal()


@fault(net=True, servers=True)
def reset_tiktok(t):
    t.net.reset(t.dice.choice(t.hosts), "tiktok")


@fault(net=True, servers=True)
def drop_what_receiver_answers(t):
    """Trackers hear nothing, and send again, to another one."""
    t.net.drop([(t.dice.choice(t.hosts), "trackers")])
    healed(t)
