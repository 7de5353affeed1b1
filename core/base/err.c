#include "core/base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int err_set(struct err *e, enum err_kind kind, const char *fmt, ...)
{
    va_list ap;

    if (!e)
        return -1;
    e->kind = kind;
    va_start(ap, fmt);
    vsnprintf(e->text, sizeof(e->text), fmt, ap);
    va_end(ap);
    return -1;
}

int err_context(struct err *e, const char *fmt, ...)
{
    char was[sizeof(e->text)];
    va_list ap;
    size_t at, n;

    if (!e)
        return -1;
    memcpy(was, e->text, sizeof(was));
    va_start(ap, fmt);
    vsnprintf(e->text, sizeof(e->text) - 2, fmt, ap);
    va_end(ap);
    at = strlen(e->text);
    memcpy(e->text + at, ": ", 2);
    at += 2;
    n = strlen(was);
    if (n > sizeof(e->text) - 1 - at)
        n = sizeof(e->text) - 1 - at;
    memcpy(e->text + at, was, n);
    e->text[at + n] = '\0';
    return -1;
}
