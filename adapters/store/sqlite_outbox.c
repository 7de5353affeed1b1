#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "adapters/store/sqlite_tally.h"

#define BATCH 256 /* due events looked at before they are changed */
#define TAKE_BYTES ((size_t)16 << 20) /* then a take ends: big events must not fill its arena */

struct due {
    int64_t event, test_code, unknown_since;
};

struct taking {
    struct sqlite *s;
    int64_t pixel, now, give_up, test_code;
    bool chosen; /* test_code is that of the first event */
    unsigned max;
    struct arena *arena;
    struct store_event *list;
    size_t count, cap, bytes; /* of their texts */
};

static int read_due(struct taking *t, struct due due[BATCH], size_t *count, struct err *err)
{
    struct sqlite3_stmt *st =
        sql_use(t->s, t->chosen ? SQL_DELIVERY_DUE_LIKE : SQL_DELIVERY_DUE, err);
    size_t left = t->max - t->count;
    int rc;

    *count = 0;
    if (!st)
        return -1;
    bind_int(st, 1, t->pixel);
    bind_int(st, 2, t->now);
    bind_int(st, 3, left < BATCH ? (int64_t)left : BATCH);
    if (t->chosen)
        bind_int_or_null(st, 4, t->test_code);
    while ((rc = sql_step(t->s, st, err)) == 1)
        due[(*count)++] = (struct due){ col_int(st, 0), col_int(st, 1), col_int(st, 2) };
    sql_done(st);
    return rc;
}

static int give_up(struct taking *t, const struct due *d, struct err *err)
{
    struct sqlite3_stmt *st = sql_use(t->s, SQL_DELIVERY_GIVE_UP, err);
    time_t seconds = (time_t)(d->unknown_since / 1000);
    char when[40] = "", note[200];
    struct tally_event e = { 0 };
    struct tm tm;

    if (!st)
        return -1;
    if (gmtime_r(&seconds, &tm))
        strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
    snprintf(note, sizeof(note),
             "given up: TikTok may have it since %s, no answer told, and it may no longer "
             "recognise a repeat", when);
    bind_int(st, 1, d->event);
    bind_text(st, 2, slice_from(note));
    if (sql_run(t->s, st, err) != 0)
        return -1;
    t->s->now.counts.waiting--;
    t->s->now.counts.dead++;
    t->s->now.moved.dead++;
    return tally_find(t->s, d->event, &e, err) < 0 ? -1 : tally_state(t->s, &e, STORE_DEAD, 1, err);
}

static struct store_event *next_slot(struct taking *t)
{
    if (t->count == t->cap) {
        size_t cap = t->cap ? t->cap * 2 : 16;
        struct store_event *list = ARENA_ARRAY(t->arena, struct store_event, cap);
        if (!list)
            return NULL;
        if (t->count)
            memcpy(list, t->list, t->count * sizeof(*list));
        t->list = list;
        t->cap = cap;
    }
    return &t->list[t->count];
}

static int note_event(struct sqlite *s, const struct store_event *ev, struct err *err)
{
    struct tally_event e = { .id = ev->id, .created = ev->created };

    if ((ev->offer.len && names_id(s, ev->offer, true, &e.offer, err) != 1) ||
        (ev->event.len && names_id(s, ev->event, true, &e.event, err) != 1))
        return -1;
    tally_note(s, &e);
    return 0;
}

static int hand_out(struct taking *t, const struct due *d, struct err *err)
{
    struct sqlite3_stmt *st = sql_use(t->s, SQL_DELIVERY_TAKE, err);
    struct store_event *ev = next_slot(t);
    int rc;

    if (!st)
        return -1;
    if (!ev)
        return sqlite_no_room(err);
    bind_int(st, 1, d->event);
    bind_int(st, 2, t->now);
    if (sql_run(t->s, st, err) != 0 ||
        (rc = sqlite_event_read(t->s, d->event, t->arena, ev, err)) < 0)
        return -1;
    if (rc == 0)
        return err_set(err, ERR_SYSTEM, "%s/clickbaton.db: event %lld is to be sent and is gone",
                       t->s->dir, (long long)d->event);
    t->count++;
    t->bytes += ev->body.len + ev->event_id.len + ev->click_id.len + ev->ttclid.len + ev->note.len;
    t->s->now.counts.waiting--;
    t->s->now.counts.sending++;
    return note_event(t->s, ev, err);
}

