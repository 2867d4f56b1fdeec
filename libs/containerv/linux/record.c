/* state.json: struct containerv_info and its written form. */
#include "linux/record.h"

#include <stdlib.h>
#include <string.h>

#include <cv/str.h>

#include "linux/record-fields.h"

#include <cv/banned.h>

enum { VERSION = 1 };

/* What stands in the document. Members that a field table has no kind for are apart from those of the API's struct. */
struct document {
    uint32_t                 version;
    struct containerv_info   info;
    bool                     has_exit;
    struct linux_exit_fields exit;
    char *                   command, *error;
};

static const struct cv_word states[]  = { { "created", CV_STATE_CREATED }, { "running", CV_STATE_RUNNING },
     { "paused", CV_STATE_PAUSED }, { "stopped", CV_STATE_STOPPED }, { "restarting", CV_STATE_RESTARTING },
     { NULL, 0 } };
static const struct cv_word healths[] = { { "none", CV_HEALTH_NONE }, { "starting", CV_HEALTH_STARTING },
    { "healthy", CV_HEALTH_HEALTHY }, { "unhealthy", CV_HEALTH_UNHEALTHY }, { NULL, 0 } };

#define T struct document
static const struct cv_field rows[] = {
    CV_U32(T, version, "version", CV_NEEDED),
    CV_WORD(T, info.state, "state", states),
    CV_U32(T, info.restarts, "restarts", .flags = 0),
    CV_WORD(T, info.health, "health", healths),
    CV_U32(T, info.health_failures, "healthFailures", .flags = 0),
    CV_I64(T, info.created_ns, "createdNs", .max = INT64_MAX),
    CV_I64(T, info.started_ns, "startedNs", .max = INT64_MAX),
    CV_I64(T, info.finished_ns, "finishedNs", .max = INT64_MAX),
    CV_I64(T, info.main_process, "mainProcess", .max = INT64_MAX),
    CV_I64(T, info.supervisor, "supervisor", .max = INT64_MAX),
    CV_OBJECT(T, offsetof(T, exit), has_exit, "exit", &linux_exit_table, .flags = 0),
    CV_STRING(T, command, "command", .flags = 0),
    CV_STRING(T, error, "error", .flags = 0),
};
static const struct cv_table table = { .fields = rows, .count = CV_ARRAY_LEN(rows), .size = sizeof(T), .strict = true };
/* Of a document whose other fields may be others. */
static const struct cv_table version_table = { .fields = rows, .count = 1, .size = sizeof(T) };
#undef T

/* *copy_out stays NULL for an empty one. What is no UTF-8 in it becomes '?'. */
static int fill_text(const char* text, size_t size, char** copy_out, struct cv_error* err)
{
    if (text[0] == '\0')
        return 0;
    *copy_out = cv_asprintf(err, "%.*s", (int)size - 1, text);
    if (*copy_out == NULL)
        return CV_ERR_NO_MEMORY;
    linux_make_utf8(*copy_out);
    return 0;
}

static void free_texts(struct document* document)
{
    free(document->command);
    free(document->error);
}

static int fill(const struct containerv_info* info, struct document* document, struct cv_error* err)
{
    *document = (struct document){ .version = VERSION, .info = *info, .has_exit = info->has_exit != 0 };
    if (document->has_exit)
        document->exit = linux_exit_store(&info->exit);
    int rc = fill_text(info->command, sizeof(info->command), &document->command, err);
    return rc == 0 ? fill_text(info->error, sizeof(info->error), &document->error, err) : rc;
}

static int check(const struct document* document, struct cv_error* err)
{
    int rc = cv_table_check(&table, document, NULL, err);
    if (rc == 0 && document->info.state == 0)
        rc = cv_error_set(err, CV_ERR_INVALID, "state: is missing");
    if (rc == 0 && document->has_exit && document->exit.exit.reason == 0)
        rc = cv_error_set(err, CV_ERR_INVALID, "exit.reason: is missing");
    return rc;
}

int linux_record_print(const struct containerv_info* info, char** text_out, size_t* length_out, struct cv_error* err)
{
    struct document document = { 0 };
    int             rc       = fill(info, &document, err);
    if (rc == 0)
        rc = check(&document, err);
    if (rc == 0)
        rc = cv_table_print(&table, &document, text_out, length_out, err);
    free_texts(&document);
    return rc < 0 ? cv_error_wrap(err, "write the container's record") : 0;
}

static int check_version(const char* text, size_t length, struct cv_error* err)
{
    struct document document = { 0 };
    int             rc       = cv_table_parse(&version_table, text, length, &document, err);
    if (rc < 0)
        return rc;
    if (document.version == VERSION)
        return 0;
    cv_error_set(err, CV_ERR_PROTOCOL, "it is of version %u, we know version %d", (unsigned)document.version, VERSION);
    return cv_error_hint(err, "use the containerv that made the container, or a newer one");
}

static void take_over(const struct document* document, struct containerv_info* info_out)
{
    *info_out            = document->info;
    info_out->size       = sizeof(*info_out);
    info_out->has_exit   = document->has_exit;
    info_out->supervised = 1;
    info_out->exit       = document->has_exit ? linux_exit_load(&document->exit) : (struct containerv_exit){ 0 };
    if (document->command != NULL)
        memcpy(info_out->command, document->command, strlen(document->command) + 1);
    if (document->error != NULL)
        memcpy(info_out->error, document->error, strlen(document->error) + 1);
}

static int check_length(const char* name, const char* text, size_t size, struct cv_error* err)
{
    return text == NULL || strlen(text) < size
               ? 0
               : cv_error_set(err, CV_ERR_INVALID, "%s: is longer than %zu bytes", name, size - 1);
}

int linux_record_parse(const char* text, size_t length, struct containerv_info* info_out, struct cv_error* err)
{
    struct document document = { 0 };
    int             rc       = check_version(text, length, err);
    if (rc == 0)
        rc = cv_table_parse(&table, text, length, &document, err);
    if (rc == 0)
        rc = check(&document, err);
    if (rc == 0)
        rc = check_length("command", document.command, sizeof(info_out->command), err);
    if (rc == 0)
        rc = check_length("error", document.error, sizeof(info_out->error), err);
    if (rc == 0)
        take_over(&document, info_out);
    free_texts(&document);
    return rc < 0 ? cv_error_wrap(err, "read the container's record") : 0;
}

/* It was going to be started again: how the run before ended is known, and stays. */
static void lost_between_runs(struct containerv_info* info)
{
    (void)cv_snprintf(info->error, sizeof(info->error), "whoever was going to start it again was killed");
}

static void lost_run(struct containerv_info* info, int64_t now_ns)
{
    info->has_exit    = 1;
    info->finished_ns = now_ns;
    info->exit        = (struct containerv_exit){
               .size     = sizeof(info->exit),
               .code     = CV_EXIT_CODE_LOST,
               .reason   = CV_EXIT_LOST,
               .start_ns = info->started_ns,
               .end_ns   = now_ns,
    };
}

bool linux_record_lost(struct containerv_info* info, int64_t now_ns)
{
    bool held = info->state != CV_STATE_STOPPED && (info->state != CV_STATE_CREATED || info->supervisor != 0);
    if (!held)
        return false;
    if (info->state == CV_STATE_RESTARTING && info->has_exit != 0)
        lost_between_runs(info);
    else
        lost_run(info, now_ns);
    info->state        = CV_STATE_STOPPED;
    info->main_process = info->supervisor = 0;
    return true;
}
