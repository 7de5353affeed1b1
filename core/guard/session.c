#include "core/guard/session.h"

#include <string.h>

#include "core/guard/equal.h"

void session_text(const unsigned char secret[SESSION_SECRET], char text[SESSION_TEXT + 1])
{
    static const char hex[] = "0123456789abcdef";

    for (size_t i = 0; i < SESSION_SECRET; i++) {
        text[2 * i] = hex[secret[i] >> 4];
        text[2 * i + 1] = hex[secret[i] & 15];
    }
    text[SESSION_TEXT] = '\0';
}

bool session_add(struct sessions *s, enum session_kind kind, struct identity_hasher *hasher,
                 struct slice text, int64_t now, int64_t until)
{
    struct session *list = s->list[kind], *to = list;

    for (size_t i = 0; i < SESSION_EACH; i++) {
        if (list[i].until <= now)
            list[i].until = 0;
        if (list[i].until < to->until)
            to = &list[i];
    }
    to->until = 0;
    if (!sha256_hex(hasher, text, to->digest))
        return false;
    to->until = until;
    return true;
}

/* Looks at all of them, whatever the answer. */
static const struct session *find(const struct sessions *s, enum session_kind kind,
                                  struct identity_hasher *hasher, struct slice text)
{
    const struct session *found = NULL;
    char digest[SHA256_HEX];

    if (!sha256_hex(hasher, text, digest))
        return NULL;
    for (size_t i = 0; i < SESSION_EACH; i++) {
        const struct session *one = &s->list[kind][i];
        bool same = equal_bytes(one->digest, digest, SHA256_HEX);
        found = same && one->until ? one : found;
    }
    return found;
}

bool session_holds(const struct sessions *s, enum session_kind kind, struct identity_hasher *hasher,
                   struct slice text, int64_t now)
{
    const struct session *one = find(s, kind, hasher, text);

    return one && now < one->until;
}

void session_end(struct sessions *s, enum session_kind kind, struct identity_hasher *hasher,
                 struct slice text)
{
    const struct session *one = find(s, kind, hasher, text);

    if (one)
        s->list[kind][one - s->list[kind]] = (struct session){ .until = 0 };
}

void session_end_all(struct sessions *s)
{
    memset(s->list, 0, sizeof(s->list));
}
