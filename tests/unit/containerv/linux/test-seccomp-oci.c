/* linux.seccomp of documents: what the program says to calls, and what is refused. */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cv-test/support.h>
#include <cv/macros.h>
#include <cv/str.h>
#include <errno.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "linux/seccomp-names.h"
#include "linux/seccomp.h"

#define ALLOW    SECCOMP_ACTION_ALLOW
#define ERRNO(n) (SECCOMP_ACTION_ERRNO | (n))

static int compile_for(bool runtime, const char* seccomp, struct linux_seccomp_filter* filter, struct cv_error* err)
{
    CV_CLEANUP(cv_spec_freep) struct cv_spec* spec = NULL;
    char                                      text[4096];

    CV_TEST_OK(
        *err, cv_snprintf(text, sizeof(text),
                  "{\"ociVersion\":\"1.2.0\",\"org.containerv\":{\"seccomp\":\"spec\"},\"linux\":{\"seccomp\":%s}}",
                  seccomp));
    CV_TEST_OK(*err, cv_spec_parse(text, strlen(text), &spec, err));
    spec->ext.bare = runtime;
    return linux_seccomp_compile(spec, 0, filter, err);
}

static int compile(const char* seccomp, struct linux_seccomp_filter* filter, struct cv_error* err)
{
    return compile_for(false, seccomp, filter, err);
}

static uint32_t ask(
    const struct linux_seccomp_filter* filter, const char* arch_name, const char* name, const uint64_t* args)
{
    struct cv_error           err    = CV_ERROR_INIT;
    const struct filter_arch* arch   = filter_arch_by_name(arch_name);
    struct seccomp_call       call   = { .arch = arch->audit };
    uint32_t                  number = 9999, action = 1;

    filter_number(arch, name, &number);
    call.number = (int32_t)number;
    memcpy(call.args, args, sizeof(call.args));
    CV_TEST_OK(err, seccomp_program_run(filter->code, filter->count, &call, &action, &err));
    return action;
}

#define X64 "SCMP_ARCH_X86_64"
#define X86 "SCMP_ARCH_X86"
#define X32 "SCMP_ARCH_X32"

