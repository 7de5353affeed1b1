/* book.h: what has been found, over time: pending until it has lasted, firing, recovered.  Says each thing once,
 * again after a while, and when it is over; holds back what is not severe in quiet hours.  Can be kept as text
 * across a restart. */
#ifndef CORE_ALERT_BOOK_H
#define CORE_ALERT_BOOK_H

#include "core/alert/judge.h"
#include "core/base/buf.h"

#define ALERT_ACTIVE_MAX 400
#define ALERT_PAST_MAX 100
#define ALERT_CALM 300            /* s without it before it is over */
#define ALERT_EXPIRES 86400       /* s after which what can't be judged any more is over */

struct alert_entry {
    enum alert_rule rule;
    char offer[ALERT_NAME], event[ALERT_NAME], text[ALERT_TEXT];
    bool firing; /* else pending */
    bool severe;
    bool held;   /* fired in quiet hours: not told yet */
    int64_t since, last; /* Unix seconds: first and last found */
    int64_t told;        /* 0: not yet */
    int64_t mark;        /* of the finding */
    int64_t until;       /* when it was over; 0: it is not */
    int64_t newest;      /* mark of the last look, bad or not */
};

enum alert_kind { ALERT_FIRED, ALERT_REMINDED, ALERT_RECOVERED, ALERT_SUMMARY, ALERT_TEST };

struct alert_message {
    enum alert_kind kind;
    const struct alert_entry *entry; /* NULL: a summary, a test */
    struct slice text;               /* of those */
    int64_t at;
};
typedef void alert_say(void *context, const struct alert_message *m);

struct alert_book {
    struct alert_entry *active, *past; /* past: the newest last */
    size_t active_count, past_count;
    size_t dropped;  /* that found no room, by this look */
    bool was_quiet;
    struct alert_divergence divergences[ALERT_DIVERGENCES_MAX];
    size_t divergence_count;
};

struct alert_manner {
    int64_t remind; /* s; 0: never again */
    bool quiet;     /* it is now */
    bool mute;      /* another server of the same store tells what all of them find; it is kept here, and told when that one is gone */
    bool blind;     /* the counts could not be read: what is judged by them is neither found nor over */
};

struct alert_book *alert_book_open(void); /* NULL: out of memory */
void alert_book_close(struct alert_book *b);

/* One look: for each thing that is found, then once at its end, which says what there is to say. */
void alert_book_found(struct alert_book *b, const struct alert_finding *f, int64_t now);
void alert_book_end(struct alert_book *b, int64_t now, const struct alert_manner *how, alert_say *say,
                    void *context);

/* What reconcile told last for that offer and source. */
void alert_book_divergence(struct alert_book *b, const struct alert_divergence *d);

/* As text, and back; what is not of the format is left out: the number of such lines. */
void alert_book_write(const struct alert_book *b, struct buf *out);
unsigned alert_book_read(struct alert_book *b, struct slice text);

/* "22:00-07:00" in minutes of the day; false: it is no such thing. */
bool alert_quiet_parse(struct slice text, int *from, int *until);
bool alert_is_quiet(int from, int until, int minute);

#endif