static int take_all(struct taking *t, struct err *err)
{
    struct due due[BATCH];
    size_t n;

    while (t->count < t->max && t->bytes < TAKE_BYTES) {
        if (read_due(t, due, &n, err) != 0)
            return -1;
        if (n == 0)
            break;
        for (size_t i = 0; i < n && t->bytes < TAKE_BYTES; i++) {
            const struct due *d = &due[i];
            int rc = 0;
            if (d->unknown_since && d->unknown_since < t->give_up) {
                rc = give_up(t, d, err);
            } else if (!t->chosen || d->test_code == t->test_code) {
                t->chosen = true;
                t->test_code = d->test_code;
                rc = hand_out(t, d, err);
            } /* else: for another request */
            if (rc != 0)
                return -1;
        }
    }
    return 0;
}

int sqlite_take(struct store *store, struct slice pixel, int64_t now, int64_t give_up_before,
                unsigned max, struct arena *arena, struct store_event **list, size_t *count,
                struct err *err)
{
    struct taking t = { .s = (struct sqlite *)store, .now = now, .give_up = give_up_before,
                        .max = max, .arena = arena };
    int rc = names_id(t.s, pixel, false, &t.pixel, err);

    *list = NULL;
    *count = 0;
    if (rc != 1)
        return rc;
    if (take_all(&t, err) != 0) {
        t.s->store.failed = true; /* some are marked, and nobody will send them */
        return -1;
    }
    *list = t.list;
    *count = t.count;
    return 0;
}

/* ---- what became of them ---- */

static int add_attempt(struct sqlite *s, const struct store_attempt *a, int64_t id,
                       struct err *err)
{
    struct sqlite3_stmt *st = sql_use(s, SQL_ATTEMPT_ADD, err);

    if (!st || bind_name(s, st, 4, a->pixel, err) != 0)
        return -1;
    bind_int(st, 1, id);
    bind_int(st, 2, a->at);
    bind_int(st, 3, a->took_ms);
    bind_int(st, 5, a->http_status);
    bind_int(st, 6, a->code);
    bind_text(st, 7, a->message);
    bind_text(st, 8, a->request_id);
    return sql_run(s, st, err);
}

/* How many rows `which` changed: 0 or 1. */
static int set_outcome(struct sqlite *s, enum sql which, const struct store_attempt *a,
                       const struct store_outcome *o, struct err *err)
{
    struct sqlite3_stmt *st = sql_use(s, which, err);

    if (!st)
        return -1;
    bind_int(st, 1, o->event_id);
    bind_int(st, 2, o->state);
    if (which == SQL_DELIVERY_REPORT)
        bind_int_or_null(st, 3, o->state == STORE_WAITING ? o->due : 0);
    bind_text(st, 4, o->note);
    bind_int(st, 5, o->unknown);
    bind_int(st, 6, a->at);
    return sql_run(s, st, err) != 0 ? -1 : sqlite3_changes(s->db);
}

static int tally_outcome(struct sqlite *s, const struct store_attempt *a,
                         const struct store_outcome *o, bool refused, struct err *err)
{
    struct tally_event e;
    int rc = tally_find(s, o->event_id, &e, err);

    if (rc != 1)
        return rc;
    if (tally_answer(s, &e, a, o->state, err) != 0)
        return -1;
    if (o->state == STORE_DELIVERED)
        return tally_delivered(s, &e, a, err);
    if (refused)
        return tally_state(s, &e, STORE_WITHDRAWN, 1, err);
    return o->state == STORE_DEAD ? tally_state(s, &e, STORE_DEAD, 1, err) : 0;
}

