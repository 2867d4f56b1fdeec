#include "linux/bare.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cv/file.h>
#include <cv/posix.h>
#include <cv/str.h>

#include "linux/bare-internal.h"
#include "linux/bare-make.h"
#include "linux/fd.h"
#include "linux/syscalls.h"

enum { STAT_MAX = 4096 };

/* --- ids ---------------------------------------------------------------------------------------------------------------------------- */

int linux_bare_check_id(const char* id, struct cv_error* err)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+.-";
    size_t            length    = id != NULL ? strlen(id) : 0;
    if (length > 0 && length <= LINUX_BARE_ID_MAX && id[0] != '.' && strspn(id, allowed) == length)
        return 0;
    cv_error_set(err, CV_ERR_INVALID, "'%.*s' is no id of a container", LINUX_BARE_ID_MAX, id != NULL ? id : "");
    return cv_error_hint(
        err, "1 to %d of letters, digits, '_', '+', '-' and '.', not beginning with '.'", LINUX_BARE_ID_MAX);
}

/* --- looking ------------------------------------------------------------------------------------------------------------------------ */

int linux_bare_read_stat(pid_t pid, uint64_t* start_out, char* state_out, struct cv_error* err)
{
    char                            path[32], text[STAT_MAX];
    CV_CLEANUP(linux_fd_closep) int fd = -1;
    cv_snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    fd            = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t count = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;
    if (count < 0 && (errno == ENOENT || errno == ESRCH))
        return cv_error_set(err, CV_ERR_NOT_FOUND, "process %d has ended", (int)pid);
    if (count < 0)
        return cv_error_errno(err, errno, "look at the container's process", path);
    text[count] = '\0';
    return linux_bare_parse_stat(text, start_out, state_out, err);
}

/* A pidfd first, then the look: what was looked at is what the descriptor is of, or it has ended. */
static int find_process(struct linux_bare* bare, struct cv_error* err)
{
    uint64_t start = 0;
    char     state = 0;
    int      pidfd = sys_pidfd_open((pid_t)bare->state.pid, 0);
    if (pidfd < 0 && errno != ESRCH && errno != EINVAL)
        return cv_error_errno(err, errno, "find the container's process", NULL);
    int rc = pidfd >= 0 ? linux_bare_read_stat((pid_t)bare->state.pid, &start, &state, err) : CV_ERR_NOT_FOUND;
    if (rc < 0 || start != bare->state.pid_start || state == 'Z' || state == 'X') {
        linux_fd_closep(&pidfd);
        bare->zombie = rc == 0 && start == bare->state.pid_start;
        return rc < 0 && rc != CV_ERR_NOT_FOUND ? rc : 0;
    }
    bare->pidfd = pidfd;
    return 0;
}

int linux_bare_read_spec(struct linux_bare* bare, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char*                text   = NULL;
    CV_CLEANUP(cv_spec_freep) struct cv_spec* spec   = NULL;
    size_t                                    length = 0;
    int rc = cv_file_read_at(bare->folder_fd, LINUX_BARE_CONFIG, CV_SPEC_MAX_BYTES, &text, &length, err);
    if (rc == 0)
        rc = cv_spec_parse(text, length, &spec, err);
    if (rc < 0)
        return rc;
    cv_spec_free(bare->info.spec);
    bare->info.spec = CV_STEAL(spec);
    return 0;
}

static int read_state(struct linux_bare* bare, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* text   = NULL;
    size_t                     length = 0;
    int rc = cv_file_read_at(bare->folder_fd, LINUX_BARE_STATE, LINUX_BARE_STATE_MAX, &text, &length, err);
    return rc == 0 ? linux_bare_state_parse(text, length, &bare->state, err) : rc;
}

static int not_found(const char* id, struct cv_error* err)
{
    cv_error_set(err, CV_ERR_NOT_FOUND, "container '%s' does not exist", id);
    cv_error_step(err, "open the container");
    return cv_error_object(err, "%s", id);
}

/* Its files say what is run, killed and removed: somebody else's would have us do that for him. */
int linux_bare_check_owner(int folder_fd, const char* path, struct cv_error* err)
{
    struct stat info;
    if (fstat(folder_fd, &info) < 0)
        return cv_error_errno(err, errno, "look at the container's folder", path);
    if (info.st_uid == geteuid() && (info.st_mode & (S_IWGRP | S_IWOTH)) == 0)
        return 0;
    cv_error_set(
        err, CV_ERR_PERMISSION, "the container's folder '%s' is not the caller's, or others may write to it", path);
    cv_error_object(err, "%s", path);
    return cv_error_hint(err, "take a --root that only you can write to, or be the user whose containers these are");
}

