#include "core/chain/step.h"

#include "core/base/buf.h"
#include "core/chain/url.h"
#include "core/params/params.h"

#define SERVERS_TAKE 8000 /* bytes of a URL, many by default */
#define NAMES_SHOWN 5
#define NAMES_TRIED 50
#define MACROS_SHOWN 20

struct judge {
    struct arena *arena;
    const struct step *step;
    struct step_result *out;
    struct url from, to;
    struct baton_found came, leaves;
};

/* ---- lost ---- */

static struct slice without_slash(struct slice path)
{
    return slice_ends(path, S("/")) ? slice_head(path, path.len - 1) : path;
}

/* The same page at its proper address: with or without the last '/', "www.", https, capitals. */
static bool is_canonical(const struct judge *j)
{
    return url_same_site(j->from.host, j->to.host) &&
           slice_eq_nocase(without_slash(j->from.path), without_slash(j->to.path));
}

/* Names that came and leave unharmed: "a, b". */
static struct slice passed_on(struct judge *j)
{
    struct slice from = j->from.query, value = { 0 }, list;
    struct buf names = { 0 };
    struct url_pair pair;
    size_t n = 0;

    for (int tried = 0; tried < NAMES_TRIED && url_next_pair(&from, &pair); tried++) {
        struct slice name = url_decode(j->arena, pair.name);
        if (!url_get(j->arena, j->to.query, name, &value))
            continue;
        if (++n > NAMES_SHOWN)
            break;
        buf_puts(&names, n > 1 ? ", " : "");
        buf_add(&names, note_short(j->arena, name));
    }
    if (n > NAMES_SHOWN)
        buf_puts(&names, " ...");
    list = arena_dup(j->arena, buf_slice(&names));
    buf_free(&names);
    return list;
}

/* The address to link to instead: the one it is sent to, with the query that came. */
static struct slice better_link(struct judge *j)
{
    struct url u = j->to;
    struct buf b = { 0 };
    struct slice text;

    u.query = S("...");
    u.has_query = true;
    u.has_fragment = false;
    u.fragment = (struct slice){ 0 };
    url_print(&b, &u);
    text = note_short(j->arena, arena_dup(j->arena, buf_slice(&b)));
    buf_free(&b);
    return text;
}

static const char *sender(const struct judge *j)
{
    return j->step->by_page ? "this page's own redirect" : "this redirect";
}

static void say_lost(struct judge *j)
{
    struct notes *n = &j->out->harm;
    struct slice kept = passed_on(j);

    if (j->leaves.in_fragment)
        note_add(n, "H066", S("ttclid"),
                 "the ttclid stands behind the # of the address: no server gets that. What to "
                 "change: put the parameters before the #");
    else if (is_canonical(j) && !j->to.has_query)
        note_add(n, "H061", S("ttclid"),
                 "the server sends visitors to the page's proper address and forgets the "
                 "parameters. What to change: link to %.*s",
                 SLICE_ARG(better_link(j)));
    else if (kept.len)
        note_add(n, "H062", S("ttclid"),
                 "%s passes on only some parameters (%.*s), and the ttclid is not among them. What "
                 "to change: add it to the list of those that are passed on, or carry it in one of "
                 "them",
                 sender(j), SLICE_ARG(kept));
    else if (j->out->changes.added.count)
        note_add(
            n, "H063", S("ttclid"),
            "%s goes on with parameters of its own (%.*s) and without the ttclid. What to "
            "change: add ttclid to its target; if it is a tracker that keeps the ttclid as the "
            "source's click id, see that its postback sends it back",
            sender(j), SLICE_ARG(note_short(j->arena, j->out->changes.added.list[0])));
    else
        note_add(n, "H060", S("ttclid"),
                 "%s drops all parameters, the ttclid with them. What to change: let it append the "
                 "query that it was asked with",
                 sender(j));
}

/* ---- damaged ---- */

static void say_changed(struct judge *j)
{
    static const struct {
        const char *code, *text;
    } rows[] = {
        [HARM_NONE] = { "H067", "is another one" },
        [HARM_CASE] = { "H064", "leaves with its capitals changed, and TikTok will not know it. "
                                "What to change: no lower-casing of URLs" },
        [HARM_ENCODED] = { "H065", "is percent-encoded once too often. What to change: encode it "
                                   "once, or use the tracker's raw macro" },
        [HARM_DECODED] = { "H065", "is percent-decoded once too often. What to change: encode it "
                                   "again before it goes into the URL" },
        [HARM_BLANKS] = { "H067",
                          "leaves with blanks in it or around it. What to change: encode it "
                          "(%2B for a plus sign), and no blank in the target" },
        [HARM_GLUED] = { "H068", "has the next parameter glued to it. What to change: & instead of "
                                 "a second ?, and no HTML entities in the target" },
        [HARM_BASE64] = { "H067", "leaves in base64. What to change: pass it on as it comes" },
        [HARM_INSIDE] = { "H069", "stands inside of another value now: only who takes that apart "
                                  "finds it. What to change: carry it in a parameter of its own" },
    };
    const char *code = rows[j->leaves.harm].code, *text = rows[j->leaves.harm].text;

    note_add(&j->out->harm, code, j->leaves.name, "the ttclid (in %.*s) %s",
             SLICE_ARG(note_short(j->arena, j->leaves.name)), text);
}

