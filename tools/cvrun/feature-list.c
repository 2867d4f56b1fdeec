#include "feature-list.h"

#include <stdlib.h>
#include <string.h>

#include <cv/macros.h>
#include <cv/str.h>
#include <jansson.h>

#include "spec/capnames.h"
#include "spec/fields.h"
#include "spec/mountopts.h"

#include <cv/banned.h>

static const struct cv_field* row(const struct cv_table* table, const char* key)
{
    for (size_t i = 0; i < table->count; i++)
        if (strcmp(table->fields[i].key, key) == 0)
            return &table->fields[i];
    return NULL;
}

/* The words that a field can have: what is read is what is told. */
static json_t* words_of(const struct cv_field* field)
{
    json_t* list = json_array();

    for (size_t i = 0; field != NULL && field->words != NULL && field->words[i].name != NULL; i++)
        json_array_append_new(list, json_string(field->words[i].name));
    return list;
}

static json_t* operators(void)
{
    const struct cv_field* syscalls = row(&cv_table_seccomp, "syscalls");
    const struct cv_field* args     = syscalls != NULL ? row(syscalls->table, "args") : NULL;

    return words_of(args != NULL ? row(args->table, "op") : NULL);
}

static json_t* seccomp(void)
{
    return json_pack("{s:b, s:o, s:o, s:o, s:o, s:o}", "enabled", 1, "actions",
        words_of(row(&cv_table_seccomp, "defaultAction")), "operators", operators(), "archs",
        words_of(row(&cv_table_seccomp, "architectures")), "knownFlags", words_of(row(&cv_table_seccomp, "flags")),
        "supportedFlags", words_of(row(&cv_table_seccomp, "flags")));
}

static json_t* capabilities(void)
{
    json_t* list = json_array();

    for (unsigned i = 0; i < CV_CAPABILITY_COUNT; i++)
        json_array_append_new(list, json_string(cv_capability_name(i)));
    return list;
}

static json_t* mount_options(void)
{
    json_t*     list = json_array();
    const char* word;

    for (size_t i = 0; (word = cv_mount_options_word(i)) != NULL; i++)
        json_array_append_new(list, json_string(word));
    return list;
}

static json_t* linux_part(void)
{
    static const struct {
        const char *part, *key;
        int         value;
    } switches[] = {
        { "cgroup", "v1", 1 },
        { "cgroup", "v2", 1 },
        { "cgroup", "systemd", 1 },
        { "cgroup", "systemdUser", 1 },
        { "cgroup", "rdma", 1 },
        { "apparmor", "enabled", 1 },
        { "selinux", "enabled", 1 },
        { "intelRdt", "enabled", 1 },
        { "netDevices", "enabled", 1 },
    };
    json_t* linux_ = json_pack(
        "{s:o, s:o}", "namespaces", words_of(row(&cv_table_namespace, "type")), "capabilities", capabilities());

    for (size_t i = 0; linux_ != NULL && i < CV_ARRAY_LEN(switches); i++) {
        if (json_object_get(linux_, switches[i].part) == NULL)
            json_object_set_new(linux_, switches[i].part, json_object());
        json_object_set_new(
            json_object_get(linux_, switches[i].part), switches[i].key, json_boolean(switches[i].value));
    }
    if (linux_ != NULL) {
        json_object_set_new(linux_, "seccomp", seccomp());
        json_object_set_new(linux_, "mountExtensions", json_pack("{s:{s:b}}", "idmap", "enabled", 1));
    }
    return linux_;
}

char* cvrun_features_print(const char* version, struct cv_error* err)
{
    json_t* document =
        json_pack("{s:s, s:s, s:[s, s, s, s, s, s], s:o, s:o, s:{s:s, s:s}}", "ociVersionMin", CVRUN_OCI_VERSION_MIN,
            "ociVersionMax", CVRUN_OCI_VERSION_MAX, "hooks", "prestart", "createRuntime", "createContainer",
            "startContainer", "poststart", "poststop", "mountOptions", mount_options(), "linux", linux_part(),
            "annotations", "org.containerv.version", version, "org.opencontainers.runc.checkpoint.enabled", "false");
    char* text  = document != NULL ? json_dumps(document, JSON_INDENT(2)) : NULL;
    char* lines = text != NULL ? cv_asprintf(err, "%s\n", text) : NULL;

    json_decref(document);
    free(text);
    if (text == NULL)
        cv_error_no_memory(err);
    return lines;
}
