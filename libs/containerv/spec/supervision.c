#include "supervision.h"

#include <inttypes.h>
#include <string.h>

#include <chef/containerv/supervised.h>

#include "fields.h"

#include <cv/banned.h>

#define DEFAULT_LOG_FILE  (UINT64_C(16) << 20) /* as the API says */
#define DEFAULT_LOG_TOTAL (UINT64_C(1) << 30)

static const struct cv_path extension = { NULL, CV_SPEC_EXTENSION, 0 };

/* What makes no sense where there is no command: CV_ERR_INVALID, naming it. */
static int check_command(const struct cv_spec* spec, const struct cv_path* path, struct cv_error* err)
{
    const struct cv_spec_supervision* supervision = &spec->ext.supervision;
    const struct {
        bool        asked;
        const char* key;
    } rows[] = {
        { supervision->defer, "defer" },
        { supervision->open_stdin, "openStdin" },
        { supervision->restart != CV_RESTART_NO, "restart" },
    };
    for (size_t i = 0; i < CV_ARRAY_LEN(rows) && spec->ext.hold; i++)
        if (rows[i].asked) {
            const struct cv_path field = { path, rows[i].key, 0 };
            return cv_path_error(err, &field, "there is no command that it could be about");
        }
    return 0;
}

static int check_restart(
    const struct cv_spec_supervision* supervision, const struct cv_path* path, struct cv_error* err)
{
    const struct cv_path remove = { path, "remove", 0 };
    const struct cv_path max    = { path, "restartMax", 0 };
    if (supervision->remove && supervision->restart != CV_RESTART_NO) {
        cv_path_error(err, &remove, "can't be had together with restart '%s': it would be gone before it starts again",
            supervision->restart == CV_RESTART_ALWAYS ? "always" : "on-failure");
        return cv_error_hint(err, "give up one of both");
    }
    if (supervision->restart_max != 0 && supervision->restart != CV_RESTART_ON_FAILURE)
        return cv_path_error(err, &max, "is for restart 'on-failure'");
    return 0;
}

static int check_log(const struct cv_spec_supervision* supervision, const struct cv_path* up, struct cv_error* err)
{
    const struct cv_path log = { up, "log", 0 }, file = { &log, "fileBytes", 0 }, total = { &log, "totalBytes", 0 };
    uint64_t             file_bytes = supervision->log.file_bytes != 0 ? supervision->log.file_bytes : DEFAULT_LOG_FILE;
    uint64_t total_bytes = supervision->log.total_bytes != 0 ? supervision->log.total_bytes : DEFAULT_LOG_TOTAL;
    if (file_bytes < CV_SPEC_MIN_LOG_FILE)
        return cv_path_error(
            err, &file, "%" PRIu64 " is too little (expected at least %d)", file_bytes, (int)CV_SPEC_MIN_LOG_FILE);
    if (total_bytes >= file_bytes)
        return 0;
    cv_path_error(err, &total, "%" PRIu64 " is less than a single file has, %" PRIu64, total_bytes, file_bytes);
    return cv_error_hint(err, "make the files smaller, or the whole larger");
}

static int check_health(const struct cv_spec_supervision* supervision, const struct cv_path* up, struct cv_error* err)
{
    const struct cv_path path = { up, "health", 0 }, command = { &path, "command", 0 }, program = { &command, NULL, 0 };
    const bool           others = supervision->health.interval_ms != 0 || supervision->health.timeout_ms != 0
                        || supervision->health.start_period_ms != 0 || supervision->health.retries != 0;
    if (supervision->health.command.count == 0)
        return others ? cv_path_error(err, &command, "is missing: there is nothing to find the health out by") : 0;
    if (supervision->health.command.items[0][0] == '\0')
        return cv_path_error(err, &program, "is empty (expected the program to run)");
    return 0;
}

int cv_spec_supervision_check(const struct cv_spec* spec, struct cv_error* err)
{
    const struct cv_spec_supervision* supervision = &spec->ext.supervision;
    const struct cv_path              path        = { &extension, "supervision", 0 };
    if (!supervision->set)
        return 0;
    int rc = check_command(spec, &path, err);
    if (rc == 0)
        rc = check_restart(supervision, &path, err);
    if (rc == 0)
        rc = check_log(supervision, &path, err);
    return rc == 0 ? check_health(supervision, &path, err) : rc;
}

/* --- secrets --------------------------------------------------------------------------------------------------------------------- */

/* Whether `path` is the secrets' folder or beneath it, as it is written. (What else leads there is covered by ours, mounted last.) */
static bool in_secrets(const char* path)
{
    size_t length = sizeof(CV_SPEC_SECRETS_FOLDER) - 1;
    return strncmp(path, CV_SPEC_SECRETS_FOLDER, length) == 0 && (path[length] == '\0' || path[length] == '/');
}

static int check_mounts(const struct cv_spec* spec, struct cv_error* err)
{
    const struct cv_path mounts = { NULL, "mounts", 0 };
    for (size_t i = 0; i < spec->mounts.count; i++) {
        const struct cv_path entry = { &mounts, NULL, i }, destination = { &entry, "destination", 0 };
        if (in_secrets(spec->mounts.items[i].destination)) {
            cv_path_error(err, &destination, "'%.200s' would be hidden: there are secrets, whose place it is",
                spec->mounts.items[i].destination);
            return cv_error_hint(err, "mount it elsewhere, or give the file as a secret");
        }
    }
    return 0;
}

int cv_spec_secrets_check(const struct cv_spec* spec, struct cv_error* err)
{
    const struct cv_path path  = { &extension, "secrets", 0 };
    size_t               count = spec->ext.secrets.count;
    if (count > CV_SPEC_MAX_SECRETS)
        return cv_path_error(err, &path, "%zu entries (at most %d are allowed)", count, (int)CV_SPEC_MAX_SECRETS);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < i; j++)
            if (strcmp(spec->ext.secrets.items[i].name, spec->ext.secrets.items[j].name) == 0) {
                const struct cv_path entry = { &path, NULL, i }, name = { &entry, "name", 0 };
                return cv_path_error(err, &name, "'%s' is there twice", spec->ext.secrets.items[i].name);
            }
    return count > 0 ? check_mounts(spec, err) : 0;
}
