#include "core/base/steady.h"

/* Steps of a jump that is one: a wrong clock drifts as well. */
#define SAME_JUMP_MS 60000

static int64_t apart(int64_t a, int64_t b)
{
    return a > b ? a - b : b - a;
}

int64_t clock_rule_now(struct clock_rule *r, int64_t wall, int64_t steady, int64_t *believed)
{
    int64_t by = wall - steady - r->offset;

    *believed = 0;
    if (!r->started || apart(by, 0) <= CLOCK_STEP_MS) {
        r->started = true;
        r->away = false;
        r->offset += by;
        return wall;
    }
    if (!r->away || apart(by, r->away_by) > SAME_JUMP_MS) {
        r->away = true;
        r->away_since = steady;
    } else if (steady - r->away_since >= CLOCK_HOLD_MS && wall >= CLOCK_EARLIEST_MS) {
        r->away = false;
        r->offset += by;
        *believed = by;
    }
    r->away_by = by;
    return steady + r->offset;
}

int64_t clock_rule_wait(int64_t due, int64_t now, int64_t most)
{
    return due - now > most ? now + most : due;
}
