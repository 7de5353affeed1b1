#!/bin/sh
# Run fuzzers for SECONDS each, JOBS (2) side by side: tests/run-fuzz.sh SECONDS NAME...
#
# Seeds are what stands in tests/fuzz/corpus/NAME, words in tests/fuzz/dict/NAME.dict.  Without SEED a
# run is random, and what it finds of interest stays in build-fuzz/corpus/NAME for the next one.  With
# SEED=n it begins anew from the seeds, so that the same program does the same as far as time allows.
set -u

# One fuzzer: its line, or the end of its log.
one() {
    name=$1
    found=build-fuzz/corpus/$name
    [ -z "${SEED:-}" ] || found=$(mktemp -d "build-fuzz/seeded-$name.XXXXXX") || exit 1
    mkdir -p "$found" build-fuzz/found
    set -- -max_len=8192
    [ ! -f "tests/fuzz/dict/$name.dict" ] || set -- "$@" "-dict=tests/fuzz/dict/$name.dict"
    set -- "$@" "$found"
    [ ! -d "tests/fuzz/corpus/$name" ] || set -- "$@" "tests/fuzz/corpus/$name"
    "build-fuzz/fuzz/$name" -seed="${SEED:-0}" -max_total_time="$SECONDS_EACH" -timeout=20 -rss_limit_mb=2048 \
        -artifact_prefix="build-fuzz/found/$name-" -print_final_stats=1 "$@" >"build-fuzz/$name.log" 2>&1
    rc=$?
    [ -z "${SEED:-}" ] || rm -rf "$found"
    seed=$(sed -n 's/^INFO: Seed: *//p' "build-fuzz/$name.log")
    if [ "$rc" -eq 0 ]; then
        runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "build-fuzz/$name.log")
        edges=$(sed -n 's/^#.* cov: \([0-9]*\) .*/\1/p' "build-fuzz/$name.log" | tail -n 1)
        echo "ok fuzz $name: $runs executions in $SECONDS_EACH s, $edges edges, seed $seed"
    else
        echo "FAILED fuzz $name: seed $seed, see build-fuzz/$name.log, inputs in build-fuzz/found/"
        tail -n 40 "build-fuzz/$name.log"
    fi
    exit "$rc"
}

if [ "$1" = --one ]; then
    one "$2"
fi
SECONDS_EACH=$1
export SECONDS_EACH
shift
printf '%s\n' "$@" | xargs -P "${JOBS:-2}" -I{} sh "$0" --one {}
