/* shapes.h: the keys of mapping files, as tables (core/yaml/shape.h says how to add one); only for
 * core/mapping.  The roots stand in mapping.h. */
#ifndef CORE_MAPPING_SHAPES_H
#define CORE_MAPPING_SHAPES_H

#include "core/yaml/shape.h"

/* Of a tracker mapping, and of what an offer mapping shares with it. */
extern const struct shape shape_fields;     /* id: enum field */
extern const struct shape shape_time_field; /* {from, as, zone} */

/* Of an offer mapping. */
extern const struct shape shape_event;     /* {event, value, ...} of `events:` */
extern const struct shape shape_value;     /* `value:` */
extern const struct shape shape_tiers, shape_table, shape_model_use; /* the same as a map */
extern const struct shape shape_lifetime;
extern const struct shape shape_cost; /* {from, currency} of `minus:` */
extern const struct shape shape_pixel; /* and two of its forms: {from, allow}, {table, by} */
extern const struct shape shape_pixel_allow, shape_pixel_table;
extern const struct shape shape_event_source, shape_test_code;
extern const struct shape shape_lead;
extern const struct shape shape_user;      /* id: enum identity_kind */
extern const struct shape shape_match_key; /* {from, country, split} of `user:` */
extern const struct shape shape_consent;
extern const struct shape shape_kept_key; /* one of consent's `keep:` */
extern const struct shape shape_payout; /* {min, max} of `payout:` */
extern const struct shape shape_test; /* one of `tests:` */

/* What may stand beside `value`, in an event and in a model. */
extern const struct shape shape_beside_value;
bool shape_beside_value_row(struct arena *arena, size_t i, struct shape_key *out);

extern const struct shape shape_models; /* `value_models:`, a map or a path */
extern const struct shape shape_model;  /* one of them */

#endif
