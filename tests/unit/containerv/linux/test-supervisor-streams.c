/* Standard streams into a log, with real pipes and terminals, in a loop of the test's own. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <chef/containerv/supervised.h>
#include <cv-test/support.h>
#include <cv/clock.h>
#include <cv/handle.h>
#include <cv/str.h>

#include "linux/guardian.h"
#include "linux/supervisor-streams.h"

#include <cv/banned.h>

enum { FOLLOWERS = 64, YES_MS = 1500 };

#ifdef __SANITIZE_ADDRESS__
enum { MEMORY_KIB = 64 << 10 }; /* it keeps what was freed */
#else
enum { MEMORY_KIB = 1024 };
#endif

static int                        home_fd;
static struct linux_log_writer*   writer;
static struct linux_log_reader*   reader;
static struct supervisor_streams* streams;
static int                        theirs[3];
static struct cv_error            err;

/* --- the loop --- */

int guardian_poll_add(struct guardian_poll* set, int fd, short events, short* target, struct cv_error* why)
{
    (void)why;
    *target = 0;
    if (fd >= 0) {
        set->entries[set->count]   = (struct pollfd){ .fd = fd, .events = events };
        set->targets[set->count++] = target;
    }
    return 0;
}

void guardian_sooner(int64_t* deadline_ms, int64_t other_ms)
{
    if (other_ms >= 0 && (*deadline_ms < 0 || other_ms < *deadline_ms))
        *deadline_ms = other_ms;
}

/* What handle said. *count_out: descriptors that were polled. */
static int turn(int64_t deadline_ms, size_t* count_out)
{
    struct pollfd        entries[4];
    short*               targets[4];
    struct guardian_poll set = { .entries = entries, .targets = targets, .capacity = 4 };
    CV_TEST_OK(err, supervisor_streams_collect(streams, &set, &deadline_ms, &err));
    assert_true(poll(entries, set.count, (int)cv_clock_left_ms(deadline_ms)) >= 0);
    for (size_t i = 0; i < set.count; i++)
        *targets[i] = entries[i].revents;
    if (count_out != NULL)
        *count_out = set.count;
    return supervisor_streams_handle(streams, &err);
}

static void turns_until_idle(void)
{
    for (int i = 0; i < 3; i++)
        CV_TEST_OK(err, turn(cv_clock_deadline_ms(20), NULL));
}

/* --- setup --- */

