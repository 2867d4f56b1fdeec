/* Filters that ask an agent: it gets the descriptor and the state, the program runs only when it has both, and then lives by its answers. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <linux/seccomp.h> /* NOLINT(readability-duplicate-include): the kernel's, not ours */
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cv-test/support.h>
#include <cv/str.h>

#include "linux/container-internal.h"
#include "linux/fd.h"
#include "linux/seccomp-notify.h"
#include "linux/seccomp.h"

enum { PATIENCE_MS = 20000, TEXT_MAX = 4096 };

static const char state_text[] =
    "{\"ociVersion\":\"1.2.0\",\"id\":\"x\",\"status\":\"creating\",\"pid\":1,\"bundle\":\"/b\"}";

static struct cv_error             err;
static struct cv_spec*             spec;
static struct linux_seccomp_filter filter;
static int                         null_fd = -1;

/* mkdir is asked for; the program makes a folder, and tells how that went. */
static void make_spec(const char* socket_path, bool no_new_privileges)
{
    char* text = cv_asprintf(&err,
        "{\"ociVersion\":\"1.2.0\",\"process\":{\"cwd\":\"/\",\"args\":[\"/bin/sh\",\"-c\",\"mkdir /proc/cv-test; exit "
        "$?\"],"
        "\"env\":[\"PATH=/bin\",\"LC_ALL=C\"],\"noNewPrivileges\":%s,\"capabilities\":{}},\"linux\":{\"seccomp\":{"
        "\"defaultAction\":\"SCMP_ACT_ALLOW\",\"listenerPath\":\"%s\",\"listenerMetadata\":\"for \\\"you\\\"\","
        "\"syscalls\":[{\"names\":[\"mkdir\",\"mkdirat\"],\"action\":\"SCMP_ACT_NOTIFY\"}]}},"
        "\"org.containerv\":{\"seccomp\":\"spec\"}}",
        no_new_privileges ? "true" : "false", socket_path);

    assert_non_null(text);
    CV_TEST_OK(err, cv_spec_parse(text, strlen(text), &spec, &err));
    free(text);
    spec->ext.bare = true;
    CV_TEST_OK(err, linux_seccomp_compile(spec, 0, &filter, &err));
    CV_TEST_OK(err, linux_seccomp_check_start(&filter, no_new_privileges, &err));
}

static void free_spec(void)
{
    spec = cv_spec_free(spec);
    linux_seccomp_release(&filter);
}

static int listen_at(const char* path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int                fd      = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(cv_snprintf(address.sun_path, sizeof(address.sun_path), "%s", path), 0);
    unlink(path);
    assert_int_equal(bind(fd, (struct sockaddr*)&address, sizeof(address)), 0);
    assert_int_equal(listen(fd, 1), 0);
    return fd;
}

/* --- the agent, a process of its own ------------------------------------------------------------------------------------------- */

static bool is_told_all(const char* text, pid_t pid)
{
    json_t*     whole   = json_loads(text, 0, NULL);
    const char *version = NULL, *name = NULL, *metadata = NULL, *id = NULL;
    json_int_t  told = 0;
    int rc = json_unpack(whole, "{s:s, s:[s!], s:I, s:s, s:{s:s}!}", "ociVersion", &version, "fds", &name, "pid", &told,
        "metadata", &metadata, "state", "id", &id);
    bool right = rc == 0 && strcmp(version, "1.2.0") == 0 && strcmp(name, "seccompFd") == 0 && told == pid
                 && strcmp(metadata, "for \"you\"") == 0 && strcmp(id, "x") == 0;
    json_decref(whole);
    return right;
}

/* The first call gets this error, whatever it was. @return an exit code */
static int answer_one(int seccomp_fd, int error)
{
    struct seccomp_notif      request = { 0 };
    struct seccomp_notif_resp answer  = { .error = -error };
    if (ioctl(seccomp_fd, SECCOMP_IOCTL_NOTIF_RECV, &request) < 0)
        return 4;
    answer.id = request.id;
    return ioctl(seccomp_fd, SECCOMP_IOCTL_NOTIF_SEND, &answer) < 0 ? 5 : 0;
}

