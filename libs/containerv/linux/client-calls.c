/* The rows of the back end's table: one request each. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cv/handle.h>
#include <cv/str.h>

#include "linux/client-instance.h"
#include "linux/process-info.h"

#include <cv/banned.h>

static struct linux_instance* new_with_events(const char* id, int* guardian_end_out, struct cv_error* err)
{
    CV_CLEANUP(linux_instance_freep) struct linux_instance* instance = linux_instance_new(id, err);
    int                                                     ends[2];

    if (instance == NULL)
        return NULL;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) {
        cv_error_errno(err, errno, "make a socket for the events", NULL);
        return NULL;
    }
    instance->event_fd = ends[0];
    *guardian_end_out  = ends[1];
    return CV_STEAL(instance);
}

/* The answer's terminal goes to whoever asked for one. */
static int take_terminal(
    struct linux_client_answer* answer, const struct cv_process_request* request, struct cv_error* err)
{
    if (request == NULL || !request->io.terminal || request->io.terminal_out == NULL)
        return 0;
    if (answer->wire.fd_count != 1)
        return cv_error_set(err, CV_ERR_PROTOCOL, "the guardian's answer has no terminal");
    *request->io.terminal_out = answer->wire.fds[0];
    answer->wire.fds[0]       = -1;
    return 0;
}

static int send_create(struct linux_instance* instance, const struct cv_spec* spec, int guardian_end,
    const struct cv_process_request* main, struct linux_client_answer* answer_out, struct cv_error* err)
{
    Containerv__Guardian__Request request = CONTAINERV__GUARDIAN__REQUEST__INIT;
    Containerv__Guardian__Create  create  = CONTAINERV__GUARDIAN__CREATE__INIT;
    CV_CLEANUP(cv_freep) char*    json    = NULL;
    struct message_process        command = { .json = NULL };
    struct message_fds            fds     = { .items = { guardian_end }, .count = 1 };
    int                           result  = cv_spec_print(spec, &json, &create.config_json.len, err);

    if (result == 0 && main != NULL)
        result = message_process_init(main, &command, &fds, err);
    if (result == 0)
        result = linux_client_begin_create(&instance->route.generation, err);
    if (result == 0) {
        create.config_json.data = (uint8_t*)json;
        create.command          = main != NULL ? &command.process : NULL;
        request.operation_case  = CONTAINERV__GUARDIAN__REQUEST__OPERATION_CREATE;
        request.create          = &create;
        result                  = linux_client_call(&instance->route, &request, &fds, answer_out, err);
        linux_client_end_create(instance->route.generation);
    }
    message_process_release(&command);
    return result;
}

static int create(
    const struct cv_spec* spec, const struct cv_process_request* main, void** instance_out, struct cv_error* err)
{
    struct linux_client_answer answer       = { .reply = NULL };
    int                        guardian_end = -1;
    int                        result;
    CV_CLEANUP(linux_instance_freep)
    struct linux_instance* instance = new_with_events(spec->ext.id, &guardian_end, err);

    if (instance == NULL)
        return err != NULL ? err->code : CV_ERR_SYSTEM;
    result = send_create(instance, spec, guardian_end, main, &answer, err);
    close(guardian_end);
    if (result < 0)
        return result;
    result = take_terminal(&answer, main, err);
    linux_client_answer_release(&answer);
    if (result < 0) {
        linux_client_destroy(CV_STEAL(instance), NULL);
        return result;
    }
    *instance_out = CV_STEAL(instance);
    return 0;
}

int linux_client_create(
    const struct cv_spec* spec, const struct cv_process_request* main, void** instance_out, struct cv_error* err)
{
    return spec->ext.supervision.set ? linux_supervised_create(spec, instance_out, err)
                                     : create(spec, main, instance_out, err);
}

int linux_client_spawn(
    void* instance, const struct cv_process_request* request, process_handle_t* handle_out, struct cv_error* err)
{
    struct linux_instance*        self    = instance;
    Containerv__Guardian__Request message = CONTAINERV__GUARDIAN__REQUEST__INIT;
    Containerv__Guardian__Spawn   spawn   = CONTAINERV__GUARDIAN__SPAWN__INIT;
    struct linux_client_answer    answer  = { .reply = NULL };
    struct message_fds            fds     = { .count = 0 };
    struct message_process        process;
    int                           result = message_process_init(request, &process, &fds, err);

    if (result < 0)
        return result;
    spawn.id               = self->id;
    spawn.process          = &process.process;
    message.operation_case = CONTAINERV__GUARDIAN__REQUEST__OPERATION_SPAWN;
    message.spawn          = &spawn;
    result                 = linux_instance_call(self, &message, &fds, &answer, err);
    message_process_release(&process);
    if (result < 0)
        return result;
    result = take_terminal(&answer, request, err);
    if (result == 0)
        *handle_out = (process_handle_t)answer.reply->process;
    linux_client_answer_release(&answer);
    return result;
}

