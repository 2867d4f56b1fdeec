/* What a runtime sheds, and becomes, before it makes or enters containers. */
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cv/handle.h>

#include "linux/attr.h"
#include "linux/bare-internal.h"
#include "linux/fd.h"
#include "linux/oci-scope.h"
#include "linux/syscalls.h"
#include "linux/unprivileged.h"
#include "spec/mountopts.h"

static const char self[] = "/proc/self/exe";

static struct cv_error failure = CV_ERROR_INIT;
static char**          arguments;
static bool            is_protected;

int linux_bare_settled(struct cv_error* err)
{
    if (failure.code == 0 && !is_protected)
        cv_error_set(&failure, CV_ERR_INTERNAL, "the runtime is not protected from its containers");
    if (failure.code < 0)
        *err = failure;
    return failure.code;
}

/*
 * PID 1 is a fork of this program, and a container can make it start "/proc/self/exe" (CVE-2019-5736): it must not be a file that anybody
 * in there could write to. While it runs nobody can (ETXTBSY, which the kernel finds before all else), so what else is in the way is
 * looked for.
 */
static bool is_exposed(void)
{
    struct statvfs                  info;
    CV_CLEANUP(linux_fd_closep) int writer = open(self, O_WRONLY | O_CLOEXEC);
    if (writer < 0 && errno != ETXTBSY)
        return false;
    CV_CLEANUP(linux_fd_closep) int fd = open(self, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstatvfs(fd, &info) < 0)
        return true;
    int seals = fcntl(fd, F_GET_SEALS);
    return (info.f_flag & ST_RDONLY) == 0 && (seals < 0 || (seals & F_SEAL_WRITE) == 0);
}

/* Detached, read-only, and dissolved as soon as the descriptor is closed: then nobody can change it any more. */
static int open_read_only(struct cv_error* err)
{
    CV_CLEANUP(linux_fd_closep) int fd = sys_open_tree(AT_FDCWD, self, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (fd < 0)
        return -1;
    return linux_attr_apply(fd, CV_MOUNT_ATTR_RDONLY, 0, false, self, err) == 0 ? linux_fd_steal(&fd) : -1;
}

/* Where no mount can be made: a copy in memory. */
static int open_copy(struct cv_error* err)
{
    struct stat                     info;
    CV_CLEANUP(linux_fd_closep) int source = open(self, O_RDONLY | O_CLOEXEC);
    CV_CLEANUP(linux_fd_closep) int copy   = memfd_create("cvrun", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (source < 0 || copy < 0 || fstat(source, &info) < 0) {
        cv_error_errno(err, errno, "copy the program", self);
        return -1;
    }
    for (off_t left = info.st_size; left > 0;) {
        ssize_t count = sendfile(copy, source, NULL, (size_t)left);
        if (count <= 0) {
            cv_error_errno(err, count < 0 ? errno : EIO, "copy the program", self);
            return -1;
        }
        left -= count;
    }
    if (fcntl(copy, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0) {
        cv_error_errno(err, errno, "seal the copy of the program", self);
        return -1;
    }
    return linux_fd_steal(&copy);
}

int linux_bare_start_anew(struct cv_error* err)
{
    execve(self, arguments, environ);
    return cv_error_errno(err, errno, "start the runtime anew", self);
}

static int start_protected(struct cv_error* err)
{
    CV_CLEANUP(linux_fd_closep) int fd = open_read_only(err);
    if (fd < 0)
        fd = open_copy(err);
    if (fd < 0)
        return err->code;
    linux_oci_scope_remember();
    syscall(SYS_execveat, fd, "", arguments, environ, AT_EMPTY_PATH);
    return cv_error_errno(err, errno, "start the runtime where nobody can write to it", self);
}

void linux_bare_settle(char** argv, bool makes)
{
    arguments = argv;
    if (makes && is_exposed() && start_protected(&failure) < 0)
        return;
    linux_unprivileged_be_runtime();
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        cv_error_errno(&failure, errno, "protect the runtime", NULL);
    is_protected = makes;
}
