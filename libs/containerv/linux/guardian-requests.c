/* What each request does. A request that fails is answered with its error; nothing of it ends the guardian. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cv/clock.h>
#include <cv/handle.h>
#include <cv/str.h>

#include "linux/guardian.h"

#include <cv/banned.h>

enum { COMM_SIZE = 64, MAX_PROCESSES = 1 << 22 /* the kernel's largest pid_max */ };

/* Its socket. SOCK_STREAM would glue events together. */
static int take_event_fd(struct guardian_request* request, int* fd_out, struct cv_error* err)
{
    int       type   = 0;
    socklen_t length = sizeof(type);

    if (request->wire->fd_count == 0 || getsockopt(request->wire->fds[0], SOL_SOCKET, SO_TYPE, &type, &length) < 0
        || (type != SOCK_SEQPACKET && type != SOCK_DGRAM))
        return cv_error_set(err, CV_ERR_PROTOCOL, "no socket for the events came with the request");
    *fd_out               = request->wire->fds[0];
    request->wire->fds[0] = -1;
    return 0;
}

/* Report a started process: pid and terminal. The child's terminal is closed with the request. */
static int add_child(struct guardian_request* request, struct guardian_container* container,
    const struct linux_child* child, bool is_main, int64_t timeout_ms, struct cv_error* err)
{
    struct guardian_process* process;

    request->passed_fd = child->terminal_fd;
    process            = guardian_process_add(container, child, is_main, timeout_ms, err);
    if (process == NULL) {
        guardian_container_remove(request->guardian, container, NULL);
        return cv_error_wrap(err, "keep track of process %d, whose container was destroyed", (int)child->pid);
    }
    process->counts        = request->counts;
    request->reply.process = child->pid;
    return 0;
}

static int create_container(struct guardian_request* request, const struct cv_spec* spec,
    const struct message_start* main, struct cv_error* err)
{
    struct guardian_container* container = calloc(1, sizeof(*container));
    struct linux_child         child     = { .pid = 0, .pidfd = -1, .terminal_fd = -1 };
    int                        result;

    if (container == NULL)
        return cv_error_no_memory(err);
    container->guardian = request->guardian;
    container->state    = CV_STATE_CREATED;
    container->event_fd = container->listen_fd = -1;
    result                                     = take_event_fd(request, &container->event_fd, err);
    if (result == 0)
        result = linux_container_watch(err);
    if (result == 0)
        result = linux_container_create(spec, main != NULL ? &main->start : NULL, &container->linux_, &child, err);
    if (result < 0) {
        cv_handle_closep(&container->event_fd);
        free(container);
        return result;
    }
    container->next               = request->guardian->containers;
    request->guardian->containers = container;
    result                        = guardian_listen(container, err);
    if (result < 0) {
        cv_handle_closep(&child.pidfd);
        cv_handle_closep(&child.terminal_fd);
        guardian_container_remove(request->guardian, container, NULL);
        return result;
    }
    return main != NULL ? add_child(request, container, &child, true, main->timeout_ms, err) : 0;
}

static int do_create(struct guardian_request* request, struct cv_error* err)
{
    const Containerv__Guardian__Create*       create = request->message->create;
    CV_CLEANUP(cv_spec_freep) struct cv_spec* spec   = NULL;
    struct message_start                      start;
    int                                       result;

    if (create->config_json.data == NULL)
        return cv_error_set(err, CV_ERR_PROTOCOL, "a container without config.json");
    result = cv_spec_parse((const char*)create->config_json.data, create->config_json.len, &spec, err);
    if (result < 0)
        return cv_error_wrap(err, "read the container's config.json");
    if (spec->ext.id == NULL || cv_spec_check_id(spec->ext.id, NULL) < 0)
        return cv_error_set(err, CV_ERR_PROTOCOL, "a container without a proper id");
    if (spec->ext.supervision.set)
        return cv_error_set(err, CV_ERR_PROTOCOL, "container '%s' is for a supervisor", spec->ext.id);
    result = cv_spec_validate(spec, err);
    if (result < 0)
        return cv_error_wrap(err, "check the container's config.json");
    if (create->command == NULL)
        return create_container(request, spec, NULL, err);
    result = message_start_init(create->command, request->wire, &start, err);
    if (result == 0)
        result = create_container(request, spec, &start, err);
    message_start_release(&start);
    return result;
}

