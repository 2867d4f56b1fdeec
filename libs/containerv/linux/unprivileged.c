#include "linux/unprivileged.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cv/file.h>
#include <cv/folders.h>
#include <cv/handle.h>
#include <cv/str.h>

#include "linux/delegated.h"
#include "linux/device-rules.h"
#include "linux/idrange.h"
#include "linux/outer.h"

#include <cv/banned.h>

#define INSIDE_WORD                                                                                                    \
    "inside" /* second argument of the program that was started anew; the third is why there is one id */

enum { TOOL_TEXT_MAX = 512, SETGROUPS_MAX = 64 };

static struct linux_unprivileged state;
static int                       caller_socket = -1;
static bool                      groups_denied; /* setgroups(2), and nobody of ours did it */
static struct cv_error           failure = CV_ERROR_INIT;

const struct linux_unprivileged* linux_unprivileged(void)
{
    return &state;
}

int linux_unprivileged_check(struct cv_error* err)
{
    if (failure.code < 0)
        *err = failure;
    return failure.code;
}

int linux_unprivileged_range(struct linux_idrange* range_out, struct cv_error* err)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC); /* stands for the lock of a range */

    if (fd < 0)
        return cv_error_errno(err, errno, "open the null device", "/dev/null");
    *range_out = (struct linux_idrange){ .base = 0, .size = state.ids, .slot = -1, .lock_fd = fd };
    return 0;
}

/* --- folders ------------------------------------------------------------------------------------------------------------------- */

static int pin(const char* variable, const char* path, struct cv_error* err)
{
    int rc = cv_folder_make(path, 0700, err); /* programs of sub-ids with setuid bits are in it: for nobody else */

    if (rc == 0 && setenv(variable, path, 1) < 0)
        rc = cv_error_no_memory(err);
    return rc;
}

/* By who we are now; in the namespace we would look like root. */
static int pin_folders(struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* run  = NULL;
    CV_CLEANUP(cv_freep) char* kept = NULL;
    int                        rc   = cv_folders_run(&run, err);

    if (rc == 0)
        rc = cv_folders_state(&kept, err);
    if (rc == 0)
        rc = pin("CONTAINERV_RUN_DIR", run, err);
    return rc == 0 ? pin("CONTAINERV_STATE_DIR", kept, err) : rc;
}

/* --- maps ---------------------------------------------------------------------------------------------------------------------- */

static int write_own(const char* path, const char* text, struct cv_error* err)
{
    CV_CLEANUP(cv_handle_closep) int fd = open(path, O_WRONLY | O_CLOEXEC);

    if (fd < 0 || write(fd, text, strlen(text)) < 0)
        return cv_error_errno(err, errno, "write the id map of the guardian's user namespace", path);
    return 0;
}

static int map_single(const struct linux_rights* rights, struct cv_error* err)
{
    char uids[32], gids[32];
    int  rc;

    cv_snprintf(uids, sizeof(uids), "0 %u 1\n", rights->uid);
    cv_snprintf(gids, sizeof(gids), "0 %u 1\n", rights->gid);
    rc = write_own("/proc/self/setgroups", "deny", err);
    if (rc == 0)
        rc = write_own("/proc/self/uid_map", uids, err);
    return rc == 0 ? write_own("/proc/self/gid_map", gids, err) : rc;
}

/* The program's end and what it said. */
static int finish_tool(const char* program, pid_t pid, int output_fd, struct cv_error* err)
{
    char    text[TOOL_TEXT_MAX];
    size_t  length = 0;
    ssize_t got;
    int     status = 0;

    while (length < sizeof(text) - 1 && (got = read(output_fd, text + length, sizeof(text) - 1 - length)) != 0) {
        if (got > 0)
            length += (size_t)got;
        else if (errno != EINTR)
            break;
    }
    text[length]              = '\0';
    text[strcspn(text, "\n")] = '\0';
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    cv_error_set(err, CV_ERR_PERMISSION, "'%s' refused: %s", program, text[0] != '\0' ? text : "it doesn't say why");
    cv_error_step(err, "map the user's sub-ids");
    cv_error_object(err, "%s", program);
    return cv_error_hint(err,
        "look at this user's lines in /etc/subuid and /etc/subgid, and whether the program is setuid root (or has "
        "file capabilities) on a file system that allows it; without such lines, containers have one id");
}

