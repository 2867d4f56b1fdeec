/* Rows of the object "linux" without its resources. */
#include "fields.h"

#define T struct cv_spec_namespace
static const struct cv_word  namespace_types[] = { { "pid", 0 }, { "network", 0 }, { "mount", 0 }, { "ipc", 0 },
     { "uts", 0 }, { "user", 0 }, { "cgroup", 0 }, { "time", 0 }, { NULL, 0 } };
static const struct cv_field namespace_rows[]  = {
     CV_STRING(T, type, "type", CV_NEEDED, .words = namespace_types),
     CV_STRING(T, path, "path", .check = cv_check_absolute),
};
const struct cv_table cv_table_namespace = CV_TABLE_OF(T, namespace_rows);
#undef T

#define T struct cv_spec_device
static const struct cv_word device_types[] = { { "c", 0 }, { "b", 0 }, { "u", 0 }, { "p", 0 }, { NULL, 0 } };

static const struct cv_field device_rows[] = {
    CV_STRING(T, type, "type", CV_NEEDED, .words = device_types),
    CV_STRING(T, path, "path", CV_NEEDED, .check = cv_check_absolute),
    CV_I64(T, major, "major", .flags = CV_FIELD_ALWAYS, .max = UINT32_MAX),
    CV_I64(T, minor, "minor", .flags = CV_FIELD_ALWAYS, .max = UINT32_MAX),
    CV_OPT_UINT(T, file_mode, "fileMode", CV_U32_RANGE),
    CV_OPT_UINT(T, uid, "uid", CV_U32_RANGE),
    CV_OPT_UINT(T, gid, "gid", CV_U32_RANGE),
};
static const struct cv_table device_table = CV_TABLE_OF(T, device_rows);
#undef T

#define T struct cv_spec_seccomp_arg
static const struct cv_word  operators[] = { { "SCMP_CMP_NE", 0 }, { "SCMP_CMP_LT", 0 }, { "SCMP_CMP_LE", 0 },
     { "SCMP_CMP_EQ", 0 }, { "SCMP_CMP_GE", 0 }, { "SCMP_CMP_GT", 0 }, { "SCMP_CMP_MASKED_EQ", 0 }, { NULL, 0 } };
static const struct cv_field arg_rows[]  = {
     CV_U32(T, index, "index", CV_NEEDED, .max = 5),
     CV_U64(T, value, "value", CV_NEEDED),
     CV_U64(T, value_two, "valueTwo", .flags = 0),
     CV_STRING(T, op, "op", CV_NEEDED, .words = operators),
};
static const struct cv_table arg_table = CV_TABLE_OF(T, arg_rows);
#undef T

#define T struct cv_spec_syscall
static const struct cv_word  actions[]      = { { "SCMP_ACT_KILL", 0 }, { "SCMP_ACT_KILL_PROCESS", 0 },
          { "SCMP_ACT_KILL_THREAD", 0 }, { "SCMP_ACT_TRAP", 0 }, { "SCMP_ACT_ERRNO", 0 }, { "SCMP_ACT_TRACE", 0 },
          { "SCMP_ACT_ALLOW", 0 }, { "SCMP_ACT_LOG", 0 }, { "SCMP_ACT_NOTIFY", 0 }, { NULL, 0 } };
static const struct cv_field syscall_rows[] = {
    CV_STRV(T, names, "names", CV_NEEDED, .check = cv_check_not_empty),
    CV_STRING(T, action, "action", CV_NEEDED, .words = actions),
    CV_OPT_UINT(T, errno_ret, "errnoRet", CV_U32_RANGE),
    CV_LIST(T, args, "args", &arg_table),
};
static const struct cv_table syscall_table = CV_TABLE_OF(T, syscall_rows);
#undef T

#define T struct cv_spec_seccomp
static const struct cv_word  architectures[] = { { "SCMP_ARCH_X86", 0 }, { "SCMP_ARCH_X86_64", 0 },
     { "SCMP_ARCH_X32", 0 }, { "SCMP_ARCH_ARM", 0 }, { "SCMP_ARCH_AARCH64", 0 }, { "SCMP_ARCH_LOONGARCH64", 0 },
     { "SCMP_ARCH_M68K", 0 }, { "SCMP_ARCH_MIPS", 0 }, { "SCMP_ARCH_MIPS64", 0 }, { "SCMP_ARCH_MIPS64N32", 0 },
     { "SCMP_ARCH_MIPSEL", 0 }, { "SCMP_ARCH_MIPSEL64", 0 }, { "SCMP_ARCH_MIPSEL64N32", 0 }, { "SCMP_ARCH_PPC", 0 },
     { "SCMP_ARCH_PPC64", 0 }, { "SCMP_ARCH_PPC64LE", 0 }, { "SCMP_ARCH_S390", 0 }, { "SCMP_ARCH_S390X", 0 },
     { "SCMP_ARCH_SH", 0 }, { "SCMP_ARCH_SHEB", 0 }, { "SCMP_ARCH_PARISC", 0 }, { "SCMP_ARCH_PARISC64", 0 },
     { "SCMP_ARCH_RISCV64", 0 }, { NULL, 0 } };
