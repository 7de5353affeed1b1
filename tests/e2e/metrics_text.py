"""A reader of /metrics that was written from the two formats' specifications, strict, with nothing of the
program's own: https://prometheus.io/docs/instrumenting/exposition_formats/ and OpenMetrics 1.0.0."""
import re

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"')
SAMPLE = re.compile(r"(%s)(?:\{(.*)\})? (\S+)" % NAME)
NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
UNESCAPED = {"\\\\": "\\", '\\"': '"', "\\n": "\n"}


class Family:
    def __init__(self, name):
        self.name, self.help, self.type, self.unit, self.samples = name, None, None, "", []


class Scrape:
    """families by name; value(name, label=...) of one sample; ValueError for what a scraper would refuse."""

    def __init__(self, text, openmetrics=False):
        self.text, self.openmetrics, self.families, self.samples = text, openmetrics, {}, {}
        if not text.endswith("\n"):
            raise ValueError("the last line has no end")
        lines = text[:-1].split("\n")
        if openmetrics and lines.pop() != "# EOF":
            raise ValueError("no # EOF at the end")
        family = None
        for line in lines:
            if line.startswith("# "):
                family = self.comment(line, family)
            else:
                self.sample(line, family)
        for f in self.families.values():
            self.check(f)

    def comment(self, line, family):
        word, name, rest = re.fullmatch(r"# (HELP|TYPE|UNIT) (%s) (.+)" % NAME, line).groups()
        if family is None or family.name != name:
            if name in self.families:
                raise ValueError("%s begins twice" % name)
            family = self.families[name] = Family(name)
        key = word.lower()
        if family.samples or getattr(family, key):
            raise ValueError("%s of %s twice, or behind its samples" % (word, name))
        setattr(family, key, rest)
        return family

    def sample(self, line, family):
        found = SAMPLE.fullmatch(line)
        if not found or not NUMBER.fullmatch(found.group(3)):
            raise ValueError("no sample: %r" % line)
        name, inside, value = found.groups()
        labels, at = {}, 0
        while inside and at < len(inside):
            one = LABEL.match(inside, at)
            if not one or one.group(1) in labels:
                raise ValueError("labels: %r" % line)
            labels[one.group(1)] = re.sub(r'\\[\\"n]', lambda m: UNESCAPED[m.group(0)], one.group(2))
            at = one.end()
            if at < len(inside):
                if inside[at] != ",":
                    raise ValueError("labels: %r" % line)
                at += 1
        key = (name, tuple(sorted(labels.items())))
        if key in self.samples or family is None or name not in self.names(family):
            raise ValueError("twice, or of no family: %r" % line)
        self.samples[key] = float(value)
        family.samples.append((name, labels, float(value)))

    def names(self, f):
        kind = f.type
        if kind == "histogram":
            return {f.name + "_bucket", f.name + "_sum", f.name + "_count"}
        if self.openmetrics and kind in ("counter", "info"):
            return {f.name + {"counter": "_total", "info": "_info"}[kind]}
        return {f.name}

    def check(self, f):
        if not f.help or not f.type:
            raise ValueError("%s has no HELP or no TYPE" % f.name)
        if f.type == "counter" and not self.openmetrics and not f.name.endswith("_total"):
            raise ValueError("a counter without _total: " + f.name)
        if f.unit and not f.name.endswith("_" + f.unit):
            raise ValueError("%s does not end with its unit %s" % (f.name, f.unit))
        if f.type == "histogram":
            self.histogram(f)
        elif f.type == "counter" and any(v < 0 for _, _, v in f.samples):
            raise ValueError("a counter below 0: " + f.name)

    def histogram(self, f):
        buckets = [(s[1]["le"], s[2]) for s in f.samples if s[0].endswith("_bucket")]
        bounds = [float(le) for le, _ in buckets]
        counts = [n for _, n in buckets]
        if buckets[-1][0] != "+Inf" or bounds != sorted(set(bounds)) or counts != sorted(counts):
            raise ValueError("%s: its buckets do not add up: %s" % (f.name, buckets))
        if counts[-1] != self.samples[(f.name + "_count", ())]:
            raise ValueError(f.name + ": _count is not the last bucket")
        total = self.samples[(f.name + "_sum", ())]
        low = sum((n - before) * bound for n, before, bound in zip(counts[1:], counts, bounds))
        if total < low * 0.999 or (counts[-1] == 0) != (total == 0) and total:
            raise ValueError("%s: the sum %g lies below its buckets' %g" % (f.name, total, low))

    # ---- asking ----

    def value(self, name, **labels):
        return self.samples[(name, tuple(sorted(labels.items())))]

    def table(self, name, *by):
        """{label values: number} of a metric, without the zeros."""
        out = {}
        for (n, labels), value in self.samples.items():
            if n == name and value:
                key = tuple(dict(labels).get(b) for b in by)
                out[key if len(by) > 1 else key[0]] = value
        return out

    def counters(self):
        kinds = {name: f.type for name, f in self.families.items()}
        return {k: v for k, v in self.samples.items() if kinds.get(k[0]) == "counter"
                or re.sub("_(bucket|sum|count)$", "", k[0]) in [n for n, t in kinds.items() if t == "histogram"]}
