#include <stdbool.h>

#include <chef/containerv.h>
#include <cv/macros.h>
#include <jansson.h>

#include "cvctl.h"

#include <cv/banned.h>

struct version_options {
    bool json;
};

static const struct cv_option options[] = {
    { "format", 0, "FORMAT", cvctl_option_format, offsetof(struct version_options, json), "text or json" },
    { NULL },
};

static json_t* backend_list(void)
{
    json_t* list = json_array();

    for (const char* const* name = containerv_backends(); *name != NULL; name++)
        json_array_append_new(list, json_string(*name));
    return list;
}

static void print_text(void)
{
    printf("cvctl %s (libcontainerv %s)\nback ends:", CVCTL_VERSION, containerv_version());
    for (const char* const* name = containerv_backends(); *name != NULL; name++)
        printf(" %s", *name);
    printf("\n");
}

static int run(int argc, char** argv)
{
    struct version_options chosen = { 0 };
    struct cv_error        err    = CV_ERROR_INIT;
    int                    first = 0, code = 0;
    json_t*                object;

    if (!cvctl_parse(&cvctl_version_command, argc, argv, &chosen, &first, &code))
        return code;
    if (first != argc) {
        cv_error_set(&err, CV_ERR_INVALID, "'version' takes no argument, but has '%s'", argv[first]);
        return cvctl_print_error(&err);
    }
    if (!chosen.json) {
        print_text();
        return cvctl_finish_output();
    }
    object = json_pack(
        "{s:s, s:s, s:o}", "cvctl", CVCTL_VERSION, "libcontainerv", containerv_version(), "backends", backend_list());
    if (object == NULL || json_dumpf(object, stdout, JSON_INDENT(2)) < 0) {
        cv_error_no_memory(&err);
        code = cvctl_print_error(&err);
    }
    printf("\n");
    json_decref(object);
    return code != 0 ? code : cvctl_finish_output();
}

const struct cvctl_command cvctl_version_command = {
    .name     = "version",
    .synopsis = "[OPTION...]",
    .summary  = "print the versions of cvctl and of the library",
    .options  = options,
    .run      = run,
};
