#include "linux/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cv/handle.h>
#include <cv/str.h>

#include "linux/cgroup-file.h"
#include "linux/cgroup-place.h"
#include "linux/limits-v1.h"

#include <cv/banned.h>

enum { LEVELS_MAX = 64, LIST_SIZE = 1024, FILE_SIZE = 1536 };

#define EMPTY_GROUP                                                                                                    \
    {                                                                                                                  \
        -1, -1, -1, false                                                                                              \
    }

void linux_limits_init(struct linux_limits* limits)
{
    *limits = (struct linux_limits){ .group_count = 0 };
    for (int i = 0; i < LINUX_CONTROLLERS; i++)
        limits->of[i] = -1;
    for (int i = 0; i < LINUX_LIMITS_GROUPS; i++)
        limits->groups[i] = (struct linux_limits_group)EMPTY_GROUP;
}

static void close_group(struct linux_limits_group* group)
{
    cv_handle_closep(&group->parent_fd);
    cv_handle_closep(&group->group_fd);
    cv_handle_closep(&group->tasks_fd);
    *group = (struct linux_limits_group)EMPTY_GROUP;
}

void linux_limits_release(struct linux_limits* limits)
{
    for (size_t i = 0; i < limits->group_count; i++)
        close_group(&limits->groups[i]);
    linux_limits_init(limits);
}

/* --- version 2 ----------------------------------------------------------------------------------------------------------------- */

static bool has_word(const char* list, const char* word)
{
    size_t length = strlen(word);
    for (const char* at = list; (at = strstr(at, word)) != NULL; at += length)
        if ((at == list || at[-1] == ' ') && strchr(" \n", at[length]) != NULL)
            return true;
    return false;
}

/* The group above, CV_ERR_NOT_FOUND when this is the root of the tree. */
static int open_above(int fd, int* above_out, struct cv_error* err)
{
    struct statfs                    fs;
    CV_CLEANUP(cv_handle_closep) int above = openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (above < 0 || fstatfs(above, &fs) < 0)
        return cv_error_errno(err, errno, "open the cgroup above", NULL);
    if (fs.f_type != CGROUP2_SUPER_MAGIC)
        return cv_error_set(err, CV_ERR_NOT_FOUND, "there is no cgroup above the root of the tree");
    *above_out = CV_STEAL_HANDLE(above);
    return 0;
}

/* The controllers that the root of the tree has, as far up as we can see. */
static int look_at_tree(struct linux_limits* limits, int group_fd, struct cv_error* err)
{
    CV_CLEANUP(cv_handle_closep) int top = CV_HANDLE_NONE;
    if (limits->tree[0] != '\0')
        return 0;
    for (int fd = group_fd, level = 0; level < LEVELS_MAX; level++) {
        int above = CV_HANDLE_NONE;
        int rc    = open_above(fd, &above, err);
        if (rc == CV_ERR_NOT_FOUND)
            break;
        if (rc < 0)
            return rc;
        cv_handle_closep(&top);
        fd = top = above;
    }
    int rc =
        linux_cgroup_read(top >= 0 ? top : group_fd, "cgroup.controllers", limits->tree, sizeof(limits->tree), err);
    if (rc == 0 && limits->tree[0] == '\0')
        limits->tree[0] = '\n';
    return rc;
}

/* The kernel's root has no type, and may hand controllers on in any case. */
static bool may_hand_on(int group_fd)
{
    char text[2];
    if (faccessat(group_fd, "cgroup.type", F_OK, 0) < 0)
        return true;
    return linux_cgroup_read(group_fd, "cgroup.procs", text, sizeof(text), NULL) == 0 && text[0] == '\0';
}

/* A group's file by its whole path where that fits: whose group it is, is not said by the name alone. */
static void name_file(int group_fd, const char* name, char file[FILE_SIZE])
{
    char    link[64];
    ssize_t length;
    cv_snprintf(link, sizeof(link), "/proc/self/fd/%d", group_fd);
    length = readlink(link, file, FILE_SIZE);
    if (length <= 0 || (size_t)length + strlen(name) + 2 > FILE_SIZE) {
        cv_snprintf(file, FILE_SIZE, "%s", name);
        return;
    }
    cv_snprintf(file + length, FILE_SIZE - (size_t)length, "/%s", name);
}

