#include <stdlib.h>
#include <string.h>

#include <cv/macros.h>
#include <cv/str.h>

#include "containers.h"
#include "json-indent.h"

#include <cv/banned.h>

struct inspect_options {
    bool          redact, json;
    struct cv_str list; /* the output */
};

static const struct cv_option options[] = {
    { "redact", 0, NULL, cv_option_bool, offsetof(struct inspect_options, redact),
        "print *** for the values of the environment" },
    { "format", 0, "FORMAT", cvctl_option_format, offsetof(struct inspect_options, json), "of errors: text or json" },
    { NULL },
};

/* The specification is put in as text, since its numbers go beyond what a number of jansson's holds. */
static int append(struct cv_str* list, const json_t* object, const char* config, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* text = object != NULL ? json_dumps(object, JSON_COMPACT) : NULL;

    if (text == NULL)
        return cv_error_no_memory(err);
    text[strlen(text) - 1] = '\0'; /* the object's end */
    cv_str_printf(list, "%s%s,\"config\":%s}", list->length == 0 ? "[" : ",", text, config);
    return list->failed ? cv_error_no_memory(err) : 0;
}

static int print(struct cv_str* list)
{
    CV_CLEANUP(cv_str_release) struct cv_str text = { 0 };
    struct cv_error                          err  = CV_ERROR_INIT;

    cv_str_append(list, "]");
    cv_json_indent(list->text, 0, &text);
    cv_str_append(&text, "\n");
    if (list->failed || text.failed) {
        cv_error_no_memory(&err);
        return cvctl_print_error(&err);
    }
    fputs(text.text, stdout);
    return cvctl_finish_output();
}

static int inspect(struct containerv_container* container, void* context, struct cv_error* err)
{
    struct inspect_options*    chosen = context;
    struct containerv_info     info   = { .size = sizeof(info), .exit.size = sizeof(info.exit) };
    const char*                id     = containerv_id(container);
    CV_CLEANUP(cv_freep) char* config = NULL;
    json_t*                    object;
    int                        rc;

    if (containerv_info(container, &info) != 0)
        return cvctl_library_failed(err, "look at container", id);
    config = cvctl_container_config_text(container, chosen->redact, err);
    if (config == NULL)
        return err->code;
    object = cvctl_json_info(id, &info);
    rc     = append(&chosen->list, object, config, err);
    json_decref(object);
    return rc;
}

static int run(int argc, char** argv)
{
    struct inspect_options chosen = { .redact = false };
    int                    first = 0, code = 0;

    if (cvctl_parse(&cvctl_inspect_command, argc, argv, &chosen, &first, &code))
        code = cvctl_containers_each(&cvctl_inspect_command, argc, argv, first, inspect, &chosen, false);
    if (chosen.list.length != 0 && print(&chosen.list) != 0)
        code = CVCTL_EXIT_FAILED;
    cv_str_release(&chosen.list);
    return code;
}

const struct cvctl_command cvctl_inspect_command = {
    .name     = "inspect",
    .synopsis = "[OPTION...] ID...",
    .summary  = "print all that is known of containers, as a JSON array",
    .options  = options,
    .mixed    = true,
    .details =
        "'config' is the container's specification: OCI config.json, with our extension. What was passed as a secret "
        "is not in it.\n",
    .run = run,
};
