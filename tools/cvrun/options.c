#include "options.h"

#include <string.h>

#include <cv/macros.h>
#include <cv/str.h>

#include <cv/banned.h>

enum { NAMES_MAX = 32, CPU_SHARES_MIN = 2, WEIGHT_MAX = 1000 };

/* --- setters ---------------------------------------------------------------------------------------------------------------------- */

static void* member(void* target, const struct cv_option* option)
{
    return (char*)target + option->offset;
}

static int set_preserve(void* target, const struct cv_option* option, const char* value, struct cv_error* err)
{
    uint64_t number;

    if (cv_parse_u64(value, 0, CVRUN_PRESERVE_MAX, &number, err) < 0)
        return err->code;
    *(uint32_t*)member(target, option) = (uint32_t)number;
    return 0;
}

static int set_bool_given(void* target, const struct cv_option* option, const char* value, struct cv_error* err)
{
    (void)err;
    *(struct cv_opt_bool*)member(target, option) = (struct cv_opt_bool){ true, strcmp(value, "true") == 0 };
    return 0;
}

static int set_interval(void* target, const struct cv_option* option, const char* value, struct cv_error* err)
{
    int64_t ms;

    if (cv_parse_duration(value, &ms, err) < 0)
        return err->code;
    if (ms <= 0)
        return cv_error_set(err, CV_ERR_INVALID, "is not longer than nothing");
    *(int64_t*)member(target, option) = ms;
    return 0;
}

/* "1000" or "1000:1000" */
static int set_user(void* target, const struct cv_option* option, const char* value, struct cv_error* err)
{
    struct cvrun_user user   = { .set = true };
    size_t            length = strcspn(value, ":");
    char              first[16];
    uint64_t          uid, gid = 0;

    if (length >= sizeof(first))
        return cv_error_set(err, CV_ERR_INVALID, "is not a user id");
    memcpy(first, value, length);
    first[length] = '\0';
    user.gid_set  = value[length] == ':';
    if (cv_parse_u64(first, 0, UINT32_MAX - 1, &uid, err) < 0
        || (user.gid_set && cv_parse_u64(value + length + 1, 0, UINT32_MAX - 1, &gid, err) < 0))
        return cv_error_hint(err, "UID or UID:GID, both numbers");
    user.uid                                    = (uint32_t)uid;
    user.gid                                    = (uint32_t)gid;
    *(struct cvrun_user*)member(target, option) = user;
    return 0;
}

/* One or more, with commas between them. Checked where they are used, too. */
static int add_gids(void* target, const struct cv_option* option, const char* value, struct cv_error* err)
{
    while (*value != '\0') {
        size_t   length = strcspn(value, ",");
        char     text[16];
        uint64_t gid;

        if (length >= sizeof(text))
            return cv_error_set(err, CV_ERR_INVALID, "is not a list of group ids");
        memcpy(text, value, length);
        text[length] = '\0';
        if (cv_parse_u64(text, 0, UINT32_MAX - 1, &gid, err) < 0)
            return err->code;
        if (cv_strv_append(member(target, option), text) < 0)
            return cv_error_no_memory(err);
        value += length + (value[length] == ',' ? 1 : 0);
    }
    return 0;
}

static int refuse_checkpoint(void* target, const struct cv_option* option, const char* value, struct cv_error* err)
{
    (void)target;
    (void)option;
    (void)value;
    return cv_error_unsupported(err, "checkpoint and restore", "linux");
}

/* Limits of the update command; which objects they are in is told as well. */
static void given(void* target)
{
    ((struct cvrun_options*)target)->resources_given = true;
}

static struct cv_spec_resources* resources_of(void* target)
{
    given(target);
    return &((struct cvrun_options*)target)->resources;
}

/* Bytes: a number, with a unit if one likes; -1: no limit. */
static int parse_bytes(const char* value, int64_t* bytes_out, struct cv_error* err)
{
    uint64_t bytes;

    if (strcmp(value, "-1") == 0) {
        *bytes_out = -1;
        return 0;
    }
    if (cv_parse_size(value, &bytes, err) < 0)
        return err->code;
    if (bytes > INT64_MAX)
        return cv_error_set(err, CV_ERR_INVALID, "is more than there can be");
    *bytes_out = (int64_t)bytes;
    return 0;
}

