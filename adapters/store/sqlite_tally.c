#include "adapters/store/sqlite_tally.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/store/sqlite_insert.h"
#include "core/identity/match_key.h"
#include "core/payload/keys.h"

#define SLOTS     16384 /* of the table in memory; half of them may be taken */
#define NOTED     4096  /* events that are on their way: ids follow one another, so each has its place */
struct tally_row {
    int64_t hour, offer, name, slot, n;
    int64_t had; /* what the file says; when it is known */
    enum tally_used { FREE, USED } used;
    enum store_tally_kind kind;
    bool known, changed;
};

/* Rows stay when they are written: most are changed by the next transaction again, and what the file says
 * of them needs not be read.  Nobody else writes to the table while a writer has it. */
struct tally {
    struct tally_row rows[SLOTS];
    uint32_t taken[SLOTS / 2];   /* which of them */
    uint32_t changed[SLOTS / 2]; /* since the last write, in their order */
    size_t count, changes;
    struct tally_event noted[NOTED];
};

/* ---- small things ---- */

static int64_t add_up(int64_t a, int64_t b)
{
    int64_t sum;

    if (__builtin_add_overflow(a, b, &sum))
        return a < 0 ? INT64_MIN : INT64_MAX;
    return sum;
}

/* ---- in memory ---- */

struct tally *tally_new(void)
{
    return calloc(1, sizeof(struct tally));
}

void tally_free(struct tally *t)
{
    free(t);
}

static void forget_rows(struct tally *t)
{
    for (size_t i = 0; i < t->count; i++)
        t->rows[t->taken[i]].used = FREE;
    t->count = t->changes = 0;
}

void tally_forget(struct tally *t)
{
    memset(t->noted, 0, sizeof(t->noted)); /* ids of a rollback are given again */
    forget_rows(t);
}

/* n more in a row that has its place. */
static void change(struct tally *t, uint32_t at, int64_t n)
{
    struct tally_row *r = &t->rows[at];

    if (!r->changed) {
        r->changed = true;
        r->n = 0;
        t->changed[t->changes++] = at;
    }
    r->n = add_up(r->n, n);
}

static int add(struct sqlite *s, const struct tally_row *what, struct err *err)
{
    struct tally *t = s->tally;
    uint64_t h = (uint64_t)what->hour * UINT64_C(0x9e3779b97f4a7c15);
    uint32_t at;

    h = (h ^ (uint64_t)what->offer) * UINT64_C(0xbf58476d1ce4e5b9);
    h = (h ^ (uint64_t)what->name << 8 ^ (uint64_t)what->kind) * UINT64_C(0x94d049bb133111eb);
    h = (h ^ (uint64_t)what->slot) * UINT64_C(0x9e3779b97f4a7c15);
    for (at = (uint32_t)(h >> 40) % SLOTS; t->rows[at].used; at = (at + 1) % SLOTS) {
        struct tally_row *r = &t->rows[at];
        if (r->hour == what->hour && r->offer == what->offer && r->name == what->name &&
            r->slot == what->slot && r->kind == what->kind) {
            change(t, at, what->n);
            return 0;
        }
    }
    if (t->count == SLOTS / 2) {
        if (tally_write(s, err) != 0)
            return -1;
        forget_rows(t);
        return add(s, what, err);
    }
    t->rows[at] = *what;
    t->rows[at].used = USED;
    t->taken[t->count++] = at;
    change(t, at, what->n);
    return 0;
}

/* A name that nothing in the store has is -1 to verify, which adds none. */
static int name_of(struct sqlite *s, struct slice name, int64_t *id, struct err *err)
{
    int rc = name.len ? names_id(s, name, !s->tally_to, id, err) : 1;

    if (rc == 0)
        *id = -1;
    return rc < 0 ? -1 : 0;
}

/* The same with the name as text. */
static int add_named(struct sqlite *s, struct tally_row row, struct slice name, struct err *err)
{
    return name_of(s, name, &row.name, err) != 0 ? -1 : add(s, &row, err);
}

/* ---- what is counted ---- */

int tally_click(struct sqlite *s, int64_t offer, int64_t at, bool ttclid, int n, struct err *err)
{
    struct tally_row row = { .hour = store_tally_hour(at), .offer = offer, .kind = TALLY_CLICKS, .slot = ttclid, .n = n };

    return add(s, &row, err);
}

static int warnings(struct sqlite *s, const struct tally_row *at, struct slice lines, struct err *err)
{
    struct slice codes[STORE_TALLY_CODES];
    size_t count = store_tally_codes(lines, codes);

    for (size_t i = 0; i < count; i++)
        if (add_named(s, *at, codes[i], err) != 0)
            return -1;
    return 0;
}

int tally_postback(struct sqlite *s, const struct store_postback *pb, int n, struct err *err)
{
    struct tally_row row = { .hour = store_tally_hour(pb->at / 1000), .slot = pb->verdict, .n = n };

    if (name_of(s, pb->offer, &row.offer, err) != 0)
        return -1;
    row.kind = TALLY_POSTBACKS;
    if (add_named(s, row, pb->stage, err) != 0)
        return -1;
    row.kind = TALLY_REASONS;
    if (pb->code.len && add_named(s, row, pb->code, err) != 0)
        return -1;
    row.kind = TALLY_WARNINGS;
    row.slot = 0;
    return warnings(s, &row, pb->warnings, err);
}

static struct tally_row of_event(const struct tally_event *e, enum store_tally_kind kind, int64_t slot, int64_t n)
{
    return (struct tally_row){ .hour = store_tally_hour(e->created / 1000), .offer = e->offer, .name = e->event,
                               .kind = kind, .slot = slot, .n = n };
}

