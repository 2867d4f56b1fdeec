/* Requests that only a supervisor knows, and those that it must know of. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cv/clock.h>
#include <cv/file.h>

#include "linux/record.h"
#include "linux/supervisor.h"

#include <cv/banned.h>

enum { UID_MAP_MAX = 16 << 10 };

static struct supervisor* of(const struct guardian_request* request)
{
    return request->guardian->supervisor;
}

static int check_id(const struct supervisor* supervisor, const char* id, struct cv_error* err)
{
    if (supervisor->container != NULL && strcmp(supervisor->home.id, id) == 0)
        return 0;
    return cv_error_set(err, CV_ERR_NOT_FOUND, "there is no container '%s'", id);
}

/* A plain user's supervisor is in a user namespace, where he is 0. Who has no id in it keeps the one that the kernel shows instead. */
static uint32_t id_outside(uint32_t uid)
{
    char*         text = NULL;
    char*         at;
    unsigned long line[3];

    if (cv_file_read("/proc/self/uid_map", UID_MAP_MAX, &text, NULL, NULL) < 0)
        return uid;
    for (at = text; *at != '\0'; at += strspn(at, " \n")) {
        for (int i = 0; i < 3; i++)
            line[i] = strtoul(at, &at, 10);
        if (uid >= line[0] && uid - line[0] < line[2]) {
            uid = (uint32_t)(line[1] + (uid - line[0]));
            break;
        }
    }
    free(text);
    return uid;
}

