/* break_acts.h: what the rows of breaks.c do; only for core/chain.  break_query.c has those on the
 * list of parameters, break_url.c those on the text of the URL, break_value.c those on one value.
 */
#ifndef CORE_CHAIN_BREAK_ACTS_H
#define CORE_CHAIN_BREAK_ACTS_H

#include "core/chain/breaks.h"

/* Is the failure about the parameter of that name? */
bool break_names(const struct hop_break *b, struct slice name);

#define ON_URL(name)                                                                               \
    struct slice break_##name(struct arena *arena, const struct hop_break *b, struct slice url)
ON_URL(drop);
ON_URL(keep_only);
ON_URL(rename_params);
ON_URL(uppercase_keys);
ON_URL(duplicate);
ON_URL(strip_query);
ON_URL(trailing_slash);
ON_URL(fragment);
ON_URL(fragment_first);
ON_URL(second_question_mark);
ON_URL(html_entities);
ON_URL(ascii_only);
ON_URL(downgrade);
ON_URL(host);
ON_URL(relative);
ON_URL(decode);
ON_URL(space_to_plus);
ON_URL(same);
#undef ON_URL

#define ON_VALUE(id)                                                                               \
    struct slice break_##id(struct arena *arena, const struct hop_break *b, struct slice name,     \
                            struct slice value)
ON_VALUE(lowercase);
ON_VALUE(truncate);
ON_VALUE(double_encode);
ON_VALUE(plus_to_space);
ON_VALUE(base64);
ON_VALUE(encrypt);
ON_VALUE(literal);
#undef ON_VALUE

#endif
