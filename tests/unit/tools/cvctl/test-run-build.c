/* From the command line to the container's specification: each option must arrive in it. */
#include <stdlib.h>

#include "run-table.h"

#include <cv/macros.h>

#include "cvctl.h"
#include "fake/fake.h"
#include "run.h"

#include <cv/banned.h>

enum { WORDS_MAX = 8 };

/* The written form of the container that the words make. */
static char* spec_of(const char* const* words)
{
    char*                        argv[WORDS_MAX + 4] = { (char*)(uintptr_t) "run" };
    int                          argc = 1, first = 0;
    bool                         help = false;
    struct containerv_options*   made = NULL;
    struct containerv_container* container;
    const char*                  rootfs = NULL;
    char*                        text   = NULL;

    for (size_t i = 0; i < WORDS_MAX && words[i] != NULL; i++)
        argv[argc++] = (char*)(uintptr_t)words[i];
    argv[argc++] = (char*)(uintptr_t) "/bin/true";
    cvctl_run_options_release(&parsed);
    cvctl_run_options_init(&parsed);
    CV_TEST_OK(err, cv_options_parse(cvctl_run_table, argc, argv, &parsed, &help, &first, &err));
    CV_TEST_OK(err, cvctl_run_options_check(&parsed, argc, argv, first, &err));
    CV_TEST_OK(err, cvctl_run_build(&parsed, "/root-folder", &made, &rootfs, &err));
    if (containerv_create(rootfs, made, &container) != 0)
        fail_msg("%s: %s", words[0], containerv_error_last()->text);
    CV_TEST_OK(err, cv_spec_print(fake_last_spec(), &text, NULL, &err));
    assert_int_equal(containerv_destroy(container), 0);
    containerv_options_delete(made);
    return text;
}

/* White space of the written form is not what is tested. */
static void squeeze(char* text)
{
    char* to = text;

    for (; *text != '\0'; text++)
        if (strchr(" \n\t", *text) == NULL)
            *to++ = *text;
    *to = '\0';
}

static void each_option_arrives(void** state)
{
    static const struct {
        const char* words[WORDS_MAX];
        const char* says;
    } rows[] = {
        { { "--rootfs", "/r" }, "\"root\":{\"path\":\"/root-folder\"" },
        { { "--rootfs", "/r:O" }, "\"layers\":[\"/root-folder\"]" },
        { { "--rootfs", "/r:O", "--layer", "/a", "--layer", "/b" }, "\"layers\":[\"/root-folder\",\"/a\",\"/b\"]" },
        { { "--debian", "sid" }, "\"layers\":[\"/root-folder\"]" },
        { { "--rootfs", "/r", "--name", "box-1" }, "\"id\":\"box-1\"" },
        { { "--rootfs", "/r", "-e", "A=1" }, "\"A=1\"" },
        { { "--rootfs", "/r" }, "\"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\"" },
        { { "--rootfs", "/r", "-t", "-e", "TERM=vt100" }, "\"TERM=vt100\"" },
        { { "--rootfs", "/r", "-w", "/w" }, "\"cwd\":\"/w\"" },
        { { "--rootfs", "/r", "-u", "me:us" }, "\"user\":\"me:us\"" },
        { { "--rootfs", "/r", "--group-add", "staff" }, "\"groups\":[\"staff\"]" },
        { { "--rootfs", "/r", "-v", "/a:/b:ro,noexec" }, "\"destination\":\"/b\"" },
        { { "--rootfs", "/r", "--tmpfs", "/t:size=64k" }, "size=65536" },
        { { "--rootfs", "/r", "--ulimit", "nofile=1:2" }, "\"type\":\"RLIMIT_NOFILE\",\"soft\":1,\"hard\":2" },
        { { "--rootfs", "/r", "--network", "veth:10.9.0.2/24:10.9.0.1" }, "\"address\":\"10.9.0.2\"" },
        { { "--rootfs", "/r", "--network", "host" }, "\"mode\":\"host\"" },
        { { "--rootfs", "/r", "--share", "ipc" }, "\"ipc\"" },
        { { "--rootfs", "/r", "--hostname", "box" }, "\"hostname\":\"box\"" },
        { { "--rootfs", "/r", "--read-only" }, "\"readonly\":true" },
        { { "--rootfs", "/r", "--cap-add", "SYS_PTRACE" }, "\"CAP_SYS_PTRACE\"" },
        { { "--rootfs", "/r", "--security-opt", "seccomp=unconfined" }, "\"seccomp\":\"unconfined\"" },
        { { "--rootfs", "/r", "--security-opt", "level=strict" }, "\"securityLevel\":\"strict\"" },
        { { "--rootfs", "/r", "--security-opt", "mask=/a" }, "\"/sys/firmware\",\"/a\"]" },
        { { "--rootfs", "/r", "--landlock-path", "/a:rx" },
            "\"paths\":[{\"path\":\"/a\",\"access\":[\"read\",\"execute\"]}]" },
        { { "--rootfs", "/r", "--landlock-tcp", "443:connect" }, "\"tcp\":[{\"port\":443,\"access\":[\"connect\"]}]" },
        { { "--rootfs", "/r" }, "\"noNewPrivileges\":true" },
        { { "--rootfs", "/r", "--device", "/dev/fuse:/dev/f" }, "/dev/fuse" },
        { { "--rootfs", "/r", "--umask", "027" }, "\"umask\":23" },
        { { "--rootfs", "/r", "--secret", "id=a,src=/s/a,uid=1,gid=2,mode=440" },
            "\"secrets\":[{\"source\":\"/s/a\",\"name\":\"a\",\"uid\":1,\"gid\":2,\"mode\":288}]" },
        { { "--rootfs", "/r", "-d" }, "\"supervision\":{}" },
        { { "--rootfs", "/r", "-d", "--rm" }, "\"supervision\":{\"remove\":true}" },
        { { "--rootfs", "/r", "-d", "--log-opt=max-size=1m", "--log-opt=total-size=2m" },
            "\"log\":{\"fileBytes\":1048576,\"totalBytes\":2097152}" },
    };

    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(rows); i++) {
        CV_CLEANUP(cv_freep) char* text = spec_of(rows[i].words);

        squeeze(text);
        if (strstr(text, rows[i].says) == NULL)
            fail_msg("row %zu: no %s in %s", i, rows[i].says, text);
    }
}

