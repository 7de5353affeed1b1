#!/bin/sh
# Does tests/structure.sh see each kind of offence?  It is given a copy of the tree with one at a time.
set -u
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT INT TERM
bad=0

# expect WORDS-OF-THE-OFFENCE FILE LINE-TO-PUT-FIRST
expect() {
    rm -rf "$dir/t" && mkdir -p "$dir/t/tests/unit" "$dir/t/tests/fuzz" "$dir/t/bench"
    cp -r core adapters cli "$dir/t/"
    { echo "$3"; cat "$2"; } > "$dir/t/$2"
    if tests/structure.sh "$dir/t" | grep -q "$1"; then
        echo "ok structure sees: $3 in $2"
    else
        echo "FAILED structure does not see: $3 in $2"
        bad=1
    fi
}

expect 'core/ is pure' core/base/buf.c '#include <time.h>'
expect 'core/ is pure' core/base/buf.c '#include "adapters/store/store.h"'
expect 'core/ is pure' core/yaml/yaml.h '#include <curl/curl.h>'
expect 'adapters do not know each other' adapters/http/server.c '#include "adapters/store/store.h"'
expect 'nothing includes cli/' adapters/store/store.c '#include "cli/cli.h"'
expect 'mutable globals' core/base/err.c 'static int counter;'
expect 'must not' core/base/err.c 'void f(void) { fopen(0, 0); }'
exit "$bad"
