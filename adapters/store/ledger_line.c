#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "adapters/store/ledger.h"

#define MOST  INT64_C(9007199254740992) /* 2^53 */
#define INTEGER(name, need, from, to) { name, LEDGER_INT, need, from, to }
#define ID(name)    INTEGER(name, true, 1, MOST)
#define COUNT_(name) INTEGER(name, true, 0, MOST)
#define WHOLE(name) INTEGER(name, false, -MOST, MOST)
#define TEXT(name)  { name, LEDGER_TEXT, false, 0, 0 }
#define NAME(name)  { name, LEDGER_NAME, false, 0, 0 }

/* Columns are named as in the file of the store; docs/store.md lists them. */
const struct ledger_shape ledger_shapes[LEDGER_TABLES] = {
    [LEDGER_HEADER] = { "ledger", {
        INTEGER("version", true, 1, LEDGER_VERSION), TEXT("newest"), INTEGER("whole", true, 0, 1),
        COUNT_("last_click"), COUNT_("last_postback"), COUNT_("last_event"),
        COUNT_("last_attempt"), COUNT_("gone_postback"), COUNT_("gone_attempt") } },
    [LEDGER_CLICK] = { "click", {
        ID("id"), NAME("offer"), WHOLE("at"), COUNT_("keyed"), TEXT("click_id"), TEXT("ttclid"),
        TEXT("event_id"), TEXT("ttp"), TEXT("ip"), TEXT("consent"), TEXT("page_url"),
        TEXT("user_agent"), TEXT("referrer"), TEXT("country") } },
    [LEDGER_POSTBACK] = { "postback", {
        ID("id"), WHOLE("at"), NAME("offer"), NAME("tracker"), NAME("method"), NAME("stage"),
        INTEGER("verdict", true, 1, 4), NAME("code"), TEXT("click_id"), TEXT("ttclid"),
        TEXT("event_id"), TEXT("txid"), TEXT("content_type"), TEXT("address"), TEXT("params"),
        TEXT("reason"), TEXT("warnings") } },
    [LEDGER_ATTEMPT] = { "attempt", {
        ID("id"), WHOLE("at"), WHOLE("took_ms"), NAME("pixel"), WHOLE("http_status"),
        WHOLE("code"), TEXT("message"), TEXT("request_id") } },
    [LEDGER_EVENT] = { "event", {
        ID("id"), INTEGER("postback", false, 1, MOST), WHOLE("created"), NAME("offer"), NAME("pixel"),
        NAME("event"), NAME("test_code"), TEXT("event_id"), TEXT("click_id"), TEXT("ttclid"),
        { "value_micros", LEDGER_MICRO, false, 0, 0 }, NAME("currency"),
        { "original_value_micros", LEDGER_MICRO, false, 0, 0 }, NAME("original_currency"),
        NAME("consent"), TEXT("consent_said"), TEXT("plain_id"), INTEGER("state", true, 1, 5),
        WHOLE("due"), INTEGER("attempts", true, 0, MOST), WHOLE("unknown_since"),
        WHOLE("unknown_before"), TEXT("note"), INTEGER("withdrawn", false, 1, 1),
        { "tries", LEDGER_IDS, false, 1, MOST }, TEXT("body") } },
    [LEDGER_END] = { "end", {
        COUNT_("clicks"), COUNT_("postbacks"), COUNT_("attempts"), COUNT_("events") } },
};

int ledger_column(enum ledger_table table, const char *name)
{
    const struct ledger_column *c = ledger_shapes[table].columns;
    int i = 0;

    while (strcmp(c[i].name, name) != 0)
        i++;
    return i;
}

/* ---- writing ---- */

static bool is_plain(struct slice s)
{
    while (s.len) {
        size_t n = s.ptr[0] ? utf8_len(s) : 0;
        if (n == 0)
            return false;
        s = slice_from_at(s, n);
    }
    return true;
}

static void print_text(struct buf *to, struct slice s)
{
    if (is_plain(s)) {
        buf_json(to, s);
        return;
    }
    buf_puts(to, "{\"hex\":\"");
    for (size_t i = 0; i < s.len; i++)
        buf_printf(to, "%02x", (unsigned)(unsigned char)s.ptr[i]);
    buf_puts(to, "\"}");
}

