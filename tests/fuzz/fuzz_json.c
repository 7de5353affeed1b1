/* Any bytes as a JSON body.  What is taken is valid for cJSON too, and says the same: the texts and
 * numbers of its leaves, in their order. */
#include <cjson/cJSON.h>

#include "tests/fuzz/params.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool holds_nul(struct slice s)
{
    return slice_index(s, '\0') < s.len;
}

static void same_leaf(const cJSON *leaf, const struct param *p)
{
    struct slice v = p->value;

    if (cJSON_IsString(leaf))
        MUST(slice_eq(v, slice_from(leaf->valuestring)));
    else if (cJSON_IsBool(leaf))
        MUST(slice_eq(v, cJSON_IsTrue(leaf) ? S("true") : S("false")));
    else if (cJSON_IsNull(leaf))
        MUST(slice_eq(v, S("null")));
    else
        MUST(cJSON_IsNumber(leaf) && v.len && (v.ptr[0] == '-' || ascii_is_digit(v.ptr[0])));
}

/* Leaves from p->list[*at] on; a name that is empty as a whole is no parameter. */
static void same_tree(const cJSON *node, const struct params *p, size_t *at, bool named)
{
    for (const cJSON *c = node->child; c; c = c->next) {
        bool has_name = named || cJSON_IsArray(node) || (c->string && *c->string);
        if (c->child || cJSON_IsObject(c) || cJSON_IsArray(c)) {
            same_tree(c, p, at, true); /* a dot at least */
        } else if (has_name) {
            MUST(*at < p->count);
            same_leaf(c, &p->list[(*at)++]);
        }
    }
}

static void same_as_cjson(const struct reading *r, struct slice raw)
{
    cJSON *tree = cJSON_ParseWithLength(raw.ptr, raw.len);
    size_t at = 0;
    bool nul = slice_find(raw, S("\\u0000")) < raw.len; /* ends a text of cJSON */

    MUST(tree && cJSON_IsObject(tree));
    for (size_t i = 0; i < r->p.count; i++)
        nul = nul || holds_nul(r->p.list[i].name) || holds_nul(r->p.list[i].value);
    if (!nul) {
        same_tree(tree, &r->p, &at, false);
        MUST(at == r->p.count);
    }
    cJSON_Delete(tree);
}

/* What was read is UTF-8: a body that is not was refused. */
static void check_texts(const struct params *p)
{
    for (size_t i = 0; i < p->count; i++)
        MUST(utf8_valid(p->list[i].name) && utf8_valid(p->list[i].value));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice raw;
    struct reading r;

    if (size < 2)
        return 0;
    raw = (struct slice){ (const char *)data + 2, size - 2 };
    read_as(&r, params_json, raw, 8 << 20);
    if (r.rc == 0) {
        same_as_cjson(&r, raw);
        check_texts(&r.p);
    } else {
        MUST(utf8_valid(slice_from(r.err.text)));
    }
    check_little_room(&r, params_json, raw, (size_t)data[0] << 8 | data[1]);
    reading_end(&r);
    return 0;
}
