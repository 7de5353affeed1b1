/* xml.h: the European Central Bank's rates as XML: eurofxref-daily.xml, -hist-90d.xml, -hist.xml, and
 * the data portal's SDMX-ML (generic and structure-specific).  By libexpat; no entity is ever
 * expanded, no other document loaded. */
#ifndef ADAPTERS_ECB_XML_H
#define ADAPTERS_ECB_XML_H

#include "core/ecb/quotes.h"

/* Everything into q; problems into diags (C036, C037). */
void ecb_read_xml(const struct source *source, struct quotes *q, struct diags *diags);

#endif
