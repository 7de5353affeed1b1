/* names.h: event names as TikTok knows them (help pages "Supported standard events" of September
 * 2025, "How to adopt TikTok's updated standard events" of May 2025, "Custom events"). */
#ifndef ADAPTERS_TIKTOK_SANDBOX_NAMES_H
#define ADAPTERS_TIKTOK_SANDBOX_NAMES_H

#include "core/base/slice.h"

/* Bits, so that a table row can name several. */
enum sandbox_source {
    SOURCE_WEB = 1,
    SOURCE_APP = 2,
    SOURCE_OFFLINE = 4,
    SOURCE_CRM = 8,
    SOURCE_ALL = 15,
};

enum sandbox_name_kind {
    NAME_STANDARD,
    NAME_OLD,        /* converted: *other is the current name */
    NAME_DEPRECATED, /* taken until 2027 */
    NAME_CUSTOM,
    NAME_MISSPELT, /* a standard name but for case or separators: *other */
    NAME_BAD_FORM, /* no standard name, and no form that a custom one may have */
};

/* other: the name meant, or for a custom name one that is near, or the empty slice. */
enum sandbox_name_kind sandbox_name(struct slice name, enum sandbox_source source,
                                    struct slice *other);

/* What TikTok converts name to: itself unless it is an old one. */
struct slice sandbox_name_current(struct slice name);

#endif
