/* cgroups with real processes. Every test has a group of its own; all processes end by themselves. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "child.h"

#include <cv/clock.h>
#include <cv/random.h>
#include <cv/str.h>

#include "linux/cgroup.h"
#include "linux/mountinfo.h"
#include "linux/syscalls.h"

#include <cv/banned.h>

enum { SLEEPERS = 20, WAIT_MS = 20000, HOPPER_MS = 20000, CHAIN = 8 };

static struct cv_error err;
static int             parent = -1, group = -1;
static char            id[32];

static int setup(void** state)
{
    char digits[17];

    (void)state;
    if (cv_random_hex(digits, 16, &err) < 0 || cv_snprintf(id, sizeof(id), "test-%s", digits) < 0)
        return -1;
    return linux_cgroup_create(parent, id, &group, &err);
}

static void reap_all(void)
{
    while (waitpid(-1, NULL, WNOHANG) > 0 || errno == EINTR)
        ;
}

/* Whatever a failed test left ends here, so that the next one and the audit find nothing of it. */
static int teardown(void** state)
{
    (void)state;
    (void)linux_cgroup_kill(group, WAIT_MS, NULL);
    (void)linux_cgroup_wait_empty(group, WAIT_MS, NULL);
    reap_all();
    close(group);
    return linux_cgroup_remove(parent, id, WAIT_MS, &err);
}

static bool group_is_there(void)
{
    int fd = -1, rc = linux_cgroup_open(parent, id, &fd, &err);

    if (rc == 0)
        close(fd);
    else
        assert_int_equal(rc, CV_ERR_NOT_FOUND);
    return rc == 0;
}

/* A child that is in the group before it does anything. */
static pid_t start_in(int folder, void (*run)(void))
{
    int   go[2];
    char  byte;
    pid_t pid;

    assert_int_equal(pipe2(go, O_CLOEXEC), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        close(go[1]);
        alarm(CHILD_SECONDS);
        if (read(go[0], &byte, 1) == 1)
            run();
        _exit(0);
    }
    CV_TEST_OK(err, linux_cgroup_attach(folder, pid, &err));
    assert_int_equal(write(go[1], "x", 1), 1);
    close(go[0]);
    close(go[1]);
    return pid;
}

static void sleep_on(void)
{
    for (;;)
        pause(); /* until the alarm */
}

/* Forks and ends, again and again, so that its number is old as soon as it was read. */
static void hop(void)
{
    int64_t deadline = cv_clock_deadline_ms(HOPPER_MS);

    while (cv_clock_left_ms(deadline) > 0)
        if (fork() != 0)
            _exit(0);
}

