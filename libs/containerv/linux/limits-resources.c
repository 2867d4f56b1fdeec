/* From linux.resources of a specification to files and values. What a host need not have a controller for: see limits-plan.h. */
#include <inttypes.h>
#include <string.h>

#include <cv/str.h>

#include "linux/limits-planner.h"

#include <cv/banned.h>

#define MEMORY         LINUX_CONTROLLER_MEMORY
#define CPU            LINUX_CONTROLLER_CPU
#define PIDS           LINUX_CONTROLLER_PIDS
#define IO             LINUX_CONTROLLER_IO
#define SHARES_DEFAULT UINT64_C(1024)
#define SHARES_MIN     UINT64_C(2)
#define SHARES_MAX     UINT64_C(262144)
#define WEIGHT_MAX     UINT64_C(10000)
#define BLKIO_MIN      UINT64_C(10)
#define BLKIO_MAX      UINT64_C(1000)

/* 0 is not given to all runtimes: it is what a caller's language has for that. */
static bool has_int(const struct cv_opt_int* number)
{
    return number->set && number->value != 0;
}

static bool has_uint(const struct cv_opt_uint* number)
{
    return number->set && number->value != 0;
}

static uint64_t or_none(const struct cv_opt_int* number)
{
    return has_int(number) && number->value > 0 ? (uint64_t)number->value : LINUX_NO_LIMIT;
}

static uint64_t within(uint64_t value, uint64_t min, uint64_t max)
{
    return value < min ? min : value > max ? max : value;
}

/* --- memory -------------------------------------------------------------------------------------------------------------------- */

static int check_swap(uint64_t memory, uint64_t total, struct cv_error* err)
{
    if (total >= INT64_MAX || (memory < INT64_MAX && memory <= total))
        return 0;
    if (memory < INT64_MAX)
        cv_error_set(err, CV_ERR_INVALID, "linux.resources.memory.swap, %" PRIu64 ", is less than the limit, %" PRIu64,
            total, memory);
    else
        cv_error_set(
            err, CV_ERR_INVALID, "linux.resources.memory.swap, %" PRIu64 ", needs a limit of the memory, too", total);
    cv_error_step(err, "plan the limits");
    return cv_error_hint(err, "it is memory and swap together");
}

/* No swap at all is kept by a host that counts none. */
static void plan_memory_pair(struct linux_planner* planner, const struct cv_spec_resources* all)
{
    uint64_t memory = or_none(&all->memory.limit), total = or_none(&all->memory.swap);
    if (planner->rc == 0)
        planner->rc = check_swap(memory, total, planner->err);
    planner->optional = memory >= INT64_MAX;
    if (memory < INT64_MAX || (planner->update && has_int(&all->memory.limit)))
        linux_plan_memory(planner, memory);
    planner->optional = total >= INT64_MAX || total == memory;
    if (total < INT64_MAX)
        linux_plan_swap(planner, total - memory, total);
    else if (planner->update && (has_int(&all->memory.swap) || (memory >= INT64_MAX && has_int(&all->memory.limit))))
        linux_plan_swap(planner, LINUX_NO_LIMIT, LINUX_NO_LIMIT);
}

static void plan_reservation(struct linux_planner* planner, int64_t bytes)
{
    planner->optional = bytes < 0;
    if (bytes < 0 && !planner->update)
        return;
    linux_plan_amount(planner, "the reservation of memory", MEMORY, 2, "memory.low", bytes < 0 ? 0 : (uint64_t)bytes);
    linux_plan_amount(planner, "the reservation of memory", MEMORY, 1, "memory.soft_limit_in_bytes",
        bytes < 0 ? LINUX_NO_LIMIT : (uint64_t)bytes);
}

static void plan_only_v1(
    struct linux_planner* planner, const char* what, enum linux_controller controller, const char* file, int64_t value)
{
    linux_plan_add(planner, what, controller, 1, file, "%" PRId64, value);
    linux_plan_add(planner, what, controller, 2, NULL, "%s", "");
}

