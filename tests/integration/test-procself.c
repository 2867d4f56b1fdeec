/* What a container has mounted over its /proc must not get what is written to it, nor keep it from the kernel. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cv-test/support.h>
#include <cv/file.h>

#include "child.h"
#include "linux/procself.h"

static const char file[] = "oom_score_adj";

static bool content_is(const char* path, const char* expected)
{
    char    text[32] = "";
    int     fd       = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n        = read(fd, text, sizeof(text) - 1);
    close(fd);
    return n >= 0 && strcmp(text, expected) == 0;
}

static bool in_own_mounts(void)
{
    return unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

static void what_is_there_is_written(void)
{
    CHILD_CHECK(linux_procself_write(file, "321") == 0);
    CHILD_CHECK(content_is("/proc/self/oom_score_adj", "321\n"));
    CHILD_CHECK(linux_procself_write("no-such-file", "1") == -1 && errno == ENOENT);
}

static void a_file_over_it_is_not_written(void)
{
    const char* trap = cv_test_path("trap");
    CHILD_CHECK(cv_file_write(trap, "empty", 5, 0600, 0, NULL) == 0);
    CHILD_CHECK(in_own_mounts());
    CHILD_CHECK(mount(trap, "/proc/self/oom_score_adj", NULL, MS_BIND, NULL) == 0);
    CHILD_CHECK(linux_procself_write(file, "322") == -1 && errno == EXDEV);
    CHILD_CHECK(content_is(trap, "empty"));
}

/* CVE-2019-16884: a mount on the folder, with a harmless file of the name inside. */
static void another_proc_file_over_it_is_not_written(void)
{
    CHILD_CHECK(in_own_mounts());
    CHILD_CHECK(mount("/proc/self/comm", "/proc/self/oom_score_adj", NULL, MS_BIND, NULL) == 0);
    CHILD_CHECK(linux_procself_write(file, "323") == -1 && errno == EXDEV);
    CHILD_CHECK(!content_is("/proc/self/comm", "323\n"));
}

static void what_is_mounted_on_all_of_it_is_passed_by(void)
{
    CHILD_CHECK(in_own_mounts());
    CHILD_CHECK(mount("none", "/proc", "tmpfs", 0, NULL) == 0);
    CHILD_CHECK(linux_procself_write(file, "324") == 0);
    CHILD_CHECK(umount2("/proc", 0) == 0);
    CHILD_CHECK(content_is("/proc/self/oom_score_adj", "324\n"));
}

/* A folder of procfs that is not its root. */
static void a_part_of_it_in_its_place_is_passed_by(void)
{
    CHILD_CHECK(in_own_mounts());
    CHILD_CHECK(mount("/proc/sys", "/proc", NULL, MS_BIND, NULL) == 0);
    CHILD_CHECK(linux_procself_write(file, "325") == 0);
    CHILD_CHECK(umount2("/proc", 0) == 0);
    CHILD_CHECK(content_is("/proc/self/oom_score_adj", "325\n"));
}

#define IN_CHILD(part)                                                                                                 \
    static void test_##part(void** state)                                                                              \
    {                                                                                                                  \
        (void)state;                                                                                                   \
        run_in_child(part);                                                                                            \
    }

IN_CHILD(what_is_there_is_written)
IN_CHILD(a_file_over_it_is_not_written)
IN_CHILD(another_proc_file_over_it_is_not_written)
IN_CHILD(what_is_mounted_on_all_of_it_is_passed_by)
IN_CHILD(a_part_of_it_in_its_place_is_passed_by)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_there_is_written),
        cmocka_unit_test(test_a_file_over_it_is_not_written),
        cmocka_unit_test(test_another_proc_file_over_it_is_not_written),
        cmocka_unit_test(test_what_is_mounted_on_all_of_it_is_passed_by),
        cmocka_unit_test(test_a_part_of_it_in_its_place_is_passed_by),
    };

    return cmocka_run_group_tests(tests, cv_test_setup, cv_test_teardown);
}
