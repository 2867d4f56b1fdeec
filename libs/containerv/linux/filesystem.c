/* New filesystems, detached. */
#include <errno.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "linux/attr.h"
#include "linux/fd.h"
#include "linux/outer.h"
#include "linux/place.h"
#include "linux/syscalls.h"
#include "spec/mountopts.h"

static int set_option(int fs_fd, const char* key, const char* value, const char* word, struct cv_error* err)
{
    unsigned command = value != NULL ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG;
    return sys_fsconfig(fs_fd, command, key, value, 0) < 0 ? cv_error_errno(err, errno, "set a mount option", word) : 0;
}

static int configure(int fs_fd, const struct cv_mount_options* options, struct cv_error* err)
{
    for (size_t i = 0; i < options->data.count; i++) {
        char        key[256];
        const char* word  = options->data.items[i];
        const char* equal = strchr(word, '=');
        size_t      n     = equal != NULL ? (size_t)(equal - word) : strlen(word);
        if (n >= sizeof(key))
            return cv_error_set(err, CV_ERR_INVALID, "mount option '%.64s...' is too long", word);
        memcpy(key, word, n);
        key[n] = '\0';
        int rc = set_option(fs_fd, key, equal != NULL ? equal + 1 : NULL, word, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* A filesystem on a device that can't be written to wants to know that before it looks at it. */
static int set_source(int fs_fd, const char* source, const struct cv_mount_options* options, struct cv_error* err)
{
    struct stat info;
    int         rc = source != NULL ? set_option(fs_fd, "source", source, source, err) : 0;
    if (rc < 0 || source == NULL || ((options->set | options->rec_set) & CV_MOUNT_ATTR_RDONLY) == 0)
        return rc;
    return stat(source, &info) == 0 && S_ISBLK(info.st_mode) ? set_option(fs_fd, "ro", NULL, "ro", err) : 0;
}

static int no_filesystem(const char* type, int number, struct cv_error* err)
{
    cv_error_errno(err, number, "make a filesystem of type", type);
    return number == ENODEV ? cv_error_hint(err, "the kernel has no such type: /proc/filesystems has all") : err->code;
}

int linux_make_filesystem_of(const char* type, const char* source, const struct cv_mount_options* options,
    int* mount_fd_out, struct cv_error* err)
{
    CV_CLEANUP(linux_fd_closep) int fs_fd = sys_fsopen(type, FSOPEN_CLOEXEC);
    if (fs_fd < 0)
        return no_filesystem(type, errno, err);
    int rc = set_source(fs_fd, source, options, err);
    if (rc == 0)
        rc = configure(fs_fd, options, err);
    if (rc < 0)
        return cv_error_wrap(err, "filesystem '%s'", type);
    if (sys_fsconfig(fs_fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
        return no_filesystem(type, errno, err);
    *mount_fd_out = sys_fsmount(fs_fd, FSMOUNT_CLOEXEC, (unsigned)linux_attr_bits(options->set | options->rec_set));
    if (*mount_fd_out >= 0)
        return 0;
    int  number = errno;
    bool fresh  = strcmp(type, "proc") == 0 || strcmp(type, "sysfs") == 0;
    cv_error_errno(err, number, "mount a filesystem of type", type);
    return linux_outer_hint(fresh ? LINUX_OUTER_PROC : LINUX_OUTER_MOUNT, number, err);
}

int linux_make_filesystem(
    const char* type, const struct cv_mount_options* options, int* mount_fd_out, struct cv_error* err)
{
    return linux_make_filesystem_of(type, NULL, options, mount_fd_out, err);
}
