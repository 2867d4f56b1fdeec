/*
 * What a program in a supervised container that runs already costs: from another process's handle, and as command lines.
 *
 * usage: bench-exec ROOTFS ROUNDS COMMANDS      in COMMANDS the word "@" is the container's id
 */
#include <stdio.h>
#include <string.h>

#include "bench.h"

static int64_t run_spawn(const struct bench_row* row)
{
    struct containerv_exit end     = { .size = sizeof(end) };
    int64_t                started = bench_now();
    process_handle_t       process;

    if (containerv_spawn(row->context, "/bin/true", NULL, &process) != 0)
        bench_die("spawn");
    if (containerv_wait(row->context, process, -1, &end) != 0 || end.code != 0)
        bench_die("wait");
    return bench_now() - started;
}

static void name_container(struct bench_table* table, const char* id)
{
    for (size_t i = 0; i < table->count; i++)
        for (char** word = table->rows[i].words; *word != NULL; word++)
            if (strcmp(*word, "@") == 0)
                *word = (char*)(uintptr_t)id;
}

int main(int argc, char** argv)
{
    static struct bench_table    table;
    static const char            usage[] = "bench-exec ROOTFS ROUNDS COMMANDS";
    struct containerv_options*   options = containerv_options_new();
    struct containerv_container* made;
    struct containerv_container* reached;

    if (argc != 4)
        bench_number("", 0, usage);
    table.rounds = bench_number(argv[2], BENCH_ROUNDS_MAX, usage);
    if (options == NULL || containerv_options_set_supervised(options, 1) != 0)
        bench_die("options");
    if (containerv_create(argv[1], options, &made) != 0 || containerv_open(containerv_id(made), &reached) != 0)
        bench_die("create");
    containerv_options_delete(options);
    bench_add(&table, "containerv_spawn, wait", run_spawn, reached);
    bench_add_commands(&table, argv[3]);
    name_container(&table, containerv_id(made));
    bench_run(&table);
    bench_print(&table, "crun exec");
    containerv_close(reached);
    return containerv_destroy(made) == 0 ? 0 : 1;
}
