/* messages.h: signed messages with a time that were kept a short while ago, so that who has overheard
 * one gains nothing by sending it again.  Any thread.
 *
 * Only what is durable is remembered, so the repeat of a message whose first try failed is handled;
 * an honest sender's repeat after a lost answer gets its 200.  What is forgotten (the table is full,
 * a restart) is still found by the ledger, which knows every event. */
#ifndef CLI_SERVE_MESSAGES_H
#define CLI_SERVE_MESSAGES_H

#include <stdbool.h>
#include <stdint.h>

struct messages;

/* Who it is, and what it says: hashes. */
struct message {
    unsigned char id[16], body[16];
    int64_t until; /* Unix seconds: then no signature of it counts any more */
};

enum messages_seen { MESSAGES_NEW, MESSAGES_OTHER_BODY, MESSAGES_AGAIN };

struct messages *messages_open(void); /* NULL: out of memory */
void messages_close(struct messages *m);

enum messages_seen messages_look(struct messages *m, const struct message *one, int64_t now);
void messages_keep(struct messages *m, const struct message *one);

#endif