/*
 * A group that has processes can't hand on all controllers. Some it can, and is a threaded one then, below which no container can be started:
 * so that isn't even tried.
 */
static int switch_on(int group_fd, const char* name, struct cv_error* err)
{
    struct cv_error own = CV_ERROR_INIT;
    char            word[32], file[FILE_SIZE];
    cv_snprintf(word, sizeof(word), "+%s", name);
    if (!may_hand_on(group_fd))
        own.number = EBUSY;
    else if (linux_cgroup_write(group_fd, "cgroup.subtree_control", word, &own) == 0)
        return 0;
    name_file(group_fd, "cgroup.subtree_control", file);
    cv_error_errno(err, own.number, "write to the cgroup", file);
    cv_error_wrap(err, "switch on the controller '%s' of cgroup version 2", name);
    return err != NULL && err->number == EBUSY ? cv_error_hint(
               err, "a group that has processes can't hand controllers on: move them to a group of their own")
           : err != NULL ? err->code
                         : CV_ERR_SYSTEM;
}

static int no_such(const char* name, struct cv_error* err)
{
    return cv_error_set(err, CV_ERR_NOT_FOUND, "cgroup version 2 has no controller '%s' here", name);
}

/* The group has the controller when all above it hand it on. CV_ERR_NOT_FOUND: the tree's root has it not. */
static int enable(int group_fd, const char* name, unsigned level, struct cv_error* err)
{
    char                             list[LIST_SIZE];
    CV_CLEANUP(cv_handle_closep) int above = CV_HANDLE_NONE;
    int                              rc    = linux_cgroup_read(group_fd, "cgroup.controllers", list, sizeof(list), err);
    if (rc < 0 || has_word(list, name))
        return rc;
    rc = level < LEVELS_MAX ? open_above(group_fd, &above, err) : CV_ERR_NOT_FOUND;
    if (rc < 0)
        return rc == CV_ERR_NOT_FOUND ? no_such(name, err) : rc;
    rc = enable(above, name, level + 1, err);
    return rc == 0 ? switch_on(above, name, err) : rc;
}

static int enable_in(struct linux_limits* limits, enum linux_controller controller, int group_fd, struct cv_error* err)
{
    const char* name = linux_controller_name(controller, 2);
    if (group_fd < 0)
        return cv_error_set(err, CV_ERR_NOT_FOUND, "there is no group of cgroup version 2");
    if (controller == LINUX_CONTROLLER_CORE) {
        limits->version[controller] = 2;
        return 0;
    }
    int rc = look_at_tree(limits, group_fd, err);
    if (rc < 0)
        return rc;
    rc = name != NULL && has_word(limits->tree, name)
             ? enable(group_fd, name, 0, err)
             : no_such(name != NULL ? name : linux_controller_name(controller, 1), err);
    if (rc == 0)
        limits->version[controller] = 2;
    return rc;
}

int linux_limits_look(struct linux_limits* limits, int group_fd, struct cv_error* err)
{
    char list[LIST_SIZE];
    int  rc = linux_cgroup_read(group_fd, "cgroup.controllers", list, sizeof(list), err);
    for (int i = 0; rc == 0 && i < LINUX_CONTROLLERS; i++) {
        const char* name = linux_controller_name((enum linux_controller)i, 2);
        if (name != NULL && limits->version[i] == 0 && has_word(list, name))
            limits->version[i] = 2;
    }
    return rc;
}

/* --- version 1 ----------------------------------------------------------------------------------------------------------------- */

