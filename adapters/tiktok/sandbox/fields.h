/* fields.h: every field of a request as one row: type, length, form, and for which event_source
 * TikTok documents it. */
#ifndef ADAPTERS_TIKTOK_SANDBOX_FIELDS_H
#define ADAPTERS_TIKTOK_SANDBOX_FIELDS_H

#include "adapters/tiktok/sandbox/check.h"

enum sandbox_type {
    TYPE_TEXT,
    TYPE_TEXTS,         /* a list of them */
    TYPE_TEXT_OR_TEXTS, /* one, or a list */
    TYPE_INTEGER,
    TYPE_NUMBER,
    TYPE_TEXT_OR_NUMBER, /* the documentation that was read does not say which */
    TYPE_BOOLEAN,
    TYPE_OBJECT,
    TYPE_OBJECTS,
};

typedef bool sandbox_text_form(struct sandbox_checker *c, const struct sandbox_at *at,
                               struct slice text);
typedef bool sandbox_number_form(struct sandbox_checker *c, const struct sandbox_at *at,
                                 double number);

struct sandbox_field {
    const char *name; /* NULL ends a table */
    enum sandbox_type type;
    unsigned sources, required;  /* documented, and needed, for these */
    size_t max;                  /* characters of a text, elements of a list; 0: none stated */
    sandbox_text_form *text;     /* or NULL */
    sandbox_number_form *number; /* or NULL */
    const struct slice *words;   /* the only values, ended by an empty slice; or NULL */
    const struct sandbox_field *fields; /* of an object or of each object of a list */
};

extern const struct sandbox_field sandbox_body_fields[];

/* The object that has a field of this name ("user"), or NULL. */
const char *sandbox_field_home(const char *name);

/* Names that other APIs, older versions or other TikTok products use for a field: the name here,
 * or NULL. */
const char *sandbox_field_alias(const char *name);

#endif
