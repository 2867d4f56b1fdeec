/* The root folder, layers, and set_mounts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cv-test/support.h>
#include <cv/file.h>
#include <cv/str.h>

#include "suite.h"

static void host_file(const char* name, const char* text)
{
    assert_int_equal(cv_file_write(cv_test_path(name), text, strlen(text), 0644, 0, NULL), 0);
}

static void host_folder(const char* name)
{
    assert_int_equal(cv_folder_make(cv_test_path(name), 0755, NULL), 0);
}

static struct containerv_options* with_mounts(const struct containerv_mount* mounts, size_t count)
{
    struct containerv_options* options = containerv_options_new();
    NEED(CV_FEATURE_MOUNTS);
    OK(containerv_options_set_mounts(options, mounts, count));
    return options;
}

static struct containerv_mount bind(const char* source, const char* destination, uint32_t flags)
{
    return (struct containerv_mount){ .size = sizeof(struct containerv_mount),
        .kind                               = CV_MOUNT_BIND,
        .source                             = source,
        .destination                        = destination,
        .flags                              = flags };
}

static void a_bind_mount_can_be_written(void** state)
{
    char* text = NULL;
    (void)state;
    host_folder("rw");
    host_file("rw/in", "from the host\n");
    struct containerv_mount mount = bind(cv_test_path("rw"), "/mnt/made/for/it", 0);
    suite_prints_once(
        "from the host", with_mounts(&mount, 1), "cat /mnt/made/for/it/in && echo back >/mnt/made/for/it/out");
    assert_int_equal(cv_file_read(cv_test_path("rw/out"), 64, &text, NULL, NULL), 0);
    assert_string_equal(text, "back\n");
    containerv_free(text);
}

static void a_file_belongs_to_the_sources_owner_on_both_sides(void** state)
{
    (void)state;
    host_folder("own");
    struct containerv_mount mount = bind(cv_test_path("own"), "/own", 0);
    suite_prints_once("0:0 0:0", with_mounts(&mount, 1), "echo x >/own/f && echo $(stat -c %u:%g /own /own/f)");
    /* whoever made the folder can remove what is in it only if it is theirs: a second container with the raw view says what is on the disk */
    mount = bind(cv_test_path("own"), "/own", CV_MOUNT_READONLY);
    suite_prints_once("0:0", with_mounts(&mount, 1), "stat -c %u:%g /own/f");
}

static void a_source_can_be_given_to_the_user(void** state)
{
    struct containerv_options* options;
    char                       output[OUTPUT_MAX];
    (void)state;
    NEED(CV_FEATURE_OWN_IDS); /* and so the rights to take away again what belongs to somebody else now */
    host_folder("given");
    host_folder("given/sub");
    host_file("given/sub/f", "text\n");
    struct containerv_mount mount = bind(cv_test_path("given"), "/mnt", CV_MOUNT_CHOWN);
    options                       = with_mounts(&mount, 1);
    OK(containerv_options_set_user(options, "joe:audio"));
    suite_prints_once("1000:29 1000:29 1000:29\nwritten", options,
        "echo $(stat -c %u:%g /mnt /mnt/sub /mnt/sub/f); echo written >/mnt/sub/f && cat /mnt/sub/f");
    /* the next container has other ids, and without the flag they are nobody's */
    mount.flags                            = CV_MOUNT_IDMAP_OFF;
    struct containerv_container* container = suite_container(with_mounts(&mount, 1));
    assert_int_equal(suite_run(container, "(echo x >/mnt/sub/f) 2>/dev/null || stat -c %u /mnt/sub/f", output), 0);
    assert_string_equal(output, "65534");
    OK(containerv_destroy(container));
}

static void a_read_only_bind_mount_cannot_be_written(void** state)
{
    (void)state;
    host_folder("ro");
    host_file("ro/f", "text\n");
    struct containerv_mount mount = bind(cv_test_path("ro"), "/mnt", CV_MOUNT_READONLY);
    suite_prints_once(
        "text\ndenied", with_mounts(&mount, 1), "cat /mnt/f; (echo x >/mnt/f) 2>/dev/null || echo denied");
    mount = bind(cv_test_path("ro/f"), "/etc/one-file", CV_MOUNT_READONLY);
    suite_prints_once("text\ndenied", with_mounts(&mount, 1),
        "cat /etc/one-file; (echo x >/etc/one-file) 2>/dev/null || echo denied");
}

