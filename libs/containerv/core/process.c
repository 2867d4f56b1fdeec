/* Processes of a container. */
#include <string.h>

#include "core.h"

#include <cv/banned.h>

static int refuse(struct cv_error* err, const char* object, const char* text)
{
    cv_error_set(err, CV_ERR_INVALID, "%s: %s", object, text);
    return cv_error_object(err, "%s", object);
}

static int check_features(const struct cv_backend* backend, const struct cv_command* command, struct cv_error* err)
{
    if (command->user != NULL && (backend->features & CV_FEATURE_USERS) == 0)
        return cv_error_unsupported(err, "user", backend->name);
    if (command->handle_count > 0 && (backend->features & CV_FEATURE_HANDLES) == 0)
        return cv_error_unsupported(err, "handles", backend->name);
    if ((command->flags & CV_SPAWN_TERMINAL) != 0 && (backend->features & CV_FEATURE_TERMINAL) == 0)
        return cv_error_unsupported(err, "terminal", backend->name);
    return backend->spawn != NULL ? 0 : cv_error_unsupported(err, "spawn", backend->name);
}

static int start(struct containerv_container* container, const struct cv_command* command, process_handle_t* handle_out,
    struct cv_error* err)
{
    struct cv_spec_process    process = { 0 };
    struct cv_process_request request = {
        .process    = &process,
        .user       = command->user != NULL ? command->user : container->user,
        .groups     = &container->spec->ext.groups,
        .timeout_ms = command->timeout_ms,
    };
    int rc = cv_spec_process_copy(&container->defaults, &process, err);
    if (rc == 0)
        rc = cv_command_apply(command, &process, err);
    cv_command_io(command, &request.io);
    if (rc == 0) {
        CV_CLEANUP(cv_mutex_unlockp) CV_UNUSED struct cv_mutex* held = cv_hold(&container->lock);
        /* one that another process holds may change its state at any moment: who holds it looks */
        if (!container->opened && !container->spec->ext.supervision.set)
            rc = cv_container_in_state(
                container, 1u << CV_STATE_CREATED | 1u << CV_STATE_RUNNING, "start a process", err);
        if (rc == 0)
            rc = container->backend->spawn(container->instance, &request, handle_out, err);
    }
    cv_spec_process_release(&process);
    return rc;
}

/* Not under the lock: others may use the container meanwhile. */
static int wait_for(struct containerv_container* container, process_handle_t process, int64_t timeout_ms,
    struct containerv_exit* exit_out, struct cv_error* err)
{
    struct containerv_exit ended = { .size = sizeof(ended) };
    if (container->backend->wait == NULL)
        return cv_error_unsupported(err, "wait", container->backend->name);
    int rc = container->backend->wait(container->instance, process, timeout_ms, &ended, err);
    if (rc == 0 && exit_out != NULL)
        cv_sized_out(exit_out, &ended, sizeof(ended));
    return rc;
}

static int spawn(struct containerv_container* container, const struct cv_command* command, process_handle_t* handle_out,
    struct cv_error* err)
{
    process_handle_t handle = CV_PROCESS_MAIN;
    bool             wait   = (command->flags & CV_SPAWN_WAIT) != 0;
    if (!wait && handle_out == NULL)
        return refuse(err, "handle_out", "is NULL without CV_SPAWN_WAIT");
    if ((command->flags & CV_SPAWN_TERMINAL) != 0 && command->terminal_out == NULL)
        return refuse(err, "terminal_out", "is missing");
    int rc = cv_command_check(command, err);
    if (rc == 0)
        rc = check_features(container->backend, command, err);
    if (rc == 0)
        rc = start(container, command, &handle, err);
    if (rc == 0 && wait)
        rc = wait_for(container, handle, -1, command->exit_out, err);
    if (rc == 0 && handle_out != NULL)
        *handle_out = handle;
    return rc;
}

int containerv_spawn(struct containerv_container* container, const char* path,
    const struct containerv_spawn_options* options, process_handle_t* handle_out)
{
    struct cv_error   err     = CV_ERROR_INIT;
    struct cv_command command = { 0 };
    int rc = container != NULL ? cv_command_make(&command, path, options, &err) : refuse(&err, "container", "is NULL");
    if (rc == 0)
        rc = spawn(container, &command, handle_out, &err);
    cv_command_release(&command);
    return cv_publish(&err, rc, "start a process");
}

