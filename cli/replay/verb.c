/* verb.c: `clickbaton replay`. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/hops.h"
#include "cli/options.h"
#include "cli/replay/replay.h"
#include "core/base/codes.h"
#include "core/base/when.h"

#define ARGS_MOST 200

static const struct verb_usage usage = {
    .synopsis = "replay [-c FILE] [--quarantined | --dead] [--since T] [--until T] [--offer O]\n"
                "       [--tracker T] [--code C] [--status W] [--rate N] [--dry-run] [--yes] [--json] "
                "[ID...]",
    .about =
        "Takes what is kept and was not sent once more. --quarantined (the default): postbacks that\n"
        "were not understood are translated by the mappings as they are now; what is understood\n"
        "now is queued with the event_id it would have had. --dead: events that were given up wait\n"
        "again as they are. Asks the running server to do it, or does it itself when none runs.\n"
        "ID: only what has that click id, ttclid, event id or transaction id. Ctrl-C stops after\n"
        "the group in hand; the same command goes on from there. Gives 1 when something of it\n"
        "stays as it was.",
    .examples = "  clickbaton replay --dry-run\n"
                "  clickbaton replay --offer nutra-de --code Q002 --since 7d\n"
                "  clickbaton replay --dead --rate 50",
};

struct options {
    const char *config, *since, *until, *offer, *tracker, *code, *status;
    bool quarantined, dead, dry, yes, json;
    int64_t rate;
};

struct run {
    const struct options *o;
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

static void catch_signals(void)
{
    struct sigaction action = { .sa_handler = on_signal }; /* no SA_RESTART: a question ends too */

    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
}

static int complain(const struct err *err)
{
    fprintf(stderr, "clickbaton replay: %s\n", err->text);
    return -1;
}

/* ---- options ---- */

/* An age (7d), a date (2026-05-28), a time (2026-05-28T20:26:40Z) or Unix seconds, to milliseconds. */
static bool read_time(const char *text, int64_t now, int64_t *out)
{
    struct slice s = slice_from(text);
    struct buf day = { .limit = 64 };
    int64_t n;
    bool ok = true;

    if (when_duration_parse(s, &n)) {
        *out = (now - n) * 1000;
    } else if (when_parse(s, WHEN_ANY, 0, &n)) {
        *out = n * 1000;
    } else {
        buf_printf(&day, "%sT00:00:00Z", text);
        ok = when_parse(buf_slice(&day), WHEN_ISO, 0, &n);
        *out = ok ? n * 1000 : 0;
    }
    buf_free(&day);
    return ok;
}

static bool is_quarantine(const char *code)
{
    return code[0] == 'Q' && code_find(code) != NULL;
}

static int check(const char *verb, const struct options *o, struct store_again *what)
{
    int64_t now = cli_now(), number;

    if (o->quarantined && o->dead)
        return options_misuse(verb, "--quarantined and --dead are two runs");
    if (o->since && !read_time(o->since, now, &what->since))
        return options_misuse(verb, "--since takes an age (7d, 36h), a date or a time, not \"%s\"",
                              o->since);
    if (o->until && !read_time(o->until, now, &what->until))
        return options_misuse(verb, "--until takes an age (7d, 36h), a date or a time, not \"%s\"",
                              o->until);
    if (o->code && !o->dead && !is_quarantine(o->code))
        return options_misuse(verb, "--code takes the code of a quarantine, such as Q002, not \"%s\"",
                              o->code);
    if (o->code && o->dead && !slice_to_i64(slice_from(o->code), &number))
        return options_misuse(verb, "--code takes, with --dead, TikTok's code of the last attempt, "
                              "such as 40002, not \"%s\"", o->code);
    if (o->rate < 0)
        return options_misuse(verb, "--rate takes events per second");
    what->dead = o->dead;
    what->offer = slice_from(o->offer);
    what->tracker = slice_from(o->tracker);
    what->code = slice_from(o->code);
    if (o->dead)
        what->stage = slice_from(o->status);
    return 0;
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

    if (r->o->rate == 0 || r->o->dry)
        return;
    due = r->progress.started_ms + r->tally.events * 1000 / r->o->rate;
    while (!interrupted && progress_clock() < due) {
        int64_t left = due - progress_clock();
        struct timespec pause = { 0, (left > 100 ? 100 : left > 1 ? left : 1) * 1000000 };
        nanosleep(&pause, NULL);
    }
}

static unsigned group_size(const struct options *o)
{
    if (o->rate == 0 || o->dry || o->rate / 4 >= REPLAY_GROUP)
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

static int nothing(const struct options *o)
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
        return complain(&err), EXIT_IO;
    if (r->total == 0 && !interrupted)
        return nothing(r->o);
    if (r->old)
        fprintf(stderr, "%lld of them %s older than 28 days and stay: no click can be credited\n",
                (long long)r->old, are(r->old));
    if (interrupted || ask_repeats(r) == 0)
        return EXIT_NO;
    if (do_all(r, &err) != 0) {
        if (err.text[0])
            complain(&err);
        fprintf(stderr, "%lld of %lld are done and stay so; the same command goes on with the rest\n",
                (long long)r->tally.rows, (long long)r->total);
        return err.kind == ERR_INPUT ? EXIT_CONFIG : EXIT_IO;
    }
    return finish(r);
}

