#!/bin/sh
# make test: every test there is, each part with its time; the last line counts all of them.
set -u
passed=0 failed=0
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT INT TERM
jobs=$(nproc 2>/dev/null || echo 2)

# part NAME COMMAND...: a command that ends in "N passed, N failed" is counted so; others as one.
part() {
    name=$1; shift
    start=$(date +%s)
    echo "== $name"
    "$@" >"$log" 2>&1
    rc=$?
    counts=$(sed -n 's/^\([0-9][0-9]*\) passed, \([0-9][0-9]*\) failed$/\1 \2/p' "$log")
    if [ -n "$counts" ]; then
        p=$(echo "$counts" | awk '{n += $1} END {print n}')
        f=$(echo "$counts" | awk '{n += $2} END {print n}')
        [ "$rc" -eq 0 ] || [ "$f" -ne 0 ] || f=1
    else
        p=$((rc == 0)) f=$((rc != 0))
    fi
    if [ "$rc" -ne 0 ]; then cat "$log"; else grep -E '^(FAILED|ok fuzz)' "$log"; fi
    echo "   $name: $p passed, $f failed, $(($(date +%s) - start)) s"
    passed=$((passed + p)) failed=$((failed + f))
}

m() { ${MAKE:-make} --no-print-directory -j"$jobs" "$@"; }

part "structure" m structure
part "build" m all
part "unit" m unit
part "end to end" m e2e
part "browser" m web
part "clang, no warnings" m other-compiler
part "sanitizers: unit" m BUILD=build-asan SAN=address,undefined CFLAGS='-O1 -g' unit
part "sanitizers: end to end" m BUILD=build-asan SAN=address,undefined CFLAGS='-O1 -g' e2e
part "valgrind: unit" m valgrind
part "fuzz, a smoke" m fuzz S=3
part "demo" m demo
part "benchmark, a smoke" env QUICK=1 ${MAKE:-make} --no-print-directory bench

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
