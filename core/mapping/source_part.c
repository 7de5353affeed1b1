/* source_part.c: `event_source`, `test_event_code` and `lead` of an offer mapping, and what of the
 * rest does not go with that kind of events. */
#include "core/mapping/build.h"
#include "core/mapping/shapes.h"

/* ---- reading ---- */

static void read_event_source(struct build *b, const struct yaml *root)
{
    const struct yaml *node = yaml_get(root, S("event_source"));
    size_t index = 0;

    if (node && node->kind == YAML_SCALAR && slice_eq(node->text, S("app"))) {
        diag_add(b->expect.diags, DIAG_ERROR, "M045", node->at, S("one of: web, crm, offline"),
                 "app events are for companies that TikTok has put onto a list, and clickbaton does "
                 "not send them");
        return;
    }
    if (!expect_choice(&b->expect, root, &mapping_offer_shape, "event_source", &index))
        return;
    b->offer->source = (enum event_source)index;
    b->offer->source_at = node->at;
}

/* Whoever may call the postback URL could turn real events into test events. */
static void read_test_code(struct build *b, const struct yaml *node)
{
    struct slice code;

    if (!expect_text(&b->expect, node, "`test_event_code`", &code))
        return;
    b->offer->test_code_at = node->at;
    if (event_test_code_ok(code))
        b->offer->test_code = code;
    else if (slice_index(code, '{') < code.len)
        diag_add(b->expect.diags, DIAG_ERROR, "M053", node->at,
                 S("write the code itself, and take it out when the test is over"),
                 "`test_event_code` can't be a template: whoever calls the postback URL could turn "
                 "real events into test events");
    else
        diag_add(b->expect.diags, DIAG_ERROR, "M053", node->at,
                 S("copy it from Events Manager, Test Events: TEST12345"),
                 "\"%.*s\" is not a test event code", SLICE_ARG(code));
}

static void read_lead(struct build *b, const struct yaml *node)
{
    struct lead_rule *lead = &b->offer->lead;
    const struct yaml *id = yaml_get(node, S("lead_id"));

    if (!expect_map(&b->expect, node, "`lead`", &shape_lead))
        return;
    lead->at = node->key->at;
    if (build_template(b, id, "`lead_id`", &lead->id) && template_is_constant(&lead->id))
        diag_add(b->expect.diags, DIAG_ERROR, "M006", id->at,
                 S("name the parameter that holds it: \"{param.lead_id}\""),
                 "lead_id would be the same for every lead");
    build_template(b, yaml_get(node, S("lead_event_source")), "`lead_event_source`", &lead->source);
}

void build_source(struct build *b, const struct yaml *root)
{
    read_event_source(b, root);
    read_test_code(b, yaml_get(root, S("test_event_code")));
    read_lead(b, yaml_get(root, S("lead")));
}

/* ---- what does not go with it ---- */

static const char *kind(const struct build *b)
{
    return event_source_names[b->offer->source].ptr;
}

static void leave_out(struct build *b, const struct yaml *node, const char *whose)
{
    struct slice name = node->key->text;
    const char *with = slice_eq(name, S("lead"))          ? "crm"
                       : slice_eq(name, S("external_id")) ? "web and crm"
                                                          : "web";

    diag_add(b->expect.diags, DIAG_WARNING, "M047", node->key->at, S("take it out of this file"),
             "TikTok takes %s%.*s with %s events only; left out", whose, SLICE_ARG(name), with);
}

static void fit_user(struct build *b, const struct yaml *user)
{
    struct offer *o = b->offer;
    struct user_rule *list = ARENA_ARRAY(b->expect.arena, struct user_rule, o->user_count);
    size_t n = 0;

    for (const struct yaml *v = user && user->kind == YAML_MAP ? user->first : NULL; v; v = v->next)
        for (size_t i = 0; i < o->user_count; i++)
            if (slice_eq(v->key->text, slice_from(o->user[i].name)) &&
                !event_source_has_key(o->source, v->key->text)) {
                leave_out(b, v, "user.");
                break;
            }
    for (size_t i = 0; list && i < o->user_count; i++)
        if (event_source_has_key(o->source, slice_from(o->user[i].name)))
            list[n++] = o->user[i];
    o->user = list;
    o->user_count = n;
    if (n == 0)
        diag_add(b->expect.diags, DIAG_ERROR, "M048", o->source_at,
                 o->source == EVENT_SOURCE_CRM
                     ? S("add one: user: {email: \"{param.email}\"}; also phone, external_id")
                     : S("add one: user: {email: \"{param.email}\"}; also phone"),
                 "%s events have no ttclid, and `user:` names no match key for them, so TikTok could "
                 "match them with nobody",
                 kind(b));
}

