/* Logs as their readers see them: while they are written, by other processes, and to their end. */
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cv/str.h>

#include "clients.h"

enum { LINES = 2000, FOLLOWERS = 3, ROUNDS = 25 /* CV_ROUNDS for longer: 200 take some 20 s */ };

/* --- followed while it is written ------------------------------------------------------------------------------------------------ */

static bool sees_all_lines(const char* id)
{
    struct containerv_log_record record    = { .size = sizeof(record) };
    struct containerv_container* container = NULL;
    struct containerv_log*       log       = NULL;
    char*                        text      = calloc(1, TEXT_MAX);
    char                         line[32];
    size_t                       length = 0;
    int                          rc;
    if (text == NULL || containerv_open(id, &container) < 0 || containerv_log_open(container, 0, &log) < 0
        || containerv_close(container) < 0) /* the log goes on without the handle */
        return false;
    while ((rc = containerv_log_read(log, -1, &record)) == 0 && length + record.length < TEXT_MAX) {
        memcpy(text + length, record.data, record.length);
        length += record.length;
    }
    containerv_log_close(log);
    if (rc != 1)
        return false;
    const char* at = text;
    for (int i = 1; i <= LINES; i++) {
        int size = snprintf(line, sizeof(line), "line %d\n", i);
        if (strncmp(at, line, (size_t)size) != 0)
            return false;
        at += size;
    }
    return *at == '\0';
}

static void three_processes_follow_it(void** state)
{
    char                         script[160];
    int                          children[FOLLOWERS];
    struct containerv_container* container;
    (void)state;
    assert_true(
        snprintf(script, sizeof(script), "i=0; while [ $i -lt %d ]; do i=$((i+1)); echo line $i; done", LINES) > 0);
    container = clients_make(script, CV_SUPERVISED_DEFER);
    for (int i = 0; i < FOLLOWERS; i++)
        children[i] = clients_fork(sees_all_lines, containerv_id(container));
    OK(containerv_start(container));
    for (int i = 0; i < FOLLOWERS; i++)
        clients_reap(children[i]);
    OK(containerv_destroy(container));
}

/* --- nothing is missing before the end -------------------------------------------------------------------------------------------- */

static void* follows(void* data)
{
    static char text[TEXT_MAX];
    clients_log(data, text);
    return text;
}

static int rounds(void)
{
    const char* text  = getenv("CV_ROUNDS");
    uint64_t    count = ROUNDS;
    assert_true(text == NULL || cv_parse_u64(text, 1, 100000, &count, NULL) == 0);
    return (int)count;
}

/* Followed before, and looked at as soon as somebody knows that it has ended. */
static void no_end_comes_before_the_output(void** state)
{
    char                         text[TEXT_MAX], expected[64], script[128];
    struct containerv_container* container = NULL;
    (void)state;
    for (int round = 0, count = rounds(); round < count; round++) {
        pthread_t thread;
        void*     result = NULL;
        assert_true(snprintf(script, sizeof(script), "echo round %d; echo err >&2; echo last", round) > 0);
        if (container == NULL)
            container = clients_make(script, 0);
        assert_int_equal(pthread_create(&thread, NULL, follows, container), 0);
        clients_wait(container);
        clients_log(container, text);
        assert_int_equal(pthread_join(thread, &result), 0);
        assert_true(snprintf(expected, sizeof(expected), "last\n") > 0);
        assert_non_null(strstr(text, expected));
        assert_string_equal(result, text);
        if (round % 10 == 9) {
            OK(containerv_destroy(container));
            container = NULL;
        } else {
            OK(containerv_start(container));
        }
    }
    if (container != NULL)
        OK(containerv_destroy(container));
}

/* Many files of a log, of which the follower has opened one when the container goes away by itself, and its folder with it. */
static void one_that_goes_by_itself_is_followed_to_its_end(void** state)
{
    const struct containerv_supervision supervision = {
        .flags = CV_SUPERVISED_REMOVE | CV_SUPERVISED_STDIN, .log_file_bytes = 64 << 10, .log_bytes = 8 << 20
    };
    struct containerv_container* container =
        clients_make_with("echo 0; read go; i=0; while [ $i -lt 20000 ]; do i=$((i+1)); echo $i; done", &supervision);
    struct containerv_log_record record = { .size = sizeof(record) };
    struct containerv_log*       log    = NULL;
    containerv_handle_t          input  = -1;
    char                         id[ID_SIZE];
    long                         next = 0, number = 0;
    int                          rc;
    (void)state;
    clients_id(container, id);
    OK(containerv_log_open(container, 0, &log));
    OK(containerv_attach_input(container, &input));
    assert_int_equal(write(input, "go\n", 3), 3);
    close(input);
    assert_int_equal(clients_wait(container), 0);
    assert_false(clients_listed(id));
    poll(NULL, 0, 200); /* time for a delete that must not have been */
    while ((rc = containerv_log_read(log, -1, &record)) == 0) {
        assert_int_equal(record.dropped, 0);
        for (size_t i = 0; i < record.length; i++) {
            const char c = ((const char*)record.data)[i];
            if (c == '\n')
                assert_int_equal(number, next++);
            number = c == '\n' ? 0 : number * 10 + (c - '0');
        }
    }
    assert_int_equal(rc, 1);
    assert_int_equal(next, 20001);
    containerv_log_close(log);
    OK(containerv_close(container));
}

/* --- where to start --------------------------------------------------------------------------------------------------------------- */

static void it_is_read_from_where_it_was_left(void** state)
{
    struct containerv_container* container = clients_make("for i in 1 2 3 4 5; do echo $i; done", 0);
    struct containerv_log_record record    = { .size = sizeof(record) };
    struct containerv_log*       log       = NULL;
    uint64_t                     offset    = 0;
    (void)state;
    clients_wait(container);
    OK(containerv_log_tail(container, 2, &offset));
    OK(containerv_log_open(container, offset, &log));
    OK(containerv_log_read(log, 0, &record));
    assert_int_equal(record.stream, CV_STREAM_OUTPUT);
    assert_true(record.time_ns > 0);
    assert_true(record.length >= 2 && memcmp(record.data, "4\n", 2) == 0);
    containerv_log_close(log);
    FAILS(CV_ERR_INVALID, containerv_log_open(container, UINT64_C(1) << 40, &log));
    OK(containerv_destroy(container));
}

static void a_look_takes_no_time(void** state)
{
    struct containerv_container* container = clients_make("sleep 1000", 0);
    struct containerv_log_record record    = { .size = sizeof(record) };
    struct containerv_log*       log       = NULL;
    containerv_handle_t          handle;
    (void)state;
    OK(containerv_log_open(container, 0, &log));
    OK(containerv_log_handle(log, &handle));
    FAILS(CV_ERR_TIMEOUT, containerv_log_read(log, 0, &record));
    FAILS(CV_ERR_TIMEOUT, containerv_log_read(log, 30, &record));
    OK(containerv_stop(container, 0));
    assert_int_equal(containerv_log_read(log, -1, &record), 1);
    OK(containerv_destroy(container));
    assert_int_equal(containerv_log_read(log, -1, &record), 1); /* also when it is gone */
    containerv_log_close(log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_processes_follow_it),
        cmocka_unit_test(no_end_comes_before_the_output),
        cmocka_unit_test(one_that_goes_by_itself_is_followed_to_its_end),
        cmocka_unit_test(it_is_read_from_where_it_was_left),
        cmocka_unit_test(a_look_takes_no_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
