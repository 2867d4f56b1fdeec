#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include <cv/macros.h>

#include "spec/address.h"

static const struct {
    const char* text;
    unsigned    version;
    uint8_t     bytes[16];
} good[] = {
    { "10.9.0.2", 4, { 10, 9, 0, 2 } },
    { "0.0.0.0", 4, { 0 } },
    { "255.255.255.255", 4, { 255, 255, 255, 255 } },
    { "::", 6, { 0 } },
    { "::1", 6, { [15] = 1 } },
    { "1::", 6, { 0, 1 } },
    { "fd00::2", 6, { 0xfd, 0, [15] = 2 } },
    { "FD00:0:0:0:0:0:0:aBcD", 6, { 0xfd, 0, [14] = 0xab, 0xcd } },
    { "1:2:3:4:5:6:7:8", 6, { 0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8 } },
    { "1:2:3:4:5:6:7::", 6, { 0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 0 } },
    { "::2:3:4:5:6:7:8", 6, { 0, 0, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8 } },
    { "1:2::7:8", 6, { 0, 1, 0, 2, [12] = 0, 7, 0, 8 } },
    { "::ffff:192.0.2.1", 6, { [10] = 0xff, 0xff, 192, 0, 2, 1 } },
    { "1:2:3:4:5:6:1.2.3.4", 6, { 0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 1, 2, 3, 4 } },
};

static const char* const bad[] = { "", "1", "1.2.3", "1.2.3.4.", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1.2.3.00",
    "1.2.3.0004", "1..2.3", " 1.2.3.4", "1.2.3.4 ", "1.2.3.4/24", "a.b.c.d", "-1.2.3.4", ":", ":::", "1:", ":1", "1:2",
    "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8", "1::2::3",
    "12345::", "g::", "fe80::1%eth0", "[::1]", "::1.2.3", "1.2.3.4::", "::1.2.3.4:5", "1:2:3:4:5:6:7:1.2.3.4", "1:::2",
    "::1:" };

static void test_good(void** state)
{
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(good); i++) {
        struct cv_address address;
        print_message("%s\n", good[i].text);
        assert_int_equal(cv_address_parse(good[i].text, &address, NULL), 0);
        assert_int_equal(address.version, good[i].version);
        assert_memory_equal(address.bytes, good[i].bytes, 16);
    }
}

static void test_bad(void** state)
{
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(bad); i++) {
        struct cv_address address;
        print_message("%s\n", bad[i]);
        assert_int_equal(cv_address_parse(bad[i], &address, NULL), CV_ERR_INVALID);
    }
}

static void test_netmask(void** state)
{
    (void)state;
    unsigned prefix = 0;
    assert_int_equal(cv_address_parse_netmask("255.255.255.0", 4, &prefix, NULL), 0);
    assert_int_equal(prefix, 24);
    assert_int_equal(cv_address_parse_netmask("255.255.255.255", 4, &prefix, NULL), 0);
    assert_int_equal(prefix, 32);
    assert_int_equal(cv_address_parse_netmask("0.0.0.0", 4, &prefix, NULL), 0);
    assert_int_equal(prefix, 0);
    assert_int_equal(cv_address_parse_netmask("255.254.0.0", 4, &prefix, NULL), 0);
    assert_int_equal(prefix, 15);
    assert_int_equal(cv_address_parse_netmask("32", 4, &prefix, NULL), 0);
    assert_int_equal(cv_address_parse_netmask("128", 6, &prefix, NULL), 0);
    assert_int_equal(prefix, 128);
    static const char* const wrong[] = { "33", "", "255.0.255.0", "0.0.0.1", "/24", "-1", "255.255.255", "24 " };
    for (size_t i = 0; i < CV_ARRAY_LEN(wrong); i++)
        assert_int_equal(cv_address_parse_netmask(wrong[i], 4, &prefix, NULL), CV_ERR_INVALID);
    assert_int_equal(cv_address_parse_netmask("255.255.255.0", 6, &prefix, NULL), CV_ERR_INVALID);
    assert_int_equal(cv_address_parse_netmask("129", 6, &prefix, NULL), CV_ERR_INVALID);
}

static bool same(const char* a, const char* b, unsigned prefix)
{
    struct cv_address x, y;
    assert_int_equal(cv_address_parse(a, &x, NULL), 0);
    assert_int_equal(cv_address_parse(b, &y, NULL), 0);
    return cv_address_same_network(&x, &y, prefix);
}

static void test_networks(void** state)
{
    (void)state;
    assert_true(same("10.9.0.1", "10.9.0.254", 24));
    assert_false(same("10.9.0.1", "10.9.1.1", 24));
    assert_true(same("10.9.0.1", "10.9.1.1", 23));
    assert_true(same("10.9.0.1", "10.9.0.1", 32));
    assert_false(same("10.9.0.1", "10.9.0.2", 32));
    assert_true(same("10.9.0.1", "99.0.0.0", 0));
    assert_false(same("10.9.0.1", "::1", 0));
    assert_true(same("fd00::1", "fd00::2", 126));
    assert_false(same("fd00::1", "fd00::2", 127));
}

static void test_special(void** state)
{
    (void)state;
    static const char* const special[] = { "0.0.0.0", "0.1.2.3", "127.0.0.1", "127.255.0.1", "224.0.0.1", "239.1.1.1",
        "255.255.255.255", "::", "::1", "ff02::1" };
    static const char* const plain[]   = { "10.0.0.1", "192.168.1.1", "240.0.0.1", "8.8.8.8", "fe80::1", "fd00::1",
          "::2" };
    struct cv_address        address;
    for (size_t i = 0; i < CV_ARRAY_LEN(special); i++) {
        assert_int_equal(cv_address_parse(special[i], &address, NULL), 0);
        assert_true(cv_address_is_special(&address));
    }
    for (size_t i = 0; i < CV_ARRAY_LEN(plain); i++) {
        assert_int_equal(cv_address_parse(plain[i], &address, NULL), 0);
        assert_false(cv_address_is_special(&address));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_netmask),
        cmocka_unit_test(test_networks),
        cmocka_unit_test(test_special),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
