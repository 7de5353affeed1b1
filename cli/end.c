#include "cli/end.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "core/base/arena.h"
#include "core/base/buf.h"

static _Atomic bool goes_on;
static _Atomic bool ending;
static _Thread_local bool lacked;
static void (*undo_it)(void *context);
static void *undo_context;

void end_not_for_memory(void)
{
    atomic_store(&goes_on, true);
}

bool end_memory_lacked(void)
{
    bool was = lacked;

    lacked = false;
    return was;
}

void end_undo(void (*undo)(void *context), void *context)
{
    undo_context = context;
    undo_it = undo;
}

void end_keep(void)
{
    undo_it = NULL;
}

int end_print(const char *verb, const struct buf *out, int code)
{
    if (buf_ok(out)) {
        if (out->len)
            fwrite(out->ptr, 1, out->len, stdout);
        return code;
    }
    fprintf(stderr, "clickbaton %s: out of memory\n", verb);
    return EXIT_IO;
}

/* In place of the one in core/, which does nothing. */
void memory_ran_out(void)
{
    static const char text[] = "clickbaton: out of memory: free some, or raise the limit (ulimit -v, "
                               "MemoryMax=)\n";

    lacked = true;
    if (atomic_load(&goes_on) || atomic_exchange(&ending, true))
        return;
    (void)!write(STDERR_FILENO, text, sizeof(text) - 1);
    if (undo_it)
        undo_it(undo_context);
    _exit(EXIT_IO); /* what stdout holds is part of no answer */
}

static void *told(size_t size)
{
    void *p = malloc(size);

    if (!p)
        memory_ran_out();
    return p;
}

void end_prepare(void)
{
    cJSON_Hooks hooks = { told, free };

    cJSON_InitHooks(&hooks); /* its NULL means both "no JSON" and "no memory" */
}

int end_with(const char *verb, int code)
{
    bool unread = ferror(stdin), lost = ferror(stdout);
    int why = 0;

    errno = 0;
    if (fflush(stdout) != 0 || lost || fclose(stdout) != 0) {
        why = errno;
        fprintf(stderr, "clickbaton %s: the output can't be written%s%s; what was printed is not whole\n",
                verb, why ? ": " : "", why ? strerror(why) : "");
        return EXIT_IO;
    }
    if (unread) {
        fprintf(stderr, "clickbaton %s: stdin can't be read to its end; what was printed is of a part of it\n",
                verb);
        return EXIT_IO;
    }
    return code;
}
