#include <stdlib.h>
#include <string.h>

#include <chef/containerv.h>
#include <cv/macros.h>
#include <jansson.h>

#include "control.h"
#include "cvctl.h"
#include "run.h"

#include <cv/banned.h>

struct diff_options {
    bool json;
};

static const struct cv_option options[] = {
    { "format", 0, "FORMAT", cvctl_option_format, offsetof(struct diff_options, json),
        "text or json: an object a line, also of errors" },
    { NULL },
};

static const char letters[] = { [CV_CHANGE_ADDED] = 'A', [CV_CHANGE_CHANGED] = 'C', [CV_CHANGE_DELETED] = 'D' };

/* A path need not be UTF-8, which JSON has to be: then its bytes are told, as numbers. */
static int print_json(char letter, const char* path)
{
    json_t* object = json_pack("{s:s%, s:s}", "kind", &letter, (size_t)1, "path", path);
    char*   text;
    if (object == NULL)
        object = json_pack("{s:s%, s:o}", "kind", &letter, (size_t)1, "bytes", json_array());
    for (const char* at = path; json_object_get(object, "bytes") != NULL && *at != '\0'; at++)
        json_array_append_new(json_object_get(object, "bytes"), json_integer((unsigned char)*at));
    text = object != NULL ? json_dumps(object, JSON_COMPACT) : NULL;
    json_decref(object);
    if (text == NULL)
        return 1;
    printf("%s\n", text);
    free(text);
    return 0;
}

/* A name may hold what would steer the terminal, or look like another line. */
static void print_text(char letter, const char* path)
{
    printf("%c ", letter);
    while (*path != '\0') {
        size_t control = *path == '\\' ? 1 : cv_control(path);

        if (control == 0)
            putchar(*path++);
        for (; control > 0; control--)
            printf("\\%03o", (unsigned char)*path++);
    }
    putchar('\n');
}

static int each(const struct containerv_change* change, void* context)
{
    char letter = change->kind < CV_ARRAY_LEN(letters) ? letters[change->kind] : '?';

    (void)context;
    if (cvctl_signals_stop() != 0)
        return 1;
    if (cvctl_json())
        return print_json(letter, change->path);
    print_text(letter, change->path);
    return ferror(stdout);
}

static int diff(const char* id)
{
    struct containerv_container* container;
    struct cv_error              err = CV_ERROR_INIT;
    int                          rc;

    if (cvctl_signals_catch(&err) < 0)
        return cvctl_print_error(&err);
    if (containerv_open(id, &container) != 0)
        return cvctl_print_last_error();
    rc = containerv_diff(container, each, NULL);
    if (rc == CV_ERR_CANCELLED && cvctl_signals_stop() != 0)
        rc = CVCTL_EXIT_SIGNAL + cvctl_signals_stop();
    else if (rc < 0 && !ferror(stdout))
        rc = cvctl_print_last_error();
    else
        rc = cvctl_finish_output();
    containerv_close(container);
    return rc;
}

static int run(int argc, char** argv)
{
    struct diff_options chosen = { 0 };
    struct cv_error     err    = CV_ERROR_INIT;
    int                 first = 0, code = 0;

    if (!cvctl_parse(&cvctl_diff_command, argc, argv, &chosen, &first, &code))
        return code;
    if (argc - first == 1)
        return diff(argv[first]);
    cv_error_set(&err, CV_ERR_INVALID, "'diff' takes one container, and has %d", argc - first);
    return cvctl_print_error(&err);
}

const struct cvctl_command cvctl_diff_command = {
    .name     = "diff",
    .synopsis = "[OPTION...] CONTAINER",
    .summary  = "tell what a container has changed of its layers",
    .options  = options,
    .details =
        "One line each: 'A' added, 'C' changed, 'D' deleted, and the path; control characters and backslashes in it\n"
        "are written as '\\' and three octal digits. A folder is changed also when something in it is; what was in a\n"
        "deleted folder is not told, nor are the empty places that were made for mounts. In JSON a path that is no "
        "UTF-8\n"
        "is a list 'bytes'. A container whose root folder is used in place (--rootfs without ':O') can't tell.\n",
    .run = run,
};
