/* scrub.c: the last look at the sentences of a translation before they are stored or shown. */
#include "core/base/codes.h"
#include "core/translate/private.h"

static struct slice title_of(struct arena *arena, const char *code)
{
    const struct code *c = code_find(code);

    return arena_printf(arena, "%s (not shown in full: it holds personal data)",
                        c ? c->title : code);
}

void translate_scrub(struct translation *t)
{
    for (struct note *n = t->notes.first; n; n = n->next) {
        if (identity_looks_personal(n->subject))
            n->subject = S("[personal data]");
        if (identity_looks_personal(n->text))
            n->text = title_of(t->arena, n->code);
    }
    if (identity_looks_personal(t->reason))
        t->reason = title_of(t->arena, t->code);
}
