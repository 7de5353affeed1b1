/* Any postback through every shipped tracker.  The first byte chooses the tracker and how the rest
 * is read; what is stored of it holds no e-mail address and no key, and translates to the same
 * again. */
#include "tests/fuzz/shipped.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define OFFER                                                                                      \
    "pixel: C9EXAMPLEPIXEL00\npage_url: https://lander.example/nutra\nvalue_currency: USD\n"       \
    "events:\n"                                                                                    \
    "  lead: {event: Lead, value: {tiers: {raw: 10, good: 30}, by: \"{param.quality}\", default: " \
    "raw}}\n"                                                                                      \
    "  sale: [{event: Purchase, value: payout, min: 0.01, max: 500}, Subscribe]\n"                 \
    "  rebill: {event: Purchase, value: payout, percent: 40, repeatable: true}\n"                  \
    "  refund: {event: Contact, value: {table: {de: 12.5, at: payout, us: 80%}, by: "               \
    "\"{param.quality}\", default: 5}, currency: GBP, lifetime: {months: 6, keep: 85}}\n"           \
    "  chargeback: {event: Contact, value: payout, percent: 80, minus: {from: \"{cost}\", "         \
    "currency: EUR}, max: 100}\n"                                                                  \
    "  rejected: ignore\n"                                                                         \
    "properties: {content_ids: [\"{txid}\", \"{param.a}\"], order_id: \"{param.b|lower}\", "       \
    "num_items: \"{param.n}\", contents: [{content_id: \"{param.c}\", price: \"{param.d}\"}, "     \
    "{price: value}]}\n"                                                                           \
    "user: {email: {from: [\"{param.email}\", \"{param.emails}\"], split: \",; \"}, "                \
    "phone: {from: \"{param.phone}\", country: \"{param.geo|default:DE}\"}, "                        \
    "external_id: [\"{click_id}\", \"{param.crm}\"], first_name: \"{param.name}\", "                 \
    "city: \"{param.city}\", zip_code: \"{param.zip}\"}\n"                                           \
    "consent: {from: \"{param.consent}\", granted: [\"1\"], otherwise: anonymize}\n"

static const char *const names[] = { "keitaro", "bemob", "binom", "redtrack", "voluum", "generic" };
#define NAMES (sizeof(names) / sizeof(*names))

static const struct offer *offer_of(size_t i)
{
    static struct offer *offers[NAMES];
    static struct source sources[NAMES];
    static struct arena arena;
    struct diags diags = { .arena = &arena };
    struct mapping_loader loader = { &arena, &diags, trackers, { NULL, shipped_find } };

    if (offers[i])
        return offers[i];
    if (!arena.limit)
        arena_init(&arena, 32 << 20);
    sources[i].name = S("fuzz.yaml");
    sources[i].text =
        arena_printf(&arena, "version: 1\noffer: o\nextends: %s\n%s", names[i], OFFER);
    offers[i] = mapping_load_offer(&loader, &sources[i]);
    assert(offers[i]);
    return offers[i];
}

static int run(const struct offer *offer, struct params *p, struct translation *t)
{
    struct translator translator = { shipped_rates(), NULL, shipped_hasher() };
    struct err err = { 0 };

    if (translate_read(offer, p, p->arena, t, &err) != 0 ||
        translate_finish(&translator, offer, p, NULL, 1790000000, t, &err) != 0) {
        assert(err.kind == ERR_BUSY && p->arena->full);
        return -1;
    }
    shipped_check(t);
    return 0;
}

/* The stored form holds nothing personal, and is stable: stored again, it is the same. */
static void check_stored(const struct offer *offer, const struct params *p, struct arena *arena)
{
    struct slice stored = translate_storable(offer, p, NULL, shipped_hasher(), arena), again;
    struct notes notes = { .arena = arena };
    struct params back = { .arena = arena, .max = 1000, .notes = &notes };

    if (arena->full)
        return;
    assert(params_query(&back, stored, NULL) == 0);
    /* A note says that reading has repaired something, which makes other names of it. */
    for (size_t i = 0; i < back.count; i++) {
        assert(!identity_looks_personal(back.list[i].value));
        assert(!identity_looks_personal(back.list[i].name));
        assert(notes.count || !slice_eq_nocase(back.list[i].name, S("key")));
    }
    again = translate_storable(offer, &back, NULL, shipped_hasher(), arena);
    assert(arena->full || notes.count || slice_eq(stored, again));
}

/* Cut, there is no address and no name of a person left; cut again, it is the same. */
static void check_cut(const struct offer *offer, const struct params *p, struct arena *arena)
{
    static const enum consent_action actions[] = { CONSENT_DROP, CONSENT_ANONYMIZE };
    struct slice stored = translate_storable(offer, p, NULL, shipped_hasher(), arena);

    for (size_t i = 0; i < 2; i++) {
        struct slice cut = translate_cut(offer, actions[i], stored, arena);
        struct slice again = translate_cut(offer, actions[i], cut, arena);
        struct params back = { .arena = arena, .max = 1000 };
        if (arena->full)
            return;
        assert(cut.len <= stored.len && slice_eq(cut, again));
        assert(params_query(&back, cut, NULL) == 0);
        for (size_t j = 0; j < back.count; j++)
            assert(!slice_eq(back.list[j].name, S("email")) && !slice_eq(back.list[j].name, S("ip")));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice raw = { (const char *)data + 1, size - 1 };
    const struct offer *offer;
    struct arena arena;
    struct translation t = { 0 };
    struct params p = { 0 };
    struct err err;
    int rc;

    if (size == 0)
        return 0;
    offer = offer_of(data[0] % NAMES);
    arena_init(&arena, 4 << 20);
    t.arena = t.notes.arena = p.arena = t.trail.arena = &arena;
    t.trail.on = data[0] & 1;
    p.notes = &t.notes;
    switch (data[0] / NAMES % 3) {
    case 0:
        rc = params_url(&p, raw, &err);
        break;
    case 1:
        rc = params_form(&p, raw, &err);
        break;
    default:
        rc = params_json(&p, raw, &err);
    }
    if (rc == 0) {
        check_stored(offer, &p, &arena);
        check_cut(offer, &p, &arena);
        run(offer, &p, &t);
    }
    arena_free(&arena);
    return 0;
}
