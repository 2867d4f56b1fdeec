#include "linux/device-filter.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cv/handle.h>
#include <cv/str.h>

#include "linux/device-rules.h"

#include <cv/banned.h>

static int look(const char* path, char* type_out, unsigned* major_out, unsigned* minor_out, struct cv_error* err)
{
    struct stat info;
    if (stat(path, &info) < 0)
        return cv_error_errno(err, errno, "look at the device", path);
    if (!S_ISBLK(info.st_mode) && !S_ISCHR(info.st_mode))
        return cv_error_set(err, CV_ERR_INVALID, "'%s' is not a device node", path);
    *type_out  = S_ISBLK(info.st_mode) ? 'b' : 'c';
    *major_out = major(info.st_rdev);
    *minor_out = minor(info.st_rdev);
    return 0;
}

/* Since Linux 5.11 programs count as the group's memory: no rlimit to be raised. */
static int load(const uint64_t* code, size_t length)
{
    union bpf_attr attributes;
    memset(&attributes, 0, sizeof(attributes));
    attributes.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
    attributes.insns     = (uint64_t)(uintptr_t)code;
    attributes.insn_cnt  = (uint32_t)length;
    attributes.license   = (uint64_t)(uintptr_t) "Apache-2.0";
    cv_snprintf(attributes.prog_name, sizeof(attributes.prog_name), "containerv");
    return (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attributes, sizeof(attributes)); /* close-on-exec by itself */
}

static int attach(int program_fd, int group_fd)
{
    union bpf_attr attributes;
    memset(&attributes, 0, sizeof(attributes));
    attributes.target_fd     = (uint32_t)group_fd;
    attributes.attach_bpf_fd = (uint32_t)program_fd;
    attributes.attach_type   = BPF_CGROUP_DEVICE;
    attributes.attach_flags  = BPF_F_ALLOW_MULTI; /* beside those of the groups above, which count too */
    return (int)syscall(SYS_bpf, BPF_PROG_ATTACH, &attributes, sizeof(attributes));
}

int linux_device_filter_program(const struct linux_device_rules* rules, int group_fd, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) uint64_t*   code    = NULL;
    CV_CLEANUP(cv_handle_closep) int program = CV_HANDLE_NONE;
    size_t                           length  = 0;
    int                              rc      = linux_device_program(rules, &code, &length, err);
    if (rc < 0)
        return rc;
    program = load(code, length);
    if (program < 0)
        return cv_error_errno(err, errno, "load the program that keeps the rules of devices", NULL);
    return attach(program, group_fd) < 0 ? cv_error_errno(err, errno, "put the rules of devices on the cgroup", NULL)
                                         : 0;
}

static void add_line(struct linux_limits_plan* plan, const struct linux_device_rule* rule, char type)
{
    struct linux_device_rule line  = *rule;
    struct linux_limit*      limit = &plan->items[plan->count++];
    line.type                      = type;
    limit->what                    = "the rules of devices";
    limit->controller              = LINUX_CONTROLLER_DEVICES;
    limit->version                 = 1;
    cv_snprintf(limit->file, sizeof(limit->file), "devices.%s", rule->allow ? "allow" : "deny");
    linux_device_rule_line(&line, limit->value);
}

int linux_device_filter_v1(const struct linux_device_rules* rules, struct linux_limits* limits, int group_fd,
    const char* id, struct cv_error* err)
{
    struct linux_limits_plan plan = { .items = calloc(rules->count * 2 + 1, sizeof(*plan.items)) };
    if (plan.items == NULL)
        return cv_error_no_memory(err);
    int rc = linux_device_rules_check_v1(rules, err);
    for (size_t i = 0; i < rules->count && rc == 0; i++) {
        const struct linux_device_rule* rule = &rules->items[i];
        if (rule->type != 'a' || linux_device_rule_is_for_all(rule)) {
            add_line(&plan, rule, rule->type);
        } else { /* to version 1, 'a' is all devices, whatever stands behind it */
            add_line(&plan, rule, 'b');
            add_line(&plan, rule, 'c');
        }
    }
    if (rc == 0)
        rc = linux_limits_apply(limits, &plan, group_fd, id, err);
    linux_limits_plan_release(&plan);
    return rc;
}

/* The first reason is told: it is that of the better way. */
int linux_device_filter(
    const struct cv_spec* spec, struct linux_limits* limits, int group_fd, const char* id, struct cv_error* err)
{
    struct linux_device_rules rules = { .items = NULL };
    if (!linux_device_rules_needed(spec))
        return 0;
    int rc = linux_device_rules_make(spec, look, &rules, err);
    if (rc < 0)
        return rc;
    rc = linux_device_filter_program(&rules, group_fd, err);
    if (rc < 0 && linux_device_filter_v1(&rules, limits, group_fd, id, NULL) == 0)
        rc = 0;
    linux_device_rules_release(&rules);
    return rc;
}
