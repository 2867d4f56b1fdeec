/* Policies, seen from the inside: of the command, of processes that are spawned, with and without our PID 1, as root and as others. */
#include <stdio.h>
#include <string.h>

#include "suite.h"

static struct containerv_options* options_with(struct containerv_policy* policy)
{
    struct containerv_options* options = containerv_options_new();
    OK(containerv_options_set_policy(options, policy));
    containerv_policy_delete(policy);
    return options;
}

/* Read and run everything, write below /tmp. */
static struct containerv_policy* write_only_tmp(void)
{
    struct containerv_policy* policy = containerv_policy_new(CV_SECURITY_DEFAULT);
    assert_non_null(policy);
    OK(containerv_policy_add_path(policy, "/", CV_ACCESS_READ | CV_ACCESS_EXECUTE));
    OK(containerv_policy_add_path(policy, "/tmp", CV_ACCESS_WRITE));
    OK(containerv_policy_add_path(policy, "/dev/null", CV_ACCESS_WRITE));
    return policy;
}

/* A container, or the test is skipped where the kernel is too old for its rules: that must be said. */
static struct containerv_container* landlocked(struct containerv_options* options)
{
    struct containerv_container* container = NULL;
    int                          rc        = containerv_create(suite_rootfs(), options, &container);
    containerv_options_delete(options);
    if (rc == CV_ERR_UNSUPPORTED && strstr(containerv_error_last()->text, "Landlock") != NULL) {
        print_message("skipped: %s\n", containerv_error_last()->text);
        skip();
    }
    suite_ok(rc, "containerv_create");
    return container;
}

#define TRY(what) "(" what ") 2>/dev/null && echo y || echo n; "
#define WRITE_PROBES                                                                                                   \
    TRY("echo x >/tmp/p && cat /tmp/p >/dev/null && mv /tmp/p /tmp/q && rm /tmp/q")                                    \
    TRY("echo x >>/etc/passwd")                                                                                        \
    TRY("truncate -s 0 /etc/passwd") TRY("mkdir /etc/d") TRY("ln -s a /l") TRY("cat /etc/passwd >/dev/null")
#define WRITE_ANSWERS "y\nn\nn\nn\nn\ny"

static void writing_is_where_it_was_allowed(void** state)
{
    (void)state;
    NEED(CV_FEATURE_POLICY);
    struct containerv_container* container = landlocked(options_with(write_only_tmp()));
    PRINTS(WRITE_ANSWERS, container, WRITE_PROBES);
    OK(containerv_destroy(container));
    suite_prints_once("y\ny\nn\ny", NULL, /* without the rules root could */
        TRY("echo x >/tmp/p && rm /tmp/p") TRY("mkdir /etc/d && rmdir /etc/d") TRY("false") TRY("true"));
}

static void another_user_is_under_the_policy_too(void** state)
{
    char                            output[OUTPUT_MAX];
    struct containerv_spawn_options joe = { .user = "joe" };
    (void)state;
    NEED(CV_FEATURE_POLICY);
    NEED(CV_FEATURE_USERS);
    struct containerv_container* container = landlocked(options_with(write_only_tmp()));
    assert_int_equal(suite_run_with(container, WRITE_PROBES, &joe, output), 0);
    assert_string_equal(output, WRITE_ANSWERS);
    OK(containerv_destroy(container));
}

/* The command, and what is spawned beside it, with both kinds of PID 1 and both ways to install a filter. */
static void the_command_is_under_the_policy_too(void** state)
{
    (void)state;
    NEED(CV_FEATURE_POLICY);
    for (int i = 0; i < 4; i++) {
        const char* const               argv[]  = { "sh", "-c", "sleep 1000", NULL };
        struct containerv_spawn_options spawn   = { .size = sizeof(spawn), .argv = argv };
        struct containerv_options*      options = options_with(write_only_tmp());
        char                            output[OUTPUT_MAX];
        struct containerv_exit          ended = { .size = sizeof(ended) };
        OK(containerv_options_set_init(options, i & 1));
        OK(containerv_options_set_no_new_privileges(options, i >> 1));
        OK(containerv_options_set_command(options, "/bin/sh", &spawn));
        struct containerv_container* container = landlocked(options);
        PRINTS(WRITE_ANSWERS, container, WRITE_PROBES);
        OK(containerv_destroy(container));
        options = options_with(write_only_tmp());
        OK(containerv_options_set_init(options, i & 1));
        OK(containerv_options_set_no_new_privileges(options, i >> 1));
        suite_command(options, WRITE_PROBES, output, &ended);
        assert_string_equal(output, WRITE_ANSWERS);
    }
}

