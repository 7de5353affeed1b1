/* end.h: how a verb ends: what it has printed is out, what it has begun is undone, and when memory runs
 * out there is no answer instead of a wrong one. */
#ifndef CLI_END_H
#define CLI_END_H

#include <stdbool.h>

/* Of main, first: libraries that would take a lack of memory for bad input tell of it. */
void end_prepare(void);

/* Of main: the exit code of the verb, or EXIT_IO and a sentence when its output could not be written or
 * its input not be read to the end. */
int end_with(const char *verb, int code);

/* out to stdout, whole or not at all: gives code, or EXIT_IO and a sentence when out has failed.  Whether
 * the bytes arrive is end_with's to say, once. */
struct buf;
int end_print(const char *verb, const struct buf *out, int code);

/* A verb that has just begun to serve: from now on it lives with what memory there is.  Before that, and
 * in all others, memory_ran_out prints a sentence and exits with EXIT_IO. */
void end_not_for_memory(void);

/* Has memory run out on this thread since the last call?  What was made meanwhile may be wrong. */
bool end_memory_lacked(void);

/* undo(context) is called when memory runs out, until it is taken back: what lies in folders or runs
 * beside us goes.  One at a time. */
void end_undo(void (*undo)(void *context), void *context);
void end_keep(void);

#endif
