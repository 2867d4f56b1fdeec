#include "linux/mountinfo.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>

#include <cv/handle.h>
#include <cv/str.h>

#include <cv/banned.h>

#define MOUNTINFO_PATH "/proc/self/mountinfo"

/* Read to the end: files of procfs have no size. */
static int read_all(int fd, struct cv_str* text, struct cv_error* err)
{
    char    buffer[16384];
    ssize_t got;

    while ((got = read(fd, buffer, sizeof(buffer))) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return cv_error_errno(err, errno, "read the mounts", MOUNTINFO_PATH);
        cv_str_append_bytes(text, buffer, (size_t)got);
        if (text->failed)
            return cv_error_no_memory(err);
        if (text->length > MOUNTINFO_MAX_BYTES)
            return cv_error_set(err, CV_ERR_LIMIT, "read the mounts: more than %u bytes", MOUNTINFO_MAX_BYTES);
    }
    return 0;
}

int linux_mountinfo_read(struct mountinfo* info_out, struct cv_error* err)
{
    CV_CLEANUP(cv_handle_closep) int         fd   = open(MOUNTINFO_PATH, O_RDONLY | O_CLOEXEC);
    CV_CLEANUP(cv_str_release) struct cv_str text = { 0 };
    int                                      rc;

    if (fd < 0)
        return cv_error_errno(err, errno, "open the mounts", MOUNTINFO_PATH);
    rc = read_all(fd, &text, err);
    if (rc < 0)
        return rc;
    return mountinfo_parse(text.text == NULL ? "" : text.text, text.length, info_out, err);
}

/* A mount that another one covers, or that a container's root hides, opens as something else: so look at what was opened. */
static int open_if_cgroup2(const char* target)
{
    CV_CLEANUP(cv_handle_closep) int fd = open(target, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct statfs                    fs;

    if (fd < 0 || fstatfs(fd, &fs) < 0 || fs.f_type != CGROUP2_SUPER_MAGIC)
        return CV_HANDLE_NONE;
    return CV_STEAL_HANDLE(fd);
}

int linux_mountinfo_open_cgroup2(int* root_fd_out, struct cv_error* err)
{
    CV_CLEANUP(mountinfo_release) struct mountinfo info  = MOUNTINFO_INIT;
    const struct mountinfo_entry*                  entry = NULL;
    int                                            rc    = linux_mountinfo_read(&info, err);

    if (rc < 0)
        return cv_error_wrap(err, "find the cgroup2 mount");
    while ((entry = mountinfo_next(&info, entry, "cgroup2")) != NULL) {
        int fd = open_if_cgroup2(entry->target);
        if (fd >= 0) {
            *root_fd_out = fd;
            return 0;
        }
    }
    cv_error_set(err, CV_ERR_UNSUPPORTED, "no cgroup version 2 tree is mounted here");
    cv_error_step(err, "find the cgroup2 mount");
    return cv_error_hint(
        err, "mount one: mkdir -p /sys/fs/cgroup/unified && mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified");
}