/* CV_PROCESS_MAIN means something in a container with a command only. */
static int check_handle(struct containerv_container* container, process_handle_t process, struct cv_error* err)
{
    if (container == NULL)
        return refuse(err, "container", "is NULL");
    if (process != CV_PROCESS_MAIN || container->has_main)
        return 0;
    cv_error_set(err, CV_ERR_NOT_FOUND, "container '%s' has no main process", container->spec->ext.id);
    cv_error_object(err, "%s", container->spec->ext.id);
    return cv_error_hint(err, "only containerv_options_set_command() gives it one");
}

int containerv_wait(struct containerv_container* container, process_handle_t process, int64_t timeout_ms,
    struct containerv_exit* exit_out)
{
    struct cv_error err = CV_ERROR_INIT;
    int             rc  = check_handle(container, process, &err);
    if (rc == 0 && exit_out != NULL)
        rc = cv_sized_check(exit_out, "containerv_exit", &err);
    if (rc == 0)
        rc = wait_for(container, process, timeout_ms, exit_out, &err);
    return cv_publish(&err, rc, "wait for a process");
}

int containerv_signal(struct containerv_container* container, process_handle_t process, int signal_number)
{
    struct cv_error err = CV_ERROR_INIT;
    int             rc  = check_handle(container, process, &err);
    if (rc == 0 && signal_number < 0)
        rc = refuse(&err, "signal_number", "is negative");
    if (rc == 0 && container->backend->signal == NULL)
        rc = cv_error_unsupported(&err, "signal", container->backend->name);
    if (rc == 0)
        rc = cv_container_in_state(container, CV_STATES_ALIVE, "signal a process", &err);
    if (rc == 0)
        rc = container->backend->signal(container->instance, process, signal_number, &err);
    return cv_publish(&err, rc, "signal a process");
}

int containerv_kill(struct containerv_container* container)
{
    struct cv_error err = CV_ERROR_INIT;
    int             rc  = container != NULL ? 0 : refuse(&err, "container", "is NULL");
    if (rc == 0 && container->backend->kill == NULL)
        rc = cv_error_unsupported(&err, "kill", container->backend->name);
    if (rc == 0)
        rc = cv_container_in_state(container, CV_STATES_ALIVE, "kill", &err);
    if (rc == 0)
        rc = container->backend->kill(container->instance, &err);
    return cv_publish(&err, rc, "kill the container");
}

int containerv_resize(struct containerv_container* container, process_handle_t process, uint16_t columns, uint16_t rows)
{
    struct cv_error err = CV_ERROR_INIT;
    int             rc  = check_handle(container, process, &err);
    if (rc == 0 && (columns == 0 || rows == 0))
        rc = refuse(&err, "columns", "and rows must not be 0");
    if (rc == 0 && (container->backend->resize == NULL || (container->backend->features & CV_FEATURE_TERMINAL) == 0))
        rc = cv_error_unsupported(&err, "resize", container->backend->name);
    if (rc == 0)
        rc = cv_container_in_state(container, CV_STATES_ALIVE, "resize a terminal", &err);
    if (rc == 0)
        rc = container->backend->resize(container->instance, process, columns, rows, &err);
    return cv_publish(&err, rc, "resize a terminal");
}

int containerv_processes(
    struct containerv_container* container, struct containerv_process_info* list, size_t capacity, size_t* count_out)
{
    struct cv_error err = CV_ERROR_INIT;
    int             rc  = 0;
    if (container == NULL || count_out == NULL || (list == NULL && capacity > 0))
        rc = refuse(&err, "container", "or count_out or list is NULL");
    else if (container->backend->processes == NULL)
        rc = cv_error_unsupported(&err, "processes", container->backend->name);
    if (rc == 0)
        rc = cv_container_in_state(container, CV_STATES_ALIVE, "list the processes", &err);
    if (rc == 0)
        rc = container->backend->processes(container->instance, list, capacity, count_out, &err);
    return cv_publish(&err, rc, "list the processes");
}
