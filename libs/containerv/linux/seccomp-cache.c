/* The cache of compiled filters: a few in memory, more in files. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cv/file.h>
#include <cv/handle.h>
#include <cv/posix.h>
#include <cv/str.h>

#include "linux/seccomp-profile.h"
#include "linux/seccomp.h"

#include <cv/banned.h>

enum {
    MEMORY_MAX = 16,
    FILES_MAX  = 256,       /* in the folder; what comes after is compiled each time */
    KEY_MAX    = 256 << 10, /* bytes; a longer profile isn't kept */
    NAME_SIZE  = 32,
};
#define MAGIC UINT64_C(0x3130706d63637663) /* bumped when the layout of files changes */

/* A file: this, the key, the program. Its own machine reads it, so the byte order is that machine's. */
struct header {
    uint64_t magic;
    uint64_t checksum; /* of the key and the program: for what rots, not for what is forged */
    uint32_t key_length, count, flags, zero;
};

static struct entry {
    char*                       key; /* NULL: free */
    struct linux_seccomp_filter filter;
} memory[MEMORY_MAX];
static size_t memory_next;

static uint64_t fnv(uint64_t hash, const void* bytes, size_t length)
{
    for (const unsigned char* at = bytes; length > 0; at++, length--)
        hash = (hash ^ *at) * UINT64_C(0x100000001b3);
    return hash;
}

static uint64_t checksum(const char* key, const struct linux_seccomp_filter* filter)
{
    uint64_t hash = fnv(UINT64_C(0xcbf29ce484222325), key, strlen(key));
    hash          = fnv(hash, &filter->flags, sizeof(filter->flags));
    return fnv(hash, filter->code, filter->count * sizeof(*filter->code));
}

/* All that the program depends on. */
static char* make_key(const struct cv_spec* spec, uint64_t capability_mask, struct cv_error* err)
{
    const struct scmp_version* version = seccomp_version();
    const bool                 whole   = spec->ext.seccomp != NULL && strcmp(spec->ext.seccomp, "spec") == 0;
    CV_CLEANUP(cv_freep) char* profile = NULL;
    /* only the part that counts, in the written form of a whole spec; nothing of it is owned here */
    struct cv_spec part = { .oci_version = spec->oci_version,
        .linux_                          = { .set = true, .seccomp = spec->linux_.seccomp } };

    if (whole && cv_spec_print(&part, &profile, NULL, err) < 0)
        return NULL;
    return cv_asprintf(err, "profile %d, libseccomp %u.%u.%u, api %u, arch %#x, capabilities %#" PRIx64 ", %s%s",
        SECCOMP_PROFILE_VERSION, version->major, version->minor, version->micro, seccomp_api_get(),
        seccomp_arch_native(), whole ? 0 : capability_mask, spec->ext.bare ? "runtime, " : "",
        whole ? profile : "default");
}

static int copy_filter(
    const struct linux_seccomp_filter* filter, struct linux_seccomp_filter* copy_out, struct cv_error* err)
{
    struct seccomp_insn* code = malloc(filter->count * sizeof(*code));

    if (code == NULL)
        return cv_error_no_memory(err);
    memcpy(code, filter->code, filter->count * sizeof(*code));
    *copy_out = (struct linux_seccomp_filter){ code, filter->count, filter->flags };
    return 0;
}

static void forget(struct entry* entry)
{
    free(entry->key);
    linux_seccomp_release(&entry->filter);
    *entry = (struct entry){ 0 };
}

void linux_seccomp_forget(void)
{
    for (size_t i = 0; i < MEMORY_MAX; i++)
        forget(&memory[i]);
}

static const struct linux_seccomp_filter* recall(const char* key)
{
    for (size_t i = 0; i < MEMORY_MAX; i++)
        if (memory[i].key != NULL && strcmp(memory[i].key, key) == 0)
            return &memory[i].filter;
    return NULL;
}

/* Not being able to is no error. */
static void remember(const char* key, const struct linux_seccomp_filter* filter)
{
    struct entry entry = { .key = cv_strdup(key, NULL) };

    if (entry.key == NULL || copy_filter(filter, &entry.filter, NULL) < 0) {
        free(entry.key);
        return;
    }
    forget(&memory[memory_next]);
    memory[memory_next] = entry;
    memory_next         = (memory_next + 1) % MEMORY_MAX;
}

static bool is_ours_alone(int fd, mode_t type)
{
    struct stat status;

    return fstat(fd, &status) == 0 && (status.st_mode & S_IFMT) == type && status.st_uid == geteuid()
           && (status.st_mode & 07077) == 0;
}

/* -1: not there, or not to be trusted. */
static int open_folder(const char* folder)
{
    int fd;

    if (folder == NULL || cv_folder_make(folder, 0700, NULL) < 0)
        return -1;
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0 && !is_ours_alone(fd, S_IFDIR))
        cv_handle_closep(&fd);
    return fd;
}

