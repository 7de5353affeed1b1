/* run.c: a replay from the count to the total. */
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/hops.h"
#include "cli/replay/replay.h"

struct run {
    const struct replay_options *o;
    struct desk *desk;
    struct pick pick;
    struct replay_order order;
    struct tally tally;
    struct progress progress;
    int64_t total, repeats, old; /* dead: of the latter two no click, or no memory */
    bool stopped;
};

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
    interrupted = number;
}

void replay_catch_signals(void)
{
    struct sigaction action = { .sa_handler = on_signal }; /* no SA_RESTART: a question ends too */

    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
}

int replay_complain(const struct err *err)
{
    fprintf(stderr, "clickbaton replay: %s\n", err->text);
    return -1;
}

/* ---- before: how many, and what of it is doubtful ---- */

static int count_dead(struct run *r, const int64_t *ids, size_t n, int64_t now_ms, struct err *err)
{
    struct store_event ev;
    struct arena arena;
    int rc = 1;

    arena_init(&arena, (size_t)32 << 20);
    for (size_t i = 0; rc >= 0 && i < n; i++) {
        arena_reset(&arena);
        rc = store_get_event(desk_reader(r->desk), ids[i], &arena, &ev, err);
        if (rc == 1) {
            enum replay_risk risk = replay_risk(&ev, now_ms);
            r->repeats += risk == REPLAY_REPEAT;
            r->old += risk == REPLAY_OLD;
        }
    }
    arena_free(&arena);
    return rc < 0 ? -1 : 0;
}

static int count_all(struct run *r, struct err *err)
{
    int64_t ids[1000], now_ms = cli_now() * 1000;
    size_t n;

    do {
        if (pick_next(&r->pick, 1000, ids, &n, err) != 0 ||
            (r->o->dead && count_dead(r, ids, n, now_ms, err) != 0))
            return -1;
        r->total += (int64_t)n;
    } while (n && !interrupted);
    pick_restart(&r->pick);
    return 0;
}

static const char *are(int64_t n)
{
    return n == 1 ? "is" : "are";
}

/* 1: go on.  0: not without an answer. */
static int ask_repeats(struct run *r)
{
    char line[16] = "";

    if (r->repeats == 0 || r->o->yes || r->o->dry) {
        r->order.anyway = r->o->yes;
        return 1;
    }
    fprintf(stderr,
            "%lld of the %lld dead events may already be at TikTok, and it forgets duplicates after 48 "
            "hours:\nwhat it has, it would count once more.\n",
            (long long)r->repeats, (long long)r->total);
    if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)) {
        fprintf(stderr, "Nothing was done. --yes sends them all the same; --since 47h leaves older "
                        "ones out.\n");
        return 0;
    }
    fprintf(stderr, "Send these %lld anyway? (n: only the other %lld are sent) [y/N] ",
            (long long)r->repeats, (long long)(r->total - r->repeats - r->old));
    fflush(stderr);
    if (!fgets(line, sizeof(line), stdin)) {
        fputs("\nNothing was done.\n", stderr);
        return 0;
    }
    r->order.anyway = line[0] == 'y' || line[0] == 'Y';
    return 1;
}

/* ---- the run ---- */

static int take_answer(struct run *r, cJSON *answer)
{
    cJSON *row, *rows = cJSON_GetObjectItemCaseSensitive(answer, "rows");
    struct buf out = { 0 };
    int rc = 0;

    cJSON_ArrayForEach(row, rows)
        if (tally_row(&r->tally, row))
            tally_show_row(&out, &r->tally, row, r->o->json);
    if (out.len && !hops_print("replay", &out))
        rc = -1;
    buf_free(&out);
    return rc;
}

/* No more than `rate` events a second: wait until what was handed over is due. */
static void keep_rate(const struct run *r)
{
    int64_t due = 0;

    if (r->o->rate == INT64_MAX || r->o->dry)
        return;
    due = r->progress.started_ms + r->tally.events * 1000 / r->o->rate;
    while (!interrupted && progress_clock() < due) {
        int64_t left = due - progress_clock();
        struct timespec pause = { 0, (left > 100 ? 100 : left > 1 ? left : 1) * 1000000 };
        nanosleep(&pause, NULL);
    }
}

