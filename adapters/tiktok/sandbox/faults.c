#include "adapters/tiktok/sandbox/faults.h"

#include <stdio.h>
#include <string.h>

#include "adapters/tiktok/sandbox.h"
#include "core/base/diag.h"

#define CERTAIN 1000000
#define STALL_MAX 3600
#define WORDS                                                                                      \
    "429[=SECONDS|=none] 500 502 503 code=N stall[=SECONDS] stall-after[=SECONDS] "                \
    "reset reset-after garbage html cut"

enum argument { ARG_NONE, ARG_RETRY, ARG_CODE, ARG_SECONDS };

static const struct word {
    struct slice name;
    enum fault_kind kind;
    bool after;
    enum argument argument;
    unsigned number;
} words[] = {
    { SLICE("429"), FAULT_STATUS, false, ARG_RETRY, 429 },
    { SLICE("500"), FAULT_STATUS, false, ARG_NONE, 500 },
    { SLICE("502"), FAULT_STATUS, false, ARG_NONE, 502 },
    { SLICE("503"), FAULT_STATUS, false, ARG_NONE, 503 },
    { SLICE("code"), FAULT_CODE, false, ARG_CODE, 0 },
    { SLICE("stall"), FAULT_STALL, false, ARG_SECONDS, 60 },
    { SLICE("stall-after"), FAULT_STALL, true, ARG_SECONDS, 60 },
    { SLICE("reset"), FAULT_RESET, false, ARG_NONE, 0 },
    { SLICE("reset-after"), FAULT_RESET, true, ARG_NONE, 0 },
    { SLICE("garbage"), FAULT_GARBAGE, false, ARG_NONE, 0 },
    { SLICE("html"), FAULT_HTML, false, ARG_NONE, 0 },
    { SLICE("cut"), FAULT_CUT, true, ARG_NONE, 0 },
};
#define WORD_COUNT (sizeof(words) / sizeof(words[0]))

const char sandbox_fault_help[] =
    "  429[=SECONDS|=none]      HTTP 429 with Retry-After 1, or that many seconds, or without\n"
    "  500  502  503            that status with a proxy's HTML page\n"
    "  code=N                   HTTP 200 with this code, such as 40100; nothing is accepted\n"
    "                           (except with 20001, which means that it was)\n"
    "  stall[=SECONDS]          no answer for 60 s, then the connection ends; nothing accepted\n"
    "  stall-after[=SECONDS]    the same, but the events are accepted\n"
    "  reset                    connection reset; nothing accepted\n"
    "  reset-after              events accepted, then connection reset: the outcome is unknown\n"
    "  cut                      events accepted, then half of the answer\n"
    "  garbage                  bytes that are not HTTP; nothing accepted\n"
    "  html                     HTTP 200 with a web page; nothing accepted\n"
    "  NAME:PROBABILITY         only now and then, such as 429:0.1\n"
    "  first=N:NAME             only for the first N requests that reach it\n";

/* "0.25" to millionths; false when it is not a number from 0 to 1 with at most 6 decimals. */
static bool parse_chance(struct slice text, uint32_t *out)
{
    struct slice whole, part;
    uint64_t units, millionths = 0;
    bool point = slice_cut(text, '.', &whole, &part);

    if (!slice_to_u64(whole, &units) || units > 1 || (point && (part.len == 0 || part.len > 6)))
        return false;
    if (point && !slice_to_u64(part, &millionths))
        return false;
    for (size_t i = part.len; point && i < 6; i++)
        millionths *= 10;
    millionths += units * CERTAIN;
    *out = (uint32_t)millionths;
    return millionths <= CERTAIN;
}

static const struct word *find_word(struct slice name, struct slice *near)
{
    struct slice list[WORD_COUNT + 1] = { { 0 } };

    for (size_t i = 0; i < WORD_COUNT; i++) {
        if (slice_eq(words[i].name, name))
            return &words[i];
        list[i] = words[i].name;
    }
    *near = diag_nearest(name, list);
    return NULL;
}