static void print_value(struct buf *to, enum ledger_kind kind, const struct ledger_value *v)
{
    switch (kind) {
    case LEDGER_INT:
        buf_i64(to, v->n);
        break;
    case LEDGER_MICRO:
        buf_printf(to, "\"%lld\"", (long long)v->n);
        break;
    case LEDGER_IDS:
        buf_byte(to, '[');
        for (size_t i = 0; i < v->count; i++)
            buf_printf(to, "%s%lld", i ? "," : "", (long long)v->ids[i]);
        buf_byte(to, ']');
        break;
    default:
        print_text(to, v->text);
    }
}

void ledger_print(struct buf *to, const struct ledger_row *row)
{
    const struct ledger_shape *shape = &ledger_shapes[row->table];

    buf_printf(to, "{\"row\":\"%s\"", shape->table);
    for (int i = 0; i < LEDGER_COLUMNS && shape->columns[i].name; i++)
        if (row->values[i].set) {
            buf_key(to, slice_from(shape->columns[i].name), false);
            print_value(to, shape->columns[i].kind, &row->values[i]);
        }
    buf_puts(to, "}\n");
}

/* ---- reading ---- */

/* cJSON takes bytes that JSON does not have, and ends a string at \u0000: refused before it reads. */
static const char *bad_byte(struct slice line, size_t *column)
{
    for (size_t at = 0; at < line.len;) {
        size_t n = utf8_len(slice_from_at(line, at));
        *column = at + 1;
        if (n == 0)
            return "this byte is not UTF-8";
        if ((unsigned char)line.ptr[at] < 0x20)
            return "a control character may not stand here";
        if (line.ptr[at] == '\\' && at + 1 < line.len) {
            if (slice_starts(slice_from_at(line, at), S("\\u0000")))
                return "\\u0000 may not stand here: such texts are written as {\"hex\": \"...\"}";
            at++; /* the next one is escaped */
        }
        at += n;
    }
    return NULL;
}

static bool whole(const cJSON *item, int64_t least, int64_t most, int64_t *out)
{
    double d = item->valuedouble;

    if (!cJSON_IsNumber(item) || !(d >= -(double)MOST && d <= (double)MOST))
        return false;
    *out = (int64_t)d;
    return (double)*out == d && *out >= least && *out <= most;
}

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool text_of(const cJSON *item, struct arena *arena, struct slice *out)
{
    const cJSON *inner = cJSON_IsObject(item) ? item->child : NULL;
    struct slice digits;
    char *bytes;

    if (cJSON_IsString(item)) {
        *out = arena_dup(arena, slice_from(item->valuestring));
        return out->len > 0;
    }
    if (!inner || inner->next || strcmp(inner->string, "hex") != 0 || !cJSON_IsString(inner))
        return false;
    digits = slice_from(inner->valuestring);
    bytes = arena_alloc(arena, digits.len / 2 + 1);
    if (!bytes || digits.len < 2 || digits.len % 2)
        return false;
    for (size_t i = 0; i < digits.len; i += 2) {
        int high = hex(digits.ptr[i]), low = hex(digits.ptr[i + 1]);
        if (high < 0 || low < 0)
            return false;
        bytes[i / 2] = (char)(high * 16 + low);
    }
    *out = (struct slice){ bytes, digits.len / 2 };
    return !is_plain(*out); /* one way to write each text, so that a round gives the same bytes */
}

static bool ids_of(const cJSON *item, struct arena *arena, struct ledger_value *out)
{
    int64_t *ids, last = 0;
    size_t n = 0;

    if (!cJSON_IsArray(item) || !item->child)
        return false;
    for (const cJSON *i = item->child; i; i = i->next)
        n++;
    if (!(ids = ARENA_ARRAY(arena, int64_t, n)))
        return false;
    out->ids = ids;
    for (const cJSON *i = item->child; i; i = i->next, last = *ids++)
        if (!whole(i, last + 1, MOST, ids))
            return false;
    out->count = n;
    return true;
}

static bool value_of(const struct ledger_column *c, const cJSON *item, struct arena *arena,
                     struct ledger_value *out)
{
    struct slice digits;

    out->set = true;
    switch (c->kind) {
    case LEDGER_INT:
        return whole(item, c->least, c->most, &out->n);
    case LEDGER_MICRO:
        digits = cJSON_IsString(item) ? slice_from(item->valuestring) : (struct slice){ 0 };
        if (!slice_to_i64(digits, &out->n))
            return false;
        return slice_eq(digits, arena_printf(arena, "%lld", (long long)out->n));
    case LEDGER_IDS:
        return ids_of(item, arena, out);
    default:
        return text_of(item, arena, &out->text);
    }
}

