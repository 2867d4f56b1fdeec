/* The pool of id ranges with real processes and locks. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "child.h"

#include <cv/file.h>
#include <cv/str.h>

#include "linux/idrange.h"

#include <cv/banned.h>

enum { HOLDERS = 20, FILES = LINUX_IDRANGE_SLOTS + 200 };

static struct cv_error err;

struct holder {
    pid_t pid;
    int   slot;
    int   go[2]; /* closed by the test: the holder ends */
};

static void hold(const char* folder, struct holder* holder, int slots_out)
{
    struct linux_idrange range = LINUX_IDRANGE_INIT;
    char                 end;

    alarm(CHILD_SECONDS);
    close(holder->go[1]);
    CHILD_OK(err, linux_idrange_claim(folder, &range, &err));
    CHILD_CHECK(range.size == 65536 && range.base == 0x70000000u + (unsigned)range.slot * 65536u);
    CHILD_CHECK(fcntl(range.lock_fd, F_GETFD) == FD_CLOEXEC);
    CHILD_CHECK(
        write(slots_out, &(struct holder){ .pid = getpid(), .slot = range.slot }, sizeof(*holder)) == sizeof(*holder));
    CHILD_CHECK(read(holder->go[0], &end, 1) == 0);
    _exit(0);
}

static void start_holders(const char* folder, struct holder holders[HOLDERS])
{
    int slots[2];

    assert_int_equal(pipe2(slots, O_CLOEXEC), 0);
    for (int i = 0; i < HOLDERS; i++)
        assert_int_equal(pipe2(holders[i].go, O_CLOEXEC), 0);
    for (int i = 0; i < HOLDERS; i++) {
        holders[i].pid = fork();
        assert_true(holders[i].pid >= 0);
        if (holders[i].pid == 0) {
            for (int k = 0; k < HOLDERS; k++)
                if (k != i)
                    close(holders[k].go[1]);
            hold(folder, &holders[i], slots[1]);
        }
    }
    close(slots[1]);
    for (int i = 0; i < HOLDERS; i++) {
        struct holder said;
        assert_int_equal(read(slots[0], &said, sizeof(said)), sizeof(said));
        for (int k = 0; k < HOLDERS; k++)
            if (holders[k].pid == said.pid)
                holders[k].slot = said.slot;
    }
    close(slots[0]);
}

static bool slot_is_free(const char* folder, int slot)
{
    char path[1024];
    int  fd;
    bool free_;

    assert_int_equal(cv_snprintf(path, sizeof(path), "%s/ids/%d", folder, slot), 0);
    fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    assert_true(fd >= 0);
    free_ = flock(fd, LOCK_EX | LOCK_NB) == 0;
    assert_true(free_ || errno == EWOULDBLOCK);
    close(fd);
    return free_;
}

static void parallel_claims_get_different_ranges(void** state)
{
    struct holder holders[HOLDERS] = { 0 };
    const char*   folder           = cv_test_path("");
    struct stat   st;
    char          path[1024];

    (void)state;
    start_holders(folder, holders);
    for (int i = 0; i < HOLDERS; i++)
        for (int k = 0; k < i; k++)
            assert_int_not_equal(holders[i].slot, holders[k].slot);
    assert_int_equal(cv_snprintf(path, sizeof(path), "%s/ids", folder), 0);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);

    /* half of them are killed: the kernel gives their ranges back, and no other */
    for (int i = 0; i < HOLDERS; i += 2) {
        assert_int_equal(kill(holders[i].pid, SIGKILL), 0);
        assert_int_equal(waitpid(holders[i].pid, NULL, 0), holders[i].pid);
    }
    for (int i = 0; i < HOLDERS; i++)
        assert_int_equal(slot_is_free(folder, holders[i].slot), i % 2 == 0);

    for (int i = 0; i < HOLDERS; i++) {
        int status = 0;
        close(holders[i].go[0]);
        close(holders[i].go[1]);
        if (i % 2 == 1) {
            assert_int_equal(waitpid(holders[i].pid, &status, 0), holders[i].pid);
            assert_int_equal(status, 0);
        }
    }
}

static void a_range_can_be_given_back(void** state)
{
    struct linux_idrange range = LINUX_IDRANGE_INIT;
    int                  slot;

    (void)state;
    linux_idrange_release(&range); /* nothing held */
    CV_TEST_OK(err, linux_idrange_claim(cv_test_path(""), &range, &err));
    slot = range.slot;
    assert_false(slot_is_free(cv_test_path(""), slot));
    linux_idrange_release(&range);
    assert_int_equal(range.lock_fd, -1);
    assert_true(slot_is_free(cv_test_path(""), slot));
    linux_idrange_release(&range);
}