static void what_is_taken_away_is_gone(void** state)
{
    static const struct {
        const char* words[WORDS_MAX];
        const char* not_there;
    } rows[] = {
        { { "--rootfs", "/r", "--cap-drop", "CHOWN" }, "CAP_CHOWN" },
        { { "--rootfs", "/r", "--cap-drop", "ALL" }, "\"CAP_" },
        { { "--rootfs", "/r", "--security-opt", "no-new-privileges=false" }, "\"noNewPrivileges\":true" },
        { { "--rootfs", "/r", "--security-opt", "unmask=ALL" }, "maskedPaths" },
        { { "--rootfs", "/r", "--security-opt", "unmask=/proc/kcore" }, "/proc/kcore" },
        { { "--rootfs", "/r" }, "landlock" },
        { { "--rootfs", "/r" }, "TERM=" },
        { { "--rootfs", "/r:O" }, "\"path\":\"/root-folder\"" },
    };

    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(rows); i++) {
        CV_CLEANUP(cv_freep) char* text = spec_of(rows[i].words);

        squeeze(text);
        if (strstr(text, rows[i].not_there) != NULL)
            fail_msg("row %zu: still %s in %s", i, rows[i].not_there, text);
    }
}

/* What the library refuses names the option and the value. */
static void refusals_name_the_option(void** state)
{
    static const struct value_case rows[] = {
        { "--name", "../x", "is no id" },
        { "--cap-add", "FLY", "capability" },
        { "--cap-drop", "FLY", "capability" },
        { "--hostname", "a/b", "a/b" },
        { "--backend", "../x", "../x" },
    };

    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(rows); i++) {
        struct containerv_options* made   = NULL;
        const char*                rootfs = NULL;

        CV_TEST_OK(err, parse_one(rows[i].option, rows[i].value));
        parsed.rootfs = "/r";
        if (cvctl_run_build(&parsed, "/r", &made, &rootfs, &err) == 0)
            fail_msg("%s '%s' was taken", rows[i].option, rows[i].value);
        if (strstr(err.text, rows[i].option) == NULL || strstr(err.text, rows[i].says) == NULL)
            fail_msg("%s '%s' says '%s'", rows[i].option, rows[i].value, err.text);
        assert_null(made);
    }
}

static int forget(void** state)
{
    fake_forget();
    return teardown(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_option_arrives),
        cmocka_unit_test(what_is_taken_away_is_gone),
        cmocka_unit_test(refusals_name_the_option),
    };

    return cmocka_run_group_tests(tests, NULL, forget);
}
