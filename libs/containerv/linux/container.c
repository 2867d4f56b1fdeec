#include "linux/container.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cv/clock.h>
#include <cv/str.h>

#include "linux/attr.h"
#include "linux/cgroup-place.h"
#include "linux/cgroup.h"
#include "linux/container-internal.h"
#include "linux/deaths.h"
#include "linux/delegated.h"
#include "linux/device-filter.h"
#include "linux/fd.h"
#include "linux/landlock.h"
#include "linux/net.h"
#include "linux/outer.h"
#include "linux/pidns.h"
#include "linux/reap.h"
#include "linux/secrets.h"
#include "linux/source.h"
#include "linux/supported.h"
#include "linux/syscalls.h"
#include "linux/unprivileged.h"
#include "linux/userns.h"
#include "spec/mountopts.h"

enum { MAX_HELD = 64, CAP_NUMBER_SYS_ADMIN = 21, HEAR_TRIES = 3 };

static struct linux_container* container_new(struct cv_error* err)
{
    struct linux_container* c = calloc(1, sizeof(*c));
    if (c == NULL) {
        cv_error_no_memory(err);
        return NULL;
    }
    c->home      = (struct linux_home)LINUX_HOME_INIT;
    c->range     = (struct linux_idrange)LINUX_IDRANGE_INIT;
    c->parent_fd = c->group_fd = c->pidfd = c->control_fd = c->null_fd = c->landlock_fd = c->upper_fd = -1;
    linux_limits_init(&c->limits);
    return c;
}

