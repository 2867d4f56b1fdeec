/* Secrets: what is inside, who may read it, what can't be one, and that nothing of it is left. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cv-test/support.h>
#include <cv/file.h>
#include <cv/str.h>

#include "suite.h"

enum { MANY = 64, LARGEST = 1 << 20 };

static const char content[] = "a-secret-that-is-nowhere-else";

/* A file of the host with this content; its path. */
static const char* host_file(const char* name, const void* data, size_t length)
{
    struct cv_error err  = CV_ERROR_INIT;
    const char*     path = cv_test_path(name);
    CV_TEST_OK(err, cv_file_write(path, data, length, 0600, 0, &err));
    return path;
}

/* On a throw-away upper: the place of the secrets is made there. */
static struct containerv_options* options_new(void)
{
    const char* const          layers[] = { suite_rootfs() };
    struct containerv_options* options  = containerv_options_new();
    assert_non_null(options);
    OK(containerv_options_set_layers(options, layers, 1));
    return options;
}

static void add(
    struct containerv_options* options, const char* source, const char* name, uint32_t uid, uint32_t gid, uint32_t mode)
{
    const struct containerv_secret secret = { sizeof(secret), source, name, uid, gid, mode };
    OK(containerv_options_add_secret(options, &secret));
}

static struct containerv_container* made(struct containerv_options* options)
{
    struct containerv_container* container = NULL;
    OK(containerv_create(NULL, options, &container));
    containerv_options_delete(options);
    return container;
}

/* One with the usual secret. */
static struct containerv_container* usual(uint32_t uid, uint32_t gid, uint32_t mode)
{
    struct containerv_options* options = options_new();
    add(options, host_file("source", content, strlen(content)), "token", uid, gid, mode);
    return made(options);
}

static void content_owner_and_mode_are_as_asked(void** state)
{
    struct containerv_container* container;
    (void)state;
    NEED(CV_FEATURE_USERS);
    NEED(CV_FEATURE_LAYERS);
    container = usual(7, 8, 0440);
    PRINTS(content, container, "cat /run/secrets/token");
    PRINTS("-r--r----- 7 8", container, "ls -ln /run/secrets/token | awk '{ print $1, $3, $4 }'");
    PRINTS("drwxr-xr-x 0 0", container, "ls -lnd /run/secrets | awk '{ print $1, $3, $4 }'");
    PRINTS("token", container, "ls -A /run/secrets");
    OK(containerv_destroy(container));
}

static void by_default_only_root_reads_it(void** state)
{
    struct containerv_spawn_options other     = { .size = sizeof(other), .user = "1000:1000" };
    struct containerv_container*    container = NULL;
    char                            output[OUTPUT_MAX];
    (void)state;
    NEED(CV_FEATURE_USERS);
    NEED(CV_FEATURE_LAYERS);
    container = usual(0, 0, 0);
    PRINTS("-r-------- 0 0", container, "ls -ln /run/secrets/token | awk '{ print $1, $3, $4 }'");
    PRINTS(content, container, "cat /run/secrets/token");
    assert_int_not_equal(suite_run_with(container, "cat /run/secrets/token", &other, output), 0);
    assert_null(strstr(output, content));
    OK(containerv_destroy(container));
}

static void nothing_can_be_written_there(void** state)
{
    static const char* const     scripts[] = { "echo x > /run/secrets/token", "echo x > /run/secrets/more",
            "rm -f /run/secrets/token && [ ! -e /run/secrets/token ]", "mount -o remount,rw /run/secrets",
            "mount -o remount,bind,rw /run/secrets", "umount /run/secrets", "umount -l /run/secrets" };
    char                         output[OUTPUT_MAX];
    struct containerv_options*   options;
    struct containerv_container* container;
    (void)state;
    NEED(CV_FEATURE_LAYERS);
    options = options_new();
    OK(containerv_options_add_capability(options, "SYS_ADMIN"));
    OK(containerv_options_set_seccomp(options, "unconfined"));
    add(options, host_file("source", content, strlen(content)), "token", 0, 0, 0600);
    container = made(options);
    for (size_t i = 0; i < sizeof(scripts) / sizeof(*scripts); i++)
        if (suite_run(container, scripts[i], output) == 0)
            fail_msg("%s was possible", scripts[i]);
    PRINTS(content, container, "cat /run/secrets/token");
    PRINTS("ro,nosuid,nodev,noexec", container,
        "grep ' /run/secrets ' /proc/self/mountinfo | awk '{ print $6 }' | cut -d, -f1-4");
    OK(containerv_destroy(container));
}

static void a_tmpfs_does_not_hide_it(void** state)
{
    const struct containerv_mount run = { .size = sizeof(run), .kind = CV_MOUNT_TMPFS, .destination = "/run" };
    struct containerv_options*    options;
    struct containerv_container*  container;
    (void)state;
    NEED(CV_FEATURE_MOUNTS);
    NEED(CV_FEATURE_LAYERS);
    options = options_new();
    OK(containerv_options_set_mounts(options, &run, 1));
    OK(containerv_options_set_readonly(options, 1));
    add(options, host_file("source", content, strlen(content)), "token", 0, 0, 0);
    container = made(options);
    PRINTS(content, container, "cat /run/secrets/token");
    OK(containerv_destroy(container));
}

