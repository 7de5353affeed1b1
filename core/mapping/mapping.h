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
#include "core/event/source.h"
#include "core/guard/access.h"
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

enum value_kind { VALUE_NONE, VALUE_AMOUNT, VALUE_TABLE };

/* An amount as a rule writes it: 12.50, payout, 80%. */
struct value_amount {
    bool payout;           /* of the payout; else `fixed`, in the rule's currency */
    struct money fixed;
    struct money percent;  /* of the payout; 0: as it came */
    struct place at;
};

struct value_entry {
    struct slice name;
    struct value_amount amount;
};

/* `tiers` or `table`: a word of the postback chooses the amount. */
struct value_table {
    bool tiers; /* for the sentences about it */
    struct template by;
    const struct value_entry *entries; /* sorted by name, without case */
    size_t count;
    const struct value_amount *otherwise; /* for every other word; NULL: it is quarantined */
    struct slice otherwise_name;          /* of the tier that `otherwise` is; empty in a table */
};

/* `minus`: what is taken off. */
struct value_cost {
    struct template from; /* count 0: `fixed` */
    struct money fixed;
    struct slice currency; /* empty: that of the value */
};

/* `lifetime`: 1 + keep + keep^2 ..., one term a month. */
struct value_lifetime {
    unsigned months;
    struct money keep;  /* percent */
    struct money times; /* the sum, rounded half to even to six decimals */
};

struct value_rule {
    enum value_kind kind;
    struct value_amount amount; /* VALUE_AMOUNT */
    struct value_table table;   /* VALUE_TABLE */
    struct slice currency;      /* of the fixed amounts; empty: the offer's value_currency */
    struct value_lifetime lifetime;
    struct value_cost cost;
    struct money percent, min, max;
    bool has_lifetime, has_percent, has_cost, has_min, has_max;
    struct place lifetime_at, percent_at, cost_at, min_at, max_at;
    struct slice model;   /* the named value model that it comes from; empty: none */
    struct place at;      /* of `value`; with a model, that of the model */
    struct place used_at; /* of `value` in the event's rule */
};

/* Pixels, or event sets: constants, or templates that a postback fills. */
struct pixel_list {
    const struct template *items;
    size_t count;
};

/* anna: C9AAA, ben: [C9BBB, C9CCC] */
struct pixel_row {
    struct slice word;
    struct pixel_list to;
    struct place at;
};

/* Where an event goes.  core/rules/route.h finds the pixels of a postback by it. */
struct pixel_route {
    struct pixel_list to; /* with a table: its default, which may be missing */
    const struct slice *allow; /* what a template may give; count 0: any configured pixel */
    size_t allow_count;
    struct template by; /* what chooses the row; count 0: no table */
    const struct pixel_row *rows;
    size_t row_count;
    struct place at;
    bool said; /* of an event's own: false is the offer's */
};
#define PIXELS_PER_EVENT_MAX    16
#define PIXEL_ROWS_MAX          1000
#define EVENTS_PER_POSTBACK_MAX 16 /* each counts once for each of its pixels */

/* `lead:` of CRM events. */
struct lead_rule {
    struct template id, source;
    struct place at;
};

struct event_rule {
    struct slice event;
    struct value_rule value;
    struct pixel_route pixel;
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

/* A match key.  Of email, phone and external_id there may be several values: by several templates,
 * by a JSON array (a template that is one {param.x} takes x.0, x.1 ... when there is no x), and by
 * what stands between separators. */
#define USER_VALUES_MAX 10

struct user_rule {
    const char *name; /* TikTok's: "email" */
    enum identity_kind kind;
    const struct template *from;
    size_t from_count;
    struct slice split;      /* characters that separate values; empty: the value is one */
    struct template country; /* phone, zip, state; count 0: the field `country` */
    struct place at;
};

/* Does a parameter of that name feed the key?  Is it an element of the array that `from` names? */
bool mapping_user_reads(const struct user_rule *rule, struct slice param);
bool mapping_user_element(const struct user_rule *rule, const struct template *from,
                          struct slice param);

/* Does a property, a value, a page or a pixel hang on the parameter? */
bool mapping_content_reads(const struct offer *offer, struct slice param);

/* Keys that `user:` says itself, instead of the fields of that name. */
enum user_own { USER_OWN_TTP = 1, USER_OWN_IP = 2, USER_OWN_USER_AGENT = 4 };

/* What may be sent of a visitor. */
enum consent_action {
    CONSENT_NOT_ASKED, /* everything: the offer has no consent rule */
    CONSENT_GRANTED,   /* everything */
    CONSENT_DROP,      /* nothing */
    CONSENT_ANONYMIZE, /* the event with no match keys but those of `keep` */
    CONSENT_LIMITED,   /* everything, marked as limited_data_use */
};

struct consent_rule {
    struct template from; /* count 0: the offer has no consent rule */
    const struct slice *granted; /* words that mean yes; any other one means no */
    size_t granted_count;
    enum consent_action otherwise, missing; /* after a no; and when nobody has answered */
    bool says_missing;
    const struct slice *keep; /* TikTok's names of match keys; for CONSENT_ANONYMIZE */
    size_t keep_count;
    struct place at;
};

enum without_rate { WITHOUT_RATE_QUARANTINE, WITHOUT_RATE_NO_VALUE };

struct mapping_expect {
    struct slice path, value; /* "user.ttclid", "verdict", "events.1.event" */
    struct place at;
};

struct mapping_test {
    struct slice name, given, click;
    const struct slice *before; /* postbacks that came earlier, oldest first */
    size_t before_count;
    int64_t now; /* the postback's arrival, Unix seconds; 0: whenever the test runs */
    struct mapping_expect *expect;
    size_t expect_count;
    struct place at, expect_at;
};

/* What a payout may be, as the postback has it, whatever its currency. */
struct payout_bounds {
    bool has_min, has_max;
    struct money min, max;
    struct place at;
};

struct offer {
    struct slice name, file;
    struct place name_at;
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
    struct place payout_currency_at, value_currency_at;

