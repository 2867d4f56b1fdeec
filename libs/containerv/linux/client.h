/*
 * The caller's side of the guardians. Thread-safe: they serve all threads of the calling process. A child that the process
 * forked gets a guardian of its own with its first create; to its parent's containers it has no access.
 */
#ifndef CV_LINUX_CLIENT_H
#define CV_LINUX_CLIENT_H

#include <stdint.h>
#include <sys/types.h>

#include <cv/error.h>

#include "linux/messages.h"

/* client-start.c */

/* Where the program is: CONTAINERV_GUARDIAN (not for programs with more rights than their caller), beside our library, or where it was
 * to be installed. *path_out is malloc'ed. CV_ERR_NOT_FOUND with a hint. */
int linux_client_program(char** path_out, struct cv_error* err);
/* The same for cv-supervisor: CONTAINERV_SUPERVISOR. */
int linux_client_supervisor(char** path_out, struct cv_error* err);

/* Start the program with `main_fd` as its descriptor 3. It is no child of the calling process: no wait of it and no SIGCHLD. */
int linux_client_start(const char* path, int main_fd, pid_t* pid_out, struct cv_error* err);

/* client.c */

/*
 * The guardian to make a container, started when needed. *generation_out tells it from all others, earlier and later ones. After a
 * success, linux_client_end_create() when the container was made or could not be made.
 */
int  linux_client_begin_create(uint64_t* generation_out, struct cv_error* err);
void linux_client_end_create(uint64_t generation);

/* Hand one end of a connection over the main socket of a guardian or supervisor. 0, or what errno is. */
int linux_client_send_connection(int main_fd, int connection_fd);

/* How a container's guardian is reached. */
struct linux_route {
    uint64_t generation; /* one of our own guardians, when the others are -1 */
    int      folder_fd;  /* the run folder of a container that another process holds: its socket is in there */
    int      main_fd;    /* the main socket of a supervisor that this process has started */
    int ready_fd; /* with folder_fd: a connection to its socket that has not been used yet; the next call takes it */
};

#define LINUX_ROUTE_INIT                                                                                               \
    {                                                                                                                  \
        .folder_fd = -1, .main_fd = -1, .ready_fd = -1                                                                 \
    }

/* A call's answer. Release with linux_client_answer_release(). */
struct linux_client_answer {
    Containerv__Guardian__Reply* reply;
    struct wire_message          wire; /* its descriptors; set those that you take to -1 */
};

/* Send a request to that guardian, wait for the answer as long as it takes. The guardian's error is ours. CV_ERR_LOST when it is gone,
 * and for a process that only has inherited the guardian of its parent. */
int  linux_client_call(struct linux_route* route, const Containerv__Guardian__Request* request,
     const struct message_fds* fds, struct linux_client_answer* answer_out, struct cv_error* err);
void linux_client_answer_release(struct linux_client_answer* answer);

/* How many run, and the process ids in our PID namespace of the first `capacity` of them. */
size_t linux_client_guardians(pid_t* pids, size_t capacity);

/* The back end's table. */
extern const struct cv_backend cv_backend_linux;

/* client-reach.c: containers of other processes. A route is the caller's to close; not its main socket. */
int  linux_client_reach(const char* id, struct linux_route* route_out, struct cv_error* err);
int  linux_client_connect_to(struct linux_route* route, int* fd_out, struct cv_error* err);
void linux_route_close(struct linux_route* route);
/* client-list.c */
int linux_client_list(int (*each)(const char* id, void* context), void* context, struct cv_error* err);
int linux_client_list_info(int (*each)(const char* id, const struct containerv_info* info, void* context),
    void* context, struct cv_error* err);

/* client-reconcile.c */
struct containerv_leftover;
int linux_client_reconcile(bool dry_run, int (*each)(const struct containerv_leftover* leftover, void* context),
    void* context, struct cv_error* err);

/* client-archive.c: the caller's end of a copy whose request has an archive. `copy_fd` is its socket, borrowed. */
int linux_client_archive(const struct cv_copy_request* request, int copy_fd, struct cv_error* err);
/* As linux_client_program(), for cv-archive: CONTAINERV_ARCHIVER. */
int linux_client_archiver(char** path_out, struct cv_error* err);

