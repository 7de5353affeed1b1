/* value_amount.c: `value:` itself: an amount, the payout, a share of it, or a table of them. */
#include <stdlib.h>

#include "core/mapping/build.h"

static const struct slice payout_word[] = { SLICE("payout"), { 0 } };

/* ---- percentages and amounts ---- */

bool build_percent(struct build *b, const struct yaml *node, const char *what, struct money *out)
{
    if (!expect_amount(&b->expect, node, what, out))
        return false;
    if (out->micros == 0)
        diag_add(b->expect.diags, DIAG_ERROR, "M022", node->at,
                 S("leave `value` out to send none"), "with 0 percent the value would always be 0");
    if (out->micros > INT64_C(100) * MONEY_SCALE)
        diag_add(b->expect.diags, DIAG_WARNING, "M022", node->at, (struct slice){ 0 },
                 "%s is above 100: more than the value will be sent", what);
    return true;
}

/* 12.50, payout, 80%; forms: all that may stand here. */
static bool read_amount(struct build *b, const struct yaml *node, const char *what,
                        const char *forms, struct value_amount *out)
{
    struct yaml share = *node;

    *out = (struct value_amount){ .at = node->at };
    if (node->kind != YAML_SCALAR || node->text.len == 0)
        return expect_amount(&b->expect, node, what, &out->fixed);
    out->payout = slice_eq(node->text, payout_word[0]);
    if (out->payout)
        return true;
    if (slice_ends(node->text, S("%"))) {
        out->payout = true;
        share.text = slice_trim(slice_head(node->text, node->text.len - 1));
        return build_percent(b, &share, "a share of the payout", &out->percent);
    }
    if (!ascii_is_alpha(node->text.ptr[0]))
        return expect_amount(&b->expect, node, what, &out->fixed);
    diag_add(b->expect.diags, DIAG_ERROR, "M009", node->at,
             diag_nearest(node->text, payout_word).len ? S("did you mean \"payout\"?")
                                                       : slice_from(forms),
             "%s can't be \"%.*s\"", what, SLICE_ARG(node->text));
    return false;
}

/* ---- tiers and tables ---- */

#define ENTRY_FORMS "an amount, payout, or a share of it such as 80%"

static int compare_nocase(struct slice a, struct slice b)
{
    size_t n = a.len < b.len ? a.len : b.len;

    for (size_t i = 0; i < n; i++) {
        int d = (unsigned char)ascii_lower(a.ptr[i]) - (unsigned char)ascii_lower(b.ptr[i]);
        if (d != 0)
            return d;
    }
    return (a.len > b.len) - (a.len < b.len);
}

static int by_name(const void *a, const void *b)
{
    const struct value_entry *x = a, *y = b;
    int d = compare_nocase(x->name, y->name);

    if (d == 0)
        d = (x->amount.at.line > y->amount.at.line) - (x->amount.at.line < y->amount.at.line);
    return d ? d : (x->amount.at.col > y->amount.at.col) - (x->amount.at.col < y->amount.at.col);
}

