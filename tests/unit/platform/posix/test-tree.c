/* What only POSIX has: links, modes, mounts, and trees deeper than a process may have descriptors. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cv-test/support.h>
#include <cv/file.h>
#include <cv/posix.h>

static void make(const char* folder)
{
    struct cv_error err;
    CV_TEST_OK(err, cv_folder_make(cv_test_path(folder), 0700, &err));
}

static void touch(const char* file)
{
    struct cv_error err;
    CV_TEST_OK(err, cv_file_write(cv_test_path(file), "x", 1, 0600, 0, &err));
}

static void links_are_removed_not_followed(void** state)
{
    struct cv_error err;
    (void)state;

    make("kept");
    touch("kept/file");
    make("tree");
    assert_int_equal(symlink(cv_test_path("kept"), cv_test_path("tree/absolute")), 0);
    assert_int_equal(symlink("../kept", cv_test_path("tree/relative")), 0);
    assert_int_equal(symlink("..", cv_test_path("tree/up")), 0);
    assert_int_equal(symlink("nowhere", cv_test_path("tree/dangling")), 0);
    CV_TEST_OK(err, cv_tree_remove(cv_test_path("tree"), &err));
    assert_true(cv_path_exists(cv_test_path("kept/file")));
    assert_int_equal(symlink("kept", cv_test_path("link")), 0);
    CV_TEST_OK(err, cv_tree_remove(cv_test_path("link"), &err));
    assert_false(cv_path_exists(cv_test_path("link")));
    assert_true(cv_path_exists(cv_test_path("kept/file")));
    CV_TEST_OK(err, cv_tree_remove(cv_test_path("kept"), &err));
}

static void special_files(void** state)
{
    struct cv_error err;
    (void)state;

    make("special");
    assert_int_equal(mkfifo(cv_test_path("special/fifo"), 0600), 0);
    CV_TEST_OK(err, cv_tree_remove(cv_test_path("special"), &err));
    assert_false(cv_path_exists(cv_test_path("special")));
}

/* Built from the inside, since the path as a whole is longer than a call takes. */
static void deeper_than_any_path(void** state)
{
    struct rlimit   before, few;
    struct cv_error err;
    int             fd;
    (void)state;

    make("abyss");
    fd = open(cv_test_path("abyss"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (int i = 0; i < 5000; i++) {
        int next;
        assert_int_equal(mkdirat(fd, "a", 0700), 0);
        next = openat(fd, "a", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(next >= 0);
        close(fd);
        fd = next;
    }
    close(fd);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    few          = before;
    few.rlim_cur = 128;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    CV_TEST_OK(err, cv_tree_remove(cv_test_path("abyss"), &err));
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_false(cv_path_exists(cv_test_path("abyss")));
}

static void one_name_in_a_folder(void** state)
{
    static const char* const refused[] = { "", ".", "..", "a/b", "/", "/etc" };
    struct cv_error          err;
    int                      fd;
    (void)state;

    make("parent/child/grandchild");
    fd = open(cv_test_path("parent"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (size_t i = 0; i < CV_ARRAY_LEN(refused); i++)
        CV_TEST_FAILS(CV_ERR_INVALID, err, cv_tree_remove_at(fd, refused[i], &err));
    CV_TEST_OK(err, cv_tree_remove_at(fd, "child", &err));
    CV_TEST_OK(err, cv_tree_remove_at(fd, "child", &err));
    assert_true(cv_path_is_folder(cv_test_path("parent")));
    assert_false(cv_path_exists(cv_test_path("parent/child")));
    close(fd);
    CV_TEST_FAILS(CV_ERR_INVALID, err, cv_tree_remove("/", &err));
    CV_TEST_FAILS(CV_ERR_INVALID, err, cv_tree_remove(cv_test_path("parent/.."), &err));
}

/* In a child, whose answer is its exit code: these change what the whole process is. */
static int answer_of(int (*in_child)(void))
{
    int   status = -1;
    pid_t pid    = fork();

    assert_true(pid >= 0);
    if (pid == 0)
        _exit(in_child());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

enum { NOBODY = 65534, SKIP = 77 };

/* Sixty folders in each other, the mode of each forbids to change it. */
static void make_deep_and_read_only(void)
{
    int fd = open(cv_test_path("open/closed/deep"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    for (int i = 0; i < 60; i++) {
        int next = mkdirat(fd, "d", 0700) == 0 ? openat(fd, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
        if (next < 0 || fchmod(fd, 0500) < 0)
            _exit(9);
        close(fd);
        fd = next;
    }
    close(fd);
}

static int remove_as_nobody(void)
{
    struct cv_error err;
    if (setgid(NOBODY) < 0 || setuid(NOBODY) < 0)
        return SKIP;
    if (access(cv_test_path("open/closed/deep"), F_OK) == 0)
        make_deep_and_read_only();
    if (cv_tree_remove(cv_test_path("open/closed"), &err) == 0)
        return 0;
    fprintf(stderr, "%s\n", err.text);
    return 1;
}

/* A user's own folders of mode 000 and 500, as overlayfs and build tools leave them. */
static void folders_that_forbid_it_but_are_ours(void** state)
{
    int answer;
    (void)state;

    if (geteuid() != 0) {
        print_message("skipped: only root can become another user\n");
        skip();
    }
    make("open/closed/none/below");
    make("open/closed/read-only/below");
    make("open/closed/deep");
    assert_int_equal(chmod(cv_test_path("."), 0755), 0);
    assert_int_equal(chmod(cv_test_path("open"), 0777), 0);
    for (size_t i = 0; i < 6; i++) {
        static const char* const folders[] = { "open/closed", "open/closed/deep", "open/closed/none",
            "open/closed/none/below", "open/closed/read-only", "open/closed/read-only/below" };
        assert_int_equal(chown(cv_test_path(folders[i]), NOBODY, NOBODY), 0);
    }
    assert_int_equal(chmod(cv_test_path("open/closed/none"), 0), 0);
    assert_int_equal(chmod(cv_test_path("open/closed/read-only"), 0500), 0);
    answer = answer_of(remove_as_nobody);
    assert_int_equal(answer, 0);
    assert_false(cv_path_exists(cv_test_path("open/closed")));
}

/* Nothing of somebody else's goes: an error, and the file is still there. */
static void other_peoples_files_stay(void** state)
{
    (void)state;

    if (geteuid() != 0) {
        print_message("skipped: only root can become another user\n");
        skip();
    }
    make("open/closed/sub");
    touch("open/closed/sub/file");
    assert_int_equal(chmod(cv_test_path("."), 0755), 0);
    assert_int_equal(answer_of(remove_as_nobody), 1);
    assert_true(cv_path_exists(cv_test_path("open/closed/sub/file")));
}

static int remove_with_a_mount(void)
{
    struct cv_error err;
    int             result;

    if (unshare(CLONE_NEWNS) < 0)
        return SKIP;
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0
        || mount(cv_test_path("outside"), cv_test_path("mounted/on/this"), NULL, MS_BIND, NULL) < 0)
        return 2;
    result = cv_tree_remove(cv_test_path("mounted"), &err);
    if (result != CV_ERR_STATE || strstr(err.text, "'this'") == NULL)
        return 3;
    if (cv_tree_remove(cv_test_path("mounted/on/this"), &err) != CV_ERR_STATE)
        return 4;
    return access(cv_test_path("outside/file"), F_OK) == 0 ? 0 : 5;
}

/* A bind mount of the same file system: only the mount tells it from the tree. */
static void mounts_are_not_entered(void** state)
{
    int answer;
    (void)state;

    make("outside");
    touch("outside/file");
    make("mounted/on/this");
    answer = answer_of(remove_with_a_mount);
    if (answer == SKIP) {
        print_message("skipped: no right to make a mount namespace\n");
        skip();
    }
    assert_int_equal(answer, 0);
    assert_true(cv_path_exists(cv_test_path("outside/file")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(links_are_removed_not_followed),
        cmocka_unit_test(special_files),
        cmocka_unit_test(deeper_than_any_path),
        cmocka_unit_test(one_name_in_a_folder),
        cmocka_unit_test(folders_that_forbid_it_but_are_ours),
        cmocka_unit_test(other_peoples_files_stay),
        cmocka_unit_test(mounts_are_not_entered),
    };
    return cmocka_run_group_tests(tests, cv_test_setup, cv_test_teardown);
}
