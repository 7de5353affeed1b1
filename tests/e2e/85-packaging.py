"""What is shipped beside the program: reverse proxies (real nginx and Caddy with the examples), man pages, completions,
the files that `make install` puts and `make uninstall` removes, the bill of materials."""
import re
import tempfile

from harness import *

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ODD = "/postback/nutra-de?key=%s&subid=c%%2Fd%%20e%%2B&ttclid=E.C.P.%%5Bx%%5D&status=sale&payout=12,50;5&a=%%26currency=eur&x=;y&z[]=1&empty=&tid=9%%%%2F"
LONG = "&pad=" + "p" * 15000


def example(name):
    with open(os.path.join(ROOT, "examples", name)) as f:
        return f.read()


def start_nginx(folder, port, upstream):
    text = example("nginx.conf")
    text = re.sub(r"listen 443 ssl;", "listen 127.0.0.1:%d;" % port, text)
    text = re.sub(r"\n    ssl_certificate.*", "", text)
    text = text.replace("127.0.0.1:8080", "127.0.0.1:%d" % upstream).replace("/var/log/nginx/", folder + "/")
    conf = os.path.join(folder, "nginx.conf")
    with open(conf, "w") as f:
        f.write("daemon off; pid %s/pid; error_log %s/error; events {} http { %s %s }" % (
            folder, folder, " ".join("%s_temp_path %s/%s;" % (w, folder, w) for w in (
                "client_body", "proxy", "fastcgi", "uwsgi", "scgi")), "include %s/site;" % folder))
    with open(os.path.join(folder, "site"), "w") as f:
        f.write(text)
    return [shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin"), "-c", conf, "-p", folder]


def start_caddy(folder, port, upstream):
    text = example("Caddyfile").replace("pb.example {", "http://127.0.0.1:%d {" % port)
    text = text.replace("127.0.0.1:8080", "127.0.0.1:%d" % upstream)
    conf = os.path.join(folder, "Caddyfile")
    with open(conf, "w") as f:
        f.write(text.replace("\n{\n", "\n{\n\tadmin off\n\tauto_https off\n", 1))
    return ["caddy", "run", "--config", conf, "--adapter", "caddyfile"]


def open_port(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


def behind(name, command):
    sandbox = Sandbox()
    f = Folder(sandbox.endpoint)
    serve = Serve(f)
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        with open(os.path.join(folder, "said"), "wb") as said:
            proxy = subprocess.Popen(command(folder, port, serve.port), stdout=said, stderr=said,
                                     env=dict(os.environ, HOME=folder, XDG_DATA_HOME=folder, XDG_CONFIG_HOME=folder))
        try:
            wait_until(name + " listens", lambda: open_port(port), 20, 0.05)
            odd = ODD % KEY
            direct = serve.get(odd)
            proxied = request(port, "GET", odd + "&via=proxy", headers={"X-Forwarded-For": "203.0.113.77"})
            equal(name + ": answered", (direct.status, proxied.status), (200, 200))
            rows = f.rows("SELECT params, address, code, verdict FROM postbacks ORDER BY id")
            equal(name + ": the query arrives byte for byte", rows[1]["params"], rows[0]["params"] + "&via=proxy")
            equal(name + ": the address is what the proxy saw, not what the caller claims",
                  [r["address"] for r in rows], ["127.0.0.1"] * 2)
            equal(name + ": a URL of 15 KB", request(port, "GET", odd + LONG).status, 200)
            body = "subid=c9&status=sale&payout=5&currency=usd&tid=1"
            equal(name + ": a form", request(port, "POST", "/postback/nutra-de?key=" + KEY, body, {
                "Content-Type": "application/x-www-form-urlencoded"}).status, 200)
            equal(name + ": a body over the limit", request(port, "POST", "/postback/nutra-de?key=" + KEY, "x" * 70000, {
                "Content-Type": "application/x-www-form-urlencoded"}).status, 413)
            equal(name + ": the landing script", request(port, "GET", "/lander.js").status, 200)
            equal(name + ": nothing else", [request(port, "GET", t).status for t in (
                "/readyz", "/", "/metrics", "/postback", "/lander.jsx")], [404] * 5)
            equal(name + ": exit 0", serve.stop(), 0)
            equal(name + ": while clickbaton is away", request(port, "GET", odd).status, 502)
            for left in os.listdir(folder):
                if os.path.isfile(os.path.join(folder, left)):
                    with open(os.path.join(folder, left), "rb") as log:
                        true(name + ": no key in " + left, KEY.encode() not in log.read(), "the key is there")
        finally:
            proxy.terminate()
            proxy.wait(20)


@part
def nginx():
    behind("nginx", start_nginx)


@part
def caddy():
    behind("caddy", start_caddy)


def verbs():
    return re.findall(r"^  ([a-z]+) +\S", run("--help").out, re.M)


def made(script):
    folder = tempfile.mkdtemp()
    p = subprocess.run([os.path.join(ROOT, "packaging", script), BINARY, folder], capture_output=True, text=True)
    equal(script + ": exit 0, silent", (p.returncode, p.stdout + p.stderr), (0, ""))
    return folder


@part
def man_pages():
    folder = made("man.sh")
    try:
        equal("the pages", sorted(os.listdir(folder)), ["clickbaton-chain.5", "clickbaton-mapping.5", "clickbaton.1",
                                                         "clickbaton.yaml.5"])
        plain = {}
        for name in os.listdir(folder):
            path = os.path.join(folder, name)
            p = subprocess.run(["mandoc", "-T", "lint", "-W", "error", path], capture_output=True, text=True)
            equal(name + ": no errors", (p.returncode, p.stdout + p.stderr), (0, ""))
            text = subprocess.run(["mandoc", "-T", "utf8", "-O", "width=78", path], capture_output=True, text=True).stdout
            plain[name] = re.sub(".\x08", "", text)
            equal(name + ": no traces of Markdown", re.findall(r"\]\(|^\|.*\|$|```", plain[name], re.M), [])
        for verb in verbs():
            has("clickbaton(1) has " + verb, plain["clickbaton.1"], "\n   " + verb + "\n")
            for option in re.findall(r"^  (?:-\w, )?(--[a-z-]+)", run(verb, "--help").out, re.M):
                has("clickbaton(1): %s %s" % (verb, option), plain["clickbaton.1"], option)
        squeezed = {n: re.sub(r"\s+", " ", t) for n, t in plain.items()}
        for name, schema in (("clickbaton.yaml.5", "config"), ("clickbaton-chain.5", "chain"),
                             ("clickbaton-mapping.5", "offer"), ("clickbaton-mapping.5", "tracker")):
            for key in json.loads(run("schema", schema).out)["properties"]:
                has("%s: %s" % (name, key), squeezed[name], key)
    finally:
        shutil.rmtree(folder)


@part
def completions():
    folder = made("completions.sh")
    try:
        bash = os.path.join(folder, "clickbaton.bash")

        def complete(*words):
            script = 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _clickbaton; printf "%s\\n" "${COMPREPLY[@]}"'
            return subprocess.run(["bash", "-c", script, "bash", bash, "clickbaton", *words], capture_output=True,
                                  text=True).stdout.split()

        equal("bash: verbs", complete(""), verbs() + ["--help"])
        equal("bash: a verb", complete("tran"), ["translate"])
        for verb in verbs():
            equal("bash: options of " + verb, complete(verb, "--"),
                  re.findall(r"^  (?:-\w, )?(--[a-z-]+)", run(verb, "--help").out, re.M))
        equal("bash: a file is a file's name", complete("check", "off"), [])
        for shell, name in (("zsh", "_clickbaton"), ("fish", "clickbaton.fish")):
            p = subprocess.run([shell, "-n", os.path.join(folder, name)], capture_output=True, text=True)
            equal(shell + " can read it", (p.returncode, p.stderr), (0, ""))
        fish = 'source %s; complete -C "clickbaton %s"' % (os.path.join(folder, "clickbaton.fish"), "%s")
        said = subprocess.run(["fish", "--no-config", "-c", fish % "trans"], capture_output=True, text=True).stdout
        equal("fish: a verb", said.split("\t")[0], "translate")
        said = subprocess.run(["fish", "--no-config", "-c", fish % "translate --his"], capture_output=True, text=True).stdout
        equal("fish: an option", said.split("\t")[0], "--history")
    finally:
        shutil.rmtree(folder)


@part
def bill_of_materials():
    p = subprocess.run([os.path.join(ROOT, "packaging/sbom.py"), BINARY], capture_output=True, text=True)
    bom = json.loads(p.stdout)
    names = {c["name"]: c for c in bom["components"]}
    equal("what it is", (bom["bomFormat"], bom["specVersion"], bom["metadata"]["component"]["name"]),
          ("CycloneDX", "1.5", "clickbaton"))
    equal("the libraries that the design names", sorted({"libmicrohttpd12", "libsqlite3-0", "libcurl4", "libcjson1",
                                                         "libyaml-0-2", "libssl3", "libexpat1"} - set(names)), [])
    for name in ("libsqlite3-0", "libcurl4"):
        version = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", name], capture_output=True, text=True).stdout
        equal(name + ": as installed", names[name]["version"], version)
    equal("all are named in the dependencies", sorted(bom["dependencies"][0]["dependsOn"]),
          sorted(c["bom-ref"] for c in bom["components"]))
    with open(os.path.join(ROOT, "web/inspector/package-lock.json")) as f:
        locked = {k.rpartition("node_modules/")[2]: v for k, v in json.load(f)["packages"].items() if k}
    equal("the inspector's libraries, as pinned", {n: c["version"] for n, c in names.items() if "npm" in c["bom-ref"]},
          {n: v["version"] for n, v in locked.items() if not v.get("dev") and not v.get("optional")})


main()
