/* Becoming the program: from a fork of the guardian that is already in the container's namespaces to execve(). */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <termios.h>
#include <unistd.h>

#include <cv/str.h>

#include "linux/caps.h"
#include "linux/fd.h"
#include "linux/landlock.h"
#include "linux/setup.h"
#include "linux/syscalls.h"
#include "linux/unprivileged.h"
#include "linux/users.h"

enum { DEVPTS_MAGIC_NUMBER = 0x1cd1, FIRST_HIGH_FD = 512 };

/* --- streams ------------------------------------------------------------------------------------------------------------------- */

static int open_terminal(int* master_out, int* slave_out, struct cv_error* err)
{
    struct statfs info;
    int           zero = 0;
    *master_out        = sys_openat2(AT_FDCWD, "/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC, 0, RESOLVE_NO_SYMLINKS);
    if (*master_out < 0)
        return cv_error_errno(err, errno, "open a terminal in the container", "/dev/pts/ptmx");
    if (fstatfs(*master_out, &info) < 0 || info.f_type != DEVPTS_MAGIC_NUMBER)
        return cv_error_set(err, CV_ERR_INVALID, "the container's /dev/pts is no terminal filesystem");
    if (ioctl(*master_out, TIOCSPTLCK, &zero) < 0)
        return cv_error_errno(err, errno, "unlock the terminal", NULL);
    *slave_out = ioctl(*master_out, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    return *slave_out < 0 ? cv_error_errno(err, errno, "open the terminal's inner end", NULL) : 0;
}

static int make_terminal(
    const struct linux_exec* what, const struct linux_identity* who, int* slave_out, struct cv_error* err)
{
    CV_CLEANUP(linux_fd_closep) int master  = -1;
    CV_CLEANUP(linux_fd_closep) int slave   = -1;
    struct winsize                  size    = { .ws_col = what->start->columns ? what->start->columns : 80,
                            .ws_row                     = what->start->rows ? what->start->rows : 24 };
    struct setup_message            message = { .word = SETUP_TERMINAL };
    int                             rc      = open_terminal(&master, &slave, err);
    if (rc < 0)
        return rc;
    if (ioctl(master, TIOCSWINSZ, &size) < 0 || fchown(slave, who->uid, (gid_t)-1) < 0)
        return cv_error_errno(err, errno, "set up the terminal", NULL);
    rc = setup_say(what->status_fd, &message, master, err);
    if (rc < 0)
        return rc;
    /* only now: the end of the last master would be a hangup, which would end us before we have told what went wrong */
    if (ioctl(slave, TIOCSCTTY, 0) < 0)
        return cv_error_errno(err, errno, "make the terminal the controlling one", NULL);
    *slave_out = linux_fd_steal(&slave);
    return 0;
}

static int lift(int fd, struct cv_error* err)
{
    int high = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_HIGH_FD);
    if (high < 0)
        cv_error_errno(err, errno, "copy a descriptor for the program", NULL);
    return high;
}

/* First all copies out of the way, then each to its number: sources and targets may overlap. */
static int place_fds(const int* wanted, size_t count, struct cv_error* err)
{
    int high[3 + 256];
    if (count > sizeof(high) / sizeof(high[0]))
        return cv_error_set(err, CV_ERR_INVALID, "%zu descriptors are too many for one program", count);
    for (size_t i = 0; i < count; i++)
        if ((high[i] = lift(wanted[i], err)) < 0)
            return err->code;
    for (size_t i = 0; i < count; i++)
        if (dup2(high[i], (int)i) < 0)
            return cv_error_errno(err, errno, "place a descriptor for the program", NULL);
    return 0;
}

/* What is still needed after the program's descriptors are in their places. */
struct kept {
    int status, landlock; /* landlock -1: no ruleset */
};

static int keep_high(const struct linux_exec* what, struct kept* kept_out, struct cv_error* err)
{
    kept_out->status = lift(what->status_fd, err);
    if (kept_out->status < 0)
        return err->code;
    if (what->landlock_fd < 0)
        return 0;
    kept_out->landlock = lift(what->landlock_fd, err);
    return kept_out->landlock < 0 ? err->code : 0;
}

static int wire_streams(const struct linux_exec* what, int slave, struct kept* kept, struct cv_error* err)
{
    int                       wanted[3 + 256];
    const struct linux_start* start = what->start;
    if (start->extra_count > 256)
        return cv_error_set(err, CV_ERR_INVALID, "%zu descriptors are too many for one program", start->extra_count);
    if (keep_high(what, kept, err) < 0)
        return err->code;
    for (int i = 0; i < 3; i++)
        wanted[i] = start->terminal ? slave : start->stdio[i] >= 0 ? start->stdio[i] : what->null_fd;
    for (size_t i = 0; i < start->extra_count; i++)
        wanted[3 + i] = start->extra[i];
    size_t count = 3 + start->extra_count;
    int    rc    = place_fds(wanted, count, err);
    if (rc < 0)
        return rc;
    int keep[3 + 256 + 2];
    for (size_t i = 0; i < count; i++)
        keep[i] = (int)i;
    keep[count]     = kept->status;
    keep[count + 1] = kept->landlock;
    return linux_fd_close_others(keep, count + 2, err);
}

/* --- limits and the like ------------------------------------------------------------------------------------------------------- */

static const struct {
    const char* name;
    int         number;
} resources[] = {
    { "RLIMIT_AS", RLIMIT_AS },
    { "RLIMIT_CORE", RLIMIT_CORE },
    { "RLIMIT_CPU", RLIMIT_CPU },
    { "RLIMIT_DATA", RLIMIT_DATA },
    { "RLIMIT_FSIZE", RLIMIT_FSIZE },
    { "RLIMIT_LOCKS", RLIMIT_LOCKS },
    { "RLIMIT_MEMLOCK", RLIMIT_MEMLOCK },
    { "RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE },
    { "RLIMIT_NICE", RLIMIT_NICE },
    { "RLIMIT_NOFILE", RLIMIT_NOFILE },
    { "RLIMIT_NPROC", RLIMIT_NPROC },
    { "RLIMIT_RSS", RLIMIT_RSS },
    { "RLIMIT_RTPRIO", RLIMIT_RTPRIO },
    { "RLIMIT_RTTIME", RLIMIT_RTTIME },
    { "RLIMIT_SIGPENDING", RLIMIT_SIGPENDING },
    { "RLIMIT_STACK", RLIMIT_STACK },
};

static int set_rlimit(const struct cv_spec_rlimit* limit, struct cv_error* err)
{
    struct rlimit value = { .rlim_cur = limit->soft, .rlim_max = limit->hard };
    for (size_t i = 0; i < CV_ARRAY_LEN(resources); i++) {
        if (strcmp(resources[i].name, limit->type) != 0)
            continue;
        if (setrlimit((__rlimit_resource_t)resources[i].number, &value) == 0)
            return 0;
        cv_error_errno(err, errno, "set the resource limit", limit->type);
        return cv_error_hint(err, "a hard limit above containerv's own needs CAP_SYS_RESOURCE on the host");
    }
    return cv_error_set(err, CV_ERR_INVALID, "resource limit '%s' is not known", limit->type);
}

static int set_oom_score(int64_t value, struct cv_error* err)
{
    char text[32];
    CV_CLEANUP(linux_fd_closep)
    int fd = sys_openat2(AT_FDCWD, "/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC, 0, RESOLVE_NO_MAGICLINKS);
    cv_snprintf(text, sizeof(text), "%lld", (long long)value);
    if (fd < 0 || write(fd, text, strlen(text)) < 0)
        return cv_error_errno(err, errno, "set the out-of-memory score", text);
    return 0;
}

/* Our default where no cgroup counts processes: for each user of the container by itself, which is weaker. */
static int set_default_processes(const struct cv_spec_process* process, uint64_t processes, struct cv_error* err)
{
    struct rlimit value = { .rlim_cur = 0 };
    for (size_t i = 0; i < process->rlimits.count; i++)
        if (strcmp(process->rlimits.items[i].type, "RLIMIT_NPROC") == 0)
            return 0;
    if (processes == 0 || getrlimit(RLIMIT_NPROC, &value) < 0 || value.rlim_max <= processes)
        return 0;
    value.rlim_cur = value.rlim_max = processes;
    return setrlimit(RLIMIT_NPROC, &value) < 0 ? cv_error_errno(err, errno, "set the resource limit", "RLIMIT_NPROC")
                                               : 0;
}

static int set_limits(const struct cv_spec_process* process, uint64_t processes, struct cv_error* err)
{
    int rc = process->oom_score_adj.set ? set_oom_score(process->oom_score_adj.value, err) : 0;
    if (rc == 0)
        rc = set_default_processes(process, processes, err);
    for (size_t i = 0; rc == 0 && i < process->rlimits.count; i++)
        rc = set_rlimit(&process->rlimits.items[i], err);
    umask(process->user.umask.set ? (mode_t)process->user.umask.value : 022);
    return rc;
}

/* --- identity ------------------------------------------------------------------------------------------------------------------ */

/* A user that is not there is a wrong argument; "not found" is kept for the program. */
static int find_user(const char* user, const struct cv_strv* groups, struct linux_identity* who, struct cv_error* err)
{
    CV_CLEANUP(linux_fd_closep) int root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    int                             rc      = linux_users_resolve(root_fd, user, groups, who, err);
    if (rc == CV_ERR_NOT_FOUND && err->object[0] == '\0')
        cv_error_object(err, "%s", user);
    if (rc == CV_ERR_NOT_FOUND)
        rc = err->code = CV_ERR_INVALID;
    return rc;
}

static int resolve(const struct linux_start* start, struct linux_identity* who, struct cv_error* err)
{
    const struct cv_spec_user* user = &start->process->user;
    if (start->user != NULL || (start->groups != NULL && start->groups->count > 0)) {
        char numbers[32];
        cv_snprintf(numbers, sizeof(numbers), "%u:%u", user->uid, user->gid);
        return find_user(start->user != NULL ? start->user : numbers, start->groups, who, err);
    }
    who->uid = user->uid;
    who->gid = user->gid;
    if (user->additional_gid_count == 0)
        return 0;
    who->groups = calloc(user->additional_gid_count, sizeof(*who->groups));
    if (who->groups == NULL)
        return cv_error_no_memory(err);
    memcpy(who->groups, user->additional_gids, user->additional_gid_count * sizeof(*who->groups));
    who->group_count = user->additional_gid_count;
    return 0;
}

static int become(const struct linux_identity* who, struct cv_error* err)
{
    char text[32];
    cv_snprintf(text, sizeof(text), "%u:%u", who->uid, who->gid);
    if (linux_unprivileged_setgroups(who->group_count, who->groups) < 0 || setresgid(who->gid, who->gid, who->gid) < 0
        || setresuid(who->uid, who->uid, who->uid) < 0) {
        cv_error_errno(err, errno, "become the user", text);
        return linux_unprivileged_id_hint(err);
    }
    return 0;
}

/* The one for TCP first: the other may forbid that there be another. */
static int install_filters(const struct linux_exec* what, struct cv_error* err)
{
    int rc = linux_seccomp_install(what->tcp_filter, err);
    return rc == 0 ? linux_seccomp_install(what->seccomp, err) : rc;
}

/* Without no_new_privs only CAP_SYS_ADMIN may install a filter, so it is installed before the capabilities go. Landlock comes before any
 * filter, which may not let it, and after all that is written. */
static int drop_privileges(
    const struct linux_exec* what, const struct linux_identity* who, int landlock_fd, struct cv_error* err)
{
    struct linux_caps             caps;
    const struct cv_spec_process* process = what->start->process;
    bool                          last    = process->no_new_privileges;
    int                           rc      = linux_caps_parse(&process->capabilities, &caps, err);
    if (rc == 0)
        rc = linux_caps_apply_bounding(&caps, err);
    if (rc == 0 && last && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        rc = cv_error_errno(err, errno, "forbid new privileges", NULL);
    if (rc == 0)
        rc = linux_landlock_restrict(landlock_fd, err);
    if (rc == 0 && !last)
        rc = install_filters(what, err);
    if (rc == 0)
        rc = linux_caps_keep(err);
    if (rc == 0)
        rc = become(who, err);
    if (rc == 0)
        rc = linux_caps_apply(&caps, err);
    return rc;
}

/* --- the program --------------------------------------------------------------------------------------------------------------- */

/* A working folder outside the root would be a way out (CVE-2024-21626): no magic links, and the kernel must have a name for it. */
static int enter_folder(const char* path, struct cv_error* err)
{
    char name[PATH_MAX];
    CV_CLEANUP(linux_fd_closep)
    int fd = sys_openat2(AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC, 0, RESOLVE_NO_MAGICLINKS);
    if (fd < 0 || fchdir(fd) < 0)
        return cv_error_errno(err, errno, "enter the working folder", path);
    if (getcwd(name, sizeof(name)) == NULL || name[0] != '/')
        return cv_error_set(err, CV_ERR_INVALID, "the working folder '%s' is not inside the container", path);
    return 0;
}

static const char* value_of(const struct cv_strv* env, const char* name)
{
    size_t n = strlen(name);
    for (size_t i = env->count; i-- > 0;)
        if (strncmp(env->items[i], name, n) == 0 && env->items[i][n] == '=')
            return env->items[i] + n + 1;
    return NULL;
}

static int exec_error(int number, const char* path, struct cv_error* err)
{
    cv_error_errno(err, number, "run the program", path);
    if (err == NULL)
        return CV_ERR_SYSTEM;
    if (number == EACCES || number == ENOEXEC || number == EISDIR)
        err->code = CV_ERR_NOT_EXECUTABLE;
    if (number == ENOENT || number == ENOTDIR)
        cv_error_hint(err, "no such program in the container, or the interpreter that it names is missing");
    return err->code;
}

static int exec_search(char* const* args, char* const* env, const char* path, struct cv_error* err)
{
    int number = ENOENT;
    while (*path != '\0') {
        size_t n = strcspn(path, ":");
        char   full[PATH_MAX];
        int    rc = cv_snprintf(full, sizeof(full), "%.*s/%s", n > 0 ? (int)n : 1, n > 0 ? path : ".", args[0]);
        if (rc == 0) {
            execve(full, args, env);
            if (errno != ENOENT && errno != ENOTDIR)
                number = errno;
        }
        path += n;
        path += *path == ':';
    }
    return exec_error(number, args[0], err);
}

static int run(const struct cv_spec_process* process, struct cv_error* err)
{
    static char* const none[] = { NULL };
    char* const*       env    = process->env.count > 0 ? process->env.items : none;
    const char*        path   = value_of(&process->env, "PATH");
    if (process->args.count == 0)
        return cv_error_set(err, CV_ERR_INVALID, "no program was given");
    if (strchr(process->args.items[0], '/') == NULL)
        return exec_search(process->args.items, env, path != NULL ? path : "/usr/local/bin:/usr/bin:/bin", err);
    execve(process->args.items[0], process->args.items, env);
    return exec_error(errno, process->args.items[0], err);
}

static void reset_signals(void)
{
    sigset_t none;
    for (int i = 1; i < NSIG; i++)
        signal(i, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static int finish(const struct linux_exec* what, struct cv_error* err)
{
    if (what->die_with_parent && prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
        return cv_error_errno(err, errno, "tie PID 1 to the guardian", NULL);
    reset_signals();
    if (what->start->process->no_new_privileges) {
        int rc = install_filters(what, err);
        if (rc < 0)
            return rc;
    }
    return run(what->start->process, err);
}

static int become_program(const struct linux_exec* what, struct linux_identity* who, struct cv_error* err)
{
    int         slave = -1;
    struct kept kept  = { -1, -1 };
    int         rc    = resolve(what->start, who, err);
    if (rc == 0 && setsid() < 0 && errno != EPERM) /* EPERM: PID 1 leads its session already */
        rc = cv_error_errno(err, errno, "start a session", NULL);
    if (rc == 0 && what->start->terminal)
        rc = make_terminal(what, who, &slave, err);
    if (rc == 0)
        rc = wire_streams(what, slave, &kept, err);
    if (rc == 0) /* after the descriptors are in place: RLIMIT_NOFILE would be in the way */
        rc = set_limits(what->start->process, what->processes, err);
    if (rc == 0)
        rc = drop_privileges(what, who, kept.landlock, err);
    if (rc == 0)
        rc = enter_folder(what->start->process->cwd != NULL ? what->start->process->cwd : "/", err);
    if (rc == 0)
        rc = finish(what, err);
    struct setup_message message = { .word = SETUP_FAILED, .error = *err };
    setup_say(kept.status >= 0 ? kept.status : what->status_fd, &message, -1, NULL);
    return rc;
}

int linux_exec(const struct linux_exec* what, struct cv_error* err)
{
    struct cv_error       own = CV_ERROR_INIT;
    struct linux_identity who = { 0 };
    int                   rc  = become_program(what, &who, &own);
    linux_identity_release(&who);
    if (err != NULL)
        *err = own;
    return rc;
}