static void container_free(struct linux_container* c)
{
    linux_fd_closep(&c->parent_fd);
    linux_fd_closep(&c->group_fd);
    linux_fd_closep(&c->pidfd);
    linux_fd_closep(&c->control_fd);
    linux_fd_closep(&c->null_fd);
    linux_fd_closep(&c->upper_fd);
    linux_limits_release(&c->limits);
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

/* For whoever inspects the container. */
static int tell_weaker(struct linux_container* c, struct cv_error* err)
{
    cv_strv_release(&c->spec->ext.weaker);
    cv_strv_init(&c->spec->ext.weaker);
    if (c->limits.processes_rlimit != 0 && cv_strv_append(&c->spec->ext.weaker, "limits.pids: RLIMIT_NPROC") < 0)
        return cv_error_no_memory(err);
    return 0;
}

static int claim_limits(struct linux_container* c, struct cv_error* err)
{
    CV_CLEANUP(linux_limits_plan_release) struct linux_limits_plan plan = { .items = NULL };

    int rc = c->group_fd >= 0 ? linux_limits_count(&c->limits, c->group_fd, err) : 0;
    if (rc == 0)
        rc = linux_limits_plan_make(c->spec, false, linux_limits_device, &plan, err);
    if (rc == 0 && c->group_fd < 0)
        rc = linux_unprivileged_without_group(&plan, err);
    else if (rc == 0)
        rc = linux_limits_apply(&c->limits, &plan, c->group_fd, c->home.id, err);
    if (rc < 0 && linux_unprivileged_can_make_room(c->parent_fd, err, &rc))
        rc = linux_limits_apply(&c->limits, &plan, c->group_fd, c->home.id, err);
    if (rc == 0 && !linux_unprivileged()->active) /* in the guardian's user namespace nobody makes nodes */
        rc = linux_device_filter(c->spec, &c->limits, c->group_fd, c->home.id, err);
    if (rc < 0)
        return rc;
    linux_limits_moved(&c->limits); /* every process goes in by itself */
    bool is_default = false;
    if (linux_limits_pids(c->spec, &is_default) != UINT64_MAX && is_default && c->range.lock_fd >= 0
        && c->limits.version[LINUX_CONTROLLER_PIDS] != 2)
        c->limits.processes_rlimit = LINUX_PIDS_DEFAULT;
    return tell_weaker(c, err);
}

static int note_cgroup(struct linux_container* c, const char* place, struct cv_error* err)
{
    CV_CLEANUP(linux_fd_closep) int folder_fd = -1;
    int                             rc        = linux_container_open_run_folder(c, &folder_fd, err);
    if (rc < 0)
        return rc;
    return place != NULL ? linux_cgroup_place_note(folder_fd, place, err) : linux_delegated_note(folder_fd, err);
}

static int make_in_chosen(struct linux_container* c, const char* place, struct cv_error* err)
{
    int rc = linux_cgroup_open_parent(place, &c->parent_fd, err);
    if (rc < 0)
        return rc;
    rc = linux_cgroup_create(c->parent_fd, c->home.id, &c->group_fd, err);
    if (rc < 0) {
        (void)linux_cgroup_place_leave(c->parent_fd, place, NULL);
        linux_fd_closep(&c->parent_fd);
        c->parent_fd = -1;
    }
    return rc;
}

/* Another container's end may take the place away before our group is in it. */
static int claim_chosen(struct linux_container* c, const char* place, struct cv_error* err)
{
    int rc = note_cgroup(c, place, err);
    if (rc < 0)
        return rc;
    c->limits.place = place;
    rc              = make_in_chosen(c, place, err);
    for (int i = 1; rc < 0 && i < LINUX_CGROUP_PLACE_TRIES && linux_cgroup_place_vanished(err); i++)
        rc = make_in_chosen(c, place, err);
    return rc == 0 ? claim_limits(c, err) : rc;
}

static int claim_cgroup(struct linux_container* c, struct cv_error* err)
{
    if (c->spec->ext.cgroup_parent != NULL)
        return claim_chosen(c, c->spec->ext.cgroup_parent, err);
    int rc = linux_cgroup_open_parent(NULL, &c->parent_fd, err);
    if (rc == CV_ERR_UNSUPPORTED && linux_unprivileged()->active)
        rc = 0; /* the PID namespace holds its processes together, too; what needs a group is refused */
    else if (rc == 0)
        rc = linux_cgroup_create(c->parent_fd, c->home.id, &c->group_fd, err);
    if (rc == 0 && c->group_fd >= 0 && linux_unprivileged()->active)
        rc = note_cgroup(c, NULL, err);
    return rc == 0 ? claim_limits(c, err) : rc;
}

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

static int claim(struct linux_container* c, const struct cv_spec* spec, struct cv_error* err)
{
    int rc = claim_id(c, spec, err);
    if (rc < 0)
        return rc;
    rc = cv_spec_copy(spec, &c->spec, err);
    if (rc == 0 && (c->null_fd = open("/dev/null", O_RDWR | O_CLOEXEC)) < 0)
        rc = cv_error_errno(err, errno, "open the null device", "/dev/null");
    if (rc == 0 && cv_spec_namespace(spec, "user") != NULL)
        rc = linux_unprivileged()->active ? linux_unprivileged_range(&c->range, err)
                                          : linux_idrange_claim(c->home.run_dir, &c->range, err);
    return rc == 0 ? claim_cgroup(c, err) : rc;
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
    setup->userns      = c->range.lock_fd >= 0;
    setup->ids         = linux_unprivileged()->active ? linux_unprivileged()->ids : c->range.size;
    setup->seal        = setup->userns && (setup->caps.bounding >> CAP_NUMBER_SYS_ADMIN & 1) != 0;
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
         .flags       = (linux_namespace_flags(c->spec) & ~later) | CLONE_PIDFD,
         .pidfd       = (uint64_t)(uintptr_t)&pidfd,
         .exit_signal = SIGCHLD,
    };
    setup->control_fd = channels->control[1];
    setup->start_fd   = channels->start[1];
    c->pid            = linux_container_clone(c, &args);
    if (c->pid == 0)
        linux_pid1(setup);
    if (c->pid < 0) {
        int number = errno;
        c->pid     = 0;
        cv_error_errno(err, number, "make the container's namespaces", c->home.id);
        return linux_outer_hint(LINUX_OUTER_NAMESPACE, number, err);
    }
    c->pidfd = pidfd;
    linux_fd_closep(&channels->control[1]);
    linux_fd_closep(&channels->start[1]);
    channels->control[1] = channels->start[1] = -1;
    return 0;
}

/* --- what only the guardian can make ------------------------------------------------------------------------------------------- */

static int open_namespace(const struct linux_container* c, const char* name, int* fd_out, struct cv_error* err)
{
    char path[64];
    cv_snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)c->pid, name);
    *fd_out = open(path, O_RDONLY | O_CLOEXEC);
    return *fd_out < 0 ? cv_error_errno(err, errno, "open the container's namespace", path) : 0;
}