/* Of x86-64, where these tests run; ask() elsewhere would look for programs that aren't there. */
static const struct sample {
    const char* seccomp;
    const char *arch, *name;
    uint64_t    args[SECCOMP_ARGS_MAX];
    uint32_t    action;
} samples[] = {
    { "{\"defaultAction\":\"SCMP_ACT_ALLOW\"}", X64, "read", { 0 }, ALLOW },
    { "{\"defaultAction\":\"SCMP_ACT_ALLOW\"}", X86, "read", { 0 }, SECCOMP_ACTION_KILL_PROCESS },
    { "{\"defaultAction\":\"SCMP_ACT_ALLOW\"}", X32, "read", { 0 }, SECCOMP_ACTION_KILL_PROCESS },
    { "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"SCMP_ARCH_X86\"]}", X64, "read", { 0 }, ALLOW },
    { "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"SCMP_ARCH_X86\"]}", X86, "read", { 0 }, ALLOW },
    { "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"SCMP_ARCH_X32\"]}", X32, "read", { 0 }, ALLOW },
    { "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"SCMP_ARCH_S390X\"]}", X64, "read", { 0 }, ALLOW },
    { "{\"defaultAction\":\"SCMP_ACT_ERRNO\"}", X64, "read", { 0 }, ERRNO(1) },
    { "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":38}", X64, "read", { 0 }, ERRNO(38) },
    { "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":0}", X64, "read", { 0 }, ERRNO(0) },
    { "{\"defaultAction\":\"SCMP_ACT_KILL\"}", X64, "read", { 0 }, SECCOMP_ACTION_KILL_THREAD },
    { "{\"defaultAction\":\"SCMP_ACT_KILL_THREAD\"}", X64, "read", { 0 }, SECCOMP_ACTION_KILL_THREAD },
    { "{\"defaultAction\":\"SCMP_ACT_KILL_PROCESS\"}", X64, "read", { 0 }, SECCOMP_ACTION_KILL_PROCESS },
    { "{\"defaultAction\":\"SCMP_ACT_TRAP\"}", X64, "read", { 0 }, SECCOMP_ACTION_TRAP },
    { "{\"defaultAction\":\"SCMP_ACT_LOG\"}", X64, "read", { 0 }, SECCOMP_ACTION_LOG },
    { "{\"defaultAction\":\"SCMP_ACT_TRACE\",\"defaultErrnoRet\":7}", X64, "read", { 0 }, SECCOMP_ACTION_TRACE | 7 },
#define TWO(first, second)                                                                                             \
    "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"architectures\":[\"SCMP_ARCH_X86\"],\"syscalls\":[" first "," second "]}"
#define ROW(name, action, more) "{\"names\":[\"" name "\"],\"action\":\"SCMP_ACT_" action "\"" more "}"
#define ARG(index, op, value, two)                                                                                     \
    ",\"args\":[{\"index\":" #index ",\"value\":" #value ",\"valueTwo\":" #two ",\"op\":\"SCMP_CMP_" op "\"}]"
    { TWO(ROW("read", "ALLOW", ""), ROW("write", "ERRNO", ",\"errnoRet\":5")), X64, "read", { 0 }, ALLOW },
    { TWO(ROW("read", "ALLOW", ""), ROW("write", "ERRNO", ",\"errnoRet\":5")), X64, "write", { 0 }, ERRNO(5) },
    { TWO(ROW("read", "ALLOW", ""), ROW("write", "ERRNO", ",\"errnoRet\":5")), X86, "write", { 0 }, ERRNO(5) },
    { TWO(ROW("read", "ALLOW", ""), ROW("write", "ERRNO", ",\"errnoRet\":5")), X64, "close", { 0 }, ERRNO(1) },
    /* the strictest counts, whatever the order */
    { TWO(ROW("read", "ALLOW", ""), ROW("read", "ERRNO", ",\"errnoRet\":5")), X64, "read", { 0 }, ERRNO(5) },
    { TWO(ROW("read", "ERRNO", ",\"errnoRet\":5"), ROW("read", "ALLOW", "")), X64, "read", { 0 }, ERRNO(5) },
    { TWO(ROW("read", "KILL_PROCESS", ""), ROW("read", "KILL", "")), X64, "read", { 0 }, SECCOMP_ACTION_KILL_PROCESS },
    /* what says the default is no rule */
    { TWO(ROW("read", "ERRNO", ""), ROW("read", "ALLOW", ARG(0, "EQ", 3, 0))), X64, "read", { 3 }, ALLOW },
    { TWO(ROW("read", "ERRNO", ""), ROW("read", "ALLOW", ARG(0, "EQ", 3, 0))), X64, "read", { 4 }, ERRNO(1) },
    { TWO(ROW("read", "ERRNO", ""), ROW("read", "ALLOW", ARG(0, "EQ", 3, 0))), X64, "read", { UINT64_C(0x100000003) },
        ERRNO(1) },
    { TWO(ROW("read", "ALLOW", ARG(5, "NE", 3, 0)), ROW("x", "ALLOW", "")), X64, "read", { 0, 0, 0, 0, 0, 3 },
        ERRNO(1) },
    { TWO(ROW("read", "ALLOW", ARG(5, "NE", 3, 0)), ROW("x", "ALLOW", "")), X64, "read", { 3 }, ALLOW },
    { TWO(ROW("read", "ALLOW", ARG(1, "LT", 3, 0)), ROW("x", "ALLOW", "")), X64, "read", { 0, 2 }, ALLOW },
    { TWO(ROW("read", "ALLOW", ARG(1, "LT", 3, 0)), ROW("x", "ALLOW", "")), X64, "read", { 0, 3 }, ERRNO(1) },
    { TWO(ROW("read", "ALLOW", ARG(1, "LE", 3, 0)), ROW("x", "ALLOW", "")), X64, "read", { 0, 3 }, ALLOW },
    { TWO(ROW("read", "ALLOW", ARG(1, "GE", 3, 0)), ROW("x", "ALLOW", "")), X64, "read", { 0, 3 }, ALLOW },
    { TWO(ROW("read", "ALLOW", ARG(1, "GT", 3, 0)), ROW("x", "ALLOW", "")), X64, "read", { 0, 3 }, ERRNO(1) },
    { TWO(ROW("clone", "ALLOW", ARG(0, "MASKED_EQ", 2114060288, 0)), ROW("x", "ALLOW", "")), X64, "clone", { 17 },
        ALLOW },
    { TWO(ROW("clone", "ALLOW", ARG(0, "MASKED_EQ", 2114060288, 0)), ROW("x", "ALLOW", "")), X64, "clone",
        { 0x10000011 }, ERRNO(1) },
    { TWO(ROW("read", "ALLOW", ARG(0, "MASKED_EQ", 6, 2)), ROW("x", "ALLOW", "")), X64, "read", { 0xb }, ALLOW },
    /* 32-bit x86's second way */
    { TWO(ROW("socket", "ALLOW", ""), ROW("x", "ALLOW", "")), X86, "socket", { 1 }, ALLOW },
    { TWO(ROW("socket", "ALLOW", ""), ROW("x", "ALLOW", "")), X86, "socketcall", { 1 }, ALLOW },
    { TWO(ROW("socket", "ALLOW", ""), ROW("x", "ALLOW", "")), X86, "socketcall", { 2 }, ERRNO(1) },
    { TWO(ROW("socket", "KILL", ""), ROW("socketcall", "ALLOW", "")), X86, "socketcall", { 1 },
        SECCOMP_ACTION_KILL_THREAD },
    { TWO(ROW("socket", "KILL", ""), ROW("socketcall", "ALLOW", "")), X86, "socketcall", { 2 }, ALLOW },
    { TWO(ROW("socket", "ALLOW", ARG(0, "EQ", 1, 0)), ROW("x", "ALLOW", "")), X86, "socketcall", { 1 }, ERRNO(1) },
    { TWO(ROW("shmget", "KILL", ARG(0, "EQ", 1, 0)), ROW("ipc", "ALLOW", "")), X86, "ipc", { 23 },
        SECCOMP_ACTION_KILL_THREAD },
};

