/* json.c: what `reconcile --json` prints; docs/reconcile.md has the members. */
#include "cli/reconcile/reconcile.h"
#include "core/base/codes.h"
#include "core/base/when.h"
#include "core/identity/identity.h"

static void member(struct buf *out, const char *name, struct slice value)
{
    buf_printf(out, ",\"%s\":", name);
    if (value.len)
        buf_json(out, value);
    else
        buf_puts(out, "null");
}

static void time_member(struct buf *out, const char *name, int64_t at)
{
    buf_printf(out, ",\"%s\":", name);
    if (at) {
        buf_byte(out, '"');
        when_print(out, at);
        buf_byte(out, '"');
    } else
        buf_puts(out, "null");
}

static void number(struct buf *out, const char *name, uint64_t n)
{
    buf_printf(out, ",\"%s\":%llu", name, (unsigned long long)n);
}

/* Exact decimals as strings. */
static void amount(struct buf *out, const char *name, int64_t micros)
{
    buf_printf(out, ",\"%s\":\"", name);
    recon_amount(out, micros);
    buf_byte(out, '"');
}

static void put_source(struct buf *out, const struct recon_report *r, const struct recon_source *s)
{
    const struct recon_file *f = &r->result.file[s->side];
    const char separator[2] = { s->separator, '\0' };

    buf_printf(out, ",\n\"%s\":{\"file\":", side_names[s->side]);
    buf_json(out, slice_from(s->path));
    member(out, "encoding", slice_from(csv_encoding_names[s->encoding]));
    member(out, "separator", slice_from(separator));
    member(out, "zone", slice_from(s->zone_name));
    number(out, "rows", s->rows);
    number(out, "not_read", s->skipped);
    number(out, "outside", f->outside);
    number(out, "expected", f->expected);
    number(out, "delivered", f->delivered);
    number(out, "lost", f->lost);
    number(out, "times_shown_twice", s->twice_shown);
    time_member(out, "oldest", s->oldest);
    time_member(out, "newest", s->newest);
    buf_puts(out, ",\"columns\":{");
    for (int i = 0, n = 0; i < COLUMNS; i++)
        if (s->columns.at[i] >= 0) {
            buf_printf(out, "%s\"%s\":", n++ ? "," : "", column_names[i]);
            buf_json(out, s->headers[i]);
        }
    buf_puts(out, "},\"problems\":{");
    for (size_t i = 0; i < FLAW_KINDS && s->kinds[i].code; i++)
        buf_printf(out, "%s\"%s\":%llu", i ? "," : "", s->kinds[i].code,
                   (unsigned long long)s->kinds[i].n);
    buf_puts(out, "},\"first_problems\":[");
    for (size_t i = 0; i < s->flaw_count; i++) {
        buf_printf(out, "%s{\"code\":\"%s\",\"line\":%u,\"column\":%u", i ? "," : "",
                   s->flaws[i].code, s->flaws[i].line, s->flaws[i].col);
        member(out, "text", s->flaws[i].text);
        buf_byte(out, '}');
    }
    buf_puts(out, "]}");
}

static void put_days(struct buf *out, const struct recon_report *r)
{
    buf_puts(out, ",\n\"days\":[");
    for (size_t i = 0; i < r->result.day_count; i++) {
        const struct recon_day *d = &r->result.days[i];
        int n = 0;
        buf_puts(out, i ? ",\n{\"day\":" : "\n{\"day\":");
        if (d->day == NO_DAY)
            buf_puts(out, "null");
        else {
            buf_byte(out, '"');
            recon_day_name(out, d->day);
            buf_byte(out, '"');
        }
        member(out, d->offer & NAMED_BY_FILE ? "named_by_file" : "offer",
               recon_offer(r->recon, d->offer));
        for (int k = 0; k < TALLIES; k++)
            number(out, tally_names[k], d->n[k]);
        buf_puts(out, ",\"causes\":{");
        for (int k = 1; k < CAUSES; k++)
            if (d->causes[k])
                buf_printf(out, "%s\"%s\":%u", n++ ? "," : "", cause_codes[k], d->causes[k]);
        buf_puts(out, "}}");
    }
    buf_byte(out, ']');
}

static void put_causes(struct buf *out, struct recon_report *r)
{
    buf_puts(out, ",\n\"causes\":[");
    for (size_t i = 0; i < r->result.cause_count; i++) {
        const struct recon_cause *c = &r->result.causes[i];
        const struct code *code = code_find(cause_codes[c->cause]);
        buf_printf(out, "%s{\"of\":\"%s\",\"code\":\"%s\"", i ? ",\n" : "\n", side_names[c->side],
                   code->code);
        member(out, "detail", recon_word(r->recon, c->detail));
        number(out, "count", c->count);
        member(out, "title", slice_from(code->title));
        member(out, "first_check", slice_from(code->remedy));
        buf_puts(out, ",\"examples\":[");
        for (unsigned k = 0; k < c->examples; k++) {
            buf_printf(out, "%s{\"line\":%u,\"postback\":%lld", k ? "," : "", c->example[k].line,
                       (long long)c->example[k].postback);
            member(out, "id", recon_example_id(r, &c->example[k]));
            buf_byte(out, '}');
        }
        buf_puts(out, "]}");
    }
    buf_byte(out, ']');
}