static int open_folder(const char* root, const char* id, int* fd_out, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* path = cv_asprintf(err, "%s/%s", root, id);
    if (path == NULL)
        return CV_ERR_NO_MEMORY;
    *fd_out = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (*fd_out >= 0)
        return linux_bare_check_owner(*fd_out, path, err);
    return errno == ENOENT ? not_found(id, err) : cv_error_errno(err, errno, "open the container's folder", path);
}

static int load(struct linux_bare* bare, const char* root, const char* id, struct cv_error* err)
{
    bare->root    = cv_strdup(root, err);
    bare->info.id = cv_strdup(id, err);
    if (bare->root == NULL || bare->info.id == NULL)
        return CV_ERR_NO_MEMORY;
    int rc = open_folder(root, id, &bare->folder_fd, err);
    if (rc == 0)
        rc = read_state(bare, err);
    if (rc == CV_ERR_NOT_FOUND && bare->folder_fd >= 0)
        return cv_error_set(err, CV_ERR_STATE, "container '%s' is just being made, or whoever made it has died", id);
    if (rc == 0)
        rc = linux_bare_read_spec(bare, err);
    return rc;
}

int linux_bare_open(const char* root, const char* id, struct linux_bare** bare_out, struct cv_error* err)
{
    struct cv_error own = CV_ERROR_INIT;
    err                 = err != NULL ? err : &own;
    int rc              = linux_bare_check_id(id, err);
    if (rc < 0)
        return rc;
    CV_CLEANUP(linux_bare_closep) struct linux_bare* bare = calloc(1, sizeof(*bare));
    if (bare == NULL)
        return cv_error_no_memory(err);
    bare->warning   = (struct cv_error)CV_ERROR_INIT;
    bare->folder_fd = bare->pidfd = -1;
    linux_oci_cgroup_init(&bare->cgroup);
    rc = load(bare, root, id, err);
    if (rc == 0)
        *bare_out = CV_STEAL(bare);
    return rc;
}

void linux_bare_info_release(struct linux_bare_info* info)
{
    free(info->id);
    free(info->bundle);
    free(info->rootfs);
    free(info->cgroup);
    cv_spec_free(info->spec);
    *info = (struct linux_bare_info){ .pid = 0 };
}

struct linux_bare* linux_bare_close(struct linux_bare* bare)
{
    if (bare == NULL)
        return NULL;
    linux_oci_cgroup_release(&bare->cgroup);
    linux_fd_closep(&bare->folder_fd);
    linux_fd_closep(&bare->pidfd);
    /* these are the state's */
    bare->info.bundle = bare->info.rootfs = bare->info.cgroup = NULL;
    linux_bare_info_release(&bare->info);
    linux_bare_state_release(&bare->state);
    free(bare->root);
    free(bare);
    return NULL;
}

