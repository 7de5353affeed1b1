/* expected.c: may an event ever have what a test of a mapping expects?  A slip in `absent` would
 * pass for ever, and in anything else never. */
#include "core/mapping/build.h"

static const struct slice roots[] = {
    SLICE("verdict"),    SLICE("code"),   SLICE("reason"), SLICE("stage"),    SLICE("consent"),
    SLICE("warnings"),   SLICE("events"), SLICE("pixel"),  SLICE("pixels"),   SLICE("event"),
    SLICE("event_time"), SLICE("event_id"), SLICE("user"), SLICE("properties"), SLICE("page"),
    SLICE("lead"),       SLICE("limited_data_use"), { 0 },
};
static const struct slice lead_words[] = { SLICE("lead_id"), SLICE("lead_event_source"), { 0 } };
static const struct slice page_words[] = { SLICE("url"), SLICE("referrer"), { 0 } };

/* The names of a table, with the two that come from the event's rule when `properties`. */
static const struct slice *field_words(struct arena *arena, const struct event_field *table,
                                       bool properties)
{
    size_t n = 0;
    struct slice *list;

    while (table[n].name.len)
        n++;
    list = ARENA_ARRAY(arena, struct slice, n + 3); /* zeroed */
    for (size_t i = 0; list && i < n; i++)
        list[i] = table[i].name;
    if (list && properties) {
        list[n] = S("value");
        list[n + 1] = S("currency");
    }
    return list;
}

static bool is_number(struct slice s)
{
    return slice_to_u64(s, &(uint64_t){ 0 });
}

/* The words that may stand at a step below `before` ("", "user", "properties.contents.0").  NULL:
 * any. */
static const struct slice *words_below(struct arena *arena, struct slice before)
{
    static const struct slice contents = SLICE("properties.contents.");

    if (before.len == 0)
        return roots;
    if (slice_eq(before, S("user")))
        return shape_kept_key.words;
    if (slice_eq(before, S("properties")))
        return field_words(arena, event_property_fields, true);
    if (slice_eq(before, S("page")))
        return page_words;
    if (slice_eq(before, S("lead")))
        return lead_words;
    if (slice_starts(before, contents) && is_number(slice_from_at(before, contents.len)))
        return field_words(arena, event_content_fields, false);
    return NULL;
}

static bool among(const struct slice *words, struct slice word)
{
    while (words->len && !slice_eq(*words, word))
        words++;
    return words->len != 0;
}

bool build_expected_path(struct build *b, struct slice path, struct place at)
{
    struct arena *arena = b->expect.arena;
    struct slice rest = path, step, near;

    if (slice_starts(path, S("events."))) { /* events.1.user.ttclid */
        slice_cut(slice_from_at(path, 7), '.', &step, &rest);
        path = rest;
        if (!is_number(step) || path.len == 0)
            return true;
    }
    while (slice_next(&rest, '.', &step)) {
        struct slice before = { path.ptr, (size_t)(step.ptr - path.ptr) };
        const struct slice *words;
        if (before.len)
            before.len--;
        words = words_below(arena, before);
        if (!words || among(words, step))
            continue;
        near = diag_nearest(step, words);
        diag_add(b->expect.diags, DIAG_ERROR, "M001", at,
                 near.len ? arena_printf(arena, "did you mean \"%.*s%s%.*s%s%.*s\"?",
                                         SLICE_ARG(before), before.len ? "." : "", SLICE_ARG(near),
                                         rest.len ? "." : "", SLICE_ARG(rest))
                          : diag_suggest(arena, step, words),
                 "no event has \"%.*s\", so nothing can be expected of it", SLICE_ARG(path));
        return false;
    }
    return true;
}
