/* What a program may use, and how the kernel treats it: resource limits and the like. */
#include <errno.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cv/str.h>

#include "linux/exec-internal.h"
#include "linux/lsm.h"
#include "linux/procself.h"
#include "linux/schedule.h"

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

static int resource_number(const char* type)
{
    for (size_t i = 0; i < CV_ARRAY_LEN(resources); i++)
        if (strcmp(resources[i].name, type) == 0)
            return resources[i].number;
    return -1;
}

static int set_rlimit(const struct cv_spec_rlimit* limit, struct cv_error* err)
{
    struct rlimit value  = { .rlim_cur = limit->soft, .rlim_max = limit->hard };
    int           number = resource_number(limit->type);
    if (number < 0)
        return cv_error_set(err, CV_ERR_INVALID, "resource limit '%s' is not known", limit->type);
    if (setrlimit((__rlimit_resource_t)number, &value) == 0)
        return 0;
    cv_error_errno(err, errno, "set the resource limit", limit->type);
    return cv_error_hint(err, "a hard limit above containerv's own needs CAP_SYS_RESOURCE on the host");
}

void linux_exec_raise_limits(pid_t pid, const struct cv_spec_process* process)
{
    for (size_t i = 0; i < process->rlimits.count; i++) {
        const struct cv_spec_rlimit* limit  = &process->rlimits.items[i];
        struct rlimit                value  = { 0 };
        int                          number = resource_number(limit->type);
        if (number < 0 || prlimit(pid, (__rlimit_resource_t)number, NULL, &value) < 0 || value.rlim_max >= limit->hard)
            continue;
        value.rlim_max = limit->hard;
        (void)prlimit(pid, (__rlimit_resource_t)number, &value, NULL);
    }
}

/* A process that nobody may look into has files in /proc that belong to the host's root: a plain user can't write to his own. */
static int write_shown(const char* file, const char* text)
{
    if (prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0)
        return -1;
    int rc     = linux_procself_write(file, text);
    int number = errno;
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        return -1;
    errno = number;
    return rc;
}

int linux_exec_oom_score(const struct cv_spec_process* process, bool unseen, struct cv_error* err)
{
    static const char file[] = "oom_score_adj";
    char              text[32];
    if (!process->oom_score_adj.set)
        return 0;
    cv_snprintf(text, sizeof(text), "%lld", (long long)process->oom_score_adj.value);
    int rc = linux_procself_write(file, text);
    if (rc < 0 && errno == EACCES && unseen)
        rc = write_shown(file, text);
    if (rc == 0)
        return 0;
    rc = cv_error_errno(err, errno, "set the out-of-memory score", text);
    return rc != CV_ERR_PERMISSION
               ? rc
               : cv_error_hint(err, "one below the caller's own needs CAP_SYS_RESOURCE on the host");
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
    int rc = set_default_processes(process, processes, err);
    for (size_t i = 0; rc == 0 && i < process->rlimits.count; i++)
        rc = set_rlimit(&process->rlimits.items[i], err);
    umask(process->user.umask.set ? (mode_t)process->user.umask.value : 022);
    return rc;
}

static int set_personality(const struct cv_spec* spec, struct cv_error* err)
{
    static const struct {
        const char*   domain;
        unsigned long value;
    } domains[] = { { "LINUX", PER_LINUX }, { "LINUX32", PER_LINUX32 } };
    if (!spec->linux_.personality.set)
        return 0;
    for (size_t i = 0; i < CV_ARRAY_LEN(domains); i++)
        if (strcmp(domains[i].domain, spec->linux_.personality.domain) == 0)
            return personality(domains[i].value) < 0
                       ? cv_error_errno(err, errno, "set linux.personality", domains[i].domain)
                       : 0;
    return cv_error_set(
        err, CV_ERR_INVALID, "linux.personality.domain '%s' is not known", spec->linux_.personality.domain);
}

int linux_exec_attributes(const struct linux_exec* what, struct cv_error* err)
{
    const struct cv_spec_process* process = what->start->process;
    const char*                   cpus    = process->exec_cpu_affinity.final;
    int                           rc      = set_personality(what->spec, err);
    if (rc == 0)
        rc = linux_schedule(process, err);
    if (rc == 0 && what->further && cpus != NULL && cpus[0] != '\0')
        rc = linux_affinity_set(cpus, "process.execCPUAffinity.final", err);
    return rc == 0 ? linux_lsm_label(process, err) : rc;
}
