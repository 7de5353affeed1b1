/* pg_export.c: the ledger out of a database. */
#include "adapters/store/pg_ledger.h"
#include "core/base/when.h"

#define PAGE_ROWS 500
#define ROW_BYTES ((size_t)64 << 20)

static const enum pg_sql pages[LEDGER_TABLES] = { [LEDGER_CLICK] = PG_LEDGER_CLICKS, [LEDGER_POSTBACK] = PG_LEDGER_POSTBACKS,
                                                  [LEDGER_ATTEMPT] = PG_LEDGER_ATTEMPTS, [LEDGER_EVENT] = PG_LEDGER_EVENTS };

void pg_reading_start(struct pg_reading *r, struct pg *s, const struct ledger_filter *filter)
{
    *r = (struct pg_reading){ .s = s, .filter = filter, .table = LEDGER_CLICK };
    arena_init(&r->arena, ROW_BYTES);
}

void pg_reading_end(struct pg_reading *r)
{
    if (r->paged)
        pg_done(&r->page);
    r->paged = false;
    arena_free(&r->arena);
}

int pg_reading_header(struct pg_reading *r, struct ledger_row *out, struct err *err)
{
    static const char *const names[] = { "last_click", "last_postback", "last_event", "last_attempt", "gone_postback",
                                         "gone_attempt" };
    bool whole = r->filter->since == 0 && r->filter->until == 0 && r->filter->offer.len == 0;
    int64_t n[6];
    struct buf newest = { 0 };
    struct pg_rows_read rows;
    struct pg_call c;

    pg_start(&c, r->s, PG_LEDGER_HEADER);
    if (pg_run(&c, &rows, err) != 0)
        return -1;
    when_print(&newest, pg_int_at(&rows, 0, 0) / 1000);
    for (int i = 0; i < 6; i++)
        n[i] = pg_int_at(&rows, 0, i + 1);
    pg_done(&rows);
    if (!whole) { /* what a part names and does not hold is not missing */
        n[4] = n[1];
        n[5] = n[3];
    }
    *out = (struct ledger_row){ .table = LEDGER_HEADER };
    out->values[ledger_column(LEDGER_HEADER, "version")] = (struct ledger_value){ .set = true, .n = LEDGER_VERSION };
    out->values[ledger_column(LEDGER_HEADER, "newest")] =
        (struct ledger_value){ .set = true, .text = arena_dup(&r->arena, buf_slice(&newest)) };
    out->values[ledger_column(LEDGER_HEADER, "whole")] = (struct ledger_value){ .set = true, .n = whole };
    for (int i = 0; i < 6; i++)
        out->values[ledger_column(LEDGER_HEADER, names[i])] = (struct ledger_value){ .set = true, .n = n[i] };
    buf_free(&newest);
    return r->arena.full ? pg_no_room(err) : 0;
}

/* Of a table of days, all that is older than what is asked for is passed over: behind the ids that hold no time. */
static bool jumps(const struct pg_reading *r)
{
    return r->filter->since && r->table != LEDGER_CLICK && !r->timed;
}

static int next_page(struct pg_reading *r, struct err *err)
{
    const struct ledger_filter *f = r->filter;
    struct pg_call c;

    if (r->paged)
        pg_done(&r->page);
    r->paged = false;
    arena_reset(&r->s->scratch);
    pg_start(&c, r->s, pages[r->table]);
    pg_int(&c, r->after);
    pg_int(&c, f->since);
    pg_int(&c, f->until ? f->until : INT64_MAX);
    pg_text(&c, f->offer);
    pg_int(&c, PAGE_ROWS);
    pg_int(&c, jumps(r) ? PG_FIRST_DAY_ID : INT64_MAX);
    if (pg_run(&c, &r->page, err) != 0)
        return -1;
    r->paged = true;
    r->at = 0;
    return 0;
}

static int read_row(struct pg_reading *r, struct ledger_row *out, struct err *err)
{
    const struct ledger_column *c = ledger_shapes[r->table].columns;

    arena_reset(&r->arena);
    *out = (struct ledger_row){ .table = r->table };
    for (int i = 0; i < LEDGER_COLUMNS && c[i].name; i++) {
        struct ledger_value *v = &out->values[i];
        v->set = !pg_is_null(&r->page, r->at, i);
        if (c[i].kind == LEDGER_IDS) {
            if (v->set && !(v->ids = pg_ints_at(&r->page, r->at, i, &r->arena, &v->count)))
                return err_set(err, ERR_SYSTEM, "%s: a list of ids is not understood", r->s->where);
        } else if (c[i].kind == LEDGER_TEXT || c[i].kind == LEDGER_NAME) {
            v->text = pg_text_at(&r->page, r->at, i, &r->arena);
            v->set = v->text.len != 0;
        } else {
            v->n = pg_int_at(&r->page, r->at, i);
        }
    }
    r->after = out->values[0].n;
    r->at++;
    r->rows[r->table]++;
    return r->arena.full ? pg_no_room(err) : 1;
}

int pg_reading_next(struct pg_reading *r, enum ledger_table last, struct ledger_row *out, struct err *err)
{
    while (r->table <= last && r->table < LEDGER_END) {
        if ((!r->paged || (r->at == r->page.count && r->page.count == PAGE_ROWS)) && next_page(r, err) != 0)
            return -1;
        if (r->at < r->page.count)
            return read_row(r, out, err);
        pg_done(&r->page);
        r->paged = false;
        if (jumps(r)) {
            r->timed = true;
            r->after = pg_id_since(r->filter->since) - 1;
            continue;
        }
        r->timed = false;
        r->after = 0;
        r->table = (enum ledger_table)(r->table + 1);
    }
    return 0;
}

static int export_all(struct pg_reading *r, ledger_visit *visit, void *context, struct err *err)
{
    static const char *const names[LEDGER_TABLES] = { [LEDGER_CLICK] = "clicks", [LEDGER_POSTBACK] = "postbacks",
                                                      [LEDGER_ATTEMPT] = "attempts", [LEDGER_EVENT] = "events" };
    struct ledger_row row;
    int rc = pg_reading_header(r, &row, err);

    if (rc == 0)
        rc = visit(context, &row, err);
    while (rc == 0 && (rc = pg_reading_next(r, LEDGER_EVENT, &row, err)) == 1)
        rc = visit(context, &row, err);
    if (rc != 0)
        return rc;
    row = (struct ledger_row){ .table = LEDGER_END };
    for (int t = LEDGER_CLICK; t < LEDGER_END; t++)
        row.values[ledger_column(LEDGER_END, names[t])] = (struct ledger_value){ .set = true, .n = r->rows[t] };
    return visit(context, &row, err);
}

int store_pg_export(const char *url, const struct ledger_filter *filter, ledger_visit *visit, void *context, struct err *err)
{
    struct store *store = pg_open(url, false, false, err);
    struct pg *s = (struct pg *)store;
    struct pg_reading r;
    int rc;

    if (!store)
        return -1;
    pg_reading_start(&r, s, filter);
    rc = pg_simple(s, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", err);
    if (rc == 0)
        rc = export_all(&r, visit, context, err);
    pg_reading_end(&r);
    store_close(store);
    return rc;
}
