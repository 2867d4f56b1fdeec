/* The model of containers and processes. */
#include "fake.h"

#include <stdlib.h>
#include <string.h>

#include <cv/clock.h>
#include <cv/handle.h>
#include <cv/mutex.h>
#include <cv/str.h>

#include "fault.h"
#include "supervised.h"

#include <cv/banned.h>

enum { PROCESSES_MAX = 64, EVENTS_MAX = 1024, IDS_MAX = 64, SIGNAL_TERM = 15, SIGNAL_KILL = 9 };

struct process {
    bool                   used, ended, reported, terminal;
    struct containerv_exit exit;
    containerv_handle_t    read_end, write_end; /* closing the second wakes all that wait at the first */
};

struct fake {
    struct cv_mutex         lock;
    char*                   id;
    struct cv_spec*         spec;
    unsigned                taken; /* how many of the container's resources */
    enum containerv_state   state;
    bool                    has_main, paused;
    struct process          processes[PROCESSES_MAX]; /* a handle is an index + 1; the main process is the first */
    struct containerv_event events[EVENTS_MAX];
    size_t                  event_first, event_count;
    containerv_handle_t     event_read, event_write;
};

static struct cv_mutex ids_lock = CV_MUTEX_INIT;
static struct fake*    living[IDS_MAX];
static char *          last_process, *last_copy;
static struct cv_spec* last_spec;

static const char* const steps[] = { "claim the id", "make the cgroup", "make the namespaces", "mount the root",
    "connect the network" };

static process_handle_t handle_of(size_t index)
{
    return (process_handle_t)(intptr_t)(index + 1);
}

static struct process* process_of(struct fake* fake, process_handle_t handle)
{
    intptr_t number = (intptr_t)handle;
    if (number == 0 && fake->has_main)
        number = 1;
    if (number < 1 || number > PROCESSES_MAX || !fake->processes[number - 1].used)
        return NULL;
    return &fake->processes[number - 1];
}

static int no_process(struct cv_error* err, process_handle_t handle)
{
    cv_error_set(err, CV_ERR_NOT_FOUND, "process %ld is not one of the container's", (long)(intptr_t)handle);
    return cv_error_step(err, "find the process");
}

static void add_event(struct fake* fake, uint32_t kind, process_handle_t handle, const struct containerv_exit* ended)
{
    struct containerv_event* event = &fake->events[(fake->event_first + fake->event_count) % EVENTS_MAX];
    *event                         = (struct containerv_event){
                                .size = sizeof(*event), .kind = kind, .process = handle, .time_ns = cv_clock_realtime_ns()
    };
    if (ended != NULL)
        event->exit = *ended;
    if (fake->event_count < EVENTS_MAX && cv_handle_write(fake->event_write, "e", 1, NULL) == 0)
        fake->event_count++;
    else
        fake->event_first = (fake->event_first + 1) % EVENTS_MAX;
}

static void end_process(struct fake* fake, struct process* process, int code, int signal, uint32_t reason)
{
    if (process->ended)
        return;
    process->ended       = true;
    process->exit.code   = code;
    process->exit.signal = signal;
    process->exit.reason = reason;
    process->exit.end_ns = cv_clock_realtime_ns();
    add_event(fake, CV_EVENT_EXITED, handle_of((size_t)(process - fake->processes)), &process->exit);
    cv_handle_closep(&process->write_end);
    if (fake->has_main && process == &fake->processes[0]) {
        fake->state = CV_STATE_STOPPED;
        add_event(fake, CV_EVENT_STOPPED, CV_PROCESS_MAIN, NULL);
    }
}

static void remember(const struct cv_process_request* request)
{
    struct cv_str text;
    cv_str_init(&text);
    for (size_t i = 0; i < request->process->args.count; i++)
        cv_str_printf(&text, "%s%s", i == 0 ? "args=" : ",", request->process->args.items[i]);
    for (size_t i = 0; i < request->process->env.count; i++)
        cv_str_printf(&text, "%s%s", i == 0 ? " env=" : ",", request->process->env.items[i]);
    cv_str_printf(&text, " cwd=%s user=%s", request->process->cwd, request->user != NULL ? request->user : "-");
    free(last_process);
    last_process = cv_str_steal(&text, NULL);
}

