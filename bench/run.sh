#!/bin/sh
# make bench: the figures, against nginx in the same run.  QUICK=1: a smoke of a few seconds.
# BENCH_DIR=FOLDER: measure the disk of that folder instead of the build folder's.
cd "$(dirname "$0")/.." || exit 1
if [ "${QUICK:-0}" != 0 ]; then # `make bench-trace` is the real one
    made=$(mktemp -d) || exit 1
    "${BUILD:-build}/bench/bench_trace" "$made" 6000 3 >/dev/null || exit 1
    rm -rf "$made"
fi
exec python3 -B bench/run.py
