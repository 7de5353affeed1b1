#!/bin/sh
# Completions for bash, zsh and fish, from what --help prints.  packaging/completions.sh PROGRAM OUT
set -eu
program=$1 out=$2
mkdir -p "$out"

verbs() {
    "$program" --help | sed -n 's/^  \([a-z][a-z]*\)  *\(.*\)/\1\t\2/p'
}
# options VERB: "--click<TAB>URL<TAB>a registered click ..."; the second is empty for a flag
options() {
    "$program" "$1" --help |
        sed -nE 's/^  (-[a-z], )?(--[a-z][a-z-]*)( [A-Z][A-Z0-9|-]*)? +(.*)$/\2\t\3\t\4/p' | sed 's/\t /\t/'
}
names() { options "$1" | cut -f1 | tr '\n' ' ' | sed 's/ $//'; }

{
    echo '# bash completion for clickbaton; made by packaging/completions.sh'
    echo '_clickbaton() {'
    echo '    local word=${COMP_WORDS[COMP_CWORD]} options'
    echo '    if [ "$COMP_CWORD" -eq 1 ]; then'
    printf '        COMPREPLY=($(compgen -W "%s --help" -- "$word"))\n' "$(verbs | cut -f1 | tr '\n' ' ' | sed 's/ $//')"
    echo '        return'
    echo '    fi'
    echo '    case ${COMP_WORDS[1]} in'
    for verb in $(verbs | cut -f1); do
        printf '        %s) options="%s" ;;\n' "$verb" "$(names "$verb")"
    done
    echo '    esac'
    echo '    case $word in'
    echo '        -*) COMPREPLY=($(compgen -W "$options" -- "$word")) ;;'
    echo '        *) COMPREPLY=() ;; # -o default: files'
    echo '    esac'
    echo '}'
    echo 'complete -o default -F _clickbaton clickbaton'
} >"$out/clickbaton.bash"

# In single quotes and brackets of zsh's _arguments.
quoted() { sed "s/'/'\\\\''/g; s/\\[/\\\\[/g; s/\\]/\\\\]/g; s/:/\\\\:/g"; }
{
    echo '#compdef clickbaton'
    echo '# zsh completion for clickbaton; made by packaging/completions.sh'
    echo '_clickbaton() {'
    echo '    local -a verbs'
    echo '    verbs=('
    verbs | quoted | sed "s/^\\([a-z]*\\)\\t\\(.*\\)/        '\\1:\\2'/"
    echo '    )'
    echo '    if (( CURRENT == 2 )); then'
    echo '        _describe verb verbs'
    echo '        return'
    echo '    fi'
    echo '    case $words[2] in'
    for verb in $(verbs | cut -f1); do
        printf '        %s) _arguments -S \\\n' "$verb"
        options "$verb" | quoted | awk -F '\t' '{
            printf "            '"'"'%s[%s]%s'"'"' \\\n", $1, $3, $2 == "" ? "" : ":" $2 ":_files" }'
        printf "            '*:file:_files' ;;\n"
    done
    echo '    esac'
    echo '}'
    echo '_clickbaton "$@"'
} >"$out/_clickbaton"

fish_quoted() { sed "s/\\\\/\\\\\\\\/g; s/'/\\\\'/g"; }
{
    echo '# fish completion for clickbaton; made by packaging/completions.sh'
    verbs | fish_quoted | sed "s/^\\([a-z]*\\)\\t\\(.*\\)/complete -c clickbaton -n __fish_use_subcommand -f -a \\1 -d '\\2'/"
    for verb in $(verbs | cut -f1); do
        options "$verb" | fish_quoted | awk -F '\t' -v verb="$verb" '{
            printf "complete -c clickbaton -n '"'"'__fish_seen_subcommand_from %s'"'"' -l %s%s -d '"'"'%s'"'"'\n",
                verb, substr($1, 3), $2 == "" ? "" : " -r", $3 }'
    done
} >"$out/clickbaton.fish"
