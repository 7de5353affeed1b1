#include "adapters/tiktok/sandbox/check.h"

#include <cjson/cJSON.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "adapters/tiktok/sandbox/fields.h"
#include "core/base/diag.h"

#define FIELDS_MAX 32 /* rows of the largest table, so that a set of them is a uint32_t */
#define NAME_SHOWN 60
#define EMPTY "must not be empty; leave the key out" SANDBOX_STRICTER

typedef const struct sandbox_field field;

static bool check_value(struct sandbox_checker *c, const struct sandbox_at *at, field *f,
                        const cJSON *v);

/* ---- messages ---- */

/* data.0.user.email; returns the length, text is always ended. */
static size_t put_path(char *text, size_t size, const struct sandbox_at *at)
{
    size_t n = at->up ? put_path(text, size, at->up) : 0;
    int more;

    if (n && n + 1 < size)
        text[n++] = '.';
    more = at->name ? snprintf(text + n, size - n, "%.*s", NAME_SHOWN, at->name)
                    : snprintf(text + n, size - n, "%zu", at->index);
    n += more > 0 ? (size_t)more : 0;
    return n < size ? n : size - 1;
}

bool sandbox_refuse(struct sandbox_checker *c, int code, const struct sandbox_at *at,
                    const char *fmt, ...)
{
    struct sandbox_batch *b = c->batch;
    size_t n = 0;
    va_list ap;

    if (b->code != CODE_OK) /* the first problem stays */
        return false;
    b->code = code;
    if (at) {
        n = put_path(b->message, sizeof(b->message) - 2, at);
        memcpy(b->message + n, ": ", 3);
        n += 2;
    }
    va_start(ap, fmt);
    vsnprintf(b->message + n, sizeof(b->message) - n, fmt, ap);
    va_end(ap);
    return false;
}

void sandbox_remark(struct sandbox_checker *c, const struct sandbox_at *at, const char *fmt, ...)
{
    struct sandbox_batch *b = c->batch;
    size_t n;
    va_list ap;

    if (b->notes++)
        return;
    memcpy(b->message, "OK; ", 5);
    n = 4 + put_path(b->message + 4, sizeof(b->message) - 6, at);
    memcpy(b->message + n, ": ", 3);
    n += 2;
    va_start(ap, fmt);
    vsnprintf(b->message + n, sizeof(b->message) - n, fmt, ap);
    va_end(ap);
}

static bool wrong_type(struct sandbox_checker *c, const struct sandbox_at *at, const char *type)
{
    const struct sandbox_at *named = at;

    while (!named->name && named->up)
        named = named->up;
    return sandbox_refuse(c, CODE_PARAM, at, "Invalid value for %.*s: not a valid %s.", NAME_SHOWN,
                          named->name ? named->name : "the body", type);
}

/* ---- values ---- */

static size_t characters(struct slice text)
{
    size_t n = 0;

    for (size_t i = 0; i < text.len; i++)
        n += ((unsigned char)text.ptr[i] & 0xc0) != 0x80;
    return n;
}

static bool check_word(struct sandbox_checker *c, const struct sandbox_at *at, field *f,
                       struct slice text)
{
    struct slice near;
    size_t n = 0;

    for (n = 0; f->words[n].len; n++)
        if (slice_eq(f->words[n], text))
            return true;
    near = diag_nearest(text, f->words);
    if (near.len)
        return sandbox_refuse(c, CODE_PARAM, at,
                              "Invalid value for %s: \"%.*s\"; did you mean \"%.*s\"?", f->name,
                              SLICE_ARG(slice_head(text, NAME_SHOWN)), SLICE_ARG(near));
    return sandbox_refuse(c, CODE_PARAM, at,
                          "Invalid value for %s: \"%.*s\" is none of the %zu "
                          "that TikTok lists.",
                          f->name, SLICE_ARG(slice_head(text, NAME_SHOWN)), n);
}

static bool check_text(struct sandbox_checker *c, const struct sandbox_at *at, field *f,
                       const cJSON *v)
{
    struct slice text;

    if (!cJSON_IsString(v))
        return wrong_type(c, at, "string");
    text = slice_from(v->valuestring);
    if (slice_trim(text).len == 0)
        return sandbox_refuse(c, CODE_PARAM, at, EMPTY);
    if (f->max && f->type != TYPE_TEXTS && characters(text) > f->max)
        return sandbox_refuse(c, CODE_PARAM, at, "longer than %zu characters", f->max);
    if (f->words && !check_word(c, at, f, text))
        return false;
    return !f->text || f->text(c, at, text);
}

