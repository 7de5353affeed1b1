"""Ledgers as `store export` writes them, changed."""
import json
import re


def aged(text, days):
    """An export, as if everything in it had happened earlier."""
    out = []
    for line in text.splitlines():
        row = json.loads(line)
        for key in ("at", "created", "due", "unknown_since", "unknown_before"):
            if key in row:
                row[key] -= days * 86400 * (1 if row["row"] == "click" else 1000)
        out.append(json.dumps(row, separators=(",", ":"), ensure_ascii=False))
    return "\n".join(out) + "\n"


def spoilt(good):
    """[(what was done to it, the lines, words of what is said)]; good: the lines of one with an event and more than six rows."""
    return [
        ("a cut file", good[:-3], "the file ends too early"),
        ("a missing line", good[:5] + good[6:], "lines are missing"),
        ("lines in another order", good[:1] + good[2:3] + good[1:2] + good[3:], "ids ascend"),
        ("no header", good[1:], "the first line must be"),
        ("garbage", good[:4] + ["{\"row\":\"click\",\"id\":xyz}"] + good[5:], "this is not JSON"),
        ("behind the end", good + good[-1:], "can't stand behind"),
        ("an event whose postback is not there",
         [re.sub(r'^(\{"row":"event","id":\d+),"postback":\d+', r'\1,"postback":99999', l) for l in good], "its postback 99999 is gone"),
    ]
