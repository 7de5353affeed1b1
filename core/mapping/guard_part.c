/* guard_part.c: what an offer mapping says about who may send its postbacks, and what is plausible. */
#include "core/mapping/build.h"

static void read_payout(struct build *b, const struct yaml *node)
{
    struct payout_bounds *p = &b->offer->payout;

    if (!node || !expect_map(&b->expect, node, "`payout`", &shape_payout))
        return;
    p->at = node->key->at;
    p->has_min = expect_amount(&b->expect, yaml_get(node, S("min")), "`min`", &p->min);
    p->has_max = expect_amount(&b->expect, yaml_get(node, S("max")), "`max`", &p->max);
    if (node->count == 0)
        diag_add(b->expect.diags, DIAG_ERROR, "M067", p->at, S("write payout: {min: 1, max: 500}"),
                 "`payout` names neither min nor max");
    if (p->has_min && p->has_max && p->min.micros > p->max.micros)
        diag_add(b->expect.diags, DIAG_ERROR, "M067", p->at, S("swap them"),
                 "the smallest payout lies above the largest, so every one would be quarantined");
}

static void read_require_click(struct build *b, const struct yaml *node)
{
    struct offer *o = b->offer;

    expect_bool(&b->expect, node, "`require_click`", &o->require_click);
    if (o->require_click && o->source != EVENT_SOURCE_WEB)
        diag_add(b->expect.diags, DIAG_ERROR, "M068", node->key->at, S("take it out of this file"),
                 "%s events have no click that could be registered, so every postback would be "
                 "quarantined",
                 event_source_names[o->source].ptr);
}

void build_guard(struct build *b, const struct yaml *root)
{
    struct access *access = &b->offer->access;

    access_read_key(&b->expect, yaml_get(root, S("key")), &access->key);
    access_read_signature(&b->expect, yaml_get(root, S("signature")), &access->signature);
    access->allow_said = access_read_networks(&b->expect, yaml_get(root, S("allow")), "`allow`",
                                              &access_allow_shape, &access->allow);
    read_payout(b, yaml_get(root, S("payout")));
    read_require_click(b, yaml_get(root, S("require_click")));
}
