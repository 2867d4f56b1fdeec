#include "linux/nodes.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cv/str.h>

#include "linux/devices.h"
#include "linux/fd.h"
#include "linux/inside.h"
#include "linux/outer.h"
#include "linux/place.h"
#include "linux/setup.h"
#include "linux/syscalls.h"

/* One to be made: its name in an open folder, and where the host has it. */
struct node {
    int         folder_fd;
    const char *name, *host_path;
    mode_t      mode; /* with its type */
    dev_t       number;
    uid_t       uid;
    gid_t       gid;
};

enum { DEVICE_MODE = 0666 };

static bool is_same(const struct node* node, const struct stat* info)
{
    return (info->st_mode & S_IFMT) == (node->mode & S_IFMT) && (S_ISFIFO(node->mode) || info->st_rdev == node->number);
}

/* By descriptor and checked: somebody else may be at work in a root that containers share. */
static int open_node(const struct node* node, int* fd_out, struct stat* info_out, struct cv_error* err)
{
    *fd_out = openat(node->folder_fd, node->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (*fd_out < 0 || fstat(*fd_out, info_out) < 0)
        return cv_error_errno(err, errno, "open the device", node->host_path);
    return 0;
}

static int give_owner(const struct node* node, struct cv_error* err)
{
    struct stat                     info;
    CV_CLEANUP(linux_fd_closep) int fd = -1;
    int                             rc = open_node(node, &fd, &info, err);
    if (rc < 0)
        return rc;
    if (!is_same(node, &info))
        return cv_error_set(err, CV_ERR_STATE, "the device '%s' was replaced while it was made", node->host_path);
    if (fchownat(fd, "", node->uid, node->gid, AT_EMPTY_PATH) < 0)
        return cv_error_errno(err, errno, "give the device to its owner", node->host_path);
    return 0;
}

/* The host's node, opened here and checked: nothing of the container's root is trusted to be a device. */
static int open_host_node(const struct node* node, int* mount_fd_out, struct cv_error* err)
{
    struct stat info;
    unsigned    flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW;
    *mount_fd_out     = sys_open_tree(AT_FDCWD, node->host_path, flags);
    if (*mount_fd_out < 0 || fstat(*mount_fd_out, &info) < 0) {
        int number = errno;
        cv_error_errno(err, number, "open the host's device", node->host_path);
        return linux_outer_hint(LINUX_OUTER_DEVICE, number, err);
    }
    if (!is_same(node, &info))
        return cv_error_set(err, CV_ERR_INVALID, "the host's '%s' is not the device %u:%u", node->host_path,
            major(node->number), minor(node->number));
    return 0;
}

static int bind_node(const struct node* node, struct cv_error* err)
{
    struct stat                     info;
    CV_CLEANUP(linux_fd_closep) int mount_fd  = -1;
    CV_CLEANUP(linux_fd_closep) int target_fd = -1;
    int                             rc        = open_host_node(node, &mount_fd, err);
    if (rc < 0)
        return rc;
    int made = openat(node->folder_fd, node->name, O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_WRONLY, DEVICE_MODE);
    if (made < 0 && errno != EEXIST)
        return cv_error_errno(err, errno, "make a place for the device", node->host_path);
    linux_fd_closep(&made);
    rc = open_node(node, &target_fd, &info, err);
    return rc == 0 ? linux_place(mount_fd, target_fd, node->host_path, err) : rc;
}

static int make_node(const struct node* node, struct cv_error* err)
{
    struct stat                     info;
    CV_CLEANUP(linux_fd_closep) int fd     = -1;
    mode_t                          mask   = umask(0);
    int                             rc     = mknodat(node->folder_fd, node->name, node->mode, node->number);
    int                             number = errno;
    umask(mask);
    if (rc == 0)
        return give_owner(node, err);
    if (number == EPERM) /* in a user namespace, or the groups don't allow it */
        return bind_node(node, err);
    if (number != EEXIST)
        return cv_error_errno(err, number, "make the device", node->host_path);
    rc = open_node(node, &fd, &info, err);
    if (rc < 0 || is_same(node, &info))
        return rc;
    return bind_node(node, err);
}

/* --- what was asked for ----------------------------------------------------------------------------------------------------------- */

/* The rest of a path in /dev, NULL for another. */
static const char* below_dev(const char* path)
{
    return strncmp(path, "/dev/", 5) == 0 ? path + 5 : NULL;
}

static mode_t type_of(const char* type)
{
    return type[0] == 'b'   ? S_IFBLK
           : type[0] == 'p' ? S_IFIFO
                            : S_IFCHR; /* "u" is a character device without a buffer */
}

/* The folder of a device, made when it is missing; *name_out is a part of `path`. */
static int open_folder(int base_fd, const char* path, int* folder_out, const char** name_out, struct cv_error* err)
{
    char        folder[PATH_MAX];
    const char* slash  = strrchr(path, '/');
    size_t      length = slash != NULL ? (size_t)(slash - path) : 0;
    *name_out          = slash != NULL ? slash + 1 : path;
    if (length >= sizeof(folder) || **name_out == '\0' || strcmp(*name_out, ".") == 0 || strcmp(*name_out, "..") == 0)
        return cv_error_set(err, CV_ERR_INVALID, "'%.200s' can't be the path of a device", path);
    memcpy(folder, path, length);
    folder[length] = '\0';
    return inside_make(base_fd, folder[0] != '\0' ? folder : "/", true, folder_out, err);
}

static int make_wanted(
    const struct linux_setup* setup, int dev_fd, const struct cv_spec_device* device, struct cv_error* err)
{
    const char*                     in_dev    = below_dev(device->path);
    CV_CLEANUP(linux_fd_closep) int folder_fd = -1;
    if (in_dev != NULL && dev_fd < 0)
        return 0; /* the host's /dev has what it has */
    struct node node = { .host_path = device->path,
        .mode   = type_of(device->type) | (device->file_mode.set ? device->file_mode.value & 07777 : DEVICE_MODE),
        .number = makedev((unsigned)device->major, (unsigned)device->minor),
        .uid    = device->uid.set ? (uid_t)device->uid.value : 0,
        .gid    = device->gid.set ? (gid_t)device->gid.value : 0 };
    int         rc   = open_folder(
                  in_dev != NULL ? dev_fd : setup->root_fd, in_dev != NULL ? in_dev : device->path, &folder_fd, &node.name, err);
    node.folder_fd = folder_fd;
    return rc == 0 ? make_node(&node, err) : rc;
}

static bool is_wanted(const struct cv_spec* spec, const char* name)
{
    for (size_t i = 0; i < spec->linux_.devices.count; i++) {
        const char* in_dev = below_dev(spec->linux_.devices.items[i].path);
        if (in_dev != NULL && strcmp(in_dev, name) == 0)
            return true;
    }
    return false;
}

/* --- what every container has ------------------------------------------------------------------------------------------------------ */

static int make_standard(const struct linux_setup* setup, int dev_fd, struct cv_error* err)
{
    for (size_t i = 0; i < LINUX_DEVICES; i++) {
        char        path[32];
        struct node node = { .folder_fd = dev_fd,
            .name                       = linux_devices[i].name,
            .host_path                  = path,
            .mode                       = S_IFCHR | DEVICE_MODE,
            .number                     = makedev(linux_devices[i].major, linux_devices[i].minor) };
        cv_snprintf(path, sizeof(path), "/dev/%s", node.name);
        int rc = is_wanted(setup->spec, node.name) ? 0 : make_node(&node, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* Terminals are made by what is mounted on /dev/pts, whatever the root has here. */
static int make_ptmx(int dev_fd, struct cv_error* err)
{
    if (unlinkat(dev_fd, "ptmx", 0) < 0 && errno != ENOENT)
        return cv_error_errno(err, errno, "remove the root's", "/dev/ptmx");
    if (symlinkat("pts/ptmx", dev_fd, "ptmx") < 0 && errno != EEXIST)
        return cv_error_errno(err, errno, "make a link in the container's /dev", "ptmx");
    return 0;
}

/* Many kernels have no image of themselves. */
static bool has_kcore(const struct linux_setup* setup)
{
    int proc_fd = setup->view_fds[SETUP_PROC];
    return proc_fd >= 0 && faccessat(proc_fd, "kcore", F_OK, 0) == 0;
}

static int make_links(const struct linux_setup* setup, int dev_fd, struct cv_error* err)
{
    for (size_t i = 0; i < LINUX_DEVICE_LINKS; i++) {
        const char* name = linux_device_links[i].name;
        bool        none = strcmp(name, "core") == 0 && !has_kcore(setup);
        if (none || is_wanted(setup->spec, name))
            continue;
        int rc = strcmp(name, "ptmx") == 0 ? make_ptmx(dev_fd, err) : 0;
        if (rc < 0)
            return rc;
        if (symlinkat(linux_device_links[i].target, dev_fd, name) < 0 && errno != EEXIST)
            return cv_error_errno(err, errno, "make a link in the container's /dev", name);
    }
    return 0;
}

/* The terminal is bound there later, when nothing can be made in a read-only /dev. */
static int make_console(const struct linux_setup* setup, int dev_fd, struct cv_error* err)
{
    if (!setup->spec->process.terminal)
        return 0;
    int fd = openat(dev_fd, "console", O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_WRONLY, DEVICE_MODE);
    if (fd < 0 && errno != EEXIST)
        return cv_error_errno(err, errno, "make a place for the terminal", "/dev/console");
    linux_fd_closep(&fd);
    return 0;
}

/* --- where ------------------------------------------------------------------------------------------------------------------------- */

static int mount_id(int fd, uint64_t* id_out, struct cv_error* err)
{
    struct statx info;
    if (statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &info) < 0)
        return cv_error_errno(err, errno, "look at the mount of", "/dev");
    *id_out = info.stx_mnt_id;
    return 0;
}

/* The root's own folder: not one that a link in the root has brought us to, which may be the host's. */
static int open_root_dev(const struct linux_setup* setup, int* dev_fd_out, struct cv_error* err)
{
    uint64_t                        root = 0, dev = 0;
    CV_CLEANUP(linux_fd_closep) int fd = -1;
    int                             rc = inside_make(setup->root_fd, "/dev", true, &fd, err);
    if (rc == 0)
        rc = mount_id(fd, &dev, err);
    if (rc == 0)
        rc = mount_id(setup->root_fd, &root, err);
    if (rc < 0)
        return rc;
    if (dev != root)
        return cv_error_set(err, CV_ERR_INVALID, "the root's /dev leads into another mount: it has no devices of ours");
    *dev_fd_out = linux_fd_steal(&fd);
    return 0;
}

static int open_dev(const struct linux_setup* setup, int* dev_fd_out, struct cv_error* err)
{
    if (setup->dev_fd < 0)
        return open_root_dev(setup, dev_fd_out, err);
    if (setup->dev_bound)
        return 0;
    *dev_fd_out = openat(setup->dev_fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    return *dev_fd_out < 0 ? cv_error_errno(err, errno, "open the container's /dev", NULL) : 0;
}

int linux_nodes_make(struct linux_setup* setup, struct cv_error* err)
{
    CV_CLEANUP(linux_fd_closep) int dev_fd = -1;
    int                             rc     = open_dev(setup, &dev_fd, err);
    for (size_t i = 0; rc == 0 && i < setup->spec->linux_.devices.count; i++) {
        rc = make_wanted(setup, dev_fd, &setup->spec->linux_.devices.items[i], err);
        if (rc < 0)
            return cv_error_wrap(err, "device '%s'", setup->spec->linux_.devices.items[i].path);
    }
    if (rc < 0 || dev_fd < 0)
        return rc;
    rc = make_standard(setup, dev_fd, err);
    if (rc == 0)
        rc = make_links(setup, dev_fd, err);
    return rc == 0 ? make_console(setup, dev_fd, err) : rc;
}

int linux_nodes_console(int terminal_fd, struct cv_error* err)
{
    CV_CLEANUP(linux_fd_closep) int target_fd = -1;
    CV_CLEANUP(linux_fd_closep)
    int root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root_fd < 0)
        return cv_error_errno(err, errno, "open the container's root", NULL);
    CV_CLEANUP(linux_fd_closep)
    int mount_fd = sys_open_tree(terminal_fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
    if (mount_fd < 0)
        return cv_error_errno(err, errno, "bind the terminal", NULL);
    /* what the image has there may be a link, to a file of procfs that something of ours is written to */
    int rc = inside_open_strict(root_fd, "/dev/console", &target_fd, err);
    if (rc == CV_ERR_NOT_FOUND)
        return 0; /* in a /dev of the host nothing is made */
    return rc == 0 ? linux_place(mount_fd, target_fd, "/dev/console", err) : rc;
}