/* A chain of nested groups as a container could make them: a, a/a, ... Returns the descriptor of the deepest. */
static int make_chain(int from, int depth, int sleepers)
{
    int folder = dup(from);

    for (int i = 0; i < depth; i++) {
        int next;
        assert_int_equal(mkdirat(folder, "a", 0755), 0);
        next = openat(folder, "a", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(next >= 0);
        close(folder);
        folder = next;
        for (int k = 0; k < sleepers; k++)
            start_in(folder, sleep_on);
    }
    return folder;
}

static size_t count_processes(void)
{
    size_t count = 0;

    CV_TEST_OK(err, linux_cgroup_processes(group, NULL, 0, &count, &err));
    return count;
}

static void start_sleepers(void)
{
    for (int i = 0; i < SLEEPERS / 2; i++)
        start_in(group, sleep_on);
    close(make_chain(group, 5, SLEEPERS / 10));
}

static void check_empty_and_remove(void)
{
    CV_TEST_OK(err, linux_cgroup_wait_empty(group, WAIT_MS, &err));
    assert_int_equal(count_processes(), 0);
    reap_all();
    CV_TEST_OK(err, linux_cgroup_remove(parent, id, WAIT_MS, &err));
    assert_false(group_is_there());
    CV_TEST_OK(err, linux_cgroup_remove(parent, id, WAIT_MS, &err)); /* gone is fine */
}

static void a_group_is_made_once(void** state)
{
    int other = -1;

    (void)state;
    CV_TEST_FAILS(CV_ERR_EXISTS, err, linux_cgroup_create(parent, id, &other, &err));
    assert_int_equal(other, -1);
    assert_true(group_is_there());
    assert_int_equal(fcntl(group, F_GETFD), FD_CLOEXEC);
    assert_int_equal(faccessat(parent, id, F_OK, 0), -1); /* its name is not the bare id */
    CV_TEST_FAILS(CV_ERR_INVALID, err, linux_cgroup_create(parent, "a/b", &other, &err));
    CV_TEST_FAILS(CV_ERR_INVALID, err, linux_cgroup_create(parent, "", &other, &err));
    check_empty_and_remove();
}

static void all_processes_are_killed(void** state)
{
    pid_t  list[3] = { 0 };
    size_t count   = 0;

    (void)state;
    start_sleepers();
    CV_TEST_OK(err, linux_cgroup_processes(group, list, 3, &count, &err));
    assert_int_equal(count, SLEEPERS);
    for (int i = 0; i < 3; i++)
        assert_int_equal(kill(list[i], 0), 0);
    CV_TEST_OK(err, linux_cgroup_kill(group, WAIT_MS, &err));
    check_empty_and_remove();
}

static void frozen_processes_are_killed(void** state)
{
    (void)state;
    start_sleepers();
    CV_TEST_OK(err, linux_cgroup_freeze(group, WAIT_MS, &err));
    CV_TEST_OK(err, linux_cgroup_kill(group, WAIT_MS, &err));
    check_empty_and_remove();
}

static void old_kernels_kill_all_too(void** state)
{
    (void)state;
    start_sleepers();
    CV_TEST_OK(err, linux_cgroup_kill_by_hand(group, WAIT_MS, &err));
    check_empty_and_remove();
}

static void old_kernels_kill_frozen_processes_too(void** state)
{
    (void)state;
    start_sleepers();
    CV_TEST_OK(err, linux_cgroup_freeze(group, WAIT_MS, &err));
    CV_TEST_OK(err, linux_cgroup_kill_by_hand(group, WAIT_MS, &err));
    check_empty_and_remove();
}

static void nobody_outruns_a_kill(void** state)
{
    int (*const ways[])(int, int64_t, struct cv_error*) = { linux_cgroup_kill, linux_cgroup_kill_by_hand };

    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(ways); i++) {
        int64_t start = cv_clock_monotonic_ms();
        for (int k = 0; k < 3; k++)
            start_in(group, hop);
        CV_TEST_OK(err, ways[i](group, WAIT_MS, &err));
        CV_TEST_OK(err, linux_cgroup_wait_empty(group, WAIT_MS, &err));
        assert_true(cv_clock_monotonic_ms() - start < HOPPER_MS); /* they were killed, they did not end by themselves */
        reap_all();
    }
    check_empty_and_remove();
}

static int answers[2];

static void answer(void)
{
    for (;;)
        if (write(answers[1], "x", 1) != 1)
            _exit(1);
}

static void drain(void)
{
    char bytes[4096];

    while (read(answers[0], bytes, sizeof(bytes)) > 0)
        ;
    assert_int_equal(errno, EAGAIN);
}

static void frozen_processes_stand_still_until_thawed(void** state)
{
    struct pollfd poller;
    char          byte;

    (void)state;
    assert_int_equal(pipe2(answers, O_CLOEXEC), 0);
    assert_int_equal(fcntl(answers[0], F_SETFL, O_NONBLOCK), 0);
    poller = (struct pollfd){ .fd = answers[0], .events = POLLIN };
    start_in(group, answer);
    assert_int_equal(poll(&poller, 1, WAIT_MS), 1);
    CV_TEST_OK(err, linux_cgroup_freeze(group, WAIT_MS, &err));
    drain();
    assert_int_equal(read(answers[0], &byte, 1), -1); /* whoever is frozen writes no more */
    CV_TEST_OK(err, linux_cgroup_freeze(group, WAIT_MS, &err));
    CV_TEST_OK(err, linux_cgroup_thaw(group, WAIT_MS, &err));
    assert_int_equal(poll(&poller, 1, WAIT_MS), 1);
    CV_TEST_OK(err, linux_cgroup_thaw(group, WAIT_MS, &err));
    CV_TEST_OK(err, linux_cgroup_kill(group, WAIT_MS, &err));
    close(answers[0]);
    close(answers[1]);
    check_empty_and_remove();
}

static void an_empty_group_freezes(void** state)
{
    (void)state;
    CV_TEST_OK(err, linux_cgroup_freeze(group, WAIT_MS, &err));
    CV_TEST_OK(err, linux_cgroup_thaw(group, WAIT_MS, &err));
}

static void waiting_has_an_end(void** state)
{
    (void)state;
    start_in(group, sleep_on);
    CV_TEST_FAILS(CV_ERR_TIMEOUT, err, linux_cgroup_wait_empty(group, 20, &err));
    CV_TEST_FAILS(CV_ERR_TIMEOUT, err, linux_cgroup_remove(parent, id, 20, &err));
    assert_true(group_is_there());
    assert_int_equal(count_processes(), 1);
}

