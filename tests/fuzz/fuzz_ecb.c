/* Any bytes as a file of the European Central Bank, and any bytes as the rates.yaml that it goes into:
 * what is read is in order, and what is written is read again, the same twice over. */
#include <stdlib.h>
#include <string.h>

#include "adapters/ecb/xml.h"
#include "core/ecb/csv.h"
#include "core/ecb/merge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(x)      \
    do {             \
        if (!(x))    \
            abort(); \
    } while (0)

struct bench {
    struct arena arena;
    struct diags diags;
    struct quotes quotes;
};

static void check_quotes(const struct quotes *q)
{
    for (size_t i = 0; i < q->count; i++) {
        const struct quote *one = &q->list[i], *last = i ? one - 1 : NULL;
        struct rate again;
        struct buf b = { 0 };
        MUST(one->rate.digits > 0 && one->rate.decimals >= 0 && one->rate.decimals <= 12);
        MUST(strlen(one->currency) == 3 && one->line > 0);
        MUST(!last || last->at < one->at ||
             (last->at == one->at && strcmp(last->currency, one->currency) < 0));
        rate_print(&b, one->rate);
        MUST(rate_parse(buf_slice(&b), &again));
        MUST(again.digits == one->rate.digits && again.decimals == one->rate.decimals);
        buf_free(&b);
    }
}

static void check_merge(struct bench *b, const struct source *old, int64_t days)
{
    struct buf out = { .limit = YAML_MAX_BYTES }, again = { .limit = YAML_MAX_BYTES };
    struct merge_result r;
    struct source new = { SLICE("new.yaml"), { 0 } };
    const struct quote *newest = &b->quotes.list[b->quotes.count - 1];

    if (merge_quotes(&b->quotes, old, S("new.yaml"), days, &b->arena, &b->diags, &out, &r)) {
        MUST(r.days > 0 && r.currencies > 0 && r.newest >= newest->at);
        new.text = buf_slice(&out);
        MUST(merge_quotes(&b->quotes, &new, S("new.yaml"), days, &b->arena, &b->diags, &again, &r));
        MUST(slice_eq(buf_slice(&out), buf_slice(&again)));
        MUST(r.added == 0 && r.changed == 0 && r.dropped == 0);
    } else {
        MUST(b->diags.errors > 0);
    }
    buf_free(&out);
    buf_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char bank[] = "Date,USD,JPY\n2026-11-25,1.16,180\n2026-11-24,1.15,179\n";
    static const int64_t days[] = { 1, 30, 400, MERGE_DAYS_MAX };
    struct source source = { SLICE("input"), { 0 } }, fixed = { SLICE("bank"), SLICE(bank) };
    struct bench b = { .diags = { .arena = &b.arena } };
    const char *why = NULL;

    if (size < 2)
        return 0;
    arena_init(&b.arena, 64u << 20);
    source.text = (struct slice){ (const char *)data + 1, size - 1 };
    if (data[0] & 1) { /* an old rates.yaml */
        ecb_read_csv(&fixed, &b.quotes, &b.diags);
        MUST(quotes_seal(&b.quotes, &fixed, &b.diags));
        check_merge(&b, &source, days[data[0] / 2 % 4]);
    } else {
        enum quotes_form form = quotes_form(source.text, &why);
        MUST((form == QUOTES_OTHER) == (why != NULL));
        (form == QUOTES_XML ? ecb_read_xml : ecb_read_csv)(&source, &b.quotes, &b.diags);
        if (b.diags.errors == 0 && quotes_seal(&b.quotes, &source, &b.diags)) {
            check_quotes(&b.quotes);
            check_merge(&b, NULL, days[data[0] / 2 % 4]);
        }
    }
    quotes_free(&b.quotes);
    arena_free(&b.arena);
    return 0;
}
