/* A postback that is recorded twice, as a group that is run once more does, is as one that was recorded once: row, events,
 * warnings, answer. */
#include "tests/unit/store_case.h"

#include "tests/unit/catalog_case.h"
#include "cli/serve/record.h"
#include "core/base/buf.h"

#define NOW INT64_C(1790000000000)

static const char offer_text[] =
    "version: 1\noffer: nutra\nextends: keitaro\npixel: [C9EXAMPLEPIXEL00, C9EXAMPLEPIXEL01]\nvalue_currency: USD\n"
    "page_url: https://lander.example/nutra\n"
    "events:\n  lead: {event: Lead, value: {tiers: {raw: 10, verified: 30}, by: \"{param.quality}\", default: raw}}\n"
    "  sale: {event: Purchase, value: payout, min: 1, max: 500}\n  rebill: {event: Purchase, value: payout, repeatable: true}\n"
    "  rejected: ignore\n"
    "user:\n  external_id: \"{click_id}\"\n  email: \"{param.email}\"\n  phone: \"{param.phone}\"\n"
    "consent: {from: \"{param.consent}\", granted: [\"1\", yes], missing: granted, otherwise: anonymize}\n";

/* Each has something that a second time could double, or find changed by the first. */
static const struct {
    const char *query;
    enum store_verdict want;
} postbacks[] = {
    { "subid=c1&status=sale&payout=12.50&currency=usd&tid=1&email=a@b.example&phone=030123456", STORE_QUEUED },
    { "subid=c1&status=sale&payout=12.50&currency=usd&tid=1", STORE_DUPLICATE },
    { "subid=c2&status=lead&quality={quality}&currency=usd", STORE_QUEUED },           /* W020 */
    { "subid=c3&status=sale&payout=1000&currency=usd&tid=3", STORE_QUEUED },           /* W023: cut */
    { "subid=c3&status=rejected", STORE_IGNORED },
    { "subid=c3&status=sale&payout=10&currency=usd&tid=4", STORE_DUPLICATE },          /* W074 and the past */
    { "subid=c4&status=nosuchword", STORE_QUARANTINED },
    { "subid=c5&status=sale&payout=-5", STORE_QUARANTINED },
    { "subid=c6&status=sale&payout=7&currency=usd&consent=no&external_id=E.C.P.six-of-chance&email=a@b.example&ip=192.0.2.7", STORE_QUEUED },
    { "subid=c1&status=rebill&payout=3&currency=usd&tid=9", STORE_QUEUED },
    { "external_id=E.C.P.no-click-id-but-a-ttclid&status=sale&payout=2&currency=usd", STORE_QUEUED },
    { "subid=c7&status=sale&payout=5&currency=usd&x=%00%ff&phone=%7Bphone%7D", STORE_QUEUED },
};

static struct store *open_sqlite(const char *dir, bool writer, struct err *err)
{
    return store_sqlite_open(dir, writer, err);
}
static const struct engine sqlite = { "sqlite", open_sqlite };

struct rig {
    struct fixture *f; /* its folder has the configuration, too */
    struct catalog *catalog;
    struct rules rules;
    struct identity_hasher *hasher;
};

static void read_postback(struct rig *rig, const char *query, struct http_request *http, struct intake_request *r)
{
    const struct catalog_offer *offer = catalog_find(rig->catalog, S("nutra"));
    struct err err = { 0 };

    assert_non_null(offer);
    *r = (struct intake_request){ .http = http, .rules = &rig->rules, .offer = offer->offer, .method = S("GET"), .fresh = r->put };
    r->params = (struct params){ .max = 200, .arena = http->arena, .notes = &r->translation.notes };
    r->translation.notes.arena = r->translation.arena = http->arena;
    assert_int_equal(params_query(&r->params, slice_from(query), &err), 0);
    assert_int_equal(translate_read(r->offer, &r->params, http->arena, &r->translation, &err), 0);
    r->storable = translate_storable(r->offer, &r->params, &r->translation.conversion, rig->hasher, http->arena);
}

/* What the answer would say. */
static void say(struct buf *b, const struct intake_request *r)
{
    const struct translation *t = &r->translation;

    buf_printf(b, "%d %s [%.*s] notes %zu\n", (int)t->verdict, t->code, SLICE_ARG(t->reason), t->notes.count);
    for (const struct note *n = t->notes.first; n; n = n->next)
        buf_printf(b, "  %s %.*s\n", n->code, SLICE_ARG(n->text));
    for (size_t i = 0; i < t->event_count; i++)
        buf_printf(b, "  %.*s %.*s %d %.*s\n", SLICE_ARG(t->events[i].pixel), SLICE_ARG(t->events[i].event_id), r->fresh[i],
                   SLICE_ARG(t->events[i].body));
}

static int dump_event(void *context, const struct store_event *ev, struct err *err)
{
    (void)err;
    buf_printf(context, "%lld %lld %.*s %.*s %.*s %.*s %lld%.*s %.*s\n", (long long)ev->id, (long long)ev->postback_id,
               SLICE_ARG(ev->pixel), SLICE_ARG(ev->event), SLICE_ARG(ev->event_id), SLICE_ARG(ev->consent),
               (long long)ev->value, SLICE_ARG(ev->currency), SLICE_ARG(ev->body));
    return 0;
}

