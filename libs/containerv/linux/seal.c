#include "linux/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cv/str.h>

#include "linux/fd.h"
#include "linux/setup.h"
#include "linux/unprivileged.h"

static const char* const map_files[] = { "1/uid_map", "1/gid_map" };

/* The new namespace's maps can only be written from the one outside: by a child that stayed there. */
static int write_maps(int proc_fd, uint32_t ids, const char** failed_out)
{
    char                             text[64];
    const struct linux_unprivileged* ours = linux_unprivileged();
    const char* const texts[] = { ours->active ? ours->uid_map : text, ours->active ? ours->gid_map : text };
    cv_snprintf(text, sizeof(text), "0 0 %u\n", ids);
    for (unsigned i = 0; i < 2; i++) {
        CV_CLEANUP(linux_fd_closep) int fd = openat(proc_fd, map_files[i], O_WRONLY | O_CLOEXEC);
        *failed_out                        = map_files[i];
        if (fd < 0 || write(fd, texts[i], strlen(texts[i])) < 0)
            return errno;
    }
    return 0;
}

static _Noreturn void helper(int socket_fd, int proc_fd, uint32_t ids)
{
    char        word;
    const char* failed = NULL;
    if (read(socket_fd, &word, 1) != 1)
        _exit(1);
    int number = write_maps(proc_fd, ids, &failed);
    _exit(number & 0x7f);
}

static unsigned long sealed_namespaces(const struct linux_setup* setup)
{
    unsigned long wanted = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;
    return wanted & linux_namespace_flags(setup->spec);
}

static int enter(const struct linux_setup* setup, int socket_fd, pid_t child, struct cv_error* err)
{
    int status = 0;
    int rc     = 0;
    if (unshare((int)sealed_namespaces(setup)) < 0)
        rc = cv_error_errno(err, errno, "lock the container's mounts in a further user namespace", NULL);
    /* the map files belong to the host's root while we are not dumpable; nobody but the helper is here yet to make use of it */
    if (rc == 0 && prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0)
        rc = cv_error_errno(err, errno, "let the helper reach the id maps", NULL);
    if (rc == 0 && write(socket_fd, "", 1) != 1)
        rc = cv_error_errno(err, errno, "have the further user namespace's ids mapped", NULL);
    shutdown(socket_fd, SHUT_RDWR);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    if (rc == 0 && (!WIFEXITED(status) || WEXITSTATUS(status) != 0))
        rc = cv_error_errno(
            err, WIFEXITED(status) ? WEXITSTATUS(status) : EINTR, "map the ids of the further user namespace", NULL);
    if (rc == 0 && (linux_unprivileged_setgroups(0, NULL) < 0 || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0))
        rc = cv_error_errno(err, errno, "become root in the further user namespace", NULL);
    return rc == 0 ? linux_pid1_protect(err) : rc;
}

int linux_seal(const struct linux_setup* setup, struct cv_error* err)
{
    int                             pair[2];
    CV_CLEANUP(linux_fd_closep) int proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (proc_fd < 0)
        return cv_error_errno(err, errno, "open the container's /proc", NULL);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return cv_error_errno(err, errno, "make a socket pair", NULL);
    CV_CLEANUP(linux_fd_closep) int ours   = pair[0];
    CV_CLEANUP(linux_fd_closep) int theirs = pair[1];
    pid_t                           child  = fork();
    if (child == 0) {
        close(ours);
        helper(theirs, proc_fd, setup->ids);
    }
    if (child < 0)
        return cv_error_errno(err, errno, "start the helper that maps ids", NULL);
    return enter(setup, ours, child, err);
}
