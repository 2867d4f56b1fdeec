#include "linux/oci-scope.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cv/clock.h>
#include <cv/handle.h>
#include <cv/process.h>
#include <cv/str.h>

#include "linux/programs.h"

#include <cv/banned.h>

enum { ANSWER_MS = 45000, END_MS = 5000, ANSWER_SIZE = 8192 };

/* --- the helper's answer: "ok TEXT" or "error TEXT", one line --------------------------------------------------------------------- */

static int no_answer(struct cv_error* err)
{
    cv_error_set(err, CV_ERR_SYSTEM, "the helper cv-scope did not say how it went");
    return cv_error_step(err, "ask systemd");
}

/* The loader ends a program whose libraries are not there. */
static int not_run(struct cv_error* err)
{
    cv_error_set(err, CV_ERR_UNSUPPORTED, "the helper cv-scope ended without a word");
    cv_error_step(err, "ask systemd");
    return cv_error_hint(
        err, "it needs libsystemd.so.0; or leave --systemd-cgroup out (podman: --cgroup-manager=cgroupfs)");
}

static int read_line(int fd, char answer[ANSWER_SIZE], struct cv_error* err)
{
    int64_t deadline = cv_clock_deadline_ms(ANSWER_MS);
    size_t  length   = 0;
    while (length < ANSWER_SIZE - 1) {
        struct pollfd event = { .fd = fd, .events = POLLIN };
        int           ready = poll(&event, 1, (int)cv_clock_left_ms(deadline));
        if (ready == 0)
            return cv_error_set(err, CV_ERR_TIMEOUT, "systemd did not answer in %d s", ANSWER_MS / 1000);
        ssize_t got = ready > 0 ? read(fd, answer + length, ANSWER_SIZE - 1 - length) : -1;
        if (got < 0 && errno == EINTR)
            continue;
        if (got == 0 && length == 0)
            return not_run(err);
        if (got <= 0)
            return no_answer(err);
        length += (size_t)got;
        answer[length] = '\0';
        char* end      = strchr(answer, '\n');
        if (end != NULL) {
            *end = '\0';
            return 0;
        }
    }
    return no_answer(err);
}

static int understand(const char* answer, char** text_out, struct cv_error* err)
{
    if (cv_str_starts_with(answer, "ok ")) {
        *text_out = cv_strdup(answer + strlen("ok "), err);
        return *text_out != NULL ? 0 : CV_ERR_NO_MEMORY;
    }
    if (cv_str_starts_with(answer, "none ")) {
        cv_error_set(err, CV_ERR_UNSUPPORTED, "systemd can't be asked for a unit: %s", answer + strlen("none "));
        cv_error_step(err, "ask systemd");
        return cv_error_hint(
            err, "leave --systemd-cgroup out (podman: --cgroup-manager=cgroupfs) where systemd does not run");
    }
    if (!cv_str_starts_with(answer, "error "))
        return no_answer(err);
    cv_error_set(err, CV_ERR_SYSTEM, "systemd: %s", answer + strlen("error "));
    return cv_error_step(err, "ask systemd");
}

/* --- the helper ----------------------------------------------------------------------------------------------------------------- */

#define HELPER   "cv-scope"
#define VARIABLE "CONTAINERV_SCOPE"

void linux_oci_scope_remember(void)
{
    CV_CLEANUP(cv_freep) char* helper = NULL;
    if (linux_program_find(HELPER, VARIABLE, &helper, NULL) == 0)
        (void)setenv(VARIABLE, helper, 0); /* else it is not found later: an error then */
}

static int find_helper(char** path_out, struct cv_error* err)
{
    int rc = linux_program_find(HELPER, VARIABLE, path_out, err);
    if (rc == CV_ERR_NOT_FOUND)
        err->code = CV_ERR_UNSUPPORTED;
    return rc < 0 ? cv_error_wrap(err, "--systemd-cgroup needs the helper cv-scope") : 0;
}

static int arguments(
    const char* helper, const char* verb, bool user, const char* unit, struct cv_strv* list, struct cv_error* err)
{
    bool failed = cv_strv_append(list, helper) < 0 || cv_strv_append(list, verb) < 0
                  || cv_strv_append(list, user ? "user" : "system") < 0 || cv_strv_append(list, unit) < 0;
    return failed ? cv_error_no_memory(err) : 0;
}

