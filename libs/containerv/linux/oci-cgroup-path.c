#include "linux/oci-cgroup-path.h"

#include <stdlib.h>
#include <string.h>

#include <cv/macros.h>
#include <cv/str.h>

#include <cv/banned.h>

#define STEP "read linux.cgroupsPath"

static int invalid(const char* path, const char* why, struct cv_error* err)
{
    cv_error_set(err, CV_ERR_INVALID, "linux.cgroupsPath '%.200s' %s", path, why);
    cv_error_step(err, STEP);
    return cv_error_object(err, "%.200s", path);
}

static int too_long(const char* what, int limit, struct cv_error* err)
{
    cv_error_set(err, CV_ERR_LIMIT, "linux.cgroupsPath has %s than %d", what, limit);
    return cv_error_step(err, STEP);
}

static bool has_control(const char* text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return true;
    return false;
}

/* --- folders ------------------------------------------------------------------------------------------------------------------- */

static bool is_part(const char* part, size_t length, const char* text)
{
    return strlen(text) == length && memcmp(part, text, length) == 0;
}

static void take_last(struct cv_str* clean)
{
    while (clean->length > 0 && clean->text[clean->length - 1] != '/')
        clean->length--;
    if (clean->length > 0)
        clean->length--;
    if (clean->text != NULL)
        clean->text[clean->length] = '\0';
}

static int add_parts(struct cv_str* clean, const char* path, struct cv_error* err)
{
    int count = 0;
    while (*(path += strspn(path, "/")) != '\0') {
        size_t length = strcspn(path, "/");
        if (length > LINUX_OCI_CGROUP_PART_MAX)
            return too_long("a part of more bytes", LINUX_OCI_CGROUP_PART_MAX, err);
        if (++count > LINUX_OCI_CGROUP_PARTS_MAX)
            return too_long("more parts", LINUX_OCI_CGROUP_PARTS_MAX, err);
        if (is_part(path, length, "..")) {
            take_last(clean);
        } else if (!is_part(path, length, ".")) {
            cv_str_append(clean, "/");
            cv_str_append_bytes(clean, path, length);
        }
        path += length;
    }
    return 0;
}

int linux_oci_cgroup_path(
    const char* cgroups_path, const char* home, const char* id, char** path_out, struct cv_error* err)
{
    CV_CLEANUP(cv_str_release) struct cv_str clean = { 0 };
    const char*                              given = cgroups_path != NULL ? cgroups_path : home;
    if (strlen(given) + strlen(id) >= LINUX_OCI_CGROUP_PATH_MAX)
        return too_long("more bytes", LINUX_OCI_CGROUP_PATH_MAX, err);
    if (has_control(given))
        return invalid("(a part of it)", "has a control character", err);
    int rc = add_parts(&clean, given, err);
    if (rc == 0 && cgroups_path == NULL)
        rc = add_parts(&clean, id, err);
    if (rc < 0)
        return rc;
    if (clean.length == 0 && !clean.failed)
        return invalid(given, "is the root of all cgroups, which can't be a container's", err);
    char* path = cv_str_steal(&clean, err);
    if (path == NULL)
        return CV_ERR_NO_MEMORY;
    *path_out = path;
    return 0;
}

int linux_oci_cgroup_split(const char* path, char** above_out, const char** leaf_out, struct cv_error* err)
{
    const char* leaf  = strrchr(path, '/');
    char*       above = leaf != NULL ? cv_asprintf(err, "%.*s/", (int)(leaf - path), path) : NULL;
    if (leaf == NULL)
        return cv_error_set(err, CV_ERR_INVALID, "'%s' is no path of a cgroup", path);
    if (above == NULL)
        return CV_ERR_NO_MEMORY;
    if (leaf != path)
        above[leaf - path] = '\0';
    *above_out = above;
    *leaf_out  = leaf + 1;
    return 0;
}

/* --- units --------------------------------------------------------------------------------------------------------------------- */

void linux_oci_unit_release(struct linux_oci_unit* unit)
{
    free(unit->slice);
    free(unit->name);
    *unit = (struct linux_oci_unit){ NULL, NULL };
}

static bool ends_with(const char* text, const char* end)
{
    size_t length = strlen(text), tail = strlen(end);
    return length >= tail && strcmp(text + length - tail, end) == 0;
}

static bool is_unit_name(const char* name)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789:-_.\\@";
    return name[0] != '\0' && name[0] != '.' && strlen(name) <= LINUX_OCI_UNIT_MAX
           && strspn(name, letters) == strlen(name);
}

static int check_unit(const char* name, const char* path, struct cv_error* err)
{
    if (is_unit_name(name))
        return 0;
    invalid(path, "makes no name of a systemd unit", err);
    return cv_error_hint(err, "a unit's name has at most %d letters, digits and :-_.\\@", LINUX_OCI_UNIT_MAX);
}

