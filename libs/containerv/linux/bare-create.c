/* Making a container as an OCI runtime does: up to where its program waits to be started. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cv/clock.h>
#include <cv/file.h>
#include <cv/posix.h>
#include <cv/str.h>

#include "linux/bare-internal.h"
#include "linux/bare-make.h"
#include "linux/fd.h"
#include "spec/capnames.h"

/* --- the specification ------------------------------------------------------------------------------------------------------------ */

static int set_root(struct cv_spec* spec, const char* bundle, struct cv_error* err)
{
    if (spec->root.path == NULL || cv_path_is_absolute(spec->root.path))
        return 0;
    char* path = cv_path_join(bundle, spec->root.path, err);
    if (path == NULL)
        return err->code;
    free(spec->root.path);
    spec->root.path = path;
    return 0;
}

/* runc's and podman's own configurations have ambient capabilities that are not inheritable. The kernel takes none of those, and other
 * runtimes don't tell. What is no capability's name stays, to be refused. */
void linux_bare_drop_ambient(struct cv_spec_capabilities* caps)
{
    for (size_t i = caps->ambient.count; i-- > 0;) {
        char name[64]; /* the list's own goes with the removal */
        (void)cv_snprintf(name, sizeof(name), "%s", caps->ambient.items[i]);
        if (cv_capability_number(name) < 0)
            continue;
        if (!cv_strv_contains(&caps->inheritable, name) || !cv_strv_contains(&caps->permitted, name))
            cv_strv_remove(&caps->ambient, name);
    }
}

/* It would be the host's. */
static int check_names(const struct cv_spec* spec, struct cv_error* err)
{
    const char* field = spec->hostname != NULL ? "hostname" : spec->domainname != NULL ? "domainname" : NULL;
    if (field == NULL || cv_spec_namespace(spec, "uts") != NULL)
        return 0;
    cv_error_set(err, CV_ERR_INVALID, "%s: there is no uts namespace to have it", field);
    return cv_error_object(err, "%s", field);
}

int linux_bare_spec(const struct cv_spec* given, const char* bundle, struct cv_spec** spec_out, struct cv_error* err)
{
    CV_CLEANUP(cv_spec_freep) struct cv_spec* spec = NULL;
    if (given->ext.set) {
        cv_error_set(err, CV_ERR_UNSUPPORTED, "an OCI runtime takes no '%s' from config.json", CV_SPEC_EXTENSION);
        return cv_error_hint(err, "use cvctl or libcontainerv for what the OCI specification has no word for");
    }
    int rc = cv_spec_copy(given, &spec, err);
    if (rc == 0)
        rc = set_root(spec, bundle, err);
    if (rc == 0)
        linux_bare_drop_ambient(&spec->process.capabilities);
    if (rc == 0)
        rc = cv_spec_validate(spec, err);
    if (rc == 0)
        rc = check_names(spec, err);
    if (rc < 0)
        return rc;
    spec->ext.set          = true;
    spec->ext.bare         = true;
    spec->ext.no_init      = true;
    spec->ext.network.mode = cv_spec_namespace(spec, "network") != NULL ? CV_SPEC_NETWORK_NONE : CV_SPEC_NETWORK_HOST;
    rc = cv_spec_set_string(&spec->ext.seccomp, spec->linux_.seccomp.set ? "spec" : "unconfined", err);
    if (rc == 0)
        *spec_out = CV_STEAL(spec);
    return rc;
}

/* --- folders ---------------------------------------------------------------------------------------------------------------------- */

static int taken(const char* id, struct cv_error* err)
{
    cv_error_set(err, CV_ERR_EXISTS, "container '%s' exists already", id);
    cv_error_step(err, "claim the container's id");
    return cv_error_hint(err, "take another id, or delete that container");
}

/* Who may rename what is in it could exchange a container's folder. */
static int check_root(const char* root, struct cv_error* err)
{
    struct stat info;
    if (stat(root, &info) < 0)
        return cv_error_errno(err, errno, "look at the folder of the containers", root);
    bool others = (info.st_mode & S_IWOTH) != 0 && (info.st_mode & S_ISVTX) == 0;
    if ((info.st_uid == geteuid() || info.st_uid == 0) && !others)
        return 0;
    cv_error_set(
        err, CV_ERR_PERMISSION, "the folder of the containers '%s' is another user's, or all may write to it", root);
    cv_error_object(err, "%s", root);
    return cv_error_hint(err, "take a --root that only you can write to");
}

int linux_bare_make_folder(const char* root, const char* id, int* folder_fd_out, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* path = cv_asprintf(err, "%s/%s", root, id);
    if (path == NULL)
        return CV_ERR_NO_MEMORY;
    int rc = cv_folder_make(root, 0700, err);
    if (rc == 0)
        rc = check_root(root, err);
    if (rc < 0)
        return rc;
    if (mkdir(path, 0700) < 0)
        return errno == EEXIST ? taken(id, err) : cv_error_errno(err, errno, "make the container's folder", path);
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        cv_error_errno(err, errno, "open the container's folder", path);
        (void)rmdir(path);
        return err->code;
    }
    *folder_fd_out = fd;
    return 0;
}

