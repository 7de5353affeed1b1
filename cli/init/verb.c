/* verb.c: `clickbaton init`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/catalog.h"
#include "cli/cli.h"
#include "cli/init/init.h"
#include "cli/maptest.h"
#include "cli/options.h"
#include "cli/urls.h"

static const struct verb_usage usage = {
    .synopsis = "init [FOLDER] [--tracker T] [--offer NAME] [--page URL] [--pixel CODE] ...",
    .about =
        "Writes a folder that serve can start with: clickbaton.yaml, an offer, keys. What is not said\n"
        "is asked. Without a token events go to `clickbaton sandbox` on this machine. Nothing that is\n"
        "there is overwritten.",
    .examples =
        "  clickbaton init\n"
        "  clickbaton init my --tracker keitaro --offer nutra-de --page https://lander.example/nutra",
};

/* What to type: the name where the shell finds this program by it, else its path. */
static const char *program(struct arena *arena)
{
    char self[4096];
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    struct slice path = slice_from(getenv("PATH") ? getenv("PATH") : ""), dir;

    if (n <= 0)
        return "clickbaton";
    self[n] = '\0';
    while (slice_next(&path, ':', &dir))
        if (dir.len && files_same(arena_printf(arena, "%.*s/clickbaton", SLICE_ARG(dir)).ptr, self))
            return "clickbaton";
    return arena_cstr(arena, slice_from(self));
}

static void print_next(const struct init_answers *a, const char *const *names, const char *me)
{
    puts("Written, and `clickbaton check` accepts it:\n");
    for (; *names; names++)
        printf("  %s/%s\n", a->folder, *names);
    puts("\nWhat to paste is above; YOUR-KEY is the line of keys/postback. Next:\n");
    if (strcmp(a->folder, ".") != 0)
        printf("  cd %s\n", a->folder);
    printf("  %s doctor\n      # sends a conversion of its own the whole way, to a sandbox on this "
           "machine\n", me);
    printf("  %s urls offers/%s.yaml --host %s --tracker-host %s\n      # what to paste into TikTok, "
           "the tracker and the landing page, once more\n", me, a->offer, a->host, a->tracker_host);
    if (!a->token)
        printf("  %s sandbox --listen " INIT_SANDBOX "\n      # in another window: in TikTok's place "
               "until you have a token\n", me);
    printf("  %s serve\n", me);
    if (!a->token)
        puts("\nThere is no token yet: put the one that Events Manager gives into keys/tiktok, and\n"
             "change `endpoint:` in clickbaton.yaml as it says there.");
    if (strcmp(a->pixel, INIT_PIXEL) == 0)
        printf("The pixel is an example: write your pixel's code in its place, into clickbaton.yaml and\n"
               "offers/%s.yaml.\n", a->offer);
}

/* Would check accept what was written, and do the offer's own tests pass?  Then what to paste. */
static int prove(const struct init_answers *a, struct arena *arena)
{
    struct catalog *c = catalog_open(arena_printf(arena, "%s/clickbaton.yaml", a->folder).ptr);
    struct maptest_result tests = { 0 };
    const struct kit_hosts hosts = { slice_from(a->host), slice_from(a->tracker_host),
                                     S("YOUR-LANDER") };
    int code;

    if (!c)
        return EXIT_IO;
    catalog_add_offers(c);
    for (size_t i = 0; i < c->offer_count; i++)
        maptest_run(c, c->offers[i].offer, cli_now(), &tests);
    catalog_print_problems(c, stderr);
    code = catalog_errors(c) ? EXIT_CONFIG : EXIT_DONE;
    if (code == EXIT_DONE && c->offer_count)
        code = urls_print(c, c->offers[0].offer, &hosts, false);
    catalog_close(c);
    return code;
}

static int check_given(const char **answers[INIT_QUESTIONS])
{
    for (int i = 0; i < INIT_QUESTIONS; i++) {
        const struct init_question *q = &init_questions[i];
        const char *fault = *answers[i] ? q->fault(*answers[i]) : NULL;
        if (fault)
            return options_misuse("init", "%s \"%s\": %s", q->option, *answers[i], fault);
    }
    return 0;
}

