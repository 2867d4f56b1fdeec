/* Options of `cvctl run` whose value has a small grammar of its own. */
#include <stdlib.h>
#include <string.h>

#include <cv/file.h>
#include <cv/macros.h>
#include <cv/str.h>

#include "run-options.h"

#include <cv/banned.h>

static const char* const ulimit_names[] = { "as", "core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue",
    "nice", "nofile", "nproc", "rss", "rtprio", "rttime", "sigpending", "stack" };

static int parse_limit(const char* text, uint64_t* value_out, struct cv_error* err)
{
    if (strcmp(text, "-1") == 0 || strcmp(text, "unlimited") == 0) {
        *value_out = UINT64_MAX;
        return 0;
    }
    return cv_parse_u64(text, 0, UINT64_MAX - 1, value_out, err);
}

static int parse_limits(
    struct cvctl_run_options* options, const char* text, struct cvctl_ulimit* limit, struct cv_error* err)
{
    size_t      length = strcspn(text, ":");
    const char* soft   = cvctl_run_keep(options, text, length, err);

    if (soft == NULL || parse_limit(soft, &limit->soft, err) < 0)
        return err->code;
    limit->hard = limit->soft;
    if (text[length] == ':' && parse_limit(text + length + 1, &limit->hard, err) < 0)
        return err->code;
    if (limit->soft > limit->hard)
        return cv_error_set(err, CV_ERR_INVALID, "the soft limit is above the hard one");
    return 0;
}

static int find_ulimit(const char* text, size_t length, const char** name_out)
{
    for (size_t i = 0; i < CV_ARRAY_LEN(ulimit_names); i++)
        if (strlen(ulimit_names[i]) == length && memcmp(ulimit_names[i], text, length) == 0) {
            *name_out = ulimit_names[i];
            return 0;
        }
    return CV_ERR_INVALID;
}

CVCTL_SETTER(cvctl_run_set_ulimit)
{
    struct cvctl_run_options* options = target;
    struct cvctl_ulimit       limit   = { 0 };
    struct cvctl_ulimit*      entry;
    size_t                    length = strcspn(value, "=");

    (void)option;
    if (find_ulimit(value, length, &limit.name) < 0) {
        cv_error_set(err, CV_ERR_INVALID, "'%.*s' is not a resource limit", (int)length, value);
        return cv_error_hint(err,
            "allowed: as core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime"
            " sigpending stack");
    }
    if (value[length] == '\0')
        return cv_error_set(err, CV_ERR_INVALID, "has no value: NAME=SOFT[:HARD]");
    if (parse_limits(options, value + length + 1, &limit, err) < 0)
        return cv_error_hint(err, "NAME=SOFT[:HARD], such as nofile=1024:4096; -1 is unlimited");
    entry = cvctl_run_grow((void**)&options->ulimits, &options->ulimit_count, sizeof(*entry), CVCTL_LIMITS_MAX, err);
    if (entry == NULL)
        return err->code;
    *entry = limit;
    return 0;
}

#define NETWORK_HINT "allowed: none, host, veth:ADDR/PREFIX:HOSTADDR such as veth:10.9.0.2/24:10.9.0.1"

/* ADDR/PREFIX:HOSTADDR; an IPv6 address has colons, so the slash is looked for first. */
static int parse_veth(struct cvctl_run_options* options, const char* text, struct cv_error* err)
{
    const char* slash = strchr(text, '/');
    const char* colon = slash != NULL ? strchr(slash, ':') : NULL;

    if (colon == NULL || slash == text || colon == slash + 1 || colon[1] == '\0') {
        cv_error_set(err, CV_ERR_INVALID, "is not veth:ADDR/PREFIX:HOSTADDR");
        return cv_error_hint(err, NETWORK_HINT);
    }
    options->network.mode              = CV_NETWORK_VETH;
    options->network.container_address = cvctl_run_keep(options, text, (size_t)(slash - text), err);
    options->network.netmask           = cvctl_run_keep(options, slash + 1, (size_t)(colon - slash - 1), err);
    options->network.host_address      = colon + 1;
    return options->network.container_address == NULL || options->network.netmask == NULL ? err->code : 0;
}

