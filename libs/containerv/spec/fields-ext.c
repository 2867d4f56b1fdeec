/* Rows of our extension object. Nothing unknown is accepted here. */
#include <chef/containerv/options.h>
#include <chef/containerv/policy.h>
#include <chef/containerv/supervised.h>

#include "fields.h"

static const struct cv_word cap_names[]     = { { "filesystem", CV_CAP_FILESYSTEM },
        { "process-control", CV_CAP_PROCESS_CONTROL }, { "network", CV_CAP_NETWORK }, { "ipc", CV_CAP_IPC },
        { "users", CV_CAP_USERS }, { "limits", CV_CAP_LIMITS }, { NULL, 0 } };
static const struct cv_word share_names[]   = { { "network", CV_SHARE_NETWORK }, { "ipc", CV_SHARE_IPC },
      { "users", CV_SHARE_USERS }, { "uts", CV_SHARE_UTS }, { "cgroup", CV_SHARE_CGROUP }, { NULL, 0 } };
static const struct cv_word network_modes[] = { { "none", CV_SPEC_NETWORK_NONE }, { "host", CV_SPEC_NETWORK_HOST },
    { "veth", CV_SPEC_NETWORK_VETH }, { NULL, 0 } };
static const struct cv_word profiles[]      = { { "default", 0 }, { "unconfined", 0 }, { "spec", 0 }, { "docker", 0 },
         { NULL, 0 } };
static const struct cv_word levels[]        = { { "default", 0 }, { "strict", 0 }, { NULL, 0 } };
static const struct cv_word path_access[]   = { { "read", CV_ACCESS_READ }, { "write", CV_ACCESS_WRITE },
      { "execute", CV_ACCESS_EXECUTE }, { NULL, 0 } };
static const struct cv_word tcp_access[]    = { { "bind", CV_ACCESS_BIND }, { "connect", CV_ACCESS_CONNECT },
       { NULL, 0 } };

#define T struct cv_spec_ext_device
static const struct cv_field device_rows[] = {
    CV_STRING(T, host_path, "hostPath", CV_NEEDED, .check = cv_check_absolute),
    CV_STRING(T, path, "path", .check = cv_check_absolute),
    CV_STRING(T, access, "access", .check = cv_check_device_access),
};
static const struct cv_table device_table = {
    .fields = device_rows, .count = CV_ARRAY_LEN(device_rows), .size = sizeof(T), .strict = true
};
#undef T

#define T struct cv_spec_landlock_path
static const struct cv_field landlock_path_rows[] = {
    CV_STRING(T, path, "path", CV_NEEDED, .check = cv_check_absolute),
    CV_BITS(T, access, "access", path_access),
};
static const struct cv_table landlock_path_table = {
    .fields = landlock_path_rows, .count = CV_ARRAY_LEN(landlock_path_rows), .size = sizeof(T), .strict = true
};
#undef T

#define T struct cv_spec_landlock_tcp
static const struct cv_field landlock_tcp_rows[] = {
    CV_U32(T, port, "port", CV_NEEDED, CV_U16_RANGE),
    CV_BITS(T, access, "access", tcp_access),
};
static const struct cv_table landlock_tcp_table = {
    .fields = landlock_tcp_rows, .count = CV_ARRAY_LEN(landlock_tcp_rows), .size = sizeof(T), .strict = true
};
#undef T

#define T struct cv_spec_io_limit
static const struct cv_field io_rows[] = {
    CV_STRING(T, path, "path", CV_NEEDED, .check = cv_check_absolute),
    CV_U64(T, read_bps, "readBps", .max = INT64_MAX),
    CV_U64(T, write_bps, "writeBps", .max = INT64_MAX),
    CV_U64(T, read_iops, "readIops", .max = UINT32_MAX),
    CV_U64(T, write_iops, "writeIops", .max = UINT32_MAX),
};
static const struct cv_table io_table = {
    .fields = io_rows, .count = CV_ARRAY_LEN(io_rows), .size = sizeof(T), .strict = true
};
#undef T

#define T struct cv_spec_secret
static const struct cv_field secret_rows[] = {
    CV_STRING(T, source, "source", CV_NEEDED, .check = cv_check_absolute),
    CV_STRING(T, name, "name", CV_NEEDED, .check = cv_check_file_name),
    CV_U32(T, uid, "uid", CV_U32_RANGE),
    CV_U32(T, gid, "gid", CV_U32_RANGE),
    CV_U32(T, mode, "mode", .max = 0777),
};
static const struct cv_table secret_table = {
    .fields = secret_rows, .count = CV_ARRAY_LEN(secret_rows), .size = sizeof(T), .strict = true
};
#undef T

#define T struct cv_spec_supervision
static const struct cv_word  restart_names[] = { { "no", CV_RESTART_NO }, { "on-failure", CV_RESTART_ON_FAILURE },
     { "always", CV_RESTART_ALWAYS }, { NULL, 0 } };
