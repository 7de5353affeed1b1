/* cli.h: verbs, exit codes and what they share.  The only place that prints, and that wires
 * adapters to core. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>
#include <stdint.h>

enum cli_exit {
    EXIT_DONE = 0,
    EXIT_NO = 1,       /* the answer is no: not translated, check failed, chain broken, mismatch */
    EXIT_USAGE = 2,
    EXIT_CONFIG = 3,   /* configuration or mapping error */
    EXIT_IO = 4,       /* storage or I/O */
    EXIT_UPSTREAM = 5, /* the upstream can't be reached */
};

/* Each verb gets its own arguments, argv[0] being the verb, and returns an exit code. */
int cli_alert(int argc, char **argv);
int cli_check(int argc, char **argv);
int cli_coverage(int argc, char **argv);
int cli_diff(int argc, char **argv);
int cli_doctor(int argc, char **argv);
int cli_explain(int argc, char **argv);
int cli_follow(int argc, char **argv);
int cli_init(int argc, char **argv);
int cli_inspect(int argc, char **argv);
int cli_rates(int argc, char **argv);
int cli_reconcile(int argc, char **argv);
int cli_replay(int argc, char **argv);
int cli_report(int argc, char **argv);
int cli_sandbox(int argc, char **argv);
int cli_schema(int argc, char **argv);
int cli_serve(int argc, char **argv);
int cli_simulate(int argc, char **argv);
int cli_snippet(int argc, char **argv);
int cli_store(int argc, char **argv);
int cli_trace(int argc, char **argv);
int cli_tail(int argc, char **argv);
int cli_top(int argc, char **argv);
int cli_translate(int argc, char **argv);
int cli_urls(int argc, char **argv);
int cli_version(int argc, char **argv);

/* The only clock reading outside of cli/serve. */
int64_t cli_now(void);

#endif
