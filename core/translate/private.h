/* private.h: what the halves of a translation share. */
#ifndef CORE_TRANSLATE_PRIVATE_H
#define CORE_TRANSLATE_PRIVATE_H

#include "core/translate/translate.h"

/* A parameter's value as it may be kept: itself, or the hash of personal data. */
struct slice storable_value(const struct offer *offer, struct slice name, struct slice value,
                            struct identity_hasher *hasher, struct arena *arena);

/* Is it the name of a parameter that trackers and forms send personal data under? */
bool storable_personal_name(struct slice name, enum identity_kind *kind);

/* Of a page's URL the ttclid, in the form that reading finds it in; empty when there is none. */
struct slice storable_ttclid(struct slice url, struct arena *arena);

/* Take personal data out of the reason and the warnings, whoever wrote them. */
void translate_scrub(struct translation *t);

#endif
