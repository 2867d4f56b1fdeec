/*
 * The caller's side of diff and commit. Where a layer goes is decided by the caller's own rights: the folder is made here, under a name of
 * ours, handed over by descriptor, and renamed when it is complete.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cv/handle.h>
#include <cv/posix.h>
#include <cv/random.h>
#include <cv/str.h>

#include "linux/client-hear.h"
#include "linux/client-instance.h"
#include "linux/copy-plan.h"

#include <cv/banned.h>

enum { NAME_DIGITS = 16, CLEAN_MS = 600000 };

/* --- hearing it ------------------------------------------------------------------------------------------------------------------- */

/* Who was told to stop takes away what it made before it ends. */
static void stop(struct copy_stream* stream)
{
    struct copy_frame frame;
    stream->tick     = NULL;
    stream->stall_ms = CLEAN_MS;
    shutdown(stream->fd, SHUT_WR);
    while (copy_stream_get(stream, &frame, NULL) == 0) {}
}

static int hear_all(int fd, const struct cv_snapshot_request* request, struct cv_error* err)
{
    const struct linux_hear hear = { .who = "the container's end of the snapshot",
        .changed                          = request->changed,
        .moved                            = request->moved,
        .context                          = request->context };
    struct copy_stream      stream;
    bool                    last_word = false;
    int                     rc        = copy_stream_init(&stream, fd, err);
    if (rc == 0) {
        rc = linux_client_hear(&stream, &hear, &last_word, err);
        if (rc < 0 && !last_word && rc != CV_ERR_LOST)
            stop(&stream);
    }
    copy_stream_release(&stream);
    return rc;
}

static int run_by(struct linux_instance* self, struct linux_route* held, const struct cv_snapshot_request* request,
    int folder_fd, struct cv_error* err)
{
    CV_CLEANUP(cv_handle_closep) int own = -1;
    int                              ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return cv_error_errno(err, errno, "make the snapshot's socket", NULL);
    own    = ends[0];
    int rc = linux_client_send_snapshot(self, held, request->pause, ends[1], folder_fd, err);
    close(ends[1]);
    return rc == 0 ? hear_all(own, request, err) : rc;
}

static int run(void* instance, const struct cv_snapshot_request* request, int folder_fd, struct cv_error* err)
{
    struct linux_instance* self = instance;
    struct linux_route     held = LINUX_ROUTE_INIT;
    int                    rc   = self->supervised ? linux_supervised_hold(self, &held, err) : 0;
    if (rc < 0)
        return rc;
    rc = run_by(self, &held, request, folder_fd, err);
    linux_supervised_release(self, &held);
    return rc;
}

/* --- the layer's folder ----------------------------------------------------------------------------------------------------------- */

struct place {
    struct copy_path path;
    int              parent_fd, folder_fd;
    char             name[32]; /* until it is complete */
};

static int exists(const char* folder, struct cv_error* err)
{
    cv_error_set(err, CV_ERR_EXISTS, "'%s' exists: a layer is made in a folder of its own", folder);
    return cv_error_object(err, "%s", folder);
}

static int open_parent(struct place* place, const char* folder, struct cv_error* err)
{
    struct stat info;
    int         rc = copy_path_parse(folder, &place->path, err);
    if (rc < 0)
        return rc;
    if (place->path.contents)
        return exists(folder, err);
    place->parent_fd = open(place->path.parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (place->parent_fd < 0)
        return cv_error_errno(err, errno, "open the folder around the layer", place->path.parent);
    return fstatat(place->parent_fd, place->path.name, &info, AT_SYMLINK_NOFOLLOW) == 0 ? exists(folder, err) : 0;
}

static int make(struct place* place, const char* folder, struct cv_error* err)
{
    char digits[NAME_DIGITS + 1];
    int  rc = cv_random_hex(digits, NAME_DIGITS, err);
    if (rc == 0)
        rc = cv_snprintf(place->name, sizeof(place->name), ".cv-%s", digits);
    if (rc < 0)
        return rc;
    if (mkdirat(place->parent_fd, place->name, 0700) < 0) {
        place->name[0] = '\0';
        return cv_error_errno(err, errno, "make the layer's folder", folder);
    }
    place->folder_fd = openat(place->parent_fd, place->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return place->folder_fd < 0 ? cv_error_errno(err, errno, "open the layer's folder", folder) : 0;
}

static int appear(struct place* place, const char* folder, struct cv_error* err)
{
    if (renameat2(place->parent_fd, place->name, place->parent_fd, place->path.name, RENAME_NOREPLACE) == 0) {
        place->name[0] = '\0';
        return 0;
    }
    return errno == EEXIST ? exists(folder, err) : cv_error_errno(err, errno, "put the layer in its place", folder);
}

/* What the other side made it has taken away itself, unless it was killed. */
static void release(struct place* place)
{
    if (place->name[0] != '\0')
        cv_tree_remove_at(place->parent_fd, place->name, NULL);
    cv_handle_closep(&place->folder_fd);
    cv_handle_closep(&place->parent_fd);
    copy_path_release(&place->path);
}

int linux_client_snapshot(void* instance, const struct cv_snapshot_request* request, struct cv_error* err)
{
    struct place place = { .parent_fd = -1, .folder_fd = -1 };
    if (request->folder == NULL)
        return run(instance, request, -1, err);
    int rc = open_parent(&place, request->folder, err);
    if (rc == 0)
        rc = make(&place, request->folder, err);
    if (rc == 0)
        rc = run(instance, request, place.folder_fd, err);
    if (rc == 0)
        rc = appear(&place, request->folder, err);
    release(&place);
    return rc;
}
