/* The filter beside Landlock's rules for TCP: what it says to calls of each architecture, and docker's form through to a program. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <chef/containerv/policy.h>
#include <cv-test/support.h>
#include <cv/macros.h>

#include "linux/seccomp-names.h"
#include "linux/seccomp.h"

#include <cv/banned.h>

#define ALLOW  SECCOMP_ACTION_ALLOW
#define REFUSE (SECCOMP_ACTION_ERRNO | EACCES)
#define X64    "SCMP_ARCH_X86_64"
#define X86    "SCMP_ARCH_X86"
#define X32    "SCMP_ARCH_X32"

static uint32_t ask(
    const struct linux_seccomp_filter* filter, const char* arch_name, uint32_t number, const uint64_t* args)
{
    struct cv_error           err    = CV_ERROR_INIT;
    const struct filter_arch* arch   = filter_arch_by_name(arch_name);
    struct seccomp_call       call   = { .arch = arch->audit, .number = (int32_t)number };
    uint32_t                  action = 1;

    memcpy(call.args, args, sizeof(call.args));
    CV_TEST_OK(err, seccomp_program_run(filter->code, filter->count, &call, &action, &err));
    return action;
}

static const struct {
    const char *arch, *name;
    uint64_t    args[SECCOMP_ARGS_MAX];
    uint32_t    action;
} rows[] = {
    { X64, "socket", { 2, 1, 0 }, ALLOW },
    { X64, "socket", { 2, 1, 6 }, ALLOW },
    { X64, "socket", { 1, 1, 0 }, ALLOW },
    { X64, "socket", { 2, 1, 262 }, REFUSE },
    { X64, "socket", { 10, 1, 262 }, REFUSE },
    { X64, "socket", { UINT64_C(0x700000002), 1, UINT64_C(0x900000106) }, REFUSE }, /* the kernel takes 32 bits */
    { X64, "socket", { 16, 1, 262 }, ALLOW },                                       /* netlink counts otherwise */
    { X64, "socket", { 10, 1, 256 }, REFUSE },
    { X64, "socket", { 43, 1, 0 }, REFUSE },
    { X64, "sendto", { 3, 0, 0, 0x20000000 }, REFUSE },
    { X64, "sendto", { 3, 0, 0, 0x20004000 }, REFUSE },
    { X64, "sendto", { 3, 0, 0, 0x4000 }, ALLOW },
    { X64, "sendmsg", { 3, 0, 0x20000000 }, REFUSE },
    { X64, "sendmsg", { 3, 0, 0 }, ALLOW },
    { X64, "sendmmsg", { 3, 0, 1, 0x20000000 }, REFUSE },
    { X64, "io_uring_setup", { 1, 0 }, REFUSE },
    { X64, "openat", { 0 }, ALLOW },
    { X86, "socket", { 2, 1, 262 }, REFUSE },
    { X86, "socket", { 2, 1, 6 }, ALLOW },
    { X86, "socketcall", { 1 }, REFUSE }, /* its arguments can't be seen */
    { X86, "socketcall", { 3 }, ALLOW },
    { X86, "socketcall", { 11 }, REFUSE },
    { X86, "sendto", { 3, 0, 0, 0x20000000 }, REFUSE },
    { X32, "socket", { 2, 1, 262 }, REFUSE },
    { X32, "socket", { 2, 1, 6 }, ALLOW },
    { X32, "sendmsg", { 3, 0, 0x20000000 }, REFUSE },
};

static void ways_around_the_rules_are_closed(void** state)
{
    CV_CLEANUP(cv_spec_freep) struct cv_spec* spec   = cv_spec_new();
    struct linux_seccomp_filter               filter = { 0 };
    struct cv_error                           err    = CV_ERROR_INIT;
    size_t                                    count  = 0;

    (void)state;
    CV_TEST_OK(err, cv_spec_add_landlock_tcp(spec, 80, CV_ACCESS_CONNECT, &err));
    CV_TEST_OK(err, linux_seccomp_compile_tcp(spec, &filter, &err));
    const bool here = strcmp(filter_arch_native(&count)[0]->oci_name, X64) == 0;
    for (size_t i = 0; here && i < CV_ARRAY_LEN(rows); i++) {
        uint32_t number = 102; /* socketcall: libseccomp gives its number no name */
        if (strcmp(rows[i].name, "socketcall") != 0)
            assert_true(filter_number(filter_arch_by_name(rows[i].arch), rows[i].name, &number));
        uint32_t action = ask(&filter, rows[i].arch, number, rows[i].args);
        if (action != rows[i].action)
            fail_msg("row %zu: %s of %s gets %#x", i, rows[i].name, rows[i].arch, (unsigned)action);
    }
    linux_seccomp_release(&filter);
}

