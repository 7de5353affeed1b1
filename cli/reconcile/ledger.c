/* ledger.c: what the store knows, into the comparison. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "cli/control_client.h"
#include "cli/reconcile/reconcile.h"

#define DEAD_MAX 20000 /* dead events whose code is asked for one by one, some 20 us each */
#define DEAD_REST S("of more than 20000 the code was not looked up: clickbaton trace")
#define BEFORE   (INT64_C(2) * 86400) /* the file's day may begin a day before ours */

struct dead {
    int64_t event, postback;
};

struct loading {
    struct recon_report *r;
    bool emails, phones;
    struct dead *dead;
    size_t dead_count;
};

static int take_postback(void *context, const struct store_brief *pb, struct err *err)
{
    struct loading *l = context;
    const struct recon_postback one = {
        .id = pb->id, .at = pb->at / 1000, .offer = pb->offer, .stage = pb->stage,
        .code = pb->code, .click_id = pb->click_id, .txid = pb->txid, .verdict = (int)pb->verdict,
    };

    return recon_add_postback(l->r->recon, &one, err);
}

/* The hash behind "name":" in our own JSON; also the first of a list. */
static struct slice hash_in(struct slice body, struct slice name)
{
    struct slice s = slice_from_at(body, slice_find(body, name));

    s = slice_from_at(s, name.len);
    if (s.len && s.ptr[0] == '[')
        s = slice_from_at(s, 1);
    if (s.len < 66 || s.ptr[0] != '"' || s.ptr[65] != '"')
        return (struct slice){ 0 };
    return slice_head(slice_from_at(s, 1), 64);
}

static int take_event(void *context, const struct store_fate *ev, struct err *err)
{
    struct loading *l = context;
    struct recon_event one = {
        .id = ev->id, .postback = ev->postback_id, .currency = ev->currency,
        .original_currency = ev->original_currency, .value = ev->value,
        .original_value = ev->original_value, .state = (int)ev->state, .test = ev->test,
        .ttclid = ev->ttclid,
    };

    if (l->emails)
        one.email = hash_in(ev->body, S("\"email\":"));
    if (l->phones)
        one.phone = hash_in(ev->body, S("\"phone\":"));
    if (!l->r->target.len && ev->currency.len)
        l->r->target = arena_dup(l->r->arena, ev->currency);
    if (ev->state == STORE_DEAD && l->dead_count < DEAD_MAX)
        l->dead[l->dead_count++] = (struct dead){ ev->id, ev->postback_id };
    else if (ev->state == STORE_DEAD)
        recon_dead_code(l->r->recon, ev->postback_id, DEAD_REST);
    return recon_add_event(l->r->recon, &one, err);
}

/* TikTok's code of the last attempt, else "http 503", else "none". */
static void code_of(const struct store_attempt *list, size_t count, char out[32])
{
    const struct store_attempt *last = count ? &list[count - 1] : NULL;

    if (last && last->code >= 0)
        snprintf(out, 32, "%lld", (long long)last->code);
    else if (last && last->http_status)
        snprintf(out, 32, "http %d", last->http_status);
    else
        snprintf(out, 32, "none");
}

static int dead_codes(struct loading *l, struct err *err)
{
    struct arena arena;
    int rc = 0;

    arena_init(&arena, (size_t)4 << 20);
    for (size_t i = 0; rc == 0 && i < l->dead_count; i++) {
        struct store_attempt *list;
        size_t count;
        char code[32];
        arena_reset(&arena);
        rc = store_attempts_of(l->r->store, l->dead[i].event, &arena, &list, &count, err);
        if (rc == 0) {
            code_of(list, count, code);
            recon_dead_code(l->r->recon, l->dead[i].postback, slice_from(code));
        }
    }
    arena_free(&arena);
    return rc;
}

int ledger_load(struct recon_report *r, bool emails, bool phones, struct err *err)
{
    struct loading l = { .r = r, .emails = emails, .phones = phones };
    int64_t since = r->since - r->window - BEFORE;
    int rc = -1;

    since = since > 0 ? since * 1000 : 0;
    l.dead = calloc(DEAD_MAX, sizeof(*l.dead));
    if (!l.dead)
        return err_set(err, ERR_SYSTEM, "out of memory");
    if (store_walk_briefs(r->store, since, take_postback, &l, err) == 0 &&
        store_walk_fates(r->store, since, emails || phones, take_event, &l, err) == 0)
        rc = dead_codes(&l, err);
    free(l.dead);
    if (rc == 0) {
        recon_target(r->recon, r->target.len ? r->target : S("USD"));
        if (!r->target.len)
            r->target = S("USD");
        rc = recon_ledger_ready(r->recon, err);
    }
    return rc;
}

