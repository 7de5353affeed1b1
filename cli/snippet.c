/* snippet.c: `clickbaton snippet`: the line that puts the landing script into a page. */
#include <stdio.h>
#include <string.h>

#include "cli/catalog.h"
#include "cli/cli.h"
#include "cli/options.h"

#define EVENTS_MAX 64
#define ATTRIBUTES_MAX 8

struct attribute {
    const char *name;
    struct slice value;
};

struct snippet {
    const char *host, *event, *decorate, *consent, *config;
    bool gtm;
    const struct offer *offer;
    struct arena *arena;
    struct attribute attributes[ATTRIBUTES_MAX];
    size_t count;
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

static void add(struct snippet *s, const char *name, struct slice value)
{
    if (value.len && s->count < ATTRIBUTES_MAX)
        s->attributes[s->count++] = (struct attribute){ name, value };
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

static bool is_word(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (ascii_is_space(s.ptr[i]))
            return false;
    return s.len > 0;
}

/* The names of the click id, separated by blanks.  The first one is handed on in links: that under
 * which the tracker gives it to landers, where the mapping reads it (Binom's cnv_id in a link would be
 * a conversion). */
static struct slice click_names(const struct snippet *s)
{
    const struct field_rule *rule = &s->offer->fields[FIELD_CLICK_ID];
    const struct tracker *t = s->offer->tracker;
    struct slice query = slice_from(t && t->urls ? t->urls->lander_query : NULL);
    struct slice first = slice_head(query, slice_index(query, '=')), out = { 0 };

    for (size_t i = 0; i < rule->count; i++)
        if (slice_eq(rule->names[i], first))
            out = first;
    for (size_t i = 0; i < rule->count; i++)
        if (is_word(rule->names[i]) && !(out.len && slice_eq(rule->names[i], first)))
            out = arena_printf(s->arena, "%.*s%s%.*s", SLICE_ARG(out), out.len ? " " : "",
                               SLICE_ARG(rule->names[i]));
    return out;
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
    const struct consent_rule *rule = &s->offer->consent;
    bool wait = rule->from.count > 0, one = false;
    struct slice hosts = s->decorate ? host_names(s) : (struct slice){ 0 };

    if (!host_ok(slice_from(s->host)))
        return options_misuse("snippet", "--host needs the URL of clickbaton: https://pb.example");
    if (!host_names_ok(hosts))
        return options_misuse("snippet",
                              "--decorate needs host names: 'trk.example offer.example'");
    if (s->consent && strcmp(s->consent, "wait") != 0 && strcmp(s->consent, "no") != 0)
        return options_misuse("snippet", "--consent is wait or no");
    if (s->consent)
        wait = strcmp(s->consent, "wait") == 0;
    if (check_event(s) != 0)
        return EXIT_USAGE;
    add(s, "data-offer", s->offer->name);
    add(s, "data-click-id", click_names(s));
    add(s, "data-event", slice_from(s->event));
    add(s, "data-decorate", hosts);
    add(s, "data-consent", wait ? S("wait") : (struct slice){ 0 });
    for (size_t i = 0; i < rule->granted_count; i++)
        one |= slice_eq(rule->granted[i], S("1"));
    if (rule->granted_count && !one)
        add(s, "data-consent-value", rule->granted[0]);
    return 0;
}

/* ---- the text ---- */

static void put_tag(struct buf *b, const struct snippet *s, struct slice src)
{
    buf_puts(b, "<script async src=\"");
    buf_html(b, src);
    buf_byte(b, '"');
    for (size_t i = 0; i < s->count; i++) {
        buf_printf(b, " %s=\"", s->attributes[i].name);
        buf_html(b, s->attributes[i].value);
        buf_byte(b, '"');
    }
    buf_puts(b, "></script>\n");
}

static void put_gtm(struct buf *b, const struct snippet *s, struct slice src)
{
    buf_puts(b, "<script>\n(function () {\n  var s = document.createElement('script');\n");
    for (size_t i = 0; i < s->count; i++) {
        buf_printf(b, "  s.setAttribute('%s', ", s->attributes[i].name);
        buf_script(b, s->attributes[i].value);
        buf_puts(b, ");\n");
    }
    buf_puts(b, "  s.async = true;\n  s.src = ");
    buf_script(b, src);
    buf_puts(b, ";\n  document.head.appendChild(s);\n})();\n</script>\n");
}

static int print(const struct snippet *s)
{
    struct slice host = slice_from(s->host);
    struct buf b = { 0 };
    bool ok;

    while (host.len && host.ptr[host.len - 1] == '/')
        host.len--;
    (s->gtm ? put_gtm : put_tag)(&b, s, arena_printf(s->arena, "%.*s/lander.js", SLICE_ARG(host)));
    ok = buf_ok(&b) && !s->arena->full && fwrite(b.ptr, 1, b.len, stdout) == b.len &&
         fflush(stdout) == 0;
    buf_free(&b);
    if (!ok)
        fputs("clickbaton snippet: the output can't be written\n", stderr);
    return ok ? EXIT_DONE : EXIT_IO;
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
    if (code == 0 && s.offer->origin_count == 0)
        fprintf(stderr,
                "snippet: warning: %s has no `origins:`, so the server refuses what its "
                "pages register; list them: origins: [https://lander.example]\n",
                file);
    if (code == 0)
        code = print(&s);
    catalog_close(catalog);
    return code;
}
