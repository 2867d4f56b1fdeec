#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cv/file.h>
#include <cv/handle.h>
#include <cv/posix.h>
#include <cv/random.h>
#include <cv/str.h>

#include <cv/banned.h>

enum { READ_STEP = 16384, TEMPORARY_TRIES = 8 };

/* Reads to the end rather than st_size bytes: files of /proc and /sys have size 0, and others may grow. */
static int read_to_end(int fd, const char* path, size_t size_max, struct cv_str* content, struct cv_error* err)
{
    char buffer[READ_STEP];
    for (;;) {
        ssize_t length = TEMP_FAILURE_RETRY(read(fd, buffer, sizeof(buffer)));
        if (length < 0)
            return cv_error_errno(err, errno, "read the file", path);
        if (length == 0)
            return 0;
        if ((size_t)length > size_max - content->length) {
            cv_error_set(err, CV_ERR_LIMIT, "the file '%s' is larger than %zu bytes", path, size_max);
            return CV_ERR_LIMIT;
        }
        cv_str_append_bytes(content, buffer, (size_t)length);
        if (content->failed)
            return cv_error_no_memory(err);
    }
}

/* O_NONBLOCK: opening a FIFO for reading must not wait for its writer. It has no effect on regular files. */
static int open_regular(int dirfd, const char* path, int* fd_out, struct cv_error* err)
{
    CV_CLEANUP(cv_handle_closep)
    int         fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat info;

    if (fd < 0)
        return cv_error_errno(err, errno, "open the file", path);
    if (fstat(fd, &info) < 0)
        return cv_error_errno(err, errno, "look at the file", path);
    if (!S_ISREG(info.st_mode))
        return cv_error_set(err, CV_ERR_INVALID, "'%s' is not a regular file", path);
    *fd_out = CV_STEAL_HANDLE(fd);
    return 0;
}

int cv_file_read_at(
    int dirfd, const char* path, size_t size_max, char** data_out, size_t* length_out, struct cv_error* err)
{
    CV_CLEANUP(cv_handle_closep) int         fd = -1;
    CV_CLEANUP(cv_str_release) struct cv_str content;
    size_t                                   length;
    char*                                    data;
    int                                      result;

    cv_str_init(&content);
    result = open_regular(dirfd, path, &fd, err);
    if (result == 0)
        result = read_to_end(fd, path, size_max, &content, err);
    if (result < 0)
        return result;
    length = content.length;
    if (length_out == NULL && length > 0 && memchr(content.text, '\0', length) != NULL)
        return cv_error_set(err, CV_ERR_INVALID, "the file '%s' has a NUL byte in it", path);
    data = cv_str_steal(&content, err);
    if (data == NULL)
        return CV_ERR_NO_MEMORY;
    if (length_out != NULL)
        *length_out = length;
    *data_out = data;
    return 0;
}

int cv_file_read(const char* path, size_t size_max, char** data_out, size_t* length_out, struct cv_error* err)
{
    return cv_file_read_at(AT_FDCWD, path, size_max, data_out, length_out, err);
}

/* A new file beside `path` with a random name; *name_out is its path. */
static int make_temporary(int dirfd, const char* path, char** name_out, int* fd_out, struct cv_error* err)
{
    char digits[17];
    for (unsigned i = 0; i < TEMPORARY_TRIES; i++) {
        CV_CLEANUP(cv_freep) char* name   = NULL;
        int                        result = cv_random_hex(digits, sizeof(digits) - 1, err);
        if (result < 0)
            return result;
        name = cv_asprintf(err, "%s.%s.tmp", path, digits);
        if (name == NULL)
            return CV_ERR_NO_MEMORY;
        *fd_out = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (*fd_out >= 0) {
            *name_out = CV_STEAL(name);
            return 0;
        }
        if (errno != EEXIST)
            return cv_error_errno(err, errno, "make the file", name);
    }
    return cv_error_errno(err, EEXIST, "make a temporary file beside", path);
}

