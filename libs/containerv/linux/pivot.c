#include "linux/pivot.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include "linux/attr.h"
#include "linux/fd.h"
#include "linux/outer.h"
#include "linux/setup.h"
#include "linux/syscalls.h"

static int refused(struct cv_error* err, int number, const char* step, const char* object)
{
    cv_error_errno(err, number, step, object);
    return linux_outer_hint(LINUX_OUTER_MOUNT, number, err);
}

int linux_pivot_prepare(const struct linux_setup* setup, struct linux_pivot* pivot_out, struct cv_error* err)
{
    static const char* const paths[LINUX_PIVOT_VIEWS] = { "/sys", "/proc" };
    for (int i = 0; i < LINUX_PIVOT_VIEWS && setup->no_pivot; i++) {
        pivot_out->view_fds[i] = open(paths[i], O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (pivot_out->view_fds[i] < 0 && errno != ENOENT)
            return cv_error_errno(err, errno, "open the host's", paths[i]);
    }
    return 0;
}

void linux_pivot_release(struct linux_pivot* pivot)
{
    for (int i = 0; i < LINUX_PIVOT_VIEWS; i++)
        linux_fd_closep(&pivot->view_fds[i]);
}

/*
 * Without pivot_root the host's mounts stay below the root. These two would let whoever has a mount namespace in there mount a procfs or
 * sysfs with nothing hidden in it. (EINVAL: it is no mount, or the kernel has locked it, for a user namespace, with what is over it.)
 */
static int drop_views(const struct linux_pivot* pivot, struct cv_error* err)
{
    for (int i = 0; i < LINUX_PIVOT_VIEWS; i++)
        if (pivot->view_fds[i] >= 0
            && (fchdir(pivot->view_fds[i]) < 0 || (umount2(".", MNT_DETACH) < 0 && errno != EINVAL)))
            return cv_error_errno(err, errno, "leave the host's /proc and /sys", NULL);
    return 0;
}

static int pivot_root_away(struct cv_error* err)
{
    if (sys_pivot_root(".", ".") < 0) {
        int number = errno;
        refused(err, number, "make the container's root the root", NULL);
        return number == EINVAL ? cv_error_hint(err, "where the host's root is an initramfs: --no-pivot") : err->code;
    }
    if (umount2(".", MNT_DETACH) < 0)
        return cv_error_errno(err, errno, "leave the host's root", NULL);
    return 0;
}

/* The host's root can't be left, as it is an initramfs: the container's is moved over it. */
static int move_and_chroot(const struct linux_setup* setup, const struct linux_pivot* pivot, struct cv_error* err)
{
    if (mount(".", "/", NULL, MS_MOVE, NULL) < 0)
        return refused(err, errno, "move the container's root over the host's", NULL);
    int rc = drop_views(pivot, err);
    if (rc < 0)
        return rc;
    if (fchdir(setup->root_fd) < 0 || chroot(".") < 0)
        return cv_error_errno(err, errno, "make the container's root the root", NULL);
    return 0;
}

static int propagate(const struct linux_setup* setup, struct cv_error* err)
{
    enum cv_mount_propagation propagation;
    bool                      recursive;
    if (!linux_attr_propagation_word(setup->spec->linux_.rootfs_propagation, &propagation, &recursive))
        return 0;
    return linux_attr_propagate(setup->root_fd, propagation, recursive, "/", err);
}

int linux_pivot_away(const struct linux_setup* setup, const struct linux_pivot* pivot, struct cv_error* err)
{
    if (fchdir(setup->root_fd) < 0)
        return cv_error_errno(err, errno, "enter the container's root", NULL);
    int rc = setup->no_pivot ? move_and_chroot(setup, pivot, err) : pivot_root_away(err);
    if (rc == 0 && chdir("/") < 0)
        rc = cv_error_errno(err, errno, "enter the container's root", NULL);
    return rc == 0 ? propagate(setup, err) : rc;
}
