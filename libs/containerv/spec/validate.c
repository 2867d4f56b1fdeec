/* cv_spec_validate(): what the rows say (check.c), then the rules that look at more than one field. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <chef/containerv/options.h>
#include <cv/str.h>

#include "address.h"
#include "fields.h"
#include "mountopts.h"
#include "policy.h"
#include "supervision.h"

#include <cv/banned.h>

enum { MAX_ID_MAPS = 340, MIN_CPU_US = 1000 }; /* the kernel's limits */

typedef int (*rule_fn)(const struct cv_spec* spec, struct cv_error* err);

static int refuse(struct cv_error* err, const char* field, const char* format, ...) CV_PRINTF(3, 4);
static int refuse(struct cv_error* err, const char* field, const char* format, ...)
{
    char    text[CV_ERROR_TEXT_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    cv_error_set(err, CV_ERR_INVALID, "%s: %s", field, text);
    cv_error_object(err, "%s", field);
    return CV_ERR_INVALID;
}

/* "mounts[3]" */
struct entry_name {
    char text[96];
};
static struct entry_name entry_name(const char* list, size_t index)
{
    struct entry_name name = { { 0 } };
    cv_snprintf(name.text, sizeof(name.text), "%s[%zu]", list, index);
    return name;
}

int cv_spec_check_id(const char* id, struct cv_error* err)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
    size_t            length    = strlen(id);
    bool              first     = length > 0 && strchr("_.-", id[0]) == NULL;
    if (first && length <= 64 && strspn(id, letters) == length)
        return 0;
    return cv_error_set(err, CV_ERR_INVALID,
        "'%.80s' is no id (expected 1 to 64 letters, digits, '_', '.' and '-', the first one a letter or digit)", id);
}

int cv_spec_check_cgroup_parent(const char* path, struct cv_error* err)
{
    const char* allowed = cv_check_cgroup_parent(path);
    if (allowed == NULL)
        return 0;
    return cv_error_set(err, CV_ERR_INVALID, "'%.200s' is no cgroup parent (expected %s)", path, allowed);
}

static int rule_id(const struct cv_spec* spec, struct cv_error* err)
{
    if (spec->ext.id == NULL || cv_spec_check_id(spec->ext.id, err) == 0)
        return 0;
    return cv_error_wrap(err, CV_SPEC_EXTENSION ".id");
}

static int rule_root(const struct cv_spec* spec, struct cv_error* err)
{
    size_t layers = spec->ext.layers.count;
    if (layers > CV_SPEC_MAX_LAYERS)
        return refuse(
            err, CV_SPEC_EXTENSION ".layers", "%zu layers (at most %u are allowed)", layers, CV_SPEC_MAX_LAYERS);
    if (layers > 0 && spec->root.path != NULL)
        return refuse(err, "root.path", "'%.200s' can't be given together with layers", spec->root.path);
    if (layers == 0 && spec->root.path == NULL && !spec->windows.set && !spec->vm.set)
        return refuse(err, "root.path", "is missing, and there are no layers");
    return 0;
}

static int rule_args(const struct cv_spec* spec, struct cv_error* err)
{
    const struct cv_spec_process* process = &spec->process;
    bool                          command = process->args.count > 0 || process->command_line != NULL;
    if (!command && !spec->ext.hold)
        return refuse(
            err, "process.args", "is empty: there is nothing to run (hold makes a container without a command)");
    if (command && spec->ext.hold)
        return refuse(err, "process.args", "there is a command, but hold means that there is none");
    if (process->args.count > 0 && process->args.items[0][0] == '\0')
        return refuse(err, "process.args[0]", "is empty (expected the program to run)");
    if (spec->ext.hold && spec->ext.no_init)
        return refuse(err, CV_SPEC_EXTENSION ".init", "can't be false with hold: there would be no process at all");
    return 0;
}

