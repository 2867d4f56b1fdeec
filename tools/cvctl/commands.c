#include <string.h>

#include <cv/macros.h>

#include "cvctl.h"

#include <cv/banned.h>

enum { COMMANDS_MAX = 64 };

const struct cvctl_command* const cvctl_commands[] = {
    &cvctl_run_command,
    &cvctl_create_command,
    &cvctl_start_command,
    &cvctl_exec_command,
    &cvctl_attach_command,
    &cvctl_ps_command,
    &cvctl_inspect_command,
    &cvctl_logs_command,
    &cvctl_wait_command,
    &cvctl_stop_command,
    &cvctl_kill_command,
    &cvctl_rm_command,
    &cvctl_pause_command,
    &cvctl_unpause_command,
    &cvctl_stats_command,
    &cvctl_top_command,
    &cvctl_events_command,
    &cvctl_update_command,
    &cvctl_cp_command,
    &cvctl_diff_command,
    &cvctl_commit_command,
    &cvctl_export_command,
    &cvctl_doctor_command,
    &cvctl_system_command,
    &cvctl_version_command,
    &cvctl_help_command,
    NULL,
};

const struct cvctl_command* cvctl_command_find(const char* name)
{
    for (size_t i = 0; cvctl_commands[i] != NULL; i++)
        if (strcmp(cvctl_commands[i]->name, name) == 0)
            return cvctl_commands[i];
    return NULL;
}

int cvctl_command_unknown(const char* name, struct cv_error* err)
{
    const char* names[COMMANDS_MAX + 1] = { NULL };
    const char* nearest;

    for (size_t i = 0; cvctl_commands[i] != NULL && i < COMMANDS_MAX; i++)
        names[i] = cvctl_commands[i]->name;
    nearest = cv_nearest(name, names);
    cv_error_set(err, CV_ERR_INVALID, "command '%s' is not known", name);
    cv_error_step(err, "choose the command");
    cv_error_object(err, "%s", name);
    if (nearest != NULL)
        return cv_error_hint(err, "did you mean 'cvctl %s'?", nearest);
    return cv_error_hint(err, "'cvctl help' lists the commands");
}
