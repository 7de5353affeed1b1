/* matrix.h: one chain against every failure, at every hop in turn. */
#ifndef CLI_SIMULATE_MATRIX_H
#define CLI_SIMULATE_MATRIX_H

#include "cli/simulate/rehearsal.h"

/* Prints the table (or JSON) and gives the exit code: that of the chain as it is. */
int matrix_run(struct rehearsal *run, bool json, bool colour);

#endif