static int set_memory(void* target, const struct cv_option* option, const char* value, struct cv_error* err)
{
    struct cv_opt_int limit = { .set = true };

    if (parse_bytes(value, &limit.value, err) < 0)
        return err->code;
    resources_of(target)->memory.set            = true;
    *(struct cv_opt_int*)member(target, option) = limit;
    return 0;
}

static int set_cpu_int(void* target, const struct cv_option* option, const char* value, struct cv_error* err)
{
    struct cv_opt_int number = { .set = true };

    if (cv_parse_i64(value, -1, INT64_MAX, &number.value, err) < 0)
        return err->code;
    resources_of(target)->cpu.set               = true;
    *(struct cv_opt_int*)member(target, option) = number;
    return 0;
}

static int set_cpu_uint(void* target, const struct cv_option* option, const char* value, struct cv_error* err)
{
    struct cv_opt_uint number = { .set = true };

    if (cv_parse_u64(value, 0, INT64_MAX, &number.value, err) < 0)
        return err->code;
    resources_of(target)->cpu.set                = true;
    *(struct cv_opt_uint*)member(target, option) = number;
    return 0;
}

static int set_cpus(void* target, const struct cv_option* option, const char* value, struct cv_error* err)
{
    resources_of(target)->cpu.set = true;
    return cv_spec_set_string(member(target, option), value, err);
}

static int set_pids(void* target, const struct cv_option* option, const char* value, struct cv_error* err)
{
    int64_t limit;

    (void)option;
    if (cv_parse_i64(value, -1, INT64_MAX, &limit, err) < 0)
        return err->code;
    resources_of(target)->pids.set   = true;
    resources_of(target)->pids.limit = limit;
    return 0;
}

static int set_weight(void* target, const struct cv_option* option, const char* value, struct cv_error* err)
{
    struct cv_opt_uint weight = { .set = true };

    if (cv_parse_u64(value, 1, WEIGHT_MAX, &weight.value, err) < 0)
        return err->code;
    resources_of(target)->block_io.set           = true;
    *(struct cv_opt_uint*)member(target, option) = weight;
    return 0;
}

static int refuse_rdt(void* target, const struct cv_option* option, const char* value, struct cv_error* err)
{
    (void)target;
    (void)option;
    (void)value;
    return cv_error_unsupported(err, "changing the Intel RDT schema of a container", "linux");
}

/* --- rows ------------------------------------------------------------------------------------------------------------------------- */

#define AT(member) offsetof(struct cvrun_options, member)
#define HELP                                                                                                           \
    {                                                                                                                  \
        "help", 'h', NULL, cv_option_bool, AT(help), "print this help"                                                 \
    }
#define BUNDLE                                                                                                         \
    {                                                                                                                  \
        "bundle", 'b', "DIR", cv_option_string, AT(bundle), "the bundle's folder (default: the current one)"           \
    }
#define CONSOLE_SOCKET                                                                                                 \
    {                                                                                                                  \
        "console-socket", 0, "SOCKET", cv_option_string, AT(console_socket),                                           \
            "Unix socket that gets the other end of the terminal"                                                      \
    }
#define PID_FILE                                                                                                       \
    {                                                                                                                  \
        "pid-file", 0, "FILE", cv_option_string, AT(pid_file), "write the process id to FILE"                          \
    }
#define PRESERVE_FDS                                                                                                   \
    {                                                                                                                  \
        "preserve-fds", 0, "N", set_preserve, AT(preserve_fds), "hand on N more descriptors, from 3 on"                \
    }
#define DETACH                                                                                                         \
    {                                                                                                                  \
        "detach", 'd', NULL, cv_option_bool, AT(detach), "do not wait for it"                                          \
    }
#define FORMAT                                                                                                         \
    {                                                                                                                  \
        "format", 'f', "FORMAT", cv_option_string, AT(format), "table (default) or json"                               \
    }
#define CREATE_ROWS                                                                                                    \
    BUNDLE, { "config", 'f', "FILE", cv_option_string, AT(config), "the bundle's file, other than config.json" },      \
        CONSOLE_SOCKET, PID_FILE, PRESERVE_FDS,                                                                        \
        { "no-pivot", 0, NULL, cv_option_bool, AT(no_pivot),                                                           \
            "move the root rather than pivot_root(2): for ramdisks" },                                                 \
    {                                                                                                                  \
        "no-new-keyring", 0, NULL, cv_option_bool, AT(no_new_keyring), "keep the caller's session keyring"             \
    }
