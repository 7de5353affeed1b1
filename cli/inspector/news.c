#include "cli/inspector/news.h"

#include <string.h>

#include "cli/inspector/inside.h"

#define BATCH_MOST ((size_t)384 << 10)
#define ROWS_MOST 100 /* at a time; `skipped` says that there were more, which the list has */

struct told { /* postbacks that stand in the batch already */
    int64_t ids[2 * ROWS_MOST];
    size_t count;
    bool skipped; /* there are more than it has room for */
};

static bool is_told(const struct told *t, int64_t id)
{
    for (size_t i = 0; i < t->count; i++)
        if (t->ids[i] == id)
            return true;
    return false;
}

static int row(struct news *n, const struct store_postback *pb, struct told *told, struct err *err)
{
    if (is_told(told, pb->id))
        return 0;
    told->skipped |= told->count == 2 * ROWS_MOST || n->batch.len > BATCH_MOST;
    if (told->skipped)
        return 0;
    told->ids[told->count++] = pb->id;
    buf_puts(&n->batch, "event: row\ndata: ");
    arena_reset(&n->row);
    if (conversion_row(n->store, pb, &n->row, &n->batch, err) != 0)
        return -1;
    buf_puts(&n->batch, "\n\n");
    return 0;
}

void news_skipped(struct news *n)
{
    buf_puts(&n->batch, "event: skipped\ndata: {}\n\n");
}

/* Of more than there is room for the newest. */
static int newest_rows(struct news *n, struct store_cursor *at, struct store_postback **list, size_t *count, struct err *err)
{
    const struct store_latest all = { .before = 0 };
    struct store_cursor now;
    int64_t more;

    news_skipped(n);
    if (store_cursor_newest(n->store, &now, err) != 0)
        return -1;
    memcpy(at->postback, now.postback, sizeof(at->postback));
    at->looked[0] = now.looked[0];
    return store_list_latest(n->store, &all, ROWS_MOST, &n->arena, list, count, &more, err);
}

/* Postbacks behind the cursor, the newest ROWS_MOST of them, oldest first. */
static int new_rows(struct news *n, struct store_cursor *at, struct told *told, struct err *err)
{
    struct store_postback *list = NULL;
    bool many;
    size_t count = 0;

    if (store_news(n->store, at, ROWS_MOST + 1, &n->arena, &list, &count, err) != 0)
        return -1;
    many = count > ROWS_MOST;
    if (many && newest_rows(n, at, &list, &count, err) != 0)
        return -1;
    for (size_t i = 0; i < count; i++)
        if (row(n, &list[many ? count - 1 - i : i], told, err) != 0)
            return -1;
    return 0;
}

/* Postbacks of whose events an attempt has ended. */
static int changed_rows(struct news *n, struct store_cursor *at, struct told *told, struct err *err)
{
    struct store_cursor now;
    struct store_postback pb;
    struct store_event ev;
    int64_t *ids = NULL;
    size_t count = 0;
    int rc;

    if (store_changed_events(n->store, at, ROWS_MOST, &n->arena, &ids, &count, err) < 0)
        return -1;
    if (count >= ROWS_MOST) { /* they come faster than anybody reads: on from the newest */
        news_skipped(n);
        if (store_cursor_newest(n->store, &now, err) != 0)
            return -1;
        memcpy(at->attempt, now.attempt, sizeof(at->attempt));
        at->looked[1] = now.looked[1];
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        if ((rc = store_get_event(n->store, ids[i], &n->arena, &ev, err)) < 0)
            return -1;
        if (rc == 0 || is_told(told, ev.postback_id))
            continue;
        if ((rc = store_get_postback(n->store, ev.postback_id, &n->arena, &pb, err)) < 0 ||
            (rc == 1 && row(n, &pb, told, err) != 0))
            return -1;
    }
    return 0;
}

int news_gather(struct news *n, struct store_cursor *at, struct err *err)
{
    struct told told = { .count = 0 };

    arena_reset(&n->arena);
    buf_clear(&n->batch);
    if (new_rows(n, at, &told, err) != 0 || changed_rows(n, at, &told, err) != 0)
        return -1;
    if (told.skipped)
        news_skipped(n);
    if (n->batch.len) { /* an id alone is no event, and is kept by the browser all the same */
        buf_printf(&n->batch, "id: %lld.%lld\n\n", (long long)store_cursor_top(at->postback),
                   (long long)store_cursor_top(at->attempt));
    }
    return buf_ok(&n->batch) ? 0 : err_set(err, ERR_BUSY, "out of memory");
}
