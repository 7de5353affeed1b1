"""A ledger of rows that a test makes up, as `store import` takes it."""
import json
import time


def text(clicks=(), postbacks=(), attempts=(), events=()):
    """Rows without `row`; ids count from 1 in the order of the lists.  Members that begin with _ are the test's own."""
    newest = max(p["at"] for p in postbacks) // 1000
    parts = (("click", clicks), ("postback", postbacks), ("attempt", attempts), ("event", events))
    first = dict(row="ledger", version=1, newest=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(newest)), whole=1,
                 gone_postback=0, gone_attempt=0, **{"last_" + name: len(rows) for name, rows in parts})
    rows = [first] + [dict(row=name, id=n, **r) for name, those in parts for n, r in enumerate(those, 1)]
    rows.append(dict(row="end", **{name + "s": len(those) for name, those in parts}))
    return "".join(json.dumps({k: v for k, v in r.items() if k[0] != "_"}) + "\n" for r in rows)


def postback(at, offer="nutra-de", verdict=1, **more):
    """at: Unix seconds."""
    return dict(dict(at=int(at * 1000), offer=offer, tracker="keitaro", method="GET", verdict=verdict, address="127.0.0.1",
                     params="subid=c"), **more)


def event(postback, of, pixel, state, tries=(), name="Purchase", **more):
    """Of the postback with that number; state: 1 waiting, 3 delivered, 4 dead."""
    return dict(dict(postback=postback, created=of["at"], offer=of["offer"], pixel=pixel, event=name, event_id="e%d" % postback,
                     click_id="c%d" % postback, state=state, due=of["at"], attempts=len(tries),
                     body='{"event":"%s","event_id":"e%d","user":{}}' % (name, postback)), **dict(more, **({"tries": list(tries)} if tries else {})))
