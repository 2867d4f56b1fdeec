/* What several commands print as JSON. */
#include <stdlib.h>

#include <cv/macros.h>
#include <cv/str.h>

#include "containers.h"
#include "status.h"
#include "units.h"
#include "when.h"

#include <cv/banned.h>

char* cvctl_container_config_text(struct containerv_container* container, bool redact, struct cv_error* err)
{
    char* text = NULL;
    char* copy;

    if ((redact ? containerv_inspect_redacted(container, &text) : containerv_inspect(container, &text)) != 0) {
        cvctl_library_failed(err, "read the specification of container", containerv_id(container));
        return NULL;
    }
    copy = cv_strdup(text, err);
    containerv_free(text);
    return copy;
}

json_t* cvctl_container_config(struct containerv_container* container, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* text = cvctl_container_config_text(container, false, err);
    json_t*                    config;

    if (text == NULL)
        return NULL;
    config = json_loads(text, JSON_DECODE_INT_AS_REAL, NULL);
    if (config == NULL)
        cv_error_set(err, CV_ERR_INTERNAL, "the specification of container '%s' is no JSON", containerv_id(container));
    return config;
}

int cvctl_json_line(json_t* object, struct cv_error* err)
{
    char* text = object != NULL ? json_dumps(object, JSON_COMPACT) : NULL;
    int   rc   = text != NULL ? 0 : cv_error_no_memory(err);

    if (text != NULL)
        printf("%s\n", text);
    free(text);
    json_decref(object);
    return rc;
}

json_t* cvctl_json_time(int64_t ns)
{
    char text[CV_WHEN_SIZE];

    if (ns == 0)
        return json_null();
    cv_when_print(ns, text);
    return json_string(text);
}

json_t* cvctl_json_text(const void* data, size_t length)
{
    char*   coded;
    json_t* object;

    if (cv_utf8_valid(data, length))
        return json_stringn(data, length);
    coded  = cvctl_base64(data, length, NULL);
    object = coded != NULL ? json_pack("{s:s}", "base64", coded) : NULL;
    free(coded);
    return object;
}

json_t* cvctl_json_exit(const struct containerv_exit* end)
{
    json_t* code   = end->reason == CV_EXIT_LOST ? json_null() : json_integer(end->code);
    json_t* object = json_pack("{s:o, s:i, s:s, s:o, s:o, s:I, s:I, s:b}", "code", code, "signal", end->signal,
        "reason", cvctl_reason_name(end->reason), "started", cvctl_json_time(end->start_ns), "ended",
        cvctl_json_time(end->end_ns), "cpu_ns", (json_int_t)end->cpu_ns, "peak_memory_bytes",
        (json_int_t)end->peak_memory_bytes, "on_request", end->on_request != 0);

    if (object == NULL || end->on_request == 0)
        return object;
    json_object_set_new(object, "request_uid", json_integer(end->request_uid));
    json_object_set_new(object, "request_pid", json_integer(end->request_pid));
    return object;
}

static json_t* exit_or_null(const struct containerv_info* info)
{
    return info->has_exit != 0 ? cvctl_json_exit(&info->exit) : json_null();
}

json_t* cvctl_json_info(const char* id, const struct containerv_info* info)
{
    json_t* object = json_pack(
        "{s:s, s:s, s:b}", "id", id, "state", cvctl_state_name(info->state), "supervised", info->supervised != 0);

    if (object == NULL || info->supervised == 0)
        return object;
    if (json_object_update_new(
            object, json_pack("{s:o, s:o, s:o, s:I, s:I, s:I, s:s, s:I, s:o, s:o}", "created",
                        cvctl_json_time(info->created_ns), "started", cvctl_json_time(info->started_ns), "finished",
                        cvctl_json_time(info->finished_ns), "main_process", (json_int_t)info->main_process,
                        "supervisor", (json_int_t)info->supervisor, "restarts", (json_int_t)info->restarts, "health",
                        cvctl_health_name(info->health), "health_failures", (json_int_t)info->health_failures, "exit",
                        exit_or_null(info), "error", info->error[0] != '\0' ? json_string(info->error) : json_null()))
        == 0)
        return object;
    json_decref(object);
    return NULL;
}
