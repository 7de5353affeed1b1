/* intake_group.h: inside of intake: what it knows, and one group of what has gathered. */
#ifndef CLI_SERVE_INTAKE_GROUP_H
#define CLI_SERVE_INTAKE_GROUP_H

#include <pthread.h>

#include "cli/serve/call.h"
#include "cli/serve/intake.h"

struct intake {
    struct intake_settings settings;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t work, done;
    struct intake_request *first, **end; /* waiting */
    struct call *calls;
    unsigned waiting; /* requests that wait or are being worked on */
    bool closing;
    bool unsynced; /* until the end: the disk could not be synced */
    struct intake_stats stats;
    int64_t busy_since; /* 0: nothing is being written; steady_ms */
    int64_t failed_at; /* of the last commit, if that failed; steady_ms */
    bool doubt;        /* the store may be away */
    bool there;        /* of one with a spill: somebody else has asked it since, and it answered */
    int64_t tried_at;  /* of this thread; steady_ms, 0: not yet */
    int64_t kept_not_at; /* the spill took nothing; steady_ms, 0: it does */
    int64_t looked_at; /* whether it is; steady_ms */

    /* of the intake thread alone */
    struct identity_hasher *hasher;
    struct arena arena;
    struct store_moved moved; /* as the metrics know it */
    int64_t beat_at; /* of a store that is shared: when to tell it next that this handle lives; steady_ms */
};

int64_t intake_steady_ms(void); /* of a clock that nobody sets */

/* Write and answer all of it.  Called with the lock held and gives it back. */
void group_run(struct intake *in, struct intake_request *requests, unsigned count, struct call *calls);

/* rc: 0, SPILL_KEPT, or -1 and why. */
void group_answer(struct intake *in, struct intake_request *requests, int rc, const char *why);
/* Under the lock: what came of a group; why the store may not go on, of which the first reason stays. */
void group_note(struct intake *in, const struct intake_request *requests, unsigned count, int rc,
                const struct err *err);
void group_note_health(struct intake *in, int rc, const struct err *err); /* of a commit, or a look */
/* Requests of a store that is shared into it, in a transaction that has this mark (NULL: none).  When it fails they are as they were. */
int group_write(struct intake *in, struct intake_request *requests, const struct store_spill *mark, struct err *err);
/* Without the lock: they came out of the spill, and are in the store. */
void group_handed_on(struct intake *in, const struct intake_request *requests, unsigned count);
void group_note_why(struct intake *in, const struct err *err);

/* ---- intake_spill.c ---- */
#define SPILL_KEPT 2 /* in place of 0: they are in the spill */
/* For a group of a store that has one; as the writers of intake_group.c, without the lock. */
int spill_write(struct intake *in, struct intake_request *requests, struct call *calls, struct call **failed, struct err *err);
bool spill_due(const struct intake *in); /* under the lock: a batch can be handed on */
void spill_hand_on(struct intake *in);   /* without it */
void spill_note(struct intake *in, const struct err *why); /* under the lock: for stats; why it keeps nothing, or NULL */
bool intake_away(const struct intake *in);    /* under the lock: the store is, as far as is known */
bool intake_may_try(const struct intake *in); /* under the lock: it may be back */

#endif