    const struct slice *params; /* which templates read */
    size_t param_count;
    const struct slice *content_params; /* those of them that not only `user` and `consent` read */
    size_t content_count;

    enum event_source source;
    struct place source_at; /* source NULL: not said */
    struct pixel_route pixel;
    struct slice test_code; /* empty: what the pixel's configuration says */
    struct place test_code_at;
    struct lead_rule lead;
    struct template page_url;
    const struct slice *origins;
    size_t origin_count;
    struct slice value_currency;
    enum without_rate without_rate;
    int64_t rate_max_age; /* seconds; 0: any */
    struct stage_rule *rules;
    size_t rule_count;
    const struct property *properties;
    size_t property_count;
    const struct user_rule *user;
    size_t user_count;
    unsigned user_own; /* of enum user_own */
    struct consent_rule consent;
    struct access access; /* the offer's own; what is not said is the configuration's */
    struct payout_bounds payout;
    bool require_click; /* a postback whose click nobody has registered is quarantined */
    struct mapping_test *tests;
    size_t test_count;
};

/* How the loader gets at other files: `extends: NAME` and `value_models: PATH`, asked from file
 * `from`; a name with a slash or .yaml is a path beside that file.  0: found, *source
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
extern const struct shape mapping_offer_shape, mapping_tracker_shape, mapping_models_shape;

/* NULL when the file has errors; they are all in diags.  source must live as long as the offer. */
struct offer *mapping_load_offer(const struct mapping_loader *loader, const struct source *source);

/* Validate a tracker mapping by itself (check). */
int mapping_check_tracker(const struct mapping_loader *loader, const struct source *source);

/* Validate a file of value models by itself (check). */
int mapping_check_models(const struct mapping_loader *loader, const struct source *source);

/* "offer" or "tracker", by the keys of the file; for `check FILE`. */
bool mapping_is_offer(struct slice text);

/* A file that several offers name under `value_models:`, by its keys. */
bool mapping_is_models(struct slice text);

/* The stage of a word, compared without case; NULL when no stage lists it. */
const struct stage_word *mapping_word(const struct offer *offer, struct slice word);
const struct stage_rule *mapping_rule(const struct offer *offer, struct slice stage);

/* The line of `transitions:` for this stage; NULL: it may always come. */
const struct transition_rule *mapping_transition(const struct offer *offer, struct slice stage);
/* Every pixel that the offer's file names, in its order; one may come several times. */
void mapping_pixels(const struct offer *offer,
                    void (*each)(void *context, struct slice pixel, const struct place *at),
                    void *context);

/* The pixels of one event's rule, or of the offer (rule NULL), as a sentence has them: "A",
 * "A and B", "what {param.pixel} gives", "by {param.buyer}: anna A, ben B and C;
 * else D". */
struct slice mapping_pixel_text(struct arena *arena, const struct offer *offer,
                                const struct event_rule *rule);

/* What a reader of `check` should know of each event's parameters (core/event/recommend.h): a note
 * M050 for each rule that lacks some; and what each lifetime comes to (M034). */
void mapping_advise(const struct offer *offer, struct diags *diags);

/* Does it name amounts of its own (in v->currency, else value_currency), and does it ask for the
 * payout?  A table may do both. */
void mapping_value_kinds(const struct value_rule *v, bool *fixed, bool *payout);

/* The entry of that name, compared without case; NULL when there is none. */
const struct value_entry *mapping_value_entry(const struct value_table *t, struct slice name);

/* Does any stage rule or word of the offer know this stage name? */
bool mapping_has_stage(const struct offer *offer, struct slice stage);

#endif
