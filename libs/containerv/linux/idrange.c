#include "linux/idrange.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cv/file.h>
#include <cv/handle.h>
#include <cv/random.h>
#include <cv/str.h>

#include <cv/banned.h>

enum { SUBID_MAX_BYTES = 4 << 20 };

/* Ids that somebody was given by name are not for us, whether or not he uses them now. */
static int mark_subid_file(struct idrange_slots* taken, const char* path, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* text   = NULL;
    size_t                     length = 0;
    int                        rc     = cv_file_read(path, SUBID_MAX_BYTES, &text, &length, err);

    if (rc == CV_ERR_NOT_FOUND)
        return 0;
    if (rc < 0)
        return rc;
    linux_idrange_mark_subids(taken, text, length);
    return 0;
}

/* A folder that others may write to would let them hold every slot, or put links there. */
static int check_folder(int fd, struct cv_error* err)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return cv_error_errno(err, errno, "look at the folder of id locks", "ids");
    if (st.st_uid != geteuid() || (st.st_mode & 077) != 0) {
        cv_error_set(err, CV_ERR_PERMISSION,
            "the folder of id locks 'ids' has mode %03o and owner %u, expected 700 and %u",
            (unsigned)(st.st_mode & 0777), (unsigned)st.st_uid, (unsigned)geteuid());
        return cv_error_hint(err, "remove that folder while no container is running");
    }
    return 0;
}

static int open_folder(const char* run_dir, int* folder_out, struct cv_error* err)
{
    CV_CLEANUP(cv_handle_closep) int run    = open(run_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    CV_CLEANUP(cv_handle_closep) int folder = CV_HANDLE_NONE;
    int                              rc;

    if (run < 0)
        return cv_error_errno(err, errno, "open the run folder", run_dir);
    if (mkdirat(run, "ids", 0700) < 0 && errno != EEXIST)
        return cv_error_errno(err, errno, "make the folder of id locks", "ids");
    folder = openat(run, "ids", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder < 0)
        return cv_error_errno(err, errno, "open the folder of id locks", "ids");
    rc = check_folder(folder, err);
    if (rc < 0)
        return rc;
    *folder_out = CV_STEAL_HANDLE(folder);
    return 0;
}

/* 0 with *lock_out, or with CV_HANDLE_NONE in it when somebody holds the slot. */
static int lock_slot(int folder, int slot, int* lock_out, struct cv_error* err)
{
    CV_CLEANUP(cv_handle_closep) int fd = CV_HANDLE_NONE;
    char                             name[16];

    cv_snprintf(name, sizeof(name), "%d", slot);
    fd = openat(folder, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return cv_error_errno(err, errno, "open the lock of an id range", name);
    while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        if (errno == EWOULDBLOCK) {
            *lock_out = CV_HANDLE_NONE;
            return 0;
        }
        if (errno != EINTR)
            return cv_error_errno(err, errno, "lock an id range", name);
    }
    *lock_out = CV_STEAL_HANDLE(fd);
    return 0;
}

static int claim_any(
    int folder, struct idrange_slots* taken, unsigned start, struct linux_idrange* range_out, struct cv_error* err)
{
    int slot;

    while ((slot = linux_idrange_choose(taken, start)) >= 0) {
        int lock = CV_HANDLE_NONE;
        int rc   = lock_slot(folder, slot, &lock, err);
        if (rc < 0)
            return rc;
        if (lock >= 0) {
            range_out->base    = LINUX_IDRANGE_BASE + (uint32_t)slot * LINUX_IDRANGE_SIZE;
            range_out->size    = LINUX_IDRANGE_SIZE;
            range_out->slot    = slot;
            range_out->lock_fd = lock;
            return 0;
        }
        linux_idrange_mark(taken, (unsigned)slot);
    }
    cv_error_set(err, CV_ERR_LIMIT, "all %u id ranges are in use", LINUX_IDRANGE_SLOTS);
    return cv_error_hint(
        err, "destroy containers, or free ids from %u on in /etc/subuid and /etc/subgid", LINUX_IDRANGE_BASE);
}

static int claim(const char* run_dir, struct linux_idrange* range_out, struct cv_error* err)
{
    CV_CLEANUP(cv_handle_closep) int folder = CV_HANDLE_NONE;
    struct idrange_slots             taken  = { 0 };
    unsigned                         start  = 0;
    int                              rc     = mark_subid_file(&taken, "/etc/subuid", err);

    if (rc == 0)
        rc = mark_subid_file(&taken, "/etc/subgid", err);
    if (rc == 0)
        rc = open_folder(run_dir, &folder, err);
    /* a random start, so that two creates at the same time seldom try the same slots one after the other */
    if (rc == 0)
        rc = cv_random_bytes(&start, sizeof(start), err);
    return rc < 0 ? rc : claim_any(folder, &taken, start, range_out, err);
}

int linux_idrange_claim(const char* run_dir, struct linux_idrange* range_out, struct cv_error* err)
{
    int rc = claim(run_dir, range_out, err);

    if (rc < 0)
        cv_error_wrap(err, "claim an id range");
    return rc;
}

void linux_idrange_release(struct linux_idrange* range)
{
    /* No LOCK_UN: that would take the slot from a child that still has the open file, and may still run with these ids. */
    cv_handle_closep(&range->lock_fd);
    *range = (struct linux_idrange)LINUX_IDRANGE_INIT;
}
