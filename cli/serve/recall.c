#include "cli/serve/recall.h"

static int marked(void *context, struct slice click_id, struct slice ttclid, struct err *err)
{
    const struct recall *r = context;

    return store_marked(r->store, r->offer, click_id, ttclid, err);
}

static int history(void *context, struct slice click_id, struct slice ttclid, struct arena *arena,
                   struct history *out, struct err *err)
{
    static const enum seen_as as[] = { [STORE_QUEUED] = SEEN_QUEUED,
                                       [STORE_DUPLICATE] = SEEN_DUPLICATE,
                                       [STORE_IGNORED] = SEEN_IGNORED,
                                       [STORE_QUARANTINED] = SEEN_QUARANTINED };
    const struct recall *r = context;
    struct store_seen *rows;
    struct seen *list;
    size_t count, kept = 0;

    *out = (struct history){ 0 };
    if (store_history(r->store, r->offer, click_id, ttclid, HISTORY_MOST, arena, &rows, &count,
                      err) != 0)
        return -1;
    list = ARENA_ARRAY(arena, struct seen, count);
    if (!list)
        return err_set(err, ERR_BUSY, "the postback needs more memory than a request may have");
    for (size_t i = 0; i < count; i++) {
        if (r->before && rows[i].id >= r->before)
            continue;
        list[kept++] = (struct seen){ .id = rows[i].id, .at = rows[i].at / 1000, .stage = rows[i].stage,
                                 .txid = rows[i].txid, .click_id = rows[i].click_id,
                                 .event_id = rows[i].event_id, .code = rows[i].code,
                                 .as = rows[i].verdict >= STORE_QUEUED &&
                                               rows[i].verdict <= STORE_QUARANTINED
                                           ? as[rows[i].verdict]
                                           : SEEN_QUARANTINED };
    }
    *out = (struct history){ list, kept };
    return 0;
}

static int params_of(void *context, int64_t id, struct arena *arena, struct slice *out,
                     struct err *err)
{
    const struct recall *r = context;

    return store_postback_params(r->store, id, arena, out, err);
}

struct memory recall_memory(struct recall *r)
{
    return (struct memory){ r, marked, history, params_of };
}
