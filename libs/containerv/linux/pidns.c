#include "linux/pidns.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cv/handle.h>
#include <cv/str.h>

#include "linux/fd.h"

#include <cv/banned.h>

enum { DEPTH_MAX = 33 /* the kernel nests no deeper */ };

static int open_of(const char* pid)
{
    char path[64];

    if (cv_snprintf(path, sizeof(path), "/proc/%s/ns/pid", pid) < 0)
        return -1;
    return open(path, O_RDONLY | O_CLOEXEC);
}

/* Is it the namespace, or one below it? */
static bool is_below(int fd, const struct stat* top)
{
    for (int depth = 0; fd >= 0 && depth < DEPTH_MAX; depth++) {
        struct stat info;
        bool        found  = fstat(fd, &info) == 0 && info.st_dev == top->st_dev && info.st_ino == top->st_ino;
        int         parent = found ? -1 : ioctl(fd, NS_GET_PARENT);

        close(fd);
        if (found)
            return true;
        fd = parent;
    }
    if (fd >= 0)
        close(fd);
    return false;
}

static int find_top(pid_t init, struct stat* top_out, struct cv_error* err)
{
    char                             name[16];
    CV_CLEANUP(cv_handle_closep) int fd = CV_HANDLE_NONE;

    cv_snprintf(name, sizeof(name), "%d", (int)init);
    fd = open_of(name);
    if (fd < 0 || fstat(fd, top_out) < 0)
        return cv_error_errno(err, errno, "look at the container's PID namespace", name);
    return 0;
}

int linux_pidns_processes(pid_t init, pid_t* list, size_t capacity, size_t* count_out, struct cv_error* err)
{
    struct stat          top;
    size_t               count = 0;
    DIR*                 folder;
    const struct dirent* entry;
    int                  rc = find_top(init, &top, err);

    if (rc < 0)
        return rc;
    folder = opendir("/proc");
    if (folder == NULL)
        return cv_error_errno(err, errno, "look for processes", "/proc");
    while ((entry = readdir(folder)) != NULL) {
        long pid = strtol(entry->d_name, NULL, 10); /* 0: no process */

        if (pid <= 0 || !is_below(open_of(entry->d_name), &top))
            continue;
        if (count < capacity)
            list[count] = (pid_t)pid;
        count++;
    }
    closedir(folder);
    *count_out = count;
    return 0;
}
