/*
 * Options. Each setter fills a trial specification that has nothing but its value, lets the specification's own rules check it, and
 * only then swaps it into the draft: a setter that fails has changed nothing.
 */
#include <stdlib.h>
#include <string.h>

#include <cv/str.h>

#include "core.h"

#include <cv/banned.h>

#define SWAP(a, b)                                                                                                     \
    do {                                                                                                               \
        __typeof__(a) swapped_ = (a);                                                                                  \
        (a)                    = (b);                                                                                  \
        (b)                    = swapped_;                                                                             \
    } while (0)

static int refuse(struct cv_error* err, const char* object, const char* text)
{
    cv_error_set(err, CV_ERR_INVALID, "%s: %s", object, text);
    return cv_error_object(err, "%s", object);
}

int cv_trial_new(const void* object, const void* value, struct cv_spec** trial_out, struct cv_error* err)
{
    if (object == NULL)
        return refuse(err, "options", "is NULL");
    if (value == NULL)
        return refuse(err, "value", "is NULL");
    *trial_out = cv_spec_new();
    return *trial_out != NULL ? 0 : cv_error_no_memory(err);
}

/* Complete the trial with what is always there, and check it. */
int cv_trial_check(struct cv_spec* trial, struct cv_error* err)
{
    trial->ext.set = trial->root.set = trial->process.set = true;
    trial->ext.hold                                       = trial->process.args.count == 0;
    int rc = trial->process.cwd == NULL ? cv_spec_set_string(&trial->process.cwd, "/", err) : 0;
    if (rc == 0 && trial->ext.layers.count == 0)
        rc = cv_spec_set_string(&trial->root.path, "/", err);
    return rc == 0 ? cv_spec_validate(trial, err) : rc;
}

struct containerv_options* containerv_options_new(void)
{
    struct containerv_options* options = calloc(1, sizeof(*options));
    if (options == NULL || (options->draft = cv_spec_new()) == NULL) {
        struct cv_error err = CV_ERROR_INIT;
        cv_publish(&err, cv_error_no_memory(&err), "make the options");
        free(options);
        return NULL;
    }
    options->draft->ext.set = options->draft->process.set = options->draft->process.no_new_privileges = true;
    return options;
}

void containerv_options_delete(struct containerv_options* options)
{
    if (options == NULL)
        return;
    cv_spec_free(options->draft);
    cv_command_release(&options->command);
    containerv_policy_delete(options->policy);
    free(options->backend);
    free(options);
}

static int set_bits(struct containerv_options* options, uint32_t* field, uint32_t bits, uint32_t known,
    const char* object, struct cv_error* err)
{
    if (options == NULL)
        return refuse(err, "options", "is NULL");
    if ((bits & ~known) != 0)
        return refuse(err, object, "has unknown bits");
    *field = bits;
    return 0;
}

int containerv_options_set_caps(struct containerv_options* options, uint32_t caps)
{
    const uint32_t known =
        CV_CAP_FILESYSTEM | CV_CAP_PROCESS_CONTROL | CV_CAP_NETWORK | CV_CAP_IPC | CV_CAP_USERS | CV_CAP_LIMITS;
    struct cv_error err     = CV_ERROR_INIT;
    uint32_t        nowhere = 0;
    uint32_t*       field   = options != NULL ? &options->draft->ext.caps : &nowhere;
    return cv_publish(&err, set_bits(options, field, caps, known, "caps", &err), "set the capabilities");
}

int containerv_options_set_shared(struct containerv_options* options, uint32_t shared)
{
    const uint32_t  known   = CV_SHARE_NETWORK | CV_SHARE_IPC | CV_SHARE_USERS | CV_SHARE_UTS | CV_SHARE_CGROUP;
    struct cv_error err     = CV_ERROR_INIT;
    uint32_t        nowhere = 0;
    uint32_t*       field   = options != NULL ? &options->draft->ext.shared : &nowhere;
    return cv_publish(&err, set_bits(options, field, shared, known, "shared", &err), "set what is shared");
}

