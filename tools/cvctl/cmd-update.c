#include <string.h>

#include <cv/macros.h>

#include "containers.h"
#include "run.h"

#include <cv/banned.h>

static const struct cv_option options[] = {
    CVCTL_LIMIT_ROWS,
    { "format", 0, "FORMAT", cvctl_option_format, offsetof(struct cvctl_run_options, json),
        "how errors are printed: text or json" },
    { NULL },
};

/* The limits that a container has, by its specification. Lists that are not given stay as they are. */
static void read_limits(const json_t* given, struct containerv_limits* limits)
{
    const struct {
        const char* name;
        uint64_t*   value;
    } rows[] = {
        { "memoryBytes", &limits->memory_bytes },
        { "swapBytes", &limits->swap_bytes },
        { "memoryReservationBytes", &limits->memory_reservation_bytes },
        { "cpuMilli", &limits->cpu_milli },
        { "cpuQuotaUs", &limits->cpu_quota_us },
        { "cpuPeriodUs", &limits->cpu_period_us },
        { "pids", &limits->pids },
        { "upperBytes", &limits->upper_bytes },
    };

    for (size_t i = 0; i < CV_ARRAY_LEN(rows); i++) {
        double value = json_real_value(json_object_get(given, rows[i].name));

        *rows[i].value = value >= (double)INT64_MAX ? CV_LIMIT_NONE : (uint64_t)value;
    }
    limits->cpu_weight = (uint32_t)json_real_value(json_object_get(given, "cpuWeight"));
    limits->io_weight  = (uint32_t)json_real_value(json_object_get(given, "ioWeight"));
}

/* What was given takes the place of what there was. A CPU limit of one kind takes that of the other with it. */
static void merge(const struct cvctl_run_options* options_given, struct containerv_limits* limits)
{
    const struct containerv_limits* given = &options_given->limits;
    uint64_t* const to[]  = { &limits->memory_bytes, &limits->swap_bytes, &limits->memory_reservation_bytes,
         &limits->cpu_milli, &limits->cpu_quota_us, &limits->cpu_period_us, &limits->pids };
    const uint64_t from[] = { given->memory_bytes, given->swap_bytes, given->memory_reservation_bytes, given->cpu_milli,
        given->cpu_quota_us, given->cpu_period_us, given->pids };

    if (given->cpu_milli != 0)
        limits->cpu_quota_us = limits->cpu_period_us = 0;
    if (given->cpu_quota_us != 0 || given->cpu_period_us != 0)
        limits->cpu_milli = 0;
    for (size_t i = 0; i < CV_ARRAY_LEN(to); i++)
        if (from[i] != 0)
            *to[i] = from[i];
    limits->cpu_weight   = given->cpu_weight != 0 ? given->cpu_weight : limits->cpu_weight;
    limits->io_weight    = given->io_weight != 0 ? given->io_weight : limits->io_weight;
    limits->cpus         = given->cpus;
    limits->memory_nodes = given->memory_nodes;
    limits->io           = given->io;
    limits->io_count     = given->io_count;
}

static int update(struct containerv_container* container, void* context, struct cv_error* err)
{
    const struct cvctl_run_options* chosen = context;
    struct containerv_limits        limits = { .size = sizeof(limits) };
    const char*                     id     = containerv_id(container);
    json_t*                         config = cvctl_container_config(container, err);

    if (config == NULL)
        return err->code;
    read_limits(json_object_get(json_object_get(config, CVCTL_EXTENSION), "limits"), &limits);
    json_decref(config);
    merge(chosen, &limits);
    return containerv_update(container, &limits) == 0 ? 0 : cvctl_library_failed(err, "update container", id);
}

static int check(struct cvctl_run_options* chosen, struct cv_error* err)
{
    if (cvctl_run_limits_check(chosen, err) < 0)
        return err->code;
    if (cvctl_run_limits_given(chosen))
        return 0;
    cv_error_set(err, CV_ERR_INVALID, "no limit was given");
    cv_error_step(err, "check the options");
    return cv_error_hint(err, "cvctl update --memory 1g ID; --help lists the limits");
}

static int run(int argc, char** argv)
{
    struct cvctl_run_options chosen;
    struct cv_error          err   = CV_ERROR_INIT;
    int                      first = 0, code = 0;

    cvctl_run_options_init(&chosen);
    if (cvctl_parse(&cvctl_update_command, argc, argv, &chosen, &first, &code))
        code = check(&chosen, &err) < 0
                   ? cvctl_print_error(&err)
                   : cvctl_containers_each(&cvctl_update_command, argc, argv, first, update, &chosen, true);
    cvctl_run_options_release(&chosen);
    return code;
}

const struct cvctl_command cvctl_update_command = {
    .name     = "update",
    .synopsis = "OPTION... ID...",
    .summary  = "change the limits of containers that run",
    .options  = options,
    .mixed    = true,
    .details  = "Limits that are not named stay as they are.\n",
    .run      = run,
};
