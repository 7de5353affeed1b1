/* meaning.c: nothing has this id: what that means, and what to look at first. */
#include "cli/story/story_gather.h"
#include "core/base/when.h"

#define DAY 86400

struct telling {
    const struct story_in *in;
    struct slice id;
    struct store_counts counts;
    int64_t oldest; /* arrival of the first postback, Unix milliseconds; 0: none */
    struct buf out;
};

static void line(struct telling *t, const char *text)
{
    if (t->out.len)
        buf_byte(&t->out, '\n');
    buf_puts(&t->out, text);
}

static void moment(struct telling *t, int64_t ms)
{
    when_print(&t->out, ms / 1000);
}

/* ---- what is odd about the id itself ---- */

static bool is_url(struct slice id)
{
    return slice_find(id, S("://")) < id.len ||
           (slice_index(id, '=') < id.len && (slice_index(id, '&') < id.len || id.ptr[0] == '?'));
}

static bool is_encoded(struct slice id)
{
    for (size_t i = 0; i + 2 < id.len; i++)
        if (id.ptr[i] == '%' && ascii_hex(id.ptr[i + 1]) >= 0 && ascii_hex(id.ptr[i + 2]) >= 0)
            return true;
    return false;
}

static bool is_cut(struct slice id)
{
    return slice_find(id, S("...")) < id.len || slice_find(id, S("\xe2\x80\xa6")) < id.len;
}

static bool is_ttclid(struct slice id)
{
    return slice_starts_nocase(id, S("E.C.P.")) || slice_starts_nocase(id, S("E_C_P_"));
}

static void tell_of_id(struct telling *t)
{
    const char *unusable = record_unusable(t->id);

    if (t->in->hasher && identity_looks_personal(t->id))
        line(t, "It is personal data, which is stored as a hash only: it was looked for by its hash.");
    if (is_url(t->id))
        line(t, "This is a whole URL or query: give the id in it alone.");
    else if (unusable) {
        line(t, "This id ");
        buf_puts(&t->out, unusable);
        buf_puts(&t->out, ": whoever sent it has not filled it in, and it counts as no id.");
    } else if (is_cut(t->id))
        line(t, "This id was cut by whoever showed it: give it whole, or of a ttclid the part before "
                "the dots.");
    else if (is_encoded(t->id))
        line(t, "This id is percent-encoded: give it as it reads when it is decoded.");
    else if (is_ttclid(t->id) && t->id.len < STORE_PREFIX) {
        line(t, "This is the beginning of a ttclid, and too short: at least ");
        buf_printf(&t->out, "%d characters are needed, these are %zu.", STORE_PREFIX, t->id.len);
    }
    if (t->counts.plain && t->id.len >= STORE_PREFIX)
        line(t, "The store holds rows of an older version of clickbaton: those are found by their "
                "whole ttclid only, not by its beginning.");
}

/* ---- what the store and the configuration say ---- */

static void tell_of_store(struct telling *t)
{
    const struct store_counts *c = &t->counts;

    if (c->postbacks == 0) {
        line(t, "No postback is stored at all");
        buf_printf(&t->out, " (%lld clicks): none has reached this server, or all were refused.",
                   (long long)c->clicks);
        return;
    }
    line(t, "Stored are ");
    buf_printf(&t->out, "%lld clicks and %lld postbacks, the oldest of ", (long long)c->clicks,
               (long long)c->postbacks);
    moment(t, t->oldest);
    buf_puts(&t->out, ", the newest of ");
    moment(t, c->newest_postback);
    buf_byte(&t->out, '.');
}

static void tell_of_retention(struct telling *t, int number)
{
    const struct catalog *c = t->in->catalog;

    if (!c)
        return;
    line(t, "");
    buf_printf(&t->out, "%d. Is it older than that? Postbacks and events stay for %lld days "
               "(retention: ledger), clicks for %lld (retention: clicks); then they are removed.",
               number, (long long)(c->keep_ledger / DAY), (long long)(c->keep_clicks / DAY));
}

static void tell_what_to_check(struct telling *t)
{
    const struct catalog *c = t->in->catalog;

    line(t, "What to check first:");
    line(t, "1. The tracker's own postback log: was it sent, to this server and to the right offer, and "
            "what was the answer? 200 means that it is stored here.");
    line(t, "2. Was it refused (a wrong or missing key, an unknown offer, a limit)? What is refused is "
            "not stored, only counted: ");
    if (c && c->admin)
        buf_printf(&t->out, "curl http://%s/refused", c->admin);
    else
        buf_puts(&t->out, "the admin listener's /refused tells");
    line(t, "3. Is it the same id? Each character counts, upper and lower case too. A tracker has several "
            "ids for one conversion: try its click id, the ttclid, the transaction id.");
    line(t, "4. Does the postback carry it under a name that the mapping reads? An id in another "
            "parameter is stored, but not looked up: `clickbaton urls OFFER` prints the names.");
    tell_of_retention(t, 5);
}

/* ---- all of it ---- */

static int look(struct telling *t, struct err *err)
{
    struct store_postback *first;
    size_t n;

    if (store_counts(t->in->store, &t->counts, err) != 0 ||
        store_list_postbacks(t->in->store, (struct slice){ 0 }, 0, 0, 1, t->in->arena, &first, &n,
                             err) != 0)
        return -1;
    t->oldest = n ? first->at : 0;
    return 0;
}

int story_explain_nothing(const struct story_in *in, struct slice id, struct story *out,
                          struct err *err)
{
    struct telling t = { .in = in, .id = id };
    int rc = look(&t, err);

    if (rc == 0) {
        line(&t, "No click, postback or event has this id.");
        tell_of_id(&t);
        tell_of_store(&t);
        tell_what_to_check(&t);
        out->meaning = arena_dup(in->arena, buf_slice(&t.out));
        if (!buf_ok(&t.out) || in->arena->full)
            rc = err_set(err, ERR_BUSY, "out of memory");
    }
    buf_free(&t.out);
    return rc;
}