static bool read_exactly(int fd, void* bytes, size_t length)
{
    for (char* at = bytes; length > 0;) {
        ssize_t got = read(fd, at, length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        at += got;
        length -= (size_t)got;
    }
    return true;
}

/* The length must be exactly what the head says. */
static bool size_fits(int fd, const struct header* head, const char* key)
{
    struct stat status;

    return head->magic == MAGIC && head->zero == 0 && head->key_length == strlen(key) && head->count > 0
           && head->count <= SECCOMP_INSN_MAX && fstat(fd, &status) == 0
           && (size_t)status.st_size == sizeof(*head) + head->key_length + head->count * sizeof(struct seccomp_insn);
}

static bool read_file(int folder_fd, const char* name, const char* key, struct linux_seccomp_filter* filter_out)
{
    CV_CLEANUP(cv_handle_closep)
    int           fd   = openat(folder_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct header head = { 0 };

    if (fd < 0 || !is_ours_alone(fd, S_IFREG) || !read_exactly(fd, &head, sizeof(head)) || !size_fits(fd, &head, key))
        return false;
    CV_CLEANUP(cv_freep) char*                text   = malloc(head.key_length + 1);
    CV_CLEANUP(cv_freep) struct seccomp_insn* code   = malloc(head.count * sizeof(*code));
    struct linux_seccomp_filter               filter = { code, head.count, head.flags };
    if (text == NULL || code == NULL || !read_exactly(fd, text, head.key_length)
        || !read_exactly(fd, code, head.count * sizeof(*code)))
        return false;
    if (memcmp(text, key, head.key_length) != 0 || checksum(key, &filter) != head.checksum)
        return false;
    filter.code = CV_STEAL(code);
    *filter_out = filter;
    return true;
}

static bool is_full(int folder_fd)
{
    int    fd    = openat(folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR*   list  = fd >= 0 ? fdopendir(fd) : NULL;
    size_t count = 0;

    if (list == NULL) {
        cv_handle_closep(&fd);
        return true;
    }
    while (count < FILES_MAX + 2 && readdir(list) != NULL) /* "." and ".." are among them */
        count++;
    closedir(list);
    return count == FILES_MAX + 2;
}

static void write_file(int folder_fd, const char* name, const char* key, const struct linux_seccomp_filter* filter)
{
    struct header head = { MAGIC, checksum(key, filter), (uint32_t)strlen(key), (uint32_t)filter->count, filter->flags,
        0 };
    struct cv_str text;

    if (faccessat(folder_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0 && is_full(folder_fd))
        return;
    cv_str_init(&text);
    cv_str_append_bytes(&text, &head, sizeof(head));
    cv_str_append(&text, key);
    cv_str_append_bytes(&text, filter->code, filter->count * sizeof(*filter->code));
    if (!text.failed)
        cv_file_write_at(folder_fd, name, text.text, text.length, 0600, 0, NULL);
    cv_str_release(&text);
}

/* From a file, else compiled and written to one. */
static int get_by_file(const char* folder, const char* key, const struct cv_spec* spec, uint64_t capability_mask,
    struct linux_seccomp_filter* filter_out, struct cv_error* err)
{
    CV_CLEANUP(cv_handle_closep) int fd = open_folder(folder);
    char                             name[NAME_SIZE];
    int                              rc;

    cv_snprintf(name, sizeof(name), "%016" PRIx64 ".bpf", fnv(UINT64_C(0xcbf29ce484222325), key, strlen(key)));
    if (fd >= 0 && read_file(fd, name, key, filter_out))
        return 0;
    rc = linux_seccomp_compile(spec, capability_mask, filter_out, err);
    if (rc == 0 && fd >= 0)
        write_file(fd, name, key, filter_out);
    return rc;
}

/* By what it is on this machine: its rules may come and go with the kernel and the capabilities. */
static int get_docker(const char* folder, const struct cv_spec* spec, uint64_t capability_mask,
    struct linux_seccomp_filter* filter_out, struct cv_error* err)
{
    char           word[] = "spec";
    struct cv_spec part   = { .oci_version = spec->oci_version, .linux_ = { .set = true }, .ext = { .seccomp = word } };
    int            rc     = linux_seccomp_resolve_docker(spec, capability_mask, &part.linux_.seccomp, err);

    if (rc == 0 && (rc = linux_seccomp_get(folder, &part, capability_mask, filter_out, err)) < 0)
        cv_error_wrap(err, "Docker's profile, for this machine");
    cv_spec_seccomp_release(&part.linux_.seccomp);
    return rc;
}

int linux_seccomp_get(const char* folder, const struct cv_spec* spec, uint64_t capability_mask,
    struct linux_seccomp_filter* filter_out, struct cv_error* err)
{
    const char*                        profile = spec->ext.seccomp;
    const bool                         own     = profile == NULL || strcmp(profile, "default") == 0;
    CV_CLEANUP(cv_freep) char*         key     = NULL;
    const struct linux_seccomp_filter* known;
    int                                rc;

    if (profile != NULL && strcmp(profile, "docker") == 0)
        return get_docker(folder, spec, capability_mask, filter_out, err);
    if ((!own && strcmp(profile, "spec") != 0) || (profile == NULL && spec->linux_.seccomp.set))
        return linux_seccomp_compile(spec, capability_mask, filter_out, err); /* nothing to compile, or an error */
    key = make_key(spec, capability_mask, err);
    if (key == NULL)
        return cv_error_wrap(err, "make the system call filter");
    if (strlen(key) > KEY_MAX)
        return linux_seccomp_compile(spec, capability_mask, filter_out, err);
    known = recall(key);
    if (known != NULL)
        return copy_filter(known, filter_out, err);
    rc = get_by_file(folder, key, spec, capability_mask, filter_out, err);
    if (rc == 0)
        remember(key, filter_out);
    return rc;
}
