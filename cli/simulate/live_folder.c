#include "cli/simulate/live_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/yaml/yaml.h"

static int write_file(const struct live_folder *f, const char *name, struct slice text,
                      struct err *err)
{
    char path[400];
    int fd;
    ssize_t n;

    snprintf(path, sizeof(path), "%s/%s", f->path, name);
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    n = fd == -1 ? -1 : write(fd, text.ptr, text.len);
    if (fd != -1)
        close(fd);
    if (n == (ssize_t)text.len)
        return 0;
    return err_set(err, ERR_SYSTEM, "%s: %s", path, strerror(errno));
}

static int make_folder(const struct live_folder *f, const char *name, struct err *err)
{
    char path[400];

    snprintf(path, sizeof(path), "%s/%s", f->path, name);
    return mkdir(path, 0700) == 0 ? 0
                                  : err_set(err, ERR_SYSTEM, "%s: %s", path, strerror(errno));
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

    *f = (struct live_folder){ { 0 }, { 0 } };
    if (snprintf(f->path, sizeof(f->path), "%s/clickbaton-live-XXXXXX",
                 base && *base == '/' ? base : "/tmp") >= (int)sizeof(f->path) ||
        !mkdtemp(f->path)) {
        err_set(err, ERR_SYSTEM, "%s: %s", f->path, strerror(errno));
        f->path[0] = '\0';
        return -1;
    }
    if (random_hex(f->key, 32, err) != 0 || make_folder(f, "keys", err) != 0 ||
        make_folder(f, "offers", err) != 0)
        return -1;
    return 0;
}

/* The line on which the top-level key behind `node` begins; past the end for the last. */
static uint32_t next_line(const struct yaml *node)
{
    return node->next ? node->next->key->at.line : UINT32_MAX;
}

/* The offer's file as it works in another folder: without its own key, and with a path in
 * `extends:` made whole. */
static struct slice moved_offer(struct arena *arena, struct slice file, const struct source *source)
{
    struct diags diags = { .arena = arena };
    const struct yaml *root = yaml_parse(arena, source, &diags);
    const struct yaml *extends = yaml_get(root, S("extends")), *key = yaml_get(root, S("key"));
    struct buf out = { 0 };
    struct slice rest = source->text, line, whole;
    uint32_t number = 0;
    char real[4096];

    while (slice_next(&rest, '\n', &line)) {
        number++;
        if (key && number >= key->key->at.line && number < next_line(key))
            continue;
        if (extends && number == extends->key->at.line &&
            (slice_index(extends->text, '/') < extends->text.len ||
             slice_ends(extends->text, S(".yaml"))) &&
            realpath(files_beside(arena, file, extends->text), real))
            buf_printf(&out, "extends: \"%s\"", real);
        else
            buf_add(&out, line);
        buf_byte(&out, '\n');
    }
    whole = buf_ok(&out) ? arena_dup(arena, buf_slice(&out)) : (struct slice){ 0 };
    buf_free(&out);
    return whole;
}

static void print_pixels(struct buf *b, const struct offer *o, const struct chain_result *model)
{
    const struct translation *t = &model->translation;
    bool literal = template_is_constant(&o->pixel);

    if (literal)
        buf_printf(b, "    %.*s: {token: {file: ./keys/tiktok}}\n", SLICE_ARG(o->pixel.raw));
    for (size_t i = 0; !literal && i < t->event_count && i < 1; i++)
        buf_printf(b, "    %.*s: {token: {file: ./keys/tiktok}}\n",
                   SLICE_ARG(t->events[i].pixel));
    if (!literal && t->event_count == 0)
        buf_puts(b, "    C9EXAMPLEPIXEL00: {token: {file: ./keys/tiktok}}\n");
}

int live_folder_fill(struct live_folder *f, struct rehearsal *run, const struct chain_result *model,
                     const char *sandbox, struct arena *arena, struct err *err)
{
    const struct offer *o = run->world.offer;
    struct slice name = arena_printf(arena, "offers/%.*s.yaml", SLICE_ARG(o->name));
    struct source source = { o->file, { 0 } };
    struct buf b = { 0 };
    int rc = -1;

    if (files_read(arena, arena_cstr(arena, o->file), YAML_MAX_BYTES, &source.text, err) != 0)
        return -1;
    buf_printf(&b,
               "version: 1\nlisten: 127.0.0.1:0\nadmin: 127.0.0.1:0\ndata: ./data\n"
               "offers: ./offers\nkey: {file: ./keys/postback}\ntiktok:\n"
               "  endpoint: http://%s/open_api/v1.3/event/track/\n  pixels:\n",
               sandbox);
    print_pixels(&b, o, model);
    rc = write_file(f, "clickbaton.yaml", buf_slice(&b), err) != 0 ||
                 write_file(f, "keys/postback", slice_from(f->key), err) != 0 ||
                 write_file(f, "keys/tiktok", S("a-token-for-the-sandbox"), err) != 0 ||
                 write_file(f, name.ptr, moved_offer(arena, o->file, &source), err) != 0
             ? -1
             : 0;
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
