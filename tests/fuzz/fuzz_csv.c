/* Any bytes as a table, whole and in pieces: cells are UTF-8 and where they say, and how the file is cut changes nothing but
 * what can't be known of 8-bit text in its first piece; any cell as amount and moment; any bytes as a time zone. */
#include "core/base/zone.h"
#include "core/csv/cells.h"
#include "core/csv/columns.h"
#include "tests/fuzz/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct bench {
    struct buf cells;
    uint32_t line;
};

static void check_cell(struct slice text)
{
    struct cells_habits h = { 0 };
    struct slice currency;
    struct cells_time t;
    int64_t micros;
    enum cells_result r = cells_amount(text, &h, &micros, &currency);

    MUST(r == CELLS_OK || micros == 0);
    MUST(micros <= MONEY_MAX_UNITS * MONEY_SCALE && micros >= -MONEY_MAX_UNITS * MONEY_SCALE);
    r = cells_moment(text, &h, &t);
    MUST(r != CELLS_OK || (t.seconds >= 0 && t.seconds < INT64_C(253402387200)));
}

static int row(void *context, const struct csv_row *r, struct err *err)
{
    struct bench *b = context;
    struct columns found;
    const char *code;
    struct buf problem = { 0 };

    (void)err;
    MUST(r->count >= 1 && r->count <= CSV_CELLS_MAX && r->line >= b->line);
    b->line = r->line;
    for (size_t i = 0; i < r->count; i++) {
        MUST(utf8_valid(r->cells[i].text));
        MUST(r->cells[i].line >= r->line && r->cells[i].col >= 1);
        buf_printf(&b->cells, "%u:%u", r->cells[i].line, r->cells[i].col);
        buf_add(&b->cells, r->cells[i].text);
        check_cell(r->cells[i].text);
    }
    if (columns_find(r, S("txid=1"), 1u << COLUMN_CLICK_ID, &found, &code, &problem) == 0)
        MUST(found.at[COLUMN_TXID] >= 0 && found.at[COLUMN_CLICK_ID] >= 0);
    else
        MUST(problem.len > 10 && code[0] == 'F');
    buf_free(&problem);
    return 0;
}

static void flaw(void *context, const char *code, uint32_t line, uint32_t col, const char *text)
{
    (void)context;
    (void)col;
    MUST(line >= 1 && text[0] && (code[3] == '4' || code[3] == '9'));
}

static int read_in(struct slice text, size_t piece, enum csv_encoding encoding, struct bench *b)
{
    const struct csv_use use = { row, flaw, b, encoding, 0 };
    struct csv *c = csv_new(&use);
    struct err err = { 0 };
    int rc = 0;

    MUST(c != NULL);
    while (rc == 0 && text.len > piece) {
        rc = csv_feed(c, slice_head(text, piece), false, &err);
        text = slice_from_at(text, piece);
    }
    if (rc == 0)
        rc = csv_feed(c, text, true, &err);
    MUST((rc == 0) == (err.text[0] == '\0'));
    csv_free(c);
    return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = { (const char *)data, size };
    struct bench whole = { .line = 1 }, cut = { .line = 1 };
    struct arena arena;
    const struct zone *z;

    if (size < 1)
        return 0;
    text = slice_from_at(text, 1);
    arena_init(&arena, 1 << 20);
    z = zone_load(&arena, text);
    if (z)
        zone_moment(z, (int64_t)data[0] * 20000000, NULL);
    arena_free(&arena);
    if (data[0] & 128) { /* the same, however it is cut */
        MUST(read_in(text, SIZE_MAX, CSV_WINDOWS_1252, &whole) ==
             read_in(text, (data[0] & 127u) + 1, CSV_WINDOWS_1252, &cut));
        MUST(slice_eq(buf_slice(&whole.cells), buf_slice(&cut.cells)));
    } else {
        read_in(text, (data[0] & 127u) + 1, CSV_UNKNOWN, &whole);
    }
    buf_free(&whole.cells);
    buf_free(&cut.cells);
    return 0;
}
