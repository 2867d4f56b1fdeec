#include "linux/home.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cv/clock.h>
#include <cv/file.h>
#include <cv/folders.h>
#include <cv/lock.h>
#include <cv/posix.h>
#include <cv/str.h>

#include "linux/cgroup-place.h"
#include "linux/cgroup.h"
#include "linux/deaths.h"
#include "linux/delegated.h"
#include "linux/fd.h"
#include "linux/hold.h"
#include "linux/limits.h"
#include "linux/log.h"
#include "linux/mountinfo.h"
#include "linux/net.h"
#include "linux/record-lost.h"
#include "linux/record.h"
#include "linux/unprivileged.h"

#define GONE "gone-" /* run folders of nobody, being deleted */

enum {
    SWEEP_KILL_MS    = 5000,
    TRASH_PER_SWEEP  = 8, /* processes that one sweep starts */
    READERS_MS       = 10000,
    READERS_AGAIN_MS = 10
};

void linux_home_release(struct linux_home* home)
{
    linux_fd_closep(&home->lock_fd);
    linux_fd_closep(&home->home_fd);
    free(home->run_dir);
    free(home->state_dir);
    free(home->id);
    *home = (struct linux_home)LINUX_HOME_INIT;
}

/*
 * What is in uppers is the host root's to the host, also where it was made by the root of a container: a set-user-id program of that must
 * not be within reach of the host's other users. Folders of before may still be open to them.
 */
static int open_folder(const char* base, const char* name, unsigned mode, int* fd_out, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* path = cv_asprintf(err, "%s%s%s", base, name[0] != '\0' ? "/" : "", name);
    if (path == NULL)
        return CV_ERR_NO_MEMORY;
    int rc = cv_folder_make(path, mode, err);
    if (rc < 0)
        return rc;
    CV_CLEANUP(linux_fd_closep) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    struct stat                     info;
    if (fd < 0 || fstat(fd, &info) < 0)
        return cv_error_errno(err, errno, "open the folder", path);
    if ((info.st_mode & 0777 & ~mode) != 0 && fchmod(fd, mode) < 0)
        return cv_error_errno(err, errno, "close the folder to others", path);
    *fd_out = linux_fd_steal(&fd);
    return 0;
}

static int find_folders(struct linux_home* home, struct cv_error* err)
{
    int rc = cv_folders_run(&home->run_dir, err);
    if (rc == 0)
        rc = cv_folders_state(&home->state_dir, err);
    if (rc == 0)
        rc = cv_folder_make(home->run_dir, 0755, err);
    return rc == 0 ? cv_folder_make(home->state_dir, 0755, err) : rc;
}

/* One claim or sweep at a time on this machine, so that a folder whose lock is free is one whose owner is dead. */
static int lock_all(const struct linux_home* home, struct cv_lock** lock_out, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* path = cv_asprintf(err, "%s/lock", home->run_dir);
    return path != NULL ? cv_lock_acquire(path, CV_LOCK_WAIT, lock_out, err) : CV_ERR_NO_MEMORY;
}

static void unlock_all(struct cv_lock** lock)
{
    cv_lock_release(*lock);
}

/* --- deleting ------------------------------------------------------------------------------------------------------------------ */