int linux_bare_remove_folder(const char* root, const char* id, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* path = cv_asprintf(err, "%s/%s", root, id);
    return path != NULL ? cv_tree_remove(path, err) : CV_ERR_NO_MEMORY;
}

int linux_bare_home(const char* root, const char* id, int folder_fd, struct linux_home* home_out, struct cv_error* err)
{
    struct linux_home home = LINUX_HOME_INIT;
    home.run_dir           = cv_strdup(root, err);
    home.state_dir         = cv_asprintf(err, "%s/.state", root);
    home.id                = cv_strdup(id, err);
    home.home_fd           = fcntl(folder_fd, F_DUPFD_CLOEXEC, 3);
    if (home.run_dir != NULL && home.state_dir != NULL && home.id != NULL && home.home_fd >= 0) {
        CV_CLEANUP(cv_freep) char* cache = cv_asprintf(err, "%s/cache", home.state_dir);
        if (cache != NULL)
            (void)cv_folder_make(cache, 0700, NULL); /* without it filters are compiled each time */
        *home_out = home;
        return 0;
    }
    linux_home_release(&home);
    return cv_error_no_memory(err);
}

/* Bound in the folder by its descriptor: a path may be too long for a socket. */
static int listen_at(int folder_fd, int* listen_fd_out, struct cv_error* err)
{
    struct sockaddr_un              address = { .sun_family = AF_UNIX };
    CV_CLEANUP(linux_fd_closep) int fd      = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    cv_snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/" LINUX_BARE_SOCKET, folder_fd);
    if (fd < 0 || bind(fd, (struct sockaddr*)&address, sizeof(address)) < 0 || listen(fd, 1) < 0)
        return cv_error_errno(err, errno, "make the socket where the container is started", LINUX_BARE_SOCKET);
    *listen_fd_out = linux_fd_steal(&fd);
    return 0;
}

/* --- what is told about it -------------------------------------------------------------------------------------------------------- */

int linux_bare_pass_terminal(int console_fd, struct linux_child* child, int* terminal_fd_out, struct cv_error* err)
{
    static const char name[] = "/dev/ptmx"; /* what runc sends along; nobody reads it */
    if (child->terminal_fd < 0)
        return 0;
    if (console_fd < 0) {
        if (terminal_fd_out != NULL)
            *terminal_fd_out = linux_fd_steal(&child->terminal_fd);
        return 0;
    }
    int rc = linux_fd_send(console_fd, name, sizeof(name) - 1, child->terminal_fd, err);
    return rc < 0 ? cv_error_wrap(err, "pass the terminal to the console socket") : 0;
}

int linux_bare_write_pid(const char* path, pid_t pid, struct cv_error* err)
{
    char text[16];
    if (path == NULL)
        return 0;
    cv_snprintf(text, sizeof(text), "%d", (int)pid);
    int rc = cv_file_write(path, text, strlen(text), 0644, 0, err);
    return rc < 0 ? cv_error_wrap(err, "write the pid file") : 0;
}

static int write_spec(int folder_fd, const struct cv_spec* spec, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* text   = NULL;
    size_t                     length = 0;
    int                        rc     = cv_spec_print(spec, &text, &length, err);
    return rc == 0 ? cv_file_write_at(folder_fd, LINUX_BARE_CONFIG, text, length, 0600, CV_FILE_EXCLUSIVE, err) : rc;
}

/* A second and later calls find it by what is written here. `given` is what they get: without our extension. */
static int write_state(const struct linux_container* c, const struct linux_bare_options* options,
    const struct cv_spec* given, struct cv_error* err)
{
    char                       status;
    struct linux_bare_state    state  = { .bundle = (char*)options->bundle,
            .rootfs                               = c->spec->root.path,
            .cgroup                               = c->oci.path,
            .pid                                  = c->pid,
            .created_ns                           = cv_clock_realtime_ns(),
            .owner                                = getuid(),
            .systemd_cgroup                       = options->systemd_cgroup,
            .no_new_keyring                       = options->no_new_keyring };
    CV_CLEANUP(cv_freep) char* text   = NULL;
    size_t                     length = 0;
    int                        rc     = linux_bare_read_stat(c->pid, &state.pid_start, &status, err);
    if (rc == 0)
        rc = write_spec(c->home.home_fd, given, err);
    if (rc == 0)
        rc = linux_bare_state_print(&state, &text, &length, err);
    if (rc == 0)
        rc = cv_file_write_at(c->home.home_fd, LINUX_BARE_STATE, text, length, 0600, CV_FILE_EXCLUSIVE, err);
    return rc < 0 ? cv_error_wrap(err, "write the container's state") : 0;
}

/* PID 1 goes on without us. */
static int let_go(const struct linux_container* c, int listen_fd, struct cv_error* err)
{
    struct setup_message go = { .word = SETUP_GO };
    int                  rc = setup_say(c->start_fd, &go, listen_fd, err);
    return rc == 0 ? setup_expect(c->start_fd, SETUP_READY, err) : rc;
}