static void plan_memory(
    struct linux_planner* planner, const struct cv_spec_resources* all, const struct cv_spec_resources* given)
{
    if (has_int(&given->memory.limit) || has_int(&given->memory.swap))
        plan_memory_pair(planner, all);
    if (has_int(&given->memory.reservation))
        plan_reservation(planner, given->memory.reservation.value);
    planner->optional = false;
    if (given->memory.swappiness.set)
        plan_only_v1(planner, "swappiness", MEMORY, "memory.swappiness",
            (int64_t)within(given->memory.swappiness.value, 0, 1000));
    if (given->memory.kernel_tcp.set && given->memory.kernel_tcp.value > 0)
        plan_only_v1(planner, "the limit of TCP's memory", MEMORY, "memory.kmem.tcp.limit_in_bytes",
            given->memory.kernel_tcp.value);
    planner->optional = !given->memory.disable_oom_killer.value;
    if (given->memory.disable_oom_killer.set && (!planner->optional || planner->update))
        plan_only_v1(planner, "disableOOMKiller", MEMORY, "memory.oom_control", !planner->optional);
}

/* --- CPU ----------------------------------------------------------------------------------------------------------------------- */

uint64_t linux_weight_of_shares(uint64_t shares)
{
    return 1 + (within(shares, SHARES_MIN, SHARES_MAX) - SHARES_MIN) * (WEIGHT_MAX - 1) / (SHARES_MAX - SHARES_MIN);
}

static void plan_shares(struct linux_planner* planner, uint64_t shares)
{
    planner->optional = shares == SHARES_DEFAULT;
    linux_plan_weight(planner, linux_weight_of_shares(shares), within(shares, SHARES_MIN, SHARES_MAX));
}

static void plan_quota(struct linux_planner* planner, const struct cv_spec_resources* all)
{
    uint64_t period   = has_uint(&all->cpu.period) ? all->cpu.period.value : LINUX_CPU_PERIOD_US;
    uint64_t quota    = or_none(&all->cpu.quota);
    planner->optional = quota == LINUX_NO_LIMIT;
    if (quota != LINUX_NO_LIMIT || has_uint(&all->cpu.period) || planner->update)
        linux_plan_quota(planner, quota, period);
}

static void plan_realtime(struct linux_planner* planner, const struct cv_spec_resources* given)
{
    planner->optional = false;
    if (has_uint(&given->cpu.realtime_period))
        plan_only_v1(planner, "the period of realtime", CPU, "cpu.rt_period_us",
            (int64_t)within(given->cpu.realtime_period.value, 0, INT64_MAX));
    if (has_int(&given->cpu.realtime_runtime))
        plan_only_v1(planner, "the time of realtime", CPU, "cpu.rt_runtime_us", given->cpu.realtime_runtime.value);
}

static void plan_cpu(
    struct linux_planner* planner, const struct cv_spec_resources* all, const struct cv_spec_resources* given)
{
    if (has_int(&given->cpu.quota) || has_uint(&given->cpu.period))
        plan_quota(planner, all);
    planner->optional = given->cpu.burst.value == 0;
    if (given->cpu.burst.set && (!planner->optional || planner->update))
        linux_plan_both(
            planner, "the burst of CPU time", CPU, "cpu.max.burst", "cpu.cfs_burst_us", given->cpu.burst.value);
    if (has_uint(&given->cpu.shares))
        plan_shares(planner, given->cpu.shares.value);
    planner->optional = given->cpu.idle.value == 0;
    if (given->cpu.idle.set && (!planner->optional || planner->update))
        for (int version = 2; version >= 1; version--)
            linux_plan_add(
                planner, "the idle class of CPU time", CPU, version, "cpu.idle", "%" PRId64, given->cpu.idle.value);
    plan_realtime(planner, given);
    planner->optional = false;
    linux_plan_cpuset(planner, given->cpu.cpus, given->cpu.mems);
}

/* --- I/O ----------------------------------------------------------------------------------------------------------------------- */

