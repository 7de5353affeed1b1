/* pg_settle.c: what a group wants to know is asked, what it has put is written. */
#include "adapters/store/pg_group.h"

#include <stdlib.h>

#define ROUNDS_MOST 30 /* then call by call: somebody else is always faster */

/* ---- asking ---- */

static const enum pg_sql asks[ASK_KINDS][2] = { /* to look, to change */
    [ASK_BY_CLICK_ID] = { PG_GROUP_CLICKS, PG_GROUP_CLICKS_LOCK },
    [ASK_BY_TTCLID] = { PG_GROUP_TTCLIDS, PG_GROUP_TTCLIDS_LOCK },
    [ASK_NAMELESS] = { PG_GROUP_NAMELESS, PG_GROUP_NAMELESS_LOCK },
    [ASK_MARK_ID] = { PG_GROUP_MARKS, PG_GROUP_MARKS },
    [ASK_MARK_TTCLID] = { PG_GROUP_MARKS, PG_GROUP_MARKS },
    [ASK_KEY] = { PG_GROUP_KEYS, PG_GROUP_KEYS },
};

static int take_answer(struct pg_group *g, struct pg_answer *a, const struct pg_rows_read *rows, int row, struct err *err)
{
    a->found = true;
    if (a->kind == ASK_KEY) {
        a->event = pg_int_at(rows, row, 1);
        a->plain = pg_int_at(rows, row, 2) != 0;
    } else if (a->kind < ASK_MARK_ID) {
        if (pg_click_row(rows, row, 1, &g->memory, &a->click, err) != 0) /* behind its number */
            return -1;
        /* While we waited for its lock it may have become another's. */
        a->found = a->kind == ASK_BY_CLICK_ID || (slice_eq(a->click.click.ttclid, a->id) &&
                                                  (a->kind == ASK_BY_TTCLID || a->click.click.click_id.len == 0));
    }
    return 0;
}

struct asked {
    struct pg_answer **list;
    size_t count;
    bool lock;
};

/* Rows begin with the number of what asked for them. */
static int take_answers(struct pg *s, struct pg_rows_read *rows, void *context, struct err *err)
{
    const struct asked *q = context;

    for (size_t i = 0; i < q->count; i++) {
        q->list[i]->asked = true;
        q->list[i]->locked |= q->lock;
        q->list[i]->found = false;
    }
    for (int i = 0; i < rows->count; i++) {
        int64_t n = pg_int_at(rows, i, 0);
        if (n < 1 || (size_t)n > q->count)
            return err_set(err, ERR_SYSTEM, "%s: an answer to what was not asked", s->where);
        if (take_answer(s->group, q->list[n - 1], rows, i, err) != 0)
            return -1;
    }
    return 0;
}

static int ask(struct pg *s, enum pg_ask kind, struct asked *q, struct err *err)
{
    struct slice *offers = ARENA_ARRAY(&s->scratch, struct slice, q->count), *ids = ARENA_ARRAY(&s->scratch, struct slice, q->count);
    int64_t *hashes = ARENA_ARRAY(&s->scratch, int64_t, q->count);
    bool marks = kind == ASK_MARK_ID || kind == ASK_MARK_TTCLID;
    struct pg_call c;

    if (!offers || !ids || !hashes)
        return pg_no_room(err);
    for (size_t i = 0; i < q->count; i++) {
        offers[i] = q->list[i]->offer;
        ids[i] = q->list[i]->id;
        if (marks)
            hashes[i] = pg_mark_hash(kind == ASK_MARK_TTCLID, offers[i], ids[i]);
        else if (kind != ASK_KEY)
            hashes[i] = kind == ASK_BY_CLICK_ID ? pg_hash(ids[i]) : pg_ttclid_hash(ids[i]);
    }
    pg_start(&c, s, asks[kind][q->lock]);
    if (!marks)
        pg_texts(&c, ids, q->count);
    if (!marks && kind != ASK_KEY)
        pg_texts(&c, offers, q->count);
    if (kind != ASK_KEY)
        pg_ints(&c, hashes, q->count);
    return pg_queue(&c, take_answers, q, err);
}

static int by_id(const void *a, const void *b)
{
    const struct pg_answer *x = *(const struct pg_answer *const *)a, *y = *(const struct pg_answer *const *)b;
    int rc = slice_cmp(x->id, y->id);

    return rc ? rc : slice_cmp(x->offer, y->offer);
}