static void note_asker(const struct guardian_request* request, int signal)
{
    struct ucred peer   = { .pid = 0 };
    socklen_t    length = sizeof(peer);

    if (getsockopt(request->peer->fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0)
        of(request)->asked =
            (struct supervisor_asked){ .set = true, .signal = signal, .uid = id_outside(peer.uid), .pid = peer.pid };
}

/* Answered by supervisor_finish(). */
static void let_wait(struct guardian_request* request)
{
    request->waits             = true;
    request->peer->state       = GUARDIAN_PEER_WAITS;
    request->peer->container   = of(request)->container;
    request->peer->process     = NULL;
    request->peer->deadline_ms = -1;
}

static int do_info(struct guardian_request* request, struct cv_error* err)
{
    struct supervisor* supervisor = of(request);
    int                result     = check_id(supervisor, request->message->info->id, err);

    if (result < 0)
        return result;
    return linux_record_print(
        &supervisor->info, (char**)&request->reply.info_json.data, &request->reply.info_json.len, err);
}

static int do_state(struct guardian_request* request, struct cv_error* err)
{
    struct supervisor* supervisor = of(request);
    int                result     = check_id(supervisor, request->message->state->id, err);

    request->reply.state = supervisor->info.state;
    return result;
}

static int do_stop(struct guardian_request* request, struct cv_error* err)
{
    const Containerv__Guardian__Stop* message    = request->message->stop;
    struct supervisor*                supervisor = of(request);
    int                               result     = check_id(supervisor, message->id, err);

    if (result < 0)
        return result;
    if (message->timeout_ms < -2)
        return cv_error_set(err, CV_ERR_PROTOCOL, "a time of %lld ms", (long long)message->timeout_ms);
    note_asker(request, 0);
    plan_stop_ask(&supervisor->stop, &supervisor->spec->ext.supervision, message->timeout_ms, cv_clock_monotonic_ms());
    let_wait(request);
    return 0;
}

static int do_destroy(struct guardian_request* request, struct cv_error* err)
{
    struct supervisor* supervisor = of(request);
    int                result     = check_id(supervisor, request->message->destroy->id, err);

    if (result < 0)
        return result;
    note_asker(request, 0);
    if (supervisor->destroy_by_ms < 0)
        supervisor->destroy_by_ms = cv_clock_deadline_ms(GUARDIAN_END_MS);
    if (supervisor->container->state != CV_STATE_STOPPED)
        supervisor_kill(supervisor);
    let_wait(request);
    return 0;
}

/* Also for the next runs. */
static int keep_limits(struct supervisor* supervisor, struct cv_error* err)
{
    struct cv_spec* spec   = NULL;
    int             result = cv_spec_copy(linux_container_spec(supervisor->container->linux_), &spec, err);

    if (result < 0)
        return result;
    cv_spec_free(supervisor->spec);
    supervisor->spec = spec;
    return supervisor_write_spec(supervisor, err);
}

static int do_update(struct guardian_request* request, struct cv_error* err)
{
    struct supervisor* supervisor = of(request);
    int                result     = check_id(supervisor, request->message->update->id, err);

    if (result == 0)
        result = guardian_update(request, err);
    if (result < 0)
        return result;
    result = keep_limits(supervisor, err);
    return result < 0 ? cv_error_wrap(err, "keep the new limits, which are in force, for the next start") : 0;
}

static int streams_of(const struct guardian_request* request, const char* id, struct cv_error* err)
{
    struct supervisor* supervisor = of(request);
    int                result     = check_id(supervisor, id, err);

    if (result == 0 && supervisor->streams == NULL)
        return cv_error_set(err, CV_ERR_STATE, "container '%s' has no main process that runs", id);
    return result;
}

static int do_input(struct guardian_request* request, struct cv_error* err)
{
    int result = streams_of(request, request->message->input->id, err);

    return result == 0 ? supervisor_streams_input(of(request)->streams, &request->passed_fd, err) : result;
}

static int do_close_input(struct guardian_request* request, struct cv_error* err)
{
    int result = streams_of(request, request->message->close_input->id, err);

    if (result == 0)
        supervisor_streams_close_input(of(request)->streams);
    return result;
}

static const struct {
    Containerv__Guardian__Request__OperationCase operation;
    int (*run)(struct guardian_request* request, struct cv_error* err);
} operations[] = {
    { CONTAINERV__GUARDIAN__REQUEST__OPERATION_INFO, do_info },
    { CONTAINERV__GUARDIAN__REQUEST__OPERATION_STATE, do_state },
    { CONTAINERV__GUARDIAN__REQUEST__OPERATION_STOP, do_stop },
    { CONTAINERV__GUARDIAN__REQUEST__OPERATION_DESTROY, do_destroy },
    { CONTAINERV__GUARDIAN__REQUEST__OPERATION_UPDATE, do_update },
    { CONTAINERV__GUARDIAN__REQUEST__OPERATION_INPUT, do_input },
    { CONTAINERV__GUARDIAN__REQUEST__OPERATION_CLOSE_INPUT, do_close_input },
};

/* Who asks for what may end it. The guardian does the rest. */
static void watch(const struct guardian_request* request)
{
    const Containerv__Guardian__Request* message = request->message;

    if (message->operation_case == CONTAINERV__GUARDIAN__REQUEST__OPERATION_KILL) {
        note_asker(request, 0);
        of(request)->stop.asked = true;
    } else if (message->operation_case == CONTAINERV__GUARDIAN__REQUEST__OPERATION_SIGNAL
               && guardian_process_find(of(request)->container, message->signal->process, NULL)
                      == guardian_process_find(of(request)->container, 0, NULL)) {
        note_asker(request, message->signal->number);
    }
}

/* For its files only. */
static bool is_for_held(const struct guardian_request* request)
{
    switch (request->message->operation_case) {
    case CONTAINERV__GUARDIAN__REQUEST__OPERATION_COPY:
    case CONTAINERV__GUARDIAN__REQUEST__OPERATION_INSPECT:
    case CONTAINERV__GUARDIAN__REQUEST__OPERATION_SNAPSHOT:
        return true;
    default:
        return false;
    }
}

bool supervisor_request(struct guardian_request* request, int* result_out, struct cv_error* err)
{
    struct supervisor* supervisor = of(request);

    if (request->message->operation_case == CONTAINERV__GUARDIAN__REQUEST__OPERATION_CREATE) {
        *result_out = supervisor_create(supervisor, request, err);
        return true;
    }
    if (supervisor->container == NULL || (!supervisor->live && !is_for_held(request))) {
        *result_out = cv_error_set(err, CV_ERR_STATE, "the container does not run");
        return true;
    }
    for (size_t i = 0; supervisor->live && i < CV_ARRAY_LEN(operations); i++) {
        if (operations[i].operation == request->message->operation_case) {
            *result_out = operations[i].run(request, err);
            return true;
        }
    }
    watch(request);
    return false;
}
