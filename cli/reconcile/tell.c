/* tell.c: `reconcile --tell`: what was found of each offer goes to the running server, for its alert A008. */
#include <stdio.h>

#include "cli/control_client.h"
#include "cli/reconcile/reconcile.h"
#include "core/base/json.h"

#define ASK_SECONDS 20
#define COUNT_MOST UINT64_C(1000000000000) /* that the server takes */

/* What the files call an offer, and nobody here knows: a configuration with one offer leaves no doubt. */
static const struct recon_offer_sum *nobodys(const struct recon_report *r, const struct catalog *c,
                                             struct recon_offer_sum *sum)
{
    const struct recon_result *x = &r->result;

    *sum = (struct recon_offer_sum){ 0 };
    for (size_t i = 0; i < x->offer_count; i++)
        if (!x->offers[i].here && !catalog_find(c, x->offers[i].offer))
            for (int side = 0; side < SIDES; side++) {
                sum->promised[side] += x->offers[i].promised[side];
                sum->lost[side] += x->offers[i].lost[side];
            }
    return sum;
}

/* The newest fact replaces an older one, so both sides of an offer are told also when they agree. */
static void add(struct recon_report *r, const struct recon_offer_sum *o, struct slice name, enum side side,
                const struct recon_offer_sum *more)
{
    struct recon_told *t = &r->told[r->told_count];
    uint64_t lost = o->lost[side] + (more ? more->lost[side] : 0);
    uint64_t surplus = side == SIDE_TRACKER ? o->lost[SIDE_LEDGER] : 0;

    *t = (struct recon_told){ .offer = name, .with = side, .theirs = o->promised[side] + (more ? more->promised[side] : 0) };
    t->ours = surplus > lost ? t->theirs + surplus : t->theirs - lost;
    if (t->theirs > COUNT_MOST || t->ours > COUNT_MOST)
        t->error = S("there are too many for an alert");
    r->told_count++;
}

static int gather(struct recon_report *r, const struct catalog *c)
{
    const struct recon_result *x = &r->result;
    struct recon_offer_sum sum;
    const struct recon_offer_sum *rest = nobodys(r, c, &sum);
    bool single = c->offer_count == 1;

    r->told = ARENA_ARRAY(r->arena, struct recon_told, 2 * c->offer_count + 1);
    if (!r->told)
        return -1;
    for (size_t i = 0; i < c->offer_count; i++) {
        static const struct recon_offer_sum none = { 0 };
        struct slice name = c->offers[i].offer->name;
        const struct recon_offer_sum *o = &none;
        for (size_t k = 0; k < x->offer_count; k++)
            if (slice_eq(x->offers[k].offer, name))
                o = &x->offers[k];
        if ((r->offer.len && !slice_eq(r->offer, name)) || (o == &none && !single))
            continue;
        add(r, o, name, SIDE_TRACKER, single ? rest : NULL);
        if (r->crm)
            add(r, o, name, SIDE_CRM, single ? rest : NULL);
    }
    for (int side = 0; side < SIDE_LEDGER && !single; side++)
        r->untold += rest->promised[side];
    return 0;
}

static void members(struct buf *out, const struct recon_told *t)
{
    json_text(out, "offer", t->offer);
    json_text(out, "with", slice_from(side_names[t->with]));
    json_count(out, "theirs", t->theirs);
    json_count(out, "ours", t->ours);
}

/* 1: it took it.  0: no server runs.  -1: *err. */
static int tell(struct control_client *client, struct recon_told *t, struct err *err)
{
    struct buf body = { 0 }, answer = { .limit = CONTROL_ANSWER_MAX };
    int rc;

    buf_byte(&body, '{');
    members(&body, t);
    buf_byte(&body, '}');
    rc = buf_ok(&body) ? control_client_ask(client, "/alert-fact", buf_slice(&body), ASK_SECONDS, &answer, err)
                       : err_set(err, ERR_SYSTEM, "out of memory");
    buf_free(&body);
    buf_free(&answer);
    return rc;
}

static int tell_all(struct recon_report *r, const struct catalog *c, struct err *err)
{
    struct control_client *client = control_client_open(c->data, err);
    int rc = client ? 1 : -1;

    for (size_t i = 0; i < r->told_count && rc == 1; i++) {
        struct recon_told *t = &r->told[i];
        struct err one = { 0 };
        if (t->error.len)
            continue;
        rc = tell(client, t, &one);
        t->done = rc == 1;
        if (rc == -1 && one.kind == ERR_INPUT) { /* this one alone: the others may be known */
            t->error = arena_dup(r->arena, slice_from(one.text));
            rc = 1;
        }
        if (rc == -1)
            *err = one;
        if (rc == 0)
            err_set(err, ERR_SYSTEM, "no server runs on %s, so nobody was told: it is the server that alerts. Start `clickbaton "
                    "serve`, or leave --tell out", c->data);
    }
    control_client_close(client);
    return rc == 1 ? 0 : -1;
}

bool recon_tell_server(struct recon_report *r, const struct catalog *c)
{
    struct err err = { 0 };
    bool all = true;

    r->tells = true;
    if (gather(r, c) != 0)
        err_set(&err, ERR_SYSTEM, "out of memory");
    else
        tell_all(r, c, &err);
    for (size_t i = 0; i < r->told_count; i++) {
        struct recon_told *t = &r->told[i];
        if (!t->done && t->error.len)
            fprintf(stderr, "clickbaton reconcile: --tell: the server did not take the numbers of %.*s: %.*s%s\n", SLICE_ARG(t->offer),
                    SLICE_ARG(t->error), slice_starts(t->error, S("there is no offer")) ?
                    "; it runs with other offers than this configuration: reload it (SIGHUP)" : "");
        else if (!t->done)
            t->error = arena_dup(r->arena, slice_from(err.text));
        all &= t->done;
    }
    if (err.text[0])
        fprintf(stderr, "clickbaton reconcile: --tell: %s\n", err.text);
    return all && !err.text[0];
}

/* ---- as it is shown ---- */

void recon_told_text(struct buf *out, const struct recon_report *r)
{
    if (!r->tells)
        return;
    buf_puts(out, r->told_count ? "\ntold the server, whose alert A008 looks at it\n"
                                : "\nthe server was told nothing: no offer of this configuration is in the files or the ledger\n");
    for (size_t i = 0; i < r->told_count; i++) {
        const struct recon_told *t = &r->told[i];
        buf_printf(out, "  %.*s: the %s has %llu, clickbaton %llu%s\n", SLICE_ARG(t->offer), side_names[t->with],
                   (unsigned long long)t->theirs, (unsigned long long)t->ours, t->done ? "" : "  NOT TOLD");
    }
    if (r->untold)
        buf_printf(out, "  %llu more are of no offer that is known here: give the file a column with the names of "
                   "clickbaton's offers, or --offer\n", (unsigned long long)r->untold);
}

void recon_told_json(struct buf *out, const struct recon_report *r)
{
    buf_puts(out, ",\n\"told\":");
    if (!r->tells) {
        buf_puts(out, "null");
        return;
    }
    buf_byte(out, '[');
    for (size_t i = 0; i < r->told_count; i++) {
        const struct recon_told *t = &r->told[i];
        buf_puts(out, i ? ",{" : "{");
        members(out, t);
        json_known(out, "error", t->error);
        buf_byte(out, '}');
    }
    buf_byte(out, ']');
    json_count(out, "of_no_offer", r->untold);
}
