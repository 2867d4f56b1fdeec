/* Readers of a container's log. */
#include <stdlib.h>

#include "core.h"

#include <cv/banned.h>

struct containerv_log {
    const struct cv_backend* backend;
    void*                    reader; /* the back end's */
};

static int is_null(struct cv_error* err, const char* object)
{
    cv_error_set(err, CV_ERR_INVALID, "%s is NULL", object);
    return cv_error_object(err, "%s", object);
}

static int open_log(
    struct containerv_container* container, uint64_t offset, struct containerv_log** log_out, struct cv_error* err)
{
    const struct cv_backend* backend = container->backend;
    int rc = cv_backend_supervises(backend, backend->log_open != NULL && backend->log_read != NULL, "log", err);
    if (rc < 0)
        return rc;
    struct containerv_log* log = calloc(1, sizeof(*log));
    if (log == NULL)
        return cv_error_no_memory(err);
    log->backend = backend;
    rc           = backend->log_open(container->instance, offset, &log->reader, err);
    if (rc < 0)
        free(log);
    else
        *log_out = log;
    return rc;
}

int containerv_log_open(struct containerv_container* container, uint64_t offset, struct containerv_log** log_out)
{
    struct cv_error err = CV_ERROR_INIT;
    int             rc  = cv_container_supervised(container, "log", &err);
    if (rc == 0)
        rc = log_out != NULL ? open_log(container, offset, log_out, &err) : is_null(&err, "log_out");
    return cv_publish(&err, rc, "open the log");
}

int containerv_log_read(struct containerv_log* log, int64_t timeout_ms, struct containerv_log_record* record_out)
{
    struct cv_error              err    = CV_ERROR_INIT;
    struct containerv_log_record record = { .size = sizeof(record) };
    int rc = log != NULL && record_out != NULL ? cv_sized_check(record_out, "containerv_log_record", &err)
                                               : is_null(&err, "log or record_out");
    if (rc == 0)
        rc = log->backend->log_read(log->reader, timeout_ms, &record, &err);
    if (rc == 0)
        cv_sized_out(record_out, &record, sizeof(record));
    return cv_publish(&err, rc, "read the log");
}

int containerv_log_tail(struct containerv_container* container, uint64_t count, uint64_t* offset_out)
{
    struct cv_error err = CV_ERROR_INIT;
    int             rc  = cv_container_supervised(container, "log", &err);
    if (rc == 0 && offset_out == NULL)
        rc = is_null(&err, "offset_out");
    if (rc == 0)
        rc = cv_backend_supervises(container->backend, container->backend->log_tail != NULL, "tail of a log", &err);
    if (rc == 0)
        rc = container->backend->log_tail(container->instance, count, offset_out, &err);
    return cv_publish(&err, rc, "find the end of the log");
}

int containerv_log_handle(struct containerv_log* log, containerv_handle_t* handle_out)
{
    struct cv_error err = CV_ERROR_INIT;
    int             rc  = log != NULL && handle_out != NULL ? 0 : is_null(&err, "log or handle_out");
    if (rc == 0)
        rc = cv_backend_supervises(log->backend, log->backend->log_handle != NULL, "handle of a log", &err);
    if (rc == 0)
        rc = log->backend->log_handle(log->reader, handle_out, &err);
    return cv_publish(&err, rc, "ask for the log's handle");
}

void containerv_log_close(struct containerv_log* log)
{
    if (log == NULL)
        return;
    if (log->backend->log_close != NULL)
        log->backend->log_close(log->reader);
    free(log);
}
