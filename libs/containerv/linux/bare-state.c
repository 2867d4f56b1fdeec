#include "linux/bare-state.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <cv/str.h>

#include <cv/banned.h>

static void free_json(json_t** json)
{
    json_decref(*json);
}

void linux_bare_state_release(struct linux_bare_state* state)
{
    free(state->bundle);
    free(state->rootfs);
    free(state->cgroup);
    *state = (struct linux_bare_state){ .pid = 0 };
}

static int dump(const json_t* json, char** text_out, struct cv_error* err)
{
    char* text = json != NULL ? json_dumps(json, JSON_COMPACT) : NULL;

    if (text == NULL)
        return cv_error_set(err, CV_ERR_INVALID, "the container's state can't be written as JSON: a path is not UTF-8");
    *text_out = text;
    return 0;
}

int linux_bare_state_print(
    const struct linux_bare_state* state, char** text_out, size_t* length_out, struct cv_error* err)
{
    CV_CLEANUP(free_json)
    json_t* json = json_pack("{s:i, s:s, s:s, s:s*, s:I, s:I, s:I, s:I, s:b, s:b}", "version", LINUX_BARE_STATE_VERSION,
        "bundle", state->bundle, "rootfs", state->rootfs, "cgroup", state->cgroup, "pid", (json_int_t)state->pid,
        "pidStart", (json_int_t)state->pid_start, "created", (json_int_t)state->created_ns, "owner",
        (json_int_t)state->owner, "systemdCgroup", state->systemd_cgroup, "noNewKeyring", state->no_new_keyring);
    int     rc   = dump(json, text_out, err);

    if (rc == 0)
        *length_out = strlen(*text_out);
    return rc;
}

struct raw_state {
    const char *bundle, *rootfs, *cgroup;
    json_int_t  pid, pid_start, created, owner;
    int         systemd_cgroup, no_new_keyring;
};

static int read_fields(json_t* json, struct raw_state* raw, struct cv_error* err)
{
    json_error_t where   = { .line = 0 };
    int          version = 0;

    if (json_unpack_ex(json, &where, 0, "{s:i}", "version", &version) < 0)
        return cv_error_set(err, CV_ERR_INVALID, "the container's state file is damaged: %s", where.text);
    if (version != LINUX_BARE_STATE_VERSION)
        return cv_error_set(
            err, CV_ERR_UNSUPPORTED, "the container's state file has version %d, of a newer build", version);
    if (json_unpack_ex(json, &where, 0, "{s:s, s:s, s?s, s:I, s:I, s:I, s:I, s:b, s:b}", "bundle", &raw->bundle,
            "rootfs", &raw->rootfs, "cgroup", &raw->cgroup, "pid", &raw->pid, "pidStart", &raw->pid_start, "created",
            &raw->created, "owner", &raw->owner, "systemdCgroup", &raw->systemd_cgroup, "noNewKeyring",
            &raw->no_new_keyring)
        < 0)
        return cv_error_set(err, CV_ERR_INVALID, "the container's state file is damaged: %s", where.text);
    if (raw->pid <= 0 || raw->pid > INT32_MAX || raw->owner < 0 || raw->owner > UINT32_MAX)
        return cv_error_set(err, CV_ERR_INVALID, "the container's state file is damaged: a number is out of range");
    return 0;
}

static int copy_string(char** field, const char* text, struct cv_error* err)
{
    if (text == NULL)
        return 0;
    *field = cv_strdup(text, err);
    return *field == NULL ? CV_ERR_NO_MEMORY : 0;
}

int linux_bare_state_parse(const char* text, size_t length, struct linux_bare_state* state_out, struct cv_error* err)
{
    json_error_t                  where = { .line = 0 };
    CV_CLEANUP(free_json) json_t* json  = json_loadb(text, length, JSON_REJECT_DUPLICATES, &where);
    struct raw_state              raw   = { .bundle = NULL };
    struct linux_bare_state       state = { .pid = 0 };
    int                           rc;

    if (json == NULL)
        return cv_error_set(err, CV_ERR_INVALID, "the container's state file is damaged: %s", where.text);
    rc = read_fields(json, &raw, err);
    if (rc == 0)
        rc = copy_string(&state.bundle, raw.bundle, err);
    if (rc == 0)
        rc = copy_string(&state.rootfs, raw.rootfs, err);
    if (rc == 0)
        rc = copy_string(&state.cgroup, raw.cgroup, err);
    if (rc < 0) {
        linux_bare_state_release(&state);
        return rc;
    }
    state.pid            = raw.pid;
    state.pid_start      = (uint64_t)raw.pid_start;
    state.created_ns     = raw.created;
    state.owner          = (uint32_t)raw.owner;
    state.systemd_cgroup = raw.systemd_cgroup != 0;
    state.no_new_keyring = raw.no_new_keyring != 0;
    *state_out           = state;
    return 0;
}

int linux_bare_oci_state(const struct cv_spec* spec, const char* id, const char* status, pid_t pid, const char* bundle,
    char** text_out, struct cv_error* err)
{
    CV_CLEANUP(free_json)
    json_t* json = json_pack("{s:s, s:s, s:s, s:s}", "ociVersion",
        spec->oci_version != NULL ? spec->oci_version : "1.2.0", "id", id, "status", status, "bundle", bundle);
    json_t* notes;

    if (json != NULL && pid > 0)
        (void)json_object_set_new(json, "pid", json_integer(pid));
    if (json != NULL && spec->annotations.count > 0) {
        notes = json_object();
        for (size_t i = 0; i < spec->annotations.count; i++)
            (void)json_object_set_new(
                notes, spec->annotations.items[i].key, json_string(spec->annotations.items[i].value));
        (void)json_object_set_new(json, "annotations", notes);
    }
    return dump(json, text_out, err);
}

int linux_bare_parse_stat(const char* stat, uint64_t* start_out, char* state_out, struct cv_error* err)
{
    const char* at = strrchr(stat, ')'); /* the name before it may have any bytes */
    char        number[32];
    size_t      length;

    if (at == NULL || at[1] != ' ' || at[2] == '\0')
        return cv_error_set(err, CV_ERR_INVALID, "no stat file of a process");
    *state_out = at[2];
    at += 2;
    for (int field = 3; field < 22; field++) {
        at = strchr(at, ' ');
        if (at == NULL)
            return cv_error_set(err, CV_ERR_INVALID, "no stat file of a process");
        at++;
    }
    length = strcspn(at, " \n");
    if (length >= sizeof(number))
        return cv_error_set(err, CV_ERR_INVALID, "no stat file of a process");
    memcpy(number, at, length);
    number[length] = '\0';
    return cv_parse_u64(number, 0, UINT64_MAX, start_out, err);
}
