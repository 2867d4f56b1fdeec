#include "linux/copy-file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cv/macros.h>

#include <cv/banned.h>

enum {
    CHUNK_BYTES  = 16 << 20, /* between two looks at whether we shall go on */
    BUFFER_BYTES = 256 << 10,
    OPEN_TRIES   = 128
};

int copy_open_path(int root_fd, const char* path, int flags)
{
    struct open_how how = {
        .flags   = (uint64_t)(flags | O_CLOEXEC),
        .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
    };
    int fd;
    if (root_fd == AT_FDCWD)
        return open(path, flags | O_CLOEXEC);
    for (int tries = 0;; tries++) { /* EAGAIN: somebody renames things; the kernel could not be sure */
        fd = (int)syscall(SYS_openat2, root_fd, path, &how, sizeof(how));
        if (fd >= 0 || errno != EAGAIN || tries >= OPEN_TRIES)
            return fd;
    }
}

/* --- filesystems ---------------------------------------------------------------------------------------------------------------- */

/* Not all of them are in <linux/magic.h>. */
static const struct {
    uint32_t    magic;
    const char* name;
} refused[] = {
    { PROC_SUPER_MAGIC, "proc" },
    { SYSFS_MAGIC, "sysfs" },
    { CGROUP_SUPER_MAGIC, "cgroup" },
    { CGROUP2_SUPER_MAGIC, "cgroup2" },
    { DEBUGFS_MAGIC, "debugfs" },
    { TRACEFS_MAGIC, "tracefs" },
    { SECURITYFS_MAGIC, "securityfs" },
    { SELINUX_MAGIC, "selinuxfs" },
    { SMACK_MAGIC, "smackfs" },
    { 0x5a3c69f0, "apparmorfs" },
    { BPF_FS_MAGIC, "bpf" },
    { 0x62656570, "configfs" },
    { BINFMTFS_MAGIC, "binfmt_misc" },
    { EFIVARFS_MAGIC, "efivarfs" },
    { PSTOREFS_MAGIC, "pstore" },
    { 0x65735543, "fusectl" },
    { 0x19800202, "mqueue" },
    { DEVPTS_SUPER_MAGIC, "devpts" },
    { RDTGROUP_SUPER_MAGIC, "resctrl" },
    { NSFS_MAGIC, "nsfs" },
    { PIPEFS_MAGIC, "pipefs" },
    { SOCKFS_MAGIC, "sockfs" },
    { ANON_INODE_FS_MAGIC, "anon_inode" },
    { 0x50494446, "pidfs" },
    { AUTOFS_SUPER_MAGIC, "autofs" },
    { DAXFS_MAGIC, "dax" },
    { FUSE_SUPER_MAGIC, "FUSE" },
};

static int refuse(const char* filesystem, const char* path, struct cv_error* err)
{
    cv_error_set(err, CV_ERR_UNSUPPORTED, "'%s' is on a %s filesystem: not copied", path, filesystem);
    return cv_error_object(err, "%s", path);
}

static const char* refused_name(const struct copy_filesystems* filesystems, uint32_t magic)
{
    for (size_t i = 0; i < CV_ARRAY_LEN(refused); i++)
        if (refused[i].magic == magic && !(magic == FUSE_SUPER_MAGIC && filesystems->allow_fuse))
            return refused[i].name;
    return NULL;
}

int copy_filesystem_check(
    struct copy_filesystems* filesystems, int fd, const struct stat* info, const char* path, struct cv_error* err)
{
    struct statfs about;
    for (size_t i = 0; i < CV_ARRAY_LEN(filesystems->seen); i++)
        if (filesystems->seen[i].known && filesystems->seen[i].device == info->st_dev)
            return 0;
    if (fstatfs(fd, &about) < 0)
        return cv_error_errno(err, errno, "ask for the filesystem", path);
    const char* name = refused_name(filesystems, (uint32_t)about.f_type);
    if (name != NULL)
        return refuse(name, path, err);
    size_t slot                    = filesystems->next++ % CV_ARRAY_LEN(filesystems->seen);
    filesystems->seen[slot].device = info->st_dev;
    filesystems->seen[slot].known  = true;
    return 0;
}

/* --- metadata ------------------------------------------------------------------------------------------------------------------- */

void copy_meta_from(const struct stat* info, struct copy_meta* meta_out)
{
    *meta_out = (struct copy_meta){
        .mode     = info->st_mode & 07777,
        .uid      = info->st_uid,
        .gid      = info->st_gid,
        .atime_s  = info->st_atim.tv_sec,
        .atime_ns = (uint32_t)info->st_atim.tv_nsec,
        .mtime_s  = info->st_mtim.tv_sec,
        .mtime_ns = (uint32_t)info->st_mtim.tv_nsec,
    };
}

static int too_many(const char* path, struct cv_error* err)
{
    cv_error_set(err, CV_ERR_LIMIT, "'%s' has too many or too large extended attributes", path);
    return cv_error_object(err, "%s", path);
}

static int read_xattr(int fd, const char* name, struct copy_buffer* buffer, const char* path, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) uint8_t* value  = malloc(XATTR_SIZE_MAX);
    struct copy_xattr             xattr  = { .name = name, .value = value };
    ssize_t                       length = value != NULL ? fgetxattr(fd, name, value, XATTR_SIZE_MAX) : 0;
    if (value == NULL)
        return cv_error_no_memory(err);
    if (length < 0)
        return errno == ENODATA ? 0 : cv_error_errno(err, errno, "read an extended attribute", path);
    xattr.length = (size_t)length;
    copy_xattr_put(buffer, &xattr);
    return buffer->full ? too_many(path, err) : 0;
}

