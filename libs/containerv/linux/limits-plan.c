#include "linux/limits-plan.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cv/str.h>

#include "linux/limits-planner.h"

#include <cv/banned.h>

#define CPU_QUOTA_MIN   UINT64_C(1000) /* the kernel's */
#define SHARES_OF_CPU   UINT64_C(1024) /* of version 1 ... */
#define WEIGHT_OF_CPU   UINT64_C(100)  /* ... and of version 2 */
#define V1_UNLIMITED    "-1"
#define V2_UNLIMITED    "max"
#define MEMORY          LINUX_CONTROLLER_MEMORY
#define CPU             LINUX_CONTROLLER_CPU
#define CPUSET          LINUX_CONTROLLER_CPUSET
#define PIDS            LINUX_CONTROLLER_PIDS
#define IO              LINUX_CONTROLLER_IO
#define HUGETLB         LINUX_CONTROLLER_HUGETLB
#define INITIAL_ENTRIES 32

static const char* const names[LINUX_CONTROLLERS][2] = {
    [LINUX_CONTROLLER_MEMORY]   = { "memory", "memory" },
    [LINUX_CONTROLLER_CPU]      = { "cpu", "cpu" },
    [LINUX_CONTROLLER_CPUSET]   = { "cpuset", "cpuset" },
    [LINUX_CONTROLLER_PIDS]     = { "pids", "pids" },
    [LINUX_CONTROLLER_IO]       = { "blkio", "io" },
    [LINUX_CONTROLLER_HUGETLB]  = { "hugetlb", "hugetlb" },
    [LINUX_CONTROLLER_DEVICES]  = { "devices", NULL },
    [LINUX_CONTROLLER_RDMA]     = { "rdma", "rdma" },
    [LINUX_CONTROLLER_MISC]     = { "misc", "misc" },
    [LINUX_CONTROLLER_NET_CLS]  = { "net_cls", NULL },
    [LINUX_CONTROLLER_NET_PRIO] = { "net_prio", NULL },
    [LINUX_CONTROLLER_CPUACCT]  = { "cpuacct", NULL },
    [LINUX_CONTROLLER_FREEZER]  = { "freezer", NULL },
    [LINUX_CONTROLLER_CORE]     = { NULL, "cgroup" },
};

const char* linux_controller_name(enum linux_controller controller, int version)
{
    return names[controller][version - 1];
}

/* --- the list ------------------------------------------------------------------------------------------------------------------ */

static struct linux_limit* add_entry(struct linux_planner* planner)
{
    struct linux_limits_plan* plan = &planner->plan;
    if (planner->rc == 0 && plan->count == LINUX_LIMITS_MAX)
        planner->rc = cv_error_set(planner->err, CV_ERR_LIMIT, "more than %d limits of a container", LINUX_LIMITS_MAX);
    if (planner->rc == 0 && plan->count == planner->capacity) {
        size_t capacity = planner->capacity == 0 ? INITIAL_ENTRIES : planner->capacity * 2;
        void*  items    = realloc(plan->items, capacity * sizeof(*plan->items));
        if (items == NULL) {
            planner->rc = cv_error_no_memory(planner->err);
        } else {
            plan->items       = items;
            planner->capacity = capacity;
        }
    }
    return planner->rc < 0 ? NULL : memset(&plan->items[plan->count++], 0, sizeof(*plan->items));
}

void linux_plan_add(struct linux_planner* planner, const char* what, enum linux_controller controller, int version,
    const char* file, const char* format, ...)
{
    struct linux_limit* entry = add_entry(planner);
    va_list             list;
    int                 length;
    if (entry == NULL)
        return;
    entry->what       = what;
    entry->controller = controller;
    entry->version    = version;
    entry->optional   = planner->optional;
    va_start(list, format);
    length = vsnprintf(entry->value, sizeof(entry->value), format, list);
    va_end(list);
    if (length < 0 || (size_t)length >= sizeof(entry->value)
        || cv_snprintf(entry->file, sizeof(entry->file), "%s", file != NULL ? file : "") < 0)
        planner->rc = cv_error_set(planner->err, CV_ERR_LIMIT, "%s is too long", what);
}

