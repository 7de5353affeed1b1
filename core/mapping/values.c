/* values.c: the value of an event's rule: an amount or a table of them, and what is done to it. */
#include <stdlib.h>

#include "core/mapping/build.h"

static const struct slice payout_word[] = { SLICE("payout"), { 0 } };

/* ---- percentages and amounts ---- */

static bool read_percent(struct build *b, const struct yaml *node, const char *what,
                         struct money *out)
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
        return read_percent(b, &share, "a share of the payout", &out->percent);
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

static void read_table(struct build *b, const struct yaml *node, struct value_rule *out)
{
    static const struct slice keys[] = { SLICE("tiers"), SLICE("table"), SLICE("by"),
                                         SLICE("default"), SLICE("model"), { 0 } };
    const struct yaml *tiers = yaml_get(node, S("tiers")), *table = yaml_get(node, S("table")),
                      *by = yaml_get(node, S("by"));
    struct value_table *t = &out->table;

    out->kind = VALUE_TABLE;
    expect_map(&b->expect, node, "`value`", keys);
    if (!tiers && !table) {
        expect_missing(&b->expect, node, "table",
                       "write {table: {DE: 12.50}, by: \"{param.country}\"}, {tiers: ...} or "
                       "{model: NAME}");
        return;
    }
    if (tiers && table)
        diag_add(b->expect.diags, DIAG_ERROR, "M022", table->key->at,
                 S("keep one: tiers are a table whose default names one of its entries"),
                 "`value` has both `tiers` and `table`");
    t->tiers = tiers != NULL;
    if (!expect_map(&b->expect, tiers ? tiers : table, tiers ? "`tiers`" : "`table`", NULL))
        return;
    read_entries(b, tiers ? tiers : table, t);
    if (!by)
        expect_missing(&b->expect, node, "by",
                       tiers ? "say what chooses the tier: by: \"{param.quality}\""
                             : "say what chooses the entry: by: \"{param.country}\"");
    if (build_compile(b, by, "`by`", &t->by) && template_is_constant(&t->by))
        diag_add(b->expect.diags, DIAG_ERROR, "M022", by->at,
                 S("name a parameter or field: by: \"{param.quality}\""),
                 "`by` would choose the same for every postback");
    read_default(b, yaml_get(node, S("default")), t);
}

static void read_value(struct build *b, const struct yaml *node, struct value_rule *out)
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

/* ---- what stands beside `value` ---- */

static const struct slice beside_keys[] = { SLICE("currency"), SLICE("lifetime"), SLICE("percent"),
                                            SLICE("minus"),    SLICE("min"),      SLICE("max"),
                                            { 0 } };

/* 2.50, "{cost}", {from: either of the two, currency: EUR} */
static void read_cost(struct build *b, const struct yaml *node, struct value_rule *out)
{
    static const struct slice keys[] = { SLICE("from"), SLICE("currency"), { 0 } };
    const struct yaml *from = node;
    struct value_cost *c = &out->cost;

    out->has_cost = true;
    out->cost_at = node->at;
    if (node->kind == YAML_MAP && !(node->count == 1 && yaml_is_null(node->first))) {
        expect_map(&b->expect, node, "`minus`", keys);
        from = yaml_get(node, S("from"));
        if (!from)
            expect_missing(&b->expect, node, "from", "write {from: \"{cost}\", currency: EUR}");
        build_currency(b, yaml_get(node, S("currency")), "`currency`", false, &c->currency);
    }
    if (!from || !build_compile(b, from, "`minus`", &c->from) || !template_is_constant(&c->from))
        return;
    c->from = (struct template){ .at = from->at };
    if (slice_ends(from->text, S("%")))
        diag_add(b->expect.diags, DIAG_ERROR, "M009", from->at,
                 S("to send a share, say how much of it stays: percent: 80"),
                 "`minus` is an amount, but \"%.*s\" is a share", SLICE_ARG(from->text));
    else if (expect_amount(&b->expect, from, "`minus`", &c->fixed) && c->fixed.micros == 0)
        diag_add(b->expect.diags, DIAG_ERROR, "M022", from->at, S("leave `minus` out"),
                 "`minus: 0` takes nothing off");
}

