#include "cli/serve/jail.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adapters/process/confine.h"
#include "cli/serve/log.h"

struct jail {
    struct arena arena;
    bool open, closed;
    const char *const *readable;
};

struct jail *jail_open(bool open)
{
    struct jail *j = calloc(1, sizeof(*j));

    if (!j)
        return NULL;
    arena_init(&j->arena, 16 * 1024 * 1024);
    j->open = open;
    if (!open)
        confine_memory();
    return j;
}

struct folders {
    struct arena *arena;
    const char **list;
    size_t count, room;
};

static void add(struct folders *f, const char *folder)
{
    if (!folder || !folder[0])
        return;
    for (size_t i = f->count; i-- > 0;)
        if (strcmp(f->list[i], folder) == 0)
            return;
    if (f->count + 1 >= f->room) {
        size_t room = f->room ? 2 * f->room : 32;
        const char **more = ARENA_ARRAY(f->arena, const char *, room);
        if (!more)
            return;
        if (f->count)
            memcpy(more, f->list, f->count * sizeof(*more));
        f->list = more;
        f->room = room;
    }
    f->list[f->count++] = arena_cstr(f->arena, slice_from(folder));
}

static void add_folder_of(struct folders *f, const char *file)
{
    const char *slash = file ? strrchr(file, '/') : NULL;

    if (!file || !file[0])
        return;
    if (!slash)
        add(f, ".");
    else
        add(f, slash == file ? "/"
                             : arena_cstr(f->arena, (struct slice){ file, (size_t)(slash - file) }));
}

/* The folder of a file, and where it really lies when it is a link. */
static void add_file(struct folders *f, const char *file)
{
    char *real = file ? realpath(file, NULL) : NULL;

    add_folder_of(f, file);
    add_folder_of(f, real);
    free(real);
}

/* Everything that was read, by folder: files there may be replaced, and new ones may come. */
static const char *const *folders_of(struct arena *arena, const struct catalog *c)
{
    static const char *const certificates[] = { "SSL_CERT_FILE", "CURL_CA_BUNDLE" };
    struct folders f = { .arena = arena };

    add_file(&f, c->config);
    add(&f, c->offers_dir);
    add(&f, c->lookup.mappings);
    for (const struct files_path *p = c->lookup.found; p; p = p->next)
        add_file(&f, p->path);
    for (size_t i = 0; i < sizeof(certificates) / sizeof(*certificates); i++)
        add_file(&f, getenv(certificates[i]));
    add(&f, getenv("SSL_CERT_DIR"));
    if (f.list)
        f.list[f.count] = NULL;
    return f.list; /* NULL: out of memory */
}

void jail_courier(void)
{
    static const char *const none[] = { NULL };
    struct arena arena;
    struct folders f = { .arena = &arena };
    struct confine_result r;

    arena_init(&arena, 64 * 1024);
    add_file(&f, getenv("SSL_CERT_FILE"));
    add(&f, getenv("SSL_CERT_DIR"));
    if (f.list)
        f.list[f.count] = NULL;
    confine_process(none, f.list ? f.list : none, &r);
}

static const char *on_off(bool on)
{
    return on ? "on" : "off";
}

void jail_close(struct jail *j, const struct catalog *catalog)
{
    const char *const writable[] = { catalog->data, NULL };
    struct confine_result r = { 0 };
    char landlock[24] = "off";

    if (geteuid() == 0)
        log_line("warning", "code=%s msg=\"serve runs as root; give it a user of its own, as "
                            "examples/clickbaton.service does\"",
                 "W095");
    if (j->open) {
        log_line("warning", "msg=\"not confined (--unconfined): for debuggers only\"");
        return;
    }
    j->readable = folders_of(&j->arena, catalog);
    if (!j->readable) {
        log_line("error", "msg=\"not confined: out of memory\"");
        return;
    }
    confine_process(writable, j->readable, &r);
    j->closed = r.landlock > 0;
    if (r.landlock)
        snprintf(landlock, sizeof(landlock), "v%d", r.landlock);
    log_line("info",
             "msg=\"confined: files are written below the data folder only\" landlock=%s seccomp=%s "
             "no_new_privileges=%s core_dumps=%s",
             landlock, on_off(r.seccomp), on_off(r.no_new_privileges), on_off(!r.no_dumps));
}

void jail_explain(const struct jail *j, const struct catalog *catalog)
{
    struct arena arena;
    const char *const *wanted;

    if (!j || !j->closed)
        return;
    arena_init(&arena, 16 * 1024 * 1024);
    wanted = folders_of(&arena, catalog);
    for (; wanted && *wanted; wanted++)
        if (!confine_reads(j->readable, *wanted))
            log_line("error",
                     "code=%s msg=\"serve can't read there since its start; restart it, and it "
                     "can\" folder=\"%s\"",
                     "C068", *wanted);
    arena_free(&arena);
}

void jail_free(struct jail *j)
{
    if (!j)
        return;
    arena_free(&j->arena);
    free(j);
}
