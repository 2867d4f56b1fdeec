#include <string.h>

#include <chef/containerv.h>
#include <cv/handle.h>
#include <cv/terminal.h>

#include "cp-watch.h"
#include "cvctl.h"
#include "export-file.h"
#include "run.h"

#include <cv/banned.h>

struct export_options {
    const char* output;
    bool        quiet, json;
};

static const struct cv_option options[] = {
    { "output", 'o', "FILE", cv_option_string, offsetof(struct export_options, output),
        "write to a file instead of standard output" },
    { "quiet", 'q', NULL, cv_option_bool, offsetof(struct export_options, quiet),
        "show no progress, also on a terminal" },
    { "format", 0, "FORMAT", cvctl_option_format, offsetof(struct export_options, json), "of errors: text or json" },
    { NULL },
};

static int write_archive(const struct export_options* chosen, const char* id, containerv_handle_t to)
{
    struct cvctl_cp_watch          watch;
    struct containerv_copy_options how       = { .size = sizeof(how), .flags = CV_COPY_ONE_FILESYSTEM };
    struct containerv_container*   container = NULL;
    int                            code;

    cvctl_cp_watch_init(&watch, &how, chosen->quiet);
    if (containerv_open(id, &container) != 0)
        return cvctl_print_last_error();
    code = cvctl_cp_conclude(&watch, containerv_archive(container, CV_COPY_TO_HOST, "/.", to, &how));
    containerv_close(container);
    return code;
}

static int export_to(const struct export_options* chosen, const char* id)
{
    struct cvctl_export_file file;
    struct cv_error          err = CV_ERROR_INIT;
    int                      code;

    if (cvctl_signals_catch(&err) < 0)
        return cvctl_print_error(&err);
    if (chosen->output == NULL)
        return cvctl_cp_check_output(&err) < 0 ? cvctl_print_error(&err)
                                               : write_archive(chosen, id, cv_handle_standard(1));
    if (cvctl_export_file_open(chosen->output, &file, &err) < 0)
        return cvctl_print_error(&err);
    code = write_archive(chosen, id, file.handle);
    return cvctl_export_file_close(&file, code != 0, &err) < 0 ? cvctl_print_error(&err) : code;
}

static int run(int argc, char** argv)
{
    struct export_options chosen = { 0 };
    struct cv_error       err    = CV_ERROR_INIT;
    int                   first = 0, code = 0;

    if (!cvctl_parse(&cvctl_export_command, argc, argv, &chosen, &first, &code))
        return code;
    if (argc - first == 1)
        return export_to(&chosen, argv[first]);
    cv_error_set(&err, CV_ERR_INVALID, "'export' takes one container, and has %d", argc - first);
    return cvctl_print_error(&err);
}

const struct cvctl_command cvctl_export_command = {
    .name     = "export",
    .synopsis = "[OPTION...] CONTAINER",
    .summary  = "write a container's whole tree as a tar archive",
    .options  = options,
    .details  = "Owners are those that the container sees. Of what is mounted in it there are only the empty folders; "
                "sockets are\n"
                "left out. A file of -o appears when it is complete, with mode 0600.\n",
    .run      = run,
};