static bool read_limit(struct build *b, const struct yaml *node, const char *what,
                       struct money *out, struct place *at)
{
    if (!expect_amount(&b->expect, node, what, out))
        return false;
    *at = node->at;
    return true;
}

static void read_beside(struct build *b, const struct yaml *rule, struct value_rule *out)
{
    const struct yaml *percent = yaml_get(rule, S("percent")), *minus = yaml_get(rule, S("minus"));

    build_currency(b, yaml_get(rule, S("currency")), "`currency`", false, &out->currency);
    build_lifetime(b, yaml_get(rule, S("lifetime")), out);
    if (minus)
        read_cost(b, minus, out);
    out->has_min |= read_limit(b, yaml_get(rule, S("min")), "`min`", &out->min, &out->min_at);
    out->has_max |= read_limit(b, yaml_get(rule, S("max")), "`max`", &out->max, &out->max_at);
    if (read_percent(b, percent, "`percent`", &out->percent)) {
        out->has_percent = true;
        out->percent_at = percent->at;
    }
}

/* ---- do the parts fit? ---- */

/* Does it name amounts of its own, and does it ask for the payout? */
static void kinds_of(const struct value_rule *v, bool *fixed, bool *payout)
{
    const struct value_amount *otherwise = v->table.otherwise;

    *fixed = v->kind == VALUE_AMOUNT && !v->amount.payout;
    *payout = v->kind == VALUE_AMOUNT && v->amount.payout;
    if (otherwise) {
        *fixed |= !otherwise->payout;
        *payout |= otherwise->payout;
    }
    for (size_t i = 0; i < v->table.count; i++) {
        *fixed |= !v->table.entries[i].amount.payout;
        *payout |= v->table.entries[i].amount.payout;
    }
}

static void check_parts(struct build *b, const struct yaml *rule, const struct value_rule *v)
{
    const struct yaml *currency = yaml_get(rule, S("currency")), *min = yaml_get(rule, S("min")),
                      *max = yaml_get(rule, S("max"));
    bool fixed, payout;

    kinds_of(v, &fixed, &payout);
    if (currency && !fixed && v->kind != VALUE_TABLE)
        diag_add(b->expect.diags, DIAG_ERROR, "M022", currency->key->at,
                 S("a payout's currency comes with the postback, or from payout_currency"),
                 "`currency` belongs to a fixed value");
    else if (currency && !fixed && payout)
        diag_add(b->expect.diags, DIAG_ERROR, "M022", currency->key->at,
                 S("a payout's currency comes with the postback, or from payout_currency"),
                 "`currency` belongs to fixed amounts, and the table has none");
    for (size_t i = 1; v->kind == VALUE_NONE && beside_keys[i].ptr; i++) {
        const struct yaml *alone = yaml_get(rule, beside_keys[i]);
        if (!alone)
            continue;
        diag_add(b->expect.diags, DIAG_ERROR, "M022", alone->key->at, S("add value: payout"),
                 "`%.*s` without a `value`", SLICE_ARG(alone->key->text));
        break;
    }
    if ((min || max) && v->has_min && v->has_max && v->min.micros > v->max.micros)
        diag_add(b->expect.diags, DIAG_ERROR, "M022", (min ? min : max)->at, (struct slice){ 0 },
                 "`min` is larger than `max`");
}

/* ---- named models ---- */

/* What both say would have two readings. */
static void check_overlap(struct build *b, const struct yaml *rule, const struct value_model *model)
{
    for (const struct slice *key = beside_keys; key->ptr; key++) {
        const struct yaml *here = yaml_get(rule, *key), *there = yaml_get(model->node, *key);
        if (here && there)
            diag_add(b->expect.diags, DIAG_ERROR, "M031", here->key->at,
                     arena_printf(b->expect.arena, "take it out here, or out of the model (%.*s:%u)",
                                  SLICE_ARG(there->at.source->name), there->at.line),
                     "`%.*s` is said by the model \"%.*s\" already", SLICE_ARG(*key),
                     SLICE_ARG(model->name));
    }
}