static int rule_rlimits(const struct cv_spec* spec, struct cv_error* err)
{
    const struct cv_spec_rlimits* list = &spec->process.rlimits;
    for (size_t i = 0; i < list->count; i++) {
        struct entry_name            name  = entry_name("process.rlimits", i);
        const struct cv_spec_rlimit* limit = &list->items[i];
        if (limit->soft > limit->hard)
            return refuse(
                err, name.text, "soft limit %" PRIu64 " is above the hard limit %" PRIu64, limit->soft, limit->hard);
        for (size_t j = 0; j < i && j < 64; j++)
            if (strcmp(list->items[j].type, limit->type) == 0)
                return refuse(err, name.text, "'%s' is there twice", limit->type);
    }
    return 0;
}

static int subset(const struct cv_strv* small, const char* small_name, const struct cv_strv* big, const char* big_name,
    struct cv_error* err)
{
    for (size_t i = 0; i < small->count; i++)
        if (!cv_strv_contains(big, small->items[i]))
            return refuse(err, small_name, "'%s' is not in the %s set", small->items[i], big_name);
    return 0;
}

static int rule_capabilities(const struct cv_spec* spec, struct cv_error* err)
{
    const struct cv_spec_capabilities* sets = &spec->process.capabilities;
    const struct cv_strv* all[]             = { &sets->bounding, &sets->effective, &sets->inheritable, &sets->permitted,
                    &sets->ambient };
    for (size_t i = 0; i < CV_ARRAY_LEN(all); i++)
        if (all[i]->count > 256)
            return refuse(
                err, "process.capabilities", "a set has %zu entries (at most 256 are allowed)", all[i]->count);
    int rc = subset(&sets->effective, "process.capabilities.effective", &sets->permitted, "permitted", err);
    if (rc == 0)
        rc = subset(&sets->ambient, "process.capabilities.ambient", &sets->permitted, "permitted", err);
    if (rc == 0)
        rc = subset(&sets->ambient, "process.capabilities.ambient", &sets->inheritable, "inheritable", err);
    return rc;
}

static int rule_scheduler(const struct cv_spec* spec, struct cv_error* err)
{
    const char* policy = spec->process.scheduler.policy;
    if (!spec->process.scheduler.set)
        return 0;
    bool     fixed    = strcmp(policy, "SCHED_FIFO") == 0 || strcmp(policy, "SCHED_RR") == 0;
    bool     deadline = strcmp(policy, "SCHED_DEADLINE") == 0;
    uint64_t runtime = spec->process.scheduler.runtime, until = spec->process.scheduler.deadline,
             period = spec->process.scheduler.period;
    if (fixed != (spec->process.scheduler.priority != 0))
        return refuse(err, "process.scheduler.priority", "%" PRId64 " is not allowed with %s (expected %s)",
            spec->process.scheduler.priority, policy, fixed ? "1 to 99" : "0");
    if (!deadline && (runtime != 0 || until != 0 || period != 0))
        return refuse(
            err, "process.scheduler", "runtime, deadline and period are for SCHED_DEADLINE, not for %s", policy);
    if (deadline && (runtime == 0 || runtime > until || (period != 0 && until > period)))
        return refuse(err, "process.scheduler", "expected 0 < runtime <= deadline <= period");
    return 0;
}

static bool overlap(uint32_t a, uint32_t a_size, uint32_t b, uint32_t b_size)
{
    return (uint64_t)a < (uint64_t)b + b_size && (uint64_t)b < (uint64_t)a + a_size;
}

