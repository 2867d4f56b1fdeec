/*
 * Diff and commit: a fork of the guardian, outside of the container's cgroup, since that may stand still meanwhile, and in none of its
 * namespaces: the upper is read on the host, under the overlay. It has root's capabilities over files and no others.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "linux/attr.h"
#include "linux/caps.h"
#include "linux/container-internal.h"
#include "linux/copy-stream.h"
#include "linux/fd.h"
#include "linux/snapshot.h"
#include "linux/syscalls.h"
#include "linux/unprivileged.h"
#include "spec/supervision.h"

static int confine(struct cv_error* err)
{
    const uint64_t files = UINT64_C(1) << CAP_CHOWN | UINT64_C(1) << CAP_DAC_OVERRIDE | UINT64_C(1) << CAP_FOWNER
                           | UINT64_C(1) << CAP_FSETID | UINT64_C(1) << CAP_MKNOD | UINT64_C(1) << CAP_SETFCAP
                           | UINT64_C(1) << CAP_SYS_ADMIN; /* the overlay's marks: trusted.* */
    const struct linux_caps caps = { .effective = files, .permitted = files };
    int                     rc   = linux_caps_apply_bounding(&caps, err);
    if (rc == 0)
        rc = linux_caps_apply(&caps, err);
    if (rc == 0)
        rc = linux_pid1_protect(err);
    if (rc == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        rc = cv_error_errno(err, errno, "give up privileges", NULL);
    return rc;
}

/* Those that a symbolic link led elsewhere are told. */
static int list_places(const struct cv_spec* spec, struct cv_strv* places, struct cv_error* err)
{
    static const char* const ours[] = { "/etc/hosts", "/etc/hostname", "/etc/resolv.conf" };
    bool                     full   = spec->ext.secrets.count > 0 && cv_strv_append(places, CV_SPEC_SECRETS_FOLDER) < 0;
    for (size_t i = 0; i < spec->mounts.count; i++)
        full = cv_strv_append(places, spec->mounts.items[i].destination) < 0 || full;
    for (size_t i = 0; i < CV_ARRAY_LEN(ours); i++)
        full = cv_strv_append(places, ours[i]) < 0 || full;
    return full ? cv_error_no_memory(err) : 0;
}

/*
 * Who is not paused may put a device where a file was just seen, and an open alone can do things to a device: so the upper is read by a
 * mount on which none can be opened. That of limited size is one.
 */
static int open_tree(const struct linux_container* c, int* tree_out, struct cv_error* err)
{
    const unsigned                  flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW;
    CV_CLEANUP(linux_fd_closep) int tree  = -1;
    if (c->upper_fd >= 0)
        tree = openat(c->upper_fd, "upper", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    else
        tree = sys_open_tree(c->home.home_fd, "upper", flags);
    if (tree < 0)
        return cv_error_errno(err, errno, "open the container's upper", c->home.id);
    int rc = c->upper_fd >= 0 ? 0 : linux_attr_apply(tree, CV_MOUNT_ATTR_NODEV, 0, false, "upper", err);
    if (rc == 0)
        *tree_out = linux_fd_steal(&tree);
    return rc;
}

/* The tree is a mount for as long as it is open. */
static int open_upper(const struct linux_container* c, int* tree_out, int* upper_out, struct cv_error* err)
{
    int rc = open_tree(c, tree_out, err);
    if (rc < 0)
        return rc;
    *upper_out = openat(*tree_out, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return *upper_out < 0 ? cv_error_errno(err, errno, "open the container's upper", c->home.id) : 0;
}

static int work(const struct linux_container* c, const struct linux_snapshot* snapshot, struct copy_stream* stream,
    struct cv_error* err)
{
    CV_CLEANUP(cv_strv_release) struct cv_strv places = { NULL };
    struct snapshot_job                        job    = {
                                  .folder_fd = snapshot->folder_fd,
                                  .user      = linux_unprivileged()->active,
                                  .shift = c->upper_fd >= 0 && c->range.lock_fd >= 0 ? c->range.base : 0, /* the others are idmapped */
                                  .layers = &c->spec->ext.layers,
                                  .places = &places,
                                  .stream = stream,
    };
    int keep[] = { snapshot->socket_fd, snapshot->folder_fd, -1, -1 };
    int rc     = open_upper(c, &keep[2], &keep[3], err);
    if (rc == 0)
        rc = linux_fd_close_others(keep, CV_ARRAY_LEN(keep), err);
    job.upper_fd = keep[3];
    if (rc == 0)
        rc = confine(err);
    if (rc == 0)
        rc = list_places(c->spec, &places, err);
    if (rc < 0)
        return rc;
    return snapshot->folder_fd >= 0 ? snapshot_commit(&job, err) : snapshot_diff(&job, err);
}

static _Noreturn void be_helper(const struct linux_container* container, const struct linux_snapshot* snapshot)
{
    struct copy_frame  last = { .kind = COPY_FATAL, .error = CV_ERROR_INIT };
    struct copy_stream stream;
    umask(0);
    prctl(PR_SET_NAME, "cv-snapshot");
    int rc = linux_pid1_protect(&last.error);
    if (rc == 0)
        rc = copy_stream_init(&stream, snapshot->socket_fd, &last.error);
    if (rc < 0)
        _exit(1);
    rc = work(container, snapshot, &stream, &last.error);
    if (rc == 0)
        last = (struct copy_frame){ .kind = COPY_DONE };
    if (copy_stream_put(&stream, &last, NULL) == 0)
        copy_stream_flush(&stream, NULL);
    _exit(rc < 0 ? 1 : 0);
}

int linux_container_snapshot(const struct linux_container* container, const struct linux_snapshot* snapshot,
    int* pidfd_out, struct cv_error* err)
{
    int               pidfd = -1;
    struct clone_args args  = { .flags = CLONE_PIDFD, .pidfd = (uint64_t)(uintptr_t)&pidfd, .exit_signal = SIGCHLD };
    if (container->spec->ext.layers.count == 0) {
        cv_error_set(err, CV_ERR_UNSUPPORTED,
            "container '%s' uses its root folder in place: what it has changed can't be told apart",
            container->home.id);
        return cv_error_hint(
            err, "run it on a layer: 'cvctl run --rootfs FOLDER:O', or containerv_options_set_layers()");
    }
    pid_t pid = sys_clone3(&args);
    if (pid == 0)
        be_helper(container, snapshot);
    if (pid < 0)
        return cv_error_errno(err, errno, "start looking at the upper", container->home.id);
    *pidfd_out = pidfd;
    return 0;
}
