#include "cli/replay/replay.h"

#include <stdlib.h>

static int upwards(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static int add(struct pick *p, int64_t id, size_t room, struct err *err)
{
    if (p->count == room)
        return err_set(err, ERR_INPUT, "more than %zu rows have these ids: give fewer at a time", room);
    p->list[p->count++] = id;
    return 0;
}

/* Rows with that id which wait to be replayed; how many, or -1. */
static int find(struct pick *p, struct slice id, struct arena *arena, size_t room, struct err *err)
{
    struct store_postback *postbacks = NULL;
    struct store_event *events = NULL;
    size_t n = 0, before = p->count;

    if ((p->what.dead ? store_find_events(p->reader, id, PICK_IDS_MOST, arena, &events, &n, err)
                      : store_find_postbacks(p->reader, id, PICK_IDS_MOST, arena, &postbacks, &n,
                                             err)) != 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        bool waits = p->what.dead ? events[i].state == STORE_DEAD
                                  : postbacks[i].verdict == STORE_QUARANTINED;
        if (waits && add(p, p->what.dead ? events[i].id : postbacks[i].id, room, err) != 0)
            return -1;
    }
    return p->count > before;
}

int pick_ids(struct pick *p, const char *const *ids, size_t count, struct arena *arena,
             const char **unknown, struct err *err)
{
    size_t room = PICK_IDS_MOST * 10, kept = 0;
    struct arena rows;

    *unknown = NULL;
    p->only = true;
    p->list = ARENA_ARRAY(arena, int64_t, room);
    if (!p->list)
        return err_set(err, ERR_SYSTEM, "out of memory");
    arena_init(&rows, (size_t)1 << 30);
    for (size_t i = 0; i < count; i++) {
        int rc = find(p, slice_from(ids[i]), &rows, room, err);
        arena_reset(&rows);
        if (rc == 0 && !*unknown)
            *unknown = ids[i];
        if (rc < 0) {
            arena_free(&rows);
            return -1;
        }
    }
    arena_free(&rows);
    if (p->count)
        qsort(p->list, p->count, sizeof(*p->list), upwards);
    for (size_t i = 0; i < p->count; i++)
        if (kept == 0 || p->list[i] != p->list[kept - 1])
            p->list[kept++] = p->list[i];
    p->count = kept;
    return 0;
}

/* Is the row at `id` one that is meant? */
static int is_meant(struct pick *p, int64_t id, struct err *err)
{
    int64_t after = id - 1, found = 0;
    size_t n;
    int rc = store_list_again(p->reader, &p->what, &after, 1, &found, &n, err);

    return rc < 0 ? -1 : n == 1 && found == id;
}

static int next_of_list(struct pick *p, unsigned max, int64_t *ids, size_t *count, struct err *err)
{
    while (p->at < p->count && *count < max) {
        int64_t id = p->list[p->at++];
        int rc = is_meant(p, id, err);
        if (rc < 0)
            return -1;
        if (rc == 1)
            ids[(*count)++] = id;
    }
    return 0;
}

int pick_next(struct pick *p, unsigned max, int64_t *ids, size_t *count, struct err *err)
{
    int rc = 1;

    *count = 0;
    if (p->only)
        return next_of_list(p, max, ids, count, err);
    while (rc == 1 && *count == 0)
        rc = store_list_again(p->reader, &p->what, &p->after, max, ids, count, err);
    return rc < 0 ? -1 : 0;
}

void pick_restart(struct pick *p)
{
    p->at = 0;
    p->after = 0;
}
