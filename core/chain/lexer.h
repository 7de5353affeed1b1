/* lexer.h: the words of a script, comments left out.  Inside core/chain only. */
#ifndef CORE_CHAIN_LEXER_H
#define CORE_CHAIN_LEXER_H

#include "core/base/arena.h"
#include "core/base/slice.h"

enum token_kind { TOKEN_END, TOKEN_NAME, TOKEN_STRING, TOKEN_SIGN, TOKEN_OTHER };

struct token {
    enum token_kind kind;
    char sign;         /* of SIGN; two-letter ones: 'E' for == and !=, 'A' for => */
    struct slice text; /* a NAME; between a STRING's quotes */
    bool made;         /* a template string with ${} */
};

struct lexer {
    struct slice rest;
    struct token last;
}; /* { script } to begin with; a copy looks ahead */

/* The next word, which is then also last.  END at the end, again and again. */
struct token lexer_next(struct lexer *l);

/* A STRING's text without its escapes; in arena if it has any. */
struct slice lexer_unescape(struct arena *arena, struct slice text);

#endif
