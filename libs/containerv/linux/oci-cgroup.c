#include "linux/oci-cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cv/handle.h>
#include <cv/str.h>

#include "linux/cgroup-file.h"
#include "linux/cgroup-place.h"
#include "linux/cgroup.h"
#include "linux/device-filter.h"
#include "linux/limits-v1.h"
#include "linux/mountinfo.h"
#include "linux/oci-cgroup-internal.h"
#include "linux/oci-cgroup-path.h"
#include "linux/oci-scope-plan.h"
#include "linux/rights.h"
#include "linux/unprivileged.h"

#include <cv/banned.h>

void linux_oci_cgroup_init(struct linux_oci_cgroup* cgroup)
{
    *cgroup = (struct linux_oci_cgroup){ .group_fd = CV_HANDLE_NONE, .scope = { .end_fd = CV_HANDLE_NONE } };
    linux_limits_init(&cgroup->limits);
    cgroup->limits.complete = true;
}

void linux_oci_cgroup_release(struct linux_oci_cgroup* cgroup)
{
    free(cgroup->path);
    cv_handle_closep(&cgroup->group_fd);
    linux_oci_scope_settled(&cgroup->scope);
    linux_limits_release(&cgroup->limits);
    linux_oci_cgroup_init(cgroup);
}

/* --- each hierarchy ------------------------------------------------------------------------------------------------------------ */

typedef int (*visit_fn)(int root_fd, const struct mountinfo_entry* v1, void* data, struct cv_error* err);

/* A hierarchy may be mounted more than once; a mount that is covered is passed over. */
static bool seen_before(const struct mountinfo* info, const struct mountinfo_entry* entry)
{
    for (const struct mountinfo_entry* other = NULL; (other = mountinfo_next(info, other, "cgroup")) != entry;)
        if (other->major == entry->major && other->minor == entry->minor)
            return true;
    return false;
}

static int visit_v1(const struct mountinfo_entry* entry, visit_fn visit, void* data, struct cv_error* err)
{
    CV_CLEANUP(cv_handle_closep) int root = linux_v1_open_mount(entry->target, err);
    if (root < 0)
        return root == CV_ERR_NOT_FOUND ? 0 : root;
    return visit(root, entry, data, err);
}

/* Version 2 first (`v1` NULL), where it is mounted; then each hierarchy of version 1. */
static int each_hierarchy(visit_fn visit, void* data, struct cv_error* err)
{
    CV_CLEANUP(mountinfo_release) struct mountinfo info  = MOUNTINFO_INIT;
    CV_CLEANUP(cv_handle_closep) int               root  = CV_HANDLE_NONE;
    const struct mountinfo_entry*                  entry = NULL;
    int                                            rc    = linux_mountinfo_open_cgroup2(&root, err);
    if (rc == 0)
        rc = visit(root, NULL, data, err);
    else if (rc == CV_ERR_UNSUPPORTED)
        rc = 0;
    if (rc == 0)
        rc = linux_mountinfo_read(&info, err);
    while (rc == 0 && (entry = mountinfo_next(&info, entry, "cgroup")) != NULL)
        if (!seen_before(&info, entry))
            rc = visit_v1(entry, visit, data, err);
    return rc;
}

