/* The writable layer of a container: a folder in its home, or, with a limit of its size, a tmpfs. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cv/str.h>

#include "linux/fd.h"
#include "linux/source.h"

#define PLACE "upper"

int linux_upper_make_folders(int place_fd, bool kept, struct cv_error* err)
{
    if ((mkdirat(place_fd, "upper", 0755) < 0 && !(kept && errno == EEXIST))
        || (mkdirat(place_fd, "work", 0700) < 0 && !(kept && errno == EEXIST)))
        return cv_error_errno(err, errno, "make the container's upper", NULL);
    return 0;
}

/* As root of the container: it is who mounts the overlay. (Before Linux 6.3 a tmpfs can't be idmapped; this one ends with the container,
 * so that its owners may be those of the range.) */
static int give_away(int place_fd, const struct linux_idrange* range, struct cv_error* err)
{
    static const char* const names[] = { "upper", "work" };
    for (size_t i = 0; range != NULL && i < CV_ARRAY_LEN(names); i++)
        if (fchownat(place_fd, names[i], range->base, range->base, AT_SYMLINK_NOFOLLOW) < 0)
            return cv_error_errno(err, errno, "give the upper to the container's root", names[i]);
    return 0;
}

int linux_upper_mount(uint64_t bytes, const struct linux_idrange* range, int* upper_fd_out, struct cv_error* err)
{
    char                            options[64];
    CV_CLEANUP(linux_fd_closep) int fd = -1;
    cv_snprintf(options, sizeof(options), "mode=0711,size=%" PRIu64, bytes);
    if (mount("containerv", PLACE, "tmpfs", MS_NOSUID | MS_NODEV, options) < 0)
        return cv_error_errno(err, errno, "mount an upper of limited size", options);
    fd     = open(PLACE, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    int rc = fd < 0 ? cv_error_errno(err, errno, "open the container's upper", PLACE)
                    : linux_upper_make_folders(fd, false, err);
    if (rc == 0)
        rc = give_away(fd, range, err);
    if (rc == 0)
        *upper_fd_out = linux_fd_steal(&fd);
    return rc;
}

bool linux_upper_is_full(int upper_fd)
{
    struct statfs info;
    return upper_fd >= 0 && fstatfs(upper_fd, &info) == 0 && (info.f_bavail == 0 || info.f_ffree == 0);
}
