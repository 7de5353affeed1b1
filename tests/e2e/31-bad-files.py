"""Bad files: mappings, configuration, keys.  Each is named with its place, and serve does not start."""
from harness import *

GOOD = offer_text("nutra-de")


def check(text, name="bad.yaml", folder=None):
    folder = folder or Folder()
    folder.write("offers/" + name, text)
    return run("check", "offers/" + name, cwd=folder.path, seconds=30)


@part
def yaml_form():
    deep = "version: 1\noffer: deep\na: " + "[" * 10000 + "]" * 10000 + "\n"
    deep_block = "version: 1\noffer: deep\n" + "".join("%sa:\n" % (" " * i) for i in range(1000))
    for name, text, place, code, words in (
            ("tabs", GOOD.replace("  sale:", "\tsale:"), "10:1", "Y009", "tab"),
            ("duplicate keys", GOOD + "pixel: C9OTHER\n", "21:1", "Y002", '"pixel"'),
            ("duplicate keys inside", GOOD.replace("  rejected: ignore", "  sale: ignore"), "12:3", "Y002", '"sale"'),
            ("an anchor", GOOD.replace("ignore", "&a ignore"), "12:13", "Y003", "anchors"),
            ("an alias", GOOD.replace("ignore", "*a"), "12:13", "Y003", "aliases"),
            ("a tag", GOOD.replace("ignore", "!!str ignore"), "12:13", "Y004", "tags"),
            ("10,000 levels", deep, None, "Y005", "nested more than 20 deep"),
            ("1,000 levels in blocks", deep_block, None, "Y005", "nested more than 20 deep"),
            ("two documents", GOOD + "---\nversion: 1\n", "21:1", "Y007", "document"),
            ("a list as a key", "? [a, b]\n: 1\n", "1:3", "Y008", "key"),
            ("not UTF-8", GOOD.encode() + b"# \xff\xfe\n", "21:3", "Y010", "UTF-8"),
            ("a NUL", GOOD.encode() + b"a: \0\n", None, "Y0", ""),
            ("an open bracket", GOOD + "tests: [\n", None, "Y001", ""),
            ("an open quote", GOOD.replace("page_url: https", 'page_url: "https'), None, "Y001", ""),
            ("just a word", "hello\n", None, "M002", ""),
            ("binary", bytes(range(256)) * 40, None, "Y0", "")):
        r = check(text)
        where = "offers/bad.yaml:%s: error[%s" % (place, code) if place else "error[" + code
        has("%s: place and code" % name, r.err, where)
        true("%s: in words" % name, words in r.err, short(r.err))
        equal("%s: exit 3" % name, (r.code, r.out), (3, ""))
    bomb = "version: 1\n" + "".join("k%d: [%s]\n" % (i, ", ".join(["x"] * 60)) for i in range(1000))
    r = check(bomb)
    has("60,000 nodes", r.err, "error[Y006]")
    r = check("version: 1\noffer: x\n" + "".join("unknown%d: 1\n" % i for i in range(500)))
    true("500 problems: the first 100 shown, the others counted",
         r.err.count("error[M001]") <= 100 and re.search(r"check: 50\d errors", r.err), short(r.err[-300:]))


@part
def extends():
    f = Folder()
    for name, text, code, words in (
            ("a missing one", GOOD.replace("extends: keitaro", "extends: keitarro"), "M010",
             ("keitarro", "built in are bemob, binom, generic, keitaro, redtrack, voluum")),
            ("a missing file", GOOD.replace("extends: keitaro", "extends: ./nothing.yaml"), "M010",
             ("looked for offers/nothing.yaml",)),
            ("itself", GOOD.replace("extends: keitaro", "extends: ./bad.yaml"), "M011", ()),
            ("an absolute device", GOOD.replace("extends: keitaro", "extends: /dev/zero"), "M010", ())):
        r = check(text, folder=f)
        equal("extends %s: exit 3" % name, r.code, 3)
        has("extends %s" % name, r.err, "offers/bad.yaml:3:", "error[%s]" % code, *words)
    f.write("maps/a.yaml", "version: 1\ntracker: a\nextends: ./b.yaml\nfields: {click_id: [x]}\nstages: {sale: [y]}\n")
    f.write("maps/b.yaml", "version: 1\ntracker: b\nextends: ./c.yaml\n")
    f.write("maps/c.yaml", "version: 1\ntracker: c\nextends: ./a.yaml\n")
    r = check(GOOD.replace("extends: keitaro", "extends: ../maps/a.yaml"), folder=f)
    equal("a loop of three: exit 3", r.code, 3)
    has("a loop of three: named", r.err, "error[M011]", "maps/")
    f.write("maps/own.yaml", "version: 1\ntracker: own\nfields: {click_id: [myid], status: [st], payout: [sum], txid: [t]}\n"
            "stages: {sale: [ok]}\n")
    r = check(GOOD.replace("extends: keitaro", "extends: ../maps/own.yaml"), "good.yaml", f)
    equal("a tracker mapping of one's own is good", (r.code, without_advice(r.err)), (0, []))


