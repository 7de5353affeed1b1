#!/usr/bin/env python3
"""`clickbaton schema`: what an editor refuses the loader refuses, too; what is right is right for both.

The schemas are read as any editor would (draft-07, jsonschema), the YAML as YAML 1.2's core schema has it."""
import copy
import glob
import random
import warnings

import yaml

from harness import *

warnings.simplefilter("ignore")
import jsonschema  # noqa: E402

KINDS = ("offer", "tracker", "mapping", "chain", "rates", "models", "config")
MODELINE = re.compile(r"^# yaml-language-server: \$schema=(\S+)$", re.M)


# ---- YAML as an editor sees it ----

class Core(yaml.SafeLoader):
    """YAML 1.2: 2026-05-28, yes and 12:30 are strings; keys are texts."""

    def construct_mapping(self, node, deep=False):
        return {k.value: self.construct_object(v, deep=True) for k, v in node.value}


def whole(loader, node):
    text = node.value
    return int(text[2:], 8) if text.startswith("0o") else int(text, 16 if text.startswith("0x") else 10)


Core.yaml_implicit_resolvers = {}
for tag, pattern, first in (
        ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
        ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
        ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", list("-+0123456789")),
        ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", list("-+.0123456789"))):
    Core.add_implicit_resolver("tag:yaml.org,2002:" + tag, re.compile("^(?:%s)$" % pattern), first)
Core.add_constructor("tag:yaml.org,2002:int", whole)
Core.add_constructor("tag:yaml.org,2002:float", lambda loader, node: float(node.value))


def parse(text):
    return yaml.load(text, Core) or {}


def dump(document):
    """A line for each key of the file, JSON behind it: every scalar keeps its type."""
    return "".join("%s: %s\n" % (k if re.fullmatch(r"[a-z_]+", k) else json.dumps(k),
                                 json.dumps(v, ensure_ascii=False)) for k, v in document.items())


# ---- schemas ----

def printed(kind=""):
    r = run("schema", *([kind] if kind else []))
    return r.out


SCHEMAS = {kind: json.loads(printed(kind)) for kind in KINDS + ("",)}
VALIDATORS = {kind: jsonschema.Draft7Validator(schema) for kind, schema in SCHEMAS.items()}


def followed(root, schema, at):
    """What a $ref means, and its place in the file."""
    while "$ref" in schema or "allOf" in schema:
        name = (schema if "$ref" in schema else schema["allOf"][0])["$ref"].split("/")[-1]
        schema, at = root["definitions"][name], "#" + name
    return schema, at


def children(schema, at):
    for name in ("items", "additionalProperties", "then", "else"):
        if isinstance(schema.get(name), dict):
            yield schema[name], "%s/%s" % (at, name)
    for i, s in enumerate(schema.get("anyOf", [])):
        yield s, "%s/%d" % (at, i)
    for name in ("properties", "patternProperties"):
        for key, s in schema.get(name, {}).items():
            yield s, "%s/%s" % (at, key)


def maps(root):
    """{place: schema} of each map that a file may hold."""
    found, todo, seen = {}, [(root, "")], set()
    while todo:
        schema, at = followed(root, *todo.pop())
        if at in seen:
            continue
        seen.add(at)
        if schema.get("type") == "object":
            found[at] = schema
        todo.extend(children(schema, at))
    return found


def occurrences(root, document):
    """(place of the map in the schema, key, path in the document) of every key that has a row."""
    out = []

    def fits(schema, value):
        return jsonschema.Draft7Validator(dict(schema, definitions=root.get("definitions", {}))).is_valid(value)

    def visit(schema, at, value, path):
        schema, at = followed(root, schema, at)
        for i, s in enumerate(schema.get("anyOf", [])):
            if fits(s, value):
                visit(s, "%s/%d" % (at, i), value, path)
        if schema.get("type") == "object" and isinstance(value, dict):
            for key, v in value.items():
                if key in schema.get("properties", {}):
                    out.append((at, key, path + [key]))
                    visit(schema["properties"][key], "%s/%s" % (at, key), v, path + [key])
                    continue
                for p, s in schema.get("patternProperties", {}).items():
                    if re.search(p, key):
                        visit(s, "%s/%s" % (at, p), v, path + [key])
                if isinstance(schema.get("additionalProperties"), dict):
                    visit(schema["additionalProperties"], at + "/additionalProperties", v, path + [key])
        if schema.get("type") == "array" and isinstance(value, list):
            for i, v in enumerate(value):
                visit(schema["items"], at + "/items", v, path + [i])

    visit(root, "", document, [])
    return out


def at_path(document, path):
    for step in path:
        document = document[step]
    return document


# ---- what the program says ----

class Judge:
    """`check` on many files of one kind; each one's errors as (line, code, text)."""

    def __init__(self, kind):
        self.kind = kind
        self.folder = Folder()
        if kind == "config":
            os.makedirs(self.folder.at("mappings"))
            os.environ["CREDENTIALS_DIRECTORY"] = self.folder.at("keys")
            self.folder.write("keys/hook", "https://hooks.example/secret\n", 0o600)
            self.folder.write("keys/telegram", "123456:abcDEF-_\n", 0o600)
        if kind == "chain":
            shutil.copytree(os.path.join(ROOT, "examples", "offers"), self.folder.at("offers"), dirs_exist_ok=True)
        self.folder.write("value-models.yaml", read(os.path.join(ROOT, "examples", "value-models.yaml")))

    def __call__(self, documents):
        texts = [d if isinstance(d, str) else dump(d) for d in documents]
        if self.kind == "config":
            return [self.alone(text) for text in texts]
        out = []
        for i in range(0, len(texts), 10):  # a run shows 100 diagnostics
            out += self.together(texts[i:i + 10])
        return out

    def together(self, texts):
        names = [self.folder.write("files/%d.yaml" % i, t) for i, t in enumerate(texts)]
        r = run("check", *names)
        found = [self.errors(r.err, n) for n in names]
        if r.code not in (0, 1, 3) or sum(len(f) for f in found) >= 95:
            return [self.errors(run("check", n).err, n) for n in names]
        return found

    def alone(self, text):
        name = self.folder.write("judged.yaml", text)
        return self.errors(run("check", "-c", name).err, name)

    @staticmethod
    def errors(text, name):
        """Failed tests are no business of a schema, nor that two of our files have one name."""
        found = re.findall(r"^%s:(?:(\d+):(?:\d+:)?)? error\[(\w+)\]: (.*)" % re.escape(name), text, re.M)
        return [(int(line or 0), code, words) for line, code, words in found
                if code != "M019" and code[0] != "H" and " is defined in " not in words]


# ---- files that are right ----

def kind_of(document):
    return "offer" if "offer" in document else "chain" if "chain" in document else \
        "tracker" if "tracker" in document else "rates" if "days" in document else \
        "models" if "value_models" in document else "config"


def read(path):
    with open(path) as f:
        return f.read()


def shipped():
    out = []
    for pattern in ("tests/cases/keys/*.yaml", "mappings/*.yaml", "examples/*.yaml", "examples/*/*.yaml"):
        out += sorted(glob.glob(os.path.join(ROOT, pattern)))
    return out



ROOTS = ("offer", "tracker", "chain", "rates", "models", "config")


def judge(kind, documents):
    return Judge(kind)(documents)


def corpus(kind):
    return [(os.path.relpath(p, ROOT), d) for p in shipped() for d in [parse(read(p))] if kind_of(d) == kind]


# ---- the schemas themselves ----

@part
def what_is_printed():
    for kind in KINDS + ("",):
        text = printed(kind)
        equal("schema %s: the same every time" % kind, printed(kind), text)
        jsonschema.Draft7Validator.check_schema(json.loads(text))
        good("schema %s: is a schema" % kind)
        name = "mappings/schema/%s.json" % (kind or "clickbaton")
        true("%s is what the program prints" % name, read(os.path.join(ROOT, name)) == text, "run: make schemas")
    equal("and nothing else is shipped", sorted(os.listdir(os.path.join(ROOT, "mappings/schema"))),
          sorted("%s.json" % k for k in KINDS + ("clickbaton",)))
    r = run("schema", "ofer")
    equal("an unknown kind: exit 2", (r.code, r.out), (2, ""))
    has("an unknown kind: did you mean", r.err, 'there is no schema "ofer"; did you mean "offer"?')
    equal("an empty name: exit 2", run("schema", "").code, 2)
    with open("/dev/full", "wb") as full:
        p = subprocess.run([BINARY, "schema"], stdout=full, stderr=subprocess.PIPE, timeout=30)
    equal("a full disk behind stdout: exit 4", p.returncode, 4)


@part
def each_key_is_told():
    for kind in ROOTS:
        root = SCHEMAS[kind]
        for at, schema in maps(root).items():
            for key, s in schema.get("properties", {}).items():
                if len(s.get("description", "")) < 4:
                    bad("%s %s/%s has a description" % (kind, at, key), s)
                if "default" in s:
                    whole = dict(s, definitions=root.get("definitions", {}))
                    true("%s %s/%s: its default is right" % (kind, at, key),
                         jsonschema.Draft7Validator(whole).is_valid(s["default"]), s)
            closed = schema.get("additionalProperties")
            true("%s %s: other keys are refused or described" % (kind, at), closed is False or isinstance(closed, dict))


# ---- files that are right are right for both ----

def complaints(kind, document):
    return [e.message for e in VALIDATORS[kind].iter_errors(document)]


@part
def good_files():
    for kind in ROOTS:
        files = corpus(kind)
        true("%s: there are files" % kind, files)
        for name, document in files:
            equal("%s: its schema takes it" % name, complaints(kind, document), [])
            equal("%s: so does the one for all" % name, complaints("", document), [])
            if kind in ("offer", "tracker"):
                equal("%s: so does the one for mappings" % name, complaints("mapping", document), [])
        for (name, _), errors in zip(files, judge(kind, [dump(d) for _, d in files]) if kind != "config" else
                                     judge(kind, [dump(d) for n, d in files if n.startswith("tests/")])):
            equal("%s: the loader takes it, scalars as JSON has them" % name,
                  errors, [])


@part
def modelines():
    folder = Folder()
    r = run("init", "new", "--tracker", "keitaro", "--offer", "nutra-de", "--page", "https://lander.example/",
            cwd=folder.path)
    equal("init", r.code, 0)
    equal("init writes the schema of all files", folder.read("new/schema.json").decode(), printed())
    made = [folder.at("new/" + n) for n in ("clickbaton.yaml", "offers/nutra-de.yaml")]
    for path in [p for p in shipped() if "/tests/" not in p] + made:
        text = read(path)
        name = os.path.relpath(path, folder.path if path in made else ROOT)
        found = MODELINE.findall(text)
        if not equal("%s: its first line names a schema" % name, (len(found), text.startswith("# yaml-language-server")),
                     (1, True)):
            continue
        schema = json.loads(read(os.path.join(os.path.dirname(path), found[0])))
        equal("%s: that schema takes it" % name,
              [e.message for e in jsonschema.Draft7Validator(schema).iter_errors(parse(text))], [])


@part
def installed():
    text = read(os.path.join(ROOT, "Makefile"))
    has("make install takes the schemas along", text, "install -m 644 mappings/schema/*.json")


# ---- every key, made wrong ----

def places():
    """{kind: {(map, key): (document, path)}}: where each key stands in a file that is right."""
    out = {}
    for kind in ROOTS:
        out[kind] = {}
        for _, document in corpus(kind):
            for at, key, path in occurrences(SCHEMAS[kind], document):
                out[kind].setdefault((at, key), (document, path))
    return out


def changed(document, path, value=None, rename=None):
    new = copy.deepcopy(document)
    parent = at_path(new, path[:-1])
    if rename is None:
        parent[path[-1]] = value
    else:
        items = [(rename if k == path[-1] else k, v) for k, v in parent.items()]
        parent.clear()
        parent.update(items)
    return new


WRONG = (None, {}, [], {"zz": {"zz": 1}}, [[1]], [{"zz": 1}], "", "zz ? zz", -1, 1.2345678, 10 ** 15)
# A key that is not known; in `fields:`; in `user:`; in `properties:`; in a place where a secret could stand.
UNKNOWN_KEY = {"M001", "M005", "M013", "M012", "C003"}
MISSING_KEY = {"M003", "C003"}
UNUSUAL = {"script"}  # in that file a key beside it needs it


def bounds(schema):
    return [schema[b] + d for b, d in (("minimum", -1), ("maximum", 1)) if b in schema]


@part
def every_key_made_wrong():
    codes = {}
    for kind, found in places().items():
        tables = maps(SCHEMAS[kind])
        every = {(at, key) for at, s in tables.items() for key in s.get("properties", {})}
        missing = sorted(every - set(found))
        equal("%s: each of %d keys stands in an example or in tests/cases/keys" % (kind, len(every)), missing, [])
        cases = []
        for (at, key), (document, path) in sorted(found.items()):
            if tables[at]["additionalProperties"] is False:
                cases.append((at, key, "misspelt", changed(document, path, rename=key + "zz")))
            kinds = set()
            for value in WRONG + tuple(bounds(tables[at]["properties"][key])):
                new = changed(document, path, value)
                if complaints(kind, new):
                    kinds.add("map" if isinstance(value, dict) else "list" if isinstance(value, list) else "scalar")
                    cases.append((at, key, "= %s" % json.dumps(value), new))
            true("%s %s/%s: the schema refuses a wrong kind" % (kind, at, key), kinds, "it takes everything")
            if key in tables[at].get("required", []):
                new = copy.deepcopy(document)
                del at_path(new, path[:-1])[path[-1]]
                cases.append((at, key, "left out", new))
        cases = share_of(cases)
        for (at, key, what, new), errors in zip(cases, judge(kind, [c[3] for c in cases])):
            name = "%s %s/%s %s" % (kind, at, key, what)
            if what in ("misspelt", "left out"):
                true(name + ": the schema refuses it", complaints(kind, new))
            codes.setdefault(what.split()[0], set()).update(c for _, c, _ in errors)
            if what == "misspelt":
                true(name + ": the loader says so",
                     any(c in UNKNOWN_KEY and (c == "C003" or key + "zz" in words) for _, c, words in errors), errors)
            elif what == "left out":
                true(name + ": the loader says so", any(c in MISSING_KEY for _, c, _ in errors), errors)
            else:
                line = list(new).index(found[at, key][1][0]) + 1
                true(name + ": the loader refuses it there", line in [n for n, _, _ in errors], (errors, dump(new)))
        usual = [(at, key, changed(*found[at, key], tables[at]["properties"][key]["default"]))
                 for at, key in sorted(found) if "default" in tables[at]["properties"][key] and key not in UNUSUAL]
        for (at, key, new), errors in zip(usual, judge(kind, [u[2] for u in usual])):
            equal("%s %s/%s: both take what holds without it" % (kind, at, key), (complaints(kind, new), errors), ([], []))
        say("# %s: %d keys, %d mistakes" % (kind, len(every), len(cases)))
    has("what is wrong with values is said with many codes", codes["="], "M002", "M009", "M014", "M017", "M024", "C007")


# ---- mutations ----

SEED, ROUNDS = 4, {"offer": 500, "tracker": 250, "chain": 400, "rates": 100, "models": 150, "config": 120}


def paths(document, path=()):
    items = document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    for k, v in items:
        yield list(path) + [k]
        yield from paths(v, list(path) + [k])


def mutated(rng, document, pool):
    """One to three changes; about half of the values come from where they are right."""
    new = copy.deepcopy(document)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        path = rng.choice(list(paths(new)) or [None])
        if path is None:
            break
        parent, last = at_path(new, path[:-1]), path[-1]
        act = rng.randrange(6)
        if act == 0:
            del parent[last]
        elif act == 1 and isinstance(parent, dict):
            key, value = rng.choice(pool)
            parent[key] = copy.deepcopy(value)
        elif act == 2 and isinstance(parent, dict):
            parent[rng.choice((last[:-1] or "x", last + "s", last.upper(), rng.choice(pool)[0]))] = parent.pop(last)
        elif act == 3:
            parent[last] = rng.choice(WRONG + (True, False, 0, 1, 302, "true", "off", "payout", "{param.x}", "1.5", "EUR",
                                               "ignore", "Purchase", "7d", "80%", 99999))
        elif act == 4:
            parent[last] = [parent[last]]
        else:
            parent[last] = copy.deepcopy(rng.choice(pool)[1])
    return new


@part
def mutations():
    total = taken = strict = lenient = 0
    for kind in ROOTS:
        rng = random.Random("%d-%s" % (SEED, kind))
        documents = [d for n, d in corpus(kind) if kind != "config" or n.startswith("tests/")]
        pool = [(path[-1], at_path(d, path)) for d in documents for path in paths(d) if isinstance(path[-1], str)]
        cases = [mutated(rng, rng.choice(documents), pool) for _ in range(ROUNDS[kind])]
        cases = share_of([c for c in cases if kind_of(c) == kind])
        for new, errors in zip(cases, judge(kind, cases)):
            refusals = complaints(kind, new)
            total, taken = total + 1, taken + (not refusals and not errors)
            strict += bool(refusals and errors)
            lenient += bool(errors and not refusals)
            if refusals and not errors:
                bad("%s: the schema refuses what the loader takes" % kind, "%s\n%s" % (refusals, dump(new)))
    true("mutations: %d of %d are refused by both" % (strict, total), strict > total / 3)
    true("mutations: %d of %d are taken by both" % (taken, total), taken > total / 10)
    true("mutations: %d of %d are seen by the loader alone" % (lenient, total), lenient < total / 4)


main()