static const struct cv_word  filter_flags[]  = { { "SECCOMP_FILTER_FLAG_TSYNC", 0 }, { "SECCOMP_FILTER_FLAG_LOG", 0 },
      { "SECCOMP_FILTER_FLAG_SPEC_ALLOW", 0 }, { "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", 0 }, { NULL, 0 } };
static const struct cv_field seccomp_rows[]  = {
     CV_STRING(T, default_action, "defaultAction", CV_NEEDED, .words = actions),
     CV_OPT_UINT(T, default_errno_ret, "defaultErrnoRet", CV_U32_RANGE),
     CV_STRV(T, architectures, "architectures", .words = architectures),
     CV_STRV(T, flags, "flags", .words = filter_flags),
     CV_STRING(T, listener_path, "listenerPath", .check = cv_check_absolute),
     CV_STRING(T, listener_metadata, "listenerMetadata", .flags = 0),
     CV_LIST(T, syscalls, "syscalls", &syscall_table),
};
const struct cv_table cv_table_seccomp = CV_TABLE_OF(T, seccomp_rows);
#undef T

#define T struct cv_spec_linux
static const struct cv_field monotonic_rows[] = {
    CV_OPT_INT(T, time_offsets.monotonic_secs, "secs", .flags = 0),
    CV_OPT_INT(T, time_offsets.monotonic_nanosecs, "nanosecs", .max = 999999999),
};
static const struct cv_table monotonic_table = CV_TABLE(monotonic_rows);

static const struct cv_field boottime_rows[] = {
    CV_OPT_INT(T, time_offsets.boottime_secs, "secs", .flags = 0),
    CV_OPT_INT(T, time_offsets.boottime_nanosecs, "nanosecs", .max = 999999999),
};
static const struct cv_table boottime_table = CV_TABLE(boottime_rows);

static const struct cv_field time_rows[] = {
    CV_GROUP(0, "monotonic", &monotonic_table, .flags = 0),
    CV_GROUP(0, "boottime", &boottime_table, .flags = 0),
};
static const struct cv_table time_table = CV_TABLE(time_rows);

static const struct cv_field rdt_rows[] = {
    CV_STRING(T, intel_rdt.clos_id, "closID", .check = cv_check_unified),
    CV_STRING(T, intel_rdt.l3_cache_schema, "l3CacheSchema", .check = cv_check_not_empty),
    CV_STRING(T, intel_rdt.mem_bw_schema, "memBwSchema", .check = cv_check_mem_bw),
    CV_OPT_BOOL(T, intel_rdt.enable_cmt, "enableCMT"),
    CV_OPT_BOOL(T, intel_rdt.enable_mbm, "enableMBM"),
};
static const struct cv_table rdt_table = CV_TABLE(rdt_rows);

static const struct cv_word domains[] = { { "LINUX", 0 }, { "LINUX32", 0 }, { NULL, 0 } };

static const struct cv_field personality_rows[] = {
    CV_STRING(T, personality.domain, "domain", CV_NEEDED, .words = domains),
    CV_STRV(T, personality.flags, "flags", .check = cv_check_not_empty),
};
static const struct cv_table personality_table = CV_TABLE(personality_rows);

static const struct cv_word propagations[] = { { "private", 0 }, { "shared", 0 }, { "slave", 0 }, { "unbindable", 0 },
    { NULL, 0 } };

static const struct cv_field linux_rows[] = {
    CV_LIST(T, uid_mappings, "uidMappings", &cv_table_id_map),
    CV_LIST(T, gid_mappings, "gidMappings", &cv_table_id_map),
    CV_PAIRS(T, sysctl, "sysctl", .check = cv_check_sysctl),
    CV_OBJECT(T, offsetof(T, resources), resources.set, "resources", &cv_table_resources),
    CV_STRING(T, cgroups_path, "cgroupsPath", .check = cv_check_not_empty),
    CV_LIST(T, namespaces, "namespaces", &cv_table_namespace),
    CV_LIST(T, devices, "devices", &device_table),
    CV_OBJECT(T, offsetof(T, seccomp), seccomp.set, "seccomp", &cv_table_seccomp),
    CV_STRING(T, rootfs_propagation, "rootfsPropagation", .words = propagations),
    CV_STRV(T, masked_paths, "maskedPaths", .check = cv_check_absolute),
    CV_STRV(T, readonly_paths, "readonlyPaths", .check = cv_check_absolute),
    CV_STRING(T, mount_label, "mountLabel", .check = cv_check_no_new_line),
    CV_OBJECT(T, 0, intel_rdt.set, "intelRdt", &rdt_table),
    CV_OBJECT(T, 0, personality.set, "personality", &personality_table),
    CV_OBJECT(T, 0, time_offsets.set, "timeOffsets", &time_table),
};
const struct cv_table cv_table_linux = CV_TABLE_OF(T, linux_rows);
#undef T
