/* init.h: a new folder with a configuration, an offer and keys. */
#ifndef CLI_INIT_INIT_H
#define CLI_INIT_INIT_H

#include "core/base/arena.h"
#include "core/base/err.h"

/* Where events go while there is no token: a `clickbaton sandbox`. */
#define INIT_SANDBOX "127.0.0.1:8081"
#define INIT_PIXEL "C9EXAMPLEPIXEL00"
/* So begins what stands in keys/tiktok while there is no token: the sandbox takes it, TikTok does not. */
#define INIT_NO_TOKEN "sandbox-only-"

/* What is asked; all as typed, checked. */
struct init_answers {
    const char *folder, *tracker, *offer, *page, *pixel, *currency, *test_code;
    const char *host, *tracker_host; /* where clickbaton and the tracker are reached */
    char *token;                     /* NULL: none, so the sandbox; zeroed by whoever made it */
};

/* One question: its answer, and what is wrong with one (NULL: nothing). */
struct init_question {
    const char *option, *text, *otherwise; /* otherwise: what Enter means; NULL: an answer is needed */
    const char *(*fault)(const char *answer);
};
enum init_asked { INIT_TRACKER, INIT_OFFER, INIT_PAGE, INIT_PIXEL_CODE, INIT_CURRENCY, INIT_HOST,
                  INIT_TRACKER_HOST, INIT_QUESTIONS };
extern const struct init_question init_questions[INIT_QUESTIONS];

/* Ask on the terminal for whatever is NULL.  -1: *err (the end of input). */
int init_ask(struct arena *arena, const char **answers[INIT_QUESTIONS], struct err *err);
/* The token, typed without echo; NULL: none.  malloc'ed, to be given to files_forget. */
char *init_ask_token(void);

/* Create everything; nothing that is there is overwritten: -1 before anything was written, also when
 * the folder can't be made.  names (ended by NULL) are the files. */
int init_write(struct arena *arena, const struct init_answers *a, const char *const **names,
               struct err *err);

/* A postback and a click of the tracker for the offer's own tests: "?subid=init-1&...".  -1: there is
 * no such tracker. */
int init_examples(struct arena *arena, const char *tracker, struct slice *sale, struct slice *click);

#endif