static bool parse_argument(const struct word *w, bool given, struct slice text, struct fault *out)
{
    uint64_t n = 0;

    out->number = w->number;
    out->retry_after = w->argument == ARG_RETRY ? 1 : 0;
    if (!given)
        return w->argument != ARG_CODE;
    switch (w->argument) {
    case ARG_NONE:
        return false;
    case ARG_RETRY:
        if (!slice_eq(text, S("none")) && (!slice_to_u64(text, &n) || n == 0 || n > STALL_MAX))
            return false;
        out->retry_after = (unsigned)n;
        return true;
    case ARG_CODE:
        out->number = slice_to_u64(text, &n) && n > 0 && n <= 99999 ? (unsigned)n : 0;
        out->after = n == 20001; /* PARTIAL_OK: counts as accepted */
        return out->number != 0;
    case ARG_SECONDS:
        out->number = slice_to_u64(text, &n) && n > 0 && n <= STALL_MAX ? (unsigned)n : 0;
        return out->number != 0;
    }
    return false;
}

static int bad(struct slice item, const char *why, struct slice near, struct err *err)
{
    return err_set(err, ERR_INPUT,
                   "fault \"%.*s\": %s%s%.*s%s; the words are: " WORDS
                   "; each may end in :PROBABILITY from 0 to 1 and begin with first=N:",
                   SLICE_ARG(slice_head(item, 40)), why, near.len ? "; did you mean \"" : "",
                   SLICE_ARG(near), near.len ? "\"?" : "");
}

static int parse_rule(struct slice item, struct fault *out, struct err *err)
{
    struct slice text = item, name, chance, argument, near = { 0 };
    const struct word *w;
    bool given;

    *out = (struct fault){ .chance = CERTAIN };
    if (slice_starts(text, S("first="))) {
        if (!slice_cut(slice_from_at(text, 6), ':', &name, &text) ||
            !slice_to_u64(name, &out->first) || out->first == 0)
            return bad(item, "first=N: takes a whole number and a fault", near, err);
    }
    if (slice_cut(text, ':', &text, &chance) && !parse_chance(chance, &out->chance))
        return bad(item, "the probability is no number from 0 to 1", near, err);
    given = slice_cut(text, '=', &name, &argument);
    w = find_word(name, &near);
    if (!w)
        return bad(item, "unknown", near, err);
    out->kind = w->kind;
    out->after = w->after;
    if (!parse_argument(w, given, argument, out))
        return bad(item, given ? "the part behind = does not fit" : "a code is needed", near, err);
    out->left = out->first;
    snprintf(out->label, sizeof(out->label), "%.*s", SLICE_ARG(text));
    return 0;
}

int sandbox_faults_parse(struct sandbox_faults *f, const char *spec, uint64_t seed, struct err *err)
{
    struct slice rest = slice_from(spec), item;

    *f = (struct sandbox_faults){ .seed = seed, .dice = seed };
    while (slice_next(&rest, ',', &item)) {
        if (f->count == FAULTS_MAX)
            return err_set(err, ERR_INPUT, "more than %d faults", FAULTS_MAX);
        if (parse_rule(slice_trim(item), &f->rules[f->count], err) != 0)
            return -1;
        f->count++;
    }
    return 0;
}

void sandbox_faults_reset(struct sandbox_faults *f)
{
    f->dice = f->seed;
    for (size_t i = 0; i < f->count; i++) {
        f->rules[i].left = f->rules[i].first;
        f->rules[i].hits = 0;
    }
}

/* SplitMix64. */
static uint64_t roll(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

const struct fault *sandbox_faults_pick(struct sandbox_faults *f)
{
    for (size_t i = 0; i < f->count; i++) {
        struct fault *rule = &f->rules[i];
        if (rule->first && rule->left == 0)
            continue;
        rule->left -= rule->first ? 1 : 0;
        if (rule->chance < CERTAIN && roll(&f->dice) % CERTAIN >= rule->chance)
            continue;
        rule->hits++;
        return rule;
    }
    return NULL;
}
