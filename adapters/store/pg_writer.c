/* pg_writer.c: transactions, and the row by which a handle may write. */
#include <stdio.h>

#include <openssl/rand.h>

#include "adapters/store/pg_group.h"

/* ---- a number ---- */

/* 1: this number is ours now.  0: somebody else was faster. */
static int claim(struct pg *s, int64_t number, struct err *err)
{
    struct pg_call c;
    struct pg_rows_read rows;
    int got;

    pg_start(&c, s, s->counted_ids ? PG_WRITER_CLAIM_ALL : PG_WRITER_CLAIM);
    pg_int(&c, number);
    pg_int(&c, s->token);
    pg_name(&c, slice_from(s->node));
    pg_int(&c, s->run);
    pg_int(&c, pg_program);
    if (pg_run(&c, &rows, err) != 0)
        return -1;
    got = rows.count;
    for (int i = 0; got && i < PG_ROWS; i++)
        s->state.last[i] = pg_int_at(&rows, 0, i);
    if (got)
        s->number = (int)number;
    pg_done(&rows);
    return got;
}

/* Whoever fills it looks for writers behind its mark, and this looks for the mark behind its claim: one sees the other. */
static int check_filling(struct pg *s, struct err *err)
{
    int64_t filling;
    int rc = s->filling ? 0 : pg_meta_get(s, "filling", &filling, err);

    if (rc != 1)
        return rc;
    pg_leave(s);
    s->number = -1;
    return err_set(err, ERR_BUSY, "%s: a copy or an import into it is not finished yet; run that again until it says that it "
                   "is", s->where);
}

/* A step that leaves this program behind looks for it with all claims held up: one sees the other. */
static int check_schema(struct pg *s, struct err *err)
{
    if (pg_schema_still(s, err) == 0)
        return 0;
    pg_leave(s);
    s->number = -1;
    return -1;
}

/* A number that nobody has, or whose owner has not been heard of for a minute. */
static int claim_any(struct pg *s, struct err *err)
{
    struct pg_call c;
    struct pg_rows_read rows;
    int rc = 0;

    if (RAND_bytes((unsigned char *)&s->token, sizeof(s->token)) != 1)
        return err_set(err, ERR_SYSTEM, "no random bytes can be had");
    if (s->first_run != INT64_MIN) { /* numbers of runs that have ended come free at once */
        pg_start(&c, s, PG_WRITERS_BEFORE);
        pg_int(&c, s->first_run);
        pg_int(&c, s->run);
        if (pg_run(&c, NULL, err) != 0)
            return -1;
    }
    pg_start(&c, s, PG_WRITER_FREE);
    pg_int(&c, PG_WRITERS);
    if (pg_run(&c, &rows, err) != 0)
        return -1;
    for (int i = 0; rc == 0 && i < rows.count; i++)
        rc = claim(s, pg_int_at(&rows, i, 0), err);
    pg_done(&rows);
    if (rc == 0)
        return err_set(err, ERR_BUSY, "%s: %d handles write to it already; one that ended without notice is "
                       "forgotten after a minute", s->where, PG_WRITERS);
    return rc < 0 || check_schema(s, err) != 0 ? -1 : check_filling(s, err);
}

/* ---- ids ---- */

int64_t pg_next_id(struct pg *s, enum pg_rows rows)
{
    int64_t second = (s->now / 1000 - PG_EPOCH) << (PG_WRITER_BITS + PG_SERIAL_BITS);
    int64_t first = second | (int64_t)s->number << PG_SERIAL_BITS, *last = &s->state.last[rows];
    int64_t serial = *last & (((int64_t)1 << PG_SERIAL_BITS) - 1);

    if (s->counted_ids)
        ++*last;
    else if (*last < first)
        *last = first;
    else if (serial + 1 < (int64_t)1 << PG_SERIAL_BITS)
        ++*last;
    else /* more than there are in a second: the next one's */
        *last += ((int64_t)1 << (PG_WRITER_BITS + PG_SERIAL_BITS)) - serial;
    return *last;
}

