#include "cli/zones.h"

#include <stdio.h>

#include "cli/files.h"
#include "core/base/when.h"

const struct zone *zones_find(struct arena *arena, const char *name, const char **why)
{
    static const char *const folders[] = { "/usr/share/zoneinfo", "/usr/lib/zoneinfo",
                                           "/usr/share/lib/zoneinfo" };
    const struct zone *z = NULL;
    struct slice bytes;
    struct err err;
    char path[160];
    int seconds;

    *why = "is no zone: write one such as Europe/Berlin, UTC or +02:00";
    if (when_zone_parse(slice_from(name), &seconds))
        return zone_fixed(arena, seconds);
    if (!zone_is_name(slice_from(name)))
        return NULL;
    for (size_t i = 0; i < sizeof(folders) / sizeof(*folders) && !z; i++) {
        snprintf(path, sizeof(path), "%s/%s", folders[i], name);
        if (files_read(arena, path, 65536, &bytes, &err) == 0)
            z = zone_load(arena, bytes);
    }
    if (!z && !files_exist(folders[0]))
        *why = "can't be looked up: this machine has no time zones; install tzdata, or write +02:00";
    return z;
}