/* A group of version 1 joins the others, with the controllers of its hierarchy. Takes the descriptors. */
static int keep_v1(
    struct linux_limits* limits, int parent_fd, int group_fd, const struct mountinfo_entry* entry, struct cv_error* err)
{
    int tasks_fd = openat(group_fd, "tasks", O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
    if (tasks_fd < 0 || limits->group_count == LINUX_LIMITS_GROUPS) {
        int number = tasks_fd < 0 ? errno : 0;
        cv_handle_closep(&parent_fd);
        cv_handle_closep(&group_fd);
        cv_handle_closep(&tasks_fd);
        return number != 0 ? cv_error_errno(err, number, "open the list of the cgroup's threads", entry->target)
                           : cv_error_set(
                               err, CV_ERR_LIMIT, "more than %d hierarchies of cgroup version 1", LINUX_LIMITS_GROUPS);
    }
    for (int i = 0; i < LINUX_CONTROLLERS; i++) {
        const char* name = linux_controller_name((enum linux_controller)i, 1);
        if (name == NULL || !mountinfo_has_option(entry->super_options, name))
            continue;
        limits->of[i]      = (int)limits->group_count;
        limits->version[i] = 1;
    }
    limits->groups[limits->group_count++] = (struct linux_limits_group){ parent_fd, group_fd, tasks_fd, false };
    return 0;
}

/* A plain user's rights end somewhere: there he gets no group. */
static bool is_withheld(const struct cv_error* err)
{
    return linux_unprivileged()->active && (err->number == EACCES || err->number == EPERM || err->number == EROFS);
}

/* --- open ---------------------------------------------------------------------------------------------------------------------- */

static int open_one(int root_fd, const struct mountinfo_entry* v1, void* data, struct cv_error* err)
{
    struct linux_oci_cgroup*         cgroup = data;
    CV_CLEANUP(cv_handle_closep) int fd     = CV_HANDLE_NONE;
    int                              rc     = linux_cgroup_place_open(root_fd, cgroup->path, &fd, err);
    if (rc == 0 && v1 == NULL) {
        rc               = linux_limits_look(&cgroup->limits, fd, err);
        cgroup->group_fd = CV_STEAL_HANDLE(fd);
    } else if (rc == 0)
        rc = keep_v1(&cgroup->limits, CV_HANDLE_NONE, CV_STEAL_HANDLE(fd), v1, err);
    return rc == CV_ERR_NOT_FOUND || (rc < 0 && is_withheld(err)) ? 0 : rc;
}

static bool is_nowhere(const struct linux_oci_cgroup* cgroup)
{
    return cgroup->group_fd < 0 && cgroup->limits.group_count == 0;
}

int linux_oci_cgroup_open(const char* path, bool systemd, struct linux_oci_cgroup* cgroup_out, struct cv_error* err)
{
    struct linux_oci_cgroup cgroup;
    struct cv_error         own = CV_ERROR_INIT;
    err                         = err != NULL ? err : &own;
    linux_oci_cgroup_init(&cgroup);
    cgroup.systemd = systemd;
    cgroup.path    = path != NULL ? cv_strdup(path, err) : NULL;
    int rc         = path != NULL && cgroup.path == NULL ? CV_ERR_NO_MEMORY : 0;
    if (rc == 0 && path != NULL)
        rc = each_hierarchy(open_one, &cgroup, err);
    if (rc == 0 && path != NULL && is_nowhere(&cgroup))
        rc = cv_error_set(err, CV_ERR_NOT_FOUND, "there is no cgroup '%s'", path);
    if (rc == 0)
        *cgroup_out = cgroup;
    else
        linux_oci_cgroup_release(&cgroup);
    return rc;
}

/* --- claim --------------------------------------------------------------------------------------------------------------------- */

static bool has_processes(int group_fd)
{
    char text[64];
    return linux_cgroup_read(group_fd, "cgroup.procs", text, sizeof(text), NULL) != 0 || text[0] != '\0';
}

/* Somebody else's processes would be limited, stopped and killed with the container's. */
static int check_free(const char* path, struct cv_error* err)
{
    struct linux_oci_cgroup   cgroup;
    struct linux_cgroup_state state  = { 0 };
    int                       events = CV_HANDLE_NONE;
    int                       rc     = linux_oci_cgroup_open(path, false, &cgroup, err);
    if (rc < 0)
        return rc == CV_ERR_NOT_FOUND ? 0 : rc;
    if (cgroup.group_fd >= 0 && linux_cgroup_open_events(cgroup.group_fd, &events, NULL) == 0)
        (void)linux_cgroup_read_events(events, &state, NULL);
    cv_handle_closep(&events);
    for (size_t i = 0; i < cgroup.limits.group_count && !state.populated; i++)
        state.populated = has_processes(cgroup.limits.groups[i].group_fd);
    linux_oci_cgroup_release(&cgroup);
    if (!state.populated)
        return 0;
    cv_error_set(err, CV_ERR_EXISTS, "there are processes in the cgroup '%s' already", path);
    cv_error_step(err, "claim the container's cgroup");
    return cv_error_hint(err, "another container may have the same linux.cgroupsPath");
}

struct claim {
    struct linux_oci_cgroup* cgroup;
    const char *             above, *leaf;
};

static int make_leaf(const struct claim* claim, int parent_fd, bool v1, int* fd_out, struct cv_error* err)
{
    char depth[16];
    if (mkdirat(parent_fd, claim->leaf, 0755) < 0 && errno != EEXIST)
        return cv_error_errno(err, errno, "make the cgroup", claim->cgroup->path);
    CV_CLEANUP(cv_handle_closep) int fd = CV_HANDLE_NONE;
    int                              rc = linux_cgroup_open_folder(parent_fd, claim->leaf, &fd, err);
    cv_snprintf(depth, sizeof(depth), "%d", LINUX_CGROUP_MAX_DEPTH);
    if (rc == 0)
        rc = v1 ? linux_v1_prepare(parent_fd, fd, err) : linux_cgroup_write(fd, "cgroup.max.depth", depth, err);
    if (rc == 0)
        *fd_out = CV_STEAL_HANDLE(fd);
    return rc;
}

static int make_group(
    const struct claim* claim, int root_fd, bool v1, int* parent_out, int* group_out, struct cv_error* err)
{
    const struct linux_cgroup_place place = {
        .path = claim->above, .within_fd = -1, .prepare = v1 ? linux_v1_prepare : NULL
    };
    CV_CLEANUP(cv_handle_closep) int parent = CV_HANDLE_NONE;
    int                              rc     = linux_cgroup_place_make(root_fd, &place, &parent, err);
    if (rc < 0)
        return rc;
    rc = make_leaf(claim, parent, v1, group_out, err);
    if (rc == 0)
        *parent_out = CV_STEAL_HANDLE(parent);
    else
        (void)linux_cgroup_place_leave(parent, claim->above, NULL);
    return rc;
}

/* Another container's end may take the folder above away before ours is in it. */
static int claim_one(int root_fd, const struct mountinfo_entry* v1, void* data, struct cv_error* err)
{
    const struct claim* claim  = data;
    int                 parent = CV_HANDLE_NONE, group = CV_HANDLE_NONE;
    int                 rc = make_group(claim, root_fd, v1 != NULL, &parent, &group, err);
    for (int i = 1; rc < 0 && i < LINUX_CGROUP_PLACE_TRIES && linux_cgroup_place_vanished(err); i++)
        rc = make_group(claim, root_fd, v1 != NULL, &parent, &group, err);
    if (rc < 0)
        return is_withheld(err) ? 0 : rc;
    if (v1 != NULL)
        return keep_v1(&claim->cgroup->limits, parent, group, v1, err);
    cv_handle_closep(&parent);
    claim->cgroup->group_fd = group;
    return 0;
}

/* Systemd makes the folder of version 2; the helper is in it until the container's first process is. */
static int claim_unit(const struct cv_spec* spec, const char* id, struct linux_oci_cgroup* cgroup, struct cv_error* err)
{
    struct linux_oci_unit unit       = { NULL, NULL };
    struct cv_strv        properties = { .items = NULL };
    bool                  user       = linux_unprivileged()->active;
    int                   rc         = linux_oci_unit_parse(spec->linux_.cgroups_path, id, user, &unit, err);
    if (rc == 0)
        rc = linux_oci_scope_properties(&spec->linux_.resources, &properties, err);
    if (rc == 0)
        rc = linux_oci_scope_start(&unit, user, &properties, &cgroup->scope, &cgroup->path, err);
    cgroup->systemd = rc == 0;
    cv_strv_release(&properties);
    linux_oci_unit_release(&unit);
    return rc;
}

static int make_folders(struct linux_oci_cgroup* cgroup, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* above = NULL;
    struct claim               claim = { .cgroup = cgroup };
    int                        rc    = linux_oci_cgroup_split(cgroup->path, &above, &claim.leaf, err);
    claim.above                      = above;
    return rc == 0 ? each_hierarchy(claim_one, &claim, err) : rc;
}

/* A plain user's containers are below his own group; *home_out NULL: none was delegated to him. */
static int find_home(char** home_out, struct cv_error* err)
{
    CV_CLEANUP(mountinfo_release) struct mountinfo info   = MOUNTINFO_INIT;
    CV_CLEANUP(cv_handle_closep) int               folder = CV_HANDLE_NONE;
    CV_CLEANUP(cv_freep) char*                     path   = NULL;
    const struct mountinfo_entry*                  entry  = NULL;
    int                                            rc     = linux_rights_cgroup(&folder, &path, err);
    *home_out                                             = NULL;
    if (rc < 0)
        return rc == CV_ERR_UNSUPPORTED ? 0 : rc;
    rc = linux_mountinfo_read(&info, err);
    while (rc == 0 && *home_out == NULL && (entry = mountinfo_next(&info, entry, "cgroup2")) != NULL)
        if (cv_str_starts_with(path, entry->target)) {
            *home_out = cv_asprintf(err, "%s%s", path + strlen(entry->target), LINUX_OCI_CGROUP_HOME);
            rc        = *home_out != NULL ? 0 : CV_ERR_NO_MEMORY;
        }
    return rc;
}

static int claim_folders(
    const struct cv_spec* spec, const char* id, struct linux_oci_cgroup* cgroup, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* home = NULL;
    int                        rc   = 0;
    if (spec->linux_.cgroups_path == NULL && linux_unprivileged()->active) {
        rc = find_home(&home, err);
        if (rc < 0 || home == NULL)
            return rc;
    }
    rc = linux_oci_cgroup_path(
        spec->linux_.cgroups_path, home != NULL ? home : LINUX_OCI_CGROUP_HOME, id, &cgroup->path, err);
    if (rc == 0)
        rc = check_free(cgroup->path, err);
    return rc;
}

int linux_oci_without_group(const struct linux_limits_plan* plan, struct cv_error* err)
{
    for (size_t i = 0; i < plan->count; i++)
        if (!plan->items[i].optional) {
            cv_error_set(err, CV_ERR_INVALID, "%s can't be kept: the container has no cgroup", plan->items[i].what);
            return cv_error_step(err, "set a limit");
        }
    return 0;
}

/* Without a cgroup no rule of devices is kept: who says that there is to be none, says that, too. */
static int limit(
    const struct cv_spec* spec, const char* id, bool chosen, struct linux_oci_cgroup* cgroup, struct cv_error* err)
{
    CV_CLEANUP(linux_limits_plan_release) struct linux_limits_plan plan = { .items = NULL };

    int rc = cgroup->group_fd >= 0 ? linux_limits_count(&cgroup->limits, cgroup->group_fd, err) : 0;
    if (rc == 0)
        rc = linux_limits_plan_make(spec, false, linux_limits_device, &plan, err);
    if (rc < 0)
        return rc;
    if (is_nowhere(cgroup))
        return chosen ? linux_oci_without_group(&plan, err) : linux_unprivileged_without_group(&plan, err);
    rc = linux_limits_apply(&cgroup->limits, &plan, cgroup->group_fd, id, err);
    if (rc == 0 && !linux_unprivileged()->active) /* in its user namespace nobody makes nodes */
        rc = linux_device_filter(spec, &cgroup->limits, cgroup->group_fd, id, err);
    return rc;
}

int linux_oci_cgroup_claim(const struct cv_spec* spec, const char* id, enum linux_oci_manager manager,
    struct linux_oci_cgroup* cgroup_out, struct cv_error* err)
{
    struct linux_oci_cgroup cgroup;
    linux_oci_cgroup_init(&cgroup);
    int rc = 0;
    if (manager == LINUX_OCI_SYSTEMD)
        rc = claim_unit(spec, id, &cgroup, err);
    else if (manager == LINUX_OCI_FOLDERS)
        rc = claim_folders(spec, id, &cgroup, err);
    if (rc < 0) { /* not ours to be removed */
        linux_oci_cgroup_release(&cgroup);
        return cv_error_wrap(err, "claim the cgroup of container '%s'", id);
    }
    if (cgroup.path != NULL)
        rc = make_folders(&cgroup, err);
    if (rc == 0)
        rc = limit(spec, id, manager == LINUX_OCI_NO_CGROUP, &cgroup, err);
    if (rc == 0 && is_nowhere(&cgroup))
        cv_freep(&cgroup.path), cgroup.path = NULL;
    if (rc == 0) {
        *cgroup_out = cgroup;
        return 0;
    }
    (void)linux_oci_cgroup_remove(&cgroup, 0, NULL);
    linux_oci_cgroup_release(&cgroup);
    return cv_error_wrap(err, "claim the cgroup of container '%s'", id);
}

void linux_oci_cgroup_settled(struct linux_oci_cgroup* cgroup)
{
    linux_oci_scope_settled(&cgroup->scope);
}

/* --- remove -------------------------------------------------------------------------------------------------------------------- */

struct removal {
    const char *    above, *leaf;
    int64_t         timeout_ms;
    int             rc; /* the first failure; the others are removed all the same */
    struct cv_error first;
};

static int remove_one(int root_fd, const struct mountinfo_entry* v1, void* data, struct cv_error* err)
{
    struct removal*                  removal = data;
    CV_CLEANUP(cv_handle_closep) int parent  = CV_HANDLE_NONE;
    int                              rc      = linux_cgroup_place_open(root_fd, removal->above, &parent, err);
    if (rc == 0)
        rc = v1 != NULL ? linux_oci_v1_remove(parent, removal->leaf, removal->timeout_ms, err)
                        : linux_cgroup_remove_folder(parent, removal->leaf, removal->timeout_ms, err);
    if (rc == 0)
        rc = linux_cgroup_place_leave(parent, removal->above, err);
    if (rc == CV_ERR_NOT_FOUND || (rc < 0 && is_withheld(err)))
        rc = 0;
    if (rc < 0 && removal->rc == 0) {
        removal->rc    = rc;
        removal->first = *err;
    }
    return 0;
}

int linux_oci_cgroup_remove(const struct linux_oci_cgroup* cgroup, int64_t timeout_ms, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* above   = NULL;
    struct cv_error            own     = CV_ERROR_INIT;
    struct removal             removal = { .timeout_ms = timeout_ms };
    err                                = err != NULL ? err : &own;
    if (cgroup->path == NULL)
        return 0;
    int rc        = linux_oci_cgroup_split(cgroup->path, &above, &removal.leaf, err);
    removal.above = above;
    if (rc == 0 && cgroup->systemd) {
        removal.rc    = linux_oci_scope_stop(removal.leaf, linux_unprivileged()->active, err);
        removal.first = *err;
    }
    if (rc == 0)
        rc = each_hierarchy(remove_one, &removal, err);
    if (rc == 0 && removal.rc < 0) {
        *err = removal.first;
        rc   = removal.rc;
    }
    return rc < 0 ? cv_error_wrap(err, "remove the cgroup '%s'", cgroup->path) : 0;
}
