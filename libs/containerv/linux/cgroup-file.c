#include "linux/cgroup-file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cv/handle.h>
#include <cv/str.h>

#include "linux/cgroup-parse.h"
#include "linux/cgroup.h"

#include <cv/banned.h>

enum { PROCS_MAX_BYTES = 64 << 20 }; /* 2^22 processes of 8 bytes are half of it */

struct walk {
    int (*visit)(pid_t pid, void* data, struct cv_error* err);
    void* data;
};

int linux_cgroup_open_folder(int parent_fd, const char* name, int* folder_out, struct cv_error* err)
{
    int fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return cv_error_errno(err, errno, "open the cgroup", name);
    *folder_out = fd;
    return 0;
}

bool linux_cgroup_is_same(int a, int b)
{
    struct stat x, y;

    return fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

int linux_cgroup_write(int group_fd, const char* file, const char* text, struct cv_error* err)
{
    CV_CLEANUP(cv_handle_closep) int fd = openat(group_fd, file, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
    ssize_t                          written;

    if (fd < 0)
        return cv_error_errno(err, errno, "open a file of the cgroup", file);
    do
        written = write(fd, text, strlen(text));
    while (written < 0 && errno == EINTR);
    if (written < 0)
        return cv_error_errno(err, errno, "write to the cgroup", file);
    if ((size_t)written != strlen(text))
        return cv_error_errno(err, EIO, "write to the cgroup", file);
    return 0;
}

int linux_cgroup_read(int group_fd, const char* file, char* text, size_t size, struct cv_error* err)
{
    CV_CLEANUP(cv_handle_closep) int fd     = openat(group_fd, file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    size_t                           length = 0;
    ssize_t                          got    = 1;

    if (fd < 0)
        return cv_error_errno(err, errno, "open a file of the cgroup", file);
    while (got != 0 && length < size) {
        got = read(fd, text + length, size - length);
        if (got < 0 && errno != EINTR)
            return cv_error_errno(err, errno, "read a file of the cgroup", file);
        length += got > 0 ? (size_t)got : 0;
    }
    if (length == size)
        return cv_error_set(err, CV_ERR_LIMIT, "a file of the cgroup, %s, has %zu bytes or more", file, size);
    text[length] = '\0';
    return 0;
}

DIR* linux_cgroup_list(int group_fd, struct cv_error* err)
{
    /* opened anew: a duplicate would share its place in the listing with the caller's descriptor */
    CV_CLEANUP(cv_handle_closep) int fd = openat(group_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR*                             folder;

    if (fd < 0) {
        cv_error_errno(err, errno, "list the cgroup", NULL);
        return NULL;
    }
    folder = fdopendir(fd);
    if (folder == NULL)
        cv_error_errno(err, errno, "list the cgroup", NULL);
    else
        fd = CV_HANDLE_NONE;
    return folder;
}

const char* linux_cgroup_next_child(DIR* folder)
{
    const struct dirent* entry;

    while ((entry = readdir(folder)) != NULL)
        if (entry->d_type == DT_DIR && strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            return entry->d_name;
    return NULL;
}

void linux_cgroup_closep(DIR** folder)
{
    if (*folder != NULL)
        closedir(*folder);
    *folder = NULL;
}

static int read_procs(int group, struct cv_str* text, struct cv_error* err)
{
    CV_CLEANUP(cv_handle_closep) int fd = openat(group, "cgroup.procs", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    char                             buffer[4096];
    ssize_t                          got;

    if (fd < 0)
        return cv_error_errno(err, errno, "list the cgroup's processes", "cgroup.procs");
    while ((got = read(fd, buffer, sizeof(buffer))) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return cv_error_errno(err, errno, "list the cgroup's processes", "cgroup.procs");
        cv_str_append_bytes(text, buffer, (size_t)got);
        if (text->failed)
            return cv_error_no_memory(err);
        if (text->length > PROCS_MAX_BYTES)
            return cv_error_set(err, CV_ERR_LIMIT, "list the cgroup's processes: more than %d bytes", PROCS_MAX_BYTES);
    }
    return 0;
}

static int visit_procs(int group, const struct walk* walk, struct cv_error* err)
{
    CV_CLEANUP(cv_str_release) struct cv_str text = { 0 };
    const char*                              at;
    int32_t                                  pid = 0;
    int                                      rc  = read_procs(group, &text, err);

    if (rc < 0 || text.length == 0)
        return rc;
    at = text.text;
    while ((rc = linux_cgroup_next_pid(&at, text.text + text.length, &pid, err)) > 0) {
        /* 0 stands for a process that has no number in this PID namespace */
        if (pid != 0 && (rc = walk->visit(pid, walk->data, err)) < 0)
            return rc;
    }
    return rc;
}

static int visit_group(int group, unsigned depth, const struct walk* walk, struct cv_error* err);

static int visit_children(int group, unsigned depth, const struct walk* walk, struct cv_error* err)
{
    CV_CLEANUP(linux_cgroup_closep) DIR* folder = linux_cgroup_list(group, err);
    const char*                          name;

    if (folder == NULL)
        return err != NULL ? err->code : CV_ERR_SYSTEM;
    while ((name = linux_cgroup_next_child(folder)) != NULL) {
        CV_CLEANUP(cv_handle_closep) int child = CV_HANDLE_NONE;
        int                              rc    = linux_cgroup_open_folder(dirfd(folder), name, &child, err);
        if (rc == 0)
            rc = visit_group(child, depth + 1, walk, err);
        if (rc < 0 && rc != CV_ERR_NOT_FOUND)
            return rc;
    }
    return 0;
}

static int visit_group(int group, unsigned depth, const struct walk* walk, struct cv_error* err)
{
    int rc;

    if (depth > LINUX_CGROUP_MAX_DEPTH)
        return cv_error_set(
            err, CV_ERR_LIMIT, "list the cgroup's processes: nested more than %d deep", LINUX_CGROUP_MAX_DEPTH);
    rc = visit_procs(group, walk, err);
    return rc < 0 ? rc : visit_children(group, depth, walk, err);
}

int linux_cgroup_each_process(
    int group_fd, int (*visit)(pid_t pid, void* data, struct cv_error* err), void* data, struct cv_error* err)
{
    const struct walk walk = { .visit = visit, .data = data };

    return visit_group(group_fd, 0, &walk, err);
}
