/* tracker.h: what a tracker adapter may say that a YAML mapping can't.
 *
 * Postbacks: the mapping reads the fields first.  Then `finish` may fill fields, decide the stage,
 * or remark on something.  Clicks: `urls` says what the tracker makes of a click and which URLs to
 * paste where; `clickbaton urls` prints it, core/chain simulates by it.  An adapter does no I/O and
 * keeps no state. */
#ifndef CORE_TRACKER_H
#define CORE_TRACKER_H

#include "core/base/arena.h"
#include "core/params/params.h"
#include "core/record/record.h"

struct offer;

struct tracker_in {
    const struct params *params;
    const struct offer *offer;
    struct arena *arena; /* for values that must outlive the call */
    struct notes *notes;
};

/* What a macro in a URL that the tracker fills stands for. */
enum macro_source {
    MACRO_CLICK_ID,    /* the tracker's own click id */
    MACRO_EXTERNAL_ID, /* the click id of the traffic source: the ttclid */
    MACRO_PARAM,       /* the click's parameter of the macro's own name */
    MACRO_STATUS,      /* from here on known only once a conversion has come */
    MACRO_STATUS2,
    MACRO_TYPE,
    MACRO_PAYOUT,
    MACRO_CURRENCY,
    MACRO_TXID,
    MACRO_CLICK_UNIX, /* time of the click, Unix seconds */
    MACRO_IP,
    MACRO_USER_AGENT,
    MACRO_COST, /* what the click cost */
    MACRO_OTHER, /* the tracker fills it, and it is none of the above ({country}, {browser} ...) */
};

/* {name}, also with an argument as {name:arg}; with case.  A name that ends in '*' is a numbered
 * family: "sub_id_*" is sub_id_1, sub_id_2 ...  What is in no table is documented nowhere: the
 * tracker may leave it as it stands. */
struct tracker_macro {
    const char *name;
    enum macro_source from;
};

/* The tracker's own word for a stage, in the postbacks that it sends; ended by a NULL stage. */
struct tracker_status {
    const char *stage, *word;
};

/* One postback URL to paste.  query: behind ".../postback/OFFER?key=KEY&", the tracker's macros
 * and plain words only.  A stage of the offer without a row gets the first row's query with its own
 * word as `type_param`. */
struct tracker_postback {
    const char *stage; /* NULL: one URL for every status; else the URL of that status alone */
    const char *query;
};

/* Macros that hand on a parameter of one's own ({param.quality} of an offer): the family's members
 * from first to last, which ad_link leaves free. */
struct tracker_free {
    const char *family; /* "sub_id_*"; NULL: none is documented */
    unsigned first, last;
};

/* The click side.  What the vendor does not document is a guess that says so in `unknown`. */
struct tracker_urls {
    /* A click id that looks like the tracker's: `prefix`, then letters of the alphabet, id_length
     * in all.  id_time: the first 8 are the hex digits of the click's Unix time. */
    const char *id_alphabet, *id_prefix;
    unsigned id_length;
    bool id_time;
    /* URL parameters of the campaign link that fill the source's click id ({external_id} and its
     * like) when nothing else is said; the first that is present.  Ended by NULL. */
    const char *const *external_params;
    /* Parameters by which the tracker knows a visitor that comes back (offer links); ended by NULL.
     * Beside them: its cookie. */
    const char *const *return_params;
    /* Parameters of its incoming postback that hold its click id; ended by NULL.  NULL: any that
     * the offer's mapping reads. */
    const char *const *postback_params;
    const struct tracker_macro *macros;          /* ended by a NULL name */
    bool raw_underscore;                         /* {_name} is {name} without encoding */
    const struct tracker_status *statuses;       /* NULL: a network's word is passed on */
    const char *ad_link;      /* whole URL to paste into TikTok, with TikTok's macros */
    const char *source_setup; /* what to enter in the tracker's traffic source, lines */
    const char *lander_query; /* what the lander's URL needs: "subid={subid}&ttclid={external_id}" */
    const struct tracker_postback *postbacks; /* ended by a NULL query; the first is simulated */
    const char *postback_place;               /* where in the tracker it is pasted */
    const char *currency_param; /* no macro for it: the parameter to write the currency out in */
    const char *type_param;     /* with a URL per stage: the parameter that holds its word */
    struct tracker_free free;
    const char *unknown;        /* what is not documented, lines; or NULL */
};

struct tracker {
    const char *name;    /* the `tracker:` of its mappings */
    const char *summary; /* one line for people */
    const struct tracker_urls *urls; /* NULL: nothing is known of its click side */
    /* May be NULL.  Set conv->stage to decide the stage; leave it empty and the mapping's `stages:`
     * decide by the status word. */
    void (*finish)(const struct tracker_in *in, struct conversion *conv);
};

/* Ended by NULL; adapters/trackers/list.c defines it and cli/ hands it to the loader. */
extern const struct tracker *const trackers[];

/* For adapters: set a field that the adapter has read out of the parameter `name`. */
static inline void conversion_set(struct conversion *conv, enum field f, struct slice value,
                                  struct slice name)
{
    conv->fields[f] =
        (struct field_value){ .value = value, .origin = ORIGIN_TRACKER, .name = name };
}

#endif
