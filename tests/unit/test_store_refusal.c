/* The contract of store.h, run on every engine: consent that is given, refused and given again, and
 * what a refusal takes back. */
#include "tests/unit/store_contract.h"

#define SECRET "5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8"
#define BODY   "{\"user\":{\"email\":\"" SECRET "\",\"ttclid\":\"E.C.P.abcdefghijklm\"}}"
#define TTCLID "E.C.P.abcdefghijklm"

static const struct slice spare[] = { SLICE("anonymized"), SLICE("limited"), { 0 } };

static void cut_click(void *context, struct store_click *click)
{
    ++*(int *)context;
    click->ip = click->user_agent = click->page_url = (struct slice){ 0 };
    click->click_id = S(""); /* tested: ids can't be taken */
}

static struct slice cut_params(void *context, struct slice params, struct arena *arena)
{
    size_t at = slice_find(params, S("&email="));

    ++*(int *)context;
    return arena_dup(arena, slice_head(params, at));
}

static int calls;
static const struct store_refusal how = {
    .note = SLICE("the visitor withdrew consent"), .spare = spare, .cut_click = cut_click,
    .cut_params = cut_params, .context = &calls,
};

static struct store_click click_of(const char *click_id, bool refused)
{
    return (struct store_click){ .offer = S("nutra-de"), .click_id = slice_from(click_id),
                                 .consent = refused ? S("0") : S("1"), .refused = refused,
                                 .at = 5 };
}

static int decide(struct fixture *f, struct store_click click, struct store_refused *out)
{
    struct store_refused ignored;
    int rc = store_click_decide(f->s, &click, &how, out ? out : &ignored, &f->err);

    if (rc < 0)
        fail_msg("%s", f->err.text);
    return rc;
}

static void assert_refused(const struct store_refused *is, struct store_refused want)
{
    assert_int_equal(is->anew, want.anew);
    assert_int_equal(is->withdrawn, want.withdrawn);
    assert_int_equal(is->sending, want.sending);
    assert_int_equal(is->delivered, want.delivered);
}

/* ---- who may say what ---- */

#define KEYED true
#define PAGE  false

static const struct {
    const char *name;
    struct {
        bool keyed;
        const char *word;
        bool refused;
    } said[4]; /* ended by one without a word */
    const char *word;
    bool refused;
    int anew; /* refusals that were new */
} decisions[] = {
    { "the first page's word stays", { { PAGE, "1", 0 }, { PAGE, "yes", 0 } }, "1", 0, 0 },
    { "a keyed call's word goes first", { { PAGE, "1", 0 }, { KEYED, "ja", 0 } }, "ja", 0, 0 },
    { "a page refuses after its yes", { { PAGE, "1", 0 }, { PAGE, "0", 1 } }, "0", 1, 1 },
    { "a page refuses after a keyed yes", { { KEYED, "1", 0 }, { PAGE, "0", 1 } }, "0", 1, 1 },
    { "a keyed call refuses after a page's yes", { { PAGE, "1", 0 }, { KEYED, "0", 1 } }, "0", 1, 1 },
    { "a page agrees after its refusal", { { PAGE, "0", 1 }, { PAGE, "1", 0 } }, "1", 0, 1 },
    { "a page agrees after it has refused a keyed yes",
      { { KEYED, "1", 0 }, { PAGE, "0", 1 }, { PAGE, "yes", 0 } }, "yes", 0, 1 },
    { "a page can't undo a keyed refusal", { { KEYED, "0", 1 }, { PAGE, "1", 0 } }, "0", 1, 1 },
    { "nor one that a keyed call has said again",
      { { PAGE, "0", 1 }, { KEYED, "no", 1 }, { PAGE, "1", 0 } }, "no", 1, 1 },
    { "a keyed call can", { { KEYED, "0", 1 }, { KEYED, "1", 0 } }, "1", 0, 1 },
    { "and a page may refuse again then",
      { { KEYED, "0", 1 }, { KEYED, "1", 0 }, { PAGE, "0", 1 } }, "0", 1, 2 },
    { "refused twice", { { PAGE, "0", 1 }, { PAGE, "no", 1 } }, "0", 1, 1 },
    { "refused at once", { { PAGE, "no", 1 } }, "no", 1, 1 },
};