static int setup(void** state)
{
    int rc  = cv_test_setup(state);
    home_fd = open(cv_test_path(""), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (int i = 0; i < 3; i++)
        theirs[i] = -1;
    return home_fd < 0 ? -1 : rc;
}

static void close_all(void)
{
    supervisor_streams_close(CV_STEAL(streams));
    linux_log_writer_close(CV_STEAL(writer));
    linux_log_reader_close(CV_STEAL(reader));
    for (int i = 0; i < 3; i++)
        cv_handle_closep(&theirs[i]);
    cv_handle_closep(&home_fd);
}

static int teardown(void** state)
{
    close_all();
    return cv_test_teardown(state);
}

static void open_streams(bool terminal, bool open_stdin, uint64_t file_bytes, uint64_t total_bytes)
{
    CV_TEST_OK(err, linux_log_writer_open(home_fd, file_bytes, total_bytes, &writer, &err));
    CV_TEST_OK(err, supervisor_streams_open(terminal, open_stdin, writer, &streams, theirs, &err));
    CV_TEST_OK(err, linux_log_reader_open(home_fd, 0, &reader, &err));
}

/* All that is in the log of one stream, from where the reader is. */
static size_t read_stream(uint32_t stream, char* text, size_t size)
{
    struct linux_log_record record;
    size_t                  length = 0;
    int                     rc;
    while ((rc = linux_log_read(reader, &record, &err)) == 0) {
        assert_int_equal(record.dropped, 0);
        if (record.header.stream != stream || text == NULL)
            continue;
        assert_true(length + record.header.length < size);
        memcpy(text + length, record.data, record.header.length);
        length += record.header.length;
    }
    assert_int_equal(rc, 1);
    if (text != NULL)
        text[length] = '\0';
    return length;
}

/* A child that writes the same line for ever. */
static pid_t start_yes(int fd)
{
    static char block[8192];
    pid_t       pid = fork();
    assert_true(pid >= 0);
    if (pid > 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* also when a test fails */
    for (size_t i = 0; i < sizeof(block); i += 8)
        memcpy(block + i, "yes yes\n", 8);
    while (write(fd, block, sizeof(block)) > 0) {}
    _exit(0);
}

static void end(pid_t pid)
{
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* --- pipes --- */

static void both_streams_reach_the_log(void** state)
{
    struct linux_log_record record;
    (void)state;
    open_streams(false, false, 0, 0);
    assert_int_equal(theirs[0], -1);
    dprintf(theirs[1], "out");
    CV_TEST_OK(err, turn(-1, NULL));
    dprintf(theirs[2], "problem");
    CV_TEST_OK(err, turn(-1, NULL));
    CV_TEST_OK(err, linux_log_read(reader, &record, &err));
    assert_int_equal(record.header.stream, CV_STREAM_OUTPUT);
    assert_int_equal(record.header.length, 3);
    assert_memory_equal(record.data, "out", 3);
    CV_TEST_OK(err, linux_log_read(reader, &record, &err));
    assert_int_equal(record.header.stream, CV_STREAM_ERROR);
    assert_memory_equal(record.data, "problem", 7);
}

static void a_stream_that_has_ended_is_not_polled(void** state)
{
    size_t count;
    (void)state;
    open_streams(false, false, 0, 0);
    cv_handle_closep(&theirs[1]);
    CV_TEST_OK(err, turn(-1, &count));
    assert_int_equal(count, 2);
    CV_TEST_OK(err, turn(cv_clock_deadline_ms(0), &count));
    assert_int_equal(count, 1);
}

static void input_is_written_by_who_attaches(void** state)
{
    int  first = -1, second = -1;
    char text[16] = "";
    (void)state;
    open_streams(false, true, 0, 0);
    CV_TEST_OK(err, supervisor_streams_input(streams, &first, &err));
    CV_TEST_OK(err, supervisor_streams_input(streams, &second, &err));
    dprintf(first, "a");
    dprintf(second, "b");
    assert_int_equal(read(theirs[0], text, sizeof(text)), 2);
    assert_string_equal(text, "ab");
    close(first);
    supervisor_streams_close_input(streams);
    CV_TEST_FAILS(CV_ERR_STATE, err, supervisor_streams_input(streams, &first, &err));
    dprintf(second, "c"); /* lasts until it is closed, too */
    close(second);
    assert_int_equal(read(theirs[0], text, sizeof(text)), 1);
    assert_int_equal(read(theirs[0], text, sizeof(text)), 0);
}

static void without_an_input_there_is_none(void** state)
{
    int fd = -1;
    (void)state;
    open_streams(false, false, 0, 0);
    CV_TEST_FAILS(CV_ERR_STATE, err, supervisor_streams_input(streams, &fd, &err));
    assert_int_equal(fd, -1);
}

static void the_end_finds_all_that_was_written(void** state)
{
    static char data[60000], back[130000];
    int         held;
    (void)state;
    open_streams(false, false, 0, 0);
    memset(data, 'x', sizeof(data));
    held = dup(theirs[1]); /* by a process that goes on */
    assert_int_equal(write(theirs[1], data, sizeof(data)), sizeof(data));
    assert_int_equal(write(theirs[1], data, 10), 10);
    assert_int_equal(write(theirs[2], "e", 1), 1);
    cv_handle_closep(&theirs[1]);
    CV_TEST_OK(err, supervisor_streams_finish(streams, &err));
    assert_int_equal(read_stream(CV_STREAM_OUTPUT, back, sizeof(back)), sizeof(data) + 10);
    close(held);
}

static void the_end_does_not_wait_for_who_writes_on(void** state)
{
    pid_t   pid;
    int64_t deadline_ms;
    (void)state;
    open_streams(false, false, 0, 0);
    pid = start_yes(theirs[1]);
    CV_TEST_OK(err, turn(-1, NULL));
    deadline_ms = cv_clock_deadline_ms(10000);
    CV_TEST_OK(err, supervisor_streams_finish(streams, &err));
    assert_true(cv_clock_left_ms(deadline_ms) > 0);
    end(pid);
}

/* --- a lot --- */

static uint64_t private_kib(void)
{
    char               line[128];
    unsigned long long kib  = 0;
    FILE*              file = fopen("/proc/self/smaps_rollup", "re");
    assert_non_null(file);
    while (fgets(line, sizeof(line), file) != NULL && sscanf(line, "Private_Dirty: %llu", &kib) != 1) {}
    fclose(file);
    return kib;
}

struct follower {
    struct linux_log_reader* reader;
    uint64_t                 expected, records;
};

static void follow(struct follower* follower, int records)
{
    struct linux_log_record record;
    int                     rc = 0;
    for (int i = 0; i < records && (rc = linux_log_read(follower->reader, &record, &err)) == 0; i++) {
        assert_true(record.offset == follower->expected + record.dropped);
        assert_non_null(memmem(record.data, record.header.length, "yes", 3));
        follower->expected = record.offset + LINUX_LOG_HEADER + record.header.length;
        follower->records++;
    }
    assert_true(rc == 0 || rc == 1);
}

static uint64_t log_end(void)
{
    uint64_t offset = 0;
    CV_TEST_OK(err, linux_log_tail(home_fd, 0, &offset, &err));
    return offset;
}

/* One that reads all, one that is slow, and others that have not read a byte. */
static void nobody_holds_up_the_container(void** state)
{
    static struct follower followers[FOLLOWERS];
    uint64_t               before;
    int64_t                deadline_ms;
    pid_t                  pid;
    (void)state;
    open_streams(false, false, 1 << 20, 8 << 20);
    for (int i = 0; i < FOLLOWERS; i++)
        CV_TEST_OK(err, linux_log_reader_open(home_fd, 0, &followers[i].reader, &err));
    pid = start_yes(theirs[1]);
    CV_TEST_OK(err, turn(-1, NULL));
    follow(&followers[0], 1);
    follow(&followers[1], 1);
    before      = private_kib();
    deadline_ms = cv_clock_deadline_ms(YES_MS);
    while (cv_clock_left_ms(deadline_ms) > 0) {
        CV_TEST_OK(err, turn(-1, NULL));
        follow(&followers[0], 1000);
        follow(&followers[1], 1);
    }
    assert_true(private_kib() < before + MEMORY_KIB);
    assert_true(log_end() > 8 << 20); /* more than there is now: it went round */
    follow(&followers[0], INT32_MAX);
    assert_true(followers[0].expected == log_end());
    for (int i = 1; i < FOLLOWERS; i++) {
        follow(&followers[i], INT32_MAX);
        assert_true(followers[i].expected == log_end());
    }
    for (int i = 0; i < FOLLOWERS; i++)
        linux_log_reader_close(followers[i].reader);
    end(pid);
}

static void one_turn_is_not_for_ever(void** state)
{
    enum { MOST = SUPERVISOR_STREAMS_BURST * (SUPERVISOR_STREAMS_BUFFER + LINUX_LOG_HEADER) };
    pid_t pid;
    (void)state;
    open_streams(false, false, 0, 0);
    pid = start_yes(theirs[1]);
    for (int i = 0; i < 20; i++) {
        uint64_t before = log_end();
        CV_TEST_OK(err, turn(-1, NULL));
        assert_true(log_end() - before <= MOST);
    }
    end(pid);
}

/* --- a full disk --- */

static bool mount_small(void)
{
    assert_int_equal(mkdir(cv_test_path("small"), 0700), 0);
    if (mount("tmpfs", cv_test_path("small"), "tmpfs", 0, "size=256k") < 0)
        return false;
    close(home_fd);
    home_fd = open(cv_test_path("small"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return true;
}

static void fill_disk(void)
{
    static char zeros[4096];
    int         fd = openat(home_fd, "other", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    while (write(fd, zeros, sizeof(zeros)) > 0) {}
    close(fd);
}

static void on_a_full_disk_the_process_waits(void** state)
{
    static char data[100000], back[200001];
    size_t      count;
    (void)state;
    if (!mount_small()) {
        print_message("no right to mount a filesystem that is soon full\n");
        skip();
    }
    open_streams(false, false, 0, 0);
    fill_disk();
    memset(data, 'd', sizeof(data));
    assert_int_equal(write(theirs[1], data, 60000), 60000);
    CV_TEST_FAILS(CV_ERR_SYSTEM, err, turn(-1, NULL));
    assert_int_equal(err.number, ENOSPC);
    CV_TEST_OK(err, turn(cv_clock_deadline_ms(0), &count)); /* told once */
    assert_int_equal(count, 0);                             /* and nothing more is read */
    assert_int_equal(write(theirs[1], data, 5), 5);
    CV_TEST_FAILS(CV_ERR_SYSTEM, err, supervisor_streams_finish(streams, &err));
    assert_int_equal(read_stream(CV_STREAM_OUTPUT, back, sizeof(back)), 0);
    assert_int_equal(unlinkat(home_fd, "other", 0), 0);
    CV_TEST_OK(err, turn(-1, &count)); /* by the clock */
    assert_int_equal(count, 0);
    CV_TEST_OK(err, turn(-1, &count));
    assert_int_equal(count, 2);
    assert_int_equal(read_stream(CV_STREAM_OUTPUT, back, sizeof(back)), 60005);
    close_all();
    assert_int_equal(umount(cv_test_path("small")), 0);
}

/* --- terminals --- */

static int open_terminal(void)
{
    struct termios mode;
    int            master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    int            slave;
    assert_true(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
    slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(slave >= 0 && tcgetattr(slave, &mode) == 0);
    cfmakeraw(&mode);
    assert_int_equal(tcsetattr(slave, TCSANOW, &mode), 0);
    open_streams(true, false, 0, 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(theirs[i], -1);
    turns_until_idle(); /* without a terminal yet */
    supervisor_streams_terminal(streams, master);
    return slave;
}

static void a_terminal_reaches_the_log(void** state)
{
    char text[64];
    int  slave = open_terminal(), input = -1;
    (void)state;
    dprintf(slave, "hello\r\n");
    CV_TEST_OK(err, turn(-1, NULL));
    read_stream(CV_STREAM_OUTPUT, text, sizeof(text));
    assert_string_equal(text, "hello\r\n");
    CV_TEST_OK(err, supervisor_streams_input(streams, &input, &err));
    dprintf(input, "typed");
    assert_int_equal(read(slave, text, sizeof(text)), 5);
    supervisor_streams_close_input(streams);
    CV_TEST_FAILS(CV_ERR_STATE, err, supervisor_streams_input(streams, &input, &err));
    dprintf(slave, "more");
    CV_TEST_OK(err, turn(-1, NULL));
    read_stream(CV_STREAM_OUTPUT, text, sizeof(text));
    assert_string_equal(text, "more");
    close(input);
    close(slave);
}

static void a_terminal_is_read_to_its_end(void** state)
{
    static char text[10000];
    int         slave = open_terminal(), held = dup(slave);
    (void)state;
    for (int i = 0; i < 500; i++)
        dprintf(slave, "%09d\n", i);
    close(slave);
    CV_TEST_OK(err, supervisor_streams_finish(streams, &err)); /* somebody still has it open */
    assert_int_equal(read_stream(CV_STREAM_OUTPUT, text, sizeof(text)), 5000);
    close(held);
    CV_TEST_OK(err, supervisor_streams_finish(streams, &err));
}

static void a_terminal_may_be_opened_again(void** state)
{
    char   text[64], name[64];
    int    slave = open_terminal();
    size_t count;
    (void)state;
    assert_int_equal(ttyname_r(slave, name, sizeof(name)), 0);
    close(slave);
    CV_TEST_OK(err, turn(-1, &count));
    assert_int_equal(count, 1);
    CV_TEST_OK(err, turn(cv_clock_deadline_ms(0), &count)); /* hung up: it must not keep the loop busy */
    assert_int_equal(count, 0);
    slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(slave >= 0);
    dprintf(slave, "again");
    CV_TEST_OK(err, turn(-1, NULL));
    CV_TEST_OK(err, turn(-1, NULL));
    assert_int_equal(read_stream(CV_STREAM_OUTPUT, text, sizeof(text)), 5);
    close(slave);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(both_streams_reach_the_log),
        TEST(a_stream_that_has_ended_is_not_polled),
        TEST(input_is_written_by_who_attaches),
        TEST(without_an_input_there_is_none),
        TEST(the_end_finds_all_that_was_written),
        TEST(the_end_does_not_wait_for_who_writes_on),
        TEST(nobody_holds_up_the_container),
        TEST(one_turn_is_not_for_ever),
        TEST(on_a_full_disk_the_process_waits),
        TEST(a_terminal_reaches_the_log),
        TEST(a_terminal_is_read_to_its_end),
        TEST(a_terminal_may_be_opened_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
