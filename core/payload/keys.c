#include "core/payload/keys.h"

#include "core/payload/members.h"

uint32_t payload_keys(struct slice body)
{
    struct member user, m;
    uint32_t keys = 0;
    size_t at;

    if (!member_user(body, &user))
        return 0;
    for (at = user.value + 1; member_read(body, at, &m); at = member_next(body, &m))
        keys |= match_key_bit(m.name);
    return keys;
}
