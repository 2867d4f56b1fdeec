#include "linux/timens.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "linux/fd.h"
#include "linux/timens-plan.h"

static int write_offsets(const struct cv_spec* spec, struct cv_error* err)
{
    static const char path[] = "/proc/self/timens_offsets";
    char              text[LINUX_TIMENS_TEXT_MAX];
    int               rc = linux_timens_text(spec, text, err);
    if (rc < 0 || text[0] == '\0')
        return rc;
    CV_CLEANUP(linux_fd_closep) int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return cv_error_errno(err, errno, "open the offsets of the clocks", path);
    if (write(fd, text, strlen(text)) >= 0) /* all or nothing */
        return 0;
    if (errno != ERANGE)
        return cv_error_errno(err, errno, "set the offsets of the clocks", path);
    cv_error_set(err, CV_ERR_INVALID, "an offset puts a clock below zero or above 146 years");
    cv_error_step(err, "set the offsets of the clocks");
    cv_error_object(err, "linux.timeOffsets");
    return cv_error_hint(
        err, "monotonic and boottime count from the host's boot: a negative offset can't be larger than that");
}

int linux_timens_enter(const struct cv_spec* spec, struct cv_error* err)
{
    const struct cv_spec_namespace* entry = cv_spec_namespace(spec, "time");
    if (entry == NULL || entry->path != NULL) /* a given one has its offsets, and was joined */
        return 0;
    if (unshare(CLONE_NEWTIME) < 0)
        return cv_error_errno(err, errno, "make a time namespace", NULL);
    int rc = write_offsets(spec, err);
    if (rc < 0)
        return rc;
    CV_CLEANUP(linux_fd_closep) int fd = open("/proc/self/ns/time_for_children", O_RDONLY | O_CLOEXEC);
    if (fd < 0 || setns(fd, CLONE_NEWTIME) < 0)
        return cv_error_errno(err, errno, "enter the time namespace", NULL);
    return 0;
}