#define NO_SUBREAPER                                                                                                   \
    {                                                                                                                  \
        "no-subreaper", 0, NULL, cv_option_bool, AT(no_subreaper), "do not become the parent of orphans"               \
    }

static const struct cv_option help_rows[]   = { HELP, { NULL } };
static const struct cv_option create_rows[] = { CREATE_ROWS, NO_SUBREAPER, HELP, { NULL } };
static const struct cv_option run_rows[]    = { CREATE_ROWS, NO_SUBREAPER, DETACH,
       { "keep", 0, NULL, cv_option_bool, AT(keep), "do not delete the container when it has ended" }, HELP, { NULL } };

static const struct cv_option exec_rows[] = {
    { "process", 'p', "FILE", cv_option_string, AT(process), "the process as JSON, rather than a command" },
    { "cwd", 0, "DIR", cv_option_string, AT(cwd), "its working folder" },
    { "env", 'e', "NAME=VALUE", cv_option_append, AT(env), "a variable of its environment" },
    { "user", 'u', "UID[:GID]", set_user, AT(user), "its user and group" },
    { "additional-gids", 'g', "GID", add_gids, AT(additional_gids), "its supplementary groups" },
    { "cap", 'c', "CAP", cv_option_append, AT(caps), "one more capability" },
    { "tty", 't', NULL, cv_option_bool, AT(tty), "a terminal of its own" },
    { "apparmor", 0, "PROFILE", cv_option_string, AT(apparmor), "its AppArmor profile" },
    { "process-label", 0, "LABEL", cv_option_string, AT(process_label), "its SELinux label" },
    { "no-new-privs", 0, NULL, set_bool_given, AT(no_new_privs), "no privileges by set-uid programs" },
    { "cgroup", 0, "PATH", cv_option_string, AT(cgroup), "a group below the container's own" },
    { "ignore-paused", 0, NULL, cv_option_bool, AT(ignore_paused), "also in a container that is paused" },
    CONSOLE_SOCKET,
    PID_FILE,
    PRESERVE_FDS,
    DETACH,
    HELP,
    { NULL },
};

static const struct cv_option kill_rows[] = {
    { "all", 'a', NULL, cv_option_bool, AT(all), "every process of the container" },
    { "regex", 'r', NULL, cv_option_bool, AT(regex), "all containers whose ids fit the expression" },
    HELP,
    { NULL },
};
static const struct cv_option delete_rows[] = {
    { "force", 'f', NULL, cv_option_bool, AT(force), "kill it first; no error when there is none" },
    { "regex", 'r', NULL, cv_option_bool, AT(regex), "all containers whose ids fit the expression" },
    HELP,
    { NULL },
};
static const struct cv_option list_rows[] = {
    FORMAT,
    { "quiet", 'q', NULL, cv_option_bool, AT(quiet), "ids only" },
    HELP,
    { NULL },
};
static const struct cv_option ps_rows[]     = { FORMAT, HELP, { NULL } };
static const struct cv_option events_rows[] = {
    { "stats", 0, NULL, cv_option_bool, AT(stats), "once, then end" },
    { "interval", 0, "TIME", set_interval, AT(interval_ms), "time between them (default: 5s)" },
    HELP,
    { NULL },
};
static const struct cv_option spec_rows[] = {
    BUNDLE,
    { "file", 'f', "FILE", cv_option_string, AT(file), "write to FILE rather than config.json" },
    { "rootless", 0, NULL, cv_option_bool, AT(rootless), "for a plain user" },
    HELP,
    { NULL },
};

