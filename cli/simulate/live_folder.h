/* live_folder.h: a temporary folder with a configuration for one offer. */
#ifndef CLI_SIMULATE_LIVE_FOLDER_H
#define CLI_SIMULATE_LIVE_FOLDER_H

#include "cli/simulate/rehearsal.h"

struct live_folder {
    char path[256];
    char key[40];    /* of postbacks */
    char secret[40]; /* that the visitor shows to the stage */
};

int live_folder_make(struct live_folder *f, struct err *err);

/* clickbaton.yaml, the keys, and the offer, for a sandbox at `sandbox`. */
int live_folder_fill(struct live_folder *f, struct rehearsal *run, const struct chain_result *model,
                     const char *sandbox, struct arena *arena, struct err *err);

/* The same without memory. */
void live_folder_erase(struct live_folder *f);
void live_folder_remove(struct live_folder *f);

#endif
