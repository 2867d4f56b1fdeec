#include "linux/delegated.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>

#include <cv/file.h>
#include <cv/handle.h>
#include <cv/posix.h>
#include <cv/str.h>

#include "linux/cgroup-file.h"
#include "linux/rights.h"

#include <cv/banned.h>

#define PARENT_NAME "containerv"
#define NOTE_NAME   "cgroup"

enum { NOTE_MAX = 4096, PROCS_MAX = 65536 };

static int open_below(int folder_fd, const char* name, int* fd_out, struct cv_error* err)
{
    if (mkdirat(folder_fd, name, 0755) < 0 && errno != EEXIST)
        return cv_error_errno(err, errno, "make a group in the delegated cgroup", name);
    return linux_cgroup_open_folder(folder_fd, name, fd_out, err);
}

int linux_delegated_open_parent(int* parent_fd_out, struct cv_error* err)
{
    CV_CLEANUP(cv_handle_closep) int folder = CV_HANDLE_NONE;
    int                              rc     = linux_rights_cgroup(&folder, NULL, err);

    return rc < 0 ? rc : open_below(folder, PARENT_NAME, parent_fd_out, err);
}

/* --- where it is --------------------------------------------------------------------------------------------------------------- */

int linux_delegated_note(int run_folder_fd, struct cv_error* err)
{
    CV_CLEANUP(cv_handle_closep) int folder = CV_HANDLE_NONE;
    CV_CLEANUP(cv_handle_closep) int note   = CV_HANDLE_NONE;
    CV_CLEANUP(cv_freep) char*       path   = NULL;
    int                              rc     = linux_rights_cgroup(&folder, &path, err);

    if (rc < 0)
        return rc;
    note = openat(run_folder_fd, NOTE_NAME, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (note < 0 || write(note, path, strlen(path)) != (ssize_t)strlen(path))
        return cv_error_errno(err, errno, "note the container's cgroup", NOTE_NAME);
    return 0;
}

int linux_delegated_open_noted(int run_folder_fd, int* parent_fd_out, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char*       path   = NULL;
    CV_CLEANUP(cv_handle_closep) int folder = CV_HANDLE_NONE;
    struct statfs                    info;
    int                              rc = cv_file_read_at(run_folder_fd, NOTE_NAME, NOTE_MAX, &path, NULL, err);

    if (rc < 0)
        return rc;
    folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder < 0 || fstatfs(folder, &info) < 0 || info.f_type != CGROUP2_SUPER_MAGIC)
        return cv_error_set(err, CV_ERR_NOT_FOUND, "the cgroup '%s' is gone", path);
    return linux_cgroup_open_folder(folder, PARENT_NAME, parent_fd_out, err);
}

/* --- controllers --------------------------------------------------------------------------------------------------------------- */

static pid_t caller_of(int caller_socket)
{
    struct ucred caller = { .pid = 0 };
    socklen_t    length = sizeof(caller);

    return getsockopt(caller_socket, SOL_SOCKET, SO_PEERCRED, &caller, &length) == 0 ? caller.pid : 0;
}

static int others(const char* pid, struct cv_error* err)
{
    cv_error_set(err, CV_ERR_STATE,
        "the delegated cgroup has other processes than the caller (%s), so it can't hand controllers on", pid);
    cv_error_step(err, "make room in the delegated cgroup");
    return cv_error_hint(
        err, "start the program in a group of its own: systemd-run --user --scope -p Delegate=yes PROGRAM");
}

/* Is nobody in it but the two? */
static int check_alone(int folder_fd, pid_t caller, struct cv_error* err)
{
    char  text[PROCS_MAX];
    char* at   = text;
    char* line = NULL;
    int   rc   = linux_cgroup_read(folder_fd, "cgroup.procs", text, sizeof(text), err);

    while (rc == 0 && (line = strsep(&at, "\n")) != NULL) {
        long pid = strtol(line, NULL, 10);

        if (line[0] != '\0' && pid != getpid() && pid != caller)
            rc = others(line, err);
    }
    return rc;
}

static int move(int group_fd, pid_t pid, struct cv_error* err)
{
    char text[16];

    cv_snprintf(text, sizeof(text), "%d", (int)pid);
    return linux_cgroup_write(group_fd, "cgroup.procs", text, err);
}

int linux_delegated_make_room(int caller_socket, struct cv_error* err)
{
    CV_CLEANUP(cv_handle_closep) int folder = CV_HANDLE_NONE;
    CV_CLEANUP(cv_handle_closep) int group  = CV_HANDLE_NONE;
    pid_t                            caller = caller_of(caller_socket);
    int                              rc     = linux_rights_cgroup(&folder, NULL, err);

    if (rc == 0)
        rc = check_alone(folder, caller, err);
    if (rc == 0)
        rc = open_below(folder, LINUX_CALLERS_GROUP, &group, err);
    if (rc == 0)
        rc = move(group, getpid(), err);
    if (rc == 0 && caller > 0)
        rc = move(group, caller, err);
    return rc < 0 ? cv_error_wrap(err, "make room in the delegated cgroup") : 0;
}
