#!/bin/sh
# Run unit test programs; print a line for each, and everything of one that fails.  RUN is put in
# front of each (valgrind), JOBS run side by side.  Last line: N passed, N failed (tests, as cmocka
# counts them).
set -u

# One program: its line, and a last one with its counts for the sum.
one() {
    log=$(mktemp) || exit 1
    ${RUN:-} "$1" >"$log" 2>&1
    rc=$?
    p=$(sed -n 's/^\[  PASSED  \] \([0-9]*\) test.*/\1/p' "$log" | awk '{n += $1} END {print n + 0}')
    f=$(sed -n 's/^\[  FAILED  \] \([0-9]*\) test.*/\1/p; s/^ \([0-9]*\) FAILED TEST.*/\1/p' "$log" | sort -n | tail -n 1)
    f=${f:-0}
    if [ "$rc" -ne 0 ] || [ "$f" -ne 0 ] || [ "$p" -eq 0 ]; then
        [ "$f" -ne 0 ] || f=1
        printf 'FAILED %s (exit %s)\n%s\ncounted %s %s\n' "${1##*/}" "$rc" "$(cat "$log")" "$p" "$f"
    else
        printf 'ok %s: %s\ncounted %s %s\n' "${1##*/}" "$p" "$p" "$f"
    fi
    rm -f "$log"
}

if [ "${1:-}" = --one ]; then
    one "$2"
    exit 0
fi
all=$(mktemp) || exit 1
trap 'rm -f "$all"' EXIT INT TERM
printf '%s\n' "$@" | xargs -P "${JOBS:-1}" -I{} sh "$0" --one {} >"$all"
grep -v '^counted ' "$all"
sum=$(awk -v programs=$# '/^counted / {p += $2; f += $3; n++} END {print p + 0, f + programs - n}' "$all")
echo "${sum% *} passed, ${sum#* } failed"
[ "${sum#* }" -eq 0 ]