static int check_maps(const struct cv_spec_id_maps* maps, const char* field, struct cv_error* err)
{
    if (maps->count > MAX_ID_MAPS)
        return refuse(err, field, "%zu entries (at most %u are allowed)", maps->count, (unsigned)MAX_ID_MAPS);
    for (size_t i = 0; i < maps->count; i++) {
        const struct cv_spec_id_map* map  = &maps->items[i];
        struct entry_name            name = entry_name(field, i);
        if (map->size == 0)
            return refuse(err, name.text, "size 0 (expected at least 1)");
        if ((uint64_t)map->container_id + map->size > UINT32_MAX || (uint64_t)map->host_id + map->size > UINT32_MAX)
            return refuse(err, name.text, "goes beyond the last id, %" PRIu32, UINT32_MAX - 1);
        for (size_t j = 0; j < i; j++) {
            const struct cv_spec_id_map* other = &maps->items[j];
            if (overlap(map->container_id, map->size, other->container_id, other->size)
                || overlap(map->host_id, map->size, other->host_id, other->size))
                return refuse(err, name.text, "overlaps with entry %zu", j);
        }
    }
    return 0;
}

static int rule_id_maps(const struct cv_spec* spec, struct cv_error* err)
{
    const struct cv_spec_linux* linux_ = &spec->linux_;
    size_t                      uids = linux_->uid_mappings.count, gids = linux_->gid_mappings.count;
    if ((uids == 0) != (gids == 0))
        return refuse(
            err, uids == 0 ? "linux.uidMappings" : "linux.gidMappings", "is empty, but the other ids are mapped");
    if (uids > 0 && cv_spec_namespace(spec, "user") == NULL)
        return refuse(err, "linux.uidMappings", "there is no user namespace to map ids in");
    int rc = check_maps(&linux_->uid_mappings, "linux.uidMappings", err);
    return rc < 0 ? rc : check_maps(&linux_->gid_mappings, "linux.gidMappings", err);
}

static int rule_namespaces(const struct cv_spec* spec, struct cv_error* err)
{
    const struct cv_spec_namespaces* list = &spec->linux_.namespaces;
    for (size_t i = 0; i < list->count; i++) /* all types are known here, so this ends after nine entries */
        if (cv_spec_namespace(spec, list->items[i].type) != &list->items[i])
            return refuse(err, entry_name("linux.namespaces", i).text, "'%s' is there twice", list->items[i].type);
    if (spec->linux_.time_offsets.set && cv_spec_namespace(spec, "time") == NULL)
        return refuse(err, "linux.timeOffsets", "there is no time namespace");
    return 0;
}

/* What the device will be called, unless the kernel shall find a name. */
static const char* name_inside(const struct cv_spec_net_device* device)
{
    return device->name == NULL ? device->host_name : strchr(device->name, '%') == NULL ? device->name : NULL;
}

static int rule_net_devices(const struct cv_spec* spec, struct cv_error* err)
{
    const struct cv_spec_net_device* list  = spec->linux_.net_devices.items;
    size_t                           count = spec->linux_.net_devices.count;
    if (count > CV_SPEC_MAX_NET_DEVICES)
        return refuse(err, "linux.netDevices", "%zu entries (at most %u are allowed)", count, CV_SPEC_MAX_NET_DEVICES);
    if (count > 0 && cv_spec_namespace(spec, "network") == NULL)
        return refuse(err, "linux.netDevices", "there is no network namespace to move devices to");
    for (size_t i = 0; i < count; i++) {
        const char* name = name_inside(&list[i]);
        if (cv_check_link_name(list[i].host_name) != NULL || strchr(list[i].host_name, '%') != NULL)
            return refuse(err, "linux.netDevices", "'%.80s' can't be the name of a network device", list[i].host_name);
        for (size_t j = 0; j < i && name != NULL; j++)
            if (name_inside(&list[j]) != NULL && strcmp(name_inside(&list[j]), name) == 0)
                return refuse(err, "linux.netDevices", "'%s' and '%s' would both be '%s' in the container",
                    list[j].host_name, list[i].host_name, name);
    }
    return 0;
}

