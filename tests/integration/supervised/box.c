#include "box.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cv/clock.h>
#include <cv/file.h>
#include <cv/handle.h>
#include <cv/posix.h>
#include <cv/str.h>

#include "linux/client.h"
#include "linux/journal.h"
#include "linux/log.h"
#include "linux/record.h"

enum { PATIENCE_MS = 20000, LOOK_AGAIN_MS = 20 };

pid_t                  box_supervisor;
char                   box_id[32];
static int             held_fd = -1; /* the main socket of one that holds it for us */
static struct cv_spec* spec;
static struct cv_error err;

static const char* box_run(const char* name)
{
    static char path[96];
    assert_int_equal(cv_snprintf(path, sizeof(path), "run/c-%s%s%s", box_id, name[0] != '\0' ? "/" : "", name), 0);
    return cv_test_path(path);
}

/* --- setup --------------------------------------------------------------------------------------------------------------------- */

int box_setup_group(void** state)
{
    if (geteuid() != 0) {
        print_message("skipped: needs root\n");
        exit(77);
    }
    cv_test_setup(state);
    assert_int_equal(cv_snprintf(box_id, sizeof(box_id), "box-%d", (int)getpid()), 0);
    assert_non_null(getenv("CV_SUITE_ROOTFS"));
    assert_int_equal(setenv("CONTAINERV_RUN_DIR", cv_test_path("run"), 1), 0);
    assert_int_equal(setenv("CONTAINERV_STATE_DIR", cv_test_path("state"), 1), 0);
    return 0;
}

int box_teardown_group(void** state)
{
    return cv_test_teardown(state);
}

int box_setup(void** state)
{
    (void)state;
    return 0;
}

struct cv_spec* box_spec(const char* script)
{
    const char* const args[] = { "/bin/sh", "-c", script, NULL };

    spec = cv_spec_free(spec);
    spec = cv_spec_new();
    assert_non_null(spec);
    spec->root.set = spec->ext.set = spec->process.set = spec->process.no_new_privileges = true;
    spec->ext.supervision.set                                                            = true;
    spec->ext.hold                                                                       = script == NULL;
    CV_TEST_OK(err, cv_spec_set_string(&spec->ext.id, box_id, &err));
    CV_TEST_OK(err, cv_spec_set_string(&spec->process.cwd, "/", &err));
    CV_TEST_OK(err, cv_spec_add_layer(spec, getenv("CV_SUITE_ROOTFS"), &err));
    CV_TEST_OK(err, cv_spec_default_linux(spec, &err));
    CV_TEST_OK(err, cv_strv_append(&spec->process.env, "PATH=/bin"));
    if (script != NULL)
        CV_TEST_OK(err, cv_strv_append_all(&spec->process.args, args));
    return spec;
}

/* --- the protocol -------------------------------------------------------------------------------------------------------------- */

static int send_request(int fd, Containerv__Guardian__Request* request, struct cv_error* error)
{
    size_t   length;
    uint8_t* bytes;
    int      rc;

    request->protocol = GUARDIAN_PROTOCOL;
    length            = containerv__guardian__request__get_packed_size(request);
    bytes             = malloc(length);
    assert_non_null(bytes);
    containerv__guardian__request__pack(request, bytes);
    rc = wire_send(fd, bytes, length, NULL, 0, error);
    free(bytes);
    return rc;
}

static int receive(int fd, int64_t timeout_ms, Containerv__Guardian__Reply** reply_out, struct cv_error* error)
{
    struct wire_message          wire = { .length = 0 };
    Containerv__Guardian__Reply* reply;
    int                          rc = wire_receive(fd, timeout_ms, &wire, error);

    if (rc < 0)
        return rc;
    reply = containerv__guardian__reply__unpack(NULL, wire.length, wire.bytes);
    wire_message_release(&wire);
    assert_non_null(reply);
    if (reply->error != NULL) {
        rc = message_to_error(reply->error, error);
        containerv__guardian__reply__free_unpacked(reply, NULL);
        return rc;
    }
    *reply_out = reply;
    return 0;
}

pid_t box_start_program(int main_fd)
{
    CV_CLEANUP(cv_freep) char* path = NULL;
    pid_t                      pid  = -1;

    CV_TEST_OK(err, linux_client_supervisor(&path, &err));
    CV_TEST_OK(err, linux_client_start(path, main_fd, &pid, &err));
    return pid;
}

