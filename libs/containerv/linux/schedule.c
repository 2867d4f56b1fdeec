#include "linux/schedule.h"

#include <errno.h>

#include "linux/syscalls.h"

static int host_hint(int number, int rc, const char* what, struct cv_error* err)
{
    return number != EPERM && number != EACCES
               ? rc
               : cv_error_hint(err, "%s needs CAP_SYS_NICE on the host, not only in a user namespace", what);
}

static int set_scheduler(const struct cv_spec_process* process, struct cv_error* err)
{
    struct linux_sched_attr attr;
    int                     rc = linux_schedule_plan(process, &attr, err);
    if (rc < 0 || sys_sched_setattr(0, &attr) == 0)
        return rc;
    int number = errno;
    rc         = cv_error_errno(err, number, "set process.scheduler", process->scheduler.policy);
    if (number == EBUSY) /* SCHED_DEADLINE: admission control */
        return cv_error_hint(err, "the CPUs have no such time left, or not all CPUs may be used");
    if (number == EOPNOTSUPP)
        return cv_error_hint(err, "the kernel was built without utilization clamping");
    if (attr.priority != 0 && number == EPERM)
        return cv_error_hint(err, "a real-time policy needs CAP_SYS_NICE on the host, and in a version 1 cgroup "
                                  "linux.resources.cpu.realtimeRuntime");
    return host_hint(number, rc, "this policy", err);
}

static int set_io_priority(const struct cv_spec_process* process, struct cv_error* err)
{
    int priority = 0;
    int rc       = linux_io_priority_plan(process, &priority, err);
    if (rc < 0 || sys_ioprio_set_self(priority) == 0)
        return rc;
    int number = errno;
    rc         = cv_error_errno(err, number, "set process.ioPriority", process->io_priority.class_);
    return host_hint(number, rc, "this class", err);
}

int linux_schedule(const struct cv_spec_process* process, struct cv_error* err)
{
    int rc = process->scheduler.set ? set_scheduler(process, err) : 0;
    if (rc == 0 && process->io_priority.set)
        rc = set_io_priority(process, err);
    return rc;
}

int linux_affinity_set(const char* list, const char* field, struct cv_error* err)
{
    struct linux_cpus cpus;
    if (linux_cpus_parse(list, &cpus, err) < 0)
        return cv_error_wrap(err, "%s", field);
    if (sys_sched_setaffinity(0, cpus.bytes, sizeof(cpus.bytes)) == 0)
        return 0;
    int number = errno;
    int rc     = cv_error_errno(err, number, "set the CPUs of a process", field);
    return number != EINVAL ? rc : cv_error_hint(err, "none of the CPUs '%s' may be used there", list);
}

int linux_affinity_leave(const char* list, struct linux_cpus* home_out, struct cv_error* err)
{
    struct linux_cpus home = { { 0 } };
    if (list == NULL || list[0] == '\0')
        return 0;
    if (sys_sched_getaffinity(0, home.bytes, sizeof(home.bytes)) < 0)
        return cv_error_errno(err, errno, "look up the own CPUs", NULL);
    int rc = linux_affinity_set(list, "process.execCPUAffinity.initial", err);
    if (rc == 0)
        *home_out = home;
    return rc;
}

void linux_affinity_return(const char* list, const struct linux_cpus* home)
{
    if (list != NULL && list[0] != '\0') /* where we were is allowed, or the kernel has moved us itself */
        (void)sys_sched_setaffinity(0, home->bytes, sizeof(home->bytes));
}
