#!/bin/sh
# make bench: the figures, against nginx in the same run.  QUICK=1: a smoke of a few seconds.
# BENCH_DIR=FOLDER: measure the disk of that folder instead of the build folder's.
cd "$(dirname "$0")/.." && exec python3 -B bench/run.py
