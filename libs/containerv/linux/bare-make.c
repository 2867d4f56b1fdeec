#include "linux/bare-make.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cv/str.h>

#include "linux/bare-state.h"
#include "linux/container-internal.h"
#include "linux/exec-internal.h"
#include "linux/fd.h"
#include "linux/hooks.h"
#include "linux/net-devices.h"
#include "linux/setup.h"
#include "linux/unprivileged.h"

uint32_t linux_bare_ids(const struct cv_spec* spec)
{
    const struct cv_spec_id_maps* maps = &spec->linux_.gid_mappings;
    uint32_t                      ids  = 0;
    for (size_t pass = 0; pass < maps->count; pass++)
        for (size_t i = 0; i < maps->count; i++)
            if (maps->items[i].container_id == ids)
                ids += maps->items[i].size;
    return ids;
}

char* linux_bare_map_text(const struct cv_spec_id_maps* maps, struct cv_error* err)
{
    struct cv_str text = { 0 };
    for (size_t i = 0; i < maps->count; i++)
        cv_str_printf(&text, "%u %u %u\n", maps->items[i].container_id, maps->items[i].host_id, maps->items[i].size);
    return cv_str_steal(&text, err);
}

/* --- in the process that makes it ------------------------------------------------------------------------------------------------- */

static int write_map(pid_t pid, const char* file, const struct cv_spec_id_maps* maps, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* text = linux_bare_map_text(maps, err);
    char                       path[64];
    if (text == NULL)
        return CV_ERR_NO_MEMORY;
    cv_snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
    CV_CLEANUP(linux_fd_closep) int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd >= 0 && write(fd, text, strlen(text)) >= 0)
        return 0;
    cv_error_errno(err, errno, "write the id map of the user namespace", path);
    return cv_error_hint(err, "linux.uidMappings and linux.gidMappings name ids of the host that the caller must have");
}

void linux_bare_show(const struct linux_container* c, bool shown)
{
    int number = errno;
    if (c->bare != NULL && linux_unprivileged()->active)
        (void)prctl(
            PR_SET_DUMPABLE, shown ? 1 : 0, 0, 0, 0); /* when it fails the map can't be written, which is told */
    errno = number;
}

int linux_bare_map(const struct linux_container* c, struct cv_error* err)
{
    if ((linux_namespace_new_flags(c->spec) & CLONE_NEWUSER) == 0)
        return 0;
    int rc = write_map(c->pid, "uid_map", &c->spec->linux_.uid_mappings, err);
    return rc == 0 ? write_map(c->pid, "gid_map", &c->spec->linux_.gid_mappings, err) : rc;
}

int linux_bare_take_devices(struct linux_container* c, struct cv_error* err)
{
    CV_CLEANUP(linux_fd_closep) int netns_fd = -1;
    if (c->spec->linux_.net_devices.count == 0)
        return 0;
    int rc = linux_container_open_namespace(c, "net", &netns_fd, err);
    return rc == 0 ? linux_net_devices_move(c->spec, netns_fd, &c->devices, err) : rc;
}

static bool stops_before_pivot(const struct cv_spec* spec)
{
    return spec->hooks.prestart.count > 0 || spec->hooks.create_runtime.count > 0
           || spec->hooks.create_container.count > 0;
}

static const struct {
    const char *name, *status;
    size_t      list;
    bool        go_on;
} hook_kinds[] = {
    [LINUX_BARE_PRESTART]         = { "prestart", "creating", offsetof(struct cv_spec, hooks.prestart), false },
    [LINUX_BARE_CREATE_RUNTIME]   = { "createRuntime", "creating", offsetof(struct cv_spec, hooks.create_runtime),
          false },
    [LINUX_BARE_CREATE_CONTAINER] = { "createContainer", "creating", offsetof(struct cv_spec, hooks.create_container),
        false },
    [LINUX_BARE_START_CONTAINER]  = { "startContainer", "created", offsetof(struct cv_spec, hooks.start_container),
         false },
    [LINUX_BARE_POSTSTART]        = { "poststart", "running", offsetof(struct cv_spec, hooks.poststart), true },
    [LINUX_BARE_POSTSTOP]         = { "poststop", "stopped", offsetof(struct cv_spec, hooks.poststop), true },
};

static int shed(const void* context, struct cv_error* err)
{
    return linux_exec_restrict(context, err);
}