static int make_v1(struct linux_limits* limits, enum linux_controller controller, const char* id, struct cv_error* err)
{
    CV_CLEANUP(cv_handle_closep) int parent = CV_HANDLE_NONE;
    int                              rc     = linux_v1_open_parent(controller, limits->place, &parent, err);
    for (size_t i = 0; rc == 0 && i < limits->group_count; i++)
        if (linux_cgroup_is_same(limits->groups[i].parent_fd, parent)) {
            limits->of[controller] = (int)i;
            return 0;
        }
    if (rc < 0)
        return rc;
    rc = linux_v1_create(parent, id, &limits->groups[limits->group_count], err);
    if (rc < 0) {
        if (limits->place != NULL)
            (void)linux_cgroup_place_leave(parent, limits->place, NULL);
        return rc;
    }
    (void)CV_STEAL_HANDLE(parent);
    limits->of[controller] = (int)limits->group_count++;
    return 0;
}

/* The group in the hierarchy that has the controller, made when it is not there; several may be in one hierarchy. */
static int find_v1(struct linux_limits* limits, enum linux_controller controller, const char* id, struct cv_error* err)
{
    int rc = make_v1(limits, controller, id, err);
    for (int i = 1; rc < 0 && limits->place != NULL && i < LINUX_CGROUP_PLACE_TRIES && linux_cgroup_place_vanished(err);
         i++)
        rc = make_v1(limits, controller, id, err);
    return rc;
}

/* --- both ---------------------------------------------------------------------------------------------------------------------- */

static int no_controller(enum linux_controller controller, struct cv_error* err)
{
    const char* name = linux_controller_name(controller, 2);
    if (name == NULL)
        name = linux_controller_name(controller, 1);
    cv_error_set(err, CV_ERR_UNSUPPORTED, "this host has the controller '%s' in neither version of cgroups", name);
    cv_error_step(err, "find a controller of cgroups");
    cv_error_object(err, "%s", name);
    return cv_error_hint(err, "look at /proc/cgroups; the kernel's command line may have cgroup_disable=%s", name);
}

/* Which version has the controller; for version 1 with a group in it. `wanted`: make what is missing. CV_ERR_NOT_FOUND: nowhere. */
static int find(struct linux_limits* limits, enum linux_controller controller, int group_fd, const char* id,
    bool wanted, struct cv_error* err)
{
    if (limits->version[controller] == 2 || limits->of[controller] >= 0)
        return 0;
    int rc = enable_in(limits, controller, group_fd, err);
    if (rc != CV_ERR_NOT_FOUND || !wanted)
        return rc;
    rc = limits->complete ? CV_ERR_NOT_FOUND : find_v1(limits, controller, id, err);
    if (rc == 0)
        limits->version[controller] = 1;
    return rc == CV_ERR_NOT_FOUND ? no_controller(controller, err) : rc;
}

static int place_of(const struct linux_limits* limits, enum linux_controller controller, int group_fd)
{
    return limits->version[controller] == 2 ? group_fd : limits->groups[limits->of[controller]].group_fd;
}

static int no_file(const struct linux_limit* limit, struct cv_error* err)
{
    if (limit->file[0] == '\0')
        cv_error_set(err, CV_ERR_UNSUPPORTED, "version %d of cgroups, which has '%s' here, can't do that",
            limit->version, linux_controller_name(limit->controller, limit->version));
    else
        cv_error_set(err, CV_ERR_UNSUPPORTED, "this kernel has no %s", limit->file);
    cv_error_step(err, "set a limit");
    return cv_error_object(err, "%s", limit->file);
}

struct apply {
    struct linux_limits*            limits;
    const struct linux_limits_plan* plan;
    int                             group_fd;
    const char*                     id;
    bool*                           again;  /* entries that may be taken after others */
    bool                            passed; /* the entry before counted, and this one stands in for it */
};

static bool is_missing(int rc, const struct cv_error* err)
{
    return rc == CV_ERR_NOT_FOUND || rc == CV_ERR_UNSUPPORTED || err->number == EOPNOTSUPP;
}

static int write_one(struct apply* apply, const struct linux_limit* limit, struct cv_error* err)
{
    if (limit->file[0] == '\0')
        return limit->optional ? 0 : no_file(limit, err);
    int rc =
        linux_cgroup_write(place_of(apply->limits, limit->controller, apply->group_fd), limit->file, limit->value, err);
    if (rc < 0 && is_missing(rc, err) && (limit->or_next || limit->optional)) {
        apply->passed = false;
        return 0;
    }
    apply->passed = limit->or_next;
    return rc == CV_ERR_NOT_FOUND ? no_file(limit, err) : rc;
}

