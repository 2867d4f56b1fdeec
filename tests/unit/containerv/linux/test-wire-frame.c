/* Frames that come in parts, and what they take from the account that they share. */
#include <stdlib.h>
#include <string.h>

#include <cv-test/support.h>

#include "linux/wire-frame.h"

#include <cv/banned.h>

static struct cv_error     err;
static struct wire_account account;
static struct wire_frame   frame;

static int setup(void** state)
{
    (void)state;
    memset(&frame, 0, sizeof(frame));
    account = (struct wire_account){ .most = WIRE_MAX_BYTES };
    return 0;
}

static int teardown(void** state)
{
    (void)state;
    wire_frame_release(&frame, &account);
    assert_int_equal(account.used, 0);
    return 0;
}

static int feed(const void* bytes, size_t count)
{
    return wire_frame_feed(&frame, bytes, count, &account, &err);
}

static int announce(size_t length)
{
    uint8_t header[WIRE_HEADER_BYTES];

    wire_frame_header(length, header);
    return feed(header, sizeof(header));
}

static void parts_of_any_size_make_the_same_frame(void** state)
{
    enum { LENGTH = 300 };
    uint8_t whole[WIRE_HEADER_BYTES + LENGTH];

    (void)state;
    for (size_t i = 0; i < LENGTH; i++)
        whole[WIRE_HEADER_BYTES + i] = (uint8_t)(i * 7);
    wire_frame_header(LENGTH, whole);
    for (size_t step = 1; step <= sizeof(whole); step++) {
        for (size_t at = 0; at < sizeof(whole); at += step) {
            size_t count = sizeof(whole) - at < step ? sizeof(whole) - at : step;
            assert_int_equal(feed(whole + at, count), at + count == sizeof(whole) ? 1 : 0);
        }
        assert_int_equal(frame.length, LENGTH);
        assert_memory_equal(frame.body, whole + WIRE_HEADER_BYTES, LENGTH);
        wire_frame_release(&frame, &account);
    }
}

static void an_empty_frame_is_complete(void** state)
{
    (void)state;
    assert_int_equal(announce(0), 1);
    assert_int_equal(frame.length, 0);
    assert_non_null(frame.body);
}

static void what_is_too_much_is_refused(void** state)
{
    (void)state;
    assert_int_equal(announce(WIRE_MAX_BYTES + 1), CV_ERR_PROTOCOL);
    wire_frame_release(&frame, &account);
    assert_int_equal(announce(UINT32_MAX), CV_ERR_PROTOCOL);
    wire_frame_release(&frame, &account);
    assert_int_equal(announce(2), 0);
    assert_int_equal(feed("abc", 3), CV_ERR_PROTOCOL);
    wire_frame_release(&frame, &account);
    assert_int_equal(feed("\1\0\0\0ab", 6), CV_ERR_PROTOCOL);
    wire_frame_release(&frame, &account);
    assert_int_equal(announce(1), 0);
    assert_int_equal(feed("a", 1), 1);
    assert_int_equal(feed("b", 1), CV_ERR_PROTOCOL);
}

static void an_announcement_takes_no_memory(void** state)
{
    (void)state;
    assert_int_equal(announce(WIRE_MAX_BYTES), 0);
    assert_int_equal(feed("abc", 3), 0);
    assert_in_range(frame.capacity, 3, 4096);
    assert_int_equal(account.used, 0);
}

static void large_frames_share_an_account(void** state)
{
    enum { LENGTH = 1 << 20 };
    uint8_t*          bytes = calloc(1, LENGTH);
    struct wire_frame other = { .received = 0 };

    (void)state;
    account.most = LENGTH;
    assert_int_equal(announce(LENGTH), 0);
    assert_int_equal(feed(bytes, LENGTH), 1);
    assert_int_equal(account.used, LENGTH - WIRE_FREE_BYTES);
    other = frame;
    memset(&frame, 0, sizeof(frame));
    assert_int_equal(announce(LENGTH), 0);
    assert_int_equal(feed(bytes, LENGTH), CV_ERR_LIMIT);
    assert_true(err.hint[0] != '\0');
    wire_frame_release(&frame, &account);
    assert_int_equal(announce(WIRE_FREE_BYTES), 0); /* a small one always has room */
    assert_int_equal(feed(bytes, WIRE_FREE_BYTES), 1);
    wire_frame_release(&frame, &account);
    wire_frame_release(&other, &account);
    assert_int_equal(announce(LENGTH), 0);
    assert_int_equal(feed(bytes, LENGTH), 1);
    free(bytes);
}

#define FRAME_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRAME_TEST(parts_of_any_size_make_the_same_frame),
        FRAME_TEST(an_empty_frame_is_complete),
        FRAME_TEST(what_is_too_much_is_refused),
        FRAME_TEST(an_announcement_takes_no_memory),
        FRAME_TEST(large_frames_share_an_account),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