static void without_rules_there_is_no_filter(void** state)
{
    CV_CLEANUP(cv_spec_freep) struct cv_spec* spec   = cv_spec_new();
    struct linux_seccomp_filter               filter = { 0 };
    struct cv_error                           err    = CV_ERROR_INIT;

    (void)state;
    CV_TEST_OK(err, linux_seccomp_compile_tcp(spec, &filter, &err));
    assert_int_equal(filter.count, 0);
}

static struct cv_spec* docker_spec(const char* profile)
{
    struct cv_spec* spec = cv_spec_new();
    struct cv_error err  = CV_ERROR_INIT;

    CV_TEST_OK(err, cv_spec_docker_parse(profile, strlen(profile), &spec->ext.docker_seccomp, &err));
    CV_TEST_OK(err, cv_spec_set_string(&spec->ext.seccomp, "docker", &err));
    return spec;
}

#define PROFILE(default_action, rules) "{\"defaultAction\":\"" default_action "\",\"syscalls\":[" rules "]}"
#define RULE(name, action, more)       "{\"names\":[\"" name "\"],\"action\":\"" action "\"" more "}"
#define WITH_CHROOT                    ",\"includes\":{\"caps\":[\"CAP_SYS_CHROOT\"]}"

/* The capabilities change the program, also by way of the cache. */
static void a_docker_profile_becomes_a_program(void** state)
{
    static const char profile[] =
        PROFILE("SCMP_ACT_ALLOW", RULE("getpid", "SCMP_ACT_ERRNO", ",\"errnoRet\":7" WITH_CHROOT) "," RULE(
                                      "getppid", "SCMP_ACT_KILL_PROCESS", ""));
    CV_CLEANUP(cv_spec_freep) struct cv_spec* spec     = docker_spec(profile);
    const uint64_t                            none[6]  = { 0 };
    const uint64_t                            chroot[] = { UINT64_C(1) << 18, 0, UINT64_C(1) << 18 };
    size_t                                    count    = 0;
    const struct filter_arch*                 native   = filter_arch_native(&count)[0];
    uint32_t                                  getpid_number, getppid_number;

    (void)state;
    assert_true(filter_number(native, "getpid", &getpid_number) && filter_number(native, "getppid", &getppid_number));
    for (size_t i = 0; i < CV_ARRAY_LEN(chroot); i++) {
        struct linux_seccomp_filter filter = { 0 }, cached = { 0 };
        struct cv_error             err = CV_ERROR_INIT;
        CV_TEST_OK(err, linux_seccomp_compile(spec, chroot[i], &filter, &err));
        CV_TEST_OK(err, linux_seccomp_get(NULL, spec, chroot[i], &cached, &err));
        assert_int_equal(
            ask(&filter, native->oci_name, getpid_number, none), chroot[i] != 0 ? (SECCOMP_ACTION_ERRNO | 7) : ALLOW);
        assert_int_equal(ask(&filter, native->oci_name, getppid_number, none), SECCOMP_ACTION_KILL_PROCESS);
        assert_int_equal(filter.count, cached.count);
        assert_memory_equal(filter.code, cached.code, filter.count * sizeof(*filter.code));
        linux_seccomp_release(&filter);
        linux_seccomp_release(&cached);
    }
    linux_seccomp_forget();
}

