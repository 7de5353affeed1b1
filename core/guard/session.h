/* session.h: who may see the inspector: sessions of browsers, and tickets that begin one.  Bounded.  Pure: random secrets and times (seconds of a clock that never goes
 * back, above 0) come in as arguments.  One thread at a time. */
#ifndef CORE_GUARD_SESSION_H
#define CORE_GUARD_SESSION_H

#include "core/identity/identity.h"

#define SESSION_SECRET 32 /* random bytes */
#define SESSION_TEXT (2 * SESSION_SECRET)

enum session_kind {
    SESSION_TICKET, /* in the URL that `clickbaton inspect` prints */
    SESSION_COOKIE, /* in a browser's cookie */
    SESSION_KINDS
};

#define SESSION_EACH 32 /* of a kind, at a time; when one more comes, the one that ends first goes */

struct session {
    char digest[SHA256_HEX]; /* of the text: what lies in memory opens nothing */
    int64_t until;           /* 0: the place is free */
};

struct sessions { /* zeroed at the start */
    struct session list[SESSION_KINDS][SESSION_EACH];
};

/* The secret's text, hexadecimal, with a NUL. */
void session_text(const unsigned char secret[SESSION_SECRET], char text[SESSION_TEXT + 1]);

/* false: no memory. */
bool session_add(struct sessions *s, enum session_kind kind, struct identity_hasher *hasher,
                 struct slice text, int64_t now, int64_t until);

/* Is there one with that text?  In a time that says nothing of how much of it was right. */
bool session_holds(const struct sessions *s, enum session_kind kind, struct identity_hasher *hasher,
                   struct slice text, int64_t now);

/* It ends now; nothing when there is none. */
void session_end(struct sessions *s, enum session_kind kind, struct identity_hasher *hasher,
                 struct slice text);

/* All of both kinds end: the password was changed. */
void session_end_all(struct sessions *s);

#endif
