#!/bin/sh
# Who may include whom (docs/DESIGN.md, "The house").  Prints each offence; exit 1 when there is one.
#   core/       core/, the C library's pure parts, libyaml, cJSON, OpenSSL's digests
#   adapters/X  core/ and adapters/X
#   cli/        everything; nobody includes cli/, but for unit tests and benchmarks of what is in it
# Usage: tests/structure.sh [ROOT]
set -u
cd "${1:-.}" || exit 1
bad=0
offence() { echo "structure: $1"; bad=1; }

# The pure parts: no clock, file, socket, thread, locale or environment.  math.h: of numbers only, never of money.
pure=' assert.h ctype.h float.h inttypes.h limits.h math.h stdalign.h stdarg.h stdbool.h stddef.h stdint.h stdio.h stdlib.h string.h yaml.h cjson/cJSON.h openssl/evp.h '

# "file included" for every include line below $1.
includes() {
    find "$1" -name '*.[ch]' -exec grep -H '^[[:space:]]*#[[:space:]]*include' {} + |
        sed -n 's/^\([^:]*\):[[:space:]]*#[[:space:]]*include[[:space:]]*[<"]\([^>"]*\)[>"].*/\1 \2/p'
}

for line in $(includes core | tr ' ' '>'); do
    file=${line%%>*} to=${line#*>}
    case $to in
    core/*) ;;
    *) case "$pure" in *" $to "*) ;; *) offence "$file includes <$to>: core/ is pure" ;; esac ;;
    esac
done

# What stdio, stdlib and string could do beyond memory and text.
impure='fopen|fread|fwrite|fprintf|printf|puts|getenv|system|time|clock|clock_gettime|gettimeofday|localtime|gmtime|rand|srand|strtod|atof|atoi|setlocale|open|read|write|socket|pthread_[a-z_]*'
hits=$(find core -name '*.[ch]' -exec grep -nHE "(^|[^A-Za-z0-9_.>])($impure)\(" {} + | grep -vE ':[0-9]+:[[:space:]]*(/?\*|//)')
[ -z "$hits" ] || offence "core/ calls what it must not: $hits"

# Globals that can change: a file-level definition that is neither const nor a function.
hits=$(find core -name '*.c' -exec grep -nHE '^(static )?(unsigned |signed )?(struct [a-z_]+|int|long|char|bool|size_t|u?int[0-9]+_t) \**[a-z_]+(\[[^]]*\])?( = .*)?;' {} +)
[ -z "$hits" ] || offence "core/ has mutable globals: $hits"

for line in $(includes adapters | tr ' ' '>'); do
    file=${line%%>*} to=${line#*>}
    room=$(echo "$file" | cut -d/ -f1-2)
    case $to in
    adapters/*) case $to in "$room"/*) ;; *) offence "$file includes $to: adapters do not know each other" ;; esac ;;
    cli/*) offence "$file includes $to: nothing includes cli/" ;;
    esac
done

for line in $(includes tests/fuzz 2>/dev/null | tr ' ' '>'); do
    case ${line#*>} in cli/*) offence "${line%%>*} includes ${line#*>}: nothing includes cli/" ;; esac
done

[ "$bad" -eq 0 ] && echo "structure: the rules hold"
exit "$bad"
