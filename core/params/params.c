#include "core/params/params.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/eight.h"
#include "core/params/damage.h"
#include "core/params/list.h"

#define FIRST_ROOM 16
#define FEW 24 /* up to here comparing all pairs is faster than sorting */

struct reader {
    struct list list;
    char *out; /* where decoded bytes go: there is room for all of the raw text */
    bool amp_noted;
};

struct piece {
    struct slice name, value;
    unsigned seen;
};

int list_full(struct list *l)
{
    return err_set(l->err, ERR_BUSY, "the request needs more memory than its limit");
}

static int list_grow(struct list *l, size_t max)
{
    struct params *p = l->p;
    size_t room = p->count < FIRST_ROOM ? FIRST_ROOM : p->count * 2;
    struct param *list;

    if (room > max)
        room = max;
    list = ARENA_ARRAY(p->arena, struct param, room);
    if (!list)
        return list_full(l);
    if (p->count)
        memcpy(list, p->list, p->count * sizeof(*list));
    p->list = list;
    l->room = room;
    return 0;
}

int list_add(struct list *l, struct slice name, struct slice value)
{
    struct params *p = l->p;
    size_t max = p->max ? p->max : PARAMS_MAX;

    if (p->count >= max)
        return err_set(l->err, ERR_INPUT, "more than %zu parameters: the limit is %zu", max, max);
    if (p->count >= l->room && list_grow(l, max) != 0)
        return -1;
    p->list[p->count++] = (struct param){ name, value };
    return 0;
}

void list_remark(struct list *l, struct slice name, struct slice value, unsigned seen)
{
    struct notes *notes = l->p->notes;
    struct slice shown = note_short(l->p->arena, name);

    if (seen & SEEN_BAD_ESCAPE)
        note_add(notes, "W005", name,
                 "%.*s: a \"%%\" without two hexadecimal digits behind it was kept as it is "
                 "(send \"%%25\" for a percent sign)",
                 SLICE_ARG(shown));
    if ((seen & SEEN_HIGH) && !(utf8_valid(name) && utf8_valid(value)))
        note_add(notes, "W007", name, "%.*s: not UTF-8; the bytes were kept as they are",
                 SLICE_ARG(shown));
    if (seen & SEEN_CONTROL)
        note_add(notes, "W008", name,
                 "%.*s: holds control characters, such as NUL or a line end; they were kept",
                 SLICE_ARG(shown));
}

