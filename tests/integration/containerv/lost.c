#include "lost.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct owner {
    pid_t guardian;
    char  id[LOST_ID];
};

int lost_groups(const char* name)
{
    char  command[256], line[512];
    int   count = 0;
    FILE* found;
    snprintf(command, sizeof(command), "find /sys/fs/cgroup -type d -name '%s'", name);
    found = popen(command, "re");
    assert_non_null(found);
    while (fgets(line, sizeof(line), found) != NULL)
        count++;
    pclose(found);
    return count;
}

/* 0: it has ended. */
static pid_t parent_of(pid_t pid)
{
    char  path[64], line[256];
    pid_t parent = 0;
    FILE* file;
    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL)
        if (strncmp(line, "PPid:", 5) == 0)
            parent = (pid_t)strtol(line + 5, NULL, 10);
    if (file != NULL)
        fclose(file);
    return parent;
}

/* Tells who it is, and waits for its end. */
static _Noreturn void own_container(const struct containerv_options* options, int tell)
{
    struct containerv_container*   container = NULL;
    struct containerv_process_info first;
    struct owner                   owner = { .guardian = 0 };
    size_t                         there = 0;
    if (containerv_create(suite_rootfs(), options, &container) != 0
        || containerv_processes(container, &first, 1, &there) != 0 || there != 1)
        _exit(1);
    owner.guardian = parent_of((pid_t)first.pid); /* of its PID 1 */
    snprintf(owner.id, sizeof(owner.id), "%s", containerv_id(container));
    if (owner.guardian == 0 || write(tell, &owner, sizeof(owner)) != sizeof(owner))
        _exit(2);
    for (;;)
        pause();
}

void lost_container(struct containerv_options* options, char id_out[LOST_ID])
{
    int          ends[2];
    struct owner owner;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t pid = fork();
    if (pid == 0)
        own_container(options, ends[1]);
    containerv_options_delete(options);
    close(ends[1]);
    assert_int_equal(read(ends[0], &owner, sizeof(owner)), sizeof(owner));
    close(ends[0]);
    int guardian = (int)syscall(SYS_pidfd_open, owner.guardian, 0);
    assert_true(guardian >= 0);
    kill(owner.guardian, SIGKILL);
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_int_equal(poll(&(struct pollfd){ .fd = guardian, .events = POLLIN }, 1, 10000), 1);
    close(guardian);
    memcpy(id_out, owner.id, LOST_ID);
}
