/* From options to the one description of a container. Pure: looks at no system. */
#include <stdlib.h>
#include <string.h>

#include <cv/str.h>

#include "core.h"
#include "spec/capnames.h"
#include "spec/fields.h"

#include <cv/banned.h>

/* Ids may have what host names may not ('.' and '-' at an end); those become '_'. */
static int add_hostname(struct cv_spec* spec, struct cv_error* err)
{
    char name[CV_ID_MAX + 1];
    if (spec->hostname != NULL || (spec->ext.shared & CV_SHARE_UTS) != 0)
        return 0;
    if (cv_snprintf(name, sizeof(name), "%s", spec->ext.id) < 0)
        return cv_error_set(err, CV_ERR_INVALID, "'%.80s' is too long for an id", spec->ext.id);
    if (cv_check_hostname(name) != NULL)
        for (char* c = name; *c != '\0'; c++)
            if (*c == '.' || *c == '-')
                *c = '_';
    return cv_spec_set_string(&spec->hostname, name, err);
}

static int add_root(struct cv_spec* spec, const char* rootfs, struct cv_error* err)
{
    struct cv_strv layers = { 0 };
    spec->root.set        = true;
    if (spec->ext.layers.count == 0)
        return rootfs != NULL ? cv_spec_set_string(&spec->root.path, rootfs, err) : 0;
    if (rootfs == NULL)
        return 0;
    if (cv_strv_append(&layers, rootfs) < 0
        || cv_strv_append_all(&layers, (const char* const*)spec->ext.layers.items) < 0) {
        cv_strv_release(&layers);
        return cv_error_no_memory(err);
    }
    cv_strv_release(&spec->ext.layers);
    spec->ext.layers = layers;
    return 0;
}

static uint64_t bits_of(const struct cv_strv* names)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < names->count; i++) {
        int number = cv_capability_number(names->items[i]);
        if (number >= 0)
            bits |= UINT64_C(1) << number;
    }
    return bits;
}

static int set_bits(struct cv_strv* names, uint64_t bits, struct cv_error* err)
{
    cv_strv_release(names);
    cv_strv_init(names);
    for (unsigned i = 0; i < CV_CAPABILITY_COUNT; i++)
        if ((bits >> i & 1) != 0 && cv_strv_append(names, cv_capability_name(i)) < 0)
            return cv_error_no_memory(err);
    return 0;
}

uint64_t cv_spec_capability_bits(const struct cv_spec* spec)
{
    return bits_of(&spec->process.capabilities.bounding);
}

int cv_spec_set_capability_bits(struct cv_spec* spec, uint64_t bits, struct cv_error* err)
{
    struct cv_spec_capabilities* sets = &spec->process.capabilities;
    int                          rc   = set_bits(&sets->bounding, bits, err);
    if (rc == 0)
        rc = set_bits(&sets->effective, bits, err);
    return rc == 0 ? set_bits(&sets->permitted, bits, err) : rc;
}

static int apply_options(const struct containerv_options* options, struct cv_spec* spec, struct cv_error* err)
{
    int rc = options->policy != NULL ? cv_policy_apply(options->policy, spec, err) : 0;
    if (rc < 0 || (options->capabilities_add | options->capabilities_drop) == 0)
        return rc;
    uint64_t bits = (cv_spec_capability_bits(spec) | options->capabilities_add) & ~options->capabilities_drop;
    return cv_spec_set_capability_bits(spec, bits, err);
}

static int start(const struct containerv_options* options, struct cv_spec** spec_out, struct cv_error* err)
{
    if (options != NULL)
        return cv_spec_copy(options->draft, spec_out, err);
    *spec_out = cv_spec_new();
    if (*spec_out == NULL)
        return cv_error_no_memory(err);
    (*spec_out)->process.set = (*spec_out)->process.no_new_privileges = true;
    return 0;
}

int cv_spec_build(const struct containerv_options* options, const char* rootfs, const char* id,
    struct cv_spec** spec_out, struct cv_error* err)
{
    CV_CLEANUP(cv_spec_freep) struct cv_spec* spec = NULL;
    int                                       rc   = start(options, &spec, err);
    if (rc < 0)
        return rc;
    spec->ext.set = spec->ext.hold = true;
    rc                             = cv_spec_set_string(&spec->ext.id, id, err);
    if (rc == 0)
        rc = add_root(spec, rootfs, err);
    if (rc == 0)
        rc = add_hostname(spec, err);
    if (rc == 0)
        rc = cv_spec_default_linux(spec, err);
    if (rc == 0 && options != NULL)
        rc = apply_options(options, spec, err);
    if (rc < 0)
        return rc;
    if (options != NULL && options->env_set && options->draft->process.env.count == 0)
        cv_strv_release(&spec->process.env); /* an empty environment was asked for: not even PATH */
    *spec_out = CV_STEAL(spec);
    return 0;
}

int cv_spec_add_command(struct cv_spec* spec, const struct cv_command* command, struct cv_error* err)
{
    if (!command->set)
        return 0;
    spec->ext.hold       = false;
    spec->ext.timeout_ms = command->timeout_ms;
    int rc               = cv_command_apply(command, &spec->process, err);
    if (rc == 0 && command->user != NULL)
        rc = cv_spec_set_string(&spec->ext.user, command->user, err);
    return rc;
}
