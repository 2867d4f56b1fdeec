#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "spec/capnames.h"

static void test_all(void** state)
{
    (void)state;
    for (unsigned i = 0; i < CV_CAPABILITY_COUNT; i++) {
        assert_non_null(cv_capability_name(i));
        assert_int_equal(cv_capability_number(cv_capability_name(i)), i);
    }
    assert_null(cv_capability_name(CV_CAPABILITY_COUNT));
    assert_null(cv_capability_name(UINT32_MAX));
}

/* Numbers from capabilities(7): a shifted table would pass the test above. */
static void test_known_numbers(void** state)
{
    (void)state;
    assert_int_equal(cv_capability_number("CAP_CHOWN"), 0);
    assert_int_equal(cv_capability_number("CAP_SETPCAP"), 8);
    assert_int_equal(cv_capability_number("CAP_NET_ADMIN"), 12);
    assert_int_equal(cv_capability_number("CAP_SYS_ADMIN"), 21);
    assert_int_equal(cv_capability_number("CAP_MKNOD"), 27);
    assert_int_equal(cv_capability_number("CAP_SETFCAP"), 31);
    assert_int_equal(cv_capability_number("CAP_AUDIT_READ"), 37);
    assert_int_equal(cv_capability_number("CAP_CHECKPOINT_RESTORE"), 40);
}

static void test_spelling(void** state)
{
    (void)state;
    assert_int_equal(cv_capability_number("chown"), -1);
    assert_int_equal(cv_capability_number("CAP_"), -1);
    assert_int_equal(cv_capability_number(""), -1);
    assert_int_equal(cv_capability_number_loose("chown"), 0);
    assert_int_equal(cv_capability_number_loose("Net_Admin"), 12);
    assert_int_equal(cv_capability_number_loose("cap_bpf"), 39);
    assert_int_equal(cv_capability_number_loose("CAP_CHECKPOINT_RESTORE"), 40);
    assert_int_equal(cv_capability_number_loose("CAP_CAP_CHOWN"), -1);
    assert_int_equal(cv_capability_number_loose(""), -1);
    assert_int_equal(cv_capability_number_loose("ALL"), -1);
    assert_int_equal(cv_capability_number_loose("a_name_that_is_longer_than_any_capability_has_it"), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all),
        cmocka_unit_test(test_known_numbers),
        cmocka_unit_test(test_spelling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