/* Nothing is asked of a store that can't be read any more: what it said would be half of it. */
static bool is_readable(const struct recon_report *r)
{
    return r->unread.text[0] == '\0';
}

struct slice ledger_id(struct recon_report *r, int64_t postback)
{
    struct store_postback pb;
    struct arena arena;
    struct slice id = { 0 };

    arena_init(&arena, (size_t)8 << 20);
    if (postback && is_readable(r) &&
        store_get_postback(r->store, postback, &arena, &pb, &r->unread) == 1) {
        id = pb.click_id.len ? pb.click_id : pb.txid.len ? pb.txid : pb.event_id;
        if (!id.len)
            id = pb.ttclid;
        id = arena_dup(r->arena, id);
    }
    arena_free(&arena);
    return id;
}

static int one_answer(struct recon_report *r, const struct store_event *ev, struct arena *arena,
                      struct buf *out)
{
    static const char *const states[] = { "", "waiting", "being sent", "delivered", "dead",
                                          "withdrawn" };
    struct store_attempt *list;
    size_t count;
    char code[32];

    if (store_attempts_of(r->store, ev->id, arena, &list, &count, &r->unread) != 0)
        return -1;
    buf_printf(out, "%s%.*s %s", out->len ? "; " : "", SLICE_ARG(ev->event),
               ev->state >= 1 && ev->state <= 5 ? states[ev->state] : "");
    if (ev->currency.len) {
        buf_byte(out, ' ');
        money_print(out, (struct money){ ev->value });
        buf_printf(out, " %.*s", SLICE_ARG(ev->currency));
    }
    if (count) {
        code_of(list, count, code);
        buf_printf(out, ", TikTok: %s", code);
        if (list[count - 1].request_id.len)
            buf_printf(out, ", request %.*s", SLICE_ARG(list[count - 1].request_id));
    }
    return 0;
}

static int answers(struct recon_report *r, const struct store_postback *pb, struct arena *arena, struct buf *out)
{
    struct store_event *list;
    size_t count = 0;

    if (pb->event_id.len &&
        store_find_events(r->store, pb->event_id, 50, arena, &list, &count, &r->unread) != 0)
        return -1;
    for (size_t i = 0; i < count; i++)
        if (list[i].postback_id == pb->id && one_answer(r, &list[i], arena, out) != 0)
            return -1;
    return 0;
}

struct slice ledger_answer(struct recon_report *r, const struct recon_sample *s)
{
    struct arena arena;
    struct store_postback pb;
    struct buf out = { 0 };
    struct slice answer;

    arena_init(&arena, (size_t)32 << 20);
    if (s->postback && is_readable(r) &&
        store_get_postback(r->store, s->postback, &arena, &pb, &r->unread) == 1 &&
        answers(r, &pb, &arena, &out) == 0 && !out.len && pb.code.len)
        buf_printf(&out, "%.*s: %.*s", SLICE_ARG(pb.code), SLICE_ARG(pb.reason));
    answer = arena_dup(r->arena, buf_slice(&out));
    buf_free(&out);
    arena_free(&arena);
    return answer;
}

/* {"counts":[{"offer":"nutra-de","code":"R001","count":7}, ...]} */
static int tell_refused(struct recon_report *r, const struct buf *answer, struct err *err)
{
    cJSON *root = cJSON_ParseWithLength(answer->ptr, answer->len);
    const cJSON *one;
    int rc = 0;

    cJSON_ArrayForEach(one, cJSON_GetObjectItemCaseSensitive(root, "counts")) {
        const char *offer = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(one, "offer"));
        const char *code = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(one, "code"));
        const cJSON *count = cJSON_GetObjectItemCaseSensitive(one, "count");
        if (rc == 0 && code && cJSON_IsNumber(count) && count->valuedouble >= 1 &&
            (!r->offer.len || !offer || slice_eq(r->offer, slice_from(offer))))
            rc = recon_tell(r->recon, CAUSE_REFUSED, slice_from(code),
                            (uint64_t)count->valuedouble, err);
    }
    cJSON_Delete(root);
    return rc;
}

int ledger_refused(struct recon_report *r, const char *data, struct err *err)
{
    struct err ignored = { 0 };
    struct control_client *c = control_client_open(data, &ignored);
    struct buf answer = { 0 };
    int rc = 0;

    /* Only a hint: without an answer there is none. */
    if (c && control_client_ask(c, "/refused", (struct slice){ 0 }, 5, &answer, &ignored) == 1)
        rc = tell_refused(r, &answer, err);
    buf_free(&answer);
    control_client_close(c);
    return rc;
}
