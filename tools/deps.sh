#!/bin/sh
# Install what a build (or, with "test" or "bench", the tests or the benchmark) needs and is not there.
# Debian and its relatives only; elsewhere it prints what is missing and stops.
set -eu

want=${1:-build}
# Each line: the file or command that proves it is there, then Debian's package.
build_needs='
header:microhttpd.h libmicrohttpd-dev
header:sqlite3.h libsqlite3-dev
header:curl/curl.h libcurl4-openssl-dev
header:cjson/cJSON.h libcjson-dev
header:yaml.h libyaml-dev
header:openssl/evp.h libssl-dev
header:expat.h libexpat1-dev
header:libpq-fe.h libpq-dev
command:node nodejs
command:npm npm
'
test_needs='
header:cmocka.h libcmocka-dev
command:python3 python3
python:jsonschema python3-jsonschema
python:yaml python3-yaml
file:/usr/lib/python3/dist-packages/prometheus_client/parser.py python3-prometheus-client
command:curl curl
command:sqlite3 sqlite3
command:valgrind valgrind
postgres: postgresql
command:nginx nginx-light
command:caddy caddy
command:mandoc mandoc
command:fish fish
command:zsh zsh
command:systemd-analyze systemd
file:/usr/lib/python3/dist-packages/phonenumbers/__init__.py python3-phonenumbers
'
cluster_needs='
command:ip iproute2
command:nft nftables
command:haproxy haproxy
command:pgbouncer pgbouncer
'
fuzz_needs='
command:clang clang
fuzzer: libclang-rt-dev
'
web_needs='
command:chromium chromium
command:chromium-headless-shell chromium-headless-shell
command:sqlite3 sqlite3
command:node nodejs
command:npm npm
'
screenshots_needs='
command:pngquant pngquant
file:/usr/share/fonts/truetype/jetbrains-mono fonts-jetbrains-mono
fonts:Inter fonts-inter
'
bench_needs='
command:wrk wrk
'
profile_needs='
command:strace strace
'
man_needs='
command:go-md2man go-md2man
'
deb_needs='
command:dpkg-buildpackage dpkg-dev
command:dh debhelper
command:lintian lintian
'
demo_needs='
command:curl curl
command:python3 python3
'

needs=$build_needs
case $want in
build | inspector) ;;
test) needs="$needs$test_needs$fuzz_needs$web_needs$man_needs$deb_needs" ;;
cluster) needs="$needs$test_needs$cluster_needs" ;;
web) needs="$needs$web_needs" ;;
screenshots) needs="$needs$web_needs$screenshots_needs" ;;
fuzz) needs="$needs$fuzz_needs" ;;
demo) needs="$needs$demo_needs" ;;
bench) needs="$needs$test_needs$bench_needs" ;;
profile) needs="$needs$test_needs$bench_needs$profile_needs" ;;
man) needs="$needs$man_needs" ;;
deb) needs="$needs$man_needs$deb_needs" ;;
*) echo "usage: tools/deps.sh [build|inspector|test|cluster|web|screenshots|demo|bench|profile|fuzz|man|deb]" >&2; exit 2 ;;
esac

# Where libpq's header is, as in the Makefile.
pq=$(pg_config --includedir 2>/dev/null || echo /usr/include/postgresql)

present() {
    case $1 in
    header:*) echo "#include <${1#header:}>" | ${CC:-cc} -I"$pq" -E -x c - >/dev/null 2>&1 ;;
    postgres:) tests/support/postgres.sh --find >/dev/null 2>&1 ;;
    fuzzer:) echo 'int LLVMFuzzerTestOneInput(const char *p, long n) { return p && n ? 0 : 0; }' |
        clang -fsanitize=fuzzer,address -x c - -o /dev/null >/dev/null 2>&1 ;;
    python:*) python3 -c "import ${1#python:}" >/dev/null 2>&1 ;;
    fonts:*) fc-list 2>/dev/null | grep -q ": ${1#fonts:}" ;;
    file:*) [ -e "${1#file:}" ] ;;
    command:*) command -v "${1#command:}" >/dev/null 2>&1 || [ -x "/usr/sbin/${1#command:}" ] ;;
    esac
}

missing=$(echo "$needs" | while read -r proof package; do
    [ -n "$proof" ] || continue
    present "$proof" || echo "$package"
done | sort -u | tr '\n' ' ')
missing=${missing% }

# What drives the browser and what the inspector's page is made of come from npm, in the versions that the lock files name.
modules() {
    case $want in
    test | web | screenshots) folder=tests/web ;;
    inspector) folder=web/inspector ;;
    *) return 0 ;;
    esac
    there=$folder/node_modules/.package-lock.json
    [ -f "$there" ] && [ ! "$folder/package-lock.json" -nt "$there" ] && return 0
    echo "deps: installing $folder/node_modules with npm" >&2
    if ! (cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2); then
        echo "deps: npm could not get what $folder/package-lock.json names: is there a way to the npm registry (npm config get registry)?" >&2
        exit 1
    fi
    touch "$there"
}

# promtool is in Debian's package of the whole Prometheus server, which would start one: it alone is taken out.
take_promtool() {
    [ "$want" = test ] || return 0
    command -v promtool >/dev/null 2>&1 && return 0
    [ -x tests/tools/promtool ] && return 0
    command -v apt-get >/dev/null 2>&1 || { echo "deps: put promtool (of Prometheus) into the PATH" >&2; return 1; }
    echo "deps: taking promtool out of Debian's package prometheus into tests/tools (nothing is installed)" >&2
    folder=$(mktemp -d)
    mkdir -p tests/tools
    (cd "$folder" && { apt-get -qq download prometheus || { $sudo apt-get -qq update && apt-get -qq download prometheus; }; } &&
        dpkg-deb --fsys-tarfile prometheus_*.deb | tar -xf - ./usr/bin/promtool) >&2 &&
        mv "$folder/usr/bin/promtool" tests/tools/promtool || { rm -rf "$folder"; return 1; }
    rm -rf "$folder"
}

sudo=
[ "$(id -u)" -eq 0 ] || sudo=sudo
if [ -z "$missing" ]; then
    modules
    take_promtool
    exit
fi

echo "deps: missing: $missing" >&2
if ! command -v apt-get >/dev/null 2>&1; then
    echo "deps: this machine has no apt-get; install the equivalents of these Debian packages: $missing" >&2
    exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null 2>&1; then
        echo "deps: not root and no sudo; as root run: apt-get install $missing" >&2
        exit 1
    fi
fi
# The tests start a PostgreSQL of their own: Debian's package must not create a cluster and start it.
no_cluster() {
    case " $missing " in *" postgresql "*) ;; *) return 0 ;; esac
    [ -e /etc/postgresql-common/createcluster.conf ] && return 0
    echo "deps: writing /etc/postgresql-common/createcluster.conf, so that no database is created or started" >&2
    $sudo mkdir -p /etc/postgresql-common
    printf '%s\n' '# No cluster is created when PostgreSQL is installed (written by tools/deps.sh of clickbaton).' \
        'create_main_cluster = false' | $sudo tee /etc/postgresql-common/createcluster.conf >/dev/null
}

echo "deps: installing them with apt-get" >&2
no_cluster
export DEBIAN_FRONTEND=noninteractive
install() { $sudo apt-get -qq -y --no-install-recommends install $missing >&2; }
install || { $sudo apt-get -qq update >&2 && install; }
modules
take_promtool
