/* Events of a supervised container: what the journal of all of them has about it, from when the handle was made. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cv/clock.h>
#include <cv/folders.h>
#include <cv/handle.h>

#include "linux/client-instance.h"

#include <cv/banned.h>

static int open_journal(int64_t since_ns, struct journal_reader** reader_out, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* state = NULL;
    int                        rc    = cv_folders_state(&state, err);

    return rc == 0 ? journal_reader_open(state, since_ns, reader_out, err) : rc;
}

static int watch(int epoll_fd, int fd, struct cv_error* err)
{
    struct epoll_event event = { .events = EPOLLIN };

    return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0
               ? cv_error_errno(err, errno, "watch the container's events", NULL)
               : 0;
}

/* Readable from the start: what was written before the journal was opened, its own handle does not tell. */
static int make_handles(struct linux_instance* self, struct cv_error* err)
{
    self->unread_fd  = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
    self->journal_fd = epoll_create1(EPOLL_CLOEXEC);
    if (self->unread_fd < 0 || self->journal_fd < 0)
        return cv_error_errno(err, errno, "make a handle for the container's events", NULL);
    int rc = watch(self->journal_fd, self->unread_fd, err);
    return rc == 0 ? watch(self->journal_fd, journal_reader_handle(self->journal), err) : rc;
}

static int ensure_open(struct linux_instance* self, struct cv_error* err)
{
    int rc = self->journal != NULL ? 0 : open_journal(self->since_ns, &self->journal, err);

    if (rc < 0 || self->journal_fd >= 0)
        return rc;
    rc = make_handles(self, err);
    if (rc < 0) {
        cv_handle_closep(&self->journal_fd);
        cv_handle_closep(&self->unread_fd);
    }
    return rc;
}

static int next_entry(
    struct journal_reader* journal, const char* id, struct containerv_journal_entry* entry_out, struct cv_error* err)
{
    int rc;

    do {
        rc = journal_read(journal, entry_out, err);
    } while (rc == 0 && strcmp(entry_out->id, id) != 0);
    return rc;
}

static int take(struct linux_instance* self, struct containerv_journal_entry* entry, struct cv_error* err)
{
    uint64_t count;
    int      rc = ensure_open(self, err);

    if (rc == 0)
        rc = next_entry(self->journal, self->id, entry, err);
    if (rc != 1)
        return rc;
    (void)!read(self->unread_fd, &count, sizeof(count));
    return cv_error_set(err, CV_ERR_TIMEOUT, "no event now");
}

int linux_supervised_next_event(struct linux_instance* self, struct containerv_event* event_out, struct cv_error* err)
{
    struct containerv_journal_entry entry = { .size = sizeof(entry) };
    int                             rc;

    cv_mutex_lock(&self->journal_lock);
    rc = take(self, &entry, err);
    cv_mutex_unlock(&self->journal_lock);
    if (rc < 0)
        return rc;
    event_out->kind      = entry.kind;
    event_out->process   = (process_handle_t)entry.process;
    event_out->time_ns   = entry.time_ns;
    event_out->exit      = entry.exit;
    event_out->exit.size = sizeof(event_out->exit);
    return 0;
}

int linux_supervised_event_handle(struct linux_instance* self, containerv_handle_t* handle_out, struct cv_error* err)
{
    int rc;

    cv_mutex_lock(&self->journal_lock);
    rc = ensure_open(self, err);
    if (rc == 0)
        *handle_out = self->journal_fd;
    cv_mutex_unlock(&self->journal_lock);
    return rc;
}

static bool is_end_of(const struct containerv_journal_entry* entry, int64_t process)
{
    return entry->kind == CV_EVENT_EXITED && entry->has_exit
           && (process == 0 ? entry->is_main != 0 : entry->process == process);
}

int linux_supervised_past_exit(
    const struct linux_instance* self, int64_t process, struct containerv_exit* exit_out, struct cv_error* err)
{
    struct containerv_journal_entry entry  = { .size = sizeof(entry) };
    struct journal_reader*          reader = NULL;
    bool                            found  = false;
    int                             rc     = open_journal(self->since_ns, &reader, err);

    while (rc == 0 && (rc = next_entry(reader, self->id, &entry, err)) == 0)
        if (is_end_of(&entry, process)) {
            *exit_out      = entry.exit;
            exit_out->size = sizeof(*exit_out);
            found          = true;
        }
    journal_reader_close(reader);
    if (rc < 0 || found)
        return rc < 0 ? rc : 0;
    cv_error_set(err, CV_ERR_NOT_FOUND, "container '%s' was destroyed", self->id);
    return cv_error_object(err, "%s", self->id);
}

/* --- the journal of all --------------------------------------------------------------------------------------------------------- */

int linux_client_journal_open(int64_t since_ns, void** journal_out, struct cv_error* err)
{
    struct journal_reader* reader = NULL;
    int                    rc     = open_journal(since_ns, &reader, err);

    if (rc == 0)
        *journal_out = reader;
    return rc;
}

int linux_client_journal_read(
    void* journal, int64_t timeout_ms, struct containerv_journal_entry* entry_out, struct cv_error* err)
{
    int64_t deadline_ms = cv_clock_deadline_ms(timeout_ms);
    int     rc;

    while ((rc = journal_read(journal, entry_out, err)) == 1) {
        struct pollfd entry   = { .fd = journal_reader_handle(journal), .events = POLLIN };
        int64_t       left_ms = cv_clock_left_ms(deadline_ms);
        if (left_ms == 0)
            return cv_error_set(err, CV_ERR_TIMEOUT, "nothing new in the journal");
        if (poll(&entry, 1, left_ms > INT_MAX ? INT_MAX : (int)left_ms) < 0 && errno != EINTR)
            return cv_error_errno(err, errno, "wait for the journal", NULL);
    }
    entry_out->size = sizeof(*entry_out);
    return rc;
}

int linux_client_journal_handle(void* journal, containerv_handle_t* handle_out, struct cv_error* err)
{
    (void)err;
    *handle_out = journal_reader_handle(journal);
    return 0;
}

void linux_client_journal_close(void* journal)
{
    journal_reader_close(journal);
}
