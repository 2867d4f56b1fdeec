/*
 * Any bytes from whoever can connect to a guardian: the caller, or a stranger at a container's socket. Up to eight requests, one after
 * the other, to a guardian of one container (fake: fuzz-guardian-container.c). The guardian never crashes, hangs or leaks memory or
 * descriptors; each request has one answer that can be read, or waits; a stranger makes no container and hears of no other. What the
 * caller reads of a guardian (answers, events) is fed as well.
 *
 * A request is a byte of flags, two bytes of length, and that many bytes.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cv/macros.h>

#include "fuzz-guardian.h"
#include "fuzz.h"
#include "linux/guardian.h"

enum {
    REQUESTS_MAX = 8,
    FRAMED       = 1 << 0, /* the bytes have no length before them: it is put there */
    STRANGER     = 1 << 1, /* comes by the container's socket */
    FDS_SHIFT    = 2,      /* two bits: how many descriptors */
    FIRST_SHIFT  = 4,      /* two bits: which comes first */
    FROM_OTHER   = 1 << 6, /* it is what a guardian sends to its caller */
};

struct input {
    const uint8_t* at;
    size_t         left;
};

static unsigned take_byte(struct input* input)
{
    if (input->left == 0)
        return 0;
    input->left--;
    return *input->at++;
}

/* --- what the caller reads ------------------------------------------------------------------------------------------------------ */

static void check_text(const char* text, size_t size)
{
    FUZZ_CHECK(memchr(text, '\0', size) != NULL);
}

static void read_answer(const uint8_t* bytes, size_t length)
{
    Containerv__Guardian__Reply* reply = containerv__guardian__reply__unpack(NULL, length, bytes);
    struct cv_error              err   = CV_ERROR_INIT;
    struct containerv_exit       exit  = { .size = sizeof(exit) };
    struct containerv_event      event = { .size = sizeof(event) };

    if (reply != NULL && reply->error != NULL) {
        FUZZ_CHECK(message_to_error(reply->error, &err) < 0 && err.code < 0);
        check_text(err.step, sizeof(err.step));
        check_text(err.object, sizeof(err.object));
        check_text(err.hint, sizeof(err.hint));
        check_text(err.text, sizeof(err.text));
    }
    if (reply != NULL && reply->exit != NULL)
        message_to_exit(reply->exit, &exit);
    if (reply != NULL)
        containerv__guardian__reply__free_unpacked(reply, NULL);
    int rc = message_unpack_event(bytes, length, &event, &err);
    FUZZ_CHECK(rc == 0 || rc == CV_ERR_PROTOCOL);
    FUZZ_CHECK(exit.size == sizeof(exit) && event.size == sizeof(event));
}

/* --- what the guardian reads ---------------------------------------------------------------------------------------------------- */

/* The null device and two kinds of sockets, in the order that the flags say. */
static size_t open_fds(unsigned flags, int fds[3])
{
    size_t count = flags >> FDS_SHIFT & 3;
    for (size_t i = 0; i < count; i++) {
        int which = (int)((flags >> FIRST_SHIFT & 3) + i) % 3, pair[2];
        if (which == 0) {
            FUZZ_CHECK((fds[i] = open("/dev/null", O_RDWR | O_CLOEXEC)) >= 0);
            continue;
        }
        int type = which == 1 ? SOCK_SEQPACKET : SOCK_STREAM;
        FUZZ_CHECK(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, pair) == 0 && close(pair[1]) == 0);
        fds[i] = pair[0];
    }
    return count;
}

/* Sends the request whole and closes that way, so that nothing is waited for. */
static void send_request(int fd, unsigned flags, const uint8_t* bytes, size_t length)
{
    uint8_t copy[UINT16_MAX + 4];
    int     fds[3];
    size_t  head = (flags & FRAMED) != 0 ? 4 : 0, count = open_fds(flags, fds);

    for (size_t i = 0; i < 4; i++)
        copy[i] = (uint8_t)(length >> (8 * i) & 0xff);
    if (length > 0)
        memcpy(copy + head, bytes, length);
    fuzz_send(fd, copy, head + length, fds, count);
    FUZZ_CHECK(shutdown(fd, SHUT_WR) == 0);
    for (size_t i = 0; i < count; i++)
        close(fds[i]);
}