static void say_cut(struct judge *j)
{
    note_add(&j->out->harm, "H070", j->leaves.name,
             "the ttclid (in %.*s) is cut to %zu of its %zu characters. What to change: let this "
             "hop pass 1,000, or carry a short click id instead",
             SLICE_ARG(note_short(j->arena, j->leaves.name)), j->leaves.value.len,
             j->step->wanted.len);
}

/* ---- what else ---- */

static void warn_key(struct judge *j)
{
    struct slice old = j->came.name, new = j->leaves.name;

    if (j->came.state == BATON_KEPT && j->leaves.state == BATON_KEPT && !slice_eq(old, new) &&
        slice_eq_nocase(old, new))
        note_add(&j->out->warnings, "H071", new,
                 "the parameter %.*s becomes %.*s: names of parameters have upper and lower case; "
                 "write it as it came",
                 SLICE_ARG(note_short(j->arena, old)), SLICE_ARG(note_short(j->arena, new)));
}

static bool has_two(struct arena *arena, struct slice query)
{
    struct slice first = { 0 };
    struct url_pair pair;
    bool seen = false;

    for (int n = 0; n < COMPARE_PAIRS && url_next_pair(&query, &pair); n++) {
        struct slice value = url_decode(arena, pair.value);
        if (!slice_eq(pair.name, S("ttclid")))
            continue;
        if (seen && !slice_eq(value, first))
            return true;
        first = value;
        seen = true;
    }
    return false;
}

static void warn_url(struct judge *j)
{
    struct notes *n = &j->out->warnings;

    if (slice_eq_nocase(j->from.scheme, S("https")) && slice_eq_nocase(j->to.scheme, S("http")))
        note_add(n, "H041", j->to.host,
                 "it goes on from https to http: browsers warn of it and drop the referrer; write "
                 "https:// in its target");
    if (has_two(j->arena, j->to.query) && !has_two(j->arena, j->from.query))
        note_add(n, "H072", S("ttclid"),
                 "ttclid leaves twice with two values: which of them counts differs from program "
                 "to program; keep one");
    if (j->step->leaves.len > SERVERS_TAKE && j->step->arrives.len <= SERVERS_TAKE)
        note_add(n, "H044", j->to.host,
                 "the URL that leaves has %zu bytes: many servers refuse more than 8,000 (414)",
                 j->step->leaves.len);
}

static bool holds_value(struct arena *arena, struct slice query, struct slice wanted)
{
    struct url_pair pair;

    for (int n = 0; n < COMPARE_PAIRS && url_next_pair(&query, &pair); n++)
        if (slice_eq(url_decode(arena, pair.value), wanted))
            return true;
    return false;
}

void step_macros(struct arena *arena, struct slice before, struct slice url, struct notes *warnings)
{
    struct url u, old = { .has_query = false };
    struct url_pair pair;
    struct slice rest;
    int shown = 0;

    if (url_parse(url, &u))
        return;
    if (url_parse(before, &old))
        old.query = (struct slice){ 0 };
    rest = u.query;
    for (int n = 0; n < COMPARE_PAIRS && url_next_pair(&rest, &pair); n++) {
        struct slice value = url_decode(arena, pair.value), name = url_decode(arena, pair.name);
        const char *why = slice_trim(value).len ? params_unusable(value) : NULL;
        if (!why || holds_value(arena, old.query, value))
            continue;
        if (++shown > MACROS_SHOWN)
            break;
        note_add(warnings, "H073", name,
                 "%.*s %s: nobody filled it; check its spelling and who should fill it",
                 SLICE_ARG(note_short(arena, name)), why);
    }
}

/* ---- all of it ---- */

bool step_judge(struct arena *arena, const struct step *step, struct step_result *out)
{
    struct judge j = { .arena = arena, .step = step, .out = out };
    bool came;

    *out = (struct step_result){ .harm.arena = arena, .warnings.arena = arena };
    if (!compare_urls(arena, step->arrives, step->leaves, &out->changes) ||
        url_parse(step->arrives, &j.from) || url_parse(step->leaves, &j.to))
        return !arena->full;
    j.came = compare_value(arena, step->arrives, step->wanted);
    j.leaves = compare_value(arena, step->leaves, step->wanted);
    came = j.came.state != BATON_LOST && j.came.state != BATON_ABSENT;
    out->state = j.leaves.state;
    if (!came && out->state == BATON_LOST && !j.leaves.in_fragment)
        out->state = BATON_ABSENT;
    if (came && out->state == BATON_LOST)
        say_lost(&j);
    else if (out->state == BATON_CHANGED &&
             (j.came.state != BATON_CHANGED || j.came.harm != j.leaves.harm))
        say_changed(&j);
    else if (out->state == BATON_TRUNCATED &&
             (j.came.state != BATON_TRUNCATED || j.came.value.len != j.leaves.value.len))
        say_cut(&j);
    warn_key(&j);
    warn_url(&j);
    step_macros(arena, step->arrives, step->leaves, &out->warnings);
    return !arena->full;
}

void step_last(struct arena *arena, struct slice url, struct slice wanted, struct notes *warnings)
{
    struct baton_found f = compare_value(arena, url, wanted);

    if (f.state == BATON_KEPT && !slice_eq(f.name, S("ttclid")))
        note_add(warnings, "H074", f.name,
                 "the last page gets the ttclid as %.*s: TikTok's pixel looks for ttclid only; let "
                 "the last link carry ttclid=",
                 SLICE_ARG(f.name.len ? note_short(arena, f.name) : S("a value without a name")));
}
