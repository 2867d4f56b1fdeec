#include "linux/landlock-plan.h"

#include <string.h>

#include <chef/containerv/policy.h>
#include <cv/macros.h>

#include <cv/banned.h>

#define OF_FILES (LANDLOCK_FS_EXECUTE | LANDLOCK_FS_WRITE_FILE | LANDLOCK_FS_READ_FILE | LANDLOCK_FS_TRUNCATE)

static const struct {
    uint32_t access;
    uint64_t rights;
} paths[] = {
    { CV_ACCESS_READ, LANDLOCK_FS_READ_FILE | LANDLOCK_FS_READ_DIR },
    { CV_ACCESS_WRITE, LANDLOCK_FS_WRITE_FILE | LANDLOCK_FS_TRUNCATE | LANDLOCK_FS_REFER | LANDLOCK_FS_REMOVE_DIR
                           | LANDLOCK_FS_REMOVE_FILE | LANDLOCK_FS_MAKE_CHAR | LANDLOCK_FS_MAKE_DIR
                           | LANDLOCK_FS_MAKE_REG | LANDLOCK_FS_MAKE_SOCK | LANDLOCK_FS_MAKE_FIFO
                           | LANDLOCK_FS_MAKE_BLOCK | LANDLOCK_FS_MAKE_SYM },
    { CV_ACCESS_EXECUTE, LANDLOCK_FS_EXECUTE },
};

static uint64_t rights_of(uint32_t access)
{
    uint64_t rights = 0;

    for (size_t i = 0; i < CV_ARRAY_LEN(paths); i++)
        if ((access & paths[i].access) != 0)
            rights |= paths[i].rights;
    return rights;
}

static bool all_is_writable(const struct cv_spec* spec)
{
    for (size_t i = 0; i < spec->ext.landlock.paths.count; i++)
        if (strcmp(spec->ext.landlock.paths.items[i].path, "/") == 0
            && (spec->ext.landlock.paths.items[i].access & CV_ACCESS_WRITE) != 0)
            return true;
    return false;
}

static int refuse(struct cv_error* err, int abi, const char* what, const char* why, const char* hint)
{
    if (abi <= 0)
        cv_error_set(err, CV_ERR_UNSUPPORTED, "the linux back end can't enforce %s: this kernel has no Landlock", what);
    else
        cv_error_set(err, CV_ERR_UNSUPPORTED,
            "the linux back end can't enforce %s: this kernel's Landlock has ABI %d%s", what, abi, why);
    cv_error_step(err, "prepare Landlock");
    return cv_error_hint(
        err, "%s", abi <= 0 ? "use a kernel with CONFIG_SECURITY_LANDLOCK, and 'landlock' in lsm=" : hint);
}

int landlock_plan_make(const struct cv_spec* spec, int abi, struct landlock_plan* plan_out, struct cv_error* err)
{
    struct landlock_plan plan = { 0 };

    if (spec->ext.landlock.paths.count > 0) {
        if (abi < LANDLOCK_ABI_REFER)
            return refuse(
                err, abi, "rules for paths", ", which can't rename between folders", "use Linux 6.2 or later");
        if (abi < LANDLOCK_ABI_TRUNCATE && !all_is_writable(spec))
            return refuse(err, abi, "rules for paths", ", which lets files that may not be written be emptied",
                "use Linux 6.2 or later, or allow to write \"/\"");
        plan.handled_fs = rights_of(UINT32_MAX);
        if (abi < LANDLOCK_ABI_TRUNCATE)
            plan.handled_fs &= ~LANDLOCK_FS_TRUNCATE;
    }
    if (spec->ext.landlock.tcp.count > 0) {
        if (abi < LANDLOCK_ABI_NET)
            return refuse(err, abi, "rules for TCP", ", they came with ABI 4", "use Linux 6.7 or later");
        plan.handled_net = LANDLOCK_NET_BIND | LANDLOCK_NET_CONNECT;
    }
    *plan_out = plan;
    return 0;
}

uint64_t landlock_plan_path(const struct landlock_plan* plan, uint32_t access, bool folder)
{
    return rights_of(access) & plan->handled_fs & (folder ? UINT64_MAX : OF_FILES);
}

uint64_t landlock_plan_tcp(uint32_t access)
{
    return ((access & CV_ACCESS_BIND) != 0 ? LANDLOCK_NET_BIND : 0)
           | ((access & CV_ACCESS_CONNECT) != 0 ? LANDLOCK_NET_CONNECT : 0);
}
