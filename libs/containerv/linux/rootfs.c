/* Building the root of a container, in PID 1 and its new namespaces, from descriptors. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "linux/attr.h"
#include "linux/bare-make.h"
#include "linux/devices.h"
#include "linux/etc.h"
#include "linux/fd.h"
#include "linux/inside.h"
#include "linux/masks.h"
#include "linux/outer.h"
#include "linux/place.h"
#include "linux/secrets.h"
#include "linux/setup.h"
#include "linux/syscalls.h"
#include "spec/mountopts.h"

enum { PROC_MAGIC_NUMBER = 0x9fa0, TTY_GROUP = 5 };

int linux_place(int mount_fd, int target_fd, const char* name, struct cv_error* err)
{
    if (sys_move_mount(mount_fd, "", target_fd, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
        return cv_error_errno(err, errno, "mount", name);
    return 0;
}

static int configure(int fs_fd, const char* type, const struct cv_mount_options* options, struct cv_error* err)
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
        if (sys_fsconfig(fs_fd, equal != NULL ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, key,
                equal != NULL ? equal + 1 : NULL, 0)
            < 0) {
            cv_error_errno(err, errno, "set a mount option", word);
            return cv_error_wrap(err, "filesystem '%s'", type);
        }
    }
    return 0;
}

int linux_make_filesystem(
    const char* type, const struct cv_mount_options* options, int* mount_fd_out, struct cv_error* err)
{
    CV_CLEANUP(linux_fd_closep) int fs_fd = sys_fsopen(type, FSOPEN_CLOEXEC);
    if (fs_fd < 0)
        return cv_error_errno(err, errno, "make a filesystem of type", type);
    int rc = configure(fs_fd, type, options, err);
    if (rc < 0)
        return rc;
    if (sys_fsconfig(fs_fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
        return cv_error_errno(err, errno, "make a filesystem of type", type);
    *mount_fd_out = sys_fsmount(fs_fd, FSMOUNT_CLOEXEC, (unsigned)linux_attr_bits(options->set | options->rec_set));
    if (*mount_fd_out >= 0)
        return 0;
    int  number = errno;
    bool fresh  = strcmp(type, "proc") == 0 || strcmp(type, "sysfs") == 0;
    cv_error_errno(err, number, "mount a filesystem of type", type);
    return linux_outer_hint(fresh ? LINUX_OUTER_PROC : LINUX_OUTER_MOUNT, number, err);
}

/*
 * A folder of the host, read-only all the way: its /sys when the network is the host's (a fresh one would show a network that is not ours
 * to show), its cgroup tree when that is.
 */
static int host_tree(const char* path, int* mount_fd_out, struct cv_error* err)
{
    CV_CLEANUP(linux_fd_closep)
    int fd = sys_open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
    if (fd < 0)
        return cv_error_errno(err, errno, "open the host's folder", path);
    uint32_t set = CV_MOUNT_ATTR_RDONLY | CV_MOUNT_ATTR_NOSUID | CV_MOUNT_ATTR_NODEV | CV_MOUNT_ATTR_NOEXEC;
    int      rc  = linux_attr_apply(fd, set, 0, true, path, err);
    if (rc == 0)
        *mount_fd_out = linux_fd_steal(&fd);
    return rc;
}