static int check_mount_maps(const struct cv_spec_mount* mount, const char* name, struct cv_error* err)
{
    struct entry_name field = { { 0 } };
    if ((mount->uid_mappings.count == 0) != (mount->gid_mappings.count == 0))
        return refuse(err, name, "uidMappings and gidMappings must be given together");
    cv_snprintf(field.text, sizeof(field.text), "%s.uidMappings", name);
    int rc = check_maps(&mount->uid_mappings, field.text, err);
    cv_snprintf(field.text, sizeof(field.text), "%s.gidMappings", name);
    return rc < 0 ? rc : check_maps(&mount->gid_mappings, field.text, err);
}

/* Whether the document is for Linux: other systems have other words in mounts[].options, and mounts without a type. */
static bool for_linux(const struct cv_spec* spec)
{
    return spec->linux_.set || !(spec->windows.set || spec->solaris.set || spec->zos.set || spec->vm.set);
}

static int check_mount_kind(
    const struct cv_spec_mount* mount, const struct cv_mount_options* options, const char* name, struct cv_error* err)
{
    if (!options->bind && mount->type == NULL)
        return refuse(err, name, "type is missing (expected one, or the option bind)");
    if (options->bind && !options->remount && mount->source == NULL)
        return refuse(err, name, "source is missing (expected a path for a bind mount)");
    return 0;
}

static int check_mount(const struct cv_spec_mount* mount, const char* name, struct cv_error* err)
{
    struct cv_mount_options options = { 0 };
    int                     rc      = check_mount_maps(mount, name, err);
    if (rc < 0)
        return rc;
    rc = cv_mount_options_parse(&mount->options, mount->type, &options, err);
    if (rc < 0)
        return cv_error_wrap(err, "%s.options", name);
    rc = check_mount_kind(mount, &options, name, err);
    cv_mount_options_release(&options);
    return rc;
}