static int hand_over(int control_fd, enum setup_word word, size_t index, int fd, struct cv_error* err)
{
    struct setup_message message = { .word = word, .index = (unsigned)index };
    return setup_say(control_fd, &message, fd, err);
}

static bool is_bind(const struct cv_spec_mount* mount)
{
    return (mount->type != NULL && strcmp(mount->type, "bind") == 0) || cv_strv_contains(&mount->options, "bind")
           || cv_strv_contains(&mount->options, "rbind");
}

/* Those that change their source's owners, or the others. */
static int send_sources(const struct cv_spec* spec, const struct linux_source_context* context, bool that_change,
    int control_fd, struct cv_error* err)
{
    for (size_t i = 0; i < spec->mounts.count; i++) {
        CV_CLEANUP(linux_fd_closep) int fd = -1;
        if (!is_bind(&spec->mounts.items[i])
            || cv_strv_contains(&spec->mounts.items[i].options, "x-containerv.chown") != that_change)
            continue;
        int rc = linux_source_bind(&spec->mounts.items[i], context, &fd, err);
        if (rc == 0)
            rc = hand_over(control_fd, SETUP_SOURCE, i, fd, err);
        if (rc < 0)
            return cv_error_wrap(err, "mount %zu on '%s'", i, spec->mounts.items[i].destination);
    }
    return 0;
}