static int fill_layers(struct cv_spec* trial, const char* const* layers, size_t count, struct cv_error* err)
{
    if (count > CV_SPEC_MAX_LAYERS)
        return refuse(err, "layers", "has more than 128 entries");
    for (size_t i = 0; i < count; i++) {
        if (layers[i] == NULL)
            return refuse(err, "layers", "has an entry that is NULL");
        int rc = cv_spec_add_layer(trial, layers[i], err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

int containerv_options_set_layers(struct containerv_options* options, const char* const* layers, size_t count)
{
    struct cv_error                           err   = CV_ERROR_INIT;
    CV_CLEANUP(cv_spec_freep) struct cv_spec* trial = NULL;
    int rc = cv_trial_new(options, count > 0 ? (const void*)layers : "", &trial, &err);
    if (rc == 0)
        rc = fill_layers(trial, layers, count, &err);
    if (rc == 0)
        rc = cv_trial_check(trial, &err);
    if (rc == 0)
        SWAP(options->draft->ext.layers, trial->ext.layers);
    return cv_publish(&err, rc, "set the layers");
}

/* 0 or 1 into a bool. */
static int set_flag(struct containerv_options* options, bool* field, int value, bool negated, const char* object)
{
    struct cv_error err = CV_ERROR_INIT;
    int             rc  = 0;
    if (options == NULL)
        rc = refuse(&err, "options", "is NULL");
    else if (value != 0 && value != 1)
        rc = refuse(&err, object, "is neither 0 nor 1");
    else
        *field = negated ? value == 0 : value == 1;
    return cv_publish(&err, rc, "set an option");
}

int containerv_options_set_readonly(struct containerv_options* options, int readonly)
{
    int rc = set_flag(options, options != NULL ? &options->draft->root.readonly : NULL, readonly, false, "readonly");
    if (options != NULL && rc == 0)
        options->draft->root.set = true;
    return rc;
}

int containerv_options_set_no_new_privileges(struct containerv_options* options, int on)
{
    return set_flag(
        options, options != NULL ? &options->draft->process.no_new_privileges : NULL, on, false, "no_new_privileges");
}

int containerv_options_set_init(struct containerv_options* options, int on)
{
    return set_flag(options, options != NULL ? &options->draft->ext.no_init : NULL, on, true, "init");
}

static int fill_network(struct cv_spec* trial, const struct containerv_network* network, struct cv_error* err)
{
    struct containerv_network known;
    int                       rc = cv_sized_in(&known, sizeof(known), network, "containerv_network", err);
    if (rc < 0)
        return rc;
    if (known.mode > CV_NETWORK_VETH)
        return refuse(err, "mode", "is no enum containerv_network_mode");
    trial->ext.network.mode = known.mode; /* the same numbers */
    rc                      = cv_spec_set_string(&trial->ext.network.address, known.container_address, err);
    if (rc == 0)
        rc = cv_spec_set_string(&trial->ext.network.netmask, known.netmask, err);
    return rc == 0 ? cv_spec_set_string(&trial->ext.network.host_address, known.host_address, err) : rc;
}

int containerv_options_set_network(struct containerv_options* options, const struct containerv_network* network)
{
    struct cv_error                           err   = CV_ERROR_INIT;
    CV_CLEANUP(cv_spec_freep) struct cv_spec* trial = NULL;
    int                                       rc    = cv_trial_new(options, network, &trial, &err);
    if (rc == 0)
        rc = fill_network(trial, network, &err);
    if (rc == 0)
        rc = cv_trial_check(trial, &err);
    if (rc == 0)
        SWAP(options->draft->ext.network, trial->ext.network);
    return cv_publish(&err, rc, "set the network");
}

int containerv_options_set_policy(struct containerv_options* options, const struct containerv_policy* policy)
{
    struct cv_error           err  = CV_ERROR_INIT;
    struct containerv_policy* copy = NULL;
    int                       rc   = options != NULL ? 0 : refuse(&err, "options", "is NULL");
    if (rc == 0 && policy != NULL)
        rc = cv_policy_copy(policy, &copy, &err);
    if (rc == 0)
        SWAP(options->policy, copy);
    containerv_policy_delete(copy);
    return cv_publish(&err, rc, "set the policy");
}

int containerv_options_set_user(struct containerv_options* options, const char* user)
{
    struct cv_error                           err   = CV_ERROR_INIT;
    CV_CLEANUP(cv_spec_freep) struct cv_spec* trial = NULL;
    int                                       rc    = cv_trial_new(options, user, &trial, &err);
    if (rc == 0)
        rc = cv_user_check(user, &err);
    if (rc == 0)
        rc = cv_spec_set_string(&trial->ext.user, user, &err);
    if (rc == 0)
        rc = cv_trial_check(trial, &err);
    if (rc == 0)
        SWAP(options->draft->ext.user, trial->ext.user);
    return cv_publish(&err, rc, "set the user");
}

int containerv_options_set_groups(struct containerv_options* options, const char* const* groups)
{
    struct cv_error                           err   = CV_ERROR_INIT;
    CV_CLEANUP(cv_spec_freep) struct cv_spec* trial = NULL;
    int                                       rc    = cv_trial_new(options, groups, &trial, &err);
    if (rc == 0 && cv_strv_append_all(&trial->ext.groups, groups) < 0)
        rc = cv_error_no_memory(&err);
    if (rc == 0)
        rc = cv_trial_check(trial, &err);
    if (rc == 0)
        SWAP(options->draft->ext.groups, trial->ext.groups);
    return cv_publish(&err, rc, "set the groups");
}

int containerv_options_set_hostname(struct containerv_options* options, const char* hostname)
{
    struct cv_error                           err   = CV_ERROR_INIT;
    CV_CLEANUP(cv_spec_freep) struct cv_spec* trial = NULL;
    int                                       rc    = cv_trial_new(options, hostname, &trial, &err);
    if (rc == 0)
        rc = cv_spec_set_string(&trial->hostname, hostname, &err);
    if (rc == 0)
        rc = cv_trial_check(trial, &err);
    if (rc == 0)
        SWAP(options->draft->hostname, trial->hostname);
    return cv_publish(&err, rc, "set the host name");
}

int containerv_options_set_environment(struct containerv_options* options, const char* const* environment)
{
    struct cv_error                           err   = CV_ERROR_INIT;
    CV_CLEANUP(cv_spec_freep) struct cv_spec* trial = NULL;
    int                                       rc    = cv_trial_new(options, environment, &trial, &err);
    if (rc == 0 && cv_strv_append_all(&trial->process.env, environment) < 0)
        rc = cv_error_no_memory(&err);
    if (rc == 0)
        rc = cv_trial_check(trial, &err);
    if (rc == 0) {
        SWAP(options->draft->process.env, trial->process.env);
        options->env_set = true;
    }
    return cv_publish(&err, rc, "set the environment");
}

int containerv_options_set_working_directory(struct containerv_options* options, const char* path)
{
    struct cv_error                           err   = CV_ERROR_INIT;
    CV_CLEANUP(cv_spec_freep) struct cv_spec* trial = NULL;
    int                                       rc    = cv_trial_new(options, path, &trial, &err);
    if (rc == 0)
        rc = cv_spec_set_string(&trial->process.cwd, path, &err);
    if (rc == 0)
        rc = cv_trial_check(trial, &err);
    if (rc == 0)
        SWAP(options->draft->process.cwd, trial->process.cwd);
    return cv_publish(&err, rc, "set the working folder");
}

int containerv_options_set_umask(struct containerv_options* options, uint32_t mask)
{
    struct cv_error err = CV_ERROR_INIT;
    int             rc  = 0;
    if (options == NULL)
        rc = refuse(&err, "options", "is NULL");
    else if (mask > 0777)
        rc = refuse(&err, "mask", "is above 0777");
    else
        options->draft->process.user.umask = (struct cv_opt_uint){ true, mask };
    return cv_publish(&err, rc, "set the file mode creation mask");
}

/* The nanoseconds of a specification are never negative. */
static void split_ns(int64_t ns, struct cv_opt_int* seconds, struct cv_opt_int* nanoseconds)
{
    const int64_t second = 1000000000;
    int64_t       rest   = ns % second;
    *seconds             = (struct cv_opt_int){ true, ns / second - (rest < 0) };
    *nanoseconds         = (struct cv_opt_int){ true, rest < 0 ? rest + second : rest };
}

int containerv_options_set_time_offset(struct containerv_options* options, uint32_t clock, int64_t offset_ns)
{
    struct cv_error err = CV_ERROR_INIT;
    int             rc  = 0;
    if (options == NULL)
        rc = refuse(&err, "options", "is NULL");
    else if (clock != CV_CLOCK_MONOTONIC && clock != CV_CLOCK_BOOTTIME)
        rc = refuse(&err, "clock", "is no enum containerv_clock");
    if (rc == 0) {
        struct cv_spec_linux* spec = &options->draft->linux_;
        spec->set = spec->time_offsets.set = true;
        if (clock == CV_CLOCK_MONOTONIC)
            split_ns(offset_ns, &spec->time_offsets.monotonic_secs, &spec->time_offsets.monotonic_nanosecs);
        else
            split_ns(offset_ns, &spec->time_offsets.boottime_secs, &spec->time_offsets.boottime_nanosecs);
    }
    return cv_publish(&err, rc, "shift a clock");
}

static struct cv_spec_rlimit* find_rlimit(struct cv_spec_rlimits* list, const char* type)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i].type, type) == 0)
            return &list->items[i];
    return NULL;
}

