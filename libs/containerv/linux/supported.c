#include "linux/supported.h"

#include <string.h>

#include <chef/containerv/supervised.h>

#include "linux/limits-plan.h"
#include "linux/sysctl-plan.h"
#include "spec/mountopts.h"

struct wish {
    bool        asked;
    const char* what;
};

static int refuse(const struct wish* wishes, size_t count, struct cv_error* err)
{
    for (size_t i = 0; i < count; i++)
        if (wishes[i].asked)
            return cv_error_unsupported(err, wishes[i].what, "linux");
    return 0;
}

static int namespaces(const struct cv_spec* spec, struct cv_error* err)
{
    const struct cv_spec_namespace* mount = cv_spec_namespace(spec, "mount");
    if (mount != NULL && mount->path != NULL)
        return cv_error_unsupported(err, "joining an existing mount namespace", "linux");
    for (size_t i = 0; !spec->ext.bare && i < spec->linux_.namespaces.count; i++)
        if (spec->linux_.namespaces.items[i].path != NULL)
            return cv_error_unsupported(err, "joining an existing namespace", "linux");
    if (!spec->ext.bare && cv_spec_namespace(spec, "pid") == NULL)
        return cv_error_unsupported(err, "a container without a PID namespace", "linux");
    if (mount == NULL)
        return cv_error_unsupported(err, "a container without a mount namespace", "linux");
    return 0;
}

/* Every mount is private to the container, or on request follows the host's ("rslave"). An OCI runtime's caller has more words. */
static int check_mount(const struct cv_spec_mount* mount, struct cv_error* err)
{
    struct cv_mount_options options = { 0 };
    int                     rc      = cv_mount_options_parse(&mount->options, mount->type, &options, err);
    if (mount->destination[0] != '/' || (rc == 0 && options.bind && !options.remount && mount->source[0] != '/'))
        rc = cv_error_set(err, CV_ERR_INVALID, "destination and source of a bind mount must be absolute paths");
    if (rc == 0) {
        const struct wish wishes[] = {
            { options.propagation == CV_MOUNT_PROPAGATION_SHARED, "a mount that the host shares (shared, rshared)" },
            { options.propagation == CV_MOUNT_PROPAGATION_UNBINDABLE, "an unbindable mount" },
            { options.propagation == CV_MOUNT_PROPAGATION_SLAVE && options.bind_recursive
                    && !options.propagation_recursive,
                "slave for the upper mount of an rbind (rslave is)" },
            { options.remount, "remount" },
        };
        rc = refuse(wishes, CV_ARRAY_LEN(wishes), err);
    }
    cv_mount_options_release(&options);
    return rc < 0 ? cv_error_wrap(err, "mount on '%s'", mount->destination) : 0;
}

static int upper(const struct cv_spec* spec, struct cv_error* err)
{
    if (spec->ext.limits.upper_bytes == 0 || spec->ext.layers.count > 0)
        return 0;
    cv_error_set(err, CV_ERR_INVALID, "the size of the upper can't be limited: the root folder is used in place");
    cv_error_step(err, "check the limits");
    cv_error_object(err, "upper_bytes");
    return cv_error_hint(err, "use layers: they have a throw-away upper");
}

int linux_supported(const struct cv_spec* spec, bool has_command, struct cv_error* err)
{
    const struct cv_spec_linux* linux_spec = &spec->linux_;
    const struct wish           wishes[]   = {
                    { linux_spec->intel_rdt.set && !spec->ext.bare, "linux.intelRdt" },
                    { linux_spec->personality.flags.count > 0, "linux.personality.flags" },
                    { linux_spec->cgroups_path != NULL && !spec->ext.bare, "linux.cgroupsPath" },
                    { linux_spec->devices.count > 0 && !spec->ext.bare, "linux.devices" },
                    { linux_spec->rootfs_propagation != NULL && !spec->ext.bare, "linux.rootfsPropagation" },
                    { !spec->ext.bare && (linux_spec->uid_mappings.count > 0 || linux_spec->gid_mappings.count > 0),
                        "a given id mapping" },
                    { spec->hooks.set && !spec->ext.bare, "hooks" },
                    { linux_spec->net_devices.count > 0 && !spec->ext.bare, "linux.netDevices" },
                    { spec->ext.supervision.restart != CV_RESTART_NO && spec->ext.limits.upper_bytes != 0,
                        "a limit of the upper, which is in memory then, of a container that is started again" },
                    { spec->ext.isolation != NULL && strcmp(spec->ext.isolation, "default") != 0
                            && strcmp(spec->ext.isolation, "process") != 0,
                        "this kind of isolation" },
                    { spec->ext.no_init && !has_command, "init=false without a command" },
    };
    int rc = refuse(wishes, CV_ARRAY_LEN(wishes), err);
    if (rc == 0)
        rc = upper(spec, err);
    if (rc == 0)
        rc = linux_limits_supported(spec, err);
    if (rc == 0)
        rc = linux_sysctl_check(spec, err);
    for (size_t i = 0; rc == 0 && i < spec->mounts.count && !spec->ext.bare; i++)
        rc = check_mount(&spec->mounts.items[i], err);
    return rc == 0 ? namespaces(spec, err) : rc;
}