/* The host has a tmpfs that all may write at /dev/shm; what is below /dev can't be mapped, hence the raw view. */
static void read_only_holds_for_what_is_mounted_below(void** state)
{
    static const char script[] =
        "(echo x >/mnt/shm/containerv-suite) 2>/dev/null && rm /mnt/shm/containerv-suite && echo wrote || echo denied";
    struct containerv_mount mount = bind("/dev", "/mnt", CV_MOUNT_IDMAP_OFF);
    (void)state;
    suite_prints_once("wrote", with_mounts(&mount, 1), script);
    mount.flags |= CV_MOUNT_READONLY;
    suite_prints_once("denied", with_mounts(&mount, 1), script);
}

static void flags_are_in_force(void** state)
{
    (void)state;
    host_folder("flags");
    struct containerv_mount mounts[] = { bind(cv_test_path("flags"), "/a", CV_MOUNT_EXEC_OFF),
        bind(cv_test_path("flags"), "/b", CV_MOUNT_SUID | CV_MOUNT_DEV) };
    suite_prints_once("nosuid nodev noexec\nno", with_mounts(mounts, 2),
        "o=$(awk '$2 == \"/a\" { print $4 }' /proc/self/mounts); for w in nosuid nodev noexec; do case ,$o, in *,$w,*) "
        "printf '%s ' $w;; esac; done | sed 's/ $//'; echo;"
        "o=$(awk '$2 == \"/b\" { print $4 }' /proc/self/mounts); case ,$o, in *,nosuid,*|*,noexec,*) echo yes;; *) "
        "echo no;; esac");
}

static void a_source_that_is_not_there_fails_the_create(void** state)
{
    struct containerv_container* container = NULL;
    struct containerv_mount      mount     = bind("/no/such/source", "/mnt", 0);
    struct containerv_options*   options   = with_mounts(&mount, 1);
    (void)state;
    FAILS(CV_ERR_NOT_FOUND, containerv_create(suite_rootfs(), options, &container));
    assert_non_null(strstr(containerv_error_last()->object, "/no/such/source"));
    assert_null(container);
    containerv_options_delete(options);
}

static void a_tmpfs_has_its_size_and_mode(void** state)
{
    struct containerv_mount mount = {
        .size = sizeof(mount), .kind = CV_MOUNT_TMPFS, .destination = "/scratch", .mode = 0700, .size_bytes = 1 << 20
    };
    (void)state;
    suite_prints_once("700\nfull\n1048576", with_mounts(&mount, 1),
        "stat -c %a /scratch; dd if=/dev/zero of=/scratch/f bs=64k count=64 2>/dev/null || echo full; stat -c %s "
        "/scratch/f");
    mount.mode  = 0;
    mount.flags = CV_MOUNT_READONLY;
    suite_prints_once(
        "1777\ndenied", with_mounts(&mount, 1), "stat -c %a /scratch; (echo x >/scratch/f) 2>/dev/null || echo denied");
}

static void a_plain_root_is_used_in_place(void** state)
{
    (void)state;
    suite_prints_once("x", NULL, "echo x >/tmp/suite-in-place; cat /tmp/suite-in-place");
    suite_prints_once("x", NULL, "cat /tmp/suite-in-place; rm /tmp/suite-in-place");
}

static void a_read_only_root_cannot_be_written(void** state)
{
    struct containerv_mount    mount   = { .size = sizeof(mount), .kind = CV_MOUNT_TMPFS, .destination = "/tmp" };
    struct containerv_options* options = containerv_options_new();
    (void)state;
    OK(containerv_options_set_readonly(options, 1));
    suite_prints_once("denied", options, "(echo x >/etc/suite) 2>/dev/null || echo denied");
    options = with_mounts(&mount, 1);
    OK(containerv_options_set_readonly(options, 1));
    suite_prints_once(
        "denied\nx", options, "(echo x >/etc/suite) 2>/dev/null || echo denied; echo x >/tmp/suite; cat /tmp/suite");
}

static void layers_cover_the_root_and_stay_as_they_are(void** state)
{
    const char*                one[2];
    struct containerv_options* options = containerv_options_new();
    (void)state;
    NEED(CV_FEATURE_LAYERS);
    host_folder("l1/etc");
    host_folder("l2/etc");
    host_file("l1/etc/layer", "low\n");
    host_file("l2/etc/layer", "high\n");
    host_file("l1/etc/only", "one\n");
    one[0] = cv_test_path("l1");
    one[1] = cv_test_path("l2");
    OK(containerv_options_set_layers(options, one, 2));
    struct containerv_container* container = suite_container(options);
    PRINTS("high\none", container, "cat /etc/layer /etc/only");
    PRINTS("changed", container, "echo changed >/etc/layer; cat /etc/layer");
    OK(containerv_destroy(container));
    char* text = NULL;
    assert_int_equal(cv_file_read(cv_test_path("l2/etc/layer"), 64, &text, NULL, NULL), 0);
    assert_string_equal(text, "high\n");
    containerv_free(text);
}

