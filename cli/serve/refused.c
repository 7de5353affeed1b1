#include "cli/serve/refused.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/serve/log.h"
#include "core/identity/identity.h"

#define LAST 100
#define OFFERS 256 /* the first row counts for no offer, the last for all that find no room */
#define CODES 16   /* R000 to R015 */
#define HOURS 24
#define NAMES_MAX 20
#define NAME_MAX_BYTES 32
#define NAMES_BYTES 512
#define LOG_SECONDS 60

struct offer_counts {
    char name[65];
    uint64_t refused[CODES];
    struct {
        int64_t hour; /* Unix hours */
        uint64_t count;
    } previous[REFUSED_SECRETS][HOURS];
};

struct entry {
    int64_t at;
    char code[8], offer[65], address[ADDRESS_SHORT_MAX], names[NAMES_BYTES];
};

struct refused {
    pthread_mutex_t lock;
    int64_t since;
    struct offer_counts offers[OFFERS];
    size_t offer_count;
    struct entry last[LAST];
    uint64_t total;
    struct {
        int64_t at; /* of the last line; 0: none */
        uint64_t unsaid;
    } log[CODES];
};

struct refused *refused_open(int64_t now)
{
    struct refused *r = calloc(1, sizeof(*r));

    if (!r)
        return NULL;
    pthread_mutex_init(&r->lock, NULL);
    r->since = now;
    r->offer_count = 1;
    return r;
}

void refused_close(struct refused *r)
{
    if (!r)
        return;
    pthread_mutex_destroy(&r->lock);
    free(r);
}

static void copy(char *to, size_t size, struct slice from)
{
    from = slice_head(from, size - 1);
    if (from.len)
        memcpy(to, from.ptr, from.len);
    to[from.len] = '\0';
}

static struct offer_counts *counts_of(struct refused *r, struct slice offer)
{
    for (size_t i = 0; i < r->offer_count; i++)
        if (slice_eq(slice_from(r->offers[i].name), offer))
            return &r->offers[i];
    if (r->offer_count == OFFERS)
        return &r->offers[OFFERS - 1];
    copy(r->offers[r->offer_count].name, sizeof(r->offers->name),
         r->offer_count == OFFERS - 1 ? S("(others)") : offer);
    return &r->offers[r->offer_count++];
}

static size_t index_of(const char *code)
{
    size_t n = (size_t)(code[2] - '0') * 10 + (size_t)(code[3] - '0');

    return n < CODES ? n : 0;
}

void refused_each(struct refused *r, void (*each)(void *context, struct slice offer, uint64_t count), void *context)
{
    static const char *const codes[] = { "R001", "R010", "R011" };

    pthread_mutex_lock(&r->lock);
    for (size_t i = 1; i < r->offer_count && i < OFFERS - 1; i++) {
        uint64_t count = 0;
        for (size_t c = 0; c < sizeof(codes) / sizeof(*codes); c++)
            count += r->offers[i].refused[index_of(codes[c])];
        each(context, slice_from(r->offers[i].name), count);
    }
    pthread_mutex_unlock(&r->lock);
}

/* ---- the last ones ---- */

/* A name as people choose them.  Behind a lost '=' anything may stand there: a key, an address. */
static bool is_plain(struct slice name)
{
    unsigned digits = 0;

    if (name.len == 0 || name.len > NAME_MAX_BYTES ||
        (!ascii_is_alpha(name.ptr[0]) && name.ptr[0] != '_'))
        return false;
    for (size_t i = 0; i < name.len; i++) {
        digits += ascii_is_digit(name.ptr[i]);
        if (!ascii_is_alnum(name.ptr[i]) && !memchr("_.-[]", name.ptr[i], 5))
            return false;
    }
    return digits <= 4;
}

/* The names as the elements of a JSON array. */
static void put_names(char out[NAMES_BYTES], const struct params *params)
{
    struct buf b = { .limit = NAMES_BYTES - 16 };
    size_t n = params ? params->count : 0, whole = 0;

    for (size_t i = 0; i < n && i < NAMES_MAX; i++) {
        struct slice name = params->list[i].name;
        whole = b.len;
        buf_puts(&b, i ? "," : "");
        buf_json(&b, is_plain(name) ? name : S("(unusual)"));
        if (!buf_ok(&b))
            break;
        whole = b.len;
    }
    copy(out, NAMES_BYTES, slice_head((struct slice){ b.ptr, whole }, whole));
    if (n > NAMES_MAX || !buf_ok(&b))
        strcat(out, whole ? ",\"...\"" : "\"...\"");
    buf_free(&b);
}