/* Granted SYS_ADMIN, the tree is copied into a further user namespace: the rules are for the same files there. */
static void rules_hold_with_locked_mounts(void** state)
{
    (void)state;
    NEED(CV_FEATURE_POLICY);
    struct containerv_policy* policy = write_only_tmp();
    OK(containerv_policy_add_capability(policy, "SYS_ADMIN"));
    struct containerv_container* container = landlocked(options_with(policy));
    PRINTS(WRITE_ANSWERS, container, WRITE_PROBES);
    PRINTS("n", container, TRY("mount -t tmpfs x /tmp"));
    OK(containerv_destroy(container));
}

static void reading_and_running_are_where_they_were_allowed(void** state)
{
    (void)state;
    NEED(CV_FEATURE_POLICY);
    struct containerv_policy* policy = containerv_policy_new(CV_SECURITY_DEFAULT);
    OK(containerv_policy_add_path(policy, "/bin", CV_ACCESS_READ | CV_ACCESS_EXECUTE));
    OK(containerv_policy_add_path(policy, "/etc/passwd", CV_ACCESS_READ));
    OK(containerv_policy_add_path(policy, "/tmp", CV_ACCESS_READ | CV_ACCESS_WRITE));
    OK(containerv_policy_add_path(policy, "/dev/null", CV_ACCESS_WRITE));
    struct containerv_container* container = landlocked(options_with(policy));
    PRINTS("y\nn\nn\ny\nn", container,
        TRY("cat /etc/passwd >/dev/null") TRY("cat /etc/group >/dev/null") TRY("ls /etc >/dev/null")
            TRY("cp /bin/busybox /tmp/true") TRY("/tmp/true; r=$?; rm /tmp/true; exit $r"));
    OK(containerv_destroy(container));
}

/* Where everything may be written, a kernel of Landlock ABI 2 (Linux 6.1) is enough. */
static void running_is_where_it_was_allowed(void** state)
{
    (void)state;
    NEED(CV_FEATURE_POLICY);
    struct containerv_policy* policy = containerv_policy_new(CV_SECURITY_DEFAULT);
    OK(containerv_policy_add_path(policy, "/", CV_ACCESS_READ | CV_ACCESS_WRITE));
    OK(containerv_policy_add_path(policy, "/bin", CV_ACCESS_EXECUTE));
    struct containerv_container* container = suite_container(options_with(policy));
    PRINTS("y\nn\ny", container,
        TRY("cp /bin/busybox /tmp/true") TRY("/tmp/true") TRY("mv /tmp/true /home/true && rm /home/true"));
    OK(containerv_destroy(container));
}

/* A link that is swapped later doesn't move a rule, whoever asks for the next process. */
static void a_rule_stays_with_what_was_there(void** state)
{
    (void)state;
    NEED(CV_FEATURE_POLICY);
    struct containerv_mount mounts[] = { { .size = sizeof(mounts[0]), .kind = CV_MOUNT_TMPFS, .destination = "/mnt" } };
    struct containerv_policy* policy = write_only_tmp();
    OK(containerv_policy_add_path(policy, "/mnt", CV_ACCESS_READ | CV_ACCESS_WRITE));
    struct containerv_options* options = options_with(policy);
    OK(containerv_options_set_mounts(options, mounts, 1));
    struct containerv_container* container = landlocked(options);
    PRINTS("y\ny", container,
        TRY("mkdir /mnt/a && rmdir /mnt/a && ln -s /etc /mnt/a") TRY("ls /mnt/a/passwd"
                                                                     " >/dev/null"));
    PRINTS("n\ny", container, TRY("mkdir /mnt/a/d") TRY("echo x >/mnt/b"));
    OK(containerv_destroy(container));
}

