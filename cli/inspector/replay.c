/* replay.c: POST /api/replay, done by the same function as the control socket's /replay; and the alerts. */
#include "cli/inspector/inside.h"
#include "cli/control_client.h"
#include "cli/replay/replay.h"
#include "cli/serve/clock.h"

/* ---- the order ---- */

static bool read_ids(const cJSON *list, struct replay_order *order)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, list) {
        double n = cJSON_GetNumberValue(item);
        if (order->count == REPLAY_GROUP || !cJSON_IsNumber(item) || !(n >= 1) || n > 9e15 ||
            n != (double)(int64_t)n)
            return false;
        order->ids[order->count++] = (int64_t)n;
    }
    return order->count > 0;
}

static int read_order(struct view *v, struct replay_order *order)
{
    struct slice body = v->http->body;
    cJSON *json = cJSON_ParseWithLength(slice_bytes(body), body.len);
    const cJSON *postbacks = cJSON_GetObjectItemCaseSensitive(json, "postbacks");
    const cJSON *events = cJSON_GetObjectItemCaseSensitive(json, "events");
    const cJSON *dry = cJSON_GetObjectItemCaseSensitive(json, "dry");
    bool ok = !postbacks != !events && cJSON_IsArray(events ? events : postbacks) &&
              (!dry || cJSON_IsBool(dry));

    *order = (struct replay_order){ .dead = events != NULL, .dry = cJSON_IsTrue(dry),
                                    .rules = v->catalog->print };
    ok = ok && read_ids(events ? events : postbacks, order);
    cJSON_Delete(json);
    return ok ? 0
              : err_set(&v->err, ERR_INPUT, "write {\"postbacks\":[1,2],\"dry\":true} or {\"events\":[3]}, "
                                            "at most %d of them", REPLAY_GROUP);
}

/* ---- doing it ---- */

struct doing {
    struct view *v;
    struct replay_order order;
    struct buf rows;
};

static int work(void *context, struct store *writer, struct err *err)
{
    struct doing *d = context;

    return replay_group(writer, d->v->rules->catalog, &d->order, clock_now_ms(), &d->rows, err);
}

static void text_member(struct buf *out, const cJSON *row, const char *from, const char *to)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(row, from));

    if (text)
        replay_member(out, to, slice_from(text));
}

static void result(struct view *v, const struct doing *d, const cJSON *row)
{
    struct buf *out = &v->out;

    buf_printf(out, "{\"id\":%.0f",
               cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(row, "id")));
    text_member(out, row, "was", "before");
    text_member(out, row, "verdict", "verdict");
    text_member(out, row, "code", "code");
    text_member(out, row, "reason", "reason");
    text_member(out, row, "left", "left");
    buf_puts(out, ",\"bodies\":[");
    if (d->order.dry)
        tally_bodies(out, row, ",", "");
    buf_puts(out, "]}");
}

static int print_results(struct view *v, const struct doing *d)
{
    cJSON *json = cJSON_ParseWithLength(slice_bytes(buf_slice(&d->rows)), d->rows.len);
    const cJSON *row, *rows = cJSON_GetObjectItemCaseSensitive(json, "rows");
    bool any = false;

    if (!cJSON_IsArray(rows)) {
        cJSON_Delete(json);
        return err_set(&v->err, ERR_BUSY, "out of memory");
    }
    buf_puts(&v->out, "{\"results\":[");
    cJSON_ArrayForEach(row, rows) {
        buf_puts(&v->out, any ? ",\n" : "");
        result(v, d, row);
        any = true;
    }
    buf_puts(&v->out, "]}\n");
    cJSON_Delete(json);
    return 200;
}

int answer_replay(struct view *v)
{
    struct doing d = { .v = v, .rows = { .limit = CONTROL_ANSWER_MAX } };
    int rc = read_order(v, &d.order);

    if (rc == 0)
        rc = intake_run(v->i->settings.intake, work, &d, &v->err);
    if (rc == 0 && !d.order.dry)
        intake_wake(v->i->settings.intake, (struct slice){ 0 });
    if (rc == 0)
        rc = print_results(v, &d);
    buf_free(&d.rows);
    return rc;
}

int answer_alerts(struct view *v)
{
    alerts_json(v->i->settings.admin->alerts, false, &v->out);
    return 200;
}
