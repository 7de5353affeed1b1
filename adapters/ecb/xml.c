#include "adapters/ecb/xml.h"

#include <expat.h>
#include <stdio.h>
#include <string.h>

#define DEPTH_MAX 32
#define PIECE 65536

/* A short text of an attribute: what is longer is none of ours. */
struct word {
    char text[40];
};

struct reader {
    XML_Parser parser;
    const struct source *source;
    struct quotes *q;
    struct diags *diags;
    int depth;
    bool stop; /* a diagnostic says why */

    int64_t day; /* of the Cube around */
    int day_depth; /* 0: none */
    /* SDMX: of the series around, and of the observation */
    struct word frequency, currency, denominator, type, suffix, multiplier;
    struct word period, value;
};

static struct place here(const struct reader *r)
{
    return (struct place){ r->source, (uint32_t)XML_GetCurrentLineNumber(r->parser),
                           (uint32_t)XML_GetCurrentColumnNumber(r->parser) + 1, 1 };
}

static void stop(struct reader *r)
{
    r->stop = true;
    XML_StopParser(r->parser, XML_FALSE);
}

static const char *local_name(const char *name)
{
    const char *colon = strchr(name, ':');

    return colon ? colon + 1 : name;
}

static const char *attribute(const char **list, const char *name)
{
    for (; *list; list += 2)
        if (strcmp(local_name(list[0]), name) == 0)
            return list[1];
    return NULL;
}

static void keep(struct word *word, const char *text)
{
    if (snprintf(word->text, sizeof(word->text), "%s", text) >= (int)sizeof(word->text))
        memcpy(word->text + sizeof(word->text) - 4, "...", 4); /* cut, so nothing valid any more */
}

static struct slice said(const struct word *word)
{
    return word->text[0] ? slice_from(word->text) : (struct slice){ 0 };
}

