#!/bin/sh
# Run fuzzers for SECONDS each: tests/run-fuzz.sh SECONDS NAME...  The corpus grows in build-fuzz/;
# seeds are the case files and what stands in tests/fuzz/corpus/NAME.
set -u
seconds=$1; shift
bad=0
for name in "$@"; do
    corpus=build-fuzz/corpus/$name
    mkdir -p "$corpus" build-fuzz/found
    seeds=
    [ -d "tests/fuzz/corpus/$name" ] && seeds=tests/fuzz/corpus/$name
    if "build-fuzz/fuzz/$name" -max_total_time="$seconds" -max_len=8192 -timeout=10 -rss_limit_mb=2048 \
        -artifact_prefix="build-fuzz/found/$name-" -print_final_stats=1 "$corpus" $seeds >"build-fuzz/$name.log" 2>&1; then
        echo "ok fuzz $name: $(sed -n 's/^stat::number_of_executed_units: *//p' "build-fuzz/$name.log") executions in $seconds s"
    else
        echo "FAILED fuzz $name: see build-fuzz/$name.log, inputs in build-fuzz/found/"
        tail -n 40 "build-fuzz/$name.log"
        bad=1
    fi
done
exit "$bad"