/* --- create ------------------------------------------------------------------------------------------------------------------------ */

struct making {
    const struct linux_bare_options* options;
    const struct cv_spec*            given;
    int                              listen_fd;
    int*                             terminal_fd_out;
};

static int publish(
    const struct making* making, struct linux_container* c, struct linux_child* child, struct cv_error* err)
{
    int rc = write_state(c, making->options, making->given, err);
    if (rc == 0)
        rc = linux_bare_pass_terminal(making->options->console_fd, child, making->terminal_fd_out, err);
    if (rc == 0)
        rc = linux_bare_write_pid(making->options->pid_file, c->pid, err);
    return rc == 0 ? let_go(c, making->listen_fd, err) : rc;
}

static int make(const struct making* making, const struct linux_home* home, const struct cv_spec* spec, pid_t* pid_out,
    struct cv_error* err)
{
    const struct linux_bare_options* options   = making->options;
    struct linux_container*          container = NULL;
    struct linux_child               child     = { .pidfd = -1, .terminal_fd = -1 };
    struct linux_bare_make           how       = { .id = options->id,
                        .bundle                        = options->bundle,
                        .no_pivot                      = options->no_pivot,
                        .manager                       = options->no_cgroup        ? LINUX_OCI_NO_CGROUP
                                                         : options->systemd_cgroup ? LINUX_OCI_SYSTEMD
                                                                                   : LINUX_OCI_FOLDERS };
    struct linux_start               start     = { .process = &spec->process,
                          .stdio                            = { options->stdio[0], options->stdio[1], options->stdio[2] },
                          .extra                            = options->extra,
                          .extra_count                      = options->extra_count,
                          .keyring                          = options->no_new_keyring ? NULL : options->id,
                          .terminal                         = spec->process.terminal,
                          .columns                          = (uint16_t)spec->process.console_width,
                          .rows                             = (uint16_t)spec->process.console_height };
    int rc = linux_container_create_bare(home, spec, &start, &how, &container, &child, err);
    if (rc < 0)
        return rc;
    rc = publish(making, container, &child, err);
    linux_fd_closep(&child.pidfd);
    linux_fd_closep(&child.terminal_fd);
    if (rc < 0) {
        linux_container_destroy(container, NULL);
        return rc;
    }
    *pid_out = container->pid;
    linux_container_free(container);
    return 0;
}

static int check_terminal(const struct cv_spec* spec, const struct linux_bare_options* options, struct cv_error* err)
{
    if (spec->process.terminal && options->console_fd < 0 && !options->own_terminal) {
        cv_error_set(err, CV_ERR_INVALID, "process.terminal is set, and nobody takes the terminal");
        return cv_error_hint(err, "give --console-socket, or set process.terminal to false");
    }
    if (!spec->process.terminal && options->console_fd >= 0) {
        cv_error_set(err, CV_ERR_INVALID, "a console socket was given, but process.terminal is not set");
        return cv_error_hint(err, "leave --console-socket out, or set process.terminal to true");
    }
    return 0;
}

static int make_in(
    const struct making* making, const struct cv_spec* spec, int folder_fd, pid_t* pid_out, struct cv_error* err)
{
    struct linux_home home = LINUX_HOME_INIT;
    struct making     with = *making;
    int               rc   = linux_bare_home(making->options->root, making->options->id, folder_fd, &home, err);
    if (rc == 0)
        rc = listen_at(folder_fd, &with.listen_fd, err);
    if (rc == 0)
        rc = make(&with, &home, spec, pid_out, err);
    linux_fd_closep(&with.listen_fd);
    linux_home_release(&home);
    return rc;
}

int linux_bare_create(const struct cv_spec* given, const struct linux_bare_options* options, pid_t* pid_out,
    int* terminal_fd_out, struct cv_error* err)
{
    CV_CLEANUP(cv_spec_freep) struct cv_spec* spec      = NULL;
    CV_CLEANUP(linux_fd_closep) int           folder_fd = -1;
    struct cv_error                           own       = CV_ERROR_INIT;
    err                                                 = err != NULL ? err : &own;
    struct making making = { .options = options, .given = given, .listen_fd = -1, .terminal_fd_out = terminal_fd_out };
    int           rc     = linux_bare_settled(err);
    if (rc == 0)
        rc = linux_bare_check_id(options->id, err);
    if (rc == 0)
        rc = linux_bare_spec(given, options->bundle, &spec, err);
    if (rc == 0)
        rc = linux_bare_check_user(spec, err);
    if (rc == 0)
        rc = check_terminal(spec, options, err);
    if (rc == 0)
        rc = linux_bare_make_folder(options->root, options->id, &folder_fd, err);
    if (rc < 0)
        return rc;
    rc = make_in(&making, spec, folder_fd, pid_out, err);
    if (rc < 0)
        (void)linux_bare_remove_folder(options->root, options->id, NULL);
    return rc;
}
