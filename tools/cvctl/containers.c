#include "containers.h"

#include <stdlib.h>
#include <string.h>

#include <cv/macros.h>

#include "id-prefix.h"

#include <cv/banned.h>

static int keep_id(const char* id, void* context)
{
    return cv_strv_append(context, id);
}

static int compare(const void* a, const void* b)
{
    return strcmp(*(char* const*)a, *(char* const*)b);
}

int cvctl_containers_list(struct cv_strv* ids, struct cv_error* err)
{
    int rc = containerv_list(keep_id, ids);

    if (rc == CV_ERR_NO_MEMORY)
        return cv_error_no_memory(err);
    if (rc != 0) {
        cvctl_last_error(err);
        return err->code;
    }
    if (ids->count > 1)
        qsort(ids->items, ids->count, sizeof(*ids->items), compare);
    return 0;
}

/* An id in full needs no list. */
int cvctl_container_open(const char* text, struct containerv_container** container_out, struct cv_error* err)
{
    CV_CLEANUP(cv_strv_release) struct cv_strv ids = { 0 };
    const char*                                id  = NULL;

    if (containerv_open(text, container_out) == 0)
        return 0;
    cvctl_last_error(err);
    if (err->code != CV_ERR_NOT_FOUND)
        return err->code;
    if (cvctl_containers_list(&ids, err) < 0 || cvctl_id_prefix(&ids, text, &id, err) < 0)
        return err->code;
    if (containerv_open(id, container_out) == 0)
        return 0;
    cvctl_last_error(err);
    return err->code;
}

bool cvctl_container_gone(const char* id)
{
    struct containerv_container* container;
    int                          rc = containerv_open(id, &container);

    if (rc == 0)
        (void)containerv_close(container);
    return rc == CV_ERR_NOT_FOUND || rc == CV_ERR_LOST;
}

bool cvctl_arguments_check(const struct cvctl_command* command, int argc, int first, int min, int max, int* exit_out)
{
    struct cv_error err   = CV_ERROR_INIT;
    int             count = argc - first;

    if (count >= min && count <= max)
        return true;
    if (max == 0)
        cv_error_set(&err, CV_ERR_INVALID, "'%s' takes no argument, and has %d", command->name, count);
    else if (count < min)
        cv_error_set(&err, CV_ERR_INVALID, "'%s' needs %s", command->name, min == 1 ? "a container" : "more arguments");
    else
        cv_error_set(&err, CV_ERR_INVALID, "'%s' takes %s, and has %d arguments", command->name,
            max == 1 ? "one container" : "fewer", count);
    cv_error_step(&err, "parse the options");
    cv_error_hint(&err, "cvctl %s %s", command->name, command->synopsis);
    *exit_out = cvctl_print_error(&err);
    return false;
}

static int do_one(
    const char* name, cvctl_container_fn fn, void* context, bool print, bool consume, struct cv_error* err)
{
    struct containerv_container* container;
    int                          rc;

    if (cvctl_container_open(name, &container, err) < 0)
        return err->code;
    rc = fn(container, context, err);
    if (!consume)
        (void)containerv_close(container);
    if (rc == 0 && print)
        printf("%s\n", name);
    return rc;
}

static int do_all(const struct cvctl_command* command, int argc, char** argv, int first, cvctl_container_fn fn,
    void* context, bool print, bool consume)
{
    int code = 0, unwritten;

    if (!cvctl_arguments_check(command, argc, first, 1, argc, &code))
        return code;
    for (int i = first; i < argc; i++) {
        struct cv_error err = CV_ERROR_INIT;

        if (do_one(argv[i], fn, context, print, consume, &err) < 0) {
            (void)cvctl_print_error(&err);
            code = CVCTL_EXIT_FAILED;
        }
    }
    unwritten = cvctl_finish_output();
    return unwritten != 0 ? CVCTL_EXIT_FAILED : code;
}

int cvctl_containers_each(const struct cvctl_command* command, int argc, char** argv, int first, cvctl_container_fn fn,
    void* context, bool print)
{
    return do_all(command, argc, argv, first, fn, context, print, false);
}

int cvctl_containers_consume(
    const struct cvctl_command* command, int argc, char** argv, int first, cvctl_container_fn fn, void* context)
{
    return do_all(command, argc, argv, first, fn, context, true, true);
}

int cvctl_library_failed(struct cv_error* err, const char* doing, const char* id)
{
    cvctl_last_error(err);
    return strstr(err->text, id) != NULL ? err->code : cv_error_wrap(err, "%s '%s'", doing, id);
}