/* The members of a series by their names in SDMX. */
static struct word *member(struct reader *r, const char *name)
{
    struct {
        const char *name;
        struct word *to;
    } rows[] = {
        { "FREQ", &r->frequency },     { "CURRENCY", &r->currency },
        { "CURRENCY_DENOM", &r->denominator }, { "EXR_TYPE", &r->type },
        { "EXR_SUFFIX", &r->suffix },  { "UNIT_MULT", &r->multiplier },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (strcmp(rows[i].name, name) == 0)
            return rows[i].to;
    return NULL;
}

/* <Cube>, <Cube time="2026-11-25">, <Cube currency="USD" rate="1.0842"/> */
static void on_cube(struct reader *r, const char **attributes)
{
    const char *time = attribute(attributes, "time"), *rate = attribute(attributes, "rate"),
               *currency = attribute(attributes, "currency");

    if (time) {
        r->day_depth = r->depth;
        if (!quotes_day(slice_from(time), r->diags, here(r), &r->day))
            stop(r);
        return;
    }
    if (!rate && !currency)
        return;
    if (!rate || !currency || r->day_depth == 0) {
        diag_add(r->diags, DIAG_ERROR, "C037", here(r), (struct slice){ 0 },
                 "a rate without its %s", !rate       ? "number"
                                          : !currency ? "currency"
                                                      : "day");
        stop(r);
        return;
    }
    if (!quotes_add(r->q, r->day, slice_from(currency), slice_from(rate), r->diags, here(r)))
        stop(r);
}

static void on_series(struct reader *r, const char **attributes)
{
    static const struct word none;

    r->frequency = r->currency = r->denominator = r->type = r->suffix = r->multiplier = none;
    for (; *attributes; attributes += 2) {
        struct word *to = member(r, local_name(attributes[0]));
        if (to)
            keep(to, attributes[1]);
    }
}

static void on_observation(struct reader *r)
{
    const struct quotes_series series = { said(&r->frequency), said(&r->currency),
                                          said(&r->denominator), said(&r->type),
                                          said(&r->suffix), said(&r->multiplier) };

    if (r->period.text[0] && !quotes_add_of(r->q, &series, slice_from(r->period.text),
                                            slice_from(r->value.text), r->diags, here(r)))
        stop(r);
    r->period.text[0] = r->value.text[0] = '\0';
}

/* Generic: <Value id="CURRENCY" value="USD"/>, <ObsDimension value="..."/>, <ObsValue value="..."/>;
 * structure-specific: <Series CURRENCY="USD">, <Obs TIME_PERIOD="..." OBS_VALUE="..."/>. */
static void on_sdmx(struct reader *r, const char *name, const char **attributes)
{
    const char *value = attribute(attributes, "value"), *id = attribute(attributes, "id");
    struct word *to = NULL;

    if (strcmp(name, "Series") == 0) {
        on_series(r, attributes);
    } else if (strcmp(name, "Obs") == 0) {
        const char *period = attribute(attributes, "TIME_PERIOD"),
                   *number = attribute(attributes, "OBS_VALUE");
        keep(&r->period, period ? period : "");
        keep(&r->value, number ? number : "");
    } else if (value && id && strcmp(name, "Value") == 0) {
        to = member(r, id);
    } else if (value && (strcmp(name, "ObsDimension") == 0 || strcmp(name, "Time") == 0)) {
        to = &r->period;
    } else if (value && strcmp(name, "ObsValue") == 0) {
        to = &r->value;
    }
    if (to)
        keep(to, value);
}

static void on_start(void *context, const char *name, const char **attributes)
{
    struct reader *r = context;

    if (r->stop) /* expat may call once more */
        return;
    if (++r->depth > DEPTH_MAX) {
        diag_add(r->diags, DIAG_ERROR, "C036", here(r), (struct slice){ 0 },
                 "it is nested more than %d deep", DEPTH_MAX);
        stop(r);
        return;
    }
    name = local_name(name);
    if (strcmp(name, "Cube") == 0)
        on_cube(r, attributes);
    else
        on_sdmx(r, name, attributes);
}

static void on_end(void *context, const char *name)
{
    struct reader *r = context;

    if (r->stop)
        return;
    if (r->depth == r->day_depth)
        r->day_depth = 0;
    r->depth--;
    if (strcmp(local_name(name), "Obs") == 0)
        on_observation(r);
}

/* The Bank's files have no document type; whoever writes one wants entities. */
static void on_doctype(void *context, const char *name, const char *system, const char *public,
                       int internal)
{
    struct reader *r = context;

    (void)name, (void)system, (void)public, (void)internal;
    diag_add(r->diags, DIAG_ERROR, "C036", here(r), S("the Bank's files have none"),
             "a document type (DOCTYPE) is refused");
    stop(r);
}

void ecb_read_xml(const struct source *source, struct quotes *q, struct diags *diags)
{
    struct reader r = { .source = source, .q = q, .diags = diags };
    struct slice text = source->text;
    enum XML_Status status = XML_STATUS_OK;

    r.parser = XML_ParserCreate(NULL);
    if (!r.parser) {
        memory_ran_out();
        diag_add(diags, DIAG_ERROR, "C036", (struct place){ .source = source },
                 (struct slice){ 0 }, "there is not enough memory");
        return;
    }
    XML_SetUserData(r.parser, &r);
    XML_SetElementHandler(r.parser, on_start, on_end);
    XML_SetStartDoctypeDeclHandler(r.parser, on_doctype);
    while (status == XML_STATUS_OK) {
        struct slice piece = slice_head(text, PIECE);
        text = slice_from_at(text, piece.len);
        status = XML_Parse(r.parser, piece.ptr, (int)piece.len, text.len == 0);
        if (text.len == 0)
            break;
    }
    if (status != XML_STATUS_OK && XML_GetErrorCode(r.parser) == XML_ERROR_NO_MEMORY)
        memory_ran_out();
    if (status != XML_STATUS_OK && !r.stop)
        diag_add(diags, DIAG_ERROR, "C036", here(&r),
                 S("the file may be cut: take it again from the Bank"),
                 "not well-formed XML: %s", XML_ErrorString(XML_GetErrorCode(r.parser)));
    XML_ParserFree(r.parser);
}
