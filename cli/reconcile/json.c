/* json.c: what `reconcile --json` prints; docs/reconcile.md has the members. */
#include "cli/reconcile/reconcile.h"
#include "core/base/codes.h"
#include "core/base/json.h"
#include "core/identity/identity.h"

static void put_source(struct buf *out, const struct recon_report *r, const struct recon_source *s)
{
    const struct recon_file *f = &r->result.file[s->side];
    const char separator[2] = { s->separator, '\0' };

    buf_printf(out, ",\n\"%s\":{\"file\":", side_names[s->side]);
    buf_json(out, slice_from(s->path));
    json_known(out, "encoding", slice_from(csv_encoding_names[s->encoding]));
    json_known(out, "separator", slice_from(separator));
    json_known(out, "zone", slice_from(s->zone_name));
    json_count(out, "rows", s->rows);
    json_count(out, "not_read", s->skipped);
    json_count(out, "outside", f->outside);
    json_count(out, "expected", f->expected);
    json_count(out, "delivered", f->delivered);
    json_count(out, "lost", f->lost);
    json_count(out, "times_shown_twice", s->twice_shown);
    json_time(out, "oldest", s->oldest);
    json_time(out, "newest", s->newest);
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
        json_known(out, "text", s->flaws[i].text);
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
        json_known(out, d->offer & NAMED_BY_FILE ? "named_by_file" : "offer",
               recon_offer(r->recon, d->offer));
        for (int k = 0; k < TALLIES; k++)
            json_count(out, tally_names[k], d->n[k]);
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
        json_known(out, "detail", recon_word(r->recon, c->detail));
        json_count(out, "count", c->count);
        json_known(out, "title", slice_from(code->title));
        json_known(out, "first_check", slice_from(code->remedy));
        buf_puts(out, ",\"examples\":[");
        for (unsigned k = 0; k < c->examples; k++) {
            buf_printf(out, "%s{\"line\":%u,\"postback\":%lld", k ? "," : "", c->example[k].line,
                       (long long)c->example[k].postback);
            json_known(out, "id", recon_example_id(r, &c->example[k]));
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
        json_amount(out, "tracker", m->tracker);
        json_amount(out, "delivered", m->ledger);
        json_amount(out, "crm", m->crm);
        buf_byte(out, '}');
    }
    buf_puts(out, "],\"normalised\":{\"currency\":");
    buf_json(out, r->target);
    json_amount(out, "tracker", x->normal.sum[SIDE_TRACKER]);
    json_amount(out, "delivered", x->normal.sum[SIDE_LEDGER]);
    json_amount(out, "crm", x->normal.sum[SIDE_CRM]);
    buf_puts(out, ",\"without_rate\":{\"tracker\":");
    buf_i64(out, (int64_t)x->normal.without_rate[SIDE_TRACKER]);
    json_count(out, "delivered", x->normal.without_rate[SIDE_LEDGER]);
    json_count(out, "crm", x->normal.without_rate[SIDE_CRM]);
    buf_puts(out, "}},\"compared\":{\"rows\":");
    buf_i64(out, (int64_t)x->matched);
    json_count(out, "differ", x->differing);
    json_amount(out, "tracker", x->matched_tracker);
    json_amount(out, "delivered", x->matched_ledger);
    buf_puts(out, "}}");
}

static void put_sample(struct buf *out, struct recon_report *r, const struct recon_sample *s)
{
    struct slice id = s->click_id.len ? s->click_id : s->txid;

    buf_printf(out, "{\"line\":%u", s->line);
    json_known(out, "id", identity_looks_personal(id) ? (struct slice){ 0 } : id);
    json_time(out, "time", s->has_time ? s->at : 0);
    json_known(out, "status", s->status);
    if (s->has_amount)
        json_amount(out, "amount", s->amount);
    json_known(out, "currency", s->currency);
    buf_printf(out, ",\"postback\":%lld", (long long)s->postback);
    json_known(out, "answer", ledger_answer(r, s));
    json_known(out, "code", s->cause == CAUSE_NONE ? (struct slice){ 0 }
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
    json_known(out, "zone", slice_from(r->zone_name));
    json_known(out, "offer", r->offer);
    json_time(out, "since", r->since);
    json_time(out, "until", r->until);
    json_time(out, "ledger_since", r->first);
    json_count(out, "ledger_postbacks", r->result.file[SIDE_LEDGER].rows);
    buf_printf(out, ",\"shift_seconds\":%lld", (long long)r->result.shift);
    put_source(out, r, r->tracker);
    if (r->crm)
        put_source(out, r, r->crm);
    put_days(out, r);
    put_causes(out, r);
    put_money(out, r);
    recon_told_json(out, r);
    json_count(out, "seed", r->seed);
    buf_puts(out, ",\n\"sample\":[");
    for (size_t i = 0; i < r->result.sample_count; i++) {
        buf_puts(out, i ? ",\n" : "\n");
        put_sample(out, r, &r->result.samples[i]);
    }
    buf_puts(out, "]}\n");
}
