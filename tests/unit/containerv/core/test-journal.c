#include <stdlib.h>
#include <string.h>

#include "core-test.h"

#include <cv/env.h>

static void entries_are_read(void** state)
{
    struct containerv_journal_entry entry   = { .size = sizeof(entry) };
    struct containerv_journal*      journal = NULL;
    (void)state;
    OK(containerv_journal_open(0, &journal));
    OK(containerv_journal_read(journal, 0, &entry));
    assert_int_equal(entry.kind, CV_EVENT_CREATED);
    assert_string_equal(entry.id, "first");
    FAILS(CV_ERR_TIMEOUT, containerv_journal_read(journal, 0, &entry));
    assert_true(fake_readers_open());
    containerv_journal_close(journal);
    assert_false(fake_readers_open());
    OK(containerv_journal_open(-1, &journal));
    FAILS(CV_ERR_TIMEOUT, containerv_journal_read(journal, 0, &entry));
    containerv_journal_close(journal);
}

static void arguments_are_checked(void** state)
{
    struct containerv_journal_entry entry   = { .size = 2 };
    struct containerv_journal*      journal = NULL;
    containerv_handle_t             handle;
    (void)state;
    FAILS(CV_ERR_INVALID, containerv_journal_open(0, NULL));
    OK(containerv_journal_open(0, &journal));
    FAILS(CV_ERR_INVALID, containerv_journal_read(journal, 0, &entry));
    FAILS(CV_ERR_INVALID, containerv_journal_read(journal, 0, NULL));
    FAILS(CV_ERR_INVALID, containerv_journal_read(NULL, 0, &entry));
    FAILS(CV_ERR_INVALID, containerv_journal_handle(NULL, &handle));
    FAILS(CV_ERR_INVALID, containerv_journal_handle(journal, NULL));
    FAILS(CV_ERR_UNSUPPORTED, containerv_journal_handle(journal, &handle)); /* the fake has no such row */
    containerv_journal_close(journal);
    containerv_journal_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = { TEST(entries_are_read), TEST(arguments_are_checked) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
