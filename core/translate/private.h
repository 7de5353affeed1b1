/* private.h: what the halves of a translation share. */
#ifndef CORE_TRANSLATE_PRIVATE_H
#define CORE_TRANSLATE_PRIVATE_H

#include "core/translate/translate.h"

/* A parameter's value as it may be kept: itself, or the hash of personal data. */
struct slice storable_value(const struct offer *offer, struct slice name, struct slice value,
                            struct identity_hasher *hasher, struct arena *arena);

/* Take personal data out of the reason and the warnings, whoever wrote them. */
void translate_scrub(struct translation *t);

#endif
