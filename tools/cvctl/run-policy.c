/* Options of `cvctl run` about what the program may do. */
#include <string.h>

#include <chef/containerv/policy.h>
#include <cv/file.h>
#include <cv/macros.h>
#include <cv/str.h>

#include "run-options.h"

#include <cv/banned.h>

#define SECURITY_HINT                                                                                                  \
    "allowed: no-new-privileges[=true|false], seccomp=default|unconfined|FILE, level=default|strict, "                 \
    "mask=PATH[:PATH], unmask=PATH[:PATH]|ALL"

static CVCTL_SETTER(set_no_new_privileges)
{
    struct cvctl_run_options* options = target;

    (void)option;
    if (strcmp(value, "") != 0 && strcmp(value, "true") != 0 && strcmp(value, "false") != 0) {
        cv_error_set(err, CV_ERR_INVALID, "is neither true nor false");
        return cv_error_hint(err, SECURITY_HINT);
    }
    options->no_new_privileges = strcmp(value, "false") != 0;
    return 0;
}

static CVCTL_SETTER(set_seccomp)
{
    struct cvctl_run_options* options = target;

    (void)option;
    if (value[0] == '\0')
        return cv_error_set(err, CV_ERR_INVALID, "names no profile");
    options->seccomp = value;
    return 0;
}

static CVCTL_SETTER(set_level)
{
    struct cvctl_run_options* options = target;

    (void)option;
    if (strcmp(value, "default") != 0 && strcmp(value, "strict") != 0) {
        cv_error_set(err, CV_ERR_INVALID, "is no security level");
        return cv_error_hint(err, "allowed: level=default, level=strict");
    }
    options->strict = strcmp(value, "strict") == 0;
    return 0;
}

/* PATH[:PATH...], each absolute. */
static int add_paths(struct cvctl_run_options* options, struct cv_strv* list, const char* value, struct cv_error* err)
{
    for (const char* piece = value;; piece++) {
        size_t      length = strcspn(piece, ":");
        const char* path   = cvctl_run_keep(options, piece, length, err);

        if (path == NULL)
            return err->code;
        if (path[0] != '/')
            return cv_error_set(err, CV_ERR_INVALID, "'%s' is not an absolute path", path);
        if (list->count >= CVCTL_RULES_MAX)
            return cv_error_set(err, CV_ERR_LIMIT, "is one more than the %d that are allowed", CVCTL_RULES_MAX);
        if (cv_strv_append(list, path) < 0)
            return cv_error_no_memory(err);
        piece += length;
        if (*piece == '\0')
            return 0;
    }
}

static CVCTL_SETTER(set_mask)
{
    struct cvctl_run_options* options = target;

    (void)option;
    return add_paths(options, &options->mask, value, err);
}

static CVCTL_SETTER(set_unmask)
{
    struct cvctl_run_options* options = target;

    (void)option;
    if (strcmp(value, "ALL") != 0)
        return add_paths(options, &options->unmask, value, err);
    options->unmask_all = true;
    return 0;
}

/* KEY=VALUE, and KEY:VALUE as docker once had it; no-new-privileges alone is a switch. */
CVCTL_SETTER(cvctl_run_set_security)
{
    static const struct {
        const char* key;
        int (*set)(void* target, const struct cv_option* option, const char* value, struct cv_error* err);
        bool alone;
    } rows[]      = { { "no-new-privileges", set_no_new_privileges, true }, { "seccomp", set_seccomp, false },
             { "level", set_level, false }, { "mask", set_mask, false }, { "unmask", set_unmask, false } };
    size_t length = strcspn(value, "=:");

    for (size_t i = 0; i < CV_ARRAY_LEN(rows); i++) {
        if (strlen(rows[i].key) != length || memcmp(rows[i].key, value, length) != 0)
            continue;
        if (value[length] == '\0' && !rows[i].alone)
            break;
        if (value[length] != '\0' && value[length + 1] == '\0')
            return cv_error_set(err, CV_ERR_INVALID, "has no value");
        return rows[i].set(target, option, value[length] == '\0' ? "" : value + length + 1, err);
    }
    cv_error_set(err, CV_ERR_UNSUPPORTED, "is not a security option that cvctl has");
    return cv_error_hint(err, SECURITY_HINT);
}

