#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include <cv/str.h>

#include "spec/mountopts.h"
#include "spec/spec.h"

#define RO     CV_MOUNT_ATTR_RDONLY
#define NOSUID CV_MOUNT_ATTR_NOSUID
#define NODEV  CV_MOUNT_ATTR_NODEV
#define NOEXEC CV_MOUNT_ATTR_NOEXEC

static struct cv_strv split(const char* words)
{
    struct cv_strv list = { NULL, 0 };
    for (const char* word = words; *word != '\0';) {
        size_t length = strcspn(word, "|");
        char   text[256];
        assert_true(length < sizeof(text));
        memcpy(text, word, length);
        text[length] = '\0';
        assert_int_equal(cv_strv_append(&list, text), 0);
        word += length + (word[length] == '|');
    }
    return list;
}

static const struct {
    const char *            words, *type;
    struct cv_mount_options want;
    const char*             data;
} good[] = {
    { "", "proc", { 0 }, "" },
    { "defaults|loud|nomand|noiversion", "tmpfs", { 0 }, "" },
    { "nosuid|noexec|nodev|ro", "proc", { .set = RO | NOSUID | NODEV | NOEXEC }, "" },
    { "ro|rw", "tmpfs", { .clear = RO }, "" },
    { "rw|ro", "tmpfs", { .set = RO }, "" },
    { "suid|dev|exec", "tmpfs", { .clear = NOSUID | NODEV | NOEXEC }, "" },
    { "rro|rnosuid|rrw", "bind", { .bind = true, .rec_set = NOSUID, .rec_clear = RO }, "" },
    { "ro|rro", "bind", { .bind = true, .set = RO, .rec_set = RO }, "" },
    { "rsuid|rdev|rexec|rsymfollow|rdiratime", "bind",
        { .bind = true, .rec_clear = NOSUID | NODEV | NOEXEC | CV_MOUNT_ATTR_NOSYMFOLLOW | CV_MOUNT_ATTR_NODIRATIME },
        "" },
    { "noatime|relatime", "tmpfs",
        { .set = CV_MOUNT_ATTR_RELATIME, .clear = CV_MOUNT_ATTR_NOATIME | CV_MOUNT_ATTR_STRICTATIME }, "" },
    { "strictatime|atime", "tmpfs",
        { .set = CV_MOUNT_ATTR_STRICTATIME, .clear = CV_MOUNT_ATTR_NOATIME | CV_MOUNT_ATTR_RELATIME }, "" },
    { "relatime|norelatime|nostrictatime", "tmpfs",
        { .clear = CV_MOUNT_ATTR_NOATIME | CV_MOUNT_ATTR_RELATIME | CV_MOUNT_ATTR_STRICTATIME }, "" },
    { "nosymfollow|nodiratime", "tmpfs", { .set = CV_MOUNT_ATTR_NOSYMFOLLOW | CV_MOUNT_ATTR_NODIRATIME }, "" },
    { "rnoatime", "bind",
        { .bind        = true,
            .rec_set   = CV_MOUNT_ATTR_NOATIME,
            .rec_clear = CV_MOUNT_ATTR_RELATIME | CV_MOUNT_ATTR_STRICTATIME },
        "" },
    { "bind", NULL, { .bind = true }, "" },
    { "rbind", "none", { .bind = true, .bind_recursive = true }, "" },
    { "rbind|bind", NULL, { .bind = true }, "" },
    { "rbind|rprivate", "bind",
        { .bind                    = true,
            .bind_recursive        = true,
            .propagation           = CV_MOUNT_PROPAGATION_PRIVATE,
            .propagation_recursive = true },
        "" },
    { "shared", "tmpfs", { .propagation = CV_MOUNT_PROPAGATION_SHARED }, "" },
    { "shared|rslave", "tmpfs", { .propagation = CV_MOUNT_PROPAGATION_SLAVE, .propagation_recursive = true }, "" },
    { "runbindable|unbindable", "tmpfs", { .propagation = CV_MOUNT_PROPAGATION_UNBINDABLE }, "" },
    { "idmap", "bind", { .bind = true, .idmap = CV_MOUNT_IDMAP_ON }, "" },
    { "ridmap|rbind", "bind", { .bind = true, .bind_recursive = true, .idmap = CV_MOUNT_IDMAP_RECURSIVE }, "" },
    { "x-containerv.idmap=off", "bind", { .bind = true, .idmap = CV_MOUNT_IDMAP_RAW }, "" },
    { "x-containerv.chown|bind", NULL, { .bind = true, .chown = true }, "" },
    { "mode=755|nosuid|size=65536k|sync", "tmpfs", { .set = NOSUID }, "mode=755|size=65536k|sync" },
    { "RO|lazytime|hidepid=2", "proc", { 0 }, "RO|lazytime|hidepid=2" },
    { "rsync|rbindx", "x", { 0 }, "rsync|rbindx" },
    { "mand|dirsync|iversion|async|nolazytime", "ext4", { 0 }, "mand|dirsync|iversion|async|nolazytime" },
    { "tmpcopyup|ro|size=1m", "tmpfs", { .set = RO, .copy_up = true }, "size=1m" },
    { "remount|bind|ro", NULL, { .bind = true, .set = RO, .remount = true }, "" },
    { "rro|rnosuid|rnodev|rnoexec|rnosymfollow|rnodiratime|rstrictatime", "bind",
        { .bind      = true,
            .rec_set = RO | NOSUID | NODEV | NOEXEC | CV_MOUNT_ATTR_NOSYMFOLLOW | CV_MOUNT_ATTR_NODIRATIME
                       | CV_MOUNT_ATTR_STRICTATIME,
            .rec_clear = CV_MOUNT_ATTR_NOATIME | CV_MOUNT_ATTR_RELATIME },
        "" },
    { "rrelatime|rnorelatime|ratime|rnostrictatime", "bind",
        { .bind = true, .rec_clear = CV_MOUNT_ATTR_NOATIME | CV_MOUNT_ATTR_RELATIME | CV_MOUNT_ATTR_STRICTATIME }, "" },
};

