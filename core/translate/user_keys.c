/* user_keys.c: the match keys that `user:` of the mapping says. */
#include "core/translate/work.h"

/* For `translate --explain`, in the order of enum identity_kind. */
static const char *const done[] = {
    [IDENTITY_EMAIL] = "trimmed, lower case, SHA-256",
    [IDENTITY_PHONE] = "made E.164, SHA-256",
    [IDENTITY_EXTERNAL_ID] = "trimmed, SHA-256",
    [IDENTITY_FIRST_NAME] = "trimmed, lower case, without punctuation, SHA-256",
    [IDENTITY_LAST_NAME] = "trimmed, lower case, without punctuation, SHA-256",
    [IDENTITY_ZIP] = "lower case, without blanks and punctuation, SHA-256",
    [IDENTITY_CITY] = "lower case, without blanks and punctuation",
    [IDENTITY_STATE] = "trimmed, lower case",
    [IDENTITY_COUNTRY] = "two letters, lower case",
    [IDENTITY_LOCALE] = "a language tag",
    [IDENTITY_IP] = "a public address",
    [IDENTITY_TTP] = "as it came",
    [IDENTITY_USER_AGENT] = "as it came",
};

/* The values of one key as they come together. */
struct gathered {
    const struct user_rule *rule;
    struct slice country;
    const struct template *from; /* of the value in hand */
    struct slice list[USER_VALUES_MAX];
    size_t count;
    bool crowded;
    bool asked, allowed; /* by consent, asked when there is a value */
};

struct slice keys_country(const struct user_rule *rule, const struct template_values *values,
                          struct arena *arena)
{
    if (rule->country.count)
        return slice_trim(template_expand(&rule->country, values, arena));
    return values->conversion->fields[FIELD_COUNTRY].value;
}

static void explain(struct work *w, const struct gathered *g, struct slice raw, struct slice value)
{
    const struct user_rule *u = g->rule;
    struct slice field;
    bool by_country =
        u->kind == IDENTITY_PHONE || u->kind == IDENTITY_ZIP || u->kind == IDENTITY_STATE;

    if (!w->out->trail.on)
        return;
    field = arena_printf(w->out->arena, "user.%s", u->name);
    if (identity_is_hashed(u->kind) && identity_is_sha256(slice_trim(raw)))
        trail_add(&w->out->trail, field, value, &u->at, "%.*s: a SHA-256 already, lower case",
                  SLICE_ARG(g->from->raw));
    else
        trail_add(&w->out->trail, field, value, &u->at, "%.*s: %s%s%.*s", SLICE_ARG(g->from->raw),
                  done[u->kind], by_country && g->country.len ? ", country " : "",
                  by_country ? (int)g->country.len : 0, g->country.len ? g->country.ptr : "");
}

/* A value that can't be sent; never the value itself, which may be personal data. */
static void leave_out(struct work *w, const struct gathered *g, const char *why)
{
    note_add(&w->out->notes, "W027", slice_from(g->rule->name), "%s: the value %s; left out",
             g->rule->name, why);
    if (w->out->trail.on)
        trail_add(&w->out->trail, arena_printf(w->out->arena, "user.%s", g->rule->name),
                  (struct slice){ 0 }, &g->rule->at, "%.*s: the value %s; left out",
                  SLICE_ARG(g->from->raw), why);
}

static void keep(struct work *w, struct gathered *g, struct slice value)
{
    for (size_t i = 0; i < g->count; i++)
        if (slice_eq(g->list[i], value))
            return;
    if (g->count < USER_VALUES_MAX) {
        g->list[g->count++] = value;
        return;
    }
    if (!g->crowded)
        note_add(&w->out->notes, "W080", slice_from(g->rule->name),
                 "%s: more than %d values; the first %d are sent", g->rule->name, USER_VALUES_MAX,
                 USER_VALUES_MAX);
    g->crowded = true;
}

/* Keys that are sent as they are, and hold whatever a parameter holds. */
static bool is_plain(enum identity_kind kind)
{
    return kind == IDENTITY_CITY || kind == IDENTITY_STATE || kind == IDENTITY_TTP;
}