/* What a stranger is told of is his own container. */
static void check_spec(const Containerv__Guardian__Reply* reply)
{
    struct cv_spec* spec = NULL;
    if (reply->config_json.len == 0)
        return;
    FUZZ_CHECK(cv_spec_parse((const char*)reply->config_json.data, reply->config_json.len, &spec, NULL) == 0);
    FUZZ_CHECK(strcmp(spec->ext.id, FUZZ_OTHER_ID) != 0);
    cv_spec_free(spec);
}

static void check_answer(int fd, bool stranger)
{
    struct wire_message          wire  = { .bytes = NULL };
    Containerv__Guardian__Reply* reply = NULL;

    FUZZ_CHECK(wire_receive(fd, -1, &wire, NULL) == 0);
    reply = containerv__guardian__reply__unpack(NULL, wire.length, wire.bytes);
    FUZZ_CHECK(reply != NULL && wire.fd_count <= 1);
    FUZZ_CHECK(reply->error == NULL || (reply->error->code < 0 && reply->error->text[0] != '\0'));
    if (stranger)
        check_spec(reply);
    containerv__guardian__reply__free_unpacked(reply, NULL);
    wire_message_release(&wire);
    close(fd);
}

static size_t count_containers(const struct guardian* guardian)
{
    size_t count = 0;
    for (const struct guardian_container* at = guardian->containers; at != NULL; at = at->next)
        count++;
    return count;
}

static bool is_there(const struct guardian* guardian, const struct guardian_container* container)
{
    for (const struct guardian_container* at = guardian->containers; at != NULL; at = at->next)
        if (at == container)
            return true;
    return false;
}

static bool waits(const struct guardian* guardian, int fd)
{
    for (const struct guardian_peer* at = guardian->peers; at != NULL; at = at->next)
        if (at->fd == fd)
            return true;
    return false;
}

/* One connection. Our end of it when it has to wait, to be read at the end; -1 when it was answered. */
static int serve(struct guardian* guardian, bool stranger, unsigned flags, const uint8_t* bytes, size_t length)
{
    size_t before = count_containers(guardian);
    int    pair[2];

    FUZZ_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
    send_request(pair[0], flags, bytes, length);
    guardian_peer_add(guardian, pair[1], stranger ? fuzz_box : NULL);
    guardian_peers_handle(guardian);
    FUZZ_CHECK(!stranger || (count_containers(guardian) <= before && is_there(guardian, fuzz_other)));
    if (waits(guardian, pair[1]))
        return pair[0];
    check_answer(pair[0], stranger);
    return -1;
}

static int one_request(struct guardian* guardian, struct input* input)
{
    unsigned flags    = take_byte(input);
    size_t   length   = take_byte(input) + (size_t)256 * take_byte(input);
    bool     stranger = (flags & STRANGER) != 0 && is_there(guardian, fuzz_box);
    int      fd       = -1;

    if (length > input->left)
        length = input->left;
    if ((flags & FROM_OTHER) != 0)
        read_answer(input->at, length);
    else
        fd = serve(guardian, stranger, flags, input->at, length);
    input->at += length;
    input->left -= length;
    return fd;
}

static int lowest_free_fd(void)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    FUZZ_CHECK(fd >= 0 && close(fd) == 0);
    return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    struct guardian guardian = { .main_fd = -1, .caller_fd = -1, .spare_fd = -1 };
    struct input    input    = { data, size };
    int             waiting[REQUESTS_MAX];
    size_t          count = 0;

    fuzz_container_start();
    int free_fd = lowest_free_fd();
    fuzz_box    = fuzz_container_add(&guardian, "box");
    fuzz_other  = fuzz_container_add(&guardian, FUZZ_OTHER_ID);
    for (int i = 0; i < REQUESTS_MAX && input.left > 0 && is_there(&guardian, fuzz_other); i++) {
        waiting[count] = one_request(&guardian, &input);
        count += waiting[count] >= 0;
    }
    while (guardian.containers != NULL)
        guardian_container_remove(&guardian, guardian.containers, NULL);
    FUZZ_CHECK(guardian.peers == NULL); /* all that waited were told */
    for (size_t i = 0; i < count; i++)
        check_answer(waiting[i], false);
    FUZZ_CHECK(lowest_free_fd() == free_fd);
    return 0;
}
