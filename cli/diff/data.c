#include "cli/diff/data.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/clicks.h"
#include "cli/stores.h"

#define PAGE 100 /* rows at once: ARENA_BYTES must hold them, and one may have half a MB of parameters */
#define ARENA_BYTES (64 * 1024 * 1024)
#define LINE_MAX_BYTES 65536

typedef int each_fn(void *context, const struct diff_postback *pb, struct arena *arena,
                    struct err *err);

/* ---- a store, beside the server that writes it ---- */

struct walk {
    struct store *store;
    const struct diff_data *data;
    each_fn *each;
    void *context;
};

static int one_row(const struct walk *w, const struct store_postback *row, struct arena *arena,
                   struct err *err)
{
    struct diff_postback pb = { .id = row->id, .at = row->at / 1000, .params = row->params };
    struct store_click found;
    struct click click;
    int rc = 0;

    if (row->click_id.len || row->ttclid.len)
        rc = store_click_find(w->store, row->offer, row->click_id, row->ttclid, arena, &found, err);
    if (rc < 0)
        return -1;
    if (rc == 1) {
        clicks_from_store(&found, &click);
        pb.click = &click;
    }
    return w->each(w->context, &pb, arena, err);
}

static int walk_store(const struct walk *w, struct err *err)
{
    struct arena page, work;
    struct store_postback *rows;
    int64_t after = 0;
    size_t count;
    int rc = 0;

    arena_init(&page, ARENA_BYTES);
    arena_init(&work, ARENA_BYTES);
    do {
        arena_reset(&page);
        rc = store_list_postbacks(w->store, w->data->offer, w->data->since * 1000, after, PAGE,
                                  &page, &rows, &count, err);
        for (size_t i = 0; rc == 0 && i < count; i++) {
            arena_reset(&work);
            rc = one_row(w, &rows[i], &work, err);
            after = rows[i].id;
        }
    } while (rc == 0 && count == PAGE);
    arena_free(&page);
    arena_free(&work);
    return rc;
}

/* ---- lines ---- */

static int read_line(FILE *from, struct buf *line)
{
    int c;

    buf_clear(line);
    while ((c = getc(from)) != EOF && c != '\n')
        buf_byte(line, (char)c);
    return c == EOF && line->len == 0 ? 0 : 1;
}

static int walk_lines(const struct diff_data *data, FILE *from, each_fn *each, void *context,
                      struct err *err)
{
    struct buf line = { .limit = LINE_MAX_BYTES };
    struct arena work;
    int64_t number = 0;
    int rc = 0;

    arena_init(&work, ARENA_BYTES);
    while (rc == 0 && read_line(from, &line)) {
        struct diff_postback pb = { .id = ++number, .at = data->now,
                                    .params = slice_trim(buf_slice(&line)) };
        arena_reset(&work);
        if (!buf_ok(&line))
            rc = err_set(err, ERR_INPUT, "%s: line %lld is longer than %d bytes", data->path,
                         (long long)number, LINE_MAX_BYTES);
        else if (pb.params.len)
            rc = each(context, &pb, &work, err);
    }
    if (rc == 0 && ferror(from))
        rc = err_set(err, ERR_SYSTEM, "%s: %s", data->path, strerror(errno));
    arena_free(&work);
    buf_free(&line);
    return rc;
}

static bool is_configuration(const char *path)
{
    return slice_ends(slice_from(path), S(".yaml")) || slice_ends(slice_from(path), S(".yml"));
}

static struct store *open_named(const char *config, struct err *err)
{
    int code;
    struct catalog *c = catalog_sound(config, false, &code);
    struct store *s = c ? stores_open(c, false, err) : NULL;

    if (!c)
        err_set(err, ERR_SYSTEM, "%s: the configuration has errors", config);
    catalog_close(c);
    return s;
}

int diff_data_each(const struct diff_data *data, each_fn *each, void *context, struct err *err)
{
    struct walk w = { NULL, data, each, context };
    struct stat st;
    FILE *from;
    int rc;

    if (strcmp(data->path, "-") == 0)
        return walk_lines(data, stdin, each, context, err);
    if (stat(data->path, &st) != 0)
        return err_set(err, ERR_SYSTEM, "%s: %s", data->path, strerror(errno));
    if (S_ISDIR(st.st_mode) || is_configuration(data->path)) {
        w.store = S_ISDIR(st.st_mode) ? store_sqlite_open(data->path, false, err) : open_named(data->path, err);
        rc = w.store ? walk_store(&w, err) : -1;
        store_close(w.store);
        return rc;
    }
    from = fopen(data->path, "r");
    if (!from)
        return err_set(err, ERR_SYSTEM, "%s: %s", data->path, strerror(errno));
    rc = walk_lines(data, from, each, context, err);
    fclose(from);
    return rc;
}
