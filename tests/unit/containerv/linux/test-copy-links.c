#include <stdio.h>

#include <cv-test/support.h>

#include "linux/copy-links.h"

#include <cv/banned.h>

static struct cv_error err;

static void files_are_told_apart(void** state)
{
    struct copy_link_numbers numbers = { NULL };
    uint32_t                 number  = 0;
    (void)state;
    assert_int_equal(copy_links_find(&numbers, 1, 2), 0);
    CV_TEST_OK(err, copy_links_add(&numbers, 1, 2, &number, &err));
    assert_int_equal(number, 1);
    CV_TEST_OK(err, copy_links_add(&numbers, 2, 2, &number, &err));
    assert_int_equal(number, 2);
    assert_int_equal(copy_links_find(&numbers, 1, 2), 1);
    assert_int_equal(copy_links_find(&numbers, 2, 2), 2);
    assert_int_equal(copy_links_find(&numbers, 2, 1), 0);
    copy_links_release(&numbers);
}

static void there_is_a_limit(void** state)
{
    struct copy_link_numbers numbers = { NULL };
    uint32_t                 number  = 0;
    (void)state;
    for (ino_t i = 1; i <= COPY_LINKS_MAX; i++)
        CV_TEST_OK(err, copy_links_add(&numbers, 7, i * 4096, &number, &err));
    assert_int_equal(copy_links_add(&numbers, 7, 1, &number, &err), CV_ERR_LIMIT);
    for (ino_t i = 1; i <= COPY_LINKS_MAX; i++)
        assert_int_equal(copy_links_find(&numbers, 7, i * 4096), i);
    copy_links_release(&numbers);
}

static void places_are_found_by_number(void** state)
{
    struct copy_link_places places = { NULL };
    (void)state;
    assert_null(copy_links_get(&places, 1));
    CV_TEST_OK(err, copy_links_put(&places, 300, "a/b", 1, 2, &err));
    assert_string_equal(copy_links_get(&places, 300)->path, "a/b");
    assert_null(copy_links_get(&places, 299));
    assert_null(copy_links_get(&places, 100000));
    assert_int_equal(copy_links_put(&places, 300, "c", 1, 2, &err), CV_ERR_PROTOCOL);
    assert_int_equal(copy_links_put(&places, 0, "c", 1, 2, &err), CV_ERR_LIMIT);
    assert_int_equal(copy_links_put(&places, COPY_LINKS_MAX + 1, "c", 1, 2, &err), CV_ERR_LIMIT);
    copy_links_forget(&places);
}

static void paths_of_places_are_bounded_in_all(void** state)
{
    static char             path[COPY_PATH_MAX];
    struct copy_link_places places = { NULL };
    uint32_t                number = 1;
    int                     rc     = 0;
    (void)state;
    for (size_t i = 0; i + 1 < sizeof(path); i++)
        path[i] = 'a';
    while (rc == 0 && number <= COPY_LINKS_MAX)
        rc = copy_links_put(&places, number++, path, 1, 2, &err);
    assert_int_equal(rc, CV_ERR_LIMIT);
    assert_true(places.path_bytes <= 32 << 20);
    copy_links_forget(&places);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_told_apart),
        cmocka_unit_test(there_is_a_limit),
        cmocka_unit_test(places_are_found_by_number),
        cmocka_unit_test(paths_of_places_are_bounded_in_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
