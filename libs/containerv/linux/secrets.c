#include "linux/secrets.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cv/file.h>
#include <cv/str.h>

#include "linux/attr.h"
#include "linux/fd.h"
#include "linux/place.h"
#include "linux/setup.h"
#include "linux/source.h"
#include "spec/mountopts.h"
#include "spec/supervision.h"

enum { CHUNK = 4096, DEFAULT_MODE = 0400 };

/* What a file takes is a number of pages. */
static uint64_t page_bytes(void)
{
    return (uint64_t)sysconf(_SC_PAGESIZE);
}

/* As the source of a bind mount, links are followed. A FIFO must not make us wait for its writer. */
static int open_source(const struct cv_spec_secret* secret, int* fd_out, uint64_t* size_out, struct cv_error* err)
{
    struct stat                     info;
    CV_CLEANUP(linux_fd_closep) int fd = open(secret->source, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return cv_error_errno(err, errno, "open the source of the secret", secret->source);
    if (fstat(fd, &info) < 0)
        return cv_error_errno(err, errno, "look at the source of the secret", secret->source);
    if (!S_ISREG(info.st_mode))
        return cv_error_set(err, CV_ERR_INVALID, "'%s' is no regular file", secret->source);
    if (info.st_size > LINUX_SECRET_MAX)
        return cv_error_set(err, CV_ERR_LIMIT, "'%s' is larger than %d bytes", secret->source, (int)LINUX_SECRET_MAX);
    *size_out = (uint64_t)info.st_size;
    *fd_out   = linux_fd_steal(&fd);
    return 0;
}

static int write_all(int fd, const char* bytes, size_t length)
{
    while (length > 0) {
        ssize_t n = TEMP_FAILURE_RETRY(write(fd, bytes, length));
        if (n < 0)
            return -1;
        bytes += n;
        length -= (size_t)n;
    }
    return 0;
}

/* There is room for `size` bytes. What has become larger or smaller meanwhile is being written: half a secret is none. */
static int copy_content(int from, int to, uint64_t size, const char* source, struct cv_error* err)
{
    char     buffer[CHUNK];
    uint64_t done = 0;
    ssize_t  n;
    int      rc = 0;
    while ((n = TEMP_FAILURE_RETRY(read(from, buffer, sizeof(buffer)))) > 0 && rc == 0) {
        done += (uint64_t)n;
        if (done > size)
            break;
        if (write_all(to, buffer, (size_t)n) < 0)
            rc = cv_error_errno(err, errno, "write the secret of", source);
    }
    if (rc == 0 && n < 0)
        rc = cv_error_errno(err, errno, "read the source of the secret", source);
    else if (rc == 0 && done != size)
        rc = cv_error_set(err, CV_ERR_STATE, "'%s' changed while it was read", source);
    explicit_bzero(buffer, sizeof(buffer));
    return rc;
}

static int fill_file(int fd, int source_fd, uint64_t size, const struct cv_spec_secret* secret,
    const struct linux_source_context* context, struct cv_error* err)
{
    uint32_t uid = 0, gid = 0;
    int      rc = linux_source_ids(context, secret->uid, secret->gid, "the secret's owner", &uid, &gid, err);
    if (rc == 0)
        rc = copy_content(source_fd, fd, size, secret->source, err);
    if (rc < 0)
        return rc;
    if (fchown(fd, uid, gid) < 0 || fchmod(fd, secret->mode != 0 ? secret->mode : (mode_t)DEFAULT_MODE) < 0)
        return cv_error_errno(err, errno, "set the owner of the secret", secret->name);
    return 0;
}

static int add_file(int folder_fd, int source_fd, uint64_t size, const struct cv_spec_secret* secret,
    const struct linux_source_context* context, struct cv_error* err)
{
    CV_CLEANUP(linux_fd_closep)
    int fd = openat(folder_fd, secret->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return cv_error_errno(err, errno, "make the file of the secret", secret->name);
    return fill_file(fd, source_fd, size, secret, context, err);
}

/* A size of 0 would be no limit. One file more than there are: the root folder. */
static int make_folder(
    const struct linux_source_context* context, uint64_t pages, bool swap, int* mount_fd_out, struct cv_error* err)
{
    char     size[40], inodes[40], uid_word[24], gid_word[24], mode[] = "mode=755", noswap[] = "noswap";
    char*    words[] = { size, inodes, mode, uid_word, gid_word, noswap };
    uint32_t uid = 0, gid = 0;
    int      rc = linux_source_ids(context, 0, 0, "root", &uid, &gid, err);
    if (rc < 0)
        return rc;
    cv_snprintf(size, sizeof(size), "size=%" PRIu64, (pages + 1) * page_bytes());
    cv_snprintf(inodes, sizeof(inodes), "nr_inodes=%zu", context->spec->ext.secrets.count + 2);
    cv_snprintf(uid_word, sizeof(uid_word), "uid=%" PRIu32, uid);
    cv_snprintf(gid_word, sizeof(gid_word), "gid=%" PRIu32, gid);
    const struct cv_mount_options options = {
        .set  = CV_MOUNT_ATTR_NOSUID | CV_MOUNT_ATTR_NODEV | CV_MOUNT_ATTR_NOEXEC,
        .data = { .items = words, .count = CV_ARRAY_LEN(words) - (swap ? 1 : 0) },
    };
    return linux_make_filesystem("tmpfs", &options, mount_fd_out, err);
}

struct sources {
    int      fds[CV_SPEC_MAX_SECRETS];
    uint64_t sizes[CV_SPEC_MAX_SECRETS];
    size_t   count;
};

static void close_sources(struct sources* sources)
{
    for (size_t i = 0; i < sources->count; i++)
        linux_fd_closep(&sources->fds[i]);
}

static int open_sources(const struct cv_spec* spec, struct sources* sources, uint64_t* pages_out, struct cv_error* err)
{
    if (spec->ext.secrets.count > CV_SPEC_MAX_SECRETS)
        return cv_error_set(err, CV_ERR_INVALID, "%zu secrets are too many", spec->ext.secrets.count);
    for (size_t i = 0; i < spec->ext.secrets.count; i++) {
        const struct cv_spec_secret* secret = &spec->ext.secrets.items[i];
        int                          rc     = open_source(secret, &sources->fds[i], &sources->sizes[i], err);
        if (rc < 0)
            return cv_error_wrap(err, "secret '%s'", secret->name);
        sources->count = i + 1;
        *pages_out += (sources->sizes[i] + page_bytes() - 1) / page_bytes();
    }
    return 0;
}

static int add_files(
    const struct linux_source_context* context, const struct sources* sources, int folder_fd, struct cv_error* err)
{
    for (size_t i = 0; i < sources->count; i++) {
        const struct cv_spec_secret* secret = &context->spec->ext.secrets.items[i];
        if (add_file(folder_fd, sources->fds[i], sources->sizes[i], secret, context, err) < 0)
            return cv_error_wrap(err, "secret '%s'", secret->name);
    }
    return linux_attr_apply(folder_fd, CV_MOUNT_ATTR_RDONLY, 0, false, CV_SPEC_SECRETS_FOLDER, err);
}

int linux_secrets_make(const struct linux_source_context* context, int* mount_fd_out, struct cv_error* err)
{
    CV_CLEANUP(close_sources) struct sources sources  = { .count = 0 };
    CV_CLEANUP(linux_fd_closep) int          mount_fd = -1;
    uint64_t                                 pages    = 0;

    int rc = open_sources(context->spec, &sources, &pages, err);
    if (rc == 0)
        rc = make_folder(context, pages, false, &mount_fd, err);
    if (rc == CV_ERR_SYSTEM && err->number == EINVAL) /* a kernel before 6.4, or a plain user: it may be swapped */
        rc = make_folder(context, pages, true, &mount_fd, err);
    if (rc == 0)
        rc = add_files(context, &sources, mount_fd, err);
    if (rc == 0)
        *mount_fd_out = linux_fd_steal(&mount_fd);
    return rc;
}

int linux_secrets_place(const struct linux_setup* setup, struct cv_error* err)
{
    CV_CLEANUP(linux_fd_closep) int target_fd = -1;
    if (setup->secrets_fd < 0)
        return 0;
    int rc = linux_open_place(setup, CV_SPEC_SECRETS_FOLDER, true, &target_fd, err);
    if (rc == 0)
        rc = linux_place(setup->secrets_fd, target_fd, CV_SPEC_SECRETS_FOLDER, err);
    return rc < 0 ? cv_error_wrap(err, "secrets") : 0;
}
