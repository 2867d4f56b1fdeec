/* What the client knows of one container, and how its calls find the way to who holds it. */
#ifndef CV_LINUX_CLIENT_INSTANCE_H
#define CV_LINUX_CLIENT_INSTANCE_H

#include <stdbool.h>

#include <cv/mutex.h>

#include "linux/client.h"
#include "linux/journal.h"

/* Constant once made, so that calls need no lock; but for `journal`. */
struct linux_instance {
    char* id;
    struct linux_route
        route;    /* of one that is supervised: none. Its way is looked for by each call: supervisors come and go */
    int event_fd; /* -1: the container of another process, or supervised */

    /* supervised ones only */
    bool    supervised;
    int     home_fd; /* its folder; -1: it was gone already when it was opened */
    int64_t since_ns;

    struct cv_mutex        journal_lock;
    struct journal_reader* journal;    /* its events; NULL: nobody has asked for them yet */
    int                    journal_fd; /* epoll: the journal's, and `unread_fd` */
    int                    unread_fd;  /* eventfd: there may be some that the journal's handle does not tell */
};

struct linux_instance* linux_instance_free(struct linux_instance* instance);
CV_DEFINE_CLEANUP(struct linux_instance, linux_instance_free)
struct linux_instance* linux_instance_new(const char* id, struct cv_error* err); /* reaches nobody yet */

/* linux_client_call() to whoever holds the container now. CV_ERR_STATE for a supervised one that does not run. */
int linux_instance_call(struct linux_instance* self, const Containerv__Guardian__Request* request,
    const struct message_fds* fds, struct linux_client_answer* answer_out, struct cv_error* err);
/* A request that says no more than the container; all of them have the same type in the union. `answer_out` may be NULL. */
int linux_instance_plain(struct linux_instance* self, Containerv__Guardian__Request__OperationCase operation,
    struct linux_client_answer* answer_out, struct cv_error* err);

/* --- client-supervisor.c: supervisors that this process starts ----------------------------------------------------------------- */

/* Start one with this create request (the id is set from `id`), and wait for its answer. route_out holds its main socket; closing that
 * ends one that holds a container, and is nothing to one that runs it. */
int linux_supervisor_start(
    const char* id, Containerv__Guardian__Create* create, struct linux_route* route_out, struct cv_error* err);
/* The same, and no more to be said to it. DEFER, REMOVE: it has ended then. */
int linux_supervisor_run(const char* id, Containerv__Guardian__Create* create, struct cv_error* err);
/* Returns when nobody holds the container. CV_ERR_STATE when somebody still does after LINUX_SUPERVISOR_END_MS. */
int linux_supervisor_wait_gone(const char* id, struct cv_error* err);

/* What tells that a supervisor of this container may have begun or ended. The descriptor is the caller's; -1: the system has no watch left,
 * which linux_supervisor_await() can do without. */
int linux_supervisor_watch(const char* id);
/* Until it tells so, a short time at most, and no longer than left_ms (< 0: no limit). */
void linux_supervisor_await(int watch_fd, int64_t left_ms);

enum { LINUX_SUPERVISOR_END_MS = 15000 };

/* --- client-home.c: its folder, and what is written there ---------------------------------------------------------------------- */

/* CV_ERR_NOT_FOUND: there is no supervised container of that id. */
int linux_client_open_home(const char* id, int* home_out, struct cv_error* err);
/* Its config.json, as text. */
int linux_client_home_text(int home_fd, char** text_out, size_t* length_out, struct cv_error* err);
/* Call `each` with the id of every supervised container, as containerv_list(). */
int linux_client_list_homes(int (*each)(const char* id, void* context), void* context, struct cv_error* err);
/* What is known of it, and the way to its supervisor when it has one that answers: route_out's folder is the caller's to close. One whose
 * supervisor was killed is written down as lost. CV_ERR_NOT_FOUND when it was destroyed. */
int linux_client_record(const struct linux_instance* self, struct containerv_info* info_out,
    struct linux_route* route_out, struct cv_error* err);
/* Who keeps one that runs by its record from being settled though nobody answers for it. */
enum linux_held {
    LINUX_HELD_NOT,      /* nobody */
    LINUX_HELD,          /* a process that is just beginning or ending */
    LINUX_HELD_ELSEWHERE /* one with another run folder */
};
/* linux_client_record(), and the moment waited for in which somebody who was killed is not quite gone. After timeout_ms what the record
 * says, with LINUX_HELD. */
int linux_client_record_settled(const struct linux_instance* self, int64_t timeout_ms, struct containerv_info* info_out,
    struct linux_route* route_out, enum linux_held* held_out, struct cv_error* err);
/* It neither runs nor waits for its next start. */
bool linux_client_rests(const struct containerv_info* info);
/* Whether somebody holds the lock of the container. No claim or sweep goes on meanwhile. */
int linux_client_is_held(const char* id, bool* held_out, struct cv_error* err);

/* The same for a list, with a place for each in held_out. */
int linux_client_are_held(const struct cv_strv* ids, bool* held_out, struct cv_error* err);

/* --- client-supervised.c: their rows, which those of all containers call for them ---------------------------------------------- */

/* How its supervisor is reached; route_out's folder is the caller's to close. CV_ERR_STATE when it does not run. Waits for one that is just
 * ending. */
int linux_supervised_route(const struct linux_instance* self, struct linux_route* route_out, struct cv_error* err);
int linux_supervised_create(const struct cv_spec* spec, void** instance_out, struct cv_error* err);
int linux_supervised_open(const char* id, struct cv_spec** spec_out, void** instance_out, struct cv_error* err);
int linux_supervised_wait(struct linux_instance* self, Containerv__Guardian__Wait* wait,
    struct containerv_exit* exit_out, struct cv_error* err);
int linux_supervised_state(struct linux_instance* self, enum containerv_state* state_out, struct cv_error* err);
int linux_supervised_inspect(struct linux_instance* self, char** text_out, struct cv_error* err);
int linux_supervised_destroy(struct linux_instance* self, struct cv_error* err);
/* Its files, though it does not run; 0 and a route without a main socket when it does. Let go by linux_supervised_release(). */
int  linux_supervised_hold(struct linux_instance* self, struct linux_route* route_out, struct cv_error* err);
void linux_supervised_release(struct linux_instance* self, struct linux_route* route);

/* client-events.c: the journal's entries of this container as its events. */
int linux_supervised_next_event(struct linux_instance* self, struct containerv_event* event_out, struct cv_error* err);
int linux_supervised_event_handle(struct linux_instance* self, containerv_handle_t* handle_out, struct cv_error* err);
/* How a process of it ended, or its last run (0), though nobody is there to be asked. CV_ERR_NOT_FOUND when the journal does not tell. */
int linux_supervised_past_exit(
    const struct linux_instance* self, int64_t process, struct containerv_exit* exit_out, struct cv_error* err);

#endif