static _Noreturn void be_tool(char* const* argv, int output_fd)
{
    static char* const nothing[] = { NULL };

    dup2(output_fd, STDOUT_FILENO);
    dup2(output_fd, STDERR_FILENO);
    execve(argv[0], argv, nothing);
    dprintf(STDERR_FILENO, "it can't be run: %s\n", strerror(errno));
    _exit(127);
}

int linux_unprivileged_run_tool(char* const* argv, struct cv_error* err)
{
    CV_CLEANUP(cv_handle_closep) int output = CV_HANDLE_NONE;
    int                              ends[2];
    pid_t                            pid;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return cv_error_errno(err, errno, "make a pipe", NULL);
    output = ends[0];
    pid    = fork();
    if (pid == 0)
        be_tool(argv, ends[1]);
    close(ends[1]);
    if (pid < 0)
        return cv_error_errno(err, errno, "run", argv[0]);
    return finish_tool(argv[0], pid, output, err);
}

static int run_map_tool(
    const char* program, pid_t pid, uint32_t own, const struct linux_subids* subids, struct cv_error* err)
{
    struct cv_strv argv = { 0 };
    int            rc   = linux_subids_command(program, pid, own, subids, &argv, err);

    if (rc == 0)
        rc = linux_unprivileged_run_tool(argv.items, err);
    cv_strv_release(&argv);
    return rc;
}

/* Root of the namespace around writes the maps himself. */
static int write_map(pid_t pid, const char* file, const char* text, struct cv_error* err)
{
    char path[64];

    cv_snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
    return write_own(path, text, err);
}

static int map_from_outside(const struct linux_rights* rights, pid_t guardian, struct cv_error* err)
{
    int rc;

    if (rights->kind == LINUX_RIGHTS_NESTED) {
        rc = write_map(guardian, "uid_map", state.uid_map, err);
        return rc == 0 ? write_map(guardian, "gid_map", state.gid_map, err) : rc;
    }
    rc = run_map_tool(rights->newuidmap, guardian, rights->uid, &rights->uids, err);
    return rc == 0 ? run_map_tool(rights->newgidmap, guardian, rights->gid, &rights->gids, err) : rc;
}

/* A child that stayed outside, where the programs have their rights, waits for the namespace to be there, and maps. */
static _Noreturn void helper(const struct linux_rights* rights, linux_map_fn* map, pid_t mapped, int socket_fd)
{
    struct cv_error error = CV_ERROR_INIT;
    char            word;

    if (read(socket_fd, &word, 1) != 1)
        _exit(1);
    map(rights, mapped, &error);
    _exit(write(socket_fd, &error, sizeof(error)) == (ssize_t)sizeof(error) ? 0 : 1);
}

static int hear_helper(int socket_fd, struct cv_error* err)
{
    struct cv_error told = CV_ERROR_INIT;
    ssize_t         got;

    if (write(socket_fd, "", 1) != 1)
        return cv_error_errno(err, errno, "have the user's sub-ids mapped", NULL);
    do
        got = read(socket_fd, &told, sizeof(told));
    while (got < 0 && errno == EINTR);
    if (got != (ssize_t)sizeof(told))
        return cv_error_set(err, CV_ERR_LOST, "the helper that maps the user's sub-ids was killed");
    if (told.code < 0)
        *err = told;
    return told.code;
}

int linux_unprivileged_make_namespace(unsigned long more, const char* who, struct cv_error* err)
{
    if (unshare(CLONE_NEWUSER | (int)more) < 0) {
        int number = errno;

        cv_error_errno(err, number, "make a user namespace", who);
        cv_error_hint(err, "'cvctl doctor' tells what keeps plain users from making user namespaces here");
        return linux_outer_hint(LINUX_OUTER_NAMESPACE, number, err);
    }
    /* the map files are ours only while we are dumpable; no container is there yet to make use of it */
    if (prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0)
        return cv_error_errno(err, errno, "reach the own id maps", who);
    return 0;
}

