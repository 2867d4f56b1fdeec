/*
 * Policies. Like options, a policy is a draft of a specification: each call fills a trial that has nothing but its value, has it checked,
 * and takes it over.
 */
#include <stdlib.h>
#include <string.h>

#include <cv/file.h>

#include "core.h"
#include "spec/capnames.h"

#include <cv/banned.h>

#define SWAP(a, b)                                                                                                     \
    do {                                                                                                               \
        __typeof__(a) swapped_ = (a);                                                                                  \
        (a)                    = (b);                                                                                  \
        (b)                    = swapped_;                                                                             \
    } while (0)

enum { PATHS_MAX = 4096 }; /* masked, and read-only */

static const char* const strict_masks[] = { "/proc/config.gz", "/proc/kallsyms", "/proc/kpagecgroup",
    "/proc/kpagecount", "/proc/kpageflags", "/proc/modules", "/proc/pagetypeinfo", "/proc/slabinfo",
    "/proc/vmallocinfo", "/proc/zoneinfo", "/sys/kernel/debug", "/sys/kernel/security", "/sys/kernel/tracing", NULL };

/* By enum containerv_security_level. */
static const struct {
    const char*        name; /* in the specification, NULL: not written */
    bool               capabilities;
    bool               filter; /* must be there */
    const char* const* masks;  /* besides the default ones */
} levels[] = {
    [CV_SECURITY_DEFAULT] = { NULL, true, false, NULL },
    [CV_SECURITY_STRICT]  = { "strict", false, true, strict_masks },
};

static int refuse(struct cv_error* err, const char* object, const char* text)
{
    cv_error_set(err, CV_ERR_INVALID, "%s: %s", object, text);
    return cv_error_object(err, "%s", object);
}

int cv_capability_bits(const char* name, uint64_t* bits_out, struct cv_error* err)
{
    int number = cv_capability_number_loose(name);
    if (strcmp(name, "ALL") == 0 || strcmp(name, "all") == 0)
        *bits_out = (UINT64_C(1) << CV_CAPABILITY_COUNT) - 1;
    else if (number >= 0)
        *bits_out = UINT64_C(1) << number;
    else {
        cv_error_set(err, CV_ERR_INVALID, "'%.80s' is no capability (expected a name such as NET_ADMIN, or ALL)", name);
        return cv_error_object(err, "%.80s", name);
    }
    return 0;
}

/* --- making ---------------------------------------------------------------------------------------------------------------------- */

static int begin(struct containerv_policy* policy, uint32_t level, struct cv_error* err)
{
    if (level >= CV_ARRAY_LEN(levels))
        return refuse(err, "level", "is no enum containerv_security_level");
    policy->draft = cv_spec_new();
    if (policy->draft == NULL)
        return cv_error_no_memory(err);
    int rc = cv_spec_default_linux(policy->draft, err);
    if (rc == 0)
        rc = cv_spec_set_string(&policy->draft->ext.security_level, levels[level].name, err);
    if (rc == 0 && levels[level].masks != NULL
        && cv_strv_append_all(&policy->draft->linux_.masked_paths, levels[level].masks) < 0)
        rc = cv_error_no_memory(err);
    policy->level        = level;
    policy->capabilities = levels[level].capabilities ? cv_spec_capability_bits(policy->draft) : 0;
    return rc;
}

struct containerv_policy* containerv_policy_new(uint32_t level)
{
    struct cv_error           err    = CV_ERROR_INIT;
    struct containerv_policy* policy = calloc(1, sizeof(*policy));
    int                       rc     = policy != NULL ? begin(policy, level, &err) : cv_error_no_memory(&err);
    if (rc == 0)
        return policy;
    cv_publish(&err, rc, "make a policy");
    containerv_policy_delete(policy);
    return NULL;
}

void containerv_policy_delete(struct containerv_policy* policy)
{
    if (policy != NULL)
        cv_spec_free(policy->draft);
    free(policy);
}

int cv_policy_copy(const struct containerv_policy* policy, struct containerv_policy** copy_out, struct cv_error* err)
{
    struct containerv_policy* copy = calloc(1, sizeof(*copy));
    if (copy == NULL)
        return cv_error_no_memory(err);
    *copy       = *policy;
    copy->draft = NULL;
    int rc      = cv_spec_copy(policy->draft, &copy->draft, err);
    if (rc == 0)
        *copy_out = copy;
    else
        containerv_policy_delete(copy);
    return rc;
}

