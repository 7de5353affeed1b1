"""Two stores that took the same say the same, but for what two runs can't have in common."""
import json
import re


def volatile(text):
    """What two runs can't have in common: ids, times, ports, names of folders."""
    text = re.sub(r"\b\d{4}-\d\d-\d\dT?\s?\d\d:\d\d(:\d\d)?(\.\d+)?Z?", "TIME", text)
    text = re.sub(r"\b\d\d:\d\d:\d\d(\.\d+)?\b", "TIME", text)
    text = re.sub(r"\"(id|at|attempt|postback|took_ms|created|due|version|time|since|until|newest|request_id|p50|p90|p95|p99|p50_ms|p95_ms)\": ?(\"[^\"]*\"|\d+)", r'"\1":0', text)
    text = re.sub(r"\b\d{10,}\b", "N", text)
    text = re.sub(r"data\.\d+\.", "data.N.", re.sub(r"\"buckets\":\[[^]]*\]", '"buckets":[]', text))  # who shared its request, how fast
    text = re.sub(r"\"latency_ms\": ?\d+", '"latency_ms":N', re.sub(r"\"latency\":\[[^]]*\]", '"latency":[]', text))
    text = re.sub(r"\b(postback|event|#) ?\d+\b", r"\1 N", text)
    return re.sub(r"\b\d+ (ms|s|seconds?)\b", "T", text)


def by_name(health):
    """Offers, their events and codes come in the order in which the engine has them."""
    def ordered(x):
        if isinstance(x, dict):
            return {k: ordered(v) for k, v in x.items()}
        return sorted((ordered(v) for v in x), key=json.dumps) if isinstance(x, list) else x
    return ordered(json.loads(volatile(health))["offers"])


def unlike(one, other):
    """Where two texts part."""
    one, other = (json.dumps(x, ensure_ascii=False) for x in (one, other))
    at = next((i for i, (a, b) in enumerate(zip(one, other)) if a != b), min(len(one), len(other)))
    return "SQLite: ...%s\nPostgreSQL: ...%s" % (one[max(0, at - 150):at + 150], other[max(0, at - 150):at + 150])