static void fit_properties(struct build *b, const struct yaml *node)
{
    struct offer *o = b->offer;
    struct property *list = ARENA_ARRAY(b->expect.arena, struct property, o->property_count);
    size_t n = 0;

    for (const struct yaml *v = node && node->kind == YAML_MAP ? node->first : NULL; v; v = v->next)
        if (!event_source_has_property(o->source, v->key->text))
            leave_out(b, v, "properties.");
    for (size_t i = 0; list && i < o->property_count; i++)
        if (event_source_has_property(o->source, o->properties[i].field->name))
            list[n++] = o->properties[i];
    o->properties = list;
    o->property_count = n;
}

/* "Custom events" (help page): web and app only.  CRM takes both: the API's page says custom only,
 * the page on standard events says the same as web. */
static void fit_events(struct build *b)
{
    for (size_t i = 0; i < b->offer->rule_count; i++)
        for (const struct event_rule *e = b->offer->rules[i].events; e; e = e->next) {
            struct slice now;
            const char *why;
            if (e->event.len && event_name_check(e->event, &now, &why) == EVENT_CUSTOM)
                diag_add(b->expect.diags, DIAG_ERROR, "M049", e->at,
                         S("use one of TikTok's standard events"),
                         "%.*s is a custom event, and offline events have standard names only",
                         SLICE_ARG(e->event));
        }
}

/* With `anonymize`, is a key kept that events of this kind have? */
static bool keeps_one(const struct offer *o)
{
    for (size_t i = 0; i < o->consent.keep_count; i++)
        if (event_source_has_key(o->source, o->consent.keep[i]))
            return true;
    return false;
}

static void fit_consent(struct build *b, const struct yaml *node)
{
    const struct consent_rule *c = &b->offer->consent;
    const struct place at = node && node->key ? node->key->at : c->at;

    if (c->from.count == 0)
        return;
    if (c->otherwise == CONSENT_LIMITED || c->missing == CONSENT_LIMITED)
        diag_add(b->expect.diags, DIAG_ERROR, "M054", at, S("otherwise: drop"),
                 "`limited` works with web events only: %s events have no limited_data_use", kind(b));
    if ((c->otherwise == CONSENT_ANONYMIZE || c->missing == CONSENT_ANONYMIZE) && !keeps_one(b->offer))
        diag_add(b->expect.diags, DIAG_ERROR, "M054", at, S("otherwise: drop, or keep: [email]"),
                 "`anonymize` would leave %s events without any match key", kind(b));
}

void build_source_fit(struct build *b, const struct yaml *root)
{
    const struct yaml *page = yaml_get(root, S("page_url")), *lead = yaml_get(root, S("lead"));
    struct offer *o = b->offer;

    if (o->source != EVENT_SOURCE_CRM && lead && o->lead.id.count)
        leave_out(b, lead, "");
    if (o->source == EVENT_SOURCE_WEB)
        return;
    if (o->source == EVENT_SOURCE_CRM && !lead)
        diag_add(b->expect.diags, DIAG_ERROR, "M048", o->source_at,
                 S("add lead: {lead_id: \"{param.lead_id}\"}"),
                 "TikTok wants lead_id with every crm event, and nothing says where it comes from");
    if (o->source == EVENT_SOURCE_OFFLINE)
        fit_events(b);
    if (page)
        leave_out(b, page, "");
    o->page_url = (struct template){ 0 };
    fit_user(b, yaml_get(root, S("user")));
    fit_properties(b, yaml_get(root, S("properties")));
    fit_consent(b, yaml_get(root, S("consent")));
}
