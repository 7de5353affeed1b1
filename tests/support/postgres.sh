#!/bin/sh
# Run a command beside a private PostgreSQL: a new one in a folder of its own, reached by a socket in it, gone afterwards.
# The command finds its URL in CLICKBATON_TEST_PG; where that is set already, it is used as it is.
#   tests/support/postgres.sh COMMAND...     tests/support/postgres.sh --find: the folder of the server's programs
# Whatever ends this script, a kill of it or of who called it included, the server ends some seconds later.
set -eu

# The newest of what is installed, from 12 on: Debian's folders, those of postgresql.org's packages, the PATH.
find_bin() {
    for folder in /usr/lib/postgresql/*/bin /usr/pgsql-*/bin "$(pg_config --bindir 2>/dev/null || true)" \
        "$(dirname "$(command -v initdb || echo /none/x)")"; do
        [ -x "$folder/initdb" ] || continue
        folder=$(dirname "$(readlink -f "$folder/initdb")") # of a link in the PATH
        [ -x "$folder/postgres" ] && [ -x "$folder/pg_ctl" ] || continue
        version=$("$folder/initdb" --version 2>/dev/null | sed 's/[^0-9]*\([0-9]*\).*/\1/')
        [ "${version:-0}" -ge 12 ] && echo "$version $folder"
    done | sort -n | tail -n 1 | cut -d' ' -f2-
}
bin=$(find_bin)
[ -n "$bin" ] || { echo "postgres.sh: PostgreSQL 12 or newer is not installed (apt-get install postgresql)" >&2; exit 1; }
if [ "${1:-}" = --find ]; then
    echo "$bin"
    exit 0
fi
# The server refuses to run as root.
user=postgres
[ "$(id -u)" -ne 0 ] || id "$user" >/dev/null 2>&1 || user=nobody
as() {
    if [ "$(id -u)" -eq 0 ]; then
        (cd / && exec setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups "$@")
    else
        "$@"
    fi
}
stop() {
    trap '' INT TERM HUP
    [ -z "$child" ] || kill -TERM "-$child" 2>/dev/null || true
    as "$bin/pg_ctl" -D "$folder/data" -m immediate stop >/dev/null 2>&1 || true
    rm -rf "$folder"
}
# Looks after the script from a session of its own: it may be killed, or who has called it.
if [ "${1:-}" = --guard ]; then
    script=$2 parent=$3 folder=$4
    while { read -r _ _ state now _ <"/proc/$script/stat"; } 2>/dev/null && [ "$now" = "$parent" ] && [ "$state" != Z ]; do
        sleep 1
    done
    kill -TERM "$script" 2>/dev/null && sleep 3
    [ -d "$folder" ] || exit 0
    child=$(cat "$folder/child" 2>/dev/null || true)
    stop
    exit 0
fi
[ -z "${CLICKBATON_TEST_PG:-}" ] || exec "$@"

folder=$(mktemp -d /tmp/clickbaton-pg.XXXXXX)
child=
trap stop EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
[ "$(id -u)" -ne 0 ] || chown "$user" "$folder"

if ! as "$bin/initdb" -D "$folder/data" -U clickbaton -A trust -E UTF8 --locale=C --no-sync >"$folder/log" 2>&1; then
    cat "$folder/log" >&2
    exit 1
fi
# What is tested here is not the disk: kills of the database are (tests/cluster), with fsync on.
cat >>"$folder/data/postgresql.conf" <<END
listen_addresses = ''
unix_socket_directories = '$folder'
fsync = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
max_connections = 200
shared_buffers = 64MB
jit = off
deadlock_timeout = 100ms
END
if ! as "$bin/pg_ctl" -D "$folder/data" -l "$folder/data/server.log" -w -t 60 start >/dev/null 2>&1; then
    cat "$folder/data/server.log" >&2
    exit 1
fi
setsid sh "$0" --guard $$ "$PPID" "$folder" </dev/null >/dev/null 2>&1 &
guardian=$!
export CLICKBATON_TEST_PG="postgresql:///postgres?host=$folder&user=clickbaton"
# In the background, so that a signal is heard at once; in a session of its own, so that all of it can be ended.
exec 3<&0
setsid "$@" <&3 3<&- &
child=$!
echo "$child" >"$folder/child"
exec 3<&-
rc=0
wait "$child" || rc=$?
child=
kill "$guardian" 2>/dev/null || true
exit "$rc"
