/* words.h: what is wrong with a YAML text, in plain words; only for core/yaml. */
#ifndef CORE_YAML_WORDS_H
#define CORE_YAML_WORDS_H

#include "core/base/slice.h"

/* Why text is no plain UTF-8 text that people can edit, and where: control bytes, lone carriage
 * returns, invisible line ends.  NULL when it is. */
const char *words_unfit(struct slice text, size_t *at);

/* libyaml's description of a problem, and what to do; both stay as they were when it is not known.
 */
void words_syntax(const char *problem, struct slice *text, struct slice *hint);

#endif
