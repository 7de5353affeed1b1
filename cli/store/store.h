/* store.h: `clickbaton store verify | export | import | compact | stats | init`. */
#ifndef CLI_STORE_STORE_H
#define CLI_STORE_STORE_H

#include "cli/cli.h"
#include "cli/options.h"

/* The data folder: `named` when it is given, else of the configuration.  In path, of PATH_MAX
 * bytes.  EXIT_DONE, or what the verb must return after the problems were printed; EXIT_NO when the configuration's store is
 * PostgreSQL, for which this part is not: `instead` says what is. */
#define STORE_PATH 4096
int store_find_data(const char *config, const char *named, const char *instead, char path[STORE_PATH]);

int store_verify(int argc, char **argv);
int store_export(int argc, char **argv);
int store_import(int argc, char **argv);
int store_compact(int argc, char **argv);
int store_stats(int argc, char **argv);
int store_init(int argc, char **argv);

#define STORE_CONFIG(target)                                                                       \
    {                                                                                              \
        "--config", "-c", OPTION_TEXT, (target), "FILE",                                           \
            "the configuration whose `data:` is meant; default clickbaton.yaml"                    \
    }

#endif