static const struct cv_field log_rows[]      = {
         CV_U64(T, log.file_bytes, "fileBytes", .max = INT64_MAX),
         CV_U64(T, log.total_bytes, "totalBytes", .max = INT64_MAX),
};
static const struct cv_table log_table     = { .fields = log_rows, .count = CV_ARRAY_LEN(log_rows), .strict = true };
static const struct cv_field health_rows[] = {
    CV_STRV(T, health.command, "command", .flags = CV_FIELD_OCI_ANY),
    CV_I64(T, health.interval_ms, "intervalMs", .max = INT64_MAX),
    CV_I64(T, health.timeout_ms, "timeoutMs", .max = INT64_MAX),
    CV_I64(T, health.start_period_ms, "startPeriodMs", .max = INT64_MAX),
    CV_U32(T, health.retries, "retries", CV_U32_RANGE),
};
static const struct cv_table health_table = {
    .fields = health_rows, .count = CV_ARRAY_LEN(health_rows), .strict = true
};
static const struct cv_field supervision_rows[] = {
    CV_BOOL(T, defer, "defer", .flags = 0),
    CV_BOOL(T, remove, "remove", .flags = 0),
    CV_BOOL(T, open_stdin, "openStdin", .flags = 0),
    CV_WORD(T, restart, "restart", restart_names),
    CV_U32(T, restart_max, "restartMax", CV_U32_RANGE),
    CV_U32(T, stop_signal, "stopSignal", .max = 64),
    CV_I64(T, stop_timeout_ms, "stopTimeoutMs", .min = -1, .max = INT64_MAX),
    CV_GROUP(0, "log", &log_table, .flags = 0),
    CV_GROUP(0, "health", &health_table, .flags = 0),
};
static const struct cv_table supervision_table = {
    .fields = supervision_rows, .count = CV_ARRAY_LEN(supervision_rows), .strict = true
};
#undef T

#define T struct cv_spec_limits
static const struct cv_field limit_rows[] = {
    CV_U64(T, memory_bytes, "memoryBytes", .max = INT64_MAX),
    CV_U64(T, cpu_milli, "cpuMilli", .max = 1000000000),
    CV_U64(T, cpu_quota_us, "cpuQuotaUs", .max = INT64_MAX),
    CV_U64(T, cpu_period_us, "cpuPeriodUs", .max = 1000000),
    CV_U64(T, pids, "pids", .flags = 0),
    CV_U64(T, swap_bytes, "swapBytes", .flags = 0),
    CV_U64(T, memory_reservation_bytes, "memoryReservationBytes", .max = INT64_MAX),
    CV_U32(T, cpu_weight, "cpuWeight", .max = 10000),
    CV_U32(T, io_weight, "ioWeight", .max = 1000),
    CV_STRING(T, cpus, "cpus", .check = cv_check_cpu_list),
    CV_STRING(T, memory_nodes, "memoryNodes", .check = cv_check_cpu_list),
    CV_LIST(T, io, "io", &io_table),
    CV_LIST(T, hugepages, "hugepages", &cv_table_hugepages),
    CV_U64(T, upper_bytes, "upperBytes", .max = INT64_MAX),
};
static const struct cv_table limit_table = { .fields = limit_rows, .count = CV_ARRAY_LEN(limit_rows), .strict = true };
#undef T

#define T struct cv_spec_extension
static const struct cv_field landlock_rows[] = {
    CV_LIST(T, landlock.paths, "paths", &landlock_path_table),
    CV_LIST(T, landlock.tcp, "tcp", &landlock_tcp_table),
};
static const struct cv_table landlock_table = {
    .fields = landlock_rows, .count = CV_ARRAY_LEN(landlock_rows), .strict = true
};

static const struct cv_field network_rows[] = {
    CV_WORD(T, network.mode, "mode", network_modes),
    CV_STRING(T, network.address, "address", .flags = 0),
    CV_STRING(T, network.netmask, "netmask", .flags = 0),
    CV_STRING(T, network.host_address, "hostAddress", .flags = 0),
};
static const struct cv_table network_table = {
    .fields = network_rows, .count = CV_ARRAY_LEN(network_rows), .strict = true
};

static const struct cv_field extension_rows[] = {
    CV_STRING(T, id, "id", .flags = 0), /* grammar: cv_spec_check_id() */
    CV_BITS(T, caps, "caps", cap_names),
    CV_BITS(T, shared, "shared", share_names),
    CV_STRV(T, layers, "layers", .check = cv_check_absolute_any),
    CV_NOT_BOOL(T, no_init, "init"),
    CV_BOOL(T, hold, "hold", .flags = 0),
    CV_STRING(T, security_level, "securityLevel", .words = levels),
    CV_STRING(T, seccomp, "seccomp", .words = profiles),
    CV_OBJECT(T, offsetof(T, docker_seccomp), docker_seccomp.set, "dockerSeccomp", &cv_table_docker_seccomp),
    CV_GROUP(0, "landlock", &landlock_table, .flags = 0),
    CV_STRING(T, user, "user", .check = cv_check_not_empty),
    CV_STRV(T, groups, "groups", .check = cv_check_not_empty),
    CV_GROUP(0, "network", &network_table, .flags = 0),
    CV_GROUP(offsetof(T, limits), "limits", &limit_table, .flags = 0),
    CV_STRING(T, cgroup_parent, "cgroupParent", .check = cv_check_cgroup_parent),
    CV_STRV(T, weaker, "weaker", .check = cv_check_not_empty),
    CV_LIST(T, devices, "devices", &device_table),
    CV_STRING(T, isolation, "isolation", .check = cv_check_not_empty),
    CV_I64(T, timeout_ms, "timeoutMs", .max = INT64_MAX),
    CV_OBJECT(T, offsetof(T, supervision), supervision.set, "supervision", &supervision_table),
    CV_LIST(T, secrets, "secrets", &secret_table),
};
const struct cv_table cv_table_extension = {
    .fields = extension_rows, .count = CV_ARRAY_LEN(extension_rows), .size = sizeof(T), .strict = true
};
#undef T