void linux_plan_or_next(struct linux_planner* planner)
{
    if (planner->rc == 0)
        planner->plan.items[planner->plan.count - 1].or_next = true;
}

void linux_plan_amount(struct linux_planner* planner, const char* what, enum linux_controller controller, int version,
    const char* file, uint64_t value)
{
    if (value >= INT64_MAX)
        linux_plan_add(planner, what, controller, version, file, "%s", version == 1 ? V1_UNLIMITED : V2_UNLIMITED);
    else
        linux_plan_add(planner, what, controller, version, file, "%" PRIu64, value);
}

void linux_plan_both(struct linux_planner* planner, const char* what, enum linux_controller controller,
    const char* v2_file, const char* v1_file, uint64_t value)
{
    linux_plan_amount(planner, what, controller, 2, v2_file, value);
    linux_plan_amount(planner, what, controller, 1, v1_file, value);
}

/* --- memory -------------------------------------------------------------------------------------------------------------------- */

void linux_plan_memory(struct linux_planner* planner, uint64_t bytes)
{
    linux_plan_both(planner, "the limit of memory", MEMORY, "memory.max", "memory.limit_in_bytes", bytes);
}

void linux_plan_swap(struct linux_planner* planner, uint64_t swap, uint64_t total)
{
    linux_plan_amount(planner, "the limit of swap", MEMORY, 2, "memory.swap.max", swap);
    linux_plan_amount(planner, "the limit of swap", MEMORY, 1, "memory.memsw.limit_in_bytes", total);
}

static void plan_ext_memory(struct linux_planner* planner, const struct cv_spec_limits* limits)
{
    uint64_t memory   = limits->memory_bytes != 0 ? limits->memory_bytes : LINUX_NO_LIMIT;
    uint64_t swap     = limits->swap_bytes != 0 ? limits->swap_bytes : memory; /* our default, where swap is counted */
    uint64_t total    = memory >= INT64_MAX || swap >= INT64_MAX - memory ? LINUX_NO_LIMIT : memory + swap;
    bool     none     = memory >= INT64_MAX && swap >= INT64_MAX;
    planner->optional = memory >= INT64_MAX;
    if (memory < INT64_MAX || planner->update)
        linux_plan_memory(planner, memory);
    planner->optional = limits->swap_bytes == 0 || swap >= INT64_MAX;
    if (!none || planner->update)
        linux_plan_swap(planner, swap, total);
    planner->optional = limits->memory_reservation_bytes == 0;
    if (!planner->optional || planner->update)
        linux_plan_amount(
            planner, "the reservation of memory", MEMORY, 2, "memory.low", limits->memory_reservation_bytes);
    if (!planner->optional || planner->update)
        linux_plan_amount(planner, "the reservation of memory", MEMORY, 1, "memory.soft_limit_in_bytes",
            planner->optional ? LINUX_NO_LIMIT : limits->memory_reservation_bytes);
}

/* --- CPU ----------------------------------------------------------------------------------------------------------------------- */

/* Version 1 has the period first: a quota is refused that is more than the host has for the old one. */
void linux_plan_quota(struct linux_planner* planner, uint64_t quota_us, uint64_t period_us)
{
    static const char* const what = "the limit of CPU time";
    char                     text[24];
    cv_snprintf(text, sizeof(text), "%" PRIu64, quota_us);
    linux_plan_add(
        planner, what, CPU, 2, "cpu.max", "%s %" PRIu64, quota_us == LINUX_NO_LIMIT ? V2_UNLIMITED : text, period_us);
    linux_plan_add(planner, what, CPU, 1, "cpu.cfs_period_us", "%" PRIu64, period_us);
    linux_plan_add(planner, what, CPU, 1, "cpu.cfs_quota_us", "%s", quota_us == LINUX_NO_LIMIT ? V1_UNLIMITED : text);
}

