#include "linux/landlock.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/stat.h>

#include <cv/str.h>

#include "linux/fd.h"
#include "linux/inside.h"
#include "linux/syscalls.h"

/* The kernel's own structs: the distribution's headers may be older than the kernel. */
enum { RULE_PATH_BENEATH = 1, RULE_NET_PORT = 2, CREATE_VERSION = 1 };
struct ruleset_attr {
    uint64_t handled_fs, handled_net;
};
struct path_attr {
    uint64_t allowed;
    int32_t  parent_fd;
} __attribute__((packed));
struct port_attr {
    uint64_t allowed, port;
};

int linux_landlock_abi(void)
{
    int abi = sys_landlock_create_ruleset(NULL, 0, CREATE_VERSION);
    return abi > 0 ? abi : 0;
}

int linux_landlock_prepare(const struct cv_spec* spec, struct landlock_plan* plan_out, struct cv_error* err)
{
    if (spec->ext.landlock.paths.count + spec->ext.landlock.tcp.count == 0) {
        *plan_out = (struct landlock_plan){ 0 };
        return 0;
    }
    return landlock_plan_make(spec, linux_landlock_abi(), plan_out, err);
}

static int add_path(int ruleset_fd, const struct landlock_plan* plan, const struct cv_spec_landlock_path* rule,
    int root_fd, struct cv_error* err)
{
    struct stat                     info;
    CV_CLEANUP(linux_fd_closep) int fd = -1;
    int                             rc = inside_open(root_fd, rule->path, &fd, err);
    if (rc < 0)
        return rc;
    if (fstat(fd, &info) < 0)
        return cv_error_errno(err, errno, "look at a path of a Landlock rule", rule->path);
    struct path_attr attr = { .allowed = landlock_plan_path(plan, rule->access, S_ISDIR(info.st_mode)),
        .parent_fd                     = fd };
    if (sys_landlock_add_rule(ruleset_fd, RULE_PATH_BENEATH, &attr) < 0)
        return cv_error_errno(err, errno, "add a Landlock rule", rule->path);
    return 0;
}

static int add_port(int ruleset_fd, const struct cv_spec_landlock_tcp* rule, struct cv_error* err)
{
    struct port_attr attr = { .allowed = landlock_plan_tcp(rule->access), .port = rule->port };
    char             name[16];
    if (sys_landlock_add_rule(ruleset_fd, RULE_NET_PORT, &attr) == 0)
        return 0;
    cv_snprintf(name, sizeof(name), "TCP %" PRIu32, rule->port);
    return cv_error_errno(err, errno, "add a Landlock rule", name);
}

int linux_landlock_make(const struct cv_spec* spec, const struct landlock_plan* plan, int root_fd, int* ruleset_fd_out,
    struct cv_error* err)
{
    struct ruleset_attr             attr = { plan->handled_fs, plan->handled_net };
    CV_CLEANUP(linux_fd_closep) int fd   = -1;
    int                             rc   = 0;
    if (plan->handled_fs != 0 || plan->handled_net != 0) {
        fd = sys_landlock_create_ruleset(&attr, sizeof(attr), 0); /* close-on-exec by itself */
        if (fd < 0)
            return cv_error_errno(err, errno, "make a Landlock ruleset", NULL);
    }
    for (size_t i = 0; rc == 0 && i < spec->ext.landlock.paths.count; i++)
        if ((rc = add_path(fd, plan, &spec->ext.landlock.paths.items[i], root_fd, err)) < 0)
            cv_error_wrap(err, "Landlock rule for '%s'", spec->ext.landlock.paths.items[i].path);
    for (size_t i = 0; rc == 0 && i < spec->ext.landlock.tcp.count; i++)
        rc = add_port(fd, &spec->ext.landlock.tcp.items[i], err);
    if (rc == 0)
        *ruleset_fd_out = linux_fd_steal(&fd);
    return rc;
}

int linux_landlock_restrict(int ruleset_fd, struct cv_error* err)
{
    if (ruleset_fd < 0 || sys_landlock_restrict_self(ruleset_fd) == 0)
        return 0;
    return cv_error_errno(err, errno, "restrict the process by Landlock", NULL);
}