/* It waits as long as its socket is there. */
static enum linux_bare_status status_of(const struct linux_bare* bare, bool frozen)
{
    if (bare->pidfd < 0)
        return LINUX_BARE_STOPPED;
    if (faccessat(bare->folder_fd, LINUX_BARE_SOCKET, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        return LINUX_BARE_CREATED;
    return frozen ? LINUX_BARE_PAUSED : LINUX_BARE_RUNNING;
}

static int is_frozen(struct linux_bare* bare, bool* frozen_out, struct cv_error* err)
{
    struct linux_oci_cgroup* cgroup = NULL;
    int                      rc     = linux_bare_cgroup(bare, &cgroup, err);
    if (rc == CV_ERR_NOT_FOUND)
        return 0;
    return rc == 0 && cgroup != NULL ? linux_oci_cgroup_is_frozen(cgroup, frozen_out, err) : rc;
}

int linux_bare_look(struct linux_bare* bare, const struct linux_bare_info** info_out, struct cv_error* err)
{
    linux_fd_closep(&bare->pidfd);
    bare->pidfd = -1;
    bool frozen = false;
    int  rc     = find_process(bare, err);
    if (rc == 0 && bare->pidfd >= 0)
        rc = is_frozen(bare, &frozen, err);
    if (rc < 0)
        return rc;
    bare->info.bundle         = bare->state.bundle;
    bare->info.rootfs         = bare->state.rootfs;
    bare->info.cgroup         = bare->state.cgroup;
    bare->info.created_ns     = bare->state.created_ns;
    bare->info.owner          = bare->state.owner;
    bare->info.systemd_cgroup = bare->state.systemd_cgroup;
    bare->info.status         = status_of(bare, frozen);
    bare->info.pid            = bare->pidfd >= 0 ? (pid_t)bare->state.pid : 0;
    if (info_out != NULL)
        *info_out = &bare->info;
    return 0;
}

static int compare_ids(const void* a, const void* b)
{
    return strcmp(*(char* const*)a, *(char* const*)b);
}

int linux_bare_list(const char* root, struct cv_strv* ids_out, struct cv_error* err)
{
    struct cv_strv ids    = { 0 };
    DIR*           folder = opendir(root);
    int            rc     = 0;
    if (folder == NULL && errno != ENOENT)
        return cv_error_errno(err, errno, "list the containers", root);
    for (const struct dirent* entry; folder != NULL && rc == 0 && (entry = readdir(folder)) != NULL;)
        if (linux_bare_check_id(entry->d_name, NULL) == 0 && cv_strv_append(&ids, entry->d_name) < 0)
            rc = cv_error_no_memory(err);
    if (folder != NULL)
        closedir(folder);
    if (rc < 0) {
        cv_strv_release(&ids);
        return rc;
    }
    if (ids.count > 1)
        qsort(ids.items, ids.count, sizeof(*ids.items), compare_ids);
    *ids_out = ids;
    return 0;
}

/* --- start -------------------------------------------------------------------------------------------------------------------------- */

const char* linux_bare_status_text(enum linux_bare_status status)
{
    static const char* const texts[] = { "creating", "created", "running", "paused", "stopped" };
    return texts[status];
}

int linux_bare_wrong_state(const struct linux_bare* bare, const char* what, struct cv_error* err)
{
    cv_error_set(
        err, CV_ERR_STATE, "container '%s' is %s, %s", bare->info.id, linux_bare_status_text(bare->info.status), what);
    return cv_error_object(err, "%s", bare->info.id);
}

static int connect_to(const struct linux_bare* bare, int* fd_out, struct cv_error* err)
{
    struct sockaddr_un              address = { .sun_family = AF_UNIX };
    CV_CLEANUP(linux_fd_closep) int fd      = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    cv_snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/" LINUX_BARE_SOCKET, bare->folder_fd);
    if (fd < 0 || connect(fd, (struct sockaddr*)&address, sizeof(address)) < 0)
        return cv_error_errno(err, errno, "reach the container that is to be started", bare->info.id);
    *fd_out = linux_fd_steal(&fd);
    return 0;
}

/* What they come after has happened: a failure of theirs is told beside. */
void linux_bare_late_hooks(struct linux_bare* bare, enum linux_bare_hook kind, pid_t pid)
{
    const struct linux_bare_make about = { .id = bare->info.id, .bundle = bare->state.bundle };
    (void)linux_bare_hooks(bare->info.spec, kind, &about, pid, &bare->warning);
}

const struct cv_error* linux_bare_warning(const struct linux_bare* bare)
{
    return bare->warning.code < 0 ? &bare->warning : NULL;
}

int linux_bare_notify(const struct linux_bare* bare, const char* status, struct linux_seccomp_notify* notify_out,
    char** state_out, struct cv_error* err)
{
    const struct cv_spec* spec = bare->info.spec;
    if (spec->linux_.seccomp.listener_path == NULL)
        return 0;
    int rc =
        linux_bare_oci_state(spec, bare->info.id, status, (pid_t)bare->state.pid, bare->state.bundle, state_out, err);
    if (rc == 0)
        *notify_out = (struct linux_seccomp_notify){ .spec = spec, .state = *state_out };
    return rc;
}

int linux_bare_start(struct linux_bare* bare, struct cv_error* err)
{
    struct setup_message            go     = { .word = SETUP_GO, .pid = (pid_t)bare->state.pid };
    struct linux_seccomp_notify     notify = { .state = NULL };
    CV_CLEANUP(cv_freep) char*      state  = NULL;
    struct linux_child              child  = { .pid = go.pid, .pidfd = -1, .terminal_fd = -1 };
    CV_CLEANUP(linux_fd_closep) int fd     = -1;
    struct cv_error                 own    = CV_ERROR_INIT;
    err                                    = err != NULL ? err : &own;
    int rc                                 = linux_bare_look(bare, NULL, err);
    if (rc == 0 && bare->info.status != LINUX_BARE_CREATED)
        return linux_bare_wrong_state(bare, "only one that is created can be started", err);
    if (rc == 0)
        rc = linux_bare_notify(bare, "created", &notify, &state, err);
    if (rc == 0)
        rc = connect_to(bare, &fd, err);
    if (notify.state != NULL)
        child.notify = &notify;
    if (rc == 0)
        rc = setup_say(fd, &go, -1, err);
    if (rc == 0)
        rc = linux_container_hear_start(fd, &child, err);
    linux_fd_closep(&child.terminal_fd);
    if (rc == 0 && unlinkat(bare->folder_fd, LINUX_BARE_SOCKET, 0) < 0 && errno != ENOENT)
        rc = cv_error_errno(err, errno, "note that the container runs", bare->info.id);
    if (rc == 0)
        linux_bare_late_hooks(bare, LINUX_BARE_POSTSTART, (pid_t)bare->state.pid);
    return rc;
}
