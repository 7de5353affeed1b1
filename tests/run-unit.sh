#!/bin/sh
# Run unit test programs; print a line for each, and everything of one that fails.  RUN is put in
# front of each (valgrind).  Last line: N passed, N failed (tests, as cmocka counts them).
set -u
passed=0 failed=0
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT INT TERM
for t in "$@"; do
    ${RUN:-} "$t" >"$log" 2>&1
    rc=$?
    p=$(sed -n 's/^\[  PASSED  \] \([0-9]*\) test.*/\1/p' "$log" | awk '{n += $1} END {print n + 0}')
    f=$(sed -n 's/^\[  FAILED  \] \([0-9]*\) test.*/\1/p; s/^ \([0-9]*\) FAILED TEST.*/\1/p' "$log" | sort -n | tail -n 1)
    f=${f:-0}
    if [ "$rc" -ne 0 ] || [ "$f" -ne 0 ] || [ "$p" -eq 0 ]; then
        [ "$f" -ne 0 ] || f=1
        echo "FAILED ${t##*/} (exit $rc)"
        cat "$log"
    else
        echo "ok ${t##*/}: $p"
    fi
    passed=$((passed + p)) failed=$((failed + f))
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
