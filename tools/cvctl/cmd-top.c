#include <stdlib.h>
#include <string.h>

#include <cv/macros.h>
#include <cv/str.h>

#include "containers.h"
#include "table.h"

#include <cv/banned.h>

enum { FIRST_CAPACITY = 64, NS_PER_MS = 1000000 };

struct top_options {
    bool json;
};

static const struct cv_option options[] = {
    { "format", 0, "FORMAT", cvctl_option_table, offsetof(struct top_options, json), "table or json" },
    { NULL },
};

/* There may be more of them at each look. */
static struct containerv_process_info* processes_of(
    struct containerv_container* container, size_t* count_out, struct cv_error* err)
{
    size_t capacity = FIRST_CAPACITY, count = 0;

    for (;;) {
        struct containerv_process_info* list = calloc(capacity, sizeof(*list));

        if (list == NULL) {
            cv_error_no_memory(err);
            return NULL;
        }
        if (containerv_processes(container, list, capacity, &count) != 0) {
            cvctl_library_failed(err, "list the processes of container", containerv_id(container));
            free(list);
            return NULL;
        }
        if (count <= capacity) {
            *count_out = count;
            return list;
        }
        free(list);
        capacity = count + FIRST_CAPACITY;
    }
}

/* "1:02:03" or "2:03.45", as ps has it. */
static void add_time(struct cv_text_table* table, int64_t ns)
{
    long long hundredths = ns / (10 * NS_PER_MS), seconds = hundredths / 100;

    if (ns < 0)
        cv_text_table_add(table, "-");
    else if (seconds >= 3600)
        cv_text_table_printf(table, "%lld:%02lld:%02lld", seconds / 3600, seconds / 60 % 60, seconds % 60);
    else
        cv_text_table_printf(table, "%lld:%02lld.%02lld", seconds / 60, seconds % 60, hundredths % 100);
}

static void add_row(struct cv_text_table* table, const struct containerv_process_info* process)
{
    cv_text_table_printf(table, "%lld", (long long)process->pid);
    if (process->uid == UINT32_MAX)
        cv_text_table_add(table, "-");
    else
        cv_text_table_printf(table, "%u", process->uid);
    add_time(table, process->cpu_ns);
    if (process->command[0] != '\0')
        cv_text_table_add(table, process->command);
    else
        cv_text_table_printf(table, "[%s]", process->name);
}

static int print_json(const struct containerv_process_info* process, struct cv_error* err)
{
    return cvctl_json_line(json_pack("{s:I, s:o, s:o, s:o, s:o}", "pid", (json_int_t)process->pid, "uid",
                               process->uid == UINT32_MAX ? json_null() : json_integer(process->uid), "cpu_ns",
                               process->cpu_ns < 0 ? json_null() : json_integer(process->cpu_ns), "name",
                               cvctl_json_text(process->name, strlen(process->name)), "command",
                               cvctl_json_text(process->command, strlen(process->command))),
        err);
}

static int print_table(const struct containerv_process_info* list, size_t count, struct cv_error* err)
{
    static const char* const heads[] = { "PID", "USER", "TIME", "COMMAND" };
    struct cv_text_table     table   = { .columns = CV_ARRAY_LEN(heads) };
    char*                    text;

    for (size_t i = 0; i < CV_ARRAY_LEN(heads); i++)
        cv_text_table_add(&table, heads[i]);
    for (size_t i = 0; i < count; i++)
        add_row(&table, &list[i]);
    text = cv_text_table_text(&table, err);
    if (text != NULL)
        fputs(text, stdout);
    free(text);
    cv_text_table_release(&table);
    return text != NULL ? 0 : err->code;
}

static int show(struct containerv_container* container, void* context, struct cv_error* err)
{
    const struct top_options*       chosen = context;
    size_t                          count  = 0;
    struct containerv_process_info* list   = processes_of(container, &count, err);
    int                             rc     = 0;

    if (list == NULL)
        return err->code;
    for (size_t i = 0; chosen->json && i < count && rc == 0; i++)
        rc = print_json(&list[i], err);
    if (!chosen->json)
        rc = print_table(list, count, err);
    free(list);
    return rc;
}

static int run(int argc, char** argv)
{
    struct top_options chosen = { 0 };
    int                first = 0, code = 0;

    if (!cvctl_parse(&cvctl_top_command, argc, argv, &chosen, &first, &code)
        || !cvctl_arguments_check(&cvctl_top_command, argc, first, 1, 1, &code))
        return code;
    return cvctl_containers_each(&cvctl_top_command, argc, argv, first, show, &chosen, false);
}

const struct cvctl_command cvctl_top_command = {
    .name     = "top",
    .synopsis = "[OPTION...] ID",
    .summary  = "list the processes of a container",
    .options  = options,
    .mixed    = true,
    .details =
        "PID is the number on the host, USER the id inside, TIME the CPU time used. COMMAND is what the process says "
        "of itself.\n",
    .run = run,
};