/* --- the filter ------------------------------------------------------------------------------------------------------------------ */

static int parse_docker(const char* text, size_t length, struct cv_spec* into, struct cv_error* err)
{
    return cv_spec_docker_parse(text, length, &into->ext.docker_seccomp, err);
}

static int parse_oci(const char* text, size_t length, struct cv_spec* into, struct cv_error* err)
{
    return cv_spec_seccomp_parse(text, length, &into->linux_.seccomp, err);
}

/* By enum containerv_seccomp_kind. */
static const struct {
    const char* word; /* of ext.seccomp */
    int (*parse)(const char* text, size_t length, struct cv_spec* into, struct cv_error* err);
} kinds[] = {
    [CV_SECCOMP_DEFAULT] = { NULL, NULL },
    [CV_SECCOMP_NONE]    = { "unconfined", NULL },
    [CV_SECCOMP_DOCKER]  = { "docker", parse_docker },
    [CV_SECCOMP_OCI]     = { "spec", parse_oci },
};

static int check_kind(const struct containerv_policy* policy, uint32_t kind, bool has_text, struct cv_error* err)
{
    if (policy == NULL)
        return refuse(err, "policy", "is NULL");
    if (kind >= CV_ARRAY_LEN(kinds))
        return refuse(err, "kind", "is no enum containerv_seccomp_kind");
    if (has_text != (kinds[kind].parse != NULL))
        return refuse(err, "text", has_text ? "is not for this kind of filter" : "is NULL");
    if (levels[policy->level].filter && kind == CV_SECCOMP_NONE)
        return refuse(err, "kind", "CV_SECCOMP_NONE is not allowed at the level CV_SECURITY_STRICT");
    return 0;
}

static int set_seccomp(
    struct containerv_policy* policy, uint32_t kind, const char* text, size_t length, struct cv_error* err)
{
    CV_CLEANUP(cv_spec_freep) struct cv_spec* trial = NULL;
    int                                       rc    = cv_trial_new(policy, "", &trial, err);
    if (rc == 0)
        rc = cv_spec_set_string(&trial->ext.seccomp, kinds[kind].word, err);
    if (rc == 0 && kinds[kind].parse != NULL)
        rc = kinds[kind].parse(text, length, trial, err);
    if (rc < 0)
        return rc;
    SWAP(policy->draft->ext.seccomp, trial->ext.seccomp);
    SWAP(policy->draft->ext.docker_seccomp, trial->ext.docker_seccomp);
    SWAP(policy->draft->linux_.seccomp, trial->linux_.seccomp);
    return 0;
}

int containerv_policy_set_seccomp(struct containerv_policy* policy, uint32_t kind, const char* text, size_t length)
{
    struct cv_error err = CV_ERROR_INIT;
    int             rc  = check_kind(policy, kind, text != NULL, &err);
    if (rc == 0)
        rc = set_seccomp(policy, kind, text, length, &err);
    return cv_publish(&err, rc, "set the system call filter");
}

int containerv_policy_set_seccomp_file(struct containerv_policy* policy, uint32_t kind, const char* path)
{
    struct cv_error            err    = CV_ERROR_INIT;
    CV_CLEANUP(cv_freep) char* text   = NULL;
    size_t                     length = 0;
    int                        rc     = check_kind(policy, kind, path != NULL, &err);
    if (rc == 0 && path != NULL)
        rc = cv_file_read(path, CV_SPEC_MAX_BYTES, &text, &length, &err);
    if (rc == 0 && (rc = set_seccomp(policy, kind, text, length, &err)) < 0 && path != NULL)
        rc = cv_error_wrap(&err, "%s", path);
    return cv_publish(&err, rc, "read the system call filter");
}

/* --- rules ----------------------------------------------------------------------------------------------------------------------- */

static int too_many(size_t count, unsigned max, const char* what, struct cv_error* err)
{
    return count < max ? 0 : cv_error_set(err, CV_ERR_LIMIT, "a policy has at most %u %s", max, what);
}

