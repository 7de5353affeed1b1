/* sqlite_runs_list.c: which runs there are, and which chunks are garbage. */
#include <stdlib.h>
#include <string.h>

#include "adapters/store/sqlite_runs.h"

static int grow(void **array, size_t *cap, size_t count, size_t size, struct err *err)
{
    size_t want = *cap ? *cap * 2 : 16;
    void *p;

    if (count < *cap)
        return 0;
    p = realloc(*array, want * size);
    if (!p)
        return err_set(err, ERR_SYSTEM, "store: out of memory");
    *array = p;
    *cap = want;
    return 0;
}

int runs_list(struct index *ix, struct run *run, struct err *err)
{
    struct run_list *l = &ix->lists[run->family];
    void *runs = l->runs;
    size_t at = 0;
    int rc = grow(&runs, &l->cap, l->count, sizeof(*l->runs), err);

    l->runs = runs;
    if (rc != 0)
        return -1;
    while (at < l->count && (l->runs[at]->level < run->level ||
                             (l->runs[at]->level == run->level && l->runs[at]->id > run->id)))
        at++;
    memmove(l->runs + at + 1, l->runs + at, (l->count - at) * sizeof(*l->runs));
    l->runs[at] = run;
    l->count++;
    return 0;
}

void runs_unlist(struct index *ix, struct run *run)
{
    struct run_list *l = &ix->lists[run->family];

    for (size_t i = 0; i < l->count; i++)
        if (l->runs[i] == run) {
            memmove(l->runs + i, l->runs + i + 1, (l->count - i - 1) * sizeof(*l->runs));
            l->count--;
            break;
        }
    run_free(ix, run);
}

int runs_waste(struct index *ix, int64_t run, int64_t chunks, struct err *err)
{
    void *garbage = ix->garbage;
    int rc = grow(&garbage, &ix->garbage_cap, ix->garbage_count, sizeof(*ix->garbage), err);

    ix->garbage = garbage;
    if (rc == 0)
        ix->garbage[ix->garbage_count++] =
            (struct garbage){ run, run << CHUNK_BITS, (run << CHUNK_BITS) + chunks };
    return rc;
}
