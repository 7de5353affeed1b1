# What --help prints, as Markdown of a man page: the synopsis and what it says as paragraphs, options and words as terms, so
# that a terminal of any width can show it; examples stand as they are.
function plain(text) { # Markdown's own marks
    gsub(/[\\*_<>|\[\]]/, "\\\\&", text)
    return text
}
function paragraph() {
    if (term != "")
        printf "**%s**\n: %s\n\n", plain(term), plain(text)
    else if (text != "")
        print plain(text) "\n"
    term = text = ""
}
# "  --name ARGUMENT    text": two blanks end the term, or one where a long term left no more room.
function row(line,    at) {
    paragraph()
    at = match(line, /  +[^ ]/)
    if (line ~ /^500  502  503/)
        at = index(line, "503") + 3
    if (!at)
        at = match(line, / [a-z]/)
    term = substr(line, 1, at - 1)
    text = substr(line, at)
    sub(/^ +/, "", text)
}
BEGIN { part = "examples" }
/^usage: / { part = "usage"; sub(/^usage: /, "") }
part == "examples" { if ($0 != "") examples[++n] = $0; next }
part == "usage" && /^$/ { part = "about" }
/^options:$/ { part = "options"; paragraph(); next }
/^$/ { paragraph(); next }
part != "usage" && /^  [^ ]/ { row(substr($0, 3)); next }
{ sub(/^ +/, ""); text = text (text == "" ? "" : " ") $0 }
END {
    paragraph()
    print "Such as:\n"
    for (i = 1; i <= n; i++)
        printf "    %s\n", substr(examples[i], 3)
    print ""
}
