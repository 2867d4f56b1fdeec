/* What a program may use, and how the kernel treats it: resource limits and the like. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cv/str.h>

#include "linux/exec-internal.h"
#include "linux/fd.h"
#include "linux/syscalls.h"

static const struct {
    const char* name;
    int         number;
} resources[] = {
    { "RLIMIT_AS", RLIMIT_AS },
    { "RLIMIT_CORE", RLIMIT_CORE },
    { "RLIMIT_CPU", RLIMIT_CPU },
    { "RLIMIT_DATA", RLIMIT_DATA },
    { "RLIMIT_FSIZE", RLIMIT_FSIZE },
    { "RLIMIT_LOCKS", RLIMIT_LOCKS },
    { "RLIMIT_MEMLOCK", RLIMIT_MEMLOCK },
    { "RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE },
    { "RLIMIT_NICE", RLIMIT_NICE },
    { "RLIMIT_NOFILE", RLIMIT_NOFILE },
    { "RLIMIT_NPROC", RLIMIT_NPROC },
    { "RLIMIT_RSS", RLIMIT_RSS },
    { "RLIMIT_RTPRIO", RLIMIT_RTPRIO },
    { "RLIMIT_RTTIME", RLIMIT_RTTIME },
    { "RLIMIT_SIGPENDING", RLIMIT_SIGPENDING },
    { "RLIMIT_STACK", RLIMIT_STACK },
};

static int set_rlimit(const struct cv_spec_rlimit* limit, struct cv_error* err)
{
    struct rlimit value = { .rlim_cur = limit->soft, .rlim_max = limit->hard };
    for (size_t i = 0; i < CV_ARRAY_LEN(resources); i++) {
        if (strcmp(resources[i].name, limit->type) != 0)
            continue;
        if (setrlimit((__rlimit_resource_t)resources[i].number, &value) == 0)
            return 0;
        cv_error_errno(err, errno, "set the resource limit", limit->type);
        return cv_error_hint(err, "a hard limit above containerv's own needs CAP_SYS_RESOURCE on the host");
    }
    return cv_error_set(err, CV_ERR_INVALID, "resource limit '%s' is not known", limit->type);
}

static int set_oom_score(int64_t value, struct cv_error* err)
{
    char text[32];
    CV_CLEANUP(linux_fd_closep)
    int fd = sys_openat2(AT_FDCWD, "/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC, 0, RESOLVE_NO_MAGICLINKS);
    cv_snprintf(text, sizeof(text), "%lld", (long long)value);
    if (fd < 0 || write(fd, text, strlen(text)) < 0)
        return cv_error_errno(err, errno, "set the out-of-memory score", text);
    return 0;
}

/* Our default where no cgroup counts processes: for each user of the container by itself, which is weaker. */
static int set_default_processes(const struct cv_spec_process* process, uint64_t processes, struct cv_error* err)
{
    struct rlimit value = { .rlim_cur = 0 };
    for (size_t i = 0; i < process->rlimits.count; i++)
        if (strcmp(process->rlimits.items[i].type, "RLIMIT_NPROC") == 0)
            return 0;
    if (processes == 0 || getrlimit(RLIMIT_NPROC, &value) < 0 || value.rlim_max <= processes)
        return 0;
    value.rlim_cur = value.rlim_max = processes;
    return setrlimit(RLIMIT_NPROC, &value) < 0 ? cv_error_errno(err, errno, "set the resource limit", "RLIMIT_NPROC")
                                               : 0;
}

int linux_exec_limits(const struct cv_spec_process* process, uint64_t processes, struct cv_error* err)
{
    int rc = process->oom_score_adj.set ? set_oom_score(process->oom_score_adj.value, err) : 0;
    if (rc == 0)
        rc = set_default_processes(process, processes, err);
    for (size_t i = 0; rc == 0 && i < process->rlimits.count; i++)
        rc = set_rlimit(&process->rlimits.items[i], err);
    umask(process->user.umask.set ? (mode_t)process->user.umask.value : 022);
    return rc;
}
