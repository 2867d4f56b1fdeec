#include "run-options.h"

#include <stdlib.h>
#include <string.h>

#include <cv/file.h>
#include <cv/macros.h>
#include <cv/str.h>

#include "cvctl.h"

#include <cv/banned.h>

static CVCTL_SETTER(set_init_off)
{
    struct cvctl_run_options* options = target;

    (void)option;
    (void)err;
    options->init = strcmp(value, "true") != 0;
    return 0;
}

/* What it means is known when it is known whether the container outlives cvctl. */
static CVCTL_SETTER(set_rm)
{
    struct cvctl_run_options* options = target;

    (void)option;
    (void)err;
    options->rm       = strcmp(value, "true") == 0;
    options->rm_given = true;
    return 0;
}

CVCTL_SETTER(cvctl_run_set_absolute)
{
    if (!cv_path_is_absolute(value))
        return cv_error_set(err, CV_ERR_INVALID, "is not an absolute path");
    return cv_option_string(target, option, value, err);
}

#define AT(member)  offsetof(struct cvctl_run_options, member)
#define TEXT(m)     cv_option_string, AT(m)
#define LIST(m)     cv_option_append, AT(m)
#define SWITCH(m)   NULL, cv_option_bool, AT(m)
#define SPECIAL(fn) fn, 0
#define HEALTH(m)   cvctl_run_set_health_time, offsetof(struct containerv_supervision, m)