#define R(member) AT(resources.member)
static const struct cv_option update_rows[] = {
    { "resources", 'r', "FILE", cv_option_string, AT(resources_file), "linux.resources as JSON; -: standard input" },
    { "memory", 0, "BYTES", set_memory, R(memory.limit), "memory; -1: no limit" },
    { "memory-reservation", 0, "BYTES", set_memory, R(memory.reservation), "memory that is kept for it" },
    { "memory-swap", 0, "BYTES", set_memory, R(memory.swap), "memory and swap together; -1: no limit" },
    { "kernel-memory", 0, "BYTES", set_memory, R(memory.kernel), "memory of the kernel" },
    { "kernel-memory-tcp", 0, "BYTES", set_memory, R(memory.kernel_tcp), "memory of TCP buffers" },
    { "cpu-period", 0, "US", set_cpu_uint, R(cpu.period), "the period of --cpu-quota, in microseconds" },
    { "cpu-quota", 0, "US", set_cpu_int, R(cpu.quota), "CPU time in a period; -1: no limit" },
    { "cpu-share", 0, "N", set_cpu_uint, R(cpu.shares), "CPU shares" },
    { "cpu-rt-period", 0, "US", set_cpu_uint, R(cpu.realtime_period), "period of --cpu-rt-runtime" },
    { "cpu-rt-runtime", 0, "US", set_cpu_int, R(cpu.realtime_runtime), "real-time CPU time in a period" },
    { "cpuset-cpus", 0, "LIST", set_cpus, R(cpu.cpus), "CPUs that may be used" },
    { "cpuset-mems", 0, "LIST", set_cpus, R(cpu.mems), "memory nodes that may be used" },
    { "pids-limit", 0, "N", set_pids, R(pids.limit), "processes and threads; -1: no limit" },
    { "blkio-weight", 0, "N", set_weight, R(block_io.weight), "weight of block I/O, 10 to 1000" },
    { "l3-cache-schema", 0, "TEXT", refuse_rdt, 0, "refused: Intel RDT is set at create only" },
    { "mem-bw-schema", 0, "TEXT", refuse_rdt, 0, "refused: Intel RDT is set at create only" },
    HELP,
    { NULL },
};
#undef R
#undef AT

#define AT(member) offsetof(struct cvrun_globals, member)
const struct cv_option cvrun_global_options[] = {
    { "root", 0, "DIR", cv_option_string, AT(root), "where containers' state is (default: /run/cvrun, or a user's)" },
    { "log", 0, "FILE", cv_option_string, AT(log), "write errors to FILE as well" },
    { "log-format", 0, "FORMAT", cv_option_string, AT(log_format), "text (default) or json" },
    { "log-level", 0, "LEVEL", cv_option_string, AT(log_level), "error, warning (default), info or debug" },
    { "debug", 0, NULL, cv_option_bool, AT(debug), "the same as --log-level debug" },
    { "cgroup-manager", 0, "NAME", cv_option_string, AT(cgroup_manager), "cgroupfs (default), systemd or disabled" },
    { "systemd-cgroup", 0, NULL, cv_option_bool, AT(systemd_cgroup), "the same as --cgroup-manager systemd" },
    { "rootless", 0, "WORD", cv_option_string, AT(rootless), "auto (default): seen by the rights that there are" },
    { "criu", 0, "FILE", refuse_checkpoint, 0, "refused: there is no checkpoint" },
    { "version", 'v', NULL, cv_option_bool, AT(version), "print the version" },
    { "help", 'h', NULL, cv_option_bool, AT(help), "print this help" },
    { NULL },
};
#undef AT

const struct cvrun_syntax cvrun_syntaxes[] = {
    { "create", "CONTAINER", "make a container whose program waits for start", create_rows, false, 1, 1, true },
    { "start", "CONTAINER", "let the program of a created container run", help_rows, false, 1, 1 },
    { "run", "CONTAINER", "create, start, wait, delete", run_rows, false, 1, 1, true },
    { "exec", "CONTAINER COMMAND [ARG...]", "run a further process in a container", exec_rows, true, 1, -1, true },
    { "state", "CONTAINER", "print what is known of a container", help_rows, false, 1, 1 },
    { "kill", "CONTAINER [SIGNAL]", "send a signal to the first process (default: TERM)", kill_rows, false, 1, 2 },
    { "delete", "CONTAINER", "take away a container that has stopped", delete_rows, false, 1, 1 },
    { "list", "", "list the containers", list_rows, false, 0, 0 },
    { "ps", "CONTAINER [OPTIONS OF PS]", "list a container's processes", ps_rows, true, 1, -1 },
    { "pause", "CONTAINER", "stop all processes of a container", help_rows, false, 1, 1 },
    { "resume", "CONTAINER", "let them go on", help_rows, false, 1, 1 },
    { "update", "CONTAINER", "change limits of a container", update_rows, false, 1, 1 },
    { "events", "CONTAINER", "print what a container uses, again and again", events_rows, false, 1, 1 },
    { "spec", "", "write a config.json to begin with", spec_rows, false, 0, 0 },
    { "features", "", "print what this runtime can do", help_rows, false, 0, 0 },
    { "checkpoint", "CONTAINER", "not supported", NULL, true, 0, -1 },
    { "restore", "CONTAINER", "not supported", NULL, true, 0, -1 },
    { NULL },
};

