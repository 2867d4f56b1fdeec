#include "linux/container.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cv/str.h>

#include "linux/bare-make.h"
#include "linux/container-internal.h"
#include "linux/deaths.h"
#include "linux/fd.h"
#include "linux/intel-rdt.h"
#include "linux/landlock.h"
#include "linux/lsm.h"
#include "linux/net-devices.h"
#include "linux/net.h"
#include "linux/outer.h"
#include "linux/source.h"
#include "linux/supported.h"
#include "linux/syscalls.h"
#include "linux/unprivileged.h"

enum { CAP_NUMBER_SYS_ADMIN = 21 };

struct linux_container* linux_container_new(struct cv_error* err)
{
    struct linux_container* c = calloc(1, sizeof(*c));
    if (c == NULL) {
        cv_error_no_memory(err);
        return NULL;
    }
    c->home      = (struct linux_home)LINUX_HOME_INIT;
    c->range     = (struct linux_idrange)LINUX_IDRANGE_INIT;
    c->parent_fd = c->group_fd = c->pidfd = c->control_fd = c->null_fd = c->landlock_fd = c->upper_fd = -1;
    c->start_fd                                                                                       = -1;
    linux_limits_init(&c->limits);
    linux_oci_cgroup_init(&c->oci);
    return c;
}

void linux_container_free(struct linux_container* c)
{
    linux_fd_closep(&c->parent_fd);
    linux_fd_closep(&c->group_fd);
    linux_fd_closep(&c->pidfd);
    linux_fd_closep(&c->control_fd);
    linux_fd_closep(&c->start_fd);
    linux_fd_closep(&c->null_fd);
    linux_fd_closep(&c->upper_fd);
    linux_net_devices_free(c->devices);
    linux_limits_release(&c->limits);
    linux_oci_cgroup_release(&c->oci);
    linux_fd_closep(&c->landlock_fd);
    linux_idrange_release(&c->range);
    if (!c->borrowed)
        linux_home_release(&c->home);
    linux_seccomp_release(&c->seccomp);
    linux_seccomp_release(&c->tcp_filter);
    cv_spec_free(c->spec);
    free(c);
}

/* --- claiming ------------------------------------------------------------------------------------------------------------------ */

int linux_container_claim(const char* id, enum linux_home_mode mode, struct linux_home* home_out, struct cv_error* err)
{
    int rc = linux_source_prepare(err); /* first: what is opened before belongs to another mount namespace */
    return rc == 0 ? linux_home_claim(id, mode, home_out, err) : rc;
}

static int claim_id(struct linux_container* c, const struct cv_spec* spec, struct cv_error* err)
{
    enum linux_home_mode mode = spec->ext.layers.count > 0 ? LINUX_HOME_NEW : LINUX_HOME_NONE;
    if (c->borrowed)
        return 0;
    int rc     = linux_container_claim(spec->ext.id, mode, &c->home, err);
    c->claimed = rc == 0;
    return rc;
}

/* An OCI runtime is told which ids of the host they are. */
static int claim_ids(struct linux_container* c, struct cv_error* err)
{
    c->userns = cv_spec_namespace(c->spec, "user") != NULL;
    if (!c->userns || c->spec->ext.bare)
        return 0;
    return linux_unprivileged()->active ? linux_unprivileged_range(&c->range, err)
                                        : linux_idrange_claim(c->home.run_dir, &c->range, err);
}

static int claim(struct linux_container* c, const struct cv_spec* spec, struct cv_error* err)
{
    int rc = claim_id(c, spec, err);
    if (rc < 0)
        return rc;
    rc = cv_spec_copy(spec, &c->spec, err);
    if (rc == 0 && (c->null_fd = open("/dev/null", O_RDWR | O_CLOEXEC)) < 0)
        rc = cv_error_errno(err, errno, "open the null device", "/dev/null");
    if (rc == 0)
        rc = claim_ids(c, err);
    return rc == 0 ? linux_container_claim_cgroup(c, err) : rc;
}

static int plan(struct linux_container* c, struct linux_setup* setup, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* cache = cv_asprintf(err, "%s/cache/seccomp", c->home.state_dir);
    if (cache == NULL)
        return CV_ERR_NO_MEMORY;
    int rc = linux_net_plan_make(c->spec, &setup->net, err);
    if (rc == 0)
        rc = linux_unprivileged_allows(c->spec, err);
    if (rc == 0)
        rc = linux_caps_parse(&c->spec->process.capabilities, &setup->caps, err);
    uint64_t granted = setup->caps.permitted | setup->caps.effective | setup->caps.ambient;
    if (rc == 0)
        rc = linux_seccomp_get(cache, c->spec, granted, &c->seccomp, err);
    if (rc == 0)
        rc = linux_seccomp_check_start(&c->seccomp, c->spec->process.no_new_privileges, err);
    if (rc == 0)
        rc = linux_landlock_prepare(c->spec, &setup->landlock, err);
    if (rc == 0)
        rc = linux_seccomp_compile_tcp(c->spec, &c->tcp_filter, err);
    setup->spec        = c->spec;
    setup->id          = c->home.id;
    setup->seccomp     = c->seccomp;
    setup->tcp_filter  = c->tcp_filter;
    setup->landlock_fd = -1;
    setup->limits      = &c->limits;
    setup->userns      = c->userns;
    setup->ids         = c->spec->ext.bare              ? linux_bare_ids(c->spec)
                         : linux_unprivileged()->active ? linux_unprivileged()->ids
                                                        : c->range.size;
    setup->bare        = c->bare;
    setup->no_pivot    = c->bare != NULL && c->bare->no_pivot;
    setup->seal        = setup->userns && !c->spec->ext.bare && (setup->caps.bounding >> CAP_NUMBER_SYS_ADMIN & 1) != 0;
    setup->null_fd     = c->null_fd;
    setup->root_fd = setup->secrets_fd = -1;
    return rc;
}

