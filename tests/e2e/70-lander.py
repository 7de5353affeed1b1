"""The landing script's side: /lander.js, what its pages may send, and `snippet`, which prints its tag."""
import html.parser

from harness import *

LANDER = "https://lander.example"
FORM = "application/x-www-form-urlencoded;charset=UTF-8"


def pair(origins="https://lander.example"):
    sandbox = Sandbox()
    folder = Folder(sandbox.endpoint)
    folder.write("offers/nutra-de.yaml", offer_text("nutra-de").replace("[https://lander.example]", "[%s]" % origins))
    return sandbox, folder, Serve(folder)


@part
def the_script_itself():
    sandbox, folder, serve = pair()
    a = serve.get("/lander.js")
    equal("/lander.js", (a.status, a.headers["Content-Type"]), (200, "text/javascript; charset=utf-8"))
    true("under 6 KB", 3000 < len(a.body.encode()) < 6144, len(a.body))
    equal("its headers", [a.headers[n] for n in ("Cache-Control", "X-Content-Type-Options", "Access-Control-Allow-Origin",
                                                  "Cross-Origin-Resource-Policy")],
          ["public, max-age=300", "nosniff", "*", "cross-origin"])
    source = open(os.path.join(ROOT, "web/lander.js"), encoding="utf-8").read().split("\n")
    bare = [line.strip(" ") for line in source if line.strip(" ") and not line.strip(" ").startswith("//")]
    equal("the source without comments and indentation", a.body, "\n".join(bare) + "\n")
    equal("?v=2 changes nothing", serve.get("/lander.js?v=2").body, a.body)
    head = request(serve.port, "HEAD", "/lander.js")
    equal("HEAD", (head.status, head.headers["Content-Length"], head.body), (200, str(len(a.body)), ""))
    equal("POST: 405", request(serve.port, "POST", "/lander.js", "x").status, 405)


@part
def what_its_pages_send():
    origin = "http://lander.test:8000"
    sandbox, folder, serve = pair("%s, https://shop.example" % origin)
    page = {"Origin": origin, "Content-Type": FORM, "Referer": origin + "/"}
    body = urllib.parse.urlencode({"ttclid": "E.C.P.late", "event_id": "ev-late", "page_url": origin + "/?ttclid=E.C.P.late",
                                   "referrer": ""})
    a = request(serve.port, "POST", "/click/nutra-de", body, page)
    equal("an origin with http and a port: 204", (a.status, a.body), (204, ""))
    equal("CORS for it", (a.headers["Access-Control-Allow-Origin"], a.headers["Vary"]), (origin, "Origin"))
    more = body + "&click_id=late1&ttp=2F7h.tt.1&consent=1"
    equal("the click id that comes later", request(serve.port, "POST", "/click/nutra-de", more, page).status, 204)
    equal("and again as text/plain", request(serve.port, "POST", "/click/nutra-de", more,
                                             dict(page, **{"Content-Type": "text/plain;charset=UTF-8"})).status, 204)
    rows = folder.rows("SELECT click_id, event_id, ttp, consent FROM clicks")
    equal("are one click", rows, [{"click_id": "late1", "event_id": "ev-late", "ttp": "2F7h.tt.1", "consent": "1"}])
    a = request(serve.port, "POST", "/click/nutra-de", "click_id=late2", dict(page, Origin="http://lander.test:8001"))
    equal("another port is another origin: 403", (a.status, a.headers["Access-Control-Allow-Origin"]), (403, None))
    pre = request(serve.port, "OPTIONS", "/click/nutra-de", headers={"Origin": origin, "Access-Control-Request-Method": "POST"})
    equal("preflight", (pre.status, pre.headers["Access-Control-Allow-Origin"]), (204, origin))

    serve.fire("subid=late1&status=lead")
    event = wait_until("the event", lambda: sandbox.events(event_id="ev-late", event="Lead"))[0]
    equal("its event has the page's ids", (event["event_id"], event["user"]["ttclid"], event["user"]["ttp"]),
          ("ev-late", "E.C.P.late", "2F7h.tt.1"))