/* The container of a request, if this peer may ask for it. */
static struct guardian_container* find(const struct guardian_request* request, const char* id, struct cv_error* err)
{
    struct guardian_container* container = guardian_container_find(request->guardian, id, err);

    if (container != NULL && request->peer->only != NULL && container != request->peer->only) {
        cv_error_set(err, CV_ERR_PERMISSION, "container '%s' has a socket of its own", id);
        return NULL;
    }
    return container;
}

/* One that runs. */
static struct guardian_container* running(struct guardian_request* request, const char* id, struct cv_error* err)
{
    struct guardian_container* container = find(request, id, err);

    if (container != NULL && container->state == CV_STATE_STOPPED) {
        cv_error_set(err, CV_ERR_STATE, "container '%s' has stopped", id);
        return NULL;
    }
    return container;
}

static int failed(const struct cv_error* err)
{
    return err->code;
}

static int do_spawn(struct guardian_request* request, struct cv_error* err)
{
    const Containerv__Guardian__Spawn* spawn     = request->message->spawn;
    struct guardian_container*         container = running(request, spawn->id, err);
    struct linux_child                 child     = { .pid = 0, .pidfd = -1, .terminal_fd = -1 };
    bool                               is_main   = false;
    struct message_start               start;
    int                                result;

    if (container == NULL)
        return failed(err);
    if (container->state == CV_STATE_PAUSED)
        return cv_error_set(err, CV_ERR_STATE, "container '%s' is paused", spawn->id);
    if (spawn->process == NULL)
        return cv_error_set(err, CV_ERR_PROTOCOL, "a spawn without process");
    linux_container_counts(container->linux_, &request->counts);
    result = message_start_init(spawn->process, request->wire, &start, err);
    if (result == 0)
        result = linux_container_spawn(container->linux_, &start.start, &child, &is_main, err);
    if (result == 0)
        result = add_child(request, container, &child, is_main, start.timeout_ms, err);
    message_start_release(&start);
    return result;
}

static int do_copy(struct guardian_request* request, struct cv_error* err)
{
    const Containerv__Guardian__Copy* message   = request->message->copy;
    struct guardian_container*        container = running(request, message->id, err);
    struct linux_copy                 copy      = { .path = message->path,
                             .to_host                     = message->to_host,
                             .owners                      = message->owners,
                             .setuid                      = message->setuid,
                             .follow                      = message->follow,
                             .nodes                       = message->nodes,
                             .one_filesystem              = message->one_filesystem };

    if (container == NULL)
        return failed(err);
    if (container->state == CV_STATE_PAUSED)
        return cv_error_set(err, CV_ERR_STATE, "container '%s' is paused", message->id);
    if (request->wire->fd_count != 1 || !guardian_is_stream(request->wire->fds[0]))
        return cv_error_set(err, CV_ERR_PROTOCOL, "a copy without its socket");
    return guardian_copy_start(container, &copy, request->wire->fds[0], err);
}

/* Of one that has stopped, too: its upper is there until it is destroyed. */
static int do_snapshot(struct guardian_request* request, struct cv_error* err)
{
    const Containerv__Guardian__Snapshot* message   = request->message->snapshot;
    struct guardian_container*            container = find(request, message->id, err);
    size_t                                count     = request->wire->fd_count;
    struct linux_snapshot                 snapshot  = { .socket_fd = -1, .folder_fd = -1 };

    if (container == NULL)
        return failed(err);
    if (count < 1 || count > 2 || !guardian_is_stream(request->wire->fds[0]))
        return cv_error_set(err, CV_ERR_PROTOCOL, "a snapshot without its socket");
    snapshot.socket_fd = request->wire->fds[0];
    if (count == 2)
        snapshot.folder_fd = request->wire->fds[1];
    return guardian_snapshot_start(container, &snapshot, message->pause, err);
}