/* "nofile" as "RLIMIT_NOFILE". */
static int rlimit_type(const char* name, char* type, size_t size, struct cv_error* err)
{
    if (cv_snprintf(type, size, "RLIMIT_%s", name) < 0)
        return refuse(err, "name", "is too long for a resource limit");
    for (char* c = type; *c != '\0'; c++)
        if (*c >= 'a' && *c <= 'z')
            *c = (char)(*c - 'a' + 'A');
    return 0;
}

int containerv_options_set_rlimit(struct containerv_options* options, const char* name, uint64_t soft, uint64_t hard)
{
    char                                      type[32];
    struct cv_error                           err   = CV_ERROR_INIT;
    CV_CLEANUP(cv_spec_freep) struct cv_spec* trial = NULL;
    int                                       rc    = cv_trial_new(options, name, &trial, &err);
    if (rc == 0)
        rc = rlimit_type(name, type, sizeof(type), &err);
    if (rc == 0)
        rc = cv_spec_add_rlimit(trial, type, soft, hard, &err);
    if (rc == 0)
        rc = cv_trial_check(trial, &err);
    if (rc == 0) {
        struct cv_spec_rlimit* old = find_rlimit(&options->draft->process.rlimits, type);
        if (old != NULL)
            old->soft = soft, old->hard = hard;
        else
            rc = cv_spec_add_rlimit(options->draft, type, soft, hard, &err);
    }
    return cv_publish(&err, rc, "set a resource limit");
}