static void keep(struct refused *r, const struct refused_one *one, int64_t now)
{
    struct entry *e = &r->last[r->total++ % LAST];

    e->at = now;
    copy(e->code, sizeof(e->code), slice_from(one->code));
    copy(e->offer, sizeof(e->offer), one->offer);
    address_short(one->from, e->address);
    put_names(e->names, one->params);
}

/* How many this line stands for; 0: not now. */
static uint64_t may_log(struct refused *r, size_t code, int64_t now)
{
    uint64_t n = ++r->log[code].unsaid;

    if (r->log[code].at && now - r->log[code].at < LOG_SECONDS && now >= r->log[code].at)
        return 0;
    r->log[code].at = now;
    r->log[code].unsaid = 0;
    return n;
}

void refused_add(struct refused *r, const struct refused_one *one, int64_t now)
{
    size_t code = index_of(one->code);
    char address[ADDRESS_SHORT_MAX];
    uint64_t lines;

    pthread_mutex_lock(&r->lock);
    counts_of(r, one->offer)->refused[code]++;
    keep(r, one, now);
    lines = may_log(r, code, now);
    pthread_mutex_unlock(&r->lock);
    if (!lines)
        return;
    address_short(one->from, address);
    log_line("warning", "msg=\"refused\" code=%s offer=\"%.*s\" from=%s since_last_line=%llu",
             one->code, SLICE_ARG(one->offer), address, (unsigned long long)lines);
}

/* ---- secrets that are being replaced ---- */

void refused_previous(struct refused *r, enum refused_secret what, struct slice offer, int64_t now)
{
    int64_t hour = now / 3600;
    struct offer_counts *o;

    pthread_mutex_lock(&r->lock);
    o = counts_of(r, offer);
    if (o->previous[what][hour % HOURS].hour != hour)
        o->previous[what][hour % HOURS].count = 0;
    o->previous[what][hour % HOURS].hour = hour;
    o->previous[what][hour % HOURS].count++;
    pthread_mutex_unlock(&r->lock);
}

void refused_each_previous(struct refused *r, int64_t now,
                           void (*each)(void *context, enum refused_secret what,
                                        struct slice offer, uint64_t count),
                           void *context)
{
    int64_t hour = now / 3600;

    pthread_mutex_lock(&r->lock);
    for (size_t i = 0; i < r->offer_count; i++) {
        const struct offer_counts *o = &r->offers[i];
        for (int what = 0; what < REFUSED_SECRETS; what++) {
            uint64_t n = 0;
            for (size_t h = 0; h < HOURS; h++)
                n += o->previous[what][h].hour > hour - HOURS ? o->previous[what][h].count : 0;
            if (n)
                each(context, (enum refused_secret)what, slice_from(o->name), n);
        }
    }
    pthread_mutex_unlock(&r->lock);
}

/* ---- JSON ---- */

static void put_time(struct buf *out, int64_t at)
{
    time_t t = (time_t)at;
    char text[32];
    struct tm tm;

    gmtime_r(&t, &tm);
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
    buf_printf(out, "\"%s\"", text);
}

static void put_offer(struct buf *out, const char *name)
{
    if (name[0])
        buf_json(out, slice_from(name));
    else
        buf_puts(out, "null");
}

static void put_counts(struct refused *r, struct buf *out)
{
    const char *comma = "";

    for (size_t i = 0; i < r->offer_count; i++)
        for (size_t code = 0; code < CODES; code++) {
            if (!r->offers[i].refused[code])
                continue;
            buf_printf(out, "%s{\"offer\":", comma);
            put_offer(out, r->offers[i].name);
            buf_printf(out, ",\"code\":\"R%03zu\",\"count\":%llu}", code,
                       (unsigned long long)r->offers[i].refused[code]);
            comma = ",";
        }
}

void refused_json(struct refused *r, struct buf *out)
{
    pthread_mutex_lock(&r->lock);
    buf_puts(out, "{\"since\":");
    put_time(out, r->since);
    buf_puts(out, ",\"counts\":[");
    put_counts(r, out);
    buf_puts(out, "],\"last\":[");
    for (uint64_t n = 0; n < LAST && n < r->total; n++) {
        const struct entry *e = &r->last[(r->total - 1 - n) % LAST];
        buf_printf(out, "%s{\"at\":", n ? "," : "");
        put_time(out, e->at);
        buf_puts(out, ",\"offer\":");
        put_offer(out, e->offer);
        buf_printf(out, ",\"code\":\"%s\",\"address\":\"%s\",\"parameters\":[%s]}", e->code,
                   e->address, e->names);
    }
    buf_puts(out, "]");
    pthread_mutex_unlock(&r->lock);
}