static bool is_waiting_stranger(const struct guardian_peer* peer)
{
    return peer->is_stranger && peer->state == GUARDIAN_PEER_WAITS;
}

static int do_wait(struct guardian_request* request, struct cv_error* err)
{
    const Containerv__Guardian__Wait* wait      = request->message->wait;
    struct guardian_container*        container = find(request, wait->id, err);
    struct guardian_process*          process;

    process = container != NULL ? guardian_process_find(container, wait->process, err) : NULL;
    if (process == NULL)
        return failed(err);
    if (request->peer->is_stranger && !process->ended && wait->timeout_ms != 0
        && guardian_peers_count(request->guardian, is_waiting_stranger) >= GUARDIAN_MAX_WAITS)
        return cv_error_set(err, CV_ERR_LIMIT, "more than %d wait already", (int)GUARDIAN_MAX_WAITS);
    request->waits             = true;
    request->peer->state       = GUARDIAN_PEER_WAITS;
    request->peer->container   = container;
    request->peer->process     = process;
    request->peer->deadline_ms = cv_clock_deadline_ms(wait->timeout_ms);
    return 0;
}

static int do_signal(struct guardian_request* request, struct cv_error* err)
{
    const Containerv__Guardian__Signal* message   = request->message->signal;
    struct guardian_container*          container = running(request, message->id, err);
    struct guardian_process*            process;

    process = container != NULL ? guardian_process_find(container, message->process, err) : NULL;
    if (process == NULL)
        return failed(err);
    if (message->number < 1 || message->number > SIGRTMAX)
        return cv_error_set(err, CV_ERR_INVALID, "%d is not a signal (1 to %d)", (int)message->number, SIGRTMAX);
    if (process->ended)
        return cv_error_set(err, CV_ERR_STATE, "process %d has ended", (int)process->pid);
    process->killed = process->killed || message->number == SIGKILL;
    if (process->is_main)
        return linux_container_signal_main(container->linux_, message->number, err);
    if (syscall(SYS_pidfd_send_signal, process->pidfd, message->number, NULL, 0) < 0 && errno != ESRCH)
        return cv_error_errno(err, errno, "send a signal", NULL);
    return 0;
}

static int do_resize(struct guardian_request* request, struct cv_error* err)
{
    const Containerv__Guardian__Resize* resize    = request->message->resize;
    struct guardian_container*          container = running(request, resize->id, err);
    struct guardian_process*            process;
    struct winsize size = { .ws_col = (uint16_t)resize->columns, .ws_row = (uint16_t)resize->rows };

    process = container != NULL ? guardian_process_find(container, resize->process, err) : NULL;
    if (process == NULL)
        return failed(err);
    if (resize->columns > UINT16_MAX || resize->rows > UINT16_MAX)
        return cv_error_set(err, CV_ERR_PROTOCOL, "a terminal of %u x %u", resize->columns, resize->rows);
    if (process->terminal_fd < 0)
        return cv_error_set(err, CV_ERR_STATE, "process %d has no terminal", (int)process->pid);
    if (ioctl(process->terminal_fd, TIOCSWINSZ, &size) < 0)
        return cv_error_errno(err, errno, "set the terminal's size", NULL);
    return 0;
}

static int do_kill(struct guardian_request* request, struct cv_error* err)
{
    struct guardian_container* container = find(request, request->message->kill->id, err);
    int                        result;

    if (container == NULL)
        return failed(err);
    if (container->state == CV_STATE_STOPPED)
        return 0;
    guardian_container_ends(container);
    guardian_copies_kill(container); /* without a cgroup they would outlive it */
    result = linux_container_kill(container->linux_, err);
    if (result < 0)
        return result;
    container->killed = true;
    return guardian_container_drain(request->guardian, container, err);
}

