/* What only the guardian can make for a container: its id maps, and mounts of the host, which go to PID 1 as descriptors. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include <cv/str.h>

#include "linux/attr.h"
#include "linux/bare-make.h"
#include "linux/container-internal.h"
#include "linux/fd.h"
#include "linux/secrets.h"
#include "linux/source.h"
#include "linux/unprivileged.h"
#include "linux/userns.h"
#include "spec/mountopts.h"

int linux_container_open_namespace(const struct linux_container* c, const char* name, int* fd_out, struct cv_error* err)
{
    char path[64];
    cv_snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)c->pid, name);
    *fd_out = open(path, O_RDONLY | O_CLOEXEC);
    return *fd_out < 0 ? cv_error_errno(err, errno, "open the container's namespace", path) : 0;
}

int linux_container_hand_over(int control_fd, enum setup_word word, size_t index, int fd, struct cv_error* err)
{
    struct setup_message message = { .word = word, .index = (unsigned)index };
    return setup_say(control_fd, &message, fd, err);
}

static bool is_bind(const struct cv_spec_mount* mount)
{
    if (cv_strv_contains(&mount->options, "remount"))
        return false; /* nothing new is mounted */
    return (mount->type != NULL && strcmp(mount->type, "bind") == 0) || cv_strv_contains(&mount->options, "bind")
           || cv_strv_contains(&mount->options, "rbind");
}

/* Those that change their source's owners, or the others. */
static int send_sources(const struct cv_spec* spec, const struct linux_source_context* context, bool that_change,
    int control_fd, struct cv_error* err)
{
    for (size_t i = 0; i < spec->mounts.count; i++) {
        CV_CLEANUP(linux_fd_closep) int fd = -1;
        if (!is_bind(&spec->mounts.items[i])
            || cv_strv_contains(&spec->mounts.items[i].options, "x-containerv.chown") != that_change)
            continue;
        int rc = linux_source_bind(&spec->mounts.items[i], context, &fd, err);
        if (rc == 0)
            rc = linux_container_hand_over(control_fd, SETUP_SOURCE, i, fd, err);
        if (rc < 0)
            return cv_error_wrap(err, "mount %zu on '%s'", i, spec->mounts.items[i].destination);
    }
    return 0;
}

static int send_devices(const struct cv_spec* spec, int control_fd, struct cv_error* err)
{
    for (size_t i = 0; i < spec->ext.devices.count; i++) {
        CV_CLEANUP(linux_fd_closep) int fd = -1;
        int                             rc = linux_source_device(spec->ext.devices.items[i].host_path, &fd, err);
        if (rc == 0)
            rc = linux_container_hand_over(control_fd, SETUP_DEVICE, i, fd, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int send_secrets(const struct linux_source_context* context, int control_fd, struct cv_error* err)
{
    CV_CLEANUP(linux_fd_closep) int fd = -1;
    if (context->spec->ext.secrets.count == 0)
        return 0;
    int rc = linux_secrets_make(context, &fd, err);
    return rc == 0 ? linux_container_hand_over(control_fd, SETUP_SECRETS, 0, fd, err) : rc;
}

static int map_ids(const struct linux_container* c, struct cv_error* err)
{
    return c->spec->ext.bare ? linux_bare_map(c, err) : linux_userns_map(c->pid, &c->range, err);
}

int linux_container_provide(struct linux_container* c, int control_fd, struct cv_error* err)
{
    CV_CLEANUP(linux_fd_closep) int userns_fd = -1;
    CV_CLEANUP(linux_fd_closep) int root_fd   = -1;
    bool                            mapped    = c->userns;
    int                             rc        = mapped ? map_ids(c, err) : 0;
    if (rc == 0 && mapped)
        rc = linux_container_open_namespace(c, "user", &userns_fd, err);
    struct linux_source_context context = { .range = c->range.lock_fd >= 0 && !linux_unprivileged()->active ? &c->range
                                                                                                            : NULL,
        .userns_fd                                 = userns_fd,
        .home_fd                                   = c->home.home_fd,
        .kept                                      = c->borrowed,
        .upper_fd                                  = &c->upper_fd,
        .root_fd                                   = -1,
        .spec                                      = c->spec };
    if (rc == 0)
        rc = linux_source_root(c->spec, &context, &root_fd, err);
    if (rc == 0 && mapped
        && !c->spec->ext
                .bare) /* nodes that a root folder brings along are nobody's gift; without a map they are kept by rules */
        rc = linux_attr_apply(root_fd, CV_MOUNT_ATTR_NODEV, 0, true, "/", err);
    context.root_fd = root_fd;
    if (rc == 0)
        rc = linux_container_hand_over(control_fd, SETUP_ROOT, 0, root_fd, err);
    if (rc == 0)
        rc = send_sources(c->spec, &context, false, control_fd, err);
    if (rc == 0)
        rc = send_devices(c->spec, control_fd, err);
    if (rc == 0)
        rc = send_secrets(&context, control_fd, err);
    if (rc == 0) /* last: what changes the host for good should not be done for a create that fails */
        rc = send_sources(c->spec, &context, true, control_fd, err);
    return rc == 0 ? linux_container_hand_over(control_fd, SETUP_BUILD, 0, -1, err) : rc;
}