static void there_can_be_many_and_large_ones_and_empty_ones(void** state)
{
    struct containerv_options*   options;
    struct containerv_container* container;
    char*                        large = malloc(LARGEST);
    char                         name[16];
    (void)state;
    NEED(CV_FEATURE_LAYERS);
    options = options_new();
    assert_non_null(large);
    memset(large, 'x', LARGEST);
    const char* large_path = host_file("large", large, LARGEST);
    const char* empty_path = host_file("empty", "", 0);
    for (unsigned i = 0; i < MANY; i++) {
        assert_int_equal(cv_snprintf(name, sizeof(name), "n%u", i), 0);
        add(options, i == 0 ? empty_path : large_path, name, 0, 0, 0);
    }
    container = made(options);
    PRINTS("64", container, "ls /run/secrets | wc -l | tr -d ' '");
    PRINTS("0", container, "wc -c < /run/secrets/n0 | tr -d ' '");
    PRINTS("66060288", container, "cat /run/secrets/* | wc -c | tr -d ' '");
    OK(containerv_destroy(container));
    free(large);
}

static void the_source_is_read_at_the_start_through_its_links(void** state)
{
    struct containerv_options*   options;
    struct containerv_container* container;
    (void)state;
    NEED(CV_FEATURE_LAYERS);
    options = options_new();
    host_file("source", "first", 5);
    assert_int_equal(symlink("source", cv_test_path("link")), 0);
    add(options, cv_test_path("link"), "token", 0, 0, 0);
    host_file("source", "second", 6); /* after it was asked for */
    container = made(options);
    host_file("source", "third", 5);
    assert_int_equal(unlink(cv_test_path("link")), 0);
    PRINTS("second", container, "cat /run/secrets/token");
    OK(containerv_destroy(container));
}

static void the_specification_does_not_have_it(void** state)
{
    struct containerv_container* container;
    char*                        text = NULL;
    (void)state;
    NEED(CV_FEATURE_LAYERS);
    container = usual(0, 0, 0);
    OK(containerv_inspect(container, &text));
    assert_null(strstr(text, content));
    assert_non_null(strstr(text, "\"name\":\"token\""));
    containerv_free(text);
    OK(containerv_destroy(container));
}

static void refused(int code, const char* source, uint32_t uid)
{
    struct containerv_options*   options   = options_new();
    struct containerv_container* container = NULL;
    OK(containerv_options_set_id(options, "secretless"));
    add(options, host_file("good", content, strlen(content)), "good", 0, 0, 0);
    add(options, source, "bad", uid, 0, 0);
    FAILS(code, containerv_create(NULL, options, &container));
    assert_null(container);
    assert_non_null(strstr(containerv_error_last()->text, "secret 'bad'"));
    assert_null(strstr(containerv_error_last()->text, content));
    containerv_options_delete(options);
}

/* The same id each time: what was refused has left nothing that would hold it. */
static void what_is_no_file_is_refused_and_nothing_is_made(void** state)
{
    struct containerv_options* options;
    char*                      large = calloc(1, LARGEST + 1);
    (void)state;
    NEED(CV_FEATURE_LAYERS);
    assert_non_null(large);
    refused(CV_ERR_NOT_FOUND, cv_test_path("missing"), 0);
    refused(CV_ERR_INVALID, cv_test_path(""), 0);
    refused(CV_ERR_INVALID, "/dev/zero", 0);
    assert_int_equal(mkfifo(cv_test_path("fifo"), 0600), 0);
    refused(CV_ERR_INVALID, cv_test_path("fifo"), 0);
    assert_int_equal(symlink("loop", cv_test_path("loop")), 0);
    refused(CV_ERR_SYSTEM, cv_test_path("loop"), 0);
    refused(CV_ERR_LIMIT, host_file("large", large, LARGEST + 1), 0);
    refused(CV_ERR_INVALID, host_file("good", content, strlen(content)), 70000);
    free(large);
    options = options_new();
    OK(containerv_options_set_id(options, "secretless"));
    OK(containerv_destroy(made(options)));
}

/* As any other place of a mount: an empty folder, made where there was none. */
static void in_a_root_that_is_used_in_place_only_the_folder_stays(void** state)
{
    char                       run[4096], secrets[4096];
    struct containerv_options* options = containerv_options_new();
    (void)state;
    assert_int_equal(cv_snprintf(run, sizeof(run), "%s/run", suite_rootfs()), 0);
    assert_int_equal(cv_snprintf(secrets, sizeof(secrets), "%s/secrets", run), 0);
    bool there = cv_path_is_folder(run);
    assert_false(cv_path_exists(secrets));
    add(options, host_file("source", content, strlen(content)), "token", 0, 0, 0);
    struct containerv_container* container = suite_container(options);
    PRINTS(content, container, "cat /run/secrets/token");
    OK(containerv_destroy(container));
    assert_int_equal(rmdir(secrets), 0); /* empty */
    if (!there)
        assert_int_equal(rmdir(run), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, cv_test_setup, cv_test_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(content_owner_and_mode_are_as_asked),
        TEST(by_default_only_root_reads_it),
        TEST(nothing_can_be_written_there),
        TEST(a_tmpfs_does_not_hide_it),
        TEST(there_can_be_many_and_large_ones_and_empty_ones),
        TEST(the_source_is_read_at_the_start_through_its_links),
        TEST(the_specification_does_not_have_it),
        TEST(what_is_no_file_is_refused_and_nothing_is_made),
        TEST(in_a_root_that_is_used_in_place_only_the_folder_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
