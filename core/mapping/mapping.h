/* mapping.h: mapping files, loaded, validated and compiled.  Immutable afterwards: any thread may
 * translate with an offer while another is being loaded.
 *
 * A tracker mapping says what a tracker's parameters and words mean; an offer mapping extends one
 * and says which events, values and pixel.  docs/mapping.md is the user's reference. */
#ifndef CORE_MAPPING_MAPPING_H
#define CORE_MAPPING_MAPPING_H

#include "core/base/diag.h"
#include "core/base/money.h"
#include "core/base/when.h"
#include "core/event/event.h"
#include "core/identity/identity.h"
#include "core/mapping/template.h"
#include "core/record/record.h"
#include "core/tracker.h"
#include "core/yaml/shape.h"
#include "core/yaml/yaml.h"

/* Where a canonical field comes from. */
struct field_rule {
    const struct slice *names; /* parameters, first usable value wins */
    size_t count;
    enum when_form form; /* TIME and CLICK_TIME */
    int zone_seconds;
    struct place at;
};

struct stage_word {
    struct slice word, stage;
    struct place at;
};

enum value_kind { VALUE_NONE, VALUE_FIXED, VALUE_PAYOUT, VALUE_TIERS };

struct value_tier {
    struct slice name;
    struct money amount;
};

struct value_rule {
    enum value_kind kind;
    struct money fixed;
    struct template by; /* VALUE_TIERS */
    const struct value_tier *tiers;
    size_t tier_count;
    struct slice tier_default; /* empty: an unknown tier is quarantined */
    struct slice currency;     /* of the fixed amounts; empty: the offer's value_currency */
    struct money min, max, percent;
    bool has_min, has_max, has_percent;
    struct place at;
};

struct event_rule {
    struct slice event;
    struct value_rule value;
    bool repeatable;
    bool twin; /* another stage sends this event too, one of both repeatable and the other not */
    struct place at;
    struct event_rule *next;
};

struct stage_rule {
    struct slice stage;
    bool ignore;
    struct event_rule *events;
    struct place at;
};

/* One line of `transitions:`. */
struct transition_rule {
    struct slice stage;
    const struct slice *from; /* stages that it may come after */
    size_t from_count;
    bool from_new; /* or when nothing was seen before */
    struct place at;
};

/* One entry of `properties:`, or of one of its contents. */
struct property {
    const struct event_field *field;
    struct template text;         /* TEXT, ENUM, NUMBER, INTEGER */
    bool is_value;                /* "value": the event's own value */
    const struct template *items; /* TEXT_LIST */
    size_t item_count;
    const struct property_list *contents; /* CONTENTS */
    size_t content_count;
};

struct property_list {
    const struct property *list;
    size_t count;
};

struct user_rule {
    const char *name; /* TikTok's: "email" */
    enum identity_kind kind;
    struct template from;
    struct slice country; /* phone and zip */
};

enum consent_otherwise { CONSENT_DROP, CONSENT_ANONYMIZE, CONSENT_LIMITED };

struct consent_rule {
    struct template from; /* count 0: the offer has no consent rule */
    const struct slice *granted;
    size_t granted_count;
    enum consent_otherwise otherwise;
    struct place at;
};

struct mapping_expect {
    struct slice path, value; /* "user.ttclid", "verdict" */
    struct place at;
};

struct mapping_test {
    struct slice name, given, click;
    const struct slice *before; /* postbacks that came earlier, oldest first */
    size_t before_count;
    struct mapping_expect *expect;
    size_t expect_count;
    struct place at;
};

struct offer {
    struct slice name, file;
    const struct tracker *tracker;
    struct slice tracker_name; /* of the mapping; may differ from the adapter's for own trackers */

    struct field_rule fields[FIELD_COUNT];
    const struct stage_word *words; /* sorted by word in lower case */
    size_t word_count;
    const struct slice *stages; /* every stage name that may occur, ended by an empty slice */
    struct slice default_stage;
    struct place default_stage_at;
    const struct transition_rule *transitions;
    size_t transition_count;
    enum money_mark mark;
    struct slice payout_currency; /* when the postback names none */

    const struct slice *params; /* which templates read */
    size_t param_count;

    struct template pixel, page_url;
    const struct slice *origins;
    size_t origin_count;
    struct slice value_currency;
    struct stage_rule *rules;
    size_t rule_count;
    const struct property *properties;
    size_t property_count;
    const struct user_rule *user;
    size_t user_count;
    struct consent_rule consent;
    struct slice key_file; /* the offer's own key, relative to its file; empty: the common one */
    struct mapping_test *tests;
    size_t test_count;
};

/* How the loader gets at other files: `extends: NAME`, asked from file `from`.  0: found, *source
 * filled (in arena).  1: there is none, *where says where was looked.  No path is ever taken from a
 * postback. */
struct mapping_files {
    void *context;
    int (*find)(void *context, struct arena *arena, struct slice name, struct slice from,
                struct source *source, struct slice *where);
};

struct mapping_loader {
    struct arena *arena; /* holds everything that is loaded */
    struct diags *diags;
    const struct tracker *const *trackers;
    struct mapping_files files;
};

/* What the two kinds of file may hold. */
extern const struct shape mapping_offer_shape, mapping_tracker_shape;

/* NULL when the file has errors; they are all in diags.  source must live as long as the offer. */
struct offer *mapping_load_offer(const struct mapping_loader *loader, const struct source *source);

/* Validate a tracker mapping by itself (check). */
int mapping_check_tracker(const struct mapping_loader *loader, const struct source *source);

/* "offer" or "tracker", by the keys of the file; for `check FILE`. */
bool mapping_is_offer(struct slice text);

/* The stage of a word, compared without case; NULL when no stage lists it. */
const struct stage_word *mapping_word(const struct offer *offer, struct slice word);
const struct stage_rule *mapping_rule(const struct offer *offer, struct slice stage);

/* The line of `transitions:` for this stage; NULL: it may always come. */
const struct transition_rule *mapping_transition(const struct offer *offer, struct slice stage);

/* Does any stage rule or word of the offer know this stage name? */
bool mapping_has_stage(const struct offer *offer, struct slice stage);

#endif
