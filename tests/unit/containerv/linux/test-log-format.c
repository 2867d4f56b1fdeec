#include <string.h>

#include <chef/containerv/supervised.h>
#include <cv-test/support.h>

#include "linux/log.h"

#include <cv/banned.h>

static void a_header_comes_back(void** state)
{
    static const struct linux_log_header headers[] = {
        { .stream = CV_STREAM_OUTPUT, .length = 1, .time_ns = 0 },
        { .stream = CV_STREAM_ERROR, .length = LINUX_LOG_MAX_RECORD, .time_ns = INT64_MAX },
        { .stream = CV_STREAM_OUTPUT, .length = 0x12345, .time_ns = -1 },
    };
    uint8_t                 bytes[LINUX_LOG_HEADER];
    struct linux_log_header back;
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(headers); i++) {
        linux_log_header_pack(&headers[i], bytes);
        assert_true(linux_log_header_unpack(bytes, &back));
        assert_int_equal(back.stream, headers[i].stream);
        assert_int_equal(back.length, headers[i].length);
        assert_true(back.time_ns == headers[i].time_ns);
    }
}

static void the_written_form_stays_as_it_is(void** state)
{
    static const uint8_t wanted[LINUX_LOG_HEADER] = { 'C', 'V', 'L', '1', 2, 0, 0, 0, 3, 1, 0, 0, 8, 7, 6, 5, 4, 3, 2,
        1, 0xd1, 0xd9, 0x6c, 0xbf };
    struct linux_log_header header = { .stream = 2, .length = 0x103, .time_ns = INT64_C(0x0102030405060708) };
    uint8_t                 bytes[LINUX_LOG_HEADER];
    (void)state;
    linux_log_header_pack(&header, bytes);
    assert_memory_equal(bytes, wanted, sizeof(bytes));
}

static void every_single_bit_counts(void** state)
{
    struct linux_log_header header = { .stream = 1, .length = 77, .time_ns = 99 }, back;
    uint8_t                 bytes[LINUX_LOG_HEADER];
    (void)state;
    linux_log_header_pack(&header, bytes);
    for (size_t bit = 0; bit < 8 * sizeof(bytes); bit++) {
        bytes[bit / 8] ^= (uint8_t)(1 << (bit % 8));
        assert_false(linux_log_header_unpack(bytes, &back));
        bytes[bit / 8] ^= (uint8_t)(1 << (bit % 8));
    }
    memset(bytes, 0, sizeof(bytes));
    assert_false(linux_log_header_unpack(bytes, &back));
}

static void what_no_writer_writes_is_no_header(void** state)
{
    static const struct linux_log_header headers[] = {
        { .stream = 1, .length = 0 },
        { .stream = 1, .length = LINUX_LOG_MAX_RECORD + 1 },
        { .stream = 0, .length = 1 },
        { .stream = 3, .length = 1 },
    };
    uint8_t                 bytes[LINUX_LOG_HEADER];
    struct linux_log_header back;
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(headers); i++) {
        linux_log_header_pack(&headers[i], bytes);
        assert_false(linux_log_header_unpack(bytes, &back));
    }
}

static void a_name_is_an_offset(void** state)
{
    static const uint64_t offsets[] = { 0, 1, 0xabcdef, UINT64_MAX };
    char                  name[LINUX_LOG_NAME];
    uint64_t              back;
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(offsets); i++) {
        linux_log_name(offsets[i], name);
        assert_int_equal(strlen(name), 16);
        assert_true(linux_log_name_parse(name, &back));
        assert_true(back == offsets[i]);
    }
    linux_log_name(0xabcdef, name);
    assert_string_equal(name, "0000000000abcdef");
}

static void other_names_are_not(void** state)
{
    static const char* const names[] = { "", ".", "0", "000000000000000", "00000000000000000", "000000000000000G",
        "000000000000000F", "0x00000000000000", " 000000000000000", "000000000000000\n" };
    uint64_t                 offset;
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(names); i++)
        assert_false(linux_log_name_parse(names[i], &offset));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_header_comes_back),
        cmocka_unit_test(the_written_form_stays_as_it_is),
        cmocka_unit_test(every_single_bit_counts),
        cmocka_unit_test(what_no_writer_writes_is_no_header),
        cmocka_unit_test(a_name_is_an_offset),
        cmocka_unit_test(other_names_are_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