/* What is wanted of one kind.  1: something is. */
static int ask_kind(struct pg *s, enum pg_ask kind, bool lock, struct err *err)
{
    struct asked *q = ARENA_NEW(&s->scratch, struct asked);
    size_t n = 0;

    for (const struct pg_answer *a = s->group->wants[kind]; a; a = a->next_want)
        n += a->lock == lock;
    if (n == 0)
        return 0;
    if (!q || !(q->list = ARENA_ARRAY(&s->scratch, struct pg_answer *, n)))
        return pg_no_room(err);
    q->lock = lock;
    for (struct pg_answer *a = s->group->wants[kind]; a; a = a->next_want)
        if (a->lock == lock)
            q->list[q->count++] = a;
    qsort(q->list, q->count, sizeof(*q->list), by_id); /* two that lock do so in the same order */
    return ask(s, kind, q, err) != 0 ? -1 : 1;
}

/* In one trip, with BEGIN where it is due.  1: something was asked.  2: another handle is in our way. */
static int ask_all(struct pg *s, struct err *err)
{
    int any = 0, rc;

    if (!s->open) {
        any = 1; /* ids come from the time that it gives */
        if (pg_open_tx(s, err) != 0)
            return -1;
    }
    for (int kind = 0; kind < ASK_KINDS; kind++) {
        for (int lock = 0; lock < 2; lock++) {
            if ((rc = ask_kind(s, (enum pg_ask)kind, lock, err)) < 0)
                return -1;
            any |= rc;
        }
        s->group->wants[kind] = NULL;
    }
    rc = pg_flush(s, err);
    return rc == 1 ? 2 : rc == 0 ? any : -1;
}

/* ---- to its end ---- */

/* Call by call. */
static int alone(struct pg *s, struct err *err)
{
    if (pg_open_tx(s, err) != 0 || pg_flush(s, err) != 0)
        return -1;
    s->store.failed = false;
    pg_group_forget(s->group);
    s->group->on = false;
    pg_group_pass(s);
    return 1;
}

/* The transaction's answers may be wrong now: all of them are wanted again. */
static void want_all(struct pg_group *g)
{
    memset(g->wants, 0, sizeof(g->wants));
    for (size_t i = 0; i < PG_BUCKETS; i++)
        for (struct pg_answer *a = g->buckets[i]; a; a = a->next) {
            a->asked = a->locked = false;
            a->next_want = g->wants[a->kind];
            g->wants[a->kind] = a;
        }
}

int pg_group_again(struct pg *s, struct err *err)
{
    int rc = 2;

    while (rc == 2 && s->group->rounds++ < ROUNDS_MOST) {
        arena_reset(&s->scratch);
        want_all(s->group);
        if (pg_open_tx(s, err) != 0)
            return -1;
        rc = ask_all(s, err);
    }
    if (rc == 2)
        return alone(s, err);
    if (rc < 0)
        return -1;
    s->store.failed = false;
    pg_group_pass(s);
    return 1;
}

/* The last event that would have an id stands for it. */
static void settle_plain_keys(struct pg_group *g)
{
    for (size_t i = 0; i < g->event_count; i++) {
        const struct slice plain = g->events[i].plain_key;
        const struct pg_answer *a = plain.len ? pg_answer_of(g, ASK_KEY, S(""), plain, false) : NULL;
        if (a && (!a->put_plain || a->put_event != g->events[i].id))
            g->events[i].plain_key = S("");
    }
}

int pg_group_settle(struct pg *s, struct err *err)
{
    struct pg_group *g = s->group;
    int rc;

    arena_reset(&s->scratch);
    if (g->leave || g->rounds++ == ROUNDS_MOST)
        return alone(s, err);
    rc = ask_all(s, err);
    if (rc < 0 && pg_lost(s) && g->rounds == 1) /* it was lost before this group came */
        return pg_alive(s, err) == 0 ? pg_group_again(s, err) : -1;
    if (rc == 2)
        return pg_group_again(s, err);
    if (rc != 0) {
        if (rc == 1)
            pg_group_pass(s);
        return rc;
    }
    settle_plain_keys(g);
    for (const struct pass_click *p = g->clicks; p; p = p->next)
        pg_click_count(s, p->known ? &p->had : NULL, &p->k.click);
    if (pg_write_clicks(s, g->clicks, err) != 0 || pg_write_events(s, g->events, g->event_count, err) != 0)
        return -1;
    return pg_write_postbacks(s, g->postbacks, g->postback_count, err);
}