static void plan_cpu_quota(struct linux_planner* planner, uint64_t quota_us, uint64_t period_us)
{
    planner->optional = false;
    linux_plan_quota(
        planner, quota_us != 0 ? quota_us : LINUX_NO_LIMIT, period_us != 0 ? period_us : LINUX_CPU_PERIOD_US);
}

/* A quota below the kernel's smallest one is kept over a longer time. */
static void plan_cpu_milli(struct linux_planner* planner, uint64_t milli)
{
    uint64_t period = LINUX_CPU_PERIOD_US, quota = milli * period / 1000;
    if (milli != 0 && quota < CPU_QUOTA_MIN) {
        period = LINUX_CPU_PERIOD_US * 10; /* the kernel's largest */
        quota  = milli * period / 1000;
    }
    planner->optional = milli == 0;
    linux_plan_quota(planner, milli == 0 ? LINUX_NO_LIMIT : quota, period);
}

static uint64_t within(uint64_t value, uint64_t min, uint64_t max)
{
    return value < min ? min : value > max ? max : value;
}

void linux_plan_weight(struct linux_planner* planner, uint64_t weight, uint64_t shares)
{
    linux_plan_amount(planner, "the weight of CPU time", CPU, 2, "cpu.weight", weight);
    linux_plan_amount(planner, "the weight of CPU time", CPU, 1, "cpu.shares", shares);
}

void linux_plan_cpuset(struct linux_planner* planner, const char* cpus, const char* mems)
{
    for (int version = 1; version <= 2; version++) {
        if (mems != NULL)
            linux_plan_add(planner, "the set of memory nodes", CPUSET, version, "cpuset.mems", "%s", mems);
        if (cpus != NULL)
            linux_plan_add(planner, "the set of CPUs", CPUSET, version, "cpuset.cpus", "%s", cpus);
    }
}

static void plan_ext_cpu(struct linux_planner* planner, const struct cv_spec_limits* limits)
{
    uint64_t weight = limits->cpu_weight != 0 ? limits->cpu_weight : WEIGHT_OF_CPU;
    if (limits->cpu_quota_us != 0 || limits->cpu_period_us != 0)
        plan_cpu_quota(planner, limits->cpu_quota_us, limits->cpu_period_us);
    else if (limits->cpu_milli != 0 || planner->update)
        plan_cpu_milli(planner, limits->cpu_milli);
    planner->optional = limits->cpu_weight == 0;
    if (!planner->optional || planner->update)
        linux_plan_weight(planner, weight, within(weight * SHARES_OF_CPU / WEIGHT_OF_CPU, 2, 262144));
    planner->optional = false;
    linux_plan_cpuset(planner, limits->cpus, limits->memory_nodes);
}

/* --- pids ---------------------------------------------------------------------------------------------------------------------- */

uint64_t linux_limits_pids(const struct cv_spec* spec, bool* is_default_out)
{
    const struct cv_spec_resources* resources = &spec->linux_.resources;
    *is_default_out                           = false;
    if (spec->ext.limits.pids != 0)
        return spec->ext.limits.pids > INT64_MAX ? LINUX_NO_LIMIT : spec->ext.limits.pids;
    if (resources->pids.set)
        return resources->pids.limit <= 0 ? LINUX_NO_LIMIT : (uint64_t)resources->pids.limit;
    *is_default_out = !spec->ext.bare;
    return spec->ext.bare ? LINUX_NO_LIMIT : LINUX_PIDS_DEFAULT;
}

static void plan_pids(struct linux_planner* planner, const struct cv_spec* spec)
{
    bool     is_default = false;
    uint64_t limit      = linux_limits_pids(spec, &is_default);
    if (limit == LINUX_NO_LIMIT && !planner->update)
        return;
    planner->optional = is_default || limit == LINUX_NO_LIMIT;
    linux_plan_amount(planner, "the limit of processes", PIDS, 2, "pids.max", limit);
    if (is_default && !planner->update)
        return; /* on version 1 each group costs a create milliseconds: there the default is an rlimit */
    if (limit == LINUX_NO_LIMIT)
        linux_plan_add(planner, "the limit of processes", PIDS, 1, "pids.max", "%s", V2_UNLIMITED);
    else
        linux_plan_amount(planner, "the limit of processes", PIDS, 1, "pids.max", limit);
}

