#include <string.h>

#include <cv-test/support.h>

#include "linux/idrange-plan.h"

#include <cv/banned.h>

static unsigned count_marked(const struct idrange_slots* slots)
{
    unsigned count = 0;

    for (unsigned i = 0; i < LINUX_IDRANGE_SLOTS; i++)
        count += slots->bits[i / 8] >> (i % 8) & 1;
    return count;
}

static void the_first_free_slot_is_chosen(void** state)
{
    struct idrange_slots slots = { 0 };

    (void)state;
    assert_int_equal(linux_idrange_choose(&slots, 0), 0);
    assert_int_equal(linux_idrange_choose(&slots, 1023), 1023);
    assert_int_equal(linux_idrange_choose(&slots, 1024), 0);
    assert_int_equal(linux_idrange_choose(&slots, UINT32_MAX), 1023);
    linux_idrange_mark(&slots, 1023);
    assert_int_equal(linux_idrange_choose(&slots, 1023), 0);
    linux_idrange_mark(&slots, 0);
    assert_int_equal(linux_idrange_choose(&slots, 1023), 1);
}

static void a_full_pool_has_none(void** state)
{
    struct idrange_slots slots = { 0 };

    (void)state;
    for (unsigned i = 0; i < LINUX_IDRANGE_SLOTS; i++) {
        int slot = linux_idrange_choose(&slots, 500);
        assert_int_equal(slot, (500 + i) % LINUX_IDRANGE_SLOTS);
        linux_idrange_mark(&slots, (unsigned)slot);
    }
    assert_int_equal(linux_idrange_choose(&slots, 500), -1);
}

static void subids_mark_what_they_overlap(void** state)
{
    static const struct {
        const char* text;
        size_t      entries;
        unsigned    marked;
        int         first; /* marked slot, -1 for none */
    } cases[] = {
        { "", 0, 0, -1 },
        { "joe:100000:65536\n", 1, 0, -1 },
        { "joe:1879048192:65536\n", 1, 1, 0 }, /* exactly slot 0 */
        { "joe:1879048191:1\n", 1, 0, -1 },    /* the id before it */
        { "joe:1879048191:2\n", 1, 1, 0 },     /* one id inside */
        { "joe:1879113727:2", 1, 2, 0 },       /* over an edge, no newline at the end */
        { "joe:1879113728:1\n", 1, 1, 1 },
        { "joe:0:4294967295\n", 1, 1024, 0 },
        { "joe:4294967295:4294967295\n", 1, 0, -1 },
        { "joe:1879048192:0\n", 1, 0, -1 },
        { "joe:1946157055:1\n", 1, 1, 1023 }, /* the last id of the pool */
        { "joe:1946157056:1\n", 1, 0, -1 },   /* the one behind it */
        { "\n\n# joe:1879048192:1\nann:1879048192:1\n", 1, 1, 0 },
        { "joe:1879048192\n:1879048192:1\njoe:1879048192:\njoe::1\njoe:1879048192:1:1\njoe:x:1\njoe:1879048192:1x\n", 0,
            0, -1 },
        { "joe: 1879048192:1\njoe:-1:5\njoe:4294967296:1\njoe:99999999999999999999999:1\n", 0, 0, -1 },
    };

    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(cases); i++) {
        struct idrange_slots slots = { 0 };
        assert_int_equal(linux_idrange_mark_subids(&slots, cases[i].text, strlen(cases[i].text)), cases[i].entries);
        assert_int_equal(count_marked(&slots), cases[i].marked);
        if (cases[i].first >= 0)
            assert_true(slots.bits[cases[i].first / 8] >> (cases[i].first % 8) & 1);
    }
}

static void marks_are_added(void** state)
{
    static const char    text[] = "a:1879048192:1\nb:1879179264:65537\n";
    struct idrange_slots slots  = { 0 };

    (void)state;
    linux_idrange_mark(&slots, 7);
    assert_int_equal(linux_idrange_mark_subids(&slots, text, sizeof(text) - 1), 2);
    assert_int_equal(count_marked(&slots), 4); /* 0, 2, 3 and 7 */
    assert_int_equal(linux_idrange_choose(&slots, 2), 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_free_slot_is_chosen),
        cmocka_unit_test(a_full_pool_has_none),
        cmocka_unit_test(subids_mark_what_they_overlap),
        cmocka_unit_test(marks_are_added),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
