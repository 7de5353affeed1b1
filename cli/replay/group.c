#include "cli/replay/group.h"

#include <stdarg.h>

#include "cli/end.h"
#include "cli/serve/record.h"
#include "core/base/when.h"

#define ROW_BYTES ((size_t)32 << 20)
#define KEPT_LINES_MOST 20

/* What a replayed row keeps of what it was: a line among its warnings, which no other line looks
 * like. */
#define WAS " was its verdict until "

void replay_member(struct buf *out, const char *name, struct slice value)
{
    buf_printf(out, ",\"%s\":", name);
    buf_json(out, value);
}

void replay_left(struct replay_work *w, int64_t id, const char *fmt, ...)
{
    struct slice why;
    va_list ap;

    va_start(ap, fmt);
    why = arena_vprintf(&w->arena, fmt, ap);
    va_end(ap);
    buf_printf(w->out, "{\"id\":%lld", (long long)id);
    replay_member(w->out, "left", why);
    buf_byte(w->out, '}');
}

/* ---- what is told of a row ---- */

static void tell_event(struct replay_work *w, const struct intake_request *r, size_t i)
{
    const struct translated_event *e = &r->translation.events[i];
    struct buf *out = w->out;
    bool first = true;

    buf_printf(out, "%s{\"fresh\":%s", i ? "," : "", r->fresh[i] ? "true" : "false");
    replay_member(out, "pixel", e->pixel);
    replay_member(out, "event", e->event);
    replay_member(out, "event_id", e->event_id);
    replay_member(out, "source", event_source_names[r->offer->source]);
    replay_member(out, "test_code", catalog_test_code(w->catalog, r->offer, e->pixel));
    buf_printf(out, ",\"micros\":\"%lld\"", (long long)(e->has_value ? e->value.micros : 0));
    replay_member(out, "currency", e->has_value ? e->currency : (struct slice){ 0 });
    if (w->order->dry) {
        replay_member(out, "body", e->body);
        replay_member(out, "plain_id", e->plain_id);
        buf_printf(out, ",\"own_id\":%s", e->own_id ? "true" : "false");
        buf_puts(out, ",\"formerly\":[");
        for (size_t k = 0; k < TRANSLATE_FORMERLY; k++) {
            if (e->formerly[k].len == 0)
                continue;
            buf_puts(out, first ? "" : ",");
            buf_json(out, e->formerly[k]);
            first = false;
        }
        buf_byte(out, ']');
    }
    buf_byte(out, '}');
}

static void tell(struct replay_work *w, const struct store_postback *was,
                 const struct intake_request *r)
{
    const struct translation *t = &r->translation;
    struct buf *out = w->out;

    buf_printf(out, "{\"id\":%lld,\"at\":%lld,\"verdict\":\"%s\"", (long long)was->id,
               (long long)was->at, verdict_name(t->verdict));
    replay_member(out, "was", was->code);
    replay_member(out, "code", slice_from(t->code));
    replay_member(out, "reason", t->reason);
    replay_member(out, "offer", was->offer);
    replay_member(out, "click_id", t->conversion.fields[FIELD_CLICK_ID].value);
    buf_puts(out, ",\"events\":[");
    for (size_t i = 0; i < t->event_count; i++)
        tell_event(w, r, i);
    buf_puts(out, "]}");
}

/* ---- one postback ---- */

/* Lines of the request, and earlier verdicts. */
static bool is_kept(struct slice line)
{
    return record_is_requests(line) || slice_find(line, S(WAS)) < line.len;
}

static void keep_lines(struct buf *out, struct slice warnings, struct slice now)
{
    struct slice line;
    int kept = 0;

    while (slice_next(&warnings, '\n', &line)) {
        if (!is_kept(line) || slice_find(now, line) < now.len)
            continue;
        if (++kept > KEPT_LINES_MOST)
            return;
        buf_add(out, line);
        buf_byte(out, '\n');
    }
}

static struct slice warnings_of(struct replay_work *w, const struct store_postback *was,
                                const struct translation *t)
{
    struct buf b = { .limit = 64 * 1024 };
    struct slice out, now = record_warnings(t);

    buf_printf(&b, "%.*s" WAS, SLICE_ARG(was->code));
    when_print(&b, w->now_ms / 1000);
    buf_printf(&b, ", when it was replayed: %.*s\n", SLICE_ARG(was->reason));
    keep_lines(&b, was->warnings, now);
    buf_add(&b, now);
    out = arena_dup(&w->arena, buf_slice(&b));
    buf_free(&b);
    return out;
}

static int keep(struct replay_work *w, const struct store_postback *was, struct intake_request *r,
                struct err *err)
{
    const struct translation *t = &r->translation;
    const struct field_value *f = t->conversion.fields;
    struct store_postback pb = {
        .id = was->id,
        .params = r->storable,
        .click_id = f[FIELD_CLICK_ID].value,
        .ttclid = f[FIELD_TTCLID].value,
        .event_id = f[FIELD_EVENT_ID].value,
        .txid = f[FIELD_TXID].value,
        .stage = t->conversion.stage,
        .verdict = record_verdict(t->verdict),
        .code = slice_from(t->code),
        .reason = t->reason,
        .warnings = warnings_of(w, was, t),
    };