static void a_rule_for_nothing_fails_the_create(void** state)
{
    struct containerv_container* container = NULL;
    (void)state;
    NEED(CV_FEATURE_POLICY);
    struct containerv_policy* policy = write_only_tmp();
    OK(containerv_destroy(landlocked(options_with(write_only_tmp()))));
    OK(containerv_policy_add_path(policy, "/there/is/none", CV_ACCESS_READ));
    struct containerv_options* options = options_with(policy);
    FAILS(CV_ERR_NOT_FOUND, containerv_create(suite_rootfs(), options, &container));
    assert_string_equal(containerv_error_last()->object, "/there/is/none");
    containerv_options_delete(options);
}

/* Nobody listens: what is allowed is refused by the other side, what isn't by the policy. */
static void tcp_ports_are_those_that_were_allowed(void** state)
{
    (void)state;
    NEED(CV_FEATURE_POLICY);
    struct containerv_policy* policy = containerv_policy_new(CV_SECURITY_DEFAULT);
    OK(containerv_policy_add_tcp(policy, 4080, CV_ACCESS_CONNECT));
    OK(containerv_policy_add_tcp(policy, 4081, CV_ACCESS_BIND));
    struct containerv_container* container = landlocked(options_with(policy));
    PRINTS("nc: can't connect to remote host (127.0.0.1): Connection refused\n"
           "nc: can't connect to remote host (127.0.0.1): Permission denied\n"
           "nc: bind: Permission denied\n"
           "y",
        container,
        "nc 127.0.0.1 4080; nc 127.0.0.1 4081; nc -l -p 4080; " TRY("timeout 1 nc -l -p 4081; [ $? = 143 ]"));
    PRINTS("y", container, TRY("mkdir /tmp/d && rmdir /tmp/d")); /* files are not restricted */
    OK(containerv_destroy(container));
}

static const char profile[] =
    "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":["
    "{\"names\":[\"mkdir\",\"mkdirat\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":28},"
    "{\"names\":[\"rmdir\",\"unlinkat\"],\"action\":\"SCMP_ACT_ERRNO\",\"excludes\":{\"caps\":[\"CAP_SYS_CHROOT\"]}},"
    "{\"names\":[\"symlink\",\"symlinkat\"],\"action\":\"SCMP_ACT_KILL_PROCESS\"},"
    "{\"names\":[\"chmod\",\"fchmodat\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":9,\"includes\":{\"minKernel\":\"99."
    "0\"}}]}";

static void a_docker_profile_counts(void** state)
{
    struct containerv_policy* policy = containerv_policy_new(CV_SECURITY_DEFAULT);
    (void)state;
    NEED(CV_FEATURE_POLICY);
    OK(containerv_policy_set_seccomp(policy, CV_SECCOMP_DOCKER, profile, strlen(profile)));
    struct containerv_container* container = suite_container(options_with(policy));
    PRINTS("mkdir: can't create directory '/tmp/d': No space left on device", container, "mkdir /tmp/d; true");
    PRINTS("y\nBad system call\n159", container,
        TRY("touch /tmp/f && chmod 700 /tmp/f && rm /tmp/f") "(ln -s a /tmp/l) 2>/dev/null; echo $?");
    OK(containerv_destroy(container));
}

/* The same profile without the capability that a rule excludes. */
static void a_docker_profile_looks_at_the_capabilities(void** state)
{
    struct containerv_policy* policy = containerv_policy_new(CV_SECURITY_DEFAULT);
    (void)state;
    NEED(CV_FEATURE_POLICY);
    OK(containerv_policy_set_seccomp(policy, CV_SECCOMP_DOCKER, profile, strlen(profile)));
    OK(containerv_policy_drop_capability(policy, "SYS_CHROOT"));
    struct containerv_container* container = suite_container(options_with(policy));
    PRINTS("rmdir: '/tmp': Operation not permitted", container, "rmdir /tmp; true");
    OK(containerv_destroy(container));
}

