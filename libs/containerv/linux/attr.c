#include "linux/attr.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/vfs.h>

#include "linux/syscalls.h"
#include "spec/mountopts.h"

static const struct {
    uint32_t ours;
    uint64_t kernel;
} bits[] = {
    { CV_MOUNT_ATTR_RDONLY, MOUNT_ATTR_RDONLY },
    { CV_MOUNT_ATTR_NOSUID, MOUNT_ATTR_NOSUID },
    { CV_MOUNT_ATTR_NODEV, MOUNT_ATTR_NODEV },
    { CV_MOUNT_ATTR_NOEXEC, MOUNT_ATTR_NOEXEC },
    { CV_MOUNT_ATTR_NOSYMFOLLOW, 0x00200000 /* MOUNT_ATTR_NOSYMFOLLOW, younger than the C library's header */ },
    { CV_MOUNT_ATTR_NODIRATIME, MOUNT_ATTR_NODIRATIME },
    { CV_MOUNT_ATTR_NOATIME, MOUNT_ATTR_NOATIME },
    { CV_MOUNT_ATTR_STRICTATIME, MOUNT_ATTR_STRICTATIME },
};

enum { ATIME_WORDS = CV_MOUNT_ATTR_NOATIME | CV_MOUNT_ATTR_RELATIME | CV_MOUNT_ATTR_STRICTATIME };

uint64_t linux_attr_bits(uint32_t attributes)
{
    uint64_t kernel = 0;
    for (unsigned i = 0; i < sizeof(bits) / sizeof(bits[0]); i++)
        if ((attributes & bits[i].ours) != 0)
            kernel |= bits[i].kernel;
    return kernel;
}

int linux_attr_apply(int mount_fd, uint32_t set, uint32_t clear, bool recursive, const char* name, struct cv_error* err)
{
    struct mount_attr attributes = { .attr_set = linux_attr_bits(set),
        .attr_clr                              = linux_attr_bits(clear & ~ATIME_WORDS) };
    if ((set & ATIME_WORDS) != 0)
        attributes.attr_clr |= MOUNT_ATTR__ATIME; /* the kernel wants the field cleared when it is set */
    if (attributes.attr_set == 0 && attributes.attr_clr == 0)
        return 0;
    unsigned flags = AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0);
    if (sys_mount_setattr(mount_fd, "", flags, &attributes) < 0)
        return cv_error_errno(err, errno, "set the mount's attributes", name);
    return 0;
}

int linux_attr_private(int mount_fd, const char* name, struct cv_error* err)
{
    struct mount_attr attributes = { .propagation = MS_PRIVATE };
    if (sys_mount_setattr(mount_fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &attributes) < 0)
        return cv_error_errno(err, errno, "keep the host's later mounts out of", name);
    return 0;
}

static const struct {
    const char*  word;
    unsigned int kernel;
} propagations[] = {
    [CV_MOUNT_PROPAGATION_PRIVATE]    = { "private", MS_PRIVATE },
    [CV_MOUNT_PROPAGATION_SLAVE]      = { "slave", MS_SLAVE },
    [CV_MOUNT_PROPAGATION_SHARED]     = { "shared", MS_SHARED },
    [CV_MOUNT_PROPAGATION_UNBINDABLE] = { "unbindable", MS_UNBINDABLE },
};

int linux_attr_propagate(
    int mount_fd, enum cv_mount_propagation propagation, bool recursive, const char* name, struct cv_error* err)
{
    struct mount_attr attributes = { .propagation = propagations[propagation].kernel };
    if (sys_mount_setattr(mount_fd, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), &attributes) < 0)
        return cv_error_errno(err, errno, "set the propagation of", name);
    return 0;
}

bool linux_attr_propagation_word(const char* word, enum cv_mount_propagation* propagation_out, bool* recursive_out)
{
    for (unsigned i = 0; word != NULL && i < sizeof(propagations) / sizeof(propagations[0]); i++) {
        if (propagations[i].word == NULL)
            continue;
        bool recursive = word[0] == 'r' && strcmp(word + 1, propagations[i].word) == 0;
        if (!recursive && strcmp(word, propagations[i].word) != 0)
            continue;
        *propagation_out = (enum cv_mount_propagation)i;
        *recursive_out   = recursive;
        return true;
    }
    return false;
}

static const struct {
    long        magic;
    const char* name;
} filesystems[] = {
    { 0x794c7630, "overlay" },
    { 0x6969, "nfs" },
    { 0x65735546, "fuse" },
    { 0x01021994, "tmpfs" },
    { 0x9fa0, "proc" },
    { 0x62656572, "sysfs" },
    { 0xef53, "ext4" },
    { 0x58465342, "xfs" },
    { 0x9123683e, "btrfs" },
    { 0xfe534d42, "smb" },
    { 0x73717368, "squashfs" },
    { 0x01021997, "9p" },
    { 0x2fc12fc1, "zfs" },
};

static const char* filesystem_name(int fd)
{
    struct statfs info;
    if (fstatfs(fd, &info) == 0)
        for (unsigned i = 0; i < sizeof(filesystems) / sizeof(filesystems[0]); i++)
            if (filesystems[i].magic == (long)info.f_type)
                return filesystems[i].name;
    return "its filesystem";
}

int linux_attr_idmap(int mount_fd, int userns_fd, bool recursive, const char* name, struct cv_error* err)
{
    struct mount_attr attributes = { .attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t)userns_fd };
    unsigned          flags      = AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0);
    if (sys_mount_setattr(mount_fd, "", flags, &attributes) == 0)
        return 0;
    int number = errno;
    cv_error_errno(err, number, "map the owners of the mount to the container's ids", name);
    if (number == EINVAL)
        return cv_error_hint(err,
            "%s can't be idmapped by this kernel, or something mounted below can't; use another filesystem, idmap=off "
            "for the raw view, or U (-v SRC:DST:U) to give the files to the container for good",
            filesystem_name(mount_fd));
    return err != NULL ? err->code : CV_ERR_SYSTEM;
}
