/*
 * The guardian's messages (protocols/guardian.proto) to and from what both ends work with. Everything that comes from the other end is
 * checked here: CV_ERR_PROTOCOL for what no caller of ours would have sent.
 */
#ifndef CV_LINUX_MESSAGES_H
#define CV_LINUX_MESSAGES_H

#include <chef/containerv/container.h>
#include <cv/error.h>
#include <cv/strv.h>

#include "backend.h"
#include "guardian.pb-c.h"
#include "linux/container.h"
#include "linux/wire.h"

enum {
    MESSAGE_STATS     = (sizeof(struct containerv_stats) - offsetof(struct containerv_stats, known)) / sizeof(uint64_t),
    MESSAGE_EVENT_MAX = 256, /* bytes of an event's datagram */
    GUARDIAN_PROTOCOL = 2    /* raised with every change that an older end would misunderstand */
};

/* The name of a container's socket in its run folder. */
#define GUARDIAN_SOCKET "socket"

/* `message_out` borrows the texts of `err`. */
void message_from_error(const struct cv_error* err, Containerv__Guardian__Error* message_out);
/* Fills in `err` and returns its code, which is always negative. */
int message_to_error(const Containerv__Guardian__Error* message, struct cv_error* err);

void message_from_exit(const struct containerv_exit* exit, Containerv__Guardian__Exit* message_out);
/* Sets all but `size`. */
void message_to_exit(const Containerv__Guardian__Exit* message, struct containerv_exit* exit_out);

/* An event as the datagram of the event socket. Returns how long it is. */
size_t message_pack_event(const struct containerv_event* event, uint8_t buffer[MESSAGE_EVENT_MAX]);
int message_unpack_event(const uint8_t* bytes, size_t length, struct containerv_event* event_out, struct cv_error* err);

/* The caller's side of one process: the message and what it points to. The descriptors are borrowed. */
struct message_process {
    Containerv__Guardian__Process process;
    Containerv__Guardian__Streams streams;
    int32_t                       standard[3];
    int32_t                       extra[WIRE_MAX_FDS];
    char*                         json;
};

/* Descriptors that go with a request, in order. */
struct message_fds {
    int    items[WIRE_MAX_FDS];
    size_t count;
};

int  message_add_fd(struct message_fds* fds, int fd, int32_t* index_out, struct cv_error* err);
int  message_process_init(const struct cv_process_request* request, struct message_process* message,
     struct message_fds* fds, struct cv_error* err);
void message_process_release(struct message_process* message);

/* The guardian's side: what linux_start points to. Its descriptors are the message's. */
struct message_start {
    struct linux_start     start;
    struct cv_spec_process process;
    struct cv_strv         groups;
    int                    extra[WIRE_MAX_FDS];
    int64_t                timeout_ms;
};

/* `start_out` is not to be moved afterwards: it points into itself. Release it also after a failure. */
int  message_start_init(const Containerv__Guardian__Process* process, const struct wire_message* message,
     struct message_start* start_out, struct cv_error* err);
void message_start_release(struct message_start* start);

#endif