int linux_unprivileged_make_mapped(
    const struct linux_rights* rights, unsigned long more, const char* who, linux_map_fn* map, struct cv_error* err)
{
    CV_CLEANUP(cv_handle_closep) int ours   = CV_HANDLE_NONE;
    pid_t                            mapped = getpid();
    int                              pair[2], rc;
    pid_t                            child;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return cv_error_errno(err, errno, "make a socket pair", NULL);
    ours  = pair[0];
    child = fork();
    if (child == 0) {
        close(pair[0]);
        helper(rights, map, mapped, pair[1]);
    }
    close(pair[1]);
    if (child < 0)
        return cv_error_errno(err, errno, "start the helper that maps ids", NULL);
    rc = linux_unprivileged_make_namespace(more, who, err);
    if (rc == 0)
        rc = hear_helper(ours, err);
    shutdown(ours, SHUT_RDWR); /* what it waits for, when we have failed */
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {}
    return rc;
}

/* --- entering ------------------------------------------------------------------------------------------------------------------ */

static int start_anew(char* name, enum linux_rights_single single, int kept_fd, struct cv_error* err)
{
    char  why[16], word[] = INSIDE_WORD;
    char* argv[] = { name, word, why, NULL };

    cv_snprintf(why, sizeof(why), "%d", (int)single);
    if (fcntl(kept_fd, F_SETFD, 0) < 0)
        return cv_error_errno(err, errno, "keep the guardian's socket", NULL);
    execv("/proc/self/exe", argv);
    fcntl(kept_fd, F_SETFD, FD_CLOEXEC);
    return cv_error_errno(err, errno, "start the guardian anew in its user namespace", "/proc/self/exe");
}

static int enter(char* name, const struct linux_rights* rights, int kept_fd, struct cv_error* err)
{
    int rc = pin_folders(err);

    if (rc < 0)
        return rc;
    if (rights->single == LINUX_SINGLE_NOT) {
        rc = linux_unprivileged_make_mapped(rights, 0, "guardian", map_from_outside, err);
    } else {
        rc = linux_unprivileged_make_namespace(0, "guardian", err);
        if (rc == 0)
            rc = map_single(rights, err);
    }
    return rc == 0 ? start_anew(name, rights->single, kept_fd, err) : rc;
}

static int read_map(const char* path, uint32_t ids, char map_out[LINUX_UNPRIVILEGED_MAP_MAX], struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* text   = NULL;
    size_t                     length = 0;
    int                        rc     = cv_file_read(path, LINUX_SUBIDS_FILE_MAX, &text, &length, err);

    return rc == 0 ? linux_idmap_identity(text, length, ids, map_out, LINUX_UNPRIVILEGED_MAP_MAX, err) : rc;
}

/* What a namespace below this one has for maps, while this one's are known. */
static int read_maps(uint32_t ids, struct cv_error* err)
{
    int rc = read_map("/proc/self/uid_map", ids, state.uid_map, err);

    return rc == 0 ? read_map("/proc/self/gid_map", ids, state.gid_map, err) : rc;
}

/* Our own word, said to ourselves. False: we were not started anew. */
static bool is_inside(char** argv, enum linux_rights_single* why_out)
{
    int number;

    if (argv[1] == NULL || argv[2] == NULL || strcmp(argv[1], INSIDE_WORD) != 0)
        return false;
    number   = argv[2][0] - '0';
    *why_out = number >= 0 && number < LINUX_SINGLE_COUNT ? (enum linux_rights_single)number : LINUX_SINGLE_NESTED;
    return true;
}

static void be_inside(const char* program, const struct linux_rights* rights, enum linux_rights_single why)
{
    prctl(PR_SET_NAME, program, 0, 0, 0); /* the kernel named us after the path */
    state.active = true;
    state.ids    = rights->ids;
    state.single = rights->ids > 1 ? LINUX_SINGLE_NOT : why;
}

/* In another container something else than the host may refuse; for us on the host it is not worth the time to look. */
static bool is_contained(const struct linux_rights* rights)
{
    return rights->kind != LINUX_RIGHTS_FULL || prctl(PR_GET_SECCOMP, 0, 0, 0, 0) > 0
           || access("/.dockerenv", F_OK) == 0 || access("/run/.containerenv", F_OK) == 0;
}

