/* Containers below a chosen cgroup, through the public API, on hosts with either version of cgroups: where they are, and what is left. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lost.h"

#define MIB UINT64_C(1048576)

enum { PATH_SIZE = 512, LINE_SIZE = 2 * PATH_SIZE };

static char top[64]; /* the first part of all parents here */

static const char* tree(void)
{
    return access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0 ? "/sys/fs/cgroup" : "/sys/fs/cgroup/unified";
}

/* A path in the version 2 tree; one of some static buffers. */
static const char* in_tree(const char* below)
{
    static char     paths[4][PATH_SIZE];
    static unsigned next;
    char*           path = paths[next++ % 4];
    snprintf(path, PATH_SIZE, "%s/%s%s", tree(), top, below);
    return path;
}

static void write_text(const char* path, const char* text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
        fail_msg("write '%s' to %s: %s", text, path, strerror(errno));
    close(fd);
}

static void check_nothing_left(void)
{
    if (lost_groups(top) != 0)
        fail_msg("%d groups %s are left", lost_groups(top), top);
}

static struct containerv_options* options_in(const char* below, uint64_t memory_bytes)
{
    struct containerv_options* options = containerv_options_new();
    struct containerv_limits   limits  = { .size = sizeof(limits), .memory_bytes = memory_bytes };
    char                       path[PATH_SIZE];
    snprintf(path, sizeof(path), "/%s%s", top, below);
    OK(containerv_options_set_cgroup_parent(options, path));
    if (memory_bytes != 0)
        OK(containerv_options_set_limits(options, &limits));
    return options;
}

static const char* group_of(struct containerv_container* container, const char* below)
{
    static char path[LINE_SIZE];
    snprintf(path, sizeof(path), "%s/c-%s", in_tree(below), containerv_id(container));
    return path;
}

/* The file of a limit of memory that the container's group has, in whichever version. */
static void check_memory(struct containerv_container* container, const char* below, const char* expected)
{
    char  path[PATH_SIZE * 2], text[64] = "";
    FILE* file;
    snprintf(path, sizeof(path), "%.400s/memory.max", group_of(container, below));
    if (access(path, F_OK) != 0)
        snprintf(path, sizeof(path), "/sys/fs/cgroup/memory/%s%s/c-%s/memory.limit_in_bytes", top, below,
            containerv_id(container));
    file = fopen(path, "re");
    if (file == NULL || fgets(text, sizeof(text), file) == NULL)
        fail_msg("read %s: %s", path, strerror(errno));
    fclose(file);
    assert_string_equal(text, expected);
}

static void the_group_is_there_and_its_limits(void** state)
{
    struct containerv_container* container = suite_container(options_in("/a/b", 64 * MIB));
    char                         path[PATH_SIZE], outside[PATH_SIZE];
    (void)state;
    assert_int_equal(access(group_of(container, "/a/b"), F_OK), 0);
    snprintf(path, sizeof(path), "c-%s", containerv_id(container));
    assert_true(lost_groups(path) >= 1);
    snprintf(outside, sizeof(outside), "%s/containerv/%.80s", tree(), path);
    assert_int_equal(access(outside, F_OK), -1);
    check_memory(container, "/a/b", "67108864\n");
    PRINTS("0::/", container, "grep ^0:: /proc/self/cgroup");
    OK(containerv_pause(container));
    OK(containerv_resume(container));
    OK(containerv_destroy(container));
    check_nothing_left();
}

static void the_slash_in_front_may_be_left_out(void** state)
{
    struct containerv_options* options = containerv_options_new();
    char                       output[OUTPUT_MAX], expected[PATH_SIZE];
    (void)state;
    OK(containerv_options_set_cgroup_parent(options, top));
    OK(containerv_options_set_shared(options, CV_SHARE_CGROUP)); /* it sees where it is */
    struct containerv_container* container = suite_container(options);
    assert_int_equal(suite_run(container, "grep ^0:: /proc/self/cgroup", output), 0);
    snprintf(expected, sizeof(expected), "/%s/c-%s", top, containerv_id(container));
    assert_non_null(strstr(output, expected));
    OK(containerv_destroy(container));
    check_nothing_left();
}

static void what_was_there_stays(void** state)
{
    (void)state;
    assert_int_equal(mkdir(in_tree(""), 0755), 0);
    OK(containerv_destroy(suite_container(options_in("/made", 0))));
    assert_int_equal(access(in_tree("/made"), F_OK), -1);
    assert_int_equal(access(in_tree(""), F_OK), 0);
    struct containerv_container* container = suite_container(options_in("/made", 0));
    assert_int_equal(mkdir(in_tree("/made/of-others"), 0755), 0);
    OK(containerv_destroy(container));
    assert_int_equal(rmdir(in_tree("/made/of-others")), 0);
    assert_int_equal(rmdir(in_tree("/made")), 0);
    assert_int_equal(rmdir(in_tree("")), 0);
}

static void the_last_one_removes_it(void** state)
{
    struct containerv_container* first  = suite_container(options_in("/a/b", 64 * MIB));
    struct containerv_container* second = suite_container(options_in("/a", 32 * MIB));
    (void)state;
    OK(containerv_destroy(first)); /* the one who made both */
    assert_int_equal(access(in_tree("/a/b"), F_OK), -1);
    assert_int_equal(access(in_tree("/a"), F_OK), 0);
    check_memory(second, "/a", "33554432\n");
    OK(containerv_destroy(second));
    check_nothing_left();
}

static void create_fails(struct containerv_options* options, int code, const char* words)
{
    struct containerv_container* container = NULL;
    FAILS(code, containerv_create(suite_rootfs(), options, &container));
    const struct containerv_error* error = containerv_error_last();
    if (strstr(error->text, words) == NULL)
        fail_msg("'%s' is not in '%s'", words, error->text);
    print_message("%s\n%s\n", error->text, error->hint);
    containerv_options_delete(options);
}

