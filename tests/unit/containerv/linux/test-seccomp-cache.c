/* The cache: what is a hit, and which files it must not believe. A forged program that would be believed allows everything. */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cv-test/support.h>
#include <cv/macros.h>
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cv/file.h>
#include <cv/str.h>

#include "linux/seccomp.h"

static const struct cv_spec        plain;
static struct linux_seccomp_filter wanted; /* compiled without a cache */
static const char*                 folder;
enum { FILE_SIZE_MAX = 1 << 20 };

static int setup(void** state)
{
    struct cv_error err = CV_ERROR_INIT;

    cv_test_setup(state);
    linux_seccomp_forget();
    folder = cv_test_path("state/cache");
    CV_TEST_OK(err, linux_seccomp_compile(&plain, 0, &wanted, &err));
    return 0;
}

static int teardown(void** state)
{
    linux_seccomp_release(&wanted);
    linux_seccomp_forget();
    return cv_test_teardown(state);
}

static void get_is_right(const struct cv_spec* spec, uint64_t mask, const struct linux_seccomp_filter* right)
{
    struct cv_error             err    = CV_ERROR_INIT;
    struct linux_seccomp_filter filter = { 0 };

    CV_TEST_OK(err, linux_seccomp_get(folder, spec, mask, &filter, &err));
    assert_int_equal(filter.count, right->count);
    assert_int_equal(filter.flags, right->flags);
    assert_memory_equal(filter.code, right->code, right->count * sizeof(*right->code));
    linux_seccomp_release(&filter);
}

/* The only file of the folder; NULL when there is none. Static memory. */
static const char* find_file(unsigned* count_out)
{
    static char    path[4096];
    DIR*           list  = opendir(folder);
    struct dirent* entry = NULL;

    *count_out = 0;
    while (list != NULL && (entry = readdir(list)) != NULL)
        if (entry->d_name[0] != '.') {
            (*count_out)++;
            cv_snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        }
    if (list != NULL)
        closedir(list);
    return *count_out > 0 ? path : NULL;
}

static void fill(void)
{
    unsigned count;

    get_is_right(&plain, 0, &wanted);
    linux_seccomp_forget();
    assert_non_null(find_file(&count));
    assert_int_equal(count, 1);
}

static void read_back(char** data_out, size_t* length_out)
{
    struct cv_error err = CV_ERROR_INIT;
    unsigned        count;

    CV_TEST_OK(err, cv_file_read(find_file(&count), FILE_SIZE_MAX, data_out, length_out, &err));
}

static void put_file(const char* data, size_t length, unsigned mode)
{
    struct cv_error err = CV_ERROR_INIT;
    unsigned        count;

    CV_TEST_OK(err, cv_file_write(find_file(&count), data, length, mode, 0, &err));
}

