/*
 * What OCI runtimes cost beside one another: the command lines of a file, in turn.
 *
 * usage: bench-oci REFERENCE ROUNDS COMMANDS
 */
#include "bench.h"

int main(int argc, char** argv)
{
    static struct bench_table table;
    static const char         usage[] = "bench-oci REFERENCE ROUNDS COMMANDS";

    if (argc != 4)
        bench_number("", 0, usage);
    table.rounds = bench_number(argv[2], BENCH_ROUNDS_MAX, usage);
    bench_add_commands(&table, argv[3]);
    bench_run(&table);
    bench_print(&table, argv[1]);
    return 0;
}
