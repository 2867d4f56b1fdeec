#include "address.h"

#include <string.h>

#include <cv/str.h>

#include <cv/banned.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Four decimal numbers; *text is moved behind them. */
static bool parse_v4(const char* text, uint8_t* bytes)
{
    for (unsigned i = 0; i < 4; i++) {
        unsigned value = 0, count = 0;
        for (; is_digit(*text) && count < 4; text++, count++)
            value = value * 10 + (unsigned)(*text - '0');
        if (count == 0 || count > 3 || value > 255 || (count > 1 && text[-(int)count] == '0'))
            return false;
        bytes[i] = (uint8_t)value;
        if (i < 3 && *text++ != '.')
            return false;
    }
    return *text == '\0';
}

static int hex_digit(char c)
{
    if (is_digit(c))
        return c - '0';
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* One to four hexadecimal digits; returns how many. */
static unsigned parse_group(const char* text, uint8_t* bytes)
{
    unsigned value = 0, count = 0;
    for (; count < 4 && hex_digit(text[count]) >= 0; count++)
        value = value * 16 + (unsigned)hex_digit(text[count]);
    bytes[0] = (uint8_t)(value >> 8);
    bytes[1] = (uint8_t)value;
    return count;
}

struct v6 {
    uint8_t bytes[16];
    int     used; /* bytes */
    int     gap;  /* where "::" stands, -1 for nowhere */
};

/* "::" before the next group, or the ':' between two. False when neither is right here. */
static bool parse_separator(struct v6* v, const char** text)
{
    if ((*text)[0] == ':' && (*text)[1] == ':') {
        if (v->gap >= 0)
            return false;
        v->gap = v->used;
        *text += 2;
        return true;
    }
    if (v->used == 0)
        return true;
    return *(*text)++ == ':' && **text != '\0';
}

static bool parse_groups(struct v6* v, const char* text)
{
    while (*text != '\0') {
        if (!parse_separator(v, &text))
            return false;
        if (*text == '\0')
            return true;
        if (v->used <= 12 && strchr(text, '.') != NULL && strchr(text, ':') == NULL) {
            v->used += 4;
            return parse_v4(text, v->bytes + v->used - 4);
        }
        unsigned count = v->used < 16 ? parse_group(text, v->bytes + v->used) : 0;
        if (count == 0)
            return false;
        v->used += 2;
        text += count;
    }
    return true;
}

static bool parse_v6(const char* text, uint8_t* bytes)
{
    struct v6 v = { .gap = -1 };
    if (!parse_groups(&v, text) || (v.gap < 0 ? v.used != 16 : v.used > 14))
        return false;
    size_t tail = v.gap < 0 ? 0 : (size_t)(v.used - v.gap), head = (size_t)v.used - tail;
    memcpy(bytes, v.bytes, head);
    memcpy(bytes + 16 - tail, v.bytes + head, tail);
    return true;
}

int cv_address_parse(const char* text, struct cv_address* address_out, struct cv_error* err)
{
    struct cv_address address = { .version = strchr(text, ':') != NULL ? 6 : 4 };
    bool              good    = address.version == 6 ? parse_v6(text, address.bytes) : parse_v4(text, address.bytes);
    if (!good)
        return cv_error_set(err, CV_ERR_INVALID, "'%.100s' is no IPv4 or IPv6 address", text);
    *address_out = address;
    return 0;
}

static bool mask_prefix(const uint8_t* bytes, unsigned* prefix_out)
{
    uint32_t mask   = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
    unsigned prefix = 0;
    for (; prefix < 32 && (mask & UINT32_C(0x80000000) >> prefix) != 0; prefix++)
        ;
    *prefix_out = prefix;
    return prefix == 32 || mask << prefix == 0;
}

int cv_address_parse_netmask(const char* text, unsigned version, unsigned* prefix_out, struct cv_error* err)
{
    uint8_t  bytes[4];
    uint64_t prefix = 0;
    unsigned limit  = version == 4 ? 32 : 128;
    if (version == 4 && parse_v4(text, bytes) && mask_prefix(bytes, prefix_out))
        return 0;
    if (cv_parse_u64(text, 0, limit, &prefix, NULL) < 0)
        return cv_error_set(err, CV_ERR_INVALID, "'%.100s' is no netmask (expected 0 to %u%s)", text, limit,
            version == 4 ? ", or such as 255.255.255.0" : "");
    *prefix_out = (unsigned)prefix;
    return 0;
}

bool cv_address_same_network(const struct cv_address* a, const struct cv_address* b, unsigned prefix)
{
    size_t whole = prefix / 8;
    if (a->version != b->version || memcmp(a->bytes, b->bytes, whole) != 0)
        return false;
    unsigned rest = prefix % 8;
    return rest == 0 || (uint8_t)((a->bytes[whole] ^ b->bytes[whole]) >> (8 - rest)) == 0;
}

bool cv_address_equal(const struct cv_address* a, const struct cv_address* b)
{
    return a->version == b->version && memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

bool cv_address_is_special(const struct cv_address* address)
{
    static const uint8_t zero[16] = { 0 }, loopback6[16] = { [15] = 1 };
    const uint8_t*       bytes = address->bytes;
    if (address->version == 4)
        return bytes[0] == 0 || bytes[0] == 127 || (bytes[0] >= 224 && bytes[0] < 240)
               || memcmp(bytes, "\xff\xff\xff\xff", 4) == 0;
    return bytes[0] == 0xff || memcmp(bytes, zero, 16) == 0 || memcmp(bytes, loopback6, 16) == 0;
}
