#include "core/base/json.h"

#include "core/base/money.h"
#include "core/base/when.h"

void json_name(struct buf *out, const char *name)
{
    bool first = out->len && out->ptr[out->len - 1] == '{';

    buf_printf(out, first ? "\"%s\":" : ",\"%s\":", name);
}

void json_text(struct buf *out, const char *name, struct slice value)
{
    json_name(out, name);
    buf_json(out, value);
}

void json_known(struct buf *out, const char *name, struct slice value)
{
    json_name(out, name);
    if (value.len)
        buf_json(out, value);
    else
        buf_puts(out, "null");
}

void json_number(struct buf *out, const char *name, int64_t n)
{
    json_name(out, name);
    buf_i64(out, n);
}

void json_count(struct buf *out, const char *name, uint64_t n)
{
    json_name(out, name);
    buf_printf(out, "%llu", (unsigned long long)n);
}

void json_flag(struct buf *out, const char *name, bool is)
{
    json_name(out, name);
    buf_puts(out, is ? "true" : "false");
}

void json_amount(struct buf *out, const char *name, int64_t micros)
{
    json_name(out, name);
    buf_byte(out, '"');
    money_print(out, (struct money){ micros });
    buf_byte(out, '"');
}

void json_time(struct buf *out, const char *name, int64_t seconds)
{
    json_name(out, name);
    if (seconds == 0) {
        buf_puts(out, "null");
        return;
    }
    buf_byte(out, '"');
    when_print(out, seconds);
    buf_byte(out, '"');
}

void json_put_time_ms(struct buf *out, int64_t ms)
{
    if (ms == 0) {
        buf_puts(out, "null");
        return;
    }
    buf_byte(out, '"');
    when_print_ms(out, ms);
    buf_byte(out, '"');
}

void json_time_ms(struct buf *out, const char *name, int64_t ms)
{
    json_name(out, name);
    json_put_time_ms(out, ms);
}
