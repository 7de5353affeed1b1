/* Any YAML as an offer mapping and as a file of value models, with the shipped tracker mappings to extend.  One that loads
 * translates a few postbacks: each body is valid JSON without empty strings, nulls or empty
 * objects. */
#include <assert.h>
#include <string.h>

#include "core/translate/translate.h"
#include "tests/fuzz/shipped.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const postbacks[] = {
    ("?subid=c1&clickid=c1&cid=c1&click_id=c1&external_id=E.C.P.x&ttclid=E.C.P.x&status=sale&"
     "payout=12.5"
     "&currency=eur&tid=9&email=Jane@Example.com&phone=%2B491701234567&consent=1&pixel=C9X&quality="
     "raw"),
    "?subid=c2&clickid=c2&cid=c2&status=lead&payout=1,5&consent=no&q=%00%ff%22%5c&x=%7bx%7d",
    "?subid=c3&status=rejected&payout=-5&key=0123456789secret",
    "?",
};

static void translate(const struct offer *offer, const char *url, struct arena *arena)
{
    struct identity_hasher *hasher = shipped_hasher();
    struct translator translator = { shipped_rates(), NULL, hasher };
    struct translation t = { .arena = arena, .notes = { .arena = arena } };
    struct params p = { .arena = arena, .notes = &t.notes };
    struct err err = { 0 };

    assert(params_url(&p, slice_from(url), &err) == 0);
    if (translate_read(offer, &p, arena, &t, &err) != 0 ||
        translate_finish(&translator, offer, &p, NULL, 1790000000, &t, &err) != 0) {
        assert(err.kind == ERR_BUSY && arena->full);
        return;
    }
    shipped_check(&t);
}

static void check_models(const struct source *source)
{
    struct arena arena;
    struct diags diags = { .arena = &arena };
    struct mapping_loader loader = { &arena, &diags, trackers, { NULL, shipped_find } };

    arena_init(&arena, 32 << 20);
    assert((mapping_check_models(&loader, source) == 0) == (diags.errors == 0));
    arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena, work;
    struct diags diags = { .arena = &arena };
    struct mapping_loader loader = { &arena, &diags, trackers, { NULL, shipped_find } };
    struct source source = { SLICE("fuzz.yaml"), { (const char *)data, size } };
    struct buf out = { 0 };
    struct offer *offer;

    arena_init(&arena, 32 << 20);
    offer = mapping_load_offer(&loader, &source);
    assert((offer != NULL) == (diags.errors == 0));
    diags_print(&out, &diags);
    assert(buf_ok(&out));
    for (size_t i = 0; offer && i < sizeof(postbacks) / sizeof(*postbacks); i++) {
        arena_init(&work, 4 << 20);
        translate(offer, postbacks[i], &work);
        arena_free(&work);
    }
    check_models(&source);
    buf_free(&out);
    arena_free(&arena);
    return 0;
}