static int call_wait(struct linux_instance* self, Containerv__Guardian__Wait* wait, struct containerv_exit* exit_out,
    struct cv_error* err)
{
    Containerv__Guardian__Request message = CONTAINERV__GUARDIAN__REQUEST__INIT;
    struct linux_client_answer    answer  = { .reply = NULL };
    int                           result;

    message.operation_case = CONTAINERV__GUARDIAN__REQUEST__OPERATION_WAIT;
    message.wait           = wait;
    result                 = linux_client_call(&self->route, &message, NULL, &answer, err);
    if (result < 0)
        return result;
    if (answer.reply->exit == NULL)
        result = cv_error_set(err, CV_ERR_PROTOCOL, "the guardian's answer has no exit");
    else
        message_to_exit(answer.reply->exit, exit_out);
    linux_client_answer_release(&answer);
    return result;
}

int linux_client_wait(void* instance, process_handle_t process, int64_t timeout_ms, struct containerv_exit* exit_out,
    struct cv_error* err)
{
    struct linux_instance*     self  = instance;
    Containerv__Guardian__Wait wait  = CONTAINERV__GUARDIAN__WAIT__INIT;
    struct containerv_exit     ended = { .size = sizeof(ended) };
    int                        result;

    wait.id         = self->id;
    wait.process    = process;
    wait.timeout_ms = timeout_ms;
    result = self->supervised ? linux_supervised_wait(self, &wait, &ended, err) : call_wait(self, &wait, &ended, err);
    if (result == 0 && exit_out != NULL)
        *exit_out = ended;
    return result;
}

/* A request whose answer says no more than that it was done. */
static int call_simple(struct linux_instance* self, const Containerv__Guardian__Request* request, struct cv_error* err)
{
    struct linux_client_answer answer = { .reply = NULL };
    int                        result = linux_instance_call(self, request, NULL, &answer, err);

    if (result == 0)
        linux_client_answer_release(&answer);
    return result;
}

int linux_client_signal(void* instance, process_handle_t process, int number, struct cv_error* err)
{
    struct linux_instance*        self    = instance;
    Containerv__Guardian__Request request = CONTAINERV__GUARDIAN__REQUEST__INIT;
    Containerv__Guardian__Signal  signal  = CONTAINERV__GUARDIAN__SIGNAL__INIT;

    signal.id              = self->id;
    signal.process         = process;
    signal.number          = number;
    request.operation_case = CONTAINERV__GUARDIAN__REQUEST__OPERATION_SIGNAL;
    request.signal         = &signal;
    return call_simple(self, &request, err);
}

int linux_client_resize(void* instance, process_handle_t process, uint16_t columns, uint16_t rows, struct cv_error* err)
{
    struct linux_instance*        self    = instance;
    Containerv__Guardian__Request request = CONTAINERV__GUARDIAN__REQUEST__INIT;
    Containerv__Guardian__Resize  resize  = CONTAINERV__GUARDIAN__RESIZE__INIT;

    resize.id              = self->id;
    resize.process         = process;
    resize.columns         = columns;
    resize.rows            = rows;
    request.operation_case = CONTAINERV__GUARDIAN__REQUEST__OPERATION_RESIZE;
    request.resize         = &resize;
    return call_simple(self, &request, err);
}

int linux_client_send_copy(struct linux_instance* self, struct linux_route* held, Containerv__Guardian__Copy* copy,
    int socket_fd, struct cv_error* err)
{
    Containerv__Guardian__Request request = CONTAINERV__GUARDIAN__REQUEST__INIT;
    struct linux_client_answer    answer  = { .reply = NULL };
    struct message_fds            fds     = { .items = { socket_fd }, .count = 1 };
    int                           result;

    copy->id               = self->id;
    request.operation_case = CONTAINERV__GUARDIAN__REQUEST__OPERATION_COPY;
    request.copy           = copy;
    result                 = held->main_fd >= 0 ? linux_client_call(held, &request, &fds, &answer, err)
                                                : linux_instance_call(self, &request, &fds, &answer, err);
    if (result == 0)
        linux_client_answer_release(&answer);
    return result;
}