static void a_layer_alone_is_a_root_too(void** state)
{
    const char*                  layer     = suite_rootfs();
    struct containerv_container* container = NULL;
    struct containerv_options*   options   = containerv_options_new();
    (void)state;
    NEED(CV_FEATURE_LAYERS);
    OK(containerv_options_set_layers(options, &layer, 1));
    OK(containerv_create(NULL, options, &container));
    containerv_options_delete(options);
    PRINTS("x", container, "echo x >/thrown-away; cat /thrown-away");
    OK(containerv_destroy(container));
    suite_prints_once("gone", NULL, "[ -e /thrown-away ] || echo gone");
}

enum { MOST_LAYERS = 128 };

/* Each has a file of its own and the same file anew; the root with its programs is the lowest. */
static void as_many_layers_as_promised(void** state)
{
    char*                        folders[MOST_LAYERS] = { NULL };
    struct containerv_container* container            = NULL;
    struct containerv_options*   options              = containerv_options_new();
    (void)state;
    NEED(CV_FEATURE_LAYERS);
    folders[0] = cv_strdup(suite_rootfs(), NULL);
    for (int i = 1; i < MOST_LAYERS; i++) {
        char name[32], number[32];
        cv_snprintf(name, sizeof(name), "many-%d/layers", i);
        host_folder(name);
        cv_snprintf(name, sizeof(name), "many-%d/layers/%d", i, i);
        cv_snprintf(number, sizeof(number), "%d\n", i);
        host_file(name, number);
        cv_snprintf(name, sizeof(name), "many-%d/layers/top", i);
        host_file(name, number);
        cv_snprintf(name, sizeof(name), "many-%d", i);
        folders[i] = cv_strdup(cv_test_path(name), NULL);
    }
    OK(containerv_options_set_layers(options, (const char* const*)folders, MOST_LAYERS));
    OK(containerv_create(NULL, options, &container));
    containerv_options_delete(options);
    PRINTS("128\n127\n1", container, "ls /layers | wc -l; cat /layers/top /layers/1");
    OK(containerv_destroy(container));
    for (int i = 0; i < MOST_LAYERS; i++)
        free(folders[i]);
}

static void kernel_files_are_protected(void** state)
{
    (void)state;
    suite_prints_once("ro\nro\nempty", NULL,
        "(echo 1 >/proc/sys/kernel/panic) 2>/dev/null || echo ro; (mkdir /sys/x) 2>/dev/null || echo ro; [ -s "
        "/proc/kcore ] || echo empty");
}

static void devices_are_few_and_work(void** state)
{
    struct containerv_options* options = containerv_options_new();
    (void)state;
    suite_prints_once("0\n4\nx", NULL,
        "cat /dev/null | wc -c; head -c 4 /dev/urandom | wc -c; echo x >/dev/null; [ -c /dev/zero ] && [ ! -e /dev/mem "
        "] && echo x");
    NEED(CV_FEATURE_DEVICES);
    OK(containerv_options_add_device(options, "/dev/null", "/dev/suite-null"));
    suite_prints_once("yes", options, "[ -c /dev/suite-null ] && echo x >/dev/suite-null && echo yes");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bind_mount_can_be_written),
        cmocka_unit_test(a_file_belongs_to_the_sources_owner_on_both_sides),
        cmocka_unit_test(a_source_can_be_given_to_the_user),
        cmocka_unit_test(a_read_only_bind_mount_cannot_be_written),
        cmocka_unit_test(read_only_holds_for_what_is_mounted_below),
        cmocka_unit_test(flags_are_in_force),
        cmocka_unit_test(a_source_that_is_not_there_fails_the_create),
        cmocka_unit_test(a_tmpfs_has_its_size_and_mode),
        cmocka_unit_test(a_plain_root_is_used_in_place),
        cmocka_unit_test(a_read_only_root_cannot_be_written),
        cmocka_unit_test(layers_cover_the_root_and_stay_as_they_are),
        cmocka_unit_test(a_layer_alone_is_a_root_too),
        cmocka_unit_test(as_many_layers_as_promised),
        cmocka_unit_test(kernel_files_are_protected),
        cmocka_unit_test(devices_are_few_and_work),
    };
    return cmocka_run_group_tests(tests, cv_test_setup, cv_test_teardown);
}
