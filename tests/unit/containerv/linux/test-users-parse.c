/* What people type as a user, and what it means by the files' text. */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cv-test/support.h>
#include <cv/macros.h>
#include <cv/strv.h>

#include "linux/users-parse.h"

static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
                             "broken\n"
                             "bad:x:notanumber:5::/bad:/bin/sh\n"
                             "huge:x:4294967296:5::/huge:/bin/sh\n"
                             "\n"
                             "# comment:x:7:7::/c:\n"
                             "anna:x:1000:100:Anna,,:/home/anna:/bin/sh\n"
                             "anna:x:0:0:again:/root:/bin/sh\n"
                             "twin:x:1000:200::/home/twin:/bin/sh\n"
                             "nohome:x:1001:1001::relative:/bin/sh\n"
                             "last:x:1002:1002::/home/last:/bin/sh";
static const char group[]  = "root:x:0:\n"
                             "users:x:100:\n"
                             "wheel:x:10:root,anna\n"
                             "dup:x:10:anna\n"
                             "video:x:44:annabel,anna,\n"
                             "bad:x:-5:anna\n"
                             "audio:x:29:xanna\n"
                             "broken\n"
                             "end:x:4294967294:anna";

/* T15: odd texts, each with its exact meaning. uid -1: refused. */
static const struct {
    const char* text;
    int64_t     uid, gid;
} words[] = {
    { "", -1, 0 },
    { ":", -1, 0 },
    { ":0", -1, 0 },
    { "0:", -1, 0 },
    { "root:", -1, 0 },
    { "1000:", -1, 0 },
    { "a:b:c", -1, 0 },
    { "0:0:0", -1, 0 },
    { "::", -1, 0 },
    { "+0", -1, 0 },
    { "-0", -1, 0 },
    { "-1", -1, 0 },
    { "0x0", -1, 0 },
    { "00", -1, 0 },
    { "010", -1, 0 },
    { " 0", -1, 0 },
    { "0 ", -1, 0 },
    { "0\n", -1, 0 },
    { "0\t", -1, 0 },
    { "1e3", -1, 0 },
    { "1.0", -1, 0 },
    { "1000a", -1, 0 },
    { "4294967295", -1, 0 },
    { "4294967296", -1, 0 },
    { "18446744073709551616", -1, 0 },
    { "18446744073709552616", -1, 0 },
    { "0:-1", -1, 0 },
    { "0:+0", -1, 0 },
    { "0:4294967295", -1, 0 },
    { "0: 0", -1, 0 },
    { "0:0x0", -1, 0 },
    { "ro/ot", -1, 0 },
    { "ro ot", -1, 0 },
    { "../root", -1, 0 },
    { "-root", -1, 0 },
    { "+root", -1, 0 },
    { "~root", -1, 0 },
    { "root,anna", -1, 0 },
    { "ro\x7fot", -1, 0 },
    { "\xd9\xa0", -2, 0 }, /* an Arabic zero is a name */
    { "0", 0, 0 },
    { "5", 5, 0 },
    { "4294967294", 4294967294, 0 },
    { "4294967294:4294967294", 4294967294, 4294967294 },
    { "0:0", 0, 0 },
    { "1000", 1000, 100 },
    { "1000:7", 1000, 7 },
    { "1000:wheel", 1000, 10 },
    { "root", 0, 0 },
    { "anna", 1000, 100 },
    { "anna:0", 1000, 0 },
    { "anna:video", 1000, 44 },
    { "twin", 1000, 200 },
    { "last", 1002, 1002 },
    { "anna:end", 1000, 4294967294 },
    { "nobody", -2, 0 }, /* -2: not found */
    { "bad", -2, 0 },
    { "huge", -2, 0 },
    { "broken", -2, 0 },
    { "roo", -2, 0 },
    { "roott", -2, 0 },
    { "Root", -2, 0 },
    { "anna:nogroup", -2, 0 },
    { "anna:bad", -2, 0 },
};

static int resolve(const char* text, const struct cv_strv* extra, struct linux_identity* identity, struct cv_error* err)
{
    struct linux_user_request request;
    int                       rc = linux_users_parse(text, &request, err);

    return rc < 0 ? rc
                  : linux_users_resolve_text(
                      &request, extra, passwd, sizeof(passwd) - 1, group, sizeof(group) - 1, identity, err);
}