/* --- what is done with them ------------------------------------------------------------------------------------------------------- */

void cvrun_options_release(struct cvrun_options* options)
{
    cv_strv_release(&options->env);
    cv_strv_release(&options->caps);
    cv_strv_release(&options->additional_gids);
    cv_spec_resources_release(&options->resources);
    *options = (struct cvrun_options){ 0 };
}

int cvrun_syntax_find(const char* name, const struct cvrun_syntax** syntax_out, struct cv_error* err)
{
    const char* names[NAMES_MAX + 1] = { NULL };
    const char* nearest;

    for (size_t i = 0; cvrun_syntaxes[i].name != NULL; i++) {
        if (strcmp(name, cvrun_syntaxes[i].name) == 0) {
            *syntax_out = &cvrun_syntaxes[i];
            return 0;
        }
        if (i < NAMES_MAX)
            names[i] = cvrun_syntaxes[i].name;
    }
    nearest = cv_nearest(name, names);
    cv_error_set(err, CV_ERR_INVALID, "command '%s' is not known", name);
    return nearest != NULL ? cv_error_hint(err, "did you mean %s?", nearest)
                           : cv_error_hint(err, "cvrun --help lists the commands");
}

bool cvrun_makes(int argc, char** argv)
{
    struct cvrun_globals       globals = { 0 };
    const struct cvrun_syntax* syntax  = NULL;
    bool                       help    = false;
    int                        first   = argc;
    struct cv_error            later   = CV_ERROR_INIT; /* told by whoever reads them for good */

    return cv_options_parse(cvrun_global_options, argc, argv, &globals, &help, &first, &later) == 0 && first < argc
           && cvrun_syntax_find(argv[first], &syntax, &later) == 0 && syntax->makes;
}

static int check_count(const struct cvrun_syntax* syntax, int count, struct cv_error* err)
{
    if (count >= syntax->least && (syntax->most < 0 || count <= syntax->most))
        return 0;
    cv_error_set(err, CV_ERR_INVALID, "%s: %s", syntax->name,
        count < syntax->least ? "an argument is missing" : "there are too many arguments");
    return cv_error_hint(err, "usage: cvrun %s [OPTION...] %s", syntax->name, syntax->arguments);
}

int cvrun_syntax_parse(const struct cvrun_syntax* syntax, int argc, char** argv, struct cvrun_options* options_out,
    int* first_out, struct cv_error* err)
{
    struct cvrun_options options = { 0 };
    bool                 help    = false;
    int (*const parse)(const struct cv_option*, int, char**, void*, bool*, int*, struct cv_error*) =
        syntax->in_order ? cv_options_parse : cv_options_parse_mixed;
    int rc = 0;

    *first_out = 1;
    if (syntax->options == NULL) /* whatever is there belongs to a command that does nothing */
        options.help = argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0);
    else
        rc = parse(syntax->options, argc, argv, &options, &help, first_out, err);
    if (rc == 0 && !options.help)
        rc = check_count(syntax, argc - *first_out, err);
    if (rc < 0) {
        cvrun_options_release(&options);
        return rc;
    }
    *options_out = options;
    return 0;
}

void cvrun_help_print(FILE* to)
{
    fputs("usage: cvrun [OPTION...] COMMAND [OPTION...] [ARGUMENT...]\n\n"
          "Runtime for containers of the Open Container Initiative.\n\ncommands:\n",
        to);
    for (size_t i = 0; cvrun_syntaxes[i].name != NULL; i++)
        fprintf(to, "  %-10s %s\n", cvrun_syntaxes[i].name, cvrun_syntaxes[i].summary);
    fputs("\noptions:\n", to);
    cv_options_print(cvrun_global_options, to);
    fputs("\n'cvrun COMMAND --help' says more about one of them.\n", to);
}

void cvrun_syntax_print(const struct cvrun_syntax* syntax, FILE* to)
{
    fprintf(to, "usage: cvrun %s [OPTION...]%s%s\n\n%s\n", syntax->name, syntax->arguments[0] != '\0' ? " " : "",
        syntax->arguments, syntax->summary);
    if (syntax->options == NULL)
        return;
    fputs("\noptions:\n", to);
    cv_options_print(syntax->options, to);
}