/* ---- transactions ---- */

static int bare(struct pg *s, enum pg_sql which, pg_taker *take, struct err *err)
{
    struct pg_call c;

    pg_start(&c, s, which);
    return pg_queue(&c, take, NULL, err);
}

static int take_now(struct pg *s, struct pg_rows_read *rows, void *context, struct err *err)
{
    int64_t took = pg_boot_us() - s->asked_us;

    (void)context;
    (void)err;
    s->now = pg_int_at(rows, 0, 0);
    s->clock = (struct store_clock){ s->now, (s->asked_us + took / 2) / 1000, took / 2000 + 1 };
    if (s->began == 0)
        s->began = s->now;
    return 0;
}

int pg_open_tx(struct pg *s, struct err *err)
{
    if (s->open && bare(s, PG_ROLLBACK, NULL, err) != 0)
        return -1;
    s->open = true;
    s->asked_us = pg_boot_us();
    return bare(s, PG_BEGIN, NULL, err) != 0 ? -1 : bare(s, PG_NOW, take_now, err);
}

/* A connection may be found dead only now; nothing is lost with it yet. */
int pg_begin(struct store *store, struct err *err)
{
    struct pg *s = (struct pg *)store;
    bool again = false;

    for (;;) {
        arena_reset(&s->scratch);
        if (pg_alive(s, err) != 0)
            return -1;
        pg_replan(s);
        if ((s->number >= 0 || claim_any(s, err) == 0) && pg_days_ready(s, err) == 0 && pg_open_tx(s, err) == 0 &&
            pg_flush(s, err) == 0)
            break;
        if (again || (s->ready && !pg_lost(s)))
            return -1;
        again = true;
    }
    s->doubtful = false;
    s->spill.token = 0;
    s->before = s->state;
    s->counts = (struct store_counts){ 0 };
    return s->taken.doubt ? pg_untake(s, err) : 0;
}

/* BEGIN goes out with the first questions. */
int pg_begin_group(struct store *store, struct err *err)
{
    struct pg *s = (struct pg *)store;

    arena_reset(&s->scratch);
    if (pg_alive(s, err) != 0)
        return -1;
    pg_replan(s);
    if ((s->number < 0 && claim_any(s, err) != 0) || pg_days_ready(s, err) != 0)
        return -1;
    s->doubtful = false;
    s->spill.token = 0;
    s->before = s->state;
    pg_group_start(s);
    return 0;
}

/* The row is changed by every commit, so it tells whether its number is still ours. */
int pg_mark(struct pg *s, struct err *err)
{
    const struct store_counts *n = &s->counts;
    const int64_t counts[] = { n->clicks, n->postbacks, n->waiting, n->sending, n->delivered, n->dead,
                               n->quarantined, n->withdrawn };
    struct pg_call c;

    pg_start(&c, s, PG_WRITER_COMMIT);
    pg_int(&c, s->number);
    pg_int(&c, s->token);
    for (int i = 0; i < PG_ROWS; i++)
        pg_int(&c, s->state.last[i]);
    for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++)
        pg_int(&c, counts[i]);
    return pg_queue(&c, NULL, NULL, err);
}

/* 1: as pg_flush. */
static int commit(struct pg *s, struct err *err)
{
    int rc;

    s->warned = false;
    if (pg_tally_write(s, err) != 0 || pg_spill_write(s, err) != 0 || pg_mark(s, err) != 0 || bare(s, PG_COMMIT, NULL, err) != 0)
        return -1;
    s->failed_at = PG_COUNT;
    rc = pg_flush(s, err);
    s->doubtful = rc < 0 && (pg_lost(s) || s->failed_at == PG_COMMIT || s->warned);
    if (s->doubtful && err)
        err->kind = ERR_BUSY;
    s->taken.doubt |= s->doubtful && s->taken.count;
    if (rc == 0) {
        s->open = false;
        s->taken.count = 0;
        s->taken.doubt = false;
    }
    if (rc == 1 && s->failed_at == PG_SPILL_MARK)
        return err_set(err, ERR_AGAIN, "%s: it does not stand where this server left it with what it hands on", s->where);
    if (rc != 1 || s->failed_at != PG_WRITER_COMMIT)
        return rc;
    s->number = -1;
    return err_set(err, ERR_AGAIN, "%s: this server was not heard of for a minute, and another took its place; "
                   "it goes on under a new number", s->where);
}