/* --- I/O ----------------------------------------------------------------------------------------------------------------------- */

void linux_plan_rate(
    struct linux_planner* planner, enum linux_rate rate, uint64_t major, uint64_t minor, uint64_t value)
{
    static const struct {
        const char *key, *v1_file, *what;
    } rates[LINUX_RATES] = {
        [LINUX_RATE_READ_BPS]   = { "rbps", "blkio.throttle.read_bps_device", "the limit of bytes read" },
        [LINUX_RATE_WRITE_BPS]  = { "wbps", "blkio.throttle.write_bps_device", "the limit of bytes written" },
        [LINUX_RATE_READ_IOPS]  = { "riops", "blkio.throttle.read_iops_device", "the limit of read operations" },
        [LINUX_RATE_WRITE_IOPS] = { "wiops", "blkio.throttle.write_iops_device", "the limit of write operations" },
    };
    const char* what    = rates[rate].what;
    const char* v1_file = rates[rate].v1_file;
    char        text[24];
    cv_snprintf(text, sizeof(text), "%" PRIu64, value);
    linux_plan_add(planner, what, IO, 2, "io.max", "%" PRIu64 ":%" PRIu64 " %s=%s", major, minor, rates[rate].key,
        value == LINUX_NO_LIMIT ? V2_UNLIMITED : text);
    linux_plan_add(planner, what, IO, 1, v1_file, "%" PRIu64 ":%" PRIu64 " %s", major, minor,
        value == LINUX_NO_LIMIT ? "0" : text);
}

/* The number means the same to both schedulers: what the others have is 100. */
static void plan_io_weight(struct linux_planner* planner, uint64_t weight)
{
    static const struct {
        const char *file, *prefix;
        int         version;
        bool        or_next;
    } places[] = {
        { "io.bfq.weight", "", 2, true },
        { "io.weight", "default ", 2, false },
        { "blkio.bfq.weight", "", 1, true },
        { "blkio.weight", "", 1, false },
    };
    for (size_t i = 0; i < CV_ARRAY_LEN(places); i++) {
        linux_plan_add(planner, "the weight of I/O", IO, places[i].version, places[i].file, "%s%" PRIu64,
            places[i].prefix, weight);
        if (places[i].or_next)
            linux_plan_or_next(planner);
    }
}

static void plan_ext_io(struct linux_planner* planner, const struct cv_spec_limits* limits)
{
    planner->optional = limits->io_weight == 0;
    if (!planner->optional || planner->update)
        plan_io_weight(planner, limits->io_weight != 0 ? limits->io_weight : 100);
    planner->optional = false;
    for (size_t i = 0; i < limits->io.count && planner->rc == 0; i++) {
        const struct cv_spec_io_limit* limit = &limits->io.items[i];
        const uint64_t values[] = { limit->read_bps, limit->write_bps, limit->read_iops, limit->write_iops };
        unsigned       major = 0, minor = 0;
        planner->rc = planner->device(limit->path, &major, &minor, planner->err);
        for (size_t k = 0; k < LINUX_RATES; k++)
            if (values[k] != 0)
                linux_plan_rate(planner, (enum linux_rate)k, major, minor, values[k]);
    }
}

/* --- the rest ------------------------------------------------------------------------------------------------------------------ */