uint64_t linux_weight_of_blkio(uint64_t weight)
{
    return 1 + (within(weight, BLKIO_MIN, BLKIO_MAX) - BLKIO_MIN) * (WEIGHT_MAX - 1) / (BLKIO_MAX - BLKIO_MIN);
}

static void plan_weight(struct linux_planner* planner, uint64_t weight)
{
    static const char* const what = "the weight of I/O";
    linux_plan_amount(planner, what, IO, 2, "io.bfq.weight", weight);
    linux_plan_or_next(planner);
    linux_plan_add(planner, what, IO, 2, "io.weight", "default %" PRIu64, linux_weight_of_blkio(weight));
    linux_plan_amount(planner, what, IO, 1, "blkio.bfq.weight", weight);
    linux_plan_or_next(planner);
    linux_plan_amount(planner, what, IO, 1, "blkio.weight", weight);
}

#define NODE "%" PRId64 ":%" PRId64 " %" PRIu64

static void plan_weight_device(struct linux_planner* planner, const struct cv_spec_weight_device* device)
{
    static const char* const what  = "the weight of a device";
    int64_t                  major = device->major, minor = device->minor;
    uint64_t                 weight = device->weight.value, leaf = device->leaf_weight.value;
    if (has_uint(&device->weight)) {
        linux_plan_add(planner, what, IO, 2, "io.bfq.weight", NODE, major, minor, weight);
        linux_plan_or_next(planner);
        linux_plan_add(planner, what, IO, 2, "io.weight", NODE, major, minor, linux_weight_of_blkio(weight));
        linux_plan_add(planner, what, IO, 1, "blkio.bfq.weight_device", NODE, major, minor, weight);
        linux_plan_or_next(planner);
        linux_plan_add(planner, what, IO, 1, "blkio.weight_device", NODE, major, minor, weight);
    }
    if (has_uint(&device->leaf_weight)) {
        linux_plan_add(planner, what, IO, 1, "blkio.leaf_weight_device", NODE, major, minor, leaf);
        linux_plan_add(planner, what, IO, 2, NULL, "%s", "");
    }
}

static void plan_rates(struct linux_planner* planner, enum linux_rate rate, const struct cv_spec_throttle* list)
{
    for (size_t i = 0; i < list->count && planner->rc == 0; i++) {
        const struct cv_spec_throttle_device* device = &list->items[i];
        planner->optional                            = device->rate == 0;
        if (device->rate != 0 || planner->update)
            linux_plan_rate(planner, rate, (uint64_t)device->major, (uint64_t)device->minor,
                device->rate != 0 ? device->rate : LINUX_NO_LIMIT);
    }
}

static void plan_io(struct linux_planner* planner, const struct cv_spec_resources* given)
{
    planner->optional = false;
    if (has_uint(&given->block_io.weight))
        plan_weight(planner, given->block_io.weight.value);
    if (has_uint(&given->block_io.leaf_weight))
        plan_only_v1(planner, "the weight of I/O without groups below", IO, "blkio.leaf_weight",
            (int64_t)given->block_io.leaf_weight.value);
    for (size_t i = 0; i < given->block_io.weight_device.count && planner->rc == 0; i++)
        plan_weight_device(planner, &given->block_io.weight_device.items[i]);
    plan_rates(planner, LINUX_RATE_READ_BPS, &given->block_io.read_bps);
    plan_rates(planner, LINUX_RATE_WRITE_BPS, &given->block_io.write_bps);
    plan_rates(planner, LINUX_RATE_READ_IOPS, &given->block_io.read_iops);
    plan_rates(planner, LINUX_RATE_WRITE_IOPS, &given->block_io.write_iops);
}

/* --- the rest ------------------------------------------------------------------------------------------------------------------ */

