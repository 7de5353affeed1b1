/* phone.h: telephone numbers to E.164.  Inside core/identity only. */
#ifndef CORE_IDENTITY_PHONE_H
#define CORE_IDENTITY_PHONE_H

#include "core/identity/identity.h"

struct country {
    char iso[3];  /* ISO 3166-1 alpha-2, upper case */
    char code[4]; /* calling code */
    const char *trunk; /* what is dialled before a number at home and dropped abroad; several: "8 0" */
    uint8_t shortest, longest; /* digits after calling code and trunk */
};
extern const struct country countries[];
extern const size_t countries_count;

/* NULL when there is none.  "UK" is taken for GB. */
const struct country *country_find(struct slice iso);

/* One of the countries whose calling code begins the digits. */
const struct country *country_of_number(struct slice digits);

#define PHONE_MAX 16 /* '+' and 15 digits */

/* Write value as +4915112345678.  The length, or 0 and *why: the rest of a sentence, NULL when
 * nothing but blanks was given. */
size_t phone_normalise(struct slice value, struct slice country, char out[PHONE_MAX],
                       const char **why);

#endif
