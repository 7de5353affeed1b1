#include "cli/snippet.h"

#include <stdio.h>
#include <string.h>

#include "cli/catalog.h"
#include "cli/cli.h"
#include "cli/end.h"
#include "cli/options.h"
#include "cli/show.h"
#include "core/kit/kit.h"

#define EVENTS_MAX 64

struct snippet {
    const char *host, *event, *decorate, *consent, *config;
    bool gtm;
    const struct offer *offer;
    struct arena *arena;
    struct snippet_tag tag;
};

static const struct verb_usage usage = {
    .synopsis = "snippet OFFER-FILE [--host URL] [--event NAME] [--decorate HOSTS] [--gtm]",
    .about = "Prints what to paste into a landing page of the offer: the landing script with the\n"
             "offer's own names. docs/lander.md tells what else it can do.",
    .examples =
        "  clickbaton snippet offers/nutra-de.yaml --host https://pb.example\n"
        "  clickbaton snippet offers/nutra-de.yaml --host https://pb.example --event Lead\n"
        "  clickbaton snippet offers/nutra-de.yaml --decorate 'trk.example offer.example' --gtm",
};

/* ---- the tag ---- */

static void add(struct snippet_tag *tag, const char *name, struct slice value)
{
    if (value.len && tag->count < SNIPPET_ATTRIBUTES_MAX)
        tag->attributes[tag->count++] = (struct snippet_attribute){ name, value };
}

/* The attribute's names stand between blanks. */
static bool is_word(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (ascii_is_space(s.ptr[i]))
            return false;
    return s.len > 0;
}

static bool is_shown_whole(struct arena *arena, struct slice s, struct slice *shown)
{
    struct buf b = { 0 };

    show_safe(&b, s);
    arena->full |= !buf_ok(&b);
    *shown = arena_dup(arena, buf_slice(&b));
    buf_free(&b);
    return slice_eq(*shown, s);
}

static struct slice click_names(struct arena *arena, const struct offer *offer,
                                struct notes *remarks)
{
    const struct tracker *t = offer->tracker;
    size_t count;
    const struct slice *names = kit_lander_names(arena, offer, t ? t->urls : NULL, &count);
    struct slice out = { 0 }, shown;

    for (size_t i = 0; i < count; i++)
        if (!is_shown_whole(arena, names[i], &shown) || !is_word(names[i]))
            note_add(
                remarks, "", shown,
                "the click id's name \"%.*s\" is left out on pages: it has a blank or a control "
                "byte",
                SLICE_ARG(shown));
        else
            out = arena_printf(arena, "%.*s%s%.*s", SLICE_ARG(out), out.len ? " " : "",
                               SLICE_ARG(names[i]));
    return out;
}

static void add_consent(struct arena *arena, struct snippet_tag *tag,
                        const struct consent_rule *rule, const char *consent)
{
    struct slice shown;
    bool wait = consent ? strcmp(consent, "wait") == 0 : rule->from.count > 0, one = false;

    add(tag, "data-consent", wait ? S("wait") : (struct slice){ 0 });
    for (size_t i = 0; i < rule->granted_count; i++)
        one |= slice_eq(rule->granted[i], S("1"));
    if (!rule->granted_count || one)
        return;
    if (is_shown_whole(arena, rule->granted[0], &shown))
        add(tag, "data-consent-value", rule->granted[0]);
    else
        note_add(&tag->remarks, "", S("consent"),
                 "consent: \"%.*s\" is left out on pages: it has a control byte; list \"1\" under "
                 "granted:",
                 SLICE_ARG(shown));
}

/* Names of the mapping's are in it: bytes that could move a cursor become '?'. */
static void remark(struct arena *arena, struct notes *remarks, const char *subject,
                   struct slice text)
{
    struct slice shown;

    (void)is_shown_whole(arena, text, &shown);
    note_add(remarks, "", slice_from(subject), "%.*s", SLICE_ARG(shown));
}

/* A page fires its events with the pixel that it has loaded, which must be the server's. */
static void remark_pixels(struct arena *arena, const struct offer *offer, struct notes *remarks)
{
    const struct pixel_route *r = &offer->pixel;
    bool one = r->by.count == 0 && r->to.count == 1 && template_is_constant(&r->to.items[0]);

    if (!one)
        remark(arena, remarks, "pixel",
               arena_printf(arena, "the page must load the pixel that the server's events go to: %.*s",
                            SLICE_ARG(mapping_pixel_text(arena, offer, NULL))));
    for (size_t i = 0; i < offer->rule_count; i++)
        for (const struct event_rule *e = offer->rules[i].events; e; e = e->next)
            if (e->pixel.said)
                remark(arena, remarks, "pixel",
                       arena_printf(arena, "%.*s of the stage %.*s has its own pixel: %.*s",
                                    SLICE_ARG(e->event), SLICE_ARG(offer->rules[i].stage),
                                    SLICE_ARG(mapping_pixel_text(arena, offer, e))));
}

