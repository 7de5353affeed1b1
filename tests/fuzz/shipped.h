/* shipped.h: the shipped mappings and rates for fuzzers, read once from the working folder; and
 * what every translation must hold. */
#ifndef TESTS_FUZZ_SHIPPED_H
#define TESTS_FUZZ_SHIPPED_H

#include <assert.h>
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/payload/payload.h"
#include "core/translate/translate.h"

static inline int shipped_find(void *context, struct arena *arena, struct slice name,
                               struct slice from, struct source *source, struct slice *where)
{
    static struct source read[8];
    static size_t count;
    char path[64];
    char *text;
    FILE *f;

    (void)context;
    (void)from;
    *where = S("looked in mappings");
    source->name = arena_printf(arena, "%.*s.yaml", SLICE_ARG(name));
    for (size_t i = 0; i < count; i++)
        if (slice_eq(read[i].name, name)) {
            source->text = read[i].text;
            return 0;
        }
    for (size_t i = 0; i < name.len; i++)
        if (!ascii_is_alpha(name.ptr[i]) || name.len > 20)
            return 1;
    snprintf(path, sizeof(path), "mappings/%.*s.yaml", SLICE_ARG(name));
    f = fopen(path, "rb");
    if (!f || count == 8)
        return f ? fclose(f), 1 : 1;
    text = malloc(65536);
    assert(text);
    read[count].text = (struct slice){ text, fread(text, 1, 65536, f) };
    fclose(f);
    read[count].name = (struct slice){ strndup(name.ptr, name.len), name.len };
    source->text = read[count++].text;
    return 0;
}

static inline struct identity_hasher *shipped_hasher(void)
{
    static struct identity_hasher *hasher;

    if (!hasher)
        hasher = identity_hasher_new();
    assert(hasher);
    return hasher;
}

static inline const struct rates *shipped_rates(void)
{
    static struct arena arena;
    static struct rates *rates;
    static struct source source, found;
    struct diags diags = { .arena = &arena };
    struct slice where;

    if (rates)
        return rates;
    arena_init(&arena, 1 << 20);
    assert(shipped_find(NULL, &arena, S("rates"), (struct slice){ 0 }, &found, &where) == 0);
    source = found;
    rates = rates_load(&arena, &source, &diags);
    assert(rates);
    return rates;
}

static inline void shipped_check_json(const cJSON *node)
{
    assert(!cJSON_IsNull(node));
    assert(!cJSON_IsString(node) || node->valuestring[0]);
    assert(!cJSON_IsObject(node) || node->child);
    assert(!cJSON_IsArray(node) || node->child);
    for (const cJSON *c = node->child; c; c = c->next)
        shipped_check_json(c);
}

/* Sane verdicts, valid bodies, no personal data in what is written down. */
static inline void shipped_check(const struct translation *t)
{
    assert(t->verdict == VERDICT_QUEUED || t->verdict == VERDICT_IGNORED ||
           t->verdict == VERDICT_QUARANTINED);
    assert((t->verdict == VERDICT_QUEUED) == (*t->code == '\0'));
    assert((t->verdict == VERDICT_QUEUED) == (t->event_count > 0));
    assert((t->verdict == VERDICT_QUEUED) == (t->reason.len == 0));
    for (size_t i = 0; i < t->event_count; i++) {
        const struct translated_event *e = &t->events[i];
        cJSON *json = cJSON_ParseWithLength(e->body.ptr, e->body.len);
        assert(json && e->pixel.len && e->event.len && e->event_id.len);
        shipped_check_json(json);
        cJSON_Delete(json);
    }
    for (const struct note *n = t->notes.first; n; n = n->next)
        assert(!identity_looks_personal(n->text) && !identity_looks_personal(n->subject));
    assert(!identity_looks_personal(t->reason));
}

#endif
