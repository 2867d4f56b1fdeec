#include "linux/intel-rdt.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cv/str.h>

#include "linux/fd.h"
#include "linux/mountinfo.h"
#include "linux/syscalls.h"

enum { RESCTRL_MAGIC_NUMBER = 0x7655821, SCHEMATA_MAX = 65536, STATUS_MAX = 256, FEATURES_MAX = 4096 };

static int write_file(int folder_fd, const char* file, const char* text, struct cv_error* err)
{
    CV_CLEANUP(linux_fd_closep) int fd = openat(folder_fd, file, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
    return fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text)
               ? 0
               : cv_error_errno(err, errno, "write to the group's file", file);
}

/* Of one that is longer, the beginning. */
static int read_file(int folder_fd, const char* file, char* text, size_t size, struct cv_error* err)
{
    CV_CLEANUP(linux_fd_closep) int fd     = openat(folder_fd, file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    size_t                          length = 0;
    ssize_t                         got    = fd >= 0 ? 1 : -1;
    while (got > 0 && length < size - 1) {
        got = read(fd, text + length, size - 1 - length);
        length += got > 0 ? (size_t)got : 0;
    }
    text[length] = '\0';
    return got < 0 ? cv_error_errno(err, errno, "read the group's file", file) : 0;
}

static int open_if_resctrl(const char* target)
{
    CV_CLEANUP(linux_fd_closep) int fd = open(target, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct statfs                   info;
    return fd >= 0 && fstatfs(fd, &info) == 0 && info.f_type == RESCTRL_MAGIC_NUMBER ? linux_fd_steal(&fd) : -1;
}

static int open_base(int* base_fd_out, struct cv_error* err)
{
    CV_CLEANUP(mountinfo_release) struct mountinfo info  = MOUNTINFO_INIT;
    const struct mountinfo_entry*                  entry = NULL;
    int                                            rc    = linux_mountinfo_read(&info, err);
    if (rc < 0)
        return rc;
    while ((entry = mountinfo_next(&info, entry, "resctrl")) != NULL)
        if ((*base_fd_out = open_if_resctrl(entry->target)) >= 0)
            return 0;
    cv_error_set(err, CV_ERR_UNSUPPORTED, "linux.intelRdt was asked for, and no resctrl filesystem is mounted");
    cv_error_object(err, "linux.intelRdt");
    return cv_error_hint(err, "on a processor that has it: mount -t resctrl resctrl /sys/fs/resctrl");
}

static int check_features(int base_fd, const struct cv_spec* spec, struct cv_error* err)
{
    char text[FEATURES_MAX] = "";
    if (linux_rdt_missing_feature(spec, "") == NULL)
        return 0;
    CV_CLEANUP(linux_fd_closep) int info_fd = openat(base_fd, "info/L3_MON", O_PATH | O_DIRECTORY | O_CLOEXEC);
    int                             rc = info_fd >= 0 ? read_file(info_fd, "mon_features", text, sizeof(text), err) : 0;
    const char*                     missing = rc == 0 ? linux_rdt_missing_feature(spec, text) : NULL;
    return missing == NULL ? rc
                           : cv_error_set(err, CV_ERR_UNSUPPORTED,
                               "linux.intelRdt asks for monitoring, and this processor has no '%s'", missing);
}

/* The kernel says more in a file of its own than by an error number. */
static int why(int base_fd, struct cv_error* err)
{
    char                            text[STATUS_MAX] = "";
    CV_CLEANUP(linux_fd_closep) int info_fd          = openat(base_fd, "info", O_PATH | O_DIRECTORY | O_CLOEXEC);
    struct cv_error                 ignored          = CV_ERROR_INIT;
    if (info_fd >= 0 && read_file(info_fd, "last_cmd_status", text, sizeof(text), &ignored) == 0
        && strcmp(text, "ok\n") != 0) {
        text[strcspn(text, "\n")] = '\0';
        cv_error_hint(err, "the kernel says: %s", text);
    }
    return err->code;
}

/* *made_out: it was not there. */
static int make_group(int base_fd, const char* name, bool* made_out, struct cv_error* err)
{
    *made_out = mkdirat(base_fd, name, 0755) == 0;
    if (*made_out || errno == EEXIST)
        return 0;
    int number = errno;
    int rc     = cv_error_errno(err, number, "make the group for linux.intelRdt", name);
    return number == ENOSPC ? cv_error_hint(err, "the processor has no class of service left (info/*/num_closids)")
                            : rc;
}

static int open_group(int base_fd, const char* name, int* group_fd_out, struct cv_error* err)
{
    *group_fd_out = sys_openat2(base_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC, 0, 0);
    return *group_fd_out < 0 ? cv_error_errno(err, errno, "open the group of linux.intelRdt", name) : 0;
}

static int set_schemata(int base_fd, int group_fd, const char* wanted, struct cv_error* err)
{
    int rc = write_file(group_fd, "schemata", wanted, err);
    return rc < 0 ? why(base_fd, err) : 0;
}

static int check_schemata(int group_fd, const char* wanted, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* present = malloc(SCHEMATA_MAX);
    if (present == NULL)
        return cv_error_no_memory(err);
    int rc = read_file(group_fd, "schemata", present, SCHEMATA_MAX, err);
    return rc == 0 ? linux_rdt_compare(wanted, present, err) : rc;
}

static int put_in(int base_fd, int group_fd, pid_t pid, struct cv_error* err)
{
    char text[16];
    cv_snprintf(text, sizeof(text), "%d\n", (int)pid);
    int rc = write_file(group_fd, "tasks", text, err);
    return rc < 0 ? why(base_fd, err) : 0;
}

static int fill_group(
    int base_fd, const char* name, const struct cv_spec* spec, bool fresh, pid_t pid, struct cv_error* err)
{
    CV_CLEANUP(linux_fd_closep) int group_fd = -1;
    CV_CLEANUP(cv_freep) char*      wanted   = linux_rdt_schemata(spec, err);
    if (wanted == NULL)
        return CV_ERR_NO_MEMORY;
    int rc = open_group(base_fd, name, &group_fd, err);
    if (rc == 0 && linux_rdt_has_schemata(spec))
        rc = fresh ? set_schemata(base_fd, group_fd, wanted, err) : check_schemata(group_fd, wanted, err);
    return rc == 0 ? put_in(base_fd, group_fd, pid, err) : rc;
}

int linux_rdt_join_at(int base_fd, const struct cv_spec* spec, const char* id, pid_t pid, struct cv_error* err)
{
    const char* name = linux_rdt_group(spec, id);
    bool        made = false;
    bool        make = spec->linux_.intel_rdt.clos_id == NULL || linux_rdt_has_schemata(spec);
    int         rc   = check_features(base_fd, spec, err);
    if (rc == 0 && make)
        rc = make_group(base_fd, name, &made, err);
    if (rc == 0)
        rc = fill_group(base_fd, name, spec, made, pid, err);
    if (rc < 0 && made)
        (void)unlinkat(base_fd, name, AT_REMOVEDIR);
    return rc < 0 ? cv_error_wrap(err, "linux.intelRdt '%s'", name) : 0;
}

int linux_rdt_join(const struct cv_spec* spec, const char* id, pid_t pid, struct cv_error* err)
{
    CV_CLEANUP(linux_fd_closep) int base_fd = -1;
    if (!spec->linux_.intel_rdt.set)
        return 0;
    int rc = open_base(&base_fd, err);
    return rc == 0 ? linux_rdt_join_at(base_fd, spec, id, pid, err) : rc;
}

int linux_rdt_enter(const struct cv_spec* spec, const char* id, pid_t pid, struct cv_error* err)
{
    CV_CLEANUP(linux_fd_closep) int base_fd = -1, group_fd = -1;
    if (!spec->linux_.intel_rdt.set)
        return 0;
    int rc = open_base(&base_fd, err);
    if (rc == 0)
        rc = open_group(base_fd, linux_rdt_group(spec, id), &group_fd, err);
    return rc == 0 ? put_in(base_fd, group_fd, pid, err) : rc;
}

int linux_rdt_leave(const struct cv_spec* spec, const char* id, struct cv_error* err)
{
    CV_CLEANUP(linux_fd_closep) int base_fd = -1;
    if (!spec->linux_.intel_rdt.set || spec->linux_.intel_rdt.clos_id != NULL)
        return 0;
    int rc = open_base(&base_fd, err);
    if (rc == CV_ERR_UNSUPPORTED) /* not mounted any more: no group either */
        return 0;
    if (rc == 0 && unlinkat(base_fd, id, AT_REMOVEDIR) < 0 && errno != ENOENT)
        rc = cv_error_errno(err, errno, "remove the group of linux.intelRdt", id);
    return rc;
}