static void a_killed_command_says_so(void** state)
{
    struct containerv_policy* policy = containerv_policy_new(CV_SECURITY_DEFAULT);
    struct containerv_exit    ended  = { .size = sizeof(ended) };
    char                      output[OUTPUT_MAX];
    (void)state;
    NEED(CV_FEATURE_POLICY);
    OK(containerv_policy_set_seccomp(policy, CV_SECCOMP_DOCKER, profile, strlen(profile)));
    suite_command(options_with(policy), "exec ln -s a /tmp/l", output, &ended);
    assert_int_equal(ended.signal, 31);
}

static void masks_are_those_of_the_policy(void** state)
{
    struct containerv_policy* policy = containerv_policy_new(CV_SECURITY_DEFAULT);
    (void)state;
    NEED(CV_FEATURE_POLICY);
    OK(containerv_policy_add_masked_path(policy, "/etc/passwd"));
    OK(containerv_policy_add_masked_path(policy, "/home"));
    OK(containerv_policy_add_masked_path(policy, "/there/is/none"));
    OK(containerv_policy_add_readonly_path(policy, "/tmp"));
    struct containerv_container* container = suite_container(options_with(policy));
    PRINTS("y\nn\nn\ny", container,
        TRY("[ -z \"$(cat /etc/passwd)\" ]") TRY("echo x >/home/x") TRY("echo x >/tmp/x") TRY("[ -s /etc/group ]"));
    OK(containerv_destroy(container));
}

static void unmasked_is_unmasked(void** state)
{
    struct containerv_policy* policy = containerv_policy_new(CV_SECURITY_DEFAULT);
    (void)state;
    NEED(CV_FEATURE_POLICY);
    suite_prints_once("y", NULL, TRY("[ -z \"$(cat /proc/interrupts)\" ]"));
    OK(containerv_policy_unmask(policy, "/proc/interrupts"));
    suite_prints_once("n", options_with(policy), TRY("[ -z \"$(cat /proc/interrupts)\" ]"));
}

static void strict_has_no_capabilities_and_more_masks(void** state)
{
    struct containerv_policy* policy = containerv_policy_new(CV_SECURITY_STRICT);
    (void)state;
    NEED(CV_FEATURE_POLICY);
    struct containerv_container* container = suite_container(options_with(policy));
    PRINTS("CapBnd:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2", container,
        "grep -E '^(CapBnd|NoNewPrivs|Seccomp):' /proc/self/status");
    PRINTS("y\nn", container, TRY("[ -z \"$(cat /proc/kallsyms)\" ]") TRY("chown 1 /etc/passwd"));
    OK(containerv_destroy(container));
}

static void inspect_prints_the_policy(void** state)
{
    char* text = NULL;
    (void)state;
    NEED(CV_FEATURE_POLICY);
    struct containerv_container* container = landlocked(options_with(write_only_tmp()));
    OK(containerv_inspect(container, &text));
    assert_non_null(strstr(text, "{\"path\":\"/tmp\",\"access\":[\"write\"]}"));
    containerv_free(text);
    OK(containerv_destroy(container));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writing_is_where_it_was_allowed),
        cmocka_unit_test(another_user_is_under_the_policy_too),
        cmocka_unit_test(the_command_is_under_the_policy_too),
        cmocka_unit_test(rules_hold_with_locked_mounts),
        cmocka_unit_test(reading_and_running_are_where_they_were_allowed),
        cmocka_unit_test(running_is_where_it_was_allowed),
        cmocka_unit_test(a_rule_stays_with_what_was_there),
        cmocka_unit_test(a_rule_for_nothing_fails_the_create),
        cmocka_unit_test(tcp_ports_are_those_that_were_allowed),
        cmocka_unit_test(a_docker_profile_counts),
        cmocka_unit_test(a_docker_profile_looks_at_the_capabilities),
        cmocka_unit_test(a_killed_command_says_so),
        cmocka_unit_test(masks_are_those_of_the_policy),
        cmocka_unit_test(unmasked_is_unmasked),
        cmocka_unit_test(strict_has_no_capabilities_and_more_masks),
        cmocka_unit_test(inspect_prints_the_policy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
