/* page.h: where an answer sends a browser on, read without running anything.  HTML by the rules a
 * browser would apply to well-formed pages (comments, quoted attributes, character references,
 * <script> and <noscript> apart); scripts only where a target stands in them as a plain string (or
 * as a variable that is given one, once):
 * location = "x", location.href = 'x', location.replace("x"), location.assign("x"), with window.,
 * document., top., self. or parent. before it.  Any bytes may come; the time is linear in them.
 *
 * A target inside of a function that nothing in sight calls (a click may) counts only on a bare
 * page: hardly a text, and no form.  <noscript> is what a browser that runs scripts skips: its
 * meta refresh counts only on a bare page, or where the script's own target is computed. */
#ifndef CORE_CHAIN_PAGE_H
#define CORE_CHAIN_PAGE_H

#include "core/base/arena.h"
#include "core/base/slice.h"

#define PAGE_MAX_BYTES (1024 * 1024) /* what stands behind is not looked at */

struct page_answer {
    int status;
    struct slice location, refresh; /* header values; empty when absent */
    struct slice content_type, body;
};

enum page_next_kind {
    PAGE_END,      /* nothing sends the browser on */
    PAGE_LOCATION, /* 3xx with Location */
    PAGE_REFRESH,  /* the Refresh header */
    PAGE_META,     /* <meta http-equiv=refresh> */
    PAGE_SCRIPT,
};

struct page_next {
    enum page_next_kind kind;
    struct slice url; /* as it stands there, references decoded, not resolved; in arena */
    unsigned delay;   /* seconds, of REFRESH and META */
    bool computed;    /* a script sends on, but its target is made when it runs: not readable */
    bool has_form;    /* the page has a form, which nobody submits by itself */
    bool bare;        /* a page with hardly a text and no form: it is there to send on */
};

/* The first of these that applies: Location (301 302 303 307 308 only), Refresh, meta, script.  A
 * refresh without a URL (the same page again) is none.  A body counts as HTML when content_type
 * says so or is empty; <base href> is applied when it is absolute. */
void page_next(struct arena *arena, const struct page_answer *answer, struct page_next *out);

/* 301 302 303 307 308: a browser goes to their Location. */
bool page_sends_on(int status);

/* The action of the first form with its named fields' values as a query, as a browser would submit
 * it by GET; one with method=post keeps the action's own query in front.  Not resolved.  false when
 * there is none. */
bool page_form(struct arena *arena, struct slice body, struct slice *url);

/* The href of the first <a> or <area> with that id. */
bool page_link(struct arena *arena, struct slice body, struct slice id, struct slice *url);

#endif