/* In one transaction; in one each; with a restart after each. */
static void test_decisions(void **state)
{
    struct fixture *f = *state;

    for (size_t i = 0; i < COUNT(decisions) * 3; i++) {
        const struct slice id = text(f, "click-%zu", i);
        struct store_click is;
        int anew = 0;
        if (i % 3 == 0)
            print_message("%s\n", decisions[i / 3].name);
        begin(f);
        for (size_t j = 0; decisions[i / 3].said[j].word; j++) {
            struct store_click click = click_of(id.ptr, decisions[i / 3].said[j].refused);
            struct store_refused out;
            click.keyed = decisions[i / 3].said[j].keyed;
            click.consent = slice_from(decisions[i / 3].said[j].word);
            assert_int_equal(decide(f, click, &out), j != 0);
            anew += out.anew;
            if (i % 3 == 0)
                continue;
            commit(f);
            if (i % 3 == 2)
                fixture_reopen(f);
            begin(f);
        }
        commit(f);
        GIVES(f, 1, store_click_find(f->s, S("nutra-de"), id, S(""), &f->arena, &is, &f->err));
        SAME(slice_from(decisions[i / 3].word), is.consent);
        assert_int_equal(is.refused, decisions[i / 3].refused);
        assert_int_equal(anew, decisions[i / 3].anew);
    }
}

/* What may not stay of a click goes, also what is added later; after a yes it may come again. */
static void test_cut_click(void **state)
{
    struct fixture *f = *state;
    struct store_click is, click = click_of("c1", false);

    click.ip = S("93.184.216.34");
    click.user_agent = S("Mozilla/5.0");
    click.page_url = S("https://l.example/?ttclid=" TTCLID);
    click.ttclid = S(TTCLID);
    click.event_id = S("e1");
    for (int i = 0; i < 4; i++) {
        begin(f);
        click.refused = i == 1 || i == 2;
        click.consent = i == 2 ? S("") : click.refused ? S("0") : S("1");
        click.keyed = i == 0;
        decide(f, click, NULL);
        commit(f);
        fixture_reopen(f);
        GIVES(f, 1, store_click_find(f->s, S("nutra-de"), S("c1"), S(""), &f->arena, &is, &f->err));
        SAME(S("c1"), is.click_id);
        SAME(S(TTCLID), is.ttclid);
        SAME(S("e1"), is.event_id);
        SAME(i == 1 || i == 2 ? S("") : click.ip, is.ip);
        SAME(i == 1 || i == 2 ? S("") : click.user_agent, is.user_agent);
        SAME(i == 1 || i == 2 ? S("") : click.page_url, is.page_url);
    }
}

/* ---- what is taken back ---- */

struct own {
    const char *event_id, *offer, *click_id, *ttclid, *consent;
    bool cut;
};

static const struct own owns[] = {
    { "same-click", "nutra-de", "c1", TTCLID, "granted", true },
    { "not-asked", "nutra-de", "c1", NULL, NULL, true },
    { "nameless", "nutra-de", NULL, TTCLID, "granted", true },
    { "other-click", "nutra-de", "c2", TTCLID, "granted", false },
    { "other-offer", "else", "c1", TTCLID, "granted", false },
    { "id-elsewhere", "nutra-de", TTCLID, "c1", "granted", false },
    { "anonymized", "nutra-de", "c1", TTCLID, "anonymized", false },
    { "limited", "nutra-de", "c1", TTCLID, "limited", false },
    { "stranger", "nutra-de", "c9", "T9", "granted", false },
};

static void put_own(struct fixture *f, const struct own *o, const char *suffix)
{
    struct store_event ev = event(text(f, "%s%s", o->event_id, suffix).ptr);
    struct store_postback pb = { .offer = slice_from(o->offer), .at = NOW,
                                 .params = S("subid=1&email=" SECRET) };

    ev.offer = slice_from(o->offer);
    ev.click_id = pb.click_id = slice_from(o->click_id);
    ev.ttclid = pb.ttclid = slice_from(o->ttclid);
    ev.consent = slice_from(o->consent);
    ev.body = S(BODY);
    put(f, ev);
    pb.event_id = ev.event_id;
    OK(f, store_postback_put(f->s, &pb, &f->err));
}

static void assert_own(struct fixture *f, const struct own *o, const char *suffix)
{
    struct slice id = text(f, "%s%s", o->event_id, suffix);
    struct store_event ev = find_event(f, id.ptr);
    struct store_postback *pb;
    size_t count;
    bool own = slice_eq(slice_from(o->offer), S("nutra-de")) &&
               (o->cut || (o->consent && o->consent[0] != 'g'));

    assert_int_equal(ev.state, o->cut ? STORE_WITHDRAWN : STORE_WAITING);
    SAME(o->cut ? S("{}") : S(BODY), ev.body);
    SAME(o->cut ? how.note : S(""), ev.note);
    SAME(slice_from(o->ttclid), ev.ttclid);
    SAME(slice_from(o->click_id), ev.click_id);
    OK(f, store_find_postbacks(f->s, id, 9, &f->arena, &pb, &count, &f->err));
    assert_int_equal(count, 1);
    SAME(own ? S("subid=1") : S("subid=1&email=" SECRET), pb->params);
    SAME(slice_from(o->ttclid), pb->ttclid);
}

