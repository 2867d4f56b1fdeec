/* The written form of the log: a record's header, a file's name. Numbers are little-endian. */
#include <string.h>

#include <chef/containerv/supervised.h>

#include "linux/log.h"

#include <cv/banned.h>

/* Where in the header what stands; the check sum is over all before it. */
enum { AT_MAGIC = 0, AT_STREAM = 4, AT_LENGTH = 8, AT_TIME = 12, AT_CHECK = 20 };

#define MAGIC UINT64_C(0x314c5643) /* "CVL1" */

static void put(uint8_t* at, uint64_t value, unsigned size)
{
    for (unsigned i = 0; i < size; i++)
        at[i] = (uint8_t)(value >> (8 * i));
}

static uint64_t get(const uint8_t* at, unsigned size)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < size; i++)
        value |= (uint64_t)at[i] << (8 * i);
    return value;
}

/* CRC-32 by bits: twenty bytes a record need no table. */
static uint32_t check_sum(const uint8_t* bytes, size_t length)
{
    uint32_t sum = UINT32_MAX;
    for (size_t i = 0; i < length; i++) {
        sum ^= bytes[i];
        for (unsigned bit = 0; bit < 8; bit++)
            sum = (sum >> 1) ^ ((sum & 1) != 0 ? UINT32_C(0xedb88320) : 0);
    }
    return ~sum;
}

void linux_log_header_pack(const struct linux_log_header* header, uint8_t bytes[LINUX_LOG_HEADER])
{
    put(bytes + AT_MAGIC, MAGIC, 4);
    put(bytes + AT_STREAM, header->stream, 4);
    put(bytes + AT_LENGTH, header->length, 4);
    put(bytes + AT_TIME, (uint64_t)header->time_ns, 8);
    put(bytes + AT_CHECK, check_sum(bytes, AT_CHECK), 4);
}

bool linux_log_header_unpack(const uint8_t bytes[LINUX_LOG_HEADER], struct linux_log_header* header_out)
{
    struct linux_log_header header = { .stream = (uint32_t)get(bytes + AT_STREAM, 4),
        .length                                = (uint32_t)get(bytes + AT_LENGTH, 4),
        .time_ns                               = (int64_t)get(bytes + AT_TIME, 8) };
    if (get(bytes + AT_MAGIC, 4) != MAGIC || get(bytes + AT_CHECK, 4) != check_sum(bytes, AT_CHECK))
        return false;
    if (header.length == 0 || header.length > LINUX_LOG_MAX_RECORD)
        return false;
    if (header.stream != CV_STREAM_OUTPUT && header.stream != CV_STREAM_ERROR)
        return false;
    *header_out = header;
    return true;
}

static const char digits[] = "0123456789abcdef";

void linux_log_name(uint64_t offset, char name[LINUX_LOG_NAME])
{
    for (unsigned i = 0; i < LINUX_LOG_NAME - 1; i++)
        name[i] = digits[(offset >> (60 - 4 * i)) & 15];
    name[LINUX_LOG_NAME - 1] = '\0';
}

bool linux_log_name_parse(const char* name, uint64_t* offset_out)
{
    uint64_t offset = 0;
    if (strlen(name) != LINUX_LOG_NAME - 1)
        return false;
    for (const char* at = name; *at != '\0'; at++) {
        const char* digit = strchr(digits, *at);
        if (digit == NULL)
            return false;
        offset = offset << 4 | (uint64_t)(digit - digits);
    }
    *offset_out = offset;
    return true;
}
