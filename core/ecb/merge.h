/* merge.h: the Bank's rates into a rates.yaml: its `days:` are written anew, every other line of the
 * file stays as it is. */
#ifndef CORE_ECB_MERGE_H
#define CORE_ECB_MERGE_H

#include "core/ecb/quotes.h"

#define MERGE_DAYS_MAX 1000

struct merge_result {
    size_t days, currencies; /* in the file now, of its first section */
    size_t added, changed, dropped; /* rates; dropped: of days that are too old now */
    size_t comments;         /* lines with a comment between the old days: not kept */
    int64_t newest;          /* Unix seconds */
    struct slice lost;       /* currencies that the file had and has no more: "VND, KZT" */
};

/* Put q (sealed) into `old` (NULL: there is no file yet), keep `days` days up to the newest, write
 * the whole new file into out.  name: of the new file, for messages.  false after diagnostics: the
 * old file is no good (its own codes), its first section is not for EUR or not the Bank's (C039), or
 * the new one would not load. */
bool merge_quotes(const struct quotes *q, const struct source *old, struct slice name, int64_t days,
                  struct arena *arena, struct diags *diags, struct buf *out,
                  struct merge_result *result);

#endif