/* Rows of this transaction, of the one before, of before a restart. */
static void test_whose(void **state)
{
    struct fixture *f = *state;
    static const char *const suffixes[] = { "-1", "-2", "-3" };
    struct store_click click = click_of("c1", true);
    struct store_refused out;

    click.ttclid = S(TTCLID);
    for (size_t round = 0; round < COUNT(suffixes); round++) {
        begin(f);
        for (size_t i = 0; i < COUNT(owns); i++)
            put_own(f, &owns[i], suffixes[round]);
        if (round == 2)
            break;
        commit(f);
        if (round == 0)
            fixture_reopen(f);
    }
    decide(f, click, &out);
    assert_refused(&out, (struct store_refused){ .anew = true, .withdrawn = 9 });
    decide(f, click, &out);
    assert_refused(&out, (struct store_refused){ .anew = false });
    commit(f);
    for (int i = 0; i < 2; i++, fixture_reopen(f)) {
        for (size_t j = 0; j < COUNT(owns) * COUNT(suffixes); j++)
            assert_own(f, &owns[j / 3], suffixes[j % 3]);
        assert_counts(f, (struct store_counts){ .clicks = 1, .postbacks = 27, .waiting = 18,
                                                .withdrawn = 9, .oldest_waiting = NOW });
    }
    begin(f);
    take(f, NOW, 99, 18);
    GIVES(f, 1, store_event_put(f->s, &(struct store_event){ .pixel = S("P"), .event = S("Lead"),
                                                             .event_id = S("nameless-1") },
                                NULL, &f->err)); /* its key is still taken */
    store_rollback(f->s);
}

/* Without a click id the ttclid tells whose it is. */
static void test_nameless_click(void **state)
{
    struct fixture *f = *state;
    struct store_click click = { .offer = S("nutra-de"), .ttclid = S(TTCLID), .refused = true,
                                 .consent = S("0") };
    struct store_refused out;

    begin(f);
    for (size_t i = 0; i < COUNT(owns); i++)
        put_own(f, &owns[i], "");
    decide(f, click, &out);
    commit(f);
    /* same-click, nameless and other-click */
    assert_refused(&out, (struct store_refused){ .anew = true, .withdrawn = 3 });
    assert_int_equal(find_event(f, "not-asked").state, STORE_WAITING);
    assert_int_equal(find_event(f, "other-click").state, STORE_WITHDRAWN);
}

/* ---- every state, and what comes after ---- */

/* Events 1 to 5: delivered, dead, being sent, waiting again after a reset, waiting. */
static void put_states(struct fixture *f)
{
    begin(f);
    for (int i = 1; i <= 5; i++) {
        struct store_event ev = event(text(f, "e%d", i).ptr);
        ev.click_id = S("c1");
        ev.body = S(BODY);
        ev.created = NOW + i;
        put(f, ev);
    }
    take(f, NOW + 4, 9, 4);
    report(f, NOW, (struct store_outcome){ 1, STORE_DELIVERED, 0, false, { 0 } });
    report(f, NOW, (struct store_outcome){ 2, STORE_DEAD, 0, false, S("refused") });
    report(f, NOW, (struct store_outcome){ 4, STORE_WAITING, NOW + 9, true, S("reset") });
    commit(f);
}

static void refuse(struct fixture *f, struct store_refused *out)
{
    begin(f);
    decide(f, click_of("c1", true), out);
    commit(f);
}

static void assert_state(struct fixture *f, int i, enum store_state state, const char *note)
{
    struct store_event ev = find_event(f, text(f, "e%d", i).ptr);

    assert_int_equal(ev.state, state);
    SAME(S("{}"), ev.body);
    SAME(slice_from(note), ev.note);
}

#define NOTE "the visitor withdrew consent"

static void test_states(void **state)
{
    struct fixture *f = *state;
    struct store_refused out;

    put_states(f);
    assert_counts(f, (struct store_counts){ .waiting = 2, .sending = 1, .delivered = 1, .dead = 1,
                                            .oldest_waiting = NOW + 4 });
    begin(f);
    decide(f, click_of("c1", true), &out);
    store_rollback(f->s); /* as if nothing had been */
    SAME(S(BODY), find_event(f, "e5").body);
    refuse(f, &out);
    assert_refused(&out, (struct store_refused){ .anew = true, .withdrawn = 3, .sending = 1,
                                                 .delivered = 1 });
    assert_state(f, 1, STORE_DELIVERED, "");
    assert_state(f, 2, STORE_WITHDRAWN, NOTE);
    assert_state(f, 3, STORE_SENDING, NOTE "; it was on its way to TikTok");
    assert_state(f, 4, STORE_WITHDRAWN, NOTE "; TikTok may have it from an attempt before");
    assert_state(f, 5, STORE_WITHDRAWN, NOTE);
    assert_counts(f, (struct store_counts){ .clicks = 1, .sending = 1, .delivered = 1,
                                            .withdrawn = 3 });
    begin(f);
    take(f, NOW + 1000, 99, 0);
    commit(f);
}

