/* rates.h: `clickbaton rates`, and what `check` says about exchange rates. */
#ifndef CLI_RATES_RATES_H
#define CLI_RATES_RATES_H

#include "cli/catalog.h"

/* Warnings and errors about rates that the catalog's offers need (C034, C035). */
void rates_check(struct catalog *c, int64_t now);

/* "rates: FILE, newest 2026-11-25, 1 day old", when an offer is sure to convert or the file is the
 * user's own. */
void rates_summary(const struct catalog *c, int64_t now);

/* The file as a table: sources, days, age, and the currencies that it lacks. */
void rates_table(const struct rates *rates, int64_t now);

/* "1 day", "258 days"; 0 for a day that lies ahead. */
struct slice rates_age(struct arena *arena, int64_t day, int64_t now);

/* `rates import`.  output: the file to write, "-" for stdout.  Gives an exit code. */
int rates_import(const char *path, const char *output, int64_t days);

#endif
