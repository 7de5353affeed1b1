/* build.h: inside the loader: an offer while its files are being applied to it. */
#ifndef CORE_MAPPING_BUILD_H
#define CORE_MAPPING_BUILD_H

#include "core/mapping/mapping.h"
#include "core/mapping/shapes.h"
#include "core/yaml/expect.h"

#define BUILD_WORDS_MAX 512
#define BUILD_STAGES_MAX 64
#define BUILD_PARAMS_MAX 64 /* past it an unfilled macro is not warned of */

/* A named value model: read once, copied into each rule that names it. */
struct value_model {
    struct slice name;
    const struct yaml *node;
    struct value_rule rule;
    bool bad; /* it has mistakes, which are said where it stands */
    struct value_model *next;
};

struct build {
    const struct mapping_loader *loader;
    struct expect expect;
    struct offer *offer;
    struct stage_word words[BUILD_WORDS_MAX];
    size_t word_count;
    struct slice stages[BUILD_STAGES_MAX + 1]; /* ended by an empty slice */
    size_t stage_count;
    struct transition_rule transitions[BUILD_STAGES_MAX];
    size_t transition_count;
    struct slice params[BUILD_PARAMS_MAX]; /* that templates read */
    size_t param_count;
    struct slice content_params[BUILD_PARAMS_MAX]; /* that not only `user` and `consent` read */
    size_t content_count;
    bool of_visitor; /* `user` or `consent` is being read */
    bool crowded; /* there are too many words or stages; said once */
    bool orphan; /* a parent is missing: its stages and fields are not known */
    struct diags *shared;       /* for files that several offers name */
    struct value_model *models; /* the nearest file's first */
    bool models_missing;        /* a file of models could not be read */
};

/* Fields that hold a time have a form and a zone. */
bool build_is_time(enum field f);

/* fields, stages, default_stage, decimal, payout_currency: the part that a tracker mapping and an
 * offer mapping share.  A later file overrides what an earlier one said. */
void build_tracker_part(struct build *b, const struct yaml *root);

/* `transitions:` of one file; and, after the last one, into the offer, with a diagnostic for every
 * stage that no postback could reach. */
void build_transitions(struct build *b, const struct yaml *node);
int build_seal_transitions(struct build *b); /* -1: out of memory */

/* The words as a sorted table, and the stages, into the offer. */
int build_seal_words(struct build *b); /* -1: out of memory */

/* pixel, events, properties, user, consent, tests ... of the offer file. */
void build_offer_part(struct build *b, const struct yaml *root);

void build_events(struct build *b, const struct yaml *events);

/* `value:` of an event's rule (node, may be NULL) with the keys beside it; and the same of a value
 * model, which may name no other. */
void build_value(struct build *b, const struct yaml *node, const struct yaml *rule,
                 struct value_rule *out);
void build_value_model(struct build *b, const struct yaml *model, struct value_rule *out);

/* The parts of it: what stands behind `value:` (no model), a percentage, `lifetime:`. */
void build_amount(struct build *b, const struct yaml *node, struct value_rule *out);
bool build_percent(struct build *b, const struct yaml *node, const char *what, struct money *out);
void build_lifetime(struct build *b, const struct yaml *node, struct value_rule *out);

/* Once value_currency and payout_currency are known: is every value's currency, too? */
void build_check_currencies(struct build *b);

/* To the loader's problems, but what is there already: a mistake in a file that fifty offers share
 * is one mistake. */
void build_report_shared(const struct mapping_loader *loader, const struct diags *shared);

/* `value_models:` of a mapping: a map of them, or the path of a file that holds one. */
void build_models(struct build *b, const struct yaml *root, const struct source *from);
const struct value_model *build_find_model(struct build *b, const struct yaml *name);

/* `event_source`, `test_event_code`, `lead`: what kind of events these are. */
void build_source(struct build *b, const struct yaml *root);
/* When everything is read: what does not go with that kind. */
void build_source_fit(struct build *b, const struct yaml *root);

/* `pixel` of the offer or of one event. */
void build_pixel(struct build *b, const struct yaml *node, struct pixel_route *out);
/* When all events are read: no event twice to one pixel, not too many events of one postback. */
void build_pixels_fit(struct build *b);

/* key, signature, allow, payout, require_click; when the offer's kind of events is known. */
void build_guard(struct build *b, const struct yaml *root);

void build_properties(struct build *b, const struct yaml *node);
void build_user(struct build *b, const struct yaml *node);
void build_consent(struct build *b, const struct yaml *node);
void build_tests(struct build *b, const struct yaml *node);
/* Whether an outcome may have that path; M001 at `at` when not. */
bool build_expected_path(struct build *b, struct slice path, struct place at);

/* without_rate, rate_max_age; after value_currency. */
void build_rate_part(struct build *b, const struct yaml *root);

/* A currency code in upper case; M014 when it is no ISO code, or not one that TikTok takes. */
bool build_currency(struct build *b, const struct yaml *node, const char *what, bool for_tiktok,
                    struct slice *out);

/* Compile a scalar as a template; false after a diagnostic.  build_template also notes the
 * parameters that it reads for the offer. */
bool build_compile(struct build *b, const struct yaml *node, const char *what,
                   struct template *out);
bool build_template(struct build *b, const struct yaml *node, const char *what,
                    struct template *out);
void build_note_params(struct build *b, const struct template *t);

#endif
