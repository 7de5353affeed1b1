/* show.h: a translation in words and as JSON; `translate`, `check` and the server's verbose answer
 * say the same. */
#ifndef CLI_SHOW_H
#define CLI_SHOW_H

#include "cli/catalog.h"

/* What the frame of a body needs: the kind of events, and whether they are test events. */
struct show_frame {
    const struct catalog *catalog;
    const struct offer *offer;
};

/* s for a terminal: bytes that could move its cursor become '?'. */
void show_safe(struct buf *out, struct slice s);

/* The request body of event i, followed by events for the same pixel, then a newline; nothing when
 * an earlier one has taken it along. */
void show_body(struct buf *out, const struct translation *t, size_t i,
               const struct show_frame *frame);

/* {"verdict":...,"code":...,"reason":...,"warnings":[...],"bodies":[...],"fields":{...}} */
void show_json(struct buf *out, const struct translation *t, const struct show_frame *frame);

/* The same without bodies and fields: what a tracker is told. */
void show_answer(struct buf *out, enum verdict verdict, const char *code, struct slice reason,
                 const struct notes *notes);

/* queued / ignored I001: reason, and the warnings; control bytes shown as '?'. */
void show_verdict(struct buf *out, const struct translation *t);

/* "offers/nutra.yaml:12"; nothing when there is no place. */
void show_place(struct buf *out, const struct place *at);

/* A page's URL, say, with an e-mail address in it: not onto a screen or into a log. */
struct slice show_impersonal(struct slice value);

/* ---- show_fields.c: `translate --explain` ---- */

/* Two tables: what was read out of the postback and its click, each with its parameter and line; and
 * (when the trail was on) what was done to each field of the event, step by step. */
void show_fields(struct buf *out, const struct translation *t);

/* ,"steps":[{"field","value","done","at"}, ...] */
void show_steps_json(struct buf *out, const struct trail *trail);

#endif
