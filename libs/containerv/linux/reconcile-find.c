#include "linux/reconcile-find.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <cv/clock.h>
#include <cv/str.h>

#include "linux/cgroup-file.h"
#include "linux/cgroup-place.h"
#include "linux/cgroup.h"
#include "linux/delegated.h"
#include "linux/fd.h"
#include "linux/hold.h"
#include "linux/limits-v1.h"
#include "linux/mountinfo.h"
#include "linux/net.h"
#include "linux/netlink-batch.h"
#include "linux/record.h"
#include "linux/unprivileged.h"

#include <cv/banned.h>

static const char prefix[] = "c-"; /* of run folders and groups */

enum { NAME_SIZE = 80, EVENTS_SIZE = 256, ALIAS_SIZE = 256 };

static void close_folder(DIR** folder)
{
    if (*folder != NULL)
        closedir(*folder);
}

static int add(struct reconcile_finder* finder, struct reconcile_item item, char* object, struct cv_error* err)
{
    item.object = object;
    return object != NULL ? reconcile_add(&finder->list, &item, err) : CV_ERR_NO_MEMORY;
}

/* Call `found` for each entry; a folder that is not there has none. */
static int each_entry(struct reconcile_finder* finder, const char* path,
    int (*found)(struct reconcile_finder*, int folder_fd, const char* path, const char* name, struct cv_error*),
    struct cv_error* err)
{
    CV_CLEANUP(close_folder) DIR* folder = opendir(path);
    const struct dirent*          entry;
    int                           rc = 0;
    if (folder == NULL)
        return errno == ENOENT ? 0 : cv_error_errno(err, errno, "look for leftovers", path);
    while (rc == 0 && (entry = readdir(folder)) != NULL)
        if (entry->d_name[0] != '.') /* no id begins so */
            rc = found(finder, dirfd(folder), path, entry->d_name, err);
    return rc;
}

/* Keep the folder as one in which nobody makes anything while we look and act. Takes the descriptor, also on failure. */
static int stop_in(struct reconcile_finder* finder, int fd, struct cv_error* err)
{
    int rc = finder->stopped_count < RECONCILE_STOPPED_MAX
                 ? linux_hold_stop(fd, err)
                 : cv_error_set(err, CV_ERR_LIMIT, "more than %d folders of groups", (int)RECONCILE_STOPPED_MAX);
    if (rc < 0)
        linux_fd_closep(&fd);
    else
        finder->stopped[finder->stopped_count++] = fd;
    return rc;
}

/* --- groups -------------------------------------------------------------------------------------------------------------------- */