static int rule_mounts(const struct cv_spec* spec, struct cv_error* err)
{
    if (spec->mounts.count > CV_SPEC_MAX_MOUNTS)
        return refuse(err, "mounts", "%zu entries (at most %u are allowed)", spec->mounts.count, CV_SPEC_MAX_MOUNTS);
    for (size_t i = 0; i < spec->mounts.count; i++) {
        const struct cv_spec_mount* mount = &spec->mounts.items[i];
        struct entry_name           name  = entry_name("mounts", i);
        if (!for_linux(spec) && cv_check_absolute_any(mount->destination) != NULL)
            return refuse(
                err, name.text, "destination '%.200s' is not allowed (expected an absolute path)", mount->destination);
        int rc = for_linux(spec) ? check_mount(mount, name.text, err) : 0;
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int rule_devices(const struct cv_spec* spec, struct cv_error* err)
{
    for (size_t i = 0; i < spec->linux_.devices.count; i++) {
        const struct cv_spec_device* device = &spec->linux_.devices.items[i];
        if (strcmp(device->type, "p") == 0 && (device->major != 0 || device->minor != 0))
            return refuse(err, entry_name("linux.devices", i).text, "a fifo has no major and minor number");
        if (device->file_mode.set
            && device->file_mode.value > 0177777) /* some callers give the bits of the type, too */
            return refuse(err, entry_name("linux.devices", i).text,
                "fileMode 0%" PRIo64 " is not allowed (expected 0 to 0177777)", device->file_mode.value);
    }
    return 0;
}

static int rule_seccomp(const struct cv_spec* spec, struct cv_error* err)
{
    const char* profile = spec->ext.seccomp;
    if (profile != NULL && strcmp(profile, "spec") == 0 && !spec->linux_.seccomp.set)
        return refuse(err, CV_SPEC_EXTENSION ".seccomp", "'spec' is not allowed: there is no linux.seccomp");
    if (spec->linux_.seccomp.listener_metadata != NULL && spec->linux_.seccomp.listener_path == NULL)
        return refuse(err, "linux.seccomp.listenerMetadata", "there is no listenerPath");
    return 0;
}

/* A capability of the container that can't be there when the host's thing is shared. */
static int rule_shared(const struct cv_spec* spec, struct cv_error* err)
{
    static const struct {
        uint32_t    share, cap;
        const char *share_name, *cap_name;
    } pairs[] = {
        { CV_SHARE_NETWORK, CV_CAP_NETWORK, "network", "network" },
        { CV_SHARE_IPC, CV_CAP_IPC, "ipc", "ipc" },
        { CV_SHARE_USERS, CV_CAP_USERS, "users", "users" },
    };
    uint32_t shared =
        spec->ext.shared | (spec->ext.network.mode == CV_SPEC_NETWORK_HOST ? (uint32_t)CV_SHARE_NETWORK : 0);
    for (size_t i = 0; i < CV_ARRAY_LEN(pairs); i++)
        if ((shared & pairs[i].share) != 0 && (spec->ext.caps & pairs[i].cap) != 0)
            return refuse(err, CV_SPEC_EXTENSION ".shared", "'%s' is shared, but the capability '%s' is required",
                pairs[i].share_name, pairs[i].cap_name);
    return 0;
}

/* A namespace of its own for what is shared, and names for what is the host's. */
static int rule_shared_namespaces(const struct cv_spec* spec, struct cv_error* err)
{
    static const struct {
        uint32_t    share;
        const char *share_name, *type;
    } pairs[] = {
        { CV_SHARE_NETWORK, "network", "network" },
        { CV_SHARE_IPC, "ipc", "ipc" },
        { CV_SHARE_USERS, "users", "user" },
        { CV_SHARE_UTS, "uts", "uts" },
        { CV_SHARE_CGROUP, "cgroup", "cgroup" },
    };
    for (size_t i = 0; i < CV_ARRAY_LEN(pairs); i++)
        if ((spec->ext.shared & pairs[i].share) != 0 && cv_spec_namespace(spec, pairs[i].type) != NULL)
            return refuse(err, CV_SPEC_EXTENSION ".shared", "'%s' is shared, but linux.namespaces has '%s'",
                pairs[i].share_name, pairs[i].type);
    if ((spec->ext.shared & CV_SHARE_UTS) != 0 && (spec->hostname != NULL || spec->domainname != NULL))
        return refuse(err, spec->hostname != NULL ? "hostname" : "domainname",
            "can't be given when 'uts' is shared: it is the host's");
    return 0;
}

/* One address of ext.network. */
static int check_address(const char* text, const char* field, struct cv_address* address_out, struct cv_error* err)
{
    if (text == NULL)
        return refuse(err, field, "is missing (network mode veth needs it)");
    if (cv_address_parse(text, address_out, err) < 0)
        return cv_error_wrap(err, "%s", field);
    return cv_address_is_special(address_out) ? refuse(err, field, "'%s' can't be the address of a device", text) : 0;
}

static int check_veth(const struct cv_spec_extension* ext, struct cv_error* err)
{
    static const char* const mask   = CV_SPEC_EXTENSION ".network.netmask";
    static const char* const host   = CV_SPEC_EXTENSION ".network.hostAddress";
    struct cv_address        inside = { 0 }, outside = { 0 };
    unsigned                 prefix = 0;
    int rc = check_address(ext->network.address, CV_SPEC_EXTENSION ".network.address", &inside, err);
    if (rc < 0 || (rc = check_address(ext->network.host_address, host, &outside, err)) < 0)
        return rc;
    if (ext->network.netmask == NULL)
        return refuse(err, mask, "is missing (network mode veth needs it)");
    if (cv_address_parse_netmask(ext->network.netmask, inside.version, &prefix, err) < 0)
        return cv_error_wrap(err, "%s", mask);
    if (prefix == 0)
        return refuse(err, mask, "'%s' leaves no network (expected at least 1 bit)", ext->network.netmask);
    if (cv_address_equal(&inside, &outside))
        return refuse(err, host, "'%s' is the container's address too", ext->network.host_address);
    if (!cv_address_same_network(&inside, &outside, prefix))
        return refuse(
            err, host, "'%s' is not in the network of %s/%u", ext->network.host_address, ext->network.address, prefix);
    return 0;
}

static int rule_network(const struct cv_spec* spec, struct cv_error* err)
{
    const struct cv_spec_extension* ext = &spec->ext;
    if (ext->network.mode == CV_SPEC_NETWORK_VETH) {
        if ((ext->shared & CV_SHARE_NETWORK) != 0)
            return refuse(err, CV_SPEC_EXTENSION ".network.mode", "veth can't be had when 'network' is shared");
        return check_veth(ext, err);
    }
    if (ext->network.address != NULL || ext->network.netmask != NULL || ext->network.host_address != NULL)
        return refuse(err, CV_SPEC_EXTENSION ".network", "addresses are for mode veth");
    if (ext->network.mode == CV_SPEC_NETWORK_HOST && cv_spec_namespace(spec, "network") != NULL)
        return refuse(err, CV_SPEC_EXTENSION ".network.mode", "host can't be had when linux.namespaces has 'network'");
    return 0;
}

/* The bounds are the kernel's; 0 is "not given". */
static int rule_cpu_time(const struct cv_spec* spec, struct cv_error* err)
{
    static const char* const     period = CV_SPEC_EXTENSION ".limits.cpuPeriodUs";
    static const char* const     quota  = CV_SPEC_EXTENSION ".limits.cpuQuotaUs";
    const struct cv_spec_limits* limits = &spec->ext.limits;
    if (limits->cpu_milli != 0 && (limits->cpu_quota_us != 0 || limits->cpu_period_us != 0))
        return refuse(err, limits->cpu_quota_us != 0 ? quota : period,
            "can't be given beside cpuMilli: both limit the time of the CPUs");
    if (limits->cpu_period_us != 0 && limits->cpu_period_us < MIN_CPU_US)
        return refuse(err, period, "%" PRIu64 " is too short (expected %d to 1000000 microseconds)",
            limits->cpu_period_us, MIN_CPU_US);
    if (limits->cpu_quota_us != 0 && limits->cpu_quota_us < MIN_CPU_US)
        return refuse(err, quota, "%" PRIu64 " is too little (expected at least %d microseconds)", limits->cpu_quota_us,
            MIN_CPU_US);
    return 0;
}

static const rule_fn rules[] = {
    rule_id,
    rule_root,
    rule_args,
    rule_rlimits,
    rule_capabilities,
    rule_scheduler,
    rule_namespaces,
    rule_id_maps,
    rule_net_devices,
    rule_mounts,
    rule_devices,
    rule_seccomp,
    rule_shared,
    rule_shared_namespaces,
    rule_network,
    rule_cpu_time,
    cv_spec_policy_check,
    cv_spec_supervision_check,
    cv_spec_secrets_check,
};

int cv_spec_validate(const struct cv_spec* spec, struct cv_error* err)
{
    struct cv_error unwanted;
    err    = err != NULL ? err : &unwanted; /* the rules hand on the code that is in it */
    int rc = cv_table_check(&cv_table_spec, spec, NULL, err);
    for (size_t i = 0; i < CV_ARRAY_LEN(rules) && rc == 0; i++)
        rc = rules[i](spec, err);
    return rc;
}

int cv_spec_process_validate(const struct cv_spec_process* process, struct cv_error* err)
{
    const struct cv_spec spec = { .process = *process }; /* what its pointers point to is borrowed */
    struct cv_error      unwanted;
    err    = err != NULL ? err : &unwanted;
    int rc = cv_table_check(&cv_table_process, process, NULL, err);
    if (rc == 0)
        rc = rule_args(&spec, err);
    if (rc == 0)
        rc = rule_rlimits(&spec, err);
    return rc == 0 ? rule_capabilities(&spec, err) : rc;
}