const struct cv_option cvctl_run_table[] = {
    { "rootfs", 0, "DIR[:O]", SPECIAL(cvctl_run_set_rootfs),
        "root folder, used in place; with :O below a throw-away upper" },
    { "debian", 0, "SUITE", TEXT(debian), "a Debian root from the cache, made when missing, below a throw-away upper" },
    { "arch", 0, "ARCH", TEXT(arch), "architecture of --debian, default the host's" },
    { "include", 0, "PKG[,PKG]", SPECIAL(cvctl_run_set_include), "more packages in the root of --debian" },
    { "layer", 0, "DIR", LIST(layers), "read-only folder above the root, below the upper; repeatable" },
    { "name", 0, "NAME", TEXT(name), "the container's id, default random" },
    { "env", 'e', "NAME[=VALUE]", SPECIAL(cvctl_run_set_env), "set a variable; NAME alone takes yours" },
    { "env-file", 0, "FILE", SPECIAL(cvctl_run_set_env_file), "the same, one a line" },
    { "workdir", 'w', "PATH", cvctl_run_set_absolute, AT(workdir), "working folder inside, default /" },
    { "user", 'u', "USER[:GROUP]", TEXT(user), "names from the container's files, or numbers; default 0:0" },
    { "group-add", 0, "GROUP", LIST(groups), "one more supplementary group; repeatable" },
    { "volume", 'v', "SRC:DST[:OPTS]", SPECIAL(cvctl_run_set_volume),
        "bind a file or folder: ro rw noexec suid dev idmap=off U" },
    { "mount", 0, "KEY=VALUE,...", SPECIAL(cvctl_run_set_mount), "type=bind|tmpfs,source=,target=,readonly,..." },
    { "tmpfs", 0, "PATH[:OPTS]", SPECIAL(cvctl_run_set_tmpfs), "memory folder: size=64m mode=1777 ro noexec" },
    { "ulimit", 0, "NAME=SOFT[:HARD]", SPECIAL(cvctl_run_set_ulimit), "a resource limit; -1 is unlimited" },
    CVCTL_LIMIT_ROWS,
    { "cgroup-parent", 0, "PATH", TEXT(cgroup_parent),
        "make the container's cgroup in this one, which is made if missing" },
    { "storage-opt", 0, "size=BYTES", SPECIAL(cvctl_run_set_storage),
        "what may be written to the root; it is then kept in memory" },
    { "network", 0, "MODE", SPECIAL(cvctl_run_set_network), "none (default), host, veth:ADDR/PREFIX:HOSTADDR" },
    { "share", 0, "KIND[,KIND]", SPECIAL(cvctl_run_set_share), "give up isolation: network ipc users uts cgroup" },
    { "hostname", 0, "NAME", TEXT(hostname), "host name inside, default the id" },
    { "read-only", 0, SWITCH(read_only), "make the root read-only" },
    { "cap-add", 0, "CAP", LIST(cap_add), "give one capability more; repeatable" },
    { "cap-drop", 0, "CAP", LIST(cap_drop), "take one capability, or ALL; repeatable" },
    { "security-opt", 0, "OPT", SPECIAL(cvctl_run_set_security),
        "no-new-privileges[=true|false] seccomp=default|unconfined|FILE level=strict mask=PATH unmask=PATH|ALL" },
    { "landlock-path", 0, "PATH:rwx", SPECIAL(cvctl_run_set_landlock_path),
        "allow to read, write, execute there and below, nowhere else; repeatable" },
    { "landlock-tcp", 0, "PORT:HOW[,HOW]", SPECIAL(cvctl_run_set_landlock_tcp),
        "allow to bind or connect TCP to the port, to no other; repeatable" },
    { "device", 0, "HOST[:INSIDE][:rwm]", SPECIAL(cvctl_run_set_device),
        "make a device node available: to read, write, make; default all" },
    { "init", 0, SWITCH(init), "a small process of ours is PID 1 (default)" },
    { "no-init", 0, NULL, SPECIAL(set_init_off), "the program is PID 1" },
    { "timeout", 0, "DURATION", SPECIAL(cvctl_run_set_timeout), "kill the program after 90, 90s, 1m30s, 500ms" },
    { "time-offset", 0, "CLOCK=SECONDS", SPECIAL(cvctl_run_set_time_offset),
        "shift monotonic or boottime by seconds such as 3600, -1.5; repeatable" },
    { "umask", 0, "OCTAL", SPECIAL(cvctl_run_set_umask), "file mode creation mask, default 022" },
    { "detach", 'd', SWITCH(detach), "print the id and leave; the container goes on, and its output goes to its log" },
    { "restart", 0, "POLICY", SPECIAL(cvctl_run_set_restart), "no (default), on-failure[:TIMES], always; with -d" },
    { "stop-signal", 0, "SIGNAL", SPECIAL(cvctl_run_set_stop_signal), "what asks it to stop, default TERM; with -d" },
    { "stop-timeout", 0, "DURATION", SPECIAL(cvctl_run_set_stop_timeout),
        "from there to its being killed, default 10s, -1 is never; with -d" },
    { "health-cmd", 0, "LINE", SPECIAL(cvctl_run_set_health_cmd),
        "for its shell, run again and again: 0 is healthy; with -d" },
    { "health-interval", 0, "DURATION", HEALTH(health_interval_ms), "how often, default 30s" },
    { "health-timeout", 0, "DURATION", HEALTH(health_timeout_ms), "how long it may take, default 30s" },
    { "health-retries", 0, "NUMBER", SPECIAL(cvctl_run_set_health_retries),
        "failures in a row that make it unhealthy, default 3" },
    { "health-start-period", 0, "DURATION", HEALTH(health_start_period_ms), "failures don't count for so long" },
    { "log-opt", 0, "KEY=BYTES", SPECIAL(cvctl_run_set_log),
        "max-size= of a log file, default 16m, total-size= of all, default 1g; with -d" },
    { "secret", 0, "id=NAME,src=FILE", SPECIAL(cvctl_run_set_secret),
        "put the file at /run/secrets/NAME, in memory; also uid= gid= mode=, default 0400; repeatable" },
    { "interactive", 'i', SWITCH(interactive),
        "connect standard input, with -d keep it open; without it the program reads nothing" },
    { "tty", 't', SWITCH(terminal), "give the program a terminal" },
    { "cidfile", 0, "FILE", TEXT(cidfile), "write the container's id to a new file" },
    { "rm", 0, NULL, SPECIAL(set_rm), "remove the container at its end; without -d it is always so" },
    { "backend", 0, "NAME", TEXT(backend), "what isolates, default the first that works here" },
    { "format", 0, "FORMAT", cvctl_option_format, AT(json), "how errors are printed: text or json" },
    { NULL },
};