/* valuedouble is what strtod made of a number that sandbox_scan has approved: it may be infinite.
 */
static bool check_number(struct sandbox_checker *c, const struct sandbox_at *at, field *f,
                         const cJSON *v)
{
    double n = v->valuedouble;
    bool integer = f->type == TYPE_INTEGER;

    if (!cJSON_IsNumber(v))
        return wrong_type(c, at, integer ? "integer" : "number");
    if (!(n >= -1e300 && n <= 1e300))
        return sandbox_refuse(c, CODE_PARAM, at, "is too large");
    if (integer && (!(n >= -9e15 && n <= 9e15) || (double)(int64_t)n != n))
        return wrong_type(c, at, "integer");
    return !f->number || f->number(c, at, n);
}

static bool check_list(struct sandbox_checker *c, const struct sandbox_at *at, field *f,
                       const cJSON *v)
{
    struct sandbox_field element = *f;
    struct sandbox_at here = { at, NULL, 0 };
    size_t size;

    if (!cJSON_IsArray(v))
        return wrong_type(c, at, f->type == TYPE_TEXT_OR_TEXTS ? "string" : "list");
    size = (size_t)cJSON_GetArraySize(v);
    if (size == 0)
        return sandbox_refuse(c, CODE_PARAM, at, EMPTY);
    if (f->max && size > f->max)
        return sandbox_refuse(c, CODE_PARAM, at, "has %zu entries, at most %zu are allowed", size,
                              f->max);
    element.type = f->type == TYPE_OBJECTS ? TYPE_OBJECT : TYPE_TEXT;
    element.max = 0;
    for (v = v->child; v; v = v->next, here.index++)
        if (!check_value(c, &here, &element, v))
            return false;
    return true;
}

/* ---- objects ---- */

/* One sentence, whatever is known about the name. */
static bool unknown_field(struct sandbox_checker *c, const struct sandbox_at *at, field *fields,
                          const char *name)
{
    struct slice list[FIELDS_MAX + 1], near;
    const char *home = sandbox_field_home(name), *alias = sandbox_field_alias(name);
    size_t n = 0;

    for (field *f = fields; f->name; f++)
        list[n++] = slice_from(f->name);
    list[n] = (struct slice){ 0 };
    near = home    ? slice_from(home)
           : alias ? slice_from(alias)
                   : diag_nearest(slice_from(name), list);
    return sandbox_refuse(c, CODE_PARAM, at,
                          "unknown field%s%s%.*s%s (the sandbox is stricter here: TikTok ignores "
                          "what it does not know without a word)",
                          home ? " here" : "",
                          home       ? "; it belongs to "
                          : near.len ? "; did you mean \""
                                     : "",
                          SLICE_ARG(near), !home && near.len ? "\"?" : "");
}

static const char *const source_names[] = {
    [SOURCE_WEB] = "web", [SOURCE_APP] = "app", [SOURCE_OFFLINE] = "offline", [SOURCE_CRM] = "crm"
};

static bool check_member(struct sandbox_checker *c, const struct sandbox_at *at, field *fields,
                         const cJSON *v, uint32_t *seen)
{
    field *f = fields;

    while (f->name && strcmp(f->name, v->string) != 0)
        f++;
    if (!f->name)
        return unknown_field(c, at, fields, v->string);
    if (*seen & 1u << (f - fields))
        return sandbox_refuse(c, CODE_PARAM, at, "given twice");
    *seen |= 1u << (f - fields);
    if (!(f->sources & c->batch->source))
        return sandbox_refuse(c, CODE_PARAM, at, "not a field of %s events" SANDBOX_STRICTER,
                              source_names[c->batch->source]);
    return check_value(c, at, f, v);
}

static bool check_object(struct sandbox_checker *c, const struct sandbox_at *at, field *fields,
                         const cJSON *v)
{
    struct sandbox_at here = { at, NULL, 0 };
    uint32_t seen = 0;

    for (const cJSON *m = v->child; m; m = m->next) {
        here.name = m->string[0] ? m->string : "\"\"";
        if (!check_member(c, &here, fields, m, &seen))
            return false;
    }
    for (field *f = fields; f->name; f++)
        if (f->required & c->batch->source && !(seen & 1u << (f - fields))) {
            here.name = f->name;
            return sandbox_refuse(c, CODE_PARAM, &here, "Missing data for required field.");
        }
    return true;
}

