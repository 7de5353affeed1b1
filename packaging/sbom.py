#!/usr/bin/env python3
"""Software bill of materials, CycloneDX 1.5 in JSON, of a built program: packaging/sbom.py PROGRAM > sbom.json

Every shared library that the program loads, with the Debian package and version it comes from, and every npm
package that is bundled into the inspector's page, as web/inspector/package-lock.json names it.
Format: CycloneDX Specification, "CycloneDX v1.5 JSON Reference", https://cyclonedx.org/docs/1.5/json/"""
import base64
import hashlib
import json
import os
import subprocess
import sys
import time


def said(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, universal_newlines=True).stdout


def libraries(program):
    """Files, as the loader finds them."""
    for line in said("ldd", program).splitlines():
        words = line.split()
        path = words[2] if "=>" in words and len(words) > 2 else words[0]
        if path.startswith("/"):
            yield os.path.realpath(path)


def package_of(path):
    for name in (path, path.replace("/usr/lib", "/lib", 1), "/usr" + path):
        found = subprocess.run(["dpkg-query", "-S", name], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                               universal_newlines=True).stdout
        if found:
            return found.split(": ")[0].split(",")[0]
    return None


def sha256(path):
    with open(path, "rb") as f:
        return {"alg": "SHA-256", "content": hashlib.sha256(f.read()).hexdigest()}


def component(package, files):
    version, source, arch = said("dpkg-query", "-W", "-f", "${Version}\t${source:Package}\t${Architecture}",
                                 package).split("\t")
    name = package.split(":")[0]
    return {"type": "library", "bom-ref": name, "name": name, "version": version,
            "purl": "pkg:deb/debian/%s@%s?arch=%s" % (name, version.replace("+", "%2B"), arch),
            "properties": [{"name": "debian:source", "value": source}],
            "components": [{"type": "file", "name": f, "hashes": [sha256(f)]} for f in sorted(files)]}


def npm_component(name, entry):
    algorithm, digest = entry["integrity"].split("-", 1)
    purl = "pkg:npm/%s@%s" % (name.replace("@", "%40"), entry["version"])
    return {"type": "library", "bom-ref": purl, "name": name, "version": entry["version"], "purl": purl,
            "licenses": [{"license": {"id": entry["license"]}}],
            "hashes": [{"alg": algorithm.upper().replace("SHA", "SHA-"), "content": base64.b64decode(digest).hex()}]}


def bundled():
    """What esbuild puts into the page; its own packages stay outside."""
    lock = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../web/inspector/package-lock.json")
    with open(lock) as f:
        packages = json.load(f)["packages"]
    return [npm_component(path.replace("node_modules/", "", 1), entry) for path, entry in sorted(packages.items())
            if path and not entry.get("dev")]


def main():
    program = sys.argv[1]
    packages = {}
    for path in libraries(program):
        package = package_of(path)
        if not package:
            sys.exit("sbom: %s belongs to no Debian package" % path)
        packages.setdefault(package, []).append(path)
    parts = [component(p, f) for p, f in sorted(packages.items())] + bundled()
    when = int(os.environ.get("SOURCE_DATE_EPOCH", time.time()))
    version = said(program, "version").split()[1]
    json.dump({
        "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
        "metadata": {"timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(when)),
                     "component": {"type": "application", "bom-ref": "clickbaton", "name": "clickbaton",
                                   "version": version, "licenses": [{"license": {"id": "MIT"}}],
                                   "hashes": [sha256(program)]}},
        "components": parts,
        "dependencies": [{"ref": "clickbaton", "dependsOn": [p["bom-ref"] for p in parts]}],
    }, sys.stdout, indent=1)
    print()


main()