/* One that stands in for the entry before it, when that had its file. */
static bool is_spare(const struct apply* apply, size_t index)
{
    return index > 0 && apply->plan->items[index - 1].or_next && apply->passed;
}

/* Version 2 takes CPUs that are not there, and then goes by those of the group above. */
static int check_set(const struct apply* apply, const struct linux_limit* limit, struct cv_error* err)
{
    char file[LINUX_LIMIT_FILE_SIZE], there[LIST_SIZE];
    if (limit->controller != LINUX_CONTROLLER_CPUSET || limit->version != 2)
        return 0;
    cv_snprintf(file, sizeof(file), "%s.effective", limit->file);
    int rc = linux_cgroup_read(apply->group_fd, file, there, sizeof(there), err);
    if (rc < 0 || linux_number_list_within(limit->value, there))
        return rc;
    there[strcspn(there, "\n")] = '\0';
    cv_error_set(err, CV_ERR_INVALID, "not all are there, but %s", there);
    cv_error_step(err, "set a limit");
    return cv_error_object(err, "%s", limit->file);
}

/* A value that the kernel refuses is a wrong argument, whatever number it has for it. */
static int refused(const struct linux_limit* limit, struct cv_error* err)
{
    if (err->number == EINVAL || err->number == ERANGE)
        err->code = CV_ERR_INVALID;
    return cv_error_wrap(err, "%s, %s", limit->what, limit->value);
}

/* This host keeps us from it, by what it has or by how it is set up: all else is a failure, also of what was not asked for. */
static bool is_withheld(int rc, const struct cv_error* err)
{
    return is_missing(rc, err) || rc == CV_ERR_PERMISSION || err->number == EBUSY || err->number == EROFS;
}

int linux_limits_count(struct linux_limits* limits, int group_fd, struct cv_error* err)
{
    static const enum linux_controller counting[] = { LINUX_CONTROLLER_MEMORY, LINUX_CONTROLLER_CPU,
        LINUX_CONTROLLER_IO, LINUX_CONTROLLER_PIDS };
    for (size_t i = 0; i < CV_ARRAY_LEN(counting); i++) {
        int rc = limits->version[counting[i]] == 0 ? enable_in(limits, counting[i], group_fd, err) : 0;
        if (rc < 0 && !is_withheld(rc, err))
            return cv_error_wrap(err, "have the container's use counted");
    }
    return 0;
}

static int apply_one(struct apply* apply, size_t index, bool last_try, struct cv_error* err)
{
    const struct linux_limit* limit = &apply->plan->items[index];
    int rc = find(apply->limits, limit->controller, apply->group_fd, apply->id, !limit->optional, err);
    if (rc < 0)
        return limit->optional && is_withheld(rc, err) ? 0 : cv_error_wrap(err, "%s", limit->what);
    if (limit->version != apply->limits->version[limit->controller] || is_spare(apply, index))
        return 0;
    rc = write_one(apply, limit, err);
    if (rc < 0 && err->number == EINVAL && !last_try) {
        apply->again[index] = true;
        return 0;
    }
    if (rc == 0)
        rc = check_set(apply, limit, err);
    return rc < 0 ? refused(limit, err) : 0;
}

/* Some values are only taken when another one has changed (memory beside memory with swap): a second round after all others. */
static int apply_all(struct apply* apply, struct cv_error* err)
{
    int rc = 0;
    for (size_t i = 0; i < apply->plan->count && rc == 0; i++)
        rc = apply_one(apply, i, false, err);
    for (size_t i = 0; i < apply->plan->count && rc == 0; i++)
        if (apply->again[i])
            rc = apply_one(apply, i, true, err);
    return rc;
}