static int report_one(struct sqlite *s, const struct store_attempt *a, int64_t attempt,
                      const struct store_outcome *o, struct err *err)
{
    struct store_counts *c = &s->now.counts;
    int known = set_outcome(s, SQL_DELIVERY_REPORT, a, o, err), refused = 0;
    struct sqlite3_stmt *st;

    if (known == 0)
        known = refused = set_outcome(s, SQL_WITHDRAWN_REPORT, a, o, err);
    if (known <= 0)
        return known;
    c->sending--;
    c->delivered += o->state == STORE_DELIVERED;
    c->waiting += !refused && o->state == STORE_WAITING;
    c->dead += !refused && o->state == STORE_DEAD;
    c->withdrawn += refused && o->state != STORE_DELIVERED;
    s->now.moved.delivered += o->state == STORE_DELIVERED;
    s->now.moved.dead += !refused && o->state == STORE_DEAD;
    s->now.moved.withdrawn += refused && o->state != STORE_DELIVERED;
    if (tally_outcome(s, a, o, refused, err) != 0)
        return -1;
    if (!(st = sql_use(s, SQL_TRY_ADD, err)))
        return -1;
    bind_int(st, 1, o->event_id);
    bind_int(st, 2, attempt);
    return sql_run(s, st, err);
}

int sqlite_report(struct store *store, const struct store_attempt *attempt,
                  const struct store_outcome *outcomes, size_t count, struct err *err)
{
    struct sqlite *s = (struct sqlite *)store;
    int64_t id = s->now.last[ROWS_ATTEMPTS] + 1;

    if (add_attempt(s, attempt, id, err) != 0)
        return -1;
    s->now.last[ROWS_ATTEMPTS] = id;
    for (size_t i = 0; i < count; i++)
        if (report_one(s, attempt, id, &outcomes[i], err) != 0)
            return -1;
    return 0;
}

/* ---- reading ---- */

int sqlite_pixels_due(struct store *store, struct arena *arena, struct store_due **list,
                      size_t *count, struct err *err)
{
    struct sqlite *s = (struct sqlite *)store;
    struct sqlite3_stmt *st = sql_use(s, SQL_PIXEL_DUE, err);
    int64_t last = -1;
    size_t cap = 0, n = 0;
    int rc;

    *list = NULL;
    *count = 0;
    if (!st || sqlite_read_begin(s, err) != 0)
        return -1;
    for (;;) {
        bind_int(st, 1, last);
        if ((rc = sql_step(s, st, err)) != 1)
            break;
        if (n == cap) {
            struct store_due *more = ARENA_ARRAY(arena, struct store_due, cap = cap * 2 + 16);
            if (more && n)
                memcpy(more, *list, n * sizeof(*more));
            *list = more;
        }
        if (!*list || arena->full) {
            rc = sqlite_no_room(err);
            break;
        }
        last = col_int(st, 0);
        (*list)[n].due = col_int(st, 1);
        if ((rc = col_name(s, st, 0, arena, &(*list)[n++].pixel, err)) != 0)
            break;
        sql_done(st);
    }
    sql_done(st);
    sqlite_read_end(s);
    *count = n;
    return rc;
}

static int read_attempt(struct sqlite *s, struct sqlite3_stmt *st, struct arena *arena,
                        struct store_attempt *out, struct err *err)
{
    *out = (struct store_attempt){
        .at = col_int(st, 0),
        .took_ms = (uint32_t)col_int(st, 1),
        .http_status = (int)col_int(st, 3),
        .code = col_int(st, 4),
        .message = arena_dup(arena, col_text(st, 5)),
        .request_id = arena_dup(arena, col_text(st, 6)),
    };
    if (col_name(s, st, 2, arena, &out->pixel, err) != 0)
        return -1;
    return arena->full ? sqlite_no_room(err) : 0;
}

int sqlite_attempts_of(struct store *store, int64_t event_id, struct arena *arena,
                       struct store_attempt **list, size_t *count, struct err *err)
{
    struct sqlite *s = (struct sqlite *)store;
    struct sqlite3_stmt *st = sql_use(s, SQL_TRIES, err);
    size_t cap = 0, n = 0;
    int rc;

    *list = NULL;
    *count = 0;
    if (!st || sqlite_read_begin(s, err) != 0)
        return -1;
    bind_int(st, 1, event_id);
    while ((rc = sql_step(s, st, err)) == 1) {
        if (n == cap) {
            struct store_attempt *more =
                ARENA_ARRAY(arena, struct store_attempt, cap = cap * 2 + 16);
            if (more && n)
                memcpy(more, *list, n * sizeof(*more));
            *list = more;
        }
        if (!*list) {
            rc = sqlite_no_room(err);
            break;
        }
        if ((rc = read_attempt(s, st, arena, &(*list)[n++], err)) != 0)
            break;
    }
    sql_done(st);
    sqlite_read_end(s);
    *count = n;
    return rc;
}
