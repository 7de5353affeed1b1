#include "core/yaml/words.h"

#include <string.h>

/* libyaml's problems in plain words. */
static const struct {
    const char *problem, *text, *hint;
} problems[] = {
    { "mapping values are not allowed in this context", "a \": \" cannot stand here",
      "put a text that holds \": \" in quotes, or mend the indentation" },
    { "did not find expected key", "this line fits neither the map nor the list around it",
      "keys of one map begin in the same column; a text after a closing quote is also refused" },
    { "did not find expected '-' indicator", "this line does not fit the list around it",
      "items of one list begin with \"- \" in the same column" },
    { "could not find expected ':'", "a key without \":\"",
      "write `key: value`; a text of several lines needs quotes or \"|\"" },
    { "did not find expected ',' or ']'", "expected \",\" or \"]\" in a list in brackets",
      "close the \"[\", or put the text in quotes" },
    { "did not find expected ',' or '}'", "expected \",\" or \"}\" in a map in braces",
      "close the \"{\", or put the text in quotes" },
    { "found character that cannot start any token", "a value cannot begin with this character",
      "put the value in quotes" },
    { "block sequence entries are not allowed in this context", "a \"- \" cannot stand here",
      "begin a list on a line of its own" },
    { "found unexpected end of stream", "a quoted text is not closed", "add the closing quote" },
    { "found unexpected document indicator", "a quoted text is not closed",
      "add the closing quote" },
    { "found unknown escape character", "an unknown escape after a backslash",
      "use single quotes to keep backslashes as they are" },
    { "did not find expected hexdecimal number", "a \\x or \\u without hexadecimal digits",
      "use single quotes to keep backslashes as they are" },
    { "found invalid Unicode character escape code", "an escape that is no character",
      "use single quotes to keep backslashes as they are" },
    { "mapping keys are not allowed in this context", "a \"? \" cannot stand here",
      "put a text that begins with \"? \" in quotes" },
    { "did not find expected node content", "a value is missing here",
      "put the value in quotes if it begins with a sign" },
    { "did not find expected <document start>", "something follows the end of the document",
      "a file is one map; mend the indentation of what stands before" },
    { "found unknown directive name", "a \"%\" cannot begin a line",
      "put a text that begins with \"%\" in quotes" },
    { "did not find expected comment or line break", "text after \"|\" or \">\"",
      "begin the text on the next line, or put it in quotes" },
};

/* What makes the character at the start of s unfit for a file that people read, or NULL.  Lone
 * carriage returns and Unicode's own line ends break lines for libyaml and not for editors. */
static const char *unfit(struct slice s, size_t n)
{
    const unsigned char *p = (const unsigned char *)s.ptr;

    if (n == 0)
        return "this is not UTF-8";
    if (p[0] == '\r' && !(s.len > 1 && p[1] == '\n'))
        return "a carriage return without a line feed";
    if (p[0] == 0)
        return "a NUL byte";
    if ((p[0] < 0x20 && p[0] != '\t' && p[0] != '\n' && p[0] != '\r') || p[0] == 0x7f ||
        (n == 2 && p[0] == 0xc2 && p[1] < 0xa0))
        return "a control character";
    if (n == 3 && p[0] == 0xe2 && p[1] == 0x80 && (p[2] == 0xa8 || p[2] == 0xa9))
        return "an invisible line separator (U+2028 or U+2029)";
    if (n == 3 && p[0] == 0xef && p[1] == 0xbb && p[2] == 0xbf)
        return "a byte order mark inside the file (U+FEFF)";
    if (n == 3 && p[0] == 0xef && p[1] == 0xbf && p[2] >= 0xbe)
        return "a code that is no character (U+FFFE or U+FFFF)";
    return NULL;
}

const char *words_unfit(struct slice text, size_t *at)
{
    for (*at = 0; *at < text.len;) {
        struct slice rest = slice_from_at(text, *at);
        size_t n = utf8_len(rest);
        const char *why = unfit(rest, n);
        if (why)
            return why;
        *at += n;
    }
    return NULL;
}

void words_syntax(const char *problem, struct slice *text, struct slice *hint)
{
    for (size_t i = 0; i < sizeof(problems) / sizeof(*problems); i++)
        if (strcmp(problem, problems[i].problem) == 0) {
            *text = slice_from(problems[i].text);
            *hint = slice_from(problems[i].hint);
            return;
        }
}
