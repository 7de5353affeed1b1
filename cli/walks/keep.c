#include "cli/walks/walks.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/files.h"
#include "core/base/codes.h"
#include "core/chain/url.h"
#include "core/identity/identity.h"

#define ENTRIES_MOST 4096 /* of the folder that are looked at */
#define REMAINS_SECONDS 3600

/* ---- what may be kept ---- */

static struct slice kept_text(struct arena *arena, struct slice text)
{
    if (identity_looks_personal(text))
        return S("(not kept: it looks like personal data)");
    return arena_dup(arena, slice_head(text, WALK_TEXT));
}

static struct slice kept_id(struct arena *arena, struct slice id)
{
    return id.len > WALK_TEXT || identity_looks_personal(id) ? (struct slice){ 0 } : arena_dup(arena, id);
}

/* A sentence; without the URL that it may hold. */
static struct slice kept_sentence(struct arena *arena, const char *code, struct slice text)
{
    const struct code *c = code_find(code);

    if (slice_find(text, S("://")) < text.len || identity_looks_personal(text))
        text = slice_from(c ? c->title : "");
    return arena_printf(arena, "%s%s%.*s", code, code[0] ? " " : "", SLICE_ARG(slice_head(text, WALK_TEXT)));
}

static struct slice kept_url(struct arena *arena, struct slice text)
{
    struct url u;

    if (url_parse(text, &u) != NULL || u.host.len == 0)
        return (struct slice){ 0 };
    return kept_text(arena, arena_printf(arena, "%.*s://%.*s", SLICE_ARG(u.scheme), SLICE_ARG(u.host)));
}

static struct compare_names kept_names(struct arena *arena, const struct compare_names *names)
{
    struct compare_names out = { ARENA_ARRAY(arena, struct slice, names->count), 0 };

    for (; out.list && out.count < names->count; out.count++)
        out.list[out.count] = kept_text(arena, names->list[out.count]);
    return out;
}

static struct compare_names kept_notes(struct arena *arena, const struct notes *notes)
{
    struct compare_names out = { ARENA_ARRAY(arena, struct slice, notes->count), 0 };

    for (const struct note *n = notes->first; out.list && n; n = n->next)
        out.list[out.count++] = kept_sentence(arena, n->code, n->text);
    return out;
}

static void kept_hop(struct arena *arena, const struct hop_result *h, struct kept_hop *out)
{
    *out = (struct kept_hop){
        .name = kept_text(arena, h->hop->name), .kind = hop_kind_names[h->hop->kind], .url = kept_url(arena, h->url),
        .status = h->status, .lost = kept_names(arena, &h->changes.lost),
        .changed = kept_names(arena, &h->changes.changed), .advice = kept_notes(arena, &h->notes),
    };
    memcpy(out->state, h->state, sizeof(out->state));
}

void walks_of(const struct walk_shown *w, struct slice chain, int64_t now, struct arena *arena, struct kept_walk *out)
{
    const struct chain_result *r = w->walk;
    bool kept = walk_is_kept(w);
    const char *code = walk_code(w);

    *out = (struct kept_walk){ .at = now, .chain = kept_text(arena, chain), .live = w->live != NULL,
                               .verdict = kept ? S("kept") : S("broken"), .code = slice_from(code) };
    out->reason = kept ? (struct slice){ 0 } : kept_sentence(arena, "", walk_reason(w));
    if (!kept && slice_find(walk_reason(w), S("://")) < walk_reason(w).len)
        out->reason = slice_from(code_find(code) ? code_find(code)->title : "");
    if (!kept && r->broken_at < r->hop_count)
        out->broken_at = kept_text(arena, r->hops[r->broken_at].hop->name);
    for (size_t id = 0; id < CHAIN_IDS; id++)
        out->ids[id] = kept_id(arena, r->ids[id]);
    out->hops = ARENA_ARRAY(arena, struct kept_hop, r->hop_count);
    for (; out->hops && out->hop_count < r->hop_count; out->hop_count++)
        kept_hop(arena, &r->hops[out->hop_count], &out->hops[out->hop_count]);
}

