#include <stdlib.h>
#include <string.h>

#include <cv-test/support.h>
#include <cv/str.h>

#include "linux/reconcile-plan.h"

static struct reconcile_list list;

static struct reconcile_item* add(enum containerv_leftover_kind kind, const char* id)
{
    struct reconcile_item item = { .kind = kind, .object = cv_strdup("x", NULL) };
    assert_int_equal(cv_snprintf(item.id, sizeof(item.id), "%s", id), 0);
    assert_int_equal(reconcile_add(&list, &item, NULL), 0);
    return &list.items[list.count - 1];
}

static const struct reconcile_item* find(enum containerv_leftover_kind kind, const char* id)
{
    for (size_t i = 0; i < list.count; i++)
        if (list.items[i].kind == kind && strcmp(list.items[i].id, id) == 0)
            return &list.items[i];
    fail_msg("no %d of %s", (int)kind, id);
    return NULL;
}

static bool is_dead(enum containerv_leftover_kind kind, const char* id)
{
    return find(kind, id)->dead;
}

static int release(void** state)
{
    (void)state;
    reconcile_release(&list);
    return 0;
}

static void one_thing_that_is_held_saves_all_of_its_id(void** state)
{
    (void)state;
    for (int kind = CV_LEFTOVER_FOLDER; kind <= CV_LEFTOVER_RUN; kind++) {
        if (kind == CV_LEFTOVER_TRASH || kind == CV_LEFTOVER_LINK)
            continue;
        add(CV_LEFTOVER_GROUP, "a");
        add(CV_LEFTOVER_LINK, "a");
        add(CV_LEFTOVER_RUN, "a");
        add((enum containerv_leftover_kind)kind, "a")->held = true;
        reconcile_plan(&list);
        for (size_t i = 0; i < list.count; i++)
            assert_false(list.items[i].dead);
        reconcile_release(&list);
    }
}

static void what_nobody_holds_is_dead_and_others_are_not_affected(void** state)
{
    (void)state;
    add(CV_LEFTOVER_RUN, "dead");
    add(CV_LEFTOVER_GROUP, "dead")->in_use = true; /* to be killed: the run folder tells whose it is */
    add(CV_LEFTOVER_LINK, "dead");
    add(CV_LEFTOVER_FOLDER, "dead");
    add(CV_LEFTOVER_RUN, "lives")->held = true;
    add(CV_LEFTOVER_FOLDER, "before-the-boot");
    reconcile_plan(&list);
    assert_true(is_dead(CV_LEFTOVER_RUN, "dead"));
    assert_true(is_dead(CV_LEFTOVER_GROUP, "dead"));
    assert_true(is_dead(CV_LEFTOVER_LINK, "dead"));
    assert_true(is_dead(CV_LEFTOVER_FOLDER, "dead"));
    assert_false(is_dead(CV_LEFTOVER_RUN, "lives"));
    assert_true(is_dead(CV_LEFTOVER_FOLDER, "before-the-boot"));
}

static void a_link_alone_or_a_group_in_use_may_be_that_of_another_run_folder(void** state)
{
    (void)state;
    add(CV_LEFTOVER_LINK, "link");
    add(CV_LEFTOVER_GROUP, "group")->in_use = true;
    add(CV_LEFTOVER_GROUP, "empty");
    add(CV_LEFTOVER_LINK, "empty");
    reconcile_plan(&list);
    assert_false(is_dead(CV_LEFTOVER_LINK, "link"));
    assert_false(is_dead(CV_LEFTOVER_GROUP, "group"));
    assert_true(is_dead(CV_LEFTOVER_GROUP, "empty"));
    assert_true(is_dead(CV_LEFTOVER_LINK, "empty"));
}

static void a_record_that_is_true_stays_whatever_else_goes(void** state)
{
    (void)state;
    add(CV_LEFTOVER_RECORD, "stopped")->settled = true;
    add(CV_LEFTOVER_RUN, "stopped");
    add(CV_LEFTOVER_RECORD, "true")->settled = true;
    add(CV_LEFTOVER_LINK, "true");
    add(CV_LEFTOVER_RECORD, "lost");
    reconcile_plan(&list);
    assert_false(is_dead(CV_LEFTOVER_RECORD, "stopped"));
    assert_true(is_dead(CV_LEFTOVER_RUN, "stopped"));
    assert_false(is_dead(CV_LEFTOVER_LINK, "true"));
    assert_true(is_dead(CV_LEFTOVER_RECORD, "lost"));
}

static void trash_counts_for_itself(void** state)
{
    (void)state;
    add(CV_LEFTOVER_TRASH, "a");
    add(CV_LEFTOVER_RUN, "a")->held   = true;
    add(CV_LEFTOVER_TRASH, "b")->held = true;
    add(CV_LEFTOVER_RUN, "b");
    reconcile_plan(&list);
    assert_true(is_dead(CV_LEFTOVER_TRASH, "a"));
    assert_false(is_dead(CV_LEFTOVER_RUN, "a"));
    assert_false(is_dead(CV_LEFTOVER_TRASH, "b"));
    assert_true(is_dead(CV_LEFTOVER_RUN, "b"));
    assert_int_equal(reconcile_same(&list, 0), 1); /* trash comes last of an id */
    assert_int_equal(reconcile_same(&list, 1), 0);
}

static void a_cut_ends_with_an_id(void** state)
{
    (void)state;
    add(CV_LEFTOVER_RUN, "a");
    add(CV_LEFTOVER_GROUP, "b");
    add(CV_LEFTOVER_RUN, "b");
    add(CV_LEFTOVER_RUN, "c")->held = true;
    add(CV_LEFTOVER_RUN, "d");
    reconcile_plan(&list);
    assert_true(reconcile_cut(&list, 1, 1));
    assert_int_equal(list.count, 2);
    assert_string_equal(list.items[0].id, "b");
    assert_string_equal(list.items[1].id, "b");
    assert_false(reconcile_cut(&list, 0, 1));
    assert_false(reconcile_cut(&list, 2, 1));
    assert_int_equal(list.count, 0);
}

static void names_are_ours_or_not(void** state)
{
    char long_name[100];
    char id[RECONCILE_ID_SIZE] = "";
    (void)state;
    assert_true(reconcile_id("c-box", "c-", id));
    assert_string_equal(id, "box");
    assert_false(reconcile_id("box", "c-", id));
    assert_false(reconcile_id("c-", "c-", id));
    assert_false(reconcile_id("c-..", "c-", id));
    assert_false(reconcile_id("c-a b", "c-", id));
    memset(long_name, 'a', sizeof(long_name));
    long_name[sizeof(long_name) - 1] = '\0';
    assert_false(reconcile_id(long_name, "", id));
    assert_true(reconcile_trash_id("a-b-123", id));
    assert_string_equal(id, "a-b");
    assert_false(reconcile_trash_id("lost+found", id));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(one_thing_that_is_held_saves_all_of_its_id, release),
        cmocka_unit_test_teardown(what_nobody_holds_is_dead_and_others_are_not_affected, release),
        cmocka_unit_test_teardown(a_link_alone_or_a_group_in_use_may_be_that_of_another_run_folder, release),
        cmocka_unit_test_teardown(a_record_that_is_true_stays_whatever_else_goes, release),
        cmocka_unit_test_teardown(trash_counts_for_itself, release),
        cmocka_unit_test_teardown(a_cut_ends_with_an_id, release),
        cmocka_unit_test_teardown(names_are_ours_or_not, release),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
