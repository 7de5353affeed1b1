/* alerts_internal.h: what the files of alerts.h share. */
#ifndef CLI_SERVE_ALERTS_INTERNAL_H
#define CLI_SERVE_ALERTS_INTERNAL_H

#include <pthread.h>

#include "cli/serve/alerts.h"
#include "core/alert/book.h"

#define ALERTS_REFUSED_MAX 256
#define ALERTS_DEATHS 3 /* of the courier, in a row, before that is an alert */

struct alerts_receiver {
    char name[120];
    int64_t id, at; /* of the last message that something is known of */
    bool done, last;
    unsigned failed; /* messages in a row that were given up */
    char why[ALERT_REASON];
};

struct alerts {
    struct rules_holder *rules;
    char data[4000];
    /* the main thread's */
    struct alert_series *series;
    int64_t unread;  /* the hour (Unix seconds) to be read next at the start; 0: all are read */
    int64_t learned; /* the hour of the last lesson */
    int64_t looked, told_failure;
    int64_t emptied; /* the first hour (Unix seconds) that a failed read has left without its counts; 0: none */
    bool blind;      /* the last read failed */
    bool marked;     /* the alerts of an earlier run have said when the newest events came */
    struct {
        char offer[ALERT_NAME];
        uint64_t count;
    } refused[ALERTS_REFUSED_MAX];
    size_t refused_count;
    uint64_t kept; /* hash of what DATA/alerts holds */
    /* everybody's */
    pthread_mutex_t lock;
    pthread_cond_t news; /* a look was made */
    bool wanted;
    uint64_t looks;
    struct alert_book *book;
    struct courier *courier; /* NULL: none */
    bool courier_dead;       /* once and for all */
    struct courier_life courier_life; /* as the log knows it */
    struct alerts_receiver receivers[ALERT_RECEIVERS_MAX];
    size_t receiver_count;
    int64_t next_id; /* even; a test's is one more, so that results tell which they are of */
};

/* alerts_read.c: bring the series up to date; false: it is not yet, or could not be. */
bool alerts_read(struct alerts *a, struct store *reader, struct admin *admin, int64_t now);

/* alerts_look.c: a look, with the lock held. */
void alerts_look(struct alerts *a, struct admin *admin, int64_t now);

/* alerts_tell.c, with the lock held: a message to the log and to the receivers; what came of earlier ones. */
void alerts_say(void *context, const struct alert_message *m);
int alerts_send(struct alerts *a, const struct alert_message *m, int only, int64_t id);
void alerts_hear(struct alerts *a, int64_t now);

#endif
