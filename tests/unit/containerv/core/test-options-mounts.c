#include <stdio.h>
#include <string.h>

#include "core-test.h"
#include "core/core.h"

static const struct cv_spec_mount* find(const char* destination)
{
    const struct cv_spec_mounts* list = &fake_last_spec()->mounts;
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i].destination, destination) == 0)
            return &list->items[i];
    fail_msg("no mount at %s", destination);
    return NULL;
}

static void words_are(const char* destination, const char* wanted)
{
    const struct cv_strv* words = &find(destination)->options;
    char                  text[256];
    size_t                length = 0;
    text[0]                      = '\0';
    for (size_t i = 0; i < words->count; i++, length = strlen(text))
        snprintf(text + length, sizeof(text) - length, "%s%s", i > 0 ? " " : "", words->items[i]);
    assert_string_equal(text, wanted);
}

static void flags_become_words(void** state)
{
    const struct containerv_mount mounts[] = {
        { sizeof(mounts[0]), CV_MOUNT_BIND, "/h1", "/a", 0, 0, 0 },
        { sizeof(mounts[0]), CV_MOUNT_BIND, "/h2", "/b", CV_MOUNT_READONLY | CV_MOUNT_EXEC_OFF, 0, 0 },
        { sizeof(mounts[0]), CV_MOUNT_BIND, "/h3", "/c",
            CV_MOUNT_SUID | CV_MOUNT_DEV | CV_MOUNT_NONRECURSIVE | CV_MOUNT_IDMAP_OFF, 0, 0 },
        { sizeof(mounts[0]), CV_MOUNT_BIND, "/h4", "/d", CV_MOUNT_CHOWN | CV_MOUNT_NONRECURSIVE | CV_MOUNT_READONLY, 0,
            0 },
        { sizeof(mounts[0]), CV_MOUNT_TMPFS, NULL, "/t", 0, 0, 0 },
        { sizeof(mounts[0]), CV_MOUNT_TMPFS, NULL, "/u", CV_MOUNT_READONLY, 0700, 65536 },
    };
    struct containerv_options* options = test_options();
    (void)state;
    OK(containerv_options_set_mounts(options, mounts, CV_ARRAY_LEN(mounts)));
    struct containerv_container* container = test_container(options);
    words_are("/a", "rbind rnosuid rnodev");
    words_are("/b", "rbind rro rnoexec rnosuid rnodev");
    words_are("/c", "bind x-containerv.idmap=off");
    words_are("/d", "bind ro nosuid nodev x-containerv.chown");
    words_are("/t", "nosuid nodev mode=1777");
    words_are("/u", "ro nosuid nodev mode=700 size=65536");
    assert_string_equal(find("/a")->source, "/h1");
    assert_string_equal(find("/t")->type, "tmpfs");
    OK(containerv_destroy(container));
}

static void bad_mounts_are_refused_and_change_nothing(void** state)
{
    const struct containerv_mount good  = { sizeof(good), CV_MOUNT_BIND, "/h", "/a", 0, 0, 0 };
    const struct containerv_mount bad[] = {
        { sizeof(good), CV_MOUNT_BIND, NULL, "/b", 0, 0, 0 },
        { sizeof(good), CV_MOUNT_BIND, "h", "/b", 0, 0, 0 },
        { sizeof(good), CV_MOUNT_BIND, "/h", NULL, 0, 0, 0 },
        { sizeof(good), CV_MOUNT_BIND, "/h", "b", 0, 0, 0 },
        { sizeof(good), 2, "/h", "/b", 0, 0, 0 },
        { sizeof(good), CV_MOUNT_BIND, "/h", "/b", 1 << 7, 0, 0 },
        { sizeof(good), CV_MOUNT_BIND, "/h", "/b", 0, 0700, 0 },
        { sizeof(good), CV_MOUNT_BIND, "/h", "/b", 0, 0, 1 },
        { sizeof(good), CV_MOUNT_BIND, "/h", "/b", CV_MOUNT_CHOWN | CV_MOUNT_IDMAP_OFF, 0, 0 },
        { sizeof(good), CV_MOUNT_TMPFS, "/h", "/b", 0, 0, 0 },
        { sizeof(good), CV_MOUNT_TMPFS, NULL, "/b", CV_MOUNT_CHOWN, 0, 0 },
        { sizeof(good), CV_MOUNT_TMPFS, NULL, "/b", 0, 010000, 0 },
        { sizeof(good), CV_MOUNT_TMPFS, NULL, "/b", 0, 0, UINT64_MAX },
        { 0, CV_MOUNT_TMPFS, NULL, "/b", 0, 0, 0 },
        { 44, CV_MOUNT_TMPFS, NULL, "/b", 0, 0, 0 },
    };
    struct containerv_options* options = test_options();
    (void)state;
    OK(containerv_options_set_mounts(options, &good, 1));
    for (size_t i = 0; i < CV_ARRAY_LEN(bad); i++)
        FAILS(CV_ERR_INVALID, containerv_options_set_mounts(options, &bad[i], 1));
    FAILS(CV_ERR_INVALID, containerv_options_set_mounts(options, &good, 4097));
    struct containerv_container* container = test_container(options);
    assert_string_equal(find("/a")->source, "/h");
    assert_int_equal(fake_last_spec()->mounts.count, 8);
    OK(containerv_destroy(container));
}

static void entries_of_other_versions_are_stepped_over_by_their_size(void** state)
{
    struct {
        struct containerv_mount mount;
        uint64_t                newer;
    } entries[] = {
        { { sizeof(entries[0]), CV_MOUNT_TMPFS, NULL, "/one", 0, 0, 0 }, 0 },
        { { sizeof(entries[0]), CV_MOUNT_TMPFS, NULL, "/two", 0, 0, 0 }, 0 },
    };
    struct containerv_options* options = test_options();
    (void)state;
    OK(containerv_options_set_mounts(options, &entries[0].mount, 2));
    entries[1].newer = 1;
    FAILS(CV_ERR_UNSUPPORTED, containerv_options_set_mounts(options, &entries[0].mount, 2));
    entries[1].newer      = 0;
    entries[1].mount.size = sizeof(struct containerv_mount);
    FAILS(CV_ERR_INVALID, containerv_options_set_mounts(options, &entries[0].mount, 2));
    struct containerv_container* container = test_container(options);
    find("/one");
    find("/two");
    OK(containerv_destroy(container));
}

static void an_empty_list_replaces_too(void** state)
{
    const struct containerv_mount good    = { sizeof(good), CV_MOUNT_BIND, "/h", "/a", 0, 0, 0 };
    struct containerv_options*    options = test_options();
    (void)state;
    OK(containerv_options_set_mounts(options, &good, 1));
    OK(containerv_options_set_mounts(options, NULL, 0));
    struct containerv_container* container = test_container(options);
    assert_int_equal(fake_last_spec()->mounts.count, 7);
    OK(containerv_destroy(container));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(flags_become_words),
        TEST(bad_mounts_are_refused_and_change_nothing),
        TEST(entries_of_other_versions_are_stepped_over_by_their_size),
        TEST(an_empty_list_replaces_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