static void documents_mean_what_they_say(void** state)
{
    size_t count = 0;
    (void)state;

    if (strcmp(filter_arch_native(&count)[0]->oci_name, X64) != 0) {
        print_message("written for x86-64\n");
        skip();
    }
    for (size_t i = 0; i < CV_ARRAY_LEN(samples); i++) {
        struct cv_error             err    = CV_ERROR_INIT;
        struct linux_seccomp_filter filter = { 0 };
        uint32_t                    action;
        CV_TEST_OK(err, compile(samples[i].seccomp, &filter, &err));
        action = ask(&filter, samples[i].arch, samples[i].name, samples[i].args);
        if (action != samples[i].action)
            fail_msg("%s: %s(%llx) is %#x, wanted %#x", samples[i].seccomp, samples[i].name,
                (unsigned long long)samples[i].args[0], action, samples[i].action);
        linux_seccomp_release(&filter);
    }
}

static const struct {
    const char* seccomp;
    int         code;
} wrong[] = {
    { "{\"defaultAction\":\"SCMP_ACT_NOTIFY\"}", CV_ERR_UNSUPPORTED },
    { "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"listenerPath\":\"/x\"}", CV_ERR_UNSUPPORTED },
    { "{\"defaultAction\":\"SCMP_ACT_NOTHING\"}", CV_ERR_INVALID },
    { "{\"defaultAction\":\"\"}", CV_ERR_INVALID },
    { "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"defaultErrnoRet\":1}", CV_ERR_INVALID },
    { "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":4096}", CV_ERR_INVALID },
    { "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"SCMP_ARCH_PDP11\"]}", CV_ERR_INVALID },
    { "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"flags\":[\"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV\"]}",
        CV_ERR_UNSUPPORTED },
    { "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"flags\":[\"x\"]}", CV_ERR_UNSUPPORTED },
    { TWO(ROW("read", "NOTIFY", ""), ROW("write", "ALLOW", "")), CV_ERR_UNSUPPORTED },
    { TWO(ROW("read", "ALLOW", ",\"errnoRet\":5"), ROW("write", "ALLOW", "")), CV_ERR_INVALID },
    { TWO(ROW("read", "ERRNO", ",\"errnoRet\":70000"), ROW("write", "ALLOW", "")), CV_ERR_INVALID },
    { TWO(ROW("read", "ALLOW", ARG(0, "ABOUT", 1, 0)), ROW("write", "ALLOW", "")), CV_ERR_INVALID },
    { TWO("{\"names\":[],\"action\":\"SCMP_ACT_ALLOW\"}", ROW("write", "ALLOW", "")), CV_ERR_INVALID },
    { TWO(ROW("read", "ALLOW",
              ",\"args\":[{\"index\":0,\"value\":1,\"op\":\"SCMP_CMP_GE\"},{\"index\":0,\"value\":9,\"op\":\"SCMP_CMP_"
              "LE\"}]"),
          ROW("write", "ALLOW", "")),
        CV_ERR_UNSUPPORTED },
    { "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[" ROW("no_such_call", "ERRNO", "") "]}",
        CV_ERR_UNSUPPORTED },
};

