/* inside.h: what the files of this folder share. */
#ifndef CLI_INSPECTOR_INSIDE_H
#define CLI_INSPECTOR_INSIDE_H

#include "cli/inspector/inspector.h"
#include "core/guard/guesses.h"
#include "core/params/params.h"

/* ---- gate.c: who asks ---- */

struct gate {
    pthread_mutex_t lock;
    struct sessions sessions;
    struct guesses guesses;
    uint64_t seed; /* of the addresses' keys */
    struct identity_hasher *hasher;
    char password[SHA256_HEX]; /* of the password under which the sessions began */
};

int gate_open(struct gate *g, struct err *err);
void gate_close(struct gate *g);

/* May this request be handled at all: its Host is one of ours?  Else it is answered 403. */
bool gate_host(struct inspector *i, struct http_request *http);
/* Does a page of ours ask, with a session?  Else it is answered 401 or 403. */
bool gate_site(struct http_request *http);
bool gate_session(struct inspector *i, struct http_request *http);
/* The session's secret of the request's cookie, and whether it still holds. */
struct slice gate_cookie(struct http_request *http);
bool gate_holds(struct inspector *i, struct slice secret);

void gate_login(struct inspector *i, struct http_request *http);
void gate_logout(struct inspector *i, struct http_request *http);

/* ---- reply.c ---- */

void reply_json(struct http_request *http, int status, struct slice json);
void reply_error(struct http_request *http, int status, const char *sentence);
void reply_file(struct http_request *http, const char *type, struct slice bytes);
/* 204 with Set-Cookie. */
void reply_cookie(struct http_request *http, const char *cookie);
void reply_later(struct http_request *http, int64_t seconds, const char *sentence); /* 429 */
extern const struct http_header reply_stream_headers[];

/* ---- clerk.c: what needs the store ---- */

struct view {
    struct inspector *i;
    struct http_request *http;
    struct slice rest; /* of the path, behind the route's */
    struct params params;
    struct arena *arena; /* of this answer */
    struct store *store; /* a reader */
    struct identity_hasher *hasher;
    const struct catalog *catalog;
    struct rules *rules;
    int64_t now_ms;
    struct buf out;
    struct err err;
};

/* The status, with JSON in v->out, or -1 with v->err (ERR_INPUT: 400, ERR_BUSY: 503, else 500). */
typedef int view_answer(struct view *v);

struct job {
    struct http_request *http;
    view_answer *answer;
    struct slice rest;
};

#define CLERK_JOBS 64

struct clerk {
    pthread_mutex_t lock;
    pthread_cond_t work;
    pthread_t thread;
    bool started, stopping;
    struct job jobs[CLERK_JOBS];
    size_t first, count;
};

void clerk_open(struct clerk *d);
void clerk_give(struct inspector *i, const struct job *job);
void clerk_stop(struct inspector *i);
void clerk_close(struct clerk *d);

/* A parameter of the query; empty when it is not there. */
struct slice view_text(const struct view *v, const char *name);
/* Between least and most; normal when it is not there.  false with v->err. */
bool view_number(struct view *v, const char *name, int64_t normal, int64_t least, int64_t most,
                 int64_t *out);
/* A moment as Unix milliseconds: ISO 8601, Unix seconds, or an age (24h); 0 when it is not there. */
bool view_time(struct view *v, const char *name, int64_t *out);
/* Status 404 with a sentence. */
int view_nothing(struct view *v, const char *sentence);

/* conversions.c: one line of the live list.  -1 and *err: the store. */
int conversion_row(struct store *store, const struct store_postback *pb, struct arena *arena, struct buf *out,
                   struct err *err);

view_answer answer_conversions, answer_conversion, answer_trace, answer_health, answer_replay, answer_alerts,
    answer_simulate;

/* ---- state.c ---- */

/* What /api/state says but for its version and time, without braces; the same as long as nothing changes. */
void state_members(struct inspector *i, struct arena *arena, struct buf *out);
void state_json(struct slice members, struct buf *out);
void answer_state(struct inspector *i, struct http_request *http);

/* ---- again.c ---- */

/* ,"again":{...},"test":"..." : the postback by the mapping as it is now, and a test of it. */
int again_json(struct view *v, const struct store_postback *pb, const struct store_click *click);

/* ---- live.c ---- */

struct watcher;

struct live {
    pthread_mutex_t lock;
    pthread_cond_t work;
    pthread_t thread;
    bool started, stopping;
    struct watcher *arrived; /* not yet seen by the thread, whose they are then */
};

void live_open(struct live *l);
void live_stop(struct inspector *i);
void live_close(struct live *l);
void answer_live(struct inspector *i, struct http_request *http);

struct inspector {
    struct inspector_settings settings;
    _Atomic bool stopping;
    struct gate gate;
    struct clerk clerk;
    struct live live;
};

#endif
