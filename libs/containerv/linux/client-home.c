/* The folder of a supervised container as its clients see it: it tells of the container whether somebody holds it or not. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cv/clock.h>
#include <cv/file.h>
#include <cv/folders.h>
#include <cv/handle.h>
#include <cv/lock.h>
#include <cv/posix.h>
#include <cv/str.h>

#include "linux/client-instance.h"
#include "linux/hold.h"
#include "linux/record-lost.h"
#include "linux/record.h"

#include <cv/banned.h>

enum { CONFIG_MAX = 16 << 20 };

static int no_container(const char* id, struct cv_error* err)
{
    cv_error_set(err, CV_ERR_NOT_FOUND, "there is no container '%s'", id);
    cv_error_step(err, "look for the container");
    cv_error_object(err, "%s", id);
    cv_error_hint(err, "it may have been destroyed, or belong to another user");
    return CV_ERR_NOT_FOUND; /* also when nobody wants to know why */
}

static char* home_path(const char* id, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* state = NULL;

    return cv_folders_state(&state, err) == 0 ? cv_asprintf(err, "%s/containers/%s", state, id) : NULL;
}

int linux_client_open_home(const char* id, int* home_out, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char*       path = home_path(id, err);
    CV_CLEANUP(cv_handle_closep) int fd   = -1;

    if (path == NULL)
        return err != NULL ? err->code : CV_ERR_SYSTEM;
    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return errno == ENOENT ? no_container(id, err)
                               : cv_error_errno(err, errno, "open the container's folder", path);
    if (faccessat(fd, LINUX_RECORD_FILE, F_OK, AT_SYMLINK_NOFOLLOW) < 0) /* that of one which its caller holds */
        return no_container(id, err);
    *home_out = CV_STEAL_HANDLE(fd);
    return 0;
}

int linux_client_home_text(int home_fd, char** text_out, size_t* length_out, struct cv_error* err)
{
    return cv_file_read_at(home_fd, LINUX_RECORD_SPEC, CONFIG_MAX, text_out, length_out, err);
}

static void close_folder(DIR** folder)
{
    if (*folder != NULL)
        closedir(*folder);
}

static bool is_supervised(int homes_fd, const char* id)
{
    CV_CLEANUP(cv_freep) char* path = cv_asprintf(NULL, "%s/%s", id, LINUX_RECORD_FILE);

    return path != NULL && faccessat(homes_fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int linux_client_list_homes(int (*each)(const char* id, void* context), void* context, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char*    path   = home_path("", err);
    CV_CLEANUP(close_folder) DIR* folder = path != NULL ? opendir(path) : NULL;
    int                           result = 0;

    if (path == NULL)
        return err != NULL ? err->code : CV_ERR_SYSTEM;
    if (folder == NULL)
        return errno == ENOENT ? 0 : cv_error_errno(err, errno, "look for containers", path);
    while (result == 0) {
        const struct dirent* entry = (errno = 0, readdir(folder));
        if (entry == NULL)
            return errno != 0 ? cv_error_errno(err, errno, "look for containers", path) : 0;
        if (cv_spec_check_id(entry->d_name, NULL) == 0 && is_supervised(dirfd(folder), entry->d_name))
            result = each(entry->d_name, context);
    }
    return result;
}

/* Its name still leads to our folder: it was not destroyed, and another made of the same name. */
static bool is_still_there(const struct linux_instance* self)
{
    CV_CLEANUP(cv_freep) char* path = home_path(self->id, NULL);
    struct stat                ours, named;

    return path != NULL && self->home_fd >= 0 && fstat(self->home_fd, &ours) == 0
           && fstatat(AT_FDCWD, path, &named, AT_SYMLINK_NOFOLLOW) == 0 && ours.st_dev == named.st_dev
           && ours.st_ino == named.st_ino;
}

static void unlock(struct cv_lock** lock)
{
    cv_lock_release(*lock);
}

/* With this no claim and no sweep takes the container's lock, so that one that is free has no owner. */
static int lock_all(const char* run, struct cv_lock** lock_out, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* path = cv_asprintf(err, "%s/lock", run);
    int                        rc   = path != NULL ? cv_folder_make(run, 0755, err) : CV_ERR_NO_MEMORY;

    return rc == 0 ? cv_lock_acquire(path, CV_LOCK_WAIT, lock_out, err) : rc;
}

/* With the lock of all. lock_out: that of the container, when nobody else has it; -1 also when there is none. */
static int try_lock(const char* run, const char* id, int* lock_out, bool* held_out, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char*       path = cv_asprintf(err, "%s/c-%s/lock", run, id);
    CV_CLEANUP(cv_handle_closep) int fd   = -1;

    if (path == NULL)
        return CV_ERR_NO_MEMORY;
    *held_out = false;
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW); /* its close wakes nobody: see linux_supervisor_watch() */
    if (fd < 0)
        return errno == ENOENT ? 0 : cv_error_errno(err, errno, "open the container's lock", path);
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        *held_out = errno == EWOULDBLOCK;
        return *held_out ? 0 : cv_error_errno(err, errno, "look at the container's lock", path);
    }
    *lock_out = CV_STEAL_HANDLE(fd);
    return 0;
}

