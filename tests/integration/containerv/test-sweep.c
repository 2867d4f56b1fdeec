/* What a guardian that was killed left is swept by the next create of anybody, and only then is each run folder looked at. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cv/file.h>
#include <cv/str.h>

#include "suite.h"

static char run_dir[64];

static const char* in_run(const char* name)
{
    static char path[128];
    cv_snprintf(path, sizeof(path), "%s/%s", run_dir, name);
    return path;
}

static bool is_there(const char* name)
{
    return access(in_run(name), F_OK) == 0;
}

static void make_one(void)
{
    OK(containerv_destroy(suite_container(NULL)));
}

/* A container of another process; its guardian's number is told. */
static _Noreturn void own_container(int tell)
{
    struct containerv_options*     options = containerv_options_new();
    struct containerv_process_info init;
    size_t                         count    = 0;
    int                            guardian = 0;
    char                           path[64];
    OK(containerv_options_set_id(options, "others"));
    OK(containerv_processes(suite_container(options), &init, 1, &count));
    cv_snprintf(path, sizeof(path), "/proc/%d/stat", (int)init.pid);
    FILE* file = fopen(path, "re");
    if (file == NULL || fscanf(file, "%*d (%*[^)]) %*c %d", &guardian) != 1
        || write(tell, &guardian, sizeof(guardian)) != sizeof(guardian))
        _exit(1);
    for (;;)
        pause();
}

/* The guardian first: it can't take anything away. It is our child then. */
static void kill_another_guardian(void)
{
    int ends[2], guardian = 0;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t caller = fork();
    if (caller == 0)
        own_container(ends[1]);
    close(ends[1]);
    assert_int_equal(read(ends[0], &guardian, sizeof(guardian)), sizeof(guardian));
    close(ends[0]);
    kill(guardian, SIGKILL);
    assert_int_equal(waitpid(guardian, NULL, __WALL), guardian);
    kill(caller, SIGKILL);
    assert_int_equal(waitpid(caller, NULL, 0), caller);
    assert_true(is_there("c-others"));
}

static void sweeps_follow_deaths(void** state)
{
    (void)state;
    for (int i = 0; i < 3; i++) /* from the second on it watches */
        make_one();
    assert_int_equal(mkdir(in_run("c-unnoticed"), 0700), 0); /* a dead one's, but for the death */
    make_one();
    assert_true(is_there("c-unnoticed"));
    kill_another_guardian();
    make_one();
    assert_false(is_there("c-unnoticed"));
    assert_false(is_there("c-others"));
}

static void the_same_id_is_always_swept(void** state)
{
    struct containerv_options* options = containerv_options_new();
    (void)state;
    make_one();
    assert_int_equal(mkdir(in_run("c-same"), 0700), 0);
    assert_int_equal(mkdir(in_run("c-same/old"), 0700), 0);
    OK(containerv_options_set_id(options, "same"));
    struct containerv_container* container = suite_container(options);
    assert_false(is_there("c-same/old"));
    OK(containerv_destroy(container));
}

static const char* common_id(void)
{
    static char id[32];
    cv_snprintf(id, sizeof(id), "common-%d", (int)getpid());
    return id;
}

/* Until the pipe's other end is closed; ends with 0 when its container lives then. */
static _Noreturn void live_elsewhere(const char* id, int ready_fd, int end_fd)
{
    struct containerv_options* options = containerv_options_new();
    char                       byte    = 0;
    setenv("CONTAINERV_RUN_DIR", in_run("elsewhere"), 1);
    setenv("CONTAINERV_STATE_DIR", in_run("state"), 1);
    OK(containerv_options_set_id(options, id));
    struct containerv_container* container = suite_container(options);
    if (write(ready_fd, "x", 1) != 1 || read(end_fd, &byte, 1) != 0)
        _exit(1);
    PRINTS("lives", container, "echo lives");
    OK(containerv_destroy(container));
    _exit(0);
}

/* Nothing but the group is common to the two: that of the living must not be killed for the dead one's sake. */
static void one_that_lives_with_another_run_folder_is_left_alone(void** state)
{
    struct containerv_options*   options   = containerv_options_new();
    struct containerv_container* container = NULL;
    int                          ready[2], end[2], status = -1;
    char                         byte, path[64];
    const char*                  id = common_id();
    (void)state;
    assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
    assert_int_equal(pipe2(end, O_CLOEXEC), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        close(end[1]);
        live_elsewhere(id, ready[1], end[0]);
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    cv_snprintf(path, sizeof(path), "c-%s", id);
    assert_int_equal(mkdir(in_run(path), 0700), 0); /* a dead one's */
    OK(containerv_options_set_id(options, id));
    FAILS(CV_ERR_STATE, containerv_create(suite_rootfs(), options, &container));
    containerv_options_delete(options);
    assert_non_null(strstr(containerv_error_last()->text, "another one"));
    close(end[1]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    close(ready[0]);
    close(end[0]);
    make_one();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sweeps_follow_deaths),
        cmocka_unit_test(the_same_id_is_always_swept),
        cmocka_unit_test(one_that_lives_with_another_run_folder_is_left_alone),
    };
    cv_snprintf(run_dir, sizeof(run_dir), "/tmp/cv-sweep-XXXXXX");
    if (mkdtemp(run_dir) == NULL || prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
        return 1;
    setenv("CONTAINERV_RUN_DIR", run_dir, 1);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    cv_tree_remove(run_dir, NULL);
    return failed;
}
