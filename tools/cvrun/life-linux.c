/* Commands that do one thing to a container that is there: start, kill, delete, pause, resume. */
#include <regex.h>
#include <string.h>

#include <cv/macros.h>

#include "cvrun.h"
#include "linux/bare.h"
#include "signal-names.h"

#include <cv/banned.h>

int cvrun_open(const struct cvrun_call* call, const char* id, struct linux_bare** bare_out, struct cv_error* err)
{
    if (linux_bare_check_id(id, err) < 0)
        return err->code;
    if (linux_bare_open(call->root, id, bare_out, err) == 0)
        return 0;
    if (err->code == CV_ERR_NOT_FOUND)
        return cv_error_set(err, CV_ERR_NOT_FOUND, "container '%s' does not exist", id);
    return cv_error_wrap(err, "container '%s'", id);
}

void cvrun_log_warning_of(const struct linux_bare* bare)
{
    const struct cv_error* warning = linux_bare_warning(bare);

    if (warning != NULL)
        cvrun_log(CVRUN_LOG_WARNING, "%s", warning->text);
}

int cvrun_start(const struct cvrun_call* call, int* code_out, struct cv_error* err)
{
    CV_CLEANUP(linux_bare_closep) struct linux_bare* bare = NULL;

    (void)code_out;
    if (cvrun_open(call, call->arguments[0], &bare, err) < 0 || linux_bare_start(bare, err) < 0)
        return err->code;
    cvrun_log_warning_of(bare);
    return 0;
}

static int simple(const struct cvrun_call* call, int (*act)(struct linux_bare*, struct cv_error*), struct cv_error* err)
{
    CV_CLEANUP(linux_bare_closep) struct linux_bare* bare = NULL;

    return cvrun_open(call, call->arguments[0], &bare, err) < 0 ? err->code : act(bare, err);
}

int cvrun_pause(const struct cvrun_call* call, int* code_out, struct cv_error* err)
{
    (void)code_out;
    return simple(call, linux_bare_pause, err);
}

int cvrun_resume(const struct cvrun_call* call, int* code_out, struct cv_error* err)
{
    (void)code_out;
    return simple(call, linux_bare_resume, err);
}

/* --- one container, or all whose ids fit ------------------------------------------------------------------------------------------ */

typedef int (*act_on)(const struct cvrun_call* call, const char* id, int number, struct cv_error* err);

static int act_on_all(const struct cvrun_call* call, const regex_t* regex, act_on act, int number, struct cv_error* err)
{
    struct cv_strv  ids   = { 0 };
    struct cv_error later = CV_ERROR_INIT;
    int             rc    = linux_bare_list(call->root, &ids, err);

    for (size_t i = 0; i < ids.count; i++) {
        if (regexec(regex, ids.items[i], 0, NULL, 0) != 0)
            continue;
        if (act(call, ids.items[i], number, rc == 0 ? err : &later) < 0 && rc == 0)
            rc = err->code; /* the first failure is told, but all are tried */
    }
    cv_strv_release(&ids);
    return rc;
}

static int act_on_named(const struct cvrun_call* call, act_on act, int number, struct cv_error* err)
{
    regex_t regex;
    int     rc;

    if (!call->options->regex)
        return act(call, call->arguments[0], number, err);
    if (regcomp(&regex, call->arguments[0], REG_EXTENDED | REG_NOSUB) != 0)
        return cv_error_set(err, CV_ERR_INVALID, "'%s' is not a regular expression", call->arguments[0]);
    rc = act_on_all(call, &regex, act, number, err);
    regfree(&regex);
    return rc;
}

/* Callers of runc look for the words "container not running". One that has ended with all its processes is no failure of --all. */
static int kill_one(const struct cvrun_call* call, const char* id, int number, struct cv_error* err)
{
    CV_CLEANUP(linux_bare_closep) struct linux_bare* bare = NULL;

    if (cvrun_open(call, id, &bare, err) < 0)
        return err->code;
    if (linux_bare_kill(bare, number, call->options->all, err) == 0)
        return 0;
    if (err->code != CV_ERR_STATE)
        return err->code;
    return call->options->all ? 0 : cv_error_wrap(err, "container not running");
}

int cvrun_kill(const struct cvrun_call* call, int* code_out, struct cv_error* err)
{
    const char* word   = call->count > 1 ? call->arguments[1] : "TERM";
    int         number = 0;

    (void)code_out;
    if (strcmp(word, "0") != 0 && cv_signal_parse(word, &number, err) < 0)
        return cv_error_wrap(err, "signal '%s'", word);
    return act_on_named(call, kill_one, number, err);
}

static int delete_one(const struct cvrun_call* call, const char* id, int number, struct cv_error* err)
{
    CV_CLEANUP(linux_bare_closep) struct linux_bare* bare  = NULL;
    bool                                             force = call->options->force;

    (void)number;
    if (linux_bare_check_id(id, err) < 0)
        return err->code;
    if (cvrun_open(call, id, &bare, err) < 0) {
        if (!force || err->code == CV_ERR_PERMISSION) /* what isn't ours to read isn't to remove */
            return err->code;
        return err->code == CV_ERR_NOT_FOUND ? 0 : linux_bare_forget(call->root, id, err);
    }
    if (linux_bare_delete(bare, force, err) < 0)
        return err->code;
    cvrun_log_warning_of(bare);
    return 0;
}

int cvrun_delete(const struct cvrun_call* call, int* code_out, struct cv_error* err)
{
    (void)code_out;
    return act_on_named(call, delete_one, 0, err);
}