/* One of the three parts; the last one goes to the end. */
static char* take_field(const char** at, struct cv_error* err)
{
    size_t length = strcspn(*at, ":");
    char*  field  = cv_asprintf(err, "%.*s", (int)length, *at);
    *at += length;
    *at += **at == ':';
    return field;
}

static int make_unit(
    char* const fields[3], const char* default_slice, struct linux_oci_unit* unit, struct cv_error* err)
{
    const char* name = fields[2];
    unit->slice      = cv_strdup(fields[0][0] != '\0' ? fields[0] : default_slice, err);
    if (ends_with(name, ".slice"))
        unit->name = cv_strdup(name, err);
    else if (fields[1][0] == '\0')
        unit->name = cv_asprintf(err, "%s.scope", name);
    else
        unit->name = cv_asprintf(err, "%s-%s.scope", fields[1], name);
    return unit->slice == NULL || unit->name == NULL ? CV_ERR_NO_MEMORY : 0;
}

static int parse_fields(const char* path, char* fields[3], struct cv_error* err)
{
    const char* at     = path;
    int         colons = 0;
    for (const char* c = path; *c != '\0'; c++)
        colons += *c == ':';
    if (colons != 2) {
        invalid(path, "has not the form slice:prefix:name", err);
        return cv_error_hint(err, "with --systemd-cgroup it is a unit's place: \"machine.slice:libpod:1234\"");
    }
    for (int i = 0; i < 3; i++)
        if ((fields[i] = take_field(&at, err)) == NULL)
            return CV_ERR_NO_MEMORY;
    return 0;
}

/* Units have no '+': it is written as systemd escapes bytes. */
static char* escape(const char* id, struct cv_error* err)
{
    CV_CLEANUP(cv_str_release) struct cv_str text = { 0 };
    for (; *id != '\0'; id++)
        if (*id == '+')
            cv_str_append(&text, "\\x2b");
        else
            cv_str_append_bytes(&text, id, 1);
    return cv_str_steal(&text, err);
}

static int default_fields(const char* id, char* fields[3], struct cv_error* err)
{
    fields[0] = cv_strdup("", err);
    fields[1] = cv_strdup("cvrun", err);
    fields[2] = escape(id, err);
    return fields[0] == NULL || fields[1] == NULL || fields[2] == NULL ? CV_ERR_NO_MEMORY : 0;
}

int linux_oci_unit_parse(
    const char* cgroups_path, const char* id, bool user, struct linux_oci_unit* unit_out, struct cv_error* err)
{
    struct linux_oci_unit      unit      = { NULL, NULL };
    char*                      fields[3] = { NULL, NULL, NULL };
    CV_CLEANUP(cv_freep) char* slice     = NULL;
    int rc = cgroups_path != NULL ? parse_fields(cgroups_path, fields, err) : default_fields(id, fields, err);
    if (rc == 0)
        rc = make_unit(fields, user ? "user.slice" : "system.slice", &unit, err);
    if (rc == 0)
        rc = check_unit(unit.name, cgroups_path != NULL ? cgroups_path : id, err);
    if (rc == 0)
        rc = linux_oci_slice_path(unit.slice, &slice, err);
    if (rc == 0)
        *unit_out = unit;
    else
        linux_oci_unit_release(&unit);
    for (int i = 0; i < 3; i++)
        free(fields[i]);
    return rc;
}

/* Each '-' begins a slice within the one before it. */
int linux_oci_slice_path(const char* slice, char** path_out, struct cv_error* err)
{
    CV_CLEANUP(cv_str_release) struct cv_str path  = { 0 };
    size_t                                   stem  = strlen(slice);
    bool                                     valid = is_unit_name(slice) && ends_with(slice, ".slice");
    if (valid && strcmp(slice, "-.slice") == 0)
        stem = 0;
    else if (valid)
        stem -= strlen(".slice");
    valid = valid && (stem == 0 ? strcmp(slice, "-.slice") == 0 : slice[0] != '-' && slice[stem - 1] != '-');
    for (size_t i = 1; i <= stem && valid; i++) {
        valid = !(i < stem && slice[i] == '-' && slice[i - 1] == '-');
        if (i < stem && slice[i] != '-')
            continue;
        cv_str_append(&path, "/");
        cv_str_append_bytes(&path, slice, i);
        cv_str_append(&path, ".slice");
    }
    if (!valid)
        return invalid(slice, "names no slice of systemd", err);
    char* text = cv_str_steal(&path, err);
    if (text == NULL)
        return CV_ERR_NO_MEMORY;
    *path_out = text;
    return 0;
}