static int capability_bits(
    struct containerv_options* options, const char* name, uint64_t* bits_out, struct cv_error* err)
{
    if (options == NULL || name == NULL)
        return refuse(err, options == NULL ? "options" : "name", "is NULL");
    return cv_capability_bits(name, bits_out, err);
}

int containerv_options_add_capability(struct containerv_options* options, const char* name)
{
    struct cv_error err  = CV_ERROR_INIT;
    uint64_t        bits = 0;
    int             rc   = capability_bits(options, name, &bits, &err);
    if (rc == 0) {
        options->capabilities_add |= bits;
        options->capabilities_drop &= ~bits;
    }
    return cv_publish(&err, rc, "add a capability");
}

int containerv_options_drop_capability(struct containerv_options* options, const char* name)
{
    struct cv_error err  = CV_ERROR_INIT;
    uint64_t        bits = 0;
    int             rc   = capability_bits(options, name, &bits, &err);
    if (rc == 0) {
        options->capabilities_drop |= bits;
        options->capabilities_add &= ~bits;
    }
    return cv_publish(&err, rc, "drop a capability");
}

int containerv_options_set_seccomp(struct containerv_options* options, const char* profile)
{
    struct cv_error                           err   = CV_ERROR_INIT;
    CV_CLEANUP(cv_spec_freep) struct cv_spec* trial = NULL;
    int                                       rc    = cv_trial_new(options, profile, &trial, &err);
    if (rc == 0)
        rc = cv_spec_set_string(&trial->ext.seccomp, profile, &err);
    if (rc == 0)
        rc = cv_trial_check(trial, &err);
    if (rc == 0)
        SWAP(options->draft->ext.seccomp, trial->ext.seccomp);
    return cv_publish(&err, rc, "set the system call filter");
}