void linux_unprivileged_enter(char** argv, int kept_fd)
{
    struct linux_rights      rights;
    enum linux_rights_single why = LINUX_SINGLE_NOT;

    caller_socket = kept_fd;
    if (linux_rights_find(&rights, &failure) < 0)
        return;
    if (is_contained(&rights))
        linux_outer_look();
    if (rights.kind == LINUX_RIGHTS_FULL || (rights.kind == LINUX_RIGHTS_NESTED && read_maps(rights.ids, &failure) < 0))
        return;
    if (is_inside(argv, &why))
        be_inside(argv[0], &rights, why);
    else
        enter(argv[0], &rights, kept_fd, &failure);
}

/* --- what is different --------------------------------------------------------------------------------------------------------- */

int linux_unprivileged_allows(const struct cv_spec* spec, struct cv_error* err)
{
    if (!state.active || spec->ext.bare) /* an OCI runtime's callers send rules to anybody */
        return 0;
    if (linux_device_rules_asked(spec)) {
        cv_error_set(
            err, CV_ERR_PERMISSION, "rules of devices, or less than all access to one, can only be set by root");
        cv_error_step(err, "set the rules of devices");
        return cv_error_hint(err, "leave them out: a user's container has no more access than the user");
    }
    if (spec->ext.network.mode != CV_SPEC_NETWORK_VETH)
        return 0;
    cv_error_set(err, CV_ERR_PERMISSION, "a link to the host's network (veth) can only be made by root");
    cv_error_step(err, "plan the container's network");
    return cv_error_hint(err, "take the network 'none' or 'host', or run the program as root");
}

int linux_unprivileged_no_group(const char* what, struct cv_error* err)
{
    cv_error_set(err, CV_ERR_UNSUPPORTED,
        "%s is not supported here: the container has no cgroup, since none was delegated to this user", what);
    cv_error_step(err, "%s", what);
    return cv_error_hint(err, "start the program by: systemd-run --user --scope -p Delegate=yes PROGRAM");
}

int linux_unprivileged_without_group(const struct linux_limits_plan* plan, struct cv_error* err)
{
    for (size_t i = 0; i < plan->count; i++)
        if (!plan->items[i].optional)
            return linux_unprivileged_no_group(plan->items[i].what, err);
    return 0;
}

bool linux_unprivileged_can_make_room(int parent_fd, struct cv_error* err, int* rc)
{
    if (!state.active || parent_fd < 0)
        return false;
    if (err->number == EBUSY) {
        *rc = linux_delegated_make_room(caller_socket, err);
        return *rc == 0;
    }
    if (err->number == EACCES || err->number == EPERM)
        cv_error_hint(err, "the controller was not delegated to this user; for systemd's user sessions: systemctl edit "
                           "user@.service, [Service] Delegate=cpu cpuset io memory pids");
    return false;
}

int linux_unprivileged_setgroups(size_t count, const gid_t* groups)
{
    if (setgroups(count, groups) == 0)
        return 0;
    return errno == EPERM && count == 0 && (state.single != LINUX_SINGLE_NOT || groups_denied) ? 0 : -1;
}

void linux_unprivileged_be_runtime(void)
{
    struct linux_rights rights;

    if (linux_rights_find(&rights, &failure) < 0)
        return;
    state.active = rights.kind != LINUX_RIGHTS_FULL;
    state.ids    = rights.ids;
    linux_unprivileged_note_groups(0);
}

void linux_unprivileged_note_groups(pid_t pid)
{
    CV_CLEANUP(cv_freep) char* text = NULL;
    char                       path[40];

    (void)cv_snprintf(path, sizeof(path), "/proc/%d/setgroups", (int)(pid > 0 ? pid : getpid()));
    groups_denied = cv_file_read(path, SETGROUPS_MAX, &text, NULL, NULL) == 0 && cv_str_starts_with(text, "deny");
}

int linux_unprivileged_id_hint(struct cv_error* err)
{
    if (state.single != LINUX_SINGLE_NOT)
        return cv_error_hint(err, "there is no id but 0 in this container: %s. %s",
            linux_rights_single_text(state.single), linux_rights_single_hint(state.single));
    return cv_error_hint(
        err, "ids inside a container go from 0 to %u", (state.active ? state.ids : LINUX_IDRANGE_SIZE) - 1);
}
