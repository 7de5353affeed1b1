/* guesses.h: how often a password may be tried.  Each address has its own tries, so that nobody can lock others out by
 * being wrong; all of them together have a limit, so that many addresses are no way around it; and who was right before is
 * not held up by that one.  Bounded.  Pure: addresses come as keys (address_key), times as seconds of a clock that never
 * goes back, above 0.  One thread at a time. */
#ifndef CORE_GUARD_GUESSES_H
#define CORE_GUARD_GUESSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GUESSES_EACH 10  /* wrong passwords in GUESSES_S, of an address */
#define GUESSES_ALL 100  /* of all */
#define GUESSES_S 60
#define GUESSES_PLACES 160 /* addresses whose tries are remembered: more than can be wrong in GUESSES_S */
#define GUESSES_KNOWN 32   /* that were right */

struct guesses { /* zeroed at the start */
    struct {
        uint64_t key;
        int64_t wrong[GUESSES_EACH]; /* when; a ring */
        size_t next;
        int64_t last;
    } places[GUESSES_PLACES];
    int64_t wrong[GUESSES_ALL];
    size_t next;
    uint64_t known[GUESSES_KNOWN]; /* the newest first; 0: none */
};

/* In how many seconds that address may try; 0: now. */
int64_t guesses_wait(const struct guesses *g, uint64_t key, int64_t now);

void guesses_wrong(struct guesses *g, uint64_t key, int64_t now);
void guesses_right(struct guesses *g, uint64_t key);

/* Who was right is as strange as everybody else: the password was changed. */
void guesses_forget(struct guesses *g);

#endif
