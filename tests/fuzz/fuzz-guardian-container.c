/*
 * The functions of container.h for fuzz-guardian.c. Nothing runs: where a pidfd is wanted it gets the end of a pipe that is always
 * readable, to which no signal can be sent. What the guardian hands over is looked at as the real functions do.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chef/containerv/container.h>

#include "fuzz-guardian.h"
#include "fuzz.h"
#include "linux/container.h"
#include "linux/reconcile.h"

enum { FIRST_PID = 1 << 23 }; /* no process has such a number */

struct linux_container {
    struct cv_spec* spec;
};

struct guardian_container *fuzz_box, *fuzz_other;

static int   ended_fd = -1;
static pid_t next_pid;

void fuzz_container_start(void)
{
    int ends[2];
    next_pid = FIRST_PID;
    if (ended_fd >= 0)
        return;
    FUZZ_CHECK(pipe2(ends, O_CLOEXEC) == 0 && close(ends[1]) == 0);
    ended_fd = ends[0];
}

static int take_pidfd(void)
{
    int fd = fcntl(ended_fd, F_DUPFD_CLOEXEC, 3);
    FUZZ_CHECK(fd >= 0);
    return fd;
}

static struct linux_container* new_container(const struct cv_spec* spec)
{
    struct linux_container* container = calloc(1, sizeof(*container));
    FUZZ_CHECK(container != NULL && cv_spec_copy(spec, &container->spec, NULL) == 0);
    return container;
}

static struct linux_child new_child(bool terminal)
{
    return (struct linux_child){ next_pid++, take_pidfd(), terminal ? take_pidfd() : -1, false };
}

struct guardian_container* fuzz_container_add(struct guardian* guardian, const char* id)
{
    struct guardian_container* container = calloc(1, sizeof(*container));
    struct cv_spec*            spec      = cv_spec_new();
    struct linux_child         main = new_child(false), other = new_child(false);

    FUZZ_CHECK(container != NULL && spec != NULL && cv_spec_set_string(&spec->ext.id, id, NULL) == 0);
    spec->ext.set       = true;
    container->event_fd = container->listen_fd = -1;
    container->linux_                          = new_container(spec);
    container->guardian                        = guardian;
    container->next                            = guardian->containers;
    guardian->containers                       = container;
    FUZZ_CHECK(guardian_process_add(container, &main, true, 0, NULL) != NULL);
    FUZZ_CHECK(guardian_process_add(container, &other, false, 0, NULL) != NULL);
    container->processes->ready = 1;
    guardian_container_reap(guardian, container);
    cv_spec_free(spec);
    return container;
}

void fuzz_send(int fd, const uint8_t* bytes, size_t length, const int* fds, size_t count)
{
    union {
        struct cmsghdr header;
        char           bytes[CMSG_SPACE(8 * sizeof(int))];
    } control            = { .bytes = { 0 } };
    struct iovec  part   = { (void*)bytes, length };
    struct msghdr header = { .msg_iov = &part, .msg_iovlen = 1 };

    FUZZ_CHECK(count <= 8);
    if (count > 0) {
        header.msg_control        = control.bytes;
        header.msg_controllen     = CMSG_SPACE(count * sizeof(int));
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type  = SCM_RIGHTS;
        control.header.cmsg_len   = CMSG_LEN(count * sizeof(int));
        memcpy(CMSG_DATA(&control.header), fds, count * sizeof(int));
    }
    FUZZ_CHECK(length == 0 || sendmsg(fd, &header, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)length);
}

/* --- container.h ---------------------------------------------------------------------------------------------------------------- */

static void check_fd(int fd)
{
    FUZZ_CHECK(fd == -1 || fcntl(fd, F_GETFD) == FD_CLOEXEC);
}

static void check_start(const struct linux_start* start)
{
    FUZZ_CHECK(start->process != NULL && start->extra_count <= WIRE_MAX_FDS);
    for (size_t i = 0; i < 3; i++)
        check_fd(start->stdio[i]);
    for (size_t i = 0; i < start->extra_count; i++)
        FUZZ_CHECK(start->extra[i] >= 0 && fcntl(start->extra[i], F_GETFD) == FD_CLOEXEC);
    for (size_t i = 0; start->groups != NULL && i < start->groups->count; i++)
        FUZZ_CHECK(start->groups->items[i] != NULL);
}

int linux_container_create(const struct cv_spec* spec, const struct linux_start* main,
    struct linux_container** container_out, struct linux_child* main_out, struct cv_error* err)
{
    FUZZ_CHECK(spec->ext.id != NULL && cv_spec_check_id(spec->ext.id, NULL) == 0);
    if (main != NULL)
        check_start(main);
    if (strlen(spec->ext.id) == 7)
        return cv_error_set(err, CV_ERR_SYSTEM, "a create that fails");
    *container_out = new_container(spec);
    if (main != NULL)
        *main_out = new_child(main->terminal);
    return 0;
}

