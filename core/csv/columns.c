#include "core/csv/columns.h"

#include "core/base/diag.h"

#define PLAIN 64

const char *const column_names[] = { "click_id", "txid", "status", "amount", "currency", "time",
                                     "offer", "email", "phone", NULL };

#define K "Keitaro"
#define V "Voluum"
#define R "RedTrack"
#define B "BeMob"
#define N "Binom"
const struct column_row column_rows[] = {
#define COLUMN(id, header, trackers, mark) { COLUMN_##id, header, trackers, COLUMN_##mark },
#include "core/csv/columns.def"
#undef COLUMN
    { COLUMNS, NULL, NULL, COLUMN_GUESS },
};

struct slice columns_plain(struct slice header, char *to, size_t room)
{
    size_t n = 0;

    for (size_t i = 0; i < header.len && n < room; i++)
        if (ascii_is_alnum(header.ptr[i]) || (unsigned char)header.ptr[i] >= 0x80)
            to[n++] = ascii_lower(header.ptr[i]);
    return (struct slice){ to, n };
}

static int find_known(const struct csv_row *header, enum column column)
{
    char plain[PLAIN];

    for (const struct column_row *r = column_rows; r->header; r++)
        for (size_t i = 0; r->column == column && i < header->count; i++)
            if (slice_eq(columns_plain(header->cells[i].text, plain, PLAIN),
                         slice_from(r->header)))
                return (int)i;
    return -1;
}

static void list_found(const struct csv_row *header, struct buf *out)
{
    buf_puts(out, "; the columns here are ");
    for (size_t i = 0; i < header->count && i < 60; i++)
        buf_printf(out, "%s\"%.*s\"", i ? ", " : "", (int)(header->cells[i].text.len > 60 ? 60 : header->cells[i].text.len),
                   slice_bytes(header->cells[i].text));
    if (header->count > 60)
        buf_puts(out, ", ...");
}

static void nearest(struct slice word, const struct csv_row *header, struct buf *out)
{
    struct slice names[CSV_CELLS_MAX + 1], near;

    for (size_t i = 0; i < header->count; i++)
        names[i] = header->cells[i].text;
    names[header->count] = (struct slice){ 0 };
    near = diag_nearest(word, names);
    if (near.len)
        buf_printf(out, "; did you mean \"%.*s\"?", SLICE_ARG(near));
}

/* The cell that `name` means, by its whole header, its letters, or its number. */
static int named(const struct csv_row *header, struct slice name)
{
    char a[PLAIN], b[PLAIN];
    struct slice plain = columns_plain(name, a, PLAIN);
    uint64_t number;

    for (size_t i = 0; i < header->count; i++)
        if (slice_eq(header->cells[i].text, name))
            return (int)i;
    for (size_t i = 0; i < header->count; i++)
        if (plain.len && slice_eq(columns_plain(header->cells[i].text, b, PLAIN), plain))
            return (int)i;
    return slice_to_u64(name, &number) && number >= 1 && number <= header->count ? (int)number - 1
                                                                                : -1;
}

static int column_by_name(struct slice name)
{
    for (int i = 0; column_names[i]; i++)
        if (slice_eq_nocase(name, slice_from(column_names[i])))
            return i;
    return -1;
}

/* Where the next "column=" begins behind a comma: a header may hold commas itself. */
static size_t end_of_item(struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        struct slice name, rest;
        if (s.ptr[i] == ',' && slice_cut(slice_from_at(s, i + 1), '=', &name, &rest) &&
            column_by_name(slice_trim(name)) >= 0)
            return i;
    }
    return s.len;
}

static int take_said(const struct csv_row *header, struct slice said, struct columns *out,
                     struct buf *problem)
{
    bool had[COLUMNS] = { false };

    while (said.len) {
        size_t end = end_of_item(said);
        struct slice item = slice_head(said, end), name, header_name;
        int column;
        said = slice_from_at(said, end + 1);
        if (!slice_cut(item, '=', &name, &header_name) ||
            (column = column_by_name(slice_trim(name))) < 0) {
            buf_printf(problem, "\"%.*s\" is not COLUMN=HEADER, where COLUMN is one of click_id, txid, "
                       "status, amount, currency, time, offer, email, phone",
                       SLICE_ARG(slice_trim(item)));
            return -1;
        }
        header_name = slice_trim(header_name);
        if (had[column]) {
            buf_printf(problem, "%s is said twice", column_names[column]);
            return -1;
        }
        had[column] = true;
        out->at[column] = header_name.len ? named(header, header_name) : -1;
        if (header_name.len && out->at[column] < 0) {
            buf_printf(problem, "there is no column \"%.*s\" for %s", SLICE_ARG(header_name),
                       column_names[column]);
            nearest(header_name, header, problem);
            list_found(header, problem);
            return -1;
        }
    }
    return 0;
}

/* The known header that is nearest to one of the file's. */
static void suggest(const struct csv_row *header, enum column column, struct buf *problem)
{
    struct slice known[80] = { { 0 } };
    size_t n = 0;

    for (const struct column_row *r = column_rows; r->header && n + 1 < 80; r++)
        if (r->column == column)
            known[n++] = slice_from(r->header);
    for (size_t i = 0; i < header->count; i++) {
        char plain[PLAIN];
        struct slice near = diag_nearest(columns_plain(header->cells[i].text, plain, PLAIN), known);
        if (near.len) {
            buf_printf(problem, "; is it \"%.*s\"? then --columns \"%s=%.*s\"",
                       SLICE_ARG(header->cells[i].text), column_names[column],
                       SLICE_ARG(header->cells[i].text));
            return;
        }
    }
}

int columns_find(const struct csv_row *header, struct slice said, unsigned needed,
                 struct columns *out, const char **code, struct buf *problem)
{
    bool there = false;
    int first = -1;

    out->count = header->count;
    for (int i = 0; i < COLUMNS; i++)
        out->at[i] = find_known(header, (enum column)i);
    *code = "F038";
    if (take_said(header, said, out, problem) != 0)
        return -1;
    for (int i = 0; i < COLUMNS; i++) {
        if (!(needed & 1u << i))
            continue;
        there |= out->at[i] >= 0;
        first = first < 0 ? i : first;
    }
    if (there || first < 0)
        return 0;
    *code = "F032";
    buf_puts(problem, "no column with ");
    for (int i = 0, n = 0; i < COLUMNS; i++)
        if (needed & 1u << i)
            buf_printf(problem, "%s%s", n++ ? " or " : "", column_names[i]);
    buf_puts(problem, " was found");
    suggest(header, (enum column)first, problem);
    list_found(header, problem);
    return -1;
}
