#!/bin/sh
# Man pages: clickbaton(1) from what --help prints, the others from docs/.  packaging/man.sh PROGRAM OUT
set -eu
program=$1 out=$2
here=$(dirname "$0")
docs=$here/../docs
version=$("$program" version | cut -d' ' -f2)
day=$(date -u -d "@${SOURCE_DATE_EPOCH:-$(date +%s)}" +%Y-%m-%d)
mkdir -p "$out"

# In a man page a link is its words, and another page its name.
links() {
    sed -e 's/\[\([^]]*\)\](#[^)]*)/\1/g' \
        -e 's/\[\(docs\/[a-z]*\)\]([a-z]*\/)/\1/g' \
        -e 's/\[[^]]*\](mapping\.md)/**clickbaton-mapping**(5)/g' \
        -e 's/\[[^]]*\](chains\.md)/**clickbaton-chain**(5)/g' \
        -e 's/\[[^]]*\](configuration\.md)/**clickbaton.yaml**(5)/g' \
        -e 's/\[\([a-zA-Z-]*\.md\)\](\1)/docs\/\1/g' \
        -e 's/\[\([^]]*\)\](\([a-zA-Z][a-zA-Z./-]*\.md\)[^)]*)/\1 (docs\/\2)/g' \
        -e 's/(docs\/docs\//(docs\//g'
}

# page NAME SECTION ABOUT < markdown
page() {
    {
        printf '%% "%s" "%s" "%s" "clickbaton %s" "clickbaton"\n\n# NAME\n\n%s - %s\n\n' \
            "$1" "$2" "$day" "$version" "$1" "$3"
        awk -f "$here/lists.awk"
        printf '\n# SEE ALSO\n\n'
        for other in 'clickbaton(1)' 'clickbaton-mapping(5)' 'clickbaton-chain(5)' 'clickbaton.yaml(5)'; do
            [ "$other" = "$1($2)" ] || printf '**%s**(%s\n\n' "${other%(*}" "${other#*(}"
        done
    } | go-md2man | sed -e 's/\\fC/\\fB/g' -e 's/^\.TH "\("[^"]*"\) *\(.*\)"$/.TH \1 \2/' >"$out/$1.$2"
}

# The first heading of a page of docs/ is its title; a man page has NAME instead.
document() {
    sed -e '1,/^# /{/^# /c\
# DESCRIPTION
}' -e 's/^## /# /' "$docs/$1" | links
}

verbs() {
    "$program" --help | sed -n 's/^  \([a-z][a-z]*\)  .*/\1/p'
}

manual() {
    printf '# SYNOPSIS\n\n**clickbaton** *verb* [*arguments*]\n\n# DESCRIPTION\n\n'
    printf 'Takes the postbacks of affiliate trackers, turns them by per-offer mapping files into TikTok Events API events\n'
    printf 'that carry the click'"'"'s ttclid and event_id, and delivers each of them once.\n\n# VERBS\n\n'
    for verb in $(verbs); do
        printf '### %s\n\n' "$verb"
        "$program" "$verb" --help | awk -f "$here/help.awk"
    done
    cat <<'END'
# EXIT STATUS

| code | meaning |
|---|---|
| 0 | done |
| 1 | the answer is no: not translated, a check failed, a chain is broken |
| 2 | wrong usage |
| 3 | an error in the configuration or in a mapping |
| 4 | storage or input and output |
| 5 | the upstream can't be reached |

# FILES

*clickbaton.yaml* in the current folder, unless **-c** names another; the package's service reads
*/etc/clickbaton/clickbaton.yaml*. *DATA/clickbaton.db* is the store, a SQLite file. The pages that are named docs/... here, and
examples, are in */usr/share/doc/clickbaton* (*/usr/local/share/doc/clickbaton* when it was installed by make).
END
}

manual | page clickbaton 1 'tracker postbacks in, TikTok events out'
document mapping.md | page clickbaton-mapping 5 'mapping files: what a postback means'
document chains.md | page clickbaton-chain 5 'chain files: redirects from the ad to the offer'
document configuration.md | page clickbaton.yaml 5 'the configuration of clickbaton serve'