CVCTL_SETTER(cvctl_run_set_network)
{
    struct cvctl_run_options* options = target;

    (void)option;
    if (strcmp(value, "none") == 0 || strcmp(value, "host") == 0) {
        options->network = (struct containerv_network){ .size = sizeof(options->network),
            .mode                                             = value[0] == 'h' ? CV_NETWORK_HOST : CV_NETWORK_NONE };
        return 0;
    }
    if (cv_str_starts_with(value, "veth:"))
        return parse_veth(options, value + 5, err);
    cv_error_set(err, CV_ERR_INVALID, "is not a network mode");
    return cv_error_hint(err, NETWORK_HINT);
}

static bool is_access(const char* text)
{
    size_t length = strspn(text, "rwm");
    return length >= 1 && length <= 3 && text[length] == '\0';
}

/* HOST, HOST:INSIDE, HOST:ACCESS or HOST:INSIDE:ACCESS. */
static int parse_device(
    struct cvctl_run_options* options, const char* value, struct cvctl_device* device, struct cv_error* err)
{
    size_t      host   = strcspn(value, ":");
    const char* second = value[host] == ':' ? value + host + 1 : NULL;
    size_t      inside = second != NULL ? strcspn(second, ":") : 0;
    const char* third  = second != NULL && second[inside] == ':' ? second + inside + 1 : NULL;

    if (third == NULL && second != NULL && is_access(second)) {
        third  = second;
        second = NULL;
    }
    if (third != NULL && !is_access(third)) {
        cv_error_set(err, CV_ERR_INVALID, "'%s' is no access to a device", third);
        return cv_error_hint(err, "some of the letters r (read), w (write) and m (make a node)");
    }
    if (value[0] != '/' || (second != NULL && second[0] != '/'))
        return cv_error_set(err, CV_ERR_INVALID, "a device is an absolute path, such as /dev/fuse");
    device->host   = cvctl_run_keep(options, value, host, err);
    device->inside = second != NULL ? cvctl_run_keep(options, second, inside, err) : NULL;
    device->access = third;
    return device->host == NULL || (second != NULL && device->inside == NULL) ? err->code : 0;
}

CVCTL_SETTER(cvctl_run_set_device)
{
    struct cvctl_run_options* options = target;
    struct cvctl_device       device  = { 0 };
    struct cvctl_device*      entry;

    (void)option;
    if (parse_device(options, value, &device, err) < 0)
        return err->code;
    entry = cvctl_run_grow((void**)&options->devices, &options->device_count, sizeof(*entry), CVCTL_DEVICES_MAX, err);
    if (entry == NULL)
        return err->code;
    *entry = device;
    return 0;
}

static uint32_t share_bit(const char* text, size_t length)
{
    static const struct {
        const char* text;
        uint32_t    bit;
    } kinds[] = { { "network", CV_SHARE_NETWORK }, { "ipc", CV_SHARE_IPC }, { "users", CV_SHARE_USERS },
        { "uts", CV_SHARE_UTS }, { "cgroup", CV_SHARE_CGROUP } };

    for (size_t i = 0; i < CV_ARRAY_LEN(kinds); i++)
        if (strlen(kinds[i].text) == length && memcmp(kinds[i].text, text, length) == 0)
            return kinds[i].bit;
    return 0;
}

CVCTL_SETTER(cvctl_run_set_share)
{
    struct cvctl_run_options* options = target;

    (void)option;
    for (const char* piece = value;; piece++) {
        size_t   length = strcspn(piece, ",");
        uint32_t bit    = share_bit(piece, length);

        if (bit == 0) {
            cv_error_set(err, CV_ERR_INVALID, "'%.*s' can't be shared", (int)length, piece);
            return cv_error_hint(err, "allowed: network, ipc, users, uts, cgroup");
        }
        options->shared |= bit;
        piece += length;
        if (*piece == '\0')
            return 0;
    }
}

CVCTL_SETTER(cvctl_run_set_umask)
{
    struct cvctl_run_options* options = target;
    char*                     end;
    unsigned long             mask = strtoul(value, &end, 8);

    (void)option;
    if (value[0] < '0' || value[0] > '7' || *end != '\0' || mask > 0777) {
        cv_error_set(err, CV_ERR_INVALID, "is not an octal mask");
        return cv_error_hint(err, "allowed: 0 to 777, such as 022");
    }
    options->umask     = (uint32_t)mask;
    options->umask_set = true;
    return 0;
}

