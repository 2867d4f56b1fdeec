#include <string.h>

#include "core-test.h"

struct seen {
    int errors, progress, answer;
};

static int see_error(const char* path, const struct containerv_error* error, void* context)
{
    struct seen* seen = context;
    assert_true(path[0] != '\0' && error->code < 0 && error->text[0] != '\0' && error->size == sizeof(*error));
    seen->errors++;
    return seen->answer;
}

static int see_progress(const struct containerv_copy_progress* progress, void* context)
{
    struct seen* seen = context;
    assert_true(progress->size == sizeof(*progress) && progress->entries > 0 && progress->bytes > 0);
    seen->progress++;
    return seen->answer;
}

static int copy(
    struct containerv_container* container, const char* destination, const struct containerv_copy_options* options)
{
    return containerv_copy(container, CV_COPY_TO_CONTAINER, "/host", destination, options);
}

static void a_copy_is_handed_to_the_back_end(void** state)
{
    struct containerv_container*   container = test_container(NULL);
    struct containerv_copy_options options   = {
          .size = sizeof(options), .flags = CV_COPY_SETUID | CV_COPY_FOLLOW, .max_bytes = 7, .stall_ms = -1
    };
    (void)state;
    OK(copy(container, "/c", NULL));
    assert_string_equal(fake_last_copy(), "/host -> /c flags=0 bytes=-1 entries=10000000 stall=60000");
    OK(containerv_copy(container, CV_COPY_TO_HOST, "/c", "h", &options));
    assert_string_equal(fake_last_copy(), "h <- /c flags=12 bytes=7 entries=10000000 stall=-1");
    OK(containerv_destroy(container));
}

static void bad_arguments_are_refused(void** state)
{
    struct containerv_container*   container = test_container(NULL);
    struct containerv_copy_options options   = { .size = sizeof(options), .flags = CV_COPY_OWNERS | CV_COPY_NO_OWNERS };
    const char* const              paths[]   = { "/a" };
    (void)state;
    FAILS(CV_ERR_INVALID, copy(NULL, "/c", NULL));
    FAILS(CV_ERR_INVALID, copy(container, "c", NULL));
    FAILS(CV_ERR_INVALID, copy(container, NULL, NULL));
    FAILS(CV_ERR_INVALID, containerv_copy(container, CV_COPY_TO_HOST, "/c", "", NULL));
    FAILS(CV_ERR_INVALID, containerv_copy(container, (enum containerv_copy_direction)3, "/c", "/h", NULL));
    FAILS(CV_ERR_INVALID, copy(container, "/c", &options));
    options.flags = 1u << 20;
    FAILS(CV_ERR_INVALID, copy(container, "/c", &options));
    options.size = 0;
    FAILS(CV_ERR_INVALID, copy(container, "/c", &options));
    FAILS(CV_ERR_INVALID, containerv_upload(container, paths, NULL, 1));
    FAILS(CV_ERR_INVALID, containerv_download(container, NULL, paths, 1));
    OK(containerv_upload(container, NULL, NULL, 0));
    OK(containerv_destroy(container));
}

static void failures_of_paths_are_told_and_the_first_is_the_calls(void** state)
{
    struct containerv_container*   container = test_container(NULL);
    struct seen                    seen      = { 0 };
    struct containerv_copy_options options   = { .size = sizeof(options), .on_error = see_error, .context = &seen };
    (void)state;
    FAILS(CV_ERR_EXISTS, copy(container, "/fake/bad", &options));
    assert_int_equal(seen.errors, 2);
    assert_non_null(strstr(containerv_error_last()->text, "2 paths failed"));
    FAILS(CV_ERR_EXISTS, copy(container, "/fake/bad", NULL));
    seen.answer = 1;
    FAILS(CV_ERR_CANCELLED, copy(container, "/fake/bad", &options));
    assert_int_equal(seen.errors, 3);
    OK(containerv_destroy(container));
}

static void progress_is_told_and_can_stop_it(void** state)
{
    struct containerv_container*   container = test_container(NULL);
    struct seen                    seen      = { 0 };
    struct containerv_copy_options options = { .size = sizeof(options), .on_progress = see_progress, .context = &seen };
    (void)state;
    OK(copy(container, "/c", &options));
    assert_true(seen.progress >= 1);
    seen.answer = 1;
    FAILS(CV_ERR_CANCELLED, copy(container, "/c", &options));
    OK(containerv_destroy(container));
}

static void lists_are_tried_to_their_end(void** state)
{
    struct containerv_container* container = test_container(NULL);
    const char* const            inside[]  = { "/fake/bad", "/last" };
    const char* const            outside[] = { "/one", "/two" };
    (void)state;
    FAILS(CV_ERR_EXISTS, containerv_upload(container, outside, inside, 2));
    assert_non_null(strstr(fake_last_copy(), "/two -> /last"));
    FAILS(CV_ERR_EXISTS, containerv_download(container, inside, outside, 2));
    assert_non_null(strstr(fake_last_copy(), "/two <- /last"));
    OK(containerv_destroy(container));
}

static void a_container_that_does_not_run_is_not_copied_to(void** state)
{
    struct containerv_container* container = test_container(NULL);
    (void)state;
    OK(containerv_pause(container));
    FAILS(CV_ERR_STATE, copy(container, "/c", NULL));
    assert_true(containerv_error_last()->hint[0] != '\0');
    OK(containerv_destroy(container));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_copy_is_handed_to_the_back_end),
        TEST(bad_arguments_are_refused),
        TEST(failures_of_paths_are_told_and_the_first_is_the_calls),
        TEST(progress_is_told_and_can_stop_it),
        TEST(lists_are_tried_to_their_end),
        TEST(a_container_that_does_not_run_is_not_copied_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
