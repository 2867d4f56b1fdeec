#include <stdlib.h>
#include <string.h>

#include <cv/clock.h>
#include <cv/macros.h>
#include <cv/str.h>

#include "containers.h"
#include "status.h"
#include "table.h"
#include "when.h"

#include <cv/banned.h>

enum { COMMAND_WIDTH = 40 };

struct ps_options {
    bool        all, quiet, json, full;
    const char* id; /* of --filter; NULL: all */
    uint32_t    state;
};

static int set_filter(void* target, const struct cv_option* option, const char* value, struct cv_error* err)
{
    struct ps_options* chosen = target;
    (void)option;
    if (cv_str_starts_with(value, "id=") && value[3] != '\0') {
        chosen->id = value + 3;
        return 0;
    }
    if (cv_str_starts_with(value, "status=")) {
        const char* name = strcmp(value + 7, "exited") == 0 ? "stopped" : value + 7; /* docker's word */

        chosen->state = cvctl_state_of(name);
        if (chosen->state != 0)
            return 0;
    }
    cv_error_set(err, CV_ERR_INVALID, "is not a filter");
    return cv_error_hint(err, "id=ID, or status= with one of created running paused restarting stopped");
}

static const struct cv_option options[] = {
    { "all", 'a', NULL, cv_option_bool, offsetof(struct ps_options, all), "also those that don't run" },
    { "quiet", 'q', NULL, cv_option_bool, offsetof(struct ps_options, quiet), "only the ids" },
    { "filter", 0, "KEY=VALUE", set_filter, 0, "id=BEGINNING or status=STATE; the latter as with -a" },
    { "no-trunc", 0, NULL, cv_option_bool, offsetof(struct ps_options, full), "cut nothing" },
    { "format", 0, "FORMAT", cvctl_option_table, offsetof(struct ps_options, json), "table or json" },
    { NULL },
};

/* One line of the list. */
struct row {
    const char*            id;
    json_t*                args; /* of the command; NULL: none */
    struct containerv_info info;
};

static bool is_up(uint32_t state)
{
    return state == CV_STATE_RUNNING || state == CV_STATE_PAUSED || state == CV_STATE_RESTARTING;
}

static bool wanted(const struct ps_options* chosen, const struct containerv_info* info)
{
    return chosen->state != 0 ? info->state == chosen->state : chosen->all || is_up(info->state);
}

/* The whole command line, which is read only where it is shown. A container that is taken away meanwhile has none. */
static json_t* command_of(const char* id)
{
    struct containerv_container* container;
    struct cv_error              err = CV_ERROR_INIT;

    if (containerv_open(id, &container) != 0)
        return NULL;
    json_t* config = cvctl_container_config(container, &err);
    json_t* args   = json_incref(json_object_get(json_object_get(config, "process"), "args"));

    json_decref(config);
    (void)containerv_close(container);
    return args;
}

static char* join(const json_t* args)
{
    struct cv_str text = { 0 };
    json_t*       arg;
    size_t        i;

    json_array_foreach(args, i, arg) cv_str_printf(&text, "%s%s", i == 0 ? "" : " ", json_string_value(arg));
    return cv_str_steal(&text, NULL);
}

static void add_cut(struct cv_text_table* table, const char* text, size_t width, bool full)
{
    char* cut = text == NULL ? NULL : full ? cv_strdup(text, NULL) : cv_text_shorten(text, width);

    if (cut == NULL)
        table->failed = true;
    else
        cv_text_table_add(table, cut);
    free(cut);
}

static void add_row(const struct ps_options* chosen, const struct row* row, int64_t now, struct cv_text_table* table)
{
    char  text[CVCTL_STATUS_SIZE], since[CV_AGO_SIZE];
    char* command = row->args != NULL              ? join(row->args)
                    : row->info.command[0] != '\0' ? cv_strdup(row->info.command, NULL)
                                                   : cv_strdup("-", NULL);

    cv_text_table_add(table, row->id); /* never cut: it is what one copies */
    add_cut(table, command, COMMAND_WIDTH, chosen->full);
    free(command);
    cv_when_long(now - row->info.created_ns, since);
    if (row->info.created_ns != 0)
        cv_text_table_printf(table, "%s ago", since);
    else
        cv_text_table_add(table, "-");
    cvctl_status_print(&row->info, now, text);
    cv_text_table_add(table, text);
}

