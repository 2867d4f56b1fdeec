/* A further process in a container of an OCI runtime. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <cv/str.h>

#include "linux/bare-internal.h"
#include "linux/caps.h"
#include "linux/fd.h"
#include "linux/unprivileged.h"

static int compile_filter(struct linux_container* c, const struct cv_spec_process* process, struct cv_error* err)
{
    struct linux_caps          caps  = { 0 };
    CV_CLEANUP(cv_freep) char* cache = cv_asprintf(err, "%s/cache/seccomp", c->home.state_dir);
    if (cache == NULL)
        return CV_ERR_NO_MEMORY;
    int rc = linux_caps_parse(&process->capabilities, &caps, err);
    if (rc == 0)
        rc = linux_seccomp_get(cache, c->spec, caps.permitted | caps.effective | caps.ambient, &c->seccomp, err);
    return rc == 0 ? linux_seccomp_check_start(&c->seccomp, process->no_new_privileges, err) : rc;
}

/* The process goes into the container's own group, or one that the container has made below it. */
static int enter_cgroup(struct linux_bare* bare, const char* below, struct linux_container* c, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* path = NULL;
    if (bare->state.cgroup == NULL && below == NULL)
        return 0;
    if (bare->state.cgroup == NULL)
        return cv_error_set(err, CV_ERR_INVALID, "container '%s' has no cgroup", bare->info.id);
    path = cv_asprintf(err, "%s%s%s", bare->state.cgroup, below != NULL ? "/" : "", below != NULL ? below : "");
    if (path == NULL)
        return CV_ERR_NO_MEMORY;
    return linux_container_open_cgroup(c, path, bare->state.systemd_cgroup, err);
}

/* What is needed to join it, as its maker had it. */
static int fill(struct linux_bare* bare, const char* cgroup, struct linux_container* c, struct cv_error* err)
{
    int rc = linux_bare_home(bare->root, bare->info.id, bare->folder_fd, &c->home, err);
    if (rc == 0)
        rc = linux_bare_spec(bare->info.spec, bare->state.bundle, &c->spec, err);
    if (rc == 0)
        rc = enter_cgroup(bare, cgroup, c, err);
    if (rc < 0)
        return rc;
    c->userns  = cv_spec_namespace(c->spec, "user") != NULL;
    c->pid     = (pid_t)bare->state.pid;
    c->pidfd   = fcntl(bare->pidfd, F_DUPFD_CLOEXEC, 3);
    c->null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    linux_unprivileged_note_groups(c->pid);
    if (c->pidfd < 0 || c->null_fd < 0)
        return cv_error_errno(err, errno, "open what joins a container", bare->info.id);
    return 0;
}

static int check_runs(struct linux_bare* bare, struct cv_error* err)
{
    int rc = linux_bare_look(bare, NULL, err);
    if (rc < 0 || bare->pidfd >= 0)
        return rc;
    cv_error_set(err, CV_ERR_STATE, "container '%s' has stopped: nothing can be started in it", bare->info.id);
    return cv_error_object(err, "%s", bare->info.id);
}

static int start_in(struct linux_bare* bare, const struct linux_bare_exec* exec, const struct cv_spec_process* process,
    struct linux_child* child_out, struct cv_error* err)
{
    bool                        is_main   = false;
    CV_CLEANUP(cv_freep) char*  state     = NULL;
    struct linux_seccomp_notify notify    = { .state = NULL };
    struct linux_start          start     = { .process = process,
                     .stdio                            = { exec->stdio[0], exec->stdio[1], exec->stdio[2] },
                     .extra                            = exec->extra,
                     .extra_count                      = exec->extra_count,
                     .keyring                          = bare->state.no_new_keyring ? NULL : bare->info.id,
                     .terminal                         = process->terminal,
                     .columns                          = (uint16_t)process->console_width,
                     .rows                             = (uint16_t)process->console_height };
    struct linux_container*     container = linux_container_new(err);
    if (container == NULL)
        return CV_ERR_NO_MEMORY;
    int rc = check_runs(bare, err);
    if (rc == 0)
        rc = linux_bare_notify(bare, "running", &notify, &state, err);
    if (notify.state != NULL)
        start.notify = &notify;
    if (rc == 0)
        rc = fill(bare, exec->cgroup, container, err);
    if (rc == 0)
        rc = compile_filter(container, process, err);
    if (rc == 0)
        rc = linux_container_spawn(container, &start, child_out, &is_main, err);
    linux_container_free(container);
    return rc;
}

static int publish(
    const struct linux_bare_exec* exec, struct linux_child* child, int* terminal_fd_out, struct cv_error* err)
{
    int rc = linux_bare_pass_terminal(exec->console_fd, child, terminal_fd_out, err);
    return rc == 0 ? linux_bare_write_pid(exec->pid_file, child->pid, err) : rc;
}

static int run(struct linux_bare* bare, const struct linux_bare_exec* exec, const struct cv_spec_process* process,
    pid_t* pid_out, int* terminal_fd_out, struct cv_error* err)
{
    struct linux_child child = { .pidfd = -1, .terminal_fd = -1 };
    int                rc    = start_in(bare, exec, process, &child, err);
    if (rc < 0)
        return rc;
    rc = publish(exec, &child, terminal_fd_out, err);
    if (rc < 0) {
        linux_join_give_up(&child);
        return rc;
    }
    *pid_out = child.pid;
    linux_fd_closep(&child.pidfd);
    linux_fd_closep(&child.terminal_fd);
    return 0;
}

int linux_bare_exec(struct linux_bare* bare, const struct linux_bare_exec* exec, pid_t* pid_out, int* terminal_fd_out,
    struct cv_error* err)
{
    struct cv_spec_process process = { .set = false };
    struct cv_error        own     = CV_ERROR_INIT;
    err                            = err != NULL ? err : &own;
    int rc                         = linux_bare_settled(err);
    if (rc == 0)
        rc = cv_spec_process_copy(exec->process, &process, err);
    if (rc < 0)
        return rc;
    linux_bare_drop_ambient(&process.capabilities);
    rc = cv_spec_process_validate(&process, err);
    if (rc == 0)
        rc = run(bare, exec, &process, pid_out, terminal_fd_out, err);
    cv_spec_process_release(&process);
    return rc;
}
