#include "core/rules/consent.h"

#include <string.h>

#include "core/base/note.h"

struct slice consent_name(enum consent_action action)
{
    static const struct slice names[] = { SLICE("not asked"), SLICE("granted"), SLICE("dropped"),
                                          SLICE("anonymized"), SLICE("limited") };

    return names[action];
}

bool consent_is_granted(const struct consent_rule *rule, struct slice word)
{
    word = slice_trim(word);
    for (size_t i = 0; i < rule->granted_count; i++)
        if (slice_eq_nocase(rule->granted[i], word))
            return true;
    return false;
}

bool consent_keeps(const struct consent_rule *rule, enum consent_action action, struct slice key)
{
    if (action != CONSENT_ANONYMIZE)
        return action != CONSENT_DROP;
    for (size_t i = 0; i < rule->keep_count; i++)
        if (slice_eq(rule->keep[i], key))
            return true;
    return false;
}

/* The template's word, else the postback's field `consent`; never one that the click lent it. */
static struct slice word_of_postback(const struct consent_in *in)
{
    const struct conversion *conv = in->values->conversion;
    struct template_values own = *in->values;
    struct conversion bare;
    struct slice word;

    if (conv->fields[FIELD_CONSENT].origin == ORIGIN_CLICK) {
        bare = *conv;
        bare.fields[FIELD_CONSENT] = (struct field_value){ .value = { 0 } };
        own.conversion = &bare;
    }
    word = slice_trim(template_expand(&in->offer->consent.from, &own, in->arena));
    return word.len ? word : slice_trim(own.conversion->fields[FIELD_CONSENT].value);
}

/* `"WORD" from the FROM`; without printf, since it is made for every event. */
static struct slice quoted(struct slice word, struct slice from, struct arena *arena)
{
    size_t len = word.len + from.len + 2;
    char *p = word.len ? arena_alloc(arena, len) : NULL;

    if (!p)
        return (struct slice){ 0 };
    p[0] = '"';
    memcpy(p + 1, word.ptr, word.len);
    p[1 + word.len] = '"';
    memcpy(p + 2 + word.len, from.ptr, from.len);
    return (struct slice){ p, len };
}

static struct slice said(const struct consent *c, struct arena *arena)
{
    struct slice postback = quoted(c->postback, S(" from the postback"), arena);
    struct slice click = quoted(c->click, S(" from the registered click"), arena);

    if (postback.len && click.len)
        return arena_printf(arena, "%.*s, %.*s", SLICE_ARG(postback), SLICE_ARG(click));
    return postback.len ? postback : click.len ? click : S("no answer");
}

void consent_decide(const struct consent_in *in, struct consent *out)
{
    const struct consent_rule *rule = &in->offer->consent;
    struct slice postback, click = { 0 };
    bool yes, clicks_yes;

    *out = (struct consent){ .action = CONSENT_NOT_ASKED };
    if (rule->from.count == 0)
        return;
    postback = word_of_postback(in);
    if (in->click)
        click = slice_trim(in->click->fields[FIELD_CONSENT]);
    yes = consent_is_granted(rule, postback);
    clicks_yes = consent_is_granted(rule, click);
    if (postback.len == 0 && click.len == 0)
        out->action = rule->missing;
    else
        out->action = (yes || postback.len == 0) && (clicks_yes || click.len == 0)
                          ? CONSENT_GRANTED
                          : rule->otherwise;
    /* A word that the mapping lists is nothing personal. */
    out->postback = yes ? postback : record_shown(in->arena, postback);
    out->click = clicks_yes ? click : record_shown(in->arena, click);
    out->said = said(out, in->arena);
    if (postback.len && click.len && yes != clicks_yes)
        note_add(in->notes, "W070", S("consent"),
                 "consent: the postback says \"%.*s\" (%s), the registered click says \"%.*s\" "
                 "(%s); the refusal counts",
                 SLICE_ARG(out->postback), yes ? "yes" : "no", SLICE_ARG(out->click),
                 clicks_yes ? "yes" : "no");
    trail_add(in->trail, S("consent"), consent_name(out->action), &rule->at, "%.*s",
              SLICE_ARG(out->said));
}

struct slice consent_reason(const struct consent_rule *rule, const struct consent *c,
                            struct arena *arena, const char **code)
{
    *code = "I003";
    if (c->postback.len || c->click.len)
        return arena_printf(arena,
                            "the visitor has not consented (%.*s), and the offer says "
                            "`otherwise: drop`",
                            SLICE_ARG(c->said));
    *code = "I004";
    return arena_printf(arena,
                        "neither the postback nor a registered click says whether the visitor "
                        "agrees, and the offer says `%s: drop`",
                        rule->says_missing ? "missing" : "otherwise");
}