/* false: nothing is known of the value, and that has been said. */
static bool use_model(struct build *b, const struct yaml *value, const struct yaml *rule,
                      struct value_rule *out)
{
    static const struct slice keys[] = { SLICE("model"), { 0 } };
    const struct value_model *model = build_find_model(b, yaml_get(value, S("model")));
    struct place used_at = out->used_at;

    expect_map(&b->expect, value, "a `value` that names a model", keys);
    if (!model)
        return false;
    check_overlap(b, rule, model);
    *out = model->rule;
    out->model = model->name;
    out->used_at = used_at;
    return !model->bad;
}

void build_value(struct build *b, const struct yaml *node, const struct yaml *rule,
                 struct value_rule *out)
{
    struct place at = node ? node->at : rule->at;
    bool known = true;

    *out = (struct value_rule){ .at = at, .used_at = at };
    if (yaml_get(node, S("model")))
        known = use_model(b, node, rule, out);
    else if (node)
        read_value(b, node, out);
    read_beside(b, rule, out);
    if (known)
        check_parts(b, rule, out);
    build_note_params(b, &out->table.by);
    build_note_params(b, &out->cost.from);
}

void build_value_model(struct build *b, const struct yaml *model, struct value_rule *out)
{
    static const struct slice keys[] = { SLICE("value"),    SLICE("currency"), SLICE("percent"),
                                         SLICE("min"),      SLICE("max"),      SLICE("minus"),
                                         SLICE("lifetime"), { 0 } };
    const struct yaml *value = yaml_get(model, S("value")), *other = yaml_get(value, S("model"));

    *out = (struct value_rule){ .at = model->at, .used_at = model->at };
    if (!expect_map(&b->expect, model, "a value model", keys))
        return;
    if (!value) {
        expect_missing(&b->expect, model, "value", "say what it is: value: payout");
        return;
    }
    out->at = value->at;
    if (other) {
        diag_add(b->expect.diags, DIAG_ERROR, "M032", other->key->at,
                 S("write the value out: a number, payout, {tiers: ...} or {table: ...}"),
                 "a value model can't name another");
        return;
    }
    read_value(b, value, out);
    read_beside(b, model, out);
    check_parts(b, model, out);
}

/* ---- currencies ---- */

/* A value that may be without a currency, or in one that TikTok does not take, can't be sent. */
static void check_currency(struct build *b, const struct value_rule *v)
{
    const struct offer *o = b->offer;
    struct slice own = v->currency.len ? v->currency : o->payout_currency;
    bool fixed, payout;

    kinds_of(v, &fixed, &payout);
    if (v->kind == VALUE_NONE || o->value_currency.len)
        return;
    if (payout && o->payout_currency.len == 0)
        diag_add(b->expect.diags, DIAG_WARNING, "M022", v->used_at, S("add value_currency: USD"),
                 "a postback without a currency will be quarantined");
    else if (payout && !event_currency_supported(o->payout_currency))
        diag_add(b->expect.diags, DIAG_WARNING, "M014", v->used_at, S("add value_currency: USD"),
                 "TikTok does not take %.*s", SLICE_ARG(o->payout_currency));
    if (fixed && own.len == 0)
        diag_add(b->expect.diags, DIAG_ERROR, "M022", v->used_at, S("add value_currency: USD"),
                 "a value without a currency");
    else if (fixed && !event_currency_supported(own))
        diag_add(b->expect.diags, DIAG_ERROR, "M014", v->used_at, S("add value_currency: USD"),
                 "TikTok does not take %.*s", SLICE_ARG(own));
    if (payout && (v->has_min || v->has_max))
        diag_add(b->expect.diags, DIAG_WARNING, "M022", v->used_at, S("add value_currency: USD"),
                 "`min` and `max` count in whatever currency a postback names");
}

void build_check_currencies(struct build *b)
{
    if (b->orphan) /* the parent may say payout_currency */
        return;
    for (size_t i = 0; i < b->offer->rule_count; i++)
        for (const struct event_rule *r = b->offer->rules[i].events; r; r = r->next)
            check_currency(b, &r->value);
}