static void a_full_pool_says_so(void** state)
{
    static struct linux_idrange ranges[LINUX_IDRANGE_SLOTS];
    const struct rlimit         limit = { FILES, FILES * 2 };
    struct linux_idrange        one   = LINUX_IDRANGE_INIT;
    struct rlimit               before;
    int                         slot;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &(struct rlimit){ limit.rlim_cur, before.rlim_max }), 0);
    for (unsigned i = 0; i < LINUX_IDRANGE_SLOTS; i++)
        CV_TEST_OK(err, linux_idrange_claim(cv_test_path(""), &ranges[i], &err));
    CV_TEST_FAILS(CV_ERR_LIMIT, err, linux_idrange_claim(cv_test_path(""), &one, &err));
    assert_int_equal(one.lock_fd, -1);
    slot = ranges[300].slot;
    linux_idrange_release(&ranges[300]);
    CV_TEST_OK(err, linux_idrange_claim(cv_test_path(""), &one, &err));
    assert_int_equal(one.slot, slot);
    linux_idrange_release(&one);
    for (unsigned i = 0; i < LINUX_IDRANGE_SLOTS; i++)
        linux_idrange_release(&ranges[i]);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

static void a_folder_of_others_is_refused(void** state)
{
    struct linux_idrange range = LINUX_IDRANGE_INIT;

    (void)state;
    assert_int_equal(mkdir(cv_test_path("open"), 0700), 0);
    assert_int_equal(mkdir(cv_test_path("open/ids"), 0700), 0);
    assert_int_equal(chmod(cv_test_path("open/ids"), 0777), 0);
    CV_TEST_FAILS(CV_ERR_PERMISSION, err, linux_idrange_claim(cv_test_path("open"), &range, &err));
    assert_int_equal(mkdir(cv_test_path("link"), 0700), 0);
    assert_int_equal(mkdir(cv_test_path("target"), 0700), 0);
    assert_int_equal(symlink(cv_test_path("target"), cv_test_path("link/ids")), 0);
    assert_true(linux_idrange_claim(cv_test_path("link"), &range, &err) < 0);
    assert_true(linux_idrange_claim(cv_test_path("missing"), &range, &err) == CV_ERR_NOT_FOUND);
    assert_int_equal(range.lock_fd, -1);
}

static void a_lock_that_is_a_link_is_refused(void** state)
{
    struct linux_idrange range = LINUX_IDRANGE_INIT;
    char                 name[32];

    (void)state;
    assert_int_equal(mkdir(cv_test_path("links"), 0700), 0);
    assert_int_equal(mkdir(cv_test_path("links/ids"), 0700), 0);
    for (unsigned i = 0; i < LINUX_IDRANGE_SLOTS; i++) {
        assert_int_equal(cv_snprintf(name, sizeof(name), "links/ids/%u", i), 0);
        assert_int_equal(symlink(cv_test_path("victim"), cv_test_path(name)), 0);
    }
    assert_true(linux_idrange_claim(cv_test_path("links"), &range, &err) < 0);
    assert_int_equal(err.number, ELOOP);
    assert_false(cv_path_exists(cv_test_path("victim")));
}

/* In a mount namespace of its own with another /etc: all slots but the first are somebody's. */
static void with_subordinate_ids(void)
{
    static const char    text[] = "somebody:1879113728:67043328\n"; /* 0x70010000, 1023 * 65536 */
    const char*          etc    = cv_test_path("etc");
    struct linux_idrange first = LINUX_IDRANGE_INIT, second = LINUX_IDRANGE_INIT;

    CHILD_CHECK(unshare(CLONE_NEWNS) == 0);
    CHILD_CHECK(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
    CHILD_CHECK(mkdir(etc, 0755) == 0);
    CHILD_OK(err, cv_file_write(cv_test_path("etc/subgid"), text, sizeof(text) - 1, 0644, 0, &err));
    CHILD_CHECK(mount(etc, "/etc", NULL, MS_BIND, NULL) == 0);
    CHILD_OK(err, linux_idrange_claim(cv_test_path(""), &first, &err));
    CHILD_CHECK(first.slot == 0);
    CHILD_CHECK(linux_idrange_claim(cv_test_path(""), &second, &err) == CV_ERR_LIMIT);
    CHILD_CHECK(strstr(err.hint, "/etc/subuid") != NULL);
}

static void subordinate_ids_are_left_alone(void** state)
{
    (void)state;
    run_in_child(with_subordinate_ids);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parallel_claims_get_different_ranges),
        cmocka_unit_test(a_range_can_be_given_back),
        cmocka_unit_test(a_full_pool_says_so),
        cmocka_unit_test(a_folder_of_others_is_refused),
        cmocka_unit_test(a_lock_that_is_a_link_is_refused),
        cmocka_unit_test(subordinate_ids_are_left_alone),
    };
    return cmocka_run_group_tests(tests, cv_test_setup, cv_test_teardown);
}
