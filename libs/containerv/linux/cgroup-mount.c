#include "linux/cgroup-mount.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cv/file.h>
#include <cv/str.h>

#include "linux/attr.h"
#include "linux/fd.h"
#include "linux/mountinfo.h"
#include "linux/place.h"
#include "linux/syscalls.h"
#include "spec/mountopts.h"

enum { CGROUP_TEXT_MAX = 1 << 20 };

int linux_cgroup_mounts_look(struct linux_cgroup_mounts* plan_out, struct cv_error* err)
{
    CV_CLEANUP(mountinfo_release) struct mountinfo info = MOUNTINFO_INIT;
    CV_CLEANUP(cv_freep) char*                     text = NULL;
    size_t                                         length;
    int                                            rc = linux_mountinfo_read(&info, err);
    if (rc == 0)
        rc = cv_file_read("/proc/self/cgroup", CGROUP_TEXT_MAX, &text, &length, err);
    return rc == 0 ? linux_cgroup_mounts_plan(&info, text, plan_out, err) : rc;
}

static int make_fresh(const struct linux_cgroup_mount* item, uint32_t set, int* mount_fd_out, struct cv_error* err)
{
    struct cv_mount_options options = { .set = set, .data = item->words };
    return linux_make_filesystem(item->version2 ? "cgroup2" : "cgroup", &options, mount_fd_out, err);
}

static int bind_own(const struct linux_cgroup_mount* item, uint32_t set, int* mount_fd_out, struct cv_error* err)
{
    CV_CLEANUP(linux_fd_closep) int top_fd = open(item->target, O_PATH | O_DIRECTORY | O_CLOEXEC);
    CV_CLEANUP(linux_fd_closep) int own_fd = -1;
    if (top_fd < 0)
        return cv_error_errno(err, errno, "open the hierarchy", item->target);
    if (item->own == NULL)
        return cv_error_set(err, CV_ERR_UNSUPPORTED, "the container's group is not below '%s'", item->target);
    own_fd = sys_openat2(top_fd, item->own, O_PATH | O_DIRECTORY | O_CLOEXEC, 0, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
    if (own_fd < 0)
        return cv_error_errno(err, errno, "open the container's group", item->own);
    CV_CLEANUP(linux_fd_closep)
    int fd = sys_open_tree(own_fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
    if (fd < 0)
        return cv_error_errno(err, errno, "bind the container's group", item->own);
    int rc = linux_attr_apply(fd, set, 0, false, item->own, err);
    if (rc == 0)
        *mount_fd_out = linux_fd_steal(&fd);
    return rc;
}

static int make_one(
    const struct linux_cgroup_mount* item, bool fresh, uint32_t set, int folder_fd, struct cv_error* err)
{
    CV_CLEANUP(linux_fd_closep) int mount_fd  = -1;
    CV_CLEANUP(linux_fd_closep) int target_fd = -1;
    int rc = fresh ? make_fresh(item, set, &mount_fd, err) : bind_own(item, set, &mount_fd, err);
    if (rc < 0)
        return rc;
    if (mkdirat(folder_fd, item->name, 0755) < 0)
        return cv_error_errno(err, errno, "make a folder for the hierarchy", item->name);
    target_fd = openat(folder_fd, item->name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (target_fd < 0)
        return cv_error_errno(err, errno, "open the folder for the hierarchy", item->name);
    return linux_place(mount_fd, target_fd, item->name, err);
}

int linux_cgroup_mounts_make(
    const struct linux_cgroup_mounts* plan, bool fresh, uint32_t set, int folder_fd, struct cv_error* err)
{
    for (size_t i = 0; i < plan->count; i++)
        if (make_one(&plan->items[i], fresh, set, folder_fd, err) < 0)
            return cv_error_wrap(err, "cgroup hierarchy '%s'", plan->items[i].name);
    for (size_t i = 0; i < plan->link_count; i++)
        if (symlinkat(plan->links[i].to, folder_fd, plan->links[i].name) < 0)
            return cv_error_errno(err, errno, "make a link for the controller", plan->links[i].name);
    return 0;
}

int linux_cgroup_mounts_bind2(
    const struct linux_cgroup_mounts* plan, uint32_t set, int* mount_fd_out, struct cv_error* err)
{
    for (size_t i = 0; i < plan->count; i++)
        if (plan->items[i].version2)
            return bind_own(&plan->items[i], set, mount_fd_out, err);
    return cv_error_set(err, CV_ERR_UNSUPPORTED, "no cgroup hierarchy is mounted on this machine");
}
