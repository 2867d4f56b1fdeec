/* The framing, with peers that misbehave. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "linux/wire.h"

static int ends[2];

static int setup(void** state)
{
    (void)state;
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends);
}

static int teardown(void** state)
{
    (void)state;
    close(ends[0]);
    if (ends[1] >= 0)
        close(ends[1]);
    return 0;
}

static void hang_up(void)
{
    close(ends[1]);
    ends[1] = -1;
}

static void message_with_descriptors_arrives(void** state)
{
    struct wire_message message;
    struct cv_error     err;
    int                 fds[WIRE_MAX_FDS];

    (void)state;
    for (int i = 0; i < WIRE_MAX_FDS; i++)
        fds[i] = ends[0];
    assert_int_equal(wire_send(ends[1], (const uint8_t*)"hello", 5, fds, WIRE_MAX_FDS, &err), 0);
    assert_int_equal(wire_send(ends[1], NULL, 0, NULL, 0, &err), 0);
    assert_int_equal(wire_receive(ends[0], 1000, &message, &err), 0);
    assert_int_equal(message.length, 5);
    assert_memory_equal(message.bytes, "hello", 5);
    assert_int_equal(message.fd_count, WIRE_MAX_FDS);
    assert_true((fcntl(message.fds[WIRE_MAX_FDS - 1], F_GETFD) & FD_CLOEXEC) != 0);
    wire_message_release(&message);
    assert_int_equal(wire_receive(ends[0], 1000, &message, &err), 0);
    assert_int_equal(message.length, 0);
    wire_message_release(&message);
    assert_int_equal(wire_send(ends[1], NULL, 0, fds, WIRE_MAX_FDS + 1, &err), CV_ERR_LIMIT);
}

static void large_message_arrives_in_parts(void** state)
{
    struct wire_message message;
    struct cv_error     err;
    size_t              length = 4 << 20;
    uint8_t*            bytes  = malloc(length);
    pid_t               child;

    (void)state;
    for (size_t i = 0; i < length; i++)
        bytes[i] = (uint8_t)(i * 31 >> 3);
    child = fork();
    if (child == 0)
        _exit(wire_send(ends[1], bytes, length, &ends[0], 1, NULL) == 0 ? 0 : 1);
    assert_int_equal(wire_receive(ends[0], 20000, &message, &err), 0);
    assert_int_equal(message.length, length);
    assert_memory_equal(message.bytes, bytes, length);
    assert_int_equal(message.fd_count, 1);
    wire_message_release(&message);
    waitpid(child, NULL, 0);
    free(bytes);
}

static void bad_lengths_and_ends_are_told_apart(void** state)
{
    struct wire_message message;
    struct cv_error     err;
    const uint8_t       huge[4]  = { 0xff, 0xff, 0xff, 0x7f };
    const uint8_t       short_[] = { 9, 0, 0, 0, 'x' };

    (void)state;
    assert_int_equal(wire_receive(ends[0], 0, &message, &err), CV_ERR_TIMEOUT);
    assert_int_equal(write(ends[1], huge, sizeof(huge)), sizeof(huge));
    assert_int_equal(wire_receive(ends[0], 1000, &message, &err), CV_ERR_PROTOCOL);
    assert_int_equal(write(ends[1], short_, sizeof(short_)), sizeof(short_));
    assert_int_equal(wire_receive(ends[0], 20, &message, &err), CV_ERR_TIMEOUT);
    hang_up();
    assert_int_equal(wire_receive(ends[0], 1000, &message, &err), CV_ERR_LOST);
    assert_int_equal(wire_send(ends[0], huge, 4, NULL, 0, &err), CV_ERR_LOST); /* and no SIGPIPE */
}

/* The lowest free descriptor tells whether something stayed open. */
static int lowest_free(void)
{
    int fd = dup(0);

    close(fd);
    return fd;
}

static void send_raw(const void* bytes, size_t length, int fd_count)
{
    union {
        struct cmsghdr header;
        char           bytes[CMSG_SPACE(253 * sizeof(int))];
    } control;
    struct iovec  part   = { (void*)bytes, length };
    struct msghdr header = { .msg_iov = &part,
        .msg_iovlen                   = 1,
        .msg_control                  = &control,
        .msg_controllen               = CMSG_SPACE((size_t)fd_count * sizeof(int)) };

    memset(&control, 0, sizeof(control));
    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type  = SCM_RIGHTS;
    control.header.cmsg_len   = CMSG_LEN((size_t)fd_count * sizeof(int));
    for (int i = 0; i < fd_count; i++)
        memcpy(CMSG_DATA(&control.header) + (size_t)i * sizeof(int), &ends[0], sizeof(int));
    assert_int_equal(sendmsg(ends[1], &header, 0), length);
}

