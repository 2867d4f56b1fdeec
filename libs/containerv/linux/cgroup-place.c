#include "linux/cgroup-place.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cv/file.h>
#include <cv/handle.h>
#include <cv/posix.h>
#include <cv/str.h>

#include "linux/cgroup-file.h"
#include "linux/syscalls.h"
#include "spec/spec.h"

#include <cv/banned.h>

#define MARK      "user.containerv.made"
#define NOTE_NAME "cgroup-parent"

enum { PART_SIZE = 256 };

/* --- the way down -------------------------------------------------------------------------------------------------------------- */

/* Take the first part off a path; false at its end. */
static bool next_part(const char** path, char part[PART_SIZE])
{
    const char* text   = *path + strspn(*path, "/");
    size_t      length = strcspn(text, "/");

    if (length == 0 || length >= PART_SIZE)
        return false;
    memcpy(part, text, length);
    part[length] = '\0';
    *path        = text + length;
    return true;
}

static int open_beneath(int fd, const char* name)
{
    uint64_t resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;

    return sys_openat2(fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0, resolve);
}

/* The deepest part of the path that is there. *rest_out is what is missing, "" when nothing is. *inside_out: `within_fd` is on the way. */
static int open_deepest(int root_fd, const char* path, int within_fd, int* fd_out, const char** rest_out,
    bool* inside_out, struct cv_error* err)
{
    CV_CLEANUP(cv_handle_closep) int fd     = open_beneath(root_fd, ".");
    bool                             inside = within_fd < 0;
    char                             part[PART_SIZE];

    *rest_out = path;
    if (fd < 0)
        return cv_error_errno(err, errno, "open the cgroup hierarchy", "/");
    inside = inside || linux_cgroup_is_same(fd, within_fd);
    while (next_part(&path, part)) {
        int next = open_beneath(fd, part);

        if (next < 0 && errno == ENOENT)
            break;
        if (next < 0)
            return cv_error_errno(err, errno, "open a part of the cgroup parent", part);
        cv_handle_closep(&fd);
        fd        = next;
        inside    = inside || linux_cgroup_is_same(fd, within_fd);
        *rest_out = path;
    }
    *fd_out     = CV_STEAL_HANDLE(fd);
    *inside_out = inside;
    return 0;
}

static int not_made(const char* part, int number, struct cv_error* err)
{
    int rc = cv_error_errno(err, number, "make a part of the cgroup parent", part);

    return number != EAGAIN ? rc
                            : cv_error_hint(err, "a group above allows no more groups below it: look at its "
                                                 "cgroup.max.depth and cgroup.max.descendants");
}

/* Make one part with its mark, and open it. Somebody else may be faster: then it is his. */
static int make_part(int above_fd, const char* part, int* fd_out, struct cv_error* err)
{
    bool made = mkdirat(above_fd, part, 0755) == 0;

    if (!made && errno != EEXIST)
        return not_made(part, errno, err);
    CV_CLEANUP(cv_handle_closep) int fd = open_beneath(above_fd, part);
    if (fd >= 0 && (!made || fsetxattr(fd, MARK, "1", 1, 0) == 0)) {
        *fd_out = CV_STEAL_HANDLE(fd);
        return 0;
    }
    cv_error_errno(err, errno, fd < 0 ? "open a part of the cgroup parent" : "mark a part of the cgroup parent", part);
    if (made)
        unlinkat(above_fd, part, AT_REMOVEDIR);
    return err != NULL ? err->code : CV_ERR_SYSTEM;
}

/* Make all of `rest` below *fd, which goes along. */
static int make_rest(int* fd, const char** rest, struct cv_error* err)
{
    char part[PART_SIZE];

    for (const char* behind = *rest; next_part(&behind, part); *rest = behind) {
        int next = CV_HANDLE_NONE;
        int rc   = make_part(*fd, part, &next, err);

        if (rc < 0)
            return rc;
        cv_handle_closep(fd);
        *fd = next;
    }
    return 0;
}

