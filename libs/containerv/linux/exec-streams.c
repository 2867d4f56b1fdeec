/* A program's streams: its terminal, and each descriptor at its number. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>
#include <termios.h>
#include <unistd.h>

#include "linux/exec-internal.h"
#include "linux/fd.h"
#include "linux/syscalls.h"
#include "linux/users.h"

enum { DEVPTS_MAGIC_NUMBER = 0x1cd1, FIRST_HIGH_FD = 512 };

static int open_terminal(int* master_out, int* slave_out, struct cv_error* err)
{
    struct statfs info;
    int           zero = 0;
    *master_out        = sys_openat2(AT_FDCWD, "/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC, 0, RESOLVE_NO_SYMLINKS);
    if (*master_out < 0)
        return cv_error_errno(err, errno, "open a terminal in the container", "/dev/pts/ptmx");
    if (fstatfs(*master_out, &info) < 0 || info.f_type != DEVPTS_MAGIC_NUMBER)
        return cv_error_set(err, CV_ERR_INVALID, "the container's /dev/pts is no terminal filesystem");
    if (ioctl(*master_out, TIOCSPTLCK, &zero) < 0)
        return cv_error_errno(err, errno, "unlock the terminal", NULL);
    *slave_out = ioctl(*master_out, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    return *slave_out < 0 ? cv_error_errno(err, errno, "open the terminal's inner end", NULL) : 0;
}

/* What the caller's own terminal has counts, then what the document says. */
static struct winsize size_of(const struct linux_start* start)
{
    const struct cv_spec_process* process = start->process;
    uint32_t                      columns = start->columns != 0 ? start->columns : process->console_width;
    uint32_t                      rows    = start->rows != 0 ? start->rows : process->console_height;
    return (struct winsize){ .ws_col = columns == 0           ? 80
                                       : columns > UINT16_MAX ? UINT16_MAX
                                                              : (unsigned short)columns,
        .ws_row                      = rows == 0           ? 24
                                       : rows > UINT16_MAX ? UINT16_MAX
                                                           : (unsigned short)rows };
}

int linux_exec_terminal(
    const struct linux_exec* what, const struct linux_identity* who, int* slave_out, struct cv_error* err)
{
    CV_CLEANUP(linux_fd_closep) int master  = -1;
    CV_CLEANUP(linux_fd_closep) int slave   = -1;
    struct winsize                  size    = size_of(what->start);
    struct setup_message            message = { .word = SETUP_TERMINAL };
    int                             rc      = open_terminal(&master, &slave, err);
    if (rc < 0)
        return rc;
    if (ioctl(master, TIOCSWINSZ, &size) < 0 || fchown(slave, who->uid, (gid_t)-1) < 0)
        return cv_error_errno(err, errno, "set up the terminal", NULL);
    rc = setup_say(what->status_fd, &message, master, err);
    if (rc < 0)
        return rc;
    /* only now: the end of the last master would be a hangup, which would end us before we have told what went wrong */
    if (ioctl(slave, TIOCSCTTY, 0) < 0)
        return cv_error_errno(err, errno, "make the terminal the controlling one", NULL);
    *slave_out = linux_fd_steal(&slave);
    return 0;
}

static int lift(int fd, struct cv_error* err)
{
    int high = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_HIGH_FD);
    if (high < 0)
        cv_error_errno(err, errno, "copy a descriptor for the program", NULL);
    return high;
}

/* First all copies out of the way, then each to its number: sources and targets may overlap. */
static int place_fds(const int* wanted, size_t count, struct cv_error* err)
{
    int high[3 + 256];
    if (count > sizeof(high) / sizeof(high[0]))
        return cv_error_set(err, CV_ERR_INVALID, "%zu descriptors are too many for one program", count);
    for (size_t i = 0; i < count; i++)
        if ((high[i] = lift(wanted[i], err)) < 0)
            return err->code;
    for (size_t i = 0; i < count; i++)
        if (dup2(high[i], (int)i) < 0)
            return cv_error_errno(err, errno, "place a descriptor for the program", NULL);
    return 0;
}

static int keep_high(const struct linux_exec* what, struct linux_exec_kept* kept_out, struct cv_error* err)
{
    kept_out->status = lift(what->status_fd, err);
    if (kept_out->status < 0)
        return err->code;
    if (what->landlock_fd < 0)
        return 0;
    kept_out->landlock = lift(what->landlock_fd, err);
    return kept_out->landlock < 0 ? err->code : 0;
}

int linux_exec_wire(const struct linux_exec* what, int slave, struct linux_exec_kept* kept, struct cv_error* err)
{
    int                       wanted[3 + 256];
    const struct linux_start* start = what->start;
    if (start->extra_count > 256)
        return cv_error_set(err, CV_ERR_INVALID, "%zu descriptors are too many for one program", start->extra_count);
    if (keep_high(what, kept, err) < 0)
        return err->code;
    for (int i = 0; i < 3; i++)
        wanted[i] = start->terminal ? slave : start->stdio[i] >= 0 ? start->stdio[i] : what->null_fd;
    for (size_t i = 0; i < start->extra_count; i++)
        wanted[3 + i] = start->extra[i];
    size_t count = 3 + start->extra_count;
    int    rc    = place_fds(wanted, count, err);
    if (rc < 0)
        return rc;
    int keep[3 + 256 + 2];
    for (size_t i = 0; i < count; i++)
        keep[i] = (int)i;
    keep[count]     = kept->status;
    keep[count + 1] = kept->landlock;
    return linux_fd_close_others(keep, count + 2, err);
}