static void events_wake_a_loop(void** state)
{
    struct linux_cgroup_state events_state = { 0 };
    struct pollfd             poller       = { .events = POLLPRI };

    (void)state;
    start_in(group, sleep_on);
    CV_TEST_OK(err, linux_cgroup_open_events(group, &poller.fd, &err));
    CV_TEST_OK(err, linux_cgroup_read_events(poller.fd, &events_state, &err));
    assert_true(events_state.populated);
    assert_int_equal(poll(&poller, 1, 0), 0); /* armed: nothing new yet */
    CV_TEST_OK(err, linux_cgroup_kill(group, WAIT_MS, &err));
    assert_int_equal(poll(&poller, 1, WAIT_MS), 1);
    CV_TEST_OK(err, linux_cgroup_read_events(poller.fd, &events_state, &err));
    assert_false(events_state.populated);
    reap_all();
    CV_TEST_OK(err, linux_cgroup_remove(parent, id, WAIT_MS, &err));
    CV_TEST_OK(err, linux_cgroup_read_events(poller.fd, &events_state, &err)); /* a group that is gone is empty */
    assert_false(events_state.populated);
    close(poller.fd);
}

static void nested_groups_are_bounded_and_removed(void** state)
{
    int deepest = make_chain(group, LINUX_CGROUP_MAX_DEPTH, 0);

    (void)state;
    assert_int_equal(mkdirat(deepest, "a", 0755), -1);
    assert_int_equal(errno, EAGAIN);
    for (int i = 0; i < CHAIN; i++) {
        char name[16];
        cv_snprintf(name, sizeof(name), "b%d", i);
        assert_int_equal(mkdirat(group, name, 0755), 0);
    }
    close(deepest);
    assert_int_equal(count_processes(), 0);
    check_empty_and_remove();
}

/* Another mount of the tree as it is. A new one would set the flags of all of them anew, such as nsdelegate, for the whole machine. */
static int copy_of_the_tree(void)
{
    int root = -1;

    CHILD_OK(err, linux_mountinfo_open_cgroup2(&root, &err));
    return sys_open_tree(root, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
}

static void without_a_tree(void)
{
    int fd = -1, first, second;

    CHILD_CHECK(unshare(CLONE_NEWNS) == 0);
    CHILD_CHECK(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
    first  = copy_of_the_tree(); /* private since then: what is mounted on it appears nowhere else */
    second = copy_of_the_tree();
    CHILD_CHECK(umount2("/sys/fs/cgroup", MNT_DETACH) == 0);
    CHILD_CHECK(linux_cgroup_open_parent(NULL, &fd, &err) == CV_ERR_UNSUPPORTED);
    CHILD_CHECK(fd == -1 && strstr(err.hint, "mount") != NULL);

    /* at another place, with another mount on top of the first one: it is the one that can be reached that counts */
    CHILD_CHECK(sys_move_mount(first, "", AT_FDCWD, "/sys/fs/cgroup", MOVE_MOUNT_F_EMPTY_PATH) == 0);
    CHILD_CHECK(mount("tmpfs", "/sys/fs/cgroup", "tmpfs", 0, NULL) == 0);
    CHILD_CHECK(linux_cgroup_open_parent(NULL, &fd, &err) == CV_ERR_UNSUPPORTED);
    CHILD_CHECK(sys_move_mount(second, "", AT_FDCWD, "/mnt", MOVE_MOUNT_F_EMPTY_PATH) == 0);
    CHILD_OK(err, linux_cgroup_open_parent(NULL, &fd, &err));
    CHILD_OK(err, linux_cgroup_open(fd, id, &(int){ -1 }, &err));
}

static void the_tree_is_found_wherever_it_is(void** state)
{
    (void)state;
    run_in_child(without_a_tree);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_group_is_made_once),
        TEST(all_processes_are_killed),
        TEST(frozen_processes_are_killed),
        TEST(old_kernels_kill_all_too),
        TEST(old_kernels_kill_frozen_processes_too),
        TEST(nobody_outruns_a_kill),
        TEST(frozen_processes_stand_still_until_thawed),
        TEST(an_empty_group_freezes),
        TEST(waiting_has_an_end),
        TEST(events_wake_a_loop),
        TEST(nested_groups_are_bounded_and_removed),
        TEST(the_tree_is_found_wherever_it_is),
    };

    /* orphans of the test come to it, so that it can wait for them */
    if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0 || linux_cgroup_open_parent(NULL, &parent, &err) < 0) {
        fprintf(stderr, "test-cgroup: %s\n", err.text);
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
