# Tables of a Markdown page as lists of terms, which a terminal of any width can show: the first cell is the term, the
# second its text, further ones are said with the head of their column.
function cells(line, out,    n, i) {
    gsub(/\\\|/, "\001", line)
    sub(/^\| */, "", line)
    sub(/ *\|[ ]*$/, "", line)
    n = split(line, out, / *\| */)
    for (i = 1; i <= n; i++)
        gsub(/\001/, "|", out[i])
    return n
}
/^\|/ && !inside { columns = cells($0, head); inside = 1; next }
/^\|[-:| ]*$/ && inside { print ""; next }
/^\|/ {
    n = cells($0, cell)
    text = cell[2]
    for (i = 3; i <= n; i++)
        if (cell[i] != "")
            text = text (text == "" ? "" : "; ") head[i] ": " cell[i]
    printf "%s\n: %s\n\n", cell[1], text
    next
}
{ inside = 0; print }
