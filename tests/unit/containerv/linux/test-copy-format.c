#include <stdlib.h>
#include <string.h>

#include <cv-test/support.h>

#include "linux/copy-format.h"

#include <cv/banned.h>

static uint8_t            bytes[COPY_HEAD_BYTES + COPY_FRAME_MAX];
static struct copy_buffer buffer = { .bytes = bytes, .capacity = sizeof(bytes) };
static struct copy_frame  frame;
static struct cv_error    err;

static void empty(void)
{
    buffer.length = 0;
    buffer.full   = false;
}

/* What put() has written, read again. */
static int get(size_t* used_out)
{
    return copy_frame_get(bytes, buffer.length, &frame, used_out, &err);
}

static struct copy_frame sample_file(void)
{
    return (struct copy_frame){ .kind = COPY_FILE,
        .name                         = "name",
        .meta = { .mode = 04755, .uid = 7, .gid = UINT32_MAX - 1, .atime_s = -1, .atime_ns = 999999999, .mtime_s = 5 },
        .link = 3,
        .size = 5,
        .data = (const uint8_t*)"a\0b\0c" };
}

static void frames_come_back_as_they_went(void** state)
{
    struct copy_frame file = sample_file();
    size_t            used = 0;
    (void)state;
    empty();
    copy_frame_put(&buffer, &file);
    assert_true(buffer.length <= copy_frame_bound(&file));
    CV_TEST_OK(err, get(&used));
    assert_int_equal(used, buffer.length);
    assert_string_equal(frame.name, "name");
    assert_memory_equal(&frame.meta, &file.meta, sizeof(frame.meta));
    assert_int_equal(frame.link, 3);
    assert_int_equal(frame.size, 5);
    assert_memory_equal(frame.data, "a\0b\0c", 5);
}

static void changes_and_counts_come_back(void** state)
{
    struct copy_frame change = { .kind = COPY_CHANGE, .change = 'D', .path = "/a/b" };
    struct copy_frame count  = { .kind = COPY_COUNT, .entries = 3, .size = UINT64_C(1) << 40 };
    size_t            used   = 0;
    (void)state;
    empty();
    copy_frame_put(&buffer, &change);
    assert_true(buffer.length <= copy_frame_bound(&change));
    CV_TEST_OK(err, get(&used));
    assert_int_equal(used, buffer.length);
    assert_string_equal(frame.path, "/a/b");
    assert_int_equal(frame.change, 'D');
    empty();
    copy_frame_put(&buffer, &count);
    CV_TEST_OK(err, get(&used));
    assert_int_equal(used, buffer.length);
    assert_int_equal(frame.entries, 3);
    assert_int_equal(frame.size, UINT64_C(1) << 40);
    change.change = 'x';
    empty();
    copy_frame_put(&buffer, &change);
    assert_int_equal(get(&used), CV_ERR_PROTOCOL);
}

static void what_archives_say_comes_back(void** state)
{
    struct copy_frame node = { .kind = COPY_NODE, .name = "null", .type = 0020000, .major = 1, .minor = 3 };
    struct copy_frame data = { .kind = COPY_DATA, .hole = UINT64_C(1) << 40, .size = 3, .data = (const uint8_t*)"abc" };
    struct copy_frame link = { .kind = COPY_LINK, .name = "a", .target = "b/c" };
    struct copy_frame file = { .kind = COPY_FILE, .name = "f", .streamed = true, .size = UINT64_C(1) << 50 };
    const struct copy_frame* const all[] = { &node, &data, &link, &file };
    size_t                         used  = 0;
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(all); i++) {
        empty();
        copy_frame_put(&buffer, all[i]);
        assert_true(buffer.length <= copy_frame_bound(all[i]));
        CV_TEST_OK(err, get(&used));
        assert_int_equal(used, buffer.length);
        assert_int_equal(frame.kind, all[i]->kind);
        assert_int_equal(frame.size, all[i]->size);
        assert_int_equal(frame.hole, all[i]->hole);
        assert_int_equal(frame.major, all[i]->major);
        assert_int_equal(frame.streamed, all[i]->streamed);
    }
}