static void odd_texts_mean_exactly_one_thing(void** state)
{
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(words); i++) {
        struct cv_error       err      = CV_ERROR_INIT;
        struct linux_identity identity = { .uid = 77, .gid = 78 };
        int                   rc       = resolve(words[i].text, NULL, &identity, &err);
        int                   want = words[i].uid == -1 ? CV_ERR_INVALID : words[i].uid == -2 ? CV_ERR_NOT_FOUND : 0;

        if (rc != want)
            fail_msg("'%s': %d (%s), wanted %d", words[i].text, rc, err.text, want);
        if (rc == 0 && (identity.uid != words[i].uid || identity.gid != words[i].gid))
            fail_msg("'%s': %u:%u", words[i].text, identity.uid, identity.gid);
        if (rc < 0)
            assert_true(identity.uid == 77 && identity.gid == 78 && identity.groups == NULL && err.text[0] != '\0');
        linux_identity_release(&identity);
    }
}

static void check_groups(const char* text, const char* const* extra, const uint32_t* wanted, size_t count)
{
    struct cv_error       err      = CV_ERROR_INIT;
    struct linux_identity identity = { 0 };
    struct cv_strv        list;

    cv_strv_init(&list);
    assert_int_equal(cv_strv_append_all(&list, extra), 0);
    CV_TEST_OK(err, resolve(text, &list, &identity, &err));
    assert_int_equal(identity.group_count, count);
    if (count > 0)
        assert_memory_equal(identity.groups, wanted, count * sizeof(*wanted));
    linux_identity_release(&identity);
    cv_strv_release(&list);
}

static void groups_come_from_the_file_and_the_wish(void** state)
{
    const uint32_t    of_anna[] = { 10, 44, 4294967294 }, of_root[] = { 10 }, asked[] = { 0, 44, 5000 };
    const char* const three[] = { "video", "5000", "0", "video", NULL };
    (void)state;

    check_groups("anna", NULL, of_anna, 3);
    check_groups("1000", NULL, of_anna, 3); /* the first of that number */
    check_groups("root", NULL, of_root, 1);
    check_groups("anna:users", NULL, NULL, 0);
    check_groups("last", NULL, NULL, 0);
    check_groups("5", three, asked, 3);
    check_groups("anna:5", three, asked, 3);
}

static void wrong_extra_groups_are_errors(void** state)
{
    const struct {
        char* name;
        int   code;
    } bad[] = { { (char[]){ "nogroup" }, CV_ERR_NOT_FOUND }, { (char[]){ "-1" }, CV_ERR_INVALID },
        { (char[]){ "" }, CV_ERR_INVALID }, { (char[]){ "4294967295" }, CV_ERR_INVALID },
        { (char[]){ "0:0" }, CV_ERR_INVALID } };
    (void)state;

    for (size_t i = 0; i < CV_ARRAY_LEN(bad); i++) {
        struct cv_error       err      = CV_ERROR_INIT;
        struct linux_identity identity = { 0 };
        char*                 items[]  = { bad[i].name, NULL };
        struct cv_strv        list     = { items, 1 };
        CV_TEST_FAILS(bad[i].code, err, resolve("anna", &list, &identity, &err));
        assert_null(identity.groups);
    }
}

static void homes_are_absolute(void** state)
{
    static const char* const homes[][2] = { { "anna", "/home/anna" }, { "0", "/root" }, { "nohome", "/" }, { "5", "/" },
        { "anna:0", "/home/anna" } };
    (void)state;

    for (size_t i = 0; i < CV_ARRAY_LEN(homes); i++) {
        struct cv_error       err      = CV_ERROR_INIT;
        struct linux_identity identity = { 0 };
        CV_TEST_OK(err, resolve(homes[i][0], NULL, &identity, &err));
        assert_string_equal(identity.home, homes[i][1]);
        linux_identity_release(&identity);
    }
}

