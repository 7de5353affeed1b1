/* Any bytes as a time, a zone and a duration: in range, and what is printed is read back. */
#include <stdlib.h>
#include <string.h>

#include "core/base/when.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(x)      \
    do {             \
        if (!(x))    \
            abort(); \
    } while (0)

static void check_print(int64_t seconds)
{
    struct buf b = { 0 };
    int64_t again = -1;

    when_print(&b, seconds);
    MUST(buf_ok(&b) && b.len == 20);
    MUST(when_parse(buf_slice(&b), WHEN_ISO, 3600, &again) && again == seconds);
    buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf b = { 0 };
    struct slice text;
    int64_t seconds = -1, any;
    int zone, other;

    if (size < 1 + sizeof(zone))
        return 0;
    memcpy(&zone, data + 1, sizeof(zone));
    text = (struct slice){ (const char *)data + 1 + sizeof(zone), size - 1 - sizeof(zone) };
    if (when_parse(text, (enum when_form)(data[0] % 4), zone, &seconds)) {
        MUST(seconds >= 0 && seconds <= INT64_C(253402300799));
        check_print(seconds);
    } else {
        MUST(seconds == -1);
    }
    if (when_parse(text, WHEN_ISO, zone, &seconds)) /* whatever ISO takes, ANY takes alike */
        MUST(when_parse(text, WHEN_ANY, zone, &any) && any == seconds);
    if (when_zone_parse(text, &other))
        MUST(other >= -14 * 3600 && other <= 14 * 3600 && other % 60 == 0);
    if (when_duration_parse(text, &seconds))
        MUST(seconds >= 0 && seconds <= INT64_C(36525) * 86400);
    if (text.len >= sizeof(any)) {
        memcpy(&any, text.ptr, sizeof(any));
        when_print(&b, any);
        buf_free(&b);
    }
    return 0;
}
