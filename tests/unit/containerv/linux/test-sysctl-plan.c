#include <string.h>

#include <cv-test/support.h>
#include <cv/str.h>

#include "linux/sysctl-plan.h"

#include <cv/banned.h>

static struct cv_error err;

static int check(const char* sysctl, const char* namespaces)
{
    static const char text[] =
        "{\"ociVersion\":\"1.2.0\",\"root\":{\"path\":\"/r\"},\"process\":{\"cwd\":\"/\",\"args\":[\"/x\"]},"
        "\"linux\":{\"sysctl\":{\"%s\":\"1\"},\"namespaces\":[%s]}}";
    char            document[1024];
    struct cv_spec* spec = NULL;

    assert_int_equal(cv_snprintf(document, sizeof(document), text, sysctl, namespaces), 0);
    CV_TEST_OK(err, cv_spec_parse(document, strlen(document), &spec, &err));
    int rc = linux_sysctl_check(spec, &err);
    cv_spec_free(spec);
    return rc;
}

#define NETWORK "{\"type\":\"network\"}"
#define IPC     "{\"type\":\"ipc\"}"
#define UTS     "{\"type\":\"uts\"}"

static void what_a_namespace_has_is_allowed(void** state)
{
    (void)state;
    CV_TEST_OK(err, check("net.ipv4.ip_forward", NETWORK));
    CV_TEST_OK(err, check("net/ipv4/conf/eth0.1/forwarding", NETWORK));
    CV_TEST_OK(err, check("fs.mqueue.msg_max", IPC));
    CV_TEST_OK(err, check("kernel.shm_rmid_forced", UTS "," IPC));
    CV_TEST_OK(err, check("kernel.domainname", UTS));
}

static void what_is_the_hosts_is_refused(void** state)
{
    static const struct {
        const char *sysctl, *namespaces, *text;
    } rows[] = {
        { "net.ipv4.ip_forward", IPC, "'net.ipv4.ip_forward' is not allowed in the host's network namespace" },
        { "kernel.shmmax", NETWORK, "'kernel.shmmax' is not allowed in the host's ipc namespace" },
        { "fs.mqueue.msg_max", "", "'fs.mqueue.msg_max' is not allowed in the host's ipc namespace" },
        { "kernel.domainname", "", "'kernel.domainname' is not allowed in the host's uts namespace" },
        { "kernel.hostname", UTS, "'kernel.hostname' is not allowed: the field 'hostname' sets it" },
        { "kernel.panic", IPC, "'kernel.panic' is not in a separate kernel namespace" },
        { "vm.swappiness", NETWORK, "'vm.swappiness' is not in a separate kernel namespace" },
        { "kernel.shmmax.x", IPC, "'kernel.shmmax.x' is not in a separate kernel namespace" },
        { "fs.mqueue", IPC, "'fs.mqueue' is not in a separate kernel namespace" },
    };
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(rows); i++) {
        CV_TEST_FAILS(CV_ERR_INVALID, err, check(rows[i].sysctl, rows[i].namespaces));
        assert_non_null(strstr(err.text, rows[i].text));
    }
}

static void both_separators_name_the_same_file(void** state)
{
    static const char* const rows[][2] = {
        { "net.ipv4.conf.eth0/1.forwarding", "net/ipv4/conf/eth0.1/forwarding" },
        { "net/ipv4/conf/eth0.1/forwarding", "net/ipv4/conf/eth0.1/forwarding" },
        { "kernel", "kernel" },
    };
    char path[64];
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(rows); i++) {
        CV_TEST_OK(err, linux_sysctl_path(rows[i][0], path, sizeof(path), &err));
        assert_string_equal(path, rows[i][1]);
    }
    CV_TEST_FAILS(CV_ERR_INVALID, err, linux_sysctl_path("kernel.shmmax", path, 13, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_namespace_has_is_allowed),
        cmocka_unit_test(what_is_the_hosts_is_refused),
        cmocka_unit_test(both_separators_name_the_same_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
