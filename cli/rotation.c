#include "cli/rotation.h"

#include "cli/stores.h"

#define PAGE 500

static const struct slice codes_of[] = { [ROTATION_KEY] = SLICE("W091 "),
                                         [ROTATION_SIGNATURE] = SLICE("W094 ") };

bool rotation_under_way(const struct catalog *c, const struct catalog_offer *offer,
                        enum rotation_what what)
{
    const struct catalog_signature *s = catalog_signature(c, offer);

    return what == ROTATION_KEY ? catalog_keys(c, offer)->text[1] != NULL
                                : s && s->secrets.text[1] != NULL;
}

/* One page of them; the last id that was seen, 0 behind the end, -1: *err. */
static int64_t count_page(struct store *store, struct slice offer, enum rotation_what what,
                          int64_t since, int64_t after, int64_t *count, struct err *err)
{
    struct store_postback *list = NULL;
    struct arena arena;
    int64_t last = 0;
    size_t n = 0;
    int rc;

    arena_init(&arena, 64 * 1024 * 1024);
    rc = store_list_postbacks(store, offer, since * 1000, after, PAGE, &arena, &list, &n, err);
    for (size_t i = 0; rc == 0 && i < n; i++)
        *count += slice_find(list[i].warnings, codes_of[what]) < list[i].warnings.len;
    if (rc == 0 && n == PAGE)
        last = list[n - 1].id;
    arena_free(&arena);
    return rc == 0 ? last : -1;
}

int64_t rotation_count(const struct catalog *c, const struct catalog_offer *offer,
                       enum rotation_what what, int64_t since, struct err *err)
{
    struct store *store;
    int64_t count = 0, after = 0;

    if (!stores_there(c))
        return 0;
    store = stores_open(c, false, err);
    if (!store)
        return -1;
    do
        after = count_page(store, offer->offer->name, what, since, after, &count, err);
    while (after > 0);
    store_close(store);
    return after < 0 ? -1 : count;
}
