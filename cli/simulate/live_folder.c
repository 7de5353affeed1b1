#include "cli/simulate/live_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/yaml/yaml.h"

#define PIXEL_MAX 64
#define PIXELS_MAX 1024 /* what is more is left out, and serve says so */

static int path_of(const struct live_folder *f, const char *name, char *path, size_t size,
                   struct err *err)
{
    if (snprintf(path, size, "%s/%s", f->path, name) < (int)size)
        return 0;
    return err_set(err, ERR_SYSTEM, "%s/%s: the path is too long", f->path, name);
}

static int write_file(const struct live_folder *f, const char *name, struct slice text,
                      struct err *err)
{
    char path[600];

    if (path_of(f, name, path, sizeof(path), err) != 0)
        return -1;
    return files_create(path, 0600, text, err);
}

static int make_folder(const struct live_folder *f, const char *name, struct err *err)
{
    char path[600];

    if (path_of(f, name, path, sizeof(path), err) != 0)
        return -1;
    return mkdir(path, 0700) == 0 ? 0 : err_set(err, ERR_SYSTEM, "%s: %s", path, strerror(errno));
}

static int random_hex(char *out, size_t digits, struct err *err)
{
    static const char hex[] = "0123456789abcdef";
    int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    unsigned char bytes[64];
    ssize_t n = fd == -1 ? -1 : read(fd, bytes, digits);

    if (fd != -1)
        close(fd);
    if (n != (ssize_t)digits)
        return err_set(err, ERR_SYSTEM, "/dev/urandom: %s", strerror(errno));
    for (size_t i = 0; i < digits; i++)
        out[i] = hex[bytes[i] & 15];
    out[digits] = '\0';
    return 0;
}

int live_folder_make(struct live_folder *f, struct err *err)
{
    const char *base = getenv("TMPDIR");

    *f = (struct live_folder){ .path = "" };
    if (!base || *base != '/')
        base = "/tmp";
    if (snprintf(f->path, sizeof(f->path), "%s/clickbaton-live-XXXXXX", base) >=
        (int)sizeof(f->path)) {
        f->path[0] = '\0';
        return err_set(err, ERR_SYSTEM, "TMPDIR is too long: at most %zu characters",
                       sizeof(f->path) - sizeof("/clickbaton-live-XXXXXX"));
    }
    if (!mkdtemp(f->path)) {
        err_set(err, ERR_SYSTEM, "%s: %s", base, strerror(errno));
        f->path[0] = '\0';
        return -1;
    }
    if (random_hex(f->key, 32, err) != 0 || random_hex(f->secret, 32, err) != 0 ||
        make_folder(f, "keys", err) != 0 || make_folder(f, "offers", err) != 0)
        return -1;
    return 0;
}

/* ---- the offer's file, printed anew from its tree ---- */

/* As flow with everything quoted: only null must stay without. */
static void print_node(struct buf *b, const struct yaml *node)
{
    const bool map = node->kind == YAML_MAP;

    if (node->kind == YAML_SCALAR) {
        if (yaml_is_null(node))
            buf_puts(b, "null");
        else
            buf_json(b, node->text);
        return;
    }
    buf_byte(b, map ? '{' : '[');
    for (const struct yaml *v = node->first; v; v = v->next) {
        if (map) {
            buf_json(b, v->key->text);
            buf_puts(b, ": ");
        }
        print_node(b, v);
        buf_puts(b, v->next ? ",\n  " : "");
    }
    buf_byte(b, map ? '}' : ']');
}

/* From the root of the file system; links stay what they are, since what stands beside a file is
 * looked for beside its link. */
static struct slice whole_path(struct arena *arena, const char *path)
{
    char here[PATH_MAX];

    if (*path == '/' || !getcwd(here, sizeof(here)))
        return slice_from(path);
    return arena_printf(arena, "%s/%s", here, path);
}

/* The path of another file that stands under this key, made whole; empty for everything else, such
 * as the name of a mapping. */
static struct slice other_file(struct arena *arena, struct slice file, const struct yaml *v)
{
    bool named = slice_eq(v->key->text, S("extends")) || slice_eq(v->key->text, S("value_models"));
    struct slice none = { 0 };

    return named && v->kind == YAML_SCALAR && files_is_path(v->text)
               ? whole_path(arena, files_beside(arena, file, v->text))
               : none;
}

/* What concerns only who sends: the conversion comes from here. */
static bool is_access(struct slice key)
{
    return slice_eq(key, S("key")) || slice_eq(key, S("signature")) || slice_eq(key, S("allow"));
}

/* The offer as it works in another folder: without its own key, and with the paths of other files
 * made whole.  The empty slice when the file has errors by now. */
static struct slice moved_offer(struct arena *arena, const struct source *source)
{
    struct diags diags = { .arena = arena };
    const struct yaml *root = yaml_parse(arena, source, &diags);
    struct buf b = { 0 };
    struct slice whole;