/* --- the clone ----------------------------------------------------------------------------------------------------------------- */

struct channels {
    int control[2], start[2]; /* [0] ours, [1] PID 1's */
};

static void channels_close(struct channels* channels)
{
    for (int i = 0; i < 2; i++) {
        linux_fd_closep(&channels->control[i]);
        linux_fd_closep(&channels->start[i]);
    }
}

static int channels_open(struct channels* channels, struct cv_error* err)
{
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channels->control) < 0
        || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channels->start) < 0)
        return cv_error_errno(err, errno, "make a socket pair", NULL);
    return 0;
}

pid_t linux_container_clone(const struct linux_container* container, struct clone_args* args)
{
    if (container->group_fd >= 0) {
        args->flags |= CLONE_INTO_CGROUP;
        args->cgroup = (uint64_t)container->group_fd;
    }
    return sys_clone3(args);
}

static int clone_pid1(
    struct linux_container* c, struct linux_setup* setup, struct channels* channels, struct cv_error* err)
{
    int               pidfd = -1;
    unsigned long     later = CLONE_NEWCGROUP | CLONE_NEWTIME;
    struct clone_args args  = {
         .flags       = (linux_namespace_new_flags(c->spec) & ~later) | CLONE_PIDFD,
         .pidfd       = (uint64_t)(uintptr_t)&pidfd,
         .exit_signal = SIGCHLD,
    };
    setup->control_fd = channels->control[1];
    setup->start_fd   = channels->start[1];
    linux_bare_show(c, true);
    if (linux_bare_joins(c->spec)) {
        int rc = linux_bare_clone(c, setup, &args, channels->start, err);
        linux_bare_show(c, false);
        return rc;
    }
    c->pid = linux_container_clone(c, &args);
    if (c->pid == 0)
        linux_pid1(setup);
    linux_bare_show(c, false);
    if (c->pid < 0) {
        int number = errno;
        c->pid     = 0;
        cv_error_errno(err, number, "make the container's namespaces", c->home.id);
        return linux_outer_hint(LINUX_OUTER_NAMESPACE, number, err);
    }
    c->pidfd = pidfd;
    return 0;
}

/* Our copies of its ends, so that we notice when it is gone. */
static void leave_its_ends(struct channels* channels)
{
    linux_fd_closep(&channels->control[1]);
    linux_fd_closep(&channels->start[1]);
    channels->control[1] = channels->start[1] = -1;
}

static int connect_veth(struct linux_container* c, const struct net_plan* net, int control_fd, struct cv_error* err)
{
    CV_CLEANUP(linux_fd_closep) int netns_fd = -1;
    int                             rc       = setup_expect(control_fd, SETUP_BUILT, err);
    if (rc == 0)
        rc = linux_container_open_namespace(c, "net", &netns_fd, err);
    if (rc == 0)
        rc = linux_net_veth_host(c->home.id, netns_fd, net, err);
    c->has_link = rc == 0;
    return rc == 0 ? linux_container_hand_over(control_fd, SETUP_GO, 0, -1, err) : rc;
}

static int finish(struct linux_container* c, const struct net_plan* net, int control_fd, struct cv_error* err)
{
    int rc = net->mode == CV_SPEC_NETWORK_VETH ? connect_veth(c, net, control_fd, err) : 0;
    if (rc == 0 && c->bare != NULL)
        rc = linux_bare_before_pivot_outside(c, control_fd, err);
    return rc == 0 ? setup_expect_fd(control_fd, SETUP_READY, &c->landlock_fd, err) : rc;
}

void linux_container_settle(char** argv, int kept_fd)
{
    linux_unprivileged_enter(argv, kept_fd);
}

/* --- create -------------------------------------------------------------------------------------------------------------------- */

static int* unset_fds(size_t count, struct cv_error* err)
{
    int* fds = malloc((count + 1) * sizeof(*fds));
    if (fds == NULL)
        cv_error_no_memory(err);
    for (size_t i = 0; fds != NULL && i < count; i++)
        fds[i] = -1;
    return fds;
}