int linux_client_send_snapshot(struct linux_instance* self, struct linux_route* held, bool pause, int socket_fd,
    int folder_fd, struct cv_error* err)
{
    Containerv__Guardian__Request  request  = CONTAINERV__GUARDIAN__REQUEST__INIT;
    Containerv__Guardian__Snapshot snapshot = CONTAINERV__GUARDIAN__SNAPSHOT__INIT;
    struct linux_client_answer     answer   = { .reply = NULL };
    struct message_fds             fds      = { .items = { socket_fd, folder_fd }, .count = folder_fd >= 0 ? 2 : 1 };
    int                            result;

    snapshot.id            = self->id;
    snapshot.pause         = pause;
    request.operation_case = CONTAINERV__GUARDIAN__REQUEST__OPERATION_SNAPSHOT;
    request.snapshot       = &snapshot;
    result                 = held->main_fd >= 0 ? linux_client_call(held, &request, &fds, &answer, err)
                                                : linux_instance_call(self, &request, &fds, &answer, err);
    if (result == 0)
        linux_client_answer_release(&answer);
    return result;
}

int linux_client_kill(void* instance, struct cv_error* err)
{
    return linux_instance_plain(instance, CONTAINERV__GUARDIAN__REQUEST__OPERATION_KILL, NULL, err);
}

int linux_client_pause(void* instance, struct cv_error* err)
{
    return linux_instance_plain(instance, CONTAINERV__GUARDIAN__REQUEST__OPERATION_PAUSE, NULL, err);
}

int linux_client_resume(void* instance, struct cv_error* err)
{
    return linux_instance_plain(instance, CONTAINERV__GUARDIAN__REQUEST__OPERATION_RESUME, NULL, err);
}

int linux_client_processes(
    void* instance, struct containerv_process_info* list, size_t capacity, size_t* count_out, struct cv_error* err)
{
    struct linux_client_answer answer = { .reply = NULL };
    int result = linux_instance_plain(instance, CONTAINERV__GUARDIAN__REQUEST__OPERATION_PROCESSES, &answer, err);

    if (result < 0)
        return result;
    for (size_t i = 0; i < answer.reply->n_processes && i < capacity; i++) {
        const Containerv__Guardian__ProcessInfo* info = answer.reply->processes[i];
        list[i].pid                                   = info->pid;
        snprintf(list[i].name, sizeof(list[i].name), "%s", info->name);
        linux_process_describe(&list[i]);
    }
    *count_out = answer.reply->n_processes;
    linux_client_answer_release(&answer);
    return 0;
}

int linux_client_state(void* instance, enum containerv_state* state_out, struct cv_error* err)
{
    struct linux_instance*     self   = instance;
    struct linux_client_answer answer = { .reply = NULL };
    int                        result;

    if (self->supervised)
        return linux_supervised_state(self, state_out, err);
    result = linux_instance_plain(self, CONTAINERV__GUARDIAN__REQUEST__OPERATION_STATE, &answer, err);

    if (result < 0)
        return result;
    *state_out = (enum containerv_state)answer.reply->state;
    linux_client_answer_release(&answer);
    return 0;
}

static int check_events(const struct linux_instance* self, struct cv_error* err)
{
    return self->event_fd >= 0 ? 0
                               : cv_error_unsupported(err, "events of a container that another process holds", "linux");
}

int linux_client_next_event(void* instance, struct containerv_event* event_out, struct cv_error* err)
{
    struct linux_instance* self = instance;
    uint8_t                buffer[MESSAGE_EVENT_MAX];
    ssize_t                length;

    if (self->supervised)
        return linux_supervised_next_event(self, event_out, err);
    if (check_events(self, err) < 0)
        return err->code;

    do {
        length = recv(self->event_fd, buffer, sizeof(buffer), MSG_DONTWAIT);
    } while (length < 0 && errno == EINTR);
    if (length < 0 && errno == EAGAIN)
        return cv_error_set(err, CV_ERR_TIMEOUT, "no event now");
    if (length == 0 || (length < 0 && errno == ECONNRESET))
        return cv_error_set(err, CV_ERR_LOST, "the guardian is gone: there are no more events");
    if (length < 0)
        return cv_error_errno(err, errno, "read an event", self->id);
    return message_unpack_event(buffer, (size_t)length, event_out, err);
}

int linux_client_event_handle(void* instance, containerv_handle_t* handle_out, struct cv_error* err)
{
    struct linux_instance* self = instance;

    if (self->supervised)
        return linux_supervised_event_handle(self, handle_out, err);
    if (check_events(self, err) < 0)
        return err->code;
    *handle_out = self->event_fd;
    return 0;
}