static const struct {
    const char *words, *type;
    int         code;
    const char* error;
} bad[] = {
    { "tmpcopyup", "ext4", CV_ERR_INVALID, "option 'tmpcopyup' is for a tmpfs" },
    { "tmpcopyup|rbind", "tmpfs", CV_ERR_INVALID, "option 'tmpcopyup' is for a tmpfs" },
    { "remount|size=1m", "tmpfs", CV_ERR_INVALID,
        "option 'size=1m' is for a filesystem, 'remount' changes the mount alone" },
    { "mand", "bind", CV_ERR_INVALID, "option 'mand' is for a filesystem, it can't be given for a bind mount" },
    { "size=1m", "bind", CV_ERR_INVALID, "option 'size=1m' is for a filesystem, it can't be given for a bind mount" },
    { "sync|rbind", "x", CV_ERR_INVALID, "option 'sync' is for a filesystem, it can't be given for a bind mount" },
    { "idmap|x-containerv.idmap=off", "bind", CV_ERR_INVALID,
        "only one of idmap, ridmap and x-containerv.idmap=off can be given" },
    { "x-containerv.idmap=on", "bind", CV_ERR_INVALID,
        "option 'x-containerv.idmap=on' is not known (expected x-containerv.idmap=off or x-containerv.chown)" },
    { "x-containerv.", "bind", CV_ERR_INVALID,
        "option 'x-containerv.' is not known (expected x-containerv.idmap=off or x-containerv.chown)" },
    { "x-containerv.chown", "tmpfs", CV_ERR_INVALID, "option 'x-containerv.chown' is for bind mounts" },
    { "x-containerv.chown|idmap", "bind", CV_ERR_INVALID,
        "option 'x-containerv.chown' can't be given together with an idmap option" },
    { "size=1m,mode=700", "tmpfs", CV_ERR_INVALID,
        "option 'size=1m,mode=700' has a comma: give the options one by one" },
    { "=x", "tmpfs", CV_ERR_INVALID, "option '=x' has no name" },
    { "ro||rw", "tmpfs", CV_ERR_INVALID, "option '' has no name" },
};

static void test_good(void** state)
{
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(good); i++) {
        struct cv_error         err   = CV_ERROR_INIT;
        struct cv_strv          words = split(good[i].words), data = split(good[i].data);
        struct cv_mount_options got;
        print_message("%s\n", good[i].words);
        if (cv_mount_options_parse(&words, good[i].type, &got, &err) < 0)
            fail_msg("%s", err.text);
        assert_int_equal(got.set, good[i].want.set);
        assert_int_equal(got.clear, good[i].want.clear);
        assert_int_equal(got.rec_set, good[i].want.rec_set);
        assert_int_equal(got.rec_clear, good[i].want.rec_clear);
        assert_int_equal(got.bind, good[i].want.bind);
        assert_int_equal(got.bind_recursive, good[i].want.bind_recursive);
        assert_int_equal(got.propagation, good[i].want.propagation);
        assert_int_equal(got.propagation_recursive, good[i].want.propagation_recursive);
        assert_int_equal(got.idmap, good[i].want.idmap);
        assert_int_equal(got.chown, good[i].want.chown);
        assert_int_equal(got.copy_up, good[i].want.copy_up);
        assert_int_equal(got.remount, good[i].want.remount);
        assert_true(cv_strv_equal(&got.data, &data));
        cv_mount_options_release(&got);
        cv_strv_release(&words);
        cv_strv_release(&data);
    }
}

static void test_bad(void** state)
{
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(bad); i++) {
        struct cv_error         err   = CV_ERROR_INIT;
        struct cv_strv          words = split(bad[i].words);
        struct cv_mount_options got   = { .set = 12345 };
        assert_int_equal(cv_mount_options_parse(&words, bad[i].type, &got, &err), bad[i].code);
        assert_string_equal(err.text, bad[i].error);
        assert_int_equal(got.set, 12345);
        cv_strv_release(&words);
    }
}

static void test_data(void** state)
{
    (void)state;
    struct cv_strv          words = split("size=64m|sizes=1|lazytime|mode=");
    struct cv_mount_options options;
    assert_int_equal(cv_mount_options_parse(&words, "tmpfs", &options, NULL), 0);
    assert_string_equal(cv_mount_options_data(&options, "size"), "64m");
    assert_string_equal(cv_mount_options_data(&options, "lazytime"), "");
    assert_string_equal(cv_mount_options_data(&options, "mode"), "");
    assert_null(cv_mount_options_data(&options, "siz"));
    assert_null(cv_mount_options_data(&options, "uid"));
    cv_mount_options_release(&options);
    assert_null(options.data.items);
    cv_strv_release(&words);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_data),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
