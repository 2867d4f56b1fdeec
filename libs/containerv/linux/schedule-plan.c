#include "linux/schedule-plan.h"

#include <stdlib.h>
#include <string.h>

#include <cv/banned.h>

enum { IO_PRIORITY_CLASS_SHIFT = 13 };

struct word {
    const char* name;
    uint32_t    value;
};

static const struct word policies[] = {
    { "SCHED_OTHER", 0 },
    { "SCHED_FIFO", 1 },
    { "SCHED_RR", 2 },
    { "SCHED_BATCH", 3 },
    { "SCHED_ISO", 4 }, /* a number without a scheduler: the kernel says so */
    { "SCHED_IDLE", 5 },
    { "SCHED_DEADLINE", 6 },
};

static const struct word flags[] = {
    { "SCHED_FLAG_RESET_ON_FORK", 0x01 },
    { "SCHED_FLAG_RECLAIM", 0x02 },
    { "SCHED_FLAG_DL_OVERRUN", 0x04 },
    { "SCHED_FLAG_KEEP_POLICY", 0x08 },
    { "SCHED_FLAG_KEEP_PARAMS", 0x10 },
    { "SCHED_FLAG_UTIL_CLAMP_MIN", 0x20 },
    { "SCHED_FLAG_UTIL_CLAMP_MAX", 0x40 },
};

static const struct word io_classes[] = {
    { "IOPRIO_CLASS_RT", 1 },
    { "IOPRIO_CLASS_BE", 2 },
    { "IOPRIO_CLASS_IDLE", 3 },
};

static int find(const struct word* words, size_t count, const char* name, const char* field, uint32_t* value_out,
    struct cv_error* err)
{
    for (size_t i = 0; name != NULL && i < count; i++)
        if (strcmp(words[i].name, name) == 0) {
            *value_out = words[i].value;
            return 0;
        }
    return cv_error_set(err, CV_ERR_INVALID, "%s: '%s' is not known", field, name != NULL ? name : "");
}

static int one_range(const char** rest, struct linux_cpus* cpus, struct cv_error* err)
{
    char*         end;
    unsigned long first = strtoul(*rest, &end, 10);
    unsigned long last  = first;
    if (*end == '-')
        last = strtoul(end + 1, &end, 10);
    if (first > last)
        return cv_error_set(err, CV_ERR_INVALID, "'%s' is no list of CPUs: a range goes backwards", *rest);
    if (last >= LINUX_CPUS_MAX)
        return cv_error_set(err, CV_ERR_INVALID, "there is no CPU %lu: they go up to %d", last, LINUX_CPUS_MAX - 1);
    for (unsigned long i = first; i <= last; i++)
        cpus->bytes[i / 8] |= (uint8_t)(1u << i % 8);
    *rest = end;
    return 0;
}

int linux_cpus_parse(const char* list, struct linux_cpus* cpus_out, struct cv_error* err)
{
    struct linux_cpus cpus = { { 0 } };
    const char*       rest = list;
    do {
        rest += *rest == ',' && rest > list;
        if (*rest < '0' || *rest > '9')
            return cv_error_set(err, CV_ERR_INVALID, "'%s' is no list of CPUs such as \"0-3,7\"", list);
        int rc = one_range(&rest, &cpus, err);
        if (rc < 0)
            return rc;
    } while (*rest != '\0');
    *cpus_out = cpus;
    return 0;
}

int linux_schedule_plan(const struct cv_spec_process* process, struct linux_sched_attr* attr_out, struct cv_error* err)
{
    struct linux_sched_attr attr = { .size = sizeof(attr),
        .nice                              = (int32_t)process->scheduler.nice,
        .priority                          = (uint32_t)process->scheduler.priority,
        .runtime                           = process->scheduler.runtime,
        .deadline                          = process->scheduler.deadline,
        .period                            = process->scheduler.period };
    int                     rc   = find(
                              policies, CV_ARRAY_LEN(policies), process->scheduler.policy, "process.scheduler.policy", &attr.policy, err);
    for (size_t i = 0; rc == 0 && i < process->scheduler.flags.count; i++) {
        uint32_t flag = 0;
        rc = find(flags, CV_ARRAY_LEN(flags), process->scheduler.flags.items[i], "process.scheduler.flags", &flag, err);
        attr.flags |= flag;
    }
    if (rc == 0)
        *attr_out = attr;
    return rc;
}

int linux_io_priority_plan(const struct cv_spec_process* process, int* priority_out, struct cv_error* err)
{
    uint32_t class_ = 0;
    int      rc     = find(
                 io_classes, CV_ARRAY_LEN(io_classes), process->io_priority.class_, "process.ioPriority.class", &class_, err);
    if (rc == 0)
        *priority_out = (int)(class_ << IO_PRIORITY_CLASS_SHIFT | (uint32_t)process->io_priority.priority);
    return rc;
}
