/* show.c: a file of rates as a table. */
#include "cli/rates/rates.h"
#include "cli/show.h"
#include "core/event/event.h"
#include "core/rules/currency.h"

#define WIDTH 100

static void print(struct buf *b)
{
    if (b->len)
        fwrite(b->ptr, 1, b->len, stdout);
    buf_free(b);
}

static void count(struct buf *b, size_t n, const char *one, const char *several)
{
    buf_printf(b, "%zu %s", n, n == 1 ? one : several);
}

static void show_section(const struct rate_section *s, int64_t now, struct arena *arena)
{
    struct buf b = { 0 };

    buf_printf(&b, "\nfor 1 %.*s, ", SLICE_ARG(s->base));
    show_safe(&b, s->origin.len ? s->origin : S("no source is named"));
    buf_puts(&b, "\n  ");
    if (s->days) {
        buf_puts(&b, "newest ");
        rate_day_print(&b, s->newest);
        buf_printf(&b, ", %.*s old; oldest ", SLICE_ARG(rates_age(arena, s->newest, now)));
        rate_day_print(&b, s->oldest);
        buf_puts(&b, "; ");
    }
    count(&b, s->days, "day", "days");
    buf_puts(&b, ", ");
    count(&b, s->currencies, "currency", "currencies");
    buf_byte(&b, '\n');
    print(&b);
}

/* Words in lines of at most WIDTH columns. */
static void word(struct buf *b, size_t *column, struct slice text)
{
    if (*column + text.len + 1 > WIDTH)
        *column = 0;
    if (*column == 0)
        buf_puts(b, b->len ? "\n " : " ");
    buf_byte(b, ' ');
    buf_add(b, text);
    *column += text.len + (*column ? 1 : 2);
}

static int64_t newest_of(const struct rates *rates, struct slice currency)
{
    int64_t newest = 0;

    for (size_t i = 0; i < rates->count; i++) {
        const struct rate_series *s = &rates->series[i];
        if (slice_eq(s->currency, currency) && s->points[s->count - 1].at > newest)
            newest = s->points[s->count - 1].at;
    }
    return newest;
}

static void show_missing(const struct rates *rates)
{
    struct buf b = { 0 };
    size_t all = 0, missing = 0, column = 0;

    for (const struct slice *c = event_currencies; c->len; c++, all++)
        if (!rates_know(rates, *c)) {
            missing++;
            word(&b, &column, *c);
        }
    printf("\nTikTok takes %zu currencies; %s", all,
           missing ? "no rate for:\n" : "there is a rate for each.\n");
    if (missing)
        buf_byte(&b, '\n');
    print(&b);
}

/* Currencies that are no longer published, or that nobody has renewed by hand. */
static void show_behind(const struct rates *rates, struct arena *arena)
{
    int64_t newest = rates_newest(rates, NULL);
    struct buf b = { 0 };
    size_t column = 0;

    for (size_t i = 0; i < rates->count; i++) {
        struct slice currency = rates->series[i].currency;
        int64_t day = newest_of(rates, currency);
        struct buf text = { 0 };
        if ((i && slice_eq(currency, rates->series[i - 1].currency)) ||
            currency_days(day, newest) <= CURRENCY_FILE_OLD)
            continue;
        buf_printf(&text, "%.*s:", SLICE_ARG(currency));
        rate_day_print(&text, day);
        word(&b, &column, arena_dup(arena, buf_slice(&text)));
        buf_free(&text);
    }
    if (b.len) {
        puts("\nmore than a week behind the newest day:");
        buf_byte(&b, '\n');
    }
    print(&b);
}

void rates_table(const struct rates *rates, int64_t now)
{
    struct arena arena;
    struct buf b = { 0 };

    arena_init(&arena, 1024 * 1024);
    buf_puts(&b, "rates: ");
    show_safe(&b, rates->source->name);
    buf_byte(&b, '\n');
    print(&b);
    for (size_t i = 0; i < rates->section_count; i++)
        show_section(&rates->sections[i], now, &arena);
    show_behind(rates, &arena);
    show_missing(rates);
    arena_free(&arena);
}