/* With the host's IPC namespace the message queues are the host's, where the host shows them. */
static int host_mqueue(int* mount_fd_out, struct cv_error* err)
{
    *mount_fd_out = sys_open_tree(AT_FDCWD, "/dev/mqueue", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    return *mount_fd_out < 0 && errno != ENOENT ? cv_error_errno(err, errno, "open the host's /dev/mqueue", NULL) : 0;
}

static bool is_type(const struct cv_spec_mount* mount, const char* type)
{
    return mount->type != NULL && strcmp(mount->type, type) == 0;
}

static int make_mount(const struct linux_setup* setup, const struct cv_spec_mount* mount,
    const struct cv_mount_options* options, int* mount_fd_out, struct cv_error* err)
{
    if (is_type(mount, "sysfs") && cv_spec_namespace(setup->spec, "network") == NULL)
        return host_tree("/sys", mount_fd_out, err);
    if (is_type(mount, "cgroup") && cv_spec_namespace(setup->spec, "cgroup") == NULL)
        return host_tree("/sys/fs/cgroup", mount_fd_out, err);
    if (is_type(mount, "mqueue") && cv_spec_namespace(setup->spec, "ipc") == NULL)
        return host_mqueue(mount_fd_out, err);
    return linux_make_filesystem(is_type(mount, "cgroup") ? "cgroup2" : mount->type, options, mount_fd_out, err);
}

/* Is it what the root calls /proc, mounted already or not? */
static int is_proc(const struct linux_setup* setup, int target_fd, bool* is_out, struct cv_error* err)
{
    struct stat                     proc, target;
    CV_CLEANUP(linux_fd_closep) int proc_fd = -1;
    int                             rc      = inside_open(setup->root_fd, "/proc", &proc_fd, err);
    if (rc < 0 && rc != CV_ERR_NOT_FOUND)
        return rc;
    if (rc == 0 && (fstat(proc_fd, &proc) < 0 || fstat(target_fd, &target) < 0))
        return cv_error_errno(err, errno, "compare the place of a mount with", "/proc");
    *is_out = rc == 0 && proc.st_dev == target.st_dev && proc.st_ino == target.st_ino;
    return 0;
}

/* Nobody but us mounts at /proc or in a procfs: what the host reads and writes there would be another's. */
static int refuse_in_proc(const struct linux_setup* setup, int target_fd, struct cv_error* err)
{
    struct statfs info;
    if (fstatfs(target_fd, &info) < 0)
        return cv_error_errno(err, errno, "look at the place of a mount", NULL);
    bool there = info.f_type == PROC_MAGIC_NUMBER;
    int  rc    = there ? 0 : is_proc(setup, target_fd, &there, err);
    if (rc < 0 || !there)
        return rc;
    cv_error_set(err, CV_ERR_INVALID, "is in the container's /proc");
    return cv_error_hint(err, "nothing but a procfs can be mounted there");
}

int linux_open_place(
    const struct linux_setup* setup, const char* path, bool folder, int* target_out, struct cv_error* err)
{
    int rc = inside_make(setup->root_fd, path, folder, target_out, err);
    return rc == 0 ? refuse_in_proc(setup, *target_out, err) : rc;
}

static int open_target(const struct linux_setup* setup, const struct cv_spec_mount* mount, int mount_fd,
    int* target_out, struct cv_error* err)
{
    struct stat info;
    if (fstat(mount_fd, &info) < 0)
        return cv_error_errno(err, errno, "look at the mount", mount->destination);
    bool folder = S_ISDIR(info.st_mode);
    if (is_type(mount, "proc") || is_type(mount, "sysfs")) {
        int made = -1;
        if (inside_open_strict(setup->root_fd, mount->destination, target_out, err) == 0)
            return 0;
        if (err->number != ENOENT)
            return err->code;
        int rc = inside_make(setup->root_fd, mount->destination, folder, &made, err);
        linux_fd_closep(&made);
        return rc < 0 ? rc : inside_open_strict(setup->root_fd, mount->destination, target_out, err);
    }
    return linux_open_place(setup, mount->destination, folder, target_out, err);
}

/* What is done in our procfs and sysfs later goes by their own descriptors. */
static void keep_view(struct linux_setup* setup, const struct cv_spec_mount* mount, int* mount_fd)
{
    static const struct {
        const char *type, *place;
    } views[] = { [SETUP_PROC] = { "proc", "/proc" }, [SETUP_SYS] = { "sysfs", "/sys" } };
    for (size_t i = 0; i < sizeof(views) / sizeof(*views); i++)
        if (is_type(mount, views[i].type) && strcmp(mount->destination, views[i].place) == 0) {
            linux_fd_closep(&setup->view_fds[i]);
            setup->view_fds[i] = linux_fd_steal(mount_fd);
        }
}

static int mount_one(
    struct linux_setup* setup, size_t index, const struct cv_mount_options* options, struct cv_error* err)
{
    const struct cv_spec_mount*     mount     = &setup->spec->mounts.items[index];
    CV_CLEANUP(linux_fd_closep) int target_fd = -1;
    CV_CLEANUP(linux_fd_closep) int mount_fd  = linux_fd_steal(&setup->source_fds[index]);
    int                             rc        = mount_fd < 0 ? make_mount(setup, mount, options, &mount_fd, err) : 0;
    if (rc == 0 && mount_fd < 0)
        return 0; /* the host, whose it would be, has none */
    if (rc == 0)
        rc = open_target(setup, mount, mount_fd, &target_fd, err);
    if (rc == 0)
        rc = linux_place(mount_fd, target_fd, mount->destination, err);
    if (rc == 0)
        keep_view(setup, mount, &mount_fd);
    return rc;
}

/* Everybody asks for terminals of the group tty (5). In a container that has no such group they stay with its root's. */
static void drop_unmapped_group(
    const struct linux_setup* setup, const struct cv_spec_mount* mount, struct cv_mount_options* options)
{
    if (setup->ids != 0 && setup->ids <= TTY_GROUP && is_type(mount, "devpts"))
        cv_strv_remove(&options->data, "gid=5");
}

static int mount_all(struct linux_setup* setup, struct cv_error* err)
{
    for (size_t i = 0; i < setup->spec->mounts.count; i++) {
        const struct cv_spec_mount* mount   = &setup->spec->mounts.items[i];
        struct cv_mount_options     options = { 0 };
        int                         rc      = cv_mount_options_parse(&mount->options, mount->type, &options, err);
        drop_unmapped_group(setup, mount, &options);
        if (rc == 0)
            rc = mount_one(setup, i, &options, err);
        cv_mount_options_release(&options);
        if (rc < 0)
            return cv_error_wrap(err, "mount %zu on '%s'", i, mount->destination);
    }
    return 0;
}

static int refused_mount(struct cv_error* err, int number, const char* step, const char* object)
{
    cv_error_errno(err, number, step, object);
    return linux_outer_hint(LINUX_OUTER_MOUNT, number, err);
}

static int attach_root(const struct linux_setup* setup, struct cv_error* err)
{
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return refused_mount(err, errno, "keep the container's mounts to itself", NULL);
    if (sys_move_mount(setup->root_fd, "", AT_FDCWD, "/proc", MOVE_MOUNT_F_EMPTY_PATH) < 0)
        return refused_mount(err, errno, "attach the container's root", NULL);
    return 0;
}

static int pivot(const struct linux_setup* setup, struct cv_error* err)
{
    if (fchdir(setup->root_fd) < 0)
        return cv_error_errno(err, errno, "enter the container's root", NULL);
    if (sys_pivot_root(".", ".") < 0)
        return refused_mount(err, errno, "make the container's root the root", NULL);
    if (umount2(".", MNT_DETACH) < 0)
        return cv_error_errno(err, errno, "leave the host's root", NULL);
    if (chdir("/") < 0)
        return cv_error_errno(err, errno, "enter the container's root", NULL);
    return 0;
}

static int make_working_folder(const struct linux_setup* setup, struct cv_error* err)
{
    CV_CLEANUP(linux_fd_closep) int fd  = -1;
    const char*                     cwd = setup->spec->process.cwd;
    return cwd != NULL ? inside_make(setup->root_fd, cwd, true, &fd, err) : 0;
}

int linux_rootfs_build(struct linux_setup* setup, struct cv_error* err)
{
    struct linux_etc etc        = LINUX_ETC_INIT;
    setup->view_fds[SETUP_PROC] = setup->view_fds[SETUP_SYS] = -1;

    int rc = linux_etc_prepare(&etc, setup, err);
    if (rc == 0)
        rc = attach_root(setup, err);
    if (rc == 0)
        rc = mount_all(setup, err);
    if (rc == 0)
        rc = linux_secrets_place(setup, err);
    if (rc == 0)
        rc = linux_devices_make(setup, err);
    if (rc == 0)
        rc = linux_etc_place(&etc, setup, err);
    if (rc == 0)
        rc = linux_sysctl_write(setup, err);
    if (rc == 0)
        rc = linux_masks_apply(setup, err);
    if (rc == 0)
        rc = make_working_folder(setup, err);
    if (rc == 0 && setup->spec->root.readonly)
        rc = linux_attr_apply(setup->root_fd, CV_MOUNT_ATTR_RDONLY, 0, false, "/", err);
    linux_etc_release(&etc);
    linux_fd_closep(&setup->view_fds[SETUP_PROC]);
    linux_fd_closep(&setup->view_fds[SETUP_SYS]);
    if (rc == 0)
        rc = linux_bare_before_pivot_inside(setup, err);
    return rc == 0 ? pivot(setup, err) : rc;
}
