/* conversions.c: the list, and what one id leads to. */
#include "cli/inspector/inside.h"
#include "cli/story/row.h"
#include "cli/story/story.h"

#define ROWS_MOST 200
#define ID_MOST 2000
#define ROW_BYTES ((size_t)32 << 20)

static bool read_verdict(struct view *v, enum store_verdict *out)
{
    struct slice text = view_text(v, "verdict");

    *out = (enum store_verdict)0;
    if (text.len == 0)
        return true;
    for (int k = STORE_QUEUED; k <= STORE_QUARANTINED; k++) {
        if (slice_eq(text, slice_from(story_verdict_name((enum store_verdict)k)))) {
            *out = (enum store_verdict)k;
            return true;
        }
    }
    err_set(&v->err, ERR_INPUT, "`verdict` is queued, duplicate, ignored or quarantined");
    return false;
}

static bool read_state(struct view *v, unsigned *states)
{
    struct slice text = view_text(v, "state");

    *states = 0;
    if (text.len == 0 || story_states(text, states))
        return true;
    err_set(&v->err, ERR_INPUT, "`state` is " STORY_STATES);
    return false;
}

/* A code is looked for as a name that the store holds. */
static bool read_filters(struct view *v, struct store_latest *what, int64_t *limit)
{
    *what = (struct store_latest){ .offer = view_text(v, "offer"),
                                   .tracker = view_text(v, "tracker"),
                                   .stage = view_text(v, "stage"),
                                   .code = view_text(v, "code") };
    return read_verdict(v, &what->verdict) && read_state(v, &what->states) &&
           view_number(v, "limit", 50, 1, ROWS_MOST, limit) &&
           view_number(v, "before", 0, 0, INT64_MAX, &what->before) &&
           view_number(v, "after", 0, 0, INT64_MAX, &what->after) &&
           view_time(v, "since", &what->since) && view_time(v, "until", &what->until);
}

int conversion_row(struct store *store, const struct store_postback *pb, struct arena *arena, struct buf *out,
                   struct err *err)
{
    struct row_event *events = NULL;
    size_t count = 0;

    if (row_events(store, pb, arena, &events, &count, err) != 0)
        return -1;
    row_json(out, pb, events, count);
    return 0;
}

/* Each with an arena of its own, for one click may have hundreds of events. */
static int rows_json(struct view *v, const struct store_postback *list, size_t count)
{
    struct arena row;
    int rc = 0;

    arena_init(&row, ROW_BYTES);
    for (size_t i = 0; i < count && rc == 0; i++) {
        buf_puts(&v->out, i ? ",\n" : "");
        arena_reset(&row);
        rc = conversion_row(v->store, &list[i], &row, &v->out, &v->err);
    }
    arena_free(&row);
    return rc;
}

int answer_conversions(struct view *v)
{
    struct store_postback *list = NULL;
    struct store_latest what;
    int64_t limit, next = 0;
    size_t count = 0;

    if (!read_filters(v, &what, &limit) ||
        store_list_latest(v->store, &what, (unsigned)limit, v->arena, &list, &count, &next, &v->err) < 0)
        return -1;
    buf_puts(&v->out, "{\"rows\":[");
    if (rows_json(v, list, count) != 0)
        return -1;
    buf_puts(&v->out, "],\"next\":");
    if (next)
        buf_i64(&v->out, next);
    else
        buf_puts(&v->out, "null");
    buf_puts(&v->out, "}\n");
    return 200;
}

static struct story_in story_in(struct view *v)
{
    return (struct story_in){ v->store, v->catalog, v->hasher, v->arena, v->now_ms / 1000 };
}

int answer_trace(struct view *v)
{
    struct slice id = slice_trim(view_text(v, "id"));
    const struct story_in in = story_in(v);
    struct story story;

    if (id.len == 0 || id.len > ID_MOST)
        return err_set(&v->err, ERR_INPUT, "`id` must be there, with at most %d bytes", ID_MOST);
    if (story_find(&in, id, &story, &v->err) < 0)
        return -1;
    story_json(&v->out, &story);
    buf_byte(&v->out, '\n');
    return 200;
}

/* Percent-encoded as they are kept, so that nothing in them means anything to a shell. */
static void curl_params(struct buf *text, const struct store_postback *pb)
{
    for (size_t i = 0; i < pb->params.len; i++)
        buf_add(text, pb->params.ptr[i] == '\'' ? S("%27") : slice_head(slice_from_at(pb->params, i), 1));
}

/* The postback as a request that can be sent once more: what came in a body goes as one, for it may be
 * larger than a URL can be. */
static void curl(struct view *v, const struct store_postback *pb)
{
    struct buf text = { .limit = (size_t)1 << 20 };
    struct admin *a = v->i->settings.admin;
    bool body = slice_eq(pb->method, S("POST"));

    buf_puts(&text, "curl -sS 'http://");
    pthread_mutex_lock(&a->lock);
    buf_puts(&text, a->public ? http_server_address(a->public) : v->catalog->listen);
    pthread_mutex_unlock(&a->lock);
    buf_puts(&text, "/postback/");
    buf_percent(&text, pb->offer);
    buf_puts(&text, "?key=KEY");
    if (pb->params.len) {
        buf_puts(&text, body ? "' --data-raw '" : "&");
        curl_params(&text, pb);
    }
    buf_byte(&text, '\'');
    buf_puts(&v->out, ",\"curl\":");
    buf_json(&v->out, buf_slice(&text));
    buf_free(&text);
}

int answer_conversion(struct view *v)
{
    const struct story_in in = story_in(v);
    struct story story;
    const struct store_click *click;
    int64_t id;
    int rc;

    if (!slice_to_i64(v->rest, &id) || id < 1)
        return err_set(&v->err, ERR_INPUT, "/api/conversion/ID takes the number of a row");
    if ((rc = story_of_postback(&in, id, &story, &v->err)) < 0)
        return -1;
    if (rc == 0 || story.postback_count == 0)
        return view_nothing(v, "there is no postback with this number; what is older than `retention: "
                               "ledger` is gone");
    click = story.click_count ? &story.clicks[0].click : NULL;
    buf_byte(&v->out, '{');
    story_json_members(&v->out, &story);
    buf_puts(&v->out, ",\"click\":");
    if (click)
        story_json_click(&v->out, click);
    else
        buf_puts(&v->out, "null");
    curl(v, &story.postbacks[0].postback);
    if (again_json(v, &story.postbacks[0].postback, click) != 0)
        return -1;
    buf_puts(&v->out, "}\n");
    return 200;
}
