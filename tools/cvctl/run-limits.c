/* Options of `cvctl run` that limit the container, by docker's names and in docker's units. */
#include <stdlib.h>
#include <string.h>

#include <cv/macros.h>
#include <cv/str.h>

#include "run-options.h"

#include <cv/banned.h>

enum { IO_MAX = 64, CPU_MIN_US = 1000, CPU_MAX_PERIOD_US = 1000000 };

#define SIZE_HINT "a size such as 512m or 2g"

static int parse_bytes(const char* value, uint64_t* bytes_out, struct cv_error* err)
{
    uint64_t bytes = 0;
    if (cv_parse_size(value, &bytes, err) < 0)
        return cv_error_hint(err, SIZE_HINT);
    if (bytes > INT64_MAX)
        return cv_error_set(err, CV_ERR_INVALID, "is too large");
    *bytes_out = bytes;
    return 0;
}

CVCTL_SETTER(cvctl_run_set_bytes)
{
    return parse_bytes(value, (uint64_t*)(void*)((char*)target + option->offset), err);
}

CVCTL_SETTER(cvctl_run_set_storage)
{
    struct cvctl_run_options* options = target;
    (void)option;
    if (cv_str_starts_with(value, "size="))
        return parse_bytes(value + 5, &options->limits.upper_bytes, err);
    cv_error_set(err, CV_ERR_INVALID, "is not a storage option");
    return cv_error_hint(err, "allowed: size=BYTES");
}

/* Memory and swap together; -1 is as much swap as the host has, 0 as if it was not given. */
CVCTL_SETTER(cvctl_run_set_swap)
{
    struct cvctl_run_options* options = target;
    (void)option;
    options->swap_unlimited = strcmp(value, "-1") == 0;
    options->swap_total     = 0;
    return options->swap_unlimited ? 0 : parse_bytes(value, &options->swap_total, err);
}

/* Thousandths: "1.5", ".25", "2". More digits would be cut, so they are refused. */
static int parse_milli(const char* text, uint64_t* milli_out)
{
    size_t   whole  = strspn(text, "0123456789");
    size_t   digits = text[whole] == '.' ? strspn(text + whole + 1, "0123456789") : 0;
    uint64_t milli  = 0;
    if (whole > 6 || digits > 3 || whole + digits == 0 || text[whole + (text[whole] == '.') + digits] != '\0')
        return CV_ERR_INVALID;
    for (size_t i = 0; i < whole; i++)
        milli = milli * 10 + (uint64_t)(text[i] - '0');
    for (size_t i = 0; i < 3; i++)
        milli = milli * 10 + (uint64_t)(i < digits ? text[whole + 1 + i] - '0' : 0);
    *milli_out = milli;
    return 0;
}

CVCTL_SETTER(cvctl_run_set_cpus)
{
    struct cvctl_run_options* options = target;
    (void)option;
    if (parse_milli(value, &options->limits.cpu_milli) == 0)
        return 0;
    cv_error_set(err, CV_ERR_INVALID, "is not a number of CPUs");
    return cv_error_hint(err, "such as 2, 1.5 or 0.25; at most three digits after the point");
}

/* 0 is as if it was not given, as docker has it. */
static int set_microseconds(const char* value, uint64_t max, const char* hint, uint64_t* us_out, struct cv_error* err)
{
    uint64_t us = 0;
    if (cv_parse_u64(value, 0, max, &us, err) < 0)
        return cv_error_hint(err, "%s", hint);
    if (us != 0 && us < CPU_MIN_US) {
        cv_error_set(err, CV_ERR_INVALID, "is less than %d microseconds", CPU_MIN_US);
        return cv_error_hint(err, "%s", hint);
    }
    *us_out = us;
    return 0;
}

CVCTL_SETTER(cvctl_run_set_cpu_period)
{
    struct cvctl_run_options* options = target;
    (void)option;
    return set_microseconds(
        value, CPU_MAX_PERIOD_US, "1000 to 1000000 microseconds", &options->limits.cpu_period_us, err);
}

CVCTL_SETTER(cvctl_run_set_cpu_quota)
{
    struct cvctl_run_options* options = target;
    const char*               number  = strcmp(value, "-1") == 0 ? "0" : value;
    (void)option;
    return set_microseconds(
        number, INT64_MAX, "microseconds, from 1000 on; -1 or 0 is no limit", &options->limits.cpu_quota_us, err);
}

/* 1024 shares are a weight of 100. */
CVCTL_SETTER(cvctl_run_set_shares)
{
    struct cvctl_run_options* options = target;
    uint64_t                  shares  = 0;
    (void)option;
    if (cv_parse_u64(value, 0, 262144, &shares, err) < 0)
        return cv_error_hint(err, "0 to 262144; others have 1024");
    uint64_t weight            = (shares * 100 + 512) / 1024;
    options->limits.cpu_weight = shares == 0 ? 0 : (uint32_t)(weight < 1 ? 1 : weight > 10000 ? 10000 : weight);
    return 0;
}

