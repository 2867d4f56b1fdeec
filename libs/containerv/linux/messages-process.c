/* One process to start, from the caller's request to what the guardian starts. */
#include <stdlib.h>
#include <string.h>

#include <cv/handle.h>

#include "linux/messages.h"

#include <cv/banned.h>

int message_add_fd(struct message_fds* fds, int fd, int32_t* index_out, struct cv_error* err)
{
    if (fd < 0)
        return cv_error_set(err, CV_ERR_INVALID, "%d is not a descriptor", fd);
    if (fds->count == WIRE_MAX_FDS)
        return cv_error_set(err, CV_ERR_LIMIT, "more than %d descriptors in one request", (int)WIRE_MAX_FDS);
    *index_out               = (int32_t)fds->count;
    fds->items[fds->count++] = fd;
    return 0;
}

static int add_stream(
    const struct containerv_stdio* stdio, int number, struct message_fds* fds, int32_t* index_out, struct cv_error* err)
{
    switch (stdio->kind) {
    case CV_STDIO_NULL:
        *index_out = -1;
        return 0;
    case CV_STDIO_INHERIT:
        /* a caller that has closed its own stream gets the null device, as its other children do from a careful shell */
        if (cv_handle_standard(number) == CV_HANDLE_NONE) {
            *index_out = -1;
            return 0;
        }
        return message_add_fd(fds, number, index_out, err);
    case CV_STDIO_HANDLE:
        return message_add_fd(fds, stdio->handle, index_out, err);
    default:
        return cv_error_set(err, CV_ERR_INVALID, "unknown kind %u of stream %d", stdio->kind, number);
    }
}

static int add_streams(
    const struct cv_process_io* io, struct message_process* message, struct message_fds* fds, struct cv_error* err)
{
    int result = 0;

    for (int i = 0; i < 3 && result == 0; i++) {
        message->standard[i] = -1;
        if (!io->terminal)
            result = add_stream(&io->stdio[i], i, fds, &message->standard[i], err);
    }
    if (result == 0 && io->handle_count > WIRE_MAX_FDS)
        return cv_error_set(err, CV_ERR_LIMIT, "%zu handles are over %d", io->handle_count, (int)WIRE_MAX_FDS);
    for (size_t i = 0; i < io->handle_count && result == 0; i++)
        result = message_add_fd(fds, io->handles[i], &message->extra[i], err);
    message->streams.n_standard = 3;
    message->streams.standard   = message->standard;
    message->streams.n_extra    = io->handle_count;
    message->streams.extra      = message->extra;
    message->streams.terminal   = io->terminal;
    message->streams.columns    = io->columns;
    message->streams.rows       = io->rows;
    return result;
}

int message_process_init(const struct cv_process_request* request, struct message_process* message,
    struct message_fds* fds, struct cv_error* err)
{
    size_t length;
    int    result;

    message->json = NULL;
    containerv__guardian__process__init(&message->process);
    containerv__guardian__streams__init(&message->streams);
    result = cv_spec_process_print(request->process, &message->json, &length, err);
    if (result < 0)
        return result;
    message->process.process_json.data = (uint8_t*)message->json;
    message->process.process_json.len  = length;
    message->process.user_set          = request->user != NULL;
    if (request->user != NULL)
        message->process.user = (char*)request->user;
    if (request->groups != NULL) {
        message->process.n_groups = request->groups->count;
        message->process.groups   = request->groups->items;
    }
    message->process.timeout_ms = request->timeout_ms;
    message->process.streams    = &message->streams;
    result                      = add_streams(&request->io, message, fds, err);
    if (result < 0)
        message_process_release(message);
    return result;
}

void message_process_release(struct message_process* message)
{
    free(message->json);
    message->json = NULL;
}

static int fd_at(const struct wire_message* message, int32_t index, int* fd_out, struct cv_error* err)
{
    if (index < 0 || (size_t)index >= message->fd_count)
        return cv_error_set(err, CV_ERR_PROTOCOL, "descriptor %d of %zu", (int)index, message->fd_count);
    *fd_out = message->fds[index];
    return 0;
}

static int read_streams(const Containerv__Guardian__Streams* streams, const struct wire_message* message,
    struct message_start* start, struct cv_error* err)
{
    int result = 0;

    if (streams->n_standard != 3 || streams->n_extra > WIRE_MAX_FDS)
        return cv_error_set(
            err, CV_ERR_PROTOCOL, "%zu streams and %zu descriptors", streams->n_standard, streams->n_extra);
    if (streams->columns > UINT16_MAX || streams->rows > UINT16_MAX)
        return cv_error_set(err, CV_ERR_PROTOCOL, "a terminal of %u x %u", streams->columns, streams->rows);
    for (size_t i = 0; i < 3 && result == 0; i++) {
        start->start.stdio[i] = -1;
        if (streams->standard[i] != -1)
            result = fd_at(message, streams->standard[i], &start->start.stdio[i], err);
    }
    for (size_t i = 0; i < streams->n_extra && result == 0; i++)
        result = fd_at(message, streams->extra[i], &start->extra[i], err);
    start->start.extra       = start->extra;
    start->start.extra_count = streams->n_extra;
    start->start.terminal    = streams->terminal;
    start->start.columns     = (uint16_t)streams->columns;
    start->start.rows        = (uint16_t)streams->rows;
    return result;
}

int message_start_init(const Containerv__Guardian__Process* process, const struct wire_message* message,
    struct message_start* start_out, struct cv_error* err)
{
    const char* json = (const char*)process->process_json.data;
    int         result;

    memset(start_out, 0, sizeof(*start_out));
    if (json == NULL || process->streams == NULL || process->timeout_ms < 0)
        return cv_error_set(err, CV_ERR_PROTOCOL, "a process without description, streams or sense");
    for (size_t i = 0; i < process->n_groups; i++) {
        if (cv_strv_append(&start_out->groups, process->groups[i]) < 0)
            return cv_error_no_memory(err);
    }
    result = read_streams(process->streams, message, start_out, err);
    if (result < 0)
        return result;
    result = cv_spec_process_parse(json, process->process_json.len, &start_out->process, err);
    if (result < 0)
        return cv_error_wrap(err, "read the process");
    result = cv_spec_process_validate(&start_out->process, err);
    if (result < 0)
        return cv_error_wrap(err, "check the process");
    start_out->start.process = &start_out->process;
    start_out->start.user    = process->user_set ? process->user : NULL;
    start_out->start.groups  = &start_out->groups;
    start_out->timeout_ms    = process->timeout_ms;
    return 0;
}

void message_start_release(struct message_start* start)
{
    cv_spec_process_release(&start->process);
    cv_strv_release(&start->groups);
    memset(start, 0, sizeof(*start));
}