int containerv_policy_add_path(struct containerv_policy* policy, const char* path, uint32_t access)
{
    struct cv_error                           err   = CV_ERROR_INIT;
    CV_CLEANUP(cv_spec_freep) struct cv_spec* trial = NULL;
    int                                       rc    = cv_trial_new(policy, path, &trial, &err);
    if (rc == 0)
        rc = cv_spec_add_landlock_path(trial, path, access, &err);
    if (rc == 0)
        rc = cv_trial_check(trial, &err);
    if (rc == 0)
        rc = too_many(policy->draft->ext.landlock.paths.count, CV_SPEC_MAX_RULES, "rules for paths", &err);
    if (rc == 0)
        rc = cv_spec_add_landlock_path(policy->draft, path, access, &err);
    return cv_publish(&err, rc, "add a rule for a path");
}

int containerv_policy_add_tcp(struct containerv_policy* policy, uint32_t port, uint32_t access)
{
    struct cv_error                           err   = CV_ERROR_INIT;
    CV_CLEANUP(cv_spec_freep) struct cv_spec* trial = NULL;
    int                                       rc    = cv_trial_new(policy, "", &trial, &err);
    if (rc == 0)
        rc = cv_spec_add_landlock_tcp(trial, port, access, &err);
    if (rc == 0)
        rc = cv_trial_check(trial, &err);
    if (rc == 0)
        rc = too_many(policy->draft->ext.landlock.tcp.count, CV_SPEC_MAX_RULES, "rules for TCP", &err);
    if (rc == 0)
        rc = cv_spec_add_landlock_tcp(policy->draft, port, access, &err);
    return cv_publish(&err, rc, "add a rule for a TCP port");
}

static int change_capability(struct containerv_policy* policy, const char* name, bool add)
{
    struct cv_error err  = CV_ERROR_INIT;
    uint64_t        bits = 0;
    int             rc   = 0;
    if (policy == NULL || name == NULL)
        rc = refuse(&err, policy == NULL ? "policy" : "name", "is NULL");
    if (rc == 0)
        rc = cv_capability_bits(name, &bits, &err);
    if (rc == 0)
        policy->capabilities = add ? policy->capabilities | bits : policy->capabilities & ~bits;
    return cv_publish(&err, rc, add ? "add a capability" : "drop a capability");
}

int containerv_policy_add_capability(struct containerv_policy* policy, const char* name)
{
    return change_capability(policy, name, true);
}

int containerv_policy_drop_capability(struct containerv_policy* policy, const char* name)
{
    return change_capability(policy, name, false);
}

/* --- masks ----------------------------------------------------------------------------------------------------------------------- */

static struct cv_strv* masks_of(struct cv_spec* spec, bool readonly)
{
    return readonly ? &spec->linux_.readonly_paths : &spec->linux_.masked_paths;
}

static int fill_paths(struct cv_strv* list, const char* const* paths, size_t count, struct cv_error* err)
{
    for (size_t i = 0; i < count; i++) {
        if (paths[i] == NULL)
            return refuse(err, "paths", "has an entry that is NULL");
        if (cv_strv_append(list, paths[i]) < 0)
            return cv_error_no_memory(err);
    }
    return 0;
}

/* A trial with these paths alone, checked. */
static int try_paths(struct containerv_policy* policy, bool readonly, const char* const* paths, size_t count,
    struct cv_spec** trial_out, struct cv_error* err)
{
    int rc = cv_trial_new(policy, count > 0 ? (const void*)paths : "", trial_out, err);
    if (rc < 0)
        return rc;
    (*trial_out)->linux_.set = true;
    rc                       = too_many(count, PATHS_MAX + 1, "masked or read-only paths", err);
    if (rc == 0)
        rc = fill_paths(masks_of(*trial_out, readonly), paths, count, err);
    return rc == 0 ? cv_trial_check(*trial_out, err) : rc;
}

static int replace_paths(struct containerv_policy* policy, bool readonly, const char* const* paths, size_t count)
{
    struct cv_error                           err   = CV_ERROR_INIT;
    CV_CLEANUP(cv_spec_freep) struct cv_spec* trial = NULL;
    int                                       rc    = try_paths(policy, readonly, paths, count, &trial, &err);
    if (rc == 0)
        SWAP(*masks_of(policy->draft, readonly), *masks_of(trial, readonly));
    return cv_publish(&err, rc, readonly ? "set the read-only paths" : "set the masked paths");
}