/* Without a terminal nobody answers. */
static int fill_defaults(const char **answers[INIT_QUESTIONS])
{
    for (int i = 0; i < INIT_QUESTIONS; i++) {
        if (!*answers[i])
            *answers[i] = init_questions[i].otherwise;
        if (!*answers[i])
            return options_misuse("init", "it needs %s (nobody can be asked: this is no terminal)",
                                  init_questions[i].option);
    }
    return 0;
}

static int gather(struct arena *arena, struct init_answers *a, const char *token_file)
{
    const char **answers[INIT_QUESTIONS] = { &a->tracker, &a->offer, &a->page, &a->pixel,
                                             &a->currency, &a->host, &a->tracker_host };
    struct diags diags = { .arena = arena };
    struct err err = { 0 };
    struct buf text = { 0 };
    int code = check_given(answers);

    if (code != 0)
        return code;
    if (a->test_code && init_questions[INIT_PIXEL_CODE].fault(a->test_code))
        return options_misuse("init", "--test-event-code: letters and digits, as the tab Test Events "
                                      "shows it");
    if (!isatty(STDIN_FILENO)) {
        if ((code = fill_defaults(answers)) != 0)
            return code;
    } else if (init_ask(arena, answers, &err) != 0) {
        return options_misuse("init", "%s", err.text);
    }
    if (token_file) {
        a->token = files_secret(token_file, (struct place){ 0 }, &diags);
        diags_print(&text, &diags);
        fwrite(text.ptr ? text.ptr : "", 1, text.len, stderr);
        buf_free(&text);
        return a->token ? 0 : EXIT_CONFIG;
    }
    if (isatty(STDIN_FILENO))
        a->token = init_ask_token();
    return 0;
}

static int run(struct init_answers *a, const char *token_file)
{
    struct arena arena;
    struct err err = { 0 };
    const char *const *names = NULL;
    int code;

    arena_init(&arena, 1024 * 1024);
    code = gather(&arena, a, token_file);
    if (code == 0 && init_write(&arena, a, &names, &err) != 0) {
        fprintf(stderr, "clickbaton init: %s\n", err.text);
        code = err.kind == ERR_INPUT ? EXIT_NO : EXIT_IO;
    } else if (code == 0 && (code = prove(a, &arena)) == 0) {
        print_next(a, names, program(&arena));
    }
    files_forget(a->token);
    arena_free(&arena);
    return code;
}

int cli_init(int argc, char **argv)
{
    struct init_answers a = { 0 };
    const char *token_file = NULL, *args[1] = { "clickbaton" };
    const struct option_row rows[] = {
        { "--tracker", NULL, OPTION_TEXT, &a.tracker, "T",
          "keitaro, bemob, binom, redtrack, voluum or generic" },
        { "--offer", NULL, OPTION_TEXT, &a.offer, "NAME", "part of its postback URL" },
        { "--page", NULL, OPTION_TEXT, &a.page, "URL", "the landing page" },
        { "--pixel", NULL, OPTION_TEXT, &a.pixel, "CODE", "as Events Manager shows it" },
        { "--currency", NULL, OPTION_TEXT, &a.currency, "CODE", "that values are sent in (USD)" },
        { "--host", NULL, OPTION_TEXT, &a.host, "HOST", "where trackers will reach clickbaton" },
        { "--tracker-host", NULL, OPTION_TEXT, &a.tracker_host, "HOST", "the tracker's domain" },
        { "--token-file", NULL, OPTION_TEXT, &token_file, "FILE",
          "the Events API token, copied into keys/tiktok" },
        { "--test-event-code", NULL, OPTION_TEXT, &a.test_code, "CODE",
          "send test events only, until you remove it" },
        { 0 },
    };
    int code, n = options_parse(argc, argv, rows, &usage, args, 0, 1, &code);

    if (n < 0)
        return code;
    a.folder = args[0];
    if (!*a.folder)
        return options_misuse("init", "the folder has no name");
    return run(&a, token_file);
}