static int start_process(
    struct fake* fake, const struct cv_process_request* request, process_handle_t* handle_out, struct cv_error* err)
{
    const struct cv_strv* args  = &request->process->args;
    uint64_t              code  = 0;
    size_t                index = 0;
    while (index < PROCESSES_MAX && fake->processes[index].used)
        index++;
    if (index == PROCESSES_MAX)
        return cv_error_set(err, CV_ERR_LIMIT, "the fake back end has no more processes");
    if (strcmp(args->items[0], "/fake/missing") == 0) {
        cv_error_set(err, CV_ERR_NOT_FOUND, "start '%s': no such file", args->items[0]);
        cv_error_object(err, "%s", args->items[0]);
        return cv_error_step(err, "start the program");
    }
    int rc = fake_take("start the program", err);
    if (rc < 0)
        return rc;
    struct process* process = &fake->processes[index];
    *process =
        (struct process){ .read_end = CV_HANDLE_NONE, .write_end = CV_HANDLE_NONE, .terminal = request->io.terminal };
    rc = cv_handle_pipe(&process->read_end, &process->write_end, err);
    if (rc < 0) {
        fake_give_back();
        return rc;
    }
    process->used = true;
    process->exit = (struct containerv_exit){ .size = sizeof(process->exit), .start_ns = cv_clock_realtime_ns() };
    *handle_out   = handle_of(index);
    remember(request);
    fake->state = CV_STATE_RUNNING;
    add_event(fake, CV_EVENT_STARTED, *handle_out, NULL);
    if (strcmp(args->items[0], "/fake/exit") == 0 && args->count == 2
        && cv_parse_u64(args->items[1], 0, 255, &code, err) == 0)
        end_process(fake, process, (int)code, 0, CV_EXIT_EXITED);
    return 0;
}

static int claim_id(struct fake* fake, const char* id, struct cv_error* err)
{
    size_t free_index = IDS_MAX;
    int    rc         = 0;
    cv_mutex_lock(&ids_lock);
    for (size_t i = 0; i < IDS_MAX && rc == 0; i++)
        if (living[i] == NULL)
            free_index = i;
        else if (strcmp(living[i]->id, id) == 0)
            rc = cv_error_set(err, CV_ERR_EXISTS, "container '%s' exists", id);
    if (rc == 0 && free_index == IDS_MAX)
        rc = cv_error_set(err, CV_ERR_LIMIT, "the fake back end has no more containers");
    if (rc == 0 && (fake->id = cv_strdup(id, err)) == NULL)
        rc = CV_ERR_NO_MEMORY;
    if (rc == 0)
        living[free_index] = fake;
    cv_mutex_unlock(&ids_lock);
    return rc;
}

static void release_id(struct fake* fake)
{
    cv_mutex_lock(&ids_lock);
    for (size_t i = 0; i < IDS_MAX; i++)
        if (living[i] == fake)
            living[i] = NULL;
    cv_mutex_unlock(&ids_lock);
    free(fake->id);
}

static void release(struct fake* fake)
{
    for (size_t i = 0; i < PROCESSES_MAX; i++)
        if (fake->processes[i].used) {
            cv_handle_closep(&fake->processes[i].read_end);
            cv_handle_closep(&fake->processes[i].write_end);
            fake_give_back();
        }
    for (; fake->taken > 0; fake->taken--)
        fake_give_back();
    cv_handle_closep(&fake->event_read);
    cv_handle_closep(&fake->event_write);
    release_id(fake);
    cv_spec_free(fake->spec);
    free(fake);
}

static int build(
    struct fake* fake, const struct cv_spec* spec, const struct cv_process_request* main, struct cv_error* err)
{
    process_handle_t ignored;
    int              rc = claim_id(fake, spec->ext.id, err);
    for (size_t i = 0; i < CV_ARRAY_LEN(steps) && rc == 0; i++)
        if ((rc = fake_take(steps[i], err)) == 0)
            fake->taken++;
    if (rc == 0)
        rc = cv_handle_pipe(&fake->event_read, &fake->event_write, err);
    cv_spec_free(last_spec);
    last_spec = NULL;
    if (rc == 0)
        rc = cv_spec_copy(spec, &last_spec, err);
    if (rc == 0)
        rc = cv_spec_copy(spec, &fake->spec, err);
    fake->state    = CV_STATE_CREATED;
    fake->has_main = main != NULL;
    return rc == 0 && main != NULL && !spec->ext.supervision.defer ? start_process(fake, main, &ignored, err) : rc;
}