static void remark_source(struct arena *arena, const struct offer *offer, struct notes *remarks)
{
    if (offer->source == EVENT_SOURCE_WEB)
        remark_pixels(arena, offer, remarks);
    else
        note_add(remarks, "", S("event_source"),
                 "the offer sends %s events, which no page can fire and which carry no ttclid: its "
                 "pages need no script for them",
                 event_source_names[offer->source].ptr);
}

void snippet_make(struct arena *arena, const struct offer *offer, struct slice own,
                  const struct snippet_choice *choice, struct snippet_tag *tag)
{
    *tag = (struct snippet_tag){ .remarks = { .arena = arena } };
    tag->src = arena_printf(arena, "%.*s/lander.js", SLICE_ARG(own));
    add(tag, "data-offer", offer->name);
    add(tag, "data-click-id", click_names(arena, offer, &tag->remarks));
    add(tag, "data-event", choice->event);
    add(tag, "data-decorate", choice->hosts);
    add_consent(arena, tag, &offer->consent, choice->consent);
    remark_source(arena, offer, &tag->remarks);
    if (offer->source == EVENT_SOURCE_WEB && offer->origin_count == 0)
        note_add(&tag->remarks, "", S("origins"),
                 "the offer has no `origins:`, so the server refuses what its pages register; list "
                 "them: origins: [https://lander.example]");
}

void snippet_put(struct buf *out, const struct snippet_tag *tag)
{
    buf_puts(out, "<script async src=\"");
    buf_html(out, tag->src);
    buf_byte(out, '"');
    for (size_t i = 0; i < tag->count; i++) {
        buf_printf(out, " %s=\"", tag->attributes[i].name);
        buf_html(out, tag->attributes[i].value);
        buf_byte(out, '"');
    }
    buf_puts(out, "></script>");
}

/* ---- what is asked, against what the offer has ---- */

/* http(s)://host[:port][/path], as it may stand in src. */
static bool host_ok(struct slice s)
{
    size_t scheme = slice_starts(s, S("https://")) ? 8 : slice_starts(s, S("http://")) ? 7 : 0;

    if (!scheme || s.len == scheme || s.ptr[scheme] == '/')
        return false;
    for (size_t i = scheme; i < s.len; i++)
        if (!ascii_is_alnum(s.ptr[i]) && !strchr("-._~:/[]", s.ptr[i]))
            return false;
    return true;
}

static bool host_names_ok(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!ascii_is_alnum(s.ptr[i]) && !strchr("-.:[] ", s.ptr[i]))
            return false;
    return slice_find(s, S("://")) == s.len;
}

/* "Trk.example, offer.example" as the script compares: small letters, blanks between. */
static struct slice host_names(const struct snippet *s)
{
    struct slice in = slice_trim(slice_from(s->decorate));
    char *out = arena_alloc(s->arena, in.len + 1);
    size_t n = 0;

    for (size_t i = 0; out && i < in.len; i++) {
        char c = in.ptr[i] == ',' ? ' ' : ascii_lower(in.ptr[i]);
        if (c != ' ' || (n && out[n - 1] != ' '))
            out[n++] = c;
    }
    return out ? (struct slice){ out, n } : (struct slice){ 0 };
}

/* The event's name among the offer's; *once: the server gives it the bare event_id. */
static bool find_event(const struct snippet *s, struct slice *names, bool *once)
{
    const struct offer *o = s->offer;
    size_t n = 0;
    bool found = false;

    *once = false;
    for (size_t i = 0; i < o->rule_count; i++)
        for (const struct event_rule *e = o->rules[i].events; e; e = e->next) {
            if (n < EVENTS_MAX)
                names[n++] = e->event;
            if (!slice_eq(e->event, slice_from(s->event)))
                continue;
            found = true;
            *once |= !e->repeatable;
        }
    names[n] = (struct slice){ 0 };
    return found;
}

