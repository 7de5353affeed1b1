#!/bin/sh
# Build the Debian package from what git knows, with the objects that are there, and let lintian look at it.
# packaging/deb.sh BUILD.  What it needs is installed by tools/deps.sh, not asked of dpkg (-d).
set -eu
build=$1
out=$build/deb tree=$build/deb/clickbaton
rm -rf "$out"
mkdir -p "$tree/build"
git ls-files | tar -cf - -T - | tar -xf - -C "$tree"
cp -R "$tree/packaging/debian" "$tree/debian"
for part in core adapters cli web embed.S embed.o clickbaton; do # their times say that they need no making
    [ -e "$build/$part" ] && cp -Rp "$build/$part" "$tree/build/"
done
(cd "$tree" && dpkg-buildpackage -b -us -uc -d) >"$out/log" 2>&1 || { tail -n 40 "$out/log"; exit 1; }
cp "$out"/clickbaton_*.deb "$build/"
lintian --allow-root --fail-on error,warning --tag-display-limit 0 "$out"/clickbaton_*.changes
ls "$build"/clickbaton_*.deb
