/* The command exec. */
#include <unistd.h>

#include <cv/file.h>
#include <cv/handle.h>
#include <cv/macros.h>

#include "cvrun.h"
#include "exec-process.h"
#include "linux/bare.h"
#include "watch-linux.h"

#include <cv/banned.h>

/* A process as JSON has everything in it but the terminal, which may be asked for. */
static int read_process(const struct cvrun_options* options, struct cv_spec_process* process_out, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* text = NULL;
    size_t                     length;

    if (options->cwd != NULL || options->env.count > 0 || options->user.set || options->caps.count > 0
        || options->additional_gids.count > 0 || options->apparmor != NULL || options->process_label != NULL
        || options->no_new_privs.set)
        return cv_error_set(
            err, CV_ERR_INVALID, "--process has the whole process in it: leave out what else is said about it");
    if (cv_file_read(options->process, CV_SPEC_MAX_BYTES, &text, &length, err) < 0
        || cv_spec_process_parse(text, length, process_out, err) < 0)
        return cv_error_wrap(err, "--process '%s'", options->process);
    cvrun_process_fit(process_out);
    process_out->terminal = process_out->terminal || options->tty;
    if (cv_spec_process_validate(process_out, err) == 0)
        return 0;
    cv_spec_process_release(process_out);
    return cv_error_wrap(err, "--process '%s'", options->process);
}

static int get_process(const struct cvrun_call* call, const struct linux_bare_info* info,
    struct cv_spec_process* process_out, struct cv_error* err)
{
    int command = call->count - 1;

    if (call->options->process != NULL && command > 0)
        return cv_error_set(err, CV_ERR_INVALID, "there is a --process and a command: only one of them can be run");
    if (call->options->process != NULL)
        return read_process(call->options, process_out, err);
    if (command == 0)
        return cv_error_set(err, CV_ERR_INVALID, "a command to run is missing");
    return cvrun_process_make(
        &info->spec->process, call->options, (const char* const*)&call->arguments[1], process_out, err);
}

static int check_status(const struct linux_bare_info* info, bool ignore_paused, struct cv_error* err)
{
    if (info->status == LINUX_BARE_STOPPED)
        return cv_error_set(err, CV_ERR_STATE, "container '%s' has stopped", info->id);
    if (info->status != LINUX_BARE_PAUSED || ignore_paused)
        return 0;
    cv_error_set(err, CV_ERR_STATE, "container '%s' is paused", info->id);
    return cv_error_hint(err, "--ignore-paused: the command begins when the container goes on");
}

static int check_terminal(bool terminal, const struct cvrun_options* options, struct cv_error* err)
{
    if (terminal && options->console_socket == NULL && options->detach)
        return cv_error_set(err, CV_ERR_INVALID, "a terminal and --detach go together with --console-socket only");
    if (!terminal && options->console_socket != NULL)
        return cv_error_set(err, CV_ERR_INVALID, "there is a --console-socket, but no terminal (--tty)");
    return 0;
}

static int start(const struct cvrun_call* call, struct linux_bare* bare, struct cv_spec_process* process,
    pid_t* pid_out, int* terminal_out, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) int*        extra   = NULL;
    CV_CLEANUP(cv_handle_closep) int console = -1;
    const struct cvrun_options*      options = call->options;
    size_t                           count   = 0;

    if (check_terminal(process->terminal, options, err) < 0
        || cvrun_descriptors(options->preserve_fds, &process->env, &extra, &count, err) < 0
        || (options->console_socket != NULL && cvrun_connect(options->console_socket, &console, err) < 0))
        return err->code;
    if (process->terminal && console < 0)
        cvrun_watch_size(process);
    return linux_bare_exec(bare,
        &(const struct linux_bare_exec){
            .process      = process,
            .stdio        = { STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO },
            .extra        = extra,
            .extra_count  = count,
            .console_fd   = console,
            .own_terminal = process->terminal && console < 0,
            .pid_file     = options->pid_file,
            .cgroup       = options->cgroup,
        },
        pid_out, terminal_out, err);
}

int cvrun_exec(const struct cvrun_call* call, int* code_out, struct cv_error* err)
{
    CV_CLEANUP(linux_bare_closep) struct linux_bare* bare = NULL;
    const struct linux_bare_info*                    info;
    struct cv_spec_process                           process;
    int                                              terminal = -1, rc;
    pid_t                                            pid;

    if (cvrun_open(call, call->arguments[0], &bare, err) < 0 || linux_bare_look(bare, &info, err) < 0
        || check_status(info, call->options->ignore_paused, err) < 0 || get_process(call, info, &process, err) < 0)
        return err->code;
    rc = call->options->detach ? 0 : cvrun_watch_prepare(false, err);
    if (rc == 0)
        rc = start(call, bare, &process, &pid, &terminal, err);
    cv_spec_process_release(&process);
    if (rc < 0 || call->options->detach)
        return rc;
    return cvrun_watch(pid, terminal, code_out, err);
}
