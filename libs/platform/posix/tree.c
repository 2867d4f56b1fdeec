/*
 * Removing a tree that a stranger may have made, or is still changing. Every step is relative to a held descriptor,
 * opened beneath its parent with no link followed and no mount crossed. A chain of folders deeper than DEPTH_MAX is
 * cut: the deep folder is moved up to the top of the tree under a new name and removed from there, so descriptors
 * and stack stay bounded whatever the depth.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cv/file.h>
#include <cv/handle.h>
#include <cv/posix.h>
#include <cv/random.h>
#include <cv/str.h>

#include <cv/banned.h>

enum {
    DEPTH_MAX  = 32,
    PASSES_MAX = 16, /* over a folder into which somebody still writes, or whose
                      names moved while we read them */
};

struct walk {
    int              top_fd; /* the tree's own folder */
    unsigned         depth;
    bool             moved; /* something came to the top in the top's present pass */
    struct cv_error* err;
};

static int empty_folder(struct walk* walk, int fd);

static int open_child(int parent, const char* name, int* fd_out)
{
    struct open_how how = {
        .flags   = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
    };
    *fd_out = (int)syscall(SYS_openat2, parent, name, &how, sizeof(how));
    return *fd_out < 0 ? errno : 0;
}

/* Give a folder of ours that forbids it (mode 000, overlayfs' work) the rights that its removal needs. Through
 * a descriptor, since the name could have become a link. */
static int allow_changing(int parent, const char* name)
{
    struct open_how how = {
        .flags   = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
    };
    CV_CLEANUP(cv_handle_closep)
    int  fd = (int)syscall(SYS_openat2, parent, name, &how, sizeof(how));
    char link[64];

    if (fd < 0 || cv_snprintf(link, sizeof(link), "/proc/self/fd/%d", fd) < 0 || chmod(link, 0700) < 0)
        return errno;
    return 0;
}

static int rename_to(const struct walk* walk, int parent, const char* name, const char* moved)
{
    return renameat(parent, name, walk->top_fd, moved) < 0 ? errno : 0;
}

/* Out of the deep place, to the top of the tree, under a name that nobody knows. The top's next pass removes it. */
static int move_to_top(struct walk* walk, int parent, const char* name)
{
    char moved[40] = ".removed-";
    int  result    = cv_random_hex(moved + strlen(moved), 24, walk->err);
    int  number;

    if (result < 0)
        return result;
    number = rename_to(walk, parent, name, moved);
    if (number == EACCES && allow_changing(parent, name) == 0) /* its ".." changes, so it must be writable itself */
        number = rename_to(walk, parent, name, moved);
    if (number == EBUSY)
        return cv_error_set(walk->err, CV_ERR_STATE, "something is still mounted on '%s'", name);
    if (number != 0 && number != ENOENT)
        return cv_error_errno(walk->err, number, "move a deep folder to the top of the tree", name);
    walk->moved = true;
    return 0;
}

/* Open it, with the rights that removing its content needs. *fd_out stays -1 when it is gone. */
static int enter_folder(struct walk* walk, int parent, const char* name, int* fd_out)
{
    struct stat info;
    int         number = open_child(parent, name, fd_out);

    if (number == EACCES && allow_changing(parent, name) == 0)
        number = open_child(parent, name, fd_out);
    if (number == ENOENT)
        return 0;
    if (number == EXDEV)
        return cv_error_set(walk->err, CV_ERR_STATE, "something is still mounted on '%s'", name);
    if (number != 0)
        return cv_error_errno(walk->err, number, "open the folder", name);
    /* what this can't change, the removals in it will report */
    if (fstat(*fd_out, &info) == 0 && (info.st_mode & 0700) != 0700)
        (void)!fchmod(*fd_out, 0700);
    return 0;
}

static int remove_folder(struct walk* walk, int parent, const char* name)
{
    CV_CLEANUP(cv_handle_closep) int fd = -1;
    int                              result, number;

    if (walk->depth >= DEPTH_MAX && unlinkat(parent, name, AT_REMOVEDIR) == 0)
        return 0;
    if (walk->depth >= DEPTH_MAX)
        return move_to_top(walk, parent, name);
    result = enter_folder(walk, parent, name, &fd);
    if (result < 0 || fd < 0)
        return result;
    if (walk->depth == 0)
        walk->top_fd = fd;
    walk->depth++;
    for (unsigned pass = 0; pass < PASSES_MAX; pass++) {
        if (walk->depth == 1)
            walk->moved = false;
        result = empty_folder(walk, fd);
        if (result < 0 || unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
            break;
        number = errno;
        result = cv_error_errno(walk->err, number, "remove the folder", name);
        if (number != ENOTEMPTY && number != EEXIST)
            break;
        if (walk->depth == 1 && walk->moved)
            pass = 0; /* progress: the tree got shallower */
    }
    walk->depth--;
    return result;
}

static int remove_entry(struct walk* walk, int parent, const char* name)
{
    if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
        return 0;
    if (errno == EBUSY)
        return cv_error_set(walk->err, CV_ERR_STATE, "something is still mounted on '%s'", name);
    if (errno != EISDIR)
        return cv_error_errno(walk->err, errno, "remove", name);
    return remove_folder(walk, parent, name);
}

/* One pass over the names in the folder. The stream gets a descriptor of its own, since closing it closes that. */
static int empty_folder(struct walk* walk, int fd)
{
    int            copy   = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR*           stream = copy >= 0 ? fdopendir(copy) : NULL;
    struct dirent* entry;
    int            result = 0;

    if (stream == NULL) {
        result = cv_error_errno(walk->err, errno, "read the folder", NULL);
        cv_handle_closep(&copy);
        return result;
    }
    while (result == 0 && (errno = 0, entry = readdir(stream)) != NULL)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            result = remove_entry(walk, fd, entry->d_name);
    if (result == 0 && errno != 0)
        result = cv_error_errno(walk->err, errno, "read the folder", NULL);
    closedir(stream);
    return result;
}

int cv_tree_remove_at(int dirfd, const char* name, struct cv_error* err)
{
    struct walk walk = { .top_fd = -1, .err = err };

    if (name[0] == '\0' || strchr(name, '/') != NULL || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return cv_error_set(err, CV_ERR_INVALID, "'%s' is no name of something to remove", name);
    return remove_entry(&walk, dirfd, name);
}

int cv_tree_remove(const char* path, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char*       folder = cv_strdup(path, err);
    CV_CLEANUP(cv_handle_closep) int fd     = -1;
    size_t                           length;
    char*                            slash;

    if (folder == NULL)
        return CV_ERR_NO_MEMORY;
    for (length = strlen(folder); length > 1 && folder[length - 1] == '/'; length--)
        folder[length - 1] = '\0';
    slash = strrchr(folder, '/');
    if (slash == NULL)
        return cv_tree_remove_at(AT_FDCWD, folder, err);
    *slash = '\0';
    fd     = open(slash == folder ? "/" : folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return 0;
    if (fd < 0)
        return cv_error_errno(err, errno, "open the folder", folder);
    return cv_tree_remove_at(fd, slash + 1, err);
}
