#!/bin/sh
# The Debian package: built, clean by lintian, complete, its program runs; `make uninstall` leaves nothing.
# tests/package.sh, with BUILD set.
set -u
passed=0 failed=0
check() {
    name=$1; shift
    if out=$("$@" 2>&1); then passed=$((passed + 1)); echo "ok $name"
    else failed=$((failed + 1)); echo "FAILED $name"; echo "$out" | tail -n 20 | sed 's/^/    /'; fi
}
here() { for f in "$@"; do [ -e "$tmp/deb/$f" ] || { echo "$f is missing"; return 1; }; done; }
nothing() { left=$(find "$tmp/inst" -type f); [ -z "$left" ] || { echo "$left"; return 1; }; }
terms() {
    gzip -dc "$tmp/deb/usr/share/man/man1/clickbaton.1.gz" >"$tmp/man" || return 1
    ! grep -E '^  +--' "$tmp/man" && [ "$(grep -c '^\\fB.*--help' "$tmp/man")" -ge 17 ]
}
no_links() {
    for f in "$tmp"/deb/usr/share/man/man5/*.gz; do
        gzip -dc "$f" | grep -nE '\\\[la\](#|[a-zA-Z]*(\.md|/\\))' && return 1
    done
    return 0
}
modes() { odd=$(find "$tmp/deb" -perm /022 ! -type l); [ -z "$odd" ] || { echo "writable by others: $odd"; return 1; }; }

tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT INT TERM
run() { ${MAKE:-make} --no-print-directory "$@"; }

check "deb: built, and lintian has no error and no warning" run deb
check "deb: can be unpacked" dpkg-deb -x "$BUILD"/clickbaton_*.deb "$tmp/deb"
check "deb: what belongs into it" here usr/bin/clickbaton usr/lib/systemd/system/clickbaton.service \
    usr/lib/sysusers.d/clickbaton.conf etc/clickbaton usr/share/man/man1/clickbaton.1.gz \
    usr/share/man/man5/clickbaton-mapping.5.gz usr/share/man/man5/clickbaton-chain.5.gz \
    usr/share/man/man5/clickbaton.yaml.5.gz usr/share/bash-completion/completions/clickbaton \
    usr/share/zsh/vendor-completions/_clickbaton usr/share/fish/vendor_completions.d/clickbaton.fish \
    usr/share/doc/clickbaton/examples/clickbaton.yaml usr/share/doc/clickbaton/examples/Caddyfile \
    usr/share/doc/clickbaton/examples/nginx.conf usr/share/clickbaton/mappings/keitaro.yaml
check "man: options are terms, which any width can show" terms
check "man: no link into a page of docs/" no_links
check "deb: nobody but root may write its files" modes
check "deb: the program runs" sh -c "cd '$tmp' && ./deb/usr/bin/clickbaton version | grep -q '^clickbaton [0-9]'"
check "deb: its example is one that check takes" "$tmp/deb/usr/bin/clickbaton" check \
    "$tmp/deb/usr/share/doc/clickbaton/examples/offers/nutra-de.yaml"
check "install" run install DESTDIR="$tmp/inst" PREFIX=/usr
check "uninstall" run uninstall DESTDIR="$tmp/inst" PREFIX=/usr
check "uninstall leaves no file" nothing
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
