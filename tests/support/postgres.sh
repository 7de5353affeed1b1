#!/bin/sh
# Run a command beside a private PostgreSQL: a new one in a folder of its own, reached by a socket in it, gone afterwards.
# The command finds its URL in CLICKBATON_TEST_PG.
set -eu

bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
[ -n "$bin" ] || { echo "postgres.sh: PostgreSQL is not installed (apt-get install postgresql)" >&2; exit 1; }
folder=$(mktemp -d /tmp/clickbaton-pg.XXXXXX)

# The server refuses to run as root.
as() {
    if [ "$(id -u)" -eq 0 ]; then
        setpriv --reuid=postgres --regid=postgres --clear-groups "$@"
    else
        "$@"
    fi
}
stop() {
    as "$bin/pg_ctl" -D "$folder/data" -m immediate stop >/dev/null 2>&1 || true
    rm -rf "$folder"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

if [ "$(id -u)" -eq 0 ]; then
    chown postgres "$folder"
fi
if ! as "$bin/initdb" -D "$folder/data" -U clickbaton -A trust -E UTF8 --locale=C -k >"$folder/log" 2>&1; then
    cat "$folder/log" >&2
    exit 1
fi
# What is tested here is not the disk: kills of the database are (tests/cluster), with fsync on.
cat >>"$folder/data/postgresql.conf" <<END
listen_addresses = ''
unix_socket_directories = '$folder'
fsync = off
max_connections = 200
shared_buffers = 64MB
END
if ! as "$bin/pg_ctl" -D "$folder/data" -l "$folder/data/server.log" -w -t 60 start >/dev/null 2>&1; then
    cat "$folder/data/server.log" >&2
    exit 1
fi
CLICKBATON_TEST_PG="postgresql:///postgres?host=$folder&user=clickbaton" "$@"
