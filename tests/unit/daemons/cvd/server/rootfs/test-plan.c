#include <stdlib.h>
#include <string.h>

#include <cv-test/support.h>
#include <cv/macros.h>

#include "rootfs/plan.h"

#include <cv/banned.h>

static struct cv_error err;

static struct cvd_rootfs_request request_of(const char* suite, const char* architecture, const char* const* include)
{
    return (struct cvd_rootfs_request){
        .distribution = "debian", .suite = suite, .architecture = architecture, .include = include
    };
}

static void names_are_strict(void** state)
{
    static const char* const  bad[]         = { "", "Bookworm", "../x", "a/b", "a b", "-x", ".x", "a;b", "a\n",
                 "bookw\xc3\xb6rm", "an-endless-name-an-endless-name-an-endless-name-an-endless-name-x" };
    static const char* const  bad_package[] = { "gcc", "--oops", NULL };
    static const char* const  good[]        = { "g++-12", "libc6-dev", NULL };
    struct cvd_rootfs_request request       = request_of("bookworm", "amd64", good);

    (void)state;
    CV_TEST_OK(err, cvd_rootfs_check(&request, &err));
    for (size_t i = 0; i < CV_ARRAY_LEN(bad); i++) {
        request = request_of(bad[i], "amd64", NULL);
        CV_TEST_FAILS(CV_ERR_INVALID, err, cvd_rootfs_check(&request, &err));
        request = request_of("sid", bad[i], NULL);
        CV_TEST_FAILS(CV_ERR_INVALID, err, cvd_rootfs_check(&request, &err));
    }
    request = request_of(NULL, "amd64", NULL);
    CV_TEST_FAILS(CV_ERR_INVALID, err, cvd_rootfs_check(&request, &err));
    request = request_of("sid", "amd64", bad_package);
    CV_TEST_FAILS(CV_ERR_INVALID, err, cvd_rootfs_check(&request, &err));
    request.include      = NULL;
    request.distribution = "fedora";
    CV_TEST_FAILS(CV_ERR_UNSUPPORTED, err, cvd_rootfs_check(&request, &err));
}

static char* name_of(const char* const* include)
{
    struct cvd_rootfs_request request = request_of("bookworm", "amd64", include);
    char*                     name    = NULL;

    CV_TEST_OK(err, cvd_rootfs_name(&request, &name, &err));
    return name;
}

static void the_name_tells_what_is_inside(void** state)
{
    CV_CLEANUP(cv_freep) char* plain = name_of(NULL);
    CV_CLEANUP(cv_freep) char* ab    = name_of((const char*[]){ "a", "b", NULL });
    CV_CLEANUP(cv_freep) char* ba    = name_of((const char*[]){ "b", "a", "b", NULL });
    CV_CLEANUP(cv_freep) char* joint = name_of((const char*[]){ "ab", NULL });

    (void)state;
    assert_string_equal(plain, "debian-bookworm-amd64");
    assert_string_equal(ab, ba);
    assert_string_not_equal(ab, joint);
    assert_int_equal(strlen(ab), strlen(plain) + 17);
}

static void check_argv(const struct cv_strv* got, const char* const* expected)
{
    size_t i = 0;

    for (; expected[i] != NULL; i++) {
        assert_true(i < got->count);
        assert_string_equal(got->items[i], expected[i]);
    }
    assert_int_equal(got->count, i);
}

#define ALONE "unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "--mount-proc", "--"

#define USERS_ALONE                                                                                                    \
    "unshare", "--user", "--map-root-user", "--map-auto", "--mount", "--propagation", "private", "--pid", "--fork",    \
        "--kill-child", "--mount-proc", "--"

static void the_arguments(void** state)
{
    static const char* const  mm[]      = { ALONE, "mmdebstrap", "--variant=minbase", "--format=directory",
              "--architectures=amd64", "--aptopt=Acquire::http::Proxy \"http://p\";", "--include=gcc,make", "bookworm",
              "/root", "/sources", NULL };
    static const char* const  de[]      = { ALONE, "debootstrap", "--variant=minbase", "--arch=amd64", "--keyring=/k",
              "--include=gcc,make", "bookworm", "/root", "http://m", NULL };
    static const char* const  include[] = { "gcc", "make", NULL };
    struct cvd_rootfs_request request   = request_of("bookworm", "amd64", include);
    struct cv_strv            options = { 0 }, argv = { 0 };

    (void)state;
    assert_int_equal(cv_strv_append(&options, "Acquire::http::Proxy \"http://p\";"), 0);
    CV_TEST_OK(err, cvd_rootfs_mmdebstrap(&request, "/root", "/sources", &options, &argv, &err));
    check_argv(&argv, mm);
    cv_strv_release(&argv);
    CV_TEST_OK(err, cvd_rootfs_debootstrap(&request, "/root", "http://m", "/k", &argv, &err));
    check_argv(&argv, de);
    cv_strv_release(&argv);
    cv_strv_release(&options);
}

static void as_root_of_a_user_namespace(void** state)
{
    static const char* const  mm[]    = { USERS_ALONE, "mmdebstrap", "--variant=minbase", "--format=directory",
            "--mode=root", "--architectures=amd64", "bookworm", "/root", "/sources", NULL };
    static const char* const  rm[]    = { USERS_ALONE, "rm", "-rf", "--", "/root", NULL };
    struct cvd_rootfs_request request = request_of("bookworm", "amd64", NULL);
    struct cv_strv            options = { 0 }, argv = { 0 };

    (void)state;
    request.user_namespace = 1;
    CV_TEST_OK(err, cvd_rootfs_mmdebstrap(&request, "/root", "/sources", &options, &argv, &err));
    check_argv(&argv, mm);
    cv_strv_release(&argv);
    CV_TEST_OK(err, cvd_rootfs_remove(&request, "/root", &argv, &err));
    check_argv(&argv, rm);
    cv_strv_release(&argv);
}

static void only_what_reaches_the_mirrors_is_taken(void** state)
{
    static const char        dump[]     = "APT::Architecture \"amd64\";\n"
                                          "Acquire::http \"\";\n"
                                          "Acquire::http::Proxy \"http://proxy:3128\";\n"
                                          "Acquire::http::Proxy::mirror.example \"DIRECT\";\n"
                                          "Acquire::http::ProxyX \"no\";\n"
                                          "Acquire::https::Proxy \"\";\n"
                                          "Acquire::Check-Valid-Until \"false\";\n"
                                          "Dir::Cache \"var/cache/apt\";\n"
                                          "Acquire::Retries \"3\";";
    static const char* const expected[] = { "Acquire::http::Proxy \"http://proxy:3128\";",
        "Acquire::http::Proxy::mirror.example \"DIRECT\";", "Acquire::Check-Valid-Until \"false\";",
        "Acquire::Retries \"3\";", NULL };
    struct cv_strv           options    = { 0 };

    (void)state;
    CV_TEST_OK(err, cvd_rootfs_apt_options(dump, &options, &err));
    check_argv(&options, expected);
    cv_strv_release(&options);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_strict),
        cmocka_unit_test(the_name_tells_what_is_inside),
        cmocka_unit_test(the_arguments),
        cmocka_unit_test(as_root_of_a_user_namespace),
        cmocka_unit_test(only_what_reaches_the_mirrors_is_taken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