pid_t (*box_start)(int main_fd) = box_start_program;

static int start_supervisor(void)
{
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    box_supervisor = box_start(ends[1]);
    close(ends[1]);
    return ends[0];
}

static int ask_to_create(int main_fd, Containerv__Guardian__Create* create, struct cv_error* error)
{
    Containerv__Guardian__Request request = CONTAINERV__GUARDIAN__REQUEST__INIT;
    Containerv__Guardian__Reply*  reply   = NULL;
    int                           ends[2], rc;

    request.operation_case = CONTAINERV__GUARDIAN__REQUEST__OPERATION_CREATE;
    request.create         = create;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    CV_TEST_OK(err, send_request(ends[0], &request, &err));
    (void)linux_client_send_connection(main_fd, ends[1]); /* one that has ended does not answer */
    close(ends[1]);
    rc = receive(ends[0], PATIENCE_MS, &reply, error);
    close(ends[0]);
    if (rc == 0)
        containerv__guardian__reply__free_unpacked(reply, NULL);
    return rc;
}

int box_act(Containerv__Guardian__Action action, struct cv_error* error)
{
    Containerv__Guardian__Create create = CONTAINERV__GUARDIAN__CREATE__INIT;
    CV_CLEANUP(cv_freep) char*   json   = NULL;
    int                          main_fd, rc;

    create.action = action;
    create.id     = box_id;
    if (action == CONTAINERV__GUARDIAN__ACTION__RUN || action == CONTAINERV__GUARDIAN__ACTION__DEFER) {
        CV_TEST_OK(err, cv_spec_print(spec, &json, &create.config_json.len, &err));
        create.config_json.data = (uint8_t*)json;
    }
    main_fd = start_supervisor();
    rc      = ask_to_create(main_fd, &create, error);
    if (rc == 0 && action == CONTAINERV__GUARDIAN__ACTION__HOLD)
        held_fd = main_fd;
    else
        close(main_fd);
    return rc;
}

void box_let_go(void)
{
    cv_handle_closep(&held_fd);
    held_fd = -1;
}

static int connect_box(struct cv_error* error)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int                fd      = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    cv_snprintf(address.sun_path, sizeof(address.sun_path), "%s", box_run(GUARDIAN_SOCKET));
    if (connect(fd, (const struct sockaddr*)&address, sizeof(address)) == 0)
        return fd;
    close(fd);
    return cv_error_set(error, CV_ERR_LOST, "nobody answers");
}

int box_call(Containerv__Guardian__Request* request, int64_t timeout_ms, Containerv__Guardian__Reply** reply_out,
    struct cv_error* error)
{
    int fd = connect_box(error);
    int rc;

    if (fd < 0)
        return fd;
    rc = send_request(fd, request, error);
    if (rc == 0)
        rc = receive(fd, timeout_ms, reply_out, error);
    close(fd);
    return rc;
}

static int call_simple(Containerv__Guardian__Request* request, struct cv_error* error)
{
    Containerv__Guardian__Reply* reply = NULL;
    int                          rc    = box_call(request, PATIENCE_MS, &reply, error);

    if (rc == 0)
        containerv__guardian__reply__free_unpacked(reply, NULL);
    return rc;
}

int box_plain(Containerv__Guardian__Request__OperationCase operation, struct cv_error* error)
{
    Containerv__Guardian__Request request = CONTAINERV__GUARDIAN__REQUEST__INIT;
    Containerv__Guardian__Plain   plain   = CONTAINERV__GUARDIAN__PLAIN__INIT;

    plain.id               = box_id;
    request.operation_case = operation;
    request.kill           = &plain;
    return call_simple(&request, error);
}

int box_wait(int64_t timeout_ms, struct containerv_exit* exit_out, struct cv_error* error)
{
    Containerv__Guardian__Request request = CONTAINERV__GUARDIAN__REQUEST__INIT;
    Containerv__Guardian__Wait    wait    = CONTAINERV__GUARDIAN__WAIT__INIT;
    Containerv__Guardian__Reply*  reply   = NULL;
    int                           rc;

    wait.id                = box_id;
    wait.timeout_ms        = timeout_ms;
    request.operation_case = CONTAINERV__GUARDIAN__REQUEST__OPERATION_WAIT;
    request.wait           = &wait;
    rc                     = box_call(&request, PATIENCE_MS, &reply, error);
    if (rc < 0)
        return rc;
    assert_non_null(reply->exit);
    message_to_exit(reply->exit, exit_out);
    containerv__guardian__reply__free_unpacked(reply, NULL);
    return 0;
}

