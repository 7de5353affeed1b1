#!/bin/sh
# Usage: embed.sh BUILD/ FILE...
# Print assembly that puts each FILE into the read-only data of the binary, and a table of them (a file
# that was made under BUILD/ goes by the name that it has there):
# struct embedded_file { const char *name; const char *begin, *end; } embedded_files[], ended by a NULL name.
set -eu
build=$1
shift
echo '    .section .rodata'
i=0
for f in "$@"; do
    printf 'n%d: .asciz "%s"\nb%d: .incbin "%s"\ne%d: .byte 0\n' "$i" "${f#"$build"}" "$i" "$f" "$i"
    i=$((i + 1))
done
echo '    .section .data.rel.ro,"aw"'
echo '    .balign 8'
echo '    .globl embedded_files'
echo 'embedded_files:'
j=0
while [ "$j" -lt "$i" ]; do
    printf '    .quad n%d, b%d, e%d\n' "$j" "$j" "$j"
    j=$((j + 1))
done
echo '    .quad 0, 0, 0'
echo '    .section .note.GNU-stack,"",%progbits'
