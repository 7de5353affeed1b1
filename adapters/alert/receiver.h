/* receiver.h: who gets alerts, and one delivery to one of them. */
#ifndef ADAPTERS_ALERT_RECEIVER_H
#define ADAPTERS_ALERT_RECEIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/base/slice.h"

#define ALERT_ARGS_MAX 16
#define ALERT_RECEIVERS_MAX 8
#define ALERT_REASON 240

enum alert_receiver_kind { ALERT_WEBHOOK, ALERT_TELEGRAM, ALERT_EMAIL, ALERT_COMMAND };

/* Texts are borrowed, NULL where the kind has none. */
struct alert_receiver {
    enum alert_receiver_kind kind;
    const char *name; /* for people, without secrets: "telegram -1001234", "webhook hooks.example" */
    const char *url;  /* webhook: may be a secret itself.  Telegram: where its bot API is */
    const char *token, *chat;
    const char *from;
    const char *args[ALERT_ARGS_MAX + 1]; /* command: program and arguments.  E-mail: sendmail, then recipients */
    bool severe_only;
};

/* One message in the three forms that receivers want. */
struct alert_note {
    bool severe;
    const char *code, *kind; /* "A001", "fired": environment of programs */
    struct slice json, subject, text;
};

/* https:// anywhere, http:// to a loopback address only, no user name; err without the address. */
int alert_url_check(struct slice url, struct err *err);
/* The host of a URL, for names; false when it has none. */
bool alert_url_host(const char *url, char *out, size_t size);
/* One address as it may stand in a header and among the arguments of sendmail. */
bool alert_address_ok(struct slice address);

enum alert_result { ALERT_DONE, ALERT_AGAIN, ALERT_NEVER };

/* Deliver, in a process of one's own: it blocks, up to timeout_ms for HTTP; programs take what they take.  why
 * holds no secrets. */
enum alert_result alert_deliver(const struct alert_receiver *r, const struct alert_note *note,
                                unsigned timeout_ms, char why[ALERT_REASON]);

/* Parts of it. */
enum alert_result alert_post(const struct alert_receiver *r, const struct alert_note *note,
                             unsigned timeout_ms, char why[ALERT_REASON]);
enum alert_result alert_program(const struct alert_receiver *r, const struct alert_note *note,
                                char why[ALERT_REASON]);

#endif
