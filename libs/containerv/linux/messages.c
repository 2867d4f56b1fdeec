/* Errors, exits and events. */
#include <string.h>

#include <cv/str.h>

#include "linux/messages.h"

#include <cv/banned.h>

void message_from_error(const struct cv_error* err, Containerv__Guardian__Error* message_out)
{
    containerv__guardian__error__init(message_out);
    message_out->code   = err->code;
    message_out->domain = err->domain;
    message_out->number = err->number;
    message_out->step   = (char*)err->step;
    message_out->object = (char*)err->object;
    message_out->hint   = (char*)err->hint;
    message_out->text   = (char*)err->text;
}

/* All texts were bounded when they were made by the same build; one that is longer is cut. */
static void copy_text(char* buffer, size_t size, const char* text)
{
    size_t length = strnlen(text, size - 1);

    memcpy(buffer, text, length);
    buffer[length] = '\0';
}

int message_to_error(const Containerv__Guardian__Error* message, struct cv_error* err)
{
    int code = message->code < 0 ? message->code : CV_ERR_PROTOCOL;

    if (err == NULL)
        return code;
    err->code   = code;
    err->domain = message->domain;
    err->number = message->number;
    copy_text(err->step, sizeof(err->step), message->step);
    copy_text(err->object, sizeof(err->object), message->object);
    copy_text(err->hint, sizeof(err->hint), message->hint);
    copy_text(err->text, sizeof(err->text), message->text);
    return code;
}

void message_from_exit(const struct containerv_exit* exit, Containerv__Guardian__Exit* message_out)
{
    containerv__guardian__exit__init(message_out);
    message_out->code              = exit->code;
    message_out->signal            = exit->signal;
    message_out->reason            = exit->reason;
    message_out->start_ns          = exit->start_ns;
    message_out->end_ns            = exit->end_ns;
    message_out->cpu_ns            = exit->cpu_ns;
    message_out->peak_memory_bytes = exit->peak_memory_bytes;
    message_out->on_request        = exit->on_request;
    message_out->request_uid       = exit->request_uid;
    message_out->request_pid       = exit->request_pid;
}

void message_to_exit(const Containerv__Guardian__Exit* message, struct containerv_exit* exit_out)
{
    exit_out->code              = message->code;
    exit_out->signal            = message->signal;
    exit_out->reason            = message->reason;
    exit_out->start_ns          = message->start_ns;
    exit_out->end_ns            = message->end_ns;
    exit_out->cpu_ns            = message->cpu_ns;
    exit_out->peak_memory_bytes = message->peak_memory_bytes;
    exit_out->on_request        = message->on_request;
    exit_out->request_uid       = message->request_uid;
    exit_out->request_pid       = message->request_pid;
}

size_t message_pack_event(const struct containerv_event* event, uint8_t buffer[MESSAGE_EVENT_MAX])
{
    Containerv__Guardian__Event message = CONTAINERV__GUARDIAN__EVENT__INIT;
    Containerv__Guardian__Exit  exit;

    message.kind    = event->kind;
    message.process = event->process;
    message.time_ns = event->time_ns;
    if (event->kind == CV_EVENT_EXITED) {
        message_from_exit(&event->exit, &exit);
        message.exit = &exit;
    }
    return containerv__guardian__event__pack(&message, buffer);
}

int message_unpack_event(const uint8_t* bytes, size_t length, struct containerv_event* event_out, struct cv_error* err)
{
    Containerv__Guardian__Event* message = containerv__guardian__event__unpack(NULL, length, bytes);

    if (message == NULL)
        return cv_error_set(err, CV_ERR_PROTOCOL, "the guardian sent an event that can't be read");
    memset(&event_out->exit, 0, sizeof(event_out->exit));
    event_out->exit.size = sizeof(event_out->exit);
    event_out->kind      = message->kind;
    event_out->process   = (process_handle_t)message->process;
    event_out->time_ns   = message->time_ns;
    if (message->exit != NULL)
        message_to_exit(message->exit, &event_out->exit);
    containerv__guardian__event__free_unpacked(message, NULL);
    return 0;
}