static void what_cannot_be_done_is_refused(void** state)
{
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(wrong); i++) {
        struct cv_error             err    = CV_ERROR_INIT;
        struct linux_seccomp_filter filter = { 0 };
        int                         rc     = compile(wrong[i].seccomp, &filter, &err);
        if (rc != wrong[i].code || err.code != rc || err.text[0] == '\0')
            fail_msg("%s: %d (%s), wanted %d", wrong[i].seccomp, rc, err.text, wrong[i].code);
        assert_null(filter.code);
    }
}

static void errors_name_the_entry(void** state)
{
    struct cv_error             err    = CV_ERROR_INIT;
    struct linux_seccomp_filter filter = { 0 };
    (void)state;

    CV_TEST_FAILS(CV_ERR_INVALID, err,
        compile(TWO(ROW("read", "ALLOW", ""), ROW("write", "ALLOW", ARG(0, "ABOUT", 1, 0))), &filter, &err));
    assert_non_null(strstr(err.text, "linux.seccomp.syscalls[1]: args[0]: "));
}

static int call_getppid(const struct linux_seccomp_filter* filter)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || linux_seccomp_install(filter, NULL, NULL) < 0)
        return 200;
    return syscall(SYS_getppid) == -1 ? errno : 0;
}

static void the_kernel_takes_it_with_its_flags(void** state)
{
    struct cv_error             err    = CV_ERROR_INIT;
    struct linux_seccomp_filter filter = { 0 };
    int                         status = -1;
    pid_t                       child;
    (void)state;

    CV_TEST_OK(err, compile("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"flags\":[\"SECCOMP_FILTER_FLAG_TSYNC\","
                            "\"SECCOMP_FILTER_FLAG_LOG\",\"SECCOMP_FILTER_FLAG_SPEC_ALLOW\"],\"syscalls\":["
                            "{\"names\":[\"getppid\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":77}]}",
                        &filter, &err));
    assert_int_equal(filter.flags, 7);
    child = fork();
    if (child == 0)
        _exit(call_getppid(&filter));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 77);
    linux_seccomp_release(&filter);
}

/* What an OCI runtime's callers send, and our own don't. */
#define LISTEN                "\"listenerPath\":\"/agent\","
#define ALLOW_BUT(more, rows) "{\"defaultAction\":\"SCMP_ACT_ALLOW\"," more "\"syscalls\":[" rows "]}"
#define FLAGS(names)          "\"flags\":[" names "],"
#define KILLABLE              FLAGS("\"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV\",\"SECCOMP_FILTER_FLAG_TSYNC\"")

static const struct {
    const char* seccomp;
    int         code;
    uint32_t    flags; /* 1 TSYNC, 8 NEW_LISTENER, 16 TSYNC_ESRCH, 32 WAIT_KILLABLE_RECV */
    uint32_t    mkdir; /* what becomes of it */
} runtimes[] = {
    { ALLOW_BUT(LISTEN, ROW("mkdir", "NOTIFY", "")), 0, 8, SECCOMP_ACTION_NOTIFY },
    { ALLOW_BUT(LISTEN KILLABLE, ROW("mkdir", "NOTIFY", "")), 0, 1 | 8 | 16 | 32, SECCOMP_ACTION_NOTIFY },
    { ALLOW_BUT(KILLABLE, ROW("mkdir", "ERRNO", "")), 0, 1, ERRNO(1) },
    { ALLOW_BUT(LISTEN, ROW("mkdir", "ERRNO", "")), 0, 0, ERRNO(1) }, /* OCI: nobody asks, the path is ignored */
    { ALLOW_BUT(LISTEN, ROW("mkdir", "NOTIFY", "") "," ROW("mkdir", "ERRNO", "")), 0, 8, ERRNO(1) },
    { ALLOW_BUT(LISTEN, ROW("mkdir", "TRACE", "") "," ROW("mkdir", "NOTIFY", "")), 0, 8, SECCOMP_ACTION_NOTIFY },
    { ALLOW_BUT("", ROW("mkdir", "NOTIFY", "")), CV_ERR_INVALID, 0, 0 },
    { ALLOW_BUT(LISTEN, ROW("mkdir", "NOTIFY", ",\"errnoRet\":1")), CV_ERR_INVALID, 0, 0 },
    { ALLOW_BUT(LISTEN, ROW("no_such_call", "NOTIFY", "")), CV_ERR_UNSUPPORTED, 0, 0 },
    { "{\"defaultAction\":\"SCMP_ACT_NOTIFY\"}", CV_ERR_INVALID, 0, 0 },
};

