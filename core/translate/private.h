/* private.h: what the halves of a translation share. */
#ifndef CORE_TRANSLATE_PRIVATE_H
#define CORE_TRANSLATE_PRIVATE_H

#include "core/translate/translate.h"

/* A parameter's value as it may be kept: itself, or the hash of personal data.  values: for the
 * country of a phone number. */
struct slice storable_value(const struct offer *offer, const struct template_values *values,
                            struct slice name, struct slice value, struct identity_hasher *hasher,
                            struct arena *arena);

/* The country that a key's values are of, as the mapping or the visitor's own says; may be empty. */
struct slice keys_country(const struct user_rule *rule, const struct template_values *values,
                          struct arena *arena);

/* What a match key's template gives.  Where it joins several parts and one of its parameters is a
 * SHA-256, that alone: so is the whole stored, and nothing else could come of joining it. */
struct slice keys_value(const struct user_rule *rule, const struct template *from,
                        const struct template_values *values, struct arena *arena);

/* Is it a template of several parts, whose value is stored as one? */
bool keys_joined(const struct user_rule *rule, const struct template *from);

/* The next of the values that a parameter holds by the rule's `split`; false when *rest is used up.
 * Values may be empty. */
bool keys_next_value(const struct user_rule *rule, struct slice *rest, struct slice *value);

/* Is it the name of a parameter that trackers and forms send personal data under? */
bool storable_personal_name(struct slice name, enum identity_kind *kind);

/* Is it a parameter of personal data whose value is unusable, and no macro alone?  There may be
 * somebody's data beside the macro: "{phone},0151123". */
bool storable_beside_macro(const struct offer *offer, struct slice name, struct slice value);

/* Of a URL the ttclid, in the form that reading finds it in; empty when there is none. */
struct slice storable_ttclid(struct slice url, struct arena *arena);

/* Does that field of the mapping read the parameter? */
bool storable_field_reads(const struct offer *offer, enum field f, struct slice name);

/* Take personal data out of the reason and the warnings, whoever wrote them. */
void translate_scrub(struct translation *t);

#endif