/* The lock that is free may be one of this run folder only: who has another, or whose was taken away, holds the home. */
static bool is_held_elsewhere(int home_fd, const char* id)
{
    CV_CLEANUP(cv_handle_closep) int fd = openat(home_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    return fd < 0 || linux_hold_alone(fd, id, NULL) < 0;
}

int linux_client_is_held(const char* id, bool* held_out, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char*         run  = NULL;
    CV_CLEANUP(unlock) struct cv_lock* all  = NULL;
    CV_CLEANUP(cv_handle_closep) int   lock = -1;
    int                                rc   = cv_folders_run(&run, err);

    if (rc == 0)
        rc = lock_all(run, &all, err);
    return rc == 0 ? try_lock(run, id, &lock, held_out, err) : rc;
}

int linux_client_are_held(const struct cv_strv* ids, bool* held_out, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char*         run = NULL;
    CV_CLEANUP(unlock) struct cv_lock* all = NULL;
    int                                rc  = cv_folders_run(&run, err);

    if (rc == 0)
        rc = lock_all(run, &all, err);
    for (size_t i = 0; i < ids->count && rc == 0; i++) {
        CV_CLEANUP(cv_handle_closep) int lock = -1;
        rc                                    = try_lock(run, ids->items[i], &lock, &held_out[i], err);
    }
    return rc;
}

/* Nobody answered, and the record says that it runs: whoever held it was killed, unless somebody is about to take it or to let it go. */
static int settle(
    const struct linux_instance* self, struct containerv_info* info, enum linux_held* held_out, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char*         run   = NULL;
    CV_CLEANUP(cv_freep) char*         state = NULL;
    CV_CLEANUP(unlock) struct cv_lock* all   = NULL;
    CV_CLEANUP(cv_handle_closep) int   lock  = -1;
    bool                               held  = false;
    int                                rc    = cv_folders_run(&run, err);

    if (rc == 0)
        rc = cv_folders_state(&state, err);
    if (rc == 0)
        rc = lock_all(run, &all, err);
    if (rc == 0)
        rc = try_lock(run, self->id, &lock, &held, err);
    *held_out = held ? LINUX_HELD : LINUX_HELD_NOT;
    if (rc == 0 && !held && is_held_elsewhere(self->home_fd, self->id))
        *held_out = LINUX_HELD_ELSEWHERE;
    if (rc < 0)
        return rc;
    return *held_out == LINUX_HELD_NOT ? linux_record_settle(self->home_fd, state, self->id, info, err)
                                       : linux_record_read(self->home_fd, info, err);
}

bool linux_client_rests(const struct containerv_info* info)
{
    return info->state == CV_STATE_STOPPED || (info->state == CV_STATE_CREATED && info->supervisor == 0);
}

static int look(const struct linux_instance* self, struct containerv_info* info_out, struct linux_route* route_out,
    enum linux_held* held_out, struct cv_error* err)
{
    int rc;

    *held_out = LINUX_HELD_NOT;
    if (!is_still_there(self))
        return no_container(self->id, err);
    rc = linux_record_read(self->home_fd, info_out, err);
    if (rc < 0)
        return rc == CV_ERR_NOT_FOUND ? no_container(self->id, err) : rc;
    if (linux_client_rests(info_out))
        return 0;
    rc = linux_client_reach(self->id, route_out, err);
    return rc == CV_ERR_NOT_FOUND ? settle(self, info_out, held_out, err) : rc;
}

int linux_client_record(const struct linux_instance* self, struct containerv_info* info_out,
    struct linux_route* route_out, struct cv_error* err)
{
    enum linux_held held;

    return look(self, info_out, route_out, &held, err);
}

static bool is_known(const struct containerv_info* info, const struct linux_route* route, enum linux_held held)
{
    return route->folder_fd >= 0 || linux_client_rests(info) || held == LINUX_HELD_ELSEWHERE;
}

/* The watch is there before the last look, so that nothing is missed between the two. */
int linux_client_record_settled(const struct linux_instance* self, int64_t timeout_ms, struct containerv_info* info_out,
    struct linux_route* route_out, enum linux_held* held_out, struct cv_error* err)
{
    CV_CLEANUP(cv_handle_closep) int watch       = -1;
    int64_t                          deadline_ms = cv_clock_deadline_ms(timeout_ms);
    int                              rc          = look(self, info_out, route_out, held_out, err);

    if (rc == 0 && !is_known(info_out, route_out, *held_out))
        watch = linux_supervisor_watch(self->id);
    while (rc == 0 && !is_known(info_out, route_out, *held_out)) {
        rc = look(self, info_out, route_out, held_out, err);
        if (rc < 0 || is_known(info_out, route_out, *held_out) || cv_clock_left_ms(deadline_ms) == 0)
            break;
        linux_supervisor_await(watch, cv_clock_left_ms(deadline_ms));
    }
    return rc;
}