static void long_names_are_refused(void** state)
{
    struct cv_error           err = CV_ERROR_INIT;
    struct linux_user_request request;
    char                      name[LINUX_USERS_NAME_MAX + 2];
    (void)state;

    memset(name, 'a', sizeof(name));
    name[LINUX_USERS_NAME_MAX + 1] = '\0';
    CV_TEST_FAILS(CV_ERR_INVALID, err, linux_users_parse(name, &request, &err));
    name[LINUX_USERS_NAME_MAX] = '\0';
    CV_TEST_OK(err, linux_users_parse(name, &request, &err));
    assert_string_equal(request.user.name, name);
}

/* Each limit from both sides; whoever gives numbers is not hindered. */
static void files_are_bounded(void** state)
{
    struct cv_error           err   = CV_ERROR_INIT;
    struct linux_user_request named = { .user = { .name = "root" } }, number = { .user = { .numeric = true, .id = 3 } };
    struct linux_identity     identity = { 0 };
    size_t                    size     = LINUX_USERS_FILE_MAX + 1;
    CV_CLEANUP(cv_freep) char* text    = malloc(size);
    (void)state;

    assert_non_null(text);
    memset(text, 'x', size);
    memcpy(text, passwd, sizeof(passwd) - 1);
    CV_TEST_OK(err, linux_users_resolve_text(&named, NULL, text, size - 1, NULL, 0, &identity, &err));
    linux_identity_release(&identity);
    CV_TEST_FAILS(CV_ERR_LIMIT, err, linux_users_resolve_text(&named, NULL, text, size, NULL, 0, &identity, &err));
    CV_TEST_FAILS(CV_ERR_LIMIT, err,
        linux_users_resolve_text(&named, NULL, passwd, sizeof(passwd) - 1, text, size, &identity, &err));
    memset(text, '\n', size);
    memcpy(text, passwd, sizeof(passwd) - 1);
    CV_TEST_OK(err, linux_users_resolve_text(&named, NULL, text, LINUX_USERS_LINES_MAX, NULL, 0, &identity, &err));
    linux_identity_release(&identity);
    CV_TEST_FAILS(CV_ERR_LIMIT, err,
        linux_users_resolve_text(&named, NULL, text, LINUX_USERS_LINES_MAX + sizeof(passwd), NULL, 0, &identity, &err));
    CV_TEST_OK(err, linux_users_resolve_text(&number, NULL, text, size, NULL, 0, &identity, &err));
    assert_int_equal(identity.uid, 3);
    linux_identity_release(&identity);
}

/* Any text over a small alphabet: accepted exactly when the grammar, written down a second time, says so. */
static bool word_is_good(const char* word, size_t length)
{
    size_t digits = strspn(word, "01");

    if (length == 0)
        return false;
    if (word[0] == 'a')
        return strcspn(word, " /") >= length;
    return digits >= length && (length == 1 || word[0] != '0'); /* short enough to be in range */
}

static bool grammar(const char* text)
{
    size_t first = strcspn(text, ":");

    if (text[first] == '\0')
        return word_is_good(text, first);
    return word_is_good(text, first) && strchr(text + first + 1, ':') == NULL
           && word_is_good(text + first + 1, strlen(text + first + 1));
}

static void the_grammar_is_the_one_of_the_header(void** state)
{
    static const char alphabet[] = "01a:+- /";
    (void)state;

    for (uint32_t seed = 0; seed < 1u << 18; seed++) {
        struct linux_user_request request;
        char                      text[7] = "";
        for (unsigned i = 0, length = seed % 7; i < length; i++)
            text[i] = alphabet[seed >> 3 * i & 7];
        if ((linux_users_parse(text, &request, NULL) == 0) != grammar(text))
            fail_msg("'%s' should %sbe a user", text, grammar(text) ? "" : "not ");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(odd_texts_mean_exactly_one_thing),
        cmocka_unit_test(groups_come_from_the_file_and_the_wish),
        cmocka_unit_test(wrong_extra_groups_are_errors),
        cmocka_unit_test(homes_are_absolute),
        cmocka_unit_test(long_names_are_refused),
        cmocka_unit_test(files_are_bounded),
        cmocka_unit_test(the_grammar_is_the_one_of_the_header),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