static int fake_create(
    const struct cv_spec* spec, const struct cv_process_request* main, void** instance_out, struct cv_error* err)
{
    struct fake* fake = calloc(1, sizeof(*fake));
    if (fake == NULL)
        return cv_error_no_memory(err);
    fake->lock       = (struct cv_mutex)CV_MUTEX_INIT;
    fake->event_read = fake->event_write = CV_HANDLE_NONE;
    int rc                               = build(fake, spec, main, err);
    if (rc < 0)
        release(fake);
    else
        *instance_out = fake;
    return rc;
}

/* Of this process: there is no other that the fake could reach. */
static int fake_open(const char* id, struct cv_spec** spec_out, void** instance_out, struct cv_error* err)
{
    int rc = cv_error_set(err, CV_ERR_NOT_FOUND, "there is no container '%s'", id);
    cv_mutex_lock(&ids_lock);
    for (size_t i = 0; i < IDS_MAX; i++)
        if (living[i] != NULL && strcmp(living[i]->id, id) == 0) {
            rc            = cv_spec_copy(living[i]->spec, spec_out, err);
            *instance_out = living[i];
        }
    cv_mutex_unlock(&ids_lock);
    return rc;
}

static int fake_list(int (*each)(const char* id, void* context), void* context, struct cv_error* err)
{
    int rc = 0;
    (void)err;
    for (size_t i = 0; i < IDS_MAX && rc == 0; i++)
        if (living[i] != NULL)
            rc = each(living[i]->id, context);
    return rc;
}

static void fake_close(void* instance)
{
    (void)instance;
}

static int fake_destroy(void* instance, struct cv_error* err)
{
    int rc = fake_take("take the container away", err); /* everything goes, also after an error */
    if (rc == 0)
        fake_give_back();
    release(instance);
    return rc;
}

static int has_stopped(struct cv_error* err)
{
    cv_error_set(err, CV_ERR_STATE, "it has stopped");
    return cv_error_hint(err, "start it first");
}

static int fake_spawn(
    void* instance, const struct cv_process_request* request, process_handle_t* handle_out, struct cv_error* err)
{
    struct fake* fake = instance;
    cv_mutex_lock(&fake->lock);
    int rc = fake->state == CV_STATE_STOPPED ? has_stopped(err) : start_process(fake, request, handle_out, err);
    cv_mutex_unlock(&fake->lock);
    return rc;
}

/* 1: wait at *read_out. */
static int look(struct fake* fake, process_handle_t handle, containerv_handle_t* read_out,
    struct containerv_exit* exit_out, struct cv_error* err)
{
    struct process* process = process_of(fake, handle);
    if (process == NULL || process->reported)
        return no_process(err, handle);
    *read_out = process->read_end;
    if (!process->ended)
        return 1;
    *exit_out         = process->exit;
    process->reported = handle != CV_PROCESS_MAIN;
    return 0;
}

static int fake_wait(
    void* instance, process_handle_t handle, int64_t timeout_ms, struct containerv_exit* exit_out, struct cv_error* err)
{
    struct fake* fake = instance;
    while (true) {
        containerv_handle_t read_end = CV_HANDLE_NONE;
        char                byte;
        size_t              length;
        cv_mutex_lock(&fake->lock);
        int rc = look(fake, handle, &read_end, exit_out, err);
        cv_mutex_unlock(&fake->lock);
        if (rc <= 0)
            return rc;
        if (timeout_ms >= 0)
            return cv_error_set(err, CV_ERR_TIMEOUT, "process %ld still runs", (long)(intptr_t)handle);
        if ((rc = cv_handle_read(read_end, &byte, 1, &length, err)) < 0)
            return rc;
    }
}

static int fake_signal(void* instance, process_handle_t handle, int number, struct cv_error* err)
{
    struct fake* fake = instance;
    cv_mutex_lock(&fake->lock);
    struct process* process = process_of(fake, handle);
    int             rc      = process != NULL && !process->reported ? 0 : no_process(err, handle);
    if (rc == 0 && (number == SIGNAL_KILL || number == SIGNAL_TERM))
        end_process(fake, process, 128 + number, number, CV_EXIT_KILLED);
    cv_mutex_unlock(&fake->lock);
    return rc;
}

static int fake_kill(void* instance, struct cv_error* err)
{
    struct fake* fake = instance;
    (void)err;
    cv_mutex_lock(&fake->lock);
    for (size_t i = 0; i < PROCESSES_MAX; i++)
        if (fake->processes[i].used)
            end_process(fake, &fake->processes[i], 128 + SIGNAL_KILL, SIGNAL_KILL, CV_EXIT_KILLED);
    cv_mutex_unlock(&fake->lock);
    return 0;
}