static int do_pause(struct guardian_request* request, struct cv_error* err)
{
    struct guardian_container* container = running(request, request->message->pause->id, err);
    int                        result;

    if (container == NULL)
        return failed(err);
    if (container->state == CV_STATE_PAUSED)
        return cv_error_set(err, CV_ERR_STATE, "container '%s' is paused already", request->message->pause->id);
    result = linux_container_pause(container->linux_, err);
    if (result < 0)
        return result;
    container->state = CV_STATE_PAUSED;
    guardian_event(container, CV_EVENT_PAUSED, NULL);
    return 0;
}

static int do_resume(struct guardian_request* request, struct cv_error* err)
{
    struct guardian_container* container = running(request, request->message->resume->id, err);
    int                        result;

    if (container == NULL)
        return failed(err);
    if (container->state != CV_STATE_PAUSED)
        return cv_error_set(err, CV_ERR_STATE, "container '%s' is not paused", request->message->resume->id);
    result = linux_container_resume(container->linux_, err);
    if (result < 0)
        return result;
    guardian_snapshot_forget(container);
    container->state = container->processes != NULL ? CV_STATE_RUNNING : CV_STATE_CREATED;
    guardian_event(container, CV_EVENT_RESUMED, NULL);
    return 0;
}

/* comm; empty when the process has ended meanwhile. */
static void read_name(pid_t pid, char name[COMM_SIZE])
{
    char    path[64];
    int     fd;
    ssize_t length;

    name[0] = '\0';
    cv_snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    length = read(fd, name, COMM_SIZE - 1);
    close(fd);
    name[length > 0 ? length - 1 : 0] = '\0'; /* the newline at the end */
}

struct process_entry {
    Containerv__Guardian__ProcessInfo info;
    char                              name[COMM_SIZE];
};

static int list_pids(struct guardian_container* container, pid_t** list_out, size_t* count_out, struct cv_error* err)
{
    for (size_t capacity = 64; capacity <= MAX_PROCESSES; capacity *= 2) {
        pid_t* list   = calloc(capacity, sizeof(*list));
        int    result = list == NULL ? cv_error_no_memory(err)
                                     : linux_container_processes(container->linux_, list, capacity, count_out, err);
        if (result == 0 && *count_out <= capacity) {
            *list_out = list;
            return 0;
        }
        free(list);
        if (result < 0)
            return result;
    }
    return cv_error_set(err, CV_ERR_LIMIT, "more than %d processes", (int)MAX_PROCESSES);
}

/* The reply's list is one block behind its pointers; finish() frees it. */
static int fill_processes(struct guardian_request* request, const pid_t* list, size_t count, struct cv_error* err)
{
    Containerv__Guardian__ProcessInfo** pointers =
        malloc(count * (sizeof(*pointers) + sizeof(struct process_entry)) + 1);
    struct process_entry* entries;

    if (pointers == NULL)
        return cv_error_no_memory(err);
    entries = (struct process_entry*)(pointers + count);
    for (size_t i = 0; i < count; i++) {
        containerv__guardian__process_info__init(&entries[i].info);
        read_name(list[i], entries[i].name);
        entries[i].info.pid  = list[i];
        entries[i].info.name = entries[i].name;
        pointers[i]          = &entries[i].info;
    }
    request->reply.processes   = pointers;
    request->reply.n_processes = count;
    return 0;
}

static int do_processes(struct guardian_request* request, struct cv_error* err)
{
    struct guardian_container*  container = running(request, request->message->processes->id, err);
    CV_CLEANUP(cv_freep) pid_t* list      = NULL;
    size_t                      count     = 0;
    int                         result;

    if (container == NULL)
        return failed(err);
    result = list_pids(container, &list, &count, err);
    return result == 0 ? fill_processes(request, list, count, err) : result;
}

