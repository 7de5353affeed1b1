/* csv.h: the European Central Bank's rates as CSV, in the three forms that it publishes:
 *   eurofxref.csv, eurofxref-hist.csv: Date, USD, JPY, ... and a row per day
 *   a series of the data portal: "DATE","TIME PERIOD","US dollar/Euro (EXR.D.USD.EUR.SP00.A)"
 *   the data portal's API (SDMX-CSV): KEY,FREQ,CURRENCY,...,TIME_PERIOD,OBS_VALUE,... */
#ifndef CORE_ECB_CSV_H
#define CORE_ECB_CSV_H

#include "core/ecb/quotes.h"

#define CSV_CELLS_MAX 256
#define CSV_QUOTED_MAX 65536

/* Everything into q; problems into diags (C036, C037).  source may be long: its text is read once. */
void ecb_read_csv(const struct source *source, struct quotes *q, struct diags *diags);

#endif
