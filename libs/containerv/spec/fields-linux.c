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

#define T struct cv_spec_net_device
static const struct cv_field net_device_rows[] = {
    CV_STRING(T, name, "name", .check = cv_check_link_name),
};
static const struct cv_table net_device_table = { .fields = net_device_rows,
    .count                                                = CV_ARRAY_LEN(net_device_rows),
    .size                                                 = sizeof(T),
    .key                                                  = CV_TYPED_OFFSET(T, host_name, char*) };
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
    CV_STRING(T, intel_rdt.clos_id, "closID", .check = cv_check_file_name),
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

/* The specification has the first four; its runtimes take all of mount(8). */
static const struct cv_word propagations[] = { { "private", 0 }, { "shared", 0 }, { "slave", 0 }, { "unbindable", 0 },
    { "rprivate", 0 }, { "rshared", 0 }, { "rslave", 0 }, { "runbindable", 0 }, { NULL, 0 } };

static const struct cv_field linux_rows[] = {
    CV_LIST(T, uid_mappings, "uidMappings", &cv_table_id_map),
    CV_LIST(T, gid_mappings, "gidMappings", &cv_table_id_map),
    CV_PAIRS(T, sysctl, "sysctl", .check = cv_check_sysctl),
    CV_OBJECT(T, offsetof(T, resources), resources.set, "resources", &cv_table_resources),
    CV_STRING(T, cgroups_path, "cgroupsPath", .check = cv_check_not_empty),
    CV_LIST(T, namespaces, "namespaces", &cv_table_namespace),
    CV_LIST(T, devices, "devices", &device_table),
    CV_MAP(T, net_devices, "netDevices", &net_device_table),
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