static json_t* row_json(const struct row* row, int64_t now)
{
    const struct containerv_info* info   = &row->info;
    json_t*                       object = cvctl_json_info(row->id, info);
    char                          text[CVCTL_STATUS_SIZE];

    cvctl_status_print(info, now, text);
    if (object == NULL || json_object_set_new(object, "status", json_string(text)) != 0
        || json_object_set_new(object, "command", row->args != NULL ? json_incref(row->args) : json_null()) != 0) {
        json_decref(object);
        return NULL;
    }
    return object;
}

static int show(const struct ps_options* chosen, const struct row* row, int64_t now, struct cv_text_table* table,
    struct cv_error* err)
{
    if (chosen->json)
        return cvctl_json_line(row_json(row, now), err);
    if (chosen->quiet)
        printf("%s\n", row->id);
    else
        add_row(chosen, row, now, table);
    return 0;
}

static int print_table(const struct cv_text_table* table, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* text = cv_text_table_text(table, err);

    if (text == NULL)
        return err->code;
    fputs(text, stdout);
    return 0;
}

/* A list that is being made. */
struct listing {
    const struct ps_options* chosen;
    struct cv_text_table*    table;
    int64_t                  now;
    int                      code;
};

static int failed(struct listing* listing, const struct cv_error* err)
{
    (void)cvctl_print_error(err);
    listing->code = CVCTL_EXIT_FAILED;
    return 0; /* one that can't be looked at does not hide the others */
}

static int tell_why(struct listing* listing, const char* id)
{
    struct containerv_container* container;
    struct cv_error              err = CV_ERROR_INIT;

    if (containerv_open(id, &container) == 0)
        (void)containerv_close(container); /* it was just being made, or taken away */
    else if (!cvctl_container_gone(id))
        return cvctl_library_failed(&err, "look at container", id), failed(listing, &err);
    return 0;
}

static int list_one(const char* id, const struct containerv_info* info, void* context)
{
    struct listing*          listing = context;
    const struct ps_options* chosen  = listing->chosen;
    struct cv_error          err     = CV_ERROR_INIT;
    struct row               row     = { .id = id };

    if (chosen->id != NULL && !cv_str_starts_with(id, chosen->id))
        return 0;
    if (info == NULL)
        return tell_why(listing, id);
    row.info = *info;
    if (!wanted(chosen, info))
        return 0;
    if (!chosen->quiet && (chosen->json || chosen->full || info->supervised == 0))
        row.args = command_of(id);
    int rc = show(chosen, &row, listing->now, listing->table, &err);
    json_decref(row.args);
    return rc < 0 ? failed(listing, &err) : 0;
}

static int run(int argc, char** argv)
{
    struct cv_text_table table   = { .columns = 4 };
    struct ps_options    chosen  = { 0 };
    struct listing       listing = { .chosen = &chosen, .table = &table, .now = cv_clock_realtime_ns() };
    struct cv_error      err     = CV_ERROR_INIT;
    int                  first = 0, code = 0;

    if (!cvctl_parse(&cvctl_ps_command, argc, argv, &chosen, &first, &code)
        || !cvctl_arguments_check(&cvctl_ps_command, argc, first, 0, 0, &code))
        return code;
    for (size_t i = 0; i < table.columns; i++)
        cv_text_table_add(&table, (const char* const[]){ "CONTAINER", "COMMAND", "CREATED", "STATUS" }[i]);
    if (containerv_list_info(list_one, &listing) != 0) {
        (void)cvctl_print_last_error();
        listing.code = CVCTL_EXIT_FAILED;
    }
    code = listing.code;
    if (!chosen.json && !chosen.quiet && print_table(&table, &err) < 0)
        code = cvctl_print_error(&err);
    cv_text_table_release(&table);
    return cvctl_finish_output() != 0 ? CVCTL_EXIT_FAILED : code;
}

const struct cvctl_command cvctl_ps_command = {
    .name     = "ps",
    .synopsis = "[OPTION...]",
    .summary  = "list containers",
    .options  = options,
    .mixed    = true,
    .details  = "Those that run, also of a `cvctl run` that goes on; with -a also those that were not started or have "
                "stopped.\n"
                "--format json prints one object a line; times are of UTC.\n",
    .run      = run,
};
