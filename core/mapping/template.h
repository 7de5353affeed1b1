/* template.h: "{click_id}", "{param.email|lower}", "{txid|default:none}", "{offer}" and plain text.
 */
#ifndef CORE_MAPPING_TEMPLATE_H
#define CORE_MAPPING_TEMPLATE_H

#include "core/base/diag.h"
#include "core/params/params.h"
#include "core/record/record.h"

enum template_filter_kind { FILTER_DEFAULT, FILTER_LOWER, FILTER_UPPER, FILTER_TRIM };

struct template_filter {
    enum template_filter_kind kind;
    struct slice argument; /* of default */
};

enum template_part_kind { TEMPLATE_TEXT, TEMPLATE_FIELD, TEMPLATE_PARAM, TEMPLATE_OFFER };

struct template_part {
    enum template_part_kind kind;
    struct slice text; /* TEXT: itself.  PARAM: the parameter's name */
    enum field field;
    struct template_filter filters[4];
    size_t filter_count;
};

struct template {
    struct template_part *parts;
    size_t count; /* 0: no template */
    struct place at;
    struct slice raw;
};

/* Compile text, which stands at `at`.  -1 after a diagnostic M006.  "{{" is a brace. */
int template_compile(struct arena *arena, struct slice text, struct place at, struct template *out,
                     struct diags *diags);

struct template_values {
    const struct conversion *conversion;
    const struct params *params;
    struct slice offer;
};

/* Parameters that are secrets (key, token, ... also inside a JSON body: auth.token): never stored,
 * so no mapping may read them. */
bool template_is_secret(struct slice param);

/* Does it hold neither a field nor a parameter? */
bool template_is_constant(const struct template *t);

/* The text, in arena (or borrowed when there is nothing to join).  The empty slice when a
 * placeholder has no usable value and no default: a property is then left out. */
struct slice template_expand(const struct template *t, const struct template_values *values,
                             struct arena *arena);

/* The first usable value of the parameter, as fields take it; else empty. */
struct slice template_param(const struct template_values *values, struct slice name);

/* Calls each for every parameter name that the template reads. */
void template_params(const struct template *t, void (*each)(void *context, struct slice name),
                     void *context);

#endif