static int do_state(struct guardian_request* request, struct cv_error* err)
{
    struct guardian_container* container = find(request, request->message->state->id, err);

    if (container == NULL)
        return failed(err);
    request->reply.state = container->state;
    return 0;
}

int guardian_update(struct guardian_request* request, struct cv_error* err)
{
    const Containerv__Guardian__Update*       update    = request->message->update;
    struct guardian_container*                container = running(request, update->id, err);
    CV_CLEANUP(cv_spec_freep) struct cv_spec* limits    = NULL;
    int                                       result;

    if (container == NULL)
        return failed(err);
    if (update->config_json.data == NULL)
        return cv_error_set(err, CV_ERR_PROTOCOL, "an update without limits");
    result = cv_spec_parse((const char*)update->config_json.data, update->config_json.len, &limits, err);
    if (result < 0)
        return cv_error_wrap(err, "read the limits");
    result = cv_spec_validate(limits, err);
    if (result < 0)
        return cv_error_wrap(err, "check the limits");
    return linux_container_update(container->linux_, limits, container->state == CV_STATE_PAUSED, err);
}

static int do_stats(struct guardian_request* request, struct cv_error* err)
{
    struct guardian_container* container = running(request, request->message->stats->id, err);
    struct containerv_stats    stats;
    int                        result;

    if (container == NULL)
        return failed(err);
    result = linux_container_stats(container->linux_, &stats, err);
    if (result < 0)
        return result;
    memcpy(request->stats, &stats.known, sizeof(request->stats));
    request->reply.stats   = request->stats;
    request->reply.n_stats = MESSAGE_STATS;
    return 0;
}

static int do_destroy(struct guardian_request* request, struct cv_error* err)
{
    struct guardian_container* container = find(request, request->message->destroy->id, err);

    return container != NULL ? guardian_container_remove(request->guardian, container, err) : failed(err);
}

static int do_inspect(struct guardian_request* request, struct cv_error* err)
{
    struct guardian_container* container = find(request, request->message->inspect->id, err);

    if (container == NULL)
        return failed(err);
    return cv_spec_print(linux_container_spec(container->linux_), (char**)&request->reply.config_json.data,
        &request->reply.config_json.len, err);
}

static const struct {
    Containerv__Guardian__Request__OperationCase operation;
    int (*run)(struct guardian_request* request, struct cv_error* err);
} operations[] = {
    { CONTAINERV__GUARDIAN__REQUEST__OPERATION_CREATE, do_create },
    { CONTAINERV__GUARDIAN__REQUEST__OPERATION_SPAWN, do_spawn },
    { CONTAINERV__GUARDIAN__REQUEST__OPERATION_WAIT, do_wait },
    { CONTAINERV__GUARDIAN__REQUEST__OPERATION_SIGNAL, do_signal },
    { CONTAINERV__GUARDIAN__REQUEST__OPERATION_RESIZE, do_resize },
    { CONTAINERV__GUARDIAN__REQUEST__OPERATION_KILL, do_kill },
    { CONTAINERV__GUARDIAN__REQUEST__OPERATION_PAUSE, do_pause },
    { CONTAINERV__GUARDIAN__REQUEST__OPERATION_RESUME, do_resume },
    { CONTAINERV__GUARDIAN__REQUEST__OPERATION_PROCESSES, do_processes },
    { CONTAINERV__GUARDIAN__REQUEST__OPERATION_STATE, do_state },
    { CONTAINERV__GUARDIAN__REQUEST__OPERATION_DESTROY, do_destroy },
    { CONTAINERV__GUARDIAN__REQUEST__OPERATION_UPDATE, guardian_update },
    { CONTAINERV__GUARDIAN__REQUEST__OPERATION_STATS, do_stats },
    { CONTAINERV__GUARDIAN__REQUEST__OPERATION_INSPECT, do_inspect },
    { CONTAINERV__GUARDIAN__REQUEST__OPERATION_COPY, do_copy },
    { CONTAINERV__GUARDIAN__REQUEST__OPERATION_RECONCILE, guardian_reconcile },
    { CONTAINERV__GUARDIAN__REQUEST__OPERATION_SNAPSHOT, do_snapshot },
};