    if (w->arena.full)
        return err_set(err, ERR_SYSTEM, "postback %lld needs too much memory", (long long)was->id);
    if (t->verdict == VERDICT_QUARANTINED && slice_eq(pb.code, was->code) &&
        slice_eq(pb.reason, was->reason) && slice_eq(pb.params, was->params))
        return 0; /* nothing new is known */
    return store_postback_again(w->store, &pb, err) < 0 ? -1 : 0;
}

/* 1: read, and to be decided.  0: it was said why not. */
static int read_again(struct replay_work *w, const struct store_postback *was,
                      struct intake_request *r, struct err *err)
{
    const struct catalog_offer *offer = catalog_find(w->catalog, was->offer);
    const struct conversion *conv = &r->translation.conversion;
    struct slice word;

    r->translation.arena = r->translation.notes.arena = &w->arena;
    r->params = (struct params){ .max = 100000, .arena = &w->arena,
                                 .notes = &r->translation.notes };
    if (!offer)
        return replay_left(w, was->id, "the offer \"%.*s\" is not configured any more",
                           SLICE_ARG(was->offer)), 0;
    r->offer = offer->offer;
    r->translation.today = w->now_ms / 1000;
    if (params_query(&r->params, was->params, err) != 0)
        return w->arena.full ? -1 : (replay_left(w, was->id, "%s", err->text), 0);
    if (slice_eq(was->code, S("Q015")) && !slice_eq(was->reason, RECORD_TOO_LARGE))
        return replay_left(w, was->id, "its body could not be read, and no mapping changes that"), 0;
    if (translate_read(r->offer, &r->params, &w->arena, &r->translation, err) != 0)
        return -1;
    word = slice_trim(conv->fields[FIELD_STATUS].value);
    if (w->order->status.len && !slice_eq_nocase(word, w->order->status) &&
        !slice_eq_nocase(conv->stage, w->order->status))
        return buf_printf(w->out, "{\"id\":%lld,\"other\":true}", (long long)was->id), 0;
    r->storable = translate_storable(r->offer, &r->params, conv, w->hasher, &w->arena);
    return w->arena.full ? -1 : 1;
}

static int postback_row(struct replay_work *w, int64_t id, struct err *err)
{
    struct record_context context = { w->store, w->hasher, w->now_ms };
    struct rules rules = { .catalog = w->catalog };
    struct intake_request *r = ARENA_NEW(&w->arena, struct intake_request);
    bool fresh[TRANSLATE_EVENTS_MAX] = { false };
    struct store_postback was;
    int rc;

    if (!r)
        return err_set(err, ERR_SYSTEM, "out of memory");
    if ((rc = store_get_postback(w->store, id, &w->arena, &was, err)) < 0)
        return -1;
    if (rc == 0 || was.verdict != STORE_QUARANTINED)
        return replay_left(w, id, "it is not quarantined any more"), 0;
    r->rules = &rules;
    r->fresh = fresh;
    if ((rc = read_again(w, &was, r, err)) == 1 &&
        (rc = record_events(&context, r, id, was.at / 1000, err)) == 0) {
        tell(w, &was, r);
        rc = keep(w, &was, r, err);
    }
    if (rc != 0 && w->arena.full)
        return err_set(err, ERR_SYSTEM, "postback %lld needs too much memory", (long long)id);
    return rc;
}

/* ---- a group ---- */

static int all_rows(struct replay_work *w, struct err *err)
{
    end_memory_lacked();
    for (size_t i = 0; i < w->order->count; i++) {
        int64_t id = w->order->ids[i];
        arena_reset(&w->arena);
        buf_puts(w->out, i ? ",\n" : "");
        if ((w->order->dead ? replay_dead_row(w, id, err) : postback_row(w, id, err)) != 0)
            return -1;
    }
    if (end_memory_lacked()) /* one of the verdicts would be another with memory */
        return err_set(err, ERR_BUSY, "out of memory; nothing was changed: try again");
    return buf_ok(w->out) ? 0 : err_set(err, ERR_SYSTEM, "the answer needs too much memory");
}

int replay_group(struct store *writer, struct catalog *catalog, const struct replay_order *order,
                 int64_t now_ms, struct buf *out, struct err *err)
{
    struct replay_work w = { .store = writer, .catalog = catalog, .order = order,
                             .now_ms = now_ms, .out = out };
    int rc = -1;

    if (!order->dead && order->rules != catalog->print)
        return err_set(err, ERR_INPUT,
                       "the server has other files in force than those here: reload it (kill -HUP, "
                       "or systemctl reload clickbaton), then replay again");
    if (!(w.hasher = identity_hasher_new()))
        return err_set(err, ERR_SYSTEM, "out of memory");
    arena_init(&w.arena, ROW_BYTES);
    buf_puts(out, "{\"rows\":[");
    if (store_begin(writer, err) == 0 && all_rows(&w, err) == 0) {
        if (order->dry)
            store_rollback(writer);
        rc = order->dry ? 0 : store_commit(writer, err);
    }
    store_rollback(writer); /* nothing, after a commit */
    buf_puts(out, "]}\n");
    arena_free(&w.arena);
    identity_hasher_free(w.hasher);
    return rc;
}
