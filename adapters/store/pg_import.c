/* pg_import.c: rows of a ledger into a database: of a file in one transaction, or of another store a batch at a time,
 * with what an earlier run has brought left as it is. */
#include <stdlib.h>

#include <openssl/rand.h>

#include "adapters/store/pg_fill.h"
#include "adapters/store/verify.h"

#define BATCH_BYTES ((size_t)8 << 20)
#define BATCH_ARENA ((size_t)96 << 20) /* one row may come to 64 MB */

static struct pg_import *of(struct ledger_import *base)
{
    return (struct pg_import *)base;
}

/* ---- who fills it ---- */

/* A server that has begun to write meanwhile sees the mark or is seen here: it claims its number before it looks. */
static int mark_filling(struct pg_import *im, struct err *err)
{
    struct pg *s = im->s;
    struct pg_rows_read rows;
    struct pg_call c;
    bool alive;

    if (RAND_bytes((unsigned char *)&im->token, sizeof(im->token)) != 1)
        return err_set(err, ERR_SYSTEM, "no random bytes can be had");
    if (pg_meta_set(s, PG_META_SET, "filling", im->token, err) != 0)
        return -1;
    pg_start(&c, s, PG_WRITERS_ALIVE);
    pg_int(&c, s->number);
    pg_name(&c, S(PG_COPY_NODE));
    if (pg_run(&c, &rows, err) != 0)
        return -1;
    alive = rows.count != 0;
    if (alive) {
        struct slice node = pg_text_at(&rows, 0, 1, &s->scratch);
        err_set(err, ERR_BUSY, "%s: a server (on %.*s) writes to it, or did so within the last minute; stop it first", s->where,
                SLICE_ARG(node));
    }
    pg_done(&rows);
    return alive ? -1 : 0;
}

/* A second one that began to fill it takes it over; the first one then commits nothing more. */
static int still_ours(struct pg_import *im, struct err *err)
{
    struct pg_rows_read rows;
    struct pg_call c;
    int n;

    pg_start(&c, im->s, PG_FILLING_STILL);
    pg_int(&c, im->token);
    if (pg_run(&c, &rows, err) != 0)
        return -1;
    n = rows.count;
    pg_done(&rows);
    return n ? 0 : err_set(err, ERR_BUSY, "%s: another import or copy into it has begun", im->s->where);
}

static int check_empty(struct pg_import *im, bool *any, struct err *err)
{
    struct pg_rows_read rows;
    struct pg_call c;

    pg_start(&c, im->s, PG_ANY_ROWS);
    if (pg_run(&c, &rows, err) != 0)
        return -1;
    *any = rows.count != 0;
    pg_done(&rows);
    return 0;
}

/* Empty, or filled in part by an earlier copy. */
static int open_place(struct pg_import *im, struct err *err)
{
    struct pg *s = im->s;
    int64_t filling = 0;
    bool any;

    if (check_empty(im, &any, err) != 0 || pg_meta_get(s, "filling", &filling, err) < 0)
        return -1;
    if (any && !(im->copying && filling))
        return err_set(err, ERR_INPUT, "%s: a store is there already%s", s->where,
                       filling ? ", filled in part by `clickbaton store copy`; run that again" : "; take an empty database");
    im->first = !filling;
    if (mark_filling(im, err) != 0) {
        if (im->first)
            pg_meta_set(s, PG_META_DROP, "filling", im->token, &(struct err){ 0 });
        return -1;
    }
    im->marked = true;
    return store_begin(&s->store, err);
}

/* ---- a batch ---- */

static int flush(struct pg_import *im, struct err *err)
{
    struct pg *s = im->s;
    int rc = 0;

    if (im->count == 0 && im->gone_count == 0)
        return 0;
    arena_reset(&s->scratch);
    if (im->gone_count)
        rc = pg_fill_remove(im, err);
    if (rc == 0 && im->count)
        rc = pg_fill_add(im, err);
    if (rc == 0 && !im->copying)
        rc = pg_tally_write(s, err);
    im->count = im->gone_count = 0;
    arena_reset(&im->batch);
    if (rc != 0)
        return -1;
    if (!im->copying)
        return 0;
    return still_ours(im, err) != 0 || store_commit(&s->store, err) != 0 || store_begin(&s->store, err) != 0 ? -1 : 0;
}

