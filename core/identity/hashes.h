/* hashes.h: values that were hashed before they came.  Inside core/identity only. */
#ifndef CORE_IDENTITY_HASHES_H
#define CORE_IDENTITY_HASHES_H

#include "core/base/slice.h"

/* Is it the SHA-256, in hex, of no bytes or of a program's word for nothing ("null")? */
bool hashes_of_nothing(struct slice hex);

/* What is wrong when s is a hash that TikTok can't use (MD5, SHA-1, base64); NULL when it is none. */
const char *hashes_foreign(struct slice s);

#endif
