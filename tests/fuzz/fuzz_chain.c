/* Any YAML as a chain file, with the shipped offers.  One that loads is walked: as it is, and with
 * each failure as the extra one at a hop.  A walk gives a verdict that agrees with itself, the same
 * again for the same input, and in a small arena either that or ERR_BUSY. */
#include "core/chain/chain.h"
#include "core/chain/url.h"
#include "tests/fuzz/shipped.h"

#define WALK (24u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const offer_names[] = { "nutra-de", "sweeps-us", "loan-pl", "keto-us",
                                           "vpn-fr",   "shop-any",  NULL };

static char *read_file(const char *path, size_t *len)
{
    FILE *f = fopen(path, "rb");
    char *text = malloc(65536);

    assert(f && text);
    *len = fread(text, 1, 65536, f);
    fclose(f);
    return text;
}

/* By the last part of the path that the chain names; else the first. */
static const struct offer *offer_for(struct slice path)
{
    static struct arena arena;
    static struct source sources[8];
    static const struct offer *offers[8];
    static size_t count;

    if (!count) {
        struct diags diags = { .arena = &arena };
        struct mapping_loader loader = { &arena, &diags, trackers, { NULL, shipped_find } };
        arena_init(&arena, 64u << 20);
        for (; offer_names[count]; count++) {
            char file[80];
            snprintf(file, sizeof(file), "examples/offers/%s.yaml", offer_names[count]);
            sources[count].name = slice_from(offer_names[count]);
            sources[count].text.ptr = read_file(file, &sources[count].text.len);
            offers[count] = mapping_load_offer(&loader, &sources[count]);
            assert(offers[count]);
        }
    }
    for (size_t i = 0; i < count; i++)
        if (slice_find(path, sources[i].name) < path.len)
            return offers[i];
    return path.len ? offers[0] : NULL;
}

static void check_texts(const struct notes *notes)
{
    for (const struct note *n = notes->first; n; n = n->next)
        assert(n->code[0] == 'H' && strlen(n->code) == 4 && n->text.len);
}

static void check_hop(const struct hop_result *h)
{
    struct url u;

    for (int id = 0; id < CHAIN_IDS; id++)
        assert(*baton_state_name(h->state[id]));
    assert(url_parse(h->arrives, &u) == NULL && !u.has_fragment);
    assert(h->changes.lost.count <= COMPARE_PAIRS && h->changes.added.count <= COMPARE_PAIRS);
    check_texts(&h->notes);
}

static void check_result(const struct chain *c, const struct chain_result *r)
{
    assert(r->hop_count >= 1 && r->hop_count <= c->hop_count);
    assert(r->kept == (*r->code == '\0') && r->kept == (r->reason.len == 0));
    assert(r->broken_at <= c->hop_count);
    assert(r->ids[CHAIN_TTCLID].len && r->registration_count <= CHAIN_REGISTRATIONS_MAX);
    for (size_t i = 0; i < r->hop_count; i++)
        check_hop(&r->hops[i]);
    check_texts(&r->warnings);
    if (!r->translated)
        return;
    shipped_check(&r->translation);
    if (r->kept)
        assert(r->translation.event_count &&
               slice_eq(r->translation.conversion.fields[FIELD_TTCLID].value,
                        r->ids[CHAIN_TTCLID]));
}

static bool walk(const struct chain *c, const struct chain_world *w, const struct hop_break *extra,
                 size_t at, size_t limit, bool *kept)
{
    struct chain_result r;
    struct arena arena;
    struct err err = { 0 };
    int rc;

    arena_init(&arena, limit);
    rc = chain_walk(c, w, extra, at, &arena, &r, &err);
    if (rc == 0)
        check_result(c, &r);
    else
        assert(rc == -1 && err.kind == ERR_BUSY && arena.full);
    *kept = rc == 0 && r.kept;
    arena_free(&arena);
    return rc == 0;
}

/* A failure with what a chain file could say for it. */
static struct hop_break failure(const struct break_kind *k, uint64_t dice)
{
    static const struct slice names[] = { SLICE("ttclid"), SLICE("subid"), SLICE("external_id") };
    static const struct slice values[] = { SLICE("x"), SLICE("a&b#c"), SLICE("") };
    struct hop_break b = { .kind = k, .number = (int64_t)(dice % 400) + 1 };

    b.text = dice & 1 ? S("other.example") : S("a b");
    if (k->takes == BREAK_NAMES || k->takes == BREAK_MAP || k->takes == BREAK_MAP_OR_NAMES ||
        (k->takes == BREAK_ALL_OR_NAMES && dice & 2)) {
        b.names = names;
        b.count = 3;
    }
    if (k->takes == BREAK_MAP || (k->takes == BREAK_MAP_OR_NAMES && dice & 4))
        b.values = values;
    return b;
}

static void walks(const struct chain *c, uint64_t dice)
{
    const struct translator translator = { shipped_rates(), NULL, shipped_hasher() };
    const struct chain_world w = { &translator, offer_for(c->postback), 1790000000, dice };
    bool kept, again;

    if (walk(c, &w, NULL, 0, WALK, &kept)) {
        assert(walk(c, &w, NULL, 0, WALK, &again) && again == kept);
        walk(c, &w, NULL, 0, dice % (4u << 20), &again); /* wherever memory ends */
    }
    for (const struct break_kind *k = break_kinds; k->name; k++) {
        struct hop_break b = failure(k, dice);
        walk(c, &w, &b, dice % c->hop_count, WALK, &again);
        dice = dice * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        dice ^= dice >> 29;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct diags diags = { .arena = &arena };
    struct chain_loader loader = { &arena, &diags, trackers };
    struct source source = { SLICE("fuzz.yaml"), { (const char *)data, size } };
    struct buf out = { 0 };
    struct chain *chain;

    arena_init(&arena, 32u << 20);
    chain_is_chain(source.text);
    chain = chain_load(&loader, &source);
    assert((chain != NULL) == (diags.errors == 0));
    diags_print(&out, &diags);
    assert(buf_ok(&out));
    if (chain)
        walks(chain, slice_hash(source.text, 1));
    buf_free(&out);
    arena_free(&arena);
    return 0;
}
