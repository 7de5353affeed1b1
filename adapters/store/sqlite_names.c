#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/store/sqlite.h"

/* Two tables, by text and by id, where a newcomer takes its slot over: the names of a
 * configuration fit, and whatever comes from elsewhere can't make them grow. */
#define SLOTS    2048
#define TEXT_MAX 128

struct name {
    int64_t id; /* 0: free */
    size_t len;
    char text[TEXT_MAX];
};

struct names {
    struct name *by_text[SLOTS], *by_id[SLOTS]; /* each owns its own copy */
};

struct names *names_new(void)
{
    return calloc(1, sizeof(struct names));
}

void names_forget(struct names *n)
{
    for (size_t i = 0; i < SLOTS; i++) {
        free(n->by_text[i]);
        free(n->by_id[i]);
        n->by_text[i] = n->by_id[i] = NULL;
    }
}

void names_free(struct names *n)
{
    if (!n)
        return;
    names_forget(n);
    free(n);
}

static void keep(struct name **slot, int64_t id, struct slice text)
{
    if (text.len > TEXT_MAX || (!*slot && !(*slot = malloc(sizeof(**slot)))))
        return;
    (*slot)->id = id;
    (*slot)->len = text.len;
    memcpy((*slot)->text, text.ptr, text.len);
}

int names_id(struct sqlite *s, struct slice text, bool add, int64_t *id, struct err *err)
{
    struct name **slot = &s->names->by_text[slice_hash(text, 0) % SLOTS];
    struct sqlite3_stmt *st;
    int rc;

    if (*slot && slice_eq(text, (struct slice){ (*slot)->text, (*slot)->len })) {
        *id = (*slot)->id;
        return 1;
    }
    if (!(st = sql_use(s, SQL_NAME_ID, err)))
        return -1;
    bind_text(st, 1, text);
    rc = sql_step(s, st, err);
    if (rc == 0 && add) {
        sql_done(st);
        if (!(st = sql_use(s, SQL_NAME_ADD, err)))
            return -1;
        bind_text(st, 1, text);
        rc = sql_step(s, st, err);
    }
    if (rc == 1) {
        *id = col_int(st, 0);
        keep(slot, *id, text);
    }
    sql_done(st);
    return rc;
}

int col_name(struct sqlite *s, struct sqlite3_stmt *row, int at, struct arena *arena,
             struct slice *out, struct err *err)
{
    int64_t id = col_int(row, at);
    struct name **slot = &s->names->by_id[(uint64_t)id % SLOTS];
    struct sqlite3_stmt *st;
    int rc;

    *out = (struct slice){ 0 };
    if (id == 0)
        return 0;
    if (*slot && (*slot)->id == id) {
        *out = arena_dup(arena, (struct slice){ (*slot)->text, (*slot)->len });
        return 0;
    }
    if (!(st = sql_use(s, SQL_NAME_TEXT, err)))
        return -1;
    bind_int(st, 1, id);
    rc = sql_step(s, st, err);
    if (rc == 1) {
        *out = arena_dup(arena, col_text(st, 0));
        keep(slot, id, col_text(st, 0));
    }
    sql_done(st);
    return rc < 0 ? -1 : 0;
}