int containerv_options_add_device(struct containerv_options* options, const char* host_path, const char* inside)
{
    return containerv_options_add_device_access(options, host_path, inside, NULL);
}

int containerv_options_add_device_access(
    struct containerv_options* options, const char* host_path, const char* inside, const char* access)
{
    struct cv_error                           err   = CV_ERROR_INIT;
    CV_CLEANUP(cv_spec_freep) struct cv_spec* trial = NULL;
    int                                       rc    = cv_trial_new(options, host_path, &trial, &err);
    if (rc == 0)
        rc = cv_spec_add_device(trial, host_path, inside, access, &err);
    if (rc == 0)
        rc = cv_trial_check(trial, &err);
    if (rc == 0)
        rc = cv_spec_add_device(options->draft, host_path, inside, access, &err);
    return cv_publish(&err, rc, "add a device");
}

static int make_command(
    struct cv_command* made, const char* path, const struct containerv_spawn_options* spawn, struct cv_error* err)
{
    int rc = cv_command_make(made, path, spawn, err);
    if (rc == 0 && (made->flags & CV_SPAWN_WAIT) != 0)
        rc = refuse(err, "flags", "CV_SPAWN_WAIT is not for a container's command: use containerv_wait()");
    return rc == 0 ? cv_command_check(made, err) : rc;
}

int containerv_options_set_command(
    struct containerv_options* options, const char* path, const struct containerv_spawn_options* spawn)
{
    struct cv_error   err  = CV_ERROR_INIT;
    struct cv_command made = { 0 };
    int rc = options != NULL ? make_command(&made, path, spawn, &err) : refuse(&err, "options", "is NULL");
    if (rc == 0)
        SWAP(options->command, made);
    cv_command_release(&made);
    return cv_publish(&err, rc, "set the command");
}

int containerv_options_set_backend(struct containerv_options* options, const char* name)
{
    struct cv_error          err     = CV_ERROR_INIT;
    const struct cv_backend* backend = NULL;
    char*                    copy    = NULL;
    int                      rc      = options != NULL ? 0 : refuse(&err, "options", "is NULL");
    if (rc == 0 && name != NULL)
        rc = cv_backend_find(name, &backend, &err);
    if (rc == 0 && name != NULL && (copy = cv_strdup(name, &err)) == NULL)
        rc = CV_ERR_NO_MEMORY;
    if (rc == 0)
        SWAP(options->backend, copy);
    free(copy);
    return cv_publish(&err, rc, "choose the back end");
}

int containerv_options_set_isolation(struct containerv_options* options, const char* isolation)
{
    static const char* const known[] = { "default", "process", "hyperv" };
    struct cv_error          err     = CV_ERROR_INIT;
    int                      rc      = options != NULL && isolation != NULL ? 0 : refuse(&err, "isolation", "is NULL");
    bool                     found   = false;
    for (size_t i = 0; rc == 0 && i < CV_ARRAY_LEN(known); i++)
        found = found || strcmp(known[i], isolation) == 0;
    if (rc == 0 && !found)
        rc = refuse(&err, "isolation", "is none of default, process and hyperv");
    if (rc == 0)
        rc = cv_spec_set_string(&options->draft->ext.isolation, isolation, &err);
    return cv_publish(&err, rc, "set the isolation");
}

int containerv_options_set_id(struct containerv_options* options, const char* id)
{
    struct cv_error err = CV_ERROR_INIT;
    int             rc  = options != NULL && id != NULL ? cv_spec_check_id(id, &err) : refuse(&err, "id", "is NULL");
    if (rc == 0)
        rc = cv_spec_set_string(&options->draft->ext.id, id, &err);
    return cv_publish(&err, rc, "set the id");
}