int box_stop(int64_t timeout_ms, struct cv_error* error)
{
    Containerv__Guardian__Request request = CONTAINERV__GUARDIAN__REQUEST__INIT;
    Containerv__Guardian__Stop    stop    = CONTAINERV__GUARDIAN__STOP__INIT;

    stop.id                = box_id;
    stop.timeout_ms        = timeout_ms;
    request.operation_case = CONTAINERV__GUARDIAN__REQUEST__OPERATION_STOP;
    request.stop           = &stop;
    return call_simple(&request, error);
}

int box_signal(int number, struct cv_error* error)
{
    Containerv__Guardian__Request request = CONTAINERV__GUARDIAN__REQUEST__INIT;
    Containerv__Guardian__Signal  signal  = CONTAINERV__GUARDIAN__SIGNAL__INIT;

    signal.id              = box_id;
    signal.number          = number;
    request.operation_case = CONTAINERV__GUARDIAN__REQUEST__OPERATION_SIGNAL;
    request.signal         = &signal;
    return call_simple(&request, error);
}

int64_t box_spawn(const char* script)
{
    Containerv__Guardian__Request request = CONTAINERV__GUARDIAN__REQUEST__INIT;
    Containerv__Guardian__Spawn   spawn   = CONTAINERV__GUARDIAN__SPAWN__INIT;
    Containerv__Guardian__Reply*  reply   = NULL;
    const char* const             args[]  = { "/bin/sh", "-c", script, NULL };
    struct cv_spec_process        process = { .set = false };
    struct cv_process_request     what    = { .process = &process };
    struct message_process        message;
    struct message_fds            fds = { .count = 0 };
    int64_t                       pid;

    CV_TEST_OK(err, cv_spec_process_copy(&spec->process, &process, &err));
    cv_strv_release(&process.args);
    CV_TEST_OK(err, cv_strv_append_all(&process.args, args));
    for (int i = 0; i < 3; i++)
        what.io.stdio[i].kind = CV_STDIO_NULL;
    CV_TEST_OK(err, message_process_init(&what, &message, &fds, &err));
    spawn.id               = box_id;
    spawn.process          = &message.process;
    request.operation_case = CONTAINERV__GUARDIAN__REQUEST__OPERATION_SPAWN;
    request.spawn          = &spawn;
    CV_TEST_OK(err, box_call(&request, PATIENCE_MS, &reply, &err));
    pid = reply->process;
    containerv__guardian__reply__free_unpacked(reply, NULL);
    message_process_release(&message);
    cv_spec_process_release(&process);
    return pid;
}

/* --- what is written down ------------------------------------------------------------------------------------------------------ */

static const char* box_home(const char* name)
{
    static char path[128];
    assert_int_equal(
        cv_snprintf(path, sizeof(path), "state/containers/%s%s%s", box_id, name[0] != '\0' ? "/" : "", name), 0);
    return cv_test_path(path);
}

