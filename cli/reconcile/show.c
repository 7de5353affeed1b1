/* show.c: what `reconcile` prints for people. */
#include "cli/reconcile/reconcile.h"
#include "cli/show.h"
#include "core/base/codes.h"
#include "core/base/when.h"
#include "core/identity/identity.h"

#define EXAMPLES_SHOWN 3
#define NAME_WIDTH     20

static const char *const titles[TALLIES] = { "in tracker", "received", "unique", "ignored",
                                             "quarantined", "delivered", "waiting", "dead",
                                             "in crm" };

/* Two decimals. */
void recon_percent(struct buf *out, int64_t millionths)
{
    int64_t hundredths = (millionths + 5000) / 10000;

    buf_printf(out, "%lld.%02lld %%", (long long)(hundredths / 100), (long long)(hundredths % 100));
}

void recon_day_name(struct buf *out, int32_t day)
{
    struct buf b = { 0 };

    if (day == NO_DAY) {
        buf_puts(out, "no time");
        return;
    }
    when_print(&b, (int64_t)day * 86400);
    buf_add(out, slice_head(buf_slice(&b), 10));
    buf_free(&b);
}

struct slice recon_example_id(struct recon_report *r, const struct recon_example *e)
{
    return e->id.len ? e->id : ledger_id(r, e->postback);
}

/* ---- the files ---- */

static void show_flaws(struct buf *out, const struct recon_source *s)
{
    for (size_t i = 0; i < FLAW_KINDS && s->kinds[i].code; i++)
        buf_printf(out, "  %llu x %s: %s\n", (unsigned long long)s->kinds[i].n, s->kinds[i].code,
                   code_find(s->kinds[i].code)->title);
    for (size_t i = 0; i < s->flaw_count && i < 5; i++) {
        buf_printf(out, "    line %u, column %u: ", s->flaws[i].line, s->flaws[i].col);
        show_safe(out, s->flaws[i].text);
        buf_byte(out, '\n');
    }
}

/* What is missed where a column is not there, and headers that stand twice. */
static void show_columns(struct buf *out, const struct recon_source *s)
{
    static const struct {
        enum column column;
        const char *text;
    } missed[] = {
        { COLUMN_STATUS, "no column with a status: every row counts as approved" },
        { COLUMN_AMOUNT, "no column with an amount: revenue is not compared" },
        { COLUMN_TIME, "no column with a time: rows stand on the day of their postback, and --since and --until leave none out" },
    };

    for (size_t i = 0; i < sizeof(missed) / sizeof(*missed); i++)
        if (s->columns.at[missed[i].column] < 0)
            buf_printf(out, "  %s\n", missed[i].text);
    for (int i = 0; i < COLUMNS; i++)
        if (s->same[i]) {
            buf_puts(out, "  more than one column is called \"");
            show_safe(out, s->headers[i]);
            buf_printf(out, "\": the first was taken; --columns \"%s=%u\" takes the next\n", column_names[i], s->same[i]);
        }
}

static void show_source(struct buf *out, const struct recon_report *r, const struct recon_source *s)
{
    const struct recon_file *file = &r->result.file[s->side];

    show_safe(out, slice_from(s->path));
    buf_printf(out, ": %llu rows, %s%s, times in %s\n  columns:", (unsigned long long)s->rows,
               s->encoding == CSV_UNKNOWN ? "ASCII" : csv_encoding_names[s->encoding],
               s->separator == '\t' ? ", tabs" : "", s->zone_name);
    source_columns(out, s);
    buf_byte(out, '\n');
    show_columns(out, s);
    if (s->skipped)
        buf_printf(out, "  %llu rows were not read\n", (unsigned long long)s->skipped);
    if (file->outside)
        buf_printf(out, "  %llu rows lie outside of the period or belong to another offer\n",
                   (unsigned long long)file->outside);
    if (s->twice_shown)
        buf_printf(out, "  %llu times stand in the hour that clocks show twice: the first was taken\n",
                   (unsigned long long)s->twice_shown);
    show_flaws(out, s);
}

/* ---- the table ---- */

static void show_name(struct buf *out, struct slice name, size_t width)
{
    size_t before = out->len, n = 0;

    show_safe(out, name.len ? slice_head(name, width) : S("(not known)"));
    for (size_t i = before; i < out->len; i++)
        n += ((unsigned char)out->ptr[i] & 0xC0) != 0x80;
    for (; n < width; n++)
        buf_byte(out, ' ');
}