static void a_runtime_may_have_a_listener(void** state)
{
    const uint64_t none[SECCOMP_ARGS_MAX] = { 0 };
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(runtimes); i++) {
        struct cv_error             err    = CV_ERROR_INIT;
        struct linux_seccomp_filter filter = { 0 };
        int                         rc     = compile_for(true, runtimes[i].seccomp, &filter, &err);
        if (rc != runtimes[i].code)
            fail_msg("%s: %d (%s), wanted %d", runtimes[i].seccomp, rc, err.text, runtimes[i].code);
        if (rc == 0) {
            assert_int_equal(filter.flags, runtimes[i].flags);
            assert_int_equal(ask(&filter, X64, "mkdir", none), runtimes[i].mkdir);
        }
        linux_seccomp_release(&filter);
    }
}

/* Two conditions on one argument: each for itself, as runc and crun have it. */
static void a_runtime_splits_repeated_arguments(void** state)
{
    static const char document[] = ALLOW_BUT("",
        "{\"names\":[\"getppid\"],\"action\":\"SCMP_ACT_ERRNO\",\"args\":["
        "{\"index\":1,\"value\":4,\"op\":\"SCMP_CMP_EQ\"},{\"index\":1,\"value\":9,\"op\":\"SCMP_CMP_EQ\"}]}");
    static const struct {
        uint64_t args[SECCOMP_ARGS_MAX];
        uint32_t action;
    } calls[]                          = { { { 0, 4 }, ERRNO(1) }, { { 0, 9 }, ERRNO(1) }, { { 4, 5 }, ALLOW } };
    struct cv_error             err    = CV_ERROR_INIT;
    struct linux_seccomp_filter filter = { 0 };
    (void)state;
    CV_TEST_OK(err, compile_for(true, document, &filter, &err));
    for (size_t i = 0; i < CV_ARRAY_LEN(calls); i++)
        assert_int_equal(ask(&filter, X64, "getppid", calls[i].args), calls[i].action);
    linux_seccomp_release(&filter);
}

/* Nobody can be asked before the descriptor is given away, which takes these two; later he may be. */
static void a_listener_needs_its_two_calls(void** state)
{
    static const struct {
        const char *row, *refused;
    } rows[] = {
        { ROW("mkdir", "NOTIFY", ""), NULL },
        { ROW("execve", "NOTIFY", ""), NULL },
        { ROW("sendmsg", "NOTIFY", ""), "sendmsg" },
        { ROW("recvmsg", "NOTIFY", ""), "recvmsg" },
        { ROW("mkdir", "NOTIFY", "") "," ROW("sendmsg", "ERRNO", ""), "sendmsg" },
        { ROW("mkdir", "ERRNO", "") "," ROW("sendmsg", "ERRNO", ""), NULL },
    };
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(rows); i++) {
        char                        document[1024];
        struct cv_error             err    = CV_ERROR_INIT;
        struct linux_seccomp_filter filter = { 0 };
        assert_int_equal(cv_snprintf(document, sizeof(document), ALLOW_BUT(LISTEN, "%s"), rows[i].row), 0);
        CV_TEST_OK(err, compile_for(true, document, &filter, &err));
        int rc = linux_seccomp_check_start(&filter, true, &err);
        assert_int_equal(rc, rows[i].refused != NULL ? CV_ERR_INVALID : 0);
        if (rc < 0)
            assert_string_equal(err.object, rows[i].refused);
        linux_seccomp_release(&filter);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(documents_mean_what_they_say),
        cmocka_unit_test(what_cannot_be_done_is_refused),
        cmocka_unit_test(errors_name_the_entry),
        cmocka_unit_test(the_kernel_takes_it_with_its_flags),
        cmocka_unit_test(a_runtime_may_have_a_listener),
        cmocka_unit_test(a_runtime_splits_repeated_arguments),
        cmocka_unit_test(a_listener_needs_its_two_calls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
