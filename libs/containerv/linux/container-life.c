/* A container while it lives, and its end. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <cv/clock.h>

#include "linux/container-internal.h"
#include "linux/deaths.h"
#include "linux/fd.h"
#include "linux/intel-rdt.h"
#include "linux/net-devices.h"
#include "linux/net.h"
#include "linux/reap.h"
#include "linux/syscalls.h"

enum { MAX_HELD = 64 };

const char* linux_container_id(const struct linux_container* container)
{
    return container->home.id;
}

const struct cv_spec* linux_container_spec(const struct linux_container* container)
{
    return container->spec;
}

int linux_container_open_run_folder(const struct linux_container* container, int* fd_out, struct cv_error* err)
{
    return linux_home_open_run(container->home.run_dir, container->home.id, fd_out, err);
}

int linux_container_init_pidfd(const struct linux_container* container)
{
    return container->pidfd;
}

static void status_of(const siginfo_t* info, const struct rusage* usage, struct linux_status* status)
{
    status->known  = info->si_code == CLD_EXITED;
    status->signal = info->si_code == CLD_EXITED ? 0 : info->si_status;
    status->code   = status->signal != 0 ? 128 + status->signal : info->si_status;
    status->cpu_ns = (usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) * INT64_C(1000000000)
                     + (usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) * INT64_C(1000);
    status->peak_memory_bytes = (uint64_t)usage->ru_maxrss * 1024;
}

/* From the first time that it is killed: one that does not end in time does not get that time again with every further step. */
int64_t linux_container_patience_ms(struct linux_container* c)
{
    if (c->gone_by_ms == 0)
        c->gone_by_ms = cv_clock_deadline_ms(LINUX_CONTAINER_KILL_MS);
    int64_t left_ms = cv_clock_left_ms(c->gone_by_ms);
    return left_ms > LINUX_CONTAINER_REAP_MS ? left_ms : LINUX_CONTAINER_REAP_MS;
}

static int reap_pid1(struct linux_container* c, struct linux_status* status, struct cv_error* err)
{
    siginfo_t     info  = { 0 };
    struct rusage usage = { 0 };
    int           rc    = linux_reap(c->pidfd, linux_container_patience_ms(c), &info, &usage, err);
    if (rc < 0) {
        cv_error_wrap(err, "PID 1 of container '%s'", c->home.id);
        return rc;
    }
    c->reaped = true;
    status_of(&info, &usage, status);
    return 0;
}

size_t linux_container_max_held(const struct linux_container* container)
{
    bool     is_default;
    uint64_t limit = linux_limits_pids(container->spec, &is_default);
    return container->spec->ext.no_init ? 0 : limit / 4 < MAX_HELD ? (size_t)(limit / 4) : MAX_HELD;
}

int linux_container_end_fd(const struct linux_container* container)
{
    return container->spec->ext.no_init ? -1 : container->control_fd;
}

int linux_container_main_status(
    struct linux_container* container, struct linux_status* status_out, struct cv_error* err)
{
    struct setup_message message;
    struct linux_status  status = { 0 };
    int                  fd     = -1;
    int                  rc     = reap_pid1(container, &status, err);
    if (rc < 0)
        return rc;
    if (!container->spec->ext.no_init)
        while (setup_hear(container->control_fd, &message, &fd, NULL) == 0) {
            linux_fd_closep(&fd);
            if (message.word == SETUP_ENDED)
                status = message.status;
        }
    *status_out = status;
    return 0;
}

int linux_container_signal_main(struct linux_container* container, int number, struct cv_error* err)
{
    if (sys_pidfd_send_signal(container->pidfd, number, NULL, 0) == 0)
        return 0;
    return cv_error_errno(err, errno, "signal the main process", container->home.id);
}

/* --- the end ------------------------------------------------------------------------------------------------------------------- */

static int kill_all(struct linux_container* c, struct cv_error* err)
{
    struct linux_status status;
    int                 rc = 0;
    if (c->pid > 0 && !c->reaped)
        sys_pidfd_send_signal(c->pidfd, SIGKILL, NULL, 0);
    rc = linux_container_kill_group(c, err);
    if (c->pid > 0 && !c->reaped) {
        struct cv_error own    = CV_ERROR_INIT;
        int             reaped = reap_pid1(c, &status, &own);
        if (rc == 0
            || reaped == CV_ERR_TIMEOUT) { /* that it is still there matters more than why it could not be killed */
            rc   = reaped;
            *err = own;
        }
    }
    return rc;
}

/* Killed, but kept by the kernel: with their ids and their id, until they have ended. */
static struct linux_container* left;

static void leave(struct linux_container* c)
{
    c->next_left = left;
    left         = c;
}

/* Each step on its own: one that fails doesn't keep the others from being done. But the id is only given back when nothing is left, so
 * that a sweep finds the rest by it. The first error is told. What an error holds after a success means nothing, so the results are kept
 * beside. */
int linux_container_destroy(struct linux_container* container, struct cv_error* err)
{
    struct cv_error steps[6] = { CV_ERROR_INIT, CV_ERROR_INIT, CV_ERROR_INIT, CV_ERROR_INIT, CV_ERROR_INIT,
        CV_ERROR_INIT };
    int             rc[6]    = { 0 };
    rc[0]                    = kill_all(container, &steps[0]);
    if (rc[0] == CV_ERR_TIMEOUT && !container->reaped && container->pid > 0) {
        leave(container);
        if (err != NULL)
            *err = steps[0];
        return rc[0];
    }
    linux_net_devices_return(CV_STEAL(container->devices)); /* only what came to nothing has them */
    if (container->in_rdt)
        rc[5] = linux_rdt_leave(container->spec, container->home.id, &steps[5]);
    if (container->has_link)
        rc[1] = linux_net_delete(container->home.id, &steps[1]);
    if (container->group_fd >= 0 || container->oci.path != NULL)
        rc[2] = linux_container_remove_group(container, &steps[2]);
    rc[3] = linux_limits_remove(&container->limits, container->home.id, &steps[3]);
    if (container->claimed && rc[1] == 0 && rc[2] == 0 && rc[3] == 0)
        rc[4] = linux_home_remove(&container->home, &steps[4]);
    if (container->claimed && (rc[1] < 0 || rc[2] < 0 || rc[3] < 0 || rc[4] < 0))
        linux_deaths_suspect();
    linux_container_free(container);
    for (size_t i = 0; i < CV_ARRAY_LEN(steps); i++)
        if (rc[i] < 0) {
            if (err != NULL)
                *err = steps[i];
            return rc[i];
        }
    return 0;
}

void linux_container_finish_left(void)
{
    struct linux_container* next = left;
    left                         = NULL;
    while (next != NULL) {
        struct linux_container* c = next;
        next                      = c->next_left;
        if (linux_reap(c->pidfd, 0, NULL, NULL, NULL) == CV_ERR_TIMEOUT) {
            leave(c);
            continue;
        }
        c->reaped = true;
        linux_container_destroy(c, NULL);
    }
}