void cvctl_run_options_init(struct cvctl_run_options* options)
{
    *options                  = (struct cvctl_run_options){ .rm = true, .init = true, .no_new_privileges = true };
    options->network.size     = sizeof(options->network);
    options->supervision.size = sizeof(options->supervision);
    options->limits.size      = sizeof(options->limits);
}

void cvctl_run_options_release(struct cvctl_run_options* options)
{
    struct cv_strv* lists[] = { &options->env, &options->groups, &options->cap_add, &options->cap_drop,
        &options->layers, &options->include, &options->strings, &options->mask, &options->unmask };

    for (size_t i = 0; i < CV_ARRAY_LEN(lists); i++)
        cv_strv_release(lists[i]);
    free(options->mounts);
    free(options->ulimits);
    free(options->devices);
    free(options->io);
    free(options->rules);
    free(options->secrets);
    *options = (struct cvctl_run_options){ 0 };
}

const char* cvctl_run_keep(struct cvctl_run_options* options, const char* text, size_t length, struct cv_error* err)
{
    char* copy = strndup(text, length);

    if (copy == NULL || cv_strv_append_steal(&options->strings, copy) < 0) {
        cv_error_no_memory(err);
        return NULL;
    }
    return copy;
}

void* cvctl_run_grow(void** list, size_t* count, size_t size, size_t max, struct cv_error* err)
{
    char* larger;

    if (*count >= max) {
        cv_error_set(err, CV_ERR_LIMIT, "is one more than the %zu that are allowed", max);
        return NULL;
    }
    larger = realloc(*list, (*count + 1) * size);
    if (larger == NULL) {
        cv_error_no_memory(err);
        return NULL;
    }
    *list = larger;
    memset(larger + *count * size, 0, size);
    return larger + (*count)++ * size;
}

static int refuse(struct cv_error* err, const char* what, const char* hint)
{
    cv_error_set(err, CV_ERR_INVALID, "%s", what);
    cv_error_step(err, "check the options");
    return cv_error_hint(err, "%s", hint);
}

static int check_root(const struct cvctl_run_options* options, struct cv_error* err)
{
    if (options->rootfs != NULL && options->debian != NULL)
        return refuse(err, "--rootfs and --debian exclude each other", "give one of them");
    if (options->rootfs == NULL && options->debian == NULL)
        return refuse(err, "no root folder was given", "use --rootfs DIR, or --debian SUITE such as --debian bookworm");
    if (options->debian == NULL && (options->arch != NULL || options->include.count != 0))
        return refuse(err, "--arch and --include belong to --debian", "leave them out, or use --debian SUITE");
    if (options->layers.count != 0 && options->rootfs != NULL && !options->overlay)
        return refuse(err, "--layer needs a throw-away upper, but --rootfs DIR is used in place", "use --rootfs DIR:O");
    return 0;
}

int cvctl_run_options_check(struct cvctl_run_options* options, int argc, char** argv, int first, struct cv_error* err)
{
    if (check_root(options, err) < 0 || cvctl_run_limits_check(options, err) < 0
        || cvctl_run_supervision_check(options, err) < 0)
        return err->code;
    if (options->network.mode != CV_NETWORK_HOST && options->network.mode != CV_NETWORK_NONE
        && (options->shared & CV_SHARE_NETWORK) != 0)
        return refuse(err, "--share network contradicts --network", "leave one of them out");
    if (first >= argc || argv[first][0] == '\0')
        return refuse(err, "no command was given", "cvctl run ... -- CMD [ARG...]");
    options->command = argv + first;
    return 0;
}