static int add_all(struct cv_strv* list, const struct cv_strv* properties, struct cv_error* err)
{
    for (size_t i = 0; properties != NULL && i < properties->count; i++)
        if (cv_strv_append(list, properties->items[i]) < 0)
            return cv_error_no_memory(err);
    return 0;
}

static int launch(const struct cv_strv* list, struct linux_oci_scope* scope, int* answer_out, struct cv_error* err)
{
    CV_CLEANUP(cv_handle_closep) int end_read = CV_HANDLE_NONE;
    CV_CLEANUP(cv_handle_closep) int end_fd   = CV_HANDLE_NONE;
    CV_CLEANUP(cv_handle_closep) int answer   = CV_HANDLE_NONE;
    CV_CLEANUP(cv_handle_closep) int told     = CV_HANDLE_NONE;
    struct cv_process_spec           spec     = CV_PROCESS_SPEC_INIT;
    int                              rc       = cv_handle_pipe(&end_read, &end_fd, err);
    if (rc == 0)
        rc = cv_handle_pipe(&answer, &told, err);
    if (rc < 0)
        return rc;
    spec.argv     = (const char* const*)list->items;
    spec.stdio[0] = end_read;
    spec.stdio[1] = told;
    rc            = cv_process_start(&spec, &scope->process, err);
    if (rc < 0)
        return rc;
    scope->end_fd = CV_STEAL_HANDLE(end_fd);
    *answer_out   = CV_STEAL_HANDLE(answer);
    return 0;
}

/* A byte: other processes may have our end of the pipe open, too. */
void linux_oci_scope_settled(struct linux_oci_scope* scope)
{
    int code = 0;
    if (scope->process == NULL)
        return;
    (void)!write(scope->end_fd, "e", 1);
    cv_handle_closep(&scope->end_fd);
    if (cv_process_wait(scope->process, END_MS, &code, NULL) < 0)
        (void)cv_process_kill(scope->process, NULL);
    scope->process = cv_process_free(scope->process);
}

static int ask(const struct cv_strv* list, struct linux_oci_scope* scope, char** text_out, struct cv_error* err)
{
    CV_CLEANUP(cv_handle_closep) int fd = CV_HANDLE_NONE;
    char                             answer[ANSWER_SIZE];
    int                              rc = launch(list, scope, &fd, err);
    if (rc == 0)
        rc = read_line(fd, answer, err);
    return rc == 0 ? understand(answer, text_out, err) : rc;
}

static int do_one(const char* verb, const char* name, bool user, const struct cv_strv* properties, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* helper = NULL;
    CV_CLEANUP(cv_freep) char* text   = NULL;
    struct linux_oci_scope     scope  = { .end_fd = CV_HANDLE_NONE };
    struct cv_strv             list   = { .items = NULL };
    int                        rc     = find_helper(&helper, err);
    if (rc == 0)
        rc = arguments(helper, verb, user, name, &list, err);
    if (rc == 0)
        rc = add_all(&list, properties, err);
    if (rc == 0)
        rc = ask(&list, &scope, &text, err);
    linux_oci_scope_settled(&scope);
    cv_strv_release(&list);
    return rc < 0 ? cv_error_wrap(err, "%s the unit '%s'", verb, name) : 0;
}

int linux_oci_scope_stop(const char* name, bool user, struct cv_error* err)
{
    return do_one("stop", name, user, NULL, err);
}

int linux_oci_scope_set(const char* name, bool user, const struct cv_strv* properties, struct cv_error* err)
{
    return properties->count > 0 ? do_one("set", name, user, properties, err) : 0;
}

int linux_oci_scope_start(const struct linux_oci_unit* unit, bool user, const struct cv_strv* properties,
    struct linux_oci_scope* scope_out, char** path_out, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* helper = NULL;
    struct linux_oci_scope     scope  = { .end_fd = CV_HANDLE_NONE };
    struct cv_strv             list   = { .items = NULL };
    int                        rc     = find_helper(&helper, err);
    if (rc == 0)
        rc = arguments(helper, "start", user, unit->name, &list, err);
    if (rc == 0 && cv_strv_append(&list, unit->slice) < 0)
        rc = cv_error_no_memory(err);
    if (rc == 0)
        rc = add_all(&list, properties, err);
    if (rc == 0)
        rc = ask(&list, &scope, path_out, err);
    cv_strv_release(&list);
    if (rc == 0) {
        *scope_out = scope;
        return 0;
    }
    linux_oci_scope_settled(&scope);
    return cv_error_wrap(err, "start the unit '%s' in '%s'", unit->name, unit->slice);
}