int linux_limits_apply(struct linux_limits* limits, const struct linux_limits_plan* plan, int group_fd, const char* id,
    struct cv_error* err)
{
    struct cv_error            own   = CV_ERROR_INIT;
    CV_CLEANUP(cv_freep) bool* again = calloc(plan->count + 1, sizeof(*again));
    struct apply apply = { .limits = limits, .plan = plan, .group_fd = group_fd, .id = id, .again = again };
    if (again == NULL)
        return cv_error_no_memory(err);
    return apply_all(&apply, err != NULL ? err : &own);
}

static int write_text(int fd, const char* text)
{
    ssize_t written;
    do
        written = write(fd, text, strlen(text));
    while (written < 0 && errno == EINTR);
    return written < 0 ? errno : 0;
}

/* By "tasks": a thread that moves itself needs no lock of all forks and exits of the machine, which would take milliseconds to get. */
int linux_limits_join(const struct linux_limits* limits, struct cv_error* err)
{
    for (size_t i = 0; i < limits->group_count; i++) {
        int number = write_text(limits->groups[i].tasks_fd, "0");
        if (number != 0)
            return cv_error_errno(err, number, "go into the cgroup of the container's limits", NULL);
    }
    return 0;
}

int linux_limits_move(const struct linux_limits* limits, pid_t pid, struct cv_error* err)
{
    char text[16];
    cv_snprintf(text, sizeof(text), "%d", (int)pid);
    for (size_t i = 0; i < limits->group_count; i++) {
        struct cv_error own = CV_ERROR_INIT;
        if (!limits->groups[i].fresh || linux_cgroup_write(limits->groups[i].group_fd, "cgroup.procs", text, &own) == 0
            || own.number == ESRCH)
            continue;
        if (err != NULL)
            *err = own;
        return own.code;
    }
    return 0;
}

bool linux_limits_has_fresh(const struct linux_limits* limits)
{
    for (size_t i = 0; i < limits->group_count; i++)
        if (limits->groups[i].fresh)
            return true;
    return false;
}

void linux_limits_moved(struct linux_limits* limits)
{
    for (size_t i = 0; i < limits->group_count; i++)
        limits->groups[i].fresh = false;
}

int linux_limits_remove(struct linux_limits* limits, const char* id, struct cv_error* err)
{
    int rc = 0;
    for (size_t i = 0; i < limits->group_count && !limits->complete; i++) {
        int one = linux_v1_remove(limits->groups[i].parent_fd, id, rc == 0 ? err : NULL);
        if (one == 0 && limits->place != NULL)
            one = linux_cgroup_place_leave(limits->groups[i].parent_fd, limits->place, rc == 0 ? err : NULL);
        rc = rc == 0 ? one : rc;
    }
    return rc;
}

int linux_limits_sweep(const char* id, const char* place, struct cv_error* err)
{
    int rc = 0;
    for (int i = 0; i < LINUX_CONTROLLERS && rc == 0; i++) {
        enum linux_controller            controller = (enum linux_controller)i;
        CV_CLEANUP(cv_handle_closep) int parent     = CV_HANDLE_NONE;
        rc                                          = linux_v1_find_parent(controller, place, &parent, err);
        if (rc == 0)
            rc = linux_v1_sweep(parent, id, err);
        if ((rc == 0 || rc == CV_ERR_NOT_FOUND) && place != NULL)
            rc = linux_v1_sweep_place(controller, place, err);
        if (rc == CV_ERR_NOT_FOUND)
            rc = 0;
    }
    return rc;
}

int linux_limits_device(const char* path, unsigned* major_out, unsigned* minor_out, struct cv_error* err)
{
    struct stat info;
    if (stat(path, &info) < 0)
        return cv_error_errno(err, errno, "look at the device of an I/O limit", path);
    if (!S_ISBLK(info.st_mode)) {
        cv_error_set(err, CV_ERR_INVALID, "'%s' is no block device", path);
        cv_error_step(err, "look at the device of an I/O limit");
        return cv_error_object(err, "%s", path);
    }
    *major_out = major(info.st_rdev);
    *minor_out = minor(info.st_rdev);
    return 0;
}