/* Digits after the point are decimals: 1.5 is a second and a half. */
static int parse_fraction(const char* text, int64_t* ns_out)
{
    int64_t ns     = 0;
    size_t  length = strspn(text, "0123456789");

    if (length == 0 || length > 9 || text[length] != '\0')
        return CV_ERR_INVALID;
    for (size_t i = 0; i < 9; i++)
        ns = ns * 10 + (i < length ? text[i] - '0' : 0);
    *ns_out = ns;
    return 0;
}

static int parse_seconds(struct cvctl_run_options* options, const char* text, int64_t* ns_out, struct cv_error* err)
{
    const int64_t second   = 1000000000;
    bool          negative = text[0] == '-';
    const char*   digits   = text + negative;
    size_t        length   = strcspn(digits, ".");
    const char*   whole    = cvctl_run_keep(options, digits, length, err);
    uint64_t      seconds  = 0;
    int64_t       fraction = 0;

    if (whole == NULL || cv_parse_u64(whole, 0, INT64_MAX / second - 1, &seconds, err) < 0)
        return err->code;
    if (digits[length] == '.' && parse_fraction(digits + length + 1, &fraction) < 0)
        return cv_error_set(err, CV_ERR_INVALID, "has no number of one to nine digits after the point");
    *ns_out = ((int64_t)seconds * second + fraction) * (negative ? -1 : 1);
    return 0;
}

CVCTL_SETTER(cvctl_run_set_time_offset)
{
    static const char* const  clocks[] = { [CV_CLOCK_MONOTONIC] = "monotonic=", [CV_CLOCK_BOOTTIME] = "boottime=" };
    struct cvctl_run_options* options  = target;

    (void)option;
    for (size_t i = 0; i < CV_ARRAY_LEN(clocks); i++) {
        if (!cv_str_starts_with(value, clocks[i]))
            continue;
        if (parse_seconds(options, value + strlen(clocks[i]), &options->time_offset_ns[i], err) < 0)
            return cv_error_hint(err, "CLOCK=SECONDS, such as monotonic=3600 or boottime=-1.5");
        options->time_set[i] = true;
        return 0;
    }
    cv_error_set(err, CV_ERR_INVALID, "is not CLOCK=SECONDS with a clock that can be shifted");
    return cv_error_hint(err, "allowed: monotonic=SECONDS, boottime=SECONDS");
}

CVCTL_SETTER(cvctl_run_set_timeout)
{
    struct cvctl_run_options* options = target;

    (void)option;
    if (cv_parse_duration(value, &options->timeout_ms, err) < 0)
        return cv_error_hint(err, "allowed: 90, 90s, 1m30s, 2h, 500ms");
    if (options->timeout_ms <= 0)
        return cv_error_set(err, CV_ERR_INVALID, "is no time at all");
    return 0;
}

/* A final ":O" is podman's word for a throw-away upper. */
CVCTL_SETTER(cvctl_run_set_rootfs)
{
    struct cvctl_run_options* options = target;
    size_t                    length  = strlen(value);

    (void)option;
    options->overlay = length > 2 && strcmp(value + length - 2, ":O") == 0;
    if (options->overlay)
        length -= 2;
    if (length == 0)
        return cv_error_set(err, CV_ERR_INVALID, "is empty");
    options->rootfs = cvctl_run_keep(options, value, length, err);
    return options->rootfs == NULL ? err->code : 0;
}

CVCTL_SETTER(cvctl_run_set_include)
{
    struct cvctl_run_options* options = target;

    (void)option;
    for (const char* piece = value;; piece++) {
        size_t      length = strcspn(piece, ",");
        const char* name   = cvctl_run_keep(options, piece, length, err);

        if (name == NULL)
            return err->code;
        if (length == 0)
            return cv_error_set(err, CV_ERR_INVALID, "has an empty entry in its list");
        if (cv_strv_append(&options->include, name) < 0)
            return cv_error_no_memory(err);
        piece += length;
        if (*piece == '\0')
            return 0;
    }
}
