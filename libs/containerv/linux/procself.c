#include "linux/procself.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cv/str.h>

#include "linux/fd.h"
#include "linux/syscalls.h"

enum { PROC_MAGIC_NUMBER = 0x9fa0, PROC_ROOT_INODE = 1, NAME_SIZE = 64 };

static bool is_proc_root(int fd)
{
    struct statfs type;
    struct stat   info;
    return fstatfs(fd, &type) == 0 && type.f_type == PROC_MAGIC_NUMBER && fstat(fd, &info) == 0
           && info.st_ino == PROC_ROOT_INODE;
}

static int make_proc(void)
{
    CV_CLEANUP(linux_fd_closep) int fs_fd = sys_fsopen("proc", FSOPEN_CLOEXEC);
    if (fs_fd < 0 || sys_fsconfig(fs_fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
        return -1;
    return sys_fsmount(fs_fd, FSMOUNT_CLOEXEC, 0);
}

static int open_proc(void)
{
    CV_CLEANUP(linux_fd_closep)
    int fd = sys_openat2(AT_FDCWD, "/proc", O_PATH | O_DIRECTORY | O_CLOEXEC, 0, RESOLVE_NO_SYMLINKS);
    return fd >= 0 && is_proc_root(fd) ? linux_fd_steal(&fd) : make_proc();
}

int linux_procself_open(const char* name, int flags)
{
    char                            path[NAME_SIZE];
    CV_CLEANUP(linux_fd_closep) int proc_fd = open_proc();
    if (proc_fd < 0)
        return -1;
    if (cv_snprintf(path, sizeof(path), "self/%s", name) < 0) {
        errno = ENAMETOOLONG;
        return -1;
    }
    return sys_openat2(
        proc_fd, path, (uint64_t)(flags | O_CLOEXEC), 0, RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS);
}

int linux_procself_write(const char* name, const char* text)
{
    CV_CLEANUP(linux_fd_closep) int fd = linux_procself_open(name, O_WRONLY);
    return fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) ? 0 : -1;
}