static void surplus_descriptors_are_closed(void** state)
{
    const uint8_t       head[4] = { 1, 0, 0, 0 };
    struct wire_message message;
    struct cv_error     err;
    int                 before = lowest_free();

    (void)state;
    send_raw(head, sizeof(head), 253);
    assert_int_equal(wire_receive(ends[0], 1000, &message, &err), CV_ERR_PROTOCOL);
    assert_int_equal(lowest_free(), before);
    send_raw(head, sizeof(head), 2);
    send_raw("x", 1, 3); /* in the middle of the message */
    assert_int_equal(wire_receive(ends[0], 1000, &message, &err), CV_ERR_PROTOCOL);
    assert_int_equal(lowest_free(), before);
}

static void nothing_is_waited_for(void** state)
{
    const uint8_t       whole[] = { 3, 0, 0, 0, 'a', 'b', 'c' };
    struct wire_account account = { .most = 0 };
    struct wire_reader  reader  = { .message = { .bytes = NULL } };
    struct cv_error     err;
    int                 before = lowest_free();

    (void)state;
    assert_int_equal(wire_read(ends[0], &reader, &account, &err), 0);
    send_raw(whole, 2, 2);
    assert_int_equal(wire_read(ends[0], &reader, &account, &err), 0);
    assert_int_equal(write(ends[1], whole + 2, 4), 4);
    assert_int_equal(wire_read(ends[0], &reader, &account, &err), 0);
    assert_int_equal(write(ends[1], whole + 6, 1), 1);
    assert_int_equal(wire_read(ends[0], &reader, &account, &err), 1);
    assert_int_equal(reader.message.length, 3);
    assert_memory_equal(reader.message.bytes, "abc", 3);
    assert_int_equal(reader.message.fd_count, 2);
    assert_true((fcntl(reader.message.fds[1], F_GETFD) & FD_CLOEXEC) != 0);
    wire_reader_release(&reader, &account);
    assert_int_equal(lowest_free(), before);
}

static void bad_reads_are_told_apart(void** state)
{
    const uint8_t       whole[] = { 3, 0, 0, 0, 'a', 'b', 'c' };
    struct wire_account account = { .most = 0 };
    struct wire_reader  reader  = { .message = { .bytes = NULL } };
    struct cv_error     err;
    int                 before = lowest_free();

    (void)state;
    send_raw(whole, 2, 2);
    assert_int_equal(wire_read(ends[0], &reader, &account, &err), 0);
    send_raw(whole + 2, 1, 1); /* in the middle of the message */
    assert_int_equal(wire_read(ends[0], &reader, &account, &err), CV_ERR_PROTOCOL);
    wire_reader_release(&reader, &account);
    assert_int_equal(lowest_free(), before);
    assert_int_equal(write(ends[1], whole, 5), 5);
    hang_up();
    assert_int_equal(wire_read(ends[0], &reader, &account, &err), CV_ERR_LOST); /* both in one */
    wire_reader_release(&reader, &account);
}

static void what_does_not_fit_is_sent_later(void** state)
{
    enum { LENGTH = 4 << 20, LAST = WIRE_HEADER_BYTES + LENGTH - 1 };
    struct wire_writer  writer  = { .bytes = calloc(1, LAST + 1), .length = LAST + 1, .fd = dup(ends[0]) };
    struct wire_reader  reader  = { .message = { .bytes = NULL } };
    struct wire_account account = { .most = WIRE_MAX_BYTES };
    struct cv_error     err;
    int                 received = 0, sent = 0, turns = 0;

    (void)state;
    wire_frame_header(LENGTH, writer.bytes);
    writer.bytes[LAST] = 77;
    for (; received == 0 && turns < 10000; turns++) {
        sent     = sent == 0 ? wire_write(ends[1], &writer, &err) : sent;
        received = wire_read(ends[0], &reader, &account, &err);
    }
    assert_int_equal(sent, 1);
    assert_int_equal(received, 1);
    assert_true(turns > 1);
    assert_int_equal(reader.message.length, LENGTH);
    assert_int_equal(reader.message.bytes[LENGTH - 1], 77);
    assert_int_equal(reader.message.fd_count, 1);
    wire_reader_release(&reader, &account);
    assert_int_equal(account.used, 0);
    writer.sent = 0;
    assert_int_equal(wire_write(ends[1], &writer, &err), 0);
    shutdown(ends[0], SHUT_RDWR);
    assert_int_equal(wire_write(ends[1], &writer, &err), CV_ERR_LOST);
    wire_writer_release(&writer);
}

#define WIRE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WIRE_TEST(message_with_descriptors_arrives),
        WIRE_TEST(large_message_arrives_in_parts),
        WIRE_TEST(bad_lengths_and_ends_are_told_apart),
        WIRE_TEST(surplus_descriptors_are_closed),
        WIRE_TEST(nothing_is_waited_for),
        WIRE_TEST(bad_reads_are_told_apart),
        WIRE_TEST(what_does_not_fit_is_sent_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