/* The folder that has `path`, synced so that the rename in it is on the disk. */
static int sync_folder_of(int dirfd, const char* path, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char*       folder = cv_strdup(path, err);
    CV_CLEANUP(cv_handle_closep) int fd     = -1;
    char*                            slash;

    if (folder == NULL)
        return CV_ERR_NO_MEMORY;
    slash = strrchr(folder, '/');
    if (slash != NULL)
        slash[slash == folder ? 1 : 0] = '\0';
    fd = openat(dirfd, slash != NULL ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) < 0)
        return cv_error_errno(err, errno, "sync the folder of", path);
    return 0;
}

static int fill_and_publish(int dirfd, int fd, const char* temporary, const char* path, const void* data, size_t length,
    unsigned mode, unsigned flags, struct cv_error* err)
{
    unsigned rename_flags = (flags & CV_FILE_EXCLUSIVE) != 0 ? RENAME_NOREPLACE : 0;
    int      result       = cv_handle_write(fd, data, length, err);

    if (result < 0) {
        cv_error_wrap(err, "write the file '%s'", path);
        return result;
    }
    if (fchmod(fd, mode & 07777) < 0)
        return cv_error_errno(err, errno, "set the mode of", path);
    if ((flags & CV_FILE_DURABLE) != 0 && fsync(fd) < 0)
        return cv_error_errno(err, errno, "sync the file", path);
    if (renameat2(dirfd, temporary, dirfd, path, rename_flags) < 0)
        return cv_error_errno(err, errno, "put the new file in place", path);
    return 0;
}

int cv_file_write_at(
    int dirfd, const char* path, const void* data, size_t length, unsigned mode, unsigned flags, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char*       temporary = NULL;
    CV_CLEANUP(cv_handle_closep) int fd        = -1;
    int                              result;

    result = make_temporary(dirfd, path, &temporary, &fd, err);
    if (result < 0)
        return result;
    result = fill_and_publish(dirfd, fd, temporary, path, data, length, mode, flags, err);
    if (result < 0) {
        unlinkat(dirfd, temporary, 0);
        return result;
    }
    return (flags & CV_FILE_DURABLE) != 0 ? sync_folder_of(dirfd, path, err) : 0;
}

int cv_file_write(
    const char* path, const void* data, size_t length, unsigned mode, unsigned flags, struct cv_error* err)
{
    return cv_file_write_at(AT_FDCWD, path, data, length, mode, flags, err);
}

int cv_file_remove(const char* path, struct cv_error* err)
{
    if (unlink(path) < 0)
        return cv_error_errno(err, errno, "remove the file", path);
    return 0;
}

static int make_one(const char* path, unsigned mode, struct cv_error* err)
{
    if (mkdir(path, mode & 07777) == 0 || (errno == EEXIST && cv_path_is_folder(path)))
        return 0;
    return cv_error_errno(err, errno, "make the folder", path);
}

int cv_folder_make(const char* path, unsigned mode, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* part = cv_strdup(path, err);

    if (part == NULL)
        return CV_ERR_NO_MEMORY;
    for (char* slash = strchr(part + (*part == '/'), '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        int result = 0;
        *slash     = '\0';
        if (!cv_path_is_folder(part))
            result = make_one(part, mode, err);
        if (result < 0)
            return result;
        *slash = '/';
    }
    return make_one(part, mode, err);
}

bool cv_path_exists(const char* path)
{
    struct stat info;
    return stat(path, &info) == 0;
}

bool cv_path_is_folder(const char* path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

bool cv_path_is_absolute(const char* path)
{
    return path[0] == '/';
}

char* cv_path_absolute(const char* path, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* here = NULL;

    if (cv_path_is_absolute(path))
        return cv_strdup(path, err);
    here = getcwd(NULL, 0);
    if (here == NULL) {
        cv_error_errno(err, errno, "find the working folder", NULL);
        return NULL;
    }
    return cv_path_join(here, path, err);
}
