/* pg_spill.c: up to where a server has handed on what it kept while the database was away (struct store_spill). */
#include "adapters/store/pg.h"

/* The row is locked: whatever was committed under this token, and not answered, is decided before it is read. */
int pg_spill_meet(struct store *store, int64_t token, bool known, int64_t *upto, struct err *err)
{
    struct pg *s = (struct pg *)store;
    struct pg_rows_read rows;
    struct pg_call c;
    int met;

    arena_reset(&s->scratch);
    pg_start(&c, s, known ? PG_SPILL_FIND : PG_SPILL_ADD);
    pg_int(&c, token);
    if (!known)
        pg_name(&c, slice_from(s->node));
    if (pg_run(&c, &rows, err) != 0)
        return -1;
    met = rows.count != 0;
    *upto = met ? pg_int_at(&rows, 0, 0) : 0;
    pg_done(&rows);
    return met;
}

int pg_spill_mark(struct store *store, const struct store_spill *mark, struct err *err)
{
    (void)err;
    ((struct pg *)store)->spill = *mark;
    return 0;
}

int pg_spill_write(struct pg *s, struct err *err)
{
    struct pg_call c;

    if (!s->spill.token)
        return 0;
    pg_start(&c, s, PG_SPILL_MARK);
    pg_int(&c, s->spill.token);
    pg_int(&c, s->spill.before);
    pg_int(&c, s->spill.after);
    return pg_queue(&c, NULL, NULL, err);
}