static unsigned group_size(const struct replay_options *o)
{
    if (o->dry || o->rate / 4 >= REPLAY_GROUP)
        return REPLAY_GROUP;
    return o->rate < 4 ? 1 : (unsigned)(o->rate / 4);
}

static int do_all(struct run *r, struct err *err)
{
    unsigned max = group_size(r->o);
    cJSON *answer;
    int rc = 0;

    progress_start(&r->progress, r->total, r->o->dead);
    while (rc == 0 && !interrupted) {
        if (pick_next(&r->pick, max, r->order.ids, &r->order.count, err) != 0)
            rc = -1;
        if (rc != 0 || r->order.count == 0)
            break;
        answer = desk_do(r->desk, &r->order, err);
        rc = answer ? take_answer(r, answer) : -1;
        cJSON_Delete(answer);
        if (rc == 0) {
            progress_tell(&r->progress, &r->tally);
            keep_rate(r);
        }
    }
    r->stopped = interrupted && r->tally.rows < r->total;
    progress_end(&r->progress);
    return rc;
}

static int finish(struct run *r)
{
    struct buf out = { 0 };
    FILE *to = r->o->dry && !r->o->json ? stderr : stdout;
    bool printed = true;

    if (r->stopped)
        fprintf(stderr, "stopped after %lld of %lld; what is done is done, and the same command goes "
                        "on with the rest\n", (long long)r->tally.rows, (long long)r->total);
    if (r->o->json)
        tally_json(&out, &r->tally);
    else
        tally_show(&out, &r->tally);
    if (to == stdout)
        printed = hops_print("replay", &out);
    else
        fwrite(out.ptr ? out.ptr : "", 1, out.len, to);
    buf_free(&out);
    if (!printed)
        return EXIT_IO;
    return r->stopped || r->tally.quarantined || r->tally.left ? EXIT_NO : EXIT_DONE;
}

static int nothing(const struct replay_options *o)
{
    if (o->json)
        puts("{\"total\":{\"rows\":0,\"queued\":0,\"duplicate\":0,\"ignored\":0,\"quarantined\":0,"
             "\"left\":0,\"events\":0,\"values\":{}}}");
    else
        printf("nothing to replay: no %s matches\n",
               o->dead ? "dead event" : "quarantined postback");
    return EXIT_DONE;
}

static int run_picked(struct run *r)
{
    struct err err = { 0 };

    if (count_all(r, &err) != 0)
        return replay_complain(&err), EXIT_IO;
    if (r->total == 0 && !interrupted)
        return nothing(r->o);
    if (r->old)
        fprintf(stderr, "%lld of them %s older than 28 days and stay: no click can be credited\n",
                (long long)r->old, are(r->old));
    if (interrupted || ask_repeats(r) == 0)
        return EXIT_NO;
    if (do_all(r, &err) != 0) {
        if (err.text[0])
            replay_complain(&err);
        fprintf(stderr, "%lld of %lld are done and stay so; the same command goes on with the rest\n",
                (long long)r->tally.rows, (long long)r->total);
        return err.kind == ERR_INPUT ? EXIT_CONFIG : EXIT_IO;
    }
    return finish(r);
}

int replay_run(const struct replay_options *o, struct desk *desk, const struct store_again *what,
               uint64_t rules, const char *const *ids, size_t count)
{
    struct run r = { .o = o, .desk = desk, .pick = { .reader = desk_reader(desk), .what = *what } };
    const char *unknown = NULL;
    struct err err = { 0 };
    struct arena arena;
    int code = EXIT_IO;

    r.order = (struct replay_order){ .dead = o->dead, .dry = o->dry, .rules = rules };
    if (!o->dead) /* of dead events the store looks at the stage */
        r.order.status = slice_from(o->status);
    arena_init(&arena, (size_t)4 << 20);
    tally_open(&r.tally, o->dead, o->dry);
    if (count && pick_ids(&r.pick, ids, count, &arena, &unknown, &err) != 0)
        replay_complain(&err);
    else if (unknown)
        code = (fprintf(stderr, "clickbaton replay: no %s has the id \"%s\"; nothing was done\n",
                        o->dead ? "dead event" : "quarantined postback", unknown), EXIT_NO);
    else
        code = run_picked(&r);
    tally_close(&r.tally);
    arena_free(&arena);
    return code;
}