static int add_path_to(struct containerv_policy* policy, bool readonly, const char* path)
{
    struct cv_error                           err   = CV_ERROR_INIT;
    CV_CLEANUP(cv_spec_freep) struct cv_spec* trial = NULL;
    int                                       rc    = try_paths(policy, readonly, &path, 1, &trial, &err);
    if (rc == 0)
        rc = too_many(masks_of(policy->draft, readonly)->count, PATHS_MAX, "masked or read-only paths", &err);
    if (rc == 0 && !cv_strv_contains(masks_of(policy->draft, readonly), path)
        && cv_strv_append(masks_of(policy->draft, readonly), path) < 0)
        rc = cv_error_no_memory(&err);
    return cv_publish(&err, rc, readonly ? "add a read-only path" : "add a masked path");
}

int containerv_policy_add_masked_path(struct containerv_policy* policy, const char* path)
{
    return add_path_to(policy, false, path);
}

int containerv_policy_add_readonly_path(struct containerv_policy* policy, const char* path)
{
    return add_path_to(policy, true, path);
}

int containerv_policy_set_masked_paths(struct containerv_policy* policy, const char* const* paths, size_t count)
{
    return replace_paths(policy, false, paths, count);
}

int containerv_policy_set_readonly_paths(struct containerv_policy* policy, const char* const* paths, size_t count)
{
    return replace_paths(policy, true, paths, count);
}

/* The list without a path; false when it was not in it. Needs no memory. */
static bool take_off(struct cv_strv* list, const char* path)
{
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->items[i], path) == 0)
            free(list->items[i]);
        else
            list->items[kept++] = list->items[i];
    }
    bool found  = kept < list->count;
    list->count = kept;
    if (list->items != NULL)
        list->items[kept] = NULL;
    return found;
}

int containerv_policy_unmask(struct containerv_policy* policy, const char* path)
{
    struct cv_error err = CV_ERROR_INIT;
    int             rc  = policy != NULL ? 0 : refuse(&err, "policy", "is NULL");
    bool            any = false;
    for (int readonly = 0; rc == 0 && readonly < 2; readonly++) {
        struct cv_strv* list = masks_of(policy->draft, readonly != 0);
        if (path == NULL)
            cv_strv_release(list), cv_strv_init(list);
        else
            any = take_off(list, path) || any;
    }
    if (rc == 0 && path != NULL && !any) {
        rc = cv_error_set(&err, CV_ERR_NOT_FOUND, "'%.200s' is neither masked nor read-only", path);
        cv_error_object(&err, "%.200s", path);
    }
    return cv_publish(&err, rc, "unmask a path");
}

/* --- into a specification ---------------------------------------------------------------------------------------------------------- */

static int apply_seccomp(struct cv_spec* from, struct cv_spec* spec, struct cv_error* err)
{
    if (from->ext.seccomp == NULL)
        return 0;
    if (spec->ext.seccomp != NULL) {
        cv_error_set(err, CV_ERR_INVALID, "the options say '%s' about the system call filter, the policy says '%s'",
            spec->ext.seccomp, from->ext.seccomp);
        return cv_error_hint(err, "choose it in one of them");
    }
    SWAP(spec->ext.seccomp, from->ext.seccomp);
    SWAP(spec->ext.docker_seccomp, from->ext.docker_seccomp);
    SWAP(spec->linux_.seccomp, from->linux_.seccomp);
    return 0;
}

int cv_policy_apply(const struct containerv_policy* policy, struct cv_spec* spec, struct cv_error* err)
{
    CV_CLEANUP(cv_spec_freep) struct cv_spec* from = NULL;
    int                                       rc   = cv_spec_copy(policy->draft, &from, err);
    if (rc == 0)
        rc = apply_seccomp(from, spec, err);
    if (rc < 0)
        return rc;
    SWAP(spec->ext.security_level, from->ext.security_level);
    SWAP(spec->ext.landlock, from->ext.landlock);
    SWAP(spec->linux_.masked_paths, from->linux_.masked_paths);
    SWAP(spec->linux_.readonly_paths, from->linux_.readonly_paths);
    if (cv_spec_capability_bits(spec) == policy->capabilities)
        return 0;
    return cv_spec_set_capability_bits(spec, policy->capabilities, err);
}
