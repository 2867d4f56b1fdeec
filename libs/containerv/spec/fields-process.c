/* Rows of the object "process", which is also a document of its own. */
#include "fields.h"

#define T struct cv_spec_rlimit
static const struct cv_word rlimit_names[] = { { "RLIMIT_AS", 0 }, { "RLIMIT_CORE", 0 }, { "RLIMIT_CPU", 0 },
    { "RLIMIT_DATA", 0 }, { "RLIMIT_FSIZE", 0 }, { "RLIMIT_LOCKS", 0 }, { "RLIMIT_MEMLOCK", 0 },
    { "RLIMIT_MSGQUEUE", 0 }, { "RLIMIT_NICE", 0 }, { "RLIMIT_NOFILE", 0 }, { "RLIMIT_NPROC", 0 }, { "RLIMIT_RSS", 0 },
    { "RLIMIT_RTPRIO", 0 }, { "RLIMIT_RTTIME", 0 }, { "RLIMIT_SIGPENDING", 0 }, { "RLIMIT_STACK", 0 }, { NULL, 0 } };

static const struct cv_field rlimit_rows[] = {
    CV_STRING(T, type, "type", CV_NEEDED, .words = rlimit_names),
    CV_U64(T, soft, "soft", CV_NEEDED),
    CV_U64(T, hard, "hard", CV_NEEDED),
};
static const struct cv_table rlimit_table = CV_TABLE_OF(T, rlimit_rows);
#undef T

#define T struct cv_spec_process
static const struct cv_field console_rows[] = {
    CV_U32(T, console_height, "height", CV_NEEDED, .max = UINT16_MAX),
    CV_U32(T, console_width, "width", CV_NEEDED, .max = UINT16_MAX),
};
static const struct cv_table console_table = CV_TABLE(console_rows);

static const struct cv_field capability_rows[] = {
    CV_STRV(T, capabilities.bounding, "bounding", .check = cv_check_capability),
    CV_STRV(T, capabilities.effective, "effective", .check = cv_check_capability),
    CV_STRV(T, capabilities.inheritable, "inheritable", .check = cv_check_capability),
    CV_STRV(T, capabilities.permitted, "permitted", .check = cv_check_capability),
    CV_STRV(T, capabilities.ambient, "ambient", .check = cv_check_capability),
};
static const struct cv_table capability_table = CV_TABLE(capability_rows);

static const struct cv_field user_rows[] = {
    CV_U32(T, user.uid, "uid", .flags = CV_FIELD_ALWAYS),
    CV_U32(T, user.gid, "gid", .flags = CV_FIELD_ALWAYS),
    CV_OPT_UINT(T, user.umask, "umask", .max = 0777),
    { .key    = "additionalGids",
        .kind = CV_KIND_U32_LIST,
        .offset =
            CV_TYPED_OFFSET(T, user.additional_gids, uint32_t*)
            + 0
                  * sizeof(
                      char[offsetof(T, user.additional_gid_count) - offsetof(T, user.additional_gids) == sizeof(void*)
                               ? 1
                               : -1]),
        .set_offset = CV_NO_OFFSET },
    CV_STRING(T, user.username, "username", .check = cv_check_not_empty),
};
static const struct cv_table user_table = CV_TABLE(user_rows);

static const struct cv_word policies[]        = { { "SCHED_OTHER", 0 }, { "SCHED_FIFO", 0 }, { "SCHED_RR", 0 },
           { "SCHED_BATCH", 0 }, { "SCHED_ISO", 0 }, { "SCHED_IDLE", 0 }, { "SCHED_DEADLINE", 0 }, { NULL, 0 } };
static const struct cv_word scheduler_flags[] = { { "SCHED_FLAG_RESET_ON_FORK", 0 }, { "SCHED_FLAG_RECLAIM", 0 },
    { "SCHED_FLAG_DL_OVERRUN", 0 }, { "SCHED_FLAG_KEEP_POLICY", 0 }, { "SCHED_FLAG_KEEP_PARAMS", 0 },
    { "SCHED_FLAG_UTIL_CLAMP_MIN", 0 }, { "SCHED_FLAG_UTIL_CLAMP_MAX", 0 }, { NULL, 0 } };

static const struct cv_field scheduler_rows[] = {
    CV_STRING(T, scheduler.policy, "policy", CV_NEEDED, .words = policies),
    CV_I64(T, scheduler.nice, "nice", .min = -20, .max = 19),
    CV_I64(T, scheduler.priority, "priority", .max = 99),
    CV_STRV(T, scheduler.flags, "flags", .words = scheduler_flags),
    CV_U64(T, scheduler.runtime, "runtime", .flags = 0),
    CV_U64(T, scheduler.deadline, "deadline", .flags = 0),
    CV_U64(T, scheduler.period, "period", .flags = 0),
};
static const struct cv_table scheduler_table = CV_TABLE(scheduler_rows);

static const struct cv_word io_classes[] = { { "IOPRIO_CLASS_RT", 0 }, { "IOPRIO_CLASS_BE", 0 },
    { "IOPRIO_CLASS_IDLE", 0 }, { NULL, 0 } };

static const struct cv_field io_priority_rows[] = {
    CV_STRING(T, io_priority.class_, "class", CV_NEEDED, .words = io_classes),
    CV_I64(T, io_priority.priority, "priority", .max = 7),
};
static const struct cv_table io_priority_table = CV_TABLE(io_priority_rows);

static const struct cv_field affinity_rows[] = {
    CV_STRING(T, exec_cpu_affinity.initial, "initial", .check = cv_check_cpu_list),
    CV_STRING(T, exec_cpu_affinity.final, "final", .check = cv_check_cpu_list),
};
static const struct cv_table affinity_table = CV_TABLE(affinity_rows);

static const struct cv_field process_rows[] = {
    CV_BOOL(T, terminal, "terminal", .flags = 0),
    CV_OBJECT(T, 0, console_size_set, "consoleSize", &console_table),
    CV_GROUP(0, "user", &user_table, .flags = CV_FIELD_ALWAYS),
    CV_STRV(T, args, "args", .flags = CV_FIELD_OCI_ANY),
    CV_STRING(T, command_line, "commandLine", .check = cv_check_not_empty),
    CV_STRV(T, env, "env", .check = cv_check_env),
    CV_STRING(T, cwd, "cwd", CV_NEEDED, .check = cv_check_absolute_any),
    CV_OBJECT(T, 0, capabilities.set, "capabilities", &capability_table),
    CV_LIST(T, rlimits, "rlimits", &rlimit_table),
    CV_BOOL(T, no_new_privileges, "noNewPrivileges", .flags = 0),
    CV_STRING(T, apparmor_profile, "apparmorProfile", .check = cv_check_label),
    CV_OPT_INT(T, oom_score_adj, "oomScoreAdj", .min = -1000, .max = 1000),
    CV_OBJECT(T, 0, scheduler.set, "scheduler", &scheduler_table),
    CV_STRING(T, selinux_label, "selinuxLabel", .check = cv_check_label),
    CV_OBJECT(T, 0, io_priority.set, "ioPriority", &io_priority_table),
    CV_OBJECT(T, 0, exec_cpu_affinity.set, "execCPUAffinity", &affinity_table),
};
const struct cv_table cv_table_process = CV_TABLE_OF(T, process_rows);
#undef T
