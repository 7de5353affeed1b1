/* painting.h: inside of core/review: the page while it is made. */
#ifndef CORE_REVIEW_PAINTING_H
#define CORE_REVIEW_PAINTING_H

#include "core/review/inside.h"

#define BARS_MOST 12

struct painting {
    struct buf *out;
    const struct review *r;
    struct arena *a;
};

void painting_value_table(const struct painting *p);
void painting_answer_table(const struct painting *p);
void painting_remedy_table(const struct painting *p);
void painting_offer_table(const struct painting *p);

#endif