int pg_commit(struct store *store, struct err *err)
{
    struct pg *s = (struct pg *)store;
    bool grouped = pg_grouped(s);
    int rc = grouped ? pg_group_settle(s, err) : 0;

    if (rc != 0)
        return rc;
    if ((rc = commit(s, err)) == 0)
        pg_group_end(s);
    return rc != 1 ? rc : grouped ? pg_group_again(s, err) : -1;
}

/* What is queued may fail, and ROLLBACK is skipped behind it.  Where there is no getting through, the next BEGIN rolls back. */
static void undo(struct pg *s)
{
    struct err ignored;

    arena_reset(&s->scratch);
    pg_ignore(s);
    for (int i = 0; i < 2 && s->open; i++)
        if (pg_lost(s) || (bare(s, PG_ROLLBACK, NULL, &ignored) == 0 && pg_flush(s, &ignored) == 0))
            s->open = false;
}

/* Ids of a commit that may be done are never given again. */
void pg_rollback(struct store *store)
{
    struct pg *s = (struct pg *)store;

    pg_group_end(s);
    if (!s->taken.doubt)
        s->taken.count = 0;
    s->state.moved = s->before.moved;
    if (!s->doubtful)
        s->state = s->before;
    s->old.cut[0].begun = s->old.cut[1].begun = false; /* what it came to was not written */
    pg_tally_forget(s);
    undo(s);
}

void pg_leave(struct pg *s)
{
    struct pg_call c;
    struct err ignored;

    if (s->number < 0)
        return;
    if (s->store.in_tx)
        pg_rollback(&s->store);
    pg_start(&c, s, PG_LEASES_END);
    pg_int(&c, s->owner);
    pg_run(&c, NULL, &ignored);
    pg_start(&c, s, PG_WRITER_LEAVE);
    pg_int(&c, s->number);
    pg_int(&c, s->token);
    pg_run(&c, NULL, &ignored);
}

void pg_moved(const struct store *store, struct store_moved *out)
{
    const struct pg *s = (const struct pg *)store;

    *out = store->in_tx ? s->before.moved : s->state.moved;
}

int pg_counts(struct store *store, struct store_counts *out, struct err *err)
{
    struct pg *s = (struct pg *)store;
    int64_t *const to[] = { &out->clicks, &out->postbacks, &out->waiting, &out->sending, &out->delivered,
                            &out->dead, &out->quarantined, &out->withdrawn, &out->oldest_waiting,
                            &out->newest_postback };
    const int64_t own[] = { s->counts.clicks, s->counts.postbacks, s->counts.waiting, s->counts.sending,
                            s->counts.delivered, s->counts.dead, s->counts.quarantined, s->counts.withdrawn };
    struct pg_call c;
    struct pg_rows_read rows;

    *out = (struct store_counts){ 0 };
    pg_start(&c, s, PG_COUNTS);
    if (pg_run(&c, &rows, err) != 0)
        return -1;
    for (int i = 0; i < 10; i++)
        *to[i] = pg_int_at(&rows, 0, i) + (store->in_tx && i < 8 ? own[i] : 0);
    pg_done(&rows);
    return 0;
}

int pg_meta_set(struct pg *s, enum pg_sql which, const char *key, int64_t n, struct err *err)
{
    struct pg_call c;

    pg_start(&c, s, which);
    pg_name(&c, slice_from(key));
    pg_int(&c, n);
    return pg_run(&c, NULL, err);
}

int pg_meta_get(struct pg *s, const char *key, int64_t *n, struct err *err)
{
    struct pg_call c;

    pg_start(&c, s, PG_META_GET);
    pg_name(&c, slice_from(key));
    return pg_run_one(&c, n, err);
}
