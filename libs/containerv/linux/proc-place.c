#include "linux/proc-place.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <cv/macros.h>

#include "linux/fd.h"
#include "linux/inside.h"
#include "linux/setup.h"

enum { PROC_MAGIC_NUMBER = 0x9fa0 };

/* The list of the other runtimes. */
static const char* const may_be_covered[] = { "/proc/cpuinfo", "/proc/diskstats", "/proc/meminfo", "/proc/stat",
    "/proc/swaps", "/proc/uptime", "/proc/loadavg", "/proc/slabinfo", "/proc/net/dev", "/proc/sys/kernel/ns_last_pid",
    "/proc/sys/crypto/fips_enabled" };

static int is_procfs(int fd, bool* is_out, struct cv_error* err)
{
    struct statfs info;
    if (fstatfs(fd, &info) < 0)
        return cv_error_errno(err, errno, "look at the place of a mount", NULL);
    *is_out = info.f_type == PROC_MAGIC_NUMBER;
    return 0;
}

/* Is it what the root calls by that path, mounted already or not? */
static int is_path(const struct linux_setup* setup, const char* path, int fd, bool* is_out, struct cv_error* err)
{
    struct stat                     named, given;
    CV_CLEANUP(linux_fd_closep) int named_fd = -1;
    int                             rc       = inside_open(setup->root_fd, path, &named_fd, err);
    if (rc < 0 && rc != CV_ERR_NOT_FOUND)
        return rc;
    if (rc == 0 && (fstat(named_fd, &named) < 0 || fstat(fd, &given) < 0))
        return cv_error_errno(err, errno, "compare the place of a mount with", path);
    *is_out = rc == 0 && named.st_dev == given.st_dev && named.st_ino == given.st_ino;
    return 0;
}

static int is_allowed(
    const struct linux_setup* setup, int target_fd, int mount_fd, bool top, bool* is_out, struct cv_error* err)
{
    struct stat info;
    *is_out = false;
    if (!setup->spec->ext.bare || mount_fd < 0)
        return 0;
    if (top)
        return is_procfs(mount_fd, is_out, err);
    if (fstat(mount_fd, &info) < 0)
        return cv_error_errno(err, errno, "look at the mount", NULL);
    for (size_t i = 0; !*is_out && !S_ISDIR(info.st_mode) && i < CV_ARRAY_LEN(may_be_covered); i++) {
        int rc = is_path(setup, may_be_covered[i], target_fd, is_out, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

int linux_proc_place_check(const struct linux_setup* setup, int target_fd, int mount_fd, struct cv_error* err)
{
    bool below = false, top = false, allowed = false;
    int  rc = is_procfs(target_fd, &below, err);
    if (rc == 0)
        rc = is_path(setup, "/proc", target_fd, &top, err);
    if (rc < 0 || (!below && !top))
        return rc;
    rc = is_allowed(setup, target_fd, mount_fd, top, &allowed, err);
    if (rc < 0 || allowed)
        return rc;
    cv_error_set(err, CV_ERR_INVALID, "is in the container's /proc");
    return cv_error_hint(err, setup->spec->ext.bare ? "only a procfs can be mounted on /proc, and files over some in it"
                                                    : "nothing but a procfs can be mounted there");
}