static void files_are_private(void** state)
{
    struct stat status;
    unsigned    count;
    (void)state;

    fill();
    assert_int_equal(stat(folder, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0700);
    assert_int_equal(stat(find_file(&count), &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
}

/* A file that is believed is seen by its time: it is not written again. */
static void a_good_file_is_used(void** state)
{
    struct stat before, after;
    unsigned    count;
    (void)state;

    fill();
    assert_int_equal(stat(find_file(&count), &before), 0);
    get_is_right(&plain, 0, &wanted);
    assert_int_equal(stat(find_file(&count), &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
}

static void memory_needs_no_file(void** state)
{
    unsigned count;
    (void)state;

    get_is_right(&plain, 0, &wanted);
    assert_int_equal(unlink(find_file(&count)), 0);
    get_is_right(&plain, 0, &wanted);
    assert_null(find_file(&count));
}

/* Each byte's damage is noticed, the right program comes out and the file is made good again. */
static void damage_is_noticed(void** state)
{
    CV_CLEANUP(cv_freep) char* good   = NULL;
    size_t                     length = 0;
    (void)state;

    fill();
    read_back(&good, &length);
    for (size_t i = 0; i < length; i += i < 400 ? 1 : 97) {
        CV_CLEANUP(cv_freep) char* now        = NULL;
        size_t                     now_length = 0;

        good[i] ^= 0x10;
        put_file(good, length, 0600);
        good[i] ^= 0x10;
        get_is_right(&plain, 0, &wanted);
        linux_seccomp_forget();
        read_back(&now, &now_length);
        assert_int_equal(now_length, length);
        assert_memory_equal(now, good, length);
    }
}

static void wrong_lengths_are_noticed(void** state)
{
    CV_CLEANUP(cv_freep) char* good   = NULL;
    size_t                     length = 0;
    (void)state;

    fill();
    read_back(&good, &length);
    const size_t lengths[] = { 0, 1, 39, 40, length - 8, length - 1 };
    for (size_t i = 0; i < CV_ARRAY_LEN(lengths); i++) {
        put_file(good, lengths[i], 0600);
        get_is_right(&plain, 0, &wanted);
        linux_seccomp_forget();
    }
    good = realloc(good, length + 8);
    assert_non_null(good);
    memset(good + length, 0, 8);
    put_file(good, length + 8, 0600);
    get_is_right(&plain, 0, &wanted);
}

static void expect_rewritten(const struct stat* before)
{
    struct stat after;
    unsigned    count;

    linux_seccomp_forget();
    get_is_right(&plain, 0, &wanted);
    assert_int_equal(stat(find_file(&count), &after), 0);
    assert_int_not_equal(before->st_ino, after.st_ino); /* it was written anew: the old one was not believed */
}

static void others_rights_make_a_file_worthless(void** state)
{
    static const mode_t modes[] = { 0644, 0660, 0606, 0666, 04600 };
    (void)state;

    fill();
    for (size_t i = 0; i < CV_ARRAY_LEN(modes); i++) {
        struct stat before;
        unsigned    count;
        assert_int_equal(chmod(find_file(&count), modes[i]), 0);
        assert_int_equal(stat(find_file(&count), &before), 0);
        expect_rewritten(&before);
    }
}

static void others_files_are_worthless(void** state)
{
    struct stat before;
    unsigned    count;
    (void)state;

    if (geteuid() != 0) {
        print_message("needs root\n");
        skip();
    }
    fill();
    assert_int_equal(chown(find_file(&count), 1000, 1000), 0);
    assert_int_equal(stat(find_file(&count), &before), 0);
    expect_rewritten(&before);
}

static void links_and_fifos_are_worthless(void** state)
{
    char     copy[4096];
    unsigned count;
    (void)state;

    fill();
    cv_snprintf(copy, sizeof(copy), "%s", find_file(&count));
    assert_int_equal(rename(copy, cv_test_path("elsewhere")), 0);
    assert_int_equal(symlink(cv_test_path("elsewhere"), copy), 0);
    get_is_right(&plain, 0, &wanted);
    linux_seccomp_forget();
    assert_int_equal(unlink(copy), 0);
    assert_int_equal(mkfifo(copy, 0600), 0);
    alarm(20);
    get_is_right(&plain, 0, &wanted);
    alarm(0);
}

static void folders_of_others_are_not_used(void** state)
{
    unsigned count;
    (void)state;

    fill();
    assert_int_equal(unlink(find_file(&count)), 0);
    assert_int_equal(chmod(folder, 0755), 0);
    get_is_right(&plain, 0, &wanted);
    assert_null(find_file(&count));
    linux_seccomp_forget();
    folder = cv_test_path("elsewhere");
    assert_int_equal(symlink("/", folder), 0);
    get_is_right(&plain, 0, &wanted);
}

static void other_capabilities_are_another_filter(void** state)
{
    struct cv_error             err   = CV_ERROR_INIT;
    const uint64_t              admin = UINT64_C(1) << 21;
    struct linux_seccomp_filter more  = { 0 };
    unsigned                    count;
    (void)state;

    CV_TEST_OK(err, linux_seccomp_compile(&plain, admin, &more, &err));
    assert_int_not_equal(more.count, wanted.count);
    for (unsigned round = 0; round < 2; round++) {
        get_is_right(&plain, 0, &wanted);
        get_is_right(&plain, admin, &more);
        get_is_right(&plain, 0, &wanted);
        linux_seccomp_forget();
    }
    find_file(&count);
    assert_int_equal(count, 2);
    linux_seccomp_release(&more);
}

static void documents_have_filters_of_their_own(void** state)
{
    struct cv_error             err   = CV_ERROR_INIT;
    struct cv_spec              spec  = { .oci_version = (char[]){ "1.2.0" },
                      .ext                             = { .seccomp = (char[]){ "spec" } },
                      .linux_ = { .seccomp = { .set = true, .default_action = (char[]){ "SCMP_ACT_ALLOW" } } } };
    struct linux_seccomp_filter allow = { 0 }, trap = { 0 };
    (void)state;

    CV_TEST_OK(err, linux_seccomp_compile(&spec, 0, &allow, &err));
    get_is_right(&spec, 0, &allow);
    spec.linux_.seccomp.default_action = (char[]){ "SCMP_ACT_TRAP" };
    CV_TEST_OK(err, linux_seccomp_compile(&spec, 0, &trap, &err));
    get_is_right(&spec, 0, &trap);
    get_is_right(&plain, 0, &wanted);
    linux_seccomp_release(&allow);
    linux_seccomp_release(&trap);
}

static void folders_are_bounded(void** state)
{
    struct cv_error err = CV_ERROR_INIT;
    unsigned        count;
    (void)state;

    for (uint64_t mask = 0; mask < 270; mask++) {
        struct linux_seccomp_filter filter = { 0 };
        CV_TEST_OK(err, linux_seccomp_get(folder, &plain, mask << 40, &filter, &err));
        linux_seccomp_release(&filter);
    }
    find_file(&count);
    assert_int_equal(count, 256);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(files_are_private),
        CASE(a_good_file_is_used),
        CASE(memory_needs_no_file),
        CASE(damage_is_noticed),
        CASE(wrong_lengths_are_noticed),
        CASE(others_rights_make_a_file_worthless),
        CASE(others_files_are_worthless),
        CASE(links_and_fifos_are_worthless),
        CASE(folders_of_others_are_not_used),
        CASE(other_capabilities_are_another_filter),
        CASE(documents_have_filters_of_their_own),
        CASE(folders_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