void linux_plan_hugepages(struct linux_planner* planner, const struct cv_spec_hugepage_limit* list, size_t count)
{
    for (size_t i = 0; i < count && planner->rc == 0; i++) {
        char v2[LINUX_LIMIT_FILE_SIZE], v1[LINUX_LIMIT_FILE_SIZE];
        if (cv_snprintf(v2, sizeof(v2), "hugetlb.%s.max", list[i].page_size) < 0
            || cv_snprintf(v1, sizeof(v1), "hugetlb.%s.limit_in_bytes", list[i].page_size) < 0)
            planner->rc = cv_error_set(planner->err, CV_ERR_INVALID, "'%s' is no size of a page", list[i].page_size);
        if (planner->rc == 0)
            linux_plan_both(planner, "the limit of huge pages", HUGETLB, v2, v1, list[i].limit);
    }
}

int linux_limits_supported(const struct cv_spec* spec, struct cv_error* err)
{
    const struct cv_spec_resources* all = &spec->linux_.resources;
    const struct {
        bool        asked;
        const char* what;
    } refused[] = {
        { all->memory.use_hierarchy.set && !all->memory.use_hierarchy.value, "a memory group without hierarchy" },
    };
    for (size_t i = 0; i < CV_ARRAY_LEN(refused); i++)
        if (refused[i].asked)
            return cv_error_unsupported(err, refused[i].what, "linux");
    return 0;
}

static int finish(struct linux_planner* planner, struct linux_limits_plan* plan_out)
{
    if (planner->rc < 0)
        linux_limits_plan_release(&planner->plan);
    else
        *plan_out = planner->plan;
    return planner->rc;
}

int linux_limits_plan_make(const struct cv_spec* spec, bool update, linux_limits_device_fn device,
    struct linux_limits_plan* plan_out, struct cv_error* err)
{
    struct linux_planner planner = { .update = update, .device = device, .err = err };
    if (!update)
        linux_plan_resources(&planner, &spec->linux_.resources, &spec->linux_.resources);
    plan_ext_memory(&planner, &spec->ext.limits);
    plan_ext_cpu(&planner, &spec->ext.limits);
    plan_pids(&planner, spec);
    plan_ext_io(&planner, &spec->ext.limits);
    planner.optional = false;
    linux_plan_hugepages(&planner, spec->ext.limits.hugepages.items, spec->ext.limits.hugepages.count);
    return finish(&planner, plan_out);
}

int linux_limits_plan_changes(const struct cv_spec_resources* now, const struct cv_spec_resources* changes,
    struct linux_limits_plan* plan_out, struct cv_error* err)
{
    struct linux_planner     planner = { .update = true, .err = err };
    struct cv_spec_resources all     = *now; /* only looked through */
    linux_resources_merge_values(&all, changes);
    linux_plan_resources(&planner, &all, changes);
    return finish(&planner, plan_out);
}

void linux_limits_plan_release(struct linux_limits_plan* plan)
{
    free(plan->items);
    *plan = (struct linux_limits_plan){ 0 };
}

const char* linux_number_range(const char* at, uint64_t* first_out, uint64_t* last_out)
{
    char* end = NULL;
    if (*at < '0' || *at > '9')
        return NULL;
    *first_out = *last_out = strtoull(at, &end, 10);
    if (*end == '-' && end[1] >= '0' && end[1] <= '9')
        *last_out = strtoull(end + 1, &end, 10);
    if (*last_out < *first_out || (*end == ',' && (end[1] < '0' || end[1] > '9')))
        return NULL;
    return *end == ',' ? end + 1 : end;
}

/* The kernel prints neighbours as one range, so a range is in one of `of`, or not all of it is in it. */
static bool range_within(uint64_t first, uint64_t last, const char* of)
{
    uint64_t from, to;
    while (*of != '\0' && *of != '\n') {
        of = linux_number_range(of, &from, &to);
        if (of == NULL)
            return false;
        if (from <= first && last <= to)
            return true;
    }
    return false;
}

bool linux_number_list_within(const char* list, const char* of)
{
    uint64_t first, last;
    while (*list != '\0' && *list != '\n') {
        list = linux_number_range(list, &first, &last);
        if (list == NULL || !range_within(first, last, of))
            return false;
    }
    return true;
}