static bool check_value(struct sandbox_checker *c, const struct sandbox_at *at, field *f,
                        const cJSON *v)
{
    if (cJSON_IsNull(v))
        return sandbox_refuse(c, CODE_PARAM, at,
                              "must not be null; leave the key out" SANDBOX_STRICTER);
    switch (f->type) {
    case TYPE_TEXT:
        return check_text(c, at, f, v);
    case TYPE_TEXT_OR_TEXTS:
        return cJSON_IsArray(v) ? check_list(c, at, f, v) : check_text(c, at, f, v);
    case TYPE_TEXTS:
    case TYPE_OBJECTS:
        return check_list(c, at, f, v);
    case TYPE_INTEGER:
    case TYPE_NUMBER:
        return check_number(c, at, f, v);
    case TYPE_TEXT_OR_NUMBER:
        return cJSON_IsNumber(v) ? check_number(c, at, f, v) : check_text(c, at, f, v);
    case TYPE_BOOLEAN:
        return cJSON_IsBool(v) || wrong_type(c, at, "boolean");
    case TYPE_OBJECT:
        if (!cJSON_IsObject(v))
            return wrong_type(c, at, "object");
        return v->child ? check_object(c, at, f->fields, v)
                        : sandbox_refuse(c, CODE_PARAM, at, EMPTY);
    }
    return false;
}

/* ---- the body ---- */

/* What the other rows need to know first, wherever it stands. */
static bool find_source(struct sandbox_checker *c, const cJSON *body)
{
    struct sandbox_at at = { NULL, "event_source", 0 };
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(body, "event_source");

    if (!v)
        return sandbox_refuse(c, CODE_PARAM, &at, "Missing data for required field.");
    c->batch->source = SOURCE_WEB; /* its own row is for all of them */
    if (!check_value(c, &at, &sandbox_body_fields[0], v))
        return false;
    c->batch->event_source = slice_from(v->valuestring);
    for (unsigned i = 1; i < sizeof(source_names) / sizeof(source_names[0]); i *= 2)
        if (slice_eq(slice_from(source_names[i]), c->batch->event_source))
            c->batch->source = (enum sandbox_source)i;
    return true;
}

static struct slice text_of(const cJSON *object, const char *name)
{
    return slice_from(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name)));
}

static void collect(struct sandbox_batch *b, const cJSON *body)
{
    const cJSON *v;

    b->event_source_id = text_of(body, "event_source_id");
    b->test_event_code = text_of(body, "test_event_code");
    cJSON_ArrayForEach(v, cJSON_GetObjectItemCaseSensitive(body, "data"))
    {
        struct sandbox_event *e = &b->events[b->count];
        struct slice event = text_of(v, "event");
        e->json = b->scan.elements[b->count++];
        e->event = sandbox_name_current(event);
        e->event_id = text_of(v, "event_id");
        e->renamed = !slice_eq(e->event, event);
    }
}

bool sandbox_check(struct slice body, int64_t now, struct sandbox_batch *b)
{
    struct sandbox_checker c = { b, now };
    size_t n;

    b->code = CODE_OK;
    b->notes = 0;
    b->count = 0;
    b->tree = NULL;
    b->source = SOURCE_ALL;
    b->event_source = b->event_source_id = b->test_event_code = (struct slice){ 0 };
    memcpy(b->message, "OK", 3);
    if (body.len == 0)
        return sandbox_refuse(&c, CODE_PARAM, NULL, "Invalid JSON: the body is empty.");
    if (!sandbox_scan(body, &b->scan))
        return sandbox_refuse(&c, CODE_PARAM, NULL, "Invalid JSON at byte %zu: %s.",
                              b->scan.error_at, b->scan.error);
    b->tree = cJSON_ParseWithLength(body.ptr, body.len);
    if (!b->tree)
        return sandbox_refuse(&c, CODE_SYSTEM, NULL, "Out of memory.");
    if (!cJSON_IsObject((cJSON *)b->tree))
        return sandbox_refuse(&c, CODE_PARAM, NULL, "Invalid JSON: the body must be an object.");
    if (!find_source(&c, b->tree) || !check_object(&c, NULL, sandbox_body_fields, b->tree))
        return false;
    collect(b, b->tree);
    n = strlen(b->message);
    if (b->notes > 1)
        snprintf(b->message + n, sizeof(b->message) - n, " (and %u more notes)", b->notes - 1);
    return true;
}

void sandbox_batch_free(struct sandbox_batch *b)
{
    cJSON_Delete(b->tree);
    b->tree = NULL;
}