static int keep(struct pg_import *im, const struct ledger_row *row, struct err *err)
{
    struct ledger_row *to = &im->rows[im->count++];
    const struct ledger_column *c = ledger_shapes[row->table].columns;

    *to = *row;
    for (int i = 0; i < LEDGER_COLUMNS && c[i].name; i++) {
        struct ledger_value *v = &to->values[i];
        if (!v->set)
            continue;
        if (c[i].kind == LEDGER_TEXT || c[i].kind == LEDGER_NAME)
            v->text = arena_dup(&im->batch, v->text);
        if (c[i].kind == LEDGER_IDS && v->count) {
            int64_t *ids = ARENA_ARRAY(&im->batch, int64_t, v->count);
            if (ids)
                memcpy(ids, v->ids, v->count * sizeof(*ids));
            v->ids = ids;
        }
    }
    return im->batch.full ? pg_no_room(err) : 0;
}

static int make_room(struct pg_import *im, enum ledger_table table, struct err *err)
{
    if (im->table != table || im->count == PG_FILL_ROWS || im->gone_count == PG_FILL_ROWS || im->batch.used > BATCH_BYTES) {
        if (flush(im, err) != 0)
            return -1;
        im->table = table;
    }
    return 0;
}

/* ---- what is there ---- */

static bool same_value(const struct ledger_value *a, const struct ledger_value *b)
{
    return a->set == b->set && a->n == b->n && slice_eq(a->text, b->text) && a->count == b->count &&
           (a->count == 0 || memcmp(a->ids, b->ids, a->count * sizeof(*a->ids)) == 0);
}

static bool same_row(const struct ledger_row *a, const struct ledger_row *b)
{
    const struct ledger_column *c = ledger_shapes[a->table].columns;

    for (int i = 0; i < LEDGER_COLUMNS && c[i].name; i++)
        if (!same_value(&a->values[i], &b->values[i]))
            return false;
    return true;
}

static int look_further(struct pg_import *im, struct err *err)
{
    int rc = pg_reading_next(&im->old, LEDGER_EVENT, &im->was, err);

    im->has_was = rc == 1;
    return rc < 0 ? -1 : 0;
}

/* What stands before (table, id) is not in the source any more. */
static int remove_before(struct pg_import *im, enum ledger_table table, int64_t id, struct err *err)
{
    while (im->has_was && (im->was.table < table || (im->was.table == table && im->was.values[0].n < id))) {
        if (make_room(im, im->was.table, err) != 0)
            return -1;
        im->gone[im->gone_count++] = im->was.values[0].n;
        im->out->removed++;
        if (look_further(im, err) != 0)
            return -1;
    }
    return 0;
}

/* ---- the import's calls ---- */

static int start(struct ledger_import *base, const struct ledger_row *row, struct err *err)
{
    static const enum pg_rows to[LEDGER_TABLES] = { [LEDGER_CLICK] = PG_CLICKS, [LEDGER_POSTBACK] = PG_POSTBACKS,
                                                    [LEDGER_ATTEMPT] = PG_ATTEMPTS, [LEDGER_EVENT] = PG_EVENTS };
    struct pg_import *im = of(base);

    for (int t = LEDGER_CLICK; t < LEDGER_END; t++)
        im->s->state.last[to[t]] = base->most[t];
    if (im->copying && !ledger_get(row, "whole")->n)
        return err_set(err, ERR_INPUT, "a part of a ledger can't be copied");
    if (pg_meta_set(im->s, PG_META_SET, "gone_postback", ledger_get(row, "gone_postback")->n, err) != 0 ||
        pg_meta_set(im->s, PG_META_SET, "gone_attempt", ledger_get(row, "gone_attempt")->n, err) != 0)
        return -1;
    return im->copying ? look_further(im, err) : 0;
}