static int run_hooks(const struct cv_spec* spec, enum linux_bare_hook kind, const struct linux_bare_make* make,
    pid_t pid, const struct linux_holding* holding, struct cv_error* err)
{
    const struct cv_spec_hooks* list  = (const void*)((const char*)spec + hook_kinds[kind].list);
    CV_CLEANUP(cv_freep) char*  state = NULL;
    struct linux_hooks          hooks = { .list = list,
                 .kind                          = hook_kinds[kind].name,
                 .folder                        = kind == LINUX_BARE_START_CONTAINER ? NULL : make->bundle,
                 .mount_fd                      = -1,
                 .shed                          = holding != NULL ? shed : NULL,
                 .shed_context                  = holding,
                 .go_on                         = hook_kinds[kind].go_on };
    if (list->count == 0)
        return 0;
    int rc      = linux_bare_oci_state(spec, make->id, hook_kinds[kind].status, pid, make->bundle, &state, err);
    hooks.state = state;
    return rc == 0 ? linux_hooks_run(&hooks, err) : rc;
}

int linux_bare_hooks(const struct cv_spec* spec, enum linux_bare_hook kind, const struct linux_bare_make* make,
    pid_t pid, struct cv_error* err)
{
    return run_hooks(spec, kind, make, pid, NULL, err);
}

int linux_bare_before_pivot_outside(struct linux_container* c, int control_fd, struct cv_error* err)
{
    struct setup_message go = { .word = SETUP_GO, .pid = c->pid };
    if (!stops_before_pivot(c->spec))
        return 0;
    int rc = setup_expect(control_fd, SETUP_BUILT, err);
    if (rc == 0)
        rc = linux_bare_hooks(c->spec, LINUX_BARE_PRESTART, c->bare, c->pid, err);
    if (rc == 0)
        rc = linux_bare_hooks(c->spec, LINUX_BARE_CREATE_RUNTIME, c->bare, c->pid, err);
    return rc == 0 ? setup_say(control_fd, &go, -1, err) : rc;
}

/* --- in PID 1 ---------------------------------------------------------------------------------------------------------------------- */

int linux_bare_before_pivot_inside(const struct linux_setup* setup, struct cv_error* err)
{
    struct setup_message message = { .word = SETUP_BUILT };
    int                  fd      = -1;
    if (setup->bare == NULL || !stops_before_pivot(setup->spec))
        return 0;
    int rc = setup_say(setup->control_fd, &message, -1, err);
    if (rc == 0)
        rc = setup_hear(setup->control_fd, &message, &fd, err);
    linux_fd_closep(&fd);
    if (rc == 0 && message.word != SETUP_GO)
        rc = cv_error_set(err, CV_ERR_PROTOCOL, "word %d came where the hooks' end was due", message.word);
    return rc == 0 ? linux_bare_hooks(setup->spec, LINUX_BARE_CREATE_CONTAINER, setup->bare, message.pid, err) : rc;
}

/* From here on the runtime may end. */
static int let_go(int status_fd, int* listen_out, struct cv_error* err)
{
    struct setup_message held = { .word = SETUP_HELD }, ready = { .word = SETUP_READY };
    int                  rc = setup_say(status_fd, &held, -1, err);
    if (rc == 0)
        rc = setup_expect_fd(status_fd, SETUP_GO, listen_out, err);
    if (rc == 0 && prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0) < 0)
        rc = cv_error_errno(err, errno, "part from the runtime", NULL);
    return rc == 0 ? setup_say(status_fd, &ready, -1, err) : rc;
}

/* Whoever connects may end without a word. */
static int wait_for_start(int listen_fd, int* socket_out, pid_t* pid_out, struct cv_error* err)
{
    for (;;) {
        struct setup_message            message;
        CV_CLEANUP(linux_fd_closep) int passed = -1;
        CV_CLEANUP(linux_fd_closep) int fd     = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0 && errno != EINTR && errno != ECONNABORTED)
            return cv_error_errno(err, errno, "wait to be started", NULL);
        if (fd < 0 || setup_hear(fd, &message, &passed, NULL) < 0 || message.word != SETUP_GO)
            continue;
        *socket_out = linux_fd_steal(&fd);
        *pid_out    = message.pid; /* as others see us */
        return 0;
    }
}

/* Its hooks' programs are the container's own: they get no more rights than its program. */
int linux_bare_hold(const struct linux_holding* holding, int* status_fd, struct cv_error* err)
{
    CV_CLEANUP(linux_fd_closep) int listen_fd = -1;
    int                             socket_fd = -1;
    pid_t                           pid       = 0;
    const struct linux_setup*       with      = holding->what->hold_context;
    int                             rc        = let_go(*status_fd, &listen_fd, err);
    if (rc < 0)
        return rc;
    linux_fd_closep(status_fd);
    *status_fd = -1;
    rc         = wait_for_start(listen_fd, &socket_fd, &pid, err);
    *status_fd = socket_fd;
    return rc == 0 ? run_hooks(with->spec, LINUX_BARE_START_CONTAINER, with->bare, pid, holding, err) : rc;
}
