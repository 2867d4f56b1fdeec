/* Options of `cvctl run` and `cvctl create` about a container that outlives them, and secrets. */
#include <stdlib.h>
#include <string.h>

#include <cv/file.h>
#include <cv/macros.h>
#include <cv/str.h>

#include "run-options.h"
#include "signal-names.h"

#include <cv/banned.h>

enum { RESTARTS_MAX = 1000000, MODE_MAX = 0777 };

#define RESTART_HINT "allowed: no, on-failure, on-failure:TIMES, always"
#define LOG_HINT     "allowed: max-size=BYTES (of one file), total-size=BYTES (of all)"
#define SECRET_HINT  "id=NAME,src=FILE[,uid=NUMBER][,gid=NUMBER][,mode=OCTAL]"

/* Such an option is refused where the container ends with cvctl. */
static struct containerv_supervision* supervision(void* target, const struct cv_option* option)
{
    struct cvctl_run_options* options = target;

    options->needs_detach = option->name;
    return &options->supervision;
}

static int parse_restarts(const char* text, uint32_t* max_out, struct cv_error* err)
{
    uint64_t value = 0;

    if (cv_parse_u64(text, 1, RESTARTS_MAX, &value, err) < 0)
        return cv_error_hint(err, RESTART_HINT);
    *max_out = (uint32_t)value;
    return 0;
}

CVCTL_SETTER(cvctl_run_set_restart)
{
    static const struct {
        const char* name;
        uint32_t    restart;
    } words[] = { { "no", CV_RESTART_NO }, { "on-failure", CV_RESTART_ON_FAILURE }, { "always", CV_RESTART_ALWAYS } };
    struct containerv_supervision* to = supervision(target, option);

    to->restart_max = 0;
    to->restart     = CV_RESTART_ON_FAILURE;
    if (cv_str_starts_with(value, "on-failure:"))
        return parse_restarts(value + strlen("on-failure:"), &to->restart_max, err);
    for (size_t i = 0; i < CV_ARRAY_LEN(words); i++)
        if (strcmp(value, words[i].name) == 0) {
            to->restart = words[i].restart;
            return 0;
        }
    cv_error_set(err, CV_ERR_INVALID, "is no restart policy");
    return cv_error_hint(err, RESTART_HINT);
}

CVCTL_SETTER(cvctl_run_set_stop_signal)
{
    int number = 0;

    if (cv_signal_parse(value, &number, err) < 0)
        return err->code;
    supervision(target, option)->stop_signal = (uint32_t)number;
    return 0;
}

static int parse_time(const char* value, int64_t* ms_out, struct cv_error* err)
{
    int64_t ms = 0;

    if (cv_parse_duration(value, &ms, err) < 0)
        return cv_error_hint(err, "allowed: 90, 90s, 1m30s, 2h, 500ms");
    if (ms <= 0)
        return cv_error_set(err, CV_ERR_INVALID, "is no time at all");
    *ms_out = ms;
    return 0;
}

CVCTL_SETTER(cvctl_run_set_stop_timeout)
{
    struct containerv_supervision* to = supervision(target, option);

    if (strcmp(value, "-1") != 0)
        return parse_time(value, &to->stop_timeout_ms, err);
    to->stop_timeout_ms = -1;
    return 0;
}

/* As docker has it: a line for the container's shell. */
CVCTL_SETTER(cvctl_run_set_health_cmd)
{
    struct cvctl_run_options* options = target;

    if (value[0] == '\0')
        return cv_error_set(err, CV_ERR_INVALID, "is empty");
    options->health_command[0]                  = "/bin/sh";
    options->health_command[1]                  = "-c";
    options->health_command[2]                  = value;
    supervision(target, option)->health_command = options->health_command;
    return 0;
}

/* The option's offset is that of the member in struct containerv_supervision. */
CVCTL_SETTER(cvctl_run_set_health_time)
{
    char* to = (char*)supervision(target, option);

    return parse_time(value, (int64_t*)(void*)(to + option->offset), err);
}

CVCTL_SETTER(cvctl_run_set_health_retries)
{
    uint64_t count = 0;

    if (cv_parse_u64(value, 1, UINT32_MAX, &count, err) < 0)
        return err->code;
    supervision(target, option)->health_retries = (uint32_t)count;
    return 0;
}

CVCTL_SETTER(cvctl_run_set_log)
{
    struct containerv_supervision* to    = supervision(target, option);
    const char*                    size  = strchr(value, '=');
    bool                           file  = cv_str_starts_with(value, "max-size=");
    bool                           total = cv_str_starts_with(value, "total-size=");
    uint64_t                       bytes = 0;

    if (!file && !total) {
        cv_error_set(err, CV_ERR_INVALID, "is not an option of the log");
        return cv_error_hint(err, LOG_HINT);
    }
    if (cv_parse_size(size + 1, &bytes, err) < 0)
        return cv_error_hint(err, LOG_HINT);
    if (bytes == 0)
        return cv_error_set(err, CV_ERR_INVALID, "is no size at all");
    *(file ? &to->log_file_bytes : &to->log_bytes) = bytes;
    return 0;
}

