#include "cli/serve/control.h"

#include <time.h>
#include <unistd.h>

#include "cli/end.h"
#include "cli/inspector/inspector.h"
#include "cli/replay/group.h"
#include "cli/serve/clock.h"
#include "cli/serve/refused.h"
#include "core/base/buf.h"
#include "core/base/wipe.h"

/* {"version":...,"pid":...,"rules":...}: who runs here, with which files in force. */
static int status(struct control *c, const struct http_request *http, struct buf *out,
                  struct err *err)
{
    struct rules *rules = rules_get(c->rules);

    (void)http;
    (void)err;
    buf_printf(out, "{\"version\":\"%s\",\"pid\":%ld,\"rules\":\"%016llx\",\"offers\":%zu}\n",
               CLICKBATON_VERSION, (long)getpid(), (unsigned long long)rules->catalog->print,
               rules->catalog->offer_count);
    rules_release(rules);
    return 0;
}

/* ---- POST /replay ---- */

struct replaying {
    struct rules *rules;
    struct replay_order order;
    struct buf *out;
};

static int replay_work(void *context, struct store *writer, struct err *err)
{
    struct replaying *r = context;

    return replay_group(writer, r->rules->catalog, &r->order, clock_now_ms(), r->out, err);
}

static int replay(struct control *c, const struct http_request *http, struct buf *out,
                  struct err *err)
{
    struct replaying r = { .out = out };
    int rc;

    if (replay_order_parse(http->body, http->arena, &r.order, err) != 0)
        return -1;
    r.rules = rules_get(c->rules);
    rc = intake_run(c->intake, replay_work, &r, err);
    rules_release(r.rules);
    if (rc == 0 && !r.order.dry)
        intake_wake(c->intake, (struct slice){ 0 });
    return rc;
}

/* ---- POST /compact: {"left":pages that are free still} ---- */

#define COMPACT_PAGES 64 /* in one transaction: some milliseconds */
#define COMPACT_STEPS 20 /* in one request */

static int compact_work(void *context, struct store *writer, struct err *err)
{
    if (store_begin(writer, err) != 0)
        return -1;
    if (store_give_back(writer, COMPACT_PAGES, context, err) == 0)
        return store_commit(writer, err);
    store_rollback(writer);
    return -1;
}

static int compact(struct control *c, const struct http_request *http, struct buf *out,
                   struct err *err)
{
    const struct timespec pause = { .tv_nsec = 5000000 };
    int64_t left = 1;

    (void)http;
    for (int i = 0; i < COMPACT_STEPS && left > 0; i++) {
        if (intake_run(c->intake, compact_work, &left, err) != 0)
            return -1;
        nanosleep(&pause, NULL); /* postbacks go first */
    }
    buf_printf(out, "{\"left\":%lld}\n", (long long)left);
    return 0;
}

/* ---- GET /inspect: {"token":...,"admin":"127.0.0.1:9090","seconds":3600} ---- */

static int inspect(struct control *c, const struct http_request *http, struct buf *out,
                   struct err *err)
{
    char text[SESSION_TEXT + 1];

    (void)http;
    if (inspector_ticket(c->inspector, text, err) != 0)
        return -1;
    buf_printf(out, "{\"token\":\"%s\",\"admin\":\"%s\",\"seconds\":%d}\n", text, c->admin,
               INSPECTOR_TICKET_S);
    wipe(text, sizeof(text));
    return 0;
}

/* ---- GET /refused: what was refused since the start, for `reconcile` ---- */

static int refused(struct control *c, const struct http_request *http, struct buf *out,
                   struct err *err)
{
    (void)http;
    (void)err;
    refused_json(c->refused, out);
    buf_puts(out, "}\n");
    return 0;
}

/* ---- alerts: what is active, a test message, what reconcile has found ---- */

static int alerts(struct control *c, const struct http_request *http, struct buf *out, struct err *err)
{
    (void)http;
    (void)err;
    alerts_json(c->alerts, true, out);
    return 0;
}

static int alert_results(struct control *c, const struct http_request *http, struct buf *out, struct err *err)
{
    (void)http;
    (void)err;
    alerts_json(c->alerts, false, out);
    return 0;
}

static int alert_test(struct control *c, const struct http_request *http, struct buf *out, struct err *err)
{
    (void)http;
    return alerts_test(c->alerts, out, err);
}

static int alert_fact(struct control *c, const struct http_request *http, struct buf *out, struct err *err)
{
    buf_puts(out, "{}\n");
    return alerts_fact(c->alerts, http->body, err);
}

static const struct route {
    enum http_method method;
    struct slice path;
    control_request *answer;
} routes[] = {
    { HTTP_GET, SLICE("/status"), status },
    { HTTP_GET, SLICE("/refused"), refused },
    { HTTP_POST, SLICE("/replay"), replay },
    { HTTP_GET, SLICE("/inspect"), inspect },
    { HTTP_POST, SLICE("/compact"), compact },
    { HTTP_GET, SLICE("/alerts"), alerts },
    { HTTP_GET, SLICE("/alert-results"), alert_results },
    { HTTP_POST, SLICE("/alert-test"), alert_test },
    { HTTP_POST, SLICE("/alert-fact"), alert_fact },
};

static const struct http_header json[] = { { "Content-Type", "application/json" }, { NULL, NULL } };

static void refuse(struct http_request *http, const struct err *err)
{
    static const int statuses[] = { [ERR_INPUT] = 400, [ERR_BUSY] = 503, [ERR_AGAIN] = 503, [ERR_SYSTEM] = 500, [ERR_UNSYNCED] = 500 };
    int code = err->kind == ERR_NONE ? 500 : statuses[err->kind];
    struct buf out = { 0 };

    buf_puts(&out, "{\"error\":");
    buf_json(&out, slice_from(err->text));
    buf_puts(&out, "}\n");
    http_reply(http, code, json, buf_slice(&out));
    buf_free(&out);
}

static const struct route *route_of(const struct http_request *http)
{
    for (size_t i = 0; i < sizeof(routes) / sizeof(*routes); i++)
        if (routes[i].method == http->method && slice_eq(routes[i].path, http->path))
            return &routes[i];
    return NULL;
}

static void handle(void *context, struct http_request *http)
{
    const struct route *route = route_of(http);
    struct buf out = { .limit = CONTROL_ANSWER_MAX };
    struct err err = { 0 };

    end_memory_lacked();
    if (!route)
        err_set(&err, ERR_INPUT, "this server does not know %.*s; is it older than the clickbaton "
                "that asks (%s here)?", SLICE_ARG(slice_head(http->path, 60)), CLICKBATON_VERSION);
    else if (route->answer(context, http, &out, &err) == 0 && !buf_ok(&out))
        err_set(&err, ERR_SYSTEM, "the answer needs too much memory");
    if (err.kind == ERR_INPUT && end_memory_lacked()) /* what looks wrong may only be missing */
        err_set(&err, ERR_BUSY, "out of memory; nothing was changed: try again");
    if (err.text[0])
        refuse(http, &err);
    else
        http_reply(http, 200, json, buf_slice(&out));
    buf_free(&out);
}

struct http_server *control_open(struct control *c, const char *data, struct err *err)
{
    struct http_limits limits = HTTP_LIMITS_DEFAULT;

    limits.connections = 64;
    limits.connections_per_address = 0;
    limits.body = CONTROL_BODY_MAX;
    return http_server_open_local(data, CONTROL_NAME, &limits, handle, c, err);
}