/* The byte that the two hexadecimal digits behind a '%' stand for, -1 when they are not there. */
static int escape(const char *at, const char *end)
{
    int high, low;

    if (end - at < 2)
        return -1;
    high = ascii_hex(at[0]);
    low = ascii_hex(at[1]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/* Nearly all bytes are letters, digits and - . / : _ which stand for themselves. */
static bool is_plain(unsigned char c)
{
    return (c >= '@' && c < 0x7f) || (c >= ',' && c < '?');
}

static bool eight_plain(uint64_t v)
{
    return (eight_not_ascii(v) | eight_below(v, ',') | eight_has(v, '?') | eight_has(v, 0x7f)) == 0;
}

/* The byte at *at, which is none of those; *at is moved behind what stands for it. */
static unsigned char decode_odd(const char **at, const char *end, unsigned *seen)
{
    unsigned char c = (unsigned char)*(*at)++;
    int byte;

    if (c == '+') {
        c = ' ';
    } else if (c == '%') {
        byte = escape(*at, end);
        if (byte >= 0) {
            c = (unsigned char)byte;
            *at += 2;
        } else {
            *seen |= SEEN_BAD_ESCAPE;
        }
    } else if (c == '?') {
        *seen |= SEEN_QUESTION;
    }
    if (c < 0x20 || c == 0x7f)
        *seen |= SEEN_CONTROL;
    else if (c >= 0x80)
        *seen |= SEEN_HIGH;
    return c;
}

static struct slice decode(struct reader *r, struct slice raw, unsigned *seen)
{
    const char *at = raw.ptr, *end = raw.len ? at + raw.len : at;
    char *to = r->out;

    while (at < end) {
        for (; end - at >= 8 && eight_plain(eight_load(at)); at += 8, to += 8)
            memcpy(to, at, 8);
        while (at < end && is_plain((unsigned char)*at))
            *to++ = *at++;
        if (at < end)
            *to++ = (char)decode_odd(&at, end, seen);
    }
    raw = (struct slice){ r->out, (size_t)(to - r->out) };
    r->out = to;
    return raw;
}

static struct piece decode_piece(struct reader *r, struct slice raw)
{
    struct piece piece = { .seen = 0 };
    struct slice name, value;

    slice_cut(raw, '=', &name, &value);
    piece.name = decode(r, name, &piece.seen);
    piece.value = decode(r, value, &piece.seen);
    return piece;
}

static int add_piece(struct reader *r, struct piece piece, bool empty)
{
    if (piece.name.len == 0) {
        if (!empty)
            note_add(r->list.p->notes, "W009", piece.name, "a value without a name was skipped");
        return 0;
    }
    if (list_add(&r->list, piece.name, piece.value) != 0)
        return -1;
    if (piece.seen)
        list_remark(&r->list, piece.name, piece.value, piece.seen);
    return 0;
}

static void note_damage(struct reader *r, const struct damage *d, struct slice name)
{
    struct slice shown = note_short(r->list.p->arena, name);
    struct slice rest = slice_from_at(shown, d->entity.len);

    if (d->entity.len)
        note_add(r->list.p->notes, d->code, name,
                 "%.*s: \"%.*s%.*s\" was read as \"&%.*s\" (an HTML page or editor ate the "
                 "\"&%.*s\"; copy the URL as plain text)",
                 SLICE_ARG(shown), SLICE_ARG(d->sign), SLICE_ARG(rest), SLICE_ARG(shown),
                 SLICE_ARG(d->entity));
    else
        note_add(r->list.p->notes, d->code, name,
                 "%.*s: a second \"?\" was read as \"&\" (something appends parameters with \"?\" "
                 "to a URL that has some; it should use \"&\")",
                 SLICE_ARG(shown));
}

/* What stands between two '&', with the first place where another '&' was lost. */
static int add_damaged(struct reader *r, struct slice raw, struct damage d)
{
    struct slice begin = { 0 }; /* of the name, eaten */
    bool more = true;

    while (more) {
        struct slice text = slice_head(raw, d.at);
        struct piece piece = decode_piece(r, text);
        if (begin.len)
            piece.name =
                arena_printf(r->list.p->arena, "%.*s%.*s", SLICE_ARG(begin), SLICE_ARG(piece.name));
        if (add_piece(r, piece, text.len == 0) != 0)
            return -1;
        if (d.at == raw.len)
            return 0;
        begin = d.entity;
        note_damage(
            r, &d, arena_printf(r->list.p->arena, "%.*s%.*s", SLICE_ARG(begin), SLICE_ARG(d.rest)));
        raw = slice_from_at(raw, d.at + d.len);
        if (!damage_find(raw, &d))
            d.at = raw.len;
    }
    return 0;
}

static struct slice without_amp(struct reader *r, struct slice raw)
{
    size_t n = damage_amp(raw);
    struct slice name, value;

    if (n == 0)
        return raw;
    while (n) {
        raw = slice_from_at(raw, n);
        n = damage_amp(raw);
    }
    slice_cut(raw, '=', &name, &value);
    name = note_short(r->list.p->arena, name);
    if (!r->amp_noted && name.len)
        note_add(r->list.p->notes, "W001", name,
                 "%.*s: \"&amp;\" was read as \"&\" (the URL comes from HTML source; copy it as "
                 "plain text)",
                 SLICE_ARG(name));
    r->amp_noted = r->amp_noted || name.len;
    return raw;
}

static int add_segment(struct reader *r, struct slice raw)
{
    char *start = r->out;
    struct piece piece;
    struct damage d;

    raw = without_amp(r, raw);
    if (raw.len == 0)
        return 0;
    piece = decode_piece(r, raw);
    if ((piece.seen & (SEEN_HIGH | SEEN_QUESTION)) && damage_find(raw, &d)) {
        r->out = start;
        return add_damaged(r, raw, d);
    }
    return add_piece(r, piece, false);
}

int params_query(struct params *p, struct slice raw, struct err *err)
{
    struct reader r = { .list = { .p = p, .err = err } };
    struct slice segment, tail;

    if (raw.len == 0)
        return 0;
    r.out = arena_alloc(p->arena, raw.len);
    if (!r.out)
        return list_full(&r.list);
    do {
        slice_cut(raw, '&', &segment, &tail);
        if (add_segment(&r, segment) != 0)
            return -1;
        raw = tail;
    } while (raw.len);
    return p->arena->full ? list_full(&r.list) : 0;
}

int params_form(struct params *p, struct slice raw, struct err *err)
{
    while (raw.len && (raw.ptr[raw.len - 1] == '\n' || raw.ptr[raw.len - 1] == '\r'))
        raw.len--; /* `curl --data @file` and hand-written bodies */
    return params_query(p, raw, err);
}

int params_body(struct params *p, struct slice content_type, struct slice raw, struct err *err)
{
    struct slice type = slice_trim(slice_head(content_type, slice_index(content_type, ';')));
    struct slice text = slice_trim(raw);

    if (text.len == 0)
        return 0;
    if (slice_starts_nocase(type, S("multipart/")))
        return err_set(err, ERR_INPUT,
                       "a multipart body is not supported: send application/json or "
                       "application/x-www-form-urlencoded");
    if (slice_eq_nocase(type, S("application/json")) || slice_eq_nocase(type, S("text/json")) ||
        (type.len > 5 && slice_eq_nocase(slice_from_at(type, type.len - 5), S("+json"))))
        return params_json(p, raw, err);
    /* `curl -d '{"subid":"1"}'` sends JSON as a form, and no form begins like that. */
    if (text.ptr[0] == '{' && slice_starts(slice_trim(slice_from_at(text, 1)), S("\"")))
        return params_json(p, raw, err);
    if (slice_eq_nocase(type, S("application/x-www-form-urlencoded")))
        return params_form(p, raw, err);
    if (text.ptr[0] == '{' || text.ptr[0] == '[')
        return params_json(p, raw, err);
    return params_form(p, raw, err);
}

bool params_get(const struct params *p, struct slice name, struct slice *value)
{
    for (size_t i = 0; i < p->count; i++)
        if (slice_eq(p->list[i].name, name)) {
            *value = p->list[i].value;
            return true;
        }
    return false;
}

static int by_address(const void *a, const void *b)
{
    const struct param *const *x = a, *const *y = b;

    return (*x > *y) - (*x < *y);
}

static int by_name(const void *a, const void *b)
{
    const struct param *const *x = a, *const *y = b;
    int d = slice_cmp((*x)->name, (*y)->name);

    return d ? d : by_address(a, b);
}

static bool all_names_differ(const struct params *p)
{
    for (size_t i = 1; i < p->count; i++)
        for (size_t j = 0; j < i; j++)
            if (slice_eq(p->list[i].name, p->list[j].name))
                return false;
    return true;
}

struct slice params_conflict(const struct params *p)
{
    const struct param **sorted, *conflict = NULL;
    size_t twice = 0;

    if (p->count < 2 || (p->count <= FEW && all_names_differ(p)))
        return (struct slice){ 0 };
    sorted = ARENA_ARRAY(p->arena, const struct param *, p->count);
    if (!sorted)
        return p->list[0].name; /* cannot be told, so do not go on */
    for (size_t i = 0; i < p->count; i++)
        sorted[i] = &p->list[i];
    qsort(sorted, p->count, sizeof(*sorted), by_name);
    for (size_t i = 0, next; i < p->count; i = next) {
        const struct param *first = sorted[i];
        bool differs = false;
        for (next = i + 1; next < p->count && slice_eq(sorted[next]->name, first->name); next++)
            differs = differs || !slice_eq(sorted[next]->value, first->value);
        if (differs && (!conflict || first < conflict))
            conflict = first;
        else if (!differs && next - i > 1)
            sorted[twice++] = first; /* this end of the array is not needed any more */
    }
    if (conflict)
        return conflict->name;
    qsort(sorted, twice, sizeof(*sorted), by_address);
    for (size_t i = 0; i < twice; i++) {
        struct slice shown = note_short(p->arena, sorted[i]->name);
        note_add(p->notes, "W006", sorted[i]->name, "%.*s: given twice with the same value",
                 SLICE_ARG(shown));
    }
    return (struct slice){ 0 };
}

struct slice params_last_step(struct slice name)
{
    if (slice_ends(name, S("]")))
        name.len--;
    for (size_t i = name.len; i > 0; i--)
        if (name.ptr[i - 1] == '.' || name.ptr[i - 1] == '[')
            return slice_from_at(name, i);
    return name;
}
