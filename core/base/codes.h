/* codes.h: every code that a diagnostic, a warning or a verdict can carry, as one table.
 * Y: YAML form.  M: mapping.  C: configuration.  W: warning about a postback (it went on).
 * Q: why a postback was quarantined.  I: why it was ignored.  D: duplicate.  R: refused.
 * H: what happens to a click on its way through a chain.  F: why an export and the ledger differ, and
 * why a file can't be read.  A: alerts. */
#ifndef CORE_BASE_CODES_H
#define CORE_BASE_CODES_H

struct code {
    const char *code, *title, *remedy;
};
extern const struct code codes[]; /* ended by a NULL code */

/* NULL when there is none. */
const struct code *code_find(const char *code);

#endif