static void what_archives_may_not_say_is_refused(void** state)
{
    static const char* const bad[] = { "", "/a", "../a", "a/../b", "a/", "a//b", "." };
    size_t                   used  = 0;
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(bad); i++) {
        struct copy_frame link = { .kind = COPY_LINK, .name = "a", .target = bad[i] };
        empty();
        copy_frame_put(&buffer, &link);
        assert_int_equal(get(&used), CV_ERR_PROTOCOL);
    }
    struct copy_frame node = { .kind = COPY_NODE, .name = "n", .type = 0140000 };
    empty();
    copy_frame_put(&buffer, &node);
    assert_int_equal(get(&used), CV_ERR_PROTOCOL);
    struct copy_frame nothing = { .kind = COPY_DATA };
    empty();
    copy_frame_put(&buffer, &nothing);
    assert_int_equal(get(&used), CV_ERR_PROTOCOL);
}

static void data_can_follow_the_frame(void** state)
{
    struct copy_frame file = sample_file();
    size_t            used = 0;
    (void)state;
    empty();
    file.data = NULL;
    copy_frame_put(&buffer, &file);
    CV_TEST_OK(err, get(&used));
    assert_int_equal(used, 0); /* it is not complete yet */
    memcpy(bytes + buffer.length, "12345", 5);
    buffer.length += 5;
    CV_TEST_OK(err, get(&used));
    assert_int_equal(used, buffer.length);
    assert_memory_equal(frame.data, "12345", 5);
}

static void errors_are_told_whole(void** state)
{
    struct copy_frame failed = { .kind = COPY_FAILED, .path = "/a/b" };
    size_t            used   = 0;
    (void)state;
    cv_error_set(&failed.error, CV_ERR_STATE, "text");
    cv_error_hint(&failed.error, "hint");
    failed.error.domain = CV_DOMAIN_ERRNO;
    failed.error.number = 13;
    empty();
    copy_frame_put(&buffer, &failed);
    CV_TEST_OK(err, get(&used));
    assert_string_equal(frame.path, "/a/b");
    assert_int_equal(frame.error.code, CV_ERR_STATE);
    assert_int_equal(frame.error.number, 13);
    assert_string_equal(frame.error.text, "text");
    assert_string_equal(frame.error.hint, "hint");
}

static void extended_attributes_are_walked(void** state)
{
    uint8_t            space[256];
    struct copy_buffer list   = { .bytes = space, .capacity = sizeof(space) };
    struct copy_frame  folder = { .kind = COPY_ENTER, .name = "d" };
    struct copy_xattr  xattr  = { .name = "user.a", .value = (const uint8_t*)"1\0002", .length = 3 };
    const uint8_t*     rest;
    size_t             used = 0, length;
    (void)state;
    copy_xattr_put(&list, &xattr);
    xattr = (struct copy_xattr){ .name = "user.empty" };
    copy_xattr_put(&list, &xattr);
    folder.xattrs        = space;
    folder.xattrs_length = list.length;
    empty();
    copy_frame_put(&buffer, &folder);
    CV_TEST_OK(err, get(&used));
    rest   = frame.xattrs;
    length = frame.xattrs_length;
    assert_true(copy_xattr_next(&rest, &length, &xattr));
    assert_string_equal(xattr.name, "user.a");
    assert_memory_equal(xattr.value, "1\0002", 3);
    assert_true(copy_xattr_next(&rest, &length, &xattr));
    assert_string_equal(xattr.name, "user.empty");
    assert_int_equal(xattr.length, 0);
    assert_false(copy_xattr_next(&rest, &length, &xattr));
}

static void refused(const struct copy_frame* bad)
{
    size_t used = 0;
    empty();
    copy_frame_put(&buffer, bad);
    assert_false(buffer.full);
    assert_int_equal(get(&used), CV_ERR_PROTOCOL);
}

static void names_of_more_than_one_component_are_refused(void** state)
{
    static const char* const bad[]     = { "", ".", "..", "a/b", "/", "/etc", "a/" };
    const enum copy_kind     kinds[]   = { COPY_ENTER, COPY_FILE, COPY_SYMLINK, COPY_LINK, COPY_BEGIN };
    struct copy_frame        candidate = sample_file();
    (void)state;
    candidate.target = "t";
    for (size_t i = 0; i < CV_ARRAY_LEN(bad); i++)
        for (size_t k = 0; k < CV_ARRAY_LEN(kinds); k++) {
            candidate.kind = kinds[k];
            candidate.name = bad[i];
            refused(&candidate);
        }
}

