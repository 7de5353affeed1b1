"""Does the oracle see it?  What a store and a sandbox said is changed in one place, and the problems that
the oracle finds must be of the kind that was made."""
import copy


def _first(things, wanted):
    return next(i for i, t in enumerate(things) if wanted(t))


def _row(case, verdict):
    return _first(case.snap.rows, lambda r: r[3] == verdict)


def lose_postback(case):
    del case.snap.rows[_row(case, "ignored")]


def lose_click(case):
    sent = next(r.id for r in case.script.sent if r.kind == "click" and r.status == 204)
    case.snap.clicks.remove(next(c for c in case.snap.clicks if c[0] == sent))


def lose_ttclid_of_click(case):
    i = _first(case.snap.clicks, lambda c: True)
    case.snap.clicks[i] = (case.snap.clicks[i][0], "E.C.P.other")


def lose_event(case):
    del case.snap.events[0]


def lose_delivery(case):
    del case.got[0]


def forget_delivery(case):
    case.snap.events[0] = case.snap.events[0][:4] + ("waiting",) + case.snap.events[0][5:]


def dead_letter(case):
    case.snap.events[0] = case.snap.events[0][:4] + ("dead",) + case.snap.events[0][5:]


def damage(case):
    case.snap.sound = "wrong # of entries in index"


def double_postback(case):
    case.snap.rows.append((10 ** 6,) + case.snap.rows[0][1:])


def double_event(case):
    case.snap.events.append((10 ** 6,) + case.snap.events[0][1:])


def deliver_twice(case):
    case.got[0]["merged"] += case.unknown[case.got[0]["event_id"]] + 1


def deliver_two(case):
    case.got.append(case.got[0])


def foreign_postback(case):
    row = case.snap.rows[0]
    case.snap.rows.append((10 ** 6, "req=99999999", "nobody") + row[3:])


def foreign_click(case):
    case.snap.clicks.append(("nobody", "E.C.P.nobody"))


def foreign_event(case):
    case.snap.events.append((10 ** 6, 1, "nobody", "Purchase", "delivered", "P"))


def foreign_delivery(case):
    case.got.append({**case.got[0], "event_id": "nobody"})


def event_of_what_was_refused(case):
    bad = next(r for r in case.script.sent if r.kind == "bad" and r.status == 200)
    case.got.append({**case.got[0], "event_id": bad.id})


def other_verdict(case):
    i = _row(case, "ignored")
    case.snap.rows[i] = case.snap.rows[i][:3] + ("quarantined",) + case.snap.rows[i][4:]


def other_code(case):
    i = _row(case, "quarantined")
    case.snap.rows[i] = case.snap.rows[i][:4] + ("Q001",)


def other_answer(case):
    next(r for r in case.script.sent if r.kind == "repeat" and r.verdict).verdict = "queued"


def server_error(case):
    next(r for r in case.script.sent if r.kind == "bad").status = 500


def other_value(case):
    case.got[0]["properties"]["value"] += 0.01


def other_ttclid(case):
    case.got[0]["user"]["ttclid"] = case.got[1]["user"]["ttclid"]


def other_counts(case):
    case.snap.counts = (case.snap.counts[0] + 1,) + case.snap.counts[1:]


def other_hours(case):
    key = next(k for k in sorted(case.snap.hours, key=str) if k[2] == "postbacks")
    case.snap.hours[key] += 1


def lost_hours(case):
    del case.snap.hours[next(k for k in sorted(case.snap.hours, key=str) if k[2] == "latency")]


CASES = (("lost", (lose_postback, lose_click, lose_ttclid_of_click, lose_event, lose_delivery, forget_delivery,
                   dead_letter, damage)),
         ("doubled", (double_postback, double_event, deliver_twice, deliver_two)),
         ("nobody's", (foreign_postback, foreign_click, foreign_event, foreign_delivery, event_of_what_was_refused)),
         ("wrong", (other_verdict, other_code, other_answer, server_error, other_value, other_ttclid, other_counts, other_hours,
                    lost_hours)))


def unseen(case, judge):
    """(name, word, what was found) of the changes that judge(case), a list of (word, sentence), does not see."""
    out = []
    for word, changes in CASES:
        for change in changes:
            mine = copy.deepcopy(case)
            change(mine)
            found = judge(mine)
            if word not in {w for w, _ in found}:
                out.append((change.__name__, word, found))
    return out


COUNT = sum(len(changes) for _, changes in CASES)