static void show_row(struct buf *out, const struct recon_report *r, const uint64_t *n)
{
    for (int i = 0; i < TALLIES; i++)
        if (i != IN_CRM || r->crm)
            buf_printf(out, "  %*llu", (int)strlen(titles[i]), (unsigned long long)n[i]);
    buf_byte(out, '\n');
}

static void show_days(struct buf *out, const struct recon_report *r)
{
    uint64_t sum[TALLIES] = { 0 };

    buf_printf(out, "\n%-10s  %-*s", "day", NAME_WIDTH, "offer");
    for (int i = 0; i < TALLIES; i++)
        if (i != IN_CRM || r->crm)
            buf_printf(out, "  %s", titles[i]);
    buf_byte(out, '\n');
    for (size_t i = 0; i < r->result.day_count; i++) {
        const struct recon_day *d = &r->result.days[i];
        size_t before = out->len;
        recon_day_name(out, d->day);
        buf_printf(out, "%*s", (int)(12 - (out->len - before)), "");
        show_name(out, recon_offer(r->recon, d->offer), NAME_WIDTH);
        show_row(out, r, d->n);
        for (int k = 0; k < TALLIES; k++)
            sum[k] += d->n[k];
    }
    buf_printf(out, "%-10s  %-*s", "all", NAME_WIDTH, "");
    show_row(out, r, sum);
}

/* ---- causes ---- */

static const char *const sides[SIDES] = { "the tracker's file", "the CRM's file", "the ledger" };

static void show_trace(struct buf *out, struct recon_report *r, const struct recon_example *e)
{
    struct slice id = recon_example_id(r, e);

    buf_puts(out, "                 ");
    if (e->line)
        buf_printf(out, "line %u: ", e->line);
    if (id.len) {
        bool plain = id.ptr[0] != '-';
        for (size_t i = 0; i < id.len; i++)
            plain &= ascii_is_alnum(id.ptr[i]) || strchr("._-:~", id.ptr[i]) != NULL;
        buf_puts(out, plain ? "clickbaton trace " : "clickbaton trace '");
        show_safe(out, slice_head(id, 200));
        buf_puts(out, plain ? "" : "'");
    } else
        buf_puts(out, "(its id looks like personal data, or is gone)");
    buf_byte(out, '\n');
}

static void show_cause(struct buf *out, struct recon_report *r, const struct recon_cause *c)
{
    const struct code *code = code_find(cause_codes[c->cause]);
    struct slice detail = recon_word(r->recon, c->detail);

    buf_printf(out, "  %9llu  %s %s", (unsigned long long)c->count, code->code, code->title);
    if (detail.len) {
        buf_puts(out, ": ");
        show_safe(out, detail);
    }
    if (c->cause == CAUSE_ZONE)
        buf_printf(out, ": the file is %s%lld:%02lld hours %s",
                   "", (long long)(r->result.shift < 0 ? -r->result.shift : r->result.shift) / 3600,
                   (long long)(r->result.shift < 0 ? -r->result.shift : r->result.shift) / 60 % 60,
                   r->result.shift < 0 ? "behind" : "ahead");
    buf_printf(out, "\n             first: %s\n", code->remedy);
    for (unsigned i = 0; i < c->examples && i < EXAMPLES_SHOWN; i++)
        show_trace(out, r, &c->example[i]);
}

static void show_causes(struct buf *out, struct recon_report *r)
{
    int side = -1;

    if (r->result.cause_count == 0)
        buf_puts(out, "\nNo differences.\n");
    for (size_t i = 0; i < r->result.cause_count; i++) {
        const struct recon_cause *c = &r->result.causes[i];
        if ((int)c->side != side)
            buf_printf(out, "\nof %s\n", sides[c->side]);
        side = (int)c->side;
        show_cause(out, r, c);
    }
}

/* ---- revenue, sample, judgement ---- */

static void amount_of(struct buf *out, const char *what, uint64_t rows, int64_t micros)
{
    struct money m = { micros < 0 ? -(micros + (micros == INT64_MIN)) : micros };

    buf_printf(out, "  %s %s", what, micros < 0 ? "-" : "");
    if (rows && money_scale(m, 1, 1, 2, &m)) /* to cents; --json has all decimals */
        money_print(out, m);
    else
        buf_byte(out, '-');
}