static int send_devices(const struct cv_spec* spec, int control_fd, struct cv_error* err)
{
    for (size_t i = 0; i < spec->ext.devices.count; i++) {
        CV_CLEANUP(linux_fd_closep) int fd = -1;
        int                             rc = linux_source_device(spec->ext.devices.items[i].host_path, &fd, err);
        if (rc == 0)
            rc = hand_over(control_fd, SETUP_DEVICE, i, fd, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int send_secrets(const struct linux_source_context* context, int control_fd, struct cv_error* err)
{
    CV_CLEANUP(linux_fd_closep) int fd = -1;
    if (context->spec->ext.secrets.count == 0)
        return 0;
    int rc = linux_secrets_make(context, &fd, err);
    return rc == 0 ? hand_over(control_fd, SETUP_SECRETS, 0, fd, err) : rc;
}

static int provide(struct linux_container* c, int control_fd, struct cv_error* err)
{
    CV_CLEANUP(linux_fd_closep) int userns_fd = -1;
    CV_CLEANUP(linux_fd_closep) int root_fd   = -1;
    bool                            mapped    = c->range.lock_fd >= 0;
    int                             rc        = mapped ? linux_userns_map(c->pid, &c->range, err) : 0;
    if (rc == 0 && mapped)
        rc = open_namespace(c, "user", &userns_fd, err);
    struct linux_source_context context = { .range = mapped && !linux_unprivileged()->active ? &c->range : NULL,
        .userns_fd                                 = userns_fd,
        .home_fd                                   = c->home.home_fd,
        .kept                                      = c->borrowed,
        .upper_fd                                  = &c->upper_fd,
        .root_fd                                   = -1,
        .spec                                      = c->spec };
    if (rc == 0)
        rc = linux_source_root(c->spec, &context, &root_fd, err);
    if (rc == 0
        && mapped) /* nodes that a root folder brings along are nobody's gift; without a map they are kept by rules */
        rc = linux_attr_apply(root_fd, CV_MOUNT_ATTR_NODEV, 0, true, "/", err);
    context.root_fd = root_fd;
    if (rc == 0)
        rc = hand_over(control_fd, SETUP_ROOT, 0, root_fd, err);
    if (rc == 0)
        rc = send_sources(c->spec, &context, false, control_fd, err);
    if (rc == 0)
        rc = send_devices(c->spec, control_fd, err);
    if (rc == 0)
        rc = send_secrets(&context, control_fd, err);
    if (rc == 0) /* last: what changes the host for good should not be done for a create that fails */
        rc = send_sources(c->spec, &context, true, control_fd, err);
    return rc == 0 ? hand_over(control_fd, SETUP_BUILD, 0, -1, err) : rc;
}

static int connect_veth(struct linux_container* c, const struct net_plan* net, int control_fd, struct cv_error* err)
{
    CV_CLEANUP(linux_fd_closep) int netns_fd = -1;
    int                             rc       = setup_expect(control_fd, SETUP_BUILT, err);
    if (rc == 0)
        rc = open_namespace(c, "net", &netns_fd, err);
    if (rc == 0)
        rc = linux_net_veth_host(c->home.id, netns_fd, net, err);
    c->has_link = rc == 0;
    return rc == 0 ? hand_over(control_fd, SETUP_GO, 0, -1, err) : rc;
}

static int finish(struct linux_container* c, const struct net_plan* net, int control_fd, struct cv_error* err)
{
    int rc = net->mode == CV_SPEC_NETWORK_VETH ? connect_veth(c, net, control_fd, err) : 0;
    return rc == 0 ? setup_expect_fd(control_fd, SETUP_READY, &c->landlock_fd, err) : rc;
}

static void note(const struct setup_message* message, int fd, struct linux_child* child, struct cv_error* failure)
{
    if (message->word == SETUP_TERMINAL) {
        child->terminal_fd = fd;
    } else if (message->word == SETUP_CHILD) {
        child->pid   = message->pid;
        child->pidfd = fd;
        child->ours  = true;
    } else {
        linux_fd_closep(&fd);
        if (message->word == SETUP_FAILED) {
            *failure   = message->error;
            child->pid = message->pid > 0 ? message->pid : child->pid;
        } else {
            cv_error_set(failure, CV_ERR_PROTOCOL, "word %d came from a program that starts", message->word);
        }
    }
}

/* Between its clone and its exec a program can be stopped by those that are in the container already: they must not stop us, too. */
static int hear_in_time(
    int start_fd, int64_t deadline_ms, struct setup_message* message, int* fd_out, struct cv_error* err)
{
    struct pollfd entry = { .fd = start_fd, .events = POLLIN };
    int           got;
    do
        got = poll(&entry, 1, (int)cv_clock_left_ms(deadline_ms));
    while (got < 0 && errno == EINTR);
    if (got > 0)
        return setup_hear(start_fd, message, fd_out, err);
    if (got < 0)
        return cv_error_errno(err, errno, "wait for a program to start", NULL);
    cv_error_set(err, CV_ERR_TIMEOUT, "the program has not started within %d ms", (int)LINUX_CONTAINER_START_MS);
    cv_error_step(err, "wait for a program to start");
    return cv_error_hint(err, "a process of the container may have stopped it, or its file can't be read");
}

/* All that is said, in whatever order, until the exec (or the end) of everybody who could speak has closed the channel. */
int linux_container_hear_start(int start_fd, struct linux_child* child, struct cv_error* err)
{
    struct cv_error failure     = CV_ERROR_INIT;
    int             unheard     = 0;
    int64_t         deadline_ms = cv_clock_deadline_ms(LINUX_CONTAINER_START_MS);
    for (;;) {
        struct setup_message message;
        int                  fd = -1;
        message.word            = SETUP_NOTHING;
        int rc                  = hear_in_time(start_fd, deadline_ms, &message, &fd, err);
        if (rc == CV_ERR_LOST)
            break;
        if (rc == 0 || message.word == SETUP_CHILD) /* that one is known even if its pidfd found no room */
            note(&message, fd, child, &failure);
        if (rc == CV_ERR_TIMEOUT || (rc < 0 && ++unheard == HEAR_TRIES))
            return rc;
        if (rc < 0) /* go on: it may be the word about a process that nobody else knows of */
            failure = *err;
    }
    if (failure.code < 0)
        *err = failure;
    return failure.code;
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
    if (rc == 0)
        rc = provide(c, channels.control[0], err);
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
    return rc == 0 ? linux_supported(spec, has_command, err) : rc;
}

int linux_container_create(const struct cv_spec* spec, const struct linux_start* main,
    struct linux_container** container_out, struct linux_child* main_out, struct cv_error* err)
{
    return linux_container_create_in(NULL, spec, main, container_out, main_out, err);
}

int linux_container_create_in(const struct linux_home* home, const struct cv_spec* spec, const struct linux_start* main,
    struct linux_container** container_out, struct linux_child* main_out, struct cv_error* err)
{
    struct cv_error    own   = CV_ERROR_INIT;
    struct linux_child child = { .pidfd = -1, .terminal_fd = -1 };
    err                      = err != NULL ? err : &own;
    int rc                   = linux_container_check(spec, main != NULL, err);
    if (rc < 0)
        return rc;
    struct linux_container* c = container_new(err);
    if (c == NULL)
        return CV_ERR_NO_MEMORY;
    if (home != NULL) {
        c->home     = *home;
        c->borrowed = true;
    }
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

/* --- while it lives ------------------------------------------------------------------------------------------------------------ */

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
static int64_t patience_ms(struct linux_container* c)
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
    int           rc    = linux_reap(c->pidfd, patience_ms(c), &info, &usage, err);
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

/* With PID 1 the kernel ends all that is in its namespace. */
static int kill_pid1(const struct linux_container* c, struct cv_error* err)
{
    if (c->reaped || sys_pidfd_send_signal(c->pidfd, SIGKILL, NULL, 0) == 0 || errno == ESRCH)
        return 0;
    return cv_error_errno(err, errno, "kill PID 1", c->home.id);
}

int linux_container_kill(struct linux_container* container, struct cv_error* err)
{
    if (container->group_fd < 0)
        return kill_pid1(container, err);
    return linux_cgroup_kill(container->group_fd, patience_ms(container), err);
}

int linux_container_pause(struct linux_container* container, struct cv_error* err)
{
    if (container->group_fd < 0)
        return linux_unprivileged_no_group("pause", err);
    return linux_cgroup_freeze(container->group_fd, LINUX_CONTAINER_KILL_MS, err);
}

int linux_container_resume(struct linux_container* container, struct cv_error* err)
{
    return linux_cgroup_thaw(container->group_fd, LINUX_CONTAINER_KILL_MS, err);
}

int linux_container_processes(
    struct linux_container* container, pid_t* list, size_t capacity, size_t* count_out, struct cv_error* err)
{
    if (container->group_fd < 0)
        return linux_pidns_processes(container->pid, list, capacity, count_out, err);
    return linux_cgroup_processes(container->group_fd, list, capacity, count_out, err);
}

/* --- the end ------------------------------------------------------------------------------------------------------------------- */

static int kill_all(struct linux_container* c, struct cv_error* err)
{
    struct linux_status status;
    int                 rc = 0;
    if (c->pid > 0 && !c->reaped)
        sys_pidfd_send_signal(c->pidfd, SIGKILL, NULL, 0);
    if (c->group_fd >= 0)
        rc = linux_cgroup_kill(c->group_fd, patience_ms(c), err);
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

static int remove_group(const struct linux_container* c, struct cv_error* err)
{
    int rc = linux_cgroup_remove(c->parent_fd, c->home.id, LINUX_CONTAINER_KILL_MS, err);
    if (rc < 0 || c->limits.place == NULL)
        return rc;
    return linux_cgroup_place_leave(c->parent_fd, c->limits.place, err);
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
    struct cv_error steps[5] = { CV_ERROR_INIT, CV_ERROR_INIT, CV_ERROR_INIT, CV_ERROR_INIT, CV_ERROR_INIT };
    int             rc[5]    = { 0 };
    rc[0]                    = kill_all(container, &steps[0]);
    if (rc[0] == CV_ERR_TIMEOUT && !container->reaped && container->pid > 0) {
        leave(container);
        if (err != NULL)
            *err = steps[0];
        return rc[0];
    }
    if (container->has_link)
        rc[1] = linux_net_delete(container->home.id, &steps[1]);
    if (container->group_fd >= 0)
        rc[2] = remove_group(container, &steps[2]);
    rc[3] = linux_limits_remove(&container->limits, container->home.id, &steps[3]);
    if (container->claimed && rc[1] == 0 && rc[2] == 0 && rc[3] == 0)
        rc[4] = linux_home_remove(&container->home, &steps[4]);
    if (container->claimed && (rc[1] < 0 || rc[2] < 0 || rc[3] < 0 || rc[4] < 0))
        linux_deaths_suspect();
    container_free(container);
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

int linux_container_watch(struct cv_error* err)
{
    struct cv_error own = CV_ERROR_INIT;
    err                 = err != NULL ? err : &own;
    int rc              = linux_unprivileged_check(err); /* before anything is made */
    return rc == 0 ? linux_deaths_watch(err) : rc;
}
