#include "cli/serve/outlet_own.h"

#include <stdio.h>

#include <openssl/evp.h>

#include "cli/serve/call.h"
#include "cli/serve/clock.h"
#include "cli/serve/log.h"

#define TRIES 5 /* of what met somebody else's transaction */

/* ---- a transaction ---- */

typedef int outlet_work(struct outlet *o, void *context, struct err *err);

static int once(struct outlet *o, outlet_work *work, void *context, struct err *err)
{
    arena_reset(&o->arena);
    if (store_begin(o->own, err) != 0)
        return -1;
    clock_read_store(o->own);
    if (work(o, context, err) == 0)
        return store_commit(o->own, err);
    store_rollback(o->own);
    return -1;
}

static int run(struct outlet *o, outlet_work *work, void *context, struct err *err)
{
    struct store_moved moved;
    int rc = once(o, work, context, err);

    for (int i = 1; i < TRIES && rc != 0 && err->kind == ERR_AGAIN; i++)
        rc = once(o, work, context, err);
    store_moved(o->own, &moved);
    metrics_moved(o->metrics, &o->moved, &moved);
    return rc;
}

static int call(struct outlet *o, void *context, struct err *err)
{
    struct call *c = context;

    (void)err; /* it is the call's own */
    c->err->kind = ERR_NONE;
    if (c->batch)
        arena_reset(&c->batch->arena); /* of a try before */
    return call_run(c, o->own, &o->arena, clock_now_ms());
}

int outlet_own_take(struct outlet *o, struct slice pixel, unsigned max, struct sender_batch *batch, int64_t *next_due,
                    struct err *err)
{
    struct call c = { .pixel = pixel, .max = max, .batch = batch, .next_due = next_due, .err = err };

    return run(o, call, &c, err);
}

int outlet_own_report(struct outlet *o, const struct sender_report *report, struct err *err)
{
    struct call c = { .is_report = true, .report = report, .err = err };

    return run(o, call, &c, err);
}

/* ---- others ---- */

/* A number that stands for the token: of it and the pixel, so that nobody finds it elsewhere.  0 is none. */
static int64_t number_of(const struct sender_gate *gate)
{
    unsigned char sum[EVP_MAX_MD_SIZE] = { 0 };
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    int64_t n = 0;

    if (md && EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1 &&
        EVP_DigestUpdate(md, gate->pixel.ptr, gate->pixel.len) == 1 && EVP_DigestUpdate(md, "", 1) == 1 &&
        EVP_DigestUpdate(md, gate->token.ptr, gate->token.len) == 1 && EVP_DigestFinal_ex(md, sum, NULL) == 1)
        for (int i = 0; i < 8; i++)
            n = (int64_t)((uint64_t)n << 8 | sum[i]);
    EVP_MD_CTX_free(md);
    return n ? n : 1;
}

static int renew(struct outlet *o, void *context, struct err *err)
{
    return store_renew(o->own, clock_now_ms(), context, err);
}

/* That this one lives, and what those had that do not. */
static int keep_alive(struct outlet *o, struct err *err)
{
    int64_t now = clock_now_ms(), recovered = 0;

    if (o->renew_at - now > STORE_RENEW_MS) /* the clock was set back */
        o->renew_at = now;
    if (now < o->renew_at)
        return 0;
    if (run(o, renew, &recovered, err) != 0)
        return -1;
    o->renew_at = now + STORE_RENEW_MS;
    if (recovered)
        log_line("warning", "msg=\"events were in flight at a server that is not heard of any more; they are sent again\" "
                            "events=%lld", (long long)recovered);
    return 0;
}

static void note_crowd(struct outlet *o, const struct store_crowd *crowd)
{
    if (crowd->twins && !atomic_load(&o->twins))
        log_line("warning", "code=W097 msg=\"another server has the name of this one; both work, but nobody can tell them "
                            "apart: set node: in one of them\"");
    if (crowd->newer && !atomic_load(&o->newer))
        log_line("warning", "code=C076 msg=\"a newer version of clickbaton has changed the store's schema; this one may go on with it, but "
                            "upgrade it, too\"");
    atomic_store(&o->newer, crowd->newer);
    atomic_store(&o->first, crowd->first);
    atomic_store(&o->senders, crowd->senders);
    atomic_store(&o->twins, crowd->twins);
}

static int look(struct outlet *o, struct sender_gate *gates, size_t count, unsigned *senders, struct err *err)
{
    struct store_crowd crowd;
    struct store_gate *list;

    if (keep_alive(o, err) != 0)
        return -1;
    arena_reset(&o->arena);
    if (!(list = ARENA_ARRAY(&o->arena, struct store_gate, count)))
        return err_set(err, ERR_BUSY, "out of memory");
    for (size_t i = 0; i < count; i++)
        list[i].pixel = gates[i].pixel;
    if (store_look(o->own, list, count, &crowd, &o->arena, err) != 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        struct sender_gate *g = &gates[i];
        g->due = list[i].due;
        g->paused = list[i].token && list[i].token == number_of(g);
        g->until = list[i].until;
        g->failures = list[i].failures > UINT32_MAX ? UINT32_MAX : (unsigned)list[i].failures;
        g->version = list[i].version;
        snprintf(g->why, sizeof(g->why), "%.*s", SLICE_ARG(list[i].why));
    }
    note_crowd(o, &crowd);
    *senders = crowd.senders > 1 ? (unsigned)crowd.senders : 1;
    return 0;
}

int outlet_own_look(void *context, struct sender_gate *gates, size_t count, unsigned *senders, struct err *err)
{
    struct outlet *o = context;
    int rc = look(o, gates, count, senders, err);

    intake_heard(o->intake, rc == 0 ? NULL : err);
    return rc;
}

static int set_gate(struct outlet *o, void *context, struct err *err)
{
    const struct sender_gate *g = context;
    int64_t mine = number_of(g);
    const struct store_gate gate = { .pixel = g->pixel, .token = g->paused ? mine : 0, .until = g->until,
                                     .failures = g->failures, .why = slice_from(g->why) };

    return store_gate_set(o->own, &gate, mine, g->anew, err);
}

int outlet_own_tell(void *context, const struct sender_gate *gate, struct err *err)
{
    struct sender_gate copy = *gate;

    return run(context, set_gate, &copy, err);
}
