#include "linux/userns.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cv/str.h>

#include "linux/fd.h"
#include "linux/idrange.h"
#include "linux/syscalls.h"
#include "linux/unprivileged.h"

static int write_map(pid_t pid, const char* file, const char* text, struct cv_error* err)
{
    char path[64];
    cv_snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
    CV_CLEANUP(linux_fd_closep) int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, text, strlen(text)) < 0) {
        cv_error_errno(err, errno, "write the id map of the user namespace", path);
        return cv_error_hint(err, "the map was \"%s\"", text);
    }
    return 0;
}

int linux_userns_map(pid_t pid, const struct linux_idrange* range, struct cv_error* err)
{
    char                             text[64];
    const struct linux_unprivileged* ours = linux_unprivileged();
    cv_snprintf(text, sizeof(text), "0 %u %u\n", range->base, range->size);
    int rc = write_map(pid, "uid_map", ours->active ? ours->uid_map : text, err);
    return rc == 0 ? write_map(pid, "gid_map", ours->active ? ours->gid_map : text, err) : rc;
}

int linux_userns_owner_map(uint32_t owner, const struct linux_idrange* range, char* text, size_t size)
{
    uint32_t last = range->size - 1;
    if (owner == 0)
        return cv_snprintf(text, size, "0 %u %u\n", range->base, range->size);
    if (owner > last)
        return cv_snprintf(text, size, "%u %u 1\n1 %u %u\n", owner, range->base, range->base + 1, last);
    if (owner == 1)
        return cv_snprintf(text, size, "1 %u 1\n2 %u %u\n", range->base, range->base + 2, last - 1);
    if (owner == last)
        return cv_snprintf(text, size, "%u %u 1\n1 %u %u\n", owner, range->base, range->base + 1, last - 1);
    return cv_snprintf(text, size, "%u %u 1\n1 %u %u\n%u %u %u\n", owner, range->base, range->base + 1, owner - 1,
        owner + 1, range->base + owner + 1, last - owner);
}

static int open_userns(pid_t pid, int* fd_out, struct cv_error* err)
{
    char path[64];
    cv_snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)pid);
    *fd_out = open(path, O_RDONLY | O_CLOEXEC);
    return *fd_out < 0 ? cv_error_errno(err, errno, "open the user namespace", path) : 0;
}

static int make_userns(const char* uid_map, const char* gid_map, int* userns_fd_out, struct cv_error* err)
{
    struct clone_args args = { .flags = CLONE_NEWUSER, .exit_signal = SIGCHLD };
    pid_t             pid  = sys_clone3(&args);
    if (pid == 0)
        for (;;)
            pause(); /* it only holds the namespace until the map is in a descriptor */
    if (pid < 0)
        return cv_error_errno(err, errno, "make a user namespace for an id map", NULL);
    int rc = write_map(pid, "uid_map", uid_map, err);
    if (rc == 0)
        rc = write_map(pid, "gid_map", gid_map, err);
    if (rc == 0)
        rc = open_userns(pid, userns_fd_out, err);
    kill(pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    return rc;
}

int linux_userns_for_owner(
    uint32_t uid, uint32_t gid, const struct linux_idrange* range, int* userns_fd_out, struct cv_error* err)
{
    char uid_map[128], gid_map[128];
    linux_userns_owner_map(uid, range, uid_map, sizeof(uid_map));
    linux_userns_owner_map(gid, range, gid_map, sizeof(gid_map));
    return make_userns(uid_map, gid_map, userns_fd_out, err);
}

static void print_maps(const struct cv_spec_id_maps* maps, struct cv_str* text)
{
    for (size_t i = 0; i < maps->count; i++)
        cv_str_printf(text, "%u %u %u\n", maps->items[i].container_id, maps->items[i].host_id, maps->items[i].size);
}

int linux_userns_for_maps(
    const struct cv_spec_id_maps* uids, const struct cv_spec_id_maps* gids, int* userns_fd_out, struct cv_error* err)
{
    CV_CLEANUP(cv_str_release) struct cv_str uid_map = { 0 };
    CV_CLEANUP(cv_str_release) struct cv_str gid_map = { 0 };
    print_maps(uids, &uid_map);
    print_maps(gids, &gid_map);
    if (uid_map.failed || gid_map.failed)
        return cv_error_no_memory(err);
    return make_userns(uid_map.text, gid_map.text, userns_fd_out, err);
}