int linux_container_spawn(struct linux_container* container, const struct linux_start* start,
    struct linux_child* child_out, bool* is_main_out, struct cv_error* err)
{
    FUZZ_CHECK(container->spec != NULL);
    check_start(start);
    if (start->user != NULL && strcmp(start->user, "fails") == 0)
        return cv_error_set(err, CV_ERR_SYSTEM, "a spawn that fails");
    *child_out   = new_child(start->terminal);
    *is_main_out = false;
    return 0;
}

int linux_container_copy(const struct linux_container* container, const struct linux_copy* copy, int socket_fd,
    int* pidfd_out, struct cv_error* err)
{
    FUZZ_CHECK(container->spec != NULL && copy->path != NULL && fcntl(socket_fd, F_GETFD) == FD_CLOEXEC);
    if (copy->path[0] == '\0')
        return cv_error_set(err, CV_ERR_INVALID, "a copy that fails");
    *pidfd_out = take_pidfd();
    return 0;
}

int linux_container_snapshot(const struct linux_container* container, const struct linux_snapshot* snapshot,
    int* pidfd_out, struct cv_error* err)
{
    FUZZ_CHECK(container->spec != NULL && fcntl(snapshot->socket_fd, F_GETFD) == FD_CLOEXEC);
    FUZZ_CHECK(snapshot->folder_fd < 0 || fcntl(snapshot->folder_fd, F_GETFD) == FD_CLOEXEC);
    if (snapshot->folder_fd >= 0)
        return cv_error_set(err, CV_ERR_INVALID, "a commit that fails");
    *pidfd_out = take_pidfd();
    return 0;
}

const char* linux_container_id(const struct linux_container* container)
{
    return container->spec->ext.id;
}

const struct cv_spec* linux_container_spec(const struct linux_container* container)
{
    return container->spec;
}

int linux_container_init_pidfd(const struct linux_container* container)
{
    (void)container;
    return ended_fd;
}

size_t linux_container_max_held(const struct linux_container* container)
{
    (void)container;
    return 4;
}

int linux_container_main_status(
    struct linux_container* container, struct linux_status* status_out, struct cv_error* err)
{
    (void)container;
    (void)err;
    *status_out = (struct linux_status){ .known = true, .code = 7 };
    return 0;
}

int linux_container_signal_main(struct linux_container* container, int number, struct cv_error* err)
{
    (void)container;
    (void)err;
    FUZZ_CHECK(number >= 1 && number <= 64);
    return 0;
}

int linux_container_kill(struct linux_container* container, struct cv_error* err)
{
    (void)container;
    (void)err;
    return 0;
}

int linux_container_pause(struct linux_container* container, struct cv_error* err)
{
    (void)container;
    (void)err;
    return 0;
}

int linux_container_resume(struct linux_container* container, struct cv_error* err)
{
    (void)container;
    (void)err;
    return 0;
}

int linux_container_processes(
    struct linux_container* container, pid_t* list, size_t capacity, size_t* count_out, struct cv_error* err)
{
    (void)container;
    (void)err;
    *count_out = 100; /* more than the first list has room for */
    for (size_t i = 0; i < 100 && i < capacity; i++)
        list[i] = FIRST_PID + (pid_t)i;
    return 0;
}

int linux_container_update(
    struct linux_container* container, const struct cv_spec* limits, bool paused, struct cv_error* err)
{
    (void)paused;
    FUZZ_CHECK(container->spec != NULL);
    if (limits->ext.limits.upper_bytes != 0)
        return cv_error_unsupported(err, "another size of the upper of a container that runs", "linux");
    return 0;
}

int linux_container_stats(struct linux_container* container, struct containerv_stats* stats_out, struct cv_error* err)
{
    (void)container;
    (void)err;
    *stats_out = (struct containerv_stats){ .size = sizeof(*stats_out), .known = CV_STATS_PIDS, .pids = 2 };
    return 0;
}

void linux_container_counts(const struct linux_container* container, struct linux_counts* counts_out)
{
    (void)container;
    *counts_out = (struct linux_counts){ 0, 0 };
}

int linux_container_destroy(struct linux_container* container, struct cv_error* err)
{
    (void)err;
    cv_spec_free(container->spec);
    free(container);
    return 0;
}

void linux_container_finish_left(void)
{
}

int linux_container_watch(struct cv_error* err)
{
    (void)err;
    return 0;
}

/* A socket in a folder is more than a run of a microsecond can have. */
int guardian_listen(struct guardian_container* container, struct cv_error* err)
{
    (void)container;
    (void)err;
    return 0;
}

int linux_reconcile(bool dry_run, size_t skip, struct reconcile_list* list_out, struct cv_error* err)
{
    (void)dry_run;
    (void)skip;
    (void)err;
    *list_out = (struct reconcile_list){ .items = NULL };
    return 0;
}
