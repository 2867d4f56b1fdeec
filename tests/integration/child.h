/*
 * Runs a part of a test in a process of its own, where it may enter other namespaces or be killed. cmocka's assertions belong to the
 * parent; a child checks with CHILD_CHECK, which prints what was wrong and ends it, and the parent asserts that it ended with 0.
 */
#ifndef CV_TEST_CHILD_H
#define CV_TEST_CHILD_H

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cv-test/support.h>

enum { CHILD_SECONDS = 60 }; /* a child that hangs is ended by SIGALRM */

#define CHILD_CHECK(condition)                                                                                         \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                                            \
            _exit(1);                                                                                                  \
        }                                                                                                              \
    } while (0)

#define CHILD_OK(err, call)                                                                                            \
    do {                                                                                                               \
        int child_result_ = (call);                                                                                    \
        if (child_result_ != 0) {                                                                                      \
            fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #call, (err).text);                                 \
            _exit(1);                                                                                                  \
        }                                                                                                              \
    } while (0)

static inline void run_in_child(void (*part)(void))
{
    int   status = -1;
    pid_t pid    = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        alarm(CHILD_SECONDS);
        part();
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

#endif