CVCTL_SETTER(cvctl_run_set_pids)
{
    struct cvctl_run_options* options = target;
    uint64_t                  pids    = 0;
    (void)option;
    if (strcmp(value, "-1") != 0 && cv_parse_u64(value, 0, INT64_MAX, &pids, err) < 0)
        return cv_error_hint(err, "a number of processes; -1 or 0 is no limit");
    options->limits.pids = pids == 0 ? CV_LIMIT_NONE : pids;
    return 0;
}

CVCTL_SETTER(cvctl_run_set_io_weight)
{
    struct cvctl_run_options* options = target;
    uint64_t                  weight  = 0;
    (void)option;
    if (cv_parse_u64(value, 0, 1000, &weight, err) < 0 || (weight > 0 && weight < 10)) {
        cv_error_set(err, CV_ERR_INVALID, "is not a weight of I/O");
        return cv_error_hint(err, "10 to 1000; others have 100; 0 is none");
    }
    options->limits.io_weight = (uint32_t)weight;
    return 0;
}

/* The device's entry, made when it is the first rate of it. */
static struct containerv_io_limit* io_entry(
    struct cvctl_run_options* options, const char* path, size_t length, struct cv_error* err)
{
    struct containerv_io_limit* entry;
    for (size_t i = 0; i < options->limits.io_count; i++)
        if (strlen(options->io[i].path) == length && memcmp(options->io[i].path, path, length) == 0)
            return &options->io[i];
    entry              = cvctl_run_grow((void**)&options->io, &options->limits.io_count, sizeof(*entry), IO_MAX, err);
    options->limits.io = options->io;
    if (entry == NULL)
        return NULL;
    entry->size = sizeof(*entry);
    entry->path = cvctl_run_keep(options, path, length, err);
    return entry->path != NULL ? entry : NULL;
}

/* PATH:RATE; the offset is that of the rate in a containerv_io_limit. */
static int set_rate(void* target, const struct cv_option* option, const char* value, bool bytes, struct cv_error* err)
{
    const char*                 colon = strrchr(value, ':');
    uint64_t                    rate  = 0;
    struct containerv_io_limit* entry;
    if (value[0] != '/' || colon == NULL) {
        cv_error_set(err, CV_ERR_INVALID, "is not PATH:RATE");
        return cv_error_hint(err, bytes ? "such as /dev/sda:1m" : "such as /dev/sda:100");
    }
    int rc = bytes ? parse_bytes(colon + 1, &rate, err) : cv_parse_u64(colon + 1, 0, UINT32_MAX, &rate, err);
    if (rc < 0)
        return rc;
    entry = io_entry(target, value, (size_t)(colon - value), err);
    if (entry == NULL)
        return err->code;
    *(uint64_t*)(void*)((char*)entry + option->offset) = rate;
    return 0;
}

CVCTL_SETTER(cvctl_run_set_bps)
{
    return set_rate(target, option, value, true, err);
}

CVCTL_SETTER(cvctl_run_set_iops)
{
    return set_rate(target, option, value, false, err);
}

static int refuse(struct cv_error* err, const char* what, const char* hint)
{
    cv_error_set(err, CV_ERR_INVALID, "%s", what);
    cv_error_step(err, "check the options");
    return cv_error_hint(err, "%s", hint);
}

int cvctl_run_limits_check(struct cvctl_run_options* options, struct cv_error* err)
{
    struct containerv_limits* limits = &options->limits;
    if (limits->cpu_milli != 0 && (limits->cpu_quota_us != 0 || limits->cpu_period_us != 0))
        return refuse(err, "--cpus excludes --cpu-quota and --cpu-period", "1.5 CPUs are a quota of 150000");
    if (options->swap_unlimited)
        limits->swap_bytes = CV_LIMIT_NONE;
    if (options->swap_total == 0)
        return 0;
    if (limits->memory_bytes == 0)
        return refuse(err, "--memory-swap needs --memory", "it is memory and swap together");
    if (options->swap_total < limits->memory_bytes)
        return refuse(err, "--memory-swap is below --memory", "it is memory and swap together: the same is no swap");
    uint64_t swap      = options->swap_total - limits->memory_bytes;
    limits->swap_bytes = swap != 0 ? swap : 1; /* less than a page: none */
    return 0;
}

bool cvctl_run_limits_given(const struct cvctl_run_options* options)
{
    const struct containerv_limits* limits = &options->limits;
    const uint64_t numbers[] = { limits->memory_bytes, limits->cpu_milli, limits->pids, limits->swap_bytes,
        limits->memory_reservation_bytes, limits->cpu_weight, limits->io_weight, limits->io_count,
        limits->hugepage_count, limits->upper_bytes, limits->cpu_quota_us, limits->cpu_period_us };
    for (size_t i = 0; i < CV_ARRAY_LEN(numbers); i++)
        if (numbers[i] != 0)
            return true;
    return limits->cpus != NULL || limits->memory_nodes != NULL;
}