static int prepare_all(int root_fd, const struct linux_cgroup_place* place, struct cv_error* err)
{
    CV_CLEANUP(cv_handle_closep) int fd   = open_beneath(root_fd, ".");
    const char*                      path = place->path;
    char                             part[PART_SIZE];

    if (fd < 0)
        return cv_error_errno(err, errno, "open the cgroup hierarchy", "/");
    while (next_part(&path, part)) {
        int next = open_beneath(fd, part);
        int rc   = next < 0 ? cv_error_errno(err, errno, "open a part of the cgroup parent", part)
                            : place->prepare(fd, next, err);

        cv_handle_closep(&fd);
        fd = next;
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* --- the way up ---------------------------------------------------------------------------------------------------------------- */

static bool is_ours(int fd)
{
    char value[2];

    return fgetxattr(fd, MARK, value, sizeof(value)) >= 0;
}

/* The part of path[0..length) that is last, and the length of what is before it; 0 with an empty name at the top. */
static size_t last_part(const char* path, size_t length, char part[PART_SIZE])
{
    size_t end = length, start;

    while (end > 0 && path[end - 1] == '/')
        end--;
    for (start = end; start > 0 && path[start - 1] != '/';)
        start--;
    size_t size = end - start < PART_SIZE ? end - start : 0;
    memcpy(part, path + start, size);
    part[size] = '\0';
    return start;
}

/* `fd` is the group path[0..length). */
static int leave(int fd, const char* path, size_t length, struct cv_error* err)
{
    CV_CLEANUP(cv_handle_closep) int own = CV_HANDLE_NONE; /* the one at which we are, unless it is the caller's */
    char                             part[PART_SIZE];

    while ((length = last_part(path, length, part)) > 0 && part[0] != '\0' && is_ours(fd)) {
        int above = openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (above < 0)
            return errno == ENOENT ? 0 : cv_error_errno(err, errno, "open the group above the cgroup parent", part);
        cv_handle_closep(&own);
        fd = own = above;
        if (unlinkat(above, part, AT_REMOVEDIR) == 0 || errno == ENOENT)
            continue;
        return errno == EBUSY ? 0 : cv_error_errno(err, errno, "remove a part of the cgroup parent", part);
    }
    return 0;
}

int linux_cgroup_place_leave(int place_fd, const char* path, struct cv_error* err)
{
    return leave(place_fd, path, strlen(path), err);
}

int linux_cgroup_place_sweep(int root_fd, const char* path, struct cv_error* err)
{
    CV_CLEANUP(cv_handle_closep) int fd     = CV_HANDLE_NONE;
    const char*                      rest   = path;
    bool                             inside = false;
    int                              rc     = open_deepest(root_fd, path, -1, &fd, &rest, &inside, err);

    return rc < 0 ? rc : leave(fd, path, (size_t)(rest - path), err);
}

/* --- the place ----------------------------------------------------------------------------------------------------------------- */

static int not_within(const char* path, struct cv_error* err)
{
    cv_error_set(err, CV_ERR_PERMISSION,
        "the cgroup parent '%s' is not in the part of the tree that was delegated to this user", path);
    cv_error_step(err, "make the cgroup parent");
    cv_error_object(err, "%s", path);
    return cv_error_hint(err,
        "it must be the program's own group or below: look at /proc/self/cgroup; to be given one: "
        "systemd-run --user --scope -p Delegate=yes PROGRAM");
}

int linux_cgroup_place_make(
    int root_fd, const struct linux_cgroup_place* place, int* place_fd_out, struct cv_error* err)
{
    CV_CLEANUP(cv_handle_closep) int fd     = CV_HANDLE_NONE;
    const char*                      rest   = place->path;
    bool                             inside = false;
    int rc = open_deepest(root_fd, place->path, place->within_fd, &fd, &rest, &inside, err);

    if (rc == 0 && !inside)
        return not_within(place->path, err);
    if (rc == 0)
        rc = make_rest(&fd, &rest, err);
    if (rc == 0 && place->prepare != NULL)
        rc = prepare_all(root_fd, place, err);
    if (rc == 0)
        *place_fd_out = CV_STEAL_HANDLE(fd);
    else if (fd >= 0)
        leave(fd, place->path, (size_t)(rest - place->path), NULL);
    return rc < 0 ? cv_error_wrap(err, "make the cgroup parent '%s'", place->path) : 0;
}

int linux_cgroup_place_open(int root_fd, const char* path, int* place_fd_out, struct cv_error* err)
{
    CV_CLEANUP(cv_handle_closep) int fd     = CV_HANDLE_NONE;
    const char*                      rest   = path;
    bool                             inside = false;
    int                              rc     = open_deepest(root_fd, path, -1, &fd, &rest, &inside, err);

    if (rc == 0 && rest[strspn(rest, "/")] != '\0') /* "/" is there always */
        return cv_error_set(err, CV_ERR_NOT_FOUND, "there is no cgroup '%s'", path);
    if (rc == 0)
        *place_fd_out = CV_STEAL_HANDLE(fd);
    return rc;
}

/* The kernel says the one of a group that is being removed, the other of one that is. */
bool linux_cgroup_place_vanished(const struct cv_error* err)
{
    return err->number == ENOENT || err->number == ENODEV;
}

/* --- the note ------------------------------------------------------------------------------------------------------------------ */

int linux_cgroup_place_note(int run_folder_fd, const char* path, struct cv_error* err)
{
    CV_CLEANUP(cv_handle_closep)
    int note = openat(run_folder_fd, NOTE_NAME, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);

    if (note < 0 || write(note, path, strlen(path)) != (ssize_t)strlen(path))
        return cv_error_errno(err, errno, "note the container's cgroup parent", NOTE_NAME);
    return 0;
}

int linux_cgroup_place_noted(int run_folder_fd, char** path_out, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* path = NULL;
    int rc = cv_file_read_at(run_folder_fd, NOTE_NAME, CV_SPEC_MAX_CGROUP_PARENT, &path, NULL, err);

    if (rc < 0)
        return rc;
    if (cv_spec_check_cgroup_parent(path, NULL) < 0) /* its writer was killed, and had not made anything */
        return cv_error_set(err, CV_ERR_NOT_FOUND, "the note of the cgroup parent is not complete");
    *path_out = CV_STEAL(path);
    return 0;
}
