/* Connections that stall, hoard or break off, and what others notice of them: nothing. */
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cv/clock.h>

#include "guardian-fixture.h"
#include "linux/guardian.h"

enum {
    LARGE      = 4 << 20,
    LARGEST    = 15 << 20,
    TO_LIVE_MS = 5000 /* less than a guardian that waited for a peer would take */
};

static pid_t guardian_pid(void)
{
    pid_t pid = 0;

    assert_int_equal(linux_client_guardians(&pid, 1), 1);
    return pid;
}

static void send_bytes(int fd, const uint8_t* bytes, size_t count)
{
    assert_int_equal(send(fd, bytes, count, MSG_NOSIGNAL), count);
}

/* The request as it goes over the wire. */
static size_t pack(Containerv__Guardian__Request__OperationCase operation, uint8_t bytes[256])
{
    Containerv__Guardian__Request request = CONTAINERV__GUARDIAN__REQUEST__INIT;
    Containerv__Guardian__Plain   plain   = CONTAINERV__GUARDIAN__PLAIN__INIT;
    size_t                        length;

    plain.id               = (char*)"box";
    request.protocol       = GUARDIAN_PROTOCOL;
    request.operation_case = operation;
    request.state          = &plain; /* one union for all of this kind */
    length                 = containerv__guardian__request__pack(&request, bytes + WIRE_HEADER_BYTES);
    wire_frame_header(length, bytes);
    return WIRE_HEADER_BYTES + length;
}

static int ask_for_spec(void)
{
    uint8_t bytes[256];
    int     fd = connect_raw();

    send_bytes(fd, bytes, pack(CONTAINERV__GUARDIAN__REQUEST__OPERATION_INSPECT, bytes));
    return fd;
}

/* The code of the answer; how much of a spec came with it. */
static int32_t take_answer(int fd, size_t* spec_out)
{
    struct wire_message          wire = { .bytes = NULL };
    Containerv__Guardian__Reply* reply;
    int32_t                      code;

    assert_int_equal(wire_receive(fd, TO_LIVE_MS, &wire, NULL), 0);
    reply = containerv__guardian__reply__unpack(NULL, wire.length, wire.bytes);
    assert_non_null(reply);
    code = reply->error != NULL ? reply->error->code : 0;
    if (spec_out != NULL)
        *spec_out = reply->config_json.len;
    containerv__guardian__reply__free_unpacked(reply, NULL);
    wire_message_release(&wire);
    close(fd);
    return code;
}

/* Others are served: by the caller's way, and by the socket. */
static void expect_service(struct fixture* f)
{
    uint8_t               bytes[256];
    int64_t               deadline_ms = cv_clock_deadline_ms(TO_LIVE_MS);
    enum containerv_state now;
    int                   fd;

    fd = connect_raw();
    send_bytes(fd, bytes, pack(CONTAINERV__GUARDIAN__REQUEST__OPERATION_STATE, bytes));
    assert_int_equal(take_answer(fd, NULL), 0);
    assert_int_equal(backend->state(f->instance, &now, &f->err), 0);
    assert_true(cv_clock_left_ms(deadline_ms) > 0);
}

static size_t open_fds(void)
{
    char   path[64];
    size_t count = 0;
    DIR*   folder;

    cv_snprintf(path, sizeof(path), "/proc/%d/fd", (int)guardian_pid());
    folder = opendir(path);
    if (folder == NULL) /* it is not dumpable: its files are root's */
        return 0;
    while (readdir(folder) != NULL)
        count++;
    closedir(folder);
    return count;
}

static void half_a_request_holds_nobody_up(void** state)
{
    struct fixture* f = *state;
    uint8_t         bytes[256];
    size_t          length = pack(CONTAINERV__GUARDIAN__REQUEST__OPERATION_STATE, bytes);

    create(f, NULL);
    for (size_t half = 1; half < length; half += 3) {
        int fd = connect_raw();
        send_bytes(fd, bytes, half);
        expect_service(f);
        send_bytes(fd, bytes + half, length - half);
        assert_int_equal(take_answer(fd, NULL), 0);
    }
}

static void make_large(struct fixture* f, size_t length)
{
    char* text = malloc(length + 1);

    memset(text, 'x', length);
    text[1]      = '=';
    text[length] = '\0';
    assert_int_equal(cv_strv_append(&f->spec->process.env, text), 0);
    free(text);
}

static void who_does_not_read_holds_nobody_up(void** state)
{
    enum { READERS = 3 };
    struct fixture* f = *state;
    int             fds[READERS];
    size_t          length = 0;

    make_large(f, LARGE);
    create(f, NULL);
    for (int i = 0; i < READERS; i++) {
        fds[i] = ask_for_spec();
        expect_service(f);
    }
    for (int i = 0; i < READERS; i++) {
        assert_int_equal(take_answer(fds[i], &length), 0);
        assert_true(length > LARGE);
    }
}

