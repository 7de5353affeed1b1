#include "tests/support/case_file.h"

#include <stdio.h>

#define FILE_MAX_BYTES (1024 * 1024)

static const struct {
    struct slice key;
    size_t at; /* of a struct case_list when `many`, else of a struct case_entry */
    bool many, required;
} keys[] = {
    { SLICE("about"), offsetof(struct case_file, about), false, true },
    { SLICE("mapping"), offsetof(struct case_file, mapping), false, true },
    { SLICE("at"), offsetof(struct case_file, at), false, true },
    { SLICE("request"), offsetof(struct case_file, request), false, true },
    { SLICE("type"), offsetof(struct case_file, type), false, false },
    { SLICE("body"), offsetof(struct case_file, body), false, false },
    { SLICE("click"), offsetof(struct case_file, click), false, false },
    { SLICE("verdict"), offsetof(struct case_file, verdict), false, true },
    { SLICE("code"), offsetof(struct case_file, code), false, false },
    { SLICE("reason"), offsetof(struct case_file, reason), false, false },
    { SLICE("warning"), offsetof(struct case_file, warnings), true, false },
    { SLICE("sent"), offsetof(struct case_file, sent), true, false },
};
#define KEYS (sizeof(keys) / sizeof(*keys))

static const char *take(struct case_file *c, struct slice key, struct case_entry e)
{
    struct case_entry *one;
    struct case_list *many;
    size_t i = 0;

    while (i < KEYS && !slice_eq(keys[i].key, key))
        i++;
    if (i == KEYS)
        return "there is no such key";
    one = (struct case_entry *)(void *)((char *)c + keys[i].at);
    many = (struct case_list *)(void *)((char *)c + keys[i].at);
    if (!keys[i].many && one->line)
        return "the key is given twice";
    if (keys[i].many && many->count == CASE_LIST_MAX)
        return "the key is given too often";
    *(keys[i].many ? &many->items[many->count++] : one) = e;
    return NULL;
}

int case_file_parse(struct slice text, struct case_file *out, unsigned *line, const char **problem)
{
    struct slice row, key, value;

    *out = (struct case_file){ .about = { { 0 }, 0 } };
    for (*line = 1; slice_next(&text, '\n', &row); ++*line) {
        if (row.len == 0 || row.ptr[0] == '#')
            continue;
        slice_cut(row, ':', &key, &value);
        *problem = "a line must be `key: value`";
        if (value.len == 0 || value.ptr[0] != ' ')
            return -1;
        *problem = take(out, key, (struct case_entry){ slice_from_at(value, 1), *line });
        if (*problem)
            return -1;
    }
    *line = 0;
    *problem = "about, mapping, at, request and verdict are required";
    for (size_t i = 0; i < KEYS; i++)
        if (keys[i].required &&
            !((const struct case_entry *)(const void *)((const char *)out + keys[i].at))->line)
            return -1;
    return 0;
}

struct slice case_file_expand(struct arena *arena, struct slice s)
{
    char *out = arena_alloc(arena, s.len);
    size_t n = 0;

    for (size_t i = 0; out && i < s.len; i++) {
        char c = s.ptr[i], next = i + 1 < s.len ? s.ptr[i + 1] : 0;
        if (c == '\\' && next == 'x' && i + 3 < s.len && ascii_hex(s.ptr[i + 2]) >= 0 &&
            ascii_hex(s.ptr[i + 3]) >= 0) {
            out[n++] = (char)(ascii_hex(s.ptr[i + 2]) * 16 + ascii_hex(s.ptr[i + 3]));
            i += 3;
        } else if (c == '\\' && (next == 'n' || next == '\\')) {
            out[n++] = next == 'n' ? '\n' : '\\';
            i++;
        } else {
            out[n++] = c;
        }
    }
    return (struct slice){ out, n };
}

bool case_file_slurp(struct arena *arena, const char *path, struct slice *text)
{
    FILE *f = fopen(path, "rb");
    char *bytes = arena_alloc(arena, FILE_MAX_BYTES);
    bool ok = f && bytes;

    *text = (struct slice){ 0 };
    if (ok)
        *text = (struct slice){ bytes, fread(bytes, 1, FILE_MAX_BYTES, f) };
    if (f)
        fclose(f);
    return ok;
}