static int path_access(const char* letters, uint32_t* access_out, struct cv_error* err)
{
    static const struct {
        char     letter;
        uint32_t access;
    } rows[]        = { { 'r', CV_ACCESS_READ }, { 'w', CV_ACCESS_WRITE }, { 'x', CV_ACCESS_EXECUTE } };
    uint32_t access = 0;

    for (const char* c = letters; *c != '\0'; c++) {
        size_t i = 0;
        while (i < CV_ARRAY_LEN(rows) && rows[i].letter != *c)
            i++;
        if (i == CV_ARRAY_LEN(rows) || (access & rows[i].access) != 0)
            return cv_error_set(err, CV_ERR_INVALID, "'%s' is no access to a path", letters);
        access |= rows[i].access;
    }
    *access_out = access;
    return access != 0 ? 0 : cv_error_set(err, CV_ERR_INVALID, "allows nothing");
}

CVCTL_SETTER(cvctl_run_set_landlock_path)
{
    struct cvctl_run_options* options = target;
    struct cvctl_rule         rule    = { 0 };
    struct cvctl_rule*        entry;
    const char*               colon = strrchr(value, ':');

    (void)option;
    if (colon == NULL)
        cv_error_set(err, CV_ERR_INVALID, "is not PATH:ACCESS");
    if (colon == NULL || path_access(colon + 1, &rule.access, err) < 0)
        return cv_error_hint(err, "PATH:ACCESS, ACCESS being some of r, w and x, such as /usr:rx");
    if (value[0] != '/')
        return cv_error_set(err, CV_ERR_INVALID, "a path inside the container is absolute, such as /usr");
    rule.path = cvctl_run_keep(options, value, (size_t)(colon - value), err);
    if (rule.path == NULL)
        return err->code;
    entry = cvctl_run_grow((void**)&options->rules, &options->rule_count, sizeof(*entry), CVCTL_RULES_MAX, err);
    if (entry == NULL)
        return err->code;
    *entry = rule;
    return 0;
}

static int tcp_access(const char* words, uint32_t* access_out, struct cv_error* err)
{
    uint32_t access = 0;

    for (const char* piece = words;; piece++) {
        size_t length = strcspn(piece, ",");
        if (length == 4 && memcmp(piece, "bind", 4) == 0)
            access |= CV_ACCESS_BIND;
        else if (length == 7 && memcmp(piece, "connect", 7) == 0)
            access |= CV_ACCESS_CONNECT;
        else
            return cv_error_set(err, CV_ERR_INVALID, "'%.*s' is no access to a port", (int)length, piece);
        piece += length;
        if (*piece == '\0')
            break;
    }
    *access_out = access;
    return 0;
}

CVCTL_SETTER(cvctl_run_set_landlock_tcp)
{
    struct cvctl_run_options* options = target;
    struct cvctl_rule         rule    = { 0 };
    struct cvctl_rule*        entry;
    uint64_t                  port   = 0;
    size_t                    length = strcspn(value, ":");
    const char*               number = cvctl_run_keep(options, value, length, err);

    (void)option;
    if (number == NULL)
        return err->code;
    if (value[length] == '\0')
        cv_error_set(err, CV_ERR_INVALID, "is not PORT:ACCESS");
    if (value[length] == '\0' || cv_parse_u64(number, 0, 65535, &port, err) < 0
        || tcp_access(value + length + 1, &rule.access, err) < 0)
        return cv_error_hint(err, "PORT:ACCESS, ACCESS being bind or connect or both, such as 443:connect");
    rule.port = (uint32_t)port;
    entry     = cvctl_run_grow((void**)&options->rules, &options->rule_count, sizeof(*entry), CVCTL_RULES_MAX, err);
    if (entry == NULL)
        return err->code;
    *entry = rule;
    return 0;
}
