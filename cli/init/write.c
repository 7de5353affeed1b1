/* write.c: the files of a new folder.  Nothing that is there is overwritten. */
#include "cli/init/init.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "cli/end.h"
#include "cli/files.h"
#include "cli/schema/schema.h"
#include "core/base/wipe.h"

#define KEY_BYTES 16
#define SECRET_PREFIX_MAX 16
#define MARKS_MAX 12
#define MADE_MAX 12

struct mark {
    const char *name; /* "@OFFER@" */
    struct slice value;
};

struct writer {
    struct arena *arena;
    const char *folder;
    struct mark marks[MARKS_MAX];
    size_t mark_count;
    struct slice schema;
    const char *made[MADE_MAX]; /* in order, and undone backwards */
    size_t made_count;
    struct err *err;
};

static const char *at(struct writer *w, const char *name)
{
    return arena_printf(w->arena, "%s/%s", w->folder, name).ptr;
}

/* What is there now has not been before.  Needs no memory. */
static void undo(void *writer)
{
    struct writer *w = writer;

    while (w->made_count)
        remove(w->made[--w->made_count]);
}

static int make_folder(struct writer *w, const char *path, mode_t mode)
{
    struct stat st;

    if (mkdir(path, mode) == 0) {
        w->made[w->made_count++] = path;
        return 0;
    }
    if (errno == EEXIST && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return 0;
    return err_set(w->err, ERR_SYSTEM, "%s: %s", path, strerror(errno));
}

static int make_file(struct writer *w, const char *name, unsigned mode, struct slice text)
{
    const char *path = at(w, name);

    if (!path || files_create(path, mode, text, w->err) != 0)
        return path ? -1 : err_set(w->err, ERR_SYSTEM, "out of memory");
    w->made[w->made_count++] = path;
    return 0;
}

static void mark(struct writer *w, const char *name, struct slice value)
{
    w->marks[w->mark_count++] = (struct mark){ name, value };
}

/* A template of the binary with its marks filled. */
static int make_from(struct writer *w, const char *template, const char *name)
{
    struct buf out = { 0 };
    struct slice text;
    int rc;

    if (!files_embedded(template, &text))
        return err_set(w->err, ERR_SYSTEM, "%s is not in this binary", template);
    while (text.len) {
        const struct mark *m = w->marks, *end = m + w->mark_count;
        while (m < end && !slice_starts(text, slice_from(m->name)))
            m++;
        if (m < end)
            buf_add(&out, m->value);
        else
            buf_byte(&out, text.ptr[0]);
        text = slice_from_at(text, m < end ? strlen(m->name) : 1);
    }
    rc = buf_ok(&out) ? make_file(w, name, 0644, buf_slice(&out))
                      : err_set(w->err, ERR_SYSTEM, "out of memory");
    buf_free(&out);
    return rc;
}

/* One for all files of the folder: the first line of each names it.  Made before anything is written, for
 * the C library's regcomp does not always survive a lack of memory. */
static int print_schema(struct writer *w)
{
    struct buf out = { 0 };

    schema_print(&out, w->arena, "");
    w->schema = arena_dup(w->arena, buf_slice(&out));
    w->arena->full |= !buf_ok(&out);
    buf_free(&out);
    return w->arena->full ? -1 : 0;
}

/* The secret, or a random one behind prefix. */
static int make_secret(struct writer *w, const char *name, const char *secret, const char *prefix)
{
    static const char hex[] = "0123456789abcdef";
    unsigned char bytes[KEY_BYTES];
    char text[SECRET_PREFIX_MAX + 2 * KEY_BYTES];
    size_t n = strlen(prefix);
    int rc;

    if (secret)
        return make_file(w, name, 0600, slice_from(secret));
    if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
        return err_set(w->err, ERR_SYSTEM, "no random numbers: %s", strerror(errno));
    memcpy(text, prefix, n);
    for (size_t i = 0; i < sizeof(bytes); i++) {
        text[n++] = hex[bytes[i] >> 4];
        text[n++] = hex[bytes[i] & 15];
    }
    rc = make_file(w, name, 0600, (struct slice){ text, n });
    wipe(text, sizeof(text));
    return rc;
}

/* https://lander.example of https://lander.example/nutra?a=b, in small letters. */
static struct slice origin_of(struct arena *arena, const char *page)
{
    struct slice s = slice_from(page);
    size_t end = 8;
    char *out;

    while (end < s.len && s.ptr[end] != '/' && s.ptr[end] != '?')
        end++;
    out = arena_alloc(arena, end + 1);
    for (size_t i = 0; out && i < end; i++)
        out[i] = ascii_lower(s.ptr[i]);
    return out ? (struct slice){ out, end } : (struct slice){ 0 };
}

/* The examples name the currency, too. */
static struct slice with_currency(struct writer *w, struct slice text, const char *currency)
{
    size_t n = slice_find(text, S("@CURRENCY@"));

    return n == text.len ? text
                         : arena_printf(w->arena, "%.*s%s%.*s", (int)n, text.ptr, currency,
                                        (int)(text.len - n - 10), text.ptr + n + 10);
}

static int prepare(struct writer *w, const struct init_answers *a)
{
    static const char real[] =
        "  endpoint: https://business-api.tiktok.com/open_api/v1.3/event/track/";
    static const char sandbox[] =
        "  endpoint: http://" INIT_SANDBOX "/open_api/v1.3/event/track/   # a local `clickbaton sandbox`\n"
        "  # The real one, once keys/tiktok holds the token that Events Manager gives:\n"
        "  # endpoint: https://business-api.tiktok.com/open_api/v1.3/event/track/";
    struct slice sale, click;

    if (init_examples(w->arena, a->tracker, &sale, &click) != 0)
        return err_set(w->err, ERR_SYSTEM, "there is no tracker mapping \"%s\"", a->tracker);
    mark(w, "@OFFER@", slice_from(a->offer));
    mark(w, "@TRACKER@", slice_from(a->tracker));
    mark(w, "@PIXEL@", slice_from(a->pixel));
    mark(w, "@PAGE@", arena_printf(w->arena, "\"%s\"", a->page));
    mark(w, "@ORIGIN@", arena_printf(w->arena, "\"%.*s\"", SLICE_ARG(origin_of(w->arena, a->page))));
    mark(w, "@CURRENCY@", slice_from(a->currency));
    mark(w, "@SALE@", with_currency(w, sale, a->currency));
    mark(w, "@CLICK@", click);
    mark(w, "@ENDPOINT@", slice_from(a->token ? real : sandbox));
    mark(w, "@TEST_CODE@", a->test_code ? arena_printf(w->arena, ", test_event_code: %s", a->test_code)
                                        : (struct slice){ 0 });
    return 0;
}

static int write_all(struct writer *w, const struct init_answers *a, const char *offer)
{
    if (make_folder(w, a->folder, 0755) != 0 || make_folder(w, at(w, "offers"), 0755) != 0 ||
        make_folder(w, at(w, "mappings"), 0755) != 0 || make_folder(w, at(w, "keys"), 0700) != 0)
        return -1;
    if (make_secret(w, "keys/postback", NULL, "") != 0 ||
        make_secret(w, "keys/tiktok", a->token, INIT_NO_TOKEN) != 0 ||
        make_file(w, "schema.json", 0644, w->schema) != 0 ||
        make_from(w, "cli/init/clickbaton.yaml", "clickbaton.yaml") != 0)
        return -1;
    return make_from(w, "cli/init/offer.yaml", offer);
}

int init_write(struct arena *arena, const struct init_answers *a, const char *const **names,
               struct err *err)
{
    struct writer w = { .arena = arena, .folder = a->folder, .err = err };
    const char **list = ARENA_ARRAY(arena, const char *, 6);
    const char *offer = arena_printf(arena, "offers/%s.yaml", a->offer).ptr;
    struct stat st;
    int rc;

    if (!list || !offer || prepare(&w, a) != 0 || print_schema(&w) != 0)
        return arena->full ? err_set(err, ERR_SYSTEM, "out of memory") : -1;
    list[0] = "clickbaton.yaml";
    list[1] = offer;
    list[2] = "keys/postback";
    list[3] = "keys/tiktok";
    list[4] = "schema.json";
    *names = list;
    for (size_t i = 0; list[i]; i++)
        if (lstat(at(&w, list[i]), &st) == 0)
            return err_set(err, ERR_INPUT, "%s is there already, and nothing is overwritten; name "
                                           "another folder", at(&w, list[i]));
    end_undo(undo, &w);
    rc = write_all(&w, a, offer);
    if (rc != 0)
        undo(&w);
    end_keep();
    return rc;
}
