#include "template.h"

#include <stdlib.h>
#include <string.h>

#include <cv/macros.h>
#include <cv/str.h>

#include "json-indent.h"
#include "spec/spec.h"

#include <cv/banned.h>

enum { FILES_MAX = 1024 };

/* For whom a row is. */
enum kind { BOTH, ROOT, ROOTLESS };

#define OPTIONS(...)                                                                                                   \
    (const char* const[])                                                                                              \
    {                                                                                                                  \
        __VA_ARGS__, NULL                                                                                              \
    }

static const struct {
    enum kind          kind;
    const char *       destination, *type, *source;
    const char* const* options;
} mounts[] = {
    { BOTH, "/proc", "proc", "proc", NULL },
    { BOTH, "/dev", "tmpfs", "tmpfs", OPTIONS("nosuid", "strictatime", "mode=755", "size=65536k") },
    /* group 5 is "tty", which a user's only id is not */
    { ROOT, "/dev/pts", "devpts", "devpts",
        OPTIONS("nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5") },
    { ROOTLESS, "/dev/pts", "devpts", "devpts",
        OPTIONS("nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620") },
    { BOTH, "/dev/shm", "tmpfs", "shm", OPTIONS("nosuid", "noexec", "nodev", "mode=1777", "size=65536k") },
    { BOTH, "/dev/mqueue", "mqueue", "mqueue", OPTIONS("nosuid", "noexec", "nodev") },
    /* a sysfs of one's own goes with a network namespace of one's own */
    { ROOT, "/sys", "sysfs", "sysfs", OPTIONS("nosuid", "noexec", "nodev", "ro") },
    { ROOTLESS, "/sys", "none", "/sys", OPTIONS("rbind", "nosuid", "noexec", "nodev", "ro") },
    { ROOT, "/sys/fs/cgroup", "cgroup", "cgroup", OPTIONS("nosuid", "noexec", "nodev", "relatime", "ro") },
};

static const struct {
    enum kind   kind;
    const char* type;
} namespaces[] = { { BOTH, "pid" }, { ROOT, "network" }, { BOTH, "ipc" }, { BOTH, "uts" }, { BOTH, "mount" },
    { ROOTLESS, "user" } };

static const char* const capabilities[] = { "CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE", NULL };
static const char* const environment[]  = { "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
     "TERM=xterm", NULL };
static const char* const masked[] = { "/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
    "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/sys/firmware", "/proc/scsi", NULL };
static const char* const read_only[] = { "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger",
    NULL };

static bool wanted(enum kind kind, bool rootless)
{
    return kind == BOTH || (kind == ROOTLESS) == rootless;
}

static int fill_process(struct cv_spec_process* process, struct cv_error* err)
{
    struct cv_strv* sets[] = { &process->capabilities.bounding, &process->capabilities.effective,
        &process->capabilities.permitted };

    process->set               = true;
    process->terminal          = true;
    process->no_new_privileges = true;
    process->capabilities.set  = true;
    for (size_t i = 0; i < CV_ARRAY_LEN(sets); i++)
        if (cv_strv_append_all(sets[i], capabilities) < 0)
            return cv_error_no_memory(err);
    if (cv_strv_append(&process->args, "sh") < 0 || cv_strv_append_all(&process->env, environment) < 0)
        return cv_error_no_memory(err);
    return cv_spec_set_string(&process->cwd, "/", err);
}

static int fill_linux(struct cv_spec_linux* linux_, bool rootless, uint32_t uid, uint32_t gid, struct cv_error* err)
{
    linux_->set = true;
    if (cv_strv_append_all(&linux_->masked_paths, masked) < 0
        || cv_strv_append_all(&linux_->readonly_paths, read_only) < 0)
        return cv_error_no_memory(err);
    if (!rootless) {
        struct cv_spec_device_rule* rule = calloc(1, sizeof(*rule));

        if (rule == NULL)
            return cv_error_no_memory(err);
        linux_->resources.set           = true;
        linux_->resources.devices.items = rule; /* all is forbidden but what every container has */
        linux_->resources.devices.count = 1;
        return cv_spec_set_string(&rule->access, "rwm", err);
    }
    return cv_spec_add_id_map(&linux_->uid_mappings, 0, uid, 1, err) < 0
                   || cv_spec_add_id_map(&linux_->gid_mappings, 0, gid, 1, err) < 0
               ? err->code
               : 0;
}

static int fill(struct cv_spec* spec, bool rootless, uint32_t uid, uint32_t gid, struct cv_error* err)
{
    spec->root.set = spec->root.readonly = true;
    if (cv_spec_set_string(&spec->root.path, "rootfs", err) < 0 || cv_spec_set_string(&spec->hostname, "cvrun", err) < 0
        || fill_process(&spec->process, err) < 0
        || cv_spec_add_rlimit(spec, "RLIMIT_NOFILE", FILES_MAX, FILES_MAX, err) < 0
        || fill_linux(&spec->linux_, rootless, uid, gid, err) < 0)
        return err->code;
    for (size_t i = 0; i < CV_ARRAY_LEN(mounts); i++)
        if (wanted(mounts[i].kind, rootless)
            && cv_spec_add_mount(spec, mounts[i].destination, mounts[i].type, mounts[i].source, mounts[i].options, err)
                   < 0)
            return err->code;
    for (size_t i = 0; i < CV_ARRAY_LEN(namespaces); i++)
        if (wanted(namespaces[i].kind, rootless) && cv_spec_add_namespace(spec, namespaces[i].type, NULL, err) < 0)
            return err->code;
    return 0;
}

char* cvrun_template_print(bool rootless, uint32_t uid, uint32_t gid, struct cv_error* err)
{
    CV_CLEANUP(cv_spec_freep) struct cv_spec* spec  = cv_spec_new();
    CV_CLEANUP(cv_freep) char*                text  = NULL;
    struct cv_str                             lines = { 0 };
    size_t                                    length;

    if (spec == NULL) {
        cv_error_no_memory(err);
        return NULL;
    }
    if (fill(spec, rootless, uid, gid, err) < 0 || cv_spec_print(spec, &text, &length, err) < 0)
        return NULL;
    cv_json_indent(text, 0, &lines);
    cv_str_append(&lines, "\n");
    return cv_str_steal(&lines, err);
}