static int put(struct ledger_import *base, const struct ledger_row *row, struct err *err)
{
    struct pg_import *im = of(base);
    bool known;

    if (pg_fill_check(row, err) != 0 || remove_before(im, row->table, row->values[0].n, err) != 0)
        return -1;
    known = im->has_was && im->was.table == row->table && im->was.values[0].n == row->values[0].n;
    if (known && !pg_fill_is_away(im, row) && same_row(&im->was, row)) {
        im->out->same++;
        return look_further(im, err);
    }
    if (make_room(im, row->table, err) != 0)
        return -1;
    if (known) {
        im->gone[im->gone_count++] = row->values[0].n;
        if (look_further(im, err) != 0)
            return -1;
    }
    ++*(known ? &im->out->changed : &im->out->added);
    return keep(im, row, err);
}

static void first_finding(void *context, const struct verify_finding *f)
{
    char *text = context;

    if (!*text)
        snprintf(text, 200, "%s %lld: %.140s", f->where, (long long)f->row, f->text);
}

static int check_whole(struct pg_import *im, struct err *err)
{
    struct verify_result result;
    char text[200] = "";
    int rc = pg_verify(im->s, first_finding, text, &result, err);

    return rc == 1 ? err_set(err, ERR_INPUT, "the export contradicts itself: %s", text) : rc;
}

int pg_import_rows_end(struct pg_import *im, struct err *err)
{
    return remove_before(im, LEDGER_END, 0, err) != 0 || flush(im, err) != 0 ? -1 : 0;
}

static int finish(struct ledger_import *base, struct err *err)
{
    struct pg_import *im = of(base);
    struct pg *s = im->s;

    if (pg_import_rows_end(im, err) != 0 || pg_fill_tallies_end(im, err) != 0)
        return -1;
    if (!im->last) {
        if (store_commit(&s->store, err) != 0)
            return -1;
        im->done = true; /* the mark stays: servers wait for the rest */
        return 0;
    }
    if (pg_fill_counts(im, err) != 0 || still_ours(im, err) != 0 ||
        pg_meta_set(s, PG_META_DROP, "filling", im->token, err) != 0)
        return -1;
    /* The writer's row is not changed before the commit: what it will say is part of what is verified. */
    if (!im->copying && (pg_mark(s, err) != 0 || check_whole(im, err) != 0))
        return -1;
    s->counts = !im->copying ? (struct store_counts){ 0 } : s->counts;
    if (store_commit(&s->store, err) != 0)
        return -1;
    im->done = true;
    return 0;
}

static void close_import(struct ledger_import *base)
{
    struct pg_import *im = of(base);
    struct pg *s = im->s;

    pg_reading_end(&im->old);
    if (s) {
        store_rollback(&s->store);
        if (im->marked && im->first && !im->done && !im->copying) /* nothing was imported: it is nobody's again */
            pg_meta_set(s, PG_META_DROP, "filling", im->token, &(struct err){ 0 });
        store_close(&s->store);
    }
    arena_free(&im->batch);
    free(im->away);
    free(im);
}

static struct ledger_import *open_import(const char *url, bool copying, bool last, struct ledger_copied *out, struct err *err)
{
    static const struct ledger_import_ops ops = { start, put, finish, close_import };
    static const struct ledger_filter all = { .since = 0 };
    struct pg_import *im = calloc(1, sizeof(*im));

    if (!im) {
        err_set(err, ERR_SYSTEM, "store: out of memory");
        return NULL;
    }
    im->base.ops = &ops;
    im->copying = copying;
    im->last = last;
    im->out = out ? out : &im->nobody;
    *im->out = (struct ledger_copied){ 0 };
    arena_init(&im->batch, BATCH_ARENA);
    im->s = (struct pg *)pg_open_filling(url, err);
    if (im->s)
        pg_reading_start(&im->old, im->s, &all);
    if (im->s && open_place(im, err) == 0)
        return &im->base;
    close_import(&im->base);
    return NULL;
}

struct ledger_import *store_pg_import(const char *url, struct err *err)
{
    return open_import(url, false, true, NULL, err);
}

struct ledger_import *store_pg_copy(const char *url, bool last, struct ledger_copied *out, struct err *err)
{
    return open_import(url, true, last, out, err);
}