/* ---- the folder ---- */

static bool is_ours(const char *name)
{
    return strspn(name, "0123456789abcdef") == 16 && strcmp(name + 16, ".json") == 0;
}

static bool is_remains(const char *name)
{
    return strspn(name, "0123456789abcdef") == 16 && strncmp(name + 16, ".json.new-", 10) == 0;
}

struct entry {
    char name[32];
    int64_t at;
};

static int newest_first(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;

    return x->at != y->at ? (x->at < y->at ? 1 : -1) : strcmp(x->name, y->name);
}

static size_t look(DIR *dir, int64_t now, struct entry *list, size_t most)
{
    struct dirent *d;
    struct stat st;
    size_t n = 0;

    while (n < most && (d = readdir(dir)) != NULL) {
        bool ours = is_ours(d->d_name);
        if ((!ours && !is_remains(d->d_name)) || fstatat(dirfd(dir), d->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        if (!ours && now - (int64_t)st.st_mtime > REMAINS_SECONDS)
            unlinkat(dirfd(dir), d->d_name, 0);
        if (!ours)
            continue;
        snprintf(list[n].name, sizeof(list[n].name), "%.31s", d->d_name);
        list[n++].at = st.st_mtime;
    }
    return n;
}

void walks_prune(const char *data, int64_t now, int64_t keep)
{
    char path[4100];
    struct entry *list;
    size_t n;
    DIR *dir;

    if (snprintf(path, sizeof(path), "%s/" WALKS_FOLDER, data) >= (int)sizeof(path) || (dir = opendir(path)) == NULL)
        return;
    list = calloc(ENTRIES_MOST, sizeof(*list));
    if (list) {
        n = look(dir, now, list, ENTRIES_MOST);
        qsort(list, n, sizeof(*list), newest_first);
        for (size_t i = 0; i < n; i++)
            if (i >= WALKS_MOST || now - list[i].at > keep)
                unlinkat(dirfd(dir), list[i].name, 0);
    }
    free(list);
    closedir(dir);
}

/* The folder, of the owner of the data folder, so that a server reads what root has left. */
static int make_folder(const char *data, const char *path, struct stat *owner, struct err *err)
{
    if (stat(data, owner) != 0)
        return err_set(err, ERR_SYSTEM, "%s: %s; start `clickbaton serve` once, it makes the data folder", data, strerror(errno));
    if (mkdir(path, 0700) == 0) {
        if (chown(path, owner->st_uid, owner->st_gid) != 0)
            errno = 0; /* not root: then it is ours */
    } else if (errno != EEXIST) {
        return err_set(err, ERR_SYSTEM, "%s: %s", path, strerror(errno));
    }
    return 0;
}

static uint64_t hash_of(const struct kept_walk *w)
{
    uint64_t h = slice_hash(w->chain, 1);

    for (size_t id = 0; id < CHAIN_IDS; id++)
        h = slice_hash(w->ids[id], h);
    return h;
}

int walks_keep(const char *data, const struct kept_walk *w, int64_t keep, struct err *err)
{
    struct buf out = { .limit = WALK_BYTES };
    char folder[4100], path[4200];
    struct stat owner;
    int rc = -1;

    snprintf(folder, sizeof(folder), "%s/" WALKS_FOLDER, data);
    snprintf(path, sizeof(path), "%s/%016llx.json", folder, (unsigned long long)hash_of(w));
    walks_json(&out, w);
    buf_byte(&out, '\n');
    if (!buf_ok(&out))
        err_set(err, ERR_INPUT, "the walk is larger than %zu KB", WALK_BYTES / 1024);
    else if (make_folder(data, folder, &owner, err) == 0)
        rc = files_replace(path, buf_slice(&out), err);
    buf_free(&out);
    if (rc == 0 && chown(path, owner.st_uid, owner.st_gid) != 0)
        errno = 0;
    if (rc == 0)
        walks_prune(data, w->at, keep);
    return rc;
}