static int bring_up(
    struct linux_container* c, struct linux_setup* setup, struct linux_child* main_out, struct cv_error* err)
{
    CV_CLEANUP(channels_close) struct channels channels = { { -1, -1 }, { -1, -1 } };
    int                                        rc       = channels_open(&channels, err);
    if (rc == 0)
        rc = clone_pid1(c, setup, &channels, err);
    leave_its_ends(&channels);
    if (rc == 0) {
        linux_oci_cgroup_settled(&c->oci);
        if (setup->main != NULL)
            linux_exec_raise_limits(c->pid, setup->main->process);
    }
    if (rc == 0) /* before it has children */
        rc = linux_rdt_join(c->spec, c->home.id, c->pid, err);
    c->in_rdt = rc == 0;
    if (rc == 0 && c->bare != NULL)
        rc = linux_bare_take_devices(c, err);
    if (rc == 0)
        rc = linux_container_provide(c, channels.control[0], err);
    if (rc == 0)
        rc = finish(c, &setup->net, channels.control[0], err);
    if (rc < 0 && err->code == CV_ERR_LOST) { /* it may have told why, before we noticed that it is gone */
        struct cv_error told = CV_ERROR_INIT;
        if (setup_expect(channels.control[0], SETUP_READY, &told) < 0 && told.code != CV_ERR_LOST)
            *err = told, rc = told.code;
    }
    if (rc == 0 && setup->main != NULL)
        rc = linux_container_hear_start(channels.start[0], main_out, err);
    c->control_fd = linux_fd_steal(&channels.control[0]);
    if (c->bare != NULL)
        c->start_fd = linux_fd_steal(&channels.start[0]);
    return rc;
}

static int make(struct linux_container* c, const struct cv_spec* spec, const struct linux_start* main,
    struct linux_child* main_out, struct cv_error* err)
{
    struct linux_setup setup = { .main = main };
    int                rc    = claim(c, spec, err);
    if (rc == 0)
        rc = plan(c, &setup, err);
    if (rc < 0)
        return rc;
    CV_CLEANUP(cv_freep) int* sources = unset_fds(spec->mounts.count, err);
    CV_CLEANUP(cv_freep) int* devices = unset_fds(spec->ext.devices.count, err);
    if (sources == NULL || devices == NULL)
        return CV_ERR_NO_MEMORY;
    setup.source_fds = sources;
    setup.device_fds = devices;
    rc               = bring_up(c, &setup, main_out, err);
    if (rc == 0 && main != NULL) {
        main_out->pid   = c->pid;
        main_out->pidfd = fcntl(c->pidfd, F_DUPFD_CLOEXEC, 3);
        if (main_out->pidfd < 0)
            rc = cv_error_errno(err, errno, "copy the descriptor of PID 1", NULL);
    }
    return rc;
}

int linux_container_check(const struct cv_spec* spec, bool has_command, struct cv_error* err)
{
    int rc = linux_unprivileged_check(err);
    if (rc == 0)
        rc = linux_supported(spec, has_command, err);
    return rc == 0 && has_command ? linux_lsm_check(&spec->process, err) : rc;
}

int linux_container_create(const struct cv_spec* spec, const struct linux_start* main,
    struct linux_container** container_out, struct linux_child* main_out, struct cv_error* err)
{
    return linux_container_create_in(NULL, spec, main, container_out, main_out, err);
}

int linux_container_create_in(const struct linux_home* home, const struct cv_spec* spec, const struct linux_start* main,
    struct linux_container** container_out, struct linux_child* main_out, struct cv_error* err)
{
    return linux_container_create_bare(home, spec, main, NULL, container_out, main_out, err);
}

int linux_container_create_bare(const struct linux_home* home, const struct cv_spec* spec,
    const struct linux_start* main, const struct linux_bare_make* bare, struct linux_container** container_out,
    struct linux_child* main_out, struct cv_error* err)
{
    struct cv_error    own   = CV_ERROR_INIT;
    struct linux_child child = { .pidfd = -1, .terminal_fd = -1 };
    err                      = err != NULL ? err : &own;
    int rc                   = linux_container_check(spec, main != NULL, err);
    if (rc < 0)
        return rc;
    struct linux_container* c = linux_container_new(err);
    if (c == NULL)
        return CV_ERR_NO_MEMORY;
    if (home != NULL) {
        c->home     = *home;
        c->borrowed = true;
    }
    c->bare = bare;
    if (bare != NULL)
        c->cgroup_manager = bare->manager;
    rc = make(c, spec, main, &child, err);
    if (rc < 0) {
        linux_fd_closep(&child.pidfd);
        linux_fd_closep(&child.terminal_fd);
        linux_container_destroy(c, NULL);
        return rc;
    }
    *container_out = c;
    if (main_out != NULL)
        *main_out = child;
    return 0;
}

int linux_container_watch(struct cv_error* err)
{
    struct cv_error own = CV_ERROR_INIT;
    err                 = err != NULL ? err : &own;
    int rc              = linux_unprivileged_check(err); /* before anything is made */
    return rc == 0 ? linux_deaths_watch(err) : rc;
}