static int fake_resize(void* instance, process_handle_t handle, uint16_t columns, uint16_t rows, struct cv_error* err)
{
    struct fake* fake = instance;
    (void)columns, (void)rows;
    cv_mutex_lock(&fake->lock);
    struct process* process = process_of(fake, handle);
    int             rc      = process == NULL ? no_process(err, handle) : 0;
    if (rc == 0 && !process->terminal)
        rc = cv_error_set(err, CV_ERR_STATE, "process %ld has no terminal", (long)(intptr_t)handle);
    cv_mutex_unlock(&fake->lock);
    return rc;
}

static int set_paused(struct fake* fake, bool paused)
{
    cv_mutex_lock(&fake->lock);
    fake->paused = paused;
    add_event(fake, paused ? CV_EVENT_PAUSED : CV_EVENT_RESUMED, CV_PROCESS_MAIN, NULL);
    cv_mutex_unlock(&fake->lock);
    return 0;
}

static int fake_pause(void* instance, struct cv_error* err)
{
    (void)err;
    return set_paused(instance, true);
}

static int fake_resume(void* instance, struct cv_error* err)
{
    (void)err;
    return set_paused(instance, false);
}

static int fake_processes(
    void* instance, struct containerv_process_info* list, size_t capacity, size_t* count_out, struct cv_error* err)
{
    struct fake* fake  = instance;
    size_t       count = 0;
    (void)err;
    cv_mutex_lock(&fake->lock);
    for (size_t i = 0; i < PROCESSES_MAX; i++)
        if (fake->processes[i].used && !fake->processes[i].ended) {
            if (count < capacity)
                list[count] =
                    (struct containerv_process_info){ .pid = (int64_t)i + 1, .name = "fake", .command = "fake" };
            count++;
        }
    cv_mutex_unlock(&fake->lock);
    *count_out = count;
    return 0;
}

static int fake_state(void* instance, enum containerv_state* state_out, struct cv_error* err)
{
    struct fake* fake = instance;
    (void)err;
    cv_mutex_lock(&fake->lock);
    *state_out = fake->paused && fake->state != CV_STATE_STOPPED ? CV_STATE_PAUSED : fake->state;
    cv_mutex_unlock(&fake->lock);
    return 0;
}

static int fake_next_event(void* instance, struct containerv_event* event_out, struct cv_error* err)
{
    struct fake* fake = instance;
    char         byte;
    size_t       length;
    cv_mutex_lock(&fake->lock);
    int rc = fake->event_count == 0 ? cv_error_set(err, CV_ERR_TIMEOUT, "no event")
                                    : cv_handle_read(fake->event_read, &byte, 1, &length, err);
    if (rc == 0) {
        *event_out        = fake->events[fake->event_first];
        fake->event_first = (fake->event_first + 1) % EVENTS_MAX;
        fake->event_count--;
    }
    cv_mutex_unlock(&fake->lock);
    return rc;
}

static int fake_event_handle(void* instance, containerv_handle_t* handle_out, struct cv_error* err)
{
    struct fake* fake = instance;
    (void)err;
    *handle_out = fake->event_read;
    return 0;
}

/* Two paths of three fail at "/fake/bad". */
static int fake_copy(void* instance, const struct cv_copy_request* request, struct cv_error* err)
{
    struct cv_error failure;
    struct cv_str   text;
    int             rc = 0;
    (void)instance;
    cv_str_init(&text);
    cv_str_printf(&text, "%s %s %s flags=%u bytes=%lld entries=%llu stall=%lld", request->host_path,
        request->to_host ? "<-" : "->", request->container_path, (unsigned)request->flags,
        (long long)request->max_bytes, (unsigned long long)request->max_entries, (long long)request->stall_ms);
    free(last_copy);
    last_copy = cv_str_steal(&text, NULL);
    for (int i = 0; i < 3 && rc == 0; i++) {
        cv_error_set(&failure, CV_ERR_EXISTS, "something is in the way of the fake file %d", i);
        rc = request->moved(request->context, 1, 10, err);
        if (rc == 0 && i > 0 && strcmp(request->container_path, "/fake/bad") == 0)
            rc = request->failed(request->context, request->container_path, &failure, err);
    }
    return rc;
}