/* Who follows the log of one that is gone reads it to the end. One that does not go on is not waited for. */
static void await_readers(int home_fd)
{
    int64_t deadline_ms = cv_clock_deadline_ms(READERS_MS);
    CV_CLEANUP(linux_fd_closep)
    int fd = openat(home_fd, LINUX_LOG_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    while (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0 && (errno == EWOULDBLOCK || errno == EINTR)
           && cv_clock_left_ms(deadline_ms) > 0)
        poll(NULL, 0, READERS_AGAIN_MS);
}

/*
 * A fork of ours deletes; it holds nothing but the folder. Without memory for one we delete ourselves. The lock tells sweeps that somebody
 * is at it; what a fork could not delete has none.
 */
static int delete_in_background(int trash_fd, const char* name, struct cv_error* err)
{
    CV_CLEANUP(linux_fd_closep) int lock_fd = openat(trash_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (lock_fd < 0)
        return errno == ENOENT ? 0 : cv_error_errno(err, errno, "open what is to be deleted", name);
    if (flock(lock_fd, LOCK_EX | LOCK_NB) < 0)
        return errno == EWOULDBLOCK ? 0 : cv_error_errno(err, errno, "lock what is to be deleted", name);
    pid_t pid = fork();
    if (pid > 0)
        return 0;
    if (pid < 0)
        return cv_tree_remove_at(trash_fd, name, err);
    int  keep[] = { trash_fd, lock_fd };
    bool alone  = linux_fd_close_others(keep, 2, NULL) == 0; /* else it is left to a sweep */
    if (alone)
        await_readers(lock_fd);
    _exit(alone && cv_tree_remove_at(trash_fd, name, NULL) == 0 ? 0 : 1);
}

/* In the folder `containers`. */
static bool is_kept(int homes_fd, const char* id)
{
    char path[96];
    cv_snprintf(path, sizeof(path), "%s/%s", id, LINUX_RECORD_FILE);
    return faccessat(homes_fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* It is held by this descriptor, and what is held is not deleted: by us, or by whoever removes it right after we have left it. */
static void let_go(struct linux_home* home)
{
    linux_fd_closep(&home->home_fd);
    home->home_fd = -1;
}

/* Held until it is out of the way: nobody with another run folder begins in it meanwhile. */
static int discard_home(struct linux_home* home, struct cv_error* err)
{
    char                            name[96];
    CV_CLEANUP(linux_fd_closep) int homes_fd = -1;
    CV_CLEANUP(linux_fd_closep) int trash_fd = -1;
    int                             rc       = open_folder(home->state_dir, "containers", 0700, &homes_fd, err);
    if (rc < 0)
        return rc;
    if (unlinkat(homes_fd, home->id, AT_REMOVEDIR) == 0 || errno == ENOENT) /* without an upper nothing is in it */
        return 0;
    rc = open_folder(home->state_dir, "trash", 0700, &trash_fd, err);
    if (rc < 0)
        return rc;
    cv_snprintf(name, sizeof(name), "%s-%lld", home->id, (long long)cv_clock_realtime_ns());
    if (renameat(homes_fd, home->id, trash_fd, name) < 0)
        return errno == ENOENT ? 0 : cv_error_errno(err, errno, "take the container's folder away", home->id);
    let_go(home);
    return delete_in_background(trash_fd, name, err);
}

/* Out of the way at once: a sweep that found it half removed would put a lock of its own in it. */
static int remove_run_folder(const struct linux_home* home, struct cv_error* err)
{
    char                            name[80], gone[96];
    CV_CLEANUP(linux_fd_closep) int run_fd = open(home->run_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (run_fd < 0)
        return cv_error_errno(err, errno, "open the folder", home->run_dir);
    cv_snprintf(name, sizeof(name), "c-%s", home->id);
    cv_snprintf(gone, sizeof(gone), GONE "%s-%lld", home->id, (long long)cv_clock_realtime_ns());
    if (renameat(run_fd, name, run_fd, gone) < 0)
        return errno == ENOENT ? 0 : cv_error_errno(err, errno, "take the container's run folder away", name);
    return cv_tree_remove_at(run_fd, gone, err);
}

/* The run folder last, and only when nothing else is left: it is what a sweep goes by. */
int linux_home_remove(struct linux_home* home, struct cv_error* err)
{
    int rc = discard_home(home, err);
    let_go(home);
    return rc == 0 ? remove_run_folder(home, err) : rc;
}

int linux_home_leave(struct linux_home* home, struct cv_error* err)
{
    let_go(home);
    return remove_run_folder(home, err);
}

/* --- sweeping ------------------------------------------------------------------------------------------------------------------ */

/* A user's may be elsewhere than those of the one who sweeps. */
static int open_groups(int folder_fd, int* parent_out, struct cv_error* err)
{
    return linux_unprivileged()->active ? linux_delegated_open_noted(folder_fd, parent_out, err)
                                        : linux_cgroup_open_parent(NULL, parent_out, err);
}

static int sweep_group(int parent_fd, const char* id, struct cv_error* err)
{
    CV_CLEANUP(linux_fd_closep) int group_fd = -1;
    int                             rc       = linux_cgroup_open(parent_fd, id, &group_fd, err);
    if (rc == 0)
        rc = linux_hold_alone(group_fd, id, err); /* one with another run folder may have this id, and live */
    if (rc == 0)
        rc = linux_cgroup_kill(group_fd, SWEEP_KILL_MS, err);
    return rc == 0 ? linux_cgroup_remove(parent_fd, id, SWEEP_KILL_MS, err) : rc;
}

static int sweep_chosen(const char* place, const char* id, struct cv_error* err)
{
    CV_CLEANUP(linux_fd_closep) int root_fd   = -1;
    CV_CLEANUP(linux_fd_closep) int parent_fd = -1;
    int                             rc        = linux_mountinfo_open_cgroup2(&root_fd, err);
    if (rc < 0)
        return rc;
    rc = linux_cgroup_place_open(root_fd, place, &parent_fd, err);
    if (rc == 0)
        rc = sweep_group(parent_fd, id, err);
    return rc == 0 || rc == CV_ERR_NOT_FOUND ? linux_cgroup_place_sweep(root_fd, place, err) : rc;
}

/* `place`: what was noted, NULL without a note. */
static int sweep_cgroup(int folder_fd, const char* place, const char* id, struct cv_error* err)
{
    CV_CLEANUP(linux_fd_closep) int parent_fd = -1;
    int                             rc;
    if (place != NULL) {
        rc = sweep_chosen(place, id, err);
    } else {
        rc = open_groups(folder_fd, &parent_fd, err);
        rc = rc == 0 ? sweep_group(parent_fd, id, err) : rc;
    }
    return rc == CV_ERR_NOT_FOUND || rc == CV_ERR_UNSUPPORTED ? 0 : rc;
}

/* @return true with the lock held when the owner is dead; else errno says why not, EWOULDBLOCK for one who lives */
static bool owner_is_dead(int run_fd, const char* name, int* lock_out)
{
    char path[96];
    cv_snprintf(path, sizeof(path), "%s/lock", name);
    *lock_out = openat(run_fd, path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (*lock_out >= 0 && flock(*lock_out, LOCK_EX | LOCK_NB) == 0)
        return true;
    int number = errno;
    linux_fd_closep(lock_out);
    *lock_out = -1;
    errno     = number;
    return false;
}

/* Only root can have made these; one of his containers may have the same id as a user's. */
static int sweep_roots(const char* id, const char* place, struct cv_error* err)
{
    int rc = linux_limits_sweep(id, place, err);
    return rc == 0 ? linux_net_delete(id, err) : rc;
}

/* Its supervisor was killed: let the record tell so. One that can't be read tells nothing, and is no reason to leave the rest. */
static int settle_home(const struct linux_home* home, int home_fd, struct cv_error* err)
{
    struct containerv_info info = { .size = sizeof(info) };
    int                    rc   = linux_record_read(home_fd, &info, err);
    if (rc == CV_ERR_INVALID || rc == CV_ERR_PROTOCOL)
        return 0;
    return rc == 0 ? linux_record_settle(home_fd, home->state_dir, home->id, &info, err) : rc;
}

/* Its home, as hold_dead_home() found it. */
static int sweep_home(struct linux_home* dead, struct cv_error* err)
{
    CV_CLEANUP(linux_fd_closep) int homes_fd = -1;
    int                             rc       = 0;
    if (dead->home_fd < 0)
        return linux_home_leave(dead, err);
    rc = open_folder(dead->state_dir, "containers", 0700, &homes_fd, err);
    if (rc < 0)
        return rc;
    if (!is_kept(homes_fd, dead->id))
        return linux_home_remove(dead, err);
    rc = settle_home(dead, dead->home_fd, err);
    return rc == 0 ? linux_home_leave(dead, err) : rc;
}

/* By now another with this id may live, whose owner has another run folder. Held, none begins while this one is swept. */
static int hold_dead_home(struct linux_home* dead, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* path = cv_asprintf(err, "%s/containers/%s", dead->state_dir, dead->id);
    if (path == NULL)
        return CV_ERR_NO_MEMORY;
    CV_CLEANUP(linux_fd_closep) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return errno == ENOENT ? 0 : cv_error_errno(err, errno, "open the container's folder", path);
    int rc = linux_hold_alone(fd, dead->id, err);
    if (rc == 0)
        dead->home_fd = linux_fd_steal(&fd);
    return rc;
}

static int sweep_dead(struct linux_home* dead, int folder_fd, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* place = NULL;
    int                        rc    = hold_dead_home(dead, err);
    if (rc == 0)
        rc = linux_cgroup_place_noted(folder_fd, &place, err);
    if (rc == 0 || rc == CV_ERR_NOT_FOUND)
        rc = sweep_cgroup(folder_fd, place, dead->id, err);
    if (rc == 0 && !linux_unprivileged()->active)
        rc = sweep_roots(dead->id, place, err);
    if (rc == 0)
        rc = sweep_home(dead, err);
    let_go(dead);
    return rc;
}

static int sweep_one(const struct linux_home* base, int run_fd, const char* name, struct cv_error* err)
{
    struct linux_home dead                  = *base;
    dead.id                                 = (char*)(uintptr_t)(name + 2);
    dead.home_fd                            = -1;
    CV_CLEANUP(linux_fd_closep) int lock_fd = -1;
    if (!owner_is_dead(run_fd, name, &lock_fd))
        return 0;
    CV_CLEANUP(linux_fd_closep) int folder_fd = openat(run_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder_fd < 0)
        return cv_error_errno(err, errno, "open the container's run folder", name);
    int rc = sweep_dead(&dead, folder_fd, err);
    return rc == 0 ? 0 : cv_error_wrap(err, "sweep what the dead owner of '%s' left", dead.id);
}

static void close_folder(DIR** folder)
{
    if (*folder != NULL)
        closedir(*folder);
}

/* What a background delete of somebody has not managed. */
static int sweep_trash(const struct linux_home* base, int most, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char*    path   = cv_asprintf(err, "%s/trash", base->state_dir);
    CV_CLEANUP(close_folder) DIR* folder = path != NULL ? opendir(path) : NULL;
    const struct dirent*          entry;
    int                           rc = 0;
    if (path == NULL)
        return CV_ERR_NO_MEMORY;
    if (folder == NULL)
        return errno == ENOENT ? 0 : cv_error_errno(err, errno, "look for leftovers", path);
    for (int n = 0; rc == 0 && n < most && (entry = readdir(folder)) != NULL;)
        if (entry->d_name[0] != '.') { /* no id begins so */
            rc = delete_in_background(dirfd(folder), entry->d_name, err);
            n++;
        }
    return rc;
}

/*
 * All that can be swept is. An error is told when it is about the container `id`: others' leftovers, say a process that no signal can
 * end, must not keep everybody from making containers.
 */
static int sweep_all(const struct linux_home* base, const char* id, struct cv_error* err)
{
    CV_CLEANUP(close_folder) DIR* folder = opendir(base->run_dir);
    const struct dirent*          entry;
    int                           rc = 0;
    if (folder == NULL)
        return cv_error_errno(err, errno, "look for leftovers", base->run_dir);
    while ((entry = readdir(folder)) != NULL) {
        struct cv_error own = CV_ERROR_INIT;
        if (strncmp(entry->d_name, GONE, strlen(GONE)) == 0)
            cv_tree_remove_at(dirfd(folder), entry->d_name, NULL);
        if (strncmp(entry->d_name, "c-", 2) != 0 || cv_spec_check_id(entry->d_name + 2, NULL) < 0
            || sweep_one(base, dirfd(folder), entry->d_name, &own) == 0)
            continue;
        if (strcmp(entry->d_name + 2, id) == 0) {
            rc   = own.code;
            *err = own;
        }
    }
    sweep_trash(base, TRASH_PER_SWEEP, NULL);
    return rc;
}

/* What is in the way of this id, and trash: with no death since the last sweep there is nothing else. */
static int sweep_own(const struct linux_home* home, struct cv_error* err)
{
    char                            name[80];
    CV_CLEANUP(linux_fd_closep) int run_fd = open(home->run_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (run_fd < 0)
        return cv_error_errno(err, errno, "open the folder", home->run_dir);
    cv_snprintf(name, sizeof(name), "c-%s", home->id);
    sweep_trash(home, TRASH_PER_SWEEP, NULL);
    return sweep_one(home, run_fd, name, err);
}

/* --- for a reconciler ---------------------------------------------------------------------------------------------------------- */

int linux_home_begin(struct linux_home* base_out, struct cv_lock** lock_out, struct cv_error* err)
{
    struct linux_home base = LINUX_HOME_INIT;
    int               rc   = find_folders(&base, err);
    if (rc == 0)
        rc = lock_all(&base, lock_out, err);
    if (rc == 0)
        *base_out = base;
    else
        linux_home_release(&base);
    return rc;
}

/* What is not found by a run folder is swept by one all the same. */
int linux_home_sweep(const struct linux_home* base, const char* id, struct cv_error* err)
{
    char                            name[80];
    CV_CLEANUP(linux_fd_closep) int run_fd = open(base->run_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (run_fd < 0)
        return cv_error_errno(err, errno, "open the folder", base->run_dir);
    cv_snprintf(name, sizeof(name), "c-%s", id);
    if (mkdirat(run_fd, name, 0700) < 0 && errno != EEXIST)
        return cv_error_errno(err, errno, "make a run folder", name);
    return sweep_one(base, run_fd, name, err);
}

int linux_home_sweep_trash(const struct linux_home* base, struct cv_error* err)
{
    CV_CLEANUP(close_folder) DIR* folder = opendir(base->run_dir);
    const struct dirent*          entry;
    while (folder != NULL && (entry = readdir(folder)) != NULL)
        if (strncmp(entry->d_name, GONE, strlen(GONE)) == 0)
            cv_tree_remove_at(dirfd(folder), entry->d_name, NULL);
    return sweep_trash(base, INT_MAX, err);
}

int linux_home_open_run(const char* run_dir, const char* id, int* fd_out, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* path = cv_asprintf(err, "%s/c-%s", run_dir, id);
    if (path == NULL)
        return CV_ERR_NO_MEMORY;
    *fd_out = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    return *fd_out < 0 ? cv_error_errno(err, errno, "open the container's run folder", path) : 0;
}

/* --- claiming ------------------------------------------------------------------------------------------------------------------ */

static int claim_run_folder(struct linux_home* home, struct cv_error* err)
{
    char                            name[80];
    CV_CLEANUP(linux_fd_closep) int run_fd = open(home->run_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (run_fd < 0)
        return cv_error_errno(err, errno, "open the folder", home->run_dir);
    cv_snprintf(name, sizeof(name), "c-%s", home->id);
    bool made = mkdirat(run_fd, name, 0700) == 0;
    if (!made && errno != EEXIST)
        return cv_error_errno(err, errno, "claim the container's id", name);
    if (owner_is_dead(run_fd, name, &home->lock_fd))
        return 0; /* ours now; the sweep before has cleaned it if somebody died in it */
    if (errno != EWOULDBLOCK) {
        int rc = cv_error_errno(err, errno, "lock the container's folder", name);
        if (made)
            cv_tree_remove_at(run_fd, name, NULL);
        return rc;
    }
    cv_error_set(err, CV_ERR_EXISTS, "a container with the id '%s' exists", home->id);
    cv_error_step(err, "claim the container's id");
    cv_error_object(err, "%s", home->id);
    return cv_error_hint(err, "choose another id, or destroy that container first");
}

static int open_home(struct linux_home* home, int homes_fd, struct cv_error* err)
{
    home->home_fd = openat(homes_fd, home->id, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    return home->home_fd < 0 ? cv_error_errno(err, errno, "open the container's folder", home->id)
                             : linux_hold_alone(home->home_fd, home->id, err);
}

/* A home without a run folder is left from before the last boot, unless its owner has another run folder. */
static int make_home(struct linux_home* home, enum linux_home_mode mode, int homes_fd, struct cv_error* err)
{
    bool held = false;
    if (linux_hold_look(homes_fd, home->id, &held) && held) {
        cv_error_set(err, CV_ERR_EXISTS, "a container with the id '%s' exists, with another run folder", home->id);
        cv_error_object(err, "%s", home->id);
        return cv_error_hint(err, "choose another id, or destroy that container first");
    }
    int rc = discard_home(home, err);
    if (rc < 0 || mode == LINUX_HOME_NONE)
        return rc;
    if (mkdirat(homes_fd, home->id, 0700) < 0)
        return cv_error_errno(err, errno, "make the container's folder", home->id);
    return open_home(home, homes_fd, err);
}

static int take_home(struct linux_home* home, int homes_fd, struct cv_error* err)
{
    int rc = open_home(home, homes_fd, err);
    return rc == 0 ? settle_home(home, home->home_fd, err) : rc;
}

static int claim_new(struct linux_home* home, enum linux_home_mode mode, int homes_fd, struct cv_error* err)
{
    int rc;
    if (is_kept(homes_fd, home->id)) {
        cv_error_set(err, CV_ERR_EXISTS, "a supervised container with the id '%s' exists", home->id);
        cv_error_object(err, "%s", home->id);
        return cv_error_hint(err, "destroy it first, or take another id");
    }
    rc = claim_run_folder(home, err);
    if (rc < 0)
        return rc;
    rc = make_home(home, mode, homes_fd, err);
    if (rc == CV_ERR_EXISTS)
        linux_home_leave(home, NULL);
    else if (rc < 0)
        linux_home_remove(home, NULL);
    return rc;
}

static int claim_kept(struct linux_home* home, int homes_fd, struct cv_error* err)
{
    int rc;
    if (!is_kept(homes_fd, home->id))
        return cv_error_set(err, CV_ERR_NOT_FOUND, "there is no supervised container '%s'", home->id);
    rc = claim_run_folder(home, err);
    if (rc == CV_ERR_EXISTS)
        return cv_error_set(err, CV_ERR_STATE, "container '%s' is held by another process", home->id);
    if (rc < 0)
        return rc;
    rc = take_home(home, homes_fd, err);
    if (rc < 0)
        linux_home_leave(home, NULL);
    return rc;
}

static int claim(struct linux_home* home, enum linux_home_mode mode, struct cv_error* err)
{
    CV_CLEANUP(unlock_all) struct cv_lock* lock     = NULL;
    CV_CLEANUP(linux_fd_closep) int        homes_fd = -1;
    int                                    rc       = lock_all(home, &lock, err);
    if (rc == 0)
        rc = open_folder(home->state_dir, "containers", 0700, &homes_fd, err);
    if (rc == 0)
        rc = linux_deaths_since_last() ? sweep_all(home, home->id, err) : sweep_own(home, err);
    if (rc == 0)
        rc = linux_hold_begin(homes_fd, err);
    if (rc < 0)
        return rc;
    return mode == LINUX_HOME_KEPT ? claim_kept(home, homes_fd, err) : claim_new(home, mode, homes_fd, err);
}

int linux_home_claim(const char* id, enum linux_home_mode mode, struct linux_home* home_out, struct cv_error* err)
{
    struct linux_home home = LINUX_HOME_INIT;
    int               rc   = find_folders(&home, err);
    if (rc == 0 && (home.id = cv_strdup(id, err)) == NULL)
        rc = CV_ERR_NO_MEMORY;
    if (rc == 0)
        rc = claim(&home, mode, err);
    if (rc == 0)
        *home_out = home;
    else
        linux_home_release(&home);
    return rc;
}
