/* store.h: `clickbaton store verify | export | import | copy | compact | stats | init`. */
#ifndef CLI_STORE_STORE_H
#define CLI_STORE_STORE_H

#include "cli/cli.h"
#include "cli/options.h"

/* The data folder, or the URL of a database: `named` when it is given, else of the configuration.  In path, of PATH_MAX
 * bytes.  EXIT_DONE, or what the verb must return after the problems were printed; EXIT_NO when the configuration's store is
 * PostgreSQL and `instead` is not NULL: this part is not for it, and that says what is. */
#define STORE_PATH 4096
int store_find_data(const char *config, const char *named, const char *instead, char path[STORE_PATH]);

/* Is it a database's URL?  0: it is a folder or a file.  1: yes.  -1: it is one, and holds a password, which other people of this
 * machine could read; said on stderr. */
int store_is_url(const char *place);

int store_copy(int argc, char **argv);
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
