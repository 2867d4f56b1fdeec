#include "linux/oci-scope-plan.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <cv/str.h>

#include "linux/limits-planner.h"

#include <cv/banned.h>

#define SECOND_US  UINT64_C(1000000)
#define PERCENT_US UINT64_C(10000) /* of a second */

struct properties {
    struct cv_strv*  list;
    struct cv_error* err;
    int              rc;
};

static void add(struct properties* properties, const char* name, uint64_t value)
{
    if (properties->rc < 0)
        return;
    char* text     = cv_asprintf(properties->err, "%s=t:%" PRIu64, name, value);
    properties->rc = text == NULL ? CV_ERR_NO_MEMORY : cv_strv_append_steal(properties->list, text);
}

/* Nothing for 0, which is not given; systemd's largest number is "no limit". */
static void add_amount(struct properties* properties, const char* name, const struct cv_opt_int* number)
{
    if (number->set && number->value != 0)
        add(properties, name, number->value < 0 ? UINT64_MAX : (uint64_t)number->value);
}

static void add_memory(struct properties* properties, const struct cv_spec_resources* resources)
{
    const struct cv_opt_int *limit = &resources->memory.limit, *swap = &resources->memory.swap;
    add_amount(properties, "MemoryMax", limit);
    if (swap->set && swap->value > 0 && limit->set && limit->value > 0 && swap->value >= limit->value)
        add(properties, "MemorySwapMax", (uint64_t)(swap->value - limit->value));
    else if (swap->set && swap->value < 0)
        add(properties, "MemorySwapMax", UINT64_MAX);
    if (resources->memory.reservation.set && resources->memory.reservation.value > 0)
        add_amount(properties, "MemoryLow", &resources->memory.reservation);
}

static void add_quota(struct properties* properties, const struct cv_spec_resources* resources)
{
    bool     has_period = resources->cpu.period.set && resources->cpu.period.value != 0;
    uint64_t period     = has_period ? resources->cpu.period.value : LINUX_CPU_PERIOD_US;
    int64_t  quota      = resources->cpu.quota.set ? resources->cpu.quota.value : 0;
    if (quota < 0)
        add(properties, "CPUQuotaPerSecUSec", UINT64_MAX);
    if (quota > 0 && (uint64_t)quota <= UINT64_MAX / SECOND_US - PERCENT_US) {
        uint64_t per_second = (uint64_t)quota * SECOND_US / period;
        add(properties, "CPUQuotaPerSecUSec", (per_second + PERCENT_US - 1) / PERCENT_US * PERCENT_US);
    }
    if (has_period)
        add(properties, "CPUQuotaPeriodUSec", period);
}

static bool set_bits(const char* list, unsigned char bits[LINUX_OCI_SCOPE_CPUS_MAX / 8], size_t* bytes_out)
{
    *bytes_out = 0;
    while (*list != '\0') {
        uint64_t first = 0, last = 0;
        list = linux_number_range(list, &first, &last);
        if (list == NULL || last >= LINUX_OCI_SCOPE_CPUS_MAX)
            return false;
        for (uint64_t i = first; i <= last; i++)
            bits[i / 8] |= (unsigned char)(1u << i % 8);
        *bytes_out = *bytes_out > last / 8 + 1 ? *bytes_out : (size_t)(last / 8 + 1);
    }
    return true;
}

static void add_set(struct properties* properties, const char* name, const char* list)
{
    unsigned char bits[LINUX_OCI_SCOPE_CPUS_MAX / 8] = { 0 };
    struct cv_str text                               = { 0 };
    size_t        bytes                              = 0;
    if (list == NULL || properties->rc < 0)
        return;
    if (!set_bits(list, bits, &bytes)) {
        properties->rc = cv_error_set(properties->err, CV_ERR_INVALID, "'%.200s' is no list of numbers", list);
        return;
    }
    cv_str_printf(&text, "%s=x:", name);
    for (size_t i = 0; i < bytes; i++)
        cv_str_printf(&text, "%02x", bits[i]);
    char* property = cv_str_steal(&text, properties->err);
    properties->rc = property == NULL ? CV_ERR_NO_MEMORY : cv_strv_append_steal(properties->list, property);
}

int linux_oci_scope_properties(
    const struct cv_spec_resources* resources, struct cv_strv* properties, struct cv_error* err)
{
    struct properties adding = { .list = properties, .err = err };
    add_memory(&adding, resources);
    if (resources->cpu.shares.set && resources->cpu.shares.value != 0)
        add(&adding, "CPUWeight", linux_weight_of_shares(resources->cpu.shares.value));
    add_quota(&adding, resources);
    add_set(&adding, "AllowedCPUs", resources->cpu.cpus);
    add_set(&adding, "AllowedMemoryNodes", resources->cpu.mems);
    if (resources->pids.set && resources->pids.limit != 0)
        add(&adding, "TasksMax", resources->pids.limit < 0 ? UINT64_MAX : (uint64_t)resources->pids.limit);
    if (resources->block_io.weight.set && resources->block_io.weight.value != 0)
        add(&adding, "IOWeight", linux_weight_of_blkio(resources->block_io.weight.value));
    return adding.rc;
}
