/* Names to sets, and in forks what the kernel says that a process then has. */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cv-test/support.h>
#include <cv/macros.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "linux/caps.h"

#define BIT(n) (UINT64_C(1) << (n))
enum { CHOWN = 0, SETUID = 7, NET_BIND = 10, SYS_ADMIN = 21 };

static struct cv_strv strv(char** items)
{
    struct cv_strv v = { items, 0 };
    while (items[v.count] != NULL)
        v.count++;
    return v;
}
#define LIST(...) strv((char*[]){ __VA_ARGS__, NULL })

static void names_become_bits(void** state)
{
    struct cv_error                   err    = CV_ERROR_INIT;
    struct linux_caps                 caps   = { 0 };
    const struct cv_spec_capabilities wanted = {
        .set         = true,
        .bounding    = LIST("CAP_CHOWN", "CAP_SYS_ADMIN", "CAP_NET_BIND_SERVICE"),
        .permitted   = LIST("CAP_CHOWN", "CAP_NET_BIND_SERVICE"),
        .effective   = LIST("CAP_CHOWN"),
        .inheritable = LIST("CAP_NET_BIND_SERVICE"),
        .ambient     = LIST("CAP_NET_BIND_SERVICE"),
    };
    (void)state;

    CV_TEST_OK(err, linux_caps_parse(&wanted, &caps, &err));
    assert_int_equal(caps.bounding, BIT(CHOWN) | BIT(SYS_ADMIN) | BIT(NET_BIND));
    assert_int_equal(caps.permitted, BIT(CHOWN) | BIT(NET_BIND));
    assert_int_equal(caps.effective, BIT(CHOWN));
    assert_int_equal(caps.inheritable, BIT(NET_BIND));
    assert_int_equal(caps.ambient, BIT(NET_BIND));
}

static void nothing_given_is_nothing(void** state)
{
    struct cv_error                   err    = CV_ERROR_INIT;
    struct linux_caps                 caps   = { 1, 1, 1, 1, 1 };
    const struct cv_spec_capabilities wanted = { .set = false };
    (void)state;

    CV_TEST_OK(err, linux_caps_parse(&wanted, &caps, &err));
    assert_int_equal(caps.bounding | caps.permitted | caps.effective | caps.inheritable | caps.ambient, 0);
}

static void wrong_sets_are_refused(void** state)
{
    struct cv_error                   err   = CV_ERROR_INIT;
    struct linux_caps                 caps  = { .bounding = 5 };
    const struct cv_spec_capabilities bad[] = {
        { .set = true, .bounding = LIST("CAP_NOTHING") },
        { .set = true, .ambient = LIST("chown") },
        { .set = true, .permitted = LIST("") },
        { .set = true, .bounding = LIST("CAP_CHOWN"), .effective = LIST("CAP_CHOWN") },
        { .set = true, .permitted = LIST("CAP_CHOWN"), .ambient = LIST("CAP_CHOWN") },
        { .set = true, .inheritable = LIST("CAP_CHOWN"), .ambient = LIST("CAP_CHOWN") },
    };
    (void)state;

    for (size_t i = 0; i < CV_ARRAY_LEN(bad); i++)
        CV_TEST_FAILS(CV_ERR_INVALID, err, linux_caps_parse(&bad[i], &caps, &err));
    assert_int_equal(caps.bounding, 5);
}

static void the_last_one_is_the_kernels(void** state)
{
    struct cv_error err  = CV_ERROR_INIT;
    FILE*           file = fopen("/proc/sys/kernel/cap_last_cap", "re");
    unsigned        last = 0, found = 0;
    (void)state;

    assert_non_null(file);
    assert_int_equal(fscanf(file, "%u", &last), 1);
    fclose(file);
    CV_TEST_OK(err, linux_caps_last(&found, &err));
    assert_int_equal(found, last);
}

/* What /proc says of the calling process. */
static uint64_t read_set(const char* name)
{
    FILE*              file  = fopen("/proc/self/status", "re");
    unsigned long long value = UINT64_MAX;
    char               line[256];

    while (file != NULL && fgets(line, sizeof(line), file) != NULL)
        if (strncmp(line, name, strlen(name)) == 0 && line[strlen(name)] == ':')
            value = strtoull(line + strlen(name) + 1, NULL, 16);
    if (file != NULL)
        fclose(file);
    return value;
}

/* In a fork: exit code 0 when all went well, else the number of the step. */
static int as_user(const struct linux_caps* caps, unsigned user, const struct linux_caps* expected)
{
    if (linux_caps_apply_bounding(caps, NULL) < 0)
        return 1;
    if (linux_caps_keep(NULL) < 0 || setgroups(0, NULL) < 0 || setresgid(user, user, user) < 0
        || setresuid(user, user, user) < 0)
        return 2;
    if (linux_caps_apply(caps, NULL) < 0)
        return 3;
    if (read_set("CapBnd") != expected->bounding)
        return 4;
    if (read_set("CapEff") != expected->effective || read_set("CapPrm") != expected->permitted)
        return 5;
    if (read_set("CapInh") != expected->inheritable)
        return 6;
    if (read_set("CapAmb") != expected->ambient)
        return 7;
    return prctl(PR_GET_KEEPCAPS, 0, 0, 0, 0) == 0 ? 0 : 8;
}

static void in_a_fork(const struct linux_caps* caps, unsigned user)
{
    int   status = -1;
    pid_t child;

    if (geteuid() != 0) {
        print_message("needs root\n");
        skip();
    }
    child = fork();
    if (child == 0)
        _exit(as_user(caps, user, caps));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

/* T11: the inheritable and the ambient set are empty for every user unless asked for. */
static void sets_are_exactly_those_asked_for(void** state)
{
    const uint64_t          some  = BIT(CHOWN) | BIT(SETUID);
    const struct linux_caps plain = { some, some, 0, some, 0 }, none = { 0 },
                            ambient  = { some, some, BIT(CHOWN), some, BIT(CHOWN) },
                            narrower = { some | BIT(SYS_ADMIN), BIT(CHOWN), BIT(SETUID), some, 0 };
    (void)state;

    for (unsigned user = 0; user <= 1000; user += 1000) {
        in_a_fork(&plain, user);
        in_a_fork(&none, user);
        in_a_fork(&ambient, user);
        in_a_fork(&narrower, user);
    }
}

static int grow_again(void)
{
    const struct linux_caps none = { 0 }, more = { BIT(CHOWN), BIT(CHOWN), 0, BIT(CHOWN), 0 };
    struct cv_error         err = CV_ERROR_INIT;

    if (linux_caps_apply_bounding(&none, &err) < 0 || linux_caps_apply(&none, &err) < 0)
        return 1;
    return linux_caps_apply(&more, &err) == CV_ERR_PERMISSION && err.text[0] != '\0' ? 0 : 2;
}

static void what_is_gone_stays_gone(void** state)
{
    int   status = -1;
    pid_t child;
    (void)state;

    if (geteuid() != 0) {
        print_message("needs root\n");
        skip();
    }
    child = fork();
    if (child == 0)
        _exit(grow_again());
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_become_bits),
        cmocka_unit_test(nothing_given_is_nothing),
        cmocka_unit_test(wrong_sets_are_refused),
        cmocka_unit_test(the_last_one_is_the_kernels),
        cmocka_unit_test(sets_are_exactly_those_asked_for),
        cmocka_unit_test(what_is_gone_stays_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