    for (const struct yaml *v = root ? root->first : NULL; v; v = v->next) {
        struct slice path = other_file(arena, source->name, v);
        if (is_access(v->key->text))
            continue;
        buf_json(&b, v->key->text);
        buf_puts(&b, ": ");
        if (path.len)
            buf_json(&b, path);
        else
            print_node(&b, v);
        buf_byte(&b, '\n');
    }
    whole = buf_ok(&b) ? arena_dup(arena, buf_slice(&b)) : (struct slice){ 0 };
    buf_free(&b);
    return whole;
}

/* ---- the configuration ---- */

/* A pixel may come from the postback: nothing of YAML's own may stand in it. */
static bool is_pixel(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!ascii_is_alnum(s.ptr[i]))
            return false;
    return s.len >= 1 && s.len <= PIXEL_MAX;
}

struct pixel_list_out {
    struct buf *to;
    const struct offer *offer;
    struct slice done[PIXELS_MAX];
    size_t count;
};

static void print_pixel(void *context, struct slice pixel, const struct place *at)
{
    struct pixel_list_out *out = context;

    (void)at;
    for (size_t i = 0; i < out->count; i++)
        if (slice_eq(out->done[i], pixel))
            return;
    if (out->count == PIXELS_MAX || !is_pixel(pixel))
        return;
    out->done[out->count++] = pixel;
    buf_printf(out->to, "    \"%.*s\": {token: {file: ./keys/tiktok}, event_source: %s}\n",
               SLICE_ARG(pixel), event_source_names[out->offer->source].ptr);
}

/* Those of the offer's file, and those that the model's events went to. */
static void print_pixels(struct buf *b, const struct offer *o, const struct chain_result *model)
{
    const struct translation *t = &model->translation;
    struct pixel_list_out out = { .to = b, .offer = o };

    mapping_pixels(o, print_pixel, &out);
    for (size_t i = 0; i < t->event_count; i++)
        print_pixel(&out, t->events[i].pixel, NULL);
    if (out.count == 0)
        print_pixel(&out, S("C9EXAMPLEPIXEL00"), NULL);
}

/* The folder of the user's own mappings and rates. */
static void print_mappings(struct buf *b, const struct catalog *catalog, struct arena *arena)
{
    if (!catalog->lookup.mappings)
        return;
    buf_puts(b, "mappings: ");
    buf_json(b, whole_path(arena, catalog->lookup.mappings));
    buf_byte(b, '\n');
}

int live_folder_fill(struct live_folder *f, struct rehearsal *run, const struct chain_result *model,
                     const char *sandbox, struct arena *arena, struct err *err)
{
    const struct offer *o = run->world.offer;
    struct slice name = arena_printf(arena, "offers/%.*s.yaml", SLICE_ARG(o->name));
    struct source source = { o->file, { 0 } };
    struct slice offer;
    struct buf b = { 0 };
    int rc = -1;

    if (files_read(arena, arena_cstr(arena, o->file), YAML_MAX_BYTES, &source.text, err) != 0)
        return -1;
    offer = moved_offer(arena, &source);
    if (offer.len == 0 || name.len == 0)
        return err_set(err, ERR_SYSTEM, "%.*s can't be read again", SLICE_ARG(o->file));
    buf_puts(&b, "version: 1\nlisten: 127.0.0.1:0\nadmin: 127.0.0.1:0\ndata: ./data\n");
    print_mappings(&b, run->catalog, arena);
    buf_printf(&b,
               "offers: ./offers\nkey: {file: ./keys/postback}\ntiktok:\n"
               "  endpoint: http://%s/open_api/v1.3/event/track/\n  pixels:\n",
               sandbox);
    print_pixels(&b, o, model);
    if (!buf_ok(&b))
        err_set(err, ERR_SYSTEM, "out of memory");
    else if (write_file(f, "clickbaton.yaml", buf_slice(&b), err) == 0 &&
             write_file(f, "keys/postback", slice_from(f->key), err) == 0 &&
             write_file(f, "keys/tiktok", S("a-token-for-the-sandbox"), err) == 0 &&
             write_file(f, name.ptr, offer, err) == 0)
        rc = 0;
    buf_free(&b);
    return rc;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

void live_folder_remove(struct live_folder *f)
{
    if (f->path[0])
        nftw(f->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    f->path[0] = '\0';
}

void live_folder_erase(struct live_folder *f)
{
    pid_t rm = f->path[0] ? fork() : -1;

    if (rm == 0) {
        execl("/bin/rm", "rm", "-rf", "--", f->path, (char *)NULL);
        _exit(127);
    }
    if (rm > 0)
        waitpid(rm, NULL, 0);
    f->path[0] = '\0';
}