static int run_on(struct run *r, const char *const *ids, size_t count)
{
    const char *unknown = NULL;
    struct err err = { 0 };
    struct arena arena;
    int code = EXIT_IO;

    arena_init(&arena, (size_t)4 << 20);
    tally_open(&r->tally, r->o->dead, r->o->dry);
    r->pick.reader = desk_reader(r->desk);
    if (count && pick_ids(&r->pick, ids, count, &arena, &unknown, &err) != 0)
        complain(&err);
    else if (unknown)
        code = (fprintf(stderr, "clickbaton replay: no %s has the id \"%s\"; nothing was done\n",
                        r->o->dead ? "dead event" : "quarantined postback", unknown), EXIT_NO);
    else
        code = run_picked(r);
    tally_close(&r->tally);
    arena_free(&arena);
    return code;
}

/* An offer that is not configured has no mapping to translate by. */
static int check_offer(const char *verb, struct catalog *c, const struct options *o)
{
    struct slice *names, near = { 0 }, offer = slice_from(o->offer);

    if (!o->offer || o->dead || catalog_find(c, offer))
        return 0;
    names = ARENA_ARRAY(&c->arena, struct slice, c->offer_count + 1);
    for (size_t i = 0; names && i < c->offer_count; i++)
        names[i] = c->offers[i].offer->name;
    if (names)
        near = diag_nearest(offer, names);
    if (near.len)
        return options_misuse(verb, "no offer is called \"%s\"; did you mean \"%.*s\"?", o->offer,
                              SLICE_ARG(near));
    return options_misuse(verb, "no offer is called \"%s\"", o->offer);
}

static int run_with(const char *verb, const struct options *o, const struct store_again *what,
                    const char *const *ids, size_t count)
{
    struct catalog *c = catalog_open(o->config);
    struct run r = { .o = o, .pick = { .what = *what } };
    struct err err = { 0 };
    int code;

    if (!c)
        return EXIT_IO;
    catalog_add_offers(c);
    r.order = (struct replay_order){ .dead = o->dead, .dry = o->dry, .rules = c->print,
                                     .status = o->dead ? (struct slice){ 0 }
                                                       : slice_from(o->status) };
    if (catalog_errors(c)) {
        catalog_print_problems(c, stderr);
        code = EXIT_CONFIG;
    } else if ((code = check_offer(verb, c, o)) == 0) {
        catch_signals();
        if (!o->dead && !o->quarantined && !o->json)
            fputs("replaying quarantined postbacks (--dead: events that were given up)\n", stderr);
        r.desk = desk_open(c, o->dead, &err);
        if (r.desk)
            code = run_on(&r, ids, count);
        else
            code = (complain(&err), err.kind == ERR_INPUT ? EXIT_CONFIG : EXIT_IO);
        desk_close(r.desk);
    }
    catalog_close(c);
    return code;
}

int cli_replay(int argc, char **argv)
{
    struct options o = { .config = "clickbaton.yaml" };
    const struct option_row rows[] = {
        { "--config", "-c", OPTION_TEXT, &o.config, "FILE",
          "the configuration; default clickbaton.yaml" },
        { "--quarantined", NULL, OPTION_FLAG, &o.quarantined, NULL,
          "postbacks that were not understood; the default" },
        { "--dead", NULL, OPTION_FLAG, &o.dead, NULL, "events that were given up" },
        { "--since", NULL, OPTION_TEXT, &o.since, "T", "not before: an age (7d, 36h), a date, a time" },
        { "--until", NULL, OPTION_TEXT, &o.until, "T", "before" },
        { "--offer", NULL, OPTION_TEXT, &o.offer, "O", "this offer alone" },
        { "--tracker", NULL, OPTION_TEXT, &o.tracker, "T", "this tracker alone" },
        { "--code", NULL, OPTION_TEXT, &o.code, "C", "this reason: Q002; with --dead TikTok's code" },
        { "--status", NULL, OPTION_TEXT, &o.status, "W", "this status word or stage; --dead: stage" },
        { "--rate", NULL, OPTION_INTEGER, &o.rate, "N", "at most N events a second; default: all" },
        { "--dry-run", NULL, OPTION_FLAG, &o.dry, NULL, "print what would be sent; changes nothing" },
        { "--yes", NULL, OPTION_FLAG, &o.yes, NULL, "do not ask about what TikTok may have" },
        { "--json", NULL, OPTION_FLAG, &o.json, NULL, "one object per line and the total" },
        { 0 },
    };
    const char *ids[ARGS_MOST];
    struct store_again what = { .dead = false };
    int code, n = options_parse(argc, argv, rows, &usage, ids, 0, ARGS_MOST, &code);

    if (n < 0)
        return code;
    code = check(argv[0], &o, &what);
    return code ? code : run_with(argv[0], &o, &what, ids, (size_t)n);
}