/* Those that came by a container's socket may be of another build, and make no containers that would end with this caller. */
static int check_stranger(const struct guardian_request* request, struct cv_error* err)
{
    if (request->message->protocol != GUARDIAN_PROTOCOL) {
        cv_error_set(err, CV_ERR_PROTOCOL,
            "the container is held by another version of containerv: its protocol is %d, ours %u",
            (int)GUARDIAN_PROTOCOL, (unsigned)request->message->protocol);
        return cv_error_hint(err, "use the version of containerv that made the container");
    }
    if (request->message->operation_case == CONTAINERV__GUARDIAN__REQUEST__OPERATION_CREATE)
        return cv_error_set(err, CV_ERR_PERMISSION, "no container is made by the socket of another");
    return 0;
}

static int run_operation(struct guardian_request* request, struct cv_error* err)
{
    const struct guardian_hooks* hooks  = request->guardian->hooks;
    int                          result = request->peer->only != NULL ? check_stranger(request, err) : 0;

    if (result < 0)
        return result;
    if (hooks != NULL && hooks->request(request, &result, err))
        return result;
    for (size_t i = 0; i < CV_ARRAY_LEN(operations); i++) {
        if (operations[i].operation == request->message->operation_case)
            return operations[i].run(request, err);
    }
    return cv_error_set(err, CV_ERR_PROTOCOL, "a request of no known kind");
}

/* A wait whose process has ended, or that just looks. True: done with the peer. */
static bool settle_wait(struct guardian_peer* peer)
{
    struct guardian_container*  container = peer->container;
    struct guardian_process*    process   = peer->process;
    Containerv__Guardian__Reply reply     = CONTAINERV__GUARDIAN__REPLY__INIT;
    Containerv__Guardian__Exit  exit;
    int                         sent;

    wire_reader_release(&peer->reader, peer->account);
    if (process == NULL || !process->ended)
        return false;
    guardian_process_release(container, process); /* first: once told, the number is nobody's */
    message_from_exit(&process->exit, &exit);
    reply.exit = &exit;
    sent       = guardian_reply(peer, &reply, NULL, -1);
    if (sent > 0 && !process->is_main)
        guardian_process_remove(container, process);
    return sent != 0;
}

static int run(struct guardian_request* request, struct cv_error* err)
{
    Containerv__Guardian__Request* message;
    int                            result;

    message = containerv__guardian__request__unpack(NULL, request->wire->length, request->wire->bytes);
    if (message == NULL)
        return cv_error_set(err, CV_ERR_PROTOCOL, "a request that can't be read");
    request->message = message;
    result           = run_operation(request, err);
    containerv__guardian__request__free_unpacked(message, NULL);
    return result;
}

bool guardian_serve(struct guardian* guardian, struct guardian_peer* peer)
{
    struct guardian_request request = { .guardian = guardian,
        .peer                                     = peer,
        .wire                                     = &peer->reader.message,
        .passed_fd                                = -1,
        .reply                                    = CONTAINERV__GUARDIAN__REPLY__INIT };
    struct cv_error         err     = CV_ERROR_INIT;
    int                     result  = wire_read(peer->fd, &peer->reader, peer->account, &err);

    if (result == 0)
        return false; /* the rest is still to come */
    if (result > 0)
        result = run(&request, &err);
    if (result == 0 && request.waits)
        return settle_wait(peer);
    if (result < 0)
        cv_handle_closep(&request.passed_fd);
    result = guardian_reply(peer, &request.reply, result < 0 ? &err : NULL, request.passed_fd);
    free(request.reply.processes);
    free(request.reply.config_json.data);
    free(request.reply.info_json.data);
    guardian_reconcile_release(&request);
    return result != 0;
}
