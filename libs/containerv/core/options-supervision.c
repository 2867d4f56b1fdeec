/* How a container is supervised, and its secrets: from the caller's structs to the specification's. */
#include <stdlib.h>
#include <string.h>

#include <chef/containerv/supervised.h>

#include "core.h"

#include <cv/banned.h>

static int refuse(struct cv_error* err, const char* object, const char* text)
{
    cv_error_set(err, CV_ERR_INVALID, "%s: %s", object, text);
    return cv_error_object(err, "%s", object);
}

static int check(const struct containerv_supervision* from, struct cv_error* err)
{
    const uint32_t known = CV_SUPERVISED_DEFER | CV_SUPERVISED_REMOVE | CV_SUPERVISED_STDIN;
    if ((from->flags & ~known) != 0)
        return refuse(err, "flags", "has unknown bits");
    if (from->health_command != NULL && from->health_command[0] == NULL)
        return refuse(err, "health_command", "is empty (expected a program, or NULL for none)");
    if (from->health_interval_ms < 0 || from->health_timeout_ms < 0 || from->health_start_period_ms < 0)
        return refuse(err, "health", "has a time that is negative");
    return 0;
}

static int fill(struct cv_spec_supervision* to, const struct containerv_supervision* supervision, struct cv_error* err)
{
    struct containerv_supervision from = { 0 };
    int                           rc   = cv_sized_in(&from, sizeof(from), supervision, "containerv_supervision", err);
    if (rc == 0)
        rc = check(&from, err);
    if (rc < 0)
        return rc;
    to->set                    = true;
    to->defer                  = (from.flags & CV_SUPERVISED_DEFER) != 0;
    to->remove                 = (from.flags & CV_SUPERVISED_REMOVE) != 0;
    to->open_stdin             = (from.flags & CV_SUPERVISED_STDIN) != 0;
    to->restart                = from.restart;
    to->restart_max            = from.restart_max;
    to->stop_signal            = from.stop_signal;
    to->stop_timeout_ms        = from.stop_timeout_ms < 0 ? -1 : from.stop_timeout_ms;
    to->log.file_bytes         = from.log_file_bytes;
    to->log.total_bytes        = from.log_bytes;
    to->health.interval_ms     = from.health_interval_ms;
    to->health.timeout_ms      = from.health_timeout_ms;
    to->health.start_period_ms = from.health_start_period_ms;
    to->health.retries         = from.health_retries;
    return cv_strv_append_all(&to->health.command, from.health_command) < 0 ? cv_error_no_memory(err) : 0;
}

/* Whether there will be a command is not known yet: the rules that ask for one are the create's. */
static int add_program(struct cv_spec* trial, struct cv_error* err)
{
    return cv_strv_append(&trial->process.args, "/") < 0 ? cv_error_no_memory(err) : 0;
}

static void swap(struct cv_spec* a, struct cv_spec* b)
{
    struct cv_spec_supervision old = a->ext.supervision;
    a->ext.supervision             = b->ext.supervision;
    b->ext.supervision             = old;
}

int containerv_options_set_supervision(
    struct containerv_options* options, const struct containerv_supervision* supervision)
{
    struct cv_error                           err   = CV_ERROR_INIT;
    CV_CLEANUP(cv_spec_freep) struct cv_spec* trial = NULL;
    int                                       rc    = cv_trial_new(options, supervision, &trial, &err);
    if (rc == 0)
        rc = fill(&trial->ext.supervision, supervision, &err);
    if (rc == 0)
        rc = add_program(trial, &err);
    if (rc == 0)
        rc = cv_trial_check(trial, &err);
    if (rc == 0)
        swap(options->draft, trial);
    return cv_publish(&err, rc, "set how it is supervised");
}

/* On: what was set before stays. Off: it goes, since there is nothing it could be about. */
static int turn(struct containerv_options* options, bool on, struct cv_error* err)
{
    CV_CLEANUP(cv_spec_freep) struct cv_spec* none = cv_spec_new();
    if (none == NULL)
        return cv_error_no_memory(err);
    if (on)
        options->draft->ext.supervision.set = true;
    else
        swap(options->draft, none);
    return 0;
}

int containerv_options_set_supervised(struct containerv_options* options, int on)
{
    struct cv_error err = CV_ERROR_INIT;
    int             rc  = options != NULL ? 0 : refuse(&err, "options", "is NULL");
    if (rc == 0 && on != 0 && on != 1)
        rc = refuse(&err, "supervised", "is neither 0 nor 1");
    if (rc == 0)
        rc = turn(options, on == 1, &err);
    return cv_publish(&err, rc, "set supervised");
}

static int copy_secrets(const struct cv_spec* from, struct cv_spec* to, struct cv_error* err)
{
    int rc = 0;
    for (size_t i = 0; i < from->ext.secrets.count && rc == 0; i++)
        rc = cv_spec_add_secret(to, &from->ext.secrets.items[i], err);
    return rc;
}

/* The draft's secrets count too: their names must differ, and there is a limit. */
static int try_secret(
    const struct cv_spec* draft, struct cv_spec* trial, const struct cv_spec_secret* secret, struct cv_error* err)
{
    int rc = copy_secrets(draft, trial, err);
    if (rc == 0)
        rc = cv_spec_add_secret(trial, secret, err);
    return rc == 0 ? cv_trial_check(trial, err) : rc;
}

int containerv_options_add_secret(struct containerv_options* options, const struct containerv_secret* secret)
{
    struct cv_error                           err   = CV_ERROR_INIT;
    struct containerv_secret                  known = { 0 };
    CV_CLEANUP(cv_spec_freep) struct cv_spec* trial = NULL;
    int                                       rc    = cv_trial_new(options, secret, &trial, &err);
    if (rc == 0)
        rc = cv_sized_in(&known, sizeof(known), secret, "containerv_secret", &err);
    if (rc == 0 && (known.source == NULL || known.name == NULL))
        rc = refuse(&err, known.source == NULL ? "source" : "name", "is NULL");
    const struct cv_spec_secret entry = { (char*)(uintptr_t)known.source, (char*)(uintptr_t)known.name, known.uid,
        known.gid, known.mode };
    if (rc == 0)
        rc = try_secret(options->draft, trial, &entry, &err);
    if (rc == 0)
        rc = cv_spec_add_secret(options->draft, &entry, &err);
    return cv_publish(&err, rc, "add a secret");
}
