#include "linux/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cv/str.h>

#include "linux/attr.h"
#include "linux/cgroup-mount.h"
#include "linux/copyup.h"
#include "linux/fd.h"
#include "linux/inside.h"
#include "linux/place.h"
#include "linux/proc-place.h"
#include "linux/setup.h"
#include "linux/syscalls.h"
#include "spec/mountopts.h"

enum { TTY_GROUP = 5 };

#define SELINUX_MAGIC_NUMBER 0xf97cff8cL

static bool is_type(const struct cv_spec_mount* mount, const char* type)
{
    return mount->type != NULL && strcmp(mount->type, type) == 0;
}

/* --- before the root is attached ------------------------------------------------------------------------------------------------- */

/* An OCI runtime's mount of type "cgroup" is made as the machine has its hierarchies. */
static int look_at_cgroups(struct linux_setup* setup, struct cv_error* err)
{
    for (size_t i = 0; i < setup->spec->mounts.count && setup->spec->ext.bare; i++) {
        if (!is_type(&setup->spec->mounts.items[i], "cgroup") || setup->cgroups != NULL)
            continue;
        setup->cgroups = calloc(1, sizeof(*setup->cgroups));
        int rc = setup->cgroups != NULL ? linux_cgroup_mounts_look(setup->cgroups, err) : cv_error_no_memory(err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static bool has_label(const struct linux_setup* setup)
{
    return setup->spec->linux_.mount_label != NULL && setup->spec->linux_.mount_label[0] != '\0';
}

int linux_mounts_prepare(struct linux_setup* setup, struct cv_error* err)
{
    struct statfs info;
    if (has_label(setup)
        && (statfs("/sys/fs/selinux", &info) < 0 || (unsigned)info.f_type != (unsigned)SELINUX_MAGIC_NUMBER))
        return cv_error_set(err, CV_ERR_UNSUPPORTED, "linux.mountLabel '%.200s': SELinux is not active on this machine",
            setup->spec->linux_.mount_label);
    return look_at_cgroups(setup, err);
}

void linux_mounts_release(struct linux_setup* setup)
{
    if (setup->cgroups != NULL)
        linux_cgroup_mounts_release(setup->cgroups);
    free(setup->cgroups);
    setup->cgroups = NULL;
    linux_fd_closep(&setup->dev_fd);
}

/* --- what is mounted ------------------------------------------------------------------------------------------------------------- */

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

/* Those whose files have labels of their own get none. */
static int add_label(const struct linux_setup* setup, const struct cv_spec_mount* mount,
    struct cv_mount_options* options, struct cv_error* err)
{
    static const char* const without[] = { "proc", "sysfs", "cgroup", "cgroup2" };
    for (size_t i = 0; i < CV_ARRAY_LEN(without); i++)
        if (is_type(mount, without[i]))
            return 0;
    CV_CLEANUP(cv_freep) char* word = cv_asprintf(err, "context=%s", setup->spec->linux_.mount_label);
    if (word == NULL)
        return CV_ERR_NO_MEMORY;
    return cv_strv_append(&options->data, word) < 0 ? cv_error_no_memory(err) : 0;
}

static int make_cgroup_folder(uint32_t set, int* mount_fd_out, struct cv_error* err)
{
    char                    mode[]  = "mode=755";
    char*                   words[] = { mode, NULL };
    struct cv_mount_options options = { .set = set & ~(uint32_t)CV_MOUNT_ATTR_RDONLY, .data = { words, 1 } };
    return linux_make_filesystem("tmpfs", &options, mount_fd_out, err);
}

static bool uses_cgroup_plan(const struct linux_setup* setup, const struct cv_spec_mount* mount)
{
    return is_type(mount, "cgroup") && setup->cgroups != NULL && setup->cgroups->version1;
}

/* A user namespace can't mount the tree of a cgroup namespace that isn't its own: then it has the container's group alone. */
static int make_cgroup2(const struct linux_setup* setup, const struct cv_spec_mount* mount,
    const struct cv_mount_options* options, int* mount_fd_out, struct cv_error* err)
{
    int rc = linux_make_filesystem_of("cgroup2", mount->source, options, mount_fd_out, err);
    if (rc == 0 || err->number != EPERM || setup->cgroups == NULL)
        return rc;
    return linux_cgroup_mounts_bind2(setup->cgroups, options->set, mount_fd_out, err);
}

/* Without namespaces of its own the container sees the host's, read-only; an OCI runtime's mount is what it says. */
static int make_mount(const struct linux_setup* setup, const struct cv_spec_mount* mount,
    struct cv_mount_options* options, int* mount_fd_out, struct cv_error* err)
{
    bool own = setup->spec->ext.bare;
    int  rc  = has_label(setup) ? add_label(setup, mount, options, err) : 0;
    if (rc < 0)
        return rc;
    if (uses_cgroup_plan(setup, mount))
        return make_cgroup_folder(options->set, mount_fd_out, err);
    if (!own && is_type(mount, "sysfs") && cv_spec_namespace(setup->spec, "network") == NULL)
        return host_tree("/sys", mount_fd_out, err);
    if (!own && is_type(mount, "cgroup") && cv_spec_namespace(setup->spec, "cgroup") == NULL)
        return host_tree("/sys/fs/cgroup", mount_fd_out, err);
    if (!own && is_type(mount, "mqueue") && cv_spec_namespace(setup->spec, "ipc") == NULL)
        return host_mqueue(mount_fd_out, err);
    return is_type(mount, "cgroup") ? make_cgroup2(setup, mount, options, mount_fd_out, err)
                                    : linux_make_filesystem_of(mount->type, mount->source, options, mount_fd_out, err);
}

/* --- and where ------------------------------------------------------------------------------------------------------------------- */

static int open_place(const struct linux_setup* setup, const char* path, bool folder, int mount_fd, bool* there_out,
    int* target_out, struct cv_error* err)
{
    int rc     = inside_open(setup->root_fd, path, target_out, err);
    *there_out = rc == 0;
    if (rc == CV_ERR_NOT_FOUND)
        rc = inside_make(setup->root_fd, path, folder, target_out, err);
    return rc == 0 ? linux_proc_place_check(setup, *target_out, mount_fd, err) : rc;
}

int linux_open_place(
    const struct linux_setup* setup, const char* path, bool folder, int* target_out, struct cv_error* err)
{
    bool there;
    return open_place(setup, path, folder, -1, &there, target_out, err);
}

static int open_target(const struct linux_setup* setup, const struct cv_spec_mount* mount, int mount_fd,
    bool* there_out, int* target_out, struct cv_error* err)
{
    struct stat info;
    if (fstat(mount_fd, &info) < 0)
        return cv_error_errno(err, errno, "look at the mount", mount->destination);
    bool folder = S_ISDIR(info.st_mode);
    *there_out  = true;
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
    return open_place(setup, mount->destination, folder, mount_fd, there_out, target_out, err);
}

/* "/dev", "dev" and "//dev/" are the same place. */
static bool is_place(const char* destination, const char* name)
{
    while (*destination == '/')
        destination++;
    size_t length = strlen(name);
    return strncmp(destination, name, length) == 0 && destination[length + strspn(destination + length, "/")] == '\0';
}

/* What is done in our procfs and sysfs, and in /dev, later goes by their own descriptors. */
static int keep_view(
    struct linux_setup* setup, const struct cv_spec_mount* mount, bool bind, int mount_fd, struct cv_error* err)
{
    static const struct {
        const char *type, *place;
    } views[] = { [SETUP_PROC] = { "proc", "proc" }, [SETUP_SYS] = { "sysfs", "sys" } };
    int* kept = NULL;
    for (size_t i = 0; i < CV_ARRAY_LEN(views); i++)
        if (is_type(mount, views[i].type) && is_place(mount->destination, views[i].place))
            kept = &setup->view_fds[i];
    if (is_place(mount->destination, "dev")) {
        kept             = &setup->dev_fd;
        setup->dev_bound = bind;
    }
    if (kept == NULL)
        return 0;
    linux_fd_closep(kept);
    *kept = fcntl(mount_fd, F_DUPFD_CLOEXEC, 3);
    return *kept < 0 ? cv_error_errno(err, errno, "copy the descriptor of the mount", mount->destination) : 0;
}

/* --- one mount ------------------------------------------------------------------------------------------------------------------- */

/* As other runtimes: unless its mode is said, a tmpfs has that of the folder that it covers. */
static int give_mode(int mount_fd, int target_fd, const struct cv_mount_options* options, struct cv_error* err)
{
    struct stat                     info;
    CV_CLEANUP(linux_fd_closep) int fd = -1;
    if (cv_mount_options_data(options, "mode") != NULL)
        return 0;
    fd = openat(mount_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fstat(target_fd, &info) < 0 || fchmod(fd, info.st_mode & 07777) < 0)
        return cv_error_errno(err, errno, "give the tmpfs the mode of the folder", NULL);
    return 0;
}

static int fill(const struct linux_setup* setup, const struct cv_spec_mount* mount,
    const struct cv_mount_options* options, bool there, int mount_fd, int target_fd, struct cv_error* err)
{
    int rc = 0;
    if (there && setup->spec->ext.bare && is_type(mount, "tmpfs"))
        rc = give_mode(mount_fd, target_fd, options, err);
    if (rc == 0 && there && options->copy_up)
        rc = linux_copyup(target_fd, mount_fd, err);
    if (rc == 0 && options->propagation != CV_MOUNT_PROPAGATION_DEFAULT && setup->spec->ext.bare)
        rc = linux_attr_propagate(
            mount_fd, options->propagation, options->propagation_recursive, mount->destination, err);
    return rc;
}

static int fill_cgroups(
    const struct linux_setup* setup, const struct cv_mount_options* options, int mount_fd, struct cv_error* err)
{
    bool                            fresh     = cv_spec_namespace(setup->spec, "cgroup") != NULL;
    CV_CLEANUP(linux_fd_closep) int folder_fd = openat(mount_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder_fd < 0)
        return cv_error_errno(err, errno, "open the folder of the cgroup hierarchies", NULL);
    int rc = linux_cgroup_mounts_make(setup->cgroups, fresh, options->set, folder_fd, err);
    if (rc == 0 && (options->set & CV_MOUNT_ATTR_RDONLY) != 0)
        rc = linux_attr_apply(mount_fd, CV_MOUNT_ATTR_RDONLY, 0, false, "cgroup", err);
    return rc;
}

static int place_new(struct linux_setup* setup, const struct cv_spec_mount* mount,
    const struct cv_mount_options* options, int mount_fd, bool bind, struct cv_error* err)
{
    bool                            there     = false;
    CV_CLEANUP(linux_fd_closep) int target_fd = -1;
    int                             rc        = open_target(setup, mount, mount_fd, &there, &target_fd, err);
    if (rc == 0 && !bind)
        rc = fill(setup, mount, options, there, mount_fd, target_fd, err);
    if (rc == 0)
        rc = linux_place(mount_fd, target_fd, mount->destination, err);
    if (rc == 0 && uses_cgroup_plan(setup, mount))
        rc = fill_cgroups(setup, options, mount_fd, err);
    return rc == 0 ? keep_view(setup, mount, bind, mount_fd, err) : rc;
}

/* A tmpfs can be read-only only when the places for mounts and devices in it are made. */
static bool defer_read_only(const struct cv_spec_mount* mount, struct cv_mount_options* options)
{
    const uint32_t read_only = CV_MOUNT_ATTR_RDONLY;
    if (!is_type(mount, "tmpfs") || options->bind || ((options->set | options->rec_set) & read_only) == 0)
        return false;
    options->set &= ~read_only;
    options->rec_set &= ~read_only;
    return true;
}

/* The attributes of what is mounted there. */
static int remount(const struct linux_setup* setup, const struct cv_spec_mount* mount,
    const struct cv_mount_options* options, struct cv_error* err)
{
    CV_CLEANUP(linux_fd_closep) int fd = -1;
    int                             rc = inside_open(setup->root_fd, mount->destination, &fd, err);
    if (rc == 0)
        rc = linux_attr_apply(fd, options->set, options->clear, false, mount->destination, err);
    if (rc == 0)
        rc = linux_attr_apply(fd, options->rec_set, options->rec_clear, true, mount->destination, err);
    return rc < 0 && err->number == EINVAL ? cv_error_hint(err, "'remount' is for what is mounted there") : rc;
}

static int mount_one(struct linux_setup* setup, size_t index, struct cv_mount_options* options, struct cv_error* err)
{
    const struct cv_spec_mount*     mount    = &setup->spec->mounts.items[index];
    CV_CLEANUP(linux_fd_closep) int mount_fd = linux_fd_steal(&setup->source_fds[index]);
    bool                            bind     = mount_fd >= 0;
    if (options->remount)
        return remount(setup, mount, options, err);
    bool later = defer_read_only(mount, options);
    int  rc    = bind ? 0 : make_mount(setup, mount, options, &mount_fd, err);
    if (rc < 0 || mount_fd < 0)
        return rc; /* -1: the host, whose it would be, has none */
    rc = place_new(setup, mount, options, mount_fd, bind, err);
    if (rc == 0 && later)
        setup->source_fds[index] = linux_fd_steal(&mount_fd);
    return rc;
}

/* Everybody asks for terminals of the group tty (5). In a container that has no such group they stay with its root's. */
static void drop_unmapped_group(
    const struct linux_setup* setup, const struct cv_spec_mount* mount, struct cv_mount_options* options)
{
    if (!setup->spec->ext.bare && setup->ids != 0 && setup->ids <= TTY_GROUP && is_type(mount, "devpts"))
        cv_strv_remove(&options->data, "gid=5");
}

int linux_mounts_make(struct linux_setup* setup, struct cv_error* err)
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

int linux_mounts_finish(struct linux_setup* setup, struct cv_error* err)
{
    for (size_t i = 0; i < setup->spec->mounts.count; i++) {
        CV_CLEANUP(linux_fd_closep) int fd = linux_fd_steal(&setup->source_fds[i]);
        int                             rc = fd >= 0 ? linux_attr_apply(
                                                 fd, CV_MOUNT_ATTR_RDONLY, 0, false, setup->spec->mounts.items[i].destination, err)
                                                     : 0;
        if (rc < 0)
            return rc;
    }
    return 0;
}
