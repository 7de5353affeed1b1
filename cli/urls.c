/* urls.c: `clickbaton urls`: what to paste where, for one offer and its tracker. */
#include <stdio.h>

#include "cli/catalog.h"
#include "cli/cli.h"
#include "cli/end.h"
#include "cli/options.h"
#include "cli/sample.h"
#include "cli/show.h"
#include "cli/snippet.h"
#include "cli/urls.h"
#include "core/kit/kit.h"

struct options {
    const char *host, *tracker_host, *config;
    bool json;
};

static const struct verb_usage usage = {
    .synopsis = "urls OFFER-FILE [--host HOST] [--tracker-host HOST] [--json]",
    .about = "Prints what has to be pasted where so that a click's ttclid comes back with its\n"
             "conversion: into TikTok, into the tracker and onto the landing page. The key is not\n"
             "printed: put the line of your key file in the place of YOUR-KEY.",
    .examples =
        "  clickbaton urls offers/nutra-de.yaml\n"
        "  clickbaton urls offers/nutra-de.yaml --host pb.example --tracker-host trk.example",
};

/* What the printing needs beside the kit. */
struct sheet {
    const struct offer *offer;
    const struct tracker_urls *urls;
    struct kit kit;
    struct snippet_tag tag;
};

/* ---- text ---- */

/* Lines of a table's text as paragraphs of a list. */
static void print_lines(struct buf *out, const char *text)
{
    struct slice rest = slice_from(text), line;

    while (rest.len && slice_next(&rest, '\n', &line))
        buf_printf(out, "- %.*s\n", SLICE_ARG(line));
    buf_byte(out, '\n');
}

/* A remark may hold an offer's own names. */
static void print_remarks(struct buf *out, const struct notes *remarks)
{
    for (const struct note *n = remarks->first; n; n = n->next) {
        buf_puts(out, "- ");
        show_safe(out, n->text);
        buf_byte(out, '\n');
    }
    if (remarks->count)
        buf_byte(out, '\n');
}

static void print_url(struct buf *out, struct slice url)
{
    show_safe(out, url);
    buf_puts(out, "\n\n");
}

static void print_postbacks(struct buf *out, const struct sheet *s, unsigned number)
{
    buf_printf(out, "%u. Postback URL: %s\n\n", number, s->urls->postback_place);
    if (s->urls->type_param)
        buf_puts(out, "No macro for what happened is documented, so each type's URL has it written "
                      "out.\n\n");
    for (size_t i = 0; i < s->kit.postback_count; i++) {
        const struct kit_postback *p = &s->kit.postbacks[i];
        show_safe(out, p->stage);
        if (p->stage.len)
            buf_printf(out, "%s:\n\n", p->ignored ? " (no event, the ledger records it)" : "");
        print_url(out, p->url);
    }
    print_remarks(out, &s->kit.remarks);
}

/* Events of a CRM or a shop: there is no ad link, no landing page and no click to care for. */
static void print_without_click(struct buf *out, const struct sheet *s)
{
    print_remarks(out, &s->tag.remarks);
    print_postbacks(out, s, 1);
}

static void print_text(struct buf *out, const struct sheet *s)
{
    buf_printf(out, "What to paste for %.*s (tracker: ", SLICE_ARG(s->offer->name));
    show_safe(out, s->offer->tracker_name);
    buf_puts(out, ")\n\n");
    if (s->offer->source != EVENT_SOURCE_WEB) {
        print_without_click(out, s);
        return;
    }
    buf_puts(out, "1. TikTok: destination URL of the ad\n\n");
    print_url(out, s->kit.ad_link);
    buf_puts(out, "2. Tracker: parameters of the traffic source\n\n");
    print_lines(out, s->urls->source_setup);
    buf_puts(out, "3. Tracker: URL of the landing page\n\n");
    print_url(out, s->kit.lander);
    print_postbacks(out, s, 4);
    buf_puts(out, "5. A server of yours that registers clicks itself, instead of the landing "
                  "script: call this\n   when the visitor comes, and fill in what you know\n\n");
    print_url(out, s->kit.click);
    buf_puts(out, "6. Landing page: a line of its <head>\n\n");
    snippet_put(out, &s->tag);
    buf_puts(out, "\n\n");
    print_remarks(out, &s->tag.remarks);
    if (s->urls->unknown) {
        buf_puts(out, "7. Not documented by the vendor\n\n");
        print_lines(out, s->urls->unknown);
    }
}

/* ---- JSON ---- */

static void member(struct buf *out, const char *name, struct slice value, bool first)
{
    buf_key(out, slice_from(name), first);
    buf_json(out, value);
}

static void lines_member(struct buf *out, const char *name, const char *text)
{
    struct slice rest = slice_from(text), line;
    const char *comma = "";

    buf_key(out, slice_from(name), false);
    buf_byte(out, '[');
    while (rest.len && slice_next(&rest, '\n', &line)) {
        buf_puts(out, comma);
        buf_json(out, line);
        comma = ",";
    }
    buf_byte(out, ']');
}

static void remarks_member(struct buf *out, const struct sheet *s)
{
    const struct notes *const lists[] = { &s->kit.remarks, &s->tag.remarks };
    const char *comma = "";

    buf_puts(out, ",\"remarks\":[");
    for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++)
        for (const struct note *n = lists[i]->first; n; n = n->next) {
            buf_puts(out, comma);
            buf_json(out, n->text);
            comma = ",";
        }
    buf_byte(out, ']');
}

static void landing_member(struct buf *out, const struct snippet_tag *tag)
{
    struct buf line = { 0 };

    snippet_put(&line, tag);
    member(out, "landing", buf_slice(&line), false);
    out->failed |= line.failed;
    buf_free(&line);
}

