#include "adapters/store/sqlite_sum.h"

#include <sqlite3.h>

/* One multiplication per eight bytes, the finalizer of MurmurHash3 at the end: 0.2 us for a row of
 * a kilobyte.  Not cryptographic: it is there for disks, not for forgers. */
#define MULTIPLY 0x9e3779b97f4a7c15u

enum { NOTHING = 1, INTEGER, TEXT, BLOB };

static uint64_t load(const unsigned char *p, size_t n)
{
    uint64_t word = 0;

    if (n == 8)
        return (uint64_t)p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 |
               (uint64_t)p[3] << 24 | (uint64_t)p[4] << 32 | (uint64_t)p[5] << 40 |
               (uint64_t)p[6] << 48 | (uint64_t)p[7] << 56;
    while (n--)
        word = word << 8 | p[n];
    return word;
}

static void mix(struct sum *sum, uint64_t word)
{
    uint64_t h = (sum->h ^ word) * MULTIPLY;

    sum->h = h ^ h >> 29;
}

static void bytes_of(struct sum *sum, uint64_t type, const void *bytes, size_t len)
{
    const unsigned char *p = bytes;

    mix(sum, type << 56 ^ len);
    for (; len >= 8; p += 8, len -= 8)
        mix(sum, load(p, 8));
    if (len)
        mix(sum, load(p, len));
}

void sum_start(struct sum *sum, enum sum_table table)
{
    sum->h = (uint64_t)table * 0xff51afd7ed558ccdu;
}

void sum_null(struct sum *sum)
{
    mix(sum, (uint64_t)NOTHING << 56);
}

void sum_int(struct sum *sum, int64_t n)
{
    mix(sum, (uint64_t)INTEGER << 56);
    mix(sum, (uint64_t)n);
}

void sum_text(struct sum *sum, const void *bytes, size_t len)
{
    bytes_of(sum, TEXT, bytes, len);
}

void sum_blob(struct sum *sum, const void *bytes, size_t len)
{
    bytes_of(sum, BLOB, bytes, len);
}

int64_t sum_end(const struct sum *sum)
{
    uint64_t h = sum->h;

    h ^= h >> 33;
    h *= 0xff51afd7ed558ccdu;
    h ^= h >> 33;
    h *= 0xc4ceb9fe1a85ec53u;
    return (int32_t)(uint32_t)(h ^ h >> 33);
}

static void value(struct sum *sum, sqlite3_value *v)
{
    switch (sqlite3_value_type(v)) {
    case SQLITE_NULL:
        sum_null(sum);
        break;
    case SQLITE_TEXT: /* as bytes: SQLite keeps UTF-8 as it came */
        bytes_of(sum, TEXT, sqlite3_value_blob(v), (size_t)sqlite3_value_bytes(v));
        break;
    case SQLITE_BLOB:
        bytes_of(sum, BLOB, sqlite3_value_blob(v), (size_t)sqlite3_value_bytes(v));
        break;
    default: /* we store no floats: one is damage, and hashes as another number than it was */
        sum_int(sum, sqlite3_value_int64(v) ^ (sqlite3_value_type(v) == SQLITE_FLOAT));
        break;
    }
}

int64_t sum_row(struct sqlite3_stmt *st, enum sum_table table, int columns)
{
    struct sum sum;

    sum_start(&sum, table);
    for (int i = 0; i < columns; i++)
        value(&sum, sqlite3_column_value(st, i));
    return sum_end(&sum);
}

int64_t sum_chunk(int64_t number, const void *bytes, size_t len)
{
    struct sum sum;

    sum_start(&sum, SUM_CHUNKS);
    sum_int(&sum, number);
    sum_blob(&sum, bytes, len);
    return sum_end(&sum);
}

static void checksum(sqlite3_context *context, int n, sqlite3_value **values)
{
    struct sum sum;

    sum_start(&sum, n ? (enum sum_table)sqlite3_value_int(values[0]) : (enum sum_table)0);
    for (int i = 1; i < n; i++)
        value(&sum, values[i]);
    sqlite3_result_int64(context, sum_end(&sum));
}

int sqlite_sum_register(struct sqlite3 *db)
{
    return sqlite3_create_function_v2(db, "checksum", -1,
                                      SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS, NULL,
                                      checksum, NULL, NULL, NULL);
}