static int fake_info(void* instance, struct containerv_info* info_out, struct cv_error* err)
{
    struct fake*          fake  = instance;
    enum containerv_state state = CV_STATE_STOPPED;
    int                   rc    = fake_state(instance, &state, err);
    info_out->state             = (uint32_t)state;
    info_out->supervised        = 1;
    info_out->has_exit          = fake->processes[0].ended;
    if (fake->processes[0].ended)
        info_out->exit = fake->processes[0].exit;
    return rc;
}

/* The main process takes its place again. */
static int fake_start(void* instance, struct cv_error* err)
{
    struct fake*              fake    = instance;
    struct cv_process_request request = { .process = &fake->spec->process, .user = fake->spec->ext.user };
    process_handle_t          handle;
    cv_mutex_lock(&fake->lock);
    if (fake->processes[0].used) {
        cv_handle_closep(&fake->processes[0].read_end);
        fake->processes[0].used = false;
        fake_give_back();
    }
    int rc = start_process(fake, &request, &handle, err);
    cv_mutex_unlock(&fake->lock);
    return rc;
}

static int fake_stop(void* instance, int64_t timeout_ms, struct cv_error* err)
{
    struct fake* fake = instance;
    (void)timeout_ms;
    return fake->state == CV_STATE_RUNNING ? fake_signal(instance, CV_PROCESS_MAIN, SIGNAL_TERM, err) : 0;
}

static int fake_attach_input(void* instance, containerv_handle_t* handle_out, struct cv_error* err)
{
    struct fake* fake = instance;
    if (!fake->spec->ext.supervision.open_stdin)
        return cv_error_set(err, CV_ERR_STATE, "container '%s' has no input", fake->id);
    *handle_out = fake->event_write;
    return 0;
}

static int fake_close_input(void* instance, struct cv_error* err)
{
    containerv_handle_t ignored;
    return fake_attach_input(instance, &ignored, err);
}

const char* fake_last_copy(void)
{
    return last_copy != NULL ? last_copy : "";
}

const char* fake_last_process(void)
{
    return last_process != NULL ? last_process : "";
}

const struct cv_spec* fake_last_spec(void)
{
    return last_spec;
}

void fake_forget(void)
{
    free(last_process);
    last_process = NULL;
    free(last_copy);
    last_copy = NULL;
    last_spec = cv_spec_free(last_spec);
}

const struct cv_backend cv_backend_fake = {
    .name     = "fake",
    .features = CV_FEATURE_PAUSE | CV_FEATURE_TERMINAL | CV_FEATURE_MOUNTS | CV_FEATURE_LAYERS | CV_FEATURE_VETH
                | CV_FEATURE_USERS | CV_FEATURE_HANDLES | CV_FEATURE_EVENTS | CV_FEATURE_DEVICES | CV_FEATURE_PID1
                | CV_FEATURE_COPY | CV_FEATURE_TIME | CV_FEATURE_POLICY | CV_FEATURE_OPEN | CV_FEATURE_SUPERVISED,
    .caps          = CV_CAP_FILESYSTEM | CV_CAP_PROCESS_CONTROL | CV_CAP_NETWORK | CV_CAP_IPC | CV_CAP_USERS,
    .create        = fake_create,
    .open          = fake_open,
    .list          = fake_list,
    .close         = fake_close,
    .spawn         = fake_spawn,
    .wait          = fake_wait,
    .signal        = fake_signal,
    .kill          = fake_kill,
    .resize        = fake_resize,
    .pause         = fake_pause,
    .resume        = fake_resume,
    .processes     = fake_processes,
    .state         = fake_state,
    .next_event    = fake_next_event,
    .event_handle  = fake_event_handle,
    .copy          = fake_copy,
    .destroy       = fake_destroy,
    .info          = fake_info,
    .start         = fake_start,
    .stop          = fake_stop,
    .attach_input  = fake_attach_input,
    .close_input   = fake_close_input,
    .log_open      = fake_log_open,
    .log_read      = fake_log_read,
    .log_tail      = fake_log_tail,
    .log_handle    = fake_log_handle,
    .log_close     = fake_log_close,
    .journal_open  = fake_journal_open,
    .journal_read  = fake_journal_read,
    .journal_close = fake_journal_close,
};

static int bare_probe(struct cv_error* err)
{
    cv_error_set(err, CV_ERR_UNSUPPORTED, "it never runs");
    return cv_error_step(err, "probe the bare back end");
}

const struct cv_backend cv_backend_bare = {
    .name    = "bare",
    .probe   = bare_probe,
    .create  = fake_create,
    .state   = fake_state,
    .destroy = fake_destroy,
};