@part
def serve_does_not_start():
    f = Folder()
    good = f.read("clickbaton.yaml").decode()

    def start(name, code, *words):
        r = run("serve", cwd=f.path, seconds=20)
        equal("%s: exit %d" % (name, code), (r.code, r.out), (code, ""))
        has("%s: said" % name, r.err, *words)
        hasnt("%s: no secret" % name, r.err, KEY, TOKEN)

    f.write("offers/nutra-de.yaml", GOOD.replace("value: payout", "valu: payout"))
    start("a broken offer", 3, "offers/nutra-de.yaml:10:31: error[M001]", 'did you mean "value"?')
    f.write("offers/nutra-de.yaml", GOOD)
    f.write("offers/again.yaml", GOOD)
    start("an offer twice", 3, "error[M018]", '"nutra-de" is defined in offers/again.yaml already')
    os.remove(f.at("offers/again.yaml"))
    f.write("offers/strange.yaml", offer_text("strange", pixel="C9UNKNOWNPIXEL99"))
    start("a pixel that is not configured", 3, "offers/strange.yaml:4:8: error[C006]", "C9UNKNOWNPIXEL99")
    os.remove(f.at("offers/strange.yaml"))
    os.chmod(f.at("keys/tiktok"), 0o644)
    start("a token that all can read", 3, "clickbaton.yaml:10:38: error[C002]", "keys/tiktok", "chmod 600")
    os.chmod(f.at("keys/tiktok"), 0o602)
    start("a token that all can write", 3, "error[C002]")
    os.chmod(f.at("keys/tiktok"), 0o600)
    os.chmod(f.at("keys/postback"), 0o604)
    start("a key that all can read", 3, "clickbaton.yaml:6:", "error[C002]", "keys/postback")
    f.write("keys/postback", "\n", 0o600)
    start("an empty key", 3, "error[C001]", "keys/postback", "empty")
    os.remove(f.at("keys/postback"))
    start("no key file", 3, "error[C001]", "No such file or directory")
    f.write("keys/postback", KEY, 0o600)
    f.write("clickbaton.yaml", good.replace("{file: ./keys/tiktok}", TOKEN))
    start("a token in the configuration itself", 3, "error[C003]")
    f.write("clickbaton.yaml", good.replace("key: {file: ./keys/postback}", "key: " + KEY))
    start("a key in the configuration itself", 3, "error[C003]")
    f.write("clickbaton.yaml", good.replace("http://127.0.0.1:9/", "http://192.0.2.1/"))
    start("plain http to elsewhere", 3, "error[C005]")
    f.write("clickbaton.yaml", good.replace("listen: 127.0.0.1:0", "listen: 127.0.0.1"))
    start("no port", 3, "clickbaton.yaml:2:9: error[C004]")
    f.write("clickbaton.yaml", good.replace("listen: 127.0.0.1:0", "listen: nowhere.example:80"))
    start("a name to listen on", 4, "nowhere.example:80")
    f.write("clickbaton.yaml", good.replace("offers: ./offers", "offers: ./nothing"))
    start("no offers folder", 3, "nothing: error[C001]")
    os.mkdir(f.at("empty"))
    f.write("clickbaton.yaml", good.replace("offers: ./offers", "offers: ./empty"))
    start("an empty one", 3, "error[C008]")
    f.write("clickbaton.yaml", good.replace("key: {file", "keey: {file"))
    start("a misspelt key", 3, 'did you mean "key"?')
    f.write("clickbaton.yaml", "")
    start("an empty configuration", 3, "`version:` is missing", "`key:` is missing", "`tiktok:` is missing")
    f.write("clickbaton.yaml", good)
    serve = Serve(f)
    equal("and with all repaired it starts", serve.fire("subid=1&status=trash").status, 200)
    equal("serve: exit 0", serve.stop(), 0)


main()
