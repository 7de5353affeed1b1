/* alert_look.h: one look of the judge at a moment, and what it found. */
#ifndef TESTS_SUPPORT_ALERT_LOOK_H
#define TESTS_SUPPORT_ALERT_LOOK_H

#include "core/alert/judge.h"

#define NOW INT64_C(1795651200) /* 2026-11-26T00:00:00Z, a Thursday */

struct looked {
    struct alert_finding found[20];
    size_t count;
};

static void found(void *context, const struct alert_finding *f)
{
    struct looked *l = context;

    if (f->bad) {
        assert_true(l->count < 20);
        l->found[l->count++] = *f;
    }
}

static struct looked look(struct alert_series *s, const struct alert_facts *facts,
                          const struct alert_limits *common)
{
    struct looked l = { .count = 0 };
    const struct alert_judging j = { .series = s, .facts = facts, .common = common, .found = found,
                                     .context = &l, .now = NOW };

    alert_judge(&j);
    return l;
}

#endif
