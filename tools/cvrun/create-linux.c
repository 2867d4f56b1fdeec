/* The commands create and run. */
#include <stdlib.h>
#include <unistd.h>

#include <cv/file.h>
#include <cv/handle.h>
#include <cv/macros.h>
#include <cv/str.h>

#include "bundle.h"
#include "cvrun.h"
#include "linux/bare.h"
#include "watch-linux.h"

#include <cv/banned.h>

/* What a container is made of. Owns all of it. */
struct parts {
    char*           bundle;
    struct cv_spec* spec;
    int*            extra;
    size_t          extra_count;
    int             console;
};

static void parts_release(struct parts* parts)
{
    free(parts->bundle);
    cv_spec_free(parts->spec);
    free(parts->extra);
    cv_handle_closep(&parts->console);
}

static int read_config(const char* bundle, const char* name, struct cv_spec** spec_out, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* path = NULL;
    CV_CLEANUP(cv_freep) char* text = NULL;
    size_t                     length;

    if (name != NULL && cv_path_is_absolute(name))
        path = cv_strdup(name, err);
    else
        path = cv_path_join(bundle, name != NULL ? name : "config.json", err);
    if (path == NULL || cv_file_read(path, CV_SPEC_MAX_BYTES, &text, &length, err) < 0)
        return err->code;
    return cvrun_config_parse(bundle, path, text, length, spec_out, err);
}

/* Who gets the other end of a terminal: somebody at a socket, or we while we wait for the end. */
static int check_terminal(bool terminal, const char* socket, bool waits, struct cv_error* err)
{
    if (terminal && socket == NULL && !waits)
        return cv_error_set(err, CV_ERR_INVALID,
            "the program wants a terminal (process.terminal), but there is no --console-socket and nobody waits for "
            "it");
    if (!terminal && socket != NULL)
        return cv_error_set(
            err, CV_ERR_INVALID, "there is a --console-socket, but the program wants no terminal (process.terminal)");
    return 0;
}

static int get_parts(const struct cvrun_options* options, bool waits, struct parts* parts, struct cv_error* err)
{
    parts->bundle = cvrun_folder(options->bundle != NULL ? options->bundle : ".", err);
    if (parts->bundle == NULL)
        return cv_error_wrap(err, "the bundle");
    if (read_config(parts->bundle, options->config, &parts->spec, err) < 0
        || check_terminal(parts->spec->process.terminal, options->console_socket, waits, err) < 0
        || cvrun_descriptors(options->preserve_fds, &parts->spec->process.env, &parts->extra, &parts->extra_count, err)
               < 0)
        return err->code;
    return options->console_socket != NULL ? cvrun_connect(options->console_socket, &parts->console, err) : 0;
}

static bool is_ours(const struct parts* parts, bool waits)
{
    return waits && parts->spec->process.terminal && parts->console < 0;
}

static int make(const struct cvrun_call* call, const struct parts* parts, bool waits, pid_t* pid_out, int* terminal_out,
    struct cv_error* err)
{
    const struct cvrun_options*     given   = call->options;
    const struct linux_bare_options options = {
        .root           = call->root,
        .id             = call->arguments[0],
        .bundle         = parts->bundle,
        .systemd_cgroup = call->systemd_cgroup,
        .no_cgroup      = call->no_cgroup,
        .no_pivot       = given->no_pivot,
        .no_new_keyring = given->no_new_keyring,
        .stdio          = { STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO },
        .extra          = parts->extra,
        .extra_count    = parts->extra_count,
        .console_fd     = parts->console,
        .own_terminal   = is_ours(parts, waits),
        .pid_file       = given->pid_file,
    };

    if (options.own_terminal)
        cvrun_watch_size(&parts->spec->process);
    return linux_bare_create(parts->spec, &options, pid_out, terminal_out, err);
}

static int create(const struct cvrun_call* call, bool waits, pid_t* pid_out, int* terminal_out, struct cv_error* err)
{
    struct parts parts = { .console = -1 };
    int          rc    = linux_bare_check_id(call->arguments[0], err);

    if (rc == 0)
        rc = get_parts(call->options, waits, &parts, err);
    if (rc == 0)
        rc = make(call, &parts, waits, pid_out, terminal_out, err);
    parts_release(&parts);
    return rc;
}

int cvrun_create(const struct cvrun_call* call, int* code_out, struct cv_error* err)
{
    int   terminal = -1;
    pid_t pid;

    (void)code_out;
    linux_bare_become_maker();
    return create(call, false, &pid, &terminal, err);
}

/* A container that was made for this call only: after a failure nothing is left of it. */
static int start_and_watch(
    struct linux_bare* bare, bool detach, pid_t pid, int* terminal, int* code_out, struct cv_error* err)
{
    if (linux_bare_start(bare, err) < 0)
        return err->code;
    cvrun_log_warning_of(bare);
    return detach ? 0 : cvrun_watch(pid, CV_STEAL_HANDLE(*terminal), code_out, err);
}

int cvrun_run(const struct cvrun_call* call, int* code_out, struct cv_error* err)
{
    CV_CLEANUP(linux_bare_closep) struct linux_bare* bare     = NULL;
    CV_CLEANUP(cv_handle_closep) int                 terminal = -1;
    const struct cvrun_options*                      options  = call->options;
    struct cv_error                                  ignored  = CV_ERROR_INIT;
    pid_t                                            pid;
    int                                              rc;

    linux_bare_become_maker();
    if ((!options->detach && cvrun_watch_prepare(!options->no_subreaper, err) < 0)
        || create(call, !options->detach, &pid, &terminal, err) < 0
        || cvrun_open(call, call->arguments[0], &bare, err) < 0)
        return err->code;
    rc = start_and_watch(bare, options->detach, pid, &terminal, code_out, err);
    if (rc < 0)
        (void)linux_bare_delete(bare, true, &ignored); /* what went wrong first is told */
    else if (!options->detach && !options->keep)
        rc = linux_bare_delete(bare, true, err);
    cvrun_log_warning_of(bare);
    return rc;
}