static void answers_that_nobody_reads_are_bounded(void** state)
{
    enum { READERS = 6, FIT = GUARDIAN_MAX_HELD / (LARGEST + (1 << 20)) };
    struct fixture* f = *state;
    int             fds[READERS];
    int             refused = 0;

    make_large(f, LARGEST);
    create(f, NULL);
    for (int i = 0; i < READERS; i++)
        fds[i] = ask_for_spec();
    expect_service(f);
    for (int i = READERS - 1; i >= 0; i--)
        refused += take_answer(fds[i], NULL) == CV_ERR_LIMIT;
    assert_int_equal(refused, READERS - FIT);
    assert_int_equal(take_answer(ask_for_spec(), NULL), 0); /* and the room comes back */
}

static void who_breaks_off_leaves_nothing(void** state)
{
    struct fixture* f = *state;
    uint8_t         bytes[256];
    size_t          length = pack(CONTAINERV__GUARDIAN__REQUEST__OPERATION_STATE, bytes);
    size_t          before;

    make_large(f, LARGE);
    create(f, NULL);
    expect_service(f);
    before = open_fds();
    for (size_t part = 0; part < length; part += 5) {
        int fd = connect_raw();
        send_bytes(fd, bytes, part);
        close(fd);
    }
    for (int i = 0; i < 20; i++)
        close(ask_for_spec());
    for (int i = 0; i < 20; i++) {
        uint8_t part[32 * 1024];
        int     fd = ask_for_spec();
        assert_true(recv(fd, part, sizeof(part), 0) > 0);
        close(fd);
    }
    for (int i = 0; i < 2; i++) /* the turn after the one that has seen the ends */
        expect_service(f);
    assert_in_range(open_fds(), before, before + 1); /* the connection that has just been served may still be open */
}

static long long cpu_ticks(void)
{
    char      path[64];
    long long user = 0, kernel = 0;
    FILE*     file;

    cv_snprintf(path, sizeof(path), "/proc/%d/stat", (int)guardian_pid());
    file = fopen(path, "re");
    assert_non_null(file);
    assert_int_equal(
        fscanf(file, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lld %lld", &user, &kernel), 2);
    fclose(file);
    return user + kernel;
}

/* Connections by the socket take the descriptors but for some, and wait then. The caller is served all the same. */
static void without_descriptors_it_waits(void** state)
{
    enum { STRANGERS = 40 };
    struct fixture*       f = *state;
    struct rlimit         before, few;
    enum containerv_state now;
    int                   fds[STRANGERS];
    uint8_t               bytes[256];
    size_t                length = pack(CONTAINERV__GUARDIAN__REQUEST__OPERATION_STATE, bytes);

    create(f, NULL);
    assert_int_equal(backend->state(f->instance, &now, &f->err), 0);
    size_t in_use = open_fds();
    if (in_use == 0)
        skip(); /* not root */
    assert_int_equal(prlimit(guardian_pid(), RLIMIT_NOFILE, NULL, &before), 0);
    few = (struct rlimit){ in_use + 1, before.rlim_max };
    assert_int_equal(prlimit(guardian_pid(), RLIMIT_NOFILE, &few, NULL), 0);
    long long ticks = cpu_ticks();
    for (int i = 0; i < STRANGERS; i++)
        fds[i] = connect_raw();
    for (int i = 0; i < 20; i++) {
        assert_int_equal(backend->state(f->instance, &now, &f->err), 0);
        poll(NULL, 0, 20); /* what is measured: an endless loop takes all of it */
    }
    assert_true(cpu_ticks() - ticks < 20); /* of 40 and more */
    assert_int_equal(prlimit(guardian_pid(), RLIMIT_NOFILE, &before, NULL), 0);
    for (int i = 0; i < STRANGERS; i++) {
        send_bytes(fds[i], bytes, length);
        assert_int_equal(take_answer(fds[i], NULL), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUARDIAN_TEST(half_a_request_holds_nobody_up),
        GUARDIAN_TEST(who_does_not_read_holds_nobody_up),
        GUARDIAN_TEST(answers_that_nobody_reads_are_bounded),
        GUARDIAN_TEST(who_breaks_off_leaves_nothing),
        GUARDIAN_TEST(without_descriptors_it_waits),
    };

    setenv("CONTAINERV_GUARDIAN", CV_TEST_GUARDIAN, 1);
    setenv("CONTAINERV_RUN_DIR", cv_test_folder_make(), 1);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    cv_test_folder_remove();
    return failed;
}
