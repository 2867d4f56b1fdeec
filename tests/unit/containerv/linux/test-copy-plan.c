#include <string.h>

#include <cv-test/support.h>

#include "linux/copy-format.h"
#include "linux/copy-plan.h"

#include <cv/banned.h>

static struct cv_error err;

static void paths_are_taken_apart(void** state)
{
    static const struct {
        const char *path, *parent, *name;
        bool        slash, contents;
    } cases[] = {
        { "/a/b", "/a", "b", false, false },
        { "/a", "/", "a", false, false },
        { "a", ".", "a", false, false },
        { "a/b///", "a", "b", true, false },
        { "a//b", "a", "b", false, false },
        { "//a", "/", "a", false, false },
        { "/", "/", "", true, true },
        { "//", "/", "", true, true },
        { ".", ".", "", true, true },
        { "/a/.", "/a/.", "", true, true },
        { "/a/./", "/a/.", "", true, true },
        { "..", "..", "", true, true },
        { "/a/..", "/a/..", "", true, true },
        { "...", ".", "...", false, false },
    };
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(cases); i++) {
        struct copy_path path;
        CV_TEST_OK(err, copy_path_parse(cases[i].path, &path, &err));
        assert_string_equal(path.parent, cases[i].parent);
        assert_string_equal(path.name, cases[i].name);
        assert_int_equal(path.slash, cases[i].slash);
        assert_int_equal(path.contents, cases[i].contents);
        copy_path_release(&path);
    }
}

static void bad_paths_are_refused(void** state)
{
    static char      text[COPY_PATH_MAX + 2];
    struct copy_path path;
    (void)state;
    assert_int_equal(copy_path_parse("", &path, &err), CV_ERR_INVALID);
    copy_path_release(&path);
    memset(text, 'a', COPY_NAME_MAX + 1);
    assert_int_equal(copy_path_parse(text, &path, &err), CV_ERR_INVALID);
    copy_path_release(&path);
    for (size_t i = 0; i < COPY_PATH_MAX + 1; i++)
        text[i] = i % 2 == 0 ? '/' : 'a';
    assert_int_equal(copy_path_parse(text, &path, &err), CV_ERR_INVALID);
    copy_path_release(&path);
}

/* docker's table, row by row */
static void the_place_follows_docker_cp(void** state)
{
    static const struct {
        bool            folder, contents;
        const char*     destination;
        enum copy_found found;
        int             rc;
        enum copy_place place;
    } cases[] = {
        { false, false, "/d/f", COPY_FOUND_NOTHING, 0, COPY_PLACE_AS },
        { false, false, "/d/f/", COPY_FOUND_NOTHING, CV_ERR_NOT_FOUND, 0 },
        { false, false, "/d/f", COPY_FOUND_OTHER, 0, COPY_PLACE_AS },
        { false, false, "/d/f/", COPY_FOUND_OTHER, CV_ERR_INVALID, 0 },
        { false, false, "/d", COPY_FOUND_FOLDER, 0, COPY_PLACE_BELOW },
        { false, false, "/d/.", COPY_FOUND_FOLDER, 0, COPY_PLACE_BELOW },
        { true, false, "/d", COPY_FOUND_NOTHING, 0, COPY_PLACE_AS },
        { true, false, "/d/", COPY_FOUND_NOTHING, 0, COPY_PLACE_AS },
        { true, false, "/d/.", COPY_FOUND_NOTHING, CV_ERR_NOT_FOUND, 0 },
        { true, false, "/d", COPY_FOUND_OTHER, CV_ERR_INVALID, 0 },
        { true, false, "/d", COPY_FOUND_FOLDER, 0, COPY_PLACE_BELOW },
        { true, true, "/d", COPY_FOUND_NOTHING, 0, COPY_PLACE_AS },
        { true, true, "/d", COPY_FOUND_FOLDER, 0, COPY_PLACE_MERGE },
        { true, true, "/", COPY_FOUND_FOLDER, 0, COPY_PLACE_MERGE },
        { true, true, "/d", COPY_FOUND_OTHER, CV_ERR_INVALID, 0 },
    };
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(cases); i++) {
        struct copy_path path;
        enum copy_place  place = COPY_PLACE_AS;
        CV_TEST_OK(err, copy_path_parse(cases[i].destination, &path, &err));
        assert_int_equal(
            copy_place_choose(cases[i].folder, cases[i].contents, &path, cases[i].found, &place, &err), cases[i].rc);
        if (cases[i].rc == 0)
            assert_int_equal(place, cases[i].place);
        copy_path_release(&path);
    }
}

static void special_bits_come_only_with_the_owner_or_when_asked_for(void** state)
{
    (void)state;
    assert_int_equal(copy_mode(06755, true, true, false), 0755);
    assert_int_equal(copy_mode(06755, true, false, false), 0755);
    assert_int_equal(copy_mode(06755, true, true, true), 06755);
    assert_int_equal(copy_mode(06755, false, true, false), 06755);
    assert_int_equal(copy_mode(06755, false, false, false), 0755);
    assert_int_equal(copy_mode(01777, true, false, false), 01777);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_are_taken_apart),
        cmocka_unit_test(bad_paths_are_refused),
        cmocka_unit_test(the_place_follows_docker_cp),
        cmocka_unit_test(special_bits_come_only_with_the_owner_or_when_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
