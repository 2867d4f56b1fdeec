/* Connections whose time is over. The guardian's part for connections alone, without its loop, so that no time has to pass. */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cv-test/support.h>
#include <cv/clock.h>

#include "linux/guardian.h"

static struct guardian guardian;
static int             ends[2];

static int setup(void** state)
{
    (void)state;
    guardian = (struct guardian){ .main_fd = -1, .spare_fd = -1, .accounts = { { .most = GUARDIAN_MAX_HELD } } };
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return -1;
    guardian_peer_add(&guardian, ends[0], NULL);
    return guardian.peers != NULL ? 0 : -1;
}

static int teardown(void** state)
{
    (void)state;
    while (guardian.peers != NULL)
        guardian_peer_remove(&guardian, guardian.peers);
    close(ends[1]);
    return (int)guardian.accounts[0].used;
}

static void time_is_over(void)
{
    assert_true(cv_clock_left_ms(guardian.peers->deadline_ms) > GUARDIAN_REQUEST_MS / 2);
    guardian.peers->deadline_ms = cv_clock_deadline_ms(0);
    guardian_peers_handle(&guardian);
}

static void expect_answer(int code)
{
    struct wire_message          wire = { .bytes = NULL };
    Containerv__Guardian__Reply* reply;

    assert_int_equal(wire_receive(ends[1], 0, &wire, NULL), 0);
    reply = containerv__guardian__reply__unpack(NULL, wire.length, wire.bytes);
    assert_true(reply != NULL && reply->error != NULL);
    assert_int_equal(reply->error->code, code);
    containerv__guardian__reply__free_unpacked(reply, NULL);
    wire_message_release(&wire);
}

static void who_asks_nothing_is_dropped(void** state)
{
    char byte;

    (void)state;
    guardian_peers_handle(&guardian);
    assert_non_null(guardian.peers);
    time_is_over();
    assert_null(guardian.peers);
    assert_int_equal(read(ends[1], &byte, 1), 0);
}

static void half_a_request_is_told_so(void** state)
{
    (void)state;
    assert_int_equal(write(ends[1], "\x09\0", 2), 2);
    guardian_peers_handle(&guardian);
    assert_non_null(guardian.peers);
    time_is_over();
    assert_null(guardian.peers);
    expect_answer(CV_ERR_TIMEOUT);
}

/* More of it does not give it more time. */
static void what_comes_by_and_by_gets_no_more_time(void** state)
{
    int64_t deadline_ms = guardian.peers->deadline_ms;

    (void)state;
    for (int i = 0; i < 5; i++) {
        assert_int_equal(write(ends[1], "\x09\0\0\0ab" + i, 1), 1);
        guardian.peers->ready = 1;
        guardian_peers_handle(&guardian);
        assert_int_equal(guardian.peers->deadline_ms, deadline_ms);
    }
}

static void who_does_not_take_the_answer_is_dropped(void** state)
{
    static uint8_t              text[4 << 20];
    Containerv__Guardian__Reply reply = CONTAINERV__GUARDIAN__REPLY__INIT;
    struct wire_message         wire  = { .bytes = NULL };

    (void)state;
    reply.config_json = (ProtobufCBinaryData){ sizeof(text), text };
    assert_int_equal(guardian_reply(guardian.peers, &reply, NULL, -1), 0);
    assert_true(guardian.accounts[0].used > 0);
    guardian_peers_handle(&guardian);
    assert_non_null(guardian.peers);
    time_is_over();
    assert_null(guardian.peers);
    assert_int_equal(guardian.accounts[0].used, 0);
    assert_int_equal(wire_receive(ends[1], 1000, &wire, NULL), CV_ERR_LOST);
}

#define LATE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LATE_TEST(who_asks_nothing_is_dropped),
        LATE_TEST(half_a_request_is_told_so),
        LATE_TEST(what_comes_by_and_by_gets_no_more_time),
        LATE_TEST(who_does_not_take_the_answer_is_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