static int read_listed(
    int fd, const char* names, size_t length, struct copy_buffer* buffer, const char* path, struct cv_error* err)
{
    size_t count = 0;
    int    rc    = 0;
    for (size_t at = 0; rc == 0 && at < length; at += strlen(names + at) + 1)
        if (copy_xattr_is_carried(names + at))
            rc = ++count <= COPY_XATTRS_MAX ? read_xattr(fd, names + at, buffer, path, err) : too_many(path, err);
    return rc;
}

int copy_xattrs_read(int fd, struct copy_buffer* buffer, const char* path, struct cv_error* err)
{
    char    few[1024];
    ssize_t length = flistxattr(fd, few, sizeof(few));
    if (length == 0 || (length < 0 && errno == EOPNOTSUPP))
        return 0;
    if (length > 0)
        return read_listed(fd, few, (size_t)length, buffer, path, err);
    if (errno != ERANGE)
        return cv_error_errno(err, errno, "list the extended attributes", path);
    CV_CLEANUP(cv_freep) char* many = malloc(XATTR_LIST_MAX);
    length                          = many != NULL ? flistxattr(fd, many, XATTR_LIST_MAX) : 0;
    if (many == NULL)
        return cv_error_no_memory(err);
    return length >= 0 ? read_listed(fd, many, (size_t)length, buffer, path, err)
                       : cv_error_errno(err, errno, "list the extended attributes", path);
}

/* --- content -------------------------------------------------------------------------------------------------------------------- */

struct data {
    int         from_fd, to_fd;
    const char* path;
    copy_moved  moved;
    void*       context;
    int         way; /* index into ways[]: one that this pair of filesystems can't is not tried again */
    uint8_t*    buffer;
};

static ssize_t by_range(struct data* data, off_t at, size_t length)
{
    off_t from = at, to = at;
    return copy_file_range(data->from_fd, &from, data->to_fd, &to, length, 0);
}

static ssize_t by_sendfile(struct data* data, off_t at, size_t length)
{
    off_t from = at;
    if (lseek(data->to_fd, at, SEEK_SET) < 0)
        return -1;
    return sendfile(data->to_fd, data->from_fd, &from, length);
}

static ssize_t by_buffer(struct data* data, off_t at, size_t length)
{
    if (data->buffer == NULL && (data->buffer = malloc(BUFFER_BYTES)) == NULL) {
        errno = ENOMEM;
        return -1;
    }
    ssize_t got  = pread(data->from_fd, data->buffer, length < BUFFER_BYTES ? length : BUFFER_BYTES, at);
    ssize_t done = 0;
    while (got > 0 && done < got) {
        ssize_t put = pwrite(data->to_fd, data->buffer + done, (size_t)(got - done), at + done);
        if (put < 0 && errno != EINTR)
            return -1;
        done += put > 0 ? put : 0;
    }
    return got;
}

static ssize_t (*const ways[])(struct data* data, off_t at, size_t length) = { by_range, by_sendfile, by_buffer };

static bool another_way(int number)
{
    return number == EXDEV || number == EINVAL || number == EOPNOTSUPP || number == ENOSYS || number == EBADF;
}

static int shrunk(const char* path, struct cv_error* err)
{
    cv_error_set(err, CV_ERR_STATE, "'%s' got shorter while it was copied", path);
    return cv_error_object(err, "%s", path);
}

static int copy_range(struct data* data, off_t at, off_t end, struct cv_error* err)
{
    int rc = 0;
    while (rc == 0 && at < end) {
        size_t  length = end - at < CHUNK_BYTES ? (size_t)(end - at) : (size_t)CHUNK_BYTES;
        ssize_t done   = ways[data->way](data, at, length);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0 && another_way(errno) && data->way + 1 < (int)CV_ARRAY_LEN(ways)) {
            data->way++;
            continue;
        }
        if (done < 0)
            return cv_error_errno(err, errno, "copy the content", data->path);
        if (done == 0)
            return shrunk(data->path, err);
        at += done;
        rc = data->moved(data->context, (uint64_t)done, err);
    }
    return rc;
}

/* Where data begins at or behind `at`, and where it ends. A filesystem that has no holes says so, and all of it is data. */
static void find_data(int fd, off_t at, off_t size, off_t* begin_out, off_t* end_out)
{
    *begin_out = lseek(fd, at, SEEK_DATA);
    if (*begin_out < 0)
        *begin_out = errno == ENXIO ? size : at;
    *end_out = *begin_out < size ? lseek(fd, *begin_out, SEEK_HOLE) : size;
    if (*end_out < 0 || *end_out > size)
        *end_out = size;
    if (*begin_out > size)
        *begin_out = size;
}

static int copy_all(struct data* data, off_t size, struct cv_error* err)
{
    struct stat info;
    int         rc = 0;
    for (off_t at = 0, end = 0; rc == 0 && at < size; at = end) {
        off_t begin;
        find_data(data->from_fd, at, size, &begin, &end);
        rc = copy_range(data, begin, end, err);
        if (rc == 0 && end <= at) /* somebody changes it under us */
            rc = shrunk(data->path, err);
    }
    if (rc == 0 && (fstat(data->from_fd, &info) < 0 || info.st_size < size))
        rc = shrunk(data->path, err);
    if (rc == 0 && ftruncate(data->to_fd, size) < 0)
        rc = cv_error_errno(err, errno, "set the size of the copy", data->path);
    return rc;
}

int copy_file_data(
    int from_fd, int to_fd, uint64_t size, const char* path, copy_moved moved, void* context, struct cv_error* err)
{
    struct data data = { .from_fd = from_fd, .to_fd = to_fd, .path = path, .moved = moved, .context = context };
    int         rc   = copy_all(&data, (off_t)size, err);
    free(data.buffer);
    return rc;
}