/* The attempt that was under way ends: in any way but delivery it was the last. */
static void test_in_flight(void **state)
{
    static const struct {
        struct store_outcome outcome;
        enum store_state state;
        const char *note;
        bool unknown;
    } cases[] = {
        { { 3, STORE_DELIVERED, 0, false, { 0 } }, STORE_DELIVERED,
          NOTE "; it was on its way to TikTok", false },
        { { 3, STORE_WAITING, NOW + 50, false, SLICE("429") }, STORE_WITHDRAWN,
          NOTE "; it was on its way to TikTok; 429", false },
        { { 3, STORE_WAITING, NOW + 50, true, SLICE("reset") }, STORE_WITHDRAWN,
          NOTE "; it was on its way to TikTok; reset", true },
        { { 3, STORE_DEAD, 0, false, SLICE("40002") }, STORE_WITHDRAWN,
          NOTE "; it was on its way to TikTok; 40002", false },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fixture *f = fixture_new(under_test);
        struct store_counts want = { .clicks = 1, .delivered = 1, .withdrawn = 3 };
        struct store_attempt *attempts;
        size_t count;
        fixture_open(f);
        put_states(f);
        refuse(f, NULL);
        begin(f);
        report(f, NOW + 20, cases[i].outcome);
        report(f, NOW + 21, cases[i].outcome); /* once */
        commit(f);
        assert_state(f, 3, cases[i].state, cases[i].note);
        assert_int_equal(find_event(f, "e3").attempts, 1);
        assert_int_equal(find_event(f, "e3").unknown_since, cases[i].unknown ? NOW + 20 : 0);
        want.delivered += cases[i].state == STORE_DELIVERED;
        want.withdrawn += cases[i].state == STORE_WITHDRAWN;
        assert_counts(f, want);
        OK(f, store_attempts_of(f->s, 3, &f->arena, &attempts, &count, &f->err));
        assert_int_equal(count, 1);
        begin(f);
        take(f, NOW + 1000, 99, 0);
        commit(f);
        fixture_free(f);
    }
}

/* A crash while it was under way: it does not come back. */
static void test_recover(void **state)
{
    struct fixture *f = *state;
    int64_t recovered;

    put_states(f);
    begin(f);
    put(f, event("other"));
    take(f, NOW, 99, 1);
    commit(f);
    refuse(f, NULL);
    fixture_reopen(f);
    begin(f);
    OK(f, store_recover(f->s, NOW + 30, &recovered, &f->err));
    assert_int_equal(recovered, 1);
    commit(f);
    assert_state(f, 3, STORE_WITHDRAWN, NOTE "; it was on its way to TikTok");
    assert_int_equal(find_event(f, "e3").unknown_since, NOW + 4);
    assert_counts(f, (struct store_counts){ .clicks = 1, .waiting = 1, .delivered = 1,
                                            .withdrawn = 4, .oldest_waiting = NOW });
    begin(f);
    take(f, NOW + 1000, 99, 1);
    commit(f);
}

/* A handle for reading sees it; what it must not: write. */
static void test_reader(void **state)
{
    struct fixture *f = *state;
    struct store *writer = f->s;
    struct store_click click = click_of("c1", true);
    struct store_refused out;

    put_states(f);
    refuse(f, NULL);
    f->s = f->engine->open(f->dir, false, &f->err);
    assert_non_null(f->s);
    assert_state(f, 5, STORE_WITHDRAWN, NOTE);
    assert_counts(f, (struct store_counts){ .clicks = 1, .sending = 1, .delivered = 1,
                                            .withdrawn = 3 });
    GIVES(f, -1, store_click_decide(f->s, &click, &how, &out, &f->err));
    SAYS(f, ERR_INPUT, "store: a write outside of begin and commit");
    store_close(f->s);
    f->s = writer;
    begin(f);
    click.click_id = S("");
    GIVES(f, -1, store_click_decide(f->s, &click, &how, &out, &f->err));
    SAYS(f, ERR_INPUT, "store: a click needs a click_id or a ttclid");
    commit(f);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        CASE(test_decisions),
        CASE(test_cut_click),
        CASE(test_whose),
        CASE(test_nameless_click),
        CASE(test_states),
        CASE(test_in_flight),
        CASE(test_recover),
        CASE(test_reader),
    };

    return RUN_ON_ENGINES(tests);
}