/* What is reserved counts as used, where the kernel has it: a program is told at its mmap(), and not killed by its first use. */
static void plan_reserved_pages(struct linux_planner* planner, const struct cv_spec_resources* given)
{
    planner->optional = true;
    for (size_t i = 0; i < given->hugepage_limits.count && planner->rc == 0; i++) {
        const struct cv_spec_hugepage_limit* limit = &given->hugepage_limits.items[i];
        char                                 v2[LINUX_LIMIT_FILE_SIZE], v1[LINUX_LIMIT_FILE_SIZE];
        cv_snprintf(v2, sizeof(v2), "hugetlb.%s.rsvd.max", limit->page_size);
        cv_snprintf(v1, sizeof(v1), "hugetlb.%s.rsvd.limit_in_bytes", limit->page_size);
        linux_plan_both(planner, "the limit of reserved huge pages", LINUX_CONTROLLER_HUGETLB, v2, v1, limit->limit);
    }
}

static void plan_network(struct linux_planner* planner, const struct cv_spec_resources* given)
{
    planner->optional = false;
    if (has_uint(&given->network.class_id))
        linux_plan_amount(planner, "linux.resources.network.classID", LINUX_CONTROLLER_NET_CLS, 1, "net_cls.classid",
            given->network.class_id.value);
    for (size_t i = 0; i < given->network.priorities.count && planner->rc == 0; i++) {
        const struct cv_spec_interface* interface = &given->network.priorities.items[i];
        planner->optional                         = interface->priority == 0;
        linux_plan_add(planner, "linux.resources.network.priorities", LINUX_CONTROLLER_NET_PRIO, 1,
            "net_prio.ifpriomap", "%s %" PRIu32, interface->name, interface->priority);
    }
}

static void plan_rdma(struct linux_planner* planner, const struct cv_spec_resources* given)
{
    planner->optional = false;
    for (size_t i = 0; i < given->rdma.count && planner->rc == 0; i++) {
        const struct cv_spec_rdma* rdma        = &given->rdma.items[i];
        char                       handles[40] = "", objects[40] = "";
        if (rdma->hca_handles.set)
            cv_snprintf(handles, sizeof(handles), " hca_handle=%" PRIu64, rdma->hca_handles.value);
        if (rdma->hca_objects.set)
            cv_snprintf(objects, sizeof(objects), " hca_object=%" PRIu64, rdma->hca_objects.value);
        for (int version = 2; version >= 1 && (rdma->hca_handles.set || rdma->hca_objects.set); version--)
            linux_plan_add(planner, "linux.resources.rdma", LINUX_CONTROLLER_RDMA, version, "rdma.max", "%s%s%s",
                rdma->name, handles, objects);
    }
}

/* The file's name says whose it is: "memory.high" is the memory controller's. Of what every group has, that which is a limit. */
static bool controller_of(const char* file, enum linux_controller* controller_out)
{
    size_t length = strcspn(file, ".");
    if (strchr(file, '/') != NULL || (cv_str_starts_with(file, "cgroup.") && !cv_str_starts_with(file, "cgroup.max.")))
        return false;
    for (int i = 0; i < LINUX_CONTROLLERS; i++) {
        const char* name = linux_controller_name((enum linux_controller)i, 2);
        if (name != NULL && strlen(name) == length && memcmp(name, file, length) == 0) {
            *controller_out = (enum linux_controller)i;
            return true;
        }
    }
    return false;
}

static void plan_unified(struct linux_planner* planner, const struct cv_spec_pairs* unified)
{
    planner->optional = false;
    for (size_t i = 0; i < unified->count && planner->rc == 0; i++) {
        const struct cv_spec_pair* pair       = &unified->items[i];
        enum linux_controller      controller = MEMORY;
        if (!controller_of(pair->key, &controller)) {
            planner->rc = cv_error_set(planner->err, CV_ERR_UNSUPPORTED,
                "linux.resources.unified: '%.80s' belongs to no controller that containers may have", pair->key);
            return;
        }
        linux_plan_add(planner, "linux.resources.unified", controller, 2, pair->key, "%s", pair->value);
        linux_plan_add(planner, "linux.resources.unified", controller, 1, NULL, "%s", "");
    }
}

