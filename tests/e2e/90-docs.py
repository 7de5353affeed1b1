#!/usr/bin/env python3
"""What README shows is what the program does."""
import json, os, re, subprocess, sys, tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CLICKBATON = os.path.abspath(os.environ.get("CLICKBATON", os.path.join(ROOT, "build/clickbaton")))
passed = failed = 0


def check(name, good, detail=""):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    print(f"ok {name}" if good else f"FAILED {name}: {detail}")


def run(*words):
    p = subprocess.run([CLICKBATON, *words], cwd=ROOT, capture_output=True, text=True)
    return p.returncode, p.stdout, p.stderr


readme = open(os.path.join(ROOT, "README.md")).read()

# The before and after of the first screen.
before = re.search(r"https://pb\.example/postback/nutra-de\S+", readme).group(0)
after = json.loads(re.search(r'\{"event_source".*?\n\n', readme, re.S).group(0))
ttclid = after["data"][0]["user"]["ttclid"]
code, out, err = run("translate", "examples/offers/nutra-de.yaml", before, "--at", "1790000000",
                     "--click", f"?subid=o2q6e42hs08jq&ttclid={ttclid}&event_id=ev-5f0c1a")
check("README's before becomes README's after", code == 0 and json.loads(out or "{}") == after, out + err)
check("README names the two commands first", re.findall(r"^    (make \w+)", readme, re.M)[:2] == ["make demo", "make test"])

# The chain of README's first pages, line by line.
shown = re.search(r"^    \$ clickbaton (simulate \S+)\n((?:    .*\n)+)", readme, re.M)
code, out, err = run(*shown.group(1).split())
check("README's chain is what simulate prints", code == 1 and re.sub(r"^    ", "", shown.group(2), flags=re.M) in out, out + err)
code, out, err = run("simulate", "examples/chains/keitaro.yaml", "--matrix")
check("README counts the failures of the matrix", f"which of {len(out.splitlines())} failures" in readme, out + err)

# docs/chains.md lists every failure with its own words.
chains = open(os.path.join(ROOT, "docs/chains.md")).read()
code, out, err = run("simulate", "--failures")
for line in out.splitlines():
    name, takes, does = re.fullmatch(r"(\S+) +(.+?)  +the hop (.*)", line).groups()
    check(f"docs/chains.md knows {name}", f"| `{name}` | `{takes}` | {does} |" in chains)

# docs/events.md: each vertical's file is there, with the stages and events that the table has.
events = open(os.path.join(ROOT, "docs/events.md")).read()
rows = re.findall(r"^\| [^|]+ \| \[(\S+\.yaml)\]\S+[^|]*\| ([^|]+) \|", events, re.M)
check("docs/events.md has seven verticals", len(rows) == 7, rows)
for name, said in rows:
    text = open(os.path.join(ROOT, "examples/offers", name)).read()
    block = re.search(r"^events:\n((?:  .*\n)+)", text, re.M).group(1)
    for stage, event in re.findall(r"^  (\w+): +(?:\{event: )?([A-Z]\w+)", block, re.M):
        check(f"docs/events.md: {name}, {stage} is {event}", re.search(rf"\b{stage}\b[^;]*: {event}\b", said), said)
listed = set(re.findall(r"examples/offers/(\S+?)\.yaml", events)) | {"push-sweeps-at", "push-sweeps-de"}
check("docs/events.md names every example offer", listed == {f[:-5] for f in os.listdir(os.path.join(ROOT, "examples/offers"))}, listed)

# Files and pages that README links to are there.
for target in re.findall(r"\]\(([^)#]+)\)", readme):
    check(f"README links to {target}", os.path.exists(os.path.join(ROOT, target)))

# So are those that the pages link to.
pages = sorted(os.path.join(d, f) for d, _, files in os.walk(os.path.join(ROOT, "docs")) for f in files if f.endswith(".md"))
check("docs/ has pages", len(pages) > 15, pages)
for page in pages:
    text = re.sub(r"`[^`]*`|^    .*$", "", open(page).read(), flags=re.M)
    gone = [t for t in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text) if not os.path.exists(os.path.join(os.path.dirname(page), t))]
    check(f"{os.path.relpath(page, ROOT)}: every link leads somewhere", not gone, gone)

# Every test that docs/SECURITY.md names is there, and every threat names one.
security = open(os.path.join(ROOT, "docs/SECURITY.md")).read()
named = re.findall(r"(tests/[\w./-]+):(\w+)", security)
check("docs/SECURITY.md names tests", len(named) > 60, len(named))
for name, function in named:
    path = os.path.join(ROOT, name)
    text = open(path).read() if os.path.exists(path) else ""
    check(f"docs/SECURITY.md: {name} has {function}",
          re.search(rf"^(async )?(def|class|function|static void|int) {function}\b", text, re.M), "no such test")
for line in re.findall(r"^\| .* \|$", security.split("## Who attacks")[1].split("## How the process")[0], re.M):
    check(f"docs/SECURITY.md: {line[2:40]}... is held by something",
          re.search(r"tests/|not ours|held by", line.rsplit(" | ", 1)[1]), line)

# The offers and the configuration that are shipped as examples are right.
code, out, err = run("check", *sorted(os.path.join("examples/offers", f) for f in os.listdir(os.path.join(ROOT, "examples/offers"))))
check("examples/offers pass check", code == 0, err)
code, out, err = run("check", *sorted(os.path.join("mappings", f) for f in os.listdir(os.path.join(ROOT, "mappings")) if f != "rates.yaml" and f.endswith(".yaml")))
check("mappings pass check", code == 0, err)

# The failing test of docs/mapping.md, made from the page's own mapping.
page = open(os.path.join(ROOT, "docs/mapping.md")).read()
mapping = re.sub(r"^    ", "", re.search(r"^    version: 1\n    offer:.*\n(?:(?:    .*)?\n)*", page, re.M).group(0), flags=re.M)
shown = re.sub(r"^    ", "", re.search(r"^    offers/nutra-de\.yaml:.*error\[M019\].*\n(?:    .*\n)*", page, re.M).group(0), flags=re.M)
with tempfile.TemporaryDirectory() as folder:
    os.mkdir(os.path.join(folder, "offers"))
    with open(os.path.join(folder, "offers/nutra-de.yaml"), "w") as f:
        f.write(mapping.replace("expect: {verdict: queued, event: Purchase", "expect: {verdict: queued, event: Lead"))
    p = subprocess.run([CLICKBATON, "check", "offers/nutra-de.yaml"], cwd=folder, capture_output=True, text=True)
check("docs/mapping.md shows what a failing test looks like", p.returncode == 1 and shown in p.stderr, p.stderr)

# YAML in the pages: a block that is a whole offer mapping must load.
for page in ["docs/mapping.md"] + sorted("docs/trackers/" + f for f in os.listdir(os.path.join(ROOT, "docs/trackers"))):
    text = open(os.path.join(ROOT, page)).read()
    blocks = re.findall(r"^    version: 1\n    offer:.*\n(?:(?:    .*)?\n)*", text, re.M)
    check(f"{page} shows an offer mapping", page == "docs/mapping.md" or blocks)
    for i, block in enumerate(re.sub(r"^    ", "", b, flags=re.M) for b in blocks):
        path = os.path.join(ROOT, "build", f"docs-{os.getpid()}.yaml")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as f:
            f.write(block)
        code, out, err = run("check", path)
        os.unlink(path)
        check(f"{page}: example {i + 1} passes check", code == 0, err)

print(f"{passed} passed, {failed} failed")
sys.exit(1 if failed else 0)
