/* data.h: the postbacks that two mappings are held against: of a server's store, or lines. */
#ifndef CLI_DIFF_DATA_H
#define CLI_DIFF_DATA_H

#include "cli/diff/diff.h"

struct diff_data {
    const char *path;   /* a folder with a store, a configuration (*.yaml) that names one, a file of lines, or "-" */
    struct slice offer; /* of the store's postbacks */
    int64_t since, now; /* Unix seconds; lines arrive at `now` */
};

/* Call each for every postback, in order of arrival; its slices are valid during the call.  What a
 * call gives other than 0 ends it.  -1: *err. */
int diff_data_each(const struct diff_data *data,
                   int (*each)(void *context, const struct diff_postback *pb, struct arena *arena,
                               struct err *err),
                   void *context, struct err *err);

#endif
