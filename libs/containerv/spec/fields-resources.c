/* Rows of the object "linux.resources". */
#include "fields.h"

#define T struct cv_spec_device_rule
static const struct cv_word rule_types[] = { { "a", 0 }, { "c", 0 }, { "b", 0 }, { NULL, 0 } };

static const struct cv_field rule_rows[] = {
    CV_BOOL(T, allow, "allow", CV_NEEDED),
    CV_STRING(T, type, "type", .words = rule_types),
    CV_OPT_INT(T, major, "major", .min = -1, .max = UINT32_MAX),
    CV_OPT_INT(T, minor, "minor", .min = -1, .max = UINT32_MAX),
    CV_STRING(T, access, "access", .check = cv_check_device_access),
};
static const struct cv_table rule_table = CV_TABLE_OF(T, rule_rows);
#undef T

#define T struct cv_spec_weight_device
static const struct cv_field weight_rows[] = {
    CV_I64(T, major, "major", CV_NEEDED, .max = UINT32_MAX),
    CV_I64(T, minor, "minor", CV_NEEDED, .max = UINT32_MAX),
    CV_OPT_UINT(T, weight, "weight", CV_U16_RANGE),
    CV_OPT_UINT(T, leaf_weight, "leafWeight", CV_U16_RANGE),
};
static const struct cv_table weight_table = CV_TABLE_OF(T, weight_rows);
#undef T

#define T struct cv_spec_throttle_device
static const struct cv_field throttle_rows[] = {
    CV_I64(T, major, "major", CV_NEEDED, .max = UINT32_MAX),
    CV_I64(T, minor, "minor", CV_NEEDED, .max = UINT32_MAX),
    CV_U64(T, rate, "rate", .flags = CV_FIELD_ALWAYS),
};
static const struct cv_table throttle_table = CV_TABLE_OF(T, throttle_rows);
#undef T

#define T struct cv_spec_hugepage_limit
static const struct cv_field hugepage_rows[] = {
    CV_STRING(T, page_size, "pageSize", CV_NEEDED, .check = cv_check_page_size),
    CV_U64(T, limit, "limit", CV_NEEDED),
};
const struct cv_table cv_table_hugepages = CV_TABLE_OF(T, hugepage_rows);
#undef T

#define T struct cv_spec_interface
static const struct cv_field interface_rows[] = {
    CV_STRING(T, name, "name", CV_NEEDED, .check = cv_check_not_empty),
    CV_U32(T, priority, "priority", CV_NEEDED),
};
static const struct cv_table interface_table = CV_TABLE_OF(T, interface_rows);
#undef T

#define T struct cv_spec_rdma
static const struct cv_field rdma_rows[] = {
    CV_OPT_UINT(T, hca_handles, "hcaHandles", CV_U32_RANGE),
    CV_OPT_UINT(T, hca_objects, "hcaObjects", CV_U32_RANGE),
};
static const struct cv_table rdma_table = {
    .fields = rdma_rows, .count = CV_ARRAY_LEN(rdma_rows), .size = sizeof(T), .key = CV_TYPED_OFFSET(T, name, char*)
};
#undef T

#define T struct cv_spec_resources
static const struct cv_field memory_rows[] = {
    CV_OPT_INT(T, memory.limit, "limit", .min = -1, .max = INT64_MAX),
    CV_OPT_INT(T, memory.reservation, "reservation", .min = -1, .max = INT64_MAX),
    CV_OPT_INT(T, memory.swap, "swap", .min = -1, .max = INT64_MAX),
    CV_OPT_INT(T, memory.kernel, "kernel", .min = -1, .max = INT64_MAX),
    CV_OPT_INT(T, memory.kernel_tcp, "kernelTCP", .min = -1, .max = INT64_MAX),
    CV_OPT_UINT(T, memory.swappiness, "swappiness", .flags = 0),
    CV_OPT_BOOL(T, memory.disable_oom_killer, "disableOOMKiller"),
    CV_OPT_BOOL(T, memory.use_hierarchy, "useHierarchy"),
    CV_OPT_BOOL(T, memory.check_before_update, "checkBeforeUpdate"),
};
static const struct cv_table memory_table = CV_TABLE(memory_rows);

static const struct cv_field cpu_rows[] = {
    CV_OPT_UINT(T, cpu.shares, "shares", .flags = 0),
    CV_OPT_INT(T, cpu.quota, "quota", .flags = 0),
    CV_OPT_UINT(T, cpu.burst, "burst", .flags = 0),
    CV_OPT_UINT(T, cpu.period, "period", .flags = 0),
    CV_OPT_INT(T, cpu.realtime_runtime, "realtimeRuntime", .flags = 0),
    CV_OPT_UINT(T, cpu.realtime_period, "realtimePeriod", .flags = 0),
    CV_STRING(T, cpu.cpus, "cpus", .check = cv_check_cpu_list),
    CV_STRING(T, cpu.mems, "mems", .check = cv_check_cpu_list),
    CV_OPT_INT(T, cpu.idle, "idle", .flags = 0),
};
static const struct cv_table cpu_table = CV_TABLE(cpu_rows);

static const struct cv_field pids_rows[] = {
    CV_I64(T, pids.limit, "limit", CV_NEEDED),
};
static const struct cv_table pids_table = CV_TABLE(pids_rows);

static const struct cv_field block_rows[] = {
    CV_OPT_UINT(T, block_io.weight, "weight", CV_U16_RANGE),
    CV_OPT_UINT(T, block_io.leaf_weight, "leafWeight", CV_U16_RANGE),
    CV_LIST(T, block_io.weight_device, "weightDevice", &weight_table),
    CV_LIST(T, block_io.read_bps, "throttleReadBpsDevice", &throttle_table),
    CV_LIST(T, block_io.write_bps, "throttleWriteBpsDevice", &throttle_table),
    CV_LIST(T, block_io.read_iops, "throttleReadIOPSDevice", &throttle_table),
    CV_LIST(T, block_io.write_iops, "throttleWriteIOPSDevice", &throttle_table),
};
static const struct cv_table block_table = CV_TABLE(block_rows);

static const struct cv_field network_rows[] = {
    CV_OPT_UINT(T, network.class_id, "classID", CV_U32_RANGE),
    CV_LIST(T, network.priorities, "priorities", &interface_table),
};
static const struct cv_table network_table = CV_TABLE(network_rows);

static const struct cv_field resource_rows[] = {
    CV_LIST(T, devices, "devices", &rule_table),
    CV_OBJECT(T, 0, memory.set, "memory", &memory_table),
    CV_OBJECT(T, 0, cpu.set, "cpu", &cpu_table),
    CV_OBJECT(T, 0, pids.set, "pids", &pids_table),
    CV_OBJECT(T, 0, block_io.set, "blockIO", &block_table),
    CV_LIST(T, hugepage_limits, "hugepageLimits", &cv_table_hugepages),
    CV_OBJECT(T, 0, network.set, "network", &network_table),
    CV_MAP(T, rdma, "rdma", &rdma_table),
    CV_PAIRS(T, unified, "unified", .check = cv_check_file_name),
};
const struct cv_table cv_table_resources = CV_TABLE_OF(T, resource_rows);
#undef T
