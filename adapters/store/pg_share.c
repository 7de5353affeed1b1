/* pg_share.c: what several machines know of each other: who lives, what a pixel waits for, what time it is. */
#include <openssl/rand.h>
#include <stdatomic.h>
#include <time.h>

#include "adapters/store/pg.h"

_Static_assert(1 << STORE_RUN_BITS == 8388608 && 1 << STORE_RUN_HANDLES == 128, "as RUNS_BEFORE in pg_sql.def has them");

#define LEASE_S 120 /* longer than a request may take and the database be away */

void pg_share_open(struct pg *s)
{
    if (RAND_bytes((unsigned char *)&s->owner, sizeof(s->owner)) != 1)
        s->owner = pg_boot_us();
    s->owner = (s->owner & INT64_MAX) | 1; /* 0 is nobody */
    s->lease_s = LEASE_S;
    s->first_run = INT64_MIN;
}

int64_t pg_boot_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_BOOTTIME, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static _Atomic int64_t handles;

void pg_name_node(struct store *store, struct slice node, int64_t run)
{
    struct pg *s = (struct pg *)store;

    node = slice_head(node, sizeof(s->node) - 1);
    memcpy(s->node, slice_bytes(node), node.len);
    s->node[node.len] = '\0';
    s->run = run;
    s->first_run = run >> STORE_RUN_BITS ? run >> STORE_RUN_BITS << STORE_RUN_BITS : INT64_MIN;
    if (run >> STORE_RUN_BITS) /* each handle of the run has an owner of its own */
        s->owner = run | (atomic_fetch_add(&handles, 1) & (((int64_t)1 << STORE_RUN_HANDLES) - 1));
}

bool pg_clock(const struct store *store, struct store_clock *out)
{
    *out = ((const struct pg *)store)->clock;
    return out->at != 0;
}

int pg_renew(struct store *store, int64_t now, int64_t *recovered, struct err *err)
{
    struct pg *s = (struct pg *)store;
    struct pg_call c;

    arena_reset(&s->scratch);
    pg_start(&c, s, PG_WRITER_SENDS);
    pg_int(&c, s->number);
    pg_int(&c, s->token);
    if (pg_queue(&c, NULL, NULL, err) != 0)
        return -1;
    pg_start(&c, s, PG_WRITERS_AHEAD);
    if (pg_queue(&c, NULL, NULL, err) != 0)
        return -1;
    pg_start(&c, s, PG_RENEW);
    pg_int(&c, s->owner);
    pg_int(&c, s->lease_s);
    pg_int(&c, s->lease_s - s->lease_s / 4);
    return pg_queue(&c, NULL, NULL, err) != 0 ? -1 : pg_take_over(s, now, false, recovered, err);
}

int pg_look(struct store *store, struct store_gate *list, size_t count, struct store_crowd *crowd, struct arena *arena,
            struct err *err)
{
    struct pg *s = (struct pg *)store;
    struct slice *pixels;
    struct pg_rows_read rows;
    struct pg_call c;

    *crowd = (struct store_crowd){ .first = true }; /* without pixels nobody is asked about */
    arena_reset(&s->scratch);
    if (pg_alive(s, err) != 0)
        return -1;
    if (!(pixels = ARENA_ARRAY(&s->scratch, struct slice, count)))
        return pg_no_room(err);
    for (size_t i = 0; i < count; i++)
        pixels[i] = list[i].pixel;
    pg_start(&c, s, PG_LOOK);
    pg_texts(&c, pixels, count);
    pg_name(&c, slice_from(s->node));
    pg_int(&c, s->run);
    pg_int(&c, s->began);
    if (pg_run(&c, &rows, err) != 0)
        return -1;
    for (int i = 0; i < rows.count; i++) {
        int64_t n = pg_int_at(&rows, i, 0);
        if (n < 1 || (size_t)n > count)
            continue;
        list[n - 1] = (struct store_gate){
            .pixel = list[n - 1].pixel, .due = pg_int_at(&rows, i, 1), .token = pg_int_at(&rows, i, 2),
            .until = pg_int_at(&rows, i, 3), .failures = pg_int_at(&rows, i, 4), .version = pg_int_at(&rows, i, 5),
            .why = pg_text_at(&rows, i, 6, arena),
        };
        *crowd = (struct store_crowd){ .senders = pg_int_at(&rows, i, 7), .twins = pg_int_at(&rows, i, 8),
                                       .newer = pg_int_at(&rows, i, 9) > pg_program, .first = pg_int_at(&rows, i, 10) == s->number };
    }
    pg_done(&rows);
    return arena->full ? pg_no_room(err) : 0;
}

int pg_gate_set(struct store *store, const struct store_gate *gate, int64_t mine, bool anew, struct err *err)
{
    struct pg *s = (struct pg *)store;
    struct pg_call c;

    arena_reset(&s->scratch);
    pg_start(&c, s, PG_GATE_SET);
    pg_name(&c, gate->pixel);
    pg_int(&c, gate->token);
    pg_int(&c, gate->until);
    pg_int(&c, gate->failures);
    pg_text(&c, gate->why);
    pg_int(&c, mine);
    pg_int(&c, anew);
    return pg_run(&c, NULL, err);
}