/* Of either version. One that can't be asked is taken to be in use. */
static bool has_processes(int parent_fd, const char* name)
{
    CV_CLEANUP(linux_fd_closep) int group_fd = -1;
    char                            text[EVENTS_SIZE];
    if (linux_cgroup_open_folder(parent_fd, name, &group_fd, NULL) < 0)
        return true;
    if (linux_cgroup_read(group_fd, "cgroup.events", text, sizeof(text), NULL) == 0)
        return strstr(text, "populated 0") == NULL;
    CV_CLEANUP(linux_fd_closep) int fd = openat(group_fd, "cgroup.procs", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    return fd < 0 || read(fd, text, sizeof(text)) != 0;
}

static int add_group(
    struct reconcile_finder* finder, int parent_fd, const char* where, const char* name, struct cv_error* err)
{
    struct reconcile_item item = { .kind = CV_LEFTOVER_GROUP };
    if (!reconcile_id(name, prefix, item.id) || !linux_hold_look(parent_fd, name, &item.held))
        return 0;
    item.in_use = !item.held && has_processes(parent_fd, name);
    return add(finder, item, cv_asprintf(err, "%s/%s", where, name), err);
}

static int add_groups(struct reconcile_finder* finder, int parent_fd, const char* where, struct cv_error* err)
{
    CV_CLEANUP(linux_cgroup_closep) DIR* folder = linux_cgroup_list(parent_fd, err);
    const char*                          name;
    int                                  rc = folder != NULL ? 0 : CV_ERR_SYSTEM;
    while (rc == 0 && (name = linux_cgroup_next_child(folder)) != NULL)
        rc = add_group(finder, parent_fd, where, name, err);
    return rc;
}

/* Takes the parent. */
static int look_in(struct reconcile_finder* finder, int parent_fd, const char* where, struct cv_error* err)
{
    int rc = stop_in(finder, parent_fd, err);
    return rc == 0 ? add_groups(finder, parent_fd, where, err) : rc;
}

/* Controllers that are mounted together have one hierarchy. */
static bool was_seen(const struct reconcile_finder* finder, int parent_fd)
{
    for (size_t i = 0; i < finder->stopped_count; i++)
        if (linux_cgroup_is_same(finder->stopped[i], parent_fd))
            return true;
    return false;
}

static int find_v1(struct reconcile_finder* finder, enum linux_controller controller, struct cv_error* err)
{
    char where[NAME_SIZE];
    int  parent_fd = -1;
    int  rc        = linux_v1_find_parent(controller, NULL, &parent_fd, err);
    if (rc < 0)
        return rc == CV_ERR_NOT_FOUND ? 0 : rc;
    if (was_seen(finder, parent_fd)) {
        linux_fd_closep(&parent_fd);
        return 0;
    }
    cv_snprintf(where, sizeof(where), "%s:/containerv", linux_controller_name(controller, 1));
    return look_in(finder, parent_fd, where, err);
}

/* A plain user's are where each container notes it: those are found with the run folders. */
int reconcile_find_groups(struct reconcile_finder* finder, struct cv_error* err)
{
    int parent_fd = -1;
    if (linux_unprivileged()->active)
        return 0;
    int rc = linux_cgroup_open_parent(NULL, &parent_fd, err);
    if (rc == 0)
        rc = look_in(finder, parent_fd, "/containerv", err);
    if (rc == CV_ERR_UNSUPPORTED)
        rc = 0;
    for (int i = 0; rc == 0 && i < LINUX_CONTROLLERS; i++)
        rc = find_v1(finder, (enum linux_controller)i, err);
    return rc;
}

/* --- run folders --------------------------------------------------------------------------------------------------------------- */

/* Claims and sweeps wait for us, so a lock that is free or not there is a dead owner's. False: the folder has been taken away. */
static bool look_at_run(int run_fd, const char* name, bool* held_out)
{
    char path[NAME_SIZE];
    cv_snprintf(path, sizeof(path), "%s/lock", name);
    CV_CLEANUP(linux_fd_closep) int fd = openat(run_fd, path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && errno == ENOENT && faccessat(run_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
        return false;
    *held_out = fd < 0 ? errno != ENOENT : flock(fd, LOCK_EX | LOCK_NB) < 0;
    return true;
}

/* Where this container's group is, if not in the place of all. *parent_out stays -1 when there is none. */
static int open_noted(int folder_fd, int* parent_out, char** where_out, struct cv_error* err)
{
    CV_CLEANUP(linux_fd_closep) int root_fd = -1;
    int                             rc      = linux_cgroup_place_noted(folder_fd, where_out, err);
    if (rc == 0)
        rc = linux_mountinfo_open_cgroup2(&root_fd, err);
    else if (rc == CV_ERR_NOT_FOUND && linux_unprivileged()->active)
        return linux_delegated_open_noted(folder_fd, parent_out, err);
    return rc == 0 ? linux_cgroup_place_open(root_fd, *where_out, parent_out, err) : rc;
}

static int find_noted(struct reconcile_finder* finder, int run_fd, const char* name, struct cv_error* err)
{
    CV_CLEANUP(linux_fd_closep) int folder_fd = openat(run_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    CV_CLEANUP(linux_fd_closep) int parent_fd = -1;
    CV_CLEANUP(cv_freep) char*      where     = NULL;
    if (folder_fd < 0)
        return errno == ENOENT ? 0 : cv_error_errno(err, errno, "open the container's run folder", name);
    int rc = open_noted(folder_fd, &parent_fd, &where, err);
    if (rc == 0 && faccessat(parent_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        rc = add_group(finder, parent_fd, where != NULL ? where : "delegated", name, err);
    return rc == CV_ERR_NOT_FOUND || rc == CV_ERR_UNSUPPORTED ? 0 : rc;
}

static int found_run(
    struct reconcile_finder* finder, int run_fd, const char* path, const char* name, struct cv_error* err)
{
    struct reconcile_item item = { .kind = CV_LEFTOVER_RUN };
    if (!reconcile_id(name, prefix, item.id) || !look_at_run(run_fd, name, &item.held))
        return 0;
    int rc = add(finder, item, cv_asprintf(err, "%s/%s", path, name), err);
    return rc == 0 && !item.held ? find_noted(finder, run_fd, name, err) : rc;
}

int reconcile_find_run(struct reconcile_finder* finder, struct cv_error* err)
{
    return each_entry(finder, finder->base->run_dir, found_run, err);
}

/* --- the state folder ---------------------------------------------------------------------------------------------------------- */

/* What is not to be touched tells the truth: a record that is newer than we are, or damaged, too. */
static bool is_settled(int homes_fd, const char* id)
{
    CV_CLEANUP(linux_fd_closep) int home_fd = openat(homes_fd, id, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    struct containerv_info          info    = { .size = sizeof(info) };
    return home_fd < 0 || linux_record_read(home_fd, &info, NULL) < 0
           || !linux_record_lost(&info, cv_clock_realtime_ns());
}

static int found_home(
    struct reconcile_finder* finder, int homes_fd, const char* path, const char* name, struct cv_error* err)
{
    struct reconcile_item item = { .kind = CV_LEFTOVER_FOLDER };
    char                  record[RECONCILE_ID_SIZE + sizeof(LINUX_RECORD_FILE)];
    if (!reconcile_id(name, "", item.id) || !linux_hold_look(homes_fd, name, &item.held))
        return 0;
    cv_snprintf(record, sizeof(record), "%s/%s", item.id, LINUX_RECORD_FILE);
    if (faccessat(homes_fd, record, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? add(finder, item, cv_asprintf(err, "%s/%s", path, name), err)
                               : cv_error_errno(err, errno, "look for a record", record);
    item.kind    = CV_LEFTOVER_RECORD;
    item.settled = is_settled(homes_fd, name);
    return add(finder, item, cv_asprintf(err, "%s/%s", path, record), err);
}

int reconcile_find_homes(struct reconcile_finder* finder, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* path = cv_asprintf(err, "%s/containers", finder->base->state_dir);
    if (path == NULL)
        return CV_ERR_NO_MEMORY;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return errno == ENOENT ? 0 : cv_error_errno(err, errno, "look for leftovers", path);
    int rc = stop_in(finder, fd, err);
    return rc == 0 ? each_entry(finder, path, found_home, err) : rc;
}

static int found_trash(
    struct reconcile_finder* finder, int trash_fd, const char* path, const char* name, struct cv_error* err)
{
    struct reconcile_item item = { .kind = CV_LEFTOVER_TRASH };
    if (!reconcile_trash_id(name, item.id) || !linux_hold_look(trash_fd, name, &item.held)) /* by who deletes it */
        return 0;
    return add(finder, item, cv_asprintf(err, "%s/%s", path, name), err);
}

int reconcile_find_trash(struct reconcile_finder* finder, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* path = cv_asprintf(err, "%s/trash", finder->base->state_dir);
    return path != NULL ? each_entry(finder, path, found_trash, err) : CV_ERR_NO_MEMORY;
}

/* --- network devices ----------------------------------------------------------------------------------------------------------- */

static int look_at_link(
    struct reconcile_finder* finder, struct linux_netlink* netlink, const char* name, struct cv_error* err)
{
    struct reconcile_item item = { .kind = CV_LEFTOVER_LINK };
    char                  alias[ALIAS_SIZE], expected[LINUX_NET_NAME_SIZE];
    uint32_t              index = 0;
    int                   rc    = linux_netlink_find_link(netlink, name, &index, alias, sizeof(alias), err);
    if (rc < 0)
        return rc == CV_ERR_NOT_FOUND ? 0 : rc;
    if (!reconcile_id(alias, LINUX_NET_ALIAS_PREFIX, item.id))
        return 0;
    linux_net_host_name(item.id, expected);
    return strcmp(name, expected) == 0 ? add(finder, item, cv_strdup(name, err), err) : 0;
}

static int look_at_links(struct reconcile_finder* finder, const struct if_nameindex* links, struct cv_error* err)
{
    CV_CLEANUP(linux_netlink_freep) struct linux_netlink* netlink = NULL;
    int                                                   rc      = linux_netlink_new(&netlink, err);
    for (; rc == 0 && links->if_name != NULL; links++)
        if (strncmp(links->if_name, "cv", 2) == 0)
            rc = look_at_link(finder, netlink, links->if_name, err);
    return rc;
}

int reconcile_find_links(struct reconcile_finder* finder, struct cv_error* err)
{
    if (linux_unprivileged()->active) /* only root makes them */
        return 0;
    struct if_nameindex* links = if_nameindex();
    if (links == NULL)
        return cv_error_errno(err, errno, "list the network devices", NULL);
    int rc = look_at_links(finder, links, err);
    if_freenameindex(links);
    return rc;
}
