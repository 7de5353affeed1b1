/* ask.c: questions on the terminal, each with its rule. */
#include "cli/init/init.h"

#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "cli/files.h"
#include "core/event/event.h"
#include "core/base/wipe.h"

#define ANSWER_MAX 2048

static bool letters_of(struct slice s, const char *more)
{
    for (size_t i = 0; i < s.len; i++)
        if (!ascii_is_alnum(s.ptr[i]) && !strchr(more, s.ptr[i]))
            return false;
    return s.len > 0;
}

/* It goes into YAML without quotes. */
static bool is_name(const char *answer)
{
    struct slice s = slice_from(answer);

    return letters_of(s, "-_") && s.len <= 64 && ascii_is_alnum(s.ptr[0]) &&
           !slice_eq_nocase(s, S("null"));
}

static const char *fault_tracker(const char *answer)
{
    char name[80];
    struct slice text;

    snprintf(name, sizeof(name), "mappings/%.60s.yaml", answer);
    return letters_of(slice_from(answer), "-_") && strcmp(answer, "rates") != 0 &&
                   files_embedded(name, &text)
               ? NULL
               : "keitaro, bemob, binom, redtrack, voluum, or generic for any other";
}

static const char *fault_offer(const char *answer)
{
    return is_name(answer) ? NULL
                           : "letters, digits, - and _ only, a letter or digit first, at most 64, and not "
                             "\"null\": it is part of a URL";
}

/* It goes into YAML as it is. */
static const char *fault_page(const char *answer)
{
    struct slice s = slice_from(answer), rest = s;

    rest = slice_starts(s, S("https://")) ? slice_from_at(s, 8) : (struct slice){ 0 };
    if (rest.len == 0 || rest.ptr[0] == '/')
        return "a whole URL that begins with https://";
    return letters_of(rest, ".-_~:/?[]@!$()*+,;=%&") ? NULL
                                                      : "a URL without blanks, quotes, {} and #";
}

static const char *fault_pixel(const char *answer)
{
    return is_name(answer) && letters_of(slice_from(answer), "")
               ? NULL
               : "the pixel's code as Events Manager shows it: letters and digits";
}

static const char *fault_currency(const char *answer)
{
    return event_currency_supported(slice_from(answer))
               ? NULL
               : "three capital letters, one that TikTok takes: USD, EUR, GBP ...";
}

static const char *fault_host(const char *answer)
{
    return letters_of(slice_from(answer), ".-_:") ? NULL : "a host name such as pb.example";
}

const struct init_question init_questions[INIT_QUESTIONS] = {
    [INIT_TRACKER] = { "--tracker", "Which tracker? (keitaro, bemob, binom, redtrack, voluum, generic)",
                       NULL, fault_tracker },
    [INIT_OFFER] = { "--offer", "A short name for the offer, such as nutra-de?", NULL, fault_offer },
    [INIT_PAGE] = { "--page", "The landing page's URL (https://...)?", NULL, fault_page },
    [INIT_PIXEL_CODE] = { "--pixel", "The pixel's code? (Enter: an example, for trying things)",
                          INIT_PIXEL, fault_pixel },
    [INIT_CURRENCY] = { "--currency", "Which currency shall values have? (Enter: USD)", "USD",
                        fault_currency },
    [INIT_HOST] = { "--host", "Under which host name will trackers reach clickbaton? (Enter: later)",
                    "YOUR-HOST", fault_host },
    [INIT_TRACKER_HOST] = { "--tracker-host", "The tracker's domain? (Enter: later)", "YOUR-TRACKER",
                            fault_host },
};

static int read_answer(char *line)
{
    size_t n;

    if (!fgets(line, ANSWER_MAX, stdin))
        return -1;
    n = strcspn(line, "\r\n");
    line[n] = '\0';
    return 0;
}

static int ask_one(struct arena *arena, const struct init_question *q, const char **answer,
                   struct err *err)
{
    char line[ANSWER_MAX];

    for (;;) {
        const char *fault;
        fprintf(stderr, "%s ", q->text);
        fflush(stderr);
        if (read_answer(line) != 0)
            return err_set(err, ERR_INPUT, "no answer for %s", q->option);
        *answer = arena_cstr(arena, slice_trim(slice_from(line)));
        if (!**answer && q->otherwise)
            *answer = q->otherwise;
        fault = q->fault(*answer);
        if (!fault || *answer == q->otherwise)
            return 0;
        fprintf(stderr, "  %s\n", fault);
    }
}

int init_ask(struct arena *arena, const char **answers[INIT_QUESTIONS], struct err *err)
{
    for (int i = 0; i < INIT_QUESTIONS; i++)
        if (!*answers[i] && ask_one(arena, &init_questions[i], answers[i], err) != 0)
            return -1;
    return 0;
}

char *init_ask_token(void)
{
    struct termios was, quiet;
    char line[ANSWER_MAX] = "";
    char *token = NULL;
    bool terminal = tcgetattr(STDIN_FILENO, &was) == 0;
    struct slice text;

    fputs("The Events API token? It is not shown. (Enter: none yet, events go to a local sandbox) ",
          stderr);
    fflush(stderr);
    quiet = was;
    quiet.c_lflag &= ~(tcflag_t)ECHO;
    if (terminal)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    text = read_answer(line) == 0 ? slice_trim(slice_from(line)) : (struct slice){ 0 };
    if (terminal)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &was);
    fputc('\n', stderr);
    if (text.len)
        token = files_secret_dup(text);
    wipe(line, sizeof(line));
    return token;
}
