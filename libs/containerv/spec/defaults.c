/* What a Linux container has unless it was said otherwise: the same lists as the common engines have. */
#include <chef/containerv/options.h>
#include <string.h>

#include "fields.h"

#include <cv/banned.h>

#define WORDS(...) ((const char* const[]){ __VA_ARGS__, NULL })

static const struct {
    const char *destination, *type, *source;
    const char* options[8];
} default_mounts[] = {
    { "/proc", "proc", "proc", { "nosuid", "noexec", "nodev" } },
    { "/dev", "tmpfs", "tmpfs", { "nosuid", "strictatime", "mode=755", "size=65536k" } },
    { "/dev/pts", "devpts", "devpts", { "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5" } },
    { "/dev/shm", "tmpfs", "shm", { "nosuid", "noexec", "nodev", "mode=1777", "size=65536k" } },
    { "/dev/mqueue", "mqueue", "mqueue", { "nosuid", "noexec", "nodev" } },
    { "/sys", "sysfs", "sysfs", { "nosuid", "noexec", "nodev", "ro" } },
    { "/sys/fs/cgroup", "cgroup", "cgroup", { "nosuid", "noexec", "nodev", "relatime", "ro" } },
};

static const char* const masked_paths[] = { "/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore",
    "/proc/keys", "/proc/latency_stats", "/proc/sched_debug", "/proc/scsi", "/proc/timer_list", "/proc/timer_stats",
    "/sys/devices/virtual/powercap", "/sys/firmware", NULL };

static const char* const readonly_paths[] = { "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger",
    NULL };

static const char* const capabilities[] = { "CAP_AUDIT_WRITE", "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER",
    "CAP_FSETID", "CAP_KILL", "CAP_MKNOD", "CAP_NET_BIND_SERVICE", "CAP_NET_RAW", "CAP_SETFCAP", "CAP_SETGID",
    "CAP_SETPCAP", "CAP_SETUID", "CAP_SYS_CHROOT", NULL };

/* Each type, and what gives it up. */
static const struct {
    const char* type;
    uint32_t    share;
} default_namespaces[] = {
    { "pid", 0 },
    { "mount", 0 },
    { "network", CV_SHARE_NETWORK },
    { "ipc", CV_SHARE_IPC },
    { "uts", CV_SHARE_UTS },
    { "user", CV_SHARE_USERS },
    { "cgroup", CV_SHARE_CGROUP },
};

static bool mounted(const struct cv_spec* spec, const char* destination)
{
    for (size_t i = 0; i < spec->mounts.count; i++)
        if (spec->mounts.items[i].destination != NULL && strcmp(spec->mounts.items[i].destination, destination) == 0)
            return true;
    return false;
}

/* Ours come first: a mount of the caller below /dev must not be hidden by our /dev. */
static void rotate_mounts(struct cv_spec_mounts* mounts, size_t old)
{
    for (size_t moved = 0; moved < mounts->count - old; moved++) {
        struct cv_spec_mount last = mounts->items[mounts->count - 1];
        memmove(mounts->items + 1, mounts->items, (mounts->count - 1) * sizeof(last));
        mounts->items[0] = last;
    }
}

static int add_mounts(struct cv_spec* spec, struct cv_error* err)
{
    size_t old = spec->mounts.count;
    for (size_t i = 0; i < CV_ARRAY_LEN(default_mounts); i++) {
        if (mounted(spec, default_mounts[i].destination))
            continue;
        int rc = cv_spec_add_mount(spec, default_mounts[i].destination, default_mounts[i].type,
            default_mounts[i].source, default_mounts[i].options, err);
        if (rc < 0)
            return rc;
    }
    rotate_mounts(&spec->mounts, old);
    return 0;
}

static int add_namespaces(struct cv_spec* spec, struct cv_error* err)
{
    uint32_t shared =
        spec->ext.shared | (spec->ext.network.mode == CV_SPEC_NETWORK_HOST ? (uint32_t)CV_SHARE_NETWORK : 0);
    if (spec->linux_.namespaces.count > 0)
        return 0;
    for (size_t i = 0; i < CV_ARRAY_LEN(default_namespaces); i++) {
        if ((default_namespaces[i].share & shared) != 0)
            continue;
        int rc = cv_spec_add_namespace(spec, default_namespaces[i].type, NULL, err);
        if (rc < 0)
            return rc;
    }
    return spec->linux_.time_offsets.set ? cv_spec_add_namespace(spec, "time", NULL, err) : 0;
}

static int fill(struct cv_strv* list, const char* const* values, struct cv_error* err)
{
    if (list->count > 0)
        return 0;
    return cv_strv_append_all(list, values) < 0 ? cv_error_no_memory(err) : 0;
}

static int add_capabilities(struct cv_spec_process* process, struct cv_error* err)
{
    struct cv_spec_capabilities* sets = &process->capabilities;
    if (sets->set)
        return 0;
    int rc = fill(&sets->bounding, capabilities, err);
    if (rc == 0)
        rc = fill(&sets->effective, capabilities, err);
    if (rc == 0)
        rc = fill(&sets->permitted, capabilities, err);
    sets->set = true; /* also half done: it is freed with the rest */
    return rc;
}

static int add_process(struct cv_spec* spec, struct cv_error* err)
{
    struct cv_spec_process* process = &spec->process;
    if (!process->set)
        process->no_new_privileges = true;
    process->set = true;
    int rc       = process->cwd == NULL ? cv_spec_set_string(&process->cwd, "/", err) : 0;
    if (rc == 0)
        rc = fill(&process->env, WORDS("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"), err);
    return rc == 0 ? add_capabilities(process, err) : rc;
}

int cv_spec_default_linux(struct cv_spec* spec, struct cv_error* err)
{
    int rc           = add_mounts(spec, err);
    spec->linux_.set = true;
    if (rc == 0)
        rc = add_namespaces(spec, err);
    if (rc == 0)
        rc = fill(&spec->linux_.masked_paths, masked_paths, err);
    if (rc == 0)
        rc = fill(&spec->linux_.readonly_paths, readonly_paths, err);
    return rc == 0 ? add_process(spec, err) : rc;
}