int tally_put(struct sqlite *s, const struct tally_event *e, const struct store_event *ev, struct err *err)
{
    uint32_t keys = payload_keys(ev->body);
    const struct tally_row rows[] = {
        of_event(e, TALLY_EVENTS, STORE_WAITING, 1),
        of_event(e, TALLY_VALUED, ev->currency.len != 0, 1),
        of_event(e, TALLY_VALUES, store_tally_currency(ev->currency), ev->value),
        of_event(e, TALLY_ORIGINALS, store_tally_currency(ev->original_currency), ev->original_value),
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if ((i < 2 || rows[i].slot) && add(s, &rows[i], err) != 0)
            return -1;
    for (int key = 0; key < MATCH_KEYS; key++) {
        struct tally_row row = of_event(e, TALLY_KEYS, key, 1);
        if ((keys >> key & 1) && add(s, &row, err) != 0)
            return -1;
    }
    return 0;
}

int tally_emptied(struct sqlite *s, const struct tally_event *e, struct err *err)
{
    struct tally_row row = of_event(e, (enum store_tally_kind)TALLY_EMPTIED, 0, 1);

    return add(s, &row, err);
}

int tally_state(struct sqlite *s, const struct tally_event *e, enum store_state state, int n, struct err *err)
{
    struct tally_row row = of_event(e, TALLY_EVENTS, state, n);

    return add(s, &row, err);
}

int tally_delivered(struct sqlite *s, const struct tally_event *e, const struct store_attempt *a, struct err *err)
{
    struct tally_row row = of_event(e, TALLY_LATENCY, store_tally_bucket(a->at + a->took_ms - e->created), 1);

    return tally_state(s, e, STORE_DELIVERED, 1, err) != 0 ? -1 : add(s, &row, err);
}

int tally_answer(struct sqlite *s, const struct tally_event *e, const struct store_attempt *a,
                 enum store_state meant, struct err *err)
{
    struct tally_row row = { .hour = store_tally_hour(a->at / 1000), .offer = e->offer, .kind = TALLY_ANSWERS,
                             .slot = meant, .n = 1 };
    char name[32];

    store_tally_answer(a, name);
    return add_named(s, row, slice_from(name), err);
}

/* ---- events that are on their way ---- */

void tally_note(struct sqlite *s, const struct tally_event *e)
{
    s->tally->noted[(uint64_t)e->id % NOTED] = *e;
}

int tally_find(struct sqlite *s, int64_t id, struct tally_event *out, struct err *err)
{
    const struct tally_event *e = &s->tally->noted[(uint64_t)id % NOTED];
    struct sqlite3_stmt *st;
    int rc;

    *out = *e;
    if (e->id == id)
        return 1;
    if (!(st = sql_use(s, SQL_EVENT_TALLY, err)))
        return -1;
    bind_int(st, 1, id);
    rc = sql_step(s, st, err);
    if (rc == 1)
        *out = (struct tally_event){ id, col_int(st, 0), col_int(st, 1), col_int(st, 2) };
    sql_done(st);
    return rc;
}

/* ---- in the file ---- */

static struct sqlite *file_of(struct sqlite *s)
{
    return s->tally_to ? s->tally_to : s;
}

static int read_had(struct sqlite *s, struct tally_row *r, struct err *err)
{
    struct sqlite3_stmt *st = sql_use(s, SQL_TALLY_GET, err);
    int rc;

    if (!st)
        return -1;
    bind_int(st, 1, r->hour);
    bind_int(st, 2, r->offer);
    bind_int(st, 3, r->kind);
    bind_int(st, 4, r->name);
    bind_int(st, 5, r->slot);
    rc = sql_step(s, st, err);
    r->had = rc == 1 ? col_int(st, 0) : 0;
    r->known = rc >= 0;
    sql_done(st);
    return rc < 0 ? -1 : 0;
}

static int write_row(struct sqlite *s, struct tally_row *r, struct err *err)
{
    struct insert in;
    int64_t n;

    if ((!r->known && read_had(s, r, err) != 0) ||
        insert_start(&in, s, SQL_TALLY_PUT, SUM_TALLIES, err) != 0)
        return -1;
    n = add_up(r->had, r->n);
    insert_int(&in, r->hour);
    insert_int(&in, r->offer);
    insert_int(&in, r->kind);
    insert_int(&in, r->name);
    insert_int(&in, r->slot);
    insert_int(&in, n);
    if (insert_end(&in) != 0)
        return -1;
    r->had = n;
    return 0;
}

int tally_write(struct sqlite *s, struct err *err)
{
    struct tally *t = s->tally;

    for (size_t i = 0; i < t->changes; i++) {
        struct tally_row *r = &t->rows[t->changed[i]];
        if (r->n != 0 && write_row(file_of(s), r, err) != 0)
            return -1;
        r->changed = false;
    }
    t->changes = 0;
    return 0;
}

int tally_drop(struct sqlite *s, int64_t before_ms, unsigned max, struct err *err)
{
    struct sqlite3_stmt *st = sql_use(s, SQL_TALLY_DROP, err);

    if (!st || tally_write(s, err) != 0)
        return -1;
    forget_rows(s->tally); /* some of them will be gone */
    bind_int(st, 1, store_tally_hour(before_ms / 1000));
    bind_int(st, 2, max);
    return sql_run(s, st, err) != 0 ? -1 : sqlite3_changes(s->db);
}
