#include "linux/limits-v1.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cv/handle.h>
#include <cv/str.h>

#include "linux/cgroup-file.h"
#include "linux/cgroup-place.h"
#include "linux/hold.h"
#include "linux/mountinfo.h"

#include <cv/banned.h>

#define PARENT_NAME "containerv"

enum { NAME_SIZE = 80, LIST_SIZE = 4096 };

/* A mount that another one covers opens as something else: so look at what was opened. */
int linux_v1_open_mount(const char* target, struct cv_error* err)
{
    CV_CLEANUP(cv_handle_closep) int fd = open(target, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct statfs                    fs;
    if (fd < 0 || fstatfs(fd, &fs) < 0)
        return cv_error_errno(err, errno, "open the hierarchy of cgroup version 1", target);
    if (fs.f_type != CGROUP_SUPER_MAGIC)
        return cv_error_set(err, CV_ERR_NOT_FOUND, "'%s' is covered by another mount", target);
    return CV_STEAL_HANDLE(fd);
}

static int find_hierarchy(enum linux_controller controller, int* root_fd_out, struct cv_error* err)
{
    CV_CLEANUP(mountinfo_release) struct mountinfo info  = MOUNTINFO_INIT;
    const char*                                    name  = linux_controller_name(controller, 1);
    const struct mountinfo_entry*                  entry = NULL;
    int                                            rc    = linux_mountinfo_read(&info, err);
    if (rc < 0)
        return rc;
    entry = name != NULL ? mountinfo_cgroup1(&info, name) : NULL;
    if (entry == NULL)
        return cv_error_set(err, CV_ERR_NOT_FOUND, "no hierarchy of cgroup version 1 has the controller '%s'",
            name != NULL ? name : linux_controller_name(controller, 2));
    int fd = linux_v1_open_mount(entry->target, err);
    if (fd < 0)
        return fd;
    *root_fd_out = fd;
    return 0;
}

/* One of cpuset's lists from the group above: a new group's is empty, and takes no process like that. */
static int copy_list(int from_fd, int to_fd, const char* file, struct cv_error* err)
{
    char own[LIST_SIZE], above[LIST_SIZE];
    int  rc = linux_cgroup_read(to_fd, file, own, sizeof(own), err);
    if (rc < 0 || own[strspn(own, "\n")] != '\0')
        return rc;
    rc = linux_cgroup_read(from_fd, file, above, sizeof(above), err);
    return rc < 0 ? rc : linux_cgroup_write(to_fd, file, above, err);
}

static int fill_cpuset(int from_fd, int to_fd, struct cv_error* err)
{
    int rc = copy_list(from_fd, to_fd, "cpuset.cpus", err);
    return rc < 0 ? rc : copy_list(from_fd, to_fd, "cpuset.mems", err);
}

int linux_v1_find_parent(enum linux_controller controller, const char* place, int* parent_fd_out, struct cv_error* err)
{
    CV_CLEANUP(cv_handle_closep) int root = CV_HANDLE_NONE;
    int                              rc   = find_hierarchy(controller, &root, err);
    if (rc < 0)
        return rc;
    return place != NULL ? linux_cgroup_place_open(root, place, parent_fd_out, err)
                         : linux_cgroup_open_folder(root, PARENT_NAME, parent_fd_out, err);
}

int linux_v1_sweep_place(enum linux_controller controller, const char* place, struct cv_error* err)
{
    CV_CLEANUP(cv_handle_closep) int root = CV_HANDLE_NONE;
    int                              rc   = find_hierarchy(controller, &root, err);
    return rc < 0 ? rc : linux_cgroup_place_sweep(root, place, err);
}

int linux_v1_prepare(int above_fd, int part_fd, struct cv_error* err)
{
    return faccessat(part_fd, "cpuset.cpus", F_OK, 0) == 0 ? fill_cpuset(above_fd, part_fd, err) : 0;
}

static int open_default(int root, enum linux_controller controller, int* parent_fd_out, struct cv_error* err)
{
    CV_CLEANUP(cv_handle_closep) int parent = CV_HANDLE_NONE;
    int                              rc;
    if (mkdirat(root, PARENT_NAME, 0755) < 0 && errno != EEXIST)
        return cv_error_errno(err, errno, "make the cgroup of all containers", linux_controller_name(controller, 1));
    rc = linux_cgroup_open_folder(root, PARENT_NAME, &parent, err);
    if (rc == 0)
        rc = linux_v1_prepare(root, parent, err);
    if (rc == 0)
        *parent_fd_out = CV_STEAL_HANDLE(parent);
    return rc;
}

int linux_v1_open_parent(enum linux_controller controller, const char* place, int* parent_fd_out, struct cv_error* err)
{
    CV_CLEANUP(cv_handle_closep) int root   = CV_HANDLE_NONE;
    const struct linux_cgroup_place  chosen = { .path = place, .within_fd = -1, .prepare = linux_v1_prepare };
    int                              rc     = find_hierarchy(controller, &root, err);
    if (rc < 0)
        return rc;
    return place != NULL ? linux_cgroup_place_make(root, &chosen, parent_fd_out, err)
                         : open_default(root, controller, parent_fd_out, err);
}

static int group_name(const char* id, char name[NAME_SIZE], struct cv_error* err)
{
    if (id[0] == '\0' || strchr(id, '/') != NULL || cv_snprintf(name, NAME_SIZE, "c-%s", id) < 0)
        return cv_error_set(err, CV_ERR_INVALID, "'%s' is no id", id);
    return 0;
}

static int open_group(int parent_fd, const char* name, struct linux_limits_group* group, struct cv_error* err)
{
    int rc = linux_cgroup_open_folder(parent_fd, name, &group->group_fd, err);
    if (rc == 0)
        rc = linux_hold(group->group_fd, err);
    linux_hold_end(parent_fd);
    if (rc == 0)
        rc = linux_v1_prepare(parent_fd, group->group_fd, err);
    if (rc < 0)
        return rc;
    group->tasks_fd = openat(group->group_fd, "tasks", O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
    return group->tasks_fd < 0 ? cv_error_errno(err, errno, "open the list of the cgroup's threads", name) : 0;
}

int linux_v1_create(int parent_fd, const char* id, struct linux_limits_group* group_out, struct cv_error* err)
{
    struct linux_limits_group group = { .parent_fd = parent_fd, .group_fd = -1, .tasks_fd = -1, .fresh = true };
    char                      name[NAME_SIZE];
    int                       rc = group_name(id, name, err);
    if (rc < 0)
        return rc;
    rc = linux_hold_begin(parent_fd, err);
    if (rc < 0)
        return rc;
    if (mkdirat(parent_fd, name, 0755) < 0) {
        rc = cv_error_errno(err, errno, "make the cgroup", name);
        linux_hold_end(parent_fd);
        return rc;
    }
    rc = open_group(parent_fd, name, &group, err);
    if (rc == 0) {
        *group_out = group;
        return 0;
    }
    cv_handle_closep(&group.group_fd);
    unlinkat(parent_fd, name, AT_REMOVEDIR);
    return rc;
}

int linux_v1_remove(int parent_fd, const char* id, struct cv_error* err)
{
    char name[NAME_SIZE];
    int  rc = group_name(id, name, err);
    if (rc < 0)
        return rc;
    if (unlinkat(parent_fd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
        return cv_error_errno(err, errno, "remove the cgroup", name);
    return 0;
}

int linux_v1_sweep(int parent_fd, const char* id, struct cv_error* err)
{
    CV_CLEANUP(cv_handle_closep) int group_fd = CV_HANDLE_NONE;
    char                             name[NAME_SIZE];
    int                              rc = group_name(id, name, err);
    if (rc == 0)
        rc = linux_cgroup_open_folder(parent_fd, name, &group_fd, err);
    if (rc == 0)
        rc = linux_hold_alone(group_fd, id, err);
    return rc == 0 ? linux_v1_remove(parent_fd, id, err) : rc;
}
