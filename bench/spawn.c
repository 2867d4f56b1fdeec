/*
 * What a further process of a running container costs, beside fork and exec of the same program, and beside `crun exec`.
 *
 * usage: bench-spawn ROOTFS ROUNDS COMMANDS
 */
#include <stdio.h>

#include "bench.h"

static int64_t run_spawn(const struct bench_row* row)
{
    struct containerv_container* container = row->context;
    struct containerv_exit       end       = { .size = sizeof(end) };
    int64_t                      started   = bench_now();
    process_handle_t             process;

    if (containerv_spawn(container, "/bin/true", NULL, &process) != 0)
        bench_die("spawn");
    if (containerv_wait(container, process, -1, &end) != 0 || end.code != 0)
        bench_die("wait");
    return bench_now() - started;
}

int main(int argc, char** argv)
{
    static struct bench_table    table;
    static const char            usage[] = "bench-spawn ROOTFS ROUNDS COMMANDS";
    struct containerv_container* container;

    if (argc != 4)
        bench_number("", 0, usage);
    table.rounds = bench_number(argv[2], BENCH_ROUNDS_MAX, usage);
    if (containerv_create(argv[1], NULL, &container) != 0)
        bench_die("create");
    bench_add(&table, "spawn and wait", run_spawn, container);
    bench_add_commands(&table, argv[3]);
    bench_run(&table);
    bench_print(&table, "fork and exec");
    return containerv_destroy(container) == 0 ? 0 : 1;
}
