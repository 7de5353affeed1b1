"""What becomes of events when TikTok or the way to it fails: a selection of tests/fault/upstream.py and a
small outage (tests/fault/outage.py); `make fault` and `make outage` run all of it."""
import os
import sys

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "fault"))
from outage import *  # noqa: E402
import upstream       # noqa: E402

parts.clear()
SHORT = ("refused", "reset at body", "reset at untaken", "reset at taken", "closed at answer", "garbage at taken",
         "empty 200 at taken", "half a JSON at untaken", "502 page at untaken", "dripped answer",
         "closed after a whole answer")
SHORT_TLS = ("TLS: all is right", "TLS: expired", "TLS: wrong host", "TLS: self-signed",
             "TLS: an authority that nobody knows", "TLS: version 1.1", "TLS: reset at half-hello")


@part
def the_way_there():
    c = Certificates(Folder().at("tls"))
    go([w for w in plain_ways() if w.name in SHORT] + [w for w in tls_ways(c) if w.name in SHORT_TLS], c.ca)


part(upstream.dead_token_mid_run)
part(upstream.forty_eight_hours)


@part
def bad_at_every_place():
    bad_events((1, 2, 5), [])


@part
def outage():
    drain(20000, 50, 100, 60)


main()