static const char *const wanted[] = {
    [LEDGER_INT] = "a whole number in its bounds",
    [LEDGER_MICRO] = "a string of digits",
    [LEDGER_TEXT] = "a string that is not empty, or {\"hex\": \"...\"}",
    [LEDGER_NAME] = "a string that is not empty, or {\"hex\": \"...\"}",
    [LEDGER_IDS] = "a list of whole numbers that ascend",
};

/* Where a member's name stands; cJSON does not tell. */
static size_t place_of(struct slice line, const char *name)
{
    char quoted[40];
    size_t at;

    snprintf(quoted, sizeof(quoted), "\"%.34s\"", name);
    at = slice_find(line, slice_from(quoted));
    return at < line.len ? at + 1 : 1;
}

static int member(struct slice line, const cJSON *item, struct arena *arena, struct ledger_row *out,
                  size_t *column, struct err *err)
{
    const struct ledger_column *c = ledger_shapes[out->table].columns;
    int i = 0;

    *column = place_of(line, item->string);
    while (i < LEDGER_COLUMNS && c[i].name && strcmp(c[i].name, item->string) != 0)
        i++;
    if (i == LEDGER_COLUMNS || !c[i].name)
        return err_set(err, ERR_INPUT, "a %s has no \"%.40s\"", ledger_shapes[out->table].table,
                       item->string);
    if (out->values[i].set)
        return err_set(err, ERR_INPUT, "\"%s\" stands here twice", c[i].name);
    if (!value_of(&c[i], item, arena, &out->values[i]))
        return arena->full ? err_set(err, ERR_INPUT, "the line needs too much memory")
                           : err_set(err, ERR_INPUT, "\"%s\" must be %s", c[i].name,
                                     wanted[c[i].kind]);
    return 0;
}

static int members(struct slice line, const cJSON *root, struct arena *arena,
                   struct ledger_row *out, size_t *column, struct err *err)
{
    const cJSON *row = cJSON_IsObject(root) ? root->child : NULL;
    const struct ledger_column *c;
    int table = 0;

    if (!row || strcmp(row->string, "row") != 0 || !cJSON_IsString(row))
        return err_set(err, ERR_INPUT, "a line must begin with {\"row\":\"...\"");
    while (table < LEDGER_TABLES && strcmp(ledger_shapes[table].table, row->valuestring) != 0)
        table++;
    if (table == LEDGER_TABLES)
        return err_set(err, ERR_INPUT, "there are no rows called \"%.40s\"", row->valuestring);
    out->table = (enum ledger_table)table;
    for (const cJSON *item = row->next; item; item = item->next)
        if (member(line, item, arena, out, column, err) != 0)
            return -1;
    *column = 1;
    c = ledger_shapes[table].columns;
    for (int i = 0; i < LEDGER_COLUMNS && c[i].name; i++)
        if (c[i].needed && !out->values[i].set)
            return err_set(err, ERR_INPUT, "\"%s\" is missing", c[i].name);
    return 0;
}

int ledger_parse(struct slice line, struct arena *arena, struct ledger_row *out, size_t *column,
                 struct err *err)
{
    const char *why, *end = NULL;
    cJSON *root;
    int rc;

    *out = (struct ledger_row){ .table = LEDGER_HEADER };
    *column = 1;
    if (line.len == 0)
        return err_set(err, ERR_INPUT, "the line is empty");
    if (line.len > LEDGER_LINE_MOST)
        return err_set(err, ERR_INPUT, "the line is longer than %zu bytes", LEDGER_LINE_MOST);
    if ((why = bad_byte(line, column)) != NULL)
        return err_set(err, ERR_INPUT, "%s", why);
    *column = 1;
    root = cJSON_ParseWithLengthOpts(line.ptr, line.len, &end, false);
    if (!root) {
        *column = end >= line.ptr && end <= line.ptr + line.len ? (size_t)(end - line.ptr) + 1 : 1;
        return err_set(err, ERR_INPUT, "this is not JSON");
    }
    if (end != line.ptr + line.len) {
        *column = (size_t)(end - line.ptr) + 1;
        rc = err_set(err, ERR_INPUT, "there is more behind the object");
    } else {
        rc = members(line, root, arena, out, column, err);
    }
    cJSON_Delete(root);
    return rc;
}
