/* decode.c: which encoding, and its letters.  Tables: the WHATWG Encoding Standard's windows-1252 and
 * windows-1251 indexes. */
#include "core/csv/csv.h"

const char *const csv_encoding_names[] = { "unknown", "UTF-8", "UTF-16LE", "UTF-16BE",
                                           "Windows-1252", "Windows-1251", NULL };

static const uint16_t high_1252[32] = {
    0x20AC, 0x0081, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0x008D, 0x017D, 0x008F, 0x0090, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x009D, 0x017E, 0x0178,
};
static const uint16_t high_1251[64] = {
    0x0402, 0x0403, 0x201A, 0x0453, 0x201E, 0x2026, 0x2020, 0x2021, 0x20AC, 0x2030, 0x0409,
    0x2039, 0x040A, 0x040C, 0x040B, 0x040F, 0x0452, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x0098, 0x2122, 0x0459, 0x203A, 0x045A, 0x045C, 0x045B, 0x045F, 0x00A0,
    0x040E, 0x045E, 0x0408, 0x00A4, 0x0490, 0x00A6, 0x00A7, 0x0401, 0x00A9, 0x0404, 0x00AB,
    0x00AC, 0x00AD, 0x00AE, 0x0407, 0x00B0, 0x00B1, 0x0406, 0x0456, 0x0491, 0x00B5, 0x00B6,
    0x00B7, 0x0451, 0x2116, 0x0454, 0x00BB, 0x0458, 0x0405, 0x0455, 0x0457,
};

uint32_t csv_code_point(enum csv_encoding encoding, unsigned char byte)
{
    if (byte < 0x80)
        return byte;
    if (encoding == CSV_WINDOWS_1251)
        return byte < 0xC0 ? high_1251[byte - 0x80] : 0x0410u + (byte - 0xC0u);
    return byte < 0xA0 ? high_1252[byte - 0x80] : byte;
}

/* Letters and digits of it, lower case. */
static size_t bare(struct slice name, char out[16])
{
    size_t n = 0;

    for (size_t i = 0; i < name.len && n < 16; i++)
        if (ascii_is_alnum(name.ptr[i]))
            out[n++] = ascii_lower(name.ptr[i]);
    return n;
}

bool csv_encoding_named(struct slice name, enum csv_encoding *out)
{
    char a[16], b[16];
    size_t n = bare(name, a);
    struct slice word = { a, n };

    if (slice_starts(word, S("cp")) && n == 6) { /* cp1251 */
        memmove(a + 7, a + 2, 4);
        memcpy(a, "windows", 7);
        word.len = n = 11;
    }
    if (slice_eq(word, S("utf16")))
        return *out = CSV_UTF16LE, true;
    for (int i = 1; csv_encoding_names[i]; i++) {
        if (slice_eq(word, (struct slice){ b, bare(slice_from(csv_encoding_names[i]), b) })) {
            *out = (enum csv_encoding)i;
            return true;
        }
    }
    return false;
}

const char *csv_foreign(struct slice head)
{
    static const struct {
        struct slice bytes;
        const char *what;
    } known[] = {
        { SLICE("PK\x03\x04"), "a spreadsheet (.xlsx, .ods) or a ZIP archive" },
        { SLICE("\xd0\xcf\x11\xe0"), "an old spreadsheet (.xls)" },
        { SLICE("\x1f\x8b"), "compressed (.gz)" },
        { SLICE("%PDF"), "a PDF" },
        { SLICE("SQLite format 3"), "a database" },
        { SLICE("<"), "a web page or XML, perhaps the login page" },
        { SLICE("{"), "JSON" },
        { SLICE("["), "JSON" },
    };
    struct slice text = slice_trim(head);

    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
        if (slice_starts(i < 5 ? head : text, known[i].bytes))
            return known[i].what;
    return NULL;
}

enum csv_encoding csv_encoding_of_head(struct slice head, size_t *skip)
{
    size_t even = 0, odd = 0, most = head.len < 512 ? head.len : 512;

    *skip = 0;
    if (slice_starts(head, S("\xef\xbb\xbf")))
        return *skip = 3, CSV_UTF8;
    if (slice_starts(head, S("\xff\xfe")))
        return *skip = 2, CSV_UTF16LE;
    if (slice_starts(head, S("\xfe\xff")))
        return *skip = 2, CSV_UTF16BE;
    for (size_t i = 0; i < most; i++)
        if (!head.ptr[i])
            *(i % 2 ? &odd : &even) += 1;
    /* Text in Latin letters has a NUL in every unit, in Cyrillic ones in its digits and separators. */
    if (odd > most / 16 && even == 0)
        return CSV_UTF16LE;
    if (even > most / 16 && odd == 0)
        return CSV_UTF16BE;
    return CSV_UNKNOWN;
}

/* Cyrillic comes in whole words of high bytes, the letters of Western languages one by one. */
enum csv_encoding csv_encoding_of_letters(struct slice text)
{
    size_t high = 0, pairs = 0;

    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        high += c >= 0xC0;
        pairs += c >= 0xC0 && i && (unsigned char)text.ptr[i - 1] >= 0xC0;
    }
    return pairs * 2 >= high && pairs ? CSV_WINDOWS_1251 : CSV_WINDOWS_1252;
}
