#include <stdlib.h>

#include "adapters/store/sqlite_runs.h"

#define DROP_CHUNKS 64 /* garbage removed in one commit */

/* The oldest RUN_FANOUT runs of a level, if there are as many; NULL if not. */
static struct run **ripe(const struct run_list *l)
{
    for (size_t end = l->count, n = 0; end > 0; end--) {
        n = n && l->runs[end - 1]->level == l->runs[end]->level ? n + 1 : 1;
        if (n == RUN_FANOUT)
            return l->runs + end - 1;
    }
    return NULL;
}

static int start(struct sqlite *s, struct run **from, struct err *err)
{
    struct index *ix = s->index;
    struct merge *m = calloc(1, sizeof(*m));
    int64_t entries = 0;

    if (!m)
        return err_set(err, ERR_SYSTEM, "store: out of memory");
    for (int i = 0; i < RUN_FANOUT; i++)
        entries += from[i]->entries;
    m->to.run = run_new(ix, from[0]->family, from[0]->level + 1, entries, true);
    if (!m->to.run) {
        free(m);
        return err_set(err, ERR_SYSTEM, "store: out of memory");
    }
    m->to.run->id = ++ix->last_run;
    for (int i = 0; i < RUN_FANOUT; i++)
        if (from[i]->last > m->to.run->last)
            m->to.run->last = from[i]->last;
    ix->merge = m;
    for (int i = 0; i < RUN_FANOUT; i++) {
        int rc;
        m->from[i].run = from[i];
        if ((rc = run_next(s, &m->from[i], err)) < 0)
            return -1;
        m->live[i] = rc == 1;
    }
    return 0;
}

void merge_stop(struct index *ix)
{
    if (ix->merge)
        run_free(ix, ix->merge->to.run);
    free(ix->merge);
    ix->merge = NULL;
}

static int unlist(struct sqlite *s, struct run *run, struct err *err)
{
    struct sqlite3_stmt *st = sql_use(s, SQL_RUN_DROP, err);

    if (!st)
        return -1;
    bind_int(st, 1, run->id);
    return sql_run(s, st, err) != 0 ? -1 : runs_waste(s->index, run->id, run->chunks, err);
}

static int finish(struct sqlite *s, struct err *err)
{
    struct index *ix = s->index;
    struct merge *m = ix->merge;

    if (run_finish(s, &m->to, err) != 0)
        return -1;
    for (int i = 0; i < RUN_FANOUT; i++) {
        if (unlist(s, m->from[i].run, err) != 0)
            return -1;
    }
    for (int i = 0; i < RUN_FANOUT; i++)
        runs_unlist(ix, m->from[i].run);
    if (runs_list(ix, m->to.run, err) != 0)
        return -1;
    m->to.run = NULL; /* the list's now */
    merge_stop(ix);
    return 0;
}

/* 1: more to do.  0: this merge has ended. */
static int go_on(struct sqlite *s, int64_t *budget, struct err *err)
{
    struct merge *m = s->index->merge;
    int64_t floor = s->now.floor[index_kind(m->to.run->family)]; /* rows up to it are gone */

    for (; *budget > 0; --*budget) {
        int least = -1, rc;
        for (int i = 0; i < RUN_FANOUT; i++) {
            const struct entry *a = &m->from[i].now;
            const struct entry *b = least < 0 ? NULL : &m->from[least].now;
            if (m->live[i] &&
                (!b || a->hash < b->hash || (a->hash == b->hash && a->row < b->row)))
                least = i;
        }
        if (least < 0)
            return finish(s, err);
        if ((m->from[least].now.row > floor && run_put(s, &m->to, m->from[least].now, err) != 0) ||
            (rc = run_next(s, &m->from[least], err)) < 0)
            return -1;
        m->live[least] = rc == 1;
    }
    return 1;
}

static int drop_garbage(struct sqlite *s, struct err *err)
{
    struct index *ix = s->index;

    for (int64_t left = DROP_CHUNKS; left > 0 && ix->garbage_count;) {
        struct garbage *g = &ix->garbage[ix->garbage_count - 1];
        struct sqlite3_stmt *st = sql_use(s, SQL_CHUNK_DROP, err);
        int64_t end = g->next + left < g->end ? g->next + left : g->end;
        if (!st)
            return -1;
        bind_int(st, 1, g->next);
        bind_int(st, 2, end);
        if (sql_run(s, st, err) != 0)
            return -1;
        left -= end - g->next;
        g->next = end;
        if (g->next == g->end)
            ix->garbage_count--;
    }
    return 0;
}

/* A run all of whose rows are gone: one for each family in a commit. */
static int drop_gone(struct sqlite *s, struct err *err)
{
    struct index *ix = s->index;

    for (int family = 0; family < INDEX_FAMILIES && !ix->merge; family++) {
        const struct run_list *l = &ix->lists[family];
        struct run *run = l->count ? l->runs[l->count - 1] : NULL;
        if (!run || run->last > s->now.floor[index_kind((enum index_family)family)])
            continue;
        ix->worked = true;
        if (unlist(s, run, err) != 0)
            return -1;
        runs_unlist(ix, run);
    }
    return 0;
}

int merge_work(struct sqlite *s, int64_t budget, struct err *err)
{
    struct index *ix = s->index;

    if (drop_gone(s, err) != 0)
        return -1;

    if (ix->garbage_count) {
        ix->worked = true;
        if (drop_garbage(s, err) != 0)
            return -1;
    }
    for (int family = 0; family < INDEX_FAMILIES && budget > 0; family++) {
        struct run **from;
        if (!ix->merge) {
            if (!(from = ripe(&ix->lists[family])))
                continue;
            ix->worked = true;
            if (start(s, from, err) != 0)
                return -1;
        }
        ix->worked = true;
        if (go_on(s, &budget, err) < 0)
            return -1;
        family = -1; /* from the start: what has just ended may have made another one ripe */
    }
    return 0;
}
