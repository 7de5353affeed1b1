#include "adapters/tiktok/sandbox/edit.h"

#include <cjson/cJSON.h>
#include <stdlib.h>

static bool print(const cJSON *tree, bool pretty, struct buf *out)
{
    char *text = pretty ? cJSON_Print(tree) : cJSON_PrintUnformatted(tree);

    if (text)
        buf_puts(out, text);
    cJSON_free(text);
    return text != NULL;
}

static unsigned fill(cJSON *into, const cJSON *from)
{
    unsigned filled = 0;
    const cJSON *v;

    cJSON_ArrayForEach(v, from)
    {
        cJSON *have = cJSON_GetObjectItemCaseSensitive(into, v->string);
        if (cJSON_IsObject(have) && cJSON_IsObject(v)) {
            filled += fill(have, v);
        } else if (!have) {
            cJSON *copy = cJSON_Duplicate(v, true);
            if (copy && cJSON_AddItemToObject(into, v->string, copy))
                filled++;
            else
                cJSON_Delete(copy);
        }
    }
    return filled;
}

bool sandbox_edit_merge(struct slice first, struct slice later, struct buf *out)
{
    cJSON *into = cJSON_ParseWithLength(first.ptr, first.len);
    cJSON *from = cJSON_ParseWithLength(later.ptr, later.len);
    bool changed = into && from && fill(into, from) > 0 && print(into, false, out);

    cJSON_Delete(into);
    cJSON_Delete(from);
    return changed;
}

bool sandbox_edit_rename(struct slice event, struct slice name, struct buf *out)
{
    cJSON *tree = cJSON_ParseWithLength(event.ptr, event.len);
    char *text = calloc(1, name.len + 1);
    cJSON *value;
    bool changed = false;

    if (tree && text) {
        for (size_t i = 0; i < name.len; i++)
            text[i] = name.ptr[i];
        value = cJSON_CreateString(text);
        if (cJSON_ReplaceItemInObjectCaseSensitive(tree, "event", value))
            changed = print(tree, false, out);
        else
            cJSON_Delete(value);
    }
    free(text);
    cJSON_Delete(tree);
    return changed;
}

bool sandbox_edit_pretty(struct slice json, struct buf *out)
{
    cJSON *tree = cJSON_ParseWithLength(json.ptr, json.len);
    bool changed = tree && print(tree, true, out);

    if (changed)
        buf_byte(out, '\n');
    cJSON_Delete(tree);
    return changed;
}