/* times: how often each is run, all but the last in vain. */
static void run(struct rig *rig, int times, size_t room, struct buf *out)
{
    struct fixture *f = rig->f;
    struct arena arena;
    struct store_postback *rows;
    size_t count;

    fixture_open(f);
    OK(f, store_begin(f->s, &f->err));
    OK(f, store_click_put(f->s, &(struct store_click){ .offer = S("nutra"), .click_id = S("c1"), .ttclid = S("E.C.P.one"),
                                                       .event_id = S("ev-1"), .country = S("DE"), .keyed = true }, &f->err));
    OK(f, store_commit(f->s, &f->err));
    for (size_t i = 0; i < COUNT(postbacks); i++) {
        struct record_context context = { f->s, rig->hasher, NOW + (int64_t)i * 1000 };
        struct http_request http = { .arena = &arena, .address = S("192.0.2.1") };
        struct intake_request *r = calloc(1, sizeof(*r));
        struct record_before before;
        arena_init(&arena, room);
        read_postback(rig, postbacks[i].query, &http, r);
        record_keep(r, &before);
        for (int j = 0; j < times; j++) {
            record_restore(r, &before);
            OK(f, store_begin(f->s, &f->err));
            OK(f, record_postback(&context, r, &f->err));
            if (j < times - 1)
                store_rollback(f->s);
        }
        OK(f, store_commit(f->s, &f->err));
        say(out, r);
        if (room > 100000 && record_verdict(r->translation.verdict) != postbacks[i].want)
            fail_msg("%s: %s %.*s", postbacks[i].query, r->translation.code, SLICE_ARG(r->translation.reason));
        arena_free(&arena);
        free(r);
    }
    OK(f, store_walk_events(f->s, 0, dump_event, out, &f->err));
    OK(f, store_list_postbacks(f->s, S(""), 0, 0, 1000, &f->arena, &rows, &count, &f->err));
    assert_int_equal(count, COUNT(postbacks));
    for (size_t i = 0; i < count; i++)
        buf_printf(out, "%lld %d %.*s %.*s|%.*s|%.*s|%.*s\n", (long long)rows[i].id, (int)rows[i].verdict, SLICE_ARG(rows[i].code),
                   SLICE_ARG(rows[i].click_id), SLICE_ARG(rows[i].params), SLICE_ARG(rows[i].reason), SLICE_ARG(rows[i].warnings));
    store_close(f->s);
    f->s = NULL;
}

/* room: of a request's memory; a little: what does not fit is quarantined, however often it was tried before. */
static void twice_is_once(struct rig *rig, size_t room, const char *const *there)
{
    struct buf want = { 0 };

    for (int times = 1; times <= 5; times += 2) {
        char path[200];
        struct buf is = { 0 };
        run(rig, times, room, times == 1 ? &want : &is);
        snprintf(path, sizeof(path), "%s/clickbaton.db", rig->f->dir);
        unlink(path);
        for (size_t i = 0; i < 2; i++) {
            snprintf(path, sizeof(path), "%s/clickbaton.db%s", rig->f->dir, i ? "-wal" : "-shm");
            unlink(path);
        }
        if (times > 1 && !slice_eq(buf_slice(&want), buf_slice(&is)))
            fail_msg("%d times: %.*s\nonce: %.*s", times, SLICE_ARG(buf_slice(&is)), SLICE_ARG(buf_slice(&want)));
        buf_free(&is);
    }
    for (; *there; there++)
        if (slice_find(buf_slice(&want), slice_from(*there)) == want.len)
            fail_msg("no %s in %.*s", *there, SLICE_ARG(buf_slice(&want)));
    buf_free(&want);
}

static void test_again(void **state)
{
    /* They have all been there: the damage that was repaired, the past, consent, two pixels, the click's country. */
    static const char *const usual[] = { "W020", "W023", "Q002", "anonymized", "ev-1", NULL };
    static const char *const little[] = { "Q015", NULL };
    struct rig rig = { .f = fixture_new(&sqlite), .hasher = identity_hasher_new() };

    (void)state;
    rig.catalog = open_catalog(rig.f->dir, offer_text);
    rig.rules = (struct rules){ .catalog = rig.catalog };
    twice_is_once(&rig, 256 * 1024, usual);
    twice_is_once(&rig, 1600, little);
    catalog_close(rig.catalog);
    identity_hasher_free(rig.hasher);
    fixture_free(rig.f);
}

/* What only the first time had to remark is gone the second time, and so is its memory. */
static void test_notes(void **state)
{
    struct rig rig = { .f = fixture_new(&sqlite), .hasher = identity_hasher_new() };
    struct intake_request *r = calloc(1, sizeof(*r));
    struct arena arena;
    struct http_request http = { .arena = &arena, .address = S("192.0.2.1") };
    struct record_before before;
    size_t used, count = 0;

    (void)state;
    rig.catalog = open_catalog(rig.f->dir, offer_text);
    rig.rules = (struct rules){ .catalog = rig.catalog };
    arena_init(&arena, 256 * 1024);
    read_postback(&rig, "subid=g1&status=sale&payout=5&currency=usd&tid={tid}", &http, r);
    assert_int_equal(r->translation.notes.count, 1); /* W020, of what was read */
    used = arena.used;
    record_keep(r, &before);
    for (int i = 0; i < 3; i++)
        note_add(&r->translation.notes, "W021", S("ttclid"), "a guess %d", i);
    r->storable = S("cut");
    assert_true(arena.used > used);
    record_restore(r, &before);
    for (const struct note *n = r->translation.notes.first; n; n = n->next, count++)
        assert_string_equal(n->code, "W020");
    assert_int_equal(count, 1);
    assert_int_equal(arena.used, used);
    assert_false(slice_eq(r->storable, S("cut")));
    arena_free(&arena);
    free(r);
    catalog_close(rig.catalog);
    identity_hasher_free(rig.hasher);
    fixture_free(rig.f);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_again), cmocka_unit_test(test_notes) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