static void show_money(struct buf *out, const struct recon_report *r)
{
    const struct recon_normal *n = &r->result.normal;

    if (r->result.money_count)
        buf_puts(out, "\nrevenue (what is not approved or taken back left out)\n");
    for (size_t i = 0; i < r->result.money_count; i++) {
        const struct recon_money *m = &r->result.money[i];
        struct slice name = recon_word(r->recon, m->currency);
        buf_printf(out, "  %-5.*s", name.len ? (int)name.len : 3, name.len ? name.ptr : "?  ");
        amount_of(out, "tracker", m->rows[SIDE_TRACKER], m->tracker);
        amount_of(out, "delivered", m->rows[SIDE_LEDGER], m->ledger);
        if (r->crm)
            amount_of(out, "crm", m->rows[SIDE_CRM], m->crm);
        buf_byte(out, '\n');
    }
    if (!r->result.money_count)
        return;
    buf_printf(out, "  in %.*s", SLICE_ARG(r->target));
    amount_of(out, "tracker", 1, n->sum[SIDE_TRACKER]);
    amount_of(out, "delivered", 1, n->sum[SIDE_LEDGER]);
    if (r->crm)
        amount_of(out, "crm", 1, n->sum[SIDE_CRM]);
    for (int i = 0; i < SIDES; i++)
        if (n->without_rate[i])
            buf_printf(out, "; %llu of %s without a rate", (unsigned long long)n->without_rate[i],
                       side_names[i]);
    buf_byte(out, '\n');
}

static void show_samples(struct buf *out, struct recon_report *r)
{
    if (r->result.sample_count)
        buf_printf(out, "\nsample of %zu (--seed %llu): tracker's row > our ledger%s\n",
                   r->result.sample_count, (unsigned long long)r->seed, r->crm ? " > crm" : "");
    for (size_t i = 0; i < r->result.sample_count; i++) {
        const struct recon_sample *s = &r->result.samples[i];
        const struct recon_example e = { s->postback, s->click_id.len ? s->click_id : s->txid, s->line };
        struct slice answer = ledger_answer(r, s);
        buf_printf(out, "  line %u: ", s->line);
        show_safe(out, identity_looks_personal(e.id) ? S("(personal)") : slice_head(e.id, 60));
        if (s->has_amount) {
            buf_byte(out, ' ');
            money_print(out, (struct money){ s->amount });
            buf_byte(out, ' ');
            buf_add(out, s->currency);
        }
        if (s->postback)
            buf_printf(out, " > postback %lld", (long long)s->postback);
        else
            buf_puts(out, " > no postback");
        if (answer.len) {
            buf_puts(out, ", ");
            show_safe(out, answer);
        }
        if (r->crm)
            buf_puts(out, s->in_crm ? " > in crm" : " > not in crm");
        if (s->cause != CAUSE_NONE)
            buf_printf(out, "  [%s]", cause_codes[s->cause]);
        buf_byte(out, '\n');
    }
}

static void show_share(struct buf *out, const char *what, int64_t share, int64_t limit)
{
    if (share < 0)
        return;
    buf_printf(out, "  %-52s ", what);
    recon_percent(out, share);
    buf_puts(out, share > limit ? "  past the tolerance\n" : "\n");
}

void recon_text(struct buf *out, struct recon_report *r)
{
    int64_t limit = r->tolerance.micros;

    show_source(out, r, r->tracker);
    if (r->crm)
        show_source(out, r, r->crm);
    show_days(out, r);
    show_causes(out, r);
    show_money(out, r);
    show_samples(out, r);
    recon_told_text(out, r);
    buf_puts(out, "\n");
    show_share(out, "of the tracker's conversions TikTok did not get", r->gap_tracker, limit);
    show_share(out, "of the CRM's conversions TikTok did not get", r->gap_crm, limit);
    show_share(out, "delivered that the tracker's file does not have", r->surplus, limit);
    show_share(out, "drift of the amounts, tracker to TikTok", r->drift, limit);
    buf_puts(out, r->past ? "The gap is larger than the tolerance of " : "Within the tolerance of ");
    recon_percent(out, limit);
    buf_puts(out, ".\n");
}