static void put_money(struct buf *out, const struct recon_report *r)
{
    const struct recon_result *x = &r->result;

    buf_puts(out, ",\n\"revenue\":{\"by_currency\":[");
    for (size_t i = 0; i < x->money_count; i++) {
        const struct recon_money *m = &x->money[i];
        buf_puts(out, i ? ",{\"currency\":" : "{\"currency\":");
        if (m->currency)
            buf_json(out, recon_word(r->recon, m->currency));
        else
            buf_puts(out, "null");
        amount(out, "tracker", m->tracker);
        amount(out, "delivered", m->ledger);
        amount(out, "crm", m->crm);
        buf_byte(out, '}');
    }
    buf_puts(out, "],\"normalised\":{\"currency\":");
    buf_json(out, r->target);
    amount(out, "tracker", x->normal.sum[SIDE_TRACKER]);
    amount(out, "delivered", x->normal.sum[SIDE_LEDGER]);
    amount(out, "crm", x->normal.sum[SIDE_CRM]);
    buf_puts(out, ",\"without_rate\":{\"tracker\":");
    buf_i64(out, (int64_t)x->normal.without_rate[SIDE_TRACKER]);
    number(out, "delivered", x->normal.without_rate[SIDE_LEDGER]);
    number(out, "crm", x->normal.without_rate[SIDE_CRM]);
    buf_puts(out, "}},\"compared\":{\"rows\":");
    buf_i64(out, (int64_t)x->matched);
    number(out, "differ", x->differing);
    amount(out, "tracker", x->matched_tracker);
    amount(out, "delivered", x->matched_ledger);
    buf_puts(out, "}}");
}

static void put_sample(struct buf *out, struct recon_report *r, const struct recon_sample *s)
{
    struct slice id = s->click_id.len ? s->click_id : s->txid;

    buf_printf(out, "{\"line\":%u", s->line);
    member(out, "id", identity_looks_personal(id) ? (struct slice){ 0 } : id);
    time_member(out, "time", s->has_time ? s->at : 0);
    member(out, "status", s->status);
    if (s->has_amount)
        amount(out, "amount", s->amount);
    member(out, "currency", s->currency);
    buf_printf(out, ",\"postback\":%lld", (long long)s->postback);
    member(out, "answer", ledger_answer(r, s));
    member(out, "code", s->cause == CAUSE_NONE ? (struct slice){ 0 }
                                               : slice_from(cause_codes[s->cause]));
    buf_puts(out, s->in_crm ? ",\"in_crm\":true}" : ",\"in_crm\":false}");
}

static void put_share(struct buf *out, const char *name, int64_t share)
{
    struct money m = { share };

    buf_printf(out, ",\"%s\":", name);
    if (share < 0)
        buf_puts(out, "null");
    else
        money_print(out, m);
}

void recon_json(struct buf *out, struct recon_report *r)
{
    buf_puts(out, r->past ? "{\"past_tolerance\":true" : "{\"past_tolerance\":false");
    put_share(out, "tolerance_percent", r->tolerance.micros);
    put_share(out, "tracker_gap_percent", r->gap_tracker);
    put_share(out, "crm_gap_percent", r->gap_crm);
    put_share(out, "surplus_percent", r->surplus);
    put_share(out, "drift_percent", r->drift);
    member(out, "zone", slice_from(r->zone_name));
    member(out, "offer", r->offer);
    time_member(out, "since", r->since);
    time_member(out, "until", r->until);
    time_member(out, "ledger_since", r->first);
    number(out, "ledger_postbacks", r->result.file[SIDE_LEDGER].rows);
    buf_printf(out, ",\"shift_seconds\":%lld", (long long)r->result.shift);
    put_source(out, r, r->tracker);
    if (r->crm)
        put_source(out, r, r->crm);
    put_days(out, r);
    put_causes(out, r);
    put_money(out, r);
    recon_told_json(out, r);
    number(out, "seed", r->seed);
    buf_puts(out, ",\n\"sample\":[");
    for (size_t i = 0; i < r->result.sample_count; i++) {
        buf_puts(out, i ? ",\n" : "\n");
        put_sample(out, r, &r->result.samples[i]);
    }
    buf_puts(out, "]}\n");
}