/* When a container is made, our default counts, too: linux_limits_pids(). */
static void plan_pids(struct linux_planner* planner, const struct cv_spec_resources* given)
{
    if (!planner->update || !given->pids.set || given->pids.limit == 0)
        return;
    planner->optional = given->pids.limit < 0;
    for (int version = 2; version >= 1; version--)
        if (planner->optional)
            linux_plan_add(planner, "the limit of processes", PIDS, version, "pids.max", "%s", "max");
        else
            linux_plan_amount(
                planner, "the limit of processes", PIDS, version, "pids.max", (uint64_t)given->pids.limit);
}

void linux_plan_resources(
    struct linux_planner* planner, const struct cv_spec_resources* all, const struct cv_spec_resources* given)
{
    plan_memory(planner, all, given);
    plan_cpu(planner, all, given);
    plan_pids(planner, given);
    plan_io(planner, given);
    planner->optional = false;
    linux_plan_hugepages(planner, given->hugepage_limits.items, given->hugepage_limits.count);
    plan_reserved_pages(planner, given);
    plan_network(planner, given);
    plan_rdma(planner, given);
    plan_unified(planner, &given->unified);
    planner->optional = false;
}

/* --- changes ------------------------------------------------------------------------------------------------------------------- */

static void merge_int(struct cv_opt_int* into, const struct cv_opt_int* from)
{
    if (has_int(from))
        *into = *from;
}

static void merge_uint(struct cv_opt_uint* into, const struct cv_opt_uint* from, bool zero_counts)
{
    if (from->set && (zero_counts || from->value != 0))
        *into = *from;
}

static void merge_bool(struct cv_opt_bool* into, const struct cv_opt_bool* from)
{
    if (from->set)
        *into = *from;
}

static void merge_numbers(struct cv_spec_resources* into, const struct cv_spec_resources* from)
{
    into->set = true;
    into->memory.set |= from->memory.set;
    into->cpu.set |= from->cpu.set;
    into->block_io.set |= from->block_io.set;
    merge_int(&into->memory.limit, &from->memory.limit);
    merge_int(&into->memory.swap, &from->memory.swap);
    merge_int(&into->memory.reservation, &from->memory.reservation);
    merge_int(&into->memory.kernel_tcp, &from->memory.kernel_tcp);
    merge_uint(&into->memory.swappiness, &from->memory.swappiness, true);
    merge_bool(&into->memory.disable_oom_killer, &from->memory.disable_oom_killer);
    merge_uint(&into->cpu.shares, &from->cpu.shares, false);
    merge_uint(&into->cpu.period, &from->cpu.period, false);
    merge_uint(&into->cpu.burst, &from->cpu.burst, true);
    merge_uint(&into->cpu.realtime_period, &from->cpu.realtime_period, false);
    merge_int(&into->cpu.realtime_runtime, &from->cpu.realtime_runtime);
    merge_int(&into->cpu.quota, &from->cpu.quota);
    if (from->cpu.idle.set)
        into->cpu.idle = from->cpu.idle;
    merge_uint(&into->block_io.weight, &from->block_io.weight, false);
    if (from->pids.set && from->pids.limit != 0)
        into->pids = from->pids;
}

void linux_resources_merge_values(struct cv_spec_resources* resources, const struct cv_spec_resources* changes)
{
    merge_numbers(resources, changes);
    if (changes->cpu.cpus != NULL)
        resources->cpu.cpus = changes->cpu.cpus;
    if (changes->cpu.mems != NULL)
        resources->cpu.mems = changes->cpu.mems;
}

int linux_resources_merge(
    struct cv_spec_resources* resources, const struct cv_spec_resources* changes, struct cv_error* err)
{
    int rc = 0;
    if (changes->cpu.cpus != NULL)
        rc = cv_spec_set_string(&resources->cpu.cpus, changes->cpu.cpus, err);
    if (rc == 0 && changes->cpu.mems != NULL)
        rc = cv_spec_set_string(&resources->cpu.mems, changes->cpu.mems, err);
    if (rc == 0)
        merge_numbers(resources, changes);
    return rc;
}
