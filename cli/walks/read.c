#include <cjson/cJSON.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/store/store.h"
#include "cli/files.h"
#include "cli/walks/walks.h"
#include "core/base/when.h"

#define FILES_MOST 200 /* that are read: more than WALKS_MOST are somebody else's doing */
#define NAMES_MOST 500
#define READ_TEXT  (3 * WALK_TEXT + 100) /* a byte that is no UTF-8 was written as three */

/* ---- one file: it may be damaged, or somebody's prank ---- */

struct reading {
    struct arena *arena;
    bool bad;
};

static struct slice text(struct reading *r, const cJSON *of, const char *name)
{
    struct slice s = slice_from(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(of, name)));

    r->bad |= s.len > READ_TEXT;
    return r->bad ? (struct slice){ 0 } : arena_dup(r->arena, s);
}

static struct slice word(struct reading *r, const cJSON *of, const char *name)
{
    struct slice s = text(r, of, name);

    r->bad |= s.len == 0;
    return s;
}

static struct compare_names names(struct reading *r, const cJSON *of, const char *name)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(of, name), *one;
    int n = cJSON_GetArraySize(list);
    struct compare_names out = { 0 };

    r->bad |= !cJSON_IsArray(list) || n > NAMES_MOST;
    if (r->bad || (out.list = ARENA_ARRAY(r->arena, struct slice, (size_t)n)) == NULL)
        return (struct compare_names){ 0 };
    cJSON_ArrayForEach(one, list) {
        struct slice s = slice_from(cJSON_GetStringValue(one));
        r->bad |= !cJSON_IsString(one) || s.len > READ_TEXT;
        out.list[out.count++] = r->bad ? (struct slice){ 0 } : arena_dup(r->arena, s);
    }
    return out;
}

static enum baton_state state(struct reading *r, const cJSON *of, const char *name)
{
    struct slice s = text(r, of, name);

    for (int i = BATON_ABSENT; i <= BATON_TRUNCATED; i++)
        if (slice_eq(s, slice_from(baton_state_name((enum baton_state)i))))
            return (enum baton_state)i;
    r->bad = true;
    return BATON_ABSENT;
}

static void hop(struct reading *r, const cJSON *of, struct kept_hop *out)
{
    const cJSON *status = cJSON_GetObjectItemCaseSensitive(of, "status");

    *out = (struct kept_hop){ .name = word(r, of, "name"), .kind = word(r, of, "kind"), .url = text(r, of, "url"),
                              .lost = names(r, of, "lost"), .changed = names(r, of, "changed"),
                              .advice = names(r, of, "advice") };
    r->bad |= !cJSON_IsNumber(status) || !(status->valuedouble >= 0 && status->valuedouble <= 999);
    out->status = r->bad ? 0 : status->valueint;
    for (size_t id = 0; id < CHAIN_IDS; id++)
        out->state[id] = state(r, of, chain_id_names[id].ptr);
}

static bool read_walk(struct arena *arena, struct slice json, struct kept_walk *out)
{
    cJSON *root = utf8_valid(json) ? cJSON_ParseWithLength(slice_bytes(json), json.len) : NULL;
    const cJSON *hops = cJSON_GetObjectItemCaseSensitive(root, "hops"), *one;
    struct reading r = { .arena = arena };
    int n = cJSON_GetArraySize(hops);

    *out = (struct kept_walk){ .chain = word(&r, root, "chain"), .verdict = word(&r, root, "verdict"),
                               .code = text(&r, root, "code"), .reason = text(&r, root, "reason"),
                               .broken_at = text(&r, root, "broken_at"),
                               .live = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(root, "live")) };
    r.bad |= !when_parse(word(&r, root, "at"), WHEN_ISO, 0, &out->at);
    r.bad |= !slice_eq(out->verdict, S("kept")) && !slice_eq(out->verdict, S("broken"));
    for (size_t id = 0; id < CHAIN_IDS; id++)
        out->ids[id] = text(&r, root, chain_id_names[id].ptr);
    r.bad |= !cJSON_IsArray(hops) || n > CHAIN_HOPS_MAX;
    out->hops = ARENA_ARRAY(arena, struct kept_hop, r.bad ? 0 : (size_t)n);
    for (one = r.bad || !out->hops || !hops ? NULL : hops->child; one; one = one->next)
        hop(&r, one, &out->hops[out->hop_count++]);
    cJSON_Delete(root);
    return root && !r.bad;
}

/* ---- the folder ---- */

static bool is_meant(const struct walks_wish *wish, const struct kept_walk *w)
{
    if (w->at < wish->oldest)
        return false;
    for (size_t i = 0; i < wish->id_count; i++)
        for (size_t id = 0; wish->ids[i].len && id < CHAIN_IDS; id++)
            if (slice_eq(wish->ids[i], w->ids[id]) ||
                (i == 0 && id == CHAIN_TTCLID && wish->ids[0].len >= STORE_PREFIX && slice_starts(w->ids[id], wish->ids[0])))
                return true;
    return false;
}

static int newest_first(const void *a, const void *b)
{
    const struct kept_walk *x = a, *y = b;

    return (x->at < y->at) - (x->at > y->at);
}

static void take_file(const struct walks_wish *wish, const char *path, struct walks_found *out)
{
    struct arena arena;
    struct slice json;
    struct kept_walk w;
    struct err err = { 0 };

    arena_init(&arena, 4 * WALK_BYTES);
    if (files_read(&arena, path, WALK_BYTES, &json, &err) != 0)
        out->problem = arena_printf(wish->arena, "%s; remove that file", err.text);
    else if (!read_walk(&arena, json, &w))
        out->problem = arena_printf(wish->arena, "%s: it is damaged, or not of this program; remove it", path);
    else if (is_meant(wish, &w) && read_walk(wish->arena, json, &w)) /* once more: it stays */
        out->list[out->count++] = w;
    arena_free(&arena);
}

int walks_find(const struct walks_wish *wish, struct walks_found *out)
{
    struct dirent *d;
    char path[4400];
    size_t files = 0;
    DIR *dir;

    *out = (struct walks_found){ 0 };
    if (!wish->data || snprintf(path, sizeof(path), "%s/" WALKS_FOLDER, wish->data) >= 4100)
        return 0;
    dir = opendir(path);
    if (!dir && errno != ENOENT)
        out->problem = arena_printf(wish->arena, "%s: %s", path, strerror(errno));
    out->list = ARENA_ARRAY(wish->arena, struct kept_walk, FILES_MOST);
    while (dir && out->list && files < FILES_MOST && (d = readdir(dir)) != NULL) {
        size_t n = strlen(d->d_name);
        if (n < 5 || strcmp(d->d_name + n - 5, ".json") != 0)
            continue;
        files++;
        snprintf(path, sizeof(path), "%s/" WALKS_FOLDER "/%s", wish->data, d->d_name);
        take_file(wish, path, out);
    }
    if (dir)
        closedir(dir);
    if (out->count)
        qsort(out->list, out->count, sizeof(*out->list), newest_first);
    return wish->arena->full ? -1 : 0;
}
