/* visit.h: a request on its way to the intake: what the files of the public listener share.
 *
 * routes.c finds the offer, auth.c decides who may, read.c reads parameters, postback.c and click.c
 * are the two endpoints.  A step gives 0, or -1 when it has answered. */
#ifndef CLI_SERVE_VISIT_H
#define CLI_SERVE_VISIT_H

#include "cli/serve/routes.h"

struct visit {
    struct routes *routes;
    struct http_request *http;
    struct intake_request *r;
    const struct catalog *catalog;
    const struct catalog_offer *offer; /* NULL: there is no such offer */
    struct slice origin;               /* of a page */
    struct address client;             /* known once visit_client was called */
    bool has_client;
    size_t query_params; /* how many of the parameters stood in the URL */
};

/* The caller behind trusted proxies. */
const struct address *visit_client(struct visit *v);

/* Answer, count and remember a refusal; always -1. */
int visit_refuse(struct visit *v, int status, const char *code, struct slice reason);
int visit_refuse_for(struct visit *v, int64_t seconds, struct slice reason); /* 429, R009 */

/* read.c: all parameters.  A body that can't be read leaves r->unreadable. */
int visit_read(struct visit *v, struct slice rest);

/* ---- auth.c ---- */

/* By `key=`; *given: there was one.  Notes W091 and counts the previous one. */
bool auth_key(struct visit *v, bool *given);
int auth_refuse_key(struct visit *v, bool given);

/* `allow:`; for who has no business here before anything is read. */
int auth_address(struct visit *v);

/* `signature:`; r->message is set when the message may be remembered.  1: it was handled before, and
 * is answered. */
int auth_signature(struct visit *v);

/* ---- the endpoints ---- */
int visit_postback(struct visit *v, struct slice rest);
int visit_click(struct visit *v, struct slice rest);
bool visit_origin_allowed(struct visit *v);

#endif