static void prepare(struct work *w, struct gathered *g, struct slice raw)
{
    const struct user_rule *u = g->rule;
    struct slice out;
    const char *why = "";

    if (is_plain(u->kind) && identity_looks_personal(raw)) {
        leave_out(w, g, "holds personal data");
        return;
    }
    switch (identity_prepare(w->translator->hasher, w->out->arena, u->kind, raw, g->country, &out,
                             &why)) {
    case IDENTITY_OK:
        keep(w, g, out);
        explain(w, g, raw, out);
        break;
    case IDENTITY_UNUSABLE:
        leave_out(w, g, why);
        break;
    case IDENTITY_FAILED:
        w->out->arena->full = true; /* try again rather than send less */
        break;
    case IDENTITY_EMPTY:
        break;
    }
}

bool keys_joined(const struct user_rule *rule, const struct template *from)
{
    return from->count > 1 && identity_is_hashed(rule->kind) && rule->kind != IDENTITY_EXTERNAL_ID;
}

/* Is it a SHA-256, or the first of several? */
static bool begins_with_hash(const struct user_rule *rule, struct slice value)
{
    return identity_is_sha256(slice_head(value, SHA256_HEX)) &&
           (value.len <= SHA256_HEX ||
            slice_index(rule->split, value.ptr[SHA256_HEX]) < rule->split.len);
}

struct slice keys_value(const struct user_rule *rule, const struct template *from,
                        const struct template_values *values, struct arena *arena)
{
    for (size_t i = 0; keys_joined(rule, from) && i < from->count; i++) {
        struct slice value = { 0 };
        if (from->parts[i].kind == TEMPLATE_PARAM)
            value = slice_trim(template_param(values, from->parts[i].text));
        if (begins_with_hash(rule, value))
            return value;
    }
    return template_expand(from, values, arena);
}

bool keys_next_value(const struct user_rule *rule, struct slice *rest, struct slice *value)
{
    size_t n = 0;

    if (!rest->ptr)
        return false;
    while (n < rest->len && slice_index(rule->split, rest->ptr[n]) == rule->split.len)
        n++;
    *value = slice_head(*rest, n);
    *rest = n < rest->len ? slice_from_at(*rest, n + 1) : (struct slice){ 0 };
    return true;
}

static void take(struct work *w, struct gathered *g, struct slice value)
{
    struct slice rest = value, piece;

    if (!g->asked)
        g->allowed = consent_allows(w, g->rule->name);
    g->asked = true;
    if (!g->allowed)
        return;
    if (g->rule->split.len == 0)
        prepare(w, g, value);
    else
        while (keys_next_value(g->rule, &rest, &piece))
            prepare(w, g, piece);
}

/* The elements of an array in a JSON body. */
static void take_elements(struct work *w, struct gathered *g)
{
    for (size_t i = 0; i < w->params->count; i++) {
        const struct param *p = &w->params->list[i];
        if (mapping_user_element(g->rule, g->from, p->name) && !record_unusable(p->value))
            take(w, g, p->value);
    }
}

static void add(struct work *w, const struct gathered *g)
{
    struct payload_user *to = &w->event.user[w->event.user_count];
    struct slice *more;

    if (g->count == 0 || w->event.user_count == PAYLOAD_USER_MAX)
        return;
    *to = (struct payload_user){ .name = g->rule->name, .value = g->list[0] };
    if (g->count > 1) {
        more = ARENA_ARRAY(w->out->arena, struct slice, g->count - 1);
        if (!more)
            return;
        for (size_t i = 1; i < g->count; i++)
            more[i - 1] = g->list[i];
        to->more = more;
        to->more_count = g->count - 1;
    }
    w->event.user_count++;
}

void keys_of_rule(struct work *w, const struct user_rule *rule)
{
    struct gathered g = { .rule = rule, .count = 0 };

    if (rule->kind == IDENTITY_PHONE || rule->kind == IDENTITY_ZIP || rule->kind == IDENTITY_STATE)
        g.country = keys_country(rule, &w->values, w->out->arena);
    for (size_t i = 0; i < rule->from_count; i++) {
        struct slice value = keys_value(rule, &rule->from[i], &w->values, w->out->arena);
        g.from = &rule->from[i];
        if (value.len)
            take(w, &g, value);
        else
            take_elements(w, &g);
    }
    add(w, &g);
}