static void errors_name_the_rule_of_the_profile(void** state)
{
    static const struct {
        const char* profile;
        int         code;
        const char* says;
    } bad[] = {
        { PROFILE("SCMP_ACT_ERRNO",
              RULE("read", "SCMP_ACT_ALLOW", WITH_CHROOT) "," RULE("write", "SCMP_ACT_ALLOW", ",\"errnoRet\":1")),
            CV_ERR_INVALID, "syscalls[1]: SCMP_ACT_ALLOW has no error number" },
        { PROFILE("SCMP_ACT_ALLOW", RULE("no_such_call", "SCMP_ACT_ERRNO", "")), CV_ERR_UNSUPPORTED, "no_such_call" },
        { PROFILE("SCMP_ACT_ALLOW", RULE("read", "SCMP_ACT_NOTIFY", "")), CV_ERR_UNSUPPORTED, "SCMP_ACT_NOTIFY" },
    };

    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(bad); i++) {
        CV_CLEANUP(cv_spec_freep) struct cv_spec* spec   = docker_spec(bad[i].profile);
        struct linux_seccomp_filter               filter = { 0 };
        struct cv_error                           err    = CV_ERROR_INIT;
        assert_int_equal(linux_seccomp_get(NULL, spec, 0, &filter, &err), bad[i].code);
        if (strstr(err.text, bad[i].says) == NULL)
            fail_msg("row %zu says '%s'", i, err.text);
        assert_int_equal(linux_seccomp_compile(spec, 0, &filter, &err), bad[i].code);
    }
}

/* As docker has it: an allowed name that nobody knows changes nothing. */
static void unknown_names_that_are_allowed_are_passed_over(void** state)
{
    CV_CLEANUP(cv_spec_freep)
    struct cv_spec* spec = docker_spec(PROFILE("SCMP_ACT_ERRNO", RULE("no_such_call", "SCMP_ACT_ALLOW", "")));
    struct linux_seccomp_filter filter = { 0 };
    struct cv_error             err    = CV_ERROR_INIT;

    (void)state;
    CV_TEST_OK(err, linux_seccomp_compile(spec, 0, &filter, &err));
    linux_seccomp_release(&filter);
}

/* A filter that no program could be started under is told of before there is a container. */
static void a_filter_lets_programs_start(void** state)
{
    static const struct {
        const char* profile;
        bool        no_new_privileges;
        const char* refused; /* NULL: none */
    } filters[] = {
        { PROFILE("SCMP_ACT_ALLOW", RULE("read", "SCMP_ACT_ERRNO", "")), false, NULL },
        { PROFILE("SCMP_ACT_ALLOW", RULE("execve", "SCMP_ACT_ERRNO", "")), true, "execve" },
        { PROFILE("SCMP_ACT_ALLOW", RULE("execve", "SCMP_ACT_TRAP", "")), true, "execve" },
        { PROFILE("SCMP_ACT_KILL_PROCESS", RULE("read", "SCMP_ACT_ALLOW", "")), true, "execve" },
        { PROFILE("SCMP_ACT_ERRNO", RULE("execve", "SCMP_ACT_ALLOW", "")), true, NULL },
        { PROFILE("SCMP_ACT_ERRNO", RULE("execve", "SCMP_ACT_LOG", "")), true, NULL },
        { PROFILE("SCMP_ACT_ERRNO", RULE("execve", "SCMP_ACT_ALLOW", "")), false, "setgroups" },
        { PROFILE("SCMP_ACT_ALLOW", RULE("capset", "SCMP_ACT_ERRNO", "")), false, "capset" },
        { PROFILE("SCMP_ACT_ALLOW", RULE("capset", "SCMP_ACT_ERRNO", "")), true, NULL },
    };

    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(filters); i++) {
        CV_CLEANUP(cv_spec_freep) struct cv_spec* spec   = docker_spec(filters[i].profile);
        struct linux_seccomp_filter               filter = { 0 };
        struct cv_error                           err    = CV_ERROR_INIT;
        CV_TEST_OK(err, linux_seccomp_compile(spec, 0, &filter, &err));
        int rc = linux_seccomp_check_start(&filter, filters[i].no_new_privileges, &err);
        assert_int_equal(rc, filters[i].refused != NULL ? CV_ERR_INVALID : 0);
        if (filters[i].refused != NULL)
            assert_string_equal(err.object, filters[i].refused);
        linux_seccomp_release(&filter);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ways_around_the_rules_are_closed),
        cmocka_unit_test(without_rules_there_is_no_filter),
        cmocka_unit_test(a_docker_profile_becomes_a_program),
        cmocka_unit_test(errors_name_the_rule_of_the_profile),
        cmocka_unit_test(a_filter_lets_programs_start),
        cmocka_unit_test(unknown_names_that_are_allowed_are_passed_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