/* The kernel allows one level and refuses the next. */
static void a_parent_that_cannot_be_made_fails_the_create(void** state)
{
    (void)state;
    assert_int_equal(mkdir(in_tree(""), 0755), 0);
    write_text(in_tree("/cgroup.max.depth"), "1");
    create_fails(options_in("/a/b", 0), CV_ERR_SYSTEM, "/a/b'");
    assert_int_equal(access(in_tree("/a"), F_OK), -1);
    create_fails(options_in("/a", 0), CV_ERR_SYSTEM, "c-"); /* the place can be made, the container's group can't */
    assert_int_equal(access(in_tree("/a"), F_OK), -1);
    assert_int_equal(rmdir(in_tree("")), 0);
    check_nothing_left();
}

static void a_name_that_is_a_file_fails_the_create(void** state)
{
    (void)state;
    create_fails(options_in("/a/cgroup.procs/b", 0), CV_ERR_SYSTEM, "cgroup.procs");
    check_nothing_left();
}

static bool tree_has(const char* controller)
{
    char  path[PATH_SIZE], text[256] = "";
    FILE* file;
    snprintf(path, sizeof(path), "%s/cgroup.controllers", tree());
    file = fopen(path, "re");
    assert_non_null(file);
    (void)!fgets(text, sizeof(text), file);
    fclose(file);
    return strstr(text, controller) != NULL;
}

/* A limit that version 2 keeps on this host. */
static struct containerv_options* options_of_version_2(const char* below)
{
    const struct containerv_hugepage_limit pages   = { .size = sizeof(pages), .page_size = "2MB", .bytes = 0 };
    struct containerv_limits               limits  = { .size = sizeof(limits) };
    struct containerv_options*             options = options_in(below, 0);
    if (tree_has("memory")) {
        limits.memory_bytes = 64 * MIB;
    } else {
        limits.hugepages      = &pages;
        limits.hugepage_count = 1;
    }
    OK(containerv_options_set_limits(options, &limits));
    return options;
}

/* A group with a process in it can't hand controllers on. The error tells whose file it is. */
static void a_controller_that_cannot_be_enabled_fails_the_create(void** state)
{
    char  file[PATH_SIZE], number[32];
    pid_t pid = fork();
    (void)state;
    if (pid == 0)
        for (;;)
            pause();
    if (!tree_has("memory") && !tree_has("hugetlb"))
        fail_msg("version 2 of cgroups has neither memory nor hugetlb on this host");
    assert_int_equal(mkdir(in_tree(""), 0755), 0);
    snprintf(number, sizeof(number), "%d", (int)pid);
    write_text(in_tree("/cgroup.procs"), number);
    snprintf(file, sizeof(file), "%s", in_tree("/cgroup.subtree_control"));
    create_fails(options_of_version_2("/a"), CV_ERR_SYSTEM, file);
    assert_int_equal(access(in_tree("/a"), F_OK), -1);
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    OK(containerv_destroy(suite_container(options_of_version_2("/a"))));
    assert_int_equal(rmdir(in_tree("")), 0);
    check_nothing_left();
}

/* What is mounted on a group is not the tree. */
static void through_a_mount(void)
{
    struct containerv_container* container = NULL;
    struct containerv_options*   options   = options_in("/a", 0);
    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0
        || mount("tmpfs", in_tree(""), "tmpfs", 0, NULL) < 0)
        _exit(1);
    if (containerv_create(suite_rootfs(), options, &container) == 0)
        _exit(2);
    _exit(access(in_tree("/a"), F_OK) == 0 ? 3 : 0);
}

static void another_mount_is_no_way(void** state)
{
    int   status = 0;
    pid_t pid;
    (void)state;
    assert_int_equal(mkdir(in_tree(""), 0755), 0);
    pid = fork();
    if (pid == 0)
        through_a_mount();
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_int_equal(rmdir(in_tree("")), 0);
}

static void paths_are_checked(void** state)
{
    static const char* const   wrong[] = { "", "/", "a/", "a//b", "/./a", "a/..", "../a", "a\nb",
          "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18/19/20/21/22/23/24/25/26/27/28/29/30/31/32/33" };
    struct containerv_options* options = containerv_options_new();
    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        FAILS(CV_ERR_INVALID, containerv_options_set_cgroup_parent(options, wrong[i]));
    containerv_options_delete(options);
}

static void the_next_one_sweeps_what_the_dead_left(void** state)
{
    char id[LOST_ID], name[LOST_ID + 2];
    (void)state;
    lost_container(options_in("/a/b", 64 * MIB), id);
    snprintf(name, sizeof(name), "c-%s", id);
    assert_true(lost_groups(name) >= 1);
    OK(containerv_destroy(suite_container(NULL)));
    assert_int_equal(lost_groups(name), 0);
    check_nothing_left();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_are_checked),
        cmocka_unit_test(the_group_is_there_and_its_limits),
        cmocka_unit_test(the_slash_in_front_may_be_left_out),
        cmocka_unit_test(what_was_there_stays),
        cmocka_unit_test(the_last_one_removes_it),
        cmocka_unit_test(a_parent_that_cannot_be_made_fails_the_create),
        cmocka_unit_test(a_name_that_is_a_file_fails_the_create),
        cmocka_unit_test(a_controller_that_cannot_be_enabled_fails_the_create),
        cmocka_unit_test(another_mount_is_no_way),
        cmocka_unit_test(the_next_one_sweeps_what_the_dead_left),
    };
    snprintf(top, sizeof(top), "cv-test-parent-%d", (int)getpid());
    return cmocka_run_group_tests(tests, NULL, NULL);
}