/* --- secrets --- */

static int parse_id(const char* text, uint32_t* id_out, struct cv_error* err)
{
    uint64_t value = 0;
    int      rc    = cv_parse_u64(text, 0, UINT32_MAX - 1, &value, err);

    if (rc == 0)
        *id_out = (uint32_t)value;
    return rc;
}

static int parse_mode(const char* text, uint32_t* mode_out, struct cv_error* err)
{
    char*         end;
    unsigned long mode = strtoul(text, &end, 8);

    if (text[0] < '0' || text[0] > '7' || *end != '\0' || mode == 0 || mode > MODE_MAX)
        return cv_error_set(err, CV_ERR_INVALID, "'%s' is not an octal mode (1 to 777)", text);
    *mode_out = (uint32_t)mode;
    return 0;
}

static int parse_source(
    struct cvctl_run_options* options, const char* text, const char** path_out, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* path = text[0] != '\0' ? cv_path_absolute(text, err) : NULL;

    if (text[0] == '\0')
        return cv_error_set(err, CV_ERR_INVALID, "src is empty");
    if (path == NULL)
        return err->code;
    *path_out = cvctl_run_keep(options, path, strlen(path), err);
    return *path_out == NULL ? err->code : 0;
}

/* "key=value" */
static int set_word(
    struct cvctl_run_options* options, struct containerv_secret* secret, const char* word, struct cv_error* err)
{
    const char* equals = strchr(word, '=');
    const char* text   = equals != NULL ? equals + 1 : "";

    if (cv_str_starts_with(word, "id=")) {
        secret->name = text;
        return 0;
    }
    if (cv_str_starts_with(word, "src=") || cv_str_starts_with(word, "source="))
        return parse_source(options, text, &secret->source, err);
    if (cv_str_starts_with(word, "uid="))
        return parse_id(text, &secret->uid, err);
    if (cv_str_starts_with(word, "gid="))
        return parse_id(text, &secret->gid, err);
    if (cv_str_starts_with(word, "mode="))
        return parse_mode(text, &secret->mode, err);
    return cv_error_set(err, CV_ERR_INVALID, "'%s' is not known", word);
}

static int parse_secret(
    struct cvctl_run_options* options, struct containerv_secret* secret, const char* value, struct cv_error* err)
{
    for (const char* piece = value;; piece++) {
        size_t      length = strcspn(piece, ",");
        const char* word   = cvctl_run_keep(options, piece, length, err);

        if (word == NULL || set_word(options, secret, word, err) < 0)
            return err->code;
        piece += length;
        if (*piece == '\0')
            break;
    }
    if (secret->name == NULL || secret->source == NULL)
        return cv_error_set(err, CV_ERR_INVALID, "has no %s", secret->name == NULL ? "id" : "src");
    return 0;
}

CVCTL_SETTER(cvctl_run_set_secret)
{
    struct cvctl_run_options* options = target;
    struct containerv_secret  secret  = { .size = sizeof(secret) };
    struct containerv_secret* entry;

    (void)option;
    if (parse_secret(options, &secret, value, err) < 0)
        return err->code == CV_ERR_INVALID ? cv_error_hint(err, SECRET_HINT) : err->code;
    entry = cvctl_run_grow((void**)&options->secrets, &options->secret_count, sizeof(*entry), CVCTL_SECRETS_MAX, err);
    if (entry == NULL)
        return err->code;
    *entry = secret;
    return 0;
}

/* --- what goes together --- */

static int refuse(struct cv_error* err, const char* hint)
{
    cv_error_step(err, "check the options");
    return cv_error_hint(err, "%s", hint);
}

int cvctl_run_supervision_check(struct cvctl_run_options* options, struct cv_error* err)
{
    struct containerv_supervision* to = &options->supervision;

    if (!options->detach && options->needs_detach != NULL) {
        cv_error_set(err, CV_ERR_INVALID, "--%s is for containers that outlive cvctl", options->needs_detach);
        return refuse(err, "add -d");
    }
    if (!options->detach && !options->rm) {
        cv_error_set(err, CV_ERR_INVALID, "--rm=false can't be had: without -d a container ends with its cvctl");
        return refuse(err, "add -d, or keep files with -v or --rootfs DIR, which is used in place");
    }
    to->flags = options->detach && options->rm && options->rm_given ? CV_SUPERVISED_REMOVE : 0;
    to->flags |= options->interactive ? CV_SUPERVISED_STDIN : 0;
    if ((to->flags & CV_SUPERVISED_REMOVE) == 0 || to->restart == CV_RESTART_NO)
        return 0;
    cv_error_set(err, CV_ERR_INVALID, "--rm and --restart exclude each other");
    return refuse(err, "leave out one of them");
}