struct containerv_info box_record(void)
{
    struct containerv_info           info    = { .size = sizeof(info) };
    CV_CLEANUP(cv_handle_closep) int home_fd = open(box_home(""), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    assert_true(home_fd >= 0);
    CV_TEST_OK(err, linux_record_read(home_fd, &info, &err));
    return info;
}

bool box_has_record(void)
{
    return cv_path_exists(box_home(LINUX_RECORD_FILE));
}

bool box_is_held(void)
{
    return cv_path_exists(box_run(""));
}

/* Until `is_so`, looked at anew after each change of the folder. */
static void await_in(const char* folder, bool (*is_so)(const void* data), const void* data)
{
    int64_t deadline_ms = cv_clock_deadline_ms(PATIENCE_MS);
    int     fd          = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

    assert_true(fd >= 0);
    inotify_add_watch(fd, folder, IN_MOVED_TO | IN_DELETE | IN_CREATE);
    while (!is_so(data)) {
        struct pollfd entry = { .fd = fd, .events = POLLIN };
        char          events[4096];
        assert_true(cv_clock_left_ms(deadline_ms) > 0);
        if (poll(&entry, 1, LOOK_AGAIN_MS) > 0)
            (void)!read(fd, events, sizeof(events));
    }
    close(fd);
}

struct wish {
    bool (*is_so)(const struct containerv_info* info, const void* data);
    const void*             data;
    struct containerv_info* info; /* the one that it was */
};

static bool record_is_so(const void* data)
{
    const struct wish* wish = data;

    if (!box_has_record())
        return false;
    *wish->info = box_record();
    return wish->is_so(wish->info, wish->data);
}

struct containerv_info box_await_record(
    bool (*is_so)(const struct containerv_info* info, const void* data), const void* data)
{
    struct containerv_info info = { .size = sizeof(info) };
    struct wish            wish = { is_so, data, &info };

    await_in(box_home(""), record_is_so, &wish);
    return info;
}

static bool is_in_state(const struct containerv_info* info, const void* data)
{
    return info->state == *(const enum containerv_state*)data;
}

struct containerv_info box_await(enum containerv_state state)
{
    return box_await_record(is_in_state, &state);
}

static bool is_free(const void* data)
{
    (void)data;
    return !box_is_held();
}

void box_await_free(void)
{
    await_in(cv_test_path("run"), is_free, NULL);
}

const char* box_file(const char* name)
{
    static char text[256];
    char        path[256];
    char*       data = NULL;

    cv_snprintf(path, sizeof(path), "%s/%s", box_home("upper"), name);
    text[0] = '\0';
    if (cv_file_read(path, sizeof(text) - 1, &data, NULL, NULL) == 0)
        cv_snprintf(text, sizeof(text), "%s", data);
    free(data);
    return text;
}

static bool has_file(const void* data)
{
    return box_file(data)[0] != '\0';
}

void box_await_file(const char* name)
{
    await_in(box_home("upper"), has_file, name);
}

/* --- the end of a test ---------------------------------------------------------------------------------------------------------- */

static bool trash_is_empty(const void* data)
{
    (void)data;
    return rmdir(cv_test_path("state/trash")) == 0 || errno == ENOENT; /* it is made anew when needed */
}

int box_teardown(void** state)
{
    (void)state;
    box_let_go();
    if (box_is_held() && box_plain(CONTAINERV__GUARDIAN__REQUEST__OPERATION_DESTROY, NULL) == 0)
        box_await_free();
    if (box_has_record())
        CV_TEST_OK(err, box_act(CONTAINERV__GUARDIAN__ACTION__REMOVE, &err));
    spec = cv_spec_free(spec);
    await_in(cv_test_path("state"), trash_is_empty, NULL);
    return 0;
}

/* --- the journal and the log --------------------------------------------------------------------------------------------------- */

unsigned box_told(enum containerv_event_kind kind, uint32_t reason)
{
    struct journal_reader*          reader = NULL;
    struct containerv_journal_entry entry  = { .size = sizeof(entry) };
    unsigned                        count  = 0;

    CV_TEST_OK(err, journal_reader_open(cv_test_path("state"), 0, &reader, &err));
    while (journal_read(reader, &entry, &err) == 0)
        count += entry.kind == kind && strcmp(entry.id, box_id) == 0 && (reason == 0 || entry.exit.reason == reason);
    journal_reader_close(reader);
    return count;
}

static bool is_told(const void* data)
{
    return box_told(*(const enum containerv_event_kind*)data, 0) > 0;
}

void box_await_told(enum containerv_event_kind kind)
{
    await_in(cv_test_path("state"), is_told, &kind);
}

char* box_log(uint32_t stream, size_t* length_out)
{
    CV_CLEANUP(cv_handle_closep) int home_fd = open(box_home(""), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct linux_log_reader*         reader  = NULL;
    struct linux_log_record          record;
    char*                            text   = malloc(1);
    size_t                           length = 0;

    assert_true(home_fd >= 0);
    CV_TEST_OK(err, linux_log_reader_open(home_fd, 0, &reader, &err));
    while (linux_log_read(reader, &record, &err) == 0) {
        if (record.header.stream != stream)
            continue;
        text = realloc(text, length + record.header.length + 1);
        assert_non_null(text);
        memcpy(text + length, record.data, record.header.length);
        length += record.header.length;
    }
    linux_log_reader_close(reader);
    text[length] = '\0';
    *length_out  = length;
    return text;
}
