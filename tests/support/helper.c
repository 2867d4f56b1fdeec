/*
 * The other process of a test. cv-test-helper COMMAND [ARGUMENT...]:
 *
 *     exit CODE              end with that code
 *     args A B ...           print the arguments, one a line
 *     env NAME               print NAME's value, or end with 3 when it is unset
 *     cat                    copy stdin to stdout
 *     exists PATH            end with 0 or 1
 *     hold LOCK              take the lock, say "held", let go when stdin ends
 *     try LOCK               end with 0 when the lock could be taken, with 7 when somebody holds it
 *     write HANDLE TEXT      write the text to an inherited handle
 *     crash PLACE            write to address 0: in main, in a test of cmocka, in a second thread
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cv-test/support.h>
#include <cv/args.h>
#include <cv/env.h>
#include <cv/file.h>
#include <cv/handle.h>
#include <cv/lock.h>
#include <cv/str.h>

#include <cv/banned.h>

enum { FAILED = 1, UNSET = 3, HELD = 7, USAGE = 99 };

static int complain(const struct cv_error* err)
{
    fprintf(stderr, "cv-test-helper: %s\n", err->text);
    return FAILED;
}

static int number(const char* text)
{
    int64_t         value = 0;
    struct cv_error err;
    if (cv_parse_i64(text, INT32_MIN, INT32_MAX, &value, &err) < 0)
        exit(complain(&err));
    return (int)value;
}

static int run_exit(char** arguments)
{
    return number(arguments[0]);
}

static int run_args(char** arguments)
{
    for (; *arguments != NULL; arguments++)
        printf("%s\n", *arguments);
    return 0;
}

static int run_env(char** arguments)
{
    CV_CLEANUP(cv_freep) char* value = NULL;
    struct cv_error            err;

    if (cv_env_get(arguments[0], &value, &err) < 0)
        return complain(&err);
    if (value == NULL)
        return UNSET;
    printf("%s\n", value);
    return 0;
}

static int copy_to(containerv_handle_t to)
{
    char            buffer[4096];
    size_t          length;
    struct cv_error err;

    do {
        if (cv_handle_read(cv_handle_standard(0), buffer, sizeof(buffer), &length, &err) < 0)
            return complain(&err);
        if (to != CV_HANDLE_NONE && cv_handle_write(to, buffer, length, &err) < 0)
            return complain(&err);
    } while (length > 0);
    return 0;
}

static int run_cat(char** arguments)
{
    (void)arguments;
    return copy_to(cv_handle_standard(1));
}

static int run_exists(char** arguments)
{
    return cv_path_exists(arguments[0]) ? 0 : 1;
}

static int run_hold(char** arguments)
{
    CV_CLEANUP(cv_lock_releasep) struct cv_lock* lock = NULL;
    struct cv_error                              err;

    if (cv_lock_acquire(arguments[0], 0, &lock, &err) < 0)
        return complain(&err);
    printf("held\n");
    fflush(stdout);
    return copy_to(CV_HANDLE_NONE);
}

static int run_try(char** arguments)
{
    CV_CLEANUP(cv_lock_releasep) struct cv_lock* lock = NULL;
    struct cv_error                              err;
    int                                          result = cv_lock_acquire(arguments[0], 0, &lock, &err);

    if (result == CV_ERR_STATE)
        return HELD;
    return result == 0 ? 0 : complain(&err);
}

static int run_write(char** arguments)
{
    containerv_handle_t handle = (containerv_handle_t)(intptr_t)number(arguments[0]);
    struct cv_error     err;

    if (arguments[1] == NULL)
        return USAGE;
    return cv_handle_write(handle, arguments[1], strlen(arguments[1]), &err) == 0 ? 0 : complain(&err);
}

static void* write_to_zero(void* unused)
{
    volatile int* volatile nowhere = NULL;
    *nowhere                       = 1;
    return unused;
}

static void crashing_test(void** state)
{
    (void)state;
    write_to_zero(NULL);
}

static int run_crash(char** arguments)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(crashing_test) };
    pthread_t               thread;

    if (strcmp(arguments[0], "test") == 0)
        return cmocka_run_group_tests(tests, NULL, NULL);
    if (strcmp(arguments[0], "thread") == 0 && pthread_create(&thread, NULL, write_to_zero, NULL) == 0)
        pthread_join(thread, NULL);
    else
        write_to_zero(NULL);
    printf("still alive\n");
    return 0;
}

static const struct {
    const char* name;
    int (*run)(char** arguments);
    int arguments_min;
} commands[] = {
    { "exit", run_exit, 1 },
    { "args", run_args, 0 },
    { "env", run_env, 1 },
    { "cat", run_cat, 0 },
    { "exists", run_exists, 1 },
    { "hold", run_hold, 1 },
    { "try", run_try, 1 },
    { "write", run_write, 2 },
    { "crash", run_crash, 1 },
};

int main(int argc, char** argv)
{
    CV_CLEANUP(cv_strv_release) struct cv_strv args;
    struct cv_error                            err;

    if (cv_args_get(argc, argv, &args, &err) < 0)
        return complain(&err);
    for (size_t i = 0; args.count >= 2 && i < CV_ARRAY_LEN(commands); i++)
        if (strcmp(commands[i].name, args.items[1]) == 0 && (int)args.count - 2 >= commands[i].arguments_min)
            return commands[i].run(args.items + 2);
    fprintf(stderr, "cv-test-helper: no such command, or too few arguments\n");
    return USAGE;
}