/* client-copy.c; the request, without its id, is sent by client-calls.c. */
struct linux_instance;
int linux_client_copy(void* instance, const struct cv_copy_request* request, struct cv_error* err);
/* `held`: the way to whoever holds its files, when it has a main socket; else to whoever runs the container. */
int linux_client_send_copy(struct linux_instance* self, struct linux_route* held, Containerv__Guardian__Copy* copy,
    int socket_fd, struct cv_error* err);

/* Rows for supervised containers: client-supervised.c, client-log.c, client-events.c */
int linux_client_info(void* instance, struct containerv_info* info_out, struct cv_error* err);
int linux_client_start_again(void* instance, struct cv_error* err);
int linux_client_stop(void* instance, int64_t timeout_ms, struct cv_error* err);
int linux_client_attach_input(void* instance, containerv_handle_t* handle_out, struct cv_error* err);
int linux_client_close_input(void* instance, struct cv_error* err);
int linux_client_log_open(void* instance, uint64_t offset, void** log_out, struct cv_error* err);
int linux_client_log_read(
    void* log, int64_t timeout_ms, struct containerv_log_record* record_out, struct cv_error* err);
int  linux_client_log_tail(void* instance, uint64_t count, uint64_t* offset_out, struct cv_error* err);
int  linux_client_log_handle(void* log, containerv_handle_t* handle_out, struct cv_error* err);
void linux_client_log_close(void* log);
int  linux_client_journal_open(int64_t since_ns, void** journal_out, struct cv_error* err);
int  linux_client_journal_read(
     void* journal, int64_t timeout_ms, struct containerv_journal_entry* entry_out, struct cv_error* err);
int  linux_client_journal_handle(void* journal, containerv_handle_t* handle_out, struct cv_error* err);
void linux_client_journal_close(void* journal);

/* client-snapshot.c; the request is sent by client-calls.c. `folder_fd` -1: none. */
int linux_client_snapshot(void* instance, const struct cv_snapshot_request* request, struct cv_error* err);
int linux_client_send_snapshot(struct linux_instance* self, struct linux_route* held, bool pause, int socket_fd,
    int folder_fd, struct cv_error* err);

/* client-calls.c: its rows. */
int  linux_client_open(const char* id, struct cv_spec** spec_out, void** instance_out, struct cv_error* err);
void linux_client_close(void* instance);
int  linux_client_create(
     const struct cv_spec* spec, const struct cv_process_request* main, void** instance_out, struct cv_error* err);
int linux_client_spawn(
    void* instance, const struct cv_process_request* request, process_handle_t* handle_out, struct cv_error* err);
int linux_client_wait(void* instance, process_handle_t process, int64_t timeout_ms, struct containerv_exit* exit_out,
    struct cv_error* err);
int linux_client_signal(void* instance, process_handle_t process, int number, struct cv_error* err);
int linux_client_resize(
    void* instance, process_handle_t process, uint16_t columns, uint16_t rows, struct cv_error* err);
int linux_client_kill(void* instance, struct cv_error* err);
int linux_client_pause(void* instance, struct cv_error* err);
int linux_client_resume(void* instance, struct cv_error* err);
int linux_client_processes(
    void* instance, struct containerv_process_info* list, size_t capacity, size_t* count_out, struct cv_error* err);
int linux_client_state(void* instance, enum containerv_state* state_out, struct cv_error* err);
int linux_client_next_event(void* instance, struct containerv_event* event_out, struct cv_error* err);
int linux_client_event_handle(void* instance, containerv_handle_t* handle_out, struct cv_error* err);
int linux_client_update(void* instance, const struct cv_spec* limits, struct cv_error* err);
int linux_client_inspect(void* instance, char** text_out, struct cv_error* err);
int linux_client_stats(void* instance, struct containerv_stats* stats_out, struct cv_error* err);
int linux_client_destroy(void* instance, struct cv_error* err);

#endif