static int check_event(struct snippet *s)
{
    struct slice names[EVENTS_MAX + 1], near;
    bool once;

    if (!s->event)
        return 0;
    if (s->offer->source != EVENT_SOURCE_WEB)
        return options_misuse("snippet", "the offer sends %s events, which no page can fire",
                              event_source_names[s->offer->source].ptr);
    if (!find_event(s, names, &once)) {
        near = diag_nearest(slice_from(s->event), names);
        if (near.len)
            return options_misuse("snippet",
                                  "the offer sends no event \"%s\"; did you mean \"%.*s\"?",
                                  s->event, SLICE_ARG(near));
        return options_misuse("snippet",
                              "the offer sends no event \"%s\", and both legs need the same name; "
                              "its first one is \"%.*s\"",
                              s->event, SLICE_ARG(names[0]));
    }
    if (!once)
        fprintf(stderr,
                "snippet: warning: %s is repeatable, so the server's event_id has the transaction "
                "id behind it; call clickbaton.track('%s', {}, TRANSACTION) instead of --event\n",
                s->event, s->event);
    return 0;
}

static int read_options(struct snippet *s)
{
    struct slice own = slice_from(s->host);
    struct snippet_choice choice = {
        .event = slice_from(s->event),
        .hosts = s->decorate ? host_names(s) : (struct slice){ 0 },
        .consent = s->consent,
    };

    if (!host_ok(own))
        return options_misuse("snippet", "--host needs the URL of clickbaton: https://pb.example");
    if (!host_names_ok(choice.hosts))
        return options_misuse("snippet",
                              "--decorate needs host names: 'trk.example offer.example'");
    if (s->consent && strcmp(s->consent, "wait") != 0 && strcmp(s->consent, "no") != 0)
        return options_misuse("snippet", "--consent is wait or no");
    if (check_event(s) != 0)
        return EXIT_USAGE;
    while (slice_ends(own, S("/")))
        own.len--;
    snippet_make(s->arena, s->offer, own, &choice, &s->tag);
    for (const struct note *n = s->tag.remarks.first; n; n = n->next)
        fprintf(stderr, "snippet: warning: %.*s\n", SLICE_ARG(n->text));
    return 0;
}

/* ---- the text ---- */

static void put_gtm(struct buf *b, const struct snippet_tag *tag)
{
    buf_puts(b, "<script>\n(function () {\n  var s = document.createElement('script');\n");
    for (size_t i = 0; i < tag->count; i++) {
        buf_printf(b, "  s.setAttribute('%s', ", tag->attributes[i].name);
        buf_script(b, tag->attributes[i].value);
        buf_puts(b, ");\n");
    }
    buf_puts(b, "  s.async = true;\n  s.src = ");
    buf_script(b, tag->src);
    buf_puts(b, ";\n  document.head.appendChild(s);\n})();\n</script>");
}

static int print(const struct snippet *s)
{
    struct buf b = { 0 };
    int code;

    (s->gtm ? put_gtm : snippet_put)(&b, &s->tag);
    buf_byte(&b, '\n');
    b.failed |= s->arena->full;
    code = end_print("snippet", &b, EXIT_DONE);
    buf_free(&b);
    return code;
}

int cli_snippet(int argc, char **argv)
{
    struct snippet s = { .host = "https://YOUR-HOST" };
    const struct option_row rows[] = {
        { "--host", NULL, OPTION_TEXT, &s.host, "URL",
          "where clickbaton is; default https://YOUR-HOST" },
        { "--event", NULL, OPTION_TEXT, &s.event, "NAME",
          "fire this event of the offer when the page loads (a thank-you page)" },
        { "--decorate", NULL, OPTION_TEXT, &s.decorate, "HOSTS",
          "links and forms to these hosts carry the ids on" },
        { "--consent", NULL, OPTION_TEXT, &s.consent, "wait|no",
          "do nothing before consent; default: wait if the offer has `consent:`" },
        { "--gtm", NULL, OPTION_FLAG, &s.gtm, NULL, "for a Custom HTML tag of Google Tag Manager" },
        { "--config", "-c", OPTION_TEXT, &s.config, "FILE",
          "take mappings from this configuration" },
        { 0 },
    };
    const char *file;
    struct catalog *catalog;
    int code;

    if (options_parse(argc, argv, rows, &usage, &file, 1, 1, &code) < 0)
        return code;
    catalog = catalog_open(s.config);
    if (!catalog)
        return EXIT_IO;
    s.arena = &catalog->arena;
    s.offer = catalog_add_offer(catalog, file);
    catalog_print_problems(catalog, stderr);
    code = EXIT_CONFIG;
    if (s.offer && catalog_errors(catalog) == 0)
        code = read_options(&s);
    if (code == 0)
        code = print(&s);
    catalog_close(catalog);
    return code;
}