static int read_spec(struct linux_instance* self, struct cv_spec** spec_out, struct cv_error* err)
{
    struct linux_client_answer answer = { .reply = NULL };
    int result = linux_instance_plain(self, CONTAINERV__GUARDIAN__REQUEST__OPERATION_INSPECT, &answer, err);

    if (result < 0)
        return result;
    result = cv_spec_parse((const char*)answer.reply->config_json.data, answer.reply->config_json.len, spec_out, err);
    linux_client_answer_release(&answer);
    return result < 0 ? cv_error_wrap(err, "read the specification of container '%s'", self->id) : 0;
}

/* Of one that another process holds. */
static int open_reached(const char* id, struct cv_spec** spec_out, void** instance_out, struct cv_error* err)
{
    CV_CLEANUP(linux_instance_freep) struct linux_instance* instance = linux_instance_new(id, err);
    int                                                     result;

    if (instance == NULL)
        return CV_ERR_NO_MEMORY;
    result = linux_client_reach(id, &instance->route, err);
    cv_handle_closep(&instance->route.ready_fd); /* calls come from several threads: the route has to stay as it is */
    if (result == 0)
        result = read_spec(instance, spec_out, err);
    if (result == 0)
        *instance_out = CV_STEAL(instance);
    return result;
}

int linux_client_open(const char* id, struct cv_spec** spec_out, void** instance_out, struct cv_error* err)
{
    int result = linux_supervised_open(id, spec_out, instance_out, err);

    if (result != CV_ERR_NOT_FOUND)
        return result;
    result = open_reached(id, spec_out, instance_out, err);
    if (result < 0 || !(*spec_out)->ext.supervision.set)
        return result;
    *instance_out = linux_instance_free(*instance_out); /* it was made in between */
    *spec_out     = cv_spec_free(*spec_out);            /* the caller's, also if it has gone away by now */
    return linux_supervised_open(id, spec_out, instance_out, err);
}

void linux_client_close(void* instance)
{
    linux_instance_free(instance);
}

int linux_client_update(void* instance, const struct cv_spec* limits, struct cv_error* err)
{
    struct linux_instance*        self    = instance;
    Containerv__Guardian__Request request = CONTAINERV__GUARDIAN__REQUEST__INIT;
    Containerv__Guardian__Update  update  = CONTAINERV__GUARDIAN__UPDATE__INIT;
    CV_CLEANUP(cv_freep) char*    json    = NULL;
    int                           result  = cv_spec_print(limits, &json, &update.config_json.len, err);

    if (result < 0)
        return result;
    update.id               = self->id;
    update.config_json.data = (uint8_t*)json;
    request.operation_case  = CONTAINERV__GUARDIAN__REQUEST__OPERATION_UPDATE;
    request.update          = &update;
    return call_simple(self, &request, err);
}

static int ask_spec(struct linux_instance* self, char** text_out, struct cv_error* err)
{
    struct linux_client_answer answer = { .reply = NULL };
    int   result = linux_instance_plain(self, CONTAINERV__GUARDIAN__REQUEST__OPERATION_INSPECT, &answer, err);
    char* text;

    if (result < 0)
        return result;
    text = strndup((const char*)answer.reply->config_json.data, answer.reply->config_json.len);
    linux_client_answer_release(&answer);
    if (text == NULL)
        return cv_error_no_memory(err);
    *text_out = text;
    return 0;
}

int linux_client_inspect(void* instance, char** text_out, struct cv_error* err)
{
    struct linux_instance* self   = instance;
    int                    result = ask_spec(self, text_out, err);

    return self->supervised && (result == CV_ERR_STATE || result == CV_ERR_LOST)
               ? linux_supervised_inspect(self, text_out, err)
               : result;
}

int linux_client_stats(void* instance, struct containerv_stats* stats_out, struct cv_error* err)
{
    struct linux_client_answer answer = { .reply = NULL };
    int result = linux_instance_plain(instance, CONTAINERV__GUARDIAN__REQUEST__OPERATION_STATS, &answer, err);

    if (result < 0)
        return result;
    if (answer.reply->n_stats == MESSAGE_STATS)
        memcpy(&stats_out->known, answer.reply->stats, MESSAGE_STATS * sizeof(uint64_t));
    else
        result = cv_error_set(err, CV_ERR_PROTOCOL, "the guardian's answer has %zu numbers", answer.reply->n_stats);
    linux_client_answer_release(&answer);
    return result;
}

int linux_client_destroy(void* instance, struct cv_error* err)
{
    struct linux_instance* self   = instance;
    int                    result = self->supervised
                                        ? linux_supervised_destroy(self, err)
                                        : linux_instance_plain(self, CONTAINERV__GUARDIAN__REQUEST__OPERATION_DESTROY, NULL, err);

    linux_instance_free(self);
    return result;
}