static void numbers_out_of_range_are_refused(void** state)
{
    struct copy_frame bad = sample_file();
    (void)state;
    bad.meta.mode = 010755;
    refused(&bad);
    bad          = sample_file();
    bad.meta.uid = UINT32_MAX;
    refused(&bad);
    bad               = sample_file();
    bad.meta.mtime_ns = 1000000000;
    refused(&bad);
    bad      = sample_file();
    bad.link = COPY_LINKS_MAX + 1;
    refused(&bad);
    bad        = sample_file();
    bad.passed = true;
    bad.size   = UINT64_MAX;
    refused(&bad);
    bad = (struct copy_frame){ .kind = COPY_LINK, .name = "a", .link = 0 };
    refused(&bad);
    bad = (struct copy_frame){ .kind = COPY_SYMLINK, .name = "a", .target = "" };
    refused(&bad);
    bad = (struct copy_frame){ .kind = COPY_BEGIN, .contents = true, .name = "" };
    refused(&bad);
    bad = (struct copy_frame){ .kind = COPY_FATAL }; /* a failure that is none */
    refused(&bad);
}

static void only_the_users_attributes_are_carried(void** state)
{
    static const struct {
        const char* name;
        bool        carried;
    } cases[] = { { "user.a", true }, { "user.", false }, { "user.overlay.opaque", false }, { "user.overlayx", true },
        { "trusted.overlay.redirect", false }, { "security.capability", false }, { "system.posix_acl_access", false },
        { "security.selinux", false }, { "", false } };
    struct copy_frame file = sample_file();
    uint8_t           space[64];
    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(cases); i++)
        assert_int_equal(copy_xattr_is_carried(cases[i].name), cases[i].carried);
    struct copy_buffer list  = { .bytes = space, .capacity = sizeof(space) };
    struct copy_xattr  xattr = { .name = "security.capability", .value = space, .length = 1 };
    copy_xattr_put(&list, &xattr);
    file.xattrs        = space;
    file.xattrs_length = list.length;
    refused(&file);
}

/* Every frame cut short is no frame yet; every one with a byte too many in it is refused. */
static void lengths_must_agree(void** state)
{
    struct copy_frame file = sample_file();
    size_t            used = 0, whole;
    (void)state;
    empty();
    copy_frame_put(&buffer, &file);
    whole = buffer.length;
    for (size_t cut = 0; cut < whole; cut++) {
        assert_int_equal(copy_frame_get(bytes, cut, &frame, &used, &err), 0);
        assert_int_equal(used, 0);
    }
    bytes[0]++;
    assert_int_equal(copy_frame_get(bytes, whole + 1, &frame, &used, &err), CV_ERR_PROTOCOL);
    bytes[0] -= 2;
    assert_int_equal(copy_frame_get(bytes, whole, &frame, &used, &err), CV_ERR_PROTOCOL);
    memset(bytes, 0xff, 4);
    assert_int_equal(copy_frame_get(bytes, whole, &frame, &used, &err), CV_ERR_PROTOCOL);
    memset(bytes, 0, COPY_HEAD_BYTES);
    assert_int_equal(copy_frame_get(bytes, whole, &frame, &used, &err), CV_ERR_PROTOCOL); /* kind 0 */
}

static void what_does_not_fit_is_left_out(void** state)
{
    uint8_t            small[40];
    struct copy_buffer tight = { .bytes = small, .capacity = sizeof(small) };
    struct copy_frame  leave = { .kind = COPY_LEAVE }, file = sample_file();
    (void)state;
    copy_frame_put(&tight, &leave);
    copy_frame_put(&tight, &file);
    assert_true(tight.full);
    assert_int_equal(tight.length, COPY_HEAD_BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_come_back_as_they_went),
        cmocka_unit_test(changes_and_counts_come_back),
        cmocka_unit_test(what_archives_say_comes_back),
        cmocka_unit_test(what_archives_may_not_say_is_refused),
        cmocka_unit_test(data_can_follow_the_frame),
        cmocka_unit_test(errors_are_told_whole),
        cmocka_unit_test(extended_attributes_are_walked),
        cmocka_unit_test(names_of_more_than_one_component_are_refused),
        cmocka_unit_test(numbers_out_of_range_are_refused),
        cmocka_unit_test(only_the_users_attributes_are_carried),
        cmocka_unit_test(lengths_must_agree),
        cmocka_unit_test(what_does_not_fit_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