class Tags(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text += data


@part
def snippet():
    folder = Folder()
    offer = folder.at("offers/nutra-de.yaml")
    r = run("snippet", offer)
    equal("a line, nothing to say", (r.code, r.err, r.out.count("\n")), (0, "", 1))
    equal("what is in it", Tags(r.out).tags, [("script", {
        "async": None, "src": "https://YOUR-HOST/lander.js", "data-offer": "nutra-de",
        "data-click-id": "subid click_id clickid _subid"})])
    r = run("snippet", offer, "--host", "https://pb.example/x/", "--event", "Lead", "--decorate", "Trk.example, shop.example:8443",
            "--consent", "wait")
    equal("all of it", Tags(r.out).tags[0][1], {
        "async": None, "src": "https://pb.example/x/lander.js", "data-offer": "nutra-de",
        "data-click-id": "subid click_id clickid _subid", "data-event": "Lead",
        "data-decorate": "trk.example shop.example:8443", "data-consent": "wait"})
    for words, why in ((["--event", "lead"], 'did you mean "Lead"?'), (["--event", "Nothing"], 'its first one is "Lead"'),
                       (["--host", "pb.example"], "--host needs the URL"), (["--host", "https://x\" onload="], "--host needs"),
                       (["--host", "javascript:alert(1)"], "--host needs"),
                       (["--decorate", "https://trk.example"], "--decorate needs host names"),
                       (["--decorate", "a\"><script>"], "--decorate needs"), (["--consent", "yes"], "--consent is wait or no")):
        r = run("snippet", offer, *words)
        equal("%s: exit 2, nothing printed" % " ".join(words), (r.code, r.out), (2, ""))
        has("%s: why" % " ".join(words), r.err, why)


@part
def snippet_of_other_offers():
    folder = Folder()
    # The first one goes into links: what the tracker gives to landers, never what its incoming
    # postback alone reads (Binom's cnv_id).
    for tracker, names in (("bemob", "cid click_id clickId clickid"), ("redtrack", "clickid click_id rtkcid rtkclickid"),
                           ("binom", "clickid cnv_id click_id bcid"), ("keitaro", "subid click_id clickid _subid"),
                           ("voluum", "cid click_id clickid vl_clickid c"),
                           ("generic", "click_id clickid clickId cid subid cnv_id sub_id vl_clickid rtkcid")):
        text = offer_text("x-" + tracker).replace("extends: keitaro", "extends: " + tracker)
        path = folder.write("%s.yaml" % tracker, text)
        equal("the names of " + tracker, Tags(run("snippet", path).out).tags[0][1]["data-click-id"], names)
        given = [n for n, v in urllib.parse.parse_qsl(json.loads(run("urls", path, "--json").out)["lander"].split("?", 1)[1])
                 if not v.startswith("{ext") and n != "ttclid"]
        equal("the first is the lander's of " + tracker, names.split()[0], given[0])
    path = folder.write("moved.yaml", offer_text("moved") + "fields:\n  click_id: [one, two]\n")
    equal("a name that the mapping doesn't read is not handed on",
          Tags(run("snippet", path).out).tags[0][1]["data-click-id"], "one two")
    path = folder.write("last.yaml", offer_text("last") + "fields:\n  click_id: [one, two, subid]\n")
    equal("wherever it stands in the mapping", Tags(run("snippet", path).out).tags[0][1]["data-click-id"], "subid one two")

    consent = 'consent: {from: "{param.consent}", granted: [%s], otherwise: drop}\n'
    path = folder.write("asks.yaml", offer_text("asks", more=consent % '"1"'))
    equal("consent: it waits", Tags(run("snippet", path).out).tags[0][1].get("data-consent"), "wait")
    equal("--consent no", Tags(run("snippet", path, "--consent", "no").out).tags[0][1].get("data-consent"), None)
    path = folder.write("word.yaml", offer_text("word", more=consent % '"<yes> & \\"so\\"", ja'))
    t = Tags(run("snippet", path).out).tags[0][1]
    equal("consent in other words: the first of them, escaped", (t["data-consent"], t["data-consent-value"]), ("wait", '<yes> & "so"'))
    r = run("snippet", path, "--gtm")
    tags = Tags(r.out)
    equal("--gtm: one script, nothing ends it early", ([n for n, _ in tags.tags], r.out.count("</script>")), (["script"], 1))
    has("--gtm: a script element with the attributes", tags.text, "createElement('script')",
        "s.setAttribute('data-offer', \"word\")", "s.src = \"https://YOUR-HOST/lander.js\"",
        'setAttribute(\'data-consent-value\', "\\u003cyes> & \\"so\\"")')

    path = folder.write("closed.yaml", offer_text("closed").replace("origins: [https://lander.example]\n", ""))
    r = run("snippet", path)
    equal("no origins: exit 0 and the line", (r.code, "data-offer=\"closed\"" in r.out), (0, True))
    has("no origins: a warning", r.err, "has no `origins:`", "origins: [https://lander.example]")
    path = folder.write("bytes.yaml", offer_text("bytes") + 'fields:\n  click_id: [one, "t\\ewo", "thr\\x7fee", "f o", "f\\x9fi"]\n')
    r = run("snippet", path)
    equal("control bytes in a name: left out", (r.code, Tags(r.out).tags[0][1]["data-click-id"]), (0, "one"))
    has("and said, without them", r.err, '"t?wo" is left out', '"thr?ee" is left out', '"f o" is left out', '"f?i" is left out')
    hasnt("not a control byte", r.out + r.err, "\x1b", "\x7f", "\x9f")
    path = folder.write("granted.yaml", offer_text("granted", more='consent: {from: "{param.c}", granted: ["j\\ea"], otherwise: drop}\n'))
    r = run("snippet", path)
    has("nor in the word of consent", r.err, 'consent: "j?a" is left out')
    hasnt("not even there", r.out + r.err, "\x1b", "consent-value")
    path = folder.write("only.yaml", offer_text("only").replace("{event: Purchase, value: payout, min: 0.01, max: 500}", "ignore"))
    r = run("snippet", path, "--event", "Purchase")
    has("a repeatable event: how to fire it", r.err, "clickbaton.track('Purchase', {}, TRANSACTION)")

    path = folder.write("bad.yaml", offer_text("bad").replace("pixel:", "pixle:"))
    r = run("snippet", path)
    equal("a mapping with an error: exit 3, nothing printed", (r.code, r.out), (3, ""))
    has("and the error", r.err, "bad.yaml:4:1: error[M001]")
    equal("no such file: exit 3", run("snippet", folder.at("nope.yaml")).code, 3)
    equal("no file: exit 2", run("snippet").code, 2)


main()