static void postbacks_member(struct buf *out, const struct kit *kit)
{
    buf_puts(out, ",\"postbacks\":[");
    for (size_t i = 0; i < kit->postback_count; i++) {
        const struct kit_postback *p = &kit->postbacks[i];
        buf_puts(out, i ? ",{\"stage\":" : "{\"stage\":");
        if (p->stage.len)
            buf_json(out, p->stage);
        else
            buf_puts(out, "null");
        buf_printf(out, ",\"ignored\":%s", p->ignored ? "true" : "false");
        member(out, "url", p->url, false);
        buf_byte(out, '}');
    }
    buf_byte(out, ']');
}

static void print_json(struct buf *out, const struct sheet *s)
{
    buf_byte(out, '{');
    member(out, "offer", s->offer->name, true);
    member(out, "tracker", s->offer->tracker_name, false);
    member(out, "ad_link", s->kit.ad_link, false);
    lines_member(out, "source_setup", s->urls->source_setup);
    member(out, "lander", s->kit.lander, false);
    member(out, "postback_place", slice_from(s->urls->postback_place), false);
    postbacks_member(out, &s->kit);
    remarks_member(out, s);
    member(out, "click", s->kit.click, false);
    landing_member(out, &s->tag);
    lines_member(out, "undocumented", s->urls->unknown);
    buf_puts(out, "}\n");
}

/* ---- the verb ---- */

/* "pb.example", also as pasted: "https://pb.example/". */
static int host_of(const char *option, const char *given, struct slice *host)
{
    struct slice s = slice_from(given), scheme = S("https://");

    if (slice_starts_nocase(s, scheme))
        s = slice_from_at(s, scheme.len);
    if (slice_ends(s, S("/")))
        s.len--;
    for (size_t i = 0; i < s.len; i++)
        if (!ascii_is_alnum(s.ptr[i]) && !memchr(".-_:[]", s.ptr[i], 6))
            return options_misuse("urls", "%s needs a host name such as pb.example, not \"%s\"",
                                  option, given);
    if (s.len == 0)
        return options_misuse("urls", "%s needs a host name such as pb.example", option);
    *host = s;
    return 0;
}

int urls_print(struct catalog *catalog, const struct offer *offer, const struct kit_hosts *hosts,
               bool json)
{
    struct sheet sheet = { .offer = offer };
    const struct snippet_choice choice = { 0 };
    struct buf out = { 0 };
    struct err err = { 0 };
    int code = EXIT_DONE;

    sheet.urls = sample_urls(offer);
    if (kit_make(&catalog->arena, offer, sheet.urls, hosts, &sheet.kit, &err) != 0) {
        fprintf(stderr, "clickbaton urls: %s\n", err.text);
        return EXIT_IO;
    }
    urls_access(catalog, catalog_find(catalog, offer->name), &sheet.kit.remarks);
    snippet_make(&catalog->arena, offer,
                 arena_printf(&catalog->arena, "https://%.*s", SLICE_ARG(hosts->own)), &choice,
                 &sheet.tag);
    if (catalog->arena.full) {
        fputs("clickbaton urls: the landing line needs more memory than there is\n", stderr);
        return EXIT_IO;
    }
    if (json)
        print_json(&out, &sheet);
    else
        print_text(&out, &sheet);
    code = end_print("urls", &out, code);
    buf_free(&out);
    return code;
}

static int run(struct catalog *catalog, const char *file, const struct kit_hosts *hosts, bool json)
{
    const struct offer *offer = catalog_add_offer(catalog, file);

    catalog_print_problems(catalog, stderr);
    return offer && !catalog_errors(catalog) ? urls_print(catalog, offer, hosts, json) : EXIT_CONFIG;
}

/* The configuration that lies here.  Who may not read its keys still gets URLs. */
static struct catalog *open_default(void)
{
    struct catalog *catalog = catalog_open(files_exist("clickbaton.yaml") ? "clickbaton.yaml" : NULL);

    if (!catalog || !catalog_errors(catalog))
        return catalog;
    fputs("clickbaton urls: clickbaton.yaml can't be used (clickbaton check says why), so what it locks is "
          "left out\n", stderr);
    catalog_close(catalog);
    return catalog_open(NULL);
}

int cli_urls(int argc, char **argv)
{
    struct options o = { .host = "YOUR-HOST", .tracker_host = "YOUR-TRACKER" };
    const struct option_row rows[] = {
        { "--host", NULL, OPTION_TEXT, &o.host, "HOST",
          "where clickbaton is reached; default "
          "YOUR-HOST" },
        { "--tracker-host", NULL, OPTION_TEXT, &o.tracker_host, "HOST",
          "the tracker's domain; default YOUR-TRACKER" },
        { "--json", NULL, OPTION_FLAG, &o.json, NULL, "the same as one JSON object" },
        { "--config", "-c", OPTION_TEXT, &o.config, "FILE",
          "locks, mappings and pixels; default clickbaton.yaml, when it is there" },
        { 0 },
    };
    struct kit_hosts hosts = { .lander = S("YOUR-LANDER") };
    struct catalog *catalog;
    const char *args[1];
    int code;

    if (options_parse(argc, argv, rows, &usage, args, 1, 1, &code) < 0)
        return code;
    if ((code = host_of("--host", o.host, &hosts.own)) != 0 ||
        (code = host_of("--tracker-host", o.tracker_host, &hosts.tracker)) != 0)
        return code;
    catalog = o.config ? catalog_open(o.config) : open_default();
    if (!catalog)
        return EXIT_IO;
    code = run(catalog, args[0], &hosts, o.json);
    catalog_close(catalog);
    return code;
}
