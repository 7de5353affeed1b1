#include <cjson/cJSON.h>

#include "cli/replay/group.h"

void replay_order_print(struct buf *out, const struct replay_order *o)
{
    buf_printf(out, "{\"dead\":%s,\"dry\":%s,\"anyway\":%s,\"rules\":\"%016llx\",\"status\":",
               o->dead ? "true" : "false", o->dry ? "true" : "false",
               o->anyway ? "true" : "false", (unsigned long long)o->rules);
    buf_json(out, o->status);
    buf_puts(out, ",\"ids\":[");
    for (size_t i = 0; i < o->count; i++)
        buf_printf(out, "%s%lld", i ? "," : "", (long long)o->ids[i]);
    buf_puts(out, "]}");
}

/* 16 hexadecimal digits. */
static bool read_rules(const char *text, uint64_t *out)
{
    struct slice s = slice_from(text);

    *out = 0;
    for (size_t i = 0; i < s.len; i++) {
        if (ascii_hex(s.ptr[i]) < 0)
            return false;
        *out = *out << 4 | (uint64_t)ascii_hex(s.ptr[i]);
    }
    return s.len == 16;
}

static bool read_ids(const cJSON *list, struct replay_order *out)
{
    const cJSON *item;

    if (!cJSON_IsArray(list))
        return false;
    cJSON_ArrayForEach(item, list) {
        if (out->count == REPLAY_GROUP || !cJSON_IsNumber(item) || !(item->valuedouble >= 1) ||
            item->valuedouble > 9e15)
            return false;
        out->ids[out->count++] = (int64_t)item->valuedouble;
    }
    return true;
}

int replay_order_parse(struct slice text, struct arena *arena, struct replay_order *out,
                       struct err *err)
{
    cJSON *json = cJSON_ParseWithLength(text.ptr ? text.ptr : "", text.len);
    const char *status = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "status"));
    const char *rules = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "rules"));
    bool ok;

    *out = (struct replay_order){
        .dead = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(json, "dead")),
        .dry = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(json, "dry")),
        .anyway = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(json, "anyway")),
        .status = arena_dup(arena, slice_from(status)),
    };
    ok = status && rules && read_rules(rules, &out->rules) &&
         read_ids(cJSON_GetObjectItemCaseSensitive(json, "ids"), out);
    cJSON_Delete(json);
    return ok && !arena->full ? 0 : err_set(err, ERR_INPUT, "this is no order to replay");
}
