#include "cli/simulate/rehearsal.h"

#include "adapters/tiktok/sandbox.h"
#include "cli/show.h"

/* The offer of that file: an earlier one may have been loaded for another chain. */
static const struct offer *load_offer(struct catalog *catalog, const char *path)
{
    for (size_t i = 0; i < catalog->offer_count; i++) {
        const struct offer *o = catalog->offers[i].offer;
        if (files_same(arena_cstr(&catalog->arena, o->file), path))
            return o;
    }
    return catalog_add_offer(catalog, path);
}

/* Beside the chain's file, else from where the program runs. */
static const char *find_offer(struct rehearsal *run)
{
    struct arena *a = &run->catalog->arena;
    const char *beside = files_beside(a, run->chain->file, run->chain->postback);
    const char *here = arena_cstr(a, run->chain->postback);

    if (files_exist(beside))
        return beside;
    if (files_exist(here))
        return here;
    diag_add(&run->catalog->diags, DIAG_ERROR, "C001", run->chain->postback_at,
             arena_printf(a, "looked for %s and %s", beside, here),
             "there is no offer mapping \"%.*s\"", SLICE_ARG(run->chain->postback));
    return NULL;
}

bool rehearsal_load(struct rehearsal *run, struct catalog *catalog, const char *path, int64_t now,
                    uint64_t seed)
{
    struct chain_loader loader = { &catalog->arena, &catalog->diags, trackers };
    const struct source *source = files_source(&catalog->arena, path, &catalog->diags);
    unsigned before = catalog_errors(catalog);

    *run = (struct rehearsal){ .catalog = catalog };
    run->chain = source ? chain_load(&loader, source) : NULL;
    if (!run->chain)
        return false;
    run->world = (struct chain_world){ .translator = &catalog->translator,
                                       .now = now,
                                       .seed = slice_hash(run->chain->name, seed) };
    if (run->chain->postback.len) {
        run->offer_path = find_offer(run);
        if (run->offer_path)
            run->world.offer = load_offer(catalog, run->offer_path);
    }
    return catalog_errors(catalog) == before && (!run->offer_path || run->world.offer);
}

bool rehearsal_of(struct rehearsal *run, struct catalog *catalog, const struct source *chain,
                  const struct offer *offer, int64_t now)
{
    struct chain_loader loader = { &catalog->arena, &catalog->diags, trackers };

    *run = (struct rehearsal){ .catalog = catalog, .chain = chain_load(&loader, chain) };
    if (!run->chain)
        return false;
    run->offer_path = arena_cstr(&catalog->arena, offer->file);
    run->world = (struct chain_world){ .translator = &catalog->translator, .offer = offer,
                                       .now = now, .seed = slice_hash(run->chain->name, 0) };
    return true;
}

const char *rehearsal_check_event(const struct rehearsal *run, struct arena *arena,
                                  const struct chain_result *r)
{
    const struct show_frame frame = { run->catalog, run->world.offer };
    const struct sandbox_settings settings = { 0 };
    struct sandbox_request request = { .post = true,
                                       .path = S("/open_api/v1.3/event/track/"),
                                       .content_type = S("application/json"),
                                       .access_token = S("simulated") };
    struct sandbox *sandbox = sandbox_open(&settings, NULL);
    struct sandbox_answer answer = { 0 };
    struct buf body = { 0 };
    const char *why = NULL;

    for (size_t i = 0; sandbox && !why && i < r->translation.event_count; i++) {
        buf_clear(&body);
        show_body(&body, &r->translation, i, &frame);
        if (body.len == 0) /* went along with an earlier one */
            continue;
        request.body = buf_slice(&body);
        sandbox_handle(sandbox, &request, run->world.now, &answer);
        if (answer.code != 0)
            why = arena_cstr(arena, slice_trim(buf_slice(&answer.body)));
        buf_free(&answer.body);
    }
    buf_free(&body);
    sandbox_close(sandbox);
    return sandbox ? why : "out of memory";
}

static bool differs(struct rehearsal *run, const char *what, struct slice wanted, struct slice got,
                    struct slice reason)
{
    if (wanted.len == 0 || slice_eq(wanted, got))
        return false;
    diag_add(&run->catalog->diags, DIAG_ERROR, "M019", run->chain->expect.where,
             reason.len ? arena_dup(&run->catalog->arena, reason)
                        : S("correct the chain, or what it expects"),
             "chain \"%.*s\": %s should be \"%.*s\", but is \"%.*s\"", SLICE_ARG(run->chain->name),
             what, SLICE_ARG(wanted), SLICE_ARG(got));
    return true;
}

bool rehearsal_expectation(struct rehearsal *run, const struct chain_result *r)
{
    const struct chain_expect *x = &run->chain->expect;
    struct slice at = r->broken_at < r->hop_count ? r->hops[r->broken_at].hop->name : S("the end");

    if (!x->said)
        return true;
    return !(
        differs(run, "the verdict", x->verdict, r->kept ? S("kept") : S("broken"), r->reason) ||
        differs(run, "the hop that drops the baton", x->at, r->kept ? S("none") : at, r->reason) ||
        differs(run, "the code", x->code, slice_from(r->code), r->reason));
}
