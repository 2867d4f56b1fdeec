#include <stdio.h>
#include <string.h>

#include <cv/str.h>
#include <cv/strv.h>

#include "containers.h"
#include "leftovers.h"

#include <cv/banned.h>

struct system_options {
    bool dry_run, containers, force, json;
};

static const struct cv_option options[] = {
    { "dry-run", 0, NULL, cv_option_bool, offsetof(struct system_options, dry_run),
        "tell what would be removed, remove nothing" },
    { "containers", 0, NULL, cv_option_bool, offsetof(struct system_options, containers),
        "also containers that have stopped, with their files, logs and records" },
    { "force", 'f', NULL, cv_option_bool, offsetof(struct system_options, force),
        "don't ask before containers are removed" },
    { "format", 0, "FORMAT", cvctl_option_format, offsetof(struct system_options, json),
        "text, or json: an object a line" },
    { NULL },
};

static bool agrees(void)
{
    char answer[16] = "";

    fprintf(stderr, "This removes all stopped containers with their files, logs and records. Continue? [y/N] ");
    return fgets(answer, sizeof(answer), stdin) != NULL && (strcmp(answer, "y\n") == 0 || strcmp(answer, "Y\n") == 0);
}

/* One that has been run: those that only wait for their first start stay. */
static bool has_stopped(struct containerv_container* container)
{
    struct containerv_info info = { .size = sizeof(info) };

    return containerv_info(container, &info) == 0 && info.supervised != 0 && info.state == CV_STATE_STOPPED;
}

static int print_container(const char* id, const struct system_options* chosen, struct cv_error* err)
{
    if (chosen->json)
        return cvctl_json_line(
            json_pack("{s:s, s:s, s:b}", "id", id, "kind", "container", "removed", !chosen->dry_run), err);
    printf("%-9s %-7s %s\n", chosen->dry_run ? "found" : "removed", "stopped", id);
    return 0;
}

/* Gone meanwhile is as good. */
static int remove_stopped(const char* id, const struct system_options* chosen, struct cv_error* err)
{
    struct containerv_container* container = NULL;

    if (containerv_open(id, &container) != 0)
        return cvctl_container_gone(id) ? 0 : cvctl_library_failed(err, "reach container", id);
    if (!has_stopped(container) || chosen->dry_run) {
        bool found = chosen->dry_run && has_stopped(container);
        (void)containerv_close(container);
        return found ? print_container(id, chosen, err) : 0;
    }
    if (containerv_destroy(container) != 0)
        return cvctl_library_failed(err, "remove container", id);
    return print_container(id, chosen, err);
}

static int remove_containers(const struct system_options* chosen, int* code)
{
    struct cv_strv  ids = { .items = NULL };
    struct cv_error err = CV_ERROR_INIT;

    if (!chosen->dry_run && !chosen->force && !agrees())
        return 1;
    if (cvctl_containers_list(&ids, &err) < 0)
        *code = cvctl_print_error(&err);
    for (size_t i = 0; i < ids.count; i++) {
        struct cv_error own = CV_ERROR_INIT;
        if (remove_stopped(ids.items[i], chosen, &own) < 0) {
            cvctl_print_error(&own);
            *code = CVCTL_EXIT_FAILED;
        }
    }
    cv_strv_release(&ids);
    return 0;
}

static int prune(const struct system_options* chosen)
{
    struct cvctl_leftovers told = { .json = chosen->json };
    struct cv_error        err  = CV_ERROR_INIT;
    int                    code = 0;

    if (chosen->containers && remove_containers(chosen, &code) != 0)
        return CVCTL_EXIT_FAILED;
    if (cvctl_leftovers_remove(chosen->dry_run, &told, &err) < 0)
        return cvctl_print_error(&err);
    if (!chosen->json && told.found == 0)
        printf("Dead containers have left nothing.\n");
    if (cvctl_finish_output() != 0)
        return CVCTL_EXIT_OURS;
    return told.stuck > 0 ? CVCTL_EXIT_FAILED : code;
}

static int run(int argc, char** argv)
{
    struct system_options chosen = { 0 };
    struct cv_error       err    = CV_ERROR_INIT;
    int                   first = 0, code = 0;

    if (!cvctl_parse(&cvctl_system_command, argc, argv, &chosen, &first, &code))
        return code;
    if (first + 1 == argc && strcmp(argv[first], "prune") == 0)
        return prune(&chosen);
    cv_error_set(&err, CV_ERR_INVALID, "'system' takes one argument, 'prune'");
    cv_error_step(&err, "choose what to do");
    cv_error_hint(&err, "'cvctl system prune' removes what dead containers left");
    return cvctl_print_error(&err);
}

const struct cvctl_command cvctl_system_command = {
    .name     = "system",
    .synopsis = "prune [OPTION...]",
    .summary  = "remove what dead containers left",
    .options  = options,
    .mixed    = true,
    .details  = "Found are folders, cgroups, network devices, and records that say that something runs which does not. "
                "Nothing\n"
                "of a container that somebody holds is touched, nor one that has stopped, but with --containers.\n"
                "Exit code 1 when something could not be removed.\n",
    .run      = run,
};