static pid_t start_agent(int listen_fd, int pid_fd, int error)
{
    pid_t agent = fork();
    if (agent != 0)
        return agent;
    char   text[TEXT_MAX];
    int    seccomp_fd = -1;
    pid_t  pid        = 0;
    size_t length     = 0;
    int    fd         = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
    long   n          = linux_fd_receive(fd, text, sizeof(text) - 1, &seccomp_fd, NULL);
    for (; n > 0 && length < sizeof(text) - 1; n = read(fd, text + length, sizeof(text) - 1 - length))
        length += (size_t)n;
    text[length] = '\0';
    if (n != 0 || seccomp_fd < 0 || read(pid_fd, &pid, sizeof(pid)) != sizeof(pid))
        _exit(2);
    _exit(!is_told_all(text, pid) ? 3 : answer_one(seccomp_fd, error));
}

/* --- the program --------------------------------------------------------------------------------------------------------------- */

static _Noreturn void be_program(int status_fd)
{
    const struct linux_start start = { .process = &spec->process, .stdio = { -1, null_fd, null_fd } };
    const struct linux_exec  what  = { .spec = spec,
          .start                             = &start,
          .seccomp                           = &filter,
          .tcp_filter                        = &(const struct linux_seccomp_filter){ 0 },
          .landlock_fd                       = -1,
          .status_fd                         = status_fd,
          .null_fd                           = null_fd };
    linux_exec(&what, NULL);
    _exit(127);
}

/* As join.c does; *code_out is how the program ended. */
static int start_program(const struct linux_seccomp_notify* notify, int pid_fd, int* code_out)
{
    int                pair[2], status = 0;
    struct linux_child child = { .pidfd = -1, .terminal_fd = -1, .notify = notify };
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    child.pid = fork();
    if (child.pid == 0)
        be_program(pair[1]);
    close(pair[1]);
    if (pid_fd >= 0)
        assert_int_equal(write(pid_fd, &child.pid, sizeof(child.pid)), sizeof(child.pid));
    err    = (struct cv_error)CV_ERROR_INIT;
    int rc = linux_container_hear_start(pair[0], &child, &err);
    close(pair[0]);
    assert_int_equal(waitpid(child.pid, &status, 0), child.pid);
    assert_true(WIFEXITED(status));
    *code_out = WEXITSTATUS(status);
    return rc;
}

static void agents_answer(bool no_new_privileges, int error, int expected)
{
    const char* path = cv_test_path("agent");
    int         told[2], code = -1, status = -1;
    make_spec(path, no_new_privileges);
    const struct linux_seccomp_notify notify = { .spec = spec, .state = state_text };
    int                               fd     = listen_at(path);
    assert_int_equal(pipe2(told, O_CLOEXEC), 0);
    pid_t agent = start_agent(fd, told[0], error);
    CV_TEST_OK(err, start_program(&notify, told[1], &code));
    assert_int_equal(waitpid(agent, &status, 0), agent);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(code, expected);
    close(told[0]);
    close(told[1]);
    close(fd);
    free_spec();
}

static void the_program_lives_by_the_agents_answers(void** state)
{
    (void)state;
    agents_answer(true, EXDEV, 1);
    agents_answer(true, 0, 0); /* the agent says that it went well */
    agents_answer(false, EXDEV, 1);
}

static void without_an_agent_it_does_not_run(void** state)
{
    int code = -1;
    (void)state;
    make_spec(cv_test_path("nobody"), true);
    const struct linux_seccomp_notify notify = { .spec = spec, .state = state_text };
    assert_int_equal(start_program(&notify, -1, &code), CV_ERR_NOT_FOUND);
    assert_non_null(strstr(err.text, "linux.seccomp.listenerPath"));
    assert_int_equal(code, 127);
    assert_int_equal(start_program(NULL, -1, &code), CV_ERR_PROTOCOL);
    assert_int_equal(code, 127);
    free_spec();
}

/* Its path may be longer than a socket's address. */
static void a_long_path_is_reached(void** state)
{
    char path[PATH_MAX], name[201];
    (void)state;
    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    int fd                 = listen_at(cv_test_path("agent"));
    assert_int_equal(cv_snprintf(path, sizeof(path), "%s", cv_test_path(name)), 0);
    assert_int_equal(rename(cv_test_path("agent"), path), 0);
    make_spec(path, true);
    const struct linux_seccomp_notify notify = { .spec = spec, .state = state_text };
    CV_TEST_OK(err, linux_seccomp_notify(&notify, 1, null_fd, &err));
    close(fd);
    free_spec();
}

static int setup(void** state)
{
    null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    alarm(PATIENCE_MS / 1000);
    return null_fd < 0 ? -1 : cv_test_setup(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_program_lives_by_the_agents_answers),
        cmocka_unit_test(without_an_agent_it_does_not_run),
        cmocka_unit_test(a_long_path_is_reached),
    };

    return cmocka_run_group_tests(tests, setup, cv_test_teardown);
}