const struct value_entry *mapping_value_entry(const struct value_table *t, struct slice word)
{
    size_t low = 0, high = t->count;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int d = compare_nocase(t->entries[mid].name, word);
        if (d == 0)
            return &t->entries[mid];
        if (d < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

/* Words are found without regard to case; list is sorted. */
static void check_twice(struct build *b, const struct yaml *map, const char *what,
                        const struct value_entry *list, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        const struct yaml *key = map->first;
        if (!slice_eq_nocase(list[i].name, list[i - 1].name))
            continue;
        while (key->key->text.ptr != list[i].name.ptr)
            key = key->next;
        diag_add(b->expect.diags, DIAG_ERROR, "M022", key->key->at,
                 S("case makes no difference: keep one of them"),
                 "the %s \"%.*s\" stands there already", what, SLICE_ARG(list[i].name));
    }
}

static void read_entries(struct build *b, const struct yaml *map, struct value_table *t)
{
    struct value_entry *list = ARENA_ARRAY(b->expect.arena, struct value_entry, map->count);

    if (map->count == 0)
        diag_add(b->expect.diags, DIAG_ERROR, "M022", map->at,
                 t->tiers ? S("write {tiers: {raw: 10}, by: \"{param.x}\"}")
                          : S("write {table: {DE: 12.50}, by: \"{param.country}\"}"),
                 t->tiers ? "`tiers` has no tier" : "`table` has no entry");
    for (const struct yaml *v = map->first; list && v; v = v->next) {
        struct value_entry *entry = &list[t->count++];
        read_amount(b, v, t->tiers ? "a tier" : "an entry", ENTRY_FORMS, &entry->amount);
        entry->name = v->key->text;
        if (entry->name.len == 0 || slice_trim(entry->name).len != entry->name.len)
            diag_add(b->expect.diags, DIAG_ERROR, "M022", v->key->at,
                     t->tiers ? S("remove the blanks") : S("remove the blanks; what stands for "
                                                           "everything else is `default`"),
                     "\"%.*s\" would never be found: blanks around words do not count",
                     SLICE_ARG(entry->name));
    }
    if (list)
        qsort(list, t->count, sizeof(*list), by_name);
    check_twice(b, map, t->tiers ? "tier" : "entry", list, t->count);
    t->entries = list;
}

/* Of tiers it names one; of a table it is an amount itself. */
static void read_default(struct build *b, const struct yaml *node, struct value_table *t)
{
    struct value_amount *amount;

    if (!node)
        return;
    if (!t->tiers) {
        amount = ARENA_NEW(b->expect.arena, struct value_amount);
        if (amount && read_amount(b, node, "`default`", ENTRY_FORMS, amount))
            t->otherwise = amount;
        return;
    }
    if (!expect_text(&b->expect, node, "`default`", &t->otherwise_name))
        return;
    for (size_t i = 0; i < t->count; i++)
        if (slice_eq(t->entries[i].name, t->otherwise_name))
            t->otherwise = &t->entries[i].amount;
    if (!t->otherwise)
        diag_add(b->expect.diags, DIAG_ERROR, "M024", node->at, S("name one of the tiers"),
                 "`default`: there is no tier \"%.*s\"", SLICE_ARG(t->otherwise_name));
}

/* {teirs: ...}: said as such, instead of what a table lacks. */
static bool is_misspelt(struct build *b, const struct yaml *node)
{
    static const struct slice kinds[] = { SLICE("tiers"), SLICE("table"), SLICE("model"), { 0 } };

    for (const struct yaml *v = node->first; v; v = v->next) {
        if (!diag_nearest(v->key->text, kinds).len)
            continue;
        diag_add(b->expect.diags, DIAG_ERROR, "M001", v->key->at,
                 diag_suggest(b->expect.arena, v->key->text, kinds),
                 "unknown key \"%.*s\" in a `value`", SLICE_ARG(v->key->text));
        return true;
    }
    return false;
}

static void read_table(struct build *b, const struct yaml *node, struct value_rule *out)
{
    const struct yaml *tiers = yaml_get(node, S("tiers")), *table = yaml_get(node, S("table")),
                      *by = yaml_get(node, S("by"));
    const struct shape *shape = tiers ? &shape_tiers : &shape_table;
    struct value_table *t = &out->table;

    out->kind = VALUE_TABLE;
    if (tiers && table) {
        diag_add(b->expect.diags, DIAG_ERROR, "M022", table->key->at,
                 S("keep one: tiers are a table whose default names one of its entries"),
                 "`value` has both `tiers` and `table`");
        return;
    }
    if (!tiers && !table && is_misspelt(b, node))
        return;
    expect_map(&b->expect, node, "`value`", shape);
    if (!tiers)
        expect_required(&b->expect, node, shape, "table");
    t->tiers = tiers != NULL;
    if (!expect_map(&b->expect, tiers ? tiers : table, tiers ? "`tiers`" : "`table`", NULL))
        return;
    read_entries(b, tiers ? tiers : table, t);
    expect_required(&b->expect, node, shape, "by");
    if (build_compile(b, by, "`by`", &t->by) && template_is_constant(&t->by))
        diag_add(b->expect.diags, DIAG_ERROR, "M022", by->at,
                 S("name a parameter or field: by: \"{param.quality}\""),
                 "`by` would choose the same for every postback");
    read_default(b, yaml_get(node, S("default")), t);
}

void build_amount(struct build *b, const struct yaml *node, struct value_rule *out)
{
    if (node->kind == YAML_MAP) {
        read_table(b, node, out);
        return;
    }
    out->kind = VALUE_AMOUNT;
    read_amount(b, node, "`value`",
                "a number, payout, a share of it such as 80%, {tiers: {...}, by: ...}, "
                "{table: {...}, by: ...} or {model: NAME}",
                &out->amount);
}
