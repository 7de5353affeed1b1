"""One conversion is one event, whatever is learned of its click between two postbacks."""
from harness import *

SALE = "&status=sale&payout=5&currency=usd"
PAGE = {"Origin": "https://lander.example"}


def started():
    folder = Folder()
    return folder, Serve(folder)


def verdict(serve, query):
    return serve.verdict(query)[1]


def page_click(serve, query):
    a = request(serve.port, "POST", "/click/nutra-de", query, dict(PAGE, **{"Content-Type": "text/plain"}))
    equal("click " + query[:40], a.status, 204)


def events(folder):
    return [r["event_id"] for r in folder.rows("SELECT event_id FROM ledger ORDER BY id")]


@part
def an_event_id_that_comes_later():
    folder, serve = started()
    equal("sale", verdict(serve, "subid=c1&external_id=E.C.P.one" + SALE)["verdict"], "queued")
    page_click(serve, "subid=c1&event_id=ev-1")
    again = verdict(serve, "subid=c1&external_id=E.C.P.one" + SALE)
    equal("the sale again", (again["verdict"], again["code"]), ("duplicate", "D001"))
    equal("a lead of that click is another event", verdict(serve, "subid=c1&status=lead")["verdict"], "queued")
    equal("events", events(folder), ["c1", "ev-1"])
    serve.stop()


@part
def a_click_id_that_comes_later():
    folder, serve = started()
    equal("sale", verdict(serve, "external_id=E.C.P.two" + SALE)["verdict"], "queued")
    page_click(serve, "subid=c2&ttclid=E.C.P.two")
    equal("the sale again", verdict(serve, "external_id=E.C.P.two" + SALE)["verdict"], "duplicate")
    page_click(serve, "subid=c2&event_id=ev-2")
    equal("and once more", verdict(serve, "external_id=E.C.P.two" + SALE)["verdict"], "duplicate")
    equal("by its click id", verdict(serve, "subid=c2&external_id=E.C.P.two" + SALE)["verdict"], "duplicate")
    equal("how many events", len(events(folder)), 1)
    serve.stop()


@part
def rebills_keep_their_transactions():
    folder, serve = started()
    rebill = "subid=c3&external_id=E.C.P.three&status=rebill&payout=5&currency=usd&tid="
    equal("first", verdict(serve, rebill + "1")["verdict"], "queued")
    page_click(serve, "subid=c3&event_id=ev-3")
    equal("first again", verdict(serve, rebill + "1")["verdict"], "duplicate")
    equal("second", verdict(serve, rebill + "2")["verdict"], "queued")
    equal("events", events(folder), ["c3.1", "ev-3.2"])
    serve.stop()


@part
def a_click_that_fills_its_memory_harms_nobody():
    folder, serve = started()
    names = {("n" * 980) + "%03d" % i: "1" for i in range(170)}
    body = json.dumps(dict({"subid": "a@b.co" + "x" * 20000}, **names))
    for _ in range(3):
        a = request(serve.port, "POST", "/click/nutra-de", body[:65000], dict(PAGE, **{"Content-Type": "application/json"}))
        true("it is refused", a.status in (400, 413), a)
    body = json.dumps({"subid": "a@b.co" + "x" * 45000, "o" * 985: {"k%d" % i: 1 for i in range(160)}})
    a = request(serve.port, "POST", "/click/nutra-de", body, dict(PAGE, **{"Content-Type": "application/json"}))
    true("one whose names are long is answered for itself", a.status in (204, 400, 413), a)
    equal("a postback beside it", verdict(serve, "subid=c4&external_id=E.C.P.four" + SALE)["verdict"], "queued")
    equal("ready", serve.ready()[0], 200)
    serve.stop()

@part
def an_id_of_its_own_that_comes_later():
    folder, serve = started()
    equal("sale", verdict(serve, "subid=c5&external_id=E.C.P.five" + SALE)["verdict"], "queued")
    equal("the sale with an event_id", verdict(serve, "subid=c5&external_id=E.C.P.five&event_id=own-5" + SALE)["verdict"], "duplicate")
    page_click(serve, "subid=c6&ttclid=E.C.P.six&event_id=ev-6")
    equal("a registered click's sale", verdict(serve, "subid=c6" + SALE)["verdict"], "queued")
    equal("with an event_id", verdict(serve, "subid=c6&event_id=own-6" + SALE)["verdict"], "duplicate")
    equal("events", events(folder), ["c5", "ev-6"])
    for n in "12":
        equal("two ids of their own", verdict(serve, "subid=c7&external_id=E.C.P.seven&event_id=own-7" + n + SALE)["verdict"], "queued")
    equal("are two events", events(folder), ["c5", "ev-6", "own-71", "own-72"])
    serve.stop()


main()
